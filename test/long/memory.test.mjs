// A house with little memory (SECURITY.md G8): the server in a cgroup whose limit is what docs/operations.md says a house needs,
// under everything at once (people who save and read, sign in, import, look at pictures, print, bodies that fill the memory). The
// kernel kills nobody: what there is no room for is told 503, and what was acknowledged is there. Control: far below, it does.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCompany, program, sleep, startServer, until } from '../lib/index.mjs';
import { csv, settle, upload } from '../lib/imports.mjs';
import { all, customer, filter, makeCustomer } from '../lib/records.mjs';
import { cpus } from 'node:os';

const MB = 1 << 20, SECONDS = Number(process.env.ZHIKE_MEMORY_SECONDS || 120);

let groups = 0;
/** A cgroup of our own, of either version; null where none may be made (in a container, without root). */
function cgroup(name) {
  const v1 = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const dir = join(process.env.ZHIKE_TEST_CGROUP || (v1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup'), `${name}-${process.pid}-${++groups}`);
  try { mkdirSync(dir); } catch { return null; }
  const file = (one) => join(dir, one), number = (one) => Number(readFileSync(file(one), 'utf8'));
  const line = (one, word) => Number(new RegExp(`^${word} (\\d+)`, 'm').exec(readFileSync(file(one), 'utf8'))?.[1] ?? 0);
  const join_ = () => spawnSync('sh', ['-c', 'echo $$ >"$1"', 'sh', file('cgroup.procs')], { stdio: 'ignore' }).status === 0;
  if ((!v1 && !existsSync(file('memory.max'))) || !join_()) { rmdirSync(dir); return null; }
  return {
    procs: file('cgroup.procs'),
    limit: (bytes) => writeFileSync(file(v1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes)),
    /** What the kernel cannot take back: without the pages of files. */
    used: () => (v1 ? line('memory.stat', 'total_rss') : line('memory.stat', 'anon')) / MB,
    peak: () => number(v1 ? 'memory.max_usage_in_bytes' : 'memory.peak') / MB,
    kills: () => line(v1 ? 'memory.oom_control' : 'memory.events', 'oom_kill'),
    met: () => (v1 ? number('memory.failcnt') : line('memory.events', 'max')),
    drop: async () => { for (let i = 0; i < 50; i++) { try { return rmdirSync(dir); } catch { await sleep(100); } } },
  };
}

/** Starts the program of `server` within the group, its children with it. */
async function launchIn(server, group) {
  const child = spawn('sh', ['-c', 'echo $$ >"$1" && exec "$2" serve --data "$3" --listen 127.0.0.1:0', 'sh', group.procs, program, server.dir], { env: { ...process.env, ...server.env } });
  server.child = child;
  server.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
  child.stderr.on('data', (d) => { server.log += d; });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  await until(() => /listening on http/.test(out) || child.exitCode !== null || child.signalCode !== null, 20_000, 'the start');
  assert.ok(/listening on http/.test(out), server.log);
  server.url = /listening on (http:\/\/\S+)/.exec(out)[1].replace(/\/$/, '');
  server.adminClient = undefined;
}

/** Everything at once, by people who are signed in. → how often what was told, the names of what was made */
async function crowd(server, people, seconds, more = {}) {
  const end = Date.now() + seconds * 1000, told = {}, made = [];
  const note = (what, a) => { const k = `${what} ${a?.status ?? 'cut'}`; told[k] = (told[k] ?? 0) + 1; return a; };
  const loop = async (what, fn) => { while (Date.now() < end && server.child?.exitCode === null && server.child?.signalCode === null) note(what, await fn().catch(() => null)); };
  const { rep, boss } = people;
  let n = 0;
  const save = async () => { const body = customer({ name: `挤${++n}号有限公司`, remark: '长'.repeat(500) }), a = await rep.post('/customers', body); if (a.status === 201) made.push(body.name); return a; };
  const rows = (k) => csv([['客户名称', '所属行业', '信息来源', '联系方式'], ...Array.from({ length: 2000 }, (_, i) => [`入${k}之${i}`, '金融', '广告', `13${k % 10}${String(10000000 + i)}`])]);
  const big = JSON.stringify({ name: 'x'.repeat(900_000) });
  const one = await makeCustomer(rep);
  const picture = await rep.upload(`/customers/${one.id}/attachments`, 'a.png', readFileSync(new URL('../../fuzz/corpus/picture/rgb.png', import.meta.url)));
  const parts = [
    ...Array.from({ length: 8 }, () => loop('save', save)),
    ...Array.from({ length: 8 }, () => loop('list', () => boss.get('/customers?limit=200'))),
    ...Array.from({ length: 2 }, () => loop('search', () => boss.get(`/search?q=${encodeURIComponent('公司')}`))),
    ...Array.from({ length: 48 }, () => loop('body', () => rep.post('/customers', big))),
    loop('picture', () => rep.get(`/attachments/${picture.json.id}/thumbnail?size=160`)),
    loop('print', () => boss.get(`/customers/${one.id}/print?template=builtin&format=pdf`)),
    loop('export', async () => { const a = await boss.post('/customers/export', { format: 'xlsx', fields: ['name'], filter: ['name', 'starts', '挤1'] }); if (a.status === 202) await boss.job(a.json.job.id); return a; }),
    loop('import', async () => { const up = await upload(rep, rows(++n)); const a = await rep.post(`/imports/${up.id}/run`, {}); if (a.status === 202) await settle(rep, up.id); return a; }),
    ...(more.signIns ? Array.from({ length: 12 }, (_, i) => loop('sign-in', () => server.anyone().post('/session', { login: 'rep2', password: i % 2 ? 'wrong-wrong-1' : people.rep2.password }))) : []),
  ];
  await Promise.all(parts);
  return { told, made };
}

async function house(fn, env) {
  const group = cgroup('zhike');
  if (!group) return 'no cgroup may be made here (root, and memory of cgroup v1 or v2)';
  let server;
  try {
    server = await startServer({ engine: 'sqlite', company: true, demo: 5000, env: { ZHIKE_LOGIN_ADDRESS_FAILURES: '10000', ZHIKE_LOGIN_MAX_FAILURES: '100', ZHIKE_LIMIT_SEARCH: '100000/min', ...env } });
    await server.halt();
    await launchIn(server, group);
    const people = await makeCompany(server, { only: ['rep', 'rep2', 'boss'] });
    await people.boss.stepUp();
    await sleep(2000);
    await fn(server, group, people);
  } finally {
    await server?.halt('SIGKILL').catch(() => null);
    await server?.stop();
    await group.drop();
  }
  return null;
}
const tight = { ZHIKE_HTTP_PER_ADDRESS: '1000', ZHIKE_HTTP_MEMORY: '32MB', ZHIKE_LIVE_MEMORY: '4MB', ZHIKE_IMPORT_READER_MEMORY: '64MB', ZHIKE_PICTURE_MEMORY: '64MB', ZHIKE_PRINT_PARALLEL: '1' };
const whole = async (server, people, made) => {
  const found = new Set((await all(people.boss, '/customers', `limit=200&fields=name&${filter(['name', 'starts', '挤'])}`)).map((r) => r.name));
  assert.deepEqual(made.filter((name) => !found.has(name)), [], 'acknowledged, and not there');
  const check = await server.cli('check');
  assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n');
};

test('planned for its memory it is never killed, with sign-ins and all', { timeout: (SECONDS + 300) * 1000 }, async (t) => {
  const why = await house(async (server, group, people) => {
    // docs/operations.md: the idle process, twice the argon2id that run at once (one a core), requests (http.memory), one reader of files, caches
    const idle = group.used(), limit = Math.ceil(idle + 2 * cpus().length * 64 + 32 + 64 + 32);
    group.limit(limit * MB);
    const { told, made } = await crowd(server, people, SECONDS, { signIns: true });
    console.log(`memory: idle ${idle.toFixed(0)} MB, limit ${limit} MB, peak ${group.peak().toFixed(0)} MB, met ${group.met()} times, ${group.kills()} killed; ${made.length} saved; ${JSON.stringify(told)}`);
    assert.equal(group.kills(), 0, 'the kernel killed somebody');
    await whole(server, people, made);
  }, tight);
  if (why) t.skip(why);
});

test('control: at twice what it needs when nobody asks the kernel does kill it, and what was acknowledged is there', { timeout: (SECONDS + 300) * 1000 }, async (t) => {
  const why = await house(async (server, group, people) => {
    const idle = group.used(), limit = Math.ceil(2 * idle); // one reader of files alone may take more
    group.limit(limit * MB);
    const { told, made } = await crowd(server, people, SECONDS);
    console.log(`memory, control: idle ${idle.toFixed(0)} MB, limit ${limit} MB, met ${group.met()} times, ${group.kills()} killed; ${made.length} saved; ${JSON.stringify(told)}`);
    assert.ok(group.kills() > 0, 'nobody was killed: the test sees nothing');
    await server.halt('SIGKILL');
    await server.launch();
    for (const who of Object.values(people)) if (who.url) who.url = server.url;
    await whole(server, people, made);
  }, { ...tight, ZHIKE_HTTP_MEMORY: '16MB' });
  if (why) t.skip(why);
});
