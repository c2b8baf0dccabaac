// The second factor: codes by SMS for a sign-in and for sensitive operations, codes on paper, and who may take a factor away.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, sleep, startServer, until } from '../lib/index.mjs';
import { peer } from '../lib/mailbox.mjs';
import { rowsOf } from '../lib/recount.mjs';
import { filter, make, mistakes, problem } from '../lib/records.mjs';

let server, sms, admin, people, channel;
let broken = null; // what the service answers instead
before(async () => {
  sms = await peer(() => broken ?? { body: { ok: 1 } });
  server = await startServer({ company: true, env: { ZHIKE_OUTBOUND_PRIVATE: sms.host, ZHIKE_CODE_PAUSE: '1s', ZHIKE_LIMIT_CODE: '1000/h', ZHIKE_LIMIT_CODE_DAY: '1000/day', ZHIKE_LIMIT_CODE_NEW: '1000/day', ZHIKE_LIMIT_CODE_ADDRESS: '1000/h', ZHIKE_LOGIN_ADDRESS_FAILURES: '10000' } });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'sysadmin'] });
  admin = await server.admin();
  await admin.stepUp();
});
after(() => Promise.all([server?.stop(), sms?.stop()]));

const smsChannel = () => make(admin, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}","text":"{{text}}"}' });
const sentTo = (mobile) => sms.calls.map((c) => JSON.parse(c.body)).filter((m) => m.to === mobile);
const codeTo = async (mobile, n = 1) => { await until(() => sentTo(mobile).length >= n, 20_000, `code ${n} to ${mobile}`); return sentTo(mobile)[n - 1].code; };
const other = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
let count = 0;
const mobileOf = () => `1390000${String(++count).padStart(4, '0')}`;
const open = (login) => server.anyone().post('/session', { login, password: passwordOf(login) });
const verify = (ticket, code, method = 'sms') => server.anyone().post('/session/verify', { ticket, method, code });
/** A server that is too busy for an answer is asked again, as a client does. */
const calm = async (call) => { let got; await until(async () => (got = await call()).status !== 503, 60_000, 'an answer of a busy server'); return got; };
/** A wait that the server names: asks again when the pause between two codes is over, as a client does. */
async function again(call) {
  let got;
  await until(async () => {
    got = await calm(call);
    if (got.status !== 429) return true;
    const seconds = Number(got.headers?.get('retry-after') ?? 1);
    assert.ok(seconds >= 1 && seconds <= 5, `no pause between two codes: ${seconds} s, ${got.text}`);
    await sleep(seconds * 1000);
    return false;
  }, 20_000, 'the pause between two codes');
  return got;
}

async function enrol(client, login, mobile) {
  const asked = await again(() => client.post('/me/factor', { mobile, password: passwordOf(login) }));
  assert.equal(asked.status, 202, asked.text);
  const done = await client.post('/me/factor/confirm', { code: await codeTo(mobile) });
  assert.equal(done.status, 200, done.text);
  return done.json.recovery;
}

