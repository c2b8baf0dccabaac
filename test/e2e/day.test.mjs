// The day of a person: everything by Ctrl+K, favourites, tasks done and put off, the calendar.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCompany } from '../lib/index.mjs';
import { accessible, becomes, clean, customer, fits, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

// All of it speaks of today and tomorrow: not begun so late that the day ends before the file does.
const it = stage({ wholeDay: true });
const palette = (page) => page.getByRole('combobox', { name: '搜索客户、联系人、电话…' });
const at = (days, hour = 15, minute = 0) => { const d = new Date(Date.now() + 8 * 3600e3 + days * 86400e3); return new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), hour - 8, minute)).toISOString().replace('.000Z', 'Z'); };
/** The last minute of the day: it is not over yet, however late the test runs. */
const tonight = () => at(0, 23, 59);
const dayOf = (days) => new Date(Date.now() + 8 * 3600e3 + days * 86400e3).toISOString().slice(0, 10);
async function task(client, more) {
  const answer = await client.post('/tasks', { title: '任务', ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

test('a customer is found by pinyin: by the keyboard alone, and with two clicks', async () => {
  const admin = await it.server.admin();
  const one = await customer(admin, { name: '绍兴拼音查找纺织有限公司' });
  const page = await signedIn(it);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('pinyinchazhao');
  await page.keyboard.press('Enter'); // before the answer: goes when it is there
  await page.waitForURL(`${it.server.url}/e/customers/${one.id}`);
  await page.getByRole('button', { name: '收藏', exact: true }).click();
  await page.locator('.star[aria-pressed=true]').waitFor();
  await settled(page); // the star is pressed before the server knows of it

  await page.goto(it.server.url);
  await palette(page).click();
  await page.getByRole('group', { name: '我的收藏' }).getByRole('option', { name: /绍兴拼音查找/ }).waitFor();
  await picture(page, 'day-palette-empty');
  await palette(page).fill('拼音查');
  const hit = page.getByRole('group', { name: '客户' }).getByRole('option', { name: /绍兴拼音查找/ });
  await becomes(() => hit.locator('mark').first().innerText(), '拼音查');
  await accessible(page, 'palette');
  await picture(page, 'day-palette');
  await hit.click();
  await page.waitForURL(`${it.server.url}/e/customers/${one.id}`);
  await clean(page);
  await page.context().close();
});

test('commands: created, gone to, switched by initials, Chinese and English', async () => {
  const page = await signedIn(it);
  for (const [typed, url] of [['xjkh', /\/e\/customers\/new$/], ['wodrenwu', /\/tasks$/], ['日历', /\/calendar$/], ['import cust', /\/import\?entity=customer/]]) {
    await page.goto(it.server.url);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type(`>${typed}`);
    await page.getByRole('group', { name: '命令' }).getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(url);
  }
  await page.goto(it.server.url);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('>dark');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await clean(page);
  await page.context().close();
});

test('a task: written in words, put off, done with one click and taken back', async () => {
  const { rep } = await makeCompany(it.server, { only: ['rep'] });
  const late = await task(rep, { title: '逾期回访', due_at: at(-2) });
  await task(rep, { title: '月底对账', due_at: at(40) });
  const page = await signedIn(it, 'rep');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.waitForURL(/\/tasks$/);
  const line = page.getByRole('textbox', { name: '添加任务' });
  await line.fill('明天下午3点 打电话给王总');
  await page.getByText(/^明天 15:00 · 打电话给王总$/).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('已添加：打电话给王总').waitFor();
  const mine = (await rep.get('/tasks?fields=title,due_at')).json.data;
  assert.equal(mine.find((x) => x.title === '打电话给王总').due_at, at(1));
  await page.getByRole('region', { name: '以后' }).getByRole('link', { name: '月底对账' }).waitFor();
  await settled(page);
  await accessible(page, 'tasks');
  await picture(page, 'day-tasks');
  const overdue = page.getByRole('region', { name: '已逾期' });
  await overdue.getByRole('button', { name: '推迟：逾期回访' }).click();
  await page.getByRole('menuitem', { name: '明天' }).click();
  await overdue.waitFor({ state: 'detached' });
  await becomes(async () => (await rep.get(`/tasks/${late.id}`)).json.due_at, at(1), 'the time of day stays');
  await page.getByRole('button', { name: '完成：逾期回访' }).click();
  await page.getByText('已完成：逾期回访').waitFor();
  await becomes(async () => (await rep.get(`/tasks/${late.id}`)).json.status, 'done');
  await page.getByRole('status').getByRole('button', { name: '撤销' }).last().click();
  await page.getByRole('button', { name: '完成：逾期回访' }).waitFor();
  await becomes(async () => (await rep.get(`/tasks/${late.id}`)).json.status, 'open');
  await many(page.getByRole('link', { name: '团队' }), 0, 'who reads only his own has no team');
  await clean(page);
  await page.context().close();
});

test('a manager sees the team, and the tasks of one', async () => {
  const { rep2 } = await makeCompany(it.server, { only: ['rep2'] });
  await task(rep2, { title: '陈的逾期任务', due_at: at(-3) });
  const page = await signedIn(it, 'manager');
  await page.goto(`${it.server.url}/tasks`);
  await page.getByRole('link', { name: '团队', exact: true }).click();
  const row = page.getByRole('row').filter({ hasText: '陈销售' });
  await becomes(async () => (await row.getByRole('cell').allInnerTexts()).slice(1), ['1', '1']);
  await accessible(page, 'team');
  await picture(page, 'day-team');
  await row.getByRole('link', { name: '陈销售' }).click();
  await page.getByRole('heading', { level: 1, name: '陈销售 的任务' }).waitFor();
  await page.getByRole('link', { name: '陈的逾期任务' }).waitFor();
  await clean(page);
  await page.context().close();
});

test('the calendar: moved by the keyboard and by dragging, holidays shown', async () => {
  const { rep } = await makeCompany(it.server, { only: ['rep'] });
  const one = await task(rep, { title: '日历中的任务', due_at: at(0, 23) });
  const due = (day) => becomes(async () => (await rep.get(`/tasks/${one.id}`)).json.due_at, at(day, 23), `due ${day} days from today`);
  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/calendar?view=week`);
  const item = page.getByRole('link', { name: /日历中的任务/ });
  await item.waitFor();
  await item.focus();
  await page.keyboard.press('Control+ArrowDown');
  await page.waitForFunction((d) => document.activeElement?.closest('[data-day]')?.getAttribute('data-day') === d, dayOf(7));
  await page.getByText(`“日历中的任务”已移到 ${dayOf(7)}`).first().waitFor();
  await due(7);
  await settled(page);
  await page.keyboard.press('Control+ArrowUp');
  await page.waitForFunction((d) => document.activeElement?.closest('[data-day]')?.getAttribute('data-day') === d, dayOf(0));
  await settled(page);
  await due(0);
  // by the mouse, within the week shown
  const today = new Date(`${dayOf(0)}T00:00:00Z`).getUTCDay(), to = today === 0 ? -1 : 1;
  await item.dragTo(page.locator(`[data-day="${dayOf(to)}"]`));
  await page.locator(`[data-day="${dayOf(to)}"]`).getByRole('link', { name: /日历中的任务/ }).waitFor();
  await settled(page);
  await due(to);
  await accessible(page, 'week');
  await picture(page, 'day-week');
  await page.goto(`${it.server.url}/calendar?at=2026-02-10`);
  await page.locator('[data-day="2026-02-17"]').getByText('春节').waitFor();
  await page.locator('[data-day="2026-02-17"]').getByText('休', { exact: true }).waitFor();
  await page.locator('[data-day="2026-02-14"]').getByText('班', { exact: true }).waitFor();
  await settled(page);
  await accessible(page, 'month');
  await picture(page, 'day-month');
  await clean(page);
  await page.context().close();
});

test('the calendar: a next contact and the task made for it are one entry', async () => {
  const { rep } = await makeCompany(it.server, { only: ['rep'] });
  const one = await customer(rep, { name: '日历一次有限公司' });
  const talk = await rep.post('/follow-ups', { customer: one.id, method: 'phone', content: '电话里谈了报价和交货的时间', customer_need: '样品', customer_feedback: '价格合适', next_plan: '寄样品并确认收到', next_time: at(1, 10), result: 'interested' });
  assert.equal(talk.status, 201, talk.text);
  const page = await signedIn(it, 'rep');
  for (const path of ['/calendar?view=week', '/calendar?view=day']) {
    await page.goto(`${it.server.url}${path}&at=${dayOf(1)}`);
    await page.getByRole('link', { name: /日历一次有限公司/ }).first().waitFor();
    await settled(page);
    const shown = page.locator('.cal-item').filter({ hasText: '日历一次有限公司' });
    await many(shown, 1);
    assert.match(await shown.getAttribute('aria-label'), /^10:00 .*日历一次有限公司 寄样品并确认收到$/);
  }
  await picture(page, 'day-one-entry');
  await page.getByRole('button', { name: '任务', exact: true }).click();
  await page.locator('.cal-item').filter({ hasText: '联系 日历一次有限公司' }).waitFor(); // without tasks the plan itself stands there
  await clean(page);
  await page.context().close();
});

for (const [mode, options] of Object.entries({ dark: { dark: true }, phone: { phone: true } })) {
  test(`tasks, calendar, palette, ${mode}`, async () => {
    const { rep } = await makeCompany(it.server, { only: ['rep'] });
    await task(rep, { title: '今天要做的一件名字很长很长的事情，还要带上合同和样品去客户那里', due_at: tonight(), priority: 'high', customer: (await customer(rep)).id });
    const page = await signedIn(it, 'rep', options);
    for (const [name, path] of Object.entries({ home: '/', tasks: '/tasks', month: '/calendar', week: '/calendar?view=week', day: '/calendar?view=day' })) {
      await page.goto(it.server.url + path);
      await settled(page);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await accessible(page, `${mode} ${name}`);
      await fits(page, `${mode} ${name}`);
      await picture(page, `day-${mode}-${name}`);
    }
    await palette(page).click();
    await palette(page).fill('旅程');
    await page.getByRole('group', { name: '客户' }).getByRole('option').first().waitFor();
    await accessible(page, `${mode} palette`);
    await fits(page, `${mode} palette`);
    await picture(page, `day-${mode}-palette`);
    await clean(page);
    await page.context().close();
  });
}

test('home: every figure is true and leads to its list; a manager sees the team', async () => {
  const { west_rep, west_manager } = await makeCompany(it.server, { only: ['west_rep', 'west_manager'] });
  const me = (await west_rep.get('/me')).json.user.id;
  await task(west_rep, { title: '首页逾期一', due_at: at(-1) });
  await task(west_rep, { title: '首页逾期二', due_at: at(-2) });
  await task(west_rep, { title: '首页今天', due_at: tonight() });
  const given = await customer(west_manager, { name: '经理分下来的有限公司' });
  assert.equal((await west_manager.post(`/customers/${given.id}/actions/transfer`, { owner: me })).status, 200);
  await customer(west_rep, { name: '自己新建的有限公司' });
  const page = await signedIn(it, 'west_rep');
  const now = page.getByRole('region', { name: '当下要做的事' });
  const figure = (scope, name, value) => becomes(async () => (await scope.getByRole('link', { name }).locator('b').innerText()).trim(), value, name);
  for (const [name, value] of Object.entries({ 逾期任务: '2', 今天到期: '1', '近 7 天新分配给我': '1', '超过 14 天未跟进': '0' })) await figure(now, name, value);
  await many(page.getByRole('region', { name: '团队' }).getByRole('link'), 0);
  await now.getByRole('link', { name: '近 7 天新分配给我' }).click();
  await page.getByRole('link', { name: '经理分下来的有限公司' }).waitFor();
  await many(page.getByRole('link', { name: '自己新建的有限公司' }), 0);
  await page.goBack();
  await page.getByRole('region', { name: '我的待办' }).getByRole('button', { name: '完成：首页逾期一' }).click();
  await now.getByRole('link', { name: /^1\s*逾期任务$/ }).waitFor();
  await clean(page);
  await page.context().close();

  const lead = await signedIn(it, 'west_manager');
  const team = lead.getByRole('region', { name: '团队' });
  await figure(team, '团队逾期任务', '1');
  await settled(lead);
  await accessible(lead, 'home of a manager');
  await picture(lead, 'day-home-manager');
  await team.getByRole('link', { name: '团队逾期任务' }).click();
  await lead.getByRole('link', { name: '首页逾期二' }).waitFor();
  await clean(lead);
  await lead.context().close();
});

test('a task is made for somebody else in its form, and handed on from its page', async () => {
  const page = await signedIn(it, 'manager');
  await page.goto(`${it.server.url}/e/tasks/new`);
  const form = page.getByRole('dialog', { name: '新建任务' });
  await form.getByLabel('任务名称', { exact: true }).fill('请回访老客户');
  await form.getByLabel('负责人', { exact: true }).fill('冯销售');
  await page.getByRole('option', { name: /冯销售/ }).first().click();
  await settled(page);
  await accessible(page, 'a task for somebody');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await form.waitFor({ state: 'detached' });
  const rep = await it.server.login('rep', (await import('../lib/company.mjs')).passwordOf('rep'));
  const his = async () => (await rep.get(`/tasks?fields=title,owner&filter=${encodeURIComponent(JSON.stringify(['and', ['title', '=', '请回访老客户'], ['owner', '=', 'me']]))}`)).json.data;
  const [made] = await his();
  assert.equal(made?.owner.label, '冯销售');
  assert.equal((await rep.get(`/notifications?filter=${encodeURIComponent(JSON.stringify(['and', ['kind', '=', 'task_assigned'], ['record', '=', made.id]]))}`)).json.data.length, 1);
  await page.goto(`${it.server.url}/e/tasks/${made.id}`);
  await page.getByRole('button', { name: '转移' }).click();
  const dialog = page.getByRole('dialog', { name: /转移/ });
  await dialog.getByLabel('新负责人').fill('郑经理');
  await page.getByRole('option', { name: /郑经理/ }).first().click();
  await dialog.getByRole('button', { name: '转移' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(await his(), []);
  await clean(page);
  await page.context().close();

  const own = await signedIn(it, 'rep');
  await own.goto(`${it.server.url}/e/tasks/new`);
  const mine = own.getByRole('dialog', { name: '新建任务' });
  await mine.getByLabel('任务名称', { exact: true }).waitFor();
  await many(mine.getByLabel('负责人', { exact: true }), 0, 'who may hand nothing over is asked for no owner');
  await own.context().close();
});
