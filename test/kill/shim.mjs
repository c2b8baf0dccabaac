// The other side of shim.c: compiles it, arms it while the server runs, reads what it recorded.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, temporaryFolder } from '../lib/index.mjs';

const folder = temporaryFolder('zhike-shim-');
const library = join(folder, 'shim.so');
execFileSync('cc', ['-O1', '-g', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library, join(root, 'test/kill/shim.c')], { stdio: 'inherit' });

export const OPS = { write: 1, sync: 2, truncate: 4, open: 8, memory: 16, rename: 32 };
const FILES = { database: 1, other: 2, all: 3 };
const SIZE = 64;
let many = 0;

export class Shim {
  /** server: its data folder is watched. record: writes go into a file for the power cut. */
  constructor(server, { record = false, dropSync = false } = {}) {
    this.server = server;
    this.control = join(folder, `control${++many}`);
    this.record = record ? join(folder, `record${many}`) : null;
    writeFileSync(this.control, Buffer.alloc(SIZE));
    this.fd = openSync(this.control, 'r+');
    this.env = { LD_PRELOAD: library, ZHIKE_SHIM_DIR: server.dir, ZHIKE_SHIM_CTL: this.control, ...(record ? { ZHIKE_SHIM_LOG: this.record } : {}), ...(dropSync ? { ZHIKE_SHIM_DROP_SYNC: '1' } : {}) };
  }
  /** Starts the server behind the shim; commands (check …) run without it. */
  async launch() {
    const { env } = this.server;
    this.server.env = { ...env, ...this.env };
    try { await this.server.launch(); } finally { this.server.env = env; }
  }
  #put(at, value) {
    const b = Buffer.alloc(4);
    b.writeInt32LE(value);
    writeSync(this.fd, b, 0, 4, at);
  }
  #get(at) {
    const b = Buffer.alloc(4);
    readSync(this.fd, b, 0, 4, at);
    return b.readInt32LE();
  }
  /** From now the n-th call of op (of OPS, or a sum) fails with error ("EIO" …; null: half is written; "KILL": the process ends there), `times` in a row. */
  arm(op, error, n, { times = 1, files = 'all' } = {}) {
    this.#put(32, 0);
    const values = [typeof op === 'number' ? op : OPS[op], error === 'KILL' ? -1 : error ? constants.errno[error] : 0, n - 1, times, 0, 0];
    values.forEach((v, i) => this.#put(i * 4, v));
    this.#put(36, FILES[files]);
    this.#put(32, 1);
  }
  /** → {hits: calls that failed, calls: how many there were} */
  disarm() {
    this.#put(32, 0);
    return { hits: Math.min(this.#get(16), this.#get(12)), calls: this.#get(20) };
  }
  #putLong(at, ms) {
    const b = Buffer.alloc(8);
    b.writeBigInt64LE(BigInt(ms) * 1_000_000n);
    writeSync(this.fd, b, 0, 8, at);
  }
  /** The wall clock of the server is ms ahead (or behind) from now, and goes on. */
  shift(ms) {
    this.#putLong(24, ms);
    this.#putLong(48, 0);
  }
  /** It stands still at `at` (ms of the epoch) until the next shift. */
  freeze(at) { this.#putLong(48, at); }
  end() { closeSync(this.fd); }

  /** What was recorded: [{kind, file, at, n, time (ns, bigint), ref, data}]. file 1: database, 2: its log. */
  entries() {
    const all = readFileSync(this.record);
    const list = [];
    for (let p = 0; p + 40 <= all.length;) {
      const e = { kind: ['', 'write', 'truncate', 'sync', 'anchor'][all.readUInt32LE(p)], file: all.readUInt32LE(p + 4), at: Number(all.readBigInt64LE(p + 8)), n: Number(all.readBigInt64LE(p + 16)), time: all.readBigInt64LE(p + 24), ref: Number(all.readBigInt64LE(p + 32)) };
      p += 40;
      if (e.kind === 'write' || e.kind === 'anchor') { e.data = all.subarray(p, p + e.n); p += e.n; }
      list.push(e);
    }
    return list;
  }
}
