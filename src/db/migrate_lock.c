/*
 * Who migrates: one process at a time, by a row with a lease that is renewed between the steps. Who was killed in the midst
 * of it is not waited for where that can be told (db_holder_gone); otherwise the lease runs out by itself.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver.h"

enum { LOCK_MS = 600000, LOCK_WAIT_MS = 60000, LOCK_LOOK_MS = 250 };

static bool take(Ctx *c, void *arg)
{
    bool *got = arg;
    int64_t now = clock_now_ms();
    const char *former = "";
    bool taken = false;
    int n_err = c->n_err;
    DbRows *r = db_query(
        c, SQL("SELECT holder, expires_at, host, pid FROM schema_lock WHERE id = 1"), NULL, 0);
    while (r && db_step(r)) {
        former = arena_str(c->a, db_text(r, 0));
        taken = db_int(r, 1) > now && db_int(r, 1) <= now + LOCK_MS &&
                strcmp(former, c->db->holder) != 0 &&
                !db_holder_gone(c->db, former, db_text(r, 2), db_int(r, 3));
    }
    *got = false;
    if (c->n_err > n_err || taken)
        return c->n_err == n_err;
    DbVal v[] = {db_of_text(c->db->holder), db_of_int(now + LOCK_MS), db_of_text(c->db->host),
                 db_of_int(getpid()), db_of_text(former)};
    /* Where somebody was quicker the holder is no longer who it was, and nothing changes. */
    if (!db_exec(c,
                 SQL("INSERT INTO schema_lock (id, holder, expires_at, host, pid) VALUES (1, $1, "
                     "$2, $3, $4) ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, "
                     "expires_at = excluded.expires_at, host = excluded.host, pid = excluded.pid "
                     "WHERE schema_lock.holder = $5"),
                 v, 5))
        return false;
    *got = db_changes(c) == 1;
    return true;
}

static bool give_back(Ctx *c, void *arg)
{
    (void)arg;
    DbVal v[] = {db_of_text(c->db->holder)};
    return db_exec(c, SQL("UPDATE schema_lock SET expires_at = 0 WHERE id = 1 AND holder = $1"), v,
                   1);
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = LOCK_LOOK_MS * 1000000L};
    nanosleep(&t, NULL);
}

bool migrate_lock(Ctx *c)
{
    bool got = false;
    int64_t until = clock_mono_ms() + LOCK_WAIT_MS;
    while (db_write(c, take, &got) && !got && clock_mono_ms() < until)
        nap();
    if (got)
        return true;
    c->retry_after_s = 60;
    return c->n_err ? false : ctx_fail(c, ERR_BUSY, NULL, "err.migrate_locked");
}

bool migrate_lock_on(Ctx *c)
{
    bool got = false;
    return db_write(c, take, &got) && (got || ctx_fail(c, ERR_BUSY, NULL, "err.migrate_locked"));
}

void migrate_unlock(Ctx *c)
{
    int n_err = c->n_err;
    db_write(c, give_back, NULL);
    ctx_errors_forget(c, n_err);
}
