/* Which operations are held. The enabled flows are kept per process. See approval.h. */
#include <string.h>

#include "base/vec.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/children.h"
#include "record/former.h"
#include "record/kept.h"

typedef struct Flows {
    ApprovalFlow *items;
    int n;
} Flows;

static Kept kept = KEPT_NOTHING; /* Flows */

/* by ApprovalOp */
static const char *const ops[] = {"edit",          "delete",  "bulk_delete",  "transfer",
                                  "bulk_transfer", "restore", "bulk_restore", "merge"};

bool approval_op(const char *name, ApprovalOp *out)
{
    for (int i = 0; name && i < (int)(sizeof ops / sizeof *ops); i++)
        if (strcmp(name, ops[i]) == 0) {
            *out = (ApprovalOp)i;
            return true;
        }
    return false;
}

bool approval_op_many(ApprovalOp op)
{
    return op == APPROVE_BULK_DELETE || op == APPROVE_BULK_TRANSFER || op == APPROVE_BULK_RESTORE;
}

bool approval_op_transfers(ApprovalOp op)
{
    return op == APPROVE_TRANSFER || op == APPROVE_BULK_TRANSFER;
}

bool approval_op_restores(ApprovalOp op)
{
    return op == APPROVE_RESTORE || op == APPROVE_BULK_RESTORE;
}

static bool covers(const ApprovalFlow *f, ApprovalOp op)
{
    switch (op) {
    case APPROVE_EDIT: return f->on_edit;
    case APPROVE_DELETE: return f->on_delete;
    case APPROVE_BULK_DELETE: return f->on_delete || f->on_bulk_delete;
    case APPROVE_TRANSFER:
    case APPROVE_BULK_TRANSFER: return f->on_transfer;
    case APPROVE_RESTORE:
    case APPROVE_BULK_RESTORE: return f->on_restore;
    case APPROVE_MERGE: return f->on_merge;
    }
    return false;
}

bool approval_load(Ctx *c)
{
    KeptSet *set = kept_begin(&kept);
    Arena *a = set->a;
    VEC(ApprovalFlow) all = {0};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"entity\", \"name\", \"fields\", \"filter\", "
                             "\"steps\", \"on_edit\", \"on_delete\", \"on_bulk_delete\", "
                             "\"on_transfer\", \"by_admin\", coalesce(\"on_restore\", "
                             "\"on_delete\"), \"on_merge\" FROM \"approval_flow\" WHERE "
                             "\"enabled\" = 1 AND \"deleted_at\" IS NULL "
                             "ORDER BY \"id\""),
                         NULL, 0);
    while (r && db_step(r))
        vec_push(a, &all,
                 (ApprovalFlow){.id = db_int(r, 0),
                                .entity = db_text_copy(a, r, 1),
                                .name = db_text_copy(a, r, 2),
                                .fields = db_text_copy(a, r, 3),
                                .filter = db_text_copy(a, r, 4),
                                .steps = db_text_copy(a, r, 5),
                                .on_edit = db_int(r, 6) == 1,
                                .on_delete = db_int(r, 7) == 1,
                                .on_bulk_delete = db_int(r, 8) == 1,
                                .on_transfer = db_int(r, 9) == 1,
                                .by_admin = db_int(r, 10) == 1,
                                .on_restore = db_int(r, 11) == 1,
                                .on_merge = db_int(r, 12) == 1});
    if (r)
        db_done(r);
    if (c->n_err != mark) {
        kept_drop(set);
        return false;
    }
    Flows *f = ARENA_NEW(a, Flows);
    *f = (Flows){all.items, (int)all.n};
    set->data = f;
    kept_put(&kept, set, f->n);
    return true;
}

/* All that are enabled. */
static const Flows *flows_now(Ctx *c)
{
    static const Flows none = {0};
    const Flows *f = kept_count(&kept) ? kept_hold(c, &kept, NULL) : NULL;
    return f ? f : &none;
}

/* The first field of the list that changes; all but those the program stamps where the list is empty. The owner is no
   field here: giving a record away is an operation of its own. */
