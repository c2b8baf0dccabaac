// A stand-in for the server, for trials of the page only: the entity files of the project with
// invented rows, in memory. Never shipped.   node test/mock/server.mjs [port]
import { createServer } from 'node:http';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const dist = join(root, 'web/dist');
const port = Number(process.argv[2] ?? 8090);
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function relaxed(text) {
  let out = '', inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inText) { out += c; if (c === '\\') out += text[++i]; else if (c === '"') inText = false; continue; }
    if (c === '"') { inText = true; out += c; continue; }
    if (c === '/' && text[i + 1] === '/') { while (i < text.length && text[i] !== '\n') i++; out += '\n'; continue; }
    if (c === ',' && /^,\s*(\/\/[^\n]*\s*)*[}\]]/.test(text.slice(i))) continue;
    out += c;
  }
  return JSON.parse(out);
}
const dirs = ['customer', 'org', 'platform'];
const standard = relaxed(readFileSync(join(root, 'entities/standard.json'), 'utf8')).fields;
const ops = { option: ['=', '!=', 'in', 'not_in', 'is_null', 'not_null'], link: ['=', '!=', 'in', 'not_in', 'is_null', 'not_null'], bool: ['='], region: ['=', 'under', 'is_null', 'not_null'], text: ['contains', 'is_null', 'not_null'], json: [], parts: [], files: [], file: [], image: [] };
const numeric = ['=', '!=', '<', '<=', '>', '>=', 'between', 'is_null', 'not_null'];
const entities = {};
const custom = [];
function fieldOf(name, f) {
  const { section, options, form, list, card, search, synonyms, match, ...rest } = f;
  const out = { name, ...rest, group: section, right: f.readonly ? 'read' : 'edit' };
  if (f.hidden) return null;
  if (typeof f.example === 'string') out.example = { zh: f.example, en: f.example };
  if (options) out.options = Object.entries(options).map(([code, o]) => ({ code, label: { zh: o.zh, en: o.en }, color: o.color }));
  out.ops = ops[f.type] ?? (['int', 'decimal', 'float', 'money', 'date', 'datetime'].includes(f.type) ? numeric : ['contains', 'starts', '=', '!=', 'is_null', 'not_null']);
  if (f.type === 'parts') out.parts = f.parts;
  return out;
}
for (const dir of dirs) for (const file of readdirSync(join(root, 'entities', dir))) {
  const raw = relaxed(readFileSync(join(root, 'entities', dir, file), 'utf8'));
  if (raw.routes === false) continue;
  const all = { ...(raw.standard === false ? { id: standard.id } : standard), ...raw.fields };
  if (raw.entity === 'follow_up' || raw.entity === 'task') delete all.__;
  entities[raw.entity] = {
    name: raw.entity, plural: raw.plural, label: raw.label, about: raw.about, title: raw.title, group: raw.group, icon: raw.icon, gets: raw.gets ?? [], menu: raw.menu !== false,
    can: { read: true, create: !raw.readonly, edit: !raw.readonly, delete: !raw.readonly, import: (raw.gets ?? []).includes('import'), export: (raw.gets ?? []).includes('export'), transfer: !!raw.actions?.transfer, share: !!raw.actions?.share },
    actions: Object.entries(raw.actions ?? {}).map(([name, a]) => ({ name, label: a.label, fields: Object.entries(a.fields ?? {}).map(([n, f]) => fieldOf(n, f)) })),
    raw: all, sections: raw.sections ?? { basic: { zh: '基本信息', en: 'Basics' } }, sort: raw.sort,
    list: Object.keys(all).filter((n) => all[n].list && !all[n].hidden).sort((a, b) => (standard[a] ? 1 : 0) - (standard[b] ? 1 : 0)),
    card: Object.keys(all).filter((n) => all[n].card),
  };
}
const byPlural = (p) => Object.values(entities).find((e) => e.plural === p || e.name === p);
// What the engine of merging answers.
for (const name of ['customer', 'contact']) {
  const e = entities[name];
  if (!e.gets.includes('merge')) e.gets.push('merge');
  e.can.merge = true;
  e.raw.merged_into ??= { type: 'link', to: name, label: { zh: '合并至', en: 'Merged into' }, readonly: true, form: false };
  e.dups = name === 'customer' ? [{ name: 'name_phone', fields: ['name', 'phone'] }, { name: 'name', fields: ['name'] }, { name: 'phone', fields: ['phone'] }] : [{ name: 'mobile', fields: ['mobile'] }];
}
const merges = [];
function merge(e, list, body) {
  const survivor = list.find((r) => r.id === body.survivor), others = body.merged.map((id) => list.find((r) => r.id === id && !r.deleted_at));
  if (!survivor || others.includes(undefined)) return problemOf(404, 'not_found', '没有找到');
  const moved = Object.fromEntries(['contact', 'follow_up', 'task'].map((n) => [n, rows[n].filter((r) => body.merged.includes(r.customer)).length]));
  const refused = Object.entries(body.choose ?? {}).filter(([, id]) => id % 5 === 0).map(([field, id]) => ({ code: 'field', field, id, message: `${field} 不能选用` }));
  if (body.preview) return { status: 200, body: { moved, refused } };
  for (const [field, id] of Object.entries(body.choose ?? {})) survivor[field] = list.find((r) => r.id === id)[field];
  for (const r of others) Object.assign(r, { deleted_at: iso(0), merged_into: survivor.id });
  survivor.version++;
  merges.push(others);
  return { status: 200, body: { merge: { id: merges.length }, record: out(e, survivor), moved } };
}
function schema(e) {
  const mine = custom.filter((c) => c.entity === e.name && !c.retired);
  const fields = Object.entries(e.raw).map(([n, f]) => fieldOf(n, f)).filter(Boolean);
  for (const c of mine) fields.push({ ...fieldOf(c.code, { type: c.type, label: { zh: c.label_zh, en: c.label_en || c.label_zh }, required: c.required, options: c.options, definition: c.definition ? { zh: c.definition } : undefined }), custom: true });
  const form = Object.entries(e.sections).map(([s, label]) => ({ label, fields: [...Object.keys(e.raw).filter((n) => !standard[n] && e.raw[n].form !== false && !e.raw[n].readonly && !e.raw[n].hidden && (e.raw[n].section ?? Object.keys(e.sections)[0]) === s), ...(s === Object.keys(e.sections).at(-1) ? mine.map((c) => c.code) : [])] })).filter((g) => g.fields.length);
  const children = Object.values(entities).flatMap((x) => Object.entries(x.raw).filter(([n, f]) => f.type === 'link' && f.to === e.name && !standard[n] && n === e.name).map(([n]) => ({ entity: x.name, plural: x.plural, field: n, label: x.label })));
  const { raw, sections, ...rest } = e;
  return { ...rest, fields, form, children };
}

