// The one gate: every route of `zhike routes --json` × no session, stranger, right role; the order in
// which refusals come; what is refused of headers, methods, bodies and queries before any handler.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { cliOk, makeCompany, startServer } from '../lib/index.mjs';
import { anonymous, customer, make, makeCustomer, problem } from '../lib/records.mjs';

let server, people, routes, mine;
const nowhere = 987654321;

before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'west_manager', 'sysadmin', 'secadmin'] });
  routes = JSON.parse((await cliOk('routes', '--json')).stdout);
  const { rep } = people;
  const record = await makeCustomer(rep);
  const file = await rep.upload(`/customers/${record.id}/attachments`, 'a.txt', 'hello', { type: 'text/plain' });
  assert.equal(file.status, 201, file.text);
  await rep.stepUp();
  const token = await rep.post('/tokens', { name: 't', scopes: [] });
  mine = { customer: record.id, attachment: file.json.id, token: token.json?.id };
});
after(() => server?.stop());

/** The path of a route with everything behind ":" filled in. */
const fill = (path, id = 1, plural = 'customers') => path
  .replace('/*', '/').replace(':plural', plural).replace(':entity', 'customer').replace(':file', 'customer.xlsx')
  .replace(':action', 'reveal').replace(':id', id);
const full = (path) => (path.startsWith('/api/') ? path : `/${path}`);
const bodyOf = (route) => (['POST', 'PATCH'].includes(route.method) && !route.upload ? {} : undefined);

