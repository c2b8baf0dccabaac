/*
 * Time. See clock.h. Days are counted with the civil-from-days algorithm of Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (public domain), in the proleptic Gregorian
 * calendar. The offsets of zones come from ICU; one calendar per zone is opened once and kept.
 */
#include "base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicode/ucal.h>
#include <unistd.h>

enum { MAX_ZONES = 1024, MAX_ZONE_NAME = 64 };
static const int64_t DAY_MS = 86400000, HOUR_MS = 3600000;

/* See clock_steady. */
static const int64_t STEP_MS = 60000, BELIEVED_MS = 86400000;
static ClockSteady steady;
static pthread_mutex_t steady_lock = PTHREAD_MUTEX_INITIALIZER;

/* A zone of ICU. UCalendar is not safe for two threads, hence the lock. */
typedef struct Zone {
    char name[MAX_ZONE_NAME];
    UCalendar *cal;
    pthread_mutex_t lock;
} Zone;

/* Filled from the front and never emptied; n_zones is published after the slot is complete, so
   readers need no lock. IANA has about 600 names; unknown ones are never stored. */
static Zone zones[MAX_ZONES];
static atomic_int n_zones;
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_thread_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int clock_waits_open(void)
{
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* The second of three numbers: nanoseconds on the queue for a core. */
int64_t clock_waited_us(int waits)
{
    char text[96];
    ssize_t n = waits >= 0 ? pread(waits, text, sizeof text - 1, 0) : -1;
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *second = strchr(text, ' ');
    return second ? strtoll(second, NULL, 10) / 1000 : 0;
}

static bool near(int64_t a, int64_t b)
{
    return a - b <= STEP_MS && b - a <= STEP_MS;
}

int64_t clock_steady(ClockSteady *c, int64_t wall, int64_t mono)
{
    int64_t offset = wall - mono;
    if (!c->begun || near(offset, c->held)) {
        *c = (ClockSteady){.begun = true, .held = offset, .other = offset, .since = mono};
    } else if (!near(offset, c->other)) {
        c->other = offset;
        c->since = mono;
    } else if (mono - c->since >= BELIEVED_MS) {
        c->held = offset;
    }
    return mono + c->held;
}

int64_t clock_steady_ms(void)
{
    pthread_mutex_lock(&steady_lock);
    int64_t now = clock_steady(&steady, clock_now_ms(), clock_mono_ms());
    pthread_mutex_unlock(&steady_lock);
    return now;
}

struct timespec clock_after_ms(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (ms < 0)
        ms = 0;
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static Zone *zone_among(const char *name, int from, int to)
{
    for (int i = from; i < to; i++)
        if (strcmp(zones[i].name, name) == 0)
            return &zones[i];
    return NULL;
}

static Zone *zone_open(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= MAX_ZONE_NAME)
        return NULL;
    UChar id[MAX_ZONE_NAME], canonical[128];
    for (size_t i = 0; i <= len; i++) {
        if ((unsigned char)name[i] >= 0x80)
            return NULL;
        id[i] = (UChar)name[i];
    }
    /* "GMT+8" and the like are understood by ICU too but are no IANA names: isSystemID says so. */
    UErrorCode err = U_ZERO_ERROR;
    UBool is_system = 0;
    ucal_getCanonicalTimeZoneID(id, (int32_t)len, canonical, 128, &is_system, &err);
    if (U_FAILURE(err) || !is_system)
        return NULL;

    pthread_mutex_lock(&zones_lock);
    int n = atomic_load(&n_zones);
    Zone *z = zone_among(name, 0, n);
    if (!z && n < MAX_ZONES) {
        err = U_ZERO_ERROR;
        UCalendar *cal = ucal_open(id, (int32_t)len, "en_US", UCAL_GREGORIAN, &err);
        if (U_SUCCESS(err)) {
            z = &zones[n];
            memcpy(z->name, name, len + 1);
            z->cal = cal;
            pthread_mutex_init(&z->lock, NULL);
            atomic_store(&n_zones, n + 1);
        }
    }
    pthread_mutex_unlock(&zones_lock);
    return z;
}

static Zone *zone_find(const char *name)
{
    Zone *z = zone_among(name, 0, atomic_load(&n_zones));
    return z ? z : zone_open(name);
}

int64_t clock_zone_offset_ms(const char *zone, int64_t at_ms)
{
    /* China has kept UTC+8 since daylight saving ended in September 1991. */
    if (at_ms >= INT64_C(694224000000) && strcmp(zone, "Asia/Shanghai") == 0)
        return 8 * HOUR_MS;
    if (strcmp(zone, "UTC") == 0)
        return 0;
    Zone *z = zone_find(zone);
    if (!z)
        return 0;
    UErrorCode err = U_ZERO_ERROR;
    pthread_mutex_lock(&z->lock);
    ucal_setMillis(z->cal, (UDate)at_ms, &err);
    int64_t off =
        (int64_t)ucal_get(z->cal, UCAL_ZONE_OFFSET, &err) + ucal_get(z->cal, UCAL_DST_OFFSET, &err);
    pthread_mutex_unlock(&z->lock);
    return U_SUCCESS(err) ? off : 0;
}

bool clock_zone_known(const char *zone)
{
    return zone && zone_find(zone) != NULL;
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* z: MIN_DAY or later. */
static void civil_from_days(int64_t z, int *y, int *m, int *d)
{
    z += 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t clamp(int64_t n, int64_t low, int64_t high)
{
    return n < low ? low : n > high ? high : n;
}

/* Years 0001 to 9999 are all we write; a reading outside is a broken clock or a hostile number. */
static const int64_t MIN_DAY = -719162, MAX_DAY = 2932896;

static ClockParts parts_of_wall(int64_t wall_ms)
{
    int64_t day = clamp(floor_div(wall_ms, DAY_MS), MIN_DAY, MAX_DAY);
    int64_t rest = clamp(wall_ms - day * DAY_MS, 0, DAY_MS - 1);
    ClockParts p;
    civil_from_days(day, &p.year, &p.month, &p.day);
    p.hour = (int)(rest / HOUR_MS);
    p.minute = (int)(rest / 60000 % 60);
    p.second = (int)(rest / 1000 % 60);
    p.ms = (int)(rest % 1000);
    p.weekday = (int)(((day + 3) % 7 + 7) % 7) + 1; /* 1970-01-01 was a Thursday */
    return p;
}

ClockParts clock_parts(int64_t at_ms, const char *zone)
{
    at_ms = clamp(at_ms, MIN_DAY * DAY_MS, (MAX_DAY + 1) * DAY_MS - 1);
    return parts_of_wall(at_ms + clock_zone_offset_ms(zone, at_ms));
}

int64_t clock_from_parts(const ClockParts *p, const char *zone)
{
    int64_t wall = days_from_civil(p->year, p->month, p->day) * DAY_MS + p->hour * HOUR_MS +
                   p->minute * INT64_C(60000) + p->second * INT64_C(1000) + p->ms;
    /* The offsets a day before and after hold on both sides of a change of the clocks. */
    int64_t before = wall - clock_zone_offset_ms(zone, wall - DAY_MS);
    int64_t after = wall - clock_zone_offset_ms(zone, wall + DAY_MS);
    int64_t first = before < after ? before : after, second = before < after ? after : before;
    if (first + clock_zone_offset_ms(zone, first) == wall)
        return first;
    if (second + clock_zone_offset_ms(zone, second) == wall)
        return second;
    return before; /* skipped by the clocks: counted on from the time before */
}

static bool digits(const char *s, int n, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (s[i] - '0');
    }
    *out = v;
    return true;
}

static int days_in_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap);
}

