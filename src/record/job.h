/*
 * Long work: a row of job. The record floor keeps the rows; the work floor claims them by a lease and
 * runs the function of their kind (job kinds are handed in at start). A job runs as its owner. A
 * function that stops half-way is run again with the progress it last saved.
 *
 * A lease goes by the wall clock, and clocks are set, processes stopped for a minute. So a lease alone keeps nobody out: who
 * claims a job counts its attempts up, and every word about it (progress, touch, end) is written only where holder and
 * attempt are still those of the claim. Who was overtaken gets false, job->lost is set, and with the write goes
 * what he had done in it.
 */
#ifndef RECORD_JOB_H
#define RECORD_JOB_H

#include "record/record.h"

enum { JOB_LEASE_MS = 30000 };

/* Not JOB_DONE: that is the field of the entity in entity_ids.h. */
typedef enum JobState {
    JOB_IS_QUEUED,
    JOB_IS_RUNNING,
    JOB_IS_DONE,
    JOB_IS_FAILED,
    JOB_IS_CANCELLED
} JobState;

typedef struct Job {
    int64_t id, owner;
    const char *kind;
    json_object *params;
    json_object *progress; /* what job_progress saved last, or NULL */
    int64_t total, done;
    int attempts, tries; /* claims in all; those since its last progress */
    const char *by;      /* who holds the lease; with attempts, which claim it is */
    bool lost;           /* somebody else has claimed it since: stop, say nothing */
} Job;

typedef struct JobKind {
    const char *kind;
    /* true: done. false with mistakes: failed; without (job_cancelled): cancelled */
    bool (*run)(Ctx *c, Job *job);
} JobKind;

/* Closed by a NULL kind. */
void job_register(const JobKind *kinds);
const JobKind *job_kind(const char *kind);

/* Queues; the caller is the owner. params: JSON text. Inside or outside a write. */
bool job_add(Ctx *c, const char *kind, const char *params, int64_t *out_id);

/* Takes the oldest waiting job (or one whose lease ran out, or ends later than any lease can: the clock was set back) for
   `by` until now + lease. *found false where none waits. */
bool job_claim(Ctx *c, const char *by, int64_t lease_ms, Job *out, bool *found);
/* Jobs leased by processes that are gone are free at once, not when their lease runs out. `by` of job_claim must be
   db_holder for that. Called at the start, behind db_lease_take. */
bool job_free_dead(Ctx *c);
/* Saves how far it is and renews the lease; *cancel says that somebody asked to stop. progress, counts: JSON text or NULL.
   Call it inside the write that did the work, so that a crash resumes exactly behind it. ERR_BUSY with job->lost set: see
   above. So do job_touch and job_end. */
bool job_progress(Ctx *c, Job *job, int64_t done, int64_t total, const char *progress,
                  const char *counts, bool *cancel);
/* Ends it; a job that has ended stays as it is, so a function with a file or a message to leave ends itself. message: for the person, or NULL. file: an attachment, or 0. */
bool job_end(Ctx *c, Job *job, JobState state, const char *message, int64_t file);
/* Jobs that have not ended, for the operator; oldest_at: when the one that waits longest was made, 0 for none. */
typedef struct JobFigures {
    int64_t queued, running, oldest_at;
} JobFigures;
bool job_figures(Ctx *c, JobFigures *out);
/* Renews the lease of a job in a long step; inside a write that does not call job_progress, the guard of what it writes. */
bool job_touch(Ctx *c, Job *job, int64_t lease_ms);

/* The program is going down: a long job returns false without a mistake after its present block and is resumed by the next
   start. job_on_stop: once, by the work floor. */
void job_on_stop(bool (*asked)(void));
bool job_stop_asked(void);

/* Did somebody ask it to stop? */
bool job_cancelled(Ctx *c, int64_t id);

/* For the API: the caller's own jobs (with the right "jobs" all). ERR_NOT_FOUND otherwise. */
bool job_json(Ctx *c, int64_t id, Buf *out);
bool job_list_json(Ctx *c, int limit, const char *cursor, Buf *out);
bool job_cancel(Ctx *c, int64_t id);
/* The attachment with its result; ERR_NOT_FOUND where there is none (yet). */
bool job_file(Ctx *c, int64_t id, int64_t *out_attachment);

#endif
