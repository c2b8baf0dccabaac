/* The blocks of a document but its tables, on the flow of pages. See impl.h. */
#include "base/report/impl.h"

#include <math.h>
#include <string.h>

#include "base/msg.h"

static const TextStyle BODY = {.size = 10.5}, LABEL = {.size = 9, .grey = 0.4},
                       VALUE = {.size = 9.5};
enum { CELL_PAD = 4 };

/* ---- headings and texts -------------------------------------------------------------------- */

static void heading(Flow *f, const Block *b)
{
    static const double sizes[] = {18, 13.5, 11}, above[] = {0, 12, 8};
    int i = b->level - 1;
    TextStyle s = {.size = sizes[i], .bold = true};
    double lh = text_line_height(s.size);
    int n = text_lines(f->t, &s, b->text, flow_width(f));
    flow_need(f, above[i] + n * lh + 60); /* not alone at the foot of a page */
    if (f->used)
        f->y += above[i];
    flow_text(f, &s, b->level == 1 ? REPORT_CENTER : REPORT_LEFT, b->text);
    f->y += i == 0 ? 8 : 3;
}

static void paragraph(Flow *f, const Block *b)
{
    TextStyle s = BODY;
    s.bold = b->tone == REPORT_STRONG;
    if (b->tone == REPORT_MUTED)
        s = LABEL;
    flow_text(f, &s, b->align, b->text);
    f->y += 4;
}

/* ---- labels and values --------------------------------------------------------------------- */

typedef struct Cell {
    const char *label, *value;
    double x, label_w, value_w;
    int label_n, value_n;
} Cell;

/* The cells of the next line of the grid; returns how many pairs it takes. */
static int grid_line(Flow *f, const Block *b, int from, double label_w, Cell *out)
{
    double each = flow_width(f) / b->across;
    int n = 0;
    for (int i = from; i < b->n && n < b->across; i++) {
        bool wide = b->pairs[i].wide;
        if (wide && n)
            break;
        Cell *cell = &out[n++];
        bool last = wide || i + 1 == b->n || (n < b->across && b->pairs[i + 1].wide);
        cell->label = b->pairs[i].label;
        cell->value = b->pairs[i].value;
        cell->x = (n - 1) * each;
        cell->label_w = label_w;
        cell->value_w = (last ? flow_width(f) - cell->x : each) - label_w;
        cell->label_n = text_lines(f->t, &LABEL, cell->label, label_w - 2 * CELL_PAD);
        cell->value_n = text_lines(f->t, &VALUE, cell->value, cell->value_w - 2 * CELL_PAD);
        if (last)
            break;
    }
    return n;
}

static void grid_cell(Flow *f, const Cell *cell, double h, int from, int to)
{
    double x = f->left + cell->x, w = cell->label_w + cell->value_w;
    cairo_rectangle(f->cr, x, f->y, cell->label_w, h);
    flow_color(f, 0.96);
    cairo_fill(f->cr);
    cairo_rectangle(f->cr, x, f->y, w, h);
    cairo_move_to(f->cr, x + cell->label_w, f->y);
    cairo_rel_line_to(f->cr, 0, h);
    flow_color(f, 0.7);
    cairo_set_line_width(f->cr, 0.5);
    cairo_stroke(f->cr);
    text_draw(f->t, f->cr, &LABEL, cell->label, x + CELL_PAD, f->y + CELL_PAD / 2.0,
              cell->label_w - 2 * CELL_PAD, 0, from, to);
    text_draw(f->t, f->cr, &VALUE, cell->value, x + cell->label_w + CELL_PAD, f->y + CELL_PAD / 2.0,
              cell->value_w - 2 * CELL_PAD, 0, from, to);
}

static double grid_label_width(Flow *f, const Block *b)
{
    double w = 40, most = flow_width(f) / b->across * 0.4;
    for (int i = 0; i < b->n; i++) {
        double one = text_width(f->t, &LABEL, b->pairs[i].label) * 1.03 + 2 * CELL_PAD + 1;
        w = one > w ? one : w;
    }
    return w > most ? most : w;
}

static void grid(Flow *f, const Block *b)
{
    double lh = text_line_height(VALUE.size), label_w = grid_label_width(f, b);
    for (int i = 0; i < b->n;) {
        Cell cells[4];
        int taken = grid_line(f, b, i, label_w, cells), lines = 1;
        for (int k = 0; k < taken; k++) {
            lines = cells[k].label_n > lines ? cells[k].label_n : lines;
            lines = cells[k].value_n > lines ? cells[k].value_n : lines;
        }
        double page = f->bottom - f->top - CELL_PAD;
        flow_need(f, lines * lh <= page ? lines * lh + CELL_PAD : 3 * lh);
        for (int from = 0; from < lines;) {
            flow_need(f, lh + CELL_PAD);
            int fits = (int)((flow_left(f) - CELL_PAD) / lh), to = from + (fits < 1 ? 1 : fits);
            to = to > lines ? lines : to;
            double h = (to - from) * lh + CELL_PAD;
            for (int k = 0; f->draw && k < taken; k++)
                grid_cell(f, &cells[k], h, from, to);
            f->y += h;
            f->used = true;
            from = to;
        }
        i += taken;
    }
    f->y += 8;
}

