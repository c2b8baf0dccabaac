/* Rows of job. See job.h. */
#include "record/job.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/meter.h"
#include "base/msg.h"
#include "base/whole.h"
#include "db/list.h"
#include "record/notify.h"

enum {
    MAX_TRIES = 5, /* one after the other without progress */
    LONGEST_MS =
        20 * JOB_LEASE_MS /* a lease that ends later was given before the clock was set back */
};

static const JobKind *registered;
static bool (*stop_asked)(void);
static const char *const states[] = {"queued", "running", "done", "failed", "cancelled"};

void job_register(const JobKind *kinds)
{
    registered = kinds;
}

const JobKind *job_kind(const char *kind)
{
    for (const JobKind *k = registered; k && k->kind; k++)
        if (strcmp(k->kind, kind) == 0)
            return k;
    return NULL;
}

void job_on_stop(bool (*asked)(void))
{
    stop_asked = asked;
}

bool job_stop_asked(void)
{
    return stop_asked && stop_asked();
}

/* ---- adding and claiming ------------------------------------------------------------------- */

typedef struct Add {
    const char *kind, *params;
    int64_t id;
} Add;

static bool add_row(Ctx *c, void *arg)
{
    Add *a = arg;
    DbVal p[] = {db_of_int(a->id), db_of_text(a->kind),
                 c->actor->user ? db_of_int(c->actor->user) : db_null(), db_of_text(a->params),
                 db_of_int(c->now_ms)};
    return db_exec(
               c,
               SQL("INSERT INTO \"job\" (\"id\", \"kind\", \"owner_id\", \"state\", \"params\", "
                   "\"done\", \"cancel\", "
                   "\"attempts\", \"created_at\") VALUES ($1, $2, $3, 'queued', $4, 0, 0, 0, $5)"),
               p, 5) &&
           db_change(c, "job", a->id);
}

bool job_add(Ctx *c, const char *kind, const char *params, int64_t *out_id)
{
    Add a = {kind, params ? params : "{}", id_new()};
    if (!db_write(c, add_row, &a))
        return false;
    *out_id = a.id;
    return true;
}

typedef struct Claim {
    const char *by;
    int64_t until;
    Job *job;
    bool found;
} Claim;

static bool read_job(Ctx *c, DbRows *r, Job *job)
{
    *job = (Job){.id = db_int(r, 0),
                 .kind = arena_str(c->a, db_text(r, 1)),
                 .owner = db_int(r, 2),
                 .total = db_int(r, 5),
                 .done = db_int(r, 6),
                 .attempts = (int)db_int(r, 7),
                 .tries = (int)db_int(r, 8)};
    const char *params = arena_str(c->a, db_text(r, 3)), *progress = arena_str(c->a, db_text(r, 4));
    if (params && !json_read(c, params, strlen(params), &job->params))
        return false;
    return !progress || json_read(c, progress, strlen(progress), &job->progress);
}

static bool claim_row(Ctx *c, void *arg)
{
    Claim *k = arg;
    k->found = false;
    DbVal p[] = {db_of_text(k->by), db_of_int(k->until), db_of_int(c->now_ms),
                 db_of_int(c->now_ms + LONGEST_MS)};
    DbRows *r = db_query(
        c,
        SQL("UPDATE \"job\" SET \"state\" = 'running', \"lease_by\" = $1, \"lease_until\" = $2, "
            "\"attempts\" = \"attempts\" + 1, \"tries\" = coalesce(\"tries\", 0) + 1, "
            "\"started_at\" = coalesce(\"started_at\", $3) "
            "WHERE \"id\" = (SELECT \"id\" FROM \"job\" WHERE (\"state\" = 'queued' OR (\"state\" "
            "= 'running' AND (\"lease_until\" < $3 OR \"lease_until\" > $4))) AND "
            "(\"run_at\" IS NULL OR \"run_at\" <= $3) ORDER BY \"id\" ASC LIMIT 1) "
            "AND (\"state\" = 'queued' OR (\"state\" = 'running' AND (\"lease_until\" < $3 OR "
            "\"lease_until\" > $4))) "
            "RETURNING \"id\", \"kind\", \"owner_id\", \"params\", \"progress\", \"total\", "
            "\"done\", \"attempts\", \"tries\""),
        p, 4);
    if (!r)
        return false;
    k->found = db_step(r);
    bool ok = !k->found || read_job(c, r, k->job);
    db_done(r);
    return ok && c->n_err == 0;
}

