/* Money in and out (ECOSYSTEM 2.7). */
#include "base/money.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void typed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t minor;
    } rows[] = {
        {"12345.67", 1234567},
        {"3,000.5", 300050},
        {"￥3000", 300000},
        {"¥3,000", 300000},
        {"1.2万", 1200000},
        {"3千", 300000},
        {"5亿", 50000000000},
        {"1.23456万", 1234560},
        {"1.5万元", 1500000},
        {"３０００．５", 300050},
        {"0", 0},
        {"-12.5", -1250},
        {"¥-12.5", -1250},
        {"100元整", 10000},
        {" 1 000 ", 100000},
        {"RMB 20", 2000},
        {"3.10000", 310},
        {".5", 50},
        {"5.", 500},
        {"2百万", 200000000},
        {"1.234千万", 1234000000},
        {"CNY¥8", 800},
        {"1,234,567.89", 123456789},
        {"90000000000000", MONEY_MAX},
        {"100人民币", 10000},
        {"100 RMB", 10000},
        {"100CNY", 10000},
        {"人民币100元整", 10000},
        {"20块", 2000},
        {"8百", 80000},
        {"3十万", 30000000},
        {"\u22125", -500},
        {"¥\u22120.5", -50},
        {"1,234.50", 123450},
        {"1\u200b2\ufeff.5", 1250}, /* signs that cannot be seen, as they come along from pages */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 77;
        MoneyError why;
        if (!money_parse(rows[i].text, &v, &why) || v != rows[i].minor || why != MONEY_OK)
            fail_msg("%s gives %lld (%d)", rows[i].text, (long long)v, (int)why);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        MoneyError why;
    } rows[] = {
        {"", MONEY_EMPTY},
        {"  ", MONEY_EMPTY},
        {"abc", MONEY_FORM},
        {"1.234", MONEY_PRECISION},
        {"1.2345678万", MONEY_PRECISION},
        {"1,2", MONEY_FORM},
        {"12,34.5", MONEY_FORM},
        {"1.2.3", MONEY_FORM},
        {"--5", MONEY_FORM},
        {"万", MONEY_FORM},
        {"1e5", MONEY_FORM},
        {"90000000000000.01", MONEY_RANGE},
        {"99999999999999999999", MONEY_RANGE},
        {"1,234,56", MONEY_FORM},
        {"1.5,000", MONEY_FORM},
        {"$5", MONEY_FORM},
        {"9999999999亿", MONEY_RANGE},
        {"900001亿", MONEY_RANGE},
        {",123", MONEY_FORM},
        {"1234,567", MONEY_FORM},
        {"1,234,", MONEY_FORM},
        {"1.23,4", MONEY_FORM},
        {".", MONEY_FORM},
        {"-", MONEY_FORM},
        {"0000000000000000000000000000000000000000000000000000000000000000000000000000000001",
         MONEY_FORM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 77;
        MoneyError why = MONEY_OK;
        if (money_parse(rows[i].text, &v, &why) || why != rows[i].why || v != 77)
            fail_msg("%s: %lld (%d)", rows[i].text, (long long)v, (int)why);
        assert_true(*money_error_key(why));
    }
}

static void strict(void **state)
{
    (void)state;
    int64_t v = 0;
    MoneyError why;
    assert_true(money_parse_strict("12345.67", &v, &why) && v == 1234567);
    assert_true(money_parse_strict("-0.5", &v, NULL) && v == -50);
    assert_true(money_parse_strict("7", &v, &why) && v == 700);
    assert_true(money_parse_strict("90000000000000.00", &v, &why) && v == MONEY_MAX);
    static const char *const no[] = {"",   "-",  ".5",  "5.",      "1,000", "1.2万",
                                     " 1", "+1", "1e3", "１",      "0x1",   "1.2.3",
                                     "a1", "1a", "1/2", "1.234.5", "-a",    "90000000000000.01"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(money_parse_strict(no[i], &v, &why));
    assert_false(money_parse_strict("1.234", &v, &why));
    assert_int_equal(why, MONEY_PRECISION);
    assert_false(money_parse_strict("1.200", &v, &why));
    assert_false(money_parse_strict("1.234.5", &v, &why));
    assert_int_equal(why, MONEY_FORM);
    assert_false(money_parse_strict("", &v, &why));
    assert_int_equal(why, MONEY_EMPTY);
    assert_string_equal(money_error_key(MONEY_OK), "");
}

static void capitals(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        const char *text;
    } rows[] = {
        {0, "零元整"},
        {5, "伍分"},
        {50, "伍角整"},
        {55, "伍角伍分"},
        {1000, "壹拾元整"},
        {32504, "叁佰贰拾伍元零肆分"},
        {140950, "壹仟肆佰零玖元伍角整"},
        {600714, "陆仟零柒元壹角肆分"},
        {1640902, "壹万陆仟肆佰零玖元零贰分"},
        {10700053, "壹拾万柒仟元零伍角叁分"},
        {10000100, "壹拾万零壹元整"},
        {12345678, "壹拾贰万叁仟肆佰伍拾陆元柒角捌分"},
        {100000000100, "壹拾亿零壹元整"},
        {-100, "负壹元整"},
        {1001000100, "壹仟零壹万零壹元整"},
        {10000000000, "壹亿元整"},
        {10012000000, "壹亿零壹拾贰万元整"},
        {2005000, "贰万零伍拾元整"},
        {MONEY_MAX, "玖拾万亿元整"},
        {110, "壹元壹角整"},
        {101, "壹元零壹分"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(money_chinese(a, rows[i].minor), rows[i].text);
}

static void shown(void **state)
{
    (void)state;
    assert_string_equal(money_text(a, 1234567), "12345.67");
    assert_string_equal(money_text(a, -5), "-0.05");
    assert_string_equal(money_text(a, INT64_MIN), "-92233720368547758.08");
    assert_string_equal(money_display(a, 1234567, "¥"), "¥12,345.67");
    assert_string_equal(money_display(a, -100000000, "¥"), "-¥1,000,000.00");
    assert_string_equal(money_display(a, 99900, ""), "999.00");
    assert_string_equal(money_short(a, 123456700), "123.46万");
    assert_string_equal(money_short(a, 99950), "999.5");
    assert_string_equal(money_short(a, 1000000), "1万");
    assert_string_equal(money_short(a, 12000000000), "1.2亿");
    assert_string_equal(money_short(a, 9999999999), "1亿");
    assert_string_equal(money_short(a, 1005000), "1万");    /* 1.005 half to even */
    assert_string_equal(money_short(a, 1015000), "1.02万"); /* 1.015 */
    assert_string_equal(money_short(a, -123456700), "-123.46万");
}

/* What is written is read back the same. */
static void there_and_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 2000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t v = (int64_t)(x % (uint64_t)(2 * MONEY_MAX)) - MONEY_MAX, back = 0;
        v >>= i % 40;
        assert_true(money_parse_strict(money_text(a, v), &back, NULL) && back == v);
        assert_true(money_parse(money_display(a, v, "¥"), &back, NULL) && back == v);
    }
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed),    cmocka_unit_test(refused), cmocka_unit_test(strict),
        cmocka_unit_test(capitals), cmocka_unit_test(shown),   cmocka_unit_test(there_and_back),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
