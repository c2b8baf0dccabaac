/*
 * A small house for the tests of record and domain: a fresh database with the real model, departments
 * hq > sales > east and hq > service, and some people. Each test has its own: a SQLite folder, or a
 * schema of the PostgreSQL database named by ZHIKE_TEST_PG_URL (the second round of house_run).
 */
#ifndef TEST_RECORD_HOUSE_H
#define TEST_RECORD_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/role.h"
#include "auth/session.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "base/secret.h"
#include "db/migrate.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "meta/plan.h"
#include "record/attach.h"
#include "record/hooks.h"
#include "record/number.h"
#include "record/record.h"

static Db *house_db;
static Model *house_model;
static char house_dir[64], house_url[1024];
static const char *house_pg;         /* NULL: this round is SQLite */
static const HookEntry *house_hooks; /* set before house_run; NULL for none */

static const char house_people[] =
    "{\"departments\": [{\"code\": \"hq\", \"name\": \"总部\"}, {\"code\": \"sales\", \"name\": "
    "\"销售部\", \"parent\": \"hq\"},"
    "  {\"code\": \"east\", \"name\": \"华东部\", \"parent\": \"sales\"}, {\"code\": \"service\", "
    "\"name\": \"客服部\", \"parent\": \"hq\"}],"
    " \"users\": ["
    "  {\"login\": \"rep\", \"name\": \"张三\", \"department\": \"east\", \"roles\": "
    "[\"sales_rep\"]},"
    "  {\"login\": \"rep2\", \"name\": \"李四\", \"department\": \"service\", \"roles\": "
    "[\"sales_rep\"]},"
    "  {\"login\": \"lead\", \"name\": \"王五\", \"department\": \"sales\", \"roles\": "
    "[\"sales_manager\"]},"
    "  {\"login\": \"boss\", \"name\": \"吴九\", \"department\": \"hq\", \"roles\": "
    "[\"management\"]},"
    "  {\"login\": \"sys\", \"name\": \"郑十\", \"department\": \"hq\", \"roles\": "
    "[\"system_admin\"]},"
    "  {\"login\": \"sec\", \"name\": \"钱一\", \"department\": \"hq\", \"roles\": "
    "[\"security_admin\"]}]}";

/* One piece of work: a context with its arena. */
typedef struct T {
    Arena *a;
    Ctx c;
} T;

static ZK_UNUSED void t_errors(const Ctx *c)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        fprintf(stderr, "  %s: %s (%s) %s\n", e->field ? e->field : "-", e->message,
                err_name(e->code), e->detail ? e->detail : "");
}

#define OK(t, call)                                                                                \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            t_errors(&(t)->c);                                                                     \
            fail_msg("%s", #call);                                                                 \
        }                                                                                          \
    } while (0)

/* login NULL: the system. */
static ZK_UNUSED T *t_as(const char *login)
{
    Arena *a = arena_new(0);
    T *t = ARENA_NEW(a, T);
    t->a = a;
    ctx_init(&t->c, a);
    t->c.db = house_db;
    t->c.model = model_hold();
    arena_defer(a, model_release, (void *)(uintptr_t)t->c.model);
    t->c.actor = actor_system(a, CH_SYSTEM);
    if (login) {
        Actor *me;
        OK(t, actor_of_login(&t->c, login, CH_WEB, &me));
        t->c.actor = me;
    }
    return t;
}

static ZK_UNUSED void t_end(T *t)
{
    arena_free(t->a);
}

static ZK_UNUSED const Entity *ent(T *t, const char *name)
{
    const Entity *e = model_entity(t->c.model, name);
    assert_non_null(e);
    return e;
}

static ZK_UNUSED json_object *js(T *t, const char *fmt, ...) ZK_PRINTF(2, 3);
static ZK_UNUSED json_object *js(T *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = arena_vprintf(t->a, fmt, ap);
    va_end(ap);
    json_object *o;
    OK(t, json_read(&t->c, text, strlen(text), &o));
    return o;
}

static ZK_UNUSED int64_t t_int(T *t, SqlText sql, int64_t p1)
{
    DbVal p = db_of_int(p1);
    int64_t n = -999;
    OK(t, db_one_int(&t->c, sql, &p, 1, &n, NULL));
    return n;
}

static ZK_UNUSED int64_t user_id(T *t, const char *login)
{
    DbVal p = db_of_text(login);
    int64_t id = 0;
    OK(t, db_one_int(&t->c, SQL("SELECT id FROM \"user\" WHERE login = $1"), &p, 1, &id, NULL));
    return id;
}

static const SaveOptions house_web = {.if_version = -1, .origin = "web"};

static ZK_UNUSED int64_t make(T *t, const char *entity, json_object *in)
{
    int64_t id = 0;
    OK(t, rec_create(&t->c, ent(t, entity), in, &house_web, &id));
    return id;
}

