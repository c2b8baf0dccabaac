// The clock is set a day or ten years ahead or back while people work, and to moments of its own (./dev long: 400 days ahead, over
// the end of 32 bits on 19 January 2038, over the end of February 2100, which has no 29th): nothing is lost, doubled or
// stuck, on both engines. Moments of zones and a clock that stands still: dates.test.mjs. Control: every jump must be seen in
// what the server writes, and a job whose lease is taken away by hand stops.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, psql, sleep, slow, startServer, until } from '../lib/index.mjs';
import { PATIENCE } from '../lib/program.mjs';
import { listen } from '../lib/events.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';
import { amount } from './ledger.mjs';
import { Shim } from './shim.mjs';

const DAY = 86400e3, YEARS = 3652 * DAY;
const every = [['a day ahead', DAY], ['ten years back', -YEARS], ['a day back', -DAY], ['ten years ahead', YEARS], ['400 days ahead', 400 * DAY],
  ['to the end of 32 bits', () => Date.UTC(2038, 0, 19, 3, 14, 4) - Date.now()], ['to the last of February 2100 in Shanghai', () => Date.UTC(2100, 1, 28, 15, 59, 56) - Date.now()]];
const jumps = every.slice(0, amount('ZHIKE_CLOCK_JUMPS', 2, every.length));
const ROWS = 3000;

