// What stands in a span of the calendar: the records of every entity that declares a calendar field,
// the holidays, and moving one to another day.
import { computed, ref, shallowRef } from 'vue';
import { ApiError, get, messageOf, patch } from '../../core/api';
import { dayIn, onDay } from '../../core/days';
import { day, wallClock } from '../../core/format';
import { t } from '../../core/i18n';
import { fieldOf, index, loadEntity, titleOf, type EntityDef, type LinkValue, type Page, type Row } from '../../core/schema';
import { me } from '../../core/session';
import { fail, toast } from '../../ui/notify';

export interface Item { key: string; entity: EntityDef; field: string; row: Row; title: string; about: string; day: string; time: string; late: boolean; done: boolean; planned: boolean; movable: boolean }
export interface DayMark { day: string; work: boolean; name: string | null }
const MOST = 200;

export function useCalendar() {
  const rows = shallowRef<{ entity: EntityDef; field: string; row: Row }[]>([]);
  const marks = shallowRef(new Map<string, DayMark>());
  const knownUntil = ref('');
  const full = ref(false);
  const loading = ref(true);
  const problem = ref('');
  const hidden = ref<string[]>([]);
  const offered = computed(() => (index.value?.entities ?? []).filter((e) => e.calendar && (me.value?.menus ?? []).some((m) => m.entity === e.name)));
  let round = 0;

  async function ofEntity(name: string, from: string, to: string, mine: boolean) {
    const entity = await loadEntity(name);
    const field = entity.calendar!;
    const wanted = [entity.title, field, ...['status', 'customer', 'owner', 'next_plan', 'follow_up'].filter((n) => n !== entity.title && fieldOf(entity, n))];
    if (!fieldOf(entity, field)) return { list: [], more: false };
    const filter: unknown[] = ['and', [field, '>=', from], [field, '<=', to]];
    if (mine && fieldOf(entity, 'owner')) filter.push(['owner', '=', 'me']);
    const page = await get<Page>(`/${entity.plural}`, { filter: JSON.stringify(filter), sort: field, limit: MOST, fields: wanted.join(',') });
    return { list: page.data.map((row) => ({ entity, field, row })), more: !!page.next_cursor };
  }
  async function load(from: string, to: string, mine: boolean): Promise<void> {
    const mineNow = ++round;
    loading.value = true;
    try {
      const [days, ...parts] = await Promise.all([
        get<{ known_until: string; data: DayMark[] }>('/calendar', { from, to }),
        ...offered.value.filter((e) => !hidden.value.includes(e.name)).map((e) => ofEntity(e.name, from, to, mine)),
      ]);
      if (mineNow !== round) return;
      marks.value = new Map(days.data.map((d) => [d.day, d]));
      knownUntil.value = days.known_until;
      rows.value = parts.flatMap((p) => p.list);
      full.value = parts.some((p) => p.more);
      problem.value = '';
    } catch (error) { if (mineNow === round) problem.value = messageOf(error); } finally { if (mineNow === round) loading.value = false; }
  }
  const items = computed<Item[]>(() => {
    const now = Date.now();
    // The task made for the next contact stands for both: it is what one puts off and completes.
    const talks = new Map(rows.value.filter((r) => r.entity.name === 'follow_up').map((r) => [r.row.id, r.row]));
    const planOf = (row: Row) => talks.get((row.follow_up as LinkValue | null | undefined)?.id ?? 0);
    const tasked = new Set(rows.value.map((r) => planOf(r.row)));
    return rows.value.filter((r) => !tasked.has(r.row)).map(({ entity, field, row }) => {
      const at = row[field], done = row.status === 'done' || row.status === 'cancelled';
      const f = fieldOf(entity, field), whom = (row.customer as LinkValue | null)?.label ?? '';
      // A talk stands on the day of the next one: what is planned is told, not what was talked of before.
      const planned = entity.name === 'follow_up', plan = String((planned ? row : planOf(row))?.next_plan ?? '').slice(0, 80);
      return {
        key: `${entity.name}${row.id}`, entity, field, row, planned, title: planned ? t('cal.contact', whom) : titleOf(entity, row).slice(0, 80), about: planned ? plan : plan || whom, day: dayIn(at), time: f?.type === 'date' ? '' : wallClock(at).slice(11), done,
        late: !done && entity.name === 'task' && new Date(String(at)).getTime() < now, movable: f?.right === 'edit' && !f.readonly && !f.create_only && (row.can?.edit ?? entity.can.edit) === true,
      };
    }).sort((a, b) => a.time.localeCompare(b.time) || a.row.id - b.row.id);
  });
  const byDay = computed(() => { const out = new Map<string, Item[]>(); for (const i of items.value) { const list = out.get(i.day); if (list) list.push(i); else out.set(i.day, [i]); } return out; });

  const put = (item: Item, next: Partial<Row>) => { rows.value = rows.value.map((r) => (r.row.id === item.row.id && r.entity === item.entity ? { ...r, row: { ...r.row, ...next } as Row } : r)); };
  const nowOf = (key: string) => items.value.find((i) => i.key === key);
  /** Moves of one item go to the server one after the other: each needs the version the one before left. */
  const chains = new Map<string, Promise<unknown>>();
  async function send(item: Item, before: unknown, next: string | null): Promise<boolean> {
    try {
      const now = await patch<Row>(`/${item.entity.plural}/${item.row.id}`, { [item.field]: next }, nowOf(item.key)?.row.version ?? item.row.version);
      put(item, { version: now.version });
      return true;
    } catch (error) {
      put(item, { [item.field]: before });
      fail(error);
      if (error instanceof ApiError && error.status === 412) {
        // Somebody changed it meanwhile: show what it is now.
        try { put(item, await get<Row>(`/${item.entity.plural}/${item.row.id}`)); } catch { /* gone: the next load drops it */ }
      }
      return false;
    }
  }
  /** Shown at once, taken back where the server refuses. Gives what to say, or '' where nothing moved. */
  async function move(item: Item, to: string): Promise<string> {
    if (!item.movable || item.day === to) return '';
    const before = item.row[item.field], next = onDay(before, to);
    put(item, { [item.field]: next });
    const mine = (chains.get(item.key) ?? Promise.resolve()).then(() => send(item, before, next));
    chains.set(item.key, mine);
    if (!(await mine)) return '';
    const said = t('cal.moved', item.title, day(to));
    toast(said, 'ok', { label: t('common.undo'), run: () => void move({ ...item, ...nowOf(item.key), day: to, row: { ...item.row, ...nowOf(item.key)?.row, [item.field]: next } }, dayIn(before)) });
    return said;
  }
  return { offered, hidden, byDay, items, marks, knownUntil, full, loading, problem, load, move };
}
