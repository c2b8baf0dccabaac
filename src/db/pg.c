/*
 * The PostgreSQL driver; the only file that knows libpq-fe.h.
 *
 * Blocking for the caller, but never for ever: every answer is awaited with poll and a limit, for a
 * server that is stopped or cut off does not answer at all. Connections are read-only by default,
 * so that a write outside db_write fails at once.
 *
 * Statements are prepared once per connection. Text and bytea go out binary, numbers as text, so a
 * whole number fits smallint, integer and bigint alike. Types are declared from the values; a NULL
 * has none, so the server infers it, and the statement is kept for later values that fit what it
 * inferred. Results come back as text and whole.
 */
#include <libpq-fe.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/driver.h"

enum {
    STATEMENTS = 256,
    READ_TIMEOUT_MS = 5000,    /* statement_timeout of work that has a deadline */
    WRITE_TIMEOUT_MS = 60000,  /* and inside db_write: imports, index builds */
    LONG_TIMEOUT_MS = 3600000, /* work without a deadline: exports, migrations */
    SENT_MOST = 64,            /* their answers fit the buffers on both ways */
    GRACE_MS = 4000,           /* the server's own limit gets this long to be heard of */
    CANCELS_MOST = 8,          /* under way at once; see cancel */
    LOOK_MS = 500,          /* who waits for an answer looks this often whether the program ends */
    CONNECT_LEAST_MS = 2000 /* libpq waits no shorter for a connection */
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

typedef struct PgConn {
    DbConn base; /* first: a DbConn* is a PgConn* */
    PGconn *h;
    PGcancel *cancel;
    StmtCache *stmts;
    uint64_t serial;
    int timeout_ms; /* statement_timeout of the session */
    bool in_tx;
    bool piped; /* statements were sent whose answers nobody has read yet */
    const char *sent[SENT_MOST];
    int n_sent;
    char last_state[6];
    char last_msg[512], last_field[64];
} PgConn;

typedef struct Pg {
    char **keys, **values; /* for PQconnectdbParams, NULL-terminated */
} Pg;

static PgConn *of(DbConn *conn)
{
    return (PgConn *)conn;
}

/* --- failures -------------------------------------------------------------------------------- */

static bool is(const PgConn *k, const char *state)
{
    return !strncmp(k->last_state, state, strlen(state));
}

static void record(Ctx *c, const PgConn *k, const char *detail)
{
    const char *field = k->last_field[0] ? k->last_field : NULL;
    if (is(k, "23505")) {
        ctx_fail(c, ERR_DUPLICATE, field, "err.db_duplicate");
    } else if (is(k, "23502")) {
        ctx_fail(c, ERR_REQUIRED, field, "err.required");
    } else if (is(k, "23514")) {
        ctx_fail(c, ERR_INVALID, field, "err.db_check");
    } else if (is(k, "23503")) {
        ctx_fail(c, ERR_IN_USE, NULL, "err.db_linked");
    } else if (is(k, "57014")) {
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.query_timeout");
    } else if (is(k, "53100")) {
        ctx_fail_detail(c, ERR_DISK_FULL, detail, "err.db_disk_full");
    } else if (is(k, "40001") || is(k, "40P01") || is(k, "55P03") || is(k, "53")) {
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_busy");
    } else if (is(k, "08") || is(k, "57P")) {
        c->retry_after_s = 5;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_down");
    } else {
        ctx_fail_detail(c, ERR_INTERNAL, detail, "err.internal");
    }
}

static void put(char *out, size_t room, const char *s)
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
        put(k->last_field, sizeof(k->last_field), column);
    } else if (name && table) {
        size_t n = strlen(table), len = strlen(name);
        if (len > n + 4 && (!strncmp(name, "ux_", 3) || !strncmp(name, "ck_", 3)) &&
            !strncmp(name + 3, table, n) && name[3 + n] == '_')
            put(k->last_field, sizeof(k->last_field), name + 4 + n);
        else if (len > 5 && !strcmp(name + len - 5, "_pkey"))
            put(k->last_field, sizeof(k->last_field), "id");
    }
}

