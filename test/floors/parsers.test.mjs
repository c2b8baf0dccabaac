// Every file of src/ that reads text or bytes of others has a fuzz program, or a reason why it needs none
// (fuzz/parsers.txt); each program has seeds; each find is replayed by ctest.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/index.mjs';

/** What reads: numbers out of text, JSON, XML, HTML, encodings, archives, pictures, characters one by one. */
const reads = /\b(strto(l|ll|ul|ull|d)|[sf]scanf|whole_number|whole_cursor|json_read(_relaxed)?|json_tokener_parse(_ex)?|XML_Parse(Buffer)?|htmlNewParserCtxt|iconv|inflate|crypt_from_base64url|crypt_from_hex|crypt_open|cp_next|utf8_next|pcre2_match|request_json(_or_empty)?|MHD_post_process|zip_fopen_index|zip_open_from_source|png_create_read_struct|jpeg_read_header|WebPDecode\w*)\(/;
/** A function whose name says that it reads. */
const named = /^(static )?[A-Za-z][\w *]*?\b\w*(parse|sniff|decode|split|unescape|detect|guess|unguard|_clean|_valid|_cookie|_norm)\w*\([^;]*$/m;
const isParser = (text) => { const code = text.replace(/\/\*[^]*?\*\//g, ''); return reads.test(code) || named.test(code); };

const files = (dir) => readdirSync(join(root, dir), { withFileTypes: true })
  .flatMap((f) => (f.isDirectory() ? files(`${dir}/${f.name}`) : f.name.endsWith('.c') ? [`${dir}/${f.name}`] : []));

/** What is wrong: sources {"base/x.c": text}, list: the text of parsers.txt, programs {what: text of fuzz_what.c}, seeds: names. */
export function findings(sources, list, programs, seeds) {
  const wrong = [], rows = new Map(), used = new Set();
  for (const line of list.split('\n').filter((l) => l && !l.startsWith('#'))) {
    const [file, ...rest] = line.trim().split(/\s+/);
    if (rows.has(file)) wrong.push(`${file} stands twice`);
    rows.set(file, rest);
    if (!(file in sources)) wrong.push(`${file} is no file`);
    else if (!isParser(sources[file])) wrong.push(`${file} reads nothing any more`);
    if (rest[0] === '-') {
      if (rest.length < 3) wrong.push(`${file}: no reason`);
      for (const path of rest.join(' ').match(/test\/[\w/.]+\.mjs/g) ?? []) if (!existsSync(join(root, path))) wrong.push(`${file}: ${path} is not there`);
      continue;
    }
    const call = rest.at(-1), targets = rest.slice(0, -1);
    if (!targets.length) wrong.push(`${file}: no target`);
    for (const t of targets) {
      used.add(t);
      if (!(t in programs)) wrong.push(`${file}: there is no fuzz/fuzz_${t}.c`);
    }
    if (!targets.some((t) => new RegExp(`\\b${call}\\b`).test(programs[t] ?? ''))) wrong.push(`${file}: ${targets} calls no ${call}`);
  }
  for (const [file, text] of Object.entries(sources)) if (isParser(text) && !rows.has(file)) wrong.push(`${file} reads, and has no row in fuzz/parsers.txt`);
  for (const t of Object.keys(programs)) {
    if (!seeds.includes(t)) wrong.push(`fuzz_${t} has no seeds`);
    if (!/\bLLVMFuzzerTestOneInput\b/.test(programs[t])) wrong.push(`fuzz_${t} is no fuzz program`);
  }
  return wrong;
}

const sources = Object.fromEntries(files('src').map((f) => [f.slice(4), readFileSync(join(root, f), 'utf8')]));
const programs = Object.fromEntries(readdirSync(join(root, 'fuzz')).map((f) => /^fuzz_(\w+)\.c$/.exec(f)?.[1]).filter(Boolean)
  .map((what) => [what, readFileSync(join(root, `fuzz/fuzz_${what}.c`), 'utf8')]));
const list = readFileSync(join(root, 'fuzz/parsers.txt'), 'utf8');
const seeds = readdirSync(join(root, 'fuzz/corpus')).filter((d) => readdirSync(join(root, 'fuzz/corpus', d)).length);

test('every parser is on the list, with a fuzz program or a reason', () => {
  assert.deepEqual(findings(sources, list, programs, seeds), []);
  assert.ok(list.split('\n').length > 90);
});

test('every find is replayed: each folder of fuzz/found belongs to a program', () => {
  for (const what of readdirSync(join(root, 'fuzz/found'))) {
    assert.ok(what in programs, `fuzz/found/${what} is replayed by nothing`);
    assert.ok(readdirSync(join(root, 'fuzz/found', what)).length, `fuzz/found/${what} is empty`);
  }
  const cmake = readFileSync(join(root, 'CMakeLists.txt'), 'utf8');
  assert.match(cmake, /COMMAND fuzz_\$\{what\} fuzz\/corpus\/\$\{what\} fuzz\/found\/\$\{what\}/);
});

test('the check sees each sin', () => {
  const reader = 'int x(void)\n{\n    return (int)strtol("1", NULL, 10);\n}\n', quiet = 'int y(void)\n{\n    return 1;\n}\n';
  const fuzz = { a: 'int LLVMFuzzerTestOneInput(void) { x(); }' };
  const sins = (s, l, p = fuzz, d = ['a']) => findings(s, l, p, d).join('; ');
  assert.equal(sins({ 'base/x.c': reader, 'base/y.c': quiet }, 'base/x.c a x\n'), '');
  assert.match(sins({ 'base/x.c': reader }, ''), /has no row/);
  assert.match(sins({ 'base/x.c': 'static bool thing_parse(const char *s)\n{\n}\n' }, ''), /has no row/);
  assert.match(sins({ 'base/x.c': '/* strtol( */\n' }, 'base/x.c a x'), /reads nothing any more/);
  assert.match(sins({}, 'base/x.c a x'), /is no file/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c b x'), /no fuzz\/fuzz_b.c/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c a z'), /calls no z/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c -'), /no reason/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c - see test/api/nothing_of_the_kind.test.mjs here'), /is not there/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c a x', fuzz, []), /no seeds/);
  assert.match(sins({ 'base/x.c': reader }, 'base/x.c a x\nbase/x.c a x'), /stands twice/);
});
