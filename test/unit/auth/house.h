/*
 * A small house for the tests of this floor: a database with the real model, four departments (hq >
 * sales > east, hq > service) and a person of every role. Each group of tests runs on SQLite in a
 * folder of its own, and once more on a fresh schema of the PostgreSQL database named by
 * ZHIKE_TEST_PG_URL, where that is set.
 */
#ifndef TEST_AUTH_HOUSE_H
#define TEST_AUTH_HOUSE_H

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

#include "auth/access.h"
#include "auth/audit.h"
#include "auth/password.h"
#include "auth/rate.h"
#include "auth/role.h"
#include "auth/row.h"
#include "auth/session.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/msg.h"
#include "db/migrate.h"
#include "meta/plan.h"

static Db *house_db;
static Model *house_model;
static char house_dir[64], house_url[512];
static const char *house_pg; /* the address given, in the second round; else NULL */

/* A context begun anew on the same arena gives its connection back first: pools are small. */
static struct {
    Ctx *c;
    Arena *a;
} house_begun[8];

static void house_ctx(Ctx *c, Arena *a)
{
    int at = -1;
    for (int i = 0; i < 8; i++) {
        if (house_begun[i].c == c && house_begun[i].a == a) {
            db_release(c);
            at = i;
        } else if (at < 0 && !house_begun[i].a) {
            at = i;
        }
    }
    assert_true(at >= 0);
    house_begun[at].c = c;
    house_begun[at].a = a;
    ctx_init(c, a);
    c->db = house_db;
    c->model = house_model;
    c->actor = actor_system(a, CH_SYSTEM);
}

static void house_end(Arena *a)
{
    for (int i = 0; i < 8; i++)
        if (house_begun[i].a == a)
            house_begun[i].a = NULL;
    arena_free(a);
}

static void house_errors(const Ctx *c)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        fprintf(stderr, "  %s: %s %s\n", e->field ? e->field : "-", e->message,
                e->detail ? e->detail : "");
}

#define OK(c, call)                                                                                \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            house_errors(c);                                                                       \
            fail_msg("%s", #call);                                                                 \
        }                                                                                          \
    } while (0)

static const char house_people[] =
    "{\"departments\": [{\"code\": \"east\", \"name\": \"华东部\", \"parent\": \"sales\"},"
    "  {\"code\": \"hq\", \"name\": \"总部\", \"parent\": null}, {\"code\": \"sales\", \"name\": "
    "\"销售部\", \"parent\": \"hq\"},"
    "  {\"code\": \"service\", \"name\": \"客服部\", \"parent\": \"hq\"}],"
    " \"users\": ["
    "  {\"login\": \"rep\", \"name\": \"张三\", \"department\": \"east\", \"manager\": \"lead\", "
    "\"roles\": [\"sales_rep\"], \"password\": \"Plum-Tree-Window-7\"},"
    "  {\"login\": \"rep2\", \"name\": \"李四\", \"department\": \"east\", \"manager\": \"lead\", "
    "\"roles\": [\"sales_rep\"]},"
    "  {\"login\": \"lead\", \"name\": \"王五\", \"department\": \"sales\", \"manager\": \"boss\", "
    "\"roles\": [\"sales_manager\"]},"
    "  {\"login\": \"head\", \"name\": \"赵六\", \"department\": \"east\", \"roles\": "
    "[\"department_head\"]},"
    "  {\"login\": \"agent\", \"name\": \"孙七\", \"department\": \"service\", \"roles\": "
    "[\"service_agent\"]},"
    "  {\"login\": \"market\", \"name\": \"周八\", \"department\": \"hq\", \"roles\": "
    "[\"marketing\"]},"
    "  {\"login\": \"boss\", \"name\": \"吴九\", \"department\": \"hq\", \"roles\": "
    "[\"management\"]},"
    "  {\"login\": \"sys\", \"name\": \"郑十\", \"department\": \"hq\", \"roles\": "
    "[\"system_admin\"]},"
    "  {\"login\": \"sec\", \"name\": \"钱一\", \"department\": \"hq\", \"roles\": "
    "[\"security_admin\"]},"
    "  {\"login\": \"audit\", \"name\": \"冯二\", \"department\": \"hq\", \"roles\": "
    "[\"auditor\"]},"
    "  {\"login\": \"both\", \"name\": \"陈三\", \"department\": \"east\", \"roles\": "
    "[\"sales_rep\", \"service_agent\"]},"
    "  {\"login\": \"nobody\", \"name\": \"无角色\", \"department\": \"hq\", \"roles\": []}]}";

