/* A growing string on an arena. See buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static char empty[1];

void buf_init(Buf *b, Arena *a)
{
    *b = (Buf){.a = a, .data = empty};
}

void buf_enlarge(Buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap * 2 : 128;
    while (cap < b->len + n + 1)
        cap *= 2;
    char *p = arena_alloc(b->a, cap);
    if (b->len)
        memcpy(p, b->data, b->len);
    b->data = p;
    b->cap = cap;
}

void buf_add(Buf *b, const char *s, size_t n)
{
    if (!n)
        return;
    memcpy(buf_room(b, n), s, n);
    buf_grew(b, n);
}

void buf_puts(Buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_i64(Buf *b, int64_t n)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    enum { MOST = 24 };
    char tmp[2 * MOST] = {0}; /* the second half is only copied along */
    char *p = tmp + MOST;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    for (; u >= 100; u /= 100) { /* two digits a division: ids have fifteen */
        p -= 2;
        memcpy(p, pairs + 2 * (u % 100), 2);
    }
    if (u >= 10) {
        p -= 2;
        memcpy(p, pairs + 2 * u, 2);
    } else {
        *--p = (char)('0' + u);
    }
    if (n < 0)
        *--p = '-';
    memcpy(buf_room(b, MOST), p, MOST); /* of a fixed length: no call */
    buf_grew(b, (size_t)(tmp + MOST - p));
}

void buf_printf(Buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n <= 0)
        return;
    char *p = buf_room(b, (size_t)n);
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_grew(b, (size_t)n);
}

void buf_clear(Buf *b)
{
    b->len = 0;
    if (b->cap)
        b->data[0] = 0;
}
