// The hint at what is there already is asked for so soon after the last key that, with the answer of the server (bench/), it is
// there within 200 ms; by the clock of the test, not by that of the machine.
import { flushPromises } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { effectScope, nextTick } from 'vue';
import { serve } from '../../../test/server';
import type { EntityDef } from '../../core/schema';
import { useDuplicates } from './useDuplicates';
import { useForm } from './useForm';

afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); });
it('asks once, a tenth of a second after the last key', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = serve({ 'POST /customers/duplicates': () => ({ data: [{ id: 3, label: '甲有限公司' }] }) });
  const entity: EntityDef = { name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', gets: ['dedupe'], can: {}, fields: [{ name: 'name', type: 'string', label: { zh: '名称' }, right: 'edit' }], list: ['name'], form: [{ label: { zh: '基本' }, fields: ['name'] }] };
  const scope = effectScope();
  const { form, hints } = scope.run(() => { const f = useForm(entity, null); return { form: f, hints: useDuplicates(entity, f, null) }; })!;
  await nextTick();
  vi.advanceTimersByTime(1000);
  for (const text of ['甲有', '甲有限', '甲有限公司']) { form.set('name', text); await nextTick(); vi.advanceTimersByTime(60); }
  expect(asked.length).toBe(0);
  vi.advanceTimersByTime(40);
  expect(asked.map((a) => a.body)).toEqual([{ name: '甲有限公司' }]);
  await flushPromises();
  expect(hints.found.value.map((d) => d.id)).toEqual([3]);
  scope.stop();
});
