// What is handed out beside the program: the service, the manual page, the parts list, the package's scripts.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cliOk, program, root, temporaryFolder } from '../lib/index.mjs';
import { readElf } from '../lib/elf.mjs';
import { files } from '../lib/sources.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const has = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const unit = read('debian/zhike.service');

describe('the service', () => {
  test('is exposed 2.0 of 10 at most, as systemd counts', { skip: has('systemd-analyze') ? false : 'no systemd here' }, () => {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', join(root, 'debian/zhike.service')], { encoding: 'utf8' });
    const score = Number(/exposure level for zhike\.service: ([0-9.]+)/.exec(stdout)?.[1]);
    assert.ok(score <= 2, `${score}: ${stderr}${stdout.slice(-2000)}`);
  });

  test('may do what the program does', () => {
    const value = (name) => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((m) => m[1]).join(' ');
    for (const call of ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self', 'seccomp']) assert.ok(value('SystemCallFilter').split(' ').includes(call), call);
    assert.doesNotMatch(value('SystemCallFilter'), /~[^ ]*@(resources|process)/, 'readers limit themselves, the helper starts them');
    assert.doesNotMatch(unit, /^ProcSubset=pid/m, 'the number of this start of the machine tells dead neighbours');
    for (const family of ['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK']) assert.ok(value('RestrictAddressFamilies').includes(family), family);
    assert.equal(value('User'), 'zhike');
    assert.equal(value('UMask'), '0077');
    const drain = Number(/(\d+)s/.exec(/^stop\.timeout .*$/m.exec(read('data/settings.txt'))?.[0] ?? '8s')[1]);
    assert.ok(Number(value('TimeoutStopSec')) > drain, 'systemd waits longer than the program takes');
  });

  test('begins with words the program knows', async () => {
    const [, command, data] = /^ExecStart=\/usr\/bin\/zhike (\w+) (--data) \/var\/lib\/zhike$/m.exec(unit);
    assert.match((await cliOk('help')).stdout, new RegExp(`zhike ${command} ${data} DIR`));
  });
});

describe('the manual page', () => {
  const plain = (text) => text.replaceAll('\\-', '-').replaceAll('\\&', '');
  test('has every command with the line that zhike help says, and no other', async () => {
    const told = [...(await cliOk('help')).stdout.matchAll(/^ {2}zhike (.*?)(?: {2,}|(?<=\]) (?=[a-z]))\S.*$/gm)].map((m) => m[1].trim()).sort();
    const stand = [...plain(read('docs/zhike.1')).matchAll(/^\.B zhike (.+)$/gm)].map((m) => m[1].trim()).sort();
    assert.ok(told.length >= 11, String(told.length));
    assert.deepEqual(stand, told);
  });

  test('is of this version', async () => assert.ok(read('docs/zhike.1').includes(`"${(await cliOk('version')).stdout.trim()}"`)));

  test('is understood by man without a warning', { skip: has('man') && has('groff') ? false : 'no man here' }, () => {
    const { stderr, status } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', join(root, 'docs/zhike.1')], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' } });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
  });
});

