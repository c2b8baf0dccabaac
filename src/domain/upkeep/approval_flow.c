/* A flow is kept only where the engine can follow it; every change of one is a sensitive operation. */
#include "record/approval/approval.h"

static bool flow_before_save(Ctx *c, Save *s)
{
    if (!s->o->trusted && !access_need_step_up(c))
        return false;
    return approval_flow_check(c, s);
}

static bool flow_before_delete(Ctx *c, const Record *r)
{
    (void)r;
    return c->actor->is_system || access_need_step_up(c);
}

static bool flow_after_restore(Ctx *c, const Record *r)
{
    (void)r;
    return approval_load(c);
}

static void flow_after_commit(Ctx *c, Save *s)
{
    (void)s;
    approval_load(c);
}

extern const RecordHooks approval_flow_hooks;
const RecordHooks approval_flow_hooks = {.before_save = flow_before_save,
                                         .after_commit = flow_after_commit,
                                         .before_delete = flow_before_delete,
                                         .after_restore = flow_after_restore};
