/* Recycle bin: a record goes with what it owns and comes back with it. */
#include "house.h"

static int64_t live(T *t, const char *entity, int64_t id)
{
    return load(t, entity, id).v[STD_DELETED_AT].kind == DB_NULL;
}

static void test_children(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Entity *e = ent(t, "customer");
    int64_t cu = make_customer(t, "江南贸易有限公司", "13600136000");
    int64_t c1 =
        make(t, "contact", js(t, "{\"name\": \"赵一\", \"customer\": %lld}", (long long)cu));
    int64_t c2 =
        make(t, "contact", js(t, "{\"name\": \"钱二\", \"customer\": %lld}", (long long)cu));
    int64_t f = make(t, "follow_up",
                     js(t,
                        "{\"parent\": %lld, \"customer\": %lld, \"customer_need\": \"报价\", "
                        "\"next_plan\": \"再联系\", \"content\": \"电话沟通报价\"}",
                        (long long)cu, (long long)cu));
    SaveOptions o = {.if_version = 1};
    OK(t, rec_delete(&t->c, ent(t, "contact"), c1,
                     &o)); /* went before: does not come back with the customer */
    t->c.now_ms++;
    o.if_version = 9;
    assert_false(rec_delete(&t->c, e, cu, &o));
    ERR_IS(t, ERR_STALE, NULL);
    ctx_errors_back_to(&t->c, 0);
    o.if_version = 1;
    OK(t, rec_delete(&t->c, e, cu, &o));
    assert_false(live(t, "customer", cu));
    assert_false(live(t, "contact", c2));
    assert_false(live(t, "follow_up", f));
    Record r;
    assert_false(rec_get(&t->c, e, cu, false, &r));
    ctx_errors_back_to(&t->c, 0);
    Buf b;
    buf_init(&b, t->a);
    OK(t, rec_search(&t->c, "江南", NULL, 10, &b));
    assert_null(strstr(b.data, "江南贸易"));
    assert_false(rec_restore(&t->c, ent(t, "contact"), c2, NULL)); /* not without its customer */
    ERR_IS(t, ERR_CONFLICT, "customer");
    ctx_errors_back_to(&t->c, 0);
    assert_false(rec_delete(&t->c, e, cu, &o)); /* twice */
    ERR_IS(t, ERR_NOT_FOUND, NULL);
    ctx_errors_back_to(&t->c, 0);

    OK(t, rec_restore(&t->c, e, cu, NULL));
    assert_true(live(t, "customer", cu));
    assert_true(live(t, "contact", c2));
    assert_true(live(t, "follow_up", f));
    assert_false(live(t, "contact", c1));
    assert_int_equal(load(t, "customer", cu).version, 3);
    buf_clear(&b);
    OK(t, rec_search(&t->c, "江南", NULL, 10, &b));
    assert_non_null(strstr(b.data, "江南贸易"));
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM audit_log WHERE record_id = $1 AND action IN "
                               "('delete', 'restore')"),
                           cu),
                     2);
    assert_false(rec_restore(&t->c, e, cu, NULL));
    ERR_IS(t, ERR_CONFLICT, NULL);
    t_end(t);
}

static void test_who(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id = make_customer(t, "江北贸易有限公司", "13600136001");
    SaveOptions o = {.if_version = 1};
    assert_false(
        rec_delete(&t->c, ent(t, "customer"), id, &o)); /* sales_rep deletes no customers */
    ERR_IS(t, ERR_FORBIDDEN, NULL);
    t_end(t);
    t = t_as("lead"); /* the department above */
    OK(t, rec_delete(&t->c, ent(t, "customer"), id, &o));
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_children), HOUSE_TEST(test_who)};
    return house_run(tests);
}
