// A fresh PostgreSQL database per server, in the cluster ./dev test started (ZHIKE_TEST_PG_URL).
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cluster = process.env.ZHIKE_TEST_PG_URL;

/** Runs SQL with psql and returns what it prints, unaligned, without headers. */
export async function psql(url, sql) {
  const { stdout } = await run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql]);
  return stdout.trimEnd();
}

/** → {url, drop()} */
export async function createDatabase() {
  if (!cluster) throw new Error('ZHIKE_TEST_PG_URL is not set: run ./dev test, or start a PostgreSQL and name it there');
  const name = `zt_${randomBytes(6).toString('hex')}`;
  await psql(cluster, `CREATE DATABASE ${name}`);
  const url = cluster.replace(/\/[^/?]*(\?|$)/, `/${name}$1`);
  return { url, drop: () => psql(cluster, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => {}) };
}
