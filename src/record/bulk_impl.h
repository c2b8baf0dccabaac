/* What bulk.c and bulk_undo.c share. */
#ifndef RECORD_BULK_IMPL_H
#define RECORD_BULK_IMPL_H

#include "db/pace.h"
#include "record/bulk.h"
#include "record/save.h"

typedef enum BulkOutcome {
    BULK_CHANGED,
    BULK_UNCHANGED,
    BULK_FAILED,
    BULK_UNDONE,
    BULK_KEPT, /* not undone: changed since */
    BULK__OUTCOMES
} BulkOutcome;
extern const char *const bulk_outcomes[]; /* by BulkOutcome, as in job_row */

typedef struct BulkAction {
    const char *name;
    Action right;
    const char *verb; /* in history and audit */
} BulkAction;
const BulkAction *bulk_action(const char *name); /* NULL for none */

typedef struct Bulk {
    const Entity *e;
    const BulkAction *action;
    json_object *values;
    int64_t owner; /* assign */
    const Field *tags_field;
    int64_t *tags;
    int n_tags;
    int64_t *ids; /* ascending; NULL: by lq */
    int n_ids;
    ListQuery lq;
    Filter *readable, *allowed; /* rows he sees, and of them those he may change so */
    /* while it runs */
    Job *job;
    int64_t after, upto, slice_end, row, total, left_out;
    int64_t counts[BULK__OUTCOMES];
    bool cancelled;
    Pace pace;
} Bulk;

typedef struct BulkRow {
    const Bulk *b;
    int64_t n, id, version, new_version;
    bool refused; /* before the write */
    BulkOutcome outcome;
    SaveWork *w;
    const char *before, *field, *code, *message;
} BulkRow;

/* Reads and checks a request as bulk_start takes it. */
bool bulk_read(Ctx *c, const Entity *e, json_object *in, Bulk *b);
/* In a write. */
bool bulk_row_add(Ctx *c, int64_t job, const Entity *e, const BulkRow *row);
const char *bulk_counts(Ctx *c, const Bulk *b);

#endif
