/* What an administrator does with a letter: again, or no more. */
#include <string.h>

#include "record/hooks.h"
#include "record/outbox.h"

static bool delivery_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                            json_object *in, Buf *out, bool *handled)
{
    int64_t n = 1;
    (void)e;
    (void)in;
    bool all = strcmp(name, "retry_all") == 0, drop = strcmp(name, "drop") == 0;
    if (!all && !drop && strcmp(name, "retry") != 0)
        return true;
    *handled = true;
    if (!access_need_right(c, RIGHT_SETTINGS))
        return false;
    if (drop ? !outbox_drop(c, r->id) : !outbox_retry(c, all ? 0 : r->id, &n))
        return false;
    buf_printf(out, "{\"count\":%lld}", (long long)n);
    return true;
}

extern const RecordHooks delivery_hooks;
const RecordHooks delivery_hooks = {.action = delivery_action};
