// The edges of imports and exports: hints about foreign records are counted, what is longer than it may be is said and
// never cut in silence, ambiguous names come back as they went out, a job names its import.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { checkAndRun, csv, errorsOf, find, none, one, step, upload } from '../lib/imports.mjs';
import { contact, customer, make, makeCustomer } from '../lib/records.mjs';
import { readWorkbook, workbook } from '../lib/xlsx.mjs';

let server, rep, rep2, boss, sysadmin, admin;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, boss, sysadmin } = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'sysadmin'] }));
  admin = await server.admin();
});
after(() => server?.stop());

const head = ['客户名称', '所属行业', '信息来源', '联系方式', '备注'];
const row = (name, phone, remark = '') => [name, '金融', '广告', phone, remark];

async function exported(who, plural, body, end = 'done') {
  const started = await who.post(`/${plural}/export`, body);
  assert.equal(started.status, 202, started.text);
  const json = await who.job(started.json.job.id);
  assert.equal(json.state, end, JSON.stringify(json));
  return end === 'done' ? (await who.get(`/jobs/${json.id}/file`)).bytes : json;
}

describe('whose a foreign duplicate is', () => {
  test('is told for thirty of them an hour, in imports as in hints', async () => {
    const theirs = [];
    for (let i = 0; i < 33; i++) theirs.push(await makeCustomer(rep2));
    const up = await upload(rep, csv([head, ...theirs.map((c) => row(c.name, c.phone))]));
    const checked = await step(rep, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, duplicate: 33 });
    const owners = (list) => list.filter((e) => e.message.includes('陈销售')).length;
    const told = await errorsOf(rep, up.id);
    assert.equal(told.length, 33);
    assert.ok(told.every((e) => e.code === 'dup.in_db'));
    assert.equal(owners(told), 30, told.map((e) => e.message).join('\n'));
    await step(rep, up.id, 'run');
    assert.equal(owners(await errorsOf(rep, up.id)), 30, 'the same thirty cost nothing again');
    const last = theirs.find((c) => c.name === told.find((e) => !e.message.includes('陈销售')).value);
    assert.equal((await rep.post('/customers/duplicates', { phone: last.phone })).status, 429, 'one limit for all ways');
    const own = await makeCustomer(rep);
    const again = await upload(rep, csv([head, row(own.name, own.phone)]));
    await step(rep, again.id, 'check');
    assert.match((await errorsOf(rep, again.id))[0].message, new RegExp(own.name), 'what one may see is named all the same');
  });
});

describe('what is longer than it may be', () => {
  test('a row of a text file with more cells than its header is refused, in the first rows and later', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => `长行${i}有限公司,金融,广告,1396666${String(1000 + i)},备注`);
    lines[1] = '坏一有限公司,金融,广告,13966660001,杭州,西湖区';
    lines[30] = '坏二有限公司,金融,广告,13966660002,一,二,三';
    lines[35] += ',,'; // blanks behind the last column are none
    const up = await upload(rep, Buffer.from(`${head.join(',')}\n${lines.join('\n')}\n`));
    assert.equal(up.sheets[0].columns.length, head.length);
    const done = await checkAndRun(rep, up.id);
    assert.deepEqual(done.counts, { ...none, created: 38, failed: 2 });
    const told = await errorsOf(rep, up.id);
    assert.deepEqual(told.map((e) => [e.row, e.code]), [[3, 'columns'], [32, 'columns']]);
    assert.match(told[1].message, /7.*5/);
  });
  test('a last column without a name that most rows have is a column', async () => {
    const up = await upload(rep, Buffer.from(`${head.join(',')}\n${[1, 2, 3].map((i) => `无名列${i}有限公司,金融,广告,1396667000${i},备注,多出来`).join('\n')}\n`));
    assert.equal(up.sheets[0].columns.length, head.length + 1);
    assert.equal((await step(rep, up.id, 'check')).counts.created, 3);
  });
  test('a cell beyond what the reader keeps is an error of that cell', async () => {
    const up = await upload(rep, workbook({ 客户: [head, row('巨大有限公司', '13966680001', '长'.repeat(400_000)), row('不大有限公司', '13966680002', '短')] }), { name: 'a.xlsx' });
    const done = await checkAndRun(rep, up.id);
    assert.deepEqual(done.counts, { ...none, created: 1, failed: 1 });
    const [e] = await errorsOf(rep, up.id);
    assert.deepEqual([e.row, e.header, e.code], [2, '备注', 'too_long']);
    assert.match(e.message, /1 MB/);
  });
  test('a text that no cell of a workbook holds is named, a csv has it whole', async () => {
    const { code } = await make(admin, 'custom-fields', { entity: 'customer', code: 'x_long', label_zh: '长文', label_en: 'Long', type: 'text' });
    const long = '长'.repeat(40_000), c = await make(boss, 'customers', customer({ [code]: long }));
    const what = { filter: ['id', '=', c.id], fields: ['name', code] };
    const failed = await exported(boss, 'customers', { ...what, format: 'xlsx' }, 'failed');
    assert.match(failed.message, new RegExp(`${c.id}.*${c.name}.*长文.*32767`));
    assert.equal(failed.file, false);
    assert.ok((await exported(boss, 'customers', { ...what, format: 'csv' })).toString().includes(long));
  });
});