/* ---- pictures ------------------------------------------------------------------------------ */

static void image(Flow *f, const Block *b)
{
    cairo_surface_t *s = report_picture(&b->image);
    if (!s)
        return;
    double w = b->mm * PT_PER_MM, iw = cairo_image_surface_get_width(s),
           ih = cairo_image_surface_get_height(s);
    w = w > flow_width(f) ? flow_width(f) : w;
    double page = f->bottom - f->top, scale = w / iw;
    if (ih * scale > page)
        scale = page / ih;
    flow_need(f, ih * scale);
    if (f->draw) {
        double room = flow_width(f) - iw * scale;
        cairo_save(f->cr);
        cairo_translate(f->cr, f->left + room * (double)b->align / 2, f->y);
        cairo_scale(f->cr, scale, scale);
        cairo_set_source_surface(f->cr, s, 0, 0);
        cairo_paint(f->cr);
        cairo_restore(f->cr);
    }
    f->y += ih * scale + 6;
    f->used = true;
    cairo_surface_destroy(s);
}

static void qr(Flow *f, const Block *b)
{
    double size = b->mm * PT_PER_MM;
    flow_need(f, size);
    if (f->draw) {
        cairo_save(f->cr);
        cairo_translate(f->cr, f->left, f->y);
        (void)qr_draw(f->cr, b->text, size);
        cairo_restore(f->cr);
    }
    if (b->caption) {
        double x = size + 8, lh = text_line_height(LABEL.size), w = flow_width(f) - x;
        int n = text_lines(f->t, &LABEL, b->caption, w);
        if (f->draw)
            text_draw(f->t, f->cr, &LABEL, b->caption, f->left + x,
                      f->y + fmax(0, (size - n * lh) / 2), w, 0, 0, n);
    }
    f->y += size + 6;
    f->used = true;
}

static void chart(Flow *f, const Block *b)
{
    double h = b->mm * PT_PER_MM, page = f->bottom - f->top;
    h = h > page ? page : h;
    flow_need(f, h);
    if (f->draw) {
        cairo_save(f->cr);
        cairo_translate(f->cr, f->left, f->y);
        chart_draw(f->cr, f->t, b->chart, flow_width(f), h);
        cairo_restore(f->cr);
    }
    f->y += h + 8;
    f->used = true;
}

/* ---- lines to sign on ---------------------------------------------------------------------- */

static void signatures(Flow *f, const Block *b)
{
    enum { ROW = 46, GAP = 16 };
    const char *day = msg_text(f->c->lang, "report.sign_date");
    double lh = text_line_height(BODY.size), each = (flow_width(f) - GAP) / 2;
    int rows = (b->n + 1) / 2; /* two beside each other */
    flow_need(f, rows * (double)ROW);
    for (int i = 0; i < b->n; i++) {
        double x = f->left + (i % 2) * (each + GAP), y = f->y + ROW - lh - 6;
        if (f->draw) {
            double day_x = x + each * 0.62;
            double lw = fmin(text_line_width(f->t, &BODY, b->labels[i]), each * 0.5),
                   dw = text_line_width(f->t, &BODY, day);
            text_draw_line(f->t, f->cr, &BODY, b->labels[i], x, y, lw + 1, 0);
            text_draw_line(f->t, f->cr, &BODY, day, day_x, y, dw + 1, 0);
            flow_color(f, 0.3);
            cairo_set_line_width(f->cr, 0.6);
            cairo_move_to(f->cr, x + lw + 4, y + lh);
            cairo_line_to(f->cr, day_x - 6, y + lh);
            cairo_move_to(f->cr, day_x + dw + 4, y + lh);
            cairo_line_to(f->cr, x + each, y + lh);
            cairo_stroke(f->cr);
        }
        if (i % 2 || i + 1 == b->n)
            f->y += ROW;
    }
    f->used = true;
}

bool block_draw(Flow *f, const Block *b)
{
    switch (b->kind) {
    case BLOCK_HEADING: heading(f, b); break;
    case BLOCK_TEXT: paragraph(f, b); break;
    case BLOCK_GAP: f->y += f->used ? b->mm * PT_PER_MM : 0; break;
    case BLOCK_BREAK:
        if (f->used)
            flow_next_page(f);
        break;
    case BLOCK_GRID: grid(f, b); break;
    case BLOCK_TABLE: return table_draw(f, b->table);
    case BLOCK_CHART: chart(f, b); break;
    case BLOCK_IMAGE: image(f, b); break;
    case BLOCK_QR: qr(f, b); break;
    case BLOCK_SIGN: signatures(f, b); break;
    }
    return true;
}
