// Sentences of the page and the language switch. t() takes keys of messages/parts/{web,wizard,day,lists}.zh.json
// without their "ui." and fills {0}, {1} … Labels of entities and fields come from the server.
import { ref, shallowRef } from 'vue';
import type zhLists from '../../../messages/parts/lists.zh.json';
import type zhFollow from '../../../messages/parts/follow.zh.json';
import type zhPart from '../../../messages/parts/web.zh.json';
import type zhLook from '../../../messages/parts/look.zh.json';
import type zhLive from '../../../messages/parts/live.zh.json';
import type zhRule from '../../../messages/parts/rule.zh.json';
import type zhWizard from '../../../messages/parts/wizard.zh.json';
import type zhChannel from '../../../messages/parts/channel.zh.json';
import type zhApproval from '../../../messages/parts/approval.zh.json';
import type zhDay from '../../../messages/parts/day.zh.json';
import type zhMetric from '../../../messages/parts/metric.zh.json';

type Full = (keyof typeof zhPart | keyof typeof zhFollow | keyof typeof zhWizard | keyof typeof zhDay | keyof typeof zhMetric | keyof typeof zhLists | keyof typeof zhLook | keyof typeof zhLive | keyof typeof zhChannel | keyof typeof zhRule | keyof typeof zhApproval) & string;
export type Key = Full extends infer K ? (K extends `ui.${infer R}` ? R : never) : never;
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

/** Header for the server, so that its sentences come in the language of the page. */
export const acceptLanguage = () => (lang.value === 'en' ? 'en' : 'zh-CN');
