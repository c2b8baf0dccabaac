// A choice list that asks the server: what is taken by Enter is of the words typed, however late the answer comes.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import Combo, { type Item } from './Combo.vue';

const first: Item[] = [{ value: 1, label: '安达物流' }, { value: 2, label: '北方电子' }];
beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });
function make(modelValue: Item | null = null, load = vi.fn(async (q: string) => (q ? [{ value: 9, label: `${q}贸易` }] : first))) {
  return { load, w: mount(Combo, { attachTo: document.body, props: { label: '客户', modelValue, load } }) };
}

it('waits with Enter for the answer to what was typed', async () => {
  const { w } = make();
  const input = w.get('input');
  await w.get('.combo').trigger('click');
  await flushPromises();
  await input.setValue('王氏');
  await input.trigger('keydown', { key: 'Enter' });
  expect(w.emitted('update:modelValue')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(250);
  await flushPromises();
  expect(w.emitted('update:modelValue')).toEqual([[{ value: 9, label: '王氏贸易' }]]);
  w.unmount();
});
it('takes nothing where the list was left before the answer', async () => {
  const { w } = make(first[1]);
  const input = w.get('input');
  await w.get('.combo').trigger('click');
  await flushPromises();
  await input.setValue('王氏');
  await input.trigger('keydown', { key: 'Enter' });
  await input.trigger('keydown', { key: 'Tab' });
  await vi.advanceTimersByTimeAsync(250);
  await flushPromises();
  expect(w.emitted('update:modelValue')).toBeUndefined();
  expect((input.element as HTMLInputElement).value).toBe('北方电子');
  w.unmount();
});
it('stands at what is chosen: opened and left by Enter it stays', async () => {
  const { w } = make(first[1]);
  const input = w.get('input');
  await input.trigger('keydown', { key: 'ArrowDown' });
  await flushPromises();
  await input.trigger('keydown', { key: 'Enter' });
  expect(w.emitted('update:modelValue')).toEqual([[first[1]]]);
  w.unmount();
});
it('what comes while somebody is in the field is replaced by what is typed', async () => {
  const w = mount(Combo, { attachTo: document.body, props: { label: '字段', items: [] as Item[], modelValue: null as Item | null } });
  const input = w.get('input').element as HTMLInputElement;
  input.focus();
  await w.setProps({ items: first, modelValue: first[0]! });
  expect([input.value, input.selectionStart, input.selectionEnd]).toEqual(['安达物流', 0, 4]);
  await w.setProps({ modelValue: first[1]! });
  expect([input.value, input.selectionStart, input.selectionEnd]).toEqual(['北方电子', 0, 4]);
  w.unmount();
});