/* Notes the failure of res (NULL: the connection's) and records it. Always false. */
static bool failed(Ctx *c, PgConn *k, const PGresult *res, const char *sql)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    bool lost = PQstatus(k->h) != CONNECTION_OK;
    if (!state)
        state = "08006"; /* libpq gives none where no server answered */
    put(k->last_state, sizeof(k->last_state), state);
    const char *said = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    put(k->last_msg, sizeof(k->last_msg), said ? said : PQerrorMessage(k->h));
    if (strncmp(state, "22", 2) ==
        0) /* invalid input: what follows is the value, which no log may hold */
        k->last_msg[strcspn(k->last_msg, ":\"")] = 0;
    k->last_field[0] = 0;
    if (res)
        field_of(k, res);
    if (k->base.in_write)
        k->base.aborted = true;
    /* 57P01…03: the server is stopping or starting; 25006: the host became a standby. */
    if (lost || is(k, "08") || is(k, "57P") || (is(k, "25006") && k->base.in_write))
        k->base.broken = true;
    /* 26000, 0A000 …: a prepared statement that a schema change or a pooler took away. */
    if (is(k, "40001") || is(k, "40P01") || is(k, "55P03") || is(k, "26000") ||
        (is(k, "0A000") && strstr(k->last_msg, "cached plan")))
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
    record(c, of(conn), of(conn)->last_msg);
}

/* --- asking ---------------------------------------------------------------------------------- */

