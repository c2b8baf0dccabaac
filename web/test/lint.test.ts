// tools/lint.mjs over the page and the tests: eslint and the type checker go red at a planted fault. Those of the
// readers of C are in test/floors/lint.test.mjs.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const top = join(import.meta.dirname, '../..');
const at = mkdtempSync(join(tmpdir(), 'zhike-lint-'));
afterAll(() => rmSync(at, { recursive: true, force: true }));

const tree: Record<string, string> = {
  'web/tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, module: 'ESNext', moduleResolution: 'bundler', skipLibCheck: true, types: [] }, include: ['src'] }),
  'test/bad.mjs': 'const a = 1;\nexport const b = () => missing == a;\n',
  'web/src/bad.ts': 'export function n(): number {\n  let x = 1;\n  return "1";\n}\n',
  'web/src/Bad.vue': '<script setup lang="ts">\nconst rows = [1];\n</script>\n<template><p v-for="r in rows">{{ r }}</p></template>\n',
};

it('goes red at a planted fault', { timeout: 120_000 }, () => {
  for (const folder of ['tools', 'bench']) mkdirSync(join(at, folder));
  writeFileSync(join(at, 'bench/good.mjs'), 'export {};\n');
  for (const [path, text] of Object.entries(tree)) { mkdirSync(dirname(join(at, path)), { recursive: true }); writeFileSync(join(at, path), text); }
  for (const path of ['tools/lint.mjs', 'tools/lint/eslint.config.mjs', 'web/package.json']) cpSync(join(top, path), join(at, path));
  symlinkSync(join(top, 'web/node_modules'), join(at, 'web/node_modules'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(at, 'tools/lint.mjs'), 'eslint', 'types'], { encoding: 'utf8' });
  const said = stdout + stderr;
  expect(said).toMatch(/^test\/bad\.mjs:2: .*\[eqeqeq\]$/m);
  expect(said).toMatch(/^test\/bad\.mjs:2: .*\[no-undef\]$/m);
  expect(said).toMatch(/^web\/src\/bad\.ts:2: .*\[prefer-const\]$/m);
  expect(said).toMatch(/^web\/src\/Bad\.vue:4: .*\[vue\/require-v-for-key\]$/m);
  expect(said).toMatch(/^eslint: [1-9]\d* findings/m);
  expect(said).toMatch(/^web\/src\/bad\.ts:3: .*\[TS2322\]$/m);
  expect(said).toMatch(/^types: 1 findings/m);
  expect(status).toBe(1);
});
