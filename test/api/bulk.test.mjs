// Working on many records: saved views, groups and sums, tags, archive, bulk changes with preview, results and undo.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { passwordOf } from '../lib/company.mjs';
import { all, filter, ids, make, makeCustomer, problem } from '../lib/records.mjs';

let server, boss, manager, rep, rep2, west_rep, agent, sysadmin;
const me = {};

before(async () => {
  server = await startServer({ company: true });
  ({ boss, manager, rep, rep2, west_rep, agent, sysadmin } = await makeCompany(server, { only: ['boss', 'manager', 'rep', 'rep2', 'west_rep', 'agent', 'sysadmin'] }));
  for (const [name, client] of Object.entries({ boss, manager, rep, rep2, west_rep })) me[name] = (await client.get('/me')).json.user.id;
});
after(() => server?.stop());

async function ended(client, answer) {
  assert.equal(answer.status, 202, answer.text);
  return client.job(answer.json.job.id);
}
const bulk = async (client, body, plural = 'customers') => ended(client, await client.post(`/${plural}/bulk`, body));
const fresh = async (client, id) => (await client.get(`/customers/${id}`)).json;

describe('saved views', () => {
  test('conditions, order and columns of a view hold in the list; the request goes before', async () => {
    await makeCustomer(rep, { name: '视图甲公司', level: 'key' });
    await makeCustomer(rep, { name: '视图乙公司', level: 'normal' });
    const view = await make(rep, 'saved-views', { name: '重要客户', entity: 'customer', filter: ['level', '=', 'key'], sort_by: 'name', columns: ['name', { field: 'level', width: 120 }] });
    const rows = await all(rep, '/customers', `view=${view.id}`);
    assert.ok(rows.length && rows.every((r) => r.level === 'key' && !('phone' in r)));
    const both = await all(rep, '/customers', `view=${view.id}&${filter(['name', 'contains', '视图'])}&fields=phone`);
    assert.deepEqual(both.map((r) => 'phone' in r), [true]);
  });
  test('"me" means the reader, not the owner of the view', async () => {
    const view = await make(rep, 'saved-views', { name: '我的', entity: 'customer', filter: ['owner', '=', 'me'], shared: 'everyone' });
    await makeCustomer(rep2, { name: '视图丙公司' });
    const rows = await all(rep2, '/customers', `view=${view.id}&fields=owner`);
    assert.ok(rows.length && rows.every((r) => r.owner.id === me.rep2));
  });
  test('private, department, everyone: who sees it, and only the owner writes', async () => {
    const made = {};
    for (const shared of ['private', 'department', 'everyone']) made[shared] = await make(rep, 'saved-views', { name: shared, entity: 'customer', filter: ['level', '=', 'key'], shared });
    const seen = async (client, id) => (await client.get(`/saved-views/${id}`)).status;
    assert.deepEqual([await seen(rep2, made.private.id), await seen(rep2, made.department.id), await seen(rep2, made.everyone.id)], [404, 200, 200]);
    assert.deepEqual([await seen(west_rep, made.private.id), await seen(west_rep, made.department.id), await seen(west_rep, made.everyone.id)], [404, 404, 200]);
    problem(await rep2.get(`/customers?view=${made.private.id}`), 400, 'bad_request');
    for (const id of [made.department.id, made.everyone.id]) {
      problem(await rep2.patchNow(`/saved-views/${id}`, { name: 'meins' }), 403);
      problem(await rep2.delNow(`/saved-views/${id}`), 403);
    }
    problem(await rep2.patchNow(`/saved-views/${made.private.id}`, { name: 'meins' }), 404);
    const list = await all(west_rep, '/saved-views', filter(['entity', '=', 'customer']));
    assert.ok(!ids(list).includes(made.private.id) && ids(list).includes(made.everyone.id));
  });
  test('a view of nothing is refused with its field; one default each', async () => {
    const say = async (over) => rep.post('/saved-views', { name: 'x', entity: 'customer', ...over });
    for (const [over, field] of [[{ entity: 'nope' }, 'entity'], [{ entity: 'audit_log' }, 'entity'], [{ filter: ['nope', '=', 1] }, 'filter'], [{ filter: ['level', '=', 'nope'] }, 'filter'],
      [{ columns: ['nope'] }, 'columns'], [{ columns: 'name' }, 'columns'], [{ sort_by: '-remark' }, 'sort_by'], [{ group_by: 'nope' }, 'group_by']]) {
      const refused = problem(await say(over), 422, undefined, JSON.stringify(over));
      assert.ok(refused.errors.some((e) => e.field === field), `${JSON.stringify(over)} → ${JSON.stringify(refused.errors)}`);
    }
    const one = await make(rep, 'saved-views', { name: 'a', entity: 'customer', is_default: true });
    const two = await make(rep, 'saved-views', { name: 'b', entity: 'customer', is_default: true });
    const other = await make(rep, 'saved-views', { name: 'c', entity: 'contact', is_default: true });
    const defaults = await all(rep, '/saved-views', `${filter(['and', ['owner', '=', 'me'], ['is_default', '=', true]])}&fields=entity`);
    assert.deepEqual(ids(defaults).sort(), [two.id, other.id].sort());
    assert.ok(one);
    problem(await rep.get(`/contacts?view=${two.id}`), 400, 'bad_request');
    for (const id of ['0', 'x', '-1', '99999999999999999999']) problem(await rep.get(`/customers?view=${id}`), 400, 'bad_request');
  });
  test('the default of roles or of everybody: set by who arranges layouts, one each, of shared views only', async () => {
    const mine = await make(rep, 'saved-views', { name: '公用', entity: 'customer', shared: 'everyone' });
    const other = await make(rep, 'saved-views', { name: '公用二', entity: 'customer', shared: 'everyone' });
    const quiet = await make(rep, 'saved-views', { name: '自用', entity: 'customer' });
    problem(await rep.patchNow(`/saved-views/${mine.id}`, { default_for: ['*'] }), 403);
    problem(await rep.post('/saved-views', { name: 'x', entity: 'customer', shared: 'everyone', default_for: ['sales_rep'] }), 403);
    // The one who arranges layouts reads no customer, and need not.
    const set = (id, codes) => sysadmin.patchNow(`/saved-views/${id}`, { default_for: codes });
    assert.equal((await set(mine.id, ['*', 'sales_rep'])).status, 200);
    assert.equal((await set(other.id, ['sales_rep'])).status, 200);
    const of = async (id) => (await rep.get(`/saved-views/${id}`)).json.default_for ?? null;
    assert.deepEqual([await of(mine.id), await of(other.id)], [['*'], ['sales_rep']]);
    assert.equal((await set(other.id, ['*'])).status, 200);
    assert.deepEqual([await of(mine.id), await of(other.id)], [null, ['*']]);
    assert.equal((await set(mine.id, ['sales_rep'])).status, 200);
    assert.equal((await set(other.id, ['*', 'sales_rep'])).status, 200);
    assert.deepEqual([await of(mine.id), await of(other.id)], [null, ['*', 'sales_rep']], 'every one of several is taken from the other');
    for (const [codes, status] of [[['nobody_such'], 422], [[7], 422], ['*', 422], [{ a: 1 }, 422]]) assert.equal((await set(mine.id, codes)).status, status, JSON.stringify(codes));
    problem(await set(quiet.id, ['*']), 422);
    problem(await sysadmin.patchNow(`/saved-views/${mine.id}`, { name: '改名' }), 422);
    // Shared no more, it is nobody's default any more.
    assert.equal((await rep.patchNow(`/saved-views/${other.id}`, { shared: 'private' })).status, 200);
    assert.equal(await of(other.id), null);
    assert.equal((await rep.patchNow(`/saved-views/${mine.id}`, { name: '公用一' })).status, 200);
  });

  test('a view shared by somebody who reads more shows what is left', async () => {
    const view = await make(boss, 'saved-views', { name: '全部', entity: 'customer', columns: ['name', 'phone', 'level'], shared: 'everyone' });
    assert.equal((await agent.get(`/customers?view=${view.id}`)).status, 200);
  });
});

