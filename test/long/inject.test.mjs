// sqlmap at level 3 against each query parameter of each GET and against the fields of what people write (SECURITY.md G19):
// it finds nothing to inject into. Control: it does find it in a server of twenty lines that builds SQL from text.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, temporaryFolder } from '../lib/index.mjs';
import { contact, followUp, makeCustomer } from '../lib/records.mjs';

let server, admin, folder, mine;
before(async () => {
  server = await startServer({ company: true, demo: 100, env: { ZHIKE_LIMIT_SEARCH: '100000/min', ZHIKE_LIMIT_DUPLICATE_FOREIGN: '100000/h', ZHIKE_HTTP_PER_ADDRESS: '10000' } });
  admin = await server.admin();
  await admin.stepUp();
  folder = temporaryFolder('zhike-inject-');
  mine = await makeCustomer(admin);
});
after(() => server?.stop());

/** → what sqlmap found injectable in the parameter, or null. body: JSON. */
function sqlmap(url, { parameter, body, headers = {} }) {
  const out = join(folder, `${Math.random()}`);
  mkdirSync(out);
  const args = ['-u', url, '-p', parameter, '--batch', '--level=3', '--risk=1', '--technique=BEUS', '--threads=2', '--disable-coloring', '--output-dir', out, '--ignore-code=*', '-v', '0',
    ...Object.entries(headers).flatMap(([k, v]) => ['-H', `${k}: ${v}`]), ...(body ? ['--data', JSON.stringify(body), '--method', 'POST'] : [])];
  return new Promise((done, fail) => execFile('sqlmap', args, { timeout: 600_000, maxBuffer: 1 << 26 }, (error, stdout) => {
    if (/sqlmap identified the following injection point|is vulnerable/.test(stdout)) return done(stdout.slice(0, 2000));
    if (!/tested parameters do not appear to be injectable|does not seem to be injectable|not injectable/.test(stdout)) return fail(new Error(`${url} ${parameter}: ${stdout.slice(-1500)} ${error ?? ''}`));
    done(null);
  }));
}
const who = () => ({ Cookie: [...admin.cookies].map(([k, v]) => `${k}=${v}`).join('; '), 'X-CSRF-Token': admin.csrf, Accept: 'application/json' });

test('each query parameter of each kind of GET', { timeout: 4 * 3600_000 }, async () => {
  const doc = (await admin.get('/openapi.json')).json;
  const most = Number(process.env.ZHIKE_INJECT_MOST || 1e9);
  let asked = 0;
  // the generic routes are one code for every entity: customers stand for all of them
  const others = (await admin.get('/schema')).json.entities.map((e) => e.plural).filter((p) => p !== 'customers');
  for (const [path, ops] of Object.entries(doc.paths)) {
    if (!ops.get || !path.startsWith('/api') || others.includes(path.split('/')[3]) || path.endsWith('/events')) continue;
    for (const p of (ops.get.parameters ?? []).filter((x) => x.in === 'query')) {
      if (asked++ >= most) return;
      const at = path.replace('{id}', mine.id).replace('{entity}', 'customer').replace('{file}', 'customer.xlsx');
      assert.equal(await sqlmap(`${server.url}${at}?${p.name}=1`, { parameter: p.name, headers: who() }), null, `${path} ${p.name}`);
    }
  }
  console.log(`${asked} query parameters`);
  assert.ok(asked > 40);
});

test('each text of a record, and a login', { timeout: 3600_000 }, async () => {
  const texts = (body) => Object.entries(body).filter(([, v]) => typeof v === 'string').map(([k]) => k);
  for (const [path, body] of [['/customers', { name: '甲公司', industry: 'it', source: 'website', remark: 'x' }], ['/contacts', contact(mine.id)], ['/follow-ups', followUp(mine.id)], ['/customers/duplicates', { name: '甲', phone: '13900000009' }], ['/session', { login: 'admin', password: 'x' }]])
    for (const parameter of texts(body))
      assert.equal(await sqlmap(`${server.url}/api/v1${path}`, { parameter, body, headers: { ...who(), 'Content-Type': 'application/json' } }), null, `${path} ${parameter}`);
});

test('control: SQL built from text is found', { timeout: 600_000 }, async () => {
  const db = join(folder, 'open.db');
  execFileSync('sqlite3', [db, "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')"]);
  const open = createServer((rq, rs) => {
    const id = new URL(rq.url, 'http://x').searchParams.get('id');
    try {
      rs.end(execFileSync('sqlite3', [db, `SELECT name FROM t WHERE id = ${id}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) || 'nothing');
    } catch (e) { rs.statusCode = 500; rs.end(String(e.stderr)); }
  });
  await new Promise((done) => open.listen(0, '127.0.0.1', done));
  try {
    assert.ok(await sqlmap(`http://127.0.0.1:${open.address().port}/?id=1`, { parameter: 'id' }));
  } finally {
    open.close();
  }
});
