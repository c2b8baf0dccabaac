/* Customers, contacts, follow-ups and tasks with their hooks. */
#include "../record/house.h"

extern const RecordHooks customer_hooks, contact_hooks, follow_up_hooks, task_hooks;

static const HookEntry table[] = {{"customer", &customer_hooks},
                                  {"contact", &contact_hooks},
                                  {"follow_up", &follow_up_hooks},
                                  {"task", &task_hooks},
                                  {NULL, NULL}};

static int64_t count(T *t, const char *entity, Filter *f)
{
    int64_t n = -1;
    OK(t, rec_count(&t->c, ent(t, entity), f, &n));
    return n;
}

static void test_primary_contact(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t cu = make(t, "customer",
                      js(t, "{\"name\": \"湖州竹海食品有限公司\", \"industry\": \"retail\", "
                            "\"source\": \"exhibition\", "
                            "\"primary_contact\": {\"name\": \"王芳\", \"mobile\": \"138 0013 "
                            "8000\", \"title\": \"采购经理\"}}"));
    Record r = load(t, "customer", cu);
    assert_int_equal(r.v[CUSTOMER_MAIN_CONTACT].kind, DB_INT);
    Record p = load(t, "contact", r.v[CUSTOMER_MAIN_CONTACT].i);
    assert_string_equal(p.v[CONTACT_NAME].s, "王芳");
    assert_string_equal(p.v[CONTACT_MOBILE].s, "13800138000");
    assert_int_equal(p.v[CONTACT_CUSTOMER].i, cu);
    assert_int_equal(p.v[STD_OWNER].i, t->c.actor->user);
    assert_int_equal(p.v[CONTACT_IS_ACTIVE].i, 1);
    const Entity *pair = ent(t, "customer_contact"), *point = ent(t, "contact_point");
    assert_int_equal(
        count(t, "customer_contact",
              filter_and(t->a, rec_is(&t->c, pair, CUSTOMER_CONTACT_CUSTOMER, db_of_int(cu)),
                         rec_is(&t->c, pair, CUSTOMER_CONTACT_IS_PRIMARY, db_of_int(1)))),
        1);
    assert_int_equal(
        count(t, "contact_point",
              rec_is(&t->c, point, CONTACT_POINT_VALUE_KEY, db_of_text("13800138000"))),
        1);
    assert_true(r.v[CUSTOMER_COMPLETENESS].i > 0 && r.v[CUSTOMER_COMPLETENESS].i < 10000);
    assert_int_equal(r.v[CUSTOMER_LIFECYCLE_CHANGED_AT].i, t->c.now_ms);

    /* a second contact does not take the place of the first; when the first goes, it does */
    int64_t second =
        make(t, "contact", js(t, "{\"name\": \"陈刚\", \"customer\": %lld}", (long long)cu));
    assert_int_equal(load(t, "customer", cu).v[CUSTOMER_MAIN_CONTACT].i, p.id);
    t_end(t);
    t = t_as("boss");
    SaveOptions o = {.if_version = 1};
    OK(t, rec_delete(&t->c, ent(t, "contact"), p.id, &o));
    assert_int_equal(load(t, "customer", cu).v[CUSTOMER_MAIN_CONTACT].i, second);
    OK(t, rec_restore(&t->c, ent(t, "contact"), p.id, NULL));

    /* one of whom everything is known is found by all of it */
    make(t, "contact",
         js(t,
            "{\"name\": \"周全\", \"customer\": %lld, \"mobile\": \"13800138071\", \"phone\": "
            "\"13800138072\", \"email\": \"zhou@example.com\", \"wechat\": \"zhouquan\"}",
            (long long)cu));
    assert_int_equal(
        count(t, "contact_point",
              rec_is(&t->c, point, CONTACT_POINT_VALUE_KEY, db_of_text("13800138071"))) +
            count(t, "contact_point",
                  rec_is(&t->c, point, CONTACT_POINT_VALUE_KEY, db_of_text("13800138072"))),
        2);
    t_end(t);
}

static void test_mistakes(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id, version;
    assert_false(rec_create(
        &t->c, ent(t, "customer"),
        js(t, "{\"name\": \"甲\", \"industry\": \"it\", \"source\": \"other\"}"), &house_web, &id));
    ERR_IS(t, ERR_REQUIRED, "phone");
    ctx_errors_back_to(&t->c, 0);
    assert_false(rec_create(&t->c, ent(t, "customer"),
                            js(t, "{\"name\": \"甲\", \"industry\": \"it\", \"primary_contact\": "
                                  "{\"mobile\": \"12x\", \"age\": 3}}"),
                            &house_web, &id));
    ERR_IS(t, ERR_UNKNOWN_FIELD, "primary_contact.age");
    ERR_IS(t, ERR_REQUIRED, "primary_contact.name");
    ERR_IS(t, ERR_REQUIRED, "source");
    bool mobile = false;
    for (const ErrItem *e = t->c.err; e; e = e->next)
        mobile |= e->field && strcmp(e->field, "primary_contact.mobile") == 0;
    assert_true(mobile);
    ctx_errors_back_to(&t->c, 0);
    int64_t cu = make_customer(t, "乙有限公司", "13800138000");
    SaveOptions o = {.if_version = 1};
    assert_false(
        rec_update(&t->c, ent(t, "customer"), cu, js(t, "{\"phone\": null}"), &o, &version));
    ERR_IS(t, ERR_REQUIRED, "phone");
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM contact WHERE id <> $1"), 0), 0);
    t_end(t);
}

