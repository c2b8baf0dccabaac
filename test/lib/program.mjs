// The program under test and the temporary folders of a test. ./dev sets
//   ZHIKE_BIN           the program (default build/zhike)
//   ZHIKE_TEST_ENGINE   sqlite (default) or pg
//   ZHIKE_TEST_PG_URL   a running PostgreSQL, when the engine is pg
//   ZHIKE_TEST_SLOW     waits are that much longer (sanitizers)
//   ZHIKE_TEST_COVER    a program that counts the lines it reaches counts here, each test file apart
import { spawn, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const program = process.env.ZHIKE_BIN || join(root, 'build/zhike');
export const defaultEngine = process.env.ZHIKE_TEST_ENGINE || 'sqlite';
export const slow = Number(process.env.ZHIKE_TEST_SLOW || 1);
if (process.env.ZHIKE_TEST_COVER) process.env.GCOV_PREFIX = join(process.env.ZHIKE_TEST_COVER, basename(process.argv[1]));

const children = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A temporary folder that is gone when the test process ends. */
export function temporaryFolder(prefix = 'zhike-') {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** Starts a long-running child that dies with the test process. */
export function start(args, { env = {}, cwd = root } = {}) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

/**
 * Runs the program to its end: await cli('check', '--data', dir) → {code, stdout, stderr}.
 * A last argument that is an object gives {env, input, timeout in ms, cwd}. code is null after a signal.
 */
export function cli(...args) {
  const options = typeof args.at(-1) === 'object' ? args.pop() : {};
  return new Promise((done, fail) => {
    const child = execFile(program, args.map(String), {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      timeout: (options.timeout ?? 600_000) * slow,
      maxBuffer: 256 << 20,
    }, (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') return fail(error);
      const code = error ? (error.code ?? null) : 0;
      if (/Sanitizer|runtime error:/.test(stderr)) return fail(new Error(`zhike ${args.join(' ')}:\n${stderr}`));
      done({ code, signal: error?.signal ?? null, stdout, stderr });
    });
    child.stdin.on('error', () => {}); // a command that ended before it read
    child.stdin.end(options.input ?? '');
  });
}

/** cli that must succeed; the error carries what it printed. */
export async function cliOk(...args) {
  const result = await cli(...args);
  if (result.code !== 0) {
    const words = args.filter((a) => typeof a !== 'object').join(' ');
    throw new Error(`zhike ${words} ended with ${result.code ?? result.signal}\n${result.stderr}${result.stdout}`);
  }
  return result;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Another millisecond has begun: what is ordered by its moment (deleted before the whole, written before the next) has two of them. */
export async function tick() {
  for (const was = Date.now(); Date.now() <= was + 1;) await sleep(1);
}

/** A wait is no measurement: a machine that is busy, or small, is no mistake. No wait for a state gives up before this. */
export const PATIENCE = 60_000;

/**
 * ask(end) gives something until that moment (RFC 3339), and tries it; again with a longer term where the machine did not come to
 * the end of it in time. → what ask() found while the term ran, and when it ends (ms)
 */
export async function whileItRuns(ms, ask) {
  for (; ms < PATIENCE * slow; ms *= 2) {
    const end = Date.now() + ms;
    const found = await ask(new Date(end).toISOString());
    if (Date.now() < end) return { end, found };
  }
  throw new Error(`nothing was asked within ${ms / 2} ms`);
}

/** Calls fn every 50 ms until it returns something true; fails after ms, at least PATIENCE (longer under sanitizers). */
export async function until(fn, ms = PATIENCE, what = 'the condition') {
  ms = Math.max(ms, PATIENCE);
  const end = Date.now() + ms * slow;
  for (;;) {
    const value = await fn();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come true within ${ms * slow} ms`);
    await sleep(50);
  }
}
