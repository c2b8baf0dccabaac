// Lists of the page that are read page by page: the next page comes behind the first, what was chosen stays, and an answer to an
// older question is not shown over the newer one.
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, ref, shallowRef } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import RuleLog from '../src/admin/rules/RuleLog.vue';
import type { RuleRow } from '../src/admin/rules/rule';
import { emptyFilter } from '../src/core/filter';
import { forgetSchema, type EntityDef } from '../src/core/schema';
import RelatedList from '../src/views/detail/RelatedList.vue';
import DuplicateGroups from '../src/views/import/DuplicateGroups.vue';
import ImportList from '../src/views/import/ImportList.vue';
import { provideImport, type ImportState } from '../src/views/import/useImport';
import JobsPage from '../src/views/jobs/JobsPage.vue';
import FilterBar from '../src/views/list/FilterBar.vue';
import GroupedList from '../src/views/list/GroupedList.vue';
import TasksPage from '../src/views/tasks/TasksPage.vue';
import { later, serve, type Asked } from './server';

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:x(.*)*', component: { template: '<i/>' } }] });
const option = (code: string) => ({ code, label: { zh: code } });
const entity = (name: string, plural: string, fields: EntityDef['fields']): EntityDef => ({ name, plural, label: { zh: name }, title: fields[0]!.name, can: {}, fields, list: fields.map((f) => f.name), form: [] });
const text = (name: string) => ({ name, type: 'string', label: { zh: name } });
const page = ({ query }: Asked, rows: object[]) => (query.get('cursor') ? { data: rows.slice(1), next_cursor: null } : { data: rows.slice(0, 1), next_cursor: 'c' });
let w: VueWrapper | null = null;
afterEach(() => { w?.unmount(); w = null; vi.unstubAllGlobals(); forgetSchema(); document.body.innerHTML = ''; });
const more = async (name: string) => {
  const button = [...document.querySelectorAll('button')].find((b) => b.textContent === name)!;
  button.click();
  await flushPromises();
};
/** A part of the import page, in the state named. */
const within = (part: typeof ImportList | typeof DuplicateGroups, state: object) => mount(defineComponent({ setup() { provideImport(state as ImportState); return () => h(part); } }), { global: { plugins: [router] }, attachTo: document.body });

describe('the log of a rule', () => {
  const run = (n: number, outcome: string) => ({ id: n, version: 1, record: { id: n, label: `客户${n}` }, outcome, reason: null, by: null, at: '2026-01-01T00:00:00Z', reached_at: null });
  const schema = entity('rule_run', 'rule-runs', [{ name: 'outcome', type: 'option', label: { zh: '结果' }, options: [option('done'), option('failed')] }]);
  const rest = { 'GET /schema/rule_run': () => schema, 'POST /rules/5/actions/effect': () => ({}) };
  const open = async () => { w = mount(RuleLog, { props: { rule: { id: 5, name: '规则', entity: 'customer' } as unknown as RuleRow }, global: { plugins: [router] }, attachTo: document.body }); await flushPromises(); };
  const shown = () => [...document.querySelectorAll('.rule-try tbody tr')].map((tr) => tr.querySelectorAll('td')[1]!.textContent);

  it('goes on behind the first page', async () => {
    serve({ ...rest, 'GET /rule-runs': (asked) => page(asked, [run(1, 'done'), run(2, 'failed')]) });
    await open();
    expect(shown()).toEqual(['客户1']);
    await more('更多');
    expect(shown()).toEqual(['客户1', '客户2']);
  });
  it('shows what was asked last, whichever answer comes last', async () => {
    const slow = later<object>();
    serve({ ...rest, 'GET /rule-runs': ({ query }) => (query.get('filter')!.includes('failed') ? slow.promise : { data: [run(1, 'done')] }) });
    await open();
    const select = document.querySelector('select')!;
    for (const outcome of ['failed', 'done']) { select.value = outcome; select.dispatchEvent(new Event('change')); await flushPromises(); }
    slow.keep({ data: [run(2, 'failed')] });
    await flushPromises();
    expect(shown()).toEqual(['客户1']);
  });
});

