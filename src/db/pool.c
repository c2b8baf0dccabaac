/*
 * The pool of connections and what ties one to a piece of work. A Ctx borrows a connection at its
 * first statement; a deferred call of its arena gives it back, cursors ended. The newest idle
 * connection is handed out first, so that few stay warm and the rest stay closed.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "db/driver.h"

/* An idle connection, or the right to open one (*out NULL). false: none came free in time. */
static bool take_idle(Ctx *c, Db *db, DbConn **out)
{
    int64_t wait = DB_WAIT_MS;
    if (c->brief) { /* neither waits nor opens: what is idle, or nothing */
        pthread_mutex_lock(&db->lock);
        *out = db->idle;
        if (*out) {
            db->idle = (*out)->next;
            (*out)->next = NULL;
        }
        pthread_mutex_unlock(&db->lock);
        return *out != NULL;
    }
    if (c->deadline_ms) {
        int64_t left = c->deadline_ms - clock_mono_ms();
        wait = left < wait ? (left > 0 ? left : 0) : wait;
    }
    int64_t give_up = clock_mono_ms() + wait;
    pthread_mutex_lock(&db->lock);
    int rc = 0;
    while (!db->idle && db->n_conns >= db->max_conns && rc != ETIMEDOUT) {
        int64_t end = db->end_ms;
        struct timespec until =
            clock_after_ms((end && end < give_up ? end : give_up) - clock_mono_ms());
        db->n_waiting++;
        rc = pthread_cond_timedwait(&db->freed, &db->lock, &until);
        db->n_waiting--;
    }
    bool ok = true;
    if (db->idle) {
        *out = db->idle;
        db->idle = (*out)->next;
        (*out)->next = NULL;
    } else if (db->n_conns < db->max_conns) {
        db->n_conns++;
        *out = NULL;
    } else {
        ok = false;
    }
    pthread_mutex_unlock(&db->lock);
    return ok;
}

static void forget_one(Db *db)
{
    pthread_mutex_lock(&db->lock);
    db->n_conns--;
    if (db->n_waiting)
        pthread_cond_signal(&db->freed);
    pthread_mutex_unlock(&db->lock);
}

DbConn *pool_take(Ctx *c, Db *db)
{
    for (;;) {
        DbConn *conn = NULL;
        if (!take_idle(c, db, &conn)) {
            if (c->brief) {
                ctx_ran_over(c, false);
                return NULL;
            }
            c->retry_after_s = 5;
            ctx_fail(c, ERR_BUSY, NULL, "err.db_busy");
            return NULL;
        }
        bool fresh = !conn;
        if (fresh)
            conn = db->drv->conn_open(c, db);
        if (!conn) {
            forget_one(db);
            return NULL;
        }
        conn->ctx = c;
        conn->broken = conn->aborted = conn->retry = conn->in_write = conn->parked = false;
        conn->try_depth = 0;
        conn->changes = 0;
        if (db->drv->conn_check(conn, c))
            return conn;
        db->drv->conn_close(conn);
        forget_one(db);
        if (fresh) { /* just opened and dead already: do not go round for ever */
            c->retry_after_s = 5;
            ctx_fail(c, ERR_BUSY, NULL, "err.db_down");
            return NULL;
        }
    }
}

void db_end_by(Db *db, int64_t mono_ms)
{
    pthread_mutex_lock(&db->lock);
    db->end_ms = mono_ms;
    pthread_cond_broadcast(&db->freed); /* who waits looks at his watch again */
    pthread_mutex_unlock(&db->lock);
}

void pool_give(DbConn *conn)
{
    Db *db = conn->db;
    db_rows_end(conn, 0);
    db_read_close(conn);
    change_forget(conn, 0);
    turn_over(conn);
    conn->ctx = NULL;
    conn->parked = false;
    if (conn->broken || db->drv->in_transaction(conn)) { /* what could not be ended ends with it */
        db->drv->conn_close(conn);
        forget_one(db);
        return;
    }
    pthread_mutex_lock(&db->lock);
    conn->next = db->idle;
    db->idle = conn;
    if (db->n_waiting)
        pthread_cond_signal(&db->freed);
    pthread_mutex_unlock(&db->lock);
}

