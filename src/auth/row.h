/*
 * Rows of the house's own entities (user, role, department) before the record engine stands: init,
 * seeding, the import of users. Fills the standard columns and the companion columns of text, so
 * that rows made here sort and filter like all others. Not for anything a person edits: that goes
 * through record/.
 */
#ifndef AUTH_ROW_H
#define AUTH_ROW_H

#include "meta/model.h"

typedef struct RowSet {
    const char *field; /* API name; a field the entity lacks is passed over */
    DbVal v;
} RowSet;

/* All inside db_write (asserted). */
bool row_insert(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n);
/* Counts the version up. */
bool row_update(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n);
/* Derived values, which nobody edited: version and updated_at stay. */
bool row_touch(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n);

/* The text as the column <field>_f holds it: logins and codes are unique without case and width. */
const char *row_fold(Ctx *c, const char *entity, const char *field, const char *text);

#endif
