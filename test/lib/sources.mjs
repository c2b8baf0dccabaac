// The sources as the tests of test/floors look at them: files, calls with their arguments.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './program.mjs';

const skip = new Set(['node_modules', 'dist', 'out', '.git', '.cache']);

/** The files below a folder of the tree whose names match, as paths relative to the root, sorted. */
export function files(folder, pattern = /./) {
  const found = [];
  const walk = (at) => {
    let entries;
    try { entries = readdirSync(at, { withFileTypes: true }); } catch { return; }
    for (const entry of entries) {
      if (skip.has(entry.name) || /^build(-|$)/.test(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && pattern.test(entry.name)) found.push(relative(root, path));
    }
  };
  walk(join(root, folder));
  return found.sort();
}

export const read = (path) => readFileSync(join(root, path), 'utf8');

/** Comments become blanks of the same shape, so that line numbers stay right. */
export function withoutComments(text) {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (part) => (part[0] === '/' ? part.replace(/[^\n]/g, ' ') : part));
}

/** Every call of name(…) in C text: [{line, args: ["c", "ERR_X", …]}]. */
export function calls(text, name) {
  const clean = withoutComments(text);
  const found = [];
  for (const match of clean.matchAll(new RegExp(`\\b${name}\\s*\\(`, 'g'))) {
    const args = [];
    let depth = 1, from = match.index + match[0].length, i = from;
    for (; i < clean.length && depth; i++) {
      const ch = clean[i];
      if (ch === '"' || ch === "'") {
        for (i++; i < clean.length && clean[i] !== ch; i++) if (clean[i] === '\\') i++;
      } else if ('([{'.includes(ch)) depth++;
      else if (')]}'.includes(ch)) { if (--depth === 0) args.push(clean.slice(from, i).trim()); }
      else if (ch === ',' && depth === 1) { args.push(clean.slice(from, i).trim()); from = i + 1; }
    }
    found.push({ line: clean.slice(0, match.index).split('\n').length, args });
  }
  return found;
}

/** The text literals inside a piece of C, adjacent ones joined. */
export function literals(code) {
  return [...code.matchAll(/"((?:[^"\\]|\\.)*)"(?:\s*"((?:[^"\\]|\\.)*)")*/g)]
    .map((m) => [...m[0].matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((p) => p[1]).join(''));
}

/** A file of JSON with // comments and trailing commas. */
export function parseJsonc(text) {
  const clean = text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|,(?=\s*(?:\/\/[^\n]*\s*)*[}\]])/g,
    (part) => (part[0] === '"' ? part : ''));
  return JSON.parse(clean);
}

/** The list must be empty; when it is not, the whole of it is shown, a line each. */
export function none(list, what = 'found') {
  if (list.length) assert.fail(`${what}:\n${list.join('\n')}`);
}
