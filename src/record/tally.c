/*
 * Counting rows by groups and spans of time. See tally.h.
 *
 * Three ways to the same cells (docs/adr/0013-metrics.md has what each costs).
 *   grouped  the engine counts; spans are a balanced tree of CASE
 *   walked   PostgreSQL, where an index begins with archived_at and the time and the spans are few: one span after the other
 *   raw      SQLite, where GROUP BY sorts every row it counts: keys and values of each row are read from an index and
 *            put into a table of cells here; not where only the largest groups are wanted
 */
#include "record/tally.h"

#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "meta/types.h"
#include "record/rows.h"
#include "record/twins.h"

enum { WALK_MOST = 60 }; /* more spans would take longer to plan than to count */

typedef VEC(TallyCell) Cells;

typedef struct Table {
    Cells cells;
    uint32_t *slots; /* index + 1, 0 free */
    size_t n_slots;
    int last; /* cell of the row before, -1 for none */
} Table;

typedef struct Tally {
    Ctx *c;
    const TallyAsk *ask;
    bool raw;
    bool walk;
    bool text_group;
    int period; /* of the row before: rows mostly come in the order of time */
    Table t;
} Tally;

bool tally_may_group(const Field *f)
{
    switch (f->type) {
    case FT_OPTION:
    case FT_BOOL:
    case FT_REGION:
    case FT_DATE:
    case FT_LINK_MANY: return true;
    case FT_LINK: return f->to != NULL;
    default: return false;
    }
}

bool tally_may_sum(const Field *f)
{
    return f->column && (f->type == FT_INT || f->type == FT_MONEY || f->type == FT_DECIMAL ||
                         f->type == FT_FLOAT);
}

const Field *tally_field(Ctx *c, const Entity *e, const char *name, const char *param)
{
    const Field *f = entity_field(e, name);
    bool masked = false;
    if (!f || f->retired || f->hidden || access_field(c, f, &masked) == FR_NONE) {
        ctx_fail(c, ERR_UNKNOWN_FIELD, param, "err.field_unknown", name,
                 label_in(e->label, c->lang));
        return NULL;
    }
    if (masked && access_clear_scope(c, e)->kind != FILTER_TRUE) {
        ctx_fail(c, ERR_BAD_REQUEST, param, "err.group_masked", label_in(f->label, c->lang));
        return NULL;
    }
    return f;
}

/* ---- the statement ------------------------------------------------------------------------- */

static void group_value(Sql *q, const Field *by)
{
    if (by->type == FT_LINK_MANY) {
        sql_add(q, SQL("m.\"target\""));
        return;
    }
    if (by->type == FT_REGION) { /* 330106 lies in 330000 */
        sql_col(q, "t0", by->column);
        sql_add(q, SQL(" / 10000 * 10000"));
    } else if (by->type == FT_DATE) {
        sql_add(q, SQL("substr("));
        sql_col(q, "t0", by->column);
        sql_add(q, SQL(", 1, 7)"));
    } else {
        sql_col(q, "t0", by->column);
    }
}

/* Of rows that are not everybody's to see (tags of one's own) only those the caller reads make a group. */
static void only_seen(const Tally *t, Sql *q, const Field *by)
{
    Ctx *c = t->c;
    const Entity *to = model_entity(by->entity->model, by->to);
    if (!to || !to->open)
        return;
    sql_add(q, SQL(" AND EXISTS (SELECT 1 FROM "));
    sql_name(q, to->name);
    sql_add(q, SQL(" AS g0 WHERE g0.\"id\" = m.\"target\" AND "));
    filter_sql_each(c, q, to, "g0", access_scope(c, to, ACT_READ));
    sql_add(q, SQL(")"));
}

static DbVal end_value(const Tally *t, int i)
{
    if (t->ask->time->type != FT_DATE)
        return db_of_int(t->ask->ends[i]);
    char *day = arena_alloc(t->c->a, 11);
    clock_day_text(t->ask->ends[i], day);
    return db_of_text(day);
}

/* Which of the spans from..to (not including it): halved by CASE, so nine comparisons find one of 366. */
static void span_tree(const Tally *t, Sql *q, int from, int to)
{
    if (to - from == 1) {
        sql_number(q, from);
        return;
    }
    int middle = from + (to - from) / 2;
    sql_add(q, SQL("CASE WHEN "));
    sql_col(q, "t0", t->ask->time->column);
    sql_add(q, SQL(" < "));
    sql_bind(q, end_value(t, middle));
    sql_add(q, SQL(" THEN "));
    span_tree(t, q, from, middle);
    sql_add(q, SQL(" ELSE "));
    span_tree(t, q, middle, to);
    sql_add(q, SQL(" END"));
}

