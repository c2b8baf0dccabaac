/* An applied file of configuration: what its page can do with it (src/record/configuration/). */
#include "record/configuration/configuration.h"

#include <string.h>

#include "record/hooks.h"

static bool configuration_import_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                                        json_object *in, Buf *out, bool *handled)
{
    (void)e, (void)in;
    *handled = r && (strcmp(name, "undo") == 0 || strcmp(name, "look") == 0);
    if (!*handled)
        return true;
    return strcmp(name, "undo") == 0 ? configuration_undo(c, r->id) : configuration_look(c, r, out);
}

extern const RecordHooks configuration_import_hooks;
const RecordHooks configuration_import_hooks = {.action = configuration_import_action};
