/* Folding, cleaning and narrowing of text (ECOSYSTEM 2.1, 2.6). */
#include "base/fold.h"

#include "base/cp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static Arena *a;

static void folding(void **state)
{
    (void)state;
    assert_string_equal(fold_text(a, "Ａ①㎡  Ｂ"), "a1m2 b");
    assert_string_equal(fold_text(a, "  Hello   World "), "hello world");
    assert_string_equal(fold_text(a, "华\u200b为\ufeff"), "华为");
    assert_string_equal(fold_text(a, "\u3000Straße\u00a0X"), "strasse x");
    assert_string_equal(fold_text(a, ""), "");
    assert_string_equal(fold_text(a, "a\xff\xfe b"), "a b");
    assert_string_equal(fold_text(a, "中\xe4\xb8"), "中");
    assert_string_equal(fold_text(a, "\xe4x中\xe4\xb8x"), "x中x");
    assert_string_equal(fold_text(a, "a\xff\uFFFDb"), "a\uFFFDb"); /* the sign for one stays */
}

/* What folds without tables folds to the same with them: an ß behind it leads the whole text there. */
static void plain_as_by_tables(void **state)
{
    (void)state;
    const uint32_t from_to[][2] = {
        {0x01, 0x7F}, {0x3000, 0x4DFF}, {0x4E00, 0xA000}, {0xFEFE, 0xFFF0}};
    for (size_t i = 0; i < sizeof from_to / sizeof *from_to; i++)
        for (uint32_t cp = from_to[i][0]; cp <= from_to[i][1]; cp++) {
            char one[5] = {(char)cp, 0}, plain[16], tables[16];
            if (cp >= 0x80)
                snprintf(one, sizeof one, "%c%c%c", (char)(0xE0 | cp >> 12),
                         (char)(0x80 | (cp >> 6 & 0x3F)), (char)(0x80 | (cp & 0x3F)));
            snprintf(plain, sizeof plain, "x%s一", one);
            snprintf(tables, sizeof tables, "x%s一ß", one);
            char *a_plain = fold_text(a, plain), *by_tables = fold_text(a, tables);
            size_t n = strlen(by_tables);
            assert_true(n > 2);
            assert_string_equal(by_tables + n - 2, "ss");
            by_tables[n - 2] = 0;
            assert_string_equal(a_plain, by_tables);
        }
}

static void cleaning(void **state)
{
    (void)state;
    assert_string_equal(fold_clean(a, " \u3000华为 技术\u00a0\t"), "华为 技术");
    assert_string_equal(fold_clean(a, "\ufeff名\u00ad称\u200b"), "名称");
    assert_string_equal(fold_clean(a, "一\u3000二\u00a0三"), "一\u3000二\u00a0三");
    assert_string_equal(fold_clean(a, "第一行\n第二行\x01\n"), "第一行\n第二行");
    assert_string_equal(fold_clean(a, "（１３８）ＡＢＣ。"), "（１３８）ＡＢＣ。");
    assert_string_equal(fold_clean(a, "👩\u200d🔧"), "👩\u200d🔧");
    assert_string_equal(fold_clean(a, "a\u200db"), "ab");
    assert_string_equal(fold_clean(a, "\u202eabc"), "abc");
    assert_string_equal(fold_clean(a, "a\x1f\x7f\xc2\x9f\u00a1b\tc\r\nd"), "a\u00a1b\tc\r\nd");
    assert_string_equal(fold_clean(a, "\u3000 \u00a0"), "");
}

static void narrowing(void **state)
{
    (void)state;
    assert_string_equal(fold_narrow(a, "１３８（ＡＢ）　－\u00a0x"), "138(AB) - x");
    assert_string_equal(fold_narrow(a, "010—62345678"), "010-62345678");
    assert_string_equal(fold_narrow(a, "句。①"), "句。①");
    assert_string_equal(fold_narrow(a, "1\u20102\u20153\u22124\u20165"), "1-2-3-4\u20165");
    assert_string_equal(fold_narrow(a, "1\u200b2"), "12");
}

static void codes(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(fold_code(" ９１ab-Ｘ\u200b z", out, sizeof out), 6);
    assert_string_equal(out, "91ABXZ");
    assert_int_equal(fold_code("中1", out, sizeof out), 2);
    assert_string_equal(out, "?1");
    assert_int_equal(fold_code("1234567", out, sizeof out), 7);
    assert_string_equal(out, "1234567");
    assert_int_equal(fold_code("12345678-9", out, sizeof out), 9); /* cut, and the length said */
    assert_string_equal(out, "1234567");
    assert_int_equal(fold_code("", out, sizeof out), 0);
    assert_string_equal(out, "");
}

typedef struct Span {
    uint32_t from, to;
} Span;

/* Both sides of each border. */
static void borders(bool (*is)(uint32_t), const Span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_false(is(spans[i].from - 1));
        assert_true(is(spans[i].from));
        assert_true(is(spans[i].to));
        assert_false(is(spans[i].to + 1));
    }
}

static void kinds(void **state)
{
    (void)state;
    static const Span invisible[] = {{0xAD, 0xAD},     {0x180E, 0x180E}, {0x200B, 0x200F},
                                     {0x202A, 0x202E}, {0x2060, 0x2069}, {0xFEFF, 0xFEFF}};
    static const Span blank[] = {
        {' ', ' '},       {9, 13},          {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
        {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
    static const Span han[] = {
        {0x3007, 0x3007}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x323AF}};
    borders(fold_is_invisible, invisible, sizeof invisible / sizeof *invisible);
    borders(fold_is_blank, blank, sizeof blank / sizeof *blank);
    borders(cp_is_han, han, sizeof han / sizeof *han);
}

/* A byte that begins no character is one sign of its own; what stands behind it is read on. */
static void lenient(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t first;
        size_t count;
    } rows[] = {{"", 0, 0},
                {"a", 'a', 1},
                {"é", 0xE9, 1},
                {"中", 0x4E2D, 1},
                {"😀", 0x1F600, 1},
                {"\xF4\x8F\xBF\xBF", 0x10FFFF, 1},
                {"\xF4\x90\x80\x80", 0xFFFD, 4}, /* behind the last */
                {"\xE0\x9F\xBF", 0xFFFD, 3},     /* longer than it need be */
                {"\xF0\x8F\xBF\xBF", 0xFFFD, 4},
                {"\xED\x9F\xBF", 0xD7FF, 1},
                {"\xED\xA0\x80", 0xFFFD, 3}, /* half a character */
                {"\xED\xBF\xBF", 0xFFFD, 3},
                {"\xEE\x80\x80", 0xE000, 1},
                {"\xC1\x81", 0xFFFD, 2},
                {"\xF5x", 0xFFFD, 2},
                {"\xE4\xB8", 0xFFFD, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *p = rows[i].text;
        assert_int_equal(cp_next(&p), rows[i].first);
        assert_int_equal(cp_count(rows[i].text), rows[i].count);
    }
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding),  cmocka_unit_test(plain_as_by_tables),
        cmocka_unit_test(cleaning), cmocka_unit_test(narrowing),
        cmocka_unit_test(codes),    cmocka_unit_test(kinds),
        cmocka_unit_test(lenient),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
