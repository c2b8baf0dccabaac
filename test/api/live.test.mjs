// GET /events: who is told what, resuming, limits, and being cut off.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, sleep, startServer, until } from '../lib/index.mjs';
import { listen } from '../lib/events.mjs';
import { followUp, make, makeCustomer, problem } from '../lib/records.mjs';

let server, people, admin;
const ears = [];
const hear = async (...args) => { const e = await listen(...args); ears.push(e); return e; };
before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LIVE_PER_PERSON: '6' } });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'west_rep', 'sysadmin', 'boss'] });
  admin = people.sysadmin;
});
afterEach(async () => {
  for (const e of ears.splice(0)) e.close();
  await until(async () => /^zhike_live_listeners 0$/m.test((await server.anyone().get('//metrics')).text), 10_000, 'the end of the streams of this test');
});
after(() => server?.stop());

const changed = (entity, id) => (e) => e.event === 'changed' && e.data.entity === entity && e.data.id === id;

describe('what is told', () => {
  test('a change of a record that is looked at, by itself, with its version and who', async () => {
    const c = await makeCustomer(people.rep);
    const ear = await hear(people.manager, `customer:${c.id}`);
    assert.match(ear.headers.get('content-type'), /^text\/event-stream/);
    const answer = await people.rep.patchNow(`/customers/${c.id}`, { name: '改过的名称有限公司' });
    const event = await ear.next(changed('customer', c.id));
    assert.equal(event.data.version, answer.json.version);
    assert.equal(event.data.by.label, '冯销售');
    assert.ok(Number(event.id) > 0);
  });

  test('a new record in a list, a follow-up in the timeline, a removal', async () => {
    const ear = await hear(people.manager, 'customer');
    const c = await makeCustomer(people.rep);
    await ear.next(changed('customer', c.id));
    const page = await hear(people.manager, `customer:${c.id}`);
    const f = await make(people.rep, 'follow-ups', followUp(c.id));
    const event = await page.next(changed('follow_up', f.id));
    assert.deepEqual(event.data.of, { entity: 'customer', id: c.id });
    assert.equal((await people.manager.delNow(`/customers/${c.id}`)).status, 204);
    const gone = (e) => e.event === 'removed' && e.data.entity === 'customer' && e.data.id === c.id;
    await Promise.all([ear.next(gone), page.next(gone)]);
  });

  test('a stranger hears nothing: no event, no count, no byte', async () => {
    const c = await makeCustomer(people.rep);
    const began = performance.now();
    const stranger = await hear(people.west_rep, `customer,task,follow_up,customer:${c.id}`);
    const other = await hear(people.rep2, `customer:${c.id}`);
    const friend = await hear(people.manager, `customer:${c.id}`);
    await people.rep.patchNow(`/customers/${c.id}`, { name: '与旁人无关有限公司' });
    await make(people.rep, 'follow-ups', followUp(c.id));
    await make(people.rep, 'tasks', { title: '与旁人无关', customer: c.id });
    await people.manager.delNow(`/customers/${c.id}`);
    await friend.next((e) => e.event === 'removed');
    await sleep(1200);
    for (const ear of [stranger, other]) {
      assert.deepEqual(ear.events.filter((e) => e.event !== 'ready'), []);
      assert.deepEqual(ear.strange, []);
      const most = Math.floor((performance.now() - began) / 15_000); // a comment keeps a stream that says nothing, for 15 s each
      assert.ok(ear.comments <= most, `${ear.comments} comments, and time for ${most}`);
    }
  });

  test('who loses the record hears that it is gone, once; who gets it hears of it', async () => {
    const c = await makeCustomer(people.rep);
    const was = await hear(people.rep, `customer:${c.id}`), gets = await hear(people.rep2, 'customer');
    const me = await people.rep2.get('/me');
    const answer = await people.manager.post(`/customers/${c.id}/actions/transfer`, { owner: me.json.user.id });
    assert.equal(answer.status, 200, answer.text);
    await was.next((e) => e.event === 'removed' && e.data.id === c.id);
    await gets.next(changed('customer', c.id));
    await people.rep2.patchNow(`/customers/${c.id}`, { name: '换了负责人有限公司' });
    await sleep(1000);
    assert.equal(was.events.filter((e) => e.event !== 'ready').length, 1);
  });

  test('what another process changed is told, too', async () => {
    const ear = await hear(people.boss, 'user');
    await server.importUsers({ departments: [], users: [{ login: 'late', name: '后来的', password: 'Wort-fuer-late-2026', department: 'SALES_EAST', roles: ['sales_rep'], must_change: false }] });
    await ear.next((e) => e.event === 'changed' && e.data.entity === 'user', 5000);
  });

  test('of forty at once the list hears, and a stranger does not', async () => {
    const ear = await hear(people.rep, 'task'), stranger = await hear(people.west_rep, 'task');
    await Promise.all([...Array(40)].map((_, i) => make(people.rep, 'tasks', { title: `许多之 ${i}` })));
    await ear.next((e) => e.event === 'changed' && e.data.entity === 'task');
    await sleep(800);
    assert.deepEqual(stranger.events.filter((e) => e.event !== 'ready'), []);
  });
});

