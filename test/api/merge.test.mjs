// Records that are one thing twice become one, and apart again: everything that led to one leads to the other, nothing is lost or
// doubled, and nobody learns or gets anything by it that he could not have before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAndRun, csv, upload } from '../lib/imports.mjs';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { contact, customer, filter, followUp, make, makeCustomer, mistakes, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';
import { wherever, wholeDatabase } from '../lib/whole.mjs';

let server, boss, manager, rep, rep2, west, agent, id;
before(async () => {
  server = await startServer({ company: true });
  const p = await makeCompany(server, { only: ['boss', 'manager', 'rep', 'rep2', 'west_manager', 'agent'] });
  ({ boss, manager, rep, rep2, agent } = p);
  west = p.west_manager;
  id = Object.fromEntries(Object.entries(p).filter(([, c]) => c.user).map(([n, c]) => [n, c.user.id]));
});
after(() => server?.stop());

const merge = (who, survivor, merged, over = {}, plural = 'customers') =>
  who.post(`/${plural}/merge`, { survivor: survivor.id, merged: merged.map((m) => m.id ?? m), ...over });
async function merged(who, survivor, others, over, plural) {
  const answer = await merge(who, survivor, others, over, plural);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}
async function undone(who, m) {
  const answer = await who.post(`/merges/${m.merge.id}/undo`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}
const pointIds = { contact_point: ['id'] };
const now = (path) => boss.get(path).then((a) => a.json);

/** Two customers with one of everything at the second. */
async function pair() {
  const a = await makeCustomer(rep), b = await makeCustomer(rep, { email: 'b@example.com', level: 'key', remark: '乙的备注' });
  const k = await make(rep, 'contacts', contact(b.id));
  const f = await make(rep, 'follow-ups', followUp(b.id, { contacts: [k.id], next_time: '2031-05-06T10:00:00+08:00' }));
  const t = await make(rep, 'tasks', { title: '给乙报价', customer: b.id, contact: k.id });
  const tag = await make(boss, 'tags', { name: `标签${Math.random()}` });
  assert.equal((await boss.patchNow(`/customers/${b.id}`, { tags: [tag.id] })).status, 200);
  assert.equal((await rep.upload(`/customers/${b.id}/attachments`, 'a.txt', `file ${b.id}`)).status, 201);
  assert.equal((await boss.post('/favorites', { entity: 'customer', id: b.id })).status, 204);
  return { a, b, k, f, t, tag };
}

test('the survivor takes the values chosen and all that hung on the other, and the undo gives it back', async () => {
  const { a, b, k, f, t, tag } = await pair();
  const was = await wholeDatabase(server, { but: pointIds });
  const preview = await merge(manager, a, [b], { preview: true, choose: { name: b.id, remark: b.id } });
  assert.equal(preview.status, 200, preview.text);
  assert.deepEqual(preview.json, { preview: true, moved: { contact: 1, customer_contact: 1, follow_up: 1, task: 2, attachment: 1 } });
  assert.deepEqual(await wholeDatabase(server, { but: pointIds }), was, 'a preview changes nothing');
  const m = await merged(manager, a, [b], { choose: { name: b.id, remark: b.id, level: a.id } });
  assert.deepEqual(m.moved, preview.json.moved);
  assert.deepEqual([m.record.name, m.record.remark, m.record.level, m.record.number], [b.name, '乙的备注', 'normal', a.number]);
  assert.deepEqual([m.record.contact_count, m.record.follow_up_count, m.record.open_task_count], [1, 1, 2]);
  assert.equal(m.record.main_contact.id, k.id);
  assert.deepEqual(m.record.tags.map((x) => x.id), [tag.id]);
  for (const [path, field] of [[`contacts/${k.id}`, 'customer'], [`follow-ups/${f.id}`, 'customer'], [`follow-ups/${f.id}`, 'parent'], [`tasks/${t.id}`, 'customer']])
    assert.equal((await now(`/${path}`))[field].id, a.id, `${path} ${field}`);
  assert.equal((await boss.get('/favorites')).json.data.filter((x) => x.id === a.id).length, 1);
  const gone = await rep.get(`/customers/${b.id}`);
  assert.equal(problem(gone, 404, 'merged').merged_into, a.id);
  const back = await undone(manager, m);
  assert.deepEqual([back.survivor, back.restored, back.left], [a.id, [b.id], {}]);
  assert.deepEqual(await wholeDatabase(server, { but: pointIds }), was);
  problem(await manager.post(`/merges/${m.merge.id}/undo`), 409, 'undo_refused');
  assert.equal((await server.cli('check')).code, 0, (await server.cli('check')).stdout);
});

// Where the number of a merged record may stand afterwards, and why: what happened stays as it happened, and the undo needs it.
const stays = new Set([
  'customer.id', 'contact.id', // the tombstone itself
  'customer.main_contact_id', // of the tombstone
  'contact.merged_into_id', 'customer.merged_into_id', // an older tombstone leads here, and on
  'history.record_id', 'history.changes', // what happened to it, and to those that moved
  'audit_log.record_id', 'audit_log.changes',
  'change_log.ref', // for followers, an hour
  'merge_log.merged_ids', 'merge_log.field_choices', 'merge_log.undo_payload', // the merge
  'merge_row.record_id', 'merge_row.was',
  'customer_contact.customer_id', 'customer_contact.contact_id', // a pair the survivor had as well, in the bin
  'favorite.record', 'record_share.record_id', // the same, of one who has the survivor's
  'rel_customer_tags.id', 'rel_contact_tags.id', // the tombstone's own, for the undo
  'change_request.record', 'change_request.ids', 'change_request.input', // a request about it says where it went
  'idempotency.record_id', // the answer to a repeated request
  'job_row.record_id', 'import_row.record_id', // what a job did
  'delivery.text', // a letter that was written
]);

test('nothing leads to a merged record any more but what is listed with its reason', async () => {
  const { a, b, k } = await pair();
  const [parent, third] = [await makeCustomer(rep), await makeCustomer(rep)];
  assert.equal((await boss.patchNow(`/customers/${third.id}`, { parent_customer: b.id })).status, 200);
  assert.equal((await boss.patchNow(`/customers/${a.id}`, { parent_customer: b.id })).status, 200);
  assert.equal((await boss.patchNow(`/customers/${b.id}`, { parent_customer: parent.id })).status, 200);
  await make(rep, 'follow-ups', { parent_type: 'contact', parent: k.id, method: 'phone', content: '与联系人谈交付', customer_need: '报价', next_plan: '再谈' });
  const pair2 = await make(boss, 'customer-contacts', { customer: a.id, contact: k.id, role: '兼任' });
  assert.equal((await manager.post(`/customers/${b.id}/actions/share`, { with: id.rep2, right: 'read' })).status, 200);
  assert.equal((await rep2.get(`/customers/${a.id}`)).status, 404);
  for (const who of [boss, manager]) assert.equal((await who.post('/favorites', { entity: 'customer', id: b.id })).status, 204);
  assert.equal((await boss.post('/favorites', { entity: 'customer', id: a.id })).status, 204);
  const own = await make(await stepped(), 'custom-fields', { entity: 'task', code: 'from_customer', label_zh: '来自客户', type: 'link', link_to: 'customer' });
  const task = await make(rep, 'tasks', { title: '自定义关联', [own.code]: b.id });
  const was = await wholeDatabase(server, { but: pointIds });
  const m = await merged(manager, a, [b]);
  assert.deepEqual((await wherever(server, b.id)).filter((place) => !stays.has(place)), []);
  const after = await now(`/customers/${a.id}`);
  assert.equal(after.parent_customer, null, 'no record is above itself');
  assert.equal((await now(`/customers/${third.id}`)).parent_customer.id, a.id);
  assert.equal((await now(`/tasks/${task.id}`)).from_customer.id, a.id, 'a custom link as well');
  assert.equal((await rep2.get(`/customers/${a.id}`)).status, 200, 'who was let read the one reads both');
  assert.equal((await now(`/customer-contacts?${filter(['customer', '=', a.id])}&limit=50`)).data.length, 1, 'a pair stands once');
  assert.equal((await boss.get('/favorites')).json.data.filter((x) => x.id === a.id).length, 1);
  assert.equal((await server.cli('check')).code, 0, (await server.cli('check')).stdout);
  await undone(manager, m);
  assert.deepEqual(await wholeDatabase(server, { but: pointIds }), was);
  assert.ok(pair2.id && task.id);
});
async function stepped() { const admin = await server.admin(); await admin.stepUp(); return admin; }

test('contacts: one person twice, at two customers', async () => {
  const [x, y] = [await makeCustomer(rep), await makeCustomer(rep)];
  const s = await make(rep, 'contacts', contact(x.id)), o = await make(rep, 'contacts', contact(y.id, { email: 'o@example.com' }));
  await make(rep, 'follow-ups', { parent_type: 'contact', parent: o.id, method: 'phone', content: '与联系人谈价格', customer_need: '报价', next_plan: '再谈' });
  const f = await make(rep, 'follow-ups', followUp(x.id, { contacts: [s.id, o.id] }));
  const was = await wholeDatabase(server, { but: pointIds });
  const refused = await merge(manager, s, [o], { choose: { email: o.id, title: o.id } }, 'contacts');
  assert.deepEqual([refused.status, mistakes(refused)], [422, ['choose.email:masked']], 'he does not read it, so he does not move it where he might');
  const m = await merged(boss, s, [o], { choose: { email: o.id } }, 'contacts');
  assert.equal(m.record.email, 'o@example.com');
  assert.equal(m.record.follow_up_count, 1);
  assert.equal((await now(`/customers/${y.id}`)).contact_count, 0);
  assert.deepEqual((await now(`/follow-ups/${f.id}`)).contacts.map((c) => c.id), [s.id], 'named once');
  assert.deepEqual((await wherever(server, o.id)).filter((place) => !stays.has(place)), []);
  assert.equal((await server.cli('check')).code, 0, (await server.cli('check')).stdout);
  await undone(boss, m);
  assert.deepEqual(await wholeDatabase(server, { but: pointIds }), was);
});

test('what cannot be a merge is refused by name', async () => {
  const a = await makeCustomer(rep), b = await makeCustomer(rep), k = await make(rep, 'contacts', contact(b.id)), gone = await makeCustomer(rep);
  assert.equal((await boss.delNow(`/customers/${gone.id}`)).status, 204);
  const post = (body, plural = 'customers') => manager.post(`/${plural}/merge`, body);
  for (const [body, status, wanted] of [
    [{}, 422, ['merged:required', 'survivor:required']],
    [{ survivor: a.id, merged: [] }, 422, ['merged:invalid']],
    [{ survivor: a.id, merged: Array.from({ length: 21 }, (_, i) => i + 1) }, 422, ['merged:invalid']],
    [{ survivor: a.id, merged: [b.id, b.id] }, 422, ['merged:invalid']],
    [{ survivor: a.id, merged: [a.id] }, 422, ['merged:invalid']],
    [{ survivor: a.id, merged: ['x'] }, 422, ['merged:type']],
    [{ survivor: a.id, merged: [b.id], versions: { 7: 1 } }, 422, ['versions:invalid']],
    [{ survivor: a.id, merged: [b.id], versions: { [b.id]: 'x' } }, 422, ['versions:type']],
    [{ survivor: a.id, merged: [b.id], choose: { nope: b.id, hash: b.id } }, 400, ['choose.hash:unknown_field', 'choose.nope:unknown_field']],
    [{ survivor: a.id, merged: [b.id], choose: { name: 5, phone: null } }, 422, ['choose.name:invalid', 'choose.phone:invalid']],
    [{ survivor: a.id, merged: [b.id], choose: { number: b.id, created_at: b.id, version: b.id, owner: b.id, merged_into: b.id, follow_up_count: b.id } }, 422,
      ['created_at', 'follow_up_count', 'merged_into', 'number', 'owner', 'version'].map((f) => `choose.${f}:readonly`)],
    [{ survivor: a.id, merged: [b.id], choose: { tags: b.id } }, 422, ['choose.tags:invalid']],
    [{ survivor: a.id, merged: [b.id], other: 1 }, 400, ['other:unknown_field']],
  ]) {
    const answer = await post(body);
    problem(answer, status, null, JSON.stringify(body));
    assert.deepEqual(mistakes(answer), wanted, answer.text);
  }
  for (const body of [{ survivor: a.id, merged: [12345] }, { survivor: 12345, merged: [b.id] }, { survivor: a.id, merged: [gone.id] }, { survivor: gone.id, merged: [b.id] }, { survivor: a.id, merged: [k.id] }])
    problem(await post(body), 404, 'not_found', JSON.stringify(body));
  problem(await post({ survivor: a.id, merged: [b.id], versions: { [b.id]: 99 } }), 412, 'stale');
  problem(await boss.post('/tasks/merge', { survivor: 1, merged: [2] }), 403);
  problem(await boss.post('/merges/12345/undo'), 404, 'not_found');
  assert.equal((await rowsOf(server, `SELECT count(*) FROM merge_row WHERE record_id IN (${a.id}, ${b.id})`))[0][0], '0');
});

test('a merge gives nobody what he had not', async () => {
  const a = await makeCustomer(rep), b = await makeCustomer(rep), far = await makeCustomer(west);
  // without the right on the entity, and without it on a record
  for (const who of [rep, agent]) problem(await merge(who, a, [b]), 403, 'forbidden');
  problem(await server.anyone().post('/customers/merge', {}), 401);
  const [absent, foreign] = [await merge(manager, a, [98765]), await merge(manager, a, [far.id])];
  const plain = ({ json: { trace_id: _, ...rest } }) => rest;
  assert.deepEqual(plain(foreign), plain(absent), 'a stranger learns nothing of whether it is there');
  assert.deepEqual(plain(await merge(manager, far, [a.id])), plain(absent));
  assert.deepEqual(plain(await merge(manager, a, [far.id], { preview: true, versions: { [far.id]: 99 }, choose: { name: far.id } })), plain(absent), 'nor by its version or values');
  // read by a share is not enough, neither as the one that stays nor as one that goes
  assert.equal((await west.post(`/customers/${far.id}/actions/share`, { with: id.manager, right: 'write' })).status, 200);
  problem(await merge(manager, a, [far]), 403, 'forbidden');
  problem(await merge(manager, far, [a]), 403, 'forbidden');
  // a merged one is told of only to who may read the survivor; its undo is for who may merge them all
  const m = await merged(manager, a, [b]);
  assert.equal((await rep.get(`/customers/${b.id}`)).json.code, 'merged');
  for (const who of [rep2, west]) problem(await who.get(`/customers/${b.id}`), 404, 'not_found');
  problem(await rep.post(`/merges/${m.merge.id}/undo`), 403, 'forbidden');
  assert.deepEqual(plain(await rep.post(`/merges/${m.merge.id}/undo`)), plain(await rep.post('/merges/98765/undo')), 'nor is the number of a merge told');
  assert.deepEqual(plain(await west.post(`/merges/${m.merge.id}/undo`)), plain(await west.post('/merges/98765/undo')));
  problem(await boss.post(`/customers/${b.id}/restore`), 409, 'conflict');
  problem(await boss.patchNow(`/customers/${b.id}`, { remark: 'x' }, { 'If-Match': '"1"' }).catch(() => boss.patch(`/customers/${b.id}`, { remark: 'x' }, { 'If-Match': '"1"' })), 404);
  await undone(manager, m);
});

test('a chain is undone from its end, and only within its time', async () => {
  const [a, b, c, d] = [await makeCustomer(boss), await makeCustomer(boss), await makeCustomer(boss), await makeCustomer(boss)];
  const k = await make(boss, 'contacts', contact(a.id)), refused = (m) => boss.post(`/merges/${m.merge.id}/undo`).then((x) => problem(x, 409, 'undo_refused').detail);
  const first = await merged(boss, b, [a]), second = await merged(boss, c, [b]), third = await merged(boss, c, [d]);
  assert.equal((await now(`/contacts/${k.id}`)).customer.id, c.id);
  assert.equal(problem(await boss.get(`/customers/${a.id}`), 404, 'merged').merged_into, c.id, 'to the end of the way');
  assert.match(await refused(first), /后来又被合并/);
  assert.match(await refused(second), /较晚/);
  assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  problem(await boss.get(`/customers/${a.id}`), 404, 'not_found');
  assert.match(await refused(third), /回收站/);
  assert.equal((await boss.post(`/customers/${c.id}/restore`)).status, 200);
  await undone(boss, third);
  await undone(boss, second);
  assert.equal((await now(`/contacts/${k.id}`)).customer.id, b.id);
  // what was moved on since stays, and is told
  assert.equal((await boss.patchNow(`/contacts/${k.id}`, { customer: d.id })).status, 200);
  await rowsOf(server, `UPDATE merge_log SET at = at - ${31 * 86400000} WHERE id = ${first.merge.id}`);
  assert.match(await refused(first), /30 天/);
  await rowsOf(server, `UPDATE merge_log SET at = at + ${31 * 86400000} WHERE id = ${first.merge.id}`);
  assert.deepEqual((await undone(boss, first)).left.contact, 1);
  assert.equal((await now(`/contacts/${k.id}`)).customer.id, d.id);
  assert.equal((await server.cli('check')).code, 0, (await server.cli('check')).stdout);
  await rowsOf(server, `UPDATE customer SET merged_into_id = ${c.id} WHERE id = ${d.id}`);
  const spoilt = await server.cli('check');
  assert.notEqual(spoilt.code, 0);
  assert.match(spoilt.stdout + spoilt.stderr, new RegExp(`customer ${d.id}: merged into another one`));
  await rowsOf(server, `UPDATE customer SET merged_into_id = NULL WHERE id = ${d.id}`);
});

test('what was changed since the merge stays, what somebody entered again blocks the return', async () => {
  const a = await makeCustomer(rep), b = await makeCustomer(rep, { remark: '乙', level: 'key' });
  const m = await merged(boss, a, [b], { choose: { remark: b.id, level: b.id } });
  assert.equal((await boss.patchNow(`/customers/${a.id}`, { level: 'potential' })).status, 200);
  problem(await boss.post('/customers', customer({ name: b.name, phone: b.phone })), 409, 'duplicate', 'it is there, as part of another');
  const file = csv([['客户名称', '所属行业', '信息来源', '联系方式'], [b.name, '金融', '广告', b.phone]]);
  assert.equal((await checkAndRun(boss, (await upload(boss, file, { plan: { mode: 'create', on_duplicate: 'create' } })).id)).counts.created, 1);
  const [again] = (await now(`/customers?${filter(['name', '=', b.name])}`)).data;
  const refused = problem(await boss.post(`/merges/${m.merge.id}/undo`), 409, 'duplicate');
  assert.equal(refused.errors[0].field, 'name');
  assert.equal(refused.detail, `“${b.name}”恢复后，客户名称、联系方式与“${b.name}”相同。请先修改“${b.name}”的客户名称、联系方式，或者删除“${b.name}”，再撤销合并`);
  // who may not see it is told the field, and not whose it is
  assert.equal((await boss.post(`/customers/${again.id}/actions/transfer`, { owner: id.west_manager })).status, 200);
  const foreign = problem(await manager.post(`/merges/${m.merge.id}/undo`), 409, 'duplicate');
  assert.deepEqual([foreign.errors[0].field, foreign.detail], ['name', `“${b.name}”恢复后，客户名称、联系方式与您无权查看的一条记录相同。请能查看它的同事先修改它的客户名称、联系方式，或者删除它，再撤销合并`]);
  assert.equal((await boss.delNow(`/customers/${again.id}`)).status, 204);
  await undone(boss, m);
  const { remark, level } = await now(`/customers/${a.id}`);
  assert.deepEqual([remark ?? null, level], [a.remark ?? null, 'potential']);
});

test('history, the timeline and the audit log tell of it; figures count the survivor alone', async () => {
  const a = await makeCustomer(boss), b = await makeCustomer(boss);
  await make(boss, 'contacts', contact(b.id));
  const count = async () => (await boss.get(`/customers?limit=1&count=exact&${filter(['name', 'in', [a.name, b.name]])}`)).json.count.value;
  const before = await count();
  const m = await merged(boss, a, [b], { choose: { name: b.id } });
  const entry = (await now(`/customers/${a.id}/history`)).data.find((x) => x.action === 'merge');
  assert.deepEqual(entry.merge, { id: m.merge.id, merged: [{ id: b.id, name: b.number }] });
  assert.deepEqual(entry.changes.map((x) => [x.field, x.before, x.after]).filter((x) => x[0] === 'name'), [['name', a.name, b.name]]);
  assert.ok((await now(`/customers/${a.id}/timeline`)).data.some((x) => x.kind === 'merge' && x.merge.id === m.merge.id));
  assert.equal(await count(), before - 1);
  assert.equal((await rowsOf(server, `SELECT count(*) FROM audit_log WHERE action = 'merge' AND record_id IN (${a.id}, ${b.id})`))[0][0], '2');
  await undone(boss, m);
  assert.equal(await count(), before);
  assert.ok((await now(`/customers/${a.id}/history`)).data.some((x) => x.action === 'unmerge' && x.merge.id === m.merge.id));
});

test('who is erased is erased in what the undo would need, and nothing brings him back', async () => {
  const a = await makeCustomer(boss), b = await makeCustomer(boss, { remark: '乙的秘密四七一一' }), c = await makeCustomer(boss, { remark: '丙的秘密四七一二' });
  const points = async () => (await rowsOf(server, `SELECT count(*) FROM contact_point WHERE parent_id = ${a.id}`))[0][0];
  const m = await merged(boss, a, [b]);
  assert.equal(await points(), '2', 'its number is known as the survivor\'s');
  const n = await merged(boss, c, [a], { choose: { remark: a.id } });
  assert.equal((await boss.stepUp()).status, 204);
  const erase = (x) => boss.post(`/customers/${x.id}/erase`, { reason: '本人要求' });
  assert.equal((await erase(b)).status, 204);
  assert.equal((await rowsOf(server, `SELECT count(*) FROM merge_log WHERE id = ${m.merge.id} AND undo_payload IS NOT NULL`))[0][0], '0');
  assert.equal((await rowsOf(server, `SELECT count(*) FROM merge_row WHERE merge_id = ${m.merge.id} OR record_id = ${b.id}`))[0][0], '0');
  await undone(boss, n);
  assert.equal(await points(), '1');
  assert.match(problem(await boss.post(`/merges/${m.merge.id}/undo`), 409, 'undo_refused').detail, /彻底删除/);
  const last = await merged(boss, a, [c]);
  assert.equal((await boss.delNow(`/customers/${a.id}`)).status, 204);
  assert.equal((await erase(a)).status, 204);
  problem(await boss.post(`/merges/${last.merge.id}/undo`), 404, 'not_found');
  assert.deepEqual((await wholeDatabase(server, { with: ['merge_log', 'merge_row', 'history'] })).filter((l) => l.includes('四七一一')), []);
});

test('at the same moment: one merge is done, and a talk written meanwhile is with the survivor or refused', async () => {
  for (let round = 0; round < 10; round++) {
    const [a, b] = [await makeCustomer(boss), await makeCustomer(boss)];
    const write = (x) => boss.post('/follow-ups', followUp(x.id));
    const calls = [write(b), merge(boss, a, [b]), write(a), merge(boss, b, [a]), write(b), write(a), write(b)];
    const answers = await Promise.all(calls);
    const done = [answers[1], answers[3]].filter((x) => x.status === 200);
    assert.equal(done.length, 1, answers.map((x) => x.status).join());
    for (const x of [answers[1], answers[3]]) assert.ok([200, 404, 412].includes(x.status), x.text);
    for (const i of [0, 2, 4, 5, 6]) assert.ok([201, 422].includes(answers[i].status), answers[i].text);
    const talks = [0, 2, 4, 5, 6].map((i) => answers[i]).filter((x) => x.status === 201).map((x) => x.json.id);
    for (const t of talks) {
      const at = await boss.get(`/follow-ups/${t}`);
      assert.equal(at.status, 200);
      assert.equal((await boss.get(`/customers/${at.json.customer.id}`)).status, 200, 'with one that lives');
    }
    const undo = await Promise.all([1, 2].map(() => boss.post(`/merges/${done[0].json.merge.id}/undo`)));
    assert.deepEqual(undo.map((x) => x.status).sort(), [200, 409]);
  }
  assert.equal((await server.cli('check')).code, 0, (await server.cli('check')).stdout);
});

test('who may not hand records over does not get to them by a merge', async () => {
  const admin = await stepped(), code = 'merger';
  const actions = 'read create edit delete merge';
  await make(admin, 'roles', { code, name: '合并员', rights: { rights: [], entities: { customer: { scope: 'department', actions }, contact: { scope: 'department', actions } } } });
  const login = 'merger1', password = 'Guest-merger1-2026';
  await server.importUsers({ users: [{ login, name: '合并一号', department: 'SALES_EAST', roles: [code], password, must_change: false }] });
  let who;
  await until(async () => { who = await server.login(login, password).catch(() => null); return who && (await who.get('/customers?limit=1')).status === 200; }, 20_000, 'the new person');
  const mine = await makeCustomer(who), also = await makeCustomer(who), theirs = await makeCustomer(rep);
  const k = await make(rep, 'contacts', contact(theirs.id));
  assert.match((await who.get(`/contacts/${k.id}`)).json.mobile, /\*/);
  for (const preview of [true, false]) problem(await merge(who, mine, [theirs], { preview }), 403, 'forbidden');
  assert.match((await who.get(`/contacts/${k.id}`)).json.mobile, /\*/);
  await merged(who, mine, [also]);
});

test('the undo of a bulk change passes over what was merged since', async () => {
  const a = await makeCustomer(boss), b = await makeCustomer(boss), c = await makeCustomer(boss);
  const run = async (path, body) => {
    const started = await boss.post(path, body);
    assert.equal(started.status, 202, started.text);
    return until(async () => { const j = (await boss.get(`/jobs/${started.json.job.id}`)).json; return j.state === 'done' && j; }, 30_000, path);
  };
  const job = await run('/customers/bulk', { ids: [b.id, c.id], action: 'update', values: { level: 'key' } });
  const m = await merged(boss, a, [b]);
  const back = await run(`/jobs/${job.id}/undo`);
  assert.equal((await now(`/customers/${c.id}`)).level, 'normal');
  assert.equal((await boss.get(`/customers/${b.id}`)).json.code, 'merged');
  assert.equal(back.result?.kept ?? back.kept ?? 1, 1);
  await undone(boss, m);
});
