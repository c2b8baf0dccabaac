// How the program was compiled and linked (SECURITY.md G47), read from its own bytes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { program } from '../lib/index.mjs';
import { countBytes, readElf } from '../lib/elf.mjs';

const elf = readElf(program);
const sanitized = elf.names.some((n) => /^__(asan|tsan|ubsan)_/.test(n));
const counts = readFileSync(program).includes('.gcda\0');

describe('the program', { skip: sanitized ? 'built with a sanitizer' : counts && 'built to count lines' }, () => {
  test('can be loaded anywhere', () => {
    assert.equal(elf.type, 3);
    assert.ok(elf.pie, 'PIE');
    assert.ok(!elf.textrel, 'no relocation changes code');
  });

  test('has tables that are read-only before it runs', () => {
    assert.ok(elf.relro, 'RELRO');
    assert.ok(elf.now, 'BIND_NOW');
  });

  test('has no memory that can be written and run, and no stack that can be run', () => {
    assert.equal(elf.writableCode, 0);
    assert.notEqual(elf.stack, undefined, 'PT_GNU_STACK');
    assert.equal(elf.stack & 1, 0);
  });

  test('looks for its libraries where the system does', () => assert.deepEqual(elf.paths, []));

  test('has guards on its stack and checked copies', () => {
    assert.ok(elf.names.includes('__stack_chk_fail'), 'stack protector');
    assert.ok(elf.names.filter((n) => /^__\w+_chk$/.test(n) && n !== '__stack_chk_fail').length > 0, 'fortify');
  });

  test('was compiled with what cannot be seen in the code', () => {
    const said = elf.bytes.toString('latin1').match(/GNU C11 [\x20-\x7e]*/)?.[0] ?? '';
    for (const flag of ['-O2', '-fPIE', '-fstack-protector-strong', '-fstack-clash-protection', '-ftrivial-auto-var-init=zero', '-fno-strict-overflow'])
      assert.ok(said.includes(flag), `${flag} in "${said}"`);
  });

  test('has a landing mark wherever a pointer may lead', { skip: elf.machine !== 62 }, () =>
    assert.ok(countBytes(elf, Buffer.from('f30f1efa', 'hex')) > 100));

  test('does not tell where it was built', () =>
    assert.deepEqual(elf.bytes.toString('latin1').match(/\0\/[\x20-\x7e]+\/(src\/(base|db|http)\b[\x20-\x7e]*|build)(?=\0)/) ?? [], []));
});
