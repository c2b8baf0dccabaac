// What is proposed and what is sent when records are merged.
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../core/api';
import type { EntityDef, FieldDef, Row } from '../../core/schema';
import { barred, bestFilled, body, choices, choosable, collected, differs, idsOf, likeness, MOST, oldest, openMerges, proposed, refusal, split } from './merge';

const field = (name: string, more: Partial<FieldDef> = {}): FieldDef => ({ name, type: 'string', label: { zh: name }, right: 'edit', ...more });
const name = field('name', { required: true }), phone = field('phone', { type: 'phone' }), level = field('level', { type: 'option' }), region = field('region', { type: 'region' });
const all = [name, phone, level, region];
const row = (id: number, more: Partial<Row> = {}): Row => ({ id, version: id * 10, created_at: `2026-01-0${id}T00:00:00Z`, updated_at: `2026-02-0${id}T00:00:00Z`, ...more });

describe('the records of a merge', () => {
  it('are read out of an address, each once, no more than one merge takes', () => {
    expect(idsOf('3,1,3,x,-2,0,1.5,7')).toEqual([3, 1, 7]);
    expect(idsOf(undefined)).toEqual([]);
    expect(idsOf(Array.from({ length: 30 }, (_, i) => i + 1).join(','))).toHaveLength(MOST);
  });
  it('the best filled one stays, among equals the oldest', () => {
    const a = row(1, { name: '甲' }), b = row(2, { name: '甲', phone: '1' }), c = row(3, { name: '甲', level: 'key' });
    expect(bestFilled(all, [a, c, b])!.id).toBe(2);
    expect(oldest([c, b, a])!.id).toBe(1);
    expect(bestFilled(all, [])).toBeUndefined();
    expect(oldest([row(5, { created_at: null }), row(4, { created_at: null })])!.id).toBe(4);
  });
});

describe('the fields of a merge', () => {
  it('are those a person may write, one value each', () => {
    expect(choosable(name)).toBe(true);
    for (const f of [field('a', { right: 'read' }), field('b', { readonly: true }), field('c', { create_only: true }), field('d', { type: 'number' }), field('e', { type: 'parts' }), field('tags', { type: 'link_many' }), field('owner', { type: 'link' })]) expect(choosable(f)).toBe(false);
    expect(collected(field('tags', { type: 'link_many' }))).toBe(true);
    expect(collected(name)).toBe(false);
  });
  it('ask only where the records differ; a link is its id, nothing is nothing', () => {
    const a = row(1, { name: '甲', phone: null, region: { id: 330100, label: '杭州' } }), b = row(2, { name: '乙', phone: '', region: { id: 330100, label: '浙江杭州' } });
    expect(split(all, [a, b])).toEqual({ open: [name], equal: [region] });
    expect(differs(phone, [a, { ...b, phone: '1' }])).toBe(true);
  });
  it('two masked numbers may be different ones though they look the same', () => {
    const a = row(1, { phone: '138****0000', masked: ['phone'] }), b = row(2, { phone: '138****0000', masked: ['phone'] });
    expect(split([phone], [a, b]).open).toEqual([phone]);
  });
});

describe('what is proposed', () => {
  const a = row(1, { name: '甲', phone: null, level: 'key' }), b = row(2, { name: '乙', phone: '2', level: null }), c = row(3, { name: '丙', phone: '3', level: null });
  it('the value of the one that stays; where it is blank, of the one changed last', () => {
    expect(choices(all, [a, b, c], 1, {})).toEqual({ name: 1, phone: 3, level: 1, region: 1 });
    expect(choices(all, [a, b, c], 2, {})).toEqual({ name: 2, phone: 2, level: 1, region: 2 });
  });
  it('never a value the person reads masked, nor nothing for a field that must be filled', () => {
    const hidden = { ...c, masked: ['phone'] };
    expect(proposed(phone, [a, b, hidden], 1)).toBe(2);
    expect(proposed(phone, [a, hidden], 1)).toBe(1);
    expect(barred(phone, hidden, 1)).toBe('masked');
    expect(barred(phone, hidden, 3)).toBe('');
    expect(barred(name, { ...b, name: null }, 1)).toBe('required');
    expect(barred(phone, { ...b, phone: null }, 1)).toBe('');
  });
  it('what was chosen stays chosen when another one is to survive, unless it cannot be had any more', () => {
    expect(choices([name, phone], [a, b, c], 2, { name: 3, phone: 9 })).toEqual({ name: 3, phone: 2 });
    expect(choices([phone], [a, b, { ...c, masked: ['phone'] }], 1, { phone: 3 })).toEqual({ phone: 2 });
  });
});

describe('what is sent', () => {
  const a = row(1, { name: '甲', phone: null }), b = row(2, { name: '乙', phone: '2' }), c = row(3, { name: '甲', phone: '3' });
  it('only what does not stay as it is, and the versions that were seen', () => {
    expect(body([a, b, c], 1, [name, phone], { name: 1, phone: 2 })).toEqual({ survivor: 1, merged: [2, 3], choose: { phone: 2 }, versions: { 1: 10, 2: 20, 3: 30 } });
  });
  it('the same value of another one is no change; an empty one may be chosen', () => {
    expect(body([a, b, c], 1, [name, phone], { name: 3, phone: 1 }).choose).toEqual({});
    expect(body([b, a], 2, [name, phone], { name: 1, phone: 1 }).choose).toEqual({ name: 1, phone: 1 });
  });
});

describe('what the server says', () => {
  it('is said at the choice it means, or as what holds it', () => {
    expect(refusal(new ApiError(422, 'masked', '不行', [{ field: 'choose.phone', code: 'masked', message: '看不全' }, { field: '', code: 'x', message: '也不行' }]))).toEqual({ moved: null, held: '', refused: [{ message: '看不全', field: 'phone' }, { message: '也不行' }] });
    expect(refusal(new ApiError(403, 'perm_denied', '没有权限')).refused).toEqual([{ message: '没有权限' }]);
    expect(refusal(new ApiError(403, 'perm_denied', '', [{ code: 'perm_denied', message: '没有权限' } as never])).refused).toEqual([{ message: '没有权限' }]);
    expect(refusal(new ApiError(409, 'approval_required', '须审批'))).toEqual({ moved: null, refused: [], held: '须审批' });
  });
  it('tells which merges can be taken back, and by which one a record went', () => {
    const entries = [{ kind: 'unmerge', merge: { id: 3, merged: [{ id: 8 }] } }, { kind: 'changed' }, { kind: 'merge', merge: { id: 3, merged: [{ id: 8 }] } }, { action: 'merge', merge: { id: 2, merged: [{ id: 7, name: '乙' }] } }, { kind: 'merge', merge: { id: 1, into: 9, merged: [{ id: 5 }] } }];
    expect([...openMerges(entries)]).toEqual([2]);
  });
});

it('the duplicates of a record are asked for by what the rules compare, as far as it is read in clear', () => {
  const entity = { dups: [{ name: 'name_phone', fields: ['name', 'phone'] }, { name: 'uscc', fields: ['uscc'] }, { name: 'customer', fields: ['customer'] }] } as unknown as EntityDef;
  expect(likeness(entity, row(1, { name: '甲', phone: '138****0000', masked: ['phone'], uscc: null, customer: { id: 4, label: '乙' } }))).toEqual({ id: 1, name: '甲', customer: 4 });
});
