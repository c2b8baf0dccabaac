// The key of the data folder is exchanged beside a running server: what it sealed, signed and digested holds meanwhile and
// behind, a command that is killed leaves everything readable, and a wrong or missing key is said in words.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { approvals } from '../lib/approvals.mjs';
import { cli, passwordOf, psql, Server, startServer, temporaryFolder, until } from '../lib/index.mjs';
import { address, mailsTo, peer, smtp } from '../lib/mailbox.mjs';
import { start } from '../lib/program.mjs';
import { rowsOf } from '../lib/recount.mjs';
import { make, problem } from '../lib/records.mjs';

const whsec = () => `whsec_${randomBytes(24).toString('base64')}`;
const proofOf = (secret, call) => `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`${call.headers['webhook-id']}.${call.headers['webhook-timestamp']}.${call.body}`).digest('base64')}`;
const fileOf = (server) => join(server.dir, 'secret.key');
/** [{id, state, here, sealed, codes}], by the moment since which it is so. */
async function keysOf(server) {
  const { stdout } = await server.cliOk('key', 'list');
  return stdout.trim().split('\n').map((line) => {
    const [, id, state, here, sealed, codes] = /^(\w{8}) {2}(\w+) +since \S+ +(not )?in secret\.key +(\d+) sealed, (\d+) codes/.exec(line) ?? assert.fail(line);
    return { id, state, here: here === undefined, sealed: Number(sealed), codes: Number(codes) };
  });
}
const current = async (server) => (await keysOf(server)).find((k) => k.state === 'current').id;
const refused = async (server, words, ...args) => {
  const { code, stdout, stderr } = await server.cli('key', ...args);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, words);
  assert.equal(stderr.trim().split('\n').filter((l) => l.startsWith('zhike:')).length, 1, stderr);
};
const sealedOf = async (server) => (await rowsOf(server, 'SELECT secret_sealed FROM channel WHERE secret_sealed IS NOT NULL ORDER BY id')).map(([t]) => t);
/** A letter by the channel; its delivery when it is settled. */
async function sendTest(who, channel) {
  const { status, json, text } = await who.post(`/channels/${channel.id}/actions/test`, {});
  assert.equal(status, 200, text);
  return json.delivery;
}
const settled = (who, id) => until(async () => { const d = (await who.get(`/deliveries/${id}`)).json; return ['sent', 'dead', 'dropped'].includes(d.state) && d; }, 60_000, `delivery ${id}`);

