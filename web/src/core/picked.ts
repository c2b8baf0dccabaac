// What the page at hand shows as chosen: the rows ticked in a list, the record that is open. The palette offers to merge them.
import { onBeforeUnmount, shallowRef, watch, type Ref } from 'vue';

export interface Picked { plural: string; ids: number[] }
export const picked = shallowRef<Picked | null>(null);

/** For the life of the view that calls it. */
export function offerPicked(now: Ref<Picked | null>): void {
  watch(now, (value) => { picked.value = value; }, { immediate: true });
  onBeforeUnmount(() => { if (picked.value === now.value) picked.value = null; });
}

/** The address of the merge of these; of none where some are still to be found. */
export const mergeAddress = (plural: string, ids: number[] = []): string => `/e/${plural}/merge${ids.length ? `?ids=${ids.join(',')}` : ''}`;
