/*
 * Export of a list to .xlsx, .csv or .pdf as a job, streamed in constant memory, with the caller's own scope,
 * fields and masks. Rows count against limit.export_rows; more than limit.export_free_rows need a step-up.
 */
#ifndef RECORD_EXPORT_H
#define RECORD_EXPORT_H

#include "record/job.h"

/* Checks filter, fields and right, counts the rows, asks for the step-up where needed, queues. in: {filter, fields, format}. */
bool export_start(Ctx *c, const Entity *e, json_object *in, int64_t *out_job);
/* The job kind "export". */
bool export_job(Ctx *c, Job *job);

#endif
