// The power goes. What SQLite wrote is recorded with every sync; then the files are built as a disk may have them after
// a cut at any moment: all that was synced, and of what came later,
//   strict  some, none, or torn parts of 512 or 4096 bytes, in any order, and the file that came by rename or the one before it
//   ext4    pages of 4096 bytes, each as it was at a moment of its own; sizes and truncations in their order up to a commit of
//           the journal, and what made the file longer before that commit (data=ordered)
// Every such image must open, be whole, and hold what was acknowledged before the cut. PostgreSQL does this for itself.
// Control: with the syncs dropped, images break.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cli, sleep, startServer, temporaryFolder } from '../lib/index.mjs';
import { amount, judge, Ledger, Load, random, seedOf } from './ledger.mjs';
import { Shim } from './shim.mjs';

const run = promisify(execFile);
const MODES = ['strict', 'ext4'];
const images = amount('ZHIKE_POWER_IMAGES', 12, 2000); // of each mode
const walks = amount('ZHIKE_POWER_WALKS', 1, 4); // recordings they are built from
const broken = amount('ZHIKE_POWER_CONTROLS', 6, 24); // of each mode
const seed = seedOf('power cut');
const DATABASE = 1;
const WAL = 2;
const PAGE = 4096;

/** A file that grows as it is written. */
class Disk {
  constructor(bytes) { this.bytes = Buffer.from(bytes); this.size = bytes.length; }
  write(at, data) {
    if (at + data.length > this.bytes.length) this.bytes = Buffer.concat([this.bytes.subarray(0, this.size), Buffer.alloc(at + data.length - this.size + (1 << 22))]);
    if (at > this.size) this.bytes.fill(0, this.size, at);
    data.copy(this.bytes, at);
    this.size = Math.max(this.size, at + data.length);
  }
  truncate(size) {
    if (size > this.size) this.write(size - 1, Buffer.alloc(1));
    this.size = size;
  }
  get content() { return this.bytes.subarray(0, this.size); }
}

/** Applies an entry, or parts of it. */
function apply(disk, e, part) {
  if (e.kind === 'truncate') return disk.truncate(e.at);
  if (!part) return disk.write(e.at, e.data);
  for (let from = 0; from < e.n; from += part.size - ((e.at + from) % part.size)) {
    const to = Math.min(e.n, from + part.size - ((e.at + from) % part.size));
    if (part.keep()) disk.write(e.at + from, e.data.subarray(from, to));
  }
}

/** What may be of what was not synced on a disk that promises nothing. */
function strict(disk, rest, how, rnd) {
  const size = rnd.pick([512, 4096]);
  for (const e of rest) {
    if (how === 'all') apply(disk, e);
    else if (how === 'some' && rnd.next() < 0.6) apply(disk, e);
    else if (how === 'torn' && rnd.next() < 0.8) apply(disk, e, rnd.next() < 0.5 ? { size, keep: () => rnd.next() < 0.7 } : null);
  }
}

/** The same below ext4 with data=ordered. */
function ext4(disk, rest, how, rnd) {
  const synced = disk.size;
  const committed = how === 'all' ? rest.length : how === 'none' ? 0 : rnd.below(rest.length + 1);
  let { size } = disk;
  for (const e of rest.slice(0, committed)) size = e.kind === 'truncate' ? e.at : Math.max(size, e.at + e.n);
  const moments = new Map(); // page → how many of the entries it had seen when it was written out
  const momentOf = (page) => {
    if (!moments.has(page)) {
      const least = page * PAGE >= synced ? committed : 0;
      moments.set(page, how === 'all' ? rest.length : how === 'none' ? least : least + rnd.below(rest.length - least + 1));
    }
    return moments.get(page);
  };
  rest.forEach((e, i) => {
    if (e.kind === 'truncate') {
      if (i < committed) disk.truncate(e.at);
      return;
    }
    for (let from = 0; from < e.n;) {
      const page = Math.floor((e.at + from) / PAGE);
      const to = Math.min(e.n, (page + 1) * PAGE - e.at);
      if (i < momentOf(page)) disk.write(e.at + from, e.data.subarray(from, to));
      from = to;
    }
  });
  disk.truncate(size);
}

