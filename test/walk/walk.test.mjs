// Every entity × every writable field, from /schema: missing, too long, no option, broken link, and every wrong
// JSON type, on create and on change. A mistake of the caller is 400 or 422 and names the field; never 5xx.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { all } from '../lib/records.mjs';

let server, all_rights, customer;
const schemas = {};
const bodies = {
  customer: () => ({ name: `走${++n}公司`, industry: 'it', source: 'website', phone: phone() }),
  contact: () => ({ name: `走${++n}`, customer, mobile: phone() }),
  customer_contact: null,
  follow_up: () => ({ customer, method: 'phone', content: '电话谈了报价和交期', customer_need: '要一份新的报价单', next_plan: '下周二再谈价格' }),
  task: () => ({ title: `任务${++n}` }),
  user: () => ({ login: `walk${++n}`, name: `走${n}`, password: `Lang-genug-${n}-wort` }),
  department: () => ({ name: `部${++n}`, code: `W${n}` }),
  role: () => ({ code: `walk_${++n}`, name: `角${n}` }),
  custom_field: () => ({ entity: 'customer', code: `walk_${++n}`, label_zh: `字${n}`, type: 'string' }),
  number_rule: null,
  tag: () => ({ name: `标${++n}` }),
  saved_view: () => ({ name: `视图${++n}`, entity: 'customer' }),
};
let n = 0;
const phone = () => `137${String(10000000 + ++n)}`;

before(async () => {
  server = await startServer({ company: true });
  const { admin } = await makeCompany(server, { only: [] });
  all_rights = admin; // management, system_admin, security_admin, auditor in one
  const made = await admin.post('/customers', bodies.customer());
  assert.equal(made.status, 201, made.text);
  customer = made.json.id;
  for (const e of (await admin.get('/schema')).json.entities) schemas[e.name] = (await admin.get(`/schema/${e.name}`)).json;
});
after(() => server?.stop());
beforeEach(() => all_rights.stepUp()); // a step-up holds for minutes; on a slow machine the walk takes longer

const wrongTypes = { number: 12345.5, negative: -1, huge: 1e300, text: 'x', array: [1], strings: ['x'], object: { a: 1 }, empty: {}, none: [], yes: true, no: false,
  long: 'x'.repeat(20_000), nul: 'a\u0000b', control: '\u0001\u0002', escape: '\u0003', surrogate: '𠮷'.repeat(50), deep: [[[[[]]]]], null: null };
/** What of the above a field of this type takes as it is. */
const fits = {
  string: ['text', 'surrogate', 'null', 'control', 'escape'], text: ['text', 'surrogate', 'null', 'control', 'escape', 'long'], number: [], int: ['negative', 'null'], decimal: ['number', 'negative', 'null'], float: ['number', 'negative', 'huge', 'null'],
  money: ['number', 'negative', 'null'], bool: ['yes', 'no', 'null'], json: Object.keys(wrongTypes), option: ['null'], multi_option: ['none', 'null'], link: ['null'], link_many: ['none', 'null'],
  date: ['null'], datetime: ['null'], phone: ['null'], email: ['null'], url: ['null'], region: ['null', 'control', 'escape'], file: ['null'], image: ['null'], parts: ['null'], files: ['null'],
};
/** Never more than the caller's fault; where it is refused, by the name of the field. */
function expect(answer, field, what, must) {
  assert.ok(answer.status < 500, `${what} → ${answer.status} ${answer.text.slice(0, 400)}`);
  if (must) assert.ok([400, 422].includes(answer.status), `${what} was taken → ${answer.status} ${answer.text.slice(0, 300)}`);
  if ([400, 422].includes(answer.status) && field)
    assert.ok(answer.json.code === 'json' || answer.json.errors.some((e) => e.field?.split('.')[0] === field), `${what}: ${field} is not named: ${answer.text.slice(0, 400)}`);
}
const writable = (schema) => schema.fields.filter((f) => !f.readonly && f.right !== 'read');

test('the schema tells of every entity what is there', () => {
  for (const name of Object.keys(bodies)) assert.ok(schemas[name], `${name} is in no schema`);
  for (const [name, schema] of Object.entries(schemas)) {
    assert.ok(schema.label.zh && schema.label.en, name);
    for (const f of schema.fields) {
      assert.ok(f.label?.zh && f.label?.en, `${name}.${f.name} has no label in both languages`);
      assert.ok(f.type in fits || f.type === 'number', `${name}.${f.name}: type ${f.type}`);
      if (/option/.test(f.type)) assert.ok(f.options.length, `${name}.${f.name} has no options`);
      if (f.type === 'link' || f.type === 'link_many') assert.ok(f.to || f.to_field, `${name}.${f.name} leads nowhere`);
    }
    for (const list of [schema.list, schema.card]) for (const f of list) assert.ok(schema.fields.some((x) => x.name === f), `${name}: ${f} is no field`);
  }
});

