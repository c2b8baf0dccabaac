/*
 * Ways to the rows of a filter by indexes. A way is an OR of arms, each one path: from what an index finds (a value, a span, a
 * share) over links to the row.
 */
#ifndef RECORD_WAY_H
#define RECORD_WAY_H

#include "meta/filter.h"

typedef struct Way Way;

/* The way by which indexes find the rows of a filter, or of a part of it that no row of it is outside of; NULL: there is none. */
const Way *way_of(Ctx *c, const Entity *e, const Filter *f);
/* Do both ask for one value, of two fields that stand first in one index? Then it leads to the rows of both at once. */
bool way_pair(const Entity *e, const Filter *x, const Filter *y);
bool way_exact(const Way *w);    /* … of the whole of it */
bool way_straight(const Way *w); /* it leads over no other table */
/* Appends SELECT of the ids of those rows, live ones, each once. As long as these are fewer than `most` they are all; each arm
   hands over no more than so many. */
void way_sql(Ctx *c, Sql *q, const Entity *e, const Way *w, bool archived_too, int most);

#endif
