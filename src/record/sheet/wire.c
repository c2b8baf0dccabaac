/* Frames between the program and the child that reads for it. See wire.h. */
#include "record/sheet/wire.h"

#include "base/utf8.h"

enum {
    UNCACHED = 16,
    CUT = 32,
    HIDDEN = 1,
    VERY_HIDDEN = 2,
    NAME = 4096,
    MESSAGE = 8192,
    CLIP = 2000,
    RULE = 32
};

/* ---- making -------------------------------------------------------------------------------- */

static void put(Buf *out, const void *p, size_t n)
{
    memcpy(buf_room(out, n), p, n);
    buf_grew(out, n);
}

size_t wire_begin(Buf *out, unsigned kind)
{
    size_t at = out->len;
    wire_put_u32(out, 0);
    wire_put_u32(out, kind);
    return at;
}

void wire_end(Buf *out, size_t at)
{
    uint32_t n = (uint32_t)(out->len - at - WIRE_HEAD);
    memcpy(out->data + at, &n, sizeof n);
}

void wire_put_u32(Buf *out, uint32_t v)
{
    put(out, &v, sizeof v);
}

void wire_put_i64(Buf *out, int64_t v)
{
    put(out, &v, sizeof v);
}

static void put_bytes(Buf *out, const char *s, size_t n)
{
    wire_put_u32(out, (uint32_t)n);
    put(out, s, n + 1); /* with its NUL, so that it can stay where it is */
}

void wire_put_text(Buf *out, const char *s)
{
    if (s)
        put_bytes(out, s, strlen(s));
    else
        wire_put_u32(out, UINT32_MAX);
}

static bool has_number(SheetKind kind)
{
    return kind == SHEET_NUMBER || kind == SHEET_DATE || kind == SHEET_BOOL || kind == SHEET_ERROR;
}

bool wire_put_row(Buf *out, const SheetRow *row)
{
    size_t at = wire_begin(out, WIRE_ROW);
    wire_put_i64(out, row->row);
    wire_put_u32(out, (uint32_t)row->n);
    wire_put_u32(out, row->hidden ? HIDDEN : 0);
    for (int i = 0; i < row->n && out->len - at < WIRE_MOST; i++) {
        const SheetCell *c = &row->cells[i];
        buf_putc(out,
                 (char)((unsigned)c->kind | (c->uncached ? UNCACHED : 0) | (c->cut ? CUT : 0)));
        if (c->kind == SHEET_BLANK)
            continue;
        if (has_number(c->kind))
            put(out, &c->number, sizeof c->number);
        put_bytes(out, c->text, strlen(c->text));
    }
    bool fits = out->len - at <= WIRE_MOST;
    if (fits)
        wire_end(out, at);
    else
        out->len = at;
    return fits;
}

/* ---- taking apart -------------------------------------------------------------------------- */

bool wire_head(const char head[WIRE_HEAD], unsigned *kind, size_t *len)
{
    uint32_t two[2];
    memcpy(two, head, sizeof two);
    *len = two[0];
    *kind = two[1];
    return two[0] <= WIRE_MOST && two[1] >= WIRE_OPEN && two[1] <= WIRE_LOCK;
}

static const char *take(WireIn *in, size_t n)
{
    if (in->bad || (size_t)(in->end - in->at) < n) {
        in->bad = true;
        in->at = in->end;
        return NULL;
    }
    in->at += n;
    return in->at - n;
}

uint32_t wire_u32(WireIn *in)
{
    uint32_t v = 0;
    const char *p = take(in, sizeof v);
    if (p)
        memcpy(&v, p, sizeof v);
    return v;
}

int64_t wire_i64(WireIn *in)
{
    int64_t v = 0;
    const char *p = take(in, sizeof v);
    if (p)
        memcpy(&v, p, sizeof v);
    return v;
}

const char *wire_text(WireIn *in, Arena *a, size_t most)
{
    size_t n = wire_u32(in);
    if (n == UINT32_MAX)
        return NULL;
    const char *p = n <= most ? take(in, n + 1) : NULL;
    if (!p || p[n]) {
        in->bad = true;
        return "";
    }
    return memchr(p, 0, n) || !utf8_valid(p, n) ? utf8_clean(a, p, n) : p;
}