static bool any_waiting(Ctx *c, bool *out)
{
    int64_t one;
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(c->now_ms + LONGEST_MS)};
    return db_one_int(
        c,
        SQL("SELECT 1 FROM \"job\" WHERE (\"state\" = 'queued' OR (\"state\" = 'running' AND "
            "(\"lease_until\" < $1 OR \"lease_until\" > $2))) AND (\"run_at\" IS NULL OR "
            "\"run_at\" <= $1) LIMIT 1"),
        p, 2, &one, out);
}

bool job_claim(Ctx *c, const char *by, int64_t lease_ms, Job *out, bool *found)
{
    *found = false;
    bool waiting = false;
    if (!any_waiting(c, &waiting) || !waiting) /* look before taking the write lock */
        return c->n_err == 0;
    Claim k = {by, c->now_ms + lease_ms, out, false};
    if (!db_write(c, claim_row, &k))
        return false;
    *found = k.found;
    out->by = by;
    if (k.found &&
        out->tries > MAX_TRIES) { /* it ended the process each time: do not try for ever */
        *found = false;
        return job_end(c, out, JOB_IS_FAILED, msg_text(c->lang, "err.job_crashed"), 0);
    }
    return true;
}

static bool free_of(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c,
                   SQL("UPDATE \"job\" SET \"lease_until\" = 0 WHERE \"state\" = 'running' AND "
                       "\"lease_by\" = $1"),
                   p, 1);
}

bool job_free_dead(Ctx *c)
{
    enum { MOST = 32 };
    char *holders[MOST];
    int n = 0;
    DbRows *r = db_query(c,
                         SQL("SELECT DISTINCT \"lease_by\" FROM \"job\" WHERE \"state\" = "
                             "'running' AND \"lease_by\" IS NOT NULL LIMIT 32"),
                         NULL, 0);
    if (!r)
        return false;
    while (n < MOST && db_step(r))
        holders[n++] = arena_str(c->a, db_text(r, 0));
    db_done(r);
    for (int i = 0; i < n; i++) {
        bool lives;
        if (!db_holder_lives(c, holders[i], &lives) ||
            (!lives && !db_write(c, free_of, holders[i])))
            return false;
    }
    return c->n_err == 0;
}

/* ---- while it runs ------------------------------------------------------------------------- */

/* Behind an UPDATE that says "this claim still holds": where it changed nothing, it does not. */
static bool still_mine(Ctx *c, Job *job, bool found)
{
    job->lost = c->n_err == 0 && !found;
    return found || (job->lost && ctx_fail(c, ERR_BUSY, NULL, "err.job_lost"));
}

typedef struct Progress {
    Job *job;
    int64_t done, total;
    const char *progress, *counts;
    bool cancel;
} Progress;

static bool progress_row(Ctx *c, void *arg)
{
    Progress *g = arg;
    DbVal p[] = {db_of_int(g->job->id),  db_of_int(g->done),
                 db_of_int(g->total),    db_of_text(g->progress),
                 db_of_text(g->counts),  db_of_int(clock_now_ms() + JOB_LEASE_MS),
                 db_of_text(g->job->by), db_of_int(g->job->attempts)};
    DbRows *r = db_query(
        c,
        SQL("UPDATE \"job\" SET \"done\" = $2, \"total\" = $3, \"progress\" = coalesce($4, "
            "\"progress\"), \"counts\" = coalesce($5, \"counts\"), \"tries\" = CASE WHEN $2 > "
            "\"done\" THEN 0 ELSE \"tries\" END, \"lease_until\" = $6 WHERE "
            "\"id\" = $1 AND \"state\" = 'running' AND \"lease_by\" = $7 AND \"attempts\" = $8 "
            "RETURNING \"cancel\""),
        p, 8);
    if (!r)
        return false;
    bool found = db_step(r);
    if (found)
        g->cancel = db_int(r, 0) == 1;
    db_done(r);
    return still_mine(c, g->job, found) && c->n_err == 0;
}

bool job_progress(Ctx *c, Job *job, int64_t done, int64_t total, const char *progress,
                  const char *counts, bool *cancel)
{
    Progress g = {job, done, total, progress, counts, false};
    if (!db_write(c, progress_row, &g))
        return false;
    job->done = done;
    job->total = total;
    if (cancel)
        *cancel = g.cancel;
    return true;
}

typedef struct Touch {
    Job *job;
    int64_t until;
} Touch;

