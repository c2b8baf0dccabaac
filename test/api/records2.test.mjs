// Records over HTTP, second half: masks and reveal, sharing, handing over, files, settings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer, until, whileItRuns } from '../lib/index.mjs';
import { all, anonymous, contact, filter, followUp, ids, make, makeCustomer, mistakes, mobile, problem } from '../lib/records.mjs';

let server, people, rep, rep2, manager, boss, agent, marketer, admin, auditor;
const me = {};
before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server, { only: ['rep', 'rep2', 'west_rep', 'manager', 'boss', 'agent', 'marketer', 'auditor1'] });
  ({ rep, rep2, manager, boss, agent, marketer, admin } = people);
  auditor = people.auditor1;
  for (const [name, client] of Object.entries({ rep, rep2, manager, west_rep: people.west_rep, agent })) me[name] = (await client.get('/me')).json.user.id;
});
after(() => server?.stop());

/** Audit rows that match; the writer seals within a second. */
const audited = async (leaf) => (await all(auditor, '/audit-logs', `limit=200&${filter(leaf)}`));

describe('masks', () => {
  test('wider scopes read phones, mails and ids masked, owners and management in clear', async () => {
    const c = await makeCustomer(rep, { phone: '13800138000', email: 'wangfang@example.com', wechat: 'yunfan-it' });
    for (const client of [agent, marketer, manager]) {
      const { json } = await client.get(`/customers/${c.id}`);
      assert.equal(json.phone, '138****8000', client.user.login);
      assert.doesNotMatch(JSON.stringify(json), /wangfang@|13800138000|yunfan-it/, client.user.login);
      assert.ok(json.masked.includes('phone') && json.masked.includes('email'));
      const row = (await all(client, '/customers', 'limit=200&fields=name,phone,email')).find((r) => r.id === c.id);
      assert.equal(row.phone, '138****8000');
      assert.ok(row.masked.includes('phone'));
      for (const path of [`/customers/${c.id}/history`, `/customers/${c.id}/timeline`, `/search?q=${encodeURIComponent(c.name)}`])
        assert.doesNotMatch((await client.get(path)).text, /13800138000|wangfang@|yunfan-it/, `${client.user.login} ${path}`);
    }
    for (const client of [rep, boss]) {
      const { json } = await client.get(`/customers/${c.id}`);
      assert.equal(json.phone, '13800138000');
      assert.deepEqual(json.masked ?? [], []);
    }
    const his = await makeCustomer(manager, { phone: '13800138931' });
    for (const path of ['', '/history', '/timeline'])
      assert.match((await manager.get(`/customers/${his.id}${path}`)).text, /13800138931/, `who sees others' masked sees his own in clear: ${path}`);
  });

  test('what is masked cannot be guessed by search, filter or sort', async () => {
    const c = await makeCustomer(rep, { phone: '13877776666', email: 'geheim@example.com' });
    for (const q of ['6666', '77776666', '13877776666', '138****6666', 'geheim', 'geheim@example.com'])
      for (const path of [`/search?q=${encodeURIComponent(q)}`, `/customers?q=${encodeURIComponent(q)}`])
        assert.deepEqual((await agent.get(path)).json.data.map((r) => r.id).filter((id) => id === c.id), [], `${path} by agent`);
    for (const f of [['phone', '=', '13877776666'], ['phone', 'contains', '6666'], ['phone', 'starts', '138'], ['phone', 'not_null'], ['email', '=', 'geheim@example.com'],
      ['not', ['phone', '=', '13877776666']]]) {
      const answer = await agent.get(`/customers?limit=200&${filter(f)}`);
      const plain = JSON.stringify(f).startsWith('["not"');
      if (answer.status === 200 && !plain) assert.ok(!ids(answer.json.data).includes(c.id), JSON.stringify(f));
      if (answer.status === 200 && plain) {
        const other = await agent.get(`/customers?limit=200&${filter(['not', ['phone', '=', '13000000000']])}`);
        assert.deepEqual(ids(answer.json.data), ids(other.json.data), 'the opposite tells nothing either');
      } else assert.ok([200, 400].includes(answer.status), answer.text);
      const own = await rep.get(`/customers?limit=200&${filter(f)}`);
      if (!plain) assert.ok(own.status === 200 && ids(own.json.data).includes(c.id), `${JSON.stringify(f)} by its owner: ${own.text.slice(0, 200)}`);
    }
    assert.ok((await rep.get('/search?q=6666')).json.data.some((r) => r.id === c.id), 'the owner finds it by its tail');
    assert.ok((await boss.get('/search?q=77776666')).json.data.some((r) => r.id === c.id));
  });

  test('masked text sent back is refused, other fields may be changed', async () => {
    const c = await makeCustomer(rep, { phone: '13912341234' });
    const shown = (await manager.get(`/customers/${c.id}`)).json.phone;
    const back = await manager.patchNow(`/customers/${c.id}`, { phone: shown });
    problem(back, 422, 'masked');
    assert.deepEqual(mistakes(back), ['phone:masked']);
    assert.equal((await manager.patchNow(`/customers/${c.id}`, { remark: 'x' })).status, 200);
    assert.equal((await rep.get(`/customers/${c.id}`)).json.phone, '13912341234');
  });

  test('reveal shows one value, is audited, and needs a step-up beyond 20 an hour', async () => {
    const c = await makeCustomer(rep, { phone: '13611112222' });
    const shown = await agent.post(`/customers/${c.id}/actions/reveal`, { field: 'phone' });
    assert.equal(shown.status, 200, shown.text);
    assert.deepEqual(shown.json, { field: 'phone', value: '13611112222' });
    for (const field of ['name', 'nothing', 'phone_f', '', null, 7])
      assert.ok([400, 422].includes((await agent.post(`/customers/${c.id}/actions/reveal`, { field })).status), `${field}`);
    const rows = await until(async () => { const r = await audited(['action', '=', 'reveal']); return r.length ? r : null; });
    assert.ok(rows.some((r) => r.record_id === c.id && r.user.id === me.agent));
    assert.doesNotMatch(JSON.stringify(rows), /13611112222/);
    let answer;
    for (let i = 0; i < 22; i++) answer = await agent.post(`/customers/${c.id}/actions/reveal`, { field: 'phone' });
    problem(answer, 403, 'step_up_required');
    await agent.stepUp();
    for (let i = 0; i < 60 && answer.status !== 429; i++) answer = await agent.post(`/customers/${c.id}/actions/reveal`, { field: 'phone' });
    problem(answer, 429, 'limit');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  });
});