static int64_t within(WireIn *in, int64_t v, int64_t low, int64_t high)
{
    in->bad |= v < low || v > high;
    return in->bad ? low : v;
}

static bool take_cell(WireIn *in, Arena *a, SheetCell *c)
{
    const char *p = take(in, 1);
    unsigned what = p ? (unsigned char)*p : 0;
    *c = (SheetCell){
        .kind = (SheetKind)(what & 15), .uncached = what & UNCACHED, .cut = what & CUT, .text = ""};
    if ((what & 15) > SHEET_ERROR || what & ~(15u | UNCACHED | CUT))
        in->bad = true;
    if (in->bad || c->kind == SHEET_BLANK)
        return !in->bad;
    if (has_number(c->kind) && (p = take(in, sizeof c->number)) != NULL)
        memcpy(&c->number, p, sizeof c->number);
    c->text = wire_text(in, a, WIRE_TEXT);
    in->bad |= !c->text;
    return !in->bad;
}

bool wire_row(WireIn *in, Arena *keep, Arena *a, WireCells *cells, SheetRow *out)
{
    int64_t row = within(in, wire_i64(in), 1, INT64_MAX);
    int n = (int)within(in, wire_u32(in), 0, BOOK_COLUMNS);
    bool hidden = wire_u32(in) & HIDDEN;
    if (n > cells->cap) {
        cells->cap = n < 64 ? 64 : n * 2;
        cells->cells = ARENA_ARRAY(keep, cells->cap, SheetCell);
    }
    for (int i = 0; i < n; i++)
        if (!take_cell(in, a, &cells->cells[i]))
            return false;
    *out = (SheetRow){.row = row, .n = n, .hidden = hidden, .cells = cells->cells};
    return !in->bad && in->at == in->end;
}

/* ---- the book ------------------------------------------------------------------------------ */

static const char *const formats[] = {"xlsx", "xls", "xml", "html", "csv"};

void wire_put_book(Buf *out, const SheetBook *b)
{
    size_t at = wire_begin(out, WIRE_BOOK);
    wire_put_text(out, b->format);
    wire_put_text(out, b->rule);
    wire_put_u32(out, b->encoding);
    wire_put_u32(out, (unsigned char)b->delimiter);
    wire_put_u32(out, (uint32_t)b->n);
    for (int i = 0; i < b->n; i++) {
        const SheetInfo *s = &b->sheets[i].info;
        wire_put_text(out, s->name);
        wire_put_u32(out, (s->hidden ? HIDDEN : 0) | (s->very_hidden ? VERY_HIDDEN : 0));
        wire_put_i64(out, s->rows);
        wire_put_u32(out, (uint32_t)s->columns);
        wire_put_i64(out, s->bytes);
    }
    wire_end(out, at);
}

static void take_format(WireIn *in, SheetBook *b)
{
    const char *format = wire_text(in, b->a, NAME);
    b->format = NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (format && strcmp(format, formats[i]) == 0)
            b->format = formats[i];
    in->bad |= !b->format;
}

bool wire_book(WireIn *in, SheetBook *b)
{
    take_format(in, b);
    b->rule = arena_str(b->a, wire_text(in, b->a, RULE));
    b->encoding = (TextEncoding)within(in, wire_u32(in), 0, ENC__COUNT - 1);
    b->delimiter = (char)within(in, wire_u32(in), 0, 127);
    int n = (int)within(in, wire_u32(in), 1, BOOK_SHEETS);
    if (in->bad)
        return false;
    b->sheets = ARENA_ARRAY(b->a, n, BookSheet);
    for (b->n = 0; b->n < n && !in->bad; b->n++) {
        SheetInfo *s = &b->sheets[b->n].info;
        s->name = arena_str(b->a, wire_text(in, b->a, WIRE_TEXT));
        uint32_t flags = wire_u32(in);
        s->hidden = flags & HIDDEN;
        s->very_hidden = flags & VERY_HIDDEN;
        s->rows = within(in, wire_i64(in), 0, INT64_MAX);
        s->columns = (int)within(in, wire_u32(in), 0, INT32_MAX);
        s->bytes = within(in, wire_i64(in), 0, INT64_MAX);
        in->bad |= !s->name;
    }
    return !in->bad && in->at == in->end;
}

/* ---- the end of a command ------------------------------------------------------------------ */

