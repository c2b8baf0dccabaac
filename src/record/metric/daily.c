/*
 * Samples: a metric without a time field is a state (completeness, duplicates, overdue tasks), so what it is on the
 * morning of each day is written down, by owner, in metric_daily. A reader gets the sum over those owners whom his
 * scope on the entity names; a scope that reaches further (shared records, children of a readable parent)
 * is not followed into the past.
 */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/vec.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/metric/impl.h"

#define JOB_KIND "metric_daily"

/* ---- once a day ---------------------------------------------------------------------------- */

typedef struct Due {
    const char *day;
} Due;

static bool queued_since(Ctx *c, const char *day, bool *yes)
{
    int64_t one;
    DbVal p[] = {db_of_text(JOB_KIND), db_of_int(clock_day_start(day, conf_text("company.zone")))};
    return db_one_int(
        c, SQL("SELECT 1 FROM \"job\" WHERE \"kind\" = $1 AND \"created_at\" >= $2 LIMIT 1"), p, 2,
        &one, yes);
}

static bool queue(Ctx *c, void *arg)
{
    const Due *d = arg;
    bool yes = false;
    int64_t id;
    Buf params;
    if (!db_alone(c, JOB_KIND) || !queued_since(c, d->day, &yes))
        return false;
    buf_init(&params, c->a);
    buf_printf(&params, "{\"day\":\"%s\"}", d->day);
    return yes || job_add(c, JOB_KIND, params.data, &id);
}

bool metric_daily_due(Ctx *c)
{
    char day[11];
    bool yes = false;
    int64_t one;
    clock_day_text(house_day(c->now_ms), day);
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"metric_def\" WHERE \"daily\" = 1 AND \"deleted_at\" IS "
                        "NULL LIMIT 1"),
                    NULL, 0, &one, &yes))
        return false;
    if (!yes)
        return true;
    if (!queued_since(c, day, &yes))
        return false;
    Due d = {day};
    return yes || db_write(c, queue, &d);
}

/* ---- taking a sample ----------------------------------------------------------------------- */

typedef struct Sample {
    int64_t metric, at, took;
    const char *day;
    const TallyCell *cells;
    int n;
    bool by_owner, whole;
    int64_t *owners, *departments; /* beside each other */
    int n_people;
    Job *job;
    int64_t done, total;
    bool cancel;
} Sample;

static int64_t department_of(const Sample *s, int64_t owner)
{
    for (int i = 0; i < s->n_people; i++)
        if (s->owners[i] == owner)
            return s->departments[i];
    return 0;
}

static void put(DbVal *v, int field, int64_t n)
{
    v[field] = db_of_int(n);
}

static bool insert(Ctx *c, const Entity *e, const Sample *s, const TallyCell *x)
{
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    for (int i = 0; i < e->n_fields; i++)
        v[i] = db_null();
    put(v, METRIC_DAILY_METRIC, s->metric);
    v[METRIC_DAILY_DAY] = db_of_text(s->day);
    if (s->by_owner && x->group.kind == DB_INT) {
        int64_t department = department_of(s, x->group.i);
        v[METRIC_DAILY_OWNER] = x->group;
        if (department)
            put(v, METRIC_DAILY_OWNER_DEPARTMENT, department);
    }
    put(v, METRIC_DAILY_RECORDS, x->n);
    put(v, METRIC_DAILY_HITS, x->hits);
    put(v, METRIC_DAILY_DIFFERENT, x->distinct);
    put(v, METRIC_DAILY_FILLED, x->sums[0].filled);
    v[METRIC_DAILY_TOTAL] = x->sums[0].total;
    v[METRIC_DAILY_LEAST] = x->sums[0].least;
    v[METRIC_DAILY_MOST] = x->sums[0].most;
    put(v, METRIC_DAILY_TOOK_MS, s->took);
    put(v, METRIC_DAILY_TAKEN_AT, s->at);
    return rec_insert_bare(c, e, v);
}

/* The sample of the day, whole; one that was begun before goes. */
static bool store(Ctx *c, void *arg)
{
    Sample *s = arg;
    const Entity *e = model_entity(c->model, "metric_daily");
    Filter *old = filter_and(c->a, rec_is(c, e, METRIC_DAILY_METRIC, db_of_int(s->metric)),
                             rec_is(c, e, METRIC_DAILY_DAY, db_of_text(s->day)));
    if (!rec_erase(c, e, old))
        return false;
    static const TallyCell nothing;
    for (int i = 0; i < s->n; i++)
        if (!insert(c, e, s, &s->cells[i]))
            return false;
    if (!s->n && !insert(c, e, s, &nothing)) /* no record is a sample, too */
        return false;
    return job_progress(c, s->job, s->done, s->total, NULL, NULL, &s->cancel);
}

