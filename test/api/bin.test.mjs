// Out of the recycle bin for good, at once: who may, with what, and that nothing of it is left.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { contact, followUp, make, makeCustomer, problem } from '../lib/records.mjs';

let server, boss, manager, rep, auditor, sysadmin;
before(async () => {
  server = await startServer({ company: true });
  ({ boss, manager, rep, auditor1: auditor, sysadmin } = await makeCompany(server, { only: ['boss', 'manager', 'rep', 'auditor1', 'sysadmin'] }));
});
after(() => server?.stop());

const files = () => readdirSync(join(server.dir, 'files'), { recursive: true }).filter((f) => /[0-9a-f]{60}/.test(f)).length;
async function inBin() {
  const c = await makeCustomer(rep, { name: '金丝雀四七一一有限公司' });
  const k = await make(rep, 'contacts', contact(c.id, { name: '金丝雀联系人' }));
  const f = await make(rep, 'follow-ups', followUp(c.id, { content: '金丝雀谈话：交付时间' }));
  const g = await make(rep, 'follow-ups', { parent_type: 'contact', parent: k.id, method: 'phone', content: '与联系人的金丝雀谈话', customer_need: '报价', next_plan: '再谈' });
  const t = await make(rep, 'tasks', { title: '金丝雀任务', customer: c.id });
  assert.equal((await rep.upload(`/customers/${c.id}/attachments`, 'a.txt', `canary ${c.id}`)).status, 201);
  assert.equal((await boss.post('/favorites', { entity: 'customer', id: c.id })).status, 204);
  assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  return { c, k, f, g, t };
}

test('not without the right, the step-up, a reason, the bin; a stranger learns nothing', async () => {
  const { c } = await inBin(), path = `/customers/${c.id}/erase`;
  problem(await manager.post(path, { reason: '测试原因' }), 403, 'forbidden');
  problem(await rep.post(path, { reason: '测试原因' }), 403, 'forbidden');
  problem(await sysadmin.post(path, { reason: '测试原因' }), 403, 'forbidden');
  problem(await server.anyone().post(path, { reason: '测试原因' }), 401);
  problem(await boss.post(path, { reason: '测试原因' }), 403, 'step_up_required');
  assert.equal((await boss.stepUp()).status, 204);
  for (const body of [{}, { reason: ' ' }, { reason: '一' }, { reason: '长'.repeat(201) }, { reason: null }]) problem(await boss.post(path, body), 422);
  problem(await boss.post(path, { reason: 7 }), 422);
  problem(await boss.post(path, { reason: '测试原因', more: 1 }), 400);
  problem(await boss.post('/customers/1/erase', { reason: '测试原因' }), 404);
  const live = await makeCustomer(rep);
  problem(await boss.post(`/customers/${live.id}/erase`, { reason: '测试原因' }), 409);
  const user = (await boss.get('/me')).json.user.id;
  assert.ok([403, 404].includes((await boss.post(`/users/${user}/erase`, { reason: '测试原因' })).status), 'people stay');
  assert.equal((await boss.get(`/customers/${c.id}?deleted=true`)).status, 200, 'nothing happened');
  assert.equal((await boss.post(`/customers/${c.id}/restore`, {})).status, 200);
});

test('what belongs to it goes with it, history and files too; the reason stands in the audit log', async () => {
  await boss.stepUp();
  const { c, k, f, g, t } = await inBin(), before = files();
  const answer = await boss.post(`/customers/${c.id}/erase`, { reason: '客户要求删除' });
  assert.equal(answer.status, 204, answer.text);
  for (const [plural, id] of [['customers', c.id], ['contacts', k.id], ['follow-ups', f.id], ['follow-ups', g.id], ['tasks', t.id]]) {
    problem(await boss.get(`/${plural}/${id}?deleted=true`), 404);
    assert.ok(!(await boss.get(`/${plural}?deleted=true&limit=200`)).json.data.some((r) => r.id === id), plural);
  }
  problem(await boss.post(`/customers/${c.id}/restore`, {}), 404);
  problem(await boss.post(`/customers/${c.id}/erase`, { reason: '再来一次' }), 404);
  assert.equal((await boss.get(`/search?q=${encodeURIComponent('金丝雀')}`)).json.data.filter((h) => h.id === c.id).length, 0);
  assert.ok(!(await boss.get('/favorites')).json.data.some((x) => x.id === c.id));
  assert.ok(files() <= before, 'a fresh file may wait for the sweep, none is added');
  const log = (await auditor.get(`/audit-logs?limit=50&filter=${encodeURIComponent(JSON.stringify(['action', '=', 'erase']))}`)).json.data;
  const row = (await auditor.get(`/audit-logs/${log.find((r) => r.record_id === c.id).id}`)).json;
  assert.match(JSON.stringify(row), /客户要求删除/);
  assert.ok(row.changes.rows >= 5, 'the customer, a contact, two talks, a task');
  assert.ok(existsSync(server.dir));
  await server.cliOk('check');
});
