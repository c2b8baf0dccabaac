// How search finds and ranks: both engines give the same for 200 random queries, pages of common words are complete in any
// order of creation, few rows of one's own among thousands of matches are found, the best stands first.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, makeCompany, program, psql, sleep, slow, startServer } from '../lib/index.mjs';
import { all, customer, followUp, make, makeCustomer, mobile } from '../lib/records.mjs';

const ENV = { ZHIKE_LIMIT_SEARCH: '100000/s' };
const q = (text) => encodeURIComponent(text);

/** Runs jobs with a few in flight. */
async function each(n, fn, width = 24) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => { while (next < n) { const i = next++; await fn(i); } }));
}

/** The same numbers for the same seed. */
function dice(seed) {
  let s = seed >>> 0;
  return (n) => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return Math.floor((s / 2 ** 32) * n); };
}

const PLACES = [['杭州', 'hangzhou'], ['西安', 'xian'], ['重庆', 'chongqing'], ['长沙', 'changsha'], ['厦门', 'xiamen'], ['南京', 'nanjing']];
const BRANDS = [['华为', 'huawei'], ['云杉', 'yunshan'], ['海尔', 'haier'], ['腾讯', 'tengxun'], ['中兴', 'zhongxing'], ['Acme', 'acme'], ['H3C', 'h3c'], ['银河', 'yinhe'], ['安安', 'anan']];
const TRADES = [['科技', 'keji'], ['软件', 'ruanjian'], ['cloud', 'cloud'], ['药业', 'yaoye'], ['物流', 'wuliu'], ['建设', 'jianshe']];
const FORMS = ['有限公司', '股份有限公司', '集团', ''];

function companies(count, seed) {
  const die = dice(seed), pick = (list) => list[die(list.length)], made = [];
  for (let i = 0; i < count; i++) {
    const parts = [die(3) ? pick(PLACES) : null, pick(BRANDS), pick(TRADES)].filter(Boolean);
    made.push({ name: parts.map((p) => p[0]).join('') + pick(FORMS), letters: parts.map((p) => p[1]), phone: `13${die(10)}${String(10_000_000 + i * 7919).slice(0, 8)}` });
  }
  return made;
}

/** What somebody types on the way to a company: a piece of its name, letters, initials, both, digits. */
function typed(die, c) {
  const chars = [...c.name], letters = c.letters.join('');
  switch (die(8)) {
    case 0: case 1: { const from = die(chars.length); return chars.slice(from, from + 1 + die(4)).join(''); }
    case 2: return letters.slice(0, 1 + die(letters.length));
    case 3: { const p = c.letters[die(c.letters.length)]; return p.slice(0, 1 + die(p.length)); }
    case 4: return c.letters.map((p) => p[0]).join('');
    case 5: return `${chars.slice(0, 2).join('')}${die(2) ? ' ' : ''}${c.letters.at(-1).slice(0, 1 + die(4))}`;
    case 6: return c.phone.slice(-(4 + die(5)));
    default: return `${chars.slice(-2).join('')} ${chars.slice(0, 1 + die(2)).join('')}`;
  }
}

describe('both engines', { skip: !process.env.ZHIKE_TEST_PG_URL && defaultEngine !== 'pg' ? 'no PostgreSQL given (ZHIKE_TEST_PG_URL)' : false }, () => {
  const servers = {}, made = companies(220, 4711);
  before(async () => {
    await Promise.all(['sqlite', 'pg'].map(async (engine) => {
      const server = (servers[engine] = await startServer({ engine, company: true, env: ENV }));
      const people = await makeCompany(server, { only: ['boss', 'rep'] });
      server.people = people;
      const rep = (await people.rep.get('/me')).json.user.id, boss = (await people.boss.get('/me')).json.user.id;
      for (const [i, c] of made.entries()) // one after the other: ids in the same order
        await make(people.boss, 'customers', customer({ name: `${c.name}${i}`, phone: c.phone, owner: i % 9 ? boss : rep }));
    }));
  });
  after(() => Promise.all(Object.values(servers).map((s) => s.stop())));

  test('200 random queries give the same rows in the same order', async () => {
    const seed = Number(process.env.ZHIKE_TEST_SEED ?? 4711), die = dice(seed); // the same every time; ./dev long asks at random
    let found = 0;
    for (let i = 0; i < 200; i++) {
      const text = typed(die, made[die(made.length)]), who = die(3) ? 'boss' : 'rep', limit = [1, 3, 50][die(3)];
      const got = await Promise.all(['sqlite', 'pg'].map(async (engine) => {
        const client = servers[engine].people[who];
        const [list, by, search] = await Promise.all([
          all(client, '/customers', `q=${q(text)}&limit=${limit === 1 ? 20 : limit}&fields=name`),
          all(client, '/customers', `q=${q(text)}&limit=50&sort=name&fields=name`),
          client.get(`/search?q=${q(text)}&limit=${limit}`)]);
        assert.equal(search.status, 200, search.text);
        return { list: list.map((r) => r.name), by: by.map((r) => r.name), search: search.json.data.map((h) => `${h.entity} ${h.label}`) };
      }));
      assert.deepEqual(got[0], got[1], `${who} typed ${JSON.stringify(text)} (ZHIKE_TEST_SEED=${seed})`);
      assert.deepEqual([...got[0].list].sort(), [...got[0].by].sort(), `${text}: the sort does not change what is found`);
      found += got[0].list.length;
    }
    assert.ok(found > 400, `${found} rows found: the queries ask for something`);
  });
});

