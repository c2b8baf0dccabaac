/*
 * The interface of db.h over the two drivers: opening, values, statements, savepoints. What an
 * engine does differently is behind Driver (sqlite.c, pg.c); who holds which connection is pool.c;
 * write transactions are writer.c.
 */
#include "db/db.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/meter.h"
#include "db/driver.h"

DbVal db_null(void)
{
    return (DbVal){.kind = DB_NULL};
}

DbVal db_of_int(int64_t i)
{
    return (DbVal){.kind = DB_INT, .i = i};
}

DbVal db_of_real(double d)
{
    return (DbVal){.kind = DB_REAL, .d = d};
}

DbVal db_of_text(const char *s)
{
    if (!s)
        return db_null();
    return (DbVal){.kind = DB_TEXT, .s = s, .n = strlen(s)};
}

DbVal db_of_blob(const void *p, size_t n)
{
    if (!p && n)
        return db_null();
    return (DbVal){.kind = DB_BLOB, .s = p ? p : "", .n = n};
}

/* --- open and close -------------------------------------------------------------------------- */

/* "boot id / process namespace": two processes with the same text can see each other's pids. */
static void read_host(char *out, size_t room)
{
    size_t n = 0;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f) {
        n = fread(out, 1, 36, f);
        fclose(f);
    }
    out[n] = 0;
    char ns[64];
    ssize_t k = readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1);
    if (n < 36 || k <= 0 || n + 2 + (size_t)k > room) {
        out[0] = 0; /* unknown: leases of dead neighbours just run out */
        return;
    }
    out[n] = '/';
    memcpy(out + n + 1, ns, (size_t)k);
    out[n + 1 + (size_t)k] = 0;
}

/* The first half of every holder of this process: a pid may come again after a restart, this does not. */
static unsigned char process[8];
static pthread_once_t process_once = PTHREAD_ONCE_INIT;

static void make_process(void)
{
    randombytes_buf(process, sizeof process);
}

bool db_open(Ctx *c, const DbOptions *o, Db **out)
{
    if (sodium_init() < 0)
        return ctx_fail_detail(c, ERR_INTERNAL, "sodium_init", "err.internal");
    Db *db = calloc(1, sizeof(*db));
    if (!db)
        abort();
    bool pg = o->url && *o->url;
    db->drv = pg ? &pg_driver : &sqlite_driver;
    db->dialect = pg ? &pg_dialect : &sqlite_dialect;
    db->depths = pg ? depth_cache_new() : NULL;
    db->born = born_cache_new();
    db->node = -1;
    pthread_mutex_init(&db->lock, NULL);
    pthread_mutex_init(&db->follow_lock, NULL);
    clock_cond_init(&db->freed);
    db->max_conns = o->readers > 0 ? o->readers : pg ? 8 : 32;
    unsigned char token[16];
    pthread_once(&process_once, make_process);
    memcpy(token, process, sizeof process);
    randombytes_buf(token + sizeof process, sizeof token - sizeof process);
    sodium_bin2hex(db->holder, sizeof(db->holder), token, sizeof(token));
    read_host(db->host, sizeof(db->host));

    Db *before = c->db;
    c->db = db;
    db->reserve = pg ? NULL : reserve_new(o);
    if (!db->drv->open(c, o, db)) {
        c->db = before;
        db_close(db);
        return false;
    }
    *out = db;
    return true;
}

void db_close(Db *db)
{
    if (!db)
        return;
    writer_stop(db);
    pool_close(db);
    db->drv->close(db);
    for (size_t i = 0; i < sizeof(db->followers) / sizeof(*db->followers); i++)
        free(db->followers[i].ids);
    if (db->depths)
        depth_cache_free(db->depths);
    born_cache_free(db->born);
    reserve_free(db->reserve);
    pthread_mutex_destroy(&db->lock);
    pthread_mutex_destroy(&db->follow_lock);
    pthread_cond_destroy(&db->freed);
    free(db);
}

