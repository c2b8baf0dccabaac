/* Workers and the queue before them. See queue.h. */
#include "http/queue.h"

#include <microhttpd.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/meter.h"
#include "http/route.h"

enum { VITAL, ORDINARY, LANES };
enum { TELL_MS = 10000 }; /* one line of the log for so much refusing */

/* A worker that waits, on its own stack. The last to lie down is called first: its memory is still warm, and of
   many workers only as many run as there is work for. It is handed its request, so that it wakes without the lock. */
typedef struct Idle {
    sem_t wake;
    struct Idle *next;
    Request *rq; /* NULL: the server ends */
} Idle;

typedef struct Lane {
    Request *first, *last;
    int queued, running, most; /* most: at work at the same time */
} Lane;

struct Queue {
    void (*run)(Request *rq, bool shed);
    pthread_t *threads;
    int n_threads;
    pthread_mutex_t lock;
    pthread_cond_t drained;
    Idle *waiting;
    Lane lane[LANES];
    int64_t empty_at;      /* when the ordinary lane was empty last, monotonic ms */
    int64_t told_at, shed; /* since the last line of the log */
    bool stopping;
};

static int lane_of(const Request *rq)
{
    return rq->route && rq->route->vital ? VITAL : ORDINARY;
}

/* Takes the first worker off the pile, under the lock; NULL where nobody waits. The caller posts its semaphore. */
static Idle *call_idle(Queue *q, Request *rq)
{
    Idle *w = q->waiting;
    if (w) {
        q->waiting = w->next;
        w->rq = rq;
    }
    return w;
}

/* Lies down until a request is handed over, or the end comes (NULL). Called with the lock held, returns without. */
static Request *lie_down(Queue *q, Idle *me)
{
    me->next = q->waiting;
    q->waiting = me;
    pthread_mutex_unlock(&q->lock);
    while (sem_wait(&me->wake)) /* by a signal only */
        continue;
    return me->rq;
}

/* The first of a lane that may have one more at work; NULL where there is none. Under the lock. */
static Request *take_from(Queue *q, int n)
{
    Lane *l = &q->lane[n];
    Request *rq = l->first;
    if (!rq || (l->running >= l->most && !q->stopping))
        return NULL;
    l->first = rq->next;
    if (!l->first)
        l->last = NULL;
    l->queued--;
    l->running++;
    return rq;
}

/* Has this one waited too long? Under the lock, as it leaves the queue. */
static bool too_late(Queue *q, const Request *rq)
{
    int64_t now = clock_mono_ms(), most = conf_duration_ms("http.queue_wait");
    int64_t limit = now - q->empty_at > most ? conf_duration_ms("http.queue_target") : most;
    if (!q->lane[ORDINARY].first)
        q->empty_at = now;
    if (q->stopping || now - rq->queued_ms <= (lane_of(rq) == VITAL ? most : limit))
        return false;
    meter_add(METER_SHED, 1);
    q->shed++;
    if (now - q->told_at >= TELL_MS) {
        log_write(LOG_WARN, "overload", LOG_I("refused", q->shed),
                  LOG_I("waiting", q->lane[ORDINARY].queued),
                  LOG_I("waited_ms", now - rq->queued_ms));
        q->told_at = now;
        q->shed = 0;
    }
    return true;
}

/* The next request; NULL at the end. Called with the lock held, returns without. */
static Request *next_request(Queue *q, Idle *me, bool *shed)
{
    Request *rq = take_from(q, VITAL);
    *shed = false;
    if (!rq)
        rq = take_from(q, ORDINARY);
    if (!rq && !q->stopping)
        return lie_down(q, me);
    if (rq)
        *shed = too_late(q, rq);
    pthread_mutex_unlock(&q->lock);
    return rq;
}

