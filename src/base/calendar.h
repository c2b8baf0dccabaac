/*
 * Working time: which days are worked in mainland China (weekends, public holidays, make-up days),
 * which hours of them, and sums over both. Service levels and follow-up dates count with it.
 *
 * The list of days is data/cn-holidays.json, published year by year; after cal_known_until a day
 * only follows the week, so what is computed beyond it is a guess and the caller should say so.
 *
 * A Calendar is built once and then only read, by any thread. All functions take NULL for the
 * default calendar: the built-in days, Monday to Friday 09:00–12:00 and 13:30–18:00.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/arena.h"

enum { CAL_SPANS = 4 }; /* intervals of work a day */

typedef struct CalSpan {
    int from, to; /* minutes since midnight, from < to <= 1440 */
} CalSpan;

typedef struct Calendar Calendar;

/* A copy of the default calendar on a, to be changed by the functions below. */
Calendar *cal_new(Arena *a);
/* Sets the hours of a weekday (1 = Monday … 7 = Sunday; 0 = days that are worked although their
   weekday is free). n = 0: free. false where spans overlap, are out of order or too many. */
bool cal_set_hours(Calendar *cal, int weekday, const CalSpan *span, int n);
/* Makes one day free or worked. name may be NULL. false for no valid day. */
bool cal_set_day(Calendar *cal, const char *day, bool is_work, const char *name);
/* Moves the end of what is known, "YYYY-MM-DD". */
bool cal_set_known_until(Calendar *cal, const char *day);
/* Adds a list in the form of data/cn-holidays.json; known_until moves to its. false, with nothing
   changed, where the text has another form. n_days may be NULL. */
bool cal_import_json(Calendar *cal, const char *json, size_t len, int *n_days);

/* The last day for which holidays are known. */
const char *cal_known_until(const Calendar *cal);
/* Is a day ("YYYY-MM-DD") worked? false for no valid day. */
bool cal_is_workday(const Calendar *cal, const char *day);
/* The name of the holiday a day belongs to (also of a make-up day), or NULL. */
const char *cal_day_name(const Calendar *cal, const char *day);
/* Workdays from first to last, both included; 0 where last is before first. */
int64_t cal_workdays_between(const Calendar *cal, const char *first, const char *last);

/*
 * The instant at which `minutes` of work have passed since start_ms, in the hours of zone. The
 * result is never before the start; add(add(s, a), b) = add(s, a + b); 0 minutes or fewer give the
 * start. At most ten years ahead.
 */
int64_t cal_add_work_minutes(const Calendar *cal, int64_t start_ms, int64_t minutes,
                             const char *zone);
/* Whole minutes of work from one instant to another; 0 where to_ms is not later. */
int64_t cal_work_minutes_between(const Calendar *cal, int64_t from_ms, int64_t to_ms,
                                 const char *zone);

#endif
