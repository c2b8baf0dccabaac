/*
 * Conditions on days and instants. Every value is a span of days or instants in the caller's zone
 * ("2026-11-21" and "today" are a day, "this_month" a month, an RFC 3339 text one instant), and each
 * operator is a comparison with its ends: = within, < before its start, > behind its end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "meta/filter_impl.h"

/* From lo up to but not including hi: days since 1970, or ms. */
typedef struct Span {
    int64_t lo, hi;
    bool exact; /* an instant */
} Span;

typedef struct Ymd {
    int y, m, d;
} Ymd;

static int two(const char *s)
{
    return (s[0] - '0') * 10 + (s[1] - '0');
}

static Ymd today(Ctx *c, int64_t *number)
{
    char day[11];
    clock_day_of(c->now_ms, c->zone, day);
    *number = clock_day_number(day);
    return (Ymd){two(day) * 100 + two(day + 2), two(day + 5), two(day + 8)};
}

/* The number of the first of a month; month may lie outside 1–12. */
static int64_t month_start(int y, int m)
{
    int months = y * 12 + (m - 1);
    if (months < 12)
        months = 12;
    if (months > 9998 * 12)
        months = 9998 * 12;
    char day[11] = "0000-00-01";
    int yy = months / 12, mm = months % 12 + 1;
    day[0] = (char)('0' + yy / 1000);
    day[1] = (char)('0' + yy / 100 % 10);
    day[2] = (char)('0' + yy / 10 % 10);
    day[3] = (char)('0' + yy % 10);
    day[5] = (char)('0' + mm / 10);
    day[6] = (char)('0' + mm % 10);
    return clock_day_number(day);
}

static bool word_span(Ctx *c, const char *w, Span *out)
{
    int64_t n;
    Ymd t = today(c, &n);
    if (strcmp(w, "today") == 0 || strcmp(w, "yesterday") == 0 || strcmp(w, "tomorrow") == 0) {
        out->lo = n + (w[0] == 'y' ? -1 : w[2] == 'm' ? 1 : 0);
        out->hi = out->lo + 1;
        return true;
    }
    int shift;
    if (strncmp(w, "this_", 5) == 0)
        shift = 0;
    else if (strncmp(w, "last_", 5) == 0)
        shift = -1;
    else if (strncmp(w, "next_", 5) == 0)
        shift = 1;
    else
        return false;
    w += 5;
    if (strcmp(w, "week") == 0) { /* Monday first; day 0 was a Thursday */
        int64_t monday = n - ((n + 3) % 7 + 7) % 7;
        out->lo = monday + 7 * shift;
        out->hi = out->lo + 7;
        return true;
    }
    int months = strcmp(w, "month") == 0     ? 1
                 : strcmp(w, "quarter") == 0 ? 3
                 : strcmp(w, "year") == 0    ? 12
                                             : 0;
    if (!months)
        return false;
    int first = (t.m - 1) / months * months + 1 + shift * months;
    out->lo = month_start(t.y, first);
    out->hi = month_start(t.y, first + months);
    return true;
}

/* "-3d", "+2w", "-1m", "-1y": a day; "-4h": an instant. */
static bool shift_span(Ctx *c, const Field *f, const char *w, Span *out)
{
    if (*w != '-' && *w != '+')
        return false;
    int sign = *w == '-' ? -1 : 1;
    int64_t k = 0;
    const char *p = w + 1;
    int digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 5; p++, digits++)
        k = k * 10 + (*p - '0');
    if (!digits || !*p || p[1])
        return false;
    int64_t n;
    Ymd t = today(c, &n);
    k *= sign;
    switch (*p) {
    case 'h':
        if (f->type != FT_DATETIME)
            return false;
        *out = (Span){c->now_ms + k * 3600000, c->now_ms + k * 3600000 + 1, true};
        return true;
    case 'd': out->lo = n + k; break;
    case 'w': out->lo = n + 7 * k; break;
    case 'm':
    case 'y': {
        int months = (int)k * (*p == 'y' ? 12 : 1);
        if (months > 12 * 1000 || months < -12 * 1000)
            return false;
        int64_t start = month_start(t.y, t.m + months), end = month_start(t.y, t.m + months + 1);
        out->lo = start + t.d - 1;
        if (out->lo >= end) /* the 31st of a shorter month is its last day */
            out->lo = end - 1;
        break;
    }
    default: return false;
    }
    out->hi = out->lo + 1;
    return true;
}

