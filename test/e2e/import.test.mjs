// The import wizard: files as people have them, from the choice of a file to the undo, by mouse and by
// keyboard, wide and narrow, light and dark, in both languages.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep } from '../lib/program.mjs';
import { readWorkbook, workbook } from '../lib/xlsx.mjs';
import { accessible, becomes, clean, fits, holds, looks, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

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
  await many(page.getByRole('link', { name: '模板旅程甲有限公司' }), 0);
  await clean(page);
  await page.context().close();
});

test('no row can be taken: said what to do, and no button that cannot be pressed', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await step(page, '选文件');
  await send(page, '全错.csv', `${head.join(',')}\n${['甲', '乙'].map((n, i) => `全错旅程${n}有限公司,没有的行业,官网,王${i},1391111020${i}`).join('\n')}\n`);
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByText('没有一行可以导入。请下载校验报告，把标出的单元格改好，再原样上传。').waitFor();
  await many(page.getByRole('button', { name: /^只?导入.*\d+ 条/ }), 0);
  await many(page.locator('.actions :disabled'), 0);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.actions').getByRole('link', { name: '下载校验报告' }).click()]);
  assert.match(download.suggestedFilename(), /\.xlsx$/);
  await settled(page);
  await accessible(page, 'nothing to import');
  await picture(page, 'import-none-zh');
  await looks(page, { lang: 'en', theme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.getByText(/No row can be imported yet/).waitFor();
  await fits(page, 'nothing to import');
  await accessible(page, 'nothing to import, narrow, dark, English');
  await picture(page, 'import-none-en-dark-390');
  await clean(page);
  await looks(page, { lang: 'zh', theme: 'light' });
  await page.context().close();
});

test('a GBK csv: read otherwise it is broken, read right again it is recognised', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '客户.csv', await readFile(new URL('../data/01_gb18030.csv', import.meta.url)));
  const reading = page.getByRole('region', { name: '文本文件的读法' });
  await reading.getByText('按 GB18030 编码、逗号分隔读取').waitFor();
  await reading.getByRole('button', { name: /更改读法/ }).click();
  const live = reading.getByRole('region', { name: '按所选读法预览' });
  await live.getByText('客户名称').waitFor();
  await reading.getByLabel('文字编码').selectOption('Big5');
  // An encoding the bytes cannot have is told before it does harm.
  await reading.getByText('文件不是有效的 Big5 文字').waitFor();
  await becomes(() => reading.getByRole('button', { name: '就这样读取' }).isDisabled(), true);
  await accessible(page, 'reading');
  await reading.getByLabel('文字编码').selectOption('GB18030');
  await reading.getByLabel('分隔符').selectOption('分号');
  await live.getByRole('cell', { name: /^客户名称,所属行业/ }).waitFor();
  await picture(page, 'import-reading');
  await reading.getByRole('button', { name: '就这样读取' }).click();
  await reading.getByText('按 GB18030 编码、分号分隔读取').waitFor();
  await reading.getByRole('button', { name: /更改读法/ }).click();
  await reading.getByLabel('分隔符').selectOption('逗号');
  await live.getByRole('cell', { name: '客户名称', exact: true }).waitFor();
  await reading.getByRole('button', { name: '就这样读取' }).click();
  await page.getByRole('table', { name: /的列对应关系/ }).getByText('客户名称').first().waitFor();
  // Another header row by the preview, and back.
  await page.getByRole('button', { name: '更改表头行' }).click();
  await page.getByLabel('第 2 行是表头').check();
  await page.getByText('表头：第 2 行').waitFor();
  await picture(page, 'import-header');
  await accessible(page, 'header');
  await page.getByLabel('第 1 行是表头').check();
  await page.getByText('表头：第 1 行').waitFor();
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByText('没有发现错误').waitFor();
  await page.getByRole('button', { name: /^导入 \d+ 条/ }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  await page.getByRole('link', { name: /查看新建的客户/ }).click();
  await page.getByRole('link', { name: '重庆长安机电有限公司' }).waitFor();
  await clean(page, { refused: [415] });
  await page.context().close();
});