test('read-only entities take nothing', async () => {
  for (const [name, schema] of Object.entries(schemas)) {
    if (schema.can.create) continue;
    const answer = await all_rights.post(`/${schema.plural}`, {});
    assert.ok([403, 404, 405].includes(answer.status), `${name} → ${answer.status} ${answer.text}`);
  }
});

for (const [name, make] of Object.entries(bodies)) {
  if (!make) continue;
  test(`${name}: required fields missing, empty, blank`, async () => {
    const schema = schemas[name], good = make();
    for (const f of writable(schema).filter((x) => x.required && x.default == null)) {
      if (!(f.name in good)) continue;
      for (const value of [undefined, null, '', '  ', '\u3000']) {
        if (value !== undefined && value !== null && !['string', 'text'].includes(f.type)) continue;
        const answer = await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: value });
        expect(answer, f.name, `${name}.${f.name} = ${JSON.stringify(value)}`, true);
      }
    }
    expect(await all_rights.post(`/${schema.plural}`, {}), null, `${name} empty`, writable(schema).some((x) => x.required && x.default == null));
  });

  test(`${name}: every field × every wrong type, on create`, async () => {
    const schema = schemas[name];
    for (const f of writable(schema)) {
      for (const [what, value] of Object.entries(wrongTypes)) {
        const answer = await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: value });
        expect(answer, f.name, `POST ${name}.${f.name} (${f.type}) = ${what}`, !(fits[f.type] ?? []).includes(what) && !(what === 'text' && f.type === 'multi_option'));
      }
      if (['string', 'text'].includes(f.type) && f.max)
        expect(await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: '长'.repeat(Number(f.max) + 1) }), f.name, `${name}.${f.name} too long`, true);
      if (f.type === 'link' && !f.to_field)
        for (const value of [1, 0, -5, 2 ** 53, { id: 1 }, { name: '没有' }, { number: 'X' }, { id: 'x' }])
          expect(await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: value }), f.name, `${name}.${f.name} = ${JSON.stringify(value)}`, true);
      if (f.type === 'option') expect(await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: 'no_such_code' }), f.name, `${name}.${f.name} option`, true);
      if (f.min != null && ['int', 'decimal', 'money'].includes(f.type))
        expect(await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: f.type === 'int' ? Number(f.min) - 1 : String(Number(f.min) - 1) }), f.name, `${name}.${f.name} below min`, true);
      if (f.max != null && ['int', 'decimal', 'money'].includes(f.type))
        expect(await all_rights.post(`/${schema.plural}`, { ...make(), [f.name]: f.type === 'int' ? Number(f.max) + 1 : String(Number(f.max) + 1) }), f.name, `${name}.${f.name} above max`, true);
    }
  });

  test(`${name}: every field × every wrong type, on change`, async () => {
    const schema = schemas[name];
    const made = await all_rights.post(`/${schema.plural}`, make());
    assert.equal(made.status, 201, made.text);
    const path = `/${schema.plural}/${made.json.id}`;
    let etag = made.etag;
    for (const f of schema.fields) {
      for (const [what, value] of Object.entries(wrongTypes)) {
        const answer = await all_rights.patch(path, { [f.name]: value }, { 'If-Match': etag });
        assert.ok(answer.status < 500 && answer.status !== 412, `PATCH ${name}.${f.name} (${f.type}) = ${what} → ${answer.status} ${answer.text.slice(0, 400)}`);
        if (answer.status === 200) {
          assert.ok(!f.readonly && (f.create_only === undefined || value === null || made.json[f.name] === value || (fits[f.type] ?? []).includes(what)), `PATCH ${name}.${f.name} = ${what} was taken`);
          etag = answer.etag;
        }
      }
    }
    const now = await all_rights.get(path);
    assert.equal(now.status, 200, now.text);
  });

  test(`${name}: what was stored is read back, listed, searched, sorted and filtered without a 5xx`, async () => {
    const schema = schemas[name];
    const rows = await all(all_rights, `/${schema.plural}`, 'limit=200');
    assert.ok(rows.length);
    for (const f of schema.fields) {
      if (f.sort) for (const s of [f.name, `-${f.name}`]) {
        const answer = await all_rights.get(`/${schema.plural}?limit=3&sort=${s}`);
        assert.equal(answer.status, 200, `${name} by ${s}: ${answer.text}`);
      }
      for (const op of f.ops ?? []) for (const value of ['x', 1, '2026-01-01', true, null, ['x'], [1, 2], ['2026-01-01', '2026-02-01'], 'me', {}]) {
        const answer = await all_rights.get(`/${schema.plural}?limit=1&filter=${encodeURIComponent(JSON.stringify([f.name, op, value]))}`);
        assert.ok([200, 400].includes(answer.status), `${name}: ${JSON.stringify([f.name, op, value])} → ${answer.status} ${answer.text.slice(0, 300)}`);
        if (answer.status === 400) assert.equal(answer.json.code, 'bad_filter', answer.text);
      }
      if (f.ops) {
        const one = await all_rights.get(`/${schema.plural}?limit=1&fields=${f.name}`);
        assert.ok([200, 400].includes(one.status), `${name}: fields=${f.name} → ${one.text}`);
      }
    }
  });
}
