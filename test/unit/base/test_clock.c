/* Time: days, zones with and without daylight saving, gaps and overlaps, RFC 3339. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"

static void days(void **state)
{
    (void)state;
    assert_int_equal(clock_day_number("1970-01-01"), 0);
    assert_int_equal(clock_day_number("2000-03-01"), 11017);
    assert_int_equal(clock_day_number("0001-01-01"), -719162);
    assert_int_equal(clock_day_number("9999-12-31"), 2932896);
    char out[11];
    for (int64_t n = -719162; n <= 2932896; n += 97) {
        clock_day_text(n, out);
        assert_true(clock_day_valid(out));
        assert_int_equal(clock_day_number(out), n);
    }
    const char *bad[] = {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01",
                         "2026-01-32", "0000-01-01", "2026-1-01",  "2026-01-01 ",
                         "2026/01/01", "",           "20260101",   "-026-01-01",
                         "2026-01-00", "2026-11-x1", "2026-1x-01", "2026-11/01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (clock_day_valid(bad[i]))
            fail_msg("%s was taken", bad[i]);
    assert_true(clock_day_valid("2000-02-29"));
    assert_true(clock_day_valid("2024-02-29"));
    assert_false(clock_day_valid(NULL));
    assert_int_equal(clock_day_number("yesterday"), 0);
    assert_int_equal(clock_day_start("yesterday", "UTC"), 0);
    ClockParts before = {.year = 0, .month = 1, .day = 1}; /* the year before the first */
    assert_int_equal(clock_from_parts(&before, "UTC"), INT64_C(-62167219200000));
}

static void zones(void **state)
{
    (void)state;
    int64_t now = INT64_C(1795248000000); /* 2026-11-21T08:00:00Z */
    assert_int_equal(clock_zone_offset_ms("Asia/Shanghai", now), 8 * 3600000);
    /* ICU and the short cut agree just after 1992, and before it there was daylight saving */
    assert_int_equal(clock_zone_offset_ms("Asia/Shanghai", INT64_C(694224000000) - 1), 8 * 3600000);
    assert_int_equal(clock_zone_offset_ms("Asia/Shanghai", INT64_C(583200000000)), 9 * 3600000);
    assert_int_equal(clock_zone_offset_ms("America/New_York", now), -5 * 3600000);
    assert_int_equal(clock_zone_offset_ms("America/New_York", INT64_C(1783000000000)),
                     -4 * 3600000);
    assert_int_equal(clock_zone_offset_ms("Asia/Kolkata", now), 19800000);
    assert_true(clock_zone_known("Asia/Shanghai"));
    assert_true(clock_zone_known("Europe/Berlin"));
    assert_false(clock_zone_known("Mars/Olympus"));
    assert_false(clock_zone_known("GMT+8"));
    assert_false(clock_zone_known("亚洲/上海"));
    assert_false(clock_zone_known(
        "Asia/A_name_that_is_longer_than_that_of_any_zone_there_is_and_has_ever_been"));
    assert_false(clock_zone_known(""));
    assert_false(clock_zone_known(NULL));
    assert_int_equal(clock_zone_offset_ms("Mars/Olympus", now), 0);
    char day[11];
    clock_day_of(INT64_C(1795276799999), "Asia/Shanghai", day); /* 15:59:59.999Z */
    assert_string_equal(day, "2026-11-21");
    clock_day_of(INT64_C(1795276800000), "Asia/Shanghai", day);
    assert_string_equal(day, "2026-11-22");
    assert_int_equal(clock_day_start("2026-11-22", "Asia/Shanghai"), INT64_C(1795276800000));
    ClockParts p = clock_parts(INT64_C(1795276800000), "Asia/Shanghai");
    assert_int_equal(p.weekday, 7); /* a Sunday */
    assert_int_equal(p.hour, 0);
}

enum { ASKERS = 8 };
static pthread_barrier_t together;
static const char *asked_zone;

static void *ask(void *arg)
{
    pthread_barrier_wait(&together);
    *(int64_t *)arg = clock_zone_offset_ms(asked_zone, INT64_C(1795248000000));
    return NULL;
}

