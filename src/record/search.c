/*
 * Search: the document of a record, the condition of a query, and the search over all entities.
 *
 * A query is a conjunction of words (base/tokens). Words of personal fields are stored with '@', so
 * the first arm of the match cannot reach them; the second arm looks for the '@' words and keeps
 * only rows that the caller reads in clear. Both are sub-selects with a cap, newest first, so their cost is bounded by
 * the cap, not by the table.
 */
#include "record/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/tokens.h"
#include "meta/types.h"
#include "record/rows.h"

/* of a list: what q= finds at most; of the search over all: rows ranked per row shown, matches looked through in a scope */
enum { MATCH_CAP = 20000, RANKED = 4, SCOPED_CAP = 4000, COMMON = 4000, MAX_WORDS = 24 };

/* ---- the document -------------------------------------------------------------------------- */

/* The words in a document so far: where each stands in its text. */
typedef struct Seen {
    Buf *b;
    uint32_t *slot; /* offset + 1 */
    size_t n, n_slots;
} Seen;

static uint32_t word_hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h ^ (h >> 15);
}

static size_t word_len(const char *s)
{
    return strcspn(s, " ");
}

static void seen_grow(Seen *k)
{
    uint32_t *old = k->slot;
    size_t n_old = k->n_slots;
    k->n_slots = n_old ? n_old * 2 : 512;
    k->slot = ARENA_ARRAY(k->b->a, k->n_slots, uint32_t);
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i])
            continue;
        const char *word = k->b->data + old[i] - 1;
        size_t at = word_hash(word, word_len(word)) & (k->n_slots - 1);
        while (k->slot[at])
            at = (at + 1) & (k->n_slots - 1);
        k->slot[at] = old[i];
    }
}

/* Puts mark and word at the end of the text, unless it stands there. */
static void add_word(Seen *k, char mark, const char *word)
{
    Buf *b = k->b;
    size_t before = b->len, len = strlen(word);
    if (k->n * 2 >= k->n_slots)
        seen_grow(k);
    char *to = buf_room(b, len + 2);
    if (before)
        *to++ = ' ';
    size_t from = (size_t)(to - b->data);
    if (mark)
        *to++ = mark;
    memcpy(to, word, len);
    size_t n = len + (mark != 0);
    const char *text = b->data + from;
    size_t at = word_hash(text, n) & (k->n_slots - 1);
    for (; k->slot[at]; at = (at + 1) & (k->n_slots - 1)) {
        const char *have = b->data + k->slot[at] - 1;
        if (memcmp(have, text, n) == 0 && have[n] == ' ') {
            b->data[before] = 0;
            return;
        }
    }
    k->slot[at] = (uint32_t)from + 1;
    k->n++;
    buf_grew(b, from - before + n);
}

char *search_tokens(Arena *a, const Entity *e, const DbVal *values)
{
    Buf b;
    buf_init(&b, a);
    Seen seen = {.b = &b};
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const DbVal *v = &values[i];
        if (!f->search || f->retired || v->kind != DB_TEXT || !v->n)
            continue;
        int n = 0;
        const char *const *words =
            f->type == FT_PHONE ? tokens_phone(a, v->s, &n) : tokens_index(a, v->s, &n);
        for (int k = 0; k < n; k++)
            add_word(&seen, f->personal ? '@' : 0, words[k]);
    }
    return b.data;
}

bool search_touched(const Entity *e, const unsigned char *changed)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].search && changed[i])
            return true;
    return false;
}

/* ---- the condition ------------------------------------------------------------------------- */

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

static void match_personal(Ctx *c, Sql *sql, const Entity *e, const char *const *words, int n,
                           bool masked, int cap)
{
    Filter *clear = masked ? access_clear_scope(c, e) : filter_true(c->a);
    if (clear->kind == FILTER_FALSE)
        return;
    const char **own = ARENA_ARRAY(c->a, n, const char *);
    for (int i = 0; i < n; i++)
        own[i] = arena_printf(c->a, "@%s", words[i]);
    sql_add(sql, SQL(" UNION ALL SELECT s2.\"id\" FROM "));
    sql_search_match(c, sql, e->name, own, n, cap);
    sql_add(sql, SQL(" AS s2"));
    if (clear->kind == FILTER_TRUE)
        return;
    sql_add(sql, SQL(" JOIN "));
    sql_name(sql, e->name);
    sql_add(sql, SQL(" AS p0 ON p0.\"id\" = s2.\"id\" WHERE "));
    filter_sql_each(c, sql, e, "p0", clear);
}

/* "SELECT id …" of what is found: one list of ids, never "a OR b": an OR would make the engine walk the
   table instead of the matches. false: q has no word, nothing is written. */
static bool select_ids(Ctx *c, Sql *sql, const Entity *e, const char *q, int cap)
{
    int n = 0;
    const char *const *words = tokens_query(c->a, q, &n);
    if (n > MAX_WORDS)
        n = MAX_WORDS;
    if (n == 0 || !(e->gets & GETS_SEARCH))
        return false;
    sql_add(sql, SQL("SELECT s1.\"id\" FROM "));
    sql_search_match(c, sql, e->name, words, n, cap);
    sql_add(sql, SQL(" AS s1"));
    bool masked;
    if (personal_search(c, e, &masked))
        match_personal(c, sql, e, words, n, masked, cap);
    return true;
}

static void search_ids(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q, int cap,
                       bool test)
{
    Sql ids;
    sql_init(&ids, c->a);
    if (!select_ids(c, &ids, e, q, cap)) {
        sql_add(sql, SQL("1 = 0"));
        return;
    }
    if (test) /* a sign before it keeps the engine from looking the rows up by id */
        sql_add(sql, SQL("+"));
    sql_col(sql, alias, "id");
    sql_add(sql, SQL(" IN ("));
    (void)select_ids(c, sql, e, q, cap);
    sql_add(sql, SQL(")"));
}

