/*
 * Write transactions.
 *
 * SQLite (writer_submit): one thread owns the writing connection. It takes all waiting jobs, runs
 * each in a SAVEPOINT of its own inside one BEGIN IMMEDIATE, commits once (one fsync for many
 * callers) and then wakes them: an acknowledged write is on disk. A job runs on the writer thread
 * with its caller's Ctx while the caller waits, so memory has one user at a time. The callers of one
 * batch come back together: before the next one the writer waits a moment for about half of them, because
 * a commit of many writes fewer pages and syncs once; a caller that is alone is never waited for.
 *   Where the engine drops the whole transaction because of one job (disk full, I/O error, an
 *   interrupt inside an UPDATE), the jobs of the batch are run again one by one.
 *   After an I/O error the connection is closed, and nothing is written before it opens again: what
 *   a failed fsync left in the page cache must not be trusted.
 *
 * PostgreSQL (writer_direct): the caller's thread and a connection of the pool, BEGIN … COMMIT, run
 * again on serialisation failure, deadlock or a connection lost before COMMIT was sent. A COMMIT
 * whose answer is lost is an error that says so: nobody knows. So is one on SQLite that failed behind its last
 * page, where nothing could be written over it (sqlite.c, bury).
 */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

#include "base/clock.h"
#include "base/meter.h"
#include "db/driver.h"
#include "db/pace.h"

enum {
    BATCH = 256, /* jobs in one commit at most */
    BATCH_MS =
        30, /* a batch of people's takes no further write after this long: its callers wait */
    GATHER_MS = 3,     /* it waits for the callers of the last one no longer than this */
    QUEUE_MAX = 10000, /* jobs waiting; beyond that callers are turned away at once */
    TRIES = 5,
    GIVE_UP_MS = 6000 /* no further try after this long: the caller has about 10 s */
};

typedef enum JobState { JOB_WAITING, JOB_TAKEN } JobState;

typedef struct Job {
    struct Job *next;
    Ctx *c;
    bool (*fn)(Ctx *c, void *arg);
    void *arg;
    sem_t done; /* posted once, when it was run */
    JobState state;
    int n_err; /* mistakes c had before */
    bool ok;
} Job;

struct Writer {
    Db *db;
    DbConn *conn;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    Job *first, **last;
    int n;
    int want;       /* jobs the thread sleeps for; 0: it is awake */
    int callers;    /* in the last batch or waiting behind it */
    bool jobs_turn; /* the last batch left the work of jobs behind: it is its turn */
    bool stop;
};

/*
 * Runs fn with conn as c's connection. true: its work may be committed. Cursors left open are
 * ended, changes noted are written.
 */
static bool run(Ctx *c, DbConn *conn, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    DbConn *before = c->conn;
    int n_err = c->n_err;
    c->conn = conn;
    conn->ctx = c;
    conn->aborted = conn->retry = false;
    conn->try_depth = 1; /* cursors that c had open before on this connection (PostgreSQL) stay */
    conn->in_write = true;
    conn->deadline_ms = c->deadline_ms;
    change_forget(conn, 0);
    int kept_search = conn->n_search;
    bool (*settle)(Ctx *, DbConn *) = conn->db->drv->ask->settle;
    bool ok = fn(c, arg);
    db_rows_end(conn, 1);
    conn->try_depth = 0;
    if (!ok && c->n_err == n_err)
        ctx_fail_detail(c, ERR_INTERNAL, "a write failed without saying why", "err.internal");
    if (ok && settle)
        ok = settle(c, conn);
    ok = ok && c->n_err == n_err && !conn->aborted;
    /* A failed statement whose mistake was forgotten still undoes the whole: PostgreSQL could not
       commit it, so SQLite must not. */
    if (!ok && c->n_err == n_err)
        ctx_fail_detail(c, ERR_INTERNAL, "a failed statement was passed over; use db_try",
                        "err.internal");
    if (ok)
        ok = change_flush(c, conn) && (!settle || settle(c, conn));
    change_forget(conn, 0);
    if (!ok)
        search_forget(conn, kept_search);
    conn->deadline_ms = 0;
    conn->in_write = false;
    conn->ctx = NULL;
    c->conn = before;
    return ok;
}

/* Nobody knows whether it was saved, and the caller is told just that. Always false. */
static bool tell_unknown(Ctx *c, int n_err)
{
    ctx_errors_forget(c, n_err);
    c->retry_after_s = 5;
    return ctx_fail(c, ERR_COMMIT_UNKNOWN, NULL, "err.commit_unknown");
}

