/* Strict UTF-8. See utf8.h. */
#include "base/utf8.h"

#include <string.h>

int32_t utf8_next(const char **p, const char *end)
{
    const unsigned char *s = (const unsigned char *)*p;
    size_t left = (size_t)(end - *p);
    if (left == 0)
        return -1;
    unsigned ch = s[0];
    if (ch < 0x80) {
        ++*p;
        return (int32_t)ch;
    }
    unsigned low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t n;
    uint32_t cp;
    if (ch >= 0xC2 && ch <= 0xDF) {
        n = 2;
        cp = ch & 0x1F;
    } else if (ch >= 0xE0 && ch <= 0xEF) {
        n = 3;
        cp = ch & 0x0F;
        if (ch == 0xE0)
            low = 0xA0;
        else if (ch == 0xED)
            high = 0x9F; /* no surrogates */
    } else if (ch >= 0xF0 && ch <= 0xF4) {
        n = 4;
        cp = ch & 0x07;
        if (ch == 0xF0)
            low = 0x90;
        else if (ch == 0xF4)
            high = 0x8F;
    } else {
        ++*p;
        return -1;
    }
    for (size_t i = 1; i < n; i++) {
        if (i >= left || s[i] < low || s[i] > high) {
            *p += i;
            return -1;
        }
        cp = cp << 6 | (s[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *p += n;
    return (int32_t)cp;
}

size_t utf8_valid_len(const char *s, size_t n)
{
    const char *p = s, *end = s + n;
    while (p < end) {
        /* eight ASCII bytes at a time: most of JSON is that */
        uint64_t w;
        while (end - p >= 8 && (memcpy(&w, p, 8), (w & 0x8080808080808080u) == 0))
            p += 8;
        if (p == end)
            break;
        const char *at = p;
        if (utf8_next(&p, end) < 0)
            return (size_t)(at - s);
    }
    return n;
}

bool utf8_valid(const char *s, size_t n)
{
    return utf8_valid_len(s, n) == n;
}

size_t utf8_count_n(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

size_t utf8_count(const char *s)
{
    return utf8_count_n(s, strlen(s));
}

size_t utf8_clip(const char *s, size_t max)
{
    size_t i = 0;
    for (; s[i]; i++)
        if (((unsigned char)s[i] & 0xC0) != 0x80 && max-- == 0)
            break;
    return i;
}

size_t utf8_fit(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    while (len == n && n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
        len = --n;
    return len;
}

const char *utf8_cut(Arena *a, const char *s, size_t n)
{
    return !s || strnlen(s, n + 1) <= n ? s : arena_dup(a, s, utf8_fit(s, n));
}

size_t utf8_put(int32_t cp, char out[4])
{
    uint32_t c = (uint32_t)cp;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

char *utf8_clean(Arena *a, const char *s, size_t n)
{
    const char *p = s, *end = s + n;
    char *out = arena_alloc(a, n * 3 + 1), *o = out;
    while (p < end) {
        const char *from = p;
        int32_t cp = utf8_next(&p, end);
        if (cp > 0) {
            memcpy(o, from, (size_t)(p - from));
            o += p - from;
        } else {
            memcpy(o, "\xEF\xBF\xBD", 3);
            o += 3;
        }
    }
    *o = 0;
    return out;
}

bool utf8_is_blank(int32_t cp)
{
    return (cp >= 0 && cp <= 0x20) || (cp >= 0x7F && cp <= 0xA0) || cp == 0xAD || cp == 0x61C ||
           cp == 0x1680 || (cp >= 0x180B && cp <= 0x180E) || (cp >= 0x2000 && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202F) || (cp >= 0x205F && cp <= 0x206F) || cp == 0x2800 ||
           cp == 0x3000 || cp == 0x3164 || cp == 0xFFA0 || (cp >= 0xFE00 && cp <= 0xFE0F) ||
           cp == 0xFEFF || (cp >= 0xFFF9 && cp <= 0xFFFB) || (cp >= 0xE0000 && cp <= 0xE01EF);
}

const char *utf8_trim(const char *s, size_t *n)
{
    const char *p = s, *end = s + *n, *last = s;
    while (p < end) {
        const char *at = p;
        if (!utf8_is_blank(utf8_next(&p, end))) {
            p = at;
            break;
        }
    }
    const char *from = last = p;
    while (p < end)
        if (!utf8_is_blank(utf8_next(&p, end)))
            last = p;
    *n = (size_t)(last - from);
    return from;
}
