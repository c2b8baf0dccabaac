/*
 * Rows into PostgreSQL by COPY, each table over a connection and in a transaction of its own. A table that is empty is
 * emptied in that transaction: then its rows are written frozen and, where the cluster keeps a minimal log, not logged.
 * Primary keys and indexes are taken away first and made anew behind.
 */
#include <libpq-fe.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "load.h"

enum { TABLES = 16, INDEXES = 400, FLUSH = 1 << 20, BUILDERS = 2, TOLD_S = 10 };

typedef struct Copy {
    const char *text; /* of the INSERT; a copy */
    PGconn *h;
    Buf out;
    Arena *a;
} Copy;

struct Load {
    Arena *a;
    const char *where;
    const char *const *tables;
    PGconn *h;
    Copy copy[TABLES];
    int n;
    const char *index[INDEXES]; /* keys and indexes, in turn */
    int n_index;
    atomic_int next_index;
};

static void fail(PGconn *h, const char *what)
{
    fprintf(stderr, "bench_maker: %s: %s", what, PQerrorMessage(h));
    exit(1);
}

static PGresult *ask(PGconn *h, const char *text, ExecStatusType wanted)
{
    PGresult *r = PQexec(h, text);
    if (PQresultStatus(r) != wanted)
        fail(h, text);
    return r;
}

static void run(PGconn *h, const char *text)
{
    PQclear(ask(h, text, PGRES_COMMAND_OK));
}

static PGconn *connect_to(const char *where)
{
    PGconn *h = PQconnectdb(where);
    if (PQstatus(h) != CONNECTION_OK)
        fail(h, "no connection");
    run(h, "SET synchronous_commit = off");
    run(h, "SET client_min_messages = warning");
    return h;
}

/* Seconds that the PostgreSQL process of a connection has spent on a core; 0 where it is not on this machine. */
static double core_s(PGconn *h)
{
    char path[64];
    long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", PQbackendPID(h));
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%lld", &ns) != 1)
            ns = 0;
        fclose(f);
    }
    return (double)ns / 1e9;
}

/* How to take away and how to make again: keys first, they are constraints. */
static void take_indexes(Load *l, const char *table)
{
    static const char form[] =
        "SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', '%s', conname), format('ALTER TABLE "
        "%%I ADD CONSTRAINT %%I %%s', '%s', conname, pg_get_constraintdef(oid)) FROM pg_constraint "
        "WHERE conrelid = CAST('%s' AS regclass) AND contype = 'p' UNION ALL SELECT format('DROP "
        "INDEX %%I', indexname), indexdef FROM pg_indexes WHERE schemaname = current_schema() AND "
        "tablename = '%s' AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype = "
        "'p')";
    PGresult *r = ask(l->h, arena_printf(l->a, form, table, table, table, table), PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(r) && l->n_index < INDEXES; i++) {
        l->index[l->n_index++] = arena_str(l->a, PQgetvalue(r, i, 1));
        run(l->h, PQgetvalue(r, i, 0));
    }
    PQclear(r);
}

/* Keys first, for nobody else may be at the table meanwhile; then what takes longest. */
static int turn(const char *text)
{
    return strncmp(text, "ALTER ", 6) == 0 ? 0 : strstr(text, " USING gin ") ? 1 : 2;
}

static Load *open_server(const char *where, const char *const *tables)
{
    Arena *a = arena_new(0);
    Load *l = ARENA_NEW(a, Load);
    l->a = a;
    l->where = arena_str(a, where);
    l->tables = tables;
    l->h = connect_to(where);
    for (int i = 0; tables[i]; i++)
        take_indexes(l, tables[i]);
    for (int i = 1; i < l->n_index; i++)
        for (int k = i; k > 0 && turn(l->index[k]) < turn(l->index[k - 1]); k--) {
            const char *later = l->index[k - 1];
            l->index[k - 1] = l->index[k];
            l->index[k] = later;
        }
    return l;
}

/* INSERT INTO "t" [AS s] (columns) VALUES … → COPY "t" (columns) FROM STDIN */
static void begin_copy(Load *l, Copy *k)
{
    static const char head[] = "INSERT INTO ";
    const char *table = k->text + sizeof head - 1, *open = strchr(k->text, '('),
               *close = open ? strchr(open, ')') : NULL;
    if (strncmp(k->text, head, sizeof head - 1) != 0 || !close)
        fail(l->h, k->text);
    const char *name = arena_dup(l->a, table, strcspn(table, " ")),
               *columns = arena_dup(l->a, open, (size_t)(close + 1 - open));
    run(k->h, "BEGIN");
    PGresult *r = ask(k->h, arena_printf(l->a, "SELECT 1 FROM %s LIMIT 1", name), PGRES_TUPLES_OK);
    bool empty = PQntuples(r) == 0;
    PQclear(r);
    if (empty)
        run(k->h, arena_printf(l->a, "TRUNCATE %s", name));
    PQclear(ask(
        k->h,
        arena_printf(l->a, "COPY %s %s FROM STDIN%s", name, columns, empty ? " WITH (FREEZE)" : ""),
        PGRES_COPY_IN));
}

