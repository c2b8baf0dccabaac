/* The book of an .xls or .et: which stream, encrypted or too old, the globals with sheets, formats and
   shared strings. See biff.h. */
#include "record/sheet/biff.h"

enum { MAX_STYLES = 65536, FORMATS = 65536, NO_DATE = 1, DATE, LIKELY = 60 };

typedef struct Bound {
    int64_t at;
    bool hidden, very_hidden;
    int64_t record; /* where its name is */
} Bound;

typedef struct Globals {
    SheetBook *b;
    Xls *x;
    Biff r;
    unsigned page;
    VEC(Bound) bounds;
    unsigned char *formats;     /* by id: NO_DATE, DATE, or 0: not said */
    VEC(unsigned short) styles; /* number format of each */
} Globals;

static bool broken(SheetBook *b, const char *what)
{
    return ctx_fail(b->c, ERR_INVALID, "file", "err.sheet.broken", "xls", what);
}

/* ---- the record stream --------------------------------------------------------------------- */

bool xls_is_raw(const char *head, size_t n)
{
    const unsigned char *p = (const unsigned char *)head;
    /* BOF of any version: 9, 0x209, 0x409, 0x809, and a length that it can have */
    return n >= 8 && p[0] == 9 && (p[1] == 0 || p[1] == 2 || p[1] == 4 || p[1] == 8) && p[2] >= 4 &&
           p[2] <= 16 && p[3] == 0;
}

static bool find_stream(SheetBook *b, Xls *x)
{
    static const char *const encrypted[] = {"EncryptedPackage", "EncryptionInfo"};
    Cfb *f;
    CfbStream unused;
    if (!cfb_open(b->c, b->a, b->fd, &f))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (cfb_find(f, encrypted[i], &unused))
            return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.encrypted");
    int before = b->c->n_err;
    return cfb_find(f, "Workbook", &x->stream) ||
           (b->c->n_err == before && cfb_find(f, "Book", &x->stream)) ||
           (b->c->n_err == before &&
            ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_workbook"));
}

/* The first record: which version, and does a book or a sheet begin? */
static bool read_bof(SheetBook *b, Xls *x, Biff *r, unsigned *kind)
{
    if (!biff_next(r) || (r->id & 0xff) != 9 || r->len < 4)
        return broken(b, "BOF");
    if (r->id != BIFF_BOF)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.old_excel",
                        r->id == 9       ? "2"
                        : r->id == 0x209 ? "3"
                                         : "4");
    x->biff8 = biff_u16(r->data) == 0x600;
    *kind = biff_u16(r->data + 2);
    return true;
}

/* ---- globals ------------------------------------------------------------------------------- */

static void take_bound(Globals *g)
{
    const unsigned char *p = g->r.data;
    if (g->r.len < 8 || p[5] != 0 || g->bounds.n >= BOOK_SHEETS) /* charts, macros, modules */
        return;
    vec_push(g->b->a, &g->bounds,
             (Bound){.at = (int64_t)biff_u32(p),
                     .hidden = (p[4] & 3) != 0,
                     .very_hidden = (p[4] & 3) == 2,
                     .record = g->r.start});
}

static void take_format(Globals *g, Arena *a)
{
    BiffCursor u = {.r = &g->r};
    Buf code;
    unsigned id = biff_take16(&u);
    buf_init(&code, a);
    if (g->x->biff8) {
        unsigned cch = biff_take16(&u);
        biff_text(&u, cch, &code);
    } else { /* the letters that count are ASCII in every code page */
        for (unsigned n = biff_take8(&u); n && u.at < g->r.len; n--)
            buf_putc(&code, (char)biff_take8(&u));
    }
    g->formats[id] = sheet_format_is_date(0, code.data) ? DATE : NO_DATE;
}

static bool take_global(Globals *g, Arena *a)
{
    SheetBook *b = g->b;
    const unsigned char *p = g->r.data;
    size_t n = g->r.len;
    switch (g->r.id) {
    case BIFF_FILEPASS: return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.encrypted");
    case BIFF_DATEMODE: b->date1904 = n >= 2 && biff_u16(p) == 1; break;
    case BIFF_CODEPAGE: g->page = n >= 2 ? biff_u16(p) : 0; break;
    case BIFF_BOUNDSHEET: take_bound(g); break;
    case BIFF_FORMAT: take_format(g, a); break;
    case BIFF_SST: return !g->x->biff8 || biff_strings(b, &g->r);
    case BIFF_XF:
        if (n >= 4 && g->styles.n < MAX_STYLES)
            vec_push(b->a, &g->styles, (unsigned short)biff_u16(p + 2));
        break;
    default: break;
    }
    return true;
}

static bool read_globals(Globals *g)
{
    Arena *a = arena_child(g->b->a);
    bool ok = true, ended = false;
    while (ok && !ended && biff_next(&g->r)) {
        ended = g->r.id == BIFF_EOF;
        ok = take_global(g, a);
        arena_reset(a);
    }
    arena_free(a);
    return ok && (ended || broken(g->b, "cut off"));
}

static void apply_formats(Globals *g)
{
    SheetBook *b = g->b;
    b->n_styles = (int)g->styles.n;
    b->is_date = arena_alloc(b->a, g->styles.n);
    for (size_t i = 0; i < g->styles.n; i++) {
        unsigned id = g->styles.items[i];
        b->is_date[i] =
            g->formats[id] ? g->formats[id] == DATE : sheet_format_is_date((int)id, NULL);
    }
}

