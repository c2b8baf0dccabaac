// Rules: what they do on a change and by the clock, with whose rights, once for a cause, and never for ever.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, makeCompany, passwordOf, psql, Server, sleep, startServer, until } from '../lib/index.mjs';
import { listen } from '../lib/events.mjs';
import { all, customer, filter, followUp, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, people, ids, sql;
const logins = ['rep', 'rep2', 'manager', 'west_rep', 'sysadmin', 'boss', 'agent'];
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: logins });
  ids = {};
  for (const login of logins) ids[login] = (await people[login].get('/me')).json.user.id;
  sql = async (text) => (server.database ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8' }));
});
after(() => server?.stop());

const edit = (who, plural, r, body) => who.patch(`/${plural}/${r.id}`, body, { 'If-Match': `"${r.version}"` });
const edited = async (who, plural, r, body) => {
  const answer = await edit(who, plural, r, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const fresh = async (who, plural, id) => (await who.get(`/${plural}/${id}`)).json;
const runs = (rule, more = '') => all(people.boss, '/rule-runs', `${filter(['rule', '=', rule.id])}&limit=200${more}`);
const notices = async (who, kind = 'rule') => (await all(who, '/notifications', 'limit=200')).filter((n) => n.kind === kind);
/** A rule of the boss, switched on, and gone again at the end of the test. */
async function rule(t, body, who = people.boss) {
  const r = await make(who, 'rules', { name: `规则${mobile()}`, entity: 'customer', event: 'created', enabled: true, ...body });
  t.after(async () => {
    const now = await fresh(people.boss, 'rules', r.id);
    if (now?.id) assert.equal((await people.boss.del(`/rules/${r.id}`, undefined, { 'If-Match': `"${now.version}"` })).status, 204);
    await sleep(300); // other threads of the process hear of it
  });
  return r;
}
const by = (name) => ['name', '=', name];
let marks = 0;
/** A name no other test matches, and a condition for it. */
const marked = () => `标记${String(++marks).padStart(3, '0')}公司`;
const runNow = async (r, who = people.boss) => {
  const answer = await who.post(`/rules/${r.id}/actions/run_now`, {});
  assert.equal(answer.status, 200, answer.text);
  return who.job(answer.json.job.id);
};
const setLevel = (level) => [{ do: 'set', values: { level } }];

describe('a change', () => {
  test('assigns in turns, says why, tells the new owner; the answer shows the record as the rule left it', async (t) => {
    const users = [ids.rep, ids.rep2].sort((a, b) => a - b);
    const r = await rule(t, { filter: ['and', ['industry', '=', 'energy'], ['region', 'under', 330000]], actions: [{ do: 'assign', how: 'round_robin', users }] });
    const made = [];
    for (let i = 0; i < 4; i++) made.push(await makeCustomer(people.manager, { industry: 'energy', region: 330106 }));
    assert.deepEqual(made.map((c) => c.owner.id), [...users, ...users]);
    for (const c of made) assert.equal(c.version, (await fresh(people.boss, 'customers', c.id)).version);
    assert.equal((await edit(people.boss, 'customers', made[0], { remark: '好' })).status, 200, 'the version of the answer is the one that holds');
    const other = await makeCustomer(people.manager, { industry: 'energy', region: 110000 });
    assert.equal(other.owner.id, ids.manager);
    const log = await runs(r);
    assert.equal(log.length, 4);
    assert.ok(log.every((x) => x.outcome === 'done' && /^轮到(冯|陈)销售$/.test(x.reason) && x.by.id === ids.manager && x.record.label), JSON.stringify(log[0]));
    const told = (await notices(people.rep, 'transferred')).filter((n) => made.some((c) => c.id === n.record));
    assert.equal(told.length, 2);
    assert.match(told[0].title, new RegExp(`${r.name}”把客户分配给了您`));
    const history = (await people.boss.get(`/customers/${made[0].id}/history`)).json.data;
    assert.ok(history.some((h) => h.action === 'transfer'), JSON.stringify(history));
  });

  test('assigns to whoever has the fewest, up to a limit; to who had it before', async (t) => {
    const name = marked();
    await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'least_loaded', users: [ids.west_rep, ids.agent] }], position: 1, stop: true });
    const got = [];
    for (let i = 0; i < 4; i++) got.push((await makeCustomer(people.boss, { name: `${name}${i}` })).owner.id);
    const [low, high] = [ids.west_rep, ids.agent].sort((a, b) => a - b);
    assert.deepEqual(got, [low, high, low, high]);
    const back = await rule(t, { event: 'updated', fields: ['level'], filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'previous_owner', users: [ids.boss] }] });
    const c = await makeCustomer(people.boss, { name: `${name}乙` });
    const first = c.owner.id;
    const moved = await people.boss.post(`/customers/${c.id}/actions/transfer`, { owner: ids.rep });
    assert.equal(moved.status, 200, moved.text);
    const again = await edited(people.boss, 'customers', await fresh(people.boss, 'customers', c.id), { level: 'key' });
    assert.equal(again.owner.id, first);
    assert.equal((await runs(back)).length, 1);
  });

  test('a new one goes to who has the last of that name; where there is none, in turns', async (t) => {
    const name = marked(), users = [ids.agent];
    const r = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'previous_owner', users }], enabled: false });
    const before = [await makeCustomer(people.rep, { name }), await makeCustomer(people.west_rep, { name })];
    await edited(people.boss, 'rules', await fresh(people.boss, 'rules', r.id), { enabled: true });
    const owner = async (text) => (await makeCustomer(people.boss, { name: text })).owner.id;
    assert.equal(await owner(name), ids.west_rep);
    assert.equal(await owner(`${name}别的`), ids.agent, 'nobody has one of that name');
    for (const c of (await all(people.boss, '/customers', `${filter(by(name))}&limit=50`)).filter((c) => c.id !== before[0].id))
      assert.equal((await people.boss.del(`/customers/${c.id}`, undefined, { 'If-Match': `"${c.version}"` })).status, 204);
    assert.equal(await owner(name), ids.rep, 'what is in the bin has no owner to ask');
  });

  test('who saves a record that a rule gives to somebody else is told so', async (t) => {
    const name = `送走${Date.now()}`;
    await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'round_robin', users: [ids.west_rep] }] });
    const answer = problem(await people.rep.post('/customers', customer({ name })), 404, 'not_found');
    assert.match(answer.detail, /已保存/);
    assert.equal((await all(people.west_rep, '/customers', filter(['name', '=', name]))).length, 1);
  });

  test('a full house assigns nobody and says so', async (t) => {
    const name = marked();
    const r = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'round_robin', users: [ids.agent], max: 1 }] });
    await sql(`UPDATE customer SET archived_at = NULL WHERE owner_id = ${ids.agent}`);
    const c1 = await makeCustomer(people.boss, { name: `${name}1` }), c2 = await makeCustomer(people.boss, { name: `${name}2` });
    assert.equal(c2.owner.id, ids.boss, c1.owner.id);
    assert.match((await runs(r))[0].reason, /没有可分配的人/);
  });

  test('updated watches fields; entered answers only the step into the state', async (t) => {
    const name = marked();
    const watched = await rule(t, { event: 'updated', fields: ['remark'], filter: by(name), actions: [{ do: 'notify', to: ['owner'], title: '{name} 的备注变了：{remark}' }] });
    const entered = await rule(t, { event: 'entered', filter: ['and', by(name), ['level', '=', 'key']], actions: [{ do: 'task', title: '拜访 {name}', for: ['owner'], days: 2 }] });
    let c = await makeCustomer(people.rep, { name, level: 'normal' });
    c = await edited(people.rep, 'customers', c, { level: 'potential' });
    assert.deepEqual([(await runs(watched)).length, (await runs(entered)).length], [0, 0]);
    c = await edited(people.rep, 'customers', c, { remark: '年底有采购计划', level: 'key' });
    c = await edited(people.rep, 'customers', c, { remark: '年底有采购计划！' });
    assert.deepEqual([(await runs(watched)).length, (await runs(entered)).length], [2, 1]);
    c = await edited(people.rep, 'customers', c, { level: 'normal' });
    c = await edited(people.rep, 'customers', c, { level: 'key' });
    assert.equal((await runs(entered)).length, 2);
    const told = (await notices(people.rep)).map((n) => n.title);
    assert.ok(told.includes(`${name} 的备注变了：年底有采购计划`), told.join());
    const tasks = (await people.rep.get(`/tasks?${filter(['customer', '=', c.id])}`)).json.data;
    assert.equal(tasks.length, 2);
    assert.deepEqual([tasks[0].title, tasks[0].owner.id, tasks[0].customer.id], [`拜访 ${name}`, ids.rep, c.id]);
    // made in the state, it has entered it
    const born = await make(people.rep, 'customers', customer({ name, level: 'key' }));
    assert.equal((await runs(entered)).filter((x) => x.record.id === born.id).length, 1);
  });

  test('a count kept by the program moves a record into a state, too', async (t) => {
    const name = marked();
    const r = await rule(t, { event: 'entered', filter: ['and', by(name), ['follow_up_count', '>=', 2]], actions: [{ do: 'set', values: { lifecycle: 'interested', remark: '谈过两次' } }] });
    const c = await makeCustomer(people.rep, { name });
    for (let i = 0; i < 3; i++) await make(people.rep, 'follow-ups', followUp(c.id, { content: `第 ${i} 次谈采购计划` }));
    assert.equal((await fresh(people.rep, 'customers', c.id)).lifecycle, 'interested');
    assert.deepEqual((await runs(r)).map((x) => x.outcome), ['done']);
  });

  test('conditions on linked records and tags ask the database', async (t) => {
    const name = marked();
    const c = await makeCustomer(people.rep, { name, level: 'key' });
    const r = await rule(t, { entity: 'task', filter: ['and', ['customer.level', '=', 'key'], ['customer.name', '=', name]], actions: [{ do: 'set', values: { priority: 'high' } }] });
    assert.equal((await make(people.rep, 'tasks', { title: '甲', customer: c.id })).priority, 'high');
    const plain = await makeCustomer(people.rep, { level: 'normal' });
    assert.equal((await make(people.rep, 'tasks', { title: '乙', customer: plain.id })).priority, 'normal');
    assert.equal((await make(people.rep, 'tasks', { title: '丙' })).priority, 'normal');
    assert.equal((await runs(r)).length, 1);
  });

  test('a webhook gets a letter that names record and rule; only for owners who manage channels', async (t) => {
    const name = marked(), admin = await server.admin(), me = (await admin.get('/me')).json.user.id;
    assert.equal((await admin.post('/step-up', { method: 'password', code: server.adminPassword })).status, 204);
    const hook = await make(admin, 'channels', { name: '外部系统', kind: 'webhook', url: 'https://hooks.example.com/zhike', events: 'nothing.ever', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    problem(await people.boss.post('/rules', { name: '外', entity: 'customer', event: 'created', actions: [{ do: 'webhook', channel: hook.id }] }), 422);
    const r = await rule(t, { filter: by(name), actions: [{ do: 'webhook', channel: hook.id }] }, admin);
    assert.equal(r.owner.id, me);
    assert.ok((await admin.post('/rules/actions/kinds', {})).json.webhooks.some((w) => w.id === hook.id));
    assert.deepEqual((await people.boss.post('/rules/actions/kinds', {})).json.webhooks, []);
    const c = await makeCustomer(people.rep, { name });
    assert.match((await runs(r))[0].reason, /外部系统/);
    const letters = (await sql(`SELECT kind, text FROM delivery WHERE channel_id = ${hook.id}`)).trim();
    assert.ok(letters.includes('customer.rule') && letters.includes(`"id":${c.id},"rule":${r.id}`), letters);
  });

  test('what a flow holds, a rule asks for and does not do', async (t) => {
    const name = marked(), admin = await server.admin();
    assert.equal((await admin.post('/step-up', { method: 'password', code: server.adminPassword })).status, 204);
    const flow = await make(admin, 'approval-flows', { name: `流程${name}`, entity: 'customer', on_edit: true, fields: ['level'], filter: ['name', 'starts', name], steps: [{ who: 'user', user: ids.manager }] });
    const does = await rule(t, { event: 'updated', fields: ['remark'], filter: ['name', 'starts', name], actions: setLevel('normal') });
    const asks = await rule(t, { event: 'updated', fields: ['remark'], filter: ['name', 'starts', name], actions: [{ do: 'request', values: { level: 'normal' }, reason: '{name} 长期没有往来' }] });
    let c = await makeCustomer(people.rep, { name: `${name}甲`, level: 'key' });
    c = await edited(people.rep, 'customers', c, { remark: '没有往来' });
    assert.equal(c.level, 'key');
    assert.deepEqual((await runs(does)).map((x) => x.outcome), ['failed']);
    assert.deepEqual((await runs(asks)).map((x) => [x.outcome, x.reason]), [['done', '已提出变更申请']], JSON.stringify(await runs(asks)));
    const asked = (await people.boss.get(`/change-requests?${filter(['record', '=', c.id])}`)).json.data;
    assert.deepEqual(asked.map((x) => [x.operation, x.state, x.reason ?? `${name}甲 长期没有往来`]), [['edit', 'waiting', `${name}甲 长期没有往来`]]);
    assert.equal((await admin.patch(`/approval-flows/${flow.id}`, { enabled: false }, { 'If-Match': `"${(await fresh(admin, 'approval-flows', flow.id)).version}"` })).status, 200);
  });

  test('order, and an end to it', async (t) => {
    const name = marked();
    const second = await rule(t, { filter: by(name), position: 20, actions: setLevel('normal') });
    const third = await rule(t, { filter: ['and', by(name), ['level', '=', 'normal']], position: 30, stop: true, actions: [{ do: 'set', values: { remark: '三' } }] });
    const last = await rule(t, { filter: by(name), position: 40, actions: [{ do: 'set', values: { remark: '四' } }] });
    const first = await rule(t, { filter: by(name), position: 10, actions: setLevel('key') });
    const c = await makeCustomer(people.rep, { name, level: 'potential' });
    assert.deepEqual([c.level, c.remark], ['normal', '三'], 'a later rule answers what the record is by then');
    assert.deepEqual([(await runs(first)).length, (await runs(second)).length, (await runs(third)).length, (await runs(last)).length], [1, 1, 1, 0]);
  });
});

