// The page in a real Chromium against a bare page (WEB.md 5): processor time of the page's thread, never the clock.
//
// The bare page is one HTML file and a script of a kilobyte: it asks who is there and for the very same rows, and writes
// them into a plain table. It comes from the server's own address (the document and its script are put in by the browser),
// with the same cookie. Each round opens both anew with an empty cache, in turn; a ratio is taken inside a round.
// TaskDuration of the DevTools protocol in thread time: script, style, layout and paint preparation of the main thread.
// While it counts, nothing of Playwright runs in the page (its locators bring a script of their own): looks go by the bare
// protocol, clicks to a place found before.
import { openBrowser } from '../test/lib/browser.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const BARE = '/bare-page', ROWS = 50;
const bareHtml = '<!doctype html><html lang="zh"><meta charset="utf-8"><title>bare</title><style>td,th{padding:4px 8px;text-align:left}</style><table id="t"></table><script src="/bare-page.js"></script>';
/** names: the columns; list: the address of the rows. */
const bareScript = (names, list) => `
const text = (v) => v == null ? '' : Array.isArray(v) ? v.map(text).join('、') : typeof v === 'object' ? v.label ?? '' : String(v);
const names = ${JSON.stringify(names)};
const line = (values, kind) => { const tr = document.createElement('tr'); for (const v of values) { const td = document.createElement(kind); td.textContent = v; tr.append(td); } return tr; };
Promise.all([fetch('/api/v1/me'), fetch(${JSON.stringify(list)})].map((p) => p.then((r) => r.json()))).then(([, page]) => {
  const all = document.createDocumentFragment();
  all.append(line(names, 'th'), ...page.data.map((row) => line(names.map((n) => text(row[n])), 'td')));
  document.getElementById('t').append(all);
});`;

class Tab {
  /** state: what a browser that signed in keeps (cookie, local storage). */
  static async open(browser, { state }) {
    const tab = new Tab();
    tab.context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: { width: 1280, height: 800 }, storageState: state });
    tab.page = await tab.context.newPage();
    tab.pending = new Set();
    tab.problems = [];
    tab.page.on('request', (r) => { if (!r.url().includes('/api/v1/events')) tab.pending.add(r); });
    for (const end of ['requestfinished', 'requestfailed']) tab.page.on(end, (r) => tab.pending.delete(r));
    tab.page.on('pageerror', (e) => tab.problems.push(e.message));
    tab.cdp = await tab.context.newCDPSession(tab.page);
    await tab.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    return tab;
  }

  async metrics() {
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map((m) => [m.name, m.value]));
  }

  /** The value of an expression of the page. */
  async look(expression) {
    const { result, exceptionDetails } = await this.cdp.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  /** Looks every 50 ms, which is charged to the page, on both sides. */
  async until(expression) {
    for (const end = Date.now() + 60_000; !(await this.look(expression)); await sleep(50))
      if (Date.now() > end) throw new Error(`never: ${expression}`);
  }

  /** Nothing under way and the frames behind it drawn, three looks running. */
  async quiet() {
    for (let still = 0; still < 3;) {
      await this.look('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))');
      still = this.pending.size ? 0 : still + 1;
    }
    if (this.problems.length) throw new Error(`the page: ${this.problems[0]}`);
  }

  /** The middle of what a locator finds, for a click by the mouse alone. */
  async place(locator) {
    const box = await locator.boundingBox();
    await this.quiet();
    return [box.x + box.width / 2, box.y + box.height / 2];
  }

  /** Processor time in ms of what `act` sets off, until it is over. */
  async cost(act) {
    const before = await this.metrics();
    await act();
    await this.quiet();
    const after = await this.metrics();
    const took = (name) => (after[name] - before[name]) * 1000;
    return { task: took('TaskDuration'), layout: took('LayoutDuration') + took('RecalcStyleDuration') };
  }
}

const shown = (selector, n) => `document.querySelectorAll(${JSON.stringify(selector)}).length >= ${n}`;
const FIRST = 'table.grid tbody tr td[data-c="0"]';

async function bareRound(browser, at, names, list) {
  const tab = await Tab.open(browser, at);
  await tab.page.route('**/bare-page*', (route) => route.fulfill(route.request().url().endsWith('.js')
    ? { contentType: 'text/javascript; charset=utf-8', body: bareScript(names, list) } : { contentType: 'text/html; charset=utf-8', body: bareHtml }));
  const load = await tab.cost(async () => {
    await tab.page.goto(at.url + BARE);
    await tab.until(shown('tr', ROWS + 1));
  });
  await tab.context.close();
  return load;
}

