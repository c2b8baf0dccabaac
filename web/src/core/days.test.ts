// Days as text over months and years, and where a task belongs.
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, dayIn, isDay, mondayOf, monthGrid, onDay, partOf, weekday } from './days';

describe('days', () => {
  it('counts over months, years and leap days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(addMonths('2026-11-30', 2)).toBe('2027-01-01');
    expect(addMonths('2026-01-15', -1)).toBe('2025-12-01');
    expect([weekday('2026-11-16'), weekday('2026-11-22')]).toEqual([1, 7]);
    expect(mondayOf('2026-11-22')).toBe('2026-11-16');
    expect([isDay('2026-02-29'), isDay('2028-02-29'), isDay('2026-2-1'), isDay(null)]).toEqual([false, true, false, false]);
  });
  it('gives whole weeks of a month', () => {
    const november = monthGrid('2026-11-21');
    expect([november[0], november.at(-1), november.length]).toEqual(['2026-10-26', '2026-12-06', 42]);
    expect(monthGrid('2027-02-10').length).toBe(28);
  });
  it('keeps the time of day when moved', () => {
    expect(onDay('2026-11-20T07:30:00Z', '2026-11-25')).toBe('2026-11-25T07:30:00Z');
    expect(onDay('2026-11-20T17:30:00Z', '2026-11-25')).toBe('2026-11-24T17:30:00Z'); // 01:30 of the 21st in Shanghai
    expect(onDay('2026-11-20', '2026-11-25')).toBe('2026-11-25');
    expect(onDay(null, '2026-11-25')).toBe('2026-11-25T10:00:00Z');
    expect(dayIn('2026-11-20T17:30:00Z')).toBe('2026-11-21');
  });
  it('sorts tasks into parts', () => {
    const now = new Date('2026-11-19T04:00:00Z'); // Thursday noon in Shanghai
    expect([null, '2026-11-19T03:00:00Z', '2026-11-19T10:00:00Z', '2026-11-20T01:00:00Z', '2026-11-22T15:59:00Z', '2026-11-22T16:00:00Z', '2026-11-18', '2026-11-19'].map((d) => partOf(d, now)))
      .toEqual(['someday', 'overdue', 'today', 'week', 'week', 'later', 'overdue', 'today']);
  });
});
