// Every statement fails once: of each of the scenarios below, on both engines, the first statement that its request (or
// its job) hands to the database, then the second, and so on until it ends without having met the fault. Whatever fails,
// the caller gets a sentence with 5xx and the rows are those of before, or it is done and they are those of after: never
// something between. The request after it is answered, and at the end of a scenario `zhike check` has nothing to say.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeCompany, passwordOf, slow, startServer, until } from '../lib/index.mjs';
import { docx, p } from '../lib/docx.mjs';
import { csv, settle } from '../lib/imports.mjs';
import { PATIENCE } from '../lib/program.mjs';
import { contact, customer, filter, followUp, make, makeCustomer, mobile } from '../lib/records.mjs';
import { amount } from './ledger.mjs';
import { difference, FAULTS, State, Statements } from './statement.mjs';

const every = amount('ZHIKE_STATEMENT_EVERY', 0, 1); // 1: each n with each fault; 0: a sample
const kinds = amount('ZHIKE_STATEMENT_KINDS', 3, 3); // of faults
const onlyFault = process.env.ZHIKE_STATEMENT_FAULT ? new RegExp(process.env.ZHIKE_STATEMENT_FAULT) : null;
const only = process.env.ZHIKE_STATEMENT_ONLY ? new RegExp(process.env.ZHIKE_STATEMENT_ONLY) : null;
const REQUEST = 'http writer', JOB = 'job writer';

const PICTURE = readFileSync(new URL('../../fuzz/corpus/picture/alpha.png', import.meta.url));
let n = 0;
const word = () => `断${++n}`;
/** What prepare made, with the version it has by now. */
const stated = (prepare) => async (h) => { const c = await prepare(h); return { ...c, etag: (await h.p.admin.get(`/customers/${c.id}`)).etag }; };
/** Another value than the one set last; the same again where that was refused. */
const another = (value) => { let i = 0; return () => value(++i); };
const read = (path, who = 'admin') => ({ threads: REQUEST, reads: true, act: (h) => h.p[who].get(path(h)) });
const write = (prepare, act) => ({ threads: REQUEST, prepare, act });
/** A request that begins a job, and the job to its end. */
const job = (prepare, act, who = 'admin') => ({
  threads: JOB, job: true, prepare,
  act: async (h, x) => {
    const started = await act(h, x);
    if (started.status !== 202) return started;
    const { json } = await h.p[who].get(`/jobs/${started.json.job.id}`);
    const end = ['done', 'failed', 'cancelled'].includes(json.state) ? json : await h.p[who].job(started.json.job.id);
    return { status: end.state === 'done' ? 200 : 503, json: { ...end, detail: end.message }, text: JSON.stringify(end), job: end };
  },
});
const fresh = (h) => makeCustomer(h.p.admin);
/** A customer who is there twice, what hangs on the second, and which of its values are to stay. */
const twice = async (h) => {
  const [a, b] = [await fresh(h), await makeCustomer(h.p.admin, { tags: [h.tag.id], remark: '乙' })];
  const k = await make(h.p.admin, 'contacts', contact(b.id));
  await make(h.p.admin, 'follow-ups', followUp(b.id, { contacts: [k.id], next_time: '2031-05-06T10:00:00+08:00' }));
  const starred = await h.p.admin.post('/favorites', { entity: 'customer', id: b.id });
  assert.equal(starred.status, 204, starred.text);
  return { survivor: a.id, merged: [b.id], choose: { name: b.id, remark: b.id } };
};
const action = (plural, x, name, body, who) => who.post(`/${plural}/${x.id}/actions/${name}`, body ?? {});
/** An import, as far as wanted. */
async function imported(h, upTo, rows = 3) {
  const names = Array.from({ length: rows }, () => [`导入${++n}公司`, mobile(), 'IT', '官网']);
  const sent = await h.p.admin.upload('/imports', `${word()}.csv`, csv([['公司名称', '电话', '所属行业', '信息来源'], ...names]), { fields: { entity: 'customer' } });
  assert.equal(sent.status, 201, sent.text);
  for (const step of { sent: [], checked: ['check'], ran: ['check', 'run'] }[upTo]) {
    assert.equal((await h.p.admin.post(`/imports/${sent.json.id}/${step}`, {})).status, 202);
    const end = await settle(h.p.admin, sent.json.id);
    assert.ok(['checked', 'done'].includes(end.state), JSON.stringify(end));
  }
  return sent.json;
}
const importStep = (upTo, step) => ({
  threads: JOB, job: true,
  prepare: (h) => imported(h, upTo),
  act: async (h, x) => {
    const started = await h.p.admin.post(`/imports/${x.id}/${step}`, {});
    if (started.status !== 202) return started;
    const end = await settle(h.p.admin, x.id);
    return { status: ['checked', 'done', 'undone', 'reverted'].includes(end.state) ? 200 : 503, json: { ...end, detail: end.message }, text: JSON.stringify(end), job: end };
  },
});
const requested = async (h, over = {}) => {
  const c = await makeCustomer(h.p.rep, { level: 'key' });
  const made = await h.p.rep.post('/change-requests', { entity: 'customer', operation: 'edit', reason: '客户要求', record: c.id, input: { name: `新名${++n}公司` }, ...over });
  assert.equal(made.status, 201, made.text);
  return made.json;
};
const stepped = async (h) => assert.equal((await h.p.admin.stepUp()).status, 204);
const withLogo = async (h) => { await stepped(h); assert.equal((await h.p.admin.upload('/settings/logo', 'a.png', PICTURE)).status, 200); };
const LEAVE = { from: '2026-01-01', to: '2036-01-01' };
const away = async (h, when) => {
  const answer = await action('users', { id: h.id.manager }, 'away', when.from ? { ...when, deputy: h.id.dept_head } : {}, h.p.manager);
  assert.equal(answer.status, 200, answer.text);
};
/** A file with another logo than the house has now, and the Word document at the other of two templates: each such file changes as much. */
const otherHouse = async (h) => {
  await stepped(h);
  if (!h.houses) {
    h.houses = [];
    for (const [i, name] of ['alpha.png', 'rgb.png'].entries()) {
      assert.equal((await h.p.admin.upload('/settings/logo', 'a.png', readFileSync(new URL(`../../fuzz/corpus/picture/${name}`, import.meta.url)))).status, 200);
      const { settings, files } = (await h.p.admin.get('/configuration?only=settings')).json;
      const sheet = docx(p('{{name}}')), sha256 = createHash('sha256').update(sheet).digest('hex');
      h.houses.push(JSON.stringify({ zhike: 'configuration', format: 1, settings: { 'company.logo': settings['company.logo'] },
        records: { print_template: [0, 1].map((k) => ({ name: `断模板${k}`, entity: 'customer', kind: 'docx', document: k === i ? { name: 'a.docx', sha256 } : null })) }, files: { ...files, [sha256]: [Buffer.from(sheet).toString('base64')] } }));
    }
    assert.equal((await h.p.admin.upload('/configuration/import', 'c.json', h.houses[0])).status, 200);
  }
  const { settings } = (await h.p.admin.get('/configuration?only=settings')).json;
  return h.houses.find((x) => JSON.parse(x).settings['company.logo'] !== settings['company.logo']);
};
const houseFile = (name) => JSON.stringify({ zhike: 'configuration', format: 1, records: { tag: [{ name, color: 'red' }] } });

