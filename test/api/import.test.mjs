// Imports over HTTP: files as people have them, from the upload to the undo; exports and templates.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, root, sleep, slow, startServer, until } from '../lib/index.mjs';
import { readWorkbook, workbook } from '../lib/xlsx.mjs';

let server, rep, rep2, manager, boss, agent;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, manager, boss, agent } = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'boss', 'agent'] }));
});
after(() => server?.stop());

const data = (name) => readFileSync(join(root, 'test/data', name));
const busy = (s) => ['checking', 'running', 'undoing'].includes(s);

async function upload(who, name, bytes, entity) {
  const answer = await who.upload('/imports', name, bytes, { fields: entity ? { entity } : {} });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}
async function settle(who, id, ms = 120_000) {
  const end = Date.now() + ms * slow;
  for (;;) {
    const { json, status, text } = await who.get(`/imports/${id}`);
    assert.equal(status, 200, text);
    if (!busy(json.state)) return json;
    assert.ok(Date.now() < end, text);
    await sleep(50);
  }
}
async function step(who, id, what) {
  const answer = await who.post(`/imports/${id}/${what}`, {});
  assert.equal(answer.status, 202, answer.text);
  return settle(who, id);
}
const errors = async (who, id) => (await who.get(`/imports/${id}/errors`)).json.data;
const guesses = (sheet) => Object.fromEntries(sheet.columns.map((c) => [c.header, c.guess?.field ?? null]));
const none = { created: 0, updated: 0, unchanged: 0, skipped: 0, duplicate: 0, failed: 0 };
const byName = async (who, name) => (await who.get(`/customers?filter=${encodeURIComponent(JSON.stringify(['name', '=', name]))}`)).json.data;

