/* What a rule does beyond being stored: its checks, and the questions its page asks (src/record/rule/). */
#include "record/rule/rule.h"

#include <string.h>

#include "entity_ids.h"

static bool rule_before_save(Ctx *c, Save *s)
{
    return rule_check(c, s);
}

static void rule_after_commit(Ctx *c, Save *s)
{
    (void)c;
    (void)s;
    rules_forget(); /* other processes hear of it within a second */
}

static bool rule_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in,
                        Buf *out, bool *handled)
{
    (void)e;
    *handled = true;
    if (!r && strcmp(name, "kinds") == 0)
        return rule_kinds(c, out);
    if (!r && strcmp(name, "dry_run") == 0)
        return rule_dry_run(c, in, out);
    if (r && strcmp(name, "run_now") == 0)
        return rule_run_now(c, r, out);
    if (r && strcmp(name, "effect") == 0)
        return rule_effect(c, r, out);
    *handled = false;
    return true;
}

extern const RecordHooks rule_hooks;
const RecordHooks rule_hooks = {
    .before_save = rule_before_save, .after_commit = rule_after_commit, .action = rule_action};