describe('beside a running server', () => {
  let h, hook, sms, channel, inbox;
  const secret = whsec();
  before(async () => {
    [hook, sms] = await Promise.all([peer(() => ({ status: 204, body: '' })), peer(() => ({ body: { ok: 1 } }))]);
    h = await approvals({ only: ['rep', 'rep2', 'manager'], env: { ZHIKE_OUTBOUND_PRIVATE: `${smtp},${hook.host},${sms.host}`, ZHIKE_HTTP_BASE_URL: 'http://localhost', ZHIKE_HTTP_TRUSTED_PROXIES: '127.0.0.1' } });
    channel = await make(h.admin, 'channels', { name: '钩子', kind: 'webhook', url: `${hook.url}/a`, secret, events: 'tag.created' });
    await make(h.admin, 'channels', { name: '短信', kind: 'sms_http', url: `${sms.url}/send`, body: '{"to":"{{phone}}","code":"{{code}}"}' });
    await make(h.admin, 'channels', { name: '邮件', kind: 'mail', url: `smtp://${smtp}`, sender: '知客 <crm@example.com>' });
    inbox = address('manager');
    assert.equal((await h.admin.patchNow(`/users/${h.id.manager}`, { email: inbox })).status, 200);
    assert.equal((await h.p.manager.patch('/me/notify', { kinds: { approval: ['mail'] } })).status, 200);
    await h.flow({ fields: ['name'] });
  });
  after(() => Promise.all([h?.server.stop(), hook?.stop(), sms?.stop()]));

  test('what is sent meanwhile is signed with the secret that was saved, and everything is sealed anew', { timeout: 300_000 }, async () => {
    const sent = [];
    let over = false;
    const sending = (async () => { // one after the other all the while: no moment without one under way
      while (!over) { const id = await sendTest(h.admin, channel); sent.push(id); await settled(h.admin, id); }
    })();
    const seen = [await current(h.server)];
    for (let i = 0; i < 3; i++) {
      const before_ = sent.length;
      const { stdout } = await h.server.cliOk('key', 'rotate');
      assert.match(stdout, /^key \w{8} seals from here on: 1 secrets sealed anew\n$/);
      seen.push(await current(h.server));
      await until(() => sent.length >= before_ + 2, 60_000, 'letters behind it');
    }
    over = true;
    await sending;
    assert.equal(new Set(seen).size, 4);
    for (const id of sent) assert.equal((await settled(h.admin, id)).state, 'sent');
    const tests = hook.calls.filter((c) => c.url === '/a');
    assert.equal(new Set(tests.map((c) => c.headers['webhook-id'])).size, sent.length);
    for (const call of tests) assert.equal(call.headers['webhook-signature'], proofOf(secret, call));
    const sealed = await sealedOf(h.server);
    assert.equal(sealed.length, 1);
    assert.ok(sealed[0].startsWith(`${seen[3]}.`), sealed[0]);
    assert.deepEqual((await keysOf(h.server)).map((k) => [k.id, k.state, k.here, k.sealed]), seen.map((id, i) => [id, i === 3 ? 'current' : 'old', true, i === 3 ? 1 : 0]));
    assert.equal(statSync(fileOf(h.server)).mode & 0o777, 0o600);
    // what an administrator saves from here on is sealed by the newest, by the process that runs since before
    await until(async () => {
      assert.equal((await h.admin.patchNow(`/channels/${channel.id}`, { secret })).status, 200);
      return (await sealedOf(h.server))[0].startsWith(`${seen[3]}.`);
    }, 60_000, 'the server seals with the new key');
    const { json } = await h.admin.get(`/audit-logs?limit=20&filter=${encodeURIComponent('["action","=","key_rotated"]')}`);
    assert.deepEqual(json.data.map((r) => r.record_name).sort(), seen.slice(1).sort());
  });

  test('links in mails and codes on paper hold until the old key is dropped, which says what would end', { timeout: 300_000 }, async () => {
    // codes on paper
    const me = await h.server.login('rep2', passwordOf('rep2'));
    const asked = await me.post('/me/factor', { mobile: '13900001111', password: passwordOf('rep2') });
    assert.equal(asked.status, 202, asked.text);
    const call = await until(() => sms.calls.at(-1), 60_000, 'the code');
    const done = await me.post('/me/factor/confirm', { code: JSON.parse(call.body).code });
    assert.equal(done.status, 200, done.text);
    const paper = done.json.recovery;
    // as a program before the ring stored one of them: without the id of its key
    const old = await current(h.server);
    const [[hash]] = await rowsOf(h.server, `SELECT min(hash) FROM recovery_code WHERE hash LIKE '${old}.%'`);
    await rowsOf(h.server, `UPDATE recovery_code SET hash = '${hash.slice(9)}' WHERE hash = '${hash}'`);
    // a link
    let looks = 0; // each from a network of its own: what one of them may try is limited
    const look = (token) => h.server.anyone().post('/approval-link/look', { token }, { 'X-Forwarded-For': `10.${looks >> 8}.${looks++ & 255}.7` });
    const tokenFor = async (name) => {
      const c = await h.keyCustomer();
      await h.filed(h.p.rep, { record: c.id, input: { name } });
      const mail = await until(() => mailsTo(inbox).find((m) => m.text.includes(c.name)), 60_000, 'the mail');
      return /http:\/\/localhost\/approve#([\w.-]+)/.exec(mail.text)[1];
    };
    const first = await tokenFor('改名甲有限公司');
    assert.equal((await look(first)).status, 200);
    await h.server.cliOk('key', 'rotate');
    const now = await current(h.server);
    assert.notEqual(now, old);
    assert.equal((await look(first)).status, 200, 'signed with the old key');
    let second = await tokenFor('改名乙有限公司');
    assert.equal((await look(second)).status, 200);
    assert.equal((await me.post('/step-up', { method: 'recovery', code: paper[0] })).status, 204);
    assert.deepEqual((await keysOf(h.server)).filter((k) => k.codes).map((k) => [k.id, k.codes]), [[old, 9]], 'also the one without a name');
    // dropped only when nothing hangs on it, or when it is said
    await refused(h.server, /is in use/, 'drop', now);
    await refused(h.server, /There is no key 00000000/, 'drop', '00000000');
    await refused(h.server, /up to 72 more hours/, 'drop', old);
    await rowsOf(h.server, `UPDATE secret_key SET at = at - 4 * 86400000 WHERE id = '${old}'`);
    await refused(h.server, /codes of 1 people/, 'drop', old);
    assert.equal((await me.post('/step-up', { method: 'recovery', code: paper[1] })).status, 204);
    assert.match((await h.server.cliOk('key', 'drop', old, '--at-once')).stdout, /0 secrets sealed anew, 8 codes on paper ended/);
    await until(async () => (await look(first)).status === 404, 60_000, 'the link of the dropped key is over');
    problem(await me.post('/step-up', { method: 'recovery', code: paper[2] }), 401, 'bad_credentials');
    // the process that runs signs with the new one as soon as it has heard of it
    await until(async () => { second = await tokenFor(`改名丙${second.length}有限公司`); return (await look(second)).status === 200; }, 60_000, 'a link of the new key');
    assert.ok(!readFileSync(fileOf(h.server), 'utf8').includes(old));
    assert.deepEqual((await keysOf(h.server)).filter((k) => k.id === old).map((k) => [k.state, k.here]), [['dropped', false]]);
    assert.match((await h.server.cliOk('key', 'drop', old)).stdout, /is dropped/, 'once more is fine');
    // without anything on it, it goes when its time is over
    const [none] = (await keysOf(h.server)).filter((k) => k.state === 'old');
    await rowsOf(h.server, `UPDATE secret_key SET at = at - 4 * 86400000 WHERE id = '${none.id}'`);
    await h.server.cliOk('key', 'drop', none.id);
    assert.equal((await h.server.cli('check')).code, 0);
  });

  test('a channel that an import erased comes back with its secret after the key was exchanged and the old one dropped', async () => {
    const gone = await make(h.admin, 'channels', { name: '会被移除', kind: 'webhook', url: `${hook.url}/back`, secret, events: 'tag.created' });
    const doc = JSON.parse((await h.admin.get('/configuration?only=channel')).text);
    doc.records.channel = doc.records.channel.filter((x) => x.name !== '会被移除');
    await h.admin.stepUp();
    const done = await h.admin.upload('/configuration/import', 'c.json', JSON.stringify(doc), { fields: { unlisted: 'remove' } });
    assert.equal(done.status, 200, done.text);
    // as programs before kept it: the secret of a row that was only changed, too
    const [[images]] = await rowsOf(h.server, `SELECT images FROM configuration_import WHERE id = ${done.json.id}`);
    const changed = images.replace(/("channel":\[)/, `$1{"id":1,"key":"x","before":{"id":1,"secret_sealed":"kept-before"},"after":{"id":1,"secret_sealed":"kept-after"}},`);
    assert.notEqual(changed, images);
    await rowsOf(h.server, `UPDATE configuration_import SET images = '${changed.replaceAll("'", "''")}' WHERE id = ${done.json.id}`);
    const old = await current(h.server);
    await h.server.cliOk('key', 'rotate');
    assert.match((await h.server.cliOk('key', 'drop', old, '--at-once')).stdout, /0 secrets/);
    const [[anew]] = await rowsOf(h.server, `SELECT images FROM configuration_import WHERE id = ${done.json.id}`);
    assert.ok(anew.includes(`"secret_sealed":"${await current(h.server)}.`), anew);
    assert.ok(!anew.includes('kept-') && !anew.includes(`${old}.`));
    await rowsOf(h.server, `UPDATE configuration_import SET images = '${anew.replace(/\{"id":1,"key":"x".*?\}\},/, '').replaceAll("'", "''")}' WHERE id = ${done.json.id}`);
    const undone = await h.admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {});
    assert.equal(undone.status, 204, undone.text);
    assert.equal((await settled(h.admin, await sendTest(h.admin, gone))).state, 'sent');
    const call = hook.calls.find((c) => c.url === '/back');
    assert.equal(call.headers['webhook-signature'], proofOf(secret, call));
    assert.equal((await h.admin.delNow(`/channels/${gone.id}`)).status, 204);
  });

  test('a webhook signs with two secrets while its receiver changes from one to the other', async () => {
    const next = whsec();
    await h.admin.stepUp();
    for (const wrong of [`${next} x`, `${next}  ${secret}`, `${next} ${secret} ${secret}`])
      problem(await h.admin.patchNow(`/channels/${channel.id}`, { secret: wrong }), 422);
    assert.equal((await h.admin.patchNow(`/channels/${channel.id}`, { secret: `${next} ${secret}` })).status, 200);
    const before_ = hook.calls.length;
    assert.equal((await settled(h.admin, await sendTest(h.admin, channel))).state, 'sent');
    const call = hook.calls.slice(before_).find((c) => c.url === '/a');
    assert.equal(call.headers['webhook-signature'], `${proofOf(next, call)} ${proofOf(secret, call)}`);
  });
});

