// The figure of the outbox (docs/benchmarks.md): notices that leave it a minute to a real mail server on this machine, against a
// bare libcurl loop that sends the very letters that arrived to the same server in the same run.
//
//   node bench/post.mjs [--letters 10000] [--people 200] [--postmen 2] [--bin build/zhike] [--pg URL]     needs root (Postfix) and bench_mailer beside the program
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cpuMs } from './cpu.mjs';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
const bin = resolve(option('bin', join(import.meta.dirname, '../build/zhike'))), mailer = join(dirname(bin), 'bench_mailer');
const letters = Number(option('letters', 10_000)), people = Number(option('people', 200)), postmen = option('postmen', '2');
process.env.ZHIKE_BIN = bin;
if (option('pg', '')) { process.env.ZHIKE_TEST_ENGINE = 'pg'; process.env.ZHIKE_TEST_PG_URL = option('pg'); }
const { startServer } = await import('../test/lib/index.mjs');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const ok = (answer, status) => { if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`); return answer.json; };
const say = (text) => process.stderr.write(`-- ${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'zhike-bench-post-'));
const postfix = (...more) => execFileSync('sh', [join(import.meta.dirname, '../test/lib/postfix.sh'), ...more], { encoding: 'utf8' });
const port = postfix('start', folder, 'nobody').trim(), url = `smtp://127.0.0.1:${port}`;
const arrived = join(folder, 'mail/all/new');
let server;
try {
  server = await startServer({ env: { ZHIKE_POST_THREADS: '0', ZHIKE_OUTBOUND_PRIVATE: '127.0.0.1', ZHIKE_LOG_LEVEL: 'warn', ZHIKE_HTTP_ADDRESS_REQUESTS: '1000000/min' } });
  let admin = await server.admin();
  await admin.stepUp();
  ok(await admin.post('/channels', { name: 'Postfix', kind: 'mail', url, sender: 'Zhike <crm@example.com>' }), 201);
  for (let i = 0; i < people; i += 20)
    await Promise.all(Array.from({ length: 20 }, async (_, k) => ok(await admin.post('/users', { login: `p${i + k}`, name: `收件人${i + k}`, email: `p${i + k}@example.com` }), 201)));
  ok(await admin.patch('/settings', { 'notify.defaults': 'announcement.mail' }), 200);
  const count = async (state) => (await admin.get(`/deliveries?limit=1&count=exact&filter=${encodeURIComponent(JSON.stringify(['state', '=', state]))}`)).json.count.value;
  for (let i = 0; i * people < letters; i++) ok(await admin.post('/announcements', { title: `公告 ${i}：本周五下午三点全员大会`, body: '请各部门负责人提前十分钟到场，并带上本季度的客户跟进情况。', audience: 'all' }), 201);
  const written = await count('waiting');
  await server.halt('SIGTERM');
  server.env.ZHIKE_POST_THREADS = postmen;
  await server.launch();
  admin = await server.admin();
  const began = performance.now(), cpu = cpuMs(server.child.pid);
  const first = await count('sent');
  let sent = first;
  while (sent < written) {
    await sleep(200);
    sent = await count('sent');
    if (await count('dead')) throw new Error('letters that failed');
    if (performance.now() - began > 600_000) throw new Error(`${sent} of ${written} after ten minutes`);
  }
  const secs = (performance.now() - began) / 1000, used = cpuMs(server.child.pid) - cpu, n = sent - first;
  say(`${n} sent in ${secs.toFixed(1)} s`);
  const there = () => { try { return readdirSync(arrived).length; } catch { return 0; } }; // the folder comes with the first mail
  for (const until = Date.now() + 120_000; there() < written && Date.now() < until;) await sleep(1000);
  if (there() !== written) throw new Error(`${there()} of ${written} arrived`);
  const copies = join(folder, 'copies');
  execFileSync('cp', ['-r', arrived, copies]);
  const [again, bare] = execFileSync(mailer, [url, 'crm@example.com', copies], { encoding: 'utf8' }).trim().split(' ').map(Number);
  const bytes = readdirSync(copies).slice(0, 100).reduce((a, f) => a + statSync(join(copies, f)).size, 0) / 100;
  console.log(`outbox: ${n} letters (${Math.round(bytes)} bytes each) in ${secs.toFixed(1)} s by ${postmen} postmen: ${Math.round(n / secs * 60)} a minute; ${(used / n).toFixed(2)} ms of the processor each`);
  console.log(`bare libcurl: ${again} letters in ${bare.toFixed(1)} s on one connection: ${Math.round(again / bare * 60)} a minute; the outbox reaches ${(n / secs / (again / bare)).toFixed(2)} of it`);
} finally {
  await server?.stop();
  postfix('stop', folder);
  rmSync(folder, { recursive: true, force: true });
}
