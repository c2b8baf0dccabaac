/*
 * One metric, computed: the spans that were asked for, a tally over them within the reader's scope, totals, the groups
 * in their order, other stretches of time to compare with. Everything in the time zone of the house.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json_read.h"
#include "record/former.h"
#include "record/metric/impl.h"

enum { GROUPS_USUAL = 50, GROUPS_MOST = 200 };

int64_t house_day(int64_t at_ms)
{
    char day[11];
    clock_day_of(at_ms, conf_text("company.zone"), day);
    return clock_day_number(day);
}

/* ---- what was asked ------------------------------------------------------------------------ */

static bool number_of(Ctx *c, const char *text, const char *param, int64_t most, int64_t *out)
{
    char *end = NULL;
    *out = strtoll(text, &end, 10);
    return (end && end != text && !*end && *out >= 1 && *out <= most) ||
           ctx_fail(c, ERR_BAD_REQUEST, param, "err.metric.number", param, ctx_num(c, most));
}

static bool day_of(Ctx *c, const char *text, const char *param, int64_t *out)
{
    if (!clock_day_valid(text))
        return ctx_fail(c, ERR_BAD_REQUEST, param, "err.day_wanted", param);
    *out = clock_day_number(text);
    return true;
}

static int usual_last(Period p)
{
    return p == PERIOD_DAY ? 30 : p == PERIOD_QUARTER ? 8 : p == PERIOD_YEAR ? 5 : 12;
}

static bool cut_spans(Ctx *c, MetricRange *r)
{
    int64_t at = period_start(r->period, r->lo), end = period_start(r->period, r->hi - 1);
    r->starts = ARENA_ARRAY(c->a, TALLY_PERIODS + 1, int64_t);
    for (r->n = 0; at <= end; at = period_shift(r->period, at, 1)) {
        if (r->n == TALLY_PERIODS)
            return ctx_fail(c, ERR_BAD_REQUEST, "period", "err.metric.periods",
                            ctx_num(c, TALLY_PERIODS));
        if (r->n && at <= r->starts[r->n - 1])
            break; /* the end of the calendar */
        r->starts[r->n++] = at;
    }
    r->starts[r->n] = at;
    r->lo = r->starts[0];
    r->hi = at;
    return true;
}

static bool read_range(Ctx *c, const MetricQuery *q, MetricRange *r)
{
    int64_t last = 0;
    *r = (MetricRange){.today = house_day(c->now_ms)};
    if (q->period && !period_parse(q->period, &r->period))
        return ctx_fail(c, ERR_BAD_REQUEST, "period", "err.metric.period");
    if (q->last && !number_of(c, q->last, "last", TALLY_PERIODS, &last))
        return false;
    if ((q->last && (q->from || q->to)) || (q->last && !q->period))
        return ctx_fail(c, ERR_BAD_REQUEST, "last", "err.metric.last");
    if (q->from && !day_of(c, q->from, "from", &r->lo))
        return false;
    r->hi = r->today;
    if (q->to && !day_of(c, q->to, "to", &r->hi))
        return false;
    if (q->to && !q->from)
        return ctx_fail(c, ERR_REQUIRED, "from", "err.required");
    if (q->from && r->hi < r->lo)
        return ctx_fail(c, ERR_BAD_REQUEST, "to", "err.metric.to");
    r->hi++;
    r->ranged = q->from || r->period;
    if (!r->period)
        return true;
    if (!q->from)
        r->lo = period_shift(r->period, period_start(r->period, r->today),
                             1 - (last ? last : usual_last(r->period)));
    return cut_spans(c, r);
}

static bool read_by(Ctx *c, const Metric *m, const char *by, const Field **out)
{
    *out = NULL;
    if (!by || !*by)
        return true;
    for (int i = 0; i < m->n_dims; i++)
        if (strcmp(m->dims[i]->name, by) == 0) {
            *out = m->dims[i];
            return true;
        }
    /* says whether it is no field of his, or only none of this metric */
    return tally_field(c, m->e, by, "by") &&
           ctx_fail(c, ERR_BAD_REQUEST, "by", "err.metric.by", by);
}

