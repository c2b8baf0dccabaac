/*
 * Statements on PostgreSQL and what comes back: failures noted, answers awaited with a limit, prepared statements,
 * statements sent ahead, cursors, columns. See pg.c for how values travel.
 */
#include "db/pg.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    GRACE_MS = 4000,  /* the server's own limit gets this long to be heard of */
    CANCELS_MOST = 8, /* under way at once; see cancel */
    LOOK_MS = 500     /* who waits for an answer looks this often whether the program ends */
};

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_NUMERIC = 1700
};

/* --- failures -------------------------------------------------------------------------------- */

bool pg_state_is(const PgConn *k, const char *state)
{
    return !strncmp(k->last_state, state, strlen(state));
}

static void record(Ctx *c, const PgConn *k, const char *detail)
{
    const char *field = k->last_field[0] ? k->last_field : NULL;
    if (pg_state_is(k, "23505")) {
        ctx_fail(c, ERR_DUPLICATE, field, "err.db_duplicate");
    } else if (pg_state_is(k, "23502")) {
        ctx_fail(c, ERR_REQUIRED, field, "err.required");
    } else if (pg_state_is(k, "23514")) {
        ctx_fail(c, ERR_INVALID, field, "err.db_check");
    } else if (pg_state_is(k, "23503")) {
        ctx_fail(c, ERR_IN_USE, NULL, "err.db_linked");
    } else if (pg_state_is(k, "57014")) {
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.query_timeout");
    } else if (pg_state_is(k, "53100")) {
        ctx_fail_detail(c, ERR_DISK_FULL, detail, "err.db_disk_full");
    } else if (pg_state_is(k, "40001") || pg_state_is(k, "40P01") || pg_state_is(k, "55P03") ||
               pg_state_is(k, "53")) {
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_busy");
    } else if (pg_state_is(k, "58")) { /* its disk, as on SQLite */
        c->retry_after_s = 5;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_io");
    } else if (pg_state_is(k, "08") || pg_state_is(k, "57P")) {
        c->retry_after_s = 5;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_down");
    } else {
        ctx_fail_detail(c, ERR_INTERNAL, detail, "err.internal");
    }
}

void pg_put(char *out, size_t room, const char *s)
{
    snprintf(out, room, "%s", s ? s : "");
}

/* ux_<table>_<field> → field; <table>_pkey → id. */
static void field_of(PgConn *k, const PGresult *res)
{
    const char *column = PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
    const char *table = PQresultErrorField(res, PG_DIAG_TABLE_NAME);
    const char *name = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
    k->last_field[0] = 0;
    if (column) {
        pg_put(k->last_field, sizeof(k->last_field), column);
    } else if (name && table) {
        size_t n = strlen(table), len = strlen(name);
        if (len > n + 4 && (!strncmp(name, "ux_", 3) || !strncmp(name, "ck_", 3)) &&
            !strncmp(name + 3, table, n) && name[3 + n] == '_')
            pg_put(k->last_field, sizeof(k->last_field), name + 4 + n);
        else if (len > 5 && !strcmp(name + len - 5, "_pkey"))
            pg_put(k->last_field, sizeof(k->last_field), "id");
    }
}

/* Notes the failure of res (NULL: the connection's) and records it. Always false. */
bool pg_failed(Ctx *c, PgConn *k, const PGresult *res, const char *sql)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    bool lost = PQstatus(k->h) != CONNECTION_OK;
    if (!state)
        state = "08006"; /* libpq gives none where no server answered */
    pg_put(k->last_state, sizeof(k->last_state), state);
    const char *said = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    pg_put(k->last_msg, sizeof(k->last_msg), said ? said : PQerrorMessage(k->h));
    if (strncmp(state, "22", 2) ==
        0) /* invalid input: what follows is the value, which no log may hold */
        k->last_msg[strcspn(k->last_msg, ":\"")] = 0;
    k->last_field[0] = 0;
    if (res)
        field_of(k, res);
    if (k->base.in_write)
        k->base.aborted = true;
    /* 57P01…03: the server is stopping or starting; 25006: the host became a standby. */
    if (lost || pg_state_is(k, "08") || pg_state_is(k, "57P") ||
        (pg_state_is(k, "25006") && k->base.in_write))
        k->base.broken = true;
    /* 26000, 0A000 …: a prepared statement that a schema change or a pooler took away. */
    if (pg_state_is(k, "40001") || pg_state_is(k, "40P01") || pg_state_is(k, "55P03") ||
        pg_state_is(k, "26000") || (pg_state_is(k, "0A000") && strstr(k->last_msg, "cached plan")))
        k->base.retry = true;
    if (c)
        record(c, k,
               sql ? arena_printf(c->a, "postgresql %s: %s in: %.300s", k->last_state, k->last_msg,
                                  sql)
                   : arena_printf(c->a, "postgresql %s: %s", k->last_state, k->last_msg));
    return false;
}

