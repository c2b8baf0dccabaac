/* One record: what the caller may see of it. See record.h. */
#include "db/sql.h"
#include "record/record.h"
#include "record/rows.h"
#include "record/value.h"

#include <stdlib.h>

/* " AS t0 WHERE" this id, not deleted unless wished, within scope (NULL: anywhere). A scope without any row is asked all
   the same, so that absent and foreign cost the same. */
static void where(Ctx *c, Sql *q, const Entity *e, int64_t id, const Filter *scope,
                  bool with_deleted)
{
    sql_add(q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(q, db_of_int(id));
    if (e->standard && !with_deleted)
        sql_add(q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (!scope || scope->kind == FILTER_TRUE)
        return;
    sql_add(q, SQL(" AND "));
    filter_sql_each(c, q, e, "t0", scope->kind == FILTER_FALSE ? filter_ids(c->a, NULL, 0) : scope);
}

static bool load_in(Ctx *c, const Entity *e, int64_t id, const Filter *scope, bool with_deleted,
                    Record *out, bool *found)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    where(c, &q, e, id, scope, with_deleted);
    *found = false;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    int before = c->n_err;
    if (db_step(r)) {
        *found = true;
        *out = (Record){.e = e, .id = id, .v = ARENA_ARRAY(c->a, e->n_fields, DbVal)};
        value_read_row(c->a, e, r, 0, out->v);
        out->version = e->standard ? out->v[STD_VERSION].i : 0;
    }
    db_done(r);
    return c->n_err == before;
}

bool rec_load(Ctx *c, const Entity *e, int64_t id, Record *out)
{
    bool found;
    return load_in(c, e, id, NULL, true, out, &found) && found;
}

bool rec_within(Ctx *c, const Entity *e, int64_t id, const Filter *f)
{
    if (f->kind == FILTER_TRUE || f->kind == FILTER_FALSE)
        return f->kind == FILTER_TRUE;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    where(c, &q, e, id, f, true);
    int64_t got;
    bool found = false;
    return db_one_int(c, sql_text(&q), q.params, q.n, &got, &found) && found;
}

bool rec_get(Ctx *c, const Entity *e, int64_t id, bool with_deleted, Record *out)
{
    if (!access_need(c, e, ACT_READ))
        return false;
    Filter *scope = access_scope(c, e, ACT_READ);
    bool found;
    if (!load_in(c, e, id, scope, with_deleted, out, &found))
        return false;
    if (found && with_deleted && e->standard && out->v[STD_DELETED_AT].kind != DB_NULL) {
        scope = filter_and(c->a, scope, access_scope(c, e, ACT_DELETE));
        if (!access_may(c, e, ACT_DELETE) || !load_in(c, e, id, scope, true, out, &found))
            found = false;
    }
    return found || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}

bool rec_get_for(Ctx *c, const Entity *e, int64_t id, Action act, Record *out)
{
    if (!access_need(c, e, act) || !rec_get(c, e, id, act == ACT_DELETE || act == ACT_ERASE, out))
        return false;
    Filter *scope = access_scope(c, e, act);
    if (scope->kind == FILTER_TRUE)
        return true;
    bool found;
    if (!load_in(c, e, id, scope, true, out, &found))
        return false;
    return found || ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden_record");
}

static bool read_json(Ctx *c, const Entity *e, int64_t id, bool with_deleted, Buf *out,
                      int64_t *out_version)
{
    RowSet s;
    if (!rows_choose(c, e, NULL, true, &s))
        return false;
    s.one = true;
    Filter *scope = access_scope(c, e, ACT_READ);
    Sql q;
    sql_init(&q, c->a);
    rows_select(c, &s, &q, NULL, NULL);
    where(c, &q, e, id, scope, with_deleted);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    bool found = db_step(r);
    if (found)
        rows_add(c, &s, r);
    db_done(r);
    if (c->n_err)
        return false;
    if (!found || (with_deleted && e->standard && s.rows[0].rec.v[STD_DELETED_AT].kind != DB_NULL &&
                   !s.rows[0].can_delete))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!rows_finish(c, &s))
        return false;
    Jw w;
    jw_init(&w, out);
    rows_write(c, &s, &s.rows[0], &w);
    if (out_version)
        *out_version = s.rows[0].rec.version;
    return true;
}

bool rec_json(Ctx *c, const Entity *e, int64_t id, bool with_deleted, Buf *out,
              int64_t *out_version)
{
    if (!access_need(c, e, ACT_READ))
        return false;
    bool begun = db_read_begin(c);
    bool ok = read_json(c, e, id, with_deleted, out, out_version);
    db_read_end(c, begun);
    return ok;
}