describe('files as people have them', () => {
  test('a GB18030 csv: encoding, header, check, run, records, duplicates', async () => {
    const csv = data('01_gb18030.csv');
    const up = await upload(rep, '客户.csv', csv, 'customer');
    assert.equal(up.state, 'uploaded');
    assert.equal(up.encoding, 'GB18030');
    const [sheet] = up.sheets;
    assert.equal(sheet.entity, 'customer');
    assert.equal(sheet.rows, 3);
    assert.ok(sheet.columns.every((c) => c.guess), JSON.stringify(guesses(sheet)));
    const checked = await step(rep, up.id, 'check');
    assert.equal(checked.state, 'checked', JSON.stringify(checked));
    const before = await errors(rep, up.id);
    assert.deepEqual(before, []); // 官网表单 is another word for 官网
    assert.deepEqual(checked.counts, { ...none, created: 3 });
    assert.equal((await byName(rep, '重庆长安机电有限公司')).length, 0); // a check writes nothing
    const done = await step(rep, up.id, 'run');
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(done.counts, checked.counts);
    assert.deepEqual(done.progress, { done: 3, total: 3 });
    const [c] = await byName(rep, '重庆长安机电有限公司');
    const { json } = await rep.get(`/customers/${c.id}`);
    assert.equal(json.owner.label, '冯销售');
    assert.equal(json.main_contact.label, '单雄信');
    assert.equal(json.region.label, '重庆市 / 渝北区');
    assert.equal(json.phone, '023-67890123');
    const again = await upload(rep, '客户.csv', csv, 'customer');
    const twice = await step(rep, again.id, 'run');
    assert.deepEqual(twice.counts, { ...none, duplicate: 3 });
    assert.equal((await rep.post(`/imports/${again.id}/run`, {})).status, 409); // once is enough
  });

  test('a template of another system: an instruction row merged above the header', async () => {
    const up = await upload(rep2, '12.xlsx', data('workbooks/12_wukong_template.xlsx'));
    const [sheet] = up.sheets;
    assert.equal(sheet.header_row, 2);
    assert.equal(sheet.entity, 'customer');
    assert.deepEqual(guesses(sheet), {
      '*客户名称': 'name', 所属行业: 'industry', '*联系人姓名': 'primary_contact.name', '手　机': 'phone', 客户地址: 'address',
      客户等级: 'level', 信息来源: 'source', 备注: 'remark',
    });
  });

  test('phones as numbers, lost digits, dates in many spellings, a total row', async () => {
    const up = await upload(boss, '13.xlsx', data('workbooks/13_dirty_numbers.xlsx'));
    const [sheet] = up.sheets;
    assert.equal(sheet.header_row, 2);
    await boss.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', defaults: { industry: 'it', source: 'other' } }] });
    const checked = await step(boss, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, created: 3, skipped: 1, failed: 2 }, JSON.stringify(await errors(boss, up.id)));
    assert.deepEqual((await errors(boss, up.id)).map((e) => [e.sheet, e.row, e.header, e.code]),
      [['客户', 5, '手机', 'number.precision'], ['客户', 6, '统一社会信用代码', 'format.credit_code']]);
    assert.ok(checked.warnings.some((w) => w.code === 'totals'));
    await step(boss, up.id, 'run');
    const [c] = await byName(boss, '甲公司');
    const { json } = await boss.get(`/customers/${c.id}`);
    assert.equal(json.phone, '13800138000');
    assert.equal(json.uscc, '91110000600037341L');
  });

  test('several sheets, linked by the numbers and names of the file', async () => {
    const book = workbook({
      联系人: [['所属客户', '姓名', '手机'], ['乙方科技有限公司', '张三', 13911112222], ['没有这家公司', '李四', '13900139000'], ['K1', '王五', '138001380']],
      客户: [['客户编号', '客户名称', '所属行业', '信息来源', '联系方式'], ['K1', '甲方科技有限公司', '信息技术', '展会', '13911110001'],
        ['K2', '乙方科技有限公司', '信息技术', '展会', '13911110002'], ['K3', '甲方科技有限公司', '信息技术', '展会', '13911110001']],
      随便: [['甲', '乙'], ['1', '2']],
    });
    const up = await upload(rep, 'book.xlsx', book);
    assert.deepEqual(up.sheets.map((s) => s.entity), ['contact', 'customer', null]);
    assert.ok(up.warnings.some((w) => w.header === '客户编号')); // a representative may not keep numbers
    const checked = await step(rep, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, created: 3, duplicate: 1, failed: 2 }, JSON.stringify(await errors(rep, up.id)));
    const want = [['客户', 4, 'dup.in_file'], ['联系人', 3, 'ref.not_found'], ['联系人', 4, 'format.mobile']];
    const list = async () => (await errors(rep, up.id)).map((e) => [e.sheet, e.row, e.code]).sort((a, b) => String(a).localeCompare(String(b), 'zh'));
    assert.deepEqual(await list(), want.sort((a, b) => String(a).localeCompare(String(b), 'zh')));
    const done = await step(rep, up.id, 'run');
    assert.deepEqual(done.counts, checked.counts);
    assert.deepEqual(await list(), want);
    const { json } = await rep.get(`/contacts?filter=${encodeURIComponent(JSON.stringify(['name', '=', '张三']))}&fields=name,customer,mobile`);
    assert.ok(json.data.some((x) => x.customer.label === '乙方科技有限公司' && x.mobile === '13911112222'), JSON.stringify(json));
    // undo: all of it goes, unless somebody changed one
    const [c] = await byName(rep, '甲方科技有限公司');
    await rep.patchNow(`/customers/${c.id}`, { remark: '改过' });
    const part = await step(rep, up.id, 'undo');
    assert.equal(part.state, 'undone');
    assert.match(part.message, /甲方科技有限公司/);
    const left = (await rep.get(`/imports/${up.id}/errors?kind=undo`)).json.data;
    assert.deepEqual(left.map((e) => [e.sheet, e.code, e.value]), [['客户', 'undo.changed', '甲方科技有限公司']]);
    assert.equal((await byName(rep, '甲方科技有限公司')).length, 1);
    assert.equal((await byName(rep, '乙方科技有限公司')).length, 0);
    const third = await upload(rep, 'b.xlsx', workbook({ 客户: [['客户名称', '所属行业', '信息来源', '电话'], ['可撤销有限公司', '金融', '广告', '13911110009']] }));
    await step(rep, third.id, 'run');
    assert.equal((await byName(rep, '可撤销有限公司')).length, 1);
    const undone = await step(rep, third.id, 'undo');
    assert.equal(undone.state, 'undone', JSON.stringify(undone));
    assert.equal((await byName(rep, '可撤销有限公司')).length, 0);
  });

  test('update, upsert, blanks', async () => {
    const head = ['客户名称', '所属行业', '信息来源', '电话', '备注'];
    const one = await upload(rep, 'a.xlsx', workbook({ 客户: [head, ['更新对象有限公司', '金融', '广告', '13922220001', '旧']] }), 'customer');
    await step(rep, one.id, 'run');
    const rows = [head, ['更新对象有限公司', '教育', '', '13922220001', ''], ['没有的有限公司', '教育', '广告', '13922220002', ''], ['更新对象有限公司', '教育', '', '13922220001', '']];
    const run = async (plan) => {
      const up = await upload(rep, 'b.xlsx', workbook({ 客户: rows }), 'customer');
      const set = await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', ...plan }] });
      assert.equal(set.status, 200, set.text);
      return step(rep, up.id, 'run');
    };
    assert.deepEqual((await run({ mode: 'update' })).counts, { ...none, updated: 1, skipped: 1, duplicate: 1 });
    const [c] = await byName(rep, '更新对象有限公司');
    assert.equal((await rep.get(`/customers/${c.id}`)).json.remark, '旧');
    assert.deepEqual((await run({ mode: 'upsert', match: ['name'], on_blank: 'clear', mapping: { 2: null } })).counts,
      { ...none, updated: 1, failed: 1, duplicate: 1 }); // the new one lacks its source
    assert.equal((await rep.get(`/customers/${c.id}`)).json.remark, null);
    assert.deepEqual((await run({ mode: 'upsert', mapping: { 2: 'source' } })).counts, { ...none, created: 1, unchanged: 1, duplicate: 1 });
    const bad = await upload(rep, 'b.xlsx', workbook({ 客户: rows }), 'customer');
    for (const sheet of [{ index: 7, entity: 'customer' }, { index: 0, entity: 'customer', mode: 'guess' }, { index: 0, entity: 'customer', mapping: { 0: 'version' } },
      { index: 0, entity: 'customer', mapping: { 99: 'name' } }, { index: 0, entity: 'role' }, { index: 0, entity: 'customer', match: ['nope'] }])
      assert.ok([422, 403].includes((await rep.patch(`/imports/${bad.id}`, { sheets: [sheet] })).status), JSON.stringify(sheet));
    assert.equal((await rep.patch(`/imports/${bad.id}`, { sheets: [] })).status, 200);
    assert.equal((await rep.post(`/imports/${bad.id}/check`, {})).status, 422); // nothing to import
  });

  test('what is refused by name', async () => {
    const say = async (name, bytes) => {
      const answer = await rep.upload('/imports', name, bytes, {});
      assert.ok([415, 422, 413].includes(answer.status), answer.text);
      return answer.text;
    };
    assert.match(await say('a.xlsx', data('workbooks/pass_protected.xlsx')), /加密/);
    assert.match(await say('a.xls', Buffer.concat([data('workbooks/wps-fn.xls').subarray(0, 600)])), /损坏|不完整/);
    assert.match(await say('a.xlsx', Buffer.from('PK\x03\x04nothing', 'latin1')), /损坏/);
  });
});

