/* The rows of a worksheet, streamed. What real files do to the rules is in the tests (test_sheet.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/sheet/book.h"
#include "record/sheet/row_build.h"

typedef struct Rows {
    SheetBook *b;
    int index;
    Arena *a; /* texts of the row at hand */
    SheetRowFn fn;
    void *user;
    SheetCell *cells; /* BOOK_COLUMNS at most, grown as seen */
    int cap, n;
    int64_t row;
    bool hidden, any, in_row, in_cell;
    /* the cell at hand */
    int col, style;
    char type[12];
    bool formula, has_v, in_v, in_t, inline_text;
    int phonetic, foreign; /* depth inside rPh, extLst */
    Buf v, t;
} Rows;

/* ---- places -------------------------------------------------------------------------------- */

/* "B12" → column 1; also "b12" and "$B$12". -1 where it is none. */
static int column_of(const char *ref, int64_t *row)
{
    int col = 0;
    while (*ref == '$')
        ref++;
    if (!((*ref >= 'A' && *ref <= 'Z') || (*ref >= 'a' && *ref <= 'z')))
        return -1;
    for (; (*ref >= 'A' && *ref <= 'Z') || (*ref >= 'a' && *ref <= 'z'); ref++) {
        col = col * 26 + (*ref | 32) - 'a' + 1;
        if (col > BOOK_COLUMNS)
            return -1;
    }
    while (*ref == '$')
        ref++;
    if (row)
        *row = strtoll(ref, NULL, 10);
    return col - 1;
}

void book_take_merge(SheetBook *b, const char *ref)
{
    SheetMerge m = {0};
    const char *colon = ref ? strchr(ref, ':') : NULL;
    if (!colon || b->merges.n >= BOOK_MERGES)
        return;
    m.first_col = column_of(ref, &m.first_row);
    m.last_col = column_of(colon + 1, &m.last_row);
    if (m.first_col >= 0 && m.last_col >= m.first_col && m.first_row >= 1 &&
        m.last_row >= m.first_row)
        vec_push(b->a, &b->merges, m);
}

static void take_dimension(Rows *r, const char *ref)
{
    const char *colon = ref ? strchr(ref, ':') : NULL;
    int64_t row = 0;
    int col = colon ? column_of(colon + 1, &row) : -1;
    if (col >= 0 && row > 0 && row <= BOOK_ROWS) {
        r->b->sheets[r->index].info.rows = row;
        r->b->sheets[r->index].info.columns = col + 1;
    }
}

static void take_columns(SheetBook *b, const char **attrs)
{
    const char *first = part_attr(attrs, "min"), *last = part_attr(attrs, "max"),
               *hidden = part_attr(attrs, "hidden");
    if (first && last && hidden && (strcmp(hidden, "1") == 0 || strcmp(hidden, "true") == 0))
        book_hide_columns(b, strtoll(first, NULL, 10) - 1, strtoll(last, NULL, 10) - 1);
}

/* ---- cells --------------------------------------------------------------------------------- */

static SheetCell *cell_at(Rows *r, int col)
{
    return row_cell(r->b->a, &r->cells, &r->n, &r->cap, col);
}

static void set(SheetCell *c, SheetKind kind, const char *text)
{
    c->kind = *text || kind == SHEET_ERROR ? kind : SHEET_BLANK;
    c->text = text;
    c->cut = strnlen(text, BOOK_CELL) == BOOK_CELL;
}

static void take_number(Rows *r, SheetCell *c, const char *v)
{
    char *end, out[40];
    double d = strtod(v, &end);
    bool none = end == v;
    end += strspn(end, " \t\r\n");
    if (*end || none || !isfinite(d)) { /* not a number at all: what stands there, as text */
        set(c, SHEET_TEXT, arena_str(r->a, v));
        return;
    }
    c->number = d;
    bool date = r->style >= 0 && r->style < r->b->n_styles && r->b->is_date[r->style];
    if (!date) {
        sheet_number_text(d, out);
        set(c, SHEET_NUMBER, arena_str(r->a, out));
        return;
    }
    if (r->b->date1904 && d >= 1)
        c->number = d += 1462;
    if (sheet_serial_text(d, out))
        set(c, SHEET_DATE, arena_str(r->a, out));
    else
        set(c, SHEET_ERROR, "#NUM!");
}

/* t="d": ISO 8601. "2024-05-01T09:30:00.000Z" → "2024-05-01 09:30:00". */
static void take_iso(Rows *r, SheetCell *c, const char *v)
{
    char *s = arena_str(r->a, v);
    char *t = strchr(s, 'T');
    if (t) {
        *t = ' ';
        size_t n = strcspn(t + 1, ".Z+");
        t[1 + n] = 0;
        if (strcmp(t + 1, "00:00:00") == 0 || !t[1])
            *t = 0;
    }
    set(c, SHEET_DATE, s);
}

/* What stood in the cell as text, its escapes read; what was longer before that was not kept whole either. */
static void take_text(Rows *r, SheetCell *c, Buf *from)
{
    bool cut = from->len >= BOOK_CELL;
    size_t n = book_unescape(from->data, from->len);
    set(c, SHEET_TEXT, arena_dup(r->a, from->data, n));
    c->cut = cut;
}

