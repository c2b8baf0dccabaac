#!/usr/bin/env node
// Tells what a summary of gcovr says, floor by floor, and which files have the most lines nobody reached:
//   tools/cover.mjs SUMMARY.json [LINES% BRANCHES% [UNREACHED]]
// The two numbers are the goal of the whole (G50); exit 1 below it. ./dev long cover makes the summary, and SUMMARY-lines.json
// with each line beside it. What G50 wants every branch of is told apart: parsers (the files of fuzz/parsers.txt that have a
// fuzz program of their own), permission, money; each must be reached. Readers are the other files of that
// list: `route` and `import` drive the whole server, and what they reach takes values which a parser has read. What no test can
// reach is listed with its reason in cover/unreached.txt and taken off.
import { existsSync, readFileSync } from 'node:fs';

const worst = 25;
const reading = new Map(readFileSync(new URL('../fuzz/parsers.txt', import.meta.url), 'utf8').split('\n')
  .filter((l) => /^\w/.test(l)).map((l) => l.split(/\s+/)).map(([file, program]) => [`src/${file}`, program]));
const groups = {
  parsers: (f) => reading.has(f) && !['-', 'route', 'import'].includes(reading.get(f)),
  readers: (f) => ['route', 'import'].includes(reading.get(f)),
  permission: (f) => /^src\/auth\/(access|actor|role|row|scope)\.c$/.test(f),
  money: (f) => f === 'src/base/money.c',
};
const whole = ['parsers', 'permission', 'money'];
const [, , summary, lineGoal = 0, branchGoal = 0, list = new URL('cover/unreached.txt', import.meta.url)] = process.argv;
const root = new URL('../', import.meta.url);

/** Takes off what cannot be reached: {of, missed: ["file:line"]} */
function takeOff(files, detail) {
  const open = new Map(); // "file:line" → branches not reached
  for (const f of detail) for (const l of f.lines) open.set(`${f.file}:${l.line_number}`, l['gcovr/noncode'] ? 0 : l.branches.filter((b) => b.count === 0).length);
  let of = 0;
  for (const entry of readFileSync(list, 'utf8').split('\n').filter((l) => l && !l.startsWith('#'))) {
    const [file, words, most, reason] = entry.split(' ¦ '), name = `src/${file}`;
    const source = new URL(name, root);
    const at = existsSync(source) ? readFileSync(source, 'utf8').split('\n').flatMap((l, i) => (l.includes(words) ? [i + 1] : [])) : [];
    if (!at.length || !(most > 0) || !reason) throw new Error(`${list}: no such line, or no number and reason: ${entry}`);
    for (const line of at) {
      const left = open.get(`${name}:${line}`) ?? 0, n = Math.min(Number(most), left);
      if (n === 0) continue;
      open.set(`${name}:${line}`, left - n);
      files.find((f) => f.filename === name).branch_total -= n;
      of += n;
    }
  }
  return { of, missed: [...open].filter(([, n]) => n > 0).map(([at]) => at) };
}

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
const { of: off, missed: open } = takeOff(sources, JSON.parse(readFileSync(summary.replace(/\.json$/, '-lines.json'), 'utf8')).files);
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
for (const name of Object.keys(groups)) if (sums.has(name)) console.log(row(`of these ${name}`, sums.get(name)));
console.log(`${off} branches that no test can reach (tools/cover/unreached.txt) are left out`);
console.log('\nmost lines not reached:');
const missed = ({ lines, linesHit, branches, branchesHit }) => lines - linesHit + (branches - branchesHit) / 2;
const byMissed = [...sums].filter(([name]) => name.includes('.')).sort((a, b) => missed(b[1]) - missed(a[1]));
for (const [name, s] of byMissed.slice(0, worst)) console.log(row(name, s));

const all = sums.get('src');
if (share(all.linesHit, all.lines) < lineGoal || share(all.branchesHit, all.branches) < branchGoal) {
  console.log(`\nbelow the goal of ${lineGoal} % of lines and ${branchGoal} % of branches`);
  process.exitCode = 1;
}
for (const name of branchGoal > 0 ? whole : []) {
  const { branches = 0, branchesHit = 0 } = sums.get(name) ?? {};
  if (branchesHit === branches) continue;
  console.log(`\n${name}: not every branch is reached: ${open.filter((at) => groups[name](at.replace(/:.*/, ''))).join(' ')}`);
  process.exitCode = 1;
}
