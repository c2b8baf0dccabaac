/* Money in and out; see money.h. */
#include "base/money.h"

#include <string.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/fold.h"

enum { TEXT_MAX = 80 };

static bool fail(MoneyError *why, MoneyError e)
{
    if (why)
        *why = e;
    return e == MONEY_OK;
}

const char *money_error_key(MoneyError e)
{
    static const char *const keys[] = {
        [MONEY_OK] = "",
        [MONEY_EMPTY] = "err.money.empty",
        [MONEY_FORM] = "err.money.form",
        [MONEY_PRECISION] = "err.money.precision",
        [MONEY_RANGE] = "err.money.range",
    };
    return keys[e];
}

/* --- reading ----------------------------------------------------------------------------------- */

/*
 * digits[.digits] times 10^zeros, in minor units. Exact: digits that would be lost are an error.
 * *end is where the number stops.
 */
static MoneyError scale(const char *s, int zeros, int64_t *out)
{
    int64_t v = 0;
    int after = -1, places = zeros + 2; /* decimal places that still count */
    bool any = false;
    for (; *s; s++) {
        if (*s == '.') {
            if (after >= 0)
                return MONEY_FORM;
            after = 0;
            continue;
        }
        if (*s < '0' || *s > '9')
            return MONEY_FORM;
        any = true;
        if (after >= 0 && after++ >= places) {
            if (*s != '0')
                return MONEY_PRECISION;
            continue;
        }
        if (v > MONEY_MAX / 10)
            return MONEY_RANGE;
        v = v * 10 + (*s - '0');
    }
    if (!any)
        return MONEY_FORM;
    for (int i = after > 0 ? after : 0; i < places; i++) {
        if (v > MONEY_MAX / 10)
            return MONEY_RANGE;
        v *= 10;
    }
    if (v > MONEY_MAX)
        return MONEY_RANGE;
    *out = v;
    return MONEY_OK;
}

bool money_parse_strict(const char *text, int64_t *out_minor, MoneyError *why)
{
    const char *s = text + (*text == '-');
    const char *dot = strchr(s, '.');
    if (!*text)
        return fail(why, MONEY_EMPTY);
    if (*s < '0' || *s > '9' || (dot && !dot[1]))
        return fail(why, MONEY_FORM);
    for (const char *p = s; *p; p++)
        if (*p != '.' && (*p < '0' || *p > '9'))
            return fail(why, MONEY_FORM);
    if (dot && strlen(dot) > 3)
        return fail(why, strchr(dot + 1, '.') ? MONEY_FORM : MONEY_PRECISION);
    int64_t v;
    MoneyError e = scale(s, 0, &v);
    if (e != MONEY_OK)
        return fail(why, e);
    *out_minor = *text == '-' ? -v : v;
    return fail(why, MONEY_OK);
}

/* Narrow, without blanks and what cannot be seen; false where it is too long. */
static bool tidy(const char *text, char out[TEXT_MAX])
{
    size_t n = 0;
    while (*text) {
        const char *from = text;
        uint32_t cp = cp_next(&text);
        if (fold_is_blank(cp) || fold_is_invisible(cp))
            continue;
        if (n > TEXT_MAX - 6)
            return false;
        if (cp >= 0xFF01 && cp <= 0xFF5E) {
            out[n++] = (char)(cp - 0xFEE0);
            continue;
        }
        if (cp == 0x2212) {
            out[n++] = '-';
            continue;
        }
        memcpy(out + n, from, (size_t)(text - from));
        n += (size_t)(text - from);
    }
    out[n] = 0;
    return true;
}

/* Cuts `end` off the end of s. */
static bool cut_end(char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    if (n < k || strcmp(s + n - k, end) != 0)
        return false;
    s[n - k] = 0;
    return true;
}

/* Takes out commas that stand as thousands separators; false where one stands elsewhere. */
static bool cut_commas(char *s)
{
    if (!strchr(s, ','))
        return true;
    char *w = s;
    size_t group = 0;
    bool first = true, fraction = false;
    for (const char *r = s;; r++) {
        if (*r == ',' || *r == '.' || !*r) {
            bool comma = *r == ',';
            if (!fraction && (first ? group < 1 || (comma && group > 3) : group != 3))
                return false;
            if (fraction && comma)
                return false;
            fraction |= *r == '.';
            first = false;
            group = 0;
        } else {
            group++;
        }
        if (*r != ',')
            *w++ = *r;
        if (!*r)
            return true;
    }
}

