/*
 * What the bare program of lists (baseline_read.c) needs of PostgreSQL: a connection and prepared statements, as one
 * would write it down with libpq alone: values and rows as text, one answer after the other. See bare_sqlite.h.
 */
#ifndef BENCH_BARE_PG_H
#define BENCH_BARE_PG_H

#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"

#define BARE_NAME "bench_baseline_read_pg"
enum { BARE_IS_PG = 1, BARE_STATEMENTS = 16, BARE_VALUES = 512 };
enum { BARE_KEEPS_ROWS = 1 }; /* until the statement runs again */
enum { BARE_INT8 = 20, BARE_TEXT = 25, BARE_FLOAT8 = 701 };

typedef struct Bare {
    PGconn *h;
    PGresult *res[BARE_STATEMENTS];
    int row[BARE_STATEMENTS];
} Bare;

static inline void bare_open(Bare *b, const char *where)
{
    b->h = PQconnectdb(where);
    if (PQstatus(b->h) != CONNECTION_OK)
        abort();
    PQclear(PQexec(b->h, "SET default_transaction_read_only = on"));
}

static inline void bare_prepare(Bare *b, int i, const Captured *s)
{
    Oid types[BARE_VALUES];
    char name[16];
    snprintf(name, sizeof name, "s%d", i);
    if (s->n > BARE_VALUES)
        abort();
    for (int k = 0; k < s->n; k++)
        types[k] = s->params[k].kind == DB_INT    ? BARE_INT8
                   : s->params[k].kind == DB_REAL ? BARE_FLOAT8
                                                  : BARE_TEXT;
    PGresult *r = PQprepare(b->h, name, s->text, s->n, types);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        abort();
    PQclear(r);
}

static inline void bare_run(Bare *b, int which, const Captured *s)
{
    const char *values[BARE_VALUES];
    char digits[BARE_VALUES][24], name[16];
    for (int i = 0; i < s->n; i++) {
        const DbVal *v = &s->params[i];
        values[i] = v->kind == DB_TEXT ? v->s : v->kind == DB_NULL ? NULL : digits[i];
        if (v->kind == DB_INT)
            snprintf(digits[i], sizeof digits[i], "%" PRId64, v->i);
        else if (v->kind == DB_REAL)
            snprintf(digits[i], sizeof digits[i], "%.15g", v->d);
    }
    snprintf(name, sizeof name, "s%d", which);
    PQclear(b->res[which]);
    b->res[which] = PQexecPrepared(b->h, name, s->n, values, NULL, NULL, 0);
    if (PQresultStatus(b->res[which]) != PGRES_TUPLES_OK)
        abort();
    b->row[which] = -1;
}

static inline bool bare_step(Bare *b, int which)
{
    return ++b->row[which] < PQntuples(b->res[which]);
}

static inline void bare_end(Bare *b, int which)
{
    (void)b, (void)which;
}

static inline bool bare_null(Bare *b, int which, int col)
{
    return PQgetisnull(b->res[which], b->row[which], col);
}

static inline int64_t bare_int(Bare *b, int which, int col)
{
    return strtoll(PQgetvalue(b->res[which], b->row[which], col), NULL, 10);
}

static inline const char *bare_text(Bare *b, int which, int col, size_t *n)
{
    *n = (size_t)PQgetlength(b->res[which], b->row[which], col);
    return PQgetvalue(b->res[which], b->row[which], col);
}

/* Nanoseconds on a core of the PostgreSQL process that works for us; 0 where it is not on this machine. */
static inline int64_t bare_other_ns(const Bare *b)
{
    char path[64];
    long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", PQbackendPID(b->h));
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%lld", &ns) != 1)
            ns = 0;
        fclose(f);
    }
    return ns;
}

static inline void bare_close(Bare *b, int n)
{
    for (int i = 0; i < n; i++)
        PQclear(b->res[i]);
    PQfinish(b->h);
}

#endif
