// Metrics: figures by period and group, equal to a recount by SQL of its own (test/lib/recount.mjs); each with the filter of
// its records; within the reader's rights; sampled once a day.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { defaultEngine, makeCompany, Server, startServer, until } from '../lib/index.mjs';
import { all, customer, filter, followUp, make, makeCustomer, mistakes, problem } from '../lib/records.mjs';
import { countBy, live, rowsOf } from '../lib/recount.mjs';

const server_is_pg = defaultEngine === 'pg';
let server, rep, rep2, manager, west_rep, boss, agent, sysadmin, admin;
before(async () => {
  // A count that stands still on a loaded machine must not turn a figure into its sample.
  server = await startServer({ company: true, env: { ZHIKE_METRIC_LIVE_MOST: '1m' } });
  ({ rep, rep2, manager, west_rep, boss, agent, sysadmin, admin } = await makeCompany(server,
    { only: ['rep', 'rep2', 'manager', 'west_rep', 'boss', 'agent', 'sysadmin'] }));
});
after(() => server?.stop());

const metric = async (client, name, query = '') => {
  const answer = await client.get(`/metrics/${name}?${query}`);
  assert.equal(answer.status, 200, `${name} ${query} → ${answer.status} ${answer.text}`);
  return answer.json;
};
const define = (body, client = boss) => make(client, 'metric-defs', { label_zh: '试验', ...body });
let n = 0;
const code = (what) => `${what}_${++n}`;
/** How many rows the list finds for the records of a figure. */
const listed = async (client, plural, figure) => {
  const answer = await client.get(`/${plural}?limit=1&count=exact&${filter(figure.records)}`);
  assert.equal(answer.status, 200, `${JSON.stringify(figure.records)} → ${answer.text}`);
  return answer.json.count.value;
};
const sql = (text) => rowsOf(server, text);
const shanghai = (text) => Date.parse(`${text}+08:00`);
const day = (ms = Date.now()) => new Date(ms + 8 * 3600_000).toISOString().slice(0, 10);

describe('the figures that come with the program', () => {
  test('there are new customers, completeness, duplicates, follow-ups, overdue tasks, and a dashboard of them', async () => {
    const rows = await all(rep, '/metric-defs', 'fields=name,measure,entity');
    assert.deepEqual(rows.map((r) => r.name), ['new_customers', 'customers', 'completeness', 'duplicate_rate', 'follow_ups', 'overdue_tasks']);
    for (const row of rows) assert.equal((await metric(boss, row.name)).metric.name, row.name);
    const [board] = await all(rep, '/dashboards', 'fields=name,cards,shared');
    assert.equal(board.shared, 'everyone');
    for (const card of board.cards) assert.ok(rows.some((r) => r.name === card.metric), JSON.stringify(card));
  });

  test('a share of duplicates counts each record that agrees with another, and opens as a list', async () => {
    const phone = '13712340001';
    const before = await metric(rep, 'duplicate_rate');
    const a = await makeCustomer(rep, { name: '重复率甲科技有限公司', phone });
    const b = await makeCustomer(rep, { name: '重复率乙科技有限公司', phone });
    await sql(`UPDATE customer SET name = '重复率甲科技有限公司', name_k = (SELECT x.name_k FROM customer x WHERE x.id = ${a.id}) WHERE id = ${b.id}`);
    const now = await metric(rep, 'duplicate_rate');
    assert.equal(now.total.hits, (before.total.hits ?? 0) + 2);
    assert.equal(now.total.value, (Math.round(now.total.hits * 10000 / now.total.count) / 100).toFixed(2));
    assert.equal(await listed(rep, 'customers', now.total), now.total.hits);
    // one of the two goes: the other is alone again; a foreign one never counts
    await boss.delNow(`/customers/${b.id}`);
    assert.equal((await metric(rep, 'duplicate_rate')).total.hits, before.total.hits ?? 0);
    problem(await rep.get(`/customers?${filter(['id', 'duplicate', 'nothing'])}`), 400, 'bad_filter');
    problem(await rep.get(`/tasks?${filter(['id', 'duplicate', 'name'])}`), 400, 'bad_filter');
  });

  test('overdue tasks are those past their time that are neither done nor cancelled', async () => {
    const c = await makeCustomer(rep);
    const past = new Date(Date.now() - 3600_000).toISOString(), next = new Date(Date.now() + 3600_000).toISOString();
    const before = (await metric(rep, 'overdue_tasks')).total.value;
    for (const [status, due_at] of [['open', past], ['delayed', past], ['done', past], ['cancelled', past], ['open', next]])
      await make(rep, 'tasks', { title: `催 ${status}`, customer: c.id, status, due_at });
    const now = await metric(rep, 'overdue_tasks', 'by=owner');
    assert.equal(now.total.value, before + 2);
    assert.equal(await listed(rep, 'tasks', now.total), before + 2);
    assert.deepEqual(now.data.map((d) => d.group.value), [rep.user.id]);
  });
});

