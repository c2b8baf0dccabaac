// Which tests reach which lines: read from what the programs of the preset cover counted, each test file apart and all C
// tests together (.cache/cover/<engine>/<test>/…, .cache/cover/unit/all/…, by ./dev long cover).
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a counted run of the build folder lies below a prefix, or null. */
const counted = (root, folder) => (existsSync(join(folder, root, 'build-cover')) ? join(folder, root, 'build-cover') : null);

/** All counts below a folder, as paths inside it. */
const gcdas = (folder) => readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.gcda'));

/** One counted run: {file: [lines reached]} of the wanted files, and all lines that are code. */
async function readCounts(root, folder, wanted, code) {
  const files = gcdas(folder).filter((f) => [...wanted].some((w) => f.endsWith(`/${w}.gcda`)));
  const reached = {};
  for (const f of files) {
    const notes = f.replace(/gcda$/, 'gcno');
    if (!existsSync(join(folder, notes))) symlinkSync(join(root, 'build-cover', notes), join(folder, notes));
  }
  if (!files.length) return reached;
  const { stdout } = await run('gcov', ['--json-format', '--stdout', ...files], { cwd: folder, maxBuffer: 1 << 30 });
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    for (const { file, lines } of JSON.parse(line).files) {
      const name = file.slice(Math.max(file.lastIndexOf('/src/') + 1, 0));
      if (!wanted.has(name)) continue;
      code[name] = code[name] ?? [...new Set(lines.map((l) => l.line_number))].sort((a, b) => a - b);
      reached[name] = [...new Set([...(reached[name] ?? []), ...lines.filter((l) => l.count > 0).map((l) => l.line_number)])];
    }
  }
  return reached;
}

/** {tests: {name: {file: [lines]}}, code: {file: [lines]}} for the wanted files; names are "unit/all", "sqlite/…", "pg/…". */
export async function readReach({ root, cache, wanted, keep }) {
  if (!existsSync(join(cache, 'sqlite'))) throw new Error('nothing is counted yet: ./dev long cover first');
  const key = JSON.stringify([...wanted].sort());
  if (existsSync(keep)) {
    const kept = JSON.parse(readFileSync(keep, 'utf8'));
    if (kept.key === key) return kept;
  }
  const tests = {}, code = {};
  for (const group of ['unit', 'sqlite', 'pg']) {
    if (!existsSync(join(cache, group))) continue;
    for (const name of readdirSync(join(cache, group)).filter((n) => n !== 'other' && statSync(join(cache, group, n)).isDirectory())) {
      const folder = counted(root, join(cache, group, name));
      if (folder) tests[`${group}/${name}`] = await readCounts(root, folder, wanted, code);
    }
  }
  const all = { key, tests, code };
  writeFileSync(keep, JSON.stringify(all));
  return all;
}

/** The tests that reach the line of a change; a line inside a longer statement counts where the statement begins. */
export function reaching({ tests, code }, { file, line }) {
  const at = (code[file] ?? []).filter((l) => l <= line).at(-1);
  return Object.keys(tests).filter((t) => tests[t][file]?.includes(at));
}
