// PostgreSQL restarted under load, and its connections cut at the COMMIT, behind it, and in the middle of an answer:
// who cannot know says so (commit_unknown), and the same request with its Idempotency-Key makes one record. Control: a
// proxy that says COMMIT and does ROLLBACK is found out.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { sleep, slow, startServer, temporaryFolder, until } from '../lib/index.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';
import { amount, finish, Ledger, Load, random, retry, seedOf } from './ledger.mjs';
import { Proxy } from './proxy.mjs';

const run = promisify(execFile);
const seed = seedOf('PostgreSQL cut off');
const restarts = amount('ZHIKE_CUT_RESTARTS', 1, 30);
const creates = amount('ZHIKE_CUT_CREATES', 60, 2000);
const skip = process.env.ZHIKE_TEST_PG_URL ? false : 'no PostgreSQL';

/** A server whose database lies behind a proxy. */
async function behindProxy() {
  const server = await startServer({ engine: 'pg' });
  await server.halt();
  const proxy = await Proxy.to(server.database.url);
  const direct = server.env;
  server.env = { ...direct, ZHIKE_DATABASE: proxy.url };
  await server.launch();
  return { server, proxy, client: await server.login('admin', server.adminPassword), direct, stop: async () => {
    proxy.onCommit = () => 'pass';
    proxy.onAnswer = () => false;
    await server.stop();
    await proxy.close();
  } };
}
const body = (name) => ({ name, industry: 'it', source: 'other', short_name: '0', source_detail: '0', remark: '0', primary_contact: { name: '王' } });

describe('cut off', { skip }, () => {
  let it;
  before(async () => { it = await behindProxy(); });
  after(() => it?.stop());

  test(`at COMMIT and in mid-answer: ${creates} creates, each one record in the end`, { timeout: 7200_000 }, async () => {
    const rnd = random(seed);
    const { proxy, client } = it;
    const ledger = new Ledger();
    const told = {};
    proxy.onCommit = () => (rnd.next() < 0.5 ? 'pass' : rnd.pick(['before', 'after']));
    proxy.onAnswer = () => rnd.next() < 0.01;
    const one = async (i) => {
      const name = `断${i}`;
      const row = ledger.add(name, body(name), `key-cut-${i}`);
      for (let tries = 0; ; tries++) {
        const answer = await client.post('/customers', row.body, { 'Idempotency-Key': row.key });
        if (answer.status === 201) {
          Object.assign(row, { id: answer.json.id, at: { n: 0, deleted: false }, contact: true });
          return;
        }
        // a cut in mid-answer may fall on the reading of the session as well; nothing but 503 is true then
        assert.equal(answer.status, 503, answer.text);
        assert.ok(answer.json.detail && answer.headers.get('retry-after'), answer.text);
        told[answer.json.code] = (told[answer.json.code] ?? 0) + 1;
        assert.ok(tries < 60, `${name} is never saved`);
      }
    };
    for (let i = 0; i < creates; i += 4) await Promise.all([0, 1, 2, 3].map((k) => one(i + k)));
    proxy.onCommit = () => 'pass';
    proxy.onAnswer = () => false;
    await until(async () => (await client.get('//readyz')).status === 200, 20_000, 'readiness');
    assert.deepEqual(ledger.compare(await ledger.read(client, '断'), '断'), [], `seed ${seed}`);
    console.log(`cut off: ${ledger.rows.size} creates, ${JSON.stringify(proxy.counts)}, told ${JSON.stringify(told)}`);
    assert.ok(told.commit_unknown > creates / 10, 'hardly a commit was cut');
    const check = await it.server.cli('check', { env: it.direct });
    assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
  });

  test('control: COMMIT said, ROLLBACK done: undead', async () => {
    const { proxy, client } = it;
    const ledger = new Ledger();
    const row = ledger.add('谎', body('谎'));
    const made = await client.post('/customers', row.body);
    assert.equal(made.status, 201);
    proxy.onCommit = () => 'lie';
    assert.equal((await client.del(`/customers/${made.json.id}`, undefined, { 'If-Match': made.etag })).status, 204);
    proxy.onCommit = () => 'pass';
    row.at = { n: 0, deleted: true };
    assert.deepEqual(ledger.compare(await ledger.read(client, '谎'), '谎').map((w) => w.verdict), ['zombie']);
  });

  test('a PostgreSQL that falls silent: requests end with 503, and go well once it speaks', { timeout: 120_000 * slow }, async () => {
    const { proxy, client } = it;
    proxy.paused = true;
    const from = Date.now();
    const asked = Promise.all([0, 1, 2].map((i) => client.post('/customers', body(`哑${i}`), { 'Idempotency-Key': `key-silent-${i}` }).catch(() => null)));
    await sleep(300);
    const answers = await asked;
    assert.deepEqual(answers.map((a) => a?.status), [503, 503, 503]);
    assert.ok(Date.now() - from < 60_000 * slow, `answered after ${Date.now() - from} ms`);
    console.log(`silent PostgreSQL: 503 after ${Date.now() - from} ms`);
    proxy.paused = false;
    proxy.cutAll();
    await until(async () => (await client.get('//readyz')).status === 200, 30_000, 'readiness');
    for (let i = 0; i < 3; i++) assert.equal((await client.post('/customers', body(`哑${i}`), { 'Idempotency-Key': `key-silent-${i}` })).status, 201);
    const found = await new Ledger().read(client, '哑');
    assert.deepEqual([...found.values()].map((list) => list.length), [1, 1, 1]);
  });
});