static Copy *copy_of(Load *l, const char *text)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->copy[i].text, text) == 0)
            return &l->copy[i];
    if (l->n == TABLES)
        fail(l->h, "too many tables");
    Copy *k = &l->copy[l->n++];
    *k = (Copy){.text = arena_str(l->a, text), .h = connect_to(l->where), .a = arena_new(0)};
    buf_init(&k->out, k->a);
    begin_copy(l, k);
    return k;
}

static void flush(Copy *k)
{
    if (k->out.len && PQputCopyData(k->h, k->out.data, (int)k->out.len) != 1)
        fail(k->h, k->text);
    arena_free(k->a);
    k->a = arena_new(0);
    buf_init(&k->out, k->a);
}

static void add_text(Buf *b, const char *s, size_t n)
{
    for (size_t i = 0, from = 0; i <= n; i++) {
        char ch = i < n ? s[i] : 0;
        if (i < n && ch != '\\' && ch != '\n' && ch != '\r' && ch != '\t')
            continue;
        buf_add(b, s + from, i - from);
        from = i + 1;
        if (i < n) {
            buf_putc(b, '\\');
            buf_putc(b, ch == '\\' ? '\\' : ch == '\n' ? 'n' : ch == '\r' ? 'r' : 't');
        }
    }
}

static void put(Load *l, const char *text, const DbVal *v, int n)
{
    Copy *k = copy_of(l, text);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_putc(&k->out, '\t');
        if (v[i].kind == DB_INT)
            buf_i64(&k->out, v[i].i);
        else if (v[i].kind == DB_TEXT)
            add_text(&k->out, v[i].s, v[i].n);
        else if (v[i].kind == DB_NULL)
            buf_puts(&k->out, "\\N");
        else
            fail(l->h, "a value of another kind");
    }
    buf_putc(&k->out, '\n');
    if (k->out.len > FLUSH)
        flush(k);
}

static void rest(Load *l)
{
    (void)l; /* a table is one COPY */
}

/* Takes one statement after the other; a key waits for who is at its table. */
static void *build(void *arg)
{
    Load *l = arg;
    PGconn *h = connect_to(l->where);
    run(h, "SET maintenance_work_mem = '2GB'");
    run(h, "SET max_parallel_maintenance_workers = 0"); /* we are as many as there are cores */
    for (;;) {
        int i = atomic_fetch_add(&l->next_index, 1);
        if (i >= l->n_index)
            break;
        double before = core_s(h);
        run(h, l->index[i]);
        if (core_s(h) - before >= TOLD_S)
            fprintf(stderr, "%.60s, %.0f s of processor time of PostgreSQL\n", l->index[i],
                    core_s(h) - before);
    }
    fprintf(stderr, "keys and indexes, %.0f s of processor time of PostgreSQL\n", core_s(h));
    PQfinish(h);
    return NULL;
}

static void close_server(Load *l)
{
    double copied = 0;
    for (int i = 0; i < l->n; i++) {
        Copy *k = &l->copy[i];
        flush(k);
        if (PQputCopyEnd(k->h, NULL) != 1)
            fail(k->h, k->text);
        PGresult *r = PQgetResult(k->h);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            fail(k->h, k->text);
        PQclear(r);
        PQclear(PQgetResult(k->h)); /* none any more */
        run(k->h, "COMMIT");
        copied += core_s(k->h);
        PQfinish(k->h);
        arena_free(k->a);
    }
    fprintf(stderr, "rows, %.0f s of processor time of PostgreSQL\n", copied);
    pthread_t builders[BUILDERS];
    for (int i = 0; i < BUILDERS; i++)
        pthread_create(&builders[i], NULL, build, l);
    for (int i = 0; i < BUILDERS; i++)
        pthread_join(builders[i], NULL);
    for (int i = 0; l->tables[i]; i++)
        run(l->h, arena_printf(l->a, "VACUUM ANALYZE \"%s\"", l->tables[i]));
    fprintf(stderr, "counting, %.0f s of processor time of PostgreSQL\n", core_s(l->h));
    PQfinish(l->h);
    arena_free(l->a);
}

const Loader load_pg = {open_server, put, rest, close_server};
