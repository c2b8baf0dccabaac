// What an action asks and says: a preview is shown and not asked about, a letter is told to have arrived, what is
// wrong is said once, at its field.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EntityDef, Row } from '../../core/schema';
import { toasts } from '../../ui/notify';
import ActionDialog from './ActionDialog.vue';

const f = (name: string, zh: string) => ({ name, type: 'string', label: { zh, en: name }, right: 'edit' as const });
const entity: EntityDef = {
  name: 'thing', plural: 'things', label: { zh: '东西', en: 'Thing' }, title: 'subject', can: {}, list: [], gets: [], form: [], fields: [f('subject', '标题'), f('body', '内容')],
  actions: [{ name: 'preview', label: { zh: '预览', en: 'Preview' }, shows: true }, { name: 'test', label: { zh: '测试', en: 'Test' }, fields: [f('to', '收件人')] }, { name: 'retry', label: { zh: '重发', en: 'Again' }, ask: { zh: '再发一次？', en: 'Once more?' } },
    { name: 'retry_all', label: { zh: '全部重发', en: 'All again' }, on_entity: true, in_list: true }],
};
const row: Row = { id: 5, version: 1, subject: '甲' };
let calls: string[] = [];
let answers: Record<string, { status: number; body: unknown }> = {};
const open = (name: string, rows = [row]) => mount(ActionDialog, { props: { entity, name, rows }, attachTo: document.body, global: { stubs: { teleport: true } } });
beforeEach(() => {
  calls = []; answers = {}; toasts.value = [];
  vi.stubGlobal('fetch', async (url: string) => {
    calls.push(url.replace('/api/v1', ''));
    const a = answers[url.replace('/api/v1', '')] ?? { status: 200, body: {} };
    return new Response(JSON.stringify(a.body), { status: a.status, headers: { 'Content-Type': a.status >= 400 ? 'application/problem+json' : 'application/json' } });
  });
});
afterEach(() => { vi.unstubAllGlobals(); document.body.innerHTML = ''; });

describe('an action', () => {
  it('that only shows something is not asked about', async () => {
    answers['/things/5/actions/preview'] = { status: 200, body: { subject: '您好', body: '第一行\n第二行', secret: 'x' } };
    const it = open('preview');
    await flushPromises();
    expect(calls).toEqual(['/things/5/actions/preview']);
    expect(it.findAll('dt').map((e) => e.text())).toEqual(['标题', '内容']);
    expect(it.findAll('dd').map((e) => e.text())).toEqual(['您好', '第一行\n第二行']);
    expect(it.find('form').exists()).toBe(false);
    expect(it.find('[type=submit]').exists()).toBe(false);
  });
  it('asks in its own words, and says that it is done', async () => {
    const it = open('retry');
    expect(it.text()).toContain('再发一次？');
    await it.find('form').trigger('submit');
    await flushPromises();
    expect(toasts.value.map((x) => x.text)).toEqual(['重发：已完成']);
    expect(it.emitted('done')).toHaveLength(1);
  });
  it('of the whole entity is called without a record, and tells how many', async () => {
    answers['/things/actions/retry_all'] = { status: 200, body: { count: 12 } };
    const it = open('retry_all', []);
    await it.find('form').trigger('submit');
    await flushPromises();
    expect(calls).toEqual(['/things/actions/retry_all']);
    expect(toasts.value.map((x) => x.text)).toEqual(['全部重发：已处理 12 条']);
  });
  it('that sends a letter says that it arrived', async () => {
    answers['/things/5/actions/test'] = { status: 200, body: { delivery: 9 } };
    answers['/deliveries/9'] = { status: 200, body: { state: 'sent', attempts: 1 } };
    const it = open('test');
    await it.find('form').trigger('submit');
    await flushPromises();
    expect(toasts.value.map((x) => x.text)).toEqual(['已送达对方服务器']);
  });
  it('says what is wrong once, at its field', async () => {
    answers['/things/5/actions/test'] = { status: 422, body: { code: 'invalid', title: 'x', errors: [{ field: 'to', code: 'required', message: '请填写此项' }] } };
    const it = open('test');
    await it.find('form').trigger('submit');
    await flushPromises();
    expect(it.text().match(/请填写此项/g)).toHaveLength(1);
    expect(it.emitted('done')).toBeUndefined();
  });
});