describe('resuming', () => {
  test('Last-Event-ID and after= give what was missed', async () => {
    const c = await makeCustomer(people.rep), d = await makeCustomer(people.rep);
    const ear = await hear(people.rep, 'customer');
    await people.rep.patchNow(`/customers/${c.id}`, { name: '听到的有限公司' });
    const { id } = await ear.next(changed('customer', c.id));
    ear.close();
    await people.rep.patchNow(`/customers/${d.id}`, { name: '错过的有限公司' });
    const again = await hear(people.rep, 'customer', { last: id });
    await again.next(changed('customer', d.id));
    const third = await hear(people.rep, 'customer', { after: id });
    await third.next(changed('customer', d.id));
    const stranger = await hear(people.west_rep, `customer:${d.id}`, { after: id });
    await sleep(700);
    assert.deepEqual(stranger.events.filter((e) => e.event !== 'ready'), []);
  });
  test('more than can be named one by one: the list hears that there is something, a page what is under it, a person of his notice; a stranger nothing', async () => {
    const c = await makeCustomer(people.rep), rep = (await people.rep.get('/me')).json.user.id, rep2 = (await people.rep2.get('/me')).json.user.id;
    const ear = await hear(people.rep, 'customer');
    await people.rep.patchNow(`/customers/${c.id}`, { name: '在许多之前有限公司' });
    const after = (await ear.next(changed('customer', c.id))).id;
    ear.close();
    for (let i = 0; i < 505; i += 101) await Promise.all([...Array(101)].map((_, j) => make(people.manager, 'tasks', { title: `五百 ${i + j}`, owner: rep2 })));
    const last = await make(people.manager, 'tasks', { title: '最后一个', customer: c.id, owner: rep });
    const list = await hear(people.manager, 'task', { after });
    const e = await list.next((x) => x.event === 'changed');
    assert.deepEqual(e.data, { entity: 'task' });
    const page = await hear(people.rep, `customer:${c.id}`, { after });
    await page.next((x) => x.event === 'changed' && x.data.id === last.id && x.data.of?.id === c.id);
    await page.next((x) => x.event === 'notification' && x.data.record === last.id);
    const stranger = await hear(people.west_rep, `task,customer:${c.id}`, { after });
    await sleep(1200);
    assert.deepEqual(list.events.filter((x) => x.event !== 'ready').length, 1);
    assert.deepEqual(stranger.events.filter((x) => x.event !== 'ready'), []);
  });
  test('nonsense is refused', async () => {
    problem(await refused({ last: 'x' }), 400);
    problem(await refused({ after: '-3' }), 400);
  });
});

/** The answer of a refused stream in the shape of Client. */
async function refused(options, client = people.rep, watch = 'customer') {
  const e = await hear(client, watch, options);
  return { status: e.status, headers: e.headers, json: e.json, text: e.text };
}

