/* Rate limits. See rate.h and session.h. */
#include "auth/rate.h"

#include "auth/session.h"
#include "db/db.h"

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

bool rate_add(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, int64_t amount, RateState *out)
{
    /* A window that seems to begin in the future comes from a clock set back: it is over, too. */
    DbVal p[] = {db_of_text(key), db_of_int(amount), db_of_int(now_ms),
                 db_of_int(now_ms - window_ms)};
    int mark = c->n_err;
    DbRows *r = db_query(
        c,
        SQL("INSERT INTO \"rate_hit\" (\"key\", n, started_at, last_at) VALUES ($1, $2, $3, $3) "
            "ON CONFLICT (\"key\") DO UPDATE SET "
            "n = CASE WHEN rate_hit.started_at <= $4 OR rate_hit.started_at > $3 THEN $2 "
            "ELSE rate_hit.n + $2 END, "
            "started_at = CASE WHEN rate_hit.started_at <= $4 OR rate_hit.started_at > $3 THEN $3 "
            "ELSE rate_hit.started_at END, last_at = $3 "
            "RETURNING n, started_at, last_at"),
        p, 4);
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

typedef struct Take {
    const char *key;
    int64_t n, window_ms, amount;
} Take;

/* Over the limit is a failure, so the transaction is undone and the refused amount is not counted. */
static bool take(Ctx *c, void *arg)
{
    const Take *t = arg;
    RateState s;
    if (!rate_add(c, t->key, t->window_ms, c->now_ms, t->amount, &s))
        return false;
    if (s.n <= t->n)
        return true;
    int64_t wait_ms = s.started_at + t->window_ms - c->now_ms;
    c->retry_after_s = wait_ms < 1000 ? 1 : (int)((wait_ms + 999) / 1000);
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s));
}

bool rate_take(Ctx *c, const char *key, int n, int64_t window_ms, int amount)
{
    Take t = {.key = key, .n = n, .window_ms = window_ms, .amount = amount};
    return db_write(c, take, &t);
}
