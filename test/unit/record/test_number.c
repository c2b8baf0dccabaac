/* Numbers: patterns, blocks under concurrency, numbers brought along. */
#include <pthread.h>

#include "house.h"

enum { THREADS = 16, EACH = 200 };

static char drawn[THREADS * EACH][32];

static void *draw(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int i = 0; i < EACH; i++) {
        T *t = t_as(NULL);
        const char *text = NULL;
        if (!number_next(&t->c, model_entity(t->c.model, "customer"), &text))
            text = "";
        (void)snprintf(drawn[me * EACH + i], sizeof drawn[0], "%s", text);
        t_end(t);
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t th[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&th[i], NULL, draw, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(th[i], NULL);
    char(*all)[32] = drawn;
    qsort(all, (size_t)THREADS * EACH, sizeof *all, by_text);
    for (int i = 0; i < THREADS * EACH; i++) {
        assert_true(all[i][0] != 0);
        assert_true(i == 0 || strcmp(all[i - 1], all[i]) != 0);
    }
    /* gaps stay small: the counter is at most a block ahead */
    T *t = t_as(NULL);
    int64_t value = t_int(t, SQL("SELECT value FROM number_counter WHERE value > $1"), 0);
    assert_in_range(value, THREADS * EACH, THREADS * EACH + 256);
    /* 3,200 a day: the width has grown past three */
    const char *text;
    OK(t, number_next(&t->c, ent(t, "customer"), &text));
    assert_int_equal(strlen(text), strlen("CUS20261121") + 4);
    t_end(t);
}

static void *create_some(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int i = 0; i < 25; i++) {
        T *t = t_as("boss");
        int64_t id;
        json_object *in = js(t,
                             "{\"name\": \"并发%d号第%d家\", \"phone\": \"139%04d%04d\", "
                             "\"industry\": \"it\", \"source\": \"other\"}",
                             me, i, me, i);
        bool ok = rec_create(&t->c, ent(t, "customer"), in, &house_web, &id);
        t_end(t);
        if (!ok)
            return (void *)1;
    }
    return NULL;
}

static void test_creates(void **state)
{
    (void)state;
    pthread_t th[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&th[i], NULL, create_some, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 8; i++) {
        void *bad;
        pthread_join(th[i], &bad);
        assert_null(bad);
    }
    T *t = t_as(NULL);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(DISTINCT number) FROM customer WHERE id <> $1"), 0),
                     200);
    t_end(t);
}

static void test_patterns(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    assert_true(number_check_pattern(&t->c, "CUS{yyyyMMdd}{seq:3}", "day"));
    assert_true(number_check_pattern(&t->c, "K{seq:6}", "never"));
    assert_true(number_check_pattern(&t->c, "{yyMM}-{seq:4}-A", "month"));
    const char *const bad[][2] = {{"CUS{yyyyMMdd}", "day"},   {"CUS{seq:3}", "day"},
                                  {"{yyyy}{seq:3}", "month"}, {"{seq:3}{seq:3}", "never"},
                                  {"A{hh}{seq:2}", "never"},  {"A{seq:0}", "never"},
                                  {"A{seq", "never"},         {"A}{seq:3}", "never"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(number_check_pattern(&t->c, bad[i][0], bad[i][1]));
    t_end(t);
}

static void test_brought_along(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Entity *e = ent(t, "customer");
    int64_t first = make_customer(t, "庚有限公司", "13700137000"), id;
    const char *one = arena_str(t->a, load(t, "customer", first).v[CUSTOMER_NUMBER].s);
    char *next = arena_printf(t->a, "%.11s%s", one, "0007");
    const char *body = "{\"name\": \"%s\", \"phone\": \"%s\", \"industry\": \"it\", \"source\": "
                       "\"other\", \"number\": \"%s\"}";
    id = make(t, "customer", js(t, body, "辛有限公司", "13700137001", next));
    assert_string_equal(load(t, "customer", id).v[CUSTOMER_NUMBER].s, next);
    /* the counter moved past it */
    id = make_customer(t, "壬有限公司", "13700137002");
    assert_string_equal(load(t, "customer", id).v[CUSTOMER_NUMBER].s,
                        arena_printf(t->a, "%.11s008", one));
    /* taken, strange */
    assert_false(
        rec_create(&t->c, e, js(t, body, "癸有限公司", "13700137003", one), &house_web, &id));
    assert_true(t->c.n_err > 0);
    ctx_errors_back_to(&t->c, 0);
    assert_false(
        rec_create(&t->c, e, js(t, body, "癸有限公司", "13700137003", "a b"), &house_web, &id));
    ERR_IS(t, ERR_INVALID, "number");
    t_end(t);
    t = t_as("rep"); /* without import_keep */
    assert_false(rec_create(&t->c, ent(t, "customer"),
                            js(t, body, "癸有限公司", "13700137003", "KH-1"), &house_web, &id));
    ERR_IS(t, ERR_READONLY, "number");
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_threads), HOUSE_TEST(test_creates),
                                       HOUSE_TEST(test_patterns), HOUSE_TEST(test_brought_along)};
    return house_run(tests);
}
