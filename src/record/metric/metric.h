/*
 * Metrics: a figure is a row of metric_def (entity, filter, measure, time field, dimensions), and one function computes it
 * for any scope, span of time and group: within what the caller may read, in the time zone of the house,
 * each figure with the filter of the records behind it. Every card, chart and export asks here.
 */
#ifndef RECORD_METRIC_METRIC_H
#define RECORD_METRIC_METRIC_H

#include "record/job.h"
#include "record/record.h"

/* As the caller wrote it; NULL where he wrote nothing. */
typedef struct MetricQuery {
    const char *period;    /* day week month quarter year */
    const char *from, *to; /* days, both included; with period widened to whole spans */
    const char *last;      /* this many spans up to the present one */
    const char *by;        /* a field of dimensions */
    const char *filter;    /* JSON, joined with that of the metric */
    const char *compare;   /* "previous", "year" or both with a comma */
    const char *limit;     /* groups at most, 1 to 200; 50 */
    const char *
        order; /* size: the largest group first (the usual); options: as the field lists them, empty ones
                              too, which is what a funnel takes */
    const char *chart; /* bar line funnel pie, of a file that is or has a picture */
} MetricQuery;

/* GET /metrics/{name}: the answer of docs/api.md. ERR_NOT_FOUND for no such metric; ERR_FORBIDDEN, ERR_UNKNOWN_FIELD,
   ERR_BAD_FILTER naming the entity or field where the caller may not read what it is made of, or it is no more. */
bool metric_json(Ctx *c, const char *name, const MetricQuery *q, Buf *out);
/* The same for a definition that is not kept (yet): {"entity", "measure", …} as POST /metric-defs takes it. */
bool metric_preview(Ctx *c, json_object *def, const MetricQuery *q, Buf *out);
/* Its data as a file under tmp of the data folder, for who may export the entity; audited. format xlsx csv pdf svg png. */
bool metric_file(Ctx *c, const char *name, const MetricQuery *q, const char *format,
                 const char **out_path, const char **out_label);

/* Does a definition fit, for whoever keeps it? Mistakes stand under its fields. Values of metric_def by Field.index. */
bool metric_check(Ctx *c, const DbVal *v);
/* Cards of a dashboard: an array of at most 24 objects that name metrics. values of dashboard. */
bool dashboard_check(Ctx *c, const DbVal *v);

/* A dashboard on paper: each card as its reader sees it; one he may not read says so. */
struct Report;
bool dashboard_print(Ctx *c, const Record *dashboard, struct Report *out);

/* Queues the samples of this day of the house where no process has yet. Cheap when there is nothing to do. */
bool metric_daily_due(Ctx *c);
/* The job: every metric that is sampled, its value by owner. May run again for a day. */
bool metric_daily_job(Ctx *c, Job *job);

/* The rows of data/metrics.json, where there has never been a metric (a new data folder, or one older than metrics). */
bool metric_seed(Ctx *c);

#endif
