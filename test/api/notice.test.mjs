// Notifications (own rows only, live, read), reminders of tasks, announcements and who has acknowledged them.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { makeCompany, sleep, startServer, until } from '../lib/index.mjs';
import { listen } from '../lib/events.mjs';
import { make, makeCustomer, problem } from '../lib/records.mjs';

let server, people, ids;
const ears = [];
const hear = async (...args) => { const e = await listen(...args); ears.push(e); return e; };
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'west_rep', 'sysadmin', 'boss'] });
  ids = {};
  for (const login of ['rep', 'rep2', 'manager', 'west_rep', 'boss']) ids[login] = (await people[login].get('/me')).json.user.id;
});
afterEach(async () => {
  for (const e of ears.splice(0)) e.close();
  await until(async () => /^zhike_live_listeners 0$/m.test((await server.anyone().get('//metrics')).text), 10_000, 'the end of the streams of this test');
});
after(() => server?.stop());

const notices = async (who, kind) => (await who.get('/notifications?limit=200')).json.data.filter((n) => !kind || n.kind === kind);
const soon = (ms) => new Date(Date.now() + ms).toISOString();

describe('notifications', () => {
  test('a task given by somebody else is told live; one\'s own is not', async () => {
    const ear = await hear(people.rep), other = await hear(people.rep2);
    const t = await make(people.manager, 'tasks', { title: '拜访云杉', owner: ids.rep });
    const e = await ear.next((x) => x.event === 'notification');
    assert.equal(e.data.title, '郑经理给您分配了任务');
    assert.equal(e.data.text, '拜访云杉');
    assert.deepEqual([e.data.kind, e.data.entity, e.data.record], ['task_assigned', 'task', t.id]);
    await make(people.rep, 'tasks', { title: '自己的' });
    await sleep(700);
    assert.equal(ear.events.filter((x) => x.event === 'notification').length, 1);
    assert.deepEqual(other.events.filter((x) => x.event !== 'ready'), []);
  });

  test('a record handed over or shared is told to who gets it, to nobody else', async () => {
    const c = await makeCustomer(people.rep);
    assert.equal((await people.manager.post(`/customers/${c.id}/actions/transfer`, { owner: ids.rep2 })).status, 200);
    assert.equal((await people.rep2.post(`/customers/${c.id}/actions/share`, { with: ids.west_rep })).status < 500, true);
    const mine = await notices(people.rep2, 'transferred');
    assert.equal(mine.length, 1);
    assert.equal(mine[0].text, c.name);
    assert.equal(mine[0].record, c.id);
    assert.equal((await notices(people.rep, 'transferred')).length, 0);
    const share = await people.manager.post(`/customers/${c.id}/actions/share`, { with: ids.west_rep });
    assert.equal(share.status, 200, share.text);
    assert.equal((await notices(people.west_rep, 'shared'))[0].text, c.name);
  });

  test('many records handed over by one bulk change are one sentence to the new owner', async () => {
    const three = [];
    for (let i = 0; i < 3; i++) three.push(await makeCustomer(people.rep));
    const before = (await notices(people.rep2, 'transferred')).length;
    const answer = await people.manager.post('/customers/bulk', { ids: three.map((c) => c.id), action: 'assign', values: { owner: ids.rep2 } });
    assert.equal(answer.status, 202, answer.text);
    assert.equal((await people.manager.job(answer.json.job.id)).counts.changed, 3);
    const told = await notices(people.rep2, 'transferred');
    assert.equal(told.length, before + 1);
    assert.equal(told[0].title, '郑经理把 3 条客户转移给您');
    assert.deepEqual([told[0].entity, told[0].record ?? null], ['customer', null]);
    assert.equal((await notices(people.rep, 'transferred')).length, 0);
    // To oneself, or where nothing changed, there is nothing to tell.
    for (const [who, owner] of [[people.manager, ids.manager], [people.manager, ids.manager]]) {
      const again = await who.post('/customers/bulk', { ids: three.map((c) => c.id), action: 'assign', values: { owner } });
      await who.job(again.json.job.id);
    }
    assert.equal((await notices(people.manager, 'transferred')).length, 0);
  });

  test('an export that ended', async () => {
    await makeCustomer(people.manager);
    const answer = await people.manager.post('/customers/export', { format: 'csv' });
    assert.equal(answer.status, 202, answer.text);
    await people.manager.job(answer.json.job.id);
    const [n] = await notices(people.manager, 'job');
    assert.equal(n.title, '导出已完成，可以下载');
    assert.equal(n.record, answer.json.job.id);
  });

  test('own rows only; reading one, reading all', async () => {
    await make(people.manager, 'tasks', { title: '甲', owner: ids.rep });
    await make(people.manager, 'tasks', { title: '乙', owner: ids.rep });
    const mine = await notices(people.rep);
    assert.ok(mine.length >= 2);
    problem(await people.rep2.get(`/notifications/${mine[0].id}`), 404);
    problem(await people.rep2.post(`/notifications/${mine[0].id}/actions/read`, {}), 404);
    problem(await people.boss.get(`/notifications/${mine[0].id}`), 404);
    problem(await people.rep.post('/notifications', { title: 'x' }), 403);
    const unread = async () => (await people.rep.get('/notifications?filter=["read_at","is_null"]&limit=1&count=exact')).json.count.value;
    const before = await unread();
    assert.equal((await people.rep.post(`/notifications/${mine[0].id}/actions/read`, {})).status, 200);
    assert.equal(await unread(), before - 1);
    assert.equal((await people.rep.post('/notifications/actions/read_all', {})).status, 200);
    assert.equal(await unread(), 0);
  });
});

