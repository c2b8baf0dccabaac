// Lists: keyset pages, every filter operator against a model in JS, counts, fields, search, what is refused,
// and the number of statements of a page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { all, contact, customer, filter, ids, make, makeCustomer, mobile, problem } from '../lib/records.mjs';

let server, boss, rep, people;
const rows = { customers: [], tasks: [], contacts: [] };
const me = {};

/** Runs jobs with a few in flight. */
async function each(n, fn, width = 16) {
  let next = 0;
  const out = [];
  await Promise.all(Array.from({ length: width }, async () => { while (next < n) { const i = next++; out[i] = await fn(i); } }));
  return out;
}
const pick = (list, i) => list[i % list.length];

before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LIMIT_SEARCH: '100000/min' } });
  people = await makeCompany(server, { only: ['boss', 'rep', 'rep2', 'agent'] });
  ({ boss, rep } = people);
  for (const name of ['boss', 'rep', 'rep2']) me[name] = (await people[name].get('/me')).json.user.id;
  const regions = [330106, 330102, 310115, 110105, null];
  const names = ['华为技术有限公司', 'HUAWEI Cloud', '云杉科技', 'Ａｃｍｅ（中国）', '100%_特殊', "O'Neil", '腾讯', '阿里巴巴', 'acme', '银行（中国）'];
  await each(120, (i) => make(boss, 'customers', customer({
    name: `${pick(names, i)}${i < 10 ? '' : i}`, level: pick(['key', 'normal', 'potential'], i), industry: pick(['it', 'retail', 'finance', 'other'], i),
    phone: `138${String(10000000 + i * 37)}`, short_name: i % 4 ? `简${i % 6}` : null, annual_revenue: i % 3 ? `${(i % 17) * 1000}.50` : null,
    do_not_contact: i % 5 === 0, region: pick(regions, i), lng: i % 2 ? `${100 + (i % 7)}.5` : null, employee_count: i % 4 ? pick(['1-20', '51-200', '1000+'], i) : null,
    consent_at: i % 3 ? new Date(Date.now() - (i - 60) * 86400e3 * 0.7).toISOString() : null, owner: pick([me.boss, me.rep, me.rep2], i),
    email: i % 6 ? null : `m${i}@Example.com`, remark: i % 7 ? null : '多行文本',
  })));
  rows.customers = await all(boss, '/customers', 'limit=200&fields=name,short_name,number,level,industry,phone,email,annual_revenue,do_not_contact,region,lng,employee_count,consent_at,owner,created_at');
  assert.equal(rows.customers.length, 120);
  const few = rows.customers.slice(0, 12);
  await each(80, (i) => make(boss, 'contacts', contact(pick(few, i).id, { birthday: i % 4 ? `19${60 + (i % 30)}-0${1 + (i % 9)}-15` : null, is_key_decision: i % 2 === 0, mobile: mobile() })));
  rows.contacts = await all(boss, '/contacts', 'limit=200&fields=name,customer,birthday,is_key_decision');
  await each(500, (i) => make(boss, 'tasks', { title: `${pick(['打电话', '回访', 'Visit', '报价', '张'], i)}${i % 50}`, kind: pick(['visit', 'training', 'other'], i),
    due_at: i % 3 ? new Date(Date.UTC(2026, 0, 1 + (i % 40))).toISOString() : null, customer: i % 2 ? pick(few, i).id : null,
    collaborators: i % 5 ? [me.rep] : i % 10 ? [me.rep, me.rep2] : [] }));
  rows.tasks = await all(boss, '/tasks', 'limit=200&fields=title,kind,due_at,customer,collaborators,owner,priority');
  assert.equal(rows.tasks.length, 500);
});
after(() => server?.stop());

