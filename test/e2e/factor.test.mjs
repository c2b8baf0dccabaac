// The second factor in the page: a person registers a number, signs in with a code, confirms a sensitive operation with one, and
// comes in by a code on paper where the SMS fails.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { passwordOf } from '../lib/company.mjs';
import { newPage } from '../lib/browser.mjs';
import { sleep, until } from '../lib/program.mjs';
import { peer } from '../lib/mailbox.mjs';
import { accessible, clean, fits, picture, settled, signedIn, stage } from './lib/journey.mjs';

let broken = null;
let sms;
const it = stage({ env: { ZHIKE_OUTBOUND_PRIVATE: '127.0.0.1', ZHIKE_CODE_PAUSE: '1s', ZHIKE_LIMIT_CODE: '100/h', ZHIKE_LIMIT_CODE_DAY: '100/day', ZHIKE_LIMIT_CODE_NEW: '100/day' } });
after(() => sms?.stop());
const mobile = '13900001111', other = '13900002222', chief = '13900009999';
const sentTo = (number) => sms.calls.map((c) => JSON.parse(c.body)).filter((m) => m.to === number);
const seen = new Map(); // how many of a number's codes were looked at
/** The newest code to that number, once there is one more than were seen. */
const nextCode = async (number) => {
  await until(() => sentTo(number).length > (seen.get(number) ?? 0), 20_000, `a code to ${number}`);
  seen.set(number, sentTo(number).length);
  return sentTo(number).at(-1).code;
};
let paper;
/** The pause the program keeps between two codes is over, counted from the last one that was seen here. */
const pauseOver = () => sleep(1100);

/** In the first test: the hooks of a file do not wait for those of the stage. */
async function prepare() {
  sms = await peer(() => broken ?? { body: {} });
  const admin = await it.server.admin();
  await admin.stepUp();
  const made = await admin.post('/channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}"}' });
  assert.equal(made.status, 201, made.text);
  await admin.post('/me/factor', { mobile: chief, password: it.server.adminPassword });
  assert.equal((await admin.post('/me/factor/confirm', { code: await nextCode(chief) })).status, 200);
  const rep = (await admin.get('/users?limit=200')).json.data.find((u) => u.login === 'rep');
  assert.equal((await admin.patchNow(`/users/${rep.id}`, { factor_required: true })).status, 200);
}

test('who must have a second factor registers a number first', async () => {
  await prepare();
  const page = await newPage(it.browser);
  await page.goto(`${it.server.url}/login`);
  await page.getByLabel('登录名').fill('rep');
  await page.getByLabel('密码', { exact: true }).fill(passwordOf('rep'));
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(/\/me#factor$/);
  await page.getByText('您的账号要求二次验证，请先登记手机').waitFor();
  await page.goto(`${it.server.url}/e/customers`);
  await page.waitForURL(/\/me#factor$/);
  await page.getByLabel('手机号').fill('010-12');
  await page.getByLabel('登录密码').fill(passwordOf('rep'));
  await page.getByRole('button', { name: '发送验证码' }).click();
  await page.locator('#factor-mobile-err').filter({ hasText: /./ }).waitFor();
  await page.getByLabel('手机号').fill(mobile);
  await page.getByRole('button', { name: '发送验证码' }).click();
  await page.getByLabel('短信验证码').fill(await nextCode(mobile));
  await page.getByText('验证码已发往 139****1111').waitFor();
  await accessible(page, 'register a number');
  await picture(page, 'factor-register');
  await page.getByRole('button', { name: '确认', exact: true }).click();
  await page.getByText('请抄下或打印后妥善保管').waitFor();
  paper = await page.locator('.paper code').allTextContents();
  assert.equal(paper.length, 10);
  await accessible(page, 'codes on paper');
  await picture(page, 'factor-paper');
  await page.getByRole('button', { name: '我已保管好' }).click();
  await page.getByText('备用码还剩 10 个').waitFor();
  await page.goto(`${it.server.url}/e/customers`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  assert.match(page.url(), /\/e\/customers/);
  await clean(page, { refused: [422, 403] });
  await page.context().close();
});

test('signing in asks for the code, and takes one on paper where the SMS fails', async () => {
  const page = await newPage(it.browser);
  const password = async () => {
    await pauseOver();
    await page.goto(`${it.server.url}/login`);
    await page.getByLabel('登录名').fill('rep');
    await page.getByLabel('密码', { exact: true }).fill(passwordOf('rep'));
    await page.getByRole('button', { name: '登录', exact: true }).click();
    await page.getByLabel('短信验证码').waitFor();
  };
  await password();
  const code = await nextCode(mobile);
  await page.getByText('验证码已发往 139****1111').waitFor();
  await accessible(page, 'the second step');
  await picture(page, 'factor-sign-in');
  await page.getByLabel('短信验证码').fill(code === '000000' ? '000001' : '000000');
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('验证码不正确，请重新输入').waitFor();
  await page.getByLabel('短信验证码').fill(code);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(`${it.server.url}/`);
  await settled(page);
  await page.evaluate(async () => {
    const me = await (await fetch('/api/v1/me')).json();
    await fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-CSRF-Token': me.csrf } });
  });
  broken = { status: 400, body: 'no' };
  await password();
  await page.getByText('短信没有发出去').waitFor();
  await picture(page, 'factor-failed');
  await page.getByRole('button', { name: '收不到短信？使用备用码' }).click();
  await page.getByLabel('备用码').fill(paper[2]);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(`${it.server.url}/`);
  broken = null;
  await clean(page, { refused: [401, 429] });
  await page.context().close();
});

test('a sensitive operation is confirmed by a code', async () => {
  const page = await signedIn(it, 'rep2');
  await page.goto(`${it.server.url}/me`);
  await page.getByRole('button', { name: '开通二次验证' }).click();
  await page.getByLabel('手机号').fill(other);
  await page.getByLabel('登录密码').fill(passwordOf('rep2'));
  await page.getByRole('button', { name: '发送验证码' }).click();
  await page.getByLabel('短信验证码').fill(await nextCode(other));
  await page.getByRole('button', { name: '确认', exact: true }).click();
  await page.getByRole('button', { name: '我已保管好' }).click();
  await page.getByRole('button', { name: '关闭二次验证' }).click();
  const dialog = page.getByRole('dialog').or(page.getByRole('alertdialog'));
  const send = dialog.getByRole('button', { name: '发送验证码' });
  await pauseOver();
  await send.click();
  await until(() => sentTo(other).length > seen.get(other), 20_000, 'a code for the operation');
  await accessible(page, 'confirm by a code');
  await picture(page, 'factor-step-up');
  await dialog.getByLabel('短信验证码').fill(await nextCode(other));
  await dialog.getByRole('button', { name: /确认|验证|继续/ }).click();
  await page.getByText('二次验证已关闭').waitFor();
  await fits(page, 'me');
  await clean(page, { refused: [403, 429] });
  await page.context().close();
});
