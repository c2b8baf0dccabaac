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
static void select_set(Ctx *c, Sql *sql, const Entity *e, const Asked *k, int limit)
{
    const SearchSpan span = {.from = SEARCH_ALL, .limit = limit};
    sql_add(sql, SQL("SELECT s1.\"id\" FROM "));
    sql_search_match(c, sql, e->name, k->words, k->n, &span);
    sql_add(sql, SQL(" AS s1"));
    if (k->clear->kind == FILTER_FALSE)
        return;
    sql_add(sql, SQL(" UNION ALL SELECT s2.\"id\" FROM "));
    sql_search_match(c, sql, e->name, k->own, k->n, &span);
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
    } else if (found && found->how == SEARCH_FIRST) {
        sql_search_reads(c, sql, e->name, "o", k.words,
                         k.clear->kind == FILTER_FALSE ? NULL : k.own, k.n);
    } else if (found && found->how == SEARCH_ROW) {
        test_row(c, sql, e, alias, &k);
    } else {
        /* Walked: the set is made once and each row looked up in it. As a plain condition SQLite looks the rows up by id, and
           PostgreSQL may join, reading the set through for every row. */
        bool walked = found && found->how == SEARCH_WALK;
        if (walked)
            sql_add(sql, SQL("("));
        sql_col(sql, alias, "id");
        sql_add(sql, SQL(" IN ("));
        select_set(c, sql, e, &k, found && found->how == SEARCH_EVERY ? 0 : MATCH_CAP);
        sql_add(sql, walked ? SQL(")) IS TRUE") : SQL(")"));
    }
}

bool search_beyond(Ctx *c, const Entity *e, const char *q, bool *out)
{
    Asked k;
    const SearchSpan span = {.from = SEARCH_ALL, .limit = MATCH_CAP + 1};
    asked_of(c, e, q, &k);
    *out = false;
    for (int arm = 0; k.n && arm < 2 && !*out; arm++) {
        int64_t n;
        Sql sql;
        if (arm == 1 && k.clear->kind == FILTER_FALSE)
            break;
        sql_init(&sql, c->a);
        sql_add(&sql, SQL("SELECT count(*) FROM "));
        sql_search_match(c, &sql, e->name, arm ? k.own : k.words, k.n, &span);
        sql_add(&sql, SQL(" AS s"));
        if (!db_one_int(c, sql_text(&sql), sql.params, sql.n, &n, NULL))
            return false;
        *out = n > MATCH_CAP;
    }
    return true;
}

/* ---- the ids ------------------------------------------------------------------------------- */

/*
 * An arm of the search: plain words, or personal ones. Where the engine wants to be told how far back to look
 * (db/search_depth.c), it looks at the youngest documents first and then as far as their matches let one expect to be
 * enough; so an arm may be asked two or three times, and what it had found before is forgotten.
 */
enum { ARM_WORDS, ARM_PERSONAL, ARM_TITLE };
/* documents looked at first, and so many times as many where none of them matched; and what it costs, in nanoseconds of the
   backend: to test a document while ids are walked; to fetch one that the index of words names; to find the spans of the
   way back in it, and a document of theirs; a place of a word in it, and of the beginning of one, where the lists of many
   words are put together first */
enum { LOOK = 2000, FURTHER = 16, MILLION = 1000000 };
enum {
    NS_WALK = 780,
    NS_FETCH = 1100,
    NS_SPANS = 60000,
    NS_AGE = 12,
    NS_WORD = 60,
    NS_BEGINS = 700
};

typedef struct Arm {
    const char *const *words;
    bool open;    /* to be asked */
    bool begins;  /* one of them is the beginning of words */
    int64_t rows; /* documents looked through, about */
    int cap, whole;
    SearchSpan span;
    int64_t *ids; /* those that count for the caller */
    int n;
    int seen; /* all matches */
    int64_t least;
} Arm;

static void select_words(Ctx *c, Sql *sql, const Entity *e, const Asked *k, const Arm *arm)
{
    sql_add(sql, SQL("SELECT 0, s1.\"id\", 1 FROM "));
    sql_search_match(c, sql, e->name, k->words, k->n, &arm->span);
    sql_add(sql, SQL(" AS s1"));
}

