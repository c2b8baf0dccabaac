/* Working time (ECOSYSTEM 2.8): known days, and the properties every sum must have. */
#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char zone[] = "Asia/Shanghai";

static int64_t at(const char *rfc)
{
    int64_t ms = 0;
    assert_true(clock_parse_rfc3339(rfc, &ms));
    return ms;
}

static void days(void **state)
{
    (void)state;
    static const char *const worked[] = {"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09",
                                         "2026-09-20", "2026-10-10", "2026-11-20", "2027-01-04"};
    static const char *const off[] = {"2026-01-01", "2026-02-15", "2026-02-17", "2026-02-23",
                                      "2026-10-01", "2026-11-21", "2026-11-22", "2027-01-03"};
    for (size_t i = 0; i < sizeof worked / sizeof *worked; i++)
        assert_true(cal_is_workday(NULL, worked[i]));
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        assert_false(cal_is_workday(NULL, off[i]));
    assert_string_equal(cal_known_until(NULL), "2026-12-31");
    assert_string_equal(cal_day_name(NULL, "2026-02-17"), "春节");
    assert_null(cal_day_name(NULL, "2026-11-20"));
    assert_false(cal_is_workday(NULL, "2026-02-30"));
    assert_int_equal(cal_workdays_between(NULL, "2026-01-01", "2026-12-31"), 248);
    assert_int_equal(cal_workdays_between(NULL, "2027-01-01", "2027-12-31"), 261);
    assert_int_equal(cal_workdays_between(NULL, "2026-01-02", "2026-01-01"), 0);
}

static void sums(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        int64_t minutes;
        const char *due;
    } rows[] = {
        {"2026-11-20T09:00:00+08:00", 60, "2026-11-20T10:00:00+08:00"},
        {"2026-11-20T11:30:00+08:00", 60, "2026-11-20T14:00:00+08:00"},
        {"2026-11-20T12:30:00+08:00", 30, "2026-11-20T14:00:00+08:00"},
        {"2026-11-20T17:30:00+08:00", 30, "2026-11-20T18:00:00+08:00"},
        {"2026-11-20T17:30:00+08:00", 31, "2026-11-23T09:01:00+08:00"},
        {"2026-11-21T10:00:00+08:00", 1, "2026-11-23T09:01:00+08:00"},
        {"2026-11-20T09:00:00+08:00", 450, "2026-11-20T18:00:00+08:00"},
        {"2026-11-20T09:00:30+08:00", 450, "2026-11-23T09:00:30+08:00"},
        /* over the Spring Festival: the 14th is worked, the 15th to 23rd are not */
        {"2026-02-13T17:00:00+08:00", 120, "2026-02-14T10:00:00+08:00"},
        {"2026-02-14T17:00:00+08:00", 120, "2026-02-24T10:00:00+08:00"},
        {"2026-02-27T17:00:00+08:00", 120, "2026-02-28T10:00:00+08:00"},
        {"2026-11-20T09:00:00+08:00", 0, "2026-11-20T09:00:00+08:00"},
        {"2026-11-20T09:00:00+08:00", -5, "2026-11-20T09:00:00+08:00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(cal_add_work_minutes(NULL, at(rows[i].start), rows[i].minutes, zone),
                         at(rows[i].due));
    assert_int_equal(cal_work_minutes_between(NULL, at("2026-02-14T00:00:00+08:00"),
                                              at("2026-02-25T00:00:00+08:00"), zone),
                     2 * 450);
    /* more than anybody plans: no further ahead than ten years */
    int64_t far = cal_add_work_minutes(NULL, 0, INT64_MAX, zone);
    assert_int_equal(cal_add_work_minutes(NULL, 0, INT64_C(1440) * 3660, zone), far);
    assert_in_range(far, INT64_C(9) * 366 * 86400000, INT64_C(10) * 366 * 86400000);
    assert_int_equal(cal_work_minutes_between(NULL, 5, 5, zone), 0);
    assert_int_equal(cal_work_minutes_between(NULL, 6, 5, zone), 0);
}

static void properties(void **state)
{
    (void)state;
    uint64_t x = 42;
    int64_t base = at("2025-12-20T00:00:00Z");
    for (int i = 0; i < 400; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        int64_t s = base + (int64_t)((x >> 20) % 100) * 86400000 + (int64_t)((x >> 33) % 86400000);
        int64_t p = (int64_t)((x >> 11) % 2000), q = (int64_t)((x >> 41) % 2000);
        const char *z = i % 3 ? zone : "America/New_York";
        int64_t one = cal_add_work_minutes(NULL, s, p, z);
        assert_true(one >= s);
        int64_t both = cal_add_work_minutes(NULL, s, p + q, z);
        assert_int_equal(cal_add_work_minutes(NULL, one, q, z), both);
        assert_int_equal(cal_work_minutes_between(NULL, s, both, z), p + q);
    }
}

