/*
 * Web pages with tables, named .xls by the systems that write them. Each table is a sheet; what a table
 * inside a cell holds belongs to the text of that cell, unless the outer one is only there for the
 * layout: one column, tables in it. See markup.h.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/utf8.h"
#include "record/sheet/html_stream.h"
#include "record/sheet/markup.h"
#include "record/sheet/row_build.h"

/* Unclosed elements: real pages have some in each row at worst; libxml2 walks through all for each end tag. */
enum {
    DEPTH = 4096,
    TABLE_DEPTH = 32,
    MAX_TABLES = 10000,
    COLSPAN = 1000,
    ROWSPAN = 65534,
    MAX_NAMES = 1000,
    ENOUGH_ROWS = 2
};

typedef struct Table {
    int parent;
    int columns, columns_now;
    int64_t rows;
    bool has_inner;
    bool uncounted; /* it has rows, but how many? */
    const char *caption;
} Table;

typedef struct Page {
    SheetBook *b;
    bool listing, done;
    int elements;                 /* open ones */
    int open[TABLE_DEPTH], depth; /* tables; depth may be greater than there is room for */
    int n_tables;
    int64_t all; /* while listing: no more tables than these can be there; 0: not known */
    bool listed; /* nothing more is to be found out */
    VEC(Table) tables;
    VEC(const char *) names;
    /* the table that is wanted, and the depth it is at; 0: not in it */
    int wanted, base;
    RowBuild out;
    Arena *a;
    Buf text;
    bool space; /* a blank is due before the next character */
    bool in_row, in_cell, in_name, in_caption, has_num;
    char num[40];
    int64_t row;
    int col, across, down;
    VEC(int64_t) until; /* by column: the last row that a cell above reaches down to */
} Page;

/* Nothing is taken any more, and libxml2 gets nothing any more. */
static void stop(Page *p)
{
    p->done = true;
}

static void fail(Page *p, ErrCode code, const char *key)
{
    ctx_fail(p->b->c, code, "file", key);
    stop(p);
}

static const char *attr(const xmlChar **attrs, const char *name)
{
    for (int i = 0; attrs && attrs[i]; i += 2)
        if (strcmp((const char *)attrs[i], name) == 0)
            return attrs[i + 1] ? (const char *)attrs[i + 1] : "";
    return NULL;
}

static int span_of(const xmlChar **attrs, const char *name, int most)
{
    const char *s = attr(attrs, name);
    long v = s ? strtol(s, NULL, 10) : 1;
    if (v == 0 && *s == '0')
        return most; /* to the end */
    return v < 1 ? 1 : v > most ? most : (int)v;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void add_text(Page *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n && p->text.len < BOOK_CELL; i++) {
        if (memchr(" \t\r\n\f", s[i], 5)) {
            p->space = true;
            continue;
        }
        if (p->space && p->text.len && p->text.data[p->text.len - 1] != '\n')
            buf_putc(&p->text, ' ');
        p->space = false;
        buf_putc(&p->text, s[i]);
    }
}

static void add_break(Page *p, bool always)
{
    p->space = false;
    if (p->text.len && p->text.len < BOOK_CELL && (always || p->text.data[p->text.len - 1] != '\n'))
        buf_putc(&p->text, '\n');
}

static void new_text(Page *p)
{
    if (p->text.cap > 65536) {
        arena_reset(p->a);
        buf_init(&p->text, p->a);
    }
    buf_clear(&p->text);
    p->space = false;
}

/* The text without the blanks around it, on a. */
static const char *end_text(Page *p, Arena *a)
{
    size_t n = p->text.len;
    char *clean = utf8_clean(a, p->text.data, n);
    n = strlen(clean);
    const char *s = utf8_trim(clean, &n);
    return arena_dup(a, s, n);
}

/* ---- cells --------------------------------------------------------------------------------- */

