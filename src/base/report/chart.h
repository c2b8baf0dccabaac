/*
 * Charts: bars, lines, a funnel, a pie. Drawn once, by one function on cairo (chart_draw.c), so that
 * the picture in a PDF, in an SVG and in a PNG is the same. Numbers are doubles: a picture, not an account; the texts
 * beside them come from the caller, as exact as he wants.
 */
#ifndef BASE_REPORT_CHART_H
#define BASE_REPORT_CHART_H

#include "base/buf.h"
#include "base/ctx.h"

typedef enum ChartKind { CHART_BAR, CHART_LINE, CHART_FUNNEL, CHART_PIE } ChartKind;

typedef struct ChartSeries {
    const char *name;         /* in the legend; NULL where there is one series only */
    const double *values;     /* one a label; NAN: none */
    const char *const *texts; /* what stands at the values; NULL or a NULL inside: the number */
} ChartSeries;

typedef struct Chart {
    ChartKind kind;
    const char *title;         /* NULL: none */
    const char *unit;          /* beside the axis; NULL: none */
    const char *const *labels; /* of the bars, points, steps, slices */
    int n_labels; /* more than CHART_LABELS: the rest is left out and the title says so */
    const ChartSeries *series; /* a funnel and a pie show the first alone */
    int n_series;              /* at most CHART_SERIES */
    const char *empty;         /* said where there is nothing to draw; NULL: nothing is */
} Chart;

enum { CHART_LABELS = 60, CHART_SERIES = 8 };

/* The chart as SVG (glyphs as outlines: no font needed to look at it), w by h points. ERR_REPORT_FONT as in report.h. */
bool chart_svg(Ctx *c, const Chart *chart, double w, double h, Buf *out);
/* As PNG of w by h points at `scale` pixels a point (1 to 4), on white. */
bool chart_png(Ctx *c, const Chart *chart, double w, double h, double scale, Buf *out);

#endif