describe('measures', () => {
  let code_of, rows;
  before(async () => {
    const mark = '度量';
    rows = [];
    for (const [revenue, level, industry] of [['10.50', 'key', 'it'], ['20.25', 'key', 'it'], [null, 'normal', 'retail'], ['0.01', 'normal', 'it'], ['-0', 'potential', 'it']])
      rows.push(await makeCustomer(rep, { short_name: mark, level, industry, ...(revenue ? { annual_revenue: revenue === '-0' ? '0.00' : revenue } : {}) }));
    code_of = async (measure, more = {}) => {
      const name = code(measure);
      await define({ name, entity: 'customer', measure, filter: ['short_name', '=', mark], time_field: 'created_at', dimensions: ['level', 'industry'], ...more });
      return name;
    };
  });
  const cases = [
    ['count', {}, 5, { key: 2, normal: 2, potential: 1 }],
    ['sum', { field: 'annual_revenue' }, '30.76', { key: '30.75', normal: '0.01', potential: '0.00' }],
    ['avg', { field: 'annual_revenue' }, '7.6900', { key: '15.3750', normal: '0.0100', potential: '0.0000' }],
    ['min', { field: 'annual_revenue' }, '0.00', { key: '10.50', normal: '0.01', potential: '0.00' }],
    ['max', { field: 'annual_revenue' }, '20.25', { key: '20.25', normal: '0.01', potential: '0.00' }],
    ['distinct', { field: 'industry' }, 2, { key: 1, normal: 2, potential: 1 }],
    ['ratio', { hit: ['industry', '=', 'it'] }, '80.00', { key: '100.00', normal: '50.00', potential: '100.00' }],
  ];
  test('an average stands on paper as the page shows it, with two places; the file has all of them', async () => {
    const name = await code_of('avg', { field: 'annual_revenue' });
    const board = await make(rep, 'dashboards', { name: '均值', shared: 'private', cards: [{ metric: name, kind: 'card' }, { metric: name, kind: 'table', by: 'level' }, { metrics: [name], kind: 'bar', title: '柱' }] });
    const printed = await rep.get(`/dashboards/${board.id}/print?format=html`);
    assert.equal(printed.status, 200, printed.text);
    const text = printed.text.replace(/<style>.*?<\/style>/gs, '').replace(/ src="[^"]*"/g, '');
    for (const want of ['7.69', '15.38', '0.01', '0.00']) assert.ok(text.includes(want), want);
    for (const no of ['7.6900', '15.375', '0.0100', '0.0000']) assert.ok(!text.includes(no), no);
    const file = await manager.get(`/metrics/${name}/file?by=level&format=csv`);
    assert.equal(file.status, 200, file.text);
    assert.match(file.text, /15\.3750/);
    assert.equal((await rep.delNow(`/dashboards/${board.id}`)).status, 204);
  });
  for (const [measure, more, total, groups] of cases)
    test(`${measure}: whole, by group, by month and group, and each opens as its list`, async () => {
      const name = await code_of(measure, more);
      assert.deepEqual((await metric(rep, name)).total.value, total);
      const by = await metric(rep, name, 'by=level');
      assert.deepEqual(Object.fromEntries(by.data.map((d) => [d.group.value, d.value])), groups);
      const both = await metric(rep, name, 'by=level&period=month&last=2');
      assert.deepEqual(Object.fromEntries(both.data.map((d) => [d.group.value, d.value])), groups);
      assert.deepEqual(both.groups.map((g) => [g.value, g.total]), by.data.map((d) => [d.group.value, d.value]));
      assert.deepEqual(both.total.value, total);
      const months = await metric(rep, name, 'period=month&last=2');
      assert.deepEqual(months.data.map((d) => d.value), [['count', 'sum', 'distinct'].includes(measure) ? (measure === 'sum' ? '0.00' : 0) : null, total], 'an empty month');
      for (const d of [by.total, ...by.data, ...both.data])
        assert.equal(await listed(rep, 'customers', d), d.hits ?? d.count, JSON.stringify(d));
    });

  test('groups as the options stand: a funnel has its steps in their order, those without records too', async () => {
    const name = await code_of('count', {});
    assert.deepEqual((await metric(rep, name, 'by=level&order=options')).data.map((d) => [d.group.value, d.value]), [['key', 2], ['normal', 2], ['potential', 1]]);
    const schema = (await rep.get('/schema/customer')).json;
    const options = schema.fields.find((f) => f.name === 'industry').options.filter((o) => !o.disabled).map((o) => o.value ?? o.code);
    const steps = await metric(rep, name, 'by=industry&order=options&limit=200');
    assert.deepEqual(steps.data.map((d) => d.group.value), options, 'all of them');
    assert.deepEqual(steps.data.filter((d) => d.value).map((d) => [d.group.value, d.value]).sort(), [['it', 4], ['retail', 1]]);
    const empty = steps.data.find((d) => d.value === 0);
    assert.equal(await listed(rep, 'customers', empty), 0);
    assert.ok(empty.group.label);
    assert.deepEqual((await metric(rep, name, 'by=industry')).data.map((d) => d.group.value), ['it', 'retail'], 'by size only those there are');
    assert.deepEqual((await metric(rep, name, 'by=industry&order=options&limit=2')).data.map((d) => d.group.value), options.slice(0, 2));
    const months = await metric(rep, name, 'by=level&order=options&period=month&last=2');
    assert.deepEqual(months.groups.map((g) => g.value), ['key', 'normal', 'potential']);
    assert.equal(problem(await rep.get(`/metrics/${name}?by=level&order=name`), 400).errors[0].field, 'order');
  });

  test('a sum beyond any number is refused, not wrapped', async () => {
    const name = await code_of('sum', { field: 'annual_revenue', filter: ['short_name', '=', '巨额'] });
    for (let i = 0; i < 3; i++) await makeCustomer(rep, { short_name: '巨额' });
    await sql(`UPDATE customer SET annual_revenue = 9000000000000000000 WHERE short_name = '巨额'`);
    const answer = await rep.get(`/metrics/${name}?period=month`);
    assert.ok(answer.status >= 400, answer.text);
    await sql(`UPDATE customer SET annual_revenue = NULL WHERE short_name = '巨额'`);
  });
});

