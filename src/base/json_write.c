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

/* Bytes at the start of s that stand in JSON as they are; eight are looked at at once. */
static size_t plain_run(const char *s, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t w;
        memcpy(&w, s + i, 8);
        uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t control = (w - ones * 0x20) & ~w;
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | control) & highs)
            break;
    }
    for (; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch < 0x20 || ch == '"' || ch == '\\')
            break;
    }
    return i;
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
    size_t run = plain_run(s, n);
    if (run == n) { /* nearly always */
        char *p = buf_room(b, n + 2);
        p[0] = '"';
        memcpy(p + 1, s, n);
        p[n + 1] = '"';
        buf_grew(b, n + 2);
        return;
    }
    buf_putc(b, '"');
    while (n > 0) {
        run = plain_run(s, n);
        buf_add(b, s, run);
        if (run == n)
            break;
        escaped(b, (unsigned char)s[run]);
        s += run + 1;
        n -= run + 1;
    }
    buf_putc(b, '"');
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

void jw_key_ready(Jw *w, const char *text, size_t n)
{
    assert(w->depth > 0 && w->is_obj[w->depth - 1] && !w->after_key);
    char *p = buf_room(w->b, n + 1);
    size_t comma = w->has_item[w->depth - 1];
    p[0] = ',';
    memcpy(p + comma, text, n);
    buf_grew(w->b, n + comma);
    w->has_item[w->depth - 1] = 1;
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
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(tmp, sizeof tmp, "%.*g", digits, d);
        if (strtod(tmp, NULL) == d)
            break;
    }
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
