// Approvals: what a flow protects is held, people of its steps agree, the engine does it; and what can go wrong meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { until } from '../lib/index.mjs';
import { filter, makeCustomer, mistakes, problem } from '../lib/records.mjs';

let server, admin, p, id, flow, drop, keyCustomer, ask, act, stateOf, tasksOf;
before(async () => { ({ server, admin, p, id, flow, drop, keyCustomer, ask, act, stateOf, tasksOf } = await approvals()); });
after(() => server?.stop());

const level = async () => { // an option of customer.level that is not "key", whatever the entity file calls it
  const { json } = await admin.get('/schema/customer');
  return json.fields.find((f) => f.name === 'level').options.map((o) => o.code);
};

test('the entity has the option the tests go by', async () => { assert.ok((await level()).includes('key'), String(await level())); });

describe('what is protected', () => {
  let f;
  before(async () => { f = await flow({ fields: ['name', 'level'] }); });
  after(() => drop(f));

  test('is held for people, by form, bulk and import alike; the rest goes on', async () => {
    const c = await keyCustomer();
    problem(await p.rep.patchNow(`/customers/${c.id}`, { name: '新的名称有限公司' }), 409, 'approval_required');
    assert.equal((await p.rep.patchNow(`/customers/${c.id}`, { remark: '不受保护' })).status, 200);
    problem(await p.boss.delNow(`/customers/${c.id}`), 409, 'approval_required');
    assert.equal((await p.rep.get(`/customers/${c.id}`)).json.name, c.name);
    const other = await makeCustomer(p.rep);
    assert.equal((await p.rep.patchNow(`/customers/${other.id}`, { name: '没有保护有限公司' })).status, 200);
    const job = (await p.manager.post('/customers/bulk', { ids: [c.id, other.id], action: 'update', values: { level: null, remark: '批量' } }));
    if (job.status === 202) {
      const done = await until(async () => { const j = (await p.manager.get(`/jobs/${job.json.job.id}`)).json; return ['done', 'failed'].includes(j.state) && j; }, 20_000, 'the job');
      assert.equal(done.state, 'done');
      assert.equal((await p.rep.get(`/customers/${c.id}`)).json.level, 'key');
    }
  });

  test('a flow that makes no sense is refused by field', async () => {
    const bad = (over) => admin.post('/approval-flows', { name: 'x', entity: 'customer', steps: [{ who: 'manager' }], ...over });
    assert.deepEqual(mistakes(await bad({ entity: 'nothing' })), ['entity:invalid']);
    assert.deepEqual(mistakes(await bad({ on_edit: true, fields: ['no_field'] })), ['fields:invalid']);
    assert.equal((await bad({ filter: ['no_field', '=', 1] })).status, 400);
    // a list opened from one's own notice: to those whom a flow binds it would mean nothing
    for (const told of [['id', 'told', 12], ['and', ['level', '=', 'key'], ['not', ['owner.id', 'told', 12]]]]) {
      const answer = await bad({ on_edit: true, filter: told });
      assert.deepEqual(mistakes(answer), ['filter:bad_filter']);
      assert.match(answer.json.errors[0].message, /提醒.*改用/);
    }
    assert.deepEqual(mistakes(await bad({ steps: [] })), ['steps:invalid']);
    assert.deepEqual(mistakes(await bad({ steps: [{ who: 'pope' }] })), ['steps:enum.unknown']);
    assert.deepEqual(mistakes(await bad({ steps: [{ who: 'role', role: 'nobody' }] })), ['steps:invalid']);
    problem(await p.rep.post('/approval-flows', { name: 'x', entity: 'customer', steps: [{ who: 'manager' }] }), 403);
    const fresh = await server.login('sysadmin', p.sysadmin.password);
    problem(await fresh.post('/approval-flows', { name: 'x', entity: 'customer', steps: [{ who: 'manager' }] }), 403, 'step_up_required');
  });
});