const SCENARIOS = {
  'a customer created with a contact': write(null, (h) => h.p.admin.post('/customers', customer({ tags: [h.tag.id], primary_contact: { name: '王芳', mobile: mobile() } }))),
  'the same created twice by one key': write(() => ({ key: `statement-${++n}`, body: customer() }), (h, x) => h.p.admin.post('/customers', x.body, { 'Idempotency-Key': x.key })),
  'a customer changed': write(stated(fresh), (h, x) => h.p.admin.patch(`/customers/${x.id}`, { name: `改${++n}公司`, level: 'normal', phone: mobile(), tags: [h.tag.id] }, { 'If-Match': x.etag })),
  'a customer deleted with what belongs to it': write(stated(async (h) => { const c = await fresh(h); await make(h.p.admin, 'contacts', contact(c.id)); await make(h.p.admin, 'follow-ups', followUp(c.id)); return c; }),
    (h, x) => h.p.admin.del(`/customers/${x.id}`, undefined, { 'If-Match': x.etag })),
  'a customer restored': write(async (h) => { const c = await fresh(h); await make(h.p.admin, 'contacts', contact(c.id)); assert.equal((await h.p.admin.delNow(`/customers/${c.id}`)).status, 204); return c; },
    (h, x) => h.p.admin.post(`/customers/${x.id}/restore`, {})),
  'a customer erased': write(async (h) => { const c = await fresh(h); await make(h.p.admin, 'contacts', contact(c.id)); assert.equal((await h.p.admin.delNow(`/customers/${c.id}`)).status, 204); await stepped(h); return c; },
    (h, x) => h.p.admin.post(`/customers/${x.id}/erase`, { reason: '本人要求' })),
  'a contact created': write(fresh, (h, x) => h.p.admin.post('/contacts', contact(x.id))),
  'a follow-up with a next time': write(fresh, (h, x) => h.p.admin.post('/follow-ups', followUp(x.id, { next_time: new Date(Date.now() + 86_400_000).toISOString() }))),
  'a task done': write(async (h) => { const c = await fresh(h); return make(h.p.admin, 'tasks', { title: word(), customer: c.id, owner: h.id.rep }); }, (h, x) => h.p.admin.patch(`/tasks/${x.id}`, { status: 'done' }, { 'If-Match': `"${x.version}"` })),
  'two customers merged': write(twice, (h, x) => h.p.admin.post('/customers/merge', x)),
  'two customers merged, tried': { ...write(twice, (h, x) => h.p.admin.post('/customers/merge', { ...x, preview: true })), reads: true },
  'a merge taken back': write(async (h) => { const made = await h.p.admin.post('/customers/merge', await twice(h)); assert.equal(made.status, 200, made.text); return made.json.merge; }, (h, x) => h.p.admin.post(`/merges/${x.id}/undo`)),
  'a customer handed over': write(async (h) => { const c = await fresh(h); await make(h.p.admin, 'contacts', contact(c.id)); return c; }, (h, x) => action('customers', x, 'transfer', { owner: h.id.rep2, reason: '换人' }, h.p.admin)),
  'a customer shared': write(fresh, (h, x) => action('customers', x, 'share', { with: h.id.rep2, right: 'read' }, h.p.admin)),
  'a share taken back': write(async (h) => { const c = await fresh(h); await action('customers', c, 'share', { with: h.id.rep2, right: 'read' }, h.p.admin); return c; }, (h, x) => action('customers', x, 'unshare', { with: h.id.rep2 }, h.p.admin)),
  'a masked value shown': write(async (h) => { assert.equal((await h.p.agent.stepUp()).status, 204); return h.c; }, (h, x) => action('customers', x, 'reveal', { field: 'phone' }, h.p.agent)),
  'an owner asked about a duplicate': write((h) => makeCustomer(h.p.rep), (h, x) => h.p.west_rep.post('/customers/actions/ask_owner', { name: x.name, message: '能不能一起跟' })),
  'a list with a filter': read((h) => `/customers?limit=20&sort=-created_at&fields=name,owner,phone,level,tags,contact_count&${filter(['and', ['level', '=', 'key'], ['owner.department', 'under', h.department]])}`, 'rep'),
  'a list searched': read(() => `/customers?limit=20&q=${encodeURIComponent('云杉')}`, 'manager'),
  'a list by a view': read((h) => `/customers?limit=20&view=${h.view.id}`, 'rep'),
  'a record': read((h) => `/customers/${h.c.id}`),
  'a record, masked': read((h) => `/customers/${h.c.id}`, 'agent'),
  'a timeline': read((h) => `/customers/${h.c.id}/timeline?limit=50`),
  'a timeline searched': read((h) => `/customers/${h.c.id}/timeline?limit=50&q=${encodeURIComponent('谈过')}`),
  'a history': read((h) => `/customers/${h.c.id}/history`),
  'the recycle bin': read(() => '/customers?deleted=true&limit=20'),
  'groups with sums': read(() => '/customers/groups?by=owner&sums=annual_revenue'),
  'a search over all': read(() => `/search?q=${encodeURIComponent('云杉')}&limit=20`, 'rep'),
  'duplicates looked for': { ...write(null, (h) => h.p.west_rep.post('/customers/duplicates', { name: h.repsCustomer.name, phone: h.repsCustomer.phone })), reads: true, counts: true },
  'favourites': read(() => '/favorites'),
  'a favourite starred': write(fresh, (h, x) => h.p.admin.post('/favorites', { entity: 'customer', id: x.id })),
  'a favourite dropped': write(async (h) => { const c = await fresh(h); await h.p.admin.post('/favorites', { entity: 'customer', id: c.id }); return c; }, (h, x) => h.p.admin.del(`/favorites/customer/${x.id}`)),
  'who I am': read(() => '/me', 'rep'),
  'the schema': read(() => '/schema/customer', 'rep'),
  'the whole schema': read(() => '/schema', 'rep'),
  'a metric': read(() => '/metrics/new_customers?period=month&last=3&by=owner&compare=previous', 'manager'),
  'a share of records': read(() => '/metrics/completeness', 'manager'),
  'a metric as a file': { ...read(() => '/metrics/new_customers/file?period=month&last=3&format=csv'), counts: true },
  'a dashboard created': write(null, (h) => h.p.admin.post('/dashboards', { name: word(), shared: 'private', cards: [{ metric: 'new_customers', kind: 'card' }] })),
  'the calendar': read(() => '/calendar?from=2026-02-01&to=2026-02-28'),
  'a saved view created': write(null, (h) => h.p.admin.post('/saved-views', { name: word(), entity: 'customer', filter: ['level', '=', 'key'] })),
  'a tag created': write(null, (h) => h.p.admin.post('/tags', { name: word() })),
  'a custom field created': { ...write((h) => stepped(h), (h) => h.p.admin.post('/custom-fields', { entity: 'customer', code: `cf_${++n}`, label_zh: word(), label_en: `field ${n}`, type: 'string' })), schema: true },
  'a role created': write((h) => stepped(h), (h) => h.p.admin.post('/roles', { code: `role_${++n}`, name: word(), rights: { rights: ['jobs'], entities: { customer: { scope: 'own', actions: 'read edit' } } } })),
  'a role changed': write(async (h) => { await stepped(h); return make(h.p.admin, 'roles', { code: `role_${++n}`, name: word(), rights: { rights: [] } }); },
    (h, x) => h.p.admin.patch(`/roles/${x.id}`, { rights: { rights: [], entities: { customer: { scope: 'all', actions: 'read' } } } }, { 'If-Match': `"${x.version}"` })),
  'somebody created': write((h) => stepped(h), (h) => h.p.admin.post('/users', { login: `duan${++n}`, name: word(), password: `Lang-genug-${n}-wort`, department: h.department })),
  'somebody disabled': write(async (h) => { await stepped(h); return make(h.p.admin, 'users', { login: `duan${++n}`, name: word(), password: `Lang-genug-${n}-wort` }); },
    (h, x) => h.p.admin.patch(`/users/${x.id}`, { status: 'disabled', handover_to: h.id.rep2 }, { 'If-Match': `"${x.version}"` })),
  'a department created': write(null, (h) => h.p.admin.post('/departments', { name: word(), code: `D${n}`, parent: h.department })),
  'a department moved': write((h) => make(h.p.admin, 'departments', { name: word(), code: `D${n}` }), (h, x) => h.p.admin.patch(`/departments/${x.id}`, { parent: h.department }, { 'If-Match': `"${x.version}"` })),
  'the setting of a name': write((h) => stepped(h), (h) => h.p.admin.patch('/settings', { 'company.name': word() })),
  'a logo in place of another': write(withLogo, (h) => h.p.admin.upload('/settings/logo', 'a.png', PICTURE)),
  'a logo taken away': write(withLogo, (h) => h.p.admin.del('/settings/logo')),
  'the settings': read(() => '/settings'),
  'signing in': write(null, (h) => { const who = h.server.anyone(); return who.post('/session', { login: 'rep2', password: passwordOf('rep2') }); }),
  'signing in with a wrong word': { ...write(null, (h) => h.server.anyone().post('/session', { login: 'niemand', password: 'falsch' })), refused: 401 },
  'signing out': write((h) => h.server.login('rep2', passwordOf('rep2')), (h, x) => x.del('/session')),
  'a second verification': write(null, (h) => h.p.admin.stepUp()),
  'a token made': write((h) => stepped(h), (h) => h.p.admin.post('/tokens', { name: word(), scopes: ['customer:read'] })),
  'a token taken back': write(async (h) => { await stepped(h); return make(h.p.admin, 'tokens', { name: word(), scopes: ['customer:read'] }); }, (h, x) => h.p.admin.del(`/tokens/${x.id}`)),
  'a token used': { threads: REQUEST, reads: true, counts: true, prepare: async (h) => { await stepped(h); return make(h.p.admin, 'tokens', { name: word(), scopes: ['customer:read'] }); },
    act: (h, x) => { const who = h.server.anyone({ token: x.token }); return who.get(`/customers/${h.c.id}`); } },
  'the sessions': read(() => '/sessions'),
  'one\'s own language': write(another((i) => ['light', 'dark'][i % 2]), (h, x) => h.p.rep2.patch('/me', { prefs: { look: { theme: x } } })),
  'a file uploaded': write(fresh, (h, x) => h.p.admin.upload(`/customers/${x.id}/attachments`, 'a.txt', Buffer.from(`断 ${++n}`), { type: 'text/plain' })),
  'a file deleted': write(async (h) => { const c = await fresh(h); return (await h.p.admin.upload(`/customers/${c.id}/attachments`, 'a.txt', Buffer.from(`断 ${++n}`), { type: 'text/plain' })).json; }, (h, x) => h.p.admin.del(`/attachments/${x.id}`)),
  'the files of a record': read((h) => `/customers/${h.c.id}/attachments`),
  'a file fetched': { ...read((h) => `/attachments/${h.file.id}/content`), counts: true },
  'a notification read': write(async (h) => { await make(h.p.admin, 'tasks', { title: word(), owner: h.id.rep2 }); return until(async () => (await h.p.rep2.get('/notifications?limit=1')).json.data.find((x) => !x.read_at), PATIENCE, 'a notification'); }, (h, x) => action('notifications', x, 'read', {}, h.p.rep2)),
  'the notifications': read(() => '/notifications?limit=20', 'rep2'),
  'an announcement made': write(null, (h) => h.p.admin.post('/announcements', { title: word(), body: '周五下午三点', audience: 'departments', departments: [h.department], need_ack: true })),
  'an announcement noted': write(async (h) => make(h.p.admin, 'announcements', { title: word(), body: '周五下午三点', audience: 'all', need_ack: true }), (h, x) => h.p.rep2.post(`/me/announcements/${x.id}/ack`, {})),
  'the announcements': read(() => '/me/announcements', 'rep'),
  'how one is told': write(another((i) => `${20 + (i % 3)}:00`), (h, x) => h.p.rep2.patch('/me/notify', { quiet: { from: x, to: '07:30' } })),
  'a record printed': { ...read((h) => `/customers/${h.c.id}/print?format=html`), counts: true, changing: true },
  'a print template made': write(null, (h) => h.p.admin.post('/print-templates', { name: word(), entity: 'customer', kind: 'report', body: '# {{name}}\n@fields\n@table contacts: name, mobile' })),
  'a print template tried': { ...write(null, (h) => h.p.admin.post('/print-templates/actions/preview', { template: { entity: 'customer', body: '# {{name}}\n@table contacts: name', lists: {} }, record: h.c.id })), reads: true, changing: true },
  'a rule made': write(null, (h) => h.p.admin.post('/rules', { name: word(), entity: 'customer', event: 'created', enabled: false, filter: ['level', '=', 'key'], actions: [{ do: 'set', values: { remark: '规则' } }] })),
  'a rule tried': { ...write(null, (h) => h.p.admin.post('/rules/actions/dry_run', { rule: { name: word(), entity: 'customer', event: 'created', filter: ['level', '=', 'key'], actions: [{ do: 'set', values: { remark: '规则' } }] } })), reads: true },
  'rules fired by a save': write(null, (h) => h.p.admin.post('/customers', customer({ source_detail: '规则' }))),
  'a change held by a flow': { ...write((h) => makeCustomer(h.p.rep, { level: 'key' }), (h, x) => h.p.rep.patch(`/customers/${x.id}`, { name: `改${++n}公司` }, { 'If-Match': `"${x.version}"` })), refused: 409 },
  'an approval filed': write((h) => makeCustomer(h.p.rep, { level: 'key' }), (h, x) => h.p.rep.post('/change-requests', { entity: 'customer', operation: 'edit', reason: '客户要求', record: x.id, input: { name: `新名${++n}公司` } })),
  'an approval looked at': read((h) => `/change-requests/${h.request.id}`, 'rep'),
  'an approval\'s changes': { ...write(null, (h) => action('change-requests', h.request, 'look', {}, h.p.manager)), reads: true },
  'an approval agreed to and carried out': write(requested, (h, x) => action('change-requests', x, 'agree', { comment: '好' }, h.p.manager)),
  'an approval refused': write(requested, (h, x) => action('change-requests', x, 'refuse', { comment: '不行' }, h.p.manager)),
  'an approval sent back': write(requested, (h, x) => action('change-requests', x, 'send_back', { comment: '改一下' }, h.p.manager)),
  'an approval withdrawn': write(requested, (h, x) => action('change-requests', x, 'withdraw', {}, h.p.rep)),
  'an approval passed on': write(requested, (h, x) => action('change-requests', x, 'delegate', { to: h.id.dept_head }, h.p.manager)),
  'somebody on leave': { ...write(async (h) => { await away(h, LEAVE); await away(h, {}); }, (h) => action('users', { id: h.id.manager }, 'away', { ...LEAVE, deputy: h.id.dept_head }, h.p.manager)), later: true },
  'somebody back again': { ...write((h) => away(h, LEAVE), (h) => action('users', { id: h.id.manager }, 'away', {}, h.p.manager)), later: true },
  'a change of many tried': { ...write(null, (h) => h.p.admin.post('/customers/bulk', { filter: ['level', '=', 'key'], action: 'update', values: { remark: '多' }, preview: true })), reads: true },
  'a change of many': job(async (h) => Promise.all([fresh(h), fresh(h), fresh(h)]), (h, x) => h.p.admin.post('/customers/bulk', { ids: x.map((c) => c.id), action: 'update', values: { remark: `多${++n}` } })),
  'a deletion of many': job(async (h) => { await stepped(h); return Promise.all([fresh(h), fresh(h)]); }, (h, x) => h.p.admin.post('/customers/bulk', { ids: x.map((c) => c.id), action: 'delete', values: {} })),
  'a change of many taken back': job(async (h) => {
    const rows = await Promise.all([fresh(h), fresh(h)]);
    const started = await h.p.admin.post('/customers/bulk', { ids: rows.map((c) => c.id), action: 'assign', values: { owner: h.id.rep2 } });
    assert.equal(started.status, 202, started.text);
    assert.equal((await h.p.admin.job(started.json.job.id)).state, 'done');
    return started.json.job;
  }, (h, x) => h.p.admin.post(`/jobs/${x.id}/undo`, {})),
  'a list exported': job(stepped, (h) => h.p.admin.post('/customers/export', { format: 'xlsx', fields: ['name', 'phone', 'owner'], filter: ['level', '=', 'key'] })),
  'a file sent to be imported': write(null, (h) => h.p.admin.upload('/imports', `${word()}.csv`, csv([['公司名称', '电话'], [`导入${++n}公司`, mobile()]]), { fields: { entity: 'customer' } })),
  'an import mapped': write((h) => imported(h, 'sent'), (h, x) => h.p.admin.patch(`/imports/${x.id}`, { sheets: [{ index: 0, entity: 'customer', mode: 'upsert', match: ['name'] }] })),
  'an import checked': importStep('sent', 'check'),
  'an import run': importStep('checked', 'run'),
  'an import taken back': importStep('ran', 'undo'),
  'the report of an import': read((h) => `/imports/${h.import.id}/report`),
  'the imports': read(() => '/imports'),
  'the mistakes of an import as a workbook': { ...read((h) => `/imports/${h.import.id}/errors.xlsx`), changing: true },
  'a template of an import': { ...read(() => '/import-templates/customer.xlsx?with=contacts'), changing: true },
  'the jobs': { ...read(() => '/jobs?limit=5'), changing: true },
  'the configuration': { ...read(() => '/configuration'), changing: true, counts: true },
  'a configuration compared': { ...write(() => houseFile(word()), (h, x) => h.p.admin.upload('/configuration/difference', 'c.json', x)), reads: true },
  'a configuration imported': write(async (h) => { await stepped(h); return houseFile(word()); }, (h, x) => h.p.admin.upload('/configuration/import', 'c.json', x)),
  'a configuration taken back': write(async (h) => { await stepped(h); return (await h.p.admin.upload('/configuration/import', 'c.json', houseFile(word()))).json; }, (h, x) => action('configuration-imports', x, 'undo', {}, h.p.admin)),
  'a configuration with files imported': write(otherHouse, (h, x) => h.p.admin.upload('/configuration/import', 'c.json', x)),
  'a configuration with files taken back': write(async (h) => { const made = await h.p.admin.upload('/configuration/import', 'c.json', await otherHouse(h)); assert.equal(made.status, 200, made.text); return made.json; },
    (h, x) => action('configuration-imports', x, 'undo', {}, h.p.admin)),
  'the audit log': { ...read(() => '/audit-logs?limit=20'), changing: true },
  'the audit log verified': { ...write(null, (h) => h.p.admin.post('/audit-logs/actions/verify', {})), reads: true, changing: true },
  'a pasted contact': { ...write(null, (h) => h.p.admin.post('/contacts/actions/parse', { text: '王芳 经理 13912345678 杭州云杉科技有限公司' })), reads: true },
  'a card of a contact': { ...write((h) => h.contact, (h, x) => action('contacts', x, 'vcard', {}, h.p.admin)), reads: true, changing: true },
  'a layout': write(async (h) => { await stepped(h); return make(h.p.admin, 'roles', { code: `role_${++n}`, name: word(), rights: { rights: [] } }); },
    (h, x) => h.p.admin.post('/layouts', { entity: 'customer', kind: 'list', role: x.code, definition: { fields: ['name', 'phone'] } })),
};

