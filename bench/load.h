/*
 * How bench_maker writes: rows by the very texts of the engine, but not by its writer. Indexes are taken away first
 * and made anew behind, by the texts the database itself keeps of them; nothing is synced on the way, so what a crash
 * leaves is to be thrown away. load_sqlite.c, load_pg.c.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "db/db.h"

typedef struct Load Load;

typedef struct Loader {
    /* where: the file of SQLite, or the address of PostgreSQL. tables, NULL-terminated: those to be filled, nobody else
       has them open. Each call ends the program with a line on stderr where something fails. */
    Load *(*open)(const char *where, const char *const *tables);
    /* One row: the text of its INSERT, its values in the order of its parameters. Search documents (tables search_…)
       come in the order of their ids. */
    void (*put)(Load *l, const char *text, const DbVal *v, int n);
    /* What was put is written; now and then, between rows that belong together. */
    void (*rest)(Load *l);
    /* Search documents in one piece, the indexes as they were. */
    void (*close)(Load *l);
} Loader;

extern const Loader load_sqlite, load_pg;

#endif
