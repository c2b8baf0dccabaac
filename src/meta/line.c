/*
 * Where in a declaration file something stands: a small walk over relaxed JSON that counts lines. Only
 * used for messages, so it is lenient: the file was parsed by base/json_read before.
 */
#include <string.h>

#include "meta/parse.h"

typedef struct Walk {
    const char *p, *end;
    int line;
} Walk;

static void skip_blank(Walk *w)
{
    while (w->p < w->end) {
        if (*w->p == '\n') {
            w->line++;
            w->p++;
        } else if (*w->p == ' ' || *w->p == '\t' || *w->p == '\r' || *w->p == ',') {
            w->p++;
        } else if (w->p[0] == '/' && w->p + 1 < w->end && w->p[1] == '/') {
            while (w->p < w->end && *w->p != '\n')
                w->p++;
        } else if (w->p[0] == '/' && w->p + 1 < w->end && w->p[1] == '*') {
            w->p += 2;
            while (w->p + 1 < w->end && !(w->p[0] == '*' && w->p[1] == '/')) {
                if (*w->p == '\n')
                    w->line++;
                w->p++;
            }
            w->p = w->p + 2 < w->end ? w->p + 2 : w->end;
        } else {
            return;
        }
    }
}

/* Steps over a string; gives its inside as written. */
static void skip_string(Walk *w, const char **s, size_t *n)
{
    w->p++;
    *s = w->p;
    while (w->p < w->end && *w->p != '"') {
        if (*w->p == '\\' && w->p + 1 < w->end)
            w->p++;
        if (*w->p == '\n')
            w->line++;
        w->p++;
    }
    *n = (size_t)(w->p - *s);
    if (w->p < w->end)
        w->p++;
}

static void skip_value(Walk *w)
{
    int depth = 0;
    do {
        skip_blank(w);
        if (w->p >= w->end)
            return;
        char ch = *w->p;
        if (ch == '"') {
            const char *s;
            size_t n;
            skip_string(w, &s, &n);
        } else {
            if (ch == '{' || ch == '[')
                depth++;
            else if (ch == '}' || ch == ']')
                depth--;
            w->p++;
            if (ch != '{' && ch != '[' && ch != '}' && ch != ']' && ch != ':')
                while (w->p < w->end && !strchr(",:{}[] \t\r\n\"/", *w->p))
                    w->p++;
        }
    } while (depth > 0);
}

int meta_line(const MetaSource *s, const char *const *keys)
{
    Walk w = {s->text, s->text + s->len, 1};
    int found = 1;
    skip_blank(&w);
    for (; *keys && w.p < w.end && *w.p == '{'; keys++) {
        w.p++;
        bool hit = false;
        while (!hit) {
            skip_blank(&w);
            if (w.p >= w.end || *w.p != '"')
                return found;
            const char *name;
            size_t n;
            int line = w.line;
            skip_string(&w, &name, &n);
            hit = n == strlen(*keys) && memcmp(name, *keys, n) == 0;
            skip_blank(&w);
            if (w.p < w.end && *w.p == ':')
                w.p++;
            skip_blank(&w);
            if (hit)
                found = line;
            else
                skip_value(&w);
        }
    }
    return found;
}
