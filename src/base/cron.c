/* Reading the five fields, and looking for the next moment field by field. See cron.h. */
#include "base/cron.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"

enum { YEARS_AHEAD = 8, LONGEST = 200, MINUTE_MS = 60000 };

typedef struct Part {
    int min, max;
    const char *names; /* three letters each, in order from min; or NULL */
} Part;

static const Part parts[5] = {
    {0, 59, NULL},
    {0, 23, NULL},
    {1, 31, NULL},
    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {0, 7, "sunmontuewedthufrisat"},
};

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

/* A number or a name at *p. */
static bool value(const char **p, const Part *part, int *out)
{
    const char *s = *p;
    if (*s >= '0' && *s <= '9') {
        int n = 0, digits = 0;
        for (; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
            n = n * 10 + (*s - '0');
        *p = s;
        *out = n;
        return (*s < '0' || *s > '9') && n >= part->min && n <= part->max;
    }
    if (!part->names || !s[0] || !s[1] || !s[2])
        return false;
    for (int i = 0; part->names[i]; i += 3)
        if (lower(s[0]) == part->names[i] && lower(s[1]) == part->names[i + 1] &&
            lower(s[2]) == part->names[i + 2]) {
            *p = s + 3;
            *out = part->min + i / 3;
            return true;
        }
    return false;
}

/* One of the things between commas. */
static bool item(const char **p, const Part *part, uint64_t *bits, bool *star)
{
    int from = part->min, to = part->max, step = 1;
    bool open = false;
    if (**p == '*') {
        *star = open = true;
        (*p)++;
    } else {
        if (!value(p, part, &from))
            return false;
        to = from;
        if (**p == '-') {
            (*p)++;
            if (!value(p, part, &to) || to < from)
                return false;
        } else if (**p == '/') {
            to = part->max; /* "5/15": from 5 on */
        }
    }
    if (**p == '/') {
        static const Part steps = {1, 59, NULL};
        (*p)++;
        if (!value(p, &steps, &step))
            return false;
        if (open && step > 1)
            *star = false;
    }
    for (int i = from; i <= to; i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool field(const char **p, const Part *part, uint64_t *bits, bool *star)
{
    *bits = 0;
    *star = false;
    for (;;) {
        if (!item(p, part, bits, star))
            return false;
        if (**p != ',')
            break;
        (*p)++;
    }
    return **p == '\0' || **p == ' ' || **p == '\t';
}

static const char *word_of(const char *text)
{
    static const char *const words[][2] = {
        {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@weekly", "0 0 * * 1"},
        {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i][0]) == 0)
            return words[i][1];
    return text;
}

bool cron_parse(const char *text, Cron *out, int *at)
{
    int none;
    if (!at)
        at = &none;
    *at = 0;
    if (!text || strlen(text) > LONGEST)
        return false;
    const char *p = word_of(text);
    uint64_t bits[5];
    bool star[5];
    for (int i = 0; i < 5; i++) {
        while (*p == ' ' || *p == '\t')
            p++;
        if (!*p)
            return false;
        if (!field(&p, &parts[i], &bits[i], &star[i])) {
            *at = i + 1;
            return false;
        }
    }
    while (*p == ' ' || *p == '\t')
        p++;
    if (*p)
        return false;
    uint32_t week = (uint32_t)bits[4];
    if (week & 1u << 7)
        week = (week | 1u) & ~(1u << 7);
    *out = (Cron){.minutes = bits[0],
                  .hours = (uint32_t)bits[1],
                  .days = (uint32_t)bits[2],
                  .months = (uint32_t)bits[3],
                  .weekdays = week,
                  .any_day = star[2],
                  .any_weekday = star[4]};
    return true;
}

static bool day_fits(const Cron *c, const ClockParts *p, int64_t number)
{
    bool day = c->days & 1u << p->day;
    bool week = c->weekdays & 1u << ((number % 7 + 11) % 7); /* day 0 was a Thursday */
    if (c->any_day)
        return week;
    return c->any_weekday ? day : day || week;
}

/* The first minute of that day from p's hour and minute on; false: none left. */
static bool minute_fits(const Cron *c, ClockParts *p)
{
    for (int h = p->hour; h < 24; h++) {
        if (!(c->hours & 1u << h))
            continue;
        for (int m = h == p->hour ? p->minute : 0; m < 60; m++)
            if (c->minutes & UINT64_C(1) << m) {
                p->hour = h;
                p->minute = m;
                return true;
            }
    }
    return false;
}

int64_t cron_next(const Cron *c, int64_t after_ms, const char *zone)
{
    ClockParts p = clock_parts(after_ms, zone);
    char day[11];
    clock_day_of(after_ms, zone, day);
    int64_t number = clock_day_number(day), last = number + YEARS_AHEAD * 366;
    p.second = p.ms = 0;
    for (; number <= last; number++, p.hour = p.minute = 0) {
        clock_day_text(number, day);
        p.year = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 + day[3] - '0';
        p.month = (day[5] - '0') * 10 + day[6] - '0';
        p.day = (day[8] - '0') * 10 + day[9] - '0';
        if (!(c->months & 1u << p.month) || !day_fits(c, &p, number))
            continue;
        while (minute_fits(c, &p)) {
            int64_t at = clock_from_parts(&p, zone);
            if (at > after_ms)
                return at;
            if (++p.minute == 60) {
                p.minute = 0;
                if (++p.hour == 24)
                    break;
            }
        }
    }
    return 0;
}
