// The promise of the house: a new entity is one file and no C. A copy of entities/ gets one more file with ten
// fields, the program is built with it, and the entity is there: list, form, API, search, import, documents, rights.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { root, temporaryFolder } from '../lib/index.mjs';

const run = promisify(execFile);
const entity = `// A car of the company.
{ "entity": "vehicle", "plural": "vehicles", "label": {"zh": "车辆", "en": "Vehicle"}, "group": "customer",
  "title": "plate", "number": "VEH{yyyy}{seq:4}", "number_reset": "year",
  "gets": ["search", "audit", "import", "export", "attachments", "custom_fields", "history", "trash"],
  "fields": {
    "number": {"type": "number", "label": {"zh": "车辆编号", "en": "No."}, "list": true, "search": 2, "sort": true},
    "plate":  {"type": "string", "label": {"zh": "车牌", "en": "Plate"}, "max": 20, "required": true, "unique": true, "search": 5, "sort": true, "list": true},
    "model":  {"type": "string", "label": {"zh": "型号", "en": "Model"}, "max": 100, "search": 3, "list": true},
    "kind":   {"type": "option", "label": {"zh": "类型", "en": "Kind"}, "default": "car", "list": true, "options": {"car": {"zh": "轿车", "en": "Car"}, "van": {"zh": "货车", "en": "Van"}}},
    "seats":  {"type": "int", "label": {"zh": "座位", "en": "Seats"}, "min": 1, "max": 60, "sort": true},
    "price":  {"type": "money", "label": {"zh": "购置价", "en": "Price"}, "min": "0"},
    "bought": {"type": "date", "label": {"zh": "购置日期", "en": "Bought"}, "sort": true, "list": true},
    "electric": {"type": "bool", "label": {"zh": "电动", "en": "Electric"}, "default": false},
    "customer": {"type": "link", "label": {"zh": "客户", "en": "Customer"}, "to": "customer", "list": true},
    "driver_phone": {"type": "phone", "label": {"zh": "司机电话", "en": "Driver's phone"}, "personal": true, "search": 1},
  },
  "roles": {"sales_rep": {"scope": "own", "actions": "read create edit"}, "management": {"scope": "all", "actions": "read create edit delete import export", "clear": true}},
}
`;
let server, admin, boss, rep, rep2, mkmeta;

before(async () => {
  const folder = temporaryFolder('zhike-entity-'), build = join(folder, 'build');
  cpSync(join(root, 'entities'), join(folder, 'entities'), { recursive: true });
  writeFileSync(join(folder, 'entities/customer/vehicle.json'), entity);
  const ccache = existsSync('/usr/bin/ccache') ? ['-DCMAKE_C_COMPILER_LAUNCHER=ccache'] : [];
  const env = { ...process.env, CCACHE_BASEDIR: folder, CCACHE_NOHASHDIR: '1' };
  const more = process.env.ZHIKE_ENTITY_LINK ? [`-DCMAKE_EXE_LINKER_FLAGS=${process.env.ZHIKE_ENTITY_LINK}`] : [];
  await run('cmake', ['-S', root, '-B', build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=None', '-DCMAKE_C_FLAGS=-O0', '-DZK_TESTS=OFF',
    `-DZK_ENTITIES=${join(folder, 'entities')}`, ...ccache, ...more], { env, maxBuffer: 1 << 26 });
  await run('cmake', ['--build', build, '--target', 'zhike'], { env, maxBuffer: 1 << 26 }).catch((e) => {
    throw new Error(`the build with the new entity failed:\n${e.stdout.slice(-600)}`);
  });
  mkmeta = join(build, 'mkmeta');
  server = await startOwn(join(build, 'zhike'));
  admin = await server.admin();
}, { timeout: 600_000 });
after(() => server?.stop());

/** The helpers bind the program when they are loaded, so they are loaded anew, in a copy, for the program just built. */
async function startOwn(binary) {
  const copy = temporaryFolder('zhike-lib-');
  cpSync(join(root, 'test/lib'), join(copy, 'lib'), { recursive: true });
  process.env.ZHIKE_BIN = binary;
  const own = await import(join(copy, 'lib/index.mjs'));
  const started = await own.startServer({ company: true });
  ({ boss, rep, rep2 } = await own.makeCompany(started, { only: ['boss', 'rep', 'rep2'] }));
  return started;
}

test('a mistake in an entity file stops the build with file and line', async () => {
  const bad = temporaryFolder('zhike-bad-');
  cpSync(join(root, 'entities'), bad, { recursive: true });
  writeFileSync(join(bad, 'customer/vehicle.json'), entity.replace('"to": "customer"', '"to": "costumer"'));
  const result = await run(mkmeta, [bad, bad]).then(() => null, (e) => e);
  assert.ok(result && result.code !== 0);
  assert.match(result.stderr, /vehicle\.json:14: error: .*costumer/);
});

