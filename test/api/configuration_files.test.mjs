// Files of the configuration: the logo and the Word documents of print templates go from house to house with it, byte for byte, on
// the other engine; what is not what it says it is, or too large, is refused by name before anything is written; and taken back.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { docx, p } from '../lib/docx.mjs';
import { defaultEngine, startServer } from '../lib/index.mjs';
import { make } from '../lib/records.mjs';
import { rowsOf } from '../lib/recount.mjs';

const other = defaultEngine === 'pg' ? 'sqlite' : process.env.ZHIKE_TEST_PG_URL ? 'pg' : 'sqlite';
const seed = (name) => readFileSync(new URL(`../../fuzz/corpus/picture/${name}`, import.meta.url));
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const b64 = (bytes) => Buffer.from(bytes).toString('base64').match(/.{1,76}/g);
const sheet = docx(p('客户 {{name}} 园区 {{park}}'));

let a, b, admin, there, text;
before(async () => {
  [a, b] = await Promise.all([startServer(), startServer({ engine: other })]);
  [admin, there] = [await a.admin(), await b.admin()];
  await admin.stepUp();
  assert.equal((await admin.upload('/settings/logo', 'a.png', seed('alpha.png'))).status, 200);
  await make(admin, 'custom-fields', { entity: 'customer', code: 'park', label_zh: '园区', type: 'string' });
  const t = await make(admin, 'print-templates', { name: '合同', entity: 'customer', kind: 'docx' });
  for (const body of [docx(p('旧的 {{name}}')), sheet]) assert.equal((await admin.upload(`/print-templates/${t.id}/attachments`, '合同 一.docx', body)).status, 201);
  await make(admin, 'print-templates', { name: '还没有文件', entity: 'customer', kind: 'docx' });
  text = await exported(admin);
});
after(async () => { await a?.stop(); await b?.stop(); });

const exported = async (who, only = '') => (await who.get(`/configuration${only && `?only=${only}`}`)).text;
const send = (who, what, file, fields = {}) => who.upload(`/configuration/${what}`, 'c.json', typeof file === 'string' ? file : JSON.stringify(file), { fields });
async function apply(who, file, fields) {
  await who.stepUp();
  return send(who, 'import', file, fields);
}
const file = (records, settings, files) => ({ zhike: 'configuration', format: 1, ...(settings ? { settings } : {}), records, ...(files ? { files } : {}) });
const contract = (document, more = {}) => ({ print_template: [{ name: '合同', entity: 'customer', kind: 'docx', document, ...more }] });
const ref = (bytes, name = 'a.docx') => ({ name, sha256: sha(bytes) });
async function dump(server) {
  const { stdout } = await server.cliOk('dump', '--logical', '--sorted');
  return stdout.split('\n').filter((l) => !/^\{"table":"(audit_log|configuration_import)"/.test(l)).map((l) => l.replace(/,"(version|updated_at|updated_by_id)":[^,}]*/g, '')).join('\n');
}
const undo = async (who, id) => { await who.stepUp(); return who.post(`/configuration-imports/${id}/actions/undo`, {}); };
const templates = async (who) => (await who.get('/print-templates?limit=100')).json.data;
const word = async (server, who) => {
  const { id } = (await templates(who)).find((t) => t.name === '合同');
  const files = (await who.get(`/print-templates/${id}/attachments`)).json.data;
  return files.length ? (await who.get(`/attachments/${files[0].id}/content`)).bytes : null;
};

test('a row names its file, the bytes stand once at the end, and a part brings its own only', async () => {
  const json = JSON.parse(text);
  const rows = json.records.print_template.filter((t) => t.kind === 'docx');
  assert.deepEqual(rows.map((t) => [t.name, t.document]), [['合同', { name: '合同 一.docx', sha256: sha(sheet) }], ['还没有文件', undefined]]);
  const logo = json.settings['company.logo'];
  assert.deepEqual(Object.keys(json.files), [logo, sha(sheet)].sort());
  assert.deepEqual(Buffer.from(json.files[sha(sheet)].join(''), 'base64'), Buffer.from(sheet));
  assert.equal(sha(Buffer.from(json.files[logo].join(''), 'base64')), logo);
  assert.ok(json.files[logo].every((l) => l.length <= 76));
  assert.deepEqual(Object.keys(JSON.parse(await exported(admin, 'settings')).files), [logo]);
  assert.deepEqual(Object.keys(JSON.parse(await exported(admin, 'print_template')).files), [sha(sheet)]);
  assert.equal(JSON.parse(await exported(admin, 'rule')).files, undefined);
  assert.equal((await a.cliOk('configuration', 'export')).stdout, text);
  assert.equal((await send(admin, 'difference', text)).json.same, true);
});

