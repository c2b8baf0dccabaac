/*
 * To the recycle bin and back. A record goes with what belongs to it (record/children.h), all with one
 * stamp, so that restoring brings back what went with it and nothing that went before. Entities
 * without a recycle bin lose the row for good.
 */

#include <string.h>

#include "record/approval/approval.h"
#include "record/children.h"
#include "record/dedupe.h"
#include "record/history.h"
#include "record/hooks.h"
#include "record/merge/merge.h"
#include "record/notify.h"
#include "record/outbox.h"
#include "record/search.h"
#include "record/value.h"
#include "record/write_row.h"

typedef struct Removal {
    const Entity *e;
    int64_t id;
    const SaveOptions *o;
    Record r;
    int64_t foreign; /* what is in the way of a return, what it is and whose */
    const Entity *foreign_of;
    const char *foreign_owner;
    const char
        *part; /* what it is in the way of, where that comes back with the whole; else NULL */
} Removal;

static bool audit(Ctx *c, const Record *r, const char *action)
{
    if (!(r->e->gets & GETS_AUDIT))
        return true;
    AuditEntry a = {.action = action,
                    .entity = r->e->name,
                    .record = r->id,
                    .record_name = history_record_name(c, r->e, r->v)};
    return audit_add(c, &a);
}

static bool is_deleted(const Record *r)
{
    return r->e->standard && r->v[STD_DELETED_AT].kind != DB_NULL;
}

/* Marks the row, or takes the mark away; the version must still be the one that was read. */
static bool mark(Ctx *c, const Record *r, int64_t stamp)
{
    const Entity *e = r->e;
    const int fields[] = {STD_DELETED_AT, STD_DELETED_BY, STD_VERSION, STD_UPDATED_AT,
                          STD_UPDATED_BY};
    DbVal who = c->actor->user ? db_of_int(c->actor->user) : db_null();
    const DbVal values[] = {stamp ? db_of_int(stamp) : db_null(), stamp ? who : db_null(),
                            db_of_int(r->version + 1), db_of_int(c->now_ms), who};
    Sql q;
    write_row_set(c, e, fields, values, 5, &q);
    sql_add(&q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(r->id));
    sql_add(&q, SQL(" AND t0.\"version\" = "));
    sql_bind(&q, db_of_int(r->version));
    sql_add(&q, stamp ? SQL(" AND t0.\"deleted_at\" IS NULL")
                      : SQL(" AND t0.\"deleted_at\" IS NOT NULL"));
    if (!sql_exec(c, &q))
        return false;
    return db_changes(c) == 1 || ctx_fail(c, ERR_STALE, NULL, "err.stale");
}

/* A row that goes for good is taken out of the lists that name it: no record keeps a tag that is none. */
static bool erase_mentions(Ctx *c, const Record *r)
{
    const Model *m = r->e->model;
    for (int i = 0; i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++) {
            const Field *f = &m->entities[i].fields[k];
            if (f->type != FT_LINK_MANY || strcmp(f->to, r->e->name) != 0)
                continue;
            Sql q;
            sql_init(&q, c->a);
            sql_add(&q, SQL("DELETE FROM "));
            sql_name(&q, arena_printf(c->a, "rel_%s_%s", f->entity->name, f->name));
            sql_add(&q, SQL(" WHERE \"target\" = "));
            sql_bind(&q, db_of_int(r->id));
            if (!sql_exec(c, &q))
                return false;
        }
    return true;
}

static bool erase(Ctx *c, const Record *r)
{
    Sql q;
    for (int i = 0; i < r->e->n_fields; i++) {
        const Field *f = &r->e->fields[i];
        if (f->type != FT_LINK_MANY)
            continue;
        int64_t *old;
        int n;
        if (!write_row_read_many(c, r->e, f, r->id, &old, &n) ||
            !write_row_many(c, r->e, f, r->id, old, n, NULL, 0))
            return false;
    }
    if (!erase_mentions(c, r))
        return false;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, r->e->name);
    sql_add(&q, SQL(" WHERE \"id\" = "));
    sql_bind(&q, db_of_int(r->id));
    return sql_exec(c, &q);
}

/* No flow is asked: own code, or people have agreed already. */
static bool goes_free(const SaveOptions *o)
{
    return o->agreed || (o->trusted && !o->held);
}

/* Is it held, or anything that goes along? Asked before a row is marked: a condition may lead from a part to its whole. */
static bool none_held(Ctx *c, const Removal *x, bool back)
{
    ApprovalOp one = back ? APPROVE_RESTORE : APPROVE_DELETE,
               many = back ? APPROVE_BULK_RESTORE : APPROVE_BULK_DELETE;
    ApprovalAsk what = {.op = x->o->many ? many : one, .e = x->e, .id = x->id, .before = x->r.v};
    return goes_free(x->o) || approval_holds_whole(c, &what);
}

static bool delete_in_write(Ctx *c, void *arg)
{
    Removal *x = arg;
    const Entity *e = x->e;
    const RecordHooks *h = hooks_of(e);
    Record *r = &x->r;
    /* read again inside the transaction: what the children and hooks see is what goes */
    if (!rec_load(c, e, x->id, r) || is_deleted(r))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (x->o->if_version >= 0 && e->standard && r->version != x->o->if_version)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    if (!none_held(c, x, false))
        return false;
    if (h && h->before_delete && !h->before_delete(c, r))
        return false;
    bool bin = e->standard && (e->gets & GETS_TRASH);
    if (bin) {
        if (!mark(c, r, c->now_ms) || !children_delete(c, e, r->id, c->now_ms))
            return false;
    } else if (!erase(c, r)) {
        return false;
    }
    if ((e->gets & GETS_SEARCH) && !sql_search_remove(c, e->name, r->id))
        return false;
    return history_add(c, e, r->id, "delete", NULL) && audit(c, r, "delete") &&
           db_change(c, e->name, r->id) && outbox_event(c, e, r->id, "deleted");
}

