// The command line: exit codes and what goes to stderr; init, user import, check, dump, audit verify, routes,
// config, version; and commands beside a running server, seen within a second.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { cli, companyFile, createDatabase, defaultEngine, makeCompany, passwordOf, psql, startServer, temporaryFolder, until } from '../lib/index.mjs';
import { workbook } from '../lib/xlsx.mjs';
import { customer, make, makeCustomer, problem } from '../lib/records.mjs';

const run = promisify(execFile);
let server, people;
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep', 'manager', 'boss'] });
});
after(() => server?.stop());

/** SQL on the data of a server, behind its back. */
async function sql(text, on = server) {
  if (on.database) return psql(on.database.url, text);
  const file = readdirSync(on.dir).map((f) => join(on.dir, f)).find((f) => /\.(db|sqlite3?)$/.test(f));
  return (await run('sqlite3', ['-cmd', '.timeout 10000', file, text])).stdout.trim();
}
/** One line on stderr that says what to do, nothing on stdout. */
function oneLine(result, code, what) {
  assert.equal(result.code, code, `${what}: ${result.stderr}${result.stdout}`);
  assert.equal(result.stderr.trim().split('\n').length, 1, `${what}: ${result.stderr}`);
  assert.ok(result.stderr.trim().length > 10, what);
}

describe('exit codes', () => {
  test('2 on wrong usage', async () => {
    for (const args of [[], ['fly'], ['init'], ['serve'], ['check'], ['dump'], ['dump', '--data', server.dir], ['user'], ['user', 'import'], ['user', 'list', '--data', server.dir],
      ['audit'], ['audit', 'erase', '--data', server.dir], ['routes', '--yaml'], ['version', 'x'], ['check', '--data', server.dir, '--nonsense'], ['import', '--data', server.dir],
      ['demo', '--data', server.dir, '--customers', 'many'], ['backup'], ['restore'], ['verify'], ['upgrade'], ['rollback'], ['doctor'], ['move'], ['check', '--data']]) {
      const result = await cli(...args);
      assert.equal(result.code, 2, `zhike ${args.join(' ')} → ${result.code} ${result.stderr}`);
      assert.ok(result.stderr.trim(), `zhike ${args.join(' ')} says nothing`);
      assert.equal(result.stdout, '', `zhike ${args.join(' ')}`);
    }
  });

  test('1 on failure, with one line', async () => {
    const none = join(temporaryFolder(), 'nothing');
    for (const args of [['check', '--data', none], ['serve', '--data', none], ['dump', '--data', none, '--logical', '--sorted'], ['audit', 'verify', '--data', none],
      ['check', '--data', temporaryFolder()], ['check', '--data', '/dev/null']])
      oneLine(await cli(...args, { env: { ZHIKE_DATABASE: '' } }), 1, `zhike ${args.join(' ')}`);
    assert.ok(!existsSync(none), 'nothing is made by looking');
    oneLine(await server.cli('user', 'import', join(none, 'x.json')), 1, 'a file that is not there');
    oneLine(await cli('check', '--data', server.dir, '--database', 'postgresql://nobody@/nothing?host=/nowhere'), 1, 'no such database');
  });

  test('0 on success', async () => {
    const version = await cli('version');
    assert.match(version.stdout, /^zhike \d+\.\d+\.\d+\n$/);
    assert.equal((await cli('help')).code, 0);
    const config = await cli('config');
    assert.equal(config.code, 0);
    assert.match(config.stdout, /^session\.idle +30m +default/m);
    const changed = await cli('config', { env: { ZHIKE_SESSION_IDLE: '45m', ZHIKE_DATABASE: 'postgresql://u:geheim@h/d' } });
    assert.match(changed.stdout, /^session\.idle +45m +env/m);
    assert.ok(!changed.stdout.includes('geheim'), 'no password is shown');
    const routes = await cli('routes', '--json');
    const list = JSON.parse(routes.stdout);
    assert.ok(list.length > 40 && list.every((r) => r.method && r.path && ['anyone', 'user', 'operator'].includes(r.who) && r.about));
    assert.equal((await cli('routes')).stdout.trim().split('\n').length, list.length);
  });
});