describe('other formats, told by their first bytes', () => {
  const opened = async (name, bytes) => {
    const answer = await rep.upload('/imports', name, bytes, {});
    assert.equal(answer.status, 201, answer.text);
    return answer.json.sheets[0];
  };
  test('.xls and .et as WPS saves them', async () => {
    for (const name of ['wps-fn.xls', 'wps-fn.et'])
      assert.deepEqual((await opened('a.xls', data(`workbooks/${name}`))).columns.map((c) => c.header), ['Name', 'Example', 'Result'], name);
  });
  test('a web page called .xls', async () => {
    const sheet = await opened('a.xls', Buffer.from('<html><table><tr><td>客户名称</td><td>联系方式</td></tr><tr><td>甲公司</td><td>13800138000</td></tr></table>'));
    assert.deepEqual(sheet.columns.map((c) => [c.header, c.samples[0]]), [['客户名称', '甲公司'], ['联系方式', '13800138000']]);
  });
});

describe('the language of who asked', () => {
  test('a check asked for in English reports in English', async () => {
    const up = await upload(rep, 'en.csv', Buffer.from('客户名称,所属行业,信息来源,电话\n英文旅程有限公司,太空,广告,13900660009\n'), 'customer');
    assert.equal((await rep.post(`/imports/${up.id}/check`, {}, { 'Accept-Language': 'en' })).status, 202);
    await settle(rep, up.id);
    const [error] = await errors(rep, up.id);
    assert.doesNotMatch(error.message.replace(/太空/, ''), /[\u4e00-\u9fff]/);
  });
});

