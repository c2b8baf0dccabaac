// What the server tells about an import (docs/api.md). What grew later is optional: a part of the
// page that lives on it is shown where the answer carries it.
export interface Guess { field: string; score: number }
export interface Column { index: number; header: string; samples: (string | null)[]; guess?: Guess | null; hidden?: boolean; values?: Record<string, string> | null; dates?: string | null }
export interface Note { code: string; count?: number; message: string; sheet?: string | null; column?: number; header?: string }
export type Match = string[] | string[][];
export interface Sheet {
  index: number; name: string; hidden?: boolean; rows: number; header_row: number; header_rows?: number; columns: Column[];
  entity?: string | null; mapping?: Record<string, string | null>; mode?: Mode; match?: Match; on_blank?: Blank; defaults?: Record<string, unknown>;
  remembered?: boolean; profile?: string | null; fill_down?: boolean; on_duplicate?: OnDuplicate; notes?: Note[];
}
export type Mode = 'create' | 'update' | 'upsert' | 'skip' | 'fill';
export type Blank = 'keep' | 'clear';
export type OnDuplicate = 'refuse' | 'create' | 'update' | 'skip';
export type Counts = Record<string, number>;
export interface Import {
  id: number; state: string; file_name?: string; sheets: Sheet[]; progress?: { done: number; total: number }; counts?: Counts;
  job?: { id: number } | null; ran?: boolean; message?: string | null; encoding?: string | null; delimiter?: string | null; warnings?: Note[];
  created_at?: string; finished_at?: string | null; revert_until?: string | null; 
}
export interface ImportShort { id: number; state: string; file_name?: string; entities: string[]; counts?: Counts; progress?: { done: number; total: number }; created_at?: string; finished_at?: string | null; revert_until?: string | null }
export interface RowError { sheet: string; row: number; column?: string | number | null; header?: string | null; value?: string | null; code: string; message: string }
/** One kind of mistake in one column, of the whole import. */
export interface Fault { sheet: string; column?: number | null; header?: string | null; code: string; count: number }
export interface Group { group: string; sheet: number; rule?: string; rows: number[]; record?: { id?: number; label?: string; owner?: string | { label: string } } | null; foreign?: boolean; choice?: string | null }
export interface Preview { encoding?: string | null; rule?: string | null; delimiter?: string | null; rows: { row: number; cells: (string | null)[] }[] }

/** What a person has decided about one sheet. Match keys: any group, within a group all. */
export interface Plan {
  entity: string; headerRow: number; headerRows?: number; mapping: Record<number, string>; mode: Mode; match: string[][];
  blank: Blank; onDuplicate?: OnDuplicate; fillDown?: boolean;
  /** As the server takes them, and as the inputs hold them (a link with its label). */
  defaults: Record<string, unknown>; shown: Record<string, unknown>;
}
export const outcomes = ['created', 'updated', 'unchanged', 'skipped', 'duplicate', 'failed'] as const;
export const isBusy = (state: string): boolean => ['checking', 'running', 'undoing'].includes(state);
