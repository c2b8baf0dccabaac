// Records over HTTP: their whole life, numbers, mistakes, types, links, parts, idempotency, duplicates,
// history, timeline, recycle bin. Masks, sharing, files and fields of the house: records2.test.mjs.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer, tick } from '../lib/index.mjs';
import { all, contact, creditCode, customer, filter, followUp, ids, make, makeCustomer, mistakes, mobile, problem } from '../lib/records.mjs';

let server, rep, rep2, manager;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, manager } = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'boss'] }));
});
after(() => server?.stop());

const day = () => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date()).replaceAll('-', '');
const post = (body, client = rep) => client.post('/customers', body);

describe('the life of a record', () => {
  test('create, read, change, delete with children, restore', async () => {
    const created = await manager.post('/customers', customer({ name: '杭州云帆信息技术有限公司', remark: '第一次' }));
    assert.equal(created.status, 201);
    const { json: c } = created;
    assert.equal(created.headers.get('location'), `/api/v1/customers/${c.id}`);
    assert.equal(created.etag, '"1"');
    assert.equal(c.version, 1);
    assert.equal(c.level, 'normal');
    assert.equal(c.lifecycle, 'potential');
    assert.equal(c.owner.label, '郑经理');
    assert.equal(c.owner_department.label, '华东组');
    assert.equal(c.origin, 'web');
    assert.match(c.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assert.deepEqual(c.can, { edit: true, delete: true });
    assert.deepEqual((await manager.get(`/customers/${c.id}`)).json, c);

    const patched = await manager.patch(`/customers/${c.id}`, { remark: null, short_name: '云帆' }, { 'If-Match': '"1"' });
    assert.equal(patched.status, 200, patched.text);
    assert.equal(patched.json.version, 2);
    assert.equal(patched.json.remark, null);
    assert.equal(patched.json.short_name, '云帆');
    assert.equal(patched.json.name, c.name);
    const same = await manager.patch(`/customers/${c.id}`, { short_name: '云帆' }, { 'If-Match': '"2"' });
    assert.equal(same.json.version, 2, 'nothing changed, so the version stays');

    const person = await make(manager, 'contacts', contact(c.id));
    const talk = await make(manager, 'follow-ups', followUp(c.id));
    const job = await make(manager, 'tasks', { title: '回访', customer: c.id, due_at: '2030-01-01T00:00:00Z' });
    assert.equal((await manager.delNow(`/customers/${c.id}`)).status, 204);
    for (const [plural, one] of [['customers', c], ['contacts', person], ['follow-ups', talk], ['tasks', job]]) {
      problem(await manager.get(`/${plural}/${one.id}`), 404, 'not_found', plural);
      assert.ok(!ids(await all(manager, `/${plural}`, 'limit=200')).includes(one.id), plural);
    }
    assert.ok(ids((await manager.get('/customers?deleted=true')).json.data).includes(c.id));
    assert.equal((await manager.get(`/search?q=${encodeURIComponent('云帆')}`)).json.data.length, 0);
    problem(await manager.patch(`/customers/${c.id}`, { remark: 'x' }, { 'If-Match': '"3"' }), 404);

    const back = await manager.post(`/customers/${c.id}/restore`);
    assert.equal(back.status, 200, back.text);
    assert.equal(back.json.number, c.number);
    for (const [plural, one] of [['contacts', person], ['follow-ups', talk], ['tasks', job]])
      assert.equal((await manager.get(`/${plural}/${one.id}`)).status, 200, plural);
    assert.equal((await manager.get(`/search?q=${encodeURIComponent('云帆')}`)).json.data[0]?.id, c.id);
  });

  test('what was deleted before its parent stays deleted', async () => {
    const c = await makeCustomer(manager);
    const [gone, kept] = [await make(manager, 'contacts', contact(c.id)), await make(manager, 'contacts', contact(c.id))];
    assert.equal((await manager.delNow(`/contacts/${gone.id}`)).status, 204);
    await tick();
    await manager.delNow(`/customers/${c.id}`);
    assert.equal((await manager.post(`/customers/${c.id}/restore`)).status, 200);
    assert.equal((await manager.get(`/contacts/${kept.id}`)).status, 200);
    problem(await manager.get(`/contacts/${gone.id}`), 404);
  });

  test('what blocks a new record blocks the return of a deleted one', async () => {
    const same = { name: '苏州重名测试有限公司', phone: '13612345678' };
    const first = await makeCustomer(manager, same);
    await manager.delNow(`/customers/${first.id}`);
    const second = await makeCustomer(manager, same);
    problem(await manager.post(`/customers/${first.id}/restore`), 409, 'duplicate');
    await manager.delNow(`/customers/${second.id}`);
    assert.equal((await manager.post(`/customers/${first.id}/restore`)).status, 200);
  });

  test('one who brings a record back and one who enters it, or brings another back, at the same moment: one of them is told', async () => {
    for (let i = 0; i < 12; i++) {
      const same = customer(i % 2 ? { uscc: creditCode() } : {}), first = await makeCustomer(manager, same);
      await manager.delNow(`/customers/${first.id}`);
      const second = i % 3 === 2 && await makeCustomer(manager, same);
      if (second) await manager.delNow(`/customers/${second.id}`);
      const answers = await Promise.all([manager.post(`/customers/${first.id}/restore`), second ? manager.post(`/customers/${second.id}/restore`) : rep.post('/customers', same)]);
      assert.deepEqual(answers.map((a) => a.status < 300), answers[0].status === 200 ? [true, false] : [false, true], answers.map((a) => a.text).join('\n'));
      problem(answers.find((a) => a.status >= 300), 409, 'duplicate');
    }
  });

  test('two who change at once: one is told', async () => {
    const c = await makeCustomer(rep);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) =>
      rep.patch(`/customers/${c.id}`, { remark: `r${i}` }, { 'If-Match': '"1"' })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, ...Array(7).fill(412)]);
  });
});

