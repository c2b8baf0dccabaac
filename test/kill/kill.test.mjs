// kill -9 at random moments under load, and every promise read back. ZHIKE_KILL_SEED and ZHIKE_KILL_ROUNDS set what is
// tried; docs/reliability.md tells the method. The long form is gates G1 and G2: 16 people, five seeds, 100 acknowledged writes
// before each kill, ready again in 2 s. The controls at the end spoil the data on purpose: each verdict must be seen.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { psql, sleep, startServer, until } from '../lib/index.mjs';
import { amount, finish, Ledger, Load, random, retry, seedOf } from './ledger.mjs';

const rounds = amount('ZHIKE_KILL_ROUNDS', 20, 200);
const walks = amount('ZHIKE_KILL_WALKS', 1, 5); // each with a seed, a folder and its share of the rounds
const workers = amount('ZHIKE_KILL_WORKERS', 6, 16);
const LEAST = amount('ZHIKE_KILL_WRITES', 5, 100); // a kill that comes before so many writes were acknowledged would ask little
const READY = amount('ZHIKE_KILL_READY', 0, 2000); // ms; 0: only the long form, alone on its machine, goes by the clock
const seed = seedOf('kill -9');
const engines = ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])];

/** Load for some time, however long so many writes take here, then kill -9; sometimes again while it starts. */
async function round(server, client, ledger, prefix, rnd) {
  const load = new Load(client, ledger, prefix, rnd, { workers });
  const before = ledger.acknowledged;
  await sleep(rnd.between(60, 700));
  await until(() => ledger.acknowledged >= before + LEAST, undefined, 'the load of a round');
  await server.halt('SIGKILL');
  await load.stop();
  if (rnd.next() < 0.25) {
    const start = server.launch().catch(() => null);
    await sleep(rnd.between(1, 60));
    await server.halt('SIGKILL').catch(() => null);
    await start;
  }
}
/** ready: takes how many ms the start took. */
async function readBack(server, client, ledger, prefix, rnd, ready = []) {
  const from = performance.now();
  await server.launch();
  client.url = server.url; // the session is an acknowledged write, too
  await until(async () => (await client.get('//readyz')).status === 200, undefined, 'readiness');
  ready.push(Math.round(performance.now() - from));
  const wrong = await finish(client, ledger);
  wrong.push(...await retry(client, ledger, prefix, rnd));
  wrong.push(...ledger.compare(await ledger.read(client, prefix), prefix));
  return wrong;
}
const tell = (wrong) => wrong.slice(0, 8).map((w) => `${w.verdict}: ${w.name}\n  may be ${w.could}\n  is ${w.seen}`).join('\n');

/** One folder, killed so many times. → what was counted */
async function walk(engine, rounds, seed) {
  const rnd = random(seed);
  const ready = [];
  const server = await startServer({ engine });
  try {
    const client = await server.login('admin', server.adminPassword);
    const ledger = new Ledger();
    for (let i = 0; i < rounds; i++) {
      const prefix = `夜${i}轮`;
      await round(server, client, ledger, prefix, rnd);
      const wrong = await readBack(server, client, ledger, prefix, rnd, ready);
      assert.deepEqual(tell(wrong), '', `round ${i} of seed ${seed}`);
      const check = await server.cli('check'); // beside the running server; it walks the audit chain as well
      assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n', `round ${i} of seed ${seed}`);
    }
    const wrong = ledger.compare(await ledger.read(client, '夜'), '夜');
    assert.deepEqual(tell(wrong), '', `all rounds of seed ${seed}`);
    const audit = await server.cli('audit', 'verify');
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    return { records: ledger.rows.size, acknowledged: ledger.acknowledged, unanswered: ledger.unanswered, ready };
  } finally {
    await server.stop();
  }
}

