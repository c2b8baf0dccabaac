/*
 * What goes along with a record that is deleted or restored (record/children.h) is asked by its own flows: before the operation,
 * when a request for the whole is filed, and once more when it is carried out. See impl.h.
 */
#include <string.h>

#include "record/approval/impl.h"
#include "record/children.h"

typedef struct Along {
    ApprovalOp op;
    ApprovalAsked *asked;
} Along;

static bool see(Ctx *c, const Entity *child, const DbIds *ids, void *arg)
{
    Along *x = arg;
    return approval_flows_among(c, x->op, child, ids, x->asked);
}

bool approval_flows_along(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                          ApprovalAsked *out)
{
    unsigned char *way = ARENA_ARRAY(c->a, e->model->n, unsigned char);
    Along x = {op, out};
    const ChildrenWalk w = {.back = approval_op_restores(op), .way = way, .see = see, .arg = &x};
    if (!e->standard || !(e->gets & GETS_TRASH)) /* goes for good, and alone */
        return true;
    approval_flows_where(c, op, e->model, way);
    return !children_leads(e, way) || children_along(c, e, ids, &w);
}

bool approval_holds_whole(Ctx *c, const ApprovalAsk *what)
{
    ApprovalAsked a = {.first = true};
    int64_t id = what->id;
    DbIds one = {.items = &id, .n = 1};
    if (!approval_holds(c, what) || !approval_flows_along(c, what->op, what->e, &one, &a))
        return false;
    return a.n == 0 || ctx_fail(c, ERR_APPROVAL_REQUIRED, NULL,
                                what->words ? what->words : "err.approval_flow", a.flows[0].name);
}

const char *approval_steps_inner(const char *steps, int *n)
{
    const char *open = strchr(steps, '['), *close = strrchr(steps, ']');
    *n = open && close > open ? (int)(close - open - 1) : 0;
    return open && close > open ? open + 1 : "";
}

bool approval_asked_all(Ctx *c, const ApprovalAsked *a, const char *steps)
{
    for (int i = 0; i < a->n; i++) {
        int n;
        const char *inner = approval_steps_inner(a->flows[i].steps, &n);
        if (!strstr(steps, arena_dup(c->a, inner, (size_t)n)))
            return ctx_fail(c, ERR_APPROVAL_REQUIRED, NULL, "err.approval_flow", a->flows[i].name);
    }
    return true;
}

bool approval_along_asked(Ctx *c, ApprovalOp op, const Entity *e, int64_t id, const char *steps)
{
    ApprovalAsked a = {.n = 0};
    DbIds one = {.items = &id, .n = 1};
    return approval_flows_along(c, op, e, &one, &a) && approval_asked_all(c, &a, steps);
}
