// What is understood of a file before anything of it is written: the header wherever it stands, mappings that were made
// before, exports of other systems, encodings; and what is told of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { settle } from '../lib/imports.mjs';
import { makeCompany, startServer } from '../lib/index.mjs';
import { workbook } from '../lib/xlsx.mjs';

let server, rep, rep2, boss, manager;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, boss, manager } = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'boss'] }));
});
after(() => server?.stop());

async function upload(who, name, bytes, entity) {
  const answer = await who.upload('/imports', name, bytes, { fields: entity ? { entity } : {} });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}
async function step(who, id, what) {
  const answer = await who.post(`/imports/${id}/${what}`, {});
  assert.equal(answer.status, 202, answer.text);
  return settle(who, id);
}
const errors = async (who, id) => (await who.get(`/imports/${id}/errors`)).json.data;
const mapped = (sheet) => Object.fromEntries(sheet.columns.map((c, i) => [c.header, sheet.mapping[i]]));
const note = (sheet, code) => sheet.notes.find((n) => n.code === code);
const find = async (who, plural, name) => (await who.get(`/${plural}?filter=${encodeURIComponent(JSON.stringify(['name', '=', name]))}`)).json.data[0];
const full = async (who, plural, name) => (await who.get(`/${plural}/${(await find(who, plural, name)).id}`)).json;

