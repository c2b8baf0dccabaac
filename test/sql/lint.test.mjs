// Words that only one engine knows, or that the two understand differently, in any SQL("…") of src/,
// fragments included (docs/adr/0002-sql.md). A statement that prepares on both engines may still mean
// two things; this finds the known ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { files, none, read, withoutComments } from '../lib/sources.mjs';

const forbidden = [
  [/\bILIKE\b|\bGLOB\b|\bREGEXP\b/i, 'fold the text in C and use LIKE … ESCAPE on the folded column'],
  [/\b(instr|strpos|position|group_concat|string_agg|ifnull|iif|greatest|least|strftime|datetime|date_trunc|to_char|json_extract|jsonb?_\w+|random|printf|format|round)\s*\(/i,
    'only one engine has it, or with another result: compute it in C'],
  [/\b(CURRENT_TIMESTAMP|CURRENT_DATE|now\s*\()/i, 'bind the time from the Ctx'],
  [/\bINSERT\s+OR\b|\bREPLACE\s+INTO\b/i, 'ON CONFLICT'],
  [/\bFETCH\s+FIRST\b|\bFOR\s+UPDATE\b|\bSKIP\s+LOCKED\b|\bLOCK\s+TABLE\b/i, 'claim by UPDATE … RETURNING'],
  [/\b(AUTOINCREMENT|SERIAL|IDENTITY|STRICT|WITHOUT\s+ROWID|BYTEA|BLOB)\b/i, 'columns come from the plan (db/migrate.h)'],
  [/(?<!IS |IS NOT )\bTRUE\b|\bFALSE\b/i, 'flags are 0 and 1 (IS TRUE and IS NOT TRUE, the two-valued ones, mean the same to both)'],
  [/->>|::|@>|&&/, 'an operator of one engine'],
  [/\b(max|min)\s*\([^()]*,/i, 'two arguments to max or min: CASE'],
  [/\bDISTINCT\s+ON\b|\bLATERAL\b|\bRETURNING\s+\*|\bSELECT\s+\*/i, 'name the columns'],
  [/\b(LISTEN|NOTIFY|pg_advisory\w*|pg_sleep)\b/i, 'poll the change log; take a lease'],
  [/\bDROP\s+(TABLE|COLUMN)\b/i, 'a drop is a migration step with a reason'],
  [/\?/, 'parameters are $1 … $n'],
];

function fragments() {
  const found = [];
  for (const file of files('src', /\.c$/)) {
    const text = withoutComments(read(file));
    for (const match of text.matchAll(/\bSQL\(((?:\s*"(?:[^"\\\n]|\\.)*")+)/g)) {
      const sql = [...match[1].matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]).join('').replace(/\\(.)/g, '$1');
      found.push({ file, line: text.slice(0, match.index).split('\n').length, sql });
    }
  }
  return found;
}

test('SQL keeps to what both engines understand alike', () => {
  const all = fragments();
  assert.ok(all.length > 50, 'the search for SQL finds too few');
  const bad = [];
  for (const { file, line, sql } of all) {
    const code = sql.replace(/'(?:[^']|'')*'/g, "''").replace(/"[^"]*"/g, '"x"'); // not inside texts and names
    for (const [pattern, advice] of forbidden)
      if (pattern.test(code)) bad.push(`${file}:${line}: ${code.match(pattern)[0]} in: ${sql}\n    ${advice}`);
  }
  none(bad, 'SQL of one engine');
});
