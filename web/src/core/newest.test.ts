// Answers in any order: the one that was asked for last stands.
import { expect, it } from 'vitest';
import { later } from '../../test/server';
import { newest } from './newest';

it('who asked first gets what was asked for last', async () => {
  const latest = newest(), first = later<string>(), second = later<string>(), said: string[] = [];
  const shown = Promise.all([first, second].map(async (one) => { said.push(await latest(one.promise)); }));
  second.keep('new');
  await new Promise((done) => setTimeout(done));
  first.keep('old');
  await shown;
  expect(said).toEqual(['new', 'new']);
});
it('an older reading that fails is no failure, the last one is', async () => {
  const latest = newest(), wrong = () => Promise.reject(new Error('gone'));
  const first = latest(wrong()), second = latest(Promise.resolve('new'));
  expect(await Promise.all([first, second])).toEqual(['new', 'new']);
  await expect(latest(wrong())).rejects.toThrow('gone');
});
