/* Map: put, replace, order, many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"

static void puts_and_finds(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Map m;
    map_init(&m, a);
    assert_null(map_get(&m, "x"));
    assert_false(map_has(&m, "x"));
    char key[24] = "one";
    int v1, v2;
    assert_null(map_put(&m, key, &v1));
    key[0] = 'X'; /* keys are copied */
    assert_ptr_equal(map_get(&m, "one"), &v1);
    assert_ptr_equal(map_put(&m, "one", &v2), &v1);
    assert_ptr_equal(map_get(&m, "one"), &v2);
    assert_int_equal(m.n, 1);
    map_put(&m, "null", NULL);
    assert_true(map_has(&m, "null"));
    assert_null(map_get(&m, "null"));
    arena_free(a);
}

static void keeps_order(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Map m;
    map_init(&m, a);
    for (intptr_t i = 0; i < 5000; i++) {
        char key[24];
        snprintf(key, sizeof key, "k%ld", (long)(i * 7919 % 5000));
        map_put(&m, key, (void *)i);
    }
    assert_int_equal(m.n, 5000);
    for (intptr_t i = 0; i < 5000; i++) {
        char key[24];
        snprintf(key, sizeof key, "k%ld", (long)(i * 7919 % 5000));
        assert_string_equal(m.items[i].key, key);
        assert_int_equal((intptr_t)map_get(&m, key), i);
    }
    assert_null(map_get(&m, "k5000"));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(puts_and_finds),
                                       cmocka_unit_test(keeps_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
