// Every whole statement written as SQL("…") in src/ is prepared on a fresh installation, on the engine
// of this run: a column that was renamed or a word one engine does not know is found here, not by the
// customer. Fragments for sql_add are left to the tests that run them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { openSync, readSync, closeSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../lib/index.mjs';
import { files, none, read, withoutComments } from '../lib/sources.mjs';

const run = promisify(execFile);

/* Texts behind #define NAME "…", which statements and other such texts may be joined from. */
const defines = new Map();
for (const file of files('src', /\.[ch]$/))
  for (const [, name, text] of read(file).matchAll(/^#define (\w+)[ \t]+((?:\\\n\s*|"(?:[^"\\\n]|\\.)*"[ \t]*|[A-Z_][A-Z0-9_]*\b[ \t]*)+)$/gm))
    defines.set(name, text);

const joined = (text) => text.replace(/"(?:[^"\\\n]|\\.)*"|[A-Z_][A-Z0-9_]*/g, (part) => (part[0] === '"' ? part : joined(defines.get(part) ?? '""')));
const unquote = (text) => [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
  .map((m) => m[1].replace(/\\n/g, '\n').replace(/\\(.)/g, '$1')).join('');

/** All SQL(…) that are whole row statements: {file, line, sql}. */
function statements() {
  const found = [];
  for (const file of files('src', /\.c$/)) {
    const text = withoutComments(read(file));
    for (const match of text.matchAll(/\bSQL\(((?:\s*(?:"(?:[^"\\\n]|\\.)*"|[A-Z_][A-Z0-9_]*))+)\s*\)/g)) {
      if (/\bsql_add\b[^;{}]*$/.test(text.slice(Math.max(0, match.index - 300), match.index))) continue;
      const sql = unquote(joined(match[1]));
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(sql)) continue;
      found.push({ file, line: text.slice(0, match.index).split('\n').length, sql });
    }
  }
  return found;
}

function sqliteFile(dir) {
  for (const name of readdirSync(dir)) {
    const head = Buffer.alloc(15);
    try {
      const fd = openSync(join(dir, name), 'r');
      readSync(fd, head, 0, 15, 0);
      closeSync(fd);
    } catch { continue; }
    if (head.toString('latin1') === 'SQLite format 3') return join(dir, name);
  }
  throw new Error(`no SQLite file in ${dir}`);
}

/* All in one session, a line each; psql names the line it could not prepare. */
async function prepareOnPostgres(all) {
  const file = join(server.folder, 'prepare.sql');
  writeFileSync(file, all.map(({ sql }, i) => `PREPARE p${i} AS ${sql.replace(/\s+/g, ' ')};`).join('\n'));
  const { stderr } = await run('psql', ['-X', '-q', '-d', server.database.url, '-f', file], { maxBuffer: 64 << 20 });
  return [...stderr.matchAll(/^psql:[^\n]*?:(\d+): (ERROR:.*)$/gm)].map(([, line, error]) => {
    const { file: source, line: at, sql } = all[line - 1];
    return `${source}:${at}: ${error}\n    ${sql}`;
  });
}

async function prepareOnSqlite(all) {
  const bad = [], queue = [...all], database = sqliteFile(server.dir);
  await Promise.all([1, 2].map(async () => {
    for (let next; (next = queue.shift());)
      await run('sqlite3', ['-batch', '-readonly', database, `EXPLAIN ${next.sql};`])
        .catch((error) => bad.push(`${next.file}:${next.line}: ${error.stderr.trim()}\n    ${next.sql}`));
  }));
  return bad;
}

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

/* Files that speak one engine only by design. */
const foreign = { sqlite: /^src\/db\/(pg|dialect_pg)/, pg: /^src\/db\/(sqlite|dialect_sqlite)/ };

test('every SQL("…") is understood by the engine', async () => {
  const all = statements().filter(({ file }) => !foreign[server.engine].test(file));
  assert.ok(all.length > 20, 'the search for statements finds too few');
  const bad = server.engine === 'pg' ? await prepareOnPostgres(all) : await prepareOnSqlite(all);
  none(bad, `${bad.length} of ${all.length} statements`);
});

test('parameters are numbered from $1 without a gap', () => {
  none(statements().filter(({ sql }) => {
    const used = new Set((sql.match(/\$\d+/g) ?? []).map((p) => Number(p.slice(1))));
    return [...used].some((n) => n > 1 && !used.has(n - 1));
  }).map(({ file, line, sql }) => `${file}:${line}: ${sql}`));
});
