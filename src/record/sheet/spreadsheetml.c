/* SpreadsheetML 2003, streamed. Names and attributes go without their prefixes; a cell that says no
   place stands behind the one before. See markup.h. */
#include <stdlib.h>
#include <strings.h>

#include "record/sheet/markup.h"
#include "record/sheet/row_build.h"

typedef struct Xml {
    SheetBook *b;
    Part part;
    bool listing; /* opening: which sheets are there? */
    int sheet, wanted;
    int64_t all; /* while listing: no more sheets than these can be there; 0: not known */
    bool listed; /* nothing more is to be found out */
    VEC(BookSheet) sheets;
    Map *dates; /* styles that show dates */
    RowBuild out;
    Arena *a;
    Buf text;
    const char *style; /* at hand: of the styles, of the row */
    const char *row_style, *cell_style;
    char type[12];
    int64_t row, span, column; /* column: behind the last <Column> */
    int col, across, down;
    bool in_table, in_row, in_cell, in_data, has_data, formula, in_comment, in_visible;
} Xml;

static int64_t number_of(const char *s, int64_t low, int64_t high)
{
    int64_t v = s ? strtoll(s, NULL, 10) : low;
    return v < low ? low : v > high ? high : v;
}

/* ---- styles -------------------------------------------------------------------------------- */

static bool format_is_date(const char *code)
{
    static const char *const plain[] = {"General", "General Number", "Currency", "Euro Currency",
                                        "Fixed",   "Standard",       "Percent",  "Scientific",
                                        "Yes/No",  "True/False",     "On/Off"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcasecmp(code, plain[i]) == 0)
            return false;
    return sheet_format_is_date(0, code); /* "Short Date", "Long Time" … have the letters */
}

static bool style_is_date(const Xml *x, const char *id)
{
    return id && map_has(x->dates, id);
}

/* ---- cells --------------------------------------------------------------------------------- */

static void put_cell(Xml *x)
{
    const char *t = x->type, *text = x->text.data;
    if (x->col >= BOOK_COLUMNS) {
        part_fail(&x->part, ERR_TOO_LARGE, "err.sheet.columns");
        return;
    }
    if (!x->has_data) {
        if (x->formula)
            row_set(&x->out, x->col, SHEET_ERROR, "")->uncached = true;
    } else if (strcmp(t, "Number") == 0) {
        char *end;
        double v = strtod(text, &end);
        bool none = end == text;
        end += strspn(end, " \t\r\n");
        if (*end || none)
            row_set(&x->out, x->col, SHEET_TEXT, arena_str(x->out.texts, text));
        else
            row_number(&x->out, x->col, v,
                       style_is_date(x, x->cell_style ? x->cell_style : x->row_style));
    } else if (strcmp(t, "DateTime") == 0) {
        row_iso(&x->out, x->col, text);
    } else if (strcmp(t, "Boolean") == 0) {
        row_bool(&x->out, x->col, strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0);
    } else {
        row_set(&x->out, x->col, strcmp(t, "Error") == 0 ? SHEET_ERROR : SHEET_TEXT,
                arena_dup(x->out.texts, text, x->text.len));
    }
}

static void cell_end(Xml *x)
{
    SheetBook *b = x->b;
    x->in_cell = false;
    put_cell(x);
    if ((x->across || x->down) && b->merges.n < BOOK_MERGES && x->col + x->across < BOOK_COLUMNS)
        vec_push(b->a, &b->merges,
                 (SheetMerge){.first_row = x->row,
                              .last_row = x->row + x->down,
                              .first_col = x->col,
                              .last_col = x->col + x->across});
    x->col += x->across;
}

/* ---- events -------------------------------------------------------------------------------- */

