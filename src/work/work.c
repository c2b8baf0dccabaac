/* Threads of the work floor. See work.h. */
#include "work/work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

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

static void *post(void *arg)
{
    Work *w = arg;
    Arena *a = arena_new(0);
    pthread_setname_np(pthread_self(), "zhike-post");
    Caller *k = call_begin(a);
    while (!stopping && k) {
        bool worked = false;
        deliver_step(w->db, k, is_stopping, &worked);
        if (!worked)
            usleep(TICK_US);
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
