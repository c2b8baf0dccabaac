// `zhike configuration …`: the same as the page does, in words and exit codes of a command line. 0 where it was done, 1 where something
// stands against it, 2 where the command itself is not understood.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { passwordOf, startServer } from '../lib/index.mjs';
import { cli, program } from '../lib/program.mjs';
import { make } from '../lib/records.mjs';

const person = (login, role) => ({ login, name: `人${login}`, department: 'HQ', roles: [role], password: passwordOf(login), must_change: false });
const notify = [{ do: 'notify', to: ['owner'], title: 'x' }];
const rule = (name, more) => ({ name, entity: 'task', owner: 'admin', event: 'updated', actions: notify, ...more });

let s, admin, n = 0;
before(async () => {
  s = await startServer({ users: { departments: [{ code: 'HQ', name: '总部' }], users: [person('boss', 'management'), person('rep', 'sales_rep')] } });
  admin = await s.admin();
  await make(admin, 'tags', { name: '旧的', color: 'red' });
  await make(admin, 'tags', { name: '留下' });
});
after(() => s?.stop());

/** A file with these parts; its path. */
function written(records, settings) {
  const path = join(s.folder, `c${++n}.json`);
  writeFileSync(path, JSON.stringify({ zhike: 'configuration', format: 1, ...(settings ? { settings } : {}), records }));
  return path;
}
const run = (...args) => s.cli('configuration', ...args);

test('what is no command of it is told how it is written', async () => {
  const some = written({});
  const wrong = [[], ['burn', some], ['difference'], ['import'], ['undo'], ['export', some], ['difference', some, some], ['export', '--burn'], ['difference', some, '--map'],
    ['difference', some, ...Array.from({ length: 51 }, (_, i) => [`--map`, `user:a${i}=admin`]).flat()]];
  for (const args of wrong) {
    const a = await run(...args);
    assert.equal(a.code, 2, `${args.slice(0, 4)}: ${a.stderr}`);
    assert.match(a.stderr, /usage: zhike configuration export/);
    assert.equal(a.stdout, '');
  }
  assert.equal((await cli('configuration', 'export')).code, 2, 'no folder of data');
  const nowhere = await cli('configuration', 'export', '--data', join(s.folder, 'nowhere'));
  assert.equal(nowhere.code, 1, nowhere.stderr);
  assert.equal((await run('difference', some, ...Array.from({ length: 50 }, (_, i) => ['--map', `user:a${i}=admin`]).flat())).code, 0, 'as many as are taken');
});

test('given out: all or some, to a file or to whoever listens', async () => {
  const all = await run('export');
  assert.equal(all.code, 0, all.stderr);
  assert.equal(all.stdout, (await admin.get('/configuration')).text);
  const path = join(s.folder, 'out.json'), some = await run('export', '--only', 'tag', '--out', path);
  assert.deepEqual([some.code, some.stdout], [0, ''], some.stderr);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(path)).records), ['tag']);
  assert.equal((await run('export', '--only=tag,settings', '--as', 'admin')).stdout, (await admin.get('/configuration?only=tag,settings')).text);
  for (const [args, told] of [[['--only', 'tags'], /tags/], [['--out', join(s.folder, 'nowhere/out.json')], /nowhere/], [['--as', 'nobody_here'], /nobody_here/], [['--only', 'tag', '--as', 'rep'], /./]]) {
    const a = await run('export', ...args);
    assert.ok(a.code === 1 || (args.at(-1) === 'rep' && !JSON.parse(a.stdout).records.role), `${args}: ${a.code} ${a.stdout.slice(0, 200)}`);
    if (a.code) assert.match(a.stderr, told);
  }
  assert.ok(!existsSync(join(s.folder, 'nowhere')));
});

test('a full disk is no success, however little was to be written', () => {
  const full = openSync('/dev/full', 'w');
  try {
    for (const only of [[], ['--only', 'settings']])
      assert.throws(() => execFileSync(program, ['configuration', 'export', ...only, '--data', s.dir], { env: { ...process.env, ...s.env }, stdio: ['ignore', full, 'pipe'] }), (e) => e.status === 1 && /disk/.test(e.stderr));
  } finally { closeSync(full); }
});

test('a difference reads like one: what comes, changes, goes, stays, and what somebody has to enter', async () => {
  const path = written({ tag: [{ name: '旧的', color: 'green', tag_group: '组' }, { name: '新的' }], channel: [{ kind: 'mail', name: '邮箱', url: 'smtp://127.0.0.1:25', account: 'u', sender: 'a@example.cn', secret: { to_enter: true } }] }, { 'home.idle_days': '21' });
  const a = await run('difference', path);
  assert.deepEqual([a.code, a.stderr], [0, '']);
  for (const lines of [['  ~ home.idle_days: - -> 21'], ['Tag', '  + 新的', '  ~ 旧的', '      color: "red" -> "green"', '      tag_group: - -> "组"', '  = 留下'], ['Channel', '  + mail/邮箱'], ['! channel[mail/邮箱].secret']])
    assert.ok(`\n${a.stdout}`.includes(`\n${lines.join('\n')}\n`), `${lines}\n${a.stdout}`);
  const gone = await run('difference', path, '--remove');
  assert.ok(gone.stdout.includes('\n  - 留下\n') && !gone.stdout.includes('  = 留下'), gone.stdout);
  const json = await run('difference', path, '--json');
  assert.equal(json.code, 0, json.stderr);
  assert.deepEqual(JSON.parse(json.stdout).parts.map((p) => p.entity).sort(), ['channel', 'tag']);
  assert.equal((await admin.get('/configuration-imports')).json.data.length, 0, 'looking is no import');
  const same = await run('difference', written({ tag: [{ name: '旧的', color: 'red' }, { name: '留下' }] }));
  assert.deepEqual([same.code, same.stdout, same.stderr], [0, '', '']);
});

