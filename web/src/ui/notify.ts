// Short messages and yes/no questions from anywhere; App.vue shows them.
import { ref, shallowRef } from 'vue';
import { ApiError, isAbort, messageOf } from '../core/api';

export interface Toast { id: number; kind: 'ok' | 'error' | 'info'; text: string; action?: { label: string; run: () => void } }
export const toasts = ref<Toast[]>([]);
let next = 1;
export function toast(text: string, kind: Toast['kind'] = 'ok', action?: Toast['action']): void {
  const id = next++;
  toasts.value = [...toasts.value.slice(-3), { id, kind, text, action }];
  window.setTimeout(() => closeToast(id), kind === 'error' ? 9000 : action ? 8000 : 4000);
}
export function closeToast(id: number): void { toasts.value = toasts.value.filter((x) => x.id !== id); }

/** Shows what went wrong, with the number support needs to find it in the log. */
export function fail(error: unknown): void {
  if (isAbort(error)) return;
  if (isFiled(error)) { toast(messageOf(error)); return; }
  const trace = error instanceof ApiError && error.status >= 500 && error.traceId ? ` (${error.traceId})` : '';
  toast(messageOf(error) + trace, 'error');
}

/** What was tried waits for approval now: no mistake, but not done either. */
export const isFiled = (error: unknown) => error instanceof ApiError && error.code === 'approval_filed';

export interface Question { title: string; text?: string; ok: string; danger?: boolean; answer: (yes: boolean) => void }
export const question = shallowRef<Question | null>(null);
export function confirm(q: Omit<Question, 'answer'>): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = { ...q, answer: (yes) => { question.value = null; resolve(yes); } };
  });
}