describe('kinds', () => {
  test('two letters that begin the names of many people leave room for the companies that begin with them', async () => {
    const server = await startServer({ company: true, env: ENV });
    try {
      const { rep } = await makeCompany(server, { only: ['rep'] });
      for (const name of ['商洛机械有限公司', '汕尾机械有限公司', '邵阳机械有限公司']) await make(rep, 'customers', customer({ name, phone: mobile() }));
      const house = await make(rep, 'customers', customer({ name: '杭州机械有限公司', phone: mobile() }));
      for (const name of '甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未') await make(rep, 'contacts', { name: `沈${name}`, customer: house.id, mobile: mobile() });
      const found = async (n) => (await rep.get(`/search?q=sh&limit=${n}`)).json.data.map((h) => h.entity);
      const some = await found(15);
      assert.deepEqual([some.length, some.filter((e) => e === 'customer').length], [15, 3], some.join(' '));
      assert.equal((await found(1)).length, 1);
    } finally { await server.stop(); }
  });

  test('however many kinds there are, room is kept in half of the places at most: the best have the others', async () => {
    const server = await startServer({ env: ENV });
    try {
      const admin = await server.admin();
      await admin.stepUp();
      const house = await make(admin, 'customers', customer({ name: '朝阳', phone: mobile() }));
      for (let i = 0; i < 24; i++) await make(admin, 'customers', customer({ name: `朝阳${String.fromCodePoint(0x4e00 + 7 * i)}有限公司`, phone: mobile() }));
      for (let i = 0; i < 4; i++) {
        await make(admin, 'contacts', { name: `王朝阳${i}`, customer: house.id, mobile: mobile() });
        await make(admin, 'follow-ups', followUp(house.id, { content: `朝阳第 ${i} 次谈话，说定了价格` }));
        await make(admin, 'tasks', { title: `朝阳任务 ${i}`, customer: house.id });
        await make(admin, 'departments', { code: `CY${i}`, name: `朝阳分部 ${i}` });
        await make(admin, 'users', { login: `chaoyang${i}`, name: `朝阳员工${i}`, password: `Zhaoyang-long-${i}-password` });
      }
      for (const limit of [20, 10, 7]) {
        const kinds = (await admin.get(`/search?q=${q('朝阳')}&limit=${limit}`)).json.data.map((h) => h.entity), said = `${limit}: ${kinds.join(' ')}`;
        assert.equal(kinds.length, limit, said);
        assert.equal(kinds[0], 'customer', said);
        assert.ok(kinds.filter((e) => e === 'customer').length >= limit / 2, said);
        if (limit === 20) assert.equal(new Set(kinds).size, 6, `of each kind one at least: ${said}`);
      }
    } finally { await server.stop(); }
  });
});

