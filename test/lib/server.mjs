// A real server on a free port with its own data folder and, for PostgreSQL, its own database.
//
//   const server = await startServer({ company: true });
//   after(() => server.stop());
//   const { status, json } = await (await server.admin()).get('/customers?limit=5');
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './client.mjs';
import { companyFile } from './company.mjs';
import { createDatabase, psql } from './postgres.mjs';
import { copyMade } from './made.mjs';
import { cli, cliOk, defaultEngine, PATIENCE, removeFolder, sleep, slow, start, temporaryFolder, until } from './program.mjs';

/**
 * engine   "sqlite" or "pg"; default ZHIKE_TEST_ENGINE
 * env      further environment of the server and the commands
 * args     further arguments of `zhike serve`
 * init     false: leave the data folder empty (the caller prepares it, then calls server.launch())
 * demo     number of demonstration customers, 0 for none
 * company  true: the people of company.mjs are imported before the server starts
 * users    the same with an object of your own, as `zhike user import` takes it
 */
export async function startServer({
  engine = defaultEngine, env = {}, args = [], init = true, demo = 0, company = false, users = null,
} = {}) {
  const folder = temporaryFolder();
  const database = engine === 'pg' ? await createDatabase() : null;
  const server = new Server({ engine, env, args, folder, database });
  try {
    if (!init) return server;
    server.hasCompany = company;
    // The same people hashed and the same customers made for file after file cost seconds each: once is enough.
    if (engine === 'sqlite' && company && !users && !Object.keys(env).length) {
      const password = copyMade(server.dir, demo);
      if (password) { server.adminPassword = password; await server.launch(); return server; }
    }
    writeFileSync(join(folder, 'password'), `${server.adminPassword}\n`, { mode: 0o600 });
    await server.cliOk('init', '--admin-password-file', join(folder, 'password'));
    if (demo) await server.cliOk('demo', '--customers', demo, { timeout: 600_000 });
    if (company) await server.importUsers(companyFile());
    if (users) await server.importUsers(users);
    await server.launch();
    return server;
  } catch (error) {
    await server.stop().catch(() => {});
    throw error;
  }
}

export class Server {
  constructor({ engine, env, args, folder, database }) {
    this.engine = engine;
    this.folder = folder;
    this.dir = join(folder, 'data');
    this.database = database;
    // Tests read the log: no line of a fast test may fall to the limit of lines a second.
    // A sanitizer needs longer for everything, the end included. Of fifty at once on a busy machine none is told to come back
    // later, nor when the connections it leaves are not yet seen to be closed: that is what the tests of overload
    // (test/kill/load.test.mjs) are for, which set it themselves.
    this.env = { ZHIKE_LOG_RATE: '1000000', ZHIKE_HTTP_QUEUE_WAIT: '1m', ZHIKE_HTTP_QUEUE_TARGET: '1m', ZHIKE_HTTP_PER_ADDRESS: '1000', ...(slow > 1 ? { ZHIKE_STOP_TIMEOUT: `${10 * slow}s`, ZHIKE_QUERY_TIMEOUT: `${5 * slow}s` } : {}), ...env, ...(database ? { ZHIKE_DATABASE: database.url } : {}) };
    this.args = args;
    this.adminPassword = `Aa1-${randomBytes(12).toString('base64url')}`;
    this.log = '';
    this.child = null;
  }

