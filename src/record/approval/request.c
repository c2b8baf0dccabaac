/* A request is filed: checked as the operation itself would be, and what it changes kept beside it. See approval.h. */
#include <string.h>

#include "base/msg.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/notify.h"
#include "record/save.h"

enum { TITLE_BYTES = 190 };

/* Only one open request for the same operation on a record. */
static bool none_open(Ctx *c, const Save *s, const char *operation, const char *entity, int64_t id)
{
    Filter *f =
        filter_and(c->a, rec_is(c, s->e, CHANGE_REQUEST_RECORD, db_of_int(id)),
                   filter_and(c->a, rec_is(c, s->e, CHANGE_REQUEST_ENTITY, db_of_text(entity)),
                              rec_is(c, s->e, CHANGE_REQUEST_OPERATION, db_of_text(operation))));
    Filter *open = filter_or(c->a, rec_is(c, s->e, CHANGE_REQUEST_STATE, db_of_text("waiting")),
                             rec_is(c, s->e, CHANGE_REQUEST_STATE, db_of_text("agreed")));
    int64_t n;
    return rec_count(c, s->e, filter_and(c->a, f, open), &n) &&
           (n == 0 || ctx_fail(c, ERR_CONFLICT, "record", "err.approval_open"));
}

/* The change as it would be made now: every rule of the entity, the rights of the requester. */
static bool look_at_edit(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalFlow *flow)
{
    const char *text = save_text(c, s, CHANGE_REQUEST_INPUT), *field;
    json_object *in;
    bool found;
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "input", "err.required");
    if (!json_read(c, text, strlen(text), &in))
        return false;
    SaveOptions o = {.if_version = -1, .origin = "web", .agreed = true, .dry = true};
    SaveWork *w = save_new(c, e, id, in, &o, NULL);
    if (!save_prepare(c, w))
        return false;
    if (w->nothing)
        return ctx_fail(c, ERR_INVALID, "input", "err.approval_nothing");
    if (!approval_flow_of(c, e, id, w->s.before, w->s.changed, flow, &field, &found))
        return false;
    if (!found)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_needless");
    save_set(s, CHANGE_REQUEST_CHANGES, db_of_text(w->changes ? w->changes : "{}"));
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(w->old_version));
    return true;
}

static bool look_at_delete(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalFlow *flow)
{
    const char *field;
    bool found;
    Record r;
    if (!rec_get(c, e, id, false, &r) ||
        !approval_flow_of(c, e, id, r.v, NULL, flow, &field, &found))
        return false;
    if (!found)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_needless");
    /* who may not delete may ask an administrator to, where the flow is made for that */
    if (!flow->by_admin && !rec_get_for(c, e, id, ACT_DELETE, &r))
        return false;
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(r.version));
    return true;
}

static bool look_at_many(Ctx *c, Save *s, const Entity *e, ApprovalFlow *flow, int *n)
{
    const char *text = save_text(c, s, CHANGE_REQUEST_IDS), *field;
    json_object *list = NULL;
    bool found, any = false;
    if (!text || !json_read(c, text, strlen(text), &list))
        return c->n_err ? false : ctx_fail(c, ERR_REQUIRED, "ids", "err.required");
    size_t most = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    if (!most || most > APPROVAL_IDS_MOST)
        return ctx_fail(c, ERR_INVALID, "ids", "err.approval_ids", ctx_num(c, APPROVAL_IDS_MOST));
    for (size_t i = 0; i < most; i++) {
        json_object *one = json_object_array_get_idx(list, i);
        ApprovalFlow f;
        Record r;
        if (!json_object_is_type(one, json_type_int))
            return ctx_fail(c, ERR_TYPE, "ids", "err.list_wanted", "ids");
        if (!rec_get_for(c, e, json_object_get_int64(one), ACT_DELETE, &r) ||
            !approval_flow_of(c, e, r.id, r.v, NULL, &f, &field, &found))
            return false;
        if (found && !any)
            *flow = f;
        any |= found;
    }
    *n = (int)most;
    return any || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_needless");
}

static const char *title_of(Ctx *c, const Entity *e, ApprovalOp op, int64_t id, int n)
{
    static const char *const keys[] = {"approval.title_edit", "approval.title_delete",
                                       "approval.title_many"};
    Record r;
    const char *what = n ? ctx_num(c, n) : "";
    if (!n && rec_load(c, e, id, &r))
        what = notify_name(c, e, r.v);
    const char *t = msg_format(c->a, c->lang, keys[op],
                               (const char *const[]){label_in(e->label, c->lang), what, NULL});
    size_t len = strlen(t);
    if (len > TITLE_BYTES)
        for (len = TITLE_BYTES; len && ((unsigned char)t[len] & 0xC0) == 0x80;)
            len--;
    return arena_dup(c->a, t, len);
}

bool approval_file(Ctx *c, Save *s)
{
    const char *name = save_text(c, s, CHANGE_REQUEST_ENTITY),
               *operation = save_text(c, s, CHANGE_REQUEST_OPERATION);
    const Entity *e = name ? model_entity(c->model, name) : NULL;
    int64_t id =
        s->after[CHANGE_REQUEST_RECORD].kind == DB_INT ? s->after[CHANGE_REQUEST_RECORD].i : 0;
    ApprovalFlow flow;
    ApprovalOp op;
    int n = 0;
    if (!approval_op(operation, &op) || !name)
        return true; /* required: said by the engine */
    if (!e || !e->routes)
        return ctx_fail(c, ERR_INVALID, "entity", "err.approval_entity", name);
    if (op != APPROVE_BULK_DELETE && !id)
        return ctx_fail(c, ERR_REQUIRED, "record", "err.required");
    bool ok = op == APPROVE_EDIT     ? look_at_edit(c, s, e, id, &flow)
              : op == APPROVE_DELETE ? look_at_delete(c, s, e, id, &flow)
                                     : look_at_many(c, s, e, &flow, &n);
    if (!ok || (id && !none_open(c, s, operation, name, id)))
        return false;
    save_set(s, CHANGE_REQUEST_TITLE, db_of_text(title_of(c, e, op, id, n)));
    save_set(s, CHANGE_REQUEST_FLOW, db_of_int(flow.id));
    save_set(s, CHANGE_REQUEST_STEPS, db_of_text(flow.steps));
    save_set(s, CHANGE_REQUEST_BY_ADMIN, db_of_int(flow.by_admin));
    save_set(s, CHANGE_REQUEST_STEP, db_of_int(0));
    save_set(s, CHANGE_REQUEST_STATE, db_of_text("waiting"));
    return true;
}

bool approval_filed(Ctx *c, Save *s)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    int64_t people[APPROVAL_PEOPLE_MOST];
    int n, n_people;
    const char *text = save_text(c, s, CHANGE_REQUEST_STEPS);
    return approval_steps(c, text ? text : "[]", steps, &n) &&
           approval_people(c, &steps[0], s->after[STD_OWNER].i, people, &n_people) &&
           approval_tasks(c, s->id, save_text(c, s, CHANGE_REQUEST_TITLE), "agree", 0,
                          steps[0].hours, people, n_people);
}