/* ---- the code page of BIFF5 ------------------------------------------------------------------ */

/* Which encoding do the texts look like? Small programs that make such files put anything there. */
static TextGuess look_at_texts(Globals *g)
{
    SheetBook *b = g->b;
    Ctx *c = b->c;
    Arena *a = arena_child(b->a);
    TextDetect *d = text_detect_new(a);
    TextGuess guess = {0};
    int before = c->n_err;
    biff_seek(&g->r, 0);
    while (biff_next(&g->r)) {
        size_t from = g->r.id == BIFF_LABEL || g->r.id == BIFF_RSTRING ? 8
                      : g->r.id == BIFF_STRING                         ? 2
                      : g->r.id == BIFF_BOUNDSHEET                     ? 7
                                                                       : 0;
        if (!from || g->r.len <= from)
            continue;
        size_t n = g->r.len - from,
               said = g->r.id == BIFF_BOUNDSHEET ? g->r.data[6] : biff_u16(g->r.data + from - 2);
        text_detect_feed(d, (const char *)g->r.data + from, said < n ? said : n);
        text_detect_feed(d, "\n", 1);
    }
    if (!text_detect_end(c, d, &guess))
        ctx_errors_back_to(c, before);
    arena_free(a);
    return guess;
}

static unsigned page_of(TextEncoding e)
{
    switch (e) {
    case ENC_UTF8: return 65001;
    case ENC_GB18030: return 936;
    case ENC_BIG5: return 950;
    case ENC_UTF16LE: return 1200;
    case ENC_WINDOWS1252: return 1252;
    default: return 0;
    }
}

/* What the person chose; what the file says; where it says nothing, or Western as a lazy program does, what
   the texts look like. */
static bool choose_page(Globals *g, const char *encoding)
{
    SheetBook *b = g->b;
    static const TextEncoding known[] = {ENC_UTF8, ENC_GB18030, ENC_BIG5, ENC_WINDOWS1252};
    if (encoding && *encoding) {
        b->encoding = text_encoding_by_name(encoding);
        g->page = page_of(b->encoding);
        if (!g->page)
            return ctx_fail(b->c, ERR_INVALID, "encoding", "err.sheet.encoding", encoding);
    } else if (g->page == 0 || g->page == 1252 || g->page == 0x8001 || g->page == 367 ||
               g->page == 1200) {
        TextGuess guess = look_at_texts(g);
        bool likely =
            guess.rule == RULE_UTF8 || guess.gb_score >= LIKELY || guess.big5_score >= LIKELY;
        bool silent = g->page == 0 || g->page == 1200;
        g->page = (silent || likely) && page_of(guess.encoding) ? page_of(guess.encoding) : 1252;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (page_of(known[i]) == g->page)
            b->encoding = known[i];
    return biff_code_page(b, g->x, g->page);
}

/* ---- sheets -------------------------------------------------------------------------------- */

static const char *bound_name(Globals *g, const Bound *at)
{
    Buf name;
    buf_init(&name, g->b->a);
    biff_seek(&g->r, at->record);
    if (!biff_next(&g->r))
        return "";
    BiffCursor u = {.r = &g->r, .at = 6};
    unsigned cch = biff_take8(&u);
    if (g->x->biff8) {
        unsigned options = biff_take8(&u);
        biff_chars(&u, cch, options, &name);
    } else {
        (void)biff_bytes(g->x, &u, cch, &name);
    }
    return name.data;
}

static bool list_sheets(Globals *g)
{
    SheetBook *b = g->b;
    size_t n = g->bounds.n;
    if (!n)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_workbook");
    b->n = (int)n;
    b->sheets = ARENA_ARRAY(b->a, n, BookSheet);
    g->x->offsets = ARENA_ARRAY(b->a, n, int64_t);
    for (size_t i = 0; i < n; i++) {
        const Bound *one = &g->bounds.items[i];
        int64_t end = g->x->stream.size;
        for (size_t k = 0; k < n; k++)
            if (g->bounds.items[k].at > one->at && g->bounds.items[k].at < end)
                end = g->bounds.items[k].at;
        b->sheets[i].info = (SheetInfo){.name = one->record >= 0 ? bound_name(g, one) : "Sheet1",
                                        .hidden = one->hidden,
                                        .very_hidden = one->very_hidden,
                                        .bytes = end > one->at ? end - one->at : 0};
        g->x->offsets[i] = one->at;
    }
    return true;
}

bool xls_open(SheetBook *b, bool container, const char *encoding)
{
    Xls *x = ARENA_NEW(b->a, Xls);
    Globals g = {.b = b, .x = x};
    unsigned kind = 0;
    b->format = "xls";
    b->more = x;
    b->read = xls_read;
    if (container && !find_stream(b, x))
        return false;
    if (!container)
        cfb_raw(b->a, b->fd, &x->stream);
    Arena *a = arena_child(b->a);
    g.formats = arena_alloc(a, FORMATS);
    biff_init(&g.r, &x->stream, a);
    bool ok = read_bof(b, x, &g.r, &kind);
    if (ok && kind == BIFF_SHEET) /* a sheet alone, without a book around it */
        vec_push(b->a, &g.bounds, (Bound){.record = -1});
    else if (ok)
        ok = read_globals(&g);
    if (ok) {
        apply_formats(&g);
        ok = (x->biff8 || choose_page(&g, encoding)) && list_sheets(&g);
    }
    arena_free(a);
    return ok;
}

bool xls_read(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    Xls *x = b->more;
    return biff_rows(b, x->offsets[index], fn, user);
}