describe('numbers', () => {
  test('two who enter the same at the same moment: one of them is told', async () => {
    for (let i = 0; i < 12; i++) {
      const same = customer(), bodies = i % 2 ? [same, same] : [creditCode()].flatMap((uscc) => [customer({ uscc }), customer({ uscc })]);
      const answers = await Promise.all(bodies.map((body) => rep.post('/customers', body)));
      assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409], answers.map((a) => a.text).join('\n'));
      problem(answers.find((a) => a.status === 409), 409, 'duplicate');
    }
  });

  test('CUSyyyymmdd and a sequence, unique under 50 creates at once', async () => {
    const before = day();
    const made = await Promise.all(Array.from({ length: 50 }, () => makeCustomer(rep)));
    const numbers = made.map((c) => c.number);
    assert.equal(new Set(numbers).size, 50);
    for (const n of numbers) assert.match(n, new RegExp(`^CUS(${before}|${day()})\\d{3,}$`)); // midnight may fall between
    const refused = await post(customer({ number: 'CUS1' }));
    assert.equal(refused.status, 422);
    assert.deepEqual(mistakes(refused), ['number:readonly']);
  });

  test('the very first is 001', async () => {
    const fresh = await startServer();
    try {
      const admin = await fresh.admin(), before = day();
      const c = await makeCustomer(admin);
      assert.ok([`CUS${before}001`, `CUS${day()}001`].includes(c.number), c.number);
    } finally { await fresh.stop(); }
  });
});

