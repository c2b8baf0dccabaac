/*
 * Duplicates: rows that agree with a record in the match keys of a rule (Entity.dups). Found by the
 * indexes of the key columns, never by scanning. A record that was merged away agrees for the one that stayed
 * (record/former.h). Hints while one types: dedupe_hint.c.
 */
#ifndef RECORD_DEDUPE_H
#define RECORD_DEDUPE_H

#include "record/save.h"

/* The match keys of a rule. */
enum { DUP_FIELDS = 8 };
typedef struct DupKeys {
    const Field *fields[DUP_FIELDS];
    DbVal keys[DUP_FIELDS];
    int n;
} DupKeys;
/* false where one of them is empty, so that the rule does not apply. */
bool dedupe_keys(Ctx *c, const Entity *e, const DupRule *rule, const DbVal *values, DupKeys *out);
/* Writes the condition that the row called alias has these keys. */
void dedupe_agrees(Ctx *c, Sql *q, const char *alias, const DupKeys *k);

/* What the rule does on a channel. */
DupAction dedupe_action(const DupRule *rule, const SaveOptions *o, Channel ch);
/* In a write, before it is looked for duplicates of a record that comes back: nobody else enters or brings back one with the keys
   of a rule that blocks meanwhile. */
bool dedupe_alone(Ctx *c, const Entity *e, const DbVal *values);
/* Fills w->dups: one statement that finds a row which blocks this save, or one that such a row was merged into. */
void dedupe_prepare(Ctx *c, SaveWork *w);
/* In the transaction: no such row. ERR_DUPLICATE with its label, or (where it is foreign) its owner. */
bool dedupe_check(Ctx *c, SaveWork *w);
/*
 * The refusal of a save because of that record, by that rule (index into Entity.dups). Always false. *named: may the
 * owner of a foreign one be told? Each that is told counts like a hint, in a write of its own; *named is taken away
 * where that was one too many. NULL: inside a write, where nobody is named.
 */
bool dedupe_refuse(Ctx *c, const Entity *e, int rule, int64_t id, bool *named);
/*
 * After a save was refused, outside its transaction (which is rolled back, and a count in it with it): a foreign
 * row that was named counts like a hint; beyond the limit the answer is ERR_LIMIT without the owner. Always false.
 * before: mistakes recorded before the save.
 */
bool dedupe_told(Ctx *c, SaveWork *w, int before);

#endif