test('two sheets: customers and their contacts, each to its entity, one left out', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '客户与联系人.xlsx', workbook({
    客户: [[...head.slice(0, 3), '电话'], ['双表旅程甲有限公司', '制造业', '官网', '0571-88120001'], ['双表旅程乙有限公司', '金融', '展会', '0571-88120002']],
    联系人: [['姓名', '所属客户', '手机'], ['赵一', '双表旅程甲有限公司', '13822220001'], ['钱二', '双表旅程乙有限公司', '13822220002'], ['孙三', '没有这家公司', '13822220003']],
    说明: [['本表由销售部整理'], ['请勿外传']],
  }));
  const tabs = page.getByRole('tablist', { name: '工作表' });
  await tabs.getByRole('tab').first().waitFor();
  await becomes(() => tabs.getByRole('tab').allInnerTexts().then((all) => all.map((x) => x.replace(/\s+/g, ' ').trim())), ['客户 客户', '联系人 联系人', '说明 跳过']);
  await tabs.getByRole('tab', { name: /联系人/ }).click();
  await holds(page.getByLabel('“所属客户”对应的字段'), '所属客户');
  await page.getByRole('button', { name: '更改表头行' }).click();
  await page.getByRole('cell', { name: '赵一', exact: true }).waitFor();
  await page.getByRole('button', { name: '收起', exact: true }).click();
  await accessible(page, 'two sheets');
  await picture(page, 'import-sheets');
  await page.getByText('客户 2 行，4 列；联系人 3 行，3 列').waitFor();
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('heading', { name: '检查完成' }).waitFor();
  await page.getByRole('cell', { name: '没有这家公司', exact: true }).waitFor();
  await page.getByRole('button', { name: '只导入没有问题的 4 条' }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  await page.getByRole('link', { name: /查看新建的客户/ }).waitFor();
  await page.getByRole('link', { name: /查看新建的联系人/ }).click();
  await page.getByRole('link', { name: '赵一' }).first().waitFor();
  await page.getByRole('link', { name: '钱二' }).first().waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  await clean(page);
  await page.context().close();
});

test('by keyboard alone: from the menu to the records', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  const tabTo = async (locator) => {
    for (let i = 0; i < 90; i++) {
      if (await locator.evaluate((e) => e === document.activeElement).catch(() => false)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`not reached by Tab: ${locator}`);
  };
  await page.getByRole('button', { name: '选择文件' }).waitFor();
  // Cells copied from a table program are pasted: no file dialog needed.
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, '客户名称\t所属行业\t信息来源\t电话\t随便写写\n键盘旅程有限公司\t金融\t官网\t0571-88120003\t甲乙丙\n');
  await step(page, '对应列');
  const field = page.getByLabel('“随便写写”对应的字段');
  await field.waitFor();
  await settled(page, 3);
  await tabTo(field);
  await page.keyboard.type('备注');
  await page.getByRole('option', { name: '备注' }).first().waitFor();
  await page.keyboard.press('Enter');
  await holds(field, /备注/);
  await tabTo(page.getByRole('button', { name: '检查数据' }));
  await page.keyboard.press('Enter');
  const run = page.getByRole('button', { name: '导入 1 条' });
  await run.waitFor();
  await tabTo(run);
  await page.keyboard.press('Enter');
  const see = page.getByRole('link', { name: /查看新建的客户/ });
  await see.waitFor();
  await tabTo(see);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: '键盘旅程有限公司' }).waitFor();
  await clean(page);
  await page.context().close();
});

