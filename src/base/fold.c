/* Tidying text; see fold.h. utf8proc does the Unicode part. */
#include "base/fold.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/cp.h"

bool fold_is_invisible(uint32_t cp)
{
    return cp == 0xAD || (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2060 && cp <= 0x2069) || cp == 0xFEFF || cp == 0x180E;
}

bool fold_is_blank(uint32_t cp)
{
    return cp == ' ' || (cp >= 9 && cp <= 13) || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

/* One blank between words, none at the ends; in place. */
static void squeeze(char *s)
{
    const char *r = s;
    char *w = s;
    bool gap = false;
    while (*r) {
        const char *from = r;
        uint32_t cp = cp_next(&r);
        if (fold_is_blank(cp)) {
            gap = w > s;
            continue;
        }
        if (gap)
            *w++ = ' ';
        gap = false;
        memmove(w, from, (size_t)(r - from));
        w += r - from;
    }
    *w = 0;
}

/* A copy without the bytes that are no UTF-8. */
static char *valid_copy(Arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) + 1), *w = out;
    while (*s) {
        const char *from = s;
        if (cp_next(&s) == 0xFFFD && s - from == 1)
            continue;
        memcpy(w, from, (size_t)(s - from));
        w += s - from;
    }
    *w = 0;
    return out;
}

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
}

/*
 * Nearly all text here is ASCII, Han and Chinese punctuation, which fold without tables: Han and 、。《》「」【】
 * stay, full-width forms become ASCII, the wide blank a blank. Nothing of it joins with a neighbour. false: something else.
 */
static bool fold_plain(const char *s, char *out)
{
    const unsigned char *r = (const unsigned char *)s;
    for (; *r; r++) {
        if (*r < 0x80) {
            *out++ = lower((char)*r);
            continue;
        }
        if (*r < 0xE3 || *r > 0xEF || (r[1] & 0xC0) != 0x80 || (r[2] & 0xC0) != 0x80)
            return false;
        uint32_t cp = (uint32_t)(*r & 0x0F) << 12 | (uint32_t)(r[1] & 0x3F) << 6 | (r[2] & 0x3F);
        if (cp == 0x3000) {
            *out++ = ' ';
        } else if (cp >= 0xFF01 && cp <= 0xFF5E) {
            *out++ = lower((char)(cp - 0xFEE0));
        } else if ((cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0x3400 && cp <= 0x4DBF) ||
                   cp <= 0x3003 || (cp >= 0x3008 && cp <= 0x3011)) {
            memcpy(out, r, 3);
            out += 3;
        } else {
            return false;
        }
        r += 2;
    }
    *out = 0;
    return true;
}

char *fold_text(Arena *a, const char *s)
{
    char *out = arena_dup(a, s, strlen(s)); /* no folded text of that kind is longer */
    if (!fold_plain(s, out)) {
        utf8proc_uint8_t *folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)s);
        if (!folded)
            folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)valid_copy(a, s));
        out = arena_str(a, folded ? (const char *)folded : "");
        free(folded);
    }
    squeeze(out);
    return out;
}

static bool is_control(uint32_t cp)
{
    return (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || (cp >= 0x7F && cp <= 0x9F);
}

char *fold_clean(Arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) + 1), *w = out, *end = out;
    uint32_t before = 0;
    while (*s) {
        const char *from = s;
        uint32_t cp = cp_next(&s);
        bool joins =
            cp == 0x200D && before >= 0x2190; /* 👩‍🔧 is three code points and a joiner */
        if ((fold_is_invisible(cp) && !joins) || is_control(cp))
            continue;
        if (fold_is_blank(cp) && w == out)
            continue;
        memcpy(w, from, (size_t)(s - from));
        w += s - from;
        if (!fold_is_blank(cp))
            end = w;
        before = cp;
    }
    *end = 0;
    return out;
}

char *fold_narrow(Arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) + 1), *w = out;
    while (*s) {
        const char *from = s;
        uint32_t cp = cp_next(&s);
        if (fold_is_invisible(cp))
            continue;
        if (cp >= 0xFF01 && cp <= 0xFF5E)
            *w++ = (char)(cp - 0xFEE0);
        else if (cp > 0x7F && fold_is_blank(cp))
            *w++ = ' ';
        else if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212)
            *w++ = '-';
        else {
            memcpy(w, from, (size_t)(s - from));
            w += s - from;
        }
    }
    *w = 0;
    return out;
}

size_t fold_code(const char *text, char *out, size_t room)
{
    size_t n = 0;
    while (*text) {
        uint32_t cp = cp_next(&text);
        if (cp >= 0xFF01 && cp <= 0xFF5E)
            cp -= 0xFEE0;
        if (fold_is_blank(cp) || fold_is_invisible(cp) || cp == '-')
            continue;
        if (cp >= 'a' && cp <= 'z')
            cp -= 32;
        if (n < room - 1)
            out[n] = (char)(cp < 0x80 ? cp : '?');
        n++;
    }
    out[n < room - 1 ? n : room - 1] = 0;
    return n;
}