// Invented rows.
const rnd = ((s) => () => (s = (s * 1103515245 + 12345) % 2147483648) / 2147483648)(7);
const pick = (a) => a[Math.floor(rnd() * a.length)];
const now = Date.now();
const iso = (days) => new Date(now + days * 86400000).toISOString().replace(/\.\d+Z/, 'Z');
const rows = {};
for (const n of Object.keys(entities)) rows[n] = [];
let nextId = 1;
function add(name, row) { const r = { id: nextId++, version: 1, created_at: iso(-rnd() * 200), updated_at: iso(-rnd() * 20), ...row }; rows[name].push(r); return r; }
const surnames = [...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗'], given = ['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '艳', '勇', '杰', '娟', '涛', '明', '超', '秀英', '霞', '平', '刚'];
const depts = ['总部', '销售部', '华东组', '西南组', '客服部'].map((name, i) => add('department', { name, code: `D${i}`, parent: i ? 1 : null }));
const users = Array.from({ length: 12 }, (_, i) => add('user', { login: i ? `user${i}` : 'admin', name: i ? pick(surnames) + pick(given) : '系统管理员', department: depts[i % 5].id, position: pick(['经理', '销售', '客服']), status: 'active', mobile: `138${String(10000000 + i * 7654321).slice(0, 8)}` }));
const roleFile = JSON.parse(readFileSync(join(root, 'data/roles.json'), 'utf8'));
for (const [code, r] of Object.entries(roleFile)) if (code[0] !== '_') add('role', { code, name: r.label.zh, name_en: r.label.en, description: r.about.zh, is_system: true, rights: { general: r.rights, entities: { customer: { scope: code === 'sales_rep' ? 'own' : 'below', actions: 'read create edit' }, contact: { scope: 'own', actions: 'read create' } } } });
const codes = (e, f) => Object.keys(entities[e].raw[f].options);
const cities = [[330106, '浙江省杭州市西湖区'], [310101, '上海市黄浦区'], [440305, '广东省深圳市南山区'], [510104, '四川省成都市锦江区'], [110108, '北京市海淀区']];
const customers = [];
for (let i = 0; i < 230; i++) {
  const city = pick(cities);
  customers.push(add('customer', { number: `CUS202611${String(10 + (i % 20))}${String(i).padStart(3, '0')}`, name: `${pick(['杭州', '上海', '深圳', '成都', '北京', '苏州'])}${pick(['云帆', '博远', '卓越', '鼎盛', '瑞丰', '天禾', '金石', '智联'])}${pick(['信息技术', '医疗器械', '实业', '教育咨询', '贸易', '物流'])}有限公司`, industry: pick(codes('customer', 'industry')), source: pick(codes('customer', 'source')), level: pick(codes('customer', 'level')), lifecycle: pick(codes('customer', 'lifecycle')), phone: rnd() > 0.3 ? `139${String(Math.floor(rnd() * 1e8)).padStart(8, '0')}` : `0571-${Math.floor(8e7 + rnd() * 9e6)}`, region: { id: city[0], label: city[1] }, owner: pick(users).id, last_follow_up_at: rnd() > 0.3 ? iso(-rnd() * 30) : null, next_follow_up_at: rnd() > 0.5 ? iso(rnd() * 10 - 2) : null, annual_revenue: (rnd() * 1e7).toFixed(2), website: 'https://www.example.com', customer_type: 'company', created_by: 6 }));
}
for (const c of customers.slice(0, 120)) add('contact', { name: pick(surnames) + pick(given), customer: c.id, mobile: `137${String(Math.floor(rnd() * 1e8)).padStart(8, '0')}`, title: pick(['总经理', '采购经理', '技术总监']), owner: c.owner });
for (const c of customers.slice(0, 150)) add('follow_up', { customer: c.id, parent_type: 'customer', method: pick(codes('follow_up', 'method')), content: pick(['客户对年度框架合同感兴趣，需要提供报价与案例。', '电话沟通演示时间，约在下周三下午。', '拜访了采购部，预算已批。']), happened_at: iso(-rnd() * 40), next_time: iso(rnd() * 9), owner: c.owner });
for (let i = 0; i < 40; i++) add('task', { title: pick(['回访', '发送报价单', '准备演示', '签合同']) + pick(['（第一次）', '', '——加急']), kind: 'follow_up', customer: pick(customers).id, priority: pick(codes('task', 'priority')), status: pick(codes('task', 'status')), due_at: iso(rnd() * 8 - 3), owner: rnd() > 0.5 ? users[0].id : pick(users).id });
for (let i = 0; i < 90; i++) add('audit_log', { seq: i + 1, at: iso(-i / 10), user: pick(users).id, user_name: '系统管理员', ip: '127.0.0.1', channel: 'web', action: pick(['login', 'create', 'update', 'delete', 'reveal']), entity: 'customer', record_id: 20 + i, record_name: pick(customers).name, result: pick(['ok', 'ok', 'ok', 'denied', 'failed']) });
add('number_rule', { entity: 'customer', pattern: 'CUS{yyyyMMdd}{seq:3}', reset: 'day' });
rows.custom_field = custom;