describe('status table', () => {
  test('no session: 401 everywhere but the public routes', async () => {
    assert.ok(routes.length > 45);
    for (const route of routes) {
      const answer = await server.anyone().call(route.method, full(fill(route.path)), bodyOf(route));
      const what = `${route.method} ${route.path}`;
      if (route.who === 'operator') {
        assert.equal(answer.status, 200, `${what} from this machine`);
        problem(await server.anyone().call(route.method, full(fill(route.path)), undefined, { 'X-Forwarded-For': '203.0.113.9' }), 401, 'not_signed_in', what);
      } else if (route.who === 'anyone') {
        // without a session, but with a body: what it holds is looked at
        if (route.method === 'POST') assert.ok([400, 422].includes(answer.status), `${what} → ${answer.status}`);
        else assert.ok([200, 404].includes(answer.status), `${what} → ${answer.status}`);
      } else problem(answer, 401, 'not_signed_in', what);
    }
    const open = routes.filter((r) => r.who === 'anyone').map((r) => r.path);
    for (const path of open)
      assert.match(path, /^(\/api\/v1)?\/(session|session\/verify|session\/code|approval-link\/(look|answer)|password-reset|password-reset\/(look|confirm)|welcome|logo|openapi\.json|healthz|readyz|\*)$/, `${path} is public`);
    assert.deepEqual(routes.filter((r) => r.who === 'operator').map((r) => r.path), ['/metrics']);
  });

  test('a made-up cookie and a made-up token are nobody', async () => {
    for (const headers of [{ Cookie: 'zhike_session=AAAA' }, { Authorization: 'Bearer zk_nothing' }, { Authorization: 'Bearer ' },
      { Cookie: `zhike_session=${'A'.repeat(4000)}` }, { Cookie: "zhike_session=' OR 1=1 --" }])
      problem(await server.anyone().get('/me', headers), 401, undefined, JSON.stringify(headers));
    const both = await people.rep.get('/me', { Authorization: 'Basic YWRtaW46YWRtaW4=' });
    assert.ok([200, 401].includes(both.status));
  });

  test('signed in without the right: 403', async () => {
    for (const route of routes.filter((r) => r.path.includes('/:plural')))
      problem(await people.sysadmin.call(route.method, fill(route.path, mine.customer), bodyOf(route)), 403, 'forbidden',
        `${route.method} ${route.path} by system_admin`);
    for (const route of routes.filter((r) => r.who === 'user' && r.right && !r.path.includes('/:plural')))
      problem(await people.rep.call(route.method, fill(route.path), bodyOf(route)), 403, 'forbidden', `${route.method} ${route.path} by sales_rep`);
    problem(await people.secadmin.get('/settings'), 403, 'forbidden');
    problem(await people.rep.get('/audit-logs'), 403, 'forbidden');
  });

  test('a foreign record and an absent one: the same 404', async () => {
    for (const route of routes.filter((r) => r.path.includes('/:plural/:id') && !r.path.endsWith('/erase'))) { // no manager may erase: 403 for any id
      for (const headers of [{}, { 'If-Match': '"1"' }, { 'If-Match': '"99"' }]) {
        const one = await people.west_manager.call(route.method, fill(route.path, mine.customer), bodyOf(route), headers);
        const other = await people.west_manager.call(route.method, fill(route.path, nowhere), bodyOf(route), headers);
        problem(one, 404, 'not_found', `${route.method} ${route.path}`);
        assert.deepEqual(anonymous(one), anonymous(other), `${route.method} ${route.path}`);
      }
    }
    for (const action of ['share', 'unshare', 'transfer', 'reveal']) {
      const one = await people.west_manager.post(`/customers/${mine.customer}/actions/${action}`, { owner: 1, with: 1, field: 'phone' });
      const other = await people.west_manager.post(`/customers/${nowhere}/actions/${action}`, { owner: 1, with: 1, field: 'phone' });
      problem(one, 404, 'not_found', action);
      assert.deepEqual(anonymous(one), anonymous(other), action);
    }
    for (const [method, path] of [['GET', '/attachments/:id/content'], ['DELETE', '/attachments/:id'], ['DELETE', '/tokens/:id'],
      ['GET', '/jobs/:id'], ['GET', '/jobs/:id/file'], ['POST', '/jobs/:id/cancel'], ['GET', '/imports/:id'], ['GET', '/imports/:id/errors']]) {
      const id = path.includes('attachments') ? mine.attachment : path.includes('tokens') ? mine.token : 1;
      const one = await people.rep2.call(method, path.replace(':id', id));
      const other = await people.rep2.call(method, path.replace(':id', nowhere));
      problem(one, 404, 'not_found', `${method} ${path}`);
      assert.deepEqual(anonymous(one), anonymous(other), path);
    }
    assert.equal((await people.rep.get(`/attachments/${mine.attachment}/content`)).status, 200);
    for (const id of ['0', '99999999999999999999999', '9223372036854775807'])
      problem(await people.rep.get(`/customers/${id}`), 404, 'not_found', id);
  });

  test('the right role: neither 401 nor 403', async () => {
    for (const route of routes.filter((r) => r.who === 'user')) {
      const { id } = await makeCustomer(people.manager);
      if (route.path.endsWith('/events')) continue; // never ends: live.test.mjs
      if (route.path.endsWith('/erase')) continue; // management only: bin.test.mjs
      if (/\/session$|\/me\/password|\/step-up|\/tokens/.test(route.path)) continue; // session.test.mjs
      if (/\/configuration\/import$|\/me\/factor\/recovery$/.test(route.path) || (route.method === 'DELETE' && route.path.endsWith('/me/factor'))) continue; // a second verification first: configuration.test.mjs, factor.test.mjs
      const who = route.right && !route.path.includes(':plural') ? await server.admin() : people.manager;
      const answer = await who.call(route.method, fill(route.path, id), bodyOf(route));
      assert.ok(![401, 403, 405].includes(answer.status) && answer.status < 500,
        `${route.method} ${route.path} → ${answer.status} ${answer.text.slice(0, 300)}`);
    }
  });
});

