// Channels, the outbox and its postmen: a real mail server, peers of the message services that check what they are sent.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, psql, sleep, startServer, until } from '../lib/index.mjs';
import { address, mailsTo, mailTo, peer, smtp } from '../lib/mailbox.mjs';
import { filter, make, makeCustomer, mistakes, problem } from '../lib/records.mjs';

let server, admin, people, wecom, feishu, dingtalk, hook, one, two;
const answers = {};
const said = (name, dflt) => () => answers[name]?.() ?? { body: dflt };
const secretOf = `whsec_${Buffer.from('a key of twenty-four bytes').toString('base64')}`;

before(async () => {
  [wecom, feishu, dingtalk, hook, one, two] = await Promise.all([
    peer((c) => (c.url.startsWith('/cgi-bin/gettoken') ? { body: { errcode: 0, access_token: 'T1', expires_in: 7200 } } : said('wecom', { errcode: 0, msgid: 'm1' })())),
    peer(said('feishu', { code: 0, msg: 'success' })), peer(said('dingtalk', { errcode: 0, errmsg: 'ok' })), peer(() => answers.hook?.() ?? { status: 204, body: '' }),
    peer((c) => answers.one?.(c)), peer((c) => answers.two?.(c))]);
  server = await startServer({ company: true, env: {
    ZHIKE_OUTBOUND_PRIVATE: [smtp, '127.0.0.1:9', ...[wecom, feishu, dingtalk, hook, one, two].map((p) => p.host)].join(','), ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1', ZHIKE_HTTP_BASE_URL: 'http://localhost' } });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'sysadmin'] });
  admin = await server.admin();
  await admin.stepUp();
});
after(() => Promise.all([server?.stop(), wecom?.stop(), feishu?.stop(), dingtalk?.stop(), hook?.stop(), one?.stop(), two?.stop()]));

const channel = (over) => make(admin, 'channels', { name: `渠道${Math.random()}`, ...over });
const sql = async (text) => (server.database ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 10000', join(server.dir, 'zhike.db'), text]));
const mailChannel = (over) => channel({ kind: 'mail', url: `smtp://${smtp}`, sender: '知客 <crm@example.com>', ...over });
const off = async (...channels) => { for (const c of channels) await admin.delNow(`/channels/${c.id}`); };
const delivery = async (id) => (await admin.get(`/deliveries/${id}`)).json;
async function test_(c, to) {
  const { status, json, text } = await admin.post(`/channels/${c.id}/actions/test`, to ? { to } : {});
  assert.equal(status, 200, text);
  return json.delivery;
}
const settled = async (id, states = ['sent', 'dead', 'dropped']) => {
  await until(async () => states.includes((await delivery(id)).state), 20_000, `delivery ${id} in ${states}`);
  return delivery(id);
};
const tried = async (id, attempts) => {
  await until(async () => { const d = await delivery(id); return d.attempts >= attempts && d.state === 'waiting'; }, 20_000, `attempt ${attempts} of ${id}`);
  return delivery(id);
};

describe('a channel', () => {
  test('keeps its secret to itself', async () => {
    const c = await mailChannel({ account: '', secret: 'Hush-Hush-2026' });
    for (const path of [`/channels/${c.id}`, '/channels', `/channels/${c.id}/history`, '/audit-logs?limit=200'])
      assert.ok(!(await admin.get(path)).text.includes('Hush-Hush'), path);
    const dump = await server.cli('dump');
    assert.ok(!dump.stdout.includes('Hush-Hush'));
    await off(c);
  });

  test('is only for who has the right, and after a second verification', async () => {
    problem(await people.rep.get('/channels'), 403, 'forbidden');
    problem(await people.rep.get('/deliveries'), 403, 'forbidden');
    problem(await people.rep.get('/message-templates'), 403, 'forbidden');
    problem(await people.rep.post('/channels', { name: 'x', kind: 'mail', url: `smtp://${smtp}`, sender: 'a@example.com' }), 403, 'forbidden');
    const fresh = await server.login('sysadmin', passwordOf('sysadmin'));
    problem(await fresh.post('/channels', { name: 'x', kind: 'mail', url: `smtp://${smtp}`, sender: 'a@example.com' }), 403, 'step_up_required');
  });

  test('says what it lacks, by field', async () => {
    const answer = await admin.post('/channels', { name: 'x', kind: 'sms_tencent' });
    assert.deepEqual(mistakes(answer), ['account:required', 'secret:required', 'sender:required', 'template:required']);
    assert.deepEqual(mistakes(await admin.post('/channels', { name: 'x', kind: 'webhook', url: 'ftp://x/', events: '*' })), ['secret:required', 'url:invalid']);
    assert.deepEqual(mistakes(await admin.post('/channels', { name: 'x', kind: 'mail', url: 'https://mail/', sender: 'a@example.com' })), ['url:invalid']);
    // What every letter would fail by later is refused where it is typed.
    for (const sender of ['not an address', '知客 <crm@>', '知客 <crm@example.com> x', 'a@example.com, b@example.com'])
      assert.deepEqual(mistakes(await admin.post('/channels', { name: 'x', kind: 'mail', url: `smtp://${smtp}`, sender })), ['sender:format.email'], sender);
    for (const [kind, url] of [['wecom_robot', 'http://10.0.0.1/hook'], ['feishu_robot', 'http://8.8.8.8/'], ['dingtalk_robot', 'http://user@hook.example:80/x'], ['wecom_robot', 'http://[::1]/x'], ['wecom_robot', 'http://[::1]:99999/x'], ['wecom_robot', 'http://:80/']])
      assert.deepEqual(mistakes(await admin.post('/channels', { name: 'x', kind, url })), ['url:invalid'], url);
    for (const secret of ['abc', 'whsec_', 'whsec_YWJj', `${secretOf}!`])
      assert.deepEqual(mistakes(await admin.post('/channels', { name: 'x', kind: 'webhook', url: 'https://x.example/', events: '*', secret })), ['secret:invalid'], secret);
  });

  test('that was stored before a rule of its form is switched off all the same, and on again only when it keeps to it', async () => {
    const old = await mailChannel();
    await sql(`UPDATE channel SET sender = '知客', url = 'http://old.lan/' WHERE id = ${old.id}`);
    assert.equal((await admin.patchNow(`/channels/${old.id}`, { enabled: false })).json.enabled, false);
    assert.deepEqual(mistakes(await admin.patchNow(`/channels/${old.id}`, { enabled: true })), ['sender:format.email', 'url:invalid']);
    await off(old);
  });

  test('sends a kept secret to the address it was typed for only', async () => {
    const c = await mailChannel({ account: 'crm', secret: 'Kept-Secret-2026' });
    const moved = await admin.patchNow(`/channels/${c.id}`, { url: 'smtp://mail.elsewhere.example:587' });
    assert.deepEqual(mistakes(moved), ['secret:required']);
    assert.equal((await admin.patchNow(`/channels/${c.id}`, { url: 'smtp://mail.elsewhere.example:587', secret: 'Typed-Again-2026' })).status, 200);
    await off(c);
  });

  test('never calls into the house unless the settings file says so', async () => {
    const targets = ['https://127.0.0.1:1/', 'https://localhost:1/', 'https://169.254.169.254/latest', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/', 'https://2130706433/'];
    for (const url of targets) {
      const c = await channel({ kind: 'webhook', url, events: '*', secret: secretOf, enabled: true });
      const d = await settled(await test_(c));
      assert.equal(d.state, 'dead', url);
      assert.equal(d.code, 'refused', `${url}: ${d.error}`);
      await off(c);
    }
  });
});

describe('mail', () => {
  let c;
  before(async () => { c = await mailChannel(); });
  after(() => off(c));

  test('that is refused says what to look at, and what the server said', async () => {
    const own = await mailChannel();
    const refused = await settled(await test_(own, 'nobody@example.com'));
    assert.equal(refused.state, 'dead');
    assert.match(refused.error, /^邮件服务器不接受这个收件人.*（5\d\d .+）$/);
    const nowhere = await mailChannel({ url: 'smtp://127.0.0.1:9' });
    const d = await tried(await test_(nowhere, address()), 1);
    assert.match(d.error, /^连接不上，请检查渠道的“地址”/);
    await off(own, nowhere);
  });

  test('arrives as it was meant', async () => {
    const to = address();
    const d = await settled(await test_(c, to));
    assert.equal(d.state, 'sent', d.error);
    const mail = await mailTo(to);
    assert.match(mail.headers.from, /知客.*<crm@example\.com>/);
    assert.equal(mail.headers.subject, '知客 测试消息');
    assert.equal(mail.headers['auto-submitted'], 'auto-generated');
    assert.equal(mail.headers['message-id'], `<zhike.${d.id}@example.com>`);
    assert.match(mail.text, /这是一条测试消息/);
    assert.match(mail.html, /<html>/);
    assert.equal((await admin.get(`/channels/${c.id}`)).json.last_error, null);
  });

  test('refused for good is dead, refused for now comes back, and a person can send it again', async () => {
    const never = await settled(await test_(c, 'nobody@example.com'));
    assert.equal(never.state, 'dead');
    assert.equal(never.code, '550');
    assert.equal(never.attempts, 1);
    const again = await tried(await test_(c, 'busy@example.com'), 1);
    assert.equal(again.code, '450');
    assert.ok(Date.parse(again.next_at) > Date.now());
    assert.equal((await admin.post(`/deliveries/${again.id}/actions/drop`)).status, 200);
    assert.equal((await delivery(again.id)).state, 'dropped');
    assert.equal((await admin.post(`/deliveries/${never.id}/actions/retry`)).status, 200);
    assert.equal((await settled(never.id, ['dead'])).attempts, 1);
    problem(await admin.post(`/deliveries/${(await settled(await test_(c, address()))).id}/actions/retry`), 409, 'conflict');
    problem(await people.rep.post(`/deliveries/${never.id}/actions/retry`), 403, 'forbidden');
  });

  test('a hundred letters go by, each once', async () => {
    const to = Array.from({ length: 100 }, () => address('many'));
    for (let i = 0; i < to.length; i += 20) await Promise.all(to.slice(i, i + 20).map((t) => test_(c, t)));
    await until(() => to.every((t) => mailsTo(t).length), 60_000, 'a hundred mails');
    assert.deepEqual(to.filter((t) => mailsTo(t).length !== 1), []);
  });

  test('letters survive a kill -9 between the claim and the end', async () => {
    const to = Array.from({ length: 30 }, () => address('kill'));
    const letters = await Promise.all(to.map((t) => test_(c, t)));
    await server.halt('SIGKILL');
    await server.launch();
    people = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'sysadmin'] });
    admin = await server.admin();
    await admin.stepUp();
    // what the dead process had claimed comes back when its claim is over
    const rows = await Promise.all(letters.map(delivery));
    const claimed = rows.filter((d) => d.state === 'sending');
    assert.ok(claimed.every((d) => Date.parse(d.next_at) - Date.now() < 125_000), 'a claim is for two minutes');
    const rest = to.filter((t, i) => rows[i].state !== 'sending');
    await until(() => rest.every((t) => mailsTo(t).length >= 1), 30_000, 'what was not under way');
    assert.deepEqual(to.filter((t) => mailsTo(t).length > 1), []);
  });
});

describe('a notice', () => {
  let c, to, mine;
  const tasks = (owner, title) => make(people.boss, 'tasks', { title, owner, due_at: new Date(Date.now() + 864e5).toISOString() });
  const prefs = (body) => people.rep.patch('/me/notify', body);
  const at = (minutes) => new Date(Date.now() + 8 * 3600_000 + minutes * 60_000).toISOString().slice(11, 16); // the house is in Shanghai
  before(async () => {
    c = await mailChannel();
    to = address('rep');
    mine = people.rep.user.id;
    assert.equal((await admin.patchNow(`/users/${mine}`, { email: to })).status, 200);
  });
  after(() => off(c));

  test('goes by mail to whom wants it, with the way to the record', async () => {
    await tasks(mine, '没有要求邮件');
    assert.equal((await prefs({ kinds: { task_assigned: ['mail'] } })).status, 200);
    const t = await tasks(mine, '回访客户');
    const mail = await mailTo(to);
    assert.match(mail.text, /回访客户/);
    assert.ok(mail.text.includes(`http://localhost/e/tasks/${t.id}`), mail.text);
    assert.equal(mailsTo(to).length, 1);
    const { json } = await people.rep.get('/me/notify');
    assert.deepEqual(json.notify, { kinds: { task_assigned: ['mail'] } });
    assert.deepEqual(json.media.filter((m) => m.ready).map((m) => m.medium), ['mail']);
    assert.ok(json.media.find((m) => m.medium === 'wecom').why);
  });

  test('waits for the end of quiet hours, and for the hour of the digest', async () => {
    assert.equal((await prefs({ quiet: { from: at(-30), to: at(30) } })).status, 200);
    await tasks(mine, '夜里的任务');
    const rows = async () => (await admin.get(`/deliveries?sort=-id&limit=10&fields=state,digest,next_at,kind&${filter(['user', '=', mine])}`)).json.data;
    const [quiet] = await rows();
    assert.equal(quiet.state, 'waiting');
    const wait = Date.parse(quiet.next_at) - Date.now();
    assert.ok(wait > 25 * 60_000 && wait < 35 * 60_000, `${wait} ms`);
    assert.equal((await prefs({ quiet: null, digest: { at: at(60) } })).status, 200);
    await tasks(mine, '汇总的任务');
    const [digest] = await rows();
    assert.equal(digest.digest, true);
    const later = Date.parse(digest.next_at) - Date.now();
    assert.ok(later > 55 * 60_000 && later < 65 * 60_000, `${later} ms`);
    assert.equal((await prefs({ digest: null })).status, 200);
  });

  test('a digest is one mail, however many it tells of, with the way to each and the time it left', async () => {
    assert.equal((await prefs({ kinds: { task_assigned: ['mail'] }, digest: { at: at(180) } })).status, 200);
    const waiting = async () => (await admin.get(`/deliveries?limit=200&fields=id&${filter(['and', ['user', '=', mine], ['state', 'in', ['waiting', 'sending']], ['digest', '=', true]])}`)).json.data.map((d) => d.id);
    for (const id of await waiting()) assert.equal((await admin.post(`/deliveries/${id}/actions/drop`)).status, 200); // of the tests before
    const had = mailsTo(to).length, made = [];
    for (let i = 0; i < 110; i++) made.push(await tasks(mine, `汇总第${i}件`)); // more than a round of the postman takes
    // written an hour ago, and due: one statement, so that no round can find a part of them
    await sql(`UPDATE delivery SET at = at - 3600000, next_at = 1 WHERE user_id = ${mine} AND digest = 1 AND state = 'waiting'`);
    const told = () => mailsTo(to).slice(had).map((m) => m.headers.subject).filter((subject) => /条新通知/.test(subject));
    await until(() => told().reduce((sum, subject) => sum + Number(subject.replace(/\D/g, '')), 0) >= 110, 60_000, 'all of the digest arrived');
    assert.deepEqual(told(), ['您有 110 条新通知']);
    await until(async () => (await waiting()).length === 0, 20_000, 'each letter of it noted as sent');
    const [mail] = mailsTo(to).slice(had).filter((m) => m.text.includes('汇总第'));
    assert.ok(mail.text.includes(`给您分配了任务：汇总第0件\n  http://localhost/e/tasks/${made[0].id}\n`), mail.text.slice(0, 400));
    assert.ok(mail.html.includes(`<a href="http://localhost/e/tasks/${made[0].id}">`), mail.html.slice(0, 1200));
    assert.equal(mail.text.match(/^• /gm).length, 100);
    assert.match(mail.text, /还有 10 条，请打开知客查看/);
    assert.match(mail.text, /http:\/\/localhost\/notifications\s*$/);
    assert.ok(Math.abs(Date.parse(mail.headers.date) - Date.now()) < 30 * 60_000, mail.headers.date);
    await prefs({ digest: null });
  });

  test('of a timed rule about several records is one mail, with the way to their list', async () => {
    assert.equal((await prefs({ kinds: { rule: ['mail'] } })).status, 200);
    const name = `定时${Date.now()}`;
    for (const n of [1, 2, 3]) await makeCustomer(people.rep, { name: `${name}第${n}家` });
    const r = await make(people.boss, 'rules', { name: `${name}规则`, entity: 'customer', event: 'scheduled', cron: '30 1 * * *', enabled: true, filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '{name} 该联系了' }] });
    const run = await people.boss.post(`/rules/${r.id}/actions/run_now`, {});
    assert.equal((await people.boss.job(run.json.job.id)).state, 'done');
    const find = async () => (await admin.get(`/deliveries?sort=-id&limit=50&fields=id,state,kind&${filter(['and', ['user', '=', mine], ['kind', '=', 'rule']])}`)).json.data;
    const sent = await until(async () => { const found = await find(); return found[0]?.state === 'sent' ? found : undefined; }, 30_000, 'it left');
    assert.equal(sent.length, 1);
    const mail = await until(() => mailsTo(to).find((m) => m.text.includes(`${name}第1家 该联系了；${name}第2家 该联系了；${name}第3家 该联系了`)), 20_000, 'it arrived');
    assert.match(mail.headers.subject, new RegExp(`${name}规则：客户 3 条`));
    const [, id] = /http:\/\/localhost\/notifications\?go=(\d+)\s/.exec(`${mail.text} `);
    assert.equal((await people.rep.get(`/notifications/${id}`)).json.members, 3);
    await people.boss.delNow(`/rules/${r.id}`);
    assert.equal((await prefs({ kinds: {} })).status, 200);
  });

  test('is not sent to whom may not read the record any more', async () => {
    const made = await makeCustomer(people.rep2);
    await prefs({ kinds: { shared: ['mail'], transferred: ['mail'] }, digest: { at: at(120) } });
    assert.equal((await people.rep2.post(`/customers/${made.id}/actions/share`, { with: mine, right: 'read' })).status, 200);
    const find = async () => (await admin.get(`/deliveries?sort=-id&limit=1&${filter(['user', '=', mine])}`)).json.data[0];
    const waiting = await find();
    assert.equal(waiting.kind, 'shared');
    assert.ok([200, 204].includes((await people.rep2.post(`/customers/${made.id}/actions/unshare`, { with: mine })).status));
    await admin.post(`/deliveries/${waiting.id}/actions/drop`);
    await admin.post(`/deliveries/${waiting.id}/actions/retry`); // due now
    assert.equal((await settled(waiting.id)).state, 'dropped');
    await prefs({ digest: null });
  });

  test('that tells of several quotes, when it leaves, those its receiver still reads, and is dropped where there is none', async () => {
    assert.equal((await prefs({ kinds: { rule: ['mail'] }, quiet: { from: at(-60), to: at(120) } })).status, 200);
    const name = `成批${Date.now()}`, made = [], other = (await people.rep2.get('/me')).json.user.id;
    for (const n of [1, 2, 3, 4, 5]) made.push(await makeCustomer(people.rep, { name: `${name}第${n}家` }));
    const r = await make(people.boss, 'rules', { name: `${name}规则`, entity: 'customer', event: 'scheduled', cron: '30 1 * * *', enabled: true, filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '{name} 该联系了' }] });
    const letter = async () => {
      const run = await people.boss.post(`/rules/${r.id}/actions/run_now`, {});
      assert.equal((await people.boss.job(run.json.job.id)).state, 'done');
      const [d] = (await admin.get(`/deliveries?sort=-id&limit=1&${filter(['and', ['user', '=', mine], ['kind', '=', 'rule']])}`)).json.data;
      assert.equal(d.state, 'waiting');
      return d;
    };
    const leaves = async (d) => {
      await admin.post(`/deliveries/${d.id}/actions/drop`);
      await admin.post(`/deliveries/${d.id}/actions/retry`); // due now
      return (await settled(d.id)).state;
    };
    const given = async (c) => assert.equal((await people.boss.post(`/customers/${c.id}/actions/transfer`, { owner: other, reason: '交接' })).status, 200);
    const some = await letter(), none = await letter();
    assert.match(some.subject, /：客户 5 条$/);
    await given(made[0]);
    assert.equal((await people.boss.delNow(`/customers/${made[2].id}`)).status, 204); // lies in the bin
    await given(made[3]);
    assert.equal(await leaves(some), 'sent');
    const mail = await until(() => mailsTo(to).find((m) => m.text.includes(name)), 20_000, 'it arrived');
    assert.match(mail.headers.subject, new RegExp(`${name}规则：客户 2 条`));
    assert.match(mail.text, new RegExp(`${name}第2家 该联系了；${name}第5家 该联系了`));
    assert.doesNotMatch(mail.text, new RegExp(`${name}第[134]家`));
    await given(made[1]);
    assert.equal((await people.boss.delNow(`/customers/${made[4].id}`)).status, 204);
    assert.equal(await leaves(none), 'dropped');
    assert.equal(mailsTo(to).filter((m) => m.text.includes(name)).length, 1);
    await people.boss.delNow(`/rules/${r.id}`);
    // of one record: not while it lies in the bin
    assert.equal((await prefs({ kinds: { task_assigned: ['mail'] } })).status, 200);
    const task = await tasks(mine, `${name}任务`);
    const [d] = (await admin.get(`/deliveries?sort=-id&limit=1&${filter(['and', ['user', '=', mine], ['kind', '=', 'task_assigned']])}`)).json.data;
    assert.equal((await people.boss.delNow(`/tasks/${task.id}`)).status, 204);
    assert.equal(await leaves(d), 'dropped');
    assert.equal((await prefs({ kinds: {}, quiet: null })).status, 200);
  });

  test('to many is written in sets: found by its title, and it goes by the media each chose', async () => {
    await prefs({ kinds: { announcement: ['mail'] } });
    const title = `全员大会 Ａ${Date.now()}`;
    await make(people.boss, 'announcements', { title, body: '周五下午三点', audience: 'all' });
    await until(() => mailsTo(to).some((m) => m.text.includes(title)), 20_000, 'the announcement by mail');
    for (const q of [title, '全员大会 a']) { // as any text is found: without case and width
      const { json } = await people.rep2.get(`/notifications?${filter(['title', 'contains', q])}`);
      assert.deepEqual(json.data.map((n) => n.title), [title]);
    }
    await prefs({ kinds: { task_assigned: ['mail'] } });
    await tasks(mine, '找得到的任务');
    assert.equal((await people.rep.get(`/notifications?${filter(['text', 'contains', '找得到'])}`)).json.data.length, 1);
  });

  test('preferences name what is wrong in them', async () => {
    assert.deepEqual(mistakes(await prefs({ kinds: { nothing: ['mail'] } })), ['notify.kinds.nothing:enum.unknown']);
    assert.deepEqual(mistakes(await prefs({ kinds: { shared: ['pigeon'] } })), ['notify.kinds.shared:enum.unknown']);
    assert.deepEqual(mistakes(await prefs({ quiet: { from: '25:00', to: '07:00' } })), ['notify.quiet.from:invalid']);
    for (const from of ['24:00', '24:59', '23:60', '7:00', '07-00', '07:0a', '007:00', ''])
      assert.deepEqual(mistakes(await prefs({ quiet: { from, to: '07:00' } })), ['notify.quiet.from:invalid'], from);
    assert.equal((await prefs({ quiet: { from: '23:59', to: '00:00' } })).status, 200);
    assert.equal((await prefs({ quiet: null })).status, 200);
    assert.ok([400, 422].includes((await prefs({ other: 1 })).status));
    assert.ok([400, 422].includes((await prefs({ kinds: 7 })).status));
  });

  test('reads as the template says; a template with places nobody fills is refused', async () => {
    const bad = await admin.post('/message-templates', { name: 'x', kind: 'notice', medium: 'mail', body: '{{password}} {{title}}' });
    assert.deepEqual(mistakes(bad), ['body:invalid']);
    assert.match(bad.text, /password/);
    const t = await make(admin, 'message-templates', { name: '通知邮件', kind: 'notice', medium: 'mail', subject: '【{{company}}】{{title}}', body: '致 {{name}}：{{title}}｜{{text}}' });
    problem(await admin.post('/message-templates', { name: 'y', kind: 'notice', medium: 'mail', body: '{{title}}' }), 409, 'conflict');
    const look = await admin.post(`/message-templates/${t.id}/actions/preview`, {});
    assert.match(look.json.body, /^致 .*云栖科技有限公司$/);
    await prefs({ kinds: { task_assigned: ['mail'] } });
    await tasks(mine, '{{link}} 样子');
    await until(() => mailsTo(to).some((m) => /^致 冯销售：.*｜\{\{link\}\} 样子/.test(m.text)), 20_000, 'a mail by the template');
    await admin.delNow(`/message-templates/${t.id}`);
  });
});