static bool read_people(Ctx *c, Sample *s)
{
    VEC(int64_t) ids = {0}, departments = {0};
    DbRows *r = db_query(c, SQL("SELECT \"id\", \"department_id\" FROM \"user\""), NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        vec_push(c->a, &ids, db_int(r, 0));
        vec_push(c->a, &departments, db_int(r, 1));
    }
    db_done(r);
    s->owners = ids.items;
    s->departments = departments.items;
    s->n_people = (int)ids.n;
    return c->n_err == 0;
}

static bool take(Ctx *c, const MetricDef *def, Sample *s)
{
    Metric m;
    MetricFound f = {0};
    TallyCell *cells;
    if (!metric_open(c, def, &m))
        return false;
    int64_t began = clock_mono_ms();
    s->by_owner = m.e->standard && m.measure != MEASURE_DISTINCT;
    if (!metric_tally(c, &m, &f, false, 0, 0, s->by_owner ? &m.e->fields[STD_OWNER] : NULL, NULL, 0,
                      &cells, &s->n))
        return false;
    s->took = clock_mono_ms() - began;
    s->cells = cells;
    s->metric = def->id;
    return true;
}

static bool read_defs(Ctx *c, MetricDef **out, int *n)
{
    const Entity *e = model_entity(c->model, "metric_def");
    VEC(MetricDef) all = {0};
    int64_t after = 0;
    for (bool found = true; found;) {
        Record r;
        DbVal from = db_of_int(after), yes = db_of_int(1);
        Filter *f = filter_and(c->a, filter_leaf(c->a, &e->fields[STD_ID], OP_GT, &from, 1),
                               filter_leaf(c->a, &e->fields[METRIC_DEF_DAILY], OP_EQ, &yes, 1));
        if (!rec_find_one(c, e, f, NULL, &r, &found))
            return false;
        if (!found)
            break;
        after = r.id;
        vec_push(c->a, &all, metric_def_of(c, r.v, r.id));
    }
    *out = all.items;
    *n = (int)all.n;
    return true;
}

