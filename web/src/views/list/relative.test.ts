import { describe, expect, it } from 'vitest';
import { dayKinds, fromDays, isDayWord, toDays } from './relative';

describe('days as people say them', () => {
  it.each(dayKinds)('%s comes back as it was said', (kind) => expect(toDays(fromDays(kind, 30))).toEqual({ kind, n: 30 }));
  it('are what the server takes', () => {
    expect(fromDays('last', 7)).toEqual({ op: 'between', value: ['-7d', 'today'] });
    expect(fromDays('before', 7)).toEqual({ op: '<', value: '-7d' });
  });
  it('are nothing else', () => {
    for (const c of [{ op: 'between', value: ['-7d', '+7d'] }, { op: '>', value: '-7d' }, { op: '=', value: 'today' }, { op: 'between', value: null }, { op: '<', value: '2026-01-01' }]) expect(toDays(c)).toBeNull();
  });
  it('words of the server are known', () => {
    expect(['today', 'this_month', '-3d', '+2w', '-4h'].every(isDayWord)).toBe(true);
    expect(['2026-01-01', 'soon', '3d', null].some(isDayWord)).toBe(false);
  });
});
