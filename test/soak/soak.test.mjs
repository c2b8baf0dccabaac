// Hours of ordinary work (SECURITY.md G15): people read, write, search, export and import at about half of what the machine
// gives. After the warm-up the memory of the process does not rise, descriptors and threads stay, the slowest answers do not
// get slower, and the data is whole. ZHIKE_SOAK_SECONDS: how long (8 hours unless said); PostgreSQL with ZHIKE_TEST_ENGINE.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { test } from 'node:test';
import { sleep, startServer } from '../lib/index.mjs';
import { filter } from '../lib/records.mjs';
import { read } from '../lib/reader.mjs';
import { Ledger, Load, random, seedOf } from '../kill/ledger.mjs';

const SECONDS = Number(process.env.ZHIKE_SOAK_SECONDS || 8 * 3600);
const WARM = 0.25;     // of the time, at least: the allocator finds its size
const FULL = 8000;     // writes, without a pause between them: the pages the writing connection keeps (16 MB) are all taken
const CROWD = 40;      // people who read at once when the pages are full: the connections of a busy moment are open, with their caches
const SHAPES = 190;    // lists they ask that differ in their conditions: each connection has compiled all the statements it keeps (128)
const SETTLE = 0.1;    // of the time, behind the crowd, two minutes at most: what it left is given back
const SLICES = 24;     // of the rest, each with its own slowest answers
const SHARE = 0.5;     // of the writes a second there were without a pause: how many there are while it is measured
const STEADY = 400;    // records each of the people has at most, so that what a figure counts does not grow with the hours

/** MB the process has of its own, descriptors, threads. */
function body(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]);
  return { mb: number('RssAnon') / 1024, fds: readdirSync(`/proc/${pid}/fd`).length, threads: number('Threads') };
}
/** Seconds of processor time the process has used. */
const cpu = (pid) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) / 100; };
/** MB of the heap that are in use and that are free, and connections of the database. */
async function heap(server) {
  const { text } = await server.anyone().get('//metrics');
  const of = (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)[1]);
  return { used: of('zhike_heap_bytes\\{state="used"\\}') / 2 ** 20, free: of('zhike_heap_bytes\\{state="free"\\}') / 2 ** 20, connections: of('zhike_db_connections') };
}
/** The slope of a straight line through [[x, y]], and how far it may be off by chance (twice its standard error). */
function slope(points) {
  const n = points.length, mx = points.reduce((s, [x]) => s + x, 0) / n, my = points.reduce((s, [, y]) => s + y, 0) / n;
  const sxx = points.reduce((s, [x]) => s + (x - mx) ** 2, 0);
  const b = points.reduce((s, [x, y]) => s + (x - mx) * (y - my), 0) / sxx;
  const rest = points.reduce((s, [x, y]) => s + (y - my - b * (x - mx)) ** 2, 0);
  return { b, off: 2 * Math.sqrt(rest / (n - 2) / sxx) };
}
const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

