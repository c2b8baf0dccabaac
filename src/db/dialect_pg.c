/*
 * What differs in SQL on PostgreSQL: types, the catalogue, search by a tsvector with a GIN index.
 * Words go in as a literal of quoted lexemes and are never parsed by a text search configuration,
 * so both engines hold exactly the words that our tokenizer made.
 */
#include <string.h>

#include "base/id.h"
#include "db/driver.h"

/* A name has 63 bytes at most; a longer one would be cut and might meet another. */
static const char *index_of(Arena *a, const char *table)
{
    return strlen(table) <= 60 ? arena_printf(a, "ix_%s", table) : table + 1;
}

static void search_ddl(Ctx *c, Sql *first, Sql *second, const char *table)
{
    (void)c, (void)second; /* the index comes with search_form */
    sql_add(first, ENGINE_SQL("CREATE TABLE IF NOT EXISTS "));
    sql_name(first, table);
    sql_add(first, ENGINE_SQL(" (id BIGINT PRIMARY KEY, tokens tsvector NOT NULL)"));
}

/* 'word' with \ doubled; quotes were taken out by sql.c. */
static void add_lexeme(Buf *b, const char *s, size_t n)
{
    buf_putc(b, '\'');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\')
            buf_putc(b, '\\');
        buf_putc(b, s[i]);
    }
    buf_putc(b, '\'');
}

static bool is_letter(char ch)
{
    return ch >= 'a' && ch <= 'z';
}

/*
 * Two letters ("hw") are asked for as the beginning of words, and to put the lists of those together costs GIN 0.7 µs a
 * place, a word of its own 0.04. So the beginnings of two letters stand in the vector as words: ~hwk gives ^hw, @~hwk
 * gives @^hw. SQLite's index keeps such lists by itself (prefix='3 4'). Gives the length of the mark (~ or @~) of a word
 * that has such a beginning, else 0.
 */
static size_t begins_at(const char *word, size_t n)
{
    size_t at = n && *word == '@';
    return n >= at + 3 && word[at] == '~' && is_letter(word[at + 1]) && is_letter(word[at + 2])
               ? at + 1
               : 0;
}

/* ^hw, @^hw */
static void add_beginning(Buf *b, const char *word, size_t mark)
{
    char two[4] = {'@', '^', word[mark], word[mark + 1]};
    size_t skip = 2 - mark;
    add_lexeme(b, two + skip, sizeof two - skip);
}

static const char *vector_text(Arena *a, const char *tokens)
{
    Buf b;
    buf_init(&b, a);
    for (const char *p = tokens; *p;) {
        size_t n = strcspn(p, " "), mark = begins_at(p, n);
        if (n) {
            if (b.len)
                buf_putc(&b, ' ');
            add_lexeme(&b, p, n);
        }
        if (mark) { /* twice is once to a tsvector */
            buf_putc(&b, ' ');
            add_beginning(&b, p, mark);
        }
        p += n;
        if (*p)
            p++;
    }
    return b.data;
}

static bool search_put(Ctx *c, const char *table, int64_t id, const char *tokens, bool is_new)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("INSERT INTO "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" AS s (id, tokens) VALUES ("));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, ENGINE_SQL(", CAST("));
    sql_bind(&q, db_of_text(vector_text(c->a, tokens)));
    sql_add(&q, ENGINE_SQL(" AS tsvector))"));
    if (!is_new)
        sql_add(&q, ENGINE_SQL(" ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens WHERE "
                               "s.tokens IS DISTINCT FROM excluded.tokens"));
    return sql_send(c, &q);
}

static bool search_remove(Ctx *c, const char *table, int64_t id)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("DELETE FROM "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" WHERE id = "));
    sql_bind(&q, db_of_int(id));
    return sql_exec(c, &q);
}

static bool search_due(Ctx *c, const char *table, bool *out)
{
    (void)c, (void)table;
    *out = true; /* looking costs as much as finding nothing to do */
    return true;
}

static bool search_tend(Ctx *c, const char *table, int pages, bool *out_more)
{
    DbVal p[] = {db_of_text(index_of(c->a, table))};
    int64_t moved;
    (void)pages;
    *out_more = false;
    return db_one_int(c, ENGINE_SQL("SELECT gin_clean_pending_list(CAST($1 AS regclass))"), p, 1,
                      &moved, NULL);
}

/* ~hw*, @~hw* */
static bool is_beginning(const char *word)
{
    size_t len = strlen(word);
    return word[len - 1] == '*' && len - begins_at(word, len) == 3 && begins_at(word, len);
}

static bool search_merges(const char *word)
{
    return word[strlen(word) - 1] == '*' && !is_beginning(word);
}

/* 'word' & 'wor':*, '^wo' for ~wo* */
static const char *match_text(Arena *a, const char *const *words, int n)
{
    Buf b;
    buf_init(&b, a);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        bool prefix = words[i][len - 1] == '*';
        if (i)
            buf_puts(&b, " & ");
        if (is_beginning(words[i])) {
            add_beginning(&b, words[i], len - 3);
            continue;
        }
        add_lexeme(&b, words[i], prefix ? len - 1 : len);
        if (prefix)
            buf_puts(&b, ":*");
    }
    return b.data;
}

