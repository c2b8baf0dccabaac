// What a merge must not go round, lose or leave behind: flows on lists, the main contact of a customer, numbers of an earlier
// merge, and the erasing of a survivor.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { contact, filter, followUp, make, makeCustomer, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

let h, server, rep, rep2, manager, boss;
before(async () => {
  h = await approvals({ only: ['rep', 'rep2', 'manager', 'dept_head', 'boss'] });
  ({ server } = h);
  ({ rep, rep2, manager, boss } = h.p);
});
after(() => server?.stop());

const merge = (who, s, m, { of = 'customers', ...over } = {}) => who.post(`/${of}/merge`, { survivor: s.id, merged: m.map((x) => x.id), ...over });
async function merged(s, m, over) {
  const answer = await merge(boss, s, m, over);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.merge.id;
}
async function undone(id) {
  const answer = await boss.post(`/merges/${id}/undo`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}
const now = async (path, who = boss) => { const x = await who.get(path); assert.equal(x.status, 200, x.text); return x.json; };
async function sound() { const check = await server.cli('check'); assert.equal(check.code, 0, check.stdout + check.stderr); }
const flow = (over) => h.flow({ filter: null, on_delete: false, steps: [{ who: 'user', user: h.id.boss }], ...over });

test('a flow on a list holds a merge that adds to it, and none that adds nothing', async () => {
  const tag = await make(boss, 'tags', { name: '合并标签' });
  const [a, b, c] = [await makeCustomer(rep), await makeCustomer(rep, { tags: [tag.id] }), await makeCustomer(rep)];
  const f = await flow({ fields: ['tags'] });
  problem(await manager.patchNow(`/customers/${a.id}`, { tags: [tag.id] }), 409, 'approval_required');
  for (const preview of [true, false]) problem(await merge(manager, a, [b], { preview }), 409, 'approval_required');
  assert.deepEqual((await now(`/customers/${a.id}`)).tags, []);
  assert.equal((await merge(manager, a, [c])).status, 200, 'nothing is added');
  assert.equal((await merge(manager, b, [a])).status, 200, 'it has the tag already');
  assert.equal((await h.drop(f)).status, 200);
});

test('a flow on a list of others holds a merge of what it names', async () => {
  const x = await makeCustomer(rep), [s, o, free] = [await make(rep, 'contacts', contact(x.id)), await make(rep, 'contacts', contact(x.id)), await make(rep, 'contacts', contact(x.id))];
  const talk = await make(rep, 'follow-ups', followUp(x.id, { contacts: [o.id] }));
  const f = await flow({ entity: 'follow_up', fields: ['contacts'] });
  for (const preview of [true, false]) problem(await merge(manager, s, [o], { of: 'contacts', preview }), 409, 'approval_required');
  assert.deepEqual((await now(`/follow-ups/${talk.id}`)).contacts.map((k) => k.id), [o.id]);
  assert.equal((await merge(manager, s, [free], { of: 'contacts' })).status, 200, 'no talk names it');
  assert.equal((await h.drop(f)).status, 200);
  assert.equal((await merge(manager, s, [o], { of: 'contacts' })).status, 200);
  assert.deepEqual((await now(`/follow-ups/${talk.id}`)).contacts.map((k) => k.id), [s.id]);
});

test('a customer whose main contact became one of another customer has one of its own, and the former after the undo', async () => {
  const [x, y, z] = [await makeCustomer(rep), await makeCustomer(rep2), await makeCustomer(rep2)];
  const s = await make(rep, 'contacts', contact(x.id)), o = await make(rep2, 'contacts', contact(y.id)), o2 = await make(rep2, 'contacts', contact(y.id));
  const only = await make(rep2, 'contacts', contact(z.id));
  const main = async (c, who = boss) => (await now(`/customers/${c.id}`, who)).main_contact?.id ?? null;
  const primary = async (c) => (await now(`/customer-contacts?limit=50&${filter(['and', ['customer', '=', c.id], ['is_primary', '=', true]])}`)).data.map((p) => p.contact.id);
  const figures = async () => ({ main: [await main(x), await main(y), await main(z)], pairs: [await primary(x), await primary(y), await primary(z)],
    rest: await rowsOf(server, `SELECT id, completeness, contact_count FROM customer WHERE id IN (${x.id}, ${y.id}, ${z.id}) ORDER BY id`) });
  const was = await figures();
  assert.deepEqual([was.main, was.pairs], [[s.id, o.id, only.id], [[s.id], [o.id], [only.id]]]);
  const id = await merged(s, [o, only], { of: 'contacts' });
  assert.deepEqual([await main(x), await main(y), await main(z)], [s.id, o2.id, null]);
  assert.equal((await now(`/customers/${y.id}`, rep2)).main_contact.label, o2.name, 'he sees who it is');
  assert.deepEqual([await primary(y), await primary(z)], [[], []]);
  await sound();
  assert.deepEqual((await undone(id)).left, {});
  assert.deepEqual(await figures(), was);
  await sound();
  // deleting the other customer takes nobody's main contact along
  await merged(s, [o], { of: 'contacts' });
  assert.equal((await boss.delNow(`/customers/${x.id}`)).status, 204);
  assert.equal(await main(y), o2.id);
  await sound();
});

test('the undo of the second merge leaves the numbers of the first', async () => {
  for (const [of, one] of [['customers', () => makeCustomer(rep)], ['contacts', null]]) {
    const whole = one ? null : await makeCustomer(rep);
    const [a, b, c] = await Promise.all([1, 2, 3].map(one ?? (() => make(rep, 'contacts', contact(whole.id)))));
    const points = async (x) => (await rowsOf(server, `SELECT value FROM contact_point WHERE parent_id = ${x.id}`)).flat().sort();
    const own = await Promise.all([points(a), points(b), points(c)]);
    assert.deepEqual(own.map((v) => v.length), [1, 1, 1]);
    const number = one ? 'phone' : 'mobile', first = await merged(a, [b], { of });
    for (const choose of [undefined, { [number]: c.id }]) {
      const second = await merged(a, [c], { of, choose });
      await undone(second);
      assert.deepEqual([await points(a), await points(b), await points(c)], [[...own[0], ...own[1]].sort(), [], own[2]], `${of} ${JSON.stringify(choose)}`);
    }
    await undone(first);
    assert.deepEqual(await Promise.all([points(a), points(b), points(c)]), own, of);
  }
});

test('who erases a survivor erases what was merged into it, along the whole way', async () => {
  const [a, b, c, d] = [await makeCustomer(rep), await makeCustomer(rep, { remark: '丁的秘密五八二一' }), await makeCustomer(rep), await makeCustomer(rep)];
  const first = await merged(b, [c]), second = await merged(a, [b]), third = await merged(d, [await makeCustomer(rep)]);
  assert.equal((await boss.delNow(`/customers/${a.id}`)).status, 204);
  assert.equal((await boss.stepUp()).status, 204);
  assert.equal((await boss.post(`/customers/${a.id}/erase`, { reason: '客户要求' })).status, 204);
  for (const x of [a, b, c]) problem(await boss.post(`/customers/${x.id}/restore`), 404, 'not_found');
  for (const m of [first, second]) problem(await boss.post(`/merges/${m}/undo`), 404, 'not_found');
  assert.deepEqual(await rowsOf(server, `SELECT id FROM customer WHERE id IN (${a.id}, ${b.id}, ${c.id})`), []);
  assert.deepEqual(await rowsOf(server, `SELECT id FROM contact_point WHERE parent_id IN (${a.id}, ${b.id}, ${c.id})`), []);
  assert.deepEqual((await rowsOf(server, `SELECT record_id FROM audit_log WHERE action = 'erase' AND record_id IN (${a.id}, ${b.id}, ${c.id}) ORDER BY record_id`)).flat(),
    [a.id, b.id, c.id].map(String).sort(), 'each is told of');
  await undone(third);
  await sound();
});

test('who is erased with its whole takes along what was merged into it, and the pairs others have with it', async () => {
  const [x, y, z] = [await makeCustomer(rep), await makeCustomer(rep), await makeCustomer(rep)];
  const s = await make(rep, 'contacts', contact(x.id)), [o, p] = [await make(rep, 'contacts', contact(y.id, { remark: '戊的秘密五八二二' })), await make(rep, 'contacts', contact(z.id))];
  const talk = await make(rep, 'follow-ups', { parent_type: 'contact', parent: o.id, method: 'phone', content: '与并入者谈过交付', customer_need: '报价', next_plan: '再谈' });
  const merges = [await merged(o, [p], { of: 'contacts' }), await merged(s, [o], { of: 'contacts' })], all = [s, o, p].map((r) => r.id);
  assert.equal((await now(`/follow-ups/${talk.id}`)).parent.id, s.id);
  assert.equal((await boss.delNow(`/customers/${x.id}`)).status, 204);
  assert.equal((await boss.stepUp()).status, 204);
  assert.equal((await boss.post(`/customers/${x.id}/erase`, { reason: '客户要求' })).status, 204);
  for (const [table, column] of [['contact', 'id'], ['contact_point', 'parent_id'], ['customer_contact', 'contact_id']])
    assert.deepEqual(await rowsOf(server, `SELECT ${column} FROM ${table} WHERE ${column} IN (${all})`), [], table);
  assert.deepEqual(await rowsOf(server, `SELECT record_id FROM history WHERE entity = 'contact' AND record_id IN (${all})`), []);
  for (const id of all) problem(await boss.post(`/contacts/${id}/restore`), 404, 'not_found');
  for (const m of merges) problem(await boss.post(`/merges/${m}/undo`), 404, 'not_found');
  // the customers that stay keep their own: the talk is one with the customer
  for (const c of [y, z]) assert.deepEqual([(await now(`/customers/${c.id}`)).contact_count, (await now(`/customers/${c.id}`)).main_contact], [0, null]);
  const kept = await now(`/follow-ups/${talk.id}`);
  assert.deepEqual([kept.parent_type.value ?? kept.parent_type, kept.parent.id, kept.customer.id], ['customer', y.id, y.id]);
  await sound();
});