/** A click that brings other rows: waits until the first is another one. */
async function otherRows(tab, button) {
  const at = await tab.place(button);
  const text = `document.querySelector(${JSON.stringify(FIRST)})?.textContent`, before = await tab.look(text);
  return tab.cost(async () => {
    await tab.page.mouse.click(...at);
    await tab.until(`document.querySelector('table.grid')?.getAttribute('aria-busy') === 'false' && ${text} !== ${JSON.stringify(before)}`);
  });
}

/** listed: is told the address of the list the page asked for. */
async function pageRound(browser, at, listed) {
  const tab = await Tab.open(browser, at);
  tab.page.on('request', (r) => { const u = new URL(r.url()); if (u.pathname === '/api/v1/customers' && u.searchParams.has('fields')) listed(u.pathname + u.search); });
  const got = {};
  got.load = await tab.cost(async () => {
    await tab.page.goto(`${at.url}/e/customers`);
    await tab.until(shown(FIRST, ROWS));
  });
  await tab.cdp.send('HeapProfiler.collectGarbage');
  const now = await tab.metrics();
  got.nodes = await tab.page.evaluate(() => document.querySelectorAll('*').length);
  got.heapMb = now.JSHeapUsedSize / 2 ** 20;
  got.sort = await otherRows(tab, tab.page.locator('table.grid thead button', { hasText: '客户名称' }));
  got.turn = await otherRows(tab, tab.page.getByRole('button', { name: '下一页' }));
  const create = await tab.place(tab.page.getByRole('link', { name: /^新建/ }).or(tab.page.getByRole('button', { name: /^新建/ })).first());
  got.form = await tab.cost(async () => {
    await tab.page.mouse.click(...create);
    await tab.until(shown('form input, [role=dialog] input', 5));
  });
  await tab.context.close();
  return got;
}

async function signIn(browser, { url, login, password }) {
  const { page, context } = await Tab.open(browser, {});
  await page.goto(`${url}/login`);
  await page.getByLabel('登录名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL(`${url}/`);
  const state = await context.storageState();
  await context.close();
  return { url, state };
}

/** at: {url, login, password}. Calls figure(name, values, unit, options) of bench/run. */
export async function measurePage(server, rounds, figure) {
  const browser = await openBrowser();
  try {
    const at = await signIn(browser, server);
    let list = null;
    await pageRound(browser, at, (address) => { list ??= address; }); // warms the browser, tells the list
    const names = new URL(list, at.url).searchParams.get('fields').split(',');
    const got = { bare: [], load: [], sort: [], turn: [], form: [], layout: [], sortLayout: [], nodes: [], heap: [], x: { load: [], sort: [], turn: [], form: [] } };
    for (let i = 0; i < rounds; i++) {
      const bare = await bareRound(browser, at, names, list), page = await pageRound(browser, at, () => {});
      got.bare.push(bare.task);
      for (const what of ['load', 'sort', 'turn', 'form']) {
        got[what].push(page[what].task);
        got.x[what].push(page[what].task / bare.task);
      }
      got.layout.push(page.load.layout); got.sortLayout.push(page.sort.layout); got.nodes.push(page.nodes); got.heap.push(page.heapMb);
    }
    const most = (n) => ({ goal: `≤ ${n}`, met: (v) => v <= n });
    figure(`page: cold list of ${ROWS} × ${names.length}, CPU ÷ bare page`, got.x.load, '', most(8));
    figure('page: sort to 50 new rows, CPU ÷ load of the bare page', got.x.sort, '', most(2.5));
    figure('page: next 50 rows, CPU ÷ load of the bare page', got.x.turn, '', most(2.5));
    figure('page: first open of the form, CPU ÷ load of the bare page', got.x.form, '', most(7));
    figure('page: CPU of the bare page', got.bare, 'ms', { digits: 0 });
    figure('page: CPU of the cold list', got.load, 'ms', { digits: 0 });
    figure('page: of it style and layout', got.layout, 'ms', { digits: 0 });
    figure('page: CPU of a sort', got.sort, 'ms', { digits: 0 });
    figure('page: of it style and layout of the sort', got.sortLayout, 'ms', { digits: 0 });
    figure('page: elements with the list', got.nodes, '', { ...most(4000), digits: 0 });
    figure('page: JavaScript heap with the list', got.heap, 'MB', { ...most(10), digits: 1 });
  } finally {
    await browser.close();
  }
}
