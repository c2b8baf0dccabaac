// One click from the mail that asks for approval: what the link opens, for whom, how long, and how it cannot be bent.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { until } from '../lib/index.mjs';
import { address, mailsTo, mailTo, peer, smtp } from '../lib/mailbox.mjs';
import { filter, make, mistakes, problem } from '../lib/records.mjs';

let h, p, id, f, inbox, sms;
before(async () => {
  sms = await peer(() => ({ body: { ok: 1 } }));
  h = await approvals({ env: { ZHIKE_OUTBOUND_PRIVATE: `${smtp},${sms.host}`, ZHIKE_HTTP_BASE_URL: 'http://localhost/', ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1' }, only: ['rep', 'rep2', 'manager', 'dept_head', 'boss', 'sysadmin'] });
  ({ p, id } = h);
  await make(h.admin, 'channels', { name: '邮件', kind: 'mail', url: `smtp://${smtp}`, sender: '知客 <crm@example.com>' });
  inbox = {};
  for (const who of ['manager', 'dept_head', 'rep2']) {
    inbox[who] = address(who);
    assert.equal((await h.admin.patchNow(`/users/${id[who]}`, { email: inbox[who] })).status, 200);
    assert.equal((await p[who].patch('/me/notify', { kinds: { approval: ['mail'] } })).status, 200);
  }
  f = await h.flow({ fields: ['name'] });
});
after(() => Promise.all([h?.server.stop(), sms?.stop()]));

const nobody = () => h.server.anyone();
/** Each call from a network of its own: what one of them may try is limited. */
let calls = 0;
const from = () => ({ 'X-Forwarded-For': `10.${calls >> 8}.${calls++ & 255}.7` });
const look = (token, headers = from()) => nobody().post('/approval-link/look', { token }, headers);
const answer = (token, what, comment) => nobody().post('/approval-link/answer', { token, answer: what, ...(comment ? { comment } : {}) }, from());
const tokenIn = (mail) => /http:\/\/localhost\/approve#([\w.-]+)/.exec(mail.text)?.[1];
let n = 0;
/** A request of the rep, and the token that came to who by mail. */
async function asked(who = 'manager', over = {}) {
  const c = await h.keyCustomer(over), name = `邮件审批${++n}有限公司`;
  const r = await h.filed(p.rep, { record: c.id, input: { name } });
  const mail = await until(() => mailsTo(inbox[who]).find((m) => m.text.includes(c.name)), 20_000, 'the mail');
  assert.ok(tokenIn(mail), mail.text);
  return { c, r, name, mail, token: tokenIn(mail) };
}
const nameOf = async (c) => (await p.boss.get(`/customers/${c.id}`)).json.name;
/** The token with one part exchanged: 0 task, 1 version, 2 end, 3 signature. */
const bent = (token, part, value) => { const parts = token.split('.'); parts[part] = value(parts[part]); return parts.join('.'); };

describe('the link', () => {
  test('shows the request to its person without a session, agrees once, and the engine does it', async () => {
    const { c, r, name, mail, token } = await asked();
    assert.match(mail.html, /查看并审批/);
    const seen = await look(token);
    assert.equal(seen.status, 200, seen.text);
    assert.deepEqual([seen.json.person, seen.json.requester, seen.json.number, seen.json.reason, seen.json.operation], ['郑经理', '冯销售', r.number, '客户要求', '修改数据']);
    assert.deepEqual(seen.json.look.changes.map((x) => [x.before, x.after]), [[c.name, name]]);
    assert.equal(await nameOf(c), c.name, 'looking changes nothing');
    assert.equal((await answer(token, 'agree')).status, 204);
    assert.equal(await nameOf(c), name);
    assert.equal(await h.stateOf(r), 'done');
    problem(await answer(token, 'agree'), 404, 'not_found');
    problem(await answer(token, 'refuse', '反悔'), 404, 'not_found');
    problem(await look(token), 404, 'not_found');
    const audit = (await h.admin.get(`/audit-logs?limit=5&${filter(['action', '=', 'approval_mail'])}`)).json.data;
    assert.equal(audit[0]?.record ?? audit[0]?.record_id, r.id, JSON.stringify(audit[0]));
  });

  test('refuses with a reason', async () => {
    const { c, r, token } = await asked();
    assert.deepEqual(mistakes(await answer(token, 'refuse')), ['comment:required']);
    assert.equal((await answer(token, 'refuse', '长'.repeat(1001))).status, 422);
    assert.equal((await answer(token, 'refuse', '理由不足')).status, 204);
    assert.deepEqual([await h.stateOf(r), (await p.rep.get(`/change-requests/${r.id}`)).json.result], ['refused', '理由不足']);
    assert.equal(await nameOf(c), c.name);
  });

  test('changes nothing when it is fetched: a mail scanner answers no request', async () => {
    const { r, token } = await asked();
    for (const path of ['/approve', `/approve?${token}`, `/approve/${token}`]) {
      for (const method of ['GET', 'HEAD']) assert.ok((await fetch(`${h.server.url}${path}`, { method })).status < 500, path);
    }
    for (const path of ['/approval-link/look', '/approval-link/answer', `/approval-link/answer?token=${token}`])
      assert.ok([404, 405, 401, 400].includes((await nobody().get(path)).status), path);
    // a form of another site cannot post it either
    const form = await fetch(`${h.server.url}/api/v1/approval-link/answer`, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `token=${token}&answer=agree` });
    assert.ok(form.status >= 400, String(form.status));
    assert.equal(await h.stateOf(r), 'waiting');
    await h.act(p.rep, r, 'withdraw');
  });

  test('speaks for its person whoever is signed in, and gives that browser no session', async () => {
    const { r, token } = await asked();
    const other = await h.server.login('rep', p.rep.password); // the requester himself opens the mail of his manager
    assert.equal((await other.post('/approval-link/look', { token })).json.person, '郑经理');
    const seen = await look(token);
    assert.equal(seen.headers.get?.('set-cookie') ?? null, null);
    problem(await other.get('/sessions?user=1'), 403);
    assert.equal((await other.get('/me')).json.user.login, 'rep');
    await h.act(p.rep, r, 'withdraw');
  });

  test('is stored nowhere: not in the database, the deliveries, the log', async () => {
    const { r, token } = await asked();
    const signature = token.split('.')[3];
    await look(token);
    assert.ok(!(await h.server.cli('dump')).stdout.includes(signature));
    assert.ok(!(await h.admin.get('/deliveries?limit=50&fields=link,text,subject,address')).text.includes(signature));
    assert.ok(!(await h.admin.get('/audit-logs?limit=100')).text.includes(signature));
    assert.ok(!h.server.log.includes(signature));
    await h.act(p.rep, r, 'withdraw');
  });
});

describe('it ends', () => {
  const ended = async (token) => { problem(await look(token), 404, 'not_found'); problem(await answer(token, 'agree'), 404, 'not_found'); };

  test('when the request is withdrawn, answered elsewhere, sent back, or the task handed on', async () => {
    const a = await asked();
    assert.equal((await h.act(p.rep, a.r, 'withdraw')).status, 200);
    await ended(a.token);
    const b = await asked();
    assert.equal((await h.act(p.manager, b.r, 'send_back', { comment: '补材料' })).status, 200);
    await ended(b.token);
    assert.equal((await h.act(p.rep, b.r, 'submit')).status, 200);
    await ended(b.token); // a new task, a new link
    await h.act(p.rep, b.r, 'withdraw');
    const c = await asked();
    assert.equal((await h.act(p.manager, c.r, 'delegate', { to: id.dept_head })).status, 200);
    await ended(c.token);
    const theirs = tokenIn(await mailTo(inbox.dept_head));
    assert.equal((await look(theirs)).json.person, '吴部长');
    assert.equal((await h.act(p.dept_head, c.r, 'delegate', { to: id.manager })).status, 200);
    await ended(c.token); // back with the same person: still the old task's link
    await h.act(p.rep, c.r, 'withdraw');
  });

  test('when the person is disabled, gets another address or another password', async () => {
    const a = await asked('manager');
    await h.admin.stepUp();
    const old = inbox.manager;
    inbox.manager = address('moved');
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { email: inbox.manager })).status, 200);
    await ended(a.token);
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { email: old })).status, 200);
    inbox.manager = old;
    assert.equal((await look(a.token)).status, 200, 'the address it went to is his again');
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { password: 'Another-pass-2026!' })).status, 200);
    await ended(a.token);
    await h.act(p.rep, a.r, 'withdraw');
    const b = await asked('manager');
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { status: 'disabled' })).status, 200);
    await ended(b.token);
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { status: 'active' })).status, 200);
    p.manager = await h.server.login('manager', 'Another-pass-2026!');
    await h.act(p.rep, b.r, 'withdraw');
  });

  test('when he goes on leave: the deputy gets his own', async () => {
    const a = await asked();
    const count = mailsTo(inbox.rep2).length, [today, later] = [0, 2].map((n) => new Date(Date.now() + (8 + 24 * n) * 3600_000).toISOString().slice(0, 10)); // it may be nearly midnight
    assert.equal((await p.manager.post(`/users/${id.manager}/actions/away`, { from: today, to: later, deputy: id.rep2 })).status, 200);
    await ended(a.token);
    const mail = await mailTo(inbox.rep2, count + 1);
    assert.match(mail.headers.subject, /代郑经理/);
    assert.equal((await look(tokenIn(mail))).json.person, '陈销售');
    assert.equal((await p.manager.post(`/users/${id.manager}/actions/away`, {})).status, 200);
    await ended(tokenIn(mail));
    await h.act(p.rep, a.r, 'withdraw');
  });
});