describe('message services', () => {
  test('a group robot of 企业微信; a mistake inside HTTP 200 is a mistake', async () => {
    const c = await channel({ kind: 'wecom_robot', url: `${wecom.url}/cgi-bin/webhook/send?key=1` });
    assert.equal((await settled(await test_(c))).state, 'sent');
    const body = JSON.parse(wecom.calls.at(-1).body);
    assert.equal(body.msgtype, 'text');
    assert.match(body.text.content, /测试/);
    answers.wecom = () => ({ body: { errcode: 93000, errmsg: 'invalid webhook url' } });
    const dead = await settled(await test_(c));
    assert.deepEqual([dead.state, dead.code], ['dead', '93000']);
    answers.wecom = () => ({ body: { errcode: 45009, errmsg: 'api freq out of limit' } });
    const later = await tried(await test_(c), 1);
    assert.equal(later.code, '45009');
    answers.wecom = () => ({ body: { errcode: 40058, errmsg: '长'.repeat(3000) } });
    assert.equal((await settled(await test_(c))).state, 'dead'); // a mistake of any length is kept, cut between characters
    answers.wecom = () => ({ body: '<html>gateway</html>' });
    assert.equal((await tried(await test_(c), 1)).code, 'answer');
    answers.wecom = null;
    await off(c);
  });

  test('an app of 企业微信 asks for its token once', async () => {
    const c = await channel({ kind: 'wecom_app', url: wecom.url, account: 'corp', secret: 's&s', sender: '1000002' });
    const before = wecom.calls.length;
    assert.equal((await settled(await test_(c, 'zhangsan'))).provider, 'm1');
    assert.equal((await settled(await test_(c, 'lisi'))).state, 'sent');
    const calls = wecom.calls.slice(before);
    assert.deepEqual(calls.map((x) => x.url), ['/cgi-bin/gettoken?corpid=corp&corpsecret=s%26s', '/cgi-bin/message/send?access_token=T1', '/cgi-bin/message/send?access_token=T1']);
    assert.equal(JSON.parse(calls[1].body).touser, 'zhangsan');
    assert.equal(JSON.parse(calls[1].body).agentid, 1000002);
    await off(c);
  });

  test('钉钉 and 飞书 are signed to, each in its own way round', async () => {
    const d = await channel({ kind: 'dingtalk_robot', url: `${dingtalk.url}/robot/send?access_token=T`, secret: 'SECtest' });
    const f = await channel({ kind: 'feishu_robot', url: `${feishu.url}/open-apis/bot/v2/hook/t`, secret: 'test' });
    assert.equal((await settled(await test_(d))).state, 'sent');
    const u = new URL(dingtalk.calls.at(-1).url, 'http://x');
    const stamp = u.searchParams.get('timestamp');
    assert.ok(Math.abs(stamp - Date.now()) < 60_000);
    assert.equal(u.searchParams.get('sign'), createHmac('sha256', 'SECtest').update(`${stamp}\nSECtest`).digest('base64'));
    assert.equal((await settled(await test_(f))).state, 'sent');
    const body = JSON.parse(feishu.calls.at(-1).body);
    assert.equal(body.sign, createHmac('sha256', `${body.timestamp}\ntest`).update('').digest('base64'));
    await off(d, f);
  });

  test('more than a channel may a minute waits without losing a try', async () => {
    const c = await channel({ kind: 'feishu_robot', url: `${feishu.url}/x`, per_minute: 3 });
    const letters = [];
    for (let i = 0; i < 5; i++) letters.push(await test_(c));
    await until(async () => (await Promise.all(letters.map(delivery))).filter((x) => x.state === 'sent').length === 3, 20_000, 'three sent');
    await sleep(600);
    const rest = (await Promise.all(letters.map(delivery))).filter((x) => x.state !== 'sent');
    assert.deepEqual(rest.map((x) => [x.state, x.attempts]), [['waiting', 0], ['waiting', 0]]);
    await off(c);
  });
});

