/*
 * The schema: a plan (tables, columns, indexes wished for) is compared with what the database has
 * and carried out. Only adds and renames; a drop is a step of its own with a reason. Steps are
 * written to the ledger schema_ledger(id, at, program, what, digest); one process at a time
 * (lock row with a lease). A database whose format is newer than the program is refused by name.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"

typedef enum ColType {
    COL_INT,
    COL_REAL,
    COL_TEXT,
    COL_BLOB,
    COL_BOOL
} ColType; /* BIGINT, DOUBLE, TEXT COLLATE "C", BYTEA, SMALLINT */

typedef struct PlanColumn {
    const char *name;
    ColType type;
    bool not_null;    /* only with a dflt, or on new tables */
    const char *dflt; /* literal text: a number, or NULL */
    const char *was;  /* former name, renamed where found; or NULL */
} PlanColumn;

typedef struct PlanIndex {
    const char *name;           /* ix_…, ux_… */
    const char *const *columns; /* NULL-terminated; "-name" descends */
    bool unique;
    const char *where_not_null; /* partial: this column IS NOT NULL; or NULL */
    const char *where_null;     /* partial: this column IS NULL (deleted_at); or NULL */
} PlanIndex;

typedef struct PlanTable {
    const char *name;
    const PlanColumn *columns; /* the first is the primary key "id" unless key says otherwise */
    int n_columns;
    const char *const *key; /* NULL-terminated primary key, or NULL for {"id"} */
    const PlanIndex *indexes;
    int n_indexes;
    bool search; /* also search_<name> */
} PlanTable;

typedef struct Plan {
    const PlanTable *tables;
    int n;
    int format;          /* of this program; written to the database */
    const char *program; /* version text for the ledger */
} Plan;

/* Brings the database to the plan inside one transaction per table. dry: only say what would be done. */
bool migrate_run(Ctx *c, const Plan *plan, bool dry, const char *const **out_steps);
/* ERR_CONFLICT with a clear line where the database is newer than format; fine where it is empty. */
bool migrate_check(Ctx *c, int format);
/* One table, inside a running write (a custom field was added). */
bool migrate_table(Ctx *c, const PlanTable *table);
/* Inside a running write, before migrate_table: columns (NULL-terminated) that are there already are dropped with the indexes of
   the plan that stand on them. For what is left of a field that was taken back: nobody reads it, and its type may be another. */
bool migrate_clear(Ctx *c, const PlanTable *table, const char *const *columns);

#endif