test('into an empty house on the other engine', async () => {
  const empty = await dump(b);
  const diff = await send(there, 'difference', text);
  assert.equal(diff.status, 200, diff.text);
  assert.deepEqual(diff.json.problems, [], diff.text);
  assert.ok(diff.json.settings.some((s) => s.name === 'company.logo' && s.to && !s.from));
  const value = diff.json.parts.find((x) => x.entity === 'print_template').added.find((r) => r.title === '合同').values.find((v) => v.field === 'document');
  assert.deepEqual(value.to, { name: '合同 一.docx', sha256: sha(sheet) });
  assert.equal(await dump(b), empty, 'looking changed nothing');
  const done = await apply(there, text, { expect: diff.json.state });
  assert.equal(done.status, 200, done.text);
  assert.equal(await exported(there), text, 'the same bytes');
  assert.deepEqual(Buffer.from(await word(b, there)), Buffer.from(sheet));
  const pictures = await Promise.all([a, b].map(async (s) => { const { logo } = (await s.anyone().get('/welcome')).json; return (await s.anyone().get(logo)).bytes; }));
  assert.deepEqual(pictures[0], pictures[1], 'the very logo');
  await b.cliOk('check');
  assert.equal((await undo(there, done.json.id)).status, 204);
  assert.equal(await dump(b), empty, 'the undo brings it back, files and all');
  assert.equal((await b.anyone().get('/welcome')).json.logo, null);
  const again = await apply(there, text);
  assert.equal(again.status, 200, again.text);
  assert.equal(await exported(there), text);
});

test('another document and another logo, none at all, and back', async () => {
  const was = await dump(b), fresh = docx(p('新的 {{name}}'));
  const rows = JSON.parse(text).records.print_template;
  const swapped = file({ print_template: rows.map((t) => (t.name === '合同' ? { ...t, document: ref(fresh, '新.docx') } : t)) }, undefined, { [sha(fresh)]: b64(fresh) });
  const done = await apply(there, swapped);
  assert.equal(done.status, 200, done.text);
  assert.deepEqual(done.json.counts, { added: 0, changed: 1, removed: 0, settings: 0 });
  assert.deepEqual(Buffer.from(await word(b, there)), Buffer.from(fresh));
  assert.equal((await undo(there, done.json.id)).status, 204);
  assert.equal(await dump(b), was);
  const bare = { ...file({ print_template: rows.map(({ document, ...t }) => t) }), settings: { } };
  const none = await apply(there, bare, { unlisted: 'remove' });
  assert.equal(none.status, 200, none.text);
  assert.equal(await word(b, there), null);
  assert.equal((await b.anyone().get('/welcome')).json.logo, null);
  assert.equal(JSON.parse(await exported(there)).files, undefined);
  assert.equal((await undo(there, none.json.id)).status, 204);
  assert.equal(await dump(b), was);
  assert.equal(await exported(there), text);
  await b.cliOk('check');
});