describe('pages', () => {
  for (const sort of ['due_at', '-due_at', 'title', '-title', 'created_at', '-created_at', 'id', '-id', 'updated_at'])
    for (const limit of [7, 100, 200])
      test(`500 rows by ${sort}, ${limit} a page: each once, in order`, async () => {
        const got = await all(boss, '/tasks', `sort=${sort}&limit=${limit}&fields=title,due_at,created_at`);
        assert.equal(new Set(ids(got)).size, 500);
        assert.equal(got.length, 500);
        const key = sort.replace('-', ''), down = sort[0] === '-';
        if (key === 'title' || key === 'updated_at') return;
        const values = got.map((r) => (key === 'id' ? r.id : time(r[key]))).filter((v) => v != null);
        const want = [...values].sort((a, b) => a - b);
        assert.ok(JSON.stringify(values) === JSON.stringify(down ? want.reverse() : want), 'in order');
        assert.ok(got.slice(values.length).every((r) => r[key] == null), 'those without a value stand last');
      });

  test('under inserts at every place, each row of before once', async () => {
    const before = new Set(ids(rows.tasks));
    for (const sort of ['due_at', '-due_at', '-created_at', 'title']) {
      let done = false;
      const writer = (async () => {
        for (let i = 0; !done && i < 400; i++) await make(boss, 'tasks', { title: `乱入${i}`, due_at: i % 3 ? new Date(Date.UTC(2026, 0, 1 + (i % 50))).toISOString() : null });
      })();
      const got = ids(await all(boss, '/tasks', `sort=${sort}&limit=10`));
      done = true;
      await writer;
      assert.equal(new Set(got).size, got.length, `${sort}: a row twice`);
      for (const id of before) assert.ok(got.includes(id), `${sort}: a row lost`);
    }
  });

  test('names stand as Chinese readers expect', async () => {
    const got = (await all(boss, '/customers', `sort=name&limit=200&${filter(['or', ['name', '=', '腾讯'], ['name', '=', '阿里巴巴'], ['name', '=', '云杉科技'], ['name', '=', 'acme']])}`)).map((r) => r.name);
    const han = got.filter((n) => /[\u4e00-\u9fff]/.test(n));
    assert.deepEqual(han, ['阿里巴巴', '腾讯', '云杉科技']);
  });

  test('cursors of another list, another order, or nobody are refused', async () => {
    const { next_cursor: cursor } = (await boss.get('/tasks?limit=5&sort=due_at')).json;
    assert.equal((await boss.get(`/tasks?limit=5&sort=due_at&cursor=${cursor}`)).status, 200);
    for (const path of [`/tasks?sort=-due_at&cursor=${cursor}`, `/tasks?sort=title&cursor=${cursor}`, `/customers?cursor=${cursor}`, `/tasks?sort=due_at&cursor=${cursor.slice(2)}`,
      `/tasks?sort=due_at&cursor=${Buffer.from('x').toString('base64url')}`, '/tasks?sort=due_at&cursor=!!!!', `/tasks?sort=due_at&cursor=${'A'.repeat(4000)}`])
      problem(await boss.get(path), 400, undefined, path.slice(0, 80));
  });
});

