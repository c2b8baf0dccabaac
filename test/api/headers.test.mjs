// Headers on every kind of answer (SECURITY.md G52), cookies, and who else may read what the program writes on disk (C42,
// G53, C08): modes of all files it makes, and secrets that stand nowhere in clear.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cliOk, makeCompany, psql, startServer } from '../lib/index.mjs';
import { makeCustomer } from '../lib/records.mjs';

let server, people, admin, file, token;
const base = 'https://crm.example.com';
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep', 'boss'] });
  admin = await server.admin();
  const c = await makeCustomer(people.rep);
  file = (await people.rep.upload(`/customers/${c.id}/attachments`, 'a.html', '<script>alert(1)</script>', { type: 'text/html' })).json.id;
  await admin.stepUp();
  token = (await admin.post('/tokens', { name: 't', scopes: [] })).json.token;
});
after(() => server?.stop());

/** One answer of each kind: [what, answer]. */
async function kinds(at, rep, boss) {
  const nobody = at.anyone();
  const stream = new AbortController();
  const events = await fetch(`${at.url}/api/v1/events`, { signal: stream.signal, headers: { Cookie: [...rep.cookies].map(([k, v]) => `${k}=${v}`).join('; ') } });
  stream.abort();
  const page = await nobody.get('//');
  const asset = /(?:src|href)="(\/assets\/[^"]+)"/.exec(page.text)?.[1];
  const index = await rep.get('/customers?limit=1');
  return [
    ['list', index], ['record', await rep.get(`/customers/${index.json.data[0].id}`)], ['404', await rep.get('/customers/987654321')], ['401', await nobody.get('/me')],
    ['403', await rep.get('/settings')], ['400', await rep.get('/customers?x=1')], ['422', await rep.post('/customers', {})], ['405', await rep.put('/me', {})],
    ['415', await rep.post('/customers', 'x', { 'Content-Type': 'text/plain' })], ['413', await rep.post('/session', 'x'.repeat(3 << 20))],
    ['csrf', await rep.post('/customers', {}, { 'X-CSRF-Token': 'x' })], ['too many headers', await rep.get('/me', Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`X-${i}`, 'x'])))],
    ['204', await rep.patch('/me', {})], ['template', await boss.get('/import-templates/customer.xlsx')], ['events', events],
    ['health', await nobody.get('//healthz')], ['figures', await nobody.get('//metrics')], ['document', await nobody.get('//openapi.json')],
    ['wrong password', await nobody.post('/session', { login: 'rep', password: 'x' })],
    ['page', page], ['address of the page', await nobody.get('//customers/1')], ...(asset ? [['asset', await nobody.get(`/${asset}`)], ['304', await nobody.get(`/${asset}`, { 'If-None-Match': (await nobody.get(`/${asset}`)).etag })]] : []),
  ];
}

