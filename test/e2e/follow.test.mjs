// The page of one record: a talk written down with three clicks and by keys alone, what is typed is never lost, phrases,
// the timeline narrowed, searched and put right in place, figures, changes of a field, one's own keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, becomes, clean, customer, drawn, fits, holds, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const detail = async (page, c) => {
  await page.goto(`${it.server.url}/e/customers/${c.id}`);
  await page.getByRole('heading', { level: 1, name: c.name }).waitFor();
  await settled(page);
};
const item = (page, text) => page.locator('.timeline > li').filter({ hasText: text });
const talk = async (admin, c, more = {}) => {
  const answer = await admin.post('/follow-ups', { customer: c.id, method: 'phone', content: '谈了年度框架协议', customer_need: '年度框架', next_plan: '寄合同', ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
};

test('a follow-up with two clicks; what says nothing is refused with a word on what to write', async () => {
  const admin = await it.server.admin();
  const c = await customer(admin);
  const page = await signedIn(it);
  await detail(page, c);
  let clicks = 0;
  await page.getByLabel('沟通内容').click(); clicks++;
  await page.getByLabel('沟通内容').fill('已联系');
  await page.getByLabel('客户需求').fill('两台样机');
  await page.getByLabel('下一步计划').fill('周五寄样');
  await page.keyboard.press('Control+Enter');
  await page.getByText(/没有说明沟通了什么。请写/).waitFor();
  await holds(page.getByLabel('客户需求'), '两台样机', 'nothing is lost');
  await page.getByLabel('沟通内容').fill('王总要两台样机，月底前到货');
  await page.getByRole('button', { name: '保存跟进' }).click(); clicks++;
  await item(page, '王总要两台样机').waitFor();
  await item(page, '周五寄样').waitFor();
  assert.ok(clicks <= 3);
  await page.locator('.tiles').getByRole('button', { name: /1 跟进次数/ }).waitFor();
  await clean(page, { refused: [422] });
  await page.context().close();
});

test('by keys alone: n, text, Tab, Ctrl+Enter; j to the talk, e to put it right', async () => {
  const admin = await it.server.admin();
  const c = await customer(admin);
  const page = await signedIn(it);
  await detail(page, c);
  await page.keyboard.press('n');
  await page.locator('#quick-content:focus').waitFor();
  await page.keyboard.type('电话谈妥交货期，等对方盖章');
  await page.keyboard.press('Tab');
  await page.keyboard.type('月底前交货');
  await page.keyboard.press('Tab');
  await page.keyboard.type('周三回访');
  await page.keyboard.press('Control+Enter');
  await item(page, '谈妥交货期').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.timeline > li .talk').length > 0);
  await page.evaluate(() => document.activeElement.blur());
  const standing = () => page.evaluate(() => (document.activeElement.tagName === 'LI' ? document.activeElement.textContent : ''));
  for (let n = 0; n < 4 && !(await standing()).includes('谈妥交货期'); n++) {
    const was = await standing();
    await page.keyboard.press('j');
    await becomes(standing, (now) => now && now !== was, 'j goes down');
  }
  assert.match(await standing(), /谈妥交货期/);
  await page.keyboard.press('e');
  const edit = page.getByRole('form', { name: '修改跟进' });
  await edit.getByLabel('沟通内容').waitFor();
  await page.locator('[id^=edit-][id$=-content]:focus').waitFor();
  await page.keyboard.press('End');
  await page.keyboard.type('（已寄合同）');
  await page.keyboard.press('Control+Enter');
  await item(page, '（已寄合同）').waitFor();
  assert.match(page.url(), new RegExp(`/e/customers/${c.id}$`), 'without leaving');
  await page.locator('body').evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: '键盘快捷键' });
  await help.getByText('写跟进').waitFor();
  await page.keyboard.press('Escape');
  await clean(page);
  await page.context().close();
});

