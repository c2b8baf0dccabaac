/* Working time; see calendar.h. */
#include "base/calendar.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/embed.h"
#include "base/json_read.h"

enum { DAYS_AHEAD = 3660 };

static const int64_t MINUTE_MS = 60000;

typedef struct CalDay {
    int64_t number; /* days since 1970-01-01 */
    bool is_work;
    const char *name;
} CalDay;

typedef struct CalHours {
    CalSpan span[CAL_SPANS];
    int n;
} CalHours;

struct Calendar {
    Arena *a;
    CalDay *day; /* sorted by number */
    int n, cap;
    CalHours hours[8]; /* [0]: days worked although their weekday is free */
    char known_until[11];
};

static Calendar *standard;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* --- building ---------------------------------------------------------------------------------- */

static void load_standard(void)
{
    static const CalSpan office[] = {{9 * 60, 12 * 60}, {13 * 60 + 30, 18 * 60}};
    Arena *a = arena_new(0); /* lives as long as the process */
    standard = ARENA_NEW(a, Calendar);
    standard->a = a;
    memcpy(standard->known_until, "1970-01-01", 11);
    for (int day = 0; day <= 5; day++)
        cal_set_hours(standard, day, office, 2);
    const Embed *e = embed_find("data/cn-holidays.json");
    cal_import_json(standard, (const char *)e->data, e->len, NULL);
}

static const Calendar *or_standard(const Calendar *cal)
{
    if (cal)
        return cal;
    pthread_once(&once, load_standard);
    return standard;
}

Calendar *cal_new(Arena *a)
{
    const Calendar *from = or_standard(NULL);
    Calendar *cal = ARENA_NEW(a, Calendar);
    *cal = *from;
    cal->a = a;
    cal->cap = from->n + 64;
    cal->day = ARENA_ARRAY(a, cal->cap, CalDay);
    memcpy(cal->day, from->day, (size_t)from->n * sizeof *cal->day);
    return cal;
}

bool cal_set_hours(Calendar *cal, int weekday, const CalSpan *span, int n)
{
    if (weekday < 0 || weekday > 7 || n < 0 || n > CAL_SPANS)
        return false;
    int end = 0;
    for (int i = 0; i < n; i++) {
        if (span[i].from < end || span[i].to <= span[i].from || span[i].to > 24 * 60)
            return false;
        end = span[i].to;
    }
    CalHours *h = &cal->hours[weekday];
    h->n = n;
    if (n)
        memcpy(h->span, span, (size_t)n * sizeof *span);
    return true;
}

