// One person (or token, or nobody) in front of the API. Keeps the cookies, sends the CSRF header with
// every change, and answers {status, headers, text, json, etag}; it never throws because of a status.

export class Client {
  /** url: "http://127.0.0.1:4711". token: a bearer token instead of a session. */
  constructor(url, { token, lang } = {}) {
    this.url = url;
    this.token = token;
    this.lang = lang;
    this.cookies = new Map();
    this.csrf = null;
    this.user = null;
  }

  /** Signs in; throws when that fails, because every further test would. */
  async signIn(login, password) {
    // On a loaded machine the queue of password checks may be full: come back when the server says so, as a browser would.
    let answer;
    for (let i = 0; i < 30; i++) {
      answer = await this.post('/session', { login, password });
      if (answer.status !== 429 && answer.status !== 503) break;
      await new Promise((done) => setTimeout(done, 1000 * Math.min(5, Number(answer.headers.get('retry-after')) || 1)));
    }
    if (answer.status !== 200 || !answer.json?.csrf)
      throw new Error(`sign-in of ${login} was answered ${answer.status}: ${answer.text}`);
    this.password = password;
    this.user = answer.json.user;
    this.csrf = answer.json.csrf;
    return this;
  }

  /** Second verification by password (CONTRACT 2, /step-up). */
  stepUp() {
    return this.post('/step-up', { method: 'password', code: this.password });
  }

  get(path, headers) { return this.call('GET', path, undefined, headers); }
  post(path, body, headers) { return this.call('POST', path, body, headers); }
  put(path, body, headers) { return this.call('PUT', path, body, headers); }
  patch(path, body, headers) { return this.call('PATCH', path, body, headers); }
  del(path, body, headers) { return this.call('DELETE', path, body, headers); }

  /** PATCH or DELETE with the version the record has now. */
  async patchNow(path, body) {
    const { etag } = await this.get(path);
    return this.patch(path, body, { 'If-Match': etag });
  }
  async delNow(path) {
    const { etag } = await this.get(path);
    return this.del(path, undefined, { 'If-Match': etag });
  }

  /** POST of one file as multipart field "file". data: Buffer or text. fields: further text fields. */
  upload(path, name, data, { type = 'application/octet-stream', fields = {}, headers } = {}) {
    const form = new FormData();
    for (const [key, value] of Object.entries(fields)) form.set(key, value);
    form.set('file', new Blob([data], { type }), name);
    return this.call('POST', path, form, headers);
  }

  /**
   * path: below /api/v1, unless it starts with "/api/" or "//" ("//healthz" is /healthz of the server).
   * body: an object is sent as JSON; text, Buffer, FormData as they are. A header that is null is not sent.
   */
  async call(method, path, body, headers = {}) {
    const full = path.startsWith('//') ? path.slice(1) : path.startsWith('/api/') ? path : `/api/v1${path}`;
    const send = { Accept: 'application/json' };
    if (this.lang) send['Accept-Language'] = this.lang;
    if (this.cookies.size) send.Cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    if (this.token) send.Authorization = `Bearer ${this.token}`;
    if (this.csrf && method !== 'GET' && method !== 'HEAD') send['X-CSRF-Token'] = this.csrf;
    let data = body;
    if (body !== undefined && body !== null && typeof body === 'object'
        && !(body instanceof FormData) && !(body instanceof Uint8Array)) {
      data = JSON.stringify(body);
      send['Content-Type'] = 'application/json';
    } else if (typeof body === 'string') {
      send['Content-Type'] = 'application/json';
    }
    for (const [name, value] of Object.entries(headers)) {
      for (const known of Object.keys(send)) if (known.toLowerCase() === name.toLowerCase()) delete send[known];
      if (value !== null && value !== undefined) send[name] = value;
    }
    const answer = await fetch(this.url + full, { method, headers: send, body: data, redirect: 'manual' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (!name) continue;
      if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = bytes.toString('utf8');
    let json;
    if (text && /json/.test(answer.headers.get('content-type') ?? '')) {
      try { json = JSON.parse(text); } catch { throw new Error(`${method} ${full}: the answer is no JSON: ${text}`); }
    }
    return { status: answer.status, headers: answer.headers, text, bytes, json, etag: answer.headers.get('etag') };
  }

  /** Waits for a job: GET /jobs/{id} until it is done, failed or cancelled. */
  async job(id, ms = 180_000) {
    const end = Date.now() + ms * Number(process.env.ZHIKE_TEST_SLOW || 1);
    for (;;) {
      const { json, status, text } = await this.get(`/jobs/${id}`);
      if (status !== 200) throw new Error(`GET /jobs/${id} was answered ${status}: ${text}`);
      if (['done', 'failed', 'cancelled'].includes(json.state)) return json;
      if (Date.now() > end) throw new Error(`job ${id} is still ${json.state}: ${text}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
