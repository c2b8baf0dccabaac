// A rule with groups of conditions (and within it or), by keyboard alone: written, tried, saved, opened again and changed; the
// sentence 当 … 如果 … 就 … says what belongs together, in both languages, and a rule deeper than the form shows is told in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordOf } from '../lib/company.mjs';
import { accessible, becomes, clean, customer, fits, looks, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const ifs = '客户等级 属于 重要 且 （所属行业 属于 金融 或 信息来源 属于 官网）';

/** Goes on with Tab until what has the focus is of that role and name. */
async function tabTo(page, role, name, most = 60) {
  const wanted = page.getByRole(role, { name, exact: true });
  await wanted.first().waitFor(); // what is still on its way is not in the order of Tab
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    for (const one of await wanted.all()) if (await one.evaluate((el) => el === document.activeElement)) return one;
  }
  throw new Error(`no way by Tab to ${role} ${name}`);
}
/** Chooses in the select that has the focus, once what it offers is there. */
async function pick(page, option) {
  const choose = (text) => {
    const s = document.activeElement, o = [...(s.options ?? [])].find((x) => x.textContent.trim() === text);
    if (!o) return false;
    s.value = o.value;
    s.dispatchEvent(new Event('change', { bubbles: true }));
    return true;
  };
  await becomes(() => page.evaluate(choose, option), true, option);
}
/** Chooses the field of a condition, in the list that has the focus. */
async function field(page, name) {
  await page.keyboard.type(name);
  await page.getByRole('option', { name, exact: true }).waitFor();
  await page.keyboard.press('Enter');
}
/** The focus is where that says: panels and dialogs take it a moment after they open. */
const focused = (page, selector) => becomes(() => page.evaluate((at) => Boolean(document.activeElement?.closest(at)), selector), true, selector);
/** In the value of a condition: types, takes the first that fits, closes the list. */
async function value(page, text) {
  await page.keyboard.type(text);
  await page.getByRole('option', { name: text }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
}

test('with groups, by keyboard alone: written, tried, saved, opened again, the same sentence', async () => {
  const boss = await it.server.login('boss', passwordOf('boss'));
  const yes = await customer(boss, { level: 'key', industry: 'finance', source: 'other' });
  await customer(boss, { level: 'key', industry: 'it', source: 'other' });
  await customer(boss, { level: 'normal', industry: 'finance', source: 'website' });
  const page = await signedIn(it, 'boss');
  let letLinks = null;
  const links = new Promise((done) => { letLinks = done; });
  await page.route('**/api/v1/schema/user', async (route) => { await links; await route.continue(); });
  await page.goto(`${it.server.url}/admin/rules`);
  await page.getByText('还没有规则').waitFor();
  await tabTo(page, 'combobox', '新增规则');
  await pick(page, '空白规则');
  const form = page.getByRole('dialog', { name: '新增规则' });
  await focused(page, '#rule-name');
  await page.keyboard.type('重要且金融或官网');
  await tabTo(page, 'button', '设置条件');
  await page.keyboard.press('Enter');
  const builder = page.locator('form.builder');
  await focused(page, 'form.builder');
  await page.keyboard.press('Tab');
  // Who is faster than what lies behind the links: the field comes while the focus is in it, and is replaced by what is typed.
  await becomes(() => page.evaluate(() => document.activeElement.getAttribute('aria-label')), '字段');
  letLinks();
  await becomes(() => page.evaluate(() => document.activeElement.value), '客户名称');
  await field(page, '客户等级');
  await tabTo(page, 'combobox', '客户等级', 5);
  await value(page, '重要');
  await tabTo(page, 'button', '添加条件组', 5);
  await page.keyboard.press('Enter'); // the new group has the focus: its "all or any"
  await focused(page, '.cond-group');
  await becomes(() => page.evaluate(() => document.activeElement.selectedOptions?.[0].textContent), '任一条件');
  await tabTo(page, 'combobox', '字段', 3);
  await field(page, '所属行业');
  await tabTo(page, 'combobox', '所属行业', 5);
  await value(page, '金融');
  await tabTo(page, 'combobox', '字段', 5);
  await field(page, '信息来源');
  await tabTo(page, 'combobox', '信息来源', 5);
  await value(page, '官网');
  await settled(page);
  await accessible(page, 'groups of conditions');
  await picture(page, 'rule-groups');
  await tabTo(page, 'button', '应用', 12);
  await page.keyboard.press('Enter');
  await builder.waitFor({ state: 'detached' });
  await form.getByText('（所属行业 属于 金融 或 信息来源 属于 官网）').waitFor();
  await tabTo(page, 'combobox', '添加动作…');
  await pick(page, '创建任务');
  await tabTo(page, 'textbox', '任务名称');
  await page.keyboard.type('回访');
  await tabTo(page, 'button', '试运行');
  await page.keyboard.press('Enter');
  await form.getByText('会对 1 条记录执行').waitFor();
  await form.getByRole('cell', { name: yes.name }).waitFor();
  await tabTo(page, 'button', '保存，暂不启用');
  await page.keyboard.press('Enter');
  const card = page.getByRole('listitem').filter({ hasText: '重要且金融或官网' });
  await card.getByText(ifs, { exact: true }).waitFor();
  const kept = (await boss.get('/rules?limit=10&fields=filter')).json.data[0];
  assert.deepEqual(kept.filter, ['and', ['level', 'in', ['key']], ['or', ['industry', 'in', ['finance']], ['source', 'in', ['website']]]]);

  // opened again it is the same, and saved untouched it stays so
  await tabTo(page, 'button', '编辑');
  await page.keyboard.press('Enter');
  const again = page.getByRole('dialog', { name: /^编辑规则/ });
  await again.getByText('（所属行业 属于 金融 或 信息来源 属于 官网）').waitFor();
  await again.getByText('客户等级 属于 重要', { exact: true }).waitFor();
  await focused(page, '#rule-name');
  await tabTo(page, 'button', '设置条件');
  await page.keyboard.press('Enter');
  await focused(page, 'form.builder');
  await becomes(() => builder.locator('.cond-group .cond').count(), 2);
  await becomes(() => builder.locator('.cond').count(), 3);
  await page.keyboard.press('Escape');
  await builder.waitFor({ state: 'detached' });
  await becomes(() => page.evaluate(() => document.activeElement.textContent.trim()), '设置条件', 'the focus is back where it was');
  await tabTo(page, 'button', '保存');
  await page.keyboard.press('Enter');
  await again.waitFor({ state: 'detached' });
  await card.getByText(ifs, { exact: true }).waitFor();
  assert.deepEqual((await boss.get('/rules?limit=10&fields=filter')).json.data[0].filter, kept.filter);

  // the last condition of a group takes the group along
  await card.getByRole('button', { name: '编辑' }).click();
  await again.getByRole('button', { name: '设置条件' }).click();
  await builder.getByRole('button', { name: '删除条件 2.2' }).click();
  await builder.getByRole('button', { name: '删除条件 2.1' }).click();
  await becomes(() => builder.locator('.cond-group').count(), 0);
  await becomes(() => page.evaluate(() => document.activeElement.closest('.cond') !== null), true, 'the focus is not lost');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await again.waitFor({ state: 'detached' });
  await clean(page);
  await page.context().close();
});

test('in English, on the phone, in the dark; and a condition deeper than the form shows is told in words', async () => {
  const boss = await it.server.login('boss', passwordOf('boss'));
  const deep = await boss.post('/rules', { name: '很深', entity: 'customer', event: 'created', filter: ['or', ['and', ['level', 'in', ['key']], ['not', ['or', ['industry', 'in', ['it']], ['source', '=', 'website']]]], ['name', 'contains', '银行']], actions: [{ do: 'task', title: 'x', for: ['owner'], days: 1 }] });
  assert.equal(deep.status, 201, deep.text);
  const page = await signedIn(it, 'boss', { phone: true });
  await looks(page, { lang: 'en', theme: 'dark' });
  await page.goto(`${it.server.url}/admin/rules`);
  const card = page.getByRole('listitem').filter({ hasText: '很深' });
  await card.getByText(/^\(.+ and not \(.+ or .+\)\) or .+银行$/).waitFor();
  const first = page.getByRole('listitem').filter({ hasText: '重要且金融或官网' });
  await first.getByText(/ and \(.+ or .+\)$/).waitFor();
  await settled(page);
  await fits(page, 'rules in English on the phone');
  await card.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByText(/ and not \(/).waitFor();
  await settled(page);
  await fits(page, 'a deep condition on the phone');
  await accessible(page, 'a deep condition in the dark');
  await page.keyboard.press('Escape');
  await first.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Set the condition' }).click();
  await page.locator('form.builder .cond-group').waitFor();
  await settled(page);
  await fits(page, 'groups on the phone');
  const [chip, step] = [page.getByRole('dialog').locator('.chips .tag').last(), page.getByRole('dialog').locator('.rule-step').nth(1)].map((x) => x.boundingBox());
  const [inner, outer] = await Promise.all([chip, step]);
  assert.ok(inner.x + inner.width <= outer.x + outer.width, `a chip of ${inner.width} px in a step of ${outer.width} px`);
  await accessible(page, 'groups on the phone');
  await picture(page, 'rule-groups-phone');
  await clean(page);
  await page.context().close();
});