describe('an account that asks for more than a mailbox', () => {
  test('locked after wrong passwords its links open nothing', async () => {
    const { r, token } = await asked('manager');
    assert.equal((await look(token)).json.sign_in, false);
    for (let i = 0; i < 5; i++) await nobody().post('/session', { login: 'manager', password: `wrong-${i}` }, from());
    problem(await look(token), 404, 'not_found');
    problem(await answer(token, 'agree'), 404, 'not_found');
    assert.equal(await h.stateOf(r), 'waiting');
    await h.act(p.rep, r, 'withdraw');
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { password: 'A-third-pass-2026!' })).status, 200);
    p.manager = await h.server.login('manager', 'A-third-pass-2026!');
  });

  test('with a second factor it looks by the link and answers signed in', async () => {
    const { c, r, token } = await asked('manager');
    await make(h.admin, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}"}' });
    const begun = await p.manager.post('/me/factor', { mobile: '13900007777', password: 'A-third-pass-2026!' });
    assert.equal(begun.status, 202, begun.text);
    const { code } = await until(() => sms.calls.map((x) => JSON.parse(x.body)).find((m) => m.to === '13900007777'), 20_000, 'the code');
    assert.equal((await p.manager.post('/me/factor/confirm', { code })).status, 200);
    const seen = await look(token);
    assert.deepEqual([seen.status, seen.json.sign_in, seen.json.number], [200, true, r.number], seen.text);
    for (const what of ['agree', 'refuse']) problem(await answer(token, what, '理由'), 403, 'forbidden');
    assert.deepEqual([await h.stateOf(r), await nameOf(c)], ['waiting', c.name]);
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r), 'done');
    await h.admin.stepUp();
    assert.equal((await h.admin.post(`/users/${id.manager}/actions/factor_off`, {})).status, 200);
    p.manager = await h.server.login('manager', 'A-third-pass-2026!');
  });
});