it('earlier imports go on behind the first page', async () => {
  const one = (id: number) => ({ id, state: 'done', file_name: `${id}.csv`, entities: [], counts: {}, created_at: '2026-01-01T00:00:00Z' });
  serve({ 'GET /imports': (asked) => page(asked, [one(1), one(2)]) });
  w = within(ImportList, { open: () => undefined, busy: ref(false) });
  await flushPromises();
  const shown = () => [...document.querySelectorAll('.link-btn')].map((b) => b.textContent);
  expect(shown()).toEqual(['1.csv']);
  await more('加载更多');
  expect(shown()).toEqual(['1.csv', '2.csv']);
});

it('groups of duplicates go on behind the first page, and what was chosen stays', async () => {
  const group = (n: number) => ({ group: `g${n}`, sheet: 0, rows: [n], choice: null });
  serve({ 'GET /imports/4/duplicates': (asked) => page(asked, [group(1), group(2)]) });
  w = within(DuplicateGroups, { job: shallowRef({ id: 4, sheets: [{ index: 0, name: '客户', on_duplicate: 'skip' }] }), plans: {}, busy: ref(false), choose: async () => true });
  await flushPromises();
  const first = () => document.querySelector('select')!;
  first().value = 'create';
  first().dispatchEvent(new Event('change'));
  await more('加载更多');
  expect(document.querySelectorAll('select').length).toBe(2);
  expect(first().value).toBe('create');
});

it('records of a record go on behind the first page', async () => {
  serve({ 'GET /schema/contact': () => entity('contact', 'contacts', [text('name')]), 'GET /contacts': (asked) => page(asked, [{ id: 1, version: 1, name: '赵' }, { id: 2, version: 1, name: '钱' }]) });
  w = mount(RelatedList, { props: { parent: entity('customer', 'customers', [text('name')]), row: { id: 9, version: 1, name: '甲' }, child: { entity: 'contact', plural: 'contacts', field: 'customer' } }, global: { plugins: [router] }, attachTo: document.body });
  await flushPromises();
  const shown = () => [...document.querySelectorAll('tbody a')].map((a) => a.textContent);
  expect(shown()).toEqual(['赵']);
  await more('加载更多');
  expect(shown()).toEqual(['赵', '钱']);
});

it('the tasks of the person asked for last are shown, whichever answer comes last', async () => {
  const slow = later<object>();
  const task = (id: number, title: string) => ({ id, version: 1, title, due_at: null, status: 'open' });
  serve({
    'GET /schema/task': () => entity('task', 'tasks', [text('title'), { name: 'status', type: 'option', label: { zh: '状态' }, options: [option('open'), option('done')] }]),
    'GET /tasks': ({ query }) => (query.get('limit') === '20' ? { data: [] } : query.get('filter')!.includes('"me"') ? slow.promise : { data: [task(2, '陈的任务')] }),
    'GET /tasks/groups': () => ({ data: [] }),
  });
  await router.push('/tasks');
  w = mount(TasksPage, { global: { plugins: [router] }, attachTo: document.body });
  await flushPromises();
  await router.push('/tasks?person=8');
  await flushPromises();
  expect(document.body.textContent).toContain('陈的任务');
  slow.keep({ data: [task(1, '我的任务')] });
  await flushPromises();
  expect(document.body.textContent).toContain('陈的任务');
  expect(document.body.textContent).not.toContain('我的任务');
});

it('the page of jobs asks no more when it was left while an answer was under way', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const answer = later<object>();
  const asked = serve({ 'GET /jobs': () => answer.promise });
  w = mount(JobsPage, { global: { plugins: [router] }, attachTo: document.body });
  await Promise.resolve();
  expect(asked.length).toBe(1);
  w.unmount();
  w = null;
  answer.keep({ data: [] });
  for (let i = 0; i < 20; i++) await Promise.resolve();
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  expect(asked.length).toBe(1);
});

