// Out of the recycle bin for good, at once: who may, with what, and that nothing of it is left.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { contact, filter, followUp, make, makeCustomer, mobile, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

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

test('what comes back with it is looked at for duplicates as what comes back alone', async () => {
  const person = { name: '同名的人', mobile: mobile() };
  const c = await makeCustomer(boss, { name: '带着联系人回来有限公司' }), k = await make(boss, 'contacts', contact(c.id, person));
  const other = await makeCustomer(boss), back = () => boss.post(`/customers/${c.id}/restore`, {});
  assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  const again = await make(boss, 'contacts', contact(other.id, person));
  const said = problem(await back(), 409, 'duplicate');
  assert.match(said.errors[0].message, /联系人“同名的人”.*同名的人/);
  for (const [plural, id] of [['customers', c.id], ['contacts', k.id]]) problem(await boss.get(`/${plural}/${id}`), 404, 'not_found', 'nothing came back');
  assert.equal((await boss.delNow(`/contacts/${again.id}`)).status, 204);
  assert.equal((await back()).status, 200);
  assert.equal((await boss.get(`/contacts/${k.id}`)).status, 200);
  problem(await boss.post(`/contacts/${again.id}/restore`, {}), 409, 'duplicate'); // as one alone is
});

test('one that is in the way and foreign is told by its owner only', async () => {
  const person = { name: '外人看不见的人', mobile: mobile() };
  const c = await makeCustomer(rep, { name: '经理带回来有限公司' });
  await make(rep, 'contacts', contact(c.id, person));
  assert.equal((await manager.delNow(`/customers/${c.id}`)).status, 204);
  const far = await makeCustomer(boss);
  await make(boss, 'contacts', contact(far.id, person));
  const said = problem(await manager.post(`/customers/${c.id}/restore`, {}), 409, 'duplicate');
  assert.match(said.errors[0].message, /联系人“外人看不见的人”.*负责人：钱总/);
  assert.ok(!said.detail.includes(far.name) && !JSON.stringify(said.errors).includes(far.name), said.detail);
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

test('what leads to a part of it elsewhere: a pair goes with it, a talk is one with the customer it belongs to, a task names nobody', async () => {
  assert.equal((await boss.stepUp()).status, 204);
  const [x, y] = [await makeCustomer(rep), await makeCustomer(rep)], [k, own] = [await make(rep, 'contacts', contact(x.id)), await make(rep, 'contacts', contact(y.id))];
  const pair = await make(rep, 'customer-contacts', { customer: y.id, contact: k.id, role: '顾问' });
  const task = await make(rep, 'tasks', { title: '找顾问', customer: y.id, contact: k.id });
  const talk = await make(rep, 'follow-ups', { parent_type: 'contact', parent: own.id, method: 'phone', content: '与联系人谈过交付', customer_need: '报价', next_plan: '再谈' });
  assert.equal((await boss.delNow(`/customers/${x.id}`)).status, 204);
  assert.equal((await boss.get(`/customer-contacts/${pair.id}`)).status, 200);
  assert.equal((await boss.post(`/customers/${x.id}/erase`, { reason: '客户要求删除' })).status, 204);
  problem(await boss.get(`/customer-contacts/${pair.id}`), 404);
  assert.deepEqual(await rowsOf(server, `SELECT id FROM history WHERE record_id = ${pair.id}`), []);
  assert.equal((await boss.get(`/tasks/${task.id}`)).json.contact, null);
  const pairs = async () => (await boss.get(`/customer-contacts?limit=50&${filter(['customer', '=', y.id])}`)).json.data.map((r) => r.contact.id);
  assert.deepEqual(await pairs(), [own.id], 'what is its own stays');
  await server.cliOk('check');
  // a contact alone
  assert.equal((await boss.delNow(`/contacts/${own.id}`)).status, 204);
  assert.equal((await boss.post(`/contacts/${own.id}/erase`, { reason: '本人要求删除' })).status, 204);
  const kept = (await boss.get(`/follow-ups/${talk.id}`)).json;
  assert.deepEqual([kept.parent.id, kept.customer.id, await pairs()], [y.id, y.id, []]);
  await server.cliOk('check');
});

// Each way in which a person's data leaves a trace outside of the record; then not one byte of it is anywhere.
test('what people were told of requests to change it goes with it, and from the letters, too', async () => {
  const admin = await server.admin();
  await admin.stepUp();
  const east = (await admin.get('/departments?limit=50&fields=name')).json.data.find((d) => d.name === '华东组');
  assert.equal((await admin.patchNow(`/departments/${east.id}`, { manager: manager.user.id })).status, 200);
  const flow = await make(admin, 'approval-flows', { name: '改名', entity: 'customer', on_edit: true, on_delete: false, filter: ['name', 'starts', '鹈鹕'], steps: [{ who: 'department_head' }] });
  // nobody answers there: the letter waits
  const post = await make(admin, 'channels', { name: '邮件', kind: 'mail', url: 'smtp://127.0.0.1:9', sender: '知客 <crm@example.com>' });
  assert.equal((await admin.patchNow(`/users/${manager.user.id}`, { email: 'manager@example.com' })).status, 200);
  assert.equal((await manager.patch('/me/notify', { kinds: { approval: ['mail'] } })).status, 200);
  const c = await makeCustomer(rep, { name: '鹈鹕信息有限公司' });
  const asked = await rep.post('/change-requests', { entity: 'customer', operation: 'edit', reason: '客户要求', record: c.id, input: { name: '鹈鹕改名有限公司' } });
  assert.equal(asked.status, 201, asked.text);
  assert.equal((await rep.post(`/change-requests/${asked.json.id}/actions/withdraw`, {})).status, 200);
  const left = async () => Promise.all(['notification', 'delivery'].map(async (table) => Number((await rowsOf(server, `SELECT count(*) FROM ${table} WHERE entity = 'change_request' AND record = ${asked.json.id}`))[0][0])));
  assert.ok((await left()).every((n) => n > 0), 'told of');
  assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  await boss.stepUp();
  assert.equal((await boss.post(`/customers/${c.id}/erase`, { reason: '客户要求删除' })).status, 204);
  assert.deepEqual(await left(), [0, 0]);
  assert.equal((await admin.patchNow(`/approval-flows/${flow.id}`, { enabled: false })).status, 200);
  assert.ok([200, 204].includes((await admin.delNow(`/channels/${post.id}`)).status));
  assert.equal((await manager.patch('/me/notify', { kinds: {} })).status, 200);
});

test('nothing of an erased record is left in the data folder: bulk changes, imports with their file, notices, search words', async () => {
  // words of this record alone, none of them in an audit row: that log keeps what a record was called
  const canary = { old: '鸸鹋旧址', now: '鸸鹋新址', cell: '鸸鹋单元格', talk: '鸸鹋密谈', phone: '13977770471', mail: 'emu-canary@example.com', search: '鸸鹋' };
  const upload = await boss.upload('/imports', 'canary.csv', `客户名称,所属行业,信息来源,联系方式,邮箱,备注\n无痕一有限公司,制造业,展会,${canary.phone},${canary.mail},${canary.cell}\n无痕一有限公司,制造业,展会,${canary.phone},${canary.mail},${canary.cell}\n`, { fields: { entity: 'customer' } });
  assert.equal(upload.status, 201, upload.text);
  const ended = (wanted) => until(async () => { const { json } = await boss.get(`/imports/${upload.json.id}`); return json.state === wanted && json; }, 30_000, wanted);
  for (const [step, state] of [['check', 'checked'], ['run', 'done']]) {
    assert.equal((await boss.post(`/imports/${upload.json.id}/${step}`, {})).status, 202);
    await ended(state);
  }
  const [c] = (await boss.get(`/customers?${filter(['name', '=', '无痕一有限公司'])}`)).json.data;
  for (const remark of [canary.old, canary.now]) {
    const answer = await boss.post('/customers/bulk', { action: 'update', ids: [c.id], values: { remark } });
    assert.equal(answer.status, 202, answer.text);
    await boss.job(answer.json.job.id);
  }
  await make(boss, 'follow-ups', followUp(c.id, { content: `${canary.talk}：交付时间` }));
  await make(boss, 'tasks', { title: '无痕任务', customer: c.id, owner: (await rep.get('/me')).json.user.id });
  const [rows] = await rowsOf(server, `SELECT count(*) FROM job_row WHERE record_id = ${c.id}`);
  assert.equal(Number(rows[0]), 2);
  assert.equal((await boss.delNow(`/customers/${c.id}`)).status, 204);
  await boss.stepUp();
  // files younger than an hour wait for the sweep
  for (const f of readdirSync(join(server.dir, 'files'), { recursive: true })) utimesSync(join(server.dir, 'files', f), 0, 0);
  const answer = await boss.post(`/customers/${c.id}/erase`, { reason: '客户要求删除' });
  assert.equal(answer.status, 204, answer.text);
  for (const [table, column] of [['job_row', 'before'], ['import_row', 'former']])
    assert.deepEqual(await rowsOf(server, `SELECT count(*) FROM ${table} WHERE record_id = ${c.id} AND ${column} IS NOT NULL`), [['0']], table);
  for (const table of ['notification', 'delivery']) assert.deepEqual(await rowsOf(server, `SELECT count(*) FROM ${table} WHERE entity = 'customer' AND record = ${c.id}`), [['0']], table);
  // what is told of the import is still told, without the cells
  assert.equal((await ended('done')).counts.created, 1);
  const errors = await boss.get(`/imports/${upload.json.id}/errors`);
  assert.equal(errors.status, 200, errors.text);
  assert.match(errors.text, /内容已随记录彻底删除/);
  if (server.database) {
    const dump = execFileSync('pg_dump', ['--inserts', server.database.url], { encoding: 'utf8', maxBuffer: 1 << 28 });
    for (const [what, text] of Object.entries(canary)) assert.ok(!dump.includes(text), `${what} in the dump: ${dump.split('\n').find((l) => l.includes(text))?.slice(0, 200)}`);
    return;
  }
  await until(async () => (await rowsOf(server, "SELECT count(*) FROM chore WHERE key LIKE 'words:%'"))[0][0] === '0', 60_000, 'the words are merged away');
  await server.halt();
  try {
    for (const file of readdirSync(server.dir, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())) {
      const bytes = readFileSync(join(file.parentPath ?? file.path, file.name));
      for (const [what, text] of Object.entries(canary)) assert.equal(bytes.indexOf(text), -1, `${what} in ${file.name}`);
      assert.equal(bytes.indexOf('77770471'), -1, `the phone in ${file.name}`);
    }
  } finally {
    await server.launch();
  }
});
