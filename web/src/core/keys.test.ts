import { beforeEach, expect, test } from 'vitest';
import { keyOf, pressed, takenBy } from './keys';
import { me, type Me } from './session';

const as = (keys: Record<string, string>) => { me.value = { prefs: { keys } } as unknown as Me; };
beforeEach(() => as({}));

test('keys are as they come', () => {
  expect(pressed({ key: 'n' })).toBe('n');
  expect(pressed({ key: 'q' })).toBe('q');
  expect(keyOf('edit')).toBe('e');
});
test('an action moved leaves its old key to nobody, or to the one that took it', () => {
  as({ new: 'c', edit: 'n' });
  expect(pressed({ key: 'c' })).toBe('n');
  expect(pressed({ key: 'n' })).toBe('e');
  expect(pressed({ key: 'e' })).toBe('');
});
test('one key, one action', () => {
  expect(takenBy('new', 'e')).toBe('edit');
  expect(takenBy('new', 'n')).toBe(null);
  expect(takenBy('new', 'g')).toBe('g');
});