/* --- SQLite: the queue ----------------------------------------------------------------------- */

static void fail_jobs(Writer *w, Job **jobs, int n)
{
    for (int i = 0; i < n; i++) {
        if (jobs[i]->ok || jobs[i]->c->n_err == jobs[i]->n_err)
            w->db->drv->ask->report(jobs[i]->c, w->conn);
        jobs[i]->ok = false;
    }
}

/* One job in its savepoint. false: the engine has dropped the whole transaction. */
static bool run_job(Writer *w, Job *j)
{
    const Driver *drv = w->db->drv;
    Ctx *c = j->c;
    ctx_errors_forget(c, j->n_err);
    j->ok = drv->control(c, w->conn, "SAVEPOINT j") && run(c, w->conn, j->fn, j->arg);
    if (!drv->in_transaction(w->conn))
        return false;
    if (!j->ok && !drv->control(c, w->conn, "ROLLBACK TO j"))
        return false;
    if (!drv->control(c, w->conn, "RELEASE j")) {
        j->ok = false;
        return false;
    }
    return true;
}

/* The search documents of the batch, behind its last savepoint; false: the transaction is of no more use. */
static bool write_search(Writer *w, Job *j)
{
    DbConn *conn = w->conn, *before = j->c->conn;
    conn->hold.rows = hold_us(&conn->hold);
    if (!conn->n_search)
        return true;
    j->c->conn = conn;
    conn->ctx = j->c;
    conn->aborted = conn->retry = false;
    conn->in_write = true;
    int n_err = j->c->n_err;
    bool ok = search_flush(j->c, conn) && j->c->n_err == n_err && w->db->drv->in_transaction(conn);
    db_rows_end(conn, 0);
    conn->hold.search = hold_us(&conn->hold);
    conn->in_write = false;
    conn->ctx = NULL;
    j->c->conn = before;
    return ok;
}

static void commit_jobs(Writer *w, Job **jobs, int n)
{
    CommitResult rc = w->db->drv->commit(w->conn);
    int64_t held = hold_end(&w->conn->hold, jobs[0]->c->patient);
    for (int i = 0; i < n; i++)
        jobs[i]->c->held_us = held, jobs[i]->c->words_us = hold_words_us(&w->conn->hold);
    if (rc == COMMIT_OK) {
        meter_add(METER_COMMITS, 1);
        change_committed(w->conn);
        return;
    }
    for (int i = 0; rc == COMMIT_UNKNOWN && i < n; i++)
        if (jobs[i]->ok)
            jobs[i]->ok = tell_unknown(jobs[i]->c, jobs[i]->n_err);
    fail_jobs(w, jobs, n);
    w->db->drv->rollback(w->conn);
}

/* A transaction of its own, for each job of a batch that the engine dropped. */
static void run_alone(Writer *w, Job *j)
{
    const Driver *drv = w->db->drv;
    ctx_errors_forget(j->c, j->n_err);
    j->ok = false;
    search_forget(w->conn, 0);
    if ((w->conn->broken && !drv->conn_reopen(w->conn, j->c)) || !drv->begin(j->c, w->conn))
        return;
    hold_begin(&w->conn->hold);
    if (!run_job(w, j) || (j->ok && !write_search(w, j))) {
        j->ok = false;
        if (j->c->n_err == j->n_err)
            drv->ask->report(j->c, w->conn);
        drv->rollback(w->conn);
        return;
    }
    commit_jobs(w, &j, 1);
}

