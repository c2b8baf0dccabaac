// A server for unit tests: what it answers to "GET /tasks", and what it was asked. An answer that is a promise comes when that
// is kept, so that a test says in which order answers come; a Response is one with a status of its own.
import { vi } from 'vitest';

export interface Asked { what: string; query: URLSearchParams; body: unknown }
export function serve(answers: Record<string, (asked: Asked) => unknown>): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal('fetch', async (address: string, init: RequestInit = {}) => {
    const url = new URL(address, 'http://page');
    const asked = { what: `${init.method ?? 'GET'} ${url.pathname.replace('/api/v1', '')}`, query: url.searchParams, body: init.body instanceof FormData ? init.body : init.body ? JSON.parse(String(init.body)) : undefined };
    all.push(asked);
    const answer = answers[asked.what];
    if (!answer) throw new Error(`nobody expects ${asked.what}`);
    const told = await answer(asked);
    return told instanceof Response ? told : new Response(JSON.stringify(told), { status: 200, headers: { 'Content-Type': 'application/json' } });
  });
  return all;
}
/** A promise that is kept from outside. */
export function later<T>(): { promise: Promise<T>; keep: (value: T) => void } {
  let keep!: (value: T) => void;
  const promise = new Promise<T>((done) => { keep = done; });
  return { promise, keep };
}