describe('where no SMS can be sent', () => {
  test('a number cannot be registered, and the answer says why', async () => {
    const me = await server.login('rep2', passwordOf('rep2'));
    assert.equal((await me.get('/me/factor')).json.ready, false);
    problem(await me.post('/me/factor', { mobile: mobileOf(), password: passwordOf('rep2') }), 409, 'conflict');
  });

  test('who requires it of others has one himself; required without a way to send shuts nobody out', async () => {
    const rep = people.rep.user.id;
    const refused = await admin.patchNow(`/users/${rep}`, { factor_required: true });
    assert.deepEqual(mistakes(refused), ['factor_required:conflict']);
    channel = await smsChannel();
    const mobile = mobileOf();
    const asked = await admin.post('/me/factor', { mobile, password: server.adminPassword });
    assert.equal(asked.status, 202, asked.text);
    assert.equal((await admin.post('/me/factor/confirm', { code: await codeTo(mobile) })).status, 200);
    assert.equal((await admin.patchNow(`/users/${rep}`, { factor_required: true })).status, 200);
    const due = await server.login('rep', passwordOf('rep'));
    assert.equal((await due.get('/me')).json.factor_due, true);
    problem(await due.get('/customers'), 403, 'forbidden');
    problem(await due.get('/sessions'), 403, 'forbidden'); // only begins like /session, which is open
    assert.equal((await due.get('/me/factor')).json.due, true);
    assert.equal((await admin.patchNow(`/channels/${channel.id}`, { enabled: false })).status, 200);
    assert.equal((await due.get('/customers')).status, 200);
    assert.equal((await admin.patchNow(`/channels/${channel.id}`, { enabled: true })).status, 200);
    problem(await due.get('/customers'), 403, 'forbidden');
    await enrol(due, 'rep', mobileOf());
    assert.equal((await due.get('/customers')).status, 200);
    problem(await due.del('/me/factor'), 403, 'step_up_required');
    assert.equal((await admin.patchNow(`/users/${rep}`, { factor_required: false })).status, 200);
    assert.equal((await admin.post(`/users/${rep}/actions/factor_off`, {})).status, 200);
  });
});

describe('a person', () => {
  const mobile = mobileOf();
  let paper, me;
  test('registers a number with his password and the code that went there', async () => {
    me = await server.login('rep2', passwordOf('rep2'));
    assert.deepEqual(mistakes(await me.post('/me/factor', { mobile: '010-62345678', password: passwordOf('rep2') })), ['mobile:format.mobile']);
    problem(await me.post('/me/factor', { mobile, password: 'not my password' }), 401, 'bad_credentials');
    assert.equal(sentTo(mobile).length, 0);
    const asked = await me.post('/me/factor', { mobile, password: passwordOf('rep2') });
    assert.equal(asked.status, 202, asked.text);
    assert.equal(asked.json.to, `${mobile.slice(0, 3)}****${mobile.slice(-4)}`);
    const code = await codeTo(mobile);
    assert.match(code, /^\d{6}$/);
    assert.match(sentTo(mobile)[0].text, new RegExp(`^${code} 是您的知客验证码，5 分钟内有效`));
    await until(async () => (await me.post('/me/factor', { mobile, look: true })).json.state === 'sent', 20_000, 'sent');
    problem(await me.post('/me/factor/confirm', { code: other(code) }), 401, 'bad_credentials');
    const done = await me.post('/me/factor/confirm', { code });
    assert.equal(done.status, 200, done.text);
    paper = done.json.recovery;
    assert.equal(new Set(paper).size, 10);
    problem(await me.post('/me/factor/confirm', { code }), 401, 'bad_credentials');
    const mine = (await me.get('/me/factor')).json;
    assert.deepEqual([mine.on, mine.recovery, mine.to], [true, 10, `${mobile.slice(0, 3)}****${mobile.slice(-4)}`]);
    const row = (await admin.get(`/users/${people.rep2.user.id}`)).json;
    assert.ok(row.factor_at && !JSON.stringify(row).includes(mobile));
  });

  test('signs in with password and code, each code once', async () => {
    const first = await again(async () => { const r = await open('rep2'); return r.json.why ? { status: 429 } : r; });
    assert.deepEqual([first.status, first.json.second_factor, first.json.user, first.headers.get('set-cookie')], [200, ['sms', 'recovery'], undefined, null]);
    const code = await codeTo(mobile, 2), { ticket } = first.json;
    problem(await verify(ticket, other(code)), 401, 'bad_credentials');
    problem(await verify('x'.repeat(43), code), 401, 'bad_credentials');
    const both = await Promise.all([verify(ticket, code), verify(ticket, code)]);
    assert.deepEqual(both.map((x) => x.status).sort(), [200, 401]);
    const ok = both.find((x) => x.status === 200);
    assert.equal(ok.json.user.login, 'rep2');
    assert.ok(ok.json.csrf && /zhike_session=/.test(ok.headers.get('set-cookie')));
    problem(await verify(ticket, code), 401, 'bad_credentials');
  });

  test('and is refused for an hour after ten wrong ones; a code on paper is a code like any other', async () => {
    const { ticket } = (await open('rep2')).json;
    let last;
    await until(async () => (last = await verify(ticket, 'wrong-00000', 'recovery')).status === 429, 20_000, 'ten wrong ones');
    assert.ok(Number(last.headers.get('retry-after')) > 60);
    problem(await verify(ticket, paper[0], 'recovery'), 429);
    // whoever has the password did this: codes by SMS are open, and so is the owner's session, on paper, too
    problem(await verify(ticket, '000000x'), 401, 'bad_credentials');
    problem(await me.post('/step-up', { method: 'recovery', code: 'wrong-00000' }), 401, 'bad_credentials');
    assert.equal((await me.post('/step-up', { method: 'recovery', code: paper[0] })).status, 204);
  });

  test('an administrator takes the factor away: audited, and every session of the person ends', async () => {
    const id = people.rep2.user.id;
    problem(await people.boss.post(`/users/${id}/actions/factor_off`, {}), 403);
    problem(await (await server.login('sysadmin', passwordOf('sysadmin'))).post(`/users/${id}/actions/factor_off`, {}), 403, 'step_up_required');
    assert.equal((await admin.post(`/users/${id}/actions/factor_off`, {})).status, 200);
    problem(await me.get('/me'), 401);
    problem(await admin.post(`/users/${id}/actions/factor_off`, {}), 409, 'conflict');
    const rows = (await admin.get(`/audit-logs?limit=50&sort=-id&${filter(['and', ['action', '=', 'factor_taken'], ['record_id', '=', id]])}`)).json.data;
    assert.equal(rows.length, 1);
    const plain = await open('rep2');
    assert.equal(plain.json.user.login, 'rep2');
  });
});

