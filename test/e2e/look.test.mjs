// Every route, light and dark, on the desk and on the phone: no violation of accessibility, of the
// content policy, nothing in the console, no sideways scrolling. And language and theme switch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPage } from '../lib/browser.mjs';
import { accessible, clean, customer, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage({ demo: 60 });
const routes = {
  home: '/', list: '/e/customers', contacts: '/e/contacts', followups: '/e/follow-ups', tasks: '/e/tasks', new: '/e/customers/new', import: '/import', jobs: '/jobs', me: '/me', settings: '/admin/settings',
  fields: '/admin/fields', layouts: '/admin/layouts', bin: '/bin', dictionary: '/admin/dictionary', audit: '/admin/audit', users: '/admin/users', departments: '/admin/departments', roles: '/admin/roles', lost: '/no/such/page', gone: '/e/customers/1',
};

for (const [mode, options] of Object.entries({ light: {}, dark: { dark: true }, phone: { phone: true } })) {
  test(`every route, ${mode}`, async () => {
    const one = await customer(await it.server.admin());
    const page = await signedIn(it, 'admin', options);
    for (const [name, path] of Object.entries({ ...routes, detail: `/e/customers/${one.id}` })) {
      await page.goto(it.server.url + path);
      await settled(page);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await accessible(page, `${mode} ${name}`);
      await fits(page, `${mode} ${name}`);
      await picture(page, `${mode}-${name}`);
      clean(page, { refused: name === 'gone' ? [404] : [] });
    }
    await page.context().close();
  });
}

test('sign-in page, light and dark', async () => {
  for (const dark of [false, true]) {
    const page = await newPage(it.browser, { dark });
    await page.goto(`${it.server.url}/login`);
    await page.getByLabel('登录名').waitFor();
    await accessible(page, `login ${dark ? 'dark' : 'light'}`);
    await picture(page, `login-${dark ? 'dark' : 'light'}`);
    clean(page);
    await page.context().close();
  }
});

test('language and theme switch, and stay after a reload', async () => {
  // The language is kept with the account: not the account of another journey.
  const page = await signedIn(it, 'rep2');
  await page.getByRole('button', { name: '外观' }).click();
  await page.getByRole('menuitemradio', { name: '深色' }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await page.getByRole('link', { name: 'Customer', exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.reload();
  await page.getByRole('link', { name: 'Customer', exact: true }).click();
  await page.getByRole('columnheader', { name: 'Industry' }).waitFor();
  const text = await page.locator('.page-head, .filter-bar, .list-foot, .side').allInnerTexts();
  assert.doesNotMatch(text.join(' ').replace('知客', ''), /[\u4e00-\u9fff]/, 'English is complete');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await accessible(page, 'English, dark');
  clean(page);
  await page.context().close();
});

test('on the phone: cards, the bottom bar, a form over the whole window', async () => {
  const page = await signedIn(it, 'admin', { phone: true });
  await page.getByRole('navigation', { name: '快捷菜单' }).getByRole('link', { name: '客户', exact: true }).click();
  await page.locator('.rec-card').nth(3).waitFor();
  assert.equal(await page.getByRole('grid').count(), 0);
  await page.getByRole('link', { name: '新建客户' }).first().click();
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.waitFor();
  await page.waitForTimeout(300);
  assert.equal((await form.boundingBox()).width, 390);
  await fits(page, 'form');
  await form.getByRole('button', { name: '取消' }).click();
  await page.getByRole('button', { name: '更多', exact: true }).click();
  await page.getByRole('navigation', { name: '主菜单' }).getByRole('link', { name: '任务', exact: true }).click();
  await page.waitForURL(/\/e\/tasks$/);
  await fits(page, 'tasks');
  clean(page);
  await page.context().close();
});

test('a role without rights is not offered what it may not do', async () => {
  const page = await signedIn(it, 'rep');
  const menu = page.getByRole('navigation', { name: '主菜单' });
  await menu.getByRole('link', { name: '客户', exact: true }).waitFor();
  assert.equal(await menu.getByRole('link', { name: '系统设置' }).count(), 0);
  assert.equal(await menu.getByRole('link', { name: '操作日志' }).count(), 0);
  await menu.getByRole('link', { name: '客户', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /客户/ }).waitFor();
  await settled(page);
  assert.equal(await page.getByRole('button', { name: '导出' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: '回收站' }).count(), 0);
  clean(page);
  await page.context().close();
});
