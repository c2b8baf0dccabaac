// A list that is read page by page: what is there, whether there is more, whether it failed. An answer that comes after a
// newer question was asked (another tab, another kind) is passed over, so the last one asked is the one that is shown.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { messageOf } from './api';

export interface Pages<T> {
  rows: ShallowRef<T[]>;
  /** The cursor of the page behind the last one; null where there is none. */
  next: Ref<string | null>;
  /** Nothing is there to be shown yet: at the beginning and after anew. */
  loading: Ref<boolean>;
  /** A page is on its way. */
  busy: Ref<boolean>;
  /** Why the last page could not be read, in words; what was there before stays. */
  problem: Ref<string>;
  /** Reads the first page again, or with more the next one. What is shown stays until the answer is there. */
  load: (more?: boolean) => Promise<void>;
  /** Empties the list first: another question than before. */
  anew: () => Promise<void>;
}

/** ask: one page, behind the cursor where one is given. */
export function usePages<T>(ask: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor?: string | null }>): Pages<T> {
  const rows = shallowRef<T[]>([]);
  const next = ref<string | null>(null);
  const loading = ref(true);
  const busy = ref(false);
  const problem = ref('');
  let round = 0;
  async function load(more = false): Promise<void> {
    const mine = ++round;
    busy.value = true;
    problem.value = '';
    try {
      const page = await ask((more && next.value) || undefined);
      if (mine !== round) return;
      rows.value = more ? [...rows.value, ...page.data] : page.data;
      next.value = page.next_cursor ?? null;
    } catch (error) {
      if (mine !== round) return;
      problem.value = messageOf(error);
    }
    loading.value = busy.value = false;
  }
  function anew(): Promise<void> {
    rows.value = [];
    next.value = null;
    loading.value = true;
    return load();
  }
  return { rows, next, loading, busy, problem, load, anew };
}
