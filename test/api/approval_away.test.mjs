// People who are not there: leave with a deputy, chains and circles of deputies, people who left; and attempts to get at requests that way.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { until } from '../lib/index.mjs';
import { filter, mistakes, problem } from '../lib/records.mjs';

let h, p, id, f;
before(async () => { h = await approvals(); ({ p, id } = h); f = await h.flow({ fields: ['name'] }); });
after(() => h?.server.stop());

const day = (n) => new Date(Date.now() + 8 * 3600_000 + n * 86_400_000).toISOString().slice(0, 10); // the house is in Shanghai
const away = (who, whose, deputy, from = 0, to = 3) => who.post(`/users/${whose}/actions/away`, deputy ? { from: day(from), to: day(to), deputy } : {});
const leave = async (...args) => { const a = await away(...args); assert.equal(a.status, 200, a.text); };
const request = async (name) => { const c = await h.keyCustomer(); return h.filed(p.rep, { record: c.id, input: { name: `${name}${Date.now()}有限公司` } }); };
const has = (who, r, what) => until(() => h.hasTask(who, r), 20_000, what);
const partsOf = async (r) => (await p.rep.get(`/approval-tasks?limit=50&sort=id&${filter(['request', '=', r.id])}`)).json.data;

describe('on leave', () => {
  test('what is asked meanwhile goes to the deputy, who is told for whom, and who answers', async () => {
    await leave(p.manager, id.manager, id.rep2);
    const r = await request('休假期间');
    assert.ok(await h.hasTask(p.rep2, r));
    assert.ok(!await h.hasTask(p.manager, r));
    const [part] = await partsOf(r);
    assert.deepEqual([part.owner.id, part.deputy_for.id], [id.rep2, id.manager]);
    const told = (await p.rep2.get('/notifications?limit=5')).json.data.find((n) => n.kind === 'approval');
    assert.match(told.title, /代郑经理/);
    problem(await h.act(p.manager, r, 'agree'), 404);
    assert.equal((await h.act(p.rep2, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r), 'done');
  });

  test('what waited before goes to the deputy, and back when the leave is over', async () => {
    await leave(p.manager, id.manager, null);
    const r = await request('先到的申请');
    assert.ok(await h.hasTask(p.manager, r));
    await leave(p.manager, id.manager, id.rep2);
    await has(p.rep2, r, 'the deputy has it');
    assert.ok(!await h.hasTask(p.manager, r));
    await leave(p.manager, id.manager, null);
    await has(p.manager, r, 'it came back');
    assert.ok(!await h.hasTask(p.rep2, r));
    problem(await h.act(p.rep2, r, 'agree'), 403);
    const parts = await partsOf(r);
    assert.deepEqual(parts.map((t) => [t.owner.id, t.state, t.deputy_for?.id ?? null]), [[id.manager, 'handed_on', null], [id.rep2, 'handed_on', id.manager], [id.manager, 'waiting', null]]);
    assert.match(parts[0].comment, /休假/);
    assert.ok((await p.manager.get('/notifications?limit=5')).json.data.some((n) => /已转回/.test(n.title)));
    // the deputy keeps no window into what the record becomes
    assert.deepEqual((await h.act(p.rep2, r, 'look')).json.may, []);
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
  });

  test('a leave that has not begun, or is over, changes nothing', async () => {
    await leave(p.manager, id.manager, id.rep2, 2, 4); // not tomorrow: it may be nearly midnight
    const r = await request('还没休假');
    assert.ok(await h.hasTask(p.manager, r));
    await leave(p.manager, id.manager, null);
    await h.act(p.rep, r, 'withdraw');
  });

  test('the deputy is never who asks: whoever stands above is asked', async () => {
    await leave(p.manager, id.manager, id.rep);
    const r = await request('代理人自己');
    assert.ok(!await h.hasTask(p.rep, r));
    assert.ok(await h.hasTask(p.dept_head, r));
    problem(await h.act(p.rep, r, 'agree'), 403);
    await h.act(p.rep, r, 'withdraw');
    await leave(p.manager, id.manager, null);
  });

  test('a chain of deputies is followed; a circle ends above', async () => {
    await leave(p.manager, id.manager, id.rep2);
    await leave(p.rep2, id.rep2, id.west_rep);
    const r = await request('代理链');
    assert.ok(await h.hasTask(p.west_rep, r));
    await leave(p.west_rep, id.west_rep, id.manager);
    await has(p.dept_head, r, 'the circle ends above');
    await leave(p.west_rep, id.west_rep, null);
    await has(p.west_rep, r, 'and opens again');
    await leave(p.rep2, id.rep2, null);
    await has(p.rep2, r, 'the deputy came back before the person');
    assert.equal((await partsOf(r)).filter((t) => t.state === 'waiting').length, 1);
    await leave(p.manager, id.manager, null);
    await has(p.manager, r, 'the person came back');
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
  });

  test('who is handed a request while away is represented as well', async () => {
    await leave(p.dept_head, id.dept_head, id.west_rep);
    const r = await request('转交给休假的人');
    assert.equal((await h.act(p.manager, r, 'delegate', { to: id.dept_head })).status, 200);
    assert.ok(await h.hasTask(p.west_rep, r));
    await leave(p.dept_head, id.dept_head, id.rep);
    await has(p.boss, r, 'never who asks: whoever stands above');
    assert.ok(!await h.hasTask(p.west_rep, r) && !await h.hasTask(p.rep, r));
    await leave(p.dept_head, id.dept_head, null);
    await has(p.dept_head, r, 'it came back');
    await h.act(p.rep, r, 'withdraw');
  });

  describe('where all have to agree', () => {
    let both, west;
    before(async () => {
      await h.drop(f);
      both = await h.flow({ fields: ['name'], steps: [{ who: 'role', role: 'sales_manager', mode: 'all' }] });
      west = (await h.admin.get('/users?limit=50&fields=login,name')).json.data.find((u) => u.login === 'west_manager').id;
    });
    after(async () => { await h.drop(both); f = await h.flow({ fields: ['name'] }); });
    const waiting = async (r) => (await partsOf(r)).filter((t) => t.state === 'waiting');
    const standIn = (r) => until(async () => (await waiting(r)).find((t) => t.deputy_for?.id === west), 20_000, 'somebody in the place of the absent');
    const clientOf = (who) => p[Object.keys(p).find((n) => id[n] === who)];

    test('two votes stay two people: a deputy who is asked himself answers for himself only', async () => {
      await leave(h.admin, west, id.manager);
      const r = await request('两个经理');
      const parts = await waiting(r);
      assert.equal(parts.length, 2);
      assert.equal(parts.find((t) => t.owner.id === id.manager).deputy_for ?? null, null);
      const other = parts.find((t) => t.owner.id !== id.manager);
      assert.equal(other.deputy_for.id, west);
      assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
      assert.equal(await h.stateOf(r), 'waiting');
      assert.equal((await h.act(clientOf(other.owner.id), r, 'agree')).status, 200);
      assert.equal(await h.stateOf(r), 'done');
      await leave(h.admin, west, null);
    });

    test('nobody agrees twice by a leave that begins after he has agreed, or by a request handed to him', async () => {
      const r = await request('同意之后');
      assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
      await leave(h.admin, west, id.manager);
      const part = await standIn(r);
      assert.ok(![id.manager, id.rep].includes(part.owner.id));
      assert.ok(!await h.hasTask(p.manager, r));
      problem(await h.act(p.manager, r, 'agree'), 403);
      problem(await h.act(clientOf(part.owner.id), r, 'delegate', { to: id.manager }), 409);
      assert.equal(await h.stateOf(r), 'waiting');
      assert.equal((await h.act(clientOf(part.owner.id), r, 'agree')).status, 200);
      assert.equal(await h.stateOf(r), 'done');
      await leave(h.admin, west, null);
    });

    test('sent back and submitted again, all are asked anew', async () => {
      const r = await request('再次提交');
      assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
      await leave(h.admin, west, id.manager);
      const first = await standIn(r);
      assert.equal((await h.act(clientOf(first.owner.id), r, 'send_back', { comment: '补材料' })).status, 200);
      assert.equal((await h.act(p.rep, r, 'submit')).status, 200);
      assert.equal((await waiting(r)).length, 2);
      assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
      assert.equal((await h.act(clientOf((await standIn(r)).owner.id), r, 'agree')).status, 200);
      assert.equal(await h.stateOf(r), 'done');
      await leave(h.admin, west, null);
    });
  });

  test('where one is enough, a deputy who is asked himself answers once, for himself', async () => {
    await h.drop(f);
    const either = await h.flow({ fields: ['name'], steps: [{ who: 'role', role: 'sales_manager' }] });
    const west = (await h.admin.get('/users?limit=50&fields=login,name')).json.data.find((u) => u.login === 'west_manager').id;
    await leave(h.admin, west, id.manager);
    const r = await request('任一经理');
    assert.deepEqual((await partsOf(r)).map((t) => [t.owner.id, t.deputy_for?.id ?? null]), [[id.manager, null]]);
    await leave(h.admin, west, null);
    await h.act(p.rep, r, 'withdraw');
    await h.drop(either);
    f = await h.flow({ fields: ['name'] });
  });
});

describe('a leave is set', () => {
  test('by somebody else, by whatever way: the person and who stands above are told whom his votes go to, and it is audited', async () => {
    const told = async (who, words) => (await who.get('/notifications?limit=50')).json.data.filter((n) => n.kind === 'approval' && words.test(n.title)).length;
    const names = Object.fromEntries((await h.admin.get('/users?limit=200')).json.data.map((u) => [u.id, u.name]));
    const of = new RegExp(`把${names[id.rep]}的审批交给了休假代理人${names[id.rep2]}`), mine = /为您设置了休假代理/;
    const seen = async () => [await told(p.rep, mine), await told(p.manager, of), await told(p.boss, of)];
    const entries = async () => (await h.admin.get(`/audit-logs?limit=200&sort=-id&${filter(['and', ['entity', '=', 'user'], ['record_id', '=', id.rep]])}`)).json.data.length;
    let [was, log] = [await seen(), await entries()];
    assert.equal((await h.admin.patchNow(`/users/${id.rep}`, { away_from: day(0), away_to: day(9), deputy: id.rep2 })).status, 200);
    let now = await seen();
    assert.deepEqual([now[0] - was[0], now[1] - was[1], now[2] - was[2]], [1, 1, 0], 'a change of the account, not the action');
    assert.equal(await entries(), log + 1);
    await leave(h.admin, id.rep, null);
    [was, log] = [await seen(), await entries()];
    await leave(h.admin, id.rep, id.rep2);
    now = await seen();
    assert.deepEqual([now[0] - was[0], now[1] - was[1]], [1, 1], 'the action');
    assert.equal(await entries(), log + 1);
    await leave(p.rep, id.rep, null);
  });

  test('and so are they of a successor, who gets what waits when the person has left', async () => {
    const told = async (who, words) => (await who.get('/notifications?limit=200')).json.data.filter((n) => n.kind === 'approval' && words.test(n.title)).length;
    const names = Object.fromEntries((await h.admin.get('/users?limit=200')).json.data.map((u) => [u.id, u.name]));
    const of = new RegExp(`指定${names[id.rep2]}在${names[id.rep]}离开后接手其审批`), mine = /为您指定了审批的接手人/;
    const seen = async () => [await told(p.rep, mine), await told(p.manager, of), await told(p.boss, of), await told(p.rep2, of)];
    const was = await seen();
    await h.admin.stepUp();
    const name = async (to) => assert.equal((await h.admin.patchNow(`/users/${id.rep}`, { handover_to: to })).status, 200);
    const more = async () => (await seen()).map((n, i) => n - was[i]);
    await name(id.rep2);
    assert.deepEqual(await more(), [1, 1, 0, 0]);
    assert.equal((await h.admin.patchNow(`/users/${id.rep}`, { handover_to: id.rep2 })).status, 200);
    assert.deepEqual(await more(), [1, 1, 0, 0], 'nothing changed');
    await name(null);
    assert.deepEqual(await more(), [1, 1, 0, 0], 'taken back: his votes go to nobody');
    problem(await p.rep.patchNow(`/users/${id.rep}`, { handover_to: id.rep2 }), 403);
    assert.deepEqual(await more(), [1, 1, 0, 0]);
  });

  test('and where nobody stands above but who did it, those who keep rights are told: also of one who names himself', async () => {
    const told = async (who, words) => (await who.get('/notifications?limit=200')).json.data.filter((n) => n.kind === 'approval' && words.test(n.title)).length;
    const names = Object.fromEntries((await h.admin.get('/users?limit=200')).json.data.map((u) => [u.id, u.name]));
    const of = new RegExp(`指定${names[id.sysadmin]}在${names[id.boss]}离开后接手其审批`);
    const seen = async () => [await told(h.admin, of), await told(p.sysadmin, of), await told(p.boss, of), await told(p.rep, of)];
    const was = await seen();
    await p.sysadmin.stepUp();
    const named = await p.sysadmin.patchNow(`/users/${id.boss}`, { handover_to: id.sysadmin });
    assert.equal(named.status, 200, named.text);
    assert.deepEqual((await seen()).map((n, i) => n - was[i]), [1, 0, 0, 0]);
    assert.equal((await p.sysadmin.patchNow(`/users/${id.boss}`, { handover_to: null })).status, 200);
  });

  test('by the person, the heads above him, who keeps accounts; by nobody else', async () => {
    await leave(p.rep, id.rep, id.rep2);
    await leave(p.manager, id.rep, id.rep2); // head of his department
    await leave(p.dept_head, id.rep, id.rep2); // head of the department above
    await leave(h.admin, id.rep, id.rep2);
    assert.ok((await p.rep.get('/notifications?limit=9')).json.data.some((n) => /设置了休假代理/.test(n.title)));
    problem(await away(p.rep2, id.rep, id.rep2), 403, 'forbidden');
    // who may set it names anybody but himself: only the person gives his vote to him
    problem(await away(p.manager, id.rep, id.manager), 403, 'forbidden');
    problem(await away(h.admin, id.rep, id.admin), 403, 'forbidden');
    problem(await h.admin.patchNow(`/users/${id.rep}`, { away_from: day(0), away_to: day(9), deputy: id.admin }), 403, 'forbidden');
    problem(await away(p.west_rep, id.manager, id.west_rep), 403, 'forbidden');
    problem(await away(p.rep, id.manager, id.rep), 403, 'forbidden');
    problem(await away(p.rep, id.boss, id.rep), 403, 'forbidden');
    problem(await p.rep.patchNow(`/users/${id.rep}`, { deputy: id.rep2 }), 403);
    problem(await p.rep.patchNow(`/users/${id.manager}`, { away_from: day(0), away_to: day(9), deputy: id.rep }), 403);
    await leave(p.rep, id.rep, null);
  });

  test('whole and in order', async () => {
    const bad = async (body) => mistakes(await p.rep.post(`/users/${id.rep}/actions/away`, body));
    assert.deepEqual(await bad({ from: day(0), to: day(1) }), ['deputy:required']);
    assert.deepEqual(await bad({ from: day(0), deputy: id.rep2 }), ['away_to:required']);
    assert.deepEqual(await bad({ from: day(2), to: day(1), deputy: id.rep2 }), ['away_to:invalid']);
    assert.deepEqual(await bad({ from: day(-3), to: day(-1), deputy: id.rep2 }), ['away_to:invalid']);
    assert.deepEqual(await bad({ from: day(0), to: day(1), deputy: id.rep }), ['deputy:invalid']);
    assert.deepEqual(await bad({ from: day(0), to: day(1), deputy: 999999 }), ['deputy:invalid']);
    assert.equal((await p.rep.post(`/users/${id.rep}/actions/away`, { from: '2026-02-30', to: day(1), deputy: id.rep2 })).status, 422);
    assert.ok([400, 422].includes((await p.rep.post(`/users/${id.rep}/actions/away`, { from: [1], to: day(1), deputy: id.rep2 })).status));
    assert.ok([400, 422].includes((await p.rep.post(`/users/${id.rep}/actions/away`, { from: day(0), to: day(1), deputy: id.rep2, status: 'disabled' })).status));
    assert.equal((await p.rep.get(`/users/${id.rep}`)).json.deputy ?? null, null);
  });

  test('two may be deputies of each other, for leaves at different times', async () => {
    await leave(p.rep, id.rep, id.rep2, 1, 2);
    await leave(p.rep2, id.rep2, id.rep, 5, 6);
    await leave(p.rep, id.rep, null);
    await leave(p.rep2, id.rep2, null);
  });
});

describe('administrators', () => {
  test('who carry out are never represented: no deputy gets into their place', async () => {
    await h.drop(f);
    const byAdmin = await h.flow({ on_edit: false, by_admin: true });
    await leave(h.admin, id.admin, id.rep2);
    const c = await h.keyCustomer();
    const r = await h.filed(p.rep, { operation: 'delete', record: c.id });
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r), 'agreed');
    assert.ok(!await h.hasTask(p.rep2, r));
    await p.rep2.stepUp();
    problem(await h.act(p.rep2, r, 'execute'), 404);
    assert.ok(await h.hasTask(h.admin, r) && await h.hasTask(p.sysadmin, r));
    await leave(h.admin, id.admin, null);
    await h.act(p.rep, r, 'withdraw');
    await h.drop(byAdmin);
    f = await h.flow({ fields: ['name'] });
  });
});

