// A search tells PostgreSQL how far back to look (src/db/search_depth.c): at the youngest documents first, then as far as
// their matches let it expect to be enough. Among 30,000 documents, counted by ANALYZE, each word is found where it stands,
// whether it is in all of them, in every tenth, in the oldest only or in three; the first time and when it is known.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, makeCompany, psql, startServer, until } from '../lib/index.mjs';
import { makeCustomer } from '../lib/records.mjs';

const N = 30_000;
const words = { 甲: () => true, 乙: (i) => i % 10 === 4, 丙: (i) => i % 150 === 7, 丁: (i) => i <= 50, 戊: (i) => [2, 14_000, 29_999].includes(i), 己: (i) => i > 15_000 && i % 40 === 0 };
let server, rep, boss, model, owners, sql;
const idOf = (i) => model.id - 10_000_000 + i * 100;

before(async () => {
  server = await startServer({ company: true });
  const company = await makeCompany(server, { only: ['rep', 'rep2', 'boss'] });
  ({ rep, boss } = company);
  owners = [(await rep.get('/me')).json.user.id, (await company.rep2.get('/me')).json.user.id];
  model = await makeCustomer(rep, { name: '庚庚' });
  const pg = !!server.database;
  sql = async (text) => (pg ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8' }).trimEnd());
  const columns = (await sql(pg ? "SELECT column_name FROM information_schema.columns WHERE table_name = 'customer' AND table_schema = current_schema()" : "SELECT name FROM pragma_table_info('customer')")).split('\n');
  const own = { id: `${model.id} - 10000000 + n.i * 100`, number: "'T' || n.i", number_f: "'t' || n.i", owner_id: `CASE WHEN n.i % 3 = 0 THEN ${owners[0]} ELSE ${owners[1]} END`, created_at: 'c.created_at - 10000000 + n.i * 100' };
  const series = pg ? `(SELECT generate_series(1, ${N}) AS i) AS n` : `(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${N}) SELECT i FROM s) AS n`;
  await sql(`INSERT INTO customer (${columns.map((k) => `"${k}"`)}) SELECT ${columns.map((k) => own[k] ?? `c."${k}"`)} FROM customer AS c CROSS JOIN ${series} WHERE c.id = ${model.id}`);
  const mod = { 甲: 'n.i > 0', 乙: 'n.i % 10 = 4', 丙: 'n.i % 150 = 7', 丁: 'n.i <= 50', 戊: 'n.i IN (2, 14000, 29999)', 己: 'n.i > 15000 AND n.i % 40 = 0' };
  const text = Object.entries(mod).map(([word, when]) => `CASE WHEN ${when} THEN '${word} ' ELSE '' END`).join(' || ');
  await sql(`INSERT INTO search_customer (${pg ? 'id' : 'rowid'}, tokens) SELECT ${own.id}, ${pg ? `CAST(${text} AS tsvector)` : text} FROM ${series}`);
  if (pg) await sql('ANALYZE search_customer; ANALYZE customer');
});
after(() => server?.stop());

/** All ids of a list with q, page by page, at most `most`. */
async function walk(client, q, sort, most) {
  const ids = [];
  let cursor = '';
  do {
    const answer = await client.get(`/customers?q=${encodeURIComponent(q)}&sort=${sort}&limit=200&fields=name${cursor && `&cursor=${cursor}`}`);
    assert.equal(answer.status, 200, answer.text);
    ids.push(...answer.json.data.map((r) => r.id));
    cursor = answer.json.next_cursor;
  } while (cursor && ids.length < most);
  return ids;
}

const expected = (q, mine) => Array.from({ length: N }, (_, i) => N - i)
  .filter((i) => [...q].every((word) => words[word](i)) && (!mine || i % 3 === 0)).map(idOf);

describe('each word is found where it stands', () => {
  for (const q of ['甲', '乙', '丙', '丁', '戊', '己'])
    for (const [who, client, mine] of [['everything', () => boss, false], ['his own', () => rep, true]])
      test(`${q}, by one who sees ${who}`, async () => {
        for (const round of ['first', 'again']) {
          const all = expected(q, mine), most = 1000;
          for (const sort of ['-created_at', '-id']) {
            const found = await walk(client(), q, sort, most);
            assert.deepEqual(found, all.slice(0, found.length), `${round}, ${sort}`);
            assert.ok(found.length >= Math.min(all.length, most), `${round}, ${sort}: ${found.length} of ${all.length}`);
          }
          const answer = await client().get(`/search?entity=customer&limit=20&q=${encodeURIComponent(q)}`);
          assert.deepEqual(answer.json.data.map((r) => r.id), all.slice(0, 20), `${round}: search`);
        }
      });
  test('a count says what it knows: exact is all, capped is a bound where more than 20,000 match', async () => {
    const count = async (client, q, kind, more = '') => {
      const answer = await client.get(`/customers?q=${encodeURIComponent(q)}&limit=1&fields=name&count=${kind}${more}`);
      assert.equal(answer.status, 200, `${q} ${kind}${more}: ${answer.text}`);
      return answer.json.count;
    };
    const young = Array.from({ length: 20_000 }, (_, i) => N - i).filter((i) => i % 3 === 0).length;
    const mine = Math.floor(N / 3), number = (i) => `&filter=${encodeURIComponent(JSON.stringify(['number', 'in', [].concat(i).map((x) => `T${x}`)]))}`;
    for (const more of ['', '&sort=name', '&sort=-id', '&sort=number']) {
      assert.deepEqual(await count(boss, '甲', 'exact', more), { value: N, exact: true }, more);
      assert.deepEqual(await count(rep, '甲', 'exact', more), { value: mine, exact: true }, more);
      assert.deepEqual(await count(boss, '甲', 'capped', more), { value: 10_000, exact: false }, more);
      assert.deepEqual(await count(rep, '甲', 'capped', more), { value: young, exact: false }, `his own of the newest 20,000${more}`);
      for (const kind of ['exact', 'capped']) {
        assert.deepEqual(await count(boss, '乙', kind, more), { value: N / 10, exact: true }, `${kind}${more}`);
        assert.deepEqual(await count(rep, '乙', kind, more), { value: expected('乙', true).length, exact: true }, `${kind}${more}`);
        assert.deepEqual(await count(boss, '戊', kind, more), { value: 3, exact: true }, `${kind}${more}`);
        assert.deepEqual(await count(boss, '没有的词', kind, more), { value: 0, exact: true }, `${kind}${more}`);
      }
    }
    // of old ones the newest 20,000 matches have none
    assert.deepEqual(await count(boss, '甲', 'exact', number([3, 6, 9])), { value: 3, exact: true });
    const capped = await count(boss, '甲', 'capped', number([3, 6, 9]));
    assert.ok(capped.exact ? capped.value === 3 : capped.value <= 3, JSON.stringify(capped));
    assert.deepEqual(await count(boss, '甲 丁', 'capped'), { value: 50, exact: true }, 'a common word and one of the oldest');
  });
  test('two words that stand together in few documents', async () => {
    const both = encodeURIComponent('乙 丙'), all = expected('乙丙', false);
    const answer = await boss.get(`/customers?q=${both}&sort=-id&limit=200&fields=name`);
    assert.deepEqual(answer.json.data.map((r) => r.id), all.slice(0, 200));
    const old = await boss.get(`/customers?q=${encodeURIComponent('甲 丁')}&sort=-id&limit=200&fields=name`);
    assert.deepEqual(old.json.data.map((r) => r.id), expected('丁', false), 'a common word and one of the oldest');
  });
  test('what was written since the documents were counted is found', async () => {
    const made = await makeCustomer(rep, { name: '丁戊' });
    for (const q of ['丁', '戊'])
      assert.equal((await boss.get(`/customers?q=${encodeURIComponent(q)}&limit=1&fields=name`)).json.data[0].id, made.id, q);
  });
});

// Only SQLite's index has segments.
if (defaultEngine === 'sqlite') test('segments that many commits left are merged by the keeper, and what was found is found', async () => {
  const segments = async () => Number(await sql('SELECT count(DISTINCT segid) FROM search_customer_idx'));
  await sql("INSERT INTO search_customer (search_customer, rank) VALUES ('automerge', 0)");
  let commits = 0; // of documents without a record, which no list shows
  for (; commits < 40 && await segments() < 10; commits++) // at sixteen of a level FTS5 merges by itself
    await sql(`INSERT INTO search_customer (rowid, tokens) SELECT ${commits + 1} * 1000 + value, '辛 ' || value FROM json_each('[1,2,3,4,5]')`);
  await sql("INSERT INTO search_customer (search_customer, rank) VALUES ('automerge', 4)");
  await until(async () => await segments() < 10, 60_000, 'fewer segments');
  await until(() => /"event":"search_tended","entity":"customer"/.test(server.log), 60_000, 'the line that says so');
  assert.deepEqual(await walk(boss, '丙', '-id', 1000), expected('丙', false));
  assert.equal(Number(await sql("SELECT count(*) FROM search_customer WHERE search_customer MATCH '\"辛\"'")), commits * 5);
});
