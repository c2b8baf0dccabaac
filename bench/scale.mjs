// How cost grows with size: the 99th percentile over HTTP at a million against a hundred thousand, both servers in turn inside
// one run, and the processor time of a call at each size, drawn as docs/benchmarks-cost-<engine>.svg.
import fs from 'node:fs';
import { join } from 'node:path';

const label = (n) => n.toLocaleString('en');

/** The same by processor time of single calls, in-process: what a machine that others load moves least. */
export function callTails(bench, small, large, engine) {
  const { sh, bin, rounds, figure, sizes } = bench, got = {};
  const ask = (data) => Object.fromEntries(sh(bin('bench_engine'), ['--data', data.dir, '--login', 'admin', '--cpu', '--tails', ...(data.database ? ['--database', data.database] : [])])
    .trim().split('\n').map((l) => l.split('\t')).map((f) => [f[0], Number(f[2])]));
  for (let r = 0; r < rounds; r++) {
    const a = ask(small), b = ask(large);
    for (const name of Object.keys(a)) {
      const g = (got[name] ??= { small: [], large: [], ratio: [] });
      g.small.push(a[name]); g.large.push(b[name]); g.ratio.push(b[name] / a[name]);
    }
  }
  for (const [name, g] of Object.entries(got)) {
    figure(`${engine}: ${name}, CPU of a call, 99th percentile at ${label(sizes[0])}`, g.small, 'µs', { digits: 0 });
    figure(`${engine}: ${name}, CPU of a call, 99th percentile at ${label(sizes[1])}`, g.large, 'µs', { digits: 0 });
    figure(`${engine}: ${name}, CPU of a call, 99th percentile, ${label(sizes[1])} ÷ ${label(sizes[0])}`, g.ratio, '', { goal: '≤ 1.5', met: (v) => v <= 1.5 });
  }
}

/** The figures of list, search and detail of two companies of different size, rounds interleaved. bench: the parts of bench/run. */
export async function tails(bench, small, large, engine) {
  const { Server, load, figure, rounds, out, sizes } = bench;
  const a = await Server.start(small), b = await Server.start(large);
  const scenarios = { list: async () => ({ path: '/api/v1/customers?limit=50' }) };
  const paths = async (server, name, make) => {
    const file = join(out, `paths-${name}-${server === a ? 'small' : 'large'}`);
    const page = JSON.parse(await server.body('admin', '/api/v1/customers?limit=200'));
    fs.writeFileSync(file, make(page.data).join('\n'));
    return { script: 'paths.lua', env: { PATHS: file } };
  };
  scenarios.search = (server) => paths(server, 'search', (rows) =>
    ['华为', '华', 'huawei', 'hw', 'hwkj', '科技', rows[0].phone.slice(-4)].map((q) => `/api/v1/search?q=${encodeURIComponent(q)}`));
  scenarios.detail = (server) => paths(server, 'detail', (rows) => rows.flatMap((c) => [`/api/v1/customers/${c.id}`, `/api/v1/customers/${c.id}/timeline`]));
  try {
    for (const [name, of] of Object.entries(scenarios)) {
      const one = await of(a), two = await of(b), got = { small: [], large: [], ratio: [], cpu: [] };
      // few connections: a percentile under more load than the cores carry tells of the queue
      const ask = (server, what, secs) => load(server, 'admin', { ...what, connections: 2, secs });
      await ask(a, one, 1);
      await ask(b, two, 1);
      for (let r = 0; r < rounds; r++) {
        const [x, y] = r % 2 ? [await ask(b, two, 1), await ask(a, one, 1)].reverse() : [await ask(a, one, 1), await ask(b, two, 1)];
        got.small.push(x.p99); got.large.push(y.p99); got.ratio.push(y.p99 / x.p99); got.cpu.push(y.cpuUs / x.cpuUs);
      }
      const to = `${label(sizes[1])} ÷ ${label(sizes[0])}`;
      figure(`${engine}: ${name}, 99th percentile at ${label(sizes[0])}`, got.small, 'ms');
      figure(`${engine}: ${name}, 99th percentile at ${label(sizes[1])}`, got.large, 'ms');
      figure(`${engine}: ${name}, 99th percentile, ${to}`, got.ratio, '', { goal: '≤ 1.5', met: (v) => v <= 1.5 });
      figure(`${engine}: ${name}, CPU of the server, ${to}`, got.cpu, '');
    }
  } finally {
    await a.stop();
    await b.stop();
  }
}

const SERIES = [
  { key: 'list', what: 'list page', long: 'list page: all, newest first', of: 'list' },
  { key: 'filtered', what: 'own, one status', long: 'list page: of one owner in one status, by last follow-up', of: 'filtered' },
  { key: 'district', what: 'one district', long: 'list page: of one district of some five hundred, newest first', of: 'district' },
  { key: 'search', what: 'search 华为', long: 'search 华为 among customers', of: 'search' },
  { key: 'keystroke', what: 'search hw', long: 'search hw (a keystroke) among customers', of: 'keystroke' },
  { key: 'detail', what: 'record and timeline', long: 'record and timeline, another record each time', of: 'page' },
  { key: 'hint', what: 'duplicate hint', long: 'duplicate hint: name and phone of a customer there is', of: 'hint.found' },
  { key: 'create', what: 'create', long: 'create, alone in its commit', of: 'create' },
  { key: 'update', what: 'update', long: 'update of the address, alone in its commit', of: 'update' },
];

