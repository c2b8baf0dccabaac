// tools/mutants/draw.mjs: which small changes a file allows, and that a seed always gives the same row.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, changesOf, masked, shuffled } from '../../tools/mutants/draw.mjs';

const text = `/* a < b */
static const int table[] = {1, 2};
#define MANY 7

static int f(int a, char *s)
{
    int n = 0; // a == b
    if (a < 3 && !s)
        leave("a + b", '!');
    while (a > n)
        n++;
    s->at = n;
    return n - 1;
}
`;
const of = (kind) => changesOf('x.c', text).filter((c) => c.kind === kind);

test('comments, texts and lines of the preprocessor are no code, and offsets stay', () => {
  assert.equal(masked(text).length, text.length);
  assert.doesNotMatch(masked(text), /a < b|MANY|a \+ b|a == b/);
});

test('each kind of change is found in bodies only, and does what it says', () => {
  assert.deepEqual(of('relation').map((c) => [c.line, c.from, c.to]), [[8, '<', '<='], [10, '>', '>=']]);
  assert.deepEqual(of('logic').map((c) => c.to), ['||']);
  assert.deepEqual(of('not').map((c) => c.line), [8]);
  assert.deepEqual(of('number').map((c) => [c.line, c.to]), [[7, '1'], [8, '4'], [13, '2']]);
  assert.deepEqual(of('arithmetic').map((c) => [c.line, c.to]), [[13, '+']]);
  assert.deepEqual(of('step').map((c) => c.to), ['--']);
  assert.deepEqual(of('call left out').map((c) => c.line), [9]);
  assert.deepEqual(of('assignment left out').map((c) => c.line), [12]);
  const [turned] = of('condition turned round');
  assert.equal(applied(text, turned).split('\n')[7], '    if (!(a < 3 && !s))');
});

test('the same seed gives the same row, another seed another', () => {
  const all = changesOf('x.c', text), row = (seed) => shuffled(all, seed).map((c) => c.at).join();
  assert.equal(row(4), row(4));
  assert.notEqual(row(4), row(5));
  assert.deepEqual(shuffled(all, 4).map((c) => c.at).sort(), all.map((c) => c.at).sort());
});
