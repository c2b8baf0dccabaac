// Who may what (CONTRACT 4) as one table: role × entity × whose record × what is done. Then the side doors:
// counts, search, duplicates, timeline, files, history; departments that move, people who leave.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { companyFile, makeCompany, passwordOf, startServer, until } from '../lib/index.mjs';
import { all, contact, filter, followUp, ids, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, people;
const id = {};       // of people
const house = {};    // of records: house[whose][plural]
const plurals = ['customers', 'contacts', 'follow-ups', 'tasks'];

before(async () => {
  server = await startServer({ company: true });
  people = await makeCompany(server);
  for (const [name, client] of Object.entries(people)) if (client.get && name !== 'as') id[name] = (await client.get('/me')).json.user.id;
  for (const owner of ['rep', 'rep2', 'west_rep', 'manager', 'boss']) house[owner] = await estate(people[owner], owner);
});
after(() => server?.stop());

/** A customer with everything below it. */
async function estate(client, owner) {
  const c = await makeCustomer(client, { name: `${owner}的客户${mobile().slice(-5)}`, remark: `秘密${owner}` });
  const file = await client.upload(`/customers/${c.id}/attachments`, 'a.txt', `秘密${owner}`);
  return { customers: c, contacts: await make(client, 'contacts', contact(c.id)), 'follow-ups': await make(client, 'follow-ups', followUp(c.id)),
    tasks: await make(client, 'tasks', { title: `任务${owner}`, customer: c.id }), file: file.json };
}

// What each role sees of the estates of rep (east), rep2 (east), west_rep (west), manager (east), boss (HQ).
// r read, e edit, d delete; "-" no row; "x" the entity is closed (403).
const table = {
  rep:             { customers: ['re', '-', '-', '-', '-'],             contacts: ['re', '-', '-', '-', '-'],             'follow-ups': ['re', '-', '-', '-', '-'],             tasks: ['re', '-', '-', '-', '-'] },
  rep2:            { customers: ['-', 're', '-', '-', '-'],             contacts: ['-', 're', '-', '-', '-'],             'follow-ups': ['-', 're', '-', '-', '-'],             tasks: ['-', 're', '-', '-', '-'] },
  west_rep:        { customers: ['-', '-', 're', '-', '-'],             contacts: ['-', '-', 're', '-', '-'],             'follow-ups': ['-', '-', 're', '-', '-'],             tasks: ['-', '-', 're', '-', '-'] },
  manager:         { customers: ['red', 'red', '-', 'red', '-'],        contacts: ['red', 'red', '-', 'red', '-'],        'follow-ups': ['red', 'red', '-', 'red', '-'],        tasks: ['red', 'red', '-', 'red', '-'] },
  west_manager:    { customers: ['-', '-', 'red', '-', '-'],            contacts: ['-', '-', 'red', '-', '-'],            'follow-ups': ['-', '-', 'red', '-', '-'],            tasks: ['-', '-', 'red', '-', '-'] },
  dept_head:       { customers: ['r', 'r', 'r', 'r', '-'],              contacts: ['r', 'r', 'r', 'r', '-'],              'follow-ups': ['r', 'r', 'r', 'r', '-'],              tasks: ['r', 'r', 'r', 'r', '-'] },
  agent:           { customers: ['r', 'r', 'r', 'r', 'r'],              contacts: ['r', 'r', 'r', 'r', 'r'],              'follow-ups': null,                                  tasks: null },
  service_manager: { customers: ['r', 'r', 'r', 'r', 'r'],              contacts: ['r', 'r', 'r', 'r', 'r'],              'follow-ups': null,                                  tasks: null },
  marketer:        { customers: ['r', 'r', 'r', 'r', 'r'],              contacts: null,                                   'follow-ups': null,                                  tasks: null },
  boss:            { customers: ['red', 'red', 'red', 'red', 'red'],    contacts: ['red', 'red', 'red', 'red', 'red'],    'follow-ups': ['red', 'red', 'red', 'red', 'red'],    tasks: ['red', 'red', 'red', 'red', 'red'] },
  sysadmin:        { customers: null, contacts: null, 'follow-ups': null, tasks: null },
  secadmin:        { customers: null, contacts: null, 'follow-ups': null, tasks: null },
  auditor1:        { customers: null, contacts: null, 'follow-ups': null, tasks: null },
};
const owners = ['rep', 'rep2', 'west_rep', 'manager', 'boss'];

describe('the table', () => {
  for (const [who, row] of Object.entries(table))
    for (const plural of plurals)
      test(`${who} × ${plural}`, async () => {
        const client = people[who], cells = row[plural];
        if (!cells) { // closed: 403 for all, and nothing of it in the schema
          problem(await client.get(`/${plural}`), 403, 'forbidden');
          for (const owner of owners) problem(await client.get(`/${plural}/${house[owner][plural].id}`), 403, 'forbidden');
          problem(await client.post(`/${plural}`, {}), 403, 'forbidden');
          assert.ok(!(await client.get('/schema')).json.entities.some((e) => e.plural === plural));
          problem(await client.get(`/schema/${plural}`), 404);
          return;
        }
        const listed = new Map((await all(client, `/${plural}`, 'limit=200&fields=id')).map((r) => [r.id, r]));
        for (const [i, owner] of owners.entries()) {
          const may = cells[i], one = house[owner][plural], path = `/${plural}/${one.id}`, what = `${who} on ${owner}'s ${plural}`;
          const got = await client.get(path);
          if (may === '-') {
            problem(got, 404, 'not_found', what);
            problem(await client.get(`${path}/history`), 404, undefined, what);
            assert.ok(!listed.has(one.id), what);
          } else {
            assert.equal(got.status, 200, `${what}: ${got.text}`);
            assert.deepEqual(got.json.can, { edit: may.includes('e'), delete: may.includes('d') }, what);
            assert.deepEqual(listed.get(one.id)?.can, { edit: may.includes('e'), delete: may.includes('d') }, `${what} in the list`);
          }
          // a change that changes nothing shows the right without harm
          const edit = await client.patch(path, {}, { 'If-Match': got.etag ?? '"1"' });
          const hasEdit = cells.some((m) => m.includes('e')), hasDelete = cells.some((m) => m.includes('d'));
          assert.equal(edit.status, !hasEdit ? 403 : may === '-' ? 404 : may.includes('e') ? 200 : 403, `${what}: edit → ${edit.text}`);
          const remove = await client.del(path, undefined, { 'If-Match': '"99999"' });
          assert.equal(remove.status, !hasDelete ? 403 : may === '-' ? 404 : 412, `${what}: delete → ${remove.text}`);
        }
        const creates = await client.post(`/${plural}`, { nonsense: 1 });
        assert.equal(creates.status, cells.some((m) => m.includes('e')) ? 400 : 403, `${who} creates ${plural}: ${creates.text}`);
        const exact = (await client.get(`/${plural}?count=exact&limit=1`)).json.count.value;
        assert.equal(exact, listed.size, `${who}: the count of ${plural}`);
      });

  test('transfer, share, export, deleted ones', async () => {
    const { customers: c } = house.rep;
    for (const [who, status] of Object.entries({ rep: 403, dept_head: 403, agent: 403, marketer: 403, west_manager: 404, sysadmin: 403, manager: 422, boss: 422 }))
      assert.equal((await people[who].post(`/customers/${c.id}/actions/transfer`, {})).status, status, `transfer by ${who}`);
    for (const [who, status] of Object.entries({ rep: 422, rep2: 404, dept_head: 403, agent: 403, west_manager: 404, manager: 422, boss: 422 }))
      assert.equal((await people[who].post(`/customers/${c.id}/actions/share`, {})).status, status, `share by ${who}`);
    for (const who of ['rep', 'rep2', 'agent', 'marketer', 'sysadmin']) problem(await people[who].post('/customers/export', { filter: [], fields: ['name'], format: 'csv' }), 403, 'forbidden', who);
    for (const who of ['rep', 'dept_head', 'agent', 'marketer']) problem(await people[who].get('/customers?deleted=true'), 403, 'forbidden', who);
  });

  test('what was deleted is seen by those who may delete it, and by nobody else', async () => {
    const gone = await estate(people.rep, 'rep');
    const { id: c } = gone.customers;
    assert.equal((await people.manager.delNow(`/customers/${c}`)).status, 204);
    for (const who of Object.keys(table)) {
      for (const plural of plurals) if (table[who][plural]) problem(await people[who].get(`/${plural}/${gone[plural].id}`), 404, 'not_found', `${who} ${plural}`);
      if (table[who].customers) {
        problem(await people[who].get(`/attachments/${gone.file.id}/content`), 404, 'not_found', who);
        if (!table[who].customers.some((m) => m.includes('d'))) problem(await people[who].get(`/customers/${c}/timeline`), 404, 'not_found', who);
      }
    }
    assert.ok(ids((await people.manager.get('/customers?deleted=true&limit=200')).json.data).includes(c));
    assert.ok(!ids((await people.west_manager.get('/customers?deleted=true&limit=200')).json.data).includes(c));
    assert.equal((await people.manager.get(`/customers/${c}?deleted=true`)).status, 200);
    problem(await people.west_manager.get(`/customers/${c}?deleted=true`), 404);
    problem(await people.west_manager.post(`/customers/${c}/restore`), 404);
    problem(await people.rep.post(`/customers/${c}/restore`), 403);
    assert.equal((await people.manager.post(`/customers/${c}/restore`)).status, 200);
    assert.equal((await people.rep.get(`/follow-ups/${gone['follow-ups'].id}`)).status, 200);
  });
});

describe('side doors give strangers nothing', () => {
  const secret = /的客户|秘密|谈过/;
  test('search, filters through links, counts, duplicates, labels', async () => {
    const { customers: c, contacts: p } = house.rep;
    for (const who of ['rep2', 'west_rep', 'west_manager', 'sysadmin', 'secadmin', 'auditor1']) {
      const client = people[who];
      for (const q of [c.name, c.number, c.phone.slice(-4), c.phone, p.name, '谈过', '秘密rep', '任务rep']) {
        const found = (await client.get(`/search?limit=50&q=${encodeURIComponent(q)}`)).json.data;
        const mine = Object.values(house.rep).map((r) => r.id);
        assert.deepEqual(found.filter((h) => mine.includes(h.id)), [], `${who} finds ${q}`);
      }
      if (!table[who].customers) continue;
      for (const f of [['number', '=', c.number], ['name', '=', c.name], ['id', '=', c.id], ['owner', '=', id.rep]]) {
        const { json } = await client.get(`/customers?count=exact&${filter(f)}`);
        assert.deepEqual([json.data, json.count.value], [[], 0], `${who} ${JSON.stringify(f)}`);
      }
      for (const f of [['customer', '=', c.id], ['customer.name', '=', c.name], ['customer.remark', 'not_null']]) {
        const answer = await client.get(`/contacts?count=exact&${filter(f)}`);
        if (answer.status === 200) assert.ok(!ids(answer.json.data).includes(p.id) && !answer.text.includes(c.name), `${who} ${JSON.stringify(f)}`);
        else problem(answer, 400, 'bad_filter');
      }
    }
    const hint = await people.rep2.post('/customers/duplicates', { name: c.name, phone: c.phone });
    assert.doesNotMatch(JSON.stringify(hint.json.data), new RegExp(`${c.id}|${c.number}|秘密`));
  });

  test('a link to a foreign record shows no label', async () => {
    const shared = await makeCustomer(people.rep, { parent_customer: house.rep.customers.id });
    await people.rep.post(`/customers/${shared.id}/actions/share`, { with: id.rep2, right: 'read' });
    const { json, text } = await people.rep2.get(`/customers/${shared.id}`);
    assert.ok(!text.includes(house.rep.customers.name), JSON.stringify(json.parent_customer));
    const row = (await people.rep2.get(`/customers?fields=name,parent_customer&${filter(['id', '=', shared.id])}`)).text;
    assert.ok(!row.includes(house.rep.customers.name));
    for (const path of ['history', 'timeline']) assert.ok(!(await people.rep2.get(`/customers/${shared.id}/${path}`)).text.includes(house.rep.customers.name), path);
  });

  test('files, timeline and history ask the record', async () => {
    for (const who of ['rep2', 'west_rep', 'west_manager']) {
      const c = house.rep.customers.id;
      for (const path of [`/customers/${c}/timeline`, `/customers/${c}/history`, `/customers/${c}/attachments`, `/attachments/${house.rep.file.id}/content`]) {
        const answer = await people[who].get(path);
        problem(answer, 404, 'not_found', `${who} ${path}`);
        assert.doesNotMatch(answer.text, secret);
      }
    }
    for (const who of ['agent', 'marketer']) { // they read the customer, not the talks with it
      const { text } = await people[who].get(`/customers/${house.rep.customers.id}/timeline`);
      assert.doesNotMatch(text, /谈过|任务rep/, `${who} reads follow-ups in the timeline`);
    }
  });

  test('the audit log names records, and only its readers see it', async () => {
    for (const who of ['rep', 'manager', 'boss', 'sysadmin']) problem(await people[who].get('/audit-logs'), 403, 'forbidden', who);
    assert.equal((await people.auditor1.get('/audit-logs?limit=200')).status, 200);
    assert.doesNotMatch((await people.auditor1.get('/audit-logs?limit=200')).text, /秘密|谈过/);
    for (const [method, path] of [['POST', '/audit-logs'], ['PATCH', '/audit-logs/1'], ['DELETE', '/audit-logs/1']])
      assert.ok([403, 404, 405].includes((await people.auditor1.call(method, path, method === 'DELETE' ? undefined : {})).status), method);
    const check = await people.auditor1.post('/audit-logs/actions/verify');
    assert.equal(check.json?.ok, true, check.text);
  });

  test('colleagues see of each other what is on the card', async () => {
    const { json } = await people.rep.get(`/users/${id.boss}`);
    assert.equal(json.name, '钱总');
    for (const field of ['login', 'mobile', 'email', 'last_login_ip', 'roles', 'manager', 'locked_until']) assert.ok(!(field in json), `${field} is shown`);
    assert.equal((await people.rep.get(`/users?${filter(['login', '=', 'boss'])}`)).status, 400);
    problem(await people.rep.patchNow(`/users/${id.rep}`, { name: 'x' }), 403);
    problem(await people.rep.post('/users', { login: 'x1', name: 'x' }), 403);
    for (const path of ['/roles', '/custom-fields', '/number-rules']) {
      const answer = await people.rep.post(path, {});
      assert.equal(answer.status, 403, path);
    }
  });

  test('who keeps accounts gives nobody rights, who keeps roles reads no customers', async () => {
    const { sysadmin, secadmin } = people;
    await sysadmin.stepUp(); await secadmin.stepUp();
    const role = (await secadmin.get('/roles?limit=200')).json.data.find((r) => r.code === 'management');
    const grab = await sysadmin.patchNow(`/users/${id.sysadmin}`, { roles: [role.id] });
    assert.ok([403, 422].includes(grab.status), grab.text);
    problem(await sysadmin.patchNow(`/roles/${role.id}`, { rights: { rights: [] } }), 403);
    problem(await secadmin.patch('/settings', { 'company.name': 'x' }), 403);
    problem(await secadmin.get('/customers'), 403);
  });
});

describe('when the company changes', () => {
  /** By a command: the server hears of it within a moment, and then `seen` holds. */
  const importUsers = async (users, seen) => { await server.importUsers({ departments: [], users }); await until(seen); };
  const person = (login) => { const { password: _, must_change: __, ...rest } = companyFile().users.find((u) => u.login === login); return rest; };

  test('records follow their owner into his new department', async () => {
    const c = await makeCustomer(people.rep2);
    assert.equal((await people.manager.get(`/customers/${c.id}`)).status, 200);
    problem(await people.west_manager.get(`/customers/${c.id}`), 404);
    await importUsers([{ ...person('rep2'), department: 'SALES_WEST' }], async () => (await people.manager.get(`/customers/${c.id}`)).status === 404);
    problem(await people.manager.get(`/customers/${c.id}`), 404);
    const moved = await people.west_manager.get(`/customers/${c.id}`);
    assert.equal(moved.status, 200, moved.text);
    assert.equal(moved.json.owner_department.label, '西南组');
    assert.equal((await people.dept_head.get(`/customers/${c.id}`)).status, 200);
    await importUsers([person('rep2')], async () => (await people.manager.get(`/customers/${c.id}`)).status === 200);
    assert.equal((await people.manager.get(`/customers/${c.id}`)).status, 200);
  });

  test('a department that moves takes its rows along', async () => {
    const admin = await server.admin(), c = house.rep.customers;
    const byCode = async (code) => (await all(admin, '/departments', 'limit=200&fields=code,name,parent')).find((d) => d.code === code).id;
    const [east, service, sales] = [await byCode('SALES_EAST'), await byCode('SERVICE'), await byCode('SALES')];
    assert.equal((await people.dept_head.get(`/customers/${c.id}`)).status, 200);
    assert.equal((await admin.patchNow(`/departments/${east}`, { parent: service })).status, 200);
    problem(await people.dept_head.get(`/customers/${c.id}`), 404);
    assert.equal((await people.manager.get(`/customers/${c.id}`)).status, 200);
    const ring = await admin.patchNow(`/departments/${service}`, { parent: east });
    assert.ok([409, 422].includes(ring.status), ring.text);
    assert.equal((await admin.patchNow(`/departments/${east}`, { parent: sales })).status, 200);
    assert.equal((await people.dept_head.get(`/customers/${c.id}`)).status, 200);
  });

  test('what somebody disabled owned stays with his superiors', async () => {
    const c = house.west_rep.customers, admin = await server.admin();
    await admin.stepUp();
    assert.equal((await admin.patchNow(`/users/${id.west_rep}`, { status: 'disabled' })).status, 200);
    problem(await people.west_rep.get('/me'), 401);
    assert.equal((await people.west_manager.get(`/customers/${c.id}`)).status, 200);
    assert.equal((await people.dept_head.get(`/customers/${c.id}`)).status, 200);
    const moved = await people.west_manager.post(`/customers/${c.id}/actions/transfer`, { owner: id.west_manager });
    assert.equal(moved.status, 200, moved.text);
    const wrong = await people.west_manager.post(`/customers/${c.id}/actions/transfer`, { owner: id.west_rep });
    assert.equal(wrong.status, 422, 'nobody who has left becomes an owner');
  });

  test('scope "reports" reads what disabled reports own, at any depth', async () => {
    const { secadmin } = people;
    await secadmin.stepUp();
    const made = await secadmin.post('/roles', { code: 'line_lead', name: '线长', rights: { rights: [], entities: { customer: { scope: 'own,reports', actions: 'read' } } } });
    assert.equal(made.status, 201, made.text);
    let lead;
    await importUsers([{ login: 'lead', name: '线长', password: passwordOf('lead'), department: 'SERVICE', roles: ['line_lead'], must_change: false },
      { ...person('manager'), manager: 'lead' }], async () => {
      lead ??= await server.login('lead', passwordOf('lead'));
      return ids(await all(lead, '/customers', 'limit=200')).includes(house.manager.customers.id);
    });
    const got = ids(await all(lead, '/customers', 'limit=200'));
    for (const owner of ['manager', 'rep', 'rep2']) assert.ok(got.includes(house[owner].customers.id), owner);
    assert.ok(!got.includes(house.boss.customers.id));
    const admin = await server.admin();
    await admin.stepUp();
    assert.equal((await admin.patchNow(`/users/${id.rep}`, { status: 'disabled' })).status, 200);
    assert.ok(ids(await all(lead, '/customers', 'limit=200')).includes(house.rep.customers.id), 'rep is disabled');
    problem(await lead.patchNow(`/customers/${house.rep.customers.id}`, { remark: 'x' }), 403);
  });

  test('a role taken away holds at the next request', async () => {
    const { secadmin, marketer } = people;
    assert.equal((await marketer.get('/customers')).status, 200);
    const role = (await secadmin.get('/roles?limit=200')).json.data.find((r) => r.code === 'marketing');
    await secadmin.stepUp();
    const done = await secadmin.patchNow(`/roles/${role.id}`, { rights: { rights: [], entities: { customer: { scope: 'none', actions: '' } } } });
    assert.equal(done.status, 200, done.text);
    assert.ok([401, 403].includes((await marketer.get('/customers')).status));
  });
});
