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

const option = { name: 'level', type: 'option', label: { zh: '等级' }, right: 'edit', default: 'normal', options: [{ code: 'normal', label: { zh: '一般' } }] };
const bool = { name: 'vip', type: 'bool', label: { zh: '贵宾' }, right: 'edit' };
const go = () => document.querySelector<HTMLButtonElement>('button[form=bulk-form]')!;
async function opened() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = serve({ 'POST /tasks/bulk': () => ({ matched: 2, allowed: 2, sample: [] }) });
  const e = { ...entity, fields: [...entity.fields, option, bool] } as unknown as EntityDef;
  const w = mount(BulkDialog, { attachTo: document.body, props: { entity: e, action: 'update', target: { ids: [1, 2] } }, global: { stubs: { RouterLink: true } } });
  const pick = async (name: string) => { const s = document.querySelector<HTMLSelectElement>('#bulk-add')!; s.value = name; s.dispatchEvent(new Event('change')); await settle(); };
  const settle = async () => { await flushPromises(); await vi.advanceTimersByTimeAsync(400); await flushPromises(); };
  return { asked, w, pick, settle, end: () => { w.unmount(); vi.useRealTimers(); } };
}
const last = (asked: { body: unknown }[]) => (asked.at(-1)!.body as { values: unknown }).values;

it('a field chosen has no value yet: the default of a new record is not what somebody chose for these', async () => {
  const d = await opened();
  await d.pick('level');
  expect([go().disabled, d.asked.length]).toEqual([true, 0]);
  document.querySelector<HTMLInputElement>('.check-line input')!.click();
  await d.settle();
  expect([go().disabled, last(d.asked)]).toEqual([false, { level: null }]);
  d.end();
});
it('yes and no are both chosen, none of them is there before', async () => {
  const d = await opened();
  await d.pick('vip');
  expect([go().disabled, d.asked.length]).toEqual([true, 0]);
  const s = document.querySelector<HTMLSelectElement>('#bulk-vip')!;
  s.value = 'false';
  s.dispatchEvent(new Event('change'));
  await d.settle();
  expect([go().disabled, last(d.asked)]).toEqual([false, { vip: false }]);
  d.end();
});
