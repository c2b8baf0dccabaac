// What one types is compared with what is there, by the rules of the server, while one types.
import { computed, onScopeDispose, ref, watch } from 'vue';
import { isAbort, post } from '../../core/api';
import { gets, type EntityDef, type LinkValue, type Row } from '../../core/schema';
import { isEmpty, typeOf } from '../../fields/registry';
import type { Form } from './useForm';

/** Of a foreign one the owner only, without id. former: what one merged into it was called, where that agrees. */
export interface Duplicate { id?: number; label?: string; former?: string; owner?: LinkValue | string | null; status?: string | null; last_follow_up_at?: string | null; score?: number; rule?: string; action?: string }

const WAIT = 100; // ms after the last keystroke: with the answer of the server it stays under 200

export function useDuplicates(entity: EntityDef, form: Form, row: Row | null) {
  const found = ref<Duplicate[]>([]);
  const watched = form.fields.filter((f) => f.name === entity.title || f.type === 'phone' || f.type === 'email' || f.name === 'uscc' || f.type === 'parts');
  const names = new Set(watched.map((f) => f.name));
  const body = (): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    for (const f of watched) {
      const sent = typeOf(f).toApi(form.values[f.name], f);
      if (f.type === 'parts') { const mobile = (sent as Record<string, unknown> | null)?.mobile; if (typeof mobile === 'string' && mobile.length >= 5) out[f.name] = { mobile }; }
      else if (!isEmpty(sent) && String(sent).trim().length >= 2) out[f.name] = sent;
    }
    return out;
  };
  const asked = computed(() => JSON.stringify(body()));
  let timer = 0;
  let controller: AbortController | null = null;
  async function look(): Promise<void> {
    controller?.abort();
    const sent = body();
    if (Object.keys(sent).length === 0) { found.value = []; return; }
    controller = new AbortController();
    try {
      const got = await post<{ data: Duplicate[] }>(`/${entity.plural}/duplicates`, sent, { signal: controller.signal, anonymous: true }); // a hint while typing: nobody is asked to sign in for it
      found.value = got.data.filter((d) => d.id === undefined || d.id !== row?.id).slice(0, 5);
    } catch (error) { if (!isAbort(error)) found.value = []; /* a hint; saving will tell */ }
  }
  const stop = watch(asked, () => {
    if (!gets(entity, 'dedupe')) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void look(), WAIT);
  }, { immediate: form.creating });
  onScopeDispose(() => { stop(); window.clearTimeout(timer); controller?.abort(); });
  return { found, names, body };
}
