/*
 * A database that fails when it is told to: a driver in front of the house's own, which lets the n-th call (a statement, or
 * a step to its next row) fail, or does something of the test's in front of a statement. One thread at a time.
 */
#ifndef TEST_AUTH_FAULTS_H
#define TEST_AUTH_FAULTS_H

#include "db/driver.h"
#include "house.h"

static struct {
    const Driver *real;
    Driver driver;
    DriverAsk ask;
    int left; /* calls until one fails; 0: none */
    bool hit;
    const char *before; /* how the statement begins in front of which hook is called, once */
    void (*hook)(void *arg);
    void *arg;
} faults;

static bool faults_now(Ctx *c, DbConn *conn)
{
    if (faults.left == 0 || --faults.left > 0)
        return false;
    faults.hit = true;
    faults.left =
        conn->in_write; /* a write that failed with others is tried again alone: that fails, too */
    conn->aborted = conn->in_write;
    ctx_fail_detail(c, ERR_INTERNAL, "made to fail", "err.internal");
    return true;
}

static bool faults_exec(Ctx *c, DbConn *conn, const char *text, const DbVal *p, int n)
{
    return !faults_now(c, conn) && faults.real->ask->exec(c, conn, text, p, n);
}

static bool faults_send(Ctx *c, DbConn *conn, const char *text, const DbVal *p, int n)
{
    return !faults_now(c, conn) && faults.real->ask->send(c, conn, text, p, n);
}

static bool faults_query(Ctx *c, DbRows *r, const char *text, const DbVal *p, int n)
{
    void (*hook)(void *) = faults.hook;
    if (hook && strncmp(text, faults.before, strlen(faults.before)) == 0) {
        faults.hook = NULL;
        hook(faults.arg);
    }
    return !faults_now(c, r->conn) && faults.real->ask->query(c, r, text, p, n);
}

static bool faults_step(DbRows *r)
{
    return !faults_now(r->c, r->conn) && faults.real->ask->step(r);
}

static void faults_begin(void)
{
    memset(&faults, 0, sizeof faults);
    faults.real = house_db->drv;
    faults.driver = *faults.real;
    faults.ask = *faults.real->ask;
    faults.ask.exec = faults_exec;
    faults.ask.send = faults.real->ask->send ? faults_send : NULL;
    faults.ask.query = faults_query;
    faults.ask.step = faults_step;
    faults.driver.ask = &faults.ask;
    house_db->drv = &faults.driver;
}

static void faults_end(void)
{
    house_db->drv = faults.real;
}

/* Each call of what `work` does fails once: it says so each time, and in the end, when none is left to fail, it works. */
static ZK_UNUSED int faults_each(bool (*work)(Ctx *c, void *arg), void *arg)
{
    for (int n = 1;; n++) {
        Ctx c;
        Arena *a = arena_new(0);
        actor_cache_clear();
        house_ctx(&c, a);
        faults_begin();
        faults.left = n;
        bool ok = work(&c, arg), hit = faults.hit;
        faults_end();
        if (ok == hit || (c.n_err > 0) != hit) {
            house_errors(&c);
            fail_msg("call %d: ok %d, made to fail %d, mistakes %d", n, ok, hit, c.n_err);
        }
        house_end(a);
        if (!hit)
            return n - 1;
    }
}

#endif
