// The figures of printed documents (docs/benchmarks.md): ten pages of tables against the same texts drawn by cairo and pango alone, in
// turn, and a table of 10,000 rows. Processor time of the process; the memory is the most it had.
//
//   node bench/print.mjs [--bin build-bench/bench_print] [--rounds 9]
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
const bin = option('bin', join(import.meta.dirname, '../build-bench/bench_print')), rounds = Number(option('rounds', 9));
const run = (...argv) => JSON.parse(execFileSync(bin, argv.map(String), { encoding: 'utf8' }));
const line = (name, values, unit, digits = 1) => {
  const v = [...values].sort((a, b) => a - b), n = (x) => x.toFixed(digits);
  console.log(`| ${name} | ${n(v[0])} | **${n(v[v.length >> 1])}** | ${n(v.at(-1))} | ${unit} |`);
};
const ROWS = 360, PER_PAGE = 36; // ten pages
const ten = [], bare = [], long = [], single = [];
for (let i = 0; i < rounds; i++) {
  ten.push(run('report', ROWS));
  bare.push(run('bare', ROWS, PER_PAGE));
  single.push(run('report', 1));
  if (i < 3) long.push(run('report', 10_000));
}
line('ten pages, 360 rows × 6: CPU', ten.map((x) => x.ms), 'ms');
line('the same, the first document of a process (fonts are opened)', ten.map((x) => x.cold_ms), 'ms');
line('bare cairo and pango, the same texts: CPU', bare.map((x) => x.ms), 'ms');
line('ten pages ÷ bare', ten.map((x, i) => x.ms / bare[i].ms), '', 2);
line('10,000 rows × 6: CPU', long.map((x) => x.ms), 'ms', 0);
line('10,000 rows: most memory beyond that of a table of one row', long.map((x, i) => x.rss_mb - single[i].rss_mb), 'MB');
line('10,000 rows: size of the file', long.map((x) => x.bytes / 1e6), 'MB', 2);
