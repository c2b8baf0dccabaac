// What the journeys share: one server and one browser a file, a person signed in by the page, and
// the check at the end that nothing went wrong on the way.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { startServer } from '../../lib/index.mjs';
import { axe, newPage, openBrowser, picture } from '../../lib/browser.mjs';
import { passwordOf } from '../../lib/company.mjs';

/** options: those of startServer. Gives {server, browser} filled before the first test. */
export function stage(options = {}) {
  const it = {};
  before(async () => {
    // One after the other: a browser left open by a failed start would keep the process alive.
    it.server = await startServer({ company: true, ...options });
    it.browser = await openBrowser();
  });
  after(async () => {
    await it.browser?.close();
    await it.server?.stop();
  });
  return it;
}

/** A page with somebody signed in, in Chinese, on the start page. */
export async function signedIn(it, login = 'admin', options = {}) {
  const page = await newPage(it.browser, options);
  page.setDefaultTimeout(15_000);
  await page.goto(`${it.server.url}/login`);
  await page.getByLabel('登录名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(login === 'admin' ? it.server.adminPassword : passwordOf(login));
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(`${it.server.url}/`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  return page;
}

/**
 * Nothing that must not be in the console. A refused call (422, 412, 403) is written there by the
 * browser itself; a journey that provokes one names its status.
 */
export function clean(page, { refused = [] } = {}) {
  const bad = page.problems.filter((p) => !refused.some((s) => p.includes(`status of ${s}`)));
  page.problems.length = 0;
  assert.deepEqual(bad, []);
}

export async function accessible(page, what, rules) {
  assert.deepEqual(await axe(page, rules), [], what);
}

/** Language and theme go with the account: as its owner would choose them. The page shows it with the next loading. */
export async function looks(page, look) {
  const status = await page.evaluate(async (wanted) => {
    const me = await (await fetch('/api/v1/me')).json();
    const answer = await fetch('/api/v1/me', { method: 'PATCH', headers: { 'Content-Type': 'application/merge-patch+json', 'X-CSRF-Token': me.csrf }, body: JSON.stringify({ prefs: { look: { ...me.prefs?.look, ...wanted } } }) });
    return answer.status;
  }, look);
  assert.equal(status, 200);
}

/** No sideways scrolling of the page. */
export async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what}: ${over} px wider than the window`);
}

/** Chooses from one of the page's own lists, as a person with a mouse does. */
export async function choose(page, scope, label, option) {
  await scope.getByLabel(label, { exact: true }).click();
  await page.getByRole('option', { name: option }).first().click();
}

/** Nothing is under way any more, at so many looks (of 50 ms) one after the other. */
export async function settled(page, looks = 10) {
  await page.waitForLoadState('load');
  for (let quiet = 0, left = 300; quiet < looks && left > 0; left--) {
    quiet = page.pending.size ? 0 : quiet + 1;
    await page.waitForTimeout(50);
  }
}
export { picture };

let n = 0;
/** A customer of one's own by the API; the fields that must be there are there. */
export async function customer(client, more = {}) {
  const answer = await client.post('/customers', { name: `旅程客户${process.pid}${++n}有限公司`, industry: 'it', source: 'website', phone: `1390000${String(1000 + n).slice(-4)}`, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}
