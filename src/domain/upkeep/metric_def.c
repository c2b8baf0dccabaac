/* What a metric must keep to: everything it names exists, fits its measure, and is its author's to read. */
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/metric/metric.h"

static bool metric_def_before_save(Ctx *c, Save *s)
{
    return metric_check(c, s->after);
}

extern const RecordHooks metric_def_hooks;
const RecordHooks metric_def_hooks = {.before_save = metric_def_before_save};
