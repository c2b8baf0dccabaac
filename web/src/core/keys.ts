// The keys of the page as this person set them. Views ask for the key an action has by default;
// pressed() says which that is for what was really pressed. Kept on the server (prefs.keys of /me).
import { patch } from './api';
import type { Key } from './i18n';
import { me, type Me } from './session';

export const keyActions = { search: '/', help: '?', new: 'n', edit: 'e', down: 'j', up: 'k', select: 'x', previous: '[', next: ']' } as const;
export type KeyAction = keyof typeof keyActions;
export const keyNames: Record<KeyAction, Key> = { search: 'keys.search', help: 'keys.help', new: 'keys.new_here', edit: 'keys.edit', down: 'keys.down', up: 'keys.up', select: 'keys.select', previous: 'keys.previous', next: 'keys.next' };
const actions = Object.keys(keyActions) as KeyAction[];

const own = (): Partial<Record<KeyAction, string>> => (me.value?.prefs?.keys as Partial<Record<KeyAction, string>> | undefined) ?? {};
export const keyOf = (action: KeyAction): string => own()[action] || keyActions[action];
/** The default key of what was asked for; '' where the key belongs to another action now, or to none. */
export function pressed(event: { key: string }): string {
  const mine = actions.find((a) => keyOf(a) === event.key);
  if (mine) return keyActions[mine];
  return actions.some((a) => keyActions[a] === event.key) ? '' : event.key;
}
/** Two actions with one key: the other one, or null. g begins the ways to a page and is taken. */
export const takenBy = (action: KeyAction, key: string): KeyAction | 'g' | null => (key === 'g' ? 'g' : (actions.find((a) => a !== action && keyOf(a) === key) ?? null));
/** null: as it is by default. */
export async function setKey(action: KeyAction | null, key: string | null): Promise<void> {
  const keys = action ? { ...own(), [action]: key ?? undefined } : null;
  me.value = await patch<Me>('/me', { prefs: { keys } });
}
