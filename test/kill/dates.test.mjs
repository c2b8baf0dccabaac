// A clock that stands still, and the days on which clocks are set: ids rise, imports end, a session and a code outlive nothing
// (they go by the monotonic clock, too), a code counts once however the clock is set, and what is made in the hours around a
// change of summer time falls on the day it has there. Control: that the clock stands is seen in what is written, a session
// opened later lives on where an old one ends, and another zone counts other days.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, sleep, slow, startServer, until } from '../lib/index.mjs';
import { PATIENCE } from '../lib/program.mjs';
import { listen } from '../lib/events.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';
import { peer } from '../lib/mailbox.mjs';
import { filter, make, problem } from '../lib/records.mjs';
import { Shim } from './shim.mjs';

const long = process.env.ZHIKE_TEST_LONG === '1';
const DAY = 86400e3, HALF = 1800e3;
// [zone, the day on which its clocks are set, hours it has]. Lord Howe sets them by half an hour, Beirut at midnight.
const every = [['Australia/Lord_Howe', '2026-10-04', 23.5], ['Asia/Beirut', '2026-10-24', 25], ['Europe/Berlin', '2026-10-25', 25], ['America/New_York', '2026-11-01', 25],
  ['America/New_York', '2027-03-14', 23], ['Asia/Beirut', '2027-03-28', 23], ['Europe/Berlin', '2027-03-28', 23], ['Australia/Lord_Howe', '2027-04-04', 24.5]];
const zones = long ? every : every.slice(0, 1);
const engines = ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL && long ? ['pg'] : [])];

/** The day of an instant in a zone, as ICU of node has it: not the program's own reckoning, though of the same tables. */
const dayOf = (zone, at) => new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at));
/** Half hours from the evening before to the morning after. */
function around(zone, day) {
  const list = [];
  for (let at = Date.parse(`${day}T00:00:00Z`) - 1.25 * DAY; at < Date.parse(`${day}T00:00:00Z`) + 2.25 * DAY; at += HALF) list.push(at);
  const on = list.filter((at) => dayOf(zone, at) === day);
  return [...list.filter((at) => at < on[0]).slice(-4), ...on, ...list.filter((at) => at > on.at(-1)).slice(0, 4)];
}

