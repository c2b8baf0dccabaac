/* What a dashboard must keep to: cards that name metrics, in kinds the page can draw. */
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/metric/metric.h"

static bool dashboard_before_save(Ctx *c, Save *s)
{
    return dashboard_check(c, s->after);
}

extern const RecordHooks dashboard_hooks;
const RecordHooks dashboard_hooks = {.before_save = dashboard_before_save,
                                     .print = dashboard_print};
