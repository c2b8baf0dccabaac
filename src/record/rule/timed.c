/*
 * Rules that answer the clock. The keeper of any process moves next_at on (whoever is first) and queues a job; the job walks the
 * rows by id in blocks that hold no lock, and fires a few at a time in short writes, each together with how far it is.
 * A day counts as a whole: what was last touched on Monday, at whatever hour, is idle for three days on Thursday.
 */
#include <inttypes.h>
#include <string.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/cron.h"
#include "base/json_read.h"
#include "entity_ids.h"
#include "db/pace.h"
#include "record/rule/impl.h"
#include "record/value.h"

enum {
    ROWS_MOST = 100000,
    BLOCK = 200,
    WRITE_FIRST = 10,
    DUE_MOST = 50,
    DAY_MS = 86400000,
    DAYS_MOST = 8000
};

int64_t rule_next_at(const char *cron, const char *zone, int64_t after)
{
    Cron line;
    if (!cron_parse(cron, &line, NULL))
        return 0;
    return cron_next(&line, after, zone);
}

/* ---- which rows ----------------------------------------------------------------------------- */

static bool is_workday(int64_t day)
{
    char text[11];
    clock_day_text(day, text);
    return cal_is_workday(NULL, text);
}

/* The last day from which no more than n days (working ones) have passed up to `day`; n < 0: the last that is at most -n ahead. */
static int64_t days_back(int64_t day, int n, bool workdays)
{
    int left = n < 0 ? -n : n;
    if (!workdays)
        return day - n;
    for (int i = 0; i < DAYS_MOST && n > 0 && left > 0; i++, day--)
        left -= is_workday(day);
    for (int i = 0; i < DAYS_MOST && n < 0; i++, day++) {
        left -= is_workday(day + 1);
        if (left < 0)
            break;
    }
    return day;
}

static Filter *compare(Ctx *c, const Field *f, FilterOp op, DbVal v)
{
    return filter_leaf(c->a, f, op, &v, 1);
}

/* f lies on the days from first to last. */
static Filter *on_days(Ctx *c, const Field *f, int64_t first, int64_t last, const char *zone)
{
    char *from = arena_alloc(c->a, 11), *to = arena_alloc(c->a, 11);
    clock_day_text(first, from);
    if (f->type == FT_DATE) {
        clock_day_text(last, to);
        return filter_and(c->a, compare(c, f, OP_GE, db_of_text(from)),
                          compare(c, f, OP_LE, db_of_text(to)));
    }
    clock_day_text(last + 1, to);
    return filter_and(c->a, compare(c, f, OP_GE, db_of_int(clock_day_start(from, zone))),
                      compare(c, f, OP_LT, db_of_int(clock_day_start(to, zone))));
}

/* What idle counts from: the field named, else the last follow-up, else the last change. */
static const Field *base_of(const Rule *rule)
{
    const Field *last = entity_field(rule->e, "last_follow_up_at");
    return rule->date ? rule->date : last ? last : &rule->e->fields[STD_UPDATED_AT];
}

Filter *rule_timed_filter(Ctx *c, const Rule *rule, int64_t at)
{
    char day[11];
    clock_day_of(at, rule->zone, day);
    int64_t today = clock_day_number(day), last = days_back(today, rule->days, rule->workdays);
    const Field *f = base_of(rule), *born = &rule->e->fields[STD_CREATED_AT];
    if (rule->event == RULE_ON_DUE) {
        if (!rule->date)
            return filter_false(c->a);
        int64_t late = conf_duration_ms("rule.late") / DAY_MS;
        return filter_and(c->a, rule->when, on_days(c, rule->date, last - late, last, rule->zone));
    }
    if (rule->event != RULE_ON_IDLE)
        return rule->when;
    int64_t first = last - conf_duration_ms("rule.log_keep") / DAY_MS;
    Filter *idle = on_days(c, f, first, last, rule->zone);
    Filter *never = filter_and(c->a, filter_leaf(c->a, f, OP_IS_NULL, NULL, 0),
                               on_days(c, born, first, last, rule->zone));
    return filter_and(c->a, rule->when, filter_or(c->a, idle, never));
}

