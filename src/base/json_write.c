/* Streaming JSON writer. See json_write.h. */
#include "base/json_write.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void jw_init(Jw *w, Buf *b)
{
    memset(w, 0, sizeof *w);
    w->b = b;
}

static void before_value(Jw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth > 0) {
        assert(!w->is_obj[w->depth - 1]); /* a value in an object needs its key first */
        if (w->has_item[w->depth - 1])
            buf_putc(w->b, ',');
        w->has_item[w->depth - 1] = 1;
    }
}

static void open_scope(Jw *w, bool obj)
{
    before_value(w);
    assert(w->depth < 64);
    buf_putc(w->b, obj ? '{' : '[');
    w->has_item[w->depth] = 0;
    w->is_obj[w->depth] = obj;
    w->depth++;
}

void jw_obj(Jw *w)
{
    open_scope(w, true);
}

void jw_arr(Jw *w)
{
    open_scope(w, false);
}

/* Are all eight bytes of w such that they stand in JSON as they are? */
static bool plain8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
    uint64_t control = (w - ones * 0x20) & ~w;
    return !((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | control) & highs);
}

static bool plain1(char ch)
{
    return (unsigned char)ch >= 0x20 && ch != '"' && ch != '\\';
}

/* Copies s to at while looking at it, eight bytes at once; the last eight overlap. false: something must be escaped. */
static bool copy_plain(char *at, const char *s, size_t n)
{
    uint64_t w;
    if (n < 8) {
        for (size_t i = 0; i < n; i++) {
            if (!plain1(s[i]))
                return false;
            at[i] = s[i];
        }
        return true;
    }
    for (size_t i = 0; n - i > 8; i += 8) {
        memcpy(&w, s + i, 8);
        if (!plain8(w))
            return false;
        memcpy(at + i, &w, 8);
    }
    memcpy(&w, s + n - 8, 8);
    memcpy(at + n - 8, &w, 8);
    return plain8(w);
}

static void escaped(Buf *b, unsigned char ch)
{
    static const char hex[] = "0123456789abcdef";
    char esc[6] = {'\\', 0, '0', '0', 0, 0};
    size_t len = 2;
    switch (ch) {
    case '"': esc[1] = '"'; break;
    case '\\': esc[1] = '\\'; break;
    case '\n': esc[1] = 'n'; break;
    case '\r': esc[1] = 'r'; break;
    case '\t': esc[1] = 't'; break;
    default:
        esc[1] = 'u';
        esc[4] = hex[ch >> 4];
        esc[5] = hex[ch & 15];
        len = 6;
    }
    buf_add(b, esc, len);
}

static void quoted(Buf *b, const char *s, size_t n)
{
    char *p = buf_room(b, n + 2);
    p[0] = '"';
    if (copy_plain(p + 1, s, n)) { /* nearly always */
        p[n + 1] = '"';
        buf_grew(b, n + 2);
        return;
    }
    buf_putc(b, '"');
    while (n > 0) {
        size_t run = 0;
        while (run < n && plain1(s[run]))
            run++;
        buf_add(b, s, run);
        if (run == n)
            break;
        escaped(b, (unsigned char)s[run]);
        s += run + 1;
        n -= run + 1;
    }
    buf_putc(b, '"');
}

void jw_list(Jw *w, Buf *b)
{
    jw_init(w, b);
    jw_obj(w);
    jw_key(w, "data");
    jw_arr(w);
}

void jw_end(Jw *w)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    buf_putc(w->b, w->is_obj[w->depth] ? '}' : ']');
}

void jw_key(Jw *w, const char *key)
{
    assert(w->depth > 0 && w->is_obj[w->depth - 1] && !w->after_key);
    if (w->has_item[w->depth - 1])
        buf_putc(w->b, ',');
    w->has_item[w->depth - 1] = 1;
    quoted(w->b, key, strlen(key));
    buf_putc(w->b, ':');
    w->after_key = true;
}

void jw_strn(Jw *w, const char *s, size_t n)
{
    before_value(w);
    quoted(w->b, s, n);
}

void jw_str(Jw *w, const char *s)
{
    if (s)
        jw_strn(w, s, strlen(s));
    else
        jw_null(w);
}

void jw_int(Jw *w, int64_t n)
{
    before_value(w);
    buf_i64(w->b, n);
}

void jw_real(Jw *w, double d)
{
    before_value(w);
    if (!isfinite(d)) {
        buf_puts(w->b, "null");
        return;
    }
    char tmp[40];
    int digits = 15;
    do
        snprintf(tmp, sizeof tmp, "%.*g", digits++, d);
    while (strtod(tmp, NULL) != d); /* 17 digits always read back */
    buf_puts(w->b, tmp);
}

void jw_bool(Jw *w, bool v)
{
    before_value(w);
    buf_puts(w->b, v ? "true" : "false");
}

void jw_null(Jw *w)
{
    before_value(w);
    buf_puts(w->b, "null");
}

void jw_raw(Jw *w, const char *json)
{
    before_value(w);
    buf_puts(w->b, json);
}

void jw_kstr(Jw *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_kint(Jw *w, const char *key, int64_t n)
{
    jw_key(w, key);
    jw_int(w, n);
}

void jw_kbool(Jw *w, const char *key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_kraw(Jw *w, const char *key, const char *json)
{
    jw_key(w, key);
    jw_raw(w, json);
}

void jw_kinstant(Jw *w, const char *key, int64_t at_ms)
{
    char text[25];
    if (at_ms)
        clock_rfc3339(at_ms, text);
    jw_kstr(w, key, at_ms ? text : NULL);
}
