// A file of electronic cards (.vcf) as a table, so that the import checks it, shows duplicates and can take it back like any
// other. The server reads the cards, a few hundred a call; what has no column of its own stands in the remark.
import { post } from '../../core/api';
import { textOf, type Read } from '../form/useBlock';

export const isCards = (file: File): boolean => /\.(vcf|vcard)$/i.test(file.name) || /^text\/(x-)?vcard$/i.test(file.type);

// What the server takes in one call (docs/api.md), with room to spare.
const MOST_CARDS = 150, MOST_CHARS = 250_000;

/** The cards of a text in portions. */
export function portions(text: string): string[] {
  const out: string[] = [];
  let now = '', n = 0;
  for (const card of text.split(/^(?=BEGIN:VCARD)/gim)) {
    if (!/^BEGIN:VCARD/i.test(card)) continue;
    if (n && (n >= MOST_CARDS || now.length + card.length > MOST_CHARS)) { out.push(now); now = ''; n = 0; }
    now += card;
    n++;
  }
  return n ? [...out, now] : out;
}

const said = (v: unknown): string => (v === null || v === undefined ? '' : typeof v === 'object' ? String((v as { label?: unknown }).label ?? '') : String(v));
/** The headers are those of the template; people do not see them for long. */
export const headers = ['客户名称', '主要联系人姓名', '主要联系人手机', '主要联系人职务', '联系方式', '邮箱', '网站', '统一社会信用代码', '省市区', '详细地址', '备注'];
export function rowOf(card: Read): string[] {
  const c = card.customer, p = card.contact;
  const rest = [['部门', p.department], ['微信', p.wechat], ['电话', c.phone && p.phone && p.phone !== c.phone ? p.phone : null], ['称呼', p.salutation]].filter(([, v]) => v).map(([k, v]) => `${String(k)}：${said(v)}`);
  return [
    said(c.name) || said(p.name), said(p.name), said(p.mobile), said(p.title), said(c.phone) || said(p.phone) || said(p.mobile), said(p.email) || said(c.email), said(c.website), said(c.uscc),
    said((c.region as { id?: number } | null | undefined)?.id ?? c.region), said(c.address_detail), [said(c.remark), ...rest].filter(Boolean).join('；'),
  ];
}
const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
export const toCsv = (rows: string[][]): string => `\ufeff${[headers, ...rows].map((r) => r.map(cell).join(',')).join('\r\n')}\r\n`;

export async function cardsAsTable(file: File): Promise<File> {
  const rows: string[][] = [];
  for (const text of portions(await textOf(file))) {
    const got = await post<Read>('/contacts/actions/parse', { text });
    rows.push(...(got.cards ?? [got]).map(rowOf));
  }
  return new File([toCsv(rows)], file.name.replace(/\.\w+$/, '.csv'), { type: 'text/csv' });
}

/** A file on its way from another page to the import. */
let handed: File | null = null;
export const handOver = (file: File): void => { handed = file; };
export function takeHanded(): File | null { const f = handed; handed = null; return f; }
