// Between the server and PostgreSQL: understands enough of the protocol to see a COMMIT, and cuts, stops or lies there.
import { createServer, connect } from 'node:net';

export class Proxy {
  /** url: of a database behind a unix socket (…?host=/folder). → a proxy whose .url leads there over TCP */
  static async to(url) {
    const proxy = new Proxy();
    const folder = decodeURIComponent(/[?&]host=([^&]+)/.exec(url)[1]);
    const port = /[?&]port=(\d+)/.exec(url)?.[1] ?? 5432;
    proxy.behind = `${folder}/.s.PGSQL.${port}`;
    proxy.server = createServer((socket) => proxy.#serve(socket));
    await new Promise((done) => proxy.server.listen(0, '127.0.0.1', done));
    const [, user, database] = /^postgresql:\/\/([^@]*)@[^/]*\/([^?]*)/.exec(url);
    proxy.url = `postgresql://${user}@127.0.0.1:${proxy.server.address().port}/${database}?sslmode=disable&gssencmode=disable`;
    return proxy;
  }
  /** What becomes of the next COMMIT: "pass", "before" (cut, never sent), "after" (sent, then cut), "lie" (undone, told as done). */
  onCommit = () => 'pass';
  /** true: the answer is cut in its middle, and with it the connection. */
  onAnswer = () => false;
  counts = { pass: 0, before: 0, after: 0, lie: 0, middle: 0 };
  paused = false;
  #sockets = new Set();

  #serve(client) {
    const behind = connect(this.behind);
    const end = () => { client.destroy(); behind.destroy(); };
    for (const s of [client, behind]) {
      this.#sockets.add(s);
      s.on('error', end);
      s.on('close', () => { this.#sockets.delete(s); end(); });
      s.setNoDelay?.(true);
    }
    let begun = false, rest = Buffer.alloc(0), fate = null;
    client.on('data', (data) => {
      if (this.paused) return;
      rest = Buffer.concat([rest, data]);
      for (;;) {
        const head = begun ? 5 : 4;
        if (rest.length < head) return;
        const size = rest.readInt32BE(begun ? 1 : 0) + (begun ? 1 : 0);
        if (rest.length < size) return;
        const message = rest.subarray(0, size);
        rest = rest.subarray(size);
        if (!begun) { begun = true; behind.write(message); continue; }
        if (message[0] !== 0x51 || message.toString('latin1', 5, size - 1) !== 'COMMIT') { behind.write(message); continue; }
        const what = this.onCommit();
        this.counts[what]++;
        if (what === 'before') return end();
        fate = what === 'pass' ? null : what;
        behind.write(what === 'lie' ? query('ROLLBACK') : message);
      }
    });
    behind.on('data', (data) => {
      if (this.paused) return;
      if (fate === 'after') return end();
      if (fate === 'lie') {
        fate = null;
        client.write(Buffer.from('C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I', 'latin1'));
        return;
      }
      if (data.length > 20 && this.onAnswer()) {
        this.counts.middle++;
        client.write(data.subarray(0, data.length >> 1), end);
        return;
      }
      client.write(data);
    });
  }
  cutAll() { for (const s of this.#sockets) s.destroy(); }
  close() {
    this.cutAll();
    return new Promise((done) => this.server.close(done));
  }
}

function query(text) {
  const b = Buffer.alloc(6 + text.length);
  b.write('Q', 0);
  b.writeInt32BE(5 + text.length, 1);
  b.write(text, 5);
  return b;
}
