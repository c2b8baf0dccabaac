/* Moments in the words of people. See when.h. */
#include "base/when.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
    NOON_MIN = 12 * 60,
    DAY_MIN = 24 * 60,
    DAY_END = 18 * 60,
    MAX_COUNT = 999,
    LAST_YEAR = 9999,
    NO_DAY = 2932897 /* the day behind 9999-12-31: the calendar has none */
};

typedef enum Period { P_NONE, P_NIGHT, P_MORNING, P_NOON, P_AFTERNOON, P_EVENING } Period;

/* What was found so far, and the day it is read on. */
typedef struct Moment {
    int64_t today; /* day number */
    int year, month, date, weekday;
    int64_t now_ms;
    bool has_day, has_clock, has_instant;
    bool beyond; /* what the words name lies behind the last day there is */
    int64_t day;
    int minute;
    int64_t instant;
    Period period;
} Moment;

/* ---- small pieces -------------------------------------------------------------------------- */

static bool eat(const char **p, const char *w)
{
    size_t n = strlen(w);
    if (strncmp(*p, w, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool eat_any(const char **p, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (eat(p, words[i]))
            return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* An English word, whatever its case, that ends where it ends. */
static bool eat_word(const char **p, const char *w)
{
    const char *s = *p;
    while (*w && lower(*s) == *w) {
        s++;
        w++;
    }
    if (*w || is_word(*s))
        return false;
    *p = s;
    return true;
}

static void blanks(const char **p)
{
    while (**p == ' ' || **p == '\t')
        (*p)++;
    if (eat(p, "　"))
        blanks(p);
}

static int han_digit(const char **p)
{
    static const char *const digits[] = {"零", "一", "二", "三", "四", "五",
                                         "六", "七", "八", "九", "两", "〇"};
    static const int values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 0};
    for (int i = 0; i < 12; i++)
        if (eat(p, digits[i]))
            return values[i];
    return -1;
}

/* Up to four digits, or 一 … 九十九; -1 for none. */
static int number(const char **p, bool *han)
{
    int n = 0, k = 0;
    *han = false;
    for (; is_digit(**p); (*p)++, k++)
        n = k < 4 ? n * 10 + (**p - '0') : n;
    if (k)
        return k <= 4 ? n : -1;
    *han = true;
    n = han_digit(p);
    if (!eat(p, "十"))
        return n;
    int tens = n < 0 ? 1 : n, ones = han_digit(p);
    return tens * 10 + (ones < 0 ? 0 : ones);
}

/* A month or a day of a date. More than two figures make it the number of a contract: 2026-12-0011. */
static int two_digits(const char **p, bool *han)
{
    const char *from = *p;
    int n = number(p, han);
    return *han || *p - from <= 2 ? n : -1;
}

static bool day_number(int y, int m, int d, int64_t *out)
{
    char text[64];
    if (y < 1 || y > LAST_YEAR || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, d);
    if (!clock_day_valid(text))
        return false;
    *out = clock_day_number(text);
    return true;
}

/* The same date `months` later; the 31st of a shorter month is its last day. */
static int64_t months_on(int y, int m, int d, int months)
{
    int64_t day = NO_DAY;
    int at = y * 12 + (m - 1) + months;
    while (!day_number(at / 12, at % 12 + 1, d, &day) && d > 28)
        d--;
    return day;
}

static bool set_day(Moment *m, int64_t day)
{
    m->has_day = true;
    m->day = day;
    m->beyond = day >= NO_DAY;
    return true;
}

/* ---- days ---------------------------------------------------------------------------------- */

static bool near_day(Moment *m, const char **p)
{
    static const struct {
        const char *word;
        int days;
        Period period;
    } words[] = {{"今天", 0, P_NONE},    {"今日", 0, P_NONE},   {"今晚", 0, P_EVENING},
                 {"今早", 0, P_MORNING}, {"大后天", 3, P_NONE}, {"后天", 2, P_NONE},
                 {"明天", 1, P_NONE},    {"明日", 1, P_NONE},   {"明早", 1, P_MORNING},
                 {"明晚", 1, P_EVENING}, {"明儿", 1, P_NONE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!eat(p, words[i].word))
            continue;
        m->period = words[i].period;
        return set_day(m, m->today + words[i].days);
    }
    return false;
}

static int weekday_of(const char **p)
{
    static const char *const names[] = {"一", "二", "三", "四", "五", "六", "日", "天", "末"};
    static const int days[] = {1, 2, 3, 4, 5, 6, 7, 7, 6};
    for (int i = 0; i < 9; i++)
        if (eat(p, names[i]))
            return days[i];
    return 0;
}

static bool week_day(Moment *m, const char **p)
{
    static const char *const week[] = {"周", "星期", "礼拜", NULL};
    const char *s = *p;
    bool this_week = false;
    int weeks = eat(&s, "下下") ? 2 : eat(&s, "下") ? 1 : 0;
    if (!weeks)
        this_week = eat(&s, "这") || eat(&s, "本");
    eat(&s, "个");
    if (!eat_any(&s, week))
        return false;
    int day = weekday_of(&s);
    if (!day && !weeks)
        return false;
    int64_t monday = m->today - (m->weekday - 1);
    int64_t at = monday + 7 * weeks + (day ? day - 1 : 0);
    if (!weeks && !this_week && at < m->today)
        at += 7;
    *p = s;
    return set_day(m, at);
}

/* "3天后", "两周后", "半小时后": by days, or an instant. */
static bool later(Moment *m, const char **p)
{
    static const char *const after[] = {"以后", "之后", "后", NULL};
    const char *s = *p;
    bool han, half = eat(&s, "半");
    int n = half ? 0 : number(&s, &han);
    if (!half && (n < 1 || n > MAX_COUNT))
        return false;
    eat(&s, "个");
    int64_t day = m->today, minutes = 0;
    bool months = false;
    if (eat(&s, "天") || eat(&s, "日"))
        day += n;
    else if (eat(&s, "周") || eat(&s, "星期") || eat(&s, "礼拜"))
        day += 7 * n;
    else if (eat(&s, "月"))
        months = true;
    else if (eat(&s, "小时") || eat(&s, "钟头"))
        minutes = half ? 30 : 60 * (int64_t)n;
    else if (eat(&s, "分钟"))
        minutes = n;
    else
        return false;
    if (!eat_any(&s, after) || (half && !minutes && !months))
        return false;
    if (months && half)
        day += 15;
    else if (months)
        day = months_on(m->year, m->month, m->date, n);
    *p = s;
    if (!minutes)
        return set_day(m, day);
    m->has_instant = true;
    m->instant = m->now_ms + minutes * 60000;
    return true;
}

/* "2026-11-30", "2026/11/30", "2026年11月30日" */
static bool full_date(Moment *m, const char **p)
{
    const char *s = *p;
    bool han;
    if (!is_digit(s[0]) || !is_digit(s[1]) || !is_digit(s[2]) || !is_digit(s[3]))
        return false;
    int y = number(&s, &han);
    const char *mark = *s == '-' ? "-" : *s == '/' ? "/" : *s == '.' ? "." : "年";
    if (!eat(&s, mark))
        return false;
    int mo = two_digits(&s, &han);
    if (!eat(&s, strcmp(mark, "年") == 0 ? "月" : mark))
        return false;
    int d = two_digits(&s, &han);
    int64_t day;
    if (!day_number(y, mo, d, &day))
        return false;
    if (strcmp(mark, "年") == 0 && !eat(&s, "日"))
        eat(&s, "号");
    *p = s;
    return set_day(m, day);
}

/* Behind a number with 号 these make it the name of a place or thing. */
static bool names_a_place(const char *s)
{
    static const char *const things[] = {"楼", "线", "机", "店", "门", "院", "厂",
                                         "馆", "路", "单", "库", "房", NULL};
    return eat_any(&s, things);
}

/* "12月5日", "下个月3号", "15号", "月底" */
static bool date_of_month(Moment *m, const char **p)
{
    const char *s = *p;
    bool han, next = eat(&s, "下个月") || eat(&s, "下月");
    int64_t day;
    if (!next && !eat(&s, "本月"))
        eat(&s, "这个月");
    if (eat(&s, "月底") || eat(&s, "月末") || (s != *p && (eat(&s, "底") || eat(&s, "末")))) {
        *p = s;
        return set_day(m, months_on(m->year, m->month, 31, next));
    }
    int n = two_digits(&s, &han), month = 0, shift = next ? 1 : 0;
    if (n < 1)
        return false;
    if (!next && eat(&s, "月")) {
        month = n;
        n = two_digits(&s, &han);
    } else if (han && !next) {
        return false;
    }
    if (n < 1 || n > 31 || month > 12 || !(eat(&s, "日") || eat(&s, "号")) || names_a_place(s))
        return false;
    bool ok = month ? day_number(m->year, month, n, &day) && day >= m->today : false;
    if (month && !ok)
        ok = day_number(m->year + 1, month, n, &day) || day_number(m->year, month, n, &day);
    for (; !month && !ok; shift++) { /* every second month has a 31st */
        int at = m->year * 12 + m->month - 1 + shift;
        day = NO_DAY;
        ok = at / 12 > LAST_YEAR || (day_number(at / 12, at % 12 + 1, n, &day) && day >= m->today);
    }
    if (!ok)
        return false;
    if (m->year == LAST_YEAR && day < m->today) /* there is no next year for it */
        day = NO_DAY;
    *p = s;
    return set_day(m, day);
}

static int english_weekday(const char **p)
{
    static const char *const names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    for (int i = 0; i < 7; i++)
        if (eat_word(p, names[i]))
            return i + 1;
    return 0;
}

static bool english_later(Moment *m, const char **p)
{
    const char *s = *p;
    bool han;
    if (!eat_word(&s, "in"))
        return false;
    blanks(&s);
    int n = eat_word(&s, "an") || eat_word(&s, "a") ? 1 : number(&s, &han);
    blanks(&s);
    if (n < 1 || n > MAX_COUNT)
        return false;
    int64_t day = m->today, minutes = 0;
    if (eat_word(&s, "days") || eat_word(&s, "day"))
        day += n;
    else if (eat_word(&s, "weeks") || eat_word(&s, "week"))
        day += 7 * n;
    else if (eat_word(&s, "hours") || eat_word(&s, "hour"))
        minutes = 60 * (int64_t)n;
    else if (eat_word(&s, "minutes") || eat_word(&s, "minute"))
        minutes = n;
    else if (eat_word(&s, "months") || eat_word(&s, "month"))
        day = months_on(m->year, m->month, m->date, n);
    else
        return false;
    *p = s;
    if (!minutes)
        return set_day(m, day);
    m->has_instant = true;
    m->instant = m->now_ms + minutes * 60000;
    return true;
}

static bool english_day(Moment *m, const char **p)
{
    if (english_later(m, p))
        return true;
    const char *s = *p;
    if (eat_word(&s, "on") || eat_word(&s, "by"))
        blanks(&s);
    int64_t monday = m->today - (m->weekday - 1), day;
    bool next = eat_word(&s, "next");
    if (next)
        blanks(&s);
    int wd = english_weekday(&s);
    if (wd)
        day = monday + wd - 1 + (next ? 7 : monday + wd - 1 < m->today ? 7 : 0);
    else if (next && eat_word(&s, "week"))
        day = monday + 7;
    else if (!next && eat_word(&s, "tomorrow"))
        day = m->today + 1;
    else if (!next && eat_word(&s, "today"))
        day = m->today;
    else if (!next && eat_word(&s, "tonight")) {
        day = m->today;
        m->period = P_EVENING;
    } else
        return false;
    *p = s;
    return set_day(m, day);
}

/* ---- the clock ----------------------------------------------------------------------------- */

static Period period_of(const char **p)
{
    static const struct {
        const char *word;
        Period period;
    } words[] = {{"凌晨", P_NIGHT},     {"清晨", P_MORNING},   {"早上", P_MORNING},
                 {"早晨", P_MORNING},   {"上午", P_MORNING},   {"中午", P_NOON},
                 {"下午", P_AFTERNOON}, {"午后", P_AFTERNOON}, {"傍晚", P_EVENING},
                 {"晚上", P_EVENING},   {"晚间", P_EVENING},   {"夜里", P_EVENING}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (eat(p, words[i].word))
            return words[i].period;
    return P_NONE;
}

/* Minutes of the day; -1 where that is no time. written: with a leading zero, or by 24 hours. */
static int minute_of(int h, int min, Period period, bool written)
{
    if (h > 24 || min > 59 || (h == 24 && min))
        return -1;
    if (period == P_NONE && !written && h >= 1 && h <= 6)
        h += 12;
    if (((period == P_AFTERNOON || period == P_EVENING) && h < 12) || (period == P_NOON && h <= 2))
        h += 12;
    else if (period == P_EVENING && h == 12)
        h = 24;
    else if (period == P_NIGHT && h == 12)
        h = 0;
    int at = h * 60 + min;
    return at >= DAY_MIN ? DAY_MIN - 1 : at;
}

/* What a number before it counts: "三点二十个人开会" is at three. */
static bool is_counted(const char *s)
{
    static const char *const units[] = {
        "个", "人", "位", "名", "份", "家", "号", "號", "楼", "层",   "台", "箱", "件", "块", "元",
        "万", "千", "百", "亿", "多", "余", "几", "天", "日", "月",   "年", "周", "岁", "次", "条",
        "页", "张", "米", "公", "套", "间", "吨", "斤", "座", "组",   "辆", "种", "桌", "把", "只",
        "支", "袋", "瓶", "盒", "本", "部", "吋", "寸", "秒", "小时", "%",  "％", "点", "點", NULL};
    return eat_any(&s, units);
}

/* The minutes behind 点: 20分, 二十分, 二十, 零五; -1 for none. "三点五" is no time, and 十 alone is mostly a count, too. */
static int minutes(const char **p)
{
    const char *s = *p;
    bool han = true, zero = eat(&s, "零") || eat(&s, "〇");
    int n = zero ? han_digit(&s) : number(&s, &han);
    if (n < (zero ? 1 : 0) || n > 59)
        return -1;
    if (!eat(&s, "分") && ((!zero && han && n <= 10) || is_counted(s)))
        return -1;
    *p = s;
    return n;
}

/* Behind 点: 半, 一刻, 20分, 二十, 整 */
static int past_hour(const char **p)
{
    if (eat(p, "半"))
        return 30;
    if (eat(p, "一刻"))
        return 15;
    if (eat(p, "三刻"))
        return 45;
    if (eat(p, "整") || eat(p, "钟"))
        return 0;
    return minutes(p);
}

static bool english_half(const char **p, int *h)
{
    const char *s = *p;
    blanks(&s);
    bool pm = eat_word(&s, "pm");
    if (!pm && !eat_word(&s, "am"))
        return false;
    if (*h < 1 || *h > 12)
        return false;
    *h = *h % 12 + (pm ? 12 : 0);
    *p = s;
    return true;
}

/* The hour itself: "3点半", "15:30", "3pm"; -1 where there is none. */
static int hour_at(const char **p, Period period, bool sure)
{
    bool han, zero = **p == '0';
    const char *s = *p;
    int h = number(&s, &han), at = -1;
    if (h < 0)
        return -1;
    if (eat(&s, "点") || eat(&s, "點") || (sure && eat(&s, "时"))) {
        int past = past_hour(&s);
        if (han && !sure && past < 0) /* "便宜一点" is no time */
            return -1;
        at = minute_of(h, past < 0 ? 0 : past, period, zero);
    } else if (!han && (eat(&s, ":") || eat(&s, "："))) {
        if (!is_digit(s[0]) || !is_digit(s[1]) || is_digit(s[2]))
            return -1;
        int min = (s[0] - '0') * 10 + (s[1] - '0');
        s += 2;
        bool half = english_half(&s, &h);
        at = minute_of(h, min, half ? P_NONE : period, half || zero);
    } else if (!han && english_half(&s, &h)) {
        at = minute_of(h, 0, P_NONE, true);
    }
    if (at >= 0)
        *p = s;
    return at;
}

/* sure: something of a moment stands right before it */
static bool clock_time(Moment *m, const char **p, bool sure, bool word_start)
{
    static const int usual[] = {0, 6 * 60, 9 * 60, NOON_MIN, 14 * 60, 19 * 60};
    const char *s = *p;
    Period own = period_of(&s), period = own ? own : m->period;
    const char *behind = s;
    blanks(&s);
    if (word_start && !own && eat_word(&s, "at"))
        blanks(&s);
    else if (!own)
        s = behind;
    int at = hour_at(&s, period, sure || period != P_NONE);
    if (at < 0 && own != P_NONE) { /* "下午" alone */
        at = usual[own];
        s = behind;
    }
    if (at < 0)
        return false;
    *p = s;
    m->has_clock = true;
    m->minute = at;
    return true;
}

/* ---- all together -------------------------------------------------------------------------- */

static bool day_at(Moment *m, const char **p, bool word_start)
{
    return near_day(m, p) || week_day(m, p) || full_date(m, p) || later(m, p) ||
           date_of_month(m, p) || (word_start && english_day(m, p));
}

/* The bytes of "2月30日", which is no day: its second half alone would be one. 1 where it does not stand here. */
static int no_date(const char *s)
{
    const char *p = s;
    bool han;
    if (number(&p, &han) < 0 || !eat(&p, "月") || number(&p, &han) < 0)
        return 1;
    return eat(&p, "日") || eat(&p, "号") ? (int)(p - s) : 1;
}

/* false where it lies behind the last day there is. */
static bool resolve(const Moment *m, const char *zone, int64_t *out)
{
    if (m->has_instant) {
        *out = m->instant;
        return *out < clock_day_start("9999-12-31", zone) + DAY_MIN * INT64_C(60000);
    }
    int64_t day = m->has_day ? m->day : m->today;
    int minute = m->has_clock ? m->minute : DAY_END;
    for (int round = 0; !m->beyond && day < NO_DAY; round++) {
        char text[11];
        clock_day_text(day, text);
        ClockParts p = {.year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 +
                                (text[2] - '0') * 10 + (text[3] - '0'),
                        .month = (text[5] - '0') * 10 + (text[6] - '0'),
                        .day = (text[8] - '0') * 10 + (text[9] - '0'),
                        .hour = minute / 60,
                        .minute = minute % 60};
        *out = clock_from_parts(&p, zone);
        if (*out > m->now_ms || round)
            return true;
        if (!m->has_day) /* the time has passed today */
            day++;
        else if (!m->has_clock && day == m->today)
            minute = DAY_MIN - 1;
        else
            return true;
    }
    return false;
}

/* Words left hanging when the moment before them is gone. */
static void glue(const char **p)
{
    static const char *const words[] = {"之前", "以前", "前", "的时候", NULL};
    (void)eat_any(p, words);
}

static char *tidy(Arena *a, char *s)
{
    static const char *const edge[] = {" ", "\t", "　", ",", "，", "、",
                                       ":", "：", "。", ";", "；", NULL};
    const char *from = s;
    while (eat_any(&from, edge)) {
    }
    char *out = arena_str(a, from), *to = out;
    for (const char *q = from; *q; q++)
        if (!(*q == ' ' && to[-1] == ' ')) /* the first is no blank */
            *to++ = *q;
    while (to > out && (to[-1] == ' ' || to[-1] == ',' || to[-1] == '\t'))
        to--;
    *to = 0;
    return out;
}

void when_parse(Arena *a, const char *text, int64_t now_ms, const char *zone, When *out)
{
    ClockParts now = clock_parts(now_ms, zone);
    char today[11];
    clock_day_of(now_ms, zone, today);
    Moment m = {.today = clock_day_number(today),
                .year = now.year,
                .month = now.month,
                .date = now.day,
                .weekday = now.weekday,
                .now_ms = now_ms};
    char *rest = arena_alloc(a, strlen(text) + 1), *to = rest;
    const char *s = text, *end_of_last = NULL;
    while (*s) {
        const char *p = s;
        bool word_start = s == text || !is_word(s[-1]), sure = end_of_last == s;
        if (strncmp(s, "每", strlen("每")) ==
            0) { /* 每周一: the sign and what it stands before stay */
            Moment ignored = m;
            p += strlen("每");
            day_at(&ignored, &p, false);
        } else if ((!m.has_day && !m.has_instant && (word_start || !is_digit(*s)) &&
                    day_at(&m, &p, word_start)) ||
                   (!m.has_clock && !m.has_instant && (word_start || !is_digit(*s)) &&
                    clock_time(&m, &p, sure, word_start))) {
            glue(&p);
            s = p;
            blanks(&p);
            end_of_last = p;
            if (p > s && to > rest)
                *to++ = ' ';
            s = p;
            continue;
        }
        if (p == s)
            p += word_start ? no_date(s) : 1;
        memcpy(to, s, (size_t)(p - s));
        to += p - s;
        s = p;
    }
    *to = 0;
    if (m.period != P_NONE && !m.has_clock) { /* 今晚, 明早 alone: with a day */
        m.has_clock = true;
        m.minute = m.period == P_EVENING ? 19 * 60 : 9 * 60;
    }
    int64_t at = 0;
    out->found = (m.has_day || m.has_clock || m.has_instant) && resolve(&m, zone, &at);
    out->at_ms = out->found ? at : 0;
    out->timed = out->found && (m.has_clock || m.has_instant);
    out->rest = out->found ? tidy(a, rest) : arena_str(a, text);
}
