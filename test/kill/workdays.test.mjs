// Rules that count working days, in the running program with its clock set to the days before 春节 and 国庆 2026: a silence of three
// working days is told on its day, a make-up Saturday (调休) counts and a holiday does not, and a reminder goes out so many working
// days ahead. Each day but two is asked for by hand (the run ends, and is seen to have told nobody else); on two of them the program
// is started after a night and nobody asks: the keeper does it by itself, for that very day. Control: the same rules in calendar days fire on other days.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCompany, passwordOf, slow, startServer, until } from '../lib/index.mjs';
import { all, filter, followUp, make, makeCustomer } from '../lib/records.mjs';
import { Shim } from './shim.mjs';

describe('working days', { concurrency: true }, () => {
  for (const engine of ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])]) {
    describe(`on ${engine}`, { concurrency: 1 }, () => {
      let server, shim, rep, boss;
      before(async () => {
        server = await startServer({ engine, company: true });
        await makeCompany(server, { only: ['rep', 'boss'] });
        shim = new Shim(server);
      });
      after(async () => { shim?.end(); await server?.stop(); });

      const at = (day, hour = '10:00') => Date.parse(`${day}T${hour}:00+08:00`);
      /** It is ten in the morning of that day, in Shanghai; people sign in anew. begun: the program is started on that day (it was off
          since the day before: the keeper does not believe a clock that is set ahead while it runs). */
      const itIs = async (day, begun) => {
        if (begun) await server.halt();
        shim.shift(at(day) - Date.now());
        if (begun) await shim.launch();
        rep = await server.login('rep', passwordOf('rep'));
        boss = await server.login('boss', passwordOf('boss'));
      };
      const rule = (name, more) => make(boss, 'rules', { name, entity: 'customer', event: 'idle', enabled: true, date_field: 'last_follow_up_at', days: 3, actions: [{ do: 'notify', to: ['owner'], title: '{name}' }], ...more });
      const run = async (r) => {
        const answer = await boss.post(`/rules/${r.id}/actions/run_now`, {});
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await boss.job(answer.json.job.id)).state, 'done');
      };
      const told = async (r) => (await all(boss, '/rule-runs', `${filter(['rule', '=', r.id])}&limit=200`)).map((x) => x.record.label).sort();
      const talked = async (name) => {
        const c = await makeCustomer(rep, { name });
        await make(rep, 'follow-ups', followUp(c.id, { happened_at: new Date(Date.now() + shimmed()).toISOString(), content: '谈过下一步' }));
      };
      let day;
      const shimmed = () => at(day) - Date.now();
      /** [day, what is talked over on it, who was told by its evening, by the keeper alone?] */
      const live = async (r, plain, days) => {
        for (const [d, talk, want, alone] of days) {
          day = d;
          await itIs(day, alone);
          if (talk) await talked(talk);
          if (alone) await until(async () => (await told(r)).length >= want.length, 30_000 * slow, `the keeper on ${d}`);
          else await run(r);
          assert.deepEqual(await told(r), want, `${d}: working days`);
        }
        await run(plain);
      };

      test('春节: 14 February counts, the holiday does not', { timeout: 120_000 * slow }, async () => {
        day = '2026-02-12';
        await itIs(day, true);
        const mine = ['name', 'starts', '春'];
        const r = await rule('三个工作日', { workdays: true, filter: mine }), plain = await rule('三天', { filter: mine, cron: '0 9 29 2 *' });
        await live(r, plain, [['2026-02-12', '春甲', []], ['2026-02-13', '春乙', []], ['2026-02-14', null, []], ['2026-02-16', null, []]]);
        assert.deepEqual(await told(plain), ['春乙', '春甲'].sort(), 'three days of the calendar are over by the 16th');
        await live(r, plain, [['2026-02-23', null, []], ['2026-02-24', null, ['春甲'], true], ['2026-02-25', null, ['春乙', '春甲'].sort()], ['2026-02-26', null, ['春乙', '春甲'].sort()]]);
      });

      test('国庆: the Saturday worked in its place counts; a reminder two working days ahead', { timeout: 120_000 * slow }, async () => {
        day = '2026-09-29';
        await itIs(day, true);
        const mine = ['name', 'starts', '秋'];
        const r = await rule('三个工作日', { workdays: true, filter: mine }), plain = await rule('三天', { filter: mine, cron: '0 9 29 2 *' });
        const ahead = await rule('提前两个工作日', { entity: 'task', event: 'due', date_field: 'due_at', days: -2, workdays: true, filter: ['title', 'starts', '交货'], actions: [{ do: 'notify', to: ['owner'], title: '{title}' }] });
        await make(rep, 'tasks', { title: '交货', due_at: new Date(at('2026-10-12', '17:00')).toISOString() });
        await live(r, plain, [['2026-09-29', '秋甲', []], ['2026-09-30', '秋乙', []], ['2026-10-07', null, []], ['2026-10-08', null, []]]);
        await run(ahead);
        assert.deepEqual(await told(ahead), [], 'two working days before the 12th is the 9th: the 10th is worked');
        await live(r, plain, [['2026-10-09', null, ['秋甲']]]);
        await run(ahead);
        assert.deepEqual(await told(ahead), ['交货']);
        await live(r, plain, [['2026-10-10', null, ['秋乙', '秋甲'].sort(), true], ['2026-10-11', null, ['秋乙', '秋甲'].sort()]]);
      });
    });
  }
});
