/*
 * A metric from its row: everything it names is looked up in the model of this moment and asked of the gate for this
 * reader, so that a field that was retired or that he may not read is an error with its name, never a wrong figure.
 */
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/former.h"
#include "record/hooks.h"
#include "record/metric/impl.h"

static const char *const measures[] = {"count", "sum", "avg", "min", "max", "distinct", "ratio"};

static const char *text_of(Ctx *c, const DbVal *v)
{
    return v->kind == DB_TEXT && v->n ? arena_dup(c->a, v->s, v->n) : NULL;
}

MetricDef metric_def_of(Ctx *c, const DbVal *v, int64_t id)
{
    const DbVal *daily = &v[METRIC_DEF_DAILY];
    return (MetricDef){.id = id,
                       .name = text_of(c, &v[METRIC_DEF_NAME]),
                       .label_zh = text_of(c, &v[METRIC_DEF_LABEL_ZH]),
                       .label_en = text_of(c, &v[METRIC_DEF_LABEL_EN]),
                       .explanation = text_of(c, &v[METRIC_DEF_EXPLANATION]),
                       .entity = text_of(c, &v[METRIC_DEF_ENTITY]),
                       .measure = text_of(c, &v[METRIC_DEF_MEASURE]),
                       .field = text_of(c, &v[METRIC_DEF_FIELD]),
                       .filter = text_of(c, &v[METRIC_DEF_FILTER]),
                       .hit = text_of(c, &v[METRIC_DEF_HIT]),
                       .time_field = text_of(c, &v[METRIC_DEF_TIME_FIELD]),
                       .dimensions = text_of(c, &v[METRIC_DEF_DIMENSIONS]),
                       .unit = text_of(c, &v[METRIC_DEF_UNIT]),
                       .direction = text_of(c, &v[METRIC_DEF_DIRECTION]),
                       .daily = daily->kind == DB_INT && daily->i != 0};
}

bool metric_find(Ctx *c, const char *name, MetricDef *out)
{
    const Entity *e = model_entity(c->model, "metric_def");
    Record r;
    bool found = false;
    if (!access_need(c, e, ACT_READ))
        return false;
    Filter *f = filter_and(c->a, access_scope(c, e, ACT_READ),
                           rec_is(c, e, METRIC_DEF_NAME, db_of_text(name)));
    if (!rec_find_one(c, e, f, NULL, &r, &found))
        return false;
    if (!found)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.metric.unknown", name);
    *out = metric_def_of(c, r.v, r.id);
    return true;
}

static bool empty_filter(const char *text)
{
    return !text || strcmp(text, "null") == 0 || strcmp(text, "[]") == 0;
}

/* A mistake inside a filter stands under its own name. */
static bool open_filter(Ctx *c, const Entity *e, const char *text, const char *param, Filter **out)
{
    int before = c->n_err;
    if (empty_filter(text)) {
        *out = filter_true(c->a);
        return true;
    }
    if (filter_parse_text(c, e, text, &access_filter_guard, access_me(c), out)) {
        former_means(c, *out);
        return true;
    }
    const char *why = c->n_err > before ? arena_str(c->a, c->err_last->message) : "";
    ctx_errors_back_to(c, before);
    return ctx_fail(c, ERR_BAD_FILTER, param, "err.metric.filter", why);
}

static bool open_measure(Ctx *c, Metric *m)
{
    const MetricDef *d = m->def;
    int i = 0;
    while (i <= MEASURE_RATIO && (!d->measure || strcmp(measures[i], d->measure) != 0))
        i++;
    if (i > MEASURE_RATIO)
        return ctx_fail(c, ERR_INVALID, "measure", "err.metric.measure");
    m->measure = (Measure)i;
    if (m->measure == MEASURE_RATIO) {
        if (empty_filter(d->hit))
            return ctx_fail(c, ERR_REQUIRED, "hit", "err.required");
        return open_filter(c, m->e, d->hit, "hit", &m->hit);
    }
    if (m->measure == MEASURE_COUNT)
        return true;
    if (!d->field)
        return ctx_fail(c, ERR_REQUIRED, "field", "err.required");
    m->field = tally_field(c, m->e, d->field, "field");
    if (!m->field)
        return false;
    bool fits = m->measure == MEASURE_DISTINCT
                    ? m->field->column && m->field->type != FT_TEXT && m->field->type != FT_JSON
                    : tally_may_sum(m->field);
    return fits || ctx_fail(c, ERR_INVALID, "field", "err.metric.field",
                            label_in(m->field->label, c->lang), d->measure);
}

static bool open_time(Ctx *c, Metric *m)
{
    if (!m->def->time_field)
        return true;
    m->time = tally_field(c, m->e, m->def->time_field, "time_field");
    return m->time && (m->time->type == FT_DATE || m->time->type == FT_DATETIME ||
                       ctx_fail(c, ERR_INVALID, "time_field", "err.metric.time",
                                label_in(m->time->label, c->lang)));
}

