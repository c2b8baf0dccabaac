// Killed in the midst of a migration, at evenly spaced writes of it: the next start finishes it, the schema is that of a
// migration nobody disturbed, no step is noted twice, and what was in the folder is there. Control: the same walk with a step
// taken away behind the migration's back is red.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../lib/index.mjs';
import { all, customer, make } from '../lib/records.mjs';
import { amount } from './ledger.mjs';
import { OPS, Shim } from './shim.mjs';

const points = amount('ZHIKE_MIGRATE_POINTS', 8, 100);

const sql = (dir, text) => execFileSync('sqlite3', [join(dir, 'zhike.db'), text], { encoding: 'utf8' }).trim();
/** The schema without the order of columns, which ALTER TABLE decides. */
const schemaOf = (dir) => [
  sql(dir, "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || coalesce(c.dflt_value, '') FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1"),
  sql(dir, "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE type <> 'table' ORDER BY 1"),
  sql(dir, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"),
].join('\n--\n');

/** Takes from the folder what an older program would not have known: tables, columns, indexes and their lines in the ledger. */
function older(dir) {
  const list = (text) => sql(dir, text).split('\n').filter(Boolean);
  const tables = ['announcement_ack', 'dashboard', 'rule_run', 'metric_daily', 'phrase'];
  for (const t of tables) sql(dir, `DROP TABLE ${t}; DELETE FROM schema_ledger WHERE what LIKE '%"${t}"%'`);
  const indexes = list("SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL AND tbl_name IN ('customer', 'contact', 'task')");
  assert.ok(indexes.length > 20, `${indexes.length} indexes`);
  for (const i of indexes) sql(dir, `DROP INDEX "${i}"; DELETE FROM schema_ledger WHERE what LIKE '%"${i}"%'`);
  for (const [t, columns] of [['customer', ['remark', 'remark_f', 'website']], ['contact', ['remark', 'remark_f']]]) {
    for (const c of columns.filter((name) => list(`SELECT name FROM pragma_table_info('${t}')`).includes(name)))
      sql(dir, `ALTER TABLE ${t} DROP COLUMN "${c}"`);
  }
  sql(dir, "DELETE FROM schema_format; DELETE FROM schema_ledger WHERE what LIKE 'format%'; PRAGMA wal_checkpoint(TRUNCATE)");
}

test(`killed at ${points} writes of a migration`, { timeout: points * 20_000 }, async () => {
  const server = await startServer({ engine: 'sqlite' });
  try {
    const admin = await server.admin();
    for (let i = 0; i < 40; i++) await make(admin, 'customers', customer({ short_name: `旧${i}` }));
    await server.halt();
    const before = join(server.folder, 'before');
    const { dir } = server;
    older(dir);
    cpSync(dir, before, { recursive: true });
    const again = () => { rmSync(dir, { recursive: true }); cpSync(before, dir, { recursive: true }); };

    // how many writes there are, and what comes out of it undisturbed
    const shim = new Shim(server);
    shim.arm(OPS.write + OPS.sync + OPS.truncate, 'KILL', 2 ** 30);
    await shim.launch();
    const { calls } = shim.disarm();
    await server.halt();
    const whole = schemaOf(dir);
    assert.notEqual(whole, schemaOf(before));
    assert.ok(calls > points, `${calls} writes`);
    const noted = (d) => sql(d, 'SELECT what, count(*) FROM schema_ledger GROUP BY what HAVING count(*) > 1');
    assert.equal(noted(dir), '');

    let killed = 0;
    for (let i = 0; i < points; i++) {
      again();
      const n = 1 + Math.floor((i * calls) / points);
      shim.arm(OPS.write + OPS.sync + OPS.truncate, 'KILL', n);
      try {
        await shim.launch();
        shim.disarm();
        await server.halt();
      } catch (e) {
        assert.match(String(e.message), /ended with SIGKILL/, `at write ${n}: ${e.message}`);
        server.child = null;
        killed++;
      }
      shim.disarm();
      await server.launch();
      const back = await server.login('admin', server.adminPassword);
      assert.equal((await all(back, '/customers', 'limit=200')).length, 40, `at write ${n}`);
      await make(back, 'customers', customer());
      await server.halt();
      assert.equal(schemaOf(dir), whole, `at write ${n} of ${calls}`);
      assert.equal(noted(dir), '', `at write ${n}`);
      const check = await server.cli('check');
      assert.equal(check.code, 0, `at write ${n}: ${check.stdout}${check.stderr}`);
    }
    assert.ok(killed >= points * 0.8, `${killed} of ${points} were killed`);
    console.log(`killed ${killed} times at ${calls} writes`);

    sql(dir, 'DROP INDEX ' + sql(dir, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL AND tbl_name = 'customer' LIMIT 1"));
    assert.notEqual(schemaOf(dir), whole, 'the control');
    shim.end();
  } catch (e) {
    server.child = null;
    throw e;
  } finally {
    await server.stop();
  }
});
