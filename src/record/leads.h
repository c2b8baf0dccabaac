/*
 * The rows whose link leads to some records, those of the recycle bin with them: what a merge moves, what an erasing takes
 * away. Nothing else asks for both, so each link has an index of the living rows and one of the bin (meta/plan.c), and a
 * row that lives costs the second nothing; a statement has to ask for either by itself, or it goes through the table.
 */
#ifndef RECORD_LEADS_H
#define RECORD_LEADS_H

#include "db/sql.h"
#include "meta/model.h"

typedef struct Lead {
    const Entity *x;    /* whose rows; NULL or not standard: a table that has no bin */
    const char *column; /* of the link */
    const char
        *by; /* the column that names the entity it leads to, which is `kind`; NULL for none */
    const char *kind;
} Lead;

/* A condition in brackets: it leads to one of these. alias of the table, or NULL; live: none of the bin. */
void leads_to(Sql *q, const char *alias, const Lead *l, const int64_t *ids, int n, bool live);

#endif
