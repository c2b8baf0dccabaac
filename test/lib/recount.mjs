// What a metric must be, counted by SQL that knows nothing of the program: plain tables, the calendar of the database
// engine, one statement a figure. One text a question and engine; days and months are those of Shanghai.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { psql } from './postgres.mjs';

/** Rows of a statement as arrays of texts; a NULL is ''. sql: text, or {sqlite, pg}. */
export async function rowsOf(server, sql) {
  const text = typeof sql === 'string' ? sql : server.database ? sql.pg : sql.sqlite;
  const out = server.database ? await psql(server.database.url, text)
    : execFileSync('sqlite3', ['-cmd', '.timeout 10000', join(server.dir, 'zhike.db'), text], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return out.split('\n').filter((line) => line !== '').map((line) => line.split('|'));
}

const span = {
  sqlite: { day: '%Y-%m-%d', month: '%Y-%m', year: '%Y' },
  pg: { day: 'YYYY-MM-DD', week: 'IYYY-"W"IW', month: 'YYYY-MM', quarter: 'YYYY-"Q"Q', year: 'YYYY' },
};
/** The name of the span in which an instant (ms) of a column lies. */
export function spanOf(server, column, period) {
  if (server.database) return `to_char(to_timestamp(${column} / 1000.0) AT TIME ZONE 'Asia/Shanghai', '${span.pg[period]}')`;
  const local = `${column} / 1000.0, 'unixepoch', '+8 hours'`;
  if (period === 'quarter') return `strftime('%Y', ${local}) || '-Q' || ((strftime('%m', ${local}) + 2) / 3)`;
  if (period === 'week') { // by its Thursday: SQLite 3.40 has no ISO week
    const thursday = `${local}, 'weekday 0', '-3 days'`;
    return `strftime('%Y', ${thursday}) || '-W' || printf('%02d', (strftime('%j', ${thursday}) - 1) / 7 + 1)`;
  }
  return `strftime('${span.sqlite[period]}', ${local})`;
}

export const live = 'deleted_at IS NULL AND archived_at IS NULL';

/** {"2026-11|浙江…|": "12"}: count by span and group. */
export async function countBy(server, table, { time, period, group, where = '1 = 1' }) {
  const keys = [...(time ? [spanOf(server, time, period)] : []), ...(group ? [group] : [])];
  const rows = await rowsOf(server, `SELECT ${[...keys, 'count(*)'].join(', ')} FROM "${table}" WHERE ${live} AND ${where}`
    + `${time ? ` AND ${time} IS NOT NULL` : ''}${keys.length ? ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}` : ''}`);
  return Object.fromEntries(rows.map((row) => [row.slice(0, -1).join('|'), Number(row.at(-1))]));
}