bool db_is_pg(const Db *db)
{
    return db->drv == &pg_driver;
}

void db_figures(Db *db, DbFigures *out)
{
    *out = (DbFigures){.queued = writer_waiting(db)};
    pool_figures(db, out);
    hold_figures(out->hold);
}

/* --- statements ------------------------------------------------------------------------------ */

/* The connection, ready for one more statement of c; NULL with a mistake. */
static DbConn *ready(Ctx *c, const DbVal *params, int n)
{
    if (n > DB_MAX_PARAMS) {
        ctx_fail_detail(c, ERR_INTERNAL, "too many parameters in one statement", "err.internal");
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        /* PostgreSQL refuses it and SQLite would cut the text there when it is read. */
        if (params[i].kind == DB_TEXT && memchr(params[i].s, 0, params[i].n)) {
            ctx_fail(c, ERR_INVALID, NULL, "err.db_nul");
            return NULL;
        }
    }
    if (c->brief && ctx_brief_over(c)) {
        ctx_ran_over(c, true);
        return NULL;
    }
    DbConn *conn = db_conn(c);
    if (!conn)
        return NULL;
    if (conn->aborted && conn->in_write) {
        ctx_fail_detail(
            c, ERR_INTERNAL,
            "a statement of this transaction failed before; use db_try around what may fail",
            "err.internal");
        return NULL;
    }
    c->n_sql++;
    conn->deadline_ms = c->deadline_ms;
    return conn;
}

bool db_exec(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    DbConn *conn = ready(c, params, n);
    return conn && conn->db->drv->ask->exec(c, conn, sql.text, params, n);
}

static bool wait_in_write(Ctx *c, SqlText wait, const char *name)
{
    DbVal v = db_of_text(name);
    int64_t n;
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "db_alone outside db_write", "err.internal");
    return !wait.text || db_one_int(c, wait, &v, 1, &n, NULL);
}

bool db_alone(Ctx *c, const char *name)
{
    return wait_in_write(c, c->db->dialect->alone, name);
}

bool db_beside(Ctx *c, const char *name)
{
    return wait_in_write(c, c->db->dialect->beside, name);
}

bool db_send(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    DbConn *conn = ready(c, params, n);
    if (!conn)
        return false;
    const Driver *drv = conn->db->drv;
    return drv->ask->send ? drv->ask->send(c, conn, sql.text, params, n)
                          : drv->ask->exec(c, conn, sql.text, params, n);
}

bool db_alone_ahead(Ctx *c, const char *name)
{
    SqlText alone = c->db->dialect->alone;
    DbVal v = db_of_text(name);
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "db_alone outside db_write", "err.internal");
    return !alone.text || db_send(c, alone, &v, 1);
}

int64_t db_changes(Ctx *c)
{
    return c->conn ? c->conn->changes : 0;
}

DbRows *db_query(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    DbConn *conn = ready(c, params, n);
    if (!conn)
        return NULL;
    DbRows *r = ARENA_NEW(c->a, DbRows);
    r->c = c;
    r->a = c->a;
    r->conn = conn;
    if (!conn->db->drv->ask->query(c, r, sql.text, params, n))
        return NULL;
    db_rows_link(r, conn);
    return r;
}

bool db_step(DbRows *r)
{
    if (!r->conn) {
        if (r->cut_short) {
            r->cut_short = false;
            ctx_fail_detail(r->c, ERR_INTERNAL, "the cursor was ended before its last row",
                            "err.internal");
        }
        return false;
    }
    if (r->conn->db->drv->ask->step(r)) {
        if (!arena_over_cap(r->c->a))
            return true;
        /* a request that has taken in too much goes no further */
        r->c->retry_after_s = 2;
        ctx_fail(r->c, ERR_BUSY, NULL, "err.too_much_memory");
    }
    r->ended = true;
    db_done(r);
    return false;
}

bool db_is_null(DbRows *r, int col)
{
    return r->conn->db->drv->ask->is_null(r, col);
}