bool money_parse(const char *text, int64_t *out_minor, MoneyError *why)
{
    static const struct {
        const char *name;
        int zeros;
    } units[] = {{"千万", 7}, {"百万", 6}, {"十万", 5}, {"亿", 8}, {"万", 4}, {"千", 3}, {"百", 2}};
    char buf[TEXT_MAX], *s = buf;
    if (!tidy(text, buf))
        return fail(why, MONEY_FORM);
    if (!*s)
        return fail(why, MONEY_EMPTY);
    bool minus = *s == '-';
    s += minus;
    static const char *const marks[] = {"人民币", "RMB", "CNY", "rmb", "cny", "¥", "￥", NULL};
    for (int i = 0; marks[i]; i++) {
        size_t n = strlen(marks[i]);
        if (!strncmp(s, marks[i], n)) {
            s += n;
            i = -1; /* "RMB ¥3000" */
        }
    }
    if (!minus && *s == '-') {
        minus = true;
        s++;
    }
    if (!cut_end(s, "人民币") && !cut_end(s, "RMB") && !cut_end(s, "CNY"))
        cut_end(s, "整");
    if (!cut_end(s, "元"))
        cut_end(s, "块");
    int zeros = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units && !zeros; i++)
        if (cut_end(s, units[i].name))
            zeros = units[i].zeros;
    if (!cut_commas(s))
        return fail(why, MONEY_FORM);
    int64_t v;
    MoneyError e = scale(s, zeros, &v);
    if (e != MONEY_OK)
        return fail(why, e);
    *out_minor = minus ? -v : v;
    return fail(why, MONEY_OK);
}

/* --- writing ----------------------------------------------------------------------------------- */

/* The amount without its sign; also right for the smallest int64. */
static uint64_t magnitude(int64_t minor)
{
    return minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
}

char *money_text(Arena *a, int64_t minor)
{
    uint64_t v = magnitude(minor);
    return arena_printf(a, "%s%llu.%02u", minor < 0 ? "-" : "", (unsigned long long)(v / 100),
                        (unsigned)(v % 100));
}

char *money_display(Arena *a, int64_t minor, const char *symbol)
{
    uint64_t v = magnitude(minor);
    char *whole = arena_printf(a, "%llu", (unsigned long long)(v / 100));
    size_t n = strlen(whole);
    Buf b;
    buf_init(&b, a);
    if (minor < 0)
        buf_putc(&b, '-');
    buf_puts(&b, symbol);
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buf_putc(&b, ',');
        buf_putc(&b, whole[i]);
    }
    buf_printf(&b, ".%02u", (unsigned)(v % 100));
    return b.data;
}

/* v / unit, half to even. */
static uint64_t round_even(uint64_t v, uint64_t unit)
{
    uint64_t q = v / unit, r = v % unit;
    return r * 2 > unit || (r * 2 == unit && q % 2) ? q + 1 : q;
}

char *money_short(Arena *a, int64_t minor)
{
    uint64_t v = magnitude(minor), hundredths = v;
    const char *unit = "";
    if (v >= UINT64_C(1000000)) { /* 1 万 in minor units */
        hundredths = round_even(v, 10000);
        unit = "万";
    }
    if (v >= UINT64_C(10000000000) || hundredths >= 1000000) { /* 1 亿, or rounded up to it */
        hundredths = round_even(v, 100000000);
        unit = "亿";
    }
    char *out = arena_printf(a, "%s%llu.%02u", minor < 0 ? "-" : "",
                             (unsigned long long)(hundredths / 100), (unsigned)(hundredths % 100));
    size_t n = strlen(out);
    while (out[n - 1] == '0')
        n--;
    if (out[n - 1] == '.')
        n--;
    return arena_printf(a, "%.*s%s", (int)n, out, unit);
}

static const char *const capital[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

/* Up to 9999. */
static void put_section(Buf *b, unsigned v)
{
    static const char *const unit[] = {"仟", "佰", "拾", ""};
    unsigned div = 1000;
    bool begun = false, zero = false;
    for (int i = 0; i < 4; i++, div /= 10) {
        unsigned d = v / div % 10;
        if (d) {
            if (zero)
                buf_puts(b, "零");
            buf_puts(b, capital[d]);
            buf_puts(b, unit[i]);
            begun = true;
        }
        zero = begun && !d;
    }
}

/* Any whole number over 0. A section that does not fill its four places is led by one 零. */
static void put_whole(Buf *b, uint64_t v)
{
    static const struct {
        uint64_t size;
        const char *name;
    } level[] = {{100000000, "亿"}, {10000, "万"}};
    for (int i = 0; i < 2; i++) {
        if (v < level[i].size)
            continue;
        put_whole(b, v / level[i].size);
        buf_puts(b, level[i].name);
        v %= level[i].size;
        if (v && v < level[i].size / 10)
            buf_puts(b, "零");
    }
    put_section(b, (unsigned)v);
}

char *money_chinese(Arena *a, int64_t minor)
{
    uint64_t v = magnitude(minor), yuan = v / 100;
    unsigned jiao = (unsigned)(v / 10 % 10), fen = (unsigned)(v % 10);
    Buf b;
    buf_init(&b, a);
    if (minor < 0)
        buf_puts(&b, "负");
    if (yuan) {
        put_whole(&b, yuan);
        buf_puts(&b, "元");
    } else if (!v) {
        buf_puts(&b, "零元");
    }
    if (jiao) {
        /* The 零 in front of 角 where the place of 元 is 0, as in the bank's example. */
        if (yuan && yuan % 10 == 0)
            buf_puts(&b, "零");
        buf_puts(&b, capital[jiao]);
        buf_puts(&b, "角");
    } else if (yuan && fen) {
        buf_puts(&b, "零");
    }
    if (fen) {
        buf_puts(&b, capital[fen]);
        buf_puts(&b, "分");
    } else {
        buf_puts(&b, "整");
    }
    return b.data;
}