describe('time', () => {
  const at = async (id, text) => sql(`UPDATE customer SET created_at = ${shanghai(text)} WHERE id = ${id}`);
  test('midnight is that of the house; leap days, year ends and weeks fall where the calendar has them', async () => {
    const name = code('time');
    await define({ name, entity: 'customer', measure: 'count', filter: ['short_name', '=', '时间'], time_field: 'created_at' });
    const moments = ['2023-02-28T23:59:59.999', '2024-02-28T12:00:00', '2024-02-29T00:00:00', '2024-02-29T23:59:59.999', '2024-03-01T00:00:00',
      '2024-12-29T23:59:59', '2024-12-30T00:00:00', '2024-12-31T23:59:59.999', '2025-01-01T00:00:00', '2025-01-05T23:59:59', '2025-01-06T00:00:00'];
    for (const moment of moments) await at((await makeCustomer(rep, { short_name: '时间' })).id, moment);
    for (const period of ['day', 'week', 'month', 'quarter', 'year']) {
      const [from, to] = period === 'day' ? ['2024-02-01', '2025-01-31'] : ['2023-01-01', '2025-12-31'];
      const found = await metric(rep, name, `period=${period}&from=${from}&to=${to}`);
      const want = await countBy(server, 'customer', { time: 'created_at', period, where: `short_name = '时间' AND created_at >= ${shanghai(`${from}T00:00:00`)}` });
      assert.deepEqual(Object.fromEntries(found.data.filter((d) => d.value).map((d) => [d.period, d.value])), want, period);
      assert.equal(found.total.value, Object.values(want).reduce((a, b) => a + b, 0));
      for (const d of found.data.filter((x) => x.value)) assert.equal(await listed(rep, 'customers', d), d.value, d.period);
    }
    const leap = await metric(rep, name, 'from=2024-02-29&to=2024-02-29&compare=previous,year');
    assert.deepEqual([leap.total.value, leap.previous.value, leap.year.value], [2, 1, 1]);
    assert.deepEqual([leap.previous.from, leap.previous.to, leap.year.from, leap.year.to], ['2024-02-28', '2024-02-28', '2023-02-28', '2023-02-28']);
    const week = await metric(rep, name, 'period=week&from=2025-01-01&to=2025-01-01&compare=previous,year');
    assert.deepEqual([week.data[0].period, week.from, week.to, week.total.value], ['2025-W01', '2024-12-30', '2025-01-05', 4]);
    assert.deepEqual([week.previous.from, week.previous.value, week.year.from, week.year.to], ['2024-12-23', 1, '2024-01-01', '2024-01-07']);
    const month = await metric(rep, name, 'period=month&from=2024-02-10&to=2024-02-10&compare=year');
    assert.deepEqual([month.to, month.total.value, month.year.from, month.year.to, month.year.value], ['2024-02-29', 3, '2023-02-01', '2023-02-28', 1]);
    // a reader far away sees the same months, and his list the same records
    const before = await rep.get('/me');
    assert.equal((await rep.patch('/me', { timezone: 'America/New_York' })).status, 200);
    try {
      const far = await metric(rep, name, 'period=day&from=2024-02-28&to=2024-03-01');
      assert.deepEqual(far.data.map((d) => d.value), [1, 2, 1]);
      for (const d of far.data) assert.equal(await listed(rep, 'customers', d), d.value);
    } finally {
      await rep.patch('/me', { timezone: before.json.timezone ?? null });
    }
  });

  test('a span under way is compared with as much of the others, unless records lie ahead in it', async () => {
    const name = code('sofar');
    await define({ name, entity: 'customer', measure: 'count', filter: ['short_name', '=', '至今'], time_field: 'created_at' });
    const dayNow = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10), year = Number(dayNow().slice(0, 4));
    for (const moment of [`${year}-01-01T00:00:00`, `${year - 1}-01-01T00:00:00`, `${year - 1}-12-31T23:59:59.999`])
      await at((await makeCustomer(rep, { short_name: '至今' })).id, moment);
    const before = dayNow();
    const found = await metric(rep, name, `period=year&from=${year}-01-01&compare=previous,year`);
    const ends = [before, dayNow()].map((d) => (d.endsWith('-02-29') ? `${year - 1}-02-28` : `${year - 1}${d.slice(4)}`)); // midnight may pass
    for (const side of [found.previous, found.year]) {
      assert.equal(side.from, `${year - 1}-01-01`);
      assert.ok(ends.includes(side.to), `${side.to} in ${ends}`);
      const whole = side.to.endsWith('-12-31');
      assert.deepEqual([side.value, side.so_far ?? false], [whole ? 2 : 1, !whole]);
      assert.equal(await listed(rep, 'customers', side), side.value);
    }
    // two spans: the one that is over counts whole, and so does what is asked for by days
    const two = await metric(rep, name, `period=year&from=${year - 1}-01-01&to=${year}-01-01&compare=previous`);
    assert.deepEqual([two.total.value, two.previous.from, two.previous.value], [3, `${year - 3}-01-01`, 0]);
    assert.ok([before, dayNow()].map((d) => (d.endsWith('-02-29') ? `${year - 2}-02-28` : `${year - 2}${d.slice(4)}`)).includes(two.previous.to), two.previous.to);
    const over = await metric(rep, name, `period=year&from=${year - 1}-01-01&to=${year - 1}-01-01&compare=previous`);
    assert.deepEqual([over.previous.to, over.previous.so_far], [`${year - 2}-12-31`, undefined]);
    // what is due later this year makes the year whole
    const due = code('due');
    await define({ name: due, entity: 'task', measure: 'count', filter: ['title', 'contains', '年内的事'], time_field: 'due_at' });
    for (const y of [year, year - 1]) await make(rep, 'tasks', { title: '年内的事', due_at: `${y}-12-31T23:59:59+08:00` });
    const ahead = await metric(rep, due, `period=year&from=${year}-01-01&compare=previous`);
    assert.deepEqual([ahead.total.value, ahead.previous.value, ahead.previous.to, ahead.previous.so_far], [1, 1, `${year - 1}-12-31`, undefined]);
  });

  test('the zone of the house is a setting, and its clocks may go forward', async () => {
    const name = code('zone');
    await define({ name, entity: 'customer', measure: 'count', filter: ['short_name', '=', '夏令时'], time_field: 'created_at' });
    for (const instant of ['2025-03-29T22:59:59Z', '2025-03-29T23:00:00Z', '2025-03-30T21:59:59Z', '2025-03-30T22:00:00Z'])
      await sql(`UPDATE customer SET created_at = ${Date.parse(instant)} WHERE id = ${(await makeCustomer(rep, { short_name: '夏令时' })).id}`);
    assert.equal((await admin.patch('/settings', { 'company.zone': 'Europe/Berlin' })).status, 200);
    try {
      const days = await metric(rep, name, 'period=day&from=2025-03-29&to=2025-03-31');
      assert.equal(days.zone, 'Europe/Berlin');
      assert.deepEqual(days.data.map((d) => d.value), [1, 2, 1], 'a day of 23 hours');
    } finally {
      await admin.patch('/settings', { 'company.zone': null });
    }
  });

  test('what cannot be asked is said by name', async () => {
    const name = code('asked');
    await define({ name, entity: 'customer', measure: 'count', time_field: 'created_at', dimensions: ['level'] });
    for (const [query, field] of [['period=hour', 'period'], ['period=day&from=2020-01-01&to=2026-01-01', 'period'], ['last=3', 'last'], ['period=day&last=0', 'last'],
      ['period=day&last=3&from=2026-01-01', 'last'], ['from=2026-02-30', 'from'], ['to=2026-01-01', 'from'], ['from=2026-02-01&to=2026-01-01', 'to'], ['by=name', 'by'], ['by=nothing', 'by'],
      ['compare=tomorrow&period=day', 'compare'], ['compare=previous', 'compare'], ['by=level&limit=0', 'limit']]) {
      const answer = await rep.get(`/metrics/${name}?${query}`);
      assert.ok(answer.status === 400 || answer.status === 422, `${query} → ${answer.status} ${answer.text}`);
      assert.equal(answer.json.errors[0].field, field, `${query} → ${answer.text}`);
    }
    problem(await rep.get(`/metrics/${name}?filter=%5B`), 400, 'bad_filter');
    problem(await rep.get('/metrics/nothing'), 404);
    problem(await rep.get(`/metrics/${name}?strange=1`), 400);
    problem(await server.anyone().get(`/metrics/${name}`), 401);
  });
});

