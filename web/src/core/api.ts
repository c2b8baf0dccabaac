// The one way to the server. Adds the CSRF header, turns problem+json into ApiError, repeats reads
// after a broken connection, and asks for sign-in or a second verification where the server wants
// one, then repeats the call, so that a view never sees those two.
import { acceptLanguage } from './i18n';

export interface FieldError { field: string; code: string; message: string }

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: FieldError[] = [],
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
  get traceId(): string { return String(this.body.trace_id ?? ''); }
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined | null>;
  body?: unknown;
  form?: FormData;
  version?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** How much of a form has left, in bytes; fetch cannot tell, so that such a call goes another way. */
  onSent?: (sent: number, total: number) => void;
  /** Set for calls made while signed out: 401 is an answer, not an expired session. */
  anonymous?: boolean;
  /** The answer is a file: data is a Blob. */
  blob?: boolean;
}

export interface Answer<T> { data: T; status: number; headers: Headers }

/** Filled by core/session.ts; kept apart so that tests need neither session nor dialogs. */
export const hooks = {
  csrf: () => '' as string,
  /** Who is signed in at this browser by now; false where that is somebody else than on this page. */
  still: (_: unknown) => true as boolean,
  signInAgain: async (_other?: unknown) => false,
  ended: () => 'signed out',
  stepUp: async (_methods: string[]) => false,
  approve: async (_held: { operation: string; plural: string; id: number; body: unknown; message: string }) => false,
  filed: () => 'filed',
  unreachable: () => 'offline',
};

export function url(path: string, query?: CallOptions['query']): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value));
  }
  const text = params.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

async function toError(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try { body = (await response.json()) as Record<string, unknown>; } catch { /* not JSON: a proxy in between */ }
  const message = String(body.detail ?? body.title ?? `HTTP ${response.status}`);
  return new ApiError(response.status, String(body.code ?? ''), message, (body.errors as FieldError[]) ?? [], body);
}

/** The call by XMLHttpRequest, which knows how far an upload is; the answer in the shape of fetch. */
function sendWatched(address: string, init: RequestInit, onSent: (sent: number, total: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const stop = () => xhr.abort();
    xhr.open(init.method ?? 'POST', address);
    for (const [name, value] of Object.entries(init.headers as Record<string, string>)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (e) => { if (e.lengthComputable) onSent(e.loaded, e.total); };
    xhr.onload = () => resolve(new Response(xhr.status === 204 ? null : xhr.responseText, { status: xhr.status, headers: { 'Content-Type': xhr.getResponseHeader('Content-Type') ?? '' } }));
    xhr.onerror = () => reject(new TypeError('network'));
    xhr.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    xhr.onloadend = () => init.signal?.removeEventListener('abort', stop);
    init.signal?.addEventListener('abort', stop);
    xhr.send(init.body as XMLHttpRequestBodyInit);
    if (init.signal?.aborted) stop();
  });
}

