// A full disk as the server sees it: the room kept for it cannot be made (something else lies in its place). People sign in
// and read, nobody writes, the operator sees it; when it can be made everybody writes again. On a volume that really is full:
// test/long/full.test.mjs.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer, until } from '../lib/index.mjs';
import { customer, makeCustomer, problem } from '../lib/records.mjs';

test('a full disk: signing in and reading go on, writing says why it does not', async () => {
  const server = await startServer({ engine: 'sqlite' });
  try {
    const mine = await makeCustomer(await server.admin());
    const path = join(server.dir, 'reserve');
    assert.equal(statSync(path).blocks * 512 >= 16 << 20, true, 'the room is really taken');
    await server.halt();
    rmSync(path);
    mkdirSync(path);
    await server.launch();

    const admin = await server.login('admin', server.adminPassword);
    assert.match((await server.anyone().get('//metrics')).text, /^zhike_disk_full 1$/m);
    assert.equal((await server.anyone().get('//readyz')).status, 200);
    assert.equal((await admin.get(`/customers/${mine.id}`)).status, 200);
    const answer = problem(await admin.post('/customers', customer()), 507, 'disk_full');
    assert.match(answer.detail, /磁盘已满/);
    problem(await admin.patchNow(`/customers/${mine.id}`, { remark: 'x' }), 507, 'disk_full');
    const again = await server.login('admin', server.adminPassword);
    await until(async () => (await again.get('/audit-logs?limit=5&fields=hash')).json.data.every((r) => r.hash), 10_000, 'the sealing');
    assert.equal((await again.del('/session')).status, 204);

    rmdirSync(path);
    await until(async () => (await admin.post('/customers', customer())).status === 201, 20_000, 'writing again');
    assert.match((await server.anyone().get('//metrics')).text, /^zhike_disk_full 0$/m);
    await server.flushed();
    assert.match(server.log, /"event":"disk_full".*"event":"disk_room_again"/s);
  } finally {
    await server.stop();
  }
});
