/*
 * Records as arrays of values: reading them from rows, naming their columns. Shared by the reading
 * and the writing side of the engine.
 */
#ifndef RECORD_VALUE_H
#define RECORD_VALUE_H

#include "record/record.h"

/* Writes t0."a", t0."b" … for the fields of e that have a column (all but retired ones are read too), in index order. */
void value_columns(Sql *q, const Entity *e, const char *alias);
/* Reads such a row, from column `from` on, into values by Field.index (text copied to a). Returns the next column. */
int value_read_row(Arena *a, const Entity *e, DbRows *r, int from, DbVal *out);
/* Reads one column by the type of f; out was zero before. */
void value_read(Arena *a, const Field *f, DbRows *r, int col, DbVal *out);
/* The same where the kind of the field's column (value_kind) is known already. */
void value_read_as(Arena *a, DbKind kind, DbRows *r, int col, DbVal *out);
DbKind value_kind(const Field *f);
bool value_same(const DbVal *x, const DbVal *y);
/* A deep copy of text. */
DbVal value_copy(Arena *a, const DbVal *v);

#endif