describe('tries at once', () => {
  // somebody nobody else signs in as: of ten tries an hour none is used before, and exactly ten are made
  const mobile = mobileOf();
  test('five tries of a code, counted before they are judged', async () => {
    const owner = await server.login('boss', passwordOf('boss'));
    await enrol(owner, 'boss', mobile);
    const { ticket } = (await again(async () => { const r = await open('boss'); return r.json.why ? { status: 429 } : r; })).json;
    const code = await codeTo(mobile, 2);
    const tries = await Promise.all(Array.from({ length: 8 }, () => verify(ticket, other(code))));
    for (const x of tries) problem(x, 401, 'bad_credentials');
    problem(await verify(ticket, code), 401, 'bad_credentials');
    const fresh = await again(() => server.anyone().post('/session/code', { ticket, method: 'sms' }));
    assert.equal(fresh.status, 202, fresh.text);
    problem(await verify(ticket, code), 401, 'bad_credentials'); // the former one is none any more
    problem(await verify(ticket, code), 429, 'limit'); // and the eleventh of the hour
    // the owner's open session asks for a code and steps up all the same
    assert.equal((await again(() => owner.post('/step-up/code', { method: 'sms' }))).status, 202);
    assert.equal((await owner.post('/step-up', { method: 'sms', code: await codeTo(mobile, 4) })).status, 204);
    assert.equal((await admin.post(`/users/${people.boss.user.id}/actions/factor_off`, {})).status, 200);
  });
});

