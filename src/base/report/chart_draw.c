/* The drawing of a chart on whatever surface cr stands: title, legend, and what a chart with axes is made of. See chart.h. */
#include "base/report/chart_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/report/impl.h"
#include "base/utf8.h"

/* ---- pieces -------------------------------------------------------------------------------- */

/* Told apart also by those who see few colours, and in grey. */
static const unsigned colors[CHART_SERIES] = {0x2563a8, 0xe08a1e, 0x2e8b6f, 0xb5476b,
                                              0x7a5fb0, 0x8c6d3f, 0x3fa7c4, 0x77808a};

void chart_color(cairo_t *cr, int i)
{
    unsigned rgb = colors[i % CHART_SERIES];
    cairo_set_source_rgb(cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

void chart_number(double v, char out[40])
{
    char plain[40];
    int decimals = fabs(v) >= 1000 || v == floor(v) ? 0 : fabs(v) >= 10 ? 1 : 2;
    (void)snprintf(plain, sizeof plain, "%.*f", decimals, fabs(v) < 1e15 ? v : 0);
    size_t n = strcspn(plain, "."), k = 0;
    for (size_t i = 0; plain[i]; i++) {
        bool group = i && i < n && (n - i) % 3 == 0 && plain[i - 1] != '-';
        if (group)
            out[k++] = ',';
        out[k++] = plain[i];
    }
    out[k] = 0;
    if (fabs(v) >= 1e15)
        (void)snprintf(out, 40, "%.3g", v);
}

const char *chart_value_text(const Chart *chart, int s, int i, char out[40])
{
    const ChartSeries *series = &chart->series[s];
    if (series->texts && series->texts[i])
        return series->texts[i];
    chart_number(series->values[i], out);
    return out;
}

void chart_line_of_text(const Canvas *k, const TextStyle *s, const char *text, double x, double y,
                        double w, int align)
{
    text_draw_line(k->t, k->cr, s, text ? text : "", x, y, w, align);
}

void chart_key(const Canvas *k, int i, const char *text, double x, double y, double w)
{
    chart_color(k->cr, i);
    cairo_rectangle(k->cr, x, y + 2.5, 7, 7);
    cairo_fill(k->cr);
    chart_line_of_text(k, &CHART_TEXT, text, x + 11, y, w - 11, 0);
}

/* ---- axes ---------------------------------------------------------------------------------- */

typedef struct Scale {
    double low, high, step;
} Scale;

static Scale scale_of(const Canvas *k)
{
    enum { TICKS = 5 };
    double low = 0, high = 0;
    bool whole = true; /* of things that are counted there is no half */
    for (int s = 0; s < k->n_series; s++) {
        for (int i = 0; i < k->n; i++) {
            double v = k->chart->series[s].values[i];
            low = fmin(low, isfinite(v) ? v : 0);
            high = fmax(high, isfinite(v) ? v : 0);
            whole = whole && (!isfinite(v) || v == floor(v));
        }
    }
    if (high - low <= 0)
        high = 1;
    double raw = (high - low) / TICKS, ten = pow(10, floor(log10(raw))), part = raw / ten;
    double step = ten * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
    if (whole && step < 1)
        step = 1;
    return (Scale){floor(low / step) * step, ceil(high / step - 1e-9) * step, step};
}

static double y_of(const Canvas *k, const Scale *s, double v)
{
    return k->y + k->h * (s->high - v) / (s->high - s->low);
}

/* Ticks and lines; the canvas shrinks to what is inside. */
static void draw_scale(Canvas *k, const Scale *s)
{
    double widest = 0;
    char number[40];
    int ticks = (int)lround((s->high - s->low) / s->step);
    for (int i = 0; i <= ticks; i++) {
        chart_number(s->low + i * s->step, number);
        widest = fmax(widest, text_line_width(k->t, &CHART_TEXT, number));
    }
    k->x += widest + 6;
    k->w -= widest + 6;
    cairo_set_line_width(k->cr, 0.5);
    for (int i = 0; i <= ticks; i++) {
        double v = s->low + i * s->step, y = y_of(k, s, v),
               grey = fabs(v) < s->step / 2 ? 0.5 : 0.88;
        chart_number(v, number);
        chart_line_of_text(k, &CHART_TEXT, number, k->x - widest - 6, y - 6, widest + 2, 2);
        cairo_set_source_rgb(k->cr, grey, grey, grey);
        cairo_move_to(k->cr, k->x, y);
        cairo_line_to(k->cr, k->x + k->w, y);
        cairo_stroke(k->cr);
    }
}

/* As many labels as fit, at equal steps. */
static void draw_labels(const Canvas *k)
{
    double slot = k->w / k->n, widest = 0;
    for (int i = 0; i < k->n; i++)
        widest = fmax(widest, text_line_width(k->t, &CHART_TEXT, k->chart->labels[i]));
    widest = fmin(widest, 90) + 4;
    int every = slot >= fmin(widest, 30) ? 1 : (int)ceil(fmin(widest, 60) / slot);
    for (int i = 0; i < k->n; i += every)
        chart_line_of_text(k, &CHART_TEXT, k->chart->labels[i], k->x + i * slot, k->y + k->h + 3,
                           slot * every - 2, every == 1 ? 1 : 0);
}

static void draw_bars(const Canvas *k, const Scale *s)
{
    double slot = k->w / k->n, group = fmin(slot * 0.72, 46.0 * k->n_series),
           bar = group / k->n_series;
    char number[40];
    for (int i = 0; i < k->n; i++) {
        for (int j = 0; j < k->n_series; j++) {
            double v = k->chart->series[j].values[i];
            if (!isfinite(v))
                continue;
            double x = k->x + i * slot + (slot - group) / 2 + j * bar, y = y_of(k, s, v),
                   zero = y_of(k, s, 0);
            chart_color(k->cr, j);
            cairo_rectangle(k->cr, x, fmin(y, zero), bar - 0.5, fabs(zero - y));
            cairo_fill(k->cr);
            const char *text = chart_value_text(k->chart, j, i, number);
            double w = text_line_width(k->t, &CHART_TEXT, text);
            if (w <= (k->n_series == 1 ? slot : bar) + 1)
                chart_line_of_text(k, &CHART_TEXT, text, x + bar / 2 - w / 2, fmin(y, zero) - 12,
                                   w + 1, 0);
        }
    }
}

static void draw_lines(const Canvas *k, const Scale *s)
{
    double slot = k->w / k->n;
    for (int j = 0; j < k->n_series; j++) {
        const double *v = k->chart->series[j].values;
        chart_color(k->cr, j);
        cairo_set_line_width(k->cr, 1.6);
        cairo_set_line_join(k->cr, CAIRO_LINE_JOIN_ROUND);
        bool down = false; /* a gap where there is no value */
        for (int i = 0; i < k->n; i++) {
            double x = k->x + (i + 0.5) * slot;
            if (isfinite(v[i]) && down)
                cairo_line_to(k->cr, x, y_of(k, s, v[i]));
            else if (isfinite(v[i]))
                cairo_move_to(k->cr, x, y_of(k, s, v[i]));
            down = isfinite(v[i]);
        }
        cairo_stroke(k->cr);
        for (int i = 0; i < k->n && slot > 5; i++) {
            if (!isfinite(v[i]))
                continue;
            cairo_arc(k->cr, k->x + (i + 0.5) * slot, y_of(k, s, v[i]), 2, 0, 2 * M_PI);
            cairo_fill(k->cr);
        }
    }
}

void chart_draw_axes(Canvas *k)
{
    k->y += 12; /* the number above the highest bar, and the unit */
    k->h -= 12 + 16;
    if (k->chart->unit)
        chart_line_of_text(k, &CHART_TEXT, k->chart->unit, k->x, k->y - 20, k->w, 0);
    Scale s = scale_of(k);
    draw_scale(k, &s);
    draw_labels(k);
    if (k->chart->kind == CHART_BAR)
        draw_bars(k, &s);
    else
        draw_lines(k, &s);
}

/* ---- the frame ----------------------------------------------------------------------------- */

static void take_top(Canvas *k, double h)
{
    k->y += h;
    k->h -= h;
}

static void draw_title(Canvas *k)
{
    const TextStyle s = {.size = 10.5, .bold = true};
    char cut[400];
    const char *title = k->chart->title ? k->chart->title : "";
    if (k->chart->n_labels > k->n) { /* in no language */
        (void)snprintf(cut, sizeof cut, "%.*s (%d / %d)", (int)utf8_clip(title, 80), title, k->n,
                       k->chart->n_labels);
        title = cut;
    }
    if (!*title)
        return;
    text_draw_line(k->t, k->cr, &s, title, k->x, k->y, k->w, REPORT_CENTER);
    take_top(k, text_line_height(s.size) + 4);
}

static void draw_legend(Canvas *k)
{
    double x = 0, each[CHART_SERIES], all = 0;
    bool round = k->chart->kind == CHART_FUNNEL || k->chart->kind == CHART_PIE;
    if (k->n_series < 2 || round)
        return;
    for (int i = 0; i < k->n_series; i++) {
        const char *name = k->chart->series[i].name;
        each[i] =
            fmin(text_line_width(k->t, &CHART_TEXT, name ? name : "") + 24, k->w / k->n_series);
        all += each[i];
    }
    x = k->x + k->w - all;
    for (int i = 0; i < k->n_series; x += each[i++])
        chart_key(k, i, k->chart->series[i].name, x, k->y, each[i] - 8);
    take_top(k, 14);
}

static bool has_values(const Canvas *k)
{
    for (int s = 0; s < k->n_series; s++) {
        for (int i = 0; i < k->n; i++) {
            if (isfinite(k->chart->series[s].values[i]))
                return true;
        }
    }
    return false;
}

void chart_draw(cairo_t *cr, TextEngine *t, const Chart *chart, double w, double h)
{
    Canvas k = {.cr = cr, .t = t, .chart = chart, .x = 4, .y = 2, .w = w - 8, .h = h - 4};
    k.n = chart->n_labels > CHART_LABELS ? CHART_LABELS : chart->n_labels;
    k.n_series = chart->n_series > CHART_SERIES ? CHART_SERIES : chart->n_series;
    draw_title(&k);
    if (!has_values(&k)) {
        if (chart->empty)
            chart_line_of_text(&k, &CHART_TEXT, chart->empty, k.x, k.y + k.h / 2 - 6, k.w, 1);
        return;
    }
    draw_legend(&k);
    switch (chart->kind) {
    case CHART_BAR:
    case CHART_LINE: chart_draw_axes(&k); break;
    case CHART_FUNNEL: chart_draw_funnel(&k); break;
    case CHART_PIE: chart_draw_pie(&k); break;
    }
}
