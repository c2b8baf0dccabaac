#!/usr/bin/env node
// Tries the tests (G50): makes small changes to functions of src/ at random, one at a time, and lets those tests run that
// reach the changed line. A change nobody notices is a missing test, or one that changes nothing (mutants/equal.txt).
//   tools/mutants.mjs [--seed N] [--count N] [--tries N] [--api N] [--jobs N] [--goal %] [--tree FOLDER] [--cover FOLDER] [--again] [-- COMMAND…]
// The tree is never changed: the changed text is compiled to an object of its own, which is linked before the archives of
// build/. A change the compiler refuses, or that gives the very same object, is none, and the next of the row is taken.
// C tests come first, then API tests, those that sound like the file before others; one that fails ends it. --tries and
// --api are how many C programs and API files are asked at most. COMMAND stands before each test (./dev: another user). Files that end, split or
// lock up processes are left out. What is known is kept in .cache/mutants, so a run that is stopped goes on; --again tries
// those that survived once more. Which tests reach a line is known from ./dev long cover of the same sources.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { applied, changesOf, shuffled } from './mutants/draw.mjs';
import { reaching, readReach } from './mutants/reach.mjs';

const exec = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const number = (otherwise) => ({ type: 'string', default: otherwise });
const { values: told, positionals: tester } = parseArgs({ allowPositionals: true, options: {
  seed: number('1'), count: number('200'), tries: number('8'), api: number('8'), jobs: number('2'), goal: number('0'),
  tree: { type: 'string', default: root }, cover: { type: 'string', default: join(root, '.cache/cover') }, again: { type: 'boolean', default: false },
} });
const build = join(root, 'build');
const kept = join(root, '.cache/mutants');
const work = mkdtempSync(join(tmpdir(), 'mutants-'));
chmodSync(work, 0o755);
mkdirSync(kept, { recursive: true });
const running = new Set();
function endGroup(pid) {
  try { process.kill(-pid, 'SIGKILL'); } catch { /* nothing is left of it */ }
}
process.on('exit', () => {
  for (const pid of running) endGroup(pid);
  rmSync(work, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
if (!tester.length) tester.push('env');

// ---- what is built ------------------------------------------------------------------------------------------

const commands = (target) => execFileSync('ninja', ['-C', build, '-t', 'commands', '-s', target], { encoding: 'utf8', maxBuffer: 64 << 20 }).trim();
const compileOf = new Map(JSON.parse(execFileSync('ninja', ['-C', build, '-t', 'compdb'], { encoding: 'utf8', maxBuffer: 256 << 20 }))
  .filter((e) => e.file.startsWith(join(root, 'src/')) && e.output.endsWith('.o')).map((e) => [e.file.slice(root.length + 1), e]));
const linkOf = new Map();

/** Compiles the text of a file; the object's path, or null when the compiler refuses it. */
async function compile(file, text, folder, name) {
  const source = join(folder, basename(file)), object = join(folder, name);
  writeFileSync(source, text);
  const { command, file: path, output } = compileOf.get(file);
  const line = command.replace(/^ccache /, '').replaceAll(/ -(?:MF|MT) \S+/g, '').replace(' -MD', '').replace(' -Werror', ' -w').replace(' -g ', ' ')
    .replaceAll(output, object).replaceAll(path, source);
  try {
    await exec('sh', ['-c', `exec ${line} -iquote ${dirname(path)}`], { cwd: build, maxBuffer: 16 << 20 });
    return object;
  } catch {
    return null;
  } finally {
    rmSync(source);
  }
}

/** Links a program of build/ with the changed object before the archives; returns its path. */
async function link(target, file, object, folder) {
  if (!linkOf.has(target)) linkOf.set(target, commands(target).replace(/^: && /, '').replace(/ && :$/, ''));
  const own = compileOf.get(file).output, to = join(folder, target);
  let line = linkOf.get(target).replace(` -o ${target} `, ` -Wl,-S -o ${to} `);
  line = line.includes(` ${own} `) ? line.replace(` ${own} `, ` ${object} `) : line.replace(` -o ${to} `, ` ${object} -o ${to} `);
  await exec('sh', ['-c', line], { cwd: build, maxBuffer: 16 << 20 });
  return to;
}

// ---- what is run --------------------------------------------------------------------------------------------

/** Runs a test to its end, or to its first failure, or kills it with all it started: true when it passes. */
function passes(args, seconds, env) {
  return new Promise((done) => {
    const [command, ...rest] = [...tester, ...env, 'prlimit', '--core=0', '--fsize=4294967296', '--cpu=600:unlimited', ...args];
    const child = spawn(command, rest, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    let ok = true, tail = '';
    const end = () => {
      ok = false;
      endGroup(child.pid);
    };
    running.add(child.pid);
    const timer = setTimeout(end, seconds * 1000);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      tail = (tail + text).slice(-4000);
      if (/^not ok |^ *\[ {2}FAILED {2}\]/m.test(tail)) end();
    });
    child.on('error', () => { ok = false; });
    child.on('exit', (code) => {
      clearTimeout(timer);
      endGroup(child.pid);
      running.delete(child.pid);
      done(ok && code === 0);
    });
  });
}

const isC = (test) => test.startsWith('c/');
const programOf = (test) => (isC(test) ? test.slice(2) : 'zhike');
const corpus = (name) => (name.startsWith('fuzz_') ? ['corpus', 'found'].map((f) => join(root, 'fuzz', f, name.slice(5))) : []);
const programs = execFileSync('ninja', ['-C', build, '-t', 'targets', 'all'], { encoding: 'utf8', maxBuffer: 64 << 20 })
  .split('\n').map((l) => l.split(':')[0]).filter((n) => /^(unit|fuzz)_\w+$/.test(n)).sort();
const folderOf = (name) => ['api', 'walk'].find((f) => existsSync(join(told.tree, 'test', f, name)));

function runTest(test, program, folder, seconds) {
  const tmp = join(folder, `tmp-${Math.random().toString(36).slice(2)}`);
  mkdirSync(tmp);
  chmodSync(tmp, 0o1777);
  const [engine, name] = test.split('/');
  const env = [`TMPDIR=${tmp}`, `ZHIKE_BIN=${program}`, `ZHIKE_TEST_ENGINE=${engine === 'pg' ? 'pg' : 'sqlite'}`];
  const args = isC(test) ? [program, ...corpus(name)] : [process.execPath, '--test', '--test-reporter=tap', join(told.tree, 'test', folderOf(name), name)];
  return passes(args, seconds, env).finally(() => rmSync(tmp, { recursive: true, force: true }));
}

/** How long a test takes where nothing is changed; null when it fails there, and is no judge. */
const plain = new Map();
function plainTime(test) {
  if (!plain.has(test)) {
    plain.set(test, (async () => {
      const started = Date.now();
      const ok = await runTest(test, join(build, programOf(test)), work, 300);
      if (!ok) console.log(`  ${test} fails without any change: not asked`);
      return ok ? (Date.now() - started) / 1000 : null;
    })());
  }
  return plain.get(test);
}

// ---- one change ----------------------------------------------------------------------------------------------

const words = (path) => new Set(basename(path).replace(/\..*$/, '').split(/[_-]/).concat(path.split('/').slice(1, -1)).map((w) => w.replace(/s$/, '')));
function alike(file, test) {
  const of = words(file);
  return [...words(`x/${test.replace(/^c\/(unit|fuzz)_/, '')}`)].filter((w) => of.has(w)).length;
}

const floors = ['base', 'db', 'meta', 'auth', 'record', 'domain', 'work', 'http', 'app'];
const targets = new Map(readFileSync(join(root, 'fuzz/parsers.txt'), 'utf8').split('\n').filter((l) => /^\w/.test(l) && !/^\S+\s+- /.test(l))
  .map((l) => l.split(/\s+/)).map(([file, ...names]) => [`src/${file}`, names.slice(0, -1)]));

/** The C tests to ask: those that can hold the file and sound like it, then those of its floor, then the seeds of its parser. */
function programsFor(file) {
  const floor = file.split('/')[1];
  const units = programs.filter((n) => n.startsWith('unit_') && floors.indexOf(n.split('_')[1]) >= floors.indexOf(floor));
  const worth = (n) => 2 * alike(file, `c/${n}`) + (n.split('_')[1] === floor);
  return [...units.sort((a, b) => worth(b) - worth(a) || (a < b ? -1 : 1)).slice(0, Number(told.tries)), ...(targets.get(file) ?? []).map((t) => `fuzz_${t}`).filter((n) => programs.includes(n))].map((n) => `c/${n}`);
}

/** The tests to ask, in order: C before API, alike before others, those that reach little before those that reach all. */
function inOrder(reach, breadth, m) {
  const all = reaching(reach, m);
  const onLite = new Set(all.filter((t) => t.startsWith('sqlite/')).map((t) => t.slice(7)));
  const api = all.filter((t) => t.startsWith('sqlite/') || (t.startsWith('pg/') && !onLite.has(t.slice(3))));
  api.sort((a, b) => alike(m.file, b) - alike(m.file, a) || breadth[a] - breadth[b] || (a < b ? -1 : 1));
  return [...(all.includes('unit/all') ? programsFor(m.file) : []), ...api.slice(0, Number(told.api))];
}

async function judge(m, object, folder, tests) {
  const linked = new Map();
  for (const test of tests) {
    const seconds = await plainTime(test);
    if (seconds === null) continue;
    const target = programOf(test);
    if (!linked.has(target)) linked.set(target, await link(target, m.file, object, folder));
    if (!await runTest(test, linked.get(target), folder, Math.max(20, seconds * 5))) return test;
  }
  return null;
}

/** Where a change cannot be noticed, by the words of its line: file ¦ line ¦ from ¦ to ¦ which of the line ¦ reason. */
function readEqual() {
  const file = join(root, 'tools/mutants/equal.txt');
  return (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split(' ¦ '));
}
const equal = readEqual();
const wordsOf = (m) => readFileSync(join(root, m.file), 'utf8').split('\n')[m.line - 1].trim();
const short = (s) => s.replace(/\s+/g, ' ').slice(0, 70);
/** The how many-th of its kind in its line it is. */
function whichOf(m) {
  const text = readFileSync(join(root, m.file), 'utf8');
  return text.slice(text.lastIndexOf('\n', m.at - 1) + 1, m.at).split(m.from).length;
}
const isEqual = (m) => equal.some(([file, line, from, to, which]) => file === m.file && line === wordsOf(m) && from === short(m.from) && to === short(m.to) && Number(which) === whichOf(m));

const objectOf = (id, state) => join(kept, 'objects', `${createHash('sha256').update(state.sources + id).digest('hex').slice(0, 32)}.o`);

/** The first changes of the row that compile to something else; their objects are kept beside what is known. */
async function choose(row, count, state, save) {
  const chosen = [], originals = new Map(), folder = join(work, 'choose');
  const compiled = async (file, text) => {
    const object = await compile(file, text, folder, 'x.o');
    return object && readFileSync(object);
  };
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(kept, 'objects'), { recursive: true });
  for (const m of row) {
    if (chosen.length >= count) break;
    const id = `${m.file}:${m.at}:${m.from}:${m.to}`;
    if (state.valid[id] === undefined) {
      const text = readFileSync(join(root, m.file), 'utf8');
      if (!originals.has(m.file)) originals.set(m.file, await compiled(m.file, text));
      const changed = await compiled(m.file, applied(text, m));
      state.valid[id] = changed ? (changed.equals(originals.get(m.file)) ? 'same' : 'yes') : 'refused';
      if (state.valid[id] === 'yes') writeFileSync(objectOf(id, state), changed);
      save();
    }
    if (state.valid[id] === 'yes') chosen.push({ ...m, id });
  }
  return chosen;
}

async function main() {
  const files = execFileSync('git', ['-C', root, 'ls-files', 'src/*.c'], { encoding: 'utf8' }).trim().split('\n');
  const texts = new Map(files.map((f) => [f, readFileSync(join(root, f), 'utf8')]));
  const left = files.filter((f) => /\b(kill|fork|prctl|unshare)\(/.test(texts.get(f)));
  const row = shuffled(files.filter((f) => !left.includes(f) && compileOf.has(f)).flatMap((f) => changesOf(f, texts.get(f))), Number(told.seed));
  const sources = createHash('sha256').update([...texts].flat().join('\0')).digest('hex');
  const stateFile = join(kept, `seed-${told.seed}.json`);
  let state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : {};
  if (state.sources !== sources) state = { sources, valid: {}, verdicts: {} };
  const save = () => writeFileSync(stateFile, JSON.stringify(state));
  const chosen = await choose(row, Number(told.count), state, save);
  const reach = await readReach({ root, cache: told.cover, wanted: new Set(chosen.map((m) => m.file)), keep: join(kept, `reach-${told.seed}.json`) });
  const breadth = {};
  for (const m of chosen) for (const t of reaching(reach, m)) breadth[t] = (breadth[t] ?? 0) + 1;

  let next = 0;
  const worker = async (mine) => {
    while (next < chosen.length) {
      const i = next++, m = chosen[i], known = state.verdicts[m.id];
      if (known && !(told.again && !known.by)) continue;
      const folder = join(work, `${mine}-${i}`);
      mkdirSync(folder);
      const tests = inOrder(reach, breadth, m);
      const by = await judge(m, objectOf(m.id, state), folder, tests);
      state.verdicts[m.id] = { by, asked: tests.length };
      save();
      rmSync(folder, { recursive: true, force: true });
      console.log(`${i + 1} ${m.file}:${m.line} ${m.kind}: ${by ? `found by ${by}` : tests.length ? `lives, ${tests.length} asked` : 'reached by none'}`);
    }
  };
  await Promise.all(Array.from({ length: Number(told.jobs) }, (_, k) => worker(k)));

  let found = 0, same = 0;
  const alive = [];
  for (const m of chosen) {
    if (state.verdicts[m.id].by) found++;
    else if (isEqual(m)) same++;
    else alive.push(m);
  }
  for (const m of alive) console.log(`lives: ${m.file}:${m.line} ${m.kind} ¦ ${wordsOf(m)} ¦ ${short(m.from)} ¦ ${short(m.to)} ¦ ${whichOf(m)} (${state.verdicts[m.id].asked} asked)`);
  const share = (100 * found) / (chosen.length - same);
  console.log(`seed ${told.seed}: ${chosen.length} changes of ${row.length} in ${files.length - left.length} files (${left.length} left out), ${found} found, ${same} change nothing, ${alive.length} live: ${share.toFixed(1)} % found`);
  process.exitCode = share < Number(told.goal) ? 1 : 0;
}

await main().catch((e) => {
  console.error(`mutants: ${e.stack}`);
  process.exitCode = 2;
});
