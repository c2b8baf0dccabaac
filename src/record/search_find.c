/*
 * Finding: the condition of a query on a row, and the ids that it finds.
 *
 * A query is a conjunction of words (base/tokens). Words of personal fields are stored with '@', so
 * the first arm of a match cannot reach them; the second arm looks for the '@' words and keeps
 * only rows that the caller reads in clear. Both are bounded, newest first, so what they cost does
 * not grow with the table. How a list goes about it: record/list.c, docs/search.md.
 */
#include "record/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/collate.h"
#include "base/tokens.h"
#include "meta/types.h"

/* q= as a set finds the newest so many */
enum { MATCH_CAP = 20000, MAX_WORDS = 24 };

/* Are there personal search fields the caller reads, and reads he them masked? */
static bool personal_search(Ctx *c, const Entity *e, bool *masked)
{
    bool any = false;
    *masked = false;
    for (int i = 0; i < e->n_fields; i++) {
        bool m = false;
        const Field *f = &e->fields[i];
        if (!f->search || !f->personal || f->retired || access_field(c, f, &m) == FR_NONE)
            continue;
        any = true;
        *masked |= m;
    }
    return any;
}

/* What a query asks for, and of whom. */
typedef struct Asked {
    const char *const *words;
    const char *const *own; /* the same with '@' */
    int n;                  /* 0: nothing is found */
    Filter *clear;          /* where the '@' words count; FALSE: nowhere */
} Asked;

static void asked_of(Ctx *c, const Entity *e, const char *q, Asked *out)
{
    bool masked;
    *out = (Asked){.clear = filter_false(c->a)};
    if (!(e->gets & GETS_SEARCH))
        return;
    out->words = tokens_query(c->a, q, &out->n);
    if (out->n > MAX_WORDS)
        out->n = MAX_WORDS;
    if (!out->n || !personal_search(c, e, &masked))
        return;
    out->clear = masked ? access_clear_scope(c, e) : filter_true(c->a);
    const char **own = ARENA_ARRAY(c->a, out->n, const char *);
    for (int i = 0; i < out->n; i++)
        own[i] = arena_printf(c->a, "@%s", out->words[i]);
    out->own = own;
}

/* ---- the condition ------------------------------------------------------------------------- */

/* "SELECT id …": one list of ids, never "a OR b", for an OR would make the engine walk the table instead of the
   matches. */
static void select_set(Ctx *c, Sql *sql, const Entity *e, const Asked *k)
{
    sql_add(sql, SQL("SELECT s1.\"id\" FROM "));
    sql_search_match(c, sql, e->name, k->words, k->n, 0, MATCH_CAP);
    sql_add(sql, SQL(" AS s1"));
    if (k->clear->kind == FILTER_FALSE)
        return;
    sql_add(sql, SQL(" UNION ALL SELECT s2.\"id\" FROM "));
    sql_search_match(c, sql, e->name, k->own, k->n, 0, MATCH_CAP);
    sql_add(sql, SQL(" AS s2"));
    if (k->clear->kind == FILTER_TRUE)
        return;
    sql_add(sql, SQL(" JOIN "));
    sql_name(sql, e->name);
    sql_add(sql, SQL(" AS p0 ON p0.\"id\" = s2.\"id\" WHERE "));
    filter_sql_each(c, sql, e, "p0", k->clear);
}

/* Reads the words of the row itself. */
static void test_row(Ctx *c, Sql *sql, const Entity *e, const char *alias, const Asked *k)
{
    sql_add(sql, SQL("("));
    sql_search_has(c, sql, e->name, alias, k->words, k->n);
    if (k->clear->kind != FILTER_FALSE) {
        sql_add(sql, SQL(" OR ("));
        sql_search_has(c, sql, e->name, alias, k->own, k->n);
        if (k->clear->kind != FILTER_TRUE) {
            sql_add(sql, SQL(" AND "));
            filter_sql_each(c, sql, e, alias, k->clear);
        }
        sql_add(sql, SQL(")"));
    }
    sql_add(sql, SQL(")"));
}

void search_sql(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q,
                const SearchFound *found)
{
    if (found && found->how == SEARCH_IDS) {
        sql_col(sql, alias, "id");
        sql_among(c, sql, found->ids, found->n);
        return;
    }
    Asked k;
    asked_of(c, e, q, &k);
    if (!k.n) {
        sql_add(sql, SQL("1 = 0"));
    } else if (found && found->how == SEARCH_ROW) {
        test_row(c, sql, e, alias, &k);
    } else {
        if (found) /* a sign before it keeps the engine from looking the rows up by id */
            sql_add(sql, SQL("+"));
        sql_col(sql, alias, "id");
        sql_add(sql, SQL(" IN ("));
        select_set(c, sql, e, &k);
        sql_add(sql, SQL(")"));
    }
}

/* ---- the ids ------------------------------------------------------------------------------- */

enum { ARM_WORDS, ARM_PERSONAL, ARM_TITLE, ARMS };

