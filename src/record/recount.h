/*
 * The counts a record keeps of what belongs to it (hooks move them by one at a time): compared with
 * the rows they count, and counted anew.
 */
#ifndef RECORD_RECOUNT_H
#define RECORD_RECOUNT_H

#include "record/record.h"

/* Calls say for each of the first 20 records of a count whose number is wrong. false: it could not be found out. */
bool recount_check(Ctx *c,
                   void (*say)(void *arg, const char *entity, int64_t id, const char *field),
                   void *arg);
/* The counts of these records of e anew, one statement a count; and those that the records they belong to keep of them. In a
   write. */
bool recount_rows(Ctx *c, const Entity *e, const int64_t *ids, int n);
bool recount_wholes(Ctx *c, const Entity *e, const int64_t *ids, int n);
/* Counts anew where it is wrong, one statement a count, in one write; *mended: how many were. */
bool recount_mend(Ctx *c, int64_t *mended);

#endif