/** A company with what the scenarios read. */
async function house(engine) {
  const server = await startServer({ engine, company: true });
  try { return await furnish({ server }); } catch (e) { await server.stop(); throw e; }
}
async function furnish(h) {
  const { server } = h;
  await server.halt();
  for (const name of ['SEARCH', 'REVEAL', 'DUPLICATE_FOREIGN']) server.env[`ZHIKE_LIMIT_${name}`] = '100000/h';
  server.env.ZHIKE_LIMIT_EXPORT_ROWS = '1000000/day';
  h.shim = new Statements(server);
  await h.shim.launch();
  h.p = await makeCompany(server, { only: ['rep', 'rep2', 'manager', 'dept_head', 'west_rep', 'agent'] });
  h.id = Object.fromEntries(Object.entries(h.p).filter(([, c]) => c?.user).map(([name, c]) => [name, c.user.id]));
  await stepped(h);
  assert.equal((await h.p.admin.patch('/settings', { 'company.name': word() })).status, 200);
  const departments = (await h.p.admin.get('/departments?limit=50&fields=code')).json.data;
  h.department = departments.find((d) => d.code === 'SALES_EAST').id;
  assert.equal((await h.p.admin.patchNow(`/departments/${h.department}`, { manager: h.id.manager })).status, 200);
  h.tag = await make(h.p.admin, 'tags', { name: word() });
  h.c = await makeCustomer(h.p.admin, { level: 'key', tags: [h.tag.id] });
  h.contact = await make(h.p.admin, 'contacts', contact(h.c.id));
  await make(h.p.admin, 'follow-ups', followUp(h.c.id));
  await make(h.p.admin, 'tasks', { title: word(), customer: h.c.id });
  await h.p.admin.post('/favorites', { entity: 'customer', id: h.c.id });
  h.file = (await h.p.admin.upload(`/customers/${h.c.id}/attachments`, 'a.txt', Buffer.from('断'), { type: 'text/plain' })).json;
  h.repsCustomer = await makeCustomer(h.p.rep);
  h.view = await make(h.p.admin, 'saved-views', { name: word(), entity: 'customer', filter: ['owner', '=', 'me'], shared: 'everyone' });
  await make(h.p.admin, 'announcements', { title: word(), body: '周五', audience: 'all' });
  await make(h.p.admin, 'rules', { name: word(), entity: 'customer', event: 'created', enabled: true, filter: ['source_detail', '=', '规则'], actions: [{ do: 'set', values: { remark: '规则' } }, { do: 'task', title: '跟进 {name}', for: ['owner'], days: 1 }, { do: 'notify', to: ['rule_owner'], title: '{name}' }, { do: 'assign', how: 'round_robin', users: [h.id.rep2] }] });
  await make(h.p.admin, 'approval-flows', { name: word(), entity: 'customer', on_edit: true, on_delete: true, fields: ['name'], filter: ['level', '=', 'key'], steps: [{ who: 'department_head' }] });
  h.request = await requested(h);
  h.import = await imported(h, 'ran');
  h.state = new State(server);
  await server.quiet();
  return h;
}

