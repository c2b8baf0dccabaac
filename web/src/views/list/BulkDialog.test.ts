// A change of many records begins once, however often it is asked for: of two, only the later could be undone here.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { later, serve } from '../../../test/server';
import type { EntityDef } from '../../core/schema';
import BulkDialog from './BulkDialog.vue';

const entity = { name: 'task', plural: 'tasks', label: { zh: '任务' }, title: 'title', can: {}, list: [], form: [], fields: [{ name: 'title', type: 'string', label: { zh: '名称' }, right: 'edit' }] } as unknown as EntityDef;
afterEach(() => vi.unstubAllGlobals());

it('begins once, however often it is asked for', async () => {
  const begun = later<object>();
  const asked = serve({
    'POST /tasks/bulk': ({ body }) => ((body as { preview?: boolean }).preview ? { matched: 2, allowed: 2, sample: [] } : begun.promise),
    'GET /jobs/7': () => ({ id: 7, state: 'done', progress: { done: 2, total: 2 }, counts: { changed: 2 } }),
  });
  const runs = () => asked.filter((a) => a.what === 'POST /tasks/bulk' && !(a.body as { preview?: boolean }).preview).length;
  const w = mount(BulkDialog, { attachTo: document.body, props: { entity, action: 'archive', target: { ids: [1, 2] } }, global: { stubs: { RouterLink: true } } });
  await flushPromises();
  const form = document.querySelector<HTMLFormElement>('#bulk-form')!;
  for (let i = 0; i < 2; i++) form.dispatchEvent(new Event('submit', { cancelable: true }));
  await flushPromises();
  expect(runs()).toBe(1);
  begun.keep({ job: { id: 7 } });
  await vi.waitFor(() => expect(document.body.textContent).toContain('2'));
  expect(runs()).toBe(1);
  w.unmount();
});