describe('mistakes', () => {
  test('all at once, each at its field', async () => {
    const answer = await post({ name: '', level: 'huge', annual_revenue: '1.234', email: 'nope', website: 'javascript:1', uscc: '91330100799655058A' });
    problem(answer, 422);
    const found = mistakes(answer);
    for (const one of ['name:required', 'industry:required', 'source:required', 'level:enum.unknown', 'annual_revenue:format.number', 'email:format.email', 'website:format.url', 'uscc:format.credit_code'])
      assert.ok(found.includes(one), `${one} is missing in ${found}`);
    assert.ok(found.some((m) => m.startsWith('phone:')), `a phone or a contact: ${found}`);
  });

  test('unknown and read-only fields', async () => {
    problem(await post(customer({ nonsense: 1 })), 400, 'unknown_field');
    problem(await post(customer({ password_hash: 'x' })), 400, 'unknown_field');
    for (const [field, value] of [['id', 1], ['version', 1], ['created_at', '2020-01-01T00:00:00Z'], ['created_by', 1], ['deal_amount_total', '1.00'], ['owner_department', 1], ['completeness', '1.00']]) {
      const answer = await post(customer({ [field]: value }));
      assert.equal(answer.status, 422, field);
      assert.ok(mistakes(answer)[0].startsWith(`${field}:`), answer.text);
    }
  });

  test('a phone or a contact is needed', async () => {
    const { phone, ...none } = customer();
    assert.equal((await post(none)).status, 422);
    assert.equal((await post({ ...none, primary_contact: { name: '王芳' } })).status, 201);
    assert.equal((await post({ ...none, name: '另一家', phone })).status, 201);
  });

  test('required when: an invalid customer needs its reason', async () => {
    assert.deepEqual(mistakes(await post(customer({ lifecycle: 'invalid' }))), ['invalid_reason:required']);
    assert.equal((await post(customer({ lifecycle: 'invalid', invalid_reason: 'closed' }))).status, 201);
    const c = await makeCustomer(rep);
    assert.deepEqual(mistakes(await rep.patchNow(`/customers/${c.id}`, { lifecycle: 'invalid' })), ['invalid_reason:required']);
    assert.deepEqual(mistakes(await rep.patchNow(`/customers/${c.id}`, { name: null })), ['name:required']);
  });
});

describe('types', () => {
  const round = async (field, given, stored = given) => {
    const answer = await post(customer({ [field]: given }));
    assert.equal(answer.status, 201, `${field} = ${JSON.stringify(given)}: ${answer.text}`);
    assert.deepEqual(answer.json[field], stored, field);
  };
  const refused = async (field, given, code) => {
    const answer = await post(customer({ [field]: given }));
    assert.equal(answer.status, 422, `${field} = ${JSON.stringify(given)}: ${answer.text}`);
    assert.deepEqual(mistakes(answer), [`${field}:${code}`]);
  };

  test('money is text with at most two decimals', async () => {
    await round('annual_revenue', '12345.67');
    await round('annual_revenue', '0', '0.00');
    await round('annual_revenue', '9999999999.99');
    await refused('annual_revenue', '9'.repeat(30), 'range');
    await refused('annual_revenue', '1.234', 'format.number');
    await refused('annual_revenue', '-1', 'range');
    await refused('annual_revenue', 'viel', 'format.number');
    await refused('annual_revenue', '1e3', 'number.precision');
    await refused('annual_revenue', true, 'type');
  });

  test('days and instants', async () => {
    const { id } = await makeCustomer(rep);
    assert.equal((await make(rep, 'contacts', contact(id, { birthday: '2024-02-29' }))).birthday, '2024-02-29');
    for (const bad of ['2023-02-29', '2026-13-01', '21.11.2026', 'gestern', ' ', 20260101])
      assert.deepEqual(mistakes(await rep.post('/contacts', contact(id, { birthday: bad }))).map((m) => m.split(':')[0]), ['birthday'], `${bad}`);
    await round('consent_at', '2026-11-21T09:30:00Z', '2026-11-21T09:30:00Z');
    await round('consent_at', '2026-11-21T17:30:00+08:00', '2026-11-21T09:30:00Z');
    await refused('consent_at', '2026-11-21T25:30:00Z', 'format.date');
  });

  test('options, booleans, decimals, regions, json, phones', async () => {
    await round('employee_count', '1000+');
    await refused('employee_count', '1001', 'enum.unknown');
    await round('do_not_contact', true);
    await refused('do_not_contact', 'ja', 'type');
    await round('lng', '120.130203');
    await refused('lng', '181', 'range');
    await refused('lng', '1.1234567', 'format.number');
    await round('preference', { channel: ['wechat'], n: 1 });
    const c = await makeCustomer(rep, { region: 330106 });
    assert.equal(c.region.id, 330106);
    assert.match(c.region.label, /浙江省.*西湖区/);
    for (const region of [{ id: 330106 }, { id: 330106, label: '浙江省 / 杭州市 / 西湖区' }, { number: '330106' }, { name: '杭州市西湖区' }, '浙江省杭州市西湖区'])
      assert.equal((await makeCustomer(rep, { region })).region.id, 330106, JSON.stringify(region));
    await refused('region', { name: '朝阳区' }, 'ref.not_found'); // there are two
    await refused('region', {}, 'type');
    await refused('region', 999999, 'ref.not_found');
    const phone = await makeCustomer(rep, { phone: ' 138-0013 8000 ' });
    assert.equal(phone.phone, '13800138000');
    for (const bad of ['abc', '1', '1380013800x', '<b>', '1'.repeat(40)]) await refused('phone', bad, 'format.phone');
  });

  test('length in characters, not bytes', async () => {
    await round('short_name', '云'.repeat(64));
    await refused('short_name', '云'.repeat(65), 'too_long');
    await round('short_name', '𠮷'.repeat(64));
    await round('remark', '多行\n文本 <script>alert(1)</script>');
  });
});