describe('who left', () => {
  const disable = async (whose, status = 'disabled') => { await h.admin.stepUp(); assert.equal((await h.admin.patchNow(`/users/${whose}`, { status })).status, 200); };
  test('what waited for the deputy goes back when the deputy leaves', async () => {
    await leave(p.manager, id.manager, id.west_rep);
    const r = await request('代理人离职');
    assert.ok(await h.hasTask(p.west_rep, r));
    await disable(id.west_rep);
    await has(p.dept_head, r, 'the deputy has left: whoever stands above');
    await leave(p.manager, id.manager, null);
    await has(p.manager, r, 'the person is back');
    await h.act(p.rep, r, 'withdraw');
    await disable(id.west_rep, 'active');
  });

  test('his parts go to his successor, else above, else to the management, else to the administrators', async () => {
    const r = await request('离职交接');
    assert.ok(await h.hasTask(p.manager, r));
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/users/${id.manager}`, { handover_to: id.rep2 })).status, 200);
    await disable(id.manager);
    await has(p.rep2, r, 'the successor');
    await disable(id.rep2);
    await has(p.dept_head, r, 'the head above him');
    await disable(id.dept_head);
    await has(p.boss, r, 'the management');
    await disable(id.boss);
    await until(async () => (await h.hasTask(p.sysadmin, r)) || (await h.hasTask(h.admin, r)), 20_000, 'the administrators');
    const last = (await h.hasTask(h.admin, r)) ? h.admin : p.sysadmin;
    assert.equal((await h.act(last, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r), 'done');
  });
});
