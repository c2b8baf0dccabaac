// Protected data: the page offers a request where a change is held; whoever has to agree does so in three clicks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/index.mjs';
import { accessible, clean, customer, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();

test('a protected customer is changed by request', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const east = (await admin.get('/departments?limit=50')).json.data.find((d) => d.name === '华东组');
  const manager = (await admin.get('/users?q=manager&limit=50')).json.data.find((u) => u.login === 'manager');
  assert.equal((await admin.patchNow(`/departments/${east.id}`, { manager: manager.id })).status, 200);
  const made = await admin.post('/approval-flows', { name: '重点客户保护', entity: 'customer', on_edit: true, fields: ['name'], filter: ['level', '=', 'key'], steps: [{ who: 'department_head', hours: 24 }] });
  assert.equal(made.status, 201, made.text);
  const rep = await it.server.login('rep', 'Guest-per-2026');
  const one = await customer(rep, { level: 'key' });

  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/e/customers/${one.id}`);
  await page.getByRole('button', { name: '编辑', exact: true }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('客户名称', { exact: true }).fill('旅程改名有限公司');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  const ask = page.getByRole('dialog', { name: '提交《数据变更申请》' });
  await ask.getByText(/重点客户保护/).waitFor();
  await ask.getByLabel(/说明理由/).fill('客户已更名');
  await accessible(page, 'file a request');
  await picture(page, 'approval-file');
  await ask.getByRole('button', { name: '提交《数据变更申请》' }).click();
  await page.getByText('申请已提交').first().waitFor();
  // The record itself tells that something is asked for.
  const asked = page.getByRole('link', { name: '《数据变更申请》：修改数据' });
  await asked.waitFor();
  await settled(page);
  await accessible(page, 'a record with a request');
  await fits(page, 'a record with a request');
  await asked.click();
  await page.getByRole('dialog').getByText('客户已更名').waitFor();
  await page.goto(`${it.server.url}/approvals?tab=filed`);
  await page.getByText(/修改客户/).first().waitFor();
  await settled(page);
  await accessible(page, 'filed');
  await clean(page, { refused: [409] });
  await page.context().close();

  const boss = await signedIn(it, 'manager');
  await boss.getByRole('link', { name: '审批', exact: true }).click();
  await boss.getByRole('button', { name: /修改客户/ }).click();
  await boss.getByRole('cell', { name: '旅程改名有限公司' }).waitFor();
  await settled(boss);
  await accessible(boss, 'a request');
  await picture(boss, 'approval');
  await boss.getByRole('button', { name: '同意', exact: true }).click();
  await boss.getByText('已提交意见').waitFor();
  await until(async () => (await rep.get(`/customers/${one.id}`)).json.name === '旅程改名有限公司', 10_000, 'the change');
  await boss.keyboard.press('Escape');
  await boss.getByText('没有等待您处理的申请').waitFor();
  await clean(boss);
  await boss.context().close();
});

test('the approvals on the phone', async () => {
  const page = await signedIn(it, 'rep', { phone: true });
  await page.goto(`${it.server.url}/approvals?tab=filed`);
  await page.getByRole('button', { name: /修改客户/ }).first().click();
  await page.getByText('已执行').first().waitFor();
  await settled(page);
  await accessible(page, 'phone');
  await fits(page, 'phone');
  await picture(page, 'approval-phone');
  await clean(page);
  await page.context().close();
});

test('out of the recycle bin by request', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const one = await customer(admin, { name: '待批恢复有限公司' });
  assert.equal((await admin.delNow(`/customers/${one.id}`)).status, 204);
  const made = await admin.post('/approval-flows', { name: '恢复须同意', entity: 'customer', on_edit: false, on_delete: false, on_restore: true, filter: ['name', '=', one.name], steps: [{ who: 'role', role: 'management' }] });
  assert.equal(made.status, 201, made.text);
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/bin?entity=customer`);
  await page.getByRole('button', { name: '恢复 待批恢复有限公司' }).click();
  const ask = page.getByRole('dialog', { name: '提交《数据变更申请》' });
  await ask.getByText(/恢复须同意/).waitFor();
  await ask.getByLabel(/说明理由/).fill('误删');
  await ask.getByRole('button', { name: '提交《数据变更申请》' }).click();
  await page.getByText('申请已提交').first().waitFor();
  await page.goto(`${it.server.url}/approvals?tab=filed`);
  await page.getByText('恢复客户：待批恢复有限公司').first().waitFor();
  assert.equal((await admin.get(`/customers/${one.id}`)).status, 404, 'nobody has agreed yet');
  await clean(page, { refused: [409] });
  await page.context().close();
});
