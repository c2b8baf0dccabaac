/*
 * The statements the engine runs, seen at the interface of db/db.h: text and bound values, in order.
 * The linker hands every call of db_query, db_exec, db_one_int and db_one_text to capture.c first
 * (--wrap, see CMakeLists.txt), so the bare programs replay exactly what the server would run.
 */
#ifndef BENCH_CAPTURE_H
#define BENCH_CAPTURE_H

#include "db/db.h"

typedef struct Captured {
    const char *text;
    DbVal *params; /* texts copied */
    int n;
    bool rows; /* a query, else only executed */
    bool in_write;
} Captured;

/* From now on statements are kept, in memory of a. One piece of work at a time. */
void capture_start(Arena *a);
/* Ends it: the statements since capture_start. */
const Captured *capture_stop(int *n);

#endif
