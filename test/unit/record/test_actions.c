/* transfer with its children, share, unshare, reveal. */
#include "house.h"

static void test_transfer(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t rep = user_id(t, "rep"), rep2 = user_id(t, "rep2"), boss = t->c.actor->user;
    int64_t cu = make(t, "customer",
                      js(t,
                         "{\"name\": \"湖畔有限公司\", \"phone\": \"13500135000\", \"industry\": "
                         "\"it\", \"source\": \"other\", \"owner\": %lld}",
                         (long long)rep));
    int64_t his = make(t, "contact",
                       js(t, "{\"name\": \"孙三\", \"customer\": %lld, \"owner\": %lld}",
                          (long long)cu, (long long)rep));
    int64_t other =
        make(t, "contact", js(t, "{\"name\": \"李四\", \"customer\": %lld}", (long long)cu));
    Buf out;
    buf_init(&out, t->a);
    assert_false(
        rec_action(&t->c, ent(t, "customer"), cu, "transfer", js(t, "{\"to\": 1}"), -1, &out));
    ERR_IS(t, ERR_UNKNOWN_FIELD, "to");
    ERR_IS(t, ERR_REQUIRED, "owner");
    ctx_errors_back_to(&t->c, 0);
    OK(t, rec_action(&t->c, ent(t, "customer"), cu, "transfer",
                     js(t, "{\"owner\": {\"login\": \"rep2\"}, \"reason\": \"调岗\"}"), 1, &out));
    Record r = load(t, "customer", cu);
    assert_int_equal(r.v[STD_OWNER].i, rep2);
    assert_int_equal(r.version, 2);
    assert_int_equal(r.v[STD_OWNER_DEPARTMENT].i,
                     t_int(t, SQL("SELECT department_id FROM \"user\" WHERE id = $1"), rep2));
    assert_int_equal(load(t, "contact", his).v[STD_OWNER].i, rep2);
    assert_int_equal(load(t, "contact", his).version, 2);
    assert_int_equal(load(t, "contact", other).v[STD_OWNER].i, boss);
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM history WHERE record_id = $1 AND action = "
                               "'transfer' AND changes LIKE '%调岗%'"),
                           cu),
                     1);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM audit_log WHERE record_id = $1 AND action = 'transfer'"),
              cu),
        1);
    t_end(t);
    t = t_as("rep"); /* the former owner loses it */
    Record gone;
    assert_false(rec_get(&t->c, ent(t, "customer"), cu, false, &gone));
    t_end(t);
}

static void test_share(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t cu = make_customer(t, "河谷有限公司", "13500135001"), version;
    Buf out;
    buf_init(&out, t->a);
    OK(t, rec_action(&t->c, ent(t, "customer"), cu, "share",
                     js(t, "{\"with\": {\"login\": \"rep2\"}}"), -1, &out));
    t_end(t);
    Record r;
    SaveOptions o = {.if_version = 1};
    t = t_as("rep2");
    buf_init(&out, t->a);
    OK(t, rec_get(&t->c, ent(t, "customer"), cu, false, &r));
    assert_false(rec_update(&t->c, ent(t, "customer"), cu, js(t, "{\"level\": \"key\"}"), &o,
                            &version)); /* only to read */
    ERR_IS(t, ERR_FORBIDDEN, NULL);
    ctx_errors_back_to(&t->c, 0);
    t_end(t);
    t = t_as("rep");
    buf_init(&out, t->a);
    OK(t, rec_action(&t->c, ent(t, "customer"), cu, "share",
                     js(t, "{\"with\": {\"login\": \"rep2\"}, \"right\": \"write\"}"), -1, &out));
    t_end(t);
    t = t_as("rep2");
    OK(t, rec_update(&t->c, ent(t, "customer"), cu, js(t, "{\"level\": \"key\"}"), &o, &version));
    t_end(t);
    t = t_as("rep");
    buf_init(&out, t->a);
    OK(t, rec_action(&t->c, ent(t, "customer"), cu, "unshare",
                     js(t, "{\"with\": {\"login\": \"rep2\"}}"), -1, &out));
    assert_false(rec_action(&t->c, ent(t, "customer"), cu, "fly", NULL, -1, &out));
    ERR_IS(t, ERR_NOT_FOUND, NULL);
    t_end(t);
    t = t_as("rep2");
    assert_false(rec_get(&t->c, ent(t, "customer"), cu, false, &r));
    t_end(t);
}

static void test_reveal(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t cu = make_customer(t, "山前有限公司", "13500135002");
    t_end(t);
    t = t_as("lead"); /* his department: masked */
    Buf out;
    for (int i = 0; i < 20; i++) {
        buf_init(&out, t->a);
        OK(t, rec_action(&t->c, ent(t, "customer"), cu, "reveal", js(t, "{\"field\": \"phone\"}"),
                         -1, &out));
    }
    assert_non_null(strstr(out.data, "13500135002"));
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM audit_log WHERE record_id = $1 AND action = 'reveal'"),
              cu),
        20);
    assert_false(rec_action(&t->c, ent(t, "customer"), cu, "reveal",
                            js(t, "{\"field\": \"phone\"}"), -1, &out));
    ERR_IS(t, ERR_STEP_UP_REQUIRED, NULL); /* the twenty-first in an hour */
    ctx_errors_back_to(&t->c, 0);
    assert_false(rec_action(&t->c, ent(t, "customer"), cu, "reveal", js(t, "{\"field\": \"name\"}"),
                            -1, &out));
    ERR_IS(t, ERR_INVALID, "field");
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_transfer), HOUSE_TEST(test_share),
                                       HOUSE_TEST(test_reveal)};
    return house_run(tests);
}