// --- filters -----------------------------------------------------------------------------------------
const fold = (s) => (s == null ? s : s.normalize('NFKC').toLowerCase());
const num = (v) => (v == null ? null : Number(v));
const time = (v) => (v == null ? null : Date.parse(v));
const link = (v) => (v == null ? null : v.id);
const same = (v) => v ?? null;
const ops = {
  '=': (v, w) => v === w, '!=': (v, w) => v !== w, '<': (v, w) => v != null && v < w, '<=': (v, w) => v != null && v <= w,
  '>': (v, w) => v != null && v > w, '>=': (v, w) => v != null && v >= w, in: (v, w) => w.includes(v), not_in: (v, w) => !w.includes(v),
  between: (v, w) => v != null && v >= w[0] && v <= w[1], is_null: (v) => v == null, not_null: (v) => v != null,
  contains: (v, w) => v != null && v.includes(w), starts: (v, w) => v != null && v.startsWith(w),
};
const iso = (days) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * 86400e3).toISOString();
/** entity, field, how a value of the API is compared, values to ask for */
const asked = [
  ['customers', 'name', fold, ['华为技术有限公司', 'ACME', 'ａｃｍｅ(中国)', '100%_特殊', "O'Neil", '%', '_', ''.padEnd(0), '不存在'], '= != in not_in contains starts is_null not_null'],
  ['customers', 'short_name', fold, ['简1', '简5', '简'], '= != in not_in contains starts is_null not_null'],
  ['customers', 'email', fold, ['m6@example.com', 'M12@EXAMPLE.COM'], '= != in not_in is_null not_null'],
  ['customers', 'level', same, ['key', 'normal'], '= != in not_in is_null not_null'],
  ['customers', 'employee_count', same, ['1000+', '1-20'], '= != in not_in is_null not_null'],
  ['customers', 'annual_revenue', num, ['3000.50', '0.50', '16000.5'], '= != < <= > >= in not_in between is_null not_null'],
  ['customers', 'lng', num, ['101.5', '103.500000'], '= != < <= > >= in not_in between is_null not_null'],
  ['customers', 'do_not_contact', same, [true, false], '= != is_null not_null'],
  ['customers', 'region', link, [330106, 310115], '= != in not_in is_null not_null'],
  ['customers', 'owner', link, null, '= != in not_in is_null not_null'],
  ['customers', 'consent_at', time, [iso(-10), iso(0), iso(20)], '< <= > >= between is_null not_null'],
  ['contacts', 'birthday', same, ['1970-01-15', '1985-05-15'], '= != < <= > >= in not_in between is_null not_null'],
  ['contacts', 'is_key_decision', same, [true], '= !='],
  ['tasks', 'due_at', time, ['2026-01-10T00:00:00Z', '2026-01-20T00:00:00Z'], '= != < <= > >= in not_in between is_null not_null'],
  ['tasks', 'kind', same, ['visit', 'other'], '= != in not_in'],
  ['tasks', 'customer', link, null, '= != in not_in is_null not_null'],
];
const sorted = (list) => [...list].sort((a, b) => a - b);
async function check(entity, f, wanted, client = boss) {
  const known = new Set(ids(rows[entity]));
  const got = sorted(ids(await all(client, `/${entity}`, `limit=200&fields=id&${filter(f)}`)).filter((id) => known.has(id)));
  assert.deepEqual(got, sorted(ids(wanted)), JSON.stringify(f));
}