static void pg_report(Ctx *c, DbConn *conn)
{
    record(c, pg_conn(conn), pg_conn(conn)->last_msg);
}

/* --- asking ---------------------------------------------------------------------------------- */

static int limit_ms(const PgConn *k)
{
    int server =
        k->in_tx && k->timeout_ms < PG_WRITE_TIMEOUT_MS ? PG_WRITE_TIMEOUT_MS : k->timeout_ms;
    return server + GRACE_MS;
}

static atomic_int cancels;

static void *cancel_main(void *arg)
{
    char why[128];
    PQcancel(arg, why, (int)sizeof(why));
    PQfreeCancel(arg);
    atomic_fetch_sub(&cancels, 1);
    return NULL;
}

/*
 * Asks the server to stop the statement, without waiting: PQcancel opens a connection of its own and reads from it with
 * no limit, so a host that swallows packets would hold the caller for ever. A thread that hangs there is nobody's loss.
 */
static void cancel(PgConn *k)
{
    pthread_t t;
    pthread_attr_t detached;
    PGcancel *copy = PQgetCancel(k->h);
    bool begun = false;
    if (atomic_fetch_add(&cancels, 1) < CANCELS_MOST && copy) {
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        begun = pthread_create(&t, &detached, cancel_main, copy) == 0;
        pthread_attr_destroy(&detached);
    }
    if (!begun) {
        PQfreeCancel(copy);
        atomic_fetch_sub(&cancels, 1);
    }
}

/* The last result of what was sent; NULL where the connection died or nobody answered in time. */
static PGresult *await_for(PgConn *k, int ms)
{
    int64_t until = clock_mono_ms() + ms;
    int64_t deadline = k->base.deadline_ms; /* of the work; then the statement is cancelled */
    PGresult *last = NULL;
    for (;;) {
        while (PQisBusy(k->h)) {
            int64_t now = clock_mono_ms(), end = k->base.db->end_ms;
            until = end && end < until ? end : until;
            int64_t left = until - now;
            if (deadline && deadline <= now) {
                cancel(k);
                deadline = 0;
                until = until < now + GRACE_MS ? until : now + GRACE_MS;
                left = until - now;
            }
            if (deadline && deadline - now < left)
                left = deadline - now;
            struct pollfd p = {.fd = PQsocket(k->h), .events = POLLIN};
            bool more = left > 0 && p.fd >= 0;
            int rc = more ? poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) : 0;
            if ((rc < 0 && errno == EINTR) || (rc == 0 && more))
                continue;
            if (rc <= 0 || !PQconsumeInput(k->h)) {
                k->base.broken =
                    true; /* an answer that may still come must not meet the next question */
                PQclear(last);
                return NULL;
            }
        }
        PGresult *res = PQgetResult(k->h);
        if (!res)
            return last;
        PQclear(last);
        last = res;
        if (PQstatus(k->h) != CONNECTION_OK)
            return last;
    }
}

PGresult *pg_await(PgConn *k)
{
    return await_for(k, limit_ms(k));
}

bool pg_good(const PGresult *res)
{
    ExecStatusType st = res ? PQresultStatus(res) : PGRES_FATAL_ERROR;
    return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
}