test('what stands against it is told line by line, and by the exit code, in either form', async () => {
  const path = written({ rule: [rule('坏', { filter: ['no_such', '=', 1] })] });
  const a = await run('difference', path);
  assert.equal(a.code, 1);
  assert.match(a.stderr, /^zhike: rule\[task\/坏\]\.filter: ./m);
  assert.match(a.stdout, /^ {2}\+ task\/坏$/m);
  const json = await run('difference', path, '--json');
  assert.deepEqual([json.code, JSON.parse(json.stdout).problems.map((p) => p.place)], [1, ['rule[task/坏].filter']]);
  const done = await run('import', path);
  assert.deepEqual([done.code, done.stdout], [1, '']);
  assert.match(done.stderr, /no_such/);
  for (const [file, told] of [[join(s.folder, 'no_such.json'), /no_such\.json/], [s.folder, /./], [written({ tags: [] }), /tags/]]) {
    const b = await run('difference', file);
    assert.deepEqual([b.code, b.stdout], [1, ''], b.stderr);
    assert.match(b.stderr, told);
  }
  const large = join(s.folder, 'large.json');
  writeFileSync(large, ' '.repeat(70_000));
  for (const word of ['difference', 'import']) {
    const b = await s.cli('configuration', word, large, { env: { ZHIKE_CONFIGURATION_MAX_SIZE: '64KB' } });
    assert.equal(b.code, 1, b.stdout);
    assert.match(b.stderr, /large\.json|configuration\.max_size/);
  }
  writeFileSync(large, `${' '.repeat(65_537 - 2)}{}`); // one byte more than is allowed
  const one = await s.cli('configuration', 'difference', large, { env: { ZHIKE_CONFIGURATION_MAX_SIZE: '64KB' } });
  assert.equal(one.code, 1);
  assert.match(one.stderr, /64 KB.*configuration\.max_size/);
});

test('imported, by whom one says; what stays different behind a line; and taken back by its number', async () => {
  const path = written({ rule: [rule('老板的', { owner: 'boss', enabled: true })] });
  const look = await run('difference', path, '--as', 'admin');
  assert.equal(look.code, 0, look.stderr);
  assert.match(look.stdout, /\n--\n[^\n]+\n {2}~ task\/老板的\n {6}enabled: false -> true\n/);
  const done = await run('import', path, '--as', 'admin');
  assert.equal(done.code, 0, done.stderr);
  const [, id, counts] = /^(\d+) (\{.*\})$/m.exec(done.stdout);
  assert.deepEqual(JSON.parse(counts), { added: 1, changed: 0, removed: 0, settings: 0 });
  const row = (await admin.get(`/configuration-imports/${id}`)).json;
  assert.equal(row.name, path.split('/').at(-1), 'a path is not told on');
  const bare = await s.cli('configuration', 'import', path.split('/').at(-1), { cwd: s.folder });
  assert.equal(bare.code, 0, bare.stderr);
  assert.equal((await admin.get('/configuration-imports?limit=1')).json.data[0].name, row.name);
  const last = /^(\d+) /m.exec(bare.stdout)[1];
  for (const number of [last, id]) {
    const back = await run('undo', number, '--as', 'admin');
    assert.deepEqual([back.code, back.stdout], [0, ''], back.stderr);
  }
  for (const number of [id, '0', 'x']) assert.equal((await run('undo', number)).code, 1, number);
  assert.equal((await run('import', path, '--as', 'rep')).code, 1);
});

test('somebody takes the place of who is missing, and what is no such exchange is refused', async () => {
  const path = written({ rule: [rule('转交', { owner: 'gone1' }), rule('又一个', { owner: 'gone2' })] });
  const missing = await run('difference', path);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /gone1/);
  for (const map of ['user', 'user:gone1', 'user:=admin', 'user:gone1=', ':', 'spaceship:a=b', ':a=b']) {
    const a = await run('difference', path, '--map', map);
    assert.deepEqual([a.code, a.stdout], [1, ''], map);
    assert.match(a.stderr, /"user"/, map);
  }
  const there = await run('difference', path, '--map', 'user:gone1=admin', '--map=user:gone2=boss', '--map', 'department:x=总部');
  assert.deepEqual([there.code, there.stderr], [0, '']);
});