test('a file that is swept while an undo looks at it is told by name, and nothing is taken back', async () => {
  const { id } = (await templates(there)).find((x) => x.name === '合同'); // an older one beside it: each of them would have to come back
  for (const body of [docx(p('旧的 {{name}}')), sheet]) assert.equal((await there.upload(`/print-templates/${id}/attachments`, '合同 一.docx', body)).status, 201);
  assert.equal(await exported(there), text);
  const rows = JSON.parse(text).records.print_template;
  const none = await apply(there, { ...file({ print_template: rows.map(({ document, ...t }) => t) }), settings: { } }, { unlisted: 'remove' });
  assert.equal(none.status, 200, none.text);
  const was = await dump(b);
  const gone = async (mime) => { // to a write that wants it back the row is none
    await rowsOf(b, { sqlite: `CREATE TRIGGER gone BEFORE UPDATE OF deleted_at ON attachment WHEN OLD.mime LIKE '${mime}' BEGIN SELECT RAISE(IGNORE); END`,
      pg: `CREATE OR REPLACE FUNCTION gone() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql; CREATE TRIGGER gone BEFORE UPDATE OF deleted_at ON attachment FOR EACH ROW WHEN (OLD.mime LIKE '${mime}') EXECUTE FUNCTION gone()` });
    const refused = await undo(there, none.json.id);
    await rowsOf(b, { sqlite: 'DROP TRIGGER gone', pg: 'DROP FUNCTION gone() CASCADE' });
    assert.equal(refused.status, 409, refused.text);
    assert.equal(await dump(b), was);
    return refused.json.errors.map((e) => e.field);
  };
  assert.deepEqual(await gone('application/%'), ['print_template[customer/合同]']);
  // its bytes, or its row, are no longer there at all
  const missing = async (go, back) => {
    await go();
    const refused = await undo(there, none.json.id);
    await back();
    assert.equal(refused.status, 409, refused.text);
    assert.equal(await dump(b), was);
    return refused.json.errors.map((e) => e.field);
  };
  const path = join(b.dir, 'files', sha(sheet).slice(0, 2), sha(sheet).slice(2));
  assert.deepEqual(await missing(() => renameSync(path, `${path}.away`), () => renameSync(`${path}.away`, path)), ['print_template[customer/合同]']);
  const [[first]] = await rowsOf(b, `SELECT min(id) FROM attachment WHERE parent_type = 'print_template' AND parent_id = ${id}`);
  assert.deepEqual(await missing(() => rowsOf(b, `UPDATE attachment SET id = -1 WHERE id = ${first}`), () => rowsOf(b, `UPDATE attachment SET id = ${first} WHERE id = -1`)), ['print_template[customer/合同]']);
  assert.deepEqual(await gone('image/%'), ['settings.company.logo']);
  assert.equal((await undo(there, none.json.id)).status, 204);
  assert.equal(await exported(there), text);
});

test('a document somebody put there since is not taken away', async () => {
  const fresh = docx(p('再新 {{name}}')), done = await apply(there, file(contract(ref(fresh)), undefined, { [sha(fresh)]: b64(fresh) }));
  assert.equal(done.status, 200, done.text);
  const t = (await templates(there)).find((x) => x.name === '合同');
  const up = await there.upload(`/print-templates/${t.id}/attachments`, 'b.docx', docx(p('手工 {{name}}')));
  assert.equal(up.status, 201, up.text);
  const refused = await undo(there, done.json.id);
  assert.equal(refused.status, 409, refused.text);
  assert.deepEqual(refused.json.errors.map((e) => e.field), ['print_template[customer/合同]']);
  assert.equal((await there.del(`/attachments/${up.json.id}`)).status, 204);
  assert.equal((await undo(there, done.json.id)).status, 204);
});