for (const engine of engines) {
  describe(`kill -9 on ${engine}`, () => {
    const ready = [];
    for (let w = 0; w < walks; w++) {
      const share = Math.ceil(rounds / walks), its = (seed + 1009 * w) >>> 0;
      test(`${share} rounds of ${workers} people: nothing lost, doubled, torn, stale or undead`, { timeout: share * 60_000 }, async () => {
        const done = await walk(engine, share, its);
        ready.push(...done.ready);
        const starts = done.ready.toSorted((a, b) => a - b);
        console.log(`${engine}: seed ${its}, ${share} kills, ${done.records} records, ${done.acknowledged} acknowledged writes, ${done.unanswered} unanswered, ready again in ${starts[starts.length >> 1]} ms, at most ${starts.at(-1)}`);
        assert.ok(done.acknowledged >= share * LEAST, 'there was hardly any load');
      });
    }
    if (READY) test(`ready again in ${READY} ms`, () => assert.deepEqual(ready.filter((ms) => ms > READY), []));
  });

  test(`control on ${engine}: each way of spoiling the data is seen, and nothing else`, async () => {
    const rnd = random(seed + 1);
    const server = await startServer({ engine });
    const sql = (text) => (engine === 'pg' ? psql(server.database.url, text) : execFileSync('sqlite3', [join(server.dir, 'zhike.db'), text]));
    try {
      const client = await server.login('admin', server.adminPassword);
      const ledger = new Ledger();
      const load = new Load(client, ledger, '控', rnd, { imports: false, bulk: false });
      const rows = () => [...ledger.rows.values()].filter((r) => r.id && !r.may.length);
      const kinds = { deleted: (r) => r.at.deleted, changed: (r) => !r.at.deleted && r.at.n > 0, contact: (r) => !r.at.deleted && r.contact && r.at.n === 0, plain: (r) => !r.at.deleted };
      for (let i = 0; i < 4000 && !(rows().filter(kinds.deleted).length > 2 && rows().filter(kinds.changed).length > 4 && rows().filter(kinds.contact).length > 4); i++) await sleep(25);
      await load.stop();
      await server.halt('SIGKILL');
      const taken = new Set();
      const some = (kind) => {
        const row = rows().find((r) => kinds[kind](r) && !taken.has(r));
        assert.ok(row, `the load made no row that is ${kind}`);
        taken.add(row);
        return row;
      };
      const spoil = {
        zombie: (row = some('deleted')) => [row, `UPDATE customer SET deleted_at = NULL WHERE id = ${row.id}`],
        stale: (row = some('changed'), n = row.at.n - 1) => [row, `UPDATE customer SET short_name = '${n}', source_detail = '${n}', remark = '${n}' WHERE id = ${row.id}`],
        torn: (row = some('contact')) => [row, `UPDATE customer SET main_contact_id = NULL WHERE id = ${row.id}`],
        torn2: (row = some('plain')) => [row, `UPDATE customer SET source_detail = '77' WHERE id = ${row.id}`],
        lost: (row = some('plain')) => [row, `DELETE FROM customer WHERE id = ${row.id}`],
        lost2: (row = some('plain')) => [row, `UPDATE customer SET deleted_at = 1 WHERE id = ${row.id}`],
        strange: (row = some('plain')) => [row, `UPDATE customer SET short_name = '900', source_detail = '900', remark = '900' WHERE id = ${row.id}`],
        doubled: (row = some('plain')) => [row, `UPDATE customer SET name = '${row.name}', name_f = (SELECT name_f FROM customer WHERE id = ${row.id}) WHERE id = ${some('plain').id}`],
      };
      const want = [];
      for (const [verdict, how] of Object.entries(spoil)) {
        const [row, text] = how();
        await sql(text);
        want.push(`${row.name} ${verdict.replace('2', '')}`);
      }
      const wrong = await readBack(server, client, ledger, '控', { next: () => 1 });
      const told = wrong.map((w) => `${w.name} ${w.verdict}`).sort();
      const robbed = told.filter((x) => !want.includes(x)); // the one whose name was taken for "doubled"
      assert.deepEqual(told, [...want, ...robbed].sort());
      assert.ok(robbed.length === 1 && robbed[0].endsWith(' lost'), `${robbed}`);
    } finally {
      await server.stop();
    }
  });
}

test('control: a log cut short, as by a disk that says it has written and has not: lost or stale', async () => {
  const rnd = random(seed + 2);
  const server = await startServer({ engine: 'sqlite' });
  try {
    const client = await server.login('admin', server.adminPassword);
    const ledger = new Ledger();
    const load = new Load(client, ledger, '截', rnd, { imports: false, bulk: false });
    for (let i = 0; i < 4000 && ledger.acknowledged < 60; i++) await sleep(25);
    await server.halt('SIGKILL');
    await load.stop();
    const wal = join(server.dir, 'zhike.db-wal');
    truncateSync(wal, Math.floor(statSync(wal).size * 0.1));
    await server.launch();
    client.url = server.url;
    const { status } = await client.get('/me');
    if (status === 401) await client.signIn('admin', server.adminPassword); // the session was cut off, too
    const wrong = ledger.compare(await ledger.read(client, '截'), '截').map((w) => w.verdict);
    assert.ok(wrong.includes('lost') || wrong.includes('stale'), `${wrong}`);
  } finally {
    await server.stop();
  }
});
