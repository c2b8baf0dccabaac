// Who guesses logins learns nothing from how long the answer takes (SECURITY.md G35): the processor time of a refused
// sign-in is the same whether the login exists or not. Measured as the server's own time, not by the clock of the wall, so
// that a busy machine does not decide; in blocks, by turns, and compared by their middle.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startServer } from '../lib/index.mjs';
import { companyFile } from '../lib/company.mjs';

const TRIES = Number(process.env.ZHIKE_TEST_TRIES || 2000), BLOCK = 20;
let server, logins;
before(async () => {
  server = await startServer({ company: true, env: { ZHIKE_LOGIN_ADDRESS_FAILURES: '10000', ZHIKE_LOGIN_MAX_FAILURES: '100' } });
  logins = companyFile().users.map((u) => u.login);
});
after(() => server?.stop());

/** Processor time of the process so far, in ms. */
function cpu() {
  const text = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(text[11]) + Number(text[12])) * 10;
}
const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

test(`known and unknown logins cost the same over ${TRIES} tries`, async () => {
  const times = { known: [], unknown: [] };
  const blocks = Math.floor(TRIES / 2 / BLOCK);
  assert.ok(blocks * BLOCK / logins.length < 100, 'no account is locked by it');
  let n = 0;
  for (let b = 0; b < blocks; b++)
    for (const kind of b % 2 ? ['known', 'unknown'] : ['unknown', 'known']) {
      const before = cpu();
      for (let i = 0; i < BLOCK; i++, n++) {
        const login = logins[(b * BLOCK + i) % logins.length];
        const { status } = await server.anyone().post('/session', { login: kind === 'known' ? login : `${login}x`, password: `wrong-${n}-password` });
        assert.equal(status, 401);
      }
      times[kind].push(cpu() - before);
    }
  const [known, unknown] = [middle(times.known), middle(times.unknown)];
  console.log(`${blocks} blocks of ${BLOCK}: known ${known} ms, unknown ${unknown} ms of processor time in the middle`);
  assert.ok(Math.abs(known - unknown) / Math.max(known, unknown) < 0.05, `known ${known} ms, unknown ${unknown} ms`);
});
