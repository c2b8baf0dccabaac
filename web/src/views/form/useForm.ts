// The state of one form: values, what changed, mistakes (ours at once, the server's at the fields),
// draft. Knows nothing of how fields look.
import { computed, onScopeDispose, reactive, ref, shallowRef, toRaw, watch } from 'vue';
import { ApiError, post } from '../../core/api';
import { holds } from '../../core/filter';
import { sameValue, saveChanges } from '../../core/save';
import { fieldOf, type EntityDef, type FieldDef, type Row } from '../../core/schema';
import { me } from '../../core/session';
import { today } from '../../core/format';
import { dropDraft, newKey, readDraft, writeDraft, type Draft } from '../../core/store';
import { checkField, isEmpty, isMasked, typeOf } from '../../fields/registry';

export type Values = Record<string, unknown>;

/** Fields of the form in their groups, as this caller may fill them. */
export function formGroups(entity: EntityDef, creating: boolean): { label: EntityDef['label']; fields: FieldDef[] }[] {
  const usable = (f: FieldDef | undefined): f is FieldDef =>
    !!f && f.right !== 'read' && !f.readonly && f.type !== 'number' && (creating || (!f.create_only && f.type !== 'parts'));
  const groups = entity.form
    .map((g) => ({ label: g.label, fields: g.fields.map((n) => fieldOf(entity, n)).filter(usable) }))
    .filter((g) => g.fields.length > 0);
  // Who may hand a record over may make it for somebody at once; later it is handed over by its action.
  const owner = fieldOf(entity, 'owner');
  if (creating && entity.can.transfer && entity.actions?.some((a) => a.name === 'transfer') && usable(owner) && groups[0] && !groups.some((g) => g.fields.includes(owner)))
    groups[0].fields.splice(groups[0].fields.findIndex((f) => f.name === entity.title) + 1, 0, owner);
  return groups;
}

export function defaultOf(field: FieldDef): unknown {
  const d = field.default;
  if (isEmpty(d)) return field.type === 'bool' ? false : null;
  if (field.type === 'link') return d === 'me' && me.value ? { id: me.value.user.id, label: me.value.user.name } : d === 'my_department' ? (me.value?.user.department ?? null) : typeof d === 'object' ? d : null;
  if (field.type === 'date') return d === 'today' ? today() : d;
  if (field.type === 'datetime') return d === 'now' ? new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000Z', 'Z') : d;
  if (field.type === 'bool') return d === true || d === 'true';
  return typeof d === 'string' || typeof d === 'number' ? typeOf(field).fromApi(d, field) : d;
}

