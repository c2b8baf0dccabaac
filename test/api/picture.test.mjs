// Previews of pictures: made by us, in a child that can do nothing else; who may read the record may see them, nobody else;
// bombs, broken and hostile files are a sentence, and the server stays what it was.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import zlib, { deflateSync } from 'node:zlib';
import { makeCompany, startServer, until } from '../lib/index.mjs';
import { anonymous, makeCustomer, problem } from '../lib/records.mjs';

const seeds = new URL('../../fuzz/corpus/picture/', import.meta.url).pathname;
const seed = (name) => readFileSync(join(seeds, name));
let server, rep, rep2, agent, sysadmin;

before(async () => {
  server = await startServer({ company: true });
  ({ rep, rep2, agent, sysadmin } = await makeCompany(server, { only: ['rep', 'rep2', 'agent', 'sysadmin'] }));
});
after(() => server?.stop());

const put = async (bytes, name = 'a.png') => {
  const c = await makeCustomer(rep);
  const up = await rep.upload(`/customers/${c.id}/attachments`, name, bytes);
  assert.equal(up.status, 201, up.text);
  return { ...up.json, customer: c.id };
};
const view = (who, id, size = 160) => who.get(`/attachments/${id}/thumbnail?size=${size}`);
const sizeOf = (jpeg) => {
  for (let i = 2; i < jpeg.length;) {
    if (jpeg[i + 1] >= 0xc0 && jpeg[i + 1] <= 0xc2) return { w: jpeg.readUInt16BE(i + 7), h: jpeg.readUInt16BE(i + 5) };
    i += 2 + jpeg.readUInt16BE(i + 2);
  }
  throw new Error('no picture');
};
const crcOf = zlib.crc32 ?? ((bytes) => { let c = ~0; for (const b of bytes) { c ^= b; for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1)); } return ~c >>> 0; });
const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0); body.copy(out, 4); out.writeUInt32BE(crcOf(body), body.length + 4);
  return out;
};
const png = (w, h, raw) => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(w, 0); head.writeUInt32BE(h, 4); head[8] = 8; head[9] = 0;
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(raw)), chunk('IEND', Buffer.alloc(0))]);
};

for (const name of ['rgb.png', 'alpha.png', 'rgb.webp', 'lossless.webp', 'base.jpg', 'progressive.jpg', 'turned.jpg'])
  test(`${name}: a JPEG of ours without what the file said`, async () => {
    const f = await put(seed(name), name);
    const got = await view(rep, f.id);
    assert.equal(got.status, 200, got.text);
    assert.equal(got.headers.get('content-type'), 'image/jpeg');
    assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
    assert.match(got.headers.get('content-security-policy'), /sandbox/);
    assert.deepEqual([...got.bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
    assert.ok(!got.bytes.includes('Exif') && !got.bytes.includes('secret'), 'nothing comes along');
    if (name === 'turned.jpg') assert.deepEqual(sizeOf(got.bytes), { w: 24, h: 40 });
    assert.ok((await view(rep, f.id)).bytes.equals(got.bytes), 'the second time from the store');
  });

test('sizes: the three that are offered, nothing larger than the file', async () => {
  const raw = Buffer.concat(Array.from({ length: 1000 }, (_, y) => Buffer.concat([Buffer.alloc(1), Buffer.alloc(2000, y % 256)])));
  const f = await put(png(2000, 1000, raw));
  for (const [size, w, h] of [[160, 160, 80], [480, 480, 240], [1600, 1600, 800]]) assert.deepEqual(sizeOf((await view(rep, f.id, size)).bytes), { w, h });
  for (const size of ['1', '161', '-1', 'x', '99999999999']) problem(await view(rep, f.id, size), 400, undefined, size);
  assert.equal((await rep.get(`/attachments/${f.id}/thumbnail`)).status, 200);
});

test('a stranger sees nothing, whatever the id', async () => {
  const f = await put(seed('rgb.png'));
  assert.equal((await view(agent, f.id)).status, 200, 'who may read the record sees the picture');
  for (const who of [rep2, sysadmin]) {
    const one = await view(who, f.id), absent = await view(who, 987654321);
    problem(one, 404, 'not_found');
    assert.deepEqual(anonymous(one), anonymous(absent));
  }
  assert.equal((await rep.del(`/attachments/${f.id}`)).status, 204);
  problem(await view(rep, f.id), 404, 'not_found');
});

test('no pictures: text, svg, pdf, gif', async () => {
  for (const [name, bytes] of [['a.png', 'no picture'], ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'], ['a.pdf', '%PDF-1.4\n'], ['a.gif', 'GIF89a...'], ['a.jpg', '<html><script>']]) {
    const f = await put(Buffer.from(bytes), name);
    problem(await view(rep, f.id), 415, 'unsupported_type', name);
  }
});

test('bombs, broken and hostile files: a sentence, no process left, the server answers', async () => {
  const bomb = png(30000, 30000, Buffer.alloc(30001 * 400)); // 900 million pixels said, few there
  const f = await put(bomb);
  const got = problem(await view(rep, f.id), 413, 'too_large');
  assert.match(got.detail, /像素/);
  problem(await view(rep, f.id), 422); // not tried again at every look
  const real = png(6000, 6000, Buffer.alloc(6001 * 6000)); // 36 million pixels that are all there
  const large = await view(rep, (await put(real)).id);
  assert.ok([200, 413, 422].includes(large.status), `${large.status}`);
  for (const name of readdirSync(seeds).filter((n) => n.includes('.'))) {
    const bytes = seed(name);
    for (const cut of [12, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const answer = await view(rep, (await put(bytes.subarray(0, cut), name)).id);
      assert.ok([200, 413, 415, 422].includes(answer.status), `${name} ${cut}: ${answer.status}`);
    }
  }
  assert.equal((await rep.get('/me')).status, 200);
  const parentOf = (p) => /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${p}/status`, 'utf8'))[1];
  const children = () => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
    try { return readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('shrink-picture') && parentOf(p) === String(server.child.pid); } catch { return false; }
  });
  await until(() => children().length === 0, 10_000, 'the end of the children');
});

test('many at once: each its own picture', async () => {
  const files = await Promise.all(Array.from({ length: 12 }, (_, i) => put(png(100 + i, 50, Buffer.concat(Array.from({ length: 50 }, () => Buffer.concat([Buffer.alloc(1), Buffer.alloc(100 + i, i * 20)])))))));
  const got = await Promise.all(files.map((f) => view(rep, f.id)));
  got.forEach((g, i) => { assert.equal(g.status, 200, g.text); assert.deepEqual(sizeOf(g.bytes), { w: 100 + i, h: 50 }); });
});
