// Searches against brute force: documents whose ids lie as a company makes them, imports of thousands within seconds and
// years of a few a day, with words of all frequencies, some only in old ones, some only in one import. What the search
// box and the list find (first pages and deep ones, everything and one's own, one word and several) is what going
// through all documents finds, newest first, on both engines; the first time and when the words are known.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, psql, startServer } from '../lib/index.mjs';
import { makeCustomer, problem } from '../lib/records.mjs';

const N = 24_000, CHUNK = 1500;
let state = 20261122;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const pick = (list) => list[Math.floor(random() * list.length)];

// a share of all documents; part(i): where it stands at all
const plain = [['甲', 0.9], ['乙', 0.5], ['丙', 0.2], ['丁', 0.07], ['戊', 0.02], ['己', 0.007], ['庚', 0.002], ['辛', 0.0006], ['壬', 0.0002]]
  .map(([word, share]) => ({ word, stored: word, share, part: () => true }));
const parts = [{ word: '子', stored: '子', share: 0.3, part: (i) => i < N / 4 }, { word: '丑', stored: '丑', share: 0.05, part: (i) => i > N / 2 && i < N * 0.7 },
  { word: '寅', stored: '寅', share: 0.5, part: (i) => i > N - 300 }, { word: '卯', stored: '卯', share: 1, part: (i) => i < 40 }];
const letters = [{ word: 'hw', stored: '~hwk', share: 0.01, part: () => true }, { word: 'zx', stored: '~zxt', share: 0.15, part: () => true }];
const all = [...plain, ...parts, ...letters];
const docs = [];
let server, clients, sql;

