/* The merged ranges of a worksheet, which stand behind its rows: found in the bytes of the part, at several times
   the speed of a parser. "<" and quotes of cells are escaped in XML, so what looks like <mergeCell ref="A1:B2"> is
   one. Parts in UTF-16, which no program is known to write, take the parser. */
#include "record/sheet/book.h"

enum { TAG = 256 }; /* <x:mergeCell ref="XFD1048576:XFD1048577"/> with room to spare */

typedef struct Scan {
    SheetBook *b;
    bool started, wide;
    size_t n; /* bytes kept of the piece before */
    char keep[TAG];
    Arena *a; /* of a piece */
} Scan;

/* A tag from "mergeCell" to before '>': its ref. */
static void take_tag(SheetBook *b, const char *tag, size_t n)
{
    char ref[TAG];
    for (const char *p = tag, *end = tag + n; (size_t)(end - p) > 5; p++) {
        if (memcmp(p, "ref", 3) != 0 || !strchr(" \t\r\n", p[-1]))
            continue;
        for (p += 3; p < end && strchr("= \t\r\n", *p); p++) {
        }
        const char *close = p < end ? memchr(p + 1, *p, (size_t)(end - p - 1)) : NULL;
        if (!close || (*p != '"' && *p != '\''))
            return;
        size_t len = (size_t)(close - p - 1);
        memcpy(ref, p + 1, len);
        ref[len] = 0;
        book_take_merge(b, ref);
        return;
    }
}

/* Takes the tags of s; returns from where on it must be seen again with the next piece. */
static size_t take_tags(SheetBook *b, const char *s, size_t n)
{
    static const char word[] = "mergeCell";
    const size_t len = sizeof word - 1;
    const char *p = s, *end = s + n;
    while ((p = memmem(p, (size_t)(end - p), word, len)) != NULL) {
        size_t left = (size_t)(end - p);
        const char *close = memchr(p, '>', left < TAG ? left : TAG);
        if (!close && left < TAG - 1)
            return (size_t)(p - s) - (p > s); /* with the byte in front of it */
        if (close && p > s && (p[-1] == '<' || p[-1] == ':') && strchr(" \t\r\n", p[len]))
            take_tag(b, p + len + 1, (size_t)(close - p) - len - 1);
        p += len;
    }
    return n > len ? n - len : 0;
}

static bool on_bytes(void *user, char *bytes, size_t n)
{
    Scan *s = user;
    if (!s->started && n >= 2) {
        s->started = true;
        s->wide = !bytes[0] || !bytes[1] || (unsigned char)bytes[0] >= 0xfe;
        if (s->wide)
            return false;
    }
    arena_reset(s->a);
    char *all = arena_alloc(s->a, s->n + n);
    memcpy(all, s->keep, s->n);
    memcpy(all + s->n, bytes, n);
    size_t len = s->n + n, from = take_tags(s->b, all, len);
    s->n = len - from;
    memcpy(s->keep, all + from, s->n);
    return true;
}

static void on_start(Part *p, const char *name, const char **attrs)
{
    if (strcmp(name, "mergeCell") == 0)
        book_take_merge(p->b, part_attr(attrs, "ref"));
}

bool book_merges_xlsx(SheetBook *b, int index)
{
    Scan s = {.b = b, .a = arena_child(b->a)};
    const char *part = b->sheets[index].part;
    bool ok = part_bytes(b, part, on_bytes, &s);
    arena_free(s.a);
    if (s.wide) {
        Part p = {.b = b, .start = on_start};
        ok = part_read(&p, part);
    }
    return ok;
}