static void search_match(Ctx *c, Sql *q, const char *table, const char *const *words, int n,
                         const SearchSpan *span)
{
    sql_add(q, ENGINE_SQL("(SELECT id FROM "));
    sql_name(q, table);
    if (n == 0) {
        sql_add(q, ENGINE_SQL(" WHERE 1 = 0)"));
        return;
    }
    /* as a function the operator finds no index; where the way is given the planner need not see the word: it keeps its
       plan, and to look the word up in the statistics took it as long as finding the matches */
    bool walk = span->how == SPAN_WALK, given = span->how == SPAN_GATHER || span->how == SPAN_AGES;
    sql_add(q, walk    ? ENGINE_SQL(" WHERE ts_match_vq(tokens, CAST(")
               : given ? ENGINE_SQL(" WHERE tokens @@ (SELECT CAST(")
                       : ENGINE_SQL(" WHERE tokens @@ CAST("));
    sql_bind(q, db_of_text(match_text(c->a, words, n)));
    sql_add(q, walk || given ? ENGINE_SQL(" AS tsquery))") : ENGINE_SQL(" AS tsquery)"));
    if (span->before) {
        sql_add(q, ENGINE_SQL(" AND id < "));
        sql_bind(q, db_of_int(span->before));
    }
    if (span->how == SPAN_AGES) {
        sql_add(q, ENGINE_SQL(" AND "));
        sql_add(q, age_keys());
        sql_add(q, ENGINE_SQL(" && (SELECT CAST("));
        sql_bind(q, db_of_text(age_spans(c->a, span->from, span->before, id_new())));
        sql_add(q, ENGINE_SQL(" AS BIGINT[]))"));
    } else if (span->from != SEARCH_ALL) {
        sql_add(q, ENGINE_SQL(" AND id >= "));
        sql_bind(q, db_of_int(span->from));
    }
    /* an order that no index has keeps the planner from walking one */
    if (span->limit) {
        sql_add(q, given ? ENGINE_SQL(" ORDER BY id + 0 DESC LIMIT ")
                         : ENGINE_SQL(" ORDER BY id DESC LIMIT "));
        sql_number(q, span->limit);
    }
    sql_add(q, ENGINE_SQL(")"));
}

static void search_has(Ctx *c, Sql *q, const char *alias, const char *const *words, int n)
{
    sql_add(q, ENGINE_SQL("sr.id = "));
    sql_col(q, alias, "id");
    sql_add(q, ENGINE_SQL(" AND sr.tokens @@ CAST("));
    sql_bind(q, db_of_text(match_text(c->a, words, n)));
    sql_add(q, ENGINE_SQL(" AS tsquery)"));
}

/* A subquery with the operator as a function: neither joined nor gathered, and its plan hangs on no word, so that it is kept. */
static void search_reads(Ctx *c, Sql *q, const char *table, const char *alias,
                         const char *const *words, const char *const *own, int n)
{
    const char *text = match_text(c->a, words, n);
    if (own)
        text = arena_printf(c->a, "(%s) | (%s)", text, match_text(c->a, own, n));
    sql_add(q, ENGINE_SQL("(SELECT ts_match_vq(sr.tokens, (SELECT CAST("));
    sql_bind(q, db_of_text(text));
    sql_add(q, ENGINE_SQL(" AS tsquery))) FROM "));
    sql_name(q, table);
    sql_add(q, ENGINE_SQL(" AS sr WHERE sr.id = "));
    sql_col(q, alias, "id");
    sql_add(q, ENGINE_SQL(")"));
}

static void among(Ctx *c, Sql *q, const int64_t *ids, int n)
{
    /* read once, and so few in the planner's eyes that it looks them up: for a thousand it walked the order and read the
       whole text anew for each row */
    sql_add(q, ENGINE_SQL(" = ANY (CAST((SELECT CAST("));
    sql_bind(q, db_of_text(sql_ids_text(c->a, "{", ids, n, "}")));
    sql_add(q, ENGINE_SQL(" AS BIGINT[])) AS BIGINT[]))"));
}

/*
 * The index: words and, beside them, how old a document is (search_age.c). How often words stand in documents: of 100
 * counted words, the usual, one that is not among them is believed to be in 0.4 % of all documents, and 华为 was looked for
 * by walking a million of them (2 s instead of 0.6 ms). And how deep ids lie (search_depth.c), to a thousandth. The 1,002
 * says that the table is of this form: documents that an older program wrote get their beginnings of two letters here, in
 * one writing of the table, and its index is made anew (minutes for a million).
 */