static void cell_start(Xml *x, const char **attrs)
{
    const char *at = part_attr(attrs, "Index");
    x->col = at ? (int)number_of(at, 1, BOOK_COLUMNS + 1) - 1 : x->col + 1;
    x->across = (int)number_of(part_attr(attrs, "MergeAcross"), 0, BOOK_COLUMNS);
    x->down = (int)number_of(part_attr(attrs, "MergeDown"), 0, BOOK_ROWS);
    x->formula = part_attr(attrs, "Formula") != NULL;
    x->cell_style = arena_str(x->out.texts, part_attr(attrs, "StyleID"));
    x->in_cell = true;
    x->has_data = x->in_data = x->in_comment = false;
    buf_clear(&x->text);
}

static void row_start(Xml *x, const char **attrs)
{
    const char *at = part_attr(attrs, "Index"), *hidden = part_attr(attrs, "Hidden");
    x->row = at ? number_of(at, 1, INT32_MAX) : x->row + 1;
    x->span = number_of(part_attr(attrs, "Span"), 0, BOOK_ROWS);
    if (x->text.cap > 65536) { /* one huge text must not keep its room */
        arena_reset(x->a);
        buf_init(&x->text, x->a);
    }
    row_begin(&x->out, x->row, hidden && strcmp(hidden, "1") == 0);
    x->row_style = arena_str(x->out.texts, part_attr(attrs, "StyleID"));
    x->col = -1;
    x->in_row = true;
}

static void take_column(Xml *x, const char **attrs)
{
    const char *at = part_attr(attrs, "Index"), *hidden = part_attr(attrs, "Hidden");
    int64_t first = at ? number_of(at, 1, BOOK_COLUMNS) - 1 : x->column,
            last = first + number_of(part_attr(attrs, "Span"), 0, BOOK_COLUMNS);
    if (hidden && strcmp(hidden, "1") == 0)
        book_hide_columns(x->b, first, last);
    x->column = last + 1;
}

static void data_start(Xml *x, const char **attrs)
{
    const char *type = part_attr(attrs, "Type");
    size_t n = type ? strlen(type) : 0;
    n = n < sizeof x->type ? n : 0;
    if (n)
        memcpy(x->type, type, n);
    x->type[n] = 0;
    x->in_data = x->has_data = true;
}

static void sheet_start(Xml *x, const char **attrs)
{
    const char *name = part_attr(attrs, "Name");
    x->sheet++;
    if (x->listing && x->sheets.n < BOOK_SHEETS)
        vec_push(x->b->a, &x->sheets,
                 (BookSheet){.info = {.name = arena_str(x->b->a, name ? name : "")}});
}

static void on_start(Part *p, const char *name, const char **attrs)
{
    Xml *x = p->user;
    if (x->in_cell) {
        if (strcmp(name, "Comment") == 0 || strcmp(name, "PhoneticText") == 0)
            x->in_comment = true;
        else if (strcmp(name, "Data") == 0 && !x->in_comment)
            data_start(x, attrs);
    } else if (x->in_row) {
        if (strcmp(name, "Cell") == 0)
            cell_start(x, attrs);
    } else if (strcmp(name, "Column") == 0 && x->in_table) {
        if (!x->listing && x->sheet == x->wanted)
            take_column(x, attrs);
    } else if (strcmp(name, "Row") == 0 && x->in_table) {
        if (!x->listing && x->sheet == x->wanted)
            row_start(x, attrs);
        else if (x->all && x->sheet + 1 == x->all) {
            x->listed = true; /* the last sheet, and it has rows */
            part_stop(p);
        }
    } else if (strcmp(name, "Table") == 0) {
        x->in_table = true;
        x->row = 0;
        x->column = 0;
        if (x->listing && x->sheets.n) {
            x->sheets.items[x->sheets.n - 1].info.rows =
                number_of(part_attr(attrs, "ExpandedRowCount"), 0, BOOK_ROWS);
            x->sheets.items[x->sheets.n - 1].info.columns =
                (int)number_of(part_attr(attrs, "ExpandedColumnCount"), 0, BOOK_COLUMNS);
        }
    } else if (strcmp(name, "Worksheet") == 0) {
        sheet_start(x, attrs);
    } else if (strcmp(name, "Visible") == 0 && x->sheet >= 0) {
        x->in_visible = true;
        buf_clear(&x->text);
    } else if (strcmp(name, "Style") == 0) {
        const char *id = part_attr(attrs, "ID");
        x->style = id && x->listing ? arena_str(x->b->a, id) : NULL;
    } else if (strcmp(name, "NumberFormat") == 0 && x->style) {
        const char *code = part_attr(attrs, "Format");
        if (code && format_is_date(code))
            map_put(x->dates, x->style, x->b);
    }
}

