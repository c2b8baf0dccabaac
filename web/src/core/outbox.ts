// What must arrive: kept in the browser before it is sent, sent again under the same key until the
// server has answered, also after a reload. A text once typed is there once, or refused with a reason.
import { reactive } from 'vue';
import { ApiError, post } from './api';
import type { Row } from './schema';
import { dropDraft, readJson, writeJson } from './store';

interface Entry { box: string; path: string; key: string; body: unknown; draft: string; at: number }
const BOXES = 'outbox';
/** The server knows a key for a day. Past that a text goes back to being a draft, for a person to look at. */
const KEEP_MS = 20 * 3600 * 1000;
const PAUSES = [1, 2, 4, 8, 15];

const under = new Map<string, Promise<Row>>();
/** Boxes whose first try did not get through. */
export const waiting = reactive(new Set<string>());

const entries = (): Entry[] => readJson<Entry[]>(BOXES, []);
const keep = (list: Entry[]) => writeJson(BOXES, list.length ? list : null);
const forget = (box: string) => keep(entries().filter((e) => e.box !== box));

/** Did the server say no, so that sending it again would not help? */
const refused = (error: unknown) => error instanceof ApiError && error.status >= 400 && error.status < 500 && ![408, 425, 429].includes(error.status);

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => { window.clearTimeout(timer); window.removeEventListener('online', done); resolve(); };
    const timer = window.setTimeout(done, seconds * 1000);
    window.addEventListener('online', done);
  });
}

async function deliver(entry: Entry): Promise<Row> {
  for (let tries = 0; ; tries++) {
    try {
      const row = await post<Row>(entry.path, entry.body, { idempotencyKey: entry.key });
      forget(entry.box);
      dropDraft(entry.draft, null);
      waiting.delete(entry.box);
      return row;
    } catch (error) {
      if (refused(error)) { forget(entry.box); waiting.delete(entry.box); throw error; }
      waiting.add(entry.box);
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]!);
    }
  }
}
function begin(entry: Entry): Promise<Row> {
  let going = under.get(entry.box);
  if (!going) {
    going = deliver(entry).finally(() => under.delete(entry.box));
    under.set(entry.box, going);
  }
  return going;
}

/** Resolves when it is saved, however long that takes; rejects where the server refuses it. One at a time a box. */
export function sendSurely(box: string, path: string, body: unknown, draft: string, key: string): Promise<Row> {
  const entry: Entry = { box, path, key, body, draft, at: Date.now() };
  keep([...entries().filter((e) => e.box !== box), entry]);
  return begin(entry);
}
/** What of this box is still on its way (of this page or of one that was closed); null for nothing. */
export function onItsWay(box: string): Promise<Row> | null {
  const entry = entries().find((e) => e.box === box && Date.now() - e.at < KEEP_MS);
  return entry ? begin(entry) : null;
}
/** After signing in: everything that is still here goes out. */
export function resumeAll(told: (row: Row) => void): void {
  keep(entries().filter((e) => Date.now() - e.at < KEEP_MS));
  for (const entry of entries()) if (!under.has(entry.box)) begin(entry).then(told, () => { /* a draft again, where it was written */ });
}