void rule_timed_cause(Sql *q, const Rule *rule, int64_t at)
{
    if (rule->event == RULE_ON_SCHEDULED) {
        sql_add(q, SQL("('s' || CAST("));
        sql_bind(q, db_of_int(at));
        sql_add(q, SQL(" AS TEXT))"));
        return;
    }
    if (rule->event == RULE_ON_DUE) {
        sql_add(q, SQL("('d' || CAST("));
        sql_col(q, "t0", rule->date ? rule->date->column : "created_at");
        sql_add(q, SQL(" AS TEXT))"));
        return;
    }
    sql_add(q, SQL("('i' || coalesce(CAST("));
    sql_col(q, "t0", base_of(rule)->column);
    sql_add(q, SQL(" AS TEXT), CAST(t0.\"created_at\" AS TEXT)))"));
}

/* ---- the job -------------------------------------------------------------------------------- */

typedef struct Run {
    const Rule *rule;
    Job *job;
    Filter *rows;
    int64_t at, after, fired, total;
    Pace pace;
    RuleMet met;
    bool cancelled;
    bool off; /* the rule was switched off meanwhile: by somebody, or by its own failures */
} Run;

/* " FROM e AS t0 WHERE …": live rows of the rule that were not fired on for this cause. */
static void from_rows(Ctx *c, Sql *q, const Run *run)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, run->rule->e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "));
    sql_rarely_set(c, q, "t0", "archived_at");
    sql_add(q, SQL(" AND "));
    filter_sql(c, q, run->rule->e, "t0", run->rows);
    sql_add(q, SQL(" AND NOT EXISTS (SELECT 1 FROM \"rule_run\" AS rr WHERE rr.\"rule_id\" = "));
    sql_bind(q, db_of_int(run->rule->id));
    sql_add(q, SQL(" AND rr.\"record_id\" = t0.\"id\" AND rr.\"cause\" = "));
    rule_timed_cause(q, run->rule, run->at);
    sql_add(q, SQL(")"));
}

/*
 * The rows behind run->after, in order, as many as fit. One statement for very many: a page of few hundred would be sorted
 * out of all of them again and again wherever the planner prefers another index to that of the ids.
 */
static bool next_rows(Ctx *c, const Run *run, int64_t *ids, int *n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\""));
    from_rows(c, &q, run);
    sql_add(&q, SQL(" AND t0.\"id\" > "));
    sql_bind(&q, db_of_int(run->after));
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC LIMIT "));
    sql_number(&q, ROWS_MOST);
    return db_ids_most(c, sql_query(c, &q), ids, ROWS_MOST, n);
}

typedef struct Step {
    Run *run;
    const int64_t *ids;
    int n;
    int64_t done; /* of the job, before */
    RuleKnown *known;
    int fired; /* in this write */
    int upto;  /* of its rows were gone through */
} Step;

/*
 * The rows of a step as they are now; what was changed meanwhile is not among them. Found by their ids alone, the
 * rest is a column: this reads in the transaction, and a planner that went by another index would hold up every other write.
 */
static bool read_again(Ctx *c, const Step *s, RuleRow *out, int *n)
{
    const Entity *e = s->run->rule->e;
    Sql q;
    int mark = c->n_err;
    *n = 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    rule_timed_cause(&q, s->run->rule, s->run->at);
    sql_add(&q, SQL(", CASE WHEN t0.\"deleted_at\" IS NULL AND t0.\"archived_at\" IS NULL AND "));
    filter_sql_each(c, &q, e, "t0", s->run->rows);
    sql_add(&q, SQL(" THEN 1 ELSE 0 END, "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" IN "));
    sql_bind_ids(&q, s->ids, s->n);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (*n < s->n && db_step(r)) {
        if (db_int(r, 1) != 1)
            continue;
        RuleRow *f = &out[(*n)++];
        f->cause = arena_str(c->a, db_text(r, 0));
        f->r = (Record){.e = e, .v = ARENA_ARRAY(c->a, e->n_fields, DbVal)};
        value_read_row(c->a, e, r, 2, f->r.v);
        f->r.id = f->r.v[STD_ID].i;
        f->r.version = f->r.v[STD_VERSION].i;
    }
    db_done(r);
    return c->n_err == mark;
}

static bool is_on(Ctx *c, int64_t rule, bool *on)
{
    DbVal p[] = {db_of_int(rule)};
    int64_t enabled;
    return db_one_int(c,
                      SQL("SELECT 1 FROM \"rule\" WHERE \"id\" = $1 AND \"enabled\" = 1 AND "
                          "\"deleted_at\" IS NULL"),
                      p, 1, &enabled, on);
}

