/* What a phrase must keep to: what others are to see is kept by those with the right to share. */
#include <string.h>

#include "entity_ids.h"
#include "record/hooks.h"

static bool phrase_before_save(Ctx *c, Save *s)
{
    const char *shared = save_text(c, s, PHRASE_SHARED);
    if (s->o->trusted || !shared || strcmp(shared, "private") == 0 ||
        access_may(c, s->e, ACT_SHARE))
        return true;
    return ctx_fail(c, ERR_PERM_DENIED, "shared", "err.phrase_share");
}

extern const RecordHooks phrase_hooks;
const RecordHooks phrase_hooks = {.before_save = phrase_before_save};
