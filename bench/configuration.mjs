// What configuration as a file costs: a house of many custom fields, rules, views and flows is made (one by one, as a page does: the
// baseline), exported, compared with itself and with a file in which every rule is another, brought into an empty house as one file,
// and taken back. Processor time of the server (and of PostgreSQL), at a quarter of the size and at the whole: it must grow as the rows do.
//
//   node bench/configuration.mjs [--fields 200] [--rules 1000] [--views 200] [--flows 100] [--rounds 3] [--bin build/zhike]
//                                [--database URL of a PostgreSQL on this machine, where databases are made and dropped]
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { cpuMs, postgresCpu } from './cpu.mjs';

const args = process.argv.slice(2);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };
process.env.ZHIKE_BIN = option('bin', join(import.meta.dirname, '../build/zhike'));
const url = option('database', ''), rounds = Number(option('rounds', 3));
if (url) process.env.ZHIKE_TEST_PG_URL = url;
const { startServer } = await import('../test/lib/server.mjs');
const whole = Object.fromEntries([['fields', 200], ['rules', 1000], ['views', 200], ['flows', 100]].map(([name, n]) => [name, Number(option(name, n))]));
const postgres = url ? postgresCpu(url) : () => 0;
const ok = (answer, status) => { if (answer.status !== status) throw new Error(`${answer.status} ${answer.text.slice(0, 900)}`); return answer.json; };
const entities = ['customer', 'contact', 'follow_up', 'task'];

/** Bodies as POST takes them, [path, body]. */
function rowsOf(size) {
  const of = (n, path, body) => Array.from({ length: n }, (_, i) => [path, body(i)]);
  const field = (i) => `f${String(i).padStart(4, '0')}`;
  return [
    ...of(size.fields, '/custom-fields', (i) => ({ entity: entities[i % 4], code: field(i), label_zh: `字段${i}`, type: ['string', 'int', 'date', 'option'][(i >> 2) % 4], ...((i >> 2) % 4 === 3 ? { options: { a: { zh: '甲' }, b: { zh: '乙' } } } : {}) })),
    ...of(size.rules, '/rules', (i) => ({ name: `规则${i}`, entity: 'customer', event: 'created', filter: ['and', ['region', 'under', 440000], ['name', 'contains', `第${i}号`], ...(size.fields ? [[field((i % (size.fields >> 2 || 1)) * 4), 'not_null']] : [])], actions: [{ do: 'set', values: { level: 'key' } }, { do: 'notify', to: ['owner'], title: '{name} 来了' }], position: i })),
    ...of(size.views, '/saved-views', (i) => ({ name: `视图${i}`, entity: 'customer', filter: ['industry', '=', 'it'], columns: ['name', 'level', ...(size.fields ? [field((i % (size.fields >> 2 || 1)) * 4)] : [])], shared: 'everyone' })),
    ...of(size.flows, '/approval-flows', (i) => ({ name: `流程${i}`, entity: 'customer', on_edit: true, fields: ['name'], filter: ['name', 'contains', `第${i}号`], steps: [{ who: 'department_head', days: 2 }, { who: 'role', role: 'management', mode: 'all' }], enabled: false })),
  ];
}

const took = {};
/** times: how often it is done, where one is too short for ticks of 10 ms. */
async function measured(server, name, size, work, times = 1) {
  const cpu = cpuMs(server.child.pid), theirs = postgres();
  let answer;
  for (let i = 0; i < times; i++) answer = await work();
  ((took[name] ??= { quarter: [], whole: [] })[size]).push((cpuMs(server.child.pid) - cpu + postgres() - theirs) / times);
  return answer;
}
/** A new column waits for who reads its table, and not for long: 503 says so, and that one should try again. */
async function made(who, path, body) {
  let answer;
  for (let i = 0; i < 20 && (!answer || answer.status === 503); i++) answer = await who.post(path, body);
  ok(answer, 201);
}
const upload = (who, what, text, fields = {}) => who.upload(`/configuration/${what}`, 'c.json', text, { fields });
let running = null;
process.on('uncaughtExceptionMonitor', () => console.error(running?.log));
async function house() {
  const server = running = await startServer({ engine: url ? 'pg' : 'sqlite' }), who = await server.admin();
  await who.stepUp();
  return { server, who };
}

const files = {};
for (const [size, part] of [['quarter', 0.25], ['whole', 1]]) {
  const { server, who } = await house();
  const rows = rowsOf(Object.fromEntries(Object.entries(whole).map(([name, n]) => [name, Math.round(n * part)])));
  await measured(server, 'one by one', size, async () => { for (const [path, body] of rows) await made(who, path, body); });
  files[size] = { text: (await who.get('/configuration')).text, rows: rows.length };
  await server.stop();
}
for (let round = 0; round < rounds; round++)
  for (const size of ['quarter', 'whole']) {
    const { server, who } = await house(), { text, rows } = files[size];
    const came = ok(await measured(server, 'import into an empty house', size, () => upload(who, 'import', text)), 200);
    if (came.counts.added < rows) throw new Error(JSON.stringify(came.counts));
    const out = await measured(server, 'export', size, () => who.get('/configuration'), 10);
    if (out.text !== text) throw new Error('the export of what came differs');
    const same = ok(await measured(server, 'difference: none', size, () => upload(who, 'difference', text), 5), 200);
    if (!same.same) throw new Error(JSON.stringify(same.counts));
    const changed = JSON.parse(text);
    for (const r of changed.records.rule) r.position += 1;
    const differs = ok(await measured(server, 'difference: every rule', size, () => upload(who, 'difference', JSON.stringify(changed)), 5), 200);
    if (differs.counts.changed !== changed.records.rule.length) throw new Error(JSON.stringify(differs.counts));
    await who.stepUp();
    ok(await measured(server, 'undo of the import', size, () => who.post(`/configuration-imports/${came.id}/actions/undo`, {})), 204);
    await server.stop();
  }

const sorted = (list) => [...list].sort((a, b) => a - b);
const told = (list) => { const s = sorted(list).map((x) => x.toFixed(0)); return `${s[s.length >> 1]} ms [${s[0]}..${s.at(-1)}]`; };
const mid = (list) => sorted(list)[list.length >> 1];
const n = rowsOf(whole).length;
console.log(`${n} rows (${Object.entries(whole).map(([k, v]) => `${v} ${k}`).join(', ')}), ${files.whole.text.length} characters; ${rounds} rounds at load ${loadavg()[0].toFixed(1)}`);
for (const [name, t] of Object.entries(took)) console.log(`  ${name}: a quarter ${told(t.quarter)}, whole ${told(t.whole)}, ${(mid(t.whole) / Math.max(mid(t.quarter), 1)).toFixed(2)} times; ${(mid(t.whole) / mid(took['one by one'].whole)).toFixed(3)} of one by one`);
