// The figures of rules (docs/benchmarks.md): what a thousand rules cost a create, in processor time of the server; and a timed rule
// over a large company: seconds, records fired on, the longest hold-up of another writer.
//
//   node bench/rules.mjs [--customers 1000000] [--rules 1000] [--fires 10000] [--creates 300] [--bin build/zhike] [--dir DIR: kept and used again]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
const bin = option('bin', join(import.meta.dirname, '../build/zhike')), maker = join(dirname(bin), 'bench_maker');
const customers = Number(option('customers', 1_000_000)), many = Number(option('rules', 1000)), fires = Number(option('fires', 10_000)), creates = Number(option('creates', 300));
const cpuMs = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0) * 10;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const ok = (answer, status) => { if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`); return answer.json; };

const kept = option('dir', '');
const folder = kept || mkdtempSync(join(tmpdir(), 'zhike-bench-rules-'));
const dir = join(folder, 'data');
process.env.ZHIKE_BIN = bin;
const { Server } = await import('../test/lib/server.mjs');
if (!existsSync(dir)) {
  writeFileSync(join(folder, 'password'), 'Guest-bench-2026');
  execFileSync(bin, ['init', '--data', dir, '--admin-password-file', join(folder, 'password')]);
  execFileSync(bin, ['demo', '--data', dir, '--customers', '0'], { stdio: 'ignore' });
  execFileSync(maker, ['--data', dir, '--customers', String(customers)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
const server = new Server({ engine: 'sqlite', env: { ZHIKE_LOG_LEVEL: 'warn' }, args: [], folder, database: null });
await server.launch();
// login, password, name, position: the head of the company owns the rules, the system administrator switches them all
const people = readFileSync(join(dir, 'demo-logins.txt'), 'utf8').trim().split('\n').map((line) => line.trim().split(/\s+/));
const sign = (position) => { const [login, password] = people.find((p) => p[3] === position); return server.login(login, password); };
const admin = await sign('总经理'), keeper = await sign('系统管理员');
const pid = server.child.pid;
let n = Date.now() % 1_000_000_000;
const customer = () => ({ name: `规则测量${++n}有限公司`, industry: 'it', source: 'website', phone: `139${String(n).slice(-8).padStart(8, '0')}`, level: 'normal', region: 330106 });
const rules = (await admin.get('/rules?limit=200&count=none')).json.data;
for (const r of rules) if (r.enabled) ok(await admin.patch(`/rules/${r.id}`, { enabled: false }, { 'If-Match': `"${r.version}"` }), 200);

// ---- a thousand rules that do not hold: each is looked at, none fires -------------------------------
if (creates) {
  const made = [];
  for (let i = 0; i < many; i++) {
    const filter = i % 3 === 0 ? ['and', ['region', 'under', 440000 + (i % 9) * 100], ['industry', '=', 'it']]
      : i % 3 === 1 ? ['and', ['industry', '=', 'it'], ['name', 'contains', `第${i}号`]] : ['and', ['level', 'in', ['key', 'potential']], ['source', '=', 'website']];
    made.push(ok(await admin.post('/rules', { name: `测量${i}`, entity: 'customer', event: i % 5 ? 'created' : 'entered', enabled: true, filter, actions: [{ do: 'set', values: { level: 'key' } }] }), 201));
  }
  const round = async () => {
    const before = cpuMs(pid);
    for (let i = 0; i < creates; i++) ok(await admin.post('/customers', customer()), 201);
    return (cpuMs(pid) - before) / creates;
  };
  const setting = async (on) => { ok(await keeper.patch('/settings', { 'rule.on': on ? 'true' : 'false' }), 200); await sleep(700); };
  await round();
  const off = [], on = [];
  for (let i = 0; i < 5; i++) { await setting(false); off.push(await round()); await setting(true); on.push(await round()); }
  console.log(`a create: ${median(off).toFixed(2)} ms of the processor with no rule, ${median(on).toFixed(2)} ms with ${many} (${off.map((x) => x.toFixed(2))} | ${on.map((x) => x.toFixed(2))})`);
  for (const r of made) { const now = (await admin.get(`/rules/${r.id}`)).json; ok(await admin.del(`/rules/${r.id}`, undefined, { 'If-Match': `"${now.version}"` }), 204); }
}

// ---- a timed rule over all customers ----------------------------------------------------------------
const [industry, level, source] = execFileSync('sqlite3', ['-readonly', '-separator', ' ', join(dir, 'zhike.db'),
  `SELECT industry, level, source FROM customer WHERE deleted_at IS NULL GROUP BY 1, 2, 3 ORDER BY abs(count(*) - ${fires}) LIMIT 1`], { encoding: 'utf8' }).trim().split(' ');
const filter = ['and', ['industry', '=', industry], ['level', '=', level], ['source', '=', source]];
const timed = ok(await admin.post('/rules', { name: `测量定时${n}`, entity: 'customer', event: 'scheduled', cron: '0 4 1 1 *', enabled: true, filter, actions: [{ do: 'notify', to: ['owner'], title: '{name} 该跟进了' }] }), 201);
const other = ok(await admin.post('/customers', customer()), 201);
let stop = false, longest = 0, writes = 0;
const writing = (async () => {
  const mine = await sign('总经理');
  let version = other.version;
  while (!stop) {
    const from = performance.now();
    version = ok(await mine.patch(`/customers/${other.id}`, { remark: `第 ${++writes} 次` }, { 'If-Match': `"${version}"` }), 200).version;
    longest = Math.max(longest, performance.now() - from);
    await sleep(20);
  }
})();
await sleep(1000);
const calm = longest; longest = 0;
const began = performance.now(), cpu = cpuMs(pid);
const { job } = ok(await admin.post(`/rules/${timed.id}/actions/run_now`, {}), 200);
let now;
do { await sleep(100); now = (await admin.get(`/jobs/${job.id}`)).json; } while (!['done', 'failed', 'cancelled'].includes(now.state));
const seconds = (performance.now() - began) / 1000;
stop = true;
await writing;
console.log(`a timed rule over ${customers} customers: ${now.state}, fired on ${now.counts?.fired} in ${seconds.toFixed(1)} s (${((cpuMs(pid) - cpu) / 1000).toFixed(1)} s of the processor); the slowest of ${writes} other writes took ${longest.toFixed(0)} ms (${calm.toFixed(0)} ms before)`);
await server.halt();
if (!kept) rmSync(folder, { recursive: true, force: true });
process.exit(0);
