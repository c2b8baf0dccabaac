// Chromium for the tests in test/e2e. openBrowser() once a file, newPage() once a journey; a page
// collects what must never happen (console errors, page errors, violations of the content policy).
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './program.mjs';

const output = process.env.ZHIKE_TEST_OUT || join(root, 'test/out');
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

/** A page in its own context. page.problems lists what went wrong; assert that it is empty. */
export async function newPage(browser, { dark = false, phone = false, lang = 'zh-CN', ...rest } = {}) {
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
  const page = await context.newPage();
  page.problems = [];
  // What is under way, without the stream of live updates, which never ends.
  page.pending = new Set();
  page.on('request', (r) => { if (!r.url().includes('/api/v1/events')) page.pending.add(r); });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (r) => page.pending.delete(r));
  page.on('console', (m) => { if (m.type() === 'error') page.problems.push(`console: ${m.text()} ${m.location().url ?? ''}`); });
  page.on('pageerror', (e) => page.problems.push(`page error: ${e.stack ?? e.message}`));
  return page;
}

/** The A and AA violations axe finds, one line each; empty when all is well. rules: only these. */
export async function axe(page, rules) {
  if (!await page.evaluate(() => !!globalThis.axe)) await page.evaluate(axeSource);
  const result = await page.evaluate((only) =>
    globalThis.axe.run(document, { resultTypes: ['violations'], runOnly: only ? { type: 'rule', values: only } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }), rules ?? null);
  return result.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).slice(0, 5).join('; ')})`);
}

/** A picture under test/out, to be looked at. */
export async function picture(page, name) {
  mkdirSync(output, { recursive: true });
  await page.screenshot({ path: join(output, `${name}.png`) });
}