describe('the header, wherever it stands', () => {
  test('a title, an instruction, a blank row, two rows of names; hidden and total rows are told', async () => {
    const rows = [['公司名单2024年'], ['填表说明：带*的为必填项，请勿改动表头'], [], ['客户信息', '', '', '联系人', '', '备注'], ['*客户名称', '所属行业', '信息来源', '姓名', '电话', ''],
      ['两行表头有限公司', '金融', '广告', '钱进', '13811110001', '甲'], ['隐藏行有限公司', '金融', '广告', '孙二', '13811110002', '乙'], ['合计', '', '', '2', '', '']];
    const up = await upload(rep, 'a.xlsx', workbook({ 名单: rows }, { 名单: { merges: ['A1:F1', 'A2:F2', 'A4:C4', 'D4:E4', 'F4:F5'], hiddenRows: [7] } }));
    const [s] = up.sheets;
    assert.equal(s.header_row, 5);
    assert.equal(s.header_rows, 2);
    assert.equal(s.entity, 'customer');
    assert.deepEqual(mapped(s), { '客户信息/*客户名称': 'name', '客户信息/所属行业': 'industry', '客户信息/信息来源': 'source', '联系人/姓名': 'primary_contact.name',
      '联系人/电话': 'primary_contact.mobile', 备注: 'remark' });
    assert.equal(note(s, 'hidden_rows').count, 1);
    assert.equal(note(s, 'totals').count, 1);
    assert.match(note(s, 'totals').message, /1 个合计/);
    assert.equal(s.fill_down, false);
    assert.equal(s.rows, 3);
    const done = await step(rep, up.id, 'run');
    assert.equal(done.counts.created, 2, JSON.stringify(await errors(rep, up.id)));
    const c = await full(rep, 'customers', '两行表头有限公司');
    assert.equal(c.main_contact.label, '钱进');
    assert.equal(c.remark, '甲');
  });

  test('one row or two is for the person to say; a header far below can be named', async () => {
    const rows = [['甲组', '', '乙组'], ['客户名称', '所属行业', '电话'], ['一家公司', '金融', '13811110003']];
    const up = await upload(rep, 'a.xlsx', workbook({ 表: rows }));
    const set = async (plan) => (await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', ...plan }] })).json.sheets[0];
    const two = await set({ header_row: 2, header_rows: 2 });
    assert.deepEqual(two.columns.map((c) => c.header), ['甲组/客户名称', '甲组/所属行业', '乙组/电话']);
    assert.equal(two.header_rows, 2);
    const one = await set({ header_row: 2, header_rows: 1 });
    assert.deepEqual(one.columns.map((c) => c.header), rows[1]);
    assert.equal((await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', header_row: 1, header_rows: 2 }] })).status, 422);
    const far = [...Array.from({ length: 30 }, (_, i) => [`第${i}条说明文字`]), ['客户名称', '电话'], ['远处公司', '13811110004']];
    const away = await upload(rep, 'b.xlsx', workbook({ 表: far }));
    assert.equal(away.sheets[0].entity, null);
    assert.match(note(away.sheets[0], 'header').message, /20/);
    const named = (await rep.patch(`/imports/${away.id}`, { sheets: [{ index: 0, entity: 'customer', header_row: 31 }] })).json.sheets[0];
    assert.deepEqual(mapped(named), { 客户名称: 'name', 电话: 'phone' });
    assert.equal(named.rows, 1);
    assert.deepEqual(named.columns[0].samples, ['远处公司']);
  });

  test('cells merged downwards take their value, on wish', async () => {
    const book = workbook({ 客户: [['客户名称', '所属行业', '信息来源', '电话'], ['合并客户有限公司', '金融', '广告', '13811110011'], ['第二客户有限公司', '教育', '广告', '13811110012']],
      联系人: [['客户名称', '姓名', '手机'], ['合并客户有限公司', '甲一', '13811110021'], [null, '甲二', '13811110022'], ['第二客户有限公司', '乙一', '13811110023'], [null, '无主', '13811110024']] },
    { 联系人: { merges: ['A2:A3'] } });
    const up = await upload(rep, 'm.xlsx', book);
    assert.deepEqual(up.sheets.map((s) => [s.entity, s.fill_down]), [['customer', false], ['contact', true]]);
    assert.equal(note(up.sheets[1], 'merged').count, 1);
    const done = await step(rep, up.id, 'run');
    assert.deepEqual([done.counts.created, done.counts.failed], [5, 1], JSON.stringify(await errors(rep, up.id)));
    assert.equal((await full(rep, 'contacts', '甲二')).customer.label, '合并客户有限公司');
    assert.deepEqual((await errors(rep, up.id)).map((e) => [e.sheet, e.row, e.code]), [['联系人', 5, 'required']]);
  });

  test('a text file cannot tell what was merged: on wish the blank customer of a contact is the one above', async () => {
    const csv = '客户名称,姓名,手机\n第二客户有限公司,丙一,13811110051\n,丙二,13811110052\n';
    const up = await upload(rep, 'f.csv', Buffer.from(csv), 'contact');
    assert.equal(up.sheets[0].fill_down, false);
    const set = await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'contact', fill_down: true }] });
    assert.equal(set.json.sheets[0].fill_down, true);
    const done = await step(rep, up.id, 'run');
    assert.equal(done.counts.created, 2, JSON.stringify(await errors(rep, up.id)));
    assert.equal((await full(rep, 'contacts', '丙二')).customer.label, '第二客户有限公司');
  });

  test('blank rows, samples and what is required and missing are told', async () => {
    const up = await upload(rep, 'n.xlsx', workbook({ 客户: [['客户名称', '电话'], ['示例：某公司', '13811110061'], [], [], ['甲公司', '13811110062.0'], ['小计', '']] }, { 客户: { hiddenColumns: [2] } }));
    const [s] = up.sheets;
    assert.deepEqual(['blank_rows', 'samples', 'totals', 'hidden_columns'].map((code) => note(s, code)?.count), [2, 1, 1, 1]);
    assert.deepEqual(s.columns.map((c) => c.hidden === true), [false, true]);
    const wanted = up.warnings.filter((w) => w.code === 'required').map((w) => w.message).join();
    assert.match(wanted, /所属行业.*信息来源/);
    const set = (await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', defaults: { industry: 'it', source: 'other' } }] })).json;
    assert.deepEqual(set.warnings.filter((w) => w.code === 'required'), []);
    const done = await step(rep, up.id, 'run');
    assert.deepEqual([done.counts.created, done.counts.skipped], [1, 2], JSON.stringify(await errors(rep, up.id)));
    assert.equal((await full(rep, 'customers', '甲公司')).phone, '13811110062');
  });

  test('hidden sheets are left out; each sheet gets what it is, by name and columns', async () => {
    const up = await upload(boss, 's.xlsx', workbook({ 客户联系人: [['客户名称', '姓名', '手机'], ['甲', '乙', '13811110031']], 旧客户: [['客户名称', '电话'], ['甲', '13811110032']] }, { 旧客户: { hidden: true } }));
    assert.deepEqual(up.sheets.map((s) => s.entity), ['contact', null]);
  });
});