describe('links', () => {
  test('by id, number, name; broken ones are refused', async () => {
    const name = `链接${randomUUID().slice(0, 8)}公司`;
    const c = await makeCustomer(rep, { name });
    for (const link of [c.id, { id: c.id }, { number: c.number }, { name }]) {
      const person = await make(rep, 'contacts', contact(link));
      assert.deepEqual(person.customer, { id: c.id, label: name });
    }
    const person = await make(rep, 'contacts', contact(c.id)), next = await makeCustomer(rep);
    for (const link of [next.id, next.id, c.id]) { // another, the same again, back
      assert.equal((await rep.patchNow(`/contacts/${person.id}`, { customer: link })).status, 200);
      assert.equal((await rep.get(`/contacts/${person.id}`)).json.customer.id, link);
    }
    await makeCustomer(rep, { name });
    const twice = await rep.post('/contacts', contact({ name }));
    assert.deepEqual(mistakes(twice), ['customer:ref.ambiguous']);
    for (const link of [1, -1, { id: 1 }, { number: 'CUS1' }, { name: '没有这家' }, { nothing: 1 }, {}, 'x', [c.id], true]) {
      const answer = await rep.post('/contacts', contact(link));
      assert.ok([400, 422].includes(answer.status) && mistakes(answer).every((m) => m.startsWith('customer:')), `${JSON.stringify(link)} → ${answer.text}`);
    }
  });

  test('a foreign record cannot be linked, and looks absent', async () => {
    const theirs = await makeCustomer(rep2);
    const a = await rep.post('/contacts', contact(theirs.id)), b = await rep.post('/contacts', contact(12345));
    assert.deepEqual([a.status, mistakes(a)], [b.status, mistakes(b)]);
    assert.equal(a.status, 422);
    const c = await rep.post('/contacts', contact({ number: theirs.number }));
    assert.deepEqual(mistakes(c), ['customer:ref.not_found']);
    assert.ok(!c.text.includes(theirs.name));
  });

  test('a primary contact becomes a contact', async () => {
    const c = await makeCustomer(rep, { primary_contact: { name: '王芳', mobile: mobile(), title: '采购经理' } });
    const { data } = (await rep.get(`/contacts?${filter(['customer', '=', c.id])}`)).json;
    assert.equal(data.length, 1);
    assert.equal(data[0].name, '王芳');
    assert.equal((await rep.get(`/customers/${c.id}`)).json.main_contact.label, '王芳');
    for (const bad of [{}, { mobile: '13800138000' }, { name: '' }, { name: 'x', nonsense: 1 }, 'x', [], 1, { name: 1 }, { name: 'x', mobile: '12' }]) {
      const answer = await post(customer({ primary_contact: bad }));
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(bad)} → ${answer.text}`);
    }
  });
});

describe('Idempotency-Key', () => {
  test('the same answer again, one record; another body 409', async () => {
    const key = randomUUID(), body = customer();
    const answers = await Promise.all(Array.from({ length: 6 }, () => rep.post('/customers', body, { 'Idempotency-Key': key })));
    assert.deepEqual(answers.map((a) => a.status), Array(6).fill(201), answers.map((a) => a.text).join('\n'));
    assert.equal(new Set(answers.map((a) => a.json.id)).size, 1);
    assert.equal(ids(await all(rep, '/customers', filter(['name', '=', body.name]))).length, 1);
    problem(await rep.post('/customers', { ...body, remark: 'anders' }, { 'Idempotency-Key': key }), 409, 'key_in_use');
    const other = await rep2.post('/customers', customer(), { 'Idempotency-Key': key });
    assert.equal(other.status, 201, 'keys are of a person');
    problem(await rep.post('/customers', customer(), { 'Idempotency-Key': 'x'.repeat(201) }), 400, 'bad_header');
  });

  test('a refused create may be mended and sent again with its key', async () => {
    const key = randomUUID();
    assert.equal((await rep.post('/customers', {}, { 'Idempotency-Key': key })).status, 422);
    assert.equal((await rep.post('/customers', customer(), { 'Idempotency-Key': key })).status, 201);
  });
});

describe('duplicates', () => {
  test('the same credit code blocks, also a foreign one, without giving it away', async () => {
    const uscc = '91330100799655058B';
    const first = await makeCustomer(rep, { uscc });
    problem(await post(customer({ uscc })), 409, 'duplicate');
    problem(await post(customer({ uscc: ' 91330100799655058b ' })), 409, 'duplicate');
    const foreign = await post(customer({ uscc }), rep2);
    problem(foreign, 409, 'duplicate');
    assert.ok(foreign.text.includes('冯销售') && !foreign.text.includes(first.name) && !foreign.text.includes(String(first.id)), foreign.text);
    await manager.delNow(`/customers/${first.id}`);
    assert.equal((await post(customer({ uscc }))).status, 201, 'a deleted one blocks nobody');
  });

  test('the same name key and phone block; one of them alone only warns', async () => {
    const had = customer({ name: '上海（浦东）星河贸易有限公司' });
    await make(rep, 'customers', had);
    problem(await post(customer({ name: '上海(浦东)星河贸易有限公司', phone: `+86 ${had.phone}` })), 409, 'duplicate');
    assert.equal((await post(customer({ name: had.name }))).status, 201);
    assert.equal((await post(customer({ phone: had.phone }))).status, 201);
    const c = await makeCustomer(rep, { name: had.name });
    problem(await rep.patchNow(`/customers/${c.id}`, { phone: had.phone }), 409, 'duplicate');
  });

  test('POST /duplicates: what is the caller\'s with id, the rest by owner only', async () => {
    const phone = mobile();
    const mine = await makeCustomer(rep, { name: '金鼎食品有限公司', phone });
    await makeCustomer(rep2, { phone });
    const { status, json, text } = await rep.post('/customers/duplicates', { name: '金鼎食品有限公司', phone });
    assert.equal(status, 200, text);
    const [own, foreign] = [json.data.find((d) => d.id === mine.id), json.data.find((d) => !d.id)];
    assert.equal(own.label, '金鼎食品有限公司');
    assert.ok(own.rule && own.score > 0);
    assert.equal(own.last_follow_up_at, null, 'never followed up: null, not absent');
    assert.match(JSON.stringify(foreign.owner), /陈销售/);
    assert.deepEqual(Object.keys(foreign).filter((k) => foreign[k] != null), ['owner']);
    assert.deepEqual((await rep.post('/customers/duplicates', { name: '独一无二的公司' })).json.data, []);
    problem(await rep.post('/customers/duplicates', { nonsense: 1 }), 400);
    // a number half typed is none yet: what else is given is looked at
    const half = await rep.post('/customers/duplicates', { name: '金鼎食品有限公司', phone: '138' });
    assert.equal(half.status, 200, half.text);
    assert.ok(half.json.data.length >= 1, half.text);
  });

  test('30 foreign hints an hour', async () => {
    const phones = Array.from({ length: 34 }, () => mobile());
    for (const phone of phones) await makeCustomer(rep2, { phone });
    const seen = [];
    for (const phone of phones) seen.push(await manager.get('/me') && await rep.post('/customers/duplicates', { phone }));
    const shown = seen.filter((a) => a.status === 200 && a.json.data.length).length;
    assert.ok(shown <= 30, `${shown} shown`);
    assert.ok(seen.at(-1).status === 429 || seen.at(-1).json.data.length === 0, seen.at(-1).text);
  });
});

describe('history and timeline', () => {
  test('say who changed what from what to what', async () => {
    const c = await makeCustomer(rep, { level: 'normal' });
    await rep.patchNow(`/customers/${c.id}`, { level: 'key', employee_count: '21-50' });
    const talk = await make(rep, 'follow-ups', followUp(c.id, { content: '客户想要报价' }));
    const { json: history } = await rep.get(`/customers/${c.id}/history`);
    assert.deepEqual(history.data.map((h) => h.action), ['update', 'create']);
    const [update] = history.data;
    assert.equal(update.by.label, '冯销售');
    const level = update.changes.find((x) => x.field === 'level');
    assert.deepEqual([level.before, level.after, level.label.zh], ['一般', '重要', '客户等级']);
    const en = (await rep.get(`/customers/${c.id}/history`, { 'Accept-Language': 'en' })).json.data[0].changes.find((x) => x.field === 'level');
    assert.deepEqual([en.before, en.after], ['Normal', 'Key']);
    const { json: line } = await rep.get(`/customers/${c.id}/timeline`);
    assert.ok(line.data.some((i) => i.kind === 'follow_up' && i.id === talk.id && i.text.includes('报价')), JSON.stringify(line));
    assert.ok(line.data.some((i) => i.kind === 'changed') && line.data.some((i) => i.kind === 'created'), JSON.stringify(line));
    assert.deepEqual(line.data.map((i) => i.at), line.data.map((i) => i.at).sort().reverse());
    const fresh = (await rep.get(`/customers/${c.id}`)).json;
    assert.equal(fresh.last_follow_up_at, talk.happened_at);
  });

  test('page by page nothing is lost or twice', async () => {
    const c = await makeCustomer(rep);
    for (let i = 0; i < 12; i++) await make(rep, 'follow-ups', followUp(c.id));
    for (let i = 0; i < 5; i++) await rep.patchNow(`/customers/${c.id}`, { remark: `n${i}` });
    const whole = (await rep.get(`/customers/${c.id}/timeline?limit=200`)).json.data.map((i) => `${i.kind}${i.id}${i.at}`);
    const parts = (await all(rep, `/customers/${c.id}/timeline`, 'limit=3')).map((i) => `${i.kind}${i.id}${i.at}`);
    assert.deepEqual(parts, whole);
    assert.ok(whole.length >= 18);
    assert.equal((await all(rep, `/customers/${c.id}/history`, 'limit=2')).length, 6);
  });
});
