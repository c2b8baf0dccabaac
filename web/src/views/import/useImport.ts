// The state of one import on the page: the file on its way, the plan of each sheet, the job that
// checks, runs or undoes, and what came of it. The steps are views of it.
import { computed, inject, onScopeDispose, provide, reactive, ref, shallowReactive, shallowRef, type InjectionKey } from 'vue';
import { cardsAsTable, isCards } from './cards';
import { ApiError, get, isAbort, messageOf, patch, post, upload } from '../../core/api';
import { t } from '../../core/i18n';
import { index, loadEntity, type EntityDef } from '../../core/schema';
import { missing, planOf, toPatch, twice } from './plan';
import { isBusy, type Import, type Plan, type Sheet } from './types';

/** What was kept on leaving is on its way: whoever comes back waits for it, also on a page that is made anew. */
let left: Promise<unknown> = Promise.resolve();
export function useImport(wish: string, onId: (id: number | null) => void) {
  const job = shallowRef<Import | null>(null);
  const plans = reactive<Record<number, Plan>>({});
  const entities = shallowReactive<Record<string, EntityDef>>({});
  const importable = computed(() => (index.value?.entities ?? []).filter((e) => e.can?.import));
  const wanted = ref(wish);
  const busy = ref(false);
  const problem = ref('');
  /** Going back to the columns after a check; nothing is lost by it. */
  const remapping = ref(false);
  const sending = ref<{ name: string; sent: number; total: number } | null>(null);
  const tab = ref(0);
  /** Counts up with every finished check, run or undo: lists of what came of it load again. */
  const round = ref(0);
  let stopSending: AbortController | null = null;
  let timer = 0;
  let alive = true;
  onScopeDispose(() => { leave(); alive = false; window.clearTimeout(timer); stopSending?.abort(); });

  /** Has it written anything? Then the plan stands, and what is left is to look, to undo, to begin anew. */
  const ran = computed(() => !!job.value && (!!job.value.ran || ['running', 'done', 'undoing', 'undone'].includes(job.value.state)));
  const step = computed<1 | 2 | 3>(() => (!job.value ? 1 : !ran.value && (job.value.state === 'uploaded' || remapping.value) ? 2 : 3));
  const chosen = computed(() => (job.value?.sheets ?? []).filter((s) => plans[s.index]?.entity));

  async function need(name: string): Promise<void> { if (name && !entities[name]) entities[name] = await loadEntity(name); }
  /** Takes an answer: plans first, so that no view ever sees a sheet without one. `anew`: which of them are made anew. */
  async function take(next: Import, anew: (sheet: Sheet) => boolean = () => false): Promise<void> {
    // Progress answers need not repeat the sheets.
    const sheets = next.sheets ?? job.value?.sheets ?? [];
    const fresh = sheets.filter((s) => !plans[s.index] || anew(s)).map((s) => [s.index, planOf(s)] as const);
    for (const [, plan] of fresh) await need(plan.entity);
    for (const [at, plan] of fresh) plans[at] = plan;
    if (job.value && isBusy(job.value.state) && !isBusy(next.state)) round.value++;
    job.value = { ...next, sheets };
  }
  /** Runs a step; what goes wrong stands on the page. */
  async function attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    busy.value = true;
    problem.value = '';
    try { return await what(); } catch (error) { if (!isAbort(error)) problem.value = messageOf(error); return undefined; } finally { busy.value = false; }
  }

  /** Columns matched by hand and not yet checked are kept with the import: it is found again as it was left. */
  function leave(): void {
    const now = job.value;
    if (!now || step.value !== 2 || busy.value) return;
    const sheets = now.sheets.map((s) => toPatch(s, plans[s.index]!));
    if (JSON.stringify(sheets) !== JSON.stringify(now.sheets.map((s) => toPatch(s, planOf(s))))) left = patch(`/imports/${now.id}`, { sheets }).catch(() => { /* an incomplete plan is refused: then it is as before */ });
  }
  async function open(id: number): Promise<void> {
    forget();
    await attempt(async () => {
      await left; await take(await get<Import>(`/imports/${id}`)); });
    if (job.value) { onId(id); tab.value = chosen.value[0]?.index ?? 0; round.value++; if (isBusy(job.value.state)) void attempt(poll); }
    else onId(null);
  }
  async function send(file: File | undefined | null): Promise<void> {
    if (!file || sending.value) return;
    const mine = (stopSending = new AbortController());
    sending.value = { name: file.name, sent: 0, total: file.size };
    await attempt(async () => {
      const cards = isCards(file);
      if (cards && importable.value.some((e) => e.name === 'customer')) wanted.value = 'customer';
      const got = await upload<Import>('/imports', cards ? await cardsAsTable(file) : file, wanted.value ? { entity: wanted.value } : {}, { signal: mine.signal, onSent: (sent, total) => { if (sending.value) sending.value = { name: file.name, sent, total }; } });
      forget();
      await take(got);
      // Nothing recognised: the first sheet is what the person said it would be.
      const first = got.sheets.find((s) => !s.hidden && s.rows > 0);
      if (first && chosen.value.length === 0 && wanted.value) { await need(wanted.value); plans[first.index]!.entity = wanted.value; }
      tab.value = chosen.value[0]?.index ?? 0;
      onId(got.id);
    });
    sending.value = null;
  }
  const cancelSending = () => stopSending?.abort();
  function forget(): void {
    leave();
    window.clearTimeout(timer);
    job.value = null;
    remapping.value = false;
    problem.value = '';
    for (const key of Object.keys(plans)) delete plans[Number(key)];
  }
  function again(): void { forget(); onId(null); }

  /** Sends the plan. `anew`: of that sheet the columns are to be guessed again. */
  async function savePlan(anew?: number, more: Record<string, unknown> = {}): Promise<void> {
    const before = job.value!;
    // The list is the whole plan: a sheet that is not named is left out.
    const sheets = before.sheets.map((s) => toPatch(s, plans[s.index]!, s.index === anew));
    const next = await patch<Import>(`/imports/${before.id}`, { sheets, ...more });
    await take(next, (s) => s.index === anew);
  }
  async function setEntity(sheet: Sheet, name: string): Promise<void> {
    const plan = plans[sheet.index]!;
    const before = { ...plan };
    await attempt(async () => {
      await need(name);
      plans[sheet.index] = { ...plan, entity: name, defaults: {}, shown: {}, match: [] };
      if (name) { try { await savePlan(sheet.index); } catch (error) { plans[sheet.index] = before; throw error; } }
    });
  }
  async function setHeader(sheet: Sheet, row: number, rows?: number): Promise<void> {
    const before = { ...plans[sheet.index]! };
    plans[sheet.index] = { ...before, headerRow: row, headerRows: rows ?? before.headerRows };
    await attempt(async () => { try { await savePlan(sheet.index); } catch (error) { plans[sheet.index] = before; throw error; } });
  }
  /** Encoding and delimiter belong to the file: everything is read anew, so every plan is made anew. */
  async function setText(encoding: string, delimiter: string): Promise<boolean> {
    return (await attempt(async () => {
      const next = await patch<Import>(`/imports/${job.value!.id}`, { ...(encoding ? { encoding } : {}), ...(delimiter ? { delimiter } : {}) });
      await take(next, () => true);
      return true;
    })) ?? false;
  }

  const lacking = (sheet: Sheet): string[] => { const p = plans[sheet.index]; return p?.entity ? missing(entities[p.entity], p) : []; };
  const doubled = (sheet: Sheet): Set<string> => { const p = plans[sheet.index]; return p?.entity ? twice(p, entities[p.entity], sheet) : new Set<string>(); };
  const ready = computed(() => chosen.value.length > 0 && chosen.value.every((s) => doubled(s).size === 0 && Object.values(plans[s.index]!.mapping).some(Boolean)));

  async function poll(): Promise<void> {
    for (;;) {
      await new Promise((done) => { timer = window.setTimeout(done, 400); });
      if (!alive || !job.value) return;
      await take(await get<Import>(`/imports/${job.value.id}`));
      if (!isBusy(job.value.state)) return;
    }
  }
  /** Queues a check, the run or the undo, and stays with it. */
  async function begin(what: 'check' | 'run' | 'undo', state: string): Promise<void> {
    await post(`/imports/${job.value!.id}/${what}`, {});
    job.value = { ...job.value!, state, message: null, progress: { done: 0, total: job.value!.progress?.total ?? 0 } };
    await poll();
  }
  const check = () => attempt(async () => {
    await savePlan();
    remapping.value = false;
    await begin('check', 'checking');
  });
  const recheck = () => attempt(() => begin('check', 'checking'));
  const run = () => attempt(() => begin('run', 'running'));
  const undo = () => attempt(() => begin('undo', 'undoing'));
  async function cancel(): Promise<void> {
    try { await post(`/imports/${job.value!.id}/cancel`, {}); }
    catch (error) { if (!(error instanceof ApiError && error.status === 409)) problem.value = messageOf(error); /* 409: it was faster */ }
  }
  async function choose(choices: Record<string, string | null>): Promise<boolean> {
    return (await attempt(async () => { const next = await patch<Import>(`/imports/${job.value!.id}`, { choices }); job.value = { ...job.value!, ...next, sheets: next.sheets ?? job.value!.sheets }; return true; })) ?? false;
  }
  const percent = computed(() => { const p = job.value?.progress; return p?.total ? Math.min(100, Math.round((100 * p.done) / p.total)) : 0; });
  const good = computed(() => (job.value?.counts?.created ?? 0) + (job.value?.counts?.updated ?? 0));
  const stepNames = computed(() => [t('import.step1'), t('import.step2'), t('import.step3')]);

  return {
    job, plans, entities, importable, wanted, busy, problem, remapping, sending, tab, round, step, ran, chosen, percent, good, stepNames, ready,
    open, send, cancelSending, again, setEntity, setHeader, setText, savePlan, lacking, doubled, check, recheck, run, undo, cancel, choose,
  };
}
export type ImportState = ReturnType<typeof useImport>;

const key: InjectionKey<ImportState> = Symbol('import');
export function provideImport(state: ImportState): ImportState { provide(key, state); return state; }
export function theImport(): ImportState { return inject(key)!; }
