// What a merge of two customers costs, and its undo (docs/benchmarks.md): with few and with many follow-ups at the one that goes. The time, the
// processor time of the server and of its PostgreSQL sessions, and the longest hold of the writer, which is the server's own figure.
//
// The baseline is the bare minimum in one transaction, by sqlite3 or psql on the same rows of the same database: for each link the statement
// that notes the rows in merge_row and the one that moves them, the tombstone, the survivor's version. No rights, no preview, no counts,
// no history or audit log, no search words, no letters. Its undo: the rows back, the tombstone alive.
//
//   node bench/merge.mjs [--house 100000] [--follow-ups 100,10000] [--times 20,3] [--bin build/zhike] [--maker build/bench_maker]
// --house: so many other customers are there, with their contacts and follow-ups.
//      ZHIKE_TEST_ENGINE=pg ZHIKE_TEST_PG_URL=…: PostgreSQL
import { execFileSync, spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { cpuMs } from './cpu.mjs';
import { holds } from './hold.mjs';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
process.env.ZHIKE_BIN = option('bin', process.env.ZHIKE_BIN ?? join(import.meta.dirname, '../build/zhike'));
const { makeCompany, passwordOf, startServer } = await import('../test/lib/index.mjs');
const { followUp, make, makeCustomer } = await import('../test/lib/records.mjs');
const { rowsOf } = await import('../test/lib/recount.mjs');
const sizes = option('follow-ups', '100,10000').split(',').map(Number), times = option('times', '20,3').split(',').map(Number);
const ok = (answer) => { if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`); return answer.json; };
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const told = (list) => `${median(list).toFixed(1)} (${Math.min(...list).toFixed(1)} to ${Math.max(...list).toFixed(1)})`;

const house = option('house', '0'), server = await startServer({ company: true }), url = server.database?.url;
if (house !== '0') {
  await server.halt();
  await server.cliOk('demo', '--customers', '0', { timeout: 60_000 });
  execFileSync(option('maker', join(import.meta.dirname, '../build/bench_maker')), ['--data', server.dir, ...(url ? ['--database', url] : []), '--customers', house], { stdio: 'ignore' });
  await server.launch();
}
let { boss } = await makeCompany(server, { only: ['boss'] });
/** ms of the processor that the sessions of this database have used so far; those that ended are not in it, so none may end in between. */
const sessions = () => (url ? execFileSync('psql', ['-X', '-At', '-d', url, '-c', "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"], { encoding: 'utf8' })
  .trim().split('\n').filter(Boolean).reduce((sum, pid) => sum + cpuMs(pid), 0) : 0);

/** One connection of sqlite3 or psql that takes statements; done() waits until they are carried out. */
async function bare() {
  const child = url ? spawn('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn('sqlite3', ['-bail', '-cmd', 'PRAGMA synchronous = FULL', join(server.dir, 'zhike.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '', n = 0, heard = () => {};
  child.stdout.on('data', (d) => { said += d; heard(); });
  const ended = new Promise((_, no) => { child.on('exit', (code) => code && no(new Error(`the bare statements ended with ${code}`))); });
  ended.catch(() => {});
  const done = async (text) => {
    const word = `done${++n}.`;
    const came = new Promise((yes) => { heard = () => said.includes(word) && yes(); });
    child.stdin.write(`${text}\nSELECT '${word}';\n`);
    await Promise.race([came, ended]);
  };
  await done('');
  const pid = url ? Number((await rowsOf(server, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql' AND pid <> pg_backend_pid()"))[0][0]) : child.pid;
  return { done, cpu: () => cpuMs(pid), end: () => child.stdin.end() };
}

for (const [at, many] of sizes.entries()) {
  const [a, b] = [await makeCustomer(boss), await makeCustomer(boss)], rounds = times[at] ?? 3;
  for (let left = many; left > 0; left -= 8) await Promise.all(Array.from({ length: Math.min(8, left) }, () => make(boss, 'follow-ups', followUp(b.id))));
  await server.halt(); // the longest hold is that since the start
  await server.launch();
  boss = await server.login('boss', passwordOf('boss'));
  const wall = { merge: [], undo: [] }, cpu = { merge: 0, undo: 0 }, behind = { merge: 0, undo: 0 };
  const measured = async (what, work) => {
    const mine = cpuMs(server.child.pid), theirs = sessions();
    const start = performance.now(), answer = ok(await work());
    wall[what].push(performance.now() - start);
    cpu[what] += cpuMs(server.child.pid) - mine;
    behind[what] += sessions() - theirs;
    return answer;
  };
  let links;
  for (let i = 0; i < rounds; i++) {
    const answer = await measured('merge', () => boss.post('/customers/merge', { survivor: a.id, merged: [b.id] }));
    if (answer.moved.follow_up !== many) throw new Error(JSON.stringify(answer.moved));
    links ??= await rowsOf(server, `SELECT entity, field, count(*) FROM merge_row WHERE merge_id = ${answer.merge.id} AND kind = 'link' AND entity = 'follow_up' GROUP BY 1, 2`);
    await measured('undo', () => boss.post(`/merges/${answer.merge.id}/undo`));
  }
  const h = (await holds(server)).people;
  await server.halt(); // the rows are nobody else's now
  const one = await bare(), bareWall = { merge: [], undo: [] }, bareCpu = { merge: 0, undo: 0 };
  for (let i = 0; i < rounds; i++) {
    const m = 1000 + at * 1000 + i, noted = (t, f) => `(SELECT record_id FROM merge_row WHERE merge_id = ${m} AND kind = 'link' AND entity = '${t}' AND field = '${f}')`;
    const stamp = `version = version + 1, updated_at = ${Date.now()}`;
    const run = async (what, text) => {
      const before = one.cpu(), start = performance.now();
      await one.done(`${url ? 'BEGIN' : 'BEGIN IMMEDIATE'};\n${text.join(';\n')};\nCOMMIT;`);
      bareWall[what].push(performance.now() - start);
      bareCpu[what] += one.cpu() - before;
    };
    await run('merge', [...links.flatMap(([t, f]) => [
      `INSERT INTO merge_row (merge_id, kind, entity, field, record_id, was) SELECT ${m}, 'link', '${t}', '${f}', id, ${f} FROM ${t} WHERE ${f} = ${b.id}`,
      `UPDATE ${t} SET ${f} = ${a.id}, ${stamp} WHERE id IN ${noted(t, f)}`]),
    `UPDATE customer SET deleted_at = ${Date.now()}, merged_into_id = ${a.id}, ${stamp} WHERE id = ${b.id}`, `UPDATE customer SET ${stamp} WHERE id = ${a.id}`]);
    await run('undo', [...links.map(([t, f]) => `UPDATE ${t} SET ${f} = ${b.id}, ${stamp} WHERE ${f} = ${a.id} AND id IN ${noted(t, f)}`),
      `UPDATE customer SET deleted_at = NULL, merged_into_id = NULL, ${stamp} WHERE id = ${b.id}`, `UPDATE customer SET ${stamp} WHERE id = ${a.id}`]);
  }
  one.end();
  console.log(`${url ? 'PostgreSQL' : 'SQLite'}, ${many} follow-ups (${links.map((l) => `${l[1]} ${l[2]}`).join(', ')}), ${rounds} times, load ${loadavg()[0].toFixed(1)}; longest hold ${h.longest.all.toFixed(1)} ms (rows ${h.longest.rows.toFixed(1)}, search ${h.longest.search.toFixed(1)}, commit ${h.longest.commit.toFixed(1)}; on a core ${h.longest.core.toFixed(1)})`);
  for (const what of ['merge', 'undo']) {
    const all = (cpu[what] + behind[what]) / rounds, base = bareCpu[what] / rounds;
    console.log(`  ${what}: ${told(wall[what])} ms, processor ${(cpu[what] / rounds).toFixed(1)} ms${url ? ` and ${(behind[what] / rounds).toFixed(1)} of PostgreSQL's` : ''}; bare ${told(bareWall[what])} ms, processor ${base.toFixed(1)} ms; by processor time ${base ? (all / base).toFixed(2) : '?'} times`);
  }
  await server.launch();
  boss = await server.login('boss', passwordOf('boss'));
}
await server.stop();
process.exit(0);
