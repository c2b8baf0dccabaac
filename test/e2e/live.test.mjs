// Two people at once: a change of one shows at the other at once and takes nothing from who is typing; a
// reminder; an announcement until it is acknowledged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCompany } from '../lib/index.mjs';
import { accessible, becomes, clean, customer, fits, holds, many, picture, settled, signedIn, stage, streaming } from './lib/journey.mjs';

const it = stage();
const people = async (...only) => makeCompany(it.server, { only });

test('a change of another person shows in the list and on the record by itself', async () => {
  const { rep } = await people('rep');
  const c = await customer(rep, { name: '实时更新一号有限公司' });
  const list = await signedIn(it, 'manager'), record = await signedIn(it, 'manager');
  await list.goto(`${it.server.url}/e/customers`);
  await list.getByText('实时更新一号有限公司').first().waitFor();
  await record.goto(`${it.server.url}/e/customers/${c.id}`);
  await record.getByRole('heading', { level: 1, name: '实时更新一号有限公司' }).waitFor();
  await Promise.all([streaming(list, 'customer'), streaming(record, `customer:${c.id}`)]);
  const streams = list.streams.length + record.streams.length;
  await rep.patchNow(`/customers/${c.id}`, { name: '实时更新二号有限公司' });
  await Promise.all([list.getByText('实时更新二号有限公司').first().waitFor(), record.getByRole('heading', { level: 1, name: '实时更新二号有限公司' }).waitFor(), list.getByText(/冯销售刚刚更新了/).waitFor(), record.getByText(/冯销售刚刚更新了/).waitFor()]);
  assert.equal(list.streams.length + record.streams.length, streams, 'told by the streams that stood, not read by a new one');
  await picture(list, 'live-list');

  // a follow-up of somebody else appears in the timeline
  await rep.post('/follow-ups', { customer: c.id, method: 'phone', content: '电话里谈了价格的事情', customer_need: '要一份报价', next_plan: '下周三再打' });
  await record.getByText('电话里谈了价格的事情').first().waitFor();

  // who is typing keeps what he typed, and can see what changed
  await record.getByRole('button', { name: '编辑', exact: true }).click();
  const form = record.getByRole('dialog');
  await form.getByLabel('备注', { exact: true }).fill('我正在写的一句话');
  await rep.patchNow(`/customers/${c.id}`, { name: '实时更新三号有限公司' });
  await record.getByText(/冯销售修改了此记录/).waitFor();
  await holds(form.getByLabel('备注', { exact: true }), '我正在写的一句话');
  await holds(form.getByLabel('客户名称', { exact: true }), '实时更新二号有限公司');
  await record.getByRole('button', { name: '查看差异' }).click();
  await record.getByRole('dialog', { name: '冯销售的修改' }).getByText('实时更新三号有限公司').waitFor();
  await picture(record, 'live-difference');
  await accessible(record, 'difference');
  await clean(list);
  await clean(record);

  // a new one is offered, not pushed in
  await customer(rep, { name: '实时新来的有限公司' });
  await list.getByRole('button', { name: '有新的变化' }).click();
  await list.getByText('实时新来的有限公司').first().waitFor();
  await list.context().close();
  await record.context().close();
});

test('a list of the archive keeps its rows when somebody changes one', async () => {
  const { manager, boss } = await people('manager', 'boss');
  const rows = [await customer(manager, { name: '归档更新甲有限公司' }), await customer(manager, { name: '归档更新乙有限公司' })];
  const put = await boss.post('/customers/bulk', { ids: rows.map((r) => r.id), action: 'archive' });
  assert.equal(put.status, 202, put.text);
  await boss.job(put.json.job.id);
  const page = await signedIn(it, 'manager');
  await page.goto(`${it.server.url}/e/customers?archived=only`);
  await page.getByText('归档更新甲有限公司').first().waitFor();
  await streaming(page, 'customer');
  const told = await manager.patchNow(`/customers/${rows[0].id}`, { name: '归档更新丙有限公司' });
  assert.equal(told.status, 200, told.text);
  await page.getByText('归档更新丙有限公司').first().waitFor();
  await many(page.locator('tbody tr').filter({ hasText: '归档更新' }), 2);
  await clean(page);
  await page.context().close();
});

test('a task and its reminder ring the bell; the notification centre', async () => {
  const { manager } = await people('manager');
  const page = await signedIn(it, 'rep');
  await streaming(page);
  const id = (await (await it.server.login('rep', 'Guest-per-2026')).get('/me')).json.user.id;
  await manager.post('/tasks', { title: '给云杉回电话', owner: id, due_at: new Date(Date.now() + 4 * 60e3).toISOString() });
  // Each stands for some seconds only.
  await Promise.all([page.getByText('郑经理给您分配了任务：给云杉回电话').waitFor(), page.getByText(/任务将于 .* 到期：给云杉回电话/).waitFor()]);
  const bell = page.getByRole('link', { name: '通知，2 条未读' });
  await bell.waitFor();
  await bell.click();
  await page.getByRole('heading', { level: 1, name: '通知' }).waitFor();
  await many(page.locator('.notices li'), 2);
  await settled(page);
  await accessible(page, 'notifications');
  await picture(page, 'live-notices');
  // of one kind, and from here to what one is told and how
  await page.getByLabel('通知类型').selectOption('task_assigned');
  await many(page.locator('.notices li'), 1);
  await page.getByLabel('通知类型').selectOption('');
  await many(page.locator('.notices li'), 2);
  await page.getByRole('link', { name: '通知方式' }).click();
  const how = page.getByRole('heading', { name: '通知方式' });
  await how.waitFor();
  await becomes(() => how.evaluate((e) => { const box = e.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }), true, 'the choice is in sight');
  await page.goBack();
  await many(page.locator('.notices li'), 2);
  await page.getByRole('button', { name: /^把“郑经理给您分配了任务”/ }).click();
  await page.getByRole('link', { name: '通知，1 条未读' }).waitFor();
  await page.locator('.notice-link').first().click();
  await page.waitForURL(/\/e\/tasks\/\d+$/);
  await page.getByRole('link', { name: '通知，0 条未读' }).waitFor();
  await clean(page);
  await page.context().close();
});

test('an announcement stands over the page until it is acknowledged; its author sees who has not', async () => {
  const { sysadmin } = await people('sysadmin');
  const page = await signedIn(it, 'rep', { phone: true, dark: true });
  await streaming(page);
  const a = (await sysadmin.post('/announcements', { title: '周六停机维护', body: '22:00 至 24:00 系统升级，请提前保存。', kind: 'maintenance', need_ack: true })).json;
  const banner = page.getByRole('region', { name: '公告' });
  await banner.getByText('周六停机维护').waitFor();
  await fits(page, 'announcement');
  await accessible(page, 'announcement');
  await picture(page, 'live-announcement-phone');
  const author = await signedIn(it, 'sysadmin');
  await author.goto(`${it.server.url}/e/announcements/${a.id}`);
  const receipts = author.getByRole('region', { name: '确认情况' });
  await receipts.getByText(/^已确认 0 \/ \d+$/).waitFor();
  await banner.getByRole('button', { name: '我已知晓' }).click();
  await banner.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await settled(page);
  await many(page.getByText('周六停机维护'), 0);
  await author.reload();
  await receipts.getByText(/^已确认 1 \/ \d+$/).waitFor();
  await accessible(author, 'receipts');
  await picture(author, 'live-receipts');
  await clean(page);
  await clean(author);
});
