/*
 * The order in which the sheets of an import run: those that others link to first (customers before contacts), else
 * as they stand in the book. See import_run.h.
 */
#include <string.h>

#include "record/import_run.h"

const ImpPlan *run_plan(const Run *r)
{
    return &r->plans[r->order[r->at]];
}

static bool needs(const ImpPlan *p, const ImpPlan *other)
{
    for (int i = 0; i < p->n; i++)
        if (p->maps[i].f->to && other->e != p->e && strcmp(p->maps[i].f->to, other->e->name) == 0)
            return true;
    return false;
}

static void order_sheets(Run *r, const int *chosen, int n)
{
    bool taken[IMP_SHEETS_MOST] = {false};
    while (r->n_order < n) {
        int next = -1;
        for (int i = 0; i < n && next < 0; i++) {
            bool waits = taken[i];
            for (int k = 0; k < n && !waits; k++)
                waits = !taken[k] && k != i && needs(&r->plans[chosen[i]], &r->plans[chosen[k]]);
            if (!waits)
                next = i;
        }
        for (int i = 0; i < n && next < 0; i++) /* a circle: as they stand */
            if (!taken[i])
                next = i;
        taken[next] = true;
        r->order[r->n_order++] = chosen[next];
    }
}

bool run_order(Run *r)
{
    Ctx *c = r->c;
    int chosen[IMP_SHEETS_MOST], n = 0;
    r->plans = ARENA_ARRAY(c->a, r->imp->n + 1, ImpPlan);
    for (int i = 0; i < r->imp->n; i++) {
        const ImpSheet *s = &r->imp->sheets[i];
        if (!s->entity || n == IMP_SHEETS_MOST)
            continue;
        if (!imp_plan(c, s, &r->plans[i]) || !access_need(c, r->plans[i].e, ACT_IMPORT))
            return false;
        chosen[n++] = i;
        r->total += s->rows;
    }
    if (!n)
        return ctx_fail(c, ERR_INVALID, NULL, "err.import.nothing");
    order_sheets(r, chosen, n);
    return true;
}
