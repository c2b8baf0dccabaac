// What a layout is while somebody works at it: sections with names of fields in order, and what is not shown. Pure, so that it
// is tested without a page; the rules are those of src/record/layout.c.
import type { EntityDef, FieldDef } from '../core/schema';
import { isStandard, ownFirst } from '../core/schema';

export type Kind = 'list' | 'form' | 'card' | 'detail';
export const kinds: Kind[] = ['list', 'form', 'card', 'detail'];
export interface Section { zh: string; en: string; fields: string[] }
export interface Draft { sections: Section[]; hidden: string[] }
export interface Definition { fields?: string[]; sections?: { label: { zh: string; en?: string }; fields: string[] }[]; hidden?: string[] }

export const hasSections = (kind: Kind) => kind === 'form' || kind === 'detail';

/** The fields that can stand in a layout of this kind. */
export function candidates(entity: EntityDef, kind: Kind): FieldDef[] {
  const inForm = new Set(entity.form.flatMap((s) => s.fields));
  return ownFirst(entity.fields).filter((f) => {
    if (kind === 'form') return inForm.has(f.name);
    if (f.write_only || f.type === 'parts') return false;
    if (kind === 'detail') return inForm.has(f.name) || !isStandard(f.name);
    return !['json', 'files'].includes(f.type) && f.name !== 'id' && f.name !== 'version';
  });
}

export const mustStay = (entity: EntityDef, kind: Kind, f: FieldDef): boolean =>
  kind === 'form' ? !!(f.required || f.form_required || f.required_if) && (f.default === undefined || f.default === null) && !f.readonly
    : kind === 'list' && f.name === entity.title;

function plain(entity: EntityDef, kind: Kind): Section[] {
  if (hasSections(kind)) return entity.form.map((s) => ({ zh: s.label.zh, en: s.label.en ?? '', fields: [...s.fields] }));
  return [{ zh: '', en: '', fields: kind === 'list' ? [...entity.list] : [...(entity.card?.length ? entity.card : entity.list.slice(0, 6))] }];
}

/** The stored definition, or the arrangement of the entity file, with every candidate in it once. */
export function draftOf(entity: EntityDef, kind: Kind, stored: Definition | null): Draft {
  const able = candidates(entity, kind);
  const known = new Set(able.map((f) => f.name));
  const seen = new Set<string>();
  const once = (list: string[]) => list.filter((n) => known.has(n) && !seen.has(n) && (seen.add(n), true));
  const sections = !stored ? plain(entity, kind)
    : hasSections(kind) ? (stored.sections ?? []).map((s) => ({ zh: s.label.zh, en: s.label.en ?? '', fields: s.fields }))
      : [{ zh: '', en: '', fields: stored.fields ?? [] }];
  for (const s of sections) s.fields = once(s.fields);
  if (!sections.length) sections.push({ zh: entity.label.zh, en: entity.label.en ?? '', fields: [] });
  const hidden = once(stored?.hidden ?? []);
  const rest = able.map((f) => f.name).filter((n) => !seen.has(n));
  // As the server does: what stands nowhere closes a form or detail; in list and card it is just not shown.
  if (stored && hasSections(kind)) sections[sections.length - 1]!.fields.push(...rest.filter((n) => kind === 'form' || !isStandard(n)));
  else hidden.push(...rest);
  return { sections, hidden };
}

export function definitionOf(kind: Kind, draft: Draft): Definition {
  const hidden = [...draft.hidden];
  if (!hasSections(kind)) return { fields: draft.sections[0]!.fields, hidden };
  return { sections: draft.sections.map((s) => ({ label: s.en ? { zh: s.zh, en: s.en } : { zh: s.zh }, fields: s.fields })), hidden };
}

/** One step up or down; beyond the end of a section into the next one. False where there is no place to go. */
export function step(draft: Draft, name: string, by: 1 | -1): boolean {
  const s = draft.sections.findIndex((x) => x.fields.includes(name));
  const from = draft.sections[s];
  if (!from) return false;
  const at = from.fields.indexOf(name), to = at + by;
  if (to >= 0 && to < from.fields.length) { from.fields.splice(at, 1); from.fields.splice(to, 0, name); return true; }
  const next = draft.sections[s + by];
  if (!next) return false;
  from.fields.splice(at, 1);
  if (by > 0) next.fields.unshift(name); else next.fields.push(name);
  return true;
}

/** To a place before `before` of a section (the end without it), from wherever it stands. */
export function place(draft: Draft, name: string, section: number, before?: string): void {
  if (name === before) return;
  for (const s of draft.sections) s.fields = s.fields.filter((n) => n !== name);
  draft.hidden = draft.hidden.filter((n) => n !== name);
  const to = draft.sections[section]!.fields;
  const at = before === undefined ? -1 : to.indexOf(before);
  to.splice(at < 0 ? to.length : at, 0, name);
}

export function hide(draft: Draft, name: string): void {
  for (const s of draft.sections) s.fields = s.fields.filter((n) => n !== name);
  if (!draft.hidden.includes(name)) draft.hidden.push(name);
}
