/* Create and update through all stages, without the hooks of the domain. */
#include "house.h"

#include "record/former.h"

static void test_create(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id = make_customer(t, "杭州云帆信息技术有限公司", "0571-88156688");
    Record r;
    OK(t, rec_get(&t->c, ent(t, "customer"), id, false, &r));
    assert_int_equal(r.version, 1);
    assert_int_equal(r.v[STD_OWNER].i, t->c.actor->user);
    assert_int_equal(r.v[STD_OWNER_DEPARTMENT].i, t->c.actor->department);
    assert_int_equal(r.v[STD_CREATED_AT].i, t->c.now_ms);
    assert_string_equal(r.v[STD_ORIGIN].s, "web");
    assert_memory_equal(r.v[CUSTOMER_NUMBER].s, "CUS20", 5);
    assert_int_equal(r.v[CUSTOMER_NUMBER].n, 14);
    assert_string_equal(r.v[CUSTOMER_LEVEL].s, "normal"); /* default */
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM history WHERE record_id = $1"), id), 1);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM audit_log WHERE record_id = $1 AND action = 'create'"),
              id),
        1);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM change_log WHERE topic = 'customer' AND ref = $1"), id),
        1);
    /* no value of the record in the audit log */
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM audit_log WHERE record_id = $1 AND changes "
                               "LIKE '%88156688%'"),
                           id),
                     0);
    Buf b;
    buf_init(&b, t->a);
    OK(t, rec_search(&t->c, "云帆", NULL, 10, &b));
    assert_non_null(strstr(b.data, "云帆"));
    t_end(t);
}

static void test_all_errors(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id = -1;
    json_object *in = js(t, "{\"name\": \"\", \"industry\": \"nothing\", \"phone\": \"12\", "
                            "\"level\": 5, \"nmae\": \"x\", \"version\": 3, "
                            "\"deal_count\": 7, \"annual_revenue\": \"1.234\"}");
    assert_false(rec_create(&t->c, ent(t, "customer"), in, &house_web, &id));
    assert_int_equal(id, -1);
    ERR_IS(t, ERR_UNKNOWN_FIELD, "nmae");
    assert_int_equal(t->c.err->code, ERR_UNKNOWN_FIELD); /* 400 before 422 */
    ERR_IS(t, ERR_REQUIRED, "name");
    ERR_IS(t, ERR_REQUIRED, "source");
    ERR_IS(t, ERR_READONLY, "version");
    ERR_IS(t, ERR_READONLY, "deal_count");
    assert_true(t->c.n_err >= 8);
    for (const ErrItem *e = t->c.err; e; e = e->next)
        for (const ErrItem *f = e->next; f; f = f->next)
            assert_false(e->field && f->field &&
                         strcmp(e->field, f->field) == 0); /* one mistake a field */
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE id <> $1"), 0), 0);
    t_end(t);
}

static void test_update(void **state)
{
    (void)state;
    T *t = t_as("rep");
    const Entity *e = ent(t, "customer");
    int64_t id = make_customer(t, "上海远航科技有限公司", "13800138000"), version = 0;
    SaveOptions o = {.if_version = 1, .origin = "web"};
    OK(t, rec_update(&t->c, e, id, js(t, "{\"level\": \"key\", \"short_name\": \"远航\"}"), &o,
                     &version));
    assert_int_equal(version, 2);
    /* the same again changes nothing: no new version, no history */
    o.if_version = 2;
    OK(t, rec_update(&t->c, e, id, js(t, "{\"level\": \"key\"}"), &o, &version));
    assert_int_equal(version, 2);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM history WHERE record_id = $1"), id), 2);
    const char *changes;
    DbVal p = db_of_int(id);
    OK(t, db_one_text(&t->c,
                      SQL("SELECT changes FROM history WHERE record_id = $1 AND action = 'update'"),
                      &p, 1, &changes, NULL));
    assert_non_null(strstr(changes, "\"level\":[\"normal\",\"key\"]"));
    /* null takes a value away */
    OK(t, rec_update(&t->c, e, id, js(t, "{\"short_name\": null}"), &o, &version));
    assert_int_equal(load(t, "customer", id).v[CUSTOMER_SHORT_NAME].kind, DB_NULL);
    /* stale, masked, required, owner only by transfer */
    assert_false(rec_update(&t->c, e, id, js(t, "{\"level\": \"normal\"}"), &o, &version));
    ERR_IS(t, ERR_STALE, NULL);
    ctx_errors_back_to(&t->c, 0);
    o.if_version = 3;
    assert_false(rec_update(
        &t->c, e, id,
        js(t, "{\"phone\": \"138****8000\", \"name\": null, \"owner\": %lld, \"number\": \"X1\"}",
           (long long)user_id(t, "lead")),
        &o, &version));
    ERR_IS(t, ERR_MASKED, "phone");
    ERR_IS(t, ERR_REQUIRED, "name");
    ERR_IS(t, ERR_READONLY, "owner");
    ERR_IS(t, ERR_READONLY, "number");
    assert_int_equal(load(t, "customer", id).version, 3);
    t_end(t);
    /* a colleague in another department does not find it */
    t = t_as("rep2");
    o.if_version = 3;
    assert_false(
        rec_update(&t->c, ent(t, "customer"), id, js(t, "{\"level\": \"normal\"}"), &o, &version));
    ERR_IS(t, ERR_NOT_FOUND, NULL);
    t_end(t);
}

