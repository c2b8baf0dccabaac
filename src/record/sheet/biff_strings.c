/* The shared strings of an .xls, and the code page of those that hold bytes. See biff.h. */
#include <stdio.h>

#include "record/sheet/biff.h"

bool biff_strings(SheetBook *b, Biff *r)
{
    BiffCursor u = {.r = r};
    if (r->len < 8)
        return true;  /* no strings, as some writers say it */
    biff_skip(&u, 4); /* how often they are used */
    uint32_t n = biff_take32(&u);
    Arena *a = arena_child(b->a);
    bool ok = true;
    Buf text;
    buf_init(&text, a);
    for (uint32_t i = 0; ok && i < n; i++) {
        buf_clear(&text);
        if (!biff_more(&u))
            break; /* fewer than it says: a cell that wants one of them shows so */
        unsigned cch = biff_take16(&u);
        biff_text(&u, cch, &text);
        ok = !u.bad || ctx_fail(b->c, ERR_INVALID, "file", "err.sheet.broken", "SST", "");
        ok = ok && book_add_string(b, text.data, text.len);
        if (text.cap > 65536) { /* one huge string must not keep its room */
            arena_reset(a);
            buf_init(&text, a);
        }
    }
    arena_free(a);
    return ok;
}

static void close_cd(void *p)
{
    Xls *x = p;
    if (x->has_cd)
        iconv_close(x->cd);
    x->has_cd = false;
}

bool biff_code_page(SheetBook *b, Xls *x, unsigned page)
{
    char name[16];
    switch (page) {
    case 0:
    case 936:
    case 10008: (void)snprintf(name, sizeof name, "GB18030"); break;
    case 1200: (void)snprintf(name, sizeof name, "UTF-16LE"); break;
    case 65001: (void)snprintf(name, sizeof name, "UTF-8"); break;
    case 950:
    case 10002: (void)snprintf(name, sizeof name, "CP950"); break;
    case 367:
    case 20127:
    case 0x8001: (void)snprintf(name, sizeof name, "CP1252"); break;
    case 10000:
    case 0x8000: (void)snprintf(name, sizeof name, "MACINTOSH"); break;
    default: (void)snprintf(name, sizeof name, "CP%u", page);
    }
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.encoding", name);
    close_cd(x);
    x->cd = cd;
    x->has_cd = true;
    arena_defer(b->a, close_cd, x);
    return true;
}
