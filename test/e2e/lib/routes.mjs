// Every route of the page, read from its router, so that a test of all of them forgets none: [{name, path}] with the
// parameters filled in. A parameter nobody knows here fails the test that asks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/program.mjs';

/** fill: {plural: [texts], id: {…}} what stands in for ":name"; a list makes a route for each. */
export function routesOfPage(fill) {
  const text = readFileSync(join(root, 'web/src/router.ts'), 'utf8');
  const found = [...text.matchAll(/\{ path: '([^']*)', name: '([^']+)'/g)].map(([, path, name]) => ({ path, name }));
  if (found.length < 20) throw new Error('the router is not read as it is written');
  let parent = '';
  const out = [];
  for (const { path, name } of found) {
    const whole = path.startsWith('/') ? path : path === 'new' ? `${parent}/new` : `/${path}`;
    if (path !== 'new') parent = whole;
    out.push(...filled(whole, fill).map((p, i) => ({ name: i ? `${name} ${p}` : name, path: p })));
  }
  return out;
}

function filled(path, fill) {
  const param = /:(\w+)(\([^)]*\))?\*?/.exec(path);
  if (!param) return [path];
  const values = fill[param[1]];
  if (values === undefined) throw new Error(`${path}: say in the test what stands in for :${param[1]}`);
  return [values].flat().flatMap((v) => filled(path.replace(param[0], v), fill));
}
