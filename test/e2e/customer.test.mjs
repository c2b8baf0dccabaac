// The daily work: sign in, find, filter, change in place, create, look at one, write down a talk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPage } from '../lib/browser.mjs';
import { makeCompany } from '../lib/index.mjs';
import { accessible, becomes, choose, clean, customer, focused, holds, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();

test('sign-in: a wrong password is told, the right one leads to where one wanted to go', async () => {
  const page = await newPage(it.browser);
  await page.goto(`${it.server.url}/e/customers?sort=name`);
  await page.waitForURL(/\/login\?next=/);
  await accessible(page, 'login');
  await clean(page);
  await page.getByLabel('登录名').fill('admin');
  await page.getByLabel('密码', { exact: true }).fill('wrong-wrong-wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: /\S/ }).first().waitFor();
  await page.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/e\/customers\?sort=name$/);
  await clean(page, { refused: [401] });
  await page.context().close();
});

test('list: filter, search, order stand in the address and survive a reload', async () => {
  const admin = await it.server.admin();
  await customer(admin, { name: '甲筛选客户有限公司', level: 'key' });
  await customer(admin, { name: '乙筛选客户有限公司', level: 'normal' });
  const page = await signedIn(it);
  await page.getByRole('link', { name: '客户', exact: true }).click();
  const rows = page.getByRole('grid').locator('tbody tr');
  await page.getByRole('link', { name: '甲筛选客户有限公司' }).waitFor();
  await page.getByRole('button', { name: '客户等级' }).first().click();
  await page.getByRole('checkbox', { name: '重要' }).check();
  await page.getByRole('link', { name: '乙筛选客户有限公司' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await becomes(() => decodeURIComponent(page.url()), /"level","in",\["key"\]/);
  await page.reload();
  await page.getByRole('link', { name: '甲筛选客户有限公司' }).waitFor();
  await many(page.getByRole('link', { name: '乙筛选客户有限公司' }), 0);
  await page.getByRole('button', { name: '清除筛选' }).click();
  await page.getByLabel('在客户中搜索').fill('乙筛选');
  await page.getByRole('link', { name: '甲筛选客户有限公司' }).waitFor({ state: 'detached' });
  await many(rows, 1);
  // Of what is cleared at once nothing stays: neither words nor conditions.
  await page.getByRole('button', { name: '客户等级' }).first().click();
  await page.getByRole('checkbox', { name: '一般' }).check();
  await becomes(() => decodeURIComponent(page.url()), /q=乙筛选.*"level"|"level".*q=乙筛选/);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '清除筛选' }).click();
  await becomes(() => new URL(page.url()).search, '');
  await page.getByRole('link', { name: '甲筛选客户有限公司' }).waitFor();
  await page.getByRole('button', { name: '更多筛选' }).click();
  await choose(page, page, '字段', /^客户名称$/);
  await page.getByLabel('关系', { exact: true }).selectOption('contains');
  await page.getByRole('group', { name: '条件 1' }).getByLabel('客户名称').fill('甲筛选');
  await page.getByRole('button', { name: '应用' }).click();
  await page.getByRole('link', { name: '乙筛选客户有限公司' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: '甲筛选客户有限公司' }).waitFor();
  await picture(page, 'list');
  await clean(page);
  await page.context().close();
});

test('a cell is changed where it stands; somebody else having been faster is settled field by field', async () => {
  const admin = await it.server.admin();
  const one = await customer(admin, { name: '就地修改有限公司', level: 'normal' });
  // Without the stream: the change of the other would be in the cell before this one is begun.
  const page = await signedIn(it, 'admin', { live: false });
  await page.goto(`${it.server.url}/e/customers?q=${encodeURIComponent('就地修改')}`);
  const row = page.getByRole('row').filter({ hasText: '就地修改有限公司' });
  await row.getByText('一般', { exact: true }).dblclick();
  await page.getByRole('option', { name: '重要' }).click();
  await row.getByText('重要', { exact: true }).waitFor();
  await becomes(async () => (await admin.get(`/customers/${one.id}`)).json.level, 'key');
  await settled(page); // the page has the answer, too, and its version
  const other = await admin.patchNow(`/customers/${one.id}`, { level: 'potential' });
  assert.equal(other.status, 200, other.text);
  await row.getByText('重要', { exact: true }).dblclick();
  await page.getByRole('option', { name: '一般' }).click();
  const dialog = page.getByRole('alertdialog', { name: '内容已被他人修改' });
  await dialog.getByText('潜在').waitFor();
  await dialog.getByRole('button', { name: '按所选保存' }).click();
  await row.getByText('一般', { exact: true }).waitFor();
  await becomes(async () => (await admin.get(`/customers/${one.id}`)).json.level, 'normal');
  await clean(page, { refused: [412] });
  await page.context().close();
});

test('new customer: a duplicate is hinted at, mistakes stand at their fields, then it is there', async () => {
  const admin = await it.server.admin();
  await customer(admin, { name: '杭州云帆信息技术有限公司', phone: '13912345678' });
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers`);
  await page.getByRole('link', { name: '新建客户' }).first().click();
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.getByRole('button', { name: '全部字段' }).click();
  await form.getByLabel('联系方式', { exact: true }).fill('13912345678');
  await form.getByText('可能已存在').waitFor();
  await form.getByRole('link', { name: '杭州云帆信息技术有限公司' }).waitFor();
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await form.getByText('请填写此项').first().waitFor();
  await becomes(() => form.getByText('请填写此项').count(), (n) => n >= 3, 'all mistakes at once');
  await focused(form.getByLabel('客户名称', { exact: true }), 'the first one has the focus');
  await form.getByLabel('客户名称', { exact: true }).fill('上海新建旅程有限公司');
  await choose(page, form, '所属行业', '制造业');
  await choose(page, form, '信息来源', '展会');
  await form.getByLabel('姓名', { exact: true }).fill('王芳');
  await form.getByLabel('联系方式', { exact: true }).fill('没有电话');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await form.locator('[data-field=phone] .err').waitFor();
  await form.getByLabel('联系方式', { exact: true }).fill('021-62345678');
  await form.getByLabel('年营业额', { exact: true }).fill('1.2万');
  await form.getByText('¥12,000.00').waitFor();
  await form.getByLabel('省市区', { exact: true }).click();
  await page.getByRole('option', { name: '浙江省' }).click();
  await page.getByRole('option', { name: '杭州市' }).click();
  await page.getByRole('option', { name: '西湖区' }).click();
  await accessible(page, 'form');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await page.getByRole('heading', { level: 1, name: '上海新建旅程有限公司' }).waitFor();
  const id = page.url().split('/').pop();
  const saved = (await admin.get(`/customers/${id}`)).json;
  assert.equal(saved.annual_revenue, '12000.00');
  assert.equal(saved.region.id, 330106);
  await settled(page);
  await picture(page, 'detail');
  await clean(page, { refused: [422] });
  await page.context().close();
});

test('detail: a talk is written down and stands in the timeline; children, history, transfer', async () => {
  const admin = await it.server.admin();
  const one = await customer(admin, { name: '详情旅程有限公司' });
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers/${one.id}`);
  await page.getByPlaceholder(/写一条跟进/).click();
  await page.getByLabel('沟通内容').fill('电话沟通了演示时间，客户希望下周三下午到公司。');
  await page.getByLabel('客户需求').fill('需要与现有系统对接。');
  await page.getByLabel('下一步计划').fill('准备演示环境。');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('listitem').filter({ hasText: '电话沟通了演示时间' }).first().waitFor();
  await page.getByRole('tab', { name: '联系人' }).click();
  await page.getByRole('button', { name: '新建联系人' }).click();
  const form = page.getByRole('dialog', { name: '新建联系人' });
  await form.getByLabel('姓名', { exact: true }).fill('赵静');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('link', { name: '赵静' }).first().waitFor();
  await page.getByRole('button', { name: '修改简称' }).click();
  await page.getByRole('textbox', { name: '简称' }).fill('详旅');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: '修改记录' }).click();
  await page.getByRole('tabpanel').getByText('详旅').waitFor();
  await becomes(async () => (await admin.get(`/customers/${one.id}`)).json.short_name, '详旅');
  // what was read before the upload, and comes behind it, is not what is there
  let release, first = true;
  const held = new Promise((done) => { release = done; });
  await page.route('**/customers/*/attachments', async (route) => {
    if (route.request().method() !== 'GET' || !first) return route.fallback();
    first = false;
    const answer = await route.fetch();
    await held;
    return route.fulfill({ response: answer });
  });
  const asked = page.waitForRequest('**/customers/*/attachments');
  await page.getByRole('tab', { name: '附件' }).click();
  await asked;
  await page.getByLabel('选择文件').setInputFiles({ name: '说明.txt', mimeType: 'text/plain', buffer: Buffer.from('你好') });
  await page.getByRole('link', { name: '说明.txt' }).waitFor();
  release();
  await accessible(page, 'detail');
  await page.getByRole('button', { name: '删除附件 说明.txt' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: '删除' }).click();
  await page.getByText('还没有附件').waitFor();
  await becomes(async () => (await admin.get(`/customers/${one.id}/attachments`)).json.data, []);
  await clean(page);
  await page.context().close();
});