describe('a process that lags', () => {
  let server, admin, hook, channel;
  before(async () => {
    hook = await peer(() => ({ status: 204, body: '' }));
    server = await startServer({ env: { ZHIKE_OUTBOUND_PRIVATE: hook.host } });
    admin = await server.admin();
    await admin.stepUp();
    channel = await make(admin, 'channels', { name: '钩子', kind: 'webhook', url: `${hook.url}/a`, secret: whsec(), events: 'tag.created' });
  });
  after(async () => {
    server?.child?.kill('SIGCONT');
    await server?.stop();
    await hook?.stop();
  });
  /** Nobody else is inside a write. */
  const free = () => (server.database
    ? psql(server.database.url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'").then((n) => n === '0')
    : rowsOf(server, 'BEGIN IMMEDIATE; ROLLBACK').then(() => true, () => false));
  /** Stands still, inside no write. */
  const stop = () => until(async () => {
    server.child.kill('SIGSTOP');
    await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${server.child.pid}/status`, 'utf8')), 60_000, 'it stands');
    if (await free()) return true;
    server.child.kill('SIGCONT');
    return false;
  }, 120_000, 'the server stands outside a write');
  const held = async () => (await rowsOf(server, 'SELECT ids FROM secret_key_held'))[0][0];

  test('that has the new key and still seals with the old one is waited for, and what it then saves stays readable', { timeout: 300_000 }, async () => {
    const old = await current(server);
    // it notes that it has the new key, and stands still before it hears of the turn
    await stop();
    await refused(server, /1 process\(es\) have not the key \w{8} yet/, 'rotate', '--wait', '0');
    const next = (await keysOf(server)).find((k) => k.state === 'next').id;
    server.child.kill('SIGCONT');
    await until(async () => (await held()).includes(next), 60_000, 'the new key is noted');
    await stop();
    assert.match((await server.cliOk('key', 'rotate', '--wait', '0')).stdout, new RegExp(`^key ${next} seals`));
    await refused(server, new RegExp(`1 process\\(es\\) still seal with the key ${old}`), 'drop', old, '--at-once', '--wait', '0');
    assert.deepEqual((await keysOf(server)).map((k) => [k.id, k.state, k.here]), [[old, 'leaving', true], [next, 'current', true]]);
    const secret = whsec(), { version } = (await rowsOf(server, `SELECT version FROM channel WHERE id = ${channel.id}`)).map(([v]) => ({ version: v }))[0];
    const saving = admin.patch(`/channels/${channel.id}`, { secret }, { 'If-Match': `"${version}"` });
    server.child.kill('SIGCONT');
    const saved = await saving;
    assert.equal(saved.status, 200, saved.text);
    assert.ok((await sealedOf(server))[0].startsWith(`${next}.`), 'under no key that leaves');
    assert.match((await server.cliOk('key', 'drop', old, '--at-once')).stdout, new RegExp(`^key ${old} is dropped: 0 secrets`));
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'sent');
    assert.equal(hook.calls.at(-1).headers['webhook-signature'], proofOf(secret, hook.calls.at(-1)));
    assert.equal((await server.cli('check')).code, 0);
    assert.match((await server.cliOk('key', 'rotate')).stdout, /1 secrets sealed anew/);
  });

  test('that stands still inside a write is waited for as long as was said, and then told of in a sentence', { timeout: 300_000 }, async () => {
    const now = await current(server);
    // somebody has what the exchange must write, and never lets go
    const holder = server.database ? spawn('psql', ['-X', '-q', '-A', '-t', '-d', server.database.url], { stdio: ['pipe', 'pipe', 'inherit'] })
      : spawn('sqlite3', [join(server.dir, 'zhike.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    holder.stdout.on('data', (d) => { said += d; });
    await server.halt(); // else its own writes are refused and complained of
    holder.stdin.write(server.database ? `BEGIN; SELECT 'held' FROM channel WHERE id = ${channel.id} FOR UPDATE;\n` : ".timeout 9000\nBEGIN IMMEDIATE; SELECT 'held';\n");
    await until(() => said.includes('held'), 60_000, 'it holds');
    holder.kill('SIGSTOP');
    const began = Date.now();
    await refused(server, /Another process has held what this command needs for longer than it waits\. See that no zhike process stands still/, 'rotate', '--wait', '1');
    assert.ok(Date.now() - began < 60_000, `${Date.now() - began} ms`);
    holder.kill('SIGCONT');
    holder.stdin.end('ROLLBACK;\n');
    await new Promise((done) => { holder.once('exit', done); });
    assert.equal(await current(server), now);
    await server.launch();
    admin = await server.admin();
    await admin.stepUp();
    assert.match((await server.cliOk('key', 'rotate')).stdout, /1 secrets sealed anew/);
  });

  test('many short waits are none that stands still', { timeout: 300_000 }, async () => {
    const more = await make(admin, 'channels', { name: '第二个钩子', kind: 'webhook', url: `${hook.url}/b`, secret: whsec(), events: 'tag.created' });
    await stop();
    await refused(server, /have not the key/, 'rotate', '--wait', '0');
    server.child.kill('SIGCONT');
    const next = (await keysOf(server)).find((k) => k.state === 'next').id;
    await until(async () => (await rowsOf(server, 'SELECT ids FROM secret_key_held')).some(([ids]) => ids.includes(next)), 60_000, 'the new key is noted');
    // somebody has the one row for seven seconds, somebody else the other for seven more; SQLite has one lock, which is had at once
    const hold = (id, seconds) => psql(server.database.url, `BEGIN; SELECT 1 FROM channel WHERE id = ${id} FOR UPDATE; SELECT pg_sleep(${seconds}); COMMIT`);
    const holders = server.database ? [hold(channel.id, 7), hold(more.id, 14)] : [];
    if (server.database) await until(async () => await psql(server.database.url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") === '2', 60_000, 'both are held');
    const began = Date.now();
    assert.match((await server.cliOk('key', 'rotate', '--wait', '0')).stdout, /2 secrets sealed anew/);
    if (server.database) assert.ok(Date.now() - began > 10_000, `${Date.now() - began} ms: longer than one wait`);
    await Promise.all(holders);
    assert.equal((await admin.delNow(`/channels/${more.id}`)).status, 204);
  });

  test('check names what is sealed with a key that was dropped or is missing', async () => {
    const [dropped] = (await keysOf(server)).filter((k) => k.state === 'dropped'), [good] = await sealedOf(server);
    for (const [text, why] of [[dropped.id + good.slice(8), `${dropped.id}, which was dropped`], [`00000000${good.slice(8)}`, '00000000, which secret\\.key lacks'], [`${good.slice(0, 9)}AAAA${good.slice(13)}`, `${good.slice(0, 8)}, which does not open it`]]) {
      await rowsOf(server, `UPDATE channel SET secret_sealed = '${text}' WHERE id = ${channel.id}`);
      const { code, stdout } = await server.cli('check');
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^channel ${channel.id}: a secret is sealed with the key ${why}\n1 findings`, 'm'));
    }
    await rowsOf(server, `UPDATE channel SET secret_sealed = '${good}' WHERE id = ${channel.id}`);
    assert.equal((await server.cli('check')).code, 0);
  });
});

