// Files made to hurt: each is refused in a sentence that names it and its limit, quickly, and the server goes on as the
// same process with the memory it had. They are read by a child that is locked up.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeCompany, slow, startServer, until } from '../lib/index.mjs';
import { unzip, workbook, zip } from '../lib/xlsx.mjs';

let server, boss;
before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_IMPORT_READER_MEMORY: '64MB', ZHIKE_HTTP_IMPORT_MAX: '200MB' } });
  ({ boss } = await makeCompany(server, { only: ['boss'] }));
});
after(() => server?.stop());

const anonMb = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) / 1024;
/** Children of the server that read files. */
const readers = () => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${p}/status`, 'utf8'))[1]) === server.child.pid && readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('read-sheet');
  } catch { return false; }
});

async function refused(name, bytes, status, ...words) {
  const begin = Date.now(), memory = anonMb();
  const answer = await boss.upload('/imports', name, bytes);
  assert.equal(answer.status, status, answer.text);
  for (const word of words) assert.ok(answer.text.includes(word), answer.text);
  assert.ok(Date.now() - begin < 120_000 * slow, `${Date.now() - begin} ms`); // not for ever
  assert.ok(anonMb() - memory < 256 * slow, `${anonMb() - memory} MB more`);
  await until(() => readers().length === 0); // it goes with the request, a moment behind the answer
  assert.equal((await boss.get('/me')).status, 200);
}
/** The parts of an ordinary book, some of them other ones. */
const parts = (other) => ({ ...Object.fromEntries(Object.entries(unzip(workbook({ 客户: [['客户名称'], ['甲']] }))).map(([k, v]) => [k, v.toString()])), ...other });
const sheet = 'xl/worksheets/s0.xml';

describe('hostile files', () => {
  test('a row that needs more memory than the reader has', () =>
    refused('宽.csv', Buffer.from(`${'x'.repeat(999_999)},`.repeat(90)), 413,
      ...(slow > 1 && !process.env.ZHIKE_TEST_COVER ? ['16777216'] : ['宽.csv', '64 MB', 'import.reader_memory']))); // a sanitizer's memory has no limit, a cell has
  test('a zip bomb', () => {
    const book = parts({})['xl/workbook.xml'];
    return refused('bomb.xlsx', zip(parts({ 'xl/workbook.xml': `${book}<!--${'x'.repeat(100_000_000)}-->` }), { pack: true }), 413, '压缩');
  });
  test('a DTD with entities', () =>
    refused('dtd.xlsx', zip(parts({ [sheet]: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><worksheet/>' })), 415, 'DTD'));
  test('more parts than any book has', () =>
    refused('parts.xlsx', zip(parts(Object.fromEntries(Array.from({ length: 10_050 }, (_, i) => [`x${i}`, ''])))), 413, '10000'));
  test('a book in name only', () => refused('a.xlsx', Buffer.from('PK\x03\x04nothing'), 422, '损坏'));
  test('a page without a table', () => refused('a.xls', Buffer.from('<html><script>alert(1)</script></html>'), 415, '表格'));
  test('and a good one is read as before', async () => {
    const answer = await boss.upload('/imports', '好.xlsx', workbook({ 客户: [['客户名称', '手机'], ['读得出的公司', '13800138000']] }));
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.json.sheets[0].rows, 1);
    await until(() => readers().length === 0);
  });
});