describe('many matches', () => {
  const N = 4600;
  let server, boss, rep, sql;
  const own = [];
  before(async () => {
    server = await startServer({ company: true, env: ENV });
    ({ boss, rep } = await makeCompany(server, { only: ['boss', 'rep'] }));
    const me = (await rep.get('/me')).json.user.id, other = (await boss.get('/me')).json.user.id;
    sql = (text) => (server.database ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8' }));
    for (let i = 0; i < 3; i++) own.push(await make(boss, 'customers', customer({ name: `老树科技${i}号`, owner: me })));
    await make(boss, 'customers', customer({ name: '金桥科技', owner: other }));
    await each(N, (i) => make(boss, 'customers', customer({ name: `第${i}金桥科技有限公司`, phone: mobile(), owner: other })));
  });
  after(() => server?.stop());

  test('three old rows of his own among thousands: in the list and in the search', async () => {
    const want = own.map((r) => r.id).sort((a, b) => b - a);
    assert.deepEqual((await all(rep, '/customers', `q=${q('科技')}&limit=2`)).map((r) => r.id), want);
    const hits = (await rep.get(`/search?q=${q('科技')}&entity=customer`)).json.data;
    assert.deepEqual(hits.map((h) => h.id), want, 'and nothing of others');
  });

  test('the oldest comes first where its title is what was typed, then what begins so', async () => {
    const hits = (await boss.get(`/search?q=${q('金桥科技')}&limit=5`)).json.data;
    assert.equal(hits[0].label, '金桥科技');
    const begins = (await boss.get(`/search?q=${q('老树')}&limit=5`)).json.data;
    assert.deepEqual(begins.map((h) => h.label).sort(), own.map((r) => r.name).sort());
    const number = (await boss.get(`/search?q=${own[0].number}&limit=5`)).json.data;
    assert.equal(number[0].id, own[0].id);
  });

  test('pages of a common word: each row once, newest first, also where dates of creation were brought in', async () => {
    const inOrder = async (what) => {
      const rows = await all(boss, '/customers', `q=${q('金桥')}&limit=100&fields=name,created_at&sort=-created_at`);
      assert.equal(rows.length, N + 1, what);
      assert.equal(new Set(rows.map((r) => r.id)).size, N + 1, what);
      for (let i = 1; i < rows.length; i++) {
        const a = Date.parse(rows[i - 1].created_at), b = Date.parse(rows[i].created_at);
        assert.ok(a > b || (a === b && rows[i - 1].id > rows[i].id), `${what}: row ${i}`);
      }
    };
    await inOrder('as they were made');
    await sql('UPDATE customer SET created_at = created_at + 86400000 * (id % 5) - 86400000 WHERE id % 7 = 3');
    await inOrder('with dates of their own');
    const first = (await boss.get(`/customers?q=${q('金桥')}&limit=1&fields=name,created_at`)).json.data[0];
    const newest = (await boss.get('/customers?limit=1&fields=name,created_at')).json.data[0];
    assert.equal(first.id, newest.id, 'the newest by date, whatever its id');
  });

  test('a fixed number of statements, however many matches', async () => {
    const statements = async (client, path) =>
      (await server.requests(async () => assert.equal((await client.get(path)).status, 200, path), path.startsWith('/search') ? '/api/v1/search' : '/api/v1/:plural'))[0].sql;
    for (const client of [boss, rep]) {
      for (const text of ['金桥', '科', 'k', 'jq', '老树', '4'])
        for (const limit of [1, 50]) {
          assert.ok(await statements(client, `/customers?q=${q(text)}&limit=${limit}`) <= 14, `list ${text}`);
          assert.ok(await statements(client, `/search?q=${q(text)}&limit=${limit}&entity=customer`) <= 12, `search ${text}`);
        }
    }
  });
});

test('zhike check holds the words of one document at a time, not of a block', { skip: slow > 1 }, async () => {
  const server = await startServer({ company: true });
  try {
    const { rep } = await makeCompany(server, { only: ['rep'] });
    const of = await makeCustomer(rep), pick = dice(11);
    const peak = async () => {
      const child = spawn(program, ['check', '--data', server.dir], { env: { ...process.env, ...server.env }, stdio: 'ignore' });
      const ended = once(child, 'exit');
      let most = 0;
      while (child.exitCode === null && child.signalCode === null) {
        try { most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024); } catch { /* it ended */ }
        await sleep(2);
      }
      assert.deepEqual(await ended, [0, null]);
      return most;
    };
    const before_ = await peak();
    await each(100, () => make(rep, 'follow-ups', followUp(of.id, { content: Array.from({ length: 5000 }, () => String.fromCodePoint(0x4e00 + pick(6000))).join('') })));
    const grown = await peak() - before_; // a megabyte and more each
    assert.ok(grown < 40, `${grown.toFixed(0)} MB more`);
  } finally {
    await server.stop();
  }
});
