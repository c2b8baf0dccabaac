/* Rate limits. See rate.h and session.h. */
#include "auth/rate.h"

#include <pthread.h>

#include "auth/session.h"
#include "base/clock.h"
#include "db/db.h"

enum { SAME_TIME = 60000 };

bool rate_look(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, RateState *out)
{
    DbVal p[] = {db_of_text(key)};
    RateState s = {0};
    int mark = c->n_err;
    DbRows *r = db_query(
        c, SQL("SELECT n, started_at, last_at FROM \"rate_hit\" WHERE \"key\" = $1"), p, 1);
    if (!r)
        return false;
    if (db_step(r)) {
        s = (RateState){db_int(r, 0), db_int(r, 1), db_int(r, 2)};
        if (s.started_at <= now_ms - window_ms)
            s = (RateState){0};
    }
    db_done(r);
    if (c->n_err > mark)
        return false;
    *out = s;
    return true;
}

bool rate_add(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, int64_t amount,
              RateState *out)
{
    /*
     * A window that begins well in the future comes from a clock set back: it is over, too. One that begins a
     * little later is of a request at the same time that came here first: it goes on, or many at once
     * would empty the counter.
     */
    DbVal p[] = {db_of_text(key), db_of_int(amount), db_of_int(now_ms),
                 db_of_int(now_ms - window_ms), db_of_int(now_ms + SAME_TIME)};
    int mark = c->n_err;
    DbRows *r = db_query(
        c,
        SQL("INSERT INTO \"rate_hit\" (\"key\", n, started_at, last_at) VALUES ($1, $2, $3, $3) "
            "ON CONFLICT (\"key\") DO UPDATE SET "
            "n = CASE WHEN rate_hit.started_at <= $4 OR rate_hit.started_at > $5 THEN $2 "
            "ELSE rate_hit.n + $2 END, "
            "started_at = CASE WHEN rate_hit.started_at <= $4 OR rate_hit.started_at > $5 THEN $3 "
            "ELSE rate_hit.started_at END, last_at = $3 "
            "RETURNING n, started_at, last_at"),
        p, 5);
    if (!r)
        return false;
    RateState s = {0};
    if (db_step(r))
        s = (RateState){db_int(r, 0), db_int(r, 1), db_int(r, 2)};
    db_done(r);
    if (c->n_err > mark)
        return false;
    *out = s;
    return true;
}

bool rate_forget(Ctx *c, const char *key)
{
    DbVal p[] = {db_of_text(key)};
    return db_exec(c, SQL("DELETE FROM \"rate_hit\" WHERE \"key\" = $1"), p, 1);
}

static bool sweep(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_int(c->now_ms - *(int64_t *)arg)};
    return db_exec(c, SQL("DELETE FROM \"rate_hit\" WHERE last_at < $1"), p, 1);
}

bool rate_sweep(Ctx *c, int64_t age_ms)
{
    return db_write(c, sweep, &age_ms);
}

typedef struct Note {
    const char *key;
    int64_t window_ms, now_ms;
    RateState *out;
} Note;

static bool note(Ctx *c, void *arg)
{
    const Note *n = arg;
    return rate_add(c, n->key, n->window_ms, n->now_ms, 1, n->out);
}

bool rate_note(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, RateState *out)
{
    Note n = {key, window_ms, now_ms, out};
    return db_write_aside(c, note, &n);
}

typedef struct Take {
    const char *key;
    int64_t n, window_ms, amount;
} Take;

/*
 * Over the limit is a failure, so the transaction is undone and the refused amount is not counted. By the clock of sessions:
 * on a machine whose clock stands still a window ends, too, and nobody is shut out for good.
 */
static bool take(Ctx *c, void *arg)
{
    const Take *t = arg;
    int64_t now = session_now(c);
    RateState s;
    if (!rate_add(c, t->key, t->window_ms, now, t->amount, &s))
        return false;
    if (s.n <= t->n)
        return true;
    int64_t wait_ms = s.started_at + t->window_ms - now;
    c->retry_after_s = wait_ms < 1000 ? 1 : (int)((wait_ms + 999) / 1000);
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s));
}

bool rate_take(Ctx *c, const char *key, int n, int64_t window_ms, int amount)
{
    Take t = {.key = key, .n = n, .window_ms = window_ms, .amount = amount};
    return db_write_aside(c, take, &t);
}

static bool give_back(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("UPDATE \"rate_hit\" SET n = n - 1 WHERE \"key\" = $1 AND n > 0"), p, 1);
}

bool rate_give_back(Ctx *c, const char *key)
{
    char *name = arena_str(c->a, key);
    return db_write_aside(c, give_back, name);
}

/* ---- in memory ----------------------------------------------------------------------------- */

enum { HERE_SLOTS = 8192, HERE_PROBE = 8 };

typedef struct Here {
    uint64_t key; /* hash; 0: free */
    int64_t start_ms;
    int n;
} Here;

static Here here[HERE_SLOTS];
static pthread_mutex_t here_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t hash_of(const char *key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return h ? h : 1;
}

/* The counter of a key: its own, else a free or outlived one, else the oldest of its neighbours. */
static Here *counter_of(uint64_t key, int64_t now, int64_t window_ms)
{
    Here *best = NULL;
    for (uint64_t i = 0; i < HERE_PROBE; i++) {
        Here *h = &here[(key + i) % HERE_SLOTS];
        if (h->key == key)
            return h;
        bool over = h->key == 0 || now - h->start_ms >= window_ms;
        if (!best || over || h->start_ms < best->start_ms)
            best = best && (best->key == 0 || now - best->start_ms >= window_ms) ? best : h;
    }
    *best = (Here){.key = key, .start_ms = now};
    return best;
}

bool rate_take_here(Ctx *c, const char *key, int n, int64_t window_ms)
{
    int64_t now = clock_mono_ms(); /* monotonic: no clock change opens or shuts it */
    pthread_mutex_lock(&here_lock);
    Here *h = counter_of(hash_of(key), now, window_ms);
    if (now - h->start_ms >= window_ms) {
        h->start_ms = now;
        h->n = 0;
    }
    bool room = h->n < n;
    if (room)
        h->n++;
    int64_t left = h->start_ms + window_ms - now;
    pthread_mutex_unlock(&here_lock);
    if (room)
        return true;
    c->retry_after_s = (int)((left + 999) / 1000);
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s));
}

/* ---- seats --------------------------------------------------------------------------------- */

enum { SEATS = 512 };
static uint64_t seats[SEATS]; /* hash of who sits there; 0: free. Under here_lock */

bool rate_enter(Ctx *c, const char *key, int most, int *out)
{
    uint64_t h = hash_of(key);
    int mine = 0, free_one = -1;
    pthread_mutex_lock(&here_lock);
    for (int i = 0; i < SEATS; i++) {
        mine += seats[i] == h;
        if (!seats[i] && free_one < 0)
            free_one = i;
    }
    bool ok = mine < most && free_one >= 0;
    if (ok)
        seats[free_one] = h;
    pthread_mutex_unlock(&here_lock);
    *out = free_one;
    if (ok)
        return true;
    c->retry_after_s = 1;
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", "1");
}

void rate_leave(int seat)
{
    pthread_mutex_lock(&here_lock);
    seats[seat] = 0;
    pthread_mutex_unlock(&here_lock);
}
