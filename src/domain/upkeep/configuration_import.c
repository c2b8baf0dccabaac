/* An applied file of configuration: what its page can do with it (src/record/configuration/). */
#include "record/configuration/configuration.h"

#include <string.h>

#include "record/hooks.h"

static bool configuration_import_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                                        json_object *in, Buf *out, bool *handled)
{
    (void)e, (void)in, (void)out;
    if (!r || strcmp(name, "undo") != 0)
        return true;
    *handled = true;
    return configuration_undo(c, r->id);
}

extern const RecordHooks configuration_import_hooks;
const RecordHooks configuration_import_hooks = {.action = configuration_import_action};
