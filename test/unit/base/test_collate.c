/* Sort keys: the order of the Chinese dictionary, the same bytes on every database. */
#include "base/collate.h"

#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void order(void **state)
{
    (void)state;
    static const char *const sorted[] = {"1号店", "9",    "阿里",  "安徽",   "北京",
                                         "曾",    "重庆", "单位",  "李四",   "张三",
                                         "长沙",  "赵六", "Apple", "banana", NULL};
    for (int i = 0; sorted[i + 1]; i++)
        if (strcmp(collate_key(a, sorted[i]), collate_key(a, sorted[i + 1])) >= 0)
            fail_msg("%s must come before %s", sorted[i], sorted[i + 1]);
}

static void form(void **state)
{
    (void)state;
    assert_string_equal(collate_key(a, "张三"), "9d1383a70106010600");
    char *text = arena_alloc(a, 30001);
    for (int i = 0; i < 10000; i++)
        memcpy(text + 3 * i, "国", 3);
    assert_int_equal(strlen(collate_key(a, text)), 80);
    assert_true(strlen(collate_key(a, "")) <= 80);
    assert_true(strlen(collate_key(a, "a\xff")) > 0);
    assert_true(strlen(collate_version()) > 0);
}

static void *in_thread(void *arg)
{
    Arena *mine = arena_new(0);
    bool *same = arg;
    *same = true;
    for (int i = 0; i < 500; i++) {
        *same &= !strcmp(collate_key(mine, "张三"), "9d1383a70106010600");
        arena_reset(mine);
    }
    arena_free(mine);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    pthread_t t[4];
    bool same[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, in_thread, &same[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_true(same[i]);
    }
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
        cmocka_unit_test(form),
        cmocka_unit_test(threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
