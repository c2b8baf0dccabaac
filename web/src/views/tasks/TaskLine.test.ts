// Whose a task is stands beside it, unless its own title says it.
import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { EntityDef, Row } from '../../core/schema';
import TaskLine from './TaskLine.vue';

const entity = { name: 'task', plural: 'tasks', label: { zh: '任务' }, title: 'title', can: {}, list: [], form: [], fields: [] } as unknown as EntityDef;
const line = (title: string) => mount(TaskLine, { props: { entity, row: { id: 1, version: 1, title, customer: { id: 5, label: '云杉科技' } } as Row }, global: { stubs: { RouterLink: { template: '<a><slot /></a>' } } } }).text();

it('names the customer once', () => {
  expect(line('跟进：云杉科技')).toBe('跟进：云杉科技');
  expect(line('送样品')).toMatch(/送样品\s*云杉科技/);
});