/* May run again on PostgreSQL: everything counted starts afresh. */
static bool fire_step(Ctx *c, void *arg)
{
    Step *s = arg;
    Run *run = s->run;
    RuleRow *found = ARENA_ARRAY(c->a, s->n, RuleRow);
    int n, done;
    bool on;
    s->fired = 0;
    if (!is_on(c, run->rule->id, &on))
        return false;
    run->off = !on;
    if (!on)
        return true;
    if (!read_again(c, s, found, &n))
        return false;
    s->known = rule_known_new(c, run->rule, run->met.ids, run->met.n);
    if (!rule_fire_rows(c, run->rule, s->known, found, n, &done, &s->fired))
        return false;
    s->upto = s->n;
    if (done < n) /* its time was over: up to the row fired on last */
        for (s->upto = 0; s->ids[s->upto++] != found[done - 1].r.id;)
            continue;
    int64_t fires = run->fired + s->fired;
    return job_progress(c, run->job, s->done + s->upto, run->total,
                        arena_printf(c->a, "{\"after\":%" PRId64 ",\"fired\":%" PRId64 "}",
                                     s->ids[s->upto - 1], fires),
                        arena_printf(c->a, "{\"fired\":%" PRId64 "}", fires), &run->cancelled);
}

/* Who was met before will be met again: his rights are at hand then, read outside the write, where they are kept. */
static bool expect(Ctx *c, const RuleMet *met)
{
    Actor *someone;
    for (int i = 0; i < met->n; i++) {
        int before = c->n_err;
        if (actor_of_user(c, met->ids[i], CH_JOB, &someone))
            continue;
        if (err_status(c->err_last->code) >= 500)
            return false;
        ctx_errors_back_to(c, before); /* he is not active */
    }
    return true;
}

/* Fires on a block, as many rows a write as its time allows. */
static bool fire_block(Ctx *c, Run *run, const int64_t *ids, int n)
{
    for (int at = 0; at < n && !run->cancelled && !run->off;) {
        Step s = {.run = run,
                  .ids = ids + at,
                  .n = pace_size(&run->pace, n - at),
                  .done = run->job->done};
        if (!expect(c, &run->met) || !pace_write(c, &run->pace, fire_step, &s))
            return false;
        if (run->off)
            return true;
        rule_known_met(s.known, &run->met);
        run->fired += s.fired;
        run->after = s.ids[s.upto - 1];
        at += s.upto;
    }
    return true;
}

/* How many there are, told before the first is done; n were found at once. */
static bool begin(Ctx *c, Run *run, int n)
{
    Sql q;
    run->total = n;
    if (n == ROWS_MOST) {
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT count(*)"));
        from_rows(c, &q, run);
        if (!db_one_int(c, sql_text(&q), q.params, q.n, &run->total, NULL))
            return false;
    }
    return job_progress(c, run->job, 0, run->total, "{\"after\":0,\"fired\":0}", "{\"fired\":0}",
                        &run->cancelled);
}

/* Fires on rows found, block by block with an arena of its own. */
static bool fire_rows(Ctx *c, Run *run, const int64_t *ids, int n)
{
    Arena *keep = c->a, *block = arena_child(keep);
    bool ok = true;
    for (int at = 0; ok && at < n && !run->cancelled && !run->off && !job_stop_asked();
         at += BLOCK) {
        c->a = block;
        ok = fire_block(c, run, ids + at, n - at < BLOCK ? n - at : BLOCK);
        c->a = keep;
        if (ok)
            arena_reset(block); /* else the mistakes live in it */
    }
    return ok;
}

static bool walk(Ctx *c, Run *run)
{
    int64_t *ids = ARENA_ARRAY(c->a, ROWS_MOST, int64_t);
    bool begun = run->job->progress != NULL;
    if (begun) { /* resumed */
        run->after = json_int(run->job->progress, "after", 0);
        run->fired = json_int(run->job->progress, "fired", 0);
        run->total = run->job->total;
    }
    for (int n = ROWS_MOST; n == ROWS_MOST && !run->cancelled && !run->off; begun = true) {
        if (!next_rows(c, run, ids, &n) || (!begun && !begin(c, run, n)) ||
            !fire_rows(c, run, ids, n))
            return false;
        if (!run->off && job_stop_asked() && run->job->done < run->total)
            return false; /* resumed by the next start */
    }
    return !run->cancelled;
}