describe('whose it is', () => {
  test('the own imports are listed, newest first, page by page; nobody sees those of others', async () => {
    const first = await upload(rep, '一.csv', Buffer.from('客户名称,所属行业,信息来源,电话\n列表甲有限公司,金融,广告,13900660001\n'), 'customer');
    await step(rep, first.id, 'check');
    const second = await upload(rep, '二.csv', Buffer.from('客户名称\n列表乙有限公司\n'), 'customer');
    const { json } = await rep.get('/imports?limit=2');
    assert.deepEqual(json.data.map((x) => [x.id, x.file_name, x.state]), [[second.id, '二.csv', 'uploaded'], [first.id, '一.csv', 'checked']]);
    assert.deepEqual(json.data[1].entities, ['customer']);
    assert.equal(json.data[1].counts.created, 1);
    assert.equal(json.data[1].revert_until, null);
    const page = await rep.get(`/imports?limit=1&cursor=${(await rep.get('/imports?limit=1')).json.next_cursor}`);
    assert.deepEqual(page.json.data.map((x) => x.id), [first.id]);
    const ids = (await rep2.get('/imports?limit=100')).json.data.map((x) => x.id);
    assert.ok(!ids.includes(first.id) && !ids.includes(second.id), 'a stranger sees nothing');
    assert.equal((await server.anyone().get('/imports')).status, 401);
  });

  test('a stranger sees nothing of it; without the right there is no import', async () => {
    const up = await upload(rep, 'x.csv', '客户名称,电话\n甲,13800138000\n', 'customer');
    for (const who of [rep2, manager, boss]) {
      assert.equal((await who.get(`/imports/${up.id}`)).status, 404);
      assert.equal((await who.patch(`/imports/${up.id}`, { sheets: [] })).status, 404);
      for (const call of ['check', 'run', 'undo', 'cancel']) assert.equal((await who.post(`/imports/${up.id}/${call}`, {})).status, 404, call);
      assert.equal((await who.get(`/imports/${up.id}/errors`)).status, 404);
      assert.equal((await who.get(`/imports/${up.id}/errors.xlsx`)).status, 404);
    }
    assert.equal((await agent.upload('/imports', 'x.csv', '客户名称\n甲\n', { fields: { entity: 'customer' } })).status, 403);
    assert.equal((await agent.upload('/imports', 'x.csv', '客户名称\n甲\n')).status, 403, 'nor where it is not said of what');
    assert.equal((await agent.get('/import-templates/customer.xlsx')).status, 403);
  });

  test('given numbers, dates and owners need the right', async () => {
    const rows = [['客户编号', '客户名称', '所属行业', '信息来源', '电话', '负责人', '创建时间'], ['OLD-17', '保留原值有限公司', '金融', '广告', '13933330001', '陈销售', '2020-01-02']];
    const take = async (who) => { const up = await upload(who, 'k.xlsx', workbook({ 客户: rows }), 'customer'); return { up, done: await step(who, up.id, 'run') }; };
    const kept = await take(boss);
    assert.deepEqual(kept.done.counts, { ...none, created: 1 }, JSON.stringify(await errors(boss, kept.up.id)));
    assert.equal(kept.done.warnings.length, 0);
    const [c] = await byName(boss, '保留原值有限公司');
    const { json } = await boss.get(`/customers/${c.id}`);
    assert.equal(json.number, 'OLD-17');
    assert.equal(json.owner.label, '陈销售');
    assert.equal(json.created_at.slice(0, 10), '2020-01-01'); // midnight in Shanghai
    rows[1] = ['OLD-18', '不保留原值有限公司', '金融', '广告', '13933330002', '陈销售', '2020-01-02'];
    const plain = await take(rep);
    assert.equal(plain.done.warnings.length, 3);
    const [d] = await byName(rep, '不保留原值有限公司');
    const own = (await rep.get(`/customers/${d.id}`)).json;
    assert.match(own.number, /^CUS\d+/);
    assert.equal(own.owner.label, '冯销售');
  });
});

