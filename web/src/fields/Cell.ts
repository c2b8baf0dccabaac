// One value as people read it: text, tags, link. No kit component inside: a list has 500 of these.
import { h, type FunctionalComponent } from 'vue';
import { RouterLink } from 'vue-router';
import type { FieldDef, Row } from '../core/schema';
import { show } from './registry';

const Cell: FunctionalComponent<{ field: FieldDef; row: Row; plainLinks?: boolean }> = ({ field, row, plainLinks }) => {
  const s = show(field, row);
  if (s.image) return h('img', { src: s.image, alt: s.text || '', height: 28 });
  if (s.tags) return h('span', { class: 'cell-tags' }, s.tags.map((x) => h('span', { class: 'tag', 'data-color': x.color || 'gray', title: x.text }, x.text)));
  if (s.to && !plainLinks) return h(RouterLink, { to: s.to }, () => s.text);
  if (s.href && !plainLinks) return h('a', { href: s.href, ...(s.href.startsWith('http') ? { target: '_blank', rel: 'noopener noreferrer' } : {}) }, s.text);
  return s.text;
};
Cell.props = ['field', 'row', 'plainLinks'];
export default Cell;
