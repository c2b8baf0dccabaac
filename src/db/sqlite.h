/*
 * Inside the SQLite driver: a connection, and what sqlite_ask.c (statements and their answers) gives to sqlite.c
 * (connections, transactions, checkpoints, the table of the driver). Nobody else includes this.
 */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include <sqlite3.h>

#include "db/driver.h"

typedef struct SqliteConn {
    DbConn base; /* first: a DbConn* is a SqliteConn* */
    sqlite3 *h;
    StmtCache *stmts;
    bool writer;
    bool brief;  /* set up for a Ctx that must not wait */
    int last_rc; /* of the last failure, for report */
    char last_msg[256];
} SqliteConn;

static inline SqliteConn *sqlite_conn(DbConn *conn)
{
    return (SqliteConn *)conn;
}

/*
 * Notes the failure rc of the connection and, with c, records the mistake a person reads; sql is for the log, or NULL.
 * Always false. sqlite_ask.report records what was noted last.
 */
bool sqlite_failed(Ctx *c, SqliteConn *k, int rc, const char *sql);
/* The text compiled into the entry: a result code of SQLite. What the cache of statements calls for one that goes. */
int sqlite_compile(SqliteConn *k, StmtEntry *e, const char *text);
void sqlite_drop_stmt(StmtEntry *e, void *arg);

/* Statements and answers, for the driver's table. */
extern const DriverAsk sqlite_ask;

#endif
