// Records that are the same: found by the rules for duplicates, laid side by side, merged, and taken apart again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/index.mjs';
import { passwordOf } from '../lib/company.mjs';
import { accessible, becomes, clean, customer, drawn, fits, focused, looks, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();
const url = (path) => `${it.server.url}${path}`;

let n = 0;
/** Two customers that are the same by their number, the second one with more to say; each with a contact of its own. */
async function twins(client, name) {
  const phone = `1390001${String(2000 + ++n)}`;
  const one = await customer(client, { name: `${name}有限公司`, phone, remark: '先录入的一条', primary_contact: { name: '周一', mobile: `1380001${String(3000 + n)}` } });
  const two = await customer(client, { name: `${name}（杭州）有限公司`, phone, website: 'https://example.com', level: 'key', short_name: name, primary_contact: { name: '吴二', mobile: `1380002${String(3000 + n)}` } });
  return [one, two];
}
const choice = (page, name) => page.getByRole('radio', { name });
/** The server said what would move: only then can it be merged. */
const merged = async (page) => {
  await page.getByText(/将转到保留的记录|没有需要转移的关联数据/).waitFor();
  await page.getByRole('button', { name: '合并', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /已合并至/ }).waitFor();
};

test('the list narrows to duplicates in two clicks; ticked, they are merged and taken apart again', async () => {
  const admin = await it.server.admin();
  const [one, two] = await twins(admin, '云雀同号');
  await customer(admin, { name: '独此一家有限公司', phone: '13900012999' });
  const page = await signedIn(it);
  await page.goto(url('/e/customers'));
  await page.getByRole('link', { name: '独此一家有限公司' }).waitFor();
  await page.getByRole('button', { name: '重复', exact: true }).click();
  await page.getByRole('checkbox', { name: '联系方式相同', exact: true }).check();
  await page.getByRole('link', { name: '独此一家有限公司' }).waitFor({ state: 'detached' });
  await many(page.getByRole('link', { name: /云雀同号/ }), 2);
  await page.keyboard.press('Escape');
  // In words, with a way out; a reload shows the same.
  await page.getByText('重复：联系方式相同').waitFor();
  await page.reload();
  await many(page.getByRole('link', { name: /云雀同号/ }), 2);
  await settled(page);
  await accessible(page, 'duplicates');
  await picture(page, 'merge-list');

  await page.getByRole('checkbox', { name: `选择 ${one.name}` }).check();
  const bar = page.getByRole('region', { name: '批量操作' });
  await bar.waitFor();
  assert.equal(await bar.getByRole('button', { name: '合并', exact: true }).count(), 0, 'one alone is nothing to merge');
  await page.getByRole('checkbox', { name: `选择 ${two.name}` }).check();
  await bar.getByRole('button', { name: '合并', exact: true }).click();
  await page.waitForURL(/customers\/merge\?ids=/);
  // The one with more to say is proposed, its values with it; where it is blank, the other's.
  await page.getByText('将转到保留的记录：联系人 1 条').waitFor();
  assert.ok(await choice(page, new RegExp(`^保留 ${two.name.replace(/[（）]/g, '.')}`)).isChecked());
  assert.ok(await choice(page, /^备注：先录入的一条/).isChecked());
  assert.ok(await choice(page, /^客户名称：云雀同号（杭州）有限公司/).isChecked());
  await settled(page);
  await accessible(page, 'side by side');
  await fits(page, 'side by side');
  await picture(page, 'merge');
  await choice(page, /^客户名称：云雀同号有限公司/).check();
  await page.getByText('选用其他记录的 2 项内容').waitFor();
  await merged(page);
  await focused(page.getByRole('heading', { level: 1 }));
  await page.getByText('已转移：联系人 1 条').waitFor();
  const now = (await admin.get(`/customers/${two.id}`)).json;
  assert.deepEqual([now.name, now.remark, now.short_name], [one.name, '先录入的一条', '云雀同号']);
  assert.equal((await admin.get(`/customers/${one.id}`)).status, 404);
  await settled(page);
  await accessible(page, 'merged');
  await picture(page, 'merge-done');

  await page.getByRole('button', { name: '撤销合并', exact: true }).click();
  const ask = page.getByRole('dialog', { name: '撤销这次合并？' });
  await ask.getByRole('button', { name: '撤销合并', exact: true }).waitFor();
  await settled(page);
  await accessible(page, 'the question before the undo');
  await ask.getByRole('button', { name: '撤销合并', exact: true }).click();
  await ask.waitFor({ state: 'detached' });
  await page.getByText('将转到保留的记录：联系人 1 条').waitFor();
  assert.equal((await admin.get(`/customers/${one.id}`)).json.name, one.name);
  assert.equal((await admin.get(`/customers/${two.id}`)).json.name, two.name);
  await clean(page);
  await page.context().close();
});

test('from the page of a record to its duplicate; where it went, and back from the timeline', async () => {
  const admin = await it.server.admin();
  const [one, two] = await twins(admin, '青禾同号');
  const page = await signedIn(it);
  await page.goto(url(`/e/customers/${one.id}`));
  await page.getByRole('heading', { level: 1, name: one.name }).waitFor();
  await page.getByRole('button', { name: '更多', exact: true }).first().click();
  await page.getByRole('menuitem', { name: '合并…', exact: true }).click();
  await page.getByText('请再加入至少一条要与它合并的客户').waitFor();
  await page.getByRole('button', { name: `加入 ${two.name}` }).waitFor();
  await settled(page);
  await accessible(page, 'a record looks for its other half');
  await picture(page, 'merge-one');
  await page.getByRole('button', { name: `加入 ${two.name}` }).click();
  await choice(page, new RegExp(`^保留 ${one.name}`)).check();
  await choice(page, /^网址：.*example/).waitFor();
  await becomes(() => choice(page, /^网址：.*example/).isChecked(), true);
  await merged(page);
  await page.getByRole('link', { name: `打开“${one.name}”` }).click();
  await page.getByRole('heading', { level: 1, name: one.name }).waitFor();
  const told = page.getByRole('listitem').filter({ hasText: `并入：${two.number}` });
  await told.waitFor();
  await settled(page);
  await accessible(page, 'a timeline that tells of a merge');
  await picture(page, 'merge-timeline');

  // The address of the other one says where it went.
  await page.goto(url(`/e/customers/${two.id}`));
  await page.getByRole('heading', { level: 1, name: new RegExp(`已合并至“${one.name}”`) }).waitFor();
  await page.getByRole('button', { name: '撤销合并', exact: true }).waitFor();
  await settled(page);
  await accessible(page, 'a record that went');
  await picture(page, 'merge-went');
  await page.getByRole('link', { name: '打开保留的记录' }).click();
  await page.getByRole('heading', { level: 1, name: one.name }).waitFor();
  // The bin offers no plain way back for it.
  await page.goto(url('/bin?entity=customer'));
  await page.getByRole('button', { name: `撤销合并 ${two.name}` }).waitFor();
  assert.equal(await page.getByRole('button', { name: `恢复 ${two.name}` }).count(), 0);
  await page.getByRole('link', { name: one.name }).waitFor();
  await settled(page);
  await accessible(page, 'the bin');
  await picture(page, 'merge-bin');

  await page.goto(url(`/e/customers/${one.id}`));
  await told.getByRole('button', { name: '撤销合并', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '撤销合并', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('listitem').filter({ hasText: `恢复：${two.number}` }).waitFor();
  await many(page.getByRole('listitem').getByRole('button', { name: '撤销合并', exact: true }), 0);
  assert.equal((await admin.get(`/customers/${two.id}`)).status, 200);
  await clean(page, { refused: [404] });
  await page.context().close();
});

test('by the keyboard alone, from the palette, in the dark', async () => {
  const admin = await it.server.admin();
  const [one, two] = await twins(admin, '白露同号');
  const page = await signedIn(it, 'admin', { dark: true });
  await page.goto(url(`/e/customers/merge?ids=${one.id},${two.id}`));
  await page.getByText('将转到保留的记录：联系人 1 条').waitFor();
  await settled(page);
  await accessible(page, 'side by side in the dark');
  await picture(page, 'merge-dark');
  const survivor = choice(page, new RegExp(`^保留 ${two.name.replace(/[（）]/g, '.')}`));
  await survivor.focus();
  await page.keyboard.press('ArrowLeft');
  await becomes(() => choice(page, new RegExp(`^保留 ${one.name}`)).isChecked(), true, 'the arrow chooses who stays');
  await page.keyboard.press('Tab');
  await focused(choice(page, /^客户名称：白露同号有限公司/), 'Tab goes to the next field');
  await page.keyboard.press('ArrowRight');
  await becomes(() => choice(page, /^客户名称：白露同号（杭州）有限公司/).isChecked(), true);
  await page.getByText('将转到保留的记录：联系人 1 条').waitFor();
  await page.keyboard.press('Control+Enter');
  await focused(page.getByRole('heading', { level: 1, name: /已合并至/ }));
  await settled(page);
  await accessible(page, 'merged in the dark');
  assert.equal((await admin.get(`/customers/${one.id}`)).json.name, two.name);
  // The palette leads there, with what is open.
  await page.goto(url(`/e/customers/${one.id}`));
  await page.getByRole('heading', { level: 1, name: two.name }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('hbkh');
  await page.getByRole('option', { name: '合并客户', exact: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(url(`/e/customers/merge?ids=${one.id}`));
  await page.getByText('请再加入至少一条').waitFor();
  await clean(page);
  await page.context().close();
});

test('on the phone one field after the other', async () => {
  const admin = await it.server.admin();
  const [one, two] = await twins(admin, '长安同号');
  const page = await signedIn(it, 'admin', { phone: true });
  await page.goto(url(`/e/customers/merge?ids=${one.id},${two.id}`));
  await page.getByText('将转到保留的记录：联系人 1 条').waitFor();
  await settled(page);
  await accessible(page, 'merge on a phone');
  await fits(page, 'merge on a phone');
  await picture(page, 'merge-phone');
  await page.getByRole('group', { name: '客户名称' }).getByRole('radio', { name: /长安同号有限公司/ }).check();
  await merged(page);
  assert.equal((await admin.get(`/customers/${two.id}`)).json.name, one.name);
  await fits(page, 'merged on a phone');
  await clean(page);
  await page.context().close();
});

test('contacts are merged by the same page, in English', async () => {
  const admin = await it.server.admin();
  const of = await customer(admin, { name: '两个同名的人有限公司' });
  const make = async (more) => { const made = await admin.post('/contacts', { name: '钱同名', customer: of.id, ...more }); assert.equal(made.status, 201, made.text); return made.json; };
  const one = await make({ mobile: '13800098001', title: '经理' }), two = await make({ mobile: '13800098002', email: 'q@example.com' });
  const page = await signedIn(it);
  await looks(page, { lang: 'en' });
  await page.goto(url(`/e/contacts/merge?ids=${one.id},${two.id}`));
  await page.getByRole('heading', { level: 1, name: 'Merge Contacts', exact: true }).waitFor();
  await page.getByText(/Moves over|Nothing hangs on the others/).waitFor();
  await settled(page);
  await accessible(page, 'contacts side by side');
  await fits(page, 'contacts side by side');
  await picture(page, 'merge-en');
  await page.getByRole('button', { name: 'Merge', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /Merged into/ }).waitFor();
  const left = [await admin.get(`/contacts/${one.id}`), await admin.get(`/contacts/${two.id}`)].filter((x) => x.status === 200);
  assert.deepEqual(left.map((x) => [x.json.title, x.json.email]), [['经理', 'q@example.com']]);
  await looks(page, { lang: 'zh' });
  await page.goto(url('/'));
  await page.getByRole('link', { name: '客户', exact: true }).waitFor();
  await clean(page);
  await page.context().close();
});

test('who may not merge is not offered it', async () => {
  const rep = await it.server.login('rep', passwordOf('rep'));
  const [one, two] = await twins(rep, '代表同号');
  const page = await signedIn(it, 'dept_head');
  await page.goto(url('/e/customers'));
  await page.getByRole('checkbox', { name: `选择 ${one.name}` }).check();
  await page.getByRole('checkbox', { name: `选择 ${two.name}` }).check();
  await page.getByRole('region', { name: '批量操作' }).waitFor();
  assert.equal(await page.getByRole('button', { name: '合并', exact: true }).count(), 0);
  await page.goto(url(`/e/customers/merge?ids=${one.id},${two.id}`));
  await page.getByText('您没有合并客户的权限').waitFor();
  await settled(page);
  await accessible(page, 'no right to merge');
  await clean(page);
  await page.context().close();
});

test('a merge that a flow holds is asked for, read by who agrees, and done', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const made = await admin.post('/approval-flows', { name: '重点客户合并', entity: 'customer', on_edit: false, on_delete: false, on_restore: false, on_merge: true, filter: ['level', '=', 'key'], steps: [{ who: 'user', user: (await admin.get('/users?q=boss&limit=50')).json.data.find((u) => u.login === 'boss').id, hours: 24 }] });
  assert.equal(made.status, 201, made.text);
  const [one, two] = await twins(admin, '须批同号');
  const page = await signedIn(it);
  await page.goto(url(`/e/customers/merge?ids=${one.id},${two.id}`));
  await page.getByText(/受“重点客户合并”保护/).waitFor();
  await choice(page, /^客户名称：须批同号有限公司/).check();
  await page.getByText('选用其他记录的 2 项内容').waitFor();
  const file = page.getByRole('button', { name: '提交《数据变更申请》', exact: true });
  await becomes(() => file.isEnabled(), true);
  await settled(page);
  await accessible(page, 'a merge that is held');
  await picture(page, 'merge-held');
  await file.click();
  const ask = page.getByRole('dialog', { name: '提交《数据变更申请》' });
  await ask.getByText(/重点客户合并/).waitFor();
  await ask.getByLabel(/说明理由/).fill('同一家客户录了两次');
  await ask.getByRole('button', { name: '提交《数据变更申请》' }).click();
  await page.waitForURL(url(`/e/customers/${two.id}`));
  await page.getByRole('link', { name: '《数据变更申请》：合并记录' }).waitFor();
  assert.equal((await admin.get(`/customers/${one.id}`)).status, 200, 'nobody has agreed yet');
  await clean(page, { refused: [409] });
  await page.context().close();

  const boss = await signedIn(it, 'boss');
  await boss.goto(url('/approvals'));
  await boss.getByRole('button', { name: /合并客户：须批同号/ }).click();
  const drawer = boss.getByRole('dialog');
  await drawer.getByText('被合并的记录（1 条），合并后进入回收站').waitFor();
  await drawer.getByRole('link', { name: one.name }).waitFor();
  await drawer.getByText('保留的记录选用以下内容').waitFor();
  await drawer.getByRole('cell', { name: one.name, exact: true }).waitFor();
  await settled(boss);
  await accessible(boss, 'a request to merge');
  await picture(boss, 'merge-request');
  await drawer.getByRole('button', { name: '同意', exact: true }).click();
  await boss.getByText('已提交意见').waitFor();
  await until(async () => (await admin.get(`/customers/${two.id}`)).json.name === one.name, 10_000, 'the merge');
  assert.equal((await admin.get(`/customers/${one.id}`)).json.code, 'merged');
  await drawn(boss);
  await clean(boss);
  await boss.context().close();
});

test('asked for, and merged meanwhile: the request says so', async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const boss = await it.server.login('boss', passwordOf('boss'));
  const flow = await admin.post('/approval-flows', { name: '删除须同意', entity: 'customer', on_edit: true, fields: ['short_name'], on_delete: false, on_restore: false, filter: ['level', '=', 'normal'], steps: [{ who: 'role', role: 'management' }] });
  assert.equal(flow.status, 201, flow.text);
  const [one, two] = await twins(admin, '先并同号');
  const filed = await admin.post('/change-requests', { entity: 'customer', record: one.id, operation: 'edit', input: { short_name: '先并' }, reason: '补简称' });
  assert.equal(filed.status, 201, filed.text);
  // Another flow of this file holds customers of this level.
  assert.equal((await admin.patchNow(`/customers/${two.id}`, { level: 'normal' })).status, 200);
  const done = await admin.post('/customers/merge', { survivor: two.id, merged: [one.id] });
  assert.equal(done.status, 200, done.text);
  const task = (await boss.get(`/approval-tasks?filter=${encodeURIComponent(JSON.stringify(['request', '=', filed.json.id]))}&fields=state`)).json.data[0];
  assert.ok(task, 'it waits for the management');
  await boss.post(`/change-requests/${filed.json.id}/actions/agree`, {});
  const page = await signedIn(it);
  await becomes(async () => (await admin.get(`/change-requests/${filed.json.id}`)).json.state, 'failed');
  await page.goto(url(`/approvals?tab=filed&open=${filed.json.id}`));
  await page.getByRole('dialog').getByText(new RegExp(`已合并至“${two.name.replace(/[（）]/g, '.')}”`)).waitFor();
  await settled(page);
  await accessible(page, 'merged meanwhile');
  await picture(page, 'merge-meanwhile');
  await clean(page);
  await page.context().close();
});
