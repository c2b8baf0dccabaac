// What an import does with rows that are there already: modes, keys, duplicates and choices, links, rights. Wherever a
// file is run it is checked first, and both must count alike.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { checkAndRun, csv, duplicatesOf, errorsOf, find, none, one, step, upload } from '../lib/imports.mjs';
import { workbook } from '../lib/xlsx.mjs';

let server, rep, rep2, boss, manager;
before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, boss, manager } = await makeCompany(server, { only: ['rep', 'rep2', 'boss', 'manager'] }));
});
after(() => server?.stop());

const head = ['客户名称', '所属行业', '信息来源', '联系方式', '备注', '网址'];
const row = (name, phone, remark = '', web = '', industry = '金融') => [name, industry, '广告', phone, remark, web];
const take = async (who, rows, plan) => {
  const up = await upload(who, csv([head, ...rows]), { plan });
  return { id: up.id, done: await checkAndRun(who, up.id) };
};

describe('modes', () => {
  before(() => take(rep, [row('甲有限公司', '13911110001', '旧'), row('乙有限公司', '13911110002', '', 'https://b.example.com')]));

  test('skip leaves what is found alone and creates the rest', async () => {
    const { done } = await take(rep, [row('甲有限公司', '13911110001', '新'), row('丙有限公司', '13911110003')], { mode: 'skip' });
    assert.deepEqual(done.counts, { ...none, created: 1, skipped: 1 });
    assert.equal((await one(rep, 'customers', 'name', '甲有限公司')).remark, '旧');
  });
  test('fill writes the blank fields only', async () => {
    const { done } = await take(rep, [row('甲有限公司', '13911110001', '新', 'https://a.example.com'), row('乙有限公司', '13911110002', '备注', 'https://c.example.com'),
      row('丙有限公司', '13911110003')], { mode: 'fill' });
    assert.deepEqual(done.counts, { ...none, updated: 2, unchanged: 1 });
    const a = await one(rep, 'customers', 'name', '甲有限公司'), b = await one(rep, 'customers', 'name', '乙有限公司');
    assert.deepEqual([a.remark, a.website, b.remark, b.website], ['旧', 'https://a.example.com', '备注', 'https://b.example.com']);
  });
  test('keys: all of a group, any of several groups, several hits refused', async () => {
    const rows = [row('甲有限公司', '13911119999', '一'), row('别的名字', '13911110002', '二'), row('谁也不是', '13911118888', '三')];
    const both = await take(rep, rows, { mode: 'update', match: ['name', 'phone'] });
    assert.deepEqual(both.done.counts, { ...none, skipped: 3 });
    const any = await take(rep, rows, { mode: 'update', match: [['name'], ['phone']] });
    assert.deepEqual(any.done.counts, { ...none, updated: 2, skipped: 1 });
    assert.deepEqual((await rep.get(`/imports/${any.id}`)).json.sheets[0].match, [['name'], ['phone']]);
    assert.equal((await one(rep, 'customers', 'name', '别的名字')).remark, '二');
    const two = await take(rep, [row('甲有限公司', '13911110002')], { mode: 'update', match: [['name'], ['phone']] });
    assert.deepEqual(two.done.counts, { ...none, failed: 1 });
    assert.deepEqual((await errorsOf(rep, two.id)).map((e) => e.code), ['dup.multiple']);
    for (const match of [[['nope']], [[]], [7], [['name'], 'phone']]) {
      const up = await upload(rep, csv([head, rows[0]]));
      assert.equal((await rep.patch(`/imports/${up.id}`, { sheets: [{ index: 0, entity: 'customer', match }] })).status, 422, JSON.stringify(match));
    }
  });
  test('a key of choice makes one record of two rows, in one block or in two', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => row(`同键${i % 600}有限公司`, `139${String(50000000 + i)}`));
    const { done } = await take(rep, rows, { mode: 'upsert', match: ['name'] });
    assert.deepEqual(done.counts, { ...none, created: 600, duplicate: 600 });
  });
});

