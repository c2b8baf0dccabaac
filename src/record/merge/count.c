/* What a merge would move, of what the caller reads, and who is told of what it moved. See impl.h. */
#include <string.h>

#include "record/history.h"
#include "record/merge/impl.h"

/* ---- told ------------------------------------------------------------------------------------ */

bool merge_tell_rows(Ctx *c, const Merge *m, const Entity *x)
{
    DbIds ids = {0};
    VEC(const char *) texts = {0};
    Sql q;
    if (!(x->gets & GETS_HISTORY))
        return true;
    sql_init(&q, c->a);
    sql_add(&q,
            SQL("SELECT mr.\"record_id\", mr.\"field\", mr.\"was\" FROM \"merge_row\" AS mr WHERE "
                "mr.\"merge_id\" = "));
    sql_number(&q, m->id);
    sql_add(&q, SQL(" AND mr.\"kind\" = 'link' AND mr.\"entity\" = "));
    sql_bind(&q, db_of_text(x->name));
    sql_add(&q, SQL(" ORDER BY mr.\"record_id\", mr.\"field\""));
    int mark = c->n_err;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *column = db_text(r, 1);
        const Field *f = NULL;
        for (int i = 0; i < x->n_fields && !f; i++)
            if (x->fields[i].column && strcmp(x->fields[i].column, column) == 0)
                f = &x->fields[i];
        DbVal was = db_of_int(db_int(r, 2)), is = db_of_int(m->survivor);
        char *one = f ? history_one(c, f, &was, &is) : NULL;
        if (one && ids.n && ids.items[ids.n - 1] == db_int(r, 0)) {
            const char *had = texts.items[texts.n - 1];
            texts.items[texts.n - 1] =
                arena_printf(c->a, "%.*s,%s", (int)strlen(had) - 1, had, one + 1);
        } else if (one) {
            vec_push(c->a, &ids, db_int(r, 0));
            vec_push(c->a, &texts, one);
        }
    }
    db_done(r);
    return c->n_err == mark && history_add_many(c, x, ids.items, texts.items, (int)ids.n, "merge");
}

bool merge_tell(Ctx *c, int64_t merge)
{
    VEC(const char *) topics = {0};
    DbVal p[] = {db_of_int(merge)};
    int mark = c->n_err;
    DbRows *r = db_query(
        c, SQL("SELECT DISTINCT \"entity\" FROM \"merge_row\" WHERE \"merge_id\" = $1 ORDER BY 1"),
        p, 1);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &topics, arena_str(c->a, db_text(r, 0)));
    db_done(r);
    for (size_t i = 0; c->n_err == mark && i < topics.n; i++)
        if (!db_change(c, topics.items[i], 0))
            return false;
    return c->n_err == mark && db_change(c, "merge", merge);
}

/* ---- what would move ------------------------------------------------------------------------- */

/* "SELECT id FROM …" of the rows of x that lead to a merged one, all links of it; false where there is none. */
static bool leading(Ctx *c, Sql *q, const Merge *m, const Entity *x)
{
    bool any = false;
    for (int i = 0; i < x->n_fields; i++) {
        const Field *f = &x->fields[i];
        MergeLead l;
        if (f->retired || !merge_leads(f, m->e, &l))
            continue;
        sql_add(q, any ? SQL(" UNION SELECT t0.\"id\"") : SQL("SELECT t0.\"id\""));
        any = true;
        if (f->type != FT_LINK_MANY) {
            merge_of(q, m, &l, true);
            continue;
        }
        sql_add(q, SQL(" FROM "));
        sql_name(q, arena_printf(c->a, "rel_%s_%s", x->name, f->name));
        sql_add(q, SQL(" AS t0 WHERE t0.\"target\""));
        merge_in(q, m);
    }
    return any;
}

static bool count_files(Ctx *c, const Merge *m, int64_t *n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT COUNT(*) FROM \"attachment\" WHERE \"deleted_at\" IS NULL AND "
                    "\"parent_type\" = "));
    sql_bind(&q, db_of_text(m->e->name));
    sql_add(&q, SQL(" AND \"parent_id\""));
    merge_in(&q, m);
    return db_one_int(c, sql_text(&q), q.params, q.n, n, NULL);
}

bool merge_count(Ctx *c, const Merge *m, const char **out)
{
    const Model *model = m->e->model;
    int64_t n = 0;
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    for (int i = 0; i < model->n; i++) {
        const Entity *x = &model->entities[i];
        Sql rows, q;
        sql_init(&q, c->a);
        sql_init(&rows, c->a);
        if (!x->standard || !x->routes || !access_may(c, x, ACT_READ) || !leading(c, &rows, m, x))
            continue;
        sql_add(&q, SQL("SELECT COUNT(*) FROM "));
        sql_name(&q, x->name);
        sql_add(&q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND t0.\"id\" IN ("));
        (void)leading(c, &q, m, x);
        sql_add(&q, SQL(") AND "));
        filter_sql_each(c, &q, x, "t0", access_scope(c, x, ACT_READ));
        if (!db_one_int(c, sql_text(&q), q.params, q.n, &n, NULL))
            return false;
        if (n)
            jw_kint(&w, x->name, n);
    }
    if (!count_files(c, m, &n))
        return false;
    if (n)
        jw_kint(&w, "attachment", n);
    jw_end(&w);
    *out = b.data;
    return c->n_err == 0;
}
