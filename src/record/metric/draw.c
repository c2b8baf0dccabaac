/*
 * The figures of a metric as a chart (base/report/chart.h): over time a line a group, else a bar, step or slice a group. The
 * texts at the values are those of the page, so that a picture cannot say other than the figures.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "record/metric/impl.h"

static bool same_group(const DbVal *a, const DbVal *b)
{
    return a->kind == b->kind &&
           (a->kind == DB_NULL || (a->kind == DB_TEXT ? strcmp(a->s, b->s) == 0 : a->i == b->i));
}

static int group_index(const MetricTable *t, const DbVal *group)
{
    for (int i = 0; i < t->f->n_groups; i++)
        if (same_group(&t->f->groups[i].group, group))
            return i;
    return -1;
}

const char *metric_group_label(const MetricTable *t, const DbVal *group)
{
    int i = group_index(t, group);
    return i < 0 ? "" : t->groups[i];
}

typedef struct Series {
    double *values;
    const char **texts;
} Series;

static Series series_new(Ctx *c, int n, double each)
{
    Series s = {ARENA_ARRAY(c->a, n + 1, double), ARENA_ARRAY(c->a, n + 1, const char *)};
    for (int i = 0; i < n; i++)
        s.values[i] = each;
    return s;
}

static void put(Ctx *c, const MetricTable *t, Series *s, int at, const TallyCell *x)
{
    s->texts[at] = metric_value_shown(c, t->m, x);
    s->values[at] = s->texts[at] ? strtod(s->texts[at], NULL) : NAN;
}

static Chart *chart_of(Ctx *c, const MetricTable *t, int n_labels, int n_series)
{
    Chart *chart = ARENA_NEW(c->a, Chart);
    ChartSeries *series = ARENA_ARRAY(c->a, n_series + 1, ChartSeries);
    *chart = (Chart){.title = t->label,
                     .unit = metric_unit(t->m),
                     .labels = ARENA_ARRAY(c->a, n_labels + 1, const char *),
                     .n_labels = n_labels,
                     .series = series,
                     .n_series = n_series,
                     .empty = msg_text(c->lang, "metric.nothing")};
    return chart;
}

/* A line over the spans; with groups one for each of the largest. What a group has not got is none of a count, else a gap. */
static Chart *over_time(Ctx *c, const MetricTable *t)
{
    static const TallyCell nothing;
    const MetricFound *f = t->f;
    const MetricRange *r = &f->range;
    int lines = !f->by ? 1 : f->n_groups > CHART_SERIES ? CHART_SERIES : f->n_groups;
    Chart *chart = chart_of(c, t, r->n, lines);
    const char **labels = (const char **)chart->labels;
    ChartSeries *out = (ChartSeries *)chart->series;
    Series *series = ARENA_ARRAY(c->a, lines + 1, Series);
    for (int i = 0; i < r->n; i++)
        labels[i] = period_name(c->a, r->period, r->starts[i]);
    for (int k = 0; k < lines; k++) {
        series[k] = series_new(c, r->n, NAN);
        for (int i = 0; i < r->n; i++)
            if (!f->known || f->known[i])
                put(c, t, &series[k], i, &nothing);
        out[k] = (ChartSeries){.name = f->by ? t->groups[k] : NULL,
                               .values = series[k].values,
                               .texts = series[k].texts};
    }
    for (int i = 0; i < f->n_cells; i++) {
        int k = f->by ? group_index(t, &f->cells[i].group) : 0;
        if (k >= 0 && k < lines && (!f->known || f->known[f->cells[i].period]))
            put(c, t, &series[k], f->cells[i].period, &f->cells[i]);
    }
    chart->kind = CHART_LINE;
    return chart;
}

static Chart *over_groups(Ctx *c, const MetricTable *t)
{
    const MetricFound *f = t->f;
    int n = f->by ? f->n_groups : 1;
    Chart *chart = chart_of(c, t, n, 1);
    const char **labels = (const char **)chart->labels;
    Series s = series_new(c, n, NAN);
    for (int i = 0; i < n; i++) {
        labels[i] = f->by ? t->groups[i] : msg_text(c->lang, "metric.total");
        put(c, t, &s, i, f->by ? &f->groups[i] : &f->total);
    }
    *(ChartSeries *)chart->series = (ChartSeries){.values = s.values, .texts = s.texts};
    chart->kind = CHART_BAR;
    return chart;
}

const Chart *metric_chart(Ctx *c, const MetricTable *t, const MetricQuery *q)
{
    static const char *const kinds[] = {"bar", "line", "funnel", "pie"};
    int kind = -1;
    for (int i = 0; q->chart && *q->chart && i < 4; i++)
        kind = strcmp(q->chart, kinds[i]) == 0 ? i : kind;
    if (q->chart && *q->chart && kind < 0) {
        ctx_fail(c, ERR_BAD_REQUEST, "chart", "err.metric.chart");
        return NULL;
    }
    bool slices = kind == CHART_FUNNEL || kind == CHART_PIE;
    Chart *chart =
        t->f->range.starts && !(slices && t->f->by) ? over_time(c, t) : over_groups(c, t);
    if (kind >= 0)
        chart->kind = (ChartKind)kind;
    return chart;
}