static void cell_done(Rows *r)
{
    SheetCell *c = cell_at(r, r->col);
    const char *type = r->type;
    *c = (SheetCell){.text = ""};
    if (strcmp(type, "inlineStr") == 0 || (r->inline_text && !r->has_v)) {
        take_text(r, c, r->inline_text || !r->has_v ? &r->t : &r->v);
    } else if (!r->has_v) {
        if (r->formula) {
            c->uncached = true;
            set(c, SHEET_ERROR, "");
        }
    } else if (strcmp(type, "s") == 0) {
        char *end;
        int64_t at = strtoll(r->v.data, &end, 10);
        const char *text = end == r->v.data ? NULL : book_string(r->b, at);
        if (text)
            set(c, SHEET_TEXT, text);
        else
            set(c, SHEET_ERROR, "#REF!"); /* a string that the file does not have */
    } else if (strcmp(type, "str") == 0) {
        take_text(r, c, &r->v);
    } else if (strcmp(type, "b") == 0) {
        c->number = strcmp(r->v.data, "1") == 0 || strcmp(r->v.data, "true") == 0;
        set(c, SHEET_BOOL, c->number != 0 ? "TRUE" : "FALSE");
    } else if (strcmp(type, "e") == 0) {
        set(c, SHEET_ERROR, arena_dup(r->a, r->v.data, r->v.len));
    } else if (strcmp(type, "d") == 0) {
        take_iso(r, c, r->v.data);
    } else if (r->v.len) {
        take_number(r, c, r->v.data);
    }
    r->any |= c->kind != SHEET_BLANK;
}

/* ---- events -------------------------------------------------------------------------------- */

static void row_start(Rows *r, const char **attrs)
{
    const char *at = part_attr(attrs, "r"), *hidden = part_attr(attrs, "hidden");
    int64_t row = at ? strtoll(at, NULL, 10) : 0;
    r->row = row > 0 && row <= BOOK_ROWS ? row : r->row + 1;
    r->hidden = hidden && (strcmp(hidden, "1") == 0 || strcmp(hidden, "true") == 0);
    r->n = 0;
    r->col = -1;
    r->any = false;
    r->in_row = true;
    arena_reset(r->a);
    buf_init(&r->v, r->a);
    buf_init(&r->t, r->a);
}

static void cell_start(Part *p, Rows *r, const char **attrs)
{
    const char *ref = part_attr(attrs, "r"), *style = part_attr(attrs, "s"),
               *type = part_attr(attrs, "t");
    int col = ref ? column_of(ref, NULL) : -1;
    r->col = col >= 0 ? col : r->col + 1;
    if (r->col >= BOOK_COLUMNS) {
        part_fail(p, ERR_TOO_LARGE, "err.sheet.columns");
        return;
    }
    r->style = style && *style ? (int)strtol(style, NULL, 10) : -1;
    size_t n = type ? strlen(type) : 0;
    if (n >= sizeof r->type)
        n = 0;
    if (n)
        memcpy(r->type, type, n);
    r->type[n] = 0;
    r->in_cell = true;
    r->formula = r->has_v = r->in_v = r->in_t = r->inline_text = false;
    r->phonetic = r->foreign = 0;
    buf_clear(&r->v);
    buf_clear(&r->t);
}

static void rows_start(Part *p, const char *name, const char **attrs)
{
    Rows *r = p->user;
    if (r->in_cell) {
        if (strcmp(name, "extLst") == 0 || r->foreign)
            r->foreign++; /* whatever a later program keeps there */
        else if (strcmp(name, "v") == 0)
            r->in_v = r->has_v = true;
        else if (strcmp(name, "f") == 0)
            r->formula = true;
        else if (strcmp(name, "is") == 0)
            r->inline_text = true;
        else if (strcmp(name, "rPh") == 0)
            r->phonetic++;
        else if (strcmp(name, "t") == 0)
            r->in_t = true;
    } else if (strcmp(name, "c") == 0 && r->in_row) {
        cell_start(p, r, attrs);
    } else if (strcmp(name, "row") == 0) {
        row_start(r, attrs);
    } else if (strcmp(name, "mergeCell") == 0) {
        book_take_merge(r->b, part_attr(attrs, "ref"));
    } else if (strcmp(name, "dimension") == 0) {
        take_dimension(r, part_attr(attrs, "ref"));
    } else if (strcmp(name, "col") == 0) {
        take_columns(r->b, attrs);
    }
}

static void rows_text(Part *p, const char *s, int n)
{
    Rows *r = p->user;
    if (!r->in_cell)
        return;
    Buf *to = r->in_v ? &r->v : r->in_t && !r->phonetic ? &r->t : NULL;
    if (to && to->len < BOOK_CELL)
        buf_add(to, s, (size_t)n);
}

static void rows_end(Part *p, const char *name)
{
    Rows *r = p->user;
    if (r->in_cell) {
        if (r->foreign) {
            r->foreign--;
        } else if (strcmp(name, "v") == 0) {
            r->in_v = false;
        } else if (strcmp(name, "t") == 0) {
            r->in_t = false;
        } else if (strcmp(name, "rPh") == 0) {
            r->phonetic -= r->phonetic > 0;
        } else if (strcmp(name, "c") == 0) {
            r->in_cell = false;
            cell_done(r);
            if (r->b->strings.failed) { /* the mistake is there */
                p->failed = true;
                XML_StopParser(p->parser, XML_FALSE);
            }
        }
    } else if (strcmp(name, "row") == 0) {
        r->in_row = false;
        if (!r->any)
            return;
        SheetRow row = {.row = r->row, .n = r->n, .hidden = r->hidden, .cells = r->cells};
        if (!r->fn(r->user, &row))
            part_stop(p);
    }
}

bool book_read_xlsx(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    Rows r = {.b = b, .index = index, .a = arena_child(b->a), .fn = fn, .user = user, .col = -1};
    Part p = {.b = b, .user = &r, .start = rows_start, .end = rows_end, .text = rows_text};
    buf_init(&r.v, r.a);
    buf_init(&r.t, r.a);
    bool ok = part_read(&p, b->sheets[index].part);
    arena_free(r.a);
    return ok;
}
