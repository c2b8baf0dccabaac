// Configuration as a file, in the page: export it, drop a file, read the difference, apply, take it back.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { docx, p } from '../lib/docx.mjs';
import { accessible, becomes, clean, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();

test('out and in: difference, who is missing, applied, undone', async () => {
  const page = await signedIn(it, 'admin');
  await page.goto(`${it.server.url}/admin/configuration`);
  await page.getByRole('heading', { level: 1, name: '配置文件' }).waitFor();
  await settled(page);
  await accessible(page, 'configuration');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: '导出配置' }).click()]);
  const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.equal(file.zhike, 'configuration');

  file.settings['company.name'] = '旅程公司';
  file.records.custom_field.push({ entity: 'customer', code: 'berth', label_zh: '车位编号', type: 'string', in_list: true });
  file.records.rule.push({ name: '旅程规则', entity: 'task', owner: 'gone', event: 'updated', enabled: true, actions: [{ do: 'notify', to: ['owner'], title: 'x' }] });
  file.records.channel.push({ kind: 'mail', name: '旅程邮箱', url: 'smtp://127.0.0.1:2525', sender: 'a@example.cn', secret: { to_enter: true } });
  const word = docx(p('合同 {{name}}')), sha256 = createHash('sha256').update(word).digest('hex');
  file.records.print_template.push({ name: '旅程合同', entity: 'customer', kind: 'docx', document: { name: '旅程合同.docx', sha256 } });
  file.files = { [sha256]: word.toString('base64').match(/.{1,76}/g) };
  await page.getByLabel('配置文件', { exact: true }).setInputFiles({ name: '旅程.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) });
  await page.getByText('新增 4 项').waitFor();
  await page.getByText(/有 1 处不能导入/).waitFor();
  await becomes(() => page.getByRole('button', { name: '应用', exact: true }).isDisabled(), true);
  await page.getByLabel('代替“gone”').fill('admin');
  await page.getByRole('button', { name: '重新比较' }).click();
  await page.getByText(/有 1 处不能导入/).waitFor({ state: 'detached' });
  await page.getByText('车位编号').first().waitFor();
  await page.getByText('导入后需要手工填写的密钥').waitFor();
  await page.locator('summary', { hasText: '旅程合同' }).click();
  await page.getByText(`旅程合同.docx (${sha256.slice(0, 8)})`).waitFor();
  await page.getByLabel('移除').check();
  await settled(page);
  await page.getByLabel('保留').check();
  await settled(page);
  await accessible(page, 'difference');
  await picture(page, 'configuration-difference');
  await page.getByRole('button', { name: '应用', exact: true }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel('密码').fill(it.server.adminPassword);
  await ask.getByRole('button', { name: /确认|验证|继续/ }).click();
  await page.getByText(/请填写密钥：.*旅程邮箱/).waitFor();
  const admin = await it.server.admin();
  assert.ok((await admin.get('/schema/customer')).json.fields.some((f) => f.name === 'berth'));

  const template = (await admin.get('/print-templates?limit=100')).json.data.find((x) => x.name === '旅程合同');
  assert.equal((await admin.get(`/print-templates/${template.id}/attachments`)).json.data[0].file_name, '旅程合同.docx');

  await page.getByRole('button', { name: '查看' }).click();
  await page.getByRole('dialog').getByText('旅程规则').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '撤销', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: '撤销', exact: true }).click();
  await page.getByText(/于 .* 撤销/).waitFor();
  assert.ok(!(await admin.get('/schema/customer')).json.fields.some((f) => f.name === 'berth'));
  await clean(page, { refused: [403] });
  await page.context().close();
});

test('on the phone, and what is no file', async () => {
  const page = await signedIn(it, 'admin', { phone: true });
  await page.goto(`${it.server.url}/admin/configuration`);
  await page.getByText('已撤销').first().waitFor();
  await page.getByLabel('配置文件', { exact: true }).setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"zhike":"configuration","format":9}') });
  await page.getByText(/请先升级本程序/).waitFor();
  await settled(page);
  await fits(page, 'a file that is none');
  await page.getByRole('button', { name: '换一个文件' }).click();
  await page.getByLabel('配置文件', { exact: true }).setInputFiles({ name: 'y.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ zhike: 'configuration', format: 1, settings: { 'company.name': '新名字' }, records: { tag: [{ name: '一个很长很长的标签名称用来看看会不会超出屏幕' }] } })) });
  await page.getByText('新名字').waitFor();
  await settled(page);
  await fits(page, 'a difference');
  await accessible(page, 'a difference on the phone');
  await picture(page, 'configuration-phone');
  await clean(page, { refused: [422] });
  await page.context().close();
});
