/* Duplicates: block, warn, foreign ones, the limit of hints. */
#include "house.h"

static void test_block(void **state)
{
    (void)state;
    T *t = t_as("rep");
    const Entity *e = ent(t, "customer");
    int64_t id, first = make_customer(t, "杭州云帆信息技术有限公司", "0571-88156688");
    const char *body =
        "{\"name\": \"%s\", \"phone\": \"%s\", \"industry\": \"it\", \"source\": \"other\"}";
    /* the same name key and phone in another spelling */
    assert_false(rec_create(&t->c, e, js(t, body, "杭州云帆信息技术公司", "(0571)88156688"),
                            &house_web, &id));
    ERR_IS(t, ERR_DUPLICATE, "name");
    assert_non_null(strstr(t->c.err->message, "云帆"));
    ctx_errors_back_to(&t->c, 0);
    make(t, "customer",
         js(t, body, "杭州云帆信息技术有限公司", "13400134000")); /* the name alone only warns */
    int64_t version;
    SaveOptions o = {.if_version = 1};
    OK(t, rec_update(&t->c, e, first, js(t, "{\"level\": \"key\"}"), &o,
                     &version)); /* not with itself */
    Buf out;
    buf_init(&out, t->a);
    OK(t,
       rec_duplicates_json(
           &t->c, e,
           js(t, "{\"name\": \"杭州云帆信息技术有限公司\", \"phone\": \"0571-88156688\"}"), &out));
    assert_non_null(strstr(out.data, "\"rule\":\"name_phone\""));
    assert_non_null(strstr(out.data, "\"rule\":\"name\""));
    assert_non_null(strstr(out.data, "\"owner\":\"张三\""));
    t_end(t);
    /* a stranger learns that it exists and whose it is */
    t = t_as("rep2");
    assert_false(rec_create(&t->c, ent(t, "customer"),
                            js(t, body, "杭州云帆信息技术有限公司", "0571-88156688"), &house_web,
                            &id));
    ERR_IS(t, ERR_DUPLICATE, "name");
    assert_non_null(strstr(t->c.err->message, "张三"));
    assert_null(strstr(t->c.err->message, "CUS"));
    ctx_errors_back_to(&t->c, 0);
    buf_init(&out, t->a);
    OK(t, rec_duplicates_json(&t->c, ent(t, "customer"), js(t, "{\"phone\": \"0571-88156688\"}"),
                              &out));
    assert_null(strstr(out.data, "\"id\""));
    assert_null(strstr(out.data, "label"));
    assert_non_null(strstr(out.data, "张三"));
    t_end(t);
}

/* Own code may save what is there already, by import, job, command or as the system; a person's wish to do so counts nothing. */
static void test_waved_through(void **state)
{
    (void)state;
    static const struct {
        Channel ch;
        bool asked, trusted, saved;
    } cases[] = {{CH_WEB, true, false, false},   {CH_API, true, false, false},
                 {CH_WEB, false, true, false},   {CH_IMPORT, false, false, false},
                 {CH_WEB, true, true, true},     {CH_API, true, true, true},
                 {CH_IMPORT, true, false, true}, {CH_JOB, true, false, true},
                 {CH_CLI, true, false, true},    {CH_SYSTEM, true, false, true}};
    T *t = t_as("rep");
    make_customer(t, "宁波远航轴承有限公司", "0574-87654321");
    t_end(t);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        t = t_as("rep");
        Actor me = *t->c.actor;
        me.channel = cases[i].ch;
        t->c.actor = &me;
        SaveOptions o = {.no_duplicates = cases[i].asked, .trusted = cases[i].trusted};
        int64_t id;
        bool saved =
            rec_create(&t->c, ent(t, "customer"),
                       js(t, "{\"name\": \"宁波远航轴承有限公司\", \"phone\": "
                             "\"0574-87654321\", \"industry\": \"it\", \"source\": \"other\"}"),
                       &o, &id);
        if (saved != cases[i].saved)
            fail_msg("case %zu: %s", i, saved ? "saved" : t->c.err->message);
        if (!saved)
            ERR_IS(t, ERR_DUPLICATE, "name");
        t_end(t);
    }
}

static void test_limit(void **state)
{
    (void)state;
    T *t = t_as("rep");
    for (int i = 0; i < 31; i++)
        make_customer(t, arena_printf(t->a, "第%d号有限公司", i),
                      arena_printf(t->a, "133001330%02d", i));
    t_end(t);
    t = t_as("rep2");
    Buf out;
    for (int round = 0; round < 2; round++) { /* the same ones again cost nothing */
        for (int i = 0; i < 30; i++) {
            buf_init(&out, t->a);
            OK(t, rec_duplicates_json(&t->c, ent(t, "customer"),
                                      js(t, "{\"phone\": \"133001330%02d\"}", i), &out));
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_false(rec_duplicates_json(&t->c, ent(t, "customer"),
                                         js(t, "{\"phone\": \"13300133030\"}"), &out));
        ERR_IS(t, ERR_LIMIT, NULL);
        ctx_errors_back_to(&t->c, 0);
    }
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_block), HOUSE_TEST(test_waved_through),
                                       HOUSE_TEST(test_limit)};
    return house_run(tests);
}