describe('several phones', () => {
  test('of one cell and of several columns: none is lost', async () => {
    const up = await upload(rep, 'p.xlsx', workbook({ 客户: [['客户名称', '所属行业', '信息来源', '联系人', '电话', '电话2', '备注'],
      ['多电话有限公司', '金融', '广告', '周一', '010-62345678转12/13812220001', '13812220002、400-800-8888', '老客户'], ['单电话有限公司', '金融', '广告', '', 13812220009, '', '']] }));
    const [s] = up.sheets;
    assert.deepEqual([s.mapping[4], s.mapping[5]], ['phone', 'phone']);
    assert.deepEqual(s.notes.filter((n) => n.code === 'phones').map((n) => [n.value, n.count]), [['电话', 1], ['电话2', 1]]);
    const done = await step(rep, up.id, 'run');
    assert.equal(done.counts.created, 2, JSON.stringify(await errors(rep, up.id)));
    const c = await full(rep, 'customers', '多电话有限公司');
    assert.equal(c.phone, '010-62345678-12');
    assert.equal((await full(rep, 'contacts', '周一')).mobile, '13812220001');
    assert.equal(c.remark, '老客户\n其他电话：13812220002、400-800-8888');
    assert.equal((await full(rep, 'customers', '单电话有限公司')).phone, '13812220009');
  });
  test('dates of a salesman; a day without a year is refused', async () => {
    const days = ['2024/5/1', '2024.5.1', '2024年5月1日', '20240501', '24-5-1', 45413];
    const up = await upload(rep, 'd.xlsx', workbook({ 客户: [['客户名称', '所属行业', '信息来源', '电话'], ['生日有限公司', '金融', '广告', '13812220010']],
      联系人: [['公司', '姓名', '手机', '生日'], ...days.map((d, i) => ['生日有限公司', `寿星${i}`, `1381222002${i}`, d]), ['生日有限公司', '无年', '13812220030', '5月1日']] }));
    assert.deepEqual(up.sheets.map((s) => [s.entity, s.order]), [['customer', 1], ['contact', 2]]);
    const done = await step(rep, up.id, 'run');
    assert.deepEqual([done.counts.created, done.counts.failed], [7, 1], JSON.stringify(await errors(rep, up.id)));
    for (let i = 0; i < days.length; i++) assert.equal((await full(rep, 'contacts', `寿星${i}`)).birthday, '2024-05-01');
    assert.deepEqual((await errors(rep, up.id)).map((e) => [e.row, e.code]), [[8, 'format.date']]);
  });
  test('customers, contacts and follow-ups of one book, in any order', async () => {
    const up = await upload(rep, 'b.xlsx', workbook({
      拜访: [['拜访单位', '拜访日期', '跟进方式', '拜访情况', '客户需求', '下一步计划'], ['三表有限公司', '2024-05-01 10:00', '拜访', '谈了报价', '要便宜', '再谈']],
      联系人: [['公司名称', '姓名', '电话'], ['三表有限公司', '郑三', '13812220041']],
      公司: [['公司全称', '行业', '来源', '地址', '业务员', '座机号'], ['三表有限公司', '金融', '广告', '青岛市南区香港中路1号', '', '0532-85001234']] }));
    assert.deepEqual(up.sheets.map((s) => [s.entity, s.order]), [['follow_up', 2], ['contact', 3], ['customer', 1]]);
    assert.equal(up.sheets[0].mapping[0], 'customer');
    assert.equal(up.sheets[2].mapping[3], 'address');
    const done = await step(rep, up.id, 'run');
    assert.equal(done.counts.created, 3, JSON.stringify(await errors(rep, up.id)));
    const c = await full(rep, 'customers', '三表有限公司');
    assert.equal(c.region.label, '山东省 / 青岛市 / 市南区');
    assert.equal(c.address_detail, '香港中路1号');
  });
});