describe('no end', () => {
  test('a rule that triggers itself, and two that fight, stop; the log says why', async (t) => {
    const name = marked();
    const self = await rule(t, { event: 'updated', filter: by(name), actions: [{ do: 'set', values: { remark: '变' } }, { do: 'set', values: { remark: '又变' } }] });
    const c = await makeCustomer(people.rep, { name });
    const now = await edited(people.rep, 'customers', c, { level: 'key' });
    assert.equal(now.remark, '又变');
    assert.deepEqual((await runs(self)).map((x) => x.outcome), ['done'], 'its own work is nothing it answers');

    const other = marked();
    const up = await rule(t, { event: 'updated', filter: ['and', by(other), ['level', '=', 'normal']], actions: setLevel('key') });
    const down = await rule(t, { event: 'updated', filter: ['and', by(other), ['level', '=', 'key']], actions: setLevel('normal') });
    const d = await makeCustomer(people.rep, { name: other, level: 'potential' });
    const ended = await edited(people.rep, 'customers', d, { level: 'key' });
    assert.ok(['key', 'normal'].includes(ended.level));
    const log = [...await runs(up), ...await runs(down)];
    assert.deepEqual(log.map((x) => x.outcome).sort(), ['done', 'done', 'loop']);
    assert.match(log.find((x) => x.outcome === 'loop').reason, /循环已中止/);
    // and the next change of a person is answered anew
    await edited(people.rep, 'customers', ended, { level: ended.level === 'key' ? 'normal' : 'key' });
    assert.equal([...await runs(up), ...await runs(down)].length, 6);
  });
});

