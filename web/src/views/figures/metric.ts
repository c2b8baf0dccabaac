// Figures as the server answers them (docs/api.md, /metrics), the cards of a dashboard, and both in words.
import { get } from '../../core/api';
import { lang, t, tDynamic } from '../../core/i18n';
import type { Filter } from '../../core/filter';

export interface Group { value: string | number | boolean | null; label: string | null; color?: string }
export interface Figure { value: number | string | null; count?: number; hits?: number; records?: Filter; period?: string; group?: Group; from?: string; to?: string; so_far?: boolean; sampled_on?: string }
export interface MetricInfo {
  name: string | null; label: string | null; explanation?: string; entity: string; plural: string; measure: string; unit: string | null;
  direction: 'up' | 'down' | 'none'; time_field: string | null; daily: boolean; export: boolean; dimensions: { name: string; label: string }[];
}
export interface Answer {
  metric: MetricInfo; zone: string; from?: string; to?: string; by?: string; by_label?: string; sampled?: boolean; more?: boolean;
  periods?: { period: string; from: string; to: string; current?: boolean }[];
  data: Figure[]; groups?: (Group & { total: number | string | null; count: number })[];
  total: Figure; previous?: Figure; year?: Figure;
}
export type Kind = 'card' | 'line' | 'bar' | 'table' | 'funnel';
export const kinds: Kind[] = ['card', 'line', 'bar', 'table', 'funnel'];
export const periods = ['day', 'week', 'month', 'quarter', 'year'] as const;
export interface Card { metric?: string; metrics?: string[]; kind: Kind; period?: string; last?: number; by?: string; title?: string; width?: number; limit?: number }

/** What the server is asked for a card. A state without time field has a past (samples) or groups, never both. */
export function queryOf(card: Card): Record<string, string | number | undefined> {
  if (card.kind === 'card') return card.period ? { period: card.period, last: 1, compare: 'previous,year' } : {};
  if (card.kind === 'funnel' && card.metrics) return card.period ? { period: card.period, last: card.last ?? 1 } : {};
  // the steps of a funnel stand as the options do, empty ones too: by size it would always look like one
  return { period: card.period, last: card.period ? card.last : undefined, by: card.by, limit: card.by ? card.limit : undefined, order: card.by && card.kind === 'funnel' ? 'options' : undefined };
}
export const namesOf = (card: Card): string[] => card.metrics ?? (card.metric ? [card.metric] : []);
export const ask = (card: Card, signal?: AbortSignal): Promise<Answer[]> =>
  Promise.all(namesOf(card).map((name) => get<Answer>(`/metrics/${name}`, queryOf(card), signal)));

