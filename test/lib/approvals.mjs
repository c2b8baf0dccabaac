// What tests of approvals share: a company whose departments have heads, flows, requests, and what people do with them.
import assert from 'node:assert/strict';
import { makeCompany, startServer, until } from './index.mjs';
import { filter, make, makeCustomer } from './records.mjs';

export const everybody = ['rep', 'rep2', 'manager', 'dept_head', 'boss', 'sysadmin', 'west_rep'];

/** {server, admin (stepped up), p: people by login, id: their ids, department(code), and the helpers below}. */
export async function approvals({ env = {}, only = everybody } = {}) {
  const server = await startServer({ company: true, env });
  const h = { server };
  h.signIn = async () => {
    h.p = await makeCompany(server, { only });
    h.admin = await server.admin();
    await h.admin.stepUp();
    h.id = Object.fromEntries(Object.entries(h.p).filter(([, c]) => c.user).map(([n, c]) => [n, c.user.id]));
    h.id.admin = h.admin.user?.id ?? (await h.admin.get('/me')).json.user.id;
  };
  await h.signIn();
  h.departments = (await h.admin.get('/departments?limit=50&fields=code,name')).json.data;
  h.department = (code) => h.departments.find((d) => d.code === code);
  h.head = async (code, user) => assert.equal((await h.admin.patchNow(`/departments/${h.department(code).id}`, { manager: user })).status, 200);
  await h.head('SALES_EAST', h.id.manager);
  await h.head('SALES', h.id.dept_head);
  h.flow = (over) => make(h.admin, 'approval-flows', { name: `流程${Math.random()}`, entity: 'customer', on_edit: true, on_delete: true, filter: ['level', '=', 'key'], steps: [{ who: 'department_head' }], ...over });
  h.drop = (f) => h.admin.patchNow(`/approval-flows/${f.id}`, { enabled: false });
  h.keyCustomer = (over) => makeCustomer(h.p.rep, { level: 'key', ...over });
  h.ask = (who, body) => who.post('/change-requests', { entity: 'customer', operation: 'edit', reason: '客户要求', ...body });
  h.filed = async (who, body) => { const made = await h.ask(who, body); assert.equal(made.status, 201, made.text); return made.json; };
  h.act = (who, r, name, body = {}) => who.post(`/change-requests/${r.id}/actions/${name}`, body);
  h.stateOf = async (r, who = h.p.rep) => (await who.get(`/change-requests/${r.id}`)).json.state;
  h.tasksOf = async (who) => (await who.get(`/approval-tasks?limit=100&${filter(['and', ['owner', '=', 'me'], ['state', '=', 'waiting']])}`)).json.data;
  h.hasTask = async (who, r) => (await h.tasksOf(who)).some((t) => t.request.id === r.id);
  h.transfer = async (who, c, to, over = {}) => who.post(`/customers/${c.id}/actions/transfer`, { owner: to, ...over }, { 'If-Match': (await who.get(`/customers/${c.id}`)).etag });
  /** A bulk change to its end: {job, results}. */
  h.bulk = async (who, body) => {
    const started = await who.post('/customers/bulk', body);
    assert.equal(started.status, 202, started.text);
    return h.job(who, started.json.job.id);
  };
  h.job = async (who, id, over = ['done', 'failed', 'cancelled']) => {
    const job = await until(async () => { const j = (await who.get(`/jobs/${id}`)).json; return over.includes(j.state) && j; }, 30_000, `job ${id}`);
    return { job, results: (await who.get(`/jobs/${id}/results?limit=100`)).json.data };
  };
  return h;
}