describe('a robot of a group', () => {
  const said = (from) => dingtalk.calls.slice(from).map((x) => JSON.parse(x.body).text.content);
  test('hears of the events it is to hear of: who, what and where, and nothing that stands in the record', async () => {
    const c = await channel({ kind: 'dingtalk_robot', url: `${dingtalk.url}/robot/send?access_token=E`, secret: 'SECtest', events: 'customer.created' });
    const from = dingtalk.calls.length;
    const made = await makeCustomer(people.rep, { name: '群里不该看到的名称' });
    await until(() => said(from).length === 1, 20_000, 'the robot');
    assert.match(said(from)[0], new RegExp(`^冯销售 新建了一条客户\\n+http://localhost/e/customers/${made.id}$`));
    await people.rep.patchNow(`/customers/${made.id}`, { remark: '改' });
    problem(await people.rep.post('/customers', { name: '' }), 422);
    const mark = await settled(await test_(c)); // whatever was written before it is settled, too
    assert.equal(mark.state, 'sent');
    assert.equal(said(from).length, 2);
    await off(c);
  });

  test('says what a rule has it say, as the owner of the rule reads it', async () => {
    const c = await channel({ kind: 'feishu_robot', url: `${feishu.url}/open-apis/bot/v2/hook/g`, secret: 'test' });
    const rule = { name: '重点客户进群', entity: 'customer', event: 'created', enabled: true, filter: ['level', '=', 'key'], actions: [{ do: 'group', channel: c.id, text: '新的重点客户：{name}' }] };
    problem(await people.boss.post('/rules', rule), 422); // manages no channels
    assert.deepEqual(mistakes(await admin.post('/rules', { ...rule, actions: [{ do: 'group', channel: 1, text: 'x' }] })), ['actions:invalid']);
    const kinds = (await admin.post('/rules/actions/kinds', {})).json;
    assert.ok(kinds.groups.some((g) => g.id === c.id) && kinds.actions.some((a) => a.name === 'group'));
    const made = await make(admin, 'rules', rule);
    const from = feishu.calls.length;
    const one = await makeCustomer(people.rep, { level: 'key', name: '云上重点客户' });
    await makeCustomer(people.rep, { level: 'normal' });
    await until(() => feishu.calls.length > from, 20_000, 'the group');
    const text = JSON.parse(feishu.calls[from].body).content.text;
    assert.match(text, /^新的重点客户：/);
    assert.ok(text.endsWith(`http://localhost/e/customers/${one.id}`), text);
    await admin.delNow(`/rules/${made.id}`);
    await off(c);
  });

  test('of two postmen at the same limit none sends more than the limit', async () => {
    const c = await channel({ kind: 'wecom_robot', url: `${wecom.url}/cgi-bin/webhook/send?key=2` });
    const from = wecom.calls.length;
    await Promise.all(Array.from({ length: 60 }, () => admin.post(`/channels/${c.id}/actions/test`, {})));
    const states = async () => (await admin.get(`/deliveries?limit=100&${filter(['channel', '=', c.id])}`)).json.data;
    await until(async () => { const all = await states(); return all.length === 60 && all.filter((d) => d.state === 'sent').length === 20 && all.filter((d) => d.state === 'waiting').length === 40; }, 20_000, 'twenty sent, forty put off');
    assert.equal(wecom.calls.length - from, 20);
    assert.ok((await states()).filter((d) => d.state === 'waiting').every((d) => d.attempts === 0));
    await off(c);
  });
});

