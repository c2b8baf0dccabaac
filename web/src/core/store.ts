// Small per-user keeping in the browser: preferences, drafts of forms, recently seen records.
// Storage may be full or forbidden; then the page works on and forgets.
import { reactive, ref, watch } from 'vue';

let owner = 'nobody';
const full = (key: string) => `zk.${owner}.${key}`;

export function readJson<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(full(key));
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch { return fallback; }
}
export function writeJson(key: string, value: unknown): void {
  try {
    if (value === undefined || value === null) localStorage.removeItem(full(key));
    else localStorage.setItem(full(key), JSON.stringify(value));
  } catch { /* full or forbidden */ }
}

export type Theme = 'light' | 'dark' | 'auto';
export type Density = 'comfortable' | 'compact';
export type Size = 'small' | 'normal' | 'large';
interface Prefs { theme: Theme; lang: 'zh' | 'en' | ''; density: Density; size: Size; menuClosed: boolean; pageSize: number }
const defaults: Prefs = { theme: 'auto', lang: '', density: 'compact', size: 'normal', menuClosed: false, pageSize: 50 };

/** Shared by all users of this browser, so that the sign-in page looks as the last person left it. */
export const prefs = reactive<Prefs>({ ...defaults, ...readShared() });
function readShared(): Partial<Prefs> {
  try { return JSON.parse(localStorage.getItem('zk.prefs') ?? '{}') as Partial<Prefs>; } catch { return {}; }
}
watch(prefs, (now) => { try { localStorage.setItem('zk.prefs', JSON.stringify(now)); } catch { /* see above */ } });

export const isDark = ref(false);
const media = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null;
export function applyTheme(): void {
  isDark.value = prefs.theme === 'dark' || (prefs.theme === 'auto' && (media?.matches ?? false));
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
  document.documentElement.dataset.density = prefs.density;
  document.documentElement.dataset.size = prefs.size;
}
watch(() => [prefs.theme, prefs.density, prefs.size], applyTheme);
media?.addEventListener?.('change', applyTheme);

export function setOwner(login: string): void {
  owner = login;
  recent.value = readJson<Recent[]>('recent', []);
}

export interface Recent { entity: string; plural: string; id: number; label: string; at: number }
export const recent = ref<Recent[]>([]);
export function remember(item: Omit<Recent, 'at'>): void {
  const rest = recent.value.filter((r) => r.entity !== item.entity || r.id !== item.id);
  recent.value = [{ ...item, at: Date.now() }, ...rest].slice(0, 12);
  writeJson('recent', recent.value);
}
export function forgetRecent(entity: string, id: number): void {
  recent.value = recent.value.filter((r) => r.entity !== entity || r.id !== id);
  writeJson('recent', recent.value);
}

/** What this person last chose in a field when creating, newest first. Local to person and browser; gone with the sign-out. */
export interface RecentValue { value: unknown; label: string }
const VALUES = 'values.';
export const recentValues = (entity: string): Record<string, RecentValue[]> => readJson(VALUES + entity, {});
export function rememberValues(entity: string, now: Record<string, RecentValue>): void {
  const all = recentValues(entity);
  for (const [field, item] of Object.entries(now)) {
    const rest = (all[field] ?? []).filter((r) => JSON.stringify(r.value) !== JSON.stringify(item.value));
    all[field] = [item, ...rest].slice(0, 4);
  }
  writeJson(VALUES + entity, all);
}
export function forgetValues(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(full(VALUES))) localStorage.removeItem(key);
  } catch { /* forbidden: nothing was kept either */ }
}

/** Under it a create is known to the server, so that sent twice it is made once. */
export function newKey(): string {
  // randomUUID needs a secure context; plain http in a local network has none.
  return typeof crypto.randomUUID === 'function' ? crypto.randomUUID() : `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

export interface Draft { at: number; version: number | null; values: Record<string, unknown> }
const draftKey = (entity: string, id: number | null) => `draft.${entity}.${id ?? 'new'}`;
export const readDraft = (entity: string, id: number | null) => readJson<Draft | null>(draftKey(entity, id), null);
export const writeDraft = (entity: string, id: number | null, version: number | null, values: Record<string, unknown>) =>
  writeJson(draftKey(entity, id), { at: Date.now(), version, values });
export const dropDraft = (entity: string, id: number | null) => writeJson(draftKey(entity, id), null);

export const narrow = ref(false);
if (typeof matchMedia === 'function') {
  const phone = matchMedia('(max-width: 760px)');
  narrow.value = phone.matches;
  phone.addEventListener?.('change', () => { narrow.value = phone.matches; });
}
