// The figures of imports (docs/benchmarks.md): seconds, memory and the longest hold-up of another writer, for
// a file of customers with ten columns, a duplicate check, audit, history and search documents.
//
//   bench/run --only import            (calls this)
//   node bench/import.mjs [--rows 100000] [--into 0] [--contacts] [--mode create] [--bin build/zhike] [--pg URL] [--keep FILE]
//   node bench/import.mjs --make FILE --rows 100000 [--contacts] [--first 0]      only the file
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cpuMs } from './cpu.mjs';

const args = process.argv.slice(2);
const flag = (name) => args.includes(`--${name}`);
const option = (name, dflt) => { const i = args.indexOf(`--${name}`); return i < 0 ? dflt : args[i + 1]; };

// ---- the file --------------------------------------------------------------------------------------

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
/** A unified social credit code with both check characters right. */
export function creditCode(n) {
  const organ = String(10_000_000 + n).padStart(8, '0').slice(-8);
  const inner = [3, 7, 9, 10, 5, 8, 4, 2].reduce((sum, w, i) => sum + w * Number(organ[i]), 0);
  const c = 11 - (inner % 11);
  const head = `91330100${organ}${c === 10 ? 'X' : c === 11 ? '0' : c}`;
  const weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
  const sum = weights.reduce((s, w, i) => s + w * alphabet.indexOf(head[i]), 0);
  return head + alphabet[(31 - (sum % 31)) % 31];
}

const places = ['浙江省杭州市西湖区文三路', '上海市浦东新区张江路', '广东省深圳市南山区科技园', '江苏省苏州市工业园区星湖街', '四川省成都市武侯区天府大道'];
const brands = ['云帆', '恒信', '博远', '联创', '瑞丰', '天成', '华盛', '金桥', '新锐', '卓越', '远景', '启明'];
const trades = [['信息技术', '网络科技'], ['制造业', '精密机械'], ['金融', '投资管理'], ['教育', '教育咨询'], ['医疗健康', '医疗器械'], ['物流运输', '物流']];
const sources = ['展会', '官网', '转介绍', '电话咨询', '广告'], levels = ['重要', '一般', '潜在'], jobs = ['总经理', '采购经理', '工程师'];
const people = ['王芳', '李强', '张伟', '刘洋', '陈静', '杨帆', '赵磊', '周敏'];

/** Ten columns of customers, rows `first` to `first + n`. contacts: two of the ten are a person of the customer. */
export function makeRow(i, contacts) {
  const brand = brands[i % brands.length], [trade, word] = trades[i % trades.length];
  const common = [`杭州${brand}${word}${i}有限公司`, creditCode(i), trade, sources[i % 5], `139${String(i).padStart(8, '0')}`,
    `info${i}@customer-${i % 977}.example.com`, levels[i % 3], `${places[i % 5]} ${i % 400} 号`];
  return contacts ? [...common, people[i % 8], jobs[i % 3]] : [...common, `www.customer-${i}.example.com`, `第 ${i} 行，年底有采购计划`];
}
export const headers = (contacts) => ['客户名称', '统一社会信用代码', '所属行业', '信息来源', '联系方式', '邮箱', '客户等级', '客户地址',
  ...(contacts ? ['主要联系人姓名', '主要联系人职务'] : ['网址', '备注'])];
export function makeFile(n, { first = 0, contacts = false } = {}) {
  const out = [`\ufeff${headers(contacts).join(',')}`];
  for (let i = 0; i < n; i++) out.push(makeRow(first + i, contacts).join(','));
  return Buffer.from(`${out.join('\r\n')}\r\n`);
}

// ---- one measured import ---------------------------------------------------------------------------

const rssAnonMb = (pid) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Sends the file through check (wish) and run, while another person writes every 50 ms.
 * → {seconds, checkSeconds, cpu, rss (MB above idle), stall (ms, of the slowest other write), counts}
 */
export async function measure(server, file, { mode = 'create', check = false, writer = true } = {}) {
  const admin = await server.admin();
  const pid = server.child.pid;
  const step = async (id, what) => {
    const from = performance.now(), cpu = cpuMs(pid);
    const answer = await admin.post(`/imports/${id}/${what}`, {});
    if (answer.status !== 202) throw new Error(answer.text);
    for (;;) {
      await sleep(25);
      peak = Math.max(peak, rssAnonMb(pid));
      const { json } = await admin.get(`/imports/${id}`);
      if (!['checking', 'running', 'undoing'].includes(json.state))
        return { json, seconds: (performance.now() - from) / 1000, cpu: (cpuMs(pid) - cpu) / 1000 };
    }
  };
  const idle = rssAnonMb(pid);
  let peak = idle, stop = false;
  const up = await admin.upload('/imports', 'bench.csv', file, { fields: { entity: 'customer' } });
  if (up.status !== 201) throw new Error(up.text);
  if (mode !== 'create') await admin.patch(`/imports/${up.json.id}`, { sheets: [{ index: 0, entity: 'customer', mode }] });
  const checked = check ? await step(up.json.id, 'check') : null;
  const times = [];
  const other = (async () => {
    while (writer && !stop) {
      const from = performance.now();
      const made = await admin.post('/tasks', { title: '旁人的任务' });
      if (made.status !== 201) throw new Error(made.text);
      times.push(performance.now() - from);
      await sleep(50);
    }
  })();
  const ran = await step(up.json.id, 'run');
  stop = true;
  await other;
  const stall = Math.max(0, ...times);
  times.sort((a, b) => a - b);
  return { seconds: ran.seconds, checkSeconds: checked?.seconds, cpu: ran.cpu, rss: peak - idle, stall, stall99: times[Math.floor(times.length * 0.99)] ?? 0,
    counts: ran.json.counts, state: ran.json.state, message: ran.json.message, checked: checked?.json.counts };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = Number(option('rows', 100_000)), into = Number(option('into', 0)), contacts = flag('contacts');
  if (option('make')) {
    writeFileSync(option('make'), makeFile(rows, { first: Number(option('first', 0)), contacts }));
    process.exit(0);
  }
  if (option('bin')) process.env.ZHIKE_BIN = option('bin');
  if (option('pg')) process.env.ZHIKE_TEST_PG_URL = option('pg');
  const { startServer } = await import('../test/lib/index.mjs');
  const server = await startServer({ engine: option('pg') ? 'pg' : 'sqlite' });
  try {
    console.error(`pid ${server.child.pid}`);
    if (into) console.error(await measure(server, makeFile(into, { first: 5_000_000, contacts }), { writer: false }));
    console.log(await measure(server, makeFile(rows, { contacts }), { mode: option('mode', 'create'), check: flag('check') }));
  } finally {
    await server.stop();
  }
}