describe('a request', () => {
  let f;
  before(async () => { f = await flow(); });
  after(() => drop(f));

  test('shows the head of the department what changes, and happens when he agrees', async () => {
    const c = await keyCustomer();
    const made = await ask(p.rep, { record: c.id, input: { name: '改名之后有限公司', remark: '一并修改' } });
    assert.equal(made.status, 201, made.text);
    assert.match(made.json.number, /^BG\d{6}\d{5}$/);
    assert.ok(made.json.title.includes(c.name));
    assert.equal(made.json.state, 'waiting');
    assert.ok(!('input' in made.json));
    const mine = (await tasksOf(p.manager)).find((t) => t.request.id === made.json.id);
    assert.ok(mine, 'the manager of the department has a task');
    assert.equal((await tasksOf(p.rep)).length, 0);
    const told = (await p.manager.get('/notifications?limit=5')).json.data.find((n) => n.kind === 'approval');
    assert.equal(told.record, made.json.id);
    const look = (await act(p.manager, made.json, 'look')).json;
    assert.deepEqual(look.changes.filter((x) => x.field === 'name').map((x) => [x.before, x.after]), [[c.name, '改名之后有限公司']]);
    assert.ok(look.may.includes('agree') && !look.may.includes('withdraw'));
    assert.equal(look.changed_since, false);
    assert.deepEqual(look.steps.map((s) => s.at), ['now', 'later'], 'he is asked, and behind him nobody but the engine');
    assert.equal((await act(p.manager, made.json, 'agree', { comment: '同意' })).status, 200);
    assert.deepEqual((await act(p.manager, made.json, 'look')).json.steps.map((s) => s.at), ['past', 'past']);
    const now = (await p.rep.get(`/customers/${c.id}`)).json;
    assert.deepEqual([now.name, now.remark, now.version], ['改名之后有限公司', '一并修改', c.version + 1]);
    assert.equal(await stateOf(made.json), 'done');
    assert.ok((await p.rep.get('/notifications?limit=5')).json.data.some((n) => n.kind === 'approval' && n.record === made.json.id));
    const history = (await p.rep.get(`/customers/${c.id}/history`)).text;
    assert.ok(history.includes('冯销售'), 'it is the requester who changed it');
  });

  test('is nobody else’s business', async () => {
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '别人不能看有限公司' } })).json;
    for (const who of [p.rep2, p.west_rep, p.sysadmin]) {
      problem(await who.get(`/change-requests/${r.id}`), 404);
      problem(await act(who, r, 'agree'), 404);
      problem(await act(who, r, 'look'), 404);
      assert.ok(!(await who.get('/change-requests?limit=200')).text.includes('别人不能看'));
    }
    problem(await act(p.rep, r, 'agree'), 403);
    problem(await act(p.manager, r, 'withdraw'), 403);
    problem(await p.rep.patchNow(`/change-requests/${r.id}`, { state: 'done' }), 403);
    problem(await ask(p.west_rep, { record: c.id, input: { name: '外人的申请有限公司' } }), 404);
    problem(await ask(p.west_rep, { record: c.id, operation: 'delete' }), 404);
    assert.equal((await act(p.rep, r, 'withdraw')).status, 200);
    assert.equal(await stateOf(r), 'withdrawn');
    assert.equal((await tasksOf(p.manager)).filter((t) => t.request.id === r.id).length, 0);
    problem(await act(p.manager, r, 'agree'), 409, 'conflict');
  });

  test('says what is wrong with it before anybody is asked', async () => {
    const c = await keyCustomer(), plain = await makeCustomer(p.rep);
    problem(await ask(p.rep, { record: plain.id, input: { name: '不用审批有限公司' } }), 409, 'conflict');
    assert.deepEqual(mistakes(await ask(p.rep, { record: c.id, input: { name: c.name } })), ['input:invalid']);
    assert.ok([400, 422].includes((await ask(p.rep, { record: c.id, input: { no_field: 1 } })).status));
    assert.equal((await ask(p.rep, { record: c.id, input: { name: '' } })).status, 422);
    assert.equal((await ask(p.rep, { record: c.id, input: { name: '理由为空有限公司' }, reason: '' })).status, 422);
    const one = await ask(p.rep, { record: c.id, input: { name: '第一份有限公司' } });
    assert.equal(one.status, 201);
    problem(await ask(p.rep, { record: c.id, input: { name: '第二份有限公司' } }), 409, 'conflict');
    assert.equal((await act(p.rep, one.json, 'withdraw')).status, 200);
  });

  test('holds nothing that is no change: wrong types, secrets', async () => {
    const c = await keyCustomer();
    for (const input of [[1], 'x', 7, true, [[]], null]) assert.ok([400, 422].includes((await ask(p.rep, { record: c.id, input })).status), JSON.stringify(input));
    for (const ids of [7, 'x', [null], [[1]], [{}], []]) assert.ok([400, 422].includes((await p.boss.post('/change-requests', { entity: 'customer', operation: 'bulk_delete', ids, reason: 'x' })).status), JSON.stringify(ids));
    const users = await flow({ entity: 'user', filter: null });
    await admin.stepUp();
    const answer = await ask(admin, { entity: 'user', record: id.rep, input: { password: 'Never-kept-in-clear-1', position: '经理' } });
    assert.deepEqual(mistakes(answer), ['input:invalid']);
    assert.ok(!(await server.cli('dump')).stdout.includes('Never-kept'));
    await drop(users);
  });

  test('asks the people of every flow that holds it', async () => {
    const other = await flow({ on_delete: false, fields: ['level'], steps: [{ who: 'user', user: id.boss }] });
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '两个流程有限公司', level: null } })).json;
    assert.equal((await act(p.manager, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'waiting');
    assert.equal((await act(p.boss, r, 'agree', { comment: '长'.repeat(1001) })).status, 422);
    assert.equal((await act(p.boss, r, 'agree', { comment: '长'.repeat(900) })).status, 200);
    assert.equal(await stateOf(r), 'done');
    await drop(other);
  });

  test('what is held does not go with its parent', async () => {
    const contacts = await flow({ entity: 'contact', filter: null, on_edit: false });
    const c = await makeCustomer(p.rep);
    assert.equal((await p.rep.post('/contacts', { name: '受保护的人', customer: c.id, mobile: '13811112222' })).status, 201);
    problem(await p.boss.delNow(`/customers/${c.id}`), 409, 'approval_required');
    assert.equal((await p.rep.get(`/customers/${c.id}`)).status, 200);
    await drop(contacts);
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
  });

  test('two of the same at one moment are one', async () => {
    const c = await keyCustomer();
    const both = await Promise.all([1, 2, 3].map((i) => ask(p.rep, { record: c.id, input: { name: `同时申请${i}有限公司` } })));
    assert.deepEqual(both.map((x) => x.status).sort(), [201, 409, 409]);
    await act(p.rep, both.find((x) => x.status === 201).json, 'withdraw');
  });

  test('fails openly where the record was changed meanwhile, or is gone', async () => {
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '过期的申请有限公司' } })).json;
    await drop(f);
    assert.equal((await p.rep.patchNow(`/customers/${c.id}`, { remark: '期间被修改' })).status, 200);
    assert.equal((await act(p.manager, r, 'look')).json.changed_since, true);
    assert.equal((await act(p.manager, r, 'agree')).status, 200);
    const after = (await p.rep.get(`/change-requests/${r.id}`)).json;
    assert.equal(after.state, 'failed');
    assert.ok(after.result);
    assert.equal((await p.rep.get(`/customers/${c.id}`)).json.name, c.name);
    f = await flow();
    const c2 = await keyCustomer();
    const r2 = (await ask(p.rep, { record: c2.id, input: { name: '删除之后有限公司' } })).json;
    await drop(f);
    assert.equal((await p.boss.delNow(`/customers/${c2.id}`)).status, 204);
    assert.equal((await act(p.manager, r2, 'agree')).status, 200);
    assert.equal(await stateOf(r2), 'failed');
    f = await flow();
  });

  test('is asked again for the right: who lost the record changes nothing by it', async () => {
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '失去权限有限公司' } })).json;
    assert.equal((await p.manager.post(`/customers/${c.id}/actions/transfer`, { owner: id.rep2, reason: '交接' }, { 'If-Match': (await p.manager.get(`/customers/${c.id}`)).etag })).status, 200);
    assert.equal((await act(p.manager, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'failed');
    assert.equal((await p.rep2.get(`/customers/${c.id}`)).json.name, c.name);
  });

  test('refused, sent back, submitted again', async () => {
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '退回再来有限公司' } })).json;
    assert.equal((await act(p.manager, r, 'send_back', {})).status, 422);
    assert.equal((await act(p.manager, r, 'send_back', { comment: '理由不足' })).status, 200);
    assert.deepEqual([await stateOf(r), (await p.rep.get(`/change-requests/${r.id}`)).json.result], ['returned', '理由不足']);
    assert.equal((await act(p.rep, r, 'submit', { reason: '客户已更名，附执照' })).status, 200);
    assert.equal(await stateOf(r), 'waiting');
    assert.equal((await act(p.manager, r, 'refuse', { comment: '不同意' })).status, 200);
    assert.equal(await stateOf(r), 'refused');
    const tasks = (await p.rep.get(`/approval-tasks?limit=50&${filter(['request', '=', r.id])}`)).json.data;
    assert.deepEqual(tasks.map((t) => [t.state, t.comment]).sort(), [['refused', '不同意'], ['sent_back', '理由不足']]);
  });

  test('handed to somebody else, and asked of one more', async () => {
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '转交他人有限公司' } })).json;
    assert.equal((await act(p.manager, r, 'delegate', { to: id.rep })).status, 422);
    assert.equal((await act(p.manager, r, 'delegate', { to: id.dept_head, comment: '请部长看' })).status, 200);
    problem(await act(p.manager, r, 'agree'), 403);
    assert.equal((await act(p.dept_head, r, 'add', { to: id.boss })).status, 200);
    assert.equal((await act(p.rep, r, 'remind')).status, 200);
    problem(await act(p.rep, r, 'remind'), 429);
    assert.equal((await act(p.boss, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'done');
  });

  test('two who agree at the same moment do it once', async () => {
    const both = await flow({ steps: [{ who: 'role', role: 'management', mode: 'any' }, { who: 'user', user: id.dept_head }] });
    await drop(f);
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '同时同意有限公司' } })).json;
    const again = await server.login('boss', p.boss.password);
    const answers = await Promise.all([act(p.boss, r, 'agree'), act(again, r, 'agree')]);
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, 403]);
    assert.equal(await stateOf(r), 'waiting');
    assert.equal((await tasksOf(p.dept_head)).filter((t) => t.request.id === r.id).length, 1);
    assert.equal((await act(p.dept_head, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'done');
    await drop(both);
    f = await flow();
  });

  test('where all have to agree, all have to', async () => {
    await drop(f);
    const all = await flow({ steps: [{ who: 'role', role: 'system_admin', mode: 'all' }] });
    const c = await keyCustomer();
    const r = (await ask(p.rep, { record: c.id, input: { name: '全体同意有限公司' } })).json;
    assert.equal((await act(admin, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'waiting');
    assert.equal((await act(p.sysadmin, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'done');
    await drop(all);
    f = await flow();
  });

  test('nobody agrees to his own: the head of a department goes to the one above', async () => {
    const c = await makeCustomer(p.manager, { level: 'key' });
    const r = (await ask(p.manager, { record: c.id, input: { name: '自己的申请有限公司' } })).json;
    assert.equal((await tasksOf(p.dept_head)).filter((t) => t.request.id === r.id).length, 1);
    assert.equal((await tasksOf(p.manager)).filter((t) => t.request.id === r.id).length, 0);
    await act(p.manager, r, 'withdraw');
  });
});

describe('carried out by an administrator', () => {
  let f;
  before(async () => { f = await flow({ by_admin: true, on_edit: false }); });
  after(() => drop(f));

  test('who sees the request and not the data; also for people who may not delete', async () => {
    const c = await keyCustomer();
    const filed = await ask(p.rep, { operation: 'delete', record: c.id });
    assert.equal(filed.status, 201, filed.text);
    const r = filed.json;
    assert.equal((await act(p.manager, r, 'agree')).status, 200);
    assert.equal(await stateOf(r), 'agreed');
    assert.equal((await p.rep.get(`/customers/${c.id}`)).status, 200);
    problem(await act(p.manager, r, 'execute'), 403);
    problem(await p.sysadmin.get(`/customers/${c.id}`), 403);
    const look = (await act(p.sysadmin, r, 'look')).json;
    assert.deepEqual([look.readable, look.may], [false, ['execute']]);
    problem(await act(p.sysadmin, r, 'execute'), 403, 'step_up_required');
    await p.sysadmin.stepUp();
    assert.equal((await act(p.sysadmin, r, 'execute')).status, 200);
    assert.equal(await stateOf(r), 'done');
    problem(await p.rep.get(`/customers/${c.id}`), 404);
  });

  test('a bulk deletion is one request, all or none', async () => {
    const some = [await keyCustomer(), await keyCustomer(), await makeCustomer(p.rep)].map((c) => c.id);
    problem(await p.rep.post('/change-requests', { entity: 'customer', operation: 'bulk_delete', ids: some, reason: '清理' }), 403);
    const filed = await p.boss.post('/change-requests', { entity: 'customer', operation: 'bulk_delete', ids: some, reason: '清理' });
    assert.equal(filed.status, 201, filed.text);
    const task = [];
    for (const who of [p.manager, p.dept_head, p.sysadmin, admin]) if ((await tasksOf(who)).some((t) => t.request.id === filed.json.id)) task.push(who);
    assert.ok(task.length, 'somebody above, or the administrators, are asked');
    const later = await p.boss.post('/change-requests', { entity: 'customer', operation: 'bulk_delete', ids: [some[0]], reason: '再来一份' });
    assert.equal(later.status, 201, later.text);
    assert.equal((await act(task[0], filed.json, 'agree')).status, 200);
    await admin.stepUp();
    assert.equal((await act(admin, filed.json, 'execute')).status, 200);
    for (const c of some) problem(await p.rep.get(`/customers/${c}`), 404);
    // the other request named a version that is not there any more
    assert.equal((await act(task[0], later.json, 'agree')).status, 200);
    assert.equal((await act(admin, later.json, 'execute')).status, 200);
    assert.equal(await stateOf(later.json, p.boss), 'failed');
  });
});

test('tasks of somebody who left go on', async () => {
  const f = await flow({ steps: [{ who: 'user', user: id.dept_head }] });
  const c = await keyCustomer();
  const r = (await ask(p.rep, { record: c.id, input: { name: '有人离开有限公司' } })).json;
  assert.equal((await tasksOf(p.dept_head)).filter((t) => t.request.id === r.id).length, 1);
  await admin.stepUp();
  assert.equal((await admin.patchNow(`/users/${id.dept_head}`, { status: 'disabled' })).status, 200);
  await until(async () => (await tasksOf(p.boss)).some((t) => t.request.id === r.id), 20_000, 'the task goes to the management');
  assert.equal((await act(p.boss, r, 'agree')).status, 200);
  assert.equal(await stateOf(r), 'done');
  await drop(f);
});