describe('a webhook', () => {
  let c;
  const told = (id) => hook.calls.filter((x) => JSON.parse(x.body).data.id === id).map((x) => JSON.parse(x.body).type);
  before(async () => { c = await channel({ kind: 'webhook', url: `${hook.url}/in`, events: 'customer.created, customer.deleted; contact.*', secret: secretOf }); });
  after(() => off(c));

  test('hears of what it asked for, signed, with the record and nothing that stands in it', async () => {
    const made = await makeCustomer(people.rep, { name: '保密客户名称' });
    await people.rep.patchNow(`/customers/${made.id}`, { remark: '改' });
    assert.equal((await people.boss.delNow(`/customers/${made.id}`)).status, 204);
    await until(() => told(made.id).length >= 2, 20_000, 'two events');
    await sleep(400);
    assert.deepEqual(told(made.id).sort(), ['customer.created', 'customer.deleted']);
    const call = hook.calls.find((x) => JSON.parse(x.body).data.id === made.id);
    assert.ok(!call.body.includes('保密'));
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': proof } = call.headers;
    assert.equal(proof, `v1,${createHmac('sha256', Buffer.from(secretOf.slice(6), 'base64')).update(`${id}.${at}.${call.body}`).digest('base64')}`);
  });

  test('a change that fails tells nobody', async () => {
    const before = hook.calls.length;
    problem(await people.rep.post('/customers', { name: '' }), 422);
    await sleep(600);
    assert.equal(hook.calls.length, before);
  });

  test('comes back to one that fails, with the same number, and leaves one that is gone', async () => {
    answers.hook = () => ({ status: 503, headers: { 'Retry-After': '2' } });
    const made = await makeCustomer(people.rep);
    await until(() => told(made.id).length, 20_000, 'the first try');
    answers.hook = () => ({ status: 302, headers: { Location: `${wecom.url}/stolen` } });
    await until(() => told(made.id).length >= 2, 30_000, 'the second try');
    const [one, two] = hook.calls.filter((x) => JSON.parse(x.body).data.id === made.id);
    assert.equal(one.headers['webhook-id'], two.headers['webhook-id']);
    assert.ok(!wecom.calls.some((x) => x.url === '/stolen'));
    answers.hook = () => ({ status: 410 });
    await makeCustomer(people.rep);
    await until(async () => (await admin.get(`/channels/${c.id}`)).json.enabled === false, 20_000, 'the channel is off');
    answers.hook = null;
    const calls = hook.calls.length;
    await makeCustomer(people.rep);
    await sleep(600);
    assert.equal(hook.calls.length, calls);
  });
});