describe('SIGTERM while PostgreSQL is silent', { skip }, () => {
  // With 0 is in stop.timeout: beyond that the server ends itself with 1, by its own clock (stop.test.mjs sees it do so).
  test('ends in stop.timeout with 0: requests and a job under way, the keeper, the pool; then all goes on', { timeout: 120_000 * slow }, async () => {
    const it = await behindProxy();
    try {
      const { proxy, server, client } = it;
      const up = await upload(client, csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: 4000 }, (_, i) => [`默${i}`, '金融', '广告', `137${String(i).padStart(8, '0')}`])]));
      assert.equal((await client.post(`/imports/${up.id}/run`, {})).status, 202);
      await until(async () => (await client.get(`/imports/${up.id}`)).json.progress?.done > 0, 30_000, 'some rows');
      proxy.paused = true;
      const asked = Array.from({ length: 12 }, (_, i) => client.post('/customers', body(`末${i}`), { 'Idempotency-Key': `key-end-${i}` }).catch(() => null));
      await sleep(300); // they are on their way, more of them than there are connections
      const from = Date.now();
      const end = await server.halt('SIGTERM');
      assert.equal(end.code, 0);
      assert.doesNotMatch(server.log, /stop_forced/);
      console.log(`silent PostgreSQL: SIGTERM took ${Date.now() - from} ms`);
      for (const a of await Promise.all(asked)) assert.ok(a === null || a.status === 503, a?.text);
      proxy.paused = false;
      proxy.cutAll();
      await server.launch();
      client.url = server.url;
      const done = await settle(client, up.id);
      assert.equal(done.state, 'done', JSON.stringify(done));
      assert.equal(done.counts.created, 4000);
      for (let i = 0; i < 12; i++) assert.equal((await client.post('/customers', body(`末${i}`), { 'Idempotency-Key': `key-end-${i}` })).status, 201);
      const found = await new Ledger().read(client, '末');
      assert.deepEqual([...found.values()].map((list) => list.length), Array(12).fill(1));
    } finally {
      await it.stop();
    }
  });
});

describe('PostgreSQL restarted', { skip }, () => {
  const folder = temporaryFolder('zhike-pg-');
  const bin = '/usr/lib/postgresql/15/bin';
  const asWho = process.getuid() === 0 ? ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--init-groups'] : ['env'];
  const pg = (program, ...args) => run(asWho[0], [...asWho.slice(1), join(bin, program), ...args], { cwd: folder, stdio: 'ignore' });
  const data = join(folder, 'data');
  const options = `-c listen_addresses= -c unix_socket_directories=${folder} -c fsync=on -c max_connections=60`;
  const control = (...args) => pg('pg_ctl', '-D', data, '-w', '-t', '60', '-l', join(folder, 'log'), ...args);
  before(async () => {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    await pg('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-locale');
    await control('-o', options, 'start');
  });
  after(() => control('-m', 'immediate', 'stop').catch(() => {}));

  test(`${restarts} times under load, as by a crash: nothing lost, doubled, torn`, { timeout: 7200_000 }, async () => {
    const rnd = random(seed + 1);
    const server = await startServer({ engine: 'sqlite', init: false });
    server.env = { ...server.env, ZHIKE_DATABASE: `postgresql://postgres@/postgres?host=${folder}` };
    try {
      const password = join(folder, 'password');
      writeFileSync(password, `${server.adminPassword}\n`, { mode: 0o600 });
      await server.cliOk('init', '--admin-password-file', password);
      await server.launch();
      const client = await server.login('admin', server.adminPassword);
      const ledger = new Ledger();
      for (let i = 0; i < restarts; i++) {
        const prefix = `重${i}轮`;
        const load = new Load(client, ledger, prefix, rnd, { think: 5 });
        await sleep(rnd.between(200, 800));
        await control('-m', rnd.next() < 0.7 ? 'immediate' : 'fast', '-o', options, 'restart');
        await sleep(rnd.between(100, 500));
        await load.stop();
        await until(async () => (await client.get('//readyz')).status === 200, 20_000, 'readiness');
        const wrong = [...await finish(client, ledger), ...await retry(client, ledger, prefix, rnd)];
        wrong.push(...ledger.compare(await ledger.read(client, prefix), prefix));
        assert.deepEqual(wrong, [], `restart ${i} of seed ${seed}`);
      }
      const check = await server.cli('check');
      assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
      console.log(`PostgreSQL: ${restarts} restarts, ${ledger.rows.size} records, ${ledger.acknowledged} acknowledged writes`);
    } finally {
      await server.stop();
    }
  });
});
