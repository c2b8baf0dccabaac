// docs/structure.md lists the files over 500 lines as they are: a file that grows past it is looked at, not overlooked.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/program.mjs';
import { files } from '../lib/sources.mjs';

const lines = (file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1;

test('files over 500 lines are listed with their reason', () => {
  const listed = new Set([...readFileSync(join(root, 'docs/structure.md'), 'utf8').matchAll(/^\| `(src\/[^`]+)` \|/gm)].map((m) => m[1]));
  const long = files('src').filter((file) => /\.[ch]$/.test(file) && lines(file) > 500);
  assert.ok(long.length > 0);
  assert.deepEqual(long.filter((file) => !listed.has(file)), []);
  assert.deepEqual([...listed].filter((file) => !long.includes(file)), []);
});

test('no function of src/ has more than 80 lines', () => {
  const found = [];
  for (const file of files('src').filter((name) => name.endsWith('.c'))) {
    let from = 0;
    readFileSync(join(root, file), 'utf8').split('\n').forEach((line, i) => {
      if (line.startsWith('{')) from = i;
      else if (line.startsWith('}')) {
        if (from && i - from - 1 > 80) found.push(`${file}:${from + 1}: ${i - from - 1} lines`);
        from = 0;
      }
    });
  }
  assert.deepEqual(found, []);
});