/* A zone nobody asked for yet, by many at once: it is opened once and told to all. */
static void many_ask_for_a_zone(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t minutes;
    } rows[] = {{"Asia/Tokyo", 540},       {"Asia/Seoul", 540},      {"Asia/Kathmandu", 345},
                {"Asia/Dubai", 240},       {"Asia/Tehran", 210},     {"Asia/Karachi", 300},
                {"Asia/Yangon", 390},      {"Asia/Bangkok", 420},    {"Asia/Manila", 480},
                {"Australia/Darwin", 570}, {"Africa/Lagos", 60},     {"Africa/Nairobi", 180},
                {"America/Lima", -300},    {"America/La_Paz", -240}, {"Pacific/Honolulu", -600},
                {"Pacific/Tongatapu", 780}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t said[ASKERS];
        pthread_t t[ASKERS];
        asked_zone = rows[i].zone;
        pthread_barrier_init(&together, NULL, ASKERS);
        for (int k = 0; k < ASKERS; k++)
            assert_int_equal(pthread_create(&t[k], NULL, ask, &said[k]), 0);
        for (int k = 0; k < ASKERS; k++)
            pthread_join(t[k], NULL);
        for (int k = 0; k < ASKERS; k++)
            assert_int_equal(said[k], rows[i].minutes * 60000);
        pthread_barrier_destroy(&together);
    }
}

static void gaps_and_overlaps(void **state)
{
    (void)state;
    /* New York 2026-03-08: 02:00 to 03:00 does not exist; 2026-11-01: 01:00 to 02:00 twice */
    ClockParts gap = {.year = 2026, .month = 3, .day = 8, .hour = 2, .minute = 30};
    ClockParts back = clock_parts(clock_from_parts(&gap, "America/New_York"), "America/New_York");
    assert_int_equal(back.hour, 3);
    assert_int_equal(back.minute, 30);
    ClockParts twice = {.year = 2026, .month = 11, .day = 1, .hour = 1, .minute = 30};
    int64_t at = clock_from_parts(&twice, "America/New_York");
    assert_int_equal(clock_zone_offset_ms("America/New_York", at), -4 * 3600000); /* the earlier */
    /* a day that starts at 01:00: Beirut 2026-03-29 */
    ClockParts start = clock_parts(clock_day_start("2026-03-29", "Asia/Beirut"), "Asia/Beirut");
    assert_int_equal(start.day, 29);
    assert_int_equal(start.hour, 1);
    for (int64_t t = INT64_C(1767225600000); t < INT64_C(1798761600000); t += 13 * 3600000 + 7001) {
        const char *names[] = {"Asia/Shanghai", "Asia/Kolkata", "Pacific/Auckland", "UTC"};
        for (size_t i = 0; i < 4; i++) {
            ClockParts p = clock_parts(t, names[i]);
            int64_t again = clock_from_parts(&p, names[i]);
            if (again != t && t - again != 3600000) /* the hour that comes twice */
                fail_msg("%s %lld", names[i], (long long)t);
        }
    }
}