it('the people to choose from are those of the last letter typed, whichever answer comes last', async () => {
  const slow = later<object>();
  serve({ 'GET /users': ({ query }) => (query.get('q') === '陈' ? slow.promise : { data: [{ id: 2, name: query.get('q') ? '陈销售' : '冯销售' }] }) });
  const owner = { name: 'owner', type: 'link', to: 'user', ops: ['in'], label: { zh: '负责人' } };
  w = mount(FilterBar, { props: { entity: { ...entity('customer', 'customers', [text('name'), owner]), list: ['name', 'owner'] }, state: emptyFilter(), q: '', foreign: false }, global: { plugins: [router] }, attachTo: document.body });
  [...document.querySelectorAll('button')].find((b) => b.textContent!.includes('负责人'))!.click();
  await flushPromises();
  const search = document.querySelectorAll<HTMLInputElement>('input[type=search]')[1]!;
  for (const q of ['陈', '陈销']) { search.value = q; search.dispatchEvent(new Event('input')); await flushPromises(); }
  slow.keep({ data: [{ id: 9, name: '陈旧' }] });
  await flushPromises();
  expect(document.body.textContent).toContain('陈销售');
  expect(document.body.textContent).not.toContain('陈旧');
});

describe('rows under the values of a field', () => {
  const fields = [text('name'), { name: 'level', type: 'option', label: { zh: '级别' }, options: [option('key'), option('plain')] }];
  const def = entity('customer', 'customers', fields);
  const row = (id: number) => ({ id, version: 1, name: `客户${id}`, level: 'key' });
  const groups = { 'GET /customers/groups': () => ({ data: [{ value: 'key', label: '重要', count: 2, sums: {} }], more: false, total: { count: 2 } }) };
  const open = async () => {
    const props = { entity: def, field: fields[1]!, fields: [fields[0]!], widths: {}, asked: {}, filter: null, wanted: 'name', sort: 'name', sums: [], stamp: 0, selected: new Set<number>(), deleted: false, pickable: false, narrow: false, save: async () => null, rowMenu: () => [] };
    const list = (w = mount(GroupedList, { props, global: { plugins: [router] }, attachTo: document.body }));
    await flushPromises();
    return { list, toggle: async () => { await list.get('h2 button').trigger('click'); await flushPromises(); } };
  };
  const shown = () => [...document.querySelectorAll('.title-link')].map((a) => a.textContent);

  it('goes on behind the first page, and begins anew with another order', async () => {
    serve({ ...groups, 'GET /customers': (asked) => page(asked, asked.query.get('sort') === 'name' ? [row(1), row(2)] : [row(2), row(1)]) });
    const { list, toggle } = await open();
    expect(shown()).toEqual([]);
    await toggle();
    expect(shown()).toEqual(['客户1']);
    await more('加载更多');
    expect(shown()).toEqual(['客户1', '客户2']);
    await list.setProps({ sort: '-name' });
    await flushPromises();
    expect(shown()).toEqual(['客户2']);
  });
  it('shows what was asked last, whichever answer comes last', async () => {
    const slow = later<object>();
    serve({ ...groups, 'GET /customers': ({ query }) => (query.get('sort') === 'name' ? slow.promise : { data: [row(2)] }) });
    const { list, toggle } = await open();
    await toggle();
    await list.setProps({ sort: '-name' });
    await flushPromises();
    slow.keep({ data: [row(1)], next_cursor: 'c' });
    await flushPromises();
    expect(shown()).toEqual(['客户2']);
    expect(document.body.textContent).not.toContain('加载更多');
  });
  it('a page that comes when another order was chosen is not put behind it', async () => {
    const slow = later<object>();
    serve({ ...groups, 'GET /customers': (asked) => (asked.query.get('cursor') ? slow.promise : page(asked, asked.query.get('sort') === 'name' ? [row(1)] : [row(2)])) });
    const { list, toggle } = await open();
    await toggle();
    await more('加载更多');
    await list.setProps({ sort: '-name' });
    await flushPromises();
    slow.keep({ data: [row(3)] });
    await flushPromises();
    expect(shown()).toEqual(['客户2']);
  });
  it('stays closed when it was closed before an answer, good or bad', async () => {
    const slow = later<object>();
    serve({ ...groups, 'GET /customers': () => slow.promise });
    const { toggle } = await open();
    await toggle();
    await toggle();
    slow.keep(new Response('{"detail":"-"}', { status: 500 }));
    await flushPromises();
    expect([shown(), document.querySelector('.group-rows')]).toEqual([[], null]);
  });
});
