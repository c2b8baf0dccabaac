// What the palette can do beyond finding records: create, go, import, change the look. Each command is
// found by its words on the screen, by pinyin and initials, and by English, whatever language is on.
import type { Router } from 'vue-router';
import { label, labels, lang, t } from '../core/i18n';
import { mergeAddress, picked } from '../core/picked';
import { index, type EntityShort } from '../core/schema';
import { chooseLanguage, me, signOut } from '../core/session';
import { isDark, prefs } from '../core/store';
import { signedInHint } from '../router';
import { dayPages, menu } from './menu';

export interface Command { id: string; text: string; icon: string; keys: string; run: () => void }

/** What people type for a page that is no entity: initials, pinyin, English. */
const typed: Record<string, string> = {
  '/': 'sy shouye home', '/tasks': 'wdrw wodrenwu db daiban my tasks todo', '/calendar': 'rl rili calendar', '/figures': 'kb kanban yb yibiaopan tb tubiao sj shuju dashboard figures charts', '/import': 'dr daoru import', '/jobs': 'htrw houtairenwu jobs',
  '/admin/dictionary': 'sjzd shujuzidian dictionary', '/admin/users': 'yh yonghu ygzh yuangongzhanghao users people', '/admin/departments': 'bm bumen departments', '/admin/roles': 'js juese qx quanxian roles rights',
  '/admin/fields': 'zdyzd zidingyiziduan custom fields', '/e/number-rules': 'bhgz bianhaoguize number rules', '/admin/print': 'dymb dayinmoban print templates', '/admin/settings': 'xtsz xitongshezhi settings', '/admin/configuration': 'pzwj peizhiwenjian configuration file', '/admin/audit': 'czrz caozuorizhi audit log', '/me': 'wdsz wodeshezhi zh zhanghao my account password',
};
const spoken = (e: EntityShort) => `${e.label.zh} ${e.label.en ?? ''}`;
/** With a verb in front, the initials run together: xj + kh. */
const withVerb = (e: EntityShort, initials: string, full: string, english: string) => {
  const [short = '', long = ''] = (e.pinyin ?? '').split(' ');
  return `${initials}${short} ${full}${long} ${english}${(e.label.en ?? '').replace(/\s/g, '')} ${spoken(e)}`;
};

export function allCommands(router: Router, showKeys: () => void): Command[] {
  const out: Command[] = [];
  const listed = (index.value?.entities ?? []).filter((e) => (me.value?.menus ?? []).some((m) => m.entity === e.name));
  const go = (to: string) => () => void router.push(to);
  for (const e of listed) if (e.can?.create) out.push({ id: `new-${e.name}`, text: t('palette.new', label(e.label)), icon: 'plus', keys: withVerb(e, 'xj', 'xinjian', 'new'), run: go(`/e/${e.plural}/new`) });
  const pages = [{ to: '/', text: t('page.home'), icon: 'home' }, ...dayPages.value, ...menu.value.flatMap((g) => g.entries), { to: '/me', text: t('page.me'), icon: 'person' }];
  for (const p of pages) {
    const entity = listed.find((e) => `/e/${e.plural}` === p.to);
    out.push({ id: `go-${p.to}`, text: t('palette.go', p.text), icon: p.icon, keys: `${typed[p.to] ?? ''} ${entity ? `${entity.pinyin ?? ''} ${spoken(entity)}` : ''}`, run: go(p.to) });
  }
  const now = picked.value;
  for (const e of listed) if (e.can?.merge) {
    const ids = now?.plural === e.plural ? now.ids.slice(0, 20) : [];
    out.push({ id: `merge-${e.name}`, text: ids.length > 1 ? t('palette.merge_picked', labels(e.label), ids.length) : t('palette.merge', labels(e.label)), icon: 'merge', keys: withVerb(e, 'hb', 'hebing', 'merge'), run: go(mergeAddress(e.plural, ids)) });
  }
  for (const e of listed) if (e.can?.import) out.push({ id: `import-${e.name}`, text: t('palette.import', label(e.label)), icon: 'upload', keys: withVerb(e, 'dr', 'daoru', 'import'), run: go(`/import?entity=${e.name}`) });
  out.push(
    { id: 'language', text: lang.value === 'zh' ? 'Switch to English' : '切换到简体中文', icon: 'language', keys: 'qhyy qiehuanyuyan yw yingwen english zw zhongwen chinese language', run: () => void chooseLanguage(lang.value === 'zh' ? 'en' : 'zh') },
    { id: 'theme', text: isDark.value ? t('palette.light') : t('palette.dark'), icon: isDark.value ? 'sun' : 'moon', keys: 'qhzt zhuti ss shense qs qianse dark light theme', run: () => { prefs.theme = isDark.value ? 'light' : 'dark'; } },
    { id: 'density', text: prefs.density === 'compact' ? t('palette.comfortable') : t('palette.compact'), icon: 'menu', keys: 'md midu jc jincou ks kuansong density compact comfortable', run: () => { prefs.density = prefs.density === 'compact' ? 'comfortable' : 'compact'; } },
    { id: 'keys', text: t('shell.shortcuts'), icon: 'keyboard', keys: 'kjj kuaijiejian shortcuts keys help', run: showKeys },
    { id: 'out', text: t('shell.sign_out'), icon: 'logout', keys: 'tcdl tuichu sign out logout', run: () => { signedInHint.set(false); void signOut(); } },
  );
  return out;
}

const squeeze = (s: string) => s.toLowerCase().replace(/\s+/g, '');
/** 0: no; more is better. A word that begins with what was typed is better than one that contains it. */
export function rank(command: Command, query: string): number {
  const q = squeeze(query);
  if (!q) return 0;
  const text = squeeze(command.text);
  const words = command.keys.toLowerCase().split(/\s+/).filter(Boolean);
  if (text === q || words.includes(q)) return 4;
  if (text.startsWith(q) || words.some((w) => w.startsWith(q))) return 3;
  if (text.includes(q)) return 2;
  return q.length > 2 && words.join('').includes(q) ? 1 : 0;
}
export const findCommands = (all: Command[], query: string, most: number): Command[] =>
  all.map((command, at) => ({ command, at, score: rank(command, query) })).filter((x) => x.score > 0).sort((a, b) => b.score - a.score || a.at - b.at).slice(0, most).map((x) => x.command);
