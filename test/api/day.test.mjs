// The day of a person: starred records, moments in words, tasks by time, the calendar.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { all, filter, make, makeCustomer, problem } from '../lib/records.mjs';

let server, rep, rep2, west_rep, manager, agent, boss;
const me = {};
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, west_rep, manager, agent, boss } = await makeCompany(server, { only: ['rep', 'rep2', 'west_rep', 'manager', 'agent', 'boss'] }));
  for (const [name, client] of Object.entries({ rep, rep2 })) me[name] = (await client.get('/me')).json.user.id;
});
after(() => server?.stop());

const stars = async (client) => (await client.get('/favorites')).json.data;

describe('favourites', () => {
  test('one\'s own only, newest first, with labels; a star twice is one; taken away it is gone', async () => {
    const one = await makeCustomer(rep, { name: '收藏甲公司' }), two = await makeCustomer(rep, { name: '收藏乙公司' });
    const task = await make(rep, 'tasks', { title: '收藏的任务' });
    for (const [entity, id] of [['customer', one.id], ['task', task.id], ['customer', two.id], ['customer', two.id]])
      assert.equal((await rep.post('/favorites', { entity, id })).status, 204);
    assert.deepEqual((await stars(rep)).map((s) => [s.entity, s.id, s.label]), [['customer', two.id, '收藏乙公司'], ['task', task.id, '收藏的任务'], ['customer', one.id, '收藏甲公司']]);
    assert.deepEqual(await stars(rep2), [], 'nobody else sees them');
    assert.deepEqual(await stars(boss), []);
    assert.equal((await rep2.del(`/favorites/customer/${two.id}`)).status, 204);
    assert.equal((await stars(rep)).length, 3, 'nobody else takes them away');
    for (let i = 0; i < 2; i++) assert.equal((await rep.del(`/favorites/customer/${two.id}`)).status, 204);
    assert.deepEqual((await stars(rep)).map((s) => s.id), [task.id, one.id]);
  });
  test('a stranger stars nothing and learns nothing; what is no longer his to read is dropped', async () => {
    const one = await makeCustomer(rep, { name: '别人的公司' });
    for (const body of [{ entity: 'customer', id: one.id }, { entity: 'customer', id: 999999 }, { entity: 'nope', id: 1 }, { entity: 'favorite', id: 1 }, { entity: 'audit_log', id: 1 }])
      problem(await west_rep.post('/favorites', body), 404, 'not_found', JSON.stringify(body));
    for (const body of [{}, { entity: 'customer' }, { id: 1 }]) problem(await rep.post('/favorites', body), 422, 'required', JSON.stringify(body));
    problem(await rep.post('/favorites', { entity: 'customer', id: 'x' }), 422, 'type');
    problem(await server.anyone().get('/favorites'), 401);
    assert.equal((await manager.post('/favorites', { entity: 'customer', id: one.id })).status, 204);
    assert.equal((await rep.post('/favorites', { entity: 'customer', id: one.id })).status, 204);
    const moved = await manager.post(`/customers/${one.id}/actions/transfer`, { owner: me.rep2 });
    assert.equal(moved.status, 200, moved.text);
    assert.ok(!(await stars(rep)).some((s) => s.id === one.id), 'gone with the right');
    assert.ok((await stars(manager)).some((s) => s.id === one.id && s.label === '别人的公司'));
    assert.equal((await manager.delNow(`/customers/${one.id}`)).status, 204);
    assert.ok(!(await stars(manager)).some((s) => s.id === one.id), 'nor from the recycle bin');
    problem(await manager.get('/starred'), 404, undefined, 'no generic calls');
  });
  test('stars made at once are all kept', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, (_, i) => make(rep2, 'tasks', { title: `满 ${i}` })));
    assert.equal(new Set(made.map((m) => m.id)).size, 12);
    const answers = await Promise.all(made.map((m) => rep2.post('/favorites', { entity: 'task', id: m.id })));
    assert.deepEqual(answers.map((x) => x.status), made.map(() => 204));
    assert.equal((await stars(rep2)).length, 12);
  });
});

