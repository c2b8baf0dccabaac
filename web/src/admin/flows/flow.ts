// An approval flow as the page holds it, as the server keeps it, and in words.
import { fromFilter, toFilter, type FilterState } from '../../core/filter';
import { label, t, tDynamic, type Label } from '../../core/i18n';
import type { EntityDef, FieldDef, Row } from '../../core/schema';
import { isStandard } from '../../core/schema';

export const whos = ['department_head', 'manager', 'role', 'user'] as const;
export interface Step { who: (typeof whos)[number]; role?: string; user?: number; mode?: 'any' | 'all'; hours?: number; days?: number }
export interface FlowRow extends Row {
  name: string; entity: string; enabled: boolean; on_edit: boolean; on_delete: boolean; on_bulk_delete: boolean; on_transfer: boolean; on_restore?: boolean | null; on_merge?: boolean; by_admin: boolean;
  fields: string[] | null; filter: unknown; steps: Step[];
}
export interface Template { name: Label; about: Label; flow: Partial<FlowRow> }
export const ops = ['on_edit', 'on_delete', 'on_bulk_delete', 'on_restore', 'on_transfer', 'on_merge'] as const;

/** A filter the builder cannot show is kept as it is. */
export interface Draft { name: string; entity: string; on_edit: boolean; on_delete: boolean; on_bulk_delete: boolean; on_transfer: boolean; on_restore: boolean; on_merge: boolean; by_admin: boolean; fields: string[]; when: FilterState | null; rawWhen: unknown; steps: Step[] }
export function draftOf(f: Partial<FlowRow>): Draft {
  return { name: f.name ?? '', entity: f.entity ?? 'customer', on_edit: f.on_edit ?? false, on_delete: f.on_delete ?? true, on_bulk_delete: f.on_bulk_delete ?? false, on_transfer: f.on_transfer ?? false, on_restore: f.on_restore ?? f.on_delete ?? true, on_merge: f.on_merge ?? false, by_admin: f.by_admin ?? false,
    fields: [...(f.fields ?? [])], when: fromFilter(f.filter ?? null, []), rawWhen: f.filter ?? null, steps: JSON.parse(JSON.stringify(f.steps?.length ? f.steps : [{ who: 'department_head' }])) as Step[] };
}
/** Of a step only what its kind reads is sent, and one limit at most. */
export function stepBody(s: Step): Step {
  return { who: s.who, ...(s.who === 'role' ? { role: s.role ?? '' } : {}), ...(s.who === 'user' && s.user ? { user: s.user } : {}), ...(s.who === 'role' && s.mode === 'all' ? { mode: 'all' as const } : {}), ...(s.days ? { days: s.days } : s.hours ? { hours: s.hours } : {}) };
}
export const bodyOf = (d: Draft): Record<string, unknown> => ({
  name: d.name.trim(), entity: d.entity, on_edit: d.on_edit, on_delete: d.on_delete, on_bulk_delete: d.on_bulk_delete, on_transfer: d.on_transfer, on_restore: d.on_restore, on_merge: d.on_merge, by_admin: d.by_admin,
  fields: d.on_edit && d.fields.length ? d.fields : null, filter: d.when ? toFilter(d.when) : d.rawWhen, steps: d.steps.map(stepBody) });
/** What a flow may name: what a person may change. */
export const protectable = (e: EntityDef): FieldDef[] => e.fields.filter((f) => f.right === 'edit' && !f.readonly && !isStandard(f.name) && f.type !== 'parts');

export function opWords(e: EntityDef | null, f: Pick<Draft, (typeof ops)[number] | 'fields'>): string {
  const names = f.fields.map((n) => label(e?.fields.find((x) => x.name === n)?.label) || n).join(t('words.comma'));
  const parts = [f.on_edit ? (names ? t('flows.edits', names) : t('flows.edits_any')) : '', f.on_delete ? t('flows.deletes') : f.on_bulk_delete ? t('flows.deletes_many') : '', f.on_restore ?? f.on_delete ? t('flows.restores') : '', f.on_transfer ? t('flows.transfers') : '', f.on_merge ? t('flows.merges') : ''].filter(Boolean);
  return parts.join(t('flows.also')) || t('flows.nothing');
}
export function stepWords(s: Step, roles: Map<string, string>, users: Map<number, string>): string {
  const who = s.who === 'role' ? t(s.mode === 'all' ? 'flows.role_all' : 'flows.role_any', roles.get(s.role ?? '') ?? s.role ?? '?') : s.who === 'user' ? (users.get(s.user ?? 0) ?? `#${s.user}`) : tDynamic(`flows.who_${s.who}`, s.who);
  return s.days ? t('flows.within_days', who, s.days) : s.hours ? t('flows.within_hours', who, s.hours) : who;
}