static void test_owner_and_points(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t cu = make_customer(t, "丙有限公司", "13800138001"), version;
    Buf out;
    buf_init(&out, t->a);
    OK(t, rec_action(&t->c, ent(t, "customer"), cu, "transfer",
                     js(t, "{\"owner\": %lld}", (long long)user_id(t, "rep")), -1, &out));
    assert_int_equal(load(t, "customer", cu).v[CUSTOMER_PREVIOUS_OWNER].i, t->c.actor->user);
    SaveOptions o = {.if_version = 2};
    OK(t,
       rec_update(&t->c, ent(t, "customer"), cu,
                  js(t, "{\"phone\": \"13800138002\", \"lifecycle\": \"active\"}"), &o, &version));
    const Entity *point = ent(t, "contact_point");
    assert_int_equal(
        count(t, "contact_point",
              rec_is(&t->c, point, CONTACT_POINT_VALUE_KEY, db_of_text("13800138001"))),
        0);
    assert_int_equal(
        count(t, "contact_point",
              rec_is(&t->c, point, CONTACT_POINT_VALUE_KEY, db_of_text("13800138002"))),
        1);
    t_end(t);
}

static void test_follow_up(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t cu = make_customer(t, "丁有限公司", "13800138003"), version;
    int64_t co =
        make(t, "contact", js(t, "{\"name\": \"王芳\", \"customer\": %lld}", (long long)cu));
    char next[25];
    clock_rfc3339(t->c.now_ms + 86400000, next);
    int64_t f =
        make(t, "follow_up",
             js(t,
                "{\"parent_type\": \"contact\", \"parent\": %lld, \"customer_need\": \"看演示\", "
                "\"content\": \"电话沟通报价\", \"next_plan\": \"演示\", \"next_time\": \"%s\"}",
                (long long)co, next));
    Record r = load(t, "follow_up", f), c = load(t, "customer", cu);
    assert_int_equal(r.v[FOLLOW_UP_CUSTOMER].i, cu);
    assert_int_equal(r.v[FOLLOW_UP_HAPPENED_AT].i, t->c.now_ms);
    assert_int_equal(c.v[CUSTOMER_LAST_FOLLOW_UP_AT].i, t->c.now_ms);
    assert_string_equal(c.v[CUSTOMER_LAST_FOLLOW_UP_SUMMARY].s, "电话沟通报价");
    assert_int_equal(c.v[CUSTOMER_NEXT_FOLLOW_UP_AT].i, r.v[FOLLOW_UP_NEXT_TIME].i);
    assert_int_equal(c.version, 1); /* a rollup is no change of the record */
    assert_int_equal(load(t, "contact", co).v[CONTACT_LAST_FOLLOW_UP_AT].i, t->c.now_ms);
    const Entity *task = ent(t, "task");
    Record tk;
    bool found;
    OK(t, rec_find_one(&t->c, task, rec_is(&t->c, task, TASK_CUSTOMER, db_of_int(cu)), NULL, &tk,
                       &found));
    assert_true(found);
    assert_int_equal(tk.v[TASK_DUE_AT].i, r.v[FOLLOW_UP_NEXT_TIME].i);
    assert_int_equal(tk.v[STD_OWNER].i, t->c.actor->user);
    assert_int_equal(tk.v[TASK_CONTACT].i, co);
    assert_non_null(strstr(tk.v[TASK_TITLE].s, "丁有限公司"));
    /* an older one told later does not become the last */
    int64_t old = make(t, "follow_up",
                       js(t,
                          "{\"customer\": %lld, \"customer_need\": \"了解产品\", \"next_plan\": "
                          "\"寄资料\", \"content\": \"更早的拜访\", \"method\": \"visit\", "
                          "\"happened_at\": \"2026-01-01T00:00:00Z\"}",
                          (long long)cu));
    assert_string_equal(load(t, "customer", cu).v[CUSTOMER_LAST_FOLLOW_UP_SUMMARY].s,
                        "电话沟通报价");
    assert_int_equal(load(t, "follow_up", old).v[FOLLOW_UP_PARENT].i, cu);
    /* done */
    SaveOptions o = {.if_version = 1};
    OK(t, rec_update(&t->c, task, tk.id, js(t, "{\"status\": \"done\"}"), &o, &version));
    assert_int_equal(load(t, "task", tk.id).v[TASK_COMPLETED_AT].i, t->c.now_ms);
    /* mistakes */
    int64_t id, other = make_customer(t, "戊有限公司", "13800138004");
    assert_false(
        rec_create(&t->c, ent(t, "follow_up"), js(t, "{\"content\": \"x\"}"), &house_web, &id));
    ERR_IS(t, ERR_REQUIRED, "customer");
    ctx_errors_back_to(&t->c, 0);
    assert_false(rec_create(&t->c, ent(t, "follow_up"),
                            js(t,
                               "{\"content\": \"x\", \"customer\": %lld, \"parent_type\": "
                               "\"contact\", \"parent\": %lld}",
                               (long long)other, (long long)co),
                            &house_web, &id));
    ERR_IS(t, ERR_INVALID, "customer");
    t_end(t);
    /* the newest goes: the one before it is the last again */
    t = t_as("boss");
    o.if_version = 1;
    OK(t, rec_delete(&t->c, ent(t, "follow_up"), f, &o));
    assert_string_equal(load(t, "customer", cu).v[CUSTOMER_LAST_FOLLOW_UP_SUMMARY].s, "更早的拜访");
    OK(t, rec_restore(&t->c, ent(t, "follow_up"), f, NULL));
    assert_string_equal(load(t, "customer", cu).v[CUSTOMER_LAST_FOLLOW_UP_SUMMARY].s,
                        "电话沟通报价");
    t_end(t);
}

int main(void)
{
    house_hooks = table;
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_primary_contact), HOUSE_TEST(test_mistakes),
                                       HOUSE_TEST(test_owner_and_points),
                                       HOUSE_TEST(test_follow_up)};
    return house_run(tests);
}
