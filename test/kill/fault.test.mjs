// The disk fails, is full, writes half; memory runs out: at the first, second, n-th call, once or from there on. The
// server answers 507 or 503 with a sentence, or ends saying why; what it acknowledged is there, what it refused is not,
// now and after a kill -9, and it is whole. Control: a fault in the way of reading back turns the same test red.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { sleep, slow, startServer } from '../lib/index.mjs';
import { PATIENCE } from '../lib/program.mjs';
import { amount, judge, Ledger, random, seedOf } from './ledger.mjs';
import { OPS, Shim } from './shim.mjs';

const deep = amount('ZHIKE_FAULT_DEPTH', 3, 2000); // or to the n behind the last call: the long form is gate G5
const allocations = amount('ZHIKE_FAULT_ALLOCATIONS', 40, 1500);
const seed = seedOf('faults');
const DYING = /the machine has no memory left/;

class Patient {
  constructor(engine) { this.engine = engine; this.ledger = new Ledger(); this.files = new Map(); this.deaths = 0; this.told = new Map(); }
  async begin() {
    this.server = await startServer({ engine: this.engine });
    this.client = await this.server.login('admin', this.server.adminPassword);
    await this.server.halt();
    this.shim = new Shim(this.server);
    await this.start();
    return this;
  }
  async start() {
    await this.shim.launch();
    this.client.url = this.server.url;
  }
  async end() {
    await this.server.stop();
    this.shim.end();
  }
  #n = 0;
  /** One change, by turns, or of the kind wanted; → its answer or null. What it may have done is in the ledger. */
  async act(rnd, wanted = null) {
    const live = [...this.ledger.rows.values()].filter((r) => r.id && r.at && !(wanted && r.at.deleted));
    const row = live.length ? rnd.pick(live) : null;
    const kind = row ? wanted ?? rnd.pick(['create', 'update', 'delete', 'file']) : 'create';
    const path = row && `/customers/${row.id}`;
    let next, ask, mine = row;
    if (kind === 'create') {
      const name = `故${this.engine}${++this.#n}`;
      mine = this.ledger.add(name, { name, industry: 'it', source: 'other', short_name: '0', source_detail: '0', remark: '0', primary_contact: { name: '王' } }, `key-fault-${this.engine}-${this.#n}`);
      next = { n: 0, deleted: false };
      ask = () => this.client.post('/customers', mine.body, { 'Idempotency-Key': mine.key });
    } else if (row.at.deleted) {
      next = { n: row.at.n, deleted: false };
      ask = () => this.client.post(`${path}/restore`, {});
    } else if (kind === 'update') {
      const n = row.at.n + 1;
      next = { n, deleted: false };
      ask = () => this.client.patch(path, { short_name: `${n}`, source_detail: `${n}`, remark: `${n}` }, { 'If-Match': row.etag });
    } else if (kind === 'delete') {
      next = { n: row.at.n, deleted: true };
      ask = () => this.client.del(path, undefined, { 'If-Match': row.etag });
    } else {
      next = row.at;
      const bytes = Buffer.alloc(20_000, ++this.#n % 251);
      ask = async () => {
        const answer = await this.client.upload(`${path}/attachments`, `${this.#n}.txt`, bytes, { type: 'text/plain' });
        if (answer.status === 201) this.files.set(answer.json.id, { bytes, row });
        return answer;
      };
    }
    if (!row || row.at !== next) mine.may.push(next);
    let answer = null;
    try { answer = await ask(); } catch { /* the connection ended: nobody knows */ }
    if (answer) {
      const text = `${answer.status} ${answer.json?.code ?? ''} ${answer.json?.detail ?? ''}`.trim();
      if (answer.status >= 200 && answer.status < 300) {
        Object.assign(mine, { at: next, may: [], id: mine.id ?? answer.json.id, etag: answer.etag ?? mine.etag });
      } else {
        this.told.set(text, (this.told.get(text) ?? 0) + 1);
        assert.ok([503, 507].includes(answer.status) && answer.json?.detail, `${kind}: ${answer.text}`);
        if (answer.json.code !== 'commit_unknown') mine.may = [];
      }
    }
    mine.mayHave = mine.may.length > 0;
    return { kind, row: mine, answer };
  }
  /** After a death: that it said why, and a new start. */
  async revive(why) {
    // a connection that was kept may be the one that is gone: only who fails again and again is not there
    for (let i = 0; i < 3; i++) if (await this.client.get('//healthz').then(() => true, () => false)) return false;
    const end = await Promise.race([this.server.ended, sleep(PATIENCE)]);
    assert.ok(end, `${why}: it lives and does not answer`);
    this.deaths++;
    assert.ok(end.signal === 'SIGABRT' && DYING.test(this.server.log.slice(-4000)), `${why}: it ended with ${end.code ?? end.signal}\n${this.server.log.slice(-4000)}`);
    this.server.child = null;
    await this.start();
    return true;
  }
  /** Does what reads, again where a process that was dying already, of a refusal in another thread, answered once more and ended in its midst. */
  async steady(what, fn) {
    for (let i = 0; ; i++) {
      try { return await fn(); } catch (e) {
        if (!(e instanceof TypeError) || i === 3) throw e; // fetch: the connection was lost
        await this.revive(what);
      }
    }
  }
  /** Reads the row back and takes what it is for certain. */
  async verify(row, what) {
    const found = await this.ledger.read(this.client, row.name);
    const seen = found.get(row.name) ?? [];
    const could = JSON.stringify([row.at, ...row.may]);
    const verdict = judge(row, seen);
    assert.equal(verdict, null, `${what}: ${row.name} may be ${could}, is ${JSON.stringify(seen)}`);
    if (!row.at) return void this.ledger.rows.delete(row.name);
    row.id = seen[0].id;
    row.etag = `"${seen[0].version}"`;
  }
  async whole(what) {
    const wrong = this.ledger.compare(await this.ledger.read(this.client, '故'), '故');
    assert.deepEqual(wrong, [], what);
    for (const [id, { bytes, row }] of this.files) if (!row.at.deleted) assert.ok(bytes.equals((await this.client.get(`/attachments/${id}/content`)).bytes), `${what}: file ${id}`);
    const check = await this.server.cli('check');
    assert.equal(`${check.stdout}${check.stderr}`, 'no findings\n', what);
  }
}

/** true once the server writes again. */
async function heals(patient) {
  for (const end = Date.now() + PATIENCE * slow; Date.now() < end;) {
    if ((await patient.client.get('//readyz').catch(() => null))?.status === 200) return;
    await sleep(50);
  }
  throw new Error('the server did not recover after the fault was gone');
}

const CLEAN = 3; // so many n in a row at which nothing is struck: the two changes, which vary, have no such call any more
test('a disk that fails at the n-th call', { timeout: 7200_000 }, async () => {
  const rnd = random(seed);
  const patient = await new Patient('sqlite').begin();
  let hits = 0, tries = 0;
  const furthest = {};
  /** Two changes under a fault, and what is there behind it; → whether it struck. */
  const suffer = async (f) => {
    const what = `${f.error ?? 'half'} at ${f.op} ${f.n} of ${f.files}, ${f.times === 1 ? 'once' : 'from there on'} (seed ${seed})`;
    patient.shim.arm(f.op, f.error, f.n, { times: f.times, files: f.files });
    const acts = [await patient.act(rnd, f.files === 'other' ? 'file' : null), await patient.act(rnd)];
    const struck = patient.shim.disarm().hits > 0;
    hits += struck ? 1 : 0;
    tries++;
    await patient.revive(what);
    // what was refused must not come back from the log of a process that died before its next write
    if (rnd.next() < (f.op === 'sync' ? 0.8 : 0.2)) {
      await patient.server.halt('SIGKILL');
      await patient.start();
    }
    for (const { row } of acts) if (patient.ledger.rows.has(row.name)) await patient.verify(row, what);
    await heals(patient);
    return struck;
  };
  try {
    for (let i = 0; i < 3; i++) await patient.act(rnd);
    for (const files of ['database', 'other'])
      for (const [op, error] of [['write', 'EIO'], ['write', 'ENOSPC'], ['write', null], ['sync', 'EIO'], ['truncate', 'EIO'], ['open', 'EIO'], ['open', 'EMFILE'], ['rename', 'EIO'], ['rename', 'ENOSPC']]) {
        if (files === 'database' && (op === 'rename' || (op === 'truncate' && deep < 100))) continue;
        for (const times of [1, 100_000])
          for (let n = 1, clean = 0; n <= deep && clean < CLEAN; n++) {
            clean = await suffer({ op, error, n, times, files }) ? 0 : clean + 1;
            if (!clean) furthest[`${op} of ${files}`] = Math.max(n, furthest[`${op} of ${files}`] ?? 0);
          }
      }
    await patient.whole(`after ${tries} faults`);
    console.log(`disk: ${tries} faults, ${hits} struck, the furthest ${JSON.stringify(furthest)}; ${JSON.stringify(Object.fromEntries(patient.told))}`);
    assert.ok(hits > tries / 5, 'hardly a fault struck');
  } finally {
    await patient.end();
  }
});

for (const engine of ['sqlite', ...(process.env.ZHIKE_TEST_PG_URL ? ['pg'] : [])]) {
  test(`memory refused at the n-th allocation, on ${engine}`, { timeout: 3600_000 }, async () => {
    const rnd = random(seed + 1);
    const patient = await new Patient(engine).begin();
    let hits = 0;
    try {
      for (let i = 0; i < 3; i++) await patient.act(rnd);
      for (let i = 0; i < allocations; i++) {
        const n = 1 + Math.floor(10 ** (rnd.next() * 3.7));
        const times = rnd.next() < 0.7 ? 1 : 1 + rnd.below(20);
        const what = `allocation ${n}, ${times} times (seed ${seed}, round ${i})`;
        patient.shim.arm('memory', 'ENOMEM', n, { times });
        const done = await patient.act(rnd);
        hits += patient.shim.disarm().hits > 0 ? 1 : 0;
        await patient.revive(what);
        if (patient.ledger.rows.has(done.row.name)) await patient.steady(what, () => patient.verify(done.row, what));
      }
      await patient.steady('after the allocations', () => patient.whole('after the allocations'));
      console.log(`memory on ${engine}: ${allocations} rounds, ${hits} struck, ${patient.deaths} ends with a sentence; ${JSON.stringify(Object.fromEntries(patient.told))}`);
      assert.ok(hits > allocations / 4, 'hardly an allocation failed');
    } finally {
      await patient.end();
    }
  });
}

test('control: a write that is dropped although it is acknowledged turns the test red', async () => {
  const rnd = random(seed + 2);
  const patient = await new Patient('sqlite').begin();
  try {
    const { row } = await patient.act(rnd);
    await patient.server.halt();
    execFileSync('sqlite3', [join(patient.server.dir, 'zhike.db'), `DELETE FROM customer WHERE id = ${row.id}`]);
    await patient.start();
    await assert.rejects(patient.verify(row, 'control'), /may be/);
    await assert.rejects(patient.whole('control'));
    assert.ok(OPS.write);
  } finally {
    await patient.end();
  }
});
