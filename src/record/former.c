/* What merged records were called. See former.h. */
#include "record/former.h"

#include <stdlib.h>

#include "record/kept.h"
#include "record/value.h"

static const char *const keys[FORMER_KEYS] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"};

const Field *former_link(const Entity *e)
{
    const Field *f = e->gets & GETS_MERGE ? entity_field(e, "merged_into") : NULL;
    return f && f->column ? f : NULL;
}

/* This row was merged away. */
static void is_gone(Sql *q, const Entity *e, const char *alias)
{
    sql_col(q, alias, former_link(e)->column);
    sql_add(q, SQL(" IS NOT NULL AND "));
    sql_col(q, alias, "deleted_at");
    sql_add(q, SQL(" IS NOT NULL"));
}

void former_begin(Sql *q, const Entity *e, const char *const *columns, int n)
{
    sql_add(q, SQL("WITH RECURSIVE f(\"id\", \"was\""));
    for (int i = 0; i < n; i++) {
        sql_add(q, SQL(", "));
        sql_name(q, keys[i]);
    }
    sql_add(q, SQL(") AS (SELECT "));
    sql_col(q, "t1", former_link(e)->column);
    sql_add(q, SQL(", t1.\"id\""));
    for (int i = 0; i < n; i++) {
        sql_add(q, SQL(", "));
        sql_col(q, "t1", columns[i]);
    }
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t1 WHERE "));
    is_gone(q, e, "t1");
    sql_add(q, SQL(" AND "));
}

void former_end(Sql *q, const Entity *e, int n)
{
    sql_add(q, SQL(" UNION SELECT "));
    sql_col(q, "t2", former_link(e)->column);
    sql_add(q, SQL(", f.\"was\""));
    for (int i = 0; i < n; i++) {
        sql_add(q, SQL(", "));
        former_column(q, i);
    }
    sql_add(q, SQL(" FROM f JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t2 ON t2.\"id\" = f.\"id\" WHERE "));
    is_gone(q, e, "t2");
    sql_add(q, SQL(") "));
}

void former_column(Sql *q, int i)
{
    sql_col(q, "f", keys[i]);
}

bool former_any(Ctx *c, const Entity *e, bool *any)
{
    const Field *into = former_link(e);
    int64_t one;
    Sql q;
    *any = false;
    if (!into)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT 1 FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE "));
    sql_name(&q, into->column);
    sql_add(&q, SQL(" IS NOT NULL LIMIT 1"));
    return db_one_int(c, sql_text(&q), q.params, q.n, &one, any);
}

/* "WITH RECURSIVE g(of, id) AS (…) ": the way back, from those that stayed to all that went into them. */
static void way_back(Sql *q, const Entity *e, const int64_t *ids, int n)
{
    const char *into = former_link(e)->column;
    sql_add(q, SQL("WITH RECURSIVE g(\"of\", \"id\") AS (SELECT "));
    sql_col(q, "t1", into);
    sql_add(q, SQL(", t1.\"id\" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t1 WHERE "));
    is_gone(q, e, "t1");
    sql_add(q, SQL(" AND "));
    sql_col(q, "t1", into);
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, ids, n);
    sql_add(q, SQL(" UNION SELECT g.\"of\", t2.\"id\" FROM g JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t2 ON "));
    sql_col(q, "t2", into);
    sql_add(q, SQL(" = g.\"id\" WHERE "));
    is_gone(q, e, "t2");
    sql_add(q, SQL(") "));
}

bool former_records(Ctx *c, const Entity *e, int64_t id, int most, Records *out)
{
    Sql q;
    int mark = c->n_err;
    if (!former_link(e))
        return true;
    sql_init(&q, c->a);
    way_back(&q, e, &id, 1);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM g JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = g.\"id\" ORDER BY t0.\"id\" DESC"));
    if (most) {
        sql_add(&q, SQL(" LIMIT "));
        sql_number(&q, most);
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        Record one = {.e = e, .v = ARENA_ARRAY(c->a, e->n_fields, DbVal)};
        value_read_row(c->a, e, r, 0, one.v);
        one.id = one.v[STD_ID].i;
        one.version = one.v[STD_VERSION].i;
        vec_push(c->a, out, one);
    }
    db_done(r);
    return c->n_err == mark;
}

