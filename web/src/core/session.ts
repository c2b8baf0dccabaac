// Who is signed in, and what happens when the session ends or the server wants a second proof.
// Both questions are asked in a dialog over the page: what a person has typed stays where it is.
import { computed, ref, shallowRef, watch } from 'vue';
import { ApiError, call, dropReads, get, hooks, patch, post } from './api';
import type { Sending } from './codes';
import { endLive } from './live';
import { lang, setLang, t } from './i18n';
import { forgetSchema, loadIndex, type LinkValue } from './schema';
import { forgetValues, prefs, readJson, setOwner, writeJson } from './store';

export interface Me {
  user: { id: number; login: string; name: string; department?: LinkValue | null; roles: string[] };
  prefs?: Record<string, unknown>;
  csrf: string; locale?: string; zone?: string; rights: string[]; must_change_password?: boolean; first_password?: boolean; factor_due?: boolean;
  step_up_until?: string | null; company?: { name?: string; logo?: string | null; date_format?: string; search_first?: boolean; idle_days?: number; bin_days?: number };
  schema_version?: string; regions?: string; menus: { entity: string; plural: string; group?: string }[];
}
interface SignInAnswer { user?: Me['user']; csrf?: string; second_factor?: string[]; ticket?: string; code?: Sending; why?: string | null }
export interface SecondStep { methods: string[]; ticket: string; code: Sending; why: string | null }

export const me = shallowRef<Me | null>(null);
export const zone = computed(() => me.value?.zone || 'Asia/Shanghai');
export const may = (right: string): boolean => me.value?.rights?.includes(right) ?? false;

/** Counts what was asked for instead of done, so that what waits is read again. */
export const filed = ref(0);
/** A change of a record that is held until people agree to it. */
export interface HeldCall { operation: string; plural: string; id: number; body: unknown; message: string }
/** A dialog waiting for an answer: sign-in over an expired session, a second verification, or a change that asks for agreement. */
export const asking = ref<{ kind: 'sign-in'; other?: string } | { kind: 'step-up'; methods: string[] } | { kind: 'approval'; held: HeldCall } | null>(null);
let answer: ((ok: boolean) => void) | null = null;
let current: Promise<boolean> | null = null;

function ask(what: NonNullable<typeof asking.value>): Promise<boolean> {
  // Several calls may fail at once (an expired session on a page with four requests): one dialog.
  current ??= new Promise<boolean>((resolve) => {
    asking.value = what;
    answer = (ok) => { asking.value = null; answer = null; current = null; resolve(ok); };
  });
  return current;
}
export function answerAsking(ok: boolean): void { answer?.(ok); }

/** A dialog that opens between two keys would take the second one, into the field of a password: it waits for a pause. */
const PAUSE_MS = 1200;
let typedAt = -PAUSE_MS, composing = false;
document.addEventListener('input', (e) => { typedAt = e.timeStamp; }, true);
for (const name of ['compositionstart', 'compositionend']) document.addEventListener(name, (e) => { composing = name === 'compositionstart'; typedAt = e.timeStamp; }, true);
async function paused(): Promise<void> {
  // A field that is left or gone sends no end of a composition.
  for (let left = 0; (left = composing && document.hasFocus() ? PAUSE_MS : typedAt + PAUSE_MS - performance.now()) > 0;) await new Promise((done) => setTimeout(done, Math.min(left, 200)));
}

let csrf = '';
hooks.csrf = () => csrf;
hooks.still = (now) => { const next = now as Me; if (me.value && next.user.id !== me.value.user.id) return false; csrf = next.csrf; return true; };
hooks.signInAgain = async (other) => { if (!me.value) return false; await paused(); return ask({ kind: 'sign-in', other: (other as Me | undefined)?.user.name }); };
hooks.ended = () => t('login.ended');
hooks.stepUp = (methods) => ask({ kind: 'step-up', methods });
hooks.approve = (held) => ask({ kind: 'approval', held });
hooks.filed = () => { filed.value++; return t('approval.sent'); };
hooks.unreachable = () => t('error.offline');

/** Theme, density, size of text and language are kept with the account, and in this browser for the sign-in page. */
const look = () => ({ theme: prefs.theme, density: prefs.density, size: prefs.size, ...(prefs.lang ? { lang: prefs.lang } : {}) });
type Look = ReturnType<typeof look>;
let kept = '';
/** The look of the account as this page knows it: what is chosen here is chosen over that one. */
let known = 'null';
const saved = (next: Pick<Me, 'prefs'>) => inOrder(next.prefs?.look ?? null);
/** As text, whatever order the members came in. */
const inOrder = (value: unknown) => JSON.stringify(value, value ? Object.keys(value).sort() : null);
function takeLook(next: Me): void {
  known = saved(next);
  let unsent = readJson<Unsent | null>(UNSENT, null);
  // Another browser chose since then, or an older page left what does not say over what it was chosen: that is over.
  if (unsent && unsent.over !== known) { writeJson(UNSENT, null); unsent = null; }
  const mine = unsent?.look ?? (next.prefs?.look as Partial<Look> | undefined);
  if (mine && ['light', 'dark', 'auto'].includes(mine.theme ?? '')) prefs.theme = mine.theme!;
  if (mine && ['compact', 'comfortable'].includes(mine.density ?? '')) prefs.density = mine.density!;
  if (mine && ['small', 'normal', 'large'].includes(mine.size ?? '')) prefs.size = mine.size!;
  // What the last person at this browser spoke is not what this one speaks.
  const spoken = mine?.lang === 'en' || mine?.lang === 'zh' ? mine.lang : next.locale?.startsWith('en') ? 'en' : 'zh';
  if (chosen && prefs.lang && prefs.lang !== spoken) void chooseLanguage(prefs.lang);
  else prefs.lang = spoken;
  chosen = false;
  kept = JSON.stringify(look());
  if (unsent) void keepLook();
}
/** On the sign-in page just now: then it is this person's choice. */
let chosen = false;
/** Lays members over what is kept with the account; null takes one away. */
export async function savePrefs(prefs: Record<string, unknown>): Promise<void> {
  const next = await patch<Me>('/me', { prefs });
  if (me.value) me.value = { ...me.value, prefs: next.prefs };
}
/** A look the server has not got yet: who leaves the page within that moment finds it as he chose, and it is sent then, where
    the account still has the look it was chosen over. */
