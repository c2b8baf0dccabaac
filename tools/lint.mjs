#!/usr/bin/env node
// Runs the readers of the sources and counts what they find: tools/lint.mjs [PART…] [-- FILE…]
//   tidy      clang-tidy with the checks of .clang-tidy       analyzer  gcc -fanalyzer
//   cppcheck  cppcheck, told of json-c by lint/cppcheck.cfg   scan      clang's analyzer, which scan-build runs
//   sql       coccinelle: SQL made of text (lint/sql.cocci), and what it could not read
//   eslint    web/ and test/ by lint/eslint.config.mjs        types     vue-tsc over the page
// A finding judged false stands in tools/lint/judged.txt, one a line:
//   part | file | rule | words of the message or of the source line | reason
// and is not told again; an entry that fits nothing any more is a finding itself. One count a part, exit 1 when
// anything is left. Which files are C and their flags is read from build-dev/compile_commands.json (LINT_BUILD names
// another folder). Files named after -- are read alone, with the flags of a small program, and no entry is called stale.
// What one file gave is kept under .cache/lint by everything the compiler read for it, wherever the tree lies: a second
// run is short, and a run that is stopped goes on where it was.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache/lint');
const jobs = Number(process.env.LINT_JOBS || 2);

const scanChecks = ['core', 'cplusplus', 'deadcode', 'nullability', 'security', 'unix', 'valist', 'optin.portability'];
// memcpy_s and its family are not in any C library of Linux.
const scanWithout = ['security.insecureAPI.DeprecatedOrUnsafeBufferHandling'];

/** Runs a program to its end: {code, out, err}. A program that is not there is an error, not an empty result. */
function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, ...options });
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    child.on('error', (e) => fail(new Error(`${command}: ${e.message}`)));
    child.on('close', (code) => done({ code, out, err }));
  });
}

/** Lines "file:line:column: warning: words [rule]" as findings. */
function parseLines(text, rules = /./) {
  const found = [];
  for (const line of text.split('\n')) {
    const m = /^(.+?):(\d+):(?:\d+:)? (?:warning|error|fatal error): (.*?)(?: \[([^[\]]+)\])?$/.exec(line);
    if (!m || (m[4] && !rules.test(m[4]))) continue;
    found.push({ file: relative(root, resolve(root, m[1])), line: Number(m[2]), message: m[3], rule: (m[4] ?? 'error').replace(/,-warnings-as-errors$/, '') });
  }
  return found;
}

