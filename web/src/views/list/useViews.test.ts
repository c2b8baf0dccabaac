import { describe, expect, it } from 'vitest';
import type { EntityDef, FieldDef } from '../../core/schema';
import { columnsOf, sameShape, shapeOf, type SavedView } from './useViews';

const field = (name: string): FieldDef => ({ name, type: 'string', label: { zh: name } });
const entity: EntityDef = { name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', can: {}, fields: ['name', 'phone', 'level'].map(field), list: ['name'], form: [], sort: '-created_at' };
const view = (more: Partial<SavedView>): SavedView => ({ id: 1, version: 1, name: 'v', kind: 'list', filter: null, columns: null, sort_by: null, group_by: null, sums: null, shared: 'private', is_default: false, owner: null, ...more });
const start = [{ field: 'name' }];

describe('the shape of a view', () => {
  it('reads columns as anybody writes them; what the reader has not falls out', () => {
    expect(columnsOf(entity, ['name', { field: 'phone', width: 160 }, 'gone', 'name', 7, null])).toEqual([{ field: 'name' }, { field: 'phone', width: 160 }]);
    expect(columnsOf(entity, 'name')).toEqual([]);
  });
  it('takes the order of the entity and the columns of the list where it has none', () => {
    expect(shapeOf(entity, view({ group_by: 'gone', sums: ['gone', 'level'] }), start)).toEqual({ kind: 'list', filter: null, columns: start, sort: '-created_at', group: '', sums: ['level'] });
    expect(shapeOf(entity, view({ kind: 'board', group_by: 'level' }), start)).toMatchObject({ kind: 'board', group: 'level' });
  });
  it('knows a change: order, width and conditions, not the way they are written', () => {
    const a = shapeOf(entity, view({ columns: ['name', 'phone'], filter: ['level', '=', 'key'] }), start);
    expect(sameShape(a, shapeOf(entity, view({ columns: [{ field: 'name' }, { field: 'phone' }], filter: ['level', '=', 'key'] }), start))).toBe(true);
    for (const more of [{ columns: ['phone', 'name'] }, { columns: [{ field: 'name', width: 99 }, 'phone'] }, { columns: ['name', 'phone'], filter: null }, { columns: ['name', 'phone'], filter: ['level', '=', 'key'], sort_by: 'name' }]) expect(sameShape(a, shapeOf(entity, view({ filter: ['level', '=', 'key'], ...more }), start))).toBe(false);
  });
});
