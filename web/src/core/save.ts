// Saving changes of a record against its version. When somebody else was faster, the two versions
// are shown side by side and the person chooses field by field; nothing is lost without a word.
import { shallowRef } from 'vue';
import { ApiError, get, patch } from './api';
import type { EntityDef, Row } from './schema';
import { typeOf } from '../fields/registry';
import { fieldOf } from './schema';

export interface Conflict {
  /** As it was when the change began; absent where nobody kept it. */
  former?: Row;
  key: number; entity: EntityDef; current: Row; mine: Record<string, unknown>;
  answer: (keep: string[] | null) => void;
}
export const conflict = shallowRef<Conflict | null>(null);
let keys = 0;

export const sameValue = (a: unknown, b: unknown): boolean => {
  const bare = (v: unknown): unknown =>
    v === undefined || v === '' ? null : Array.isArray(v) ? v.map(bare) : v && typeof v === 'object' && 'id' in v ? (v as { id: unknown }).id : v;
  return JSON.stringify(bare(a)) === JSON.stringify(bare(b));
};

/** changes: form values by field name. Resolves to the saved record, or null when given up. */
export async function saveChanges(entity: EntityDef, id: number, version: number, changes: Record<string, unknown>, former?: Row): Promise<Row | null> {
  const path = `/${entity.plural}/${id}`;
  let mine = changes;
  let base = version;
  for (;;) {
    const body: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(mine)) {
      const field = fieldOf(entity, name);
      body[name] = field ? typeOf(field).toApi(value, field) : value;
    }
    try {
      const saved = await patch<Row | undefined>(path, body, base);
      return saved && saved.id ? saved : await get<Row>(path);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      const current = await get<Row>(path);
      // Fields that are the same by now are settled; where nothing differs there is nothing to ask.
      const open = Object.fromEntries(Object.entries(mine).filter(([name, value]) => !sameValue(value, current[name])));
      if (Object.keys(open).length === 0) return current;
      const keep = await new Promise<string[] | null>((resolve) => {
        conflict.value = { key: ++keys, entity, current, former, mine: open, answer: (k) => { conflict.value = null; resolve(k); } };
      });
      if (keep === null) return null;
      if (keep.length === 0) return current;
      mine = Object.fromEntries(Object.entries(open).filter(([name]) => keep.includes(name)));
      base = current.version;
    }
  }
}
