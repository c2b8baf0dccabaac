// Records on paper: templates, their places and mistakes, PDF, HTML and Word, and that nobody prints more than he reads.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany } from '../lib/company.mjs';
import { docx, p, readDocx, table } from '../lib/docx.mjs';
import { csv, step, upload } from '../lib/imports.mjs';
import { startServer } from '../lib/index.mjs';
import { contact, followUp, make, makeCustomer, mistakes, problem } from '../lib/records.mjs';

let server, sysadmin, rep, rep2, manager, agent, auditor1, dir, mine, person;
before(async () => {
  server = await startServer({ env: { ZHIKE_QUERY_TIMEOUT: '2m' } }); // ten thousand rows are drawn here, on whatever machine
  ({ sysadmin, rep, rep2, manager, agent, auditor1 } = await makeCompany(server, { only: ['sysadmin', 'rep', 'rep2', 'manager', 'agent', 'auditor1'] }));
  await sysadmin.stepUp();
  dir = mkdtempSync(join(tmpdir(), 'zhike-print-'));
  mine = await makeCustomer(rep, { name: '云帆𠮷镕喆信息有限公司', remark: '<b>一行</b>\n二行 {{name}}' });
  person = await make(rep, 'contacts', contact(mine.id, { name: '王䶮芳', title: '采购经理', mobile: '13812345678' }));
  await make(rep, 'follow-ups', followUp(mine.id, { content: '谈过报价与交期' }));
  for (const [title, status] of [['寄出样品', 'open'], ['旧的任务', 'done']]) await make(rep, 'tasks', { title, customer: mine.id, status, due_at: '2027-01-05T09:00:00+08:00' });
});
after(async () => { await server?.stop(); if (dir) rmSync(dir, { recursive: true, force: true }); });

