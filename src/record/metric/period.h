/*
 * Spans of a calendar: days, weeks from Monday, months, quarters, years, as numbers of days since 1970. What begins
 * when in a time zone is the matter of base/clock (a day begins at its midnight, whatever the clocks did in between).
 */
#ifndef RECORD_METRIC_PERIOD_H
#define RECORD_METRIC_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum Period {
    PERIOD_NONE,
    PERIOD_DAY,
    PERIOD_WEEK,
    PERIOD_MONTH,
    PERIOD_QUARTER,
    PERIOD_YEAR
} Period;

/* "day" "week" "month" "quarter" "year". */
bool period_parse(const char *text, Period *out);
/* The first day of the span in which a day lies. */
int64_t period_start(Period p, int64_t day);
/* The first day of the span k spans behind (k < 0: before) the one that starts at `start`. */
int64_t period_shift(Period p, int64_t start, int64_t k);
/* The same day a year before: 29 February becomes 28; with weeks the same weekday, 52 weeks before. */
int64_t period_year_before(Period p, int64_t day);
/* "2026-11-21", "2026-W47" (ISO 8601), "2026-11", "2026-Q4", "2026". */
char *period_name(Arena *a, Period p, int64_t start);

#endif
