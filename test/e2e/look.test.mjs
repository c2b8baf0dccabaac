// Every route, light and dark, on the desk and on the phone: no violation of accessibility, of the
// content policy, nothing in the console, no sideways scrolling. And language and theme switch.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { axe, newPage } from '../lib/browser.mjs';
import { routesOfPage } from './lib/routes.mjs';
import { accessible, becomes, boxOf, clean, customer, drawn, fits, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage({ demo: 60 });

/** All the router knows; lists of every entity in the menu, one record, one that is gone. */
async function everyRoute(client) {
  const me = (await client.get('/me')).json;
  const one = await customer(client);
  const all = routesOfPage({ plural: me.menus.map((m) => m.plural).filter((p) => !['users', 'departments'].includes(p)), id: [one.id], rest: ['no/such/page'] });
  // A list has one form and one record page, whatever it lists: the first entity, and one that is not there.
  const once = all.filter((r) => !/^\/e\/(?!customers)[^/]+\/(new|\d+)$/.test(r.path));
  return [...once, { name: 'gone', path: '/e/customers/1' }].filter((r) => r.name !== 'login');
}

/** Looks at every route; look(path) makes what is to be said of it. A route that fails does not hide the next one. */
async function walk(page, look) {
  const routes = await everyRoute(await it.server.admin());
  const wrong = [];
  for (const { name, path } of routes) {
    await page.goto(it.server.url + path);
    await settled(page, 4);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    for (const check of [...look(name, path), () => clean(page, { refused: name === 'gone' ? [404] : [] })])
      try { await check(); } catch (error) { wrong.push(`${path}: ${error.message}`); }
  }
  assert.deepEqual(wrong, []);
  assert.ok(routes.length >= 30, `${routes.length} routes`);
}
const named = (name) => name.replaceAll(/[^\w]+/g, '-');

// Side by side: each waits for the other's half of the machine anyway.
describe('every route of the router', { concurrency: 2 }, () => {
  test('in light and dark: accessible, no wider than the window, nothing in the console', async () => {
    const page = await signedIn(it, 'admin');
    await walk(page, (name, path) => ['light', 'dark'].flatMap((colorScheme) => [
      async () => { await page.emulateMedia({ colorScheme }); await page.waitForFunction((c) => document.documentElement.dataset.theme === c, colorScheme); },
      () => picture(page, `${colorScheme}-${named(name)}`),
      // The theme changes colours and nothing else.
      () => accessible(page, `${colorScheme} ${path}`, colorScheme === 'dark' ? ['color-contrast'] : undefined),
      () => fits(page, `${colorScheme} ${path}`),
    ]));
    await page.context().close();
  });

  test('on a phone: 390 pixels are enough, accessible, nothing in the console', async () => {
    const page = await signedIn(it, 'admin', { phone: true });
    await walk(page, (name, path) => [() => picture(page, `phone-${named(name)}`), () => fits(page, `phone ${path}`), () => accessible(page, `phone ${path}`)]);
    await page.context().close();
  });
});

test('sign-in page, light and dark', async () => {
  for (const dark of [false, true]) {
    const page = await newPage(it.browser, { dark });
    await page.goto(`${it.server.url}/login`);
    await page.getByLabel('登录名').waitFor();
    await accessible(page, `login ${dark ? 'dark' : 'light'}`);
    await picture(page, `login-${dark ? 'dark' : 'light'}`);
    await clean(page);
    await page.context().close();
  }
});

test('language and theme switch, and stay after a reload', async () => {
  // The language is kept with the account: not the account of another journey.
  const page = await signedIn(it, 'rep2');
  await page.getByRole('button', { name: '外观' }).click();
  await page.getByRole('menuitemradio', { name: '深色' }).click();
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await becomes(theme, 'dark');
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await page.getByRole('link', { name: 'Customers', exact: true }).waitFor();
  await becomes(() => page.evaluate(() => document.documentElement.lang), 'en');
  await page.reload();
  await page.getByRole('link', { name: 'Customers', exact: true }).click();
  await page.getByRole('columnheader', { name: 'Industry' }).waitFor();
  await settled(page);
  const text = await page.locator('.page-head, .filter-bar, .list-foot, .side').allInnerTexts();
  assert.doesNotMatch(text.join(' ').replace('知客', ''), /[\u4e00-\u9fff]/, 'English is complete');
  await becomes(theme, 'dark');
  await accessible(page, 'English, dark');
  await clean(page);
  await page.context().close();
});

test('on the phone: cards, the bottom bar, a form over the whole window', async () => {
  const page = await signedIn(it, 'admin', { phone: true });
  const bar = page.getByRole('navigation', { name: '快捷菜单' });
  assert.deepEqual((await bar.locator('a, button').allInnerTexts()).map((x) => x.replace(/[\s\d+]/g, '')), ['首页', '客户', '我的任务', '通知', '更多']);
  await picture(page, 'phone-bar');
  await bar.getByRole('link', { name: /^通知/ }).click();
  await page.getByRole('heading', { level: 1, name: '通知' }).waitFor();
  await bar.getByRole('link', { name: '客户', exact: true }).click();
  await page.locator('.rec-card').nth(3).waitFor();
  await many(page.getByRole('grid'), 0);
  await page.getByRole('link', { name: '新建客户' }).first().click();
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.waitFor();
  assert.equal((await boxOf(page, form)).width, 390);
  await fits(page, 'form');
  await form.getByRole('button', { name: '取消' }).click();
  await page.getByRole('button', { name: '更多', exact: true }).click();
  await page.getByRole('navigation', { name: '主菜单' }).getByRole('link', { name: '任务', exact: true }).click();
  await page.waitForURL(/\/e\/tasks$/);
  await settled(page);
  await fits(page, 'tasks');
  await clean(page);
  await page.context().close();
});

test('a role without rights is not offered what it may not do', async () => {
  const page = await signedIn(it, 'rep');
  const menu = page.getByRole('navigation', { name: '主菜单' });
  await menu.getByRole('link', { name: '客户', exact: true }).waitFor();
  await many(menu.getByRole('link', { name: '系统设置' }), 0);
  await many(menu.getByRole('link', { name: '操作日志' }), 0);
  await menu.getByRole('link', { name: '客户', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /客户/ }).waitFor();
  await settled(page);
  await many(page.getByRole('button', { name: '导出' }), 0);
  await many(page.getByRole('button', { name: '回收站' }), 0);
  await clean(page);
  await page.context().close();
});

test('whoever looks at a page here looks when nothing moves, and does not wait for what moves for ever', async () => {
  const page = await newPage(it.browser);
  await page.setContent(`<html lang="zh"><style>
    b { display: inline-block; animation: turn 1s infinite linear; } @keyframes turn { to { transform: rotate(1turn); } }
    button { color: #fff; background: #fff; transition: background 0.5s; } button.on { background: #000; }
    p { color: #eee; transition: color 0.5s; } p.on { color: #000; }</style><b>*</b><button>保存</button><p>一句话</p>`);
  await drawn(page);
  assert.ok((await page.evaluate(() => document.getAnimations().length)) === 1);
  await page.evaluate(() => {
    const button = document.querySelector('button'), text = document.querySelector('p');
    button.ontransitionend = () => text.classList.add('on'); // one begun by the end of another
    button.classList.add('on');
  });
  assert.deepEqual(await axe(page, ['color-contrast']), []);
  // Measured at once, a box that a script has scrolled stands where it was drawn last.
  await page.setContent('<div id="box" style="width:200px;height:100px;overflow:auto"><i id="end" style="display:block;margin-left:900px;width:50px;height:50px"></i></div>');
  await page.evaluate(() => { document.querySelector('#box').scrollLeft = 900; });
  assert.ok((await boxOf(page, page.locator('#end'))).x < 220);
  await page.context().close();
});
