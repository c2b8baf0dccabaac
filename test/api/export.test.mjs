// Lists as files, and back: what an export holds, how it is guarded, and that our own importer finds nothing changed in it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { settle, step } from '../lib/imports.mjs';
import { customer, make } from '../lib/records.mjs';
import { readWorkbook, workbook } from '../lib/xlsx.mjs';

let server, boss, manager, rep, sysadmin, admin;
before(async () => {
  server = await startServer({ company: true });
  ({ boss, manager, rep, sysadmin, admin } = await makeCompany(server, { only: ['boss', 'manager', 'rep', 'sysadmin'] }));
  await boss.stepUp();
  await sysadmin.stepUp();
});
after(() => server?.stop());

const none = { created: 0, updated: 0, unchanged: 0, skipped: 0, duplicate: 0, failed: 0 };
async function download(who, plural, body) {
  const start = await who.post(`/${plural}/export`, body);
  assert.equal(start.status, 202, start.text);
  const job = await who.job(start.json.job.id);
  assert.equal(job.state, 'done', JSON.stringify(job));
  return (await who.get(`/jobs/${job.id}/file`)).bytes;
}
async function bringBack(who, entity, name, bytes, mode = 'upsert', more = {}) {
  const up = await who.upload('/imports', name, bytes, { fields: { entity } });
  assert.equal(up.status, 201, up.text);
  const { id, sheets } = up.json;
  const plan = sheets.filter((s) => s.entity).map((s) => ({ index: s.index, entity: s.entity, mode, ...more }));
  assert.equal((await who.patch(`/imports/${id}`, { sheets: plan })).status, 200);
  assert.equal((await who.post(`/imports/${id}/run`, {})).status, 202);
  const json = await settle(who, id);
  return { ...json, errors: (await who.get(`/imports/${id}/errors`)).json.data };
}

const nasty = ['=1+1', ' =cmd|calc', '\u3000＝SUM(A1)', "'=twice", "'plain", '+8613800138000', '-12.5', '@name', '007', '123456789012345678',
  'a,b;c|d\te', 'say "hi"', 'first\nsecond', '😀 🏢 emoji', '全角ＡＢＣ１２３', '_x0041_ escape', '<b>&amp;</b>', '1e5', '2024-05-01', 'TRUE', '#N/A', '\u200bzero width'];