int64_t db_int(DbRows *r, int col)
{
    return r->conn->db->drv->ask->get_int(r, col);
}

double db_real(DbRows *r, int col)
{
    return r->conn->db->drv->ask->get_real(r, col);
}

const char *db_text(DbRows *r, int col)
{
    return r->conn->db->drv->ask->get_text(r, col);
}

const char *db_text_copy(Arena *a, DbRows *r, int col)
{
    const char *text = db_text(r, col);
    return arena_str(a, text ? text : "");
}

size_t db_bytes(DbRows *r, int col)
{
    return r->conn->db->drv->ask->get_bytes(r, col);
}

const void *db_blob(DbRows *r, int col)
{
    return r->conn->db->drv->ask->get_blob(r, col);
}

void db_value(DbRows *r, int col, DbKind want, DbVal *out)
{
    const Driver *drv = r->conn->db->drv;
    if (drv->ask->get_value) {
        drv->ask->get_value(r, col, want, out);
        return;
    }
    out->kind = drv->ask->is_null(r, col) ? DB_NULL : want;
    switch (out->kind) {
    case DB_NULL: break;
    case DB_INT: out->i = drv->ask->get_int(r, col); break;
    case DB_REAL: out->d = drv->ask->get_real(r, col); break;
    case DB_TEXT:
    case DB_BLOB:
        out->s = want == DB_TEXT ? drv->ask->get_text(r, col) : drv->ask->get_blob(r, col);
        out->n = drv->ask->get_bytes(r, col);
        break;
    }
}

int db_columns(DbRows *r)
{
    return r->n_columns;
}

bool db_ids(Ctx *c, DbRows *r, DbIds *out)
{
    int n_err = c->n_err;
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, out, db_int(r, 0));
    db_done(r);
    return c->n_err == n_err;
}

bool db_ids_most(Ctx *c, DbRows *r, int64_t *ids, int most, int *out_n)
{
    int n_err = c->n_err;
    *out_n = 0;
    if (!r)
        return false;
    while (*out_n < most && db_step(r))
        ids[(*out_n)++] = db_int(r, 0);
    db_done(r);
    return c->n_err == n_err;
}

/* Opens and steps to the first row. false on failure; *out NULL where there is no row. */
static bool first_row(Ctx *c, SqlText sql, const DbVal *params, int n, DbRows **out)
{
    int n_err = c->n_err;
    DbRows *r = db_query(c, sql, params, n);
    if (!r)
        return false;
    *out = db_step(r) ? r : NULL;
    return c->n_err == n_err;
}

bool db_one_int(Ctx *c, SqlText sql, const DbVal *params, int n, int64_t *out, bool *found)
{
    DbRows *r;
    if (!first_row(c, sql, params, n, &r))
        return false;
    if (found)
        *found = r && !db_is_null(r, 0);
    *out = r ? db_int(r, 0) : 0;
    db_done(r);
    return true;
}

bool db_one_text(Ctx *c, SqlText sql, const DbVal *params, int n, const char **out, bool *found)
{
    DbRows *r;
    if (!first_row(c, sql, params, n, &r))
        return false;
    const char *s = r ? db_text(r, 0) : NULL;
    if (found)
        *found = s != NULL;
    *out = s ? arena_dup(c->a, s, db_bytes(r, 0)) : NULL;
    db_done(r);
    return true;
}

bool db_prepare_check(Ctx *c, SqlText sql)
{
    DbConn *conn = ready(c, NULL, 0);
    return conn && conn->db->drv->ask->prepare(c, conn, sql.text);
}

/* --- writing --------------------------------------------------------------------------------- */

bool db_in_write(const Ctx *c)
{
    return c->conn && c->conn->in_write;
}

bool db_read_begin(Ctx *c)
{
    if (!c->db->drv->reads_at_once || db_in_write(c))
        return false;
    DbConn *conn = db_conn(c);
    if (!conn || conn->reading)
        return false;
    conn->reading = c->db->drv->control(c, conn, "BEGIN");
    return conn->reading;
}

