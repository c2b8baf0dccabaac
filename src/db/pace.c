/* Long work in short writes, and what is known of how long writes hold each other up. See pace.h, driver.h. */
#include "db/pace.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/conf.h"
#include "db/driver.h"

const int64_t db_hold_steps[DB_HOLD_STEPS] = {1000,  5000,   10000,  20000,
                                              50000, 100000, 250000, 1000000};

/* ---- counted -------------------------------------------------------------------------------- */

typedef struct Counted {
    _Atomic int64_t n, sum, under[DB_HOLD_STEPS], longest, core, rows, search, commit;
} Counted;

static Counted counted[2]; /* people, jobs */

static void raise_to(_Atomic int64_t *most, int64_t value)
{
    int64_t now = atomic_load_explicit(most, memory_order_relaxed);
    while (value > now && !atomic_compare_exchange_weak_explicit(
                              most, &now, value, memory_order_relaxed, memory_order_relaxed))
        continue;
}

static void add(_Atomic int64_t *to, int64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

void hold_begin(Hold *h)
{
    h->waited = h->waits > 0 ? clock_waited_us(h->waits) : 0;
    h->began = clock_mono_us();
    h->core = clock_thread_us();
    h->rows = h->search = 0;
}

int64_t hold_us(const Hold *h)
{
    int64_t waited = h->waits > 0 ? clock_waited_us(h->waits) - h->waited : 0;
    int64_t us = clock_mono_us() - h->began - waited;
    return us > 0 ? us : 0;
}

int64_t hold_words_us(const Hold *h)
{
    return h->search ? h->search - h->rows : 0;
}

int64_t hold_end(Hold *h, bool patient)
{
    Counted *to = &counted[patient];
    int64_t all = hold_us(h), behind = h->search ? h->search : h->rows;
    add(&to->n, 1);
    add(&to->sum, all);
    for (int i = 0; i < DB_HOLD_STEPS; i++)
        if (all <= db_hold_steps[i])
            add(&to->under[i], 1);
    raise_to(&to->longest, all);
    raise_to(&to->core, clock_thread_us() - h->core);
    raise_to(&to->rows, h->rows);
    raise_to(&to->search, hold_words_us(h));
    raise_to(&to->commit, all - behind);
    return all;
}

void hold_figures(DbHold out[2])
{
    for (int i = 0; i < 2; i++) {
        Counted *of = &counted[i];
        out[i] = (DbHold){.n = of->n,
                          .sum_us = of->sum,
                          .longest_us = of->longest,
                          .core_us = of->core,
                          .rows_us = of->rows,
                          .search_us = of->search,
                          .commit_us = of->commit};
        for (int k = 0; k < DB_HOLD_STEPS; k++)
            out[i].under[k] = of->under[k];
    }
}

/* ---- paced ---------------------------------------------------------------------------------- */

int64_t pace_hold_us(void)
{
    return conf_duration_ms("db.hold") * 1000;
}

void pace_init(Pace *p, int first, int most)
{
    *p = (Pace){.size = first, .most = most, .budget_us = pace_hold_us() / 2};
}

int pace_size(const Pace *p, int64_t n)
{
    int size = p->size < 1 ? 1 : p->size;
    return n < size ? (int)n : size;
}

bool pace_over(const Ctx *c)
{
    if (!c->pace || !c->conn || hold_us(&c->conn->hold) < c->pace->budget_us)
        return false;
    c->pace->cut = true;
    return true;
}

/* A rise at once and a fall slowly, for what is meant comes in bursts. */
static int64_t remembered(int64_t before, int64_t now)
{
    return now > before ? now : (before * 7 + now) / 8;
}

/*
 * What the rows of the next write may take. The commit costs about as much whatever was written, search documents cost
 * so many times the rows they are of. Of what the commit leaves, a quarter of db.hold at least (or a slow disk would
 * let nothing go on), rows and documents share.
 */
static void learn(Pace *p, int64_t most, int64_t held, int64_t rows, int64_t words)
{
    int64_t commit = held - rows - words;
    p->writes++;
    if (held > p->longest_us)
        p->longest_us = held;
    p->commit_us = remembered(p->commit_us, commit > 0 ? commit : 0);
    p->words = remembered(p->words, rows > 0 ? words * 100 / rows : 0);
    int64_t left = most - p->commit_us > most / 4 ? most - p->commit_us : most / 4;
    p->budget_us = left * 100 / (100 + p->words);
    if (p->cut) /* what was read for nothing is to become little */
        p->size = p->size * 3 / 4 > 1 ? p->size * 3 / 4 : 1;
    else if (held > most)
        p->size = p->size / 2 > 1 ? p->size / 2 : 1;
    else if (held < most / 2)
        p->size = p->size < p->most / 2 ? p->size * 2 : p->most;
}

typedef struct Paced {
    bool (*fn)(Ctx *c, void *arg);
    void *arg;
    int64_t rows; /* µs up to the end of fn */
} Paced;

static bool timed(Ctx *c, void *arg)
{
    Paced *p = arg;
    bool ok = p->fn(c, p->arg);
    p->rows = hold_us(&c->conn->hold);
    return ok;
}

bool pace_write(Ctx *c, Pace *p, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    if (db_in_write(c))
        return fn(c, arg);
    Paced paced = {.fn = fn, .arg = arg};
    bool patient = c->patient;
    Pace *outer = c->pace;
    c->patient = true;
    c->pace = p;
    c->held_us = c->words_us = 0;
    p->cut = false;
    bool ok = db_write(c, timed, &paced);
    c->pace = outer;
    c->patient = patient;
    if (ok)
        learn(p, pace_hold_us() * (db_is_pg(c->db) ? 2 : 1), c->held_us, paced.rows, c->words_us);
    return ok;
}

typedef struct Delete {
    SqlText sql;
    const DbVal *params;
    int n, size;
    int64_t gone;
} Delete;

static bool delete_some(Ctx *c, void *arg)
{
    enum { PARAMS = 8 };
    Delete *d = arg;
    DbVal p[PARAMS];
    if (d->n >= PARAMS)
        return ctx_fail_detail(c, ERR_INTERNAL, "pace_delete: too many values", "err.internal");
    for (int i = 0; i < d->n; i++)
        p[i] = d->params[i];
    p[d->n] = db_of_int(d->size);
    if (!db_exec(c, d->sql, p, d->n + 1))
        return false;
    d->gone = db_changes(c);
    return true;
}

bool pace_delete(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    enum { FIRST = 100, MOST = 10000 };
    Delete d = {.sql = sql, .params = params, .n = n};
    Pace pace;
    pace_init(&pace, FIRST, MOST);
    do {
        d.size = pace.size;
        if (!pace_write(c, &pace, delete_some, &d))
            return false;
    } while (d.gone > 0); /* fewer than asked for may be those another write left: look again */
    return true;
}
