/* The generic calls on records: one engine call each. See the contract, section 2. */
#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "auth/rate.h"
#include "http/api.h"
#include "record/bin.h"
#include "record/merge/merge.h"
#include "record/saved_view.h"

static bool list_query(Request *rq, ListQuery *q)
{
    Ctx *c = &rq->c;
    *q = (ListQuery){.q = request_query(rq, "q"),
                     .sort = request_query(rq, "sort"),
                     .cursor = request_query(rq, "cursor"),
                     .fields = request_query(rq, "fields")};
    int64_t limit;
    if (!request_number(rq, "limit", 1, 200, 50, &limit))
        return false;
    q->limit = (int)limit;
    const char *filter = request_query(rq, "filter"), *count = request_query(rq, "count");
    if (filter && *filter && !json_read(c, filter, strlen(filter), &q->filter)) {
        ctx_errors_back_to(c, 0);
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "err.filter_json");
    }
    if (filter && *filter && !q->filter) /* the JSON null is no filter either */
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.shape");
    if (!request_flag(rq, "deleted", &q->deleted))
        return false;
    if (!count || strcmp(count, "none") == 0)
        q->count = COUNT_NONE;
    else if (strcmp(count, "capped") == 0)
        q->count = COUNT_CAPPED;
    else if (strcmp(count, "exact") == 0)
        q->count = COUNT_EXACT;
    else
        return ctx_fail(c, ERR_BAD_REQUEST, "count", "err.count_word");
    const char *archived = request_query(rq, "archived");
    if (archived && strcmp(archived, "only") == 0)
        q->archived = ARCHIVED_ONLY;
    else if (archived && strcmp(archived, "too") == 0)
        q->archived = ARCHIVED_TOO;
    else if (archived && *archived)
        return ctx_fail(c, ERR_BAD_REQUEST, "archived", "err.archived_word");
    const char *view = request_query(rq, "view");
    if (view && *view && !view_apply(c, rq->e, view, q))
        return false;
    if (q->q && strlen(q->q) > 200)
        return ctx_fail(c, ERR_BAD_REQUEST, "q", "err.text_length", "q", "200");
    return true;
}

static const char *origin_of(const Request *rq)
{
    return rq->bearer ? "api" : "web";
}

bool api_record_list(Request *rq)
{
    ListQuery q;
    return list_query(rq, &q) && rec_list(&rq->c, rq->e, &q, &rq->out.body);
}

bool api_record_groups(Request *rq)
{
    ListQuery q;
    const char *by = request_query(rq, "by"), *sums = request_query(rq, "sums");
    return list_query(rq, &q) &&
           (by || (sums && *sums) ? rec_groups(&rq->c, rq->e, &q, by, sums, &rq->out.body)
                                  : ctx_fail(&rq->c, ERR_BAD_REQUEST, "by", "err.required"));
}

/* What was just saved. */
static bool answer_record(Request *rq, int64_t id)
{
    int64_t version;
    Ctx *c = &rq->c;
    if (!rec_json(c, rq->e, id, false, &rq->out.body, &version)) {
        ErrCode code = c->err ? c->err->code : ERR_INTERNAL;
        if (code != ERR_NOT_FOUND)
            return false;
        ctx_errors_back_to(c, 0);
        /* A rule may have given the record to somebody else while it was saved. */
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.saved_away");
    }
    respond_etag(rq, version);
    return true;
}

bool api_record_create(Request *rq)
{
    Ctx *c = &rq->c;
    json_object *in;
    const char *key;
    if (!request_key(rq, &key) || !request_json(rq, &in))
        return false;
    SaveOptions o = {.idempotency_key = key,
                     .route = arena_printf(c->a, "POST %s", rq->path),
                     .if_version = -1,
                     .origin = origin_of(rq)};
    int64_t id;
    if (!rec_create(c, rq->e, in, &o, &id))
        return false;
    rq->out.status = 201;
    respond_header(&rq->out, "Location",
                   arena_printf(c->a, "/api/v1/%s/%" PRId64, rq->e->plural, id));
    return answer_record(rq, id);
}

/* Not there: merged into one he may read? Always false. */
static bool went_elsewhere(Request *rq)
{
    Ctx *c = &rq->c;
    const char *label = NULL;
    int64_t to = 0;
    if (c->n_err != 1 || c->err->code != ERR_NOT_FOUND)
        return false;
    ctx_errors_back_to(c, 0);
    if (!merge_went(c, rq->e, rq->id, &to, &label) ||
        (to && !merge_that_took(c, rq->e, rq->id, &rq->out.merge)))
        return false;
    if (!to)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    rq->out.merged_into = to;
    return ctx_fail(c, ERR_MERGED, NULL, "err.merged_into", label);
}

