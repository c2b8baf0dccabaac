/*
 * Times that come again, as five fields of a line: minute, hour, day of the month, month, weekday
 * ("0 9 * * 1-5": at nine from Monday to Friday). A field is *, a number, a range a-b, any of them with a
 * step (slash n), or several by comma; months and weekdays also by their English names (jan, mon), 7 is Sunday as 0
 * is. Where day and weekday are both limited, either is enough. Also @hourly @daily @weekly @monthly @yearly.
 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Cron {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* bit n: the value n; weekdays: bit 0 is Sunday */
    bool any_day, any_weekday;              /* written as a star */
} Cron;

/* Reads a line. false where it is none; *field (or NULL) then says which of the five fields (1 to 5; 0: their number). */
bool cron_parse(const char *text, Cron *out, int *field);
/*
 * The first moment behind after_ms at which the line holds in zone, ms UTC; 0 where there is none within the next
 * eight years (31 February). A moment the clocks leave out is counted on from the time before the gap; of
 * one they have twice it is the earlier.
 */
int64_t cron_next(const Cron *c, int64_t after_ms, const char *zone);

#endif
