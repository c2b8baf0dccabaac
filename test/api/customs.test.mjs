// Fields of the house: added by POST /custom-fields to a running server, each type, with rows before and behind,
// seen in schema, create, change, list, filter, sort, search, history, document, mask; retired and brought back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { customer, filter, ids, make, makeCustomer, mistakes, problem } from '../lib/records.mjs';

let server, admin, boss, rep, agent, old;
before(async () => {
  server = await startServer({ company: true });
  ({ admin, boss, rep, agent } = await makeCompany(server, { only: ['boss', 'rep', 'agent'] }));
  old = await makeCustomer(boss, { name: '在前有限公司' });
});
after(() => server?.stop());

let n = 0;
const add = async (type, over = {}) => {
  const code = `f_${type}_${++n}`;
  const made = await admin.post('/custom-fields', { entity: 'customer', code, label_zh: `自定${n}`, label_en: `Own ${n}`, type, ...over });
  assert.equal(made.status, 201, `${type}: ${made.text}`);
  return { code, id: made.json.id };
};
const options = { a: { zh: '甲', en: 'A' }, b: { zh: '乙', en: 'B' }, c: { zh: '丙', en: 'C' } };

/** type, more of the field, [given, stored], values that are refused, [filter, does it hold for the value] */
const types = [
  ['string', {}, ['云 A', '云 A'], [7, ['x'], 'x'.repeat(100_000)], [['=', '云 a'], ['contains', '云'], ['starts', '云']]],
  ['text', {}, ['多行\n文本', '多行\n文本'], [7, {}], [['not_null', undefined]]],
  ['int', { validation: { min: 0, max: 100 } }, [42, 42], [-1, 101, 4.5, 'x', true], [['=', 42], ['>', 41], ['between', [40, 50]], ['in', [42]]]],
  ['decimal', { validation: { scale: 3 } }, ['4.5', '4.500'], ['4.5678', 'x', []], [['=', '4.5'], ['<', '5']]],
  ['float', {}, [0.25, 0.25], ['x', [], true], [['<', 1], ['>=', 0.25]]],
  ['money', {}, ['1234.5', '1234.50'], ['1.234', 'x'], [['=', '1234.50'], ['>', '1000']]],
  ['date', {}, ['2026-11-21', '2026-11-21'], ['2026-02-30', 'x', 7], [['=', '2026-11-21'], ['<', '2026-12-01'], ['>', '-50y']]],
  ['datetime', {}, ['2026-11-21T09:30:00Z', '2026-11-21T09:30:00Z'], ['2026-11-21T99:00:00Z', 'x'], [['=', '2026-11-21'], ['<', '2026-12-01']]],
  ['bool', {}, [true, true], ['ja', 7], [['=', true]]],
  ['option', { options }, ['b', 'b'], ['z', 7, ['a']], [['=', 'b'], ['in', ['a', 'b']]]],
  ['multi_option', { options }, [['a', 'c'], ['a', 'c']], [['z'], 'z', 7], [['contains', 'c'], ['in', ['c']]]],
  ['phone', {}, ['139 1234 5678', '13912345678'], ['x', 7.5], [['=', '13912345678']]],
  ['email', {}, ['A@example.com', 'A@example.com'], ['x', 7], [['=', 'a@example.com']]],
  ['url', {}, ['https://example.com/a', 'https://example.com/a'], ['javascript:1', 7], [['not_null', undefined]]],
  ['region', {}, [330106, { id: 330106 }], [1, 'x'], [['under', 330000], ['=', 330106]]],
];

describe('each type', () => {
  for (const [type, more, [given, stored], wrong, filters] of types)
    test(type, async () => {
      const { code, id } = await add(type, { in_list: true, ...more });
      const schema = (await boss.get('/schema/customer')).json;
      const field = schema.fields.find((f) => f.name === code);
      assert.equal(field?.type, type);
      assert.equal(field.custom, true);
      assert.deepEqual(field.label, { zh: `自定${n}`, en: `Own ${n}` });
      assert.ok(schema.list.includes(code), 'in the list');
      assert.equal((await boss.get(`/customers/${old.id}`)).json[code] ?? null, null, 'rows of before have none');
      const made = await make(boss, 'customers', customer({ [code]: given }));
      const look = (v) => (v && typeof v === 'object' && !Array.isArray(v) ? { id: v.id } : v);
      assert.deepEqual(look(made[code]), stored);
      for (const value of wrong) {
        const answer = await boss.post('/customers', customer({ [code]: value }));
        assert.equal(answer.status, 422, `${type} took ${JSON.stringify(value)?.slice(0, 40)}: ${answer.text.slice(0, 200)}`);
        assert.ok(mistakes(answer).every((m) => m.startsWith(`${code}:`)), answer.text);
      }
      for (const [op, value] of filters) {
        const got = await boss.get(`/customers?fields=name,${code}&limit=200&${filter(value === undefined ? [code, op] : [code, op, value])}`);
        assert.equal(got.status, 200, got.text);
        assert.ok(ids(got.json.data).includes(made.id), `${op} ${JSON.stringify(value)}`);
        assert.ok(!ids(got.json.data).includes(old.id), `${op} ${JSON.stringify(value)}: a row without a value`);
      }
      const changed = await boss.patchNow(`/customers/${old.id}`, { [code]: given });
      assert.equal(changed.status, 200, changed.text);
      const { data } = (await boss.get(`/customers/${old.id}/history`)).json;
      assert.ok(data[0].changes.some((x) => x.field === code && x.after), JSON.stringify(data[0]));
      const cleared = await boss.patchNow(`/customers/${old.id}`, { [code]: null });
      assert.equal(cleared.json[code] ?? null, type === 'multi_option' ? cleared.json[code] ?? null : null);
      const { json: doc } = await server.anyone().get('/openapi.json');
      assert.ok(JSON.stringify(doc.components.schemas).includes(`"${code}"`), 'in the document');
      const retired = await admin.post(`/custom-fields/${id}/actions/retire`);
      assert.ok(retired.status < 300, retired.text);
      assert.ok(!(await boss.get('/schema/customer')).json.fields.some((f) => f.name === code));
      problem(await boss.post('/customers', customer({ [code]: given })), 400, 'unknown_field');
      assert.ok(!(code in (await boss.get(`/customers/${made.id}`)).json));
      problem(await boss.get(`/customers?${filter([code, 'not_null'])}`), 400, 'bad_filter');
      const back = await admin.post(`/custom-fields/${id}/actions/revive`);
      assert.ok(back.status < 300, back.text);
      assert.deepEqual(look((await boss.get(`/customers/${made.id}`)).json[code]), stored, 'its data is kept');
    });

  test('link', async () => {
    const { code } = await add('link', { link_to: 'user' });
    const me = (await rep.get('/me')).json.user.id;
    const made = await make(boss, 'customers', customer({ [code]: me }));
    assert.deepEqual(made[code], { id: me, label: '冯销售' });
    assert.equal((await boss.post('/customers', customer({ [code]: 1 }))).status, 422);
    assert.ok(ids((await boss.get(`/customers?${filter([code, '=', me])}`)).json.data).includes(made.id));
  });
});

