/* The metrics and the first dashboard that come with the program: rows of data/metrics.json. */
#include "base/embed.h"
#include "base/json_read.h"
#include "base/log.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/metric/metric.h"

static bool create_all(Ctx *c, const Entity *e, json_object *list)
{
    SaveOptions o = {.if_version = -1, .origin = "system", .trusted = true};
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        int64_t id;
        if (!rec_create(c, e, json_object_array_get_idx(list, i), &o, &id))
            return false;
    }
    return true;
}

static bool any_row(Ctx *c, bool *any)
{
    int64_t one; /* in the bin as well: what somebody threw away does not come back */
    return db_one_int(c, SQL("SELECT 1 FROM \"metric_def\" LIMIT 1"), NULL, 0, &one, any);
}

bool metric_seed(Ctx *c)
{
    const Embed *file = embed_find("data/metrics.json");
    json_object *o;
    bool any = false;
    if (!any_row(c, &any) || any)
        return c->n_err == 0;
    if (!file)
        return ctx_fail_detail(c, ERR_INTERNAL, "data/metrics.json is not built in",
                               "err.internal");
    if (!json_read_relaxed(c, (const char *)file->data, file->len, &o))
        return false;
    int mark = c->n_err;
    bool ok = create_all(c, model_entity(c->model, "metric_def"), json_member(o, "metrics")) &&
              create_all(c, model_entity(c->model, "dashboard"), json_member(o, "dashboards"));
    bool theirs = false;
    if (!ok && any_row(c, &theirs) && theirs) { /* another process was first: codes are unique */
        ctx_errors_back_to(c, mark);
        return true;
    }
    return ok;
}
