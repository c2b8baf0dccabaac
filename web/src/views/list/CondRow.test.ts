// The field of a condition is found by typing: Chinese, pinyin or English, through links as well.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { setLang } from '../../core/i18n';
import { pathsBehind, pathsOf, type PathField } from '../../core/paths';
import { forgetSchema, loadIndex, type EntityDef } from '../../core/schema';
import { serve } from '../../../test/server';
import CondRow from './CondRow.vue';

const f = (name: string, zh: string, en: string, pinyin: string, more: object = {}) => ({ name, type: 'string', label: { zh, en }, pinyin, ops: ['=', 'contains'], ...more });
const entity = (name: string, fields: object[]) => ({ name, plural: `${name}s`, label: { zh: name, en: name }, title: 'name', can: {}, list: [], form: [], fields }) as unknown as EntityDef;
const contact = entity('contact', [f('name', '姓名', 'Name', 'xm xingming'), f('customer', '所属客户', 'Customer', 'sskh suoshukehu', { type: 'link', to: 'customer' })]);
const customer = entity('customer', [f('name', '客户名称', 'Name', 'khmc kehumingcheng'), f('former_owner', '前负责人', 'Former owner', 'qfzr qianfuzeren'), f('owner', '负责人', 'Owner', 'fzr fuzeren', { type: 'link', to: 'user' })]);
const user = entity('user', [f('mobile', '手机', 'Mobile', 'sj shouji')]);

async function row(paths: PathField[], field = 'name') {
  const it = mount(CondRow, { props: { paths, cond: { field, op: 'contains', value: null }, n: 1 }, attachTo: document.body, global: { stubs: { teleport: true } } });
  const input = it.get('[role=combobox]');
  const offered = async (typed: string) => { await input.setValue(typed); return it.findAll('[role=option]').map((o) => o.text()); };
  return { it, input, offered };
}
async function loaded(): Promise<PathField[]> {
  serve({ 'GET /schema': () => ({ version: '1', groups: [], entities: [contact, customer, user] }), 'GET /schema/customer': () => customer, 'GET /schema/user': () => user, 'GET /schema/contact': () => contact });
  await loadIndex();
  return pathsOf(contact);
}
beforeAll(() => setLang('zh'));
afterEach(() => { vi.unstubAllGlobals(); forgetSchema(); document.body.innerHTML = ''; });

describe('the field of a condition', () => {
  it('is found in Chinese, by initials, by pinyin, in English, by several words', async () => {
    const { offered } = await row(await loaded());
    expect(await offered('姓')).toEqual(['姓名']);
    expect(await offered('xm')).toEqual(['姓名']);
    for (const typed of ['客户名称', 'sskhkhmc', 'suoshukehukehu', 'customer name', '所属 名称', '所属客户 › 客户名称']) expect(await offered(typed), typed).toEqual(['所属客户 › 客户名称']);
    expect(await offered('没有这个')).toEqual([]);
  });
  it('that begins with what was typed comes first', async () => {
    const { offered } = await row(await pathsOf((await loaded(), customer)), 'name');
    expect((await offered('负责人')).slice(0, 2)).toEqual(['负责人', '负责人 › 手机']);
    expect((await offered('fzr'))[0]).toBe('负责人');
  });
  it('is chosen by keyboard, and only another one is a change', async () => {
    const { it, input, offered } = await row(await loaded());
    await offered('khmc');
    await input.trigger('keydown', { key: 'Enter' });
    expect(it.emitted('change')!.at(-1)).toEqual([{ field: 'customer.name', op: 'contains', value: null }]);
    await offered('xm');
    await input.trigger('keydown', { key: 'Enter' });
    expect(it.emitted('change')).toHaveLength(1);
  });
  it('leads on through a link, and offers at once what is behind it', async () => {
    const paths = await loaded();
    const { it, input, offered } = await row(paths);
    expect(await offered('客户负责人')).toEqual(['所属客户 › 负责人', '所属客户 › 负责人 › …']);
    await input.trigger('keydown', { key: 'ArrowDown' });
    await input.trigger('keydown', { key: 'Enter' });
    expect(it.emitted('deeper')).toEqual([['customer.owner']]);
    const behind = await pathsBehind(paths.find((p) => p.path === 'customer.owner')!);
    await it.setProps({ paths: [...paths, ...behind], cond: { field: 'customer.owner.mobile', op: 'contains', value: null } });
    await flushPromises();
    expect(it.get('[aria-selected=true]').text()).toBe('所属客户 › 负责人 › 手机');
    expect(await offered('shouji')).toEqual(['所属客户 › 负责人 › 手机']);
  });
});