describe('rights', () => {
  test('each reader counts what he may read', async () => {
    const name = code('scope');
    await define({ name, entity: 'customer', measure: 'count', filter: ['short_name', '=', '范围'], time_field: 'created_at', dimensions: ['owner'] });
    for (const [client, times] of [[rep, 3], [rep2, 2], [west_rep, 1]])
      for (let i = 0; i < times; i++) await makeCustomer(client, { short_name: '范围' });
    const seen = async (client) => (await metric(client, name, 'from=2020-01-01')).total.value;
    assert.deepEqual(await Promise.all([rep, rep2, manager, west_rep, boss].map(seen)), [3, 2, 5, 1, 6]);
    assert.deepEqual((await metric(manager, name, 'by=owner')).data.map((d) => d.value), [3, 2]);
    problem(await sysadmin.get(`/metrics/${name}`), 403);
    // shared with him: his as well
    const [one] = await all(rep2, '/customers', filter(['short_name', '=', '范围']));
    assert.equal((await rep2.post(`/customers/${one.id}/actions/share`, { with: rep.user.id, right: 'read' })).status < 300, true);
    assert.equal(await seen(rep), 4);
  });

  test('a field he reads masked, or not at all, is refused by its name', async () => {
    const masked = code('masked');
    await define({ name: masked, entity: 'customer', measure: 'distinct', field: 'phone' });
    const answer = problem(await agent.get(`/metrics/${masked}`), 400);
    assert.match(answer.errors[0].message, /联系方式/);
    assert.equal(answer.errors[0].field, 'field');
    for (const client of [boss, rep]) assert.equal((await client.get(`/metrics/${masked}`)).status, 200, 'in clear');
  });

  test('who may not make metrics does not; who may is told what does not fit', async () => {
    const body = { name: code('right'), label_zh: '试', entity: 'customer', measure: 'count' };
    problem(await rep.post('/metric-defs', body), 403);
    problem(await agent.post('/metric-defs', body), 403);
    const wrong = async (over, want) => assert.deepEqual(mistakes(await boss.post('/metric-defs', { ...body, name: code('wrong'), ...over })), want, JSON.stringify(over));
    await wrong({ entity: 'nothing' }, ['entity:invalid']);
    await wrong({ entity: 'session' }, ['entity:invalid']);
    await wrong({ measure: 'sum' }, ['field:required']);
    await wrong({ measure: 'sum', field: 'name' }, ['field:invalid']);
    await wrong({ measure: 'sum', field: 'nothing' }, ['field:invalid']);
    await wrong({ measure: 'ratio' }, ['hit:required']);
    await wrong({ time_field: 'name' }, ['time_field:invalid']);
    await wrong({ filter: ['nothing', '=', 1] }, ['filter:invalid']);
    await wrong({ dimensions: ['name'] }, ['dimensions:invalid']);
    await wrong({ dimensions: 'level' }, ['dimensions:invalid']);
    await wrong({ daily: true, time_field: 'created_at' }, ['daily:invalid']);
    await wrong({ daily: true, filter: ['owner', '=', 'me'] }, ['daily:invalid']);
    const twice = await boss.post('/metric-defs', { ...body, name: 'new_customers' });
    assert.ok(twice.status === 409 || twice.status === 422, twice.text);
    assert.equal((await boss.post('/metric-defs', { ...body, name: 'New-Customers' })).status, 422);
  });

  test('a preview is what the metric would be, and within the same rights', async () => {
    const body = { label_zh: '预览', entity: 'customer', measure: 'count', filter: ['short_name', '=', '范围'], dimensions: ['owner'] };
    const answer = await boss.post('/metrics/preview?by=owner', body);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.data.map((d) => d.value), [3, 2, 1]);
    problem(await sysadmin.post('/metrics/preview', body), 403);
    problem(await boss.post('/metrics/preview', { ...body, measure: 'sum', field: 'nothing' }), 400, 'unknown_field');
  });
});