static void sum_of(Sql *q, const Field *f, SqlText fn)
{
    sql_add(q, SQL(", CAST("));
    sql_add(q, fn);
    sql_col(q, "t0", f->column);
    sql_add(q, f->type == FT_FLOAT ? SQL(") AS DOUBLE PRECISION)") : SQL(") AS BIGINT)"));
}

static void hit_of(const Tally *t, Sql *q)
{
    sql_add(q, SQL("CASE WHEN "));
    filter_sql(t->c, q, t->ask->e, "t0", t->ask->hit);
    sql_add(q, SQL(" THEN 1 ELSE 0 END"));
}

/* The columns behind the first: hits, distinct, then those of each sum. */
static void figures(const Tally *t, Sql *q)
{
    const TallyAsk *k = t->ask;
    if (k->hit) {
        sql_add(q, t->raw ? SQL(", ") : SQL(", sum("));
        hit_of(t, q);
        if (!t->raw)
            sql_add(q, SQL(")"));
    }
    if (k->distinct) {
        sql_add(q, SQL(", count(DISTINCT "));
        sql_col(q, "t0", k->distinct->column);
        sql_add(q, SQL(")"));
    }
    for (int i = 0; i < k->n_sums; i++) {
        if (t->raw) {
            sql_add(q, SQL(", "));
            sql_col(q, "t0", k->sums[i]->column);
            continue;
        }
        sum_of(q, k->sums[i], SQL("sum("));
        if (k->spread) {
            sql_add(q, SQL(", count("));
            sql_col(q, "t0", k->sums[i]->column);
            sql_add(q, SQL(")"));
            sum_of(q, k->sums[i], SQL("min("));
            sum_of(q, k->sums[i], SQL("max("));
        }
    }
}

static int n_figures(const Tally *t)
{
    const TallyAsk *k = t->ask;
    return 1 + (k->hit != NULL) + (k->distinct != NULL) +
           k->n_sums * (k->spread && !t->raw ? 4 : 1);
}

/* Does an index lead straight to the live rows of a span? */
static bool has_time_index(const Entity *e, const Field *time)
{
    for (int i = 0; i < e->n_indexes; i++) {
        const char *const *f = e->indexes[i].fields;
        if (f[0] && f[1] && strcmp(f[0], "archived_at") == 0 && strcmp(f[1], time->name) == 0)
            return true;
    }
    return false;
}

/* SELECT figures[, the span][, the group] FROM … WHERE …; span: of a walk, else -1. */
static void select_rows(const Tally *t, Sql *q, int span)
{
    const TallyAsk *k = t->ask;
    sql_add(q, t->raw ? SQL("SELECT 1") : SQL("SELECT count(*)"));
    figures(t, q);
    if (k->time) {
        sql_add(q, SQL(", "));
        if (span >= 0)
            sql_number(q, span);
        else if (t->raw)
            sql_col(q, "t0", k->time->column);
        else
            span_tree(t, q, 0, k->n_periods);
    }
    if (k->by) {
        sql_add(q, SQL(", "));
        group_value(q, k->by);
    }
    sql_add(q, SQL(" FROM "));
    sql_name(q, k->e->name);
    sql_add(q, SQL(" AS t0"));
    if (k->by && k->by->type == FT_LINK_MANY) {
        sql_add(q, SQL(" LEFT JOIN "));
        sql_name(q, arena_printf(t->c->a, "rel_%s_%s", k->e->name, k->by->name));
        sql_add(q, SQL(" AS m ON m.\"id\" = t0.\"id\""));
        only_seen(t, q, k->by);
    }
    rec_list_where(t->c, q, k->e, k->f, k->lq, NULL);
}

static void walk(const Tally *t, Sql *q)
{
    const char *time = t->ask->time->column;
    for (int i = 0; i < t->ask->n_periods; i++) {
        if (i)
            sql_add(q, SQL(" UNION ALL "));
        select_rows(t, q, i);
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", time);
        sql_add(q, SQL(" >= "));
        sql_bind(q, end_value(t, i));
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", time);
        sql_add(q, SQL(" < "));
        sql_bind(q, end_value(t, i + 1));
        if (t->ask->by) {
            sql_add(q, SQL(" GROUP BY "));
            sql_number(q, n_figures(t) + 2);
        }
    }
}

static void statement(const Tally *t, Sql *q)
{
    const TallyAsk *k = t->ask;
    if (t->walk) {
        walk(t, q);
        return;
    }
    select_rows(t, q, -1);
    if (t->raw || (!k->time && !k->by))
        return;
    int at = n_figures(t) + 1;
    sql_add(q, SQL(" GROUP BY "));
    sql_number(q, at);
    if (k->time && k->by) {
        sql_add(q, SQL(", "));
        sql_number(q, at + 1);
    }
    if (k->most) {
        sql_add(q, SQL(" ORDER BY 1 DESC LIMIT "));
        sql_number(q, k->most);
    }
}