test('a share is ended where there is one', async () => {
  const admin = await it.server.admin();
  const one = await customer(admin, { name: '共享旅程有限公司' });
  const { rep } = await makeCompany(it.server, { only: ['rep'] });
  const page = await signedIn(it);
  const offered = async () => {
    await page.goto(`${it.server.url}/e/customers/${one.id}`);
    await page.getByRole('heading', { level: 1, name: '共享旅程有限公司' }).waitFor();
    await settled(page);
    await page.locator('.detail-head').getByRole('button', { name: '更多' }).click();
    await page.getByRole('menuitem', { name: '复制链接' }).waitFor();
    const n = await page.getByRole('menuitem', { name: '取消共享' }).count();
    await page.keyboard.press('Escape');
    return n;
  };
  assert.equal(await offered(), 0, 'nothing is shared');
  assert.equal((await admin.post(`/customers/${one.id}/actions/share`, { with: rep.user.id, right: 'read' })).status, 200);
  assert.equal(await offered(), 1);
  await picture(page, 'detail-shared');
  assert.equal((await admin.post(`/customers/${one.id}/actions/unshare`, { with: rep.user.id })).status, 200);
  assert.equal(await offered(), 0, 'nothing is shared any more');
  await clean(page);
  await page.context().close();
});

test('deleted goes to the recycle bin and comes back', async () => {
  const admin = await it.server.admin();
  const one = await customer(admin, { name: '回收站旅程有限公司' });
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers/${one.id}`);
  await page.getByRole('banner').last().waitFor();
  await page.locator('.detail-head').getByRole('button', { name: '更多' }).click();
  await page.getByRole('menuitem', { name: '删除' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: '删除' }).click();
  await page.waitForURL(/\/e\/customers$/);
  await settled(page);
  await page.getByRole('button', { name: '回收站' }).click();
  await page.getByRole('button', { name: '回收站旅程有限公司 的更多操作' }).click();
  await page.getByRole('menuitem', { name: '恢复' }).click();
  await page.getByText('已恢复 1 条').waitFor();
  assert.equal((await admin.get(`/customers/${one.id}`)).status, 200);
  await clean(page);
  await page.context().close();
});

test('an unsaved form is kept as a draft and offered again', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers/new`);
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.getByLabel('客户名称', { exact: true }).fill('草稿旅程有限公司');
  await page.waitForFunction(() => Object.entries(localStorage).some(([k, v]) => k.includes('draft.customer') && v.includes('草稿旅程有限公司')));
  await page.keyboard.press('Escape');
  await page.getByRole('alertdialog').getByRole('button', { name: '离开' }).click();
  await page.waitForURL(/\/e\/customers$/);
  await page.getByRole('link', { name: '新建客户' }).first().click();
  await form.getByRole('button', { name: '恢复草稿' }).click();
  await holds(form.getByLabel('客户名称', { exact: true }), '草稿旅程有限公司');
  await clean(page);
  await page.context().close();
});