bool former_ids(Ctx *c, const Entity *e, const int64_t *ids, int n, DbIds *out)
{
    Sql q;
    if (!former_link(e) || n == 0)
        return true;
    sql_init(&q, c->a);
    way_back(&q, e, ids, n);
    sql_add(&q, SQL("SELECT DISTINCT g.\"id\" FROM g WHERE g.\"id\" NOT IN "));
    sql_bind_ids(&q, ids, n);
    sql_add(&q, SQL(" ORDER BY g.\"id\""));
    return db_ids(c, sql_query(c, &q), out);
}

bool former_ends(Ctx *c, const Entity *e, const int64_t *ids, int n, DbIds *out)
{
    Sql q;
    if (!former_link(e) || n == 0)
        return true;
    sql_init(&q, c->a);
    former_begin(&q, e, NULL, 0);
    sql_add(&q, SQL("t1.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    former_end(&q, e, 0);
    sql_add(&q, SQL("SELECT DISTINCT t0.\"id\" FROM f JOIN "));
    sql_name(&q, e->name);
    sql_add(
        &q,
        SQL(" AS t0 ON t0.\"id\" = f.\"id\" WHERE t0.\"deleted_at\" IS NULL ORDER BY t0.\"id\""));
    return db_ids(c, sql_query(c, &q), out);
}

bool former_names(Ctx *c, const Entity *e, const int64_t *ids, int n, FormerNames *out)
{
    Sql q;
    int mark = c->n_err;
    if (!former_link(e) || !e->title->column || n == 0)
        return true;
    sql_init(&q, c->a);
    way_back(&q, e, ids, n);
    sql_add(&q, SQL("SELECT g.\"of\", "));
    sql_col(&q, "t0", e->title->column);
    sql_add(&q, SQL(" FROM g JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = g.\"id\" ORDER BY g.\"id\" DESC LIMIT "));
    sql_number(&q, FORMER_MOST);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        if (!db_is_null(r, 1))
            vec_push(c->a, out, (FormerName){db_int(r, 0), db_text_copy(c->a, r, 1)});
    db_done(r);
    return c->n_err == mark;
}

/* ---- filters that name them -------------------------------------------------------------------- */

typedef struct Gone {
    int64_t id, into;
} Gone;
typedef VEC(Gone) Away; /* by id */

static Kept kept = KEPT_NOTHING; /* Away */

enum { WHOLE_TRIES = 3 };

static int by_id(const void *x, const void *y)
{
    int64_t a = ((const Gone *)x)->id, b = ((const Gone *)y)->id;
    return a < b ? -1 : a > b;
}

/* Of these ids; NULL: all there are. */
static bool read_gone(Ctx *c, Arena *a, const Entity *e, const DbIds *ids, Away *out)
{
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t1.\"id\", "));
    sql_col(&q, "t1", former_link(e)->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t1 WHERE "));
    is_gone(&q, e, "t1");
    if (ids) {
        sql_add(&q, SQL(" AND t1.\"id\" IN "));
        sql_bind_ids(&q, ids->items, (int)ids->n);
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(a, out, (Gone){db_int(r, 0), db_int(r, 1)});
    db_done(r);
    return c->n_err == mark;
}

static bool all_gone(Ctx *c, Arena *a, Away *out)
{
    for (int i = 0; i < c->model->n; i++)
        if (former_link(&c->model->entities[i]) &&
            !read_gone(c, a, &c->model->entities[i], NULL, out))
            return false;
    if (out->n)
        qsort(out->items, out->n, sizeof(Gone), by_id);
    return true;
}

static size_t first_from(const Away *all, size_t from, int64_t id)
{
    size_t end = all->n;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (all->items[middle].id < id)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

static void add_range(Away *out, const Away *all, size_t from, size_t end)
{
    if (end > from)
        memcpy(out->items + out->n, all->items + from, (end - from) * sizeof(Gone));
    out->n += end - from;
}

/* What was known, but of these ids (in order, each once) what is read now: the rest is copied, for there may be very many. */
static bool gone_anew(Ctx *c, Arena *a, const Away *was, const Entity *e, const DbIds *ids,
                      Away *out)
{
    Away now = {0};
    size_t at = 0, from = 0;
    if (!read_gone(c, c->a, e, ids, &now))
        return false;
    if (now.n)
        qsort(now.items, now.n, sizeof(Gone), by_id);
    out->items = ARENA_ARRAY(a, was->n + now.n + 1, Gone);
    out->cap = was->n + now.n + 1;
    for (size_t i = 0; i < ids->n; i++) {
        size_t end = first_from(was, from, ids->items[i]);
        add_range(out, was, from, end);
        from = end + (end < was->n && was->items[end].id == ids->items[i]);
        if (at < now.n && now.items[at].id == ids->items[i]) {
            add_range(out, &now, at, at + 1);
            at++;
        }
    }
    add_range(out, was, from, was->n);
    return true;
}

/*
 * Of e only these ids; e NULL, or nothing known: everything. Begins anew where somebody else learnt something meanwhile: of a few
 * ids as often as it takes, for one of them always gets on; of everything, which takes long, a few times.
 */
static bool learn(Ctx *c, const Entity *e, const DbIds *ids)
{
    for (int whole = 0; whole < WHOLE_TRIES;) {
        const Away *was = kept_hold(c, &kept, NULL);
        KeptSet *set = kept_begin(&kept);
        Away *all = ARENA_NEW(set->a, Away);
        bool some = e && was;
        whole += !some;
        if (!(some ? gone_anew(c, set->a, was, e, ids, all) : all_gone(c, set->a, all))) {
            kept_drop(set);
            return false;
        }
        set->data = all;
        if (kept_swap(&kept, was, set, (int)all->n))
            return true;
    }
    return false;
}

bool former_load(Ctx *c)
{
    return learn(c, NULL, NULL);
}

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

bool former_learn(Ctx *c, const Entity *e, const int64_t *ids, int n)
{
    DbIds each = {.items = ARENA_ARRAY(c->a, (size_t)n + 1, int64_t)};
    if (!former_link(e) || n == 0)
        return true;
    memcpy(each.items, ids, (size_t)n * sizeof *ids);
    qsort(each.items, (size_t)n, sizeof *ids, by_number);
    for (int i = 0; i < n; i++)
        if (i == 0 || each.items[i] != each.items[each.n - 1])
            each.items[each.n++] = each.items[i];
    return learn(c, e, &each);
}

/* Where a record is now: itself, or the end of its way. */
static int64_t end_of(const Away *all, int64_t id)
{
    const Gone *g;
    for (size_t steps = 0; steps <= all->n; steps++) { /* no circle holds it up */
        Gone key = {.id = id};
        g = bsearch(&key, all->items, all->n, sizeof(Gone), by_id);
        if (!g)
            break;
        id = g->into;
    }
    return id;
}

/* below: inside "customer.…", where "id" is the link's own. In a list "id" is the record that is asked for, of the bin, too. */
static void mean(const Away *all, Filter *f, bool below)
{
    const Field *fd = f->field;
    if (f->kind == FILTER_LEAF && (fd->type == FT_LINK || fd->type == FT_LINK_MANY ||
                                   (below && fd->index == STD_ID && former_link(fd->entity))))
        for (int i = 0; i < f->n_vals; i++)
            if (f->vals[i].kind == DB_INT)
                f->vals[i].i = end_of(all, f->vals[i].i);
    for (int i = 0; i < f->n_kids; i++)
        mean(all, f->kids[i], below || f->kind == FILTER_VIA);
}

void former_means(Ctx *c, Filter *f)
{
    const Away *all = kept_count(&kept) ? kept_hold(c, &kept, NULL) : NULL;
    if (all)
        mean(all, f, false);
}
