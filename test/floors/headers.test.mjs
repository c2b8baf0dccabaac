// Every header of src/ compiles when it is the only thing included, and twice over.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { program, root, temporaryFolder } from '../lib/program.mjs';
import { files, none, read } from '../lib/sources.mjs';

const run = promisify(execFile);
const generated = [join(dirname(program), 'gen'), join(root, 'build/gen')].find((d) => existsSync(join(d, 'err_codes.h')));
const libraries = execFileSync('pkg-config', ['--cflags', 'json-c', 'libsodium', 'icu-uc', 'libutf8proc', 'libpcre2-8',
  'sqlite3', 'libpq', 'libzip', 'expat', 'libxml-2.0', 'libmicrohttpd', 'pangocairo'], { encoding: 'utf8' }).trim().split(/\s+/).filter(Boolean);

test('every header compiles alone', async () => {
  assert.ok(generated, 'err_codes.h was not generated: run ./dev build');
  const at = temporaryFolder('headers-');
  const headers = files('src', /\.h$/);
  assert.ok(headers.length > 10);
  const bad = [];
  const queue = headers.map((header, i) => [header, i]);
  const worker = async () => {
    for (let next; (next = queue.pop());) {
      const [header, i] = next;
      const file = join(at, `${i}.c`);
      const name = header.replace(/^src\//, '');
      writeFileSync(file, `#include "${name}"\n#include "${name}"\ntypedef int not_empty;\n`);
      await run('gcc', ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-fsyntax-only',
        '-I', join(root, 'src'), '-I', generated, ...libraries, file])
        .catch((error) => bad.push(`${header}: ${error.stderr}`));
    }
  };
  await Promise.all([worker(), worker()]);
  none(bad);
});

test('every header has a guard named after its path', () => {
  const bad = files('src', /\.h$/).filter((header) => {
    const guard = header.replace(/^src\//, '').replace(/[^A-Za-z0-9]/g, '_').toUpperCase();
    return !read(header).includes(`#ifndef ${guard}\n#define ${guard}\n`);
  });
  none(bad);
});

test('every source includes its own header first', () => {
  const bad = files('src', /\.c$/).filter((source) => {
    const own = source.replace(/^src\//, '').replace(/\.c$/, '.h');
    if (!existsSync(join(root, 'src', own))) return false;
    const first = /^#include "(.*)"$/m.exec(read(source))?.[1] ?? '';
    return first !== own && first !== own.replace(/\.h$/, '_impl.h'); // what x_impl.h includes first is x.h
  });
  none(bad);
});
