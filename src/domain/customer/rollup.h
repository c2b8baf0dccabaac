/* What a customer keeps of its tasks and follow-ups, for those who count and those who look for one. */
#ifndef DOMAIN_CUSTOMER_ROLLUP_H
#define DOMAIN_CUSTOMER_ROLLUP_H

#include "entity_ids.h"
#include "record/hooks.h"

bool rollup_task_is_open(const DbVal *status);
/* The same as a filter on tasks. */
Filter *rollup_open_task(Ctx *c, const Entity *task);

/* Last and next contact of a customer anew, from its follow-ups. In a write. */
bool follow_up_roll(Ctx *c, int64_t customer);

#endif