describe('reminders', () => {
  test('a task that is due is told once, and again when it is moved; not a closed one', async () => {
    const ear = await hear(people.rep);
    const t = await make(people.rep, 'tasks', { title: '快到期', due_at: soon(5 * 60e3) });
    await make(people.rep, 'tasks', { title: '还早', due_at: soon(5 * 3600e3) });
    await make(people.rep, 'tasks', { title: '自设提醒', due_at: soon(5 * 3600e3), remind_at: soon(-1000) });
    await make(people.rep, 'tasks', { title: '已完成', due_at: soon(60e3), status: 'done' });
    await make(people.rep, 'tasks', { title: '很久以前', due_at: soon(-3 * 86400e3) });
    const due = (e) => e.event === 'notification' && e.data.kind === 'task_due' && e.data.text === '快到期';
    const e = await ear.next(due, 8000);
    assert.match(e.data.title, /^任务将于 \d\d-\d\d \d\d:\d\d 到期$/);
    await ear.next((x) => x.event === 'notification' && x.data.text === '自设提醒', 8000);
    await sleep(3000);
    const told = (await notices(people.rep, 'task_due')).map((n) => n.text).sort();
    assert.deepEqual(told, ['快到期', '自设提醒'].sort());
    await people.rep.patchNow(`/tasks/${t.id}`, { due_at: soon(3 * 60e3) });
    await until(async () => (await notices(people.rep, 'task_due')).length === 3, 8000);
  });
});

describe('putting a task off', () => {
  test('moves its own reminder by the same time; a reminder sent along, or none, stays as it is', async () => {
    const due = soon(5 * 3600e3), t = await make(people.rep, 'tasks', { title: '带提醒', due_at: due, remind_at: soon(4 * 3600e3) });
    const later = (await people.rep.patchNow(`/tasks/${t.id}`, { due_at: soon(29 * 3600e3) })).json;
    const ahead = (task) => Date.parse(task.due_at) - Date.parse(task.remind_at);
    assert.ok(Math.abs(ahead(later) - ahead(t)) <= 1000, `${ahead(later)} ${ahead(t)}`);
    const both = (await people.rep.patchNow(`/tasks/${t.id}`, { due_at: soon(30 * 3600e3), remind_at: soon(3600e3) })).json;
    assert.ok(ahead(both) > 28 * 3600_000);
    const other = (await people.rep.patchNow(`/tasks/${t.id}`, { title: '改名' })).json;
    assert.equal(other.remind_at, both.remind_at);
    const plain = await make(people.rep, 'tasks', { title: '无提醒', due_at: due });
    assert.equal((await people.rep.patchNow(`/tasks/${plain.id}`, { due_at: soon(50 * 3600e3) })).json.remind_at ?? null, null);
  });
});

