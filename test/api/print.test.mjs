// Documents as PDF and HTML: the report of an import, a change request, the figures of a metric (also as SVG and PNG), a list. Who may not read it gets nothing; each is in the audit log.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { checkAndRun, csv, step, upload } from '../lib/imports.mjs';
import { startServer, temporaryFolder, until } from '../lib/index.mjs';
import { readPdf } from '../lib/pdf.mjs';
import { makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, admin, p, id, flow, drop, keyCustomer, ask, act;
before(async () => { ({ server, admin, p, id, flow, drop, keyCustomer, ask, act } = await approvals({ env: { ZHIKE_PRINT_ROWS: '100' } })); });
after(() => server?.stop());

const printed = async (who, path, format) => {
  const answer = await who.get(`${path}?format=${format}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  assert.match(answer.headers.get('content-disposition'), new RegExp(`^attachment; .*\\.${format}$`));
  assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'; sandbox");
  assert.equal(answer.headers.get('content-type'), format === 'pdf' ? 'application/pdf' : 'text/html; charset=utf-8');
  return answer;
};
const audited = async (entity, record) => (await admin.get(`/audit-logs?limit=20&filter=${encodeURIComponent(JSON.stringify(['and', ['action', '=', 'print'], ['entity', '=', entity]]))}`)).json.data.filter((row) => row.record_id === record);

describe('the report of an import', () => {
  let imp;
  before(async () => {
    const made = await upload(p.boss, csv([['客户名称', '联系方式', '所属行业', '客户来源'],
      ['䶮𠮷镕喆有限公司', mobile(), '信息技术', '官网'], ['手机不对有限公司', '12345', '信息技术', '官网'], ['<script>alert(1)</script>', '99', '没有的行业', '官网']]));
    imp = made.id;
    assert.equal((await step(p.boss, imp, 'check')).state, 'checked');
  });

  test('is a PDF with the figures, the mistakes and who printed it', async () => {
    const pdf = readPdf((await printed(p.boss, `/imports/${imp}/report`, 'pdf')).bytes);
    assert.equal(pdf.title, '数据校验报告');
    assert.equal(pdf.author, p.boss.user.name);
    assert.deepEqual(pdf.loose, []);
    const kinds = (await p.boss.get(`/imports/${imp}/report`)).json;
    for (const f of kinds.errors) assert.ok(pdf.all.includes(f.message.replace(/\s/g, '')), f.message);
    for (const word of ['数据校验报告', '错误汇总', '错误明细', '未通过的行数', '导入人：', `第${pdf.pages}页/共${pdf.pages}页`]) assert.ok(pdf.all.includes(word), word);
    assert.ok((await audited('import_job', imp)).length >= 1, 'in the audit log');
  });

  test('is an HTML file in which nothing runs', async () => {
    const { text } = await printed(p.boss, `/imports/${imp}/report`, 'html');
    assert.match(text, /^<!doctype html>/);
    assert.ok(!/<script/i.test(text));
    assert.match(text, /data:image\/svg\+xml/);
    assert.ok(text.includes('数据校验报告') && text.includes('@page'));
  });

  test('is nobody else’s', async () => {
    for (const who of [p.rep, p.sysadmin, admin]) for (const format of ['pdf', 'html']) problem(await who.get(`/imports/${imp}/report?format=${format}`), 404, 'not_found');
    problem(await server.anyone().get(`/imports/${imp}/report?format=pdf`), 401);
    problem(await p.boss.get(`/imports/${imp}/report?format=docx`), 400, 'bad_request');
    assert.equal((await p.boss.get(`/imports/${imp}/report?format=json`)).json.id, imp);
  });
});

describe('a change request', () => {
  let f, c, r;
  before(async () => {
    f = await flow({});
    c = await keyCustomer({ phone: '13912345678' });
    const made = await ask(p.rep, { record: c.id, input: { name: '改成䶮𠮷有限公司', phone: '13987654321' }, reason: '工商登记已变更<b>&amp;' });
    assert.equal(made.status, 201, made.text);
    r = made.json;
  });
  after(() => drop(f));

  test('stands on paper as who asks sees it', async () => {
    const path = `/change-requests/${r.id}/print`, pdf = readPdf((await printed(p.rep, path, 'pdf')).bytes);
    assert.equal(pdf.title, '数据变更申请');
    const look = (await act(p.rep, r, 'look')).json;
    for (const x of look.changes) for (const word of [x.label.zh, x.before, x.after]) assert.ok(pdf.all.includes(word.replace(/\s/g, '')), `${x.field}: ${word}`);
    for (const word of [r.number, '工商登记已变更<b>&amp;', '审批过程', '待处理', '申请人：', '部门负责人：', '系统管理员：', p.rep.user.name]) assert.ok(pdf.all.includes(word), word);
    for (const x of [id.rep, f.id]) assert.ok(!pdf.all.includes(String(x)), 'links are told by name');
    assert.match((await printed(p.rep, path, 'html')).text, new RegExp(`申请人(<[^>]*>|：|\\s)*${p.rep.user.name}<`));
    assert.ok((await audited('change_request', r.id)).length >= 1);
    const { text } = await printed(p.rep, path, 'html');
    assert.ok(text.includes('工商登记已变更&lt;b&gt;&amp;amp;'));
    assert.equal((await p.rep.get(path)).headers.get('content-type'), 'application/pdf');
  });

  test('shows nobody more than the page does', async () => {
    const other = await flow({ steps: [{ who: 'user', user: id.sysadmin }] }); // who may not read what customers say of themselves
    const d = await keyCustomer({ phone: '13712345678' });
    const q = (await ask(p.rep, { record: d.id, input: { phone: '13787654321', remark: '附带的说明' } })).json;
    await act(p.manager, q, 'agree');
    for (const who of [p.sysadmin, p.west_rep]) {
      const look = (await act(who, q, 'look')).json.changes ?? [], path = `/change-requests/${q.id}/print`;
      if (who === p.west_rep) { problem(await who.get(path), 404, 'not_found'); continue; }
      const pdf = readPdf((await printed(who, path, 'pdf')).bytes), { text } = await printed(who, path, 'html');
      for (const where of [pdf.all, text]) {
        for (const x of look) assert.ok(where.includes(x.after), x.field);
        for (const number of ['13787654321', '13712345678']) assert.equal(where.includes(number), look.some((x) => [x.before, x.after].includes(number)));
        assert.ok(!where.includes('13787654321'));
      }
    }
    await drop(other);
  });

  test('is not there for a stranger, nor for a format that is none', async () => {
    for (const who of [p.rep2, p.sysadmin]) for (const format of ['pdf', 'html']) problem(await who.get(`/change-requests/${r.id}/print?format=${format}`), 404, 'not_found');
    problem(await p.rep.get(`/change-requests/${r.id}/print?format=exe`), 400, 'bad_request');
    problem(await server.anyone().get(`/change-requests/${r.id}/print`), 401);
    problem(await p.rep.get('/change-requests/999999999/print'), 404, 'not_found');
  });

  test('after the answer says who said what', async () => {
    assert.equal((await act(p.manager, r, 'agree', { comment: '核对无误，同意变更' })).status, 200);
    const pdf = readPdf((await printed(p.rep, `/change-requests/${r.id}/print`, 'pdf')).bytes);
    for (const word of ['核对无误，同意变更', '已同意', '已执行', p.manager.user.name]) assert.ok(pdf.all.includes(word), word);
    assert.ok(!pdf.all.includes('又被修改过'), 'its own doing is no change by others');
  });

  test('of many names them', async () => {
    const many = await flow({ on_edit: false, filter: null });
    const a = await makeCustomer(p.boss), b = await makeCustomer(p.boss);
    const made = await p.boss.post('/change-requests', { entity: 'customer', operation: 'bulk_delete', ids: [a.id, b.id], reason: '重复' });
    if (made.status === 201) {
      const pdf = readPdf((await printed(p.boss, `/change-requests/${made.json.id}/print`, 'pdf')).bytes);
      for (const x of [a, b]) assert.ok(pdf.all.includes(x.name.replace(/\s/g, '')), x.name);
    } else assert.fail(made.text);
    await drop(many);
  });
});

describe('the figures of a metric', () => {
  const path = '/metrics/new_customers/file?period=month&last=3';

  test('stand in a PDF with a chart, the same as in the text file', async () => {
    await makeCustomer(p.rep, { level: 'key' });
    const csvText = (await p.manager.get(`${path}&by=level&format=csv`)).text, rows = csvText.replace('\ufeff', '').trim().split('\r\n').map((line) => line.split(','));
    const answer = await p.manager.get(`${path}&by=level&format=pdf`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    const pdf = readPdf(answer.bytes);
    for (const row of rows) for (const cell of row) assert.ok(pdf.all.includes(cell.replaceAll('"', '').replace(/\s/g, '')), cell);
    assert.equal(pdf.author, p.manager.user.name);
  });

  test('are a picture as SVG and PNG, in each kind of chart', async () => {
    for (const chart of ['bar', 'line', 'funnel', 'pie', ''])
      for (const by of ['', '&by=level']) {
        const svg = await p.manager.get(`${path}${by}&format=svg&chart=${chart}`), png = await p.manager.get(`${path}${by}&format=png&chart=${chart}`);
        assert.deepEqual([svg.status, svg.headers.get('content-type'), png.status, png.headers.get('content-type')], [200, 'image/svg+xml', 200, 'image/png']);
        assert.ok(svg.text.includes('<svg') && !/<script|<text/.test(svg.text));
        assert.deepEqual([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)], [1280, 640]);
      }
    problem(await p.manager.get(`${path}&format=svg&chart=cake`), 400, 'bad_request');
    problem(await p.manager.get(`${path}&format=gif`), 400, 'bad_request');
  });

  test('of a dashboard stand on paper card by card, as its reader sees them', async () => {
    const [board] = (await p.manager.get('/dashboards?limit=10')).json.data.filter((d) => d.name === '经营概览');
    for (const who of [p.manager, p.rep]) {
      const pdf = readPdf((await printed(who, `/dashboards/${board.id}/print`, 'pdf')).bytes);
      for (const name of ['new_customers', 'follow_ups', 'overdue_tasks', 'completeness', 'duplicate_rate', 'customers']) {
        const answer = await who.get(`/metrics/${name}`);
        if (answer.status === 200) assert.ok(pdf.all.includes(answer.json.metric.label.replace(/\s/g, '')), name);
      }
      assert.ok(pdf.all.includes('经营概览') && pdf.all.includes('统计时间'));
    }
    const own = await p.manager.post('/dashboards', { name: '自己的看板', shared: 'private', cards: [
      { metric: 'none_of_it', kind: 'line', period: 'month' }, { metrics: ['new_customers', 'follow_ups'], kind: 'funnel', title: '漏斗旅程' }, { metric: 'new_customers', kind: 'table', by: 'level' }] });
    assert.equal(own.status, 201, own.text);
    const { text } = await printed(p.manager, `/dashboards/${own.json.id}/print`, 'html');
    assert.ok(text.includes('“none_of_it”：无法显示') && text.includes('alt="漏斗旅程"') && text.includes('<table'), text.slice(-2000));
    problem(await p.rep.get(`/dashboards/${own.json.id}/print`), 404, 'not_found');
  });

  test('are for who may export them', async () => {
    for (const format of ['pdf', 'svg', 'png']) {
      problem(await p.rep.get(`${path}&format=${format}`), 403);
      problem(await server.anyone().get(`${path}&format=${format}`), 401);
      problem(await p.manager.get(`/metrics/none_of_it/file?format=${format}`), 404);
    }
  });
});

describe('a list', () => {
  const download = async (who, body) => {
    const start = await who.post('/customers/export', body);
    assert.equal(start.status, 202, start.text);
    const job = await who.job(start.json.job.id);
    assert.equal(job.state, 'done', JSON.stringify(job));
    return who.get(`/jobs/${job.id}/file`);
  };
  const marked = ['name', 'contains', '清单䶮'], fields = 'number,name,phone,level,created_at,annual_revenue';
  before(async () => {
    const rows = Array.from({ length: 120 }, (_, i) => [`${i < 90 ? '清单䶮' : '别的䶮'}${i}号有限公司`, `137${String(20000000 + i)}`, '信息技术', '官网']);
    const made = await upload(p.boss, csv([['客户名称', '联系方式', '所属行业', '客户来源'], ...rows]));
    assert.equal((await checkAndRun(p.boss, made.id)).counts.created, 120);
    await p.boss.stepUp();
  });

  test('as PDF has the rows of the text file, a header on each page, who took it, and no more than that', async () => {
    const answer = await download(p.boss, { filter: marked, fields, format: 'pdf' });
    assert.equal(answer.headers.get('content-type'), 'application/pdf');
    const pdf = readPdf(answer.bytes), text = (await download(p.boss, { filter: marked, fields, format: 'csv' })).text;
    for (const line of text.trim().split('\r\n').slice(1)) {
      const [number, name, phone] = line.split(',');
      for (const cell of [number, name, phone]) assert.ok(pdf.all.includes(cell.replace(/^'/, '')), cell);
    }
    assert.ok(pdf.pages > 1);
    for (const page of pdf.text) assert.ok(page.includes('客户名称') && page.includes('联系方式'));
    assert.equal(pdf.all.split('清单䶮').length - 1, 90);
    assert.ok(pdf.all.includes('共90条'));
    assert.equal(pdf.author, p.boss.user.name);
    const rows = (await admin.get('/audit-logs?limit=50')).json.data.filter((row) => row.action === 'export' && row.entity === 'customer');
    assert.ok(rows.length >= 2);
  });

  test('is masked as the list is', async () => {
    const path = `/customers?limit=5&fields=name,phone&filter=${encodeURIComponent(JSON.stringify(marked))}`;
    for (const who of [p.dept_head, p.manager, p.sysadmin]) {
      const list = await who.get(path);
      const start = await who.post('/customers/export', { filter: marked, fields: 'name,phone', format: 'pdf' });
      if (start.status !== 202) { problem(start, 403); continue; }
      const job = await who.job(start.json.job.id), pdf = readPdf((await who.get(`/jobs/${job.id}/file`)).bytes);
      for (const row of list.json.data) assert.ok(pdf.all.includes(row.phone), row.phone);
      if (!list.json.data.length) assert.ok(!pdf.all.includes('清单䶮'));
    }
    const job = await p.boss.post('/customers/export', { filter: marked, fields: 'name', format: 'pdf' });
    await p.boss.job(job.json.job.id);
    problem(await p.manager.get(`/jobs/${job.json.job.id}/file`), 404, 'not_found');
  });

  test('too long or too wide for paper is refused before the work', async () => {
    const long = await p.boss.post('/customers/export', { fields, format: 'pdf' });
    problem(long, 413, 'too_large');
    assert.ok(long.text.includes('100'), long.text);
    const { json } = await p.boss.get('/schema/customer'), many = json.fields.map((f) => f.name).filter((n) => !['id', 'version'].includes(n));
    if (many.length > 40) assert.ok([413, 400, 422].includes((await p.boss.post('/customers/export', { filter: marked, fields: many.join(','), format: 'pdf' })).status));
    problem(await p.boss.post('/customers/export', { filter: marked, fields, format: 'doc' }), 422, 'invalid');
    assert.equal((await p.boss.post('/customers/export', { fields, format: 'csv' })).status, 202);
  });
});

test('a machine without Chinese fonts: told at the start, by zhike check and to whoever prints; HTML still comes', async () => {
  const conf = join(temporaryFolder('fonts-'), 'fonts.conf');
  writeFileSync(conf, '<?xml version="1.0"?><fontconfig></fontconfig>');
  const bare = await startServer({ env: { FONTCONFIG_FILE: conf, ZHIKE_SERVE_CONFINE: 'off' } }); // locked up it could not read this file
  try {
    await until(() => bare.log.includes('no_chinese_font'), 10_000, 'the line of the log');
    const who = await bare.admin();
    const answer = await who.get('/metrics/new_customers/file?period=month&last=2&format=pdf');
    problem(answer, 503, 'report_font');
    assert.match(answer.text, /fonts-noto-cjk/);
    assert.equal((await who.get('/metrics/new_customers/file?period=month&last=2&format=csv')).status, 200);
    const { stdout } = await bare.cli('check');
    assert.match(stdout, /fonts-noto-cjk/);
    assert.match(stdout, /no findings/);
  } finally { await bare.stop(); }
  assert.ok(!server.log.includes('no_chinese_font'), 'the locked-up server reads its fonts');
});