/* Reads what the statements sent have come to; the first failure is the one that counts. c may be NULL. */
bool pg_settle_sent(Ctx *c, PgConn *k)
{
    if (!k->piped)
        return true;
    bool ok = PQpipelineSync(k->h) == 1;
    if (!ok)
        pg_failed(c, k, NULL, "");
    for (int i = 0; i < k->n_sent && !k->base.broken; i++) {
        PGresult *res = pg_await(k);
        if (!pg_good(res) && ok)
            ok = pg_failed(c, k, res, k->sent[i]);
        PQclear(res);
    }
    if (!k->base.broken)
        PQclear(pg_await(k)); /* of the sync itself */
    if (!k->base.broken && !PQexitPipelineMode(k->h)) {
        k->base.broken = true;
        if (ok)
            ok = pg_failed(c, k, NULL, "");
    }
    k->piped = false;
    k->n_sent = 0;
    return ok;
}

static bool pg_settle(Ctx *c, DbConn *conn)
{
    return pg_settle_sent(c, pg_conn(conn));
}

/* A few words of our own, unprepared; never worth cancelling, and never long: the limit of the session is an hour where a
   job had the connection before, and a request that takes it over must not wait that long for a dead host. */
bool pg_say(Ctx *c, PgConn *k, const char *text)
{
    k->base.deadline_ms = 0;
    if (!pg_settle_sent(c, k))
        return false;
    PGresult *res = PQsendQuery(k->h, text) ? await_for(k, PG_READ_TIMEOUT_MS + GRACE_MS) : NULL;
    bool ok = pg_good(res);
    if (!ok)
        pg_failed(c, k, res, text);
    PQclear(res);
    return ok;
}

void pg_drop_stmt(StmtEntry *e, void *arg)
{
    PgConn *k = arg;
    if (!e->serial || !k->h || k->base.broken || PQstatus(k->h) != CONNECTION_OK ||
        PQtransactionStatus(k->h) == PQTRANS_INERROR)
        return;
    char text[64];
    snprintf(text, sizeof(text), "DEALLOCATE s%" PRIu64, e->serial);
    PGresult *res = PQsendQuery(k->h, text) ? pg_await(k) : NULL;
    if (!pg_good(res)) /* in a transaction whoever comes next would be told of it, and not why */
        k->base.broken = true;
    PQclear(res);
}

/* Whether a value of this kind may be bound where the statement has type oid. */
static bool fits(DbKind kind, int oid)
{
    switch (kind) {
    case DB_NULL: return true;
    case DB_INT:
        return oid == OID_INT8 || oid == OID_INT4 || oid == OID_INT2 || oid == OID_FLOAT8 ||
               oid == OID_NUMERIC;
    case DB_REAL: return oid == OID_FLOAT8 || oid == OID_FLOAT4 || oid == OID_NUMERIC;
    case DB_TEXT: return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR;
    case DB_BLOB: return oid == OID_BYTEA;
    }
    return false;
}

static Oid oid_of(DbKind kind)
{
    switch (kind) {
    case DB_INT: return OID_INT8;
    case DB_REAL: return OID_FLOAT8;
    case DB_TEXT: return OID_TEXT;
    case DB_BLOB: return OID_BYTEA;
    case DB_NULL: break;
    }
    return 0;
}

/* Types that the server inferred for the NULLs of the first call, one more round trip, once. */
static bool describe(PgConn *k, StmtEntry *e, const char *name)
{
    PGresult *res = PQsendDescribePrepared(k->h, name) ? pg_await(k) : NULL;
    bool ok = pg_good(res) && PQnparams(res) == e->n_map;
    for (int i = 0; ok && i < e->n_map; i++)
        e->map[i] = (int)PQparamtype(res, i);
    PQclear(res);
    return ok;
}

/* The statement where it is prepared for such values; NULL where it is not. */
static StmtEntry *find_stmt(PgConn *k, const char *text, const DbVal *params, int n)
{
    for (StmtEntry *e = cache_find(k->stmts, text, NULL); e; e = cache_find(k->stmts, text, e)) {
        bool ok = e->n_map == n;
        for (int i = 0; ok && i < n; i++)
            ok = fits(params[i].kind, e->map[i]);
        if (ok)
            return e;
    }
    return NULL;
}