static const char *protected_change(Ctx *c, const Entity *e, const char *fields,
                                    const unsigned char *changed)
{
    json_object *list = NULL;
    int mark = c->n_err;
    if (*fields && json_read(c, fields, strlen(fields), &list) &&
        json_object_is_type(list, json_type_array) && json_object_array_length(list) > 0) {
        for (size_t i = 0; i < json_object_array_length(list); i++) {
            const char *name = json_object_get_string(json_object_array_get_idx(list, i));
            const Field *f = name ? entity_field(e, name) : NULL;
            if (f && changed[f->index] && f->index != STD_OWNER)
                return f->name;
        }
        return NULL;
    }
    ctx_errors_back_to(c, mark);
    for (int i = 0; i < e->n_fields; i++)
        if (changed[i] && i != STD_OWNER && !e->fields[i].readonly && !e->fields[i].hidden)
            return e->fields[i].name;
    return NULL;
}

/* Does the row it belongs to lie in the bin, or is it gone? */
static bool whole_gone(Ctx *c, const Entity *e, const DbVal *v, bool *gone)
{
    int64_t id;
    int mark = c->n_err;
    const Entity *to = children_whole(e, v, &id);
    Record r;
    *gone = to && to->standard && (!rec_load(c, to, id, &r) || r.v[STD_DELETED_AT].kind != DB_NULL);
    return c->n_err == mark;
}

/* What is protected stays so until somebody mends a condition that cannot be read (a field of it is gone): *out NULL. */
static void condition(Ctx *c, const Entity *e, const char *filter, Filter **out)
{
    int mark = c->n_err;
    if (filter_parse_text(c, e, filter, NULL, access_me(c), out)) {
        former_means(c, *out);
        return;
    }
    ctx_errors_back_to(c, mark);
    *out = NULL;
}

static bool matches(Ctx *c, const ApprovalAsk *what, const char *filter, bool *out)
{
    const Entity *e = what->e;
    int mark = c->n_err;
    Filter *f = NULL;
    *out = true;
    if (*filter)
        condition(c, e, filter, &f);
    if (!f)
        return true;
    switch (filter_known(c->a, f, what->before)) {
    case FILTER_YES: return true;
    case FILTER_NO: *out = false; return true;
    case FILTER_UNSURE: break;
    }
    /* in the bin nothing that leads to other rows can be trusted to say no */
    if (approval_op_restores(what->op) ||
        (e->standard && what->before[STD_DELETED_AT].kind != DB_NULL))
        return true;
    if (!whole_gone(c, e, what->before, out) || *out)
        return c->n_err == mark;
    *out = rec_within(c, e, what->id, f);
    return c->n_err == mark;
}

static bool matches_any(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                        const char *filter, bool *out)
{
    Filter *f = NULL;
    int64_t one;
    Sql q;
    *out = true;
    if (*filter)
        condition(c, e, filter, &f);
    if (f && approval_op_restores(op))
        f = filter_possible(c->a, f);
    if (!f || f->kind == FILTER_TRUE)
        return true;
    *out = false;
    if (f->kind == FILTER_FALSE)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\""));
    sql_among(c, &q, ids->items, (int)ids->n);
    sql_add(&q, SQL(" AND "));
    filter_sql_each(c, &q, e, "t0", f);
    sql_add(&q, SQL(" LIMIT 1"));
    return db_one_int(c, sql_text(&q), q.params, q.n, &one, out);
}

static bool is_in(const ApprovalAsked *a, const ApprovalFlow *f)
{
    for (int i = 0; i < a->n; i++)
        if (a->flows[i].id == f->id)
            return true;
    return false;
}

static bool add(Ctx *c, ApprovalAsked *a, const ApprovalFlow *f)
{
    if (a->n == APPROVAL_FLOWS_MOST)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_flows",
                        ctx_num(c, APPROVAL_FLOWS_MOST));
    a->flows[a->n++] = *f;
    return true;
}

bool approval_flows_of(Ctx *c, const ApprovalAsk *what, ApprovalAsked *out)
{
    const Flows *all = flows_now(c);
    const ApprovalFlow *mine = all->items;
    for (int i = 0; i < all->n && !(out->first && out->n); i++) {
        const char *which = NULL;
        bool found;
        if (strcmp(mine[i].entity, what->e->name) != 0 || !covers(&mine[i], what->op) ||
            is_in(out, &mine[i]))
            continue;
        if (what->op == APPROVE_EDIT &&
            !(which = protected_change(c, what->e, mine[i].fields, what->changed)))
            continue;
        if (!matches(c, what, mine[i].filter, &found) || (found && !add(c, out, &mine[i])))
            return false;
        if (found && !out->field)
            out->field = which;
    }
    return true;
}

