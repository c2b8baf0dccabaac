/* UTF-8: table 3-7 of the Unicode standard, clipping, cleaning, trimming. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void validity(void **state)
{
    (void)state;
    const char *good[] = {
        "", "a", "é", "中", "😀", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80", "12345678中文abcdefgh"};
    const char *bad[] = {"\x80",
                         "\xC0\xAF",
                         "\xC1\xAA\xCD\xA8",
                         "\xE0\x80\xAF",
                         "\xED\xA0\x80",
                         "\xF0\x80\x80\x80",
                         "\xF4\x90\x80\x80",
                         "\xF5\x80\x80\x80",
                         "\xE4\xB8",
                         "abcdefgh\xFF",
                         "a\xE4z"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (utf8_valid(bad[i], strlen(bad[i])))
            fail_msg("number %zu was taken", i);
    assert_int_equal(utf8_valid_len("ab\xFF", 3), 2);
}

static void points(void **state)
{
    (void)state;
    const int32_t cps[] = {1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF};
    for (size_t i = 0; i < sizeof cps / sizeof *cps; i++) {
        char out[4];
        size_t n = utf8_put(cps[i], out);
        const char *p = out;
        assert_int_equal(utf8_next(&p, out + n), cps[i]);
        assert_ptr_equal(p, out + n);
    }
    assert_int_equal(utf8_count("a中😀"), 3);
    assert_int_equal(utf8_clip("a中😀", 2), 4);
    assert_int_equal(utf8_clip("a中😀", 9), 8);
    assert_int_equal(utf8_clip("a", 0), 0);
    static const char mixed[] = "a中😀"; /* 1, 3, 4 bytes */
    static const size_t fits[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    Arena *a = arena_new(0);
    for (size_t n = 0; n < sizeof fits / sizeof *fits; n++) {
        assert_int_equal(utf8_fit(mixed, n), fits[n]);
        assert_int_equal(strlen(utf8_cut(a, mixed, n)), fits[n]);
    }
    assert_ptr_equal(utf8_cut(a, mixed, 8), mixed);
    assert_null(utf8_cut(a, NULL, 8));
    arena_free(a);
}

static void cleaning(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    assert_string_equal(utf8_clean(a, "a\xFF中\0\xE4\xB8", 8), "a�中��");
    size_t n = strlen("\xE3\x80\x80 \xEF\xBB\xBFx y\xC2\xA0\t");
    const char *t = utf8_trim("\xE3\x80\x80 \xEF\xBB\xBFx y\xC2\xA0\t", &n);
    assert_int_equal(n, 3);
    assert_memory_equal(t, "x y", 3);
    n = 2;
    utf8_trim("  ", &n);
    assert_int_equal(n, 0);
    arena_free(a);
}

/* Both sides of each border: what is a blank, and what beside it is none. */
static void blanks(void **state)
{
    (void)state;
    static const int32_t borders[][2] = {
        {0, 0x20},        {0x7F, 0xA0},       {0xAD, 0xAD},     {0x61C, 0x61C},   {0x1680, 0x1680},
        {0x180B, 0x180E}, {0x2000, 0x200F},   {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800},
        {0x3000, 0x3000}, {0x3164, 0x3164},   {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
        {0xFFF9, 0xFFFB}, {0xE0000, 0xE01EF},
    };
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
        assert_false(utf8_is_blank(borders[i][0] - 1));
        assert_true(utf8_is_blank(borders[i][0]));
        assert_true(utf8_is_blank(borders[i][1]));
        assert_false(utf8_is_blank(borders[i][1] + 1));
    }
    const char *p = "x";
    assert_int_equal(utf8_next(&p, p), -1); /* nothing is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(validity), cmocka_unit_test(points),
                                       cmocka_unit_test(cleaning), cmocka_unit_test(blanks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
