// What merging records proposes and sends, without a page: who stays, which value of each field, the body of the call.
import type { ApiError } from '../../core/api';
import type { EntityDef, FieldDef, LinkValue, Row } from '../../core/schema';
import { sameValue } from '../../core/save';
import { isEmpty, isMasked } from '../../fields/registry';

/** As many records as one merge takes, the one that stays among them. */
export const MOST = 20;
/** Field → the record whose value stays. */
export type Choices = Record<string, number>;
/** Why it cannot be done as asked; with the field whose choice is meant. */
export interface Refusal { message: string; field?: string }
/** What the server says before anything is done: how many rows of each entity would move; null where it did not get that far. */
export interface Preview { moved: Record<string, number> | null; refused: Refusal[]; held: string }
/** The answer: the record that stayed, where it is still the caller's to read. */
export interface Merged { merge: { id: number }; record: Row | null; moved: Record<string, number> }
export interface Body { survivor: number; merged: number[]; choose: Choices; versions: Record<string, number> }

/** Numbers of records out of an address: whole, each once, so many as one merge takes. */
export function idsOf(text: unknown): number[] {
  const all = typeof text === 'string' ? text.split(',').filter((x) => /^[1-9]\d{0,15}$/.test(x)).map(Number) : [];
  return [...new Set(all)].slice(0, MOST);
}

/** A value of it can be chosen: the person may write it, and it is one value, not a collection that is put together. The owner changes by transfer. */
export function choosable(field: FieldDef): boolean {
  if (field.right !== 'edit' || field.readonly || field.create_only || field.write_only) return false;
  return field.name !== 'owner' && !['number', 'parts', 'link_many', 'file', 'files', 'image'].includes(field.type);
}
/** What is collected from all of them by itself. */
export const collected = (field: FieldDef): boolean => field.right === 'edit' && !field.readonly && (field.type === 'link_many' || field.type === 'files');

export const filledCount = (fields: FieldDef[], row: Row): number => fields.filter((f) => !isEmpty(row[f.name])).length;
const age = (row: Row): number => { const at = Date.parse(String(row.created_at ?? '')); return Number.isNaN(at) ? Number.MAX_SAFE_INTEGER : at; };
/** The one made first; of the same moment the one with the smaller number. */
export function oldest(rows: Row[]): Row | undefined {
  return [...rows].sort((a, b) => age(a) - age(b) || a.id - b.id)[0];
}
/** The best filled; among equals the oldest. */
export function bestFilled(fields: FieldDef[], rows: Row[]): Row | undefined {
  return [...rows].sort((a, b) => filledCount(fields, b) - filledCount(fields, a) || age(a) - age(b) || a.id - b.id)[0];
}

const same = (field: FieldDef, a: Row, b: Row) => sameValue(a[field.name], b[field.name]) && isMasked(field, a) === isMasked(field, b);
/** Not all say the same; where nobody says anything there is nothing to ask. */
export const differs = (field: FieldDef, rows: Row[]): boolean => rows.some((r) => !same(field, rows[0]!, r));
/** Two masked texts that look the same may stand for different values. */
const unsure = (field: FieldDef, rows: Row[]) => rows.filter((r) => isMasked(field, r) && !isEmpty(r[field.name])).length > 1;
/** The fields that ask for an answer, those where all agree, in the order given. */
export function split(fields: FieldDef[], rows: Row[]): { open: FieldDef[]; equal: FieldDef[] } {
  const asks = (f: FieldDef) => differs(f, rows) || unsure(f, rows);
  return { open: fields.filter(asks), equal: fields.filter((f) => !asks(f) && rows.some((r) => !isEmpty(r[f.name]))) };
}

/** Why the value of this record cannot be taken; '' where it can. What stays where it is needs no leave. */
export function barred(field: FieldDef, row: Row, survivor: number): '' | 'masked' | 'required' {
  if (row.id === survivor) return '';
  if (isMasked(field, row)) return 'masked';
  return field.required && isEmpty(row[field.name]) ? 'required' : '';
}

/** Of the record that stays; where that one says nothing, of the one that was changed last among those that do. */
export function proposed(field: FieldDef, rows: Row[], survivor: number): number {
  const stays = rows.find((r) => r.id === survivor);
  if (stays && !isEmpty(stays[field.name])) return survivor;
  const others = rows.filter((r) => !isEmpty(r[field.name]) && !barred(field, r, survivor));
  const changed = (r: Row) => { const at = Date.parse(String(r.updated_at ?? '')); return Number.isNaN(at) ? 0 : at; };
  return others.sort((a, b) => changed(b) - changed(a) || a.id - b.id)[0]?.id ?? survivor;
}
/** For each field that asks: what the person chose while it can still be had, else what is proposed. */
export function choices(fields: FieldDef[], rows: Row[], survivor: number, chosen: Choices): Choices {
  const out: Choices = {};
  for (const f of fields) {
    const row = rows.find((r) => r.id === chosen[f.name]);
    out[f.name] = row && !barred(f, row, survivor) ? row.id : proposed(f, rows, survivor);
  }
  return out;
}

/** What is sent: only what does not stay as the survivor has it, and the versions that were looked at. */
export function body(rows: Row[], survivor: number, fields: FieldDef[], chosen: Choices): Body {
  const stays = rows.find((r) => r.id === survivor)!;
  const choose: Choices = {};
  for (const f of fields) {
    const from = rows.find((r) => r.id === chosen[f.name]);
    if (from && from.id !== survivor && !same(f, from, stays)) choose[f.name] = from.id;
  }
  return { survivor, merged: rows.filter((r) => r.id !== survivor).map((r) => r.id), choose, versions: Object.fromEntries(rows.map((r) => [String(r.id), r.version])) };
}

/** A preview that was refused: at which choices and why, or by which flow it is held. */
export function refusal(error: ApiError): Preview {
  if (error.code === 'approval_required') return { moved: (error.body.moved as Record<string, number> | undefined) ?? null, refused: [], held: error.errors[0]?.message ?? error.message };
  const at = (field?: string) => (field?.startsWith('choose.') ? { field: field.slice(7) } : {});
  return { moved: null, held: '', refused: error.errors.length ? error.errors.map((e) => ({ message: e.message, ...at(e.field) })) : [{ message: error.message }] };
}

/** An entry of a history or a timeline that tells of a merge or its undo. */
export interface MergeEntry { id: number; into?: number; merged: { id: number; name?: string | null }[] }
/** What it names; a person is counted, for his name is not kept there. */
export const namesOf = (m: MergeEntry): string[] => m.merged.map((x) => x.name ?? '').filter(Boolean);
interface Told { merge?: MergeEntry; kind?: string; action?: string }
const what = (entry: Told) => entry.kind ?? entry.action;
/** Of entries, the newest first: the merges that made others part of this record and were not taken back. */
export function openMerges(entries: Told[]): Set<number> {
  const undone = new Set(entries.filter((x) => what(x) === 'unmerge').map((x) => x.merge?.id));
  return new Set(entries.filter((x) => what(x) === 'merge' && x.merge && !x.merge.into && !undone.has(x.merge.id)).map((x) => x.merge!.id));
}
/** What the server compares when it is asked for the duplicates of a record: all the rules name, as it stands. */
export function likeness(entity: EntityDef, row: Row): Record<string, unknown> {
  const out: Record<string, unknown> = { id: row.id };
  for (const name of new Set((entity.dups ?? []).flatMap((d) => d.fields))) {
    const value = row[name];
    if (!isEmpty(value) && !row.masked?.includes(name)) out[name] = value && typeof value === 'object' ? (value as LinkValue).id : value;
  }
  return out;
}