describe('groups and sums', () => {
  test('equal a count over the rows, in the scope of the caller', async () => {
    for (let i = 0; i < 12; i++) await makeCustomer(i % 2 ? rep : rep2, { level: ['key', 'normal', 'potential'][i % 3], annual_revenue: `${i}.25`, region: i % 2 ? 330106 : 110105, source: 'exhibition' });
    const asked = filter(['source', '=', 'exhibition']);
    for (const client of [rep, rep2, boss]) {
      const rows = await all(client, '/customers', `${asked}&fields=level,annual_revenue,owner,region`);
      for (const [by, key] of [['level', (r) => r.level], ['owner', (r) => r.owner.id], ['region', (r) => Math.floor(r.region.id / 10000) * 10000]]) {
        const got = (await client.get(`/customers/groups?by=${by}&sums=annual_revenue&${asked}`)).json;
        const want = {};
        for (const r of rows) { const g = (want[key(r)] ??= { n: 0, sum: 0 }); g.n++; g.sum += Math.round(r.annual_revenue * 100); }
        assert.deepEqual(Object.fromEntries(got.data.map((g) => [g.value, { n: g.count, sum: Math.round(g.sums.annual_revenue * 100) }])), want, by);
        assert.equal(got.total.count, rows.length);
        assert.ok(got.data.every((g) => g.label), by);
      }
    }
  });
  test('without a field only the total is told: the foot of a list', async () => {
    await makeCustomer(rep, { annual_revenue: '7.50', source: 'advertising' });
    await makeCustomer(rep2, { annual_revenue: '9.00', source: 'advertising' });
    const ask = (client) => client.get(`/customers/groups?sums=annual_revenue&${filter(['source', '=', 'advertising'])}`);
    assert.deepEqual((await ask(rep)).json, { data: [], more: false, total: { count: 1, sums: { annual_revenue: '7.50' } } });
    assert.equal((await ask(boss)).json.total.sums.annual_revenue, '16.50');
    problem(await agent.get('/customers/groups?sums=phone'), 400);
  });
  test('what cannot be grouped or summed is refused', async () => {
    problem(await rep.get('/customers/groups'), 400);
    problem(await rep.get('/customers/groups?by=nope'), 400);
    problem(await rep.get('/customers/groups?by=phone'), 400);
    problem(await rep.get('/customers/groups?by=level&sums=name'), 400);
    problem(await agent.get('/tasks/groups?by=status'), 403);
  });
});

