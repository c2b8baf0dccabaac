// What was promised, and whether it was kept. A ledger knows of every record what the server acknowledged and what it
// may have done besides (an answer that never came); judge() compares that with what is read back:
//   lost     an acknowledged record is not there, or lies in the bin though nobody was told of a delete
//   stale    an older state than the acknowledged one
//   torn     parts of two writes, or half of one (three fields always carry the same number; a contact comes along)
//   zombie   an acknowledged delete, and the record lives
//   doubled  one Idempotency-Key, or one row of an import, and more than one record
//   strange  a state nobody wrote
import assert from 'node:assert/strict';
import { PATIENCE, slow } from '../lib/program.mjs';
import { all, filter } from '../lib/records.mjs';

/** Numbers from a seed (mulberry32), so that a round can be had again. */
export function random(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (n) => Math.floor(next() * n), between: (lo, hi) => lo + next() * (hi - lo), pick: (list) => list[Math.floor(next() * list.length)] };
}

const long = process.env.ZHIKE_TEST_LONG === '1';
/** A count: NAME of the environment, or the one of ./dev long or ./dev test. */
export const amount = (name, inTest, inLong) => Number(process.env[name] || (long ? inLong : inTest));
/** The seed of a test, printed so that it can be set again. ./dev test walks the same way every time, so that a run says something of the change; ./dev long at random. */
export function seedOf(what) {
  const seed = Number(process.env.ZHIKE_KILL_SEED || (long ? Date.now() ^ (process.pid << 8) : 20261122)) >>> 0;
  console.log(`${what}: ZHIKE_KILL_SEED=${seed}`);
  return seed;
}

const same = (a, b) => (a === null || b === null ? a === b : a.n === b.n && a.deleted === b.deleted);

/** seen: the records of that name, as {deleted, short_name, source_detail, remark, main_contact}. → verdict or null */
export function judge(row, seen) {
  const can = [row.at, ...row.may];
  if (seen.length > 1) return 'doubled';
  if (seen.length === 0) return can.some((s) => s === null) ? settle(row, null) : 'lost';
  const [is] = seen;
  const parts = new Set([is.short_name, is.source_detail, is.remark]);
  if (parts.size !== 1 || (row.contact && !is.main_contact)) return 'torn';
  const state = { n: Number(is.remark), deleted: is.deleted };
  if (can.some((s) => same(s, state))) return settle(row, state);
  const known = can.filter(Boolean);
  if (!known.length) return 'strange';
  if (known.every((s) => s.deleted !== state.deleted)) return state.deleted ? 'lost' : 'zombie';
  return state.n < Math.min(...known.map((s) => s.n)) ? 'stale' : 'strange';
}
function settle(row, state) {
  row.at = state;
  row.may = [];
  return null;
}

export class Ledger {
  rows = new Map();
  imports = [];
  acknowledged = 0;
  unanswered = 0;

  /** A row nobody has been told of yet; at null: it does not exist. */
  add(name, body, key = null) {
    const row = { name, body, key, id: null, at: null, may: [], contact: Boolean(body?.primary_contact) };
    this.rows.set(name, row);
    return row;
  }

  /** Everything below a prefix as the server has it now: name → records, live and in the bin. */
  async read(client, prefix) {
    const found = new Map();
    for (const deleted of [false, true]) {
      const query = `${filter(['name', 'starts', prefix])}&limit=200&fields=name,short_name,source_detail,remark,main_contact${deleted ? '&deleted=true' : ''}`;
      for (const r of await all(client, '/customers', query)) {
        if (!found.has(r.name)) found.set(r.name, []);
        found.get(r.name).push({ ...r, deleted });
      }
    }
    return found;
  }

  /** What is wrong, as [{verdict, name, row, seen}]; good rows are certain from here on. */
  compare(found, prefix) {
    const wrong = [];
    for (const row of this.rows.values()) {
      if (!row.name.startsWith(prefix)) continue;
      const seen = found.get(row.name) ?? [];
      const could = JSON.stringify([row.at, ...row.may]);
      const verdict = judge(row, seen);
      if (verdict) wrong.push({ verdict, name: row.name, could, seen: JSON.stringify(seen) });
      else if (seen[0]) row.id = seen[0].id;
    }
    for (const name of found.keys())
      if (!this.rows.has(name)) wrong.push({ verdict: 'strange', name, could: 'never written', seen: JSON.stringify(found.get(name)) });
    return wrong;
  }
}

