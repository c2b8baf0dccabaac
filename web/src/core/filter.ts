// Filters of a list: the language of the server ([field, op, value], and, or) against what the
// filter bar shows: quick choices by field, and one level of conditions joined by and/or.
import type { FieldDef } from './schema';

export interface Condition { field: string; op: string; value: unknown }
export interface FilterState {
  quick: Record<string, unknown[]>;
  mode: 'and' | 'or';
  conditions: Condition[];
}
export type Filter = unknown[];
export const emptyFilter = (): FilterState => ({ quick: {}, mode: 'and', conditions: [] });

export const needsNoValue = (op: string) => op === 'is_null' || op === 'not_null';
export const takesList = (op: string) => op === 'in' || op === 'not_in';
const bare = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(bare);
  // A link keeps its label in the state so that it can be shown again; the server wants the id.
  return value && typeof value === 'object' && 'id' in value ? (value as { id: unknown }).id : value;
};
export function isComplete(c: Condition): boolean {
  if (!c.field || !c.op) return false;
  if (needsNoValue(c.op)) return true;
  if (c.op === 'between') return Array.isArray(c.value) && c.value.length === 2 && c.value.every((v) => v !== null && v !== '' && v !== undefined);
  return Array.isArray(c.value) ? c.value.length > 0 : c.value !== null && c.value !== undefined && c.value !== '';
}
function leaf(c: Condition): Filter {
  return needsNoValue(c.op) ? [c.field, c.op, null] : [c.field, c.op, bare(c.value)];
}

export function toFilter(state: FilterState): Filter | null {
  const all: Filter[] = Object.entries(state.quick).filter(([, v]) => v.length > 0).map(([field, v]) => [field, 'in', bare(v)] as Filter);
  const own = state.conditions.filter(isComplete).map(leaf);
  if (own.length > 1 && state.mode === 'or') all.push(['or', ...own]);
  else all.push(...own);
  return all.length === 0 ? null : all.length === 1 ? all[0]! : ['and', ...all];
}

const isLeaf = (f: unknown): f is [string, string, unknown] => Array.isArray(f) && typeof f[0] === 'string' && typeof f[1] === 'string' && f[0] !== 'and' && f[0] !== 'or' && f[0] !== 'not';

/** Back from an address. What the bar cannot show comes as null: the caller keeps the filter as it is. */
export function fromFilter(filter: unknown, quickFields: string[]): FilterState | null {
  const state = emptyFilter();
  if (filter === null || filter === undefined) return state;
  if (!Array.isArray(filter)) return null;
  const parts: unknown[] = filter[0] === 'and' ? filter.slice(1) : [filter];
  for (const part of parts) {
    if (isLeaf(part)) {
      const [field, op, value] = part;
      if (op === 'in' && Array.isArray(value) && quickFields.includes(field) && !state.quick[field] && state.mode === 'and') state.quick[field] = value;
      else if (state.mode === 'or') return null;
      else state.conditions.push({ field, op, value: value ?? null });
    } else if (Array.isArray(part) && part[0] === 'or' && state.conditions.length === 0 && part.slice(1).every(isLeaf)) {
      state.mode = 'or';
      state.conditions = part.slice(1).map((p) => ({ field: (p as [string])[0], op: (p as [string, string])[1], value: (p as unknown[])[2] ?? null }));
    } else return null;
  }
  return state;
}
export const countOf = (state: FilterState) => state.conditions.filter(isComplete).length;

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
