/*
 * What changed, as one reader may hear of it: of the rows that change_log names those he may read,
 * by one statement with his scope in it. Rows he may not read leave no trace in the answer.
 */
#ifndef RECORD_TOLD_H
#define RECORD_TOLD_H

#include "record/record.h"

/* Rows of one entity that changed. */
typedef struct ToldAsk {
    const Entity *e;
    const int64_t
        *ids; /* of the rows, at most TOLD_IDS; NULL: those under the topic between from and to */
    int n;
    int64_t from, to;   /* change_log ids, both included */
    const Field *under; /* only those where this link is `parent`; NULL for all */
    int64_t parent;
    int limit; /* rows at most */
} ToldAsk;
enum { TOLD_IDS = 500 };

typedef struct Told {
    int64_t id;
    int64_t version; /* 0 where the entity has none */
    int64_t by;      /* user who changed it last; 0: nobody, or not the caller's to see */
    bool gone;       /* in the recycle bin */
} Told;

/* The rows of an ask, in brackets, for what stands behind IN. */
void rec_told_ids(Sql *q, const ToldAsk *ask);

/* The rows c->actor may read, deleted ones included. Nothing (no mistake) where he may not read the entity. */
bool rec_told(Ctx *c, const ToldAsk *ask, Told **out, int *n);

/* The link of `child` that leads to entity `to` and by which it belongs there or stands in its timeline; NULL for none. */
const Field *rec_told_link(const Entity *child, const Entity *to);

#endif
