/*
 * Tables: widths by content, a header row on every page, rows that are never cut but where one is taller than a page. The
 * counting of pages keeps the lines of each row (two bytes a row), so that the drawing lays each cell out once.
 */
#include "base/report/impl.h"

#include <math.h>
#include <string.h>

#include "base/vec.h"

enum { PAD_X = 4, PAD_Y = 3, NARROWEST = 22, LINES_MOST = 60000 };

struct RowHeights {
    VEC(uint16_t) lines;
};

void row_heights_add(Flow *f, int lines)
{
    if (!f->heights)
        f->heights = ARENA_NEW(f->c->a, RowHeights);
    vec_push(f->c->a, &f->heights->lines, (uint16_t)(lines > LINES_MOST ? LINES_MOST : lines));
}

/* 0: there is none, as the source gives more rows than it gave before. */
int row_heights_take(Flow *f)
{
    if (!f->heights || f->heights_at >= (int64_t)f->heights->lines.n)
        return 0;
    return f->heights->lines.items[f->heights_at++];
}

typedef struct Grid {
    const ReportTable *t;
    TextStyle style;
    double *x; /* n + 1 edges */
    double lh;
    int head_lines;
} Grid;

/* ---- widths -------------------------------------------------------------------------------- */

typedef struct Widths {
    double *wish, *least;
} Widths;

static void widen(Flow *f, const Grid *g, Widths *w, int i, const char *text, bool bold)
{
    TextStyle s = g->style;
    s.bold = bold;
    double wish = text_width(f->t, &s, text) * 1.03 + 2 * PAD_X + 1,
           least = text_min_width(f->t, &s, text) * 1.03 + 2 * PAD_X + 1;
    w->wish[i] = fmax(w->wish[i], wish);
    w->least[i] = fmax(w->least[i], fmin(least, flow_width(f) * 0.35));
}

static bool sample(Flow *f, const Grid *g, Widths *w)
{
    RowWalk walk;
    int got = 1;
    for (int i = 0; i < g->t->n; i++)
        widen(f, g, w, i, g->t->columns[i].label, true);
    if (!row_walk_begin(f->c, &walk, g->t))
        return false;
    for (int n = 0; n < HEADER_SAMPLE && (got = row_walk_next(f->c, &walk)) == 1; n++)
        for (int i = 0; i < g->t->n; i++)
            widen(f, g, w, i, walk.cells[i], walk.tone == REPORT_STRONG);
    row_walk_end(&walk);
    return got >= 0;
}

static double sum(const double *v, int n)
{
    double all = 0;
    for (int i = 0; i < n; i++)
        all += v[i];
    return all;
}

/* Narrow columns get all they wish, wide ones share what is left evenly: the level to which the paper reaches. */
static double level(const Widths *w, int n, double room)
{
    double low = 0, high = room;
    for (int k = 0; k < 40; k++) {
        double mid = (low + high) / 2, all = 0;
        for (int i = 0; i < n; i++)
            all += fmax(w->least[i], fmin(w->wish[i], mid));
        if (all > room)
            high = mid;
        else
            low = mid;
    }
    return low;
}

/* Columns with a weight share the paper by it; the others get what their content needs. */
static void share(Grid *g, const Widths *w, double room)
{
    int n = g->t->n;
    double weights = 0, wishes = sum(w->wish, n), least = sum(w->least, n);
    for (int i = 0; i < n; i++)
        weights += g->t->columns[i].weight;
    double x = g->x[0], most = level(w, n, room);
    for (int i = 0; i < n; i++) {
        double own;
        if (weights > 0)
            own = room * fmax(g->t->columns[i].weight, weights / 20) / weights;
        else if (wishes <= room)
            own = w->wish[i] + (room - wishes) * w->wish[i] / wishes;
        else if (least < room)
            own = fmax(w->least[i], fmin(w->wish[i], most));
        else
            own = NARROWEST + (room - NARROWEST * n) * w->least[i] / least;
        g->x[i + 1] = x += own;
    }
    double stretch = room / (g->x[n] - g->x[0]); /* weights need not add up */
    for (int i = 1; i <= n; i++)
        g->x[i] = g->x[0] + (g->x[i] - g->x[0]) * stretch;
}

/* The same numbers each time it is asked: from the header and the first rows alone. */
static bool lay_columns(Flow *f, Grid *g)
{
    static const double sizes[] = {9, 8, 7, 6};
    Arena *a = f->c->a;
    int n = g->t->n;
    double room = flow_width(f);
    if (n < 1 || n > report_columns_most(&f->r->page))
        return ctx_fail(f->c, ERR_TOO_LARGE, NULL, "err.report.columns", ctx_num(f->c, n),
                        ctx_num(f->c, report_columns_most(&f->r->page)));
    g->x = ARENA_ARRAY(a, n + 1, double);
    Widths w = {ARENA_ARRAY(a, n, double), ARENA_ARRAY(a, n, double)};
    g->style = (TextStyle){.size = sizes[0]};
    if (!sample(f, g, &w))
        return false;
    double least = sum(w.least, n);
    size_t smaller = 0;
    while (smaller + 1 < sizeof sizes / sizeof *sizes && least * sizes[smaller] / sizes[0] > room)
        smaller++;
    double scale = sizes[smaller] / sizes[0];
    g->style.size = sizes[smaller];
    for (int i = 0; i < n; i++) {
        w.wish[i] *= scale;
        w.least[i] *= scale;
    }
    g->lh = text_line_height(g->style.size);
    g->x[0] = f->left;
    share(g, &w, room);
    return true;
}

