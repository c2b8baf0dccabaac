// Where a notice about several leads: to all of them, by an address that stays short.
import { afterEach, expect, it, vi } from 'vitest';
import { ref } from 'vue';
import { later, serve } from '../../test/server';
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

const job = { entity: 'job', kind: 'job_done', title: '' };
async function following(unreadNow: () => unknown = () => ({ data: [] })) {
  let tell!: (n: unknown) => void;
  vi.doMock('./live', () => ({ liveUp: ref(false), onLive: (name: string, fn: (n: unknown) => void) => { if (name === 'notification') tell = fn; } }));
  vi.resetModules();
  const notices = await import('./notices'), { watchJob } = await import('./jobs');
  const asked = serve({ 'GET /notifications': unreadNow, 'GET /me/announcements': () => ({ data: [] }), 'POST /notifications/5/actions/read': () => ({}) });
  const said: unknown[] = [];
  notices.followNotices((n) => said.push(n.id));
  vi.doUnmock('./live');
  return { tell, said, watchJob, notices, read: () => asked.some((a) => a.what === 'POST /notifications/5/actions/read') };
}

it('a notice of what the person is looking at is read as it comes, and not said again', async () => {
  const { tell, said, watchJob, read } = await following(), looking = new AbortController();
  await watchJob(Promise.resolve({ job: { id: 7 } }), looking.signal);
  tell({ ...job, id: 5, record: 7 });
  tell({ ...job, id: 6, record: 8 });
  await vi.waitFor(() => expect([read(), said]).toEqual([true, [6]]));
  looking.abort();
  tell({ ...job, id: 9, record: 7 });
  await vi.waitFor(() => expect(said).toEqual([6, 9]));
});
it('a notice that comes before the answer which names the job waits for it', async () => {
  const { tell, said, watchJob, read } = await following(), begun = later<{ job: { id: number } }>();
  void watchJob(begun.promise, new AbortController().signal);
  tell({ ...job, id: 5, record: 7 });
  tell({ ...job, id: 6, record: 8 });
  await new Promise((done) => setTimeout(done));
  expect([read(), said]).toEqual([false, []]);
  begun.keep({ job: { id: 7 } });
  await vi.waitFor(() => expect([read(), said]).toEqual([true, [6]]));
});
it('an acknowledged announcement does not come back with a list that was asked for before', async () => {
  const first = later<object>();
  let n = 0;
  const { notices } = await following();
  serve({ 'GET /notifications': () => ({ data: [] }), 'GET /me/announcements': () => (n++ ? { data: [] } : first.promise), 'POST /me/announcements/3/ack': () => ({}) });
  const asked = notices.readAnnouncements();
  await notices.acknowledge(3);
  first.keep({ data: [{ id: 3, title: '放假', kind: 'info', body: '', need_ack: true }] });
  await asked;
  expect([n, notices.announcements.value]).toEqual([2, []]);
});
it('an older count that comes late does not stand over the newer one', async () => {
  const first = later<object>();
  let n = 0;
  const { notices } = await following(() => (n++ ? { count: { value: 0 } } : first.promise));
  await notices.readUnread();
  first.keep({ count: { value: 1 } });
  await new Promise((done) => setTimeout(done, 20));
  expect([n, notices.unread.value]).toEqual([2, 0]);
});