describe('duplicates', () => {
  const rows = [row('重复有限公司', '13922220001', '第一'), row('重复有限公司', '13922220001', '第二'), row('独有有限公司', '13922220009')];
  const plans = [['refuse', { created: 2, duplicate: 1 }, 1, '第一'], ['skip', { created: 2, skipped: 1 }, 1, '第一'],
    ['update', { created: 2, updated: 1 }, 1, '第二'], ['create', { created: 3 }, 2, null]];
  for (const [on, counts, n, remark] of plans)
    test(`in the file, ${on}`, async () => {
      const mine = rows.map((r) => r.map((v) => String(v).replace('有限', `${on}有限`).replace('1392222', `1392${1 + plans.findIndex((p) => p[0] === on)}22`)));
      const { done, id } = await take(rep, mine, { on_duplicate: on });
      assert.deepEqual(done.counts, { ...none, ...counts }, JSON.stringify(await errorsOf(rep, id)));
      const list = await find(rep, 'customers', 'name', `重复${on}有限公司`);
      assert.equal(list.length, n);
      if (remark) assert.equal((await one(rep, 'customers', 'name', `重复${on}有限公司`)).remark, remark);
    });

  test('against the base, each way; what is foreign is not shown', async () => {
    await take(rep2, [row('别人的有限公司', '13933330001', '别人的')]);
    await take(rep, [row('自己的有限公司', '13933330002', '原来')]);
    const mine = [row('别人的有限公司', '13933330001', '想改'), row('自己的有限公司', '13933330002', '想改')];
    const refused = await take(rep, mine);
    assert.deepEqual(refused.done.counts, { ...none, duplicate: 2 });
    const groups = await duplicatesOf(rep, refused.id);
    assert.deepEqual(groups.map((g) => [g.rule, g.rows.join(), g.record?.label ?? null, g.foreign, g.choice]).sort(),
      [['name_phone', '2', null, true, null], ['name_phone', '3', '自己的有限公司', false, null]].sort());
    const skipped = await take(rep, mine, { on_duplicate: 'skip' });
    assert.deepEqual(skipped.done.counts, { ...none, skipped: 2 });
    const updated = await take(rep, mine, { on_duplicate: 'update' });
    assert.deepEqual(updated.done.counts, { ...none, updated: 1, failed: 1 });
    const [mistake] = await errorsOf(rep, updated.id);
    assert.deepEqual([mistake.row, mistake.code], [2, 'perm.denied']);
    assert.doesNotMatch(JSON.stringify(mistake.message), /陈销售|别人/);
    assert.equal((await one(rep2, 'customers', 'name', '别人的有限公司')).remark, '别人的');
    assert.equal((await one(rep, 'customers', 'name', '自己的有限公司')).remark, '想改');
  });

  test('a choice for each group; the check it belongs to stands', async () => {
    await take(rep, [row('选一有限公司', '13944440001', '原'), row('选二有限公司', '13944440002', '原'), row('选三有限公司', '13944440003', '原')]);
    const up = await upload(rep, csv([head, row('选一有限公司', '13944440001', '新'), row('选二有限公司', '13944440002', '新'), row('选三有限公司', '13944440003', '新'),
      row('新的有限公司', '13944440004', '甲'), row('新的有限公司', '13944440004', '乙')]));
    const checked = await step(rep, up.id, 'check');
    assert.deepEqual(checked.counts, { ...none, created: 1, duplicate: 4 });
    const groups = await duplicatesOf(rep, up.id);
    const by = (rowNo) => groups.find((g) => g.rows.includes(rowNo)).group;
    assert.deepEqual(groups.find((g) => g.rows.includes(5)).rows, [5, 6]);
    const set = await rep.patch(`/imports/${up.id}`, { choices: { [by(2)]: 'update', [by(3)]: 'skip', [by(4)]: 'create', [by(5)]: 'update' } });
    assert.equal(set.status, 200, set.text);
    assert.equal(set.json.state, 'checked');
    assert.equal((await duplicatesOf(rep, up.id)).find((g) => g.rows.includes(2)).choice, 'update');
    for (const choices of [{ [by(2)]: 'maybe' }, { '../': 'skip' }, { [by(2)]: 'refuse' }])
      assert.equal((await rep.patch(`/imports/${up.id}`, { choices })).status, 422);
    assert.equal((await rep2.get(`/imports/${up.id}/duplicates`)).status, 404);
    const done = await checkAndRun(rep, up.id);
    assert.deepEqual(done.counts, { ...none, created: 2, updated: 2, skipped: 1 });
    assert.equal((await one(rep, 'customers', 'name', '选一有限公司')).remark, '新');
    assert.equal((await one(rep, 'customers', 'name', '选二有限公司')).remark, '原');
    assert.equal((await find(rep, 'customers', 'name', '选三有限公司')).length, 2);
    assert.equal((await one(rep, 'customers', 'name', '新的有限公司')).remark, '乙');
  });
});

