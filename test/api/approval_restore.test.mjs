// Out of the recycle bin: what people had to agree to when it went is not brought back by one alone, by whatever way.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { tick } from '../lib/index.mjs';
import { make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let h, p;
before(async () => { h = await approvals(); ({ p } = h); });
after(() => h?.server.stop());
const restore = (who, c) => who.post(`/customers/${c.id}/restore`, {});
const there = async (c, who = p.rep) => (await who.get(`/customers/${c.id}`)).status === 200;
const has = async (contact) => (await p.rep.get(`/contacts/${contact.id}`)).status === 200;
const states = async (...all) => Promise.all(all.map((x) => x.customer ? has(x) : there(x)));
const contactOf = (c, over) => make(p.rep, 'contacts', { name: '随行人', customer: c.id, mobile: mobile(), ...over });
/** New customers of the representative that lie in the bin, put there by the boss. */
async function gone(n, over) {
  const some = [];
  for (let i = 0; i < n; i++) {
    const c = await makeCustomer(p.rep, { level: 'key', ...over });
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    some.push(c);
  }
  return some;
}
/** A flow that is there while the test runs. */
async function flowFor(t, over) {
  const f = await h.flow({ on_edit: false, on_delete: false, on_restore: true, ...over });
  t.after(() => h.drop(f));
  return f;
}

describe('restoring', () => {
  test('is held by its own word, one and many, and only where the condition holds', async (t) => {
    const [c, d] = await gone(2), [plain] = await gone(1, { level: 'normal' });
    const f = await flowFor(t);
    const held = await restore(p.boss, c);
    problem(held, 409, 'approval_required');
    assert.ok(held.text.includes(f.name), held.text);
    assert.equal(await there(c), false);
    const { job, results } = await h.bulk(p.boss, { ids: [d.id, plain.id], action: 'restore' });
    assert.deepEqual([job.counts.changed, job.counts.failed], [1, 1]);
    assert.deepEqual(results.map((r) => [r.record.id, r.code]), [[d.id, 'approval_required']]);
    assert.deepEqual([await there(c), await there(d), await there(plain)], [false, false, true]);
    // deleting is not its business
    const other = await h.keyCustomer();
    assert.equal((await p.boss.delNow(`/customers/${other.id}`)).status, 204);
  });

  test('is filed by who may see the bin, and done when it is agreed to', async (t) => {
    const [c] = await gone(1);
    await flowFor(t);
    problem(await h.ask(p.west_rep, { operation: 'restore', record: c.id }), 403);
    problem(await restore(p.west_rep, c), 403);
    const alive = await h.keyCustomer();
    problem(await h.ask(p.boss, { operation: 'restore', record: alive.id }), 409, 'conflict');
    const r = await h.filed(p.boss, { operation: 'restore', record: c.id });
    assert.ok(r.title.includes(c.name), r.title);
    problem(await h.ask(p.boss, { operation: 'restore', record: c.id }), 409, 'conflict');
    assert.equal((await p.west_rep.get(`/change-requests/${r.id}`)).status, 404);
    assert.equal(await there(c), false, 'not before');
    assert.equal((await h.act(h.admin, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'done');
    assert.equal(await there(c), true);
    const history = (await p.boss.get(`/customers/${c.id}/history`)).json.data;
    assert.ok(history.some((x) => x.action === 'restore'), JSON.stringify(history));
  });

  test('fails openly where it came back and went again meanwhile', async (t) => {
    const [c] = await gone(1);
    const f = await flowFor(t);
    const r = await h.filed(p.boss, { operation: 'restore', record: c.id });
    assert.equal((await h.drop(f)).status, 200);
    assert.equal((await restore(p.boss, c)).status, 200);
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    assert.equal((await h.act(h.admin, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'failed');
    assert.equal(await there(c), false);
    assert.equal((await restore(p.boss, c)).status, 200, 'and is free again');
    problem(await h.ask(p.boss, { operation: 'restore', record: c.id }), 409, 'conflict');
  });

  test('of many is one request, all or none', async (t) => {
    const some = await gone(2);
    const f = await flowFor(t);
    const body = { operation: 'bulk_restore', ids: some.map((c) => c.id) };
    problem(await h.ask(p.boss, { ...body, ids: [some[0].id, (await h.keyCustomer()).id] }), 409, 'conflict');
    const first = await h.filed(p.boss, body), second = await h.filed(p.boss, body);
    assert.equal((await h.act(h.admin, first, 'agree')).status, 200);
    assert.equal(await h.stateOf(first, p.boss), 'done');
    for (const c of some) assert.equal(await there(c), true);
    await h.drop(f);
    assert.equal((await p.boss.delNow(`/customers/${some[0].id}`)).status, 204);
    assert.equal((await h.act(h.admin, second, 'agree')).status, 200);
    assert.equal(await h.stateOf(second, p.boss), 'failed');
    assert.equal(await there(some[0]), false, 'one could not be done, so none was');
  });

  test('where a flow says nothing of it, it is as deletion', async (t) => {
    const [c, d] = await gone(2);
    const f = await flowFor(t, { on_delete: true, on_restore: undefined });
    assert.equal(f.on_restore ?? null, null);
    problem(await restore(p.boss, c), 409, 'approval_required');
    await h.admin.stepUp();
    assert.equal((await h.admin.patchNow(`/approval-flows/${f.id}`, { on_restore: false })).status, 200);
    assert.equal((await restore(p.boss, c)).status, 200);
    assert.equal((await h.admin.patchNow(`/approval-flows/${f.id}`, { on_restore: null, on_delete: false, on_edit: true })).status, 200);
    assert.equal((await restore(p.boss, d)).status, 200);
  });

  test('brings no held part back with its whole', async (t) => {
    const c = await makeCustomer(p.rep);
    const contact = await make(p.rep, 'contacts', { name: '随行人', customer: c.id, mobile: '13612340001' });
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    const f = await flowFor(t, { entity: 'contact', filter: ['name', '=', contact.name] });
    const held = await restore(p.boss, c);
    problem(held, 409, 'approval_required');
    assert.ok(held.text.includes(f.name), held.text);
    assert.equal(await there(c), false, 'nothing of it');
    // the part alone cannot come back, so the whole is asked for: by the flow of the part
    problem(await p.boss.post(`/contacts/${contact.id}/restore`, {}), 409, 'conflict');
    problem(await h.ask(p.boss, { entity: 'contact', operation: 'restore', record: contact.id }), 409, 'conflict');
    const r = await h.filed(p.boss, { operation: 'restore', record: c.id });
    assert.equal(r.flow.id, f.id);
    assert.equal(await there(c), false, 'not before');
    assert.equal((await h.act(h.admin, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'done');
    assert.deepEqual([await there(c), await has(contact)], [true, true]);
  });

  test('by taking a deletion of many back: what is held by now stays where it is, and says why', async (t) => {
    const held = await makeCustomer(p.rep), free = await makeCustomer(p.rep);
    await p.boss.stepUp();
    const { job } = await h.bulk(p.boss, { ids: [held.id, free.id], action: 'delete' });
    assert.equal(job.counts.changed, 2);
    const f = await flowFor(t, { filter: ['number', '=', held.number] });
    const started = await p.boss.post(`/jobs/${job.id}/undo`, {});
    assert.equal(started.status, 202, started.text);
    await h.job(p.boss, started.json.job.id);
    const { results } = await h.job(p.boss, job.id);
    assert.deepEqual(results.map((r) => [r.record.id, r.outcome]), [[held.id, 'kept']]);
    assert.ok(results[0].message.includes(f.name), results[0].message);
    assert.deepEqual([await there(held), await there(free)], [false, true]);
  });
});

describe('a whole with parts that are held by flows of their own', () => {
  const by = (who) => [{ who: 'user', user: h.id[who] }];
  /** One flow for customers that are key, asking the manager; one for contacts of that name, asking the head above him. */
  async function both(t, over, filter = ['name', '=', '被保护的人']) {
    return [await flowFor(t, { on_restore: false, ...over, steps: by('manager') }),
      await flowFor(t, { on_restore: false, ...over, entity: 'contact', filter, steps: by('dept_head') })];
  }
  /** Agreed to by the one, then by the other; nothing before, all after. */
  async function inTurn(r, want, ...all) {
    const now = await states(...all);
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'waiting', 'one of two has agreed');
    assert.deepEqual(await states(...all), now, 'nothing yet');
    assert.equal(await h.hasTask(p.dept_head, r), true, 'the other is asked');
    assert.equal((await h.act(p.dept_head, r, 'agree')).status, 200);
    assert.equal(await h.stateOf(r, p.boss), 'done');
    assert.deepEqual(await states(...all), all.map(() => want));
  }
  const free = (who = 'key') => makeCustomer(p.rep, { level: who });

  for (const [operation, flag] of [['delete', 'on_delete'], ['restore', 'on_restore']]) {
    const bin = operation === 'restore';
    const into = async (...all) => { for (const c of all) if (bin) assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204); };

    test(`${operation}: the people of all flows are asked in turn`, async (t) => {
      const c = await free(), k = await contactOf(c, { name: '被保护的人' });
      await into(c);
      await both(t, { [flag]: true });
      await inTurn(await h.filed(p.boss, { operation, record: c.id }), bin, c, k);
    });

    test(`${operation} of many: also for what goes along with one that is free itself`, async (t) => {
      const a = await free(), b = await free('normal'), k = await contactOf(b, { name: '被保护的人' });
      await into(a, b);
      await both(t, { [flag]: true });
      await p.boss.stepUp();
      const { job, results } = await h.bulk(p.boss, { ids: [a.id, b.id], action: operation });
      assert.equal(job.counts.changed, 0);
      assert.deepEqual(results.map((x) => x.code), ['approval_required', 'approval_required']);
      await inTurn(await h.filed(p.boss, { operation: `bulk_${operation}`, ids: [a.id, b.id] }), bin, a, b, k);
    });

    test(`${operation}: a condition that leads from the part to its whole`, async (t) => {
      const c = await free(), k = await contactOf(c), d = await free(), l = await contactOf(d);
      await into(c, d);
      const f = await flowFor(t, { on_restore: false, [flag]: true, entity: 'contact', filter: ['customer.level', '=', 'key'], steps: by('dept_head') });
      const now = await states(c, k, d, l);
      assert.deepEqual(now, now.map(() => !bin));
      const held = bin ? await restore(p.boss, c) : await p.boss.delNow(`/customers/${c.id}`);
      problem(held, 409, 'approval_required');
      assert.ok(held.text.includes(f.name), held.text);
      await p.boss.stepUp();
      const { results } = await h.bulk(p.boss, { ids: [c.id, d.id], action: operation });
      assert.deepEqual(results.map((x) => x.code), ['approval_required', 'approval_required']);
      assert.deepEqual(await states(c, k, d, l), now);
      const r = await h.filed(p.boss, { operation, record: c.id });
      const many = await h.filed(p.boss, { operation: `bulk_${operation}`, ids: [d.id] });
      for (const x of [r, many]) {
        assert.equal((await h.act(p.dept_head, x, 'agree')).status, 200);
        assert.equal(await h.stateOf(x, p.boss), 'done');
      }
      assert.deepEqual(await states(c, k, d, l), now.map((x) => !x));
    });
  }

  test('where the condition says no of the whole, it goes freely; what lies in the bin is held all the same', async (t) => {
    const c = await free('normal'), k = await contactOf(c);
    await flowFor(t, { on_delete: true, entity: 'contact', filter: ['customer.level', '=', 'key'], steps: by('dept_head') });
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    problem(await restore(p.boss, c), 409, 'approval_required');
    const r = await h.filed(p.boss, { operation: 'restore', record: c.id });
    assert.equal((await h.act(p.dept_head, r, 'agree')).status, 200);
    assert.deepEqual(await states(c, k), [true, true]);
  });

  test('what has come under the whole since it was asked for does not go with it', async (t) => {
    const c = await free();
    const [, f] = await both(t, { on_delete: true });
    const r = await h.filed(p.boss, { operation: 'delete', record: c.id });
    const k = await contactOf(c, { name: '被保护的人' });
    assert.equal((await h.act(p.manager, r, 'agree')).status, 200);
    const now = (await p.boss.get(`/change-requests/${r.id}`)).json;
    assert.equal(now.state, 'failed');
    assert.ok(now.result.includes(f.name), now.result);
    assert.deepEqual(await states(c, k), [true, true]);
    await inTurn(await h.filed(p.boss, { operation: 'delete', record: c.id }), false, c, k);
  });

  test('a flow for deleting many holds parts that go along with many', async (t) => {
    const c = await free('normal'), d = await free('normal'), k = await contactOf(c);
    await flowFor(t, { on_restore: false, on_bulk_delete: true, entity: 'contact', filter: null, steps: by('dept_head') });
    await p.boss.stepUp();
    const { results } = await h.bulk(p.boss, { ids: [c.id, d.id], action: 'delete' });
    assert.deepEqual(results.map((x) => [x.record.id, x.code]), [[c.id, 'approval_required']]);
    assert.deepEqual(await states(c, k, d), [true, true, false]);
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
  });

  test('parts that went before the whole are not asked about', async (t) => {
    const c = await free('normal'), k = await contactOf(c, { name: '被保护的人' });
    assert.equal((await p.boss.delNow(`/contacts/${k.id}`)).status, 204);
    await both(t, { on_delete: true, on_restore: true });
    await tick();
    assert.equal((await p.boss.delNow(`/customers/${c.id}`)).status, 204);
    assert.equal((await restore(p.boss, c)).status, 200);
    assert.deepEqual(await states(c, k), [true, false]);
  });
});