describe('an import of the configuration that is at it while the key is dropped', { skip: process.env.ZHIKE_TEST_ENGINE !== 'pg' && 'on SQLite one writes at a time' }, () => {
  let server, admin, hook;
  before(async () => {
    hook = await peer(() => ({ status: 204, body: '' }));
    server = await startServer({ env: { ZHIKE_OUTBOUND_PRIVATE: hook.host } });
    admin = await server.admin();
    await admin.stepUp();
  });
  after(async () => {
    await server?.stop();
    await hook?.stop();
  });
  const waiting = async (event) => Number(await psql(server.database.url, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = '${event}'`));

  test('what it keeps for the undo opens afterwards', { timeout: 300_000 }, async () => {
    const secret = whsec(), goes = await make(admin, 'channels', { name: '会移除', kind: 'webhook', url: `${hook.url}/back`, secret, events: 'tag.created' });
    const file = (await admin.get('/configuration?only=channel,tag')).json, old = await current(server);
    file.records.channel = file.records.channel.filter((c) => c.name !== '会移除');
    file.records.tag = [{ ...file.records.tag?.[0], name: '新标签' }];
    const holder = spawn('psql', ['-X', '-q', '-A', '-t', '-d', server.database.url], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    holder.stdout.on('data', (d) => { said += d; });
    holder.stdin.write("BEGIN; LOCK TABLE tag IN SHARE MODE; SELECT 'held';\n");
    await until(() => said.includes('held'), 60_000, 'the tags are held');
    const importing = admin.upload('/configuration/import', 'c.json', JSON.stringify(file), { fields: { unlisted: 'remove' } });
    await until(async () => await waiting('relation') === 1, 60_000, 'the import has read the secret and stands still');
    assert.match((await server.cliOk('key', 'rotate')).stdout, /1 secrets sealed anew/);
    const dropping = server.cli('key', 'drop', old, '--at-once');
    await until(async () => await waiting('advisory') === 1, 60_000, 'the drop waits for the import');
    holder.stdin.end('COMMIT;\n');
    const done = await importing, dropped = await dropping;
    assert.equal(done.status, 200, done.text);
    assert.equal(dropped.code, 0, dropped.stdout + dropped.stderr);
    assert.equal((await admin.get(`/channels/${goes.id}`)).status, 404);
    assert.deepEqual((await keysOf(server)).map((k) => [k.state, k.sealed]), [['current', 1], ['dropped', 0]], 'the copy in the images');
    assert.equal((await admin.post(`/configuration-imports/${done.json.id}/actions/undo`, {})).status, 204);
    assert.equal((await settled(admin, await sendTest(admin, goes))).state, 'sent');
    assert.equal(hook.calls.at(-1).headers['webhook-signature'], proofOf(secret, hook.calls.at(-1)));
    const check = await server.cli('check');
    assert.equal(check.code, 0, check.stdout);
  });
});

describe('a key that is wrong, missing or damaged', () => {
  let server, admin, hook, channel;
  const secret = whsec();
  before(async () => {
    hook = await peer(() => ({ status: 204, body: '' }));
    server = await startServer({ env: { ZHIKE_OUTBOUND_PRIVATE: hook.host } });
    admin = await server.admin();
    await admin.stepUp();
    channel = await make(admin, 'channels', { name: '钩子', kind: 'webhook', url: `${hook.url}/a`, secret, events: 'tag.created' });
  });
  after(() => Promise.all([server?.stop(), hook?.stop()]));

  test('is said, replaced by nothing, and everything works again when it is back', { timeout: 300_000 }, async () => {
    const key = await current(server), good = readFileSync(fileOf(server));
    for (const bad of ['', 'zhike-keys 1\n', `${randomBytes(31)}`]) {
      writeFileSync(fileOf(server), bad);
      await refused(server, /secret\.key in the data folder cannot be understood/, 'rotate');
      assert.deepEqual(readFileSync(fileOf(server)), Buffer.from(bad));
    }
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'sent', 'the process that runs goes on');
    // another key: what is sealed stays sealed, the rest works
    writeFileSync(fileOf(server), randomBytes(32));
    await refused(server, new RegExp(`lacks the key ${key}`), 'rotate');
    await refused(server, new RegExp(`lacks the key ${key}`), 'drop', key);
    rmSync(fileOf(server));
    await refused(server, new RegExp(`lacks the key ${key}`), 'rotate');
    // what a program before left in the images of an import: the secret of a row that was only changed
    const doc = JSON.parse((await admin.get('/configuration?only=tag')).text);
    doc.records = { tag: [{ name: '新标签' }] };
    const done = await admin.upload('/configuration/import', 'c.json', JSON.stringify(doc));
    assert.equal(done.status, 200, done.text);
    const images = async () => (await rowsOf(server, `SELECT images FROM configuration_import WHERE id = ${done.json.id}`))[0][0];
    const left = (await images()).replace(/("channel":\[)/, '$1{"id":1,"key":"x","before":{"id":1,"secret_sealed":"kept-before"},"after":{"id":1,"secret_sealed":"kept-after"}}');
    assert.ok(left.includes('kept-before'), left);
    await rowsOf(server, `UPDATE configuration_import SET images = '${left.replaceAll("'", "''")}' WHERE id = ${done.json.id}`);
    await server.halt();
    await server.launch();
    await until(() => server.log.includes('"event":"key_missing"') && server.log.includes(key), 60_000, 'a line in the log');
    await until(async () => !(await images()).includes('kept-'), 60_000, 'the start takes it out of the images');
    assert.ok((await images()).includes('"after":{"id":1}'), 'and leaves the rest');
    admin = await server.admin();
    await admin.stepUp();
    assert.deepEqual(await settled(admin, await sendTest(admin, channel)).then((d) => d.state), 'dead');
    // back from the backup, under the process that runs: nothing was lost
    writeFileSync(fileOf(server), good);
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'sent');
    await server.cliOk('key', 'rotate');
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'sent');
  });

  test('lost for good is given up: what it sealed is empty and typed again', { timeout: 300_000 }, async () => {
    const lost = await current(server);
    await admin.stepUp();
    rmSync(fileOf(server));
    assert.match((await server.cliOk('key', 'rotate', '--lost')).stdout, /: 0 secrets sealed anew, 1 emptied, 0 codes/);
    assert.deepEqual(await sealedOf(server), []);
    assert.equal((await keysOf(server)).find((k) => k.id === lost).state, 'dropped');
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'dead');
    await until(async () => {
      assert.equal((await admin.patchNow(`/channels/${channel.id}`, { secret })).status, 200);
      return (await settled(admin, await sendTest(admin, channel))).state === 'sent';
    }, 60_000, 'a letter with the secret typed again');
  });

  test('a secret that no key of the file opens stops the exchange, and nothing is changed', async () => {
    const sealed = await sealedOf(server), now = await current(server);
    await rowsOf(server, `UPDATE channel SET secret_sealed = '00000000.${'A'.repeat(80)}' WHERE id = ${channel.id}`);
    await refused(server, /1 secrets cannot be opened/, 'rotate');
    assert.equal(await current(server), now);
    await rowsOf(server, `UPDATE channel SET secret_sealed = '${sealed[0]}' WHERE id = ${channel.id}`);
    await server.cliOk('key', 'rotate');
    assert.equal((await keysOf(server)).filter((k) => k.state === 'next').length, 0, 'the one that was begun was gone on with');
    assert.equal((await settled(admin, await sendTest(admin, channel))).state, 'sent');
  });

  test('what is no command is told its usage', async () => {
    for (const args of [['key'], ['key', 'turn'], ['key', 'drop'], ['key', 'rotate', 'x'], ['key', 'rotate', '--wait', '-1'], ['key', 'rotate', '--wait', 'x']])
      assert.equal((await server.cli(...args)).code, 2, args.join(' '));
    assert.equal((await cli('key', 'list')).code, 2);
    assert.equal((await cli('key', 'list', '--data', join(server.folder, 'nowhere'))).code, 1);
  });
});