static void test_idempotency(void **state)
{
    (void)state;
    T *t = t_as("rep");
    const Entity *e = ent(t, "customer");
    SaveOptions o = {.if_version = -1, .idempotency_key = "k1", .route = "POST /customers"};
    const char *body = "{\"name\": \"甲有限公司\", \"phone\": \"13800138001\", \"industry\": "
                       "\"it\", \"source\": \"phone\"}";
    int64_t a = 0, b = 0;
    OK(t, rec_create(&t->c, e, js(t, "%s", body), &o, &a));
    OK(t, rec_create(&t->c, e, js(t, "%s", body), &o, &b));
    assert_int_equal(a, b);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE id <> $1"), 0), 1);
    assert_false(rec_create(&t->c, e, js(t, "{\"name\": \"乙\"}"), &o, &b));
    ERR_IS(t, ERR_KEY_IN_USE, NULL);
    ctx_errors_back_to(&t->c, 0);
    t->c.now_ms += 25LL * 3600 * 1000; /* somebody sets the clock: the key stays */
    OK(t, rec_create(&t->c, e, js(t, "%s", body), &o, &b));
    assert_int_equal(a, b);
    OK(t, db_write(&t->c, run_schema,
                   "UPDATE idempotency SET at = at - 90000000")); /* a day later it is free */
    OK(t, rec_create(&t->c, e,
                     js(t, "{\"name\": \"乙有限公司\", \"phone\": \"13800138002\", \"industry\": "
                           "\"it\", \"source\": \"phone\"}"),
                     &o, &b));
    assert_int_not_equal(a, b);
    t_end(t);
}

static void test_links(void **state)
{
    (void)state;
    T *t = t_as("rep");
    const Entity *e = ent(t, "customer");
    int64_t a = make_customer(t, "天成集团有限公司", "13800138003"), b, version;
    Record r = load(t, "customer", a);
    b = make(t, "customer",
             js(t,
                "{\"name\": \"天成贸易有限公司\", \"phone\": \"13800138004\", \"industry\": "
                "\"retail\", \"source\": \"other\", "
                "\"parent_customer\": {\"number\": \"%s\"}}",
                arena_dup(t->a, r.v[CUSTOMER_NUMBER].s, r.v[CUSTOMER_NUMBER].n)));
    assert_int_equal(load(t, "customer", b).v[CUSTOMER_PARENT_CUSTOMER].i, a);
    int64_t d = make(t, "contact",
                     js(t, "{\"name\": \"王芳\", \"customer\": {\"name\": \"天成集团有限公司\"}}"));
    assert_int_equal(load(t, "contact", d).v[CONTACT_CUSTOMER].i, a);
    /* a circle */
    SaveOptions o = {.if_version = 1};
    assert_false(
        rec_update(&t->c, e, a, js(t, "{\"parent_customer\": %lld}", (long long)b), &o, &version));
    ERR_IS(t, ERR_INVALID, "parent_customer");
    ctx_errors_back_to(&t->c, 0);
    /* two of one name */
    make_customer(t, "天成集团有限公司", "13800138005");
    int64_t id;
    assert_false(
        rec_create(&t->c, ent(t, "contact"),
                   js(t, "{\"name\": \"李\", \"customer\": {\"name\": \"天成集团有限公司\"}}"),
                   &house_web, &id));
    ERR_IS(t, ERR_REF_AMBIGUOUS, "customer");
    ctx_errors_back_to(&t->c, 0);
    assert_false(rec_create(&t->c, ent(t, "contact"),
                            js(t, "{\"name\": \"李\", \"customer\": 12345, \"reports_to\": \"x\"}"),
                            &house_web, &id));
    ERR_IS(t, ERR_REF_NOT_FOUND, "customer");
    ERR_IS(t, ERR_TYPE, "reports_to");
    t_end(t);
    /* what he may not read he cannot link to */
    t = t_as("rep2");
    assert_false(rec_create(&t->c, ent(t, "contact"),
                            js(t, "{\"name\": \"李\", \"customer\": %lld}", (long long)a),
                            &house_web, &id));
    ERR_IS(t, ERR_REF_NOT_FOUND, "customer");
    t_end(t);
}

static void test_owner(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id, rep2 = user_id(t, "rep2");
    const char *body = "{\"name\": \"丙有限公司\", \"phone\": \"13800138006\", \"industry\": "
                       "\"it\", \"source\": \"phone\", \"owner\": %lld}";
    assert_false(
        rec_create(&t->c, ent(t, "customer"), js(t, body, (long long)rep2), &house_web, &id));
    ERR_IS(t, ERR_PERM_DENIED, "owner");
    t_end(t);
    t = t_as("boss");
    id = make(t, "customer", js(t, body, (long long)rep2));
    Record r = load(t, "customer", id);
    assert_int_equal(r.v[STD_OWNER].i, rep2);
    assert_int_equal(r.v[STD_OWNER_DEPARTMENT].i,
                     t_int(t, SQL("SELECT department_id FROM \"user\" WHERE id = $1"), rep2));
    t_end(t);
}