static bool touch_row(Ctx *c, void *arg)
{
    Touch *t = arg;
    DbVal p[] = {db_of_int(t->job->id), db_of_int(t->until), db_of_text(t->job->by),
                 db_of_int(t->job->attempts)};
    return db_exec(c,
                   SQL("UPDATE \"job\" SET \"lease_until\" = $2 WHERE \"id\" = $1 AND \"state\" = "
                       "'running' AND \"lease_by\" = $3 AND \"attempts\" = $4"),
                   p, 4) &&
           still_mine(c, t->job, db_changes(c) == 1);
}

bool job_touch(Ctx *c, Job *job, int64_t lease_ms)
{
    Touch t = {job, clock_now_ms() + lease_ms};
    return db_write(c, touch_row, &t);
}

typedef struct End {
    Job *job;
    JobState state;
    const char *message;
    int64_t file;
    bool now; /* it ended by this call */
} End;

/* Who asked for it hears that it is over, unless he stopped it himself. */
static bool notify_end(Ctx *c, const End *e)
{
    static const char *const told[] = {"export", "import_run", "import_undo", "bulk", "bulk_undo"};
    if (e->state != JOB_IS_DONE && e->state != JOB_IS_FAILED)
        return true;
    Notice n = {e->job->owner, "job", "job", e->job->id, e->message, NULL};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (strcmp(e->job->kind, told[i]) == 0)
            return notify(c, &n,
                          arena_printf(c->a, "notify.%s_%s", e->job->kind,
                                       e->state == JOB_IS_DONE ? "done" : "failed"));
    return true;
}

/* Has this very claim ended it already? Its lease is given back then, but the number of the attempt stays. */
static bool ended_already(Ctx *c, const Job *job, bool *out)
{
    int64_t one;
    DbVal p[] = {db_of_int(job->id), db_of_int(job->attempts)};
    return db_one_int(c,
                      SQL("SELECT 1 FROM \"job\" WHERE \"id\" = $1 AND \"attempts\" = $2 AND "
                          "\"state\" IN ('done', 'failed', 'cancelled')"),
                      p, 2, &one, out);
}

static bool end_row(Ctx *c, void *arg)
{
    End *e = arg;
    DbVal p[] = {db_of_int(e->job->id),      db_of_text(states[e->state]),
                 db_of_text(e->message),     e->file ? db_of_int(e->file) : db_null(),
                 db_of_int(clock_now_ms()),  db_of_text(e->job->by),
                 db_of_int(e->job->attempts)};
    bool over = false;
    if (!db_exec(c,
                 SQL("UPDATE \"job\" SET \"state\" = $2, \"message\" = $3, \"file_id\" = $4, "
                     "\"finished_at\" = $5, \"lease_by\" = NULL, \"lease_until\" = NULL WHERE "
                     "\"id\" = $1 AND \"state\" = 'running' AND \"lease_by\" = $6 AND "
                     "\"attempts\" = $7"),
                 p, 7))
        return false;
    e->now = db_changes(c) == 1;
    if (e->now)
        return notify_end(c, e) && db_change(c, "job", e->job->id);
    return ended_already(c, e->job, &over) && still_mine(c, e->job, over);
}

bool job_end(Ctx *c, Job *job, JobState state, const char *message, int64_t file)
{
    End e = {job, state, message, file, false};
    if (!db_write(c, end_row, &e))
        return false;
    if (e.now)
        meter_add(state == JOB_IS_DONE     ? METER_JOBS_DONE
                  : state == JOB_IS_FAILED ? METER_JOBS_FAILED
                                           : METER_JOBS_CANCELLED,
                  1);
    return true;
}

bool job_figures(Ctx *c, JobFigures *out)
{
    *out = (JobFigures){0};
    DbRows *r = db_query(c,
                         SQL("SELECT \"state\", COUNT(*), MIN(\"created_at\") FROM \"job\" WHERE "
                             "\"state\" IN ('queued', 'running') GROUP BY \"state\""),
                         NULL, 0);
    while (r && db_step(r)) {
        bool waits = strcmp(db_text(r, 0), states[JOB_IS_QUEUED]) == 0;
        *(waits ? &out->queued : &out->running) = db_int(r, 1);
        if (waits)
            out->oldest_at = db_int(r, 2);
    }
    return c->n_err == 0;
}

bool job_cancelled(Ctx *c, int64_t id)
{
    DbVal p[] = {db_of_int(id)};
    int64_t cancel = 0;
    bool found;
    return db_one_int(c, SQL("SELECT \"cancel\" FROM \"job\" WHERE \"id\" = $1"), p, 1, &cancel,
                      &found) &&
           cancel == 1;
}

/* ---- for people ---------------------------------------------------------------------------- */

