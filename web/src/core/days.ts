// Reckoning with days as text ("2026-11-21"), which have no zone; instants meet them in format.ts.
import { dayOf, instantOf, wallClock } from './format';

const DAY = 86_400_000;
const utc = (day: string) => Date.UTC(+day.slice(0, 4), +day.slice(5, 7) - 1, +day.slice(8, 10));
const text = (ms: number) => new Date(ms).toISOString().slice(0, 10);
export const isDay = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && text(utc(value)) === value;
export const addDays = (day: string, n: number): string => text(utc(day) + n * DAY);
/** 1 Monday … 7 Sunday */
export const weekday = (day: string): number => (new Date(utc(day)).getUTCDay() + 6) % 7 + 1;
export const mondayOf = (day: string): string => addDays(day, 1 - weekday(day));
export const firstOf = (day: string): string => `${day.slice(0, 7)}-01`;
/** The first of the month n months on. */
export function addMonths(day: string, n: number): string {
  const at = +day.slice(0, 4) * 12 + +day.slice(5, 7) - 1 + n;
  return `${String(Math.floor(at / 12)).padStart(4, '0')}-${String(at % 12 + 1).padStart(2, '0')}-01`;
}
export const daysFrom = (day: string, n: number): string[] => Array.from({ length: n }, (_, i) => addDays(day, i));
/** The whole weeks a month touches, Monday first. */
export function monthGrid(day: string): string[] {
  const from = mondayOf(firstOf(day)), last = addDays(addMonths(day, 1), -1);
  return daysFrom(from, Math.round((utc(addDays(mondayOf(last), 6)) - utc(from)) / DAY) + 1);
}
/** The day a value (day or instant) stands on, in the zone of the account; '' for none. */
export const dayIn = (value: unknown): string => (isDay(value) ? value : value ? dayOf(new Date(String(value))) : '');
/** The same time of day on another day; without a time before, at the end of the working day. */
export function onDay(value: unknown, day: string): string | null {
  if (isDay(value)) return day;
  return instantOf(`${day} ${value ? wallClock(value).slice(11) : '18:00'}`);
}

export type Part = 'overdue' | 'today' | 'week' | 'later' | 'someday';
/** Where an open task belongs. What is due today and late by the hour is overdue. */
export function partOf(due: unknown, now: Date): Part {
  if (!due) return 'someday';
  const day = dayIn(due), today = dayOf(now);
  if (isDay(due) ? day < today : new Date(String(due)).getTime() < now.getTime()) return 'overdue';
  if (day === today) return 'today';
  return day <= addDays(mondayOf(today), 6) ? 'week' : 'later';
}
