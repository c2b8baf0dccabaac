// Creating without duplicates: a pasted contact block becomes fields and then records; who may ask.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { make, mobile, problem } from '../lib/records.mjs';

let server, boss, rep, rep2, agent;
before(async () => {
  server = await startServer({ company: true });
  ({ boss, rep, rep2, agent } = await makeCompany(server, { only: ['boss', 'rep', 'rep2', 'agent'] }));
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
