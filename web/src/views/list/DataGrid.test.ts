import { mount } from '@vue/test-utils';
import { describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { EntityDef, FieldDef, Row } from '../../core/schema';
import DataGrid from './DataGrid.vue';

const field = (name: string, type: string, more = {}): FieldDef => ({ name, type, label: { zh: name }, right: 'edit', ...more });
const fields = [field('name', 'string', { sort: true }), field('level', 'option', { options: [{ code: 'key', label: { zh: '重要' }, color: 'red' }] }), field('money', 'money', { sort: true }), field('phone', 'phone')];
const entity: EntityDef = { name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', can: { edit: true }, fields, list: fields.map((f) => f.name), form: [] };
const rows: Row[] = [1, 2, 3].map((id) => ({ id, version: 1, name: `客户${id}`, level: 'key', money: '1200.5', phone: '139****1111', masked: id === 2 ? ['phone'] : [] }));
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:x(.*)*', component: { template: '<i/>' } }] });
const make = (more = {}) => mount(DataGrid, { props: { entity, fields, rows, sort: '-money', selected: new Set<number>([2]), loading: false, label: '客户', pickable: true, rowMenu: () => [], save: async () => true, ...more }, global: { plugins: [router] }, attachTo: document.body });

describe('DataGrid', () => {
  it('shows a row a record with its values as people read them', () => {
    const w = make();
    const cells = w.findAll('tbody tr')[0]!.findAll('td').map((c) => c.text());
    expect(cells.slice(1, 5)).toEqual(['客户1', '重要', '¥1,200.50', '139****1111']);
    expect(w.get('.title-link').attributes('href')).toBe('/e/customers/1');
    expect(w.findAll('tbody tr')[1]!.classes()).toContain('picked');
    expect(w.get('th[aria-sort]').attributes('aria-sort')).toBe('descending');
    w.unmount();
  });
  it('tells what is sorted and picked', async () => {
    const w = make();
    await w.get('th button').trigger('click');
    expect(w.emitted('sort')).toEqual([['name']]);
    await w.findAll('tbody .check')[0]!.trigger('click');
    expect(w.emitted('pick')![0]!.slice(0, 2)).toEqual([1, true]);
    await w.get('thead .check').setValue(true);
    expect(w.emitted('pickAll')).toEqual([[true]]);
    w.unmount();
  });
  it('moves by arrows with one cell in the order of Tab, opens by Enter on the name', async () => {
    const w = make();
    expect(w.findAll('td[tabindex="0"]').length).toBe(1);
    const cell = w.get('td[data-r="0"][data-c="0"]');
    (cell.element as HTMLElement).focus();
    await cell.trigger('keydown', { key: 'ArrowDown' });
    await nextTick();
    expect((document.activeElement as HTMLElement).dataset).toMatchObject({ r: '1', c: '0' });
    await w.get('td[data-r="1"][data-c="0"]').trigger('keydown', { key: 'Enter' });
    expect((w.emitted('open')![0]![0] as Row).id).toBe(2);
    w.unmount();
  });
  it('edits a cell by Enter or double click, never the name, a masked or a read-only one', async () => {
    const save = vi.fn(async () => true);
    const w = make({ save });
    await w.get('td[data-r="0"][data-c="0"]').trigger('dblclick');
    expect(w.find('.cell-edit').exists()).toBe(false);
    await w.get('td[data-r="1"][data-c="3"]').trigger('dblclick');
    expect(w.find('.cell-edit').exists()).toBe(false);
    await w.get('td[data-r="0"][data-c="2"]').trigger('dblclick');
    await nextTick();
    const input = w.get('.cell-edit input');
    await input.setValue('1.5万');
    await input.trigger('keydown', { key: 'Enter' });
    await vi.waitFor(() => expect(save).toHaveBeenCalled());
    expect((save.mock.calls[0] as unknown[]).slice(1)).toEqual([fields[2], '15000.00']);
    await vi.waitFor(() => expect(w.find('.cell-edit').exists()).toBe(false));
    w.unmount();
  });
  it('keeps the editor open and says why when a value is refused; Esc gives up', async () => {
    const save = vi.fn(async () => { throw new Error('太大了'); });
    const w = make({ save });
    await w.get('td[data-r="0"][data-c="2"]').trigger('dblclick');
    await nextTick();
    await w.get('.cell-edit input').setValue('abc');
    await w.get('.cell-edit input').trigger('keydown', { key: 'Enter' });
    expect(save).not.toHaveBeenCalled();
    expect(w.get('.cell-problem').text()).not.toBe('');
    await w.get('.cell-edit input').setValue('5');
    await w.get('.cell-edit input').trigger('keydown', { key: 'Enter' });
    await vi.waitFor(() => expect(w.get('.cell-problem').text()).toBe('太大了'));
    await w.get('.cell-edit input').trigger('keydown', { key: 'Escape' });
    expect(w.find('.cell-edit').exists()).toBe(false);
    w.unmount();
  });
  it('shows bones while loading', () => {
    const w = make({ rows: [], loading: true });
    expect(w.findAll('.skeleton').length).toBeGreaterThan(20);
    w.unmount();
  });
});
