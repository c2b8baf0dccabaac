// Chromium for the tests in test/e2e. openBrowser() once a file, newPage() once a journey; a page
// collects what must never happen (console errors, page errors, violations of the content policy).
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root, sleep, slow } from './program.mjs';

const output = process.env.ZHIKE_TEST_OUT || join(root, 'test/out');
// To shake the suite (test/e2e/README.md): the page so many times slower; answers that come up to so many ms later, in any order;
// changes that leave the page so many ms later, behind whatever a journey asks of the server meanwhile; live updates told so late.
const [throttle, delay, late, told] = ['THROTTLE', 'DELAY', 'LATE', 'TOLD'].map((name) => Number(process.env[`ZHIKE_TEST_${name}`] || 0));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Debian's Chromium, with its sandbox where the kernel lets an ordinary user have one. */
export async function openBrowser() {
  const options = { executablePath: process.env.ZHIKE_CHROMIUM || '/usr/bin/chromium', args: ['--disable-dev-shm-usage'] };
  try {
    return await chromium.launch({ ...options, chromiumSandbox: true });
  } catch {
    return chromium.launch({ ...options, chromiumSandbox: false });
  }
}

/**
 * A page in its own context. page.problems lists what went wrong; assert that it is empty. page.streams: the addresses of the
 * streams of live updates that stand or stood, the newest last; live: false makes a page that has none.
 */
export async function newPage(browser, { dark = false, phone = false, lang = 'zh-CN', live = true, ...rest } = {}) {
  const context = await browser.newContext({
    locale: lang,
    timezoneId: 'Asia/Shanghai',
    colorScheme: dark ? 'dark' : 'light',
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    hasTouch: phone,
    isMobile: phone,
    ...rest,
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) =>
      console.error(`content policy: ${e.violatedDirective} ${e.blockedURI}`));
  });
  if (!live) await context.addInitScript(() => { delete globalThis.EventSource; });
  if (told && live) await context.addInitScript(tellLater, told);
  if (delay || late) await context.route((url) => url.pathname.startsWith('/api/v1/') && url.pathname !== '/api/v1/events', answerLater);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000 * slow * Math.max(1, throttle / 2));
  page.setDefaultNavigationTimeout(60_000 * slow * Math.max(1, throttle / 2));
  if (throttle > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: throttle });
  page.problems = [];
  // What is under way, without the stream of live updates, which never ends.
  page.pending = new Set();
  page.on('request', (r) => { if (!r.url().includes('/api/v1/events')) page.pending.add(r); });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (r) => page.pending.delete(r));
  page.streams = [];
  page.on('response', (r) => { if (r.url().includes('/api/v1/events') && r.ok()) page.streams.push(r.url()); });
  page.on('console', (m) => { if (m.type() === 'error') page.problems.push(`console: ${m.text()} ${m.location().url ?? ''}`); });
  page.on('pageerror', (e) => page.problems.push(`page error: ${e.stack ?? e.message}`));
  return page;
}

/** What a stream of live updates tells is heard later, in the order it was told. */
function tellLater(ms) {
  const add = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function listen(name, fn, ...rest) {
    return add.call(this, name, (event) => setTimeout(() => fn.call(this, event), ms), ...rest);
  };
}

/** Lets one call through, a change later, and holds its answer back for a while. A file on its way up goes as it is: its progress is looked at. */
async function answerLater(route) {
  const request = route.request();
  if (!['fetch', 'xhr'].includes(request.resourceType()) || request.headers()['content-type']?.startsWith('multipart/')) return route.continue();
  try {
    if (late && request.method() !== 'GET') await sleep(late);
    const response = await route.fetch({ timeout: 0 });
    await sleep(Math.random() * delay);
    await route.fulfill({ response });
  } catch {
    await route.abort('connectionreset').catch(() => {}); // the server was killed, or the page is gone
  }
}

/** Two frames have been drawn: what was set before (a scroll, a class, an answer that is there) is laid out now. */
export async function drawn(page) {
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
}

/**
 * Nothing moves any more: every animation and transition that has an end is at it, at two frames one after the other, so that
 * one that the end of another began is waited for, too. What is looked at in between has colours and places it never keeps.
 * Only a bar of progress moves as long as what it tells of.
 */
export async function still(page) {
  await page.evaluate(async (ms) => {
    const frame = () => new Promise((done) => { requestAnimationFrame(done); });
    const moving = () => document.getAnimations().filter((a) => (a.pending || a.playState === 'running') && Number.isFinite(a.effect?.getComputedTiming().endTime ?? Infinity) && !a.effect.target?.closest('[role=progressbar]'));
    const end = performance.now() + ms;
    for (let quiet = 0; quiet < 2;) {
      await frame();
      const now = moving();
      quiet = now.length ? 0 : quiet + 1;
      if (performance.now() > end) throw new Error(`still moving: ${now.map((a) => `${a.animationName ?? a.transitionProperty} of ${a.effect?.target?.outerHTML.slice(0, 100)}`).join('; ')}`);
    }
  }, 60_000 * slow);
}

/** The A and AA violations axe finds once nothing moves, one line each; empty when all is well. rules: only these. */
export async function axe(page, rules) {
  await still(page);
  if (!await page.evaluate(() => !!globalThis.axe)) await page.evaluate(axeSource);
  const result = await page.evaluate((only) =>
    globalThis.axe.run(document, { resultTypes: ['violations'], runOnly: only ? { type: 'rule', values: only } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }), rules ?? null);
  return result.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).slice(0, 5).join('; ')})`);
}

/** A picture under test/out, to be looked at; taken when nothing moves. */
export async function picture(page, name) {
  await still(page);
  mkdirSync(output, { recursive: true });
  await page.screenshot({ path: join(output, `${name}.png`) });
}