const bad = [head, ...Array.from({ length: 12 }, (_, i) => [`样式旅程${i}有限公司`, i % 3 === 0 ? '太空' : '金融', i % 4 === 0 ? '' : '官网', `李${i}`, i % 5 === 0 ? '123' : `1391234${String(1000 + i)}`])];
for (const [name, options, english] of [['light', {}, false], ['dark', { dark: true }, true], ['phone', { phone: true }, false], ['phone-dark', { phone: true, dark: true }, true]]) {
  test(`every step, ${name}${english ? ', English' : ''}: readable, nothing to scroll sideways`, async () => {
    const page = await signedIn(it, 'admin', options);
    await looks(page, { lang: english ? 'en' : 'zh' });
    await page.reload();
    const say = (zh, en) => (english ? en : zh);
    const look = async (at) => {
      await accessible(page, `${name} ${at}`);
      await fits(page, `${name} ${at}`);
      await picture(page, `import-${name}-${at}`);
      // What stands in the file is Chinese; what the page says must not be.
      if (english) assert.doesNotMatch(await page.evaluate(() => {
        const copy = document.querySelector('.import-page').cloneNode(true);
        for (const e of copy.querySelectorAll('.earlier .link-btn, .file-name, .samples, .col-head, caption, .error-rows td, .groups b, [role=tab] > :first-child')) e.remove();
        return copy.innerText;
      }), /[\u4e00-\u9fff]/, `${at} is English`);
    };
    await page.goto(`${it.server.url}/import?entity=customer`);
    await step(page, say('选文件', 'Choose a file'));
    await settled(page);
    await page.getByText(say('可以导入哪些文件？', 'Which files are accepted?')).click();
    await look('1');
    await page.getByLabel(say('要导入的文件', 'File to import')).setInputFiles({ name: '客户.xlsx', mimeType: 'application/octet-stream', buffer: workbook({ 客户: bad }) });
    await step(page, say('对应列', 'Match the columns'));
    await page.getByRole('table').first().waitFor();
    await look('2');
    await page.locator('summary').filter({ hasText: say('更多选项', 'More options') }).click();
    await page.getByLabel(say('新增并更新', 'Create and update')).check();
    await page.getByLabel(say('添加一个字段…', 'Add a field…')).click();
    await page.getByRole('option', { name: say('客户等级', 'level') }).first().click();
    await page.locator('summary').filter({ hasText: say('更多选项', 'More options') }).scrollIntoViewIfNeeded();
    await look('2-options');
    await page.getByRole('button', { name: say('检查数据', 'Check the data') }).click();
    await page.getByRole('heading', { name: say('检查完成', 'Check finished') }).waitFor();
    await page.locator('.error-rows').waitFor();
    await look('3');
    await page.getByRole('button', { name: /太空|不在选项中|not among/ }).first().click();
    await page.locator('.error-card').scrollIntoViewIfNeeded();
    await look('3-errors');
    await clean(page);
    await looks(page, { lang: 'zh' });
    await page.context().close();
  });
}

test('duplicates: chosen group by group, checked again, run; the undo leaves what was changed since', async () => {
  const admin = await it.server.admin();
  const known = await admin.post('/customers', { name: '重复旅程有限公司', industry: 'it', source: 'website', phone: '13911118888' });
  assert.equal(known.status, 201, known.text);
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '重复.csv', '\ufeff客户名称,所属行业,信息来源,电话\n重复旅程有限公司,金融,展会,13911118888\n双胞胎旅程有限公司,金融,展会,13911118889\n双胞胎旅程有限公司,金融,展会,13911118889\n独自旅程有限公司,金融,展会,13911118890\n');
  await step(page, '对应列');
  await page.locator('summary').filter({ hasText: '更多选项' }).click();
  for (const mode of ['仅新增', '新增并更新', '仅更新', '只补空白', '跳过已有']) await page.getByRole('radio', { name: mode }).waitFor();
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('status').filter({ hasText: '共 4 行：将新建 2、重复 2。' }).waitFor();
  const groups = page.getByRole('region', { name: '重复的记录' });
  await groups.getByText('第 3、4 行').waitFor();
  await groups.getByRole('link', { name: '重复旅程有限公司' }).waitFor();
  await groups.getByLabel('客户第 2 行的处理方式').selectOption('更新已有');
  await groups.getByLabel('客户第 3 行的处理方式').selectOption('跳过');
  await accessible(page, 'duplicates');
  await picture(page, 'import-duplicates');
  await groups.getByRole('button', { name: '保存 2 处选择并重新检查' }).click();
  await page.getByRole('status').filter({ hasText: '共 4 行：将新建 2、将更新 1、将跳过 1。' }).waitFor();
  await groups.getByText('第 3、4 行').waitFor();
  await page.getByRole('button', { name: '导入 3 条' }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  const after = (await admin.get(`/customers/${known.json.id}`)).json;
  assert.equal(after.industry, 'finance');
  // Somebody works on one of the new records; the undo leaves it alone and says so.
  const [alone] = (await admin.get(`/customers?filter=${encodeURIComponent(JSON.stringify(['name', '=', '独自旅程有限公司']))}`)).json.data;
  const touched = await admin.patchNow(`/customers/${alone.id}`, { short_name: '独自' });
  assert.equal(touched.status, 200, touched.text);
  await page.getByRole('button', { name: '撤销本次导入' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: '撤销本次导入' }).click();
  await page.getByRole('heading', { name: '已撤销' }).waitFor();
  const left = page.getByRole('region', { name: '没有撤销的记录' });
  await left.getByText('独自旅程有限公司').first().waitFor();
  await accessible(page, 'undone');
  await picture(page, 'import-undone');
  assert.equal((await admin.get(`/customers/${known.json.id}`)).json.industry, 'it', 'the former value is back');
  // The same headers once more: the mapping is remembered.
  await page.getByRole('button', { name: '再导入一个文件' }).click();
  await send(page, '再来.csv', '\ufeff客户名称,所属行业,信息来源,电话\n再来旅程有限公司,金融,展会,13911118899\n');
  await page.getByText('已记住的对应关系').waitFor();
  await clean(page);
  await page.context().close();
});

