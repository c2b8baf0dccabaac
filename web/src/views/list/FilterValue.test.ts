// A kept view may say "7 days ago" where the panel offers no such choice: it stands there and is not taken for empty.
import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { FieldDef } from '../../core/schema';
import FilterValue from './FilterValue.vue';

const field = { name: 'created_at', type: 'datetime', label: { zh: '创建时间' } } as FieldDef;
it.each([['-7d', '7 天前'], ['+3d', '3 天后'], ['today', '今天']])('shows %s as %s', (value, words) => {
  const w = mount(FilterValue, { props: { field, op: '>=', value } });
  const select = w.get('select').element as HTMLSelectElement;
  expect([select.value, select.selectedOptions[0]?.textContent]).toEqual([value, words]);
  w.unmount();
});
