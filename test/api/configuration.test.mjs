// Configuration as a file: what an administrator set leaves one house and comes into another, on the other engine, byte for byte;
// what would lose data is refused before anything is written; an import that is taken back leaves no trace but its own row.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, passwordOf, startServer, until } from '../lib/index.mjs';
import { rowsOf } from '../lib/recount.mjs';

const other = defaultEngine === 'pg' ? 'sqlite' : process.env.ZHIKE_TEST_PG_URL ? 'pg' : 'sqlite';

const person = (login, department, role) => ({ login, name: `人${login}`, department, roles: [role], password: passwordOf(login), must_change: false });
const house = {
  departments: [{ code: 'HQ', name: '总部' }, { code: 'SALES', name: '销售部', parent: 'HQ' }, { code: 'EAST', name: '华东组', parent: 'SALES' }],
  users: [person('boss', 'HQ', 'management'), person('rep', 'EAST', 'sales_rep')],
};
const admins = [person('sysadmin', 'HQ', 'system_admin'), person('secadmin', 'HQ', 'security_admin')];

/** A POST of a file of configuration. */
const send = (who, what, file, fields = {}) =>
  who.upload(`/configuration/${what}`, 'c.json', typeof file === 'string' ? file : JSON.stringify(file), { fields });
const difference = (who, file, fields) => send(who, 'difference', file, fields);
async function apply(who, file, fields) {
  await who.stepUp();
  return send(who, 'import', file, fields);
}
const exported = async (who, only = '') => (await who.get(`/configuration${only && `?only=${only}`}`)).text;
const file = (records, settings) => ({ zhike: 'configuration', format: 1, ...(settings ? { settings } : {}), records });
const made = async (who, path, body) => {
  const a = await who.post(path, body);
  assert.equal(a.status, 201, `${path}: ${a.text}`);
  return a.json.id;
};
/** The whole database without what tells of the import itself, nor versions and who changed a row when: an undo is a change. */
async function hash(server) {
  const { stdout } = await server.cliOk('dump', '--logical', '--sorted');
  const lines = stdout.split('\n').filter((l) => !/^\{"table":"(audit_log|configuration_import)"/.test(l))
    .map((l) => l.replace(/,"(version|updated_at|updated_by_id)":[^,}]*/g, ''));
  return { digest: createHash('sha256').update(lines.join('\n')).digest('hex'), lines };
}
const part = (json, name) => json.parts.find((p) => p.entity === name);
const places = (json) => json.problems.map((p) => p.place);

