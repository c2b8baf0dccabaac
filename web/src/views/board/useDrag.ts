// A card under the mouse or the pen: it follows the pointer, the column below is marked, letting go
// drops it there, Esc gives up. A finger scrolls; the menu of the card moves it there.
import { onBeforeUnmount, ref, type Ref } from 'vue';

export function useDrag(board: Ref<HTMLElement | null>, drop: (id: number, column: number) => void) {
  const id = ref<number | null>(null);
  const over = ref(-1);
  let ghost: HTMLElement | null = null;
  let stop: (() => void) | null = null;

  function grab(event: PointerEvent, card: number): void {
    if (event.button !== 0 || event.pointerType === 'touch' || (event.target as HTMLElement).closest('button, input')) return;
    const item = event.currentTarget as HTMLElement;
    const startX = event.clientX, startY = event.clientY;
    const box = item.getBoundingClientRect();
    const lift = () => {
      id.value = card;
      ghost = item.cloneNode(true) as HTMLElement;
      ghost.classList.add('ghost');
      ghost.setAttribute('aria-hidden', 'true');
      ghost.removeAttribute('data-card');
      ghost.style.width = `${box.width}px`;
      document.body.append(ghost);
      document.body.classList.add('dragging');
    };
    const onMove = (e: PointerEvent) => {
      if (id.value === null) { if (Math.hypot(e.clientX - startX, e.clientY - startY) < 6) return; lift(); }
      e.preventDefault();
      ghost!.style.left = `${box.left + e.clientX - startX}px`;
      ghost!.style.top = `${box.top + e.clientY - startY}px`;
      const column = document.elementFromPoint(e.clientX, e.clientY)?.closest<HTMLElement>('[data-column]');
      over.value = column && board.value?.contains(column) ? Number(column.dataset.column) : -1;
      // Near the edge the board goes along.
      const frame = board.value?.getBoundingClientRect();
      if (frame && e.clientX > frame.right - 50) board.value!.scrollLeft += 14;
      else if (frame && e.clientX < frame.left + 50) board.value!.scrollLeft -= 14;
    };
    const end = (commit: boolean) => {
      const lifted = id.value !== null, to = over.value;
      stop?.();
      if (!lifted) return;
      const swallow = (e: Event) => { e.stopPropagation(); e.preventDefault(); };
      document.addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => document.removeEventListener('click', swallow, true), 0);
      if (commit && to >= 0) drop(card, to);
    };
    const onUp = () => end(true), onCancel = () => end(false);
    const onKey = (e: KeyboardEvent) => { if (e.key === 'Escape') { e.preventDefault(); end(false); } };
    const noNative = (e: Event) => e.preventDefault();
    document.addEventListener('pointermove', onMove);
    document.addEventListener('pointerup', onUp);
    document.addEventListener('pointercancel', onCancel);
    document.addEventListener('keydown', onKey, true);
    document.addEventListener('dragstart', noNative);
    stop = () => {
      document.removeEventListener('pointermove', onMove);
      document.removeEventListener('pointerup', onUp);
      document.removeEventListener('pointercancel', onCancel);
      document.removeEventListener('keydown', onKey, true);
      document.removeEventListener('dragstart', noNative);
      ghost?.remove();
      ghost = null;
      document.body.classList.remove('dragging');
      id.value = null;
      over.value = -1;
      stop = null;
    };
  }
  onBeforeUnmount(() => stop?.());
  return { id, over, grab };
}
