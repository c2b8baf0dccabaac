/* Charts without axes: the funnel and the pie. See chart.h. */
#include "base/report/chart_impl.h"

#include <math.h>
#include <stdio.h>

#include "base/utf8.h"

static double value_of(const Canvas *k, int i)
{
    double v = k->chart->series[0].values[i];
    return isfinite(v) && v > 0 ? v : 0;
}

/* Each step as wide as its share of the largest; beside it what came through of the step before. */
void chart_draw_funnel(Canvas *k)
{
    double most = 0, step = k->h / k->n, middle = k->x + k->w * 0.42, reach = k->w * 0.30;
    char number[40], text[80];
    for (int i = 0; i < k->n; i++)
        most = fmax(most, value_of(k, i));
    for (int i = 0; i < k->n; i++) {
        double v = value_of(k, i), next = i + 1 < k->n ? value_of(k, i + 1) : v,
               top = most > 0 ? reach * v / most : 0, foot = most > 0 ? reach * next / most : 0,
               y = k->y + i * step, h = fmax(step - 3, 1);
        chart_color(k->cr, i);
        cairo_move_to(k->cr, middle - fmax(top, 1), y);
        cairo_line_to(k->cr, middle + fmax(top, 1), y);
        cairo_line_to(k->cr, middle + fmax(fmin(foot, top), 1), y + h);
        cairo_line_to(k->cr, middle - fmax(fmin(foot, top), 1), y + h);
        cairo_close_path(k->cr);
        cairo_fill(k->cr);
        double line = y + h / 2 - 6;
        chart_line_of_text(k, &CHART_TEXT, k->chart->labels[i], k->x, line,
                           middle - reach - k->x - 6, 2);
        const char *said = chart_value_text(k->chart, 0, i, number);
        if (i && value_of(k, i - 1) > 0)
            (void)snprintf(text, sizeof text, "%.*s   %.1f%%", (int)utf8_clip(said, 12), said,
                           100 * v / value_of(k, i - 1));
        else
            (void)snprintf(text, sizeof text, "%.*s", (int)utf8_clip(said, 12), said);
        chart_line_of_text(k, &CHART_TEXT, text, middle + reach + 8, line,
                           k->x + k->w - middle - reach - 8, 0);
    }
}

/* Slices from twelve o'clock on; the list beside them has the texts, as small slices have no room. */
void chart_draw_pie(Canvas *k)
{
    double all = 0, r = fmin(k->h, k->w * 0.5) / 2 - 4, x = k->x + k->w * 0.27, y = k->y + k->h / 2,
           at = -M_PI / 2;
    char number[40], text[300];
    for (int i = 0; i < k->n; i++)
        all += value_of(k, i);
    for (int i = 0; i < k->n && all > 0 && r > 0; i++) {
        double turn = 2 * M_PI * value_of(k, i) / all;
        chart_color(k->cr, i);
        cairo_move_to(k->cr, x, y);
        cairo_arc(k->cr, x, y, r, at, at + turn);
        cairo_close_path(k->cr);
        cairo_fill_preserve(k->cr);
        cairo_set_source_rgb(k->cr, 1, 1, 1);
        cairo_set_line_width(k->cr, 0.8);
        cairo_stroke(k->cr);
        at += turn;
    }
    int fits = (int)(k->h / 13), shown = k->n > fits ? fits : k->n;
    double top = k->y + (k->h - shown * 13) / 2, left = k->x + k->w * 0.56;
    for (int i = 0; i < shown; i++) {
        double part = all > 0 ? 100 * value_of(k, i) / all : 0;
        const char *said = chart_value_text(k->chart, 0, i, number), *label = k->chart->labels[i];
        (void)snprintf(text, sizeof text, "%.*s  %.*s  %.1f%%", (int)utf8_clip(label, 60), label,
                       (int)utf8_clip(said, 12), said, part);
        chart_key(k, i, text, left, top + i * 13, k->w * 0.44);
    }
}