describe('a letter under way', () => {
  /** The two minutes of a claim are over: without waiting for them. */
  const claimOver = (id) => sql(`UPDATE delivery SET next_at = 1 WHERE id = ${id} AND state = 'sending'`);
  const numbers = (from) => hook.calls.slice(from).map((x) => x.headers['webhook-id']);

  test('outlives its process: killed while it was being sent, it goes once the claim is over, with the same number', async () => {
    const c = await channel({ kind: 'webhook', url: `${hook.url}/kill`, events: 'nothing.ever', secret: secretOf });
    const from = hook.calls.length;
    answers.hook = () => ({ status: -1 }); // no answer, ever
    const id = await test_(c);
    await until(() => hook.calls.length > from, 20_000, 'the first call');
    await server.halt('SIGKILL');
    answers.hook = null;
    await server.launch();
    people = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'sysadmin'] });
    admin = await server.admin();
    await admin.stepUp();
    assert.equal((await delivery(id)).state, 'sending'); // the claim of the dead process holds: nobody sends beside it
    await claimOver(id);
    const d = await settled(id);
    assert.deepEqual([d.state, d.attempts], ['sent', 2]);
    assert.deepEqual(numbers(from), [`msg_${id}`, `msg_${id}`]);
    await off(c);
  });

  test('outlives its claim: two postmen may send it, never under two numbers, and what the slower says changes nothing', async () => {
    const c = await channel({ kind: 'webhook', url: `${hook.url}/slow`, events: 'nothing.ever', secret: secretOf });
    const from = hook.calls.length;
    let answerLater;
    answers.hook = () => { answers.hook = null; return { later: new Promise((done) => { answerLater = done; }) }; };
    const id = await test_(c);
    await until(() => hook.calls.length > from, 20_000, 'the first call');
    await claimOver(id);
    const d = await settled(id);
    assert.deepEqual([d.state, d.attempts], ['sent', 2]);
    answerLater({ status: 500 });
    const mark = await settled(await test_(c));
    assert.equal(mark.state, 'sent');
    assert.equal((await delivery(id)).state, 'sent');
    assert.deepEqual(numbers(from).slice(0, 2), [`msg_${id}`, `msg_${id}`]);
    await off(c);
  });
});

