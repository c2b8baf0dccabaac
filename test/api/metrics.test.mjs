// GET /metrics: who may read it, that its text is well formed, and that its figures are those of what was done.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { slow, cliOk, makeCompany, startServer, until } from '../lib/index.mjs';
import { makeCustomer, problem } from '../lib/records.mjs';

let server, people;
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep'] });
  await server.quiet(); // jobs are counted below
});
after(() => server?.stop());

/** The text taken apart by the rules of Prometheus' text form; throws at the first line that breaks them. */
function parse(text) {
  const types = new Map(), samples = new Map();
  let family = null;
  assert.ok(text.endsWith('\n'));
  for (const line of text.split('\n').slice(0, -1)) {
    const said = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (said?.[1] === 'TYPE') {
      assert.ok(!types.has(said[2]), `${said[2]} stands twice`);
      assert.match(said[3], /^(counter|gauge|histogram)$/);
      types.set(said[2], said[3]);
      family = said[2];
      continue;
    }
    if (said) continue;
    const sample = /^([a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? (-?[0-9.]+(?:e[+-]?\d+)?)$/.exec(line);
    assert.ok(sample, `"${line}"`);
    const base = types.get(family) === 'histogram' ? sample[1].replace(/_(bucket|sum|count)$/, '') : sample[1];
    assert.equal(base, family, `${line} stands under ${family}`);
    assert.ok(!samples.has(sample[1] + (sample[2] ?? '')), `${line} stands twice`);
    samples.set(sample[1] + (sample[2] ?? ''), Number(sample[3]));
  }
  return { types, samples, of: (name) => samples.get(name) ?? 0 };
}
const read = async () => parse((await server.anyone().get('//metrics')).text);
const requests = (method, route, status) => `zhike_http_requests_total{method="${method}",route="${route}",status="${status}"}`;

describe('who may', () => {
  test('a program on this machine, not what came through a proxy', async () => {
    const answer = await server.anyone().get('//metrics');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    assert.match(answer.headers.get('cache-control'), /no-store/);
    for (const header of ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Real-IP', 'Forwarded', 'Via'])
      problem(await server.anyone().get('//metrics', { [header]: '127.0.0.1' }), 401, 'not_signed_in', header);
  });

  test('with metrics.token only who has it; no session and no token of a person', async () => {
    const token = 'Prometheus-of-the-house-4711';
    const own = await startServer({ env: { ZHIKE_METRICS_TOKEN: token, ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1' } });
    try {
      const admin = await own.admin();
      await admin.stepUp();
      const bearer = own.anyone({ token: (await admin.post('/tokens', { name: 'all' })).json.token });
      for (const who of [own.anyone(), admin, bearer, own.anyone({ token: `${token}x` }), own.anyone({ token: token.slice(0, -1) }), own.anyone({ token: '' })])
        problem(await who.get('//metrics'), 401, 'not_signed_in');
      assert.equal((await own.anyone({ token }).get('//metrics')).status, 200);
      assert.equal((await own.anyone({ token }).get('//metrics', { 'X-Forwarded-For': '203.0.113.9' })).status, 200);
      problem(await own.anyone({ token }).get('/customers'), 401);
      assert.doesNotMatch((await own.cliOk('config')).stdout, new RegExp(token), 'zhike config shows that it is set, not what');
      assert.doesNotMatch((await admin.get('/settings')).text, new RegExp(token));
      assert.doesNotMatch(own.log, new RegExp(token));
    } finally { await own.stop(); }
  });

  test('behind a trusted proxy without a token nobody', async () => {
    const own = await startServer({ env: { ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1' } });
    try {
      problem(await own.anyone().get('//metrics'), 401, 'not_signed_in');
    } finally { await own.stop(); }
  });
});

describe('figures', () => {
  test('requests by route and class, never by record', async () => {
    const before = await read();
    const { id } = await makeCustomer(people.rep);
    for (let i = 0; i < 3; i++) await people.rep.get(`/customers/${id}`);
    await people.rep.get('/customers/987654321');
    await server.anyone().get('/me');
    await server.anyone().get('/customers/4711/nothing/there');
    const after = await read();
    const grew = (name) => after.of(name) - before.of(name);
    assert.equal(grew(requests('POST', '/api/v1/:plural', '2xx')), 1);
    assert.equal(grew(requests('GET', '/api/v1/:plural/:id', '2xx')), 3);
    assert.equal(grew(requests('GET', '/api/v1/:plural/:id', '4xx')), 1);
    assert.equal(grew(requests('GET', '/api/v1/me', '4xx')), 1);
    assert.equal(grew(requests('GET', '/metrics', '2xx')), 1, 'the first reading, told by the second');
    const routes = new Set(JSON.parse((await cliOk('routes', '--json')).stdout).map((r) => r.path));
    for (const name of after.samples.keys()) {
      const route = /route="([^"]*)"/.exec(name)?.[1];
      assert.ok(route === undefined || route === '-' || routes.has(route), name);
      assert.doesNotMatch(name, new RegExp(`${id}|987654321|4711`));
    }
  });

  test('times: as many as requests, the bounds rise', async () => {
    const { samples } = await read();
    const counts = [...samples].filter(([name]) => name.startsWith('zhike_http_request_seconds_count'));
    assert.ok(counts.length > 3);
    for (const [name, count] of counts) {
      const label = /\{(.*)\}/.exec(name)[1];
      const buckets = [...samples].filter(([n]) => n.startsWith(`zhike_http_request_seconds_bucket{${label},`)).map(([n, v]) => [Number(/le="([^"]*)"/.exec(n)[1].replace('+Inf', 'Infinity')), v]);
      for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i][0] > buckets[i - 1][0] && buckets[i][1] >= buckets[i - 1][1], name);
      assert.equal(buckets.at(-1)[0], Infinity);
      assert.equal(buckets.at(-1)[1], count, name);
      const calls = [...samples].filter(([n]) => n.startsWith(`zhike_http_requests_total{${label},`)).reduce((sum, [, v]) => sum + v, 0);
      assert.equal(calls, count, name);
    }
  });

  test('sign-ins, writes, jobs, streams, refusals', async () => {
    const before = await read();
    const login = (password) => server.anyone().post('/session', { login: 'nobody-at-all', password });
    for (let i = 0; i < 6; i++) await login('wrong');
    const boss = await server.login('admin', server.adminPassword);
    await server.anyone().get('/me', { 'X-Long': 'x'.repeat(17000) });
    await makeCustomer(people.rep);
    await people.rep.get('/customers?limit=1');
    const job = await boss.post('/customers/export', { fields: ['name'], format: 'csv' });
    assert.equal(job.status, 202, job.text);
    await boss.job(job.json.job.id);
    const ended = 'zhike_jobs_ended_total{state="done"}';
    const stream = new AbortController();
    const events = await fetch(`${server.url}/api/v1/events`, { signal: stream.signal, headers: { Cookie: [...people.rep.cookies].map(([k, v]) => `${k}=${v}`).join('; ') } });
    assert.equal(events.status, 200);
    const after = await until(async () => { const m = await read(); return m.of('zhike_live_listeners') === 1 && m.of(ended) > before.of(ended) && m; }, 10_000, 'a listener and the end of the job');
    stream.abort();
    const grew = (name) => after.of(name) - before.of(name);
    assert.equal(grew('zhike_sign_ins_total{result="refused"}'), 5);
    assert.equal(grew('zhike_sign_ins_total{result="locked"}'), 1);
    assert.equal(grew('zhike_sign_ins_total{result="ok"}'), 1);
    assert.ok(grew('zhike_http_refused_total') + grew(requests('GET', '/api/v1/me', '4xx')) >= 1);
    assert.ok(grew('zhike_db_writes_total{result="ok"}') >= 8);
    assert.ok(grew('zhike_db_commits_total') >= 1);
    assert.ok(grew('zhike_db_statements_total') >= 10);
    assert.equal(grew(ended), 1);
    await until(async () => (await read()).of('zhike_live_listeners') === 0, 15_000, 'no listener');
  });

  test('how long writes hold each other up: a histogram for people and for jobs, and the longest', async () => {
    const { samples, types } = await read();
    assert.equal(types.get('zhike_db_hold_seconds'), 'histogram');
    for (const by of ['people', 'jobs']) {
      const buckets = [...samples].filter(([name]) => name.startsWith(`zhike_db_hold_seconds_bucket{by="${by}",`)).map(([, v]) => v);
      assert.equal(buckets.length, 9);
      for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i] >= buckets[i - 1]);
      assert.equal(buckets.at(-1), samples.get(`zhike_db_hold_seconds_count{by="${by}"}`));
      assert.ok(buckets.at(-1) > 0, `${by}: the job and the customers above`);
      const sum = samples.get(`zhike_db_hold_seconds_sum{by="${by}"}`), longest = samples.get(`zhike_db_hold_longest_seconds{by="${by}",part="all"}`);
      assert.ok(longest > 0 && longest <= sum && longest * buckets.at(-1) >= sum, `${longest} ${sum}`);
      for (const part of ['core', 'rows', 'search', 'commit']) assert.ok(samples.get(`zhike_db_hold_longest_seconds{by="${by}",part="${part}"}`) <= longest + 0.01, part);
    }
  });

  test('states of pool, disk, jobs and process', async () => {
    const { samples, types } = await read();
    const has = (name, test) => assert.ok(samples.has(name) && test(samples.get(name)), `${name} is ${samples.get(name)}`);
    has('zhike_http_connections', (v) => v >= 1);
    has('zhike_http_workers', (v) => v === 64);
    has('zhike_db_connections', (v) => v >= 1);
    has('zhike_db_connections_max', (v) => v >= 1);
    has('zhike_db_writes_queued', (v) => v >= 0);
    has('zhike_jobs{state="queued"}', (v) => v === 0);
    has('zhike_jobs{state="running"}', (v) => v === 0);
    has('zhike_jobs_oldest_seconds', (v) => v === 0);
    has('zhike_disk_free_bytes', (v) => v > 0 && v <= samples.get('zhike_disk_bytes'));
    has(`zhike_db_info{engine="${server.engine === 'pg' ? 'postgresql' : 'sqlite'}"}`, (v) => v === 1);
    if (server.engine === 'sqlite') has('zhike_db_file_bytes', (v) => v > 4096);
    has('process_resident_memory_bytes', (v) => v > 1 << 20);
    has('zhike_heap_bytes{state="used"}', (v) => v > 1 << 20 || slow > 1); // a sanitizer has a heap of its own
    has('zhike_heap_bytes{state="free"}', (v) => v >= 0);
    has('process_threads', (v) => v > 60);
    has('process_open_fds', (v) => v > 5 && v < samples.get('process_max_fds'));
    has('process_cpu_seconds_total', (v) => v > 0);
    has('process_start_time_seconds', (v) => Math.abs(v - Date.now() / 1000) < 600);
    assert.equal(types.get('zhike_http_requests_total'), 'counter');
  });
});
