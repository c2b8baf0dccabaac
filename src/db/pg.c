/*
 * The PostgreSQL driver: connections and transactions; statements are pg_ask.c. Only pg*.c and pg.h know libpq-fe.h.
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
#include "db/pg.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    STATEMENTS = 256,
    CONNECT_LEAST_MS = 2000 /* libpq waits no shorter for a connection */
};

typedef struct Pg {
    char **keys, **values; /* for PQconnectdbParams, NULL-terminated */
} Pg;

/* --- transactions ---------------------------------------------------------------------------- */

static bool pg_begin(Ctx *c, DbConn *conn)
{
    PgConn *k = pg_conn(conn);
    char text[96];
    /* READ COMMITTED is enough: docs/adr/0002-sql.md. One round trip for both words. */
    if (k->timeout_ms < PG_WRITE_TIMEOUT_MS)
        snprintf(text, sizeof(text), "BEGIN READ WRITE; SET LOCAL statement_timeout = %d",
                 PG_WRITE_TIMEOUT_MS);
    else
        snprintf(text, sizeof(text), "BEGIN READ WRITE");
    conn->retry = false;
    k->in_tx = true;
    if (pg_say(c, k, text))
        return true;
    k->in_tx = false;
    return false;
}

static CommitResult pg_commit(DbConn *conn)
{
    PgConn *k = pg_conn(conn);
    (void)pg_settle_sent(
        NULL, k); /* db_write has done so: nothing is left here that it does not know of */
    PGresult *res = PQsendQuery(k->h, "COMMIT") ? pg_await(k) : NULL;
    CommitResult rc = COMMIT_OK;
    if (!pg_good(res)) {
        pg_failed(NULL, k, res, "COMMIT");
        /* An answer from the server says no; silence says nothing. */
        bool answered = res && PQresultErrorField(res, PG_DIAG_SQLSTATE) && !pg_state_is(k, "08") &&
                        !pg_state_is(k, "57P");
        rc = answered ? COMMIT_FAILED : COMMIT_UNKNOWN;
    } else if (!strcmp(PQcmdStatus(res), "ROLLBACK")) {
        pg_put(k->last_state, sizeof(k->last_state), "25P02");
        pg_put(k->last_msg, sizeof(k->last_msg), "the transaction had failed before COMMIT");
        rc = COMMIT_FAILED;
    }
    PQclear(res);
    k->in_tx = false;
    return rc;
}

static void pg_rollback(DbConn *conn)
{
    PgConn *k = pg_conn(conn);
    (void)pg_settle_sent(NULL, k);
    if (!conn->broken && PQtransactionStatus(k->h) != PQTRANS_IDLE) {
        PGresult *res = PQsendQuery(k->h, "ROLLBACK") ? pg_await(k) : NULL;
        if (!pg_good(res))
            conn->broken = true;
        PQclear(res);
    }
    k->in_tx = false;
}

static bool pg_control(Ctx *c, DbConn *conn, const char *text)
{
    return pg_say(c, pg_conn(conn), text);
}

static bool pg_in_transaction(DbConn *conn)
{
    PGTransactionStatusType st = PQtransactionStatus(pg_conn(conn)->h);
    return st == PQTRANS_INTRANS || st == PQTRANS_INERROR;
}

static void pg_interrupt(DbConn *conn)
{
    PgConn *k = pg_conn(conn);
    char why[128];
    if (k->cancel && !conn->in_write)
        PQcancel(k->cancel, why, (int)sizeof(why));
}

/* --- connections ----------------------------------------------------------------------------- */

/* Always false. */
static bool not_connected(Ctx *c, PgConn *k, const char *why)
{
    pg_put(k->last_state, sizeof(k->last_state), "08001");
    pg_put(k->last_msg, sizeof(k->last_msg), why);
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
    k->timeout_ms = PG_READ_TIMEOUT_MS;
    k->in_tx = false;
    k->stmts = cache_new(STATEMENTS, pg_drop_stmt, k);
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
    disconnect(pg_conn(conn));
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
    int want = c->deadline_ms ? PG_READ_TIMEOUT_MS : PG_LONG_TIMEOUT_MS;
    if (want == k->timeout_ms)
        return true;
    char text[64];
    snprintf(text, sizeof(text), "SET statement_timeout = %d", want);
    int n_err = c->n_err;
    bool ok = pg_say(c, k, text);
    if (ok)
        k->timeout_ms = want;
    ctx_errors_forget(c, n_err);
    return ok;
}

static bool pg_conn_check(DbConn *conn, Ctx *c)
{
    PgConn *k = pg_conn(conn);
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
    PgConn *k = pg_conn(conn);
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
    PQsetNoticeReceiver(pg_conn(conn)->h, quiet, NULL);
    const char *encoding = PQparameterStatus(pg_conn(conn)->h, "server_encoding");
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
    .ask = &pg_ask,
    .open = pg_open,
    .close = pg_close,
    .conn_open = pg_conn_open,
    .conn_close = pg_conn_close,
    .conn_check = pg_conn_check,
    .conn_reopen = pg_conn_reopen,
    .interrupt = pg_interrupt,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .control = pg_control,
    .in_transaction = pg_in_transaction,
    .write = writer_direct,
};
