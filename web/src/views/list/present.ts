// What the program itself writes into its logs are codes: here they become words, in a list and on the page of one. A code
// nobody has a word for (that of a service outside) stays as it is.
import { label, tDynamic } from '../../core/i18n';
import { shortOf, type Row } from '../../core/schema';

const word = (group: string, code: unknown) => tDynamic(`${group}.${String(code ?? '')}`, String(code ?? ''));
const entityOf = (code: unknown) => label(shortOf(String(code ?? ''))?.label) || code;
/** "customer.created": what happened, told to a robot or a webhook. */
function kindOf(code: unknown): string {
  const [entity, what] = String(code ?? '').split('.');
  return what ? `${String(entityOf(entity))} · ${word('delivery.event', what)}` : word('delivery.kind', code);
}
const all: Record<string, (row: Row) => Row> = {
  audit_log: (row) => ({ ...row, action: word('did', row.action), entity: entityOf(row.entity) }),
  delivery: (row) => ({ ...row, kind: kindOf(row.kind), code: word('delivery.code', row.code), entity: entityOf(row.entity) }),
};
export const presenterOf = (entity: string | undefined): ((row: Row) => Row) | undefined => all[entity ?? ''];
