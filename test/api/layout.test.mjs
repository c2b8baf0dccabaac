// Layouts of fields and hidden menus: who may make them, what is refused, for whom they hold, and that they change what is
// looked at and nothing that is allowed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { all, filter, make, makeCustomer, problem } from '../lib/records.mjs';

let server, admin, rep, boss, manager, secadmin, auditor;
const schema = async (who, name = 'customer') => (await who.get(`/schema/${name}`)).json;
const lay = (who, over) => who.post('/layouts', { entity: 'customer', kind: 'list', definition: { fields: ['name', 'phone'] }, ...over });

before(async () => {
  server = await startServer({ company: true });
  ({ rep, boss, manager, secadmin, sysadmin: admin, auditor1: auditor } = await makeCompany(server, { only: ['rep', 'boss', 'manager', 'secadmin', 'sysadmin', 'auditor1'] }));
});
after(() => server?.stop());

describe('layouts', () => {
  test('one for everybody, one for a role, the larger rank; reset takes the row away', async () => {
    const plain = await schema(rep), etag = (await rep.get('/schema/customer')).etag;
    assert.deepEqual(plain.list.slice(0, 2), ['name', 'number'], 'the title leads');
    const all = await lay(admin);
    assert.equal(all.status, 201, all.text);
    assert.deepEqual((await schema(rep)).list, ['name', 'phone']);
    assert.deepEqual((await schema(manager)).list, ['name', 'phone']);
    assert.notEqual((await rep.get('/schema/customer', { 'If-None-Match': etag })).status, 304, 'the ETag changes with the layout');
    const mine = await make(admin, 'layouts', { entity: 'customer', kind: 'list', role: 'sales_rep', definition: { fields: ['name', 'level', 'no_such_later'].slice(0, 2) } });
    assert.deepEqual((await schema(rep)).list, ['name', 'level']);
    assert.deepEqual((await schema(manager)).list, ['name', 'phone']);
    assert.deepEqual((await schema(rep)).form, plain.form, 'only its own kind');
    const now = (await rep.get('/schema/customer')).etag;
    assert.equal((await rep.get('/schema/customer', { 'If-None-Match': now })).status, 304);
    // a second role of the person: the larger rank holds
    const user = (await rep.get('/me')).json.user.id;
    const roles = (await secadmin.get(`/roles?limit=100&fields=code&${filter(['code', 'in', ['sales_rep', 'marketing']])}`)).json.data.map((r) => r.id);
    await secadmin.stepUp();
    const two = await secadmin.patchNow(`/users/${user}`, { roles });
    assert.equal(two.status, 200, two.text);
    const other = await make(admin, 'layouts', { entity: 'customer', kind: 'list', role: 'marketing', rank: 5, definition: { fields: ['name', 'source'] } });
    await rep.signIn('rep', rep.password);
    assert.deepEqual((await schema(rep)).list, ['name', 'source']);
    assert.equal((await admin.patchNow(`/layouts/${mine.id}`, { rank: 9 })).status, 200);
    assert.deepEqual((await schema(rep)).list, ['name', 'level']);
    for (const id of [mine.id, other.id, all.json.id]) assert.equal((await admin.delNow(`/layouts/${id}`)).status, 204);
    assert.deepEqual((await schema(rep)).list, plain.list);
  });

  test('form and detail: sections, hidden, what stands nowhere closes the last one', async () => {
    const plain = await schema(boss);
    const names = plain.form.flatMap((s) => s.fields);
    const definition = { sections: [{ label: { zh: '要点', en: 'Points' }, fields: ['name', 'phone'] }, { label: { zh: '其他' }, fields: ['level'] }], hidden: ['short_name', 'remark'] };
    const form = await make(admin, 'layouts', { entity: 'customer', kind: 'form', definition });
    const detail = await make(admin, 'layouts', { entity: 'customer', kind: 'detail', definition });
    const got = await schema(boss);
    assert.deepEqual(got.form[0], { label: { zh: '要点', en: 'Points' }, fields: ['name', 'phone'] });
    assert.deepEqual(got.form[1].label, { zh: '其他', en: '其他' });
    assert.equal(got.form[1].fields[0], 'level');
    const shown = got.form.flatMap((s) => s.fields);
    assert.deepEqual([...shown].sort(), names.filter((n) => !['short_name', 'remark'].includes(n)).sort(), 'nothing lost, nothing hidden shown');
    assert.deepEqual(got.detail_hidden, ['short_name', 'remark']);
    assert.ok(got.detail[1].fields.length > 1);
    assert.deepEqual(got.fields.map((f) => f.name), plain.fields.map((f) => f.name), 'the fields are all there');
    // looks, not rights: a hidden field is taken and given as before
    const c = await makeCustomer(boss, { short_name: '简称', remark: '备注' });
    assert.equal((await boss.get(`/customers/${c.id}`)).json.short_name, '简称');
    // a field that is added later closes the last section, and the list
    const list = await make(admin, 'layouts', { entity: 'customer', kind: 'list', definition: { fields: ['name'] } });
    await make(admin, 'custom-fields', { entity: 'customer', code: 'cx_later', label_zh: '后来的', type: 'string', in_list: true });
    const later = await schema(boss);
    const custom = later.fields.find((f) => f.custom).name;
    assert.equal(later.form.at(-1).fields.at(-1), custom);
    // one that becomes required afterwards cannot stay hidden
    const must = await make(admin, 'custom-fields', { entity: 'customer', code: 'cx_must', label_zh: '后来必填', type: 'string' });
    const hiding = { ...definition, hidden: [...definition.hidden, 'cx_must'] };
    assert.equal((await admin.patchNow(`/layouts/${form.id}`, { definition: hiding })).status, 200);
    assert.ok(!(await schema(boss)).form.flatMap((s) => s.fields).includes('cx_must'));
    const now = await admin.patchNow(`/custom-fields/${must.id}`, { required: true });
    assert.equal(now.status, 200, now.text);
    assert.ok((await schema(boss)).form.flatMap((s) => s.fields).includes('cx_must'));
    for (const row of [form, detail, list]) assert.equal((await admin.delNow(`/layouts/${row.id}`)).status, 204);
    assert.equal('detail' in (await schema(boss)), false);
  });

  test('rights are applied last: a layout shows nobody a field he may not see', async () => {
    const seen = new Set((await schema(rep, 'user')).fields.map((f) => f.name));
    const every = (await admin.post('/layouts/actions/catalog', { entity: 'user' })).json;
    const secret = every.fields.map((f) => f.name).filter((n) => !seen.has(n));
    const fields = every.fields.filter((f) => !f.write_only && !['parts', 'json', 'files'].includes(f.type)).map((f) => f.name);
    const row = await make(admin, 'layouts', { entity: 'user', kind: 'list', definition: { fields } });
    const got = await schema(rep, 'user');
    for (const name of got.list) assert.ok(seen.has(name), name);
    for (const name of secret) assert.ok(!JSON.stringify(got).includes(`"${name}"`), name);
    await admin.delNow(`/layouts/${row.id}`);
  });

  test('what does not fit is refused by name', async () => {
    const refused = async (over, field, text) => {
      const answer = await lay(admin, over);
      problem(answer, 422, undefined, JSON.stringify(over));
      assert.ok(answer.json.errors.some((e) => e.field === field && (!text || e.message.includes(text))), answer.text);
    };
    await refused({ definition: { fields: ['name', 'no_such'] } }, 'definition', 'no_such');
    await refused({ definition: { fields: ['name', 'name'] } }, 'definition', '两次');
    await refused({ definition: { fields: ['name'], hidden: ['name'] } }, 'definition');
    await refused({ definition: { fields: ['phone'], hidden: ['name'] } }, 'definition', '名称');
    await refused({ definition: { sections: [] } }, 'definition');
    await refused({ definition: [] }, 'definition');
    await refused({ definition: { fields: 'name' } }, 'definition');
    await refused({ definition: { fields: [1] } }, 'definition');
    await refused({ kind: 'form', definition: { fields: ['name'] } }, 'definition');
    await refused({ kind: 'form', definition: { sections: [] } }, 'definition');
    await refused({ kind: 'form', definition: { sections: [{ label: { zh: '' }, fields: ['name'] }] } }, 'definition');
    await refused({ kind: 'form', definition: { sections: [{ label: { zh: '长'.repeat(51) }, fields: ['name'] }] } }, 'definition');
    await refused({ kind: 'form', definition: { sections: [{ label: { zh: '甲' }, fields: [] }], hidden: ['name'] } }, 'definition', '必填');
    await refused({ entity: 'session_secret' }, 'entity');
    await refused({ role: 'no_such_role' }, 'role');
    const one = await make(admin, 'layouts', { entity: 'task', kind: 'card', definition: { fields: ['title'] } });
    problem(await admin.post('/layouts', { entity: 'task', kind: 'card', definition: { fields: ['title'] } }), 409);
    assert.equal((await admin.delNow(`/layouts/${one.id}`)).status, 204);
    const again = await make(admin, 'layouts', { entity: 'task', kind: 'card', definition: { fields: ['title'] } });
    await admin.delNow(`/layouts/${again.id}`);
  });

  test('strangers: no reading, no writing, no catalog; a change is in the audit log', async () => {
    for (const who of [rep, boss, manager]) {
      problem(await lay(who), 403, 'forbidden');
      problem(await who.post('/layouts/actions/catalog', { entity: 'customer' }), 403);
      problem(await who.post('/layouts/actions/entities', {}), 403);
    }
    const row = await make(admin, 'layouts', { entity: 'contact', kind: 'list', definition: { fields: ['name'] } });
    problem(await rep.patch(`/layouts/${row.id}`, { rank: 3 }, { 'If-Match': '"1"' }), 403, 'forbidden');
    problem(await rep.get('/layouts'), 403, 'forbidden');
    problem(await rep.get(`/layouts/${row.id}`), 403, 'forbidden');
    assert.equal((await admin.patchNow(`/layouts/${row.id}`, { definition: { fields: ['name', 'mobile'] } })).status, 200);
    const log = await all(auditor, '/audit-logs', `fields=action,entity,record_id&${filter(['entity', '=', 'layout'])}`);
    const mine = log.filter((r) => Number(r.record_id) === row.id).map((r) => r.action).sort();
    assert.deepEqual(mine, ['create', 'update'], JSON.stringify(log.slice(0, 5)));
    await admin.delNow(`/layouts/${row.id}`);
  });
});

