// A record on paper in two clicks; a template written with its places, its mistake found at its line, its look beside; a Word template
// that is refused, mended and printed; in the hand and in English.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { docx, p, readDocx, table } from '../lib/docx.mjs';
import { contact, make } from '../lib/records.mjs';
import { accessible, becomes, clean, customer, fits, focused, holds, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const dir = mkdtempSync(join(tmpdir(), 'zhike-e2e-print-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const passwordOf = async (login) => (await import('../lib/company.mjs')).passwordOf(login);

/** Prints by the menu of the record's page: the name and bytes of what the browser kept. */
async function printed(page, record, choice) {
  await page.goto(`${it.server.url}/e/customers/${record.id}`);
  await page.getByRole('button', { name: '打印', exact: true }).click();
  const item = page.getByRole('menuitem', { name: choice });
  await item.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), item.click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('a record is printed in two clicks', async () => {
  const rep = await it.server.login('rep', await passwordOf('rep'));
  const mine = await customer(rep, { name: '云帆打印有限公司' });
  const page = await signedIn(it, 'rep');
  const pdf = await printed(page, mine, '客户资料表 · PDF');
  assert.equal(pdf.name, '客户资料表-云帆打印有限公司.pdf');
  assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
  await page.getByRole('button', { name: '打印', exact: true }).click();
  await page.getByRole('menuitem', { name: '完整资料 · 网页' }).waitFor();
  await settled(page);
  await accessible(page, 'print menu');
  await picture(page, 'print-menu');
  await clean(page);
  await page.context().close();
});

test('a template is written, its mistake found, its look seen', async () => {
  const page = await signedIn(it, 'sysadmin');
  await page.getByRole('link', { name: '打印模板' }).click();
  await page.getByRole('row').filter({ hasText: '客户资料表' }).waitFor();
  await settled(page);
  await accessible(page, 'print templates');
  await picture(page, 'print-templates');
  await page.getByRole('button', { name: '新增模板' }).click();
  const form = page.getByRole('dialog', { name: '新增模板' });
  const body = form.getByLabel('内容');
  await form.getByText('以示例数据显示').waitFor();
  await form.getByLabel('名称', { exact: true }).first().fill('拜访单');
  await body.fill('# 拜访单\n客户：\n{{no_such}}');
  const wrong = form.getByRole('button', { name: /第 3 行.*no_such/ });
  await wrong.click();
  await becomes(() => body.evaluate((e) => e.value.slice(e.selectionStart, e.selectionEnd)), '{{no_such}}');
  await focused(body);
  await body.press('Backspace');
  await form.getByLabel('查找变量').first().fill('客户名称');
  await form.getByRole('button', { name: '客户名称', exact: true }).first().click();
  await form.getByLabel('查找变量').first().fill('');
  await form.getByRole('button', { name: '联系人', exact: true }).last().click();
  await holds(body, /^# 拜访单\n客户：\n\{\{name\}\}\n@表格 contacts: name, /);
  const sheet = form.getByRole('document', { name: '预览' });
  await sheet.getByRole('heading', { name: '拜访单' }).waitFor();
  await sheet.getByRole('columnheader', { name: '姓名' }).waitFor(); // the text as it stands now
  await sheet.getByText('杭州云帆信息技术有限公司').first().waitFor();
  await many(wrong, 0);
  await settled(page);
  await accessible(page, 'template editor');
  await picture(page, 'print-editor');
  await form.getByRole('button', { name: '保存' }).click();
  await page.getByRole('row').filter({ hasText: '拜访单' }).waitFor();
  await clean(page, { refused: [422] });
  await page.context().close();
});

test('a Word template is refused at its place, mended, and printed', async () => {
  const rep = await it.server.login('rep', await passwordOf('rep'));
  const mine = await customer(rep, { name: '文档有限公司' });
  await make(rep, 'contacts', contact(mine.id, { name: '赵文档', title: '经理' }));
  const bad = join(dir, 'bad.docx'), good = join(dir, 'good.docx');
  writeFileSync(bad, docx(p('合同编号 {{number')));
  writeFileSync(good, docx(p('客户 {', '{客户名称}', '}') + table(['{{#contacts}}{{name}}', '{{title}}{{/contacts}}'])));
  const page = await signedIn(it, 'sysadmin');
  await page.goto(`${it.server.url}/admin/print`);
  await page.getByRole('button', { name: '新增模板' }).click();
  const form = page.getByRole('dialog', { name: '新增模板' });
  await form.getByLabel('名称', { exact: true }).first().fill('合同');
  await form.getByLabel('类型').selectOption('docx');
  await form.getByLabel('Word 文档（.docx）').setInputFiles(bad);
  await form.getByRole('button', { name: '保存' }).click();
  await form.getByText('正文中的“合同编号 {{number”').waitFor();
  // given up, it leaves nothing
  await form.getByRole('button', { name: '取消' }).click();
  await page.getByRole('button', { name: '放弃' }).click();
  await form.waitFor({ state: 'detached' });
  const sysadmin = await it.server.login('sysadmin', await passwordOf('sysadmin'));
  assert.deepEqual((await sysadmin.get('/print-templates?fields=name')).json.data.map((r) => r.name).filter((n) => n === '合同'), []);
  await page.getByRole('button', { name: '新增模板' }).click();
  await form.getByLabel('名称', { exact: true }).first().fill('合同');
  await form.getByLabel('类型').selectOption('docx');
  await form.getByLabel('Word 文档（.docx）').setInputFiles(bad);
  await form.getByRole('button', { name: '保存' }).click();
  await form.getByText('正文中的“合同编号 {{number”').waitFor();
  await form.getByLabel('Word 文档（.docx）').setInputFiles(good);
  await settled(page);
  await accessible(page, 'Word template');
  await form.getByRole('button', { name: '保存' }).click();
  await page.getByRole('row').filter({ hasText: '合同' }).getByText('Word').waitFor();
  await clean(page, { refused: [422] });
  await page.context().close();

  const reader = await signedIn(it, 'rep');
  const doc = await printed(reader, mine, '合同 · Word');
  assert.equal(doc.name, '合同-文档有限公司.docx');
  const { text, rows } = readDocx(doc.bytes);
  assert.ok(text.includes('客户 文档有限公司'));
  assert.deepEqual(rows, [['赵文档', '经理']]);
  await clean(reader);
  await reader.context().close();
});

test('in the hand', async () => {
  const page = await signedIn(it, 'sysadmin', { viewport: { width: 360, height: 740 } });
  await page.goto(`${it.server.url}/admin/print`);
  await page.getByRole('row').filter({ hasText: '客户资料表' }).getByRole('button', { name: '编辑' }).click();
  const form = page.getByRole('dialog', { name: /编辑/ });
  await form.getByRole('document', { name: '预览' }).getByRole('heading', { name: '客户资料表' }).waitFor();
  await settled(page);
  await fits(page, 'template editor at 360');
  await picture(page, 'print-editor-360');
  await clean(page, { refused: [422] });
  await page.context().close();
});
