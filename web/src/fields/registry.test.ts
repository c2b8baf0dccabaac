// Every field type: how it reads in both languages, what goes to the server and comes back, what is
// refused; and that its input can be mounted and tells its value.
import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { h, nextTick } from 'vue';
import { setLang } from '../core/i18n';
import type { FieldDef, Row } from '../core/schema';
import { checkField, types, typeOf } from './registry';
import { parseMoney } from '../core/format';

const field = (type: string, more: Partial<FieldDef> = {}): FieldDef => ({ name: 'x', type, label: { zh: '字段', en: 'Field' }, right: 'edit', ...more });
const options = [{ code: 'it', label: { zh: '信息技术', en: 'IT' }, color: 'blue' }, { code: 'edu', label: { zh: '教育', en: 'Education' } }];
const row = (x: unknown): Row => ({ id: 1, version: 1, x });

const cases: [type: string, value: unknown, zh: string, en: string, api: unknown, more?: Partial<FieldDef>][] = [
  ['number', 'CUS001', 'CUS001', 'CUS001', 'CUS001'],
  ['string', ' 云帆 ', ' 云帆 ', ' 云帆 ', '云帆'],
  ['text', 'a\nb', 'a\nb', 'a\nb', 'a\nb'],
  ['int', 12345, '12,345', '12,345', 12345],
  ['float', 1.5, '1.5', '1.5', 1.5],
  ['decimal', '4.50', '4.50', '4.50', '4.50'],
  ['decimal', '80.00', '80.00%', '80.00%', '80.00', { unit: '%' }],
  ['money', '1234567.8', '¥1,234,567.80', '¥1,234,567.80', '1234567.80'],
  ['date', '2026-11-21', '2026-11-21', '2026-11-21', '2026-11-21'],
  ['datetime', '2026-11-21T06:05:00Z', '2026-11-21 14:05', '2026-11-21 14:05', '2026-11-21T06:05:00Z'],
  ['bool', true, '是', 'Yes', true],
  ['option', 'it', '信息技术', 'IT', 'it', { options }],
  ['multi_option', ['it', 'edu'], '信息技术、教育', 'IT、Education', ['it', 'edu'], { options }],
  ['phone', '13900001111', '13900001111', '13900001111', '13900001111'],
  ['email', 'a@b.cn', 'a@b.cn', 'a@b.cn', 'a@b.cn'],
  ['url', 'https://a.cn', 'https://a.cn', 'https://a.cn', 'https://a.cn'],
  ['link', { id: 5, label: '张三' }, '张三', '张三', 5, { to: 'user' }],
  ['link_many', [{ id: 5, label: '张三' }], '张三', '张三', [5], { to: 'user' }],
  ['region', { id: 330106, label: '浙江省 / 杭州市' }, '浙江省 / 杭州市', '浙江省 / 杭州市', 330106],
  ['file', { id: 3, label: 'a.pdf' }, 'a.pdf', 'a.pdf', 3],
  ['files', [{ id: 3, label: 'a.pdf' }], 'a.pdf', 'a.pdf', [3]],
  ['image', { id: 3, label: 'a.png' }, 'a.png', 'a.png', 3],
  ['json', { a: 1 }, '{"a":1}', '{"a":1}', { a: 1 }],
  ['parts', { name: '王芳', mobile: '' }, '王芳', '王芳', { name: '王芳' }],
];

describe('field types', () => {
  afterEach(() => setLang('zh'));
  it('covers every type the server may name', () => {
    const named = 'number string text int decimal float money date datetime bool option multi_option phone email url link link_many region file files image json parts'.split(' ');
    expect(Object.keys(types).sort()).toEqual(named.sort());
    expect([...new Set(cases.map((c) => c[0]))].sort()).toEqual(named.sort());
  });
  it.each(cases)('%s is shown and sent', async (type, value, zh, en, api, more) => {
    const f = field(type, more);
    const def = typeOf(f);
    expect(def.show(value, f, row(value)).text).toBe(zh);
    await setLang('en');
    expect(def.show(value, f, row(value)).text).toBe(en);
    expect(def.toApi(def.fromApi(value, f), f)).toEqual(api);
    expect(def.show(null, f, row(null)).text).toBe('');
    expect(def.toApi(def.fromApi(null, f), f)).toSatisfy((v: unknown) => v === null || (Array.isArray(v) && v.length === 0));
  });
  it.each(cases)('%s has an input that mounts with a label', async (type, value, _zh, _en, _api, more) => {
    const f = field(type, more);
    const wrapper = mount({ render: () => h(typeOf(f).input, { modelValue: typeOf(f).fromApi(value, f), field: f, id: 'i', label: '字段', values: {} }) }, { attachTo: document.body });
    for (let i = 0; i < 400 && !document.querySelector('input, textarea, .stack'); i++) await new Promise((r) => setTimeout(r, 50));
    expect(document.querySelector('input, textarea, .stack')).toBeTruthy();
    wrapper.unmount();
  }, 25000); // the date picker is a chunk of its own, and the machine may be busy
  it('falls back to text for a type it does not know', () => {
    expect(typeOf(field('hologram')).show('a', field('hologram')).text).toBe('a');
  });
});