/* Runs what it can of the jobs; returns how many are through (at least one). */
static int run_batch(Writer *w, Job **jobs, int n)
{
    const Driver *drv = w->db->drv;
    Ctx *c = jobs[0]->c;
    int64_t most = c->patient ? pace_hold_us() / 2 : BATCH_MS * 1000;
    if ((w->conn->broken && !drv->conn_reopen(w->conn, c)) || !drv->begin(c, w->conn)) {
        fail_jobs(w, jobs, n); /* the first has its mistake; the others get the same */
        return n;
    }
    search_forget(w->conn, 0);
    hold_begin(&w->conn->hold);
    for (int i = 0; i < n; i++) {
        if (i > 0 && hold_us(&w->conn->hold) > most) {
            n = i;
            break;
        }
        if (run_job(w, jobs[i]))
            continue;
        drv->rollback(w->conn);
        if (i == 0) { /* alone in it: its mistake stands */
            jobs[0]->ok = false;
            if (c->n_err == jobs[0]->n_err)
                drv->ask->report(c, w->conn);
            return 1;
        }
        for (int k = 0; k <= i; k++)
            run_alone(w, jobs[k]);
        return i + 1;
    }
    Job *teller =
        NULL; /* a job that went well lends its context, so that no mistake hides another */
    for (int i = 0; i < n && !teller; i++)
        if (jobs[i]->ok)
            teller = jobs[i];
    if (teller && !write_search(w, teller)) {
        drv->rollback(w->conn);
        for (int k = 0; k < n; k++)
            run_alone(w, jobs[k]);
        return n;
    }
    commit_jobs(w, jobs, n);
    return n;
}

/* Sleeps, under the lock, until there is a job (or the end), then a moment more where others are due. */
static void gather(Writer *w)
{
    w->want = 1;
    while (!w->first && !w->stop)
        pthread_cond_wait(&w->work, &w->lock);
    w->want = w->callers / 2;
    if (w->want > w->n) {
        struct timespec until = clock_after_ms(GATHER_MS);
        while (w->n < w->want && !w->stop)
            if (pthread_cond_timedwait(&w->work, &w->lock, &until) == ETIMEDOUT)
                break;
    }
    w->want = 0;
}

/*
 * Takes the next batch out of the queue. Where people and jobs (an import, a bulk change) wait, they go in turns and not
 * together: the step of an import and the merging of word lists in its commit are long, and whoever saves one record
 * waits for one of them at most, not for the one that runs and the one that is due.
 */
static int take_batch(Writer *w, Job **jobs)
{
    bool people = false, patient = false;
    for (const Job *j = w->first; j && !(people && patient); j = j->next) {
        people |= !j->c->patient;
        patient |= j->c->patient;
    }
    bool both = people && patient, turn = w->jobs_turn;
    int n = 0;
    for (Job **at = &w->first; *at && n < BATCH;) {
        Job *j = *at;
        if (both && j->c->patient != turn) {
            at = &j->next;
            continue;
        }
        *at = j->next;
        j->state = JOB_TAKEN;
        jobs[n++] = j;
    }
    w->jobs_turn = both && !turn;
    for (w->last = &w->first; *w->last;)
        w->last = &(*w->last)->next;
    w->n -= n;
    return n;
}

