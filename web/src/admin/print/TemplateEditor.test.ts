// A Word template is switched on by its document: refused and given up, it leaves nothing; without one it is not switched on.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../../test/server';
import { question } from '../../ui/notify';
import TemplateEditor from './TemplateEditor.vue';
import type { Places } from './template';

afterEach(() => { vi.unstubAllGlobals(); document.body.innerHTML = ''; });
const places: Places = { entity: 'customer', label: '客户', fields: [], links: [], lists: [], others: [], entities: [{ name: 'customer', label: '客户' }], starter: '# 客户' };
async function editor(refuse: () => boolean) {
  const calls: [string, unknown][] = [];
  let version = 1;
  serve({
    'POST /print-templates/actions/places': () => places,
    'POST /print-templates/actions/preview': () => ({ html: '', record: null }),
    'POST /print-templates': ({ body }) => { calls.push(['made', (body as { enabled: boolean }).enabled]); return { id: 7, version }; },
    'PATCH /print-templates/7': ({ body }) => { calls.push(['changed', (body as { enabled: boolean }).enabled]); return { id: 7, version: ++version }; },
    'DELETE /print-templates/7': () => { calls.push(['removed', version]); return {}; },
    'POST /print-templates/7/attachments': () => { calls.push(['document', !refuse()]); return refuse() ? new Response(JSON.stringify({ status: 422, code: 'invalid', detail: '', errors: [{ field: 'file', code: 'invalid', message: '正文中的“{{number”没有结束' }] }), { status: 422, headers: { 'Content-Type': 'application/problem+json' } }) : {}; },
  });
  const w = mount(TemplateEditor, { props: { row: {}, places }, attachTo: document.body });
  await flushPromises();
  const form = document.querySelector<HTMLFormElement>('#print-form')!;
  const set = (id: string, value: string, event: string) => { const e = document.querySelector<HTMLInputElement>(id)!; e.value = value; e.dispatchEvent(new Event(event)); };
  set('#print-name', '合同', 'input');
  set('#print-kind', 'docx', 'change');
  await flushPromises();
  const choose = async () => {
    const input = document.querySelector<HTMLInputElement>('#print-file')!;
    Object.defineProperty(input, 'files', { value: [new File(['x'], 'a.docx')], configurable: true });
    input.dispatchEvent(new Event('change'));
    await flushPromises();
  };
  const save = async () => { form.dispatchEvent(new Event('submit')); await flushPromises(); };
  return { w, calls, choose, save };
}

it('without a document it is not switched on', async () => {
  const { w, calls, save } = await editor(() => false);
  await save();
  expect(calls).toEqual([]);
  expect(document.body.textContent).toContain('请选择 Word 文档');
  w.unmount();
});

it('refused, mended, then switched on', async () => {
  let refused = true;
  const { w, calls, choose, save } = await editor(() => refused);
  await choose();
  await save();
  expect(calls).toEqual([['made', false], ['document', false]]);
  expect(w.emitted('saved')).toBeUndefined();
  refused = false;
  await save();
  expect(calls.slice(2)).toEqual([['document', true], ['changed', true]]);
  expect(w.emitted('saved')).toHaveLength(1);
  w.unmount();
});

it('refused and given up, nothing of it stays', async () => {
  const { w, calls, choose, save } = await editor(() => true);
  await choose();
  await save();
  [...document.querySelectorAll<HTMLButtonElement>('footer .btn')].find((b) => b.textContent === '取消')!.click();
  await flushPromises();
  question.value!.answer(true);
  await flushPromises();
  expect(calls.at(-1)).toEqual(['removed', 1]);
  expect(w.emitted('close')).toHaveLength(1);
  expect(w.emitted('saved')).toBeUndefined();
  w.unmount();
});
