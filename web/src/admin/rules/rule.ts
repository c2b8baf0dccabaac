// A rule as the page holds it, as the server keeps it, and in words: 当 … 如果 … 就 …
import { fromFilter, toFilter, type FilterState } from '../../core/filter';
import { label, t, tDynamic } from '../../core/i18n';
import type { EntityDef, FieldDef, LinkValue, Row } from '../../core/schema';
import { isStandard } from '../../core/schema';

export const events = ['created', 'updated', 'entered', 'idle', 'due', 'scheduled'] as const;
export type Event = (typeof events)[number];
export const isTimed = (e: string) => e === 'idle' || e === 'due' || e === 'scheduled';
export const peopleWords = ['owner', 'manager', 'creator', 'rule_owner'] as const;
export const ways = ['user', 'round_robin', 'least_loaded', 'previous_owner'] as const;

export interface Action { do: string; [key: string]: unknown }
export interface Kind { name: string; label: string; entities: string[]; fields: Record<string, { type: string; required?: boolean; options?: string[] }> }
export interface Template { name: { zh: string; en: string }; rule: Partial<RuleRow> }
export interface Kinds { actions: Kind[]; templates: Template[]; webhooks?: { id: number; name: string }[]; groups?: { id: number; name: string }[] }
export interface Tried { count: number; sample: { id: number; label: string | null; ok: boolean; reason: string }[] }
export interface Counts { done: number; failed: number; loop: number; reached: number }
export interface RuleRow extends Row {
  name: string; entity: string; event: Event; fields: string[] | null; filter: unknown; actions: Action[]; enabled: boolean; position: number;
  stop: boolean; in_bulk: boolean; date_field: string | null; days: number | null; workdays: boolean; cron: string | null; zone: string | null;
  goal: unknown; goal_days: number | null; description: string | null; next_at: string | null; off_reason: string | null; owner: LinkValue | null;
}
/** What stands in the form. A filter the builder cannot show is kept as it is. */
export interface Draft {
  name: string; entity: string; event: Event; fields: string[]; when: FilterState | null; rawWhen: unknown; goal: FilterState | null; rawGoal: unknown;
  actions: Action[]; position: number; stop: boolean; in_bulk: boolean; date_field: string; days: number; workdays: boolean; cron: string; zone: string; goal_days: number; description: string;
}
export const defaultCron = '0 9 * * *';
export function draftOf(r: Partial<RuleRow>): Draft {
  return {
    name: r.name ?? '', entity: r.entity ?? 'customer', event: r.event ?? 'created', fields: [...(r.fields ?? [])],
    when: fromFilter(r.filter ?? null, []), rawWhen: r.filter ?? null, goal: fromFilter(r.goal ?? null, []), rawGoal: r.goal ?? null,
    actions: JSON.parse(JSON.stringify(r.actions ?? [])) as Action[], position: r.position ?? 100, stop: r.stop ?? false, in_bulk: r.in_bulk ?? false,
    date_field: r.date_field ?? '', days: r.days ?? 3, workdays: r.workdays ?? false, cron: r.cron ?? defaultCron, zone: r.zone ?? '', goal_days: r.goal_days ?? 7, description: r.description ?? '',
  };
}
/** What the server takes. Of another event only what that event reads is sent. */
export function bodyOf(d: Draft): Record<string, unknown> {
  const timed = isTimed(d.event), dated = d.event === 'idle' || d.event === 'due';
  return {
    name: d.name.trim(), entity: d.entity, event: d.event, fields: d.event === 'updated' && d.fields.length ? d.fields : null,
    filter: d.when ? toFilter(d.when) : d.rawWhen, actions: d.actions, position: d.position, stop: d.stop, in_bulk: d.in_bulk,
    date_field: dated ? d.date_field || null : null, days: dated ? d.days : null, workdays: dated && d.workdays, cron: timed ? d.cron.trim() || null : null, zone: timed ? d.zone.trim() || null : null,
    goal: d.goal ? toFilter(d.goal) : d.rawGoal, goal_days: d.goal_days, description: d.description.trim() || null,
  };
}

