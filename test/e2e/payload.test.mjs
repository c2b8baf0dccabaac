// What somebody writes into a field stays text: payloads in every text field of every entity that can be written, then each
// page that shows them. No dialog, no script of theirs, no report of the content policy, no address of theirs asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slow, until } from '../lib/program.mjs';
import { routesOfPage } from './lib/routes.mjs';
import { becomes, clean, focused, settled, signedIn, stage } from './lib/journey.mjs';

const it = stage();

const ran = 'window.__ran=(window.__ran||0)+1';
const payloads = [
  `<script>${ran}</script>`,
  `<img src=/payload onerror=${ran}>`,
  `<svg onload=${ran}>`,
  `"><img src=/payload onerror=${ran}>`,
  `' autofocus onfocus=${ran} x='`,
  `" onmouseover=${ran} style=position:fixed;inset:0 x="`,
  `</textarea><script>${ran}</script>`,
  `</title><svg/onload=${ran}>`,
  `<iframe srcdoc="<script>parent.${ran}</script>">`,
  `<a href=javascript:${ran}>x</a>`,
  `<details open ontoggle=${ran}>`,
  `<math><mi//xlink:href="data:x,<script>${ran}</script>">`,
  `{{constructor.constructor('${ran}')()}}`,
  `<form><button formaction=javascript:${ran}>x`,
  `<style>@import'/payload';</style>`,
  `<link rel=stylesheet href=/payload>`,
  `<base href=/payload/>`,
  `<object data=/payload></object>`,
];

/** What a record of the entity needs besides its texts. NULL: not made by POST, or shown by no page. */
let n = 0;
const number = () => String(10000000 + ++n);
const least = {
  customer: () => ({ industry: 'it', source: 'website', phone: `136${number()}` }),
  contact: (c) => ({ customer: c, mobile: `136${number()}` }),
  follow_up: (c) => ({ customer: c, method: 'phone' }),
  task: (c) => ({ customer: c }),
  department: () => ({ code: `P${number()}` }),
  user: () => ({ login: `p${number()}`, password: `Lang-genug-${number()}-wort` }),
  role: () => ({ code: `p_${number()}` }),
  custom_field: () => ({ entity: 'contact', code: `p_${number()}`, type: 'string' }),
  tag: () => ({}),
  saved_view: () => ({ entity: 'customer', kind: 'list' }),
  announcement: () => ({}),
  phrase: () => ({ kind: 'phrase', field: 'content' }),
  rule: () => ({ entity: 'customer', event: 'created', actions: [{ do: 'set', values: { remark: 'x' } }] }),
  dashboard: () => ({}),
  metric_def: () => ({ name: `p_${number()}`, entity: 'customer', measure: 'count' }),
  approval_flow: () => ({ entity: 'customer', steps: [{ who: 'manager' }], filter: ['name', '=', 'nobody'] }),
};

/** Made with the payload in every text the entity takes; a field that asks for a form of its own is told so and is left. */
async function make(client, entity, payload, base) {
  const body = { ...base };
  for (const f of entity.fields) {
    if (f.readonly || f.name in body || !['string', 'text'].includes(f.type) || f.options || f.system) continue;
    body[f.name] = f.max ? payload.slice(0, f.max) : payload;
  }
  for (let tries = 0; tries < 12; tries++) {
    let answer;
    // A password waits for its turn to be hashed; where that is too long the program asks to come back later.
    await until(async () => { answer = await client.post(`/${entity.plural}`, body); return answer.status !== 503; }, 60_000, `room for a ${entity.name}`);
    if (answer.status === 201) return { id: answer.json.id, told: Object.values(body).filter((v) => v === payload).length };
    const wrong = (answer.json?.errors ?? []).map((e) => e.field).filter((f) => body[f] === payload.slice(0, entity.fields.find((x) => x.name === f)?.max));
    if (answer.status !== 422 || !wrong.length) return { refused: `${entity.name}: ${answer.status} ${answer.text.slice(0, 300)}` };
    for (const f of wrong) {
      if (entity.fields.find((x) => x.name === f).required) body[f] = `文${number()}`;
      else delete body[f];
    }
  }
  return { refused: `${entity.name}: never right` };
}

test('payloads in every text field: on every page they are text', { timeout: 600_000 * slow }, async () => {
  const admin = await it.server.admin();
  await admin.stepUp();
  const made = {};
  let told = 0;
  const entities = (await admin.get('/schema')).json.entities;
  const schemas = {};
  for (const e of entities) schemas[e.name] = (await admin.get(`/schema/${e.name}`)).json;
  let customer;
  for (const [name, base] of Object.entries(least)) {
    for (const payload of payloads) {
      const got = await make(admin, schemas[name], payload, base(customer));
      assert.ok(got.id, got.refused);
      (made[name] ??= []).push(got.id);
      told += got.told;
      if (name === 'customer') customer ??= got.id;
    }
  }
  assert.ok(told > 18 * 30, `${told} fields hold one`);

  const page = await signedIn(it);
  const dialogs = [], asked = [];
  page.on('dialog', (d) => { dialogs.push(d.message()); d.dismiss(); });
  page.on('request', (r) => { if (r.url().includes('/payload')) asked.push(r.url()); });
  const wrong = [];
  const look = async (path) => {
    await page.goto(it.server.url + path);
    await settled(page, 2);
    try {
      await clean(page);
      assert.equal(await page.evaluate(() => window.__ran ?? 0), 0);
    } catch (e) { wrong.push(`${path}: ${e.message}`); }
  };
  const me = (await admin.get('/me')).json;
  const paths = routesOfPage({ plural: me.menus.map((m) => m.plural), id: [customer], rest: ['x'] }).map((r) => r.path)
    .filter((p) => !/^\/e\/(?!customers)[^/]+\/(new|\d+)$/.test(p) && p !== '/login');
  for (const path of paths) await look(path);
  // the header, the bell and the timeline draw each payload; lists showed all of them
  for (const name of ['customer', 'contact', 'follow_up', 'task']) {
    for (const id of made[name].slice(name === 'customer' ? 0 : -3)) await look(`/e/${schemas[name].plural}/${id}`);
  }
  // search, its marks and its hints
  await page.goto(it.server.url);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.keyboard.press('Control+k');
  await focused(page.getByRole('combobox', { name: /搜索/ }));
  for (const q of ['script', 'onerror', 'payload']) {
    await page.keyboard.type(q);
    await settled(page, 4);
    await page.keyboard.press('Control+a');
  }
  try { await clean(page); } catch (e) { wrong.push(`search: ${e.message}`); }
  assert.equal(await page.evaluate(() => window.__ran ?? 0), 0, 'search');
  assert.deepEqual({ wrong, dialogs, asked }, { wrong: [], dialogs: [], asked: [] });
});

test('the walk would see a payload that ran', async () => {
  const page = await signedIn(it);
  await page.evaluate((html) => { document.body.insertAdjacentHTML('beforeend', html); }, payloads[1]);
  await settled(page, 4);
  await becomes(() => page.problems, (all) => all.some((p) => p.includes('content policy')), 'the report of the content policy');
});