test('the draft survives a reload; the text arrives once when the server is killed while it is saved', async () => {
  const admin = await it.server.admin();
  const c = await customer(admin);
  const page = await signedIn(it);
  await detail(page, c);
  await page.getByLabel('沟通内容').click();
  await page.getByLabel('沟通内容').fill('写到一半的内容，不能丢');
  await page.waitForFunction(() => Object.keys(localStorage).some((k) => k.includes('draft.follow_up')));
  await page.reload();
  await page.getByLabel('客户需求').waitFor();
  await holds(page.getByLabel('沟通内容'), '写到一半的内容，不能丢');
  await page.getByLabel('客户需求').fill('备货');
  await page.getByLabel('下一步计划').fill('回电话');
  // the request reaches the server, the answer does not reach the page, and the server dies
  let seen = 0;
  await page.route('**/api/v1/follow-ups', async (route) => {
    if (route.request().method() !== 'POST' || seen++) return route.continue();
    await route.fetch();
    await it.server.halt('SIGKILL');
    await route.abort('connectionreset');
  });
  await page.keyboard.press('Control+Enter');
  await page.getByText(/内容已保存在本机/).waitFor();
  await picture(page, 'follow-waiting');
  const port = new URL(it.server.url).port;
  await it.server.launch(undefined, { port });
  await item(page, '写到一半的内容').waitFor();
  // The first try was saved: the timeline can show it before the second has gone out. What was kept goes away with its answer.
  await page.getByText(/内容已保存在本机/).waitFor({ state: 'detached' });
  const again = await it.server.admin();
  const list = async (text) => (await again.get(`/follow-ups?filter=${encodeURIComponent(JSON.stringify(['customer', '=', c.id]))}&fields=content`)).json.data.filter((f) => f.content.includes(text));
  assert.equal((await list('写到一半')).length, 1, 'once');
  assert.ok(seen >= 2, 'it was sent again');

  // the same with the page closed in between: what had not been answered goes out at the next sign-in
  await page.unroute('**/api/v1/follow-ups');
  await page.getByLabel('沟通内容').click();
  await page.getByLabel('沟通内容').fill('关了页面也要送到的内容');
  await page.getByLabel('客户需求').fill('备货');
  await page.getByLabel('下一步计划').fill('回电话');
  await it.server.halt('SIGKILL');
  await page.keyboard.press('Control+Enter');
  await page.getByText(/内容已保存在本机/).waitFor();
  await page.goto('about:blank');
  await it.server.launch(undefined, { port });
  await page.goto(`${it.server.url}/`);
  await page.getByText('之前没有提交成功的跟进已保存').waitFor();
  const third = await it.server.admin();
  const rows = (await third.get(`/follow-ups?filter=${encodeURIComponent(JSON.stringify(['customer', '=', c.id]))}&fields=content`)).json.data;
  assert.equal(rows.filter((f) => f.content.includes('关了页面也要送到')).length, 1);
  await page.context().close();
});

test('phrases: "/" opens them, Enter puts one in; a template fills the three', async () => {
  const admin = await it.server.admin();
  await admin.post('/phrases', { name: '约演示', text: '已约定演示时间：' });
  await admin.post('/phrases', { name: '询价', kind: 'template', text: '客户询价，型号待定', customer_need: '报价', next_plan: '两日内报价', shared: 'everyone' });
  const c = await customer(admin);
  const page = await signedIn(it);
  await detail(page, c);
  await page.getByLabel('沟通内容').click();
  await page.keyboard.type('电话 /');
  await page.getByRole('searchbox', { name: '查找常用语' }).fill('演示');
  await page.getByRole('button', { name: /约演示/ }).waitFor();
  await accessible(page, 'phrases');
  await picture(page, 'follow-phrases');
  await page.keyboard.press('Enter');
  await page.locator('#quick-content:focus').waitFor();
  await holds(page.getByLabel('沟通内容'), '电话 已约定演示时间：');
  await page.getByRole('button', { name: '常用语' }).click();
  await page.getByRole('button', { name: /询价/ }).click();
  await page.waitForFunction(() => document.querySelector('#quick-next_plan')?.value === '两日内报价');
  await holds(page.getByLabel('客户需求'), '报价');
  await clean(page);
  await page.context().close();
});

