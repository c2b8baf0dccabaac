// An import over a kill -9, a stop, a cancel: it goes on where it stopped, and no row is there twice.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, makeCompany, passwordOf, psql, startServer, until } from '../lib/index.mjs';
import { checkAndRun, csv, duplicatesOf, errorsOf, find, none, settle, step, upload } from '../lib/imports.mjs';

let server, rep;
before(async () => {
  server = await startServer({ company: true });
  ({ rep } = await makeCompany(server, { only: ['rep'] }));
});
after(() => server?.stop());

const N = 5000;
const head = ['客户名称', '所属行业', '信息来源', '联系方式', '备注'];
// Every hundredth row repeats an early one of the file, so that what was seen before the crash must be known after it.
const many = (word, n = N) => csv([head, ...Array.from({ length: n }, (_, i) => (i % 100 === 99
  ? [`${word}${i % 1000 - 99 < 0 ? 0 : (i % 1000) - 99}号有限公司`, '金融', '广告', `136${String(10000000 + ((i % 1000) - 99 < 0 ? 0 : (i % 1000) - 99))}`, '重复']
  : [`${word}${i}号有限公司`, i % 50 === 7 ? '养鱼' : '金融', '广告', `136${String(10000000 + i)}`, '']))]);
const expected = (n = N) => ({ ...none, created: n - n / 100 - n / 50, duplicate: n / 100, failed: n / 50 });
const count = async (word) => (await rep.get(`/customers?count=exact&limit=1&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', word]))}`)).json.count.value;
/** Runs an import until a tenth of it is done, then what is to happen to it. One that was through before says nothing: once more. → the import's id and word */
async function amid(word, happens, more) {
  for (let i = 0; ; i++) {
    const up = more ? await more(i) : await upload(rep, many(`${word}${'再'.repeat(i)}`));
    assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
    let json;
    do ({ json } = await rep.get(`/imports/${up.id}`)); while (json.state === 'running' && json.progress.done <= json.progress.total / 10);
    if (json.state === 'running' && await happens(up.id)) return { id: up.id, word: `${word}${'再'.repeat(i)}` };
    assert.ok(i < 5, 'six times it was through before anything could happen to it');
    await settle(rep, up.id);
  }
}
/** SQL that only looks: what a killed process left is for the next one to recover. */
const sql = async (text) => (server.database ? psql(server.database.url, text) : execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 10000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8' }).trim());
const job = async (id, what) => Number(await sql(`SELECT ${what} FROM job WHERE kind = 'import_run' AND params LIKE '%"import":${id},%'`));
/** The process ends and another begins. → was it at work on the import, so that the next one took it up? */
const ended = (how) => async (id) => {
  await server.halt(how);
  const lease = how === 'SIGKILL' ? await job(id, 'lease_until') : 0;
  await restart();
  await until(async () => await job(id, 'attempts') > 1 || (await rep.get(`/imports/${id}`)).json.state === 'done', 1, 'the next to take it up');
  if (await job(id, 'attempts') < 2) return false;
  if (lease) assert.ok(Date.now() < lease, 'it waited for the lease of a process that is gone');
  return true;
};
const restart = async () => {
  await server.launch();
  rep = await server.login('rep', passwordOf('rep'));
};
/** It counts, refuses and shows what a run without any hindrance would have. */
async function isWhole(id, word) {
  const done = await settle(rep, id);
  assert.equal(done.state, 'done', JSON.stringify(done));
  assert.deepEqual(done.counts, expected());
  assert.deepEqual(done.progress, { done: N, total: N });
  assert.equal(await count(word), expected().created);
  const rows = (await errorsOf(rep, id)).map((e) => e.row);
  assert.equal(new Set(rows).size, rows.length, 'a row is refused twice');
  assert.equal(rows.length, expected().failed + expected().duplicate);
}

describe('going on', () => {
  test('after kill -9 in the middle, at once and with no row twice', async () => {
    const up = await upload(rep, many('杀'));
    const checked = await step(rep, up.id, 'check');
    assert.deepEqual(checked.counts, expected(), JSON.stringify((await errorsOf(rep, up.id)).slice(0, 3)));
    const { id, word } = await amid('杀', ended('SIGKILL'), (i) => (i ? upload(rep, many(`杀${'再'.repeat(i)}`)) : up));
    await isWhole(id, word);
    // what is resumed is taken back whole, too
    assert.equal((await step(rep, id, 'undo')).state, 'undone');
    assert.equal(await count(word), 0);
  });

  test('after an orderly stop', async () => {
    const { id, word } = await amid('停', ended('SIGTERM'));
    await isWhole(id, word);
  });

  test('a cancelled run, by running it again', async () => {
    let stopped;
    const { id, word } = await amid('消', async (one) => {
      assert.equal((await rep.post(`/imports/${one}/cancel`, {})).status, 200);
      stopped = await settle(rep, one);
      return stopped.state !== 'done';
    });
    assert.equal(stopped.state, 'cancelled', JSON.stringify(stopped));
    assert.ok(stopped.counts.created > 0 && stopped.counts.created < expected().created);
    assert.equal(await count(word), stopped.counts.created);
    assert.equal((await rep.patch(`/imports/${id}`, { sheets: [] })).status, 409); // its plan stands
    assert.equal((await rep.post(`/imports/${id}/check`, {})).status, 409);
    assert.equal((await rep.post(`/imports/${id}/run`, {})).status, 202);
    await isWhole(id, word);
    assert.equal((await duplicatesOf(rep, id)).length > 0, true);
  });

  test('a check that was cancelled begins anew; a killed one ends as if nothing had been', async () => {
    const up = await upload(rep, many('查'));
    assert.equal((await rep.post(`/imports/${up.id}/check`, {})).status, 202);
    await server.halt('SIGKILL');
    await restart();
    const checked = await settle(rep, up.id);
    assert.equal(checked.state, 'checked', JSON.stringify(checked));
    assert.deepEqual(checked.counts, expected());
    assert.equal(await count('查'), 0);
  });

  // PostgreSQL looks at a table some time after it was filled: until then it believes that there is nothing in it
  test('what the check wrote is cleared away by its keys, whatever PostgreSQL believes of the tables', { skip: defaultEngine !== 'pg' && 'SQLite keeps no such numbers' }, async () => {
    const up = await upload(rep, many('清'));
    await step(rep, up.id, 'check');
    const tables = ['import_row', 'import_row_error', 'import_dup'];
    const read = async () => Number(await sql(`SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname IN ('${tables.join("','")}')`));
    const gone = async () => Number(await sql("SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'import_row'"));
    for (const t of tables) await sql(`ALTER TABLE ${t} SET (autovacuum_enabled = off); UPDATE pg_class SET reltuples = 1, relpages = greatest(relpages, 1000) WHERE relname = '${t}'`);
    const before = [await read(), await gone()];
    assert.equal((await step(rep, up.id, 'run')).state, 'done');
    await until(async () => await gone() >= before[1] + N, 1, 'the numbers tell of the rows that went');
    const rows = await read() - before[0];
    assert.ok(rows < 20 * N, `${rows} rows were read to write ${N}`);
    for (const t of tables) await sql(`ALTER TABLE ${t} RESET (autovacuum_enabled); ANALYZE ${t}`);
    await isWhole(up.id, '清');
  });

  // its lease was over before it had come to its first row, on a machine that hardly got to it
  test('taken up by another while it still clears away what the check wrote: each row is there once, and what became of it', { skip: defaultEngine !== 'pg' && 'SQLite has one writer' }, async () => {
    const up = await upload(rep, many('夺'));
    await step(rep, up.id, 'check');
    // somebody holds a row of the first piece that is cleared away, and one of a later piece
    const holders = await Promise.all([40, 900].map(async (row) => {
      const one = spawn('psql', ['-X', '-q', '-A', '-t', '-d', server.database.url], { stdio: ['pipe', 'pipe', 'inherit'] });
      let said = '';
      one.stdout.on('data', (d) => { said += d; });
      one.stdin.write(`BEGIN;\nSELECT 'held' FROM import_row WHERE import_id = ${up.id} AND "row" = ${row} FOR UPDATE;\n`);
      await until(() => said.includes('held'), 1, 'the row is held');
      return one;
    }));
    try {
      assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
      const waiting = async () => Number(await sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"));
      await until(async () => await waiting() === 1, 1, 'the clearing waits for the row');
      const robbed = psql(server.database.url, `UPDATE job SET lease_until = 0 WHERE kind = 'import_run' AND params LIKE '%"import":${up.id},%'`);
      await until(async () => await waiting() >= 2, 1, 'another waits, too');
      holders[0].stdin.end('COMMIT;\n');
      await robbed;
      // whoever has it waits at the other row, or it has failed: before, the second did not wait and met that row
      let seen = 0;
      await until(async () => (await rep.get(`/imports/${up.id}`)).json.state !== 'running' || (await waiting() >= 1 && ++seen > 40), 1, 'it has come to the other row');
      holders[1].stdin.end('COMMIT;\n');
      await isWhole(up.id, '夺');
      assert.equal(Number(await sql(`SELECT count(*) FROM import_row WHERE import_id = ${up.id}`)), N);
    } finally { for (const one of holders) one.kill(); }
  });

  test('updates, too: killed in the middle each record is written once', async () => {
    const first = Array.from({ length: 2000 }, (_, i) => [`更${i}号有限公司`, '金融', '广告', `135${String(10000000 + i)}`, '旧']);
    await checkAndRun(rep, (await upload(rep, csv([head, ...first]))).id);
    let tries = 0;
    const up = await amid('更', ended('SIGKILL'), (i) => { tries = i; return upload(rep, csv([head, ...first.map((r) => [...r.slice(0, 4), `新${i || ''}`])]), { plan: { mode: 'update' } }); });
    const done = await settle(rep, up.id);
    assert.deepEqual(done.counts, { ...none, updated: 2000 });
    const list = (await rep.get(`/customers?limit=200&fields=name,version&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', '更']))}`)).json.data;
    assert.ok(list.every((c) => c.version === 2 + tries), JSON.stringify(list.find((c) => c.version !== 2 + tries)));
    assert.equal((await step(rep, up.id, 'undo')).state, 'undone');
    assert.deepEqual(await errorsOf(rep, up.id, 'undo'), []);
    const [c] = await find(rep, 'customers', 'name', '更7号有限公司');
    assert.equal((await rep.get(`/customers/${c.id}`)).json.remark, tries ? `新${tries - 1 || ''}` : '旧');
    const check = await server.cli('check');
    assert.equal(check.code, 0, check.stdout + check.stderr);
  });
});