export function useForm(entity: EntityDef, row: Row | null, preset: Values = {}) {
  const creating = row === null;
  const groups = formGroups(entity, creating);
  const fields = groups.flatMap((g) => g.fields);
  const begin = (): Values => {
    const values: Values = {};
    for (const f of fields) values[f.name] = row ? typeOf(f).fromApi(row[f.name], f) : defaultOf(f);
    return { ...values, ...preset };
  };
  const start = shallowRef(begin());
  const values = reactive<Values>({ ...start.value });
  const errors = reactive<Record<string, string>>({});
  const general = ref<string[]>([]);
  const saving = ref(false);
  let key = newKey();

  /** What a condition is judged by: the form as it stands, and what the record has beside it (a kind that is chosen once). */
  const known = computed<Values>(() => ({ ...row, ...values }));
  /** Has it a place in the form, as things stand now? */
  const shown = (f: FieldDef): boolean => !f.shown_if || holds(f.shown_if, known.value);
  /** Must it be filled, as things stand in the form now? */
  const needed = (f: FieldDef): boolean => !!f.required || (creating && !!f.form_required) || (!!f.required_if && holds(f.required_if, known.value));
  const changed = () => Object.keys(values).filter((name) => !sameValue(values[name], start.value[name]));
  const dirty = computed(() => changed().length > 0);

  const draft = ref<Draft | null>(readDraft(entity.name, row?.id ?? null));
  if (draft.value && Object.entries(draft.value.values).every(([n, v]) => sameValue(v, values[n]))) draft.value = null;
  let timer = 0;
  const stop = watch(values, () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(keepDraft, 400);
  });
  function keepDraft(): void {
    // Passwords never go to storage.
    const names = changed().filter((n) => !fieldOf(entity, n)?.write_only);
    if (names.length === 0) return;
    writeDraft(entity.name, row?.id ?? null, row?.version ?? null, Object.fromEntries(names.map((n) => [n, toRaw(values)[n]])));
  }
  onScopeDispose(() => { window.clearTimeout(timer); stop(); });

  function restoreDraft(): void {
    if (draft.value) Object.assign(values, draft.value.values);
    draft.value = null;
  }
  function discardDraft(): void {
    draft.value = null;
    dropDraft(entity.name, row?.id ?? null);
  }
  function set(name: string, value: unknown): void {
    values[name] = value;
    for (const n of Object.keys(errors)) if (n === name || n.startsWith(`${name}.`)) delete errors[n];
  }
  function clearErrors(): void {
    for (const n of Object.keys(errors)) delete errors[n];
    general.value = [];
  }
  function check(): boolean {
    clearErrors();
    for (const f of fields) {
      // A masked value was never in the form; leaving it empty leaves it as it is.
      if (row && isMasked(f, row) && sameValue(values[f.name], start.value[f.name])) continue;
      const problem = checkField(needed(f) ? { ...f, required: true } : f, values[f.name], creating);
      if (problem) errors[f.name] = problem;
    }
    return Object.keys(errors).length === 0;
  }
  function takeErrors(error: unknown): boolean {
    if (!(error instanceof ApiError) || (error.status !== 422 && error.status !== 409 && error.status !== 400)) return false;
    for (const e of error.errors) {
      const top = e.field?.split(/[./[]/)[0] ?? '';
      if (top && fields.some((f) => f.name === top)) errors[e.field.replaceAll('/', '.')] ??= e.message;
      else general.value.push(e.message);
    }
    if (error.errors.length === 0) general.value.push(error.message);
    return true;
  }
  function body(): Values {
    const out: Values = {};
    for (const [name, value] of Object.entries(values)) {
      const field = fieldOf(entity, name);
      const sent = field ? typeOf(field).toApi(value, field) : value;
      if (!isEmpty(sent) || (field && field.type === 'bool')) out[name] = sent;
    }
    return out;
  }
  /** The saved record; null where something is to be put right (or the person stepped back). */
  async function save(): Promise<Row | null> {
    if (saving.value || !check()) return null;
    saving.value = true;
    try {
      let saved: Row | null;
      if (row) {
        const names = changed();
        saved = names.length === 0 ? row : await saveChanges(entity, row.id, row.version, Object.fromEntries(names.map((n) => [n, values[n]])), row);
      } else {
        saved = await post<Row>(`/${entity.plural}`, body(), { idempotencyKey: key });
      }
      if (saved) settle();
      return saved;
    } catch (error) {
      // A refused body under the same key would be refused as another body next time.
      if (error instanceof ApiError && error.status !== 0 && error.status < 500) key = newKey();
      if (takeErrors(error)) return null;
      throw error;
    } finally {
      saving.value = false;
    }
  }
  /** What stands here is saved: nothing is changed any more, no draft is needed. */
  function settle(): void { window.clearTimeout(timer); start.value = { ...toRaw(values) }; dropDraft(entity.name, row?.id ?? null); key = newKey(); }
  function reset(): void {
    window.clearTimeout(timer);
    start.value = begin();
    for (const n of Object.keys(values)) delete values[n];
    Object.assign(values, start.value);
    clearErrors();
  }
  return { groups, fields, values, errors, general, dirty, saving, creating, draft, set, check, save, takeErrors, restoreDraft, discardDraft, reset, changed, needed, shown, body, settle, keepDraft };
}
export type Form = ReturnType<typeof useForm>;