describe('order of refusals: 401, 403, 404, 428, 412, 400, 422, 409', () => {
  const bad = '{"name": ';
  test('401 before everything', async () => {
    problem(await server.anyone().patch(`/customers/${nowhere}?x=1`, bad), 401, 'not_signed_in');
    problem(await server.anyone().post('/customers?x=1', bad), 401, 'not_signed_in');
  });
  test('403 before 404', async () => {
    problem(await people.rep.del(`/customers/${nowhere}`), 403, 'forbidden');
    problem(await people.rep.patch(`/customers/${nowhere}`, bad, { 'X-CSRF-Token': null }), 403, 'csrf');
    problem(await people.sysadmin.post('/customers?x=1', bad), 403, 'forbidden');
  });
  test('404 before 428, 412 and 400', async () => {
    problem(await people.manager.del(`/customers/${nowhere}`), 404);
    problem(await people.manager.patch(`/customers/${nowhere}`, bad, { 'If-Match': '"7"' }), 404);
    problem(await people.manager.patch(`/customers/${nowhere}?x=1`, {}), 404);
    problem(await people.manager.get(`/customers/${nowhere}?x=1`), 404);
    problem(await people.manager.get(`/customers/${nowhere}/timeline?limit=0`), 404);
    problem(await people.manager.post(`/customers/${nowhere}/actions/reveal`, bad), 404);
  });
  test('428 before 400, 412 before 400', async () => {
    const path = `/customers/${mine.customer}`;
    problem(await people.rep.patch(path, bad), 428, 'version_required');
    problem(await people.rep.patch(`${path}?x=1`, {}), 428, 'version_required');
    problem(await people.rep.patch(path, bad, { 'If-Match': '"999"' }), 412, 'stale');
    problem(await people.rep.patch(path, { nonsense: 1 }, { 'If-Match': '"999"' }), 412, 'stale');
    problem(await people.rep.patch(path, {}, { 'If-Match': 'W/"x"' }), 412, 'stale');
  });
  test('400 before 422, 422 before 409', async () => {
    problem(await people.rep.post('/customers', { nonsense: 1 }), 400, 'unknown_field');
    const had = customer();
    await make(people.rep, 'customers', had);
    problem(await people.rep.post('/customers', { ...had, level: 'huge' }), 422, 'enum.unknown');
    problem(await people.rep.post('/customers', had), 409, 'duplicate');
    problem(await people.rep.post('/customers', { ...had, level: 'huge', nonsense: 1 }), 400, 'unknown_field');
  });
});

