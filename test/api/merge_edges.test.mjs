// A merge beside what goes on at the same time or later: a file on its way, figures, the emptying of the bin, the undo of an import,
// rules of the clock.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCompany, passwordOf, startServer, until } from '../lib/index.mjs';
import { csv, errorsOf, none, step, upload } from '../lib/imports.mjs';
import { filter, followUp, make, makeCustomer, mobile, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

const DAY = 86400_000;
let server, boss;
before(async () => {
  server = await startServer({ company: true });
  ({ boss } = await makeCompany(server, { only: ['boss'] }));
});
after(() => server?.stop());

async function merged(survivor, other, over = {}) {
  const answer = await boss.post('/customers/merge', { survivor: survivor.id, merged: [other.id], ...over });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.merge.id;
}
async function undone(merge) {
  const answer = await boss.post(`/merges/${merge}/undo`);
  assert.equal(answer.status, 200, answer.text);
}
async function sound() { const check = await server.cli('check'); assert.equal(check.code, 0, check.stdout + check.stderr); }

/** Another connection in the middle of a write that has done `text`; end() lets it through. */
async function writing(text) {
  const one = server.database ? spawn('psql', ['-X', '-q', '-A', '-t', '-d', server.database.url], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn('sqlite3', ['-cmd', '.timeout 10000', join(server.dir, 'zhike.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  one.stdout.on('data', (d) => { said += d; });
  one.stdin.write(`${server.database ? 'BEGIN' : 'BEGIN IMMEDIATE'};\n${text};\nSELECT 'held';\n`);
  await until(() => said.includes('held'), 20_000, 'the write has begun');
  const gone = new Promise((done) => { one.on('exit', done); });
  return { end: async () => { one.stdin.end('COMMIT;\n'); await gone; }, kill: () => one.kill() };
}

test('a file whose record was merged after it was looked at is refused, not left at the tombstone', async () => {
  const a = await makeCustomer(boss), b = await makeCustomer(boss), text = `file of ${b.id}`;
  const sum = createHash('sha256').update(text).digest('hex'), bytes = join(server.dir, 'files', sum.slice(0, 2), sum.slice(2));
  // what a merge does to it, before anything is moved
  const lock = server.database ? `SELECT id FROM customer WHERE id IN (${a.id}, ${b.id}) FOR UPDATE; ` : '';
  const merging = await writing(`${lock}UPDATE customer SET deleted_at = ${Date.now()}, merged_into_id = ${a.id} WHERE id = ${b.id}`);
  try {
    const sent = boss.upload(`/customers/${b.id}/attachments`, 'a.txt', text);
    await until(() => existsSync(bytes), 20_000, 'the file has been let in'); // the record was found alive; its row comes next
    await merging.end();
    problem(await sent, 404, 'not_found');
  } finally { merging.kill(); }
  assert.deepEqual(await rowsOf(server, `SELECT id FROM attachment WHERE parent_id = ${b.id}`), []);
  await rowsOf(server, `UPDATE customer SET deleted_at = NULL, merged_into_id = NULL WHERE id = ${b.id}`);
  assert.equal((await boss.upload(`/customers/${b.id}/attachments`, 'a.txt', text)).status, 201);
});

test('at the same moment: files are at the survivor or refused, and go back with the undo', async () => {
  for (let round = 0; round < 6; round++) {
    const [a, b] = [await makeCustomer(boss), await makeCustomer(boss)];
    const send = (n) => boss.upload(`/customers/${b.id}/attachments`, `${n}.txt`, `round ${round} ${n}`);
    const [one, merge, two, three] = await Promise.all([send(1), boss.post('/customers/merge', { survivor: a.id, merged: [b.id] }), send(2), send(3)]);
    assert.equal(merge.status, 200, merge.text);
    const sent = [one, two, three];
    for (const x of sent) assert.ok([201, 404].includes(x.status), x.text);
    const kept = sent.filter((x) => x.status === 201).map((x) => String(x.json.id)).sort();
    const at = async (id) => (await rowsOf(server, `SELECT id FROM attachment WHERE parent_id = ${id}`)).flat().sort();
    assert.deepEqual([await at(a.id), await at(b.id)], [kept, []]);
    await undone(merge.json.merge.id);
    assert.deepEqual([await at(a.id), await at(b.id)], [[], kept]);
  }
  await sound();
});

test('lists, counts, sums and metrics are those of the survivor right after the merge, and as before after its undo', async () => {
  const mark = `指标${mobile()}`, own = filter(['name', 'starts', mark]);
  const a = await makeCustomer(boss, { name: `${mark}甲公司`, level: 'key', annual_revenue: '100.00' }), b = await makeCustomer(boss, { name: `${mark}乙公司`, level: 'normal', annual_revenue: '40.00' });
  for (const c of [a, b, b]) await make(boss, 'follow-ups', followUp(c.id));
  const ofBoth = ['customer', 'in', [a.id, b.id]], talks = filter(ofBoth);
  const define = (over) => make(boss, 'metric-defs', { label_zh: over.name, label_en: over.name, measure: 'count', ...over });
  const [customers, revenue, talked] = await Promise.all([
    define({ name: `merged_count_${a.id}`, entity: 'customer', dimensions: ['level'], filter: ['name', 'starts', mark] }),
    define({ name: `merged_sum_${a.id}`, entity: 'customer', measure: 'sum', field: 'annual_revenue', filter: ['name', 'starts', mark] }),
    define({ name: `merged_talks_${a.id}`, entity: 'follow_up', filter: ofBoth }),
  ]);
  const metric = async (m, query = '') => { const x = await boss.get(`/metrics/${m.name}?${query}`); assert.equal(x.status, 200, x.text); return query ? x.json.data.map((d) => [d.group.value, Number(d.value)]) : Number(x.json.total.value); };
  const figures = async () => {
    const list = (await boss.get(`/customers?limit=50&count=exact&sort=id&fields=follow_up_count&${own}`)).json;
    return {
      list: list.data.map((c) => [c.id, c.follow_up_count]), count: list.count.value,
      talks: (await boss.get(`/follow-ups?limit=50&sort=id&${talks}`)).json.data.map((f) => f.customer.id),
      found: (await boss.get(`/customers?limit=50&q=${encodeURIComponent(b.name)}`)).json.data.map((c) => c.id),
      customers: await metric(customers), levels: (await metric(customers, 'by=level')).sort(), revenue: await metric(revenue), talked: await metric(talked),
    };
  };
  const was = await figures();
  assert.deepEqual([was.list, was.count, was.talks, was.found], [[[a.id, 1], [b.id, 2]], 2, [a.id, b.id, b.id], [b.id]]);
  assert.deepEqual([was.customers, was.revenue, was.talked, was.levels], [2, 140, 3, [['key', 1], ['normal', 1]]]);
  const merge = await merged(a, b);
  const now = await figures();
  assert.deepEqual([now.list, now.count, now.talks, now.found], [[[a.id, 3]], 1, [a.id, a.id, a.id], [a.id]]);
  assert.deepEqual([now.customers, now.revenue, now.talked, now.levels], [1, 100, 3, [['key', 1]]]);
  await undone(merge);
  assert.deepEqual(await figures(), was);
});

test('the undo of an import passes over what was merged since, and says so', async () => {
  const head = ['客户名称', '所属行业', '信息来源', '联系方式', '备注'], phones = [mobile(), mobile(), mobile()];
  const rows = phones.map((phone, i) => [`合并导入${phone}有限公司`, '金融', '广告', phone, `第${i}行`]);
  const up = await upload(boss, csv([head, ...rows]), { plan: {} }), done = await step(boss, up.id, 'run');
  assert.deepEqual(done.counts, { ...none, created: 3 }, JSON.stringify(done));
  const ids = (await rowsOf(server, `SELECT record_id FROM import_row WHERE import_id = ${up.id} ORDER BY "row"`)).flat().map(Number);
  const a = await makeCustomer(boss), merge = await merged(a, { id: ids[1] }, { choose: { remark: ids[1] } });
  const back = await step(boss, up.id, 'undo');
  assert.equal(back.state, 'undone');
  const told = await errorsOf(boss, up.id, 'undo');
  assert.deepEqual(told.map((e) => [e.row, e.code]), [[3, 'undo.refused']]);
  assert.match(told[0].message, /合并/);
  const state = async () => Object.fromEntries((await rowsOf(server, `SELECT id, deleted_at IS NULL, coalesce(merged_into_id, 0) FROM customer WHERE id IN (${ids})`)).map(([id, ...rest]) => [id, rest.map((v) => ({ t: 1, f: 0 })[v] ?? Number(v))]));
  assert.deepEqual(await state(), { [ids[0]]: [0, 0], [ids[1]]: [0, a.id], [ids[2]]: [0, 0] });
  assert.equal((await boss.get(`/customers/${ids[1]}`)).json.code, 'merged');
  assert.equal((await boss.get(`/customers/${a.id}`)).json.remark, '第1行', 'what it brought is with the survivor');
  await undone(merge);
  assert.deepEqual((await state())[ids[1]], [1, 0]);
  await sound();
});

test('a rule of the clock does not touch what was merged away', async () => {
  const mark = `定时${mobile()}`, a = await makeCustomer(boss, { name: `${mark}甲公司` }), b = await makeCustomer(boss, { name: `${mark}乙公司` });
  const rule = await make(boss, 'rules', { name: mark, entity: 'customer', event: 'scheduled', cron: '30 1 * * *', enabled: true, filter: ['name', 'starts', mark],
    actions: [{ do: 'set', values: { level: 'key' } }, { do: 'task', title: mark, for: ['owner'], days: 1 }] });
  const merge = await merged(a, b);
  const answer = await boss.post(`/rules/${rule.id}/actions/run_now`, {});
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await boss.job(answer.json.job.id)).state, 'done');
  const runs = (await boss.get(`/rule-runs?limit=50&${filter(['rule', '=', rule.id])}`)).json.data;
  assert.deepEqual(runs.map((r) => r.record.id), [a.id]);
  assert.deepEqual((await boss.get(`/tasks?limit=50&${filter(['title', '=', mark])}`)).json.data.map((t) => t.customer.id), [a.id]);
  await undone(merge);
  const [now, other] = await Promise.all([a, b].map((c) => boss.get(`/customers/${c.id}`)));
  assert.deepEqual([now.json.level, other.json.level, other.json.version > b.version], ['key', 'normal', true]);
});

test('the emptying of the bin leaves the tombstone as long as the survivor is there, and takes both when its time is over', async () => {
  const [a, b, x] = [await makeCustomer(boss), await makeCustomer(boss), await makeCustomer(boss)];
  const f = await make(boss, 'follow-ups', followUp(b.id)), merge = await merged(a, b);
  const old = (...of) => rowsOf(server, `UPDATE customer SET deleted_at = deleted_at - ${31 * DAY} WHERE id IN (${of.map((r) => r.id)})`);
  const there = (...of) => rowsOf(server, `SELECT id FROM customer WHERE id IN (${of.map((r) => r.id)}) ORDER BY id`).then((rows) => rows.flat().map(Number));
  const emptied = async (...of) => {
    await server.halt(); // the bin is looked at when the program starts
    await server.launch();
    boss = await server.login('boss', passwordOf('boss'));
    await until(async () => (await there(...of)).length === 0, 60_000, 'the bin is emptied');
  };
  assert.equal((await boss.delNow(`/customers/${x.id}`)).status, 204);
  await old(b, x);
  await emptied(x);
  assert.deepEqual(await there(a, b), [a.id, b.id]);
  assert.equal((await boss.get(`/follow-ups/${f.id}`)).json.customer.id, a.id);
  assert.equal(problem(await boss.get(`/customers/${b.id}`), 404, 'merged').merged_into, a.id);
  await undone(merge);
  const again = await merged(a, b);
  assert.equal((await boss.delNow(`/customers/${a.id}`)).status, 204);
  await old(a, b);
  await rowsOf(server, `UPDATE follow_up SET deleted_at = deleted_at - ${31 * DAY} WHERE id = ${f.id}`);
  await emptied(a, b);
  problem(await boss.post(`/merges/${again}/undo`), 404, 'not_found');
  assert.deepEqual(await rowsOf(server, `SELECT record_id FROM merge_row WHERE merge_id = ${again}`), []);
  await sound();
});