static void on_text(Part *p, const char *s, int n)
{
    Xml *x = p->user;
    if (((x->in_data && !x->in_comment) || x->in_visible) && x->text.len < BOOK_CELL)
        buf_add(&x->text, s, (size_t)n);
}

static void row_over(Xml *x)
{
    x->in_row = false;
    x->row += x->span; /* rows that are blank like it */
    if (!row_end(&x->out))
        part_stop(&x->part);
}

static void on_end(Part *p, const char *name)
{
    Xml *x = p->user;
    if (x->in_cell) {
        if (strcmp(name, "Data") == 0)
            x->in_data = false;
        else if (strcmp(name, "Comment") == 0 || strcmp(name, "PhoneticText") == 0)
            x->in_comment = false;
        else if (strcmp(name, "Cell") == 0)
            cell_end(x);
    } else if (x->in_row) {
        if (strcmp(name, "Row") == 0)
            row_over(x);
    } else if (strcmp(name, "Table") == 0) {
        x->in_table = false;
        if (!x->listing && x->sheet == x->wanted)
            part_stop(p);
    } else if (x->in_visible && strcmp(name, "Visible") == 0) {
        x->in_visible = false;
        if (x->listing) { /* behind a <Worksheet> */
            SheetInfo *info = &x->sheets.items[x->sheets.n - 1].info;
            info->hidden = strstr(x->text.data, "Hidden") != NULL;
            info->very_hidden = strstr(x->text.data, "VeryHidden") != NULL;
        }
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* false on a mistake or where the rows were stopped. */
static bool walk(Xml *x)
{
    MarkupReader *r = markup_start(x->b);
    const char *text = "";
    size_t n = 1;
    if (!r)
        return false;
    x->a = arena_child(x->b->a);
    buf_init(&x->text, x->a);
    x->sheet = -1;
    x->part = (Part){.b = x->b, .user = x, .start = on_start, .end = on_end, .text = on_text};
    part_begin(&x->part, "UTF-8"); /* whatever it declares: the text was converted */
    bool ok = true;
    while (ok && n)
        ok = markup_next(r, &text, &n) && part_push(&x->part, text, (int)n, n == 0, "xml");
    part_end(&x->part);
    arena_free(x->a);
    markup_close(r);
    return ok;
}

static bool read_rows(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    Xml x = {.b = b, .wanted = index, .dates = b->more};
    row_init(&x.out, b, fn, user);
    int before = b->c->n_err;
    (void)walk(&x); /* which is stopped behind the table that was wanted */
    row_free(&x.out);
    return b->c->n_err == before && !x.out.stopped;
}

bool spreadsheetml_open(SheetBook *b)
{
    Xml x = {.b = b, .listing = true, .wanted = -1, .dates = ARENA_NEW(b->a, Map)};
    map_init(x.dates, b->a);
    b->format = "xml";
    b->more = x.dates;
    b->read = read_rows;
    /* a sheet that is hidden says so behind its rows */
    static const char *const words[MARKUP_WORDS] = {"Worksheet", "Visible"};
    int64_t counts[MARKUP_WORDS];
    if (markup_can_count(b)) {
        if (!markup_count(b, words, counts))
            return false;
        x.all = counts[1] ? 0 : counts[0];
    }
    if (!walk(&x) && !x.listed)
        return false;
    if (!x.sheets.n)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_workbook");
    b->sheets = x.sheets.items;
    b->n = (int)x.sheets.n;
    markup_share(b);
    return true;
}
