// Where a notice about several leads: to all of them, by an address that stays short.
import { afterEach, expect, it, vi } from 'vitest';
import { ref } from 'vue';
import { serve } from '../../test/server';
import { targetOf } from './notices';
import { forgetSchema, loadIndex } from './schema';

const head = { id: 57665045125376, entity: 'customer', record: null, kind: 'rule', members: 4000 };
const told = async (ids: number[]) => {
  const asked = serve({ 'GET /schema': () => ({ version: '1', groups: [], entities: [{ name: 'customer', plural: 'customers', label: { zh: '客户' } }] }), 'GET /customers': () => ({ data: ids.map((id) => ({ id })) }) });
  await loadIndex();
  return { asked, to: await targetOf(head) };
};
afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); });

it('names the notice, not its records', async () => {
  const { to, asked } = await told([1, 2]);
  expect(to).toBe(`/e/customers?filter=${encodeURIComponent('["id","told",57665045125376]')}`);
  expect(asked.at(-1)!.query.get('limit')).toBe('2');
});
it('opens the record where one is left to read, and an empty list where none is', async () => {
  expect((await told([7])).to).toBe('/e/customers/7');
  expect((await told([])).to).toContain('told');
});

it('a notice of what the person is looking at is read as it comes, and not said again', async () => {
  let tell!: (n: unknown) => void;
  vi.doMock('./live', () => ({ liveUp: ref(false), onLive: (name: string, fn: (n: unknown) => void) => { if (name === 'notification') tell = fn; } }));
  vi.resetModules();
  const { followNotices } = await import('./notices'), { watchedJobs } = await import('./jobs');
  const asked = serve({ 'GET /notifications': () => ({ data: [] }), 'GET /me/announcements': () => ({ data: [] }), 'POST /notifications/5/actions/read': () => ({}) });
  const said: unknown[] = [];
  followNotices((n) => said.push(n.id));
  watchedJobs.add(7);
  tell({ id: 5, entity: 'job', record: 7, kind: 'job_done', title: '' });
  tell({ id: 6, entity: 'job', record: 8, kind: 'job_done', title: '' });
  await vi.waitFor(() => expect(asked.some((a) => a.what === 'POST /notifications/5/actions/read')).toBe(true));
  expect(said).toEqual([6]);
  vi.doUnmock('./live');
});