describe('fields that come and go', () => {
  test('a metric over a custom field works; when the field is retired the metric says which is missing', async () => {
    const made = await admin.post('/custom-fields', { entity: 'customer', code: 'cf_seats', label_zh: '席位数', label_en: 'Seats', type: 'int' });
    assert.equal(made.status, 201, made.text);
    const field = made.json.code ?? 'cf_seats';
    const sum = code('seats'), where = code('seats');
    await define({ name: sum, entity: 'customer', measure: 'sum', field });
    await define({ name: where, entity: 'customer', measure: 'count', filter: [field, '>', 3] });
    await makeCustomer(rep, { [field]: 4 });
    await makeCustomer(rep, { [field]: 3 });
    assert.deepEqual([(await metric(rep, sum)).total.value, (await metric(rep, where)).total.value], [7, 1]);
    const retired = await admin.post(`/custom-fields/${made.json.id}/actions/retire`, {}, { 'If-Match': made.etag });
    assert.ok(retired.status < 300, retired.text);
    await until(async () => (await rep.get(`/metrics/${sum}`)).status !== 200);
    for (const name of [sum, where]) {
      const answer = await rep.get(`/metrics/${name}`);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.json.errors[0].message, new RegExp(field));
    }
  });
});

describe('samples', () => {
  const sampled = () => until(async () => (await sql(`SELECT count(*) FROM job WHERE kind = 'metric_daily' AND state = 'done'`))[0][0] !== '0');
  const once = async () => {
    for (const [params, jobs] of await sql(`SELECT params, count(*) FROM job WHERE kind = 'metric_daily' GROUP BY params`)) assert.equal(jobs, '1', params);
    assert.deepEqual(await sql('SELECT metric_id, day, owner_id, count(*) FROM metric_daily GROUP BY 1, 2, 3 HAVING count(*) > 1'), []);
  };
  test('once a day of the house, by owner, whoever reads gets his part of it', async () => {
    const today = day();
    await sampled();
    await once();
    const id = (await sql(`SELECT id FROM metric_def WHERE name = 'customers'`))[0][0];
    // the past, written down by hand: three mornings, two owners and nobody
    const month = (back) => { const d = new Date(`${today.slice(0, 7)}-01T00:00:00Z`); d.setUTCMonth(d.getUTCMonth() - back); return d.toISOString().slice(0, 10); };
    const department = (await sql(`SELECT department_id FROM "user" WHERE id = ${rep.user.id}`))[0][0];
    const west = (await sql(`SELECT department_id FROM "user" WHERE id = ${west_rep.user.id}`))[0][0];
    let k = 1;
    const put = (d, owner, dept, records) => sql(`INSERT INTO metric_daily (id, metric_id, day, owner_id, owner_department_id, records, taken_at) VALUES (${k++}, ${id}, '${d}', ${owner}, ${dept}, ${records}, 0)`);
    await sql(`DELETE FROM metric_daily WHERE metric_id = ${id}`);
    for (const [d, a, b, c] of [[month(2), 5, 7, 1], [month(1), 6, 8, 2], [month(0), 9, 10, 3]]) {
      await put(d, rep.user.id, department, a);
      await put(d, west_rep.user.id, west, b);
      await put(d, 'NULL', 'NULL', c);
    }
    const trend = async (client) => (await metric(client, 'customers', 'period=month&last=4&compare=previous')).data.map((d) => d.value);
    const count = async (client) => (await metric(client, 'customers')).total.value;
    assert.deepEqual(await trend(boss), [13, 16, 22, await count(boss)], 'the morning after a month is its end; the present one is counted');
    assert.deepEqual(await trend(rep), [5, 6, 9, await count(rep)]);
    assert.deepEqual(await trend(manager), [5, 6, 9, await count(manager)]);
    assert.deepEqual(await trend(west_rep), [7, 8, 10, await count(west_rep)]);
    assert.deepEqual((await metric(boss, 'customers', 'period=month&last=5')).data[0].value, null, 'before the first sample nothing is known');
    const answer = await metric(boss, 'customers', 'period=month&last=1&compare=previous');
    assert.equal(answer.previous.value, 22);
    problem(await boss.get('/metrics/customers?period=month&by=level'), 400);
    problem(await boss.get('/metrics/customers?from=2026-01-01'), 400);
    problem(await sysadmin.get('/metrics/customers?period=month'), 403);
  });

  test('a state that takes long to count is shown as of its sample, for who reads all; others are counted', async () => {
    await sampled();
    const [[id, newest]] = await sql(`SELECT d.id, max(x.day) FROM metric_def d JOIN metric_daily x ON x.metric_id = d.id WHERE d.name = 'overdue_tasks' GROUP BY d.id`);
    const counted = (await metric(boss, 'overdue_tasks')).total;
    await sql(`UPDATE metric_daily SET took_ms = 120000, records = 0 WHERE metric_id = ${id} AND day = '${newest}'`);
    await sql(`UPDATE metric_daily SET records = 4321 WHERE id = (SELECT max(id) FROM metric_daily WHERE metric_id = ${id} AND day = '${newest}')`);
    for (const query of ['', 'period=day&last=7']) {
      const { total, data } = await metric(boss, 'overdue_tasks', query);
      assert.deepEqual([total.value, total.sampled_on], [4321, newest]);
      if (query) assert.equal(data.at(-1).value, 4321);
    }
    assert.equal((await metric(boss, 'overdue_tasks', 'by=owner')).total.sampled_on, undefined, 'groups are counted');
    assert.equal((await metric(rep, 'overdue_tasks')).total.sampled_on, undefined);
    await sql(`UPDATE metric_daily SET took_ms = 5 WHERE metric_id = ${id}`);
    assert.deepEqual((await metric(boss, 'overdue_tasks')).total, counted);
  });

  test('two processes that look at the same moment take one sample', { skip: !server_is_pg && 'one process a folder on SQLite' }, async () => {
    const other = new Server({ engine: 'pg', env: server.env, args: server.args, folder: server.folder, database: server.database });
    await server.halt();
    await sql(`DELETE FROM job WHERE kind = 'metric_daily'`);
    await sql('DELETE FROM metric_daily');
    try {
      await Promise.all([server.launch(), other.launch()]);
      await sampled();
      await once();
      assert.notEqual((await sql('SELECT count(*) FROM metric_daily'))[0][0], '0');
    } finally {
      await other.halt();
    }
    ({ rep, rep2, manager, west_rep, boss, agent, sysadmin, admin } = await makeCompany(server,
      { only: ['rep', 'rep2', 'manager', 'west_rep', 'boss', 'agent', 'sysadmin'] }));
  });
});

