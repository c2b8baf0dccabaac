// No personal data and no secret in the log or the figures (SECURITY.md C41, G36, G53; lesson 22): values that stand nowhere
// else are sent through every call, where they belong and where they do not, at log.level=debug; then every byte the
// program wrote to its log, and /metrics, is searched for each of them in every spelling.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { cliOk, makeCompany, startServer, until } from '../lib/index.mjs';
import { customer, filter, followUp, make } from '../lib/records.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';

let server, people, admin, routes;
const canaries = new Set();
const keep = (value) => { canaries.add(value); return value; };
const word = () => keep(`canary${randomBytes(9).toString('hex')}`);
const phone = () => keep(`139${String(randomInt(1e8)).padStart(8, '0')}`);
const mail = () => keep(`${randomBytes(9).toString('hex')}@canary.example`);
const HAN = '赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜';
const han = () => keep(Array.from({ length: 7 }, () => HAN[randomInt(HAN.length)]).join(''));
const secret = () => keep(`Aa1-${randomBytes(12).toString('base64url')}`);

before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LOG_LEVEL: 'debug', ZHIKE_LOGIN_ADDRESS_FAILURES: '10000', ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.9' } });
  keep(server.adminPassword);
  people = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'boss'] });
  admin = await server.admin();
  routes = JSON.parse((await cliOk('routes', '--json')).stdout);
});
after(() => server?.stop());

/** All spellings in which a value could stand in a line of JSON or in an address. */
function spellings(value) {
  const escaped = [...value].map((ch) => (ch.charCodeAt(0) > 126 ? `\\u${ch.charCodeAt(0).toString(16).padStart(4, '0')}` : ch)).join('');
  return new Set([value, value.toLowerCase(), value.toUpperCase(), encodeURIComponent(value), encodeURIComponent(value).toLowerCase(), escaped,
    Buffer.from(value).toString('base64').replace(/=+$/, ''), Buffer.from(value).toString('base64url'), Buffer.from(value).toString('hex')]);
}
const found = (text) => [...canaries].flatMap((value) => [...spellings(value)].filter((s) => text.includes(s)));

test('the search finds what is there', () => {
  const value = phone();
  assert.equal(found(`{"event":"request","detail":"Key (phone)=(${value}) exists"}`).length > 0, true);
  const name = han();
  assert.equal(found(`{"route":"/x?q=${encodeURIComponent(name)}"}`).length, 1);
});

test('records: created, refused, changed, searched, filtered, deleted', async () => {
  const { rep, boss } = people;
  const name = `${han()}公司`;
  const c = await make(rep, 'customers', customer({ name, phone: phone(), email: mail(), address_detail: han(), remark: word() }));
  assert.equal((await rep.get(`/customers/${c.id}`)).json.name, name, 'it arrived');
  for (const body of [{ name }, { name: 7, phone: word() }, { name: word().repeat(50) }, { [word()]: word() }, { name: word(), industry: word(), owner: word() },
    { name: `${word()}\u0000` }, { name: word(), phone: word(), email: word() }, { name: word(), extra: { a: [word()] } }, { name, phone: c.phone }])
    await rep.post('/customers', body, { 'Idempotency-Key': word() });
  await rep.patch(`/customers/${c.id}`, { phone: word(), remark: word() }, { 'If-Match': word() });
  await rep.patchNow(`/customers/${c.id}`, { contact_time: word(), name: `${han()}厂`, phone: phone() });
  const mark = await make(rep, 'follow-ups', followUp(c.id, { content: `${han()}谈过`, customer_need: word(), next_plan: word() }));
  await rep.post('/contacts', { name: han(), customer: c.id, mobile: phone(), email: mail(), wechat: word() });
  await rep.post('/tasks', { title: word(), customer: c.id, due_at: word() });
  for (const q of [word(), han(), phone(), `@${phone()}`, `"${word()}" OR *`, `${word()}'; DROP TABLE x; --`]) {
    await rep.get(`/search?q=${encodeURIComponent(q)}`);
    await rep.get(`/customers?q=${encodeURIComponent(q)}&count=exact`);
    await rep.get(`/customers/${c.id}/timeline?q=${encodeURIComponent(q)}`);
  }
  for (const f of [['name', 'contains', han()], ['phone', '=', phone()], [word(), '=', word()], ['name', word(), word()], ['created_at', '>', word()], word(), ['owner', '=', word()], ['id', 'in', [word()]]])
    await rep.get(`/customers?${filter(f)}`);
  await rep.post('/customers/duplicates', { name: `${han()}店`, phone: phone() });
  for (const action of ['share', 'transfer', 'reveal', word()]) await rep.post(`/customers/${c.id}/actions/${action}`, { with: word(), owner: word(), field: word(), reason: word() });
  await rep.post('/customers/actions/understand', { text: `${han()} ${phone()} ${mail()}` });
  await rep.post('/saved-views', { name: word(), entity: 'customer', filter: ['name', 'contains', word()] });
  await boss.post('/customers/bulk', { ids: [c.id], action: 'update', values: { remark: word() } });
  await boss.post('/customers/export', { filter: ['name', 'contains', word()], fields: [word()], format: word() });
  const job = await boss.post('/customers/export', { filter: ['name', 'contains', name], fields: ['name', 'phone'], format: 'csv' });
  if (job.status === 202) await boss.job(job.json.job.id);
  await rep.upload(`/customers/${c.id}/attachments`, `${word()}.txt`, word(), { type: 'text/plain' });
  await rep.upload(`/customers/${c.id}/attachments`, `${word()}.png`, `\x89PNG${word()}`, { type: 'image/png' });
  await rep.delNow(`/follow-ups/${mark.id}`);
  await rep.delNow(`/customers/${c.id}`);
});