void db_read_close(DbConn *conn)
{
    if (!conn->reading)
        return;
    conn->reading = false;
    if (!conn->db->drv->in_transaction(conn))
        return;
    if (conn->db->drv->commit(conn) != COMMIT_OK) /* nothing was written: nothing is lost */
        conn->db->drv->rollback(conn); /* in the pool nobody could begin one on it any more */
}

void db_read_end(Ctx *c, bool begun)
{
    if (begun && c->conn && !c->conn->in_write)
        db_read_close(c->conn);
}

uint64_t db_write_epoch(const Ctx *c)
{
    return db_in_write(c) ? c->conn->epoch : 0;
}

bool db_write(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    if (c->brief)
        return ctx_ran_over(c, false);
    if (!db_in_write(c)) {
        if (reserve_keeps_out(c, c->db->reserve)) {
            meter_add(METER_WRITES_FAILED, 1);
            return ctx_fail(c, ERR_DISK_FULL, NULL, "err.db_disk_full");
        }
        bool done = c->db->drv->write(c, fn, arg);
        meter_add(done ? METER_WRITES : METER_WRITES_FAILED, 1);
        c->saved = c->saved || done;
        return done;
    }
    int n_err = c->n_err;
    bool ok = fn(c, arg);
    if (!ok && c->n_err == n_err)
        ctx_fail_detail(c, ERR_INTERNAL, "a write failed without saying why", "err.internal");
    return ok && c->n_err == n_err;
}

bool db_write_aside(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    bool saved = c->saved;
    bool done = db_write(c, fn, arg);
    c->saved = saved;
    return done;
}

bool db_try(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "db_try outside db_write", "err.internal");
    DbConn *conn = c->conn;
    const Driver *drv = conn->db->drv;
    if (conn->aborted)
        return ctx_fail_detail(c, ERR_INTERNAL, "db_try in a failed transaction", "err.internal");
    if (!drv->control(c, conn, "SAVEPOINT t"))
        return false;
    int n_err = c->n_err, kept = conn->n_pending, kept_search = conn->n_search;
    conn->try_depth++;
    bool ok = fn(c, arg);
    if (!ok && c->n_err == n_err)
        ctx_fail_detail(c, ERR_INTERNAL, "a step failed without saying why", "err.internal");
    if (drv->ask->settle && !conn->broken)
        ok = drv->ask->settle(c, conn) && ok;
    ok = ok && c->n_err == n_err && !conn->aborted;
    db_rows_end(conn, conn->try_depth);
    conn->try_depth--;
    if (ok)
        return drv->control(c, conn, "RELEASE t");
    change_forget(conn, kept);
    search_forget(conn, kept_search);
    /* Where the engine has dropped the whole transaction, or a rerun is due, there is nothing to
       go back to; conn->aborted stays and the rest of the write fails fast. */
    if (drv->in_transaction(conn) && !conn->retry && !conn->broken) {
        if (drv->control(c, conn, "ROLLBACK TO t") && drv->control(c, conn, "RELEASE t"))
            conn->aborted = false;
    }
    return false;
}

void db_interrupt(DbConn *conn)
{
    conn->db->drv->interrupt(conn);
}

bool db_integrity(Ctx *c, const char **wrong)
{
    *wrong = NULL;
    SqlText check = c->db->dialect->integrity;
    if (!check.text)
        return true;
    DbRows *r = db_query(c, check, NULL, 0);
    if (!r)
        return false;
    if (db_step(r) && strcmp(db_text(r, 0), "ok") != 0)
        *wrong = arena_str(c->a, db_text(r, 0));
    db_done(r);
    return c->n_err == 0;
}

void *db_grow(void *items, int n, int *cap, int first, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap ? *cap * 2 : first;
    void *more = realloc(items, (size_t)*cap * size);
    if (!more)
        abort();
    return more;
}
