// What a delivery is about and why it failed, in words; a code of a service outside stays.
import { expect, it } from 'vitest';
import { index, type Row } from '../../core/schema';
import { presenterOf } from './present';

const row = (more: object) => ({ id: 1, version: 1, ...more }) as Row;
it('puts the codes of a delivery into words and leaves those nobody knows', () => {
  index.value = { version: '1', groups: [], entities: [{ name: 'customer', plural: 'customers', label: { zh: '客户', en: 'Customer' } }] };
  const show = presenterOf('delivery')!;
  expect(show(row({ kind: 'task_due', code: 'no_answer', entity: 'customer' }))).toMatchObject({ kind: '任务提醒', code: '没有应答', entity: '客户' });
  expect(show(row({ kind: 'customer.created', code: '550', entity: null }))).toMatchObject({ kind: '客户 · 新建', code: '550' });
  expect(presenterOf('customer')).toBeUndefined();
});