describe('filters: every operator against a model', () => {
  for (const [entity, field, norm, given, list] of asked)
    test(`${entity}.${field}`, async () => {
      const values = (given ?? [...new Set(rows[entity].map((r) => link(r[field])).filter(Boolean))].slice(0, 3)).filter((v) => v !== '');
      const plain = (w) => (norm === link ? w : norm(w));
      for (const op of list.split(' ')) {
        const tries = op === 'in' || op === 'not_in' ? [values, [values[0]], []] : op === 'between' ? [[values[0], values.at(-1)], [values.at(-1), values[0]]]
          : op.endsWith('null') ? [undefined] : values;
        for (const w of tries) {
          const asks = w === undefined ? [field, op] : [field, op, w];
          const value = Array.isArray(w) ? w.map(plain) : w === undefined ? undefined : plain(w);
          const wanted = rows[entity].filter((r) => ops[op](norm(r[field]) ?? null, value));
          await check(entity, asks, wanted);
          await check(entity, ['not', asks], rows[entity].filter((r) => !wanted.includes(r)));
        }
      }
    });

  test('null as value, lists of it, and / or / not to depth 5', async () => {
    await check('customers', ['short_name', '=', null], rows.customers.filter((r) => r.short_name == null));
    await check('customers', ['short_name', '!=', null], rows.customers.filter((r) => r.short_name != null));
    await check('customers', ['short_name', 'in', ['简1', null]], rows.customers.filter((r) => r.short_name == null || r.short_name === '简1'));
    await check('customers', ['and', ['level', '=', 'key'], ['or', ['industry', '=', 'it'], ['not', ['and', ['do_not_contact', '=', true], ['annual_revenue', '>', '5000']]]]],
      rows.customers.filter((r) => r.level === 'key' && (r.industry === 'it' || !(r.do_not_contact && num(r.annual_revenue) > 5000))));
    await check('customers', ['and'], rows.customers);
    await check('customers', ['or'], []);
  });

  test('regions below, people me, links and many links', async () => {
    const under = (code, span) => rows.customers.filter((r) => r.region && r.region.id >= code && r.region.id < code + span);
    await check('customers', ['region', 'under', 330000], under(330000, 10000));
    await check('customers', ['region', 'under', 330100], under(330100, 100));
    await check('customers', ['region', 'under', [310000, 110000]], [...under(310000, 10000), ...under(110000, 10000)]);
    await check('customers', ['owner', '=', 'me'], rows.customers.filter((r) => r.owner.id === me.boss));
    await check('tasks', ['collaborators', 'contains', me.rep2], rows.tasks.filter((r) => r.collaborators.some((x) => (x.id ?? x) === me.rep2)));
    await check('tasks', ['collaborators', 'is_null'], rows.tasks.filter((r) => !r.collaborators.length));
    await check('tasks', ['collaborators', 'not_in', [me.rep2]], rows.tasks.filter((r) => !r.collaborators.some((x) => (x.id ?? x) === me.rep2)));
  });

  test('through links', async () => {
    const of = new Map(rows.customers.map((r) => [r.id, r]));
    await check('contacts', ['customer.level', '=', 'key'], rows.contacts.filter((r) => of.get(r.customer.id).level === 'key'));
    await check('contacts', ['customer.region', 'under', 330000], rows.contacts.filter((r) => { const g = of.get(r.customer.id).region?.id; return g >= 330000 && g < 340000; }));
    await check('tasks', ['customer.owner.name', '=', '冯销售'], rows.tasks.filter((r) => r.customer && of.get(r.customer.id).owner.label === '冯销售'));
    await check('tasks', ['not', ['customer.level', '=', 'key']], rows.tasks.filter((r) => !r.customer || of.get(r.customer.id).level !== 'key'));
    const seen = await all(rep, '/tasks', `limit=200&${filter(['customer.level', 'not_null'])}`);
    assert.ok(seen.every((t) => t.customer == null || t.customer.label != null));
  });

  test('relative days', async () => {
    const fresh = await Promise.all([-40, -8, -1, 0, 1, 8, 40].map((d) => makeCustomer(boss, { consent_at: iso(d) })));
    rows.customers = [...rows.customers, ...fresh];
    const dayOf = (t) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date(t));
    const shifted = (n) => dayOf(Date.now() + n * 86400e3);
    const by = (fn) => rows.customers.filter((r) => r.consent_at && fn(dayOf(r.consent_at)));
    const days = async () => {
      await check('customers', ['consent_at', '=', 'today'], by((d) => d === shifted(0)));
      await check('customers', ['consent_at', '=', 'yesterday'], by((d) => d === shifted(-1)));
      await check('customers', ['consent_at', '<', 'today'], by((d) => d < shifted(0)));
      await check('customers', ['consent_at', '>', 'today'], by((d) => d > shifted(0)));
      await check('customers', ['consent_at', '=', 'this_month'], by((d) => d.slice(0, 7) === shifted(0).slice(0, 7)));
      await check('customers', ['consent_at', '=', 'this_year'], by((d) => d.slice(0, 4) === shifted(0).slice(0, 4)));
      await check('customers', ['consent_at', '=', shifted(-8)], by((d) => d === shifted(-8)));
    };
    const today = shifted(0);
    await days().catch((error) => { if (shifted(0) === today) throw error; return days(); }); // midnight may fall between
    for (const word of ['-3d', '+2w', '-1m', '-1y', '-5h', 'now', 'tomorrow', 'this_week', 'last_week', 'next_week', 'last_month', 'next_month', 'this_quarter', 'last_quarter', 'next_quarter', 'last_year', 'next_year'])
      for (const op of ['<', '>=']) assert.equal((await boss.get(`/customers?${filter(['consent_at', op, word])}`)).status, 200, `${op} ${word}`);
    problem(await boss.get(`/customers?${filter(['consent_at', '=', 'next_decade'])}`), 400, 'bad_filter');
  });

  test('what is refused, by the name of the field', async () => {
    const bad = (f, name) => boss.get(`/customers?${filter(f)}`).then((a) => {
      const p = problem(a, 400, 'bad_filter', JSON.stringify(f).slice(0, 100));
      if (name) assert.ok(JSON.stringify(p.errors).includes(name), a.text);
    });
    for (const name of ['nothing', 'password_hash', 'name_f', 'owner.password_hash', 'owner.password', 'owner.nothing', 'name.x', 'main_contact.customer.main_contact.customer.name'])
      await bad([name, '=', 'x'], name.split('.')[0]);
    for (const f of [['name', '<', 'a'], ['level', '=', 'huge'], ['annual_revenue', '=', 'viel'], ['do_not_contact', '=', 'x'], ['level', 'contains', 'k'], ['name', 'under', 1],
      ['consent_at', 'between', ['2026-01-01']], ['level', 'in', 'key'], ['level', '=', ['key']], ['name', '=', { a: 1 }], ['owner', '=', 'x'], ['level', 'like', '%'], ['level', '=']])
      await bad(f, f[0]);
    for (const f of [{}, 'x', 1, null, [[]], ['and', 1], ['not'], ['not', 1], [1, '=', 2], ['name'], ['a', 'b', 'c', 'd']]) await bad(f);
    let deep = ['level', '=', 'key'];
    for (let i = 0; i < 6; i++) deep = ['not', ['and', deep, ['level', '=', 'key']]];
    await bad(deep);
    await bad(['or', ...Array.from({ length: 101 }, () => ['level', '=', 'key'])]);
    await bad(['name', 'in', Array.from({ length: 501 }, (_, i) => `n${i}`)]);
    problem(await boss.get('/customers?filter=%5B%22name'), 400, 'bad_filter');
  });
});