void pool_close(Db *db)
{
    while (db->idle) {
        DbConn *conn = db->idle;
        db->idle = conn->next;
        db->drv->conn_close(conn);
        db->n_conns--;
    }
}

/* What the arena holds for a borrowed connection. */
typedef struct Loan {
    Ctx *c;
    DbConn *conn;
} Loan;

static void loan_end(void *ptr)
{
    Loan *loan = ptr;
    if (loan->conn && loan->c->snapshot == loan->conn)
        db_snapshot_end(loan->c);
    if (!loan->conn || loan->c->conn != loan->conn)
        return; /* given back or parked before; a parked one ends with its cursors */
    DbConn *conn = loan->conn;
    loan->c->conn = NULL;
    pool_give(conn);
}

DbConn *db_conn(Ctx *c)
{
    if (!c->conn)
        c->conn = c->snapshot;
    if (c->conn)
        return c->conn;
    DbConn *conn = pool_take(c, c->db);
    if (!conn)
        return NULL;
    Loan *loan = ARENA_NEW(c->a, Loan);
    *loan = (Loan){.c = c, .conn = conn};
    arena_defer(c->a, loan_end, loan);
    c->conn = conn;
    return conn;
}

void db_detach(Ctx *c)
{
    DbConn *conn = c->conn;
    if (!conn || conn->in_write)
        return;
    c->conn = NULL;
    if (conn == c->snapshot)
        return; /* the next statement goes on with it */
    if (conn->rows)
        conn->parked = true;
    else
        pool_give(conn);
}

void db_release(Ctx *c)
{
    DbConn *conn = c->conn;
    if (!conn || conn->in_write || conn == c->snapshot)
        return;
    c->conn = NULL;
    pool_give(conn);
}

bool db_snapshot(Ctx *c)
{
    db_release(c); /* a connection that has read belongs to no transaction, but its cursors might */
    DbConn *conn = db_conn(c);
    if (!conn || !conn->db->drv->control(c, conn, conn->db->dialect->snapshot))
        return false;
    c->snapshot = conn;
    return true;
}

void db_snapshot_end(Ctx *c)
{
    DbConn *conn = c->snapshot;
    if (!conn)
        return;
    db_rows_end(conn, 0);
    conn->db->drv->rollback(conn);
    c->snapshot = NULL;
    if (c->conn == conn)
        c->conn = NULL;
    pool_give(conn);
}

/* --- cursors --------------------------------------------------------------------------------- */

static void row_end(DbRows *r)
{
    DbConn *conn = r->conn;
    if (!conn)
        return;
    conn->db->drv->ask->finish(r);
    *r->prev = r->next;
    if (r->next)
        r->next->prev = r->prev;
    r->conn = NULL;
    r->ended = true;
}

static void row_deferred(void *ptr)
{
    db_done(ptr);
}

void db_rows_link(DbRows *r, DbConn *conn)
{
    r->conn = conn;
    r->depth = conn->try_depth;
    r->next = conn->rows;
    r->prev = &conn->rows;
    if (r->next)
        r->next->prev = &r->next;
    conn->rows = r;
    arena_defer(r->a, row_deferred, r);
}

void db_rows_end(DbConn *conn, int depth)
{
    while (conn->rows && conn->rows->depth >= depth) {
        conn->rows->cut_short = !conn->rows->ended;
        row_end(conn->rows);
    }
}

void db_done(DbRows *r)
{
    if (!r || !r->conn)
        return;
    DbConn *conn = r->conn;
    row_end(r);
    if (conn->parked && !conn->rows)
        pool_give(conn);
}

void pool_figures(Db *db, DbFigures *out)
{
    pthread_mutex_lock(&db->lock);
    out->open = db->n_conns;
    out->most = db->max_conns;
    out->waiting = db->n_waiting;
    out->idle = 0;
    for (const DbConn *conn = db->idle; conn; conn = conn->next)
        out->idle++;
    pthread_mutex_unlock(&db->lock);
}
