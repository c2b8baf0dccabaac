// Signing in and out, passwords, locks, step-up, tokens, disabled people (SECURITY.md C05 to C14).
import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, startServer, until, whileItRuns } from '../lib/index.mjs';
import { anonymous, customer, makeCustomer, problem } from '../lib/records.mjs';

let server, people, admin;
const next = 'Ein-neues-Wort-77';
before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LOGIN_ADDRESS_FAILURES: '10000' } });
  people = await makeCompany(server, { only: ['rep', 'manager', 'secadmin'] });
  admin = await server.admin();
});
after(() => server?.stop());

const signIn = (login, password) => server.anyone().post('/session', { login, password });
let made = 0;
/** A new account with the rights of a sales_rep. */
async function person(over = {}) {
  const login = `p${++made}`, password = `Wort-fuer-${login}-2026`;
  await server.importUsers({ departments: [], users: [{ login, name: `人${made}`, password, department: 'SALES_EAST', roles: ['sales_rep'], must_change: false, ...over }] });
  return { login, password };
}

describe('sign-in', () => {
  test('gives user, csrf and a cookie that scripts do not see', async () => {
    const answer = await signIn('rep', passwordOf('rep'));
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.json).sort(), ['csrf', 'user']);
    assert.equal(answer.json.user.login, 'rep');
    assert.deepEqual(answer.json.user.roles, ['sales_rep']);
    const cookie = answer.headers.getSetCookie();
    assert.equal(cookie.length, 1);
    assert.match(cookie[0], /^zhike_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.doesNotMatch(answer.text, /[\w-]{43}/);
    const me = await people.rep.get('/me');
    assert.equal(me.json.user.login, 'rep');
    assert.equal(me.json.csrf, people.rep.csrf);
    assert.equal(me.json.user.department.label, '华东组');
    assert.ok(me.json.menus.some((m) => m.entity === 'customer'));
    assert.equal(me.json.step_up_until, null);
  });

  test('over TLS the cookie is of this host and secure', async () => {
    const tls = await startServer({ env: { ZHIKE_HTTP_BASE_URL: 'https://crm.example.com' } });
    try {
      const answer = await tls.anyone().post('/session', { login: 'admin', password: tls.adminPassword });
      assert.match(answer.headers.getSetCookie()[0], /^__Host-zhike_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    } finally { await tls.stop(); }
  });

  test('each sign-in is a session of its own', async () => {
    const [one, two] = [await server.login('rep', passwordOf('rep')), await server.login('rep', passwordOf('rep'))];
    assert.notEqual(one.cookies.get('zhike_session'), two.cookies.get('zhike_session'));
    assert.equal((await one.del('/session')).status, 204);
    problem(await one.get('/me'), 401);
    assert.equal((await two.get('/me')).status, 200);
  });

  test('login without case, password with', async () => {
    assert.equal((await signIn('REP', passwordOf('rep'))).status, 200);
    problem(await signIn('rep', passwordOf('rep').toLowerCase()), 401, 'bad_credentials');
    assert.equal((await signIn('rep', passwordOf('rep'))).status, 200);
  });

  test('an unknown login and a wrong password get the same answer', async () => {
    const unknown = await signIn('nobody-here', 'x'.repeat(20)), wrong = await signIn('manager', 'x'.repeat(20));
    problem(unknown, 401, 'bad_credentials');
    assert.deepEqual(anonymous(unknown), anonymous(wrong));
    for (const login of ["' OR 1=1 --", 'rep%', '*', '冯销售', 'system'])
      problem(await signIn(login, passwordOf('rep')), 401, 'bad_credentials', login);
    assert.equal(unknown.headers.getSetCookie().length, 0);
  });

  test('huge, empty, NUL, array and object passwords: 400', async () => {
    for (const password of ['', 'x'.repeat(1025), 'a\u0000b', ['a'], { a: 1 }, 12345678, true, null]) {
      const answer = await signIn('rep', password);
      assert.equal(answer.status, 400, `${JSON.stringify(password)?.slice(0, 40)} → ${answer.text}`);
      const change = await people.rep.post('/me/password', { old: passwordOf('rep'), new: password });
      assert.ok([400, 422].includes(change.status), `${JSON.stringify(password)?.slice(0, 40)} → ${change.text}`);
    }
    assert.equal((await signIn('rep', 'x'.repeat(1 << 20))).status, 400);
    for (const body of [{}, { login: 'rep' }, { password: 'x' }, { login: ['rep'], password: 'x' }, { login: 'rep', password: 'x', admin: true }])
      assert.equal((await server.anyone().post('/session', body)).status, 400, JSON.stringify(body));
    problem(await server.anyone().post('/session/verify', { ticket: 'x', method: 'totp', code: '123456' }), 401);
  });

  test('after 5 wrong passwords the account is locked, and only it', async () => {
    const { login, password } = await person();
    const other = await person();
    for (let i = 0; i < 5; i++) problem(await signIn(login, 'wrong-wrong-wrong'), 401, 'bad_credentials', `try ${i}`);
    problem(await signIn(login, password), 401, 'locked_out');
    problem(await signIn(login, 'wrong-wrong-wrong'), 401, 'locked_out'); // alike: nothing is told to who guesses on
    assert.equal((await signIn(other.login, other.password)).status, 200);
    const list = await admin.get(`/users?q=${login}`);
    const row = list.json.data.find((u) => u.login === login);
    const { json } = await admin.get(`/users/${row.id}`);
    const minutes = (Date.parse(json.locked_until) - Date.now()) / 60000;
    assert.ok(minutes > 12 && minutes <= 15.1, `locked for ${minutes} minutes`);
  });

  test('four wrong ones and a right one begin anew; its owner gets in from where he was before', async () => {
    const { login, password } = await person();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 4; i++) problem(await signIn(login, 'wrong-wrong-wrong'), 401, 'bad_credentials');
      assert.equal((await signIn(login, password)).status, 200);
    }
  });

  test('many failures of one address: 429 with Retry-After', async () => {
    const small = await startServer({ env: { ZHIKE_LOGIN_ADDRESS_FAILURES: '3' } });
    try {
      let answer;
      // at a busy hour a try takes longer than the first waits, which double
      for (let i = 0; i < 60 && answer?.status !== 429; i++) answer = await small.anyone().post('/session', { login: `nobody${i}`, password: 'wrong-wrong-wrong' });
      problem(answer, 429, 'limit');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    } finally { await small.stop(); }
  });
});

