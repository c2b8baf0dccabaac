/* Buf and Vec: growing, numbers, clearing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/vec.h"

static void grows(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    buf_init(&b, a);
    assert_string_equal(b.data, "");
    for (int i = 0; i < 10000; i++)
        buf_putc(&b, (char)('a' + i % 26));
    assert_int_equal(b.len, 10000);
    assert_int_equal(strlen(b.data), 10000);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], 'a' + (int)(i % 26));
    buf_clear(&b);
    assert_string_equal(b.data, "");
    buf_printf(&b, "%s=%d", "x", 12);
    buf_puts(&b, ";");
    buf_add(&b, "\0z", 2);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data, "x=12;\0z", 8);
    arena_free(a);
}

static void numbers(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    buf_init(&b, a);
    const int64_t n[] = {0, -1, 42, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        buf_i64(&b, n[i]);
        buf_putc(&b, ' ');
    }
    assert_string_equal(b.data, "0 -1 42 -9223372036854775808 9223372036854775807 ");
    arena_free(a);
}

static void room(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    buf_init(&b, a);
    char *p = buf_room(&b, 5);
    memcpy(p, "hello", 5);
    buf_grew(&b, 5);
    assert_string_equal(b.data, "hello");
    arena_free(a);
}

static void vec_keeps_items(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    VEC(int64_t) v = {0};
    for (int64_t i = 0; i < 1000; i++)
        vec_push(a, &v, i * i);
    assert_int_equal(v.n, 1000);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(v.items[i], i * i);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(numbers),
                                       cmocka_unit_test(room), cmocka_unit_test(vec_keeps_items)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
