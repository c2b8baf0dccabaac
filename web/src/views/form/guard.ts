// Forms with unsaved changes: asked before the page is left. The draft is kept either way.
import { t } from '../../core/i18n';
import { confirm } from '../../ui/notify';

const dirty = new Set<() => boolean>();
const onUnload = (event: BeforeUnloadEvent) => { if ([...dirty].some((f) => f())) event.preventDefault(); };
export function guard(isDirty: () => boolean): () => void {
  if (dirty.size === 0) window.addEventListener('beforeunload', onUnload);
  dirty.add(isDirty);
  return () => { dirty.delete(isDirty); if (dirty.size === 0) window.removeEventListener('beforeunload', onUnload); };
}
export const anyDirty = () => [...dirty].some((f) => f());
export const mayLeave = () => confirm({ title: t('form.leave_title'), text: t('form.leave_text'), ok: t('form.leave') });
