// The plan of a sheet: from the server's guesses, to what the server takes.
import { describe, expect, it } from 'vitest';
import type { EntityDef } from '../../core/schema';
import { letters, missing, planOf, targets, toPatch, twice } from './plan';
import type { Sheet } from './types';

const f = (name: string, type: string, more = {}) => ({ name, type, label: { zh: name }, right: 'edit' as const, ...more });
const entity: EntityDef = {
  name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', can: {}, list: [], gets: [], form: [],
  fields: [f('id', 'int'), f('version', 'int'), f('number', 'number', { right: 'read' }), f('name', 'string', { required: true }), f('level', 'option', { required: true, default: 'normal' }), f('region', 'region', { required: true }), f('address_detail', 'string'),
    f('photo', 'image'), f('score', 'int', { right: 'read' }), f('owner', 'link', { right: 'read' }), f('primary_contact', 'parts', { parts: { name: { type: 'string', label: { zh: '姓名' } } } })],
};
const column = (index: number, header: string, field: string | null, score = 1) => ({ index, header, samples: [], guess: field ? { field, score } : null });
const old: Sheet = { index: 0, name: '客户', rows: 3, header_row: 1, entity: 'customer', columns: [column(0, '名称', 'name'), column(1, '备注', null)], mode: 'upsert', match: ['uscc', 'name'] };
const grown: Sheet = { ...old, header_rows: 2, fill_down: true, on_duplicate: 'refuse', match: [['uscc'], ['name', 'phone']], mapping: { 0: 'name', 1: 'remark' } };

describe('the plan of a sheet', () => {
  it('takes the guesses, or the mapping where the server has one', () => {
    expect(planOf(old).mapping).toEqual({ 0: 'name', 1: '' });
    expect(planOf(grown).mapping).toEqual({ 0: 'name', 1: 'remark' });
    expect(planOf({ ...old, entity: null }).entity).toBe('');
  });
  it('knows keys that must all agree, and groups of which any will do', () => {
    expect(planOf(old).match).toEqual([['uscc', 'name']]);
    expect(planOf(grown).match).toEqual([['uscc'], ['name', 'phone']]);
    expect(planOf({ ...old, match: [] }).match).toEqual([]);
  });
  it('sends back what it took, and no word an older server would refuse', () => {
    const sent = toPatch(old, planOf(old));
    expect(sent).toEqual({ index: 0, entity: 'customer', header_row: 1, mode: 'upsert', on_blank: 'keep', match: ['uscc', 'name'], mapping: { 0: 'name', 1: null }, defaults: {} });
    expect(toPatch(grown, planOf(grown))).toMatchObject({ header_rows: 2, fill_down: true, on_duplicate: 'refuse', match: [['uscc'], ['name', 'phone']] });
    expect(toPatch(grown, { ...planOf(grown), match: [['uscc'], []] }).match).toEqual(['uscc']);
  });
  it('leaves a sheet out by its index alone, and keeps back the mapping that is to be guessed anew', () => {
    expect(toPatch(old, { ...planOf(old), entity: '' })).toEqual({ index: 0, entity: null });
    expect(toPatch(old, planOf(old), true)).not.toHaveProperty('mapping');
  });
  it('sends no default that nobody has filled in', () => {
    expect(toPatch(old, { ...planOf(old), defaults: { level: null, owner: 5, tags: [] } }).defaults).toEqual({ owner: 5 });
  });
});

describe('targets of a column', () => {
  it('are the fields that may be written, the kept ones, parts and the address in one', () => {
    expect(targets(entity).map((x) => x.value)).toEqual(['number', 'name', 'level', 'region', 'address', 'address_detail', 'owner', 'primary_contact.name']);
    expect(targets(undefined)).toEqual([]);
  });
  it('required ones that nothing fills are told; a default or an address in one cell fills', () => {
    const plan = { ...planOf(old), mapping: { 0: '', 1: '' } };
    expect(missing(entity, plan)).toEqual(['name', 'region']);
    expect(missing(entity, { ...plan, mapping: { 0: 'name', 1: 'address' } })).toEqual([]);
    expect(missing(entity, { ...plan, defaults: { name: 'x', region: null } })).toEqual(['region']);
    expect(missing(entity, { ...plan, mode: 'update' })).toEqual([]);
  });
  it('a field for two columns is seen', () => expect([...twice({ ...planOf(old), mapping: { 0: 'name', 1: 'name', 2: '', 3: '' } })]).toEqual(['name']));
  it('several columns may fill one region together, and a name that the server put together', () => {
    expect(twice({ ...planOf(old), mapping: { 0: 'region', 1: 'region' } }, entity).size).toBe(0);
    const plan = { ...planOf(old), mapping: { 0: 'name', 1: 'name' } };
    expect([...twice(plan, entity, { ...old, mapping: { 0: 'name', 1: null } })]).toEqual(['name']);
    expect(twice(plan, entity, { ...old, mapping: { 0: 'name', 1: 'name' } }).size).toBe(0);
  });
  it.each([[0, 'A'], [25, 'Z'], [26, 'AA'], [701, 'ZZ'], [702, 'AAA']])('column %i is %s', (n, text) => expect(letters(n)).toBe(text));
});