/** The files after a cut before entry `cut`. how: "none", "all", "some", "torn". */
function image(entries, base, anchor, cut, mode, how, rnd, folder) {
  const synced = { [DATABASE]: 0, [WAL]: 0 };
  for (let i = 0; i < cut; i++) if (entries[i].kind === 'sync') synced[entries[i].file] = Math.max(synced[entries[i].file], entries[i].ref);
  const disks = { [DATABASE]: new Disk(base), [WAL]: new Disk(Buffer.alloc(0)) };
  const rest = { [DATABASE]: [], [WAL]: [] };
  const anchors = [anchor];
  for (let i = 0; i < cut; i++) {
    const e = entries[i];
    if (e.kind === 'anchor') anchors.push(e.data);
    if (e.kind !== 'write' && e.kind !== 'truncate') continue;
    if (i < synced[e.file]) apply(disks[e.file], e);
    else rest[e.file].push(e);
  }
  for (const file of [DATABASE, WAL]) (mode === 'ext4' ? ext4 : strict)(disks[file], rest[file], how, rnd);
  const head = anchors.at(mode === 'strict' && anchors.length > 1 && rnd.next() < 0.3 ? -2 : -1);
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  writeFileSync(join(folder, 'zhike.db'), disks[DATABASE].content, { mode: 0o600 });
  if (disks[WAL].size) writeFileSync(join(folder, 'zhike.db-wal'), disks[WAL].content, { mode: 0o600 });
  if (head) writeFileSync(join(folder, 'audit.head'), head, { mode: 0o600 });
}

/** What is wrong with an image: what check says, and what is missing of the history up to `time`. */
async function look(folder, history, time) {
  const check = await cli('check', '--data', folder);
  if (`${check.stdout}${check.stderr}` !== 'no findings\n') return [`check: ${check.stdout}${check.stderr}`];
  const { stdout } = await run('sqlite3', ['-json', join(folder, 'zhike.db'), 'SELECT name, short_name, source_detail, remark, main_contact_id AS main_contact, deleted_at FROM customer'], { maxBuffer: 1 << 28 });
  const found = new Map();
  for (const r of JSON.parse(stdout || '[]')) found.set(r.name, [...(found.get(r.name) ?? []), { ...r, deleted: r.deleted_at !== null }]);
  const wrong = [];
  for (const [name, steps] of history) {
    if (name.includes('批')) { // changed by jobs as well, whose steps nobody was told of: at least each is whole
      const [r] = found.get(name) ?? [];
      if (r && new Set([r.short_name, r.source_detail, r.remark]).size !== 1) wrong.push(`torn: ${name}`);
      continue;
    }
    let known = -1, begun = -1;
    steps.forEach((s, i) => {
      if (s.acked !== null && s.acked <= time) known = i;
      if (s.sent <= time) begun = i;
    });
    const can = [known < 0 ? null : steps[known].state, ...steps.slice(known + 1, begun + 1).map((s) => s.state)];
    const verdict = judge({ at: can[0], may: can.slice(1), contact: false }, found.get(name) ?? []);
    if (verdict) wrong.push(`${verdict}: ${name} may be ${JSON.stringify(can)}, is ${JSON.stringify(found.get(name) ?? [])}`);
  }
  return wrong;
}

/** Records a load of a seed; → {entries, base, anchor, history, files, the end} */
async function recorded(seed, options = {}) {
  const server = await startServer({ engine: 'sqlite' });
  const client = await server.login('admin', server.adminPassword);
  await server.halt(); // the log is folded in: the image begins with one file
  const base = readFileSync(join(server.dir, 'zhike.db'));
  const head = join(server.dir, 'audit.head');
  const anchor = existsSync(head) ? readFileSync(head) : null;
  const shim = new Shim(server, { record: true, ...options });
  await shim.launch();
  client.url = server.url;
  const ledger = new Ledger();
  const load = new Load(client, ledger, '电', random(seed), { workers: 6, history: true });
  // long enough for checkpoints to come in between: they write the database file itself
  for (let i = 0; i < 4000 && !(i > 30 && statSync(join(server.dir, 'zhike.db')).size > base.length); i++) await sleep(50);
  await sleep(400);
  await server.halt('SIGKILL');
  await load.stop();
  const entries = shim.entries();
  shim.end();
  return { server, entries, base, anchor, history: load.history, acknowledged: ledger.acknowledged };
}