describe('what every service can do', () => {
  // kind, what it needs, its success, a mistake worth another try, one that is for good (each inside HTTP 200, where the vendor does so)
  const services = [
    ['wecom_robot', {}, { errcode: 0 }, { errcode: 45009, errmsg: 'freq' }, { errcode: 93000, errmsg: 'url' }],
    ['wecom_app', { account: 'corp', sender: '7' }, { errcode: 0, msgid: 'm' }, { errcode: -1, errmsg: 'busy' }, { errcode: 60111, errmsg: 'no such person' }],
    ['dingtalk_robot', {}, { errcode: 0 }, { errcode: 130101, errmsg: 'send too fast' }, { errcode: 310000, errmsg: 'sign' }],
    ['dingtalk_app', { account: 'key', sender: '7' }, { errcode: 0, task_id: 1 }, { errcode: -1, errmsg: 'busy' }, { errcode: 33012, errmsg: 'nobody' }],
    ['feishu_robot', {}, { code: 0 }, { code: 11232, msg: 'frequency' }, { code: 19021, msg: 'sign' }],
    ['feishu_app', { account: 'cli', sender: '7' }, { code: 0, data: { message_id: 'om' } }, { code: 99991400, msg: 'limit' }, { code: 230001, msg: 'param' }],
    ['sms_aliyun', { account: 'AK', sender: '签名', template: 'SMS_1' }, { Code: 'OK', BizId: 'b' }, { Code: 'isp.SYSTEM_ERROR', Message: 'busy' }, { Code: 'isv.SMS_SIGNATURE_ILLEGAL', Message: 'signature' }],
    ['sms_tencent', { account: 'AK', sender: '14:签名', template: '1' }, { Response: { SendStatusSet: [{ Code: 'Ok', SerialNo: 's' }] } },
      { Response: { Error: { Code: 'InternalError', Message: 'busy' } } }, { Response: { SendStatusSet: [{ Code: 'FailedOperation.InsufficientBalanceInSmsPackage', Message: 'empty' }] } }],
  ];
  const tokens = (url) => (url.includes('gettoken') ? { errcode: 0, access_token: 'T', expires_in: 7200 } : url.includes('/oauth2/accessToken') ? { accessToken: 'T', expireIn: 7200 }
    : url.includes('tenant_access_token') ? { code: 0, tenant_access_token: 'T', expire: 7200 } : null);
  for (const [kind, needs, good, again, never] of services)
    test(`${kind}: sent, mistaken inside HTTP 200, down, answering nonsense`, async () => {
      let answer = { body: good };
      answers.one = (call) => { const token = tokens(call.url); return token ? { body: token } : answer; };
      try {
        const c = await channel({ kind, url: one.url, secret: kind === 'dingtalk_robot' ? 'SECtest' : 's', ...needs });
        const to = kind.startsWith('sms') ? '13800138000' : 'zhangsan';
        const fate = async (next, attempts) => { answer = next; const id = await test_(c, kind.includes('robot') ? undefined : to); return attempts ? tried(id, attempts) : settled(id); };
        assert.equal((await fate({ body: good })).state, 'sent');
        assert.equal((await fate({ body: never })).state, 'dead');
        const busy = await fate({ body: again }, 1);
        assert.ok(Date.parse(busy.next_at) > Date.now() && busy.error);
        assert.equal((await fate({ body: '<html>gateway</html>' }, 1)).state, 'waiting');
        assert.equal((await fate({ status: 503, body: 'x' }, 1)).state, 'waiting');
        assert.equal((await fate({ status: 0 }, 1)).code, 'no_answer');
        const row = (await admin.get(`/channels/${c.id}`)).json;
        assert.ok(row.failing_since && row.last_error);
        await off(c);
      } finally { answers.one = null; }
    });

  test('a token of a service is of its address: another address gets none of it', async () => {
    const token = (n) => (call) => (call.url.includes('gettoken') ? { body: { errcode: 0, access_token: `TOKEN-${n}`, expires_in: 7200 } } : { body: { errcode: 0 } });
    answers.one = token(1);
    answers.two = token(2);
    const from = two.calls.length;
    const c = await channel({ kind: 'wecom_app', url: one.url, account: 'corp', secret: 's', sender: '7' });
    assert.equal((await settled(await test_(c, 'zhangsan'))).state, 'sent');
    assert.equal((await admin.patchNow(`/channels/${c.id}`, { url: two.url, secret: 's' })).status, 200);
    assert.equal((await settled(await test_(c, 'zhangsan'))).state, 'sent');
    const calls = two.calls.slice(from);
    assert.ok(calls.length === 2 && !calls.some((x) => x.url.includes('TOKEN-1') || JSON.stringify(x.headers).includes('TOKEN-1')));
    assert.ok(calls[1].url.includes('TOKEN-2'));
    await off(c);
  });
});

