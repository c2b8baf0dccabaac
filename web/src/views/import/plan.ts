// The plan of a sheet: made from what the server guessed, turned into what the server takes. Pure.
import { label, t } from '../../core/i18n';
import { partsOf, type EntityDef } from '../../core/schema';
import { isEmpty } from '../../fields/registry';
import type { Item } from '../../ui/Combo.vue';
import type { Plan, Sheet } from './types';

const nested = (match: Sheet['match']): string[][] => {
  const list = match ?? [];
  if (list.length === 0) return [];
  return Array.isArray(list[0]) ? (list as string[][]).map((g) => [...g]) : [[...(list as string[])]];
};

export function planOf(sheet: Sheet): Plan {
  const mapping: Record<number, string> = {};
  for (const c of sheet.columns) mapping[c.index] = (sheet.mapping ? sheet.mapping[c.index] : c.guess?.field) ?? '';
  return {
    entity: sheet.entity ?? '', headerRow: sheet.header_row, headerRows: sheet.header_rows, mapping,
    mode: sheet.mode ?? 'create', match: nested(sheet.match), blank: sheet.on_blank ?? 'keep', onDuplicate: sheet.on_duplicate, fillDown: sheet.fill_down, defaults: { ...sheet.defaults }, shown: {},
  };
}

/** `anew`: the server is to guess the columns again (another entity, another header row). */
export function toPatch(sheet: Sheet, plan: Plan, anew = false): Record<string, unknown> {
  if (!plan.entity) return { index: sheet.index, entity: null };
  const groups = plan.match.filter((g) => g.length > 0);
  return {
    index: sheet.index, entity: plan.entity, header_row: plan.headerRow, mode: plan.mode, on_blank: plan.blank,
    match: groups.length > 1 ? groups : (groups[0] ?? []),
    ...(sheet.header_rows !== undefined && plan.headerRows !== undefined ? { header_rows: plan.headerRows } : {}),
    ...(sheet.fill_down !== undefined ? { fill_down: !!plan.fillDown } : {}),
    ...(sheet.on_duplicate !== undefined && plan.onDuplicate ? { on_duplicate: plan.onDuplicate } : {}),
    ...(anew ? {} : { mapping: Object.fromEntries(sheet.columns.map((c) => [c.index, plan.mapping[c.index] || null])), defaults: Object.fromEntries(Object.entries(plan.defaults).filter(([, v]) => !isEmpty(v))) }),
  };
}

/** Every field a column may go to; parts are dotted, and an address in one cell is a target of its own. */
export function targets(e: EntityDef | undefined): Item[] {
  const list: Item[] = [];
  for (const f of e?.fields ?? []) {
    if (f.type === 'parts') { for (const p of partsOf(f)) list.push({ value: `${f.name}.${p.name}`, label: `${label(f.label)} / ${label(p.label)}`, detail: `${f.name}.${p.name}` }); continue; }
    const kept = f.type === 'number' || f.name === 'created_at' || f.name === 'owner';
    if ((f.right === 'read' && !kept) || ['id', 'version'].includes(f.name) || ['file', 'files', 'image'].includes(f.type)) continue;
    list.push({ value: f.name, label: label(f.label), detail: f.required || f.form_required ? `${f.name} · ${t('import.required')}` : f.name });
    if (f.type === 'region') list.push({ value: 'address', label: t('import.address'), detail: 'address' });
  }
  return list;
}

/** Required fields that no column and no default fills. */
export function missing(e: EntityDef | undefined, plan: Plan): string[] {
  if (!e || plan.mode === 'update') return [];
  const filled = new Set([...Object.values(plan.mapping).map((f) => f.split('.')[0]), ...Object.entries(plan.defaults).filter(([, v]) => !isEmpty(v)).map(([n]) => n)]);
  if (filled.has('address')) for (const f of e.fields) if (f.type === 'region') filled.add(f.name);
  return e.fields.filter((f) => f.required && f.right === 'edit' && (f.default === undefined || f.default === null) && !filled.has(f.name)).map((f) => label(f.label));
}

/** Fields that several columns fill together: 省 and 市, several phones, remarks. The server joins them. */
function joins(e: EntityDef | undefined, path: string): boolean {
  const [name, part] = path.split('.');
  const f = e?.fields.find((x) => x.name === name);
  const type = part ? f && partsOf(f).find((x) => x.name === part)?.type : f?.type;
  return type === 'region' || type === 'phone' || type === 'text';
}

/** A field chosen for two columns that cannot share it: the server refuses it, so it is said beforehand. What the server itself proposed (姓 and 名) stands. */
export function twice(plan: Plan, e?: EntityDef, sheet?: Sheet): Set<string> {
  const seen = new Map<string, string>(), again = new Set<string>();
  for (const [c, f] of Object.entries(plan.mapping)) {
    if (!f) continue;
    const first = seen.get(f);
    const proposed = (column: string) => sheet?.mapping?.[column] === f;
    if (first !== undefined && !joins(e, f) && !(proposed(first) && proposed(c))) again.add(f);
    if (first === undefined) seen.set(f, c);
  }
  return again;
}

/** "A", "AB": the name of a column in the person's own table program. */
export function letters(index: number): string {
  return (index < 26 ? '' : letters(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + (index % 26));
}