test('it is in schema, menu and dictionary, for those who may', async () => {
  const { json } = await boss.get('/schema/vehicle');
  assert.equal(json.fields.filter((f) => !['id', 'version'].includes(f.name)).filter((f) => entity.includes(`"${f.name}"`)).length, 10);
  assert.deepEqual(json.list.filter((f) => ['plate', 'model', 'kind', 'bought', 'customer', 'number'].includes(f)).length, 6);
  assert.ok((await boss.get('/me')).json.menus.some((m) => m.plural === 'vehicles'));
  assert.ok(json.can.import && json.can.export && json.can.delete);
  assert.equal((await rep.get('/schema/vehicle')).json.can.delete, false);
});

test('the API: create, mistakes, list, filter, sort, change, history, restore', async () => {
  const customer = (await boss.post('/customers', { name: '车主公司', industry: 'it', source: 'website', phone: '13800138000' })).json;
  const made = await boss.post('/vehicles', { plate: '浙A12345', model: '汉 EV', seats: 5, price: '219800.00', bought: '2026-03-01', electric: true, customer: customer.id, driver_phone: '13912345678' });
  assert.equal(made.status, 201, made.text);
  assert.match(made.json.number, /^VEH\d{4}0001$/);
  assert.equal(made.json.kind, 'car');
  assert.equal(made.json.customer.label, '车主公司');
  const wrong = await boss.post('/vehicles', { seats: 61, kind: 'ship', price: '-1', customer: 1, driver_phone: 'x' });
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.json.errors.map((e) => e.field).sort(), ['customer', 'driver_phone', 'kind', 'plate', 'price', 'seats']);
  const twice = await boss.post('/vehicles', { plate: '浙A12345' });
  assert.deepEqual([twice.status, twice.json.errors.map((e) => e.field)], [422, ['plate']], twice.text);
  for (const [i, plate] of ['京B1', '沪C2', '粤D3'].entries()) assert.equal((await boss.post('/vehicles', { plate, seats: i + 2 })).status, 201);
  const list = await boss.get(`/vehicles?sort=-seats&count=exact&filter=${encodeURIComponent(JSON.stringify(['and', ['seats', '>=', 3], ['kind', '=', 'car']]))}`);
  assert.deepEqual(list.json.data.map((v) => v.plate), ['浙A12345', '粤D3', '沪C2']);
  assert.equal(list.json.count.value, 3);
  const via = await boss.get(`/vehicles?filter=${encodeURIComponent(JSON.stringify(['customer.name', 'contains', '车主']))}`);
  assert.equal(via.json.data.length, 1);
  const path = `/vehicles/${made.json.id}`;
  assert.equal((await boss.patchNow(path, { seats: 7 })).json.seats, 7);
  assert.equal((await boss.get(`${path}/history`)).json.data[0].changes[0].after, '7');
  assert.equal((await boss.upload(`${path}/attachments`, 'a.txt', 'x')).status, 201);
  assert.equal((await boss.delNow(path)).status, 204);
  assert.equal((await boss.post(`${path}/restore`)).status, 200);
});

test('rights and masks of its file hold', async () => {
  const mine = await rep.post('/vehicles', { plate: '浙B1', driver_phone: '13700001111' });
  assert.equal(mine.status, 201, mine.text);
  assert.equal((await rep2.get(`/vehicles/${mine.json.id}`)).status, 404);
  assert.equal((await rep.delNow(`/vehicles/${mine.json.id}`)).status, 403);
  assert.equal((await boss.get(`/vehicles/${mine.json.id}`)).json.driver_phone, '13700001111');
});

test('search finds it', async () => {
  for (const q of ['浙A12345', '12345', '汉', 'han', '5678']) {
    const { json } = await boss.get(`/search?q=${encodeURIComponent(q)}`);
    assert.ok(json.data.some((h) => h.entity === 'vehicle' && h.label === '浙A12345'), `${q}: ${JSON.stringify(json.data)}`);
  }
});

test('a field of the house joins those of the file', async () => {
  const added = await admin.post('/custom-fields', { entity: 'vehicle', code: 'color', label_zh: '颜色', type: 'string' });
  assert.equal(added.status, 201, added.text);
  const made = await boss.post('/vehicles', { plate: '苏E5', color: '红' });
  assert.equal(made.json.color, '红', made.text);
});

test('openapi, template, audit, check', async () => {
  const { json } = await server.anyone().get('/openapi.json');
  const paths = Object.keys(json.paths).filter((p) => p.includes('/vehicles'));
  assert.ok(paths.length >= 5, `${paths}`);
  assert.ok(JSON.stringify(json.components.schemas).includes('"driver_phone"'));
  const template = await boss.get('/import-templates/vehicle.xlsx');
  assert.equal(template.status, 200, template.text.slice(0, 200));
  assert.equal(template.bytes.subarray(0, 2).toString(), 'PK');
  const checked = await server.cli('check');
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
});
