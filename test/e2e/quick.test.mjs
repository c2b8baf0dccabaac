// Creating without duplicates: search first, a pasted block, recent values, asking the owner; with three clicks
// and by the keyboard alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCompany } from '../lib/index.mjs';
import { accessible, becomes, choose, clean, customer, fits, holds, looks, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const openNew = async (page) => {
  await page.goto(`${it.server.url}/e/customers`);
  await page.getByRole('link', { name: '新建客户' }).first().click();
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('.layer')?.contains(document.activeElement) && document.activeElement.matches('input, textarea'));
  return form;
};
const block = '王建国 总经理\n湖州明德机械有限公司\n电话：0572-2123456 手机：13805729001\nwjg@mingde.cn\n地址：浙江省湖州市吴兴区织里镇富民路9号\n做注塑机的，年底要上两条线';

test('a pasted block becomes a customer with its contact; nothing of it is lost', async () => {
  const page = await signedIn(it);
  const form = await openNew(page);
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, block);
  await form.getByText(/已填写：.*客户名称/).waitFor();
  for (const [label, text] of Object.entries({ 客户名称: '湖州明德机械有限公司', 姓名: '王建国', 手机: '13805729001', 邮箱: 'wjg@mingde.cn', 备注: /年底要上两条线/ }))
    await holds(form.getByLabel(label, { exact: true }), text, `${label}: nothing is saved unseen`);
  await choose(page, form, '所属行业', '制造业');
  await choose(page, form, '信息来源', '展会');
  await accessible(page, 'quick create');
  await picture(page, 'quick-light');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  const admin = await it.server.admin();
  const saved = (await admin.get(`/customers/${page.url().split('/').pop()}`)).json;
  assert.equal(saved.phone, '0572-2123456');
  assert.equal(saved.region.id, 330502);
  const person = (await admin.get(`/contacts/${saved.main_contact.id}`)).json;
  assert.deepEqual([person.name, person.title, person.mobile, person.email], ['王建国', '总经理', '13805729001', 'wjg@mingde.cn']);
  await clean(page);

  // what was chosen last is one click away, until one signs out
  const again = await openNew(page);
  await again.getByLabel('客户名称', { exact: true }).fill('湖州第二家有限公司');
  await again.getByLabel('联系方式', { exact: true }).fill('0572-2123477');
  await again.getByLabel('姓名', { exact: true }).fill('李四');
  let clicks = 1; // the link
  await again.locator('[data-field=industry]').getByRole('button', { name: '制造业' }).click(); clicks++;
  await again.locator('[data-field=source]').getByRole('button', { name: '展会' }).click(); clicks++;
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  assert.ok(clicks <= 3, `${clicks} clicks`);
  await becomes(async () => (await page.evaluate(() => Object.keys(localStorage))).some((k) => k.includes('.values.')), true);
  await page.getByRole('button', { name: /管理员.*账号|账号.*管理员|账户/ }).click();
  await page.getByRole('menuitem', { name: '退出登录' }).click();
  await page.waitForURL(/\/login/);
  await becomes(async () => (await page.evaluate(() => Object.keys(localStorage))).some((k) => k.includes('.values.')), false, 'gone with the sign-out');
  await clean(page);
  await page.context().close();
});