describe('what else a field may be', () => {
  test('required, with a default, unique', async () => {
    const must = await add('string', { required: true });
    assert.deepEqual(mistakes(await boss.post('/customers', customer())), [`${must.code}:required`]);
    assert.equal((await boss.patchNow(`/customers/${old.id}`, { remark: 'x' })).status, 200, 'rows of before may stay without');
    await admin.post(`/custom-fields/${must.id}/actions/retire`);
    const dflt = await add('option', { options, default_value: 'b' });
    assert.equal((await makeCustomer(boss))[dflt.code], 'b');
    const one = await add('string', { is_unique: true });
    await makeCustomer(boss, { [one.code]: 'X-1' });
    const twice = await boss.post('/customers', customer({ [one.code]: 'X-1' }));
    assert.ok([409, 422].includes(twice.status), twice.text);
    assert.equal((await boss.post('/customers', customer())).status, 201, 'many may be without');
  });

  test('personal ones are masked in wider scopes', async () => {
    const { code } = await add('phone', { is_personal: true });
    const c = await makeCustomer(rep, { [code]: '13844445555' });
    assert.equal(c[code], '13844445555');
    const seen = await agent.get(`/customers/${c.id}`);
    assert.equal(seen.json[code], '138****5555');
    assert.deepEqual((await agent.get(`/customers?${filter([code, '=', '13844445555'])}`)).json.data ?? [], []);
  });

  test('searchable ones are found', async () => {
    const { code } = await add('string', { searchable: true });
    const c = await makeCustomer(boss, { [code]: '孔雀翎' });
    for (const q of ['孔雀翎', '孔雀', 'kongque'])
      assert.ok(ids((await boss.get(`/customers?q=${encodeURIComponent(q)}`)).json.data).includes(c.id), q);
  });

  test('options, labels and bounds may change later; type and code may not', async () => {
    const { code, id } = await add('option', { options });
    const path = `/custom-fields/${id}`;
    assert.equal((await admin.patchNow(path, { label_zh: '改名', options: { ...options, d: { zh: '丁', en: 'D' } } })).status, 200);
    await until(async () => (await boss.get('/schema/customer')).json.fields.find((f) => f.name === code)?.label.zh === '改名', 3000, 'the new label');
    assert.equal((await boss.post('/customers', customer({ [code]: 'd' }))).status, 201);
    for (const body of [{ type: 'int' }, { code: 'other' }, { entity: 'contact' }]) assert.equal((await admin.patchNow(path, body)).status, 422, JSON.stringify(body));
  });

  test('what is refused', async () => {
    const base = { entity: 'customer', code: 'bad_one', label_zh: '坏', type: 'string' };
    for (const over of [{ entity: 'nothing' }, { entity: 'audit_log' }, { code: 'name' }, { code: 'Bad' }, { code: 'a b' }, { code: '1a' }, { code: 'id' }, { code: 'x"; DROP TABLE customer; --' }, { code: 'a'.repeat(60) },
      { type: 'magic' }, { type: 'option' }, { type: 'option', options: [] }, { type: 'option', options: { 'A B': {} } }, { type: 'option', options: 'x' }, { type: 'link' }, { type: 'link', link_to: 'nothing' },
      { validation: { pattern: '(' } }, { validation: 'x' }, { validation: { min: 'x' } }, { type: 'int', validation: { min: 5, max: 1 } }, { type: 'int', default_value: 'x' }, { label_zh: '' }]) {
      const answer = await admin.post('/custom-fields', { ...base, ...over });
      assert.ok([400, 409, 422].includes(answer.status), `${JSON.stringify(over)} → ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    problem(await rep.post('/custom-fields', base), 403, 'forbidden');
    assert.equal((await boss.get('/customers?limit=1')).status, 200);
    assert.equal((await server.cli('check')).code, 0);
  });

  test('they are there after a restart', async () => {
    const { code } = await add('int');
    const c = await makeCustomer(boss, { [code]: 7 });
    await server.halt();
    await server.launch();
    const again = await server.login('boss', boss.password);
    assert.equal((await again.get(`/customers/${c.id}`)).json[code], 7);
  });
});
