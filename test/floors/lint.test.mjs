// tools/lint.mjs: each reader of C goes red at a planted fault, a judged finding is silent, and an entry of judged.txt
// that fits nothing is told. The readers of the page have theirs in web/test/lint.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, temporaryFolder } from '../lib/program.mjs';

const faults = {
  tidy: ['int f(int a);\nint f(int a)\n{\n    if (a > 1)\n        return 2;\n    else if (a < -5)\n        return 2;\n    return 0;\n}\n', /src\/x\.c:\d+: .*\[bugprone-branch-clone\]/],
  cppcheck: ['int f(int n);\nint f(int n)\n{\n    int a[4] = {0};\n    if (n > 8)\n        return a[4];\n    return a[n & 3];\n}\n', /src\/x\.c:\d+: .*\[arrayIndexOutOfBounds\]/],
  analyzer: ['#include <stdlib.h>\nint f(void);\nint f(void)\n{\n    int *p = malloc(4);\n    if (!p)\n        return 0;\n    free(p);\n    return *p;\n}\n', /src\/x\.c:\d+: .*\[-Wanalyzer-use-after-free\]/],
  scan: ['int f(int *p);\nint f(int *p)\n{\n    if (p)\n        return 1;\n    return *p;\n}\n', /src\/x\.c:\d+: .*\[core\.NullDereference\]/],
  sql: ['#include "db/sql.h"\nbool f(Ctx *c, const char *name);\nbool f(Ctx *c, const char *name)\n{\n    char text[99];\n    snprintf(text, sizeof text, "DELETE FROM %s", name);\n    return db_exec(c, (SqlText){text}, NULL, 0);\n}\n', /src\/x\.c:6: .*\[printed\]\nsrc\/x\.c:7: .*\[made\]/],
};
const clean = 'int f(void);\nint f(void)\n{\n    return 1;\n}\n';

/** A tree of its own with one C file and, where given, a judged.txt: {status, out} of the parts. */
function lint(source, judged, parts, named = ['--', 'src/x.c']) {
  const at = temporaryFolder('lint-');
  for (const folder of ['src', 'tools', 'build-dev']) mkdirSync(join(at, folder));
  for (const file of ['tools/lint.mjs', 'tools/lint/cppcheck.cfg', 'tools/lint/sql.cocci', 'tools/lint/sql_macros.h', '.clang-tidy']) cpSync(join(root, file), join(at, file));
  writeFileSync(join(at, 'src/x.c'), source);
  writeFileSync(join(at, 'tools/lint/judged.txt'), judged);
  writeFileSync(join(at, 'build-dev/compile_commands.json'),
    JSON.stringify([{ directory: at, file: join(at, 'src/x.c'), command: `/usr/bin/cc -std=c11 -o x.o -c ${join(at, 'src/x.c')}` }]));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(at, 'tools/lint.mjs'), ...parts, ...named], { encoding: 'utf8' });
  return { status, out: stdout + stderr };
}

for (const [part, [source, found]] of Object.entries(faults)) {
  test(`lint ${part} finds a planted fault, and a judged one is silent`, () => {
    const red = lint(source, '', [part]);
    assert.match(red.out, found);
    assert.match(red.out, new RegExp(`^${part}: [1-9]\\d* findings, 0 judged`, 'm'));
    assert.equal(red.status, 1);
    const rules = [...new Set([...red.out.matchAll(/\[([^\]]+)\]$/gm)].map((m) => m[1]))];
    const green = lint(source, rules.map((rule) => `${part} | src/x.c | ${rule} | f | planted\n${part} | src/x.c | ${rule} | r | planted\n`).join(''), [part]);
    assert.match(green.out, new RegExp(`^${part}: 0 findings`, 'm'));
    assert.equal(green.status, 0);
  });
}

test('lint finds nothing in a clean file, and tells an entry that fits nothing', () => {
  const entry = '# why\ntidy | src/x.c | bugprone-branch-clone | else if | it was so once\n';
  const whole = lint(clean, '', ['tidy', 'cppcheck', 'analyzer', 'scan', 'sql'], []);
  assert.deepEqual([whole.status, (whole.out.match(/: 0 findings/g) ?? []).length], [0, 5], whole.out);
  const stale = lint(clean, entry, ['tidy'], []);
  assert.match(stale.out, /judged\.txt:2: fits no finding any more/);
  assert.equal(stale.status, 1);
});

// each a way to SQL that is neither SQL("…") nor sql_add, and by which rule it is told; null: it is neither
const ways = [
  ['made', 'SqlText t = {name};'],
  ['made', 'SqlText t = {.text = name};'],
  ['made', 'db_exec(c, (SqlText){.text = name}, NULL, 0);'],
  ['made', 'SqlText t = SQL(""); t.text = name;'],
  ['made', 'db_exec(c, *(const SqlText *)&name, NULL, 0);'],
  ['built', 'Sql q; buf_puts(&q.text, name);'],
  ['built', 'Sql q; memcpy(q.text.data, name, 4);'],
  ['printed', 'arena_printf(c->a, "SELECT %s", name);'],
  ['printed', 'buf_printf(b, " (INSERT INTO t VALUES (%" PRId64 ")", n);'],
  ['engine', 'sqlite3_exec(h, name, NULL, NULL, NULL);'],
  ['engine', 'PQexecParams(h, name, 0, NULL, NULL, NULL, NULL, 0);'],
  ['unread', 'for name;'],
  [null, 'db_exec(c, SQL("SELECT 1"), NULL, 0);'],
  [null, 'sql_add(q, SQL(" AND "));'],
  [null, 'SqlText t = SQL("SELECT 1");'],
  [null, 'SqlText t = {"SELECT 1"};'],
  [null, 'arena_printf(c->a, "Settings of %s", name);'],
];
test('lint sql knows each way around the builder, and leaves alone what goes through it', () => {
  const { out } = lint(ways.map(([, line], i) => `void f${i}(Ctx *c) { ${line} }\n`).join(''), '', ['sql']);
  const told = [...out.matchAll(/^src\/x\.c:(\d+): .*\[(\w+)\]$/gm)].map(([, line, rule]) => [rule, ways[line - 1][1]]);
  assert.deepEqual(told.sort(), ways.filter(([rule]) => rule).sort(), out);
});

test('lint refuses an entry without a reason, and a part it does not know', () => {
  assert.match(lint(clean, 'tidy | src/x.c | bugprone-branch-clone | else if |\n', ['tidy']).out, /judged\.txt:1: part/);
  assert.match(lint(clean, '', ['nonsense']).out, /not nonsense/);
});
