// Creating without duplicates: a pasted contact block becomes fields and then records; who may ask.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { contact, customer, filter, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, boss, rep, rep2, agent, west;
before(async () => {
  server = await startServer({ company: true });
  ({ boss, rep, rep2, agent, west_rep: west } = await makeCompany(server, { only: ['boss', 'rep', 'rep2', 'agent', 'west_rep'] }));
});
after(() => server?.stop());

const parse = (who, text) => who.post('/contacts/actions/parse', { text });

describe('a pasted block', () => {
  test('fields of the customer and the contact, the rest in the remark', async () => {
    const { status, json, text } = await parse(rep, '王建国 总经理\n杭州明德机械有限公司\n电话：0571-88123456 手机：13805711234\nwjg@mingde.cn\n地址：浙江省杭州市西湖区文三路90号\n传真：0571-88123457\n做注塑机的，年底要上两条线');
    assert.equal(status, 200, text);
    assert.equal(json.customer.name, '杭州明德机械有限公司');
    assert.equal(json.customer.phone, '0571-88123456');
    assert.deepEqual(json.customer.region, { id: 330106, label: '浙江省 / 杭州市 / 西湖区' });
    assert.equal(json.customer.address_detail, '文三路90号');
    assert.match(json.customer.remark, /传真：0571-88123457/);
    assert.match(json.customer.remark, /年底要上两条线/);
    assert.deepEqual(json.contact, { name: '王建国', title: '总经理', mobile: '13805711234', phone: '0571-88123456', email: 'wjg@mingde.cn' });
    assert.ok(json.items.every((i) => i.from < i.to && typeof i.value === 'string'));
  });

  test('parsed fields make a customer with its contact, in one call', async () => {
    const phone = mobile();
    const { json } = await parse(rep, `李娜\n采购部\n湖州竹海食品厂\n${phone}\nlina@zhuhai.cn\n微信：lina_88`);
    const made = await make(rep, 'customers', { ...json.customer, industry: 'retail', source: 'other', primary_contact: json.contact });
    const person = (await rep.get(`/contacts/${made.main_contact.id}`)).json;
    assert.equal(person.name, '李娜');
    assert.equal(person.department, '采购部');
    assert.equal(person.mobile, phone);
    assert.equal(person.email, 'lina@zhuhai.cn');
    assert.equal(person.wechat, 'lina_88');
    assert.equal(made.name, '湖州竹海食品厂');
  });

  test('two numbers, two people: what has no field is in the remark', async () => {
    const { json } = await parse(rep, '采购：鲁曼 15306412233\n技术：宫全 15306413344\n淄博齐鲁助剂有限公司');
    assert.equal(json.contact.name, '鲁曼');
    assert.match(json.customer.remark, /宫全/);
    assert.match(json.customer.remark, /15306413344/);
  });

  test('refused: no text, no text at all, too long, not allowed', async () => {
    problem(await parse(rep, ''), 422, 'required');
    problem(await rep.post('/contacts/actions/parse', {}), 422, 'required');
    problem(await parse(rep, 7), 422);
    problem(await parse(rep, '张'.repeat(7000)), 422, 'too_long');
    problem(await parse(agent, '王芳 13800138000'), 403);
    assert.equal((await server.anyone().post('/contacts/actions/parse', { text: 'x' })).status, 401);
    const own = (await rep.get('/contacts?limit=1')).json.data[0];
    problem(await rep.post(`/contacts/${own.id}/actions/parse`, { text: 'x' }), 404, undefined, 'it is an action of the entity');
  });
});

describe('numbers are looked for on contacts too', () => {
  const hint = async (who, body) => (await who.post('/customers/duplicates', body)).json.data;

  test('a contact\'s mobile: as the customer\'s phone, and as that of the contact sent along', async () => {
    const c = await makeCustomer(rep), number = mobile();
    await make(rep, 'contacts', contact(c.id, { mobile: number }));
    for (const body of [{ phone: number }, { name: '别的公司', primary_contact: { name: '王芳', mobile: `+86 ${number}` } }]) {
      const found = await hint(rep, body);
      assert.deepEqual(found.map((d) => [d.id, d.rule, d.action]), [[c.id, 'contact.mobile', 'warn']], JSON.stringify(body));
      const foreign = await hint(rep2, body);
      assert.equal(foreign.length, 1);
      assert.deepEqual(Object.keys(foreign[0]), ['owner'], 'of a foreign one the owner only');
    }
    assert.deepEqual(await hint(rep, { id: c.id, phone: number }), [], 'not itself');
  });

  test('the mobile of the contact sent along is looked for among customers\' phones', async () => {
    const c = await makeCustomer(rep);
    const found = await hint(rep, { primary_contact: { name: '王芳', mobile: c.phone } });
    assert.deepEqual(found.map((d) => [d.id, d.rule]), [[c.id, 'phone']]);
    assert.deepEqual(await hint(rep, { primary_contact: '王芳' }), []);
    const gone = await makeCustomer(boss), number = mobile();
    await make(boss, 'contacts', contact(gone.id, { mobile: number }));
    await boss.delNow(`/customers/${gone.id}`);
    assert.deepEqual(await hint(boss, { phone: number }), [], 'a deleted one is no duplicate');
  });

  test('a refused save that names a foreign owner counts like a hint', async () => {
    const all = [];
    for (let i = 0; i < 31; i++) all.push(await makeCustomer(rep2));
    const answers = [];
    for (const c of all) answers.push(await west.post('/customers', customer({ name: c.name, phone: c.phone })));
    assert.ok(answers.slice(0, 30).every((a) => a.status === 409 && a.text.includes('陈销售')), answers[0].text);
    const last = problem(answers[30], 429);
    assert.ok(!JSON.stringify(last).includes('陈销售'), 'beyond the limit not even whose it is');
    assert.equal((await west.post('/customers', customer({ name: all[0].name, phone: all[0].phone }))).status, 409, 'one that was told already costs nothing');
    assert.equal((await west.post('/customers/duplicates', { phone: all[30].phone })).status, 429, 'one limit for both');
  });
});

