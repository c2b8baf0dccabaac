// The words of a setting as boxes: what is ticked is a word more, what is not known stays.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../test/server';
import TellSetting from './TellSetting.vue';

afterEach(() => vi.unstubAllGlobals());
it('shows the words as boxes and keeps those it does not know', async () => {
  serve({ 'GET /me/notify': () => ({ kinds: [{ code: 'task_due', label: '任务提醒' }, { code: 'job', label: '后台任务' }], media: [{ medium: 'mail', label: '邮件' }, { medium: 'sms', label: '短信' }] }) });
  const w = mount(TellSetting, { props: { id: 'x', modelValue: 'task_due.mail, later.fax', disabled: false, label: '默认' } });
  await flushPromises();
  const boxes = w.findAll('.check');
  expect(boxes.map((b) => [b.attributes('aria-label'), (b.element as HTMLInputElement).checked])).toEqual([['任务提醒 · 邮件', true], ['任务提醒 · 短信', false], ['后台任务 · 邮件', false], ['后台任务 · 短信', false]]);
  await boxes[3]!.setValue(true);
  await w.setProps({ modelValue: w.emitted('update:modelValue')![0]![0] as string });
  await boxes[0]!.setValue(false);
  expect(w.emitted('update:modelValue')).toEqual([['task_due.mail, later.fax, job.sms'], ['later.fax, job.sms']]);
  w.unmount();
});
