#!/usr/bin/env node
// The parts list of a built program as CycloneDX 1.5 JSON: which libraries of Debian it is linked with (also through
// others), with their packages, versions and digests, and which npm packages are in the page, by web/package-lock.json.
// The same program and lock give the same bytes: no clock, no host.
//     tools/sbom.mjs build/zhike > sbom.cdx.json
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const run = (...args) => execFileSync(args[0], args.slice(1), { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Paths of all shared libraries, those of libraries included. */
function libraries(program) {
  return run('ldd', program).split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]).filter(Boolean);
}

/** file → package. dpkg knows a file by the path it was installed under, with or without /usr; asked once for all. */
function packagesOf(paths) {
  const spellings = (path) => [path, realpathSync(path), `/usr${path}`, path.replace(/^\/usr/, '')];
  const { stdout } = spawnSync('dpkg', ['-S', ...new Set(paths.flatMap(spellings))], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  const owner = new Map(stdout.split('\n').filter((line) => line.includes(': ')).map((line) => { const [who, path] = line.split(': '); return [path, who.split(',')[0]]; }));
  return new Map(paths.map((path) => {
    const known = spellings(path).find((name) => owner.has(name));
    if (!known) throw new Error(`no package has ${path}`);
    return [path, owner.get(known)];
  }));
}

function debianParts(program) {
  const files = packagesOf(libraries(program));
  const said = run('dpkg-query', '-W', '-f=${binary:Package}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n', ...new Set(files.values()));
  const known = new Map(said.trimEnd().split('\n').flatMap((line) => { const [binary, plain, ...rest] = line.split('\t'); return [[binary, [plain, ...rest]], [plain, [plain, ...rest]]]; }));
  const parts = new Map();
  for (const [path, owner] of files) {
    const [plain, version, arch, source] = known.get(owner);
    const part = parts.get(plain) ?? {
      type: 'library', 'bom-ref': `deb:${plain}`, name: plain, version,
      purl: `pkg:deb/debian/${plain}@${encodeURIComponent(version)}?arch=${arch}`,
      properties: [{ name: 'zhike:source', value: source }],
    };
    part.properties.push({ name: `zhike:file:${basename(path)}`, value: `sha256:${sha256(readFileSync(path))}` });
    parts.set(plain, part);
  }
  return [...parts.values()];
}

/** What npm installs for the page itself, not for building and testing it. */
function pageParts(lock) {
  return Object.entries(lock.packages).filter(([path, p]) => path && !p.dev && !p.link).map(([path, p]) => {
    const name = p.name ?? path.replace(/^.*node_modules\//, '');
    const [algorithm, digest] = (p.integrity ?? '').split(' ')[0].split('-');
    return {
      type: 'library', 'bom-ref': `npm:${path}`, name, version: p.version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${p.version}`,
      ...(p.license ? { licenses: [/ (OR|AND|WITH) |\(/.test(p.license) ? { expression: p.license } : { license: { id: p.license } }] } : {}),
      ...(digest ? { hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }] } : {}),
    };
  });
}

export function sbom(program) {
  const bytes = readFileSync(program);
  const version = run(program, 'version').trim().split(' ')[1];
  const digest = sha256(bytes);
  const lock = JSON.parse(readFileSync(join(root, 'web/package-lock.json'), 'utf8'));
  const components = [...debianParts(program), ...pageParts(lock)].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  return {
    bomFormat: 'CycloneDX', specVersion: '1.5', version: 1,
    serialNumber: `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    metadata: {
      tools: { components: [{ type: 'application', name: 'tools/sbom.mjs', version }] },
      component: {
        type: 'application', 'bom-ref': 'zhike', name: 'zhike', version, purl: `pkg:generic/zhike@${version}`,
        hashes: [{ alg: 'SHA-256', content: digest }], licenses: [{ license: { id: 'Apache-2.0' } }],
      },
    },
    components,
    dependencies: [{ ref: 'zhike', dependsOn: components.map((c) => c['bom-ref']) }],
  };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) { console.error('usage: tools/sbom.mjs PROGRAM'); process.exit(2); }
  process.stdout.write(`${JSON.stringify(sbom(resolve(process.argv[2])), null, 1)}\n`);
}