test('what is not what it says it is, is refused with its place, and nothing is written', async () => {
  const was = await dump(b), not = Buffer.from('PK\x03\x04 nothing'), svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  const made = Buffer.from(JSON.parse(text).files[JSON.parse(text).settings['company.logo']].join(''), 'base64');
  const tail = Buffer.concat([made, Buffer.from('<script>alert(1)</script>')]);
  const own = (bytes) => ({ [sha(bytes)]: b64(bytes) });
  const logo = (bytes) => file({}, { 'company.logo': sha(bytes) }, own(bytes));
  const cases = [
    ['no such file', file(contract(ref(sheet))), 422, 'records.print_template[0].document'],
    ['no such logo', file({}, { 'company.logo': 'x' }), 422, 'settings.company.logo'],
    ['an id', file(contract(7)), 422, 'records.print_template[0].document'],
    ['a path', file(contract(ref(sheet, '../x.docx')), undefined, own(sheet)), 422, 'records.print_template[0].document'],
    ['no digest', file(contract({ name: 'a.docx', sha256: sha(sheet).toUpperCase() }), undefined, own(sheet)), 422, 'records.print_template[0].document'],
    ['a short digest', file(contract({ name: 'a.docx', sha256: 'abc' }), undefined, own(sheet)), 422, 'records.print_template[0].document'],
    ['no name', file(contract({ sha256: sha(sheet) }), undefined, own(sheet)), 422, 'records.print_template[0].document'],
    ...[['', 'an empty name'], ['甲'.repeat(86), 'a long name'], ['a\\b.docx', 'another path'], ['a\u0007.docx', 'a name that rings'], ['a\u007f.docx', 'a name that deletes']]
      .map(([name, what]) => [what, file(contract(ref(sheet, name)), undefined, own(sheet)), 422, 'records.print_template[0].document']),
    ['a text beside a number', file({}, {}, { [sha(sheet)]: ['AAAA', 5] }), 422, `files.${sha(sheet)}`],
    ['capitals', file({}, {}, { [sha(sheet).toUpperCase()]: b64(sheet) }), 422, `files.${sha(sheet).toUpperCase()}`],
    ['more members', file(contract({ ...ref(sheet), size: 5 }), undefined, own(sheet)), 422, 'records.print_template[0].document'],
    ['another name', file({}, {}, { abc: b64(sheet) }), 422, 'files.abc'],
    ['another content', file(contract(ref(sheet)), undefined, { [sha(sheet)]: b64(not) }), 422, `files.${sha(sheet)}`],
    ['no base64', file({}, {}, { [sha(sheet)]: ['***'] }), 422, `files.${sha(sheet)}`],
    ['no list', file({}, {}, { [sha(sheet)]: 'AAAA' }), 422, `files.${sha(sheet)}`],
    ['empty', file({}, {}, { [sha('')]: [] }), 422, `files.${sha('')}`],
    ['nobody names it', file({}, {}, own(sheet)), 422, `files.${sha(sheet)}`],
    ['no object', file({}, {}, [1]), 422, 'files'],
    ['no Word document', file(contract(ref(not)), undefined, own(not)), null, 'records.print_template[0].document'],
    ['macros', ((x) => file(contract(ref(x)), undefined, own(x)))(docx(p('x'), { more: { 'word/vbaProject.bin': 'x' } })), null, 'records.print_template[0].document'],
    ['an SVG', logo(svg), 415, 'settings.company.logo'],
    ['a PNG', logo(seed('alpha.png')), 415, 'settings.company.logo'],
    ['a JPEG of somebody else', logo(seed('turned.jpg')), 415, 'settings.company.logo'],
    ['something behind the picture', logo(tail), 415, 'settings.company.logo'],
  ];
  for (const [what, body, status, field] of cases) {
    for (const look of [await send(there, 'difference', body), await apply(there, body)]) {
      assert.ok(status ? look.status === status : [413, 415, 422].includes(look.status), `${what}: ${look.text}`);
      assert.equal(look.json.errors?.[0]?.field ?? look.json.code, field, `${what}: ${look.text}`);
      assert.ok(look.json.errors[0].message.length > 8, what);
    }
  }
  // the first of several is told
  const two = file(contract(ref(not)), { 'company.logo': sha(svg) }, { ...own(not), ...own(svg) });
  for (const look of [await send(there, 'difference', two), await apply(there, two)]) assert.equal(look.json.errors.length, 1, look.text);
  // what only the house can say: a place that is no field of the entity, a document at a template that has none
  const wrong = docx(p('{{no_such_place}}'));
  const place = await send(there, 'difference', file(contract(ref(wrong)), undefined, own(wrong)));
  assert.deepEqual(place.json.problems.map((x) => x.place), ['print_template[customer/合同].document'], place.text);
  const report = await send(there, 'difference', file({ print_template: [{ name: '报表', entity: 'customer', kind: 'report', body: '# x', document: ref(sheet) }] }, undefined, own(sheet)));
  assert.deepEqual(report.json.problems.map((x) => x.place), ['print_template[customer/报表].document'], report.text);
  assert.equal(await dump(b), was);
});

