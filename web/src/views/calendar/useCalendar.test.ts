// A talk stands in the calendar on the day of the next one: it is told as planned, not by what was talked of before.
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../../test/server';
import { me, type Me } from '../../core/session';
import { forgetSchema, loadIndex } from '../../core/schema';
import { useCalendar } from './useCalendar';

afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); me.value = null; });

it('says whom to contact and what is planned', async () => {
  const f = (name: string, type: string) => ({ name, type, label: { zh: name }, right: 'edit' });
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
