/*
 * The order in which the sheets of an import run: those that others link to first (customers before contacts), else
 * as they stand in the book. See run.h.
 */
#include <string.h>

#include "record/import/run.h"

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

/* chosen: n sheets, by index into plans. Into order the same in the order they run. */
static void order_sheets(const ImpPlan *plans, const int *chosen, int n, int *order)
{
    bool taken[IMP_SHEETS_MOST] = {false};
    for (int done = 0; done < n; done++) {
        int next = -1;
        for (int i = 0; i < n && next < 0; i++) {
            bool waits = taken[i];
            for (int k = 0; k < n && !waits; k++)
                waits = !taken[k] && k != i && needs(&plans[chosen[i]], &plans[chosen[k]]);
            if (!waits)
                next = i;
        }
        for (int i = 0; i < n && next < 0; i++) /* a circle: as they stand */
            if (!taken[i])
                next = i;
        taken[next] = true;
        order[done] = chosen[next];
    }
}

void imp_order(Ctx *c, const Imp *imp, int *out)
{
    int chosen[IMP_SHEETS_MOST] = {0}, order[IMP_SHEETS_MOST] = {0}, n = 0, before = c->n_err;
    ImpPlan *plans = ARENA_ARRAY(c->a, imp->n + 1, ImpPlan);
    for (int i = 0; i < imp->n; i++) {
        out[i] = 0;
        if (imp->sheets[i].entity && n < IMP_SHEETS_MOST && imp_plan(c, &imp->sheets[i], &plans[i]))
            chosen[n++] = i;
    }
    ctx_errors_back_to(c, before); /* a plan that is not whole yet has no place in it */
    order_sheets(plans, chosen, n, order);
    for (int i = 0; i < n; i++)
        out[order[i]] = i + 1;
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
    order_sheets(r->plans, chosen, n, r->order);
    r->n_order = n;
    return true;
}
