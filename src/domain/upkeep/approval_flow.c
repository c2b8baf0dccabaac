/* A flow is kept only where the engine can follow it; every change of one is a sensitive operation. */
#include "base/embed.h"
#include "base/json_write.h"
#include "record/approval/approval.h"

#include <string.h>

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

/* {"templates": [{"name", "about", "flow"}]} of data/flows.json: the page files one as it stands. */
static bool flow_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in,
                        Buf *out, bool *handled)
{
    const Embed *templates = embed_find("data/flows.json");
    Jw w;
    (void)e;
    (void)in;
    *handled = !r && strcmp(name, "templates") == 0;
    if (!*handled)
        return true;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kraw(&w, "templates",
            templates ? arena_dup(c->a, (const char *)templates->data, templates->len) : "[]");
    jw_end(&w);
    return true;
}

extern const RecordHooks approval_flow_hooks;
const RecordHooks approval_flow_hooks = {.before_save = flow_before_save,
                                         .after_commit = flow_after_commit,
                                         .action = flow_action,
                                         .before_delete = flow_before_delete,
                                         .after_restore = flow_after_restore};
