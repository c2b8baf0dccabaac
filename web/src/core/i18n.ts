// Sentences of the page and the language switch. t() takes the ui.* keys of messages/parts/*.json without their "ui."
// (sentences.d.ts, written by messages.cjs) and fills {0}, {1} … Labels of entities and fields come from the server.
import { ref, shallowRef } from 'vue';
import type { Key } from './sentences';

export type { Key };
export type Lang = 'zh' | 'en';
export interface Label { zh: string; en?: string }

export const lang = ref<Lang>('zh');
const catalogue = shallowRef<Record<string, string>>({});

export async function setLang(next: Lang): Promise<void> {
  const module = next === 'en' ? await import('virtual:messages/en') : await import('virtual:messages/zh');
  catalogue.value = module.default;
  lang.value = next;
  document.documentElement.lang = next === 'en' ? 'en' : 'zh-CN';
}

export function t(key: Key, ...args: (string | number)[]): string {
  const text = catalogue.value[key];
  if (text === undefined) return key;
  return args.length === 0 ? text : text.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)] ?? ''));
}

/** A sentence whose key is made up at run time; the fallback stands in where there is none. */
export function tDynamic(key: string, fallback: string): string {
  return catalogue.value[key] ?? fallback;
}

export function label(l: Label | string | undefined | null): string {
  if (!l) return '';
  if (typeof l === 'string') return l;
  return (lang.value === 'en' ? l.en || l.zh : l.zh) ?? '';
}

/** The name of an entity where many of it stand: English has a plural. */
export function labels(l: Label | string | undefined | null): string {
  const text = label(l);
  if (lang.value !== 'en' || !/[a-z]$/i.test(text)) return text;
  return /[^aeiou]y$/i.test(text) ? `${text.slice(0, -1)}ies` : `${text}${/(s|x|z|ch|sh)$/i.test(text) ? 'es' : 's'}`;
}

/** Header for the server, so that its sentences come in the language of the page. */
export const acceptLanguage = () => (lang.value === 'en' ? 'en' : 'zh-CN');
