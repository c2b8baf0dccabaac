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
import { createDatabase } from './postgres.mjs';
import { copyMade } from './made.mjs';
import { cli, cliOk, defaultEngine, removeFolder, slow, start, temporaryFolder } from './program.mjs';

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
    if (demo) await server.cliOk('demo', '--customers', demo, { timeout: 300_000 });
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
    // A sanitizer needs longer for everything, the end included.
    this.env = { ZHIKE_LOG_RATE: '1000000', ...(slow > 1 ? { ZHIKE_STOP_TIMEOUT: `${10 * slow}s` } : {}), ...env, ...(database ? { ZHIKE_DATABASE: database.url } : {}) };
    this.args = args;
    this.adminPassword = `Aa1-${randomBytes(12).toString('base64url')}`;
    this.log = '';
    this.child = null;
  }

  /** Starts `zhike serve` and waits for "listening on http://…". port: where a page is to find it again after a restart. */
  async launch(args = this.args, { port = 0 } = {}) {
    const child = start(['serve', '--data', this.dir, '--listen', `127.0.0.1:${port}`, ...args], { env: this.env });
    this.child = child;
    this.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
    child.stderr.on('data', (data) => { this.log += data; });
    this.url = await new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`the server did not start:\n${this.log}`)), 20_000 * slow);
      let out = '';
      child.stdout.on('data', (data) => {
        out += data;
        const found = /listening on (http:\/\/\S+)/.exec(out);
        if (found) { clearTimeout(timer); done(found[1].replace(/\/$/, '')); }
      });
      child.on('exit', (code, signal) => {
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
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000 * slow);
    const end = await this.ended;
    clearTimeout(timer);
    this.adminClient = undefined;
    if (/(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:/.test(this.log)
        || (signal === 'SIGTERM' && (end.code !== 0)))
      throw new Error(`the server ended with ${end.code ?? end.signal}:\n${this.log.slice(-20_000)}`);
    return end;
  }

  /** The end: process, database and folder are gone. */
  async stop() {
    try {
      return await this.halt();
    } finally {
      await this.database?.drop();
      removeFolder(this.folder);
    }
  }
}