static bool read_extra(Ctx *c, const Metric *m, const char *filter, MetricFound *f)
{
    if (!filter || !*filter)
        return true;
    json_object *o = NULL;
    if (!filter_parse_text(c, m->e, filter, &access_filter_guard, access_me(c), &f->extra) ||
        !json_read(c, filter, strlen(filter), &o))
        return false;
    former_means(c, f->extra);
    if (f->extra->kind != FILTER_TRUE)
        f->extra_text = arena_str(c->a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    return true;
}

static bool read_compare(Ctx *c, const Metric *m, const char *words, MetricFound *f)
{
    for (const char *p = words; p && *p;) {
        size_t n = strcspn(p, ",");
        if (n == 8 && strncmp(p, "previous", n) == 0)
            f->previous.asked = true;
        else if (n == 4 && strncmp(p, "year", n) == 0)
            f->year.asked = true;
        else
            return ctx_fail(c, ERR_BAD_REQUEST, "compare", "err.metric.compare");
        p += n + (p[n] == ',');
    }
    const MetricRange *r = &f->range;
    bool any = f->previous.asked || f->year.asked;
    if (any && (!r->ranged || (!m->time && !r->period)))
        return ctx_fail(c, ERR_BAD_REQUEST, "compare", "err.metric.compare_range");
    if (!any)
        return true;
    f->previous.hi = r->lo;
    f->previous.lo = r->period ? period_shift(r->period, r->lo, -r->n) : r->lo - (r->hi - r->lo);
    f->year.lo = period_year_before(r->period, r->lo);
    f->year.hi = r->period ? period_year_before(r->period, r->hi)
                           : period_year_before(r->period, r->hi - 1) + 1;
    return true;
}

/* ---- counting ------------------------------------------------------------------------------ */

static DbVal day_value(Ctx *c, const Field *time, int64_t day)
{
    char *text = arena_alloc(c->a, 11);
    clock_day_text(day, text);
    return time->type == FT_DATE ? db_of_text(text)
                                 : db_of_int(clock_day_start(text, conf_text("company.zone")));
}

bool metric_tally(Ctx *c, const Metric *m, const MetricFound *f, bool ranged, int64_t lo,
                  int64_t hi, const Field *by, const int64_t *starts, int n, TallyCell **cells,
                  int *n_cells)
{
    static const ListQuery live = {0};
    Filter *all = filter_and(c->a, access_scope(c, m->e, ACT_READ), m->where);
    all = filter_and(c->a, all, f->extra);
    if (ranged && m->time) {
        DbVal from = day_value(c, m->time, lo), to = day_value(c, m->time, hi);
        all = filter_and(c->a, all, filter_leaf(c->a, m->time, OP_GE, &from, 1));
        all = filter_and(c->a, all, filter_leaf(c->a, m->time, OP_LT, &to, 1));
    }
    TallyAsk ask = {.e = m->e, .f = all, .lq = &live, .by = by, .hit = m->hit};
    if (m->measure == MEASURE_DISTINCT)
        ask.distinct = m->field;
    else if (m->field) {
        ask.sums[ask.n_sums++] = m->field;
        ask.spread = true;
    }
    if (starts && m->time) {
        int64_t *ends = ARENA_ARRAY(c->a, n + 1, int64_t);
        for (int i = 0; i <= n; i++)
            ends[i] = m->time->type == FT_DATE ? starts[i] : day_value(c, m->time, starts[i]).i;
        ask.time = m->time;
        ask.ends = ends;
        ask.n_periods = n;
    }
    return tally_read(c, &ask, cells, n_cells);
}

static bool mergeable(const Metric *m)
{
    return m->measure != MEASURE_DISTINCT;
}

static bool count_whole(Ctx *c, const Metric *m, const MetricFound *f, bool ranged, int64_t lo,
                        int64_t hi, TallyCell *out)
{
    TallyCell *one;
    int n;
    if (!metric_tally(c, m, f, ranged, lo, hi, NULL, NULL, 0, &one, &n))
        return false;
    *out = n ? one[0] : (TallyCell){0};
    return true;
}

static bool join_all(Ctx *c, const TallyCell *cells, int n, int n_sums, TallyCell *out)
{
    *out = (TallyCell){0};
    for (int i = 0; i < n; i++)
        if (!tally_join(c, out, &cells[i], n_sums))
            return false;
    return true;
}

static int by_group(const void *a, const void *b)
{
    const DbVal *x = &((const TallyCell *)a)->group, *y = &((const TallyCell *)b)->group;
    if (x->kind != y->kind)
        return x->kind == DB_NULL ? 1 : y->kind == DB_NULL ? -1 : 0;
    if (x->kind == DB_TEXT)
        return strcmp(x->s, y->s);
    return x->kind == DB_NULL ? 0 : x->i < y->i ? -1 : x->i > y->i;
}

static int by_size(const void *a, const void *b)
{
    const TallyCell *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : by_group(a, b);
}

static int by_place(const void *a, const void *b)
{
    const TallyCell *x = a, *y = b;
    return x->period != y->period ? (x->period < y->period ? -1 : 1) : by_size(a, b);
}

static const TallyCell *group_of(const TallyCell *all, int n, const DbVal *group)
{
    TallyCell one = {.group = *group};
    for (int i = 0; i < n; i++)
        if (by_group(&all[i], &one) == 0)
            return &all[i];
    return NULL;
}

/*
 * The n groups as the options stand, which are the steps of a funnel: one without records is a step all the same, unless
 * it is not to be chosen any more. Behind them what has no value, or one that is no option.
 */
static int in_order(Ctx *c, const Field *by, TallyCell **groups, int n)
{
    TallyCell *out = ARENA_ARRAY(c->a, n + by->n_options, TallyCell);
    int k = 0;
    for (int i = 0; i < by->n_options; i++) {
        DbVal code = db_of_text(by->options[i].code);
        const TallyCell *there = group_of(*groups, n, &code);
        if (there || !by->options[i].disabled)
            out[k++] = there ? *there : (TallyCell){.group = code};
    }
    int steps = k;
    for (int i = 0; i < n; i++)
        if (!group_of(out, steps, &(*groups)[i].group))
            out[k++] = (*groups)[i];
    *groups = out;
    return k;
}

/* The groups over all spans, the largest first, and of the cells only those of the groups kept. */
static bool gather_groups(Ctx *c, const Metric *m, MetricFound *f, int most)
{
    TallyCell *all;
    int n = 0;
    const MetricRange *r = &f->range;
    if (r->starts && !mergeable(m)) {
        if (!metric_tally(c, m, f, r->ranged, r->lo, r->hi, f->by, NULL, 0, &all, &n))
            return false;
    } else {
        all = ARENA_ARRAY(c->a, f->n_cells + 1, TallyCell);
        TallyCell *sorted = ARENA_ARRAY(c->a, f->n_cells + 1, TallyCell);
        if (f->n_cells) {
            memcpy(sorted, f->cells, (size_t)f->n_cells * sizeof *sorted);
            qsort(sorted, (size_t)f->n_cells, sizeof *sorted, by_group);
        }
        for (int i = 0; i < f->n_cells; i++) {
            if (n && by_group(&all[n - 1], &sorted[i]) == 0) {
                if (!tally_join(c, &all[n - 1], &sorted[i], m->field != NULL))
                    return false;
                continue;
            }
            all[n] = sorted[i];
            all[n++].period = 0;
        }
    }
    if (n)
        qsort(all, (size_t)n, sizeof *all, by_size);
    if (f->in_order)
        n = in_order(c, f->by, &all, n);
    f->more = n > most;
    f->groups = all;
    f->n_groups = f->more ? most : n;
    return true;
}

static void keep_shown(MetricFound *f)
{
    int kept = 0;
    for (int i = 0; i < f->n_cells; i++)
        for (int g = 0; g < f->n_groups; g++)
            if (by_group(&f->groups[g], &f->cells[i]) == 0) {
                f->cells[kept++] = f->cells[i];
                break;
            }
    f->n_cells = kept;
    if (kept)
        qsort(f->cells, (size_t)kept, sizeof *f->cells, by_place);
}

static void cut_side(MetricSide *s, int64_t hi)
{
    s->so_far = hi < s->hi;
    if (s->so_far)
        s->hi = hi;
}

/*
 * A span under way is compared with as much of the others: three weeks of November beside a whole October look like a
 * fall each month. Not where records lie ahead in it (what is due later this month): such a span is whole already.
 */
static bool same_part(Ctx *c, const Metric *m, MetricFound *f)
{
    const MetricRange *r = &f->range;
    int64_t next = r->today + 1, start = r->starts ? r->starts[r->n - 1] : 0;
    TallyCell ahead;
    if (!r->starts || (!f->previous.asked && !f->year.asked) || next <= start || next >= r->hi)
        return true;
    if (!count_whole(c, m, f, true, next, r->hi, &ahead))
        return false;
    if (ahead.n)
        return true;
    int64_t day = r->today;
    if (r->period == PERIOD_YEAR)
        for (int i = 0; i < r->n; i++)
            day = period_year_before(r->period, day);
    else
        day = period_shift(r->period, start, -r->n) + (r->today - start);
    cut_side(&f->previous, day + 1);
    cut_side(&f->year, period_year_before(r->period, r->today) + 1);
    return true;
}

static bool compute_live(Ctx *c, const Metric *m, MetricFound *f, int most)
{
    const MetricRange *r = &f->range;
    if (!metric_tally(c, m, f, r->ranged, r->lo, r->hi, f->by, r->starts, r->n, &f->cells,
                      &f->n_cells))
        return false;
    if (mergeable(m) ? !join_all(c, f->cells, f->n_cells, m->field != NULL, &f->total)
                     : !count_whole(c, m, f, r->ranged, r->lo, r->hi, &f->total))
        return false;
    if (!f->by) {
        if (f->n_cells)
            qsort(f->cells, (size_t)f->n_cells, sizeof *f->cells, by_place);
    } else {
        if (!gather_groups(c, m, f, most))
            return false;
        keep_shown(f);
    }
    if (!same_part(c, m, f))
        return false;
    MetricSide *sides[] = {&f->previous, &f->year};
    for (int i = 0; i < 2; i++) {
        if (!sides[i]->asked)
            continue;
        if (!count_whole(c, m, f, true, sides[i]->lo, sides[i]->hi, &sides[i]->cell))
            return false;
        sides[i]->known = true;
    }
    return true;
}

/* What a state is now: counted, or for one that takes long its newest sample. */
static bool count_present(Ctx *c, const Metric *m, MetricFound *f)
{
    return daily_instead(c, m, &f->total, &f->total_day) &&
           (f->total_day || count_whole(c, m, f, false, 0, 0, &f->total));
}

/* A state has no past of its own: what it was at the end of each span was written down daily; now is counted. */
static bool compute_state(Ctx *c, const Metric *m, MetricFound *f)
{
    const MetricRange *r = &f->range;
    if (f->by || f->extra)
        return ctx_fail(c, ERR_BAD_REQUEST, f->by ? "by" : "filter", "err.metric.state");
    f->sampled = true;
    f->cells = ARENA_ARRAY(c->a, r->n, TallyCell);
    f->known = ARENA_ARRAY(c->a, r->n, bool);
    f->n_cells = r->n;
    if (!daily_read(c, m, r->starts, r->n, f->cells, f->known) || !count_present(c, m, f))
        return false;
    for (int i = 0; i < r->n; i++) {
        f->cells[i].period = i;
        if (r->starts[i] <= r->today && r->starts[i + 1] > r->today) {
            f->cells[i] = f->total;
            f->cells[i].period = i;
            f->known[i] = true;
        }
    }
    MetricSide *sides[] = {&f->previous, &f->year};
    for (int i = 0; i < 2; i++) {
        if (!sides[i]->asked)
            continue;
        int64_t ends[2] = {period_shift(r->period, sides[i]->hi, -1), sides[i]->hi};
        if (!daily_read(c, m, ends, 1, &sides[i]->cell, &sides[i]->known))
            return false;
    }
    return true;
}

static bool compute(Ctx *c, const Metric *m, const MetricQuery *q, MetricFound *f)
{
    int64_t most = GROUPS_USUAL;
    if (!read_range(c, q, &f->range) || !read_by(c, m, q->by, &f->by) ||
        !read_extra(c, m, q->filter, f) || !read_compare(c, m, q->compare, f) ||
        (q->limit && !number_of(c, q->limit, "limit", GROUPS_MOST, &most)))
        return false;
    const char *order = q->order && *q->order                         ? q->order
                        : q->chart && strcmp(q->chart, "funnel") == 0 ? "options"
                                                                      : "size";
    if (strcmp(order, "options") != 0 && strcmp(order, "size") != 0)
        return ctx_fail(c, ERR_BAD_REQUEST, "order", "err.metric.order");
    f->in_order = f->by && f->by->type == FT_OPTION && strcmp(order, "options") == 0;
    if (!m->time && f->range.ranged && !f->range.period)
        return ctx_fail(c, ERR_BAD_REQUEST, "from", "err.metric.state");
    if (f->range.period && !m->time)
        return compute_state(c, m, f);
    return m->time || f->by || f->extra ? compute_live(c, m, f, (int)most) : count_present(c, m, f);
}

bool metric_compute(Ctx *c, const Metric *m, const MetricQuery *q, MetricFound *out)
{
    *out = (MetricFound){0};
    return compute(c, m, q, out);
}
