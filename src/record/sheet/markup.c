/* Which markup a file is, in which encoding, and its text. See markup.h. */
#include "record/sheet/markup.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"

enum { STEP = 64 * 1024, LOOK = 8192 };

/* The head in lower case, without NULs (UTF-16 becomes readable so) and without a BOM. */
static size_t plain(const char *head, size_t n, char out[LOOK + 1])
{
    size_t w = 0;
    for (size_t i = 0; i < n && i < LOOK; i++) {
        char ch = head[i];
        bool bom = i < 4 && ((unsigned char)ch >= 0xfe ||
                             (n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 && i < 3));
        if (ch && !bom)
            out[w++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
    }
    out[w] = 0;
    return w;
}

MarkupKind markup_kind(const char *head, size_t n)
{
    static const char *const words[] = {"<html",  "<table", "<!doctype html", "<body",  "<meta",
                                        "<style", "<head",  "<div",           "<center"};
    char text[LOOK + 1];
    (void)plain(head, n, text);
    const char *p = text + strspn(text, " \t\r\n");
    if (*p != '<')
        return MARKUP_NONE;
    bool xml = strncmp(p, "<?xml", 5) == 0;
    if (strstr(p, "urn:schemas-microsoft-com:office:spreadsheet") &&
        (strstr(p, "<workbook") || strstr(p, ":workbook")))
        return MARKUP_SPREADSHEET;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return MARKUP_HTML;
    if (strstr(p, "<table") || strstr(p, "<html"))
        return MARKUP_HTML; /* XHTML, or something in front */
    return xml || strncmp(p, "<!doctype", 9) == 0 ? MARKUP_OTHER : MARKUP_NONE;
}

/* encoding="gb2312" of XML, charset=gb2312 of a page. */
static TextEncoding declared(const char *head, size_t n)
{
    static const char *const marks[] = {"encoding=", "charset="};
    char text[LOOK + 1], name[32];
    (void)plain(head, n, text);
    for (size_t i = 0; i < 2; i++) {
        const char *p = strstr(text, marks[i]);
        if (!p || (i == 0 && !strstr(text, "<?xml")))
            continue;
        p += strlen(marks[i]);
        p += strspn(p, "\"' ");
        size_t len = strcspn(p, "\"' ;/>?");
        if (!len || len >= sizeof name)
            continue;
        memcpy(name, p, len);
        name[len] = 0;
        TextEncoding e = text_encoding_by_name(strcmp(name, "gb_2312-80") == 0   ? "gb2312"
                                               : strcmp(name, "iso-8859-1") == 0 ? "latin1"
                                                                                 : name);
        if (e != ENC_UNKNOWN)
            return e;
    }
    return ENC_UNKNOWN;
}

bool markup_encoding(SheetBook *b, const char *head, size_t n, const char *chosen)
{
    Ctx *c = b->c;
    if (chosen && *chosen) {
        b->encoding = text_encoding_by_name(chosen);
        return b->encoding != ENC_UNKNOWN ||
               ctx_fail(c, ERR_INVALID, "encoding", "err.sheet.encoding", chosen);
    }
    Arena *a = arena_child(b->a);
    TextDetect *d = text_detect_new(a);
    char *step = arena_alloc(a, STEP);
    ssize_t got;
    TextGuess guess = {0};
    if (!book_rewind(b))
        return false;
    while ((got = read(b->fd, step, STEP)) > 0)
        text_detect_feed(d, step, (size_t)got);
    if (got < 0)
        return file_fail(c, b->name, errno);
    TextEncoding said = declared(head, n);
    int before = c->n_err;
    bool found = text_detect_end(c, d, &guess);
    bool sure =
        found && (guess.rule == RULE_BOM || guess.rule == RULE_UTF8 || guess.rule == RULE_NUL);
    bool bytes =
        said != ENC_UNKNOWN && said != ENC_UTF8 && said != ENC_UTF16LE && said != ENC_UTF16BE;
    if (bytes && !sure) {
        ctx_errors_back_to(c, before);
        b->encoding = said;
        found = true;
    } else if (found) { /* also where it says UTF-8 and is not */
        b->encoding = guess.encoding;
    }
    if (found)
        arena_free(a);
    return found;
}

/* ---- the text ------------------------------------------------------------------------------ */

static size_t drop_nuls(char *s, size_t n)
{
    size_t w = 0;
    if (!memchr(s, 0, n))
        return n;
    for (size_t i = 0; i < n; i++)
        if (s[i])
            s[w++] = s[i];
    return w;
}

struct MarkupReader {
    SheetBook *b;
    Arena *a, *piece;
    TextConv *conv;
    int before; /* before: mistakes when it began */
    char *step;
    bool ended;
};

MarkupReader *markup_start(SheetBook *b)
{
    Ctx *c = b->c;
    if (!book_rewind(b))
        return NULL;
    Arena *keep = c->a, *a = arena_child(b->a);
    MarkupReader *r = ARENA_NEW(a, MarkupReader);
    *r = (MarkupReader){
        .b = b, .a = a, .piece = arena_child(a), .before = c->n_err, .step = arena_alloc(a, STEP)};
    c->a = a; /* the decoder lives as long as this reading */
    r->conv = text_conv_new(c, b->encoding);
    c->a = keep;
    if (r->conv)
        return r;
    markup_close(r);
    return NULL;
}

bool markup_next(MarkupReader *r, const char **text, size_t *n)
{
    Buf out;
    *n = 0;
    while (!*n && !r->ended) {
        ssize_t got = read(r->b->fd, r->step, STEP);
        arena_reset(r->piece);
        buf_init(&out, r->piece);
        if (got < 0)
            return file_fail(r->b->c, r->b->name, errno);
        r->ended = got == 0;
        if (!(r->ended ? text_conv_end(r->conv, &out)
                       : text_conv_feed(r->conv, r->step, (size_t)got, &out)))
            return false;
        *n = drop_nuls(out.data, out.len);
        *text = out.data;
    }
    return true;
}

void markup_close(MarkupReader *r)
{
    if (r->b->c->n_err == r->before) /* else the mistakes may lie on it; it goes with the book */
        arena_free(r->a);
}