static int limit_ms(const PgConn *k)
{
    int server = k->in_tx && k->timeout_ms < WRITE_TIMEOUT_MS ? WRITE_TIMEOUT_MS : k->timeout_ms;
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

static PGresult *await(PgConn *k)
{
    return await_for(k, limit_ms(k));
}

static bool good(const PGresult *res)
{
    ExecStatusType st = res ? PQresultStatus(res) : PGRES_FATAL_ERROR;
    return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
}

/* Reads what the statements sent have come to; the first failure is the one that counts. c may be NULL. */
static bool settle(Ctx *c, PgConn *k)
{
    if (!k->piped)
        return true;
    bool ok = PQpipelineSync(k->h) == 1;
    if (!ok)
        failed(c, k, NULL, "");
    for (int i = 0; i < k->n_sent && !k->base.broken; i++) {
        PGresult *res = await(k);
        if (!good(res) && ok)
            ok = failed(c, k, res, k->sent[i]);
        PQclear(res);
    }
    if (!k->base.broken)
        PQclear(await(k)); /* of the sync itself */
    if (!k->base.broken && !PQexitPipelineMode(k->h)) {
        k->base.broken = true;
        if (ok)
            ok = failed(c, k, NULL, "");
    }
    k->piped = false;
    k->n_sent = 0;
    return ok;
}

static bool pg_settle(Ctx *c, DbConn *conn)
{
    return settle(c, of(conn));
}

/* A few words of our own, unprepared; never worth cancelling, and never long: the limit of the session is an hour where a
   job had the connection before, and a request that takes it over must not wait that long for a dead host. */
static bool say(Ctx *c, PgConn *k, const char *text)
{
    k->base.deadline_ms = 0;
    if (!settle(c, k))
        return false;
    PGresult *res = PQsendQuery(k->h, text) ? await_for(k, READ_TIMEOUT_MS + GRACE_MS) : NULL;
    bool ok = good(res);
    if (!ok)
        failed(c, k, res, text);
    PQclear(res);
    return ok;
}

static void drop_stmt(StmtEntry *e, void *arg)
{
    PgConn *k = arg;
    if (!e->serial || !k->h || k->base.broken || PQstatus(k->h) != CONNECTION_OK ||
        PQtransactionStatus(k->h) == PQTRANS_INERROR)
        return;
    char text[64];
    snprintf(text, sizeof(text), "DEALLOCATE s%" PRIu64, e->serial);
    PGresult *res = PQsendQuery(k->h, text) ? await(k) : NULL;
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
    PGresult *res = PQsendDescribePrepared(k->h, name) ? await(k) : NULL;
    bool ok = good(res) && PQnparams(res) == e->n_map;
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
    PGresult *res = PQsendPrepare(k->h, name, text, n, types) ? await(k) : NULL;
    bool ok = good(res);
    if (!ok)
        failed(c, k, res, text);
    PQclear(res);
    if (ok) {
        e->serial = serial;
        if (nulls && !(ok = describe(k, e, name)))
            failed(c, k, NULL, text);
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
    if (!settle(c, k))
        return NULL;
    for (int attempt = 1;; attempt++) {
        bool last = attempt == 2 || k->base.in_write;
        if (k->base.broken && (k->base.in_write || !k->base.db->drv->conn_reopen(&k->base, c))) {
            if (c->n_err == n_err)
                failed(c, k, NULL, text);
            return NULL;
        }
        StmtEntry *e = take_stmt(c, k, text, params, n);
        PGresult *res = e && send_stmt(c, k, e, params, n) ? await(k) : NULL;
        if (good(res))
            return res;
        if (e) {
            failed(c, k, res, text);
            if (k->base.retry && !is(k, "4") && !is(k, "5"))
                cache_remove(k->stmts, e);
        }
        PQclear(res);
        bool again = k->base.broken || k->base.retry;
        if (last || !again)
            return NULL;
        k->base.retry = false;
        ctx_errors_back_to(c, n_err);
    }
}

static bool pg_exec(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n)
{
    PGresult *res = ask(c, of(conn), text, params, n);
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
    PgConn *k = of(conn);
    StmtEntry *e =
        k->in_tx && conn->in_write && !conn->broken ? find_stmt(k, text, params, n) : NULL;
    if (!e || (!k->piped && !PQenterPipelineMode(k->h)))
        return pg_exec(c, conn, text, params, n);
    k->piped = true;
    if (!send_stmt(c, k, e, params, n))
        return failed(c, k, NULL, text);
    k->sent[k->n_sent++] = text;
    conn->changes = 1;
    return k->n_sent < SENT_MOST || settle(c, k);
}

static bool pg_query(Ctx *c, DbRows *r, const char *text, const DbVal *params, int n)
{
    PGresult *res = ask(c, of(r->conn), text, params, n);
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
    PgConn *k = of(conn);
    PGresult *res = PQsendPrepare(k->h, "", text, 0, NULL) ? await(k) : NULL;
    bool ok = good(res) || failed(c, k, res, text);
    PQclear(res);
    return ok;
}

/* --- columns --------------------------------------------------------------------------------- */

static bool pg_is_null(DbRows *r, int col)
{
    return PQgetisnull(r->stmt, r->row, col);
}

static int64_t pg_int(DbRows *r, int col)
{
    const char *s = PQgetvalue(r->stmt, r->row, col);
    if (*s == 't' && PQftype(r->stmt, col) == OID_BOOL)
        return 1;
    return strtoll(s, NULL, 10);
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

/* --- transactions ---------------------------------------------------------------------------- */

static bool pg_begin(Ctx *c, DbConn *conn)
{
    PgConn *k = of(conn);
    char text[96];
    /* READ COMMITTED is enough: docs/adr/0002-sql.md. One round trip for both words. */
    if (k->timeout_ms < WRITE_TIMEOUT_MS)
        snprintf(text, sizeof(text), "BEGIN READ WRITE; SET LOCAL statement_timeout = %d",
                 WRITE_TIMEOUT_MS);
    else
        snprintf(text, sizeof(text), "BEGIN READ WRITE");
    conn->retry = false;
    k->in_tx = true;
    if (say(c, k, text))
        return true;
    k->in_tx = false;
    return false;
}

static CommitResult pg_commit(DbConn *conn)
{
    PgConn *k = of(conn);
    (void)settle(NULL, k); /* db_write has done so: nothing is left here that it does not know of */
    PGresult *res = PQsendQuery(k->h, "COMMIT") ? await(k) : NULL;
    CommitResult rc = COMMIT_OK;
    if (!good(res)) {
        failed(NULL, k, res, "COMMIT");
        /* An answer from the server says no; silence says nothing. */
        bool answered =
            res && PQresultErrorField(res, PG_DIAG_SQLSTATE) && !is(k, "08") && !is(k, "57P");
        rc = answered ? COMMIT_FAILED : COMMIT_UNKNOWN;
    } else if (!strcmp(PQcmdStatus(res), "ROLLBACK")) {
        put(k->last_state, sizeof(k->last_state), "25P02");
        put(k->last_msg, sizeof(k->last_msg), "the transaction had failed before COMMIT");
        rc = COMMIT_FAILED;
    }
    PQclear(res);
    k->in_tx = false;
    return rc;
}

static void pg_rollback(DbConn *conn)
{
    PgConn *k = of(conn);
    (void)settle(NULL, k);
    if (!conn->broken && PQtransactionStatus(k->h) != PQTRANS_IDLE) {
        PGresult *res = PQsendQuery(k->h, "ROLLBACK") ? await(k) : NULL;
        if (!good(res))
            conn->broken = true;
        PQclear(res);
    }
    k->in_tx = false;
}

static bool pg_control(Ctx *c, DbConn *conn, const char *text)
{
    return say(c, of(conn), text);
}

static bool pg_in_transaction(DbConn *conn)
{
    PGTransactionStatusType st = PQtransactionStatus(of(conn)->h);
    return st == PQTRANS_INTRANS || st == PQTRANS_INERROR;
}

static void pg_interrupt(DbConn *conn)
{
    PgConn *k = of(conn);
    char why[128];
    if (k->cancel && !conn->in_write)
        PQcancel(k->cancel, why, (int)sizeof(why));
}

/* --- connections ----------------------------------------------------------------------------- */

/* Always false. */
static bool not_connected(Ctx *c, PgConn *k, const char *why)
{
    put(k->last_state, sizeof(k->last_state), "08001");
    put(k->last_msg, sizeof(k->last_msg), why);
    k->base.broken = true;
    c->retry_after_s = 5;
    return ctx_fail_detail(c, ERR_BUSY, k->last_msg, "err.db_down");
}

/* The values of the keys, but no longer than ms for the connecting. */
static const char *const *hurried(Ctx *c, const Pg *pg, int64_t ms)
{
    size_t n = 0;
    while (pg->keys[n])
        n++;
    const char **values = arena_array(c->a, n + 1, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = strcmp(pg->keys[i], "connect_timeout") == 0 &&
                            strtoll(pg->values[i], NULL, 10) * 1000 > ms
                        ? arena_printf(c->a, "%" PRId64, ms / 1000)
                        : pg->values[i];
    return values;
}

static bool connect_to(Ctx *c, PgConn *k)
{
    const Pg *pg = k->base.db->engine;
    const char *const *values = (const char *const *)pg->values;
    int64_t end = k->base.db->end_ms, left = end ? end - clock_mono_ms() : 0;
    if (end && left < CONNECT_LEAST_MS)
        return not_connected(c, k, "the program ends");
    if (end)
        values = hurried(c, pg, left);
    k->h = PQconnectdbParams((const char *const *)pg->keys, values, 0);
    if (PQstatus(k->h) != CONNECTION_OK)
        return not_connected(c, k, PQerrorMessage(k->h));
    k->cancel = PQgetCancel(k->h);
    k->timeout_ms = READ_TIMEOUT_MS;
    k->in_tx = false;
    k->stmts = cache_new(STATEMENTS, drop_stmt, k);
    return true;
}

static void disconnect(PgConn *k)
{
    PGconn *h = k->h;
    k->piped = false;
    k->n_sent = 0;
    k->h = NULL; /* the cache need not deallocate what ends with the session */
    cache_free(k->stmts);
    k->stmts = NULL;
    PQfreeCancel(k->cancel);
    k->cancel = NULL;
    PQfinish(h);
}

static void pg_conn_close(DbConn *conn)
{
    disconnect(of(conn));
    free(conn->pending);
    free(conn);
}

static DbConn *pg_conn_open(Ctx *c, Db *db)
{
    PgConn *k = calloc(1, sizeof(*k));
    if (!k)
        abort();
    k->base.db = db;
    if (!connect_to(c, k)) {
        pg_conn_close(&k->base);
        return NULL;
    }
    return &k->base;
}

/* Work with a deadline gets the short limit, work without one the long. */
static bool set_timeout(Ctx *c, PgConn *k)
{
    int want = c->deadline_ms ? READ_TIMEOUT_MS : LONG_TIMEOUT_MS;
    if (want == k->timeout_ms)
        return true;
    char text[64];
    snprintf(text, sizeof(text), "SET statement_timeout = %d", want);
    int n_err = c->n_err;
    bool ok = say(c, k, text);
    if (ok)
        k->timeout_ms = want;
    ctx_errors_back_to(c, n_err);
    return ok;
}

static bool pg_conn_check(DbConn *conn, Ctx *c)
{
    PgConn *k = of(conn);
    if (conn->broken || PQstatus(k->h) != CONNECTION_OK)
        return false;
    /* A server that went away has closed its end: seen here without asking. */
    struct pollfd p = {.fd = PQsocket(k->h), .events = POLLIN};
    if (poll(&p, 1, 0) > 0 && (!PQconsumeInput(k->h) || PQstatus(k->h) != CONNECTION_OK))
        return false;
    return set_timeout(c, k);
}

static bool pg_conn_reopen(DbConn *conn, Ctx *c)
{
    PgConn *k = of(conn);
    disconnect(k);
    conn->broken = false;
    if (!connect_to(c, k))
        return false;
    conn->aborted = conn->retry = false;
    return set_timeout(c, k);
}

/* --- open and close -------------------------------------------------------------------------- */

typedef struct Default {
    const char *key, *value;
} Default;

/*
 * What is asked for unless the URL says otherwise. No answer for 8 s ends a connection, so that
 * nobody hangs longer than 10 s on a network that swallows packets.
 */
static const Default defaults[] = {
    {"connect_timeout", "5"},    {"tcp_user_timeout", "8000"},
    {"keepalives_idle", "10"},   {"keepalives_interval", "3"},
    {"keepalives_count", "3"},   {"application_name", "zhike"},
    {"client_encoding", "UTF8"}, {"target_session_attrs", "primary"},
};

static const char OPTIONS[] =
    "-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=10000 "
    "-c idle_in_transaction_session_timeout=120000 -c standard_conforming_strings=on "
    "-c bytea_output=hex -c extra_float_digits=1 -c client_min_messages=error";

static char *copy(const char *s)
{
    char *p = strdup(s);
    if (!p)
        abort();
    return p;
}

static void quiet(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static bool read_url(Ctx *c, Pg *pg, const char *url)
{
    char *why = NULL;
    PQconninfoOption *all = PQconninfoParse(url, &why);
    if (!all) {
        ctx_fail(c, ERR_INVALID, "database.url", "err.db_url", why ? why : "");
        PQfreemem(why);
        return false;
    }
    size_t n = 0;
    for (PQconninfoOption *o = all; o->keyword; o++)
        n++;
    pg->keys = calloc(n + 1, sizeof(char *));
    pg->values = calloc(n + 1, sizeof(char *));
    if (!pg->keys || !pg->values)
        abort();
    size_t at = 0;
    for (PQconninfoOption *o = all; o->keyword; o++) {
        const char *value = o->val && *o->val ? o->val : NULL;
        for (size_t i = 0; !value && i < sizeof(defaults) / sizeof(*defaults); i++) {
            if (!strcmp(o->keyword, defaults[i].key))
                value = defaults[i].value;
        }
        if (!strcmp(o->keyword, "options"))
            value = arena_printf(c->a, "%s %s", OPTIONS, value ? value : "");
        if (!value)
            continue; /* libpq's own default, or its environment variable */
        pg->keys[at] = copy(o->keyword);
        pg->values[at++] = copy(value);
    }
    PQconninfoFree(all);
    return true;
}

static bool pg_open(Ctx *c, const DbOptions *o, Db *db)
{
    Pg *pg = calloc(1, sizeof(*pg));
    if (!pg)
        abort();
    db->engine = pg;
    if (!read_url(c, pg, o->url))
        return false;
    /* One connection now: a wrong address or password is to be known at start. */
    DbConn *conn = pg_conn_open(c, db);
    if (!conn)
        return false;
    PQsetNoticeReceiver(of(conn)->h, quiet, NULL);
    const char *encoding = PQparameterStatus(of(conn)->h, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") != 0) {
        pg_conn_close(conn);
        return ctx_fail(c, ERR_INVALID, "database.url", "err.db_encoding",
                        encoding ? encoding : "?");
    }
    db->n_conns = 1;
    pool_give(conn);
    return true;
}

static void pg_close(Db *db)
{
    Pg *pg = db->engine;
    if (!pg)
        return;
    for (size_t i = 0; pg->keys && pg->keys[i]; i++) {
        free(pg->keys[i]);
        free(pg->values[i]);
    }
    free(pg->keys);
    free(pg->values);
    free(pg);
}

const Driver pg_driver = {
    .name = "postgresql",
    .open = pg_open,
    .close = pg_close,
    .conn_open = pg_conn_open,
    .conn_close = pg_conn_close,
    .conn_check = pg_conn_check,
    .conn_reopen = pg_conn_reopen,
    .interrupt = pg_interrupt,
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
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .control = pg_control,
    .in_transaction = pg_in_transaction,
    .report = pg_report,
    .write = writer_direct,
};
