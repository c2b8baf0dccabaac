// Taking an import back: what it created goes, what it updated is as before, what was changed since stays and is named.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, psql, startServer, until } from '../lib/index.mjs';
import { csv, errorsOf, find, none, one, settle, step, upload } from '../lib/imports.mjs';
import { rowsOf } from '../lib/recount.mjs';
import { workbook } from '../lib/xlsx.mjs';

let server, rep, rep2, boss;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, boss } = await makeCompany(server, { only: ['rep', 'rep2', 'boss'] }));
});
after(() => server?.stop());

const head = ['客户名称', '所属行业', '信息来源', '联系方式', '备注', '年营业额', '客户等级'];
const run = async (who, bytes, plan, options = {}) => {
  const up = await upload(who, bytes, { plan, ...options });
  const done = await step(who, up.id, 'run');
  assert.equal(done.state, 'done', JSON.stringify(done));
  return done;
};
// What a person sees of a customer, but for what every save stamps.
const face = ({ version, updated_at, ...rest }) => rest;

describe('undo', () => {
  test('updated rows have their former values again, created ones are gone, and the rest of the company is untouched', async () => {
    await run(rep, csv([head, ['原一有限公司', '金融', '广告', '13810000001', '原备注', '120万', '重要'], ['原二有限公司', '教育', '官网', '13810000002', '', '', '']]));
    const before = [await one(rep, 'customers', 'name', '原一有限公司'), await one(rep, 'customers', 'name', '原二有限公司')];
    const done = await run(rep, csv([head, ['改一有限公司', '教育', '展会', '13810000001', '', '99', '潜在'], ['改二有限公司', '金融', '展会', '13810000002', '新备注', '7', '重要'],
      ['新三有限公司', '金融', '展会', '13810000003', '', '', '']]), { mode: 'upsert', match: ['phone'], on_blank: 'clear' });
    assert.deepEqual(done.counts, { ...none, updated: 2, created: 1 });
    assert.equal((await one(rep, 'customers', 'name', '改一有限公司')).remark, null);
    assert.ok(Date.parse(done.revert_until) > Date.now() + 29 * 86400e3);
    const undone = await step(rep, done.id, 'undo');
    assert.equal(undone.state, 'undone');
    assert.equal(undone.message, null);
    assert.deepEqual(undone.progress, { done: 3, total: 3 });
    const now = [await one(rep, 'customers', 'name', '原一有限公司'), await one(rep, 'customers', 'name', '原二有限公司')];
    assert.deepEqual(now.map(face), before.map(face));
    assert.equal((await find(rep, 'customers', 'name', '新三有限公司')).length, 0);
    assert.equal((await rep.get(`/search?q=${encodeURIComponent('改一')}`)).json.data?.length ?? 0, 0);
    for (const what of ['undo', 'run', 'check']) assert.equal((await rep.post(`/imports/${done.id}/${what}`, {})).status, 409, what);
  });

  test('rows of an entity that is not declared any more stay as they are, and the undo comes to its end', async () => {
    const done = await run(rep, csv([head, ['留一有限公司', '金融', '广告', '13815000001', '', '', ''], ['留二有限公司', '金融', '广告', '13815000002', '', '', '']]));
    const text = `UPDATE import_row SET entity = 'equipment_of_old' WHERE import_id = ${done.id}`;
    if (server.database) await psql(server.database.url, text);
    else execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db'), text]);
    assert.equal((await step(rep, done.id, 'undo')).state, 'undone');
    assert.equal((await find(rep, 'customers', 'name', '留一有限公司')).length, 1);
  });

  test('one record written twice by one file: back to the very first value', async () => {
    await run(rep, csv([head, ['两次有限公司', '金融', '广告', '13820000001', '零', '', '']]));
    const rows = [['两次有限公司', '金融', '广告', '13820000001', '一', '', ''], ['两次有限公司', '金融', '广告', '13820000001', '二', '', ''],
      ['新两次有限公司', '金融', '广告', '13820000002', '甲', '', ''], ['新两次有限公司', '金融', '广告', '13820000002', '乙', '', '']];
    const done = await run(rep, csv([head, ...rows]), { mode: 'upsert', on_duplicate: 'update' });
    assert.deepEqual(done.counts, { ...none, created: 1, updated: 3 });
    assert.equal((await one(rep, 'customers', 'name', '两次有限公司')).remark, '二');
    await step(rep, done.id, 'undo');
    assert.deepEqual(await errorsOf(rep, done.id, 'undo'), []);
    assert.equal((await one(rep, 'customers', 'name', '两次有限公司')).remark, '零');
    assert.equal((await find(rep, 'customers', 'name', '新两次有限公司')).length, 0);
  });

  test('a book: contacts of parts and of a sheet go with their customers; main contacts are as before', async () => {
    const kept = (await rep.post('/customers', { name: '老客户有限公司', industry: 'it', source: 'other', phone: '13830000009' })).json;
    const book = workbook({
      客户: [['客户名称', '所属行业', '信息来源', '联系方式', '主要联系人姓名'], ['带人有限公司', '金融', '广告', '13830000001', '赵一'], ['不带人有限公司', '金融', '广告', '13830000002', '']],
      联系人: [['所属客户', '姓名', '手机'], ['带人有限公司', '钱二', '13830000003'], ['老客户有限公司', '孙三', '13830000004']],
    });
    const done = await run(rep, book, null, { name: 'a.xlsx', entity: null });
    assert.deepEqual(done.counts, { ...none, created: 4 }, JSON.stringify(await errorsOf(rep, done.id)));
    assert.equal((await rep.get(`/customers/${kept.id}`)).json.main_contact?.label, '孙三');
    const undone = await step(rep, done.id, 'undo');
    assert.deepEqual(await errorsOf(rep, done.id, 'undo'), []);
    assert.equal(undone.state, 'undone');
    for (const name of ['赵一', '钱二', '孙三']) assert.equal((await find(boss, 'contacts', 'name', name)).length, 0, name);
    assert.equal((await find(rep, 'customers', 'name', '带人有限公司')).length, 0);
    assert.equal((await rep.get(`/customers/${kept.id}`)).json.main_contact ?? null, null);
  });

  test('what was changed since, or has got something new, stays and is named', async () => {
    await run(rep, csv([head, ['旧甲有限公司', '金融', '广告', '13840000001', '旧', '', '']]));
    const done = await run(rep, csv([head, ['旧甲有限公司', '金融', '广告', '13840000001', '新', '', ''], ['改过有限公司', '金融', '广告', '13840000002', '', '', ''],
      ['跟过有限公司', '金融', '广告', '13840000003', '', '', ''], ['没动有限公司', '金融', '广告', '13840000004', '', '', '']]), { mode: 'upsert' });
    const id = async (name) => (await one(rep, 'customers', 'name', name)).id;
    await rep.patchNow(`/customers/${await id('旧甲有限公司')}`, { remark: '后来' });
    await rep.patchNow(`/customers/${await id('改过有限公司')}`, { remark: '后来' });
    const contact = await rep.post('/contacts', { name: '后来的人', customer: await id('跟过有限公司'), mobile: '13840000009' });
    assert.equal(contact.status, 201, contact.text);
    const undone = await step(rep, done.id, 'undo');
    assert.equal(undone.state, 'undone');
    const left = await errorsOf(rep, done.id, 'undo');
    assert.deepEqual(left.map((e) => [e.row, e.code, e.value]), [[2, 'undo.changed', '旧甲有限公司'], [3, 'undo.changed', '改过有限公司'], [4, 'undo.changed', '跟过有限公司']]);
    assert.match(left[2].message, /联系人/);
    assert.match(undone.message, /3.*旧甲有限公司/);
    assert.equal((await one(rep, 'customers', 'name', '旧甲有限公司')).remark, '后来');
    assert.equal((await find(rep, 'customers', 'name', '没动有限公司')).length, 0);
    assert.equal((await find(rep, 'contacts', 'name', '后来的人')).length, 1);
    // neither the list of refused cells nor the workbook tells of it
    assert.deepEqual(await errorsOf(rep, done.id), []);
    assert.equal((await rep.get(`/imports/${done.id}/errors?kind=nope`)).status, 422);
    assert.equal((await rep2.get(`/imports/${done.id}/errors?kind=undo`)).status, 404);
    assert.equal((await rep2.post(`/imports/${done.id}/undo`, {})).status, 404);
  });

  test('a job: progress, cancelled half-way, taken up again', async () => {
    let n = 3000, done, half;
    for (let i = 0; ; i++, n *= 2) { // one that was through before the cancel came says nothing: a longer one
      const rows = Array.from({ length: n }, (_, k) => [`撤${k}有限公司`, '金融', '广告', `137${String(10000000 + k)}`, '', '', '']);
      done = await run(rep, csv([head, ...rows]));
      assert.equal((await rep.post(`/imports/${done.id}/undo`, {})).status, 202);
      let json;
      do ({ json } = await rep.get(`/imports/${done.id}`)); while (json.state === 'undoing' && json.progress.done <= 30);
      assert.equal((await rep.post(`/imports/${done.id}/cancel`, {})).status, 200);
      half = await settle(rep, done.id);
      if (half.state !== 'undone' || i === 3) break;
    }
    assert.equal(half.state, 'cancelled');
    const left = (await rep.get(`/customers?count=exact&limit=1&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', '撤']))}`)).json.count.value;
    assert.ok(left > 0 && left < n, String(left));
    assert.equal((await rep.post(`/imports/${done.id}/run`, {})).status, 409); // it is being taken back
    assert.equal((await step(rep, done.id, 'undo')).state, 'undone');
    assert.deepEqual(await errorsOf(rep, done.id, 'undo'), []);
    assert.equal((await find(rep, 'customers', 'name', '撤1有限公司')).length, 0);
    const check = await server.cli('check');
    assert.equal(check.code, 0, check.stdout + check.stderr);
  });

  // the database goes away between the end of the import and that of its job, and the runner comes again
  test('what has ended does not end twice when its job comes again', async () => {
    const done = await run(rep, csv([head, ['又一有限公司', '金融', '广告', '13810000071', '', '', '']]));
    const jobs = async (kind) => (await rowsOf(server, `SELECT id FROM job WHERE kind = '${kind}' AND params LIKE '%"import":${done.id},%'`)).map(([id]) => id);
    const again = async (id) => {
      await until(async () => (await rowsOf(server, `SELECT 1 FROM job WHERE id = ${id} AND state = 'done'`)).length, undefined, 'its end');
      await rowsOf(server, `UPDATE job SET state = 'queued', lease_by = NULL, lease_until = NULL, finished_at = NULL, cancel = 0 WHERE id = ${id}`);
      await until(async () => (await rowsOf(server, `SELECT 1 FROM job WHERE id = ${id} AND state = 'done' AND attempts >= 2`)).length, undefined, 'its end again');
    };
    const noted = async () => (await rowsOf(server, `SELECT action FROM audit_log WHERE record_id = ${done.id} AND action LIKE 'import%' ORDER BY id`)).map(([a]) => a);
    const [ran] = await jobs('import_run');
    await again(ran);
    assert.deepEqual(await noted(), ['import']);
    assert.deepEqual((await rep.get(`/imports/${done.id}`)).json.counts, { ...none, created: 1 });
    assert.equal((await step(rep, done.id, 'undo')).state, 'undone');
    const [undone] = await jobs('import_undo');
    await again(undone);
    await again(ran); // neither may the run that ended long ago say that it is done
    assert.deepEqual(await noted(), ['import', 'import_undo']);
    assert.equal((await rep.get(`/imports/${done.id}`)).json.state, 'undone');
    assert.equal((await find(rep, 'customers', 'name', '又一有限公司')).length, 0);
  });
});