describe('dates', { concurrency: true }, () => {
  for (const engine of engines) {
    describe(`a clock that stands still, on ${engine}`, { concurrency: 1 }, () => {
      let server, shim, sms, rep, mark = 0;
      const mobile = '13900001111';
      const sent = () => sms.calls.map((c) => JSON.parse(c.body)).filter((m) => m.to === mobile);
      const codeAfter = async (n) => { await until(() => sent().length > n, 30_000, 'a code'); return sent().at(-1).code; };
      const open = async () => {
        const n = sent().length;
        let first;
        await until(async () => (first = await server.anyone().post('/session', { login: 'rep2', password: passwordOf('rep2') })).status === 200 && !first.json.why, 30_000, 'a ticket');
        return { ticket: first.json.ticket, code: await codeAfter(n) };
      };
      const verify = ({ ticket, code }, method = 'sms') => server.anyone().post('/session/verify', { ticket, method, code });
      const create = async () => {
        const made = await rep.post('/customers', { name: `停${++mark}`, industry: 'it', source: 'other', phone: `138${String(mark).padStart(8, '0')}` });
        assert.equal(made.status, 201, made.text);
        return made.json;
      };
      let paper;
      before(async () => {
        sms = await peer(() => ({ body: { ok: 1 } }));
        server = await startServer({ engine, company: true, env: { ZHIKE_OUTBOUND_PRIVATE: sms.host, ZHIKE_CODE_PAUSE: '1s', ZHIKE_LIMIT_CODE: '1000/h', ZHIKE_LIMIT_CODE_DAY: '1000/day', ZHIKE_LIMIT_CODE_NEW: '1000/day', ZHIKE_LIMIT_CODE_ADDRESS: '1000/h',
          ZHIKE_LOGIN_ADDRESS_FAILURES: '10000', ZHIKE_SESSION_ABSOLUTE: '5m', ZHIKE_HTTP_HEAD_TIMEOUT: '1s' } });
        await makeCompany(server, { only: ['rep', 'rep2'] });
        await server.halt();
        shim = new Shim(server);
        await shim.launch();
        rep = await server.login('rep', passwordOf('rep'));
        const admin = await server.admin();
        await admin.stepUp();
        await make(admin, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}"}' });
        const me = await server.login('rep2', passwordOf('rep2'));
        assert.equal((await me.post('/me/factor', { mobile, password: passwordOf('rep2') })).status, 202);
        const done = await me.post('/me/factor/confirm', { code: await codeAfter(0) });
        assert.equal(done.status, 200, done.text);
        paper = done.json.recovery;
      });
      after(async () => { shim?.end(); await server?.stop(); await sms?.stop(); });

      test('ids rise, waits end, an import is done, who listens hears', { timeout: 120_000 * slow }, async () => {
        const before = await create();
        shim.freeze(Date.now());
        const ear = await listen(rep, 'customer');
        const { hostname, port } = new URL(server.url);
        const ended = new Promise((done) => { // a head that never ends
          const s = net.connect(Number(port), hostname, () => s.write('GET /healthz HTTP/1.1\r\nX-Slow: '));
          s.on('error', () => {});
          s.on('data', () => {});
          s.on('close', done);
        });
        const made = [];
        for (let i = 0; i < 25; i++) made.push(...await Promise.all(Array.from({ length: 8 }, create)));
        const ids = made.map((m) => m.id);
        assert.equal(new Set(ids).size, 200);
        assert.ok(ids.every((id) => id > before.id));
        for (let i = 8; i < 200; i++) assert.ok(ids[i] > ids[i - 8 - (i % 8)], 'a later one has a lower id');
        assert.equal(new Set(made.map((m) => m.created_at)).size, 1, 'control: the clock goes on');
        await until(() => ear.events.some((e) => e.event !== 'ready'), PATIENCE, 'news');
        ear.close();
        const up = await upload(rep, csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: 500 }, (_, i) => [`停入${i}`, '金融', '广告', `137${String(i).padStart(8, '0')}`])]));
        assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
        const done = await settle(rep, up.id);
        assert.deepEqual([done.state, done.counts.created], ['done', 500]);
        await ended;
        shim.shift(0);
        assert.ok((await create()).id > ids.at(-1));
      });

      test('a code counts once: the clock set back to when it was sent, and standing there, gives none a second time', { timeout: 120_000 * slow }, async () => {
        const asked = Date.now(), one = await open();
        assert.equal((await verify(one)).status, 200);
        assert.equal((await verify({ ...await open(), code: paper[0] }, 'recovery')).status, 200);
        for (const set of [() => shim.freeze(asked), () => shim.shift(-DAY), () => shim.freeze(asked - 1000), () => shim.shift(0)]) {
          set();
          problem(await verify(one), 401, 'bad_credentials');
          problem(await verify({ ...await open(), code: paper[0] }, 'recovery'), 401, 'bad_credentials');
        }
      });

      test('nothing outlives its time while the clock is set back and stands still', { timeout: 600_000 * slow, skip: !long && 'five minutes by the monotonic clock' }, async () => {
        shim.shift(0);
        const begun = performance.now();
        const old = await server.login('rep', passwordOf('rep'));
        const since = performance.now(); // its five minutes are over five minutes from here
        const late = await open();
        shim.shift(-DAY);
        assert.equal((await old.get('/me')).status, 200, 'a clock set back ends nothing');
        await sleep(100_000);
        shim.freeze(Date.now() - 2 * DAY);
        const young = await server.login('rep', passwordOf('rep'));
        await sleep(100_000);
        const still = await old.get('/me');
        if (performance.now() - begun < 290_000) assert.equal(still.status, 200, still.text);
        shim.shift(-3 * DAY);
        await sleep(Math.max(0, 301_000 - (performance.now() - since)));
        problem(await old.get('/me'), 401);
        problem(await verify(late), 401, 'bad_credentials');
        if (performance.now() - since < 390_000) assert.equal((await young.get('/me')).status, 200, 'control: what is younger lives');
        shim.shift(0);
        problem(await old.get('/me'), 401);
      });
    });

    describe(`days on which clocks are set, on ${engine}`, { concurrency: 1 }, () => {
      let server, shim, admin, mark = 0;
      before(async () => {
        server = await startServer({ engine, env: { ZHIKE_SESSION_ABSOLUTE: '30d', ZHIKE_SESSION_IDLE: '24h', ZHIKE_METRIC_LIVE_MOST: '1m' } });
        shim = new Shim(server);
      });
      after(async () => { shim?.end(); await server?.stop(); });

      for (const [zone, day, hours] of zones) {
        test(`${zone}, ${day}`, { timeout: 180_000 * slow }, async () => {
          const moments = around(zone, day), word = `界${++mark}`;
          assert.equal(moments.filter((at) => dayOf(zone, at) === day).length, hours * 2, 'the day has other hours than the test says');
          await server.halt();
          shim.shift(moments[0] - Date.now());
          await shim.launch();
          admin = await server.login('admin', server.adminPassword);
          assert.equal((await admin.stepUp()).status, 204);
          assert.equal((await admin.patch('/settings', { 'company.zone': zone })).status, 200);
          assert.equal((await admin.patch('/me', { timezone: zone })).status, 200);
          const want = {}, made = [];
          for (const [i, at] of moments.entries()) {
            shim.freeze(at);
            const c = await admin.post('/customers', { name: `${word}第${i}`, short_name: word, industry: 'it', source: 'other', phone: `13${mark}${String(i).padStart(8, '0')}` });
            assert.equal(c.status, 201, c.text);
            assert.equal(Date.parse(c.json.created_at), at, 'control: the clock stands where it was set');
            made.push(c.json.id);
            want[dayOf(zone, at)] = (want[dayOf(zone, at)] ?? 0) + 1;
          }
          assert.deepEqual(made, made.toSorted((a, b) => a - b));
          const days = Object.keys(want);
          const mine = encodeURIComponent(JSON.stringify(['short_name', '=', word]));
          const metric = async (z) => {
            const found = await admin.get(`/metrics/new_customers?period=day&from=${days[0]}&to=${days.at(-1)}&filter=${mine}`);
            assert.equal(found.status, 200, found.text);
            assert.equal(found.json.zone, z);
            return found.json;
          };
          const figure = await metric(zone);
          assert.deepEqual(Object.fromEntries(figure.data.map((d) => [d.period, d.value])), want);
          for (const d of figure.data) {
            const listed = await admin.get(`/customers?limit=1&count=exact&${filter(d.records)}`);
            assert.equal(listed.json?.count?.value, d.value, `${d.period}: ${listed.text}`);
          }
          // the day by its name, as the reader has it
          for (const d of days) {
            const listed = await admin.get(`/customers?limit=1&count=exact&${filter(['and', ['short_name', '=', word], ['created_at', '=', d]])}`);
            assert.equal(listed.json?.count?.value, want[d], `${d}: ${listed.text}`);
          }
          // "today" turns with the night of that zone
          const today = async () => (await admin.get(`/customers?limit=1&count=exact&${filter(['and', ['short_name', '=', word], ['created_at', '=', 'today']])}`)).json.count.value;
          const on = moments.filter((at) => dayOf(zone, at) === day);
          for (const at of [on[0], on[on.length >> 1], on.at(-1)]) {
            shim.freeze(at);
            assert.equal(await today(), want[day], `today at ${new Date(at).toISOString()}`);
          }
          shim.freeze(on[0] - 1);
          assert.equal(await today(), want[days[0]]);
          shim.freeze(on.at(-1) + HALF);
          assert.equal(await today(), want[days.at(-1)]);
          assert.equal((await admin.patch('/settings', { 'company.zone': 'Asia/Shanghai' })).status, 200);
          assert.notDeepEqual(Object.fromEntries((await metric('Asia/Shanghai')).data.map((d) => [d.period, d.value])), want, 'control: another zone, the same days');
        });
      }

      test('in the end the house is whole', async () => {
        shim.shift(0);
        const check = await server.cli('check');
        assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
        assert.equal((await server.cli('audit', 'verify')).code, 0);
      });
    });
  }
});
