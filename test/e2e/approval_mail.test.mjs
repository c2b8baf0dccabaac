// Protection switched on with one click, a request answered from the mail without signing in, many deletions filed from their
// result, and a leave set by the person himself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPage } from '../lib/browser.mjs';
import { passwordOf } from '../lib/company.mjs';
import { until } from '../lib/index.mjs';
import { address, mailTo, smtp } from '../lib/mailbox.mjs';
import { make } from '../lib/records.mjs';
import { accessible, becomes, choose, clean, customer, fits, looks, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage({ env: { ZHIKE_OUTBOUND_PRIVATE: smtp, ZHIKE_HTTP_BASE_URL: 'http://127.0.0.1' } });
const to = address('journey');
const again = async (page, password) => {
  const dialog = page.getByRole('dialog', { name: /验证/ }).or(page.getByRole('alertdialog'));
  await dialog.getByLabel('密码', { exact: true }).fill(password);
  await dialog.getByRole('button', { name: /确认|验证|继续/ }).click();
};

test('an administrator switches flows on with one click, and writes one', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/admin/flows`);
  const offer = page.getByRole('listitem', { name: '成交客户：删除和关键信息修改' });
  await offer.waitFor();
  await settled(page);
  await accessible(page, 'no flows yet');
  await picture(page, 'flows-none');
  await offer.getByRole('button', { name: '启用', exact: true }).click();
  await again(page, it.server.adminPassword);
  await page.getByRole('switch', { name: /成交客户：删除/ }).waitFor();
  await page.getByRole('listitem', { name: '批量删除客户' }).getByRole('button', { name: '启用', exact: true }).click();
  await page.getByRole('switch', { name: /批量删除客户/ }).waitFor();
  await settled(page);
  await accessible(page, 'flows');
  await picture(page, 'flows');
  await page.getByRole('button', { name: /新建审批流程/ }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('名称').fill('重点客户转移');
  await form.getByLabel('删除', { exact: true }).uncheck();
  await form.getByLabel(/^转移/).check();
  await form.getByRole('button', { name: /增加一步/ }).click();
  await form.getByLabel('第 2 步由谁审批').selectOption({ label: '申请人的直属上级' });
  await form.getByLabel('期限').first().selectOption({ label: '工作日' });
  await settled(page);
  await accessible(page, 'flow editor');
  await picture(page, 'flow-editor');
  await form.getByRole('button', { name: '保存并启用' }).click();
  await form.waitFor({ state: 'detached' });
  const own = page.getByRole('listitem').filter({ hasText: '重点客户转移' });
  await own.getByText(/申请人的部门负责人（2 个工作日内） → 申请人的直属上级/).waitFor();
  await own.getByRole('switch').click();
  await until(async () => !(await own.getByRole('switch').isChecked()), 10_000, 'switched off');
  await clean(page, { refused: [403] });
  await page.context().close();
});

test('a request is answered from the mail, on a phone, without signing in', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  await make(admin, 'channels', { name: '邮件', kind: 'mail', url: `smtp://${smtp}`, sender: '知客 <crm@example.com>' });
  const manager = await it.server.login('manager', passwordOf('manager'));
  const east = (await admin.get('/departments?limit=50')).json.data.find((d) => d.name === '华东组');
  assert.equal((await admin.patchNow(`/departments/${east.id}`, { manager: manager.user.id })).status, 200);
  assert.equal((await admin.patchNow(`/users/${manager.user.id}`, { email: to })).status, 200);
  assert.equal((await manager.patch('/me/notify', { kinds: { approval: ['mail'] } })).status, 200);
  const rep = await it.server.login('rep', passwordOf('rep'));
  const one = await customer(rep, { lifecycle: 'active' });

  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/e/customers/${one.id}`);
  await page.getByRole('button', { name: '编辑', exact: true }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('客户名称', { exact: true }).fill('邮件改名有限公司');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  const ask = page.getByRole('dialog', { name: '提交《数据变更申请》' });
  await ask.getByLabel(/说明理由/).fill('营业执照已变更，附件见客户资料');
  await ask.getByRole('button', { name: '提交《数据变更申请》' }).click();
  await page.getByText('申请已提交').first().waitFor();
  await page.context().close();

  const mail = await mailTo(to);
  const path = /http:\/\/127\.0\.0\.1(\/approve#[\w.-]+)/.exec(mail.text)?.[1];
  assert.ok(path, mail.text);
  // opened where somebody else is signed in: it speaks for its person all the same, and says so
  const colleague = await signedIn(it, 'rep2');
  await colleague.goto(`${it.server.url}${path}`);
  await colleague.getByText('这个浏览器登录的是 陈销售，而这封邮件发给 郑经理').waitFor();
  await settled(colleague);
  await accessible(colleague, 'link of somebody else');
  await picture(colleague, 'approve-other');
  const phone = await newPage(it.browser, { phone: true });
  await phone.goto(`${it.server.url}${path}`);
  await phone.getByText('邮件改名有限公司').waitFor();
  await phone.getByText(/您正在以 郑经理 的身份审批/).waitFor();
  await becomes(() => phone.url().includes('#'), false, 'the token left the address');
  await settled(phone);
  await accessible(phone, 'answer by mail');
  await fits(phone, 'answer by mail');
  await picture(phone, 'approve-phone');
  await phone.getByRole('button', { name: /^拒绝/ }).click();
  await phone.getByLabel('拒绝的理由').waitFor();
  await accessible(phone, 'refuse by mail');
  await picture(phone, 'approve-refuse-phone');
  await phone.getByRole('button', { name: '取消' }).click();
  await phone.getByRole('button', { name: '同意', exact: true }).click();
  await phone.getByText('已同意').waitFor();
  await settled(phone);
  await picture(phone, 'approve-done-phone');
  await clean(phone, { refused: [401] });
  await phone.context().close();
  // carried out by an administrator, as the flow says
  assert.equal((await rep.get(`/customers/${one.id}`)).json.name, one.name);
  const desk = await newPage(it.browser);
  await desk.goto(`${it.server.url}${path}`);
  await desk.getByText(/已经处理/).waitFor();
  await accessible(desk, 'answered');
  await picture(desk, 'approve-over');
  await desk.getByRole('button', { name: '登录后查看' }).waitFor();
  await clean(desk, { refused: [401, 404] });
  await desk.context().close();
  // the one who had it open meanwhile answers too late
  await colleague.getByRole('button', { name: '同意', exact: true }).click();
  await colleague.getByText(/已经处理.*登录后可以在“审批”中查看结果/).waitFor();
  await colleague.getByRole('button', { name: '以 陈销售 的身份打开审批' }).waitFor();
  await picture(colleague, 'approve-too-late');
  // who has no account open sees it as this browser was left
  await colleague.evaluate(() => localStorage.setItem('zk.prefs', JSON.stringify({ lang: 'en', theme: 'dark' })));
  await colleague.setViewportSize({ width: 390, height: 844 });
  await colleague.goto(`${it.server.url}/approve#1.1.1.${'A'.repeat(43)}`);
  await colleague.getByText(/sign in and answer under Approvals/).waitFor();
  await accessible(colleague, 'wrong link, English, dark, narrow');
  await fits(colleague, 'wrong link');
  await picture(colleague, 'approve-wrong-en-dark-390');
  await clean(colleague, { refused: [404, 409] });
  await colleague.context().close();

  const boss = await signedIn(it, 'sysadmin');
  await boss.goto(`${it.server.url}/approvals`);
  await boss.getByRole('button', { name: /修改客户/ }).click();
  await boss.getByRole('button', { name: '执行', exact: true }).click();
  await again(boss, passwordOf('sysadmin'));
  await boss.getByText('已提交意见').waitFor();
  await until(async () => (await rep.get(`/customers/${one.id}`)).json.name === '邮件改名有限公司', 10_000, 'the change');
  await clean(boss, { refused: [403] });
  await boss.context().close();
});

