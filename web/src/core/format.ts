// How values are read by people: money, dates in the zone of the account, sizes, numbers.
import { lang, t } from './i18n';
import { me, zone } from './session';

const cache = new Map<string, Intl.DateTimeFormat>();
function formatter(withTime: boolean): Intl.DateTimeFormat {
  const key = `${zone.value}${withTime}`;
  let f = cache.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone.value, year: 'numeric', month: '2-digit', day: '2-digit',
      ...(withTime ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' as const } : {}),
    });
    cache.set(key, f);
  }
  return f;
}
function parts(date: Date, withTime: boolean): Record<string, string> {
  return Object.fromEntries(formatter(withTime).formatToParts(date).map((p) => [p.type, p.value]));
}

const plainDays = 'YYYY-MM-DD';
/** How the company writes days; Chinese words in it are for readers of Chinese. */
export function dayPattern(): string {
  const pattern = me.value?.company?.date_format || plainDays;
  return lang.value === 'en' && /[^\x20-\x7e]/.test(pattern) ? plainDays : pattern;
}
/** "2026-11-21" → as the company writes it; anything else as it is. */
export function day(value: unknown): string {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(String(value ?? ''));
  if (!m) return String(value ?? '');
  const words: Record<string, string> = { YYYY: m[1]!, MM: m[2]!, DD: m[3]!, M: String(+m[2]!), D: String(+m[3]!) };
  return dayPattern().replace(/YYYY|MM|DD|M|D/g, (w) => words[w]!);
}

/** Instant → "2026-11-21 14:05" in the zone of the account, whatever the company's way: for inputs. */
export function wallClock(value: unknown): string {
  if (!value) return '';
  const date = new Date(String(value));
  if (Number.isNaN(date.getTime())) return String(value);
  const p = parts(date, true);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
}
/** Instant → day and time in the zone of the account, as the company writes days. */
export function dateTime(value: unknown): string {
  const m = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d)$/.exec(wallClock(value));
  return m ? `${day(m[1])} ${m[2]}` : wallClock(value);
}
/** The day of an instant in the zone of the account. */
export function dayOf(date: Date): string {
  const p = parts(date, false);
  return `${p.year}-${p.month}-${p.day}`;
}
export const today = () => dayOf(new Date());

/** "2026-11-21 14:05" as read on a clock of the account's zone → instant. */
export function instantOf(text: string): string | null {
  const m = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (!m) return null;
  const wall = Date.UTC(+m[1]!, +m[2]! - 1, +m[3]!, +m[4]!, +m[5]!, +(m[6] ?? 0));
  // The zone's distance from UTC at about that time; a second look settles days of change.
  let guess = wall;
  for (let i = 0; i < 2; i++) {
    const p = parts(new Date(guess), true);
    const shown = Date.UTC(+p.year!, +p.month! - 1, +p.day!, +p.hour!, +p.minute!);
    guess += wall - (wall % 60000) - shown;
  }
  return new Date(guess).toISOString().replace('.000Z', 'Z');
}

const relativeSteps: [number, Intl.RelativeTimeFormatUnit][] = [[60, 'second'], [3600, 'minute'], [86400, 'hour'], [604800, 'day']];
/** "3 小时前" within a week, the date otherwise. */
export function ago(value: unknown): string {
  const at = new Date(String(value)).getTime();
  if (Number.isNaN(at)) return '';
  const seconds = (at - Date.now()) / 1000;
  const size = Math.abs(seconds);
  const rtf = new Intl.RelativeTimeFormat(lang.value === 'en' ? 'en' : 'zh-CN', { numeric: 'auto' });
  // "现在" is not what one says of what has just been.
  if (size < 60) return t('time.just_now');
  let unit = 1;
  for (const [limit, name] of relativeSteps) {
    if (size < limit) return rtf.format(Math.trunc(seconds / unit), name);
    unit = limit;
  }
  return day(wallClock(value).slice(0, 10));
}

/** "2 周后", "in 2 weeks": so many of a unit from now, as one says it. */
export function fromNow(n: number, unit: Intl.RelativeTimeFormatUnit): string {
  return new Intl.RelativeTimeFormat(lang.value === 'en' ? 'en' : 'zh-CN').format(n, unit).replace(/(\d)(?=\p{Script=Han})/u, '$1 ');
}

const group = (digits: string) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
export function number(value: unknown): string {
  const text = String(value ?? '');
  const m = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  return m ? `${m[1]}${group(m[2]!)}${m[3] ?? ''}` : text;
}
const symbols: Record<string, string> = { CNY: '¥', USD: '$', EUR: '€', HKD: 'HK$', JPY: 'JP¥' };
export function money(value: unknown, currency = 'CNY'): string {
  const text = String(value ?? '');
  const m = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (!m) return text;
  return `${m[1]}${symbols[currency] ?? `${currency} `}${group(m[2]!)}.${(m[3] ?? '').padEnd(2, '0')}`;
}

/**
 * What people type for an amount → decimal string: "1.2万", "3,000.5", "￥3000", "3千", "1亿".
 * Null where it is no amount; more than two decimals stay as they are, the server refuses them.
 */
export function parseMoney(input: string): string | null {
  let text = input.trim().replace(/[０-９．，]/g, (c) => (c === '．' ? '.' : c === '，' ? ',' : String.fromCharCode(c.charCodeAt(0) - 0xfee0)));
  text = text.replace(/[¥￥,\s元]/g, '').replace(/^(RMB|CNY)/i, '');
  const m = /^([+-]?)(\d+)(?:\.(\d+))?(百|千|万|十万|百万|千万|亿|k|m)?$/i.exec(text);
  if (!m) return null;
  const shift = { 百: 2, 千: 3, k: 3, 万: 4, 十万: 5, 百万: 6, m: 6, 千万: 7, 亿: 8 }[(m[4] ?? '').toLowerCase()] ?? 0;
  // Shift the decimal point in the text: no rounding, whatever the size.
  const decimals = (m[3] ?? '').padEnd(shift, '0');
  const whole = (m[2]! + decimals.slice(0, shift)).replace(/^0+(?=\d)/, '');
  const rest = decimals.slice(shift).replace(/0+$/, '');
  return `${m[1] === '-' ? '-' : ''}${whole}.${rest.padEnd(2, '0')}`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1048576) return `${(size / 1024).toFixed(0)} KB`;
  return `${(size / 1048576).toFixed(1)} MB`;
}
export const yesNo = (value: unknown) => (value === true ? t('common.yes') : value === false ? t('common.no') : '');
/** A value in a list of changes: instants in the zone of the account, nothing as a dash. */
export const shownChange = (value: unknown): string =>
  value === null || value === undefined || value === '' ? t('common.none') : /^\d{4}-\d\d-\d\d$/.test(String(value)) ? day(value) : /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(value)) ? dateTime(value) : String(value);
