/*
 * The rows of a sheet of an .xls. The sheet is gone through twice: first for what stands around the cells
 * (hidden rows, merged ranges) and whether the rows come in order, then for the cells. Excel, WPS and
 * LibreOffice write rows in order; for writers that do not, the records are sorted by row and read again.
 */
#include <stdlib.h>

#include "record/sheet/biff.h"
#include "record/sheet/row_build.h"

enum { XLS_ROWS = 65536, MAX_REFS = 4 << 20, JUMP = 1024 };

typedef struct Ref {
    int64_t at;
    unsigned row;
} Ref;

typedef struct Rows {
    SheetBook *b;
    Xls *x;
    Arena *a;
    Biff r;
    RowBuild out;
    unsigned char hidden[XLS_ROWS / 8];
    bool ordered;
    VEC(Ref) refs;
    int64_t row; /* at hand, from 0; -1 before the first */
} Rows;

static bool broken(Rows *s, const char *what)
{
    return ctx_fail(s->b->c, ERR_INVALID, "file", "err.sheet.broken", "xls", what);
}

static bool is_cell(unsigned id)
{
    switch (id) {
    case BIFF_FORMULA:
    case BIFF_FORMULA3:
    case BIFF_FORMULA4:
    case BIFF_NUMBER:
    case BIFF_LABEL:
    case BIFF_LABELSST:
    case BIFF_RSTRING:
    case BIFF_RK:
    case BIFF_MULRK:
    case BIFF_BOOLERR: return true;
    default: return false; /* BLANK and MULBLANK hold a format only */
    }
}

/* ---- what stands around the cells ----------------------------------------------------------- */

static void take_merges(Rows *s)
{
    const unsigned char *p = s->r.data + 2;
    size_t n = s->r.len < 2 ? 0 : biff_u16(s->r.data), fits = s->r.len < 2 ? 0 : (s->r.len - 2) / 8;
    for (size_t i = 0; i < n && i < fits && s->b->merges.n < BOOK_MERGES; i++, p += 8) {
        SheetMerge m = {.first_row = biff_u16(p) + 1,
                        .last_row = biff_u16(p + 2) + 1,
                        .first_col = (int)biff_u16(p + 4),
                        .last_col = (int)biff_u16(p + 6)};
        if (m.last_row >= m.first_row && m.last_col >= m.first_col)
            vec_push(s->b->a, &s->b->merges, m);
    }
}

static void take_dimension(Rows *s, SheetInfo *info)
{
    const unsigned char *p = s->r.data;
    size_t n = s->r.len;
    if (s->x->biff8 ? n < 12 : n < 8)
        return;
    int64_t rows = s->x->biff8 ? (int64_t)biff_u32(p + 4) : (int64_t)biff_u16(p + 2);
    info->rows = rows <= BOOK_ROWS ? rows : 0;
    info->columns = (int)biff_u16(p + (s->x->biff8 ? 10 : 6));
}

/* One step of a walk over the records of the sheet alone: those of charts inside are passed over.
   false at the end; s->b->c tells whether by a mistake. */
static bool step(Rows *s, int *depth)
{
    while (biff_next(&s->r)) {
        if (s->r.id == BIFF_BOF)
            ++*depth;
        else if (s->r.id == BIFF_EOF && --*depth == 0)
            return false;
        else if (s->r.id != BIFF_EOF && *depth == 1)
            return true;
    }
    return broken(s, s->r.cut ? "cut off" : "no end");
}

static bool begin(Rows *s, int64_t at)
{
    biff_seek(&s->r, at);
    return (biff_next(&s->r) && s->r.id == BIFF_BOF) || broken(s, "sheet");
}