test('what a bulk deletion leaves is filed from its result', async () => {
  const api = await it.server.login('boss', passwordOf('boss'));
  const names = ['批量甲', '批量乙'].map((n) => `${n}${Date.now()}有限公司`);
  for (const name of names) await customer(api, { name });
  const page = await signedIn(it, 'boss');
  await page.goto(`${it.server.url}/e/customers?q=${encodeURIComponent('批量')}`);
  for (const name of names) await page.getByRole('row').filter({ hasText: name }).getByRole('checkbox').check();
  await page.getByRole('region', { name: /批量|已选/ }).getByRole('button', { name: '删除' }).click();
  const dialog = page.getByRole('dialog').first();
  await dialog.getByRole('button', { name: /删除/ }).click();
  await again(page, passwordOf('boss'));
  await page.getByText(/其中 2 条受保护/).waitFor();
  await accessible(page, 'held rows');
  await picture(page, 'bulk-held');
  await page.getByLabel('申请理由').fill('重复登记');
  await page.getByRole('button', { name: '提交《数据变更申请》' }).click();
  await page.getByText(/已为 2 条提交/).waitFor();
  await page.getByRole('link', { name: '我发起的' }).click();
  await page.getByRole('button', { name: /批量删除客户：2 条/ }).click();
  await page.getByText(names[0]).waitFor();
  await settled(page);
  await accessible(page, 'a request about many');
  await picture(page, 'approval-many');
  await clean(page, { refused: [403] });
  await page.context().close();
});