describe('several processes with folders of their own', { skip: process.env.ZHIKE_TEST_ENGINE === 'pg' ? false : 'one folder on SQLite' }, () => {
  let one, two, hook, a, b, channel;
  const secret = whsec();
  before(async () => {
    hook = await peer(() => ({ status: 204, body: '' }));
    const env = { ZHIKE_OUTBOUND_PRIVATE: hook.host };
    one = await startServer({ env: { ...env, ZHIKE_POST_THREADS: '0' } });
    two = new Server({ engine: 'pg', env, args: [], folder: temporaryFolder(), database: one.database });
    mkdirSync(two.dir, { mode: 0o700 });
    copyFileSync(fileOf(one), fileOf(two));
    two.adminPassword = one.adminPassword;
    await two.launch();
    [a, b] = [await one.admin(), await two.admin()];
    await Promise.all([a.stepUp(), b.stepUp()]);
    channel = await make(a, 'channels', { name: '钩子', kind: 'webhook', url: `${hook.url}/a`, secret, events: 'tag.created' });
  });
  after(async () => {
    await two?.halt();
    await one?.stop();
    await hook?.stop();
  });

  test('the exchange waits until the file is in every folder, and both open everything all the while', { timeout: 300_000 }, async () => {
    const first = await current(one);
    const works = async () => assert.equal((await settled(a, await sendTest(a, channel))).state, 'sent'); // sealed by one, sent by two
    await works();
    await refused(one, /1 process\(es\) have not the key \w{8} yet/, 'rotate', '--wait', '1');
    const next = (await keysOf(one)).find((k) => k.state === 'next').id;
    assert.equal(await current(one), first, 'nothing is sealed with what one of them lacks');
    await works();
    await refused(two, new RegExp(`exchange to the key ${next} was begun with another file`), 'rotate');
    copyFileSync(fileOf(one), fileOf(two));
    assert.match((await one.cliOk('key', 'rotate')).stdout, new RegExp(`^key ${next} seals`));
    await works();
    assert.equal((await a.patchNow(`/channels/${channel.id}`, { secret })).status, 200);
    await works();
    // dropped: here at once, and in the other process though its file still has the key
    await one.cliOk('key', 'drop', first, '--at-once');
    await works();
    assert.ok(readFileSync(fileOf(two), 'utf8').includes(first));
    assert.equal((await keysOf(two)).find((k) => k.id === first).state, 'dropped');
    copyFileSync(fileOf(one), fileOf(two));
    await works();
    const held = await until(async () => { const all = (await psql(one.database.url, 'SELECT ids FROM secret_key_held')).split('\n'); return all.length === 2 && all.every((ids) => ids === next) && all; }, 60_000, 'what both have');
    assert.equal(held.length, 2);
  });

  test('one that ended is waited for no longer', { timeout: 300_000 }, async () => {
    await two.halt('SIGKILL');
    const { stdout } = await one.cliOk('key', 'rotate');
    assert.match(stdout, /seals from here on/);
    // it comes back with its old file: it says what it lacks, and lives
    await two.launch();
    await until(() => two.log.includes('"event":"key_missing"'), 60_000, 'a line in the log');
    copyFileSync(fileOf(one), fileOf(two));
    await until(async () => (await settled(a, await sendTest(a, channel))).state === 'sent', 60_000, 'a letter by it');
  });

  test('a command that is killed inside its write leaves the old key sealing, and the next one goes on', { timeout: 300_000 }, async () => {
    const first = await current(one), before_ = await sealedOf(one);
    await refused(one, /have not the key/, 'rotate', '--wait', '0');
    copyFileSync(fileOf(one), fileOf(two));
    const hold = start_psql(one.database.url, `BEGIN; SELECT id FROM channel WHERE id = ${channel.id} FOR UPDATE; SELECT pg_sleep(600);`);
    const blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active' AND query LIKE 'UPDATE%channel%'";
    try {
      await until(async () => await psql(one.database.url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") === '1', 60_000, 'the row held');
      const child = start(['key', 'rotate', '--data', one.dir], { env: one.env });
      await until(async () => await psql(one.database.url, blocked) !== '0', 60_000, 'the command in its write');
      child.kill('SIGKILL');
      await new Promise((done) => { child.once('exit', done); });
    } finally {
      await hold();
    }
    await until(async () => await psql(one.database.url, blocked) === '0', 60_000, 'the write is gone');
    assert.deepEqual(await sealedOf(one), before_);
    assert.equal(await current(one), first);
    const next = (await keysOf(one)).find((k) => k.state === 'next').id;
    assert.match((await one.cliOk('key', 'rotate')).stdout, new RegExp(`^key ${next} seals`));
    assert.equal((await settled(a, await sendTest(a, channel))).state, 'sent');
  });
});

/** A psql that holds something; → a function that ends it. */
function start_psql(url, sql) {
  const held = psql(url, sql).catch(() => {});
  return async () => {
    await psql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");
    await held;
  };
}

test('a folder of a program before the ring opens, and its key is the first one', { timeout: 300_000 }, async () => {
  const server = await startServer();
  try {
    const id = await current(server);
    assert.equal(statSync(fileOf(server)).size, 32);
    await server.halt();
    await rowsOf(server, 'DELETE FROM secret_key');
    await server.launch();
    assert.equal(await current(server), id);
  } finally { await server.stop(); }
});
