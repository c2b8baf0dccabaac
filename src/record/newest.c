/*
 * The youngest of what a search found, by the time at which they were made.
 *
 * Which of six hundred records are the fifty of the page was asked by reading all their rows. Their dates are kept
 * (db/born.c), so that only the rows of the page are read. What is deleted or archived is left out when rows are read: the
 * caller asks for some more than he needs, and for all where these were not enough.
 */
#include "record/newest.h"

#include <string.h>

#include "db/sql.h"

static bool younger(const BornAt *a, const BornAt *b)
{
    return a->at != b->at ? a->at > b->at : a->id > b->id;
}

/* Into the n best so far, of which the worst goes where they are full. */
static int insert(BornAt *best, int n, int most, const BornAt *one)
{
    if (n == most && !younger(one, &best[n - 1]))
        return n;
    int at = 0;
    for (int end = n; at < end;) {
        int mid = at + (end - at) / 2;
        if (younger(one, &best[mid]))
            end = mid;
        else
            at = mid + 1;
    }
    if (n < most)
        n++;
    memmove(best + at + 1, best + at, (size_t)(n - 1 - at) * sizeof *best);
    best[at] = *one;
    return n;
}

bool search_newest(Ctx *c, const Entity *e, const SearchFound *found, const NewestFrom *from,
                   int most, SearchFound *out)
{
    BornAt *all = ARENA_ARRAY(c->a, found->n, BornAt), *best = ARENA_ARRAY(c->a, most, BornAt);
    for (int i = 0; i < found->n; i++)
        all[i] = (BornAt){.id = found->ids[i]};
    *out = *found;
    bool known = true;
    if (!from->by_id && !sql_born(c, e->name, all, found->n, &known))
        return false;
    if (!known)
        return true;
    const BornAt cursor = {.at = from->by_id ? 0 : from->at, .id = from->id};
    int n = 0;
    for (int i = 0; i < found->n; i++)
        if (!from->set || younger(&cursor, &all[i]))
            n = insert(best, n, most, &all[i]);
    out->ids = ARENA_ARRAY(c->a, n, int64_t);
    out->n = n;
    for (int i = 0; i < n; i++)
        out->ids[i] = best[i].id;
    return true;
}