describe('hidden menus', () => {
  test('hidden from the menu only, by every role of the person', async () => {
    const menus = async (who) => (await who.get('/me')).json.menus.map((m) => m.entity);
    const roles = (await secadmin.get('/roles?limit=100&fields=code')).json.data;
    const id = roles.find((r) => r.code === 'sales_manager').id;
    assert.ok((await menus(manager)).includes('task'));
    const done = await secadmin.patchNow(`/roles/${id}`, { hidden_menus: ['task', 'follow_up'] });
    assert.equal(done.status, 200, done.text);
    await until(async () => !(await menus(manager)).includes('task'));
    assert.ok(!(await menus(manager)).includes('follow_up'));
    assert.equal((await manager.get('/tasks')).status, 200, 'rights are what they were');
    assert.equal((await manager.get('/schema/task')).status, 200);
    problem(await secadmin.patchNow(`/roles/${id}`, { hidden_menus: ['no_such'] }), 422);
    problem(await secadmin.patchNow(`/roles/${id}`, { hidden_menus: 'task' }), 422);
    problem(await rep.patch(`/roles/${id}`, { hidden_menus: [] }, { 'If-Match': '"2"' }), 403);
    // a second role that shows it shows it
    const user = (await manager.get('/me')).json.user.id;
    await secadmin.stepUp();
    const two = await secadmin.patchNow(`/users/${user}`, { roles: [id, roles.find((r) => r.code === 'marketing').id] });
    assert.equal(two.status, 200, two.text);
    await manager.signIn('manager', manager.password);
    assert.ok((await menus(manager)).includes('task'));
    assert.equal((await secadmin.patchNow(`/roles/${id}`, { hidden_menus: null })).status, 200);
  });
});
