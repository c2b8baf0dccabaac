// The import wizard: files as people have them, from the choice of a file to the undo, by mouse and by
// keyboard, wide and narrow, light and dark, in both languages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { readWorkbook, workbook } from '../lib/xlsx.mjs';
import { accessible, clean, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const step = (page, name) => page.getByRole('list', { name: /导入步骤|Steps of the import/ }).locator('[aria-current="step"]').filter({ hasText: name }).waitFor();
const send = (page, name, bytes) => page.getByLabel('要导入的文件').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
const head = ['客户名称', '所属行业', '信息来源', '联系人', '联系方式'];

test('the template of the entity, one cell wrong: told, mended in the report, imported, undone', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await step(page, '选文件');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: '下载客户导入模板' }).click()]);
  const template = readWorkbook(await readFile(await download.path()));
  const header = template.sheets[template.names[0].name][0];
  const column = (...names) => header.findIndex((h) => names.some((n) => (h ?? '').includes(n)));
  const row = (name, industry, person, phone) => {
    const cells = header.map(() => '');
    cells[column('客户名称')] = name;
    cells[column('所属行业')] = industry;
    cells[column('信息来源')] = '官网';
    cells[column('姓名', '联系人')] = person;
    cells[column('联系方式')] = phone;
    return cells;
  };
  const rows = [row('模板旅程甲有限公司', '制造业', '王一', '13911110001'), row('模板旅程乙有限公司', '没有的行业', '王二', '13911110002'), row('模板旅程丙有限公司', '金融', '王三', '13911110003')];
  await send(page, '客户名单.xlsx', workbook({ [template.names[0].name]: [header, ...rows] }));
  await step(page, '对应列');
  await page.getByRole('table', { name: /的列对应关系/ }).getByText('客户名称').first().waitFor();
  await accessible(page, 'columns');
  await picture(page, 'import-2-zh');
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('heading', { name: '检查完成' }).waitFor();
  await page.getByRole('status').filter({ hasText: '共 3 行：将新建 2、有错误 1。' }).waitFor();
  await page.getByRole('cell', { name: '没有的行业', exact: true }).waitFor();
  await accessible(page, 'check');
  await picture(page, 'import-3-zh');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: '下载校验报告' }).click()]);
  const report = readWorkbook(await readFile(await file.path()));
  const name = report.names.find((n) => report.sheets[n.name].some((r) => r?.includes('没有的行业'))).name;
  const mended = report.sheets[name].map((r) => Array.from(r, (c) => (c === '没有的行业' ? '制造业' : c ?? '')));
  assert.equal(mended.filter((r) => r.includes('模板旅程乙有限公司')).length, 1, 'the report holds the refused row');
  await page.getByRole('button', { name: '只导入没有问题的 2 条' }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  await picture(page, 'import-done-zh');
  await page.getByLabel('改好的校验报告').setInputFiles({ name: '校验报告.xlsx', mimeType: 'application/octet-stream', buffer: workbook({ [name]: mended }) });
  await step(page, '对应列');
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByText('没有发现错误').waitFor();
  await page.getByRole('button', { name: '导入 1 条' }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  await page.getByRole('link', { name: /查看新建的客户|打开客户列表/ }).click();
  await page.getByRole('link', { name: '模板旅程乙有限公司' }).waitFor();
  // Back through the list of earlier imports to the first one, and undo it.
  await page.goto(`${it.server.url}/import`);
  const earlier = page.getByRole('region', { name: '我的导入记录' });
  await earlier.getByText('已导入').first().waitFor();
  await picture(page, 'import-1-zh');
  await accessible(page, 'choose a file');
  await earlier.getByRole('button', { name: '客户名单.xlsx' }).click();
  await page.getByRole('button', { name: '撤销本次导入' }).click();
  const ask = page.getByRole('alertdialog');
  await ask.getByText('将删除新建的 2 条记录').waitFor();
  await ask.getByRole('button', { name: '撤销本次导入' }).click();
  await page.getByRole('heading', { name: '已撤销' }).waitFor();
  await page.goto(`${it.server.url}/e/customers?q=${encodeURIComponent('模板旅程')}`);
  await page.getByRole('link', { name: '模板旅程乙有限公司' }).waitFor();
  assert.equal(await page.getByRole('link', { name: '模板旅程甲有限公司' }).count(), 0);
  clean(page);
  await page.context().close();
});
