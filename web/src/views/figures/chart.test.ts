import { describe, expect, it } from 'vitest';
import { lang } from '../../core/i18n';
import { axis, bar, every, fitted, linePath, scale, textWidth } from './chart';
import { amount, change, drawn, periodText, queryOf, unitOf, withUnit, type Answer } from './metric';

describe('axis', () => {
  it('shows every value and zero in round steps', () => {
    expect(axis([3, 17, 42])).toEqual({ lo: 0, hi: 50, ticks: [0, 10, 20, 30, 40, 50] });
    expect(axis([0.2, 0.9]).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(axis([-5, 5]).ticks).toEqual([-6, -4, -2, 0, 2, 4, 6]);
  });
  it('whole values have whole steps, nothing is an axis too', () => {
    expect(axis([1, 2]).ticks).toEqual([0, 1, 2]);
    expect(axis([]).ticks).toEqual([0, 1]);
    expect(axis([null, 0]).ticks).toEqual([0, 1]);
  });
  it('keeps huge values', () => {
    const a = axis([9e12]);
    expect(a.hi).toBeGreaterThanOrEqual(9e12);
    expect(a.ticks.length).toBeLessThan(8);
  });
});
describe('places', () => {
  it('a line breaks where a value is missing', () => expect(linePath([[0, 1], [2, 3], null, [4, 5]])).toBe('M0.0 1.0L2.0 3.0M4.0 5.0'));
  it('scales', () => { expect(scale(0, 10, 100, 0)(5)).toBe(50); expect(scale(1, 1, 0, 9)(1)).toBe(0); });
  it('leaves out labels that have no room', () => { expect(every(12, 600, 40)).toBe(1); expect(every(30, 300, 40)).toBe(4); });
  it('bars lie inside their slot and beside each other', () => {
    const [a, w] = bar(100, 0, 3), [b] = bar(100, 1, 3), [c] = bar(100, 2, 3);
    expect(a).toBeGreaterThanOrEqual(0);
    expect(b).toBeGreaterThanOrEqual(a + w);
    expect(c + w).toBeLessThanOrEqual(100);
  });
  it('texts are cut by whole signs', () => {
    expect(fitted('浙江省杭州市', 40, 12)).toBe('浙江…');
    expect(fitted('abc', 40, 12)).toBe('abc');
    expect(textWidth('中a', 10)).toBeCloseTo(15.6);
  });
});
describe('words', () => {
  it('periods', () => {
    expect(periodText('2026-11')).toBe('2026-11');
    expect(periodText('2026')).toBe('2026');
    expect(periodText('2026-Q4')).toBe('2026 Q4');
    expect(periodText('2026-Q4', true)).toBe('Q4');
    expect(periodText('2026-11-03', true)).toBe('11-3');
    expect(periodText('2026-11', true)).toBe('11月');
    lang.value = 'en';
    expect(periodText('2026-11', true)).toBe('Nov');
    lang.value = 'zh';
  });
  it('values', () => {
    expect(amount('12345.6789')).toBe('12,345.68');
    expect(withUnit('66.67', '%')).toBe('66.67%');
    expect(withUnit(null, '%')).toBe('–');
    expect(withUnit(3, '家')).toBe('3 家');
  });
  it('changes: percent, points for shares, nothing where there was nothing', () => {
    expect(change(12, 10, '家')).toBe(20);
    expect(change('66.50', '65.00', '%')).toBe(1.5);
    expect(change(5, 0, null)).toBeNull();
    expect(change(null, 1, null)).toBeNull();
    expect(change(-5, -10, null)).toBe(50);
  });
});
describe('what is asked and drawn', () => {
  it('a card compares, a chart groups', () => {
    expect(queryOf({ metric: 'a', kind: 'card', period: 'month' })).toEqual({ period: 'month', last: 1, compare: 'previous,year' });
    expect(queryOf({ metric: 'a', kind: 'card' })).toEqual({});
    expect(queryOf({ metric: 'a', kind: 'funnel', by: 'lifecycle' })).toEqual({ by: 'lifecycle', order: 'options' });
    expect(queryOf({ metric: 'a', kind: 'bar', by: 'region', limit: 5 })).toEqual({ by: 'region', limit: 5, period: undefined, last: undefined });
  });
  const metric = { name: 'a', label: '甲', entity: 'customer', plural: 'customers', measure: 'count', unit: '家', direction: 'up' as const, time_field: 'created_at', daily: false, export: true, dimensions: [] };
  const months = [{ period: '2026-10', from: '', to: '' }, { period: '2026-11', from: '', to: '' }];
  it('fills what a group does not have in a month', () => {
    const answer: Answer = { metric, zone: 'Asia/Shanghai', by: 'level', periods: months, total: { value: 3 },
      data: [{ period: '2026-11', group: { value: 'key', label: '重要' }, value: 3 }], groups: [{ value: 'key', label: '重要', total: 3, count: 3 }] };
    expect(drawn([answer]).series).toMatchObject([{ name: '重要', values: [0, 3] }]);
    expect(drawn([{ ...answer, metric: { ...metric, measure: 'avg' } }]).series[0]!.values).toEqual([null, 3]);
  });
  it('a unit that is Chinese stands in Chinese only', () => {
    expect([withUnit(15, '家'), withUnit(79, '%'), withUnit(3, 'h')]).toEqual(['15 家', '79%', '3 h']);
    lang.value = 'en';
    try { expect([withUnit(15, '家'), unitOf('家'), withUnit(79, '%'), withUnit(3, 'h')]).toEqual(['15', '', '79%', '3 h']); } finally { lang.value = 'zh'; }
  });
  it('several metrics are one place each', () => {
    const a: Answer = { metric, zone: '', data: [], total: { value: 5 } };
    expect(drawn([a, { ...a, metric: { ...metric, label: '乙' }, total: { value: '2.5' } }])).toMatchObject({ labels: ['甲', '乙'], series: [{ values: [5, 2.5] }] });
  });
});