let n = 0;
const template = (over) => make(sysadmin, 'print-templates', { name: `模板${++n}`, entity: 'customer', kind: 'report', body: '# {{name}}', ...over });
const word = async (body, over, more) => {
  const t = await template({ kind: 'docx', body: null, ...over });
  const up = await sysadmin.upload(`/print-templates/${t.id}/attachments`, 'a.docx', docx(body, more));
  assert.equal(up.status, 201, up.text);
  return t;
};
const print = (who, record, query = '') => who.get(`/customers/${record.id}/print${query}`);
const pdf = (bytes) => {
  const path = join(dir, `${++n}.pdf`);
  writeFileSync(path, bytes);
  return execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8', maxBuffer: 1 << 28 });
};
const bare = (html) => html.replace(/<style>.*?<\/style>/gs, '').replace(/<[^>]*>/g, ' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

test('a new house has the customer sheet, and every entity a template without a row', async () => {
  const { data } = (await rep.get(`/customers/${mine.id}/prints`)).json;
  assert.equal(data[0].name, '客户资料表');
  assert.deepEqual(data[0].formats, ['pdf', 'html']);
  assert.deepEqual(data.at(-1), { id: 'builtin', name: '完整资料', kind: 'report', formats: ['pdf', 'html'] });
  const people = (await rep.get(`/contacts/${person.id}/prints`)).json.data;
  assert.deepEqual(people.map((t) => t.id), ['builtin']);
});

test('the customer sheet says what its reader reads, in PDF and HTML', async () => {
  const got = await print(rep, mine);
  assert.equal(got.status, 200, got.text);
  assert.equal(got.headers.get('content-type'), 'application/pdf');
  assert.match(decodeURIComponent(got.headers.get('content-disposition')), /客户资料表-云帆𠮷镕喆信息有限公司\.pdf/);
  const text = pdf(got.bytes).replace(/\s+/g, '');
  for (const want of ['云帆𠮷镕喆信息有限公司', mine.number, '王䶮芳', '采购经理', '谈过报价与交期', '寄出样品', '冯销售'])
    assert.ok(text.includes(want), `${want} is missing in ${text}`);
  assert.ok(!text.includes('旧的任务'), 'a task that is done is no open one');
  const html = await print(rep, mine, '?format=html');
  assert.match(html.headers.get('content-type'), /^text\/html/);
  assert.ok(html.text.includes('&lt;b&gt;一行&lt;/b&gt;') && !html.text.includes('<b>一行'), 'a value is no markup');
  assert.ok(bare(html.text).includes('{{name}}'), 'nor a template');
});

test('the built-in one for each entity that is printed', async () => {
  for (const [plural, id, want] of [['customers', mine.id, '王䶮芳'], ['contacts', person.id, '采购经理']]) {
    const got = await rep.get(`/${plural}/${id}/print?template=builtin&format=html`);
    assert.equal(got.status, 200, got.text);
    assert.ok(bare(got.text).includes(want), plural);
  }
  // what there is nothing of has no heading either
  const heads = async (id) => [...(await rep.get(`/customers/${id}/print?template=builtin&format=html`)).text.matchAll(/<h\d[^>]*>([^<]*)<\/h\d>/g)].map((m) => m[1]);
  const lone = await makeCustomer(rep);
  assert.deepEqual([(await heads(mine.id)).includes('联系人'), (await heads(lone.id)).includes('联系人')], [true, false]);
});

test('an entity with a form of its own has it as the built-in one; a template made for it stands before it, for what it makes', async () => {
  const board = (await sysadmin.get('/dashboards?limit=1')).json.data[0], path = `/dashboards/${board.id}/print`;
  const text = async (query) => { const got = await sysadmin.get(path + query); assert.equal(got.status, 200, got.text); return got.bytes; };
  const choices = async () => (await sysadmin.get(`${path}s`)).json.data.map((t) => t.id);
  const own = (await sysadmin.get(`${path}s`)).json.data.at(-1);
  assert.equal(own.id, 'builtin');
  assert.notEqual(own.name, '完整资料');
  const form = pdf(await text('?template=builtin&format=pdf'));
  const w = await word(p('看板 {{name}}'), { entity: 'dashboard', position: 1 });
  assert.deepEqual(await choices(), [w.id, 'builtin']);
  assert.ok(readDocx(await text('')).text.includes(`看板 ${board.name}`));
  assert.ok(pdf(await text('?format=pdf')).includes(form.trim().split('\n')[0].trim()), 'a Word template makes no PDF: the form of its own does');
  problem(await sysadmin.get(`${path}?template=${w.id}&format=pdf`), 400, 'bad_request');
  const r = await template({ entity: 'dashboard', body: '# 自制看板 {{name}}', position: 99 });
  assert.deepEqual(await choices(), [w.id, r.id, 'builtin']);
  assert.ok(pdf(await text('?format=pdf')).includes('自制看板'));
  assert.ok(!pdf(await text('?template=builtin&format=pdf')).includes('自制看板'));
  problem(await sysadmin.get(`${path}?format=nonsense`), 400, 'bad_request');
});

test('a stranger gets what there is not, whatever he asks for', async () => {
  for (const path of ['print', 'prints', 'print?template=builtin', 'print?template=99', 'print?format=docx', 'print?format=nonsense']) {
    const [there, not] = [await rep2.get(`/customers/${mine.id}/${path}`), await rep2.get(`/customers/999999999/${path}`)];
    problem(there, 404, 'not_found', path);
    assert.deepEqual({ ...there.json, trace_id: '', instance: '' }, { ...not.json, trace_id: '', instance: '' }, path);
  }
  problem(await server.anyone().get(`/customers/${mine.id}/print`), 401);
});

test('who reads masked prints masked, in PDF, HTML and Word', async () => {
  const body = '# {{name}}\n@表格 contacts: name, mobile\n{{#contacts}}\n电话 {{mobile}}\n{{/contacts}}';
  const t = await template({ body }), w = await word(p('{{#contacts}}{{name}} {{mobile}}{{/contacts}}'));
  const seen = (await agent.get(`/contacts/${person.id}`)).json;
  assert.ok(seen.masked.includes('mobile') && seen.mobile !== person.mobile);
  const all = {
    pdf: pdf((await print(agent, mine, `?template=${t.id}&format=pdf`)).bytes),
    html: bare((await print(agent, mine, `?template=${t.id}&format=html`)).text),
    docx: readDocx((await print(agent, mine, `?template=${w.id}`)).bytes).text,
    builtin: bare((await print(agent, mine, '?template=builtin&format=html')).text),
  };
  for (const [format, text] of Object.entries(all)) {
    assert.ok(text.includes(seen.mobile), `${format}: ${text}`);
    assert.ok(!text.includes('13812345678') && !text.includes('12345678'), format);
  }
  assert.ok(readDocx((await print(rep, mine, `?template=${w.id}`)).bytes).text.includes('13812345678'), 'the owner reads it in clear');
});

test('rows and fields that are not his do not appear', async () => {
  const list = { mine: { of: 'tasks', sort: '-due_at' } };
  const t = await template({ lists: list, body: '{{#mine}}\n任务 {{title}}\n{{/mine}}\n{{^mine}}\n没有任务\n{{/mine}}\n负责人 {{owner.name}} {{owner.login}}' });
  assert.ok(bare((await print(rep, mine, `?template=${t.id}&format=html`)).text).includes('任务 寄出样品'));
  const saw = (await agent.get('/tasks')).status;
  const text = bare((await print(agent, mine, `?template=${t.id}&format=html`)).text);
  assert.equal(saw, 403);
  assert.ok(text.includes('没有任务') && !text.includes('寄出样品'), text);
});

describe('Word', () => {
  test('tags cut by Word, rows, header, XML, line breaks, a QR code; the author of the template goes', async () => {
    const t = await word(
      p('客户：{', '{客户', '名称}', '}') + p('{{remark}}') + table(['姓名', '职务'], ['{{#contacts}}{{@no}}. {{name}}', '{{title}}{{/contacts}}']) + p('{{@qr}}'),
      {}, { header: '{{@company}}打印人 {{@user}}' });
    const got = await print(rep, mine, `?template=${t.id}`);
    assert.equal(got.status, 200, got.text);
    assert.match(got.headers.get('content-type'), /wordprocessingml\.document$/);
    const doc = readDocx(got.bytes);
    assert.ok(doc.text.includes('客户：云帆𠮷镕喆信息有限公司'));
    assert.ok(doc.text.includes('<b>一行</b>\n二行 {{name}}'), doc.text);
    assert.deepEqual(doc.rows, [['姓名', '职务'], ['1. 王䶮芳', '采购经理']]);
    assert.ok(doc.header.includes('打印人 冯销售'));
    assert.ok(doc.files['word/media/zhike1.png'].subarray(1, 4).toString() === 'PNG');
    const core = doc.files['docProps/core.xml'].toString();
    assert.ok(core.includes('冯销售') && !core.includes('secret author'));
    problem(await print(rep, mine, `?template=${t.id}&format=pdf`), 400);
  });

  test('a document that will not do is refused when it comes, with the words around the mistake', async () => {
    const t = await template({ kind: 'docx', body: null });
    const up = (bytes, name = 'a.docx') => sysadmin.upload(`/print-templates/${t.id}/attachments`, name, bytes);
    const said = async (answer, status, text) => {
      const a = await answer;
      assert.equal(a.status, status, a.text);
      assert.ok(a.json.errors.some((e) => e.field === 'file' && e.message.includes(text)), a.text);
    };
    await said(up(docx(p('编号 {{number'))), 422, '正文中的“编号 {{number”');
    await said(up(docx(p('{{#contacts}}'))), 422, '{{#contacts}}');
    await said(up(docx(p('{{no_such_field}}'))), 422, 'no_such_field');
    await said(up(docx(p('x'), { more: { 'word/vbaProject.bin': 'x' } })), 415, 'vbaProject');
    await said(up(docx(p('x'), { more: { 'word/_rels/document.xml.rels': '<Relationships><Relationship Id="a" Type="x/image" Target="http://evil/" TargetMode="External"/></Relationships>' } })), 415, 'evil');
    await said(up(docx('<!DOCTYPE x>')), 422, '损坏');
    await said(up(docx(p('{'.repeat(3)) + ' '.repeat(17 << 20))), 413, '大小');
    await said(up(Buffer.from('hello')), 415, '.docx');
    await said(up(Buffer.from('d0cf11e0a1b11ae1' + '00'.repeat(100), 'hex'), 'a.doc'), 415, '.doc');
    assert.equal((await rep.get(`/customers/${mine.id}/prints`)).json.data.some((x) => x.id === t.id), false, 'without a document it is no choice');
    problem(await print(rep, mine, `?template=${t.id}`), 404);
    problem(await rep.upload(`/print-templates/${t.id}/attachments`, 'a.docx', docx(p('x'))), 403);
  });
});

test('a broken template is refused by its line', async () => {
  const bad = async (over) => sysadmin.post('/print-templates', { name: 'x', entity: 'customer', kind: 'report', body: 'x', ...over });
  for (const [body, line, what] of [['a\n{{name', 2, '{{name'], ['{{#contacts}}\nx', 1, '{{#contacts}}'], ['x\n\n{{nothing}}', 3, 'nothing'], ['@表格 nobody: a', 1, 'nobody'],
    ['@表格 contacts: name, nothing', 1, 'nothing'], ['@nonsense', 1, '@nonsense'], ['{{/a}}', 1, '{{/a}}'], ['@签名', 1, '@sign'], ['｛｛name｝｝', 1, '｛｛'],
    ['x\n@表格 contacts: 甲=nothing', 2, 'nothing'], ['{{#contacts}}\n{{/tasks}}', 2, '{{/tasks}}'], ['{{^contacts}}\nx', 1, '{{^contacts}}']]) {
    const a = await bad({ body });
    assert.equal(a.status, 422, body);
    assert.ok(a.json.errors.some((e) => e.field === 'body' && e.message.includes(`第 ${line} 行`) && e.message.includes(what)), a.text);
  }
  const many = await bad({ body: `@表格 contacts: ${Array.from({ length: 15 }, (_, i) => `no_${i}`)}` });
  assert.equal(many.json.errors.length, 10, many.text); // nobody reads more at once
  assert.deepEqual(mistakes(await bad({ entity: 'audit_log' })), ['entity:invalid']);
  assert.deepEqual(mistakes(await bad({ body: null })), ['body:required']);
  assert.deepEqual(mistakes(await bad({ lists: { a: { of: 'nobody' } } })), ['lists:invalid']);
  assert.notEqual((await bad({ lists: { a: { of: 'tasks', filter: ['nothing', '=', 1] } } })).status, 201);
  problem(await rep.post('/print-templates', { name: 'x', entity: 'customer', kind: 'report', body: 'x' }), 403);
});

test('a list within itself is refused; different ones within each other count every row', async () => {
  const save = (over) => sysadmin.post('/print-templates', { name: `套${++n}`, entity: 'customer', kind: 'report', ...over });
  const deep = '{{#tasks}}'.repeat(6) + 'x' + '{{/tasks}}'.repeat(6);
  const twice = [[deep, 'tasks'], [deep.replaceAll('}}', '}}\n').replace('x', 'x\n'), 'tasks'], ['{{#tasks}}\na{{#tasks}}b{{/tasks}}\n{{/tasks}}', 'tasks'], ['{{#tasks}}{{#任务}}x{{/任务}}{{/tasks}}', '任务'],
    ['{{#tasks}}{{#contacts}}{{#tasks}}x{{/tasks}}{{/contacts}}{{/tasks}}', 'tasks']];
  for (const [body, list] of twice) {
    for (const a of [await save({ body }), await sysadmin.post('/print-templates/actions/preview', { template: { entity: 'customer', body } })]) {
      assert.equal(a.status, 422, body);
      assert.ok(a.json.errors.some((e) => e.field === 'body' && e.message.includes(`“${list}”写在它自己的段落里`)), a.text);
    }
  }
  const wordy = await template({ kind: 'docx', body: null });
  const up = await sysadmin.upload(`/print-templates/${wordy.id}/attachments`, 'a.docx', docx(p(deep)));
  assert.equal(up.status, 422, up.text);
  assert.ok(up.json.errors.some((e) => e.field === 'file' && e.message.includes('“tasks”写在它自己的段落里')), up.text);
  // beside each other, or left out where there are rows, nothing multiplies
  const fine = await template({ body: '{{#tasks}}{{^tasks}}没有{{/tasks}}甲{{/tasks}}\n{{#tasks}}\n{{^tasks}}\n没有\n{{/tasks}}\n乙\n{{/tasks}}' });
  const got = await print(rep, mine, `?template=${fine.id}&format=html`);
  assert.equal(got.status, 200, got.text);
  assert.deepEqual([got.text.match(/甲/g).length, got.text.match(/乙/g).length, got.text.includes('没有')], [2, 2, false]);

  const many = await makeCustomer(rep, { name: '多人有限公司' });
  for (let i = 0; i < 25; i++) await make(rep, 'contacts', contact(many.id, { name: `同事${i}`, mobile: `139${String(i).padStart(8, '0')}` }));
  for (let i = 0; i < 11; i++) await make(rep, 'tasks', { title: `事${i}`, customer: many.id, status: 'open', due_at: '2027-01-05T09:00:00+08:00' });
  const admin = await server.admin();
  // 11 × 11 × 11 × 25 rows are more than print.rows, 11 × 25 are not
  const lists = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { of: 'tasks', filter: ['status', 'not_in', ['done']] }]));
  const within = (names, inner, end) => names.map((x) => `{{#${x}}}${end}`).join('') + inner + names.toReversed().map((x) => `{{/${x}}}${end}`).join('');
  const html = async (body) => print(rep, many, `?template=${(await template({ body, lists, watermark: false })).id}&format=html`);
  for (const names of [['a', 'b', 'c', 'contacts'], ['a', 'contacts']]) {
    for (const body of [within(names, '', ''), within(names, '> \n', '\n'), within(names.slice(0, -1), '@表格 contacts: name\n', '\n')]) {
      const a = await html(body);
      if (names.length === 2) assert.equal(a.status, 200, a.text);
      else problem(a, 413, 'too_large');
    }
    const wide = await print(rep, many, `?template=${(await word(p(within(names, '', '')), { lists })).id}`);
    if (names.length === 2) assert.equal(wide.status, 200, wide.text);
    else problem(wide, 413, 'too_large');
  }
  // the fields of the reader's layout in each row: the layout is looked up once
  const each = await template({ body: '{{#tasks}}\n@字段\n{{/tasks}}' });
  const statements = async (record) => {
    let least = Infinity; // of three: once a minute the gate notes that a session is in use
    for (let i = 0; i < 3; i++) {
      const [line] = (await server.requests(async () => assert.equal((await print(rep, record, `?template=${each.id}&format=html`)).status, 200))).filter((l) => l.route.endsWith('/print'));
      least = Math.min(least, line.sql);
    }
    return least;
  };
  assert.equal(await statements(many), await statements(mine), '11 rows and 2');
  // who looks at a draft takes no list home
  const body = '@表格 contacts: name';
  const draft = await admin.post('/print-templates/actions/preview', { template: { entity: 'customer', body }, record: many.id });
  assert.equal(draft.json.html.match(/同事\d+/g).length, 20, draft.text);
  assert.equal((await print(rep, many, `?template=${(await template({ body })).id}&format=html`)).text.match(/同事\d+/g).length, 25);
});

