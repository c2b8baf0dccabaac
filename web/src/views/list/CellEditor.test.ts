// The input of a cell may come late (its code is loaded when it is first used): the focus goes into it whenever it comes.
import { mount } from '@vue/test-utils';
import { expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref } from 'vue';
import type { FieldDef } from '../../core/schema';
import * as registry from '../../fields/registry';
import CellEditor from './CellEditor.vue';

it('takes the focus when its input is there, however late', async () => {
  vi.useFakeTimers();
  const there = ref(false);
  const late = defineComponent({ render: () => (there.value ? h('input', { type: 'text' }) : h('i')) });
  vi.spyOn(registry, 'typeOf').mockReturnValue({ ...registry.typeOf({ type: 'string' } as FieldDef), input: late } as ReturnType<typeof registry.typeOf>);
  const field: FieldDef = { name: 'name', type: 'string', label: { zh: '名称' } };
  const w = mount(CellEditor, { props: { field, row: { id: 1, version: 1, name: '甲' }, save: async () => true }, attachTo: document.body });
  await nextTick();
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  expect(document.activeElement).toBe(document.body);
  there.value = true;
  await vi.waitFor(() => expect(document.activeElement).toBe(w.get('input').element));
  w.unmount();
});