static void select_arms(Ctx *c, Sql *sql, const Entity *e, const Asked *k, int64_t before, int cap)
{
    sql_add(sql, SQL("SELECT 0, s1.\"id\", 1 FROM "));
    sql_search_match(c, sql, e->name, k->words, k->n, before, cap);
    sql_add(sql, SQL(" AS s1"));
    if (k->clear->kind == FILTER_FALSE)
        return;
    sql_add(sql, SQL(" UNION ALL SELECT 1, s2.\"id\", "));
    if (k->clear->kind == FILTER_TRUE) {
        sql_add(sql, SQL("1 FROM "));
    } else {
        sql_add(sql, SQL("CASE WHEN EXISTS (SELECT 1 FROM "));
        sql_name(sql, e->name);
        sql_add(sql, SQL(" AS p0 WHERE p0.\"id\" = s2.\"id\" AND "));
        filter_sql_each(c, sql, e, "p0", k->clear);
        sql_add(sql, SQL(") THEN 1 ELSE 0 END FROM "));
    }
    sql_search_match(c, sql, e->name, k->own, k->n, before, cap);
    sql_add(sql, SQL(" AS s2"));
}

/* The column of sort keys of the title, and what the keys of titles that begin with q begin with. NULL: titles of this
   entity are not found that way, or are not the caller's to read in clear. */
static const char *title_key(Ctx *c, const Entity *e, const char *q, const char **key)
{
    bool masked = false;
    const Field *f = e->title;
    if (!f || f->type != FT_STRING || !f->sort || !f->column || f->personal ||
        type_ops(f->type)->column != COL_TEXT || access_field(c, f, &masked) == FR_NONE || masked)
        return NULL;
    /* of a sort key only the first level is a prefix of the keys of longer texts; "01" ends it */
    char *hex = collate_key(c->a, q);
    size_t n = 0;
    while (hex[n] && !(hex[n] == '0' && hex[n + 1] == '1'))
        n += 2;
    hex[n] = 0;
    *key = hex;
    return n ? arena_printf(c->a, "%s_s", f->column) : NULL;
}

static void select_titles(Ctx *c, Sql *sql, const Entity *e, const char *q, int most)
{
    const char *key, *column = title_key(c, e, q, &key);
    if (!column)
        return;
    sql_add(sql, SQL(" UNION ALL SELECT 2, t2.\"id\", 1 FROM (SELECT \"id\" FROM "));
    sql_name(sql, e->name);
    sql_add(sql, SQL(" WHERE "));
    if (e->standard)
        sql_add(sql, SQL("\"deleted_at\" IS NULL AND "));
    sql_name(sql, column);
    sql_add(sql, SQL(" >= "));
    sql_bind(sql, db_of_text(key));
    sql_add(sql, SQL(" AND "));
    sql_name(sql, column);
    sql_add(sql, SQL(" < "));
    sql_bind(sql, db_of_text(arena_printf(c->a, "%sg", key)));
    sql_add(sql, SQL(" ORDER BY "));
    sql_name(sql, column);
    sql_add(sql, SQL(", \"id\" LIMIT "));
    sql_number(sql, most);
    sql_add(sql, SQL(") AS t2"));
}

static int newest_first(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? 1 : a > b ? -1 : 0;
}

static bool read_arms(Ctx *c, const Sql *sql, int cap, SearchFound *out)
{
    int n[ARMS] = {0};
    int64_t least[ARMS] = {INT64_MAX, INT64_MAX, INT64_MAX};
    DbRows *r = sql_query(c, sql);
    if (!r)
        return false;
    while (db_step(r)) {
        int arm = (int)db_int(r, 0);
        int64_t id = db_int(r, 1);
        n[arm]++;
        if (arm == ARM_TITLE) {
            out->titles[out->n_titles++] = id;
            continue;
        }
        if (id < least[arm])
            least[arm] = id;
        if (db_int(r, 2))
            out->ids[out->n++] = id;
    }
    db_done(r);
    out->all = true;
    for (int arm = ARM_WORDS; arm <= ARM_PERSONAL; arm++) {
        if (n[arm] < cap)
            continue;
        out->all = false;
        if (least[arm] > out->floor)
            out->floor = least[arm];
    }
    qsort(out->ids, (size_t)out->n, sizeof(int64_t), newest_first);
    int kept = 0;
    for (int i = 0; i < out->n && out->ids[i] >= out->floor; i++)
        if (!kept || out->ids[i] != out->ids[kept - 1])
            out->ids[kept++] = out->ids[i];
    out->n = kept;
    return c->n_err == 0;
}

bool search_find(Ctx *c, const Entity *e, const char *q, int64_t before, int cap, int titles,
                 SearchFound *out)
{
    Asked k;
    Sql sql;
    *out = (SearchFound){.how = SEARCH_IDS, .floor = INT64_MIN, .before = before, .all = true};
    asked_of(c, e, q, &k);
    if (!k.n)
        return true;
    out->ids = ARENA_ARRAY(c->a, 2 * cap, int64_t);
    sql_init(&sql, c->a);
    select_arms(c, &sql, e, &k, before, cap);
    if (titles) {
        out->titles = ARENA_ARRAY(c->a, titles, int64_t);
        select_titles(c, &sql, e, q, titles);
    }
    return read_arms(c, &sql, cap, out);
}
