/* Job threads: claim, run as the owner, end. See work.h. */
#include "work/runner.h"

#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/msg.h"
#include "work/ground.h"

enum {
    RETRY_MS = 3000,
    ASK_MS = 500,       /* while the database is away, between two words to it */
    PATIENCE_MS = 25000 /* then the lease runs out by itself */
};

static const char *first_message(const Ctx *c)
{
    return c->err ? c->err->message : msg_text(c->lang, "err.internal");
}

static bool as_owner(Ctx *c, int64_t owner)
{
    if (owner == 0) {
        c->actor = actor_system(c->a, CH_JOB);
        return true;
    }
    Actor *a;
    if (!actor_of_user(c, owner, CH_JOB, &a))
        return false;
    c->actor = a;
    c->zone = a->zone && *a->zone ? a->zone : conf_text("company.zone");
    if (a->locale && strncmp(a->locale, "en", 2) == 0)
        c->lang = "en";
    return true;
}

/* A database that went away comes back: the job goes on from its last progress, a few times (job_claim counts). */
static bool try_later(Ctx *c, Job *job)
{
    bool away = c->n_err > 0 && err_status(c->err->code) == 503;
    if (!away)
        return false;
    log_write(LOG_WARN, "job_waits", LOG_I("job", job->id), LOG_S("kind", job->kind),
              LOG_S("code", err_name(c->err->code)), LOG_S("detail", c->err->detail));
    ctx_errors_back_to(c, 0);
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    while (!job_touch(c, job, RETRY_MS) && !job->lost && !job_stop_asked() &&
           clock_mono_ms() <
               until) { /* as soon as it is back, the job is free, not when its lease runs out */
        ctx_errors_back_to(c, 0);
        clock_sleep_ms(ASK_MS);
    }
    ctx_errors_back_to(c, 0);
    return true;
}

static void end_job(Ctx *c, Job *job, bool ok, bool stopping)
{
    if (job->lost) { /* it is somebody else's now */
        log_write(LOG_WARN, "job_lost", LOG_I("job", job->id), LOG_S("kind", job->kind),
                  LOG_I("attempt", job->attempts));
        ctx_errors_back_to(c, 0);
        return;
    }
    if (!ok && try_later(c, job))
        return;
    const char *message = ok ? NULL : first_message(c);
    if (!ok && c->n_err)
        log_write(LOG_WARN, "job_failed", LOG_I("job", job->id), LOG_S("kind", job->kind),
                  LOG_S("code", err_name(c->err->code)), LOG_S("detail", c->err->detail));
    bool failed = c->n_err > 0;
    ctx_errors_back_to(c, 0);
    c->actor = actor_system(c->a, CH_JOB);
    if (stopping && !ok && !failed)
        return; /* stopped half-way: its lease runs out and the next start resumes it */
    JobState state = ok ? JOB_IS_DONE : failed ? JOB_IS_FAILED : JOB_IS_CANCELLED;
    if (!ok && !failed && !job_cancelled(c, job->id))
        state = JOB_IS_FAILED;
    if (!job_end(c, job, state, state == JOB_IS_FAILED ? message : NULL, 0) && job->lost)
        end_job(c, job, ok, stopping);
}

bool runner_step(Db *db, const char *by, bool *worked, bool (*stopping)(void))
{
    Ctx c;
    work_ground(&c, db, CH_JOB);
    c.patient = true;
    Job job;
    bool found = false;
    bool ok = job_claim(&c, by, JOB_LEASE_MS, &job, &found);
    *worked = found;
    if (found) {
        const JobKind *kind = job_kind(job.kind);
        if (!kind)
            ctx_fail(&c, ERR_INTERNAL, NULL, "err.job_kind", job.kind);
        bool done = kind && as_owner(&c, job.owner) && kind->run(&c, &job);
        end_job(&c, &job, done && c.n_err == 0, stopping && stopping());
    }
    work_ground_end(&c);
    return ok;
}