/** Nothing runs any more: what a request left behind (a job, a letter) is done. */
const idle = (h) => until(async () => {
  const { text } = await h.server.anyone().get('//metrics');
  const of = (state) => Number(new RegExp(`^zhike_jobs\\{state="${state}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return of('queued') === 0 && of('running') === 0;
}, PATIENCE * slow, 'the end of the jobs');

const clean = (answer, s) => (s.refused ? answer.status === s.refused : answer.status >= 200 && answer.status < 300);
/** What an answer said, without what is of the moment. */
const said = (answer) => answer.text.replace(/"trace_id":"[^"]*"/g, '');

/** What a job changed, without the job itself and what is told to listeners: it may have begun several times. */
const kept = (sum) => sum.split(', ').filter((t) => !/^(job|change_log) /.test(t)).join(', ');

async function walk(h, name, s, faults, sample, report) {
  // the whole takes hours: a second verification holds for minutes, and some of its tries are spoiled on the way
  await h.state.forgetTries();
  await stepped(h);
  let x = s.prepare ? await s.prepare(h) : null, used;
  const threads = s.threads;
  // what only reads is looked at once, at the end
  const state = async (last = false) => { if (s.reads && !last) return new Map(); await idle(h); return h.state.read(); };
  const atFirst = await state(true);
  // once as it should be: what it changes, how many statements it is, and what it answers
  let before = await state();
  h.shim.arm(faults[0], 1_000_000, threads);
  const good = await s.act(h, x);
  const { calls } = h.shim.disarm();
  assert.ok(clean(good, s), `${name}: ${good.status} ${good.text}`);
  let after = await state();
  const expected = difference(before, after).sum;
  used = !s.reads;
  const list = sample ? sample(calls) : Array.from({ length: calls + 20 }, (_, i) => i + 1);
  for (const fault of faults) {
    await h.state.forgetTries();
    if (!s.reads) { await stepped(h); after = await state(); }
    for (const at of list) {
        // what begins again seconds later: each statement with one of the faults
        if ((s.job || s.later) && !sample && at % faults.length !== faults.indexOf(fault)) continue;
        if (used && s.prepare) { x = await s.prepare(h); after = await state(); }
        before = after;
        used = false;
        h.shim.arm(fault, at, threads);
        const asked = Date.now();
        const answer = await s.act(h, x);
        const took = Date.now() - asked;
        const { hits, text } = h.shim.disarm();
        const what = `${name}: ${fault.name} at statement ${at} (${text || 'not met'}) → ${answer.status} ${answer.text.slice(0, 300)}`;
        after = await state();
        let done = difference(before, after);
        // what waits for who went or came moves at once, or when the keeper looks again
        if (s.later && hits && clean(answer, s)) await until(async () => { after = await state(); done = difference(before, after); return kept(done.sum) === kept(expected); }, PATIENCE, `${name}: the rest`);
        const rows = () => `${what}\n+ ${done.added.map((r) => r.slice(0, 300)).join('\n+ ')}\n- ${done.removed.map((r) => r.slice(0, 300)).join('\n- ')}\nit should be nothing or: ${expected}`;
        report.tries++;
        if (process.env.ZHIKE_STATEMENT_TELL === '2') console.log(what.slice(0, 200), hits, `${took} ms`);
        report.hits += hits;
        if (clean(answer, s)) {
          if (s.reads && !s.changing) assert.equal(said(answer), said(good), `${what}: another answer`);
          if (!(s.job || s.later) || !hits) assert.equal(done.sum, expected, rows());
          else assert.equal(kept(done.sum), kept(expected), rows());
          used = !s.reads;
        } else {
          const key = `${answer.status} ${answer.json?.code ?? answer.json?.state ?? ''}`;
          report.told[key] = (report.told[key] ?? 0) + 1;
          assert.ok(hits > 0, `${what}, and nothing failed`);
          assert.ok([503, 507].includes(answer.status) && answer.json?.detail, what);
          if (s.job) used = true;
          else if (done.sum) {
            assert.ok(answer.json.code === 'commit_unknown' && done.sum === expected, rows());
            used = true;
          }
        }
        if (!hits && !sample && !s.job) break;
    }
  }
  if (s.reads && !s.counts) {
    const left = difference(atFirst, await state(true)).sum;
    assert.equal(left, '', `${name} reads, and has changed ${left}`);
  }
  if (every) await whole(h, name);
}
async function whole(h, name) {
  const check = await h.server.cli('check');
  assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n', name);
}

for (const engine of ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])].filter((e) => e === (process.env.ZHIKE_STATEMENT_ENGINE || e)))
  test(`every statement of every scenario fails once, on ${engine}`, { timeout: 10_800_000 }, async (t) => {
    const h = await house(engine);
    const report = { tries: 0, hits: 0, told: {} };
    try {
      let scenario = 0;
      for (const [name, s] of Object.entries(SCENARIOS)) {
        if (only && !only.test(name)) continue;
        const begun = Date.now(), tries = report.tries;
        const from = h.server.log.length;
        const faults = FAULTS[engine].slice(0, kinds).filter((f) => !onlyFault || onlyFault.test(f.name)), turn = scenario++;
        if (!every && turn % (engine === 'pg' ? 12 : 6) !== (engine === 'pg' ? 3 : 0)) continue;
        await t.test(name, async () => {
          try { await walk(h, name, s, every ? faults : [faults[Math.floor(turn / 6) % faults.length]], every ? null : (calls) => [1 + ((turn * 7919) % Math.max(1, calls))], report); } catch (e) {
            h.shim.disarm();
            e.message += `\n${h.server.log.slice(from).split('\n').filter((l) => /"level":"(error|warn)/.test(l)).slice(-4).join('\n')}`;
            throw e;
          }
        });
        if (process.env.ZHIKE_STATEMENT_TELL) console.log(`${name}: ${report.tries - tries} tries, ${Date.now() - begun} ms`);
      }
      await whole(h, 'at the end');
      console.log(`statements on ${engine}: ${report.tries} tries, ${report.hits} struck; ${JSON.stringify(report.told)}`);
    } finally {
      h.shim.end();
      await h.server.stop();
    }
  });

