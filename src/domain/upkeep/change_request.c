/* A change request is filed by a create and lives by its actions; all of it is record/approval. */
#include "record/approval/approval.h"

static bool request_before_save(Ctx *c, Save *s)
{
    return !s->is_new || approval_file(c, s);
}

static bool request_after_save(Ctx *c, Save *s)
{
    return !s->is_new || approval_filed(c, s);
}

static bool request_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                           json_object *in, Buf *out, bool *handled)
{
    (void)e;
    return approval_act(c, r, name, in, out, handled);
}

extern const RecordHooks change_request_hooks;
const RecordHooks change_request_hooks = {.before_save = request_before_save,
                                          .after_save = request_after_save,
                                          .action = request_action,
                                          .print = approval_print};
