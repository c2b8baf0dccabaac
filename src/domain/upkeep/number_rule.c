/* What a number rule must keep to: a pattern we can count by, for an entity that has numbers. */
#include "record/number.h"

#include "entity_ids.h"
#include "record/hooks.h"

static bool number_rule_before_save(Ctx *c, Save *s)
{
    const char *entity = save_text(c, s, NUMBER_RULE_ENTITY),
               *pattern = save_text(c, s, NUMBER_RULE_PATTERN);
    const char *reset = save_text(c, s, NUMBER_RULE_RESET);
    const Entity *e = entity ? model_entity(c->model, entity) : NULL;
    if (entity && (!e || !number_field(e)))
        ctx_fail(c, ERR_INVALID, "entity", "err.number_entity");
    if (pattern && reset)
        number_check_pattern(c, pattern, reset);
    return c->n_err == 0;
}

static void number_rule_after_commit(Ctx *c, Save *s)
{
    (void)c;
    (void)s;
    number_forget(); /* other processes read the rule anew within a second */
}

extern const RecordHooks number_rule_hooks;
const RecordHooks number_rule_hooks = {.before_save = number_rule_before_save,
                                       .after_commit = number_rule_after_commit};