const UNSENT = 'look.unsent';
interface Unsent { look: Partial<Look>; over: string }
let sent = 0, answered = 0;
/** more: what of the account goes along. */
async function sendLook(more: object = {}): Promise<void> {
  const mine = ++sent;
  const next = await patch<Me>('/me', { ...more, prefs: { look: look() } });
  if (mine < answered) return; // a later one was answered already
  answered = mine;
  known = saved(next);
}
async function keepLook(): Promise<void> {
  const text = (kept = JSON.stringify(look()));
  try {
    await sendLook();
    writeJson(UNSENT, JSON.stringify(look()) === text ? null : { look: look(), over: known });
  } catch (error) {
    // Refused is refused the next time, too. What nobody answered, or a server that was busy, is sent at the next loading.
    const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
    if (refused && JSON.stringify(look()) === text) writeJson(UNSENT, null);
  }
}
let waiting = 0;
watch(() => JSON.stringify(look()), (text) => {
  clearTimeout(waiting);
  if (!me.value || text === kept) return;
  writeJson(UNSENT, { look: look(), over: known });
  waiting = window.setTimeout(() => void keepLook(), 400);
});

function take(next: Me): void {
  me.value = next;
  csrf = next.csrf;
  setOwner(next.user.login);
  takeLook(next);
  try { localStorage.setItem(WHO, JSON.stringify([next.user.id, next.user.name])); } catch { /* the server tells it with the next change */ }
}
/** Who is signed in at this browser. Another window that is still another person's would show him what this one may read. */
const WHO = 'zk.who';
window.addEventListener('storage', (e) => {
  if (e.key !== WHO || !e.newValue || !me.value) return;
  const [id, name] = JSON.parse(e.newValue) as [number, string];
  if (id !== me.value.user.id) void hooks.signInAgain({ user: { id, name } });
});

/** The language of the account. */
const speak = async () => { if (prefs.lang && prefs.lang !== lang.value) await setLang(prefs.lang); };

/** True where somebody is signed in; the page can then show the shell. */
export async function boot(): Promise<boolean> {
  try {
    take((await call<Me>('GET', '/me', { anonymous: true })).data);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
  await speak();
  // Before the new password is set the server answers nothing else.
  if (!me.value?.must_change_password) await loadIndex();
  return true;
}

/** Null when signed in; otherwise the second factor that is wanted. */
export async function signIn(login: string, password: string): Promise<SecondStep | null> {
  const got = (await call<SignInAnswer>('POST', '/session', { body: { login, password }, anonymous: true })).data;
  if (got.second_factor && got.ticket && got.code) return { methods: got.second_factor, ticket: got.ticket, code: got.code, why: got.why ?? null };
  csrf = got.csrf ?? '';
  return null;
}
/** A code for the sign-in under way, or with look what became of the newest. */
export const signInCode = async (ticket: string, look: boolean): Promise<Sending> => (await call<Sending>('POST', '/session/code', { body: { ticket, method: 'sms', look }, anonymous: true })).data;
export const stepUpCode = async (look: boolean): Promise<Sending> => (await call<Sending>('POST', '/step-up/code', { body: { method: 'sms', look }, anonymous: true })).data;
export async function verifySecond(ticket: string, method: string, code: string): Promise<void> {
  const got = (await call<SignInAnswer>('POST', '/session/verify', { body: { ticket, method, code }, anonymous: true })).data;
  csrf = got.csrf ?? '';
}
/** After a sign-in: reads rights and menus of the person. Keeps the schema where it is the same person. */
export async function afterSignIn(): Promise<void> {
  const before = me.value?.user.id;
  take(await get<Me>('/me'));
  await speak();
  if (before !== me.value?.user.id) { forgetSchema(); if (!me.value?.must_change_password) await loadIndex(); }
}
export async function signOut(): Promise<void> {
  endLive();
  dropReads();
  try { await call('DELETE', '/session', { anonymous: true }); } catch { /* gone already */ }
  forgetValues();
  location.assign('/login');
}
export async function refreshMe(): Promise<void> {
  take(await get<Me>('/me'));
  forgetSchema();
  await loadIndex();
}
export const stepUp = (method: string, code: string) => call('POST', '/step-up', { body: { method, code }, anonymous: true }).then(() => undefined);
/** Without an old one: the first, after a sign-in by a one-time password. */
export const changePassword = (old: string, next: string) => post('/me/password', { ...(old ? { old } : {}), new: next });

/** The language of the page, kept in this browser and with the account, whose mails follow it. */
export async function chooseLanguage(next: 'zh' | 'en'): Promise<void> {
  prefs.lang = next;
  chosen = !me.value;
  await setLang(next);
  if (me.value) try { await sendLook({ locale: next === 'en' ? 'en' : 'zh-CN' }); } catch { /* the page speaks it anyway */ }
}