test('the timeline: by kind, by words, by person; put right in place; changes of one field; figures lead on', async () => {
  const admin = await it.server.admin();
  const c = await customer(admin, { short_name: '旧名' });
  await talk(admin, c);
  await talk(admin, c, { content: '对方要求改用 PLC 控制', customer_need: '换控制器', next_time: new Date(Date.now() + 86400e3 * 3).toISOString() });
  await admin.patchNow(`/customers/${c.id}`, { short_name: '新名' });
  const page = await signedIn(it);
  await detail(page, c);
  const bar = page.getByRole('search', { name: '筛选时间线' });
  await item(page, '新名').waitFor();
  await bar.getByText('跟进记录', { exact: true }).click();
  await item(page, '新名').waitFor({ state: 'detached' });
  await many(page.locator('.timeline > li'), 2);
  await bar.getByRole('searchbox').fill('plc');
  await item(page, '年度框架').waitFor({ state: 'detached' });
  await many(page.locator('.timeline > li'), 1);
  await bar.getByRole('searchbox').fill('没有的词');
  await page.getByText('没有符合条件的内容').waitFor();
  await bar.getByRole('searchbox').fill('');
  await bar.getByText('修改', { exact: true }).click();
  await item(page, '新名').waitFor();
  await bar.getByText('全部', { exact: true }).click();
  await item(page, 'PLC').getByRole('button', { name: '修改这条跟进' }).click();
  await page.getByRole('form', { name: '修改跟进' }).getByLabel('下一步计划').fill('两周内给方案');
  await accessible(page, 'timeline with a talk being put right');
  await page.keyboard.press('Control+Enter');
  await item(page, '两周内给方案').waitFor();
  await page.getByRole('button', { name: '简称', exact: true }).click();
  const layer = page.getByRole('dialog', { name: '“简称”的修改记录' });
  await layer.getByText('新名').waitFor();
  await layer.getByText('旧名').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.tiles').getByRole('button', { name: /未完成任务/ }).click();
  await page.getByRole('tab', { name: /任务/, selected: true }).waitFor();
  for (const mode of ['light', 'dark']) {
    await page.evaluate((m) => { const p = JSON.parse(localStorage.getItem('zk.prefs') ?? '{}'); localStorage.setItem('zk.prefs', JSON.stringify({ ...p, theme: m })); }, mode);
    await detail(page, c);
    await item(page, 'PLC').waitFor();
    await accessible(page, `detail ${mode}`);
    await picture(page, `follow-detail-${mode}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await detail(page, c);
  await fits(page, 'detail on a phone');
  await page.getByLabel('沟通内容').click();
  await fits(page, 'follow-up on a phone');
  await picture(page, 'follow-phone');
  await clean(page);
  await page.context().close();
});

test('one\'s own keys hold at once and after a new sign-in', async () => {
  const admin = await it.server.admin();
  const c = await customer(admin);
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/me`);
  await page.getByLabel('新建（列表）或写跟进（详情页）').focus();
  await page.keyboard.press('e');
  await page.getByText(/“e”已用于/).waitFor();
  await page.keyboard.press('c');
  await page.getByText('快捷键已保存').waitFor();
  await accessible(page, 'keys');
  await page.context().close();
  const other = await signedIn(it);
  await detail(other, c);
  await other.keyboard.press('n');
  await drawn(other);
  assert.equal(await other.locator('#quick-content:focus').count(), 0);
  await other.keyboard.press('c');
  await other.locator('#quick-content:focus').waitFor();
  await other.goto(`${it.server.url}/me`);
  await other.getByRole('button', { name: '恢复默认' }).click();
  await other.getByText('快捷键已保存').waitFor();
  await clean(other);
  await other.context().close();
});
