/*
 * Own code at the rows of other records: rollups, look-ups, rows without a life of their own. No
 * permission is asked here; hooks call it for what the program keeps up by itself. See hooks.h.
 */
#include "base/embed.h"
#include "base/id.h"
#include "base/json_read.h"
#include "meta/types.h"
#include "record/hooks.h"
#include "record/rule/rule.h"
#include "record/value.h"
#include "record/write_row.h"

bool rec_touch(Ctx *c, const Entity *e, int64_t id, const int *fields, const DbVal *values, int n)
{
    return rec_roll(c, e, id, fields, values, n, NULL, 0);
}

bool rec_roll(Ctx *c, const Entity *e, int64_t id, const int *fields, const DbVal *values, int n,
              const RecBump *bumps, int n_bumps)
{
    Sql q;
    Record before;
    if (!n && !n_bumps)
        return true;
    bool watched = rules_watch(c, e, id, fields, n, bumps, n_bumps, &before);
    write_row_set(c, e, fields, values, n, &q);
    for (int i = 0; i < n_bumps; i++) {
        const char *column = e->fields[bumps[i].field].column;
        sql_add(&q, n || i ? SQL(", ") : SQL(""));
        sql_name(&q, column);
        sql_add(&q, SQL(" = COALESCE("));
        sql_col(&q, "t0", column);
        sql_add(&q, SQL(", 0) + "));
        sql_bind(&q, db_of_int(bumps[i].by));
    }
    sql_add(&q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(id));
    return sql_exec(c, &q) && db_change(c, e->name, id) &&
           (!watched || rules_touched(c, e, &before));
}

static void add_filter(Ctx *c, Sql *q, const Entity *e, const Filter *f)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 WHERE "));
    if (e->standard)
        sql_add(q, SQL("t0.\"deleted_at\" IS NULL AND "));
    filter_sql(c, q, e, "t0", f);
}

bool rec_find_one(Ctx *c, const Entity *e, const Filter *f, const char *sort, Record *out,
                  bool *found)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    add_filter(c, &q, e, f);
    sql_add(&q, SQL(" ORDER BY "));
    if (sort) {
        bool down = *sort == '-';
        const Field *by = entity_field(e, sort + down);
        if (by && by->column) {
            sql_col(&q, "t0", by->column);
            sql_add(&q, down ? SQL(" DESC NULLS LAST, ") : SQL(" NULLS LAST, "));
        }
    }
    sql_add(&q, SQL("t0.\"id\" LIMIT 1"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    *found = db_step(r);
    if (*found) {
        *out = (Record){.e = e, .v = ARENA_ARRAY(c->a, e->n_fields, DbVal)};
        value_read_row(c->a, e, r, 0, out->v);
        out->id = out->v[STD_ID].i;
        out->version = e->standard ? out->v[STD_VERSION].i : 0;
    }
    db_done(r);
    return c->n_err == 0;
}

bool rec_count(Ctx *c, const Entity *e, const Filter *f, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT COUNT(*)"));
    add_filter(c, &q, e, f);
    return db_one_int(c, sql_text(&q), q.params, q.n, out, NULL);
}

Filter *rec_is(Ctx *c, const Entity *e, int field, DbVal v)
{
    DbVal *p = ARENA_NEW(c->a, DbVal);
    *p = v;
    return filter_leaf(c->a, &e->fields[field], OP_EQ, p, 1);
}

bool rec_insert_bare(Ctx *c, const Entity *e, DbVal *values)
{
    Sql q;
    if (values[STD_ID].kind == DB_NULL)
        values[STD_ID] = db_of_int(id_new());
    write_row_insert(c, e, values, &q);
    return sql_send(c, &q);
}

bool rec_erase(Ctx *c, const Entity *e, const Filter *f)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE \"id\" IN (SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    filter_sql(c, &q, e, "t0", f);
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

/* ---- what a new house begins with ---------------------------------------------------------------- */

static bool ever_had(Ctx *c, const char *entity, bool *any)
{
    int64_t one;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT 1 FROM "));
    sql_name(&q, entity);
    sql_add(&q, SQL(" LIMIT 1"));
    return db_one_int(c, sql_text(&q), q.params, q.n, &one, any);
}

static bool seed_all(Ctx *c, json_object *o, const RecSeed *parts)
{
    const SaveOptions how = {.if_version = -1, .origin = "system", .trusted = true};
    for (const RecSeed *p = parts; p->entity; p++) {
        json_object *list = p->list ? json_member(o, p->list) : o;
        for (size_t i = 0; i < json_length(list); i++) {
            int64_t id;
            if (!rec_create(c, model_entity(c->model, p->entity),
                            json_object_array_get_idx(list, i), &how, &id))
                return false;
        }
    }
    return true;
}

bool rec_seed(Ctx *c, const char *file, const RecSeed *parts)
{
    const Embed *in = embed_find(file);
    json_object *o;
    bool any = false, theirs = false;
    if (!ever_had(c, parts->entity, &any) || any)
        return c->n_err == 0;
    if (!in)
        return ctx_fail_detail(c, ERR_INTERNAL, "a file of first rows is not built in",
                               "err.internal");
    if (!json_read_relaxed(c, (const char *)in->data, in->len, &o))
        return false;
    int mark = c->n_err;
    bool ok = seed_all(c, o, parts);
    if (!ok && ever_had(c, parts->entity, &theirs) && theirs) { /* another process was first */
        ctx_errors_back_to(c, mark);
        return true;
    }
    return ok;
}
