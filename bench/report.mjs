// docs/benchmarks.md: the table between its two marks is renewed, the words around it stay.
import fs from 'node:fs';

const BEGIN = '<!-- figures: made by bench/run --write -->', END = '<!-- end of figures -->';

export function writeReport(file, result) {
  const rows = result.figures.map((f) => {
    const n = (v) => (v === undefined || v === null ? '–' : v.toLocaleString('en', { minimumFractionDigits: f.digits, maximumFractionDigits: f.digits }));
    const met = f.goal ? (f.met ? 'met' : '**not met**') : '';
    return `| ${f.name}${f.note ? ` (${f.note})` : ''} | ${n(f.min)} | **${n(f.median)}** | ${n(f.max)} | ${f.unit} | ${f.goal} | ${met} |`;
  });
  const table = [BEGIN, '',
    `Measured ${result.at}: ${result.machine.cores} cores, ${result.machine.memoryGb} GB, ${result.rounds} rounds of ${result.seconds} s.`, '',
    '| figure | least | median | most | unit | goal | |', '|---|---:|---:|---:|---|---|---|', ...rows, '', END].join('\n');
  const old = fs.readFileSync(file, 'utf8');
  const from = old.indexOf(BEGIN), to = old.indexOf(END);
  if (from < 0 || to < 0) throw new Error(`${file} has lost its marks`);
  fs.writeFileSync(file, old.slice(0, from) + table + old.slice(to + END.length));
}
