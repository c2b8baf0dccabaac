// Bodies of records that pass, and the small questions API tests ask again and again.
import assert from 'node:assert/strict';

let n = 0;
const digits = (count) => String(++n).padStart(count, '0');

/** A mobile number nobody else of this test process has. */
export const mobile = () => `139${digits(8)}`;

/** A unified social credit code (GB 32100) nobody else of this test process has. */
export function creditCode() {
  const signs = '0123456789ABCDEFGHJKLMNPQRTUWXY', body = `9133010${digits(10)}`;
  let sum = 0;
  for (let i = 0, w = 1; i < 17; i++, w = (w * 3) % 31) sum += signs.indexOf(body[i]) * w;
  return body + signs[(31 - (sum % 31)) % 31];
}

/** What POST /customers takes; names and phones differ from call to call. */
export const customer = (over = {}) => ({
  name: `云杉${digits(5)}科技有限公司`, industry: 'it', source: 'website', phone: mobile(), ...over,
});
export const contact = (customerId, over = {}) => ({ name: `赵${digits(4)}`, customer: customerId, mobile: mobile(), ...over });
export const followUp = (customerId, over = {}) => ({ customer: customerId, method: 'phone', content: `谈过 ${digits(4)}`, customer_need: '报价', next_plan: '下周再谈', ...over });

/** Creates and returns the record; fails with the whole answer. */
export async function make(client, plural, body, headers) {
  const answer = await client.post(`/${plural}`, body, headers);
  assert.equal(answer.status, 201, `POST /${plural} ${JSON.stringify(body)} → ${answer.status} ${answer.text}`);
  return answer.json;
}
export const makeCustomer = (client, over) => make(client, 'customers', customer(over));

/** The answer must be this problem: status, and code where named; every problem has the shape of RFC 9457. */
export function problem(answer, status, code, what = '') {
  assert.equal(answer.status, status, `${what} → ${answer.status} ${answer.text}`);
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/, what);
  for (const key of ['type', 'title', 'status', 'detail', 'code', 'trace_id', 'errors'])
    assert.ok(key in answer.json, `${what}: no ${key} in ${answer.text}`);
  assert.equal(answer.json.status, status, what);
  assert.match(answer.json.trace_id, /^[0-9a-f]{32}$/, what);
  if (code) assert.equal(answer.json.code, code, `${what} → ${answer.text}`);
  return answer.json;
}

/** "field:code" of every mistake, sorted. */
export const mistakes = (answer) => (answer.json?.errors ?? []).map((e) => `${e.field ?? ''}:${e.code}`).sort();

/** What may not differ between a foreign and an absent record. */
export function anonymous(answer) {
  const { trace_id: _, ...rest } = answer.json ?? {};
  return { status: answer.status, body: rest, headers: [...answer.headers].map(([k, v]) => (/^(date|content-length)$/.test(k) ? k : `${k}: ${v}`)).sort() };
}

/** Everything of a list, page by page. query: without cursor. */
export async function all(client, path, query = '') {
  const rows = [];
  let cursor = '';
  for (let page = 0; page < 1000; page++) {
    const answer = await client.get(`${path}?${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    assert.equal(answer.status, 200, `${path}?${query} → ${answer.status} ${answer.text}`);
    rows.push(...answer.json.data);
    cursor = answer.json.next_cursor;
    if (!cursor) return rows;
  }
  throw new Error(`${path} has no end`);
}

export const filter = (f) => `filter=${encodeURIComponent(JSON.stringify(f))}`;
export const ids = (rows) => rows.map((r) => r.id);
