// Line icons of our own, 24 by 24, drawn with the colour of the text.
import { h, type FunctionalComponent } from 'vue';

const paths: Record<string, string> = {
  building: 'M4 21V5l8-2v18M12 9l8 2v10M2 21h20M7 8h2M7 12h2M7 16h2M15 14h2M15 18h2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c.6-4 3.8-6 8-6s7.4 2 8 6',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2 20c.5-3.6 3.2-5.5 7-5.5s6.500 1.900 7 5.500M16 4.500a3.500 3.500 0 0 1 0 6.500M18.500 15c2 .7 3.200 2.300 3.500 5',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  phone: 'M6 3h3l2 5-2.500 1.500a11 11 0 0 0 6 6L16 13l5 2v3c0 1.700-1.300 3-3 3C10.300 21 3 13.700 3 6c0-1.700 1.300-3 3-3Z',
  chat: 'M4 5h16v11H9l-5 4V5ZM8 9h8M8 12h5',
  task: 'M9 6h11M9 12h11M9 18h11M3 6l1.500 1.500L7 5M3 12l1.500 1.500L7 11M3 18l1.500 1.500L7 17',
  map: 'M12 21s7-6.200 7-11.500A7 7 0 0 0 5 9.500C5 14.800 12 21 12 21ZM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z',
  hash: 'M5 9h15M4 15h15M10 4 8 20M16 4l-2 16',
  gear: 'M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM19 12l2-1-1-3-2.300.3-1-1.200.7-2.200-3-1.200L13 5.500h-2L9.600 3.700l-3 1.200.7 2.200-1 1.200L4 8l-1 3 2 1-2 1 1 3 2.300-.3 1 1.200-.7 2.200 3 1.200 1.400-1.800h2l1.400 1.800 3-1.200-.7-2.200 1-1.200L20 16l1-3-2-1Z',
  shield: 'M12 3l8 3v6c0 5-3.400 8-8 9-4.600-1-8-4-8-9V6l8-3ZM9 12l2 2 4-4',
  key: 'M14 10a4 4 0 1 0-3 3.900L13 16h2v2h2v2h4v-3l-7.300-6Z',
  book: 'M4 4h7c.6 0 1 .4 1 1v15c0-.6-.4-1-1-1H4V4ZM20 4h-7c-.6 0-1 .4-1 1v15c0-.6.4-1 1-1h7V4Z',
  fields: 'M4 5h16v5H4zM4 14h9v5H4zM17 14v5M14.500 16.500h5',
  org: 'M9 3h6v5H9zM3 16h6v5H3zM15 16h6v5h-6zM12 8v4M6 16v-4h12v4',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.500 2',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  download: 'M12 4v12M7 11l5 5 5-5M4 18v2h16v-2',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l5 5',
  send: 'M21 3 10 14M21 3l-7 18-4-7-7-4 18-7Z',
  plus: 'M12 5v14M5 12h14', check: 'M5 12.500l4.500 4.500L19 7', x: 'M6 6l12 12M18 6L6 18', minus: 'M5 12h14',
  down: 'M6 9l6 6 6-6', up: 'M6 15l6-6 6 6', left: 'M15 6l-6 6 6 6', right: 'M9 6l6 6-6 6',
  chart: 'M4 4v16h16M8 16v-5M12.500 16V7M17 16v-8',
  dots: 'M5 12h.01M12 12h.01M19 12h.01', filter: 'M3 5h18l-7 8v6l-4-2v-4L3 5Z', columns: 'M4 4h16v16H4zM10 4v16M15 4v16',
  edit: 'M4 20l1-4L16 5l3 3L8 19l-4 1ZM14 7l3 3', trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  eye: 'M2 12s3.500-6.500 10-6.500S22 12 22 12s-3.500 6.500-10 6.500S2 12 2 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4l2-2ZM10 20.500a2 2 0 0 0 4 0',
  home: 'M3 11l9-8 9 8M5 9.500V21h14V9.500M10 21v-6h4v6', sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z', auto: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 3v18M12 7l6 0M12 12h9M12 17h6',
  merge: 'M4 5h3l6 7h7M4 19h3l6-7M17 9l3 3-3 3',
  menu: 'M4 6h16M4 12h16M4 18h16', swap: 'M4 8h14l-4-4M20 16H6l4 4', file: 'M6 3h8l4 4v14H6zM14 3v4h4', refresh: 'M20 11a8 8 0 1 0-2 6M20 4v7h-7',
  undo: 'M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3', warn: 'M12 3l10 18H2L12 3ZM12 10v5M12 18h.01', logout: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  keyboard: 'M2 6h20v12H2zM6 10h.01M10 10h.01M14 10h.01M18 10h.01M8 14h8', print: 'M7 8V3h10v5M5 8h14v8h-3M8 16H5V8M8 13h8v8H8z', box: 'M4 8l8-4 8 4v8l-8 4-8-4V8ZM4 8l8 4 8-4M12 12v8',
  calendar: 'M4 6h16v15H4zM4 10h16M8 3v4M16 3v4M8 14h.01M12 14h.01M16 14h.01', bolt: 'M13 2 5 13h6l-1 9 8-12h-6l1-8Z',
  star: 'M12 3l2.700 5.800 6.300.7-4.700 4.300 1.300 6.200L12 17l-5.600 3 1.300-6.200L3 9.500l6.300-.7L12 3Z', language: 'M3 5h10M8 3v2M5 5c0 4 3 7 7 8M11 5c0 4-3 7-8 9M13 21l4-10 4 10M14.500 17.500h5',
};
const alias: Record<string, string> = {
  user: 'person', contact: 'person', customer: 'building', company: 'building', users: 'people', team: 'people', follow_up: 'chat', message: 'chat',
  'check-square': 'task', check_square: 'task', list: 'task', department: 'org', sitemap: 'org', tree: 'org', role: 'key', lock: 'key', audit: 'shield', settings: 'gear', setting: 'gear',
  job: 'clock', history: 'clock', import: 'upload', region: 'map', pin: 'map', 'map-pin': 'map', number: 'hash', field: 'fields', custom_field: 'fields', 'file-text': 'file', log: 'shield', tag: 'star',
};
const Icon: FunctionalComponent<{ name?: string }> = (props) =>
  h('svg', { class: props.name === 'dots' ? 'icon dots' : 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, [
    h('path', { d: paths[props.name ?? ''] ?? paths[alias[props.name ?? ''] ?? ''] ?? paths.box }),
  ]);
Icon.props = ['name'];
export default Icon;