test('places and preview for the editor', async () => {
  const places = (await sysadmin.post('/print-templates/actions/places', { entity: 'customer' }));
  assert.equal(places.status, 200, places.text);
  assert.ok(places.json.fields.some((f) => f.path === 'name' && f.label === '客户名称'));
  assert.ok(places.json.lists.some((l) => l.name === 'contacts' && l.fields.some((f) => f.path === 'mobile')));
  assert.ok(places.json.others.some((o) => o.path === '@qr'));
  problem(await rep.post('/print-templates/actions/places', { entity: 'customer' }), 403);
  const draft = { entity: 'customer', body: '# {{name}}\n@字段 number, owner' };
  // who edits templates need not read what they print: he sees examples, and no record by its id
  const sample = await sysadmin.post('/print-templates/actions/preview', { template: draft });
  assert.equal(sample.status, 200, sample.text);
  assert.equal(sample.json.record, null);
  assert.ok(bare(sample.json.html).includes('杭州云帆信息技术有限公司') && !sample.json.html.includes('𠮷'));
  problem(await sysadmin.post('/print-templates/actions/preview', { template: draft, record: mine.id }), 403);
  const seen = await server.admin();
  const real = await seen.post('/print-templates/actions/preview', { template: draft, record: mine.id });
  assert.equal(real.status, 200, real.text);
  assert.deepEqual([real.json.record.id, real.json.html.includes('云帆𠮷镕喆信息有限公司')], [mine.id, true]);
  assert.deepEqual(mistakes(await sysadmin.post('/print-templates/actions/preview', { template: { entity: 'customer', body: 'x\n{{nobody}}' } })), ['body:invalid']);
});