test('a rule that blocks everywhere is not waved away: a credit code stays with one customer', async () => {
  const rows = [['客户名称', '统一社会信用代码', '所属行业', '信息来源', '联系方式'], ['代码甲有限公司', '91110000600037341L', '金融', '广告', '13988880001'],
    ['代码乙有限公司', '91110000600037341L', '金融', '广告', '13988880002']];
  const up = await upload(rep, csv(rows), { plan: { on_duplicate: 'create' } });
  assert.deepEqual((await checkAndRun(rep, up.id)).counts, { ...none, created: 1, duplicate: 1 });
  const again = await upload(rep, csv([rows[0], rows[2]]), { plan: { on_duplicate: 'create' } });
  assert.deepEqual((await checkAndRun(rep, again.id)).counts, { ...none, duplicate: 1 });
  assert.deepEqual((await duplicatesOf(rep, again.id)).map((g) => [g.rule, g.rows.join(), g.record.label]), [['credit_code', '2', '代码甲有限公司']]);
});

describe('links', () => {
  test('an ambiguous name is a mistake that lists those the importer may see, numbers and names', async () => {
    const same = { industry: 'it', source: 'other' };
    for (const phone of ['13955550001', '13955550002']) await rep.post('/customers', { ...same, name: '同名有限公司', phone });
    await rep2.post('/customers', { ...same, name: '同名有限公司', phone: '13955550003' });
    const book = workbook({ 联系人: [['所属客户', '姓名', '手机'], ['同名有限公司', '张三', '13911112223']] });
    const up = await upload(rep, book, { name: 'a.xlsx', entity: 'contact' });
    const done = await checkAndRun(rep, up.id);
    assert.deepEqual(done.counts, { ...none, failed: 1 });
    const [mistake] = await errorsOf(rep, up.id);
    assert.equal(mistake.code, 'ref.ambiguous');
    const own = (await find(rep, 'customers', 'name', '同名有限公司')).map((c) => c.number);
    assert.equal(own.length, 2);
    for (const number of own) assert.ok(mistake.message.includes(number), mistake.message);
    const all = (await find(boss, 'customers', 'name', '同名有限公司')).map((c) => c.number);
    assert.equal(all.filter((number) => mistake.message.includes(number)).length, 2); // not the colleague's
  });

  test('rows of the same file: found by number or name, ambiguous within it, and a sheet that links to itself', async () => {
    const book = workbook({
      联系人: [['所属客户', '姓名', '手机'], ['K-7', '按号', '13911113331'], ['双胞有限公司', '不明', '13911113332'], ['独一有限公司', '按名', '13911113333']],
      客户: [['客户编号', '客户名称', '所属行业', '信息来源', '联系方式', '上级客户'], ['K-7', '独一有限公司', '金融', '展会', '13966660001', ''],
        ['K-8', '双胞有限公司', '金融', '展会', '13966660002', '独一有限公司'], ['K-9', '双胞有限公司', '金融', '展会', '13966660003', 'K-8']],
    });
    const up = await upload(boss, book, { name: 'a.xlsx', entity: null });
    const done = await checkAndRun(boss, up.id);
    assert.deepEqual(done.counts, { ...none, created: 5, failed: 1 }, JSON.stringify(await errorsOf(boss, up.id)));
    const [mistake] = await errorsOf(boss, up.id);
    assert.deepEqual([mistake.sheet, mistake.row, mistake.code], ['联系人', 3, 'ref.ambiguous']);
    assert.match(mistake.message, /3, 4/);
    assert.equal((await one(boss, 'customers', 'number', 'K-9')).parent_customer.label, '双胞有限公司');
    assert.equal((await one(boss, 'customers', 'number', 'K-8')).parent_customer.label, '独一有限公司');
    assert.equal((await one(boss, 'contacts', 'name', '按号')).customer.label, '独一有限公司');
  });
});

