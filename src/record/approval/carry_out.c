/* What was asked for is done, by the engine like any other change. See impl.h. */
#include <string.h>

#include "entity_ids.h"
#include "record/approval/impl.h"

typedef struct Doing {
    const Entity *e;
    int64_t id;
    json_object *in; /* NULL: a deletion */
    SaveOptions o;
} Doing;

static bool do_one(Ctx *c, void *arg)
{
    Doing *d = arg;
    return d->in ? rec_update(c, d->e, d->id, d->in, &d->o, NULL)
                 : rec_delete(c, d->e, d->id, &d->o);
}

/* The records of a bulk deletion, all or none. */
static bool do_many(Ctx *c, void *arg)
{
    Doing *d = arg;
    json_object *list = d->in;
    Doing one = *d;
    one.in = NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *pair = json_object_array_get_idx(list, i);
        one.id = json_object_get_int64(json_object_array_get_idx(pair, 0));
        one.o.if_version = json_object_get_int64(json_object_array_get_idx(pair, 1));
        if (!do_one(c, &one))
            return false;
    }
    return true;
}

static const char *text_of(Ctx *c, const DbVal *v)
{
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : "";
}

bool approval_carry_out(Ctx *c, const Record *request, const char **why)
{
    const DbVal *v = request->v;
    ApprovalOp op = APPROVE_EDIT;
    const char *input = text_of(c, &v[CHANGE_REQUEST_INPUT]),
               *ids = text_of(c, &v[CHANGE_REQUEST_IDS]);
    Doing d = {.e = model_entity(c->model, text_of(c, &v[CHANGE_REQUEST_ENTITY])),
               .id = v[CHANGE_REQUEST_RECORD].kind == DB_INT ? v[CHANGE_REQUEST_RECORD].i : 0,
               .o = {.if_version = v[CHANGE_REQUEST_RECORD_VERSION].kind == DB_INT
                                       ? v[CHANGE_REQUEST_RECORD_VERSION].i
                                       : -1,
                     .origin = "web",
                     .agreed = true}};
    const Actor *was = c->actor;
    bool by_admin = v[CHANGE_REQUEST_BY_ADMIN].kind == DB_INT && v[CHANGE_REQUEST_BY_ADMIN].i, ok;
    int mark = c->n_err;
    *why = NULL;
    approval_op(text_of(c, &v[CHANGE_REQUEST_OPERATION]), &op);
    if (by_admin) {
        d.o.trusted =
            true; /* the administrator sees the request, not the data; what is done was checked when it was asked for */
    } else {
        Actor *his;
        ok = actor_of_user(c, v[STD_OWNER].i, CH_WEB, &his);
        if (ok)
            c->actor = his;
    }
    ok = c->n_err == mark && d.e;
    if (ok && op == APPROVE_EDIT)
        ok = json_read(c, input, strlen(input), &d.in);
    if (ok && op == APPROVE_BULK_DELETE)
        ok = json_read(c, ids, strlen(ids), &d.in);
    if (ok)
        ok = db_try(c, op == APPROVE_BULK_DELETE ? do_many : do_one, &d);
    c->actor = was;
    if (ok)
        return true;
    if (c->n_err > mark && err_status(c->err_last->code) >= 500)
        return false;
    *why = c->n_err > mark ? arena_str(c->a, c->err_last->message) : "";
    ctx_errors_back_to(c, mark);
    return true;
}
