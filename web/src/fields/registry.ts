// THE registry of field types: how a value is shown, edited, filtered and sent. Views know fields
// only through it; a type that is missing here falls back to text and is named once in the console.
import { defineAsyncComponent, type Component } from 'vue';
import { t, label } from '../core/i18n';
import * as format from '../core/format';
import type { FieldDef, LinkValue, Row } from '../core/schema';
import { pluralOf } from '../core/schema';
import TextInput from './inputs/TextInput.vue';
import AreaInput from './inputs/AreaInput.vue';
import MoneyInput from './inputs/MoneyInput.vue';
import OptionInput from './inputs/OptionInput.vue';
import LinkInput from './inputs/LinkInput.vue';
import BoolInput from './inputs/BoolInput.vue';

export interface Shown {
  text: string;
  tags?: { text: string; color: string }[];
  href?: string;      // outside the page: tel:, mailto:, https:
  to?: string;        // a route of the page
  image?: string;
}
export type FilterKind = 'text' | 'number' | 'option' | 'link' | 'date' | 'region' | 'bool' | 'none';
export interface FieldType {
  show: (value: unknown, field: FieldDef, row?: Row) => Shown;
  input: Component;
  filter: FilterKind;
  width: number;
  /** Where it is not the same for every field: a company's name is longer than a person's. */
  widthOf?: (field: FieldDef) => number;
  right?: boolean;      // figures stand at the right
  wide?: boolean;       // takes the whole width of the form
  inline: boolean;      // may be changed in a cell of the list
  /** What the form holds ↔ what the server takes and gives. */
  toApi: (value: unknown, field: FieldDef) => unknown;
  fromApi: (value: unknown, field: FieldDef) => unknown;
  /** Sentence on a value that cannot be meant, or ''. The server judges again. */
  check: (value: unknown, field: FieldDef) => string;
}

export const isEmpty = (v: unknown): boolean => v === undefined || v === null || v === '' || (Array.isArray(v) && v.length === 0);
const plain = (value: unknown): Shown => ({ text: isEmpty(value) ? '' : String(value) });
const trimmed = (value: unknown) => (isEmpty(value) ? null : typeof value === 'string' ? value.trim() || null : value);
const same = (value: unknown) => value ?? null;
const fine = () => '';
const lazyDate = defineAsyncComponent(() => import('./inputs/DateInput.vue'));
const lazyRegion = defineAsyncComponent(() => import('./inputs/RegionInput.vue'));
const lazyFiles = defineAsyncComponent(() => import('./inputs/FilesInput.vue'));
const lazyParts = defineAsyncComponent(() => import('./inputs/PartsInput.vue'));

const base: FieldType = { show: plain, input: TextInput, filter: 'text', width: 160, inline: true, toApi: trimmed, fromApi: same, check: fine };

const optionShown = (code: unknown, field: FieldDef) => {
  const option = field.options?.find((o) => o.code === code);
  return { text: option ? label(option.label) : String(code), color: option?.color ?? '' };
};
type TagValue = LinkValue & { color?: string };
const linkText = (value: unknown) => (value && typeof value === 'object' ? String((value as LinkValue).label ?? '') : isEmpty(value) ? '' : String(value));
function linkShown(value: unknown, field: FieldDef, row?: Row): Shown {
  const text = linkText(value);
  const to = field.to ?? (field.to_field ? String(row?.[field.to_field] ?? '') : '');
  const id = value && typeof value === 'object' ? (value as LinkValue).id : null;
  return text && to && id && to !== 'user' && to !== 'department' ? { text, to: `/e/${pluralOf(to)}/${id}` } : { text };
}
/** A share stands with its sign; other units stand in the name of the field. */
const figure = (v: unknown, f: FieldDef): Shown => { const text = format.number(v); return { text: text && f.unit === '%' ? `${text}%` : text }; };
const idOf = (value: unknown) => (value && typeof value === 'object' ? (value as LinkValue).id : same(value));
const numberToApi = (value: unknown) => {
  if (isEmpty(value)) return null;
  const text = String(value).replace(/[,，\s]/g, '');
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : value;
};
const filesText = (value: unknown): Shown => {
  const all = Array.isArray(value) ? value : isEmpty(value) ? [] : [value];
  return { text: all.map((f) => (typeof f === 'object' && f ? String((f as { name?: string; label?: string }).label ?? (f as { name?: string }).name ?? '') : String(f))).join(', ') };
};