describe('tags', () => {
  test('made by anybody, once each; filtered by; gone from the records when deleted', async () => {
    const tag = await make(rep, 'tags', { name: '长三角重点', color: 'red', tag_group: '区域' });
    problem(await rep2.post('/tags', { name: '长三角重点' }), 422, 'dup.in_db');
    problem(await rep2.post('/tags', { name: 'a,b' }), 422);
    const c = await makeCustomer(rep, { tags: [tag.id] });
    const by_name = await makeCustomer(rep, { tags: [{ name: '长三角重点' }] });
    assert.deepEqual(ids(await all(rep, '/customers', filter(['tags', 'contains', tag.id]))).sort(), [c.id, by_name.id].sort());
    const groups = (await rep.get('/customers/groups?by=tags')).json;
    const group = groups.data.find((g) => g.value === tag.id);
    assert.deepEqual([group?.count, group?.color], [2, 'red']);
    assert.deepEqual((await fresh(rep, c.id)).tags, [{ id: tag.id, label: '长三角重点', color: 'red' }]);
    problem(await rep.delNow(`/tags/${tag.id}`), 403);
    assert.equal((await manager.delNow(`/tags/${tag.id}`)).status, 204);
    assert.deepEqual((await fresh(rep, c.id)).tags, []);
  });

  test('one\'s own tags: nobody else sees, groups by, names or loses them, also on a record that both work on', async () => {
    const own = await make(rep, 'tags', { name: '我的私房', shared: 'personal', color: 'green' });
    const open = await make(rep, 'tags', { name: '大家都用' });
    const c = await makeCustomer(rep, { tags: [own.id, open.id] });
    const names = async (who) => (await who.get(`/customers/${c.id}`)).json.tags.map((t) => t.label);
    assert.deepEqual((await names(rep)).sort(), ['大家都用', '我的私房'].sort());
    for (const who of [manager, boss]) {
      assert.deepEqual(await names(who), ['大家都用']);
      problem(await who.get(`/tags/${own.id}`), 404);
      assert.ok(!(await all(who, '/tags', 'fields=name')).some((t) => t.name === '我的私房'));
      assert.ok(!(await who.get('/customers/groups?by=tags')).json.data.some((g) => g.value === own.id || g.label === '我的私房'));
      assert.deepEqual(ids(await all(who, '/customers', filter(['tags.name', '=', '我的私房']))), []);
      assert.doesNotMatch((await who.get(`/customers/${c.id}/history`)).text, /私房/);
      assert.doesNotMatch((await who.get(`/customers/${c.id}/timeline`)).text, /私房/);
      problem(await who.patchNow(`/customers/${c.id}`, { tags: [own.id] }), 422);
    }
    assert.ok((await rep.get('/customers/groups?by=tags')).json.data.some((g) => g.value === own.id && g.count === 1));
    // The other one sets his tags: mine stay; his own of the same name is his.
    const his = await make(manager, 'tags', { name: '我的私房', shared: 'personal' });
    assert.equal((await manager.patchNow(`/customers/${c.id}`, { tags: [his.id] })).status, 200);
    assert.deepEqual(await names(manager), ['我的私房']);
    assert.deepEqual((await fresh(rep, c.id)).tags.map((t) => t.id), [own.id]);
    const job = await bulk(manager, { ids: [c.id], action: 'untag', values: { tags: [his.id] } });
    assert.equal(job.state, 'done', JSON.stringify(job));
    assert.equal(job.counts.changed, 1);
    assert.deepEqual((await fresh(rep, c.id)).tags.map((t) => t.id), [own.id]);
    assert.equal((await manager.patchNow(`/customers/${c.id}`, { tags: [] })).status, 200);
    assert.deepEqual((await fresh(rep, c.id)).tags.map((t) => t.id), [own.id]);
  });

  test('a name is taken once among the tags a person sees; who may change which', async () => {
    const open = await make(rep, 'tags', { name: '公共一号' });
    problem(await rep2.post('/tags', { name: '公共一号', shared: 'personal' }), 422, 'dup.in_db');
    problem(await rep2.post('/tags', { name: '公共一号' }), 422, 'dup.in_db');
    const own = await make(rep, 'tags', { name: '自用一号', shared: 'personal' });
    problem(await rep.post('/tags', { name: '自用一号', shared: 'personal' }), 422, 'dup.in_db');
    await make(rep2, 'tags', { name: '自用一号', shared: 'personal' });
    problem(await rep.patchNow(`/tags/${open.id}`, { color: 'red' }), 403);
    problem(await rep.delNow(`/tags/${open.id}`), 403);
    problem(await manager.patchNow(`/tags/${open.id}`, { shared: 'personal' }), 422);
    assert.equal((await manager.patchNow(`/tags/${open.id}`, { color: 'red' })).status, 200);
    assert.equal((await rep.patchNow(`/tags/${own.id}`, { color: 'red' })).status, 200);
    assert.equal((await rep.patchNow(`/tags/${own.id}`, { shared: 'everyone' })).status, 200);
    problem(await rep.delNow(`/tags/${own.id}`), 403);
    assert.equal((await rep2.get('/tags?limit=200&fields=name')).json.data.filter((t) => t.name === '自用一号').length, 2);
  });
});