describe('templates and workbooks that come back', () => {
  test('template: filled in and sent, it needs no mapping', async () => {
    const answer = await rep.get('/import-templates/customer.xlsx');
    assert.equal(answer.status, 200);
    const book = readWorkbook(answer.bytes);
    assert.deepEqual(book.names.map((n) => n.hidden), [false, false, true, true]);
    const [main] = Object.values(book.sheets);
    assert.ok(main[0].includes('*客户名称') && main[0].includes('*联系方式') && main[0].includes('*主要联系人姓名'), main[0].join());
    assert.match(main[1].join('|'), /示例：/);
    const empty = await upload(rep, 't.xlsx', answer.bytes);
    assert.equal(empty.sheets[0].entity, 'customer');
    assert.ok(empty.sheets[0].columns.every((c) => c.guess?.score === 1), JSON.stringify(guesses(empty.sheets[0])));
    const only = await step(rep, empty.id, 'check');
    assert.deepEqual(only.counts, { ...none, skipped: 2 }); // its two samples
    const at = (h) => main[0].indexOf(h), row = [];
    row[at('*客户名称')] = '模板公司有限公司'; row[at('*所属行业')] = '信息技术'; row[at('*信息来源')] = '官网';
    row[at('*联系方式')] = '13944440001'; row[at('*主要联系人姓名')] = '赵敏'; row[at('省市区')] = '广东省深圳市南山区';
    const sheets = Object.fromEntries(Object.entries(book.sheets).map(([name, rows], i) => [name, (i === 0 ? [...rows, row] : rows).map((r) => Array.from(r ?? []))]));
    const up = await upload(rep, 't.xlsx', workbook(sheets));
    const done = await step(rep, up.id, 'run');
    assert.deepEqual(done.counts, { ...none, created: 1, skipped: 2 }, JSON.stringify(await errors(rep, up.id)));
    const [c] = await byName(rep, '模板公司有限公司');
    const contact = (await rep.get(`/contacts?filter=${encodeURIComponent(JSON.stringify(['customer', '=', c.id]))}`)).json.data[0];
    assert.equal(contact.name, '赵敏');
    assert.equal(contact.mobile, '13944440001');
  });

  test('the workbook of refused rows: reasons in front, mended and sent again', async () => {
    const head = ['客户名称', '所属行业', '信息来源', '电话'];
    const up = await upload(rep, 'e.xlsx', workbook({ 客户: [head, ['好公司甲', '金融', '广告', '13955550001'], ['坏公司乙', '养鱼', '广告', '1390'], ['', '金融', '广告', '13955550003']] }));
    await step(rep, up.id, 'run');
    const list = await errors(rep, up.id);
    assert.deepEqual(list.map((e) => [e.row, e.column, e.code]), [[3, 1, 'enum.unknown'], [3, 3, 'format.phone'], [4, 0, 'required']], JSON.stringify(list));
    const page = (await rep.get(`/imports/${up.id}/errors?limit=2`)).json;
    assert.equal((await rep.get(`/imports/${up.id}/errors?limit=2&cursor=${page.next_cursor}`)).json.data.length, 1);
    const answer = await rep.get(`/imports/${up.id}/errors.xlsx`);
    assert.equal(answer.status, 200);
    const { sheets, files } = readWorkbook(answer.bytes);
    assert.deepEqual(sheets.客户[0], ['错误原因', ...head]);
    assert.equal(sheets.客户.length, 3);
    assert.match(sheets.客户[1][0], /所属行业.*电话/);
    assert.deepEqual(sheets.客户[1].slice(1), ['坏公司乙', '养鱼', '广告', '1390']);
    assert.ok(Object.keys(files).some((name) => /comments/.test(name)));
    sheets.客户[1][2] = '金融'; sheets.客户[1][4] = '13955550002'; sheets.客户[2][1] = '好公司丙';
    const again = await upload(rep, 'e2.xlsx', workbook({ 客户: sheets.客户.map((r) => Array.from(r)) }));
    assert.deepEqual((await step(rep, again.id, 'run')).counts, { ...none, created: 2 });
  });

  test('export: typed, masked, guarded, counted; it comes back in unchanged', async () => {
    const evil = '=cmd|calc!A1 有限公司';
    await manager.post('/customers', { name: evil, industry: 'it', source: 'other', phone: '13966660001', annual_revenue: '1234.50' });
    const filter = ['phone', '=', '13966660001'];
    const run = async (body, who = manager) => {
      const start = await who.post('/customers/export', body);
      assert.equal(start.status, 202, start.text);
      const job = await who.job(start.json.job.id);
      assert.equal(job.state, 'done', JSON.stringify(job));
      assert.equal(job.file, true);
      return (await who.get(`/jobs/${job.id}/file`)).bytes;
    };
    const fields = ['number', 'name', 'industry', 'source', 'phone', 'annual_revenue', 'created_at'];
    const csv = (await run({ filter, fields, format: 'csv' })).toString();
    assert.equal(csv.slice(0, 1), '\ufeff');
    assert.ok(csv.endsWith('\r\n'));
    assert.match(csv, /'=cmd/);
    assert.match(csv, /,13966660001,1234\.50,/);
    const bytes = await run({ filter, fields, format: 'xlsx' });
    const [[head, row]] = Object.values(readWorkbook(bytes).sheets);
    assert.equal(head[1], '客户名称');
    assert.equal(row[1], evil);
    assert.equal(row[4], '13966660001');
    assert.equal(row[5], '1234.5');
    const up = await upload(manager, 'back.xlsx', bytes, 'customer');
    await manager.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', mode: 'upsert' }] });
    assert.deepEqual((await step(manager, up.id, 'run')).counts, { ...none, unchanged: 1 }, JSON.stringify(await errors(manager, up.id)));
    assert.equal((await rep.post('/customers/export', { format: 'xlsx' })).status, 403);
    assert.equal((await manager.post('/customers/export', { format: 'ods' })).status, 422);
    assert.equal((await manager.post('/customers/export', { fields: ['nope'] })).status, 400);
    const other = await run({ filter, fields, format: 'csv' });
    assert.ok(other.length);
    const job = (await manager.post('/customers/export', { filter, fields, format: 'csv' })).json.job.id;
    await manager.job(job);
    assert.equal((await rep.get(`/jobs/${job}/file`)).status, 404);
  });
});

describe('long ones', () => {
  const many = (n, tail) => Buffer.from('客户名称,所属行业,信息来源,电话\n' + Array.from({ length: n }, (_, i) => `批量${tail}之${i}号有限公司,金融,广告,139${String(70000000 + tail * 100000 + i)}\n`).join(''));
  const count = async (tail) => (await rep.get(`/customers?count=exact&limit=1&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', `批量${tail}之`]))}`)).json.count.value;

  test('cancelled at once: the figures of the check are not those of the run; then it goes on', async () => {
    let up, end, n = 3000, tail = 5;
    for (; ; n *= 2, tail++) { // one that was through before the cancel came says nothing: a longer one
      up = await upload(rep, 'c.csv', many(n, tail), 'customer');
      assert.equal((await step(rep, up.id, 'check')).counts.created, n);
      assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
      await rep.post(`/imports/${up.id}/cancel`, {});
      end = await settle(rep, up.id);
      if (end.state !== 'done' || tail === 8) break;
    }
    assert.equal(end.state, 'cancelled', JSON.stringify(end));
    assert.equal(await count(tail), end.counts.created, JSON.stringify(end.counts));
    assert.ok(end.progress.done < n && end.progress.total === n, JSON.stringify(end.progress));
    const done = await step(rep, up.id, 'run');
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(done.counts, { ...none, created: n });
    assert.equal(await count(tail), n);
  });

  test('its job is cancelled while it waits: detail and list say so, and it begins anew', async () => {
    let up, job;
    for (let tail = 60; ; tail++) { // one that did not wait says nothing: once more
      const busy = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => upload(rep, 'c.csv', many(2000, 100 + tail * 10 + i), 'customer')));
      up = await upload(rep, 'c.csv', many(50, tail), 'customer');
      for (const b of busy) assert.equal((await rep.post(`/imports/${b.id}/check`, {})).status, 202);
      const asked = await rep.post(`/imports/${up.id}/check`, {});
      assert.equal(asked.status, 202, asked.text);
      assert.equal((await rep.post(`/jobs/${asked.json.job.id}/cancel`, {})).status, 200);
      job = (await rep.get(`/jobs/${asked.json.job.id}`)).json;
      const now = (await rep.get(`/imports/${up.id}`)).json;
      if (job.state === 'cancelled' && now.progress.done === 0) {
        assert.equal(now.state, 'cancelled', JSON.stringify(now));
        assert.equal((await rep.get('/imports')).json.data.find((i) => i.id === up.id).state, 'cancelled');
        break;
      }
      assert.ok(tail < 70, `ten times it did not wait: ${JSON.stringify(job)}`);
      for (const b of busy) await settle(rep, b.id);
    }
    const checked = await step(rep, up.id, 'check');
    assert.equal(checked.state, 'checked', JSON.stringify(checked));
    assert.equal(checked.counts.created, 50);
  });

  test('cancelled half-way: what was done is told, the rest is not there', async () => {
    let up, end, n = 6000, tail = 10;
    for (; ; n *= 2, tail++) {
      up = await upload(rep, 'm.csv', many(n, tail), 'customer');
      assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
      await until(async () => (await rep.get(`/imports/${up.id}`)).json.progress.done > 100);
      const cancel = await rep.post(`/imports/${up.id}/cancel`, {});
      assert.equal(cancel.status, 200, cancel.text);
      end = await settle(rep, up.id);
      if (end.state !== 'done' || tail === 12) break;
    }
    assert.equal(end.state, 'cancelled', JSON.stringify(end));
    assert.ok(end.counts.created > 0 && end.counts.created < n);
    assert.equal(await count(tail), end.counts.created);
    const undone = await step(rep, up.id, 'undo');
    assert.equal(undone.state, 'undone');
    assert.equal(await count(tail), 0);
  });

  test('killed half-way: the next start goes on, no row twice', async () => {
    const up = await upload(rep, 'k.csv', many(5000, 2), 'customer');
    assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
    await until(async () => (await rep.get(`/imports/${up.id}`)).json.progress.done > 500, 20_000);
    await server.halt('SIGKILL');
    await server.launch();
    rep.url = server.url;
    const end = await settle(rep, up.id);
    assert.equal(end.state, 'done', JSON.stringify(end));
    assert.deepEqual(end.counts, { ...none, created: 5000 });
    assert.equal(await count(2), 5000);
  });
});
