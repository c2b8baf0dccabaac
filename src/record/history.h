/*
 * What a save leaves behind: one row of history with values before and after, one of the audit log with
 * field names and digests. The texts are made before the transaction, the rows written in it.
 */
#ifndef RECORD_HISTORY_H
#define RECORD_HISTORY_H

#include "record/save.h"

/* Fills changes, audit and record_name of w from before, after and changed. Nothing changed: all stay NULL. */
void history_prepare(Ctx *c, SaveWork *w);
/* Writes the history row (changes may be NULL: then only that it happened). In a write. */
bool history_add(Ctx *c, const Entity *e, int64_t id, const char *action, const char *changes);
/* The same for many records, in sets; changes[i] may be NULL. */
bool history_add_many(Ctx *c, const Entity *e, const int64_t *ids, const char *const *changes,
                      int n, const char *action);
/* {"field": [before, after]} for one field. */
char *history_one(Ctx *c, const Field *f, const DbVal *before, const DbVal *after);
/* Number or title without personal data; NULL where it has neither. */
const char *history_record_name(Ctx *c, const Entity *e, const DbVal *v);
/* SHA-256 as 64 hex digits. */
char *history_digest(Arena *a, const char *text, size_t n);

#endif