test('a run is stopped and goes on where it stopped', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  const lines = Array.from({ length: 6000 }, (_, i) => `续传旅程${i}号有限公司,金融,广告,137${String(10000000 + i)}`);
  await send(page, '很多.csv', `\ufeff客户名称,所属行业,信息来源,电话\n${lines.join('\n')}\n`);
  await step(page, '对应列');
  await page.getByRole('button', { name: '检查数据' }).click();
  const run = page.getByRole('button', { name: '导入 6,000 条' });
  await run.waitFor({ timeout: 60_000 });
  // A row a transaction until it is stopped: no machine writes all of them before somebody has pressed the button.
  const admin = await it.server.admin(), file = join(it.server.dir, 'zhike.conf'), was = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const block = async (rows) => {
    writeFileSync(file, `${was}\nimport.block = ${rows}\n`);
    it.server.child.kill('SIGHUP');
    await becomes(async () => Number((await admin.get('/settings')).json.data.find((s) => s.name === 'import.block').value), rows, 'rows a transaction');
  };
  await block(1);
  await run.click();
  await page.getByRole('button', { name: '停止导入' }).click();
  await page.getByRole('heading', { name: '导入已停止' }).waitFor();
  await block(500);
  await picture(page, 'import-stopped');
  await accessible(page, 'stopped');
  await page.getByRole('button', { name: /继续导入剩下的/ }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor({ timeout: 60_000 });
  await page.getByRole('status').filter({ hasText: '共 6,000 行：新建 6,000。' }).waitFor();
  assert.equal((await admin.get(`/customers?count=exact&limit=1&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', '续传旅程']))}`)).json.count.value, 6000);
  await clean(page);
  await page.context().close();
});

test('hundreds of mistakes: grouped over the whole file, a group far down is found', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  const lines = Array.from({ length: 1300 }, (_, i) => `成组旅程${i}号有限公司,${i < 1200 ? '太空' : '金融'},${i < 1200 ? '官网' : '听说'},136${String(10000000 + i)}`);
  await send(page, '很多错.csv', `\ufeff客户名称,所属行业,信息来源,电话\n${lines.join('\n')}\n`);
  await step(page, '对应列');
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('status').filter({ hasText: '共 1,300 行：有错误 1,300。' }).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: /所属行业.*1,200/ }).waitFor();
  await page.getByRole('button', { name: /信息来源.*100/ }).click();
  await page.getByRole('cell', { name: '听说', exact: true }).first().waitFor();
  await many(page.getByRole('cell', { name: '太空', exact: true }), 0);
  await picture(page, 'import-groups');
  await accessible(page, 'groups');
  await many(page.getByRole('button', { name: /^只?导入/ }), 0); // nothing good to import: it says what to do instead
  await page.getByText('没有一行可以导入').waitFor();
  await clean(page);
  await page.context().close();
});