describe('tasks', () => {
  test('a line in words becomes title and time; nothing is stored', async () => {
    const before = (await all(rep, '/tasks')).length;
    const { status, json, text } = await rep.post('/tasks/actions/parse', { text: '明天下午3点 打电话给王总' });
    assert.equal(status, 200, text);
    assert.equal(json.title, '打电话给王总');
    assert.equal(json.timed, true);
    const due = new Date(json.due_at), hours = (due - Date.now()) / 3600e3;
    assert.ok(hours > 0 && hours < 48 && due.getUTCHours() === 7 && due.getUTCMinutes() === 0, json.due_at);
    const plain = (await rep.post('/tasks/actions/parse', { text: '整理资料' })).json;
    assert.deepEqual([plain.title, plain.due_at, plain.timed], ['整理资料', null, false]);
    assert.equal((await rep.post('/tasks/actions/parse', { text: '明天' })).json.title, '明天', 'a title there must be');
    problem(await rep.post('/tasks/actions/parse', {}), 422, 'required');
    problem(await rep.post('/tasks/actions/parse', { text: '很'.repeat(1000) }), 422, 'too_long');
    problem(await agent.post('/tasks/actions/parse', { text: '明天' }), 403);
    assert.equal((await all(rep, '/tasks')).length, before);
  });
  test('overdue, today, later by filters; done leaves them; a manager counts by owner', async () => {
    const at = (h) => new Date(Date.now() + h * 3600e3).toISOString().replace(/\.\d+Z/, 'Z');
    const mark = `时段${process.pid}`;
    const late = await make(rep, 'tasks', { title: `${mark} 逾期`, due_at: at(-50) });
    const later = await make(rep, 'tasks', { title: `${mark} 以后`, due_at: at(24 * 40), remind_at: at(24 * 39) });
    await make(rep, 'tasks', { title: `${mark} 无期` });
    const open = ['status', 'in', ['open', 'doing', 'delayed']];
    const titles = async (client, ...conditions) => (await all(client, '/tasks', `${filter(['and', open, ['title', 'contains', mark], ...conditions])}&fields=title`)).map((x) => x.title.split(' ')[1]).sort();
    assert.deepEqual(await titles(rep, ['due_at', '<', 'now']), ['逾期']);
    assert.deepEqual(await titles(rep, ['due_at', '>', '+30d']), ['以后']);
    assert.deepEqual(await titles(rep, ['due_at', 'is_null', null]), ['无期']);
    assert.deepEqual(await titles(west_rep, ['due_at', '<', 'now']), []);
    const groups = (await manager.get(`/tasks/groups?by=owner&${filter(['and', open, ['title', 'contains', mark]])}`)).json.data;
    assert.deepEqual(groups.map((g) => [g.value, g.count]), [[me.rep, 3]]);
    assert.deepEqual((await west_rep.get(`/tasks/groups?by=owner&${filter(['and', open, ['title', 'contains', mark]])}`)).json.data, []);
    assert.equal((await rep.patchNow(`/tasks/${late.id}`, { status: 'done' })).status, 200);
    assert.deepEqual(await titles(rep, ['due_at', '<', 'now']), []);
    assert.ok((await rep.get(`/tasks/${late.id}`)).json.completed_at);
    assert.equal((await rep.get(`/tasks/${later.id}`)).json.remind_at, later.remind_at);
  });
});

describe('calendar', () => {
  test('what the week does not say: holidays and the days worked instead', async () => {
    const { status, json } = await rep.get('/calendar?from=2026-02-01&to=2026-02-28');
    assert.equal(status, 200);
    assert.equal(json.known_until, '2026-12-31');
    const of = Object.fromEntries(json.data.map((d) => [d.day, d]));
    assert.deepEqual(of['2026-02-17'], { day: '2026-02-17', work: false, name: '春节' });
    assert.equal(of['2026-02-14'].work, true, '调休');
    assert.equal(of['2026-02-02'], undefined, 'an ordinary Monday');
    assert.equal(of['2026-02-07'], undefined, 'an ordinary Saturday');
    for (const [query, field] of [['', 'from'], ['from=2026-02-30&to=2026-03-01', 'from'], ['from=2026-02-01', 'to'], ['from=2026-02-01&to=2026-01-01', 'to'], ['from=2026-01-01&to=2028-01-01', 'to']]) {
      const refused = problem(await rep.get(`/calendar?${query}`), 400, 'bad_request', query);
      assert.equal(refused.errors[0].field, field, query);
    }
    problem(await server.anyone().get('/calendar?from=2026-02-01&to=2026-02-28'), 401);
  });
  test('the schema says which field stands in the calendar and how an entity is typed', async () => {
    const list = (await rep.get('/schema')).json.entities;
    assert.equal(list.find((e) => e.name === 'task').calendar, 'due_at');
    assert.equal(list.find((e) => e.name === 'follow_up').calendar, 'next_time');
    assert.equal(list.find((e) => e.name === 'customer').calendar, undefined);
    assert.equal(list.find((e) => e.name === 'customer').pinyin, 'kh kehu');
    assert.equal((await rep.get('/schema/task')).json.calendar, 'due_at');
    assert.equal((await rep.get('/me')).json.company.idle_days, 14);
  });
});

describe('search for the palette', () => {
  test('the detail shows where the number or phone tail stands', async () => {
    const one = await makeCustomer(rep, { name: '电话尾号公司', phone: '13712346789' });
    const hit = async (q) => (await rep.get(`/search?q=${encodeURIComponent(q)}`)).json.data.find((h) => h.entity === 'customer' && h.id === one.id);
    assert.match((await hit('6789')).detail, /^13712346789 · /);
    assert.match((await hit(one.number)).detail, new RegExp(`^${one.number} · `));
    assert.ok(!(await hit('电话尾号')).detail.includes('13712346789'), 'otherwise the first two of the card');
  });
});
