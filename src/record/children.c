/* What belongs to a record. See children.h. */
#include "record/children.h"

#include <string.h>

#include "db/sql.h"
#include "record/approval/approval.h"
#include "record/history.h"
#include "record/search.h"
#include "record/value.h"

enum { BLOCK = 500 };

const Field *children_link(const Entity *child, const Entity *e)
{
    if (!child->parent || !child->standard)
        return NULL;
    const Field *f = entity_field(child, child->parent);
    if (!f || f->type != FT_LINK || !f->column)
        return NULL;
    if (f->to)
        return strcmp(f->to, e->name) == 0 ? f : NULL;
    const Field *by = f->to_field ? entity_field(child, f->to_field) : NULL;
    return by && field_option(by, e->name) ? f : NULL;
}

/* FROM child WHERE link = id (of this entity). */
static void add_where(Sql *q, const Entity *child, const Field *link, const Entity *e, int64_t id)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, child->name);
    sql_add(q, SQL(" WHERE "));
    sql_name(q, link->column);
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_int(id));
    if (!link->to) {
        sql_add(q, SQL(" AND "));
        sql_name(q, entity_field(child, link->to_field)->column);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(e->name));
    }
}

static bool read_ids(Ctx *c, const Sql *q, int64_t **out, int *out_n)
{
    DbRows *r = sql_query(c, q);
    if (!r)
        return false;
    int n = 0, cap = 16;
    int64_t *ids = ARENA_ARRAY(c->a, cap, int64_t);
    while (db_step(r)) {
        if (n == cap) {
            int64_t *grown = ARENA_ARRAY(c->a, cap * 2, int64_t);
            memcpy(grown, ids, (size_t)n * sizeof *ids);
            ids = grown;
            cap *= 2;
        }
        ids[n++] = db_int(r, 0);
    }
    db_done(r);
    *out = ids;
    *out_n = n;
    return c->n_err == 0;
}

/* UPDATE child SET …, version, updated_at, updated_by; the caller has written the first columns. */
static bool finish_update(Ctx *c, Sql *q, const int64_t *ids, int n)
{
    sql_add(q, SQL(", \"version\" = \"version\" + 1, \"updated_at\" = "));
    sql_bind(q, db_of_int(c->now_ms));
    sql_add(q, SQL(", \"updated_by_id\" = "));
    sql_bind(q, c->actor->user ? db_of_int(c->actor->user) : db_null());
    sql_add(q, SQL(" WHERE \"id\" IN "));
    sql_bind_ids(q, ids, n);
    return sql_exec(c, q);
}

static bool set_deleted(Ctx *c, const Entity *child, const int64_t *ids, int n, int64_t stamp)
{
    for (int at = 0; at < n; at += BLOCK) {
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("UPDATE "));
        sql_name(&q, child->name);
        sql_add(&q, SQL(" SET \"deleted_at\" = "));
        sql_bind(&q, stamp ? db_of_int(stamp) : db_null());
        sql_add(&q, SQL(", \"deleted_by_id\" = "));
        sql_bind(&q, stamp && c->actor->user ? db_of_int(c->actor->user) : db_null());
        if (!finish_update(c, &q, ids + at, n - at < BLOCK ? n - at : BLOCK))
            return false;
    }
    return true;
}

static bool note(Ctx *c, const Entity *child, int64_t id, const char *action, const char *changes)
{
    return history_add(c, child, id, action, changes) && db_change(c, child->name, id);
}

/* What people have to agree to does not go with its parent either. */
static bool none_held(Ctx *c, const Entity *child, const int64_t *ids, int n)
{
    if (n == 0 || !approval_any(c, child))
        return true;
    for (int i = 0; i < n; i++) {
        Record r;
        if (!rec_load(c, child, ids[i], &r))
            return false;
        ApprovalAsk what = {.op = APPROVE_DELETE, .e = child, .id = ids[i], .before = r.v};
        if (!approval_holds(c, &what))
            return false;
    }
    return true;
}

