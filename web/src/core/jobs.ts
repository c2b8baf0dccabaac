// Waiting for a job of the server, and fetching the file it made.
import { get, isAbort } from './api';

export interface Job {
  id: number; kind: string; state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress?: { done: number; total: number }; counts?: Record<string, number>; message?: string | null; file?: boolean;
  created_at?: string; finished_at?: string | null;
}
export const isOver = (state: string) => state === 'done' || state === 'failed' || state === 'cancelled' || state === 'undone';

/** Jobs whose outcome stands before the person: their notice is read as it comes. */
export const watchedJobs = new Set<number>();

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
