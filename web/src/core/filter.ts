// Filters of a list: the language of the server ([field, op, value], and, or) against what the
// filter bar shows: quick choices by field, and conditions joined by and/or, with groups of
// conditions one level below. A field may be a path through links: customer.owner.
import type { FieldDef } from './schema';

export interface Condition { field: string; op: string; value: unknown }
export interface Group { mode: Mode; conditions: Condition[] }
export type Mode = 'and' | 'or';
export interface FilterState {
  /** Values by field; under "id" the rules for duplicates by which a record agrees with another one. */
  quick: Record<string, unknown[]>;
  mode: Mode;
  conditions: (Condition | Group)[];
}
export type Filter = unknown[];
export const emptyFilter = (): FilterState => ({ quick: {}, mode: 'and', conditions: [] });
export const isGroup = (c: Condition | Group): c is Group => 'conditions' in c;

export const needsNoValue = (op: string) => op === 'is_null' || op === 'not_null';
export const takesList = (op: string) => op === 'in' || op === 'not_in';
const bare = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(bare);
  // A link keeps its label in the state so that it can be shown again; the server wants the id.
  return value && typeof value === 'object' && 'id' in value ? (value as { id: unknown }).id : value;
};
export function isComplete(c: Condition | Group): boolean {
  if (isGroup(c)) return c.conditions.some(isComplete);
  if (!c.field || !c.op) return false;
  if (needsNoValue(c.op)) return true;
  if (c.op === 'between') return Array.isArray(c.value) && c.value.length === 2 && c.value.every((v) => v !== null && v !== '' && v !== undefined);
  return Array.isArray(c.value) ? c.value.length > 0 : c.value !== null && c.value !== undefined && c.value !== '';
}
function toPart(c: Condition | Group): Filter {
  if (isGroup(c)) {
    const inside = c.conditions.filter(isComplete).map(toPart);
    return inside.length === 1 ? inside[0]! : [c.mode, ...inside];
  }
  return needsNoValue(c.op) ? [c.field, c.op, null] : [c.field, c.op, bare(c.value)];
}

/** Agrees with another record by one of these rules. */
export function twins(rules: unknown[]): Filter {
  const all = rules.map((rule) => ['id', 'duplicate', rule]);
  return all.length === 1 ? all[0]! : ['or', ...all];
}
/** The rules, where a part of a filter asks for nothing else. */
function rulesOf(part: unknown): unknown[] | null {
  const one = (x: unknown) => Array.isArray(x) && x[0] === 'id' && x[1] === 'duplicate';
  if (one(part)) return [(part as Filter)[2]];
  const rest = Array.isArray(part) && part[0] === 'or' ? part.slice(1) : [];
  return rest.length > 0 && rest.every(one) ? rest.map((x) => (x as Filter)[2]) : null;
}

export function toFilter(state: FilterState): Filter | null {
  const all: Filter[] = Object.entries(state.quick).filter(([, v]) => v.length > 0).map(([field, v]) => (field === 'id' ? twins(v) : [field, 'in', bare(v)] as Filter));
  const own = state.conditions.filter(isComplete).map(toPart);
  if (own.length > 1 && state.mode === 'or') all.push(['or', ...own]);
  else all.push(...own);
  return all.length === 0 ? null : all.length === 1 ? all[0]! : ['and', ...all];
}

const isLeaf = (f: unknown): f is [string, string, unknown] => Array.isArray(f) && typeof f[0] === 'string' && typeof f[1] === 'string' && f[0] !== 'and' && f[0] !== 'or' && f[0] !== 'not';
const isFlat = (f: unknown): f is [Mode, ...Filter[]] => Array.isArray(f) && (f[0] === 'and' || f[0] === 'or') && f.length > 1 && f.slice(1).every(isLeaf);
const toCondition = (f: unknown): Condition => { const [field, op, value] = f as [string, string, unknown]; return { field, op, value: value ?? null }; };
const toGroup = (f: [Mode, ...Filter[]]): Group => ({ mode: f[0], conditions: f.slice(1).map(toCondition) });