static bool house_ddl(Ctx *c, void *arg)
{
    return db_exec(c, (SqlText){arg}, NULL, 0);
}

/* Makes or drops the schema of this run. */
static bool house_schema(const char *what, const char *tail)
{
    Arena *a = arena_new(0);
    Ctx c;
    Db *db;
    ctx_init(&c, a);
    DbOptions o = {.url = house_pg};
    bool ok = db_open(&c, &o, &db);
    if (ok) {
        c.db = db;
        ok = db_write(&c, house_ddl,
                      arena_printf(a, "%s SCHEMA zk_auth_%d%s", what, (int)getpid(), tail));
    }
    if (!ok)
        house_errors(&c);
    arena_free(a); /* gives the connection back first */
    if (ok)
        db_close(db);
    return ok;
}

static int house_open(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    (void)snprintf(house_dir, sizeof house_dir, "/tmp/zhike-auth-XXXXXX");
    if (!mkdtemp(house_dir) || !crypt_init(0, 0) || !msg_load() || !conf_load(&c, NULL, NULL))
        return 1;
    DbOptions o = {.dir = house_dir, .create = true};
    if (house_pg) {
        if (!house_schema("CREATE", ""))
            return 1;
        (void)snprintf(house_url, sizeof house_url, "%s%coptions=-csearch_path%%3Dzk_auth_%d",
                       house_pg, strchr(house_pg, '?') ? '&' : '?', (int)getpid());
        o = (DbOptions){.url = house_url, .dir = house_dir};
    }
    OK(&c, db_open(&c, &o, &house_db));
    c.db = house_db;
    OK(&c, model_build(&c, NULL, 0, &house_model));
    OK(&c, migrate_run(&c, plan_of_model(a, house_model), false, NULL));
    house_end(a);

    a = arena_new(0);
    house_ctx(&c, a);
    OK(&c, role_seed(&c));
    json_object *doc;
    int created, updated;
    OK(&c, json_read(&c, house_people, strlen(house_people), &doc));
    OK(&c, user_import(&c, doc, &created, &updated));
    assert_int_equal(created, 16);
    house_end(a);
    return 0;
}

static int house_close(void **state)
{
    (void)state;
    actor_cache_clear();
    db_close(house_db);
    model_release(house_model);
    if (house_pg && !house_schema("DROP", " CASCADE"))
        return 1;
    char cmd[96];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", house_dir);
    return system(cmd) == 0 ? 0 : 1;
}

#define house_run(tests, setup) house_rounds(tests, sizeof(tests) / sizeof *(tests), setup)

static int house_rounds(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup)
{
    int failed = _cmocka_run_group_tests("sqlite", tests, n, setup, house_close);
    house_pg = getenv("ZHIKE_TEST_PG_URL");
    if (house_pg && *house_pg)
        failed += _cmocka_run_group_tests("postgresql", tests, n, setup, house_close);
    return failed;
}

/* The context of a person. */
static ZK_UNUSED Actor *house_as(Ctx *c, Arena *a, const char *login)
{
    Actor *me;
    house_ctx(c, a);
    OK(c, actor_of_login(c, login, CH_WEB, &me));
    c->actor = me;
    return me;
}

static ZK_UNUSED int64_t house_user(Ctx *c, const char *login)
{
    DbVal p[] = {db_of_text(login)};
    int64_t id = 0;
    OK(c, db_one_int(c, SQL("SELECT id FROM \"user\" WHERE login = $1"), p, 1, &id, NULL));
    return id;
}

typedef struct HouseRow {
    const char *entity;
    const RowSet *set;
    size_t n;
    int64_t id;
} HouseRow;

static bool house_write(Ctx *c, void *arg)
{
    HouseRow *r = arg;
    r->id = id_new();
    return row_insert(c, model_entity(c->model, r->entity), r->id, r->set, r->n);
}

static ZK_UNUSED int64_t house_insert(Ctx *c, const char *entity, const RowSet *set, size_t n)
{
    HouseRow r = {.entity = entity, .set = set, .n = n};
    OK(c, db_write(c, house_write, &r));
    return r.id;
}

/* Is the row within the filter? */
static ZK_UNUSED bool house_in(Ctx *c, const Entity *e, int64_t id, const Filter *f)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT COUNT(*) FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t WHERE t.id = "));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, SQL(" AND ("));
    filter_sql(c, &q, e, "t", f);
    sql_add(&q, SQL(")"));
    DbRows *r = sql_query(c, &q);
    assert_non_null(r);
    bool in = db_step(r) && db_int(r, 0) > 0;
    db_done(r);
    return in;
}

#endif
