/* Lines of cron: what is read, what is refused, and the next moment across months, leap years and changed clocks. */
#include "base/cron.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

typedef struct Case {
    const char *line, *after, *next; /* in UTC; next NULL: never */
    const char *zone;
} Case;

static const Case cases[] = {
    {"* * * * *", "2026-11-22T03:00:00Z", "2026-11-22T03:01:00Z", "UTC"},
    {"* * * * *", "2026-11-22T03:00:59.999Z", "2026-11-22T03:01:00Z", "UTC"},
    {"0 9 * * *", "2026-11-22T00:59:59Z", "2026-11-22T01:00:00Z", "Asia/Shanghai"},
    {"0 9 * * *", "2026-11-22T01:00:00Z", "2026-11-23T01:00:00Z", "Asia/Shanghai"},
    /* midnight of Shanghai is 16:00 of the day before */
    {"0 0 * * *", "2026-11-22T15:59:00Z", "2026-11-22T16:00:00Z", "Asia/Shanghai"},
    {"@daily", "2026-11-22T16:00:00Z", "2026-11-23T16:00:00Z", "Asia/Shanghai"},
    {"30 8 * * 1-5", "2026-11-20T00:30:00Z", "2026-11-23T00:30:00Z", "Asia/Shanghai"},
    {"30 8 * * mon-fri", "2026-11-20T00:30:00Z", "2026-11-23T00:30:00Z", "Asia/Shanghai"},
    {"0 0 * * 7", "2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z", "UTC"},
    {"*/20 8-9 * * *", "2026-11-22T08:41:00Z", "2026-11-22T09:00:00Z", "UTC"},
    {"5/20 * * * *", "2026-11-22T08:41:00Z", "2026-11-22T08:45:00Z", "UTC"},
    {"0 0 31 * *", "2026-11-22T00:00:00Z", "2026-12-31T00:00:00Z", "UTC"},
    {"0 0 29 2 *", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z", "UTC"},
    {"0 0 30 2 *", "2026-11-22T00:00:00Z", NULL, "UTC"},
    /* the 1st, or any Monday */
    {"0 0 1 * 1", "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z", "UTC"},
    {"0 0 1 * 1", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z", "UTC"},
    {"0 0 1 JAN *", "2026-11-22T00:00:00Z", "2027-01-01T00:00:00Z", "UTC"},
    {"59 * * * *", "2026-11-22T08:59:00Z", "2026-11-22T09:59:00Z", "UTC"},
    {" \t0\t9 * *  * \t", "2026-11-22T10:00:00Z", "2026-11-23T09:00:00Z", "UTC"},
    /* a star with a step of one is a star: Mondays; with two it is a list of days, and the Mondays beside it */
    {"0 0 */1 * 1", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z", "UTC"},
    {"0 0 */2 * 1", "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z", "UTC"},
    {"59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z", "UTC"},
    /* 02:30 is left out on 29 March 2026, and 02:30 of 25 October stands there twice */
    {"30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z", "Europe/Berlin"},
    {"30 2 * * *", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z", "Europe/Berlin"},
    {"30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "Europe/Berlin"},
    {"30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "Europe/Berlin"},
};

static void test_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Cron c;
        int64_t after;
        char text[25] = "never";
        assert_true(cron_parse(cases[i].line, &c, NULL));
        assert_true(clock_parse_rfc3339(cases[i].after, &after));
        int64_t at = cron_next(&c, after, cases[i].zone);
        if (at)
            clock_rfc3339(at, text);
        assert_string_equal(text, cases[i].next ? cases[i].next : "never");
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int field;
    } bad[] = {{"", 0},
               {"0 9 * *", 0},
               {"0 9 * * * *", 0},
               {"60 * * * *", 1},
               {"-1 * * * *", 1},
               {"* 24 * * *", 2},
               {"* * 0 * *", 3},
               {"* * 32 * *", 3},
               {"* * * 13 *", 4},
               {"* * * foo *", 4},
               {"* * * * 8", 5},
               {"*/0 * * * *", 1},
               {"5-2 * * * *", 1},
               {"1,,2 * * * *", 1},
               {"1, * * * *", 1},
               {"@never", 1},
               {"0 9 * * 1-", 5},
               {"1a * * * *", 1},
               {"1/", 1},
               {"1; * * * *", 1},
               {"0100 * * * *", 1},
               {"* * * j", 4},
               {"* * * ja", 4},
               {"* * * jam *", 4},
               {"* * * -0- *", 4},
               {"* * * {a{ *", 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Cron c;
        int field = -1;
        assert_false(cron_parse(bad[i].line, &c, &field));
        assert_int_equal(field, bad[i].field);
    }
    Cron c;
    assert_false(cron_parse(NULL, &c, NULL));
    char line[202];
    snprintf(line, sizeof line, "%-200s", "0 9 * * *");
    assert_true(cron_parse(line, &c, NULL));
    snprintf(line, sizeof line, "%-201s", "0 9 * * *");
    assert_false(cron_parse(line, &c, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_next), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
