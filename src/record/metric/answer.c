/*
 * What a metric answers: figures, each with the filter of the records behind it, so that any number can be opened as the
 * list it was counted from. Shares and averages are rounded half away from zero, from whole numbers.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json_read.h"
#include "base/money.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/metric/impl.h"

/* ---- values -------------------------------------------------------------------------------- */

/* a * times / b, rounded half away from zero; b > 0. */
static int64_t share_of(int64_t a, int64_t times, __int128 b)
{
    __int128 x = (__int128)a * times, half = b / 2;
    return (int64_t)(x < 0 ? -((-x + half) / b) : (x + half) / b);
}

static int64_t share(int64_t a, int64_t times, int64_t b)
{
    return share_of(a, times, b);
}

static char *scaled(Arena *a, int64_t v, int scale)
{
    int64_t one = 1;
    for (int i = 0; i < scale; i++)
        one *= 10;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    return arena_printf(a, "%s%" PRIu64 ".%0*" PRIu64, v < 0 ? "-" : "", u / (uint64_t)one, scale,
                        u % (uint64_t)one);
}

static int scale_of(const Field *f)
{
    return f->type == FT_MONEY ? 2 : f->type == FT_DECIMAL ? f->scale : 0;
}

static DbVal sum_value(const Metric *m, const TallyCell *x)
{
    const TallySum *s = &x->sums[0];
    if (m->measure == MEASURE_MIN)
        return s->least;
    if (m->measure == MEASURE_MAX)
        return s->most;
    if (s->total.kind != DB_NULL)
        return s->total;
    return m->field->type == FT_FLOAT ? db_of_real(0) : db_of_int(0);
}

/* true: *out is a whole number or a JSON text, as *text says; false: there is no value. */
static bool plain_value(Ctx *c, const Metric *m, const TallyCell *x, int64_t *whole,
                        const char **text)
{
    const TallySum *s = &x->sums[0];
    *text = NULL;
    switch (m->measure) {
    case MEASURE_COUNT: *whole = x->n; return true;
    case MEASURE_DISTINCT: *whole = x->distinct; return true;
    case MEASURE_RATIO:
        if (x->n)
            *text = scaled(c->a, share(x->hits, 10000, x->n), 2);
        return x->n > 0;
    case MEASURE_AVG:
        if (s->filled && m->field->type == FT_FLOAT)
            *text = arena_printf(c->a, "%.6f", s->total.d / (double)s->filled);
        else if (s->filled)
            *text = scaled(c->a, share(s->total.i, 100, s->filled), scale_of(m->field) + 2);
        return s->filled > 0;
    default: break;
    }
    DbVal v = sum_value(m, x);
    if (v.kind == DB_NULL)
        return false;
    if (m->field->type == FT_INT) {
        *whole = v.i;
        return true;
    }
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    type_ops(m->field->type)->to_json(m->field, &v, &w);
    *text = b.data;
    if (b.len > 1 && b.data[0] == '"') { /* "12.50": bare */
        b.data[b.len - 1] = 0;
        *text = b.data + 1;
    }
    return true;
}

void metric_write_value(Ctx *c, const Metric *m, const TallyCell *cell, Jw *w)
{
    int64_t whole = 0;
    const char *text;
    if (!plain_value(c, m, cell, &whole, &text))
        jw_null(w);
    else if (!text)
        jw_int(w, whole);
    else if (m->field && m->field->type == FT_FLOAT)
        jw_raw(w, text);
    else
        jw_str(w, text);
}

const char *metric_value_text(Ctx *c, const Metric *m, const TallyCell *cell)
{
    int64_t whole = 0;
    const char *text;
    if (!plain_value(c, m, cell, &whole, &text))
        return NULL;
    return text ? text : ctx_num(c, whole);
}

const char *metric_value_shown(Ctx *c, const Metric *m, const TallyCell *cell)
{
    const TallySum *s = &cell->sums[0];
    if (m->measure != MEASURE_AVG || !s->filled)
        return metric_value_text(c, m, cell);
    if (m->field->type == FT_FLOAT)
        return arena_printf(c->a, "%.2f", s->total.d / (double)s->filled);
    /* from the whole numbers, so that nothing is rounded twice */
    int64_t one = 1;
    for (int i = 0; i < scale_of(m->field); i++)
        one *= 10;
    return scaled(c->a, share_of(s->total.i, 100, (__int128)s->filled * one), 2);
}