describe('what was seen before', () => {
  const rows = (n) => workbook({ 表: [['客户名称', '行当', '从哪来', '电话', '说法'], [`记得${n}有限公司`, '金融', '广告', `1381112000${n}`, '话']] });
  test('the mapping of the last run comes back for the same headers; a colleague gets the company’s last, his own goes first', async () => {
    const one = await upload(rep, 'a.xlsx', rows(1), 'customer');
    assert.equal(one.sheets[0].remembered, false);
    assert.equal(one.sheets[0].mapping[1], null);
    const mapping = { 1: 'industry', 2: 'source', 4: 'source_detail' };
    await rep.patch(`/imports/${one.id}`, { sheets: [{ index: 0, entity: 'customer', mapping }] });
    const again = await upload(rep, 'a.xlsx', rows(1), 'customer');
    assert.equal(again.sheets[0].remembered, false); // only what was run counts
    assert.equal((await step(rep, one.id, 'run')).counts.created, 1, JSON.stringify(await errors(rep, one.id)));
    const two = await upload(rep, 'b.xlsx', rows(2));
    assert.equal(two.sheets[0].remembered, true);
    assert.deepEqual(mapped(two.sheets[0]), { 客户名称: 'name', 行当: 'industry', 从哪来: 'source', 电话: 'phone', 说法: 'source_detail' });
    const other = await upload(rep2, 'b.xlsx', rows(3));
    assert.equal(other.sheets[0].remembered, true);
    await rep2.patch(`/imports/${other.id}`, { sheets: [{ index: 0, entity: 'customer', mapping: { 4: 'remark' } }] });
    assert.equal((await step(rep2, other.id, 'run')).counts.created, 1);
    assert.equal((await upload(rep, 'c.xlsx', rows(4))).sheets[0].mapping[4], 'source_detail');
    assert.equal((await upload(rep2, 'c.xlsx', rows(4))).sheets[0].mapping[4], 'remark');
    assert.equal((await upload(manager, 'c.xlsx', rows(4))).sheets[0].mapping[4], 'remark');
    const contact = await upload(rep, 'd.xlsx', rows(4), 'contact'); // asked for something else: not applied
    assert.equal(contact.sheets[0].remembered, false);
    assert.equal(contact.sheets[0].entity, 'contact');
  });
});