static void own(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Calendar *cal = cal_new(a);
    static const CalSpan all_day[] = {{0, 1440}}, torn[] = {{600, 720}, {700, 800}};
    assert_true(cal_set_hours(cal, 6, all_day, 1));
    assert_false(cal_set_hours(cal, 6, torn, 2));
    assert_false(cal_set_hours(cal, 8, all_day, 1));
    assert_true(cal_is_workday(cal, "2026-11-21"));
    assert_false(cal_is_workday(NULL, "2026-11-21"));
    assert_int_equal(cal_work_minutes_between(cal, at("2026-11-21T00:00:00+08:00"),
                                              at("2026-11-22T00:00:00+08:00"), zone),
                     1440);
    assert_true(cal_set_day(cal, "2027-02-06", false, "春节"));
    assert_false(cal_set_day(cal, "2027-02-30", false, NULL));
    assert_false(cal_is_workday(cal, "2027-02-06"));
    assert_true(cal_set_day(cal, "2027-02-06", true, "补班")); /* said again: the last word holds */
    assert_true(cal_is_workday(cal, "2027-02-06"));
    assert_string_equal(cal_day_name(cal, "2027-02-06"), "补班");
    static const char more[] =
        "{\"known_until\":\"2027-12-31\",\"off\":{\"2027-01-01\":\"元旦\"},\"work\":{}}";
    int n = 0;
    assert_true(cal_import_json(cal, more, strlen(more), &n));
    assert_int_equal(n, 1);
    assert_string_equal(cal_known_until(cal), "2027-12-31");
    assert_false(cal_is_workday(cal, "2027-01-01"));
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"off\":{\"x\":\"y\"}}",
        "{\"known_until\":\"2028-12-31\",\"off\":[]}",
        "{\"known_until\":\"2028-12-31\",\"off\":{\"2028-01-01\":1}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(cal_import_json(cal, wrong[i], strlen(wrong[i]), NULL));
    for (int day = 0; day < 8; day++)
        cal_set_hours(cal, day, NULL, 0);
    assert_true(cal_add_work_minutes(cal, 1000, 10, zone) >= 1000); /* never worked: ends anyway */
    arena_free(a);
}

/* Lists of holidays that are none are refused whole: no day of them counts. */
static void lists(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Calendar *cal = cal_new(a);
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"known_until\":\"2030-12-31\"}",
        "{\"off\":{\"2030-01-02\":\"x\"}}",
        "{\"off\":{\"2030-01-02\":\"x\"},\"known_until\":\"2030-12-32\"}",
        "{\"off\":[\"2030-01-02\"],\"known_until\":\"2030-12-31\"}",
        "{\"off\":{\"2030-01-02\":\"x\",\"2030-02-30\":\"y\"},\"known_until\":\"2030-12-31\"}",
        "{\"off\":{\"2030-01-02\":\"x\"},\"work\":{\"2030-13-01\":\"y\"},\"known_until\":\"2030-12-"
        "31\"}",
    };
    int n = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (cal_import_json(cal, bad[i], strlen(bad[i]), &n))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(n, 7);
        assert_true(cal_is_workday(cal, "2030-01-02"));
    }
    /* work days alone are a list, too; one that ends earlier does not take back what is known */
    static const char work[] = "{\"work\":{\"2030-01-05\":\"x\"},\"known_until\":\"1999-01-01\"}";
    char until[11];
    snprintf(until, sizeof until, "%s", cal_known_until(cal));
    assert_false(cal_is_workday(cal, "2030-01-05"));
    assert_true(cal_import_json(cal, work, sizeof work - 1, NULL));
    assert_true(cal_is_workday(cal, "2030-01-05"));
    assert_string_equal(cal_known_until(cal), until);
    assert_false(cal_set_known_until(cal, "2030-02-30"));
    assert_string_equal(cal_known_until(cal), until);
    /* no such weekday, no such time, none at all */
    static const CalSpan back[] = {{600, 600}}, late[] = {{600, 1441}}, before[] = {{-1, 600}},
                         day[] = {{0, 1440}};
    assert_false(cal_set_hours(cal, -1, day, 1));
    assert_false(cal_set_hours(cal, 1, day, -1));
    assert_false(cal_set_hours(cal, 1, day, CAL_SPANS + 1));
    assert_false(cal_set_hours(cal, 1, back, 1));
    assert_false(cal_set_hours(cal, 1, late, 1));
    assert_false(cal_set_hours(cal, 1, before, 1));
    assert_true(cal_set_hours(cal, 1, day, 1));
    assert_true(cal_set_hours(cal, 7, day, 0));
    assert_int_equal(cal_workdays_between(cal, "2030-02-30", "2030-03-01"), 0);
    assert_int_equal(cal_workdays_between(cal, "2030-02-01", "2030-02-30"), 0);
    assert_null(cal_day_name(cal, "2030-02-30"));
    /* more days than there was room for */
    int64_t first = clock_day_number("2031-01-01");
    for (int i = 0; i < 3000; i++) {
        char text[11];
        clock_day_text(first + i, text);
        assert_true(cal_set_day(cal, text, i % 2, "x"));
    }
    for (int i = 0; i < 3000; i++) {
        char text[11];
        clock_day_text(first + i, text);
        assert_int_equal(cal_is_workday(cal, text), i % 2);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),      cmocka_unit_test(days), cmocka_unit_test(sums),
        cmocka_unit_test(properties), cmocka_unit_test(own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
