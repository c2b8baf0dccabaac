// Handing over and deleting many are held like any other operation, and taking one's own bulk change or import back is no way around a flow.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { checkAndRun, csv, errorsOf, find, step, upload } from '../lib/imports.mjs';
import { make, makeCustomer, mistakes, problem } from '../lib/records.mjs';

let h, p, id;
before(async () => { h = await approvals(); ({ p, id } = h); });
after(() => h?.server.stop());
const customer = async (c) => (await p.boss.get(`/customers/${c.id}`)).json;
const transferFlow = (over) => h.flow({ on_edit: false, on_delete: false, on_transfer: true, ...over });

describe('a handover', () => {
  let f;
  before(async () => { f = await transferFlow(); });
  after(() => h.drop(f));

  test('is held, one by one and many at once, and only where the condition holds', async () => {
    const c = await h.keyCustomer(), plain = await makeCustomer(p.rep);
    const held = await h.transfer(p.manager, c, id.rep2);
    problem(held, 409, 'approval_required');
    assert.deepEqual(mistakes(held), ['owner:approval_required']);
    assert.equal((await h.transfer(p.manager, plain, id.rep2)).status, 200);
    const again = await makeCustomer(p.rep);
    const { job, results } = await h.bulk(p.manager, { ids: [c.id, again.id], action: 'assign', values: { owner: id.rep2 } });
    assert.deepEqual([job.counts.changed, job.counts.failed], [1, 1]);
    assert.deepEqual(results.map((r) => [r.record.id, r.code, r.field]), [[c.id, 'approval_required', 'owner']]);
    assert.equal((await customer(c)).owner.id, id.rep);
    assert.equal((await customer(again)).owner.id, id.rep2);
    // other changes and deletions are not its business
    assert.equal((await p.rep.patchNow(`/customers/${c.id}`, { remark: '不受影响' })).status, 200);
  });

  test('is filed, shown with both names, and happens when it is agreed to', async () => {
    const c = await h.keyCustomer();
    assert.deepEqual(mistakes(await h.ask(p.manager, { operation: 'transfer', record: c.id })), ['input:required']);
    assert.ok([400, 422].includes((await h.ask(p.manager, { operation: 'transfer', record: c.id, input: { owner: id.rep2, name: '夹带' } })).status));
    assert.ok([400, 422].includes((await h.ask(p.manager, { operation: 'transfer', record: c.id, input: {} })).status));
    assert.equal((await h.ask(p.manager, { operation: 'transfer', record: c.id, input: { owner: id.rep } })).status, 422, 'nothing changes');
    problem(await h.ask(p.rep, { operation: 'transfer', record: c.id, input: { owner: id.rep2 } }), 403);
    problem(await h.ask(p.west_rep, { operation: 'transfer', record: c.id, input: { owner: id.rep2 } }), 404);
    const r = await h.filed(p.manager, { operation: 'transfer', record: c.id, input: { owner: id.rep2, reason: '区域调整' } });
    const look = (await h.act(p.dept_head, r, 'look')).json;
    assert.deepEqual(look.changes.filter((x) => x.field === 'owner').map((x) => [x.before, x.after]), [['冯销售', '陈销售']]);
    assert.equal((await h.act(p.dept_head, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.manager), 'done');
    assert.equal((await customer(c)).owner.id, id.rep2);
    const history = (await p.boss.get(`/customers/${c.id}/history`)).text;
    assert.ok(history.includes('区域调整') && history.includes('郑经理'), history);
    const plain = await makeCustomer(p.rep);
    problem(await h.ask(p.manager, { operation: 'transfer', record: plain.id, input: { owner: id.rep2 } }), 409, 'conflict');
  });

  test('of many is one request, all or none, with the versions of then', async () => {
    const some = [await h.keyCustomer(), await h.keyCustomer()];
    const body = { operation: 'bulk_transfer', ids: some.map((c) => c.id), input: { owner: id.rep2 } };
    const first = await h.filed(p.manager, body), second = await h.filed(p.manager, body);
    assert.ok(first.title.includes('2'));
    const look = (await h.act(p.dept_head, first, 'look')).json;
    assert.deepEqual(look.records.map((x) => [x.id, x.label]), some.map((c) => [c.id, c.name]));
    assert.equal((await h.act(p.dept_head, first, 'agree')).status, 200);
    assert.equal(await h.stateOf(first, p.manager), 'done');
    for (const c of some) assert.equal((await customer(c)).owner.id, id.rep2);
    assert.equal((await h.act(p.dept_head, second, 'agree')).status, 200);
    assert.equal(await h.stateOf(second, p.manager), 'failed');
  });

  test('fails openly where the new owner or the right has gone meanwhile', async () => {
    const c = await h.keyCustomer();
    const r = await h.filed(p.manager, { operation: 'transfer', record: c.id, input: { owner: id.west_rep } });
    assert.equal((await h.admin.patchNow(`/users/${id.west_rep}`, { status: 'disabled' })).status, 200);
    assert.equal((await h.act(p.dept_head, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.manager), 'failed');
    assert.equal((await customer(c)).owner.id, id.rep);
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${id.west_rep}`, { status: 'active' })).status, 200);
    p.west_rep = await h.server.login('west_rep', p.west_rep.password);
  });

  test('a rule cannot do it either', async () => {
    const rule = await make(p.boss, 'rules', { name: '改级别即换人', entity: 'customer', event: 'updated', fields: ['remark'], actions: [{ do: 'assign', how: 'user', users: [id.rep2] }], enabled: true });
    const c = await h.keyCustomer(), plain = await makeCustomer(p.rep);
    assert.equal((await p.manager.patchNow(`/customers/${plain.id}`, { remark: '触发' })).status, 200);
    assert.equal((await customer(plain)).owner.id, id.rep2, 'the rule works');
    assert.equal((await p.manager.patchNow(`/customers/${c.id}`, { remark: '触发' })).status, 200);
    assert.equal((await customer(c)).owner.id, id.rep);
    assert.equal((await p.boss.patchNow(`/rules/${rule.id}`, { enabled: false })).status, 200);
  });

  test('what a leaver had can be handed on, and its history says why nobody was asked', async () => {
    const c = await makeCustomer(p.west_rep, { level: 'key' }), d = await makeCustomer(p.west_rep, { level: 'key' });
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${id.west_rep}`, { status: 'disabled' })).status, 200);
    assert.equal((await h.transfer(p.boss, c, id.rep)).status, 200);
    const { job } = await h.bulk(p.boss, { ids: [d.id], action: 'assign', values: { owner: id.rep } });
    assert.equal(job.counts.changed, 1);
    for (const x of [c, d]) assert.match((await p.boss.get(`/customers/${x.id}/history`)).text, /原负责人已停用，交接无需审批/);
    problem(await h.transfer(p.boss, c, id.rep2), 409, 'approval_required');
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${id.west_rep}`, { status: 'active' })).status, 200);
    p.west_rep = await h.server.login('west_rep', p.west_rep.password);
  });

  test('the owner is protected by its own switch, not as a field', async () => {
    const bad = await h.admin.post('/approval-flows', { name: 'x', entity: 'customer', on_edit: true, fields: ['owner'], steps: [{ who: 'manager' }] });
    assert.deepEqual(mistakes(bad), ['fields:invalid']);
  });
});

describe('deleting many', () => {
  let f;
  before(async () => { f = await h.flow({ on_edit: false, on_delete: false, on_bulk_delete: true, filter: null }); });
  after(() => h.drop(f));

  test('is held where one at a time is not', async () => {
    const some = [await makeCustomer(p.rep), await makeCustomer(p.rep)], one = await makeCustomer(p.rep);
    await p.boss.stepUp();
    const { job, results } = await h.bulk(p.boss, { ids: some.map((c) => c.id), action: 'delete' });
    assert.deepEqual([job.counts.changed, job.counts.failed], [0, 2]);
    assert.ok(results.every((r) => r.code === 'approval_required'));
    assert.equal((await p.boss.delNow(`/customers/${one.id}`)).status, 204);
    const r = await h.filed(p.boss, { operation: 'bulk_delete', ids: some.map((c) => c.id), reason: '重复数据' });
    assert.ok(await h.hasTask(h.admin, r), 'nobody stands above the management: the administrators are asked');
    assert.equal((await h.act(h.admin, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'done');
    for (const c of some) problem(await p.rep.get(`/customers/${c.id}`), 404);
  });
});

describe('taking back', () => {
  const undo = async (who, job) => {
    const started = await who.post(`/jobs/${job.id}/undo`, {});
    assert.equal(started.status, 202, started.text);
    await h.job(who, started.json.job.id);
    return h.job(who, job.id);
  };

  test('a bulk change of a record that is held by now keeps it, and names the flow', async () => {
    const held = await makeCustomer(p.rep), free = await makeCustomer(p.rep);
    const { job } = await h.bulk(p.manager, { ids: [held.id, free.id], action: 'update', values: { remark: '批量写入' } });
    assert.equal(job.counts.changed, 2);
    const f = await h.flow({ fields: ['remark'], on_delete: false, filter: ['number', '=', held.number] });
    const { results } = await undo(p.manager, job);
    assert.deepEqual(results.map((r) => [r.record.id, r.outcome]), [[held.id, 'kept']]);
    assert.ok(results[0].message.includes(f.name), results[0].message);
    assert.equal((await customer(held)).remark, '批量写入');
    assert.equal((await customer(free)).remark ?? null, null);
    await h.drop(f);
  });

  test('a bulk handover, too', async () => {
    const held = await makeCustomer(p.rep), free = await makeCustomer(p.rep);
    const { job } = await h.bulk(p.manager, { ids: [held.id, free.id], action: 'assign', values: { owner: id.rep2 } });
    assert.equal(job.counts.changed, 2);
    const f = await transferFlow({ filter: ['number', '=', held.number] });
    const { results } = await undo(p.manager, job);
    assert.deepEqual(results.map((r) => [r.record.id, r.outcome]), [[held.id, 'kept']]);
    assert.equal((await customer(held)).owner.id, id.rep2);
    assert.equal((await customer(free)).owner.id, id.rep);
    await h.drop(f);
  });

  test('a bulk restore of a record that may not be deleted by now', async () => {
    const c = await makeCustomer(p.rep);
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    const { job } = await h.bulk(p.boss, { ids: [c.id], action: 'restore' });
    assert.equal(job.counts.changed, 1);
    const f = await h.flow({ on_edit: false, filter: ['number', '=', c.number] });
    const { results } = await undo(p.boss, job);
    assert.deepEqual(results.map((r) => [r.record.id, r.outcome]), [[c.id, 'kept']]);
    assert.equal((await p.rep.get(`/customers/${c.id}`)).status, 200);
    await h.drop(f);
  });

  test('an import: what it made and what it changed', async () => {
    const changed = await makeCustomer(p.boss, { name: `导入改动${Date.now()}有限公司` });
    const names = [`导入新建甲${Date.now()}有限公司`, `导入新建乙${Date.now()}有限公司`];
    const run = await upload(p.boss, csv([['客户名称', '备注', '联系方式', '所属行业', '信息来源'], ...[[changed.name, changed.phone], [names[0], '13655550001'], [names[1], '13655550002']].map(([n, phone]) => [n, '导入写入', phone, '信息技术', '官网'])]), { plan: { mode: 'upsert', match: ['name'] } });
    const done = await checkAndRun(p.boss, run.id);
    assert.deepEqual([done.counts.created, done.counts.updated], [2, 1], JSON.stringify(await errorsOf(p.boss, run.id)));
    assert.equal((await customer(changed)).remark, '导入写入');
    const f = await h.flow({ filter: ['name', 'in', [changed.name, names[0]]] });
    await step(p.boss, run.id, 'undo');
    assert.equal((await customer(changed)).remark, '导入写入');
    assert.equal((await find(p.boss, 'customers', 'name', names[0])).length, 1, 'held: stays');
    assert.equal((await find(p.boss, 'customers', 'name', names[1])).length, 0, 'free: went');
    const kept = await errorsOf(p.boss, run.id, 'undo');
    assert.deepEqual(kept.map((k) => k.value).sort(), [changed.name, names[0]].sort());
    assert.ok(kept.every((k) => k.message.includes(f.name)), JSON.stringify(kept));
    await h.drop(f);
  });
});