/* A session is about to end: what is read for it would only be refused, and the page goes. Where somebody chose to stay, it goes on after a while. */
const reads = new Set<AbortController>();
const LEAVING_MS = 10_000;
let restUntil = 0;
export function dropReads(): void {
  restUntil = Date.now() + LEAVING_MS;
  for (const stop of reads) stop.abort();
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function send(method: string, path: string, options: CallOptions): Promise<Response> {
  const stop = new AbortController();
  if (options.signal?.aborted) stop.abort();
  options.signal?.addEventListener('abort', () => stop.abort());
  if (method === 'GET') {
    if (Date.now() < restUntil) await pause(restUntil - Date.now());
    reads.add(stop);
  }
  try { return await sendWith(stop.signal, method, path, options); }
  catch (error) {
    if (stop.signal.aborted && !options.signal?.aborted) await pause(LEAVING_MS);
    throw error;
  } finally { reads.delete(stop); }
}
async function sendWith(signal: AbortSignal, method: string, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': acceptLanguage() };
  let body: BodyInit | undefined;
  if (options.form) body = options.form;
  else if (options.body !== undefined) {
    headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    body = JSON.stringify(options.body);
  }
  if (method !== 'GET') {
    const csrf = hooks.csrf();
    if (csrf) headers['X-CSRF-Token'] = csrf;
  }
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
  if (options.idempotencyKey) headers['Idempotency-Key'] = `"${options.idempotencyKey}"`;
  const init: RequestInit = { method, headers, body, credentials: 'same-origin', signal };
  for (let attempt = 0; ; attempt++) {
    try {
      const address = url(path, options.query);
      const response = options.onSent ? await sendWatched(address, init, options.onSent) : await fetch(address, init);
      if (method === 'GET' && response.status === 503 && attempt < 2) {
        await pause(Math.min(Number(response.headers.get('Retry-After')) || 1, 5) * 1000);
        continue;
      }
      return response;
    } catch (error) {
      if (signal.aborted || method !== 'GET' || attempt >= 2) {
        if (signal.aborted) throw error;
        throw new ApiError(0, 'offline', hooks.unreachable());
      }
      await pause(300 * (attempt + 1));
    }
  }
}

/** What a call that is held until people agree would have done, as a request asks for it; null where none can be filed. */
export function heldOf(method: string, path: string, body: unknown): { operation: string; plural: string; id: number; body: unknown } | null {
  const merge = /^\/([a-z-]+)\/merge$/.exec(path);
  if (merge) {
    const asked = body as { survivor: number; preview?: boolean };
    return asked.preview ? null : { operation: 'merge', plural: merge[1]!, id: asked.survivor, body };
  }
  const record = /^\/([a-z-]+)\/(\d+)(\/actions\/transfer|\/restore)?$/.exec(path);
  if (!record) return null;
  const operation = record[3] === '/restore' ? 'restore' : record[3] ? 'transfer' : method === 'DELETE' ? 'delete' : 'edit';
  return { operation, plural: record[1]!, id: Number(record[2]), body };
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  for (let round = 0; ; round++) {
    const response = await send(method, path, options);
    if (response.ok) {
      if (options.blob) return { data: (await response.blob()) as T, status: response.status, headers: response.headers };
      const isJson = (response.headers.get('Content-Type') ?? '').includes('json');
      const data = (response.status === 204 || !isJson ? undefined : await response.json()) as T;
      return { data, status: response.status, headers: response.headers };
    }
    const error = await toError(response);
    if (round < 3 && !options.anonymous) {
      if (error.status === 401) {
        if (await hooks.signInAgain()) continue;
        if (method !== 'GET') throw new ApiError(401, error.code, hooks.ended());
      }
      if (error.code === 'step_up_required' && (await hooks.stepUp((error.body.methods as string[]) ?? ['password']))) continue;
      const held = error.code === 'approval_required' && heldOf(method, path, options.body);
      // Not done, and no mistake either: the same was filed as a request.
      if (held && (await hooks.approve({ ...held, message: error.errors[0]?.message ?? error.message }))) throw new ApiError(202, 'approval_filed', hooks.filed());
      if (error.code === 'csrf' && round === 0) {
        const me = await send('GET', '/me', {});
        const now: unknown = me.ok ? await me.json() : null;
        // What one person wrote is never kept as another's.
        if (now && (hooks.still(now) || (await hooks.signInAgain(now)))) continue;
        if (now) throw new ApiError(401, 'not_signed_in', hooks.ended());
      }
    }
    throw error;
  }
}

export const get = async <T>(path: string, query?: CallOptions['query'], signal?: AbortSignal) =>
  (await call<T>('GET', path, { query, signal })).data;
export const post = async <T>(path: string, body?: unknown, options: CallOptions = {}) =>
  (await call<T>('POST', path, { ...options, body })).data;
export const patch = async <T>(path: string, body: unknown, version?: number) =>
  (await call<T>('PATCH', path, { body, version })).data;
export const remove = async (path: string, version?: number) => (await call<void>('DELETE', path, { version })).data;
export const upload = async <T>(path: string, file: File, fields: Record<string, string> = {}, options: CallOptions = {}) => {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append('file', file, file.name);
  return (await call<T>('POST', path, { ...options, form })).data;
};

export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const parts = error.errors.map((e) => e.message).filter(Boolean);
    return parts.length > 0 ? parts.join(' · ') : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';