static ZK_UNUSED int64_t make_customer(T *t, const char *name, const char *phone)
{
    return make(
        t, "customer",
        js(t,
           "{\"name\": \"%s\", \"phone\": \"%s\", \"industry\": \"it\", \"source\": \"website\"}",
           name, phone));
}

static ZK_UNUSED Record load(T *t, const char *entity, int64_t id)
{
    Record r;
    OK(t, rec_load(&t->c, ent(t, entity), id, &r));
    return r;
}

/* Was a mistake with this code recorded under this field (NULL: any)? */
static ZK_UNUSED bool has_err(const Ctx *c, ErrCode code, const char *field)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        if (e->code == code && (!field || (e->field && strcmp(e->field, field) == 0)))
            return true;
    return false;
}

#define ERR_IS(t, code_, field_)                                                                   \
    do {                                                                                           \
        if (!has_err(&(t)->c, (code_), (field_))) {                                                \
            t_errors(&(t)->c);                                                                     \
            fail_msg("no %s under %s", #code_, #field_);                                           \
        }                                                                                          \
    } while (0)

static ZK_UNUSED bool run_schema(Ctx *c, void *text)
{
    return db_exec(c, (SqlText){text}, NULL, 0);
}

static int house_open(void **state)
{
    (void)state;
    static int round;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    if (!crypt_init(0, 0) || !msg_load() || !conf_load(&c, NULL, NULL))
        return 1;
    DbOptions o = {.create = true, .readers = 24};
    (void)snprintf(house_dir, sizeof house_dir, "/tmp/zhike-record-XXXXXX");
    if (!mkdtemp(house_dir))
        return 1;
    o.dir = house_dir;
    attach_set_dir(house_dir); /* else files of tests land where the test was started */
    if (house_pg) {
        DbOptions plain = {.url = house_pg};
        Db *db;
        round++;
        if (!db_open(&c, &plain, &db))
            return 1;
        c.db = db;
        if (!db_write(&c, run_schema,
                      arena_printf(a, "CREATE SCHEMA zk_rec_%d_%d", (int)getpid(), round)))
            return 1;
        (void)snprintf(house_url, sizeof house_url, "%s%coptions=-csearch_path%%3Dzk_rec_%d_%d",
                       house_pg, strchr(house_pg, '?') ? '&' : '?', (int)getpid(), round);
        db_release(&c);
        db_close(db);
        o.url = house_url;
    }
    T t = {.a = a};
    ctx_init(&t.c, a);
    OK(&t, secret_load(&t.c, house_dir));
    OK(&t, db_open(&t.c, &o, &house_db));
    t.c.db = house_db;
    OK(&t, model_build(&t.c, NULL, 0, &house_model));
    OK(&t, migrate_run(&t.c, plan_of_model(a, house_model), false, NULL));
    model_replace(house_model);
    hooks_register(house_hooks);
    number_forget();
    t.c.model = house_model;
    t.c.actor = actor_system(a, CH_SYSTEM);
    OK(&t, role_seed(&t.c));
    json_object *doc;
    int created, updated;
    OK(&t, json_read(&t.c, house_people, strlen(house_people), &doc));
    OK(&t, user_import(&t.c, doc, &created, &updated));
    arena_free(a);
    return 0;
}

static int house_close(void **state)
{
    (void)state;
    actor_cache_clear();
    if (house_pg) {
        T *t = t_as(NULL);
        const char *name = strstr(house_url, "%3D") + 3;
        (void)db_write(&t->c, run_schema, arena_printf(t->a, "DROP SCHEMA %s CASCADE", name));
        t_end(t);
    }
    db_close(house_db);
    char cmd[96];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", house_dir);
    return system(cmd) == 0 ? 0 : 1;
}

#define HOUSE_TEST(f) cmocka_unit_test_setup_teardown(f, house_open, house_close)
#define house_run(tests) house_rounds(tests, sizeof(tests) / sizeof(*(tests)))

static int house_rounds(const struct CMUnitTest *tests, size_t n)
{
    int failed = _cmocka_run_group_tests("sqlite", tests, n, NULL, NULL);
    house_pg = getenv("ZHIKE_TEST_PG_URL");
    if (house_pg && *house_pg)
        failed += _cmocka_run_group_tests("postgresql", tests, n, NULL, NULL);
    return failed;
}

/* For db_write: one customer was merged into the other. */
typedef struct Pair {
    int64_t from, into;
} Pair;

static inline bool merge_them(Ctx *c, void *arg)
{
    const Pair *m = arg;
    DbVal p[] = {db_of_int(m->into), db_of_int(c->now_ms), db_of_int(m->from)};
    return db_exec(c,
                   SQL("UPDATE \"customer\" SET \"merged_into_id\" = $1, \"deleted_at\" = $2 WHERE "
                       "\"id\" = $3"),
                   p, 3);
}

#endif
