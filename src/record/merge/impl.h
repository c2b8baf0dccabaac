/* What the files of the merge share. */
#ifndef RECORD_MERGE_IMPL_H
#define RECORD_MERGE_IMPL_H

#include "base/json_read.h"
#include "db/sql.h"
#include "record/merge/merge.h"
#include "record/save.h"

/* ---- ask.c ----------------------------------------------------------------------------------- */

/* The records, read in the write: there, the caller's to merge, of the versions he saw. Fills m->s and m->r. */
bool merge_gate(Ctx *c, Merge *m);
/* The values chosen from others as the input of a save of the survivor; *out NULL where there are none. */
bool merge_choose(Ctx *c, const Merge *m, json_object **out);

/* ---- relink.c -------------------------------------------------------------------------------- */

/* A table beside the entities whose rows lead to a record by its entity and id. */
typedef struct MergePair {
    const char *table, *entity, *id; /* columns */
    const char *unique;              /* of one such row for each value of this column, or NULL */
} MergePair;
extern const MergePair merge_pairs[]; /* closed by a NULL table */

/* A column of a table that leads to records of an entity; by: the column that names the entity, or NULL. */
typedef struct MergeLead {
    const char *table, *column, *by;
    const Entity *x;    /* the entity of the table; NULL: a table beside them */
    const Field *f;     /* its link */
    const char *unique; /* of a pair */
} MergeLead;
/* Does this field lead to records of e? out is filled for one with a column. */
bool merge_leads(const Field *f, const Entity *e, MergeLead *out);
/* " FROM table AS t0 WHERE" it leads to a merged one; not the records themselves. live: none of the bin. */
void merge_of(Sql *q, const Merge *m, const MergeLead *l, bool live);

/* Everything that leads to one of the merged leads to the survivor; each row is noted in merge_row. In the write. */
bool merge_relink(Ctx *c, Merge *m);
/* Marks the lists of the survivor (tags) that gain something from the others; changed by Field.index. Before rows move. */
bool merge_joins(Ctx *c, const Merge *m, unsigned char *changed);
/* ---- count.c --------------------------------------------------------------------------------- */

/* One history row for each of x that moved, with all its links that changed. */
bool merge_tell_rows(Ctx *c, const Merge *m, const Entity *x);
/* Writes {"contact": 3}: the live rows that would move or moved just now, of what the caller may read. */
bool merge_count(Ctx *c, const Merge *m, const char **out);
/* The tables of which merge_row has rows are told to the followers of changes, and that records are or are no longer merged. */
bool merge_tell(Ctx *c, int64_t merge);
/* " IN (…)" the merged. */
void merge_in(Sql *q, const Merge *m);
/* ", version, updated_at, updated_by" of rows that change. */
void merge_stamp(Ctx *c, Sql *q);
/* "SELECT record_id FROM merge_row WHERE" of this merge, kind, table and column. */
void merge_rows(Sql *q, int64_t merge, const char *kind, const char *entity, const char *field);

/* ---- back.c ---------------------------------------------------------------------------------- */

typedef struct MergeUndo {
    int64_t id, at;
    Merge m; /* who it was about; s and r: as they are now */
    const char *payload;
    int64_t *stay;    /* by entity of the model: rows and links that could not go back */
    const char *left; /* {"contact": 1} */
} MergeUndo;
/* The others are back already. Counts in u->stay what stays. In the write. */
bool merge_rows_back(Ctx *c, MergeUndo *u);
/* Behind the hooks: counts in u->stay the live rows whose link they did not lead back. */
bool merge_hooks_left(Ctx *c, MergeUndo *u);
/* Fills u->left: how many stay, for entities the caller reads at all. */
void merge_left(Ctx *c, MergeUndo *u);

/* ---- image.c --------------------------------------------------------------------------------- */

/* {"before": {field: raw}, "after": {…}} of the fields in which two states of a record differ. */
const char *merge_payload(Ctx *c, const Record *before, const Record *after);
/* The fields that are still as the merge left them, with what they were before: marks changed, fills v (n_fields). */
bool merge_back(Ctx *c, const Record *now, const char *payload, unsigned char *changed, DbVal *v);
/* Values as a save takes them; NULL where no field is marked. */
json_object *merge_input(Ctx *c, const Entity *e, const unsigned char *changed, const DbVal *v);

/* ---- merge.c --------------------------------------------------------------------------------- */

/* The rows of these records, until the end of the write: nobody links to them meanwhile (PostgreSQL). */
bool merge_lock(Ctx *c, const Entity *e, const int64_t *ids, int n);
/* After a merge or an undo, outside its write: what this process keeps of merged records; others hear of it within a second. */
void merge_known(Ctx *c, const Merge *m);
/* History, audit and followers of a record that was part of a merge; changes: JSON of history with "_merge", or NULL. */
bool merge_note(Ctx *c, const Record *r, const char *action, const char *changes);
/* {…, "_merge": {"id", "into", "merged"}} from the changes of history ("{}" or NULL for none). */
const char *merge_changes(Ctx *c, const char *changes, int64_t id, int64_t into, const Record *r,
                          int n);

#endif
