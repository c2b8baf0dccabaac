// Live updates: one stream of server-sent events for what this window looks at. The connection is
// held while the window can be seen, so that ten open tabs cost one; it goes on where it left when
// it comes back. Where no stream can be had (a proxy, too many) the views read again now and then.
import { onScopeDispose, ref, watch, type Ref } from 'vue';
import { url } from './api';
import type { LinkValue } from './schema';

export interface LiveChange {
  entity: string; id?: number; version?: number; by?: LinkValue | null; of?: { entity: string; id: number };
  removed: boolean;
}
export interface LiveNotice { id: number; kind: string; title: string; text?: string | null; entity?: string | null; record?: number | null; members?: number | null; created_at: string }
type Names = { changed: LiveChange; notification: LiveNotice; announcement: object; model: object; reset: object };

/** False while the stream is down; views then poll by themselves (they get `reset`). */
export const liveUp = ref(false);

const MAX_ITEMS = 20, HIDDEN_MS = 30_000, POLL_MS = 20_000;
const items = new Map<string, number>();
const listeners = new Map<keyof Names, Set<(data: never) => void>>();
let source: EventSource | null = null;
let open = '';
let last = '';
let failures = 0;
let wanted = false;
let timer = 0, hiding = 0, polling = 0;

function tell<N extends keyof Names>(name: N, data: Names[N]): void {
  for (const fn of listeners.get(name) ?? []) (fn as (d: Names[N]) => void)(data);
}
function close(): void {
  source?.close();
  source = null;
  liveUp.value = false;
}
function later(ms: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(connect, ms);
}
function connect(): void {
  window.clearTimeout(timer);
  const watchList = [...items.keys()].slice(-MAX_ITEMS).join(',');
  if (!wanted || document.hidden || typeof EventSource === 'undefined') return;
  if (source && open === watchList && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  open = watchList;
  const s = (source = new EventSource(url('/events', { watch: watchList, after: last })));
  s.addEventListener('ready', () => { failures = 0; liveUp.value = true; });
  for (const name of ['changed', 'removed', 'notification', 'announcement', 'model', 'reset'] as const)
    s.addEventListener(name, (event) => {
      const e = event as MessageEvent<string>;
      if (s !== source) return;
      const data = JSON.parse(e.data) as object;
      if (name === 'changed' || name === 'removed') tell('changed', { ...(data as LiveChange), removed: name === 'removed' });
      else tell(name, data as never);
    });
  // The id of every event is kept here, because a new connection is ours to make, not the browser's.
  for (const name of ['ready', 'changed', 'removed', 'notification', 'announcement', 'model', 'reset']) s.addEventListener(name, (event) => { last = (event as MessageEvent).lastEventId || last; });
  s.onerror = () => {
    if (s !== source) return;
    close();
    failures++;
    later(Math.min(30_000, 500 * 2 ** Math.min(failures, 6)) * (0.8 + Math.random() * 0.4));
  };
}
function seen(): void {
  window.clearTimeout(hiding);
  if (document.hidden) hiding = window.setTimeout(close, HIDDEN_MS);
  else connect();
}

/** Before a sign-out: a stream that began behind it would only be refused. */
export function endLive(): void {
  wanted = false;
  window.clearTimeout(timer);
  close();
}

/** Begins with the shell, ends with the sign-out. */
export function startLive(): () => void {
  wanted = true;
  document.addEventListener('visibilitychange', seen);
  polling = window.setInterval(() => { if (!liveUp.value && failures > 2 && !document.hidden) tell('reset', {}); }, POLL_MS);
  later(50);
  return () => {
    wanted = false;
    document.removeEventListener('visibilitychange', seen);
    window.clearInterval(polling);
    window.clearTimeout(timer);
    window.clearTimeout(hiding);
    close();
  };
}
export function onLive<N extends keyof Names>(name: N, fn: (data: Names[N]) => void): void {
  let set = listeners.get(name);
  if (!set) listeners.set(name, (set = new Set()));
  set.add(fn as (data: never) => void);
  onScopeDispose(() => set.delete(fn as (data: never) => void));
}
/** Looks at "customer" or "customer:12" as long as the component lives; the item may change, '' is none. */
export function watchLive(item: Ref<string>, fn: (change: LiveChange) => void): void {
  let mine = '';
  const take = (next: string) => {
    if (mine) { const n = (items.get(mine) ?? 1) - 1; if (n > 0) items.set(mine, n); else items.delete(mine); }
    mine = next;
    if (next) items.set(next, (items.get(next) ?? 0) + 1);
    if (wanted) later(100);
  };
  watch(item, take, { immediate: true });
  onScopeDispose(() => take(''));
  onLive('changed', (change) => {
    const [entity, id] = mine.split(':');
    if (mine && (id ? (change.entity === entity && change.id === Number(id)) || (change.of?.entity === entity && change.of?.id === Number(id)) : change.entity === entity && !change.of)) fn(change);
  });
}
