// A merge goes round no flow of approval, and a request about a record that was merged meanwhile ends by saying so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { contact, make, makeCustomer, problem } from '../lib/records.mjs';

let h;
before(async () => { h = await approvals({ only: ['rep', 'rep2', 'manager', 'dept_head', 'boss'] }); });
after(() => h?.server.stop());

const merge = (who, s, others, over = {}) => who.post('/customers/merge', { survivor: s.id, merged: others.map((m) => m.id), ...over });
const steps = [{ who: 'user', user: 0 }];
const flow = (over) => h.flow({ on_edit: false, on_delete: false, filter: null, steps: [{ ...steps[0], user: h.id.boss }], ...over });
const pair = async (over = {}, of = {}) => [await makeCustomer(h.p.rep, of), await makeCustomer(h.p.rep, over)];
async function held(s, others, over, what) {
  for (const preview of [true, false])
    problem(await merge(h.p.manager, s, others, { ...over, preview }), 409, 'approval_required', what);
  assert.equal((await h.p.boss.get(`/customers/${others[0].id}`)).status, 200, what);
}

test('it is held by what holds its parts: merging, deleting, handing over, changing, and what moves', async () => {
  const [a, b] = await pair({ level: 'key', remark: '新的' }, { level: 'key' }), theirs = await makeCustomer(h.p.rep2);
  await make(h.p.rep, 'contacts', contact(b.id));
  const cases = [
    [{ on_merge: true, filter: ['level', '=', 'key'] }, a, [b]],
    [{ on_merge: true, filter: ['level', '=', 'key'] }, theirs, [b]],
    [{ on_merge: true, filter: ['level', '=', 'key'] }, b, [theirs]],
    [{ on_delete: true }, a, [b]],
    [{ on_transfer: true }, theirs, [b]],
    [{ on_edit: true, fields: ['remark'] }, a, [b], { choose: { remark: b.id } }],
    [{ entity: 'contact', on_edit: true, fields: ['customer'] }, a, [b]],
    [{ entity: 'contact', on_delete: true }, a, [b]],
  ];
  for (const [over, s, others, body] of cases) {
    const f = await flow(over);
    await held(s, others, body, JSON.stringify(over));
    assert.equal((await h.drop(f)).status, 200);
  }
  // and by nothing else
  const free = [await flow({ on_transfer: true }), await flow({ on_edit: true, fields: ['remark'] }), await flow({ on_merge: true, filter: ['level', '=', 'potential'] })];
  assert.equal((await merge(h.p.manager, a, [b], { preview: true, choose: { level: b.id } })).status, 200);
  for (const f of free) await h.drop(f);
});

test('asked for, agreed to, done as the requester; stale or without the right it is not', async () => {
  const f = await flow({ on_merge: true });
  const [a, b] = await pair({ remark: '乙说' });
  await make(h.p.rep, 'contacts', contact(b.id));
  const told = problem(await merge(h.p.manager, a, [b], { preview: true }), 409, 'approval_required');
  assert.deepEqual(told.moved, { contact: 1, customer_contact: 1 }, 'who has to ask is told what he asks for');
  assert.ok(!('moved' in problem(await merge(h.p.manager, a, [b]), 409, 'approval_required')));
  const ask = { operation: 'merge', entity: 'customer', record: a.id, ids: [b.id], input: { remark: b.id } };
  problem(await h.ask(h.p.rep, ask), 403, 'forbidden', 'who may not merge may not ask for it');
  problem(await h.ask(h.p.manager, { ...ask, ids: [98765] }), 404);
  problem(await h.ask(h.p.manager, { ...ask, ids: null }), 422, 'required');
  const r = await h.filed(h.p.manager, ask);
  problem(await h.ask(h.p.manager, ask), 409, 'conflict', 'one at a time');
  const look = (await h.act(h.p.boss, r, 'look')).json;
  assert.deepEqual(look.moved, { contact: 1, customer_contact: 1 });
  assert.deepEqual(look.records.map((x) => x.id), [b.id]);
  assert.equal(look.changes[0].after, '乙说');
  assert.equal((await h.act(h.p.boss, r, 'agree')).status, 200);
  assert.equal(await h.stateOf(r, h.p.manager), 'done');
  assert.ok(!('moved' in (await h.act(h.p.boss, r, 'look')).json), 'it is done');
  assert.equal((await h.p.rep.get(`/customers/${a.id}`)).json.remark, '乙说');
  assert.equal((await h.p.rep.get(`/customers/${b.id}`)).json.code, 'merged');
  // one that changed meanwhile is not merged
  const [c, d] = await pair();
  const late = await h.filed(h.p.manager, { ...ask, record: c.id, ids: [d.id], input: {} });
  assert.equal((await h.p.rep.patchNow(`/customers/${d.id}`, { remark: '改过' })).status, 200);
  assert.equal((await h.act(h.p.boss, late, 'agree')).status, 200);
  assert.equal(await h.stateOf(late, h.p.manager), 'failed');
  assert.equal((await h.p.rep.get(`/customers/${d.id}`)).status, 200);
  await h.drop(f);
});

test('a request about a record that was merged meanwhile ends, names where it went, and touches neither', async () => {
  const [keep, gone, other] = [await makeCustomer(h.p.rep), await makeCustomer(h.p.rep, { level: 'key' }), await makeCustomer(h.p.rep, { level: 'key' })];
  const f = await flow({ on_edit: true, on_delete: true, on_transfer: true, filter: ['level', '=', 'key'] });
  const asked = [
    await h.filed(h.p.rep, { record: gone.id, input: { remark: '申请的备注' } }),
    await h.filed(h.p.manager, { operation: 'delete', record: gone.id }),
    await h.filed(h.p.manager, { operation: 'bulk_delete', ids: [other.id, gone.id] }),
    await h.filed(h.p.manager, { operation: 'transfer', record: gone.id, input: { owner: h.id.rep2 } }),
  ];
  await h.drop(f);
  const m = await merge(h.p.manager, keep, [gone]);
  assert.equal(m.status, 200, m.text);
  const before = (await h.p.rep.get(`/customers/${keep.id}`)).json;
  for (const [i, r] of asked.entries()) {
    assert.equal((await h.act(h.p.boss, r, 'agree')).status, 200);
    const who = i ? h.p.manager : h.p.rep, now = (await who.get(`/change-requests/${r.id}`)).json;
    assert.equal(now.state, 'failed');
    assert.match(now.result, new RegExp(`已合并至“${keep.name}”`));
    assert.ok((await who.get('/notifications?limit=50')).json.data.some((n) => n.entity === 'change_request' && n.record === r.id), 'the requester is told');
  }
  assert.deepEqual((await h.p.rep.get(`/customers/${keep.id}`)).json, before);
  assert.equal((await h.p.rep.get(`/customers/${other.id}`)).status, 200);
  // the tombstone is not brought back by a request either, and its undo asks the flows on restoring
  problem(await h.ask(h.p.manager, { operation: 'restore', record: gone.id }), 409, 'conflict');
  const g = await flow({ on_restore: true });
  const held = problem(await h.p.manager.post(`/merges/${m.json.merge.id}/undo`), 409, 'approval_required');
  assert.match(held.detail, /不能提交/, 'it says that nothing can be filed, and what to do');
  await h.drop(g);
  assert.equal((await h.p.manager.post(`/merges/${m.json.merge.id}/undo`)).status, 200);
});