describe('init', () => {
  const fresh = async () => (defaultEngine === 'pg' ? await createDatabase() : null);
  test('refuses what is not empty, twice', async () => {
    const folder = temporaryFolder(), dir = join(folder, 'data'), database = await fresh();
    const env = { ZHIKE_DATABASE: database?.url ?? '' };
    writeFileSync(join(folder, 'pw'), 'Ein-langes-Passwort-77\n');
    const init = (...more) => cli('init', '--data', dir, ...more, { env });
    const first = await init('--admin-password-file', join(folder, 'pw'));
    assert.equal(first.code, 0, first.stderr);
    assert.ok(!(first.stdout + first.stderr).includes('Ein-langes-Passwort-77'));
    oneLine(await init('--admin-password-file', join(folder, 'pw')), 1, 'init twice');
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'letter.txt'), 'mine');
    oneLine(await cli('init', '--data', other, { env }), 1, 'a folder with something in it');
    assert.deepEqual(readdirSync(other), ['letter.txt']);
    if (database) oneLine(await cli('init', '--data', join(folder, 'third'), { env }), 1, 'a used database');
    assert.equal(statSync(dir).mode & 0o077, 0, 'the folder is its owner\'s');
    for (const file of readdirSync(dir)) assert.equal(statSync(join(dir, file)).mode & 0o077, 0, `${file} is readable for others`);
    await database?.drop();
  });

  test('a weak password is refused and nothing is left', async () => {
    const folder = temporaryFolder(), database = await fresh();
    writeFileSync(join(folder, 'pw'), 'kurz\n');
    const env = { ZHIKE_DATABASE: database?.url ?? '' };
    const weak = await cli('init', '--data', join(folder, 'data'), '--admin-password-file', join(folder, 'pw'), { env });
    assert.equal(weak.code, 1);
    assert.match(weak.stderr, /12/);
    assert.equal((await cli('init', '--data', join(folder, 'data'), '--admin-password-file', join(folder, 'nothing'), { env })).code, 1);
    await database?.drop();
  });

  test('without a file: a one-time password that must be changed', async () => {
    const own = await startServer({ init: false });
    try {
      const { stdout } = await own.cliOk('init');
      const token = stdout.split('\n').find((l) => /^[\w-]{22}$/.test(l));
      assert.ok(token, stdout);
      await own.launch();
      const admin = await own.login('admin', token);
      assert.equal((await admin.get('/me')).json.must_change_password, true);
      problem(await admin.get('/customers'), 403);
      problem(await own.anyone().post('/session', { login: 'admin', password: token }), 401);
      assert.equal((await admin.post('/me/password', { old: token, new: 'Ein-langes-Passwort-77' })).status, 204);
      assert.equal((await admin.get('/customers')).status, 200);
    } finally { await own.stop(); }
  });
});

