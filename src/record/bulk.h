/*
 * Many records at once: a selection or all that a list shows, as a job. Every row goes through the same gate and
 * stages as a single change; what refuses one row leaves the others alone. Each row keeps what it was before, so that
 * the whole can be taken back as long as the rows were not changed since.
 */
#ifndef RECORD_BULK_H
#define RECORD_BULK_H

#include "record/job.h"

/* {"ids": […] (at most 10,000) | "filter", "q", "view", "archived", "action", "values", "preview": true}. A preview writes
   {"matched", "allowed", "sample": [{"id", "label"}]} to out and queues nothing (*out_job 0); else the job is queued. */
bool bulk_start(Ctx *c, const Entity *e, json_object *in, Buf *out, int64_t *out_job);
/* Queues the undoing of a bulk job of the caller, within 30 days. ERR_UNDO_REFUSED where it cannot be. */
bool bulk_undo(Ctx *c, int64_t job, int64_t *out_job);
/* What became of the rows that did not simply change: {"data": [{"record": {"id", "label"}, "outcome", "field", "code",
   "message"}], "next_cursor"}; labels only of records the caller may read. */
bool bulk_results(Ctx *c, int64_t job, const char *cursor, int limit, Buf *out);

/* Job kinds. */
bool bulk_job(Ctx *c, Job *job);
bool bulk_undo_job(Ctx *c, Job *job);

#endif