describe('an export comes back as it went', () => {
  const fields = {};
  before(async () => {
    const add = (code, type, over = {}) => make(admin, 'custom-fields', { entity: 'customer', code, label_zh: `回程${code}`, label_en: `Back ${code}`, type, ...over });
    const options = { a: { zh: '甲类', en: 'A' }, b: { zh: '乙类', en: 'B' }, c: { zh: '丙类', en: 'C' } };
    for (const [code, type, over] of [['x_text', 'text'], ['x_code', 'string'], ['x_big', 'int'], ['x_multi', 'multi_option', { options }], ['x_day', 'date'], ['x_at', 'datetime'],
      ['x_dec', 'decimal', { validation: { scale: 4 } }], ['x_bool', 'bool'], ['x_who', 'link', { link_to: 'user' }]])
      fields[code] = (await add(code, type, over)).code;
    const people = (await boss.get('/users?limit=50')).json.data;
    const first = await make(boss, 'customers', customer({ name: '回程上级有限公司', phone: '13700000000' }));
    for (const [i, text] of nasty.entries()) {
      const made = await make(boss, 'customers', customer({
        name: `${text} 第${i}家`, phone: `137${String(10000000 + i)}`, remark: `${text}\n${text}`, annual_revenue: `${i}1234567.${i % 10}5`, region: i % 2 ? 330106 : null,
        parent_customer: i % 3 ? null : first.id, uscc: null,
        [fields.x_text]: text, [fields.x_code]: `00${i}`, [fields.x_big]: i % 2 ? 123456789012345 * 10 + i : -i, [fields.x_multi]: i % 3 ? ['a', 'c'] : null,
        [fields.x_day]: ['1899-12-31', '1900-02-28', '1900-03-01', '2024-02-29', '9999-12-31'][i % 5],
        [fields.x_at]: ['2024-05-01T15:59:59.999Z', '2024-05-01T16:00:00Z', '1991-09-14T15:30:00Z', '1999-12-31T16:00:00.001Z', '2026-01-01T00:00:30Z'][i % 5],
        [fields.x_dec]: ['0.0001', '99999999.9999', '-5', '900719925474.0991'][i % 4], [fields.x_bool]: i % 2 === 0, [fields.x_who]: i % 2 ? null : people[i % people.length].id }));
      if (i > 5) continue;
      const who = await make(boss, 'contacts', { customer: made.id, name: `联系人${text}`, mobile: `136${String(10000000 + i)}`, title: text });
      await make(boss, 'follow-ups', { customer: made.id, content: `${text}\n第二行`, customer_need: text, next_plan: text, method: 'visit', contacts: [who.id], happened_at: `2026-03-0${i + 1}T15:59:59.${i}07Z` });
      await make(boss, 'tasks', { title: `任务${text}`, customer: made.id, contact: i % 2 ? who.id : null, due_at: '2030-12-31T16:00:00Z', description: text, collaborators: people.slice(0, i).map((p) => p.id) });
    }
  });

  const entities = [['customer', 'customers', () => boss], ['contact', 'contacts', () => boss], ['follow_up', 'follow-ups', () => boss], ['task', 'tasks', () => boss],
    ['department', 'departments', () => sysadmin], ['user', 'users', () => sysadmin]];
  for (const [entity, plural, who] of entities)
    for (const format of ['xlsx', 'csv'])
      test(`${entity} as ${format}`, async () => {
        const all = (await who().get(`/schema/${entity}`)).json.fields.filter((f) => !f.write_only && !['parts', 'files', 'json'].includes(f.type)).map((f) => f.name);
        const bytes = await download(who(), plural, { format, fields: ['id', ...all.filter((f) => f !== 'id')] });
        const rows = (await who().get(`/${plural}?count=exact&limit=1`)).json.count.value;
        assert.ok(rows > 3, `${rows} rows`);
        const back = await bringBack(who(), entity, `back.${format}`, bytes);
        if (back.counts.updated) console.log('CHANGED', JSON.stringify((await Promise.all((await who().get(`/${plural}?limit=5&sort=-updated_at`)).json.data.map((r) => who().get(`/${plural}/${r.id}/history`)))).map((h) => h.json.data[0])));
        assert.deepEqual(back.counts, { ...none, unchanged: rows }, JSON.stringify(back.errors.slice(0, 6)));
        // and with the columns of the list, found by number, code or rule
        if (['customer', 'contact', 'department', 'user'].includes(entity)) {
          const list = await bringBack(who(), entity, `list.${format}`, await download(who(), plural, { format }));
          assert.deepEqual(list.counts, { ...none, unchanged: rows }, JSON.stringify(list.errors.slice(0, 6)));
        }
      });

  test('typed: dates are dates, codes are text, and nothing is a formula', async () => {
    const bytes = await download(boss, 'customers', { format: 'xlsx', fields: ['number', 'name', 'phone', 'annual_revenue', fields.x_big, fields.x_day, fields.x_at, 'created_at'] });
    const { files, sheets } = readWorkbook(bytes);
    const xml = files['xl/worksheets/sheet1.xml'].toString();
    assert.ok(!/<f>/.test(xml), 'no formula');
    const styles = files['xl/styles.xml'].toString();
    assert.match(styles, /yyyy-mm-dd hh:mm/);
    const [head, ...rows] = Object.values(sheets)[0];
    assert.equal(head[0], '客户编号');
    const row = rows.find((r) => r[1].startsWith('007'));
    assert.match(row[2], /^137\d{8}$/);
    assert.ok(rows.some((r) => r[4] === '1234567890123451'), 'sixteen digits kept');
    const cell = (r, c) => new RegExp(`<c r="${c}${r}"([^>]*)>`).exec(xml)?.[1] ?? '';
    assert.match(cell(2, 'C'), /inlineStr/);
    assert.doesNotMatch(cell(4, 'G'), /inlineStr/);
    // 2024-05-01T16:00Z is midnight of the 2nd in Shanghai
    assert.ok(rows.some((r) => Number(r[6]) === 45414), JSON.stringify(rows.map((r) => r[6])));
  });

  test('guarded: no cell of the text file begins a formula, whatever stands before', async () => {
    const text = (await download(boss, 'customers', { format: 'csv', fields: ['name', fields.x_text] })).toString();
    assert.equal(text[0], '\ufeff');
    assert.ok(!/[^\r]\n(?=[^"]*"[^"]*(?:"[^"]*"[^"]*)*$)/.test('') && text.endsWith('\r\n'));
    for (const line of text.slice(1).split('\r\n').slice(1))
      for (const cell of line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
        const bare = cell.replace(/^"/, '').replace(/^[\s\u3000\u200b\ufeff]*/, '');
        assert.ok(!/^[=@＝＋－＠]/.test(bare) && !(/^[+-]/.test(bare) && !/^[+-][\d.]+"?$/.test(bare)), cell);
      }
    assert.match(text, /'=1\+1/);
  });

  test('masked stays masked, and a mask that comes back changes nothing', async () => {
    const [{ id }] = (await boss.get('/customers?limit=1&filter=' + encodeURIComponent(JSON.stringify(['name', '=', '回程上级有限公司'])))).json.data;
    const own = await make(rep, 'customers', customer({ name: '被遮住的有限公司', phone: '13711119999' }));
    await manager.stepUp();
    const filter = ['name', '=', '被遮住的有限公司'];
    const bytes = await download(manager, 'customers', { format: 'xlsx', fields: ['number', 'name', 'phone'], filter });
    const [, row] = Object.values(readWorkbook(bytes).sheets)[0];
    assert.match(row[2], /\*\*\*/);
    const back = await bringBack(manager, 'customer', 'm.xlsx', bytes);
    assert.deepEqual(back.counts, { ...none, unchanged: 1 }, JSON.stringify(back.errors));
    assert.equal((await rep.get(`/customers/${own.id}`)).json.phone, '13711119999');
    assert.ok(id);
    assert.equal((await rep.post('/customers/export', { format: 'csv' })).status, 403);
  });
});

describe('the report of a check', () => {
  /** The book as a person saves it after mending: texts only, the same sheets. */
  const saved = (sheets) => workbook(Object.fromEntries(Object.entries(sheets).map(([name, rows]) => [name, Array.from(rows, (r) => Array.from(r ?? []))])));

  test('figures on screen and in the book; several sheets; mended, it needs no mapping', async () => {
    const book = workbook({
      客户: [['那个列', '所属行业', '信息来源', '电话', '内部XYZ'], ['报告甲有限公司', '金融', '广告', '13655550001', 'a'], ['报告乙有限公司', '养鱼', '广告', '1390', '=b'], ['报告丙有限公司', '养鱼', '广告', '13655550003', 'c']],
      人: [['姓名', '所属客户', '手机'], ['报告张三', '报告甲有限公司', '13655550011'], ['报告李四', '没有这家', '13655550012']],
    });
    const up = await rep.upload('/imports', 'r.xlsx', book, { fields: {} });
    assert.equal(up.status, 201, up.text);
    const id = up.json.id;
    const set = await rep.patch(`/imports/${id}`, { sheets: [{ index: 0, entity: 'customer', mapping: { 0: 'name', 4: null } }, { index: 1, entity: 'contact' }] });
    assert.equal(set.status, 200, set.text);
    await rep.post(`/imports/${id}/run`, {});
    const done = await settle(rep, id);
    assert.deepEqual([done.counts.created, done.counts.failed], [2, 3], JSON.stringify(done));
    const report = await rep.get(`/imports/${id}/report`);
    assert.equal(report.status, 200, report.text);
    assert.equal(report.json.refused, 3);
    assert.equal(report.json.person, '冯销售');
    assert.deepEqual(report.json.counts, done.counts);
    const fault = report.json.errors.find((e) => e.code === 'enum.unknown');
    assert.deepEqual([fault.sheet, fault.column, fault.header, fault.count, fault.first_row], ['客户', 1, '所属行业', 2, 3]);
    assert.equal((await manager.get(`/imports/${id}/report`)).status, 404);

    const { names, sheets, files } = readWorkbook((await rep.get(`/imports/${id}/errors.xlsx`)).bytes);
    assert.deepEqual(names.map((n) => [n.name, n.hidden]), [['客户', false], ['人', false], ['校验报告', false], ['_meta', true]]);
    assert.deepEqual(sheets.客户[0], ['错误原因', '那个列', '所属行业', '信息来源', '电话', '内部XYZ']);
    assert.deepEqual(sheets.客户[1].slice(1), ['报告乙有限公司', '养鱼', '广告', '1390', '=b']);
    assert.ok(!Object.entries(files).some(([name, bytes]) => /worksheets/.test(name) && bytes.includes('<f>')), 'no formula');
    assert.ok(sheets.校验报告.some((r) => r[2] === 'enum.unknown' && r[3] === '2'), JSON.stringify(sheets.校验报告));
    sheets.客户[1][2] = sheets.客户[2][2] = '金融'; sheets.客户[1][4] = '13655550002';
    sheets.人[1][2] = '报告乙有限公司';
    const again = await rep.upload('/imports', 'mended.xlsx', saved(sheets), { fields: {} });
    assert.equal(again.status, 201, again.text);
    assert.deepEqual(again.json.sheets.map((s) => s.entity), ['customer', 'contact', null, null]);
    assert.deepEqual(Object.values(again.json.sheets[0].mapping), [null, 'name', 'industry', 'source', 'phone', null]);
    await rep.post(`/imports/${again.json.id}/run`, {});
    const mended = await settle(rep, again.json.id);
    assert.deepEqual(mended.counts, { ...none, created: 3 }, JSON.stringify((await rep.get(`/imports/${again.json.id}/errors`)).json.data));
  });
});

describe('templates', () => {
  test('customers with their contacts: lists, formats, dates, and back without a mapping', async () => {
    const answer = await rep.get('/import-templates/customer.xlsx?with=contacts');
    assert.equal(answer.status, 200, answer.text);
    const { names, sheets, files } = readWorkbook(answer.bytes);
    assert.deepEqual(names.map((n) => [n.name, n.hidden]), [['客户', false], ['联系人', false], ['填写说明', false], ['_lists', true], ['_meta', true]]);
    const customers = files['xl/worksheets/sheet1.xml'].toString(), contacts = files['xl/worksheets/sheet2.xml'].toString();
    assert.match(customers, /<pane [^>]*ySplit="1"/);
    assert.match(customers, /<dataValidation type="list"[^>]*>\s*<formula1>_lists!\$A\$1:\$A\$\d+<\/formula1>/);
    assert.match(contacts, /'客户'!\$[A-Z]+\$2/, 'the customer is chosen from the first sheet');
    assert.match(contacts, /type="date"/, 'a birthday is a day');
    assert.ok(sheets._lists.some((r) => r.includes('浙江省 / 杭州市')) && sheets._lists.some((r) => r.includes('制造业')), 'regions and options');
    assert.match(files["xl/styles.xml"].toString(), /formatCode="@"/, 'text format');
    const at = (sheet, header) => { const i = sheets[sheet][0].indexOf(header); assert.ok(i >= 0, `${header} in ${sheets[sheet][0]}`); return i; };
    assert.match(sheets.客户[1][at('客户', '*客户名称')], /^示例：/);
    const row = [], who = [];
    row[at('客户', '*客户名称')] = '双表模板有限公司'; row[at('客户', '*所属行业')] = '信息技术'; row[at('客户', '*信息来源')] = '官网';
    row[at('客户', '*联系方式')] = '13644440001'; row[at('客户', '*主要联系人姓名')] = '赵一';
    who[at('联系人', '*姓名')] = '钱二'; who[at('联系人', '*所属客户')] = '双表模板有限公司'; who[at('联系人', '手机')] = '13644440002';
    sheets.客户.push(row); sheets.联系人.push(who);
    const up = await rep.upload('/imports', 't.xlsx', workbook(Object.fromEntries(Object.entries(sheets).map(([n, rows]) => [n, Array.from(rows, (r) => Array.from(r ?? []))]))), { fields: {} });
    assert.equal(up.status, 201, up.text);
    assert.deepEqual(up.json.sheets.map((s) => s.entity), ['customer', 'contact', null, null, null]);
    await rep.post(`/imports/${up.json.id}/run`, {});
    const done = await settle(rep, up.json.id);
    assert.deepEqual(done.counts, { ...none, created: 2, skipped: 4 }, JSON.stringify((await rep.get(`/imports/${up.json.id}/errors`)).json.data));
    assert.equal((await rep.get('/import-templates/customer.xlsx?with=users')).status, 422);
    assert.equal((await rep.get('/import-templates/user.xlsx')).status, 403);
  });

  test('a second opinion: openpyxl reads the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zhike-template-'));
    try {
      const file = join(folder, 't.xlsx');
      writeFileSync(file, (await sysadmin.get('/import-templates/user.xlsx?with=')).bytes);
      const code = `import openpyxl, json, sys
book = openpyxl.load_workbook(sys.argv[1])
s = book.worksheets[0]
print(json.dumps({"names": book.sheetnames, "frozen": s.freeze_panes, "lists": [v.formula1 for v in s.data_validations.dataValidation if v.type == "list"], "hidden": [x.title for x in book.worksheets if x.sheet_state != "visible"], "comment": bool(s["A1"].comment), "red": s["A1"].font.color.rgb if s["A1"].font.color else None, "head": [c.value for c in s[1]]}))`;
      const run = spawnSync('/usr/bin/python3', ['-c', code, file] /* Debian's, whose packages ./dev installs */, { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      const seen = JSON.parse(run.stdout);
      assert.equal(seen.frozen, 'A2');
      assert.deepEqual(seen.hidden, ['_lists', '_meta']);
      assert.ok(seen.lists.length >= 3 && seen.lists.every((f) => /^_lists!/.test(f)), JSON.stringify(seen));
      assert.ok(seen.head.includes('*账号') && seen.head.includes('所属部门') && !seen.head.includes('角色'), `roles are not hers to give: ${JSON.stringify(seen.head)}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('people and departments go the same way', () => {
  test('departments by path and code, people with roles by name; what one may not give is refused', async () => {
    const book = workbook({
      部门: [['部门编码', '部门名称', '上级部门'], ['D1', '研究院', '总部'], ['D2', '一室', 'D1'], ['D3', '一室', '总部/销售部']],
      用户: [['账号', '姓名', '所属部门', '直属上级', '角色', '密码'], ['lab1', '何主任', '总部/研究院/一室', '', '', ''], ['lab2', '吕助理', 'D2', 'lab1', '', 'Start-lab2-2026'], ['lab3', '施助理', 'D2', '何主任', '', 'short'], ['lab4', '张助理', 'D2', '', '系统管理员', '']],
    });
    const up = await sysadmin.upload('/imports', 'people.xlsx', book, { fields: {} });
    assert.equal(up.status, 201, up.text);
    assert.deepEqual(up.json.sheets.map((s) => s.entity), ['department', 'user']);
    assert.deepEqual(up.json.sheets[1].columns[5].samples, [], 'passwords are no samples');
    const done = await step(sysadmin, up.json.id, 'run');
    const errors = (await sysadmin.get(`/imports/${up.json.id}/errors`)).json.data;
    assert.deepEqual(errors.map((e) => [e.sheet, e.row, e.header]), [['用户', 4, '密码']], JSON.stringify(errors));
    assert.ok(!JSON.stringify(errors).includes('short'), 'no password in what is kept');
    assert.deepEqual(done.counts, { ...none, created: 6, failed: 1 });
    assert.ok(done.warnings.some((w) => w.header === '角色'), 'roles are not his to give: left out, and told');
    const [four] = (await admin.get('/users?fields=login,roles&filter=' + encodeURIComponent(JSON.stringify(['login', '=', 'lab4'])))).json.data;
    assert.deepEqual(four.roles, []);
    const [two] = (await sysadmin.get('/users?fields=login,manager,department&filter=' + encodeURIComponent(JSON.stringify(['login', '=', 'lab2'])))).json.data;
    assert.deepEqual([two.manager.label, two.department.label], ['何主任', '一室']);
    assert.equal((await server.anyone().post('/session', { login: 'lab2', password: 'Start-lab2-2026' })).status, 200);
    assert.equal((await sysadmin.get(`/users/${two.id}`)).json.must_change_password, true, 'a password that stood in a file is for once');
    assert.ok([403, 422].includes((await rep.upload('/imports', 'p.xlsx', book, { fields: { entity: 'user' } })).status));
  });
});
