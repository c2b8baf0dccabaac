// A record on paper: what it can be printed with, and the file brought to the browser's downloads.
import { call, get } from './api';

export interface PrintChoice { id: number | 'builtin'; name: string; kind: 'report' | 'docx'; formats: string[] }
export const printChoices = async (plural: string, id: number) => (await get<{ data: PrintChoice[] }>(`/${plural}/${id}/prints`)).data;

/** The name a file is sent under (RFC 8187). */
export function nameOf(disposition: string): string {
  const long = /filename\*=UTF-8''([^;]+)/i.exec(disposition), plain = /filename="([^"]*)"/i.exec(disposition);
  try { return long ? decodeURIComponent(long[1]!) : (plain?.[1] ?? 'print'); } catch { return 'print'; }
}

/** By a call of ours, not by an address: what is refused is said, and a second verification asked for. */
export async function printRecord(plural: string, id: number, template: number | 'builtin', format: string): Promise<string> {
  const { data, headers } = await call<Blob>('GET', `/${plural}/${id}/print`, { query: { template, format }, blob: true });
  const name = nameOf(headers.get('Content-Disposition') ?? '');
  const a = document.createElement('a');
  a.href = URL.createObjectURL(data);
  a.download = name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
  return name;
}
