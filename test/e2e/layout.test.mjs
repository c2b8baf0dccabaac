// What a house makes of its pages: a layout for a role that the role then sees, menus hidden, a screenshot pasted and looked at,
// the recycle bin, a look that follows the account.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accessible, becomes, clean, customer, fits, many, picture, settled, signedIn, stage } from './lib/journey.mjs';
import { makeCompany } from '../lib/company.mjs';

const it = stage({ demo: 20 });
const png = readFileSync(new URL('../../fuzz/corpus/picture/rgb.png', import.meta.url));
const here = () => it.server.url;

test('a layout for a role: by keyboard and mouse, seen by that role, not by another, and back to default', async () => {
  const page = await signedIn(it);
  // Tall enough that nothing scrolls between taking a field and dropping it.
  await page.setViewportSize({ width: 1280, height: 2400 });
  await page.goto(`${here()}/admin/layouts?entity=customer`);
  await page.getByLabel('适用角色').selectOption('sales_rep');
  const list = page.getByRole('region', { name: '列表', exact: true });
  await list.getByRole('button', { name: '隐藏 信息来源' }).or(list.getByRole('button', { name: '隐藏 负责人' })).first().click();
  await page.getByRole('button', { name: '显示 简称' }).click();
  await list.locator('li').filter({ hasText: /^简称/ }).waitFor();
  // by keyboard: up until it stands second
  for (let i = 0; i < 30; i++) {
    const names = await list.locator('li').allInnerTexts();
    if (names.findIndex((n) => n.startsWith('简称')) <= 1) break;
    await list.getByRole('button', { name: '上移 简称' }).focus();
    await page.keyboard.press('Enter');
  }
  await becomes(async () => (await list.locator('li').allInnerTexts())[1], /^简称/);
  await page.getByRole('region', { name: '预览' }).first().getByRole('columnheader', { name: '简称' }).waitFor();
  await accessible(page, 'layouts, list');
  await picture(page, 'layouts-list');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('已保存').first().waitFor();
  await page.getByRole('button', { name: '恢复默认' }).waitFor();

  // a form: a section of its own, a field dragged into it, a required one that cannot go
  await page.getByRole('tab', { name: '表单' }).click();
  await page.getByRole('button', { name: '新增分组' }).click();
  const added = page.getByRole('region', { name: '分组 新分组' });
  await added.getByLabel('中文名称').fill('销售要点');
  const target = page.getByRole('region', { name: '分组 销售要点' });
  await page.locator('.layout-list li[data-field="level"]').dragTo(target.locator('.layout-list'));
  await target.locator('li[data-field="level"]').waitFor();
  assert.ok(await page.getByRole('button', { name: '隐藏 客户名称', exact: true }).isDisabled());
  await picture(page, 'layouts-form');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('button', { name: '恢复默认' }).waitFor();

  const rep = await signedIn(it, 'rep');
  await rep.goto(`${here()}/e/customers`);
  await rep.getByRole('columnheader', { name: '简称' }).waitFor();
  await rep.goto(`${here()}/e/customers/new`);
  const form = rep.getByRole('dialog', { name: '新建客户' });
  await form.getByRole('button', { name: '全部字段' }).click();
  await form.getByRole('group', { name: '销售要点' }).getByText('客户级别').or(form.getByRole('group', { name: '销售要点' }).locator('[data-field="level"]')).first().waitFor();
  await clean(rep);
  await rep.context().close();
  const other = await signedIn(it, 'manager');
  await other.goto(`${here()}/e/customers`);
  await other.getByRole('columnheader', { name: '客户名称' }).waitFor();
  await many(other.getByRole('columnheader', { name: '简称' }), 0);
  await other.context().close();

  for (const tab of ['表单', '列表']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('button', { name: '恢复默认' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: '恢复默认' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await many(page.getByRole('button', { name: '恢复默认' }), 0);
  }
  await clean(page);
  await page.context().close();
});

test('layouts fit the phone and the dark', async () => {
  for (const options of [{ phone: true }, { dark: true }]) {
    const page = await signedIn(it, 'admin', options);
    for (const kind of ['list', 'form', 'card', 'detail']) {
      await page.goto(`${here()}/admin/layouts?kind=${kind}`);
      await page.locator('.layout-list li').first().waitFor();
      await settled(page, 3);
      await accessible(page, `layouts ${kind}`);
      await fits(page, `layouts ${kind}`);
    }
    await picture(page, `layouts-${options.phone ? 'phone' : 'dark'}`);
    await clean(page);
    await page.context().close();
  }
});

test('a menu hidden for a role is gone from its menu, and only from there', async () => {
  const people = await makeCompany(it.server, { only: ['secadmin'] });
  const page = await signedIn(it, 'secadmin');
  await page.goto(`${here()}/admin/roles`);
  await page.getByRole('button', { name: /销售专员/ }).click();
  const menus = page.getByRole('group', { name: '隐藏的菜单' });
  await menus.waitFor();
  await accessible(page, 'roles with menus');
  const roles = (await people.secadmin.get('/roles?limit=100&fields=code')).json.data;
  const id = roles.find((r) => r.code === 'sales_rep').id;
  assert.equal((await people.secadmin.patchNow(`/roles/${id}`, { hidden_menus: ['follow_up'] })).status, 200);
  const rep = await signedIn(it, 'rep');
  const menu = rep.getByRole('navigation', { name: '主菜单' });
  await menu.getByRole('link', { name: '客户', exact: true }).waitFor();
  await many(menu.getByRole('link', { name: /^跟进/ }), 0);
  await rep.goto(`${here()}/e/follow-ups`);
  await rep.getByRole('heading', { level: 1, name: /跟进/ }).waitFor();
  await rep.context().close();
  assert.equal((await people.secadmin.patchNow(`/roles/${id}`, { hidden_menus: null })).status, 200);
  await page.context().close();
});

test('a screenshot is pasted onto a record, shown, looked at by keyboard; a second one dropped', async () => {
  const one = await customer(await it.server.admin());
  const page = await signedIn(it);
  await page.goto(`${here()}/e/customers/${one.id}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await settled(page);
  const bring = (kind) => page.evaluate(({ kind: type, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (ch) => ch.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], type === 'paste' ? 'image.png' : '现场.png', { type: 'image/png' }));
    const event = type === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
    (document.querySelector('main') ?? document.body).dispatchEvent(event);
  }, { kind, base64: png.toString('base64') });
  await bring('paste');
  await page.getByRole('button', { name: /^查看图片 截图 / }).waitFor();
  await becomes(() => page.getByRole('tab', { name: '附件' }).or(page.getByRole('tab', { name: '文件' })).first().getAttribute('aria-selected'), 'true');
  await bring('drop');
  await page.getByRole('button', { name: '查看图片 现场.png' }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('.thumbs img')].length === 2 && [...document.querySelectorAll('.thumbs img')].every((i) => i.complete && i.naturalWidth === 40));
  await accessible(page, 'files');
  await picture(page, 'files');
  await page.getByRole('button', { name: '查看图片 现场.png' }).click();
  const box = page.getByRole('dialog', { name: '现场.png' });
  await box.getByRole('img').waitFor();
  await page.waitForFunction(() => document.querySelector('.lightbox img')?.naturalWidth === 40);
  await accessible(page, 'lightbox');
  await picture(page, 'lightbox');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('dialog', { name: /^截图/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await clean(page);
  await page.context().close();
});

test('a large upload can be stopped', async () => {
  const one = await customer(await it.server.admin());
  const page = await signedIn(it);
  await page.goto(`${here()}/e/customers/${one.id}`);
  await page.getByRole('tab', { name: /附件|文件/ }).click();
  await page.getByText('把文件拖到页面上').waitFor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 20, downloadThroughput: 1e6, uploadThroughput: 200_000 });
  await page.locator('input[type=file]').setInputFiles({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(8 << 20, 1) });
  await page.getByRole('progressbar', { name: 'large.bin' }).waitFor();
  await page.getByRole('button', { name: '取消上传 large.bin' }).click();
  await page.getByText('已取消上传 large.bin').waitFor();
  await many(page.getByRole('link', { name: 'large.bin' }), 0);
  await page.context().close();
});

test('the recycle bin: who deleted what, and back with it', async () => {
  const boss = (await makeCompany(it.server, { only: ['boss'] })).boss;
  const one = await customer(boss, { name: '误删贸易有限公司' });
  assert.equal((await boss.delNow(`/customers/${one.id}`)).status, 204);
  for (const options of [{}, { phone: true }]) {
    const page = await signedIn(it, 'boss', options);
    await page.goto(`${here()}/bin?entity=customer`);
    const row = page.getByRole('row').filter({ hasText: '误删贸易有限公司' });
    await row.getByText('钱总').waitFor();
    await row.getByText('30 天后').waitFor();
    await accessible(page, 'bin');
    await fits(page, 'bin');
    await picture(page, options.phone ? 'bin-phone' : 'bin');
    if (options.phone) {
      await row.getByRole('button', { name: /恢复/ }).click();
      await row.waitFor({ state: 'detached' });
      assert.equal((await boss.get(`/customers/${one.id}`)).status, 200);
    }
    await clean(page);
    await page.context().close();
  }
});

test('theme, density and size of text follow the account to another browser', async () => {
  const page = await signedIn(it, 'rep2');
  await page.goto(`${here()}/me`);
  await page.getByLabel('字号').selectOption('large');
  await page.getByLabel('密度').or(page.getByLabel('行高')).first().selectOption('comfortable');
  const saved = page.waitForResponse((r) => r.url().endsWith('/api/v1/me') && r.request().method() === 'PATCH' && /"dark"/.test(r.request().postData()));
  await page.getByLabel('主题').or(page.getByLabel('外观')).and(page.locator('select')).first().selectOption('dark');
  assert.equal((await saved).status(), 200);
  const size = () => page.evaluate(() => getComputedStyle(document.querySelector('h1')).fontSize);
  await becomes(size, '23px');
  await accessible(page, 'me, large and dark');
  await picture(page, 'me-large-dark');
  await clean(page);
  await page.context().close();
  const again = await signedIn(it, 'rep2');
  await again.waitForFunction(() => document.documentElement.dataset.theme === 'dark' && document.documentElement.dataset.size === 'large' && document.documentElement.dataset.density === 'comfortable');
  await again.goto(`${here()}/e/customers`);
  await again.getByRole('columnheader', { name: '客户名称' }).waitFor();
  await fits(again, 'list, large');
  await picture(again, 'list-large');
  await again.context().close();
  const phone = await signedIn(it, 'rep2', { phone: true });
  await phone.goto(`${here()}/e/customers`);
  await settled(phone);
  await fits(phone, 'list, large, phone');
  await phone.context().close();
});