test('a customer by the keyboard alone', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/customers/new`);
  const form = page.getByRole('dialog', { name: '新建客户' });
  await form.waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('[data-field=name]'));
  await page.keyboard.type('键盘新建有限公司');
  for (const [label, text] of [['所属行业'], ['信息来源'], ['姓名', '赵六'], ['联系方式', '0571-88001122']]) {
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press('Tab');
      if (await form.getByLabel(label, { exact: true }).evaluate((e) => e === document.activeElement)) break;
    }
    assert.ok(await form.getByLabel(label, { exact: true }).evaluate((e) => e === document.activeElement), `${label} is reached by Tab`);
    if (text) { await page.keyboard.type(text); continue; }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
  }
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  await clean(page);
  await page.context().close();
});

test('what is there is shown while typing; a foreign one by its owner, who is asked', async () => {
  const people = await makeCompany(it.server, { only: ['rep', 'rep2'] });
  const mine = await customer(people.rep, { name: '查重自己的有限公司' });
  const theirs = await customer(people.rep2, { name: '查重别人的有限公司', phone: '13912340077' });
  const page = await signedIn(it, 'rep');
  const form = await openNew(page);
  const name = form.getByLabel('客户名称', { exact: true });
  await name.fill('查重自己的有限公');
  await form.getByText('可能已存在').waitFor({ state: 'detached' });
  await name.fill('查重自己的有限公司');
  await becomes(() => form.getByRole('link', { name: mine.name }).getAttribute('href'), `/e/customers/${mine.id}`);
  await form.getByRole('button', { name: '仍要新建' }).waitFor();
  await name.fill('另外一家');
  await form.getByLabel('联系方式', { exact: true }).fill(theirs.phone);
  await form.getByText('负责人 陈销售').waitFor();
  assert.ok(!(await form.innerText()).includes(theirs.name), 'its name is not told');
  await form.getByRole('button', { name: '询问负责人' }).click();
  await page.locator('.dups input:focus, .dups textarea:focus').waitFor();
  await page.keyboard.type('这家找到我了，能转给我吗');
  await picture(page, 'quick-ask');
  await page.keyboard.press('Enter');
  await page.getByText('已请 陈销售 确认').waitFor();
  await becomes(async () => (await people.rep2.get('/tasks')).json.data.some((x) => x.title.includes('冯销售') && x.customer.id === theirs.id), true, 'the task of the owner');
  await form.getByRole('button', { name: '全部字段' }).click();
  await holds(form.getByLabel('客户名称', { exact: true }), '另外一家', 'what was typed goes along');
  await clean(page);
  await page.context().close();
});

for (const [mode, options] of Object.entries({ dark: { dark: true }, phone: { phone: true } }))
  test(`the dialog, ${mode}`, async () => {
    const page = await signedIn(it, 'admin', options);
    await page.goto(`${it.server.url}/e/customers/new`);
    const form = page.getByRole('dialog', { name: '新建客户' });
    await form.getByLabel('粘贴联系信息').fill(block);
    await form.getByRole('button', { name: '识别', exact: true }).click();
    await form.getByText(/已填写/).waitFor();
    await form.getByText('可能已存在').waitFor();
    await settled(page);
    await accessible(page, mode);
    await fits(page, mode);
    await picture(page, `quick-${mode}`);
    await clean(page);
    await page.context().close();
  });

test('a file of vCards: one after the other; a contact as QR code and file', async () => {
  const page = await signedIn(it, 'admin');
  const form = await openNew(page);
  // as an old telephone writes it: GBK in quoted-printable
  const card = (name, phone) => `BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:${name};;;\r\nORG:Card ${phone} Ltd\r\nTEL;CELL:${phone}\r\nEND:VCARD\r\n`;
  await form.locator('input[type=file]').setInputFiles({ name: 'cards.vcf', mimeType: 'text/vcard', buffer: Buffer.from(card('=CD=F5=B7=BC', '13805726001') + card('=C0=EE=C4=C8', '13805726002')) });
  await form.getByText('还有 1 张名片').waitFor();
  const next = async (person) => {
    await page.waitForFunction((n) => document.querySelector('[data-field="primary_contact.name"] input')?.value === n, person);
    await choose(page, form, '所属行业', '制造业');
    await choose(page, form, '信息来源', '展会');
    await page.keyboard.press('Control+Enter');
  };
  await next('王芳');
  await next('李娜');
  await page.waitForURL(/\/e\/customers\/\d+$/);
  const admin = await it.server.admin();
  const saved = (await admin.get(`/customers/${page.url().split('/').pop()}`)).json;
  assert.equal(saved.main_contact.label, '李娜');
  await page.goto(`${it.server.url}/e/contacts/${saved.main_contact.id}`);
  await page.getByRole('heading', { level: 1, name: '李娜' }).waitFor();
  await many(page.getByRole('button', { name: '识别联系信息' }), 0, 'an action of the entity is none of the record');
  await page.getByRole('button', { name: '电子名片' }).click();
  const dialog = page.getByRole('dialog', { name: /电子名片/ });
  await dialog.getByRole('img', { name: '名片二维码' }).waitFor();
  await accessible(page, 'card');
  await picture(page, 'quick-card');
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: '下载名片' }).click()]);
  assert.equal(file.suggestedFilename(), '李娜.vcf');
  await clean(page);
  await page.context().close();
});

test('where the company does not want the search first, the whole form opens; English is complete', async () => {
  const admin = await it.server.admin();
  const set = async (value) => { const answer = await admin.patch('/settings', { 'customer.search_first': String(value) }); assert.equal(answer.status, 200, answer.text); };
  const page = await signedIn(it, 'rep2');
  await looks(page, { lang: 'en' });
  await page.goto(`${it.server.url}/e/customers/new`);
  const form = page.getByRole('dialog', { name: 'New Customer' });
  await form.getByLabel('Paste contact details').waitFor();
  assert.doesNotMatch(await form.innerText(), /[\u4e00-\u9fff]/, 'English is complete');
  await set(false);
  await page.reload();
  await form.getByLabel('Annual revenue', { exact: true }).waitFor();
  await many(form.getByLabel('Paste contact details'), 0);
  await set(true);
  await clean(page);
  await page.context().close();
});
