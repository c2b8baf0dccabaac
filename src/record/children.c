/* What belongs to a record. See children.h. */
#include "record/children.h"

#include <string.h>

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

void children_of(Sql *q, const char *alias, const Entity *child, const Field *link, const Entity *e)
{
    if (link->to)
        return;
    sql_add(q, SQL(" AND "));
    sql_col(q, alias, entity_field(child, link->to_field)->column);
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_text(e->name));
}

void children_where(Sql *q, const Entity *child, const Field *link, const Entity *e, int64_t id)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, child->name);
    sql_add(q, SQL(" WHERE "));
    sql_name(q, link->column);
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_int(id));
    children_of(q, NULL, child, link, e);
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
static bool none_held(Ctx *c, const Entity *child, const DbIds *ids)
{
    if (ids->n == 0 || !approval_any(c, child))
        return true;
    for (size_t i = 0; i < ids->n; i++) {
        Record r;
        if (!rec_load(c, child, ids->items[i], &r))
            return false;
        ApprovalAsk what = {.op = APPROVE_DELETE, .e = child, .id = ids->items[i], .before = r.v};
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
        DbIds ids = {0};
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        children_where(&q, child, link, e, id);
        sql_add(&q, SQL(" AND \"deleted_at\" IS NULL ORDER BY \"id\""));
        if (!db_ids(c, sql_query(c, &q), &ids) || (!free && !none_held(c, child, &ids)) ||
            !set_deleted(c, child, ids.items, (int)ids.n, stamp))
            return false;
        for (size_t i = 0; i < ids.n; i++) {
            if ((child->gets & GETS_SEARCH) && !sql_search_remove(c, child->name, ids.items[i]))
                return false;
            if (!note(c, child, ids.items[i], "delete", NULL) ||
                !children_delete(c, child, ids.items[i], stamp, free))
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
        DbIds ids = {0};
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        children_where(&q, child, link, e, id);
        sql_add(&q, SQL(" AND \"deleted_at\" = "));
        sql_bind(&q, db_of_int(stamp));
        sql_add(&q, SQL(" ORDER BY \"id\""));
        if (!db_ids(c, sql_query(c, &q), &ids) || !set_deleted(c, child, ids.items, (int)ids.n, 0))
            return false;
        for (size_t i = 0; i < ids.n; i++) {
            Record r;
            if ((child->gets & GETS_SEARCH) &&
                (!rec_load(c, child, ids.items[i], &r) ||
                 !sql_search_put(c, child->name, ids.items[i], search_tokens(c->a, child, r.v),
                                 false)))
                return false;
            if (!note(c, child, ids.items[i], "restore", NULL) ||
                !children_restore(c, child, ids.items[i], stamp))
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
        DbIds ids = {0};
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT \"id\""));
        children_where(&q, child, link, e, id);
        if (former->kind == DB_NULL) {
            sql_add(&q, SQL(" AND \"owner_id\" IS NULL"));
        } else {
            sql_add(&q, SQL(" AND \"owner_id\" = "));
            sql_bind(&q, *former);
        }
        sql_add(&q, SQL(" ORDER BY \"id\""));
        if (!db_ids(c, sql_query(c, &q), &ids))
            return false;
        int n = (int)ids.n;
        for (int at = 0; at < n; at += BLOCK) {
            sql_init(&q, c->a);
            sql_add(&q, SQL("UPDATE "));
            sql_name(&q, child->name);
            sql_add(&q, SQL(" SET \"owner_id\" = "));
            sql_bind(&q, *owner);
            sql_add(&q, SQL(", \"owner_department_id\" = "));
            sql_bind(&q, *department);
            if (!finish_update(c, &q, ids.items + at, n - at < BLOCK ? n - at : BLOCK))
                return false;
        }
        const char *changes = history_one(c, &child->fields[STD_OWNER], former, owner);
        for (int i = 0; i < n; i++)
            if (!note(c, child, ids.items[i], action, changes) ||
                !children_follow(c, child, ids.items[i], former, owner, department, action))
                return false;
    }
    return true;
}
