// The running server has locked itself up (SECURITY.md C43, G48): what the kernel says of each of its threads, what it
// says itself, that readers of files still start, and the setting. What is refused is tried in unit_base_confine_server.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { passwordOf, program, startServer, temporaryFolder, until } from '../lib/index.mjs';
import { readElf } from '../lib/elf.mjs';
import { csv, checkAndRun, upload } from '../lib/imports.mjs';
import { makeCustomer, mobile } from '../lib/records.mjs';

const sanitized = readElf(program).names.some((n) => /^__(asan|tsan|ubsan)_/.test(n));
const field = (path, name) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
const threads = (pid) => readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}/status`);
const told = (server) => JSON.parse(server.log.split('\n').find((l) => l.includes('"confined"')));
const children = (pid) => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try { return field(`/proc/${p}/status`, 'PPid') === String(pid); } catch { return false; }
});
async function withServer(options, fn) {
  const server = await startServer(options);
  try { await fn(server); } finally { await server.stop(); }
}

describe('locked up', { skip: sanitized ? 'built with a sanitizer' : false }, () => {
  test('every thread, and health and figures say so', () => withServer({}, async (server) => {
    await until(() => server.log.includes('"confined"'), 5000, 'the line of the log');
    const { seccomp, landlock, missing } = told(server);
    if (seccomp !== 'on') return assert.ok(missing, 'a system without it says what is missing');
    const all = threads(server.child.pid);
    assert.ok(all.length > 60);
    for (const path of all) {
      let held;
      try { held = [field(path, 'Seccomp'), field(path, 'NoNewPrivs')]; } catch { continue; } // a thread that came to its end
      assert.deepEqual(held, ['2', '1'], path);
    }
    assert.equal((await server.anyone().get('//healthz')).json.confined, landlock ? 'on' : 'part');
    assert.match((await server.anyone().get('//metrics')).text, new RegExp(`zhike_confined\\{by="seccomp"\\} 1\nzhike_confined\\{by="landlock"\\} ${landlock}\n`));
    assert.equal(/^Max core file size\s+(\d+)/m.exec(readFileSync(`/proc/${server.child.pid}/limits`, 'utf8'))[1], '0');
  }));

  test('readers of files and makers of pictures start and are its own children', () => withServer({ company: true }, async (server) => {
    const admin = await server.admin();
    const boss = await server.login('boss', passwordOf('boss'));
    const made = await upload(boss, csv([['客户名称', '联系方式', '所属行业', '客户来源'], ['云杉自锁有限公司', mobile(), '信息技术', '官网']]));
    assert.equal((await checkAndRun(boss, made.id)).counts.created, 1);
    const template = await boss.get('/import-templates/customer.xlsx');
    assert.equal(template.bytes.subarray(0, 2).toString(), 'PK');
    const c = await makeCustomer(boss);
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    const file = await boss.upload(`/customers/${c.id}/attachments`, 'a.png', png, { type: 'image/png' });
    assert.equal((await boss.get(`/attachments/${file.json.id}/thumbnail?size=160`)).status, 200);
    const job = await admin.post('/customers/export', { fields: ['name'], format: 'xlsx' });
    if (job.status === 202) assert.equal((await admin.job(job.json.job.id)).state, 'done');
    assert.match((await server.anyone().get('//metrics')).text, /zhike_children_started_total [1-9]/);
  }));

  test('the end of the server, however it comes, leaves nobody behind', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL']) await withServer({}, async (server) => {
      const state = await until(() => server.log.includes('"confined"') && told(server), 5000, 'the line of the log');
      const own = children(server.child.pid);
      if (state.seccomp === 'on') assert.equal(own.length, 1, 'the helper');
      await server.halt(signal);
      await until(() => own.every((p) => { try { return !/serve|zhike-starter/.test(readFileSync(`/proc/${p}/comm`, 'utf8')); } catch { return true; } }), 5000, 'the end of the helper');
    });
  });

  test('settings are read anew, the log is opened anew, also where both lie elsewhere', async () => {
    const elsewhere = temporaryFolder('zhike-elsewhere-');
    const log = join(elsewhere, 'zhike.log'), conf = join(elsewhere, 'conf');
    writeFileSync(conf, 'limit.search = 100/min\n');
    const server = await startServer({ env: { ZHIKE_LOG_FILE: log } });
    try {
      await server.halt();
      symlinkSync(conf, join(server.dir, 'zhike.conf'));
      await server.launch();
      writeFileSync(`${conf}.new`, 'limit.search = 7/min\n');
      renameSync(`${conf}.new`, conf);
      renameSync(log, `${log}.1`);
      server.child.kill('SIGHUP');
      await until(() => { try { return readFileSync(log, 'utf8').includes('settings_read'); } catch { return false; } }, 5000, 'the new log');
      const { json } = await (await server.admin()).get('/settings');
      assert.equal(json.data.find((s) => s.name === 'limit.search').value, '7/min');
    } finally { await server.stop(); }
  });

  // as in a container that forbids it: the calls of landlock and seccomp are refused before the kernel sees them
  const forbidding = () => {
    const folder = temporaryFolder('zhike-deny-'), source = join(folder, 'deny.c'), library = join(folder, 'deny.so');
    writeFileSync(source, `#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
