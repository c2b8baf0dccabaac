// Thousands of connections that do next to nothing (idle, half a head, half a body, an answer not taken) and thousands of
// listeners are held within bounds of memory, and who asks meanwhile is answered. Control: the deadlines let them go.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { loadavg } from 'node:os';
import { test } from 'node:test';
import { sleep, slow, startServer, until } from '../lib/index.mjs';
import { listen } from '../lib/events.mjs';
import { amount } from './ledger.mjs';

const files = Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
const CONNECTIONS = Math.min(amount('ZHIKE_HOLD_CONNECTIONS', 1000, 10_000), files - 1000);
const LISTENERS = Math.min(amount('ZHIKE_HOLD_LISTENERS', 200, 2000), files - 1000);
const SECONDS = amount('ZHIKE_HOLD_SECONDS', 2, 60);
/** What the C library has handed out, in MB: unlike RssAnon it says nothing of what lies free between, which goes by how many threads met. */
const inUse = async (server) => Number(/^zhike_heap_bytes\{state="used"\} (\d+)/m.exec((await server.anyone().get('//metrics')).text)[1]) / (1 << 20);
const rss = (server) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) / 1024;

test(`${CONNECTIONS} connections, idle or slow, for ${SECONDS} s: others are answered, memory stays`, { timeout: 600_000 * slow }, async () => {
  const server = await startServer({ engine: 'sqlite', demo: 200, env: { ZHIKE_HTTP_CONNECTIONS: String(CONNECTIONS + 200), ZHIKE_HTTP_PER_ADDRESS: '100000', ZHIKE_HTTP_HEAD_TIMEOUT: `${SECONDS + 120}s`, ZHIKE_HTTP_IDLE_TIMEOUT: `${SECONDS + 120}s`, ZHIKE_HTTP_ANSWER_TIMEOUT: '1h' } });
  try {
    const { hostname, port } = new URL(server.url);
    const admin = await server.admin();
    const cookie = `Cookie: ${[...admin.cookies].map(([k, v]) => `${k}=${v}`).join('; ')}\r\n`;
    const kinds = [
      () => {},
      (s) => s.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
      (s) => s.write(`POST /api/v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-CSRF-Token: ${admin.csrf}\r\n${cookie}Content-Length: 4000\r\n\r\n${'{'.repeat(2000)}`),
      (s) => { s.pause(); s.write(`GET /api/v1/customers?limit=200 HTTP/1.1\r\nHost: localhost\r\n${cookie}\r\n`); },
    ];
    const before = await inUse(server), held = [];
    let ended = 0;
    while (held.length < CONNECTIONS)
      held.push(...await Promise.all(Array.from({ length: Math.min(200, CONNECTIONS - held.length) }, (_, i) => new Promise((done, fail) => {
        const s = net.connect(Number(port), hostname);
        s.on('error', fail);
        s.on('close', () => { ended++; });
        s.on('connect', () => { s.removeListener('error', fail); s.on('error', () => {}); kinds[i % kinds.length](s); done(s); });
      }))));
    const took = [], until_ = performance.now() + SECONDS * 1000;
    let failed = 0, peak = 0;
    while (performance.now() < until_ || took.length < 60) {
      for (const probe of [() => server.anyone().get('//healthz'), () => admin.get('/customers?limit=20'), () => admin.get('/me')]) {
        const at = performance.now();
        if ((await probe()).status !== 200) failed++;
        took.push(performance.now() - at);
      }
      peak = Math.max(peak, rss(server));
      await sleep(50);
    }
    took.sort((x, y) => x - y);
    const grown = await inUse(server) - before, p99 = took[Math.floor(took.length * 0.99)];
    console.log(`${CONNECTIONS} connections for ${SECONDS} s: ${took.length} probes, ${failed} failed, median ${took[took.length >> 1].toFixed(1)} ms, 99 % ${p99.toFixed(1)} ms, at most ${took.at(-1).toFixed(1)}; RssAnon ${peak.toFixed(0)} MB at most, ${grown.toFixed(0)} MB more in use in the end; load ${loadavg()[0].toFixed(1)}`);
    assert.equal(failed, 0);
    assert.equal(ended, 0, 'some were let go');
    if (process.env.ZHIKE_TEST_LONG) { // G24; the short form goes by no clock
      assert.ok(peak <= 300, `${peak} MB`);
      assert.ok(p99 <= 200, `99 of 100 probes took up to ${p99} ms`);
    }
    assert.ok(slow > 1 || grown < 40 + CONNECTIONS * 0.025, `${grown} MB`); // 25 KB each
    for (const s of held) s.destroy();
    await until(async () => Number(/^zhike_http_connections (\d+)/m.exec((await server.anyone().get('//metrics')).text)[1]) < 50, 30_000, 'the end of all');
  } finally {
    await server.stop();
  }
});

test('control: with ordinary deadlines they do not stay', { timeout: 120_000 * slow }, async () => {
  const server = await startServer({ engine: 'sqlite', env: { ZHIKE_HTTP_HEAD_TIMEOUT: '1s', ZHIKE_HTTP_IDLE_TIMEOUT: '1s' } });
  try {
    const { hostname, port } = new URL(server.url);
    let ended = 0;
    for (let i = 0; i < 40; i++) {
      const s = net.connect(Number(port), hostname, () => { if (i % 2) s.write('GET /healthz HTTP/1.1\r\nX-Slow: '); });
      s.on('error', () => {});
      s.on('data', () => {});
      s.on('close', () => { ended++; });
    }
    await until(() => ended === 40, 30_000, 'the end of all');
  } finally {
    await server.stop();
  }
});

test(`${LISTENERS} listeners of live updates: each hears, memory stays`, { timeout: 600_000 * slow }, async () => {
  const server = await startServer({ engine: 'sqlite', env: { ZHIKE_LIVE_PER_PERSON: '100', ZHIKE_HTTP_PER_ADDRESS: '100000', ZHIKE_LOGIN_ADDRESS_PARALLEL: '100' }, users: { departments: [{ code: 'd', name: '部' }], users: Array.from({ length: Math.ceil(LISTENERS / 100) }, (_, i) => ({ login: `ear${i}`, name: `耳${i}`, department: 'd', roles: ['management'], password: `Ohr-${i}-lauscht-immer`, must_change: false })) } });
  try {
    const before = rss(server), ears = [];
    for (let i = 0; ears.length < LISTENERS; i++) {
      const again = await server.login(`ear${i}`, `Ohr-${i}-lauscht-immer`);
      ears.push(...await Promise.all(Array.from({ length: Math.min(100, LISTENERS - ears.length) }, () => listen(again, 'customer'))));
    }
    const admin = await server.admin();
    for (let i = 0; i < 5; i++) assert.equal((await admin.post('/customers', { name: `听${i}`, industry: 'it', source: 'other', phone: `131${String(i).padStart(8, '0')}` })).status, 201);
    await until(() => ears.every((e) => e.events.some((x) => x.event !== 'ready')), 60_000, 'a word for each');
    const grown = rss(server) - before;
    console.log(`${LISTENERS} listeners: ${grown.toFixed(0)} MB more, ${(grown * 1024 / LISTENERS).toFixed(1)} KB each`);
    assert.ok(slow > 1 || grown < 40 + LISTENERS * 0.1, `${grown} MB`);
    for (const e of ears) e.close();
  } finally {
    await server.stop();
  }
});
