// A volume of 24 MB that fills up (SECURITY.md G6): reading, signing in and out go on, writing is refused with 507 and a
// sentence, the audit log is sealed from the room kept for that; with room again everybody writes within 5 s, and what was
// acknowledged is there. The volume is a tmpfs in a namespace of its own. Control: without the reserve nobody signs in.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { program, sleep, startServer, until } from '../lib/index.mjs';
import { all, customer } from '../lib/records.mjs';

/** The server on a volume of `mb`, with what is in its folder now; inside: how the folder is reached from here. */
async function onVolume(server, mb, env) {
  const child = spawn('unshare', ['-Urm', 'sh', '-c', `
    set -e
    cp -a "$1" "$1.copy"
    mount -t tmpfs -o size=${mb}m,mode=700 none "$1"
    cp -a "$1.copy/." "$1/"
    head -c 3000000 /dev/zero >"$1/filler"
    exec "$2" serve --data "$1" --listen 127.0.0.1:0`, 'sh', server.dir, program], { env: { ...process.env, ...server.env, ...env } });
  server.child = child;
  server.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
  child.stderr.on('data', (d) => { server.log += d; });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  await until(() => /listening on http/.test(out) || child.exitCode !== null, 20_000, 'the start');
  assert.equal(child.exitCode, null, server.log);
  server.url = /listening on (http:\/\/\S+)/.exec(out)[1].replace(/\/$/, '');
  return `/proc/${child.pid}/root${server.dir}`;
}

/** Until the disk is full: customers with long texts. → {made, told: the refusal} */
async function fillUp(admin) {
  const made = [];
  for (let i = 0; i < 5000; i++) {
    const answer = await admin.post('/customers', customer({ remark: `${i} ${'满'.repeat(1900)}` }));
    if (answer.status !== 201) return { made, told: answer };
    made.push(answer.json.id);
  }
  throw new Error('the volume never was full');
}

test('a volume of 24 MB, full, and room again', { timeout: 300_000 }, async () => {
  const server = await startServer({ engine: 'sqlite' });
  try {
    await server.halt();
    const inside = await onVolume(server, 24, { ZHIKE_DB_RESERVE: '2MB' });
    const admin = await server.admin();
    const { made, told } = await fillUp(admin);
    assert.ok(made.length > 5, `${made.length} fitted`);
    assert.deepEqual([told.status, told.json.code], [507, 'disk_full']);
    assert.match(told.json.detail, /磁盘已满/);

    // A checkpoint may give room back at any moment; what counts is what happens between two looks that both see a full disk.
    const people = [];
    const isFull = async () => /^zhike_disk_full 1$/m.test((await server.anyone().get('//metrics')).text);
    let seen = 0;
    for (let i = 0; seen < 10; i++) {
      assert.ok(i < 100, `${seen} looks saw a full disk`);
      if (!await isFull()) { made.push(...(await fillUp(admin)).made); continue; }
      const refused = await admin.post('/customers', customer());
      people.push(await server.login('admin', server.adminPassword));
      assert.equal((await admin.get(`/customers/${made[0]}`)).status, 200);
      assert.equal((await admin.get('/customers?q=%E4%BA%91%E6%9D%89&limit=5')).status, 200);
      if (!await isFull()) continue;
      assert.deepEqual([refused.status, refused.json.code], [507, 'disk_full']);
      seen++;
    }
    assert.equal((await people[3].get('/me')).status, 200);
    assert.ok((await people[4].del('/session')).status < 300, 'signing out');
    assert.equal((await server.anyone().post('/session', { login: 'admin', password: 'wrong' })).status, 401);
    // each sign-in has its line in the audit log, sealed
    const lines = async () => (await people[5].get('/audit-logs?limit=200&fields=action,hash')).json.data;
    await until(async () => { const l = await lines(); return l.length > 10 && l.every((r) => r.hash); }, 10_000, 'the sealing');

    rmSync(join(inside, 'filler'));
    const since = performance.now();
    await until(async () => (await admin.post('/customers', customer())).status === 201, 5000, 'writing again');
    console.log(`${made.length} customers until it was full; writing again after ${Math.round(performance.now() - since)} ms; ${Math.round(statfsSync(inside).bavail * statfsSync(inside).bsize / 1024)} KB free`);
    assert.match((await server.anyone().get('//metrics')).text, /^zhike_disk_full 0$/m);
    assert.equal((await all(admin, '/customers', 'limit=200&fields=name')).filter((r) => made.includes(r.id)).length, made.length);

    // whole: a copy of what lies on the volume while nobody writes
    await sleep(1000);
    const copy = join(server.folder, 'copy');
    mkdirSync(copy);
    cpSync(inside, copy, { recursive: true });
    await server.halt();
    rmSync(`${server.dir}.copy`, { recursive: true });
    const { dir } = server;
    server.dir = copy;
    for (const word of [['check'], ['audit', 'verify']]) {
      const { code, stdout, stderr } = await server.cli(...word);
      assert.equal(code, 0, `${word.join(' ')}: ${stdout}${stderr}`);
    }
    server.dir = dir;
  } finally {
    await server.stop();
  }
});

test('control: without the room that is kept nobody signs in', { timeout: 120_000 }, async () => {
  const server = await startServer({ engine: 'sqlite' });
  try {
    await server.halt();
    await onVolume(server, 24, { ZHIKE_DB_RESERVE: '0' });
    const admin = await server.admin();
    await fillUp(admin);
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push((await server.anyone().post('/session', { login: 'admin', password: server.adminPassword })).status);
    assert.ok(codes.includes(507), codes.join(' '));
  } finally {
    await server.halt('SIGKILL');
    await server.stop();
  }
});
