// Commands are found in Chinese, by initials, by pinyin and in English; text is marked where it matched.
import { describe, expect, it } from 'vitest';
import { findCommands, rank, type Command } from './commands';
import { marked } from './marked';

const command = (text: string, keys: string): Command => ({ id: text, text, icon: '', keys, run: () => {} });
const all = [
  command('新建客户', 'xjkh xinjiankehu newCustomer 客户 Customer'), command('新建联系人', 'xjlxr xinjianlianxiren newContact 联系人 Contact'),
  command('打开 客户', 'kh kehu 客户 Customer'), command('打开 日历', 'rl rili calendar'), command('深色外观', 'qhzt zhuti ss shense dark theme'),
];
const found = (q: string) => findCommands(all, q, 5).map((c) => c.text);

describe('commands', () => {
  it('by initials, pinyin, Chinese and English', () => {
    expect(found('xjkh')).toEqual(['新建客户']);
    expect(found('xinjian')).toEqual(['新建客户', '新建联系人']);
    expect(found('日历')).toEqual(['打开 日历']);
    expect(found('dark')).toEqual(['深色外观']);
    expect(found('new cus')).toEqual(['新建客户']);
  });
  it('the exact one first, nothing for nothing', () => {
    expect(found('kehu')[0]).toBe('打开 客户');
    expect(found('')).toEqual([]);
    expect(rank(all[0]!, 'zzz')).toBe(0);
  });
});
describe('marked', () => {
  const text = (label: string, q: string) => marked(label, q).map((p) => (p.hit ? `[${p.text}]` : p.text)).join('');
  it('marks every word of the query, whatever its case', () => {
    expect(text('杭州云帆信息技术有限公司', '云帆')).toBe('杭州[云帆]信息技术有限公司');
    expect(text('H3C 华为 h3c', 'h3c 华')).toBe('[H3C] [华]为 [h3c]');
    expect(text('138****8000', '8000')).toBe('138****[8000]');
    expect(text('云帆', 'yf')).toBe('云帆');
    expect(text('a.b', '.')).toBe('a[.]b');
    expect(text('云帆', '')).toBe('云帆');
  });
});