describe('user import', () => {
  const file = (json) => { const path = join(server.folder, `u${Math.random()}.json`); writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json)); return path; };
  test('all or nothing, all mistakes named', async () => {
    const bad = { departments: [{ code: 'X', name: 'X', parent: 'NOWHERE' }], users: [{ login: 'u1', name: '一', password: passwordOf('u1'), department: 'NOPE', manager: 'NOBODY' }] };
    const result = await server.cli('user', 'import', file(bad));
    assert.equal(result.code, 1);
    const forms = await server.cli('user', 'import', file({ departments: [], users: [{ login: 'u2', name: '二', password: 'kurz', roles: ['king'] }, { login: 'bad login', name: '' }] }));
    assert.equal(forms.code, 1);
    for (const word of ['users[0].password', 'users[0].roles', 'users[1].login', 'users[1].name']) assert.ok(forms.stderr.includes(word), `${word} is not named: ${forms.stderr}`);
    for (const word of ['NOWHERE', 'NOPE', 'NOBODY']) assert.ok(result.stderr.includes(word), `${word} is not named: ${result.stderr}`);
    const admin = await server.admin();
    assert.equal((await admin.get('/users?q=u1')).json.data.filter((u) => u.login === 'u1').length, 0);
    for (const text of ['', '{', '[]', '{"users": 1}', '{"users": [1]}', '{"people": []}', 'PK\x03\x04nonsense'])
      assert.equal((await server.cli('user', 'import', file(text))).code, 1, text);
  });
  test('a workbook, with the heads and names of roles people write', async () => {
    const path = join(server.folder, 'staff.xlsx');
    writeFileSync(path, workbook({
      部门: [['部门编码', '部门名称', '上级部门'], ['HR', '人事部', '']],
      员工: [['登录名', '姓名', '工号', '密码', '部门', '职位', '角色'], ['booked', '簿员', 'E003', passwordOf('booked'), 'HR', '专员', '销售专员、auditor']],
    }));
    assert.match((await server.cliOk('user', 'import', path)).stdout, /^2 created/);
    const admin = await server.admin();
    const one = (await admin.get('/users?limit=200&fields=login,roles,position,department')).json.data.find((u) => u.login === 'booked');
    assert.deepEqual(one.roles.map((r) => r.label).sort(), ['审计员', '销售专员'].sort());
    assert.deepEqual([one.position, one.department.label], ['专员', '人事部']);
  });
  test('twice is once', async () => {
    const again = await server.cliOk('user', 'import', file(companyFile()));
    assert.match(again.stdout, /^0 created/);
  });
});

describe('beside a running server', () => {
  test('somebody imported can sign in', async () => {
    await server.importUsers({ departments: [], users: [{ login: 'newcomer', name: '新人', password: passwordOf('newcomer'), department: 'SALES_EAST', roles: ['sales_rep'], must_change: false }] });
    const one = await until(async () => { const a = await server.anyone().post('/session', { login: 'newcomer', password: passwordOf('newcomer') }); return a.status === 200 ? a : null; }, 1500, 'sign-in of an imported user');
    assert.equal(one.json.user.name, '新人');
  });

  test('a role changed by another process holds a moment later, without a restart', async () => {
    const { rep } = people;
    problem(await rep.get('/audit-logs'), 403);
    await server.importUsers({ departments: [], users: [{ ...companyFile().users.find((u) => u.login === 'rep'), password: undefined, roles: ['sales_rep', 'auditor'] }] });
    await until(async () => {
      const answer = await rep.get('/audit-logs');
      if (answer.status === 401) Object.assign(rep, await server.login('rep', passwordOf('rep')));
      return answer.status === 200;
    }, 2500, 'the role given by a command');
    await server.importUsers({ departments: [], users: [{ ...companyFile().users.find((u) => u.login === 'rep'), password: undefined }] });
    await until(async () => [401, 403].includes((await rep.get('/audit-logs')).status), 2500, 'the role taken by a command');
    people.rep = await server.login('rep', passwordOf('rep'));
  });

  test('while others write: nothing is lost, nobody waits for ever', async () => {
    const writes = Promise.all(Array.from({ length: 60 }, () => makeCustomer(people.boss)));
    const commands = Promise.all([server.cli('check'), server.importUsers(companyFile()), server.cli('dump', '--logical', '--sorted')]);
    const [made, [check]] = await Promise.all([writes, commands]);
    assert.equal(new Set(made.map((c) => c.number)).size, 60);
    assert.equal(check.code, 0, check.stdout + check.stderr);
  });
});

