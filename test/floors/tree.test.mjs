// The tree as a whole: each folder says what it is, no third-party source, no trace of one machine,
// exact pins in the lock files.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/program.mjs';
import { files, none, read } from '../lib/sources.mjs';

const floors = ['base', 'db', 'meta', 'auth', 'record', 'domain', 'work', 'http', 'app'];

test('src has the floors of DESIGN.md and nothing else', () => {
  const found = readdirSync(join(root, 'src')).filter((name) => statSync(join(root, 'src', name)).isDirectory());
  none(found.filter((name) => !floors.includes(name)));
});

for (const folder of [...floors.map((floor) => `src/${floor}`), 'tools', 'test'])
  test(`${folder} has a README of at most forty lines`, () => {
    assert.ok(existsSync(join(root, folder, 'README.md')), 'no README.md');
    const lines = read(`${folder}/README.md`).trimEnd().split('\n').length;
    assert.ok(lines <= 40, `${lines} lines`);
  });

test('every test script opens with a comment', () => {
  const bad = files('test', /\.mjs$/).filter((file) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(file)));
  none(bad);
});

test('no file names a folder of one machine', () => {
  const trace = /\/[w]ork\/(main|shared)|\/[r]oot\/|\/[h]ome\/[a-z]+\//;
  const bad = files('.', /\.(c|h|md|mjs|ts|vue|json|txt|sh|yml)$|^(dev|run|CMakeLists\.txt)$/)
    .filter((file) => statSync(join(root, file)).size < 2_000_000 && trace.test(read(file)));
  none(bad);
});

test('lock files name no registry and pin exactly', () => {
  for (const folder of ['web', 'test']) {
    if (!existsSync(join(root, folder, 'package.json'))) continue;
    assert.doesNotMatch(read(`${folder}/package-lock.json`), /"resolved"/, folder);
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(`${folder}/package.json`));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, v]) => !/^\d+\.\d+\.\d+$/.test(v));
    none(loose, folder);
  }
});
