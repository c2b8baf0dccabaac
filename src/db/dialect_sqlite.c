/*
 * What differs in SQL on SQLite: types of STRICT tables, the catalogue, search by FTS5.
 *
 * The tokenizer is the built-in "ascii" with every printable ASCII sign declared part of a word:
 * it then splits at blanks only, as the tsvector literal of PostgreSQL does, and the file can still
 * be opened by any sqlite3 program (a tokenizer of our own would make it unreadable there).
 */
#include <string.h>

#include "db/driver.h"

enum { MANY_SEGMENTS = 10 };

static void search_ddl(Ctx *c, Sql *first, Sql *second, const char *table)
{
    (void)c;
    (void)second;
    sql_add(first, ENGINE_SQL("CREATE VIRTUAL TABLE IF NOT EXISTS "));
    sql_name(first, table);
    /* prefix: what is typed of a syllable ("~hu", "~hua") begins thousands of words, and without lists of their own
       FTS5 merges those of all of them before the first row: 57 ms at a million against 1. Costs half of
       the index again. */
    sql_add(
        first,
        ENGINE_SQL(" USING fts5(tokens, detail=none, columnsize=0, prefix='3 4', tokenize=\"ascii "
                   "tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\")"));
}

static bool search_put(Ctx *c, const char *table, int64_t id, const char *tokens, bool is_new)
{
    Sql q;
    if (!is_new) {
        /* Most changes leave the words as they are, and FTS5 pays for each removal and insert. */
        const char *now = NULL;
        sql_init(&q, c->a);
        sql_add(&q, ENGINE_SQL("SELECT tokens FROM "));
        sql_name(&q, table);
        sql_add(&q, ENGINE_SQL(" WHERE rowid = "));
        sql_bind(&q, db_of_int(id));
        bool found;
        if (!db_one_text(c, sql_text(&q), q.params, q.n, &now, &found))
            return false;
        if (found && !strcmp(now, tokens))
            return true;
    }
    sql_init(&q, c->a);
    sql_add(&q, is_new ? ENGINE_SQL("INSERT INTO ") : ENGINE_SQL("INSERT OR REPLACE INTO "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" (rowid, tokens) VALUES ("));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, ENGINE_SQL(", "));
    sql_bind(&q, db_of_text(tokens));
    sql_add(&q, ENGINE_SQL(")"));
    return sql_exec(c, &q);
}

static bool search_remove(Ctx *c, const char *table, int64_t id)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("DELETE FROM "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" WHERE rowid = "));
    sql_bind(&q, db_of_int(id));
    return sql_exec(c, &q);
}

/* A number of FTS5's: seven bits a byte, the highest says that more follow. */
static const unsigned char *varint(const unsigned char *p, const unsigned char *end, int64_t *out)
{
    for (*out = 0; p < end; p++) {
        *out = *out << 7 | (*p & 127);
        if (!(*p & 128))
            return p + 1;
    }
    return end;
}

/* Segments that a search opens: in the record of the index's structure, row 10 of its data, behind a cookie of four bytes
   (and four more where deletions are kept apart) stand the numbers of levels and of segments. */
static bool segments(Ctx *c, const char *table, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("SELECT block FROM "));
    sql_name(&q, arena_printf(c->a, "%s_data", table));
    sql_add(&q, ENGINE_SQL(" WHERE id = 10"));
    *out = 0;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    if (db_step(r) && db_bytes(r, 0) > 8) {
        const unsigned char *p = db_blob(r, 0), *end = p + db_bytes(r, 0);
        p += memcmp(p + 4, "\xff\0\0\1", 4) == 0 ? 8 : 4;
        p = varint(p, end, out);
        varint(p, end, out);
    }
    db_done(r);
    return c->n_err == 0;
}

static bool search_due(Ctx *c, const char *table, bool *out)
{
    int64_t n;
    if (!segments(c, table, &n))
        return false;
    *out = n >= MANY_SEGMENTS;
    return true;
}

static bool command(Ctx *c, const char *table, const char *word, int64_t value)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("INSERT INTO "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" ("));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(", rank) VALUES ("));
    sql_bind(&q, db_of_text(word));
    sql_add(&q, ENGINE_SQL(", "));
    sql_bind(&q, db_of_int(value));
    sql_add(&q, ENGINE_SQL(")"));
    return sql_exec(c, &q);
}

/* Merging by command takes levels of two segments on, not of four as usual. FTS5 says that it did nothing by changing
   fewer than two rows. */
static bool search_tend(Ctx *c, const char *table, int pages, bool *out_more)
{
    static const SqlText changes = ENGINE_SQL("SELECT total_changes()");
    Sql q;
    int64_t usual = 0, before, after;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("SELECT v FROM "));
    sql_name(&q, arena_printf(c->a, "%s_config", table));
    sql_add(&q, ENGINE_SQL(" WHERE k = 'usermerge'"));
    if (!db_one_int(c, sql_text(&q), NULL, 0, &usual, NULL) ||
        (usual != 2 && !command(c, table, "usermerge", 2)) ||
        !db_one_int(c, changes, NULL, 0, &before, NULL) || !command(c, table, "merge", pages) ||
        !db_one_int(c, changes, NULL, 0, &after, NULL))
        return false;
    *out_more = after - before >= 2 || pages < 0;
    return true;
}

