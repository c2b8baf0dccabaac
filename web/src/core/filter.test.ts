import { describe, expect, it } from 'vitest';
import { both, countOf, emptyFilter, fromFilter, groupFilter, holds, isComplete, quickFields, toFilter, type FilterState } from './filter';

const state = (more: Partial<FilterState>): FilterState => ({ ...emptyFilter(), ...more });
describe('filters', () => {
  it('says nothing when nothing is chosen', () => {
    expect(toFilter(emptyFilter())).toBeNull();
    expect(toFilter(state({ conditions: [{ field: 'name', op: 'contains', value: '' }] }))).toBeNull();
  });
  it('joins quick choices and conditions', () => {
    expect(toFilter(state({ quick: { level: ['key'] } }))).toEqual(['level', 'in', ['key']]);
    expect(toFilter(state({ quick: { level: ['key'], owner: [{ id: 5, label: '张三' }] }, conditions: [{ field: 'name', op: 'contains', value: '云' }] })))
      .toEqual(['and', ['level', 'in', ['key']], ['owner', 'in', [5]], ['name', 'contains', '云']]);
    expect(toFilter(state({ mode: 'or', conditions: [{ field: 'a', op: '=', value: 1 }, { field: 'b', op: 'is_null', value: null }] }))).toEqual(['or', ['a', '=', 1], ['b', 'is_null', null]]);
  });
  it.each([
    [['level', 'in', ['key']]], [['and', ['level', 'in', ['key']], ['name', 'contains', '云']]], [['and', ['level', 'in', ['key']], ['or', ['a', '=', 1], ['b', '=', 2]]]],
    [['created_at', 'between', ['2026-01-01', '2026-02-01']]], [['or', ['a', '=', 1], ['b', '=', 2]]], [['x', 'is_null', null]],
    [['or', ['and', ['a', '=', 1], ['b', '=', 2]], ['c', '=', 3]]], [['and', ['customer.owner', '=', 'me'], ['or', ['a', '=', 1], ['b', '=', 2]]]],
    [['and', ['level', 'in', ['key']], ['or', ['and', ['a', '=', 1], ['b', '=', 2]], ['c', '=', 3]]]],
    [['id', 'duplicate', 'name']], [['or', ['id', 'duplicate', 'name'], ['id', 'duplicate', 'phone']]],
    [['and', ['or', ['id', 'duplicate', 'name'], ['id', 'duplicate', 'phone']], ['a', '=', 1]]], [['or', ['id', 'duplicate', 'name'], ['a', '=', 1]]],
  ])('%j comes back from an address as it was', (filter) => {
    const read = fromFilter(filter, ['level']);
    expect(read).not.toBeNull();
    expect(toFilter(read!)).toEqual(filter);
  });
  it('asks for duplicates by the rules that are ticked', () => {
    expect(toFilter(state({ quick: { id: ['name', 'phone'], level: ['key'] } }))).toEqual(['and', ['or', ['id', 'duplicate', 'name'], ['id', 'duplicate', 'phone']], ['level', 'in', ['key']]]);
    expect(fromFilter(['and', ['id', 'duplicate', 'name'], ['a', '=', 1]], [])).toMatchObject({ quick: { id: ['name'] }, conditions: [{ field: 'a' }] });
  });
  it('leaves alone what the bar cannot show', () => {
    expect(fromFilter(['not', ['a', '=', 1]], [])).toBeNull();
    expect(fromFilter(['or', ['and', ['a', '=', 1], ['or', ['b', '=', 2], ['d', '=', 4]]], ['c', '=', 3]], [])).toBeNull();
    expect(fromFilter('nonsense', [])).toBeNull();
  });
  it('knows when a condition is complete', () => {
    expect(isComplete({ field: 'a', op: 'between', value: [1, null] })).toBe(false);
    expect(isComplete({ field: 'a', op: 'between', value: [0, 1] })).toBe(true);
    expect(isComplete({ field: 'a', op: 'in', value: [] })).toBe(false);
    expect(isComplete({ field: 'a', op: '=', value: false })).toBe(true);
    expect(countOf(state({ conditions: [{ field: 'a', op: 'not_null', value: null }, { field: 'b', op: '=', value: null }] }))).toBe(1);
  });
  it('offers buttons for short choices in the order of the list, the owner first', () => {
    const f = (name: string, type: string, more = {}) => ({ name, type, label: { zh: name }, ops: ['in'], ...more });
    expect(quickFields([f('level', 'option'), f('industry', 'option'), f('hidden', 'option'), f('owner', 'link', { to: 'user' }), f('name', 'string')], ['name', 'industry', 'level']).map((x) => x.name)).toEqual(['owner', 'industry', 'level']);
  });
});

describe('groups', () => {
  const f = (type: string) => ({ name: 'x', type, label: { zh: 'x' } });
  it.each([
    ['option', 'key', ['x', '=', 'key']], ['option', null, ['x', 'is_null', null]], ['link', 5, ['x', '=', 5]], ['link_many', 5, ['x', 'contains', 5]],
    ['region', 330000, ['x', 'under', 330000]], ['date', '2026-02', ['x', 'between', ['2026-02-01', '2026-02-28']]], ['bool', false, ['x', '=', false]],
  ])('the rows of a group by %s %s', (type, value, filter) => expect(groupFilter(f(type), value)).toEqual(filter));
  it('joins two filters', () => { expect(both(null, ['a', '=', 1])).toEqual(['a', '=', 1]); expect(both(['b', '=', 1], ['a', '=', 1])).toEqual(['and', ['b', '=', 1], ['a', '=', 1]]); });
});

describe('conditions on the values of a form', () => {
  const values = { lifecycle: 'invalid', level: null, amount: '12.50', owner: { id: 7, label: '张三' }, tags: [] };
  it.each([
    [['lifecycle', '=', 'invalid'], true], [['lifecycle', '!=', 'invalid'], false], [['lifecycle', 'in', ['a', 'invalid']], true],
    [['level', 'is_null', null], true], [['tags', 'not_null', null], false], [['level', '!=', 'x'], false], [['owner', '=', 7], true],
    [['amount', '>', 12], true], [['amount', '<=', 12], false], [['and', ['owner', '=', 7], ['amount', '>', 99]], false],
    [['or', ['owner', '=', 8], ['amount', '>', 1]], true], [['not', ['owner', '=', 8]], true], [['created_at', 'within', 'month'], false], [null, false], ['x', false],
  ])('%j is %s', (filter, result) => expect(holds(filter, values)).toBe(result));
});