describe('sign-out', () => {
  test('is idempotent, and clears the cookie', async () => {
    const one = await server.login('rep', passwordOf('rep'));
    const cookie = one.cookies.get('zhike_session');
    const out = await one.del('/session');
    assert.equal(out.status, 204);
    assert.match(out.headers.getSetCookie()[0], /^zhike_session=;.*Max-Age=0/);
    const again = await one.call('DELETE', '/session', undefined, { Cookie: `zhike_session=${cookie}` });
    assert.ok([204, 401].includes(again.status), again.text);
    assert.ok(again.status < 500);
  });
});

describe('passwords', () => {
  test('the policy', async () => {
    const { login, password } = await person({ name: '长得不得了的名字一二三四五' });
    const one = await server.login(login, password);
    for (const bad of ['short', 'elevenchars', '123456789012', 'aaaaaaaaaaaaaaa', 'password1234', 'qwertyuiop123', '长得不得了的名字一二三四五'])
      problem(await one.post('/me/password', { old: password, new: bad }), 422, 'weak_password', bad);
    assert.equal((await one.post('/me/password', { old: password, new: next })).status, 204);
    problem(await signIn(login, password), 401, 'bad_credentials');
    assert.equal((await signIn(login, next)).status, 200);
    const made422 = await admin.post('/users', { login: 'weakling', name: '弱', password: 'kurz' });
    assert.ok([403, 422].includes(made422.status), made422.text);
  });

  test('a password is never given out', async () => {
    const { json } = await admin.get('/users?limit=200');
    assert.doesNotMatch(JSON.stringify(json), /argon2|password_hash|"password"/);
    const one = await admin.get(`/users/${json.data[0].id}`);
    assert.doesNotMatch(one.text, /argon2|password_hash|"password"/);
    for (const name of ['password', 'password_hash', 'failed_logins'])
      assert.equal((await admin.get(`/users?filter=${encodeURIComponent(JSON.stringify([name, 'not_null']))}`)).status, 400, name);
  });

  test('a change needs the old one and ends the other sessions', async () => {
    const { login, password } = await person();
    const [one, two] = [await server.login(login, password), await server.login(login, password)];
    const wrong = await one.post('/me/password', { old: 'wrong-wrong-wrong', new: next });
    assert.ok([401, 403, 422].includes(wrong.status), wrong.text);
    assert.equal((await two.get('/me')).status, 200);
    assert.equal((await one.post('/me/password', { old: password, new: next })).status, 204);
    assert.equal((await one.get('/me')).status, 200);
    problem(await two.get('/me'), 401, 'not_signed_in');
  });

  test('must_change: nothing else works before', async () => {
    const { login, password } = await person({ must_change: true });
    const one = await server.login(login, password);
    assert.deepEqual([(await one.get('/me')).json].map((m) => [m.must_change_password, m.first_password]), [[true, false]]);
    problem(await one.get('/customers'), 403);
    problem(await one.post('/customers', customer()), 403);
    problem(await one.get('/search?q=a'), 403);
    assert.equal((await one.post('/me/password', { old: password, new: next })).status, 204);
    assert.equal((await one.get('/me')).json.must_change_password, false);
    assert.equal((await one.get('/customers')).status, 200);
  });
});