describe('the parts list', { skip: has('dpkg-query') && has('ldd') ? false : 'no Debian here' }, () => {
  const sanitized = readElf(program).names.some((n) => /^__(asan|tsan|ubsan)_/.test(n));
  const make = () => execFileSync(process.execPath, [join(root, 'tools/sbom.mjs'), program], { encoding: 'utf8', env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' } });
  test('names every library and every npm package of the page, each with version and digest', { skip: sanitized }, () => {
    const bom = JSON.parse(make());
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    const files = bom.components.flatMap((c) => c.properties ?? []).filter((p) => p.name.startsWith('zhike:file:'));
    for (const library of readElf(program).needed) assert.ok(files.some((p) => p.name === `zhike:file:${library}`), library);
    for (const p of files) assert.match(p.value, /^sha256:[0-9a-f]{64}$/);
    const page = Object.keys(JSON.parse(read('web/package.json')).dependencies);
    for (const name of page) assert.ok(bom.components.some((c) => c.name === name && c.purl.startsWith('pkg:npm/')), name);
    const refs = bom.components.map((c) => c['bom-ref']);
    assert.equal(new Set(refs).size, refs.length);
    for (const c of bom.components) {
      assert.ok(c.version && c.purl, c.name);
      if (c['bom-ref'].startsWith('npm:')) assert.match(c.hashes[0].content, /^[0-9a-f]{128}$/, c.name);
    }
    assert.equal(make(), `${JSON.stringify(bom, null, 1)}\n`, 'the same bytes again');
  });
});

describe('the package', () => {
  const scripts = readdirSync(join(root, 'debian')).filter((name) => /(postinst|postrm|preinst|prerm)$/.test(name));
  test('its scripts are sh, stop at a mistake, and take nothing of a company away', () => {
    assert.deepEqual(scripts.sort(), ['zhike.postinst', 'zhike.postrm']);
    for (const name of scripts) {
      const text = read(`debian/${name}`);
      assert.match(text, /^#!\/bin\/sh\n/);
      assert.match(text, /^set -e$/m);
      assert.match(text, /#DEBHELPER#/);
      assert.doesNotMatch(text, /rm -r|chmod 7|chmod -R|chown -R/);
      assert.equal(spawnSync('sh', ['-n', join(root, 'debian', name)]).status, 0, name);
    }
  });

  test('is of this version, and brings what it names', async () => {
    const version = (await cliOk('version')).stdout.trim().split(' ')[1];
    assert.match(read('debian/changelog').split('\n')[0], new RegExp(`^zhike \\(${version.replaceAll('.', '\\.')}\\) `));
    for (const list of ['zhike.manpages', 'zhike.docs']) for (const path of read(`debian/${list}`).trim().split('\n')) assert.ok(existsSync(join(root, path)), path);
    assert.ok(existsSync(join(root, 'debian/zhike.conf')));
  });

  test('its settings file names settings there are', async () => {
    const known = new Set((await cliOk('config')).stdout.split('\n').map((line) => line.split(' ')[0]));
    for (const [, name] of read('debian/zhike.conf').matchAll(/^#?([a-z_]+\.[a-z_.]+) =/gm)) assert.ok(known.has(name), name);
  });

  test('needs for building what ./dev installs for building', () => {
    const wanted = /BUILD_PACKAGES="([^"]*)"/.exec(read('dev'))[1].split(/\s+/).filter((name) => /-dev$/.test(name) && !/clang/.test(name));
    const control = read('debian/control');
    for (const name of wanted) assert.ok(control.includes(name), name);
  });
});

describe('the signature', { skip: has('minisign') ? false : 'no minisign here' }, () => {
  const folder = temporaryFolder(), release = join(folder, 'release'), name = 'zhike_9.8.7_amd64';
  const run = (tool, ...args) => spawnSync(join(root, 'tools', tool), args, { encoding: 'utf8', cwd: folder, env: { ...process.env, ZHIKE_SIGN_KEY: '' } });
  const key = (who) => execFileSync('minisign', ['-G', '-W', '-f', '-p', join(folder, `${who}.pub`), '-s', join(folder, `${who}.key`)], { stdio: 'ignore' });
  const at = (file) => join(release, file);
  const refused = (words, ...args) => {
    const { status, stderr } = run('verify', 'release', ...args);
    assert.equal(status, 1, stderr);
    assert.match(stderr, words);
    assert.match(stderr, /do not install this/);
  };
  /** Changes a file, looks, and puts it back. */
  const bent = (file, change, words) => {
    const was = readFileSync(at(file));
    writeFileSync(at(file), change(Buffer.from(was)));
    refused(words, 'owner.pub');
    writeFileSync(at(file), was);
  };
  const flip = (bytes) => { bytes[bytes.length >> 1] ^= 1; return bytes; };

  test('is made by a key and holds for every file', () => {
    mkdirSync(release);
    writeFileSync(at(`${name}.deb`), Buffer.alloc(5000, 'a package'));
    writeFileSync(at('zhike-dbgsym_9.8.7_amd64.deb'), 'its symbols');
    writeFileSync(at('zhike.cdx.json'), '{"bomFormat": "CycloneDX"}');
    for (const who of ['owner', 'stranger']) key(who);
    const plain = run('sign', 'release');
    assert.equal(plain.status, 0, plain.stderr);
    assert.match(plain.stderr, /not signed/);
    assert.deepEqual(readdirSync(release).sort(), ['SHA256SUMS', 'zhike-dbgsym_9.8.7_amd64.deb', 'zhike.cdx.json', `${name}.deb`]);
    refused(/is missing/, 'owner.pub');
    const signed = run('sign', 'release', 'owner.key');
    assert.equal(signed.status, 0, signed.stderr);
    const good = run('verify', 'release', 'owner.pub', name);
    assert.equal(good.status, 0, good.stderr);
    assert.equal(good.stdout, `${name} is as it was signed\n`);
    // by hand, as the operator's manual says
    assert.equal(spawnSync('minisign', ['-V', '-p', join(folder, 'owner.pub'), '-m', 'SHA256SUMS'], { cwd: release }).status, 0);
    assert.equal(spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: release }).status, 0);
  });

  test('is refused where one bit differs, by another key, and for another version', () => {
    for (const file of [`${name}.deb`, 'zhike.cdx.json']) bent(file, flip, /a file is not what was signed/);
    bent('SHA256SUMS', flip, /signature/);
    bent('SHA256SUMS.minisig', (b) => { const lines = b.toString().split('\n'); lines[1] = flip(Buffer.from(lines[1], 'base64')).toString('base64'); return lines.join('\n'); }, /signature/);
    bent('SHA256SUMS.minisig', (b) => b.toString().replace('9.8.7', '9.9.0'), /signature/);
    refused(/signature/, 'stranger.pub');
    refused(/what was signed is zhike_9\.8\.7_amd64, not zhike_9\.9\.0_amd64/, 'owner.pub', 'zhike_9.9.0_amd64');
    assert.equal(run('verify', 'release').status, 2);
  });

  test('is refused where a package lies beside it or is gone', () => {
    writeFileSync(at('zhike_9.8.8_amd64.deb'), 'another');
    refused(/zhike_9\.8\.8_amd64\.deb is not among what was signed/, 'owner.pub');
    rmSync(at('zhike_9.8.8_amd64.deb'));
    renameSync(at(`${name}.deb`), join(folder, 'away'));
    refused(/not what was signed/, 'owner.pub');
    renameSync(join(folder, 'away'), at(`${name}.deb`));
    assert.equal(run('verify', 'release', 'owner.pub').status, 0);
  });

  test('says what is wrong with what is to be signed', () => {
    for (const [args, words] of [[['release', 'nowhere.key'], /there is no key/], [['.'], /one package/]]) {
      const { status, stderr } = run('sign', ...args);
      assert.equal(status, 1, stderr);
      assert.match(stderr, words);
    }
    assert.equal(run('verify', 'release', 'owner.pub').status, 1, 'nothing old is left signed');
  });

  test('no key lies in the tree', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter((f) => f.isDirectory() && !/^(\.|build)/.test(f.name)).map((f) => f.name);
    assert.ok(folders.includes('tools'), 'this is the tree');
    for (const folder of folders) assert.deepEqual(files(folder, /\.(key|minisig)$|minisign\.pub$/), [], folder);
  });
});
