// The menu leads nowhere that the account may not go.
import { afterEach, expect, it } from 'vitest';
import { index } from '../core/schema';
import { me, type Me } from '../core/session';
import { closedTo, menu, phoneBar } from './menu';

const as = (rights: string[], plurals: string[]) => {
  index.value = { version: '1', groups: [], entities: [] };
  me.value = { rights, menus: plurals.map((plural) => ({ plural, entity: plural.replace(/s$/, '') })) } as unknown as Me;
  return menu.value.flatMap((g) => g.entries.map((e) => e.to));
};
afterEach(() => { me.value = null; index.value = null; });

it('offers the approval flows to whom may set them, not to whom reads their names only', () => {
  expect(as([], ['approval-flows', 'rules'])).not.toContain('/admin/flows');
  expect(as([], ['approval-flows', 'rules'])).toContain('/admin/rules');
  expect(as(['settings'], ['approval-flows'])).toContain('/admin/flows');
});

it('says of a page that is not for this person that it is closed, and nothing of the others', () => {
  as(['settings'], []);
  expect(['/admin/settings', '/admin/users', '/admin/audit', '/admin/rules', '/admin/dictionary', '/e/customers', '/'].map(closedTo)).toEqual([null, 'page.users', 'page.audit', 'page.rules', null, null, null]);
});

it('puts under the thumb what people open every day, whatever the groups begin with', () => {
  const bar = (...plurals: string[]) => { as([], plurals); return phoneBar.value.map((e) => e.to); };
  expect(bar('channels', 'customers', 'contacts', 'tasks')).toEqual(['/e/customers', '/tasks', '/notifications']);
  expect(bar('channels', 'tasks', 'change-requests').slice(0, 2)).toEqual(['/tasks', '/notifications']);
  expect(bar('users')).toEqual(['/notifications']);
});
