// The bytes of the page against budget.json. Needs dist/ (npm run build); without it there is
// nothing to weigh and the test says so.
import { describe, expect, it } from 'vitest';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import budget from '../budget.json';

const dist = join(import.meta.dirname, '../dist');
const manifestFile = join(dist, '.vite/manifest.json');
interface Chunk { file: string; imports?: string[]; dynamicImports?: string[]; css?: string[]; isEntry?: boolean; name?: string }
const weigh = (file: string) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1024;
const built = existsSync(manifestFile);
const manifest = built ? (JSON.parse(readFileSync(manifestFile, 'utf8')) as Record<string, Chunk>) : {};
function filesOf(keys: string[], seen = new Set<string>(), files = new Set<string>()): Set<string> {
  for (const key of keys) {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) continue;
    seen.add(key);
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    filesOf(chunk.imports ?? [], seen, files);
  }
  return files;
}
const sum = (files: Iterable<string>) => [...files].reduce((n, f) => n + weigh(f), 0);
const all = (dir: string): string[] => readdirSync(join(dist, dir)).flatMap((n) => (statSync(join(dist, dir, n)).isDirectory() ? all(join(dir, n)) : [join(dir, n)]));

describe.skipIf(!built)('budget', () => {
  // The manifest may name no entry (its code went into a group): the page itself names what it loads.
  const named = [...readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]!);
  const entry = Object.entries(manifest).filter(([, c]) => c.isEntry || named.includes(c.file)).map(([k]) => k);
  const catalogue = Object.keys(manifest).filter((k) => k.includes('messages/zh'));
  const first = new Set([...filesOf([...entry, ...catalogue]), ...named]);
  const lazy = Object.keys(manifest).filter((k) => !first.has(manifest[k]!.file) && manifest[k]!.file.endsWith('.js'));
  it('first page', () => {
    expect(catalogue.length).toBe(1);
    expect(entry.length).toBeGreaterThan(0);
    expect(sum(first)).toBeLessThanOrEqual(budget.list_route_kib);
    expect(sum([...first, 'index.html', 'favicon.svg'])).toBeLessThanOrEqual(budget.first_page_kib);
    // + index.html, favicon, /me, /schema, /schema/{entity}, the rows
    expect(first.size + 6).toBeLessThanOrEqual(budget.first_page_requests);
  });
  it('what a route adds', () => {
    for (const key of lazy) {
      const name = manifest[key]!.file;
      expect(`${name} ${weigh(name) <= budget.any_lazy_chunk_kib}`).toBe(`${name} true`);
    }
    const form = new Set([...filesOf(Object.keys(manifest).filter((k) => /FormDrawer|RegionInput|PartsInput/.test(manifest[k]!.file)))].filter((f) => !first.has(f)));
    expect(sum(form)).toBeLessThanOrEqual(budget.form_route_kib);
  });
  it('everything', () => {
    expect(sum(filesOf(Object.keys(manifest).filter((k) => !/^src\/admin/.test(k))))).toBeLessThanOrEqual(budget.user_routes_kib);
    expect(sum(all('.').filter((f) => !f.includes('.vite')))).toBeLessThanOrEqual(budget.dist_kib);
  });
  it('index.html has neither inline script nor inline style', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i);
  });
});