describe('an export comes back', () => {
  test('a link to one of two customers of a name stays as it is', async () => {
    const a = await makeCustomer(boss, { name: '同名有限公司' }), b = await makeCustomer(boss, { name: '同名有限公司' });
    const p = await make(boss, 'contacts', contact(b.id, { name: '钱往返' }));
    const bytes = await exported(boss, 'contacts', { filter: ['id', '=', p.id], fields: ['id', 'customer', 'name', 'mobile'] });
    const up = await upload(boss, bytes, { name: 'back.xlsx', entity: 'contact', plan: { mode: 'upsert' } });
    const done = await checkAndRun(boss, up.id);
    assert.deepEqual(done.counts, { ...none, unchanged: 1 }, JSON.stringify(await errorsOf(boss, up.id)));
    assert.equal((await one(boss, 'contacts', 'name', '钱往返')).customer.id, b.id);
    const fresh = await upload(boss, csv([['客户名称', '姓名', '手机'], ['同名有限公司', '钱新人', '13966690001']]), { entity: 'contact' });
    await step(boss, fresh.id, 'check');
    assert.equal((await errorsOf(boss, fresh.id))[0].code, 'ref.ambiguous', 'a new one must say which');
    assert.ok(a.id);
  });
});

describe('jobs', () => {
  test('the job of a check or run names its import', async () => {
    const up = await upload(rep, csv([head, row('任务有限公司', '13966700001')]));
    const started = await rep.post(`/imports/${up.id}/check`, {});
    const { json } = await rep.get(`/jobs/${started.json.job.id}`);
    assert.deepEqual([json.kind, json.import], ['import_check', up.id]);
    assert.ok((await rep.get('/jobs')).json.data.some((j) => j.import === up.id));
  });
  test('jobs come in pages, each of them once', async () => {
    const before = (await rep.get('/jobs?limit=200')).json;
    assert.equal(before.next_cursor, null);
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
      const { json } = await rep.get(`/jobs?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.ok(json.data.length <= 2);
      seen.push(...json.data.map((j) => j.id));
      cursor = json.next_cursor;
      assert.ok(seen.length <= before.data.length, 'a page without end');
    }
    assert.ok(seen.length > 2);
    assert.deepEqual(seen, before.data.map((j) => j.id));
  });
  test('the template has two samples, and both are passed over', async () => {
    const answer = await rep.get('/import-templates/customer.xlsx');
    const { bytes } = answer;
    const { sheets } = readWorkbook(bytes);
    const rows = sheets[Object.keys(sheets)[0]];
    assert.match(String(rows[1].join()), /示例：/);
    assert.match(String(rows[2].join()), /示例：/);
    const up = await upload(rep, bytes, { name: 't.xlsx' });
    const checked = await step(rep, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, skipped: 2 });
  });
  test('an export can be stopped, and leaves no file', async () => {
    const started = await boss.post('/customers/export', { format: 'csv' });
    if (started.status === 403) return; // more than may be taken without a second verification
    const stopped = await boss.post(`/jobs/${started.json.job.id}/cancel`, {});
    assert.equal(stopped.status, 200, stopped.text);
    const job = await boss.job(started.json.job.id);
    assert.ok(['cancelled', 'done'].includes(job.state), JSON.stringify(job));
    assert.equal(job.file, job.state === 'done');
    if (job.state === 'cancelled') assert.equal((await boss.get(`/jobs/${job.id}/file`)).status, 404);
  });
});

describe('people from a file', () => {
  const people = (n) => csv([['登录名', '姓名', '部门', '角色', '初始密码'], [`file${n}`, `新人${n}`, '总部', '销售专员', `Aa1-fromfile-${n}x`]]);
  const user = async (login) => (await find(admin, 'users', 'login', login))[0];
  test('roles and passwords need a second verification at the run', async () => {
    const up = await upload(admin, people(1), { entity: 'user' });
    assert.deepEqual(up.sheets[0].columns.map((c) => c.guess?.field), ['login', 'name', 'department', 'roles', 'password']);
    const checked = await step(admin, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, created: 1 }, JSON.stringify(await errorsOf(admin, up.id)));
    const refused = await admin.post(`/imports/${up.id}/run`, {});
    assert.deepEqual([refused.status, refused.json.code], [403, 'step_up_required'], refused.text);
    assert.equal((await admin.get(`/imports/${up.id}`)).json.state, 'checked');
    assert.equal(await user('file1'), undefined);
    await admin.stepUp();
    assert.deepEqual((await step(admin, up.id, 'run')).counts, { ...none, created: 1 });
    const made = (await admin.get(`/users/${(await user('file1')).id}`)).json;
    assert.deepEqual([made.roles.length, made.must_change_password], [1, true]);
  });
  test('no token gets past it', async () => {
    const made = await sysadmin.post('/tokens', { name: 'import', scopes: ['user', 'department'], expires_at: new Date(Date.now() + 864e5).toISOString() });
    if (made.status === 403) { await sysadmin.stepUp(); }
    const token = made.status === 201 ? made : await sysadmin.post('/tokens', { name: 'import', scopes: ['user', 'department'], expires_at: new Date(Date.now() + 864e5).toISOString() });
    assert.equal(token.status, 201, token.text);
    const by = new sysadmin.constructor(sysadmin.url, { token: token.json.token });
    const up = await upload(by, people(2), { entity: 'user' });
    const run = await by.post(`/imports/${up.id}/run`, {});
    assert.deepEqual([run.status, run.json.code], [403, 'step_up_required'], run.text);
    assert.equal(await user('file2'), undefined);
  });
  test('who may not give roles has the column left out, with a warning', async () => {
    const up = await upload(sysadmin, people(3), { entity: 'user' });
    assert.deepEqual(up.warnings.map((w) => [w.header, w.code]), [['角色', 'unknown_column']]);
    await sysadmin.stepUp();
    const done = await step(sysadmin, up.id, 'run');
    assert.deepEqual(done.counts, { ...none, created: 1 }, JSON.stringify(await errorsOf(sysadmin, up.id)));
    assert.deepEqual((await admin.get(`/users/${(await user('file3')).id}`)).json.roles ?? [], []);
  });
});

describe('a file without a header row', () => {
  const lines = Buffer.from('无头甲有限公司,金融,广告,13966710001\n无头乙有限公司,制造业,官网,13966710002\n');
  test('names its columns A, B, C; the first row is a row', async () => {
    const up = await upload(rep, lines);
    assert.ok(up.sheets[0].notes.some((n) => n.code === 'header'));
    const set = await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', header_row: 0 }] });
    assert.equal(set.status, 200, set.text);
    const [sheet] = set.json.sheets;
    assert.deepEqual([sheet.header_row, sheet.rows, sheet.columns.map((c) => c.header).join('')], [0, 2, 'ABCD']);
    assert.deepEqual(sheet.columns[0].samples, ['无头甲有限公司', '无头乙有限公司']);
    const mapped = await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', header_row: 0, mapping: { A: 'name', B: 'industry', C: 'source', D: 'phone' } }] });
    assert.equal(mapped.status, 200, mapped.text);
    assert.deepEqual((await checkAndRun(rep, up.id)).counts, { ...none, created: 2 });
    assert.equal((await one(rep, 'customers', 'name', '无头甲有限公司')).phone.replaceAll(' ', ''), '13966710001');
  });
  test('its refused rows come back mended as they are', async () => {
    const up = await upload(rep, workbook({ 一: [['无头丙有限公司', '没有的行业', '广告', '13966710003']] }), { name: 'h.xlsx' });
    await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', header_row: 0, mapping: { A: 'name', B: 'industry', C: 'source', D: 'phone' } }] });
    assert.deepEqual((await step(rep, up.id, 'check')).counts, { ...none, failed: 1 });
    const { sheets, names } = readWorkbook((await rep.get(`/imports/${up.id}/errors.xlsx`)).bytes);
    const mended = sheets[names[0].name].map((r) => Array.from(r, (v) => (v === '没有的行业' ? '金融' : v ?? '')));
    assert.deepEqual(mended[0].slice(1), ['A', 'B', 'C', 'D']);
    const bytes = workbook(Object.fromEntries(names.map((n) => [n.name, n === names[0] ? mended : sheets[n.name].map((r) => Array.from(r ?? [], (v) => v ?? ''))])), Object.fromEntries(names.filter((n) => n.hidden).map((n) => [n.name, { hidden: true }])));
    const back = await upload(rep, bytes, { name: 'back.xlsx', entity: null });
    assert.deepEqual((await checkAndRun(rep, back.id)).counts, { ...none, created: 1 });
  });
  test('nonsense is refused', async () => {
    const up = await upload(rep, lines);
    for (const header_row of [-1, 1001])
      assert.equal((await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', header_row }] })).status, 422);
  });
});

describe('zhike import', () => {
  const file = (name, bytes) => { const path = join(server.folder, name); writeFileSync(path, bytes); return path; };
  const counts = (out) => JSON.parse(out.slice(out.indexOf('{')));
  test('--entity, --dry-run, --report, --mode, --match, --on-blank do what the API does', async () => {
    const first = file('cli.csv', csv([head, row('命令行有限公司', '13966720001', '原来'), ['坏的有限公司', '没有的行业', '广告', '13966720002', '']]));
    const dry = await server.cli('import', first, '--entity', 'customer', '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /^checked /);
    assert.deepEqual(counts(dry.stdout), { ...none, created: 1, failed: 1 });
    assert.equal((await find(boss, 'customers', 'name', '命令行有限公司')).length, 0);
    const report = join(server.folder, 'report.xlsx');
    const run = await server.cli('import', first, '--entity', 'customer', '--report', report);
    assert.match(run.stdout, /^done /, run.stderr);
    assert.deepEqual(counts(run.stdout), { ...none, created: 1, failed: 1 });
    assert.ok(JSON.stringify(readWorkbook(readFileSync(report)).sheets).includes('坏的有限公司'));
    const keep = file('cli2.csv', csv([head, row('命令行有限公司', '13966729999', '')]));
    const update = (...more) => server.cli('import', keep, '--entity', 'customer', '--match', 'name', ...more);
    assert.deepEqual(counts((await update('--mode', 'update')).stdout), { ...none, updated: 1 });
    assert.equal((await one(boss, 'customers', 'name', '命令行有限公司')).remark, '原来');
    assert.deepEqual(counts((await update('--mode', 'upsert', '--on-blank', 'clear')).stdout), { ...none, updated: 1 });
    assert.equal((await one(boss, 'customers', 'name', '命令行有限公司')).remark ?? null, null);
    assert.deepEqual(counts((await update('--mode', 'skip')).stdout), { ...none, skipped: 1 });
  });
  test('--as holds to the rights of that person', async () => {
    const path = file('as.csv', csv([head, row('以人之名有限公司', '13966730001')]));
    assert.equal((await server.cli('import', path, '--entity', 'customer', '--as', 'rep')).code, 0);
    assert.equal((await one(boss, 'customers', 'name', '以人之名有限公司')).owner.id, rep.user.id);
    const refused = await server.cli('import', path, '--entity', 'customer', '--as', 'auditor1');
    assert.equal(refused.code, 1);
    assert.equal((await server.cli('import', path, '--entity', 'customer', '--as', 'nobody')).code, 1);
  });
  test('what is wrong is said, with exit code 1', async () => {
    const path = file('w.csv', csv([head, row('错参有限公司', '13966740001')]));
    for (const args of [['--entity', 'ghost'], ['--entity', 'customer', '--mode', 'guess'], ['--entity', 'customer', '--match', 'nope'], ['--entity', 'customer', '--on-blank', 'maybe']]) {
      const result = await server.cli('import', path, ...args);
      assert.equal(result.code, 1, args.join(' '));
      assert.ok(result.stderr.trim(), args.join(' '));
    }
    assert.equal((await server.cli('import', join(server.folder, 'no.csv'), '--entity', 'customer')).code, 1);
    assert.equal((await find(boss, 'customers', 'name', '错参有限公司')).length, 0);
  });
});

describe('what file it is', () => {
  test('a picture, a PDF or an archive is refused by its name, whatever the file is called', async () => {
    for (const [bytes, kind] of [[Buffer.from('%PDF-1.4\n1 0 obj\n'), 'PDF'], [Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 'PNG'], [Buffer.from('{\\rtf1 a}'), 'RTF'], [Buffer.from('Rar!\x1a\x07'), 'RAR']]) {
      const answer = await rep.upload('/imports', '客户.xlsx', bytes);
      assert.equal(answer.status, 415, answer.text);
      assert.ok(answer.json.errors[0].message.includes(kind), answer.text);
    }
  });
  test('traditional headers in Big5 are known', async () => {
    const big5 = spawnSync('iconv', ['-f', 'UTF-8', '-t', 'BIG5'], { input: '客戶名稱,所屬行業,訊息來源,聯繫電話,電子郵件\n臺灣積體電路製造股份有限公司,金融,廣告,13966750001,a@example.com\n' }).stdout;
    const up = await upload(rep, big5, { name: '客戶.txt' });
    assert.equal(up.encoding, 'Big5');
    const guess = up.sheets[0].columns.map((c) => c.guess?.field ?? null);
    assert.deepEqual([guess[0], guess[1], guess[3]], ['name', 'industry', 'phone'], JSON.stringify(guess));
    assert.equal(up.sheets[0].columns[0].samples[0], '臺灣積體電路製造股份有限公司');
  });
});

describe('a key of choice', () => {
  test('finds what the importer may see and is no question about the rest', async () => {
    const theirs = await make(rep2, 'customers', customer({ name: '别处的有限公司', annual_revenue: '7654321.00' }));
    const ask = async (columns, values, plan) => {
      const up = await upload(rep, csv([columns, values[0], values[1]]), { plan });
      const checked = await step(rep, up.id, 'check');
      const told = await errorsOf(rep, up.id);
      return told.map((e) => [e.code, e.message]).concat([checked.counts]);
    };
    for (const mode of ['update', 'skip', 'fill']) {
      const there = await ask(['年营业额', '备注'], [['7654321', 'x'], ['7654321', 'y']], { mode, match: ['annual_revenue'], mapping: { 0: 'annual_revenue', 1: 'remark' } });
      const absent = await ask(['年营业额', '备注'], [['7654322', 'x'], ['7654322', 'y']], { mode, match: ['annual_revenue'], mapping: { 0: 'annual_revenue', 1: 'remark' } });
      assert.deepEqual(there, absent, mode);
    }
    const by = (id) => ask(['知客ID', '备注'], [[String(id), 'x'], ['', 'y']], { mode: 'update' });
    assert.deepEqual(await by(theirs.id), await by(theirs.id + 1), 'by id');
    assert.notDeepEqual(await by((await makeCustomer(rep)).id), await by(theirs.id + 1), 'one\'s own is found');
  });
});