describe('a sensitive operation', () => {
  const mobile = mobileOf();
  let me, paper;
  before(async () => { me = await server.login('sysadmin', passwordOf('sysadmin')); paper = await enrol(me, 'sysadmin', mobile); });
  const wanted = () => me.patchNow(`/users/${people.boss.user.id}`, { password: 'Other-River-2026-b' });

  test('asks for a code and not for the password any more', async () => {
    const refused = await wanted();
    problem(refused, 403, 'step_up_required');
    assert.deepEqual(refused.json.methods, ['sms', 'recovery']);
    assert.deepEqual(mistakes(await me.stepUp()), ['method:enum.unknown']);
    const asked = await again(() => me.post('/step-up/code', { method: 'sms' }));
    assert.equal(asked.status, 202, asked.text);
    const code = await codeTo(mobile, 2);
    problem(await admin.post('/step-up', { method: 'sms', code }), 401); // bound to the session
    problem(await me.post('/step-up', { method: 'sms', code: other(code) }), 401, 'bad_credentials');
    assert.equal((await me.post('/step-up', { method: 'sms', code })).status, 204);
    assert.equal((await wanted()).status, 200);
    problem(await me.post('/step-up', { method: 'sms', code }), 401, 'bad_credentials');
  });

  test('a code of a sign-in opens no operation, nor the other way round', async () => {
    const { ticket } = (await again(async () => { const r = await open('sysadmin'); return r.json.why ? { status: 429 } : r; })).json;
    const code = await codeTo(mobile, 3);
    problem(await me.post('/step-up', { method: 'sms', code }), 401, 'bad_credentials');
    const asked = await again(() => me.post('/step-up/code', { method: 'sms' }));
    assert.equal(asked.status, 202);
    problem(await verify(ticket, await codeTo(mobile, 4)), 401, 'bad_credentials');
  });

  test('a code on paper helps where the service is down, once', async () => {
    broken = { status: 400, body: 'no' };
    const asked = await again(() => me.post('/step-up/code', { method: 'sms' }));
    assert.equal(asked.status, 202);
    await until(async () => (await me.post('/step-up/code', { method: 'sms', look: true })).json.state === 'failed', 20_000, 'the sending failed');
    assert.match((await me.post('/step-up/code', { method: 'sms', look: true })).json.why, /没有发出去/);
    const typed = paper[3].toUpperCase().replace('-', ' ');
    assert.equal((await me.post('/step-up', { method: 'recovery', code: typed })).status, 204);
    problem(await me.post('/step-up', { method: 'recovery', code: paper[3] }), 401, 'bad_credentials');
    assert.equal((await me.get('/me/factor')).json.recovery, 9);
    // who has to register a number is not shut out by a service that is down
    assert.equal((await admin.patchNow(`/users/${people.rep.user.id}`, { factor_required: true })).status, 200);
    const due = await server.login('rep', passwordOf('rep'));
    assert.equal((await due.get('/customers')).status, 200);
    assert.equal((await admin.patchNow(`/users/${people.rep.user.id}`, { factor_required: false })).status, 200);
    broken = null;
  });

  test('new codes on paper end the old ones; the factor is given up by its owner', async () => {
    const fresh = (await me.post('/me/factor/recovery')).json.recovery;
    problem(await me.post('/step-up', { method: 'recovery', code: paper[4] }), 401, 'bad_credentials');
    assert.equal((await me.post('/step-up', { method: 'recovery', code: fresh[0] })).status, 204);
    assert.equal((await me.del('/me/factor')).status, 204);
    assert.equal((await me.stepUp()).status, 204);
  });

  test('a one-time token instead of the password asks for the code, too, and is used up with it', async () => {
    const number = mobileOf(), token = 'one-time-token-22-char';
    await enrol(me, 'sysadmin', number);
    const stored = `setup:${createHash('sha256').update(token).digest('hex')}`, id = people.sysadmin.user.id;
    const hash = async () => (await rowsOf(server, `SELECT password_hash FROM "user" WHERE id = ${id}`))[0][0];
    const before = await hash();
    await rowsOf(server, `UPDATE "user" SET password_hash = '${stored}' WHERE id = ${id}`);
    const redeem = () => server.anyone().post('/session', { login: 'sysadmin', password: token });
    const first = await again(async () => { const r = await redeem(); return r.json.why ? { status: 429 } : r; });
    assert.deepEqual([first.status, first.json.second_factor, first.json.user, first.headers.get('set-cookie')], [200, ['sms', 'recovery'], undefined, null]);
    const code = await codeTo(number, 2);
    problem(await calm(() => verify(first.json.ticket, other(code))), 401, 'bad_credentials');
    assert.equal(await hash(), stored, 'not used up by who has no code');
    const inside = await calm(() => verify(first.json.ticket, code));
    assert.equal(inside.json.user?.login, 'sysadmin', inside.text);
    assert.deepEqual(await rowsOf(server, `SELECT count(*) FROM "user" WHERE id = ${id} AND password_hash = ''`), [['1']]);
    problem(await calm(redeem), 401, 'bad_credentials');
    await rowsOf(server, `UPDATE "user" SET password_hash = '${before}', must_change_password = 0 WHERE id = ${id}`);
    assert.equal((await admin.post(`/users/${id}/actions/factor_off`, {})).status, 200);
    me = await server.login('sysadmin', passwordOf('sysadmin'));
  });

  test('a one-time token opens one session, whatever it began elsewhere', async () => {
    const number = mobileOf(), token = 'one-time-token-for-two', id = people.sysadmin.user.id;
    const codes = await enrol(me, 'sysadmin', number);
    const [[before]] = await rowsOf(server, `SELECT password_hash FROM "user" WHERE id = ${id}`);
    await rowsOf(server, `UPDATE "user" SET password_hash = 'setup:${createHash('sha256').update(token).digest('hex')}' WHERE id = ${id}`);
    const ask = () => calm(() => server.anyone().post('/session', { login: 'sysadmin', password: token }));
    const redeem = async () => { const r = await ask(); assert.ok(r.json.ticket, r.text); return r.json.ticket; };
    // used up elsewhere between the look at the token and the write of the ticket: to that write the row is another
    await rowsOf(server, { sqlite: 'CREATE TRIGGER used BEFORE UPDATE OF password_hash ON "user" WHEN NEW.password_hash = OLD.password_hash BEGIN SELECT RAISE(IGNORE); END',
      pg: 'CREATE FUNCTION used() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql; CREATE TRIGGER used BEFORE UPDATE OF password_hash ON "user" FOR EACH ROW WHEN (NEW.password_hash = OLD.password_hash) EXECUTE FUNCTION used()' });
    const late = await ask();
    await rowsOf(server, { sqlite: 'DROP TRIGGER used', pg: 'DROP FUNCTION used() CASCADE' });
    problem(late, 401, 'bad_credentials');
    const [first, second, third] = [await redeem(), await redeem(), await redeem()];
    const inside = await calm(() => verify(first, codes[0], 'recovery'));
    assert.equal(inside.json.user?.login, 'sysadmin', inside.text);
    problem(await calm(() => verify(second, codes[1], 'recovery')), 401, 'bad_credentials');
    problem(await calm(() => server.anyone().post('/session/code', { ticket: third, method: 'sms' })), 401, 'bad_credentials');
    assert.deepEqual(await rowsOf(server, `SELECT count(*) FROM second_step WHERE user_id = ${id}`), [['0']]);
    await rowsOf(server, `UPDATE "user" SET password_hash = '${before}', must_change_password = 0 WHERE id = ${id}`);
    assert.equal((await admin.post(`/users/${id}/actions/factor_off`, {})).status, 200);
    me = await server.login('sysadmin', passwordOf('sysadmin'));
  });

  test('the operator of the machine opens an account whose factor is lost', async () => {
    await enrol(me, 'sysadmin', mobileOf());
    const gone = await server.cli('user', 'factor-off', 'SYSADMIN');
    assert.equal(gone.code, 0, gone.stderr);
    assert.notEqual((await server.cli('user', 'factor-off', 'sysadmin')).code, 0);
    await until(async () => (await open('sysadmin')).json.user?.login === 'sysadmin', 20_000, 'a sign-in by the password');
  });
});