const char *metric_unit(const Metric *m)
{
    return m->def->unit                                 ? m->def->unit
           : m->measure == MEASURE_RATIO                ? "%"
           : m->field && m->measure != MEASURE_DISTINCT ? m->field->unit
                                                        : NULL;
}

/* ---- the records behind a figure ----------------------------------------------------------- */

static void add_condition(Buf *b, const char *json)
{
    if (!json || strcmp(json, "null") == 0 || strcmp(json, "[]") == 0)
        return;
    buf_puts(b, ",");
    size_t n = strlen(json);
    if (strncmp(json, "[\"and\",", 7) == 0) { /* its parts, not one more level */
        buf_add(b, json + 7, n - 8);
        return;
    }
    buf_add(b, json, n);
}

/* As it would be written without blanks; NULL where there is none. */
static const char *plain_json(Ctx *c, const char *text)
{
    json_object *o = NULL;
    if (!text || !json_read(c, text, strlen(text), &o) || !o)
        return NULL;
    return arena_str(c->a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static const char *end_text(Ctx *c, const Field *time, int64_t day)
{
    char *text = arena_alloc(c->a, 26);
    clock_day_text(day, text);
    if (time->type == FT_DATETIME) {
        int64_t at = clock_day_start(text, conf_text("company.zone"));
        clock_rfc3339(at, text);
    }
    return text;
}

static void add_span(Ctx *c, Buf *b, const Field *time, int64_t lo, int64_t hi)
{
    buf_printf(b, ",[\"%s\",\">=\",\"%s\"],[\"%s\",\"<\",\"%s\"]", time->name,
               end_text(c, time, lo), time->name, end_text(c, time, hi));
}

static void add_group(Ctx *c, Buf *b, const Field *by, const DbVal *v)
{
    if (v->kind == DB_NULL) {
        buf_printf(b, ",[\"%s\",\"is_null\"]", by->name);
    } else if (by->type == FT_DATE) { /* "2026-11" */
        int64_t first = clock_day_number(arena_printf(c->a, "%s-01", v->s));
        add_span(c, b, by, first, period_shift(PERIOD_MONTH, first, 1));
    } else if (v->kind == DB_TEXT) { /* the code of an option: no quote in it */
        buf_printf(b, ",[\"%s\",\"=\",\"%s\"]", by->name, v->s);
    } else if (by->type == FT_BOOL) {
        buf_printf(b, ",[\"%s\",\"=\",%s]", by->name, v->i ? "true" : "false");
    } else if (by->type == FT_LINK_MANY) {
        buf_printf(b, ",[\"%s\",\"in\",[%" PRId64 "]]", by->name, v->i);
    } else {
        buf_printf(b, ",[\"%s\",\"%s\",%" PRId64 "]", by->name,
                   by->type == FT_REGION ? "under" : "=", v->i);
    }
}

typedef struct Writer {
    Ctx *c;
    const Metric *m;
    const MetricFound *f;
    const char *base; /* conditions of every figure: ",[…],[…]" */
    LinkLabels *labels;
    Jw w;
} Writer;

/* One figure inside an open object. A share opens the records that hit; a sample has none any more. */
static void write_figure(Writer *x, const TallyCell *cell, bool known, bool records, bool ranged,
                         int64_t lo, int64_t hi, const DbVal *group)
{
    Jw *w = &x->w;
    jw_key(w, "value");
    if (known)
        metric_write_value(x->c, x->m, cell, w);
    else
        jw_null(w);
    if (known)
        jw_kint(w, "count", cell->n);
    if (known && x->m->measure == MEASURE_RATIO)
        jw_kint(w, "hits", cell->hits);
    if (!records)
        return;
    Buf b;
    buf_init(&b, x->c->a);
    buf_puts(&b, "[\"and\"");
    buf_puts(&b, x->base);
    if (ranged && x->m->time)
        add_span(x->c, &b, x->m->time, lo, hi);
    if (group)
        add_group(x->c, &b, x->f->by, group);
    buf_puts(&b, "]");
    jw_kraw(w, "records", b.data);
}

static void write_metric(Writer *x)
{
    const MetricDef *d = x->m->def;
    const Metric *m = x->m;
    bool en = strcmp(x->c->lang, "en") == 0;
    Jw *w = &x->w;
    jw_key(w, "metric");
    jw_obj(w);
    jw_kstr(w, "name", d->name);
    jw_kstr(w, "label", en && d->label_en ? d->label_en : d->label_zh);
    if (d->explanation)
        jw_kstr(w, "explanation", d->explanation);
    jw_kstr(w, "entity", m->e->name);
    jw_kstr(w, "plural", m->e->plural);
    jw_kstr(w, "measure", d->measure);
    jw_kstr(w, "unit", metric_unit(m));
    jw_kstr(w, "direction", d->direction ? d->direction : "none");
    jw_kstr(w, "time_field", m->time ? m->time->name : NULL);
    jw_kbool(w, "daily", d->daily);
    jw_kbool(w, "export", access_may(x->c, m->e, ACT_EXPORT));
    jw_key(w, "dimensions");
    jw_arr(w);
    for (int i = 0; i < m->n_dims; i++) {
        jw_obj(w);
        jw_kstr(w, "name", m->dims[i]->name);
        jw_kstr(w, "label", label_in(m->dims[i]->label, x->c->lang));
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
}

static const char *day_text(Ctx *c, int64_t day)
{
    char *text = arena_alloc(c->a, 11);
    clock_day_text(day, text);
    return text;
}

/* from and to, both included. */
static void write_days(Writer *x, int64_t lo, int64_t hi)
{
    jw_kstr(&x->w, "from", day_text(x->c, lo));
    jw_kstr(&x->w, "to", day_text(x->c, hi - 1));
}

static void write_periods(Writer *x)
{
    const MetricRange *r = &x->f->range;
    Jw *w = &x->w;
    jw_key(w, "periods");
    jw_arr(w);
    for (int i = 0; i < r->n; i++) {
        jw_obj(w);
        jw_kstr(w, "period", period_name(x->c->a, r->period, r->starts[i]));
        write_days(x, r->starts[i], r->starts[i + 1]);
        if (r->starts[i] <= r->today && r->starts[i + 1] > r->today)
            jw_kbool(w, "current", true);
        jw_end(w);
    }
    jw_end(w);
}

static void write_cell(Writer *x, int period, const TallyCell *cell, const DbVal *group)
{
    const MetricRange *r = &x->f->range;
    bool span = r->starts != NULL, known = !x->f->known || x->f->known[period];
    bool now =
        !x->f->sampled || (r->starts[period] <= r->today && r->starts[period + 1] > r->today);
    jw_obj(&x->w);
    if (span)
        jw_kstr(&x->w, "period", period_name(x->c->a, r->period, r->starts[period]));
    if (group) {
        jw_key(&x->w, "group");
        jw_obj(&x->w);
        tally_write_group(x->c, x->f->by, x->labels, group, &x->w);
        jw_end(&x->w);
    }
    write_figure(x, cell, known, now, r->ranged, span ? r->starts[period] : r->lo,
                 span ? r->starts[period + 1] : r->hi, group);
    jw_end(&x->w);
}

/* Spans without rows are figures as well; groups without rows in a span are left out of data. */
static void write_data(Writer *x)
{
    const MetricFound *f = x->f;
    static const TallyCell nothing;
    jw_key(&x->w, "data");
    jw_arr(&x->w);
    if (f->by || !f->range.starts) {
        const TallyCell *list = f->range.starts ? f->cells : f->groups;
        int n = f->range.starts ? f->n_cells : f->n_groups;
        for (int i = 0; f->by && i < n; i++)
            write_cell(x, list[i].period, &list[i], &list[i].group);
    } else {
        int at = 0;
        for (int i = 0; i < f->range.n; i++) {
            bool here = at < f->n_cells && f->cells[at].period == i;
            write_cell(x, i, here ? &f->cells[at] : &nothing, NULL);
            at += here;
        }
    }
    jw_end(&x->w);
}

static void write_groups(Writer *x)
{
    const MetricFound *f = x->f;
    Jw *w = &x->w;
    if (!f->by)
        return;
    jw_key(w, "groups");
    jw_arr(w);
    for (int i = 0; i < f->n_groups; i++) {
        jw_obj(w);
        tally_write_group(x->c, f->by, x->labels, &f->groups[i].group, w);
        jw_key(w, "total");
        metric_write_value(x->c, x->m, &f->groups[i], w);
        jw_kint(w, "count", f->groups[i].n);
        jw_end(w);
    }
    jw_end(w);
    jw_kbool(w, "more", f->more);
}

static void write_side(Writer *x, const char *key, const MetricSide *s)
{
    if (!s->asked)
        return;
    jw_key(&x->w, key);
    jw_obj(&x->w);
    write_days(x, s->lo, s->hi);
    if (s->so_far)
        jw_kbool(&x->w, "so_far", true);
    write_figure(x, &s->cell, s->known, !x->f->sampled, true, s->lo, s->hi, NULL);
    jw_end(&x->w);
}

static void write_answer(Writer *x, Buf *out)
{
    const MetricFound *f = x->f;
    const MetricRange *r = &f->range;
    Jw *w = &x->w;
    jw_init(w, out);
    jw_obj(w);
    write_metric(x);
    jw_kstr(w, "zone", conf_text("company.zone"));
    if (r->ranged)
        write_days(x, r->lo, r->hi);
    if (f->by) {
        jw_kstr(w, "by", f->by->name);
        jw_kstr(w, "by_label", label_in(f->by->label, x->c->lang));
    }
    if (r->starts)
        write_periods(x);
    if (f->sampled)
        jw_kbool(w, "sampled", true);
    write_data(x);
    write_groups(x);
    jw_key(w, "total");
    jw_obj(w);
    write_figure(x, &f->total, true, true, r->ranged, r->lo, r->hi, NULL);
    if (f->total_day)
        jw_kstr(w, "sampled_on", f->total_day);
    jw_end(w);
    write_side(x, "previous", &f->previous);
    write_side(x, "year", &f->year);
    jw_end(w);
}

static bool answer(Ctx *c, const MetricDef *def, const MetricQuery *q, Buf *out)
{
    Metric m;
    MetricFound f;
    if (!metric_open(c, def, &m) || !metric_compute(c, &m, q, &f))
        return false;
    Writer x = {.c = c, .m = &m, .f = &f};
    Buf base;
    buf_init(&base, c->a);
    buf_puts(&base, "");
    add_condition(&base, plain_json(c, def->filter));
    if (m.hit)
        add_condition(&base, plain_json(c, def->hit));
    add_condition(&base, f.extra_text);
    x.base = base.data ? base.data : "";
    if (!tally_labels(c, f.by, f.groups, f.n_groups, &x.labels))
        return false;
    write_answer(&x, out);
    return c->n_err == 0;
}

/* The clock of a metric is that of the house, whoever reads. */
static bool in_house(Ctx *c, const MetricDef *def, const MetricQuery *q, Buf *out)
{
    const char *zone = c->zone;
    c->zone = conf_text("company.zone");
    bool ok = answer(c, def, q, out);
    c->zone = zone;
    return ok;
}

bool metric_json(Ctx *c, const char *name, const MetricQuery *q, Buf *out)
{
    MetricDef def;
    return metric_find(c, name, &def) && in_house(c, &def, q, out);
}

static const char *member_text(Ctx *c, json_object *o, const char *key)
{
    json_object *v = json_member(o, key);
    if (!v)
        return NULL;
    const char *s = json_object_is_type(v, json_type_string)
                        ? json_object_get_string(v)
                        : json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN);
    return *s ? arena_str(c->a, s) : NULL;
}

bool metric_preview(Ctx *c, json_object *o, const MetricQuery *q, Buf *out)
{
    static const JsonWant want[] = {
        {"name", json_type_string, false},      {"label_zh", json_type_string, false},
        {"label_en", json_type_string, false},  {"explanation", json_type_string, false},
        {"entity", json_type_string, true},     {"measure", json_type_string, false},
        {"field", json_type_string, false},     {"filter", json_type_null, false},
        {"hit", json_type_null, false},         {"time_field", json_type_string, false},
        {"dimensions", json_type_array, false}, {"unit", json_type_string, false},
        {"direction", json_type_string, false}, {"daily", json_type_boolean, false},
        {"position", json_type_int, false},     {NULL, json_type_null, false}};
    if (!json_want(c, o, want))
        return false;
    MetricDef d = {.name = member_text(c, o, "name"),
                   .label_zh = member_text(c, o, "label_zh"),
                   .label_en = member_text(c, o, "label_en"),
                   .entity = member_text(c, o, "entity"),
                   .measure = member_text(c, o, "measure"),
                   .field = member_text(c, o, "field"),
                   .filter = member_text(c, o, "filter"),
                   .hit = member_text(c, o, "hit"),
                   .time_field = member_text(c, o, "time_field"),
                   .dimensions = member_text(c, o, "dimensions"),
                   .unit = member_text(c, o, "unit"),
                   .direction = member_text(c, o, "direction")};
    return in_house(c, &d, q, out);
}
