/* Texts into workbooks. See sheet_text.h. */
#include "record/sheet_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { CELL_UNITS = 32767, NAME_UNITS = 31 };

/* Bytes of the text that fit into so many units of UTF-16. */
static size_t fits(const char *text, size_t most)
{
    const char *p = text, *end = text + strlen(text);
    size_t units = 0;
    while (p < end) {
        const char *at = p;
        int32_t cp = utf8_next(&p, end);
        units += cp > 0xffff ? 2 : 1;
        if (units > most)
            return (size_t)(at - text);
    }
    return (size_t)(end - text);
}

static bool is_escape(const char *p)
{
    return p[0] == '_' && p[1] == 'x' && strspn(p + 2, "0123456789abcdefABCDEF") >= 4 &&
           p[6] == '_';
}

static bool has_escape(const char *text)
{
    for (const char *p = text; (p = strstr(p, "_x")); p++)
        if (is_escape(p))
            return true;
    return false;
}

const char *sheet_text(Arena *a, const char *text)
{
    size_t n = strlen(text);
    if (n > CELL_UNITS) {
        n = fits(text, CELL_UNITS);
        text = arena_dup(a, text, n);
    }
    if (!has_escape(text))
        return text;
    Buf b;
    buf_init(&b, a);
    for (const char *p = text; *p; p++) {
        if (is_escape(p))
            buf_puts(&b, "_x005F");
        buf_putc(&b, *p);
    }
    return b.data;
}

bool sheet_text_fits(const char *text)
{
    size_t n = strlen(text);
    return n <= CELL_UNITS || fits(text, CELL_UNITS) == n;
}

const char *sheet_text_name(Arena *a, const char *name)
{
    char *s = arena_str(a, name), *w = s;
    for (const char *r = s; *r; r++)
        if (!strchr("[]:*?/\\", *r) && !(w == s && *r == '\'') && (unsigned char)*r >= ' ')
            *w++ = *r;
    *w = 0;
    s[fits(s, NAME_UNITS)] = 0;
    size_t n = strlen(s);
    while (n && s[n - 1] == '\'')
        s[--n] = 0;
    return *s ? s : "_";
}
