// docs/security.md keeps its word: each number of the threat table and of the bar that applies stands there once, with
// a test that exists or with what is open, and every file it names is there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/program.mjs';
import { none, read } from '../lib/sources.mjs';

const range = (letter, ...spans) => spans.flatMap(([from, to = from]) => Array.from({ length: to - from + 1 }, (_, i) => `${letter}${letter === 'C' ? String(from + i).padStart(2, '0') : from + i}`));
const WANTED = [...range('C', [1, 9], [13, 21], [29, 33], [41, 43], [46]), ...range('G', [1, 9], [13, 28], [31], [33, 35], [47, 53])];
const rows = read('docs/security.md').split('\n').map((line) => /^\| ([CG]\d+) \| (.+) \|$/.exec(line)).filter(Boolean).map(([, id, rest]) => ({ id, rest, last: rest.split(' | ').at(-1) }));

test('every number that applies stands once', () => assert.deepEqual(rows.map((r) => r.id).sort(), [...WANTED].sort()));

test('each has a test, or says that it is open', () =>
  none(rows.filter((r) => !/`(test|fuzz|tools|bench)\/|`\.\/dev (long|lint)`|\bopen\b/.test(r.last)).map((r) => r.id)));

test('each countermeasure says where it is', () =>
  none(rows.filter((r) => r.id.startsWith('C') && !/`(src|fuzz|debian)\//.test(r.rest.split(' | ').slice(0, -1).join())).map((r) => r.id)));

test('what is named is there', () =>
  none([...read('docs/security.md').matchAll(/`((?:src|test|fuzz|tools|debian|bench)\/[^`\s]*)`/g)].map((m) => m[1]).filter((path) => !existsSync(join(root, path)))));
