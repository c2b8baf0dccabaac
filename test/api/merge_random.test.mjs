// Many merges and undos at random, among other changes, against a model that is a map from row to customer: no row is lost,
// doubled or somewhere else, and when all is undone each is where the model says. ZHIKE_TEST_SEED repeats a run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { contact, followUp, make, makeCustomer, problem } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

let server, boss;
before(async () => {
  server = await startServer({ company: true });
  ({ boss } = await makeCompany(server, { only: ['boss'] }));
});
after(() => server?.stop());

const seed = Number(process.env.ZHIKE_TEST_SEED || 20261122);
function random(state) { // mulberry32
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

test('random merges and undos keep every row, once, where it belongs', { timeout: 300_000 }, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const pick = random(seed), one = (list) => list[pick(list.length)];
  const rows = new Map(); // "contact 5" → customer
  const tags = new Map(), made = [];
  const open = []; // merges that are not undone: {id, survivor, merged, moved: [[row, was]], took: [tags]}
  const live = () => made.filter((c) => !open.some((m) => m.merged.includes(c)));
  const add = async (plural, entity, body, customer) => { rows.set(`${entity} ${(await make(boss, plural, body)).id}`, customer); };
  const words = [];
  for (let i = 0; i < 6; i++) words.push((await make(boss, 'tags', { name: `随机${seed}${i}` })).id);
  for (let i = 0; i < 7; i++) {
    const c = await makeCustomer(boss, { tags: [one(words)] });
    made.push(c.id);
    tags.set(c.id, new Set(c.tags.map((x) => x.id)));
    await add('contacts', 'contact', contact(c.id), c.id);
    await add('follow-ups', 'follow_up', followUp(c.id), c.id);
    await add('tasks', 'task', { title: `任务${i}`, customer: c.id }, c.id);
  }

  async function compare(what) {
    const got = (await rowsOf(server, ['contact', 'follow_up', 'task'].map((e) => `SELECT '${e} ' || id, customer_id FROM ${e}`).join(' UNION ALL ')));
    assert.deepEqual(got.sort(), [...rows].map(([k, v]) => [k, String(v)]).sort(), what);
    assert.deepEqual((await rowsOf(server, 'SELECT id FROM customer WHERE deleted_at IS NULL')).flat().map(Number).sort(), live().sort(), what);
    const own = await rowsOf(server, 'SELECT r.id, r.target FROM rel_customer_tags AS r JOIN customer AS c ON c.id = r.id WHERE c.deleted_at IS NULL');
    assert.deepEqual(own.map((r) => r.join(' ')).sort(), live().flatMap((c) => [...tags.get(c)].map((w) => `${c} ${w}`)).sort(), what);
    const counts = await rowsOf(server, `SELECT c.id FROM customer AS c WHERE c.deleted_at IS NULL AND (c.contact_count <> (SELECT count(*) FROM contact AS x WHERE x.customer_id = c.id AND x.deleted_at IS NULL)
      OR c.follow_up_count <> (SELECT count(*) FROM follow_up AS x WHERE x.customer_id = c.id AND x.deleted_at IS NULL) OR c.open_task_count <> (SELECT count(*) FROM task AS x WHERE x.customer_id = c.id AND x.deleted_at IS NULL AND x.status NOT IN ('done', 'cancelled')))`);
    assert.deepEqual(counts, [], `counts: ${what}`);
  }

  async function merge() {
    const all = live(), survivor = one(all), others = all.filter((c) => c !== survivor && pick(3) === 0).slice(0, 3);
    if (!others.length) return 'nothing';
    const answer = await boss.post('/customers/merge', { survivor, merged: others, choose: { remark: others[0] } });
    assert.equal(answer.status, 200, answer.text);
    const moved = [...rows].filter(([, c]) => others.includes(c));
    for (const [k] of moved) rows.set(k, survivor);
    const took = [...new Set(others.flatMap((c) => [...tags.get(c)]))].filter((w) => !tags.get(survivor).has(w));
    for (const w of took) tags.get(survivor).add(w);
    open.push({ id: answer.json.merge.id, survivor, merged: others, moved, took });
    return `merge ${others} into ${survivor}`;
  }

  async function undo(m = open.length ? one(open) : null) {
    if (!m) return 'nothing';
    const answer = await boss.post(`/merges/${m.id}/undo`);
    const hindered = !live().includes(m.survivor) || open.some((o) => o !== m && o.survivor === m.survivor && open.indexOf(o) > open.indexOf(m));
    if (hindered) {
      problem(answer, 409, 'undo_refused');
      return 'refused';
    }
    assert.equal(answer.status, 200, answer.text);
    let left = 0;
    for (const [k, was] of m.moved)
      if (rows.get(k) === m.survivor) rows.set(k, was);
      else left++;
    assert.ok(left === 0 ? Object.keys(answer.json.left).length === 0 : Object.keys(answer.json.left).length > 0, `${left} left, ${answer.text}`);
    for (const w of m.took) tags.get(m.survivor).delete(w);
    open.splice(open.indexOf(m), 1);
    return `undo ${m.id}`;
  }

  const others = [
    async () => { const c = one(live()); await add('follow-ups', 'follow_up', followUp(c), c); return `talk at ${c}`; },
    async () => { const c = one(live()); await add('contacts', 'contact', contact(c), c); return `contact at ${c}`; },
    async () => {
      const k = one([...rows.keys()].filter((r) => r.startsWith('contact'))), c = one(live());
      assert.equal((await boss.patchNow(`/contacts/${k.split(' ')[1]}`, { customer: c })).status, 200);
      rows.set(k, c);
      return `${k} to ${c}`;
    },
    async () => { // what is done in vain: a row of a merged one
      const gone = made.filter((c) => !live().includes(c));
      if (gone.length) problem(await boss.post('/follow-ups', followUp(one(gone))), 422);
      return 'in vain';
    },
  ];
  for (let i = 0; i < 40; i++) {
    const what = await [merge, merge, undo, undo, ...others][pick(8)]();
    await compare(`seed ${seed}, step ${i}: ${what}`);
  }
  while (open.length) await undo(open.at(-1));
  await compare(`seed ${seed}, all undone`);
  assert.equal(live().length, made.length);
  const check = await server.cli('check');
  assert.equal(check.code, 0, check.stdout);
});
