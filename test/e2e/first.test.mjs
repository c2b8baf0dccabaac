// The first sign-in: by the one-time password a new installation prints, and with a password somebody else chose. Before the
// own one is set the server answers nothing else, and the page asks for nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newPage, openBrowser } from '../lib/browser.mjs';
import { startServer } from '../lib/index.mjs';
import { accessible, becomes, clean, picture } from './lib/journey.mjs';

const given = 'Vom-Chef-gewaehlt-2026', own = 'Selbst-gewaehlt-2026';
let server, browser, token;
before(async () => {
  server = await startServer({ init: false });
  token = (await server.cliOk('init')).stdout.match(/^[\w-]{22}$/m)?.[0];
  await server.importUsers({ departments: [{ code: 'S', name: '销售部' }], users: [{ login: 'xin', name: '新人', password: given, department: 'S', roles: ['sales_rep'], must_change: true }] });
  await server.launch();
  browser = await openBrowser();
});
after(async () => { await browser?.close(); await server?.stop(); });

async function enter(page, login, password) {
  await page.getByLabel('登录名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.getByRole('button', { name: '登录', exact: true }).click();
}

test('the administrator of a new house signs in by the one-time password and chooses his own', async () => {
  assert.ok(token, 'init prints it');
  const page = await newPage(browser);
  await page.goto(`${server.url}/admin/users`);
  await enter(page, 'admin', token);
  await page.getByRole('heading', { name: '设置密码' }).waitFor();
  await page.getByText('为账号 admin 设置新密码').waitFor();
  assert.equal(await page.getByLabel('当前密码').count(), 0, 'there is no password yet');
  await accessible(page, 'first password');
  await picture(page, 'first-password');
  // neither another address nor a new loading leads past it, and nothing is lost by them
  await page.goto(`${server.url}/e/customers`);
  await page.getByText('为账号 admin 设置新密码').waitFor();
  await page.reload();
  const next = page.getByLabel('新密码', { exact: true }), again = page.getByLabel('再次输入新密码');
  await next.fill('zu-kurz');
  await again.fill('zu-kurz');
  await page.getByRole('button', { name: '保存新密码' }).click();
  await becomes(() => page.getByRole('alert').innerText(), /12/, 'the rule');
  await next.fill(own);
  await again.fill(own);
  await page.getByRole('button', { name: '保存新密码' }).click();
  await page.waitForURL(`${server.url}/e/customers`);
  await page.getByRole('heading', { name: '客户', level: 1 }).waitFor();
  await clean(page);
  await page.context().close();
});

test('who was given a password types it once more, and is in', async () => {
  const page = await newPage(browser);
  await page.goto(`${server.url}/login`);
  await enter(page, 'xin', given);
  await page.getByText('为账号 xin 设置新密码').waitFor();
  await page.getByLabel('当前密码').fill('falsch-falsch-falsch');
  await page.getByLabel('新密码', { exact: true }).fill(own);
  await page.getByLabel('再次输入新密码').fill(own);
  await page.getByRole('button', { name: '保存新密码' }).click();
  await becomes(() => page.getByRole('alert').innerText(), /密码/);
  await clean(page, { refused: [422] });
  await page.getByLabel('当前密码').fill(given);
  await page.getByRole('button', { name: '保存新密码' }).click();
  await page.waitForURL(`${server.url}/`);
  await page.getByRole('heading', { name: /新人/ }).waitFor();
  await clean(page);
  await page.context().close();
});