/** Something of everything, with references of every kind. */
async function furnish(who, ids) {
  await who.stepUp();
  await who.patch('/settings', { 'company.name': '云杉科技', 'home.idle_days': '21', 'format.date': 'YYYY年M月D日' });
  for (const [code, type, more] of [['park', 'string', { validation: { max: 40 } }], ['rank', 'option', { options: { b: { zh: '乙', en: 'B' }, a: { zh: '甲', en: 'A' } } }],
    ['area', 'decimal', { validation: { scale: 3 } }], ['since', 'date', {}], ['sponsor', 'link', { link_to: 'user' }], ['kinds', 'multi_option', { options: { x: { zh: '一' }, y: { zh: '二' } } }]])
    await made(who, '/custom-fields', { entity: 'customer', code, label_zh: `字段${code}`, type, in_list: code === 'park', ...more });
  const gone = await made(who, '/custom-fields', { entity: 'contact', code: 'fax', label_zh: '传真', type: 'string' });
  assert.equal((await who.post(`/custom-fields/${gone}/actions/retire`, {})).status, 200);
  const role = await made(who, '/roles', { code: 'helper', name: '帮手', rights: { rights: ['jobs'], entities: { customer: { scope: 'own', actions: 'read edit' } } }, hidden_menus: ['task'] });
  await made(who, '/layouts', { entity: 'customer', kind: 'list', definition: { fields: ['name', 'park'] } });
  await made(who, '/layouts', { entity: 'customer', kind: 'list', role: 'helper', rank: 3, definition: { fields: ['name'] } });
  const numbers = (await who.get(`/number-rules?filter=${encodeURIComponent('["entity","=","customer"]')}`)).json.data[0];
  assert.equal((await who.patchNow(`/number-rules/${numbers.id}`, { pattern: 'K{yyyyMM}{seq:5}', reset: 'month' })).status, 200);
  await made(who, '/message-templates', { name: '通知 “邮件”', kind: 'notice', medium: 'mail', language: 'zh-CN', subject: '{{title}}', body: '您好 {{name}}\n{{text}}\n{{link}}' });
  await made(who, '/channels', { name: '邮箱', kind: 'mail', url: 'smtp://127.0.0.1:2525', account: 'u', secret: 'streng-geheim', sender: 'crm@example.cn' });
  const hook = await made(who, '/channels', { name: 'ERP', kind: 'webhook', url: 'https://erp.example.com/in', events: 'task.created', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
  await made(who, '/metric-defs', { name: 'big_ones', label_zh: '大客户', entity: 'customer', filter: ['and', ['owner', '=', ids.boss], ['rank', '=', 'a']], measure: 'count', position: 3 });
  await made(who, '/dashboards', { name: '老板看板', cards: [{ kind: 'card', metric: 'big_ones' }], shared: 'roles', for_roles: [role] });
  await made(who, '/dashboards', { name: '我的', cards: [{ kind: 'card', metric: 'big_ones' }], shared: 'private' });
  await made(who, '/saved-views', { name: '华东的', entity: 'customer', filter: ['owner_department', 'under', ids.east], columns: ['name', 'park'], shared: 'everyone', default_for: ['helper'] });
  await made(who, '/saved-views', { name: '私人', entity: 'customer', filter: ['owner', '=', 'me'], shared: 'private' });
  await made(who, '/tags', { name: '重点', color: 'red', tag_group: '等级' });
  await made(who, '/tags', { name: '只给我', shared: 'personal' });
  await made(who, '/approval-flows', { name: '改名', entity: 'customer', on_edit: true, fields: ['name'], filter: ['owner', 'in', [ids.rep, ids.boss]], steps: [{ who: 'user', user: ids.boss }, { who: 'role', role: 'helper', mode: 'all', hours: 8 }] });
  await made(who, '/rules', { name: '分配', entity: 'customer', event: 'created', enabled: true, filter: ['and', ['park', 'is_null', null], ['sponsor', '!=', ids.rep]],
    actions: [{ do: 'assign', how: 'round_robin', users: [ids.rep, ids.boss], department: ids.east }, { do: 'set', values: { sponsor: ids.boss, rank: 'a' } },
      { do: 'notify', to: ['owner', ids.boss], title: '新客户 {name}' }, { do: 'webhook', channel: hook }] });
  await made(who, '/print-templates', { name: '任务表', entity: 'customer', kind: 'report', body: '# {{name}}', lists: { mine: { of: 'tasks', filter: ['owner', '=', ids.rep] } } });
  for (let i = 0; i < 2; i++)
    await made(who, '/rules', { name: '同名', entity: 'task', event: 'updated', fields: ['title'], filter: ['title', '=', `第${i}`], actions: [{ do: 'notify', to: ['owner'], title: 'x' }] });
}
/** Ids of people and departments of makeCompany, as this house has them. */
async function idsOf(who) {
  const ids = {};
  for (const u of (await who.get('/users?limit=100&fields=login')).json.data) ids[u.login] = u.id;
  for (const d of (await who.get('/departments?limit=100&fields=name')).json.data) if (d.name === '华东组') ids.east = d.id;
  return ids;
}

describe('from house to house', () => {
  let a, b, admin, there, text;
  before(async () => {
    [a, b] = await Promise.all([startServer({ users: house }), startServer({ users: house, engine: other })]);
    [admin, there] = [await a.admin(), await b.admin()];
    await Promise.all([a.quiet(), b.quiet()]); // whole dumps are compared below
    await furnish(admin, await idsOf(admin));
    text = await exported(admin);
  });
  after(async () => { await a?.stop(); await b?.stop(); });

  test('the file is readable: names instead of ids, no secret, nothing of one person', async () => {
    const { json, headers } = await admin.get('/configuration');
    assert.match(headers.get('content-disposition'), /attachment; filename="zhike-configuration-\d{4}-\d\d-\d\d\.json"/);
    const r = json.records;
    assert.deepEqual(json.settings, { 'company.name': '云杉科技', 'format.date': 'YYYY年M月D日', 'home.idle_days': '21' });
    assert.doesNotMatch(text, /streng-geheim|whsec_|\d{12}/);
    assert.ok(text.includes('"您好 {{name}}\\n{{text}}'), 'Chinese stays readable');
    assert.deepEqual(r.channel.map((x) => [x.kind, x.name, x.secret]), [['mail', '邮箱', { to_enter: true }], ['webhook', 'ERP', { to_enter: true }]]);
    const rule = r.rule.find((x) => x.name === '分配');
    assert.equal(rule.owner, 'admin');
    assert.deepEqual(rule.actions[0], { do: 'assign', how: 'round_robin', users: [{ user: 'rep' }, { user: 'boss' }], department: { department: '总部/销售部/华东组' } });
    assert.deepEqual(rule.actions[1].values, { sponsor: { user: 'boss' }, rank: 'a' });
    assert.deepEqual(rule.actions[3], { do: 'webhook', channel: { channel: 'webhook/ERP' } });
    assert.deepEqual(rule.filter, ['and', ['park', 'is_null', null], ['sponsor', '!=', { user: 'rep' }]]);
    assert.deepEqual(r.rule.filter((x) => x.name === '同名').map((x) => x.nth), [undefined, 2]);
    assert.deepEqual(r.approval_flow[0].steps[0], { who: 'user', user: { user: 'boss' } });
    const boards = r.dashboard.filter((x) => x.shared !== 'everyone');
    assert.deepEqual(boards.map((x) => x.name), ['老板看板']);
    assert.deepEqual(boards[0].for_roles, ['helper']);
    assert.deepEqual(r.saved_view.map((x) => x.name), ['华东的']);
    assert.deepEqual(r.print_template.find((x) => x.name === '任务表').lists.mine.filter, ['owner', '=', { user: 'rep' }]);
    assert.deepEqual(r.tag.map((x) => x.name), ['重点']);
    assert.equal(r.custom_field.find((x) => x.code === 'fax').retired, true);
    assert.deepEqual(Object.keys(r.custom_field.find((x) => x.code === 'rank').options), ['b', 'a'], 'options keep their order');
    assert.equal(text, await exported(admin), 'the same house, the same bytes');
    assert.equal((await a.cliOk('configuration', 'export')).stdout, text, 'the command line gives the same');
  });

  test('here it changes nothing', async () => {
    const { status, json } = await difference(admin, text);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.same, true);
    assert.deepEqual([json.parts, json.settings, json.problems, json.missing], [[], [], [], []]);
  });

  test('into an empty house on the other engine: the difference, then the same bytes, then as it was', async () => {
    const was = await hash(b);
    const { status, json } = await difference(there, text);
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json.problems, []);
    assert.equal(part(json, 'custom_field').added.length, 7);
    assert.equal(part(json, 'rule').added.length, 3);
    assert.deepEqual(json.secrets.map((s) => s.key), ['mail/邮箱', 'webhook/ERP']);
    assert.deepEqual(json.settings.find((s) => s.name === 'home.idle_days').to, '21');
    assert.deepEqual((await hash(b)).digest, was.digest, 'looking writes nothing');
    const done = await apply(there, text, { expect: json.state });
    assert.equal(done.status, 200, done.text);
    assert.deepEqual([done.json.left.parts, done.json.left.settings], [[], []]);
    assert.equal(await exported(there), text);
    assert.equal((await difference(there, text)).json.same, true);
    const schema = (await there.get('/schema/customer')).json;
    assert.equal(schema.fields.find((f) => f.name === 'area').scale, 3);
    assert.ok(schema.fields.find((f) => f.name === 'park').custom);
    const c = await there.post('/customers', { name: '甲公司', phone: '13900000001', industry: 'it', source: 'website', park: 'P1' });
    assert.equal(c.status, 201, c.text);
    assert.match(c.json.number, /^K\d{11}$/, 'numbers follow the rule that came');
    const back = await there.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(back.status, 409, back.text);
    assert.deepEqual(back.json.errors.map((e) => e.field), ['custom_field[customer/park]'], 'a field that was filled in since');
    await there.patchNow(`/customers/${c.json.id}`, { park: null });
    const beside = await hash(b);
    const undone = await there.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 204, undone.text);
    const now = (await hash(b)).lines, rows = new Set(beside.lines), then = new Set(was.lines);
    // the customer is the only thing that was not there before
    assert.deepEqual(now.filter((l) => !then.has(l) && !rows.has(l)).filter((l) => !/"table":"(customer|history|number_counter)"/.test(l)), []);
    assert.equal((await there.get('/schema/customer')).json.fields.find((f) => f.name === 'park'), undefined);
    assert.equal((await there.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 409, 'once');
    assert.match((await b.cliOk('check')).stdout, /no findings/);
  });

  test('undo leaves the dump as it was, and the same may come again', async () => {
    const was = await hash(b);
    for (let i = 0; i < 2; i++) {
      const done = await apply(there, text);
      assert.equal(done.status, 200, done.text);
      assert.notEqual((await hash(b)).digest, was.digest);
      const seen = await there.get(`/configuration-imports/${done.json.id}`);
      assert.equal(seen.json.state, 'done');
      assert.equal(seen.json.difference, undefined);
      const look = await there.post(`/configuration-imports/${done.json.id}/actions/look`, {});
      assert.equal(look.json.parts.length, done.json.parts.length);
      assert.equal(seen.json.images, undefined);
      const undone = await there.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
      assert.equal(undone.status, 204, undone.text);
      const now = await hash(b);
      assert.deepEqual(now.lines.filter((l) => !was.lines.includes(l)), []);
      assert.equal(now.digest, was.digest);
    }
    const row = (await there.get('/configuration-imports?limit=1')).json.data[0];
    assert.equal(row.state, 'undone');
    // a field of another type under a name that was there: its column is made anew
    const done = await apply(there, file({ custom_field: [{ entity: 'customer', code: 'park', label_zh: '车位数', type: 'int' }] }));
    assert.equal(done.status, 200, done.text);
    const c = await there.post('/customers', { name: '乙公司', phone: '13900000002', industry: 'it', source: 'website', park: 7 });
    assert.equal(c.status, 201, c.text);
    assert.equal(c.json.park, 7);
  });

  test('undo puts back what was changed and removed', async () => {
    const start = text.replace('"helper",\n        "name": "帮手"', '"helper",\n        "name": "助手"').replaceAll('#5', '#5');
    assert.notEqual(start, text);
    const was = await hash(a);
    const changed = JSON.parse(text);
    changed.records.rule.find((r) => r.name === '分配').position = 7;
    changed.records.custom_field.find((f) => f.code === 'park').label_zh = '停车位';
    changed.records.tag = [];
    changed.records.layout = changed.records.layout.filter((l) => !l.role);
    changed.records.channel = changed.records.channel.filter((l) => l.kind === 'webhook');
    changed.records.custom_field = changed.records.custom_field.filter((f) => f.code !== 'since');
    delete changed.settings['home.idle_days'];
    const d = (await difference(admin, changed, { unlisted: 'remove' })).json;
    assert.deepEqual(d.problems, []);
    assert.deepEqual(part(d, 'rule').changed[0].changes, [{ field: 'position', label: part(d, 'rule').changed[0].changes[0].label, from: 100, to: 7 }]);
    assert.deepEqual(part(d, 'tag').removed.map((x) => x.key), ['重点']);
    assert.deepEqual(part(d, 'custom_field').removed.map((x) => x.key), ['customer/since']);
    assert.deepEqual(d.settings.map((s) => [s.name, s.from, s.to]), [['home.idle_days', '21', null]]);
    const kept = (await difference(admin, changed)).json;
    assert.deepEqual(part(kept, 'tag').unlisted.map((x) => x.key), ['重点']);
    assert.deepEqual(part(kept, 'tag').removed, []);
    const done = await apply(admin, changed, { unlisted: 'remove' });
    assert.equal(done.status, 200, done.text);
    assert.equal((await admin.get('/tags?q=')).json.data.filter((t) => t.name === '重点').length, 0);
    assert.equal((await admin.get('/custom-fields?filter=' + encodeURIComponent('["code","=","since"]'))).json.data[0].retired, true);
    const undone = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 204, undone.text);
    const now = await hash(a);
    assert.deepEqual(now.lines.filter((l) => !was.lines.includes(l)), []);
    assert.equal(now.digest, was.digest);
    assert.equal(await exported(admin), text);
  });

  test('the house changed since the difference was looked at', async () => {
    const changed = text.replace('"position": 100', '"position": 9');
    const { json } = await difference(admin, changed);
    const id = await made(admin, '/tags', { name: '刚加的' });
    const done = await apply(admin, changed, { expect: json.state });
    assert.equal(done.status, 412, done.text);
    await admin.delNow(`/tags/${id}`);
  });
});

