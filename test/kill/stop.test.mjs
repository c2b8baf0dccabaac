// SIGTERM under load: what was sent before it is answered, what was answered is there, and the end comes in time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { passwordOf, slow, sleep, startServer, until } from '../lib/index.mjs';
import { makeCustomer } from '../lib/records.mjs';
import { rawHead } from '../lib/raw.mjs';
import { amount, finish, Ledger, Load, random, retry, seedOf } from './ledger.mjs';

const rounds = amount('ZHIKE_STOP_ROUNDS', 3, 30);
const seed = seedOf('stop');

/** One round; → how many requests that were under way got no answer. */
async function stopOnce(server, client, ledger, prefix, rnd, signal) {
  const load = new Load(client, ledger, prefix, rnd);
  await sleep(rnd.between(200, 900));
  // Under way is what the server has read. It has read what was sent before several sockets of their own were answered: by
  // this, and not by milliseconds, a request counts, on a starved machine as on a fast one. SIGKILL drops whatever was sent.
  let sentBefore = Date.now();
  if (signal === 'SIGTERM')
    for (let i = 0; i < 2; i++) await Promise.all([0, 1, 2, 3].map(() => fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } }).then((r) => r.arrayBuffer())));
  else sentBefore = Infinity;
  const at = Date.now();
  const end = await server.halt(signal);
  await load.stop();
  // In stop.timeout, by the clock of the server: beyond that it ends itself with 1, as the last test here sees it do.
  if (signal === 'SIGTERM') assert.equal(end.code, 0);
  await server.launch();
  client.url = server.url;
  const wrong = [...await finish(client, ledger), ...await retry(client, ledger, prefix, rnd)];
  wrong.push(...ledger.compare(await ledger.read(client, prefix), prefix));
  assert.deepEqual(wrong, []);
  return load.silent.filter((sent) => sent < Math.min(sentBefore, at + 1)).length;
}

for (const engine of ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])]) {
  test(`SIGTERM under load on ${engine}, ${rounds} times; control: SIGKILL leaves requests without an answer`, { timeout: 300_000 + rounds * 30_000 }, async () => {
    const rnd = random(seed);
    const server = await startServer({ engine });
    try {
      const client = await server.login('admin', server.adminPassword);
      const ledger = new Ledger();
      for (let i = 0; i < rounds; i++) {
        const silent = await stopOnce(server, client, ledger, `停${i}轮`, rnd, 'SIGTERM');
        assert.equal(silent, 0, `round ${i} of seed ${seed}: requests under way were dropped`);
      }
      let dropped = 0;
      for (let i = 0; i < 10 && !dropped; i++) dropped = await stopOnce(server, client, ledger, `控${i}轮`, rnd, 'SIGKILL');
      assert.ok(dropped > 0, 'no request was under way at the kill: the test sees nothing');
      const check = await server.cli('check');
      assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
      console.log(`${engine}: ${rounds} stops, ${ledger.acknowledged} acknowledged writes`);
    } finally {
      await server.stop();
    }
  });
}

