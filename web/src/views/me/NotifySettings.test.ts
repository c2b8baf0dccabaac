// Two clicks, the second before the first is answered: both hold.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { later, serve } from '../../../test/server';
import NotifySettings from './NotifySettings.vue';

afterEach(() => vi.unstubAllGlobals());
it('a click before the answer to another takes nothing of it back', async () => {
  let notify: { kinds: Record<string, string[]>; quiet?: unknown } = { kinds: {} };
  const now = () => ({ notify, kinds: ['task', 'approval'].map((code) => ({ code, label: code, by_default: [] })), media: [{ medium: 'mail', label: '邮件', address: 'a@example.cn', ready: true, channel: true, why: null }] });
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

it('says that there is no channel only where there is none: without an address there is one all the same', async () => {
  const shown = async (channel: boolean) => {
    serve({ 'GET /me/notify': () => ({ notify: {}, kinds: [{ code: 'task', label: '任务', by_default: [] }], media: [{ medium: 'mail', label: '邮件', address: null, ready: false, channel, why: '没有登记地址' }] }) });
    const w = mount(NotifySettings);
    await flushPromises();
    const text = w.text();
    w.unmount();
    return text;
  };
  expect(await shown(false)).toContain('还没有可用的发送渠道');
  expect(await shown(true)).not.toContain('还没有可用的发送渠道');
  expect(await shown(true)).toContain('邮件：没有登记地址');
});

it('says when the digest goes whose hour lies in the quiet hours', async () => {
  const shown = async (quiet: object | null, at: string) => {
    serve({ 'GET /me/notify': () => ({ notify: { kinds: {}, quiet, digest: { at } }, kinds: [{ code: 'task', label: '任务', by_default: ['mail'] }], media: [] }) });
    const w = mount(NotifySettings);
    await flushPromises();
    const text = w.text();
    w.unmount();
    return text;
  };
  const night = { from: '22:00', to: '07:30' };
  expect(await shown(night, '23:00')).toContain('推迟到 07:30 发送');
  expect(await shown(night, '07:00')).toContain('推迟到 07:30 发送');
  for (const at of ['07:30', '18:00']) expect(await shown(night, at)).not.toContain('推迟');
  expect(await shown({ from: '12:00', to: '13:00' }, '12:15')).toContain('推迟到 13:00 发送');
  expect(await shown(null, '23:00')).not.toContain('推迟');
});

it('says that a digest gathers nothing as long as no kind comes by mail', async () => {
  let notify: { kinds: Record<string, string[]>; digest?: unknown } = { kinds: {}, digest: { at: '18:00' } };
  const now = () => ({ notify, kinds: [{ code: 'task', label: '任务', by_default: [] }], media: [{ medium: 'mail', label: '邮件', address: 'a@example.cn', ready: true, channel: true, why: null }] });
  serve({ 'GET /me/notify': now, 'PATCH /me/notify': ({ body }) => { notify = { ...notify, ...(body as object) }; return now(); } });
  const w = mount(NotifySettings);
  await flushPromises();
  expect(w.text()).toContain('还没有勾选任何邮件通知');
  await w.get('table .check').setValue(true);
  await vi.waitFor(() => expect(w.text()).not.toContain('还没有勾选任何邮件通知'));
  w.unmount();
});
