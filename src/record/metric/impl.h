/* Inside record/metric only: a metric opened for a reader, what was asked of it, what was found. */
#ifndef RECORD_METRIC_IMPL_H
#define RECORD_METRIC_IMPL_H

#include "base/report/report.h"
#include "record/metric/metric.h"
#include "record/metric/period.h"
#include "record/tally.h"

typedef enum Measure {
    MEASURE_COUNT,
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_DISTINCT,
    MEASURE_RATIO
} Measure;

enum { DIMENSIONS_MOST = 20 };

/* The words of a row of metric_def; texts NULL where empty. */
typedef struct MetricDef {
    int64_t id; /* 0: not kept */
    const char *name, *label_zh, *label_en, *explanation, *entity, *measure, *field, *filter, *hit,
        *time_field, *dimensions, *unit, *direction;
    bool daily;
} MetricDef;

typedef struct Metric {
    const MetricDef *def;
    const Entity *e;
    Measure measure;
    const Field *field;  /* sum avg min max distinct, else NULL */
    const Field *time;   /* NULL: a present state */
    Filter *where, *hit; /* with the reader's limits on fields; hit NULL but for ratio */
    const Field *dims[DIMENSIONS_MOST];
    int n_dims;
} Metric;

MetricDef metric_def_of(Ctx *c, const DbVal *values, int64_t id);
/* Opens it for the caller: everything it names exists and he may read it in clear. */
bool metric_open(Ctx *c, const MetricDef *def, Metric *out);
bool metric_find(Ctx *c, const char *name, MetricDef *out);

typedef struct MetricRange {
    Period period;
    bool ranged;     /* from lo up to, not including, hi; else all time */
    int64_t lo, hi;  /* days since 1970 */
    int64_t *starts; /* of the spans, n + 1; NULL without period */
    int n;
    int64_t today;
} MetricRange;

typedef struct MetricSide { /* another stretch of time, to compare with */
    bool asked, known;
    bool so_far; /* as much of it as there is of the span under way */
    int64_t lo, hi;
    TallyCell cell;
} MetricSide;

typedef struct MetricFound {
    MetricRange range;
    const Field *by;
    Filter *extra; /* of the query, or NULL */
    const char *extra_text;
    TallyCell *cells; /* by period and group */
    int n_cells;
    bool *known;       /* by period: a sample is there; NULL: all are */
    bool sampled;      /* the series comes from metric_daily */
    bool in_order;     /* groups as the options of `by` stand, empty ones too */
    TallyCell *groups; /* over all periods, the largest first */
    int n_groups;
    bool more;
    TallyCell total;
    const char
        *total_day; /* of the sample that stands for the present value; NULL: it was counted */
    MetricSide previous, year;
} MetricFound;

/* What was asked of m, computed. */
bool metric_compute(Ctx *c, const Metric *m, const MetricQuery *q, MetricFound *out);
/* One tally of the metric over lo..hi (days; ranged) with its scope. */
bool metric_tally(Ctx *c, const Metric *m, const MetricFound *f, bool ranged, int64_t lo,
                  int64_t hi, const Field *by, const int64_t *starts, int n, TallyCell **cells,
                  int *n_cells);
/* The value as JSON; as text of a decimal number, NULL for none (export). */
void metric_write_value(Ctx *c, const Metric *m, const TallyCell *cell, Jw *w);
const char *metric_value_text(Ctx *c, const Metric *m, const TallyCell *cell);
/* As people read it, in charts and on paper: averages with two places, as the page shows them. */
const char *metric_value_shown(Ctx *c, const Metric *m, const TallyCell *cell);
const char *metric_unit(const Metric *m);

/* What a file or a chart is made of. */
typedef struct MetricTable {
    const Metric *m;
    const MetricFound *f;
    const char *label;
    const char **groups; /* labels, beside f->groups */
} MetricTable;
/* The name of a metric in the language of c. */
const char *metric_label(const Ctx *c, const MetricDef *def);
/* Labels of t->f->groups by the one writer of them. */
bool metric_label_groups(Ctx *c, MetricTable *t);
/* The rows of a file as a table of a document. */
void metric_rows_on(Ctx *c, const MetricTable *t, Report *paper);
/* The label of the group a cell belongs to, "" for none. */
const char *metric_group_label(const MetricTable *t, const DbVal *group);
/* The chart of q->chart, or the one that fits: lines over time, bars of groups. NULL with ERR_BAD_REQUEST on "chart". */
const Chart *metric_chart(Ctx *c, const MetricTable *t, const MetricQuery *q);

/* The samples of the ends of spans, within what the caller may read: cells by period, known[i] whether there is one. */
bool daily_read(Ctx *c, const Metric *m, const int64_t *starts, int n, TallyCell *cells,
                bool *known);

/* Where the newest sample took longer than metric.live_most and the reader reads all: that sample and its day; else
   *day is NULL and the metric is to be counted. */
bool daily_instead(Ctx *c, const Metric *m, TallyCell *out, const char **day);

/* The day of the house at an instant. */
int64_t house_day(int64_t at_ms);

#endif