long syscall(long n, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list v;
    va_start(v, n);
    for (int i = 0; i < 6; i++) a[i] = va_arg(v, long);
    va_end(v);
    if (n == SYS_seccomp || n == SYS_landlock_create_ruleset) { errno = EPERM; return -1; }
    return real(n, a[0], a[1], a[2], a[3], a[4], a[5]);
}
`);
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source]);
    return library;
  };
  test('where the system forbids it: auto serves without and says so, on does not start', { skip: spawnSync('cc', ['--version']).error ? 'no compiler' : false }, async () => {
    const library = forbidding();
    await withServer({}, async (server) => {
      await server.halt();
      server.log = '';
      server.env.LD_PRELOAD = library;
      server.env.ZHIKE_SERVE_CONFINE = 'auto';
      await server.launch();
      await until(() => server.log.includes('"confined"'), 5000, 'the line of the log');
      const { seccomp, landlock, missing, level } = told(server);
      assert.deepEqual([seccomp, landlock, level], ['off', 0, 'warn']);
      assert.ok(missing);
      assert.equal((await server.anyone().get('//healthz')).json.confined, 'off');
      const boss = await server.admin();
      assert.equal((await boss.get('/me')).status, 200);
      await server.halt();
      server.env.ZHIKE_SERVE_CONFINE = 'on';
      await assert.rejects(server.launch(), /ended with 1 .*\n?.*serve\.confine/s);
      server.child = null;
      delete server.env.LD_PRELOAD;
    });
  });

  test('on starts where all of it is there', () => withServer({ env: { ZHIKE_SERVE_CONFINE: 'on' } }, async (server) => {
    await until(() => server.log.includes('"confined"'), 5000, 'the line of the log');
    assert.equal((await server.anyone().get('//healthz')).json.confined, 'on');
  }).catch((error) => assert.match(error.message, /serve\.confine/, 'a system without it says so')));

  test('off is off, and said', () => withServer({ env: { ZHIKE_SERVE_CONFINE: 'off' } }, async (server) => {
    await until(() => server.log.includes('"confined"'), 5000, 'the line of the log');
    assert.equal(told(server).missing, 'serve.confine = off');
    for (const path of threads(server.child.pid)) try { assert.notEqual(field(path, 'NoNewPrivs'), '1'); } catch (error) { if (error.code !== 'ENOENT') throw error; }
    assert.equal((await server.anyone().get('//healthz')).json.confined, 'off');
    assert.equal(children(server.child.pid).length, 0);
  }));
});