/* The ten characters YYYY-MM-DD at s; what follows is not looked at. */
static bool day_read(const char *s, int *y, int *m, int *d)
{
    return digits(s, 4, y) && s[4] == '-' && digits(s + 5, 2, m) && s[7] == '-' &&
           digits(s + 8, 2, d) && *y >= 1 && *m >= 1 && *m <= 12 && *d >= 1 &&
           *d <= days_in_month(*y, *m);
}

bool clock_day_valid(const char *day)
{
    int y, m, d;
    return day && day_read(day, &y, &m, &d) && day[10] == 0;
}

int64_t clock_day_number(const char *day)
{
    int y, m, d;
    return day_read(day, &y, &m, &d) ? days_from_civil(y, m, d) : 0;
}

void clock_day_text(int64_t day_number, char out[11])
{
    int y, m, d;
    civil_from_days(clamp(day_number, MIN_DAY, MAX_DAY), &y, &m, &d);
    char tmp[40];
    snprintf(tmp, sizeof tmp, "%04d-%02d-%02d", y, m, d);
    memcpy(out, tmp, 11);
}

void clock_day_of(int64_t at_ms, const char *zone, char out[11])
{
    ClockParts p = clock_parts(at_ms, zone);
    clock_day_text(days_from_civil(p.year, p.month, p.day), out);
}