/** The C files of src/ and tools/ with the flags they are built with; those named instead, when there are any. */
function sources(named) {
  if (named.length) return named.filter((f) => f.endsWith('.c')).map((file) => ({ file: resolve(root, file), flags: ['-std=c11', '-D_GNU_SOURCE', `-I${join(root, 'src')}`] }));
  const list = join(root, process.env.LINT_BUILD || 'build-dev', 'compile_commands.json');
  if (!existsSync(list)) throw new Error(`${relative(root, list)} is not there: cmake --preset dev && cmake --build --preset dev`);
  const seen = new Map();
  for (const { file, command } of JSON.parse(readFileSync(list, 'utf8'))) {
    if (!/^(src|tools)\//.test(relative(root, file)) || seen.has(file)) continue;
    const words = [...command.matchAll(/(?:\\.|"[^"]*"|[^\s"\\])+/g)].map((m) => m[0].replace(/\\(.)/g, '$1').replace(/^(-D\w+=)"(.*)"$/, '$1"$2"'));
    const from = words.findIndex((w) => w.startsWith('-'));
    const flags = [];
    for (let i = from; i < words.length; i++) {
      if (['-o', '-c', '-MF', '-MT'].includes(words[i])) i++;
      else if (!['-Werror', '-MD'].includes(words[i])) flags.push(words[i]);
    }
    seen.set(file, { file, flags, command });
  }
  return [...seen.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Runs work over all files, some at a time, and gives every finding once (a header is read with many files). */
async function overFiles(list, work) {
  const once = new Map();
  let next = 0;
  const worker = async () => {
    while (next < list.length) {
      for (const f of await work(list[next++])) once.set(`${f.file}:${f.line}:${f.rule}:${f.message}`, f);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return [...once.values()];
}

/** What a tool finds in one C file, out of the cache where all it would read is as before. */
async function inFile(part, version, { file, flags }, command) {
  const pre = await run('gcc', [...flags, '-E', '-dD', '-C', file]);
  if (pre.code) throw new Error(`${relative(root, file)} cannot be read\n${pre.err}`);
  const read = [part, version, file, ...flags, pre.out].join('\0').replaceAll(root, '.');
  const key = createHash('sha256').update(read).digest('hex');
  const kept = join(cache, part, key);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  const { code, err, found } = await command();
  // a reader that was killed has found nothing because it read nothing: that is not kept
  if (code === null || (code && !found.length)) throw new Error(`${part} did not end on ${relative(root, file)} (${code})\n${err}`);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, JSON.stringify(found));
  return found;
}

const parts = {
  async tidy(named) {
    const rules = readFileSync(join(root, '.clang-tidy'), 'utf8');
    const version = (await run('clang-tidy', ['--version'])).out + rules;
    return overFiles(sources(named), (source) => inFile('tidy', version, source, async () => {
      const { out, err, code } = await run('clang-tidy', ['--quiet', source.file, '--', ...source.flags]);
      return { code, err, found: parseLines(out) };
    }));
  },

  async analyzer(named) {
    const version = (await run('gcc', ['--version'])).out;
    return overFiles(sources(named), (source) => inFile('analyzer', version, source, async () => {
      // not to /dev/null: what is stopped half-way takes its output file away, and root may take that one
      const args = [...source.flags, '-fanalyzer', '-fdiagnostics-plain-output', '-S', source.file, '-o', '-'];
      const { err, code } = await run('gcc', args, { env: { ...process.env, LC_ALL: 'C' } });
      const found = parseLines(err, /-Wanalyzer|^error$/).map((f) => ({ ...f, message: f.message.replace(/ \[CWE-\d+\]$/, '') }));
      return { code, err, found };
    }));
  },

  async scan(named) {
    const version = (await run('clang', ['--version'])).out + [...scanChecks, '-', ...scanWithout].join();
    return overFiles(sources(named), (source) => inFile('scan', version, source, async () => {
      const checks = [...scanChecks.map((c) => ['-analyzer-checker', c]), ...scanWithout.map((c) => ['-analyzer-disable-checker', c])];
      const args = ['--analyze', '--analyzer-output', 'text', ...checks.flat().flatMap((w) => ['-Xclang', w]), ...source.flags, source.file, '-o', '-'];
      const { err, code } = await run('clang', args);
      return { code, err, found: parseLines(err, /^[a-z]+\.|^error$/) };
    }));
  },

  async cppcheck(named) {
    const args = ['--quiet', '-j', String(jobs), '--enable=warning,portability,performance', `--library=${join(root, 'tools/lint/cppcheck.cfg')}`,
      '--suppress=missingIncludeSystem', '--template={file}:{line}:{column}: warning: {message} [{id}]'];
    if (named.length) args.push(...named.filter((f) => f.endsWith('.c')));
    else {
      const store = join(cache, 'cppcheck');
      mkdirSync(store, { recursive: true });
      const project = join(cache, 'cppcheck.json');
      writeFileSync(project, JSON.stringify(sources([]).map(({ file, command }) => ({ directory: root, file, command }))));
      args.push(`--cppcheck-build-dir=${store}`, `--project=${project}`);
    }
    const { err, out, code } = await run('cppcheck', args);
    if (code) throw new Error(`cppcheck ended with ${code}\n${out}${err}`);
    return parseLines(err);
  },

  async sql(named) {
    const read = named.length ? named.filter((f) => f.endsWith('.c')) : ['src'];
    const found = [];
    // what it cannot read it leaves out in silence: that is asked for by itself. Its parser wants more than the usual stack.
    const spatch = (args) => run('prlimit', ['--stack=1073741824:', 'spatch', '--macro-file', 'tools/lint/sql_macros.h', ...args]);
    for (const at of read) {
      const { out, err, code } = await spatch(['--very-quiet', '--no-includes', '--include-headers', '--sp-file', 'tools/lint/sql.cocci', ...(named.length ? [at] : ['--dir', at])]);
      if (code) throw new Error(`spatch ended with ${code}\n${out}${err}`);
      const parsed = await spatch(['--parse-c', at]);
      const told = parsed.out + parsed.err;
      if (parsed.code || !/^nb good = [1-9]/m.test(told)) throw new Error(`spatch --parse-c ended with ${parsed.code}\n${told}`);
      found.push(...parseLines(out));
      for (const [, file, line] of told.matchAll(/^parse error *\n *= *File "([^"]+)", line (\d+)/gm)) found.push({ file: relative(root, resolve(root, file)), line: Number(line), message: 'coccinelle cannot read on', rule: 'unread' });
    }
    return found;
  },

  async eslint(named) {
    const args = [eslintProgram(), '--config', 'tools/lint/eslint.config.mjs', '--format', 'json', '--no-warn-ignored'];
    if (named.length) args.push('--no-ignore', ...named.filter((f) => !f.endsWith('.c')));
    else args.push('--cache', '--cache-strategy', 'content', '--cache-location', join(cache, 'eslint'), 'web', 'test', 'bench', 'tools');
    const { out, err, code } = await run('node', args);
    if (code > 1 || !out.startsWith('[')) throw new Error(`eslint ended with ${code}\n${err}`);
    return JSON.parse(out).flatMap(({ filePath, messages }) => messages.map((m) => (
      { file: relative(root, filePath), line: m.line ?? 1, message: m.message.replace(/\s*\n\s*/g, ' '), rule: m.ruleId ?? 'error' })));
  },

  async types() {
    const { out, code } = await run('node', ['node_modules/vue-tsc/bin/vue-tsc.js', '--noEmit', '--pretty', 'false'], { cwd: join(root, 'web') });
    const found = [...out.matchAll(/^(\S.*?)\((\d+),\d+\): error (TS\d+): (.*)$/gm)].map((m) => (
      { file: relative(root, resolve(root, 'web', m[1])), line: Number(m[2]), rule: m[3], message: m[4] }));
    if (code && !found.length) throw new Error(`vue-tsc ended with ${code}\n${out}`);
    return found;
  },
};

function eslintProgram() {
  const require = createRequire(join(root, 'web/package.json'));
  try {
    return join(dirname(require.resolve('eslint/package.json')), 'bin/eslint.js');
  } catch {
    throw new Error('eslint is not installed: npm ci in web/');
  }
}

/** The entries of judged.txt; a line that is none stops everything. */
export function readJudged(text) {
  return text.split('\n').flatMap((line, i) => {
    if (!line.trim() || line.startsWith('#')) return [];
    const words = line.split('|').map((w) => w.trim());
    if (words.length < 5 || words.some((w) => !w) || !parts[words[0]]) throw new Error(`judged.txt:${i + 1}: part | file | rule | words | reason`);
    return [{ at: i + 1, part: words[0], file: words[1], rule: words[2], words: words[3] }];
  });
}

const lines = new Map();
function sourceLine(file, line) {
  if (!lines.has(file)) lines.set(file, existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8').split('\n') : []);
  return lines.get(file)[line - 1] ?? '';
}

async function main() {
  const args = process.argv.slice(2);
  const split = args.indexOf('--');
  const named = split < 0 ? [] : args.slice(split + 1);
  const asked = (split < 0 ? args : args.slice(0, split));
  const unknown = asked.filter((p) => !parts[p]);
  if (unknown.length) throw new Error(`lint knows ${Object.keys(parts).join(', ')}, not ${unknown.join(', ')}`);
  const judgedFile = join(root, 'tools/lint/judged.txt');
  const judged = existsSync(judgedFile) ? readJudged(readFileSync(judgedFile, 'utf8')) : [];
  let left = 0;
  for (const part of asked.length ? asked : Object.keys(parts)) {
    const started = Date.now();
    const entries = judged.filter((e) => e.part === part);
    const used = new Set();
    const open = [];
    for (const f of await parts[part](named)) {
      const text = `${f.message} ${sourceLine(f.file, f.line)}`;
      const entry = entries.find((e) => e.file === f.file && e.rule === f.rule && text.includes(e.words));
      if (entry) used.add(entry);
      else open.push(`${f.file}:${f.line}: ${f.message} [${f.rule}]`);
    }
    if (!named.length) for (const e of entries) if (!used.has(e)) open.push(`tools/lint/judged.txt:${e.at}: fits no finding any more [${part}]`);
    for (const line of open.sort()) console.log(line);
    console.log(`${part}: ${open.length} findings, ${used.size} judged entries in use, ${Math.round((Date.now() - started) / 1000)} s`);
    left += open.length;
  }
  process.exitCode = left ? 1 : 0;
}

await main().catch((e) => {
  console.error(`lint: ${e.message}`);
  process.exitCode = 2;
});