describe('sharing', () => {
  test('read or edit, until a time, and back', async () => {
    const c = await makeCustomer(rep, { phone: '13712345678' });
    const person = await make(rep, 'contacts', contact(c.id));
    problem(await rep2.get(`/customers/${c.id}`), 404);
    const ends = async (client = rep) => (await client.get(`/customers/${c.id}`)).json.can.unshare;
    assert.equal(await ends(), undefined, 'nothing is shared, so there is nothing to end');
    const share = (body, client = rep) => client.post(`/customers/${c.id}/actions/share`, body);
    assert.equal((await share({ with: me.rep2, right: 'read' })).status, 200);
    const seen = await rep2.get(`/customers/${c.id}`);
    assert.equal(seen.status, 200);
    assert.equal(seen.json.phone, '13712345678', 'shared is own');
    assert.deepEqual(seen.json.can, { edit: false, delete: false }, 'who only reads it ends no share');
    assert.equal(await ends(), true);
    assert.equal(await ends(people.manager), true);
    assert.equal((await rep2.get(`/contacts/${person.id}`)).status, 200, 'with its children');
    assert.ok(ids((await rep2.get('/customers?limit=200')).json.data).includes(c.id));
    problem(await rep2.patchNow(`/customers/${c.id}`, { remark: 'x' }), 403, 'forbidden');
    problem(await rep2.post(`/customers/${c.id}/actions/share`, { with: me.west_rep, right: 'read' }), 403, 'forbidden');
    assert.equal((await share({ with: me.rep2, right: 'edit' })).status, 200);
    assert.equal((await rep2.patchNow(`/customers/${c.id}`, { remark: 'x' })).status, 200);
    assert.ok([200, 204].includes((await rep.post(`/customers/${c.id}/actions/unshare`, { with: me.rep2 })).status));
    problem(await rep2.get(`/customers/${c.id}`), 404);
    assert.equal(await ends(), undefined);
    const { end, found } = await whileItRuns(2000, async (end) => [await share({ with: me.rep2, right: 'read', until: end }), await rep2.get(`/customers/${c.id}`)]);
    assert.deepEqual(found.map((a) => a.status), [200, 200], found[1].text);
    await until(async () => Date.now() >= end && (await rep2.get(`/customers/${c.id}`)).status !== 200, end - Date.now() + 10_000, 'the end of its time');
    problem(await rep2.get(`/customers/${c.id}`), 404, 'not_found', 'the time is over');
    assert.equal(await ends(), undefined, 'a share that is over is none');
    for (const body of [{}, { with: 1, right: 'read' }, { with: me.rep2, right: 'everything' }, { with: me.rep2, right: 'read', until: '2020-01-01T00:00:00Z' },
      { with: me.rep2, right: 'read', until: 'tomorrow' }, { with: me.rep2, right: 'read', nonsense: 1 }, { with: [me.rep2], right: 'read' }, { with: me.rep2, right: 7 }]) {
      const answer = await share(body);
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(body)} → ${answer.status} ${answer.text}`);
    }
  });
});

describe('transfer', () => {
  test('children go along; the former owner loses the follow-ups, the next one reads them', async () => {
    const c = await makeCustomer(rep);
    const person = await make(rep, 'contacts', contact(c.id));
    const talk = await make(rep, 'follow-ups', followUp(c.id));
    problem(await rep.post(`/customers/${c.id}/actions/transfer`, { owner: me.rep2 }), 403, 'forbidden');
    assert.deepEqual(mistakes(await rep.patchNow(`/customers/${c.id}`, { owner: me.rep2 })), ['owner:readonly']);
    const done = await manager.post(`/customers/${c.id}/actions/transfer`, { owner: me.rep2, reason: '换区' });
    assert.equal(done.status, 200, done.text);
    for (const [plural, one] of [['customers', c], ['contacts', person], ['follow-ups', talk]]) {
      problem(await rep.get(`/${plural}/${one.id}`), 404, 'not_found', `${plural} by the former owner`);
      assert.equal((await rep2.get(`/${plural}/${one.id}`)).status, 200, `${plural} by the next owner`);
      assert.ok(!ids(await all(rep, `/${plural}`, 'limit=200')).includes(one.id), plural);
      assert.ok(ids(await all(rep2, `/${plural}`, 'limit=200')).includes(one.id), plural);
    }
    problem(await rep.get(`/customers/${c.id}/timeline`), 404);
    const line = await rep2.get(`/customers/${c.id}/timeline`);
    assert.ok(line.json.data.some((i) => i.id === talk.id));
    const { json } = await rep2.get(`/customers/${c.id}/history`);
    assert.equal(json.data[0].action, 'transfer');
    assert.match(JSON.stringify(json.data[0].changes), /冯销售.*陈销售/);
    const east = (await rep2.get(`/customers/${c.id}`)).json;
    assert.equal(east.owner.id, me.rep2);
    for (const body of [{}, { owner: 1 }, { owner: 'x' }, { owner: me.rep, nonsense: 1 }, { owner: null }, { owner: me.rep, reason: 'x'.repeat(2000) }]) {
      const answer = await manager.post(`/customers/${c.id}/actions/transfer`, body);
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(body).slice(0, 60)} → ${answer.text}`);
    }
  });

  test('a sales_rep makes records for himself only', async () => {
    const answer = await rep.post('/customers', { name: 'x公司', industry: 'it', source: 'website', phone: mobile(), owner: me.rep2 });
    assert.equal(answer.status, 422);
    assert.deepEqual(mistakes(answer), ['owner:perm.denied']);
    const c = await makeCustomer(manager, { owner: me.rep });
    assert.equal(c.owner.id, me.rep);
    assert.equal((await rep.get(`/customers/${c.id}`)).status, 200);
  });
});

