// The other side of statement.c: compiles it, arms it while the server runs; and what the database holds, row by row.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { openSync, closeSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { root, temporaryFolder } from '../lib/index.mjs';

const folder = temporaryFolder('zhike-statement-');
const library = join(folder, 'statement.so');
execFileSync('cc', ['-O1', '-g', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library, join(root, 'test/kill/statement.c')], { stdio: 'inherit' });

const THREADS = { http: 1, job: 2, post: 4, writer: 8, keeper: 16 };
const SIZE = 1104, TEXT = 36, MATCH = 1036;
let many = 0;

/** What a failure looks like. sqlite: code of a step; pg: SQLSTATE raised by the server, or null: the connection is cut. */
export const FAULTS = {
  sqlite: [{ name: 'an I/O error', code: 10 }, { name: 'an interrupt', code: 9 }, { name: 'busy', code: 5 }],
  pg: [{ name: 'an I/O error', code: 1, state: '58030' }, { name: 'a lost connection', code: 0, state: '' }, { name: 'no memory', code: 1, state: '53200' }],
};

export class Statements {
  constructor(server) {
    this.server = server;
    this.control = join(folder, `control${++many}`);
    writeFileSync(this.control, Buffer.alloc(SIZE));
    this.fd = openSync(this.control, 'r+');
  }
  /** Starts the server behind the shim; commands (check …) run without it. */
  async launch() {
    const { env } = this.server;
    this.server.env = { ...env, LD_PRELOAD: library, ZHIKE_STATEMENT_CTL: this.control };
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
  /** From now the n-th statement of these threads ("http writer") fails, and the `times` - 1 behind it. match: of those that begin so, on SQLite. */
  arm(fault, n, threads, { times = 1, match = '' } = {}) {
    this.#put(0, 0);
    const mask = threads.split(' ').reduce((sum, t) => sum | THREADS[t], 0);
    [mask, n - 1, times, 0, 0, fault.code].forEach((v, i) => this.#put(4 + i * 4, v));
    const state = Buffer.alloc(8);
    state.write(fault.state ?? '');
    writeSync(this.fd, state, 0, 8, 28);
    const begin = Buffer.alloc(SIZE - MATCH);
    begin.write(match, 0, begin.length - 1);
    writeSync(this.fd, begin, 0, begin.length, MATCH);
    writeSync(this.fd, Buffer.alloc(1), 0, 1, TEXT);
    this.#put(0, 1);
  }
  /** → {hits: statements that failed, calls: how many there were, text: the last that failed} */
  disarm() {
    this.#put(0, 0);
    const b = Buffer.alloc(MATCH - TEXT);
    readSync(this.fd, b, 0, b.length, TEXT);
    return { hits: Math.min(this.#get(16), this.#get(12)), calls: this.#get(20), text: b.toString('utf8', 0, Math.max(0, b.indexOf(0))).replace(/\s+/g, ' ').slice(0, 200) };
  }
  end() { closeSync(this.fd); }
}

const run = (command, args, input) => new Promise((done, fail) => {
  const child = execFile(command, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => (error ? fail(new Error(`${stderr}${error}`)) : done(stdout)));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
});

// What goes on by itself or counts tries: leases, who was seen when, the seal of the audit log, quotas, blocks of numbers taken ahead, samples.
const OWN = /^(sqlite_.*|search_.*|schema_.*|node_lease|chore|rate_hit|login_log|number_counter|metric_daily)$/;
const MOVING = new Set(['seen_at', 'last_seen_at', 'used_at', 'last_used_at', 'seq', 'prev_hash', 'hash', 'row_hash', 'lease_until', 'leased_until', 'lease_owner', 'worker', 'updated_at', 'attempts', 'tries', 'claim', 'run_after', 'not_before', 'progress_at']);

/** What a server's database holds. */
export class State {
  constructor(server) { this.server = server; }
  #ask(text, ...options) {
    return this.server.database
      ? run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.server.database.url], text)
      : run('sqlite3', ['-cmd', '.timeout 10000', ...options, join(this.server.dir, 'zhike.db')], text);
  }
  /** A try of a password whose counter could not be set back counts as a wrong one; of those there are ten an hour. */
  forgetTries() { return this.#ask("DELETE FROM rate_hit WHERE key LIKE 'step_up:%';"); }
  async #learn() {
    const pg = Boolean(this.server.database);
    const out = await this.#ask(pg
      ? "SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
      : "SELECT m.name || ' ' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, c.cid;", '-readonly');
    const tables = new Map();
    for (const line of out.split('\n').filter(Boolean)) {
      const [table, column] = line.split(' ');
      if (OWN.test(table)) continue;
      if (!tables.has(table)) tables.set(table, []);
      if (!MOVING.has(column)) tables.get(table).push(`"${column}"`);
    }
    const list = [...tables].filter(([, columns]) => columns.length);
    this.text = pg ? list.map(([t, c]) => `SELECT '${t}' || '|' || translate(ROW(${c.join()})::text, E'\\n\\r', '  ') FROM "${t}";`).join('\n')
      : `.mode json\n${list.map(([t, c]) => `SELECT '${t}' AS "|", ${c.join()} FROM "${t}";`).join('\n')}`;
  }
  /** → Map from row (as text, its table first) to how often it is there */
  async read() {
    if (!this.text) await this.#learn();
    const rows = new Map();
    for (const line of (await this.#ask(this.text, '-readonly')).split('\n')) {
      if (!line) continue;
      const row = this.server.database ? line : line.replace(/^\[?\{"\|":"(\w+)",?/, '$1|').replace(/\}[,\]]$/, '');
      rows.set(row, (rows.get(row) ?? 0) + 1);
    }
    return rows;
  }
}

/** What came and went between two states: {added: [rows], removed: [rows], sum: "customer +1 -1, history +1"} */
export function difference(before, after) {
  const added = [], removed = [], by = {};
  const note = (row, list, sign, times) => {
    const table = row.slice(0, row.indexOf('|'));
    for (let i = 0; i < times; i++) list.push(row);
    by[table] ??= { '+': 0, '-': 0 };
    by[table][sign] += times;
  };
  for (const [row, n] of after) if (n > (before.get(row) ?? 0)) note(row, added, '+', n - (before.get(row) ?? 0));
  for (const [row, n] of before) if (n > (after.get(row) ?? 0)) note(row, removed, '-', n - (after.get(row) ?? 0));
  const sum = Object.keys(by).sort().map((t) => `${t} +${by[t]['+']} -${by[t]['-']}`).join(', ');
  return { added, removed, sum };
}

/** A short name of a long text, for messages. */
export const digest = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);