/* "13,800" → 13800, also "1.38E+10"; not dates, not percents. */
static bool looks_like_number(const char *s, double *v)
{
    char plain[64];
    size_t w = 0;
    for (; *s && w < sizeof plain - 1; s++)
        if (*s != ',')
            plain[w++] = *s;
    plain[w] = 0;
    char *end;
    *v = strtod(plain, &end);
    return w && !*s && !*end && strspn(plain, "+-.0123456789eE") == w;
}

static void cell_end(Page *p)
{
    SheetBook *b = p->b;
    double v;
    if (!p->in_cell)
        return;
    p->in_cell = false;
    const char *text = end_text(p, p->out.texts);
    char *end;
    if (p->has_num &&
        looks_like_number(text, &v)) { /* the whole number stands beside what is shown */
        double whole = strtod(p->num, &end);
        row_number(&p->out, p->col, end != p->num && !*end ? whole : v, false);
    } else {
        row_set(&p->out, p->col, SHEET_TEXT, text);
    }
    if ((p->across > 1 || p->down > 1) && b->merges.n < BOOK_MERGES)
        vec_push(b->a, &b->merges,
                 (SheetMerge){.first_row = p->row,
                              .last_row = p->row + p->down - 1,
                              .first_col = p->col,
                              .last_col = p->col + p->across - 1});
    p->col += p->across;
}

static void tr_end(Page *p)
{
    cell_end(p);
    if (!p->in_row)
        return;
    p->in_row = false;
    if (!row_end(&p->out))
        stop(p);
}

static void tr_start(Page *p, const xmlChar **attrs)
{
    tr_end(p);
    if (p->done)
        return;
    const char *style = attr(attrs, "style"), *none = style ? strcasestr(style, "display") : NULL;
    if (none) {
        none += strlen("display");
        none += strspn(none, ": ");
    }
    p->row++;
    row_begin(&p->out, p->row, none && strncasecmp(none, "none", 4) == 0);
    p->in_row = true;
    p->col = 0;
}

static void td_start(Page *p, const xmlChar **attrs)
{
    cell_end(p);
    if (!p->in_row)
        tr_start(p, NULL);
    while ((size_t)p->col < p->until.n && p->until.items[p->col] >= p->row)
        p->col++;
    p->across = span_of(attrs, "colspan", COLSPAN);
    p->down = span_of(attrs, "rowspan", ROWSPAN);
    if (p->col + p->across > BOOK_COLUMNS) {
        fail(p, ERR_TOO_LARGE, "err.sheet.columns");
        return;
    }
    if (p->down > 1) {
        while (p->until.n < (size_t)p->col + (size_t)p->across)
            vec_push(p->b->a, &p->until, 0);
        for (int i = p->col; i < p->col + p->across; i++)
            p->until.items[i] = p->row + p->down - 1;
    }
    const char *num = attr(attrs, "x:num"); /* as Excel says it, and as LibreOffice does */
    if (!num)
        num = attr(attrs, "sdval");
    p->has_num = num != NULL;
    p->num[0] = 0;
    if (num && strlen(num) < sizeof p->num)
        memcpy(p->num, num, strlen(num) + 1);
    p->in_cell = true;
    new_text(p);
}

/* ---- tables -------------------------------------------------------------------------------- */

static Table *top_table(Page *p)
{
    bool known = p->depth && p->depth <= TABLE_DEPTH && (size_t)p->open[p->depth - 1] < p->tables.n;
    return known ? &p->tables.items[p->open[p->depth - 1]] : NULL;
}

static void table_start(Page *p)
{
    if (p->depth++ >= TABLE_DEPTH)
        return; /* that deep it is but text */
    int parent = p->depth > 1 ? p->open[p->depth - 2] : -1, at = p->n_tables++;
    p->open[p->depth - 1] = at;
    if (p->listing && p->tables.n < MAX_TABLES) {
        if (parent >= 0)
            p->tables.items[parent].has_inner = true;
        vec_push(p->b->a, &p->tables, (Table){.parent = parent});
    }
    if (!p->listing && at == p->wanted)
        p->base = p->depth;
}

