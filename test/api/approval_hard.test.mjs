// Approvals where it is hard: a process killed while people agree, people who answer at the same moment, records that change hands meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { until } from '../lib/index.mjs';
import { filter, problem } from '../lib/records.mjs';

let h;
before(async () => { h = await approvals({ only: ['rep', 'rep2', 'manager', 'dept_head', 'boss', 'sysadmin'] }); });
after(() => h?.server.stop());
const customer = async (c) => (await h.p.boss.get(`/customers/${c.id}`)).json;

describe('killed', () => {
  test('while people agree: what was agreed to is done, what is not done waits as before', async () => {
    const f = await h.flow({ fields: ['name'] });
    const all = [];
    for (let i = 0; i < 24; i++) {
      const c = await h.keyCustomer();
      all.push({ c, name: `断电之后${i}有限公司`, r: await h.filed(h.p.rep, { record: c.id, input: { name: `断电之后${i}有限公司` } }) });
    }
    // all at once, killed as soon as some have answered
    let answered = 0;
    const answers = all.map(({ r }) => h.act(h.p.manager, r, 'agree').then((a) => { if (a.status === 200) answered++; return a.status; }, () => 0));
    await until(() => answered >= 3, 20_000, 'three answers');
    await h.server.halt('SIGKILL');
    const said = await Promise.all(answers);
    await h.server.launch();
    await h.signIn();
    let done = 0, waiting = 0;
    for (let i = 0; i < all.length; i++) {
      const { c, r, name } = all[i], state = await h.stateOf(r), now = (await customer(c)).name;
      const parts = (await h.p.rep.get(`/approval-tasks?limit=20&${filter(['request', '=', r.id])}`)).json.data.map((t) => t.state);
      assert.ok(['done', 'waiting'].includes(state), `${state}: never agreed to and not done`);
      assert.equal(now, state === 'done' ? name : c.name);
      assert.deepEqual(parts, [state === 'done' ? 'agreed' : 'waiting']);
      if (said[i] === 200) assert.equal(state, 'done', 'what was answered 200 is done');
      if (state === 'done') done++; else waiting++;
    }
    assert.ok(done >= 3, `${done} done, ${waiting} waiting`);
    for (const { r, c, name } of all) if (await h.stateOf(r) === 'waiting') {
      assert.equal((await h.act(h.p.manager, r, 'agree')).status, 200);
      assert.equal((await customer(c)).name, name);
    }
    await h.drop(f);
  });

  test('between the last agreement and the administrator: the request waits for him still', async () => {
    const f = await h.flow({ on_edit: false, by_admin: true });
    const c = await h.keyCustomer();
    const r = await h.filed(h.p.rep, { operation: 'delete', record: c.id });
    assert.equal((await h.act(h.p.manager, r, 'agree')).status, 200);
    await h.server.halt('SIGKILL');
    await h.server.launch();
    await h.signIn();
    assert.equal(await h.stateOf(r), 'agreed');
    assert.ok(await h.hasTask(h.p.sysadmin, r));
    await h.p.sysadmin.stepUp();
    const both = await Promise.all([h.act(h.p.sysadmin, r, 'execute'), h.act(h.admin, r, 'execute')]);
    assert.equal(both.filter((a) => a.status === 200).length, 1, both.map((a) => a.status).join());
    assert.equal(await h.stateOf(r), 'done');
    problem(await h.p.rep.get(`/customers/${c.id}`), 404);
    await h.drop(f);
  });
});

describe('at the same moment', () => {
  test('one agrees and another refuses: one of them counts, the other is told', async () => {
    const f = await h.flow({ fields: ['name'], steps: [{ who: 'role', role: 'system_admin' }] });
    for (let i = 0; i < 6; i++) {
      const c = await h.keyCustomer(), name = `同时表态${i}有限公司`;
      const r = await h.filed(h.p.rep, { record: c.id, input: { name } });
      const [yes, no] = await Promise.all(i % 2
        ? [h.act(h.admin, r, 'agree'), h.act(h.p.sysadmin, r, 'refuse', { comment: '不同意' })]
        : [h.act(h.p.sysadmin, r, 'refuse', { comment: '不同意' }), h.act(h.admin, r, 'agree')].reverse());
      assert.deepEqual([yes.status, no.status].map((s) => s === 200).sort(), [false, true], `${yes.status} ${no.status}`);
      assert.equal(await h.stateOf(r), yes.status === 200 ? 'done' : 'refused');
      assert.equal((await customer(c)).name, yes.status === 200 ? name : c.name);
    }
    await h.drop(f);
  });

  test('withdrawn while somebody agrees: never both', async () => {
    const f = await h.flow({ fields: ['name'] });
    for (let i = 0; i < 6; i++) {
      const c = await h.keyCustomer(), name = `同时撤回${i}有限公司`;
      const r = await h.filed(h.p.rep, { record: c.id, input: { name } });
      const [yes, back] = await Promise.all([h.act(h.p.manager, r, 'agree'), h.act(h.p.rep, r, 'withdraw')]);
      assert.equal([yes, back].filter((a) => a.status === 200).length, 1, `${yes.status} ${back.status}`);
      assert.equal((await customer(c)).name, yes.status === 200 ? name : c.name);
    }
    await h.drop(f);
  });
});

describe('meanwhile', () => {
  test('one record of many has changed: none of them is touched, and the requester is told which it was not', async () => {
    const f = await h.flow({ on_edit: false, on_delete: false, on_bulk_delete: true, filter: null, steps: [{ who: 'user', user: h.id.dept_head }] });
    const some = [await h.keyCustomer(), await h.keyCustomer(), await h.keyCustomer()];
    const r = await h.filed(h.p.boss, { operation: 'bulk_delete', ids: some.map((c) => c.id) });
    assert.equal((await h.p.rep.patchNow(`/customers/${some[1].id}`, { remark: '期间被修改' })).status, 200);
    assert.equal((await h.act(h.p.dept_head, r, 'agree')).status, 200);
    const after_ = (await h.p.boss.get(`/change-requests/${r.id}`)).json;
    assert.equal(after_.state, 'failed');
    assert.ok(after_.result.includes(some[1].name), after_.result);
    for (const c of some) assert.equal((await h.p.rep.get(`/customers/${c.id}`)).status, 200);
    await h.drop(f);
  });

  test('the requester has left: nothing happens in his name', async () => {
    const f = await h.flow({ fields: ['name'], steps: [{ who: 'user', user: h.id.boss }] });
    const c = await h.keyCustomer({}), other = await h.filed(h.p.rep, { record: c.id, input: { name: '离职者的申请有限公司' } });
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${h.id.rep}`, { status: 'disabled' })).status, 200);
    assert.equal((await h.act(h.p.boss, other, 'agree')).status, 200);
    assert.equal(await h.stateOf(other, h.p.boss), 'failed');
    assert.equal((await customer(c)).name, c.name);
    await h.drop(f);
  });
});