static bool look_around(Rows *s, int64_t at, SheetInfo *info)
{
    int depth = 1, before = s->b->c->n_err;
    unsigned last = 0;
    if (!begin(s, at))
        return false;
    s->ordered = true;
    while (step(s, &depth)) {
        const unsigned char *p = s->r.data;
        if (is_cell(s->r.id)) {
            if (s->r.len < 6)
                return broken(s, "cell");
            unsigned row = biff_u16(p);
            s->ordered &= row >= last;
            last = row;
        } else if (s->r.id == BIFF_ROW && s->r.len >= 14 && (biff_u16(p + 12) & 0x20)) {
            s->hidden[biff_u16(p) / 8] |= (unsigned char)(1u << (biff_u16(p) % 8));
        } else if (s->r.id == BIFF_COLINFO && s->r.len >= 10 && (p[8] & 1)) {
            book_hide_columns(s->b, biff_u16(p), biff_u16(p + 2));
        } else if (s->r.id == BIFF_MERGED) {
            take_merges(s);
        } else if (s->r.id == BIFF_DIMENSION) {
            take_dimension(s, info);
        }
    }
    return s->b->c->n_err == before;
}

/* ---- cells --------------------------------------------------------------------------------- */

static void put_number(Rows *s, int col, unsigned style, double v)
{
    row_number(&s->out, col, v, (int)style < s->b->n_styles && s->b->is_date[style]);
}

static double rk_value(uint32_t rk)
{
    double v;
    if (rk & 2) {
        int32_t n = (int32_t)(rk & 0x7fffffffu) >> 2; /* 30 bits with a sign */
        v = rk & 0x80000000u ? (double)(n - (1 << 29)) : (double)n;
    } else {
        uint64_t bits = (uint64_t)(rk & 0xfffffffcu) << 32;
        memcpy(&v, &bits, sizeof v);
    }
    return rk & 1 ? v / 100 : v;
}

static void put_error(Rows *s, int col, unsigned code)
{
    static const struct {
        unsigned code;
        const char *text;
    } names[] = {{0x00, "#NULL!"}, {0x07, "#DIV/0!"}, {0x0f, "#VALUE!"}, {0x17, "#REF!"},
                 {0x1d, "#NAME?"}, {0x24, "#NUM!"},   {0x2a, "#N/A"}};
    const char *text = "#ERR!";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            text = names[i].text;
    row_set(&s->out, col, SHEET_ERROR, text);
}

/* The text at byte `from` of the record at hand: characters counted in 16 bits. */
static bool put_text(Rows *s, int col, size_t from)
{
    BiffCursor u = {.r = &s->r, .at = from};
    bool whole = true;
    Buf text;
    buf_init(&text, s->out.texts);
    unsigned cch = biff_take16(&u);
    if (!s->x->biff8)
        whole = biff_bytes(s->x, &u, cch, &text);
    else if (cch)
        biff_text(&u, cch, &text);
    if (u.bad)
        return broken(s, "text");
    row_set(&s->out, col, whole ? SHEET_TEXT : SHEET_ERROR, text.data);
    return true;
}

/* Only the result of a formula counts; a text follows in a record of its own. */
static bool put_formula(Rows *s, int col, unsigned style)
{
    const unsigned char *v = s->r.data + 6;
    if (s->r.len < 14)
        return broken(s, "cell");
    if (v[6] != 0xff || v[7] != 0xff) {
        put_number(s, col, style, biff_double(v));
    } else if (v[0] == 1) {
        row_bool(&s->out, col, v[2] != 0);
    } else if (v[0] == 2) {
        put_error(s, col, v[2]);
    } else if (v[0] == 0) {
        unsigned next = biff_peek(&s->r);
        while ((next == BIFF_SHRFMLA || next == BIFF_ARRAY || next == BIFF_TABLE ||
                next == BIFF_CONTINUE) &&
               biff_next(&s->r))
            next = biff_peek(&s->r);
        if (next == BIFF_STRING && biff_next(&s->r))
            return put_text(s, col, 0);
        row_set(&s->out, col, SHEET_ERROR, "")->uncached = true;
    }
    return true;
}

