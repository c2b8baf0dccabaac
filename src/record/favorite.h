/*
 * Favourites: the records somebody starred (entity favorite). Everybody has his own and reads no other's. What a
 * person may no longer read, or what is in the recycle bin, is not told; the star comes back with the right.
 */
#ifndef RECORD_FAVORITE_H
#define RECORD_FAVORITE_H

#include "record/record.h"

/* {"data": [{"entity", "id", "label"}]}, the newest first. One statement, and one per entity among them. */
bool favorite_list(Ctx *c, Buf *out);
/* Stars a record the caller may read; once more changes nothing. ERR_NOT_FOUND otherwise, ERR_LIMIT from 200 on. */
bool favorite_add(Ctx *c, const char *entity, int64_t id);
/* Takes the star away; where there is none nothing happens. */
bool favorite_remove(Ctx *c, const char *entity, int64_t id);

#endif
