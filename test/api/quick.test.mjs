// Short reads are answered on the thread that reads the socket (SQLite); long ones go to a worker, and the socket
// thread stays free meanwhile. One polling thread, so that every connection here hangs on it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultEngine, startServer, until } from '../lib/index.mjs';
import { filter, makeCustomer } from '../lib/records.mjs';

const ROWS = 3000;
// Sixty texts that nobody has, over every row: tens of milliseconds.
const long = (salt) => `/customers?count=exact&limit=1&${filter(['or',
  ...Array.from({ length: 45 }, (_, i) => ['name', 'contains', `无此名${salt}${i}`])])}`;
let server, admin;
before(async () => {
  server = await startServer({ env: { ZHIKE_HTTP_POLLERS: '1', ZHIKE_LOG_RATE: '100000', ZHIKE_QUERY_TIMEOUT: '1m' } });
  await server.cliOk('demo', '--customers', String(ROWS));
  admin = await server.admin();
});
after(() => server?.stop());

/** Who answered the requests of a route so far: ['poller', 'worker', …]. */
const by = async (route, n) => {
  const lines = () => server.log.split('\n').filter((l) => l.includes('"event":"request"') && l.includes(`"route":"${route}"`))
    .map((l) => JSON.parse(l).by);
  await until(() => lines().length >= n, 3000, `${n} lines of ${route}`);
  return lines();
};

test('a short read is answered where it was read, on SQLite; a write never is', async () => {
  const made = await makeCustomer(admin);
  const first = await admin.get(`/customers/${made.id}`);
  assert.equal(first.status, 200);
  for (let i = 0; i < 10; i++) assert.deepEqual((await admin.get(`/customers/${made.id}`)).json, first.json);
  const reads = await by('/api/v1/:plural/:id', 11);
  assert.equal(reads.includes('poller'), defaultEngine === 'sqlite', reads.join(' '));
  const writes = server.log.split('\n').filter((l) => /"method":"(POST|PATCH)"/.test(l)).map((l) => JSON.parse(l).by);
  assert.ok(writes.length >= 2);
  assert.deepEqual([...new Set(writes)], ['worker']);
});

test('the demonstration company works by day and has heads of its departments', async () => {
  for (const path of ['/follow-ups?limit=200&fields=happened_at,next_time', '/tasks?limit=200&fields=due_at', '/customers?limit=200&fields=created_at']) {
    const rows = (await admin.get(path)).json.data;
    assert.ok(rows.length > 50, path);
    for (const r of rows)
      for (const [name, at] of Object.entries(r).filter(([, v]) => /^\d{4}-\d\d-\d\dT/.test(String(v)))) {
        const here = new Date(Date.parse(at) + 8 * 3600e3);
        if (name === 'created_at' && Date.now() - Date.parse(at) < 3600e3) continue; // made by a test before
        assert.ok(here.getUTCHours() >= 9 && here.getUTCHours() < 18 && here.getUTCDay() % 6 !== 0, `${path} ${name} ${at}`);
      }
  }
  const heads = (await admin.get('/departments?limit=50&fields=name,manager')).json.data;
  assert.deepEqual(heads.filter((d) => d.manager).map((d) => `${d.name} ${d.manager.label}`).sort(), ['华东销售部 王磊', '华南销售部 陈静', '客户服务部 赵敏', '销售中心 林晓'].sort());
});

test('two of its customers are one and the same', async () => {
  const twins = (await admin.get(`/customers?sort=created_at&fields=name,follow_up_count,contact_count&${filter(['id', 'duplicate', 'phone'])}`)).json.data;
  assert.deepEqual(twins.map((r) => [r.name, r.follow_up_count, r.contact_count]), [['杭州云杉智联科技有限公司', 2, 1], ['云杉智联科技（杭州）', 3, 1]]);
});

test('a long read is handed to a worker and answered whole', async () => {
  const answer = await admin.get(long('a'));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.data.length, 0);
  const lists = await by('/api/v1/:plural', 1);
  assert.equal(lists.at(-1), 'worker', lists.join(' '));
});

test('what was refused on the socket thread is refused once, with all it has to say', async () => {
  const refused = await admin.get('/customers?sort=nonsense');
  assert.equal(refused.status, 400);
  assert.equal(refused.json.errors.length, 1);
  const stranger = await fetch(`${server.url}/api/v1/customers`);
  assert.equal(stranger.status, 401);
});

// Run one after the other on the socket thread they would stand in the log as its own, and everybody would wait for all of them.
// How long a health check waits is the machine's business, and measured in bench/.
test('sixteen long reads at once are all handed to workers, and health checks are answered beside them', async () => {
  const lines = await server.requests(async () => {
    let running = true;
    const reads = Promise.all(Array.from({ length: 16 }, (_, i) => admin.get(long(`b${i}`)))).finally(() => { running = false; });
    while (running) assert.equal((await fetch(`${server.url}/healthz`).then(async (r) => { await r.arrayBuffer(); return r; })).status, 200);
    assert.deepEqual((await reads).map((r) => r.status), Array(16).fill(200));
  }, '/api/v1/:plural');
  assert.deepEqual(lines.map((l) => l.by), Array(16).fill('worker'));
});

test('the same long read is not tried on the socket thread again and again', async () => {
  const before = (await by('/api/v1/:plural', 1)).length;
  for (let i = 0; i < 3; i++) assert.equal((await admin.get(long('c'))).status, 200);
  assert.deepEqual((await by('/api/v1/:plural', before + 3)).slice(before), ['worker', 'worker', 'worker']);
});
