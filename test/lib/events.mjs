// A listener on GET /events: collects what it is told, with the time since it began.
//
//   const ear = await listen(rep, 'customer:12,task');
//   const event = await ear.next((e) => e.event === 'changed' && e.data.id === 12);
//   ear.close();
import { PATIENCE, slow } from './program.mjs';

export class Ear {
  constructor() { this.events = []; this.comments = 0; this.strange = []; this.waiting = []; this.ended = false; this.lastId = null; }

  take(block) {
    const e = { event: 'message', data: null, id: null, at: performance.now() };
    let any = false, said = false;
    for (const line of block.split('\n')) {
      if (line === ': ') { this.comments += 1; continue; } // keeps a stream that says nothing
      const at = line.indexOf(': ');
      const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
      if (name === 'event') e.event = value;
      if (name === 'id') { e.id = value; this.lastId = value; }
      if (name === 'data') { e.data = JSON.parse(value); any = true; }
      if (!['event', 'id', 'data', 'retry'].includes(name)) this.strange.push(line);
      said = true;
    }
    if (any) this.events.push(e);
    else if (said) this.strange.push(block); // neither an event nor a comment
    this.wake();
  }

  wake() { for (const w of this.waiting.splice(0)) w(); }

  /** The first event (also of those that came before) for which test holds; throws after ms. */
  async next(test, ms = PATIENCE) {
    const end = performance.now() + Math.max(ms, PATIENCE) * slow;
    for (;;) {
      const found = this.events.find(test);
      if (found) return found;
      if (this.ended || performance.now() > end)
        throw new Error(`${this.ended ? 'ended' : 'nothing'}; heard ${JSON.stringify(this.events)}`);
      await new Promise((done) => { this.waiting.push(done); setTimeout(done, 50); });
    }
  }

  /** Waits until the server ends the stream. */
  async end() {
    const limit = performance.now() + PATIENCE * slow;
    while (!this.ended) {
      if (performance.now() > limit) throw new Error('the stream still runs');
      await new Promise((done) => { this.waiting.push(done); setTimeout(done, 50); });
    }
  }

  close() { this.abort.abort(); }
}

/** Opens a stream as client; answers the Ear, or the plain answer where it was refused. options: after, last. */
export async function listen(client, watch = '', { after, last } = {}) {
  const ear = new Ear();
  ear.abort = new AbortController();
  const query = new URLSearchParams();
  if (watch) query.set('watch', watch);
  if (after !== undefined) query.set('after', after);
  const headers = { Accept: 'text/event-stream' };
  if (client.cookies.size) headers.Cookie = [...client.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  if (client.token) headers.Authorization = `Bearer ${client.token}`;
  if (last !== undefined) headers['Last-Event-ID'] = String(last);
  const answer = await fetch(`${client.url}/api/v1/events?${query}`, { headers, signal: ear.abort.signal });
  ear.status = answer.status;
  ear.headers = answer.headers;
  if (answer.status !== 200) {
    ear.text = await answer.text();
    ear.json = JSON.parse(ear.text);
    ear.ended = true;
    return ear;
  }
  (async () => {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const piece of answer.body) {
        rest += decoder.decode(piece, { stream: true });
        for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
          ear.take(rest.slice(0, at));
          rest = rest.slice(at + 2);
        }
      }
    } catch { /* cut, or closed by us */ }
    ear.ended = true;
    ear.wake();
  })();
  await ear.next((e) => e.event === 'ready');
  return ear;
}
