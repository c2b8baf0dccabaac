// SIGHUP: zhike.conf is read anew while the server runs (docs/operations.md).
import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, until } from '../lib/index.mjs';

let server, admin;
const conf = (text) => writeFileSync(join(server.dir, 'zhike.conf'), text);
const value = async (name) => (await admin.get('/settings')).json.data.find((s) => s.name === name).value;
before(async () => {
  server = await startServer();
  admin = await server.admin();
});
after(() => server?.stop());

test('a setting of scope live holds at once, one of scope restart does not', async () => {
  conf('limit.search = 50/min\nhttp.workers = 4\n');
  server.child.kill('SIGHUP');
  await until(async () => (await value('limit.search')) === '50/min', 3000, 'the new limit');
  assert.equal(await value('http.workers'), '64');
});

test('what was set in the page stays', async () => {
  assert.equal((await admin.patch('/settings', { 'company.name': '云杉' })).status, 200);
  conf('limit.search = 60/min\n');
  server.child.kill('SIGHUP');
  await until(async () => (await value('limit.search')) === '60/min', 3000, 'the next limit');
  assert.equal(await value('company.name'), '云杉');
});

test('a file with a mistake changes nothing, and the log says so', async () => {
  conf('limit.search = 70/min\nnonsense = 1\n');
  server.child.kill('SIGHUP');
  await until(() => /settings_read.*nonsense/.test(server.log), 3000, 'the line in the log');
  assert.equal(await value('limit.search'), '60/min');
});

test('the log file is opened anew', async () => {
  const other = await startServer({ init: false });
  try {
    const log = join(other.folder, 'z.log');
    other.env = { ...other.env, ZHIKE_LOG_FILE: log };
    await other.cliOk('init');
    await other.launch();
    await fetch(`${other.url}/healthz`);
    await until(() => existsSync(log), 3000, 'the log');
    renameSync(log, `${log}.1`);
    other.child.kill('SIGHUP');
    await until(() => existsSync(log), 3000, 'the new log');
  } finally {
    await other.stop();
  }
});