static void *writer_main(void *arg)
{
    Writer *w = arg;
    Job *jobs[BATCH];
    pthread_setname_np(pthread_self(), "zhike-writer");
    w->conn->hold.waits = clock_waits_open();
    pthread_mutex_lock(&w->lock);
    for (;;) {
        gather(w);
        if (!w->first)
            break;
        int n = take_batch(w, jobs);
        pthread_mutex_unlock(&w->lock);

        int through = run_batch(w, jobs, n);

        for (int i = 0; i < through; i++)
            sem_post(&jobs[i]->done); /* from here on the job is its caller's */
        pthread_mutex_lock(&w->lock);
        w->callers = through + w->n;
        if (through < n) { /* back to the head, in order */
            for (int i = through; i < n; i++) {
                jobs[i]->state = JOB_WAITING;
                jobs[i]->next = i + 1 < n ? jobs[i + 1] : w->first;
            }
            if (!w->first)
                w->last = &jobs[n - 1]->next;
            w->first = jobs[through];
            w->n += n - through;
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (w->conn->hold.waits > 0)
        close(w->conn->hold.waits);
    return NULL;
}

bool writer_start(Ctx *c, Db *db, DbConn *conn)
{
    Writer *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->db = db;
    w->conn = conn;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    clock_cond_init(&w->work);
    if (pthread_create(&w->thread, NULL, writer_main, w)) {
        free(w);
        return ctx_fail_detail(c, ERR_INTERNAL, "no thread for the writer", "err.internal");
    }
    db->writer = w;
    return true;
}

void writer_stop(Db *db)
{
    Writer *w = db->writer;
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->work);
    free(w);
    db->writer = NULL;
}

int writer_waiting(Db *db)
{
    Writer *w = db->writer;
    if (!w)
        return 0;
    pthread_mutex_lock(&w->lock);
    int n = w->n;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* Takes a job that nobody has begun out of the queue. */
static void withdraw(Writer *w, Job *j)
{
    for (Job **at = &w->first; *at; at = &(*at)->next) {
        if (*at == j) {
            *at = j->next;
            if (w->last == &j->next)
                w->last = at;
            w->n--;
            return;
        }
    }
}

/* ThreadSanitizer knows sem_post and sem_wait, but not sem_clockwait. */
#ifdef __SANITIZE_THREAD__
#define WAITED_FOR(sem) __tsan_acquire(sem)
#else
#define WAITED_FOR(sem) (void)(sem)
#endif

/* Waits for the end of j; a job that nobody has begun when its time is up is taken back. true: it was run. */
static bool await(Writer *w, Job *j)
{
    if (j->c->deadline_ms) {
        struct timespec until = clock_after_ms(j->c->deadline_ms - clock_mono_ms());
        int rc;
        while ((rc = sem_clockwait(&j->done, CLOCK_MONOTONIC, &until)) && errno == EINTR)
            continue;
        if (rc == 0) {
            WAITED_FOR(&j->done);
            return true;
        }
        pthread_mutex_lock(&w->lock);
        bool waiting = j->state == JOB_WAITING;
        if (waiting)
            withdraw(w, j);
        pthread_mutex_unlock(&w->lock);
        if (waiting)
            return false;
    }
    while (sem_wait(&j->done)) /* by a signal only */
        continue;
    return true;
}

bool writer_submit(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    Writer *w = c->db->writer;
    Job j = {.c = c, .fn = fn, .arg = arg, .n_err = c->n_err};
    db_detach(c); /* what is read afterwards must see what was written */
    sem_init(&j.done, 0, 0);
    pthread_mutex_lock(&w->lock);
    bool taken = w->n < QUEUE_MAX && !w->stop;
    if (taken) {
        *w->last = &j;
        w->last = &j.next;
        if (++w->n == w->want)
            pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    taken = taken && await(w, &j);
    sem_destroy(&j.done);
    if (!taken) {
        c->retry_after_s = 2;
        return ctx_fail(c, ERR_BUSY, NULL, "err.db_busy");
    }
    return j.ok;
}

/* --- PostgreSQL: on the caller's thread ------------------------------------------------------ */

/* Waits a little, differently long for each caller, so that rivals do not meet again. */
static void back_off(int attempt, const void *salt)
{
    int64_t mix = clock_mono_ms() * 7919 + (int64_t)((uintptr_t)salt >> 4) * 104729;
    int64_t ms = (int64_t)attempt * 8 + (mix & 31);
    struct timespec t = {.tv_sec = 0, .tv_nsec = (long)(ms * 1000000L)};
    nanosleep(&t, NULL);
}

static bool direct(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    const Driver *drv = c->db->drv;
    int n_err = c->n_err;
    int64_t start = clock_mono_ms();
    for (int attempt = 1;; attempt++) {
        DbConn *conn = db_conn(c);
        if (!conn)
            return false;
        bool last = attempt == TRIES || clock_mono_ms() - start > GIVE_UP_MS;
        bool reopened = true;
        if (conn->broken)
            reopened = drv->conn_reopen(conn, c);
        if (reopened && drv->begin(c, conn)) {
            hold_begin(&conn->hold);
            bool ok = run(c, conn, fn, arg);
            conn->ctx = c;
            conn->hold.rows = hold_us(&conn->hold);
            if (ok) {
                CommitResult rc = drv->commit(conn);
                c->held_us = hold_end(&conn->hold, c->patient);
                if (rc == COMMIT_OK) {
                    meter_add(METER_COMMITS, 1);
                    change_committed(conn);
                    return true;
                }
                drv->ask->report(c, conn);
                if (rc == COMMIT_UNKNOWN) {
                    return tell_unknown(c, n_err);
                }
            }
            drv->rollback(conn);
        }
        /* Run again only what had no effect for sure: COMMIT was not sent, or was refused. */
        bool again = conn->retry || conn->broken;
        conn->aborted = false;
        if (!again || last)
            return false;
        ctx_errors_forget(c, n_err);
        back_off(attempt, c);
    }
}

bool writer_direct(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    DbConn *kept = c->snapshot;
    if (!kept)
        return direct(c, fn, arg);
    c->snapshot = c->conn = NULL; /* a snapshot only reads: the write has a connection of its own */
    bool ok = direct(c, fn, arg);
    db_release(c);
    c->snapshot = kept;
    return ok;
}
