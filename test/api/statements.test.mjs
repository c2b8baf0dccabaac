// What a page costs in statements, as the log of the server counts them: the page of a record is its record and its
// timeline, six statements with the gate's own, whoever asks and however many tags, contacts and changes there are.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { contact, followUp, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, admin, rep, manager, west_rep, customer;
before(async () => {
  server = await startServer({ company: true });
  ({ admin, rep, manager, west_rep } = await makeCompany(server, { only: ['rep', 'manager', 'west_rep'] }));
  const tags = [];
  for (const name of ['要紧', '老客户', '展会']) tags.push((await make(admin, 'tags', { name })).id);
  const parent = await makeCustomer(rep);
  customer = await makeCustomer(rep, { primary_contact: { name: '钱明', mobile: mobile() }, tags, parent_customer: parent.id });
  await make(rep, 'contacts', contact(customer.id));
  for (let i = 0; i < 3; i++) await make(i % 2 ? manager : rep, 'follow-ups', followUp(customer.id));
  await make(rep, 'tasks', { title: '回访', customer: customer.id });
  const moved = await manager.post(`/customers/${customer.id}/actions/transfer`, { owner: (await manager.get('/me')).json.user.id });
  assert.equal(moved.status, 200, moved.text);
  assert.equal((await manager.post(`/customers/${customer.id}/actions/transfer`, { owner: (await rep.get('/me')).json.user.id })).status, 200);
  assert.equal((await rep.patchNow(`/customers/${customer.id}`, { tags: tags.slice(0, 2) })).status, 200);
});
after(() => server?.stop());

/** The answer, and the statements that the log counts for it. The least of three: once a minute the gate notes that a session is in use. */
async function counted(client, path, route) {
  let least = Infinity, answer;
  for (let i = 0; i < 3; i++) {
    const [line] = await server.requests(async () => { answer = await client.get(path); assert.equal(answer.status, 200, answer.text); }, `/api/v1/:plural/:id${route}`);
    least = Math.min(least, line.sql);
  }
  return { sql: least, json: answer.json };
}

describe('the page of a record', () => {
  for (const [who, client] of [['the administrator', () => admin], ['its owner', () => rep], ['his manager', () => manager]])
    test(`six statements for ${who}`, async () => {
      const record = await counted(client(), `/customers/${customer.id}`, ''), timeline = await counted(client(), `/customers/${customer.id}/timeline`, '/timeline');
      assert.ok(record.sql + timeline.sql <= 6, `${record.sql} and ${timeline.sql}`);
      assert.deepEqual(record.json.tags.map((t) => t.label).sort(), ['老客户', '要紧'].sort());
      assert.ok(record.json.owner.label && record.json.main_contact.label && record.json.parent_customer.label && record.json.owner_department.label);
      const kinds = timeline.json.data.map((x) => x.kind);
      for (const kind of ['follow_up', 'task', 'contact', 'created', 'transferred'])
        assert.ok(kinds.includes(kind) || kind === 'transferred' && kinds.includes('transfer'), `${kind} of ${kinds}`);
      assert.ok(timeline.json.data.every((x) => x.by?.label), 'everybody by name');
      const owners = timeline.json.data.flatMap((x) => x.changes ?? []).filter((x) => x.field === 'owner' && x.before);
      assert.deepEqual(owners.map((x) => [x.before, x.after]), [['郑经理', '冯销售'], ['冯销售', '郑经理']], 'newest first, by name');
    });
  test('a stranger and nobody at all get the same nothing', async () => {
    const foreign = await west_rep.get(`/customers/${customer.id}/timeline`), none = await west_rep.get('/customers/1/timeline');
    problem(foreign, 404, 'not_found');
    assert.deepEqual({ ...foreign.json, trace_id: 0 }, { ...none.json, trace_id: 0 });
    problem(await west_rep.get(`/customers/${customer.id}/timeline?kinds=task`), 404, 'not_found');
    problem(await west_rep.get(`/customers/${customer.id}/timeline?q=${encodeURIComponent('谈过')}`), 404, 'not_found');
    problem(await server.anyone().get(`/customers/${customer.id}/timeline`), 401);
  });
  test('a link that stands for fields of a new record is answered under their name as well, and no other link is', async () => {
    const [row] = (await rep.get(`/customers?fields=name,owner,main_contact,parent_customer&filter=${encodeURIComponent(JSON.stringify(['id', '=', customer.id]))}`)).json.data;
    assert.deepEqual(Object.keys(row).sort(), ['can', 'id', 'main_contact', 'name', 'owner', 'parent_customer', 'primary_contact', 'version']);
    assert.deepEqual(row.primary_contact, row.main_contact);
    assert.equal(row.main_contact.label, '钱明');
  });
  test('a list page: the session, the rows, what they are linked to', async () => {
    let least = Infinity;
    for (let i = 0; i < 3; i++) {
      const [line] = await server.requests(async () => assert.equal((await rep.get('/customers?fields=name,owner,main_contact,tags,owner_department')).status, 200), '/api/v1/:plural');
      least = Math.min(least, line.sql);
    }
    assert.ok(least <= 4, `${least}`);
  });
  test('what is in the bin is read by who may delete it', async () => {
    const gone = await makeCustomer(rep);
    assert.equal((await manager.delNow(`/customers/${gone.id}`)).status, 204);
    for (const client of [manager, rep]) {
      const record = await client.get(`/customers/${gone.id}?deleted=true`), timeline = await client.get(`/customers/${gone.id}/timeline`);
      const may = record.status === 200;
      assert.equal(timeline.status, may ? 200 : 404, `${record.status} and ${timeline.text}`);
    }
    assert.equal((await manager.get(`/customers/${gone.id}/timeline`)).json.data[0].kind, 'deleted');
  });
});
