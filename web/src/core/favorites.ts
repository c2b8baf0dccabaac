// Starred records: kept on the server, read once when something first asks for them.
import { computed, shallowRef } from 'vue';
import { fail } from '../ui/notify';
import { get, post, remove } from './api';
import { me } from './session';

export interface Favorite { entity: string; id: number; label: string }
const kept = shallowRef<{ of: number; list: Favorite[] } | null>(null);
const mine = () => me.value?.user.id ?? 0;
let pending: Promise<void> | null = null;

export const favorites = computed<Favorite[]>(() => (kept.value?.of === mine() ? kept.value.list : []));
/** Reads them where they are not there yet; a failure leaves the list empty and is tried again next time. */
export function loadFavorites(): Promise<void> {
  if (kept.value?.of === mine()) return Promise.resolve();
  pending ??= get<{ data: Favorite[] }>('/favorites')
    .then((page) => { kept.value = { of: mine(), list: page.data }; }, () => { /* a star less is no reason to disturb */ })
    .finally(() => { pending = null; });
  return pending;
}
export const isFavorite = (entity: string, id: number): boolean => favorites.value.some((f) => f.entity === entity && f.id === id);
export async function toggleFavorite(item: Favorite): Promise<void> {
  await loadFavorites();
  const on = !isFavorite(item.entity, item.id);
  const before = favorites.value;
  const rest = before.filter((f) => f.entity !== item.entity || f.id !== item.id);
  kept.value = { of: mine(), list: on ? [item, ...rest] : rest };
  try {
    if (on) await post('/favorites', { entity: item.entity, id: item.id });
    else await remove(`/favorites/${item.entity}/${item.id}`);
  } catch (error) { kept.value = { of: mine(), list: before }; fail(error); }
}