const CONTACT = '联系人';
let phones = 0;
const phone = () => `138${String(++phones).padStart(8, '0')}`; // nobody has another's
const BULK = 12;
const IMPORT_ROWS = 150;
const PIECE = 20;

/** People at work: creates, changes, deletes, restores, merges, bulk changes and imports at the same time, until stop(). */
export class Load {
  /** think: ms between what one of them does, PIECE times as long between bulk changes and imports. steady: for a load of hours
   *  whose records do not become more and more: somebody with so many records makes no new ones, imports and what comes out of
   *  a merge again are taken back. history: what was known when is kept. */
  constructor(client, ledger, prefix, rnd, { workers = 6, imports = true, bulk = true, think = 0, steady = Infinity, history = false } = {}) {
    Object.assign(this, { client, ledger, prefix, rnd, think, steady });
    this.stopped = false;
    this.refused = [];
    this.silent = []; // when the requests were sent that were never answered
    this.history = history ? new Map() : null; // name → [{state, sent, acked}], monotonic ns, for the power cut
    this.people = [];
    for (let w = 0; w < workers; w++) this.people.push(this.#person(w));
    if (bulk) this.people.push(this.#bulker());
    if (imports) this.people.push(this.#importer());
  }
  /** No further requests; resolves when the last one was answered or lost. */
  async stop() {
    this.stopped = true;
    await Promise.all(this.people);
  }

  /** An answer: "yes" (acknowledged), "no" (refused, nothing may have happened), "unknown" (no answer, or one that says so). */
  async #ask(fn) {
    let answer;
    const sent = Date.now();
    try { answer = await fn(); } catch { answer = null; }
    if (answer && answer.status >= 200 && answer.status < 300) {
      this.ledger.acknowledged++;
      return { said: 'yes', answer };
    }
    if (!answer) {
      this.ledger.unanswered++;
      this.silent.push(sent);
      this.stopped ||= this.endAtLoss ?? true;
      return { said: 'unknown' };
    }
    this.refused.push(`${answer.status} ${answer.json?.detail ?? answer.text}`);
    assert.ok([503, 507].includes(answer.status), `an answer nobody expects: ${answer.status} ${answer.text}`);
    return { said: answer.json?.code === 'commit_unknown' ? 'unknown' : 'no', answer };
  }
  /** Asks; the row is in `next` for sure, or perhaps. */
  async #change(row, next, fn) {
    row.may.push(next);
    const step = { state: next, sent: process.hrtime.bigint(), acked: null };
    if (this.history && !this.history.has(row.name)) this.history.set(row.name, []);
    this.history?.get(row.name).push(step);
    const { said, answer } = await this.#ask(fn);
    if (said === 'yes') {
      Object.assign(row, { at: next, may: [] });
      step.acked = process.hrtime.bigint();
    } else if (said === 'no') {
      row.may.pop();
      this.history?.get(row.name).pop();
    }
    return { said, answer };
  }
  body(name, n = 0, contact = true) {
    return { name, industry: 'it', source: 'other', short_name: `${n}`, source_detail: `${n}`, remark: `${n}`, ...(contact ? { primary_contact: { name: CONTACT } } : { phone: phone() }) };
  }
  async #create(name, contact = true) {
    const row = this.ledger.add(name, this.body(name, 0, contact), `key-${Buffer.from(name).toString('hex')}`);
    const { said, answer } = await this.#change(row, { n: 0, deleted: false }, () => this.client.post('/customers', row.body, { 'Idempotency-Key': row.key }));
    if (said === 'yes') Object.assign(row, { id: answer.json.id, etag: answer.etag });
    return said === 'yes' ? row : null;
  }
  async #pause(times = 1) {
    const until = Date.now() + this.think * times;
    while (!this.stopped && Date.now() < until) await new Promise((done) => setTimeout(done, Math.min(200, until - Date.now())));
  }
  async #person(w) {
    const mine = [];
    for (let i = 0; !this.stopped; i++) {
      await this.#pause();
      const row = mine.length > 3 && (mine.length >= this.steady || this.rnd.next() < 0.6) ? this.rnd.pick(mine) : null;
      if (!row) {
        const made = await this.#create(`${this.prefix}人${w}第${i}`, i % 2 === 0);
        if (made) mine.push(made);
        continue;
      }
      const path = `/customers/${row.id}`;
      const dice = this.rnd.next();
      let said, answer;
      if (row.at.deleted) {
        ({ said, answer } = await this.#change(row, { n: row.at.n, deleted: false }, () => this.client.post(`${path}/restore`, {})));
      } else if (dice < 0.25) {
        ({ said, answer } = await this.#change(row, { n: row.at.n, deleted: true }, () => this.client.del(path, undefined, { 'If-Match': row.etag })));
      } else if (dice < 0.32) {
        if (!await this.#merge(row, `${this.prefix}人${w}第${i}`, dice < 0.29)) mine.splice(mine.indexOf(row), 1);
        continue;
      } else {
        const n = row.at.n + 1;
        const values = { short_name: `${n}`, source_detail: `${n}`, remark: `${n}` };
        ({ said, answer } = await this.#change(row, { n, deleted: false }, () => this.client.patch(path, values, { 'If-Match': row.etag })));
      }
      if (said === 'yes' && answer.etag) row.etag = answer.etag;
      if (said === 'unknown') mine.splice(mine.indexOf(row), 1); // nobody touches it again before it is read back
    }
  }
  /** Another record of the same thing is made, merged into this one and perhaps taken back. false: nobody knows how that went. */
  async #merge(row, name, back) {
    const other = await this.#create(name, true);
    if (!other) return true;
    const { said, answer } = await this.#change(other, { n: 0, deleted: true }, () => this.client.post('/customers/merge', { survivor: row.id, merged: [other.id] }));
    if (said === 'no') return true;
    if (said === 'unknown') return false;
    row.etag = `"${answer.json.record.version}"`;
    if (!back) return true;
    const undone = await this.#change(other, { n: 0, deleted: false }, () => this.client.post(`/merges/${answer.json.merge.id}/undo`, {}));
    if (undone.said !== 'yes') return undone.said === 'no';
    if (this.steady !== Infinity && (await this.#change(other, { n: 0, deleted: true }, () => this.client.delNow(`/customers/${other.id}`))).said === 'yes') this.ledger.rows.delete(other.name);
    row.etag = (await this.client.get(`/customers/${row.id}`).catch(() => null))?.etag;
    return Boolean(row.etag);
  }
  /** A job that was taken on (202) is a promise as well: every record of it changes, whatever happens meanwhile. */
  async #bulker() {
    const rows = [];
    for (let i = 0; i < BULK && !this.stopped; i++) {
      const row = await this.#create(`${this.prefix}批${i}`, false);
      if (row) rows.push(row);
    }
    for (let n = 1; !this.stopped && rows.length; n++) {
      await this.#pause(PIECE);
      const state = { n, deleted: false };
      for (const row of rows) row.may.push(state);
      const body = { ids: rows.map((r) => r.id), action: 'update', values: { short_name: `${n}`, source_detail: `${n}`, remark: `${n}` } };
      const { said, answer } = await this.#ask(() => this.client.post('/customers/bulk', body));
      for (const row of rows) {
        if (said === 'yes') Object.assign(row, { at: state, may: [] });
        if (said === 'no') row.may.pop();
      }
      if (said === 'no') { n--; continue; }
      if (said === 'unknown') return;
      try { // its end, so that the next one finds what it expects
        while (!this.stopped && !['done', 'failed', 'cancelled'].includes((await this.client.get(`/jobs/${answer.json.job.id}`)).json?.state)) await new Promise((done) => setTimeout(done, 20));
      } catch { return; }
    }
  }
  async #importer() {
    for (let i = 0; !this.stopped; i++) {
      await this.#pause(PIECE);
      const word = `${this.prefix}导${i}行`;
      const csv = ['客户名称,所属行业,信息来源,联系方式,简称,来源说明,备注', ...Array.from({ length: IMPORT_ROWS }, (_, k) => `${word}${k},信息技术,其他,${phone()},0,0,0`)].join('\r\n');
      const { said, answer } = await this.#ask(() => this.client.upload('/imports', 'a.csv', Buffer.from(`\ufeff${csv}\r\n`), { fields: { entity: 'customer' } }));
      if (said !== 'yes') continue;
      const rows = Array.from({ length: IMPORT_ROWS }, (_, k) => this.ledger.add(`${word}${k}`, null));
      const one = { id: answer.json.id, rows, acknowledged: false };
      this.ledger.imports.push(one);
      const run = await this.#ask(() => this.client.post(`/imports/${one.id}/run`, {}));
      if (run.said === 'no') continue;
      for (const row of rows) {
        row.at = run.said === 'yes' ? { n: 0, deleted: false } : null;
        row.may = run.said === 'yes' ? [] : [{ n: 0, deleted: false }];
      }
      one.acknowledged = run.said === 'yes';
      const end = async () => { while (!this.stopped && ['running', 'checking', 'undoing'].includes((await this.client.get(`/imports/${one.id}`)).json?.state)) await new Promise((done) => setTimeout(done, 20)); };
      try {
        await end();
        if (this.stopped || this.steady === Infinity) continue;
        for (const row of rows) row.may.push({ n: 0, deleted: true });
        if ((await this.#ask(() => this.client.post(`/imports/${one.id}/undo`, {}))).said !== 'yes') continue;
        await end();
        for (const row of rows) this.ledger.rows.delete(row.name);
        this.ledger.imports.splice(this.ledger.imports.indexOf(one), 1);
      } catch { return; }
    }
  }
}

/** Jobs and imports that were taken on are brought to their end. → the number of those that did not come to a good one */
export async function finish(client, ledger) {
  const end = Date.now() + 3 * PATIENCE * slow;
  const bad = [];
  for (;;) {
    const jobs = (await client.get('/jobs?limit=200')).json.data;
    for (const j of jobs) if (j.state === 'failed') bad.push({ verdict: 'lost', name: `job ${j.id}`, could: 'done', seen: JSON.stringify(j) });
    if (jobs.every((j) => ['done', 'failed', 'cancelled'].includes(j.state))) break;
    assert.ok(Date.now() < end, `a job does not end: ${JSON.stringify(jobs)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  for (const one of ledger.imports.splice(0)) {
    const { json } = await client.get(`/imports/${one.id}`);
    if (json.state !== 'done' && (one.acknowledged || json.state === 'failed')) bad.push({ verdict: 'lost', name: `import ${one.id}`, could: 'done', seen: JSON.stringify(json) });
    const there = json.state === 'done'; // all of its rows, or none
    for (const row of one.rows) Object.assign(row, { at: there ? { n: 0, deleted: false } : null, may: [] });
  }
  return bad;
}

/** Creates that nobody answered are asked for again with their key, and some that were answered too: the same record. */
export async function retry(client, ledger, prefix, rnd) {
  const bad = [];
  for (const row of ledger.rows.values()) {
    if (!row.key || !row.name.startsWith(prefix)) continue;
    const unsure = row.at === null && row.may.length > 0;
    if (!unsure && (row.at === null || rnd.next() > 0.03)) continue;
    const answer = await client.post('/customers', row.body, { 'Idempotency-Key': row.key });
    assert.ok(answer.status === 201 || (answer.status === 404 && (row.at?.deleted || row.may.some((m) => m.deleted))), `${row.name} again → ${answer.status} ${answer.text}`);
    if (answer.status !== 201) continue;
    if (row.id && answer.json.id !== row.id) bad.push({ verdict: 'doubled', name: row.name, could: `${row.id}`, seen: `${answer.json.id}` });
    if (unsure) Object.assign(row, { id: answer.json.id, at: { n: 0, deleted: false }, may: [] });
  }
  return bad;
}