void wire_put_columns(Buf *out, const SheetBook *b)
{
    size_t at = wire_begin(out, WIRE_COLUMNS), n = sizeof b->hidden_columns;
    while (n && !b->hidden_columns[n - 1])
        n--;
    put(out, b->hidden_columns, n);
    wire_end(out, at);
}

bool wire_columns(WireIn *in, SheetBook *b)
{
    size_t n = (size_t)(in->end - in->at);
    memset(b->hidden_columns, 0, sizeof b->hidden_columns);
    if (n > sizeof b->hidden_columns)
        return false;
    memcpy(b->hidden_columns, in->at, n);
    in->at = in->end;
    return true;
}

/* A mistake may name a part of the file, as long as that likes. */
static void put_clipped(Buf *out, const char *s)
{
    size_t n = strlen(s), ok = utf8_valid_len(s, n < CLIP ? n : CLIP);
    static const char end = 0;
    wire_put_u32(out, (uint32_t)ok);
    put(out, s, ok);
    put(out, &end, 1);
}

void wire_put_done(Buf *out, const SheetBook *b, int index, const SheetMerge *m, int n,
                   const Ctx *c, bool whole)
{
    size_t at = wire_begin(out, WIRE_DONE);
    const SheetInfo none = {0}, *s = b && index >= 0 ? &b->sheets[index].info : &none;
    wire_put_u32(out, whole);
    wire_put_u32(out, b ? (unsigned char)b->delimiter : 0);
    wire_put_i64(out, s->rows);
    wire_put_u32(out, (uint32_t)s->columns);
    wire_put_u32(out, (uint32_t)n);
    for (int i = 0; i < n; i++) {
        wire_put_i64(out, m[i].first_row);
        wire_put_i64(out, m[i].last_row);
        wire_put_u32(out, (uint32_t)m[i].first_col);
        wire_put_u32(out, (uint32_t)m[i].last_col);
    }
    const ErrItem *e = c->err;
    int errors = c->n_err < WIRE_ERRORS ? c->n_err : WIRE_ERRORS;
    wire_put_u32(out, (uint32_t)errors);
    for (int i = 0; i < errors; i++, e = e->next) {
        wire_put_u32(out, e->code);
        wire_put_text(out, e->field);
        put_clipped(out, e->message);
    }
    wire_end(out, at);
}

static void take_merges(WireIn *in, SheetBook *b)
{
    int n = (int)within(in, wire_u32(in), 0, BOOK_MERGES);
    b->merges.n = 0;
    for (int i = 0; i < n && !in->bad; i++) {
        SheetMerge m = {.first_row = wire_i64(in)};
        m.last_row = wire_i64(in);
        m.first_col = (int)within(in, wire_u32(in), 0, BOOK_COLUMNS);
        m.last_col = (int)within(in, wire_u32(in), m.first_col, 2 * BOOK_COLUMNS);
        within(in, m.first_row, 1, INT64_MAX);
        within(in, m.last_row, m.first_row, INT64_MAX);
        vec_push(b->a, &b->merges, m);
    }
}

static void take_errors(WireIn *in, Ctx *c, Arena *a)
{
    int n = (int)within(in, wire_u32(in), 0, WIRE_ERRORS);
    for (int i = 0; i < n; i++) {
        ErrCode code = (ErrCode)within(in, wire_u32(in), 0, ERR__COUNT - 1);
        const char *field = wire_text(in, a, NAME), *message = wire_text(in, a, MESSAGE);
        if (in->bad || !message)
            return;
        ctx_fail(c, code, field, message); /* a text that is no key stands for itself */
    }
}

bool wire_done(WireIn *in, SheetBook *b, int index, bool *whole)
{
    int before = b->c->n_err;
    *whole = wire_u32(in) == 1;
    char delimiter = (char)within(in, wire_u32(in), 0, 127);
    int64_t rows = within(in, wire_i64(in), 0, INT64_MAX);
    int columns = (int)within(in, wire_u32(in), 0, INT32_MAX);
    take_merges(in, b);
    take_errors(in, b->c, b->a);
    *whole = *whole && b->c->n_err == before;
    if (in->bad || in->at != in->end)
        return false;
    if (index >= 0 && index < b->n) {
        b->delimiter = delimiter;
        b->sheets[index].info.rows = rows;
        b->sheets[index].info.columns = columns;
    }
    return true;
}
