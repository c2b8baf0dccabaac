/* What can be done with a notification: it is read. */
#include <string.h>

#include "record/hooks.h"
#include "record/notify.h"

static bool notification_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                                json_object *in, Buf *out, bool *handled)
{
    (void)e;
    (void)in;
    bool all = strcmp(name, "read_all") == 0;
    *handled = all || strcmp(name, "read") == 0;
    if (!*handled || !notify_read(c, all || !r ? 0 : r->id))
        return false;
    buf_puts(out, "{\"ok\":true}");
    return true;
}

extern const RecordHooks notification_hooks;
const RecordHooks notification_hooks = {.action = notification_action};
