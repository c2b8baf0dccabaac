// SIGTERM under load: what was sent before it is answered, what was answered is there, and the end comes in time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slow, sleep, startServer } from '../lib/index.mjs';
import { amount, finish, Ledger, Load, random, retry, seedOf } from './ledger.mjs';

const rounds = amount('ZHIKE_STOP_ROUNDS', 3, 30);
const LIMIT = 15_000 * slow; // stop.timeout for what is under way, and a little for a starved machine
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
  const took = Date.now() - at;
  await load.stop();
  if (signal === 'SIGTERM') {
    assert.equal(end.code, 0);
    assert.ok(took < LIMIT, `it ended after ${took} ms`);
  }
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