describe('step-up', () => {
  test('by password, for this session, five minutes', async () => {
    const { login, password } = await person();
    const [one, two] = [await server.login(login, password), await server.login(login, password)];
    const refused = problem(await one.post('/tokens', { name: 't' }), 403, 'step_up_required');
    assert.deepEqual(refused.methods, ['password']);
    for (const body of [{ method: 'password', code: 'wrong-wrong-wrong' }, { method: 'totp', code: '123456' }, { method: 'magic', code: password }]) {
      const answer = await one.post('/step-up', body);
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    }
    problem(await one.post('/tokens', { name: 't' }), 403, 'step_up_required');
    assert.ok((await one.stepUp()).status < 300);
    const minutes = (Date.parse((await one.get('/me')).json.step_up_until) - Date.now()) / 60000;
    assert.ok(minutes > 3 && minutes < 5.1, `${minutes}`);
    assert.equal((await one.post('/tokens', { name: 't' })).status, 201);
    problem(await two.post('/tokens', { name: 't' }), 403, 'step_up_required');
  });

  test('roles change only with it', async () => {
    const { secadmin } = people;
    const { json } = await secadmin.get('/roles?limit=200');
    const role = json.data.find((r) => r.code === 'marketing');
    problem(await secadmin.patchNow(`/roles/${role.id}`, { rights: { rights: [] } }), 403, 'step_up_required');
    problem(await secadmin.post('/roles', { code: 'guest', name: '访客', rights: { rights: [] } }), 403, 'step_up_required');
    await secadmin.stepUp();
    const done = await secadmin.patchNow(`/roles/${role.id}`, { rights: { rights: [], entities: { customer: { scope: 'all', actions: 'read' } } } });
    assert.equal(done.status, 200, done.text);
    for (const rights of [{ rights: ['everything'] }, { entities: { nothing: { scope: 'all', actions: 'read' } } },
      { entities: { customer: { scope: 'universe', actions: 'read' } } }, { entities: { customer: { scope: 'all', actions: 'fly' } } }, 'all', [1]])
      assert.equal((await secadmin.patchNow(`/roles/${role.id}`, { rights })).status, 422, JSON.stringify(rights));
    problem(await admin.post('/users', { login: 'backdoor', name: '后门', roles: [role.id] }), 403, 'step_up_required');
  });
});

