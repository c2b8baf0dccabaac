/* Between list.c and list_way.c only: by which way the rows of a list are found where few of the table are on it. */
#ifndef RECORD_LIST_WAY_H
#define RECORD_LIST_WAY_H

#include "record/record.h"
#include "record/way.h"

enum { LIST_WAYS = 4 };

/* Of a filter or a scope: rows of a way that are looked up at once; rows of the order looked at before more of a way are; and
   how many these may be, for they are sorted. Only tests change it. */
typedef struct ListTries {
    int found, walked, more;
} ListTries;
extern ListTries list_tries;

typedef struct ListWays {
    const Entity *e;
    const Way *ways[LIST_WAYS];
    int n;
    bool apart;        /* of the bin, or archived rows alone: these are a way themselves */
    bool deleted;      /* … of the bin */
    bool archived_too; /* archived rows belong to the list */
    bool exact;        /* ways[0] finds the rows of the list and no others */
    bool linked;       /* rows of other tables are asked for */
} ListWays;

/* The ways to the rows of f within the list; out->n = 0 and not apart: none. */
void list_ways(Ctx *c, const Entity *e, const Filter *f, const ListQuery *lq, ListWays *out);

/* Is there a way with fewer than `most` rows? Then *out are their ids (the arena's), *out_n of them, and *found is true.
   Not all of them need be in the list. straight: ways that lead over rows of other tables, of which there may be any number
   to a row here, are not tried. */
bool list_way_ids(Ctx *c, const ListWays *w, bool straight, int most, int64_t **out, int *out_n,
                  bool *found);

/* The number of rows of an exact way, `most` where there are so many or more. */
bool list_way_count(Ctx *c, const ListWays *w, int most, int64_t *out);

/* " AND …": the parts of f tested on each row of t0, and no reason for the planner to begin with one of them.
   few: a page of them is looked for, or among some thousands. led: the statement has its rows from ids or from a stretch of the
   order; else a part that asks for one value may lead to them by its index, for they may all lie at the far end of the order. */
void list_way_test(Ctx *c, Sql *q, const Entity *e, const Filter *f, bool few, bool led);

#endif
