/* Threads of the work floor. See work.h. */
#include "work/work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/conf.h"
#include "record/secret_key.h"
#include "work/keeper.h"
#include "work/post/deliver.h"
#include "work/runner.h"

struct Work {
    Arena *a;
    Keeper keeper;
    Db *db;
    char *by;           /* who holds our leases */
    pthread_t *threads; /* the keeper, the postmen, then the jobs */
    int n, n_post;
};

static atomic_bool stopping;

static bool is_stopping(void)
{
    return stopping;
}

/* ---- bells: who has nothing to do sleeps until one is rung, or until he would look by himself --------- */

typedef struct Bell {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    uint64_t rung;
} Bell;

#define BELL                                                                                       \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0                                     \
    }
static Bell keeper_bell = BELL, post_bell = BELL, job_bell = BELL;

static void ring(Bell *b)
{
    pthread_mutex_lock(&b->lock);
    b->rung++;
    pthread_cond_broadcast(&b->cond);
    pthread_mutex_unlock(&b->lock);
}

/* To be asked before one looks for work: what is rung for meanwhile is not missed. */
static uint64_t heard(Bell *b)
{
    pthread_mutex_lock(&b->lock);
    uint64_t n = b->rung;
    pthread_mutex_unlock(&b->lock);
    return n;
}

/* Until ms have passed or the bell has rung since `before`: true where it has. */
static bool sleep_until_rung(Bell *b, uint64_t before, int64_t ms)
{
    struct timespec t = clock_after_ms(ms);
    pthread_mutex_lock(&b->lock);
    while (b->rung == before && !stopping &&
           pthread_cond_clockwait(&b->cond, &b->lock, CLOCK_MONOTONIC, &t) == 0)
        continue;
    bool rung = b->rung != before;
    pthread_mutex_unlock(&b->lock);
    return rung;
}

static unsigned topic_bit(const char *topic)
{
    return strcmp(topic, "job") == 0 ? WORK_JOB : strcmp(topic, "outbox") == 0 ? WORK_POST : 0;
}

void work_ring(unsigned what)
{
    if (what & WORK_POST)
        ring(&post_bell);
    if (what & WORK_JOB)
        ring(&job_bell);
}

static void on_commit(unsigned topics)
{
    ring(&keeper_bell);
    work_ring(topics);
}

/* ---- the threads ------------------------------------------------------------------------------- */

enum {
    BREATH = 100,      /* between two ticks of the keeper, however much is written */
    JOB_SLEEP = 1000,  /* at most: leases that ran out */
    POST_SLEEP = 5000, /* at most: a ring that was missed, a clock that was set */
    POST_MOMENT = 50,  /* due, but another postman is at it */
    POST_PAUSE = 1000  /* the database is away */
};

static void *keep(void *arg)
{
    Work *w = arg;
    bool rung = true;
    pthread_setname_np(pthread_self(), "zhike-keeper");
    while (!stopping) {
        uint64_t before = heard(&keeper_bell);
        int64_t next = keeper_tick(&w->keeper, rung);
        clock_sleep_ms(BREATH);
        rung = sleep_until_rung(&keeper_bell, before, next - BREATH);
    }
    w->keeper.next_lease = w->keeper.next_sweep =
        INT64_MAX;           /* a database that is gone is waited for once only */
    w->keeper.next_seal = 0; /* nothing stays unsealed behind an orderly end */
    keeper_tick(&w->keeper, true);
    return NULL;
}

static void *run(void *arg)
{
    Work *w = arg;
    pthread_setname_np(pthread_self(), "zhike-job");
    while (!stopping) {
        bool worked = false;
        uint64_t before = heard(&job_bell);
        runner_step(w->db, w->by, &worked, is_stopping);
        if (!worked)
            sleep_until_rung(&job_bell, before, JOB_SLEEP);
    }
    return NULL;
}

static void *post(void *arg)
{
    Work *w = arg;
    Arena *a = arena_new(0);
    pthread_setname_np(pthread_self(), "zhike-post");
    Caller *k = call_begin(a);
    while (!stopping && k) {
        bool worked = false;
        int64_t next_due;
        uint64_t before = heard(&post_bell);
        bool ok = deliver_step(w->db, k, is_stopping, &worked, &next_due);
        if (worked)
            continue;
        int64_t wait = next_due == INT64_MAX ? POST_SLEEP : next_due - clock_now_ms();
        wait = wait < POST_MOMENT ? POST_MOMENT : wait > POST_SLEEP ? POST_SLEEP : wait;
        sleep_until_rung(&post_bell, before, ok ? wait : POST_PAUSE);
    }
    call_end(k);
    arena_free(a);
    return NULL;
}

bool work_start(Ctx *c, const WorkOptions *o, Work **out)
{
    Arena *a = arena_new(0);
    Work *w = ARENA_NEW(a, Work);
    *w = (Work){.a = a,
                .db = o->db,
                .by = arena_str(a, db_holder(o->db)),
                .n_post = (int)conf_int("post.threads")};
    w->n = 1 + w->n_post + o->threads;
    w->keeper = (Keeper){.db = o->db, .dir = arena_str(a, o->dir), .heard = o->heard};
    const char *missing; /* told at the opening */
    if (!db_change_last(c, &w->keeper.seen) || !secret_key_follow(c, &missing) ||
        !secret_key_hold(c) || !job_free_dead(c)) {
        arena_free(a);
        return false;
    }
    stopping = false;
    db_on_commit(o->db, topic_bit, on_commit);
    job_on_stop(is_stopping);
    w->threads = ARENA_ARRAY(a, w->n, pthread_t);
    for (int i = 0; i < w->n; i++)
        pthread_create(&w->threads[i], NULL, i == 0 ? keep : i <= w->n_post ? post : run, w);
    *out = w;
    return true;
}

void work_stop_soon(void)
{
    stopping = true;
    ring(&keeper_bell);
    work_ring(WORK_POST | WORK_JOB);
}

void work_stop(Work *w)
{
    work_stop_soon();
    for (int i = 0; i < w->n; i++)
        pthread_join(w->threads[i], NULL);
    arena_free(w->a);
}

bool work_run_waiting(Ctx *c)
{
    char *by = arena_str(c->a, db_holder(c->db));
    if (!job_free_dead(c))
        return false;
    for (bool worked = true; worked;)
        if (!runner_step(c->db, by, &worked, NULL))
            return false;
    return true;
}