describe('rights', () => {
  test("somebody else's customer is not found, only told as a duplicate; nothing of it is changed", async () => {
    await take(rep2, [row('陈的客户有限公司', '13977770001', '陈')]);
    const other = await one(rep2, 'customers', 'name', '陈的客户有限公司');
    for (const mode of ['update', 'upsert', 'fill']) {
      const { done, id } = await take(rep, [row('陈的客户有限公司', '13977770001', '冯', 'https://x.example.com')], { mode });
      assert.deepEqual(done.counts, { ...none, ...(mode === 'update' ? { skipped: 1 } : { duplicate: 1 }) }, mode);
      const list = await errorsOf(rep, id);
      assert.deepEqual(list.map((e) => [e.row, e.code]), [[2, mode === 'update' ? 'ref.not_found' : 'dup.in_db']]);
      assert.doesNotMatch(list[0].message, new RegExp(`陈的|${other.number}`));
    }
    assert.deepEqual(await one(rep2, 'customers', 'name', '陈的客户有限公司'), other);
    // nor by its number
    const up = await upload(rep, csv([['客户编号', '备注'], [other.number, '冯']]), { plan: { mode: 'update' } });
    assert.deepEqual((await checkAndRun(rep, up.id)).counts, { ...none, skipped: 1 });
    assert.equal((await one(rep2, 'customers', 'name', '陈的客户有限公司')).remark, '陈');
  });
  test('a mask that comes back changes nothing', async () => {
    await take(rep2, [row('掩码有限公司', '13977770002')]);
    const up = await upload(rep2, csv([['客户名称', '联系方式'], ['掩码有限公司', '139****0002']]), { plan: { mode: 'update', match: ['name'] } });
    const done = await checkAndRun(rep2, up.id);
    assert.deepEqual(done.counts, { ...none, unchanged: 1 });
    assert.equal((await one(rep2, 'customers', 'name', '掩码有限公司')).phone, '13977770002');
  });
  test('an owner of the file counts with import_keep only, at creation only', async () => {
    const rows = [['客户名称', '所属行业', '信息来源', '联系方式', '负责人'], ['归属有限公司', '金融', '广告', '13977770003', '陈销售']];
    const up = await upload(rep, csv(rows));
    assert.ok(up.warnings.some((w) => w.header === '负责人' && w.code === 'perm.denied'));
    await checkAndRun(rep, up.id);
    assert.equal((await one(rep, 'customers', 'name', '归属有限公司')).owner.label, '冯销售');
    const again = await upload(manager, csv(rows), { plan: { mode: 'update' } });
    assert.deepEqual((await checkAndRun(manager, again.id)).counts, { ...none, unchanged: 1 });
    assert.equal((await one(rep, 'customers', 'name', '归属有限公司')).owner.label, '冯销售');
  });
});

test('the check is the run without the writing, on files of all kinds of rows', async () => {
  let seed = 7;
  const dice = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % n; };
  const industries = ['金融', '教育', '养鱼', ''], phones = () => ['', '1390', `1388${String(dice(40)).padStart(7, '0')}`, `0571-8815${String(dice(50)).padStart(4, '0')}`][dice(4)];
  for (let round = 0; round < 8; round++) {
    const rows = Array.from({ length: 140 }, () => [dice(12) ? `杂${dice(70)}有限公司` : ['', '合计', '示例：某公司'][dice(3)], industries[dice(8) < 6 ? dice(2) : dice(4)],
      dice(9) ? '广告' : '没有这种', phones(), dice(3) ? `备注${dice(4)}` : '', dice(6) ? '' : `杂${dice(70)}有限公司`]);
    const plan = { mode: ['create', 'update', 'upsert', 'skip', 'fill'][round % 5], on_duplicate: ['refuse', 'update', 'skip', 'create'][round % 4],
      on_blank: round % 2 ? 'clear' : 'keep', ...(round % 3 === 2 ? { match: [['name'], ['phone']] } : {}), defaults: round % 2 ? { industry: 'it' } : {} };
    const up = await upload([rep, boss][round % 2], csv([['客户名称', '所属行业', '信息来源', '联系方式', '备注', '上级客户'], ...rows]), { plan });
    const done = await checkAndRun([rep, boss][round % 2], up.id);
    const all = Object.values(done.counts).reduce((a, b) => a + b, 0);
    assert.equal(all, rows.filter((r) => r.some((v) => v !== '')).length, JSON.stringify(plan));
  }
  const check = await server.cli('check');
  assert.equal(check.code, 0, check.stdout + check.stderr);
});
