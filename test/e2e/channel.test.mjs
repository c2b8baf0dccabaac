// Telling people outside the page: an administrator adds a mail server and tries it, a person chooses what comes by mail, and
// a forgotten password is set anew by the link.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordOf } from '../lib/company.mjs';
import { newPage } from '../lib/browser.mjs';
import { until } from '../lib/index.mjs';
import { address, mailsTo, mailTo, smtp } from '../lib/mailbox.mjs';
import { accessible, becomes, choose, clean, fits, many, picture, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage({ env: { ZHIKE_OUTBOUND_PRIVATE: smtp, ZHIKE_HTTP_BASE_URL: 'http://127.0.0.1' } });
const to = address('journey');

test('a mail channel is added and tried', async () => {
  const page = await signedIn(it);
  await page.goto(`${it.server.url}/e/channels`);
  await page.getByRole('link', { name: '新建' }).or(page.getByRole('button', { name: '新建' })).first().click();
  const form = page.getByRole('dialog');
  await form.getByLabel('名称', { exact: true }).fill('公司邮箱');
  await choose(page, form, '类型', '邮件（SMTP）');
  await form.getByText('smtp://主机:25、').waitFor(); // what a mail server is asked, and nothing of the other kinds
  await many(form.getByText(/CorpID|机器人/), 0);
  await form.getByLabel('地址', { exact: true }).fill(`smtp://${smtp}`);
  await form.getByLabel('发件人', { exact: true }).fill('知客');
  await picture(page, 'channel-form');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  const again = page.getByRole('dialog', { name: /验证/ }).or(page.getByRole('alertdialog'));
  await again.getByLabel('密码', { exact: true }).fill(it.server.adminPassword);
  await again.getByRole('button', { name: /确认|验证|继续/ }).click();
  await form.getByText('发件人应写作').waitFor();
  await form.getByLabel('发件人', { exact: true }).fill('知客 <old@example.com>');
  await form.getByRole('button', { name: '保存', exact: true }).click();
  await page.waitForURL(/\/e\/channels\/\d+$/);
  // The kind stands in no form any more, and yet the form asks for what this kind needs.
  await page.getByRole('button', { name: '编辑', exact: true }).click();
  await page.getByRole('dialog').getByLabel('密钥', { exact: true }).waitFor();
  await page.getByRole('dialog').getByLabel('发件人', { exact: true }).fill('知客 <crm@example.com>');
  await page.getByRole('dialog').getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('definition').filter({ hasText: 'crm@example.com' }).waitFor();
  assert.equal(await page.getByRole('term').filter({ hasText: '请求内容' }).count(), 0);
  await settled(page);
  await accessible(page, 'channel');
  await picture(page, 'channel');
  await page.getByRole('button', { name: '发送测试' }).click();
  const dialog = page.getByRole('dialog', { name: /发送测试/ });
  await dialog.getByLabel('收件人').fill('nobody@example.com');
  await dialog.getByRole('button', { name: '发送测试' }).click();
  await dialog.getByText(/没有送达/).waitFor();
  await picture(page, 'channel-test-failed');
  await dialog.getByLabel('收件人').fill(to);
  await dialog.getByRole('button', { name: '发送测试' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('已送达对方服务器').waitFor();
  assert.match((await mailTo(to)).text, /测试/);
  await page.goto(`${it.server.url}/e/deliveries`);
  await page.getByText('已发送').first().waitFor();
  await page.getByText('发送失败').first().waitFor();
  await page.getByRole('cell', { name: '测试消息' }).or(page.getByRole('gridcell', { name: '测试消息' })).first().waitFor();
  await page.getByRole('button', { name: '全部重新发送' }).click();
  await page.getByText('把所有发送失败').waitFor();
  await accessible(page, 'deliveries');
  await picture(page, 'deliveries');
  await page.keyboard.press('Escape');
  // a record without a version shows what became of it, too
  const [dead] = (await (await it.server.admin()).get(`/deliveries?filter=${encodeURIComponent('["state","=","dead"]')}`)).json.data;
  await page.goto(`${it.server.url}/e/deliveries/${dead.id}`);
  await page.getByRole('button', { name: '放弃' }).click();
  await page.getByRole('dialog').or(page.getByRole('alertdialog')).getByRole('button', { name: '放弃' }).click();
  await page.getByText('已放弃').first().waitFor();
  await many(page.getByRole('button', { name: '放弃', exact: true }), 0);
  const made = await (await it.server.admin()).post('/message-templates', { name: '旅程模板', kind: 'notice', medium: 'mail', body: '您好 {{name}}，{{title}}' });
  await page.goto(`${it.server.url}/e/message-templates/${made.json.id}`);
  await page.getByRole('button', { name: '预览' }).click();
  await page.getByRole('dialog').getByText('您好 管理员，任务即将到期').waitFor();
  await clean(page, { refused: [403, 422] });
  await page.context().close();
});

test('a person chooses what comes by mail', async () => {
  const admin = await it.server.admin();
  const rep = (await admin.get('/users?q=rep&limit=50')).json.data.find((u) => u.login === 'rep');
  await admin.stepUp();
  assert.equal((await admin.patchNow(`/users/${rep.id}`, { email: to, position: '大客户代表' })).status, 200);
  const page = await signedIn(it, 'rep');
  await page.goto(`${it.server.url}/me`);
  await page.getByRole('definition').filter({ hasText: '大客户代表' }).waitFor();
  const box = page.getByLabel('任务分配 · 邮件');
  await box.check();
  await page.getByText('通知方式已保存').waitFor();
  await page.getByLabel('免打扰时段（结束后再发送）').check();
  await page.getByLabel('开始时间').waitFor();
  await accessible(page, 'how one is told');
  await picture(page, 'tell');
  await page.getByLabel('免打扰时段（结束后再发送）').uncheck();
  await page.getByLabel('开始时间').waitFor({ state: 'detached' });
  const boss = await it.server.login('boss', passwordOf('boss'));
  assert.equal((await boss.post('/tasks', { title: '旅程任务', owner: rep.id })).status, 201);
  assert.match((await mailTo(to, 2)).raw, /./);
  await page.reload();
  await becomes(() => page.getByLabel('任务分配 · 邮件').isChecked(), true);
  await clean(page);
  await page.context().close();
});

for (const phone of [false, true])
  test(`a forgotten password is set by the link${phone ? ', on the phone' : ''}`, async () => {
    const page = await newPage(it.browser, { phone });
    await page.goto(`${it.server.url}/login`);
    await page.getByRole('link', { name: '忘记密码？' }).click();
    await page.getByLabel('登录名或邮箱').fill('rep');
    await accessible(page, 'forgot');
    await fits(page, 'forgot');
    await picture(page, `forgot${phone ? '-phone' : ''}`);
    await page.getByRole('button', { name: '发送链接' }).click();
    await page.getByText(/链接已在路上/).waitFor();
    const links = () => mailsTo(to).map((m) => /\/password#([\w-]{22})/.exec(m.text)?.[1]).filter(Boolean);
    await until(() => links().length > (phone ? 1 : 0), 20_000, 'a mail with a link');
    const look = await Promise.all(links().map(async (token) => [token, (await it.server.anyone().post('/password-reset/look', { token })).status]));
    const [good] = look.find(([, status]) => status === 200);
    await page.goto(`${it.server.url}/password#${good}`); // the page is there already: the link works all the same
    await page.getByText(/为账号 rep/).waitFor();
    await becomes(() => new URL(page.url()).hash, ''); // the token stays in no history
    const next = `Harbor-lantern-${phone ? 8 : 7}-river`;
    await page.getByLabel('新密码', { exact: true }).fill(next);
    await page.getByLabel(/再.*输/).fill(next);
    await accessible(page, 'set password');
    await picture(page, `password${phone ? '-phone' : ''}`);
    await page.getByRole('button', { name: '保存新密码' }).click();
    await page.getByText(/密码已更新/).waitFor();
    await it.server.login('rep', next);
    await clean(page);
    await page.context().close();
  });