bool children_delete(Ctx *c, const Entity *e, int64_t id, int64_t stamp, bool free)
{
    for (int k = 0; k < e->model->n; k++) {
        const Entity *child = &e->model->entities[k];
        const Field *link = children_link(child, e);
        if (!link)
            continue;
        Sql q;
        int64_t *ids;
        int n;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        add_where(&q, child, link, e, id);
        sql_add(&q, SQL(" AND \"deleted_at\" IS NULL ORDER BY \"id\""));
        if (!read_ids(c, &q, &ids, &n) || (!free && !none_held(c, child, ids, n)) ||
            !set_deleted(c, child, ids, n, stamp))
            return false;
        for (int i = 0; i < n; i++) {
            if ((child->gets & GETS_SEARCH) && !sql_search_remove(c, child->name, ids[i]))
                return false;
            if (!note(c, child, ids[i], "delete", NULL) ||
                !children_delete(c, child, ids[i], stamp, free))
                return false;
        }
    }
    return true;
}

bool children_restore(Ctx *c, const Entity *e, int64_t id, int64_t stamp)
{
    for (int k = 0; k < e->model->n; k++) {
        const Entity *child = &e->model->entities[k];
        const Field *link = children_link(child, e);
        if (!link)
            continue;
        Sql q;
        int64_t *ids;
        int n;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        add_where(&q, child, link, e, id);
        sql_add(&q, SQL(" AND \"deleted_at\" = "));
        sql_bind(&q, db_of_int(stamp));
        sql_add(&q, SQL(" ORDER BY \"id\""));
        if (!read_ids(c, &q, &ids, &n) || !set_deleted(c, child, ids, n, 0))
            return false;
        for (int i = 0; i < n; i++) {
            Record r;
            if ((child->gets & GETS_SEARCH) &&
                (!rec_load(c, child, ids[i], &r) ||
                 !sql_search_put(c, child->name, ids[i], search_tokens(c->a, child, r.v), false)))
                return false;
            if (!note(c, child, ids[i], "restore", NULL) ||
                !children_restore(c, child, ids[i], stamp))
                return false;
        }
    }
    return true;
}

bool children_follow(Ctx *c, const Entity *e, int64_t id, const DbVal *former, const DbVal *owner,
                     const DbVal *department, const char *action)
{
    if (value_same(former, owner))
        return true;
    for (int k = 0; k < e->model->n; k++) {
        const Entity *child = &e->model->entities[k];
        const Field *link = children_link(child, e);
        if (!link)
            continue;
        Sql q;
        int64_t *ids;
        int n;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        add_where(&q, child, link, e, id);
        if (former->kind == DB_NULL) {
            sql_add(&q, SQL(" AND \"owner_id\" IS NULL"));
        } else {
            sql_add(&q, SQL(" AND \"owner_id\" = "));
            sql_bind(&q, *former);
        }
        sql_add(&q, SQL(" ORDER BY \"id\""));
        if (!read_ids(c, &q, &ids, &n))
            return false;
        for (int at = 0; at < n; at += BLOCK) {
            sql_init(&q, c->a);
            sql_add(&q, SQL("UPDATE "));
            sql_name(&q, child->name);
            sql_add(&q, SQL(" SET \"owner_id\" = "));
            sql_bind(&q, *owner);
            sql_add(&q, SQL(", \"owner_department_id\" = "));
            sql_bind(&q, *department);
            if (!finish_update(c, &q, ids + at, n - at < BLOCK ? n - at : BLOCK))
                return false;
        }
        const char *changes = history_one(c, &child->fields[STD_OWNER], former, owner);
        for (int i = 0; i < n; i++)
            if (!note(c, child, ids[i], action, changes) ||
                !children_follow(c, child, ids[i], former, owner, department, action))
                return false;
    }
    return true;
}
