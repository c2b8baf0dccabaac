// openapi.json against the route table, both ways, and a small lint of OpenAPI 3.1.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cliOk, startServer } from '../lib/index.mjs';

let server, doc, routes;
before(async () => {
  server = await startServer();
  const answer = await server.anyone().get('/openapi.json');
  assert.equal(answer.status, 200);
  doc = answer.json;
  routes = JSON.parse((await cliOk('routes', '--json')).stdout);
});
after(() => server?.stop());

const operations = () => Object.entries(doc.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([m]) => ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'].includes(m))
    .map(([method, op]) => ({ path, method, op, item })));
const base = () => (doc.servers?.[0]?.url ?? '').replace(/\/$/, '');
const shape = (path) => path.replace(/\{[^}]+\}|:\w+/g, '{}');

/** Entities nobody writes. */
const readonly = ['audit_log', 'region', 'login_log', 'notification', 'rule_run', 'delivery', 'approval_task', 'configuration_import'];

test('every documented path is a route', () => {
  for (const { path, method } of operations()) {
    const at = shape(path.startsWith('/api/') ? path : base() + path);
    const found = routes.some((r) => r.method === method.toUpperCase() && new RegExp(
      `^${shape(r.path).replace(/[.]/g, '\\.').replace(/\{\}/g, '[^/]+')}$`).test(at));
    assert.ok(found, `${method} ${path} is in no route`);
  }
});

test('every route of the API is documented, generic ones for every entity', async () => {
  const admin = await server.admin();
  const { json: schema } = await admin.get('/schema');
  const have = new Set(operations().map(({ path, method }) => `${method} ${shape(path.startsWith('/api/') ? path : base() + path)}`));
  const missing = [];
  for (const route of routes.filter((r) => r.path.startsWith('/api/v1/'))) {
    const plain = `${route.method.toLowerCase()} ${shape(route.path)}`;
    if (!route.path.includes(':plural')) {
      if (!have.has(plain)) missing.push(plain);
      continue;
    }
    if (route.path.includes(':action') || have.has(plain)) continue;
    for (const e of schema.entities) {
      if (route.method !== 'GET' && readonly.includes(e.name)) continue;
      const one = `${route.method.toLowerCase()} ${shape(route.path.replace(':plural', e.plural))}`;
      if (/duplicates|export|timeline|history|attachments|restore|erase/.test(one) && e.name !== 'customer') continue;
      if (!have.has(one)) missing.push(one);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(['transfer', '{}'].some((name) => have.has(`post /api/v1/customers/{}/actions/${name}`)), 'actions');
});

test('lint', () => {
  assert.match(doc.openapi, /^3\.1\./);
  assert.ok(doc.info?.title && doc.info?.version);
  const wrong = [], seen = new Set();
  const refs = [];
  const walk = (node, at) => {
    if (Array.isArray(node)) return node.forEach((x, i) => walk(x, `${at}/${i}`));
    if (!node || typeof node !== 'object') return undefined;
    if (typeof node.$ref === 'string') refs.push([node.$ref, at]);
    if ('nullable' in node && at.includes('schema')) wrong.push(`${at}: nullable is of 3.0`);
    for (const [k, v] of Object.entries(node)) walk(v, `${at}/${k}`);
    return undefined;
  };
  walk(doc, '#');
  for (const [ref, at] of refs) {
    let node = doc;
    if (!ref.startsWith('#/')) { wrong.push(`${at}: ${ref} is no local reference`); continue; }
    for (const part of ref.slice(2).split('/')) node = node?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
    if (node === undefined) wrong.push(`${at}: ${ref} resolves to nothing`);
  }
  for (const { path, method, op, item } of operations()) {
    const at = `${method} ${path}`;
    if (!op.operationId) wrong.push(`${at}: no operationId`);
    if (seen.has(op.operationId)) wrong.push(`${at}: operationId ${op.operationId} twice`);
    seen.add(op.operationId);
    if (!op.summary && !op.description) wrong.push(`${at}: says nothing`);
    const parameters = [...(item.parameters ?? []), ...(op.parameters ?? [])].map((p) =>
      (p.$ref ? p.$ref.slice(2).split('/').reduce((n, k) => n?.[k], doc) : p));
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]);
    for (const name of inPath)
      if (!parameters.some((p) => p.in === 'path' && p.name === name && p.required === true)) wrong.push(`${at}: {${name}} is not declared`);
    for (const p of parameters) {
      if (p.in === 'path' && !inPath.includes(p.name)) wrong.push(`${at}: parameter ${p.name} is not in the path`);
      if (!p.schema && !p.content) wrong.push(`${at}: parameter ${p.name} without schema`);
    }
    const codes = Object.keys(op.responses ?? {});
    if (!codes.length) wrong.push(`${at}: no responses`);
    for (const code of codes) {
      if (!/^([1-5]\d\d|[1-5]XX|default)$/.test(code)) wrong.push(`${at}: response ${code}`);
      const r = op.responses[code];
      if (!r.$ref && typeof r.description !== 'string') wrong.push(`${at}: response ${code} without description`);
    }
    if (!codes.some((c) => /^[23]/.test(c))) wrong.push(`${at}: no success`);
    if (op.requestBody && ['get', 'delete'].includes(method)) wrong.push(`${at}: a body`);
    if (op.requestBody && !op.requestBody.$ref && !Object.keys(op.requestBody.content ?? {}).length) wrong.push(`${at}: body without content`);
  }
  for (const scheme of [...(doc.security ?? []), ...operations().flatMap(({ op }) => op.security ?? [])].flatMap((s) => Object.keys(s)))
    if (!doc.components?.securitySchemes?.[scheme]) wrong.push(`security scheme ${scheme} is not declared`);
  assert.deepEqual(wrong, []);
});

