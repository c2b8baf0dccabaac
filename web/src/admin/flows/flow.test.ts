import { describe, expect, it } from 'vitest';
import { bodyOf, draftOf, opWords, stepBody, type FlowRow } from './flow';

describe('a flow in the form', () => {
  it('goes to the server as it came', () => {
    const kept: Partial<FlowRow> = { name: '成交客户', entity: 'customer', on_edit: true, on_delete: true, on_bulk_delete: false, on_transfer: false, by_admin: true, fields: ['name', 'uscc'], filter: ['and', ['lifecycle', '=', 'active']], steps: [{ who: 'department_head', days: 2 }, { who: 'role', role: 'management', mode: 'all' }] };
    expect(bodyOf(draftOf(kept))).toMatchObject({ name: '成交客户', fields: ['name', 'uscc'], by_admin: true, steps: kept.steps });
  });
  it('keeps a filter the builder cannot show', () => {
    const filter = ['or', ['and', ['level', '=', 'key'], ['region', 'under', [310000]]], ['level', '=', 'top']];
    expect(bodyOf(draftOf({ filter })).filter).toEqual(filter);
  });
  it('holds restoring as deletion where the flow says nothing of it', () => {
    expect([draftOf({ on_delete: true, on_restore: null }), draftOf({ on_delete: false }), draftOf({ on_delete: true, on_restore: false })].map((d) => bodyOf(d).on_restore)).toEqual([true, false, false]);
  });
  it('says merging where it is held, and holds none by itself', () => {
    expect(bodyOf(draftOf({})).on_merge).toBe(false);
    const d = draftOf({ on_delete: false, on_restore: false, on_merge: true });
    expect(bodyOf(d).on_merge).toBe(true);
    expect(opWords(null, d)).toBe('合并');
  });
  it('names no fields where changes are free', () => {
    expect(bodyOf({ ...draftOf({ fields: ['name'] }), on_edit: false }).fields).toBeNull();
  });
  it('sends of a step what its kind reads, and one limit', () => {
    expect(stepBody({ who: 'manager', role: 'management', user: 7, mode: 'all', days: 2, hours: 24 })).toEqual({ who: 'manager', days: 2 });
    expect(stepBody({ who: 'user', user: 7, role: 'x' })).toEqual({ who: 'user', user: 7 });
    expect(stepBody({ who: 'role', role: 'management', mode: 'any', hours: 24 })).toEqual({ who: 'role', role: 'management', hours: 24 });
  });
});
