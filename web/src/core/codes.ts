// Codes of the second factor: asks for one, follows its letter until it is sent or has failed, counts down to the next.
import { onUnmounted, ref } from 'vue';
import { messageOf } from './api';

export interface Sending { to: string | null; state: 'none' | 'sending' | 'sent' | 'failed'; why: string | null; wait_s: number }

/** send(look): asks the server for a code, or with look only what became of the newest. */
export function useCode(send: (look: boolean) => Promise<Sending>) {
  const sending = ref<Sending | null>(null);
  const left = ref(0);
  const problem = ref('');
  let ticking = 0;
  let following = 0;
  let gone = false;
  function take(next: Sending): void {
    sending.value = next;
    left.value = next.wait_s;
    clearInterval(ticking);
    if (left.value > 0) ticking = window.setInterval(() => { if (--left.value <= 0) clearInterval(ticking); }, 1000);
    if (next.state === 'failed') problem.value = next.why ?? '';
    clearTimeout(following);
    if (next.state === 'sending' && !gone) following = window.setTimeout(() => { void look(); }, 1000);
  }
  async function look(): Promise<void> {
    try { const next = await send(true); if (!gone) take(next); } catch { /* the code can be typed all the same */ }
  }
  async function ask(): Promise<boolean> {
    problem.value = '';
    try { take(await send(false)); return true; } catch (error) { problem.value = messageOf(error); return false; }
  }
  onUnmounted(() => { gone = true; clearInterval(ticking); clearTimeout(following); });
  return { sending, left, problem, take, ask };
}
