// What docs/api.md says of the audit log's own action and of PATCH /me, tried.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeCompany, startServer } from '../lib/index.mjs';

let server, auditor1, rep;
before(async () => {
  server = await startServer({ company: true });
  ({ auditor1, rep } = await makeCompany(server, { only: ['auditor1', 'rep'] }));
});
after(() => server?.stop());

test('the auditor has the chain walked', async () => {
  const { status, json } = await auditor1.post('/audit-logs/actions/verify', {});
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), ['ok', 'rows', 'first_broken']);
  assert.equal(json.ok, true);
  assert.equal(json.first_broken, null);
  assert.ok(json.rows > 0);
});

test('nobody else does', async () => {
  assert.equal((await rep.post('/audit-logs/actions/verify', {})).status, 403);
});

test('PATCH /me answers what holds from now on', async () => {
  const { status, json } = await rep.patch('/me', { locale: 'en', timezone: 'Europe/Berlin' });
  assert.equal(status, 200);
  assert.equal(json.locale, 'en');
  assert.equal(json.zone, 'Europe/Berlin');
});