test('people, passwords, tokens, sessions', async () => {
  for (let i = 0; i < 7; i++) await server.anyone().post('/session', { login: word(), password: secret() });
  for (let i = 0; i < 6; i++) await server.anyone().post('/session', { login: 'rep2', password: secret() });
  for (const body of [{ login: word() }, { login: [word()], password: { a: secret() } }, { login: 'rep', password: `${secret()}\u0000` }, { [word()]: secret() }, `{"login":"${word()}","password":"${secret()}"`])
    await server.anyone().post('/session', body);
  await admin.stepUp();
  const login = `u${randomBytes(6).toString('hex')}`;
  const password = secret();
  const made = await admin.post('/users', { login: keep(login), name: han(), mobile: phone(), email: mail(), password });
  assert.equal(made.status, 201, made.text);
  await admin.post('/users', { login, name: han(), password: secret() });
  await Promise.all(Array.from({ length: 6 }, () => admin.post('/users', { login: `${login}x`, name: han(), mobile: phone(), password: secret() })));
  const own = await server.login(login, password);
  keep(own.csrf);
  for (const value of own.cookies.values()) keep(value);
  await own.post('/me/password', { old: secret(), new: secret() });
  await own.post('/step-up', { method: 'password', code: secret() });
  const fresh = secret();
  await own.post('/me/password', { old: password, new: fresh });
  await own.patch('/me', { locale: word(), zone: word(), prefs: { [word()]: word() } });
  await admin.stepUp();
  const token = await admin.post('/tokens', { name: word(), scopes: [] });
  if (token.json?.token) await server.anyone({ token: keep(token.json.token) }).get('/me');
  await admin.patch('/settings', { 'company.name': han(), 'company.phone': phone(), [word()]: word() });
  await admin.patch('/settings', { 'company.name': 'x', 'company.phone': null });
  await admin.post('/tags', { name: word() });
  await admin.post('/announcements', { title: word(), content: han(), audience: word() });
});

test('imports: good rows, bad cells, bad files', async () => {
  const { rep } = people;
  const rows = [['客户名称', '联系方式', '所属行业', '客户来源', '备注', word()],
    [`${han()}公司`, phone(), '信息技术', '官网', word(), word()], [word(), word(), word(), word(), word(), ''],
    ['', phone(), '信息技术', '官网', word().repeat(300), ''], [`${han()}厂`, phone(), word(), '官网', '', '']];
  const made = await upload(rep, csv(rows), { name: `${word()}.csv` });
  for (const what of ['check', 'run', 'undo']) {
    const answer = await rep.post(`/imports/${made.id}/${what}`, {});
    if (answer.status === 202) await settle(rep, made.id);
  }
  await rep.get(`/imports/${made.id}/errors?limit=100`);
  await rep.get(`/imports/${made.id}/errors.xlsx`);
  for (const [name, bytes] of [['xlsx', `PK\x03\x04${word()}`], ['xls', `\xd0\xcf\x11\xe0${word()}`], ['csv', `"${word()}`], ['xml', `<!DOCTYPE x [<!ENTITY a "${word()}">]><x>&a;</x>`]])
    await rep.upload('/imports', `${word()}.${name}`, Buffer.from(bytes, 'latin1'), { fields: { entity: word() } });
  await rep.patch(`/imports/${made.id}`, { sheets: [{ index: 0, entity: word(), columns: [{ header: word(), field: word() }] }], [word()]: 1 });
});