describe('check, dump, audit verify', () => {
  test('dump: a line a row, sorted, the same twice, without secrets', async () => {
    await makeCustomer(people.boss, { name: '倾倒有限公司' });
    // what the house does by itself comes to rest: samples of the first minute, the chain of the audit log
    const sealed = async () => Number(await sql('SELECT count(*) FROM audit_log WHERE seq IS NULL')) === 0;
    await server.quiet();
    await until(sealed, 5000, 'the chain is sealed');
    const [one, two] = [await server.cliOk('dump', '--logical', '--sorted'), await server.cliOk('dump', '--logical', '--sorted')];
    assert.equal(one.stdout, two.stdout);
    const lines = one.stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.ok(one.stdout.includes('倾倒有限公司'));
    const keys = lines.map((l) => [l.table, l.id ?? 0]);
    for (let i = 1; i < keys.length; i++)
      assert.ok(keys[i - 1][0] < keys[i][0] || (keys[i - 1][0] === keys[i][0] && keys[i - 1][1] <= keys[i][1]), `${keys[i - 1]} before ${keys[i]}`);
    const entities = new Set(lines.map((l) => l.table));
    for (const name of ['customer', 'contact_point', 'user', 'department', 'role', 'audit_log']) assert.ok(entities.has(name), name);
    for (const name of ['session', 'job_lease', 'search']) assert.ok(!entities.has(name), name);
  });

  test('check finds nothing wrong, then what was broken', async () => {
    const fine = await server.cli('check');
    assert.equal(fine.code, 0, fine.stdout + fine.stderr);
    assert.match(fine.stdout, /no findings/);
    const own = await startServer();
    try {
      const admin = await own.admin();
      const c = await makeCustomer(admin);
      const up = await admin.upload(`/customers/${c.id}/attachments`, 'a.txt', 'hello');
      assert.equal(up.status, 201);
      const gone = await makeCustomer(admin);
      assert.equal((await admin.delNow(`/customers/${gone.id}`)).status, 204);
      await own.halt();
      const binned = await own.cli('check');
      assert.equal(binned.code, 0, `what lies in the recycle bin has no search document: ${binned.stdout}`);
      const files = readdirSync(own.dir, { recursive: true }).map((f) => join(own.dir, f)).filter((f) => statSync(f).isFile() && readFileSync(f, 'latin1') === 'hello');
      assert.equal(files.length, 1, 'the attachment is one file');
      writeFileSync(files[0], 'hullo');
      const broken = await own.cli('check');
      assert.equal(broken.code, 1, broken.stdout);
      writeFileSync(files[0], 'hello');
      if (!own.database) await sql('PRAGMA foreign_keys=OFF; UPDATE customer SET owner_id = 424242', own);
      else await sql("SET session_replication_role = replica; UPDATE customer SET owner_id = 424242", own);
      const orphan = await own.cli('check');
      assert.equal(orphan.code, 1, orphan.stdout);
      assert.match(orphan.stdout, /customer/);
    } finally { await own.stop(); }
  });

  test('check finds words in a search document that stand in no field of its record: those of an erased value, of an erased record', async () => {
    const own = await startServer();
    try {
      const admin = await own.admin();
      const [a, b, c, d] = [await makeCustomer(admin, { short_name: '存在的简称' }), await makeCustomer(admin, { remark: '乙' }), await makeCustomer(admin), await makeCustomer(admin)];
      assert.equal((await admin.post('/customers/merge', { survivor: a.id, merged: [b.id] })).status, 200);
      await admin.stepUp();
      const field = await admin.post('/custom-fields', { entity: 'customer', code: 'nick', label_zh: '绰号', label_en: 'Nick', type: 'string', searchable: true });
      assert.equal(field.status, 201, field.text);
      assert.equal((await admin.patchNow(`/customers/${a.id}`, { nick: '大老板' })).status, 200);
      assert.equal((await admin.patchNow(`/custom-fields/${field.json.id}`, { searchable: false })).status, 200);
      await own.halt();
      const fine = await own.cli('check');
      assert.equal(fine.code, 0, `what was merged into it, and a field that is no longer searched, are its own: ${fine.stdout}`);
      const plant = (row, word) => sql(own.database ? `UPDATE search_customer SET tokens = tokens || '''${word}'''::tsvector WHERE id = ${row.id}` : `UPDATE search_customer SET tokens = tokens || ' ${word}' WHERE rowid = ${row.id}`, own);
      await plant(a, '抹掉');
      await plant(c, '@13800001111');
      await sql(`DELETE FROM customer_contact WHERE customer_id = ${d.id}; DELETE FROM contact_point WHERE parent_id = ${d.id}; DELETE FROM customer WHERE id = ${d.id}`, own);
      const broken = await own.cli('check');
      assert.equal(broken.code, 1, broken.stdout);
      const lines = broken.stdout.split('\n').filter((l) => l.includes('stand nowhere in it'));
      assert.deepEqual(lines.slice(0, 2), [a, c].map((r) => `customer ${r.id}: its search document has 1 words that stand nowhere in it`));
      assert.match(lines[2], new RegExp(`^customer ${d.id}: its search document has [1-9]\\d+ words`));
      assert.ok(!broken.stdout.includes('抹掉') && !broken.stdout.includes('1380000'), 'the words themselves are told to nobody');
      // a change of what it is called writes its document anew
      await own.launch();
      const again = await own.admin();
      for (const r of [a, c]) assert.equal((await again.patchNow(`/customers/${r.id}`, { short_name: '新的简称' })).status, 200);
      assert.deepEqual((await own.cli('check')).stdout.split('\n').filter((l) => l.includes('stand nowhere in it')), [lines[2]]);
    } finally { await own.stop(); }
  });

  test('data of an older version: what only reads says what to do, a start mends it', async () => {
    const own = await startServer();
    try {
      await own.halt();
      await sql('DROP TABLE merge_log', own);
      await sql('DROP INDEX ix_merge_row_record', own);
      for (const words of [['check'], ['dump', '--logical', '--sorted'], ['audit', 'verify']]) {
        const refused = await own.cli(...words);
        oneLine(refused, 1, words.join(' '));
        assert.match(refused.stderr, /旧版本|older version/);
        assert.doesNotMatch(refused.stderr, /merge_log/, words.join(' '));
      }
      await own.launch();
      await own.halt();
      const mended = await own.cli('check');
      assert.equal(mended.code, 0, mended.stdout + mended.stderr);
      await sql('DROP INDEX ix_merge_row_record', own);
      assert.equal((await own.cli('check')).code, 0, 'an index is no hindrance to reading');
    } finally { await own.stop(); }
  });

  test('audit verify: whole, then broken at the row that was changed', async () => {
    const own = await startServer();
    try {
      const admin = await own.admin();
      for (let i = 0; i < 5; i++) await make(admin, 'customers', customer());
      await until(async () => Number(await sql('SELECT count(*) FROM audit_log WHERE seq IS NULL', own)) === 0, 5000, 'the chain is sealed');
      const whole = await own.cli('audit', 'verify');
      assert.equal(whole.code, 0, whole.stderr);
      assert.match(whole.stdout, /\d+ rows is whole/);
      assert.equal((await admin.post('/audit-logs/actions/verify')).json.ok, true);
      await sql("UPDATE audit_log SET user_name = 'jemand' WHERE seq = 3", own);
      const broken = await own.cli('audit', 'verify');
      assert.equal(broken.code, 1);
      const third = Number(await sql('SELECT id FROM audit_log WHERE seq = 3', own));
      assert.match(broken.stderr, new RegExp(`broken at row ${third}\\b`));
      const { json } = await admin.post('/audit-logs/actions/verify');
      assert.deepEqual([json.ok, json.first_broken], [false, third]);
      await sql("UPDATE audit_log SET user_name = 'admin' WHERE seq = 3", own);
      await sql('DELETE FROM audit_log WHERE seq = 2', own);
      assert.equal((await own.cli('audit', 'verify')).code, 1, 'a row is missing');
      assert.equal((await own.cli('check')).code, 1);
    } finally { await own.stop(); }
  });
});

test('SIGTERM: exit 0, what was acknowledged stays, and the server starts again', async () => {
  const own = await startServer();
  try {
    const admin = await own.admin();
    const answers = [];
    const writer = (async () => { for (;;) { try { const a = await admin.post('/customers', customer()); if (a.status === 201) answers.push(a.json.id); else return; } catch { return; } } })();
    await until(() => answers.length > 5, 10_000, 'some that were acknowledged');
    const end = await own.halt(); // fails unless it ends by itself; how soon: test/kill/stop.test.mjs
    assert.equal(end.code, 0);
    await writer;
    await own.launch();
    const again = await own.login('admin', own.adminPassword);
    assert.ok(answers.length > 0);
    for (const id of answers.slice(-20)) assert.equal((await again.get(`/customers/${id}`)).status, 200);
  } finally { await own.stop(); }
});