describe('failing', () => {
  test('a rule that fails never fails the save; after too many it goes off and tells its owner', async (t) => {
    const name = marked();
    // 无效客户 needs a reason, which this rule does not give
    const r = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'set', values: { remark: '先' } }, { do: 'set', values: { lifecycle: 'invalid' } }] });
    for (let i = 0; i < 5; i++) {
      const c = await makeCustomer(people.rep, { name: `${name}${i}` });
      assert.deepEqual([c.lifecycle, c.remark ?? null], ['potential', null], 'all of the rule is undone');
    }
    const log = await runs(r);
    assert.deepEqual(log.map((x) => x.outcome), Array(5).fill('failed'));
    assert.match(log[0].reason, /invalid_reason/);
    const off = await fresh(people.boss, 'rules', r.id);
    assert.equal(off.enabled, false);
    assert.match(off.off_reason, /连续失败/);
    assert.ok((await notices(people.boss)).some((n) => n.record === r.id && n.title.includes(r.name)));
    // the process hears of it within a second; from then on nothing is tried
    await until(async () => { const n = (await runs(r)).length; await makeCustomer(people.rep, { name: `${name}后` + mobile() }); return (await runs(r)).length === n || undefined; });
    const on = await edited(people.boss, 'rules', off, { enabled: true });
    assert.equal(on.off_reason ?? null, null);
  });

  test('a timed rule that fails stops where it goes off, not behind the last record', async (t) => {
    const name = marked(), N = 45;
    for (let i = 0; i < N; i++) await makeCustomer(people.rep, { name: `${name}${i}` });
    const r = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['name', 'starts', name], actions: [{ do: 'set', values: { lifecycle: 'invalid' } }] });
    assert.equal((await runNow(r)).state, 'done');
    assert.equal((await fresh(people.boss, 'rules', r.id)).enabled, false);
    const failed = (await runs(r)).length;
    assert.ok(failed >= 5 && failed < N, `${failed} of ${N}`);
  });

  test('what is wrong with a rule is named when it is written', async () => {
    const wrong = async (body, field) => {
      const answer = await people.boss.post('/rules', { name: '错', entity: 'customer', event: 'created', actions: setLevel('key'), ...body });
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(body)} → ${answer.status} ${answer.text}`);
      assert.ok(answer.json.errors.some((e) => e.field === field), answer.text);
    };
    await wrong({ filter: ['nope', '=', 1] }, 'filter');
    await wrong({ actions: [] }, 'actions');
    await wrong({ actions: [{ do: 'fly' }] }, 'actions');
    await wrong({ actions: 'x' }, 'actions');
    await wrong({ actions: [{ do: 'set', values: { number: 'C1' } }] }, 'actions');
    await wrong({ actions: [{ do: 'set', values: { level: 'huge' } }] }, 'actions');
    await wrong({ actions: [{ do: 'notify', to: ['everybody'], title: 'x' }] }, 'actions');
    await wrong({ actions: [{ do: 'notify', to: ['owner'], title: '电话 {phone}' }] }, 'actions');
    await wrong({ actions: [{ do: 'assign', how: 'luck', users: [1] }] }, 'actions');
    await wrong({ event: 'entered' }, 'filter');
    await wrong({ event: 'entered', filter: ['owner.name', '=', 'x'] }, 'filter');
    await wrong({ event: 'entered', filter: ['tags', 'not_null'] }, 'filter');
    await wrong({ event: 'idle' }, 'days');
    await wrong({ event: 'due', days: -3 }, 'date_field');
    await wrong({ event: 'due', days: -3, date_field: 'name' }, 'date_field');
    await wrong({ event: 'scheduled', cron: '61 * * * *' }, 'cron');
    await wrong({ event: 'scheduled', cron: '0 0 31 2 *' }, 'cron');
    await wrong({ event: 'scheduled', cron: '0 9 * * *', zone: 'Asia/Nowhere' }, 'zone');
    await wrong({ entity: 'user' }, 'entity');
    await wrong({ fields: ['nope'], event: 'updated' }, 'fields');
    await wrong({ goal: ['nope', '=', 1] }, 'goal');
    // what only opens the list behind one's own notice is no condition
    await wrong({ filter: ['id', 'told', 12] }, 'filter');
    await wrong({ filter: ['or', ['level', '=', 'key'], ['owner.id', 'told', 12]] }, 'filter');
    await wrong({ event: 'entered', filter: ['and', ['level', '=', 'key'], ['id', 'told', 12]] }, 'filter');
    await wrong({ goal: ['id', 'told', 12] }, 'goal');
  });
});

describe('whose rights', () => {
  test('strangers read and write no rules, runs, dry runs', async (t) => {
    const r = await rule(t, { actions: setLevel('key'), filter: by('谁也不叫这个') });
    for (const who of [people.rep, people.manager, people.agent]) {
      problem(await who.get('/rules'), 403);
      problem(await who.get(`/rules/${r.id}`), 403);
      problem(await who.get('/rule-runs'), 403);
      problem(await who.post('/rules', { name: 'x', entity: 'customer', event: 'created', actions: setLevel('key') }), 403);
      problem(await who.post('/rules/actions/dry_run', { rule: { name: 'x', entity: 'customer', event: 'created', actions: setLevel('key') } }), 403);
      problem(await who.post(`/rules/${r.id}/actions/run_now`, {}), 403);
    }
  });

  test('only the owner switches a rule on; who changes what it does, or hands it over, switches it off', async (t) => {
    const body = { name: '冒名', entity: 'customer', event: 'created', actions: setLevel('key'), filter: by('谁也不叫这个'), owner: ids.boss };
    problem(await people.sysadmin.post('/rules', { ...body, enabled: true }), 422, 'perm.denied');
    let r = await make(people.sysadmin, 'rules', body);
    t.after(async () => people.boss.del(`/rules/${r.id}`, undefined, { 'If-Match': `"${(await fresh(people.boss, 'rules', r.id)).version}"` }));
    problem(await edit(people.sysadmin, 'rules', r, { enabled: true }), 422, 'perm.denied');
    r = await edited(people.boss, 'rules', r, { enabled: true });
    r = await edited(people.sysadmin, 'rules', r, { description: '只是说明', name: '改名' });
    assert.equal(r.enabled, true);
    r = await edited(people.sysadmin, 'rules', r, { actions: setLevel('normal') });
    assert.deepEqual([r.enabled, /孙系统修改了规则/.test(r.off_reason)], [false, true]);
    r = await edited(people.boss, 'rules', r, { enabled: true });
    assert.equal((await people.boss.post(`/rules/${r.id}/actions/transfer`, { owner: ids.sysadmin })).status, 200);
    r = await fresh(people.boss, 'rules', r.id);
    assert.equal(r.enabled, false);
    // who reads no customers cannot have a rule on them at work
    const blind = await edit(people.sysadmin, 'rules', r, { enabled: true });
    assert.ok(blind.status >= 400, blind.text);
    assert.ok(blind.json.errors.some((e) => e.field === 'owner'), blind.text);
  });

  test('a rule reaches what its owner reaches, and no further; who may not read a record is told nothing of it', async (t) => {
    const name = marked();
    const r = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'notify', to: [ids.west_rep, ids.agent, 'owner', 'manager'], title: '新客户 {name}' }] });
    const c = await makeCustomer(people.rep, { name: `${name}东` });
    const [run] = await runs(r);
    assert.match(run.reason, /褚销售无权查看此记录，未提醒/);
    const got = async (who) => (await notices(who)).filter((n) => n.record === c.id).length;
    assert.deepEqual([await got(people.west_rep), await got(people.agent), await got(people.rep), await got(people.manager)], [0, 1, 1, 1]);
    // now owned by the manager of the east, who neither sees nor touches what is in the west
    await sql(`UPDATE rule SET owner_id = ${ids.manager}, updated_at = updated_at + 1 WHERE id = ${r.id}`);
    await edited(people.boss, 'rules', await fresh(people.boss, 'rules', r.id), { description: '让缓存失效' });
    await sleep(400);
    await makeCustomer(people.west_rep, { name: `${name}西` });
    assert.equal((await runs(r)).length, 1);
    await makeCustomer(people.rep2, { name: `${name}东二` });
    assert.equal((await runs(r)).length, 2);
  });

  test('a step into a state is answered once, also where the owner reaches the record by a share only', async (t) => {
    const name = marked();
    const r = await rule(t, { event: 'entered', filter: ['and', ['name', 'starts', name], ['level', '=', 'key']], actions: [{ do: 'notify', to: ['rule_owner'], title: '{name}' }] });
    await sql(`UPDATE rule SET owner_id = ${ids.west_rep} WHERE id = ${r.id}`);
    await edited(people.boss, 'rules', await fresh(people.boss, 'rules', r.id), { description: '让缓存失效' });
    await sleep(400);
    let c = await makeCustomer(people.rep, { name: `${name}甲`, level: 'normal' });
    c = await edited(people.rep, 'customers', c, { level: 'key' });
    assert.equal((await runs(r)).length, 0, 'not his to see');
    c = await edited(people.rep, 'customers', c, { level: 'normal' });
    assert.equal((await people.manager.post(`/customers/${c.id}/actions/share`, { with: ids.west_rep })).status, 200);
    c = await edited(people.rep, 'customers', c, { level: 'key' });
    assert.equal((await runs(r)).length, 1);
    await edited(people.rep, 'customers', c, { name: `${name}乙` });
    assert.equal((await runs(r)).length, 1, 'it was in that state already');
  });

  test('an owner who cannot sign in any more: the rule goes off', async (t) => {
    const r = await rule(t, { filter: by('谁也不叫这个'), actions: setLevel('key') });
    await sql(`UPDATE rule SET owner_id = (SELECT id FROM "user" WHERE login = 'auditor1') WHERE id = ${r.id}`);
    await sql("UPDATE \"user\" SET status = 'disabled' WHERE login = 'auditor1'");
    await until(async () => (await fresh(people.boss, 'rules', r.id)).enabled === false || undefined);
    assert.match((await fresh(people.boss, 'rules', r.id)).off_reason, /不能登录/);
  });
});

describe('imports and bulk', () => {
  test('are answered only by rules that say so', async (t) => {
    const name = marked();
    const quiet = await rule(t, { event: 'updated', filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '变了' }] });
    const loud = await rule(t, { event: 'updated', in_bulk: true, filter: ['name', 'starts', name], actions: [{ do: 'set', values: { remark: '批量' } }] });
    const made = [];
    for (let i = 0; i < 3; i++) made.push(await makeCustomer(people.manager, { name: `${name}${i}` }));
    const answer = await people.manager.post('/customers/bulk', { ids: made.map((c) => c.id), action: 'update', values: { level: 'key' } });
    assert.equal(answer.status, 202, answer.text);
    const done = await people.manager.job(answer.json.job.id);
    assert.equal(done.counts.changed, 3);
    assert.deepEqual([(await runs(quiet)).length, (await runs(loud)).length], [0, 3]);
    assert.equal((await fresh(people.manager, 'customers', made[0].id)).remark, '批量');
  });
});

describe('by the clock', () => {
  const days = (n, hour = 12) => new Date(Date.now() - n * 86400_000 + (hour - 12) * 3600_000).toISOString();
  const talked = (c, at) => make(people.rep, 'follow-ups', followUp(c.id, { happened_at: at, content: '谈了下一步的采购安排' }));

  test('idle: once for each silence, the owner and then his manager', async (t) => {
    const name = marked();
    const remind = { entity: 'customer', event: 'idle', date_field: 'last_follow_up_at', filter: ['name', 'starts', name] };
    const three = await rule(t, { ...remind, days: 3, actions: [{ do: 'notify', to: ['owner'], title: '{name} 三天未跟进' }] });
    const five = await rule(t, { ...remind, days: 5, actions: [{ do: 'notify', to: ['manager'], title: '{name} 五天未跟进' }] });
    const [a, b, d] = [await makeCustomer(people.rep, { name: `${name}甲` }), await makeCustomer(people.rep, { name: `${name}乙` }), await makeCustomer(people.rep, { name: `${name}丙` })];
    await talked(a, days(4)); await talked(b, days(6)); await talked(d, days(1));
    for (let i = 0; i < 2; i++) {
      assert.equal((await runNow(three)).state, 'done');
      assert.equal((await runNow(five)).state, 'done');
    }
    assert.deepEqual((await runs(three)).map((x) => x.record.id).sort(), [a.id, b.id].sort());
    assert.deepEqual((await runs(five)).map((x) => x.record.id), [b.id]);
    const told = async (who) => (await notices(who)).map((n) => n.title).filter((x) => x.startsWith(name)).sort();
    assert.deepEqual(await told(people.rep), [`${name}乙 三天未跟进`, `${name}甲 三天未跟进`].sort());
    assert.deepEqual(await told(people.manager), [`${name}乙 五天未跟进`]);
    await talked(a, days(3.2)); // another talk, another silence
    assert.equal((await runNow(three)).counts.fired, 1);
    assert.equal((await runs(three)).length, 3);
  });

  test('midnight of the zone decides which day it was', async (t) => {
    const name = marked();
    // nothing was said since one minute before, and one minute after, the midnight that began today minus two days in that zone
    for (const zone of ['Asia/Shanghai', 'America/New_York']) {
      const parts = Object.fromEntries(new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).formatToParts(new Date()).map((p) => [p.type, p.value]));
      const today = Date.UTC(parts.year, parts.month - 1, parts.day);
      const wall = new Date(today - 2 * 86400_000);
      const offset = Date.parse(new Date(wall).toLocaleString('en-US', { timeZone: 'UTC' })) - Date.parse(new Date(wall).toLocaleString('en-US', { timeZone: zone }));
      const midnight = today - 2 * 86400_000 + offset;
      const r = await rule(t, { event: 'idle', zone, days: 3, date_field: 'last_follow_up_at', filter: ['name', 'starts', `${name}${zone}`], actions: [{ do: 'notify', to: ['owner'], title: '静' }] });
      const before = await makeCustomer(people.rep, { name: `${name}${zone}前` }), behind = await makeCustomer(people.rep, { name: `${name}${zone}后` });
      await talked(before, new Date(midnight - 60_000).toISOString());
      await talked(behind, new Date(midnight + 60_000).toISOString());
      await runNow(r);
      assert.deepEqual((await runs(r)).map((x) => x.record.id), [before.id], zone);
    }
  });

  test('due: some days before, not for what is long past, anew when the date moves', async (t) => {
    const name = marked();
    const r = await rule(t, { entity: 'task', event: 'due', date_field: 'due_at', days: -1, filter: ['title', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '明天到期：{title}' }] });
    const task = (n, due) => make(people.rep, 'tasks', { title: `${name}${n}`, due_at: due });
    const soon = await task('近', days(-1)), far = await task('远', days(-3)), past = await task('旧', days(30));
    await runNow(r); await runNow(r);
    assert.deepEqual((await runs(r)).map((x) => x.record.id), [soon.id], `${far.id} ${past.id}`);
    // an hour away, and tomorrow all the same, whatever time it is in the house
    const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', hourCycle: 'h23' }).format(new Date()));
    await edited(people.rep, 'tasks', soon, { due_at: days(-1, hour < 12 ? 13 : 11) });
    await runNow(r);
    assert.equal((await runs(r)).length, 2);
  });

  test('scheduled: the keeper runs it when its time has come, once, and moves it on', async (t) => {
    const name = marked();
    const c = await makeCustomer(people.rep, { name, lifecycle: 'interested' });
    const r = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['and', by(name), ['lifecycle', '=', 'interested']], actions: [{ do: 'set', values: { lifecycle: 'potential' } }] });
    const next = Date.parse(r.next_at);
    assert.equal(new Date(next + 8 * 3600_000).toISOString().slice(11, 16), '01:30');
    assert.ok(next > Date.now() && next <= Date.now() + 86400_000);
    await sql(`UPDATE rule SET next_at = ${Date.now() - 1000} WHERE id = ${r.id}`);
    await until(async () => (await fresh(people.rep, 'customers', c.id)).lifecycle === 'potential' || undefined);
    const now = await fresh(people.boss, 'rules', r.id);
    assert.equal(Date.parse(now.next_at), next);
    assert.equal((await runs(r)).length, 1);
    problem(await people.boss.post(`/rules/${(await rule(t, { actions: setLevel('key'), filter: by('x') })).id}/actions/run_now`, {}), 422);
  });

  test('three runs at once, and a save in between: each record once', async (t) => {
    const name = marked(), N = 30;
    for (let i = 0; i < N; i++) {
      const c = await makeCustomer(people.rep, { name: `${name}${i}` });
      await talked(c, days(9));
    }
    const r = await rule(t, { event: 'idle', days: 3, date_field: 'last_follow_up_at', filter: ['name', 'starts', name], actions: [{ do: 'task', title: `${name}问候`, for: ['owner'], days: 1 }] });
    const jobs = await Promise.all([1, 2, 3].map(() => people.boss.post(`/rules/${r.id}/actions/run_now`, {})));
    for (const answer of jobs) assert.equal((await people.boss.job(answer.json.job.id)).state, 'done', answer.text);
    const tasks = await all(people.rep, '/tasks', `limit=200&${filter(['title', '=', `${name}问候`])}`);
    assert.equal(tasks.length, N);
    assert.equal(new Set(tasks.map((x) => x.customer.id)).size, N);
    assert.ok((await runs(r)).every((x) => x.outcome === 'done'));
  });

  test('two processes whose keepers see the same moment queue one run, and share the saves', { skip: defaultEngine !== 'pg' && 'one process a folder on SQLite' }, async (t) => {
    const name = marked();
    const timed = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: `${name}一次` }] });
    const turns = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'round_robin', users: [ids.rep, ids.rep2] }] });
    const other = new Server({ engine: 'pg', env: server.env, args: server.args, folder: server.folder, database: server.database });
    await other.launch();
    try {
      const there = await other.login('manager', passwordOf('manager'));
      const made = await Promise.all(Array.from({ length: 20 }, (_, i) => makeCustomer(i % 2 ? there : people.manager, { name: `${name}${i}` })));
      const mine = made.filter((c) => c.owner.id === ids.rep).length;
      assert.equal(mine, 10, 'turns are taken by both as by one');
      assert.equal((await runs(turns)).length, 20);
      const jobs = async () => (await sql(`SELECT count(*) FROM job WHERE kind = 'rule' AND params LIKE '%${timed.id}%'`))[0][0];
      for (let i = 1; i <= 3; i++) {
        await sql(`UPDATE rule SET next_at = ${Date.now() - 1000 * i} WHERE id = ${timed.id}`);
        await until(async () => Number(await jobs()) === i || undefined);
        await until(async () => (await runs(timed)).length === 20 * i || undefined);
      }
      await sleep(1500); // the other keeper has looked, too
      assert.equal(Number(await jobs()), 3);
      assert.equal((await runs(timed)).length, 60);
    } finally { await other.halt(); }
  });

  test('what a run tells a person is one notice, with all its records behind it', async (t) => {
    const name = marked(), N = 45; // more than one write takes
    const r = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '请联系 {name}', text: '按计划' }] });
    const made = [];
    for (let i = 0; i < N; i++) made.push((await makeCustomer(people.rep, { name: `${name}${String(i).padStart(2, '0')}` })).id);
    const lone = await makeCustomer(people.rep2, { name: `${name}独` });
    const told = async (who, more = []) => (await all(who, '/notifications', `limit=200&${filter(['and', ['kind', '=', 'rule'], ...more])}`));
    const fronts = async (who) => (await told(who, [['head', 'is_null']])).filter((n) => n.title.includes(name) || n.title.startsWith(r.name));
    const ear = await listen(people.rep);
    t.after(() => ear.close?.());
    assert.equal((await runNow(r, people.boss)).state, 'done');
    const [head, ...others] = await fronts(people.rep);
    // told live once, with all of them, however many writes it took
    const heard = await ear.next((e) => e.event === 'notification' && e.data.id === head.id);
    assert.deepEqual([heard.data.title, heard.data.members], [head.title, N]);
    assert.equal(Number(await sql(`SELECT count(*) FROM change_log WHERE topic = 'notification' AND ref = ${head.id}`)), 1);
    assert.deepEqual(others, []);
    assert.equal(head.title, `${r.name}：客户 ${N} 条`);
    assert.match(head.text, new RegExp(`^请联系 ${name}\\d\\d；请联系 ${name}\\d\\d；请联系 ${name}\\d\\d$`));
    assert.deepEqual([head.members, head.record, head.entity, head.read_at], [N, null, 'customer', null]);
    const behind = await told(people.rep, [['head', '=', head.id]]);
    assert.deepEqual(behind.map((n) => n.record).sort(), [...made].sort());
    // the list of them, all of them, is its reader's own, and of that kind
    const list = async (who, value, plural = 'customers') => (await all(who, `/${plural}`, `limit=200&${filter(['id', 'told', value])}`)).map((c) => c.id).sort();
    assert.deepEqual(await list(people.rep, head.id), [...made].sort());
    assert.deepEqual([await list(people.manager, head.id), await list(people.rep, head.id, 'contacts'), await list(people.rep, behind[0].id), await list(people.rep, -1)], [[], [], [], []]);
    assert.deepEqual((await all(people.rep, '/customers', `limit=200&${filter(['and', ['not', ['id', 'told', head.id]], ['name', 'starts', name]])}`)).length, 0);
    for (const value of ['x', null, ['x'], {}]) problem(await people.rep.get(`/customers?${filter(['id', 'told', value])}`), 400, 'bad_filter');
    problem(await people.rep.get(`/customers?${filter(['name', 'told', head.id])}`), 400, 'bad_filter');
    const one = await fronts(people.rep2);
    assert.deepEqual(one.map((n) => [n.title, n.text, n.record, n.members]), [[`请联系 ${name}独`, '按计划', lone.id, null]]);
    assert.deepEqual(await told(people.manager, [['head', '=', head.id]]), [], 'one\'s own only');
    assert.deepEqual((await runs(r)).map((x) => x.by?.id), Array(N + 1).fill(ids.boss), 'the log says who set it off');
    // reading it reads what it stands for
    assert.equal((await people.rep.post(`/notifications/${head.id}/actions/read`, {})).status, 200);
    assert.deepEqual((await told(people.rep, [['read_at', 'is_null']])).filter((n) => n.title.includes(name) || n.id === head.id), []);
    // the next run tells again; by the clock nobody set it off
    await sql(`UPDATE rule SET next_at = ${Date.now() - 1000} WHERE id = ${r.id}`);
    await until(async () => (await runs(r)).length === 2 * (N + 1) || undefined);
    const heads = await until(async () => { const now = await fronts(people.rep); return now.length === 2 && now.every((h) => h.members === N) ? now : undefined; });
    assert.notEqual(heads[0].id, heads[1].id);
    assert.equal((await runs(r)).filter((x) => x.by).length, N + 1);
    // what is erased is quoted no more
    const quoted = behind.find((n) => head.text.includes(n.title)).record;
    assert.equal((await people.boss.delNow(`/customers/${quoted}`)).status, 204);
    assert.equal((await people.boss.stepUp()).status, 204);
    const erased = await people.boss.post(`/customers/${quoted}/erase`, { reason: '客户要求删除' });
    assert.ok([200, 202, 204].includes(erased.status), erased.text);
    const after = await until(async () => { const now = await fronts(people.rep); return now.every((h) => !h.text) ? now : undefined; }, 30_000, 'no quotes');
    assert.deepEqual(after.map((h) => [h.title, h.members]), Array(2).fill([`${r.name}：客户 ${N - 1} 条`, N - 1]));
    assert.deepEqual(await all(people.rep, '/notifications', filter(['and', ['text', 'contains', name], ['members', 'not_null']])), [], 'nor found by it');
    assert.deepEqual((await told(people.rep, [['head', '=', head.id]])).filter((n) => n.record === quoted), []);
  });

  test('a notice about several goes with the last of them that is erased', async (t) => {
    const name = marked(), made = [];
    for (let i = 0; i < 3; i++) made.push(await makeCustomer(people.rep, { name: `${name}${i}` }));
    const r = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['name', 'starts', name], actions: [{ do: 'notify', to: ['owner'], title: '请联系 {name}' }] });
    assert.equal((await runNow(r, people.boss)).state, 'done');
    const heads = async () => (await notices(people.rep)).filter((n) => n.title.startsWith(r.name)).map((n) => [n.title, n.members, n.text]);
    assert.deepEqual(await heads(), [[`${r.name}：客户 3 条`, 3, [0, 1, 2].map((i) => `请联系 ${name}${i}`).join('；')]]);
    assert.equal((await people.boss.stepUp()).status, 204);
    const left = [];
    for (const c of made) {
      assert.equal((await people.boss.delNow(`/customers/${c.id}`)).status, 204);
      assert.equal((await people.boss.post(`/customers/${c.id}/erase`, { reason: '客户要求删除' })).status, 204);
      left.push(await heads());
    }
    assert.deepEqual(left, [[[`${r.name}：客户 2 条`, 2, null]], [[`${r.name}：客户 1 条`, 1, null]], []]);
  });

  test('killed in the middle: nothing twice, nothing left out', async (t) => {
    const name = marked(), N = 60;
    const made = [];
    for (let i = 0; i < N; i++) made.push((await makeCustomer(people.rep, { name: `${name}${String(i).padStart(3, '0')}`, lifecycle: 'interested' })).id);
    let killed = 0;
    for (let round = 0; round < 12 && !killed; round++) {
      const r = await rule(t, { event: 'scheduled', cron: '30 1 * * *', filter: ['name', 'starts', name], actions: [{ do: 'task', title: `${name}任务${round}`, for: ['owner'], days: 1 }, { do: 'notify', to: ['owner'], title: `${name}提醒${round}` }, { do: 'set', values: { remark: `第${round}` } }] });
      const answer = await people.boss.post(`/rules/${r.id}/actions/run_now`, {});
      let job;
      for (;;) {
        job = (await people.boss.get(`/jobs/${answer.json.job.id}`)).json;
        if (job.progress.done > 0 || job.state === 'done') break;
      }
      if (job.state !== 'done') {
        await server.halt('SIGKILL');
        await server.launch();
        for (const login of logins) people[login] = await server.login(login, passwordOf(login));
        killed = 1;
      }
      assert.equal((await people.boss.job(answer.json.job.id)).state, 'done');
      assert.deepEqual((await runs(r)).map((x) => x.record.id).sort(), [...made].sort());
      const tasks = await all(people.rep, '/tasks', `limit=200&${filter(['title', '=', `${name}任务${round}`])}`);
      assert.deepEqual(tasks.map((x) => x.customer.id).sort(), [...made].sort());
      const told = (await notices(people.rep)).filter((n) => n.title === `${name}提醒${round}`);
      assert.deepEqual(told.map((n) => n.record).sort(), [...made].sort());
      const heads = (await notices(people.rep)).filter((n) => n.title === `${r.name}：客户 ${N} 条`);
      assert.deepEqual(heads.map((h) => [h.members, told.every((n) => n.head === h.id)]), [[N, true]]);
    }
  });
});

describe('before and after', () => {
  test('a dry run tells what would be done and does nothing', async () => {
    const name = marked();
    for (let i = 0; i < 3; i++) await makeCustomer(people.rep, { name: `${name}${i}` });
    const draft = { name: '试', entity: 'customer', event: 'created', filter: ['name', 'starts', name], actions: [{ do: 'assign', how: 'round_robin', users: [ids.rep, ids.rep2] }, { do: 'task', title: '访 {name}', for: ['owner'] }] };
    // of these records only: elsewhere the keeper goes on reminding and ending jobs
    const mine = `IN (SELECT id FROM customer WHERE name LIKE '${name}%')`;
    const rows = async () => [await sql(`SELECT count(*) FROM task WHERE customer_id ${mine}`), await sql(`SELECT count(*) FROM rule_run WHERE record_id ${mine}`), await sql(`SELECT count(*) FROM notification WHERE entity = 'customer' AND record ${mine}`), await sql('SELECT count(*) FROM rule')];
    const before = await rows();
    const answer = await people.boss.post('/rules/actions/dry_run', { rule: draft });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.count, 3);
    assert.deepEqual(answer.json.sample.map((s) => [s.ok, s.label]), [[true, `${name}2`], [true, `${name}1`], [true, `${name}0`]]);
    assert.match(answer.json.sample[0].reason, /轮到.+；将为冯销售创建任务/);
    assert.deepEqual(await rows(), before);
    const failing = await people.boss.post('/rules/actions/dry_run', { rule: { ...draft, actions: [{ do: 'set', values: { lifecycle: 'invalid' } }] } });
    assert.deepEqual(failing.json.sample.map((s) => s.ok), [false, false, false]);
    const past = await people.boss.post('/rules/actions/dry_run', { rule: draft, from: '2020-01-01', to: '2020-12-31' });
    assert.equal(past.json.count, 0);
    problem(await people.boss.post('/rules/actions/dry_run', { rule: { ...draft, actions: [] } }), 422);
    // with the rights of whoever asks: a system administrator sees no customers
    const blind = await people.sysadmin.post('/rules/actions/dry_run', { rule: { ...draft, filter: null, actions: [{ do: 'notify', to: ['owner'], title: 'x' }] } });
    assert.equal(blind.status === 200 ? blind.json.count : 0, 0, blind.text);
  });

  test('kinds and templates are there, and every template is a rule that can be kept', async (t) => {
    const { json } = await people.boss.post('/rules/actions/kinds', {});
    assert.deepEqual(json.actions.map((a) => a.name), ['assign', 'set', 'task', 'notify', 'request', 'webhook', 'group']);
    assert.ok(json.templates.length >= 6);
    for (const { name, rule: r } of json.templates) {
      const actions = r.actions.map((a) => (a.users ? { ...a, users: [ids.rep, ids.rep2] } : a));
      await rule(t, { ...r, actions, name: name.zh, enabled: false });
    }
  });

  test('effect: how often it fired, failed, and the wanted state came about', async (t) => {
    const name = marked();
    const r = await rule(t, { filter: ['name', 'starts', name], actions: [{ do: 'set', values: { level: 'key' } }], goal: ['follow_up_count', '>', 0], goal_days: 3 });
    const [a] = [await makeCustomer(people.rep, { name: `${name}甲` }), await makeCustomer(people.rep, { name: `${name}乙` })];
    await make(people.rep, 'follow-ups', followUp(a.id, { content: '谈了下一步的采购安排' }));
    const answer = await people.boss.post(`/rules/${r.id}/actions/effect`, {});
    assert.deepEqual(answer.json.all, { done: 2, failed: 0, loop: 0, reached: 1 });
  });
});