typedef struct Off {
    const Rule *rule;
} Off;

static bool off_in_write(Ctx *c, void *arg)
{
    const Off *o = arg;
    return rule_switch_off(c, o->rule->id, o->rule->owner, o->rule->name, "rule.off_broken",
                           o->rule->broken);
}

bool rule_job(Ctx *c, Job *job)
{
    const Entity *e = model_entity(c->model, "rule");
    int64_t id = json_int(job->params, "rule", 0);
    Record r;
    Rule rule;
    if (!rec_load(c, e, id, &r))
        return c->n_err == 0;
    Run run = {.rule = &rule, .job = job, .at = json_int(job->params, "at", c->now_ms)};
    const char *key = arena_printf(c->a, "rule:%" PRId64 ":%" PRId64, id, run.at);
    bool on =
        r.v[STD_DELETED_AT].kind == DB_NULL && r.v[RULE_ENABLED].i == 1 && conf_bool("rule.on");
    /* Switched off since it was queued; handed over since: not with the rights of the former one. Who was told before an end in
       the middle gets his letter all the same. */
    if (!on || r.v[STD_OWNER].i != job->owner)
        return notify_run_letters(c, key);
    if (!rule_compile(c, r.v, job->owner, &rule))
        return false;
    if (rule.broken) {
        Off o = {&rule};
        return db_write(c, off_in_write, &o) && notify_run_letters(c, key);
    }
    rule.run = key;
    rule.by = json_int(job->params, "by", 0);
    pace_init(&run.pace, WRITE_FIRST, BLOCK);
    run.rows = rule_timed_filter(c, &rule, run.at);
    bool done = walk(c, &run);
    return (done || run.cancelled) && notify_run_letters(c, key) && done;
}

/* ---- when ----------------------------------------------------------------------------------- */

/* by: who asked for it, 0 for the clock. */
static bool queue(Ctx *c, int64_t rule, int64_t owner, int64_t at, int64_t by, int64_t *job)
{
    RuleActor was;
    const char *params = arena_printf(
        c->a, "{\"rule\":%" PRId64 ",\"at\":%" PRId64 ",\"by\":%" PRId64 "}", rule, at, by);
    if (!rule_act_as(c, owner, NULL, &was))
        return false;
    bool ok = job_add(c, "rule", params, job);
    rule_act_back(c, &was);
    return ok;
}

typedef struct Due {
    int64_t id, owner, at, next, moment;
    const char *name, *cron, *zone, *event;
} Due;

/* The moment a run answers for: the one it was planned for. Where others were missed behind it (nobody was there), idle and due
   answer for now: what came due on the missed days is told today and not a day late. */
static int64_t moment(const Ctx *c, const Due *d, const char *cron, const char *zone)
{
    int64_t then = strcmp(d->event, "scheduled") == 0 ? 0 : rule_next_at(cron, zone, d->at);
    return then && then <= c->now_ms ? c->now_ms : d->at;
}

/* Whoever moves next_at on queues the job. */
static bool take_due(Ctx *c, void *arg)
{
    Due *d = arg;
    int64_t job;
    DbVal p[] = {db_of_int(d->id), db_of_int(d->at), d->next ? db_of_int(d->next) : db_null(),
                 db_of_int(c->now_ms)};
    if (!db_exec(c,
                 SQL("UPDATE \"rule\" SET \"next_at\" = $3, \"last_at\" = $4 WHERE \"id\" = $1 AND "
                     "\"next_at\" = $2 AND \"enabled\" = 1 AND \"deleted_at\" IS NULL"),
                 p, 4))
        return false;
    return db_changes(c) == 0 || queue(c, d->id, d->owner, d->moment, 0, &job);
}

static bool owner_gone(Ctx *c, void *arg)
{
    Due *d = arg;
    int64_t manager = 0;
    DbVal p[] = {db_of_int(d->owner)};
    /* the one who can do something about it: his manager, else whoever changed the rule last */
    if (!db_one_int(c, SQL("SELECT \"manager_id\" FROM \"user\" WHERE \"id\" = $1"), p, 1, &manager,
                    NULL))
        return false;
    p[0] = db_of_int(d->id);
    if (!manager && !db_one_int(c, SQL("SELECT \"updated_by_id\" FROM \"rule\" WHERE \"id\" = $1"),
                                p, 1, &manager, NULL))
        return false;
    return rule_switch_off(c, d->id, manager, d->name, "rule.off_owner", NULL);
}