static bool span_of(Ctx *c, const Field *f, json_object *j, Span *out)
{
    const char *s = json_object_is_type(j, json_type_string) ? json_object_get_string(j) : NULL;
    int64_t ms;
    *out = (Span){0, 0, false};
    if (s && strcmp(s, "now") == 0 && f->type == FT_DATETIME) {
        *out = (Span){c->now_ms, c->now_ms + 1, true};
        return true;
    }
    if (s && strcmp(s, "now") == 0)
        s = "today";
    bool found = s && (word_span(c, s, out) || shift_span(c, f, s, out));
    if (s && !found && strlen(s) == 10 && clock_day_valid(s)) {
        out->lo = clock_day_number(s);
        out->hi = out->lo + 1;
        found = true;
    }
    if (s && !found && f->type == FT_DATETIME && clock_parse_rfc3339(s, &ms)) {
        *out = (Span){ms, ms + 1, true};
        found = true;
    }
    if (!found)
        return ctx_fail(c, ERR_FORMAT_DATE, f->name,
                        f->type == FT_DATE ? "type.want_date" : "type.want_datetime",
                        label_in(f->label, c->lang));
    /* Days outside the calendar (year 1 to 9999) cannot be written. */
    if (!out->exact && (out->lo < -719162 || out->hi > 2932896))
        return ctx_fail(c, ERR_FORMAT_DATE, f->name, "type.want_date", label_in(f->label, c->lang));
    return true;
}

static DbVal end_val(Ctx *c, const Field *f, const Span *s, int64_t at)
{
    if (s->exact)
        return db_of_int(at);
    char *day = arena_alloc(c->a, 11);
    clock_day_text(at, day);
    return f->type == FT_DATE ? db_of_text(day) : db_of_int(clock_day_start(day, c->zone));
}

static Filter *cmp(Ctx *c, const Field *f, FilterOp op, const Span *s, bool hi)
{
    DbVal v = end_val(c, f, s, hi ? s->hi : s->lo);
    return filter_leaf(c->a, f, op, &v, 1);
}

static Filter *within(Ctx *c, const Field *f, const Span *s)
{
    if (s->exact || (f->type == FT_DATE && s->hi == s->lo + 1))
        return cmp(c, f, OP_EQ, s, false);
    return filter_and(c->a, cmp(c, f, OP_GE, s, false), cmp(c, f, OP_LT, s, true));
}

bool filter_time(Ctx *c, const Field *f, FilterOp op, json_object *const *vals, int n, Filter **out)
{
    Arena *a = c->a;
    Span s, t;
    if (op == OP_IN || op == OP_NOT_IN) {
        Filter *x = filter_false(a);
        for (int i = 0; i < n; i++) {
            if (!vals[i]) {
                x = filter_or(a, x, filter_leaf(a, f, OP_IS_NULL, NULL, 0));
                continue;
            }
            if (!span_of(c, f, vals[i], &s))
                return false;
            x = filter_or(a, x, within(c, f, &s));
        }
        *out = op == OP_IN ? x : filter_not(a, x);
        return true;
    }
    if (n == 1 && !vals[0] && (op == OP_EQ || op == OP_NE)) {
        *out = filter_leaf(a, f, op == OP_EQ ? OP_IS_NULL : OP_NOT_NULL, NULL, 0);
        return true;
    }
    if (!span_of(c, f, vals[0], &s))
        return false;
    switch (op) {
    case OP_EQ: *out = within(c, f, &s); return true;
    case OP_NE: *out = filter_not(a, within(c, f, &s)); return true;
    case OP_LT: *out = cmp(c, f, OP_LT, &s, false); return true;
    case OP_LE: *out = cmp(c, f, OP_LT, &s, true); return true;
    case OP_GT: *out = cmp(c, f, OP_GE, &s, true); return true;
    case OP_GE: *out = cmp(c, f, OP_GE, &s, false); return true;
    case OP_BETWEEN:
        if (!span_of(c, f, vals[1], &t))
            return false;
        *out = filter_and(a, cmp(c, f, OP_GE, &s, false), cmp(c, f, OP_LT, &t, true));
        return true;
    default: break;
    }
    return ctx_fail(c, ERR_BAD_FILTER, f->name, "filter.op_type", f->name, op_name(op));
}