  /** Starts `zhike serve` and waits for "listening on http://…". port: where a page is to find it again after a restart. */
  async launch(args = this.args, { port = 0 } = {}) {
    for (let left = 20; ; left--) {
      try { return await this.#launch(args, port); } catch (error) {
        // a port that was free may be that of somebody's connection for a moment
        if (!port || !left || !/in use|EADDRINUSE|bind|listen/i.test(String(error.message))) throw error;
        await sleep(500);
      }
    }
  }
  async #launch(args, port) {
    const child = start(['serve', '--data', this.dir, '--listen', `127.0.0.1:${port}`, ...args], { env: this.env });
    this.child = child;
    child.stderr.on('data', (data) => { this.log += data; });
    // Ended, and all it said is in the log: its last lines still lie in the pipe when it has ended. Who holds the pipe beyond that
    // (a helper that a test has halted) is not waited for.
    this.ended = new Promise((done) => {
      child.on('exit', (code, signal) => {
        const timer = setTimeout(() => done({ code, signal }), PATIENCE / 20);
        child.on('close', () => { clearTimeout(timer); done({ code, signal }); });
      });
      child.on('error', (error) => done({ code: error.code, signal: null })); // it was never begun
    });
    this.url = await new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`the server did not start:\n${this.log}`)), PATIENCE * slow);
      let out = '';
      child.stdout.on('data', (data) => {
        out += data;
        const found = /listening on (http:\/\/\S+)/.exec(out);
        if (found) { clearTimeout(timer); done(found[1].replace(/\/$/, '')); }
      });
      this.ended.then(({ code, signal }) => {
        clearTimeout(timer);
        fail(new Error(`the server ended with ${code ?? signal} before it was ready:\n${this.log}${out}`));
      });
      child.on('error', fail);
    });
    return this;
  }

  /** A command on the data of this server: server.cli('check') → {code, stdout, stderr}. */
  cli(...args) { return cli(...this.#withData(args)); }
  cliOk(...args) { return cliOk(...this.#withData(args)); }
  #withData(args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {};
    return [...args, '--data', this.dir, { ...options, env: { ...this.env, ...options.env } }];
  }

  /** `zhike user import` of {departments, users}. */
  async importUsers(json) {
    const file = join(this.folder, `users-${randomBytes(4).toString('hex')}.json`);
    writeFileSync(file, JSON.stringify(json));
    return this.cliOk('user', 'import', file);
  }

  /** Nobody: a client without a session. */
  anyone(options) { return new Client(this.url, options); }
  login(login, password, options) { return new Client(this.url, options).signIn(login, password); }
  /** The signed-in admin, the same client each time. */
  admin() { return (this.adminClient ??= this.login('admin', this.adminPassword)); }

  /** Ends the process (SIGTERM unless said) and waits; the data stays. Fails when it crashed. */
  async halt(signal = 'SIGTERM') {
    if (!this.child) return null;
    const child = this.child;
    this.child = null;
    // a program that counts its lines writes them down first
    const sent = signal === 'SIGKILL' && process.env.ZHIKE_TEST_COVER ? 'SIGUSR2' : signal;
    if (child.exitCode === null && child.signalCode === null) child.kill(sent);
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000 * slow);
    const end = await this.ended;
    clearTimeout(timer);
    this.adminClient = undefined;
    if (end.signal === 'SIGKILL' && this.database) await this.#endedThere();
    if (/(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:/.test(this.log)
        || (signal === 'SIGTERM' && (end.code !== 0)))
      throw new Error(`the server ended with ${end.code ?? end.signal}:\n${this.log.slice(-20_000)}`);
    return end;
  }

  /** A COMMIT that had left a killed process is still carried out: what is read back is read when PostgreSQL has come to it. */
  async #endedThere() {
    for (let i = 0; i < 100; i++) {
      const busy = await psql(this.database.url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'").catch(() => '0');
      if (busy === '0') return; // another server on this database may never be quiet
      await sleep(50);
    }
  }

  /** Every line of requests that were answered is in this.log from here on: they come through a pipe of their own. */
  async flushed() {
    const { json } = await this.anyone().get('/me');
    await until(() => this.log.includes(json.trace_id), PATIENCE, 'the line of a request');
  }

  /** The lines of the requests that work() causes. → [members of each], those of `route` where it is given */
  async requests(work, route) {
    await this.flushed();
    const from = this.log.length;
    await work();
    await this.flushed();
    const lines = this.log.slice(from).split('\n').filter((l) => l.includes('"event":"request"')).map((l) => JSON.parse(l));
    return lines.slice(0, -1).filter((l) => !route || l.route === route);
  }

  /** Nothing runs by itself any more: what the keeper queues at the start of a house (the samples of its metrics) is done. */
  async quiet() {
    await until(async () => {
      const { text } = await this.anyone().get('//metrics');
      const of = (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? -1);
      return of('zhike_jobs_ended_total{state="done"}') > 0 && of('zhike_jobs{state="queued"}') === 0 && of('zhike_jobs{state="running"}') === 0;
    }, PATIENCE, 'the end of the jobs of the start');
    return this;
  }

  /** The end: process, database and folder are gone. */
  async stop() {
    try {
      return await this.halt();
    } finally {
      // No request of a test is meant to be answered so: what the server says of it would be gone with it.
      for (const line of this.log.split('\n')) if (line.includes('"event":"request"') && line.includes('"status":500')) console.log(`answered 500: ${line}`);
      await this.database?.drop();
      removeFolder(this.folder);
    }
  }
}