/* changed: of an edit, else NULL. */
static bool among(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                  const unsigned char *changed, ApprovalAsked *out)
{
    const Flows *all = flows_now(c);
    for (int i = 0; ids->n && i < all->n && !(out->first && out->n); i++) {
        const ApprovalFlow *f = &all->items[i];
        bool found;
        if (strcmp(f->entity, e->name) != 0 || !covers(f, op) || is_in(out, f) ||
            (changed && !protected_change(c, e, f->fields, changed)))
            continue;
        if (!matches_any(c, op, e, ids, f->filter, &found) || (found && !add(c, out, f)))
            return false;
    }
    return true;
}

bool approval_flows_among(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                          ApprovalAsked *out)
{
    return among(c, op, e, ids, NULL, out);
}

bool approval_flows_edited(Ctx *c, const Entity *e, const DbIds *ids, const unsigned char *changed,
                           ApprovalAsked *out)
{
    return among(c, APPROVE_EDIT, e, ids, changed, out);
}

void approval_flows_where(Ctx *c, ApprovalOp op, const Model *m, unsigned char *out)
{
    const Flows *all = flows_now(c);
    for (int i = 0; i < all->n; i++) {
        const Entity *e = covers(&all->items[i], op) ? model_entity(m, all->items[i].entity) : NULL;
        if (e)
            out[e - m->entities] = 1;
    }
}

bool approval_holds(Ctx *c, const ApprovalAsk *what)
{
    ApprovalAsked a = {.first = true};
    return approval_flows_of(c, what, &a) &&
           (a.n == 0 || ctx_fail(c, ERR_APPROVAL_REQUIRED, a.field,
                                 what->words ? what->words : "err.approval_flow", a.flows[0].name));
}

bool approval_holds_transfer(Ctx *c, const ApprovalAsk *what, bool *exempt)
{
    ApprovalAsked a = {.first = true};
    const DbVal *owner = &what->before[STD_OWNER];
    bool here = false;
    int64_t one;
    if (exempt)
        *exempt = false;
    if (!approval_flows_of(c, what, &a))
        return false;
    if (a.n == 0)
        return true;
    DbVal p[] = {*owner};
    if (owner->kind == DB_INT &&
        !db_one_int(c,
                    SQL("SELECT 1 FROM \"user\" WHERE \"id\" = $1 AND \"deleted_at\" IS NULL AND "
                        "\"status\" NOT IN ('disabled', 'purged')"),
                    p, 1, &one, &here))
        return false;
    if (owner->kind == DB_INT && !here) {
        if (exempt)
            *exempt = true;
        return true;
    }
    return ctx_fail(c, ERR_APPROVAL_REQUIRED, "owner", "err.approval_flow", a.flows[0].name);
}

bool approval_any(Ctx *c, const Entity *e)
{
    const Flows *all = flows_now(c);
    for (int i = 0; i < all->n; i++)
        if (strcmp(all->items[i].entity, e->name) == 0)
            return true;
    return false;
}

/* ---- a flow as it is kept ---------------------------------------------------------------------- */

static void check_fields(Ctx *c, const Entity *e, const char *text)
{
    json_object *list;
    if (!json_read(c, text, strlen(text), &list))
        return;
    if (!json_object_is_type(list, json_type_array)) {
        ctx_fail(c, ERR_TYPE, "fields", "err.list_wanted", "fields");
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(list, i));
        if (name && strcmp(name, "owner") == 0)
            ctx_fail(c, ERR_INVALID, "fields", "err.approval_owner");
        else if (!name || !entity_field(e, name))
            ctx_fail(c, ERR_INVALID, "fields", "err.approval_field", name ? name : "?");
    }
}

bool approval_flow_check(Ctx *c, const Save *s)
{
    const char *name = save_text(c, s, APPROVAL_FLOW_ENTITY),
               *fields = save_text(c, s, APPROVAL_FLOW_FIELDS),
               *filter = save_text(c, s, APPROVAL_FLOW_FILTER),
               *steps = save_text(c, s, APPROVAL_FLOW_STEPS);
    const Entity *e = name ? model_entity(c->model, name) : NULL;
    ApprovalStep out[APPROVAL_STEPS_MOST];
    Filter *f;
    int n;
    if (name && (!e || !e->routes || !e->standard || e->readonly))
        ctx_fail(c, ERR_INVALID, "entity", "err.approval_entity", name);
    if (e && fields && *fields)
        check_fields(c, e, fields);
    if (e && filter && *filter &&
        (!filter_parse_text(c, e, filter, NULL, access_me(c), &f) ||
         !filter_for_others(c, f, "filter")))
        return false;
    if (steps)
        approval_steps(c, steps, false, out, &n);
    return c->n_err == 0;
}