static void row_over(Table *t)
{
    if (t->columns < t->columns_now)
        t->columns = t->columns_now;
    t->columns_now = 0;
}

static void table_end(Page *p)
{
    Table *t = p->listing ? top_table(p) : NULL;
    if (t)
        row_over(t);
    if (p->base && p->depth == p->base) {
        tr_end(p);
        stop(p);
    }
    p->depth -= p->depth > 0;
}

/* While the sheets are listed: how large are the tables? */
static void count(Page *p, const char *name, const xmlChar **attrs)
{
    Table *t = top_table(p);
    if (!t)
        return;
    if (strcmp(name, "tr") == 0) {
        row_over(t);
        t->rows++;
        if (p->all && p->n_tables == p->all && p->depth == 1 && t->rows > ENOUGH_ROWS) {
            t->rows = 0; /* nobody knows */
            t->uncounted = true;
            p->listed = true;
            stop(p);
        }
    } else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
        t->rows += t->rows == 0;
        t->columns_now += span_of(attrs, "colspan", COLSPAN);
        if (t->columns_now > BOOK_COLUMNS)
            t->columns_now = BOOK_COLUMNS;
    } else if (strcmp(name, "caption") == 0) {
        p->in_caption = true;
        new_text(p);
    }
}

/* ---- events -------------------------------------------------------------------------------- */

