// Fields a filter may name: those of the entity and those behind its links (customer.owner), with
// the label people read. Loaded when a builder or a chip asks; what the caller may not read is absent.
import { label } from './i18n';
import { fieldOf, isHandling, loadEntity, ownFirst, shortOf, type EntityDef, type FieldDef } from './schema';

/** keys: what people type for it, link and field in one go: 客户名称, khmc, kehumingcheng, customer name. */
export interface PathField { path: string; field: FieldDef; label: string; keys: string; way: FieldDef[] }

const usable = (f: FieldDef) => f.name !== 'version' && (f.ops?.length ?? 0) > 0 && !f.masked;
/** Behind a link: what tells of that record; when it was thrown away, or where it came from, nobody asks from here. */
const behind = (f: FieldDef) => usable(f) && !isHandling(f.name);
/** The server follows three links; a path of four names ends there. */
const MOST_LINKS = 3;
export const followable = (f: FieldDef) => f.type === 'link' && !!f.to && !f.masked && f.name !== 'merged_into';

async function target(f: FieldDef): Promise<EntityDef | null> {
  // An entity that is not in the index is not there for this reader.
  try { return f.to && shortOf(f.to) ? await loadEntity(f.to) : null; } catch { return null; }
}

function along(way: FieldDef[]): PathField {
  const [short, long] = [0, 1].map((i) => way.map((f) => (f.pinyin ?? '').split(' ')[i] ?? '').join(''));
  const keys = `${way.map((f) => f.label.zh).join('')} ${short} ${long} ${way.map((f) => f.label.en ?? '').join(' ')}`;
  return { path: way.map((f) => f.name).join('.'), field: way[way.length - 1]!, label: way.map((f) => label(f.label)).join(' › '), keys, way };
}

/** What one path leads to, through at most three links; null where it leads nowhere the caller may read. */
export async function resolvePath(entity: EntityDef, path: string): Promise<PathField | null> {
  const names = path.split('.');
  const way: FieldDef[] = [];
  let at: EntityDef | null = entity;
  for (const [i, name] of names.entries()) {
    const f: FieldDef | undefined = at ? fieldOf(at, name) : undefined;
    if (!f) return null;
    way.push(f);
    if (i === names.length - 1) return along(way);
    at = await target(f);
  }
  return null;
}

/** The fields of the entity, then those one link away, in the order people look for them. */
export async function pathsOf(entity: EntityDef): Promise<PathField[]> {
  const own = ownFirst(entity.fields).filter((f) => usable(f) || f.ops?.length && f.name !== 'version');
  const near = await Promise.all(own.filter(followable).map(async (link) => {
    const to = await target(link);
    return (to ? ownFirst(to.fields).filter(behind) : []).map((f) => along([link, f]));
  }));
  return [...own.map((f) => along([f])), ...near.flat()];
}

/** May the fields behind this one be named, too? */
export const goesDeeper = (p: PathField): boolean => followable(p.field) && p.path.split('.').length <= MOST_LINKS;

/** The fields behind a link that is itself behind links: asked for when somebody goes there. */
export async function pathsBehind(link: PathField): Promise<PathField[]> {
  const to = goesDeeper(link) ? await target(link.field) : null;
  return (to ? ownFirst(to.fields).filter(behind) : []).map((f) => along([...link.way, f]));
}