export const types: Record<string, FieldType> = {
  number: { ...base, width: 150, inline: false },
  string: { ...base, width: 170 },
  text: { ...base, input: AreaInput, width: 240, wide: true, inline: false },
  int: { ...base, show: figure, filter: 'number', width: 100, right: true, toApi: numberToApi, check: (v) => (isEmpty(v) || /^-?[\d,]+$/.test(String(v).trim()) ? '' : t('field.int')) },
  float: { ...base, show: figure, filter: 'number', width: 110, right: true, toApi: numberToApi, check: (v) => (isEmpty(v) || /^-?[\d,]+(\.\d+)?$/.test(String(v).trim()) ? '' : t('field.number')) },
  decimal: { ...base, show: figure, filter: 'number', width: 110, right: true, toApi: (v) => { const n = trimmed(v); return typeof n === 'string' ? n.replace(/[,，]/g, '') : n; }, check: (v) => (isEmpty(v) || /^-?[\d,]+(\.\d+)?$/.test(String(v).trim()) ? '' : t('field.number')) },
  money: { ...base, show: (v, _f, row) => ({ text: isEmpty(v) ? '' : format.money(v, String(row?.currency ?? 'CNY')) }), input: MoneyInput, filter: 'number', width: 130, right: true, toApi: (v) => (isEmpty(v) ? null : (format.parseMoney(String(v)) ?? v)), fromApi: (v) => (isEmpty(v) ? null : (format.parseMoney(String(v)) ?? v)), check: (v) => (isEmpty(v) || format.parseMoney(String(v)) !== null ? '' : t('field.money')) },
  date: { ...base, show: (v) => ({ text: format.day(v) }), input: lazyDate, filter: 'date', width: 116 },
  datetime: { ...base, show: (v) => ({ text: format.dateTime(v) }), input: lazyDate, filter: 'date', width: 150 },
  bool: { ...base, show: (v) => ({ text: format.yesNo(v) }), input: BoolInput, filter: 'bool', width: 86, toApi: same },
  option: { ...base, show: (v, f) => { if (isEmpty(v)) return { text: '' }; const o = optionShown(v, f); return o.color ? { text: o.text, tags: [o] } : { text: o.text }; }, input: OptionInput, filter: 'option', width: 128, toApi: same },
  multi_option: { ...base, show: (v, f) => { const all = (Array.isArray(v) ? v : []).map((c) => ({ ...optionShown(c, f), color: optionShown(c, f).color || 'gray' })); return { text: all.map((o) => o.text).join('、'), tags: all }; }, input: OptionInput, filter: 'option', width: 180, toApi: (v) => v ?? [], fromApi: (v) => v ?? [] },
  phone: { ...base, show: (v) => { const text = plain(v).text; return /\d{5}/.test(text) && !text.includes('*') ? { text, href: `tel:${text.replace(/[^\d+]/g, '')}` } : { text }; }, width: 136 },
  email: { ...base, show: (v) => { const text = plain(v).text; return text && !text.includes('*') ? { text, href: `mailto:${text}` } : { text }; }, width: 190, check: (v) => (isEmpty(v) || /^\S+@\S+\.\S+$/.test(String(v).trim()) || String(v).includes('*') ? '' : t('field.email')) },
  url: { ...base, show: (v) => { const text = plain(v).text; return /^https?:\/\//i.test(text) ? { text, href: text } : { text }; }, width: 190 },
  link: { ...base, show: linkShown, input: LinkInput, filter: 'link', width: 130, widthOf: (f) => (['user', 'department', 'role'].includes(f.to ?? '') ? 130 : 200), toApi: idOf },
  link_many: { ...base, show: (v, f) => { const all = Array.isArray(v) ? v.map(linkText) : []; return { text: all.join('、'), tags: f.to === 'tag' ? (v as TagValue[] ?? []).map((x) => ({ text: linkText(x), color: x?.color || 'gray' })) : undefined }; }, input: LinkInput, filter: 'link', width: 180, wide: true, inline: false, toApi: (v) => (Array.isArray(v) ? v.map(idOf) : []), fromApi: (v) => v ?? [] },
  region: { ...base, show: (v) => ({ text: linkText(v) }), input: lazyRegion, filter: 'region', width: 190, toApi: idOf },
  file: { ...base, show: filesText, input: lazyFiles, filter: 'none', inline: false, wide: true, toApi: idOf },
  files: { ...base, show: filesText, input: lazyFiles, filter: 'none', inline: false, wide: true, toApi: (v) => (Array.isArray(v) ? v.map(idOf) : []) },
  image: { ...base, show: (v) => ({ ...filesText(v), image: idOf(v) ? `/api/v1/attachments/${String(idOf(v))}/content` : undefined }), input: lazyFiles, filter: 'none', inline: false, wide: true, toApi: idOf },
  json: { ...base, show: (v) => ({ text: isEmpty(v) ? '' : typeof v === 'string' ? v : JSON.stringify(v) }), input: AreaInput, filter: 'none', wide: true, inline: false,
    fromApi: (v) => (isEmpty(v) ? '' : JSON.stringify(v, null, 2)),
    toApi: (v) => { if (isEmpty(v)) return null; if (typeof v !== 'string') return v; try { return JSON.parse(v) as unknown; } catch { return v; } },
    check: (v) => { if (isEmpty(v) || typeof v !== 'string') return ''; try { JSON.parse(v); return ''; } catch { return t('field.json'); } } },
  parts: { ...base, show: (v) => ({ text: v && typeof v === 'object' ? Object.values(v).filter(Boolean).join(' ') : '' }), input: lazyParts, filter: 'none', wide: true, inline: false,
    toApi: (v) => { const kept = Object.entries((v ?? {}) as Record<string, unknown>).filter(([, x]) => !isEmpty(x)); return kept.length ? Object.fromEntries(kept.map(([k, x]) => [k, typeof x === 'string' ? x.trim() : x])) : null; } },
};

const told = new Set<string>();
export function typeOf(field: FieldDef): FieldType {
  const type = types[field.type];
  if (type) return type;
  if (!told.has(field.type)) {
    told.add(field.type);
    console.info(`field type "${field.type}" is shown as text`);
  }
  return { ...base, show: (v) => ({ text: isEmpty(v) ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v) }), inline: false };
}

export const show = (field: FieldDef, row: Row): Shown => typeOf(field).show(row[field.name], field, row);
export const isMasked = (field: FieldDef, row: Row): boolean => row.masked?.includes(field.name) ?? false;

/** Before the server is asked: what is missing or cannot be meant. */
export function checkField(field: FieldDef, value: unknown, creating: boolean): string {
  if (isEmpty(value)) return field.required || (creating && field.form_required) ? t('field.required') : '';
  if (typeof value === 'string' && typeof field.max === 'number' && ['string', 'text'].includes(field.type) && [...value].length > field.max) return t('field.too_long', field.max);
  return typeOf(field).check(value, field);
}