static StmtEntry *take_stmt(Ctx *c, PgConn *k, const char *text, const DbVal *params, int n)
{
    StmtEntry *e = find_stmt(k, text, params, n);
    if (e)
        return e;
    e = cache_add(k->stmts, text);
    if (k->base.broken) { /* another statement had to go, and did not */
        cache_remove(k->stmts, e);
        pg_failed(c, k, NULL, text);
        return NULL;
    }
    Oid *types = arena_array(c->a, (size_t)n, sizeof(Oid));
    e->map = malloc((size_t)(n ? n : 1) * sizeof(int));
    if (!e->map)
        abort();
    e->n_map = n;
    bool nulls = false;
    for (int i = 0; i < n; i++) {
        types[i] = oid_of(params[i].kind);
        e->map[i] = (int)types[i];
        nulls = nulls || !types[i];
    }
    char name[32];
    uint64_t serial = ++k->serial;
    snprintf(name, sizeof(name), "s%" PRIu64, serial);
    PGresult *res = PQsendPrepare(k->h, name, text, n, types) ? pg_await(k) : NULL;
    bool ok = pg_good(res);
    if (!ok)
        pg_failed(c, k, res, text);
    PQclear(res);
    if (ok) {
        e->serial = serial;
        if (nulls && !(ok = describe(k, e, name)))
            pg_failed(c, k, NULL, text);
    }
    if (ok)
        return e;
    cache_remove(k->stmts, e);
    return NULL;
}

static bool send_stmt(Ctx *c, PgConn *k, const StmtEntry *e, const DbVal *params, int n)
{
    const char **values = arena_array(c->a, (size_t)n, sizeof(*values));
    int *lengths = arena_array(c->a, (size_t)n, sizeof(int));
    int *formats = arena_array(c->a, (size_t)n, sizeof(int));
    for (int i = 0; i < n; i++) {
        const DbVal *v = &params[i];
        switch (v->kind) {
        case DB_NULL: break;
        case DB_INT: values[i] = arena_printf(c->a, "%" PRId64, v->i); break;
        case DB_REAL: values[i] = arena_printf(c->a, "%.17g", v->d); break;
        case DB_TEXT:
        case DB_BLOB:
            values[i] = v->s;
            lengths[i] = (int)v->n;
            formats[i] = 1;
            break;
        }
    }
    char name[32];
    snprintf(name, sizeof(name), "s%" PRIu64, e->serial);
    return PQsendQueryPrepared(k->h, name, n, values, lengths, formats, 0) == 1;
}

/*
 * Prepares, binds, runs. Outside a transaction a dead connection is opened again and the statement,
 * which is read-only by the session's default, is asked once more; so is one whose plan went stale.
 */
static PGresult *ask(Ctx *c, PgConn *k, const char *text, const DbVal *params, int n)
{
    int n_err = c->n_err;
    if (!pg_settle_sent(c, k))
        return NULL;
    for (int attempt = 1;; attempt++) {
        bool last = attempt == 2 || k->base.in_write;
        if (k->base.broken && (k->base.in_write || !k->base.db->drv->conn_reopen(&k->base, c))) {
            if (c->n_err == n_err)
                pg_failed(c, k, NULL, text);
            return NULL;
        }
        StmtEntry *e = take_stmt(c, k, text, params, n);
        PGresult *res = e && send_stmt(c, k, e, params, n) ? pg_await(k) : NULL;
        if (pg_good(res))
            return res;
        if (e) {
            pg_failed(c, k, res, text);
            if (k->base.retry && !pg_state_is(k, "4") && !pg_state_is(k, "5"))
                cache_remove(k->stmts, e);
        }
        PQclear(res);
        bool again = k->base.broken || k->base.retry;
        if (last || !again)
            return NULL;
        k->base.retry = false;
        ctx_errors_forget(c, n_err);
    }
}

static bool pg_exec(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n)
{
    PGresult *res = ask(c, pg_conn(conn), text, params, n);
    if (!res)
        return false;
    const char *tuples = PQcmdTuples(res);
    conn->changes = *tuples && PQresultStatus(res) == PGRES_COMMAND_OK ? strtoll(tuples, NULL, 10)
                    : PQresultStatus(res) == PGRES_TUPLES_OK           ? PQntuples(res)
                                                                       : 0;
    PQclear(res);
    return true;
}