bool search_common(Ctx *c, const Entity *e, const char *q, bool *out)
{
    Sql sql;
    int64_t n = 0;
    *out = false;
    sql_init(&sql, c->a);
    sql_add(&sql, SQL("SELECT count(*) FROM ("));
    if (!select_ids(c, &sql, e, q, COMMON + 1))
        return true;
    sql_add(&sql, SQL(") AS m"));
    if (!db_one_int(c, sql_text(&sql), sql.params, sql.n, &n, NULL))
        return false;
    *out = n > COMMON;
    return true;
}

void search_sql(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q)
{
    search_ids(c, sql, e, alias, q, MATCH_CAP, false);
}

void search_sql_walk(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q)
{
    search_ids(c, sql, e, alias, q, MATCH_CAP, true);
}

/* ---- over all entities --------------------------------------------------------------------- */

typedef struct Hit {
    const Entity *e;
    int64_t id;
    const char *label, *detail;
    int score;
} Hit;

/* A title that is the query, begins with it, contains it; then the rest; younger ids first within. */
static int score_of(Arena *a, const char *label, const char *folded_q)
{
    char *l = fold_text(a, label);
    if (strcmp(l, folded_q) == 0)
        return 3;
    if (strncmp(l, folded_q, strlen(folded_q)) == 0)
        return 2;
    return strstr(l, folded_q) ? 1 : 0;
}

static int by_rank(const void *x, const void *y)
{
    const Hit *a = x, *b = y;
    if (a->score != b->score)
        return b->score - a->score;
    if (a->e->index != b->e->index)
        return a->e->index - b->e->index;
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

static bool search_one(Ctx *c, const Entity *e, const char *q, const char *folded, int limit,
                       Hit *hits, int *n)
{
    RowSet s;
    Buf card; /* what stands on a card tells one hit from another */
    buf_init(&card, c->a);
    for (int i = 0; i < e->n_fields; i++) {
        bool masked;
        const Field *f = &e->fields[i];
        if (f->in_card && f->index != STD_ID && !f->retired &&
            access_field(c, f, &masked) != FR_NONE)
            buf_printf(&card, "%s%s", card.len ? "," : "", f->name);
    }
    if (!rows_choose(c, e, card.data, false, &s))
        return false;
    s.flags = false;
    Filter *scope = access_scope(c, e, ACT_READ);
    if (scope->kind == FILTER_FALSE)
        return true;
    Sql sql;
    sql_init(&sql, c->a);
    rows_select(c, &s, &sql, e->title->column);
    sql_add(&sql, e->standard ? SQL(" WHERE t0.\"deleted_at\" IS NULL") : SQL(" WHERE 1 = 1"));
    if (scope->kind != FILTER_TRUE) {
        sql_add(&sql, SQL(" AND "));
        filter_sql_each(c, &sql, e, "t0", scope);
    }
    /* who sees all rows needs only the newest matches; who sees some needs room for those not his */
    int cap = limit * RANKED;
    sql_add(&sql, SQL(" AND "));
    search_ids(c, &sql, e, "t0", q, scope->kind == FILTER_TRUE ? cap : SCOPED_CAP, false);
    sql_add(&sql, SQL(" ORDER BY t0.\"id\" DESC LIMIT "));
    sql_number(&sql, cap);
    DbRows *r = sql_query(c, &sql);
    if (!r)
        return false;
    int first = *n;
    while (db_step(r)) {
        int col = rows_add(c, &s, r);
        const char *label = db_text(r, col);
        hits[*n] = (Hit){
            .e = e, .id = s.rows[s.n - 1].rec.id, .label = arena_str(c->a, label ? label : "")};
        hits[*n].score = score_of(c->a, hits[*n].label, folded);
        (*n)++;
    }
    db_done(r);
    if (!rows_finish(c, &s))
        return false;
    for (int i = 0; i < s.n; i++) { /* detail: the first two other card fields that say something */
        Buf b;
        buf_init(&b, c->a);
        int said = 0;
        for (int k = 0; k < s.n_fields && said < 2; k++) {
            if (s.fields[k] == e->title)
                continue;
            char *text = rows_text(c, &s, &s.rows[i], k);
            if (!*text)
                continue;
            buf_puts(&b, said++ ? " · " : "");
            buf_puts(&b, text);
        }
        hits[first + i].detail = b.data;
    }
    return c->n_err == 0;
}

bool rec_search(Ctx *c, const char *q, const char *only_entity, int limit, Buf *out)
{
    if (limit < 1 || limit > 50)
        limit = 20;
    const Model *m = c->model;
    const char *folded = fold_text(c->a, q ? q : "");
    Hit *hits = ARENA_ARRAY(c->a, (m->n + 1) * limit * RANKED, Hit);
    int n = 0;
    for (int i = 0; i < m->n && *folded; i++) {
        const Entity *e = &m->entities[i];
        if (!(e->gets & GETS_SEARCH) || !access_may(c, e, ACT_READ))
            continue;
        if (only_entity && strcmp(only_entity, e->name) != 0)
            continue;
        if (!search_one(c, e, q, folded, limit, hits, &n))
            return false;
    }
    qsort(hits, (size_t)n, sizeof(Hit), by_rank);
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < n && i < limit; i++) {
        jw_obj(&w);
        jw_kstr(&w, "entity", hits[i].e->name);
        jw_kint(&w, "id", hits[i].id);
        jw_kstr(&w, "label", hits[i].label);
        jw_kstr(&w, "detail", hits[i].detail);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