static bool is_block(const char *name)
{
    static const char *const blocks[] = {"p",  "div", "li", "ul",  "ol", "h1",
                                         "h2", "h3",  "h4", "pre", "tr"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (strcmp(name, blocks[i]) == 0)
            return true;
    return false;
}

static void on_start(void *user, const xmlChar *tag, const xmlChar **attrs)
{
    Page *p = user;
    const char *name = (const char *)tag;
    if (p->done)
        return;
    if (++p->elements > DEPTH) {
        fail(p, ERR_TOO_LARGE, "err.sheet.deep");
        return;
    }
    bool cell = strcmp(name, "td") == 0 || strcmp(name, "th") == 0;
    if (strcmp(name, "table") == 0) {
        if (p->in_cell)
            add_break(p, false);
        table_start(p);
    } else if (p->listing) {
        if (strcmp(name, "x:name") == 0) {
            p->in_name = true;
            new_text(p);
        } else {
            count(p, name, attrs);
        }
    } else if (p->base && p->depth == p->base && strcmp(name, "tr") == 0) {
        tr_start(p, attrs);
    } else if (p->base && p->depth == p->base && cell) {
        td_start(p, attrs);
    } else if (p->in_cell && strcmp(name, "br") == 0) {
        add_break(p, true);
    } else if (p->in_cell && is_block(name)) {
        add_break(p, false);
    } else if (p->in_cell && cell) {
        p->space = true;
    }
}

static void take_name(Page *p, const char *s, size_t n)
{
    if (p->names.n < MAX_NAMES)
        vec_push(p->b->a, &p->names, utf8_clean(p->b->a, s, n < 256 ? n : 256));
}

static void on_end(void *user, const xmlChar *tag)
{
    Page *p = user;
    const char *name = (const char *)tag;
    if (p->done)
        return;
    p->elements -= p->elements > 0;
    if (strcmp(name, "table") == 0) {
        table_end(p);
    } else if (p->listing) {
        if (p->in_name && strcmp(name, "x:name") == 0) {
            p->in_name = false;
            take_name(p, p->text.data, p->text.len);
        } else if (p->in_caption && strcmp(name, "caption") == 0) {
            p->in_caption = false;
            Table *t = top_table(p);
            if (t)
                t->caption = end_text(p, p->b->a);
        }
    } else if (p->base && p->depth == p->base && strcmp(name, "tr") == 0) {
        tr_end(p);
    } else if (p->base && p->depth == p->base &&
               (strcmp(name, "td") == 0 || strcmp(name, "th") == 0)) {
        cell_end(p);
    } else if (p->in_cell && is_block(name)) {
        add_break(p, false);
    }
}

static void on_text(void *user, const xmlChar *s, int n)
{
    Page *p = user;
    if (!p->done && (p->in_cell || p->in_name || p->in_caption))
        add_text(p, (const char *)s, (size_t)n);
}

static void on_script(void *user, const xmlChar *s, int n)
{
    (void)user; /* scripts and styles would come as text where nobody takes them */
    (void)s;
    (void)n;
}

/* Excel puts the names of the sheets into a comment: <x:ExcelWorksheet><x:Name>…</x:Name>. */
static void on_comment(void *user, const xmlChar *value)
{
    Page *p = user;
    static const char open[] = "<x:Name>";
    if (p->done || !p->listing)
        return;
    for (const char *s = (const char *)value; (s = strstr(s, open)) != NULL;) {
        s += sizeof open - 1;
        take_name(p, s, strcspn(s, "<"));
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* false on a mistake or where p was stopped. */
static bool walk(Page *p)
{
    static const htmlSAXHandler sax = {.startElement = on_start,
                                       .endElement = on_end,
                                       .characters = on_text,
                                       .ignorableWhitespace = on_text,
                                       .cdataBlock = on_script,
                                       .comment = on_comment};
    p->a = arena_child(p->b->a);
    buf_init(&p->text, p->a);
    bool ok = html_stream(p->b, &sax, p, &p->done) && !p->done;
    arena_free(p->a);
    return ok;
}

static bool read_rows(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    Page *p = ARENA_NEW(b->a, Page);
    int before = b->c->n_err;
    *p = (Page){.b = b, .wanted = ((const int *)b->more)[index]};
    row_init(&p->out, b, fn, user);
    (void)walk(p); /* which is stopped behind the table, also where the page is cut off inside it */
    row_free(&p->out);
    return b->c->n_err == before && !p->out.stopped;
}

static bool is_layout(const Table *t)
{
    return t->has_inner && t->columns <= 1;
}

static bool list_tables(Page *p)
{
    SheetBook *b = p->b;
    size_t n = p->tables.n;
    bool *inside = ARENA_ARRAY(b->a, n, bool); /* inside of nothing but layout */
    int *ordinals = ARENA_ARRAY(b->a, n, int);
    b->more = ordinals;
    b->sheets = ARENA_ARRAY(b->a, n, BookSheet);
    for (size_t i = 0; i < n && b->n < BOOK_SHEETS; i++) {
        const Table *t = &p->tables.items[i];
        inside[i] = t->parent < 0 || (inside[t->parent] && is_layout(&p->tables.items[t->parent]));
        if (!inside[i] || is_layout(t) || (!t->rows && !t->uncounted))
            continue;
        const char *name =
            t->caption && *t->caption ? t->caption : arena_printf(b->a, "Sheet%d", b->n + 1);
        if ((size_t)b->n < p->names.n)
            name = p->names.items[b->n];
        b->sheets[b->n].info = (SheetInfo){.name = name, .rows = t->rows, .columns = t->columns};
        ordinals[b->n++] = (int)i;
    }
    if (!b->n)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_table");
    markup_share(b);
    return true;
}

bool html_open(SheetBook *b)
{
    Page *p = ARENA_NEW(b->a, Page);
    *p = (Page){.b = b, .listing = true, .wanted = -1};
    b->format = "html";
    b->read = read_rows;
    static const char *const words[MARKUP_WORDS] = {"table"};
    int64_t counts[MARKUP_WORDS];
    if (markup_can_count(b)) {
        if (!markup_count(b, words, counts))
            return false;
        p->all = counts[0];
    }
    return (walk(p) || p->listed) && list_tables(p);
}