test('what failed in the midst is neither denied nor kept from the next one', async () => {
  const h = await house('sqlite');
  const [io, , busy] = FAULTS.sqlite;
  const { admin } = h.p;
  const struck = async (fault, match, act, times = 1) => {
    h.shim.arm(fault, 1, REQUEST, { match, times });
    const answer = await act();
    assert.ok(h.shim.disarm().hits > 0, `${match} was not met`);
    return answer;
  };
  try {
    // the end of a transaction that only read was refused: the connection went back with it open, and nobody could read over it any more
    await struck(busy, 'COMMIT', () => admin.get(`/customers/${h.c.id}`), 100);
    for (let i = 0; i < 40; i++) {
      const answer = await admin.get(`/customers/${h.c.id}`);
      assert.equal(answer.status, 200, answer.text);
    }
    // the record of a file could not be read: that is not "there is none"
    for (const act of [() => admin.get(`/attachments/${h.file.id}/content`), () => admin.del(`/attachments/${h.file.id}`)]) {
      const answer = await struck(io, 'SELECT t0."id", t0."version"', act, 100);
      assert.equal(answer.status, 503, answer.text);
    }
    assert.equal((await admin.get(`/attachments/${h.file.id}/content`)).status, 200);
    // it was saved, and then could not be read for the answer: nobody may say that it was not
    const sentFile = await struck(io, 'SELECT "file_name", "mime"', () => admin.upload(`/customers/${h.c.id}/attachments`, 'b.txt', Buffer.from('乙'), { type: 'text/plain' }), 100);
    assert.deepEqual([sentFile.status, sentFile.json.code], [503, 'commit_unknown'], sentFile.text);
    // whether there is a second factor could not be asked: that is not "none is set up"
    const stepUp = await struck(io, 'SELECT u."factor_mobile"', () => admin.stepUp(), 100);
    assert.equal(stepUp.status, 503, stepUp.text);
    // numbers are taken in blocks, by writes of their own: they do not make "nobody knows" of a record that is certainly not there
    await stepped(h);
    const before = await h.state.read();
    for (let i = 0; i < 3; i++) {
      const refused = await struck(io, 'INSERT INTO "customer"', () => admin.post('/customers', customer()));
      assert.deepEqual([refused.status, refused.json.code], [503, 'busy'], refused.text);
    }
    // the file of an import without the import
    const sent = await struck(io, 'INSERT INTO "import_job"', () => admin.upload('/imports', 'a.csv', csv([['公司名称'], ['半个公司']]), { fields: { entity: 'customer' } }));
    assert.deepEqual([sent.status, sent.json.code], [503, 'busy'], sent.text);
    // the picture without the setting that names it, and the setting without a picture
    for (const match of ['INSERT INTO "setting"', 'UPDATE "attachment"']) {
      const logo = await struck(io, match, () => admin.upload('/settings/logo', 'a.png', PICTURE));
      assert.deepEqual([logo.status, logo.json.code], [503, 'busy'], logo.text);
    }
    assert.equal((await admin.get('/welcome')).json.logo, null);
    assert.equal(difference(before, await h.state.read()).sum, '');
    await whole(h, 'at the end');
  } finally {
    h.shim.end();
    await h.server.stop();
  }
});
