// What a record was called before it was merged finds the one that stayed: search, hints and refusals of duplicates, imports,
// links by name. Who may not read that one learns nothing more than of any other, the undo takes it back, erasing leaves nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { checkAndRun, csv, upload } from '../lib/imports.mjs';
import { contact, creditCode, customer, filter, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, boss, manager, rep, west;
before(async () => {
  server = await startServer({ company: true });
  const p = await makeCompany(server, { only: ['boss', 'manager', 'rep', 'west_rep'] });
  ({ boss, manager, rep } = p);
  west = p.west_rep;
});
after(() => server?.stop());

async function merged(s, others, over = {}, of = 'customers') {
  const answer = await boss.post(`/${of}/merge`, { survivor: s.id, merged: others.map((m) => m.id), ...over });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.merge.id;
}
async function undone(id) { const answer = await boss.post(`/merges/${id}/undo`); assert.equal(answer.status, 200, answer.text); }
const q = encodeURIComponent;
async function hits(who, text, of = 'customer') {
  const answer = await who.get(`/search?q=${q(text)}&entity=${of}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.data;
}
async function listed(who, text, plural = 'customers') {
  const answer = await who.get(`/${plural}?q=${q(text)}&limit=50`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.data.map((r) => r.id);
}
async function same(who, body, of = 'customers') {
  const answer = await who.post(`/${of}/duplicates`, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.data;
}
/** A name of its own characters, so that nothing else is found by it. */
let n = 0;
const odd = (word) => `${word}${String(++n).padStart(3, '0')}号作坊`;

test('search finds the survivor by names and numbers of what went into it, along the whole way, until the undo', async () => {
  const names = [odd('鲲鹏'), odd('螭吻'), odd('饕餮')];
  const [a, b, c] = [await makeCustomer(rep, { name: names[0] }), await makeCustomer(rep, { name: names[1], short_name: '螭吻坊', uscc: creditCode() }), await makeCustomer(rep, { name: names[2] })];
  const first = await merged(b, [c]), second = await merged(a, [b]);
  for (const [text, former] of [[names[1], names[1]], [names[2], names[2]], ['螭吻坊', undefined], ['chiwen', names[1]], [b.uscc, undefined], [b.phone, undefined], [c.phone, undefined], [c.number, undefined]]) {
    assert.deepEqual((await hits(rep, text)).map((h) => [h.id, h.label, h.former]), [[a.id, names[0], former]], text);
    assert.deepEqual(await listed(rep, text), [a.id], text);
    assert.deepEqual([await hits(west, text), await listed(west, text)], [[], []], `a stranger: ${text}`);
  }
  assert.equal((await hits(rep, names[0]))[0].former, undefined, 'it is called so itself');
  // a change of its own words, and a way to the bin and back, keep them
  assert.equal((await rep.patchNow(`/customers/${a.id}`, { short_name: '大鹏' })).status, 200);
  assert.deepEqual([await listed(rep, '大鹏'), await listed(rep, names[2])], [[a.id], [a.id]]);
  assert.equal((await boss.delNow(`/customers/${a.id}`)).status, 204);
  assert.deepEqual(await listed(rep, names[2]), []);
  assert.equal((await boss.post(`/customers/${a.id}/restore`)).status, 200);
  assert.deepEqual(await listed(rep, c.phone), [a.id]);
  await undone(second);
  assert.deepEqual(await Promise.all([names[0], names[1], names[2], b.phone, c.phone].map((t) => listed(rep, t))), [[a.id], [b.id], [b.id], [b.id], [b.id]]);
  await undone(first);
  assert.deepEqual(await Promise.all([names[1], names[2], b.phone, c.phone].map((t) => listed(rep, t))), [[b.id], [c.id], [b.id], [c.id]]);
});

test('hints and refusals name the survivor to who may read it, and only whose it is to others', async () => {
  const [a, b] = [await makeCustomer(rep, { name: odd('貔貅') }), await makeCustomer(rep, { name: odd('囚牛'), uscc: creditCode() })];
  await merged(a, [b]);
  for (const [body, rule] of [[{ name: b.name }, 'name'], [{ phone: b.phone }, 'phone'], [{ uscc: b.uscc }, 'uscc']]) {
    const [hint, ...more] = await same(rep, body);
    assert.deepEqual([hint?.id, hint?.label, hint?.former, more], [a.id, a.name, b.name, []], rule);
    assert.deepEqual((await same(west, body)).map((d) => Object.keys(d)), [['owner']], `foreign: ${rule}`);
  }
  assert.equal((await same(rep, { name: a.name }))[0].former, undefined);
  assert.deepEqual(await same(rep, { name: b.name, id: a.id }), [], 'not itself');
  for (const over of [{ name: b.name, phone: b.phone }, { uscc: b.uscc }]) {
    const refused = problem(await rep.post('/customers', customer(over)), 409, 'duplicate', JSON.stringify(over));
    assert.ok(refused.detail.includes(a.name) && refused.detail.includes(b.name), refused.detail);
    const foreign = await west.post('/customers', customer(over));
    problem(foreign, 409, 'duplicate');
    for (const secret of [a.name, a.number, b.number, ...(over.name ? [] : [b.name])]) assert.ok(!foreign.text.includes(secret), `${secret} in ${foreign.text}`);
  }
  // it may take back what it was called
  assert.equal((await rep.patchNow(`/customers/${a.id}`, { uscc: b.uscc })).status, 200);
});

test('contacts: a number of one that was merged finds its customer and refuses the same person', async () => {
  const x = await makeCustomer(rep), [s, o] = [await make(rep, 'contacts', contact(x.id)), await make(rep, 'contacts', contact(x.id))];
  const id = await merged(s, [o], {}, 'contacts');
  assert.deepEqual((await same(rep, { mobile: o.mobile }, 'contacts')).map((d) => [d.id, d.former]), [[s.id, o.name]]);
  assert.deepEqual((await same(rep, { phone: o.mobile })).map((d) => [d.id, d.rule]), [[x.id, 'contact.mobile']]);
  problem(await rep.post('/contacts', contact(x.id, { name: o.name, mobile: o.mobile })), 409, 'duplicate');
  assert.deepEqual((await hits(rep, o.name, 'contact')).map((h) => [h.id, h.former]), [[s.id, o.name]]);
  await undone(id);
  assert.deepEqual((await same(rep, { mobile: o.mobile }, 'contacts')).map((d) => [d.id, d.former]), [[o.id, undefined]]);
});

test('an import means the survivor by keys and names of what went into it; what has them itself goes before', async () => {
  const [a, b, c] = [await makeCustomer(rep, { name: odd('睚眦') }), await makeCustomer(rep, { name: odd('狻猊'), uscc: creditCode() }), await makeCustomer(rep)];
  await merged(a, [b]);
  const by = async (rows, plan) => checkAndRun(rep, (await upload(rep, csv(rows), { plan: { mode: 'update', ...plan } })).id);
  const remark = async (x) => (await boss.get(`/customers/${x.id}`)).json.remark;
  let k = 0;
  for (const [head, value] of [['统一社会信用代码', b.uscc], ['客户编号', b.number]]) {
    const done = await by([[head, '备注'], [value, `说明${++k}`], [c.number, '别的']].slice(0, head === '客户编号' ? 3 : 2));
    assert.equal(done.counts.updated, head === '客户编号' ? 2 : 1, JSON.stringify(done.counts));
    assert.equal(await remark(a), `说明${k}`, head);
  }
  const chosen = await by([['客户名称', '备注'], [b.name, '按名称']], { match: [['name']] });
  assert.deepEqual([chosen.counts.updated, await remark(a)], [1, '按名称']);
  // the same as a new row: a duplicate of the survivor
  const again = await checkAndRun(rep, (await upload(rep, csv([['客户名称', '联系方式', '所属行业', '信息来源'], [b.name, b.phone, '信息技术', '官网']]), { plan: { mode: 'create' } })).id);
  assert.deepEqual([again.counts.duplicate, again.counts.created], [1, 0], JSON.stringify(again.counts));
  // contacts of a file name their customer as it was called
  const people = await checkAndRun(rep, (await upload(rep, csv([['姓名', '客户', '手机'], ['钱多多', b.name, mobile()]]), { entity: 'contact', plan: { mode: 'create' } })).id);
  assert.equal(people.counts.created, 1, JSON.stringify(people.counts));
  assert.equal((await boss.get(`/contacts?${filter(['and', ['customer', '=', a.id], ['name', '=', '钱多多']])}`)).json.data.length, 1);
  // and so do calls
  const linked = await make(rep, 'tasks', { title: '找旧名', customer: { name: b.name } });
  assert.equal(linked.customer.id, a.id);
  problem(await west.post('/tasks', { title: '找旧名', customer: { name: b.name } }), 422);
});

test('a key of what was merged only says which record a row means: the survivor keeps the name and codes the merge chose', async () => {
  const [a, b] = [await makeCustomer(rep, { name: odd('蒲牢'), uscc: creditCode() }), await makeCustomer(rep, { name: odd('狴犴'), uscc: creditCode() })];
  await merged(a, [b]);
  const run = async (rows, plan) => (await checkAndRun(rep, (await upload(rep, csv(rows), { plan })).id)).counts;
  const now = async () => { const r = (await boss.get(`/customers/${a.id}`)).json; return [r.name, r.uscc, r.phone, r.remark, r.short_name ?? null]; };
  const head = ['客户名称', '统一社会信用代码', '联系方式', '所属行业', '信息来源', '备注'], former = [b.name.toUpperCase(), b.uscc, b.phone, '信息技术', '官网'];
  for (const [remark, rows, plan] of [
    ['按名', [['客户名称', '备注'], [b.name, '按名']], { mode: 'update', match: [['name']] }],
    ['按码', [['统一社会信用代码', '备注'], [b.uscc.toLowerCase(), '按码']], { mode: 'update' }],
    ['全列', [head, [...former, '全列']], { mode: 'upsert' }],
    ['重复', [head, [...former, '重复']], { mode: 'create', on_duplicate: 'update' }],
  ]) {
    const counts = await run(rows, plan);
    assert.deepEqual([counts.updated, counts.failed, counts.duplicate], [1, 0, 0], `${remark} ${JSON.stringify(counts)}`);
    assert.deepEqual(await now(), [a.name, a.uscc, a.phone, remark, null], remark);
  }
  // other values of the row are written, keys that are nobody's former ones too
  const phone = mobile();
  assert.equal((await run([['统一社会信用代码', '联系方式', '客户简称'], [b.uscc, phone, '狴']], { mode: 'update' })).updated, 1);
  assert.deepEqual((await now()).map((v, i) => (i === 2 ? v.replaceAll(' ', '') : v)), [a.name, a.uscc, phone, '重复', '狴']);
  // who names the survivor by what is its own may call it as the other was called
  assert.equal((await run([['客户编号', '客户名称'], [a.number, b.name]], { mode: 'update' })).updated, 1);
  assert.equal((await now())[0], b.name);
});

test('erasing what was merged leaves nothing of what it was called; while the survivor lives the bin keeps it', async () => {
  const [a, b, c] = [await makeCustomer(rep, { name: odd('负屃') }), await makeCustomer(rep, { name: odd('霸下') }), await makeCustomer(rep, { name: odd('嘲风') })];
  await merged(b, [c]);
  await merged(a, [b]);
  assert.equal((await boss.stepUp()).status, 204);
  assert.deepEqual([await listed(rep, b.name), await listed(rep, c.phone)], [[a.id], [a.id]]);
  assert.equal((await boss.post(`/customers/${c.id}/erase`, { reason: '客户要求' })).status, 204);
  assert.deepEqual([await listed(rep, b.name), await listed(rep, c.name), await listed(rep, c.phone), await same(rep, { name: c.name })], [[a.id], [], [], []]);
  assert.equal((await boss.post(`/customers/${b.id}/erase`, { reason: '客户要求' })).status, 204);
  assert.deepEqual([await listed(rep, a.name), await listed(rep, b.name), await listed(rep, b.phone), await same(rep, { phone: b.phone })], [[a.id], [], [], []]);
  const check = await server.cli('check');
  assert.equal(check.code, 0, check.stdout + check.stderr);
});

test('a request that comes again with its key is answered like the first; where it went says by which merge', async () => {
  const [a, b, c] = [await makeCustomer(rep), await makeCustomer(rep), await makeCustomer(rep)];
  await make(rep, 'contacts', contact(b.id));
  const key = { 'Idempotency-Key': `"m${a.id}"` }, body = { survivor: a.id, merged: [b.id] };
  const send = (over = {}, headers = key, who = boss) => who.post('/customers/merge', { ...body, ...over }, headers);
  const preview = await send({ preview: true });
  assert.equal(preview.status, 200, preview.text);
  const one = await send(), two = await send();
  assert.deepEqual([one.status, two.status], [200, 200], two.text);
  assert.deepEqual(two.json, one.json);
  problem(await send({ merged: [c.id] }), 409, 'key_in_use');
  problem(await send({}, key, manager), 404, 'not_found', 'a key is one person’s');
  problem(await send({}, {}), 404, 'not_found', 'without it there is nothing to be repeated');
  problem(await send({}, { 'Idempotency-Key': '' }), 400, 'bad_header');
  assert.equal((await boss.get(`/customers/${a.id}/history`)).json.data.filter((x) => x.action === 'merge').length, 1);
  // two at the same moment
  const twice = await Promise.all([1, 2].map(() => boss.post('/customers/merge', { survivor: a.id, merged: [c.id] }, { 'Idempotency-Key': `"n${a.id}"` })));
  assert.deepEqual(twice.map((t) => t.status), [200, 200], twice.map((t) => t.text).join());
  assert.equal(twice[0].json.merge.id, twice[1].json.merge.id);
  const gone = await rep.get(`/customers/${b.id}`);
  assert.deepEqual([problem(gone, 404, 'merged').merge, gone.json.merged_into], [one.json.merge.id, a.id]);
  await undone(twice[0].json.merge.id);
  await undone(gone.json.merge);
  assert.equal((await send()).json.merge.id, one.json.merge.id, 'what it was answered then');
});

test('what goes with its customer takes its words out of the survivor it was merged into elsewhere', async () => {
  const [x, y, z] = [await makeCustomer(rep), await makeCustomer(rep), await makeCustomer(rep)], of = 'contacts';
  const [s, o, p, q1] = [await make(rep, of, contact(x.id, { name: odd('狻猊') })), await make(rep, of, contact(y.id, { name: odd('狴犴') })), await make(rep, of, contact(z.id, { name: odd('蒲牢') })), await make(rep, of, contact(z.id, { name: odd('睚眦') }))];
  await merged(o, [p], {}, of); // p is the same subject as o, wherever it was
  await merged(s, [o], {}, of);
  await merged(s, [q1], {}, of);
  for (const text of [o.name, o.mobile, p.name, q1.name]) assert.deepEqual([await listed(rep, text, of), (await hits(rep, text, 'contact')).map((h) => h.id)], [[s.id], [s.id]], text);
  assert.equal((await boss.delNow(`/customers/${y.id}`)).status, 204);
  assert.deepEqual(await listed(rep, o.name, of), [s.id], 'not yet');
  assert.equal((await boss.stepUp()).status, 204);
  assert.equal((await boss.post(`/customers/${y.id}/erase`, { reason: '客户要求' })).status, 204);
  for (const text of [o.name, o.mobile, p.name, p.mobile]) assert.deepEqual([await listed(rep, text, of), await hits(rep, text, 'contact')], [[], []], text);
  for (const text of [s.name, s.mobile, q1.name, q1.mobile]) assert.deepEqual(await listed(rep, text, of), [s.id], `${text} stays`);
  assert.deepEqual(await same(rep, { name: p.name, mobile: p.mobile }, of), []);
  const check = await server.cli('check');
  assert.equal(check.code, 0, check.stdout + check.stderr);
});
