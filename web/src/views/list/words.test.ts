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
  expect(await filterWords(task, ['and', ['due_at', '>=', '2026-10-31T16:00:00Z'], ['due_at', '<', '2026-11-30T16:00:00Z']])).toBe('截止时间 大于等于 2026-11-01 且 截止时间 小于 2026-12-01');
  expect(await inWords(task, { field: 'due_at', op: '>', value: '2026-11-22T01:30:00Z' })).toBe('截止时间 大于 2026-11-22 09:30');
  expect(await inWords(task, { field: 'day', op: '=', value: '2026-11-22' })).toBe('日期 等于 2026-11-22');
});
it('says of records named by their numbers how many they are', async () => {
  expect(await filterWords(task, ['and', ['id', 'in', [57665045125376, 57665045102848]], ['day', '=', '2026-11-22']])).toBe('指定的 2 条记录 且 日期 等于 2026-11-22');
});
it('says words of the server', async () => {
  expect(await inWords(task, { field: 'due_at', op: '<', value: 'now' })).toBe('截止时间 小于 此刻');
  expect(await inWords(task, { field: 'due_at', op: '=', value: 'today' })).toBe('截止时间 等于 今天');
});
