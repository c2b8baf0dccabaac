/*
 * The shared strings of an .xlsx, read as far as the rows need them: programs write them in the order in which they
 * first appear, so who looks at the head of a book of a million strings takes some hundred of them.
 */
#include <string.h>

#include "base/utf8.h"
#include "record/sheet/book.h"

typedef struct Strings {
    SheetBook *b;
    Part part;
    PartPull *pull;
    Arena *a; /* of the string at hand */
    Buf text;
    bool in_t;
    int phonetic; /* depth inside rPh */
} Strings;

static int hex(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
                                    : -1;
}

size_t book_unescape(char *s, size_t n)
{
    size_t w = 0;
    for (size_t r = 0; r < n;) {
        int cp = 0;
        bool esc = n - r >= 7 && s[r] == '_' && s[r + 1] == 'x' && s[r + 6] == '_';
        for (size_t i = 2; esc && i < 6; i++) {
            int d = hex(s[r + i]);
            esc = d >= 0;
            cp = cp * 16 + d;
        }
        if (!esc || cp == 0 || (cp >= 0xd800 && cp <= 0xdfff)) {
            s[w++] = s[r++];
            continue;
        }
        char out[4];
        size_t len = utf8_put(cp, out);
        memcpy(s + w, out, len); /* 3 bytes at most, the escape has 7 */
        w += len;
        r += 7;
    }
    s[w] = 0;
    return w;
}

static void strings_start(Part *p, const char *name, const char **attrs)
{
    Strings *s = p->user;
    (void)attrs;
    if (strcmp(name, "si") == 0)
        buf_clear(&s->text);
    else if (strcmp(name, "rPh") == 0)
        s->phonetic++;
    else if (strcmp(name, "t") == 0)
        s->in_t = true;
}

static void strings_text(Part *p, const char *text, int n)
{
    Strings *s = p->user;
    if (s->in_t && !s->phonetic && s->text.len < BOOK_CELL)
        buf_add(&s->text, text, (size_t)n);
}

static void strings_end(Part *p, const char *name)
{
    Strings *s = p->user;
    if (strcmp(name, "t") == 0)
        s->in_t = false;
    else if (strcmp(name, "rPh") == 0)
        s->phonetic -= s->phonetic > 0;
    if (strcmp(name, "si") != 0)
        return;
    if (!book_add_string(s->b, s->text.data, book_unescape(s->text.data, s->text.len))) {
        p->failed = true; /* the mistake is there */
        XML_StopParser(p->parser, XML_FALSE);
        return;
    }
    if (s->text.cap > 65536) { /* one huge string must not keep its room */
        arena_reset(s->a);
        buf_init(&s->text, s->a);
    }
}

/* Reads on until there are more than index, or no more. A mistake sets strings.failed. */
static void more_strings(SheetBook *b, int64_t index)
{
    Strings *s = b->strings.source;
    bool ended = false, ok = true;
    while (ok && !ended && (uint64_t)index >= b->strings.n)
        ok = part_pull_step(s->pull, &ended);
    if (ended || !ok)
        b->strings.more = NULL;
    b->strings.failed = !ok;
}

bool xlsx_strings_begin(SheetBook *b, const char *part)
{
    if (!part || !part_exists(b, part))
        return true;
    Strings *s = ARENA_NEW(b->a, Strings);
    *s = (Strings){.b = b, .a = arena_child(b->a)};
    s->part =
        (Part){.b = b, .user = s, .start = strings_start, .end = strings_end, .text = strings_text};
    buf_init(&s->text, s->a);
    s->pull = part_pull(&s->part, part);
    b->strings.source = s;
    b->strings.more = s->pull ? more_strings : NULL;
    return s->pull != NULL;
}