describe('files', () => {
  test('who may export gets numbers as numbers; who may not is refused', async () => {
    const written = async () => Number((await sql(`SELECT count(*) FROM audit_log WHERE action = 'export' AND entity = 'metric_def'`))[0][0]);
    const before = await written();
    problem(await rep.get('/metrics/new_customers/file?period=month&last=2&format=csv'), 403);
    const csv = await manager.get('/metrics/new_customers/file?period=month&last=2&by=level&format=csv');
    assert.equal(csv.status, 200);
    const lines = csv.text.replace(/^\uFEFF/, '').trim().split('\r\n');
    assert.equal(lines[0], '时间,客户等级,新增客户 (家),记录数');
    const figures = await metric(manager, 'new_customers', 'period=month&last=2&by=level');
    assert.equal(lines.length, figures.data.length + 2);
    assert.ok(lines.at(-1).endsWith(`,${figures.total.value},${figures.total.count}`), lines.at(-1));
    const xlsx = await manager.get('/metrics/follow_ups/file?period=week');
    assert.equal(xlsx.status, 200);
    assert.match(xlsx.headers.get('content-disposition'), /%E8%B7%9F%E8%BF%9B%E6%AC%A1%E6%95%B0\.xlsx/);
    assert.equal(xlsx.text.slice(0, 2), 'PK');
    assert.equal(await written(), before + 2);
    problem(await manager.get('/metrics/new_customers/file?format=exe'), 400);
  });
});

