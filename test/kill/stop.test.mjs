// SIGTERM under load: what was sent before it is answered, what was answered is there, and the end comes in time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { slow, sleep, startServer, until } from '../lib/index.mjs';
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
  test(`SIGTERM under load on ${engine}, ${rounds} times; control: SIGKILL leaves requests without an answer`, { timeout: 600_000 }, async () => {
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

test('control: what holds the end beyond stop.timeout is cut off there, with 1 and a line in the log', { skip: slow > 1 && 'under a sanitizer there is no helper' }, async () => {
  const server = await startServer({ engine: 'sqlite', env: { ZHIKE_STOP_TIMEOUT: '4s' } });
  const { child } = server;
  // the helper that starts programs is waited for in the end; halted it never comes to its own
  const helpers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  try {
    assert.ok(helpers.length > 0, 'there is no helper to hold the end');
    for (const pid of helpers) process.kill(pid, 'SIGSTOP');
    const from = performance.now();
    child.kill('SIGTERM');
    const end = await server.ended;
    assert.equal(end.code, 1, `${end.signal}`);
    assert.ok(performance.now() - from >= 3600, 'before its time');
    await until(() => server.log.includes('"stop_forced"'), undefined, 'the line in the log');
  } finally {
    for (const pid of helpers) process.kill(pid, 'SIGKILL');
    server.child = null; // it has ended
    await server.stop();
  }
});
