/* The model of a document: blocks in a list on the arena of the Ctx it was made with. See report.h. */
#include "base/report/impl.h"

#include <string.h>

#include "base/conf.h"
#include "base/utf8.h"

/* ---- texts --------------------------------------------------------------------------------- */

static bool is_control(unsigned char ch)
{
    return (ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7f;
}

const char *report_clean(Arena *a, const char *s)
{
    if (!s)
        return "";
    size_t n = strlen(s), kept = 0;
    bool controls = false;
    for (size_t i = 0; i < n && !controls; i++)
        controls = is_control((unsigned char)s[i]);
    if (!utf8_valid(s, n)) {
        s = utf8_clean(a, s, n);
        n = strlen(s);
    } else if (!controls) {
        return s;
    }
    char *out = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!is_control((unsigned char)s[i]))
            out[kept++] = s[i];
        else if (s[i] == '\r' && s[i + 1] != '\n')
            out[kept++] = '\n';
    }
    out[kept] = 0;
    return out;
}

static const char *copy(Arena *a, const char *s)
{
    const char *clean = report_clean(a, s);
    return clean == s ? arena_str(a, s) : clean;
}

static const char *copy_or_null(Arena *a, const char *s)
{
    return s && *s ? copy(a, s) : NULL;
}

/* ---- building ------------------------------------------------------------------------------ */

Report *report_new(Ctx *c, const ReportPage *page)
{
    Report *r = ARENA_NEW(c->a, Report);
    r->a = c->a;
    r->page = *page;
    r->page.title = copy(c->a, page->title);
    r->page.author = copy_or_null(c->a, page->author);
    r->page.header = copy_or_null(c->a, page->header);
    r->page.footer = copy_or_null(c->a, page->footer);
    r->page.watermark = copy_or_null(c->a, page->watermark);
    return r;
}

static Block *block_add(Report *r, BlockKind kind)
{
    Block *b = ARENA_NEW(r->a, Block);
    b->kind = kind;
    if (r->last)
        r->last->next = b;
    else
        r->first = b;
    r->last = b;
    return b;
}

void report_heading(Report *r, int level, const char *text)
{
    Block *b = block_add(r, BLOCK_HEADING);
    b->level = level < 1 ? 1 : level > 3 ? 3 : level;
    b->text = copy(r->a, text);
}

void report_text_as(Report *r, ReportTone tone, ReportAlign align, const char *text)
{
    Block *b = block_add(r, BLOCK_TEXT);
    b->tone = tone;
    b->align = align;
    b->text = copy(r->a, text);
}

void report_text(Report *r, const char *text)
{
    report_text_as(r, REPORT_PLAIN, REPORT_LEFT, text);
}

void report_gap(Report *r, double mm)
{
    block_add(r, BLOCK_GAP)->mm = mm;
}

void report_page_break(Report *r)
{
    block_add(r, BLOCK_BREAK);
}

void report_grid(Report *r, int across, const ReportPair *pairs, int n)
{
    Block *b = block_add(r, BLOCK_GRID);
    b->across = across < 1 ? 1 : across > 4 ? 4 : across;
    b->n = n;
    b->pairs = ARENA_ARRAY(r->a, n + 1, ReportPair);
    for (int i = 0; i < n; i++)
        b->pairs[i] = (ReportPair){.label = copy(r->a, pairs[i].label),
                                   .value = copy(r->a, pairs[i].value),
                                   .wide = pairs[i].wide};
}

ReportTable *report_table(Report *r, const ReportColumn *columns, int n)
{
    Block *b = block_add(r, BLOCK_TABLE);
    ReportTable *t = b->table = ARENA_NEW(r->a, ReportTable);
    t->a = r->a;
    t->n = n;
    t->columns = ARENA_ARRAY(r->a, n + 1, ReportColumn);
    for (int i = 0; i < n; i++) {
        t->columns[i] = columns[i];
        t->columns[i].label = copy(r->a, columns[i].label);
    }
    return t;
}

void report_row(ReportTable *t, ReportTone tone, const char *const *cells)
{
    ReportRow *row = ARENA_NEW(t->a, ReportRow);
    row->cells = ARENA_ARRAY(t->a, t->n + 1, const char *);
    row->tone = tone;
    for (int i = 0; i < t->n; i++)
        row->cells[i] = copy(t->a, cells[i]);
    if (t->last)
        t->last->next = row;
    else
        t->first = row;
    t->last = row;
}

void report_table_empty(ReportTable *t, const char *text)
{
    t->empty = copy_or_null(t->a, text);
}

void report_table_source(ReportTable *t, const ReportSource *source)
{
    t->source = *source;
}

void report_chart(Report *r, const Chart *chart, double mm)
{
    Block *b = block_add(r, BLOCK_CHART);
    b->chart = chart;
    b->mm = mm;
}

void report_image(Report *r, ReportImage image, double mm, ReportAlign align)
{
    Block *b = block_add(r, BLOCK_IMAGE);
    b->image = image;
    b->mm = mm;
    b->align = align;
}

void report_qr(Report *r, const char *text, double mm, const char *caption)
{
    if (!text || !*text || strlen(text) > QR_BYTES_MOST)
        return;
    Block *b = block_add(r, BLOCK_QR);
    b->text = arena_str(r->a, text);
    b->mm = mm;
    b->caption = copy_or_null(r->a, caption);
}

void report_signatures(Report *r, const char *const *labels, int n)
{
    Block *b = block_add(r, BLOCK_SIGN);
    b->n = n;
    b->labels = ARENA_ARRAY(r->a, n + 1, const char *);
    for (int i = 0; i < n; i++)
        b->labels[i] = copy(r->a, labels[i]);
}

void report_paper_size(const ReportPage *page, double *w, double *h)
{
    static const double mm[][2] = {{210, 297}, {297, 420}, {148, 210}, {215.9, 279.4}};
    const double *size = mm[page->paper];
    *w = size[page->landscape] * PT_PER_MM;
    *h = size[!page->landscape] * PT_PER_MM;
}

/* ---- the rows of a table ------------------------------------------------------------------- */

bool row_walk_begin(Ctx *c, RowWalk *w, const ReportTable *t)
{
    *w = (RowWalk){.t = t, .at = t->first, .most = conf_int("print.rows")};
    if (!t->source.next)
        return true;
    w->step = arena_child(c->a);
    w->cells = ARENA_ARRAY(c->a, t->n + 1, const char *);
    return t->source.rewind(c, t->source.arg);
}

static int next_of_source(Ctx *c, RowWalk *w)
{
    enum { STEP_BYTES = 256 * 1024 };
    if (arena_used(w->step) > STEP_BYTES)
        arena_reset(w->step);
    w->tone = REPORT_PLAIN;
    int got = w->t->source.next(c, w->t->source.arg, w->cells, &w->tone);
    for (int i = 0; got == 1 && i < w->t->n; i++)
        w->cells[i] = report_clean(w->step, w->cells[i]);
    return got;
}

int row_walk_next(Ctx *c, RowWalk *w)
{
    int got = 0;
    if (w->t->source.next) {
        got = next_of_source(c, w);
    } else if (w->at) {
        w->cells = w->at->cells;
        w->tone = w->at->tone;
        w->at = w->at->next;
        got = 1;
    }
    if (got == 1 && ++w->count > w->most) {
        ctx_fail(c, ERR_TOO_LARGE, NULL, "err.report.rows", ctx_num(c, w->most));
        return -1;
    }
    return got;
}

void row_walk_end(RowWalk *w)
{
    if (w->step)
        arena_free(w->step);
    w->step = NULL;
}