test('the options: keys in groups, a default, what to do with duplicates; all of it is kept with the import', async () => {
  const admin = await it.server.admin();
  const known = await admin.post('/customers', { name: '选项旅程有限公司', industry: 'it', source: 'website', phone: '13911117777', remark: '原来的备注' });
  assert.equal(known.status, 201, known.text);
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '选项.csv', '\ufeff客户名称,信息来源,电话,备注,简称\n选项旅程有限公司,展会,13911117777,新的备注,选项\n选项旅程二有限公司,展会,13911117778,,\n');
  await step(page, '对应列');
  await page.getByText('还没有列对应这些必填字段：所属行业').waitFor();
  await page.locator('summary').filter({ hasText: '更多选项' }).click();
  await page.getByRole('radio', { name: '只补空白' }).check();
  const keys = page.getByRole('combobox', { name: '怎样算同一条记录', exact: true });
  await keys.click();
  await page.getByRole('option', { name: '统一社会信用代码' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '或者…' }).click();
  const second = page.getByRole('combobox', { name: '怎样算同一条记录：第 2 组' });
  await second.click();
  await page.getByRole('option', { name: '客户名称' }).click();
  await second.fill('联系方式');
  await page.getByRole('option', { name: '联系方式' }).first().click();
  await page.keyboard.press('Escape');
  await page.getByLabel('遇到重复时').selectOption('跳过');
  await page.getByLabel('添加一个字段…').click();
  await page.getByRole('option', { name: '所属行业' }).click();
  await page.getByLabel('所属行业', { exact: true }).click();
  await page.getByRole('option', { name: '金融' }).click();
  await page.getByText('还没有列对应这些必填字段').waitFor({ state: 'detached' });
  await page.getByLabel('添加一个字段…').click();
  await page.getByRole('option', { name: '省市区' }).click();
  await page.getByLabel('省市区', { exact: true }).fill('西湖');
  await page.getByRole('option', { name: /西湖区/ }).first().click();
  await picture(page, 'import-options');
  await accessible(page, 'options');
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('status').filter({ hasText: '共 2 行：将新建 1、将更新 1。' }).waitFor();
  const id = new URL(page.url()).searchParams.get('id');
  const [sheet] = (await admin.get(`/imports/${id}`)).json.sheets;
  assert.deepEqual([sheet.mode, sheet.match, sheet.on_duplicate, sheet.defaults], ['fill', [['uscc'], ['name', 'phone']], 'skip', { industry: 'finance', region: sheet.defaults.region }]);
  assert.ok(Number.isInteger(sheet.defaults.region));
  // The page opened anew shows the same plan.
  await page.reload();
  await page.getByRole('button', { name: '回去调整对应关系' }).click();
  await page.getByText('按 统一社会信用代码 或者 客户名称 + 联系方式 查找').click();
  await page.waitForFunction(() => [...document.querySelectorAll('.default-row input')].some((i) => i.value.includes('西湖区')));
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('button', { name: '导入 2 条' }).click();
  await page.getByRole('heading', { name: '导入完成' }).waitFor();
  const after = (await admin.get(`/customers/${known.json.id}`)).json;
  assert.deepEqual([after.remark, after.short_name, after.industry], ['原来的备注', '选项', 'it'], 'only what was blank was written');
  await clean(page);
  await page.context().close();
});

test('an upload on a slow line shows how far it is and can be stopped; what is no table is told', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  const speed = (bytes) => line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  await page.getByLabel('要导入的文件').waitFor({ state: 'attached' });
  await speed(40_000); // no machine is so slow that it would be through before it is stopped
  await send(page, '大.csv', `客户名称\n${'慢速旅程有限公司\n'.repeat(80_000)}`);
  await page.getByText('正在上传 大.csv').waitFor();
  await page.waitForFunction(() => Number(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')) > 0);
  await picture(page, 'import-upload');
  await accessible(page, 'upload');
  await page.getByRole('button', { name: '停止上传' }).click();
  await page.getByRole('button', { name: '选择文件' }).waitFor();
  await many(page.getByRole('alert'), 0, 'stopping is no mistake');
  await speed(-1);
  await send(page, '照片.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
  await picture(page, 'import-refused');
  await clean(page, { refused: [415, 422, 400] });
  await page.context().close();
});

test('left half-way, an import is found again as it was left', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '半路.csv', '\ufeff客户名称,所属行业,信息来源,电话,说法\n半路旅程有限公司,金融,展会,13911116666,甲\n');
  await step(page, '对应列');
  await page.getByLabel('“说法”对应的字段').click();
  await page.getByRole('option', { name: '备注' }).first().click();
  // on a slow line what is kept on leaving arrives behind the coming back
  await page.route(/\/api\/v1\/imports\/\d+$/, async (route) => { if (route.request().method() === 'PATCH') await sleep(1500); await route.fallback(); });
  await page.getByRole('link', { name: '任务', exact: true }).click();
  await page.waitForURL(/\/e\/tasks/);
  await page.getByRole('link', { name: '导入', exact: true }).first().click();
  await page.getByRole('region', { name: '我的导入记录' }).getByRole('button', { name: '半路.csv' }).click();
  await step(page, '对应列');
  await holds(page.getByLabel('“说法”对应的字段'), '备注');
  await page.goBack();
  await step(page, '选文件');
  await page.goForward();
  await step(page, '对应列');
  await clean(page);
  await page.context().close();
});