export const numberOf = (v: Figure['value'] | undefined): number | null => (v === null || v === undefined ? null : Number(v));
export function amount(v: Figure['value'] | undefined): string {
  const n = numberOf(v);
  return n === null ? '–' : new Intl.NumberFormat(lang.value === 'en' ? 'en' : 'zh-CN', { maximumFractionDigits: 2 }).format(n);
}
/** The unit as this reader reads it: 家 and 次 count things in Chinese only. */
export const unitOf = (unit: string | null | undefined): string => (unit && !(lang.value === 'en' && /\p{Script=Han}/u.test(unit)) ? unit : '');
export const withUnit = (v: Figure['value'] | undefined, wanted: string | null | undefined): string => {
  const text = amount(v), unit = unitOf(wanted);
  return !unit || text === '–' ? text : unit === '%' ? `${text}%` : `${text} ${unit}`;
};
/** How much more than before, in percent; for shares the difference in points. NULL where it cannot be said. */
export function change(now: Figure['value'] | undefined, before: Figure['value'] | undefined, unit: string | null): number | null {
  const a = numberOf(now), b = numberOf(before);
  if (a === null || b === null) return null;
  if (unit === '%') return Math.round((a - b) * 100) / 100;
  return b === 0 ? null : Math.round(((a - b) / Math.abs(b)) * 1000) / 10;
}
const monthShort = (n: number): string => (lang.value === 'en' ? new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' }).format(Date.UTC(2026, n - 1, 1)) : t('figures.month_short', n));
/** "2026-11" → 2026年11月; the year only where it begins, so that an axis stays readable. */
export function periodText(period: string, short = false): string {
  const m = /^(\d{4})(?:-(?:W(\d\d)|Q(\d)|(\d\d)(?:-(\d\d))?))?$/.exec(period);
  if (!m) return period;
  const [, year, week, quarter, month, date] = m;
  if (week) return short ? t('figures.week_short', Number(week)) : t('figures.week_of', year!, Number(week));
  if (quarter) return short && quarter !== '1' ? `Q${quarter}` : `${year} Q${quarter}`;
  if (date) return short ? `${Number(month)}-${Number(date)}` : period;
  if (month) return short && month !== '01' ? monthShort(Number(month)) : `${year}-${month}`;
  return year!;
}
export const groupText = (g: Group | undefined): string => g?.label ?? (g?.value === null || g?.value === undefined ? t('figures.blank') : String(g.value));
export const kindText = (kind: string): string => tDynamic(`figures.kind_${kind}`, kind);
export const listOf = (metric: MetricInfo, figure: Figure) => (figure.records ? { path: `/e/${metric.plural}`, query: { filter: JSON.stringify(figure.records.length === 2 ? figure.records[1] : figure.records.length === 1 ? [] : figure.records) } } : null);
export const fileOf = (card: Card, format: 'xlsx' | 'csv' | 'pdf'): string => {
  const q = new URLSearchParams({ format });
  if (format === 'pdf' && ['bar', 'line', 'funnel'].includes(card.kind)) q.set('chart', card.kind);
  for (const [key, value] of Object.entries(queryOf(card))) if (value !== undefined && key !== 'compare') q.set(key, String(value));
  return `/api/v1/metrics/${namesOf(card)[0]}/file?${q.toString()}`;
};

/** What a chart draws: one label a place, one colour a series; figures stay beside, for the table and the records. */
export interface Series { name: string; color: string; values: (number | null)[]; figures: (Figure | undefined)[] }
export interface Drawn { labels: string[]; full: string[]; series: Series[]; unit: string | null; metric: MetricInfo; metrics: MetricInfo[] }
const colors = ['blue', 'orange', 'green', 'purple', 'red', 'cyan', 'yellow', 'pink', 'gray'];
const known = new Set(colors);
const colorOf = (g: Group | undefined, i: number): string => `var(--d-${g?.color && known.has(g.color) ? g.color : colors[i % colors.length]})`;
const SERIES_MOST = 8;

export function drawn(answers: Answer[]): Drawn {
  const first = answers[0]!;
  const base = { unit: first.metric.unit, metric: first.metric, metrics: answers.map((a) => a.metric) };
  if (answers.length > 1) {
    const names = answers.map((a) => a.metric.label ?? '');
    return { ...base, labels: names, full: names, series: [{ name: '', color: colorOf(undefined, 0), values: answers.map((a) => numberOf(a.total.value)), figures: answers.map((a) => a.total) }] };
  }
  if (!first.periods) {
    const names = first.data.map((d) => groupText(d.group));
    return { ...base, labels: names, full: names, series: [{ name: first.metric.label ?? '', color: colorOf(undefined, 0), values: first.data.map((d) => numberOf(d.value)), figures: first.data }] };
  }
  const labels = first.periods.map((p, i) => periodText(p.period, i > 0 || /[W]|-\d\d-/.test(p.period)));
  const full = first.periods.map((p) => periodText(p.period));
  const lists: [string, string, Figure[]][] = first.groups
    ? first.groups.slice(0, SERIES_MOST).map((g, i) => [groupText(g), colorOf(g, i), first.data.filter((d) => d.group!.value === g.value)])
    : [[first.metric.label ?? '', colorOf(undefined, 0), first.data]];
  const empty = ['count', 'sum', 'distinct'].includes(first.metric.measure) && !first.sampled ? 0 : null;
  const series = lists.map(([name, color, list]) => {
    const figures = first.periods!.map((p) => list.find((d) => d.period === p.period));
    return { name, color, figures, values: figures.map((f) => (f ? numberOf(f.value) : empty)) };
  });
  return { ...base, labels, full, series };
}
