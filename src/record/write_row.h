/*
 * Rows of entities on their way into the database: INSERT and UPDATE with companion columns
 * (<column>_f folded, _s collation key, _k match key). The texts of an entity are made once per model
 * version and kept, so that a create binds values and nothing more.
 */
#ifndef RECORD_WRITE_ROW_H
#define RECORD_WRITE_ROW_H

#include "db/sql.h"
#include "record/record.h"

/* The INSERT of a whole row; values by Field.index. */
void write_row_insert(Ctx *c, const Entity *e, const DbVal *values, Sql *out);
/* Many rows of one entity in as few statements as their parameters allow, companions included; nothing of history or hooks.
   In a write. rows[i] by Field.index. once: a unique column; a row whose value of it is there already is passed over; or NULL. */
bool write_row_insert_many(Ctx *c, const Entity *e, const DbVal *const *rows, int n,
                           const char *once);
/*
 * UPDATE of the fields marked in changed (with their companions), "WHERE id = …"; old_version ≥ 0 also asks
 * "AND version = …", and live rows only. scope (or NULL) is joined by AND. No field: the text stays empty.
 */
void write_row_update(Ctx *c, const Entity *e, int64_t id, const DbVal *values,
                      const unsigned char *changed, int64_t old_version, const Filter *scope,
                      Sql *out);
/* UPDATE "entity" SET field = value …, with companions; the caller adds " WHERE …". */
void write_row_set(Ctx *c, const Entity *e, const int *fields, const DbVal *values, int n,
                   Sql *out);

/* Replaces the rows of rel_<entity>_<field> of one record: takes away `gone`, adds `come`. In a write. */
bool write_row_many(Ctx *c, const Entity *e, const Field *f, int64_t id, const int64_t *old,
                    int n_old, const int64_t *ids, int n);
/* The ids of a link_many of one record, ascending. */
bool write_row_read_many(Ctx *c, const Entity *e, const Field *f, int64_t id, int64_t **out,
                         int *out_n);

/* Which companions a field has. */
bool write_row_has_fold(const Field *f);
bool write_row_has_sort(const Field *f);
bool write_row_has_match(const Field *f);

#endif