test('a leave is set by the person, and shows in the requests', async () => {
  const page = await signedIn(it, 'manager');
  await page.goto(`${it.server.url}/approvals`);
  await page.getByRole('link', { name: '休假与代理' }).click();
  await page.getByRole('heading', { name: '休假与代理' }).waitFor();
  const day = (n) => new Date(Date.now() + (8 + 24 * n) * 3600_000).toISOString().slice(0, 10);
  for (const [which, n] of [['休假第一天', 0], ['休假最后一天', 2]]) { await page.getByLabel(which).fill(day(n)); await page.keyboard.press('Enter'); }
  await choose(page, page.locator('#leave'), '代理审批人', '陈销售');
  await page.locator('#leave').getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('休假已设置').first().waitFor();
  await settled(page);
  await accessible(page, 'leave');
  await picture(page, 'leave');
  const rep = await it.server.login('rep', passwordOf('rep'));
  const one = await customer(rep, { lifecycle: 'active' });
  const made = await rep.post('/change-requests', { entity: 'customer', operation: 'edit', record: one.id, input: { name: '代理审批有限公司' }, reason: '更名' });
  assert.equal(made.status, 201, made.text);
  const deputy = await signedIn(it, 'rep2');
  await looks(deputy, { theme: 'dark' });
  await deputy.goto(`${it.server.url}/approvals`);
  await deputy.getByText('（代 郑经理）').waitFor();
  await deputy.getByText('冯销售').waitFor(); // who asks
  await settled(deputy);
  await accessible(deputy, 'deputy, dark');
  await picture(deputy, 'approvals-dark');
  await deputy.getByRole('button', { name: /修改客户/ }).click();
  await deputy.getByText('代理审批有限公司').first().waitFor();
  await deputy.getByText('系统管理员执行').waitFor(); // what comes behind his answer
  await settled(deputy);
  await picture(deputy, 'approval-deputy-dark');
  await clean(deputy);
  await deputy.context().close();
  const phone = await signedIn(it, 'rep', { phone: true });
  await phone.goto(`${it.server.url}/approvals?tab=filed`);
  await phone.getByText('等待 陈销售').waitFor();
  await settled(phone);
  await accessible(phone, 'filed, on a phone');
  await fits(phone, 'filed, on a phone');
  await picture(phone, 'approvals-filed-phone');
  await clean(phone);
  await phone.context().close();
  await page.locator('#leave').getByRole('button', { name: '结束休假' }).click();
  await page.getByText('休假已结束').first().waitFor();
  await clean(page);
  await page.context().close();
});