static void rfc3339(void **state)
{
    (void)state;
    char out[25];
    int64_t ms;
    clock_rfc3339(INT64_C(1795248000000), out);
    assert_string_equal(out, "2026-11-21T08:00:00Z");
    clock_rfc3339(INT64_C(1795248000007), out);
    assert_string_equal(out, "2026-11-21T08:00:00.007Z");
    clock_rfc3339(INT64_C(1795305599999),
                  out); /* the day before is kept: its last instant, then the next day */
    assert_string_equal(out, "2026-11-21T23:59:59.999Z");
    clock_rfc3339(INT64_C(1795305600000), out);
    assert_string_equal(out, "2026-11-22T00:00:00Z");
    clock_rfc3339(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    clock_rfc3339(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    clock_rfc3339(INT64_MIN, out);
    assert_string_equal(out, "0001-01-01T00:00:00Z");
    const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"2026-11-21T08:00:00Z", INT64_C(1795248000000)},
                {"2026-11-21t16:00:00+08:00", INT64_C(1795248000000)},
                {"2026-11-21 02:30:00.5-05:30", INT64_C(1795248000500)},
                {"2026-11-21T08:00:00.1239999z", INT64_C(1795248000123)},
                {"1990-12-31T23:59:60Z", INT64_C(662688000000)}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(clock_parse_rfc3339(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    const char *bad[] = {"2026-11-21",
                         "2026-11-21T08:00:00",
                         "2026-11-21T24:00:00Z",
                         "2026-11-31T08:00:00Z",
                         "2026-11-21T08:60:00Z",
                         "2026-11-21T08:00:00.Z",
                         "2026-11-21T08:00:00+8:00",
                         "2026-11-21T08:00:00Zx",
                         "",
                         "2026-11-21T08:00:00+24:00",
                         "2026-11-21T08:00Z     ",
                         "2026-11-21T08:00:61Z",
                         "2026-11-21x08:00:00Z",
                         "2026-11-21Tx8:00:00Z",
                         "2026-11-21T08-00:00Z",
                         "2026-11-21T08:x0:00Z",
                         "2026-11-21T08:00-00Z",
                         "2026-11-21T08:00:x0Z",
                         "2026-11-21T08:00:00.:Z",
                         "2026-11-21T08:00:00. 5Z",
                         "2026-11-21T08:00:00*08:00",
                         "2026-11-21T08:00:00+08-00",
                         "2026-11-21T08:00:00+08:x0",
                         "2026-11-21T08:00:00+08:60",
                         "2026-11+21T08:00:00Z",
                         "2026-11-21T08:00:00.0000000000000000000000000000000000000000000Z"};
    assert_false(clock_parse_rfc3339(NULL, &ms));
    assert_true(
        clock_parse_rfc3339(/* 63 signs, the most */
                            "2026-11-21T08:00:00.000000000000000000000000000000000000000000Z",
                            &ms));
    assert_int_equal(ms, INT64_C(1795248000000));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (clock_parse_rfc3339(bad[i], &ms))
            fail_msg("%s was taken", bad[i]);
}

static void clocks(void **state)
{
    (void)state;
    assert_true(clock_now_ms() > INT64_C(1700000000000));
    int64_t m = clock_mono_ms();
    assert_true(clock_mono_ms() >= m);
    int waits = clock_waits_open();
    assert_true(clock_waited_us(waits) >= 0);
    if (waits >= 0)
        close(waits);
    /* what the kernel tells: ran, waited, turns; anything else is no waiting */
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {{"123456 7008009 12\n", 7008}, {"123456", 0}, {"", 0}};
    assert_int_equal(clock_waited_us(-1), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *f = tmpfile();
        assert_non_null(f);
        assert_true(fputs(rows[i].text, f) >= 0 && fflush(f) == 0);
        assert_int_equal(clock_waited_us(fileno(f)), rows[i].us);
        (void)fclose(f);
    }
}

enum { DAY = 86400000 };

/* A step counts only when it has stood for a day; drift and small corrections count at once. */
static void steady(void **state)
{
    (void)state;
    const int64_t t = INT64_C(1800000000000), years = INT64_C(10) * 365 * DAY;
    for (int way = -1; way <= 1; way += 2) {
        ClockSteady c = {0};
        int64_t step = way * years;
        assert_int_equal(clock_steady(&c, t, 1000), t);
        assert_int_equal(clock_steady(&c, t + 30000 + 10, 1010), t + 30010); /* half a minute */
        assert_int_equal(clock_steady(&c, t + 30000 + step + 20, 1020), t + 30020);
        assert_int_equal(clock_steady(&c, t + 30000 + step + DAY - 20, 1000 + DAY - 20),
                         t + 30000 + DAY - 20);
        assert_int_equal(clock_steady(&c, t + 30000 + step + 30 + DAY, 1030 + DAY),
                         t + 30000 + step + 30 + DAY);
        /* and back again within a day: never believed */
        assert_int_equal(clock_steady(&c, t + DAY, 1100 + DAY), t + step + 30100 + DAY);
        assert_int_equal(clock_steady(&c, t + 30000 + step + DAY + 200, 1200 + DAY),
                         t + 30000 + step + DAY + 200);
        assert_int_equal(clock_steady(&c, t + 2 * DAY, 1100 + 2 * DAY + 200),
                         t + 30000 + step + 2 * DAY + 300);
    }
}

static void waits(void **state)
{
    (void)state;
    struct timespec now, at = clock_after_ms(1999), past = clock_after_ms(-5);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (at.tv_sec - now.tv_sec) * 1000 + (at.tv_nsec - now.tv_nsec) / 1000000;
    assert_true(ms > 1999 - 60000 && ms <= 1999 && at.tv_nsec < 1000000000L);
    assert_true(past.tv_sec <= now.tv_sec);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    clock_cond_init(&cond);
    pthread_mutex_lock(&lock);
    int64_t from = clock_mono_ms();
    at = clock_after_ms(50);
    while (pthread_cond_timedwait(&cond, &lock, &at) == 0)
        continue;
    assert_true(clock_mono_ms() - from >= 49);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days),
                                       cmocka_unit_test(zones),
                                       cmocka_unit_test(gaps_and_overlaps),
                                       cmocka_unit_test(rfc3339),
                                       cmocka_unit_test(clocks),
                                       cmocka_unit_test(steady),
                                       cmocka_unit_test(waits),
                                       cmocka_unit_test(many_ask_for_a_zone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
