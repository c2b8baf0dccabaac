/*
 * For the tests of src/db: each test runs on a fresh SQLite folder, and once more on a fresh schema
 * of the PostgreSQL database named by ZHIKE_TEST_PG_URL where that is set.
 *     const struct CMUnitTest tests[] = {DB_TEST(test_x), …};  return db_tests(tests, N);
 */
#ifndef TEST_DB_HELPER_H
#define TEST_DB_HELPER_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/msg.h"
#include "db/db.h"
#include "db/migrate.h"
#include "db/sql.h"

static const char *pg_url; /* NULL: this round is SQLite */
static char test_dir[256], test_url[1024];
static Db *test_db;

typedef struct T {
    Arena *a;
    Ctx c;
} T;

static inline T *t_new(void)
{
    Arena *a = arena_new(0);
    T *t = ARENA_NEW(a, T);
    t->a = a;
    ctx_init(&t->c, a);
    t->c.db = test_db;
    return t;
}

static inline void t_end(T *t)
{
    arena_free(t->a);
}

static inline void t_show(const Ctx *c)
{
    for (ErrItem *e = c->err; e; e = e->next)
        fprintf(stderr, "  mistake %d field %s: %s [%s]\n", (int)e->code, e->field ? e->field : "-",
                e->message, e->detail ? e->detail : "");
}

#define OK(c, expr)                                                                                \
    do {                                                                                           \
        if (!(expr)) {                                                                             \
            t_show(c);                                                                             \
            fail_msg("%s", #expr);                                                                 \
        }                                                                                          \
    } while (0)

typedef struct Stmt {
    const char *text;
} Stmt;

static inline bool run_text(Ctx *c, void *arg)
{
    return db_exec(c, (SqlText){((Stmt *)arg)->text}, NULL, 0);
}

/* One statement in a write of its own. */
static inline bool t_do(Ctx *c, const char *text)
{
    return db_write(c, run_text, &(Stmt){text});
}

static inline int64_t t_int(Ctx *c, const char *text)
{
    int64_t n = -999;
    OK(c, db_one_int(c, (SqlText){text}, NULL, 0, &n, NULL));
    return n;
}

static inline DbOptions t_options(void)
{
    return (DbOptions){
        .url = pg_url ? test_url : NULL, .dir = test_dir, .create = true, .readers = 6};
}

static inline int t_open(void **state)
{
    (void)state;
    static int round;
    T *t = t_new();
    round++;
    if (pg_url) {
        DbOptions o = {.url = pg_url};
        Db *db;
        char text[128];
        snprintf(text, sizeof(text), "CREATE SCHEMA zk_%d_%d", (int)getpid(), round);
        OK(&t->c, db_open(&t->c, &o, &db));
        OK(&t->c, t_do(&t->c, text));
        snprintf(test_url, sizeof(test_url), "%s%coptions=-csearch_path%%3Dzk_%d_%d", pg_url,
                 strchr(pg_url, '?') ? '&' : '?', (int)getpid(), round);
        db_release(&t->c);
        db_close(db);
    } else {
        snprintf(test_dir, sizeof(test_dir), "/tmp/zk_db_XXXXXX");
        assert_non_null(mkdtemp(test_dir));
    }
    DbOptions o = t_options();
    OK(&t->c, db_open(&t->c, &o, &test_db));
    t_end(t);
    return 0;
}

static inline int t_close(void **state)
{
    (void)state;
    if (pg_url) {
        T *t = t_new();
        char text[128];
        const char *name = strstr(test_url, "%3D") + 3;
        snprintf(text, sizeof(text), "DROP SCHEMA %s CASCADE", name);
        OK(&t->c, t_do(&t->c, text));
        t_end(t);
    }
    db_close(test_db);
    test_db = NULL;
    if (!pg_url) {
        const char *const files[] = {"zhike.db", "zhike.db-wal", "zhike.db-shm"};
        for (size_t i = 0; i < 3; i++) {
            char path[512];
            snprintf(path, sizeof(path), "%s/%s", test_dir, files[i]);
            unlink(path);
        }
        rmdir(test_dir);
    }
    return 0;
}

#define DB_TEST(f) cmocka_unit_test_setup_teardown(f, t_open, t_close)
#define db_tests(tests) t_run(tests, sizeof(tests) / sizeof(*(tests)))

static inline int t_run(const struct CMUnitTest *tests, size_t n)
{
    msg_load();
    int failed = _cmocka_run_group_tests("sqlite", tests, n, NULL, NULL);
    pg_url = getenv("ZHIKE_TEST_PG_URL");
    if (pg_url && *pg_url)
        failed += _cmocka_run_group_tests("postgresql", tests, n, NULL, NULL);
    return failed;
}

#endif
