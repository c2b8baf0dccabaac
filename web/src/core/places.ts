// Where somebody was on a page, so that who comes back (by the browser's back and forward, or after a reload) stands there
// again: on the same page of a list, at the same row, as far down. A visit by a link begins anew.
import { onBeforeUnmount } from 'vue';
import { onBeforeRouteLeave, onBeforeRouteUpdate, type Router } from 'vue-router';

interface Kept { at: number; path: string; name: string; value: unknown }
const KEY = 'zk.places', MOST = 30;
let places: Kept[] = read();
/** The entry of the history that is shown, and whether it was come back to. */
let here = position();
let back = true;

function read(): Kept[] {
  try { return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Kept[]; } catch { return []; }
}
function write(): void {
  try { sessionStorage.setItem(KEY, JSON.stringify(places)); } catch { /* full or forbidden */ }
}
function position(): number {
  const state = (typeof history === 'undefined' ? null : history.state) as { position?: number } | null;
  return state?.position ?? 0;
}

/** Once, with the router. */
export function followPlaces(router: Router): void {
  let popped = true;
  router.options.history.listen(() => { popped = true; });
  router.afterEach((to, from, failure) => {
    if (failure) { popped = false; return; }
    const now = position(), other = to.path !== from.path;
    // By a link: what lay ahead in the history is gone.
    if (!popped && now > here) { places = places.filter((p) => p.at < now); write(); }
    if (other || popped) back = popped;
    here = now;
    popped = false;
  });
}

/** What a view wants to find again; name tells apart several of one page. It is asked when the page is left. */
export function usePlace<T>(name: string, path: () => string, now: () => T | null): { take: () => T | null } {
  const keep = () => {
    const value = now(), of = path();
    places = places.filter((p) => p.at !== here || p.name !== name);
    if (value !== null) places = [...places, { at: here, path: of, name, value }].slice(-MOST);
    write();
  };
  onBeforeRouteLeave(keep);
  onBeforeRouteUpdate(keep);
  addEventListener('pagehide', keep);
  onBeforeUnmount(() => removeEventListener('pagehide', keep));
  return {
    /** Where one was; null on a first visit. Once. */
    take: () => {
      if (!back) return null;
      const found = places.find((p) => p.at === here && p.name === name && p.path === path());
      places = places.filter((p) => p !== found);
      return (found?.value as T | undefined) ?? null;
    },
  };
}
