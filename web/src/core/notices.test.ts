// Where a notice about several leads: to all of them, by an address that stays short.
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../test/server';
import { targetOf } from './notices';
import { forgetSchema, loadIndex } from './schema';

const head = { id: 57665045125376, entity: 'customer', record: null, kind: 'rule', members: 4000 };
const told = async (ids: number[]) => {
  const asked = serve({ 'GET /schema': () => ({ version: '1', groups: [], entities: [{ name: 'customer', plural: 'customers', label: { zh: '客户' } }] }), 'GET /customers': () => ({ data: ids.map((id) => ({ id })) }) });
  await loadIndex();
  return { asked, to: await targetOf(head) };
};
afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); });

it('names the notice, not its records', async () => {
  const { to, asked } = await told([1, 2]);
  expect(to).toBe(`/e/customers?filter=${encodeURIComponent('["id","told",57665045125376]')}`);
  expect(asked.at(-1)!.query.get('limit')).toBe('2');
});
it('opens the record where one is left to read, and an empty list where none is', async () => {
  expect((await told([7])).to).toBe('/e/customers/7');
  expect((await told([])).to).toContain('told');
});