const labelFor = (entity, id) => { const r = rows[entity]?.find((x) => x.id === id); return r ? String(r[entities[entity].title] ?? id) : `#${id}`; };
function out(e, r, names) {
  const o = { id: r.id, version: r.version, can: { edit: e.can.edit, delete: e.can.delete } };
  const masked = [];
  for (const n of names ?? Object.keys({ ...e.raw, ...r })) {
    if (n === 'can') continue;
    const f = e.raw[n] ?? custom.find((c) => c.code === n);
    let v = r[n] ?? null;
    if (f?.type === 'link' && typeof v === 'number') v = { id: v, label: labelFor(f.to ?? r[f.to_field], v) };
    if (f?.type === 'link_many' && Array.isArray(v)) v = v.map((id) => (typeof id === 'number' ? { id, label: labelFor(f.to, id) } : id));
    if (f?.type === 'phone' && v && r.id % 5 === 0) { v = v.slice(0, 3) + '****' + v.slice(-4); masked.push(n); }
    o[n] = v;
  }
  if (masked.length) o.masked = masked;
  return o;
}
function holds(f, r) {
  if (!f) return true;
  if (f[0] === 'and') return f.slice(1).every((x) => holds(x, r));
  if (f[0] === 'or') return f.slice(1).some((x) => holds(x, r));
  if (f[0] === 'not') return !holds(f[1], r);
  const [n, op, raw] = f;
  const me = (x) => (x === 'me' ? users[0].id : x);
  let v = r[n]; if (v && typeof v === 'object' && 'id' in v) v = v.id;
  const w = Array.isArray(raw) ? raw.map(me) : me(raw);
  switch (op) {
    case '=': return v === w; case '!=': return v !== w; case 'in': return w.includes(v); case 'not_in': return !w.includes(v);
    case 'is_null': return v == null; case 'not_null': return v != null; case 'contains': return String(v ?? '').includes(w); case 'starts': return String(v ?? '').startsWith(w);
    case '<': return v < w; case '<=': return v <= w; case '>': return v > w; case '>=': return v >= w; case 'between': return v >= w[0] && v <= w[1]; case 'under': return String(v ?? '').startsWith(String(w).replace(/0+$/, ''));
  }
  return true;
}

