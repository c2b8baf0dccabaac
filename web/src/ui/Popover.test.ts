// A panel whose content loads only after it opened has the focus itself: Esc closes it all the same.
import { flushPromises, mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import { defineAsyncComponent, h } from 'vue';
import { later } from '../../test/server';
import Popover from './Popover.vue';

it('is closed by Esc before its content has come, and gives the focus back', async () => {
  const content = later<object>();
  const w = mount(Popover, { attachTo: document.body, props: { label: '更多筛选', text: '更多筛选' }, slots: { default: () => h(defineAsyncComponent(() => content.promise as never)) } });
  await w.get('button').trigger('click');
  await flushPromises();
  const panel = document.querySelector<HTMLElement>('[role=dialog]')!;
  expect(document.activeElement).toBe(panel);
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  await flushPromises();
  expect(document.querySelector('[role=dialog]')).toBeNull();
  expect(document.activeElement).toBe(w.get('button').element);
  w.unmount();
});
