/*
 * Inside the PostgreSQL driver: a connection, and what pg_ask.c (statements and their answers) gives to pg.c
 * (connections, transactions, the table of the driver). Nobody else includes this.
 */
#ifndef DB_PG_H
#define DB_PG_H

#include <libpq-fe.h>

#include <stdint.h>

#include "db/driver.h"

enum {
    PG_READ_TIMEOUT_MS = 5000,    /* statement_timeout of work that has a deadline */
    PG_WRITE_TIMEOUT_MS = 60000,  /* and inside db_write: imports, index builds */
    PG_LONG_TIMEOUT_MS = 3600000, /* work without a deadline: exports, migrations */
    PG_SENT_MOST = 64             /* their answers fit the buffers on both ways */
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
    const char *sent[PG_SENT_MOST];
    int n_sent;
    char last_state[6];
    char last_msg[512], last_field[64];
} PgConn;

static inline PgConn *pg_conn(DbConn *conn)
{
    return (PgConn *)conn;
}

/* Failures. The state of the last one (SQLSTATE or its class); what pg_failed notes and records; it is always false. */
bool pg_state_is(const PgConn *k, const char *state);
void pg_put(char *out, size_t room, const char *s);
bool pg_failed(Ctx *c, PgConn *k, const PGresult *res, const char *sql);

/* Waiting: the answer within the connection's limit, or NULL; is it one of success? Answers of sent statements are read; own words. */
PGresult *pg_await(PgConn *k);
bool pg_good(const PGresult *res);
bool pg_settle_sent(Ctx *c, PgConn *k);
bool pg_say(Ctx *c, PgConn *k, const char *text);
void pg_drop_stmt(StmtEntry *e, void *arg);

/* Statements and answers, for the driver's table. */
extern const DriverAsk pg_ask;

#endif
