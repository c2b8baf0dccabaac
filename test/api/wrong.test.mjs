// Wrong input to every route: each query parameter of the OpenAPI document × texts that mean nothing there, each member of
// each body × every wrong type, and JSON that is none. What is wrong is 400 or 422 (404 where what was asked for is
// named by it), says which member, writes nothing, and is never 5xx. Fields of entities: test/walk.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../lib/index.mjs';
import { raw, rawHead } from '../lib/raw.mjs';
import { contact, customer, make, makeCustomer, problem } from '../lib/records.mjs';

let server, admin, users, mine, doc, entities;
before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LOGIN_ADDRESS_FAILURES: '10000', ZHIKE_LIMIT_SEARCH: '100000/min' } });
  admin = await server.admin();
  await admin.stepUp();
  const c = await makeCustomer(admin);
  const k = await make(admin, 'contacts', contact(c.id));
  const file = await admin.upload(`/customers/${c.id}/attachments`, 'a.txt', 'x');
  const imported = await admin.upload('/imports', 'a.csv', '客户名称,电话\n甲公司,13900000001\n');
  const bulk = await admin.post('/customers/bulk', { action: 'update', ids: [c.id], values: { remark: 'x' } });
  assert.equal(bulk.status, 202, bulk.text);
  await admin.job(bulk.json.job.id);
  users = (await admin.get('/users?limit=200')).json.data;
  mine = { customer: c.id, contact: k.id, attachment: file.json.id, import: imported.json.id, job: bulk.json.job.id, mapping: imported.json.sheets[0].mapping };
  doc = (await admin.get('/openapi.json')).json;
  entities = (await admin.get('/schema')).json.entities;
});
after(() => server?.stop());

const garbage = { word: 'abc', negative: '-1', huge: '99999999999999999999', fraction: '1.5', exponent: '1e3', plus: '%2B5', blank: '%205', quote: "'%22%3B--", brackets: '[[[[', nothing: 'null',
  long: 'x'.repeat(3000), odd: '%E2%80%AE%EF%BF%BD', control: '%01', capitals: 'TRUE', separators: '%2C%3B%7C' };
/** Where any text is right: words to look for; a version that only serves caches. The first cursor of duplicates is a text, too. */
const anyText = (path, name) => name === 'q' || (path.endsWith('/logo') && name === 'v') || (path.endsWith('/duplicates') && name === 'cursor');