/* "word" AND "wor" * */
static const char *match_text(Arena *a, const char *const *words, int n)
{
    Buf b;
    buf_init(&b, a);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        bool prefix = words[i][len - 1] == '*';
        buf_puts(&b, i ? " AND \"" : "\"");
        buf_add(&b, words[i], prefix ? len - 1 : len);
        buf_puts(&b, prefix ? "\" *" : "\"");
    }
    return b.data;
}

static bool search_merges(const char *word)
{
    return word[strlen(word) - 1] == '*';
}

static void search_match(Ctx *c, Sql *q, const char *table, const char *const *words, int n,
                         const SearchSpan *span)
{
    sql_add(q, ENGINE_SQL("(SELECT rowid AS id FROM "));
    sql_name(q, table);
    if (n == 0) {
        sql_add(q, ENGINE_SQL(" WHERE 1 = 0)"));
        return;
    }
    sql_add(q, ENGINE_SQL(" WHERE "));
    sql_name(q, table);
    sql_add(q, ENGINE_SQL(" MATCH "));
    sql_bind(q, db_of_text(match_text(c->a, words, n)));
    if (span->before) {
        sql_add(q, ENGINE_SQL(" AND rowid < "));
        sql_bind(q, db_of_int(span->before));
    }
    if (span->from != SEARCH_ALL) {
        sql_add(q, ENGINE_SQL(" AND rowid >= "));
        sql_bind(q, db_of_int(span->from));
    }
    if (span->limit) {
        sql_add(q, ENGINE_SQL(" ORDER BY rowid DESC LIMIT "));
        sql_number(q, span->limit);
    }
    sql_add(q, ENGINE_SQL(")"));
}

/* MATCH with a rowid opens every list anew for each row; the stored words are read faster than that. */
static void search_has(Ctx *c, Sql *q, const char *alias, const char *const *words, int n)
{
    sql_add(q, ENGINE_SQL("sr.rowid = "));
    sql_col(q, alias, "id");
    for (int i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        bool prefix = words[i][len - 1] == '*';
        sql_add(q, ENGINE_SQL(" AND instr(' ' || sr.tokens || ' ', "));
        sql_bind(q, db_of_text(prefix ? arena_printf(c->a, " %.*s", (int)len - 1, words[i])
                                      : arena_printf(c->a, " %s ", words[i])));
        sql_add(q, ENGINE_SQL(") > 0"));
    }
}

static void among(Ctx *c, Sql *q, const int64_t *ids, int n)
{
    sql_add(q, ENGINE_SQL(" IN (SELECT value FROM json_each("));
    sql_bind(q, db_of_text(sql_ids_text(c->a, "[", ids, n, "]")));
    sql_add(q, ENGINE_SQL("))"));
}

const Dialect sqlite_dialect = {
    .type = {[COL_INT] = "INTEGER",
             [COL_REAL] = "REAL",
             [COL_TEXT] = "TEXT",
             [COL_BLOB] = "BLOB",
             [COL_BOOL] = "INTEGER"},
    .table_tail = " STRICT",
    .asc = " ASC",
    .desc = " DESC",
    .all_columns = ENGINE_SQL("SELECT m.name, p.name FROM sqlite_schema AS m, "
                              "pragma_table_info(m.name) AS p WHERE m.type = 'table' "
                              "AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, p.cid"),
    .all_indexes =
        ENGINE_SQL("SELECT name, CASE type WHEN 'table' THEN sql END FROM sqlite_schema "
                   "WHERE type = 'index' OR type = 'table' AND sql LIKE 'CREATE VIRTUAL%'"),
    .integrity = ENGINE_SQL("PRAGMA quick_check(5)"),
    /* The next number, given out under the one write lock: ids in the order of commits. */
    .snapshot = "BEGIN",
    .change_insert = ENGINE_SQL("INSERT INTO change_log (id, topic, ref, at) SELECT "
                                "coalesce(max(id), 0) + 1, $2, $3, $4 FROM change_log"),
    .change_lookback_ms = 0,
    .search_ddl = search_ddl,
    .search_put = search_put,
    .search_remove = search_remove,
    .search_words = ENGINE_SQL("SELECT rowid AS id, tokens AS words FROM "),
    .search_due = search_due,
    .search_tend = search_tend,
    .search_match = search_match,
    .search_merges = search_merges,
    .search_has = search_has,
    .among = among,
    /* else an index that begins with the column looks better than the one of the order, and the whole table is sorted */
    .rarely_set = {ENGINE_SQL("likelihood("), ENGINE_SQL(" IS NULL, 0.9375)")},
};
