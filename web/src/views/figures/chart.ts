// Geometry of charts, without a page: round steps of an axis, places of points, what of the labels fits.

/** Ends and steps of an axis that shows all values and zero; whole steps where all values are whole. */
export function axis(values: (number | null)[], most = 5): { lo: number; hi: number; ticks: number[] } {
  const real = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const lo = Math.min(0, ...real), hi = Math.max(0, ...real);
  if (lo === hi) return { lo: 0, hi: 1, ticks: [0, 1] };
  const rough = (hi - lo) / most, power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].find((k) => k * power >= rough)! * power;
  if (real.every(Number.isInteger) && step < 1) step = 1;
  const from = Math.floor(lo / step + 1e-9), to = Math.ceil(hi / step - 1e-9);
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
  return { lo: ticks[0]!, hi: ticks.at(-1)!, ticks };
}
export const scale = (lo: number, hi: number, from: number, to: number) => (v: number): number => from + ((v - lo) / (hi - lo || 1)) * (to - from);

/** The line through the points; where there is no value it is broken. */
export function linePath(points: ([number, number] | null)[]): string {
  let out = '', pen = false;
  for (const p of points) {
    if (p) out += `${pen ? 'L' : 'M'}${p[0].toFixed(1)} ${p[1].toFixed(1)}`;
    pen = !!p;
  }
  return out;
}
/** Every how many labels one is written, so that each has `room` units of width. */
export const every = (n: number, width: number, room: number): number => Math.max(1, Math.ceil((n * room) / Math.max(width, 1)));
/** Bars of one place beside each other: [left, width] of the k-th of n in a slot. */
export function bar(slot: number, k: number, n: number): [number, number] {
  const inner = Math.min(slot * 0.72, 28 * n), w = inner / n;
  return [(slot - inner) / 2 + k * w, Math.max(1, w - (n > 1 ? 1 : 0))];
}
/** Width of a text of this size, about: a Chinese sign is as wide as high. */
export const textWidth = (text: string, size: number): number => [...text].reduce((w, ch) => w + (ch.charCodeAt(0) > 0x2e7f ? size : size * 0.56), 0);
/** As much of it as fits, with … behind. */
export function fitted(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  let out = '';
  for (const ch of text) {
    if (textWidth(`${out}${ch}…`, size) > width) break;
    out += ch;
  }
  return `${out}…`;
}