/** Processor time in µs a call, and its statements: {key: {us: [of each round], sql}}. */
export function costs(bench, size, data) {
  const { sh, bin, rounds, figure } = bench;
  const got = Object.fromEntries(SERIES.map((s) => [s.key, { us: [], sql: 0 }]));
  for (let r = 0; r < rounds; r++) {
    const text = sh(bin('bench_engine'), ['--data', data.dir, '--login', 'admin', '--cpu', '--short', '--creates', '--rounds', '3', ...(data.database ? ['--database', data.database] : [])]);
    const m = Object.fromEntries(text.trim().split('\n').map((l) => l.split('\t')).map((f) => [f[0], { us: Number(f[2]), sql: Number(f[4]) }]));
    for (const s of SERIES) {
      got[s.key].us.push(m[s.of].us);
      got[s.key].sql = Math.max(got[s.key].sql, m[s.of].sql);
    }
  }
  for (const s of SERIES) figure(`${data.database ? 'PostgreSQL' : 'SQLite'}: CPU of ${s.what} at ${label(size)}`, got[s.key].us, 'µs', { digits: 0, note: `${got[s.key].sql} statements` });
  return got;
}

/** What writeCosts of report.mjs takes: sizes, and rows of [what, statements at each size, [µs of the rounds at each size]]. */
export function table(all) {
  const sizes = Object.keys(all).map(Number).sort((x, y) => x - y);
  return [sizes, SERIES.map((s) => {
    const sql = [...new Set(sizes.map((n) => all[n][s.key].sql))];
    return [s.long ?? s.what, sql.length > 1 ? `${Math.min(...sql)} to ${Math.max(...sql)}` : `${sql[0]}`, sizes.map((n) => all[n][s.key].us)];
  })];
}

const median = (values) => [...values].sort((x, y) => x - y)[values.length >> 1];
const COLORS = { list: ['#1d4ed8', '#7cb0ff'], filtered: ['#0e7490', '#67d4ea'], district: ['#4d7c0f', '#b4e35a'], search: ['#b45309', '#f5b556'], keystroke: ['#be123c', '#ff8fa3'], detail: ['#047857', '#4fd1a5'],
  hint: ['#6d28d9', '#c4a5ff'], create: ['#4b5563', '#c3cad5'], update: ['#a21caf', '#f0a0f5'] };

/** A picture on logarithmic scales; its colours follow the reader's theme. */
export function picture(engine, shape, all) {
  const title = `${engine}: processor time of a call against size`, about = `${shape.contacts} contacts and ${shape.followUps} follow-ups to a customer; medians`;
  const W = 760, H = 460, left = 70, right = 210, top = 64, bottom = 50;
  const sizes = Object.keys(all).map(Number).sort((x, y) => x - y);
  const points = SERIES.map((s) => ({ ...s, at: sizes.map((n) => median(all[n][s.key].us)) }));
  const values = points.flatMap((p) => p.at);
  const low = 10 ** Math.floor(Math.log10(Math.min(...values))), high = 10 ** Math.ceil(Math.log10(Math.max(...values)));
  const x = (n) => left + (W - left - right) * (sizes.length < 2 ? 0.5 : Math.log10(n / sizes[0]) / Math.log10(sizes.at(-1) / sizes[0]));
  const y = (v) => top + (H - top - bottom) * (1 - Math.log10(v / low) / Math.log10(high / low));
  const f = (v) => v.toFixed(1);
  const grid = [];
  for (let v = low; v <= high * 1.001; v *= 10)
    grid.push(`<line class="g" x1="${left}" x2="${W - right}" y1="${f(y(v))}" y2="${f(y(v))}"/><text class="t" x="${left - 8}" y="${f(y(v) + 4)}" text-anchor="end">${v >= 1000 ? `${v / 1000} ms` : `${v} µs`}</text>`);
  for (const n of sizes) grid.push(`<text class="t" x="${f(x(n))}" y="${H - bottom + 22}" text-anchor="middle">${label(n)}</text>`);
  // names stand at their lines' ends, moved apart where they would meet
  const ends = points.map((p) => ({ p, at: y(p.at.at(-1)) })).sort((u, v) => u.at - v.at);
  for (let i = 1; i < ends.length; i++) ends[i].at = Math.max(ends[i].at, ends[i - 1].at + 17);
  const lines = ends.map(({ p, at }) => {
    const d = p.at.map((v, i) => `${f(x(sizes[i]))},${f(y(v))}`).join(' ');
    const dots = p.at.map((v, i) => `<circle class="d ${p.key}" cx="${f(x(sizes[i]))}" cy="${f(y(v))}" r="3.5"/>`).join('');
    return `<polyline class="l ${p.key}" points="${d}"/>${dots}<text class="n ${p.key}" x="${W - right + 12}" y="${f(at + 4)}">${p.what} ${Math.round(p.at.at(-1)).toLocaleString('en')} µs</text>`;
  });
  const css = (which) => SERIES.map((s) => `.l.${s.key}{stroke:${COLORS[s.key][which]}}.d.${s.key},.n.${s.key}{fill:${COLORS[s.key][which]}}`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" role="img" aria-label="${title}" font-family="system-ui, sans-serif">
<style>.b{fill:#fff}.t,.h{fill:#374151;font-size:13px}.h{font-size:15px;font-weight:600}.g{stroke:#d1d5db}.l{fill:none;stroke-width:2}.n{font-size:13px}${css(0)}
@media (prefers-color-scheme:dark){.b{fill:#111827}.t,.h{fill:#d1d5db}.g{stroke:#374151}${css(1)}}</style>
<rect class="b" width="${W}" height="${H}"/>
<text class="h" x="${left}" y="26">${title}</text>
<text class="t" x="${left}" y="45">${about}</text>
${grid.join('\n')}
${lines.join('\n')}
<text class="t" x="${f((left + W - right) / 2)}" y="${H - 8}" text-anchor="middle">customers</text>
</svg>
`;
}