static void select_personal(Ctx *c, Sql *sql, const Entity *e, const Asked *k, const Arm *arm)
{
    sql_add(sql, SQL("SELECT 1, s2.\"id\", "));
    if (k->clear->kind == FILTER_TRUE) {
        sql_add(sql, SQL("1 FROM "));
    } else {
        sql_add(sql, SQL("CASE WHEN EXISTS (SELECT 1 FROM "));
        sql_name(sql, e->name);
        sql_add(sql, SQL(" AS p0 WHERE p0.\"id\" = s2.\"id\" AND "));
        filter_sql_each(c, sql, e, "p0", k->clear);
        sql_add(sql, SQL(") THEN 1 ELSE 0 END FROM "));
    }
    sql_search_match(c, sql, e->name, k->own, k->n, &arm->span);
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
    if (sql->text.len)
        sql_add(sql, SQL(" UNION ALL "));
    sql_add(sql, SQL("SELECT 2, t2.\"id\", 1 FROM (SELECT \"id\" FROM "));
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

static bool read_arms(Ctx *c, const Sql *sql, Arm *arms, SearchFound *out)
{
    DbRows *r = sql_query(c, sql);
    if (!r)
        return false;
    while (db_step(r)) {
        int which = (int)db_int(r, 0);
        int64_t id = db_int(r, 1);
        if (which == ARM_TITLE) {
            out->titles[out->n_titles++] = id;
            continue;
        }
        Arm *arm = &arms[which];
        arm->seen++;
        if (id < arm->least)
            arm->least = id;
        if (db_int(r, 2))
            arm->ids[arm->n++] = id;
    }
    db_done(r);
    return c->n_err == 0;
}

/* Half as far again as the share of the words lets one expect, in the cheapest of three ways: ids walked, the words'
   places brought together with the spans of the way back, everything gathered. */
static void aim(Arm *arm, const SearchDepth *depth, int64_t per_million, int64_t least_rows)
{
    arm->span.limit = arm->cap;
    int64_t in_all = depth->rows * per_million / MILLION, most = arm->span.limit;
    int64_t rows = per_million ? most * (MILLION * 3 / 2) / per_million : depth->rows;
    if (rows < least_rows)
        rows = least_rows;
    int64_t hits = rows * per_million / MILLION, place = arm->begins ? NS_BEGINS : NS_WORD;
    int64_t walk = rows * NS_WALK * 2 / 3, gather = in_all * (place + NS_FETCH),
            ages =
                NS_SPANS + rows * NS_AGE + hits * NS_FETCH + (arm->begins ? in_all : hits) * place;
    arm->span.how = rows > depth->rows / 2 || (gather <= walk && gather <= ages) ? SPAN_GATHER
                    : walk <= ages                                               ? SPAN_WALK
                                                                                 : SPAN_AGES;
    arm->rows = depth->rows;
    arm->span.from = arm->span.how == SPAN_GATHER
                         ? SEARCH_ALL
                         : sql_search_from(depth, arm->span.before, rows, &arm->rows);
    if (arm->span.from == SEARCH_ALL)
        arm->span.how = SPAN_GATHER;
    /* as all are fetched, all may be had */
    if (arm->span.how == SPAN_GATHER && in_all < arm->whole)
        arm->span.limit = arm->whole;
}

/* At the youngest documents, to learn how common the words are. */
static void look(Arm *arm, const SearchDepth *depth, int64_t rows)
{
    arm->rows = depth->rows;
    arm->span.from = sql_search_from(depth, arm->span.before, rows, &arm->rows);
    arm->span.how = arm->span.from == SEARCH_ALL ? SPAN_PLANNED
                    : arm->begins                ? SPAN_WALK
                                                 : SPAN_AGES;
}

static void start(Ctx *c, const Entity *e, Arm *arm, const SearchDepth *depth, int64_t before,
                  int n_words)
{
    arm->ids = ARENA_ARRAY(c->a, arm->whole, int64_t);
    arm->span = (SearchSpan){.before = before, .from = SEARCH_ALL, .limit = arm->cap};
    if (!depth->n)
        return;
    for (int i = 0; i < n_words; i++)
        arm->begins |= sql_search_merges(c, arm->words[i]);
    int known = sql_search_known(c, e->name, arm->words, n_words);
    if (known >= 0)
        aim(arm, depth, known, 0);
    else
        look(arm, depth, LOOK);
}

/* After an arm was asked: has it enough, or how far is it to look next? */
static void widen(Ctx *c, const Entity *e, Arm *arm, const SearchDepth *depth, int n_words)
{
    bool enough = arm->seen >= arm->span.limit;
    arm->open = !enough && arm->span.from != SEARCH_ALL;
    if (!depth->n)
        return;
    /* who got all he asked for has learned how far back they reach, not how far he looked */
    int64_t rows = enough ? sql_search_between(depth, arm->least, arm->span.before) : arm->rows;
    if (rows < arm->seen + 1)
        rows = arm->seen + 1;
    int64_t per_million = arm->seen ? (int64_t)arm->seen * MILLION / rows : 0;
    sql_search_learn(c, e->name, arm->words, n_words, (int)per_million);
    if (arm->open && !arm->seen && !arm->begins && arm->rows < depth->rows / (2 * FURTHER))
        look(arm, depth, arm->rows * FURTHER);
    else if (arm->open)
        aim(arm, depth, per_million, arm->rows * 4);
}

/* The matches of both arms down to what both have looked through, each once, newest first. */
static void join_arms(const Arm *arms, SearchFound *out)
{
    out->all = true;
    for (int i = ARM_WORDS; i <= ARM_PERSONAL; i++) {
        if (arms[i].n)
            memcpy(out->ids + out->n, arms[i].ids, (size_t)arms[i].n * sizeof(int64_t));
        out->n += arms[i].n;
        if (!arms[i].seen || arms[i].seen < arms[i].span.limit)
            continue;
        out->all = false;
        if (arms[i].least > out->floor)
            out->floor = arms[i].least;
    }
    qsort(out->ids, (size_t)out->n, sizeof(int64_t), newest_first);
    int kept = 0;
    for (int i = 0; i < out->n && out->ids[i] >= out->floor; i++)
        if (!kept || out->ids[i] != out->ids[kept - 1])
            out->ids[kept++] = out->ids[i];
    out->n = kept;
}

bool search_find(Ctx *c, const Entity *e, const char *q, int64_t before, int cap, int whole,
                 int titles, SearchFound *out)
{
    Asked k;
    SearchDepth depth;
    *out = (SearchFound){.how = SEARCH_IDS, .floor = INT64_MIN, .before = before, .all = true};
    asked_of(c, e, q, &k);
    if (!k.n)
        return true;
    if (!sql_search_depth(c, e->name, &depth))
        return false;
    if (whole < cap)
        whole = cap;
    Arm arms[2] = {
        {.open = true, .words = k.words, .cap = cap, .whole = whole},
        {.open = k.clear->kind != FILTER_FALSE, .words = k.own, .cap = cap, .whole = whole}};
    for (int i = ARM_WORDS; i <= ARM_PERSONAL; i++)
        if (arms[i].open)
            start(c, e, &arms[i], &depth, before, k.n);
    out->ids = ARENA_ARRAY(c->a, 2 * whole, int64_t);
    out->titles = titles ? ARENA_ARRAY(c->a, titles, int64_t) : NULL;
    for (bool first = true; arms[ARM_WORDS].open || arms[ARM_PERSONAL].open; first = false) {
        Sql sql;
        sql_init(&sql, c->a);
        for (int i = ARM_WORDS; i <= ARM_PERSONAL; i++) {
            if (!arms[i].open)
                continue;
            arms[i].n = arms[i].seen = 0;
            arms[i].least = INT64_MAX;
            if (sql.text.len)
                sql_add(&sql, SQL(" UNION ALL "));
            (i == ARM_WORDS ? select_words : select_personal)(c, &sql, e, &k, &arms[i]);
        }
        if (first && titles)
            select_titles(c, &sql, e, q, titles);
        if (!read_arms(c, &sql, arms, out))
            return false;
        for (int i = ARM_WORDS; i <= ARM_PERSONAL; i++)
            if (arms[i].open)
                widen(c, e, &arms[i], &depth, k.n);
    }
    join_arms(arms, out);
    return true;
}

/* ---- common words -------------------------------------------------------------------------- */

/* From one document in so many on it is cheaper to read the words of rows, 1.9 µs each, than to gather matches, to fetch
   four pages of them and to look whether their order is that of ids, 1.1 ms. */
enum { ONE_IN = 8 };

/* The name under which it is kept that the first rows did not have what the newest documents promised. */
static const char *in_order(Ctx *c, const Entity *e)
{
    return arena_printf(c->a, "%s in order", e->name);
}

bool search_first(Ctx *c, const Entity *e, const char *q, int wanted, SearchFound *found)
{
    Asked k;
    asked_of(c, e, q, &k);
    if (!k.n || (k.clear->kind != FILTER_FALSE && k.clear->kind != FILTER_TRUE))
        return false;
    int known = sql_search_known(c, e->name, k.words, k.n);
    if (known < MILLION / ONE_IN || sql_search_known(c, in_order(c, e), k.words, k.n) == 0)
        return false;
    int rows =
        2; /* powers of two, so that there are few statements: between twice and four times what is expected */
    while (rows < 2 * (int)((int64_t)wanted * MILLION / known))
        rows *= 2;
    *found = (SearchFound){.how = SEARCH_FIRST, .n = rows};
    return true;
}

void search_not_first(Ctx *c, const Entity *e, const char *q)
{
    Asked k;
    asked_of(c, e, q, &k);
    sql_search_learn(c, in_order(c, e), k.words, k.n, 0);
}