describe('exports of other systems', () => {
  const csv = (...rows) => Buffer.from(rows.map((r) => r.map((c) => `"${c}"`).join(',')).join('\r\n'));
  const run = async (profile, bytes) => {
    const up = await upload(boss, 'export.csv', bytes);
    assert.equal(up.sheets[0].profile, profile, JSON.stringify(up.sheets[0].columns.map((c) => c.header)));
    const done = await step(boss, up.id, 'run');
    assert.equal(done.counts.created, 1, JSON.stringify(await errors(boss, up.id)));
    return up.sheets[0];
  };
  test('Salesforce accounts: picklists, month first, people counted', async () => {
    const s = await run('salesforce', csv(['Account Name', 'Account ID', 'Type', 'Industry', 'Account Source', 'Phone', 'Billing Street', 'Billing City', 'Billing State/Province', 'Employees', 'Rating', 'Created Date', 'Last Modified Date'],
      ['Acme Test Ltd', '001A', 'Customer - Direct', 'Banking', 'Trade Show', '010-62345678', '1 Road', '', '', '150', 'Hot', '5/13/2024', '6/1/2024']));
    assert.equal(s.entity, 'customer');
    const c = await full(boss, 'customers', 'Acme Test Ltd');
    assert.deepEqual([c.industry, c.source, c.level, c.employee_count, c.customer_type].map((x) => x?.value ?? x), ['finance', 'exhibition', 'key', '51-200', 'company']);
    assert.match(c.created_at, /^2024-05-1[23]/);
  });
  test('HubSpot companies and contacts, first and last name together', async () => {
    await run('hubspot', csv(['Record ID', 'Company name', 'Company owner', 'Create Date', 'Phone Number', 'Last Activity Date', 'City', 'Country/Region', 'Industry', 'Lifecycle Stage', 'Original Source Type', 'Number of Employees'],
      ['77', 'Hub Test Inc', '', '2024-05-01 10:30', '010-62345679', '', '', '', 'Computer Software', 'Sales Qualified Lead', 'Organic Search', '12']));
    assert.equal((await full(boss, 'customers', 'Hub Test Inc')).lifecycle?.value ?? (await full(boss, 'customers', 'Hub Test Inc')).lifecycle, 'interested');
    const s = await run('hubspot', csv(['Record ID', 'First Name', 'Last Name', 'Email', 'Phone Number', 'Contact owner', 'Associated Company', 'Lead Status', 'Marketing contact status', 'Create Date'],
      ['5', 'Jane', 'Doe', 'jane@example.com', '010-62345671', '', 'Hub Test Inc', 'OPEN', '', '2024-05-01 10:30']));
    assert.equal(s.entity, 'contact');
    assert.equal((await full(boss, 'contacts', 'Jane Doe')).customer.label, 'Hub Test Inc');
  });
  test('EspoCRM and 悟空CRM', async () => {
    await run('espocrm', csv(['Name', 'Website', 'Email', 'Phone', 'Type', 'Industry', 'Sic Code', 'Billing Address Street', 'Billing Address City', 'Shipping Address Street', 'Assigned User', 'Modified At', 'Source'],
      ['Espo Test GmbH', '', 'a@example.com', '010-62345672', 'Reseller', 'Electric Power', '', 'Weg 1', '', '', '', '', '官网']));
    const up = await upload(boss, 'wk.csv', csv(['客户名称', '客户级别', '客户行业', '客户来源', '成交状态', '电话', '网址', '下次联系时间', '备注', '负责人', '创建时间', '更新时间', '创建人'],
      ['悟空测试有限公司', 'A（重点客户）', 'IT/通信/电子/互联网', '陌拜', '已成交', '010-62345673', '', '', '', '', '2024-01-02 10:00:00', '', '']));
    assert.equal(up.sheets[0].profile, 'wukong');
    assert.equal((await step(boss, up.id, 'run')).counts.created, 1, JSON.stringify(await errors(boss, up.id)));
    const c = await full(boss, 'customers', '悟空测试有限公司');
    assert.deepEqual([c.level, c.industry, c.source, c.lifecycle].map((x) => x?.value ?? x), ['key', 'it', 'other', 'active']);
  });
  test('a plain list is nobody’s export', async () => {
    assert.equal((await upload(boss, 'p.csv', csv(['客户名称', '电话', '备注'], ['甲', '13811110041', '']))).sheets[0].profile, null);
  });
});

describe('how a file is read', () => {
  test('the rule is told; another encoding and delimiter are tried without saving', async () => {
    const big5 = Buffer.from([0xab, 0xc8, 0xa4, 0xe1, 0x3b, 0xb9, 0x71, 0xb8, 0xdc, 0x0a, 0xa4, 0xfd, 0x3b, 0x31, 0x32, 0x33, 0x0a]); // 客戶;電話 王;123
    const up = await upload(rep, 't.csv', big5);
    const told = note(up.sheets[0], 'encoding');
    assert.ok(told.rule && told.message.includes(up.encoding), JSON.stringify(told));
    const look = async (query, who = rep) => who.get(`/imports/${up.id}/preview?${query}`);
    const first = await look('encoding=Big5');
    assert.equal(first.status, 200, first.text);
    const asBig5 = first.json;
    assert.deepEqual(asBig5.rows, [{ row: 1, cells: ['客戶', '電話'] }, { row: 2, cells: ['王', '123'] }]);
    assert.equal(asBig5.encoding, 'Big5');
    assert.equal(asBig5.rule, 'chosen');
    assert.deepEqual((await look('encoding=Big5&delimiter=,')).json.rows[0].cells, ['客戶;電話']);
    assert.deepEqual((await look('encoding=Big5&from=2&limit=1')).json.rows, [{ row: 2, cells: ['王', '123'] }]);
    assert.equal((await look('encoding=klingon')).status, 422);
    assert.equal((await look('sheet=3')).status, 422);
    assert.equal((await look('limit=0')).status, 400);
    assert.equal((await rep.get(`/imports/${up.id}`)).json.encoding, up.encoding);
    assert.equal((await look('', rep2)).status, 404);
    assert.equal((await look('', boss)).status, 404);
  });
});
