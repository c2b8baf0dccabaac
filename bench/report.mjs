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
  between(file, BEGIN, END, table);
}

/** Puts text, which bears both marks, in the place of what stands between them. */
function between(file, begin, end, text) {
  const old = fs.readFileSync(file, 'utf8');
  const from = old.indexOf(begin), to = old.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${file} has lost its marks`);
  fs.writeFileSync(file, old.slice(0, from) + text + old.slice(to + end.length));
}

/** The table of cost against size of one engine: rows of [what, statements, [values of each size]]. */
export function writeCosts(file, engine, about, sizes, rows) {
  const begin = `<!-- cost of ${engine}: made by bench/run --only cost --write -->`, end = `<!-- end of the cost of ${engine} -->`;
  const n = (v) => Math.round(v).toLocaleString('en');
  const cell = (values) => { const v = [...values].sort((x, y) => x - y); return `**${n(v[v.length >> 1])}** [${n(v[0])}..${n(v.at(-1))}]`; };
  between(file, begin, end, [begin, '', about, '',
    `| µs of processor time a call | statements | ${sizes.map((s) => s.toLocaleString('en')).join(' | ')} |`, `|---|---:|${sizes.map(() => '---:').join('|')}|`,
    ...rows.map(([what, sql, values]) => `| ${what} | ${sql} | ${values.map(cell).join(' | ')} |`), '', end].join('\n'));
}
