// Two clicks, the second before the first is answered: both hold.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { later, serve } from '../../../test/server';
import NotifySettings from './NotifySettings.vue';

afterEach(() => vi.unstubAllGlobals());
it('a click before the answer to another takes nothing of it back', async () => {
  let notify: { kinds: Record<string, string[]>; quiet?: unknown } = { kinds: {} };
  const now = () => ({ notify, kinds: ['task', 'approval'].map((code) => ({ code, label: code, by_default: [] })), media: [{ medium: 'mail', label: '邮件', address: 'a@example.cn', ready: true, why: null }] });
  const gate = later<void>();
  serve({ 'GET /me/notify': now, 'PATCH /me/notify': async ({ body }) => { await gate.promise; notify = { ...notify, ...(body as object) }; return now(); } });
  const w = mount(NotifySettings);
  await flushPromises();
  const [task, approval] = w.findAll('table .check');
  await task!.setValue(true);
  await approval!.setValue(true);
  await w.get('.tick .check').setValue(true);
  gate.keep();
  await vi.waitFor(() => expect(notify).toEqual({ kinds: { task: ['mail'], approval: ['mail'] }, quiet: { from: '22:00', to: '07:30' } }));
  w.unmount();
});
