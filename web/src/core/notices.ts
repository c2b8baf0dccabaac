// How many notifications are unread, and which announcements stand over the page: read at the
// start, then told live.
import { ref, watch } from 'vue';
import { get, post } from './api';
import { isWatched } from './jobs';
import { liveUp, onLive, type LiveNotice } from './live';
import { newest } from './newest';
import { pluralOf } from './schema';

export interface Announcement { id: number; title: string; kind: string; body: string; need_ack: boolean; start_at?: string; end_at?: string | null; acked_at?: string | null }
export const unread = ref(0);
export const announcements = ref<Announcement[]>([]);

const latest = newest(), standing = newest();
export async function readUnread(): Promise<void> {
  try { unread.value = (await latest(get<{ count?: { value: number } }>('/notifications', { filter: '["and",["read_at","is_null"],["head","is_null"]]', fields: 'id', limit: 1, count: 'capped' }))).count?.value ?? 0; } catch { /* the bell stays as it is */ }
}
export async function readAnnouncements(): Promise<void> {
  try { announcements.value = (await standing(get<{ data: Announcement[] }>('/me/announcements'))).data; } catch { /* none shown */ }
}
export async function acknowledge(id: number): Promise<void> {
  await post(`/me/announcements/${id}/ack`);
  announcements.value = announcements.value.filter((a) => a.id !== id);
  // Its row behind the bell is read with it; a list asked for before that would bring it back.
  void readUnread();
  void readAnnouncements();
}
/** Where a notification leads; null for nowhere. */
export function target(n: Pick<LiveNotice, 'entity' | 'record' | 'kind'>): string | null {
  if (!n.entity) return null;
  if (n.entity === 'job') return '/jobs';
  if (n.entity === 'change_request') return `/approvals?open=${n.record}`;
  if (n.entity === 'announcement') return `/notifications?open=${n.record}`;
  // Many at once were handed over: the list of what is one's own, the newest change first.
  if (n.kind === 'transferred' && !n.record) return `/e/${pluralOf(n.entity)}?filter=${encodeURIComponent('["owner","in",["me"]]')}&sort=-updated_at`;
  return n.record ? `/e/${pluralOf(n.entity)}/${n.record}` : null;
}
/** One that is current, also where it was acknowledged; null where it is over or not for this reader. */
export async function announcementOf(id: number): Promise<Announcement | null> {
  return (await get<{ data: Announcement[] }>('/me/announcements', { all: 1 })).data.find((a) => a.id === id) ?? null;
}
/** As target; of a notice that stands for several, the list of their records, however many. */
export async function targetOf(n: Pick<LiveNotice, 'id' | 'entity' | 'record' | 'kind' | 'members'>): Promise<string | null> {
  if (!n.members || !n.entity) return target(n);
  const plural = pluralOf(n.entity), filter = JSON.stringify(['id', 'told', n.id]);
  const two = (await get<{ data: { id: number }[] }>(`/${plural}`, { filter, fields: 'id', limit: 2, count: 'none' })).data;
  return two.length === 1 ? target({ ...n, record: two[0]!.id }) : `/e/${plural}?filter=${encodeURIComponent(filter)}`;
}
export const readNotice = (id: number): Promise<unknown> => post(`/notifications/${id}/actions/read`, {});
/** Called by the shell once. */
export function followNotices(onNotice: (n: LiveNotice) => void): void {
  const both = () => { void readUnread(); void readAnnouncements(); };
  both();
  // An announcement stands over the page already.
  onLive('notification', async (n) => {
    if (n.entity === 'job' && n.record && (await isWatched(n.record))) { await readNotice(n.id).catch(() => {}); void readUnread(); return; }
    void readUnread(); if (n.kind !== 'announcement') onNotice(n);
  });
  onLive('announcement', () => void readAnnouncements());
  onLive('reset', both);
  // What came between the reading and the stream's beginning was told to nobody here.
  watch(liveUp, (up) => { if (up) both(); });
}