describe('headers', () => {
  test('of every kind of answer', async () => {
    const all = [...await kinds(server, people.rep, people.boss), ['file', await people.rep.get(`/attachments/${file}/content`)]];
    assert.ok(all.length >= 20);
    for (const [what, { headers, status }] of all) {
      const is = (name, wanted) => assert.equal(headers.get(name), wanted, `${what} (${status}): ${name}`);
      is('x-content-type-options', 'nosniff');
      is('referrer-policy', 'no-referrer');
      is('cross-origin-opener-policy', 'same-origin');
      is('cross-origin-resource-policy', 'same-origin');
      is('server', null);
      is('x-powered-by', null);
      is('access-control-allow-origin', null);
      is('strict-transport-security', null); // plain http: a browser would ignore it
      const csp = headers.get('content-security-policy') ?? '';
      assert.match(csp, /default-src 'none'/, what);
      assert.ok(/frame-ancestors 'none'/.test(csp) || /sandbox/.test(csp), `${what}: ${csp}`);
      assert.doesNotMatch(csp, /unsafe-|\*|https?:|data:(?!.*blob)/, what);
      const cached = ['asset', '304', 'page', 'address of the page'].includes(what);
      if (!cached) assert.match(headers.get('cache-control') ?? '', /no-store|no-cache/, what);
    }
    const [, sent] = all.at(-1);
    assert.match(sent.headers.get('content-disposition'), /^attachment/);
    assert.match(sent.headers.get('content-security-policy'), /sandbox/);
  });

  test('the page runs no script and no style that is written into it', async () => {
    const page = await server.anyone().get('//');
    if (page.status !== 200) return;
    assert.doesNotMatch(page.text, /<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|style="/i);
    const csp = page.headers.get('content-security-policy');
    for (const part of ["script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]) assert.ok(csp.includes(part), part);
  });

  test('where the world comes by https, every answer says so', async () => {
    const tls = await startServer({ env: { ZHIKE_HTTP_BASE_URL: base } });
    try {
      for (const path of ['//', '//healthz', '/me', '/nothing']) assert.match((await tls.anyone().get(path)).headers.get('strict-transport-security') ?? '', /^max-age=31536000/, path);
    } finally { await tls.stop(); }
  });
});

describe('on disk', () => {
  const walk = (folder) => readdirSync(folder).flatMap((name) => {
    const path = join(folder, name), st = lstatSync(path, { throwIfNoEntry: false });
    if (!st) return []; // gone meanwhile
    return st.isDirectory() ? [[path, st], ...walk(path)] : [[path, st]];
  });

  test('every file is for its owner alone, every folder too', async () => {
    const job = await people.boss.post('/customers/export', { fields: ['name'], format: 'csv' });
    if (job.status === 202) await people.boss.job(job.json.job.id);
    await people.rep.get(`/attachments/${file}/thumbnail?size=160`);
    const all = walk(server.dir);
    assert.ok(all.length > 5);
    assert.equal(lstatSync(server.dir).mode & 0o777, 0o700);
    for (const [path, st] of all) assert.equal(st.mode & 0o077, 0, `${path} has mode ${(st.mode & 0o777).toString(8)}`);
  });

  test('passwords, sessions and tokens stand nowhere in clear', async () => {
    const secrets = [server.adminPassword, people.rep.password, token, people.rep.csrf, people.rep.cookies.get('zhike_session'), admin.cookies.get('zhike_session')];
    assert.ok(secrets.every((s) => s && s.length >= 12), secrets.map((s) => typeof s).join());
    const bytes = [];
    if (server.engine === 'pg') {
      const dump = (table) => psql(server.database.url, `SELECT * FROM "${table}"`);
      for (const table of ['user', 'session', 'api_key', 'audit_log', 'login_log', 'rate']) bytes.push([table, Buffer.from(JSON.stringify(await dump(table).catch(() => '')))]);
    }
    for (const [path, st] of walk(server.dir)) if (st.isFile() && existsSync(path)) bytes.push([path, readFileSync(path)]);
    assert.ok(bytes.length > 3);
    for (const [where, data] of bytes) for (const secret of secrets) assert.equal(data.indexOf(secret), -1, where);
    const dump = (await server.cliOk('dump', '--logical', '--sorted')).stdout;
    for (const secret of secrets) assert.ok(!dump.includes(secret));
    const hashes = [...dump.matchAll(/\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/g)];
    for (const [, m, t, p] of hashes) assert.ok(Number(m) >= 65536 && Number(t) >= 3 && Number(p) === 1);
  });

  test('passwords are hashed by argon2id with 64 MiB, three rounds, one lane', async () => {
    const hash = server.engine === 'pg' ? JSON.stringify(await psql(server.database.url, 'SELECT password_hash FROM "user"'))
      : walk(server.dir).filter(([path]) => /zhike\.db(-wal)?$/.test(path)).map(([path]) => readFileSync(path, 'latin1')).join('');
    const all = [...hash.matchAll(/\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)/g)];
    assert.ok(all.length >= 3, `${all.length} hashes`);
    for (const [, m, t, p, salt] of all) {
      assert.ok(Number(m) >= 65536 && Number(t) >= 3, `${m} ${t}`);
      assert.equal(Number(p), 1);
      assert.equal(Buffer.from(salt, 'base64').length, 16);
    }
    assert.ok(new Set(all.map((h) => h[4])).size >= 3, 'each its own salt');
  });

  test('no secret is in the arguments or the environment others can read', async () => {
    const cmdline = readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8');
    assert.ok(!cmdline.includes(server.adminPassword));
    await cliOk('version');
  });
});
