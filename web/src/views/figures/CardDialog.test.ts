// What a new card begins with: something worth looking at; one that is changed keeps what it had.
import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { Row } from '../../core/schema';
import CardDialog from './CardDialog.vue';
import type { Card } from './metric';

const metrics = [{ id: 1, version: 1, name: 'overdue', shown: '逾期任务', time_field: null }, { id: 2, version: 1, name: 'fresh', shown: '新增客户', time_field: 'created_at' }] as unknown as Row[];
const dimensions = () => [{ name: 'owner', label: '负责人' }, { name: 'kind', label: '类型' }];
async function saved(card: Card | null, kind?: string, metric?: string): Promise<Card> {
  const w = mount(CardDialog, { props: { card, metrics, dimensions }, global: { stubs: { FigureCard: true, Layer: { template: '<div><slot /></div>' } } } });
  if (metric) await w.get('#card-metric').setValue(metric);
  if (kind) await w.get('#card-kind').setValue(kind);
  await w.get('form').trigger('submit');
  const out = w.emitted('save')![0]![0] as Card;
  w.unmount();
  return out;
}
it('a table or bars of a present state begin with groups, not with months nobody counted', async () => {
  expect(await saved(null, 'table', 'overdue')).toEqual({ kind: 'table', width: 2, metric: 'overdue', by: 'owner' });
  expect(await saved(null, 'bar', 'overdue')).toEqual({ kind: 'bar', width: 2, metric: 'overdue', by: 'owner' });
  expect(await saved(null, 'bar', 'fresh')).toEqual({ kind: 'bar', width: 2, metric: 'fresh', period: 'month' });
});
it('a number takes one column, and what was chosen before stays', async () => {
  expect(await saved(null, undefined, 'fresh')).toEqual({ kind: 'card', width: 1, metric: 'fresh', period: 'month' });
  const kept: Card = { kind: 'line', width: 4, metric: 'overdue', period: 'day', last: 7 };
  expect(await saved(kept)).toEqual(kept);
  expect(await saved(kept, 'table')).toEqual({ ...kept, kind: 'table' });
});