/** Back from an address. What the bar cannot show comes as null: the caller keeps the filter as it is. */
export function fromFilter(filter: unknown, quickFields: string[]): FilterState | null {
  const state = emptyFilter();
  if (filter === null || filter === undefined) return state;
  if (!Array.isArray(filter)) return null;
  const take = (part: unknown): boolean => {
    if (isLeaf(part)) state.conditions.push(toCondition(part));
    else if (isFlat(part)) state.conditions.push(toGroup(part));
    else return false;
    return true;
  };
  const either = (part: unknown): boolean => { state.mode = 'or'; return (part as unknown[]).slice(1).every(take); };
  if (filter[0] === 'or' && !rulesOf(filter)) return either(filter) ? state : null;
  const parts: unknown[] = filter[0] === 'and' ? filter.slice(1) : [filter];
  const rest: unknown[] = [];
  for (const part of parts) {
    const quick = isLeaf(part) && part[1] === 'in' && Array.isArray(part[2]) && quickFields.includes(part[0]) && !state.quick[part[0]];
    const rules = state.quick.id ? null : rulesOf(part);
    if (rules) state.quick.id = rules;
    else if (quick) state.quick[part[0]] = part[2] as unknown[];
    else rest.push(part);
  }
  // Nothing but one "any of": that is the builder set to "any", not a group within it.
  if (rest.length === 1 && Array.isArray(rest[0]) && rest[0][0] === 'or') return either(rest[0]) ? state : null;
  return rest.every(take) ? state : null;
}
export const countOf = (state: FilterState) => state.conditions.filter(isComplete).length;

/** Two filters as one, both of which must hold. */
export const both = (a: unknown, b: unknown): unknown => (a && b ? ['and', a, b] : (a ?? b));

/** The rows of one group of /groups, as a condition. */
export function groupFilter(field: FieldDef, value: unknown): Filter {
  if (value === null || value === undefined) return [field.name, 'is_null', null];
  if (field.type === 'link_many') return [field.name, 'contains', value];
  if (field.type === 'region') return [field.name, 'under', value];
  if (field.type === 'date') {
    const [year, month] = String(value).split('-').map(Number);
    const last = new Date(Date.UTC(year!, month!, 0)).getUTCDate();
    return [field.name, 'between', [`${String(value)}-01`, `${String(value)}-${last}`]];
  }
  return [field.name, '=', value];
}
/** What the server groups by, and what it adds up. */
export const groupable = (f: FieldDef): boolean => ['option', 'bool', 'region', 'date', 'link_many'].includes(f.type) && !f.masked || f.type === 'link' && !!f.to && !f.masked;
export const summable = (f: FieldDef): boolean => ['int', 'money', 'decimal', 'float'].includes(f.type) && !f.masked && f.name !== 'version' && f.name !== 'id';

/** Fields that get a button of their own: short choices and the owner, in the order of the list. */
export function quickFields(fields: FieldDef[], list: string[]): FieldDef[] {
  const usable = fields.filter((f) => f.ops?.includes('in') && (f.type === 'option' || (f.type === 'link' && f.to === 'user')));
  const rank = (f: FieldDef) => (f.name === 'owner' || f.name === 'assignee' ? -1 : list.indexOf(f.name) === -1 ? 99 : list.indexOf(f.name));
  return usable.sort((a, b) => rank(a) - rank(b)).filter((f) => rank(f) < 99).slice(0, 5);
}

/**
 * Does a condition hold for these values, as far as a page can tell? For hints in a form (required_if);
 * what it does not know (relative days, links through other records) does not hold: the server judges.
 */
export function holds(filter: unknown, values: Record<string, unknown>): boolean {
  if (!Array.isArray(filter)) return false;
  const [head, ...rest] = filter as [unknown, ...unknown[]];
  if (head === 'and') return rest.every((f) => holds(f, values));
  if (head === 'or') return rest.some((f) => holds(f, values));
  if (head === 'not') return !holds(rest[0], values);
  if (!isLeaf(filter)) return false;
  const [name, op, wanted] = filter;
  const have = bare(values[name]) ?? null;
  const blank = have === null || have === '' || (Array.isArray(have) && have.length === 0);
  const equal = (x: unknown) => !blank && String(have) === String(bare(x));
  switch (op) {
    case 'is_null': return blank;
    case 'not_null': return !blank;
    case '=': return equal(wanted);
    case '!=': return !blank && !equal(wanted);
    case 'in': return Array.isArray(wanted) && wanted.some(equal);
    case 'not_in': return !blank && Array.isArray(wanted) && !wanted.some(equal);
    case '>': return !blank && Number(have) > Number(wanted);
    case '>=': return !blank && Number(have) >= Number(wanted);
    case '<': return !blank && Number(have) < Number(wanted);
    case '<=': return !blank && Number(have) <= Number(wanted);
    default: return false;
  }
}