test(`${SECONDS} s of ordinary work`, { timeout: (SECONDS + 600) * 1000 }, async () => {
  const server = await startServer({ demo: 2000, company: true, env: { ZHIKE_LIMIT_SEARCH: '100000/min' } });
  try {
    const admin = await server.admin();
    const ledger = new Ledger();
    const load = new Load(admin, ledger, '久', random(seedOf('soak')), { workers: 3, steady: STEADY });
    const begun = Date.now(), at = () => (Date.now() - begun) / 1000;
    const bodies = [];
    let begin = null;
    const paths = ['/customers?limit=50', '/customers?q=科技', '/search?q=华为', '/me', '/tasks?limit=50', '/customers?limit=50&sort=name', '/metrics/new_customers', '/contacts?q=wang'];
    // what takes long is read by a connection of its own each: the crowd opens all there may be
    const long = `/customers?limit=50&${filter(['or', ...Array.from({ length: 40 }, (_, i) => ['name', 'contains', `q${i}z`])])}`;
    const fields = (await admin.get('/schema/customer')).json.fields.filter((f) => ['string', 'option', 'datetime'].includes(f.type) && f.ops.includes('is_null')).map((f) => f.name);
    const shapes = fields.flatMap((a, i) => fields.slice(i + 1).map((b) => `/customers?limit=50&${filter(['and', [a, 'is_null'], [b, 'not_null']])}`)).slice(0, SHAPES);
    assert.equal(shapes.length, SHAPES, fields.join(' '));
    let full = null, warm = null, peak = 0, seen = [0, 0];
    /** So long a pause that SHARE of the peak is written. */
    const govern = () => {
      const rate = (ledger.acknowledged - seen[1]) / (at() - seen[0]);
      seen = [at(), ledger.acknowledged];
      if (full === null) peak = rate;
      else load.think = Math.min(2000, Math.max(5, load.think * Math.min(2, Math.max(0.5, rate / (peak * SHARE)))));
    };
    const readers = read(admin, paths);
    while (at() < SECONDS && !readers.failed) {
      await sleep(Math.min(10_000, SECONDS * 10));
      govern();
      bodies.push([at(), { ...body(server.child.pid), ...await heap(server) }]);
      if (full === null && (at() >= SECONDS / 2 || (at() >= SECONDS * WARM && ledger.acknowledged >= FULL))) {
        for (let before = 0, now = 1, round = 0; now > before + 0.5 && round < 20; round++) { // until their caches take no more
          before = now;
          await Promise.all(Array.from({ length: CROWD }, async () => { for (const path of [...paths, ...shapes]) for (const p of [long, path]) assert.equal((await admin.get(p)).status, 200, p); }));
          now = (await heap(server)).used;
        }
        load.think = 60;
        full = at();
        seen = [at(), ledger.acknowledged];
      }
      if (warm === null && full !== null && at() >= full + Math.min(120, SECONDS * SETTLE)) {
        warm = at();
        begin = { cpu: cpu(server.child.pid), writes: ledger.acknowledged };
      }
    }
    const waits = (await readers.stop()).map(([t, ms]) => [(t - begun) / 1000, ms]);
    const held = { cores: (cpu(server.child.pid) - begin.cpu) / (at() - warm), rate: (ledger.acknowledged - begin.writes) / (at() - warm) };
    await load.stop();

    const after = bodies.filter(([t]) => t > warm);
    const memory = slope(after.map(([t, b]) => [t / 3600, b.mb]));
    const of = (name, digits = 1) => `${after[0][1][name].toFixed(digits)} → ${after.at(-1)[1][name].toFixed(digits)}`;
    const used = slope(after.map(([t, b]) => [t / 3600, b.used]));
    const slow = Array.from({ length: SLICES }, (_, i) => {
      const from = warm + (i * (SECONDS - warm)) / SLICES, to = from + (SECONDS - warm) / SLICES;
      const list = waits.filter(([t]) => t >= from && t < to).map(([, ms]) => ms).sort((a, b) => a - b);
      return list[Math.floor(list.length * 0.99)];
    });
    const third = SLICES / 3, first = middle(slow.slice(0, third)), last = middle(slow.slice(-third));
    const fds = after.map(([, b]) => b.fds), threads = after.map(([, b]) => b.threads);
    console.log(`${SECONDS} s: ${waits.length} answers read, ${ledger.acknowledged} writes; warm after ${warm.toFixed(0)} s; then ${held.rate.toFixed(0)} writes a second (${peak.toFixed(0)} without a pause) with ${held.cores.toFixed(2)} cores, load ${loadavg()[0].toFixed(1)}; memory ${of('mb')} MB, ${memory.b.toFixed(2)} ± ${memory.off.toFixed(2)} MB an hour; heap in use ${of('used')} MB, ${used.b.toFixed(2)} ± ${used.off.toFixed(2)} MB an hour, free ${of('free')} MB; connections ${of('connections', 0)}; descriptors ${Math.min(...fds)}..${Math.max(...fds)}, threads ${Math.min(...threads)}..${Math.max(...threads)}; 99 % within ${first.toFixed(1)} → ${last.toFixed(1)} ms`);
    const each = Math.ceil(after.length / 15);
    console.log(`s, MB, in use, connections: ${after.filter((_, i) => i % each === 0).map(([t, b]) => `${t.toFixed(0)} ${b.mb.toFixed(1)} ${b.used.toFixed(1)} ${b.connections}`).join('; ')}`);
    assert.ok(memory.b - memory.off < 1, `the memory rises by ${memory.b.toFixed(2)} ± ${memory.off.toFixed(2)} MB an hour`);
    assert.ok(middle(fds.slice(-third)) <= middle(fds.slice(0, third)) + 4, `descriptors: ${fds.join(' ')}`);
    assert.equal(Math.max(...threads), Math.min(...threads), 'threads come and go');
    assert.ok(last <= first * 1.1 + 1, `99 % were answered within ${first.toFixed(1)} ms, at the end ${last.toFixed(1)} ms`);
    assert.deepEqual(load.refused, []);
    await server.halt();
    const check = await server.cli('check');
    assert.equal(check.code, 0, check.stdout + check.stderr);
  } finally {
    await server.stop();
  }
});
