// A filter in words, as its chips say it: 客户 › 负责人 属于 张三、李四.
import { get } from '../../core/api';
import { isComplete, isGroup, needsNoValue, type Condition, type Group } from '../../core/filter';
import { dateTime, day, fromNow } from '../../core/format';
import { label, t, tDynamic } from '../../core/i18n';
import { resolvePath, type PathField } from '../../core/paths';
import { loadRegions, pathText } from '../../core/regions';
import { dupText, loadEntity, shortOf, titleOf, type EntityDef, type FieldDef, type Page } from '../../core/schema';
import { dayUnits, isDayWord, toDays } from './relative';

const names = new Map<string, string>();
/** Names of records by id, asked once each; what may not be seen stays its number. */
export async function nameOf(to: string, ids: number[]): Promise<void> {
  const missing = ids.filter((id) => !names.has(`${to}.${id}`));
  if (missing.length === 0 || !shortOf(to)) return; // what has no list of its own (an import) cannot be asked for
  try {
    const entity = await loadEntity(to);
    const page = await get<Page>(`/${entity.plural}`, { filter: JSON.stringify(['id', 'in', missing]), fields: entity.title, limit: 200 });
    for (const row of page.data) names.set(`${to}.${row.id}`, titleOf(entity, row));
  } catch { /* the number stands for it */ }
}
export const nameNow = (to: string, id: unknown): string => names.get(`${to}.${String(id)}`) ?? `#${String(id)}`;
export function dayWord(v: string): string {
  if (v === 'now') return t('when.now');
  const m = /^([+-]\d+)([hdwmy])$/.exec(v);
  return m ? fromNow(Number(m[1]), dayUnits[m[2]!]!) : tDynamic(`when.${v}`, v);
}
async function regionText(code: number): Promise<string> {
  try { const region = (await loadRegions()).byCode.get(code); return region ? pathText(region) : `#${code}`; } catch { return `#${code}`; }
}
export const ids = (v: unknown): number[] => (Array.isArray(v) ? v : [v]).map((x) => (x && typeof x === 'object' ? (x as { id: number }).id : x)).filter((x): x is number => typeof x === 'number');

/** An instant on the clock of the account; a midnight is the day that begins with it. */
function moment(v: unknown): string {
  const text = /T\d\d:\d\d/.test(String(v)) ? dateTime(v) : day(v);
  return text.replace(/ 00:00$/, '') || String(v);
}
async function valueText(f: FieldDef, v: unknown): Promise<string> {
  if (v && typeof v === 'object' && !Array.isArray(v)) return String((v as { label?: string }).label ?? '');
  if (v === 'me') return t('filter.me');
  if (v === 'my_department') return t('filter.my_department');
  if (f.type === 'bool') return v ? t('common.yes') : t('common.no');
  if (f.type === 'region') return regionText(Number(v));
  if ((f.type === 'link' || f.type === 'link_many') && f.to) return nameNow(f.to, v);
  if (isDayWord(v) || v === 'now') return dayWord(v);
  if (f.type === 'datetime') return moment(v);
  if (f.type === 'date') return day(v) || String(v);
  const option = f.options?.find((o) => o.code === v);
  return option ? label(option.label) : String(v ?? '');
}
async function conditionWords(entity: EntityDef, c: Condition): Promise<string> {
  if (c.op === 'duplicate') return t('twins.words', (Array.isArray(c.value) ? c.value : [c.value]).map((rule) => dupText(entity, String(rule))).join(t('words.or')));
  if (c.field === 'id' && c.op === 'in' && Array.isArray(c.value)) return t('words.these', c.value.length); // its numbers say nothing to anybody
  if (c.field === 'id' && c.op === 'told') return t('words.told');
  const at: PathField | null = await resolvePath(entity, c.field);
  if (!at) return `${c.field} ${c.op}`;
  const f = at.field;
  const days = f.type === 'date' || f.type === 'datetime' ? toDays(c) : null;
  if (days) return `${at.label} ${t(`days.${days.kind}`, days.n)}`;
  const plain = tDynamic(`op.${c.op}`, c.op);
  const op = (f.type === 'date' || f.type === 'datetime') && /[<>]/.test(c.op) ? tDynamic(`op.day.${c.op}`, plain) : plain;
  if (needsNoValue(c.op)) return `${at.label} ${op}`;
  if (f.to && (f.type === 'link' || f.type === 'link_many')) await nameOf(f.to, ids(c.value));
  const all = await Promise.all((Array.isArray(c.value) ? c.value : [c.value]).map((v) => valueText(f, v)));
  return `${at.label} ${op} ${all.join(c.op === 'between' ? ' – ' : t('words.comma'))}`;
}
/** Several joined; within others in brackets, or nobody can tell what belongs together. */
const joined = (parts: string[], mode: string, inside: boolean): string => {
  const text = parts.join(t(mode === 'or' ? 'words.or' : 'words.and'));
  return inside && parts.length > 1 ? t('words.group', text) : text;
};
/** A condition or a group as one of several. */
export async function inWords(entity: EntityDef, c: Condition | Group): Promise<string> {
  if (!isGroup(c)) return conditionWords(entity, c);
  return joined(await Promise.all(c.conditions.filter(isComplete).map((x) => inWords(entity, x))), c.mode, true);
}
/** A whole filter as the server keeps it, however deep: 等级 等于 重要 且 (地区 属于 浙江 或 负责人 属于 我). Nothing for none. */
export async function filterWords(entity: EntityDef, filter: unknown, inside = false): Promise<string> {
  if (!Array.isArray(filter) || !filter.length) return '';
  const [head, ...rest] = filter as [unknown, ...unknown[]];
  if (head === 'not') return t('words.not', await filterWords(entity, rest[0]));
  if (head === 'and' || head === 'or') return joined(await Promise.all(rest.map((x) => filterWords(entity, x, rest.length > 1))), head, inside);
  return conditionWords(entity, { field: String(head), op: String(rest[0]), value: rest[1] ?? null });
}
