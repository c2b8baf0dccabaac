// The figures of the home page: each is a filter on a list of what the caller reads, counted by the server
// up to its cap, and the link to that very list.
import { shallowRef } from 'vue';
import { get } from '../../core/api';
import type { Key } from '../../core/i18n';
import { newest } from '../../core/newest';
import { shortOf, type EntityDef, type Page } from '../../core/schema';
import { me } from '../../core/session';
import { openStates } from '../tasks/tasks';

export interface Figure { key: Key; args?: number[]; plural: string; filter: unknown[]; hot?: boolean; team?: boolean; sort?: string }
export interface Counted extends Figure { count: { value: number; exact: boolean } }

export const idleDays = () => me.value?.company?.idle_days ?? 14;
/** Neither lost nor invalid, and nobody spoke with them for so long, or ever. */
export const idleFilter = (): unknown[] => {
  const since = `-${idleDays()}d`;
  return ['and', ['lifecycle', 'not_in', ['lost', 'invalid']], ['or', ['last_follow_up_at', '<', since], ['and', ['last_follow_up_at', 'is_null', null], ['created_at', '<', since]]]];
};
const and = (...parts: unknown[][]): unknown[] => ['and', ...parts.flatMap((p) => (p[0] === 'and' ? (p.slice(1) as unknown[][]) : [p]))];
const mine = ['owner', '=', 'me'];
const has = (e: EntityDef | null, ...names: string[]) => !!e && names.every((n) => e.fields.some((f) => f.name === n));

export function figuresFor(task: EntityDef | null, customer: EntityDef | null): Figure[] {
  const out: Figure[] = [];
  // Who may take a list out of the house reads those of others as his business.
  const leads = !!shortOf('customer')?.can?.export || !!shortOf('task')?.can?.export;
  if (task && has(task, 'status', 'due_at')) {
    const open = ['status', 'in', openStates(task)];
    out.push({ key: 'home.overdue', plural: 'tasks', filter: and(mine, open, ['due_at', '<', 'now']), hot: true, sort: 'due_at' });
    out.push({ key: 'home.today', plural: 'tasks', filter: and(mine, open, ['due_at', '=', 'today']), sort: 'due_at' });
    if (leads) out.push({ key: 'home.team_overdue', plural: 'tasks', filter: and(open, ['due_at', '<', 'now']), hot: true, team: true, sort: 'due_at' });
  }
  if (customer && has(customer, 'last_follow_up_at', 'lifecycle')) {
    if (has(customer, 'next_follow_up_at')) out.push({ key: 'home.contact_today', plural: 'customers', filter: and(mine, ['next_follow_up_at', '=', 'today']), sort: 'next_follow_up_at' });
    out.push({ key: 'home.idle', args: [idleDays()], plural: 'customers', filter: and(mine, idleFilter()), sort: 'last_follow_up_at' });
    if (has(customer, 'owned_at', 'created_by')) out.push({ key: 'home.new_mine', plural: 'customers', filter: and(mine, ['owned_at', '>=', '-7d'], ['or', ['created_by', '!=', 'me'], ['previous_owner', 'not_null', null]]) });
    if (leads) {
      out.push({ key: 'home.team_idle', plural: 'customers', filter: idleFilter(), team: true, sort: 'last_follow_up_at' });
      out.push({ key: 'home.team_new', plural: 'customers', filter: ['created_at', '>=', '-7d'], team: true });
    }
  }
  return out;
}

export function useFigures() {
  const counted = shallowRef<Counted[]>([]);
  const latest = newest();
  async function count(list: Figure[]): Promise<void> {
    const all = await latest(Promise.allSettled(list.map(async (f) => ({ ...f, count: (await get<Page>(`/${f.plural}`, { filter: JSON.stringify(f.filter), limit: 1, fields: 'id', count: 'capped' })).count ?? { value: 0, exact: true } }))));
    // A figure that cannot be counted is left out; the others stand.
    counted.value = all.flatMap((x) => (x.status === 'fulfilled' ? [x.value] : []));
  }
  return { counted, count };
}
export const linkOf = (f: Figure) => ({ path: `/e/${f.plural}`, query: { filter: JSON.stringify(f.filter), ...(f.sort ? { sort: f.sort } : {}) } });