describe('bent', () => {
  test('in any part it opens nothing, and the answer does not tell why', async () => {
    const a = await asked(), b = await asked('manager');
    const flip = (s) => (s[0] === 'A' ? 'B' : 'A') + s.slice(1);
    const words = new Set();
    for (const token of [
      bent(a.token, 0, () => b.token.split('.')[0]), // the signature of another task
      bent(a.token, 0, () => '1'), bent(a.token, 0, () => '9'.repeat(18)), // tasks that are none
      bent(a.token, 1, (v) => String(Number(v) + 1)), bent(a.token, 2, (v) => String(Number(v) + 86_400_000)), bent(a.token, 2, () => '9007199254740993'),
      bent(a.token, 3, flip), bent(a.token, 3, () => 'A'.repeat(43)), bent(a.token, 3, (s) => s.slice(1)), bent(a.token, 3, (s) => `${s}A`), bent(a.token, 3, (s) => s.toLowerCase()),
      bent(a.token, 0, (v) => `+${v}`), bent(a.token, 0, (v) => ` ${v}`), bent(a.token, 0, (v) => `0${v}`), bent(a.token, 0, (v) => `-${v}`),
      '', '.', '...', '1.1.1.', `${a.token}.`, `.${a.token}`, a.token.replaceAll('.', ' '), 'x'.repeat(4000), `${a.token}\u0000`, '１.１.１.'.padEnd(60, 'A'),
    ]) {
      const seen = await look(token);
      assert.ok([400, 404, 422].includes(seen.status), `${token}: ${seen.status}`);
      if (seen.status === 404) words.add(seen.json.detail);
      const done = await answer(token, 'agree');
      assert.ok([400, 404, 422].includes(done.status), `${token}: ${done.status}`);
    }
    assert.equal(words.size, 1, [...words].join(' / '));
    for (const body of [{}, { token: 7 }, { token: null }, { token: [a.token] }, { token: a.token, user: id.boss }, []])
      assert.ok([400, 422].includes((await nobody().post('/approval-link/look', body, from())).status), JSON.stringify(body));
    assert.deepEqual([await h.stateOf(a.r), await h.stateOf(b.r)], ['waiting', 'waiting']);
    await Promise.all([h.act(p.rep, a.r, 'withdraw'), h.act(p.rep, b.r, 'withdraw')]);
  });

  test('and tried again and again it is told to wait', async () => {
    const one = from();
    let status = 0;
    for (let i = 0; i < 2000 && status !== 429; i++) status = (await look(`1.1.1.${'A'.repeat(43)}`, one)).status;
    assert.equal(status, 429);
    assert.equal((await look(`1.1.1.${'A'.repeat(43)}`)).status, 404, 'others are not');
  });
});

