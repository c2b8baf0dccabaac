// The tree of provinces, cities and districts: one immutable asset, fetched when first needed.
import { me } from './session';

export interface Region { code: number; name: string; children: Region[]; parent: Region | null }
type Raw = [code: number | string, name: string, children?: Raw[]];
export interface RegionTree { roots: Region[]; byCode: Map<number, Region> }

let wait: Promise<RegionTree> | null = null;
export function buildTree(raw: Raw[]): RegionTree {
  const byCode = new Map<number, Region>();
  const build = (item: Raw, parent: Region | null): Region => {
    const region: Region = { code: Number(item[0]), name: item[1], children: [], parent };
    byCode.set(region.code, region);
    region.children = (item[2] ?? []).map((child) => build(child, region));
    return region;
  };
  return { roots: raw.map((item) => build(item, null)), byCode };
}
export function loadRegions(): Promise<RegionTree> {
  wait ??= fetch(me.value?.regions ?? '/assets/regions.json')
    .then((r) => { if (!r.ok) throw new Error(`regions: HTTP ${r.status}`); return r.json() as Promise<Raw[]>; })
    .then(buildTree)
    .catch((error: unknown) => { wait = null; throw error; });
  return wait;
}
export function pathOf(region: Region): Region[] {
  return region.parent ? [...pathOf(region.parent), region] : [region];
}
export const pathText = (region: Region) => pathOf(region).map((r) => r.name).join(' / ');

/** Regions whose name, or whose way down, holds all the words; short names before long ones. */
export function findRegions(tree: RegionTree, query: string, limit = 40): Region[] {
  const words = query.trim().split(/[\s/]+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: Region[] = [];
  for (const region of tree.byCode.values()) {
    if (!region.name.includes(words[words.length - 1]!)) continue;
    const path = pathText(region);
    if (words.every((w) => path.includes(w))) hits.push(region);
  }
  return hits.sort((a, b) => pathOf(a).length - pathOf(b).length || a.code - b.code).slice(0, limit);
}