static int read_due(Ctx *c, SqlText sql, Due *out)
{
    int n = 0, mark = c->n_err;
    DbVal p[] = {db_of_int(c->now_ms)};
    DbRows *r = db_query(c, sql, p, 1);
    if (!r)
        return -1;
    while (n < DUE_MOST && db_step(r))
        out[n++] = (Due){.id = db_int(r, 0),
                         .owner = db_int(r, 1),
                         .at = db_int(r, 2),
                         .name = arena_str(c->a, db_text(r, 3)),
                         .cron = arena_str(c->a, db_text(r, 4)),
                         .zone = arena_str(c->a, db_text(r, 5)),
                         .event = arena_str(c->a, db_text(r, 6))};
    db_done(r);
    return c->n_err == mark ? n : -1;
}

/* Enabled rules whose owner may not sign in any more: they would go on with the rights of nobody. */
static bool without_owner(Ctx *c)
{
    Due gone[DUE_MOST];
    int n =
        read_due(c,
                 SQL("SELECT r.\"id\", r.\"owner_id\", 0, r.\"name\", r.\"cron\", r.\"zone\", "
                     "r.\"event\" "
                     "FROM \"rule\" r LEFT JOIN \"user\" u ON u.\"id\" = r.\"owner_id\" WHERE "
                     "r.\"enabled\" = 1 AND r.\"deleted_at\" IS NULL AND r.\"created_at\" <= $1 "
                     "AND (u.\"id\" IS NULL OR u.\"status\" <> 'active' OR u.\"deleted_at\" IS "
                     "NOT NULL) ORDER BY r.\"id\" LIMIT 50"),
                 gone);
    bool ok = n >= 0;
    for (int i = 0; ok && i < n; i++)
        ok = db_write(c, owner_gone, &gone[i]);
    return ok;
}

bool rules_due(Ctx *c)
{
    Due due[DUE_MOST];
    if (!rules_hold(c) && c->n_err) /* made anew outside a write, so that it is kept */
        return false;
    if (!without_owner(c))
        return false;
    if (!conf_bool("rule.on"))
        return true; /* switched off as a whole */
    int n = read_due(
        c,
        SQL("SELECT \"id\", \"owner_id\", \"next_at\", \"name\", \"cron\", \"zone\", \"event\" "
            "FROM \"rule\" WHERE \"enabled\" = 1 AND \"next_at\" <= $1 AND \"deleted_at\" IS "
            "NULL ORDER BY \"next_at\", \"id\" LIMIT 50"),
        due);
    bool ok = n >= 0;
    for (int i = 0; ok && i < n; i++) {
        const char *zone = due[i].zone && *due[i].zone ? due[i].zone : conf_text("company.zone");
        const char *cron = due[i].cron && *due[i].cron ? due[i].cron : rule_default_cron;
        due[i].next = rule_next_at(cron, zone, c->now_ms);
        due[i].moment = moment(c, &due[i], cron, zone);
        ok = db_write(c, take_due, &due[i]);
    }
    return ok;
}

typedef struct Now {
    const Record *rule;
    int64_t job;
} Now;

static bool queue_now(Ctx *c, void *arg)
{
    Now *n = arg;
    return queue(c, n->rule->id, n->rule->v[STD_OWNER].i, c->now_ms, c->actor->user, &n->job);
}

bool rule_run_now(Ctx *c, const Record *rule, Buf *out)
{
    RuleEvent event;
    const DbVal *name = &rule->v[RULE_EVENT];
    Now n = {.rule = rule};
    if (name->kind != DB_TEXT || !rule_event(arena_dup(c->a, name->s, name->n), &event) ||
        event < RULE_ON_IDLE)
        return ctx_fail(c, ERR_INVALID, "event", "rule.now_timed");
    if (rule->v[RULE_ENABLED].i != 1)
        return ctx_fail(c, ERR_INVALID, "enabled", "rule.now_off");
    if (!db_write(c, queue_now, &n))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "job");
    jw_obj(&w);
    jw_kint(&w, "id", n.job);
    jw_end(&w);
    jw_end(&w);
    return true;
}