describe('what is refused', () => {
  let s, admin, ids;
  before(async () => {
    s = await startServer({ users: { ...house, users: [...house.users, ...admins] }, env: { ZHIKE_CONFIGURATION_MAX_SIZE: '256KB' } });
    admin = await s.admin();
    await s.quiet();
    ids = await idsOf(admin);
    await furnish(admin, ids);
    await made(admin, '/customers', { name: '丙公司', phone: '13900000003', industry: 'it', source: 'website', park: '一二三四五六', rank: 'b', area: '1.250', kinds: ['x', 'y'], since: '2026-01-02', tags: [{ name: '重点' }] });
    const helper = (await admin.get('/roles?filter=' + encodeURIComponent('["code","=","helper"]'))).json.data[0].id;
    const rep = (await admin.get(`/users/${ids.rep}`)).json;
    await admin.stepUp();
    assert.equal((await admin.patchNow(`/users/${ids.rep}`, { roles: [...rep.roles.map((r) => r.id), helper] })).status, 200);
  });
  after(() => s?.stop());

  test('is refused by name, all at once, before anything is written', async () => {
    const f = JSON.parse(await exported(admin));
    const field = (code) => f.records.custom_field.find((x) => x.code === code);
    field('park').validation = { max: 5 };
    delete field('rank').options.b;
    delete field('kinds').options.y;
    field('area').validation = { scale: 1 };
    field('sponsor').type = 'string';
    field('since').retired = true;
    f.records.role = f.records.role.filter((r) => r.code !== 'helper');
    f.records.tag = [];
    f.records.rule[0].owner = 'nobody_here';
    f.settings['home.idle_days'] = '22';
    const was = await hash(s);
    const { status, json } = await difference(admin, f, { unlisted: 'remove' });
    assert.equal(status, 200, JSON.stringify(json));
    const want = ['custom_field[customer/sponsor].type', 'custom_field[customer/park].validation', 'custom_field[customer/rank].options', 'custom_field[customer/kinds].options', 'custom_field[customer/area].validation',
      'custom_field[customer/since].retired', 'role[helper]', 'tag[重点]', 'rule[customer/分配].owner'];
    assert.deepEqual(new Set(places(json)), new Set(want), JSON.stringify(json.problems, null, 1));
    assert.deepEqual(json.missing.map((m) => [m.entity, m.key]), [['user', 'nobody_here']]);
    for (const p of json.problems) assert.doesNotMatch(p.message, /\{\d\}/, p.message);
    const done = await apply(admin, f, { unlisted: 'remove' });
    assert.ok([409, 422].includes(done.status), done.text);
    assert.deepEqual(new Set(done.json.errors.map((e) => e.field)), new Set(want));
    assert.equal((await hash(s)).digest, was.digest);
    assert.equal((await admin.get('/settings')).json.data.find((x) => x.name === 'home.idle_days').value, '21');
  });

  test('what the engine refuses is told of all rows, and nothing of the others is kept', async () => {
    const was = await hash(s);
    const f = file({
      rule: [{ name: 'gut', entity: 'task', event: 'updated', actions: [{ do: 'notify', to: ['owner'], title: 'x' }] },
        { name: '坏一', entity: 'task', event: 'updated', filter: ['no_such', '=', 1], actions: [{ do: 'notify', to: ['owner'], title: 'x' }] },
        { name: '坏二', entity: 'task', event: 'idle', actions: [{ do: 'fly' }] }],
      message_template: [{ name: 'x', kind: 'digest', medium: 'sms', language: 'en', body: '{{nonsense}}' }],
      custom_field: [{ entity: 'customer', code: 'fine', label_zh: '好', type: 'int' }],
    }, { 'bin.days': '7' });
    const { json } = await difference(admin, f);
    assert.deepEqual(new Set(places(json)), new Set(['rule[task/坏一].filter', 'rule[task/坏二].actions', 'rule[task/坏二].days', 'message_template[digest/sms/en].body']), JSON.stringify(json.problems));
    const done = await apply(admin, f);
    assert.equal(done.status, 400, done.text);
    assert.equal((await hash(s)).digest, was.digest);
    const bad = await difference(admin, file({ custom_field: [{ entity: 'customer', code: 'name', label_zh: '名', type: 'int' }, { entity: 'nowhere', code: 'x', label_zh: '名', type: 'int' }, { entity: 'customer', code: 'ok', label_zh: '名', type: 'int' }] }));
    assert.deepEqual(new Set(places(bad.json).map((p) => p.replace(/\..*/, ''))), new Set(['custom_field[customer/name]', 'custom_field[nowhere/x]']));
  });

  test('somebody takes the place of who is missing', async () => {
    const f = file({ rule: [{ name: '转交', entity: 'task', owner: 'gone1', event: 'updated', enabled: true, actions: [{ do: 'notify', to: [{ user: 'gone2' }, 'owner'], title: 'x' }] }],
      saved_view: [{ name: '别人的', entity: 'customer', owner: 'gone1', shared: 'everyone', filter: ['owner_department', '=', { department: '不存在的部门' }] }] });
    const { json } = await difference(admin, f);
    assert.deepEqual(json.missing.map((m) => `${m.entity} ${m.key}`).sort(), ['department 不存在的部门', 'user gone1', 'user gone2']);
    const map = JSON.stringify({ user: { gone1: 'admin', gone2: 'boss' }, department: { 不存在的部门: '总部/销售部' } });
    const done = await apply(admin, f, { map });
    assert.equal(done.status, 200, done.text);
    const out = JSON.parse(await exported(admin, 'rule,saved_view'));
    assert.deepEqual(Object.keys(out), ['zhike', 'format', 'records']);
    assert.deepEqual(out.records.rule.find((r) => r.name === '转交').actions[0].to, [{ user: 'boss' }, 'owner']);
    assert.deepEqual(out.records.saved_view.find((r) => r.name === '别人的').filter[2], { department: '总部/销售部' });
  });

  test('a rule of somebody else comes switched off, and that is said', async () => {
    const f = file({ rule: [{ name: '老板的', entity: 'task', owner: 'boss', event: 'updated', enabled: true, actions: [{ do: 'notify', to: ['owner'], title: 'x' }] }] });
    const { json } = await difference(admin, f);
    assert.deepEqual(json.problems, []);
    assert.deepEqual(part(json.left, 'rule').changed[0].changes.map((c) => [c.field, c.from, c.to]), [['enabled', false, true]]);
    const done = await apply(admin, f);
    assert.equal(done.status, 200, done.text);
    writeFileSync(join(s.folder, 'rule.json'), JSON.stringify(f));
    const cli = await s.cliOk('configuration', 'import', join(s.folder, 'rule.json'));
    assert.match(cli.stdout, /"changed":1/);
    assert.equal(JSON.parse(await exported(admin, 'rule')).records.rule.find((r) => r.name === '老板的').enabled, true, 'the system is nobody else');
  });

  test('undo is refused by name where somebody changed it since', async () => {
    const done = await apply(admin, file({ tag: [{ name: '一' }, { name: '二', color: 'green' }] }, { 'bin.days': '9' }));
    assert.equal(done.status, 200, done.text);
    const tags = (await admin.get('/tags?limit=200')).json.data;
    await admin.patchNow(`/tags/${tags.find((t) => t.name === '一').id}`, { color: 'red' });
    await made(admin, '/customers', { name: '丁公司', phone: '13900000004', industry: 'it', source: 'website', tags: [{ name: '二' }] });
    await admin.patch('/settings', { 'bin.days': '10' });
    const undone = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 409);
    assert.deepEqual(new Set(undone.json.errors.map((e) => e.field)), new Set(['tag[一]', 'tag[二]', 'settings.bin.days']));
    assert.equal((await admin.get(`/configuration-imports/${done.json.id}`)).json.state, 'done');
  });

  test('an undo is a new version of the row, and leaves what the import did not write', async () => {
    const mail = await made(admin, '/channels', { name: '退信', kind: 'mail', url: 'smtp://127.0.0.1:2525', account: 'u', secret: 'alt', sender: 'a@example.cn' });
    const sealed = async () => (await s.cliOk('dump', '--logical', '--sorted')).stdout.split('\n').find((l) => l.startsWith('{"table":"channel"') && l.includes('退信'))?.match(/"secret_sealed":"([^"]+)"/)?.[1];
    const f = JSON.parse(await exported(admin, 'channel'));
    f.records.channel.find((x) => x.name === '退信').purpose = '导入的';
    const first = await apply(admin, f);
    assert.equal(first.status, 200, first.text);
    const seen = await admin.get(`/channels/${mail}`);
    assert.equal(seen.json.purpose, '导入的');
    f.records.channel.find((x) => x.name === '退信').purpose = '又一次';
    const second = await apply(admin, f);
    assert.equal(second.status, 200, second.text);
    const third = await admin.get(`/channels/${mail}`);
    const kept = await sealed();
    assert.ok(kept?.length > 10);
    const [[secret]] = await rowsOf(s, `SELECT secret_sealed FROM channel WHERE id = ${mail}`);
    const images = (await rowsOf(s, 'SELECT images FROM configuration_import WHERE images IS NOT NULL')).map((r) => r.join('|'));
    assert.ok(images.some((l) => l.includes('又一次')));
    assert.ok(secret.length > 10 && !images.some((l) => l.includes(secret)), 'a secret of a row that stays is in no image');
    for (const done of [second, first]) {
      const undone = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
      assert.equal(undone.status, 204, undone.text);
      const now = await admin.get(`/channels/${mail}`);
      assert.equal(now.json.purpose ?? null, done === second ? '导入的' : null);
      assert.ok(now.json.version > third.json.version, `${now.json.version}`);
      for (const old of [seen, third]) assert.equal((await admin.patch(`/channels/${mail}`, { purpose: '旧页面' }, { 'If-Match': old.etag })).status, 412);
    }
    assert.equal(await sealed(), kept);
    assert.equal((await admin.delNow(`/channels/${mail}`)).status, 204);
  });

  test('a secret outlives its row only as long as the import that erased it can be taken back', async () => {
    const add = () => made(admin, '/channels', { name: '会被移除', kind: 'mail', url: 'smtp://127.0.0.1:2525', account: 'u', secret: 'nur-hier', sender: 'a@example.cn' });
    const sealed = async (id) => (await rowsOf(s, `SELECT secret_sealed FROM channel WHERE id = ${id}`))[0]?.[0];
    const images = async () => (await rowsOf(s, 'SELECT images FROM configuration_import WHERE images IS NOT NULL')).map((r) => r.join('|'));
    const gone = JSON.parse(await exported(admin, 'channel'));
    gone.records.channel = gone.records.channel.filter((x) => x.name !== '会被移除');
    // taken back: the row has its secret again, and nothing else has it
    const first = await add();
    const one = await sealed(first);
    assert.ok(one.length > 10);
    const removed = await apply(admin, gone, { unlisted: 'remove' });
    assert.equal(removed.status, 200, removed.text);
    assert.equal(await sealed(first), undefined);
    assert.ok((await images()).some((t) => t.includes(one)), 'kept for the undo');
    assert.equal((await admin.post(`/configuration-imports/${removed.json.id}/actions/undo`, {})).status, 204);
    assert.equal(await sealed(first), one);
    assert.ok(!(await images()).some((t) => t.includes(one)));
    assert.equal((await admin.delNow(`/channels/${first}`)).status, 204);
    // never taken back: it goes when it is too late for that
    const second = await add();
    const two = await sealed(second);
    const left = await apply(admin, gone, { unlisted: 'remove' });
    assert.equal(left.status, 200, left.text);
    assert.ok((await images()).some((t) => t.includes(two)));
    await rowsOf(s, `UPDATE configuration_import SET at = 1 WHERE id = ${left.json.id}`);
    const tooLate = async () => {
      const late = await admin.post(`/configuration-imports/${left.json.id}/actions/undo`, {});
      assert.equal(late.status, 409, late.text);
      assert.match(late.text, /期限/);
    };
    await tooLate(); // whoever tidied up or did not
    // more of them than go at once, and something else that cannot be tidied up
    await rowsOf(s, `INSERT INTO configuration_import (id, name, at, unlisted, state, images) VALUES ${Array.from({ length: 45 }, (_, i) => `(${i + 1}, 'alt', 1, 'keep', 'done', '{}')`)}`);
    await rowsOf(s, "INSERT INTO second_step (key, user_id, made_at, expires_at, tries, sendings) SELECT 'stuck', min(id), 1, 1, 0, 0 FROM \"user\"");
    await rowsOf(s, { sqlite: "CREATE TRIGGER stuck BEFORE DELETE ON second_step BEGIN SELECT RAISE(ABORT, 'stuck'); END",
      pg: "CREATE FUNCTION stuck() RETURNS trigger AS $$ BEGIN RAISE 'stuck'; END $$ LANGUAGE plpgsql; CREATE TRIGGER stuck BEFORE DELETE ON second_step FOR EACH ROW EXECUTE FUNCTION stuck()" });
    await s.halt();
    await s.launch(); // it tidies up at once, then every ten minutes
    admin.url = s.url;
    await until(async () => (await rowsOf(s, 'SELECT id FROM configuration_import WHERE images IS NOT NULL AND at = 1')).length === 0, 30_000, 'what can no longer be taken back is forgotten');
    assert.ok(!(await images()).some((t) => t.includes(two)));
    assert.deepEqual(await rowsOf(s, "SELECT count(*) FROM second_step WHERE key = 'stuck'"), [['1']]);
    await rowsOf(s, { sqlite: 'DROP TRIGGER stuck', pg: 'DROP FUNCTION stuck() CASCADE' });
    await rowsOf(s, "DELETE FROM second_step WHERE key = 'stuck'");
    await rowsOf(s, "DELETE FROM configuration_import WHERE name = 'alt'");
    await tooLate();
    assert.equal((await admin.get(`/configuration-imports/${left.json.id}`)).json.state, 'done');
    // and then no byte of either is anywhere
    if (s.database) {
      const dump = execFileSync('pg_dump', ['--inserts', s.database.url], { encoding: 'utf8', maxBuffer: 1 << 28 });
      for (const secret of [one, two]) assert.ok(!dump.includes(secret));
      return;
    }
    await s.halt();
    try {
      for (const f of readdirSync(s.dir, { recursive: true, withFileTypes: true }).filter((x) => x.isFile()))
        for (const secret of [one, two]) assert.equal(readFileSync(join(f.parentPath ?? f.path, f.name)).indexOf(secret), -1, f.name);
    } finally {
      await s.launch();
      admin.url = s.url;
    }
  });

  test('what the program noted on a row since an import stays when that is taken back', async () => {
    await made(admin, '/rules', { name: '轮流', entity: 'contact', event: 'created', enabled: true, actions: [{ do: 'assign', how: 'round_robin', users: [ids.rep, ids.boss] }] });
    const turn = async () => Number(/"turn":(\d+)/.exec((await s.cliOk('dump', '--logical', '--sorted')).stdout.split('\n').find((l) => l.startsWith('{"table":"rule",') && l.includes('轮流')))?.[1] ?? 0);
    const f = JSON.parse(await exported(admin, 'rule'));
    f.records.rule.find((x) => x.name === '轮流').position = 8;
    const done = await apply(admin, f);
    assert.equal(done.status, 200, done.text);
    const customer = await made(admin, '/customers', { name: '戊公司', phone: '13900000005', industry: 'it', source: 'website' });
    await made(admin, '/contacts', { name: '轮到谁', customer, phone: '13900000006' });
    const noted = await turn();
    assert.ok(noted > 0);
    const undone = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 204, undone.text);
    assert.equal(await turn(), noted);
    const rule = (await admin.get('/rules?limit=200')).json.data.find((r) => r.name === '轮流');
    assert.equal(rule.position, 100);
    assert.equal((await admin.delNow(`/rules/${rule.id}`)).status, 204);
  });

  test('an undo does not go past an approval flow, nor past the right to delete', async () => {
    const old = await made(admin, '/tags', { name: '原有的', color: 'red' });
    const done = await apply(admin, file({ tag: [{ name: '原有的', color: 'green' }, { name: '新来的' }] }));
    assert.equal(done.status, 200, done.text);
    const flow = await made(admin, '/approval-flows', { name: '标签要审批', entity: 'tag', on_edit: true, on_delete: true, fields: ['color'], steps: [{ who: 'user', user: ids.boss }], enabled: true });
    const held = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(held.status, 409, held.text);
    assert.deepEqual(held.json.errors.map((e) => [e.field, e.code]).sort(), [['tag[原有的].color', 'approval_required'], ['tag[新来的]', 'approval_required']].sort(), held.text);
    assert.equal((await admin.get(`/tags/${old}`)).json.color, 'green');
    assert.equal((await admin.patchNow(`/approval-flows/${flow}`, { enabled: false })).status, 200);
    assert.equal((await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 204);
    assert.equal((await admin.get(`/tags/${old}`)).json.color, 'red');
    assert.equal((await admin.delNow(`/tags/${old}`)).status, 204);
    assert.equal((await admin.delNow(`/approval-flows/${flow}`)).status, 204);
  });

  test('nor does a row it removed come back past a flow', async () => {
    const rule = await made(admin, '/rules', { name: '会被移走', entity: 'customer', event: 'created', actions: [{ do: 'notify', to: ['owner'], title: '新客户' }] });
    const f = JSON.parse(await exported(admin, 'rule'));
    f.records.rule = f.records.rule.filter((x) => x.name !== '会被移走');
    const done = await apply(admin, f, { unlisted: 'remove' });
    assert.equal(done.status, 200, done.text);
    assert.equal((await admin.get(`/rules/${rule}`)).status, 404);
    const flow = await made(admin, '/approval-flows', { name: '规则要审批', entity: 'rule', on_edit: false, on_delete: false, on_restore: true, steps: [{ who: 'user', user: ids.boss }], enabled: true });
    const held = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(held.status, 409, held.text);
    assert.deepEqual(held.json.errors.map((e) => [e.field, e.code]), [['rule[customer/会被移走]', 'approval_required']], held.text);
    assert.equal((await admin.get(`/rules/${rule}`)).status, 404);
    assert.equal((await admin.patchNow(`/approval-flows/${flow}`, { enabled: false })).status, 200);
    assert.equal((await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 204);
    assert.equal((await admin.delNow(`/rules/${rule}`)).status, 204);
    assert.equal((await admin.delNow(`/approval-flows/${flow}`)).status, 204);
  });

  test('and a condition that asks another row does not let a row return that is gone for good', async () => {
    const tag = await made(admin, '/tags', { name: '会消失的', color: 'red' });
    const f = JSON.parse(await exported(admin, 'tag'));
    f.records.tag = f.records.tag.filter((x) => x.name !== '会消失的');
    const done = await apply(admin, f, { unlisted: 'remove' });
    assert.equal(done.status, 200, done.text);
    assert.equal((await admin.get(`/tags/${tag}`)).status, 404);
    const flow = await made(admin, '/approval-flows', { name: '标签要审批', entity: 'tag', on_edit: false, on_delete: false, on_restore: true, filter: ['created_by.login', '!=', ''], steps: [{ who: 'user', user: ids.boss }], enabled: true });
    const held = await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(held.status, 409, held.text);
    assert.deepEqual(held.json.errors.map((e) => [e.field, e.code]), [['tag[会消失的]', 'approval_required']], held.text);
    assert.equal((await admin.patchNow(`/approval-flows/${flow}`, { enabled: false })).status, 200);
    assert.equal((await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 204);
    assert.equal((await admin.delNow(`/tags/${tag}`)).status, 204);
    assert.equal((await admin.delNow(`/approval-flows/${flow}`)).status, 204);
  });

  test('who may not delete takes no row away by an undo', async () => {
    const role = await made(admin, '/roles', { code: 'packer', name: '打包', rights: { rights: ['settings'], entities: { rule: { scope: 'all', actions: 'read create edit' } } } });
    const had = (await admin.get(`/users/${ids.rep}`)).json.roles.map((r) => r.id);
    await admin.stepUp();
    assert.equal((await admin.patchNow(`/users/${ids.rep}`, { roles: [role] })).status, 200);
    const who = await s.login('rep', passwordOf('rep'));
    const done = await apply(who, file({ rule: [{ name: '只加不删', entity: 'task', event: 'updated', actions: [{ do: 'notify', to: ['owner'], title: 'x' }] }] }));
    assert.equal(done.status, 200, done.text);
    const undone = await who.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 403, undone.text);
    assert.deepEqual(undone.json.errors.map((e) => e.field), ['rule']);
    assert.equal((await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 204);
    await admin.stepUp();
    assert.equal((await admin.patchNow(`/users/${ids.rep}`, { roles: had })).status, 200);
  });

  test('strangers get nothing; parts one may not read are left out, and refused on the way in', async () => {
    const f = file({ tag: [{ name: '陌生人' }] });
    const people = {};
    for (const login of ['rep', 'sysadmin', 'secadmin']) people[login] = await s.login(login, passwordOf(login));
    for (const who of [people.rep, people.secadmin]) {
      assert.equal((await who.get('/configuration')).status, 403);
      assert.equal((await who.get('/configuration/parts')).status, 403);
      assert.equal((await difference(who, f)).status, 403);
      assert.equal((await apply(who, f)).status, 403);
      assert.ok([403, 404].includes((await who.get('/configuration-imports/1')).status));
      assert.ok([403, 404].includes((await who.post('/configuration-imports/1/actions/undo', {})).status));
    }
    for (const path of ['/configuration', '/configuration/parts']) assert.equal((await s.anyone().get(path)).status, 401);
    const parts = (await people.sysadmin.get('/configuration/parts')).json.parts;
    assert.deepEqual(parts.filter((p) => !p.readable).map((p) => p.entity), ['role']);
    assert.equal(JSON.parse(await exported(people.sysadmin)).records.role, undefined);
    const d = await difference(people.sysadmin, file({ role: [{ code: 'mine', name: '我的', rights: { rights: ['users'] } }] }));
    assert.deepEqual(d.json.problems.map((p) => [p.place, p.code]), [['role', 'forbidden']]);
    assert.deepEqual(d.json.parts, [], 'a comparison tells nothing of what he may not read');
    assert.doesNotMatch(d.text, /helper|帮手/);
    const whole = await apply(admin, file({ role: [{ code: 'secret_one', name: '保密角色' }], tag: [{ name: '公开' }] }));
    assert.equal(whole.status, 200, whole.text);
    const look = await people.sysadmin.post(`/configuration-imports/${whole.json.id}/actions/look`, {});
    assert.deepEqual(look.json.parts.map((p) => p.entity), ['tag']);
    assert.doesNotMatch(look.text, /保密角色/);
    assert.deepEqual((await admin.post(`/configuration-imports/${whole.json.id}/actions/look`, {})).json.parts.map((p) => p.entity).sort(), ['role', 'tag']);
    for (const who of [people.rep, people.secadmin]) assert.ok([403, 404].includes((await who.post(`/configuration-imports/${whole.json.id}/actions/look`, {})).status));
    assert.equal((await apply(people.sysadmin, file({ role: [{ code: 'mine', name: '我的' }] }))).status, 403);
    const fresh = await s.login('admin', s.adminPassword);
    assert.equal((await send(fresh, 'import', f)).json.code, 'step_up_required');
    assert.equal((await admin.get('/roles?filter=' + encodeURIComponent('["code","=","mine"]'))).json.data.length, 0);
  });

  test('each mistake of a file is told with its place and a remedy', async () => {
    const tag = (x) => file({ tag: [x] });
    const cases = [
      ['{', 400, null], ['[]', 422, null], ['{"zhike":"configuration","zhike":"configuration","format":1}', 400, null],
      [{ zhike: 'configuration', format: 2, records: {} }, 422, 'format'], [{ zhike: 'configuration', records: {} }, 422, 'format'],
      [{ zhike: 'configuration', format: 1, record: {} }, 400, 'record'], [{ zhike: 'configuration', format: 1, records: [] }, 422, 'records'],
      [file({ rules: [] }), 400, 'records.rules'], [file({ tag: {} }), 422, 'records.tag'], [file({ user: [] }), 400, 'records.user'],
      [tag(5), 422, 'records.tag[0]'], [tag({ name: 5 }), 422, 'records.tag[0].name'], [tag({}), 422, 'records.tag[0].name'], [tag({ name: 'a', colour: 'red' }), 400, 'records.tag[0].colour'],
      [tag({ name: 'a', id: 7 }), 400, 'records.tag[0].id'], [tag({ name: 'a', version: 7 }), 400, 'records.tag[0].version'], [tag({ name: 'a', color: 'pink' }), 422, 'records.tag[0].color'],
      [file({ tag: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] }), 422, 'records.tag[2]'], [tag({ name: 'a', nth: 1 }), 422, 'records.tag[0].nth'], [tag({ name: 'a', nth: 'x' }), 422, 'records.tag[0].nth'],
      [file({ channel: [{ kind: 'mail', name: 'm', secret: 'offen' }] }), 422, 'records.channel[0].secret'], [file({ channel: [{ kind: 'mail', name: 'm', secret_sealed: 'x' }] }), 400, 'records.channel[0].secret_sealed'],
      [file({ rule: [{ entity: 'task', name: 'r', owner: 7 }] }), 422, 'records.rule[0].owner'], [file({ dashboard: [{ name: 'd', shared: 'roles', for_roles: 'boss' }] }), 422, 'records.dashboard[0].for_roles'],
      [file({ rule: [{ entity: 'task', name: 'r', filter: ['owner', '=', 12345] }] }), 422, 'records.rule[0].filter'],
      [file({}, { 'no.such': '1' }), 400, 'settings.no.such'], [file({}, { 'http.listen': '0.0.0.0:1' }), 422, 'settings.http.listen'], [file({}, { 'bin.days': 5 }), 422, 'settings.bin.days'], [file({}, { 'company.logo': '5' }), 422, 'settings.company.logo'],
      [`{"zhike":"configuration","format":1,"records":{"tag":${'['.repeat(40)}${']'.repeat(40)}}}`, 400, null],
      ['{"zhike":"configuration","format":1,"records":{"tag":[{"name":"\\ud800"}]}}', 400, null],
      [{ zhike: 'house', format: 1, records: {} }, 422, null], [{ zhike: 'configuration', format: '1', records: {} }, 422, 'format'], [{ zhike: 'configuration', format: 0, records: {} }, 422, 'format'],
      [file({}, []), 422, 'settings'], [{ ...file({}), settings: null }, 422, 'settings'], [file({ tag: null }), 422, 'records.tag'], [file({ zzzzzzzzzz: [] }), 400, 'records.zzzzzzzzzz'],
      [tag({ name: 'a', zzzzzzzzzz: 1 }), 400, 'records.tag[0].zzzzzzzzzz'], [tag({ name: '' }), 422, 'records.tag[0].name'], [tag({ name: null }), 422, 'records.tag[0].name'],
      [tag({ name: 'a', nth: 10_001 }), 422, 'records.tag[0].nth'], [tag({ name: 'a', nth: 2.5 }), 422, 'records.tag[0].nth'],
      ...[{}, { to_enter: false }, []].map((secret) => [file({ channel: [{ kind: 'mail', name: 'm', secret }] }), 422, 'records.channel[0].secret']),
      [file({ dashboard: [{ name: 'd', shared: 'roles', for_roles: [5] }] }), 422, 'records.dashboard[0].for_roles'], [file({ dashboard: [{ name: 'd', shared: 'roles', for_roles: ['boss', null] }] }), 422, 'records.dashboard[0].for_roles'],
      [file({ rule: [{ entity: 'task', name: 'r', actions: [{ do: 'assign', users: [7] }] }] }), 422, 'records.rule[0].actions'],
    ];
    for (const [body, status, field] of cases) {
      const a = await difference(admin, body);
      const what = typeof body === 'string' ? body : JSON.stringify(body);
      assert.equal(a.status, status, `${what}: ${a.text}`);
      assert.equal(a.json.errors?.[0]?.field ?? null, field, `${what}: ${a.text}`);
      assert.ok(a.json.errors?.[0]?.message.length > 5 || a.json.detail, what);
      assert.equal((await apply(admin, body)).status, status, what);
    }
    assert.equal((await difference(admin, file({}), { unlisted: 'burn' })).status, 422);
    assert.equal((await apply(admin, file({}), { unlisted: 'burn' })).status, 422);
    assert.equal((await difference(admin, file({}), { map: '{"user":{"a":5}}' })).status, 422);
    assert.equal((await difference(admin, file({}), { map: '{' })).status, 400);
    for (const map of ['{"spaceship":{}}', '5', '[]', '{"user":5}', '{"user":{"a":""}}', '{"user":{"a":"b","c":null}}', '{"favorite":{"a":"b"}}'])
      assert.equal((await difference(admin, file({}), { map })).status, 422, map);
    // each mistake of a file, and each at its own place
    const several = await difference(admin, file({ tag: [{ name: 'a', color: 'pink' }, { name: 5, shared: 'nobody' }, 7], rules: [] }, { 'no.such': '1' }));
    assert.deepEqual(several.json.errors.map((e) => e.field), ['settings.no.such', 'records.tag[0].color', 'records.tag[1].name', 'records.tag[1].shared', 'records.tag[2]', 'records.rules']);
    // what a text editor puts before a file, a second of a name without the first, and nothing at all are none
    for (const [body, added] of [[`\ufeff${JSON.stringify(tag({ name: '甲一' }))}`, 1], [tag({ name: '甲一', nth: 2 }), 1], [tag({ name: '甲一', nth: null }), 1], [tag({ name: '甲一', color: null, tag_group: '' }), 1], [file({ tag: [] }), 0], [{ zhike: 'configuration', format: 1 }, 0],
      [file({ dashboard: [{ name: '甲一', shared: 'roles', for_roles: [] , cards: [{ kind: 'card', metric: 'big_ones' }] }] }), null]]) {
      const a = await difference(admin, body);
      assert.equal(a.status, 200, a.text);
      if (added !== null) assert.equal(a.json.counts.added, added, a.text);
    }
    assert.equal((await admin.post('/configuration/difference', {})).status, 400);
    const form = new FormData();
    form.set('unlisted', 'keep');
    const without = await admin.call('POST', '/configuration/difference', form);
    assert.deepEqual([without.status, without.json.errors[0].field], [400, 'file'], without.text);
    for (const fields of [{ unlisted: '' }, { unlisted: 'keep' }, { map: '', expect: '' }]) {
      const a = await difference(admin, file({}), fields);
      assert.deepEqual([a.status, places(a.json)], [200, []], a.text);
    }
    assert.equal((await admin.get('/configuration?only=tag,nonsense')).status, 400);
    const trial = await difference(admin, file({}, { 'bin.days': 'many' }));
    assert.deepEqual(places(trial.json), ['settings.bin.days']);
    const private_ = await difference(admin, file({ dashboard: [{ name: 'd', shared: 'private' }] }));
    assert.deepEqual(places(private_.json), ['dashboard[d]']);
  });

  test('a file that is too large is refused before it is read', async () => {
    const a = await difference(admin, file({ tag: [{ name: 'x'.repeat(270_000) }] }));
    assert.equal(a.status, 413, a.text);
  });

  test('a number of statements that does not grow with what stays the same', async () => {
    const rules = (n, more = {}) => file({ rule: Array.from({ length: n }, (_, i) => ({ name: `r${i}`, entity: 'task', owner: 'admin', event: 'updated', filter: ['owner', '=', { user: 'rep' }], actions: [{ do: 'notify', to: ['owner'], title: 'x' }], ...more })) });
    // the least of three: once a minute the gate notes that a session is in use
    const count = async (work) => {
      let least = Infinity;
      for (let i = 0; i < 3; i++) {
        const [line] = (await s.requests(work)).filter((l) => l.route.startsWith('/api/v1/configuration'));
        least = Math.min(least, line.sql);
      }
      return least;
    };
    assert.equal((await apply(admin, rules(60))).status, 200);
    const few = [await count(() => exported(admin)), await count(() => difference(admin, rules(60)))];
    assert.equal((await apply(admin, rules(180))).status, 200);
    const many = [await count(() => exported(admin)), await count(() => difference(admin, rules(180)))];
    assert.deepEqual(many, few);
    assert.ok(many[0] < 50 && many[1] < 60, `${many}`);
  });
});
