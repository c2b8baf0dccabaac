/*
 * What is left of an erased record in places that are no record: what it was before a bulk change, rows of an import with
 * their file, notices and letters about it, requests to change it, merges it was part of, and the words by which it was searched for. Called by
 * bin.c in the write that erases.
 */
#ifndef RECORD_TRACES_H
#define RECORD_TRACES_H

#include "record/record.h"

/* The traces of rows of e, by their ids. files: the file that an import brought them with goes, too (its rows are of
   others as well): *digests then holds the SHA-256 (hex) of bytes that no row names any more, NULL at the end. */
bool traces_erase(Ctx *c, const Entity *e, const int64_t *ids, int n, bool files,
                  const char ***digests);

/* Words of erased rows lie in the segments of a search table until these are merged: since when that is owed, 0 for no. */
bool traces_words_due(Ctx *c, const Entity *e, int64_t *since);
/* It was done for all that was owed at `since`; in a write of its own. */
bool traces_words_done(Ctx *c, const Entity *e, int64_t since);

#endif
