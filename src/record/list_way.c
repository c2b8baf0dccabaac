/*
 * By which way the rows of a list are found where few of the table are on it: what of its filter and scope indexes lead to
 * (way.c), the bin, the archive. How many rows a way has nobody knows beforehand; it is asked for some, and
 * whether these were all.
 */
#include "record/list_way.h"

#include "db/sql.h"

ListTries list_tries = {.found = 500, .walked = 2000, .more = 10000};

static bool linked(const Filter *f)
{
    if (f->kind == FILTER_VIA)
        return true;
    for (int i = 0; i < f->n_kids; i++)
        if (linked(f->kids[i]))
            return true;
    return false;
}

typedef VEC(Filter *) Parts;

static void parts_of(Ctx *c, Filter *f, Parts *out)
{
    if (f->kind != FILTER_AND) {
        vec_push(c->a, out, f);
        return;
    }
    for (int i = 0; i < f->n_kids; i++)
        parts_of(c, f->kids[i], out);
}

/* Parts about one field are one: both ends of a span, of which neither alone leaves few. */
static void join_spans(Ctx *c, Parts *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = p->n - 1; k > i; k--) {
            Filter *x = p->items[i], *y = p->items[k];
            const Field *field = x->kind == FILTER_AND ? x->kids[0]->field : x->field;
            if (x->kind == FILTER_VIA || y->kind != FILTER_LEAF || !field || y->field != field ||
                field->type == FT_LINK_MANY)
                continue;
            p->items[i] = filter_and(c->a, x, y);
            p->items[k] = p->items[--p->n];
        }
}

/* So are two values for which there is one index: each alone may leave a million rows and both together none. */
static void join_pairs(Ctx *c, const Entity *e, Parts *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = p->n - 1; k > i; k--)
            if (way_pair(e, p->items[i], p->items[k])) {
                p->items[i] = filter_and(c->a, p->items[i], p->items[k]);
                p->items[k] = p->items[--p->n];
            }
}

void list_ways(Ctx *c, const Entity *e, const Filter *f, const ListQuery *lq, ListWays *out)
{
    bool kept = e->standard && !lq->deleted && lq->archived == ARCHIVED_ONLY;
    *out = (ListWays){.e = e,
                      .apart = lq->deleted || kept,
                      .deleted = lq->deleted,
                      .archived_too = lq->archived != ARCHIVED_NOT || lq->deleted};
    if (f->kind == FILTER_TRUE || lq->deleted)
        return;
    out->linked = linked(f);
    Parts parts = {0};
    parts_of(c, (Filter *)f, &parts);
    join_spans(c, &parts);
    join_pairs(c, e, &parts);
    for (size_t i = parts.n; i > 0; i--) { /* what was asked for stands last, the scope first */
        if (out->n == LIST_WAYS - 1 && i > 1)
            continue;
        const Way *w = way_of(c, e, parts.items[i - 1]);
        if (w)
            out->ways[out->n++] = w;
    }
    out->exact = parts.n == 1 && out->n == 1 && !kept && way_exact(out->ways[0]);
}

static void one_way(Ctx *c, Sql *q, const ListWays *w, int i, int most)
{
    if (i < w->n) {
        way_sql(c, q, w->e, w->ways[i], w->archived_too, most);
        return;
    }
    sql_add(q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(q, w->e->name);
    sql_add(q, w->deleted ? SQL(" AS t0 WHERE t0.\"deleted_at\" IS NOT NULL")
                          : SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "
                                "t0.\"archived_at\" IS NOT NULL"));
    sql_add(q, SQL(" LIMIT "));
    sql_number(q, most);
}

bool list_way_ids(Ctx *c, const ListWays *w, bool straight, int most, int64_t **out, int *out_n,
                  bool *found)
{
    *found = false;
    int64_t *ids = ARENA_ARRAY(c->a, most, int64_t);
    for (int i = 0; !*found && i < w->n + (w->apart ? 1 : 0); i++) {
        if (straight && i < w->n && !way_straight(w->ways[i]))
            continue;
        Sql q;
        sql_init(&q, c->a);
        one_way(c, &q, w, i, most);
        if (!db_ids_most(c, sql_query(c, &q), ids, most, out_n))
            return false;
        *found = *out_n < most;
    }
    *out = ids;
    return true;
}

bool list_way_count(Ctx *c, const ListWays *w, int most, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT count(*) FROM ("));
    one_way(c, &q, w, 0, most);
    sql_add(&q, SQL(") AS n"));
    if (!db_one_int(c, sql_text(&q), q.params, q.n, out, NULL))
        return false;
    if (*out > most)
        *out = most;
    return true;
}

/* One value of a column, or none. */
static bool is_plain(const Filter *f)
{
    return f->kind == FILTER_LEAF && f->field->type != FT_LINK_MANY &&
           (f->op == OP_EQ || f->op == OP_IS_NULL);
}

void list_way_test(Ctx *c, Sql *q, const Entity *e, const Filter *f, bool few, bool led)
{
    Parts parts = {0};
    parts_of(c, (Filter *)f, &parts);
    for (size_t i = 0; i < parts.n; i++) {
        if (parts.items[i]->kind == FILTER_TRUE)
            continue;
        if (!led && is_plain(parts.items[i])) {
            sql_add(q, SQL(" AND "));
            filter_sql(c, q, e, "t0", parts.items[i]);
            continue;
        }
        sql_add(q, SQL(" AND ("));
        if (few)
            filter_sql_alone(c, q, e, "t0", parts.items[i]);
        else
            filter_sql_each(c, q, e, "t0", parts.items[i]);
        sql_add(q, SQL(") IS TRUE"));
    }
}
