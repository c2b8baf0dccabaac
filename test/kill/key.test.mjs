// zhike key rotate and zhike key drop, killed before each call that touches a file: what was saved under seal is sent by the
// server all the while, and the same command, called again, goes on and ends. Control: a file without the key is seen.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { slow, startServer, until } from '../lib/index.mjs';
import { peer } from '../lib/mailbox.mjs';
import { make } from '../lib/records.mjs';
import { amount } from './ledger.mjs';
import { OPS, Shim } from './shim.mjs';

const each = amount('ZHIKE_KEY_KILLS', 5, 100000); // points tried; the long form tries every one

test('killed at any point, everything stays readable and the next call ends it', { timeout: (each > 100 ? 7_200_000 : 600_000) * slow }, async () => {
  const hook = await peer(() => ({ status: 204, body: '' }));
  const server = await startServer({ engine: 'sqlite', env: { ZHIKE_OUTBOUND_PRIVATE: hook.host } });
  const shim = new Shim(server), key = join(server.dir, 'secret.key');
  try {
    const admin = await server.admin();
    await admin.stepUp();
    const channel = await make(admin, 'channels', { name: '钩子', kind: 'webhook', url: `${hook.url}/a`, secret: `whsec_${randomBytes(24).toString('base64')}`, events: 'tag.created' });
    const sent = async () => {
      const { status, json, text } = await admin.post(`/channels/${channel.id}/actions/test`, {});
      assert.equal(status, 200, text);
      return until(async () => { const { state } = (await admin.get(`/deliveries/${json.delivery}`)).json; return ['sent', 'dead'].includes(state) && state; }, 60_000, 'the letter');
    };
    const states = async () => (await server.cliOk('key', 'list')).stdout.trim().split('\n').map((l) => l.split(/\s+/)).map(([id, state]) => ({ id, state }));
    const at = async (state) => (await states()).filter((k) => k.state === state).map((k) => k.id);
    const shut = [await at('current')].flat()[0];
    const before_ = readFileSync(key);
    writeFileSync(key, randomBytes(32));
    await server.halt();
    await server.launch();
    const again = await server.admin();
    admin.url = again.url;
    Object.assign(admin, again);
    await admin.stepUp();
    assert.equal(await sent(), 'dead', 'the control: a file without the key is seen');
    writeFileSync(key, before_);
    assert.equal(await sent(), 'sent');
    assert.deepEqual(await at('current'), [shut]);

    const ops = OPS.write | OPS.sync | OPS.rename | OPS.open | OPS.truncate;
    const run = (...args) => server.cli('key', ...args, { env: shim.env });
    let killed = 0, points = 0;
    for (const what of ['rotate', 'drop']) {
      const args = async () => (what === 'rotate' ? ['rotate'] : ['drop', (await at('old'))[0], '--at-once']);
      if (what === 'drop') await server.cliOk('key', 'rotate');
      shim.arm(ops, 'KILL', 1_000_000);
      assert.equal((await run(...await args())).code, 0);
      const { calls } = shim.disarm();
      assert.ok(calls > 20, `${calls}`);
      const step = Math.max(1, Math.floor(calls / each));
      for (let n = 1; n <= calls; n += step) {
        if (what === 'drop') await server.cliOk('key', 'rotate');
        const words = await args();
        shim.arm(ops, 'KILL', n);
        const { signal, code } = await run(...words);
        const { hits } = shim.disarm();
        assert.ok(signal === 'SIGKILL' ? hits > 0 : code === 0, `${what} ${n}: ${signal ?? code}`);
        points++;
        killed += signal === 'SIGKILL';
        assert.equal(await sent(), 'sent', `${what}, killed before call ${n}`);
        await server.cliOk('key', ...words);
        assert.equal(await sent(), 'sent', `${what} gone on with behind ${n}`);
        assert.deepEqual([await at('current'), await at('next')].map((l) => l.length), [1, 0]);
        for (const id of await at('old')) await server.cliOk('key', 'drop', id, '--at-once');
      }
    }
    assert.ok(killed > points * 0.8, `killed at ${killed} of ${points} points`); // how often it writes differs a little from call to call
    assert.equal((await server.cli('check')).code, 0);
    console.log(`killed at ${killed} of ${points} points`);
  } finally {
    shim.end();
    await server.stop();
    await hook.stop();
  }
});