static void test_required_if(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id = make_customer(t, "丁有限公司", "13800138007"), version;
    SaveOptions o = {.if_version = 1};
    assert_false(rec_update(&t->c, ent(t, "customer"), id, js(t, "{\"lifecycle\": \"invalid\"}"),
                            &o, &version));
    ERR_IS(t, ERR_REQUIRED, "invalid_reason");
    ctx_errors_back_to(&t->c, 0);
    OK(t, rec_update(&t->c, ent(t, "customer"), id,
                     js(t, "{\"lifecycle\": \"invalid\", \"invalid_reason\": \"closed\"}"), &o,
                     &version));
    t_end(t);
}

/* A condition that names a record which was merged away means the one it went into. */
static void test_required_if_merged(void **state)
{
    (void)state;
    T *t = t_as("rep");
    Pair m = {.from = make_customer(t, "老集团有限公司", "13800138020"),
              .into = make_customer(t, "新集团有限公司", "13800138021")};
    OK(t, db_write(&t->c, merge_them, &m));
    OK(t, former_load(&t->c));
    Entity *e = (Entity *)(uintptr_t)ent(t, "customer");
    Field *f = (Field *)(uintptr_t)entity_field(e, "short_name");
    const char *was = f->required_if;
    f->required_if = arena_printf(t->a, "[\"parent_customer\",\"=\",%lld]", (long long)m.from);
    const char *body = "{\"name\": \"%s\", \"phone\": \"1380013802%d\", \"industry\": \"it\", "
                       "\"source\": \"phone\", \"parent_customer\": %lld%s}";
    int64_t id, alone = make_customer(t, "无上级有限公司", "13800138029");
    bool kept =
        rec_create(&t->c, e, js(t, body, "子公司甲", 2, (long long)m.into, ""), &house_web, &id);
    bool said = has_err(&t->c, ERR_REQUIRED, "short_name");
    ctx_errors_back_to(&t->c, 0);
    bool full = rec_create(
        &t->c, e, js(t, body, "子公司乙", 3, (long long)m.into, ", \"short_name\": \"乙\""),
        &house_web, &id);
    bool other =
        rec_create(&t->c, e, js(t, body, "子公司丙", 4, (long long)alone, ""), &house_web, &id);
    f->required_if = was;
    assert_false(kept);
    assert_true(said);
    assert_true(full);
    assert_true(other);
    t_end(t);
}

static bool refuse_after(Ctx *c, Save *s)
{
    (void)s;
    return ctx_fail(c, ERR_CONFLICT, NULL, "err.conflict", "test");
}

static void test_hook_failure(void **state)
{
    (void)state;
    static const RecordHooks bad = {.after_save = refuse_after};
    static const HookEntry table[] = {{"customer", &bad}, {NULL, NULL}};
    hooks_register(table);
    T *t = t_as("rep");
    int64_t id;
    SaveOptions o = {.if_version = -1, .idempotency_key = "k"};
    assert_false(rec_create(&t->c, ent(t, "customer"),
                            js(t, "{\"name\": \"戊有限公司\", \"phone\": \"13800138008\", "
                                  "\"industry\": \"it\", \"source\": \"phone\"}"),
                            &o, &id));
    ERR_IS(t, ERR_CONFLICT, NULL);
    hooks_register(NULL);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE id <> $1"), 0), 0);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM history WHERE id <> $1 AND entity = 'customer'"), 0), 0);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM audit_log WHERE id <> $1 AND entity = 'customer'"), 0),
        0);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM idempotency WHERE record_id <> $1"), 0), 0);
    /* the search document waits for the end of the batch: it goes with the write it belongs to */
    ctx_errors_back_to(&t->c, 0);
    make_customer(t, "庚有限公司", "13800138010");
    Buf b;
    buf_init(&b, t->a);
    OK(t, rec_search(&t->c, "有限公司", NULL, 10, &b));
    assert_null(strstr(b.data, "戊"));
    assert_non_null(strstr(b.data, "庚"));
    t_end(t);
}

static void test_dry(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t id;
    SaveOptions o = {.if_version = -1, .dry = true};
    OK(t, rec_create(&t->c, ent(t, "customer"),
                     js(t, "{\"name\": \"己有限公司\", \"phone\": \"13800138009\", \"industry\": "
                           "\"it\", \"source\": \"phone\"}"),
                     &o, &id));
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE id <> $1"), 0), 0);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM number_counter WHERE value > $1"), 0), 0);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_create),       HOUSE_TEST(test_all_errors),
        HOUSE_TEST(test_update),       HOUSE_TEST(test_idempotency),
        HOUSE_TEST(test_links),        HOUSE_TEST(test_owner),
        HOUSE_TEST(test_required_if),  HOUSE_TEST(test_required_if_merged),
        HOUSE_TEST(test_hook_failure), HOUSE_TEST(test_dry)};
    return house_run(tests);
}