describe('a forgotten password', () => {
  let c, to;
  const ask = (login) => server.anyone().post('/password-reset', { login });
  const tokenIn = (mail) => /\/password#([A-Za-z0-9_-]{22})/.exec(mail.text)?.[1];
  before(async () => {
    c = await mailChannel();
    to = address('boss');
    assert.equal((await admin.patchNow(`/users/${people.boss.user.id}`, { email: to })).status, 200);
  });
  after(() => off(c));

  test('a link by mail sets a new one, once, and ends every session', async () => {
    const known = await ask('boss'), unknown = await ask('nobody-at-all');
    assert.deepEqual([known.status, known.text], [202, unknown.text]);
    const token = tokenIn(await mailTo(to));
    assert.ok(token);
    assert.deepEqual((await server.anyone().post('/password-reset/look', { token })).json, { login: 'boss', kind: 'reset' });
    const weak = await server.anyone().post('/password-reset/confirm', { token, password: 'short' });
    assert.equal(weak.status, 422);
    const row = (await admin.get(`/deliveries?sort=-id&limit=5&${filter(['kind', '=', 'reset'])}`)).json.data[0];
    assert.ok(row && !JSON.stringify(row).includes(token));
    assert.ok(!(await server.cli('dump')).stdout.includes(token), 'the token is nowhere in the data');
    const both = await Promise.all([1, 2].map((n) => server.anyone().post('/password-reset/confirm', { token, password: `Lantern-river-${n}-2026` })));
    assert.deepEqual(both.map((x) => x.status).sort(), [204, 404]);
    assert.equal((await people.boss.get('/me')).status, 401);
    const n = both[0].status === 204 ? 1 : 2;
    assert.equal((await server.login('boss', `Lantern-river-${n}-2026`)).user.login, 'boss');
    problem(await server.anyone().post('/password-reset/look', { token }), 404, 'not_found');
  });

  test('a link opens nothing once the address or the password is another', async () => {
    const to2 = address('rep');
    const fresh = await server.login('sysadmin', passwordOf('sysadmin'));
    problem(await fresh.patchNow(`/users/${people.rep2.user.id}`, { email: to2 }), 403, 'step_up_required');
    assert.equal((await admin.patchNow(`/users/${people.rep2.user.id}`, { email: to2 })).status, 200);
    assert.equal((await ask('rep2')).status, 202);
    const token = tokenIn(await mailTo(to2));
    assert.equal((await server.anyone().post('/password-reset/look', { token })).status, 200);
    assert.equal((await admin.patchNow(`/users/${people.rep2.user.id}`, { email: address('moved') })).status, 200);
    problem(await server.anyone().post('/password-reset/confirm', { token, password: 'Quiet-harbor-91-z' }), 404, 'not_found');
  });

  test('is asked for a few times an hour only, and by text only', async () => {
    assert.ok([400, 422].includes((await server.anyone().post('/password-reset', { login: ['boss', 'thief@example.com'] })).status));
    let last;
    for (let i = 0; i < 50 && last?.status !== 429; i++) last = await ask('boss');
    problem(last, 429);
  });

  test('addresses of one IPv6 network are one asker', async () => {
    const from = (ip) => server.anyone().post('/password-reset', { login: 'nobody-at-all' }, { 'X-Forwarded-For': ip });
    const net = '2001:db8:7:1';
    for (let i = 1; i <= 5; i++) assert.equal((await from(`${net}::${i}`)).status, 202);
    problem(await from(`${net}:ffff:ffff:ffff:1`), 429, 'limit'); // the hour began with the first of them
    assert.equal((await from('2001:db8:7:2::1')).status, 202);
    assert.equal((await from('198.51.100.7')).status, 202);
  });

  test('an invitation opens an account', async () => {
    const email = address('new');
    const person = await make(admin, 'users', { login: 'newcomer', name: '新同事', status: 'pending', email });
    problem(await people.rep.post(`/users/${person.id}/actions/invite`, {}), 403);
    assert.equal((await admin.post(`/users/${person.id}/actions/invite`, {})).status, 200);
    const token = tokenIn(await mailTo(email));
    assert.equal((await server.anyone().post('/password-reset/confirm', { token, password: 'Copper-meadow-77-x' })).status, 204);
    assert.equal((await server.login('newcomer', 'Copper-meadow-77-x')).user.login, 'newcomer');
  });
});