describe('files', () => {
  test('upload, list, download, remove; strangers get 404', async () => {
    const c = await makeCustomer(rep);
    const bytes = Buffer.from('PNG? 不是图片 <script>alert(1)</script>');
    const up = await rep.upload(`/customers/${c.id}/attachments`, '合同 (终版).html', bytes, { type: 'text/html' });
    assert.equal(up.status, 201, up.text);
    const list = await rep.get(`/customers/${c.id}/attachments`);
    const row = list.json.data.find((f) => f.id === up.json.id);
    assert.equal(row.size, bytes.length);
    assert.equal(row.file_name ?? row.name, '合同 (终版).html');
    const down = await rep.get(`/attachments/${up.json.id}/content`);
    assert.equal(down.status, 200);
    assert.ok(down.bytes.equals(bytes));
    assert.match(down.headers.get('content-disposition'), /^attachment;/);
    assert.match(down.headers.get('content-disposition'), /filename\*=UTF-8''%E5%90%88/);
    assert.doesNotMatch(down.headers.get('content-type'), /html/);
    assert.match(down.headers.get('content-security-policy'), /sandbox/);
    assert.equal(down.headers.get('x-content-type-options'), 'nosniff');
    for (const path of [`/attachments/${up.json.id}/content`, `/customers/${c.id}/attachments`]) {
      const one = await rep2.get(path), absent = await rep2.get(path.replace(/\d+/, '987654321'));
      problem(one, 404, 'not_found', path);
      assert.deepEqual(anonymous(one), anonymous(absent));
    }
    problem(await rep2.upload(`/customers/${c.id}/attachments`, 'a.txt', 'x'), 404);
    problem(await rep2.del(`/attachments/${up.json.id}`), 404);
    assert.equal((await rep.del(`/attachments/${up.json.id}`)).status, 204);
    problem(await rep.get(`/attachments/${up.json.id}/content`), 404);
    assert.equal((await rep.get(`/customers/${c.id}/attachments`)).json.data.length, 0);
  });

  test('what is no upload', async () => {
    const c = await makeCustomer(rep), path = `/customers/${c.id}/attachments`;
    problem(await rep.post(path, {}), 400);
    const none = new FormData();
    none.set('other', 'x');
    problem(await rep.post(path, none), 400);
    for (const name of ['../../etc/passwd', 'C:\\windows\\a.txt', '.htaccess', 'x'.repeat(300)]) {
      const up = await rep.upload(path, name, 'x');
      assert.ok(up.status === 201 || up.status === 422, up.text);
      if (up.status === 201) assert.doesNotMatch(JSON.stringify(up.json), /\.\.|windows|etc/);
    }
    const big = await rep.upload(path, 'big.bin', Buffer.alloc(21 << 20));
    problem(big, 413, 'too_large');
    const empty = await rep.upload(path, 'empty.txt', '');
    assert.ok([201, 400, 422].includes(empty.status), empty.text);
  });

  test('service reads customers, so it reads their files, and adds none', async () => {
    const c = await makeCustomer(rep);
    const up = await rep.upload(`/customers/${c.id}/attachments`, 'a.txt', 'x');
    assert.equal((await agent.get(`/attachments/${up.json.id}/content`)).status, 200);
    problem(await agent.upload(`/customers/${c.id}/attachments`, 'b.txt', 'x'), 403, 'forbidden');
    problem(await agent.del(`/attachments/${up.json.id}`), 403, 'forbidden');
  });
});

