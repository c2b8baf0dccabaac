/*
 * "Another row agrees with it" (filter ["id", "duplicate", rule]) for the counting of many rows. Asked row by row it is
 * a look into an index for each of a million customers; but who reads them all can be told which agree at all by one
 * walk of that index, and mostly they are few.
 */
#ifndef RECORD_TWINS_H
#define RECORD_TWINS_H

#include "meta/filter.h"

/* Is there such a condition in f that holds for every reader alike (he reads all rows, in clear)? */
bool twins_in(const Filter *f);
/* f with the ids of the rows instead of each such condition, where these are at most 5,000 each; the rest stays as it is. */
bool twins_known(Ctx *c, const Entity *e, const Filter *f, Filter **out);

#endif
