// A metric over all customers, by month and region, as the page asks for it over HTTP: by the clock, and by the processor time of
// the server and of PostgreSQL (which must be on this machine and do nothing else). Nothing is written but a session.
//
//   node bench/metrics.mjs --dir DIR (a data folder; on SQLite its parent is used as it is) [--database URL] [--answers 12]
//                          [--ask 'new_customers?period=month&last=24&by=region'] [--bin build/zhike]
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cpuMs, postgresCpu } from './cpu.mjs';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
const url = option('database', ''), answers = Number(option('answers', 12)), ask = option('ask', 'new_customers?period=month&last=24&by=region');
process.env.ZHIKE_BIN = option('bin', join(import.meta.dirname, '../build/zhike'));
const { Server } = await import('../test/lib/server.mjs');
let folder = dirname(option('dir', ''));
if (url) cpSync(option('dir', ''), join(folder = mkdtempSync(join(tmpdir(), 'zhike-bench-metrics-')), 'data'), { recursive: true });
const server = new Server({ engine: url ? 'pg' : 'sqlite', env: { ZHIKE_LOG_LEVEL: 'warn' }, args: [], folder, database: url ? { url } : null });
const [login, password] = readFileSync(join(folder, 'data/demo-logins.txt'), 'utf8').trim().split('\n').map((line) => line.trim().split(/\s+/)).find((p) => p[3] === '总经理');
await server.launch();
const boss = await server.login(login, password), postgres = url ? postgresCpu(url) : () => 0;
const got = { clock: [], server: [], postgres: [] };
let last;
for (let i = -2; i < answers; i++) { // two that are not counted: plans and pages of memory
  const cpu = cpuMs(server.child.pid), theirs = postgres();
  const before = performance.now(); // reading the processor times is not the answer
  const answer = await boss.get(`/metrics/${ask}`);
  const clock = performance.now() - before;
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  if (last && last !== answer.text) throw new Error('two answers differ');
  last = answer.text;
  await new Promise((done) => setTimeout(done, 50)); // workers of the query end behind its answer
  if (i < 0) continue;
  got.clock.push(clock);
  got.server.push(cpuMs(server.child.pid) - cpu);
  got.postgres.push(postgres() - theirs);
}
await server.halt();
if (url) rmSync(folder, { recursive: true, force: true });
const told = (list) => { const s = [...list].sort((a, b) => a - b); return `${s[s.length >> 1].toFixed(0)} ms [${s[0].toFixed(0)}..${s.at(-1).toFixed(0)}]`; };
const { data, total } = JSON.parse(last);
console.log(`${ask}: ${data.length} rows over ${total.count ?? total.value} records, ${answers} answers at load ${loadavg()[0].toFixed(1)}\n  by the clock ${told(got.clock)}\n  processor time of the server ${told(got.server)}${url ? `\n  of PostgreSQL ${told(got.postgres)}` : ''}`);