/** The times people choose; anything else is a line of cron of their own. */
export const schedules = [['0 9 * * *', 'daily9'], ['0 9 * * 1-5', 'workdays9'], ['30 1 * * *', 'nightly'], ['0 9 * * 1', 'monday9'], ['0 9 1 * *', 'month1'], ['0 * * * *', 'hourly']] as const;
export const cronWords = (cron: string): string => {
  const known = schedules.find(([line]) => line === cron.trim());
  return known ? tDynamic(`rules.at_${known[1]}`, cron) : t('rules.at_cron', cron);
};
export const dateFields = (e: EntityDef): FieldDef[] => e.fields.filter((f) => f.type === 'date' || f.type === 'datetime');
/** What a rule may set: what a person may, but for what belongs to every record. */
export const settable = (e: EntityDef): FieldDef[] => e.fields.filter((f) => f.right === 'edit' && !f.readonly && !f.create_only && !isStandard(f.name) && !['number', 'parts', 'files', 'file', 'image', 'json'].includes(f.type));
export const inText = (e: EntityDef): FieldDef[] => e.fields.filter((f) => !f.personal && !['parts', 'files', 'json', 'link_many'].includes(f.type) && !['id', 'version'].includes(f.name));
const nameOf = (e: EntityDef | null, field: string) => label(e?.fields.find((f) => f.name === field)?.label) || field;

/** 当客户三天没有动静（最后跟进时间） */
export function eventWords(e: EntityDef | null, r: Pick<Draft, 'event' | 'fields' | 'date_field' | 'days' | 'workdays' | 'cron'>): string {
  const what = label(e?.label), days = t(r.workdays ? 'rules.n_workdays' : 'rules.n_days', Math.abs(r.days));
  switch (r.event) {
    case 'created': return t('rules.when_created', what);
    case 'updated': return r.fields.length ? t('rules.when_fields', what, r.fields.map((f) => nameOf(e, f)).join(t('words.comma'))) : t('rules.when_updated', what);
    case 'entered': return t('rules.when_entered', what);
    case 'idle': return t('rules.when_idle', what, days, r.date_field ? nameOf(e, r.date_field) : t('rules.last_touch'), cronWords(r.cron || defaultCron));
    case 'due': return t(r.days < 0 ? 'rules.when_before' : r.days > 0 ? 'rules.when_after' : 'rules.when_on', what, nameOf(e, r.date_field), days, cronWords(r.cron || defaultCron));
    default: return t('rules.when_scheduled', what, cronWords(r.cron));
  }
}
const peopleText = (list: unknown, users: Map<number, string>): string =>
  (Array.isArray(list) ? list : []).map((p) => (typeof p === 'number' ? (users.get(p) ?? `#${p}`) : tDynamic(`rules.who_${String(p)}`, String(p)))).join(t('words.comma'));
export function actionWords(e: EntityDef | null, a: Action, kinds: Kinds, users: Map<number, string>): string {
  switch (a.do) {
    case 'assign': {
      const whom = [peopleText(a.users, users), a.department ? t('rules.of_department') : ''].filter(Boolean).join(t('words.comma'));
      return `${tDynamic(`rules.how_${String(a.how)}`, String(a.how))}${whom ? t('rules.colon', whom) : ''}`;
    }
    case 'set': case 'request': return t(a.do === 'set' ? 'rules.sets' : 'rules.requests', Object.entries((a.values ?? {}) as Record<string, unknown>).map(([k, v]) => {
      const f = e?.fields.find((x) => x.name === k);
      const o = f?.options?.find((x) => x.code === v);
      return `${nameOf(e, k)} = ${o ? label(o.label) : v === null ? t('rules.nothing') : String(v)}`;
    }).join(t('words.comma')));
    case 'task': return t('rules.makes_task', peopleText(a.for, users), String(a.title ?? ''));
    case 'notify': return t('rules.tells', peopleText(a.to, users), String(a.title ?? ''));
    case 'webhook': return t('rules.calls', kinds.webhooks?.find((w) => w.id === a.channel)?.name ?? `#${String(a.channel ?? '')}`);
    case 'group': return t('rules.says', kinds.groups?.find((w) => w.id === a.channel)?.name ?? `#${String(a.channel ?? '')}`, String(a.text ?? ''));
    default: return kinds.actions.find((k) => k.name === a.do)?.label ?? a.do;
  }
}
/** An action as it begins. */
export function newAction(name: string): Action {
  if (name === 'assign') return { do: name, how: 'round_robin', users: [] };
  if (name === 'set') return { do: name, values: {} };
  if (name === 'request') return { do: name, values: {}, reason: '' };
  if (name === 'task') return { do: name, title: '', for: ['owner'], days: 1 };
  if (name === 'notify') return { do: name, to: ['owner'], title: '' };
  return { do: name };
}
/** The ids of people in actions, to ask for their names once. */
export const usersOf = (actions: Action[]): number[] => [...new Set(actions.flatMap((a) => [a.users, a.to, a.for].flatMap((l) => (Array.isArray(l) ? l : []))).filter((x): x is number => typeof x === 'number'))];