describe('CSRF, bodies, queries, headers', () => {
  test('a change by cookie needs the token and the same origin', async () => {
    for (const route of routes.filter((r) => r.who === 'user' && r.method !== 'GET'))
      for (const token of [null, 'wrong', ''])
        problem(await people.rep.call(route.method, fill(route.path), bodyOf(route), { 'X-CSRF-Token': token }), 403, 'csrf',
          `${route.method} ${route.path} with ${token}`);
    problem(await people.rep.post('/customers', customer(), { 'X-CSRF-Token': people.rep2.csrf }), 403, 'csrf');
    for (const origin of ['https://evil.example', 'null', `${server.url}.evil.example`, 'http://127.0.0.1:1'])
      problem(await people.rep.post('/customers', customer(), { Origin: origin }), 403, 'csrf', origin);
    assert.equal((await people.rep.post('/customers', customer(), { Origin: server.url })).status, 201);
  });

  test('unknown query parameters, wrong numbers', async () => {
    for (const path of ['/customers?nope=1', '/me?x=1', '/search?q=a&order=1', '/customers?limit=0', '/customers?limit=201',
      '/customers?limit=x', '/customers?limit=', '/customers?limit=1e2', '/customers?count=all', `/customers?q=${'a'.repeat(201)}`,
      '/customers?cursor=nonsense', '/customers?sort=nonsense', '/customers?fields=nonsense', '/customers?filter={',
      `/customers/${mine.customer}?x=1`])
      problem(await people.rep.get(path), 400, undefined, path);
  });

  test('malformed JSON', async () => {
    const deep = (k) => `{"name":${'['.repeat(k)}${']'.repeat(k)}}`;
    for (const text of ['', '{', '[]', '"a"', 'null', '12', '{"name":"a"} x', '{"name":"a","name":"b"}', '{"name":\'a\'}', '{name:1}',
      '{"a":1,}', '{"name":"a\nb"}', '{"name":01}', '{"name":NaN}', '// x\n{}', deep(500), deep(100000),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), '{"name":"\\ud800"}', '{"name":"a\\u0000b","industry":"it","source":"website","phone":"13900000000"}']) {
      const answer = await people.rep.post('/customers', text, { 'Content-Type': 'application/json' });
      assert.ok(answer.status === 400 || (answer.status === 422 && /u0000/.test(text)), `${String(text).slice(0, 60)} → ${answer.status} ${answer.text}`);
    }
  });

  test('415 for other types, 413 for too much', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/xml', 'multipart/form-data; boundary=x'])
      problem(await people.rep.post('/customers', '{}', { 'Content-Type': type }), 415, 'unsupported_type', type);
    problem(await people.rep.post('/customers', JSON.stringify({ remark: 'x'.repeat(2 << 20) })), 413, 'too_large');
    problem(await server.anyone().post('/session', JSON.stringify({ login: 'x', password: 'x'.repeat(3 << 20) })), 413, 'too_large');
    problem(await server.anyone().post('/session/verify', JSON.stringify({ ticket: 'x'.repeat(8 << 20) })), 413, 'too_large');
    const merge = await people.rep.patch(`/customers/${mine.customer}`, '{}', { 'If-Match': '"0"', 'Content-Type': 'application/merge-patch+json' });
    assert.notEqual(merge.status, 415);
  });

  test('404 and 405', async () => {
    for (const path of ['/nothings', '/customers/abc', '/customers/1/nothing', '/customers/1/timeline/2', '//api/v2/me', '/customers/-1', '/contact-points', '/setting-rows', '/api-keys'])
      problem(await people.rep.get(path), 404, undefined, path);
    for (const path of ['/customers/nothing', '/customers/1/nothing', '/reports/x', '/nothings'])
      problem(await people.rep.post(path, { a: 1 }), 404, 'not_found', `POST ${path} with a body`);
    for (const [method, path] of [['PUT', '/customers'], ['DELETE', '/customers'], ['PATCH', '/customers'], ['POST', '/me'], ['PUT', '/customers/1'], ['DELETE', '/schema']]) {
      const answer = await people.rep.call(method, path);
      problem(answer, 405, 'method_not_allowed', `${method} ${path}`);
      assert.ok(answer.headers.get('allow'), 'Allow');
    }
  });

  test('ETag, If-Match, HEAD', async () => {
    const one = await people.rep.get(`/customers/${mine.customer}`);
    assert.match(one.etag, /^"\d+"$/);
    assert.equal(one.etag, `"${one.json.version}"`);
    const head = await people.rep.call('HEAD', `/customers/${mine.customer}`);
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(head.etag, one.etag);
    assert.equal((await server.anyone().call('HEAD', '//healthz')).status, 200);
    assert.equal((await server.anyone().call('HEAD', '/me')).status, 401);
    const patched = await people.rep.patch(`/customers/${mine.customer}`, { remark: 'x' }, { 'If-Match': one.etag });
    assert.equal(patched.status, 200, patched.text);
    assert.equal(patched.etag, `"${one.json.version + 1}"`);
    problem(await people.rep.patch(`/customers/${mine.customer}`, { remark: 'y' }, { 'If-Match': one.etag }), 412, 'stale');
  });

  test('headers of the page and of the API', async () => {
    const page = await server.anyone().get('//');
    if (page.status === 200) {
      const csp = page.headers.get('content-security-policy') ?? '';
      assert.match(csp, /default-src 'self'|default-src 'none'/);
      assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval|\*/);
      for (const part of ['frame-ancestors', 'base-uri', 'form-action']) assert.match(csp, new RegExp(part));
    }
    for (const path of ['//', '/me', '/nothings', '//healthz', '/openapi.json']) {
      const { headers } = await people.rep.get(path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.ok(headers.get('content-security-policy'), `${path}: content-security-policy`);
      assert.ok(headers.get('referrer-policy'), `${path}: referrer-policy`);
      assert.equal(headers.get('server'), null, path);
    }
    assert.match((await people.rep.get('/customers')).headers.get('cache-control'), /no-store/);
  });

  test('another host is not answered', async () => {
    const { port } = new URL(server.url);
    const status = await new Promise((done, fail) => {
      const call = request({ port, host: '127.0.0.1', path: '/api/v1/me', headers: { Host: 'evil.example' } }, (a) => { a.resume(); done(a.statusCode); });
      call.on('error', fail).end();
    });
    assert.equal(status, 421);
  });

  test('words follow the language, codes stay', async () => {
    const zh = await people.rep.get('/customers/1?x=1', { 'Accept-Language': 'zh-CN' });
    const en = await people.rep.get('/customers/1?x=1', { 'Accept-Language': 'en' });
    assert.equal(zh.json.code, en.json.code);
    assert.match(zh.json.detail, /[\u4e00-\u9fff]/);
    assert.doesNotMatch(en.json.detail, /[\u4e00-\u9fff]/);
    assert.notEqual(zh.json.trace_id, en.json.trace_id);
  });
});
