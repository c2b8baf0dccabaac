/* What was asked for is done, by the engine like any other change. See impl.h. */
#include <string.h>

#include "base/msg.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/link_resolve.h"
#include "record/merge/merge.h"
#include "record/notify.h"
#include "record/save.h"

typedef struct Doing {
    const Entity *e;
    ApprovalOp op;
    int64_t id;
    json_object *in, *ids; /* as the operation takes them, else NULL */
    const char *steps;     /* that were agreed to */
    int64_t stopped;       /* of many: the one that could not be done */
    SaveOptions o;
} Doing;

/* Given to somebody as the action transfer would. */
static bool hand_over(Ctx *c, Doing *d)
{
    Record r;
    int64_t owner;
    json_object *in = rec_input(c), *to = json_member(d->in, "owner");
    /* he may have left since it was asked for */
    if (!to || !link_from_json(c, &d->e->fields[STD_OWNER], model_entity(c->model, "user"), to,
                               false, &owner))
        return false;
    if (!d->o.trusted &&
        (!access_need(c, d->e, ACT_TRANSFER) || !rec_get_for(c, d->e, d->id, ACT_TRANSFER, &r)))
        return false;
    SaveOptions o = d->o;
    o.trusted = true;
    json_object_object_add(in, "owner", json_object_new_int64(owner));
    SaveWork *w = save_new(c, d->e, d->id, in, &o, "transfer");
    w->reason = json_str(d->in, "reason", NULL);
    return save_run(c, w);
}

static bool do_one(Ctx *c, void *arg)
{
    Doing *d = arg;
    if (d->op == APPROVE_MERGE)
        return approval_do_merge(c, d->e, d->id, d->ids, d->in, &d->o, d->steps);
    if (approval_op_transfers(d->op))
        return hand_over(c, d);
    if (d->op == APPROVE_EDIT)
        return rec_update(c, d->e, d->id, d->in, &d->o, NULL);
    /* what has come under it since it was asked for, or under a flow */
    if (!approval_along_asked(c, d->op, d->e, d->id, d->steps))
        return false;
    return approval_op_restores(d->op) ? rec_restore(c, d->e, d->id, &d->o)
                                       : rec_delete(c, d->e, d->id, &d->o);
}

/* The records of a bulk operation, all or none. */
static bool do_many(Ctx *c, void *arg)
{
    Doing *all = arg, one = *all;
    for (size_t i = 0; i < json_object_array_length(one.ids); i++) {
        json_object *pair = json_object_array_get_idx(one.ids, i);
        one.id = json_object_get_int64(json_object_array_get_idx(pair, 0));
        one.o.if_version = json_object_get_int64(json_object_array_get_idx(pair, 1));
        if (!do_one(c, &one)) {
            all->stopped = one.id;
            return false;
        }
    }
    return true;
}

/* One of the records was merged away since it was asked for: which one is there now, if the requester may know. Nothing is
   done to that instead. NULL: it is not so. */
static const char *merged_meanwhile(Ctx *c, const Doing *d)
{
    for (size_t i = 0; i <= json_length(d->ids); i++) {
        json_object *pair = i ? json_object_array_get_idx(d->ids, i - 1) : NULL;
        int64_t to, id = d->stopped ? d->stopped
                         : pair     ? json_object_get_int64(json_object_array_get_idx(pair, 0))
                                    : d->id;
        const char *label = NULL;
        Record r;
        if (!id || !rec_load(c, d->e, id, &r) || !merge_is_gone(&r))
            continue;
        if (!merge_went(c, d->e, id, &to, &label))
            return NULL;
        const char *const args[] = {label, NULL};
        return to ? msg_format(c->a, c->lang, "approval.merged_into", args)
                  : msg_text(c->lang, "approval.merged_away");
    }
    return NULL;
}

static const char *text_of(Ctx *c, const DbVal *v)
{
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : "";
}

bool approval_carry_out(Ctx *c, const Record *request, const char **why)
{
    const DbVal *v = request->v;
    const char *input = text_of(c, &v[CHANGE_REQUEST_INPUT]),
               *ids = text_of(c, &v[CHANGE_REQUEST_IDS]);
    Doing d = {.e = model_entity(c->model, text_of(c, &v[CHANGE_REQUEST_ENTITY])),
               .id = v[CHANGE_REQUEST_RECORD].kind == DB_INT ? v[CHANGE_REQUEST_RECORD].i : 0,
               .steps = text_of(c, &v[CHANGE_REQUEST_STEPS]),
               .o = {.if_version = v[CHANGE_REQUEST_RECORD_VERSION].kind == DB_INT
                                       ? v[CHANGE_REQUEST_RECORD_VERSION].i
                                       : -1,
                     .origin = "web",
                     .agreed = true}};
    const Actor *was = c->actor;
    bool by_admin = v[CHANGE_REQUEST_BY_ADMIN].kind == DB_INT && v[CHANGE_REQUEST_BY_ADMIN].i, ok;
    int mark = c->n_err;
    *why = NULL;
    bool known = approval_op(text_of(c, &v[CHANGE_REQUEST_OPERATION]), &d.op);
    if (by_admin) {
        d.o.trusted =
            true; /* the administrator sees the request, not the data; what is done was checked when it was asked for */
    } else {
        Actor *his;
        ok = actor_of_user(c, v[STD_OWNER].i, CH_WEB, &his);
        if (ok)
            c->actor = his;
    }
    ok = c->n_err == mark && d.e && known;
    if (ok &&
        (d.op == APPROVE_EDIT || approval_op_transfers(d.op) || (d.op == APPROVE_MERGE && *input)))
        ok = json_read(c, input, strlen(input), &d.in);
    if (ok && (approval_op_many(d.op) || d.op == APPROVE_MERGE))
        ok = json_read(c, ids, strlen(ids), &d.ids);
    if (ok)
        ok = db_try(c, approval_op_many(d.op) ? do_many : do_one, &d);
    bool lost = !ok && c->n_err > mark && err_status(c->err_last->code) >= 500;
    if (!ok && !lost) {
        *why = c->n_err > mark ? arena_str(c->a, c->err_last->message) : "";
        ctx_errors_back_to(c, mark);
        const char *merged = d.e ? merged_meanwhile(c, &d) : NULL;
        if (merged)
            *why = merged;
    }
    c->actor = was;
    if (ok || lost)
        return ok;
    Record r;
    if (d.stopped && d.e && rec_load(c, d.e, d.stopped, &r))
        *why = arena_printf(c->a, "%s: %s", notify_name(c, d.e, r.v), *why);
    return c->n_err == mark;
}
