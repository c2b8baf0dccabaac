// What administrators do: fields, settings, dictionary, audit, roles, users, export.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { accessible, becomes, boxOf, choose, clean, customer, focused, holds, many, picture, saved, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();

test('a custom field is in the form, the list, the filter at once; retired, it is gone', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/fields`);
  await page.getByRole('button', { name: '新增字段' }).first().click();
  const form = page.getByRole('dialog', { name: '新增字段' });
  await form.getByLabel('中文名', { exact: true }).fill('停车位');
  await form.getByLabel('英文名', { exact: true }).fill('Parking lot');
  await holds(form.getByLabel('字段名', { exact: true }), 'parking_lot');
  await form.getByLabel('类型', { exact: true }).selectOption('option');
  await form.getByLabel('中文名 1').fill('地上');
  await form.getByLabel('中文名 2').fill('地下');
  await form.getByRole('region', { name: '预览' }).getByLabel('停车位').click();
  await page.getByRole('option', { name: '地下' }).click();
  await accessible(page, 'field editor');
  await picture(page, 'field-editor');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('cell', { name: 'parking_lot' }).waitFor();
  await page.goto(`${it.server.url}/e/customers/new`);
  const customerForm = page.getByRole('dialog', { name: '新建客户' });
  await customerForm.getByRole('button', { name: '全部字段' }).click();
  await choose(page, customerForm, '停车位', '地上');
  await customerForm.getByLabel('客户名称', { exact: true }).fill('停车旅程有限公司');
  await choose(page, customerForm, '所属行业', '制造业');
  await choose(page, customerForm, '信息来源', '官网');
  await customerForm.getByLabel('姓名', { exact: true }).fill('王停');
  await customerForm.getByLabel('联系方式', { exact: true }).fill('0571-88990022');
  await customerForm.getByRole('button', { name: '保存', exact: true }).click();
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await page.getByText('地上').first().waitFor();
  await page.goto(`${it.server.url}/e/customers?filter=${encodeURIComponent('["parking_lot","=","o1"]')}`);
  await page.getByRole('link', { name: '停车旅程有限公司' }).waitFor();
  await page.goto(`${it.server.url}/admin/fields`);
  await page.getByRole('row').filter({ hasText: 'parking_lot' }).getByRole('button', { name: '停用' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: '停用' }).click();
  await page.getByRole('button', { name: '重新启用' }).waitFor();
  await page.goto(`${it.server.url}/e/customers/new`);
  await page.getByRole('dialog', { name: '新建客户' }).getByRole('button', { name: '全部字段' }).click();
  await page.getByRole('dialog', { name: '新建客户' }).getByLabel('年营业额', { exact: true }).waitFor(); // the whole form
  await many(page.getByLabel('停车位', { exact: true }), 0);
  await clean(page);
  await page.context().close();
});

test('who keeps the system, and sees no customer, adds a field to them', async () => {
  const page = await signedIn(it, 'sysadmin');
  await page.goto(`${it.server.url}/admin/fields`);
  await becomes(() => page.getByLabel('对象').evaluate((e) => e.selectedOptions[0]?.textContent), '客户', 'what is chosen has its name');
  await page.getByRole('region', { name: '内置字段' }).getByRole('cell', { name: '所属行业' }).waitFor();
  await page.getByLabel('对象').selectOption({ label: '联系人' });
  await page.getByRole('region', { name: '内置字段' }).getByRole('cell', { name: '决策角色' }).waitFor();
  await page.getByRole('button', { name: '新增字段' }).first().click();
  const form = page.getByRole('dialog', { name: '新增字段' });
  await form.getByLabel('中文名', { exact: true }).fill('车牌号');
  await holds(form.getByLabel('字段名', { exact: true }), 'field_1', 'a code nobody has to think of');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('cell', { name: '车牌号' }).waitFor();
  await clean(page);
  await page.context().close();
});

test('who keeps roles, and sees no customer, reads them by their names', async () => {
  const page = await signedIn(it, 'secadmin');
  await page.goto(`${it.server.url}/admin/roles`);
  await page.getByRole('row').filter({ hasText: /^跟进记录/ }).first().waitFor();
  await many(page.getByRole('row').filter({ hasText: /^follow_up/ }), 0);
  await clean(page);
  await page.context().close();
});

test('settings are changed, and a start setting is only shown', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/settings`);
  const name = page.locator('[id="set-company.name"]');
  await name.fill('旅程科技有限公司');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('已保存').waitFor();
  const admin = await it.server.admin();
  const settings = (await admin.get('/settings')).json.data;
  assert.equal(settings.find((s) => s.name === 'company.name').value, '旅程科技有限公司');
  assert.equal(await page.locator('[id="set-http.listen"]').isDisabled(), true);
  // by a jump to the topic; the words of how people are told are boxes
  await page.getByRole('navigation', { name: '跳到主题' }).getByRole('button', { name: '通知方式' }).click();
  await focused(page.getByRole('heading', { name: '通知方式' }));
  await becomes(async () => (await boxOf(page, page.getByRole('heading', { name: '通知方式' }))).y, (y) => y >= 0 && y < 800, 'in sight');
  await page.getByRole('table', { name: /没有自行设置|未自行设置/ }).getByLabel('任务提醒 · 邮件').check();
  await accessible(page, 'settings');
  await picture(page, 'settings-tell');
  await saved(page, 'settings', () => page.getByRole('button', { name: '保存', exact: true }).click());
  assert.match(String((await admin.get('/settings')).json.data.find((s) => s.name === 'notify.defaults').value), /^\[?"?task_due\.mail"?\]?$/);
  await clean(page);
  await page.context().close();
});

