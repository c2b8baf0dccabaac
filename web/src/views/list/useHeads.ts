// Heads of the table under the hand: dragged to another place, or wider by their edge. Pointer
// events, so that pen and finger do the same as the mouse; a movement of less than 6 px is a click.
import { onBeforeUnmount, ref } from 'vue';

export const NARROWEST = 60, WIDEST = 640;
export const clampWidth = (w: number) => Math.round(Math.min(WIDEST, Math.max(NARROWEST, w)));

export function useHeads(on: { move: (from: number, to: number) => void; width: (at: number, px: number) => void }) {
  /** Where a dragged head would land: before this index, or -1. */
  const over = ref(-1);
  const moving = ref(-1);
  let stop: (() => void) | null = null;

  function follow(onMove: (e: PointerEvent) => void, onEnd: (e: PointerEvent, cancelled: boolean) => void): void {
    const end = (e: PointerEvent) => { const cancelled = e.type === 'pointercancel'; stop?.(); onEnd(e, cancelled); };
    document.addEventListener('pointermove', onMove);
    document.addEventListener('pointerup', end);
    document.addEventListener('pointercancel', end);
    stop = () => { document.removeEventListener('pointermove', onMove); document.removeEventListener('pointerup', end); document.removeEventListener('pointercancel', end); stop = null; };
  }
  const heads = (th: HTMLElement) => [...th.parentElement!.querySelectorAll<HTMLElement>('th[data-col]')];

  function grab(event: PointerEvent, at: number): void {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    const th = (event.target as HTMLElement).closest<HTMLElement>('th')!;
    const startX = event.clientX;
    follow((e) => {
      if (moving.value < 0 && Math.abs(e.clientX - startX) < 6) return;
      e.preventDefault();
      moving.value = at;
      const boxes = heads(th).map((h) => h.getBoundingClientRect());
      const hit = boxes.findIndex((b) => e.clientX < b.left + b.width / 2);
      over.value = hit < 0 ? boxes.length : hit;
    }, (_e, cancelled) => {
      const from = moving.value, to = over.value;
      moving.value = over.value = -1;
      if (from < 0) return;
      // The click that ends a drag must not sort.
      const swallow = (e: Event) => { e.stopPropagation(); e.preventDefault(); };
      document.addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => document.removeEventListener('click', swallow, true), 0);
      if (!cancelled && to >= 0 && to !== from && to !== from + 1) on.move(from, to > from ? to - 1 : to);
    });
  }
  function stretch(event: PointerEvent, at: number): void {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const th = (event.target as HTMLElement).closest<HTMLElement>('th')!;
    const startX = event.clientX, start = th.offsetWidth;
    follow((e) => on.width(at, clampWidth(start + e.clientX - startX)), () => undefined);
  }
  onBeforeUnmount(() => stop?.());
  return { over, moving, grab, stretch };
}