let session = null, stepped = 0;
const imports = new Map(), jobs = [];
const settings = [
  { name: 'company.name', type: 'text', value: '示范公司', default: '', scope: 'db', label: { zh: '公司名称', en: 'Company name' }, help: { zh: '显示在页面与导出文件中', en: 'Shown on the page and in exports' } },
  { name: 'session.idle_minutes', type: 'int', value: 30, default: 30, min: 5, max: 1440, scope: 'db', label: { zh: '闲置多久退出', en: 'Idle minutes' }, help: { zh: '分钟', en: 'minutes' } },
  { name: 'mask.phones', type: 'bool', value: true, default: true, scope: 'db', label: { zh: '电话脱敏', en: 'Mask phones' } },
  { name: 'server.listen', type: 'text', value: '127.0.0.1:8080', default: '127.0.0.1:8080', scope: 'start', label: { zh: '监听地址', en: 'Listen address' } },
];
const problemOf = (status, code, detail, more = {}) => ({ status, body: { type: `/problems/${code}`, title: detail, status, detail, code, trace_id: 'mock', errors: [], ...more } });

async function api(method, path, query, body, headers) {
  const parts = path.split('/').filter(Boolean);
  if (path === '/session' && method === 'POST') { if (body.password !== 'demo-demo-demo') return problemOf(401, 'bad_credentials', '登录名或密码不正确'); session = { csrf: 'c1' }; return { status: 200, body: { user: users[0], csrf: 'c1' }, cookie: 'zhike_session=x; HttpOnly; Path=/; SameSite=Lax' }; }
  if (path === '/session' && method === 'DELETE') { session = null; return { status: 204 }; }
  if (path === '/expire') { session = null; return { status: 204 }; }
  if (!session || !/zhike_session/.test(headers.cookie ?? '')) return problemOf(401, 'not_signed_in', '请先登录');
  if (method !== 'GET' && headers['x-csrf-token'] !== session.csrf) return problemOf(403, 'csrf', 'csrf');
  if (path === '/me' && method === 'PATCH') return { status: 200, body: {} };
  if (path === '/me') return { status: 200, body: { user: { id: users[0].id, login: 'admin', name: '系统管理员', department: { id: 1, label: '总部' }, position: '管理员', roles: ['system_admin'] }, csrf: session.csrf, locale: 'zh-CN', zone: 'Asia/Shanghai', rights: ['settings', 'fields', 'users', 'roles', 'audit', 'jobs', 'import_keep'], company: { name: '示范公司' }, regions: '/assets/regions-mock.json', menus: Object.values(entities).filter((e) => e.menu).map((e) => ({ entity: e.name, plural: e.plural, group: e.group })) } };
  if (path === '/me/password') return body.old === 'demo-demo-demo' ? { status: 204 } : problemOf(422, 'invalid', '当前密码不正确', { errors: [{ field: 'old', code: 'invalid', message: '当前密码不正确' }] });
  if (path === '/step-up') { if (body.code !== 'demo-demo-demo') return problemOf(422, 'invalid', '密码不正确'); stepped = Date.now(); return { status: 204 }; }
  if (path === '/schema') return { status: 200, body: { version: 'x', groups: [{ name: 'customer', label: { zh: '客户', en: 'Customers' } }, { name: 'org', label: { zh: '组织', en: 'Organisation' } }, { name: 'platform', label: { zh: '平台', en: 'Platform' } }], entities: Object.values(entities).map(({ name, plural, label, group, icon, menu, can }) => ({ name, plural, label, group, icon, menu, can })) } };
  if (parts[0] === 'schema') { const e = byPlural(parts[1]); return e ? { status: 200, body: schema(e) } : problemOf(404, 'not_found', '没有找到'); }
  if (path === '/settings') { if (method === 'PATCH') { for (const [k, v] of Object.entries(body)) { if (k === 'session.idle_minutes' && v > 1440) return problemOf(422, 'range', '超出范围', { errors: [{ field: k, code: 'range', message: '应在 5 到 1440 之间' }] }); settings.find((s) => s.name === k).value = v; } } return { status: 200, body: { data: settings } }; }
  if (path === '/search') { const q = query.get('q'); return { status: 200, body: { data: [...rows.customer.filter((r) => r.name.includes(q) || (r.phone ?? '').includes(q)).slice(0, 6).map((r) => ({ entity: 'customer', id: r.id, label: r.name, detail: r.phone })), ...rows.contact.filter((r) => r.name.includes(q)).slice(0, 4).map((r) => ({ entity: 'contact', id: r.id, label: r.name, detail: labelFor('customer', r.customer) }))] } }; }
  if (path === '/jobs') return { status: 200, body: { data: jobs } };
  if (parts[0] === 'jobs' && parts[2] === 'file') return { status: 200, file: 'a,b\n1,2\n' };
  if (parts[0] === 'jobs') { const j = jobs.find((x) => x.id === +parts[1]); j.progress.done = Math.min(j.progress.total, j.progress.done + 40); if (j.progress.done >= j.progress.total) j.state = 'done'; return { status: 200, body: j }; }
  if (path === '/imports' && method === 'POST') { const imp = { id: 1, state: 'uploaded', file_name: 'customers.xlsx', sheets: [{ index: 0, name: '客户', hidden: false, rows: 120, header_row: 1, columns: [['客户名称', 'name', ['云帆', '博远']], ['行业', 'industry', ['信息技术']], ['来源', 'source', ['官网']], ['联系人', 'primary_contact.name', ['王芳']], ['手机', 'phone', ['13900001111']], ['备用', null, ['x']]].map(([header, field, samples], index) => ({ index, header, samples, guess: field ? { field, score: 0.9 } : null })) }], progress: { done: 0, total: 0 }, counts: {} }; imports.set(1, imp); return { status: 201, body: imp }; }
  if (parts[0] === 'imports') {
    const imp = imports.get(+parts[1]);
    if (parts[2] === 'errors') return { status: 200, body: { data: imp.state === 'checked' || imp.state === 'done' ? [{ sheet: '客户', row: 7, column: 1, header: '行业', value: '军工', code: 'enum.unknown', message: '“军工”不在选项中：信息技术、制造业…' }, { sheet: '客户', row: 19, column: 4, header: '手机', value: '1390000', code: 'format.phone', message: '电话号码位数不对' }] : [], next_cursor: null } };
    if (parts[2] === 'check') { imp.state = 'checking'; imp.next = 'checked'; imp.progress = { done: 0, total: 120 }; return { status: 202, body: {} }; }
    if (parts[2] === 'run') { imp.state = 'running'; imp.next = 'done'; imp.job = { id: 9 }; imp.progress = { done: 0, total: 120 }; return { status: 202, body: {} }; }
    if (parts[2] === 'undo') { imp.state = 'undoing'; imp.next = 'undone'; imp.progress = { done: 0, total: 116 }; return { status: 202, body: {} }; }
    if (method === 'PATCH') return { status: 200, body: imp };
    if (imp.next) { imp.progress.done += 60; if (imp.progress.done >= imp.progress.total) { imp.state = imp.next; imp.next = null; imp.counts = { created: 112, updated: 4, unchanged: 0, skipped: 0, duplicate: 2, failed: 2 }; } }
    return { status: 200, body: imp };
  }
  if (path === '/audit-logs/actions/verify') return { status: 200, body: { ok: true, rows: 1234, first_broken: null } };
  if (parts[0] === 'merges') { for (const r of merges[parts[1] - 1]) Object.assign(r, { deleted_at: null, merged_into: null }); return { status: 200, body: { left: [{ entity: 'contact', record: { id: 1, label: '王伟' }, message: '合并以后改过，保持现状' }] } }; }
  const e = byPlural(parts[0]);
  if (!e) return problemOf(404, 'not_found', '没有找到');
  const list = rows[e.name];
  if (parts.length === 1 && method === 'GET') {
    let all = list.filter((r) => !!r.deleted_at === (query.get('deleted') === 'true'));
    const filter = query.get('filter') ? JSON.parse(query.get('filter')) : null;
    all = all.filter((r) => holds(filter, r));
    const q = query.get('q');
    if (q) all = all.filter((r) => Object.values(r).some((v) => typeof v === 'string' && v.includes(q)));
    const sort = query.get('sort') || e.sort || '-id', key = sort.replace(/^-/, ''), sign = sort[0] === '-' ? -1 : 1;
    all.sort((a, b) => sign * String(a[key] ?? '').localeCompare(String(b[key] ?? ''), 'zh'));
    const from = Number(query.get('cursor') ?? 0), limit = Number(query.get('limit') ?? 50);
    const names = query.get('fields')?.split(',').filter(Boolean);
    return { status: 200, body: { data: all.slice(from, from + limit).map((r) => out(e, r, names)), next_cursor: from + limit < all.length ? String(from + limit) : null, count: query.get('count') === 'none' ? undefined : { value: query.get('count') === 'exact' ? all.length : Math.min(all.length, 200), exact: query.get('count') === 'exact' || all.length <= 200 } } };
  }
  const id = Number(parts[1]);
  const row = list.find((r) => r.id === id);
  if (parts.length === 1 && method === 'POST') {
    const errors = [];
    for (const [n, f] of Object.entries(e.raw)) if (f.required && !standard[n] && (body[n] === undefined || body[n] === null || body[n] === '') && f.default === undefined) errors.push({ field: n, code: 'required', message: `请填写${f.label.zh}` });
    if (body.phone && !/^[\d-]{7,}$/.test(body.phone)) errors.push({ field: 'phone', code: 'format.phone', message: '电话号码不正确' });
    for (const n of Object.keys(body)) if (!e.raw[n] && !custom.some((c) => c.code === n)) return problemOf(400, 'unknown_field', `没有字段 ${n}`, { errors: [{ field: n, code: 'unknown_field', message: `没有字段 ${n}` }] });
    if (errors.length) return problemOf(422, 'invalid', '请检查填写的内容', { errors });
    const r = add(e.name, { owner: users[0].id, ...(e.raw.number ? { number: `CUS20261121${nextId}` } : {}), ...body, created_at: iso(0), ...(body.region ? { region: { id: body.region, label: `区划 ${body.region}` } } : {}) });
    if (e.name === 'custom_field') custom.includes(r) || custom.push(r);
    return { status: 201, body: out(e, r), etag: r.version };
  }
  if (parts[1] === 'merge') return merge(e, list, body);
  if (parts[1] === 'duplicates') return { status: 200, body: { data: rows.customer.filter((r) => body.name && r.name.includes(body.name)).slice(0, 2).map((r, i) => (i ? { owner: { id: 9, label: '李强' }, label: null } : { id: r.id, label: r.name, owner: { id: r.owner, label: labelFor('user', r.owner) }, status: r.lifecycle, last_follow_up_at: r.last_follow_up_at, score: 0.9, rule: 'name' })) } };
  if (parts[1] === 'export') { const j = { id: jobs.length + 1, kind: 'export', state: 'running', progress: { done: 0, total: 100 }, counts: { rows: 100 }, message: null, file: true, created_at: iso(0) }; jobs.unshift(j); return { status: 202, body: { job: { id: j.id } } }; }
  if (!row) return problemOf(404, 'not_found', '没有找到');
  if (row.merged_into && parts.length === 2 && query.get('deleted') !== 'true') return problemOf(404, 'merged', '已合并', { merged_into: { id: row.merged_into, label: labelFor(e.name, row.merged_into) }, merge: { id: merges.findIndex((m) => m.includes(row)) + 1, undo: true } });
  if (parts.length === 2 && method === 'GET') return { status: 200, body: out(e, row), etag: row.version };
  if (method === 'PATCH' || method === 'DELETE') {
    if (!headers['if-match']) return problemOf(428, 'version_required', '缺少版本');
    if (headers['if-match'] !== `"${row.version}"`) return problemOf(412, 'stale', '内容已被修改');
    if (e.name === 'role' && Date.now() - stepped > 300000) return problemOf(403, 'step_up_required', '需要验证', { methods: ['password'] });
    if (method === 'DELETE') { row.deleted_at = iso(0); return { status: 204 }; }
    Object.assign(row, body, { version: row.version + 1, updated_at: iso(0) });
    return { status: 200, body: out(e, row), etag: row.version };
  }
  if (parts[2] === 'restore') { row.deleted_at = null; row.version++; return { status: 200, body: out(e, row) }; }
  if (parts[2] === 'timeline') return { status: 200, body: { data: [...rows.follow_up.filter((f) => f.customer === id).map((f) => ({ kind: 'follow_up', at: f.happened_at ?? f.created_at, by: { id: 1, label: '张三' }, entity: 'follow_up', id: f.id, title: '电话', text: f.content })), { kind: 'changed', at: iso(-3), by: { id: 1, label: '张三' }, entity: e.name, id, changes: [{ field: 'level', label: { zh: '客户等级', en: 'Level' }, before: '一般', after: '重要' }] }, { kind: 'created', at: row.created_at, by: { id: 1, label: '张三' }, entity: e.name, id }].sort((a, b) => b.at.localeCompare(a.at)), next_cursor: null } };
  if (parts[2] === 'history') return { status: 200, body: { data: [{ id: 1, at: iso(-3), by: { id: 1, label: '张三' }, action: 'update', changes: [{ field: 'level', label: { zh: '客户等级', en: 'Level' }, before: '一般', after: '重要' }] }], next_cursor: null } };
  if (parts[2] === 'attachments') return { status: 200, body: { data: [{ id: 1, file_name: '合同草案.pdf', size: 234567, uploaded_by: { id: 1, label: '张三' }, uploaded_at: iso(-1) }] } };
  if (parts[2] === 'actions') { if (parts[3] === 'reveal') return { status: 200, body: { value: row[body.field] } }; if (parts[3] === 'transfer') { row.owner = body.owner; row.version++; } if (parts[3] === 'retire') row.retired = true; if (parts[3] === 'revive') row.retired = false; return { status: 200, body: out(e, row) }; }
  return problemOf(404, 'not_found', '没有找到');
}

