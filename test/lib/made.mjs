// A data folder with the people of company.mjs (and customers of `zhike demo`) that is made once for a program and copied
// for each server of the tests: hashing the passwords and making the customers took two seconds of each file.
// It lies beside the program; a program that was built anew makes its own, and so does each half hour, for what is in it
// bears dates. Only SQLite, whose data is the folder.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { companyFile } from './company.mjs';
import { program, root, slow } from './program.mjs';

const HALF_HOUR = 1_800_000;

/** Copies it to dir and gives the password of its admin; null where nothing may be written beside the program. */
export function copyMade(dir, demo) {
  const home = join(dirname(program), 'made'), { mtimeMs, size } = statSync(program);
  const of = createHash('sha256').update(`${mtimeMs} ${size} ${Math.floor(Date.now() / HALF_HOUR)} ${JSON.stringify(companyFile())}`).digest('hex').slice(0, 12);
  const made = join(home, `${of}-${demo}`);
  if (!existsSync(made)) {
    try { mkdirSync(home, { recursive: true }); accessSync(home, constants.W_OK); } catch { return null; }
    make(home, of, made, demo);
  }
  cpSync(join(made, 'data'), dir, { recursive: true, preserveTimestamps: true });
  return readFileSync(join(made, 'password'), 'utf8').trim();
}

/** Made aside and then named: of two files that make it at a time one is taken. */
function make(home, of, made, demo) {
  for (const name of readdirSync(home)) // old ones, which nobody copies any more
    if (Date.now() - (statSync(join(home, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > 4 * HALF_HOUR) rmSync(join(home, name), { recursive: true, force: true });
  const aside = join(home, `aside-${of}-${process.pid}`), run = (...args) =>
    execFileSync(program, [...args, '--data', join(aside, 'data')], { cwd: root, timeout: 600_000 * slow, stdio: ['ignore', 'ignore', 'pipe'] });
  mkdirSync(aside, { mode: 0o700 });
  writeFileSync(join(aside, 'password'), `Aa1-${randomBytes(12).toString('base64url')}\n`, { mode: 0o600 });
  writeFileSync(join(aside, 'users.json'), JSON.stringify(companyFile()));
  run('init', '--admin-password-file', join(aside, 'password'));
  if (demo) run('demo', '--customers', String(demo));
  run('user', 'import', join(aside, 'users.json'));
  try { renameSync(aside, made); } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(made)) throw error;
  }
}
