// What the server says about its entities (docs/api.md, /schema), typed, and kept while the page
// lives. The server has applied the caller's rights: a field that is not here does not exist.
import { shallowReactive, shallowRef } from 'vue';
import { get, post } from './api';
import { label, t, type Label } from './i18n';

export interface OptionDef { code: string; label: Label; color?: string; disabled?: boolean }
export interface FieldDef {
  name: string; type: string; label: Label; right?: 'edit' | 'read';
  required?: boolean; form_required?: boolean; required_if?: unknown[]; shown_if?: unknown[]; readonly?: boolean; create_only?: boolean; write_only?: boolean;
  max?: number | string; min?: number | string; scale?: number; pattern?: string; options?: OptionDef[];
  to?: string; to_field?: string; ops?: string[]; sort?: boolean; default?: unknown; masked?: boolean;
  custom?: boolean; personal?: boolean; unique?: boolean; definition?: Label; example?: Label; group?: string; unit?: string;
  parts?: FieldDef[] | Record<string, Omit<FieldDef, 'name'>>;
  /** The label as people type it: initials, then whole syllables. */
  pinyin?: string;
}
export interface ActionDef { name: string; label: Label; fields?: FieldDef[]; right?: string; on_entity?: boolean; in_list?: boolean; shows?: boolean; ask?: Label; shown_if?: unknown[] }
/** A rule by which records are found to be the same: these fields agree. */
export interface DupDef { name: string; fields: string[] }
export interface ChildDef { entity: string; plural: string; field: string; label?: Label }
export interface EntityShort {
  name: string; plural: string; label: Label; group?: string; icon?: string; menu?: boolean;
  /** The date field by which its records stand in the calendar; the label as people type it. */
  calendar?: string; pinyin?: string;
  can?: Record<string, boolean>;
}
export interface EntityDef extends EntityShort {
  title: string; about?: Label; gets?: string[]; can: Record<string, boolean>;
  actions?: ActionDef[]; fields: FieldDef[]; list: string[]; form: { label: Label; fields: string[] }[];
  /** Where somebody laid the detail page out; else it follows the form. */
  detail?: { label: Label; fields: string[] }[]; detail_hidden?: string[];
  card?: string[]; sort?: string; children?: ChildDef[]; timeline?: string[]; dups?: DupDef[];
}
export interface SchemaIndex { version: string; groups: { name: string; label: Label }[]; entities: EntityShort[] }
export interface LinkValue { id: number; label: string }
export type Row = Record<string, unknown> & {
  id: number; version: number; masked?: string[]; can?: Record<string, boolean>;
};
export interface Page<T = Row> { data: T[]; next_cursor?: string | null; count?: { value: number; exact: boolean } }

export const index = shallowRef<SchemaIndex | null>(null);
const known = shallowReactive(new Map<string, EntityDef>());
const pending = new Map<string, Promise<EntityDef>>();

export async function loadIndex(): Promise<SchemaIndex> {
  index.value ??= await get<SchemaIndex>('/schema');
  return index.value;
}

/** By name or plural. One request an entity, however many ask at once. */
export function loadEntity(nameOrPlural: string): Promise<EntityDef> {
  const have = known.get(nameOrPlural);
  if (have) return Promise.resolve(have);
  let wait = pending.get(nameOrPlural);
  if (!wait) {
    wait = get<EntityDef>(`/schema/${nameOrPlural}`)
      .then((entity) => {
        known.set(entity.name, entity);
        known.set(entity.plural, entity);
        return entity;
      })
      .finally(() => pending.delete(nameOrPlural));
    pending.set(nameOrPlural, wait);
  }
  return wait;
}

export const entityNow = (nameOrPlural: string): EntityDef | undefined => known.get(nameOrPlural);

/** After custom fields or rights changed. */
export function forgetSchema(): void {
  known.clear();
  index.value = null;
}

export const pluralOf = (name: string): string =>
  index.value?.entities.find((e) => e.name === name)?.plural ?? known.get(name)?.plural ?? `${name.replaceAll('_', '-')}s`;
export const shortOf = (nameOrPlural: string): EntityShort | undefined =>
  index.value?.entities.find((e) => e.name === nameOrPlural || e.plural === nameOrPlural);
export const fieldOf = (entity: EntityDef, name: string): FieldDef | undefined => entity.fields.find((f) => f.name === name);
export const gets = (entity: EntityDef, what: string): boolean => entity.gets?.includes(what) ?? false;
/** Where somebody merged it into another one and may know into which. */
export const mergedInto = (row: Record<string, unknown>): LinkValue | null => { const to = row.merged_into; return to && typeof to === 'object' && 'id' in to ? (to as LinkValue) : null; };
/** May this person merge records of it at all. */
export const mergeable = (entity: EntityDef): boolean => gets(entity, 'merge') && !!entity.can.merge;
/** The fields every entity has, in front of its own in the declaration; people want them last. */
const standardNames = new Set(['id', 'version', 'owner', 'owner_department', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at', 'deleted_by', 'archived_at', 'origin', 'import_job', 'ext_source', 'ext_id']);
export const isStandard = (name: string): boolean => standardNames.has(name);
export const ownFirst = (fields: FieldDef[]): FieldDef[] => [...fields.filter((f) => !isStandard(f.name)), ...fields.filter((f) => isStandard(f.name))];
/** What a record tells of itself, not of its handling by the program: of the standard fields those that people count by. */
const handling = new Set(['id', 'version', 'deleted_at', 'deleted_by', 'archived_at', 'import_job', 'ext_source', 'ext_id']);
export const isHandling = (name: string): boolean => handling.has(name);
/** Columns as declared, or as somebody laid them out; never without the title. */
export function defaultColumns(e: EntityDef): string[] {
  const list = e.list.filter((n) => fieldOf(e, n));
  return list.includes(e.title) || !fieldOf(e, e.title) ? list : [e.title, ...list];
}
/** May be changed where it stands. The owner changes by transfer, which asks for a reason. */
export const editable = (field: FieldDef): boolean =>
  field.right === 'edit' && field.name !== 'owner' && !field.readonly && !field.create_only && field.type !== 'number' && field.type !== 'parts';

/** A rule for duplicates in words; its own name where the reader has none of it. */
export function dupText(entity: EntityDef, rule: string): string {
  const fields = entity.dups?.find((d) => d.name === rule)?.fields.map((n) => label(fieldOf(entity, n)?.label) || n);
  return fields ? t('twins.same', fields.join(t('words.comma'))) : rule;
}

/** The entities that have pages, for whoever arranges their fields: he may read no record of most of them. */
export async function everyEntity(): Promise<EntityShort[]> {
  const all = (await post<{ data: EntityShort[] }>('/layouts/actions/entities', {})).data;
  return all.filter((e) => !['custom_field', 'audit_log', 'role', 'number_rule'].includes(e.name));
}
/** One of them, with every field there is. */
export const wholeEntity = (name: string): Promise<EntityDef> => post<EntityDef>('/layouts/actions/catalog', { entity: name });

/** The name a person knows the record by. */
export function titleOf(entity: EntityDef, row: Record<string, unknown>): string {
  const value = row[entity.title];
  if (value && typeof value === 'object' && 'label' in value) return String((value as LinkValue).label);
  return value === undefined || value === null || value === '' ? `#${String(row.id)}` : String(value);
}

/** Parts of a `parts` field in one shape, whichever way the server writes them. */
export function partsOf(field: FieldDef): FieldDef[] {
  if (Array.isArray(field.parts)) return field.parts;
  return Object.entries(field.parts ?? {}).map(([name, part]) => ({ ...part, name }) as FieldDef);
}