describe('settings', () => {
  test('are listed, changed, checked and audited', async () => {
    const { json } = await admin.get('/settings');
    const name = json.data.find((s) => s.name === 'company.name');
    assert.ok(name.label.zh && name.label.en && name.scope === 'db');
    const done = await admin.patch('/settings', { 'company.name': '云杉集团' });
    assert.equal(done.status, 200, done.text);
    assert.equal((await rep.get('/me')).json.company.name, '云杉集团');
    for (const body of [{ nothing: 1 }, { 'http.workers': 3 }, { 'format.date': 'pink' }, { 'company.zone': 'Mars/Olympus' }, { 'company.name': ['x'] }, { 'company.name': 'x'.repeat(100_000) }]) {
      const answer = await admin.patch('/settings', body);
      assert.ok([400, 413, 422].includes(answer.status), `${JSON.stringify(body).slice(0, 60)} → ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    assert.equal((await rep.get('/me')).json.company.name, '云杉集团');
    problem(await rep.patch('/settings', { 'company.name': 'x' }), 403, 'forbidden');
    await until(async () => (await audited(['entity', '=', 'setting'])).length > 0, 5000, 'an audit row of the setting');
  });

  test('one\'s own language', async () => {
    assert.equal((await rep2.patch('/me', { locale: 'en' })).status, 200);
    assert.equal((await rep2.get('/me')).json.locale, 'en');
    for (const body of [{ locale: 'xx' }, { timezone: 'Mars/Olympus' }, { name: 'x' }, { locale: 1 }, { roles: [] }])
      assert.ok([400, 422].includes((await rep2.patch('/me', body)).status), JSON.stringify(body));
    assert.equal((await rep2.patch('/me', { locale: 'zh-CN', timezone: 'Europe/Berlin' })).status, 200);
    assert.equal((await rep2.get('/me')).json.zone, 'Europe/Berlin');
  });
});