/** → {red: the images that are not as they should be, tried: how many there were of each mode and way} */
async function tryImages(rec, n, rnd) {
  const folder = temporaryFolder('zhike-power-');
  const red = [];
  const tried = {};
  const syncs = rec.entries.flatMap((e, i) => (e.kind === 'sync' ? [i + 1] : []));
  const inDatabase = rec.entries.flatMap((e, i) => (e.file === DATABASE ? [i] : []));
  for (let i = 0; i < n * MODES.length; i++) {
    const mode = MODES[i % MODES.length];
    // behind a sync, amid the writes of a checkpoint, or anywhere
    const where = [syncs, inDatabase, null][Math.floor(i / MODES.length) % 3];
    const cut = where?.length ? rnd.pick(where) : rnd.below(rec.entries.length + 1);
    const how = rnd.pick(mode === 'ext4' ? ['none', 'all', 'some', 'some'] : ['none', 'all', 'some', 'torn', 'torn']);
    tried[`${mode} ${how}`] = (tried[`${mode} ${how}`] ?? 0) + 1;
    const one = join(folder, `${i}`);
    mkdirSync(one);
    if (existsSync(join(rec.server.dir, 'files'))) cpSync(join(rec.server.dir, 'files'), join(one, 'files'), { recursive: true });
    image(rec.entries, rec.base, rec.anchor, cut, mode, how, rnd, one);
    const time = cut < rec.entries.length ? rec.entries[cut].time : rec.entries.at(-1).time;
    const wrong = await look(one, rec.history, cut === 0 ? 0n : rec.entries[cut - 1].time < time ? rec.entries[cut - 1].time : time);
    if (wrong.length) red.push({ image: i, cut, mode, how, wrong: wrong.slice(0, 3) });
    rmSync(one, { recursive: true });
  }
  return { red, tried };
}

for (let w = 0; w < walks; w++) {
  const share = Math.ceil(images / walks), its = (seed + 1009 * w) >>> 0;
  test(`${share} images of a power cut in each of ${MODES.join(' and ')}: all open, whole, and with what was acknowledged (${w + 1})`, { timeout: 3600_000 }, async () => {
    const rec = await recorded(its);
    try {
      const checkpoints = rec.entries.filter((e) => e.kind === 'sync' && e.file === DATABASE).length;
      assert.ok(checkpoints > 0, 'no checkpoint was recorded');
      const { red, tried } = await tryImages(rec, share, random(its + 1));
      console.log(`power cut: seed ${its}, ${rec.entries.length} entries, ${rec.entries.filter((e) => e.kind === 'sync').length} syncs, ${checkpoints} of the database file, ${rec.acknowledged} acknowledged writes; images ${JSON.stringify(tried)}`);
      assert.deepEqual(red, [], `seed ${its}`);
    } finally {
      await rec.server.stop();
    }
  });
}

test('control: with the syncs dropped, images break', { timeout: 300_000 }, async () => {
  const rec = await recorded(seed, { dropSync: true });
  try {
    // an image of an early moment, or with all that was written, is whole without a sync: so until one of each mode is red
    const rnd = random(seed + 2), red = MODES.map(() => 0);
    let tried = 0;
    for (; tried < 20 * broken && (tried === 0 || red.includes(0)); tried += broken)
      for (const r of (await tryImages(rec, broken, rnd)).red) red[MODES.indexOf(r.mode)]++;
    console.log(`power cut, syncs dropped: ${red.join(' and ')} of ${tried} images red (${MODES.join(', ')})`);
    assert.ok(!red.includes(0), 'nothing was seen');
  } finally {
    await rec.server.stop();
  }
});