describe('the clock', { concurrency: true }, () => {
  for (const engine of ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])]) {
    describe(`the clock is set, on ${engine}`, { concurrency: 1 }, () => {
      let server, shim, rep, admin, last = 0, mark = 0;
      const sql = (text) => (engine === 'pg' ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 5000', join(server.dir, 'zhike.db'), text]));
      const signIn = async () => { rep = await server.login('rep', passwordOf('rep')); admin = await server.login('admin', server.adminPassword); };
      before(async () => {
        server = await startServer({ engine, company: true, env: { ZHIKE_HTTP_HEAD_TIMEOUT: '1s' } });
        await makeCompany(server, { only: ['rep'] });
        await server.halt();
        shim = new Shim(server);
        await shim.launch();
        await signIn();
      });
      after(async () => { shim?.end(); await server?.stop(); });

      const bodyOf = (name) => ({ name, industry: 'it', source: 'other', phone: `139${String(++mark).padStart(8, '0')}` });
      const create = async (body, key) => {
        const answer = await rep.post('/customers', typeof body === 'string' ? bodyOf(body) : body, key ? { 'Idempotency-Key': key } : {});
        assert.equal(answer.status, 201, answer.text);
        return answer.json;
      };
      /** A new record: its id is above all others, and its moment is that of the clock as it is set. */
      const newest = async (name, ms) => {
        const made = await create(name);
        assert.ok(made.id > last, `id ${made.id} behind ${last}`);
        last = made.id;
        assert.ok(Math.abs(new Date(made.created_at) - Date.now() - ms) < 60_000 * slow, `made at ${made.created_at}: the jump did not come through`);
        return made;
      };
      const count = async (word) => (await rep.get(`/customers?count=exact&limit=1&filter=${encodeURIComponent(JSON.stringify(['name', 'starts', word]))}`)).json.count.value;
      /** A head that never ends is closed in its time, whatever the clock says. */
      const slowHead = () => new Promise((done, fail) => {
        const { hostname, port } = new URL(server.url);
        const s = net.connect(Number(port), hostname, () => s.write('GET /healthz HTTP/1.1\r\nX-Slow: '));
        const timer = setTimeout(() => { s.destroy(); fail(new Error('the slow head is held for ever')); }, PATIENCE * slow);
        s.on('error', () => {});
        s.on('data', () => {});
        s.on('close', () => { clearTimeout(timer); done(); });
      });
      const notices = async (title) => (await rep.get('/notifications?limit=200')).json.data.filter((n) => n.kind === 'task_due' && JSON.stringify(n).includes(title)).length;

      for (const [what, far] of jumps) {
        test(`${what}, and right again`, { timeout: 120_000 * slow }, async () => {
          const word = `${what.replaceAll(' ', '')}${engine}`;
          shim.shift(0);
          await signIn();
          const kept = await newest(`${word}先`, 0);
          const key = `clock-${word}`;
          const same = bodyOf(`${word}一次`);
          const once = await create(same, key);
          const task = await rep.post('/tasks', { title: `${word}提醒`, due_at: new Date(Date.now() + 5 * 60_000).toISOString() });
          assert.equal(task.status, 201, task.text);
          await until(async () => await notices(`${word}提醒`) === 1, 15_000, 'the reminder');
          const up = await upload(rep, csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: ROWS }, (_, i) => [`${word}入${i}`, '金融', '广告', `136${String(mark * 100000 + i).padStart(8, '0').slice(-8)}`])]));
          assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
          await until(async () => (await rep.get(`/imports/${up.id}`)).json.progress?.done > ROWS / 10, 30_000, 'some rows');
          const bin = await create(`${word}旧`);
          assert.equal((await admin.delNow(`/customers/${bin.id}`)).status, 204);

          const ms = typeof far === 'function' ? far() : far;
          const jumped = Date.now();
          shim.shift(ms);
          const ahead = slowHead();
          await until(async () => (await server.anyone().get('//readyz')).status === 200, 10_000, 'readiness');
          await signIn(); // a session may be over by now
          assert.equal((await create(same, key)).id, once.id, 'one key, two records');
          const ear = await listen(rep, 'customer');
          const there = await newest(`${word}中`, ms);
          await ear.next((e) => e.data?.id === there.id || e.data?.ids?.includes(there.id) || e.event === 'changed', 10_000);
          ear.close();
          const done = await settle(rep, up.id);
          assert.equal(done.state, 'done', JSON.stringify(done));
          assert.equal(await count(`${word}入`), ROWS);
          assert.equal(done.counts.created, ROWS, JSON.stringify(done.counts));
          await ahead;
          if (far !== ms) { // it goes over that moment, which is two to four seconds ahead
            await sleep(Math.max(0, 5000 - (Date.now() - jumped)));
            await newest(`${word}过`, ms);
          }

          shim.shift(0);
          const right = slowHead();
          await signIn();
          await newest(`${word}后`, 0);
          assert.equal((await create(same, key)).id, once.id, 'one key, two records');
          assert.equal((await rep.get(`/customers/${kept.id}`)).status, 200);
          assert.equal((await admin.post(`/customers/${bin.id}/restore`, {})).status, 200, 'the bin was emptied by a wrong clock');
          assert.equal(await notices(`${word}提醒`), 1, 'reminded twice');
          await right;
          await until(() => server.log.includes('clock_jumped'), 10_000, 'the line of the jump');
        });
      }

      test('a restart with the clock set back gives no id a second time, and takes its lease', async () => {
        shim.shift(0);
        await signIn();
        last = (await create('重启前')).id;
        shim.shift(YEARS);
        await signIn();
        await newest('十年后', YEARS);
        await server.halt('SIGKILL');
        shim.shift(-DAY);
        await shim.launch();
        await signIn();
        await newest('重启后', -DAY);
        await server.halt();
        shim.shift(0);
        await shim.launch();
        await signIn();
        await newest('如常', 0);
      });

      test('control: a lease taken away by hand ends the run; whoever has it goes on, and no row is there twice', async () => {
        for (let t = 0; t < 6; t++) { // one that was through before it could be robbed says nothing: once more
          const word = `夺${engine}${'再'.repeat(t)}第`;
          const up = await upload(rep, csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: ROWS }, (_, i) => [`${word}${i}`, '金融', '广告', `135${String(t * 10_000 + i).padStart(8, '0')}`])]));
          assert.equal((await rep.post(`/imports/${up.id}/run`, {})).status, 202);
          await until(async () => (await rep.get(`/imports/${up.id}`)).json.progress?.done > 0, 30_000, 'some rows');
          await sql("UPDATE job SET lease_by = 'thief', lease_until = 0 WHERE state = 'running'");
          const done = await settle(rep, up.id);
          assert.equal(done.state, 'done');
          assert.equal(await count(word), ROWS);
          if (/job_lost/.test(server.log)) break;
        }
        assert.match(server.log, /job_lost/, 'nobody was overtaken: the test sees nothing');
      });

      test('in the end the house is whole', async () => {
        shim.shift(0);
        const check = await server.cli('check');
        assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
        assert.equal((await server.cli('audit', 'verify')).code, 0);
      });
    });
  }
});