/* In a write, and prepared before: sent, and its answer read with those of others (settle). */
static bool pg_send(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n)
{
    PgConn *k = pg_conn(conn);
    StmtEntry *e =
        k->in_tx && conn->in_write && !conn->broken ? find_stmt(k, text, params, n) : NULL;
    if (!e || (!k->piped && !PQenterPipelineMode(k->h)))
        return pg_exec(c, conn, text, params, n);
    k->piped = true;
    if (!send_stmt(c, k, e, params, n))
        return pg_failed(c, k, NULL, text);
    k->sent[k->n_sent++] = text;
    conn->changes = 1;
    return k->n_sent < PG_SENT_MOST || pg_settle_sent(c, k);
}

static bool pg_query(Ctx *c, DbRows *r, const char *text, const DbVal *params, int n)
{
    PGresult *res = ask(c, pg_conn(r->conn), text, params, n);
    if (!res)
        return false;
    r->stmt = res;
    r->n_columns = PQnfields(res);
    r->n_rows = PQntuples(res);
    r->row = -1;
    return true;
}

static bool pg_step(DbRows *r)
{
    if (r->row + 1 >= r->n_rows)
        return false;
    r->row++;
    return true;
}

static void pg_finish(DbRows *r)
{
    PQclear(r->stmt);
    r->stmt = NULL;
}

static bool pg_prepare(Ctx *c, DbConn *conn, const char *text)
{
    PgConn *k = pg_conn(conn);
    PGresult *res = PQsendPrepare(k->h, "", text, 0, NULL) ? pg_await(k) : NULL;
    bool ok = pg_good(res) || pg_failed(c, k, res, text);
    PQclear(res);
    return ok;
}

/* --- columns --------------------------------------------------------------------------------- */

static bool pg_is_null(DbRows *r, int col)
{
    return PQgetisnull(r->stmt, r->row, col);
}

/* As the server writes whole numbers; a page has hundreds, and strtoll looks for bases and locales first. */
static int64_t whole(const char *s)
{
    bool minus = *s == '-';
    uint64_t n = 0;
    for (s += minus; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (uint64_t)(*s - '0');
    return minus ? (int64_t)(0 - n) : (int64_t)n;
}

static int64_t pg_int(DbRows *r, int col)
{
    const char *s = PQgetvalue(r->stmt, r->row, col);
    if (*s == 't' && PQftype(r->stmt, col) == OID_BOOL)
        return 1;
    return whole(s);
}

static double pg_real(DbRows *r, int col)
{
    return strtod(PQgetvalue(r->stmt, r->row, col), NULL);
}

static const char *pg_text(DbRows *r, int col)
{
    return PQgetisnull(r->stmt, r->row, col) ? NULL : PQgetvalue(r->stmt, r->row, col);
}

/* bytea comes as \x and two hex digits a byte */
static bool is_hex(DbRows *r, int col)
{
    return PQftype(r->stmt, col) == OID_BYTEA && PQgetlength(r->stmt, r->row, col) >= 2;
}

static size_t pg_bytes(DbRows *r, int col)
{
    size_t n = (size_t)PQgetlength(r->stmt, r->row, col);
    return is_hex(r, col) ? (n - 2) / 2 : n;
}

static unsigned hex(char ch)
{
    return (unsigned)(ch <= '9' ? ch - '0' : ch - 'a' + 10);
}

static const void *pg_blob(DbRows *r, int col)
{
    if (PQgetisnull(r->stmt, r->row, col))
        return NULL;
    const char *s = PQgetvalue(r->stmt, r->row, col);
    if (!is_hex(r, col))
        return s;
    size_t n = pg_bytes(r, col);
    unsigned char *out = arena_alloc(r->a, n + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(hex(s[2 + 2 * i]) << 4 | hex(s[3 + 2 * i]));
    return out;
}

const DriverAsk pg_ask = {
    .exec = pg_exec,
    .send = pg_send,
    .settle = pg_settle,
    .query = pg_query,
    .step = pg_step,
    .finish = pg_finish,
    .prepare = pg_prepare,
    .is_null = pg_is_null,
    .get_int = pg_int,
    .get_real = pg_real,
    .get_text = pg_text,
    .get_bytes = pg_bytes,
    .get_blob = pg_blob,
    .report = pg_report,
};