/** What a reader gets who was sent a long answer, and begins to read when the server already ends. → bytes of the body */
async function lateReader(server, path, headers) {
  const { port, hostname } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  let got = 0, head = '';
  const closed = new Promise((done) => { socket.on('close', done); });
  socket.on('error', () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n`);
  const inTable = (n) => `:${Number(n).toString(16).toUpperCase().padStart(4, '0')}`;
  // Of this very connection: the answer to the sign-in before may wait for its acknowledgement, too.
  const ofMine = (f) => socket.localPort && f[1]?.endsWith(inTable(port)) && f[2].endsWith(inTable(socket.localPort)) && f[3] === '01';
  const unsent = () => readFileSync('/proc/net/tcp', 'utf8').split('\n').map((l) => l.trim().split(/\s+/)).some((f) => ofMine(f) && parseInt(f[4], 16) > 0);
  await until(unsent, 10_000, 'the answer is on its way, and nobody reads');
  server.child.kill('SIGTERM');
  await until(() => new Promise((done) => { const s = net.connect(Number(port), hostname, () => { s.destroy(); done(false); }); s.on('error', () => done(true)); }), 10_000, 'nobody is let in any more');
  await sleep(300);
  socket.on('data', (d) => {
    if (!head.includes('\r\n\r\n')) {
      head += d.toString('latin1');
      got = head.includes('\r\n\r\n') ? head.length - head.indexOf('\r\n\r\n') - 4 : 0;
    } else got += d.length;
  });
  socket.resume();
  const end = await server.ended;
  server.child = null;
  assert.equal(end.code, 0, `${end.signal}`);
  await closed;
  assert.match(head, /^HTTP\/1\.1 200 /);
  return got;
}

test('an answer that is still being sent at SIGTERM leaves whole', { timeout: 300_000 }, async () => {
  const server = await startServer({ company: true });
  try {
    const SIZE = 12 << 20;
    let rep = await server.login('rep', passwordOf('rep'));
    const c = await makeCustomer(rep);
    const file = (await rep.upload(`/customers/${c.id}/attachments`, 'long.bin', Buffer.alloc(SIZE, 'x'), { type: 'application/octet-stream' })).json;
    let got = 0;
    for (let i = 0; i < 5 && got < SIZE; i++) { // a starved machine may be late for the second there is
      got = await lateReader(server, `/api/v1/attachments/${file.id}/content`, rawHead(server, rep));
      await server.launch();
      rep = await server.login('rep', passwordOf('rep'));
    }
    assert.equal(got, SIZE);
  } finally {
    await server.stop();
  }
});

/** Ends a server whose end something holds: the helper that starts programs is waited for; halted it never comes to its own. */
async function heldEnd(server, why) {
  const { child } = server;
  const helpers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  try {
    assert.ok(helpers.length > 0, 'there is no helper to hold the end');
    for (const pid of helpers) process.kill(pid, 'SIGSTOP');
    const from = performance.now();
    child.kill('SIGTERM');
    const end = await server.ended;
    assert.equal(end.code, 1, `${end.signal}`);
    assert.ok(performance.now() - from >= 3600, 'before its time');
    await why();
  } finally {
    for (const pid of helpers) process.kill(pid, 'SIGKILL');
    server.child = null; // it has ended
    await server.stop();
  }
}
const noHelper = slow > 1 && 'under a sanitizer there is no helper';

test('control: what holds the end beyond stop.timeout is cut off there, with 1 and a line in the log', { skip: noHelper }, async () => {
  const server = await startServer({ engine: 'sqlite', env: { ZHIKE_STOP_TIMEOUT: '4s' } });
  await heldEnd(server, () => until(() => server.log.includes('"stop_forced"'), undefined, 'the line in the log'));
});

test('a log that takes no more does not hold the end either', { skip: noHelper, timeout: 120_000 }, async () => {
  const server = await startServer({ engine: 'sqlite' });
  await server.halt();
  const pipe = join(server.folder, 'log');
  execFileSync('mkfifo', [pipe]);
  const log = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK); // both ends, so that nobody waits for the other
  try {
    Object.assign(server.env, { ZHIKE_STOP_TIMEOUT: '4s', ZHIKE_LOG_FILE: pipe });
    await server.launch();
    for (const piece of [4096, 1]) // to the last byte: no line fits any more
      for (;;) try { writeSync(log, 'x'.repeat(piece)); } catch (error) { assert.equal(error.code, 'EAGAIN'); break; }
    // whoever writes the next line waits in write(2) with the lock of the log in its hand, and for good: the thread of this
    // request, or the one that tells of the end
    fetch(`${server.url}/api/v1/nothing`).catch(() => {});
    await heldEnd(server, () => {});
  } finally {
    closeSync(log);
    server.child?.kill('SIGKILL'); // where it did not end by itself
  }
});
