// A line half typed is there again after the page was loaded anew; one that is kept is not.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../../test/server';
import QuickTask from './QuickTask.vue';

afterEach(() => { vi.unstubAllGlobals(); localStorage.clear(); });
it('keeps the line in the browser until the server has it', async () => {
  serve({ 'POST /tasks/actions/parse': () => ({ title: '给客户打电话', due_at: null, timed: false }), 'POST /tasks': () => ({ id: 1 }) });
  const first = mount(QuickTask);
  await first.get('input').setValue('明天给客户打电话');
  first.unmount();
  const second = mount(QuickTask);
  expect(second.get('input').element.value).toBe('明天给客户打电话');
  await second.get('form').trigger('submit');
  await flushPromises();
  second.unmount();
  expect(mount(QuickTask).get('input').element.value).toBe('');
});
