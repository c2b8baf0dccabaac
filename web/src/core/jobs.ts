// Waiting for a job of the server, and fetching the file it made.
import { get, isAbort } from './api';

export interface Job {
  id: number; kind: string; state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress?: { done: number; total: number }; counts?: Record<string, number>; message?: string | null; file?: boolean;
  created_at?: string; finished_at?: string | null;
}
export const isOver = (state: string) => state === 'done' || state === 'failed' || state === 'cancelled' || state === 'undone';

/* Jobs whose outcome stands before the person: their notice is read as it comes. A quick job's notice
   may come before the answer that names the job, so it waits for the answers still under way. */
const watched = new Set<number>();
const beginning = new Set<Promise<unknown>>();
const WAIT_MS = 10_000; // at most: an answer may wait for a password that somebody is asked for

/** Watches the job that `begin` answers with, until `signal` says that nobody looks at it any more. */
export async function watchJob(begin: Promise<{ job: { id: number } }>, signal: AbortSignal): Promise<number> {
  const named = begin.then(({ job: { id } }) => {
    if (!signal.aborted) { watched.add(id); signal.addEventListener('abort', () => watched.delete(id)); }
    return id;
  });
  beginning.add(named);
  try { return await named; } finally { beginning.delete(named); }
}
export async function isWatched(id: number): Promise<boolean> {
  if (beginning.size) await Promise.race([Promise.allSettled(beginning), new Promise((done) => setTimeout(done, WAIT_MS))]);
  return watched.has(id);
}

export async function waitForJob(id: number, onChange?: (job: Job) => void, signal?: AbortSignal): Promise<Job> {
  for (;;) {
    const job = await get<Job>(`/jobs/${id}`, undefined, signal);
    onChange?.(job);
    if (isOver(job.state)) return job;
    await new Promise((done) => setTimeout(done, 500));
    if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
  }
}
/** Hands an address of the server to the browser's own download. */
export function download(path: string): void {
  const a = document.createElement('a');
  a.href = path;
  a.download = '';
  document.body.append(a);
  a.click();
  a.remove();
}
export { isAbort };