describe('limits and traces', () => {
  test('a number gets so many codes, whoever asks', async () => {
    const tight = await startServer({ company: true, env: { ZHIKE_OUTBOUND_PRIVATE: sms.host, ZHIKE_CODE_PAUSE: '10m', ZHIKE_LIMIT_CODE: '2/h' } });
    try {
      const staff = await makeCompany(tight, { only: ['rep', 'rep2', 'boss'] });
      const root = await tight.admin();
      await root.stepUp();
      await make(root, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}","text":"{{text}}"}' });
      const mobile = mobileOf();
      const ask = (who, login) => staff[who].post('/me/factor', { mobile, password: passwordOf(login) });
      assert.equal((await ask('rep', 'rep')).status, 202);
      const soon = await ask('rep', 'rep');
      problem(soon, 429, 'limit');
      const wait = Number(soon.headers.get('retry-after'));
      assert.ok(wait > 400 && wait <= 600, `${wait} s`);
      // the right password was none of the ten wrong ones an hour, however often the pause refused
      for (let i = 0; i < 15; i++) assert.ok(Number((await calm(() => ask('rep', 'rep'))).headers.get('retry-after')) > 400);
      for (let i = 0; i < 12; i++) assert.equal((await calm(() => staff.rep.stepUp())).status, 204);
      // wrong ones are, also at once, and a right one between them takes nothing back but itself
      const guess = () => staff.boss.post('/step-up', { method: 'password', code: 'not my password' });
      const burst = await Promise.all(Array.from({ length: 6 }, guess)), wrong = burst.filter((x) => x.status === 401);
      assert.equal((await calm(() => staff.boss.stepUp())).status, 204);
      let refused = 0, shed = burst.filter((x) => x.status === 503).length; // a try that a busy server did not judge may be counted all the same
      while (wrong.length + refused < 600) {
        const more = await Promise.all([guess(), guess(), guess()]);
        wrong.push(...more.filter((x) => x.status === 401));
        refused += more.filter((x) => x.status === 429).length;
        shed += more.filter((x) => x.status === 503).length;
        if (more.every((x) => Number(x.headers.get('retry-after')) > 60)) break;
      }
      assert.ok(wrong.length <= 10 && (shed || wrong.length > 6), `${wrong.length} wrong ones, ${shed} not judged`);
      assert.ok(Number((await calm(() => staff.boss.stepUp())).headers.get('retry-after')) > 60);
      // the pause again, but short
      await tight.halt();
      tight.env.ZHIKE_CODE_PAUSE = '1s';
      await tight.launch();
      for (const who of Object.values(staff)) who.url = tight.url;
      assert.equal((await again(() => ask('rep2', 'rep2'))).status, 202);
      let last;
      await until(async () => (last = await ask('rep', 'rep')).headers.get('retry-after') > 60, 20_000, 'the hour');
      problem(last, 429, 'limit');
      await until(() => sentTo(mobile).length === 2, 20_000, 'both are sent');
      // of his own number each has had nothing yet: claimed by others or not, his codes for sign-ins go there
      assert.equal((await staff.rep.post('/me/factor/confirm', { code: sentTo(mobile)[0].code })).status, 200);
      const signing = await calm(() => tight.anyone().post('/session', { login: 'rep', password: passwordOf('rep') }));
      assert.equal(signing.json.why, null, signing.text);
      await until(() => sentTo(mobile).length === 3, 20_000, 'the code of the sign-in');
      // who has only the password uses up the codes of signing in; the owner's session has its own
      await until(async () => (await tight.anyone().post('/session', { login: 'rep', password: passwordOf('rep') })).json.why === null, 20_000, 'the second of the hour');
      const more = await calm(() => tight.anyone().post('/session', { login: 'rep', password: passwordOf('rep') }));
      assert.ok(more.json.why, more.text);
      await until(async () => (last = await tight.anyone().post('/session/code', { ticket: more.json.ticket, method: 'sms' })).headers.get('retry-after') > 60, 20_000, 'the hour of sign-ins');
      assert.equal((await calm(() => staff.rep.post('/step-up/code', { method: 'sms' }))).status, 202);
    } finally { await tight.stop(); }
  });

  test('to numbers that are not his yet a person has few codes a day, and they are none of those of his own', async () => {
    const strict = await startServer({ company: true, env: { ZHIKE_OUTBOUND_PRIVATE: sms.host, ZHIKE_CODE_PAUSE: '1s', ZHIKE_LIMIT_CODE_NEW: '2/day' } });
    try {
      const { rep } = await makeCompany(strict, { only: ['rep'] });
      const root = await strict.admin();
      await root.stepUp();
      await make(root, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}","text":"{{text}}"}' });
      const ask = (mobile) => rep.post('/me/factor', { mobile, password: passwordOf('rep') });
      const mine = mobileOf();
      assert.equal((await again(() => ask(mobileOf()))).status, 202);
      assert.equal((await again(() => ask(mine))).status, 202);
      let last;
      await until(async () => (last = await ask(mobileOf())).headers.get('retry-after') > 3600, 20_000, 'the day');
      problem(last, 429, 'limit');
      const proof = await codeTo(mine);
      assert.equal((await calm(() => rep.post('/me/factor/confirm', { code: proof }))).status, 200);
      assert.equal((await calm(() => rep.post('/step-up/code', { method: 'sms' }))).status, 202);
    } finally { await strict.stop(); }
  });

  test('a right code opens nothing while wrong passwords lock the account', async () => {
    const house = await startServer({ company: true, env: { ZHIKE_OUTBOUND_PRIVATE: sms.host, ZHIKE_CODE_PAUSE: '1s' } });
    try {
      const { rep } = await makeCompany(house, { only: ['rep'] });
      const root = await house.admin(), number = mobileOf();
      await root.stepUp();
      await make(root, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}","text":"{{text}}"}' });
      await enrol(rep, 'rep', number);
      const enter = (password) => house.anyone().post('/session', { login: 'rep', password });
      const prove = (ticket, code) => calm(() => house.anyone().post('/session/verify', { ticket, method: 'sms', code }));
      const asked = async (n) => ({ ticket: (await again(async () => { const r = await enter(passwordOf('rep')); return r.json.why ? { status: 429 } : r; })).json.ticket, code: await codeTo(number, n) });
      const free = await asked(2);
      assert.equal((await prove(free.ticket, free.code)).status, 200);
      const held = await asked(3);
      for (let i = 0; i < 5; i++) problem(await calm(() => enter('wrong-wrong-wrong')), 401, 'bad_credentials');
      problem(await calm(() => enter(passwordOf('rep'))), 401, 'locked_out');
      problem(await prove(held.ticket, held.code), 401, 'bad_credentials');
    } finally { await house.stop(); }
  });

  test('no code stands in the log, the deliveries, the audit or the dump', async () => {
    const codes = sms.calls.map((c) => JSON.parse(c.body)).filter((m) => m.code).map((m) => m.code);
    assert.ok(codes.length > 5);
    await until(async () => (await admin.get(`/deliveries?limit=1&${filter(['and', ['kind', '=', 'code'], ['state', 'in', ['waiting', 'sending']]])}`)).json.data.length === 0, 120_000, 'all settled');
    const texts = [server.log, (await admin.get('/deliveries?limit=200')).text, (await admin.get('/audit-logs?limit=200')).text, (await server.cli('dump')).stdout];
    // a number by itself may be the same by chance: as a text, or within one, it is the code
    for (const text of texts)
      for (const code of codes) assert.ok(!new RegExp(`(?<![0-9a-f:.])${code}(?![0-9a-f])`).test(text), `${code} in ${text.slice(Math.max(0, text.search(code) - 80), text.search(code) + 80)}`);
  });
});
