/* One statement of a reader over rows that changed. See told.h. */
#include "record/told.h"

#include <string.h>

#include "record/hooks.h"

static bool reads(Ctx *c, const Entity *e, int field)
{
    bool masked = false;
    return e->standard && access_field(c, &e->fields[field], &masked) != FR_NONE;
}

void rec_told_ids(Sql *q, const ToldAsk *ask)
{
    if (ask->ids) {
        sql_bind_ids(q, ask->ids, ask->n);
        return;
    }
    sql_add(q, SQL("(SELECT ref FROM change_log WHERE topic = "));
    sql_bind(q, db_of_text(ask->e->name));
    sql_add(q, SQL(" AND id >= "));
    sql_bind(q, db_of_int(ask->from));
    sql_add(q, SQL(" AND id <= "));
    sql_bind(q, db_of_int(ask->to));
    sql_add(q, SQL(")"));
}

static void add_which(Ctx *c, Sql *q, const ToldAsk *ask)
{
    sql_add(q, SQL(" WHERE t0.\"id\" IN "));
    rec_told_ids(q, ask);
    if (ask->under) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", ask->under->column);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_int(ask->parent));
    }
    sql_add(q, SQL(" AND "));
    filter_sql_each(c, q, ask->e, "t0", access_scope(c, ask->e, ACT_READ));
    sql_add(q, SQL(" ORDER BY t0.\"id\" LIMIT "));
    sql_number(q, ask->limit);
}

bool rec_told(Ctx *c, const ToldAsk *ask, Told **out, int *n)
{
    const Entity *e = ask->e;
    Sql q;
    *n = 0;
    *out = ARENA_ARRAY(c->a, ask->limit, Told);
    if ((ask->ids && !ask->n) || !access_may(c, e, ACT_READ))
        return true;
    sql_init(&q, c->a);
    sql_add(&q, e->standard ? SQL("SELECT t0.\"id\", t0.\"version\", t0.\"updated_by_id\", "
                                  "t0.\"deleted_at\" FROM ")
                            : SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    add_which(c, &q, ask);
    int mark = c->n_err;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    bool version = reads(c, e, STD_VERSION), by = reads(c, e, STD_UPDATED_BY);
    while (*n < ask->limit && db_step(r)) {
        Told *t = &(*out)[(*n)++];
        t->id = db_int(r, 0);
        if (!e->standard)
            continue;
        t->version = version ? db_int(r, 1) : 0;
        t->by = by ? db_int(r, 2) : 0;
        t->gone = !db_is_null(r, 3);
    }
    db_done(r);
    return c->n_err == mark;
}

const Field *rec_told_link(const Entity *child, const Entity *to)
{
    const Field *f = child->parent ? entity_field(child, child->parent) : NULL;
    if (f && f->column && f->to && strcmp(f->to, to->name) == 0)
        return f;
    size_t n = strlen(child->name);
    for (const char *const *t = to->timeline; t && *t; t++) {
        if (strncmp(*t, child->name, n) != 0 || (*t)[n] != '.')
            continue;
        f = entity_field(child, *t + n + 1);
        if (f && f->column)
            return f;
    }
    return NULL;
}
