/* Texts with places filled, and how values are written into them. See fill.h; the scanner is fill_scan.c. */
#include "base/fill.h"

#include <string.h>

static void add_json(Buf *b, unsigned char ch)
{
    if (ch == '"' || ch == '\\')
        buf_printf(b, "\\%c", ch);
    else if (ch == '\n')
        buf_puts(b, "\\n");
    else if (ch < 0x20)
        buf_printf(b, "\\u%04x", ch);
    else
        buf_putc(b, (char)ch);
}

static void add_html(Buf *b, unsigned char ch)
{
    const char *name = ch == '&'    ? "&amp;"
                       : ch == '<'  ? "&lt;"
                       : ch == '>'  ? "&gt;"
                       : ch == '"'  ? "&quot;"
                       : ch == '\'' ? "&#39;"
                       : ch == '\n' ? "<br>\n"
                                    : NULL;
    if (name)
        buf_puts(b, name);
    else
        buf_putc(b, (char)ch);
}

static void add_url(Buf *b, unsigned char ch)
{
    bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                 strchr("-._~", ch);
    if (plain && ch)
        buf_putc(b, (char)ch);
    else
        buf_printf(b, "%%%02X", ch);
}

static void add(Buf *b, const char *value, FillFor how)
{
    for (const char *p = value ? value : ""; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        switch (how) {
        case FILL_PLAIN: buf_putc(b, *p); break;
        case FILL_LINE: buf_putc(b, ch < 0x20 || ch == 0x7F ? ' ' : *p); break;
        case FILL_HTML: add_html(b, ch); break;
        case FILL_JSON: add_json(b, ch); break;
        case FILL_URL: add_url(b, ch); break;
        }
    }
}

char *fill_value(Arena *a, const char *value, FillFor how)
{
    Buf b;
    buf_init(&b, a);
    add(&b, value, how);
    return b.data;
}

char *fill_text(Arena *a, const char *text, const FillVar *vars, FillFor how)
{
    const char *end = text + strlen(text);
    FillTag t;
    Buf b;
    buf_init(&b, a);
    for (; fill_next(text, end, FILL_NAMES, &t); text = t.end) {
        buf_add(&b, text, (size_t)(t.at - text));
        for (const FillVar *v = vars; v && v->name; v++)
            if (strlen(v->name) == t.n && memcmp(v->name, t.name, t.n) == 0)
                add(&b, v->value, how);
    }
    buf_add(&b, text, (size_t)(end - text));
    return b.data;
}

static bool is_known(const char *const *known, const char *name, size_t n)
{
    for (; *known; known++)
        if (strlen(*known) == n && memcmp(*known, name, n) == 0)
            return true;
    return false;
}

bool fill_check(Ctx *c, const char *field, const char *text, const char *const *known)
{
    FillTag t;
    Buf wrong, all;
    buf_init(&wrong, c->a);
    buf_init(&all, c->a);
    for (const char *p = text, *end = text ? text + strlen(text) : NULL;
         p && fill_next(p, end, FILL_NAMES, &t); p = t.end)
        if (!is_known(known, t.name, t.n))
            buf_printf(&wrong, "%s%.*s", wrong.len ? ", " : "", (int)t.n, t.name);
    if (!wrong.len)
        return true;
    for (; *known; known++)
        buf_printf(&all, "%s{{%s}}", all.len ? " " : "", *known);
    return ctx_fail(c, ERR_INVALID, field, "err.template_place", wrong.data, all.data);
}