static bool put_cell(Rows *s)
{
    const unsigned char *p = s->r.data;
    size_t n = s->r.len;
    int col = (int)biff_u16(p + 2);
    unsigned style = biff_u16(p + 4);
    if (col >= BOOK_COLUMNS)
        return ctx_fail(s->b->c, ERR_TOO_LARGE, "file", "err.sheet.columns");
    if (s->r.id == BIFF_MULRK) {
        for (p += 4, n -= 4; n >= 8 && col < BOOK_COLUMNS;
             p += 6, n -= 6, col++) /* the last column ends it */
            put_number(s, col, biff_u16(p), rk_value(biff_u32(p + 2)));
        return true;
    }
    if (s->r.id == BIFF_FORMULA || s->r.id == BIFF_FORMULA3 || s->r.id == BIFF_FORMULA4)
        return put_formula(s, col, style);
    if (s->r.id == BIFF_LABEL || s->r.id == BIFF_RSTRING)
        return put_text(s, col, 6);
    if (n < (s->r.id == BIFF_NUMBER ? 14u : s->r.id == BIFF_BOOLERR ? 8u : 10u))
        return broken(s, "cell");
    if (s->r.id == BIFF_NUMBER) {
        put_number(s, col, style, biff_double(p + 6));
    } else if (s->r.id == BIFF_RK) {
        put_number(s, col, style, rk_value(biff_u32(p + 6)));
    } else if (s->r.id == BIFF_LABELSST) {
        const char *text = book_string(s->b, (int64_t)biff_u32(p + 6));
        row_set(&s->out, col, text ? SHEET_TEXT : SHEET_ERROR, text ? text : "#REF!");
    } else if (p[7]) { /* BOOLERR */
        put_error(s, col, p[6]);
    } else {
        row_bool(&s->out, col, p[6] != 0);
    }
    return true;
}

static bool take_cell(Rows *s)
{
    unsigned row = biff_u16(s->r.data);
    if ((int64_t)row != s->row) {
        if (s->row >= 0 && !row_end(&s->out))
            return false;
        s->row = row;
        row_begin(&s->out, (int64_t)row + 1, (s->hidden[row / 8] >> (row % 8)) & 1);
    }
    return put_cell(s);
}

/* ---- the walk ------------------------------------------------------------------------------ */

static bool in_order(Rows *s, int64_t at)
{
    int depth = 1, before = s->b->c->n_err;
    if (!begin(s, at))
        return false;
    while (step(s, &depth))
        if (is_cell(s->r.id) && !take_cell(s))
            return false;
    return s->b->c->n_err == before;
}

static int by_row(const void *l, const void *r)
{
    const Ref *a = l, *b = r;
    return a->row != b->row ? (a->row < b->row ? -1 : 1) : a->at < b->at ? -1 : a->at > b->at;
}

static bool sorted(Rows *s, int64_t at)
{
    int depth = 1, before = s->b->c->n_err;
    if (!begin(s, at))
        return false;
    while (step(s, &depth)) {
        if (!is_cell(s->r.id))
            continue;
        if (s->refs.n >= MAX_REFS)
            return ctx_fail(s->b->c, ERR_TOO_LARGE, "file", "err.sheet.unordered");
        vec_push(s->a, &s->refs, (Ref){.at = s->r.start, .row = biff_u16(s->r.data)});
    }
    if (s->b->c->n_err != before)
        return false;
    s->r.ahead = JUMP;
    qsort(s->refs.items, s->refs.n, sizeof *s->refs.items, by_row);
    for (size_t i = 0; i < s->refs.n; i++) {
        biff_seek(&s->r, s->refs.items[i].at);
        if (!biff_next(&s->r))
            return broken(s, "cell");
        if (!take_cell(s))
            return false;
    }
    return true;
}

bool biff_rows(SheetBook *b, int64_t at, SheetRowFn fn, void *user)
{
    Arena *a = arena_child(b->a);
    Rows *s = ARENA_NEW(a, Rows);
    SheetInfo unused = {0}, *info = &unused;
    Xls *x = b->more;
    for (int i = 0; i < b->n; i++)
        if (x->offsets[i] == at)
            info = &b->sheets[i].info;
    s->b = b;
    s->x = x;
    s->a = a;
    s->row = -1;
    biff_init(&s->r, &x->stream, a);
    row_init(&s->out, b, fn, user);
    bool ok = look_around(s, at, info) && (s->ordered ? in_order(s, at) : sorted(s, at)) &&
              (s->row < 0 || row_end(&s->out));
    row_free(&s->out);
    arena_free(a);
    return ok;
}