test('every call there is, with canaries wherever a value can stand', async () => {
  const { rep } = people;
  const spoilt = () => ({ 'User-Agent': word(), Referer: `http://x/${word()}`, 'Idempotency-Key': word(), 'If-Match': word(), 'Last-Event-ID': word(), 'Accept-Language': word(), 'X-Trace': word() });
  for (const route of routes) {
    if (/\/events$/.test(route.path)) continue; // would not end
    for (const who of [rep, server.anyone(), server.anyone({ token: secret() })]) {
      const path = route.path.replace(':plural', who === rep ? 'customers' : word()).replace(/:\w+/g, word).replace('*', word());
      const query = `?${word()}=${word()}&filter=${word()}&cursor=${word()}&q=${encodeURIComponent(han())}`;
      const full = path.startsWith('/api/') ? path : `/${path}`;
      if (/\/session$/.test(path) && route.method === 'DELETE' && who === rep) continue;
      const body = route.method === 'GET' || route.method === 'DELETE' ? undefined : { [word()]: word(), name: han(), phone: phone(), password: secret() };
      await who.call(route.method, `${full}${query}`, body, spoilt());
      if (body) await who.call(route.method, full, `{"name":"${word()}",`, spoilt());
      if (body) await who.call(route.method, full, word(), { ...spoilt(), 'Content-Type': `text/${word()}` });
    }
    await server.anyone().get('/me', { Cookie: `zhike_session=${secret()}; ${word()}=${word()}`, 'X-Forwarded-For': word() });
  }
});

test('broken requests', async () => {
  const { port, hostname } = new URL(server.url);
  const lines = [() => `GET /${word()} HTTP/9.9\r\n\r\n`, () => `${word()}\r\n\r\n`, () => `GET /api/v1/customers?q=%zz${word()} HTTP/1.1\r\nHost: ${word()}\r\n\r\n`,
    () => `GET /\x00${word()} HTTP/1.1\r\nHost: x\r\n\r\n`, () => `POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nX-${word()}: ${word()}\r\n\r\n${word()}`,
    () => `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${word()}\r\n\r\n`, () => `POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n${word()}\r\n`,
    () => `GET /${word().repeat(400)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, () => `${word().slice(0, 12)} / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`];
  await Promise.all(lines.map((line) => new Promise((done) => {
    const socket = net.connect(port, hostname, () => socket.end(Buffer.from(line(), 'latin1')));
    socket.on('error', () => {}).on('close', done).resume();
    socket.setTimeout(5000, () => socket.destroy());
  })));
});

test('none of it stands in the log or in the figures', async () => {
  const last = await server.anyone().get('/me', { 'X-Forwarded-For': word() });
  await until(() => server.log.includes(last.json.trace_id), 10_000, 'the last line');
  const lines = server.log.trimEnd().split('\n');
  assert.ok(lines.length > 400, `${lines.length} lines`);
  assert.ok(canaries.size > 1000, `${canaries.size} canaries`);
  assert.deepEqual(found(server.log).slice(0, 20).map((s) => `${s}: ${lines.find((l) => l.includes(s))}`), []);
  const figures = (await server.anyone().get('//metrics')).text;
  assert.ok(figures.length > 2000);
  assert.deepEqual(found(figures), []);
});

test('every line is one JSON object, and says only what it may', () => {
  const may = new Set(['time', 'level', 'event', 'trace', 'method', 'route', 'status', 'ms', 'sql', 'by', 'user', 'detail', 'job', 'kind', 'code', 'why', 'signal', 'table', 'rows', 'lines', 'wanted', 'got', 'seccomp', 'landlock', 'missing', 'entity', 'steps', 'longest_us', 'reserve', 'install',
    // of a busy machine, a job that is tried again, a letter that did not get through
    'refused', 'waiting', 'waited_ms', 'node', 'attempt', 'metric', 'letter', 'channel', 'mistake']);
  const strange = [];
  for (const line of server.log.trimEnd().split('\n')) {
    let members;
    try { members = Object.keys(JSON.parse(line)); } catch { strange.push(line); continue; }
    if (!line.includes('"event":"start"')) strange.push(...members.filter((m) => !may.has(m)).map((m) => `${m}: ${line}`));
  }
  assert.deepEqual(strange.slice(0, 10), []);
});