/* strict: each must be his to read (whoever keeps it); else those that are not are left out. */
static bool open_dimensions(Ctx *c, Metric *m, bool strict)
{
    json_object *list = NULL;
    const char *text = m->def->dimensions;
    if (empty_filter(text))
        return true;
    if (!json_read(c, text, strlen(text), &list))
        return false;
    if (!json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) > DIMENSIONS_MOST)
        return ctx_fail(c, ERR_INVALID, "dimensions", "err.metric.dimensions",
                        ctx_num(c, DIMENSIONS_MOST));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *it = json_object_array_get_idx(list, i);
        const char *name =
            json_object_is_type(it, json_type_string) ? json_object_get_string(it) : "?";
        int before = c->n_err;
        const Field *f = tally_field(c, m->e, name, "dimensions");
        if (f && !tally_may_group(f)) {
            f = NULL;
            ctx_fail(c, ERR_INVALID, "dimensions", "err.group_field", name);
        }
        if (f)
            m->dims[m->n_dims++] = f;
        else if (strict)
            return false;
        else
            ctx_errors_back_to(c, before);
    }
    return true;
}

static bool open_entity(Ctx *c, Metric *m)
{
    m->e = m->def->entity ? model_entity(c->model, m->def->entity) : NULL;
    if (!m->def->entity)
        return ctx_fail(c, ERR_REQUIRED, "entity", "err.required");
    if (!m->e || !m->e->routes)
        return ctx_fail(c, ERR_INVALID, "entity", "err.metric.entity", m->def->entity);
    return access_need(c, m->e, ACT_READ);
}

static bool open_all(Ctx *c, const MetricDef *def, bool strict, Metric *out)
{
    *out = (Metric){.def = def};
    if (!open_entity(c, out))
        return false;
    int before = c->n_err;
    bool ok = open_filter(c, out->e, def->filter, "filter", &out->where);
    ok = open_measure(c, out) && ok;
    ok = open_time(c, out) && ok;
    ok = open_dimensions(c, out, strict) && ok;
    return ok && c->n_err == before;
}

bool metric_open(Ctx *c, const MetricDef *def, Metric *out)
{
    return open_all(c, def, false, out);
}

/* "me" and the like: of whom, when nobody asks? */
static bool names_reader(const char *filter)
{
    return filter && (strstr(filter, "\"me\"") || strstr(filter, "\"my_department\"") ||
                      strstr(filter, "\"my_roles\""));
}

bool metric_check(Ctx *c, const DbVal *v)
{
    MetricDef d = metric_def_of(c, v, 0);
    Metric m;
    int before = c->n_err;
    if (!open_all(c, &d, true, &m)) {
        for (ErrItem *e = c->err; e; e = e->next)
            if (e->code == ERR_UNKNOWN_FIELD || e->code == ERR_BAD_REQUEST ||
                e->code == ERR_BAD_FILTER)
                e->code = ERR_INVALID; /* it is a value of this record that is wrong */
        return false;
    }
    if (d.daily && m.time)
        ctx_fail(c, ERR_INVALID, "daily", "err.metric.daily_time");
    if (d.daily && (names_reader(d.filter) || names_reader(d.hit)))
        ctx_fail(c, ERR_INVALID, "daily", "err.metric.daily_me");
    if (d.daily && m.field && m.field->type == FT_FLOAT)
        ctx_fail(c, ERR_INVALID, "daily", "err.metric.daily_float",
                 label_in(m.field->label, c->lang));
    return c->n_err == before;
}

/* ---- dashboards ---------------------------------------------------------------------------- */

static bool is_word(const char *word, const char *const *list)
{
    for (; word && *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

static bool card_fits(json_object *card)
{
    static const char *const kinds[] = {"card", "line", "bar", "table", "funnel", NULL};
    static const char *const known[] = {"metric", "metrics", "kind",  "period", "last",
                                        "by",     "title",   "width", "limit",  NULL};
    if (!json_object_is_type(card, json_type_object) ||
        !is_word(json_str(card, "kind", NULL), kinds))
        return false;
    json_object_object_foreach(card, key, value)
    {
        bool number =
            strcmp(key, "last") == 0 || strcmp(key, "width") == 0 || strcmp(key, "limit") == 0;
        bool list = strcmp(key, "metrics") == 0;
        if (!is_word(key, known) ||
            !json_object_is_type(value, number ? json_type_int
                                        : list ? json_type_array
                                               : json_type_string) ||
            (!number && !list && json_object_get_string_len(value) > 120))
            return false;
        for (size_t i = 0; list && i < json_object_array_length(value); i++)
            if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_string))
                return false;
    }
    json_object *many = json_member(card, "metrics");
    Period p;
    const char *period = json_str(card, "period", NULL);
    int64_t width = json_int(card, "width", 1), last = json_int(card, "last", 1);
    return (json_str(card, "metric", NULL) || many) &&
           (!many || json_object_array_length(many) <= 12) &&
           (!period || period_parse(period, &p)) && width >= 1 && width <= 4 && last >= 1 &&
           last <= TALLY_PERIODS;
}

bool dashboard_check(Ctx *c, const DbVal *v)
{
    enum { CARDS_MOST = 24 };
    const char *text = text_of(c, &v[DASHBOARD_CARDS]);
    json_object *list = NULL;
    if (empty_filter(text))
        return true;
    if (!json_read(c, text, strlen(text), &list))
        return false;
    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > CARDS_MOST)
        return ctx_fail(c, ERR_INVALID, "cards", "err.dashboard.cards", ctx_num(c, CARDS_MOST));
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (!card_fits(json_object_array_get_idx(list, i)))
            return ctx_fail(c, ERR_INVALID, "cards", "err.dashboard.card",
                            ctx_num(c, (int64_t)i + 1));
    return true;
}

bool metric_seed(Ctx *c)
{
    static const RecSeed parts[] = {
        {"metric_def", "metrics"}, {"dashboard", "dashboards"}, {NULL, NULL}};
    return rec_seed(c, "data/metrics.json", parts);
}