int64_t clock_day_start(const char *day, const char *zone)
{
    ClockParts p = {0};
    if (!day_read(day, &p.year, &p.month, &p.day))
        return 0;
    return clock_from_parts(&p, zone);
}

static void put_digits(char *at, int n, unsigned v)
{
    for (; n > 0; v /= 10)
        at[--n] = (char)('0' + v % 10);
}

/*
 * By hand: a page of a list has hundreds of instants, and printf was a tenth of its time. The days of a page
 * are few, so the last one is kept (of each thread).
 */
void clock_rfc3339(int64_t at_ms, char out[25])
{
    static _Thread_local int64_t last_day = INT64_MIN;
    static _Thread_local char last_text[10];
    int64_t at = clamp(at_ms, MIN_DAY * DAY_MS, (MAX_DAY + 1) * DAY_MS - 1);
    int64_t day = floor_div(at, DAY_MS);
    unsigned rest = (unsigned)(at - day * DAY_MS), seconds = rest / 1000, ms = rest % 1000;
    if (day != last_day) {
        int y, m, d;
        civil_from_days(day, &y, &m, &d);
        memcpy(last_text, "0000-00-00", 10);
        put_digits(last_text, 4, (unsigned)y);
        put_digits(last_text + 5, 2, (unsigned)m);
        put_digits(last_text + 8, 2, (unsigned)d);
        last_day = day;
    }
    memcpy(out, last_text, 10);
    memcpy(out + 10, "T00:00:00.000Z", 15);
    put_digits(out + 11, 2, seconds / 3600);
    put_digits(out + 14, 2, seconds / 60 % 60);
    put_digits(out + 17, 2, seconds % 60);
    if (ms)
        put_digits(out + 20, 3, ms);
    else
        memcpy(out + 19, "Z", 2);
}

bool clock_parse_rfc3339(const char *text, int64_t *out_ms)
{
    int y, mo, d, h, mi, s, ms = 0;
    if (!text || strnlen(text, 64) < 20 || strnlen(text, 64) == 64 || !day_read(text, &y, &mo, &d))
        return false;
    const char *t = text + 10;
    if ((*t != 'T' && *t != 't' && *t != ' ') || !digits(t + 1, 2, &h) || t[3] != ':' ||
        !digits(t + 4, 2, &mi) || t[6] != ':' || !digits(t + 7, 2, &s))
        return false;
    if (h > 23 || mi > 59 || s > 60)
        return false;
    t += 9;
    if (*t == '.') {
        int unit = 100;
        if (t[1] < '0' || t[1] > '9')
            return false;
        for (t++; *t >= '0' && *t <= '9'; t++, unit /= 10)
            ms += (*t - '0') * unit; /* below a millisecond it is cut off */
    }
    int64_t offset = 0;
    if (*t == 'Z' || *t == 'z') {
        t++;
    } else if (*t == '+' || *t == '-') {
        int oh, om;
        if (!digits(t + 1, 2, &oh) || t[3] != ':' || !digits(t + 4, 2, &om) || oh > 23 || om > 59)
            return false;
        offset = (oh * INT64_C(60) + om) * 60000 * (*t == '-' ? -1 : 1);
        t += 6;
    } else {
        return false;
    }
    if (*t)
        return false;
    *out_ms = days_from_civil(y, mo, d) * DAY_MS + h * HOUR_MS + mi * INT64_C(60000) +
              s * INT64_C(1000) + ms - offset;
    return true;
}