const at = (path) => path.replace('/api/v1', '').replace('{file}', 'customer.xlsx').replace('{entity}', 'customer').replace('{action}', 'reveal')
  .replace('{id}', /\/imports\//.test(path) ? mine.import : /\/jobs\//.test(path) ? mine.job : /\/attachments\/\{/.test(path) ? mine.attachment : /\/contacts\//.test(path) ? mine.contact : mine.customer);
const besides = (path, name) => (path.endsWith('/calendar') ? (name === 'from' ? '&to=2026-01-02' : '&from=2026-01-01') : path.endsWith('/groups') && name !== 'by' ? '&by=industry' : path.endsWith('/search') && name !== 'q' ? '&q=a' : '');

test('each query parameter × texts that mean nothing there', async () => {
  let asked = 0;
  const other = entities.map((e) => e.plural).filter((p) => !['customers', 'contacts', 'audit-logs'].includes(p));
  for (const [path, ops] of Object.entries(doc.paths)) {
    if (!ops.get || other.includes(path.split('/')[3])) continue;
    for (const p of (ops.get.parameters ?? []).filter((x) => x.in === 'query')) {
      for (const [what, value] of Object.entries(garbage)) {
        const target = `${path.startsWith('/api') ? at(path) : `/${path}`}?${p.name}=${value}${besides(path, p.name)}`;
        const answer = await admin.get(target);
        asked++;
        if (anyText(path, p.name)) { assert.ok(answer.status < 500, `${target} → ${answer.status}`); continue; }
        assert.ok([400, 404, 422].includes(answer.status), `${target.slice(0, 200)} (${what}) was taken → ${answer.status} ${answer.text.slice(0, 200)}`);
        if (answer.status !== 404) {
          const where = path.endsWith('/groups') && !path.includes('customers') ? [p.name, 'by'] : [p.name];
          assert.ok(answer.json.errors.some((e) => where.includes(e.field)), `${target}: ${p.name} is not named: ${answer.text.slice(0, 300)}`);
          assert.ok(answer.json.errors.every((e) => e.message.length > 3), target);
        }
      }
      assert.equal((await admin.get(`${at(path)}?${p.name}=a&${p.name}=b`)).status, 400, `${path}: ${p.name} twice`);
    }
    if (!path.endsWith('/events') && path.startsWith('/api')) assert.ok([400, 404].includes((await admin.get(`${at(path)}?no_such_parameter=1`)).status), path);
  }
  assert.ok(asked > 600, `${asked} asked`);
});

const wrong = { number: 5, negative: -1, fraction: 1.5, huge: 1e300, word: 'no such word', list: [1], words: ['x'], object: { no_such: 1 }, none: [], yes: true, no: false, nothing: null, nul: 'a\u0000b', deep: [[[[]]]], long: 'x'.repeat(3000) };
/** [method, path, a body that passes or nearly so, {member: what of `wrong` is right there}]. */
const bodies = () => [
  ['POST', '/session', { login: 'nobody', password: 'wrong-wrong-1' }, { login: ['word'], password: ['word'] }],
  ['PATCH', '/me', { locale: 'zh-CN', timezone: 'Asia/Shanghai', prefs: {} }, { prefs: ['object'] }],
  ['POST', '/me/password', { old: 'x', new: 'y' }, { old: ['word'], new: ['word'] }],
  ['POST', '/step-up', { method: 'password', code: 'x' }, { code: ['word'] }],
  ['POST', '/tokens', { name: 't', scopes: [], expires_at: '2030-01-01T00:00:00Z' }, { name: ['word'], scopes: ['none', 'nothing'], expires_at: ['nothing'] }],
  ['POST', '/favorites', { entity: 'customer', id: mine.customer }, {}],
  ['PATCH', '/settings', { 'company.name': '甲' }, { 'company.name': ['word', 'nothing', 'long'] }],
  ['PATCH', `/imports/${mine.import}`, { sheets: [{ index: 0, entity: 'customer', mapping: mine.mapping, mode: 'create' }], encoding: 'utf-8', delimiter: ',' }, { sheets: ['none', 'nothing'], encoding: ['nothing'], delimiter: ['nothing'] }],
  ['POST', '/customers/bulk', { action: 'update', ids: [mine.customer], values: { remark: 'y' } }, { ids: ['list'], values: ['object'] }],
  ['POST', '/customers/bulk', { action: 'update', filter: ['id', '=', mine.customer], values: { remark: 'y' }, preview: true }, { values: ['object'], filter: ['none', 'nothing'], preview: ['yes', 'no', 'nothing'] }],
  ['POST', '/customers/bulk', { action: 'update', q: '没有这样的', values: { remark: 'y' }, archived: 'too', preview: true }, { values: ['object'], q: ['word', 'nothing'], archived: ['nothing'], preview: ['yes', 'no', 'nothing'] }],
  ['POST', '/customers/merge', { survivor: mine.customer, merged: [mine.customer], choose: {}, versions: {}, preview: true }, { choose: ['object', 'empty', 'nothing'], versions: ['object', 'empty', 'nothing'], preview: ['yes', 'no', 'nothing'] }],
  ['POST', '/merges/1/undo', null, {}],
  ['POST', '/customers/duplicates', { name: '甲', phone: '13900000009' }, { name: ['word', 'nothing', 'long'], phone: ['nothing', 'long', 'word'] }],
  ['POST', '/customers/export', { format: 'csv', fields: ['name'], filter: ['id', '=', mine.customer], sort: 'name', q: '甲' }, { format: ['nothing'], fields: ['nothing', 'none'], filter: ['nothing', 'none'], sort: ['nothing'], q: ['word', 'nothing'] }],
  ['POST', `/customers/${mine.customer}/actions/share`, { with: users[1].id, right: 'read', until: null }, { right: ['nothing'], until: ['nothing'] }],
  ['POST', `/customers/${mine.customer}/actions/unshare`, { with: users[1].id }, { with: ['number', 'negative'] }],
  ['POST', `/customers/${mine.customer}/actions/transfer`, { owner: users[1].id, reason: 'x' }, { reason: ['word', 'nothing'] }],
  ['POST', `/customers/${mine.customer}/actions/reveal`, { field: 'phone' }, {}],
  ['PATCH', '/me/notify', { kinds: {}, quiet: { from: '22:00', to: '07:00' }, digest: { at: '08:00' } }, { kinds: ['nothing'], quiet: ['nothing'], digest: ['nothing'] }],
  ['POST', '/password-reset', { login: 'nobody-here' }, { login: ['word'] }],
  ['POST', '/password-reset/look', { token: 'x' }, { token: ['word'] }],
  ['POST', '/password-reset/confirm', { token: 'x', password: 'Lang-genug-7-wort' }, { token: ['word'], password: ['word'] }],
  ['POST', '/session/code', { ticket: 'x', method: 'sms', look: true }, { ticket: ['word', 'long', 'nul'], look: ['yes', 'no', 'nothing'] }],
  ['POST', '/step-up/code', { method: 'sms', look: true }, { look: ['yes', 'no', 'nothing'] }],
  ['POST', '/me/factor', { mobile: '13900000008', password: 'x', look: false }, { mobile: ['word'], password: ['word', 'nothing'], look: ['yes', 'no', 'nothing'] }],
  ['POST', '/me/factor/confirm', { code: '000000' }, { code: ['word', 'long'] }],
  ['POST', '/approval-link/look', { token: 'x' }, { token: ['word'] }],
  ['POST', '/approval-link/answer', { token: 'x', answer: 'agree', comment: 'x' }, { token: ['word'], comment: ['word', 'nothing'] }],
  ['POST', '/metrics/preview', { entity: 'customer', measure: 'count', time_field: 'created_at', dimensions: ['owner'], filter: ['name', '=', 'x'], label_zh: '甲' }, { filter: ['nothing', 'none'], measure: ['nothing'], time_field: ['nothing'], dimensions: ['nothing', 'none', 'list', 'words', 'deep'], label_zh: ['word', 'nothing', 'long'] }],
  ['POST', `/customers/${mine.customer}/erase`, { reason: 'x' }, {}],
  ['POST', '/contacts/actions/parse', { text: '张三 13800138000' }, { text: ['word', 'long'] }],
  ['POST', '/tasks/actions/parse', { text: '明天下午三点' }, { text: ['word'] }],
  ['POST', '/layouts/actions/catalog', { entity: 'customer' }, {}],
  ['POST', '/customers/actions/ask_owner', { name: '甲', phone: '13900000009', message: 'x' }, { name: ['word', 'nothing', 'long'], phone: ['nothing', 'word', 'long'], message: ['word', 'nothing', 'long'] }],
  ...['/layouts/actions/entities', '/me/factor/recovery', '/me/announcements/1/ack', `/jobs/${mine.job}/cancel`, `/jobs/${mine.job}/undo`, `/imports/${mine.import}/check`, `/imports/${mine.import}/run`, `/imports/${mine.import}/undo`,
    `/imports/${mine.import}/cancel`, `/customers/${mine.customer}/restore`].map((path) => ['POST', path, null, {}]),
];

describe('bodies', () => {
  test('each member × every wrong type; a member nobody knows; what is no object', async () => {
    for (const [method, path, good, fits] of bodies()) {
      const ask = async (body, what, field) => {
        const answer = await admin.call(method, path, body);
        assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path} ${what} was taken → ${answer.status} ${answer.text.slice(0, 300)}`);
        if ([400, 422].includes(answer.status) && field && answer.json.code !== 'json')
          assert.ok(answer.json.errors.some((e) => e.field === field || e.field?.split(/[.[]/).some((part) => part === field || part === 'no_such')), `${method} ${path} ${what}: ${field} is not named: ${answer.text.slice(0, 300)}`);
      };
      for (const [what, value] of Object.entries(wrong)) if (what !== 'object') await ask(JSON.stringify(value), what);
      for (const text of ['{', '{"a":}', '[1,', '{"a":1}{"b":2}', 'null', '{"a":1,}', "{'a':1}", '{"a":01}', '{"a":1e999}', '{"a":-}', '{"a":NaN}', '{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"a":"\n"}', `${'['.repeat(200)}${']'.repeat(200)}`])
        await ask(text, text.slice(0, 20));
      await ask(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'bytes that are no UTF-8');
      await ask(JSON.stringify({ ...good, no_such_member: 1 }), 'a member nobody knows', good ? 'no_such_member' : null);
      for (const key of Object.keys(good ?? {})) {
        await ask(`{${JSON.stringify(key)}: ${JSON.stringify(good[key])}, ${JSON.stringify(key)}: ${JSON.stringify(good[key])}}`, `${key} twice`);
        for (const [what, value] of Object.entries(wrong)) if (!fits[key]?.includes(what)) await ask(JSON.stringify({ ...good, [key]: value }), `${key} = ${what}`, key);
      }
    }
    problem(await admin.patch('/settings', { 'company.name': 'x'.repeat(5000) }), 422, 'too_long');
    const now = await admin.get(`/customers/${mine.customer}`);
    assert.equal(now.json.remark, 'x', 'something was written');
  });

  test('every route that takes a body is tried above', async () => {
    const tried = bodies().map(([m, p]) => `${m} ${p.replace(/\d+/g, '{id}')}`);
    const untried = [];
    for (const [path, ops] of Object.entries(doc.paths)) for (const method of ['post', 'patch']) {
      const type = Object.keys(ops[method]?.requestBody?.content ?? {})[0];
      if (!type || type === 'multipart/form-data' || path.includes('/session/verify')) continue; // uploads: upload_hostile; verify says that there is no second factor
      const [, , , plural] = path.split('/');
      const generic = entities.some((e) => e.plural === plural);
      const known = tried.includes(`${method.toUpperCase()} ${path.replace('/api/v1', '')}`) || (generic && (/\/\{id\}$|\/api\/v1\/[\w-]+$/.test(path) || tried.some((t) => t.replace('customers', plural) === `${method.toUpperCase()} ${path.replace('/api/v1', '')}`) || /actions/.test(path)));
      if (!known) untried.push(`${method} ${path}`);
    }
    assert.deepEqual(untried, []);
  });

  test('every action refuses members it has not', async () => {
    for (const e of entities) {
      const schema = (await admin.get(`/schema/${e.name}`)).json;
      for (const a of schema.actions) {
        const path = `/${e.plural}${a.on_entity ? '' : `/${e.name === 'customer' ? mine.customer : mine.contact}`}/actions/${a.name}`;
        for (const body of ['{"no_such_member": 1}', '[1]', '"x"', '7', '{"a":']) {
          const answer = await admin.post(path, body);
          assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${body} → ${answer.status} ${answer.text.slice(0, 200)}`);
        }
      }
    }
  });
});