describe('bulk', () => {
  test('a preview counts, the job changes, history tells it, undo brings back', async () => {
    const made = [];
    for (let i = 0; i < 130; i++) made.push(await makeCustomer(rep, { source: 'social', level: i % 2 ? 'key' : 'normal' }));
    const foreign = await makeCustomer(west_rep, { source: 'social' });
    const body = { filter: ['source', '=', 'social'], action: 'update', values: { level: 'key', remark: '批量' } };
    const preview = (await manager.post('/customers/bulk', { ...body, preview: true })).json;
    assert.deepEqual([preview.matched, preview.allowed, preview.sample.length], [130, 130, 5]);
    const answer = await manager.post('/customers/bulk', body);
    const job = await ended(manager, answer);
    assert.equal(job.state, 'done', JSON.stringify(job));
    assert.deepEqual(job.counts, { changed: 130, unchanged: 0, failed: 0, left_out: 0 });
    assert.deepEqual(job.progress, { done: 130, total: 130 });
    assert.ok((await all(rep, '/customers', `${filter(['source', '=', 'social'])}&fields=level`)).every((r) => r.level === 'key'));
    assert.equal((await fresh(boss, foreign.id)).level, 'normal');
    const history = (await rep.get(`/customers/${made[0].id}/history`)).json.data[0];
    assert.equal(history.by.id, me.manager);
    // one is changed since: it is kept and named
    assert.equal((await rep.patchNow(`/customers/${made[3].id}`, { remark: '我改过' })).status, 200);
    const undo = await ended(manager, await manager.post(`/jobs/${answer.json.job.id}/undo`, {}));
    assert.deepEqual([undo.state, undo.counts], ['done', { undone: 129, kept: 1 }]);
    const results = (await manager.get(`/jobs/${answer.json.job.id}/results`)).json.data;
    assert.deepEqual(results.map((r) => [r.record.id, r.outcome, r.code]), [[made[3].id, 'kept', 'undo.changed']]);
    const rows = await all(rep, '/customers', `${filter(['source', '=', 'social'])}&fields=level,remark&sort=id`);
    rows.forEach((r, i) => assert.deepEqual([r.level, r.remark], i === 3 ? ['key', '我改过'] : [i % 2 ? 'key' : 'normal', null]));
    problem(await manager.post(`/jobs/${answer.json.job.id}/undo`, {}), 409);
  });
  test('what refuses one row leaves the others; the reason is told', async () => {
    const a = await makeCustomer(rep, { lifecycle: 'potential' }), b = await makeCustomer(rep);
    const job = await bulk(manager, { ids: [a.id, b.id], action: 'update', values: { lifecycle: 'invalid' } });
    assert.deepEqual([job.counts.failed, job.counts.changed], [2, 0]);
    const { json } = await manager.get(`/jobs/${job.id}/results`);
    assert.deepEqual(json.data.map((r) => [r.record.label, r.field, r.code]), [[a.name, 'invalid_reason', 'required'], [b.name, 'invalid_reason', 'required']]);
    problem(await rep.get(`/jobs/${job.id}/results`), 404);
    problem(await rep.post(`/jobs/${job.id}/undo`, {}), 404);
  });
  test('assign, tag, untag, archive, delete and restore, each with its undo', async () => {
    const c = await makeCustomer(rep), tag = await make(rep, 'tags', { name: '批量标签' }), kept = await make(rep, 'tags', { name: '已有' });
    await rep.patchNow(`/customers/${c.id}`, { tags: [kept.id] });
    const run = async (body) => { const job = await bulk(manager, { ids: [c.id], ...body }); assert.equal(job.counts.changed, 1, JSON.stringify(job)); return job; };
    const undo = async (job) => { const u = await ended(manager, await manager.post(`/jobs/${job.id}/undo`, {})); assert.deepEqual(u.counts, { undone: 1, kept: 0 }); };
    const listed = async () => ids(await all(boss, '/customers', 'limit=200')).includes(c.id);

    const assigned = await run({ action: 'assign', values: { owner: me.rep2 } });
    assert.equal((await fresh(boss, c.id)).owner.id, me.rep2);
    await undo(assigned);
    assert.equal((await fresh(boss, c.id)).owner.id, me.rep);

    const tagged = await run({ action: 'tag', values: { tags: [{ name: '批量标签' }] } });
    assert.deepEqual((await fresh(boss, c.id)).tags.map((t) => t.label).sort(), ['已有', '批量标签'].sort());
    await undo(tagged);
    assert.deepEqual((await fresh(boss, c.id)).tags.map((t) => t.id), [kept.id]);
    await run({ action: 'untag', values: { tags: [kept.id] } });
    assert.deepEqual((await fresh(boss, c.id)).tags, []);
    assert.ok(tag);

    const archived = await run({ action: 'archive' });
    assert.equal(await listed(), false);
    assert.ok(ids(await all(boss, '/customers', 'archived=only')).includes(c.id));
    await undo(archived);
    assert.equal(await listed(), true);

    problem(await manager.post('/customers/bulk', { ids: [c.id], action: 'delete' }), 403, 'step_up_required');
    assert.equal((await manager.post('/step-up', { method: 'password', code: passwordOf('manager') })).status, 204);
    const deleted = await run({ action: 'delete' });
    assert.equal(await listed(), false);
    await undo(deleted);
    assert.equal(await listed(), true);
    await run({ action: 'delete' });
    await run({ action: 'restore' });
    assert.equal(await listed(), true);
  });
  test('the gate: no bulk right, rows out of scope, a foreign job', async () => {
    const own = await makeCustomer(rep), other = await makeCustomer(west_rep);
    problem(await rep.post('/customers/bulk', { ids: [own.id], action: 'update', values: { level: 'key' } }), 403);
    const preview = (await manager.post('/customers/bulk', { ids: [own.id, other.id], action: 'update', values: { level: 'key' }, preview: true })).json;
    assert.deepEqual([preview.matched, preview.allowed], [1, 1]);
    const job = await bulk(manager, { ids: [own.id, other.id], action: 'update', values: { level: 'key' } });
    assert.deepEqual(job.counts, { changed: 1, unchanged: 0, failed: 0, left_out: 0 });
    assert.equal((await fresh(boss, other.id)).level, 'normal');
  });
  test('a bad request is refused by name', async () => {
    const c = await makeCustomer(rep);
    const say = (body) => manager.post('/customers/bulk', body);
    problem(await say({ action: 'update', values: { level: 'key' } }), 422);
    problem(await say({ ids: [c.id], filter: ['level', '=', 'key'], action: 'archive' }), 422);
    problem(await say({ ids: [c.id], action: 'explode' }), 422);
    problem(await say({ ids: [c.id], action: 'update' }), 422);
    problem(await say({ ids: [], action: 'archive' }), 422);
    problem(await say({ ids: ['x'], action: 'archive' }), 422);
    problem(await say({ ids: [c.id], action: 'update', values: { nope: 1 } }), 400);
    problem(await say({ ids: [c.id], action: 'update', values: { owner: me.rep } }), 422);
    problem(await say({ ids: [c.id], action: 'assign', values: { owner: 1 } }), 422);
    problem(await say({ ids: [c.id], action: 'tag', values: { tags: ['nix'] } }), 422);
  });
});
