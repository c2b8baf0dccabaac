// What the calls of /configuration answer, and how its values read.
import { yesNo } from '../../core/format';
import { t } from '../../core/i18n';

export interface ValueRow { field: string; label: string; from?: unknown; to: unknown }
export interface DiffRow { key: string; title: string; values?: ValueRow[]; changes?: ValueRow[] }
export interface DiffPart { entity: string; label: string; added: DiffRow[]; changed: DiffRow[]; removed: DiffRow[]; unlisted: DiffRow[] }
export interface SettingRow { name: string; label: string; from: string | null; to: string | null }
export interface Diff { parts: DiffPart[]; settings: SettingRow[] }
export interface Counts { added: number; changed: number; removed: number; settings: number }
export interface Secret { entity: string; label: string; key: string; field: string; field_label: string }
export interface Answer extends Diff {
  id?: number; state: string; same: boolean; unlisted: 'keep' | 'remove'; counts: Counts; left: Diff; secrets: Secret[];
  problems: { place: string; code: string; message: string }[];
  missing: { entity: string; plural: string; label: string; key: string }[];
}
export interface Import { id: number; name: string; at: string; by: { id: number; label: string } | null; state: string; unlisted: string; counts: Counts | null; undone_at: string | null; undone_by: { id: number; label: string } | null }

/** A file among the values: its name, and enough of its digest to tell two of one name apart. */
const fileOf = (v: unknown) => { const f = v as { name?: unknown; sha256?: unknown } | null; return f && typeof f === 'object' && typeof f.name === 'string' && typeof f.sha256 === 'string' ? `${f.name} (${f.sha256.slice(0, 8)})` : null; };
export const shown = (v: unknown): string => fileOf(v) ?? (v === null || v === undefined || v === '' ? '—' : typeof v === 'boolean' ? yesNo(v) : typeof v === 'object' ? JSON.stringify(v, null, 1) : String(v));
/** The value of a setting; the logo is named by the digest of its picture. */
export const setTo = (s: SettingRow, v: string | null): string => (v === null ? t('cfg.default') : s.name === 'company.logo' ? t('cfg.logo', v.slice(0, 8)) : v);
/** "3 added, 1 changed" in words; nothing where there is nothing. */
export function summary(c: Counts | null | undefined): string {
  if (!c) return '';
  const all = [['cfg.n_added', c.added], ['cfg.n_changed', c.changed], ['cfg.n_removed', c.removed], ['cfg.n_settings', c.settings]] as const;
  return all.filter(([, n]) => n > 0).map(([key, n]) => t(key, n)).join(t('cfg.comma')) || t('cfg.same');
}
