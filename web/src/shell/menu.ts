// What stands in the side menu: the entities of the account by group, then the pages of the page; and at the bottom of a phone.
import { computed } from 'vue';
import { label, labels, t, type Key } from '../core/i18n';
import { index, shortOf } from '../core/schema';
import { may, me } from '../core/session';

export interface MenuEntry { to: string; text: string; icon: string; key: string }
export interface MenuGroup { name: string; text: string; entries: MenuEntry[] }

/** The pages of one's own day, below the home page. */
export const dayPages = computed<MenuEntry[]>(() => {
  const has = (entity: string) => (me.value?.menus ?? []).some((m) => m.entity === entity);
  const pages: [string, string, Key, boolean][] = [['/tasks', 'task', 'page.my_tasks', has('task')], ['/calendar', 'calendar', 'page.calendar', (index.value?.entities ?? []).some((e) => e.calendar && has(e.name))],
    ['/approvals', 'shield', 'approval.title', has('change_request')], ['/figures', 'chart', 'page.figures', (index.value?.entities ?? []).some((e) => e.name === 'dashboard')]];
  return pages.filter(([, , , on]) => on).map(([to, icon, key]) => ({ to, icon, text: t(key), key: to }));
});
/** What stands at the bottom of a phone, under one's thumb: of these the first three that the account has. */
const everyday = ['/e/customers', '/tasks', '/notifications', '/calendar', '/approvals'];
export const phoneBar = computed<MenuEntry[]>(() => {
  const notices: MenuEntry = { to: '/notifications', icon: 'bell', text: t('live.notices'), key: '/notifications' };
  const all = [notices, ...dayPages.value, ...menu.value.flatMap((g) => g.entries)];
  return everyday.flatMap((to) => all.find((e) => e.to === to) ?? []).slice(0, 3);
});
const own = new Set(['change-requests', 'users', 'departments', 'roles', 'audit-logs', 'custom-fields', 'number-rules', 'rules', 'approval-flows', 'print-templates']);
type Entry = [to: string, icon: string, key: Key, on: boolean];
// A name may be read by more people than may open its page (a flow, in a change request).
const hasEntity = (plural: string) => (me.value?.menus ?? []).some((m) => m.plural === plural);
/** The pages of those who run the house; on: this person may open it. */
const manage = computed<Entry[]>(() => [
  ['/admin/users', 'people', 'page.users', may('users')],
  ['/admin/departments', 'org', 'page.departments', may('users')],
  ['/admin/roles', 'key', 'page.roles', may('roles')],
  ['/admin/fields', 'fields', 'page.fields', may('fields')],
  ['/admin/layouts', 'columns', 'page.layouts', may('fields')],
  ['/admin/rules', 'bolt', 'page.rules', hasEntity('rules')],
  ['/admin/flows', 'shield', 'page.flows', hasEntity('approval-flows') && may('settings')],
  ['/admin/print', 'print', 'page.print', may('settings')],
  ['/e/number-rules', 'hash', 'page.number_rules', hasEntity('number-rules')],
  ['/admin/settings', 'gear', 'page.settings', may('settings')],
  ['/admin/configuration', 'file', 'page.configuration', may('settings')],
  ['/admin/audit', 'shield', 'page.audit', may('audit')],
]);
/** The title of a page that is not for this person, or null: to try again would change nothing there. */
export const closedTo = (path: string): Key | null => manage.value.find(([to, , , on]) => to === path && !on && path.startsWith('/admin/'))?.[2] ?? null;

export const menu = computed<MenuGroup[]>(() => {
  const groups: MenuGroup[] = [];
  const order = index.value?.groups ?? [];
  for (const item of me.value?.menus ?? []) {
    if (own.has(item.plural)) continue;
    const short = shortOf(item.plural);
    const name = item.group ?? short?.group ?? '';
    let group = groups.find((g) => g.name === name);
    if (!group) groups.push((group = { name, text: label(order.find((g) => g.name === name)?.label) || t('shell.records'), entries: [] }));
    // The entity a group is named after leads it.
    group.entries[item.entity === name ? 'unshift' : 'push']({ to: `/e/${item.plural}`, text: labels(short?.label) || item.entity, icon: short?.icon ?? 'box', key: item.plural });
  }
  groups.sort((a, b) => order.findIndex((g) => g.name === a.name) - order.findIndex((g) => g.name === b.name));
  const admin: Entry[] = [
    ['/import', 'upload', 'page.import', (index.value?.entities ?? []).some((e) => e.can?.import)],
    ['/jobs', 'clock', 'page.jobs', true],
    ['/bin', 'trash', 'page.bin', (index.value?.entities ?? []).some((e) => e.can?.delete && e.menu !== false)],
    ['/admin/dictionary', 'book', 'page.dictionary', true],
  ];
  const pages = (list: Entry[]) => list.filter(([, , , on]) => on).map(([to, icon, key]) => ({ to, icon, text: t(key), key: to }));
  groups.push({ name: '@tools', text: t('shell.tools'), entries: pages(admin) });
  const managing = pages(manage.value);
  if (managing.length) groups.push({ name: '@admin', text: t('shell.admin'), entries: managing });
  return groups;
});
