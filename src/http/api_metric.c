/* Figures: one metric by its name, the preview of one that is not kept yet, its data as a file. */
#include <string.h>

#include "http/answer_file.h"
#include "http/api.h"
#include "record/metric/metric.h"

static MetricQuery query_of(Request *rq)
{
    return (MetricQuery){.period = request_query(rq, "period"),
                         .from = request_query(rq, "from"),
                         .to = request_query(rq, "to"),
                         .last = request_query(rq, "last"),
                         .by = request_query(rq, "by"),
                         .filter = request_query(rq, "filter"),
                         .compare = request_query(rq, "compare"),
                         .limit = request_query(rq, "limit"),
                         .order = request_query(rq, "order"),
                         .chart = request_query(rq, "chart")};
}

bool api_metric(Request *rq)
{
    MetricQuery q = query_of(rq);
    return metric_json(&rq->c, rq->params[0], &q, &rq->out.body);
}

bool api_metric_preview(Request *rq)
{
    json_object *in;
    MetricQuery q = query_of(rq);
    return request_json(rq, &in) && metric_preview(&rq->c, in, &q, &rq->out.body);
}

bool api_metric_file(Request *rq)
{
    static const struct {
        const char *format, *type;
    } kinds[] = {{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
                 {"csv", "text/csv; charset=utf-8"},
                 {"pdf", "application/pdf"},
                 {"svg", "image/svg+xml"},
                 {"png", "image/png"}};
    Ctx *c = &rq->c;
    MetricQuery q = query_of(rq);
    const char *format = request_query(rq, "format"), *path, *label;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(format ? format : "xlsx", kinds[i].format) == 0)
            return metric_file(c, rq->params[0], &q, kinds[i].format, &path, &label) &&
                   answer_file(rq, path, arena_printf(c->a, "%s.%s", label, kinds[i].format),
                               kinds[i].type, true);
    return ctx_fail(c, ERR_BAD_REQUEST, "format", "err.metric.format");
}
