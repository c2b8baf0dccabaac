/*
 * Of the many records that a search found, those of which a page in the order of creation can consist.
 */
#ifndef RECORD_NEWEST_H
#define RECORD_NEWEST_H

#include "record/search.h"

/* The `most` youngest of found behind a cursor, by (created_at, id) or by id alone, as ids of *out, which is otherwise
   as found; all of them where too many are asked for the first time (sql_born). At most one statement. */
typedef struct NewestFrom {
    bool by_id, set; /* set: there is a cursor, at and id */
    int64_t at, id;
} NewestFrom;
bool search_newest(Ctx *c, const Entity *e, const SearchFound *found, const NewestFrom *from,
                   int most, SearchFound *out);

#endif
