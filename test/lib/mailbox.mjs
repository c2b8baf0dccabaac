// What arrived at the mail server of the tests (test/lib/postfix.sh, started by ./dev), and peers on loopback that note what
// they are sent.
import { createServer } from 'node:http';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './program.mjs';

export const smtp = process.env.ZHIKE_TEST_SMTP;
const folder = process.env.ZHIKE_TEST_MAIL;
if (!smtp || !folder) throw new Error('ZHIKE_TEST_SMTP and ZHIKE_TEST_MAIL are not set: run ./dev test, or start test/lib/postfix.sh and name them');

/** The address of a mail to nobody else: tests share the server. */
let n = 0;
export const address = (who = 'p') => `${who}.${process.pid}.${Date.now().toString(36)}.${++n}@example.com`;

const decode = (text) => text.replace(/=\?utf-8\?([bq])\?(.*?)\?=(\s+(?==\?))?/gi, (_, how, data) => (how.toLowerCase() === 'b'
  ? Buffer.from(data, 'base64')
  : Buffer.from(data.replace(/_/g, ' ').replace(/=([0-9A-F]{2})/gi, (__, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1')).toString());

/** {headers, text, html, raw} of one message as Postfix left it. */
export function parse(raw) {
  const [head, ...rest] = raw.split(/\r?\n\r?\n/);
  const headers = {};
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const at = line.indexOf(':');
    headers[line.slice(0, at).toLowerCase()] ??= decode(line.slice(at + 1).trim());
  }
  const body = rest.join('\n\n');
  const parts = [...body.matchAll(/Content-Type: text\/(plain|html)[\s\S]*?\n\n([A-Za-z0-9+/=\s]+?)\n--/g)];
  const of = (kind) => Buffer.from(parts.find((p) => p[1] === kind)?.[2] ?? '', 'base64').toString();
  return { headers, text: of('plain'), html: of('html'), raw };
}

/** What lies in the folder, each mail read once: it never changes, and a hundred letters are asked for again and again. */
const known = new Map();
function look() {
  let names;
  try { names = readdirSync(folder); } catch { return; } // the folder comes with the first mail
  for (const name of names)
    if (!known.has(name))
      try { known.set(name, { at: statSync(join(folder, name)).mtimeMs, raw: readFileSync(join(folder, name), 'utf8') }); } catch { /* gone again */ }
}
/** Mails to an address, the first that came first: the names of two of one second say nothing of their order. */
export function mailsTo(to) {
  look();
  return [...known.values()].filter(({ raw }) => raw.includes(to)).sort((a, b) => a.at - b.at)
    .map(({ raw }) => parse(raw)).filter((m) => m.headers.to?.includes(to));
}
export async function mailTo(to, count = 1) {
  await until(() => mailsTo(to).length >= count, 20_000, `${count} mail(s) to ${to}`);
  return mailsTo(to)[count - 1];
}

/** A peer on loopback: answers what reply says, notes every call. reply(call, n) → {status, body, headers}; status 0 hangs up, -1 never answers, later: a promise of them */
export async function peer(reply) {
  const calls = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const call = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
      calls.push(call);
      const said = reply(call, calls.length) ?? {};
      const { status = 200, body = {}, headers = {} } = said.later ? await said.later : said;
      if (status < 0) return undefined; // held open: no answer, ever
      if (status === 0) return request.socket.destroy();
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const host = `127.0.0.1:${server.address().port}`;
  return { url: `http://${host}`, host, calls, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}
