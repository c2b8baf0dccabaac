// A talk stands in the calendar on the day of the next one: it is told as planned, not by what was talked of before.
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../../test/server';
import { me, type Me } from '../../core/session';
import { forgetSchema, loadIndex } from '../../core/schema';
import { useCalendar } from './useCalendar';

afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); me.value = null; });

const f = (name: string, type: string) => ({ name, type, label: { zh: name }, right: 'edit' });

it('says whom to contact and what is planned', async () => {
  const short = { name: 'follow_up', plural: 'follow-ups', label: { zh: '跟进' }, calendar: 'next_time' };
  const asked = serve({
    'GET /schema': () => ({ version: '1', groups: [], entities: [short] }),
    'GET /schema/follow_up': () => ({ ...short, title: 'content', can: {}, list: [], form: [], fields: [f('content', 'text'), f('customer', 'link'), f('next_time', 'datetime'), f('next_plan', 'text')] }),
    'GET /calendar': () => ({ known_until: '2027-12-31', data: [] }),
    'GET /follow-ups': () => ({ data: [{ id: 3, content: '谈了报价', customer: { id: 1, label: '安达物流' }, next_time: '2026-11-24T02:00:00Z', next_plan: '寄样品' }], next_cursor: null }),
  });
  me.value = { menus: [{ entity: 'follow_up', plural: 'follow-ups' }], user: { id: 1 } } as unknown as Me;
  await loadIndex();
  const c = useCalendar();
  await c.load('2026-11-23', '2026-11-30', false);
  expect(c.problem.value).toBe('');
  expect(asked.at(-1)!.query.get('fields')).toContain('next_plan');
  expect(c.items.value.map((i) => [i.title, i.about, i.planned])).toEqual([['联系 安达物流', '寄样品', true]]);
});

it('shows a next contact and the task made for it as one entry, also once the task was put off', async () => {
  const talk = { name: 'follow_up', plural: 'follow-ups', label: { zh: '跟进' }, calendar: 'next_time' }, task = { name: 'task', plural: 'tasks', label: { zh: '任务' }, calendar: 'due_at' };
  const customer = { id: 1, label: '安达物流' };
  const asked = serve({
    'GET /schema': () => ({ version: '1', groups: [], entities: [talk, task] }),
    'GET /schema/follow_up': () => ({ ...talk, title: 'content', can: {}, list: [], form: [], fields: [f('content', 'text'), f('customer', 'link'), f('next_time', 'datetime'), f('next_plan', 'text')] }),
    'GET /schema/task': () => ({ ...task, title: 'title', can: {}, list: [], form: [], fields: [f('title', 'string'), f('customer', 'link'), f('due_at', 'datetime'), f('status', 'option'), f('follow_up', 'link')] }),
    'GET /calendar': () => ({ known_until: '2027-12-31', data: [] }),
    'GET /follow-ups': () => ({ data: [[3, '寄样品'], [4, '签约'], [5, '回访']].map(([id, plan]) => ({ id, content: '谈了报价', customer, next_time: '2026-11-24T02:00:00Z', next_plan: plan })), next_cursor: null }),
    'GET /tasks': () => ({ data: [
      { id: 3, title: '跟进 安达物流', customer, due_at: '2026-11-24T02:00:00Z', status: 'open', follow_up: { id: 3, label: '谈了报价' } },
      { id: 8, title: '跟进 安达物流', customer, due_at: '2026-11-25T02:00:00Z', status: 'open', follow_up: { id: 4, label: '谈了报价' } },
      { id: 9, title: '对账', customer, due_at: '2026-11-24T02:00:00Z', status: 'open', follow_up: null },
    ], next_cursor: null }),
  });
  me.value = { menus: [{ entity: 'follow_up', plural: 'follow-ups' }, { entity: 'task', plural: 'tasks' }], user: { id: 1 } } as unknown as Me;
  await loadIndex();
  const c = useCalendar();
  await c.load('2026-11-23', '2026-11-30', false);
  expect(c.problem.value).toBe('');
  expect(asked.find((a) => a.what === 'GET /tasks')!.query.get('fields')).toContain('follow_up');
  expect(c.items.value.map((i) => [i.key, i.about])).toEqual([['task3', '寄样品'], ['follow_up5', '回访'], ['task8', '签约'], ['task9', '安达物流']]);
  c.hidden.value = ['task'];
  await c.load('2026-11-23', '2026-11-30', false);
  expect(c.items.value.map((i) => i.key)).toEqual(['follow_up3', 'follow_up4', 'follow_up5']);
});