describe('tokens', () => {
  test('are shown once, act for their person, within their scopes', async () => {
    const { login, password } = await person();
    const one = await server.login(login, password);
    await one.stepUp();
    const mine = await makeCustomer(one);
    const all = await one.post('/tokens', { name: '全部', scopes: [] });
    assert.equal(all.status, 201, all.text);
    assert.match(all.json.token, /^zk_[\w-]{43}$/);
    const list = await one.get('/tokens');
    assert.ok(list.json.data.some((t) => t.id === all.json.id && t.name === '全部'));
    assert.ok(!list.text.includes(all.json.token));
    const bearer = server.anyone({ token: all.json.token });
    assert.equal((await bearer.get('/me')).json.user.login, login);
    assert.equal((await bearer.get(`/customers/${mine.id}`)).status, 200);
    assert.equal((await bearer.post('/customers', customer())).status, 201); // no CSRF header
    problem(await bearer.get('/audit-logs'), 403);

    const narrow = await one.post('/tokens', { name: '只读', scopes: ['customer:read'] });
    const reader = server.anyone({ token: narrow.json.token });
    assert.equal((await reader.get('/customers')).status, 200);
    problem(await reader.post('/customers', customer()), 403, 'forbidden');
    problem(await reader.get('/contacts'), 403, 'forbidden');
    assert.equal((await one.post('/tokens', { name: 'x', scopes: ['nothing:read'] })).status, 422);
    assert.equal((await one.post('/tokens', { name: '' })).status, 400);
    assert.equal((await one.post('/tokens', { name: 'x', expires_at: '2020-01-01T00:00:00Z' })).status, 422);

    const gone = await one.del(`/tokens/${narrow.json.id}`);
    assert.equal(gone.status, 204);
    problem(await reader.get('/customers'), 401);
    problem(await one.del(`/tokens/${narrow.json.id}`), 404);
  });

  test('expire', async () => {
    const one = await server.login('rep', passwordOf('rep'));
    await one.stepUp();
    let bearer;
    const { end, found: [soon, within] } = await whileItRuns(3000, async (end) => {
      const made = await one.post('/tokens', { name: 'kurz', expires_at: end });
      bearer = server.anyone({ token: made.json.token });
      return [made, await bearer.get('/me')];
    });
    assert.equal(soon.status, 201, soon.text);
    assert.equal(within.status, 200, within.text);
    await until(async () => Date.now() >= end && (await bearer.get('/me')).status !== 200, end - Date.now() + 10_000, 'the end of its time');
    problem(await bearer.get('/me'), 401);
  });

  test('never step up, never make another, never change the password', async () => {
    const one = await server.login('rep', passwordOf('rep'));
    await one.stepUp();
    const bearer = server.anyone({ token: (await one.post('/tokens', { name: 't' })).json.token });
    problem(await bearer.post('/step-up', { method: 'password', code: passwordOf('rep') }), 403);
    problem(await bearer.post('/tokens', { name: 't2' }), 403);
    problem(await bearer.post('/me/password', { old: passwordOf('rep'), new: next }), 403);
  });
});

describe('open sign-ins', () => {
  test('are listed and ended by whose they are, and by who has the right', async () => {
    const { login, password } = await person();
    const one = await server.login(login, password), two = await server.login(login, password);
    const { json } = await one.get('/sessions');
    assert.equal(json.data.length, 2);
    assert.deepEqual(json.data.map((s) => s.current), [false, true]);
    for (const s of json.data) {
      assert.deepEqual(Object.keys(s).sort(), ['created_at', 'current', 'device', 'id', 'ip', 'seen_at']);
      assert.equal(s.ip, '127.0.0.1');
    }
    const [other, own] = json.data.map((s) => s.id);
    // a stranger sees and ends nothing, and cannot tell it from what is not there
    problem(await people.rep.get(`/sessions?user=${one.user.id}`), 403, 'forbidden');
    const [foreign, absent] = [await people.rep.del(`/sessions/${other}`), await people.rep.del('/sessions/987654321')];
    problem(foreign, 404, 'not_found');
    assert.deepEqual({ ...foreign.json, trace_id: '' }, { ...absent.json, trace_id: '' });
    assert.equal((await two.get('/me')).status, 200);
    await one.stepUp();
    const bearer = server.anyone({ token: (await one.post('/tokens', { name: 't' })).json.token });
    problem(await bearer.del(`/sessions/${other}`), 403, 'forbidden');
    assert.equal((await one.del(`/sessions/${other}`)).status, 204);
    problem(await two.get('/me'), 401, 'not_signed_in');
    problem(await one.del(`/sessions/${other}`), 404);
    const theirs = await admin.get(`/sessions?user=${one.user.id}`);
    assert.deepEqual(theirs.json.data.map((s) => s.id), [own]);
    assert.equal((await admin.del(`/sessions/${own}`)).status, 204);
    problem(await one.get('/me'), 401, 'not_signed_in');
    const audit = (await admin.get('/audit-logs?limit=200')).json.data.filter((a) => a.action === 'session_end');
    assert.ok(audit.length >= 2);
    for (const bad of ['x', '-1', '0']) problem(await admin.get(`/sessions?user=${bad}`), 400);
  });
});

