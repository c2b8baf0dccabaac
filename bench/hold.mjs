// How long the background work of the server holds up the writes of people: a rule of the clock, a bulk change and its undo, an
// import and its undo, the merging of search segments behind them. The figure is the server's own (zhike_db_hold_…, GET /metrics):
// on SQLite the time in which its writer had no core is left out, so other programs on the machine do not count.
//
//   node bench/hold.mjs --dir DIR (a data folder; it is copied) | --in-place PARENT (its parent; it is changed) [--fires 10000] [--rows 20000] [--only rule,bulk,import,tend]
//                       [--bin build/zhike] [--database URL: of PostgreSQL, changed in place]
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMs, postgresCpu } from './cpu.mjs';
import { makeFile } from './import.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** {jobs: {n, sum, longest: {all, core, rows, search, commit}, over50}, people: …} in ms, since the start of the process. */
export async function holds(server) {
  const { text } = await server.anyone().get('//metrics');
  const number = (name, labels) => Number(new RegExp(`^${name}\\{${labels}\\} (\\S+)$`, 'm').exec(text)[1]);
  return Object.fromEntries(['people', 'jobs'].map((by) => [by, {
    n: number('zhike_db_hold_seconds_count', `by="${by}"`),
    sum: number('zhike_db_hold_seconds_sum', `by="${by}"`) * 1000,
    over50: number('zhike_db_hold_seconds_count', `by="${by}"`) - number('zhike_db_hold_seconds_bucket', `by="${by}",le="0.05"`),
    over20: number('zhike_db_hold_seconds_count', `by="${by}"`) - number('zhike_db_hold_seconds_bucket', `by="${by}",le="0.02"`),
    longest: Object.fromEntries(['all', 'core', 'rows', 'search', 'commit'].map((part) => [part, number('zhike_db_hold_longest_seconds', `by="${by}",part="${part}"`) * 1000])),
  }]));
}
export const told = (h) => `${h.n} writes of ${(h.sum / (h.n || 1)).toFixed(1)} ms; longest ${h.longest.all.toFixed(1)} (rows ${h.longest.rows.toFixed(1)}, search words ${h.longest.search.toFixed(1)}, commit ${h.longest.commit.toFixed(1)}; on a core ${h.longest.core.toFixed(1)}); ${h.over20} over 20 ms, ${h.over50} over 50`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
  const bin = option('bin', join(import.meta.dirname, '../build/zhike')), rows = Number(option('rows', 20_000));
  const only = option('only', 'rule,bulk,import').split(',');
  process.env.ZHIKE_BIN = bin;
  const { Server } = await import('../test/lib/server.mjs');
  const folder = option('in-place', '') || mkdtempSync(join(tmpdir(), 'zhike-bench-hold-'));
  if (!option('in-place', '')) cpSync(option('dir', ''), join(folder, 'data'), { recursive: true });
  const url = option('database', ''), postgres = url ? postgresCpu(url) : null;
  const server = new Server({ engine: url ? 'pg' : 'sqlite', env: { ZHIKE_LOG_LEVEL: option('log', 'warn') }, args: [], folder, database: url ? { url } : null });
  const people = readFileSync(option('logins', existsSync(join(folder, 'data', 'demo-logins.txt')) ? join(folder, 'data', 'demo-logins.txt') : ''), 'utf8').trim().split('\n').map((line) => line.trim().split(/\s+/));
  const sign = (position) => { const [login, password] = people.find((p) => p[3] === position); return server.login(login, password); };
  const ok = (answer, status) => { if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`); return answer.json; };
  const start = async () => { await server.launch(); const boss = await sign('总经理'); server.adminClient = boss; return boss; };
  const finished = async (client, id) => {
    for (;;) {
      const now = ok(await client.get(`/jobs/${id}`), 200);
      if (['done', 'failed', 'cancelled'].includes(now.state)) return now;
      await sleep(50);
    }
  };
  let n = Date.now() % 1_000_000_000;
  /** One phase in a server of its own: what it did, seconds, processor, and how long it held people up. */
  const phase = async (name, work) => {
    const boss = await start(), pid = server.child.pid;
    const other = ok(await boss.post('/customers', { name: `旁人${++n}有限公司`, industry: 'it', source: 'website', phone: `138${String(n).slice(-8).padStart(8, '0')}` }), 201);
    let stop = false, longest = 0, version = other.version;
    const writing = (async () => {
      while (!stop) {
        const from = performance.now();
        version = ok(await boss.patch(`/customers/${other.id}`, { remark: `第 ${++n} 次` }, { 'If-Match': `"${version}"` }), 200).version;
        longest = Math.max(longest, performance.now() - from);
        await sleep(20);
      }
    })();
    const from = performance.now(), cpu = cpuMs(pid), theirs = postgres?.();
    const what = await work(boss);
    const seconds = (performance.now() - from) / 1000, core = (cpuMs(pid) - cpu) / 1000, behind = postgres ? `, ${((postgres() - theirs) / 1000).toFixed(1)} s of PostgreSQL's` : '';
    stop = true;
    await writing;
    const h = await holds(server);
    console.log(`${name}: ${what}; ${seconds.toFixed(1)} s, ${core.toFixed(1)} s of the processor${behind}; load ${loadavg()[0].toFixed(1)}\n  jobs: ${told(h.jobs)}\n  people: ${told(h.people)}; one of them waited ${longest.toFixed(0)} ms by the clock`);
    await server.halt();
  };
  const sql = (text) => (url ? execFileSync('psql', ['-X', '-At', '-F', ' ', '-d', url, '-c', text], { encoding: 'utf8' })
    : execFileSync('sqlite3', ['-readonly', '-separator', ' ', join(folder, 'data/zhike.db'), text], { encoding: 'utf8' })).trim();

  if (only.includes('rule')) {
    const [industry, level, source] = sql(`SELECT industry, level, source FROM customer WHERE deleted_at IS NULL GROUP BY 1, 2, 3 ORDER BY abs(count(*) - ${Number(option('fires', 10_000))}) LIMIT 1`).split(' ');
    await phase('a rule of the clock', async (boss) => {
      const rule = ok(await boss.post('/rules', { name: `定时${n}`, entity: 'customer', event: 'scheduled', cron: '0 4 1 1 *', enabled: true, filter: ['and', ['industry', '=', industry], ['level', '=', level], ['source', '=', source]], actions: [{ do: 'notify', to: ['owner'], title: '{name} 该跟进了' }] }), 201);
      const { job } = ok(await boss.post(`/rules/${rule.id}/actions/run_now`, {}), 200);
      const end = await finished(boss, job.id);
      return `${end.state}, fired on ${end.counts?.fired}`;
    });
  }
  if (only.includes('bulk')) {
    await phase('a bulk change and its undo', async (boss) => {
      const ids = sql(`SELECT id FROM customer WHERE deleted_at IS NULL ORDER BY id LIMIT ${Math.min(rows, 10_000)}`).split('\n').map(Number);
      const job = ok(await boss.post('/customers/bulk', { action: 'update', ids, values: { remark: `批量 ${n}`, website: `www.hold-${n}.example.com` } }), 202);
      const end = await finished(boss, job.id ?? job.job?.id ?? job.job);
      const back = ok(await boss.post(`/jobs/${end.id}/undo`, {}), 202);
      const undone = await finished(boss, back.id ?? back.job?.id ?? back.job);
      return `${JSON.stringify(end.counts)}, ${JSON.stringify(undone.counts)}`;
    });
  }
  if (only.includes('import')) {
    await phase('an import and its undo', async (boss) => {
      const up = ok(await boss.upload('/imports', 'hold.csv', makeFile(rows, { first: n % 80_000_000 }), { fields: { entity: 'customer' } }), 201);
      const until = async (what) => {
        ok(await boss.post(`/imports/${up.id}/${what}`, {}), 202);
        for (;;) {
          await sleep(50);
          const now = ok(await boss.get(`/imports/${up.id}`), 200);
          if (['checking', 'running', 'undoing'].includes(now.state)) continue;
          console.log(`  up to the end of ${what}: ${told((await holds(server)).jobs)}`); // the longest is that since the start
          return `${what} ${now.state}, ${Object.values(now.counts).reduce((a, b) => a + b, 0)} rows`;
        }
      };
      await boss.stepUp();
      return `${await until('check')}, ${await until('run')}, ${await until('undo')}`;
    });
  }
  if (only.includes('tend')) {
    const merged = () => Number(sql("SELECT count(DISTINCT segid) FROM search_customer_idx"));
    await phase('the merging of search segments', async () => {
      const before = merged();
      let last = before, same = 0;
      for (let i = 0; i < 600 && same < 30; i++) {
        await sleep(1000);
        const now = merged();
        same = now === last ? same + 1 : 0;
        last = now;
      }
      return `${before} → ${last} segments`;
    });
  }
  if (!option('in-place', '')) rmSync(folder, { recursive: true, force: true });
}
