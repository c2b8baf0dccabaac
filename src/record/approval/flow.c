/* Which operations are held. The enabled flows are kept per process. See approval.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/vec.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/approval/impl.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static Arena *arena;
static ApprovalFlow *flows;
static atomic_int n_flows;

static const char *const ops[] = {"edit", "delete", "bulk_delete"};

bool approval_op(const char *name, ApprovalOp *out)
{
    for (int i = 0; name && i < (int)(sizeof ops / sizeof *ops); i++)
        if (strcmp(name, ops[i]) == 0) {
            *out = (ApprovalOp)i;
            return true;
        }
    return false;
}

bool approval_load(Ctx *c)
{
    Arena *a = arena_new(0);
    VEC(ApprovalFlow) all = {0};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"entity\", \"name\", \"fields\", \"filter\", "
                             "\"steps\", \"on_edit\", \"on_delete\", \"by_admin\" FROM "
                             "\"approval_flow\" WHERE \"enabled\" = 1 AND \"deleted_at\" IS NULL "
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
                                .by_admin = db_int(r, 8) == 1});
    if (r)
        db_done(r);
    if (c->n_err != mark) {
        arena_free(a);
        return false;
    }
    pthread_rwlock_wrlock(&lock);
    Arena *old = arena;
    arena = a;
    flows = all.items;
    n_flows = (int)all.n;
    pthread_rwlock_unlock(&lock);
    if (old)
        arena_free(old);
    return true;
}

/* The flows of an entity, copied out of the lock. */
static int flows_of(Ctx *c, const Entity *e, ApprovalFlow **out)
{
    VEC(ApprovalFlow) mine = {0};
    if (atomic_load_explicit(&n_flows, memory_order_relaxed) == 0)
        return 0;
    pthread_rwlock_rdlock(&lock);
    for (int i = 0; i < n_flows; i++) {
        const ApprovalFlow *f = &flows[i];
        if (strcmp(f->entity, e->name) == 0)
            vec_push(c->a, &mine,
                     (ApprovalFlow){f->id, arena_str(c->a, f->entity), arena_str(c->a, f->name),
                                    arena_str(c->a, f->fields), arena_str(c->a, f->filter),
                                    arena_str(c->a, f->steps), f->on_edit, f->on_delete,
                                    f->by_admin});
    }
    pthread_rwlock_unlock(&lock);
    *out = mine.items;
    return (int)mine.n;
}

/* The first field of the list that changes; all but those the program stamps where the list is empty. */
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
            if (f && changed[f->index])
                return f->name;
        }
        return NULL;
    }
    ctx_errors_back_to(c, mark);
    for (int i = 0; i < e->n_fields; i++)
        if (changed[i] && !e->fields[i].readonly && !e->fields[i].hidden)
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

bool approval_flows_of(Ctx *c, const Entity *e, int64_t id, const DbVal *before,
                       const unsigned char *changed, ApprovalFlow *out, int max, const char **field,
                       int *n)
{
    ApprovalFlow *mine;
    int n_mine = flows_of(c, e, &mine);
    *n = 0;
    *field = NULL;
    for (int i = 0; i < n_mine && *n < max; i++) {
        const char *which = NULL;
        bool found;
        if (changed ? !mine[i].on_edit : !mine[i].on_delete)
            continue;
        if (changed && !(which = protected_change(c, e, mine[i].fields, changed)))
            continue;
        if (!matches(c, e, id, before, mine[i].filter, &found))
            return false;
        if (!found)
            continue;
        *field = *field ? *field : which;
        out[(*n)++] = mine[i];
    }
    return true;
}

bool approval_holds(Ctx *c, const Entity *e, int64_t id, const DbVal *before,
                    const unsigned char *changed)
{
    ApprovalFlow f;
    const char *field;
    int n;
    if (!approval_flows_of(c, e, id, before, changed, &f, 1, &field, &n))
        return false;
    return n == 0 || ctx_fail(c, ERR_APPROVAL_REQUIRED, field, "err.approval_flow", f.name);
}

bool approval_any(const Entity *e)
{
    bool any = false;
    if (atomic_load_explicit(&n_flows, memory_order_relaxed) == 0)
        return false;
    pthread_rwlock_rdlock(&lock);
    for (int i = 0; i < n_flows && !any; i++)
        any = strcmp(flows[i].entity, e->name) == 0;
    pthread_rwlock_unlock(&lock);
    return any;
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
        if (!name || !entity_field(e, name))
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