describe('people who leave', () => {
  test('the next request of somebody disabled is refused, with session and token', async () => {
    const { login, password } = await person();
    const one = await server.login(login, password);
    await one.stepUp();
    const bearer = server.anyone({ token: (await one.post('/tokens', { name: 't' })).json.token });
    assert.equal((await bearer.get('/me')).status, 200);
    const { json } = await admin.get(`/users?q=${login}`);
    const id = json.data.find((u) => u.login === login).id;
    await admin.stepUp();
    const off = await admin.patchNow(`/users/${id}`, { status: 'disabled' });
    assert.equal(off.status, 200, off.text);
    problem(await one.get('/me'), 401, 'not_signed_in');
    problem(await bearer.get('/me'), 401);
    problem(await signIn(login, password), 401, 'bad_credentials');
    const on = await admin.patchNow(`/users/${id}`, { status: 'active' });
    assert.equal(on.status, 200, on.text);
    problem(await one.get('/me'), 401);
    assert.equal((await signIn(login, password)).status, 200);
  });

  test('the last administrator stays', async () => {
    const alone = await startServer();
    try {
      const only = await alone.admin();
      const path = `/users/${(await only.get('/me')).json.user.id}`;
      await only.stepUp();
      for (const body of [{ status: 'disabled' }, { status: 'locked' }, { roles: [] }])
        assert.equal((await only.patchNow(path, body)).status, 409, JSON.stringify(body));
      assert.equal((await only.delNow(path)).status, 409);
      assert.equal((await only.get('/me')).status, 200);
    } finally { await alone.stop(); }
  });

  // Passwords are hashed a few at a time, and behind that wait eight a core: more than there are cores for here would not be met.
  test('a crowd that signs in keeps nobody from making accounts', { skip: cpus().length > 6 && 'the crowd is too small for this machine' }, async () => {
    const door = await startServer({ env: { ZHIKE_HTTP_WORKERS: '128', ZHIKE_QUERY_TIMEOUT: '5m', ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1' } });
    let over = false, turnedAway = 0, tries = 0, wrong = null;
    try {
      const boss = await door.admin();
      const knock = async () => {
        while (!over) {
          const from = `10.1.${(tries >> 8) & 255}.${tries++ & 255}`;
          try {
            const { status } = await door.anyone().post('/session', { login: `fremd${tries}`, password: 'wrong-wrong-wrong' }, { 'X-Forwarded-For': from });
            assert.ok([401, 429, 503].includes(status), `${status}`);
            if (status === 429) turnedAway++;
          } catch (error) { wrong ??= error; return; }
        }
      };
      const crowd = Array.from({ length: 9 * cpus().length + 12 }, knock);
      try {
        const more = (than) => until(() => { if (wrong) throw wrong; return turnedAway > than; }, undefined, 'somebody who is turned away');
        await more(0);
        for (let i = 0; i < 3; i++) {
          const before = turnedAway;
          const one = await boss.post('/users', { login: `neu${i}`, name: `新人${i}`, password: `Wort-fuer-neu${i}-2026` });
          assert.equal(one.status, 201, one.text);
          await more(before); // the crowd is still there
        }
      } finally {
        over = true;
        await Promise.all(crowd);
      }
    } finally { await door.stop(); }
  });

  test('sign-ins stand in the audit log, without passwords', async () => {
    const rows = await until(async () => {
      const { json } = await admin.get(`/audit-logs?limit=200&filter=${encodeURIComponent(JSON.stringify(['action', '=', 'login']))}`);
      return json.data?.some((r) => r.result === 'denied') ? json : null;
    }, 5000, 'audit rows of sign-ins');
    assert.ok(rows.data.some((r) => r.result === 'denied') && rows.data.some((r) => r.result === 'ok'));
    assert.doesNotMatch(JSON.stringify(rows), /wrong-wrong-wrong|Wort-fuer/);
    assert.ok(!server.log.includes('wrong-wrong-wrong'));
  });
});