describe('dashboards', () => {
  const cards = [{ metric: 'new_customers', kind: 'card', period: 'month' }];
  const names = async (client) => (await all(client, '/dashboards', 'fields=name')).map((d) => d.name).sort();
  test('private, for the department, for roles, for everyone', async () => {
    const roles = Object.fromEntries((await all(boss, '/roles', 'fields=code')).map((r) => [r.code, r.id]));
    for (const [name, shared, more] of [['甲', 'private', {}], ['乙', 'department', {}], ['丙', 'roles', { for_roles: [roles.sales_rep, roles.management] }], ['丁', 'roles', { for_roles: [roles.sales_manager] }], ['戊', 'everyone', {}]])
      await make(manager, 'dashboards', { name, shared, cards, ...more });
    const base = '经营概览';
    assert.deepEqual(await names(manager), ['丁', '丙', '乙', '戊', '甲', base].sort());
    assert.deepEqual(await names(rep), ['丙', '乙', '戊', base].sort());
    assert.deepEqual(await names(west_rep), ['丙', '戊', base].sort());
    assert.deepEqual(await names(agent), ['戊', base].sort());
    assert.equal((await all(agent, '/dashboards', 'sort=position&fields=name'))[0].name, base, 'the one that came with the program stays in front of what somebody made');
    const [shown] = (await all(rep, '/dashboards', filter(['name', '=', '乙'])));
    assert.ok([403, 404].includes((await rep.patchNow(`/dashboards/${shown.id}`, { name: '改' })).status), 'shared is to be seen, not to be changed');
    await make(rep, 'dashboards', { name: '自己的', cards });
  });
  test('cards the page could not draw are refused', async () => {
    for (const bad of [{}, [1], [{ kind: 'card' }], [{ metric: 'x', kind: 'pie' }], [{ metric: 'x', kind: 'card', period: 'hour' }], [{ metric: 'x', kind: 'card', width: 9 }], [{ metric: 'x', kind: 'card', script: '1' }], Array(25).fill(cards[0])])
      assert.deepEqual(mistakes(await rep.post('/dashboards', { name: '坏', cards: bad })), ['cards:invalid'], JSON.stringify(bad).slice(0, 80));
  });
});

