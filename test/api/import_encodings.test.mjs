// A thousand names, rare characters among them, in every encoding a table is saved in: each comes in value by value.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { settle } from '../lib/imports.mjs';
import { makeCompany, startServer } from '../lib/index.mjs';
import { all, filter } from '../lib/records.mjs';

let server, boss;
before(async () => {
  server = await startServer({ company: true });
  ({ boss } = await makeCompany(server, { only: ['boss'] }));
});
after(() => server?.stop());

// Common ideographs, Extension A (four bytes in GB18030), Extension B (outside the basic plane), letters with marks.
const signs = [...'华信云帆博远联创瑞丰龘靐㐀㐂㑇䶮䶵𠮷𠀋𡈽𪚥éüñ'];
const names = (tag) => Array.from({ length: 1000 }, (_, i) => `${signs[i % signs.length]}${signs[(i * 7 + 3) % signs.length]}${tag}${i}公司`);

for (const [tag, charset, bom] of [['甲', 'UTF-8', ''], ['乙', 'UTF-8', '\ufeff'], ['丙', 'GB18030', ''], ['丁', 'UTF-16LE', '\ufeff'], ['戊', 'UTF-16BE', '\ufeff']])
  test(`${charset}${bom ? ' with a mark' : ''}: 1,000 names`, async () => {
    const want = names(tag);
    const text = `${bom}客户名称,所属行业,信息来源,联系方式\r\n${want.map((n, i) => `${n},信息技术,官网,13${tag.charCodeAt(0) % 10}${String(10000000 + i * 11).slice(-8)}`).join('\r\n')}\r\n`;
    const bytes = charset === 'UTF-8' ? Buffer.from(text) : execFileSync('iconv', ['-f', 'UTF-8', '-t', charset], { input: text, maxBuffer: 1 << 24 });
    const up = await boss.upload('/imports', 'n.csv', bytes, { fields: { entity: 'customer' } });
    assert.equal(up.status, 201, up.text);
    assert.equal((await boss.post(`/imports/${up.json.id}/run`, {})).status, 202);
    const job = await settle(boss, up.json.id);
    assert.equal(job.counts.created, 1000, JSON.stringify(job.counts));
    const got = (await all(boss, '/customers', `${filter(['import_job', '=', up.json.id])}&fields=name&limit=200`)).map((r) => r.name);
    assert.deepEqual(got.sort(), want.sort());
  });
