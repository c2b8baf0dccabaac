/*
 * What the bare program of lists (baseline_read.c) needs of SQLite: a connection and prepared statements, as one would
 * write it down without an engine around it. bare_pg.h is the same for libpq; the program is compiled once with each.
 */
#ifndef BENCH_BARE_SQLITE_H
#define BENCH_BARE_SQLITE_H

#include <sqlite3.h>

#include <stdlib.h>

#include "capture.h"

#define BARE_NAME "bench_baseline_read"
enum { BARE_IS_PG = 0, BARE_STATEMENTS = 16 };
enum { BARE_KEEPS_ROWS = 0 }; /* text is gone at the next step */

typedef struct Bare {
    sqlite3 *h;
    sqlite3_stmt *st[BARE_STATEMENTS];
} Bare;

static inline void bare_open(Bare *b, const char *where)
{
    if (sqlite3_open_v2(where, &b->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        abort();
    sqlite3_exec(b->h,
                 "PRAGMA mmap_size=2147483648; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY; "
                 "PRAGMA query_only=ON",
                 NULL, NULL, NULL);
}

static inline void bare_prepare(Bare *b, int i, const Captured *s)
{
    if (sqlite3_prepare_v3(b->h, s->text, -1, SQLITE_PREPARE_PERSISTENT, &b->st[i], NULL) !=
        SQLITE_OK)
        abort();
}

static inline void bare_run(Bare *b, int which, const Captured *s)
{
    sqlite3_stmt *st = b->st[which];
    for (int i = 1; i <= sqlite3_bind_parameter_count(st); i++) {
        const DbVal *v = &s->params[strtol(sqlite3_bind_parameter_name(st, i) + 1, NULL, 10) - 1];
        if (v->kind == DB_INT)
            sqlite3_bind_int64(st, i, v->i);
        else if (v->kind == DB_REAL)
            sqlite3_bind_double(st, i, v->d);
        else if (v->kind == DB_TEXT)
            sqlite3_bind_text(st, i, v->s, (int)v->n, SQLITE_STATIC);
        else
            sqlite3_bind_null(st, i);
    }
}

static inline bool bare_step(Bare *b, int which)
{
    return sqlite3_step(b->st[which]) == SQLITE_ROW;
}

static inline void bare_end(Bare *b, int which)
{
    sqlite3_reset(b->st[which]);
}

static inline bool bare_null(Bare *b, int which, int col)
{
    return sqlite3_column_type(b->st[which], col) == SQLITE_NULL;
}

static inline int64_t bare_int(Bare *b, int which, int col)
{
    return sqlite3_column_int64(b->st[which], col);
}

static inline const char *bare_text(Bare *b, int which, int col, size_t *n)
{
    const char *s = (const char *)sqlite3_column_text(b->st[which], col);
    *n = (size_t)sqlite3_column_bytes(b->st[which], col);
    return s;
}

/* Nanoseconds on a core of a process that works for us: there is none. */
static inline int64_t bare_other_ns(const Bare *b)
{
    (void)b;
    return 0;
}

static inline void bare_close(Bare *b, int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_finalize(b->st[i]);
    sqlite3_close(b->h);
}

#endif
