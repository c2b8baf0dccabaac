// Two servers on one PostgreSQL and one data folder: a job runs once, what the keepers do is done once, and one that stood still
// while the other took over writes nothing more. Control: the same work done twice by hand is seen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { psql, Server, slow, startServer, until } from '../lib/index.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';
import { amount } from './ledger.mjs';
import { Shim } from './shim.mjs';

const skip = process.env.ZHIKE_TEST_PG_URL ? false : 'no PostgreSQL';
const BATCH = 40, JOBS = amount('ZHIKE_TWO_JOBS', BATCH, 1000);

describe('two servers, one database', { skip }, () => {
  let one, two, a, b, shim;
  const sql = (text) => psql(one.database.url, text);
  const number = async (text) => Number(await sql(text));
  const metric = async (server, name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)`, 'm').exec((await server.anyone().get('//metrics')).text)?.[1] ?? 0);
  before(async () => {
    const env = { ZHIKE_LIMIT_EXPORT_FREE_ROWS: '100000' }; // a thousand small exports of one person
    one = await startServer({ engine: 'pg', env });
    two = new Server({ engine: 'pg', env, args: [], folder: one.folder, database: one.database });
    two.adminPassword = one.adminPassword;
    shim = new Shim(two);
    await shim.launch();
    [a, b] = [await one.admin(), await two.admin()];
  });
  after(async () => {
    await two?.halt();
    shim?.end();
    await one?.stop();
  });
  const bodyOf = (word, i) => ({ name: `${word}${i}`, industry: 'it', source: 'other', phone: `133${String(i).padStart(8, '0')}` });

  test('they have two numbers, and no id is given twice', async () => {
    assert.equal(await sql('SELECT count(DISTINCT id) FROM node_lease WHERE expires_at > (extract(epoch FROM now()) * 1000)'), '2');
    const made = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 ? a : b).post('/customers', bodyOf('双', i))));
    assert.deepEqual([...new Set(made.map((m) => m.status))], [201]);
    assert.equal(new Set(made.map((m) => m.json.id)).size, 200);
  });

  test(`${JOBS} jobs queued at both: each runs once, and both work`, { timeout: (120_000 + JOBS * 1000) * slow }, async () => {
    const jobs = [];
    const done = async () => [await metric(one, 'zhike_jobs_ended_total{state="done"}'), await metric(two, 'zhike_jobs_ended_total{state="done"}')];
    for (let i = 0; ; i++) { // until both have had some: who is quicker is not said
      const queued = await Promise.all(Array.from({ length: BATCH }, (_, k) => (k % 2 ? a : b).post('/customers/export', { format: 'csv', filter: ['name', '=', '双1'] })));
      assert.deepEqual([...new Set(queued.map((q) => q.status))], [202], queued[0].text);
      jobs.push(...queued.map((q) => q.json.job ?? q.json.id));
      await until(async () => await number("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") === 0, 60_000, 'the end of all jobs');
      if (jobs.length >= JOBS && ((await done()).every((n) => n > 0) || i >= JOBS / BATCH + 5)) break;
    }
    // Counted behind its COMMIT: the last one may be told by the database first.
    const each = await until(async () => { const now = await done(); return now[0] + now[1] >= await number("SELECT count(*) FROM job WHERE state = 'done'") && now; }, 10_000, 'the count of the last end');
    assert.ok(each.every((n) => n > 0), `one of them did nothing: ${each}`);
    assert.equal(each[0] + each[1], await number("SELECT count(*) FROM job WHERE state = 'done'"), 'every end is one job');
    assert.equal(await number("SELECT count(*) FROM job WHERE state <> 'done' OR attempts <> 1"), 0);
    assert.equal(await number("SELECT count(*) FROM attachment WHERE parent_type = 'job'"), jobs.length, 'a file for each');
    assert.equal(await number("SELECT count(*) FROM notification WHERE kind = 'job'"), jobs.length, 'one notification for each');
    console.log(`two servers: ${jobs.length} jobs, ${each.join(' and ')}`);
  });

  test('the clock of one is a minute ahead: it takes a job over from the other, who writes nothing more', { timeout: 120_000 * slow }, async () => {
    const ROWS = 6000;
    shim.shift(0);
    const up = await upload(a, csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: ROWS }, (_, i) => [`接${i}`, '金融', '广告', `132${String(i).padStart(8, '0')}`])]));
    assert.equal((await a.post(`/imports/${up.id}/run`, {})).status, 202);
    await until(async () => (await a.get(`/imports/${up.id}`)).json.progress?.done > 0, 30_000, 'some rows');
    // One is ahead: whoever has the job renews its lease all the time, so that moment is made by hand; a few times, for the
    // holder may be quicker.
    shim.shift(60_000);
    for (let i = 0; i < 3 && !/job_lost/.test(one.log + two.log); i++) {
      await sql("UPDATE job SET lease_until = 0 WHERE state = 'running'");
      await until(async () => await number("SELECT count(*) FROM job WHERE state = 'running' AND lease_until = 0") === 0, 10_000, 'a word of its holder, or of another');
    }
    const done = await settle(a, up.id);
    shim.shift(0);
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.equal(done.counts.created, ROWS);
    assert.equal(await number("SELECT count(*) FROM customer WHERE name LIKE '接%'"), ROWS);
    assert.equal(await number("SELECT count(DISTINCT name) FROM customer WHERE name LIKE '接%'"), ROWS);
    assert.equal(await number(`SELECT count(*) FROM audit_log WHERE action = 'import' AND record_id = ${up.id}`), 1, 'told once that it is done');
  });

  test('keepers: each reminder once, the bin erased and told of once, the chain of the audit log whole', { timeout: 120_000 * slow }, async () => {
    const due = new Date(Date.now() + 60_000).toISOString();
    await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? a : b).post('/tasks', { title: `双提醒${i}`, due_at: due })));
    await until(async () => await number("SELECT count(*) FROM notification WHERE kind = 'task_due'") >= 60, 30_000, 'the reminders');
    assert.equal((await a.stepUp()).status, 204);
    const bulk = await a.post('/customers/bulk', { filter: ['name', 'starts', '接5'], action: 'delete' });
    assert.equal(bulk.status, 202, bulk.text);
    await until(async () => await number("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") === 0, 60_000, 'the end of the deletion');
    assert.equal(await number("SELECT done FROM job WHERE kind = 'bulk'"), 1111, 'ids of the clock that is ahead were left out');
    const gone = (await sql("UPDATE customer SET deleted_at = 1000 WHERE name LIKE '接5%' AND deleted_at IS NOT NULL RETURNING id")).split('\n').length;
    // the bin is looked at when a server begins, so both begin at once
    await Promise.all([one.halt(), two.halt()]);
    await Promise.all([one.launch(), shim.launch()]);
    a.url = one.url;
    b.url = two.url;
    await until(async () => await number("SELECT count(*) FROM customer WHERE name LIKE '接5%'") === 0, 60_000, 'an empty bin')
    assert.equal(await number("SELECT count(*) FROM notification WHERE kind = 'task_due'"), 60, 'a reminder was told twice');
    const told = "SELECT coalesce(sum((changes::json->>'rows')::int), 0) FROM audit_log WHERE action = 'erase' AND entity = 'customer'";
    await until(async () => await number(told) >= gone, 10_000, 'the audit of it');
    assert.equal(await number(told), gone, 'rows erased, and rows told of');
    // control: told once more by hand, the same question sees it
    assert.equal(await number(`SELECT 2 * (${told})`), 2 * gone);
    const verify = await one.cli('audit', 'verify');
    assert.equal(verify.code, 0, verify.stdout + verify.stderr);
    const check = await one.cli('check');
    assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
  });
});
