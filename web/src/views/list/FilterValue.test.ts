// A kept view may say "7 days ago" where the panel offers no such choice: it stands there and is not taken for empty.
import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { FieldDef } from '../../core/schema';
import FilterValue from './FilterValue.vue';

const field = { name: 'created_at', type: 'datetime', label: { zh: '创建时间' } } as FieldDef;
it.each([['-7d', '7 天前'], ['+3d', '3 天后'], ['today', '今天'], ['+2w', '2 周后'], ['-4h', '4 小时前']])('shows %s as %s', (value, words) => {
  const w = mount(FilterValue, { props: { field, op: '>=', value } });
  const select = w.get('select').element as HTMLSelectElement;
  expect([select.value, select.selectedOptions[0]?.textContent]).toEqual([value, words]);
  w.unmount();
});
it('shows both ends of a span in words, and a day of the calendar as one', async () => {
  const w = mount(FilterValue, { props: { field, op: 'between', value: ['-2w', '+3d'] } });
  const shown = () => w.findAll('select').map((s) => [s.attributes('aria-label'), (s.element as HTMLSelectElement).selectedOptions[0]?.textContent]);
  expect(shown()).toEqual([['创建时间 从 时间', '2 周前'], ['创建时间 到 时间', '3 天后']]);
  await w.findAll('select')[1]!.setValue('today');
  expect(w.emitted('change')).toEqual([[['-2w', 'today']]]);
  await w.setProps({ value: ['-2w', '2026-11-23T00:00:00Z'] });
  expect(shown()).toEqual([['创建时间 从 时间', '2 周前']]);
  w.unmount();
});