/* The place of a day in the list: itself, or where it would go in. */
static int place_of(const Calendar *cal, int64_t number)
{
    int lo = 0, hi = cal->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (cal->day[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool cal_set_day(Calendar *cal, const char *day, bool is_work, const char *name)
{
    if (!clock_day_valid(day))
        return false;
    int64_t number = clock_day_number(day);
    int at = place_of(cal, number);
    if (at == cal->n || cal->day[at].number != number) {
        if (cal->n == cal->cap) {
            cal->cap = cal->cap ? cal->cap * 2 : 1024;
            CalDay *more = ARENA_ARRAY(cal->a, cal->cap, CalDay);
            if (cal->n)
                memcpy(more, cal->day, (size_t)cal->n * sizeof *more);
            cal->day = more;
        }
        memmove(cal->day + at + 1, cal->day + at, (size_t)(cal->n - at) * sizeof *cal->day);
        cal->n++;
    }
    cal->day[at] = (CalDay){number, is_work, arena_str(cal->a, name)};
    return true;
}

bool cal_set_known_until(Calendar *cal, const char *day)
{
    if (!clock_day_valid(day))
        return false;
    memcpy(cal->known_until, day, 11);
    return true;
}

/* An object of days and names; NULL (absent) is fine too. */
static bool days_ok(json_object *days)
{
    if (!days)
        return true;
    if (!json_object_is_type(days, json_type_object))
        return false;
    json_object_object_foreach(days, day, name)
    {
        if (!clock_day_valid(day) || !json_object_is_type(name, json_type_string))
            return false;
    }
    return true;
}

static int set_days(Calendar *cal, json_object *days, bool is_work)
{
    int n = 0;
    if (!days)
        return 0;
    json_object_object_foreach(days, day, name)
    {
        cal_set_day(cal, day, is_work, json_object_get_string(name));
        n++;
    }
    return n;
}

bool cal_import_json(Calendar *cal, const char *json, size_t len, int *n_days)
{
    Arena *a = arena_new(0);
    Ctx c;
    json_object *top;
    bool ok = false;
    ctx_init(&c, a);
    if (json_read(&c, json, len, &top) && json_object_is_type(top, json_type_object)) {
        json_object *off = json_member(top, "off"), *work = json_member(top, "work");
        const char *until = json_str(top, "known_until", "");
        ok = (off || work) && days_ok(off) && days_ok(work) && clock_day_valid(until);
        if (ok) {
            int n = set_days(cal, off, false) + set_days(cal, work, true);
            if (strcmp(until, cal->known_until) > 0)
                cal_set_known_until(cal, until);
            if (n_days)
                *n_days = n;
        }
    }
    arena_free(a);
    return ok;
}

/* --- days -------------------------------------------------------------------------------------- */

const char *cal_known_until(const Calendar *cal)
{
    return or_standard(cal)->known_until;
}

static const CalDay *find_day(const Calendar *cal, int64_t number)
{
    int at = place_of(cal, number);
    return at < cal->n && cal->day[at].number == number ? &cal->day[at] : NULL;
}

/* 1 = Monday … 7 = Sunday; 1970-01-01 was a Thursday. */
static int weekday_of(int64_t number)
{
    return (int)(((number + 3) % 7 + 7) % 7) + 1;
}

/* The hours of a day; n = 0 where it is free. */
static const CalHours *hours_of(const Calendar *cal, int64_t number)
{
    static const CalHours none;
    const CalHours *week = &cal->hours[weekday_of(number)];
    const CalDay *d = find_day(cal, number);
    if (!d)
        return week;
    if (!d->is_work)
        return &none;
    return week->n ? week : &cal->hours[0];
}

bool cal_is_workday(const Calendar *cal, const char *day)
{
    return clock_day_valid(day) && hours_of(or_standard(cal), clock_day_number(day))->n > 0;
}

const char *cal_day_name(const Calendar *cal, const char *day)
{
    const CalDay *d =
        clock_day_valid(day) ? find_day(or_standard(cal), clock_day_number(day)) : NULL;
    return d ? d->name : NULL;
}

int64_t cal_workdays_between(const Calendar *cal, const char *first, const char *last)
{
    int64_t n = 0;
    if (!clock_day_valid(first) || !clock_day_valid(last))
        return 0;
    cal = or_standard(cal);
    int64_t end = clock_day_number(last);
    for (int64_t d = clock_day_number(first); d <= end; d++)
        n += hours_of(cal, d)->n > 0;
    return n;
}

/* --- hours ------------------------------------------------------------------------------------- */

/* The instant of a wall reading, minutes after midnight of a day; 1440 is the next midnight. */
static int64_t instant(int64_t number, int minutes, const char *zone)
{
    char day[11];
    if (minutes == 24 * 60) {
        clock_day_text(number + 1, day);
        return clock_day_start(day, zone);
    }
    clock_day_text(number, day);
    ClockParts p = {.year = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 +
                            (day[3] - '0'),
                    .month = (day[5] - '0') * 10 + (day[6] - '0'),
                    .day = (day[8] - '0') * 10 + (day[9] - '0'),
                    .hour = minutes / 60,
                    .minute = minutes % 60};
    return clock_from_parts(&p, zone);
}

/* The stretch of work that goes on at or comes after *from, within day `number`; false: none. */
static bool next_stretch(const Calendar *cal, int64_t number, const char *zone, int64_t after,
                         int64_t *from, int64_t *to)
{
    const CalHours *h = hours_of(cal, number);
    for (int i = 0; i < h->n; i++) {
        int64_t end = instant(number, h->span[i].to, zone);
        if (end <= after)
            continue;
        int64_t start = instant(number, h->span[i].from, zone);
        *from = start > after ? start : after;
        *to = end;
        return true;
    }
    return false;
}

static int64_t day_of(int64_t at_ms, const char *zone)
{
    char day[11];
    clock_day_of(at_ms, zone, day);
    return clock_day_number(day);
}

int64_t cal_add_work_minutes(const Calendar *cal, int64_t start_ms, int64_t minutes,
                             const char *zone)
{
    cal = or_standard(cal);
    if (minutes <= 0)
        return start_ms;
    if (minutes > INT64_C(1440) * DAYS_AHEAD)
        minutes = INT64_C(1440) * DAYS_AHEAD;
    int64_t left = minutes * MINUTE_MS, at = start_ms, from, to;
    int64_t first = day_of(start_ms, zone);
    for (int64_t day = first; day < first + DAYS_AHEAD; day++) {
        while (next_stretch(cal, day, zone, at, &from, &to)) {
            if (left <= to - from)
                return from + left;
            left -= to - from;
            at = to;
        }
    }
    return at;
}

int64_t cal_work_minutes_between(const Calendar *cal, int64_t from_ms, int64_t to_ms,
                                 const char *zone)
{
    cal = or_standard(cal);
    int64_t sum = 0, at = from_ms, from, to;
    if (to_ms <= from_ms)
        return 0;
    int64_t day = day_of(from_ms, zone), last = day_of(to_ms, zone);
    for (; day <= last; day++) {
        while (at < to_ms && next_stretch(cal, day, zone, at, &from, &to)) {
            if (from >= to_ms)
                break;
            sum += (to < to_ms ? to : to_ms) - from;
            at = to;
        }
    }
    return sum / MINUTE_MS;
}
