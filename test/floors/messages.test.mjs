// Every sentence a person reads exists in both languages, with the same places, and every key the
// sources name exists.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calls, files, literals, none, read } from '../lib/sources.mjs';

function catalogue(lang) {
  const all = new Map();
  const twice = [];
  const parts = files('messages', new RegExp(`(^|\\.)${lang}\\.json$`));
  for (const file of parts)
    for (const [key, text] of Object.entries(JSON.parse(read(file)))) {
      if (all.has(key)) twice.push(`${key} in ${file}`);
      all.set(key, text);
    }
  return { all, twice, parts };
}
const zh = catalogue('zh'), en = catalogue('en');

test('the catalogue has texts', () => assert.ok(zh.all.size > 50));
test('no key is given twice', () => none([...zh.twice, ...en.twice]));
test('both languages have the same keys', () => {
  none([...zh.all.keys()].filter((key) => !en.all.has(key)), 'missing in en');
  none([...en.all.keys()].filter((key) => !zh.all.has(key)), 'missing in zh');
});
test('both languages use the same places {1}, {2} …', () => {
  const places = (text) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort().join(' ');
  none([...zh.all].filter(([key, text]) => en.all.has(key) && places(text) !== places(en.all.get(key)))
    .map(([key]) => key));
});
test('a Chinese text has Chinese in it, an English one has none', () => {
  const han = /\p{Script=Han}/u;
  none([...en.all].filter(([key, text]) => han.test(text.replace(/[\d.]+[万亿]|["“‘'(][^"”’')]*["”’')]/g, '')) && !/lang|language/.test(key)).map(([key]) => key));
});
test('every error code has its default sentence', () => {
  const codes = read('data/errors.txt').split('\n').filter((line) => /^[a-z]/.test(line)).map((line) => line.split(/\s+/)[0]);
  assert.ok(codes.length > 30);
  none(codes.filter((code) => !zh.all.has(`err.${code}`)));
});

/* where the key stands among the arguments of each function that takes one */
const takesKey = { ctx_fail: 3, ctx_fail_detail: 3, msg_text: 1, msg_format: 2 };
test('every key named in the sources exists', () => {
  const bad = [];
  let seen = 0;
  for (const file of files('src', /\.c$/)) {
    const text = read(file);
    for (const [name, place] of Object.entries(takesKey))
      for (const { line, args } of calls(text, name))
        for (const key of literals(args[place] ?? '').filter((literal) => /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(literal))) {
          seen++;
          if (!zh.all.has(key)) bad.push(`${file}:${line}: ${key}`);
        }
    for (const match of text.matchAll(/"(err\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)"/g))
      if (!zh.all.has(match[1])) {
        const line = text.slice(0, match.index).split('\n').length;
        if (!bad.includes(`${file}:${line}: ${match[1]}`)) bad.push(`${file}:${line}: ${match[1]}`);
      }
  }
  assert.ok(seen > 10, 'the search for keys finds none any more');
  none(bad);
});
test('a message gets as many texts as it has places', () => {
  const bad = [];
  for (const file of files('src', /\.c$/))
    for (const { line, args } of calls(read(file), 'ctx_fail')) {
      const keys = literals(args[3] ?? '');
      if (keys.length !== 1 || args[3] !== `"${keys[0]}"` || !zh.all.has(keys[0])) continue;
      const places = new Set(zh.all.get(keys[0]).match(/\{\d\}/g) ?? []).size;
      if (args.length - 4 < places) bad.push(`${file}:${line}: ${keys[0]} has ${places} places, ${args.length - 4} texts are given`);
    }
  none(bad);
});
