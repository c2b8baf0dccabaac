/* Whole numbers in texts of strangers: what is one, what is none, and the cursors made of them. */
#include "base/whole.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t n;
    } rows[] = {{"0", 0},
                {"-1", -1},
                {"007", 7},
                {"9", 9},
                {"-9223372036854775808", INT64_MIN},
                {"9223372036854775807", INT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t n = 77;
        assert_true(whole_number(rows[i].text, INT64_MIN, INT64_MAX, &n));
        assert_int_equal(n, rows[i].n);
    }
    static const char *const none[] = {"",
                                       "-",
                                       "--1",
                                       "-a",
                                       "a",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "1e3",
                                       "/",
                                       ":",
                                       "-/",
                                       "-:",
                                       "0x1",
                                       "１",
                                       "9223372036854775808",
                                       "-9223372036854775809"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        int64_t n = 77;
        if (whole_number(none[i], INT64_MIN, INT64_MAX, &n) || n != 77)
            fail_msg("\"%s\" is taken for %lld", none[i], (long long)n);
    }
}

static void within_bounds(void **state)
{
    (void)state;
    int64_t n = 77;
    assert_true(whole_number("3", 3, 5, &n) && n == 3);
    assert_true(whole_number("5", 3, 5, &n) && n == 5);
    assert_false(whole_number("2", 3, 5, &n));
    assert_false(whole_number("6", 3, 5, &n));
    assert_int_equal(n, 5);
}

static void cursors(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    int64_t n = 0;
    assert_true(whole_cursor(&c, NULL, 12, &n) && n == 12);
    assert_true(whole_cursor(&c, "", 12, &n) && n == 12);
    assert_true(whole_cursor(&c, "40", 12, &n) && n == 40);
    assert_int_equal(c.n_err, 0);
    assert_false(whole_cursor(&c, "-1", 12, &n));
    assert_false(whole_cursor(&c, "abc", 12, &n));
    assert_int_equal(c.n_err, 2);
    assert_int_equal(c.err[0].code, ERR_BAD_CURSOR);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers), cmocka_unit_test(within_bounds),
                                       cmocka_unit_test(cursors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
