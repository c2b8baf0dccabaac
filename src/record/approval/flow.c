/* Which operations are held. The enabled flows are kept per process. See approval.h. */
#include <string.h>

#include "base/vec.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/kept.h"

typedef struct Flows {
    ApprovalFlow *items;
    int n;
} Flows;

static Kept kept = KEPT_NOTHING; /* Flows */

/* by ApprovalOp */
static const char *const ops[] = {"edit", "delete", "bulk_delete", "transfer", "bulk_transfer"};

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
    return op == APPROVE_BULK_DELETE || op == APPROVE_BULK_TRANSFER;
}

bool approval_op_transfers(ApprovalOp op)
{
    return op == APPROVE_TRANSFER || op == APPROVE_BULK_TRANSFER;
}

static bool covers(const ApprovalFlow *f, ApprovalOp op)
{
    switch (op) {
    case APPROVE_EDIT: return f->on_edit;
    case APPROVE_DELETE: return f->on_delete;
    case APPROVE_BULK_DELETE: return f->on_delete || f->on_bulk_delete;
    case APPROVE_TRANSFER:
    case APPROVE_BULK_TRANSFER: return f->on_transfer;
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
                             "\"on_transfer\", \"by_admin\" FROM \"approval_flow\" WHERE "
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
                                .by_admin = db_int(r, 10) == 1});
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

static bool matches(Ctx *c, const Entity *e, int64_t id, const DbVal *before, const char *filter,
                    bool *out)
{
    Filter *f;
    *out = true;
    if (!*filter)
        return true;
    int mark = c->n_err;
    if (!filter_parse_text(c, e, filter, NULL, access_me(c), &f)) {
        /* a field of it is gone: what is protected stays so until somebody mends the flow */
        ctx_errors_back_to(c, mark);
        return true;
    }
    switch (filter_known(c->a, f, before)) {
    case FILTER_YES: return true;
    case FILTER_NO: *out = false; return true;
    case FILTER_UNSURE: break;
    }
    *out = rec_within(c, e, id, f);
    return c->n_err == mark;
}

bool approval_flows_of(Ctx *c, const ApprovalAsk *what, ApprovalFlow *out, int max,
                       const char **field, int *n)
{
    const Flows *all = flows_now(c);
    const ApprovalFlow *mine = all->items;
    *n = 0;
    *field = NULL;
    for (int i = 0; i < all->n && *n < max; i++) {
        const char *which = NULL;
        bool found;
        if (strcmp(mine[i].entity, what->e->name) != 0 || !covers(&mine[i], what->op))
            continue;
        if (what->op == APPROVE_EDIT &&
            !(which = protected_change(c, what->e, mine[i].fields, what->changed)))
            continue;
        if (!matches(c, what->e, what->id, what->before, mine[i].filter, &found))
            return false;
        if (!found)
            continue;
        *field = *field ? *field : which;
        out[(*n)++] = mine[i];
    }
    return true;
}

bool approval_holds(Ctx *c, const ApprovalAsk *what)
{
    ApprovalFlow f;
    const char *field;
    int n;
    if (!approval_flows_of(c, what, &f, 1, &field, &n))
        return false;
    return n == 0 || ctx_fail(c, ERR_APPROVAL_REQUIRED, field, "err.approval_flow", f.name);
}

bool approval_holds_transfer(Ctx *c, const ApprovalAsk *what, bool *exempt)
{
    ApprovalFlow f;
    const char *field;
    const DbVal *owner = &what->before[STD_OWNER];
    bool here = false;
    int64_t one;
    int n;
    if (exempt)
        *exempt = false;
    if (!approval_flows_of(c, what, &f, 1, &field, &n))
        return false;
    if (n == 0)
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
    return ctx_fail(c, ERR_APPROVAL_REQUIRED, "owner", "err.approval_flow", f.name);
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
    if (e && filter && *filter && !filter_parse_text(c, e, filter, NULL, access_me(c), &f))
        return false;
    if (steps)
        approval_steps(c, steps, false, out, &n);
    return c->n_err == 0;
}