/* ---- cells --------------------------------------------------------------------------------- */

static bool add_number(Ctx *c, int64_t *to, int64_t more)
{
    return !__builtin_add_overflow(*to, more, to) ||
           ctx_fail(c, ERR_BAD_REQUEST, NULL, "err.metric.overflow");
}

static int order(const DbVal *x, const DbVal *y)
{
    if (x->kind == DB_REAL)
        return x->d < y->d ? -1 : x->d > y->d;
    return x->i < y->i ? -1 : x->i > y->i;
}

static bool join_sum(Ctx *c, TallySum *a, const TallySum *b)
{
    if (b->total.kind == DB_NULL)
        return true;
    if (a->total.kind == DB_NULL) {
        *a = *b;
        return true;
    }
    a->filled += b->filled;
    if (b->least.kind != DB_NULL && order(&b->least, &a->least) < 0)
        a->least = b->least;
    if (b->most.kind != DB_NULL && order(&b->most, &a->most) > 0)
        a->most = b->most;
    if (a->total.kind == DB_REAL) {
        a->total.d += b->total.d;
        return true;
    }
    return add_number(c, &a->total.i, b->total.i);
}

bool tally_join(Ctx *c, TallyCell *a, const TallyCell *b, int n_sums)
{
    a->n += b->n;
    a->hits += b->hits;
    for (int i = 0; i < n_sums; i++)
        if (!join_sum(c, &a->sums[i], &b->sums[i]))
            return false;
    return true;
}

static uint32_t hash_of(int period, const DbVal *g)
{
    uint64_t h = 1469598103934665603u + (uint64_t)period * 1099511628211u;
    if (g->kind == DB_TEXT)
        for (size_t i = 0; i < g->n; i++)
            h = (h ^ (unsigned char)g->s[i]) * 1099511628211u;
    else if (g->kind == DB_INT)
        h = (h ^ (uint64_t)g->i) * 1099511628211u;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32);
}

static bool same_group(const DbVal *x, const DbVal *y)
{
    if (x->kind != y->kind)
        return false;
    if (x->kind == DB_TEXT)
        return x->n == y->n && memcmp(x->s, y->s, x->n) == 0;
    return x->kind == DB_NULL || x->i == y->i;
}

static bool is_cell(const TallyCell *cell, int period, const DbVal *g)
{
    return cell->period == period && same_group(&cell->group, g);
}

static void grow(Arena *a, Table *t)
{
    t->n_slots = t->n_slots ? t->n_slots * 2 : 1024;
    t->slots = arena_array(a, t->n_slots, sizeof *t->slots);
    memset(t->slots, 0, t->n_slots * sizeof *t->slots);
    for (size_t i = 0; i < t->cells.n; i++) {
        size_t at = hash_of(t->cells.items[i].period, &t->cells.items[i].group);
        while (t->slots[at & (t->n_slots - 1)])
            at++;
        t->slots[at & (t->n_slots - 1)] = (uint32_t)i + 1;
    }
}

/* The cell of these keys, made where there is none; NULL (with the mistake) where there are too many. */
static TallyCell *cell_of(Tally *t, int period, const DbVal *g)
{
    Table *x = &t->t;
    if (x->last >= 0 && is_cell(&x->cells.items[x->last], period, g))
        return &x->cells.items[x->last];
    if (x->cells.n * 2 >= x->n_slots)
        grow(t->c->a, x);
    size_t at = hash_of(period, g);
    for (uint32_t s; (s = x->slots[at & (x->n_slots - 1)]); at++)
        if (is_cell(&x->cells.items[s - 1], period, g)) {
            x->last = (int)s - 1;
            return &x->cells.items[s - 1];
        }
    if (x->cells.n >= TALLY_CELLS) {
        ctx_fail(t->c, ERR_BAD_REQUEST, "by", "err.metric.groups", ctx_num(t->c, TALLY_CELLS));
        return NULL;
    }
    TallyCell fresh = {.group = *g, .period = period};
    if (g->kind == DB_TEXT)
        fresh.group.s = arena_dup(t->c->a, g->s, g->n);
    vec_push(t->c->a, &x->cells, fresh);
    x->last = (int)x->cells.n - 1;
    x->slots[at & (x->n_slots - 1)] = (uint32_t)x->cells.n;
    return &x->cells.items[x->last];
}

/* ---- reading ------------------------------------------------------------------------------- */

static int period_at(Tally *t, int64_t at)
{
    const int64_t *ends = t->ask->ends;
    if (at >= ends[t->period] && at < ends[t->period + 1])
        return t->period;
    int lo = 0, hi = t->ask->n_periods;
    while (hi - lo > 1) {
        int middle = lo + (hi - lo) / 2;
        if (at < ends[middle])
            hi = middle;
        else
            lo = middle;
    }
    t->period = lo;
    return lo;
}

