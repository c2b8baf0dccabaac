// Imports as tests drive them: upload, steps that are awaited, mistakes and duplicates read.
import assert from 'node:assert/strict';
import { sleep, slow } from './program.mjs';

export const none = { created: 0, updated: 0, unchanged: 0, skipped: 0, duplicate: 0, failed: 0 };
const busy = (state) => ['checking', 'running', 'undoing'].includes(state);

/** A csv of rows of cells; cells are quoted where they must be. */
export const csv = (rows) => Buffer.from(`\ufeff${rows.map((r) => r.map((v) => (/[",\n]/.test(String(v ?? '')) ? `"${String(v).replaceAll('"', '""')}"` : v ?? '')).join(',')).join('\r\n')}\r\n`);

/** Sends a file; plan: the parts of the first sheet that shall be otherwise than guessed. → the import */
export async function upload(who, bytes, { name = 'a.csv', entity = 'customer', plan = null } = {}) {
  const answer = await who.upload('/imports', name, bytes, { fields: entity ? { entity } : {} });
  assert.equal(answer.status, 201, answer.text);
  if (!plan) return answer.json;
  const set = await who.patch(`/imports/${answer.json.id}`, { sheets: [{ index: 0, entity, ...plan }] });
  assert.equal(set.status, 200, set.text);
  return set.json;
}

/** Waits until nothing runs any more. → the import */
export async function settle(who, id, ms = 120_000) {
  for (const end = Date.now() + ms * slow; ;) {
    const { json, status, text } = await who.get(`/imports/${id}`);
    assert.equal(status, 200, text);
    if (!busy(json.state)) return json;
    assert.ok(Date.now() < end, text);
    await sleep(30);
  }
}

/** "check", "run" or "undo", to its end. → the import */
export async function step(who, id, what) {
  const answer = await who.post(`/imports/${id}/${what}`, {});
  assert.equal(answer.status, 202, answer.text);
  return settle(who, id);
}

export const errorsOf = async (who, id, kind = '') => (await who.get(`/imports/${id}/errors?limit=1000${kind ? `&kind=${kind}` : ''}`)).json.data;
export const duplicatesOf = async (who, id) => (await who.get(`/imports/${id}/duplicates`)).json.data;

/** Check, then run: both must count alike. → the import */
export async function checkAndRun(who, id) {
  const checked = await step(who, id, 'check');
  assert.equal(checked.state, 'checked', JSON.stringify(checked));
  const told = (await errorsOf(who, id)).map((e) => [e.sheet, e.row, e.column, e.code].join());
  const done = await step(who, id, 'run');
  assert.equal(done.state, 'done', JSON.stringify(done));
  assert.deepEqual((await errorsOf(who, id)).map((e) => [e.sheet, e.row, e.column, e.code].join()), told, 'the run refuses otherwise than the check');
  assert.deepEqual(done.counts, checked.counts, 'the run counts otherwise than the check');
  return done;
}

/** Live records of an entity by a field. */
export const find = async (who, plural, field, value) => (await who.get(`/${plural}?limit=200&filter=${encodeURIComponent(JSON.stringify([field, '=', value]))}`)).json.data;
export const one = async (who, plural, field, value) => {
  const list = await find(who, plural, field, value);
  assert.equal(list.length, 1, `${list.length} records with ${field} = ${value}`);
  return (await who.get(`/${plural}/${list[0].id}`)).json;
};