bool rec_delete(Ctx *c, const Entity *e, int64_t id, const SaveOptions *o)
{
    SaveOptions none = {.if_version = -1};
    Removal x = {.e = e, .id = id, .o = o ? o : &none};
    if (!x.o->trusted) {
        if (!rec_get_for(c, e, id, ACT_DELETE, &x.r))
            return false;
        if (is_deleted(&x.r))
            return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
        if (e->readonly)
            return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
        if (x.o->if_version >= 0 && e->standard && x.r.version != x.o->if_version)
            return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    } else if (x.o->held && !rec_load(c, e, id, &x.r)) {
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    }
    return x.o->dry ? none_held(c, &x, false) : db_write(c, delete_in_write, &x);
}

/* While it lay in the bin somebody may have entered the same again: what blocks a new record blocks its return. part: its
   name, where it comes back with the whole. */
static bool still_unique(Ctx *c, Removal *x, const Record *r, const char *part)
{
    Duplicate *found;
    int n = 0;
    if (!dedupe_alone(c, r->e, r->v) || !rec_duplicates(c, r->e, r->v, r->id, CH_WEB, &found, &n))
        return false;
    for (int i = 0; i < n; i++) {
        if (found[i].action != DUP_BLOCK)
            continue;
        const char *label = found[i].label ? found[i].label : "";
        if (found[i].visible && part)
            return ctx_fail(c, ERR_DUPLICATE, NULL, "err.duplicate_part",
                            label_in(r->e->label, c->lang), part, label);
        if (found[i].visible)
            return ctx_fail(c, ERR_DUPLICATE, NULL, "err.duplicate", label);
        x->foreign = found[i].id;
        x->foreign_of = r->e;
        x->foreign_owner = found[i].owner ? found[i].owner : "";
        x->part = part;
        return ctx_fail(c, ERR_DUPLICATE, NULL, "err.duplicate_unnamed");
    }
    return true;
}

static bool see_part(Ctx *c, const Entity *child, const DbIds *ids, void *arg)
{
    for (size_t i = 0; child->n_dups && i < ids->n; i++) {
        Record r;
        if (!rec_load(c, child, ids->items[i], &r))
            return false;
        const char *name = notify_name(c, child, r.v);
        if (!still_unique(c, arg, &r, name ? name : ""))
            return false;
    }
    return true;
}

/* The same look at what would come back with it, before any of it does. */
static bool parts_unique(Ctx *c, Removal *x)
{
    const Model *m = x->e->model;
    unsigned char *way = ARENA_ARRAY(c->a, m->n, unsigned char);
    const DbIds one = {.items = &x->id, .n = 1};
    const ChildrenWalk w = {.back = true, .way = way, .see = see_part, .arg = x};
    for (int k = 0; k < m->n; k++)
        way[k] = m->entities[k].n_dups > 0;
    return !children_leads(x->e, way) || children_along(c, x->e, &one, &w);
}

static bool restore_in_write(Ctx *c, void *arg)
{
    Removal *x = arg;
    const Entity *e = x->e;
    const RecordHooks *h = hooks_of(e);
    Record *r = &x->r;
    x->foreign = 0;
    if (!rec_load(c, e, x->id, r))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!is_deleted(r))
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted");
    if (merge_is_gone(r)) /* what was its own is with the survivor: its undo brings it back */
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.merged_restore");
    if (x->o->if_version >= 0 && r->version != x->o->if_version)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    if (!children_whole_lives(c, r) || !none_held(c, x, true) || !still_unique(c, x, r, NULL) ||
        !parts_unique(c, x))
        return false;
    int64_t stamp = r->v[STD_DELETED_AT].i;
    if (!mark(c, r, 0) || !children_restore(c, e, r->id, stamp))
        return false;
    if (!search_put(c, e, r->id, r->v))
        return false;
    if (h && h->after_restore && !h->after_restore(c, r))
        return false;
    return history_add(c, e, r->id, "restore", NULL) && audit(c, r, "restore") &&
           db_change(c, e->name, r->id) && outbox_event(c, e, r->id, "restored");
}

bool rec_restore(Ctx *c, const Entity *e, int64_t id, const SaveOptions *o)
{
    SaveOptions none = {.if_version = -1};
    Removal x = {.e = e, .id = id, .o = o ? o : &none};
    if (!(e->gets & GETS_TRASH) || !e->standard)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!x.o->trusted && !rec_get_for(c, e, id, ACT_DELETE, &x.r))
        return false;
    if (x.o->trusted && !rec_load(c, e, id, &x.r))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!is_deleted(&x.r))
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted");
    int before = c->n_err;
    if (db_write(c, restore_in_write, &x))
        return true;
    if (!x.foreign || db_in_write(c))
        return false;
    ctx_errors_back_to(c,
                       before); /* whose it is counts like a hint, outside what was rolled back */
    if (!rec_count_foreign(c, x.foreign_of, x.foreign))
        return false;
    return x.part ? ctx_fail(c, ERR_DUPLICATE, NULL, "err.duplicate_part_foreign",
                             label_in(x.foreign_of->label, c->lang), x.part, x.foreign_owner)
                  : ctx_fail(c, ERR_DUPLICATE, NULL, "err.duplicate_foreign", x.foreign_owner);
}
