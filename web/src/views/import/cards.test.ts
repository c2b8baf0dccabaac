import { describe, expect, it } from 'vitest';
import { headers, isCards, portions, rowOf, toCsv } from './cards';

const card = (n: number) => `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:人${n}\r\nEND:VCARD\r\n`;
describe('a file of cards as a table', () => {
  it('is told by its name or type', () => {
    expect(isCards(new File([''], 'a.VCF'))).toBe(true);
    expect(isCards(new File([''], 'a', { type: 'text/x-vcard' }))).toBe(true);
    expect(isCards(new File([''], 'a.csv'))).toBe(false);
  });
  it('goes in portions that the server takes, none of them cut', () => {
    const parts = portions(`junk\r\n${Array.from({ length: 320 }, (_, i) => card(i)).join('')}`);
    expect(parts.map((p) => p.match(/BEGIN:VCARD/g)!.length)).toEqual([150, 150, 20]);
    expect(parts.join('')).not.toContain('junk');
    expect(portions('no card')).toEqual([]);
    expect(portions(card(1).toLowerCase())).toHaveLength(1);
  });
  it('drops nothing: what has no column stands in the remark, a person without a company is the customer', () => {
    const row = rowOf({ customer: { name: '云杉科技', phone: '0571-88156688', region: { id: 1, label: '浙江省 / 杭州市' }, address_detail: '文三路 1 号', remark: '老朋友' }, contact: { name: '王芳', mobile: '13800138000', phone: '0571-1', wechat: 'wf', department: '采购部', email: 'a@b.cn' } });
    expect(Object.fromEntries(headers.map((h, i) => [h, row[i]]))).toMatchObject({ 客户名称: '云杉科技', 主要联系人姓名: '王芳', 主要联系人手机: '13800138000', 联系方式: '0571-88156688', 邮箱: 'a@b.cn', 省市区: '1', 详细地址: '文三路 1 号', 备注: '老朋友；部门：采购部；微信：wf；电话：0571-1' });
    expect(rowOf({ customer: {}, contact: { name: '李娜', mobile: '13900139000' } }).slice(0, 5)).toEqual(['李娜', '李娜', '13900139000', '', '13900139000']);
  });
  it('is written so that quotes and lines survive', () => expect(toCsv([['a"b', 'c,d', 'e\nf']]).split('\r\n')[1]).toBe('"a""b","c,d","e\nf"'));
});
