// What pages about tasks share: finishing, putting off, and how a due time is read.
import { ref, type Ref } from 'vue';
import { ApiError, get, patch } from '../../core/api';
import { addDays, dayIn, mondayOf, onDay } from '../../core/days';
import { dateTime, day, today, wallClock } from '../../core/format';
import { lang, t } from '../../core/i18n';
import { titleOf, type EntityDef, type Row } from '../../core/schema';
import { fail, toast } from '../../ui/notify';

export const closedStates = ['done', 'cancelled'];
export const openStates = (e: EntityDef): string[] => (e.fields.find((f) => f.name === 'status')?.options ?? []).map((o) => o.code).filter((c) => !closedStates.includes(c));
export const isLate = (at: unknown) => !!at && new Date(String(at)).getTime() < Date.now();

/** "今天 15:00", "周五 09:00" within a week, the date otherwise. */
export function when(at: unknown): string {
  if (!at) return '';
  const of = dayIn(at), now = today(), time = wallClock(at).slice(11);
  if (of === now) return `${t('when.today')} ${time}`;
  if (of === addDays(now, 1)) return `${t('task.tomorrow')} ${time}`;
  if (of > now && of <= addDays(now, 6)) return `${weekdayName(of)} ${time}`;
  return of.slice(0, 4) === now.slice(0, 4) ? `${of.slice(5)} ${time}` : dateTime(at);
}
export const weekdayName = (of: string, style: 'short' | 'long' | 'narrow' = 'short') => new Intl.DateTimeFormat(lang.value === 'en' ? 'en' : 'zh-CN', { weekday: style, timeZone: 'UTC' }).format(new Date(`${of}T00:00:00Z`));
export const dayTitle = (of: string) => `${day(of)} ${weekdayName(of, 'long')}`;

/** The choices of putting off, with the instant each means. */
export const snoozes = (due: unknown): { key: 'task.hour' | 'task.tomorrow' | 'task.next_monday'; at: string | null }[] => [
  { key: 'task.hour', at: new Date(Math.ceil((Date.now() + 3_600_000) / 300_000) * 300_000).toISOString().replace('.000Z', 'Z') },
  { key: 'task.tomorrow', at: onDay(due, addDays(today(), 1)) },
  { key: 'task.next_monday', at: onDay(due, addDays(mondayOf(today()), 7)) },
];

/** Changes of tasks in a list at hand; reload is called where the list cannot know what it became. */
export function useTaskChanges(entity: Ref<EntityDef | null>, reload: () => void) {
  const busy = ref(new Set<number>());
  async function change(row: Row, values: Record<string, unknown>, done: (now: Row) => void): Promise<void> {
    if (busy.value.has(row.id)) return;
    busy.value = new Set(busy.value).add(row.id);
    try { done(await patch<Row>(`/tasks/${row.id}`, values, row.version)); reload(); }
    catch (error) {
      // Somebody else was faster: take the row as it is now and try once more.
      if (!(error instanceof ApiError) || error.status !== 412) { fail(error); return; }
      try { const fresh = await get<Row>(`/tasks/${row.id}`); done(await patch<Row>(`/tasks/${row.id}`, values, fresh.version)); reload(); } catch (again) { fail(again); }
    } finally { const rest = new Set(busy.value); rest.delete(row.id); busy.value = rest; }
  }
  const title = (row: Row) => titleOf(entity.value!, row);
  const setStatus = (row: Row, status: unknown) => change(row, { status }, (now) => {
    if (status === 'done') toast(t('task.finished', title(row)), 'ok', { label: t('common.undo'), run: () => void change({ ...row, ...now }, { status: row.status ?? 'open' }, () => {}) });
  });
  const finish = (row: Row) => setStatus(row, row.status === 'done' ? 'open' : 'done');
  const putOff = (row: Row, at: string | null) => at && change(row, { due_at: at }, (now) => toast(t('task.moved', when(at)), 'ok', { label: t('common.undo'), run: () => void change({ ...row, ...now }, { due_at: row.due_at ?? null }, () => {}) }));
  return { busy, finish, putOff };
}
