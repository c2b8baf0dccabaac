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
  it('writes other rows over those that were, and leaves a row that stays where it is, with its editor', async () => {
    const w = make();
    const [one, two] = w.findAll('tbody tr').map((tr) => tr.element);
    await w.get('td[data-r="1"][data-c="2"]').trigger('dblclick');
    await nextTick();
    await w.get('.cell-edit input').setValue('77');
    const other = (id: number) => ({ ...rows[0]!, id, name: `别的${id}` });
    await w.setProps({ rows: [other(8), rows[1]!, other(9)] });
    expect(w.findAll('tbody tr').map((tr) => tr.find('.title-link').text())).toEqual(['别的8', '客户2', '别的9']);
    expect(w.findAll('tbody tr')[0]!.element).toBe(one);
    expect(w.findAll('tbody tr')[1]!.element).toBe(two);
    expect((w.get('.cell-edit input').element as HTMLInputElement).value).toBe('77');
    await w.setProps({ rows: [rows[1]!, other(9)] });
    expect(w.findAll('tbody tr')[0]!.element).toBe(two);
    expect((w.get('.cell-edit input').element as HTMLInputElement).value).toBe('77');
    await w.setProps({ rows: [other(9)] });
    expect(w.find('.cell-edit').exists()).toBe(false);
    w.unmount();
  });
  it('keeps the first column in sight once the table is moved aside', () => {
    const box = document.createElement('div');
    box.className = 'grid-box';
    document.body.append(box);
    const w = mount(DataGrid, { props: { entity, fields, rows, sort: '', selected: new Set<number>(), loading: false, label: '客户' }, global: { plugins: [router] }, attachTo: box });
    const aside = (left: number) => { box.scrollLeft = left; box.dispatchEvent(new Event('scroll')); return w.get('table').attributes('data-aside'); };
    expect([w.get('table').attributes('data-aside'), aside(30), aside(0)]).toEqual([undefined, '', undefined]);
    w.unmount();
    box.remove();
  });
  it('closes an open menu when another record takes its row', async () => {
    const run = vi.fn();
    const w = make({ rowMenu: (row: Row) => [{ label: `删除${row.name}`, run }] });
    await w.get('td.acts button').trigger('click');
    await nextTick();
    expect(document.querySelector('[role=menu]')).not.toBeNull();
    await w.setProps({ rows: [{ ...rows[0]!, id: 8 }, rows[1]!] });
    expect(document.querySelector('[role=menu]')).toBeNull();
    w.unmount();
  });
  it('opens a link inside the page, and leaves it to the browser with a key held', async () => {
    const w = make();
    const push = vi.spyOn(router, 'push');
    await w.get('.title-link').trigger('click', { ctrlKey: true });
    expect(push).not.toHaveBeenCalled();
    await w.get('.title-link').trigger('click');
    expect(push).toHaveBeenCalledWith('/e/customers/1');
    push.mockRestore();
    w.unmount();
  });
  it('shows bones while loading', () => {
    const w = make({ rows: [], loading: true });
    expect(w.findAll('.skeleton').length).toBeGreaterThan(20);
    w.unmount();
  });
});