test('the session ends while a form is open: sign in over it, nothing typed is lost', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers/new`);
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.getByLabel('客户名称', { exact: true }).fill('会话旅程有限公司');
  await choose(page, form, '所属行业', '金融');
  await choose(page, form, '信息来源', '官网');
  await form.getByLabel('姓名', { exact: true }).fill('李明');
  await form.getByLabel('联系方式', { exact: true }).fill('010-62345678');
  await settled(page); // the look for duplicates while typing, too: it would ask for the sign-in before the save does
  await page.context().clearCookies();
  await form.getByRole('button', { name: '保存', exact: true }).click();
  const again = page.getByRole('dialog', { name: '请重新登录' });
  await again.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  await again.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await page.getByRole('heading', { level: 1, name: '会话旅程有限公司' }).waitFor();
  await clean(page, { refused: [401, 422] });
  await page.context().close();
});

test('by keyboard only: search, a new customer, the list', async () => {
  const page = await signedIn(it);
  const k = page.keyboard;
  await k.press('g'); await k.press('c');
  await page.waitForURL(/\/e\/customers/);
  await page.getByRole('grid').waitFor();
  await k.press('n');
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT' && document.activeElement.closest('.layer'));
  await k.type('键盘旅程有限公司');
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.closest('[data-field=industry]'))); i++) await k.press('Tab');
  await k.press('ArrowDown'); await k.press('ArrowDown'); await k.press('Enter');
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.closest('[data-field=source]'))); i++) await k.press('Tab');
  await k.press('ArrowDown'); await k.press('Enter');
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.closest('[data-field="primary_contact.name"]'))); i++) await k.press('Tab');
  await k.type('周键');
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.closest('[data-field=phone]'))); i++) await k.press('Tab');
  await k.type('0571-88990011');
  await k.press('Control+Enter');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await page.getByRole('heading', { level: 1, name: '键盘旅程有限公司' }).waitFor();
  await k.press('Control+k');
  await focused(page.getByRole('combobox', { name: /搜索/ }));
  await k.type('键盘旅程');
  await page.getByRole('option', { name: /键盘旅程/ }).first().waitFor();
  await k.press('Enter');
  await page.getByRole('option').first().waitFor({ state: 'detached' }); // the palette is shut and has let the focus go
  await page.getByRole('heading', { level: 1, name: '键盘旅程有限公司' }).waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await k.press('g'); await k.press('c');
  await page.waitForURL(/\/e\/customers$/);
  await page.getByRole('link', { name: '键盘旅程有限公司' }).waitFor();
  await k.press('j');
  await page.waitForFunction(() => document.activeElement?.tagName === 'TD');
  await k.press('Enter');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await k.press('?');
  await page.getByRole('dialog', { name: '键盘快捷键' }).waitFor();
  await k.press('Escape');
  await clean(page);
  await page.context().close();
});