bool api_record_get(Request *rq)
{
    bool deleted;
    int64_t version;
    if (!request_flag(rq, "deleted", &deleted))
        return false;
    if (!rec_json(&rq->c, rq->e, rq->id, deleted, &rq->out.body, &version))
        return went_elsewhere(rq);
    respond_etag(rq, version);
    return true;
}

/* 404 and 403 of the record come before 428 and 412, those before what the body says. */
static bool versioned(Request *rq, Action act, int64_t *out_version)
{
    Record r;
    if (!rec_get_for(&rq->c, rq->e, rq->id, act, &r))
        return false;
    int64_t wanted = request_if_match(rq);
    if (wanted == -1)
        return ctx_fail(&rq->c, ERR_VERSION_REQUIRED, NULL, "err.version_required");
    if (wanted != r.version)
        return ctx_fail(&rq->c, ERR_STALE, NULL, "err.stale");
    *out_version = wanted;
    return true;
}

bool api_record_update(Request *rq)
{
    json_object *in;
    SaveOptions o = {.origin = origin_of(rq)};
    if (!versioned(rq, ACT_EDIT, &o.if_version) || !request_json(rq, &in))
        return false;
    int64_t version;
    return rec_update(&rq->c, rq->e, rq->id, in, &o, &version) && answer_record(rq, rq->id);
}

bool api_record_delete(Request *rq)
{
    SaveOptions o = {.origin = origin_of(rq)};
    if (!versioned(rq, ACT_DELETE, &o.if_version) || !rec_delete(&rq->c, rq->e, rq->id, &o))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_record_restore(Request *rq)
{
    return rec_restore(&rq->c, rq->e, rq->id, NULL) && answer_record(rq, rq->id);
}

bool api_record_erase(Request *rq)
{
    json_object *in;
    if (!request_json(rq, &in))
        return false;
    json_object_object_foreach(in, name, value)
    {
        if (strcmp(name, "reason") != 0)
            ctx_fail(&rq->c, ERR_UNKNOWN_FIELD, arena_str(rq->c.a, name), "err.unknown_field",
                     name);
        else if (value && !json_object_is_type(value, json_type_string))
            ctx_fail(&rq->c, ERR_TYPE, "reason", "err.text_wanted", "reason");
    }
    if (rq->c.n_err || !bin_erase(&rq->c, rq->e, rq->id, json_str(in, "reason", "")))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_record_timeline(Request *rq)
{
    int64_t limit;
    TimelineQuery q = {.cursor = request_query(rq, "cursor"),
                       .kind = request_query(rq, "kind"),
                       .by = request_query(rq, "by"),
                       .from = request_query(rq, "from"),
                       .to = request_query(rq, "to"),
                       .q = request_query(rq, "q")};
    if (!request_number(rq, "limit", 1, 200, 50, &limit))
        return false;
    q.limit = (int)limit;
    return rec_timeline(&rq->c, rq->e, rq->id, &q, &rq->out.body);
}

bool api_record_history(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 200, 50, &limit) &&
           rec_history(&rq->c, rq->e, rq->id, request_query(rq, "cursor"), (int)limit,
                       request_query(rq, "field"), &rq->out.body);
}

bool api_record_action(Request *rq)
{
    json_object *in;
    if (!request_json_or_empty(rq, &in) ||
        !rec_action(&rq->c, rq->e, rq->id, rq->params[2], in, request_if_match(rq), &rq->out.body))
        return false;
    if (!rq->out.body.len)
        respond_nothing(rq);
    return true;
}

bool api_entity_action(Request *rq)
{
    json_object *in;
    if (!request_json_or_empty(rq, &in) ||
        !rec_action(&rq->c, rq->e, 0, rq->params[1], in, -1, &rq->out.body))
        return false;
    if (!rq->out.body.len)
        respond_nothing(rq);
    return true;
}

bool api_record_duplicates(Request *rq)
{
    json_object *in;
    return request_json(rq, &in) && rec_duplicates_json(&rq->c, rq->e, in, &rq->out.body);
}

bool api_search(Request *rq)
{
    const char *q = request_query(rq, "q"), *entity = request_query(rq, "entity");
    int64_t limit;
    if (!q || strlen(q) > 200)
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, "q", "err.text_length", "q", "200");
    if (entity && *entity && !model_entity(rq->c.model, entity))
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, "entity", "err.entity_word", entity);
    ConfRate most = conf_rate("limit.search");
    const char *key = arena_printf(rq->c.a, "search:%" PRId64, rq->c.actor->user);
    return request_number(rq, "limit", 1, 50, 20, &limit) &&
           rate_take_here(&rq->c, key, (int)most.n, most.per_ms) &&
           rec_search(&rq->c, q, entity && *entity ? entity : NULL, (int)limit, &rq->out.body);
}
