/*
 * What happens without a request: jobs from the queue, and the keeper's small duties (node lease,
 * following the change log, sealing the audit log, emptying the recycle bin and old rows).
 */
#ifndef WORK_WORK_H
#define WORK_WORK_H

#include "db/db.h"

typedef struct Work Work;

typedef struct WorkOptions {
    Db *db;
    const char *dir; /* the data folder; audit.head is kept there */
    int threads;     /* jobs at the same time */
    /* told every row of change_log once the caches of this process know of it, on the keeper's thread; or NULL */
    void (*heard)(int64_t id, const char *topic, int64_t ref);
} WorkOptions;

bool work_start(Ctx *c, const WorkOptions *o, Work **out);
/* A letter was written, or a job queued: postmen, job threads of this process look at once. Rung behind each commit of this
   process that changed topic "outbox" or "job", and by the keeper, which hears of those of others. */
enum { WORK_POST = 1, WORK_JOB = 2 };
void work_ring(unsigned what);
/* The end is near: jobs stop at their next saved point, no new one begins. work_stop still waits for them. */
void work_stop_soon(void);
/* Lets running jobs reach their next saved point (they are resumed at the next start), then ends. */
void work_stop(Work *w);

/* Runs all waiting jobs on this thread and returns when none waits. For commands (zhike import). */
bool work_run_waiting(Ctx *c);

#endif
