// A filter in words: moments as the reader's clock has them, words of the server for days.
import { beforeAll, expect, it } from 'vitest';
import { setLang } from '../../core/i18n';
import type { EntityDef } from '../../core/schema';
import { filterWords, inWords } from './words';

const task = { name: 'task', plural: 'tasks', label: { zh: '任务', en: 'Task' }, title: 'title', can: {}, list: [], form: [], fields: [
  { name: 'due_at', type: 'datetime', label: { zh: '截止时间', en: 'Due' }, right: 'edit' },
  { name: 'day', type: 'date', label: { zh: '日期', en: 'Day' }, right: 'edit' },
] } as unknown as EntityDef;
beforeAll(() => setLang('zh'));

it('says moments on the clock of the reader, a midnight as its day', async () => {
  // what is behind the figure of November in Shanghai
  expect(await filterWords(task, ['and', ['due_at', '>=', '2026-10-31T16:00:00Z'], ['due_at', '<', '2026-11-30T16:00:00Z']])).toBe('截止时间 不早于 2026-11-01 且 截止时间 早于 2026-12-01');
  expect(await inWords(task, { field: 'due_at', op: '>', value: '2026-11-22T01:30:00Z' })).toBe('截止时间 晚于 2026-11-22 09:30');
  expect(await inWords(task, { field: 'day', op: '=', value: '2026-11-22' })).toBe('日期 等于 2026-11-22');
});
it('says of records named by their numbers how many they are', async () => {
  expect(await filterWords(task, ['and', ['id', 'in', [57665045125376, 57665045102848]], ['day', '=', '2026-11-22']])).toBe('指定的 2 条记录 且 日期 等于 2026-11-22');
});
it('says words of the server', async () => {
  expect(await inWords(task, { field: 'due_at', op: '<', value: 'now' })).toBe('截止时间 早于 此刻');
  expect(await inWords(task, { field: 'due_at', op: '=', value: 'today' })).toBe('截止时间 等于 今天');
});
it('says days and hours from now', async () => {
  const said = (op: string, value: unknown) => inWords(task, { field: 'due_at', op, value });
  for (const [value, zh, en] of [['+2w', '2 周后', 'in 2 weeks'], ['-4h', '4 小时前', '4 hours ago'], ['-1h', '1 小时前', '1 hour ago'], ['-3m', '3 个月前', '3 months ago'], ['+1y', '1 年后', 'in 1 year'], ['-1d', '1 天前', '1 day ago']] as const) {
    expect(await said('=', value)).toBe(`截止时间 等于 ${zh}`);
    await setLang('en');
    expect(await said('=', value)).toBe(`Due is ${en}`);
    await setLang('zh');
  }
  expect(await said('between', ['-2w', '+1m'])).toBe('截止时间 介于 2 周前 – 1 个月后');
  expect(await filterWords(task, ['day', 'between', ['-2w', 'tomorrow']])).toBe('日期 介于 2 周前 – 明天');
});