describe('JSON at its limits', () => {
  const post = (text) => admin.post('/customers', text);
  const base = () => JSON.stringify(customer()).slice(0, -1);
  test('duplicate members, also nested and spelled with escapes', async () => {
    problem(await post(`${base()}, "remark": "a", "remark": "b"}`), 400, 'json');
    problem(await post(`${base()}, "remark": "a", "\\u0072emark": "b"}`), 400, 'json');
    problem(await post(`${base()}, "owner": {"id": 1, "id": 2}}`), 400, 'json');
  });
  test('depth', async () => {
    for (const n of [33, 100, 10_000, 100_000]) {
      const answer = await post(`${base()}, "remark": ${'['.repeat(n)}${']'.repeat(n)}}`);
      assert.ok([400, 422].includes(answer.status), `${n} deep → ${answer.status}`);
      assert.ok([400].includes((await admin.get(`/customers?filter=${'['.repeat(Math.min(n, 7000))}`)).status));
      assert.ok((await post(`${'{"a":'.repeat(n)}1${'}'.repeat(n)}`)).status === 400);
    }
  });
  test('numbers no column holds', async () => {
    for (const n of ['1e999', '-1e999', '1e400', '99999999999999999999', '-99999999999999999999', '9223372036854775808', '0.1e-400', '1E+309', '1'.repeat(400)])
      for (const field of ['annual_revenue', 'owner', 'latitude', 'id', 'version', 'fax']) {
        const answer = await post(`${base()}, "${field}": ${n}}`);
        assert.ok([400, 422].includes(answer.status), `${field} = ${n.slice(0, 30)} → ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    const { status, json, text } = await post(`${base()}, "registered_capital": -0}`);
    assert.ok(status === 201 ? !Object.is(json.registered_capital, -0) && !text.includes('-0') : [400, 422].includes(status), text);
  });
  test('texts of ten megabytes are refused before they are read, one megabyte with the limit and the length', async () => {
    problem(await post(`${base()}, "remark": "${'x'.repeat(10 << 20)}"}`), 413, 'too_large');
    const answer = await post(`${base()}, "remark": "${'长'.repeat(300_000)}"}`);
    problem(answer, 422);
    const e = answer.json.errors.find((x) => x.field === 'remark');
    assert.equal(e.code, 'too_long');
    assert.match(e.message, /\d/, 'names the limit');
  });
  test('a hundred thousand members', async () => {
    const answer = await post(`{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(',')}}`);
    problem(answer, 400);
    assert.ok(answer.text.length < 200_000, `an answer of ${answer.text.length} bytes`);
  });
  test('surrogates alone, NUL, bytes that are no UTF-8, a byte order mark', async () => {
    for (const text of ['\\ud800', '\\udc00', '\\ud800\\u0041', '\\u0000', 'a\\u0000b']) problem(await post(`${base()}, "remark": "${text}"}`), 400, 'json', text);
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe4, 0xb8]])
      problem(await admin.post('/customers', Buffer.concat([Buffer.from(`${base()}, "remark": "`), Buffer.from(bytes), Buffer.from('"}')]), { 'Content-Type': 'application/json' }), 400, 'json', String(bytes));
  });
  test('other types of content', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/json-patch+json', 'multipart/form-data; boundary=x', 'application/jsonx', ''])
      assert.ok([400, 415].includes((await admin.post('/customers', `${base()}}`, { 'Content-Type': type || ' ' })).status), type);
  });
});

test('what is watched must be an entity, or one record of it', async () => {
  const head = rawHead(server, admin);
  for (const watch of ['abc', 'customer:', 'customer:abc', 'customer:0', 'customer:-5', 'customer:1x', 'customer:%205', 'customer:99999999999999999999', 'customer:1:2', 'password', `${'x'.repeat(500)}`]) {
    const { statuses, out } = await raw(server, `GET /api/v1/events?watch=${watch} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    assert.deepEqual(statuses, [400], `${watch}: ${out.slice(0, 200)}`);
  }
  for (const id of ['abc', '-1', ' 5x', '99999999999999999999', '1.5', '0x1'])
    assert.deepEqual((await raw(server, `GET /api/v1/events HTTP/1.1\r\n${head}Last-Event-ID: ${id}\r\nConnection: close\r\n\r\n`)).statuses, [400], id);
});