static int search_form(Ctx *c, Sql *steps, const char *table)
{
    const char *index = index_of(c->a, table);
    Sql *q = steps;
    sql_add(q,
            ENGINE_SQL("CREATE OR REPLACE FUNCTION pg_temp.zk_beginnings(tsvector) RETURNS "
                       "tsvector LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || "
                       "array_to_tsvector(coalesce(array_agg(DISTINCT CASE WHEN w LIKE '@%' THEN "
                       "'@^' || substr(w, 3, 2) ELSE '^' || substr(w, 2, 2) END), '{}')) FROM "
                       "unnest(tsvector_to_array($1)) AS w WHERE w ~ '^@?~[a-z][a-z]' $$"));
    sql_add(++q, ENGINE_SQL("DROP INDEX IF EXISTS "));
    sql_name(q, index);
    sql_add(++q, ENGINE_SQL("ALTER TABLE "));
    sql_name(q, table);
    sql_add(q, ENGINE_SQL(" ALTER COLUMN tokens TYPE tsvector USING "
                          "pg_temp.zk_beginnings(tokens), ALTER COLUMN tokens SET STATISTICS "
                          "1002, ALTER COLUMN id SET STATISTICS 1000"));
    sql_add(++q, ENGINE_SQL("CREATE INDEX "));
    sql_name(q, index);
    sql_add(q, ENGINE_SQL(" ON "));
    sql_name(q, table);
    sql_add(q, ENGINE_SQL(" USING gin (tokens, "));
    sql_add(q, age_keys());
    sql_add(q, ENGINE_SQL(")"));
    sql_add(++q, ENGINE_SQL("ANALYZE "));
    sql_name(q, table);
    return (int)(q - steps) + 1;
}

static bool grew(Ctx *c, const char *table)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("ANALYZE "));
    sql_name(&q, table);
    return sql_exec(c, &q);
}

const Dialect pg_dialect = {
    .type = {[COL_INT] = "BIGINT",
             [COL_REAL] = "DOUBLE PRECISION",
             [COL_TEXT] = "TEXT COLLATE \"C\"",
             [COL_BLOB] = "BYTEA",
             [COL_BOOL] = "SMALLINT"},
    .table_tail = "",
    /* Said in full: a plain DESC would put nulls first, and the lists ask for NULLS LAST. */
    .asc = " ASC NULLS LAST",
    .desc = " DESC NULLS LAST",
    .all_columns =
        ENGINE_SQL("SELECT k.relname, a.attname FROM pg_catalog.pg_class AS k JOIN "
                   "pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace JOIN "
                   "pg_catalog.pg_attribute AS a ON a.attrelid = k.oid WHERE n.nspname = "
                   "current_schema() AND k.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT "
                   "a.attisdropped ORDER BY k.relname, a.attnum"),
    .all_indexes =
        ENGINE_SQL("SELECT k.relname, NULL FROM pg_catalog.pg_class AS k JOIN "
                   "pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace WHERE "
                   "n.nspname = current_schema() AND k.relkind IN ('i', 'I') UNION ALL SELECT "
                   "k.relname || '.words', NULL FROM pg_catalog.pg_class AS k JOIN "
                   "pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace JOIN "
                   "pg_catalog.pg_attribute AS a ON a.attrelid = k.oid WHERE n.nspname = "
                   "current_schema() AND k.relname LIKE 'search%' AND a.attname = 'tokens' AND "
                   "a.attstattarget > 1001"),
    .search_form = search_form,
    .snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    .change_insert =
        ENGINE_SQL("INSERT INTO change_log (id, topic, ref, at) VALUES ($1, $2, $3, $4)"),
    .change_insert_many = ENGINE_SQL("INSERT INTO change_log (id, topic, ref, at) VALUES "
                                     "($1, $2, $3, $4), ($5, $6, $7, $8), "
                                     "($9, $10, $11, $12), ($13, $14, $15, $16), "
                                     "($17, $18, $19, $20), ($21, $22, $23, $24), "
                                     "($25, $26, $27, $28), ($29, $30, $31, $32), "
                                     "($33, $34, $35, $36), ($37, $38, $39, $40), "
                                     "($41, $42, $43, $44), ($45, $46, $47, $48), "
                                     "($49, $50, $51, $52), ($53, $54, $55, $56), "
                                     "($57, $58, $59, $60), ($61, $62, $63, $64)"),
    .change_lookback_ms = 5000,
    .alone = ENGINE_SQL("SELECT count(pg_advisory_xact_lock(hashtextextended($1, 0)))"),
    .beside = ENGINE_SQL("SELECT count(pg_advisory_xact_lock_shared(hashtextextended($1, 0)))"),
    .search_ddl = search_ddl,
    .grew = grew,
    .search_put = search_put,
    .search_remove = search_remove,
    .search_words =
        ENGINE_SQL("SELECT id, array_to_string(tsvector_to_array(tokens), ' ') AS words FROM "),
    .search_due = search_due,
    .search_tend = search_tend,
    .search_match = search_match,
    .search_merges = search_merges,
    .search_has = search_has,
    .search_reads = search_reads,
    .among = among,
    .rarely_set = {ENGINE_SQL(""), ENGINE_SQL(" IS NULL")}, /* it has counted them */
};
