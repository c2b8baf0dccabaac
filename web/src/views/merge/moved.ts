// How many rows go along with a merge, in words: what people know by a list of its own, and files; of what only links two records
// the number says nothing.
import { number } from '../../core/format';
import { label, t } from '../../core/i18n';
import { shortOf } from '../../core/schema';

const known = (name: string) => name === 'attachment' || (shortOf(name)?.menu ?? false);
export const movedWords = (counts: Record<string, number>): string[] =>
  Object.entries(counts).filter(([name, n]) => n > 0 && known(name)).map(([name, n]) => t('merge.so_many', label(shortOf(name)?.label) || name, number(n)));
