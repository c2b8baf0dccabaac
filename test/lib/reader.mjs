// People who read all the while, and the clock they look at, in a thread of its own: while the test itself collects its
// garbage it stands still for tens of milliseconds, and that would count as waiting for the server.
//
//   const readers = read(client, paths, { people: 4, pause: 40 });
//   readers.failed                        // why one of them ended, or null
//   const waits = await readers.stop();   // [[ms since 1970, ms it took]] of each answer; throws what made one of them end
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Client } from './client.mjs';

/** client: as whom; paths are asked one after the other, by each of `people` from another one on, with `pause` ms between. */
export function read(client, paths, { people = 4, pause = 40 } = {}) {
  const { url, csrf } = client;
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, csrf, cookies: [...client.cookies], paths, people, pause } });
  const readers = { failed: null };
  const ended = new Promise((done) => {
    worker.on('message', done);
    worker.on('error', (e) => { readers.failed = e; done([]); });
  });
  readers.stop = async () => {
    worker.postMessage('stop');
    const waits = await ended;
    await worker.terminate();
    if (readers.failed) throw readers.failed;
    return waits;
  };
  return readers;
}

async function work({ url, csrf, cookies, paths, people, pause }) {
  const client = Object.assign(new Client(url), { csrf, cookies: new Map(cookies) });
  const waits = [];
  let stopped = false;
  parentPort.on('message', () => { stopped = true; });
  await Promise.all(Array.from({ length: people }, async (_, w) => {
    for (let i = w; !stopped; i++) {
      const path = paths[i % paths.length], from = performance.now();
      const answer = await client.get(path);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
      waits.push([Date.now(), performance.now() - from]);
      await new Promise((done) => { setTimeout(done, pause); });
    }
  }));
  parentPort.postMessage(waits);
}

if (!isMainThread && workerData?.paths) await work(workerData);
