// Both languages have the same keys with the same places to fill, and every key used exists.
import { describe, expect, it } from 'vitest';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { label, labels, setLang, t } from '../src/core/i18n';

const parts = join(import.meta.dirname, '../../messages/parts');
/** The sentences of the page, of all topics: a new one is there without being named here. */
const read = (lang: string): Record<string, string> => Object.fromEntries(readdirSync(parts).filter((n) => n.endsWith(`.${lang}.json`)).flatMap((n) => Object.entries(JSON.parse(readFileSync(join(parts, n), 'utf8')) as Record<string, string>)).filter(([k]) => k.startsWith('ui.')));
const zh = read('zh'), en = read('en');
const root = join(import.meta.dirname, '../src');
const files = (dir: string): string[] => readdirSync(dir).flatMap((n) => { const p = join(dir, n); return statSync(p).isDirectory() ? files(p) : /\.(ts|vue)$/.test(n) && !n.endsWith('.test.ts') ? [p] : []; });
const holes = (s: string) => [...s.matchAll(/\{\d\}/g)].map((m) => m[0]).sort().join();

describe('catalogue', () => {
  it('has the same keys in both languages', () => expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()));
  it('fills the same places', () => {
    for (const [k, text] of Object.entries(zh)) expect(`${k} ${holes(en[k]!)}`).toBe(`${k} ${holes(text)}`);
  });
  it('knows every key the sources name', () => {
    const missing = new Set<string>();
    for (const f of files(root)) for (const m of readFileSync(f, 'utf8').matchAll(/\bt\('([a-z_0-9.]+)'/g)) if (!(`ui.${m[1]}` in zh)) missing.add(m[1]!);
    expect([...missing]).toEqual([]);
  });
  it('leaves no Chinese in English and names no language by hand in views', () => {
    for (const [k, text] of Object.entries(en)) expect(/[\u4e00-\u9fff]/.test(text), `${k}: ${text}`).toBe(false);
  });
  it('names every group of settings and every kind of job', () => {
    const top = join(import.meta.dirname, '../..');
    const groups = readFileSync(join(top, 'data/settings.txt'), 'utf8').split('\n').map((l) => /^([a-z_]+)\./.exec(l)?.[1]).filter((g): g is string => !!g);
    const jobs = [...readFileSync(join(top, 'src/app/open.c'), 'utf8').matchAll(/\{"([a-z_]+)", \w+_job\}/g)].map((m) => m[1]!);
    expect(groups.length).toBeGreaterThan(50);
    expect(jobs.length).toBeGreaterThan(5);
    const missing = [...groups.map((g) => `ui.settings.${g}`), ...jobs.map((j) => `ui.job.${j}`)].filter((k) => !(k in zh));
    expect([...new Set(missing)]).toEqual([]);
  });
  it('switches', async () => {
    expect(t('common.save')).toBe('保存');
    await setLang('en');
    expect(t('list.count', 5)).toBe('5 records');
    expect(label({ zh: '客户', en: 'Customer' })).toBe('Customer');
    expect(['Customer', 'Delivery', 'Day', 'Follow-up', 'Batch', '车'].map((en) => labels({ zh: 'x', en }))).toEqual(['Customers', 'Deliveries', 'Days', 'Follow-ups', 'Batches', '车']);
    expect(document.documentElement.lang).toBe('en');
    await setLang('zh');
    expect([label({ zh: '客户', en: 'Customer' }), labels({ zh: '客户', en: 'Customer' })]).toEqual(['客户', '客户']);
  });
});
