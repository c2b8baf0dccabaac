/* What belongs to a record. See children.h. */
#include "record/children.h"

#include <string.h>

#include "record/history.h"
#include "record/leads.h"
#include "record/search.h"
#include "record/value.h"

enum { BLOCK = 500, DEPTH_MOST = 64 };

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

const Entity *children_whole(const Entity *e, const DbVal *v, int64_t *id)
{
    const Field *f = e->parent ? entity_field(e, e->parent) : NULL;
    if (!f || f->type != FT_LINK || v[f->index].kind != DB_INT)
        return NULL;
    *id = v[f->index].i;
    if (f->to)
        return model_entity(e->model, f->to);
    const Field *by = f->to_field ? entity_field(e, f->to_field) : NULL;
    return by && v[by->index].kind == DB_TEXT ? model_entity(e->model, v[by->index].s) : NULL;
}

bool children_whole_lives(Ctx *c, const Record *r)
{
    int64_t id;
    const Entity *to = children_whole(r->e, r->v, &id);
    Record whole;
    if (!to || !to->standard)
        return true;
    if (!rec_load(c, to, id, &whole) || whole.v[STD_DELETED_AT].kind != DB_NULL)
        return c->n_err == 0 && ctx_fail(c, ERR_CONFLICT, r->e->parent, "err.restore_parent",
                                         label_in(to->label, c->lang));
    return true;
}

/* One statement for all children of one entity, however many wholes there are. */
static bool find_along(Ctx *c, const Entity *child, const Field *link, const Entity *e,
                       const DbIds *wholes, bool back, DbIds *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, child->name);
    sql_add(&q, SQL(" AS t0 WHERE t0."));
    sql_name(&q, link->column);
    sql_among(c, &q, wholes->items, (int)wholes->n);
    children_of(&q, "t0", child, link, e);
    if (back) {
        sql_add(&q, SQL(" AND t0.\"deleted_at\" = (SELECT t1.\"deleted_at\" FROM "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" AS t1 WHERE t1.\"id\" = t0."));
        sql_name(&q, link->column);
        sql_add(&q, SQL(")"));
    } else {
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    }
    sql_add(&q, SQL(" ORDER BY t0.\"id\""));
    return db_ids(c, sql_query(c, &q), out);
}

static bool see_along(Ctx *c, const ChildrenWalk *w, const Entity *e, const DbIds *wholes,
                      int depth)
{
    const Model *m = e->model;
    for (int k = 0; k < m->n; k++) {
        const Entity *child = &m->entities[k];
        const Field *link = w->way[k] ? children_link(child, e) : NULL;
        DbIds ids = {0};
        if (!link)
            continue;
        if (!find_along(c, child, link, e, wholes, w->back, &ids))
            return false;
        if (ids.n == 0)
            continue;
        if (depth ==
            DEPTH_MOST) /* a circle, or as good as one: what cannot be seen to its end is not let go */
            return ctx_fail(c, ERR_CONFLICT, NULL, "err.children_deep", ctx_num(c, DEPTH_MOST));
        if (!w->see(c, child, &ids, w->arg) || !see_along(c, w, child, &ids, depth + 1))
            return false;
    }
    return true;
}

bool children_leads(const Entity *e, unsigned char *way)
{
    const Model *m = e->model;
    bool more = true, any = false;
    while (more) {
        more = false;
        for (int k = 0; k < m->n; k++)
            for (int i = 0; way[k] && m->entities[k].parent && i < m->n; i++)
                if (!way[i] && children_link(&m->entities[k], &m->entities[i]))
                    way[i] = more = true;
    }
    for (int k = 0; k < m->n && !any; k++)
        any = way[k] && children_link(&m->entities[k], e);
    return any;
}

bool children_along(Ctx *c, const Entity *e, const DbIds *wholes, const ChildrenWalk *w)
{
    return wholes->n == 0 || see_along(c, w, e, wholes, 1);
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

bool children_delete(Ctx *c, const Entity *e, int64_t id, int64_t stamp)
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
        if (!db_ids(c, sql_query(c, &q), &ids) ||
            !set_deleted(c, child, ids.items, (int)ids.n, stamp))
            return false;
        for (size_t i = 0; i < ids.n; i++) {
            if ((child->gets & GETS_SEARCH) && !sql_search_remove(c, child->name, ids.items[i]))
                return false;
            if (!note(c, child, ids.items[i], "delete", NULL) ||
                !children_delete(c, child, ids.items[i], stamp))
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
                (!rec_load(c, child, ids.items[i], &r) || !search_put(c, child, ids.items[i], r.v)))
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
        const Field *by = link->to_field ? entity_field(child, link->to_field) : NULL;
        sql_add(&q, SQL("SELECT \"id\" FROM "));
        sql_name(&q, child->name);
        sql_add(&q, SQL(" WHERE "));
        leads_to(&q, NULL, &(Lead){child, link->column, by ? by->column : NULL, e->name}, &id, 1,
                 false);
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
