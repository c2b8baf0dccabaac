// On paper: a change request, the report of an import, a list and a figure, each downloaded as PDF where its reader stands.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { csv, step, upload } from '../lib/imports.mjs';
import { readPdf } from '../lib/pdf.mjs';
import { accessible, clean, customer, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage({ demo: 20 });
const taken = async (page, locator) => {
  const [download] = await Promise.all([page.waitForEvent('download'), locator.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

test('a change request is printed from its drawer, at the desk and on the phone', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const boss = (await admin.get('/users?q=boss&limit=50')).json.data.find((u) => u.login === 'boss');
  assert.equal((await admin.post('/approval-flows', { name: '打印旅程', entity: 'customer', on_edit: true, fields: ['name'], filter: ['level', '=', 'key'], steps: [{ who: 'user', user: boss.id }] })).status, 201);
  const rep = await it.server.login('rep', 'Guest-per-2026');
  const one = await customer(rep, { level: 'key' });
  const filed = await rep.post('/change-requests', { entity: 'customer', operation: 'edit', record: one.id, input: { name: '打印䶮旅程有限公司' }, reason: '客户已更名' });
  assert.equal(filed.status, 201, filed.text);
  for (const phone of [false, true]) {
    const page = await signedIn(it, 'rep', { phone });
    await page.goto(`${it.server.url}/approvals?tab=filed`);
    await page.getByRole('button', { name: /修改客户/ }).first().click();
    const link = page.getByRole('link', { name: '打印申请（PDF）' });
    await link.waitFor();
    await settled(page);
    await accessible(page, 'request with print');
    await fits(page, 'request with print');
    await picture(page, phone ? 'print-request-phone' : 'print-request');
    const file = await taken(page, link), pdf = readPdf(file.bytes);
    assert.equal(file.name, '数据变更申请.pdf');
    for (const word of ['打印䶮旅程有限公司', one.name, '客户已更名', filed.json.number]) assert.ok(pdf.all.includes(word), word);
    await clean(page);
    await page.context().close();
  }
});

test('the report of an import is taken beside its workbook', async () => {
  const boss = await it.server.login('boss', 'Guest-ssob-2026');
  const { id } = await upload(boss, csv([['客户名称', '联系方式', '所属行业', '客户来源'], ['报告旅程有限公司', '不是电话', '信息技术', '官网'], ['报告旅程二有限公司', '13922223333', '信息技术', '官网']]));
  await step(boss, id, 'check');
  const page = await signedIn(it, 'boss');
  await page.goto(`${it.server.url}/import?id=${id}`);
  const link = page.getByRole('link', { name: '校验报告 PDF' });
  await link.waitFor();
  await settled(page);
  await accessible(page, 'import with reports');
  await picture(page, 'print-import');
  const pdf = readPdf((await taken(page, link)).bytes);
  assert.ok(pdf.all.includes('数据校验报告') && pdf.all.includes('错误明细'), pdf.all);
  const html = (await taken(page, page.getByRole('link', { name: '校验报告 HTML' }))).bytes.toString();
  assert.ok(html.startsWith('<!doctype html>') && html.includes('错误明细'));
  // as it is opened from the disk: nothing is asked of anybody, nothing runs
  const asked = [], paper = await page.context().newPage();
  paper.on('request', (r) => { if (!r.url().startsWith('data:')) asked.push(r.url()); });
  await paper.setContent(html);
  await paper.getByRole('heading', { name: '错误明细' }).waitFor();
  assert.deepEqual(asked, []);
  await picture(paper, 'print-import-html');
  await clean(page);
  await page.context().close();
});

test('a list and a figure are taken as PDF', async () => {
  const page = await signedIn(it, 'boss');
  await page.goto(`${it.server.url}/e/customers`);
  await page.getByRole('grid').locator('tbody tr').first().waitFor();
  await page.getByRole('button', { name: '导出' }).click();
  const dialog = page.getByRole('dialog', { name: '导出客户' });
  await dialog.getByRole('status').filter({ hasText: /全部记录，共 \d+ 条/ }).waitFor();
  await dialog.getByLabel('PDF').check();
  await accessible(page, 'export as PDF');
  const list = await taken(page, dialog.getByRole('button', { name: '导出', exact: true }));
  assert.match(list.name, /\.pdf$/);
  assert.ok(readPdf(list.bytes).all.includes('客户名称'));
  await dialog.getByRole('button', { name: '关闭' }).last().click();

  await page.goto(`${it.server.url}/figures`);
  await page.getByRole('heading', { level: 1, name: '经营概览' }).waitFor();
  await settled(page);
  const box = page.locator('.dashboard > section').filter({ has: page.getByRole('heading', { name: '客户总数（按客户状态）', exact: true }) });
  const figure = await taken(page, box.getByRole('link', { name: 'PDF' }));
  assert.match(figure.name, /\.pdf$/);
  assert.ok(readPdf(figure.bytes).pages >= 1);
  await clean(page);
  await page.context().close();
});
