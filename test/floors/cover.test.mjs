// tools/cover.mjs: what no test can reach is taken off with its reason, and every other branch of parsers, permission and money is asked for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { temporaryFolder } from '../lib/program.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = temporaryFolder('zhike-cover-');
const row = 'src/auth/row.c';
const lines = readFileSync(join(root, row), 'utf8').split('\n');
const at = lines.findIndex((l) => l.includes('assert(f && f->fold);')) + 1;

/** Runs it on one file of 100 branches, of which those of one line were not reached. */
function cover(line, missed, list = null, file = row) {
  const summary = join(folder, 'cover.json');
  writeFileSync(summary, JSON.stringify({ files: [{ filename: file, line_total: 50, line_covered: 50, branch_total: 100, branch_covered: 100 - missed }] }));
  const branches = Array.from({ length: missed + 2 }, (_, i) => ({ count: i < missed ? 0 : 7 }));
  writeFileSync(join(folder, 'cover-lines.json'), JSON.stringify({ files: [{ file, lines: [{ line_number: line, branches }, { line_number: line + 1, branches: [] }] }] }));
  try {
    return { code: 0, out: execFileSync(process.execPath, [join(root, 'tools/cover.mjs'), summary, '90', '80', ...(list ? [list] : [])], { encoding: 'utf8', stdio: 'pipe' }) };
  } catch (e) {
    return { code: e.status, out: e.stdout + e.stderr };
  }
}
function listOf(text) {
  const file = join(folder, 'unreached.txt');
  writeFileSync(file, text);
  return file;
}

test('branches that are listed are left out, as many as the list says; the next one is asked for by its line', () => {
  const listed = cover(at, 2);
  assert.equal(listed.code, 0, listed.out);
  assert.match(listed.out, /of these permission\s+50\s+100\.0 %\s+98\s+100\.0 %/);
  assert.match(listed.out, /^2 branches that no test can reach/m);
  const more = cover(at, 3);
  assert.equal(more.code, 1, more.out);
  assert.match(more.out, new RegExp(`permission: not every branch is reached: ${row}:${at}$`, 'm'));
  const elsewhere = cover(at + 1, 1);
  assert.equal(elsewhere.code, 1, elsewhere.out);
  assert.match(elsewhere.out, /^0 branches that no test can reach/m);
});

test('each branch of what has a fuzz program of its own is asked for, and not of what takes the values it has read', () => {
  const parser = cover(1, 1, null, 'src/base/csv.c');
  assert.equal(parser.code, 1, parser.out);
  assert.match(parser.out, /parsers: not every branch is reached: src\/base\/csv\.c:1$/m);
  const reader = cover(1, 1, null, 'src/record/bulk.c');
  assert.equal(reader.code, 0, reader.out);
  assert.match(reader.out, /of these readers\s+50/);
});

test('a line that is gone, a file that is gone, no number, no reason: a mistake', () => {
  const listed = row.slice('src/'.length);
  for (const entry of [`${listed} ¦ assert(nothing); ¦ 1 ¦ reason`, 'auth/gone.c ¦ assert ¦ 1 ¦ reason', `${listed} ¦ assert( ¦ many ¦ reason`, `${listed} ¦ assert( ¦ 1`]) {
    const { code, out } = cover(at, 2, listOf(`# of the test\n${entry}\n`));
    assert.equal(code, 1, out);
    assert.match(out, /no such line, or no number and reason/);
  }
  assert.equal(cover(at, 0, listOf('')).code, 0);
});