test('the data dictionary names every field with its definition', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/dictionary`);
  const table = page.getByRole('region', { name: '客户', exact: true });
  await table.getByRole('cell', { name: '营业执照上的全称；个人客户填姓名' }).waitFor();
  await page.getByLabel('查找字段').fill('信用代码');
  await page.getByRole('cell', { name: 'uscc' }).waitFor();
  await picture(page, 'dictionary');
  await clean(page);
  await page.context().close();
});

test('the audit log is listed and verified; it cannot be changed', async () => {
  await customer(await it.server.admin());
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/audit`);
  await page.getByRole('grid').locator('tbody tr').first().waitFor();
  await page.getByRole('button', { name: '校验完整性' }).click();
  await page.getByText(/校验通过/).waitFor();
  await many(page.getByRole('link', { name: '新建操作日志' }), 0);
  await picture(page, 'audit');
  await clean(page);
  await page.context().close();
});

test('changing a role asks for the password first', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/roles`);
  await page.getByRole('button', { name: /市场专员/ }).click();
  await page.getByRole('checkbox', { name: '客户 导出' }).click();
  await page.getByRole('button', { name: '保存', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: '安全验证' });
  await dialog.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  await dialog.getByRole('button', { name: '确认' }).click();
  await page.getByText('已保存').waitFor();
  await clean(page, { refused: [403] });
  await page.context().close();
});

test('a new colleague gets an account', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/users`);
  await page.getByRole('link', { name: '新建用户' }).first().click();
  const form = page.getByRole('dialog', { name: '新建用户' });
  await form.getByLabel('账号', { exact: true }).fill('newbie');
  await form.getByLabel('姓名', { exact: true }).fill('新同事');
  await form.getByLabel('密码', { exact: true }).fill('Long-enough-2026!');
  await choose(page, form, '角色', '销售专员');
  await page.keyboard.press('Escape');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  const step = page.getByRole('dialog', { name: '安全验证' });
  await step.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  await step.getByRole('button', { name: '确认' }).click();
  await page.getByText('新同事').first().waitFor();
  await it.server.login('newbie', 'Long-enough-2026!');
  await clean(page, { refused: [403] });
  await page.context().close();
});

test('a list is exported and downloaded', async () => {
  await customer(await it.server.admin());
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers`);
  await page.getByRole('grid').locator('tbody tr').first().waitFor();
  await page.getByRole('button', { name: '导出' }).click();
  const dialog = page.getByRole('dialog', { name: '导出客户' });
  await dialog.getByRole('status').filter({ hasText: /全部记录，共 \d+ 条/ }).waitFor();
  await dialog.getByLabel('CSV').check();
  await dialog.getByLabel('查找列').fill('年营业额');
  await dialog.getByRole('checkbox', { name: '年营业额' }).check();
  await accessible(page, 'export dialog');
  await picture(page, 'export');
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: '导出', exact: true }).click()]);
  assert.match(download.suggestedFilename(), /\.csv$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text.split('\r\n')[0], /客户名称.*年营业额/);
  await dialog.getByRole('link', { name: '再次下载' }).waitFor();
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await settled(page);
  await clean(page);
  await page.context().close();
});

test('the own password is changed', async () => {
  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/me`);
  await page.getByLabel('当前密码').fill('not-the-password');
  await page.getByLabel('新密码', { exact: true }).fill('Another-Long-2026');
  await page.getByLabel('再次输入新密码').fill('Another-Long-2026');
  await page.getByRole('button', { name: '修改密码' }).click();
  await page.locator('#pw-old-err').filter({ hasText: /\S/ }).waitFor();
  await clean(page, { refused: [422, 401, 403] });
  await page.context().close();
});

test('a page that is not for him says so, and offers no second try', async () => {
  const page = await signedIn(it, 'rep');
  for (const [path, title] of [['/admin/settings', '系统设置'], ['/admin/audit', '操作日志']]) {
    await page.goto(it.server.url + path);
    await page.getByText(`您没有使用“${title}”的权限`).waitFor();
    await many(page.getByRole('button', { name: '重试' }), 0);
  }
  await accessible(page, 'closed');
  await picture(page, 'closed');
  await clean(page); // nothing was asked for
  await page.context().close();
});
