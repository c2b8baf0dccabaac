// The figure of rules (docs/benchmarks.md): what a thousand rules cost a create, in processor time of the server. Rules of the clock
// are in bench/hold.mjs.
//
//   node bench/rules.mjs [--customers 100000] [--rules 1000] [--creates 300] [--bin build/zhike] [--dir PARENT: kept and used again]
//                        [--database URL: of PostgreSQL, whose own time is not in the figure]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cpuMs } from './cpu.mjs';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
const bin = option('bin', join(import.meta.dirname, '../build/zhike')), maker = join(dirname(bin), 'bench_maker');
const customers = Number(option('customers', 100_000)), many = Number(option('rules', 1000)), creates = Number(option('creates', 300));
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
const url = option('database', '');
const server = new Server({ engine: url ? 'pg' : 'sqlite', env: { ZHIKE_LOG_LEVEL: 'warn' }, args: [], folder, database: url ? { url } : null });
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

await server.halt();
if (!kept) rmSync(folder, { recursive: true, force: true });
process.exit(0);
