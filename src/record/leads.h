/*
 * The rows whose link leads to some records, those of the recycle bin with them: what a merge moves, what an erasing takes
 * away. Nothing else asks for both, so each link has an index of the living rows and one of the bin (meta/plan.c), and a
 * row that lives costs the second nothing; a statement has to ask for either by itself, or it goes through the table.
 */
#ifndef RECORD_LEADS_H
#define RECORD_LEADS_H

#include "db/sql.h"
#include "meta/model.h"

/* "column IN (ids)" of all rows of x, or of a table that has no bin (x NULL or not standard). alias of the table, or NULL. */
void leads_to(Sql *q, const char *alias, const Entity *x, const char *column, const int64_t *ids,
              int n);

#endif
