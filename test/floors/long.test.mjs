// ./dev long: what it is not told to know it refuses by name, and every part it lists has a function that runs it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/program.mjs';

const text = readFileSync(join(root, 'dev'), 'utf8');
const parts = /^LONG_PARTS="([^"]+)"$/m.exec(text)[1].split(' ');

test('every part of the long run has its function, and none is without a name', () => {
  const functions = [...text.matchAll(/^part_(\w+)\(\)/gm)].map((m) => m[1]);
  assert.deepEqual(functions.sort(), [...parts].sort());
});

test('a part nobody knows is refused before anything is built', () => {
  for (const word of ['nonsense', 'kil:clock']) {
    const { status, stderr } = spawnSync(join(root, 'dev'), ['long', 'lint', word], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [1, `dev: ./dev long knows ${parts.join(' ')}, each alone or as part:piece\n`]);
  }
});

// The loop itself, with parts of its own in the place of those that take hours.
test('a part that ends badly keeps none of the others from running, and each is told with what it did', () => {
  const [loop] = /^ {2}for part in "\$\{parts\[@\]\}"; do\n {4}one=\n[\s\S]*?\n {2}done\n/m.exec(text);
  const script = `set -euo pipefail
STAGE=$(mktemp -d) REPORT=$STAGE/report OUT=$STAGE ROOT=$STAGE SECONDS=0 passed=0 failed=0 job=
cgroup_stop() { :; }
parts=(good bad:piece dead none good)
part_good() { passed=$((passed + 3)); echo "good $1" >>"$REPORT"; }
part_bad() { passed=$((passed + 1)); failed=$((failed + 2)); echo "bad $1" >>"$REPORT"; }
part_dead() { passed=$((passed + 1)); false; echo 'never' >>"$REPORT"; }
part_none() { :; }
long() {
  local part one code p f
${loop}}
long >"$STAGE/said"
cat "$REPORT"
echo "$passed $failed"
rm -r "$STAGE"
`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const lines = stdout.replace(/^(== [\w:]+), begun .*$/gm, '$1').split('\n').map((l) => l.trim());
  assert.deepEqual(lines, ['== good', 'good', 'good: 3 passed, 0 failed', '== bad:piece', 'bad piece', 'bad:piece: 1 passed, 2 failed',
    '== dead', 'dead: it ended with 1 before it was through, or had nothing to run', 'dead: 1 passed, 1 failed',
    '== none', 'none: it ended with 0 before it was through, or had nothing to run', 'none: 0 passed, 1 failed',
    '== good', 'good', 'good: 3 passed, 0 failed', '8 4', ''], stderr);
});
