/*
 * The one thing that can be done to the audit log: walk its chain and compare it with the anchor beside
 * the database, as `zhike audit verify` does.
 */
#include <string.h>

#include "auth/audit.h"
#include "base/file.h"
#include "base/json_write.h"
#include "record/attach.h"
#include "record/hooks.h"

static bool audit_log_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                             json_object *in, Buf *out, bool *handled)
{
    (void)e, (void)r, (void)in;
    if (strcmp(name, "verify") != 0)
        return true;
    *handled = true;
    char *anchor = arena_printf(c->a, "%s/audit.head", attach_dir());
    int64_t rows = 0, broken = 0;
    if (!audit_verify(c, file_exists(anchor) ? anchor : NULL, &rows, &broken))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kbool(&w, "ok", broken == 0);
    jw_kint(&w, "rows", rows);
    jw_key(&w, "first_broken");
    if (broken)
        jw_int(&w, broken);
    else
        jw_null(&w);
    jw_end(&w);
    return true;
}

extern const RecordHooks audit_log_hooks;
const RecordHooks audit_log_hooks = {.action = audit_log_action};