bool metric_daily_job(Ctx *c, Job *job)
{
    char day[11];
    MetricDef *defs;
    int n;
    c->zone = conf_text("company.zone");
    c->deadline_ms = 0;
    clock_day_text(house_day(c->now_ms), day);
    if (!read_defs(c, &defs, &n))
        return false;
    for (int i = 0; i < n; i++) {
        int mark = c->n_err;
        Sample s = {.day = day, .at = c->now_ms, .job = job, .done = i + 1, .total = n};
        if (job_stop_asked())
            return false;
        if (!read_people(c, &s))
            return false;
        if (!take(c, &defs[i], &s)) { /* of one that is broken the others know nothing */
            if (err_status(c->err_last->code) >= 500)
                return false;
            log_write(LOG_WARN, "metric_not_sampled", LOG_S("metric", defs[i].name),
                      LOG_S("why", c->err_last->message));
            ctx_errors_back_to(c, mark);
            continue;
        }
        if (!db_write(c, store, &s))
            return false;
        if (s.cancel)
            return false;
    }
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What of a scope is said by owner and department alone; the rest of an OR falls away, the rest of an AND makes it nothing. */
static Filter *people_of(Ctx *c, const Entity *e, const Filter *f)
{
    switch (f->kind) {
    case FILTER_TRUE: return filter_true(c->a);
    case FILTER_LEAF:
        if (f->field == &e->fields[STD_OWNER] || f->field == &e->fields[STD_OWNER_DEPARTMENT])
            return filter_leaf(c->a, f->field, f->op, f->vals, f->n_vals);
        return filter_false(c->a);
    case FILTER_AND:
    case FILTER_OR: {
        bool and = f->kind == FILTER_AND;
        Filter *all = and? filter_true(c->a) : filter_false(c->a);
        for (int i = 0; i < f->n_kids; i++) {
            Filter *kid = people_of(c, e, f->kids[i]);
            all = and? filter_and(c->a, all, kid) : filter_or(c->a, all, kid);
        }
        return all;
    }
    default: return filter_false(c->a);
    }
}

/* (SELECT max(day) … after the first day of the span, up to the day behind it), one column a span. */
static bool find_days(Ctx *c, const Metric *m, const int64_t *starts, int n, const char **days)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    for (int i = 0; i < n; i++) {
        char *lo = arena_alloc(c->a, 11), *hi = arena_alloc(c->a, 11);
        clock_day_text(starts[i], lo);
        clock_day_text(starts[i + 1], hi);
        if (i)
            sql_add(&q, SQL(", "));
        sql_add(&q, SQL("(SELECT max(\"day\") FROM \"metric_daily\" WHERE \"metric_id\" = "));
        sql_bind(&q, db_of_int(m->def->id));
        sql_add(&q, SQL(" AND \"day\" > "));
        sql_bind(&q, db_of_text(lo));
        sql_add(&q, SQL(" AND \"day\" <= "));
        sql_bind(&q, db_of_text(hi));
        sql_add(&q, SQL(")"));
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    if (db_step(r))
        for (int i = 0; i < n; i++)
            days[i] = db_is_null(r, i) ? NULL : arena_str(c->a, db_text(r, i));
    db_done(r);
    return c->n_err == 0;
}

static void read_sample(DbRows *r, TallyCell *x)
{
    TallySum *s = &x->sums[0];
    *x = (TallyCell){.n = db_int(r, 1), .hits = db_int(r, 2), .distinct = db_int(r, 3)};
    s->filled = db_int(r, 4);
    s->total = db_is_null(r, 5) ? db_null() : db_of_int(db_int(r, 5));
    s->least = db_is_null(r, 6) ? db_null() : db_of_int(db_int(r, 6));
    s->most = db_is_null(r, 7) ? db_null() : db_of_int(db_int(r, 7));
}

static void samples_of(Ctx *c, Sql *q, const Metric *m, const char *const *days, int n,
                       const Filter *people)
{
    sql_init(q, c->a);
    sql_add(q, SQL("SELECT t0.\"day\", CAST(sum(t0.\"records\") AS BIGINT), "
                   "CAST(sum(t0.\"hits\") AS BIGINT), CAST(sum(t0.\"different\") AS BIGINT), "
                   "CAST(sum(t0.\"filled\") AS BIGINT), CAST(sum(t0.\"total\") AS BIGINT), "
                   "min(t0.\"least\"), max(t0.\"most\") FROM \"metric_daily\" AS t0 WHERE "
                   "t0.\"metric_id\" = "));
    sql_bind(q, db_of_int(m->def->id));
    sql_add(q, SQL(" AND t0.\"day\" IN ("));
    for (int i = 0; i < n; i++) {
        if (i)
            sql_add(q, SQL(", "));
        sql_bind(q, db_of_text(days[i])); /* NULL finds nothing */
    }
    sql_add(q, SQL(") AND "));
    filter_sql(c, q, m->e, "t0", people);
    sql_add(q, SQL(" GROUP BY t0.\"day\""));
}

bool daily_read(Ctx *c, const Metric *m, const int64_t *starts, int n, TallyCell *cells,
                bool *known)
{
    const char **days = ARENA_ARRAY(c->a, n + 1, const char *);
    for (int i = 0; i < n; i++) {
        cells[i] = (TallyCell){0};
        known[i] = false;
        days[i] = NULL;
    }
    Filter *people = people_of(c, m->e, access_scope(c, m->e, ACT_READ));
    if (!m->def->id || people->kind == FILTER_FALSE ||
        (!m->e->standard && people->kind != FILTER_TRUE) ||
        (m->measure == MEASURE_DISTINCT && people->kind != FILTER_TRUE))
        return true;
    if (!find_days(c, m, starts, n, days))
        return false;
    Sql q;
    samples_of(c, &q, m, days, n, people);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *day = db_text(r, 0);
        for (int i = 0; i < n; i++)
            if (days[i] && strcmp(days[i], day) == 0) {
                read_sample(r, &cells[i]);
                cells[i].period = i;
                known[i] = true;
            }
    }
    db_done(r);
    /* a day was sampled, and none of the records were his: that is nothing, not unknown */
    for (int i = 0; i < n; i++)
        known[i] = known[i] || days[i];
    return c->n_err == 0;
}

bool daily_instead(Ctx *c, const Metric *m, TallyCell *out, const char **day)
{
    enum { DAYS_BACK = 31 };
    char after[11];
    bool found = false;
    int64_t one;
    *day = NULL;
    if (!m->def->id || !m->def->daily || access_scope(c, m->e, ACT_READ)->kind != FILTER_TRUE)
        return true;
    clock_day_text(house_day(c->now_ms) - DAYS_BACK, after);
    DbVal p[] = {db_of_int(m->def->id), db_of_text(after),
                 db_of_int(conf_duration_ms("metric.live_most"))};
    const char *last;
    if (!db_one_text(c,
                     SQL("SELECT \"day\" FROM \"metric_daily\" WHERE \"metric_id\" = $1 AND "
                         "\"day\" > $2 AND \"took_ms\" > $3 ORDER BY \"day\" DESC LIMIT 1"),
                     p, 3, &last, &found) ||
        !found)
        return c->n_err == 0;
    DbVal newest[] = {p[0], db_of_text(last), p[2]};
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"metric_daily\" WHERE \"metric_id\" = $1 AND \"day\" > $2 "
                        "AND \"took_ms\" <= $3 LIMIT 1"),
                    newest, 3, &one, &found) ||
        found) /* a later one was quick */
        return c->n_err == 0;
    int64_t ends[2] = {clock_day_number(last) - 1, clock_day_number(last)};
    bool known;
    if (!daily_read(c, m, ends, 1, out, &known))
        return false;
    *day = known ? last : NULL;
    return true;
}