int report_columns_most(const ReportPage *page)
{
    double w, h;
    report_paper_size(page, &w, &h);
    return (int)((w - 30 * PT_PER_MM) / NARROWEST);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static double cell_width(const Grid *g, int i)
{
    return g->x[i + 1] - g->x[i] - 2 * PAD_X;
}

static int row_lines(Flow *f, const Grid *g, const char *const *cells, bool bold)
{
    TextStyle s = g->style;
    int most = 1;
    s.bold = bold;
    for (int i = 0; i < g->t->n; i++) {
        int n = text_lines(f->t, &s, cells[i], cell_width(g, i));
        most = n > most ? n : most;
    }
    return most;
}

/* Lines from..to-1 of a row at y; head: on grey. */
static void row_draw(Flow *f, const Grid *g, const char *const *cells, ReportTone tone, bool head,
                     int from, int to)
{
    int n = g->t->n;
    double h = (to - from) * g->lh + 2 * PAD_Y;
    TextStyle s = g->style;
    s.bold = head || tone == REPORT_STRONG;
    s.grey = tone == REPORT_MUTED ? 0.5 : 0;
    if (head || tone == REPORT_STRONG) {
        cairo_rectangle(f->cr, g->x[0], f->y, g->x[n] - g->x[0], h);
        flow_color(f, head ? 0.92 : 0.97);
        cairo_fill(f->cr);
    }
    for (int i = 0; i < n; i++)
        text_draw(f->t, f->cr, &s, cells[i], g->x[i] + PAD_X, f->y + PAD_Y, cell_width(g, i),
                  (int)g->t->columns[i].align, from, to);
    flow_color(f, 0.7);
    cairo_set_line_width(f->cr, 0.5);
    cairo_rectangle(f->cr, g->x[0], f->y, g->x[n] - g->x[0], h);
    for (int i = 1; i < n; i++) {
        cairo_move_to(f->cr, g->x[i], f->y);
        cairo_rel_line_to(f->cr, 0, h);
    }
    cairo_stroke(f->cr);
}

static double height_of(const Grid *g, int lines)
{
    return lines * g->lh + 2 * PAD_Y;
}

static void head_row(Flow *f, const Grid *g)
{
    const char **labels = ARENA_ARRAY(f->c->a, g->t->n, const char *);
    for (int i = 0; i < g->t->n; i++)
        labels[i] = g->t->columns[i].label;
    if (f->draw)
        row_draw(f, g, labels, REPORT_PLAIN, true, 0, g->head_lines);
    f->y += height_of(g, g->head_lines);
    f->used = true;
}

static void next_page(Flow *f, const Grid *g)
{
    flow_next_page(f);
    head_row(f, g);
}

/* In pieces over as many pages as it takes. */
static void tall_row(Flow *f, const Grid *g, const RowWalk *w, int lines)
{
    for (int from = 0; from < lines;) {
        int fits = (int)((flow_left(f) - 2 * PAD_Y) / g->lh);
        if (fits < 3 && fits < lines - from) {
            next_page(f, g);
            fits = (int)((flow_left(f) - 2 * PAD_Y) / g->lh);
        }
        int to = from + (fits < 1 ? 1 : fits);
        to = to > lines ? lines : to;
        if (f->draw)
            row_draw(f, g, w->cells, w->tone, false, from, to);
        f->y += height_of(g, to - from);
        from = to;
    }
}

static void one_row(Flow *f, const Grid *g, const RowWalk *w)
{
    int lines = f->draw ? row_heights_take(f) : 0;
    if (!lines)
        lines = row_lines(f, g, w->cells, w->tone == REPORT_STRONG);
    if (!f->draw)
        row_heights_add(f, lines);
    double page = f->bottom - f->top - height_of(g, g->head_lines);
    if (height_of(g, lines) > page) {
        tall_row(f, g, w, lines);
        return;
    }
    if (flow_left(f) < height_of(g, lines))
        next_page(f, g);
    if (f->draw)
        row_draw(f, g, w->cells, w->tone, false, 0, lines);
    f->y += height_of(g, lines);
}

static void said_empty(Flow *f, const Grid *g)
{
    TextStyle s = g->style;
    s.grey = 0.5;
    if (!g->t->empty)
        return;
    if (f->draw)
        text_draw_line(f->t, f->cr, &s, g->t->empty, g->x[0] + PAD_X, f->y + PAD_Y,
                       flow_width(f) - 2 * PAD_X, REPORT_LEFT);
    f->y += height_of(g, 1);
}

bool table_draw(Flow *f, const ReportTable *t)
{
    Grid g = {.t = t};
    RowWalk w;
    int got;
    if (!lay_columns(f, &g))
        return false;
    const char **labels = ARENA_ARRAY(f->c->a, t->n, const char *);
    for (int i = 0; i < t->n; i++)
        labels[i] = t->columns[i].label;
    g.head_lines = row_lines(f, &g, labels, true);
    flow_need(f, height_of(&g, g.head_lines) + height_of(&g, 2));
    head_row(f, &g);
    if (!row_walk_begin(f->c, &w, t))
        return false;
    while ((got = row_walk_next(f->c, &w)) == 1)
        one_row(f, &g, &w);
    row_walk_end(&w);
    if (got == 0 && w.count == 0)
        said_empty(f, &g);
    f->y += 8;
    return got == 0;
}