test('a record of somebody else is told as a duplicate and not shown; a large export asks for the password', async () => {
  const admin = await it.server.admin();
  const foreign = await admin.post('/customers', { name: '别人的旅程有限公司', industry: 'it', source: 'website', phone: '13911115555' });
  assert.equal(foreign.status, 201, foreign.text);
  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/import?entity=customer`);
  await send(page, '销售名单.csv', '\ufeff客户名称,所属行业,信息来源,电话\n别人的旅程有限公司,金融,展会,13911115555\n自己的旅程有限公司,金融,展会,13911115556\n');
  await step(page, '对应列');
  await page.getByRole('button', { name: '检查数据' }).click();
  const groups = page.getByRole('region', { name: '重复的记录' });
  await groups.getByText('系统中已有相同的记录，但您无权查看').waitFor();
  await many(groups.getByRole('link'), 0);
  await becomes(() => groups.getByLabel('客户第 2 行的处理方式').locator('option').allInnerTexts(), ['未选择', '跳过', '仍然新建']);
  await accessible(page, 'foreign duplicate');
  await clean(page);
  await page.context().close();

  // 260 rows: more than may leave without a second look at who asks.
  const manager = await signedIn(it);
  await manager.goto(`${it.server.url}/import?entity=customer`);
  const lines = Array.from({ length: 260 }, (_, i) => `导出旅程${i}号有限公司,金融,广告,135${String(10000000 + i)}`);
  await send(manager, '导出.csv', `\ufeff客户名称,所属行业,信息来源,电话\n${lines.join('\n')}\n`);
  await step(manager, '对应列');
  await manager.getByRole('button', { name: '检查数据' }).click();
  await manager.getByRole('button', { name: '导入 260 条' }).click();
  await manager.getByRole('link', { name: /查看新建的客户/ }).click();
  await manager.getByRole('grid').locator('tbody tr').first().waitFor();
  await manager.getByRole('button', { name: '导出', exact: true }).click();
  const dialog = manager.getByRole('dialog', { name: '导出客户' });
  await dialog.getByText('符合当前筛选条件的记录，共 260 条').waitFor();
  await dialog.getByRole('button', { name: '导出', exact: true }).click();
  const proof = manager.getByRole('dialog', { name: '安全验证' });
  await proof.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  const [download] = await Promise.all([manager.waitForEvent('download'), proof.getByRole('button', { name: '确认' }).click()]);
  const book = readWorkbook(await readFile(await download.path()));
  assert.equal(book.sheets[book.names[0].name].length, 261);
  await dialog.getByText('导出完成').waitFor();
  await picture(manager, 'export-done');
  await accessible(manager, 'export done');
  await clean(manager, { refused: [403] });
  await manager.context().close();
});

test('a list without headers, a template with contacts: chosen on the page', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/import?entity=customer`);
  await step(page, '选文件');
  await page.getByRole('group', { name: '同时包含' }).getByLabel('联系人').check();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: '下载客户导入模板' }).click()]);
  const template = readWorkbook(await readFile(await download.path()));
  assert.deepEqual(template.names.filter((n) => !n.hidden).map((n) => n.name), ['客户', '联系人', '填写说明']);
  await send(page, '无表头.csv', '无头旅程甲有限公司,金融,广告,13911550001\n无头旅程乙有限公司,制造业,官网,13911550002\n');
  await step(page, '对应列');
  await page.getByRole('radio', { name: '没有表头' }).check();
  await page.getByText('2 行', { exact: true }).first().waitFor();
  const table = page.getByRole('table', { name: /的列对应关系/ });
  for (const [column, field] of [['A', '客户名称'], ['B', '所属行业'], ['C', '信息来源'], ['D', '联系方式']]) {
    await table.getByRole('combobox', { name: new RegExp(`“?${column}”?`) }).first().fill(field);
    await page.getByRole('option', { name: field }).first().click();
  }
  await accessible(page, 'headless');
  await picture(page, 'import-headless-zh');
  await page.getByRole('button', { name: '检查数据' }).click();
  await page.getByRole('status').filter({ hasText: '共 2 行：将新建 2' }).waitFor();
  await clean(page);
});
