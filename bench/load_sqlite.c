/*
 * Rows into a file of SQLite that nobody else has open: without a journal and without syncs. FTS5 keeps the words of
 * what came since the last rest in memory and writes one segment of them; at the end all segments are merged in one go.
 * Both is several times cheaper than merging as one goes, and leaves what the keeper of a server would at last arrive at:
 * one segment, on the level that its size has.
 */
#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

enum {
    TEXTS = 32,
    INDEXES = 400,
    MERGE_RESTS = 500,
    LEAVES = 32 /* of the segment of one commit of the server, about */
};

struct Load {
    sqlite3 *h;
    const char *text[TEXTS]; /* a copy */
    sqlite3_stmt *st[TEXTS];
    int n;
    char *search[TEXTS]; /* search tables */
    int n_search;
    int rests;
    char *index[INDEXES]; /* their texts */
    int n_index;
};

static void fail(const Load *l, const char *what)
{
    fprintf(stderr, "bench_maker: %s: %s\n", what, sqlite3_errmsg(l->h));
    exit(1);
}

static void run(Load *l, const char *text)
{
    if (sqlite3_exec(l->h, text, NULL, NULL, NULL) != SQLITE_OK)
        fail(l, text);
}

/* A text with one name in it, which is ours. */
static void run_on(Load *l, const char *form, const char *name)
{
    char *text = sqlite3_mprintf(form, name, name);
    run(l, text);
    sqlite3_free(text);
}

static void take_indexes(Load *l, const char *table)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(l->h,
                           "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS "
                           "NOT NULL AND tbl_name = ?1 ORDER BY rowid",
                           -1, &st, NULL) != SQLITE_OK)
        fail(l, "indexes");
    sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    char *names[INDEXES];
    int n = 0;
    while (sqlite3_step(st) == SQLITE_ROW && l->n_index < INDEXES) {
        names[n++] = sqlite3_mprintf("%s", sqlite3_column_text(st, 0));
        l->index[l->n_index++] = sqlite3_mprintf("%s", sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
    for (int i = 0; i < n; i++) {
        run_on(l, "DROP INDEX \"%w\"", names[i]);
        sqlite3_free(names[i]);
    }
}

static Load *open_file(const char *where, const char *const *tables)
{
    Load *l = calloc(1, sizeof *l);
    if (!l || sqlite3_open_v2(where, &l->h, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "bench_maker: %s cannot be opened\n", where);
        exit(1);
    }
    /* sorting for the indexes goes to files: ten million keys are more than memory should be asked for */
    run(l, "PRAGMA journal_mode=DELETE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
           "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-524288; PRAGMA temp_store=FILE; "
           "PRAGMA threads=2");
    for (int i = 0; tables[i]; i++) {
        if (strncmp(tables[i], "search_", 7) != 0) {
            take_indexes(l, tables[i]);
            continue;
        }
        l->search[l->n_search++] = sqlite3_mprintf("%s", tables[i]);
        run_on(l, "INSERT INTO \"%w\" (\"%w\", rank) VALUES ('hashsize', 1000000000)", tables[i]);
        run_on(l, "INSERT INTO \"%w\" (\"%w\", rank) VALUES ('automerge', 0)", tables[i]);
        run_on(l, "INSERT INTO \"%w\" (\"%w\", rank) VALUES ('crisismerge', 1999)", tables[i]);
        run_on(l, "INSERT INTO \"%w\" (\"%w\", rank) VALUES ('usermerge', 16)", tables[i]);
    }
    run(l, "BEGIN");
    return l;
}

static sqlite3_stmt *statement(Load *l, const char *text, int n)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->text[i], text) == 0)
            return l->st[i];
    if (l->n == TEXTS || sqlite3_prepare_v3(l->h, text, -1, SQLITE_PREPARE_PERSISTENT, &l->st[l->n],
                                            NULL) != SQLITE_OK)
        fail(l, text);
    sqlite3_stmt *st = l->st[l->n];
    l->text[l->n++] = sqlite3_sql(st);
    for (int i = 1; i <= n; i++) { /* SQLite numbers $n by first appearance */
        const char *name = sqlite3_bind_parameter_name(st, i);
        if (!name || strtol(name + 1, NULL, 10) != i)
            fail(l, "parameters out of order");
    }
    return st;
}

static void put(Load *l, const char *text, const DbVal *v, int n)
{
    sqlite3_stmt *st = statement(l, text, n);
    for (int i = 0; i < n; i++) {
        if (v[i].kind == DB_INT)
            sqlite3_bind_int64(st, i + 1, v[i].i);
        else if (v[i].kind == DB_TEXT)
            sqlite3_bind_text(st, i + 1, v[i].s, (int)v[i].n, SQLITE_STATIC);
        else if (v[i].kind == DB_NULL)
            sqlite3_bind_null(st, i + 1);
        else
            fail(l, "a value of another kind");
    }
    if (sqlite3_step(st) != SQLITE_DONE)
        fail(l, text);
    sqlite3_reset(st);
}