test('two templates of one document: its bytes stand once, and come once; the right name may be long; null is none', async () => {
  const was = await dump(b), both = docx(p('两个 {{name}}')), name = `${'甲'.repeat(83)}.docx`;
  const row = (title, document) => ({ name: title, entity: 'customer', kind: 'docx', document });
  const two = file({ print_template: [row('甲', ref(both, name)), row('乙', ref(both)), row('丙', null)] }, undefined, { [sha(both)]: b64(both) });
  const done = await apply(there, two);
  assert.equal(done.status, 200, done.text);
  const out = JSON.parse(await exported(there, 'print_template'));
  assert.deepEqual(['甲', '乙', '丙'].map((t) => out.records.print_template.find((r) => r.name === t).document), [ref(both, name), ref(both), undefined]);
  assert.deepEqual(Object.keys(out.files), [sha(both), sha(sheet)].sort());
  // the first gets another, the second none: what both named stays as long as one does
  const fresh = docx(p('另外 {{name}}'));
  const parted = await apply(there, file({ print_template: [row('甲', ref(fresh)), row('乙', null), row('丙', ref(both))] }, undefined, { [sha(fresh)]: b64(fresh), [sha(both)]: b64(both) }));
  assert.equal(parted.status, 200, parted.text);
  for (const { json } of [parted, done]) assert.equal((await undo(there, json.id)).status, 204);
  assert.equal(await dump(b), was);
  // a file of the house whose bytes are all there already: only what differs is written
  const day = JSON.parse(text);
  day.settings['home.idle_days'] = '23';
  const only = await apply(there, day);
  assert.equal(only.status, 200, only.text);
  assert.deepEqual(only.json.counts, { added: 0, changed: 0, removed: 0, settings: 1 });
  assert.equal((await undo(there, only.json.id)).status, 204);
  assert.equal(await dump(b), was);
});

test('a file that is gone from the data folder is said, not left out', async () => {
  const path = join(b.dir, 'files', sha(sheet).slice(0, 2), sha(sheet).slice(2));
  renameSync(path, `${path}.away`);
  try {
    const a = await there.get('/configuration');
    assert.equal(a.status, 500, a.text.slice(0, 300));
    assert.match(a.text, /zhike check/);
    assert.equal((await there.get('/configuration?only=rule')).status, 200);
  } finally { renameSync(`${path}.away`, path); }
  assert.equal((await there.get('/configuration')).status, 200);
});

test('bytes that cannot be kept are no import: nothing of it is there', async () => {
  const was = await dump(b);
  let fresh, folder;
  for (let i = 0; !folder || existsSync(folder); i++) {
    fresh = docx(p(`新 ${i} {{name}}`));
    folder = join(b.dir, 'files', sha(fresh).slice(0, 2));
  }
  const one = file(contract(ref(fresh)), undefined, { [sha(fresh)]: b64(fresh) });
  writeFileSync(folder, 'in the way');
  const refused = await apply(there, one);
  rmSync(folder);
  assert.ok(refused.status >= 500, refused.text);
  assert.equal(await dump(b), was);
  const done = await apply(there, one);
  assert.equal(done.status, 200, done.text);
  assert.equal((await undo(there, done.json.id)).status, 204);
});

test('what does not fit into a file is said when it is given out', async () => {
  const t = await make(admin, 'print-templates', { name: '很大', entity: 'customer', kind: 'docx' });
  const big = docx(p('{{name}}'), { more: { 'word/media/big.bin': randomBytes(200_000) } });
  assert.equal((await admin.upload(`/print-templates/${t.id}/attachments`, 'big.docx', big)).status, 201);
  const size = (await exported(admin)).length;
  assert.ok(size > 100_000, `${size}`);
  assert.equal((await admin.patch('/settings', { 'home.idle_days': '9' })).status, 200);
  await a.cliOk('configuration', 'export');
  const out = await a.cli('configuration', 'export', { env: { ZHIKE_CONFIGURATION_MAX_SIZE: '64KB' } });
  assert.notEqual(out.code, 0, out.stdout.slice(0, 200));
  assert.match(out.stderr, /configuration\.max_size/);
  assert.equal((await a.cli('configuration', 'export', '--only', 'rule', { env: { ZHIKE_CONFIGURATION_MAX_SIZE: '64KB' } })).code, 0);
});
