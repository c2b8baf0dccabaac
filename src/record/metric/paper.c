/*
 * A dashboard on paper: its cards in their order, single figures together in a grid, the others as charts or tables. Each card is
 * computed as the page would compute it for the same reader (metric.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "record/metric/impl.h"
#include "record/print/page.h"

enum { CHART_MM = 70, ACROSS = 2, NAMES_MOST = 12, CARDS_MOST = 24 };

typedef struct Board {
    Ctx *c;
    Report *r;
    ReportPair singles[CARDS_MOST];
    int n_singles;
} Board;

static void settle(Board *b)
{
    if (b->n_singles)
        report_grid(b->r, ACROSS, b->singles, b->n_singles);
    b->n_singles = 0;
}

static const char *number_of(Ctx *c, json_object *card, const char *key)
{
    int64_t n = json_int(card, key, 0);
    return n > 0 ? ctx_num(c, n) : NULL;
}

/* As queryOf of the page asks. */
static MetricQuery query_of(Ctx *c, json_object *card)
{
    const char *kind = json_str(card, "kind", ""), *period = json_str(card, "period", NULL);
    MetricQuery q = {.period = period, .chart = kind};
    if (strcmp(kind, "card") == 0) {
        q.last = period ? "1" : NULL;
        return q;
    }
    q.last = period ? number_of(c, card, "last") : NULL;
    if (json_member(card, "metrics")) {
        q.last = period && !q.last ? "1" : q.last;
        return q;
    }
    q.by = json_str(card, "by", NULL);
    q.limit = q.by ? number_of(c, card, "limit") : NULL;
    q.order = q.by && strcmp(kind, "funnel") == 0 ? "options" : NULL;
    if (strcmp(kind, "table") == 0)
        q.chart = NULL;
    return q;
}

/* false with the mistake in c, which the caller takes back: one card does not spoil the sheet. */
static bool compute(Ctx *c, const char *name, const MetricQuery *q, MetricTable *t)
{
    MetricDef *def = ARENA_NEW(c->a, MetricDef);
    Metric *m = ARENA_NEW(c->a, Metric);
    MetricFound *f = ARENA_NEW(c->a, MetricFound);
    if (!metric_find(c, name, def) || !metric_open(c, def, m) || !metric_compute(c, m, q, f))
        return false;
    *t = (MetricTable){.m = m, .f = f, .label = metric_label(c, def)};
    return metric_label_groups(c, t);
}

static void hidden(Board *b, const char *name, int before)
{
    Ctx *c = b->c;
    const char *args[] = {name, c->err_last ? c->err_last->message : "", NULL};
    settle(b);
    report_text_as(b->r, REPORT_MUTED, REPORT_LEFT,
                   msg_format(c->a, c->lang, "metric.print_hidden", args));
    ctx_errors_back_to(c, before);
}

static const char *with_unit(Ctx *c, const MetricTable *t)
{
    const char *value = metric_value_shown(c, t->m, &t->f->total), *unit = metric_unit(t->m);
    if (!value)
        return "–";
    return unit ? arena_printf(c->a, "%s %s", value, unit) : value;
}

/* Several metrics side by side, each with its whole. */
static bool many(Board *b, json_object *card, json_object *names, const MetricQuery *q)
{
    Ctx *c = b->c;
    size_t n = json_object_array_length(names);
    n = n > NAMES_MOST ? NAMES_MOST : n;
    Chart *chart = ARENA_NEW(c->a, Chart);
    ChartSeries *series = ARENA_NEW(c->a, ChartSeries);
    const char **labels = ARENA_ARRAY(c->a, n + 1, const char *),
               **texts = ARENA_ARRAY(c->a, n + 1, const char *);
    double *values = ARENA_ARRAY(c->a, n + 1, double);
    for (size_t i = 0; i < n; i++) {
        MetricTable t;
        if (!compute(c, json_object_get_string(json_object_array_get_idx(names, i)), q, &t))
            return false;
        labels[i] = t.label;
        texts[i] = metric_value_shown(c, t.m, &t.f->total);
        values[i] = texts[i] ? strtod(texts[i], NULL) : NAN;
    }
    *series = (ChartSeries){.values = values, .texts = texts};
    *chart = (Chart){.kind = strcmp(json_str(card, "kind", ""), "funnel") == 0 ? CHART_FUNNEL
                                                                               : CHART_BAR,
                     .title = json_str(card, "title", NULL),
                     .labels = labels,
                     .n_labels = (int)n,
                     .series = series,
                     .n_series = 1,
                     .empty = msg_text(c->lang, "metric.nothing")};
    report_chart(b->r, chart, CHART_MM);
    return true;
}

static bool one(Board *b, json_object *card, const char *name, const MetricQuery *q)
{
    Ctx *c = b->c;
    MetricTable t;
    if (!compute(c, name, q, &t))
        return false;
    t.label = json_str(card, "title", t.label);
    const char *kind = json_str(card, "kind", "");
    if (strcmp(kind, "card") == 0) {
        b->singles[b->n_singles++] = (ReportPair){.label = t.label, .value = with_unit(c, &t)};
        return true;
    }
    settle(b);
    if (strcmp(kind, "table") == 0) {
        report_heading(b->r, 3, t.label);
        metric_rows_on(c, &t, b->r);
        return true;
    }
    const Chart *chart = metric_chart(c, &t, q);
    if (chart)
        report_chart(b->r, chart, CHART_MM);
    return chart;
}

bool dashboard_print(Ctx *c, const Record *dashboard, Report *out)
{
    const DbVal *cards = &dashboard->v[DASHBOARD_CARDS], *name = &dashboard->v[DASHBOARD_NAME];
    json_object *list = NULL;
    Board b = {.c = c, .r = out};
    const char *zone = c->zone, *now[] = {print_time(c, c->now_ms), NULL};
    if (cards->kind == DB_TEXT && !json_read(c, cards->s, cards->n, &list))
        return false;
    report_heading(out, 1, arena_dup(c->a, name->s, name->n));
    report_text_as(out, REPORT_MUTED, REPORT_RIGHT, msg_format(c->a, c->lang, "metric.as_of", now));
    c->zone = conf_text("company.zone");
    for (size_t i = 0; list && i < json_object_array_length(list) && i < CARDS_MOST; i++) {
        json_object *card = json_object_array_get_idx(list, i),
                    *names = json_member(card, "metrics");
        MetricQuery q = query_of(c, card);
        const char *metric = json_str(card, "metric", "");
        int before = c->n_err;
        if (names)
            settle(&b);
        if (!(names ? many(&b, card, names, &q) : one(&b, card, metric, &q)))
            hidden(&b, json_str(card, "title", metric), before);
    }
    settle(&b);
    c->zone = zone;
    return c->n_err == 0;
}