/* Words in memory are found the more slowly the more they are, and 2,000 segments are the most there may be: small ones,
   of which some hundred are merged now and then. */
static void rest(Load *l)
{
    run(l, "COMMIT");
    if (++l->rests % MERGE_RESTS == 0)
        for (int i = 0; i < l->n_search; i++)
            run_on(l, "INSERT INTO \"%w\" (\"%w\", rank) VALUES ('merge', 1000000000)",
                   l->search[i]);
    run(l, "BEGIN");
}

/* A number of FTS5's, seven bits a byte. */
static int64_t varint(const unsigned char **p, const unsigned char *end)
{
    int64_t v = 0;
    while (*p < end) {
        v = v << 7 | (**p & 127);
        if (!(*(*p)++ & 128))
            break;
    }
    return v;
}

/*
 * The merge has put its one segment on the first level, where that of a few commits stands in an index that grew: FTS5
 * would soon merge all of it again for a handful of documents, at worst in one commit. Each level takes four of the one
 * below. The structure (row 10): a cookie of four bytes, the numbers of levels, segments and leaves written, then of each
 * level how many segments it is merging and has, and of each segment its number, its first leaf and its last.
 */
static void lift(Load *l, const char *table)
{
    sqlite3_blob *b;
    char *data = sqlite3_mprintf("%s_data", table);
    if (sqlite3_blob_open(l->h, "main", data, "block", 10, 0, &b) != SQLITE_OK)
        fail(l, data);
    unsigned char old[200], new[400];
    int n = sqlite3_blob_bytes(b);
    if (n > (int)sizeof old || sqlite3_blob_read(b, old, n, 0) != SQLITE_OK)
        fail(l, "more than one segment");
    sqlite3_blob_close(b);
    const unsigned char *p = old + 4, *end = old + n;
    int64_t levels = varint(&p, end), segments = varint(&p, end), more = 0;
    varint(&p, end);
    const unsigned char *body = p;
    if (segments != 1) { /* none: an empty table */
        sqlite3_free(data);
        return;
    }
    for (int64_t i = 1; i < levels; i++)
        if (varint(&p, end) != 0 || varint(&p, end) != 0)
            fail(l, "a segment below");
    for (int i = 0; i < 4; i++) /* merging, segments, number, first leaf */
        varint(&p, end);
    for (int64_t leaves = varint(&p, end) / LEAVES; leaves > 1; leaves /= 4)
        more++;
    more = more < levels ? 0 : more - levels + 1; /* the merges may have brought it up there */
    memcpy(new, old, (size_t)(body - old));
    new[4] = (unsigned char)(levels + more);
    memset(new + (body - old), 0, (size_t)(2 * more));
    memcpy(new + (body - old) + 2 * more, body, (size_t)(end - body));
    char *text = sqlite3_mprintf("UPDATE \"%w\" SET block = ?1 WHERE id = 10", data);
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(l->h, text, -1, &st, NULL) != SQLITE_OK ||
        sqlite3_bind_blob(st, 1, new, n + (int)(2 * more), SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_DONE)
        fail(l, text);
    sqlite3_finalize(st);
    sqlite3_free(text);
    sqlite3_free(data);
}

static void close_file(Load *l)
{
    run(l, "COMMIT");
    for (int i = 0; i < l->n; i++)
        sqlite3_finalize(l->st[i]);
    for (int i = 0; i < l->n_search; i++) {
        run_on(l, "INSERT INTO \"%w\" (\"%w\") VALUES ('optimize')", l->search[i]);
        char *form = "DELETE FROM \"%w_config\" WHERE k IN ('hashsize', 'automerge', "
                     "'crisismerge', 'usermerge')";
        run_on(l, form, l->search[i]);
        lift(l, l->search[i]);
        fprintf(stderr, "%s, %.0f s of processor time\n", l->search[i],
                (double)clock() / CLOCKS_PER_SEC);
        sqlite3_free(l->search[i]);
    }
    for (int i = 0; i < l->n_index; i++) {
        run(l, l->index[i]);
        sqlite3_free(l->index[i]);
    }
    fprintf(stderr, "indexes, %.0f s of processor time\n", (double)clock() / CLOCKS_PER_SEC);
    run(l, "PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL");
    sqlite3_close(l->h);
    free(l);
}

const Loader load_sqlite = {open_file, put, rest, close_file};
