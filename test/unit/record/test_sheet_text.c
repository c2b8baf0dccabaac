/* Texts into workbooks: what a cell holds, texts that look like an escape of Excel, names of sheets. */
#include "record/sheet_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static Arena *a;

static void escapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"客户", "客户"},
        {"_x000D_", "_x005F_x000D_"},
        {"a_x000d_b_xFFFF_", "a_x005F_x000d_b_x005F_xFFFF_"},
        {"_x_x000D_", "_x_x005F_x000D_"},
        {"_x000_", "_x000_"},     /* three digits */
        {"_x000G_", "_x000G_"},   /* no digit */
        {"_x0000", "_x0000"},     /* not closed */
        {"_x00000_", "_x00000_"}, /* five digits */
        {"_y000D_", "_y000D_"},
        {"x000D_", "x000D_"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(sheet_text(a, rows[i][0]), rows[i][1]);
}

/* 32767 units of UTF-16 are the most; an emoji is two of them and is never halved. */
static void lengths(void **state)
{
    (void)state;
    enum { MOST = 32767 };
    char *text = arena_alloc(a, 4 * MOST + 8);
    memset(text, 'x', MOST + 1);
    text[MOST] = 0;
    assert_true(sheet_text_fits(text));
    assert_ptr_equal(sheet_text(a, text), text);
    text[MOST] = 'x';
    text[MOST + 1] = 0;
    assert_false(sheet_text_fits(text));
    assert_int_equal(strlen(sheet_text(a, text)), MOST);
    memcpy(text + MOST - 1, "😀", 5);
    assert_false(sheet_text_fits(text));
    assert_int_equal(strlen(sheet_text(a, text)), MOST - 1);
    memcpy(text + MOST - 2, "😀", 5);
    assert_true(sheet_text_fits(text));
    for (size_t i = 0; i < MOST; i++)
        memcpy(text + 3 * i, "中", 4); /* three bytes, one unit */
    assert_true(sheet_text_fits(text));
    assert_string_equal(sheet_text(a, text), text);
}

static void names(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"客户", "客户"},
        {"a[b]c:d*e?f/g\\h", "abcdefgh"},
        {"'a'b'", "a'b"},
        {"'''", "_"},
        {"a\tb\n", "ab"},
        {"", "_"},
        {"[]", "_"},
        {"1234567890123456789012345678901", "1234567890123456789012345678901"},
        {"12345678901234567890123456789012", "1234567890123456789012345678901"},
        {"123456789012345678901234567890'x", "123456789012345678901234567890"},
        {"123456789012345678901234567890😀", "123456789012345678901234567890"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(sheet_text_name(a, rows[i][0]), rows[i][1]);
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(escapes), cmocka_unit_test(lengths),
                                       cmocka_unit_test(names)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
