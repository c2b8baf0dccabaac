// Lists as a day's work: views that are kept and shared, conditions behind links, bulk changes with
// the way back, groups and sums, the quick view, the board by keyboard, tags made while typing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCompany, sleep } from '../lib/index.mjs';
import { passwordOf } from '../lib/company.mjs';
import { accessible, becomes, boxOf, choose, clean, customer, fits, focused, looks, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
let people;
/** Sixty-four customers of two people, before the first journey. */
async function fill() {
  if (people) return;
  people = await makeCompany(it.server, { only: ['boss', 'manager', 'rep', 'rep2'] });
  for (let i = 0; i < 64; i++) {
    await customer(i % 3 ? people.rep : people.rep2, { name: `列表旅程${String(i).padStart(2, '0')}有限公司`, level: ['key', 'normal', 'potential'][i % 3], source: i < 58 ? 'exhibition' : 'website', lifecycle: i % 4 ? 'potential' : 'interested', annual_revenue: `${i}000.50` });
  }
}
const enter = async (login, options) => { await fill(); return signedIn(it, login, options); };
const open = async (page, query = '') => { await page.goto(`${it.server.url}/e/customers${query}`); await page.getByRole('grid').or(page.locator('.board, .groups, .cards')).first().waitFor(); await settled(page, 3); };
const counted = (page, n) => page.getByText(`共 ${n} 条`, { exact: true }).first().waitFor();
const exhibition = `?filter=${encodeURIComponent(JSON.stringify(['source', '=', 'exhibition']))}`;

test('a view is made, marked when changed, saved, shared, and used by somebody else', async () => {
  const page = await enter('manager');
  await open(page);
  await page.getByRole('button', { name: '更多筛选' }).click();
  const builder = page.getByRole('dialog', { name: '更多筛选' });
  await choose(page, builder, '字段', /^负责人 › 姓名$/);
  await builder.getByLabel('关系', { exact: true }).selectOption('not_null');
  await builder.getByRole('button', { name: '添加条件组' }).click();
  const group = builder.getByRole('group', { name: '条件组 2' });
  await choose(page, group.getByRole('group', { name: '条件 2.1' }), '字段', /^客户等级$/);
  await choose(page, group, '客户等级', '重要');
  await page.keyboard.press('Escape');
  await choose(page, group.getByRole('group', { name: '条件 2.2' }), '字段', /^创建时间$/);
  await group.getByLabel('关系', { exact: true }).nth(1).selectOption('days:before');
  await group.getByLabel('天数').fill('30');
  await group.getByLabel('天数').press('Tab');
  await accessible(page, 'builder');
  await picture(page, 'lists-builder');
  await builder.getByRole('button', { name: '应用' }).click();
  await page.getByText('负责人 › ', { exact: false }).first().waitFor();
  const chips = page.getByRole('list', { name: '当前筛选条件' });
  await chips.getByText(/客户等级 属于 重要 或 创建时间 30 天以前/).waitFor();
  await counted(page, 22);
  await accessible(page, 'chips');
  await page.getByRole('button', { name: '视图操作' }).click();
  await page.getByRole('menuitem', { name: '另存为新视图' }).click();
  const dialog = page.getByRole('dialog', { name: '另存为新视图' });
  await dialog.getByLabel('视图名称').fill('重点客户');
  await dialog.getByRole('radio', { name: /^所有人/ }).check();
  await accessible(page, 'view dialog');
  await dialog.getByRole('button', { name: '保存' }).click();
  const tab = page.getByRole('tab', { name: /重点客户/ });
  await tab.waitFor();
  await becomes(() => tab.getAttribute('aria-selected'), 'true');
  await becomes(() => page.url(), /\?view=\d+$/);
  // a change is marked, and dropped
  await page.getByRole('button', { name: '客户名称', exact: true }).click();
  await page.getByRole('tab', { name: /重点客户.*未保存/ }).waitFor();
  await picture(page, 'lists-view');
  await page.getByRole('button', { name: '视图操作' }).click();
  await page.getByRole('menuitem', { name: '放弃更改' }).click();
  await page.waitForFunction(() => !document.querySelector('.unsaved'));
  // one condition goes, and the rest is kept in the view
  await page.getByRole('button', { name: /^移除.*负责人/ }).click();
  await page.locator('.unsaved').waitFor();
  await page.getByRole('button', { name: '保存视图' }).click();
  await page.waitForFunction(() => !document.querySelector('.unsaved'));
  await counted(page, 22);
  await settled(page);
  await clean(page);
  await page.context().close();

  const other = await enter('rep');
  await open(other);
  await other.getByRole('tab', { name: /重点客户/ }).waitFor();
  await other.getByRole('tab', { name: /全部/ }).focus();
  await other.keyboard.press('ArrowRight');
  await other.getByRole('tab', { name: /重点客户/, selected: true }).waitFor();
  await other.getByRole('list', { name: '当前筛选条件' }).getByText(/客户等级/).waitFor();
  await many(other.getByRole('row').filter({ hasText: '列表旅程' }).filter({ hasText: '一般' }), 0);
  await other.getByRole('button', { name: '视图操作' }).click();
  await other.getByRole('menuitem', { name: '另存为', exact: true }).waitFor();
  await many(other.getByRole('menuitem', { name: '删除视图' }), 0, 'only the owner changes it');
  await other.keyboard.press('Escape');
  await clean(other);
  await other.context().close();
});

test('a default view opens by itself; "all" is still there', async () => {
  await fill();
  const made = await people.rep.post('/saved-views', { name: '我的意向', entity: 'customer', filter: ['lifecycle', '=', 'interested'], sort_by: 'name', columns: ['name', { field: 'lifecycle', width: 200 }], is_default: true });
  assert.equal(made.status, 201, made.text);
  const page = await enter('rep');
  await open(page);
  await page.getByRole('tab', { name: /我的意向/, selected: true }).waitFor();
  await many(page.getByRole('columnheader'), 3, 'two columns and actions; without bulk and export nothing to tick');
  await page.getByRole('tab', { name: '全部' }).click();
  await page.getByRole('columnheader', { name: '所属行业' }).waitFor();
  await page.reload();
  await page.getByRole('tab', { name: '全部', selected: true }).waitFor();
  // who has left before the views came is not led on by them
  let release;
  const held = new Promise((done) => { release = done; });
  await page.route('**/saved-views?*', async (route) => { await held; await route.fallback(); });
  const asked = page.waitForRequest('**/saved-views?*');
  await page.goto(`${it.server.url}/e/customers`);
  await asked;
  await page.getByRole('link', { name: '任务', exact: true }).click();
  await page.waitForURL('**/e/tasks');
  release();
  await page.getByRole('tab', { name: '全部', selected: true }).waitFor();
  await settled(page, 3);
  assert.equal(page.url(), `${it.server.url}/e/tasks`);
  await people.rep.delNow(`/saved-views/${made.json.id}`);
  await clean(page);
  await page.context().close();
});

test('all that match are changed at once, with preview, result and the way back', async () => {
  const page = await enter('manager');
  await open(page, exhibition);
  await counted(page, 58);
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByText('已选 50 条').waitFor();
  await page.getByRole('button', { name: '选择全部 58 条' }).click();
  await page.getByText('已选全部 58 条').waitFor();
  await accessible(page, 'bulk bar');
  await page.getByRole('button', { name: '修改字段' }).click();
  const dialog = page.getByRole('dialog', { name: /批量修改/ });
  await dialog.getByLabel('要修改的字段').selectOption('level');
  assert.ok(await dialog.getByRole('button', { name: '修改', exact: true }).isDisabled(), 'a value nobody chose');
  await choose(page, dialog, '客户等级', '一般');
  await dialog.getByText('将修改 58 条记录').waitFor();
  await accessible(page, 'bulk dialog');
  await picture(page, 'lists-bulk');
  // The notice of the job overtakes the answer that names it.
  await page.route('**/customers/bulk', async (route) => {
    const answer = await route.fetch(), { job } = await answer.json();
    if (job) {
      await becomes(async () => (await people.manager.get(`/notifications?filter=${encodeURIComponent(JSON.stringify(['entity', '=', 'job']))}`)).json.data.some((n) => n.record === job.id), true, 'told');
      await sleep(1000);
    }
    await route.fulfill({ response: answer });
  });
  await dialog.getByRole('button', { name: '修改', exact: true }).click();
  await dialog.getByText(/已修改 \d+ 条。/).waitFor();
  await page.unroute('**/customers/bulk');
  const level = async (l) => (await people.manager.get(`/customers?limit=1&count=exact&filter=${encodeURIComponent(JSON.stringify(['and', ['source', '=', 'exhibition'], ['level', '=', l]]))}`)).json.count.value;
  assert.equal(await level('normal'), 58);
  // said in the dialog, and nowhere else
  await settled(page);
  await many(page.locator('.toast'), 0);
  await page.getByRole('link', { name: '通知，0 条未读' }).waitFor();
  await dialog.getByRole('button', { name: '撤销' }).click();
  await dialog.getByText(/已撤销 \d+ 条。/).waitFor();
  assert.equal(await level('normal'), 19);
  await picture(page, 'lists-undone');
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await clean(page);
  await settled(page, 3); // a list read anew has nothing ticked

  // what refuses a row is told by name
  await page.getByRole('checkbox', { name: /^选择 列表旅程/ }).first().check();
  await page.getByRole('button', { name: '修改字段' }).click();
  await dialog.getByLabel('要修改的字段').selectOption('lifecycle');
  await choose(page, dialog, '客户状态', '无效客户');
  await dialog.getByText('将修改 1 条记录').waitFor();
  await dialog.getByRole('button', { name: '修改', exact: true }).click();
  await dialog.getByText('1 条未能修改。', { exact: false }).waitFor();
  await dialog.getByRole('cell', { name: /无效原因/ }).waitFor();
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await clean(page);
  await page.context().close();
});

test('tags: made while typing in a bulk change, shown with their colour', async () => {
  const page = await enter('manager');
  await open(page, `?view=all&filter=${encodeURIComponent(JSON.stringify(['source', '=', 'website']))}`);
  await counted(page, 6);
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByRole('button', { name: '加标签' }).click();
  const dialog = page.getByRole('dialog', { name: /批量加标签/ });
  await dialog.getByLabel('标签', { exact: true }).fill('旅程新标签');
  await page.getByRole('option', { name: '创建“旅程新标签”', exact: true }).click();
  await dialog.getByText('将修改 6 条记录').waitFor();
  await dialog.getByRole('button', { name: '加标签' }).click();
  await dialog.getByText('已修改 6 条。').waitFor();
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await page.getByRole('button', { name: '列设置' }).click();
  await page.getByRole('dialog', { name: '列设置' }).getByLabel('标签', { exact: true }).check();
  await page.keyboard.press('Escape');
  await many(page.locator('td .tag[data-color=blue]', { hasText: '旅程新标签' }), 6);
  await settled(page, 3); // a list read anew has nothing ticked
  // archived and back in reach
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByRole('button', { name: '更多批量操作' }).click();
  await page.getByRole('menuitem', { name: '归档' }).click();
  const archive = page.getByRole('dialog', { name: /批量归档/ });
  await archive.getByText('将修改 6 条记录').waitFor();
  await archive.getByRole('button', { name: '归档' }).click();
  await archive.getByText('已修改 6 条。').waitFor();
  await archive.getByRole('button', { name: '关闭' }).last().click();
  await page.getByText('没有符合条件').first().waitFor();
  await page.getByRole('button', { name: '归档范围' }).click();
  await page.getByRole('menuitemradio', { name: '已归档', exact: true }).click();
  await page.waitForURL(/archived=/);
  await many(page.locator('td .tag[data-color=blue]', { hasText: '旅程新标签' }), 6);
  await counted(page, 6);
  await settled(page, 3); // a list read anew has nothing ticked
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByRole('button', { name: '更多批量操作' }).click();
  await page.getByRole('menuitem', { name: '取消归档' }).click();
  const back = page.getByRole('dialog', { name: /批量取消归档/ });
  await back.getByText('将修改 6 条记录').waitFor();
  await back.getByRole('button', { name: '取消归档' }).click();
  await back.getByText('已修改 6 条。').waitFor();
  await clean(page);
  await page.context().close();
});

test('many are deleted after a second proof, and come back from the bin', async () => {
  await fill();
  for (let i = 0; i < 3; i++) await customer(people.rep, { name: `批量删除旅程${i}有限公司`, source: 'partner' });
  const page = await enter('manager');
  const partner = encodeURIComponent(JSON.stringify(['source', '=', 'partner']));
  await open(page, `?view=all&filter=${partner}`);
  await counted(page, 3);
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '删除' }).click();
  const dialog = page.getByRole('dialog', { name: /批量删除/ });
  await dialog.getByText('将修改 3 条记录').waitFor();
  await dialog.getByRole('button', { name: '删除' }).click();
  const proof = page.getByRole('dialog').filter({ has: page.locator('#step-code') });
  await proof.locator('#step-code').fill(passwordOf('manager'));
  await page.keyboard.press('Enter');
  await dialog.getByText('已修改 3 条。').waitFor();
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await open(page, `?deleted=true&filter=${partner}`);
  await page.getByRole('checkbox', { name: '选择本页全部' }).check();
  await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '恢复' }).click();
  const back = page.getByRole('dialog', { name: /批量恢复/ });
  await back.getByText('将修改 3 条记录').waitFor();
  await back.getByRole('button', { name: '恢复' }).click();
  await back.getByText('已修改 3 条。').waitFor();
  assert.equal((await people.rep.get(`/customers?filter=${partner}`)).json.data.length, 3);
  await clean(page, { refused: ['403'] });
  await page.context().close();
});