test('a column says what it is in the words of its reader, with its unit', async () => {
  const t = await template({ body: '@表格 contacts: @no, 号=@no, owner.name, customer.name, customer.annual_revenue, customer.completeness\n@表格 follow_ups: duration_min, 内容=content' });
  const heads = async (lang) => {
    const got = await rep.get(`/customers/${mine.id}/print?template=${t.id}&format=html`, { 'Accept-Language': lang });
    assert.equal(got.status, 200, got.text);
    return [...got.text.matchAll(/<th(?: [^>]*)?>(.*?)<\/th>/g)].map(([, text]) => text);
  };
  assert.deepEqual(await heads('zh-CN'), ['序号', '号', '姓名', '客户名称', '年营业额（元）', '信息完整度（%）', '时长（分钟）', '内容']);
  assert.deepEqual((await heads('en')).slice(4, 7), ['Annual revenue (元)', 'Completeness (%)', 'Duration (分钟)']);
});

test('a template that is off is no choice; printing is in the audit log', async () => {
  const t = await template({ enabled: false });
  problem(await print(rep, mine, `?template=${t.id}`), 404);
  problem(await print(rep, mine, '?template=99999999'), 404);
  problem(await print(rep, mine, '?template=abc'), 404);
  problem(await print(rep, mine, '?format=xlsx'), 400);
  await print(rep, mine, '?template=builtin&format=html');
  const { data } = (await auditor1.get('/audit-logs?limit=200')).json;
  const row = data.find((r) => r.action === 'print');
  assert.deepEqual([row.entity, row.record_id, row.user.id], ['customer', mine.id, rep.user.id], JSON.stringify(row));
});