describe('who may listen', () => {
  test('nobody without a session; no entity that is not there or not his', async () => {
    problem(await refused({}, server.anyone()), 401);
    problem(await refused({}, people.rep, 'nothing'), 400);
    problem(await refused({}, people.rep, 'customer:x'), 400);
    problem(await refused({}, people.rep, [...Array(21)].map((_, i) => `customer:${i + 1}`).join(',')), 400);
    problem(await refused({}, people.sysadmin, 'customer'), 403);
  });

  test('a token hears what its scopes name', async () => {
    await people.rep.stepUp();
    const made = await people.rep.post('/tokens', { name: '实时', scopes: ['customer:read'], expires_at: new Date(Date.now() + 3600e3).toISOString() });
    assert.equal(made.status, 201, made.text);
    const bearer = server.anyone();
    bearer.token = made.json.token;
    problem(await refused({}, bearer, 'task'), 403);
    const ear = await hear(bearer, 'customer');
    const c = await makeCustomer(people.rep);
    await ear.next(changed('customer', c.id));
    await people.rep.del(`/tokens/${made.json.id}`);
    await ear.end();
  });

  test('at most six of one person, and room again when one goes', async () => {
    const mine = [];
    for (let i = 0; i < 6; i += 1) mine.push(await until(async () => { const e = await hear(people.rep2, 'customer'); return e.status === 200 && e; }, 10_000, 'room for six: those of the test before are gone'));
    const seventh = await refused({}, people.rep2);
    problem(seventh, 429);
    assert.ok(seventh.headers.get('retry-after'));
    assert.equal((await hear(people.rep, 'customer')).status, 200);
    mine[0].close();
    await until(async () => (await hear(people.rep2, 'customer')).status === 200, 10_000, 'room for one');
  });
});

describe('being cut off', () => {
  test('signing out ends the stream', async () => {
    const one = await server.login('rep', 'Guest-per-2026');
    const ear = await hear(one, 'customer');
    await one.del('/session');
    await ear.end();
  });

  test('a disabled person is cut off and hears no more', async () => {
    const ear = await hear(people.rep2, 'customer');
    const id = (await people.rep2.get('/me')).json.user.id;
    const off = await admin.patchNow(`/users/${id}`, { status: 'disabled' });
    assert.equal(off.status, 200, off.text);
    await ear.end();
    problem(await refused({}, people.rep2), 401);
  });
});

test('many listeners all hear, and the server ends by itself with all of them', async () => {
  const own = await startServer({ company: true, env: { ZHIKE_LIVE_PER_PERSON: '100', ZHIKE_HTTP_PER_ADDRESS: '900' } });
  try {
    const { rep, manager, dept_head, boss, agent } = await makeCompany(own, { only: ['rep', 'manager', 'dept_head', 'boss', 'agent'] });
    const c = await makeCustomer(rep), who = [rep, manager, dept_head, boss, agent];
    const all = [], guests = [await own.login('rep', passwordOf('rep')), await own.login('rep', passwordOf('rep'))];
    const first = await listen(guests[0], `customer:${c.id}`);
    for (let i = 0; i < 420; i += 1) all.push(await listen(who[i % 5], `customer:${c.id}`));
    const last = await listen(guests[1], `customer:${c.id}`);
    assert.ok(all.every((e) => e.status === 200));
    await rep.patchNow(`/customers/${c.id}`, { name: '人人在看有限公司' });
    await Promise.all(all.map((e) => e.next(changed('customer', c.id))));
    for (const g of guests) assert.equal((await g.del('/session')).status, 204);
    await Promise.all([first.end(), last.end()]); // also whoever stands beyond the block in which sessions are asked for
    assert.equal((await rep.get('/me')).status, 200);
    await own.stop(); // fails unless it ends with 0 before stop.timeout
    await Promise.all(all.map((e) => e.end()));
  } finally { await own.stop().catch(() => {}); }
});
