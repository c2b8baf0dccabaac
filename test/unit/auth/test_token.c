/* Tokens of integrations: who makes and revokes them, and what is left where the database fails. What one may be asked for and
   what a damaged one gives stands in test_session.c. */
#include "faults.h"

static const char *const scopes[] = {"customer:read", NULL};
static char rep[] = "rep";

/* From the command line, where no second look is asked for. */
static bool makes(Ctx *c, void *arg)
{
    Actor *me;
    int64_t id;
    const char *token;
    if (!actor_of_login(c, arg, CH_CLI, &me))
        return false;
    c->actor = me;
    return token_create(c, "erp", scopes, c->now_ms + 3600000, &id, &token);
}

static int64_t made(Ctx *c, Arena *a, const char **token)
{
    int64_t id;
    house_as(c, a, rep)->channel = CH_CLI;
    OK(c, token_create(c, "erp", scopes, 0, &id, token));
    return id;
}

static bool without_scopes(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_int(*(const int64_t *)arg)};
    return db_exec(c, SQL("UPDATE \"api_key\" SET scopes = NULL WHERE id = $1"), p, 1);
}

/* The program itself has none; a colleague revokes none, who keeps the sessions of all does. */
static void whose(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const char *token, *none;
    int64_t no_id;
    Actor *me;
    Buf out;
    house_ctx(&c, a);
    assert_false(token_create(&c, "erp", scopes, 0, &no_id, &none));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    int64_t id = made(&c, a, &token);
    OK(&c, db_write(&c, without_scopes, &id));
    buf_init(&out, a);
    OK(&c, token_list(&c, &out));
    assert_non_null(strstr(out.data, "\"scopes\":[]"));
    house_as(&c, a, "rep2");
    assert_false(token_delete(&c, id));
    assert_int_equal(c.err->code, ERR_NOT_FOUND);
    house_ctx(&c, a);
    OK(&c, token_find(&c, token, "10.0.0.2", "erp", &me));
    house_as(&c, a, "sec");
    OK(&c, token_delete(&c, id));
    house_ctx(&c, a);
    assert_false(token_find(&c, token, "10.0.0.2", "erp", &me));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    house_end(a);
}

/* --- a database that fails --------------------------------------------------------------------------- */

static bool lists(Ctx *c, void *arg)
{
    Actor *me;
    Buf out;
    buf_init(&out, c->a);
    if (!actor_of_login(c, arg, CH_CLI, &me))
        return false;
    c->actor = me;
    return token_list(c, &out);
}

static bool revokes(Ctx *c, void *arg)
{
    Actor *me;
    if (!actor_of_login(c, rep, CH_CLI, &me))
        return false;
    c->actor = me;
    return token_delete(c, *(const int64_t *)arg);
}

static int64_t count(Ctx *c, SqlText sql)
{
    int64_t n = 0;
    OK(c, db_one_int(c, sql, NULL, 0, &n, NULL));
    return n;
}
#define TOKENS SQL("SELECT COUNT(*) FROM \"api_key\" WHERE revoked_at IS NULL")
#define TOLD SQL("SELECT COUNT(*) FROM \"audit_log\" WHERE action LIKE 'token_%'")

/* Made and told in the audit log, or neither; the same for revoked. */
static void each_fails(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const char *token;
    int64_t id = made(&c, a, &token), tokens = count(&c, TOKENS), told = count(&c, TOLD);
    assert_true(faults_each(makes, rep) >= 14);
    house_ctx(&c, a);
    assert_int_equal(count(&c, TOKENS), tokens + 1);
    assert_int_equal(count(&c, TOLD), told + 1);
    assert_true(faults_each(lists, rep) >= 14);
    assert_true(faults_each(revokes, &id) >= 14);
    house_ctx(&c, a);
    assert_int_equal(count(&c, TOKENS), tokens);
    assert_int_equal(count(&c, TOLD), told + 2);
    house_end(a);
}

/* A statement that reads and fails lets nobody in; that his last use cannot be written down keeps nobody out. */
static void found_or_not(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const char *token;
    int refused = 0, unwritten = 0;
    (void)made(&c, a, &token);
    for (bool hit = true; hit;) {
        Actor *me = NULL;
        actor_cache_clear();
        house_ctx(&c, a);
        faults_begin();
        faults.left = refused + unwritten + 1;
        bool ok = token_find(&c, token, "10.0.0.2", "erp", &me);
        hit = faults.hit;
        faults_end();
        assert_int_equal(ok, me != NULL);
        assert_int_equal(ok, c.n_err == 0);
        refused += !ok;
        unwritten += ok && hit;
        if (!ok)
            assert_true(hit && !unwritten);
        house_ctx(&c, a);
        DbVal p[] = {db_of_text("10.0.0.2")};
        int64_t used = 0;
        OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"api_key\" WHERE last_used_ip = $1"), p, 1,
                          &used, NULL));
        assert_int_equal(used, !hit);
    }
    assert_true(refused >= 10);
    assert_true(unwritten > 0);
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_or_not),
        cmocka_unit_test(whose),
        cmocka_unit_test(each_fails),
    };
    return house_run(tests, house_open);
}