test('statements grow with lists and links, never with rows', async () => {
  const t = await template({ body: '{{owner.name}}\n@表格 contacts: name, mobile, customer.name, customer.owner.name, owner' });
  const cost = async (record) => {
    let least = Infinity;
    for (let i = 0; i < 3; i++) { // once a minute the gate notes that a session is in use
      const [line] = await server.requests(async () => assert.equal((await print(rep, record, `?template=${t.id}&format=html`)).status, 200), '/api/v1/:plural/:id/print');
      least = Math.min(least, line.sql);
    }
    return least;
  };
  const few = await makeCustomer(rep), many = await makeCustomer(rep);
  await make(rep, 'contacts', contact(few.id));
  for (let i = 0; i < 30; i++) await make(rep, 'contacts', contact(many.id));
  assert.equal(await cost(many), await cost(few));
});

test('ten thousand rows in a loop: every one of them, in Word and PDF', async () => {
  const big = await makeCustomer(rep, { name: '万人有限公司' });
  const rows = Array.from({ length: 10_000 }, (_, i) => [`员工${i}`, big.number, '职员']);
  const w = await word(table(['姓名', '职务'], ['{{#contacts}}{{name}}', '{{title}}{{/contacts}}']));
  const t = await template({ body: '@表格 contacts: @no, name, title', watermark: false });
  const brought = await upload(manager, csv([['姓名', '所属客户', '职务'], ...rows]), { entity: 'contact' });
  assert.equal((await step(manager, brought.id, 'run')).counts.created, 10_000);
  problem(await print(rep, big, `?template=${w.id}`), 403, 'step_up_required');
  await rep.stepUp();
  const printed = async (t, more = '') => {
    const answer = await print(rep, big, `?template=${t.id}${more}`);
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
    return answer;
  };
  const doc = readDocx((await printed(w)).bytes);
  assert.equal(doc.rows.length, 10_001);
  assert.equal(new Set(doc.rows.map((r) => r[0])).size, 10_001);
  const text = pdf((await printed(t)).bytes);
  assert.equal(new Set(text.match(/员工\d+/g)).size, 10_000);
  const few = await template({ lists: { some: { of: 'contacts', limit: 5 } }, body: '@表格 some: name' });
  assert.equal(bare((await printed(few, '&format=html')).text).match(/员工\d+/g).length, 5);
});
