// Saved views of one entity: those of the reader, then those shared with him. What a view holds is
// compared with what the list shows, so that an unsaved change can be seen, kept or dropped.
import { computed, ref, shallowRef, type Ref } from 'vue';
import { get, patch, post, remove } from '../../core/api';
import { newest } from '../../core/newest';
import { me, savePrefs } from '../../core/session';
import { fieldOf, type EntityDef, type LinkValue, type Page, type Row } from '../../core/schema';

export interface Column { field: string; width?: number }
export type Kind = 'list' | 'board';
/** What a list shows and how: the part of a view that a person changes by looking. */
export interface Shape { kind: Kind; filter: unknown; columns: Column[]; sort: string; group: string; sums: string[] }
export type Shared = 'private' | 'department' | 'everyone';
export interface SavedView { id: number; version: number; name: string; kind: string; filter: unknown; columns: unknown; sort_by: string | null; group_by: string | null; sums: unknown; shared: Shared; is_default: boolean; default_for?: string[] | null; owner: LinkValue | null; can?: Record<string, boolean> }

const viewFields = 'name,kind,filter,columns,sort_by,group_by,sums,shared,is_default,default_for,position,owner';
export const isMine = (v: SavedView): boolean => v.owner?.id === me.value?.user.id;

/** Columns as written by anybody: names, or names with a width; what the reader does not have falls out. */
export function columnsOf(entity: EntityDef, raw: unknown): Column[] {
  if (!Array.isArray(raw)) return [];
  const read = raw.map((c): Column => (typeof c === 'string' ? { field: c } : { field: String((c as Column)?.field ?? ''), ...(typeof (c as Column)?.width === 'number' ? { width: (c as Column).width } : {}) }));
  return read.filter((c, i) => fieldOf(entity, c.field) && read.findIndex((x) => x.field === c.field) === i);
}
const listed = (raw: unknown): string[] => (Array.isArray(raw) ? raw.filter((x): x is string => typeof x === 'string') : []);

export function shapeOf(entity: EntityDef, v: SavedView, fallback: Column[]): Shape {
  const columns = columnsOf(entity, v.columns);
  return {
    kind: v.kind === 'board' ? 'board' : 'list', filter: v.filter ?? null, columns: columns.length ? columns : fallback,
    sort: v.sort_by || entity.sort || '', group: v.group_by && fieldOf(entity, v.group_by) ? v.group_by : '', sums: listed(v.sums).filter((s) => fieldOf(entity, s)),
  };
}
const toBody = (s: Shape) => ({
  kind: s.kind, filter: s.filter ?? null, columns: s.columns.map((c) => (c.width ? { field: c.field, width: c.width } : c.field)), sort_by: s.sort || null, group_by: s.group || null, sums: s.sums.length ? s.sums : null,
});
export const sameShape = (a: Shape, b: Shape): boolean => JSON.stringify(toBody(a)) === JSON.stringify(toBody(b));

/** The order a person gave the tabs of a list; what is not named in it stands behind, own ones first. */
export function inOrder(list: SavedView[], order: number[]): SavedView[] {
  const rank = (v: SavedView) => (isMine(v) ? 0 : v.shared === 'department' ? 1 : 2);
  const at = (v: SavedView) => { const i = order.indexOf(v.id); return i < 0 ? order.length : i; };
  return [...list].sort((a, b) => at(a) - at(b) || rank(a) - rank(b));
}
/** What a list opens with: one's own choice, then what was arranged for a role of the reader, then for everybody. */
export function defaultView(list: SavedView[], roles: string[]): SavedView | null {
  const set = (codes: string[]) => list.find((v) => v.shared === 'everyone' && (v.default_for ?? []).some((c) => codes.includes(c)));
  return list.find((v) => v.is_default && isMine(v)) ?? set(roles) ?? set(['*']) ?? null;
}
const orderKey = (entity: string) => `tabs.${entity}`;

export function useViews(entity: Ref<EntityDef | null>) {
  const list = shallowRef<SavedView[]>([]);
  const failed = ref(false);
  const latest = newest();
  /** Own ones first; a view of nobody's asking never stops the list itself. */
  async function load(name: string): Promise<void> {
    try {
      const page = await latest(get<Page>('/saved-views', { filter: JSON.stringify(['entity', '=', name]), fields: viewFields, sort: 'position', limit: 200 }));
      const order = me.value?.prefs?.[orderKey(name)];
      list.value = inOrder(page.data as unknown as SavedView[], Array.isArray(order) ? (order as number[]) : []);
      failed.value = false;
    } catch { list.value = []; failed.value = true; }
  }
  const start = computed(() => defaultView(list.value, me.value?.user.roles ?? []));
  /** One tab to another place, for this person only. */
  async function arrange(from: number, to: number): Promise<void> {
    const next = [...list.value];
    next.splice(to, 0, ...next.splice(from, 1));
    list.value = next;
    await savePrefs({ [orderKey(entity.value!.name)]: next.map((v) => v.id) });
  }
  const again = () => load(entity.value!.name);
  async function create(name: string, shared: Shared, isDefault: boolean, shape: Shape): Promise<number> {
    const made = await post<{ id: number }>('/saved-views', { name, entity: entity.value!.name, shared, is_default: isDefault, ...toBody(shape) });
    await again();
    return made.id;
  }
  async function keep(v: SavedView, shape: Shape): Promise<void> { await patch(`/saved-views/${v.id}`, toBody(shape), v.version); await again(); }
  async function change(v: SavedView, values: Partial<Pick<SavedView, 'name' | 'shared' | 'is_default' | 'default_for'>>): Promise<void> { await patch<Row>(`/saved-views/${v.id}`, values, v.version); await again(); }
  async function drop(v: SavedView): Promise<void> { await remove(`/saved-views/${v.id}`, v.version); await again(); }
  return { list, start, arrange, failed, load, create, keep, change, drop };
}
