// The undo of a merge after which the world went on: links that would close a circle, former links that are gone, a survivor with
// another owner, a contact that moved away. What can go back goes back, what cannot stays and is counted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { until } from '../lib/index.mjs';
import { contact, filter, make, makeCustomer, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

let h, server, boss, manager, rep;
before(async () => {
  h = await approvals({ only: ['rep', 'rep2', 'manager', 'boss'] });
  ({ server, p: { boss, manager, rep } } = h);
});
after(() => server?.stop());

const customers = (n, over = {}) => Promise.all(Array.from({ length: n }, () => makeCustomer(rep, over)));
const under = async (x, y) => { const r = await boss.patchNow(`/customers/${x.id}`, { parent_customer: y.id }); assert.equal(r.status, 200, r.text); };
const parent = async (x) => (await boss.get(`/customers/${x.id}`)).json.parent_customer?.id ?? null;
async function merged(who, s, others, over = {}) {
  const r = await who.post('/customers/merge', { survivor: s.id, merged: others.map((o) => o.id), ...over });
  assert.equal(r.status, 200, r.text);
  return r.json.merge.id;
}
async function undone(who, merge, left) {
  const r = await who.post(`/merges/${merge}/undo`);
  assert.equal(r.status, 200, r.text);
  assert.deepEqual(r.json.left, left);
}
async function sound() { const check = await server.cli('check'); assert.equal(check.code, 0, check.stdout + check.stderr); }

test('a row that would close a circle on its way back stays with the survivor and is counted', async () => {
  const [a, b, x, x2, y] = await customers(5);
  await under(b, y);
  await under(x, b);
  await under(x2, b);
  const merge = await merged(boss, a, [b]);
  assert.deepEqual([await parent(x), await parent(x2)], [a.id, a.id]);
  await under(y, x);
  await undone(boss, merge, { customer: 1 });
  assert.deepEqual([await parent(x), await parent(x2), await parent(b), await parent(y)], [a.id, b.id, y.id, x.id]);
  await sound();
});

test('a chain through two of the merged goes back as it was', async () => {
  const [a, b, x, c, y] = await customers(5);
  await under(b, x);
  await under(x, c);
  await under(c, y);
  const merge = await merged(boss, a, [b, c]);
  assert.equal(await parent(x), a.id);
  await undone(boss, merge, {});
  assert.deepEqual([await parent(b), await parent(x), await parent(c), await parent(y)], [x.id, c.id, y.id, null]);
  await sound();
});

test('a former parent that stood below the merged one is the parent again', async () => {
  const [a, b, x, z] = await customers(4);
  await under(x, b);
  await under(a, x);
  await under(b, z);
  const merge = await merged(boss, a, [b], { choose: { parent_customer: b.id } });
  assert.deepEqual([await parent(a), await parent(x)], [z.id, a.id]);
  await undone(boss, merge, {});
  assert.deepEqual([await parent(a), await parent(x), await parent(b)], [x.id, b.id, z.id]);
  await sound();
});

test('a former link whose target is in the bin, erased or below the survivor stays as it is; all else goes back', async () => {
  const gone = async (p) => { const r = await boss.delNow(`/customers/${p.id}`); assert.equal(r.status, 204, r.text); };
  const erased = async (p) => {
    await gone(p);
    const r = await boss.post(`/customers/${p.id}/erase`, { reason: '客户要求' });
    assert.equal(r.status, 204, r.text);
  };
  await boss.stepUp();
  for (const [what, happen] of Object.entries({ gone, erased, below: (p, a) => under(p, a) })) {
    const [a, b, p1, p2] = await customers(4, { remark: what });
    await under(a, p1);
    await under(b, p2);
    await boss.patchNow(`/customers/${b.id}`, { remark: '乙' });
    const k = await make(rep, 'contacts', contact(b.id));
    const merge = await merged(boss, a, [b], { choose: { parent_customer: b.id, remark: b.id } });
    await happen(p1, a);
    await undone(boss, merge, { customer: 1 });
    const now = (await boss.get(`/customers/${a.id}`)).json;
    assert.deepEqual([now.parent_customer.id, now.remark], [p2.id, what], what);
    assert.equal((await boss.get(`/contacts/${k.id}`)).json.customer.id, b.id, what);
    assert.equal(await parent(b), p2.id, what);
  }
  await sound();
});

test('check names records whose links close a circle', async () => {
  const [x, y] = await customers(2);
  await under(x, y);
  await rowsOf(server, `UPDATE customer SET parent_customer_id = ${x.id} WHERE id = ${y.id}`);
  const spoilt = await server.cli('check');
  await rowsOf(server, `UPDATE customer SET parent_customer_id = NULL WHERE id = ${y.id}`);
  assert.notEqual(spoilt.code, 0);
  for (const one of [x, y])
    assert.match(spoilt.stdout + spoilt.stderr, new RegExp(`customer ${one.id}: parent_customer leads back to itself`));
  await sound();
});

test('who changed themself is no finding: only links that say a place go round nowhere', async () => {
  assert.equal((await rep.patch('/me', { timezone: 'Asia/Urumqi' })).status, 200);
  assert.equal((await rowsOf(server, 'SELECT count(*) FROM "user" WHERE updated_by_id = id'))[0][0] > 0, true, 'control: a row that names itself');
  await sound();
});

test('where the survivor has another owner than the one that comes back, the undo hands over: right and flows are asked', async () => {
  const [a, b] = await customers(2), k = await make(rep, 'contacts', contact(b.id));
  const merge = await merged(manager, a, [b]);
  assert.equal((await h.transfer(manager, a, h.id.rep2)).status, 200);
  const flow = await h.flow({ filter: null, on_edit: false, on_delete: false, on_transfer: true });
  assert.match(problem(await manager.post(`/merges/${merge}/undo`), 409, 'approval_required').detail, /不能提交/);
  assert.equal((await boss.get(`/contacts/${k.id}`)).json.customer.id, a.id);
  problem(await boss.get(`/customers/${b.id}`), 404, 'merged');
  assert.equal((await h.drop(flow)).status, 200);
  // a flow whose condition meets only the one that comes back holds it, too
  const [s, o] = [await makeCustomer(rep), await makeCustomer(rep, { level: 'key' })], second = await merged(manager, s, [o]);
  assert.equal((await h.transfer(manager, s, h.id.rep2)).status, 200);
  const ofKey = await h.flow({ on_edit: false, on_delete: false, on_transfer: true });
  assert.match(problem(await manager.post(`/merges/${second}/undo`), 409, 'approval_required').detail, /不能提交/);
  // and nothing is asked where the owner is the same
  const [same, other] = await customers(2, { level: 'key' });
  await undone(manager, await merged(manager, same, [other]), {});
  assert.equal((await h.drop(ofKey)).status, 200);
  await undone(manager, second, {});
  await undone(manager, merge, {});
  assert.equal((await boss.get(`/contacts/${k.id}`)).json.customer.id, b.id);
  await sound();
});

test('who may not hand records over does not hand them back by an undo', async () => {
  const actions = 'read create edit delete merge', login = 'unmerger1', password = 'Guest-unmerger1-2026';
  await make(h.admin, 'roles', { code: 'unmerger', name: '合并员', rights: { rights: [], entities: { customer: { scope: 'department', actions }, contact: { scope: 'department', actions } } } });
  await server.importUsers({ users: [{ login, name: '合并一号', department: 'SALES_EAST', roles: ['unmerger'], password, must_change: false }] });
  let who;
  await until(async () => { who = await server.login(login, password).catch(() => null); return who && (await who.get('/customers?limit=1')).status === 200; }, 20_000, 'the new person');
  const [a, b] = [await makeCustomer(who), await makeCustomer(who)], merge = await merged(who, a, [b]);
  assert.equal((await h.transfer(boss, a, h.id.rep)).status, 200);
  problem(await who.post(`/merges/${merge}/undo`), 403, 'forbidden');
  await undone(boss, merge, {});
});

test('a contact that moved away is the main one of neither: its pair with the one that comes back does not say so', async () => {
  const [a, b, o] = await customers(3), k = await make(rep, 'contacts', contact(b.id));
  const pair = (await boss.get(`/customer-contacts?${filter(['contact', '=', k.id])}`)).json.data[0];
  assert.deepEqual([pair.customer.id, pair.is_primary], [b.id, true]);
  const merge = await merged(boss, a, [b]);
  assert.equal((await boss.patchNow(`/contacts/${k.id}`, { customer: o.id })).status, 200);
  await undone(boss, merge, { contact: 1 });
  const now = (await boss.get(`/customers/${b.id}`)).json;
  assert.deepEqual([now.main_contact ?? null, now.contact_count], [null, 0]);
  const back = (await boss.get(`/customer-contacts/${pair.id}`)).json;
  assert.deepEqual([back.customer.id, back.is_primary], [b.id, false]);
  await sound();
});

const main = async (c) => (await boss.get(`/customers/${c.id}`)).json.main_contact?.id ?? null;
const primary = async (c) => (await boss.get(`/customer-contacts?limit=50&${filter(['and', ['customer', '=', c.id], ['is_primary', '=', true]])}`)).json.data.map((p) => p.contact.id);
async function joined(s, o) {
  const r = await boss.post('/contacts/merge', { survivor: s.id, merged: [o.id] });
  assert.equal(r.status, 200, r.text);
  return r.json.merge.id;
}

test('a contact does not come back under a customer in the bin; what stayed with it comes back with its customer', async () => {
  const [x, y, z] = await customers(3), s = await make(rep, 'contacts', contact(x.id)), o = await make(rep, 'contacts', contact(y.id)), o2 = await make(rep, 'contacts', contact(y.id));
  for (const k of [s, o]) await make(rep, 'customer-contacts', { customer: z.id, contact: k.id });
  const merge = await joined(s, o);
  for (const c of [y, z]) assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  problem(await boss.post(`/merges/${merge}/undo`), 409, 'undo_refused');
  problem(await boss.get(`/contacts/${o.id}`), 404, 'merged');
  assert.equal((await boss.post(`/customers/${y.id}/restore`)).status, 200);
  assert.equal(await main(y), o2.id);
  await undone(boss, merge, {});
  assert.deepEqual([await main(y), await primary(y), (await boss.get(`/customers/${y.id}`)).json.contact_count], [o.id, [o.id], 2]);
  const live = async () => (await rowsOf(server, `SELECT count(*) FROM customer_contact WHERE customer_id = ${z.id} AND deleted_at IS NULL`))[0].map(Number);
  assert.deepEqual(await live(), [0], 'the pair is in the bin with its customer');
  assert.equal((await boss.post(`/customers/${z.id}/restore`)).status, 200);
  assert.deepEqual(await live(), [2]);
  await sound();
});

test('the main contact after merges of contacts is who it was before them, in whatever order they are undone', async () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const y = await makeCustomer(rep), own = [], merges = [];
    for (let i = 0; i < 3; i++) own.push(await make(rep, 'contacts', contact(y.id)));
    for (const k of own) merges.push(await joined(await make(rep, 'contacts', contact((await makeCustomer(rep)).id)), k));
    assert.deepEqual([await main(y), await primary(y)], [null, []]);
    for (const i of order) {
      const r = await boss.post(`/merges/${merges[i]}/undo`);
      assert.equal(r.status, 200, r.text);
      assert.ok(await main(y), `${order}: somebody is the main contact`);
    }
    assert.deepEqual([await main(y), await primary(y), (await boss.get(`/customers/${y.id}`)).json.contact_count], [own[0].id, [own[0].id], 3], `${order}`);
  }
  await sound();
});

