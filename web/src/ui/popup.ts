// Placing a floating panel by its anchor: below where there is room, above otherwise, never beyond
// the window. Styles are set through the CSSOM, which a strict style-src allows.
import { nextTick, onBeforeUnmount, ref, watch, type Ref } from 'vue';

export function usePopup(anchor: Ref<HTMLElement | null>, panel: Ref<HTMLElement | null>, options: { matchWidth?: boolean; end?: boolean } = {}) {
  const open = ref(false);

  function place(): void {
    const a = anchor.value, p = panel.value;
    if (!a || !p) return;
    const box = a.getBoundingClientRect();
    if (options.matchWidth) p.style.minWidth = `${Math.max(box.width, 120)}px`;
    const width = p.offsetWidth, height = p.offsetHeight;
    const room = window.innerHeight - box.bottom - 8;
    const above = height > room && box.top > room;
    const left = options.end ? box.right - width : box.left;
    p.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - width - 8))}px`;
    p.style.top = above ? `${Math.max(8, box.top - height - 4)}px` : `${box.bottom + 4}px`;
    p.style.maxHeight = `${Math.max(120, above ? box.top - 12 : room)}px`;
  }
  function outside(event: Event): void {
    const target = event.target as Node;
    if (anchor.value?.contains(target) || panel.value?.contains(target)) return;
    // A panel opened from within this one (a list of choices) floats elsewhere in the document.
    if (target instanceof Element && target.closest('.pop, .el-popper')) return;
    open.value = false;
  }
  const follow = () => place();
  function listen(on: boolean): void {
    const f = on ? 'addEventListener' : 'removeEventListener';
    document[f]('pointerdown', outside, true);
    window[f]('resize', follow);
    window[f]('scroll', follow, true);
  }
  // What is loaded when the panel opens makes it larger afterwards.
  const grown = typeof ResizeObserver === 'function' ? new ResizeObserver(() => place()) : null;
  watch(open, async (now) => {
    listen(now);
    grown?.disconnect();
    if (now) { await nextTick(); place(); if (panel.value) grown?.observe(panel.value); }
  });
  onBeforeUnmount(() => { listen(false); grown?.disconnect(); });
  return { open, place };
}

let counter = 0;
export const uid = (prefix: string) => `${prefix}-${++counter}`;

/** A list that opens under a resting pointer is not pointed at: only a pointer that moved chooses. */
export const moved = (event: PointerEvent): boolean => event.movementX !== 0 || event.movementY !== 0;
