// What the journeys share: one server and one browser a file, a person signed in by the page, and
// the check at the end that nothing went wrong on the way.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { startServer } from '../../lib/index.mjs';
import { axe, drawn, newPage, openBrowser, picture, still } from '../../lib/browser.mjs';
import { passwordOf } from '../../lib/company.mjs';
import { sleep, slow } from '../../lib/program.mjs';

/**
 * options: those of startServer; wholeDay: what the file makes is to be of one day in Shanghai, so it is not begun in the last
 * five minutes of one. Gives {server, browser} filled before the first test.
 */
export function stage({ wholeDay = false, ...options } = {}) {
  const it = {};
  before(async () => {
    if (wholeDay) {
      const left = 86400e3 - (Date.now() + 8 * 3600e3) % 86400e3;
      if (left < 300e3) await sleep(left + 1000);
    }
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
  await page.goto(`${it.server.url}/login`);
  await page.getByLabel('登录名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(login === 'admin' ? it.server.adminPassword : passwordOf(login));
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(`${it.server.url}/`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  return page;
}

/**
 * Nothing that must not be in the console, once all that was asked of the server is answered and shown. A refused call (422,
 * 412, 403) is written there by the browser itself; a journey that provokes one names its status.
 */
export async function clean(page, { refused = [] } = {}) {
  await settled(page, 1);
  const bad = page.problems.filter((p) => !refused.some((s) => p.includes(`status of ${s}`)));
  page.problems.length = 0;
  assert.deepEqual(bad, []);
}

/**
 * What read() gives becomes the expected, however long the page or the server takes: a value, a pattern of a text, or a function
 * that says whether it is right. Otherwise it fails with the last that it gave. Gives that value.
 */
export async function becomes(read, expected, what = '') {
  const check = expected instanceof RegExp ? (v) => assert.match(v, expected, what)
    : typeof expected === 'function' ? (v) => assert.ok(expected(v), `${what}: ${JSON.stringify(v)}`)
    : (v) => assert.deepEqual(v, expected, what);
  for (const end = Date.now() + 60_000 * slow; ;) {
    try {
      const value = await read();
      check(value);
      return value;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(50);
  }
}
/** Does what changes something below /api/v1/<path>, and goes on when the server has said yes to it: a toast may be of the time before. */
export async function saved(page, path, act) {
  const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() !== 'GET' && new URL(r.url()).pathname.startsWith(`/api/v1/${path}`)), act()]);
  assert.ok(answer.ok(), `${answer.request().method()} ${answer.url()} was answered ${answer.status()}`);
}
/** So many of them, no more and no less. */
export const many = (locator, n, what = `${n} of ${locator}`) => becomes(() => locator.count(), n, what);
/** What stands in a field. */
export const holds = (locator, expected, what = `${locator}`) => becomes(() => locator.inputValue(), expected, what);
/** The focus arrives there. */
export const focused = (locator, what = `the focus at ${locator}`) => becomes(() => locator.evaluate((e) => e === document.activeElement), true, what);
/** The stream of live updates stands, and tells of "customer" or "customer:12" where one is named: what happens from now on is told. */
export const streaming = (page, item = '') => becomes(() => (page.streams.length ? new URL(page.streams.at(-1)).searchParams.get('watch') ?? '' : null), (watch) => watch !== null && (!item || watch.split(',').includes(item)), `a stream that tells of ${item || 'this person'}`);
/** Where something stands once nothing moves: two looks, a frame apart, say the same. */
export async function boxOf(page, locator) {
  await still(page);
  for (let was = await locator.boundingBox(), left = 100; left > 0; left--) {
    await drawn(page);
    const now = await locator.boundingBox();
    if (now && was && ['x', 'y', 'width', 'height'].every((k) => now[k] === was[k])) return now;
    was = now;
  }
  return assert.fail(`${locator} does not come to rest`);
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

/** No sideways scrolling of the page, once nothing moves. */
export async function fits(page, what) {
  await still(page);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what}: ${over} px wider than the window`);
}

/** Chooses from one of the page's own lists, as a person with a mouse does. */
export async function choose(page, scope, label, option) {
  await scope.getByLabel(label, { exact: true }).click();
  await page.getByRole('option', { name: option }).first().click();
}

/** Nothing is under way any more, and the last answer is drawn, at so many looks (of 50 ms) one after the other. */
export async function settled(page, looks = 10) {
  await page.waitForLoadState('load');
  const end = Date.now() + 60_000 * slow;
  for (let quiet = 0; quiet < looks;) {
    // Behind two frames what an answer makes the page ask for next is asked for.
    await Promise.all([drawn(page), sleep(50)]);
    quiet = page.pending.size ? 0 : quiet + 1;
    assert.ok(Date.now() < end, `still under way: ${[...page.pending].map((r) => `${r.method()} ${r.url()}`).join(', ')}`);
  }
}
export { drawn, picture, still };

let n = 0;
/** A customer of one's own by the API; the fields that must be there are there. */
export async function customer(client, more = {}) {
  const answer = await client.post('/customers', { name: `旅程客户${process.pid}${++n}有限公司`, industry: 'it', source: 'website', phone: `1390000${String(1000 + n).slice(-4)}`, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}
