// The whole database as texts, to say what a call changed and what it left as it was.
import { rowsOf } from './recount.mjs';

// Logs, caches and clocks: they differ without anything having happened to a record.
const beside = /^(sqlite_.*|search_.*|history|audit_.*|change_log|chore|idempotency|job|job_row|login_log|login_seen|merge_log|merge_row|metric_daily|node_lease|number_counter|rate_hit|region|rule_run|schema_.*|second_step|session|setting|pg_.*)$/;
const stamps = new Set(['version', 'updated_at', 'updated_by_id']);

async function tables(server) {
  const sql = { sqlite: "SELECT m.name, p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table' ORDER BY 1, p.cid",
    pg: "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position" };
  const out = new Map();
  for (const [table, column] of await rowsOf(server, sql)) out.set(table, [...(out.get(table) ?? []), column]);
  return out;
}

const cell = (c) => `coalesce(replace(replace(cast("${c}" as text), chr(10), ' '), '|', '/'), '∅')`;
const inSqlite = (text) => text.replaceAll('chr(10)', 'char(10)');

/** Every row of every table as "table|column=value …", sorted; but: names of further columns that may differ, by table. */
export async function wholeDatabase(server, { but = {}, with: also = [] } = {}) {
  const parts = [], kept = {};
  for (const [table, columns] of await tables(server)) {
    if (beside.test(table) && !also.includes(table)) continue;
    kept[table] = columns.filter((c) => !stamps.has(c) && !(but[table] ?? []).includes(c));
    parts.push(`SELECT '${table}', ${kept[table].map(cell).join(" || '¦' || ")} FROM "${table}"`);
  }
  const text = parts.join(' UNION ALL ');
  return (await rowsOf(server, { sqlite: inSqlite(text), pg: text })).map(([table, row]) =>
    `${table}: ${row.split('¦').map((v, i) => `${kept[table][i]}=${v}`).filter((p) => !p.endsWith('=∅')).join(' ')}`).sort();
}

/** "table.column" of every cell that holds this number, or holds it in a text; all tables. */
export async function wherever(server, number) {
  const parts = [];
  for (const [table, columns] of await tables(server))
    if (!/^(sqlite_|search_|pg_)/.test(table))
      parts.push(`SELECT '${table}' || p.c FROM (${columns.map((c) => `SELECT '.${c}' AS c WHERE EXISTS (SELECT 1 FROM "${table}" WHERE cast("${c}" as text) LIKE '%${number}%')`).join(' UNION ALL ')}) AS p`);
  const found = [];
  for (let i = 0; i < parts.length; i += 10) // SQLite: at most 500 parts of a compound
    for (const [name] of await rowsOf(server, parts.slice(i, i + 10).join(' UNION ALL '))) found.push(name);
  return found;
}