describe('announcements', () => {
  const current = async (who) => (await who.get('/me/announcements')).json.data.map((a) => a.title);

  test('to everybody, live; acknowledged; the author sees who has not', async () => {
    const ear = await hear(people.rep);
    const a = await make(people.sysadmin, 'announcements', { title: '周六维护', body: '22:00 到 24:00 停机', kind: 'maintenance', need_ack: true });
    await ear.next((e) => e.event === 'announcement');
    assert.deepEqual(await current(people.rep), ['周六维护']);
    assert.equal((await people.rep.post(`/me/announcements/${a.id}/ack`)).status, 204);
    assert.equal((await people.rep.post(`/me/announcements/${a.id}/ack`)).status, 204);
    assert.deepEqual(await current(people.rep), []);
    assert.deepEqual(await current(people.rep2), ['周六维护']);
    assert.ok((await people.rep.get('/me/announcements?all=1')).json.data[0].acked_at);
    const r = (await people.sysadmin.post(`/announcements/${a.id}/actions/receipts`, {})).json;
    assert.equal(r.acked, 1);
    assert.equal(r.total, r.data.length);
    assert.equal(r.data.find((x) => x.user.label === '冯销售').at !== null, true);
    assert.equal(r.data.find((x) => x.user.label === '陈销售').at, null);
    problem(await people.rep.post(`/announcements/${a.id}/actions/receipts`, {}), 403);
    await people.sysadmin.delNow(`/announcements/${a.id}`);
    assert.deepEqual(await current(people.rep2), []);
  });

  test('to a department with those below it, or to roles; a stranger neither sees, hears nor acknowledges it', async () => {
    const departments = (await people.sysadmin.get('/departments?limit=50')).json.data;
    const sales = departments.find((d) => d.name === '销售部'), east = departments.find((d) => d.name === '华东组');
    const roles = (await people.sysadmin.get('/roles?limit=50&fields=id,name,code')).json.data;
    const ear = await hear(people.west_rep);
    const a = await make(people.boss, 'announcements', { title: '华东会议', body: '下午三点', audience: 'departments', departments: [east.id] });
    assert.deepEqual(await current(people.rep), ['华东会议']);
    assert.deepEqual(await current(people.west_rep), []);
    problem(await people.west_rep.post(`/me/announcements/${a.id}/ack`), 404);
    await make(people.boss, 'announcements', { title: '销售部通知', body: '全体', audience: 'departments', departments: [sales.id] });
    assert.deepEqual(await current(people.west_rep), ['销售部通知']);
    await ear.next((e) => e.event === 'announcement');
    await make(people.boss, 'announcements', { title: '经理培训', body: '周一', kind: 'training', audience: 'roles', for_roles: [roles.find((r) => r.code === 'sales_manager').id] });
    assert.ok((await current(people.manager)).includes('经理培训'));
    assert.ok(!(await current(people.rep)).includes('经理培训'));
    assert.equal(ear.events.filter((e) => e.event === 'announcement').length, 1);
  });

  test('one row of notification for each reader, read with the acknowledgement; nobody else gets one', async () => {
    const departments = (await people.sysadmin.get('/departments?limit=50')).json.data;
    const east = departments.find((d) => d.name === '华东组');
    const a = await make(people.boss, 'announcements', { title: '新的报价模板', body: '第一行\n第二行', need_ack: true, audience: 'departments', departments: [east.id] });
    const of = async (who) => (await notices(who, 'announcement')).filter((n) => n.record === a.id);
    const [n] = await of(people.rep);
    assert.deepEqual([n.title, n.text, n.entity, n.read_at ?? null], ['新的报价模板', '第一行 第二行', 'announcement', null]);
    assert.equal((await of(people.west_rep)).length, 0);
    assert.equal((await of(people.boss)).length, 0);
    assert.equal((await people.rep.post(`/me/announcements/${a.id}/ack`)).status, 204);
    assert.ok((await of(people.rep))[0].read_at);
    assert.equal((await of(people.rep2))[0].read_at ?? null, null);
    // Changed afterwards it is not told again.
    await people.boss.patchNow(`/announcements/${a.id}`, { title: '新的报价模板（更正）' });
    await sleep(2500);
    assert.equal((await of(people.rep2)).length, 1);
  });

  test('one that starts later is told and shown live when its time comes, once', async () => {
    const ear = await hear(people.rep);
    const a = await make(people.boss, 'announcements', { title: '稍后开始', body: '五秒以后', start_at: soon(5000) });
    const of = async (who) => (await notices(who, 'announcement')).filter((n) => n.record === a.id);
    const early = [(await of(people.rep)).length, (await current(people.rep)).includes('稍后开始')];
    if (Date.now() < Date.parse(a.start_at)) assert.deepEqual(early, [0, false]);
    await ear.next((e) => e.event === 'announcement', 15_000);
    assert.ok((await current(people.rep)).includes('稍后开始'));
    await ear.next((e) => e.event === 'notification' && e.data.record === a.id, 8000);
    await sleep(2500);
    assert.equal((await of(people.rep)).length, 1);
    // Put off, it is told anew then, not now.
    await people.boss.patchNow(`/announcements/${a.id}`, { start_at: soon(3600e3) });
    await sleep(2500);
    assert.equal((await of(people.rep)).length, 1);
    assert.ok(!(await current(people.rep)).includes('稍后开始'));
  });

  test('start and end; an audience of nobody is refused; who may not write cannot', async () => {
    await make(people.boss, 'announcements', { title: '明天的', body: 'x', start_at: soon(86400e3) });
    assert.ok(!(await current(people.rep)).includes('明天的'));
    problem(await people.boss.post('/announcements', { title: 'x', body: 'x', start_at: soon(1000), end_at: soon(0) }), 422);
    problem(await people.boss.post('/announcements', { title: 'x', body: 'x', audience: 'roles' }), 422);
    problem(await people.rep.post('/announcements', { title: 'x', body: 'x' }), 403);
    problem(await people.rep.get('/announcements'), 403);
  });
});
