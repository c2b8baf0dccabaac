// The session is over while something is half written: nothing typed is lost, and the page says what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordOf } from '../lib/company.mjs';
import { accessible, becomes, clean, customer, fits, focused, holds, many, picture, saved, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const dialog = (page) => page.getByRole('dialog', { name: '请重新登录' });
async function again(page) {
  await dialog(page).getByLabel('密码', { exact: true }).fill(passwordOf('rep'));
  await dialog(page).getByRole('button', { name: '登录', exact: true }).click();
  await dialog(page).waitFor({ state: 'detached' });
}
/** Signed out elsewhere: the server knows the session no more. */
const end = async (page) => assert.equal(await page.evaluate(async () => { const me = await (await fetch('/api/v1/me')).json(); return (await fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-CSRF-Token': me.csrf } })).status; }), 204);

test('a follow-up: kept though the sign-in is put off, and saved after it', async () => {
  const rep = await it.server.login('rep', passwordOf('rep'));
  const c = await customer(rep);
  const page = await signedIn(it, 'rep', { phone: true });
  await page.goto(`${it.server.url}/e/customers/${c.id}`);
  await page.getByLabel('沟通内容').click();
  await page.getByLabel('沟通内容').fill('王总要两台样机，月底前到货');
  await page.getByLabel('客户需求').fill('两台样机');
  await page.getByLabel('下一步计划').fill('周五寄样');
  await settled(page);
  await end(page);
  await page.getByRole('button', { name: '保存跟进' }).click();
  await dialog(page).waitFor();
  await accessible(page, 'sign in again');
  await fits(page, 'sign in again');
  await picture(page, 'session-over-phone');
  await page.keyboard.press('Escape');
  await page.getByText('还没有重新登录，没有保存。填写的内容还在，请再保存一次并登录。').first().waitFor();
  await holds(page.getByLabel('沟通内容'), '王总要两台样机，月底前到货');
  await picture(page, 'session-over-put-off-phone');
  // the page is loaded anew: what was typed is there behind the sign-in
  await page.reload();
  await page.getByLabel('登录名').fill('rep');
  await page.getByLabel('密码', { exact: true }).fill(passwordOf('rep'));
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByLabel('客户需求').waitFor();
  await holds(page.getByLabel('沟通内容'), '王总要两台样机，月底前到货');
  await holds(page.getByLabel('客户需求'), '两台样机');
  await settled(page);
  await end(page);
  await page.getByRole('button', { name: '保存跟进' }).click();
  await dialog(page).waitFor();
  await again(page);
  await becomes(async () => (await rep.get(`/follow-ups?filter=${encodeURIComponent(JSON.stringify(['customer', '=', c.id]))}`)).json.data.length, 1);
  await clean(page, { refused: [401] });
  await page.context().close();
});

test('the line for a task: no dialog between two keys, the line is there after a reload', async () => {
  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/tasks`);
  const line = page.getByRole('textbox', { name: '添加任务' });
  await line.waitFor();
  await settled(page);
  await end(page);
  await line.pressSequentially('明天上午给王总送样', { delay: 120 });
  await many(dialog(page), 0);
  await focused(line);
  await holds(line, '明天上午给王总送样');
  await page.reload();
  await page.getByLabel('登录名').fill('rep');
  await page.getByLabel('密码', { exact: true }).fill(passwordOf('rep'));
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(/\/tasks$/);
  await holds(line, '明天上午给王总送样');
  await end(page);
  await line.press('Enter');
  await dialog(page).waitFor();
  await again(page);
  await page.getByText(/^已添加：/).waitFor();
  await holds(line, '');
  await clean(page, { refused: [401] });
  await page.context().close();
});

test('somebody else signs in at the same browser: what was typed is not kept as his', async () => {
  const page = await signedIn(it, 'rep', { live: false });
  await page.goto(`${it.server.url}/tasks`);
  const line = page.getByRole('textbox', { name: '添加任务' });
  await line.fill('只属于冯销售的任务');
  await settled(page);
  const other = await page.context().request.post(`${it.server.url}/api/v1/session`, { data: { login: 'rep2', password: passwordOf('rep2') } });
  assert.equal(other.status(), 200);
  await line.press('Enter');
  await dialog(page).getByText('这个浏览器已改由 陈销售 登录').waitFor();
  await picture(page, 'session-other');
  await accessible(page, 'signed in as somebody else');
  await saved(page, 'tasks', () => again(page));
  await page.getByText(/^已添加：/).waitFor();
  const rep = await it.server.login('rep', passwordOf('rep'));
  const made = (await rep.get('/tasks?q=只属于冯销售')).json.data;
  assert.deepEqual(made.map((t) => t.owner?.label ?? t.assignee?.label), ['冯销售']);
  await clean(page, { refused: [401, 403] });
  await page.context().close();
});

test('somebody else signs in in another window: this one says so before it shows what he may read', async () => {
  const page = await signedIn(it, 'rep', { live: false });
  await page.goto(`${it.server.url}/e/customers`);
  await settled(page);
  const window2 = await page.context().newPage();
  await window2.goto(`${it.server.url}/login`);
  await window2.getByLabel('登录名').fill('rep2');
  await window2.getByLabel('密码', { exact: true }).fill(passwordOf('rep2'));
  await window2.getByRole('button', { name: '登录', exact: true }).click();
  await dialog(page).getByText('这个浏览器已改由 陈销售 登录').waitFor();
  await many(dialog(window2), 0);
  await window2.close();
  await again(page);
  assert.equal(await page.evaluate(async () => (await (await fetch('/api/v1/me')).json()).user.login), 'rep');
  await clean(page);
  await page.context().close();
});
