// What every input of the registry takes. The label stands outside and points to id.
import type { FieldDef } from '../../core/schema';
export interface InputProps {
  modelValue: unknown;
  field: FieldDef;
  id?: string;
  label?: string;
  invalid?: boolean;
  describedby?: string;
  disabled?: boolean;
  /** The other values of the form, for fields that depend on another (parent by parent_type). */
  values?: Record<string, unknown>;
  /** In a cell: a choice is the end of editing. */
  inline?: boolean;
}