describe('asking the owner', () => {
  test('is a task for the owner; the asker learns no more than whose it is', async () => {
    const c = await makeCustomer(rep2, { name: '问询测试有限公司' });
    const body = { name: c.name, phone: c.phone, message: '他们找到我要报价，可以给我跟吗？' };
    const { status, json, text } = await rep.post('/customers/actions/ask_owner', body);
    assert.equal(status, 200, text);
    assert.deepEqual(json, { asked: [{ owner: '陈销售', again: false }] });
    const tasks = (await rep2.get(`/tasks?${filter(['customer', '=', c.id])}`)).json.data;
    assert.equal(tasks.length, 1);
    assert.match(tasks[0].title, /冯销售.*问询测试有限公司/);
    assert.equal((await rep2.get(`/tasks/${tasks[0].id}`)).json.description, body.message);
    assert.equal((await rep.get(`/tasks/${tasks[0].id}`)).status, 404);
    assert.deepEqual((await rep.post('/customers/actions/ask_owner', body)).json, { asked: [{ owner: '陈销售', again: true }] });
    assert.equal((await rep2.get(`/tasks?${filter(['customer', '=', c.id])}`)).json.data.length, 1, 'once a day');
  });

  test('nobody to ask, not allowed, nonsense', async () => {
    const mine = await makeCustomer(rep);
    problem(await rep.post('/customers/actions/ask_owner', { name: mine.name, phone: mine.phone }), 404);
    problem(await rep.post('/customers/actions/ask_owner', { name: '世上没有的公司' }), 404);
    problem(await rep.post('/customers/actions/ask_owner', { nonsense: 1 }), 400);
    problem(await rep.post('/customers/actions/ask_owner', { name: 'x', message: '长'.repeat(501) }), 422, 'too_long');
    problem(await agent.post('/customers/actions/ask_owner', { name: mine.name }), 403);
  });
});

describe('vCards', () => {
  test('read by the same action; several of them one by one', async () => {
    const one = (name, number) => `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nORG:云海科技有限公司\nTEL;TYPE=CELL:${number}\nEND:VCARD\n`;
    const { status, json, text } = await parse(rep, one('诸葛青', '13912340001') + one('司马红', '13912340002'));
    assert.equal(status, 200, text);
    assert.deepEqual(json.contact, { name: '诸葛青', mobile: '13912340001' });
    assert.deepEqual(json.cards.map((x) => x.contact.name), ['诸葛青', '司马红']);
    problem(await parse(rep, `BEGIN:VCARD\n${`X-A:${'x'.repeat(95)}\n`.repeat(9_200)}`), 422, 'too_long');
  });

  test('written of what the caller reads in clear; a stranger gets nothing', async () => {
    const c = await makeCustomer(rep), number = mobile();
    const person = await make(rep, 'contacts', contact(c.id, { name: '诸葛青', mobile: number, title: '总监' }));
    const path = `/contacts/${person.id}/actions/vcard`;
    const { json } = await rep.post(path);
    assert.equal(json.file, '诸葛青.vcf');
    assert.match(json.text, new RegExp(`^BEGIN:VCARD\\r\\nVERSION:3.0\\r\\n[^]*TEL;TYPE=CELL:${number}\\r\\n[^]*END:VCARD\\r\\n$`));
    assert.ok(json.qr.size > 20 && /^M4 4h7v1h-7z/.test(json.qr.path));
    const seen = await agent.post(path);
    assert.equal(seen.status, 200, seen.text);
    assert.ok(!seen.text.includes(number) && !seen.text.includes('TEL'), 'a masked number is not in the card');
    for (const who of [rep2, west]) problem(await who.post(path), 404);
    assert.equal((await server.anyone().post(path)).status, 401);
  });
});
