/*
 * Long reads take turns. A few of them at once would fill every core, and each step of a short question would wait for a
 * slice of the scheduler. So while short ones are asked, what has computed for longer than they ever do goes on only in a
 * turn of its own, and there is one turn less than cores (one at least): a core stays for all others.
 */
#include <sched.h>

#include "base/clock.h"
#include "db/driver.h"

enum {
    SHORT_US = 10000, /* of processor time: until then it is a short question */
    TURN_US = 50000,
    QUIET_US = 250000, /* nobody has asked for little for so long: nobody waits for a core */
    LATE_MS = 2500,    /* so near its deadline nothing waits any more */
    TURNS = 64
};

typedef struct Waiter {
    struct Waiter *next;
} Waiter;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_cond_t passed;
static Waiter *first, **last = &first;
static int64_t ends
    [TURNS]; /* of the turn given last, monotonic µs; what is over is free, whatever its holder does */
static int n_turns;
static _Atomic int64_t short_at; /* when a short question was answered last */

static void count_turns(void)
{
    cpu_set_t of;
    int cores = sched_getaffinity(0, sizeof of, &of) == 0 ? CPU_COUNT(&of) : 1;
    n_turns = cores > TURNS ? TURNS : cores > 2 ? cores - 1 : 1;
    clock_cond_init(&passed);
}

static int soonest(void)
{
    int at = 0;
    for (int i = 1; i < n_turns; i++)
        if (ends[i] < ends[at])
            at = i;
    return at;
}

static void leave(Waiter *w)
{
    Waiter **at = &first;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (!w->next)
        last = at;
}

/* In the order in which they came. */
static void wait_for_turn(DbConn *conn, int64_t deadline_ms)
{
    Waiter me = {NULL};
    int at = 0;
    int64_t now;
    pthread_once(&once, count_turns);
    pthread_mutex_lock(&lock);
    *last = &me;
    last = &me.next;
    while (at = soonest(), now = clock_mono_us(),
           (first != &me || ends[at] > now) &&
               (!deadline_ms || deadline_ms - now / 1000 > LATE_MS)) {
        struct timespec until = clock_after_ms((ends[at] > now ? ends[at] - now : 0) / 1000 + 1);
        pthread_cond_timedwait(&passed, &lock, &until);
    }
    leave(&me);
    conn->turn = at;
    conn->turn_end = ends[at] = now + TURN_US;
    pthread_cond_broadcast(&passed);
    pthread_mutex_unlock(&lock);
}

void turn_look(DbConn *conn, int64_t deadline_ms)
{
    int64_t now = clock_mono_us();
    if (conn->computed_from == 0)
        conn->computed_from = clock_thread_us();
    if (now < conn->turn_end || clock_thread_us() - conn->computed_from < SHORT_US)
        return;
    conn->reads_long = true;
    if (now - short_at < QUIET_US)
        wait_for_turn(conn, deadline_ms);
}

void turn_over(DbConn *conn)
{
    if (!conn->reads_long) {
        short_at = clock_mono_us();
    } else if (conn->turn_end) {
        pthread_mutex_lock(&lock);
        if (ends[conn->turn] == conn->turn_end) { /* nobody took it over */
            ends[conn->turn] = 0;
            pthread_cond_broadcast(&passed);
        }
        pthread_mutex_unlock(&lock);
    }
    conn->reads_long = false;
    conn->computed_from = conn->turn_end = 0;
}
