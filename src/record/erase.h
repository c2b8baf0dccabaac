/*
 * Rows that go for good, with all that goes with them: what belongs to them, what was merged into such parts, rows that are
 * nothing without them (the pair of a contact and a further customer), history, files, traces elsewhere. Links to them lead
 * nowhere, and what they were merged into is not found by their words any more. Who may, and why, is asked by bin.c.
 */
#ifndef RECORD_ERASE_H
#define RECORD_ERASE_H

#include "base/vec.h"
#include "record/record.h"

/* The most rows of one call; what goes along is found in sets of so many. */
enum { ERASE_BLOCK = 100 };

typedef struct Erase {
    bool demanded;             /* by a person, and not because their time was over */
    int64_t rows;              /* records that went */
    VEC(const char *) digests; /* of files that may have lost their last row */
} Erase;

/* These rows of e, at most ERASE_BLOCK; not what was merged into themselves, which the caller tells of one by one. In a write
   that holds db_alone "merge". */
bool erase_rows(Ctx *c, Erase *x, const Entity *e, const int64_t *ids, int n);
/* Rows of attachment, at most ERASE_BLOCK, whose records stay. In a write. */
bool erase_files(Ctx *c, Erase *x, const int64_t *ids, int n);
/* The bytes that no row names any more; behind the write. */
void erase_bytes(Ctx *c, const Erase *x);

#endif
