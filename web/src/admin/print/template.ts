// A print template as its editor holds it, and what the server says of the places it may name.
import type { Row } from '../../core/schema';

export interface Place { path: string; label: string; type?: string; list?: boolean }
export interface PlaceGroup { path: string; label: string; fields: Place[] }
export interface PlaceList { name: string; entity: string; plural: string; label: string; fields: Place[] }
export interface Places { entity: string; label: string; fields: Place[]; links: PlaceGroup[]; lists: PlaceList[]; others: Place[]; entities: { name: string; label: string }[]; starter: string }
export interface ListDraft { name: string; of: string; sort: string; down: boolean; limit: number | null; filter: string }
export interface Draft { name: string; entity: string; kind: 'report' | 'docx'; body: string; lists: ListDraft[]; paper: string; landscape: boolean; watermark: boolean; enabled: boolean; position: number }
export interface TemplateRow extends Row { name: string; entity: string; kind: 'report' | 'docx'; body?: string | null; lists?: unknown; paper?: string; landscape?: boolean; watermark?: boolean; enabled?: boolean; position?: number }
interface StoredList { of?: string; sort?: string; limit?: number; filter?: unknown }

export function draftOf(row: Partial<TemplateRow>): Draft {
  const stored = (typeof row.lists === 'string' ? JSON.parse(row.lists) : row.lists) as Record<string, StoredList> | null | undefined;
  return {
    name: row.name ?? '', entity: row.entity ?? 'customer', kind: row.kind ?? 'report', body: row.body ?? '', paper: row.paper ?? 'a4',
    landscape: row.landscape ?? false, watermark: row.watermark ?? true, enabled: row.enabled ?? true, position: row.position ?? 100,
    lists: Object.entries(stored ?? {}).map(([name, l]) => ({ name, of: l.of ?? '', sort: (l.sort ?? '').replace(/^[-+]/, ''), down: (l.sort ?? '').startsWith('-'), limit: l.limit ?? null, filter: l.filter ? JSON.stringify(l.filter) : '' })),
  };
}

/** As the server takes it. Throws where a condition is no JSON: the caller says so. */
export function bodyOf(d: Draft): Record<string, unknown> {
  const lists: Record<string, StoredList> = {};
  for (const l of d.lists) {
    if (!l.name.trim()) continue;
    lists[l.name.trim()] = { of: l.of, ...(l.sort ? { sort: `${l.down ? '-' : ''}${l.sort}` } : {}), ...(l.limit ? { limit: l.limit } : {}), ...(l.filter.trim() ? { filter: JSON.parse(l.filter) as unknown } : {}) };
  }
  return { name: d.name.trim(), entity: d.entity, kind: d.kind, body: d.kind === 'report' ? d.body : null, lists: Object.keys(lists).length ? lists : null, paper: d.paper, landscape: d.landscape, watermark: d.watermark, enabled: d.enabled, position: d.position };
}

/** What is put into the text for a list: a table of its first columns, or, in Word, a row that repeats. */
export function tableOf(name: string, fields: Place[], kind: Draft['kind']): string {
  const some = fields.filter((f) => f.list && !['link_many', 'image', 'file'].includes(f.type ?? '')).slice(0, 4).map((f) => f.path);
  return kind === 'report' ? `@表格 ${name}: ${some.join(', ')}` : `{{#${name}}}${some.map((p) => `{{${p}}}`).join(' ')}{{/${name}}}`;
}

/** The line a mistake speaks of ("第 3 行：…", "Line 3: …"); 0 where it names none. */
export const lineOf = (message: string): number => Number(/^\D{0,6}(\d+)/.exec(message)?.[1] ?? 0);

/** Where a line begins and ends in a text. */
export function lineRange(text: string, line: number): [number, number] {
  const lines = text.split('\n'), from = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  return [from, from + (lines[line - 1] ?? '').length];
}