before(async () => {
  server = await startServer({ company: true });
  const company = await makeCompany(server, { only: ['rep', 'rep2', 'boss'] });
  clients = { boss: company.boss, rep: company.rep };
  const owners = [(await company.rep.get('/me')).json.user.id, (await company.rep2.get('/me')).json.user.id];
  const model = await makeCustomer(company.rep, { name: '午午' });
  const pg = !!server.database;
  sql = async (text) => (pg ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db')], { encoding: 'utf8', input: text }).trimEnd());
  // from the youngest back: an import, years of little, two imports, a few in one instant
  for (let i = N, id = model.id; i > 0; i--) {
    const daily = i > N * 0.5 && i < N * 0.52;
    id -= daily ? 2 ** 36 * random() + 1 : i === Math.floor(N * 0.3) ? 2 ** 36 : 1 + Math.floor(random() * 3000);
    id = Math.floor(id);
    docs.push({ i, id, at: Math.floor(id / 2048), shelved: random() < 0.04, mine: random() < 0.05, words: all.filter((w) => w.part(i) && random() < w.share) });
  }
  assert.ok(docs.every((d, k) => d.id > 0 && (!k || d.id < docs[k - 1].id)), 'ids fall');
  // in a third of them records were brought in with dates that are not in the order of their ids: blocks of 700 are mixed
  for (let k = 0; k < N / 3; k += 700) {
    const block = docs.slice(k, Math.min(k + 700, N / 3)), dates = block.map((d) => d.at);
    for (const d of block) d.at = dates.splice(Math.floor(random() * dates.length), 1)[0];
  }
  const columns = (await sql(pg ? "SELECT column_name FROM information_schema.columns WHERE table_name = 'customer' AND table_schema = current_schema()" : "SELECT name FROM pragma_table_info('customer')")).split('\n');
  const own = { id: 'n.id', number: "'T' || n.id", number_f: "'t' || n.id", owner_id: `CASE n.mine WHEN 1 THEN ${owners[0]} ELSE ${owners[1]} END`, created_at: 'n.at', archived_at: 'CASE n.shelved WHEN 1 THEN n.at END' };
  const vector = (words) => words.map((w) => (w.stored[0] === '~' ? `''${w.stored}'' ''^${w.stored.slice(1, 3)}''` : `''${w.stored}''`)).join(' ');
  for (let k = 0; k < N; k += CHUNK) {
    const some = docs.slice(k, k + CHUNK);
    const rows = `(SELECT column1 AS id, column2 AS mine, column3 AS at, column4 AS shelved FROM (VALUES ${some.map((d) => `(${d.id},${d.mine ? 1 : 0},${d.at},${d.shelved ? 1 : 0})`)}) AS v) AS n`;
    await sql(`INSERT INTO customer (${columns.map((c) => `"${c}"`)}) SELECT ${columns.map((c) => own[c] ?? `c."${c}"`)} FROM customer AS c CROSS JOIN ${rows} WHERE c.id = ${model.id}`);
    await sql(`INSERT INTO search_customer (${pg ? 'id' : 'rowid'}, tokens) VALUES ${some.map((d) => `(${d.id},'${pg ? vector(d.words) : d.words.map((w) => w.stored).join(' ')}')`)}`);
  }
  if (pg) await sql('ANALYZE search_customer; ANALYZE customer');
});
after(() => server?.stop());

const expected = (words, who) => docs.filter((d) => (who === 'boss' || d.mine) && words.every((w) => d.words.includes(w)));
const ids = (list) => list.map((d) => d.id);
const byDate = (list) => list.toSorted((x, y) => y.at - x.at || y.id - x.id);

async function same(words, who, said) {
  const q = encodeURIComponent(words.map((w) => w.word).join(' ')), wanted = expected(words, who), client = clients[who];
  const box = await client.get(`/search?entity=customer&limit=20&q=${q}`);
  assert.equal(box.status, 200, box.text);
  assert.deepEqual(box.json.data.map((r) => r.id), ids(wanted.slice(0, 20)), `${said}: the search box`);
  // small pages of hundreds of matches are chosen by dates that are kept (src/db/born.c), from the second time on
  for (const [sort, limit, most] of [['-id', 150, 450], ['-created_at', 150, 450], ...(who === 'boss' ? [['-id', 20, 60], ['-created_at', 20, 100]] : [])]) {
    const unshelved = wanted.filter((d) => !d.shelved), right = ids(sort === '-id' ? unshelved : byDate(unshelved)), found = [];
    let cursor = '';
    do { // a deep page looks for what is older than the one before it
      const page = await client.get(`/customers?q=${q}&sort=${sort}&limit=${limit}&fields=name${cursor && `&cursor=${cursor}`}`);
      assert.equal(page.status, 200, page.text);
      found.push(...page.json.data.map((r) => r.id));
      cursor = page.json.next_cursor;
    } while (cursor && found.length < most);
    assert.deepEqual(found, right.slice(0, found.length), `${said}: ${sort}`);
    assert.ok(found.length >= Math.min(right.length, most), `${said}: ${sort} by ${limit}: ${found.length} of ${right.length}`);
  }
}

describe('what is found is what going through all documents finds', () => {
  for (const who of ['boss', 'rep']) {
    test(`each word, by one who sees ${who === 'boss' ? 'everything' : 'his own'}`, async () => {
      for (const w of all)
        for (const round of ['first', 'again']) await same([w], who, `${w.word}, ${round}`);
    });
    test(`words together, by one who sees ${who === 'boss' ? 'everything' : 'his own'}`, async () => {
      for (let k = 0; k < 25; k++) {
        const words = [...new Set([pick(all), pick(all), ...(random() < 0.3 ? [pick(all)] : [])])];
        await same(words, who, `${words.map((w) => w.word).join(' ')}, number ${k}`);
      }
    });
  }
});

test('a cursor that was made up names no way without end', async () => {
  const first = await clients.boss.get(`/customers?q=${encodeURIComponent('甲')}&sort=-id&limit=1&fields=name`);
  assert.equal(first.status, 200, first.text);
  const plain = Buffer.from(first.json.next_cursor, 'base64url').toString(), id = String(first.json.data[0].id);
  assert.ok(plain.includes(`.${id}.`), plain);
  const asked = (n) => clients.boss.get(`/customers?q=${encodeURIComponent('甲')}&sort=-id&limit=1&fields=name&cursor=${Buffer.from(plain.replaceAll(id, n)).toString('base64url')}`);
  for (const n of ['9223372036854775807', '4611686018427387904', '9007199254740992', '99999999999999999999', '0', '-5']) problem(await asked(n), 400, 'bad_cursor');
  const far = await asked('9007199254740991');
  assert.equal(far.status, 200, far.text);
  assert.equal(String(far.json.data[0].id), id, 'older than what is far ahead is all of it');
});