describe('other people', () => {
  test('used twice at the same moment it counts once; who may not read the record sees its personal fields masked', async () => {
    await h.drop(f);
    const flow = await h.flow({ fields: ['phone'], steps: [{ who: 'user', user: h.id.rep2 }, { who: 'user', user: h.id.boss }] });
    const c = await h.keyCustomer();
    const r = await h.filed(h.p.rep, { record: c.id, input: { phone: '13777778888' } });
    const token = tokenIn(await until(() => mailsTo(inbox.rep2).find((m) => m.text.includes(c.name)), 20_000, 'the mail'));
    const use = (body, path = 'answer') => nobody().post(`/approval-link/${path}`, { token, ...body }, from());
    const seen = await use({}, 'look');
    assert.equal(seen.status, 200, seen.text);
    assert.ok(!seen.text.includes('13777778888') && !seen.text.includes(c.phone), `he may not read the record: its number stays masked: ${seen.text}`);
    assert.equal(seen.json.look.readable, false);
    const both = await Promise.all([1, 2, 3, 4].map(() => use({ answer: 'agree' })));
    assert.deepEqual(both.map((x) => x.status).sort().slice(0, 1), [204]);
    assert.equal(both.filter((x) => x.status === 204).length, 1, both.map((x) => x.status).join());
    assert.ok(both.every((x) => [204, 404, 409, 403].includes(x.status)), both.map((x) => x.status).join());
    const parts = (await h.p.rep.get(`/approval-tasks?limit=20&sort=id&${filter(['request', '=', r.id])}`)).json.data;
    assert.deepEqual(parts.map((t) => [t.owner.id, t.state]), [[h.id.rep2, 'agreed'], [h.id.boss, 'waiting']]);
    await h.drop(flow);
  });

  test('no link goes to who carries out, and none where the house has no address', async () => {
    const to = address('carry');
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${h.id.sysadmin}`, { email: to })).status, 200);
    assert.equal((await h.p.sysadmin.patch('/me/notify', { kinds: { approval: ['mail'] } })).status, 200);
    const flow = await h.flow({ on_edit: false, by_admin: true });
    const c = await h.keyCustomer();
    const r = await h.filed(h.p.rep, { operation: 'delete', record: c.id });
    assert.equal((await h.act(h.p.manager, r, 'agree')).status, 200);
    const mail = await mailTo(to);
    assert.ok(!tokenIn(mail), mail.text);
    assert.ok(mail.text.includes(`http://localhost/approvals?open=${r.id}`), mail.text);
    await h.drop(flow);
  });
});