describe('counts, fields, search', () => {
  test('none, capped, exact', async () => {
    assert.ok(!('count' in (await boss.get('/tasks')).json));
    for (const kind of ['capped', 'exact']) {
      const { json } = await boss.get(`/contacts?limit=1&count=${kind}`);
      assert.deepEqual(json.count, { value: 80, exact: true });
    }
    const only = await boss.get(`/contacts?limit=1&count=exact&${filter(['is_key_decision', '=', true])}`);
    assert.equal(only.json.count.value, rows.contacts.filter((r) => r.is_key_decision).length);
    assert.equal((await rep.get('/customers?limit=1&count=exact')).json.count.value, (await all(rep, '/customers', 'limit=200')).length, 'a count obeys the scope');
  });

  test('fields', async () => {
    const { json } = await boss.get('/customers?limit=1&fields=name,phone');
    assert.deepEqual(Object.keys(json.data[0]).filter((k) => k !== 'masked').sort(), ['can', 'id', 'name', 'phone', 'version']);
    for (const list of ['nothing', 'name,nothing', 'password_hash', 'name;phone', 'name_f']) problem(await boss.get(`/customers?fields=${list}`), 400, undefined, list);
    problem(await boss.get('/customers?sort=remark'), 400);
    problem(await boss.get('/customers?sort=nothing'), 400);
  });

  test('q by Chinese, first characters, letters, readings, number, tail of a phone', async () => {
    const target = rows.customers.find((r) => r.name === '华为技术有限公司');
    for (const q of ['华为', '华', '华为技术', 'huawei', 'hw', 'hwjs', 'HUAWEI', '技术', target.number, target.phone.slice(-4), target.phone])
      for (const path of [`/customers?limit=200&q=${encodeURIComponent(q)}`, `/search?limit=50&entity=customer&q=${encodeURIComponent(q)}`]) {
        const { json, status, text } = await boss.get(path);
        assert.equal(status, 200, text);
        assert.ok(ids(json.data).includes(target.id), `${path} finds ${ids(json.data).length}, not the one`);
      }
    for (const q of ['%', '_', '"', "'", '*', 'OR', 'NEAR(', '(', '-', 'a:b', '^', '\\', '中国 OR 1=1', '   ', '𠮷', '\u0001']) {
      assert.ok([200, 400].includes((await boss.get(`/customers?q=${encodeURIComponent(q)}`)).status), q);
      assert.ok([200, 400].includes((await boss.get(`/search?q=${encodeURIComponent(q)}`)).status), q);
    }
    const hit = (await boss.get(`/search?q=${encodeURIComponent('华为')}`)).json.data[0];
    assert.deepEqual([hit.entity, typeof hit.id, typeof hit.label], ['customer', 'number', 'string']);
  });

  test('where a name was found by how it is read is said, character by character; what was typed as it stands is not', async () => {
    const c = await makeCustomer(rep, { name: '标记云杉（深圳）银行有限公司' });
    const marks = async (q) => (await rep.get(`/search?q=${encodeURIComponent(q)}`)).json.data.find((h) => h.id === c.id)?.marks;
    await until(async () => (await rep.get(`/search?q=${encodeURIComponent('标记云杉')}`)).json.data.some((h) => h.id === c.id));
    assert.deepEqual(await marks('bjys'), [[0, 4]]);
    assert.deepEqual(await marks('yunshan'), [[2, 4]]);
    assert.deepEqual(await marks('yunshan yinhang'), [[2, 4], [8, 10]]);
    assert.equal(await marks('云杉'), undefined);
  });

  test('what begins as it is read stands before what was found in another field', async () => {
    const c = await makeCustomer(rep, { name: '行知测试排序有限公司' });
    await make(rep, 'contacts', contact(c.id, { name: '赵排序', title: '行政主任' }));
    const hits = await until(async () => { const h = (await rep.get('/search?q=xzcs')).json.data; return h.length ? h : null; });
    assert.equal(hits[0].id, c.id);
    const both = (await rep.get('/search?q=xz')).json.data, at = (entity) => both.findIndex((h) => h.entity === entity && (h.id === c.id || /赵排序/.test(h.label)));
    assert.ok(at('customer') >= 0 && (at('contact') < 0 || at('customer') < at('contact')), JSON.stringify(both.slice(0, 6)));
  });

  test('120 searches a minute', async () => {
    const strict = await startServer({ env: { ZHIKE_LIMIT_SEARCH: '5/min' } });
    try {
      const admin = await strict.admin();
      let answer;
      for (let i = 0; i < 7; i++) answer = await admin.get('/search?q=a');
      problem(answer, 429, 'limit');
    } finally { await strict.stop(); }
  });
});

test('a page costs the same number of statements whatever its length', async () => {
  const statements = async (path) => (await server.requests(async () => assert.equal((await boss.get(path)).status, 200, path), '/api/v1/:plural'))[0].sql;
  await boss.get('/customers');
  for (const [plural, more] of [['customers', ''], ['tasks', '&sort=id&fields=title,customer,collaborators,owner'], ['contacts', '&sort=name'], ['customers', '&count=exact&q=%E5%8D%8E']]) {
    // the least of three: who asks is read anew when the keeper has dropped him from the cache, whatever the page
    const least = async (path) => Math.min(await statements(path), await statements(path), await statements(path));
    const few = await least(`/${plural}?limit=10${more}`), many = await least(`/${plural}?limit=200${more}`);
    assert.equal(few, many, `${plural}${more}: ${few} statements for 10 rows, ${many} for 200`);
    assert.ok(few <= 9, `${plural}${more}: ${few} statements`);
  }
});
