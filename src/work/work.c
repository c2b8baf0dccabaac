/* Threads of the work floor. See work.h. */
#include "work/work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "work/keeper.h"
#include "work/post/deliver.h"
#include "work/runner.h"

enum { TICK_US = 250 * 1000 };

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

static void *keep(void *arg)
{
    Work *w = arg;
    pthread_setname_np(pthread_self(), "zhike-keeper");
    while (!stopping) {
        keeper_tick(&w->keeper);
        usleep(TICK_US);
    }
    w->keeper.next_lease = w->keeper.next_sweep =
        INT64_MAX;           /* a database that is gone is waited for once only */
    w->keeper.next_seal = 0; /* nothing stays unsealed behind an orderly end */
    keeper_tick(&w->keeper);
    return NULL;
}

static void *run(void *arg)
{
    Work *w = arg;
    pthread_setname_np(pthread_self(), "zhike-job");
    while (!stopping) {
        bool worked = false;
        runner_step(w->db, w->by, &worked, is_stopping);
        if (!worked)
            usleep(TICK_US);
    }
    return NULL;
}

/* ---- postmen: asleep until a letter is written or due ------------------------------------------ */

enum {
    POST_SLEEP = 5000, /* at most: a wake that was missed, a clock that was set */
    POST_MOMENT = 50,  /* due, but another postman is at it */
    POST_PAUSE = 1000  /* the database is away */
};

static pthread_mutex_t bell_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell; /* by the monotonic clock */
static uint64_t rung;       /* under bell_lock */

static void make_bell(void)
{
    clock_cond_init(&bell);
}

static void ready_bell(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_bell);
}

void work_wake(void)
{
    ready_bell();
    pthread_mutex_lock(&bell_lock);
    rung++;
    pthread_cond_broadcast(&bell);
    pthread_mutex_unlock(&bell_lock);
}

/* Until ms have passed or the bell has rung since `heard`. */
static void sleep_until_rung(uint64_t heard, int64_t ms)
{
    struct timespec t = clock_after_ms(ms);
    pthread_mutex_lock(&bell_lock);
    while (rung == heard && !stopping && pthread_cond_timedwait(&bell, &bell_lock, &t) == 0)
        continue;
    pthread_mutex_unlock(&bell_lock);
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
        pthread_mutex_lock(&bell_lock);
        uint64_t heard = rung;
        pthread_mutex_unlock(&bell_lock);
        bool ok = deliver_step(w->db, k, is_stopping, &worked, &next_due);
        if (worked)
            continue;
        int64_t wait = next_due == INT64_MAX ? POST_SLEEP : next_due - clock_now_ms();
        wait = wait < POST_MOMENT ? POST_MOMENT : wait > POST_SLEEP ? POST_SLEEP : wait;
        sleep_until_rung(heard, ok ? wait : POST_PAUSE);
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
    if (!db_change_last(c, &w->keeper.seen) || !job_free_dead(c)) {
        arena_free(a);
        return false;
    }
    stopping = false;
    ready_bell();
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
    work_wake();
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
