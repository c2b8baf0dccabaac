/* Spans of a calendar. See period.h. */
#include "record/metric/period.h"

#include <string.h>

#include "base/clock.h"

enum { FIRST_DAY = -719162, LAST_DAY = 2932896 }; /* 0001-01-01 and 9999-12-31 */

typedef struct Ymd {
    int y, m, d;
} Ymd;

bool period_parse(const char *text, Period *out)
{
    static const char *const names[] = {"", "day", "week", "month", "quarter", "year"};
    for (int i = PERIOD_DAY; i <= PERIOD_YEAR; i++)
        if (strcmp(names[i], text) == 0) {
            *out = (Period)i;
            return true;
        }
    return false;
}

static int64_t within(int64_t day)
{
    return day < FIRST_DAY ? FIRST_DAY : day > LAST_DAY ? LAST_DAY : day;
}

static Ymd parts_of(int64_t day)
{
    char t[11];
    clock_day_text(within(day), t);
    return (Ymd){(t[0] - '0') * 1000 + (t[1] - '0') * 100 + (t[2] - '0') * 10 + (t[3] - '0'),
                 (t[5] - '0') * 10 + (t[6] - '0'), (t[8] - '0') * 10 + (t[9] - '0')};
}

/* The number of a day of the calendar; months counted from year 0. */
static int64_t day_of(int64_t months, int d)
{
    months = months < 12 ? 12 : months > 9999 * 12 + 11 ? 9999 * 12 + 11 : months;
    int y = (int)(months / 12), m = (int)(months % 12) + 1;
    char t[11] = "0000-00-00";
    t[0] = (char)('0' + y / 1000);
    t[1] = (char)('0' + y / 100 % 10);
    t[2] = (char)('0' + y / 10 % 10);
    t[3] = (char)('0' + y % 10);
    t[5] = (char)('0' + m / 10);
    t[6] = (char)('0' + m % 10);
    t[8] = (char)('0' + d / 10);
    t[9] = (char)('0' + d % 10);
    return clock_day_number(t);
}

static int months_in(Period p)
{
    return p == PERIOD_MONTH ? 1 : p == PERIOD_QUARTER ? 3 : p == PERIOD_YEAR ? 12 : 0;
}

int64_t period_start(Period p, int64_t day)
{
    day = within(day);
    if (p == PERIOD_WEEK) /* day 0 was a Thursday */
        return day - ((day + 3) % 7 + 7) % 7;
    int months = months_in(p);
    if (!months)
        return day;
    Ymd t = parts_of(day);
    return day_of((int64_t)t.y * 12 + (t.m - 1) / months * months, 1);
}

int64_t period_shift(Period p, int64_t start, int64_t k)
{
    int months = months_in(p);
    if (!months)
        return within(start + k * (p == PERIOD_WEEK ? 7 : 1));
    Ymd t = parts_of(start);
    return day_of((int64_t)t.y * 12 + (t.m - 1) + k * months, 1);
}

int64_t period_year_before(Period p, int64_t day)
{
    if (p == PERIOD_WEEK)
        return within(day - 364);
    Ymd t = parts_of(day);
    bool leap_day = t.m == 2 && t.d == 29;
    return day_of((int64_t)(t.y - 1) * 12 + (t.m - 1), leap_day ? 28 : t.d);
}

char *period_name(Arena *a, Period p, int64_t start)
{
    char t[11];
    clock_day_text(within(start), t);
    Ymd d = parts_of(start);
    switch (p) {
    case PERIOD_WEEK: {
        Ymd thursday = parts_of(start + 3); /* says the year of the week */
        int64_t first = period_start(PERIOD_WEEK, day_of((int64_t)thursday.y * 12, 4));
        return arena_printf(a, "%04d-W%02d", thursday.y, (int)((start - first) / 7) + 1);
    }
    case PERIOD_MONTH: return arena_printf(a, "%.7s", t);
    case PERIOD_QUARTER: return arena_printf(a, "%04d-Q%d", d.y, (d.m - 1) / 3 + 1);
    case PERIOD_YEAR: return arena_printf(a, "%04d", d.y);
    default: return arena_str(a, t);
    }
}