#define JOB_COLUMNS                                                                                \
    "\"id\", \"kind\", \"state\", \"done\", \"total\", \"counts\", \"message\", \"file_id\", "     \
    "\"created_at\", \"finished_at\", \"params\""

/* The import a job belongs to; 0 for every other job. */
static int64_t import_of(Ctx *c, DbRows *r)
{
    json_object *params;
    const char *text = db_text(r, 10);
    int before = c->n_err;
    if (strncmp(db_text(r, 1), "import_", 7) != 0 || !text)
        return 0;
    if (json_read(c, text, strlen(text), &params))
        return json_int(params, "import", 0);
    ctx_errors_back_to(c, before);
    return 0;
}

static bool write_job(Ctx *c, Jw *w, DbRows *r)
{
    jw_obj(w);
    jw_kint(w, "id", db_int(r, 0));
    jw_kstr(w, "kind", db_text(r, 1));
    jw_kstr(w, "state", db_text(r, 2));
    jw_key(w, "progress");
    jw_obj(w);
    jw_kint(w, "done", db_int(r, 3));
    jw_kint(w, "total", db_int(r, 4));
    jw_end(w);
    jw_kraw(w, "counts", db_is_null(r, 5) ? "{}" : db_text(r, 5));
    jw_kstr(w, "message", db_text(r, 6));
    jw_kbool(w, "file", !db_is_null(r, 7));
    int64_t import = import_of(c, r);
    if (import)
        jw_kint(w, "import", import);
    jw_kinstant(w, "created_at", db_int(r, 8));
    jw_kinstant(w, "finished_at", db_int(r, 9));
    jw_end(w);
    return true;
}

/* 0 for those who may see all; -1, nobody, for a bearer token whose scopes do not name jobs. */
static int64_t whose(Ctx *c)
{
    const Entity *e = model_entity(c->model, "job");
    if (e && !access_may(c, e, ACT_READ))
        return -1;
    return actor_has(c->actor, RIGHT_JOBS) ? 0 : c->actor->user ? c->actor->user : -1;
}

bool job_json(Ctx *c, int64_t id, Buf *out)
{
    DbVal p[] = {db_of_int(id), db_of_int(whose(c))};
    DbRows *r = db_query(c,
                         SQL("SELECT " JOB_COLUMNS
                             " FROM \"job\" WHERE \"id\" = $1 AND ($2 = 0 OR \"owner_id\" = $2)"),
                         p, 2);
    if (!r)
        return false;
    bool found = db_step(r);
    if (found) {
        Jw w;
        jw_init(&w, out);
        (void)write_job(c, &w, r);
    }
    db_done(r);
    return c->n_err == 0 && (found || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found"));
}

bool job_list_json(Ctx *c, int limit, const char *cursor, Buf *out)
{
    int64_t before;
    if (!whole_cursor(c, cursor, INT64_MAX, &before))
        return false;
    DbVal p[] = {db_of_int(whose(c)), db_of_int(before), db_of_int(limit + 1)};
    DbRows *r = db_query(c,
                         SQL("SELECT " JOB_COLUMNS
                             " FROM \"job\" WHERE ($1 = 0 OR \"owner_id\" = $1) AND \"id\" < $2 "
                             "ORDER BY \"id\" DESC LIMIT $3"),
                         p, 3);
    return db_list_json(c, r, limit, write_job, out);
}

static bool cancel_row(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_int(*(int64_t *)arg), db_of_int(clock_now_ms())};
    return db_exec(
        c,
        SQL("UPDATE \"job\" SET \"cancel\" = 1, \"finished_at\" = CASE WHEN \"state\" = 'queued' "
            "THEN $2 ELSE \"finished_at\" END, "
            "\"state\" = CASE WHEN \"state\" = 'queued' THEN 'cancelled' ELSE \"state\" END "
            "WHERE \"id\" = $1 AND \"state\" IN ('queued', 'running')"),
        p, 2);
}

bool job_cancel(Ctx *c, int64_t id)
{
    Buf ignored;
    buf_init(&ignored, c->a);
    return job_json(c, id, &ignored) && db_write(c, cancel_row, &id);
}

bool job_file(Ctx *c, int64_t id, int64_t *out_attachment)
{
    Buf ignored;
    buf_init(&ignored, c->a);
    bool found = false;
    DbVal p[] = {db_of_int(id)};
    if (!job_json(c, id, &ignored) ||
        !db_one_int(
            c, SQL("SELECT \"file_id\" FROM \"job\" WHERE \"id\" = $1 AND \"file_id\" IS NOT NULL"),
            p, 1, out_attachment, &found))
        return false;
    return found || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.no_file_yet");
}
