/* A web page through libxml2, which asks for it piece by piece. See html_stream.h. */
#include "record/sheet/html_stream.h"

typedef struct Stream {
    MarkupReader *reader;
    const char *piece; /* what libxml2 has not got yet */
    size_t left;
    const bool *done;
    bool failed;
} Stream;

/* What stands behind the end of the root is passed over by libxml2. So the root is ours; the page's own <html> and
   <body> count as misplaced in it, and some more </html> than <html> close nothing. */
static const char root[] = "<html><body><html><body><html><body><html><body>";

/* libxml2 asks for more. 0 is the end, also where nobody wants more: to stop it in the middle of an event
   takes its own buffer away from under it. */
static int give(void *user, char *to, int room)
{
    Stream *p = user;
    if (*p->done)
        return 0;
    if (!p->left && !markup_next(p->reader, &p->piece, &p->left)) {
        p->failed = true;
        return 0;
    }
    size_t n = p->left < (size_t)room ? p->left : (size_t)room;
    memcpy(to, p->piece, n);
    p->piece += n;
    p->left -= n;
    return (int)n;
}

bool html_stream(SheetBook *b, const htmlSAXHandler *sax, void *user, const bool *done)
{
    Stream p = {.reader = markup_start(b), .piece = root, .left = sizeof root - 1, .done = done};
    if (!p.reader)
        return false;
    htmlParserCtxtPtr parser = htmlNewParserCtxt();
    if (!parser) {
        markup_close(p.reader);
        return ctx_fail(b->c, ERR_INTERNAL, NULL, "err.sheet.markup");
    }
    memcpy(parser->sax, sax, sizeof *sax);
    parser->userData = user;
    /* every page has mistakes; the encoding was found before */
    xmlFreeDoc(htmlCtxtReadIO(parser, give, NULL, &p, NULL, "UTF-8",
                              HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                  HTML_PARSE_NOIMPLIED | HTML_PARSE_IGNORE_ENC));
    htmlFreeParserCtxt(parser);
    markup_close(p.reader);
    return !p.failed;
}
