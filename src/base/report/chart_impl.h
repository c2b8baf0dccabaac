/* What the drawings of charts share. Not for others. */
#ifndef BASE_REPORT_CHART_IMPL_H
#define BASE_REPORT_CHART_IMPL_H

#include <cairo.h>

#include "base/report/chart.h"
#include "base/report/text.h"

/* A chart being drawn: the box that is left for it. */
typedef struct Canvas {
    cairo_t *cr;
    TextEngine *t;
    const Chart *chart;
    int n;        /* labels that are drawn */
    int n_series; /* series that are drawn */
    double x, y, w, h;
} Canvas;

static const TextStyle CHART_TEXT = {.size = 8, .grey = 0.25};

void chart_color(cairo_t *cr, int i);
/* What stands at value i of series s: the caller's text, or the number with its thousands apart. */
const char *chart_value_text(const Chart *chart, int s, int i, char out[40]);
void chart_number(double v, char out[40]);
void chart_line_of_text(const Canvas *k, const TextStyle *s, const char *text, double x, double y,
                        double w, int align);
/* A square of colour i with a text beside it. */
void chart_key(const Canvas *k, int i, const char *text, double x, double y, double w);

void chart_draw_axes(Canvas *k); /* bars and lines */
void chart_draw_funnel(Canvas *k);
void chart_draw_pie(Canvas *k);

#endif
