// Bytes on a socket of their own, for what no client would send.
import net from 'node:net';
import { slow } from './program.mjs';

/**
 * data: text (one byte a character) or a list of such, sent one after the other with a pause between, so that the
 * server reads them apart. → {out, closed, statuses}: what came back until the server closed, or until `ms` passed.
 */
export function raw(server, data, ms = 20_000) {
  const { port, hostname } = new URL(server.url);
  const parts = Array.isArray(data) ? data : [data];
  return new Promise((done) => {
    const socket = net.connect(Number(port), hostname);
    socket.setNoDelay(true);
    let out = '';
    const end = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      done({ out, closed, statuses: [...out.matchAll(/HTTP\/1\.[01] (\d+)/g)].map((m) => Number(m[1])) });
    };
    const timer = setTimeout(() => end(false), ms * slow);
    socket.on('data', (d) => { out += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => end(true));
    (async () => {
      for (const [i, part] of parts.entries()) {
        if (i) await new Promise((go) => setTimeout(go, 5));
        if (!socket.destroyed) socket.write(Buffer.from(part, 'latin1'));
      }
    })();
  });
}

/** The headers of somebody signed in, as text: Host, Cookie, X-CSRF-Token. */
export function rawHead(server, client) {
  const cookies = [...client.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  return `Host: ${new URL(server.url).host}\r\nCookie: ${cookies}\r\nX-CSRF-Token: ${client.csrf}\r\n`;
}
