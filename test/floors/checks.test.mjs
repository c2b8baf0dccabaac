// tools/checkfloors and tools/checksrc find nothing in the tree, and do find each sin they stand for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root, temporaryFolder } from '../lib/program.mjs';

const head = '/*\n * A file that is only here to be found out.\n */\n';

/** Runs a check in a small tree of its own: {"src/db/x.c": text} → what it printed. */
function check(tool, tree) {
  const at = temporaryFolder('floors-');
  mkdirSync(join(at, 'tools'));
  cpSync(join(root, 'tools', tool), join(at, 'tools', tool));
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), text);
  }
  const { status, stdout, stderr } = spawnSync(join(at, 'tools', tool), { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, stdout === '' ? 0 : 1, stdout);
  return stdout;
}

for (const tool of ['checkfloors', 'checksrc'])
  test(`${tool}: the tree keeps the rules`, () => {
    const { stdout, stderr } = spawnSync(join(root, 'tools', tool), { encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
  });

const floors = {
  'a lower floor includes a higher one': [{ 'src/db/x.c': '#include "record/save.h"\n' }, /db may not include record/],
  'http includes work': [{ 'src/http/x.c': '#include "work/queue.h"\n' }, /http may not include work/],
  'work includes http': [{ 'src/work/x.c': '#include "http/route.h"\n' }, /work may not include http/],
  'an include without folder': [{ 'src/db/x.c': '#include "save.h"\n' }, /write the folder/],
  'domain folders include each other': [{ 'src/domain/sales/x.c': '#include "domain/service/ticket.h"\n' }, /do not include each other/],
  'sqlite3.h outside its file': [{ 'src/db/pool.c': '#include <sqlite3.h>\n' }, /sqlite3\.h> belongs/],
  'libpq-fe.h outside its file': [{ 'src/record/x.c': '#include <libpq-fe.h>\n' }, /libpq-fe\.h> belongs/],
  'microhttpd.h outside http': [{ 'src/app/x.c': '#include <microhttpd.h>\n' }, /microhttpd\.h> belongs/],
  'a folder that is no floor': [{ 'src/util/x.c': '#include "base/buf.h"\n' }, /util is no floor/],
};
for (const [name, [tree, found]] of Object.entries(floors))
  test(`checkfloors finds: ${name}`, () => assert.match(check('checkfloors', tree), found));
test('checkfloors lets pass what is right', () => {
  assert.equal(check('checkfloors', {
    'src/db/sqlite.c': '#include <sqlite3.h>\n#include "base/buf.h"\n#include "db/db.h"\n',
    'src/app/main.c': '#include "http/serve.h"\n#include "work/queue.h"\n#include "err_codes.h"\n',
    'src/domain/sales/x.c': '#include "domain/sales/lead.h"\n#include "record/save.h"\n',
  }), '');
});

const habits = {
  'no opening comment': ['src/db/x.c', 'int x;\n', /comes first/],
  'strcpy': ['src/db/x.c', `${head}void f(char *a) { strcpy(a, "b"); }\n`, /strcpy is not used/],
  'localtime': ['src/app/x.c', `${head}void f(void) { localtime(0); }\n`, /localtime is not used/],
  'malloc above db': ['src/record/x.c', `${head}void *f(void) { return malloc(3); }\n`, /memory above db/],
  'free above db': ['src/http/x.c', `${head}void f(void *p) { free(p); }\n`, /memory above db/],
  'row SQL in http': ['src/http/x.c', `${head}int a = f(SQL("SELECT 1 FROM x"));\n`, /row SQL outside/],
  'row SQL on the next line': ['src/work/x.c', `${head}int a = f(SQL(\n    "UPDATE x SET a = 1"));\n`, /row SQL outside/],
  'SQL by printf': ['src/db/x.c', `${head}void f(void) { snprintf(a, 9, "DELETE FROM %s", b); }\n`, /not made by printf/],
  'a tab': ['src/db/x.c', `${head}\tint x;\n`, /tab/],
  'blank at the end': ['src/db/x.c', `${head}int x; \n`, /blank at the end/],
  'too long a file': ['src/db/x.c', head + 'int x;\n'.repeat(900), /903 lines/],
};
for (const [name, [path, text, found]] of Object.entries(habits))
  test(`checksrc finds: ${name}`, () => assert.match(check('checksrc', { [path]: text }), found));
test('checksrc lets pass what is right', () => {
  assert.equal(check('checksrc', {
    'src/base/x.c': `${head}void f(void *p) { free(p); }\n`,
    'src/record/x.c': `${head}/* never malloc() here */\nint a = f(SQL("SELECT 1"));\nconst char *b = "strcpy(a, b)";\n`,
    'src/http/x.c': `${head}void f(Pool *p) { pool_free(p); p->free(p); snprintf(a, 3, "x"); gmtime_r(t, u); }\n`,
    'src/work/x.c': `${head}void f(void *p) { free(p); } /* checksrc: allow, the library made it */\n`,
  }), '');
});

test('bench/run refuses a word it does not know, and names those it does', () => {
  for (const words of ['--help', 'create', '--only creat', '--only list,', '--only', '--size many', '--rounds --cpu']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bench/run'), ...words.split(' ')], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(`${status}${stdout}`, '2', words);
    assert.match(stderr, /^bench\/run: .*\nThe options are --rounds.* list, read, create, .*\.\n$/, words);
  }
  // a part that cannot be named is never measured alone
  const text = readFileSync(join(root, 'bench/run'), 'utf8'), named = /^const PARTS = \[(.*)\];$/m.exec(text)[1].match(/[a-z-]+/g);
  const asked = [...text.matchAll(/(?:wants|only\.includes)\('([a-z-]+)'\)/g)].map((m) => m[1]);
  assert.deepEqual([...new Set(asked)].sort(), [...named].sort());
});

test('shell scripts parse', () => {
  execFileSync('bash', ['-n', join(root, 'dev')]);
  execFileSync('bash', ['-n', join(root, '.ci/run')]);
  execFileSync('sh', ['-n', join(root, 'tools/hooks/pre-commit')]);
});
