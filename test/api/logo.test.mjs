// The company's logo: who may put it there, what of the file is served, and that nothing else can be made public by it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';
import { makeCustomer, problem } from '../lib/records.mjs';

const seed = (name) => readFileSync(new URL(`../../fuzz/corpus/picture/${name}`, import.meta.url));
const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>';
let server, sysadmin, rep, boss, secadmin;
before(async () => {
  server = await startServer({ company: true });
  ({ sysadmin, rep, boss, secadmin } = await makeCompany(server, { only: ['sysadmin', 'rep', 'boss', 'secadmin'] }));
});
after(() => server?.stop());
const welcome = async () => (await server.anyone().get('/welcome')).json;

test('none at first: the sign-in page is told so, and there is no picture', async () => {
  assert.deepEqual(await welcome(), { name: '', logo: null, reset: false });
  problem(await server.anyone().get('/logo'), 404);
});

test('put there by the right settings only; everybody sees it, written anew; a new one has a new address', async () => {
  for (const who of [rep, boss, secadmin]) {
    problem(await who.upload('/settings/logo', 'a.png', seed('alpha.png')), 403);
    problem(await who.del('/settings/logo'), 403);
  }
  problem(await server.anyone().upload('/settings/logo', 'a.png', seed('alpha.png')), 401);
  assert.deepEqual((await welcome()).logo, null);
  const up = await sysadmin.upload('/settings/logo', 'a.png', seed('alpha.png'));
  assert.equal(up.status, 200, up.text);
  const { logo } = await welcome();
  assert.equal(up.json.logo, logo);
  assert.equal((await rep.get('/me')).json.company.logo, logo);
  const got = await server.anyone().get(logo);
  assert.equal(got.status, 200);
  assert.equal(got.headers.get('content-type'), 'image/jpeg');
  assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  assert.match(got.headers.get('cache-control'), /immutable/);
  assert.deepEqual([...got.bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  await sysadmin.upload('/settings/logo', 'b.jpg', seed('turned.jpg'));
  const second = (await welcome()).logo;
  assert.notEqual(second, logo);
  const bytes = (await server.anyone().get(second)).bytes;
  assert.ok(!bytes.includes('Exif') && !bytes.includes('secret'), 'nothing of the file comes along');
});

test('no SVG, no page, nothing broken, nothing huge', async () => {
  const before = (await welcome()).logo;
  for (const [name, data] of [['a.svg', svg], ['a.png', svg], ['a.html', '<h1>x</h1>'], ['a.png', 'GIF89a'], ['a.png', seed('alpha.png').subarray(0, 40)], ['a.png', '']])
    assert.ok([400, 415].includes((await sysadmin.upload('/settings/logo', name, data)).status), name);
  problem(await sysadmin.upload('/settings/logo', 'a.svg', svg), 415);
  assert.equal((await welcome()).logo, before);
});

test('the setting makes no other file public, and taking the logo away ends it', async () => {
  const c = await makeCustomer(rep);
  const file = (await rep.upload(`/customers/${c.id}/attachments`, 'secret.png', seed('rgb.png'))).json;
  const set = await sysadmin.patch('/settings', { 'company.logo': String(file.id) });
  problem(set, 422);
  assert.equal(set.json.errors[0].field, 'company.logo');
  assert.equal((await sysadmin.del('/settings/logo')).status, 204);
  assert.deepEqual((await welcome()).logo, null);
  problem(await server.anyone().get('/logo'), 404);
  await server.cliOk('check');
});