test('what it says of a customer is what the schema says', async () => {
  const admin = await server.admin();
  const me = await admin.get('/schema/customer');
  const text = JSON.stringify(doc.components?.schemas ?? {});
  for (const field of me.json.fields.filter((f) => f.name !== 'id'))
    assert.ok(text.includes(`"${field.name}"`), `${field.name} is in no schema`);
});

const link = { $ref: '#/components/schemas/Link' }, id = { type: 'integer', format: 'int64' };
const points = (f, input) => (input ? id : link);
const codes = (f) => ({ type: 'string', enum: f.options.map((o) => o.code) });
const words = (f) => ({ type: 'string', ...(f.max === undefined ? {} : { maxLength: f.max }) });
/** What a field of each type is said to be, in an answer and in what is sent. */
const said = {
  int: () => id, float: () => ({ type: 'number', format: 'double' }), bool: () => ({ type: 'boolean' }),
  money: () => ({ type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,2})?$' }), decimal: () => ({ type: 'string', format: 'decimal' }),
  date: () => ({ type: 'string', format: 'date' }), datetime: () => ({ type: 'string', format: 'date-time' }),
  email: () => ({ type: 'string', format: 'email' }), url: () => ({ type: 'string', format: 'uri' }),
  option: codes, multi_option: (f) => ({ type: 'array', items: codes(f) }), string: words, text: words,
  link: points, region: points, file: points, image: points, link_many: (f, input) => ({ type: 'array', items: points(f, input) }),
  json: () => ({}), parts: () => ({ type: 'object' }), number: () => ({ type: 'string' }), phone: () => ({ type: 'string' }),
};

test('every field of every entity by its type, in the answer and in what is sent', async () => {
  const admin = await server.admin(), wrong = [];
  for (const { name } of (await admin.get('/schema')).json.entities) {
    const { fields } = (await admin.get(`/schema/${name}`)).json;
    for (const input of [false, true]) {
      const { properties } = doc.components.schemas[input ? `${name}_input` : name] ?? {};
      assert.equal(!properties, input && readonly.includes(name), `${name} ${input}`);
      if (!properties) continue;
      const there = fields.filter((f) => f.type !== 'files' && (input ? !f.readonly : !f.write_only && f.type !== 'parts'));
      const extra = Object.keys(properties).filter((p) => !there.some((f) => f.name === p));
      if (extra.length) wrong.push(`${name} ${input}: also ${extra}`);
      for (const f of there) {
        const { title, ...rest } = properties[f.name] ?? {};
        if (JSON.stringify(rest) !== JSON.stringify(said[f.type](f, input)) || title !== (rest.$ref || f.name === 'id' ? undefined : f.label.en))
          wrong.push(`${name}.${f.name} ${input ? 'sent' : 'answered'}: ${JSON.stringify(properties[f.name])}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
