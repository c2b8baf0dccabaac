// The data maker of bench/ (bench/maker.c) writes past the engine, and fast: what stands there afterwards is what the program
// itself would have written. Checked by `zhike check`, by the indexes and search tables there were before, and by records that
// are changed and changed back through the API: row, companions, contact points and search document are as the maker left them.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { companyFile, program, psql, startServer } from '../lib/index.mjs';

const N = 1200; // three blocks of the maker, the last not full
const maker = join(dirname(program), 'bench_maker'), run = promisify(execFile);
let server, admin, sql, shapes;

before(async () => {
  server = await startServer({ init: false });
  writeFileSync(join(server.folder, 'password'), `${server.adminPassword}\n`, { mode: 0o600 });
  await server.cliOk('init', '--admin-password-file', join(server.folder, 'password'));
  await server.importUsers(companyFile());
  const pg = !!server.database;
  sql = async (text) => (pg ? psql(server.database.url, text) : execFileSync('sqlite3', ['-cmd', '.timeout 9000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8' }).trimEnd());
  const schema = () => sql(pg ? "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1, 2"
    : "SELECT tbl_name, name, sql FROM sqlite_schema ORDER BY 1, 2");
  shapes = { before: await schema(), config: pg ? '' : await sql('SELECT * FROM search_customer_config') };
  const { stdout } = await run(maker, ['--data', server.dir, '--customers', String(N), '--contacts', '1.5', '--follow-ups', '0.4'], { env: { ...process.env, ...server.env } });
  assert.match(stdout, new RegExp(`^${N} customers in `));
  shapes.after = await schema();
  await server.launch();
  admin = await server.admin();
});
after(() => server?.stop());

const rows = async (text) => (await sql(text)).split('\n').filter(Boolean);

test('nothing is found by the check, and indexes and options are as they were', async () => {
  const { code, stdout } = await server.cli('check');
  assert.equal(`${code} ${stdout.trim()}`, '0 no findings');
  assert.equal(shapes.after, shapes.before);
  if (!server.database) assert.equal(await sql('SELECT * FROM search_customer_config'), shapes.config);
});

test('there are as many contacts and follow-ups as were asked for, and customers know how many', async () => {
  const [customers, contacts, followUps, more] = await rows(`SELECT count(*) FROM customer UNION ALL SELECT count(*) FROM contact
    UNION ALL SELECT count(*) FROM follow_up UNION ALL SELECT count(*) FROM customer AS c WHERE contact_count <> (SELECT count(*) FROM customer_contact AS x WHERE x.customer_id = c.id)
    OR follow_up_count <> (SELECT count(*) FROM follow_up AS f WHERE f.customer_id = c.id)`);
  assert.deepEqual([customers, more], [String(N), '0']);
  assert.ok(Math.abs(contacts - 1.5 * N) < 0.1 * N && Math.abs(followUps - 0.4 * N) < 0.1 * N, `${contacts} contacts, ${followUps} follow-ups`);
});

test('ids rise with the documents, so that the youngest are found first', async () => {
  const [sorted] = await rows("SELECT count(*) FROM (SELECT number, row_number() OVER (ORDER BY id) AS a, row_number() OVER (ORDER BY substr(number, 4, 8), length(number), number) AS b FROM customer) AS x WHERE a <> b");
  assert.equal(sorted, '0');
});

describe('a record saved by the program is as the maker wrote it', () => {
  const kept = async (id) => {
    const id10 = Number(id), document = server.database ? 'SELECT CAST(tokens AS text) FROM search_customer WHERE id' : 'SELECT tokens FROM search_customer WHERE rowid';
    const row = server.database ? (await sql(`SELECT to_jsonb(c) - 'version' - 'updated_at' - 'updated_by' - 'updated_by_id' FROM customer AS c WHERE id = ${id10}`))
      : execFileSync('sqlite3', ['-cmd', '.timeout 9000', '-json', join(server.dir, 'zhike.db'), `SELECT * FROM customer WHERE id = ${id10}`], { encoding: 'utf8' }).replace(/"(version|updated_at|updated_by)(_id)?":[^,}]*,?/g, '');
    // the order of words says nothing
    return { row, words: (await sql(`${document} = ${id10}`)).split(' ').sort().join(' '),
      points: await sql(`SELECT kind, value, value_key, is_primary, status FROM contact_point WHERE parent_type = 'customer' AND parent_id = ${id10} ORDER BY id`) };
  };
  for (const at of [0, 1, 600, N - 1]) test(`customer ${at}`, async () => {
    const id = (await rows(`SELECT id FROM customer ORDER BY id LIMIT 1 OFFSET ${at}`))[0];
    const made = await kept(id), { json } = await admin.get(`/customers/${id}`);
    const change = { name: `改${json.name}`, phone: '19912345678', address_detail: '别处 1 号', short_name: null, region: null };
    const patch = async (body) => {
      const answer = await admin.patch(`/customers/${id}`, body, { 'If-Match': (await admin.get(`/customers/${id}`)).etag });
      assert.equal(answer.status, 200, answer.text);
    };
    await patch(change);
    assert.notDeepEqual(await kept(id), made);
    await patch(Object.fromEntries(Object.keys(change).map((k) => [k, json[k]?.code ?? json[k]])));
    assert.deepEqual(await kept(id), made);
  });
});

test('lists, searches and hints find what was made', async () => {
  const { json: { data } } = await admin.get('/customers?limit=5');
  for (const customer of data) {
    const found = await admin.get(`/search?q=${encodeURIComponent(customer.name)}&entity=customer`);
    assert.ok(found.json.data.some((r) => r.id === customer.id), customer.name);
    const listed = await admin.get(`/customers?q=${encodeURIComponent(customer.number)}`);
    assert.deepEqual(listed.json.data.map((r) => r.id), [customer.id]);
  }
});
