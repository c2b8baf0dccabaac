#!/usr/bin/env node
// Tells what a summary of gcovr says, floor by floor, and which files have the most lines nobody reached:
//   tools/cover.mjs SUMMARY.json [LINES% BRANCHES%]
// The two numbers are the goal of the whole (G50); exit 1 below it. ./dev long cover makes the summary. What G50 wants
// every branch of is told apart: parsers (fuzz/parsers.txt), permission, money.
import { readFileSync } from 'node:fs';

const worst = 25;
const parsers = new Set(readFileSync(new URL('../fuzz/parsers.txt', import.meta.url), 'utf8').split('\n')
  .filter((l) => /^\w/.test(l) && !/^\S+\s+- /.test(l)).map((l) => `src/${l.split(/\s/)[0]}`));
const groups = {
  parsers: (f) => parsers.has(f),
  permission: (f) => /^src\/auth\/(access|actor|role|row|scope)\.c$/.test(f),
  money: (f) => f === 'src/base/money.c',
};
const [, , summary, lineGoal = 0, branchGoal = 0] = process.argv;

const sums = new Map();
const add = (name, f) => {
  const s = sums.get(name) ?? { lines: 0, linesHit: 0, branches: 0, branchesHit: 0 };
  s.lines += f.line_total;
  s.linesHit += f.line_covered;
  s.branches += f.branch_total;
  s.branchesHit += f.branch_covered;
  sums.set(name, s);
};
const share = (hit, of) => (of ? (100 * hit) / of : 100);
const row = (name, s) => `${name.padEnd(44)} ${String(s.lines).padStart(6)} ${share(s.linesHit, s.lines).toFixed(1).padStart(6)} % `
  + `${String(s.branches).padStart(6)} ${share(s.branchesHit, s.branches).toFixed(1).padStart(6)} %`;

const { files } = JSON.parse(readFileSync(summary, 'utf8'));
const sources = files.filter((f) => f.filename.startsWith('src/'));
if (!sources.length) throw new Error(`${summary} names no file of src/`);
for (const f of sources) add(f.filename.split('/')[1], f);
const floors = [...sums];
for (const [name, holds] of Object.entries(groups)) for (const f of sources) if (holds(f.filename)) add(name, f);
for (const f of sources) {
  add('src', f);
  add(f.filename, f);
}

console.log(`${''.padEnd(44)} ${'lines'.padStart(6)}  reached  branches  reached`);
for (const [name, s] of floors) console.log(row(`src/${name}`, s));
console.log(row('all', sums.get('src')));
for (const name of Object.keys(groups)) console.log(row(`of these ${name}`, sums.get(name)));
console.log('\nmost lines not reached:');
const missed = ({ lines, linesHit, branches, branchesHit }) => lines - linesHit + (branches - branchesHit) / 2;
const byMissed = [...sums].filter(([name]) => name.includes('.')).sort((a, b) => missed(b[1]) - missed(a[1]));
for (const [name, s] of byMissed.slice(0, worst)) console.log(row(name, s));

const all = sums.get('src');
if (share(all.linesHit, all.lines) < lineGoal || share(all.branchesHit, all.branches) < branchGoal) {
  console.log(`\nbelow the goal of ${lineGoal} % of lines and ${branchGoal} % of branches`);
  process.exitCode = 1;
}
