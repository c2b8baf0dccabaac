// Days as people say them (the last 7 days, more than 30 days ago) against what the server takes.
import type { Condition } from '../../core/filter';

export type Days = 'last' | 'next' | 'before' | 'after';
export const dayKinds: Days[] = ['last', 'next', 'before', 'after'];
/** Words of the server that stand for a day or a span. */
export const dayWords = ['today', 'yesterday', 'tomorrow', 'this_week', 'last_week', 'next_week', 'this_month', 'last_month', 'next_month', 'this_quarter', 'last_quarter', 'next_quarter', 'this_year', 'last_year', 'next_year'] as const;

/** What the letter of "-4h", "+2w" counts. */
export const dayUnits: Record<string, Intl.RelativeTimeFormatUnit> = { h: 'hour', d: 'day', w: 'week', m: 'month', y: 'year' };

export function fromDays(kind: Days, n: number): Pick<Condition, 'op' | 'value'> {
  switch (kind) {
    case 'last': return { op: 'between', value: [`-${n}d`, 'today'] };
    case 'next': return { op: 'between', value: ['today', `+${n}d`] };
    case 'before': return { op: '<', value: `-${n}d` };
    case 'after': return { op: '>', value: `+${n}d` };
  }
}
const number = (v: unknown, sign: '-' | '+') => { const m = typeof v === 'string' ? /^([+-])(\d{1,4})d$/.exec(v) : null; return m && m[1] === sign ? Number(m[2]) : null; };
export function toDays(c: Pick<Condition, 'op' | 'value'>): { kind: Days; n: number } | null {
  const [a, b] = Array.isArray(c.value) ? (c.value as unknown[]) : [null, null];
  const found: [Days, number | null][] = [
    ['last', c.op === 'between' && b === 'today' ? number(a, '-') : null], ['next', c.op === 'between' && a === 'today' ? number(b, '+') : null],
    ['before', c.op === '<' ? number(c.value, '-') : null], ['after', c.op === '>' ? number(c.value, '+') : null],
  ];
  const hit = found.find(([, n]) => n !== null);
  return hit ? { kind: hit[0], n: hit[1]! } : null;
}
export const isDayWord = (v: unknown): v is string => typeof v === 'string' && ((dayWords as readonly string[]).includes(v) || /^[+-]\d+[dwmyh]$/.test(v));
