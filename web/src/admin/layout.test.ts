import { describe, expect, it } from 'vitest';
import type { EntityDef, FieldDef } from '../core/schema';
import { candidates, definitionOf, draftOf, hide, mustStay, place, step } from './layout';

const f = (name: string, over: Partial<FieldDef> = {}): FieldDef => ({ name, type: 'string', label: { zh: name }, ...over });
const entity: EntityDef = {
  name: 'thing', plural: 'things', label: { zh: '物', en: 'Thing' }, title: 'name', can: {},
  fields: [f('id', { type: 'int' }), f('created_at'), f('name', { required: true }), f('a'), f('b', { required: true, default: 'x' }), f('secret', { write_only: true }), f('c')],
  list: ['name', 'a', 'created_at'], form: [{ label: { zh: '一', en: 'One' }, fields: ['name', 'a'] }, { label: { zh: '二' }, fields: ['b', 'secret', 'c'] }],
};

describe('layout', () => {
  it('knows what can stand where', () => {
    expect(candidates(entity, 'form').map((x) => x.name)).toEqual(['name', 'a', 'b', 'secret', 'c']);
    expect(candidates(entity, 'detail').map((x) => x.name)).toEqual(['name', 'a', 'b', 'c']);
    expect(candidates(entity, 'list').map((x) => x.name)).toEqual(['name', 'a', 'b', 'c', 'created_at']);
    const must = entity.fields.filter((x) => mustStay(entity, 'form', x)).map((x) => x.name);
    expect(must).toEqual(['name']);
    expect(mustStay(entity, 'list', entity.fields[2]!)).toBe(true);
  });
  it('begins as the entity file has it, and goes there and back', () => {
    const list = draftOf(entity, 'list', null);
    expect(list).toEqual({ sections: [{ zh: '', en: '', fields: ['name', 'a', 'created_at'] }], hidden: ['b', 'c'] });
    expect(definitionOf('list', list)).toEqual({ fields: ['name', 'a', 'created_at'], hidden: ['b', 'c'] });
    const form = draftOf(entity, 'form', null);
    expect(form.hidden).toEqual([]);
    expect(draftOf(entity, 'form', definitionOf('form', form))).toEqual(form);
  });
  it('shows a field that came later at the end, and forgets one that is gone', () => {
    const form = draftOf(entity, 'form', { sections: [{ label: { zh: '一' }, fields: ['gone', 'name'] }], hidden: ['a'] });
    expect(form.sections[0]!.fields).toEqual(['name', 'b', 'secret', 'c']);
    expect(form.hidden).toEqual(['a']);
  });
  it('moves by steps across sections, and by places', () => {
    const form = draftOf(entity, 'form', null);
    expect(step(form, 'name', -1)).toBe(false);
    expect(step(form, 'name', 1)).toBe(true);
    expect(step(form, 'name', 1)).toBe(true);
    expect(form.sections.map((s) => s.fields)).toEqual([['a'], ['name', 'b', 'secret', 'c']]);
    expect(step(form, 'name', -1)).toBe(true);
    expect(form.sections[0]!.fields).toEqual(['a', 'name']);
    hide(form, 'a');
    expect(form.hidden).toEqual(['a']);
    place(form, 'a', 1, 'c');
    expect(form.sections[1]!.fields).toEqual(['b', 'secret', 'a', 'c']);
    expect(form.hidden).toEqual([]);
    place(form, 'a', 1, 'a');
    expect(form.sections[1]!.fields).toEqual(['b', 'secret', 'a', 'c']);
  });
});
