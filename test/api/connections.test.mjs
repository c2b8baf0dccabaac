// Connections that do little: a head that does not come to its end is closed, thousands of idle ones are held.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { sleep, slow, startServer, until } from '../lib/index.mjs';

const IDLE = 3000;
let server;
before(async () => {
  server = await startServer({ env: { ZHIKE_HTTP_HEAD_TIMEOUT: '1s', ZHIKE_HTTP_IDLE_TIMEOUT: '3s' } });
});
after(() => server?.stop());

/** A connection with what came over it and when it ended. */
function dial(at = server) {
  const { hostname: host, port } = new URL(at.url);
  const c = { text: '', ended: null, began: performance.now() }; // before the server knows of it
  c.socket = net.connect(Number(port), host);
  c.socket.on('data', (d) => { c.text += d; });
  c.socket.on('error', () => {});
  c.closed = new Promise((done) => c.socket.on('close', () => { c.ended = performance.now(); done(); }));
  return new Promise((done) => c.socket.on('connect', () => done(c)));
}

/** Over a connection of its own: fetch might take one that the idle timeout is just ending. */
async function healthy(at = server) {
  const c = await dial(at);
  c.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await c.closed;
  assert.match(c.text, /^HTTP\/1\.1 200 [^]*"ok"/);
}

test('headers byte by byte: 408 and the end, although the connection is never idle', async () => {
  const c = await dial();
  c.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  const drip = setInterval(() => c.socket.write('a'), 200);
  try {
    await until(() => c.ended, 15_000 * slow, 'the end of the connection');
  } finally {
    clearInterval(drip);
  }
  assert.match(c.text, /^HTTP\/1\.1 408 /);
  assert.ok(c.ended - c.began >= 900, `ended after ${c.ended - c.began} ms`);
});

test('a request line byte by byte ends, too', async () => {
  const c = await dial();
  c.socket.write('GET /');
  const drip = setInterval(() => c.socket.write('a'), 200);
  try {
    await until(() => c.ended, 20_000 * slow, 'the end of the connection');
  } finally {
    clearInterval(drip);
  }
  assert.ok(c.ended - c.began >= 3500, `ended after ${c.ended - c.began} ms`);
});

test('one connection too many is not held by the body it goes on sending', async () => {
  const narrow = await startServer({ env: { ZHIKE_HTTP_HEAD_TIMEOUT: '1s', ZHIKE_HTTP_IDLE_TIMEOUT: '10m', ZHIKE_HTTP_PER_ADDRESS: '40' } });
  try {
    const idle = await Promise.all(Array.from({ length: 40 }, () => dial(narrow)));
    const c = await dial(narrow);
    c.socket.write(`POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${50 << 20}\r\n\r\n`);
    const drip = setInterval(() => c.socket.write('a'.repeat(8192)), 100); // fast enough for a body that is wanted
    try {
      await until(() => c.ended, 60_000 * slow, 'the end of the connection');
    } finally {
      clearInterval(drip);
      for (const i of [...idle, c]) i.socket.destroy();
    }
  } finally {
    await narrow.stop();
  }
});

test(`${IDLE} idle connections are held, and others are answered meanwhile`, async () => {
  // a server that lets idle ones be, for how long it takes to dial so many is the machine's business
  const patient = await startServer({ env: { ZHIKE_HTTP_HEAD_TIMEOUT: '1s', ZHIKE_HTTP_IDLE_TIMEOUT: '10m', ZHIKE_HTTP_PER_ADDRESS: '20000' } });
  try {
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${patient.child.pid}/status`, 'utf8'))[1]) / 1024;
    const asks = await dial(patient);
    const ask = async () => {
      asks.text = '';
      asks.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await until(() => asks.text.includes('"ok"'), 3000, 'an answer');
    };
    await ask();
    const before = rss(), idle = [];
    while (idle.length < IDLE) idle.push(...await Promise.all(Array.from({ length: 250 }, () => dial(patient))));
    await healthy(patient);
    assert.equal(idle.filter((c) => c.ended).length, 0);
    const each = (rss() - before) * 1024 / IDLE;
    assert.ok(slow > 1 || each < 48, `${each.toFixed(1)} KB a connection`);
    for (const c of idle) c.socket.destroy();
    await until(async () => Number(/^zhike_http_connections (\d+)/m.exec((await patient.anyone().get('//metrics')).text)[1]) < 50, 30_000, 'the end of all');
    await sleep(Math.max(0, 1500 - (performance.now() - asks.began))); // longer than the time for a head
    await ask(); // one that asks now and then is kept
    assert.equal(asks.ended, null);
    asks.socket.destroy();
  } finally { await patient.stop(); }
});

test('idle ones are let go in their time', async () => {
  const idle = await Promise.all(Array.from({ length: 20 }, () => dial()));
  await Promise.all(idle.map((c) => c.closed));
  for (const c of idle) assert.ok(c.ended - c.began >= 3000, `ended after ${c.ended - c.began} ms`);
  await healthy();
});
