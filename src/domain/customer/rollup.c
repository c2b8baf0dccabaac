/* Open tasks. See rollup.h. */
#include "domain/customer/rollup.h"

#include <string.h>

static const char *const closed[] = {"done", "cancelled"};

bool rollup_task_is_open(const DbVal *status)
{
    for (size_t i = 0; status->kind == DB_TEXT && i < sizeof closed / sizeof *closed; i++)
        if (strlen(closed[i]) == status->n && memcmp(closed[i], status->s, status->n) == 0)
            return false;
    return status->kind == DB_TEXT;
}

Filter *rollup_open_task(Ctx *c, const Entity *task)
{
    Filter *f = filter_leaf(c->a, &task->fields[TASK_STATUS], OP_NOT_NULL, NULL, 0);
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        f = filter_and(c->a, f,
                       filter_not(c->a, rec_is(c, task, TASK_STATUS, db_of_text(closed[i]))));
    return f;
}
