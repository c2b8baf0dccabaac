// A look chosen just before the page is left: the account has not got it yet, and is told at the next loading.
import { flushPromises } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../test/server';

const account = (look: object) => ({ user: { id: 1, login: 'rep', name: '冯销售', roles: [] }, csrf: 'x', rights: [], menus: [], prefs: { look } });
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); localStorage.clear(); });
/** The page as it is loaded: the modules anew. */
async function load() {
  vi.resetModules();
  const store = await import('./store'), session = await import('./session');
  await session.boot();
  return { store, session };
}

it('sends a look that the page had no time to send, and shows it meanwhile', async () => {
  let kept: object = { theme: 'light', density: 'compact', size: 'normal', lang: 'zh' };
  const asked = serve({
    'GET /me': () => account(kept), 'GET /schema': () => ({ version: '1', groups: [], entities: [] }),
    'PATCH /me': ({ body }) => { kept = (body as { prefs: { look: object } }).prefs.look; return account(kept); },
  });
  const first = await load();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  first.store.prefs.theme = 'dark';
  await flushPromises();
  expect(kept).toMatchObject({ theme: 'light' }); // left within the moment before it is sent
  vi.useRealTimers();
  const second = await load();
  await flushPromises();
  expect(second.store.prefs.theme).toBe('dark');
  expect(kept).toMatchObject({ theme: 'dark', size: 'normal' });
  // Sent once: what another browser chooses afterwards holds here, too.
  kept = { ...kept, theme: 'light' };
  const sent = asked.filter((a) => a.what === 'PATCH /me').length;
  const third = await load();
  await flushPromises();
  expect(third.store.prefs.theme).toBe('light');
  expect(asked.filter((a) => a.what === 'PATCH /me').length).toBe(sent);
});
