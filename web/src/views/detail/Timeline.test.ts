// What comes in while somebody looks: an entry stays the same element when another comes before it, as much is shown as was, and
// the list of changes is read again for another version of the record.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory, createRouter } from 'vue-router';
import { serve } from '../../../test/server';
import type { EntityDef } from '../../core/schema';
import HistoryList from './HistoryList.vue';
import Timeline from './Timeline.vue';

afterEach(() => vi.unstubAllGlobals());
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:x(.*)*', component: { template: '<i/>' } }] });
const entity: EntityDef = { name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', can: {}, fields: [], list: ['name'], form: [] };
const row = { id: 7, version: 1, name: '甲' };
const entry = (n: number) => ({ kind: 'update', at: `2026-01-01T00:00:${String(n).padStart(2, '0')}Z`, by: null, entity: 'customer', id: 7, changes: [{ field: 'x', before: null, after: `第${n}次` }] });

describe('Timeline', () => {
  it('keeps the elements of what was there when something comes before them', async () => {
    let items = [entry(2), entry(2), entry(1)];
    serve({ 'GET /customers/7/timeline': () => ({ data: items, next_cursor: null }) });
    const w = mount(Timeline, { props: { entity, row }, global: { plugins: [router] } });
    await flushPromises();
    const before = w.findAll('.timeline > li').map((li) => li.element);
    expect(before.length).toBe(3);
    items = [entry(3), ...items];
    await (w.vm as unknown as { load: () => Promise<void> }).load();
    await flushPromises();
    const after = w.findAll('.timeline > li').map((li) => li.element);
    expect(after.length).toBe(4);
    expect(after.slice(1).map((e) => before.indexOf(e))).toEqual([0, 1, 2]);
    w.unmount();
  });
  it('reads as much of it as is shown', async () => {
    const asked = serve({ 'GET /customers/7/timeline': ({ query }) => {
      const from = Number(query.get('cursor') ?? 0), n = Number(query.get('limit') ?? 50);
      return { data: Array.from({ length: Math.min(n, 120 - from) }, (_, i) => entry(from + i)), next_cursor: from + n < 120 ? String(from + n) : null };
    } });
    const w = mount(Timeline, { props: { entity, row }, global: { plugins: [router] } });
    await flushPromises();
    await w.findAll('button').at(-1)!.trigger('click');
    await flushPromises();
    expect(w.findAll('.timeline > li').length).toBe(100);
    await (w.vm as unknown as { load: () => Promise<void> }).load();
    await flushPromises();
    expect([w.findAll('.timeline > li').length, asked.at(-1)!.query.get('limit')]).toEqual([100, '100']);
    w.unmount();
  });
});

it('the changes of a record are read again when it has another version', async () => {
  let data = [{ id: 1, at: '2026-01-01T00:00:00Z', by: null, action: 'create' }];
  serve({ 'GET /customers/7/history': () => ({ data, next_cursor: null }) });
  const w = mount(HistoryList, { props: { entity, row } });
  await flushPromises();
  expect(w.findAll('tbody tr').length).toBe(1);
  data = [{ id: 2, at: '2026-01-02T00:00:00Z', by: null, action: 'update' }, ...data];
  await w.setProps({ row: { ...row, version: 2 } });
  await flushPromises();
  expect(w.findAll('tbody tr').length).toBe(2);
  w.unmount();
});