static int read_period(Tally *t, DbRows *r, int col)
{
    if (!t->ask->time)
        return 0;
    if (!t->raw)
        return (int)db_int(r, col);
    return period_at(t, t->ask->time->type == FT_DATE ? clock_day_number(db_text(r, col))
                                                      : db_int(r, col));
}

static DbVal read_group(const Tally *t, DbRows *r, int col)
{
    DbVal v = db_null();
    if (t->ask->by && !db_is_null(r, col)) {
        if (!t->text_group)
            return db_of_int(db_int(r, col));
        v = (DbVal){.kind = DB_TEXT, .s = db_text(r, col), .n = db_bytes(r, col)};
    }
    return v;
}

static DbVal read_number(DbRows *r, int col, const Field *f)
{
    return db_is_null(r, col)    ? db_null()
           : f->type == FT_FLOAT ? db_of_real(db_real(r, col))
                                 : db_of_int(db_int(r, col));
}

static bool read_figures(Tally *t, DbRows *r, TallyCell *cell)
{
    const TallyAsk *k = t->ask;
    TallyCell one = {.n = t->raw ? 1 : db_int(r, 0)};
    int col = 1;
    if (k->hit)
        one.hits = db_int(r, col++);
    if (k->distinct)
        cell->distinct += db_int(r, col++);
    for (int i = 0; i < k->n_sums; i++) {
        TallySum *s = &one.sums[i];
        s->total = read_number(r, col++, k->sums[i]);
        s->filled = s->total.kind != DB_NULL;
        if (t->raw && k->spread) {
            s->least = s->most = s->total;
        } else if (k->spread) {
            s->filled = db_int(r, col++);
            s->least = read_number(r, col++, k->sums[i]);
            s->most = read_number(r, col++, k->sums[i]);
        }
    }
    if (!k->n_sums) { /* the usual case, a million times */
        cell->n += one.n;
        cell->hits += one.hits;
        return true;
    }
    return tally_join(t->c, cell, &one, k->n_sums);
}

static bool read_cells(Ctx *c, const TallyAsk *ask, TallyCell **out, int *out_n)
{
    bool keys = ask->time || ask->by;
    Tally t = {.c = c,
               .ask = ask,
               .raw = keys && !db_is_pg(c->db) && !ask->most && !ask->distinct,
               .walk = ask->time && ask->n_periods <= WALK_MOST && db_is_pg(c->db) &&
                       has_time_index(ask->e, ask->time) && !ask->distinct,
               .text_group = ask->by && (ask->by->type == FT_OPTION || ask->by->type == FT_DATE),
               .t = {.last = -1}};
    Sql q;
    sql_init(&q, c->a);
    statement(&t, &q);
    int mark = c->n_err, at = n_figures(&t);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        if (t.walk && db_int(r, 0) == 0)
            continue; /* a span without rows */
        int period = read_period(&t, r, at);
        DbVal g = read_group(&t, r, at + (ask->time != NULL));
        TallyCell *cell = cell_of(&t, period, &g);
        if (!cell || !read_figures(&t, r, cell))
            break;
    }
    db_done(r);
    *out = t.t.cells.items;
    *out_n = (int)t.t.cells.n;
    return c->n_err == mark;
}

/*
 * Hits that are few and known by their ids are counted by themselves, and the rest from an index: with them in one statement
 * each of a million rows would be read for the fields that are compared.
 */
static bool read_apart(Ctx *c, const TallyAsk *ask, const Filter *hit, TallyCell **out, int *out_n)
{
    TallyAsk all = *ask, hits = *ask;
    TallyCell *found;
    int n;
    all.hit = hits.hit = NULL;
    hits.most = hits.n_sums = 0;
    hits.distinct = NULL;
    Filter both = {.kind = FILTER_AND, .n_kids = 2};
    Filter *kids[] = {(Filter *)(uintptr_t)ask->f, (Filter *)(uintptr_t)hit};
    both.kids = kids;
    hits.f = &both;
    if (!read_cells(c, &all, out, out_n) || !read_cells(c, &hits, &found, &n))
        return false;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < *out_n; k++)
            if (is_cell(&(*out)[k], found[i].period, &found[i].group))
                (*out)[k].hits = found[i].n;
    return true;
}

bool tally_read(Ctx *c, const TallyAsk *ask, TallyCell **out, int *out_n)
{
    Filter *hit;
    if (!ask->hit || !twins_in(ask->hit))
        return read_cells(c, ask, out, out_n);
    bool begun = db_read_begin(c);
    bool ok = twins_known(c, ask->e, ask->hit, &hit);
    if (ok && twins_in(hit)) /* too many to be named */
        ok = read_cells(c, ask, out, out_n);
    else if (ok)
        ok = read_apart(c, ask, hit, out, out_n);
    db_read_end(c, begun);
    return ok;
}