const mime = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
const regions = [[330000, '浙江省', [[330100, '杭州市', [[330106, '西湖区'], [330108, '滨江区']]], [330200, '宁波市', [[330203, '海曙区']]]]], [310000, '上海市', [[310100, '市辖区', [[310101, '黄浦区'], [310115, '浦东新区']]]]]];
export const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  if (url.pathname.startsWith('/api/v1/')) {
    const chunks = [];
    for await (const c of req) chunks.push(c);
    const text = Buffer.concat(chunks).toString();
    let answer;
    try { answer = await api(req.method, decodeURIComponent(url.pathname.slice(7)), url.searchParams, /json/.test(req.headers['content-type'] ?? '') ? JSON.parse(text || '{}') : {}, req.headers); } catch (error) { console.error(error); answer = problemOf(500, 'internal', String(error)); }
    const out = answer.file ?? (answer.body === undefined ? '' : JSON.stringify(answer.body));
    res.writeHead(answer.status, { 'Content-Type': answer.file ? 'text/csv' : answer.status >= 400 ? 'application/problem+json' : 'application/json', ...(answer.cookie ? { 'Set-Cookie': answer.cookie } : {}), ...(answer.etag ? { ETag: `"${answer.etag}"` } : {}), 'Cache-Control': 'no-store' });
    res.end(answer.status === 204 ? undefined : out);
    return;
  }
  let body;
  const type = mime[extname(url.pathname)] ?? 'text/html; charset=utf-8';
  if (url.pathname === '/assets/regions-mock.json') body = JSON.stringify(regions);
  else { const file = join(dist, extname(url.pathname) ? url.pathname : 'index.html'); if (!existsSync(file)) { res.writeHead(404); res.end(); return; } body = readFileSync(file); }
  res.writeHead(200, { 'Content-Type': type, 'Content-Encoding': 'gzip', 'Content-Security-Policy': csp, 'X-Content-Type-Options': 'nosniff' });
  res.end(gzipSync(body));
});
if (process.argv[1] === fileURLToPath(import.meta.url)) server.listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`));
