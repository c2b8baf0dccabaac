// A look chosen just before the page is left: the account has not got it yet, and is told at the next loading.
import { flushPromises } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { later, serve } from '../../test/server';

const account = (look?: object) => ({ user: { id: 1, login: 'rep', name: '冯销售', roles: [] }, csrf: 'x', rights: [], menus: [], prefs: look ? { look } : {} });
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); localStorage.clear(); });
/** The page as it is loaded: the modules anew. */
async function load() {
  vi.resetModules();
  const store = await import('./store'), session = await import('./session');
  await session.boot();
  return { store, session };
}

type Look = Record<string, string>;
const light: Look = { theme: 'light', density: 'compact', size: 'normal', lang: 'zh' };
/** An account that keeps its look; refuse: what a change is told instead. */
function house() {
  const it = { kept: light as Look | undefined, refuse: null as null | (() => Response) };
  const asked = serve({
    'GET /me': () => account(it.kept), 'GET /schema': () => ({ version: '1', groups: [], entities: [] }),
    'PATCH /me': ({ body }) => {
      if (it.refuse) return it.refuse();
      it.kept = { ...it.kept, ...(body as { prefs: { look: Look } }).prefs.look };
      return account(it.kept);
    },
  });
  return Object.assign(it, { sent: () => asked.filter((a) => a.what === 'PATCH /me').length });
}
/** Dark is chosen, and the page is left within the moment before that is sent. */
async function leaveUnsent() {
  const { store } = await load();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  store.prefs.theme = 'dark';
  await flushPromises();
  vi.useRealTimers();
}
const loaded = async () => { const got = await load(); await flushPromises(); return got.store.prefs; };
const refusal = (status: number) => () => new Response(JSON.stringify({ code: status < 500 ? 'forbidden' : 'busy', detail: '-' }), { status });

it('sends a look that the page had no time to send, and shows it meanwhile', async () => {
  const the = house();
  await leaveUnsent();
  expect(the.kept).toEqual(light);
  expect((await loaded()).theme).toBe('dark');
  expect(the.kept).toMatchObject({ theme: 'dark', size: 'normal' });
  // Sent once: what another browser chooses afterwards holds here, too.
  the.kept = { ...the.kept, theme: 'light' };
  expect((await loaded()).theme).toBe('light');
  expect(the.sent()).toBe(1);
});

it('does so for an account without a look of its own, and whatever order the members of one come in', async () => {
  const the = house();
  the.kept = undefined;
  await leaveUnsent();
  expect((await loaded()).theme).toBe('dark');
  the.kept = light;
  await leaveUnsent();
  the.kept = Object.fromEntries(Object.entries(light).reverse());
  expect((await loaded()).theme).toBe('dark');
  expect(the.kept).toMatchObject({ theme: 'dark' });
});

it('does not send it over what another browser chose since', async () => {
  const the = house();
  await leaveUnsent();
  the.kept = { ...light, size: 'large' };
  for (let i = 0; i < 2; i++) expect(await loaded()).toMatchObject({ theme: 'light', size: 'large' });
  expect([the.kept, the.sent()]).toEqual([{ ...light, size: 'large' }, 0]);
});

it('passes over what an older page left, which does not say over what it was chosen', async () => {
  const the = house();
  localStorage.setItem('zk.rep.look.unsent', JSON.stringify({ ...light, theme: 'dark' }));
  expect((await loaded()).theme).toBe('light');
  expect([the.sent(), localStorage.getItem('zk.rep.look.unsent')]).toEqual([0, null]);
});

it('forgets a look that is refused, and sends one again that a busy server did not take', async () => {
  const the = house();
  await leaveUnsent();
  the.refuse = refusal(503);
  for (let i = 1; i < 3; i++) {
    expect((await loaded()).theme).toBe('dark');
    expect(the.sent()).toBe(i);
  }
  the.refuse = refusal(403);
  await loaded();
  expect((await loaded()).theme).toBe('light');
  expect(the.sent()).toBe(3);
});

it('a change made while the one before is on its way is kept over that one', async () => {
  const the = house();
  const gate = later<void>();
  const { store } = await load();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  the.refuse = () => { the.kept = { ...light, theme: 'dark' }; return gate.promise.then(() => new Response(JSON.stringify(account(the.kept)), { headers: { 'Content-Type': 'application/json' } })) as never; };
  store.prefs.theme = 'dark';
  await flushPromises();
  vi.advanceTimersByTime(1000); // sent
  store.prefs.size = 'large';
  await flushPromises();
  gate.keep();
  await flushPromises();
  vi.useRealTimers(); // left before the second is sent
  the.refuse = null;
  expect(await loaded()).toMatchObject({ theme: 'dark', size: 'large' });
  expect(the.kept).toMatchObject({ theme: 'dark', size: 'large' });
});
it('what is still being read when somebody signs out is given up, nothing more is begun, and nobody is told of it', async () => {
  house();
  const { session } = await load(), { get } = await import('./api');
  const assign = vi.fn(), said: unknown[] = [], begun: string[] = [], given: string[] = [];
  vi.stubGlobal('location', { assign });
  vi.stubGlobal('fetch', (address: string, init: RequestInit) => {
    if (init.method !== 'GET') return Promise.resolve(new Response(null, { status: 204 }));
    begun.push(address);
    return new Promise((_done, fail) => init.signal!.addEventListener('abort', () => { given.push(address); fail(new DOMException('aborted', 'AbortError')); }));
  });
  const read = (path: string) => void get(path).then(() => said.push('an answer'), (error) => said.push(error));
  read('/customers');
  await session.signOut();
  read('/tasks');
  await flushPromises();
  expect([begun, given, said, assign.mock.calls]).toEqual([['/api/v1/customers'], ['/api/v1/customers'], [], [['/login']]]);
});
