// The columns of a list nobody chose, and the fields a filter offers.
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../test/server';
import { pathsOf } from './paths';
import { defaultColumns, forgetSchema, loadIndex, type EntityDef } from './schema';

afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); });
const field = (name: string, more: object = {}) => ({ name, type: 'string', label: { zh: name, en: name }, ops: ['='], ...more });
const entity = (name: string, fields: object[], list: string[] = []) => ({ name, plural: `${name}s`, label: { zh: name, en: name }, title: 'name', can: {}, list, form: [], fields }) as unknown as EntityDef;

it('are those somebody laid out, in his order', () => {
  const e = entity('customer', [field('number'), field('name'), field('level')]);
  expect(defaultColumns({ ...e, list: ['number', 'name', 'gone'] })).toEqual(['number', 'name']);
  expect(defaultColumns({ ...e, list: ['level'] })).toEqual(['name', 'level']);
});

it('a filter offers of a linked record what tells of it, not how the program handles it', async () => {
  const standard = ['id', 'created_at', 'deleted_at', 'archived_at', 'import_job', 'ext_id'].map((n) => field(n));
  const contact = entity('contact', [...standard, field('name')]);
  serve({ 'GET /schema': () => ({ version: '1', groups: [], entities: [contact] }), 'GET /schema/contact': () => contact });
  await loadIndex();
  const paths = (await pathsOf(entity('customer', [...standard, field('name'), field('main', { type: 'link', to: 'contact' })]))).map((p) => p.path);
  expect(paths.filter((p) => p.startsWith('main.'))).toEqual(['main.name', 'main.created_at']);
  expect(paths).toContain('deleted_at'); // the recycle bin is a list, too
});