describe('checks', () => {
  beforeEach(() => setLang('zh'));
  it('asks for what is required, when it is', () => {
    expect(checkField(field('string', { required: true }), '', true)).toBe('请填写此项');
    expect(checkField(field('string', { form_required: true }), '', true)).toBe('请填写此项');
    expect(checkField(field('string', { form_required: true }), '', false)).toBe('');
    expect(checkField(field('bool', { required: true }), false, true)).toBe('');
  });
  it('refuses what cannot be meant', () => {
    expect(checkField(field('int'), '1.5', true)).not.toBe('');
    expect(checkField(field('int'), '1,500', true)).toBe('');
    expect(checkField(field('money'), 'abc', true)).not.toBe('');
    expect(checkField(field('money'), '1.2万', true)).toBe('');
    expect(checkField(field('email'), 'nobody', true)).not.toBe('');
    expect(checkField(field('json'), '{', true)).not.toBe('');
    expect(checkField(field('string', { max: 3 }), '一二三四', true)).toBe('不能超过 3 个字');
    expect(checkField(field('string', { max: 4 }), '一二三𠮷', true)).toBe('');
  });
});

describe('money', () => {
  it.each([['1.2万', '12000.00'], ['3,000.5', '3000.50'], ['￥3000', '3000.00'], ['3千', '3000.00'], ['1亿', '100000000.00'], ['１２．５', '12.50'], ['-5', '-5.00'], ['0.001', '0.001'], ['007', '7.00'], ['1.23456万', '12345.60'], ['99999999999999.99', '99999999999999.99']])('%s is %s', (typed, value) => expect(parseMoney(typed)).toBe(value));
  it.each(['', 'abc', '1.2.3', '--1', '1e5'])('%s is no amount', (typed) => expect(parseMoney(typed)).toBeNull());
});

describe('inputs tell their values', () => {
  it('option: opened by key, chosen by Enter', async () => {
    const got: unknown[] = [];
    const f = field('option', { options });
    const w = mount({ render: () => h(types.option!.input, { modelValue: null, field: f, label: '行业', 'onUpdate:modelValue': (v: unknown) => got.push(v) }) }, { attachTo: document.body });
    const input = w.get('input');
    await input.trigger('keydown', { key: 'ArrowDown' });
    await nextTick();
    expect([...document.querySelectorAll('[role=option]')].map((e) => e.textContent?.trim())).toEqual(['信息技术', '教育']);
    expect(input.attributes('aria-expanded')).toBe('true');
    await input.trigger('keydown', { key: 'ArrowDown' });
    await input.trigger('keydown', { key: 'Enter' });
    expect(got).toEqual(['edu']);
    w.unmount();
  });
  it('option: typing narrows', async () => {
    const f = field('option', { options });
    const w = mount({ render: () => h(types.option!.input, { modelValue: null, field: f, label: '行业' }) }, { attachTo: document.body });
    await w.get('input').setValue('教');
    await nextTick();
    expect(document.querySelectorAll('[role=option]').length).toBe(1);
    w.unmount();
  });
  it('money: writes out what it understood', async () => {
    const got: unknown[] = [];
    const w = mount({ render: () => h(types.money!.input, { modelValue: '1.2万', field: field('money'), 'onUpdate:modelValue': (v: unknown) => got.push(v) }) });
    expect(w.text()).toContain('¥12,000.00');
    await w.get('input').trigger('change');
    expect(got).toEqual(['12000.00']);
  });
});
