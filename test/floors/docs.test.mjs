// The documents stay true in what a script can see: links lead somewhere, files they name are there, every
// folder of src says what it is, decisions are numbered without a hole.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/program.mjs';
import { files, none, read } from '../lib/sources.mjs';

const pages = files('.', /\.md$/).filter((file) => !/node_modules|^build|^web\/dist|^test\/out/.test(file));
const made = ['docs/picture.png']; // may be missing while the page is being built
const example = /equipment|<|\*|…/; // of a recipe

test('there are documents', () => assert.ok(pages.length > 20, String(pages.length)));

test('links lead to a file', () => {
  const bad = [];
  for (const page of pages)
    for (const [, to] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(to)) continue;
      const path = join(dirname(page), to);
      if (!existsSync(join(root, path)) && !made.includes(path)) bad.push(`${page}: ${to}`);
    }
  none(bad);
});

test('files that are named are there', () => {
  const bad = [];
  for (const page of pages)
    for (const [, path] of read(page).matchAll(/`((?:src|docs|test|tools|data|entities|web|fuzz|bench)\/[^`\s]+\.[a-z]+)`/g))
      if (!example.test(path) && !/[{}]/.test(path) && !existsSync(join(root, path))) bad.push(`${page}: ${path}`);
  none(bad);
});

test('files that the README of a folder names are in that folder, or on the floor it names', () => {
  const bad = [];
  for (const page of pages.filter((file) => /^src\/.*README\.md$/.test(file)))
    for (const [, name] of read(page).matchAll(/`([a-z_]+(?:\/[a-z_]+)*\.[ch])`/g)) {
      const places = [join(dirname(page), name), join('src', name), name];
      if (!places.some((path) => existsSync(join(root, path))) && !/^(entity_ids|err_codes|hooks_gen)/.test(name)) bad.push(`${page}: ${name}`);
    }
  none(bad);
});

test('every folder of src has a README of at most forty lines', () => {
  const walk = (folder) => [folder, ...readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
    .filter((path) => statSync(join(root, path)).isDirectory()).flatMap(walk)];
  const bad = walk('src').filter((folder) => !existsSync(join(root, folder, 'README.md')) ||
    read(`${folder}/README.md`).trimEnd().split('\n').length > 40);
  none(bad);
});

test('decisions are numbered without a hole and have their four parts', () => {
  const all = readdirSync(join(root, 'docs/adr')).filter((name) => name.endsWith('.md')).sort();
  all.forEach((name, i) => assert.ok(name.startsWith(String(i + 1).padStart(4, '0')), name));
  const bad = all.filter((name) => !/\*\*Question/.test(read(`docs/adr/${name}`)) || !/\*\*Choice/.test(read(`docs/adr/${name}`)) ||
    !/What would change our mind/.test(read(`docs/adr/${name}`)));
  none(bad);
});
