/*
 * Time. Instants are ms since 1970-01-01 UTC; days are text "YYYY-MM-DD"; durations are monotonic
 * ms. Zones are IANA names; conversion uses ICU and is cached per zone.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <time.h>

#include "base/arena.h"

/* The wall clock, ms UTC. */
int64_t clock_now_ms(void);
/* A clock that never goes back, ms from an arbitrary start. For deadlines and durations. */
int64_t clock_mono_ms(void);
/* Processor time of the calling thread, µs. A system call, unlike the other two. */
int64_t clock_thread_us(void);
/*
 * How long the calling thread could have run and had no core, µs since it began: what a clock on the wall counts, too, on a
 * machine that others load. clock_waits_open: a descriptor for this thread alone (whoever opens it closes it), -1 where the
 * kernel does not tell; clock_waited_us of -1 is 0.
 */
int clock_waits_open(void);
int64_t clock_waited_us(int waits);
int64_t clock_mono_us(void);
void clock_sleep_ms(int64_t ms);
/*
 * The wall clock for what destroys or forgets by age: a step of more than a minute counts only when it has stood for a
 * day of this process. A clock set ten years ahead by mistake empties no bin and forgets no key of a request. Steps back
 * are held off in the same way. Somebody must ask now and then (the keeper does).
 */
int64_t clock_steady_ms(void);
/* The same by hand, for tests: wall and mono are the readings, *c all zero before the first. */
typedef struct ClockSteady {
    bool begun;
    int64_t held, other, since; /* offsets of wall to mono; since when the other one stands */
} ClockSteady;
int64_t clock_steady(ClockSteady *c, int64_t wall, int64_t mono);
/* The absolute monotonic time ms from now (at once where ms < 0), and a condition that waits by it: nobody who sets the
   clock makes a wait longer or shorter. */
struct timespec clock_after_ms(int64_t ms);
void clock_cond_init(pthread_cond_t *cond);

typedef struct ClockParts {
    int year, month, day; /* month 1–12 */
    int hour, minute, second, ms;
    int weekday; /* 1 = Monday … 7 = Sunday */
} ClockParts;

/* The offset of zone from UTC at an instant, in ms; 0 for a zone nobody knows. */
int64_t clock_zone_offset_ms(const char *zone, int64_t at_ms);
bool clock_zone_known(const char *zone);
ClockParts clock_parts(int64_t at_ms, const char *zone);
/* The instant of a wall reading in zone (of two, the earlier). */
int64_t clock_from_parts(const ClockParts *p, const char *zone);

/* "YYYY-MM-DD": valid (Gregorian, year 1 to 9999)? */
bool clock_day_valid(const char *day);
/* Days since 1970-01-01 of a valid day, and back. out has room for 11 bytes. */
int64_t clock_day_number(const char *day);
void clock_day_text(int64_t day_number, char out[11]);
/* The day of an instant in zone. */
void clock_day_of(int64_t at_ms, const char *zone, char out[11]);
/* The instant at which a day starts in zone. */
int64_t clock_day_start(const char *day, const char *zone);

/* RFC 3339 in UTC with ms only where they are not 0: "2026-11-21T08:00:00Z". out: 25 bytes. */
void clock_rfc3339(int64_t at_ms, char out[25]);
/* Reads RFC 3339 with Z or an offset. false where the text is none. */
bool clock_parse_rfc3339(const char *text, int64_t *out_ms);

#endif