test('a main contact that is so by more than merges stays; the pair of the one that comes back does not say so, and it is counted', async () => {
  const [x, y] = await customers(2), s = await make(rep, 'contacts', contact(x.id)), [o, o2, o3] = [await make(rep, 'contacts', contact(y.id)), await make(rep, 'contacts', contact(y.id)), await make(rep, 'contacts', contact(y.id))];
  const merge = await joined(s, o), put = await main(y), next = put === o2.id ? o3 : o2;
  assert.equal((await boss.patchNow(`/contacts/${put}`, { customer: x.id })).status, 200);
  assert.equal(await main(y), next.id);
  await undone(boss, merge, { customer: 1 });
  assert.deepEqual([await main(y), await primary(y)], [next.id, []]);
  await sound();
});

test('a contact that comes back where its customer was merged on is the main one there if nobody else is, and back home again', async () => {
  const [x, y, z] = await customers(3), s = await make(rep, 'contacts', contact(x.id)), o = await make(rep, 'contacts', contact(y.id));
  const merge = await joined(s, o), on = await merged(boss, z, [y]);
  await undone(boss, merge, {});
  assert.deepEqual([await main(z), (await boss.get(`/customers/${z.id}`)).json.contact_count], [o.id, 1]);
  await sound();
  await undone(boss, on, {});
  assert.deepEqual([await main(z), await main(y), await primary(y)], [null, o.id, [o.id]]);
  await sound();
});