static void *work(void *arg)
{
    Queue *q = arg;
    Idle me = {.rq = NULL};
    sem_init(&me.wake, 0, 0);
    pthread_setname_np(pthread_self(), "zhike-http");
    /* All callers of a commit wake at once. They must not push the writer, or the sockets' thread, off its
       core: what those do the whole house waits for. Where it is refused nothing else changes. */
    (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    pthread_mutex_lock(&q->lock);
    bool shed;
    for (Request *rq; (rq = next_request(q, &me, &shed)) != NULL;) {
        Lane *l = &q->lane[lane_of(rq)];
        q->run(rq, shed);
        MHD_resume_connection(rq->conn); /* from here on rq belongs to the library's thread */
        pthread_mutex_lock(&q->lock);
        l->running--;
        if (!q->lane[VITAL].first && !q->lane[ORDINARY].first &&
            q->lane[VITAL].running + q->lane[ORDINARY].running == 0)
            pthread_cond_signal(&q->drained);
    }
    sem_destroy(&me.wake);
    return NULL;
}

bool queue_add(Queue *q, Request *rq)
{
    Lane *l = &q->lane[lane_of(rq)];
    Idle *w = NULL;
    rq->queued_ms = clock_mono_ms();
    pthread_mutex_lock(&q->lock);
    bool room = l->queued < conf_int("http.queue") && !q->stopping;
    if (room) {
        MHD_suspend_connection(rq->conn); /* before a worker can resume it */
        rq->next = NULL;
        /* nobody overtakes in his lane */
        w = !l->first && l->running < l->most ? call_idle(q, rq) : NULL;
        if (w) {
            l->running++;
        } else {
            if (l->last)
                l->last->next = rq;
            else
                l->first = rq;
            l->last = rq;
            if (l->queued++ == 0 && l == &q->lane[ORDINARY])
                q->empty_at = rq->queued_ms;
        }
    } else if (!q->stopping) {
        meter_add(METER_SHED, 1);
        q->shed++;
    }
    pthread_mutex_unlock(&q->lock);
    if (w)
        sem_post(&w->wake);
    return room;
}

void queue_figures(Queue *q, QueueFigures *out)
{
    pthread_mutex_lock(&q->lock);
    *out = (QueueFigures){.queued = q->lane[VITAL].queued + q->lane[ORDINARY].queued,
                          .running = q->lane[VITAL].running + q->lane[ORDINARY].running,
                          .workers = q->n_threads};
    pthread_mutex_unlock(&q->lock);
}

Queue *queue_start(Arena *a, int workers, void (*run)(Request *rq, bool shed))
{
    Queue *q = ARENA_NEW(a, Queue);
    int kept = workers > 16 ? workers / 16 : workers > 1; /* for what is vital */
    *q = (Queue){.run = run, .n_threads = workers, .empty_at = clock_mono_ms()};
    q->lane[ORDINARY].most = workers - kept;
    q->lane[VITAL].most = workers > 2 * kept ? (workers + 1) / 2 : workers;
    pthread_mutex_init(&q->lock, NULL);
    clock_cond_init(&q->drained);
    q->threads = ARENA_ARRAY(a, workers, pthread_t);
    for (int i = 0; i < workers; i++)
        pthread_create(&q->threads[i], NULL, work, q);
    return q;
}

void queue_stop(Queue *q, int64_t wait_ms)
{
    struct timespec until = clock_after_ms(wait_ms);
    pthread_mutex_lock(&q->lock);
    /* what is queued is still worked off; new requests are answered 503 */
    q->stopping = true;
    for (Idle *w; (w = call_idle(q, NULL)) != NULL;)
        sem_post(&w->wake);
    while (q->lane[VITAL].first || q->lane[ORDINARY].first ||
           q->lane[VITAL].running + q->lane[ORDINARY].running)
        if (pthread_cond_timedwait(&q->drained, &q->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&q->lock);
    for (int i = 0; i < q->n_threads; i++)
        pthread_join(q->threads[i], NULL);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->drained);
}
