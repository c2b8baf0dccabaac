// Figures of the ground the program stands on, each against a neighbour in the same run: nginx that sends the very same bytes, the
// bare program that commits each create by itself, one reading thread against two, and what an upload leaves in memory.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeFile } from './import.mjs';

const SMALL = '/api/v1/favorites', LIST = '/api/v1/customers?limit=50';

/*
 * nginx with one worker over a folder of files → {url, cpuUs(), stop()}. Looks like a Server to `load`. What Debian's nginx.conf says
 * of http (a log line a request among it), or `bare`: no log, open files kept.
 */
async function nginx({ sh, out }, files, bare) {
  const name = bare ? 'nginx-bare' : 'nginx', folder = join(out, name), port = 20_000 + (process.pid % 20_000) + (bare ? 1 : 0);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, body] of Object.entries(files)) fs.writeFileSync(join(folder, name), body);
  fs.writeFileSync(join(folder, 'conf'), `daemon off; ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http { ${bare ? 'access_log off; open_file_cache max=100;' : `access_log ${folder}/access.log;`} sendfile on; tcp_nopush on; types_hash_max_size 2048; gzip on;
  keepalive_requests 100000000; default_type application/json;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}; } }`);
  const child = spawn('nginx', ['-c', join(folder, 'conf'), '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 100; i++) {
    if (child.exitCode !== null) throw new Error('nginx does not start');
    if (await fetch(`${url}/small`).then((r) => r.ok, () => false)) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  const worker = sh('pgrep', ['-P', String(child.pid)]).trim();
  return {
    url, signIn: async () => ({ cookie: 'none=1', csrf: '' }),
    cpuUs() {
      const f = fs.readFileSync(`/proc/${worker}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(f[11]) + Number(f[12])) * 10_000;
    },
    stop: () => new Promise((done) => { child.on('exit', done); child.kill('SIGTERM'); }),
  };
}

/** Processor time of a list page and of a small answer that needs a session, against nginx with the same bytes from a file. */
async function besideNginx(bench, data) {
  const { Server, load, figure, rounds, seconds: secs } = bench;
  const server = await Server.start(data);
  const files = { list: await server.body('admin', LIST), small: await server.body('admin', SMALL) };
  const peers = { nginx: await nginx(bench, files, false), 'nginx without a log': await nginx(bench, files, true) };
  const kinds = { list: { path: LIST, connections: 16, limit: 25 }, small: { path: SMALL, connections: 64, limit: 2 } };
  const got = {};
  const put = (name, value) => (got[name] ??= []).push(value);
  try {
    for (let r = -1; r < rounds; r++)
      for (const [kind, { path, connections }] of Object.entries(kinds)) {
        const ours = (await load(server, 'admin', { path, connections, secs })).cpuUs;
        for (const [name, peer] of Object.entries(peers)) {
          const theirs = (await load(peer, 'admin', { path: `/${kind}`, connections, secs })).cpuUs;
          if (r < 0) continue; // everything is in memory now
          put(`${kind} ${name}`, theirs);
          put(`${kind} ÷ ${name}`, ours / theirs);
        }
        if (r >= 0) put(kind, ours);
      }
  } finally {
    for (const peer of Object.values(peers)) await peer.stop();
    await server.stop();
  }
  for (const [kind, { connections, limit }] of Object.entries(kinds)) {
    const what = `${kind === 'list' ? 'list' : 'small answer that needs a session'} (${files[kind].length.toLocaleString('en')} bytes, ${connections} connections)`;
    figure(`${what}: CPU of the server`, got[kind], 'µs', { digits: 1 });
    for (const name of Object.keys(peers)) {
      const goal = name === 'nginx' ? { goal: `≤ ${limit}`, met: (v) => v <= limit } : {};
      figure(`${what}: CPU of ${name}`, got[`${kind} ${name}`], 'µs', { digits: 1 });
      figure(`${what}: CPU of the server ÷ ${name}`, got[`${kind} ÷ ${name}`], '', goal);
    }
  }
}

/** The bare program's creates of 64 threads: gathered into commits, and a commit each. */
async function commits({ bin, copyOf, figure, rounds, running, login }, data) {
  const a = copyOf(data, 'commit-a'), b = copyOf(data, 'commit-b');
  const bare = spawn(bin('bench_baseline_write'), ['--data', a.dir, '--replay', b.dir, '--login', login, '--creates', '2000', '--rounds', String(rounds * 2)], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(bare);
  const lines = createInterface({ input: bare.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value;
  if (await line() !== 'ready') throw new Error('bench_baseline_write did not get ready');
  const got = { ratio: [], alone: [] };
  for (let r = 0; r < rounds; r++) {
    const rate = {};
    for (const word of r % 2 ? ['alone', 'go'] : ['go', 'alone']) {
      bare.stdin.write(`${word}\n`);
      const done = JSON.parse(await line());
      if (done.failures) throw new Error('the bare program failed');
      rate[word] = done.rate;
    }
    got.ratio.push(rate.go / rate.alone); got.alone.push(rate.alone);
  }
  running.delete(bare);
  for (const copy of [a, b]) fs.rmSync(copy.dir, { recursive: true, force: true });
  figure('bare creates, 64 threads: gathered commits ÷ a commit each', got.ratio, '', { goal: '≥ 5', met: (v) => v >= 5, digits: 1 });
  figure('bare creates, 64 threads, a commit each', got.alone, 'a second', { digits: 0 });
}

/** Does a second reading thread cost the first? Pages per second of processor time of the bare program. */
function readers({ baselineRead, figure, rounds }, data) {
  const ratio = [];
  for (let r = 0; r < rounds; r++) {
    const one = baselineRead(data, { login: 'admin' }, 1), two = baselineRead(data, { login: 'admin' }, 2);
    ratio.push(one.cpu_us / two.cpu_us);
  }
  figure('bare list: work per CPU second of two threads ÷ one', ratio, '', { goal: '≥ 0.92', met: (v) => v >= 0.92 });
}

/** What a file of 100 MB leaves in the server's own memory at most while it comes in. */
async function uploads({ Server, copyOf, figure, rounds }, data) {
  const copy = copyOf(data, 'upload'), rows = makeFile(200_000), file = Buffer.concat(Array(Math.ceil(100e6 / rows.length)).fill(rows)).subarray(0, 100e6);
  const grown = [];
  const server = await Server.start(copy);
  try {
    const { cookie, csrf } = await server.signIn('admin');
    const send = async (bytes) => {
      const form = new FormData();
      form.append('file', new Blob([bytes], { type: 'text/csv' }), 'rows.csv');
      const answer = await fetch(`${server.url}/api/v1/imports`, { method: 'POST', headers: { Cookie: cookie, 'X-CSRF-Token': csrf }, body: form });
      if (answer.status !== 201 && answer.status !== 200) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
    };
    await send(rows.subarray(0, rows.indexOf('\n', 100_000) + 1)); // what is made at the first upload stays
    for (let r = 0; r < Math.min(rounds, 3); r++) {
      const before = server.rssAnonMb();
      let most = before;
      const look = setInterval(() => { most = Math.max(most, server.rssAnonMb()); }, 5);
      try { await send(file); } finally { clearInterval(look); }
      grown.push(most - before);
    }
  } finally { await server.stop(); }
  fs.rmSync(copy.dir, { recursive: true, force: true });
  figure('upload of 100 MB: growth of the server’s memory', grown, 'MB', { goal: '≤ 8', met: (v) => v <= 8, digits: 1 });
}

export async function all(bench, data) {
  await besideNginx(bench, data);
  readers(bench, data);
  await commits(bench, data);
  await uploads(bench, data);
}
