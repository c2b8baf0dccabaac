// What is set is read before anything can be entered: on a slow line it stood in place of what somebody had just typed.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { later, serve } from '../../../test/server';
import LeaveSettings from './LeaveSettings.vue';

afterEach(() => vi.unstubAllGlobals());

it('nothing can be entered before what is set is there', async () => {
  const kept = later<object>();
  serve({ 'GET /users/7': () => kept.promise });
  const w = mount(LeaveSettings, { props: { user: 7 } });
  await flushPromises();
  expect(w.find('input').exists()).toBe(false);
  kept.keep({ id: 7, away_from: '2026-12-01', away_to: '2026-12-03', deputy: null });
  await flushPromises();
  expect((w.find('#leave-from').element as HTMLInputElement).value).toContain('2026');
  w.unmount();
});