describe('after a thousand random operations', () => {
  // A generator of its own. The same walk every time, so that a run says something of the change; ./dev long walks at random.
  let seed = Number(process.env.ZHIKE_TEST_SEED ?? 4711);
  const random = (most) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % most; };
  const pick = (list) => list[random(list.length)];

  async function compare(what) {
    const cells = (data, key = (d) => d.group.value ?? '') => Object.fromEntries(data.filter((d) => d.count).map((d) => [`${d.period ? `${d.period}|` : ''}${key(d)}`, d.value]));
    const first = shanghai('2023-01-01T00:00:00');
    const want = await countBy(server, 'customer', { time: 'created_at', period: 'month', group: 'region / 10000 * 10000', where: `created_at >= ${first}` });
    const have = await metric(boss, 'new_customers', 'period=month&from=2023-01-01&by=region&limit=200');
    assert.deepEqual(cells(have.data), want, `${what}: new customers by month and region`);
    const quarter = await metric(boss, 'new_customers', 'period=quarter&from=2023-01-01&by=owner&limit=200');
    assert.deepEqual(cells(quarter.data), await countBy(server, 'customer', { time: 'created_at', period: 'quarter', group: 'owner_id', where: `created_at >= ${first}` }), `${what}: by quarter and owner`);
    const week = await metric(rep, 'new_customers', 'period=week&from=2023-01-01');
    const own = await countBy(server, 'customer', { time: 'created_at', period: 'week', where: `created_at >= ${shanghai('2022-12-26T00:00:00')} AND (owner_id = ${rep.user.id}
      OR id IN (SELECT record_id FROM record_share WHERE entity = 'customer' AND user_id = ${rep.user.id} AND (until IS NULL OR until > ${Date.now()})))` });
    assert.deepEqual(Object.fromEntries(week.data.filter((d) => d.value).map((d) => [d.period, d.value])), own, `${what}: a representative by week`);
    const talks = await metric(boss, 'follow_ups', 'period=day&last=400&by=method');
    assert.deepEqual(cells(talks.data), await countBy(server, 'follow_up', { time: 'happened_at', period: 'day', group: 'method', where: `happened_at >= ${shanghai(`${talks.from}T00:00:00`)} AND happened_at < ${shanghai(`${talks.to}T00:00:00`) + 86400_000}` }), `${what}: follow-ups by day and method`);
    const [[sum, filled]] = await sql(`SELECT coalesce(sum(completeness), 0), count(completeness) FROM customer WHERE ${live}`);
    const average = (await metric(boss, 'completeness')).total.value;
    // hundredths over records, to four places, half up
    const places = BigInt(filled) && (BigInt(sum) * 200n + BigInt(filled)) / (2n * BigInt(filled));
    assert.equal(average, BigInt(filled) ? `${places / 10000n}.${String(places % 10000n).padStart(4, '0')}` : null, `${what}: completeness, ${sum} / ${filled}`);
    const [[late]] = await sql(`SELECT count(*) FROM task WHERE ${live} AND due_at < ${Date.now()} AND status IN ('open', 'doing', 'delayed')`);
    assert.equal((await metric(boss, 'overdue_tasks')).total.value, Number(late), `${what}: overdue tasks`);
    const [[twins, rows]] = await sql(`SELECT coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM customer y WHERE y.deleted_at IS NULL AND y.id <> x.id AND ((y.uscc_k = x.uscc_k) OR (y.name_k = x.name_k AND y.phone_k = x.phone_k))) THEN 1 ELSE 0 END), 0), count(*) FROM customer x WHERE ${live}`);
    const rate = (await metric(boss, 'duplicate_rate')).total;
    assert.deepEqual([rate.hits, rate.count], [Number(twins), Number(rows)], `${what}: duplicates`);
    const of = await sql(`SELECT x.owner_id, sum(CASE WHEN EXISTS (SELECT 1 FROM customer y WHERE y.deleted_at IS NULL AND y.id <> x.id AND (y.uscc_k = x.uscc_k OR (y.name_k = x.name_k AND y.phone_k = x.phone_k))) THEN 1 ELSE 0 END), count(*) FROM customer x WHERE ${live} GROUP BY 1`);
    const by = (await metric(boss, 'duplicate_rate', 'by=owner&limit=200')).data;
    assert.deepEqual(Object.fromEntries(by.map((d) => [d.group.value, [d.hits, d.count]])), Object.fromEntries(of.map(([owner, hits, n]) => [owner, [Number(hits), Number(n)]])), `${what}: duplicates by owner`);
  }

  test('every figure is what SQL counts', async () => {
    console.log(`# seed ${seed}`);
    const regions = [110105, 310104, 330106, 330108, 440305, 510107, null];
    const clients = [rep, rep2, west_rep, boss];
    const made = [], talks = [], tasks = [];
    const ok = (answer, ...also) => assert.ok(answer.status < 300 || [403, 404, 409, 412, 428, ...also].includes(answer.status), answer.text);
    const when = () => new Date(Date.now() - random(900) * 86400_000 - random(86400) * 1000).toISOString();
    const operations = {
      create: async () => { const c = pick(clients); const region = pick(regions); made.push({ ...(await makeCustomer(c, { ...(region ? { region } : {}), level: pick(['key', 'normal', 'potential']) })), by: c }); },
      edit: async () => { const m = pick(made); ok(await m.by.patchNow(`/customers/${m.id}`, { region: pick(regions), level: pick(['key', 'normal']), website: pick([null, 'https://example.com']) })); },
      remove: async () => { const m = pick(made); ok(await boss.delNow(`/customers/${m.id}`)); },
      restore: async () => { const m = pick(made); ok(await boss.post(`/customers/${m.id}/restore`)); },
      transfer: async () => { const m = pick(made); const { etag } = await boss.get(`/customers/${m.id}`); ok(await boss.post(`/customers/${m.id}/actions/transfer`, { owner: pick([rep, rep2, west_rep]).user.id, reason: '试' }, { 'If-Match': etag })); },
      talk: async () => { const m = pick(made); const a = await boss.post('/follow-ups', followUp(m.id, { method: pick(['phone', 'visit', 'wechat']), happened_at: when() })); ok(a, 422); if (a.status === 201) talks.push(a.json); },
      untalk: async () => { if (talks.length) ok(await boss.delNow(`/follow-ups/${pick(talks).id}`)); },
      task: async () => { const a = await boss.post('/tasks', { title: '试', due_at: new Date(Date.now() + (random(20) - 10) * 86400_000).toISOString() }); ok(a); tasks.push(a.json); },
      finish: async () => { if (tasks.length) ok(await boss.patchNow(`/tasks/${pick(tasks).id}`, { status: pick(['done', 'cancelled', 'doing', 'open']) })); },
      // what a form refuses came by an import, or before there was a rule
      twin: async () => { const [a, b] = [pick(made), pick(made)]; await sql(`UPDATE customer SET name_k = (SELECT x.name_k FROM customer x WHERE x.id = ${a.id}), phone_k = (SELECT x.phone_k FROM customer x WHERE x.id = ${a.id}) WHERE id = ${b.id}`); },
      backdate: async () => { await sql(`UPDATE customer SET created_at = ${Date.parse(when())} WHERE id = ${pick(made).id}`); },
    };
    const wheel = ['create', 'create', 'create', 'edit', 'edit', 'remove', 'restore', 'transfer', 'talk', 'talk', 'untalk', 'task', 'finish', 'backdate', 'twin'];
    await operations.create();
    for (let i = 0; i < 1000; i++) {
      await operations[pick(wheel)]();
      if (i % 250 === 249) await compare(`after ${i + 1} operations`);
    }
  });
});

test('customers of a form fall into the same counting as those of a file', async () => {
  const before = (await metric(boss, 'new_customers', 'from=2020-01-01')).total.value;
  await make(boss, 'customers', customer());
  assert.equal((await metric(boss, 'new_customers', 'from=2020-01-01')).total.value, before + 1);
});