test('columns by keyboard and by the mouse, a sum at the foot, groups with their rows', async () => {
  const page = await enter('manager');
  await open(page, exhibition);
  await page.getByRole('button', { name: '列设置' }).click();
  const panel = page.getByRole('dialog', { name: '列设置' });
  await panel.getByLabel('年营业额', { exact: true }).check();
  await panel.getByRole('button', { name: '合计 年营业额' }).click();
  await page.keyboard.press('Escape');
  const sum = Array.from({ length: 58 }, (_, i) => i * 1000 + 0.5).reduce((a, b) => a + b, 0);
  await page.locator('tfoot').getByText(`¥${sum.toLocaleString('en-US', { minimumFractionDigits: 2 })}`).waitFor();
  const heads = async () => (await page.locator('th[data-col]').allInnerTexts()).map((s) => s.trim());
  const before = await heads();
  await page.locator('td[data-r="0"][data-c="1"]').focus();
  await page.keyboard.press('Control+Shift+ArrowRight');
  await page.waitForFunction((name) => document.querySelector('th[data-col="2"]')?.innerText.trim() === name, before[1]);
  await page.keyboard.press('Shift+Alt+ArrowRight');
  const head = page.locator('th[data-col="1"]');
  const box = await boxOf(page, head);
  await page.mouse.move(box.x + box.width - 3, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width + 60, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await becomes(async () => (await head.boundingBox()).width, (w) => w > box.width + 40, 'wider by dragging');
  const third = await boxOf(page, page.locator('th[data-col="3"]')), first = await boxOf(page, head);
  const moved = (await heads())[3];
  await page.mouse.move(third.x + 20, third.y + 10);
  await page.mouse.down();
  await page.mouse.move(first.x + 10, first.y + 10, { steps: 8 });
  await page.mouse.up();
  await becomes(async () => (await heads())[1], moved, 'moved by dragging');
  await page.reload();
  await page.locator('th[data-col]').first().waitFor();
  await becomes(async () => (await heads())[1], moved, 'kept in this browser');
  await page.getByRole('button', { name: '列设置' }).click();
  await panel.getByLabel('分组').selectOption('level');
  await page.keyboard.press('Escape');
  const group = page.getByRole('button', { name: /重要.*共 20 条/ });
  await group.click();
  await page.getByRole('grid', { name: /重要/ }).getByRole('row').nth(3).waitFor();
  await many(page.getByRole('grid', { name: /重要/ }).locator('tbody tr'), 20);
  await accessible(page, 'groups');
  await picture(page, 'lists-groups');
  await clean(page);
  await page.context().close();
});

test('the quick view by the space bar, walked by j, with a follow-up', async () => {
  const page = await enter('rep');
  await open(page, '?view=all&sort=name');
  await page.locator('td[data-r="0"][data-c="0"]').focus();
  await page.keyboard.press(' ');
  const drawer = page.getByRole('dialog').first();
  await drawer.waitFor();
  const name = await becomes(() => page.locator('.layer h2').first().textContent(), /有限公司/);
  await page.keyboard.press('j');
  await page.waitForFunction((was) => document.querySelector('.layer h2')?.textContent !== was, name);
  await drawer.getByRole('textbox').first().fill('电话沟通了报价，客户要求下周再联系确认数量');
  await settled(page);
  await accessible(page, 'quick view');
  await picture(page, 'lists-quick');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.layer'));
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-r') === '1');
  await clean(page);
  await page.context().close();
});

test('somebody else was faster: former, theirs and mine side by side', async () => {
  await fill();
  const c = await customer(people.rep, { name: '差异旅程有限公司', level: 'normal' });
  // Without the stream: the change of the other would be in the cell before this one is begun.
  const page = await enter('rep', { live: false });
  await open(page, `?view=all&q=${encodeURIComponent('差异旅程')}`);
  const cell = page.getByRole('row', { name: /差异旅程/ }).locator('td', { hasText: '一般' });
  await cell.waitFor();
  assert.equal((await people.manager.patchNow(`/customers/${c.id}`, { level: 'potential' })).status, 200);
  await cell.dblclick();
  await page.getByRole('option', { name: '重要' }).click();
  const dialog = page.getByRole('alertdialog', { name: '内容已被他人修改' });
  await dialog.getByText('原值').waitFor();
  await becomes(() => dialog.innerText(), /原值\s*一般[\s\S]*对方的\s*潜在[\s\S]*我的\s*重要/);
  await accessible(page, 'difference');
  await dialog.getByRole('button', { name: '按所选保存' }).click();
  await page.getByRole('row', { name: /差异旅程/ }).locator('td', { hasText: '重要' }).waitFor();
  await becomes(async () => (await people.rep.get(`/customers/${c.id}`)).json.level, 'key');
  await clean(page, { refused: ['412'] });
  await page.context().close();
});

for (const theme of ['light', 'dark']) {
  test(`the board, ${theme}: a card is moved by keyboard and by the mouse; what is refused goes back`, async () => {
    await fill();
    const c = await customer(people.rep, { name: `看板旅程${theme}有限公司`, lifecycle: 'potential' });
    const page = await enter('rep', { colorScheme: theme });
    await page.evaluate((now) => localStorage.setItem('zk.prefs', JSON.stringify({ theme: now })), theme);
    await open(page, '?view=all&show=board&group=lifecycle');
    const column = (name) => page.getByRole('region', { name: new RegExp(`^${name} `) });
    const card = page.locator(`[data-card="${c.id}"]`);
    await card.waitFor();
    await accessible(page, `board ${theme}`);
    await picture(page, `lists-board-${theme}`);
    await card.focus();
    await page.keyboard.press('Control+ArrowRight');
    await page.getByRole('status').getByText(`已将“看板旅程${theme}有限公司”移到“意向客户”`).waitFor();
    const stands = (where) => many(column(where).locator(`[data-card="${c.id}"]`), 1, `the card in ${where}`);
    const lifecycle = (now) => becomes(async () => (await people.rep.get(`/customers/${c.id}`)).json.lifecycle, now);
    await lifecycle('interested');
    await stands('意向客户');
    await focused(card, 'the focus goes along');
    await settled(page, 3);
    const from = await boxOf(page, card), to = await boxOf(page, column('潜在客户'));
    await page.mouse.move(from.x + 30, from.y + 40);
    await page.mouse.down();
    await page.mouse.move(to.x + 100, to.y + 120, { steps: 8 });
    await page.mouse.up();
    await page.getByRole('status').getByText(`移到“潜在客户”`).waitFor();
    await lifecycle('potential');
    await stands('潜在客户');
    await settled(page, 3);
    // 无效客户 wants a reason
    await card.getByRole('button', { name: /更多操作/ }).click();
    await page.getByRole('menuitem', { name: '移到“无效客户”' }).click();
    await page.getByRole('status').getByText('留在“潜在客户”').waitFor();
    await stands('潜在客户');
    await clean(page, { refused: ['422'] });
    await page.context().close();
  });
}

test('on the phone: tabs, chips, board and groups fit the window', async () => {
  const page = await enter('rep', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await open(page, exhibition);
  await page.getByRole('list', { name: '当前筛选条件' }).waitFor();
  await fits(page, 'list');
  await accessible(page, 'phone list');
  await picture(page, 'lists-phone');
  await open(page, '?view=all&show=board&group=lifecycle');
  await page.locator('.board-card').first().waitFor();
  await fits(page, 'board');
  await accessible(page, 'phone board');
  await picture(page, 'lists-phone-board');
  await open(page, '?view=all&group=level');
  await page.getByRole('button', { name: /一般.*共/ }).click();
  await page.locator('.rec-card').first().waitFor();
  await fits(page, 'groups');
  await picture(page, 'lists-phone-groups');
  await looks(page, { lang: 'en', theme: 'dark' });
  await page.goto(`${it.server.url}/e/customers?view=all&show=board&group=level`);
  await page.locator('.board-card').first().waitFor();
  await fits(page, 'board in English');
  await accessible(page, 'phone board in English, dark');
  await picture(page, 'lists-phone-board-en-dark');
  await clean(page);
  await page.context().close();
});
