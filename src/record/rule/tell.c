/* What the page is told of rules: what they can be made of, what one would do, what one has done. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/embed.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "db/pace.h"
#include "record/former.h"
#include "record/rule/impl.h"
#include "record/save.h"
#include "record/value.h"

enum { SAMPLE = 50, DRY_DAYS = 30, MEASURE_BLOCK = 500, MEASURE_TURNS = 40, GOAL_DAYS = 7 };
#define DAY_MS INT64_C(86400000)

/* ---- what there is -------------------------------------------------------------------------- */

static void write_kind(Ctx *c, Jw *w, const RuleActionKind *k)
{
    const Entity *rule = model_entity(c->model, "rule");
    const Field *of = entity_field(rule, "entity");
    jw_obj(w);
    jw_kstr(w, "name", k->name);
    jw_kstr(w, "label", msg_text(c->lang, arena_printf(c->a, "rule.do.%s", k->name)));
    jw_key(w, "entities");
    jw_arr(w);
    for (int i = 0; i < of->n_options; i++) {
        const Entity *e = model_entity(c->model, of->options[i].code);
        if (e && (!k->fits || k->fits(e)))
            jw_str(w, e->name);
    }
    jw_end(w);
    jw_kraw(w, "fields", k->fields_json);
    jw_end(w);
}

bool rule_kinds(Ctx *c, Buf *out)
{
    const Embed *templates = embed_find("data/rules.json");
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "actions");
    jw_arr(&w);
    for (int i = 0; rule_action_at(i); i++)
        write_kind(c, &w, rule_action_at(i));
    jw_end(&w);
    if (!rule_channels(c, &w))
        return false;
    jw_kraw(&w, "templates",
            templates ? arena_dup(c->a, (const char *)templates->data, templates->len) : "[]");
    jw_end(&w);
    return true;
}

/* ---- a dry run ------------------------------------------------------------------------------ */

typedef struct Dry {
    Rule rule;
    Filter *rows;
    json_object *actions;
    Record *sample;
    int n;
    int64_t count;
    RuleKnown *known;
} Dry;

/* The rule as it stands in the form, with all its checks; nothing is written. */
static bool read_rule(Ctx *c, json_object *in, Dry *d)
{
    const Entity *e = model_entity(c->model, "rule");
    json_object *given = json_member(in, "rule"), *clean = rec_input(c);
    SaveOptions o = {.if_version = -1, .origin = "web", .dry = true};
    if (!given || !json_object_is_type(given, json_type_object))
        return ctx_fail(c, ERR_REQUIRED, "rule", "err.required");
    json_object_object_foreach(given, key, value)
    {
        const Field *f = entity_field(e, key);
        if (f && !f->standard && !f->readonly && strcmp(key, "enabled") != 0)
            json_object_object_add(clean, key, value ? json_object_get(value) : NULL);
    }
    SaveWork *w = save_new(c, e, 0, clean, &o, NULL);
    if (!save_prepare(c, w) || !rule_compile(c, w->s.after, c->actor->user, &d->rule))
        return false;
    if (d->rule.broken)
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "rule.filter", d->rule.broken);
    d->actions = rule_actions_read(c, d->rule.actions_json);
    return d->actions != NULL;
}

/* The instant a day of the input begins; dflt where there is none. */
static int64_t day_of(Ctx *c, json_object *in, const char *key, int64_t dflt, int more)
{
    const char *day = json_str(in, key, NULL);
    char text[11];
    if (!day || !*day)
        return dflt;
    if (!clock_day_valid(day)) {
        ctx_fail(c, ERR_FORMAT_DATE, key, "err.format.date");
        return dflt;
    }
    clock_day_text(clock_day_number(day) + more, text);
    return clock_day_start(text, c->zone);
}

static Filter *bound(Ctx *c, const Field *f, FilterOp op, int64_t at)
{
    DbVal v = db_of_int(at);
    return filter_leaf(c->a, f, op, &v, 1);
}

static void choose_rows(Ctx *c, json_object *in, Dry *d)
{
    const Entity *e = d->rule.e;
    if (d->rule.event >= RULE_ON_IDLE) {
        d->rows = rule_timed_filter(c, &d->rule, c->now_ms);
        return;
    }
    const Field *f = &e->fields[d->rule.event == RULE_ON_CREATED ? STD_CREATED_AT : STD_UPDATED_AT];
    d->rows = filter_and(
        c->a, d->rule.when,
        filter_and(c->a,
                   bound(c, f, OP_GE, day_of(c, in, "from", c->now_ms - DRY_DAYS * DAY_MS, 0)),
                   bound(c, f, OP_LT, day_of(c, in, "to", c->now_ms + 1, 1))));
}

static void from_rows(Ctx *c, Sql *q, const Dry *d)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, d->rule.e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "));
    sql_rarely_set(c, q, "t0", "archived_at");
    sql_add(q, SQL(" AND "));
    filter_sql(c, q, d->rule.e, "t0", d->rows);
}

static bool find(Ctx *c, Dry *d)
{
    const Entity *e = d->rule.e;
    int mark = c->n_err;
    Sql n, q;
    sql_init(&n, c->a);
    sql_add(&n, SQL("SELECT count(*)"));
    from_rows(c, &n, d);
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    from_rows(c, &q, d);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" DESC LIMIT "));
    sql_number(&q, SAMPLE);
    if (!db_one_int(c, sql_text(&n), n.params, n.n, &d->count, NULL))
        return false;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    d->sample = ARENA_ARRAY(c->a, SAMPLE, Record);
    while (d->n < SAMPLE && db_step(r)) {
        Record *one = &d->sample[d->n++];
        *one = (Record){.e = e, .v = ARENA_ARRAY(c->a, e->n_fields, DbVal)};
        value_read_row(c->a, e, r, 0, one->v);
        one->id = one->v[STD_ID].i;
        one->version = one->v[STD_VERSION].i;
    }
    db_done(r);
    return c->n_err == mark;
}

/* What the actions would do to the i-th record; *ok false where they would fail, and then the reason is why. */
static const char *try_one(Ctx *c, const Dry *d, int i, bool *ok)
{
    Buf reason;
    int before = c->n_err;
    buf_init(&reason, c->a);
    RuleFire f = {.name = d->rule.name,
                  .e = d->rule.e,
                  .r = &d->sample[i],
                  .dry = true,
                  .nth = i,
                  .reason = &reason,
                  .known = d->known};
    *ok = rule_act(c, &f, d->actions);
    if (*ok)
        return reason.data ? reason.data : "";
    const char *why = c->n_err > before ? arena_str(c->a, c->err_last->message) : "";
    if (c->n_err > before && err_status(c->err_last->code) >= 500)
        return why; /* no matter of the record: stays recorded */
    ctx_errors_back_to(c, before);
    return why;
}

bool rule_dry_run(Ctx *c, json_object *in, Buf *out)
{
    Dry d = {.n = 0};
    int mark = c->n_err;
    if (!read_rule(c, in, &d))
        return false;
    choose_rows(c, in, &d);
    if (c->n_err > mark || !find(c, &d))
        return false;
    LinkLabels *labels = link_labels_new(c);
    d.known = rule_known_new(c, NULL, NULL, 0);
    for (int i = 0; i < d.n; i++)
        link_labels_want(labels, d.rule.e, d.sample[i].id);
    if (!link_labels_fetch(c, labels))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "count", d.count);
    jw_key(&w, "sample");
    jw_arr(&w);
    for (int i = 0; i < d.n; i++) {
        bool ok;
        const char *reason = try_one(c, &d, i, &ok);
        jw_obj(&w);
        jw_kint(&w, "id", d.sample[i].id);
        jw_kstr(&w, "label", link_label(labels, d.rule.e, d.sample[i].id));
        jw_kbool(&w, "ok", ok);
        jw_kstr(&w, "reason", reason);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == mark;
}

/* ---- what became of it ---------------------------------------------------------------------- */

static bool write_counts(Ctx *c, Jw *w, const char *key, int64_t rule, int64_t since)
{
    int64_t done = 0, failed = 0, loop = 0, reached = 0;
    int mark = c->n_err;
    DbVal p[] = {db_of_int(rule), db_of_int(since)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"outcome\", count(*), count(\"reached_at\") FROM "
                             "\"rule_run\" WHERE \"rule_id\" = $1 AND \"at\" >= $2 GROUP BY "
                             "\"outcome\""),
                         p, 2);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *outcome = db_text(r, 0);
        int64_t n = db_int(r, 1);
        if (strcmp(outcome, "done") == 0) {
            done = n;
            reached = db_int(r, 2);
        } else if (strcmp(outcome, "failed") == 0) {
            failed = n;
        } else {
            loop = n;
        }
    }
    db_done(r);
    jw_key(w, key);
    jw_obj(w);
    jw_kint(w, "done", done);
    jw_kint(w, "failed", failed);
    jw_kint(w, "loop", loop);
    jw_kint(w, "reached", reached);
    jw_end(w);
    return c->n_err == mark;
}

/* ---- the wanted state ----------------------------------------------------------------------- */

typedef struct Reached {
    int64_t ids[MEASURE_BLOCK];
    int n;
} Reached;

static bool note(Ctx *c, void *arg)
{
    const Reached *m = arg;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE \"rule_run\" SET \"reached_at\" = "));
    sql_bind(&q, db_of_int(c->now_ms));
    sql_add(&q, SQL(" WHERE \"reached_at\" IS NULL AND \"id\" IN "));
    sql_bind_ids(&q, m->ids, m->n);
    return sql_exec(c, &q);
}

static bool find_reached(Ctx *c, int64_t rule, const Entity *e, const Filter *goal, int64_t days,
                         Reached *m)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT rr.\"id\" FROM \"rule_run\" AS rr WHERE rr.\"rule_id\" = "));
    sql_bind(&q, db_of_int(rule));
    sql_add(&q, SQL(" AND rr.\"at\" >= "));
    sql_bind(&q, db_of_int(c->now_ms - days * DAY_MS));
    sql_add(&q,
            SQL(" AND rr.\"outcome\" = 'done' AND rr.\"reached_at\" IS NULL AND EXISTS (SELECT 1 "
                "FROM "));
    sql_name(&q, e->name);
    sql_add(&q,
            SQL(" AS t0 WHERE t0.\"id\" = rr.\"record_id\" AND t0.\"deleted_at\" IS NULL AND "));
    filter_sql_each(c, &q, e, "t0", goal);
    sql_add(&q, SQL(") LIMIT "));
    sql_number(&q, MEASURE_BLOCK);
    return db_ids_most(c, sql_query(c, &q), m->ids, MEASURE_BLOCK, &m->n);
}

/* The goal with the rights of the owner; NULL where it cannot be read (said nowhere: the rule itself works). */
static Filter *goal_of(Ctx *c, const Entity *e, const DbVal *v)
{
    RuleActor was;
    Filter *f = NULL;
    int before = c->n_err;
    if (!rule_act_as(c, v[STD_OWNER].i, NULL, &was)) {
        ctx_errors_back_to(c, before);
        return NULL;
    }
    if (filter_parse_text(c, e, arena_dup(c->a, v[RULE_GOAL].s, v[RULE_GOAL].n),
                          &access_filter_guard, access_me(c), &f))
        f = filter_and(c->a, f, access_scope(c, e, ACT_READ));
    else
        f = NULL;
    if (f)
        former_means(c, f);
    rule_act_back(c, &was);
    ctx_errors_back_to(c, before);
    return f && f->kind != FILTER_TRUE ? f : NULL;
}

static bool measure(Ctx *c, const Record *r, void *arg)
{
    const DbVal *v = r->v;
    (void)arg;
    if (v[RULE_GOAL].kind != DB_TEXT || v[STD_DELETED_AT].kind != DB_NULL ||
        v[RULE_ENTITY].kind != DB_TEXT)
        return true;
    const Entity *e = model_entity(c->model, arena_dup(c->a, v[RULE_ENTITY].s, v[RULE_ENTITY].n));
    Filter *goal = e ? goal_of(c, e, v) : NULL;
    int64_t days = v[RULE_GOAL_DAYS].kind == DB_INT ? v[RULE_GOAL_DAYS].i : GOAL_DAYS;
    Reached *m = ARENA_NEW(c->a, Reached);
    for (int i = 0; goal && i < MEASURE_TURNS; i++) {
        if (!find_reached(c, r->id, e, goal, days, m) || (m->n && !db_write(c, note, m)))
            return false;
        if (m->n < MEASURE_BLOCK)
            break;
    }
    return true;
}

bool rule_effect(Ctx *c, const Record *rule, Buf *out)
{
    Jw w;
    if (!measure(c, rule, NULL)) /* as it is now, not as it was some minutes ago */
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    bool ok = write_counts(c, &w, "days_30", rule->id, c->now_ms - 30 * DAY_MS) &&
              write_counts(c, &w, "days_90", rule->id, c->now_ms - 90 * DAY_MS) &&
              write_counts(c, &w, "all", rule->id, 0);
    jw_end(&w);
    return ok;
}

bool rules_measure(Ctx *c)
{
    const Entity *e = model_entity(c->model, "rule");
    return !e || rec_each(c, e, filter_leaf(c->a, &e->fields[RULE_GOAL], OP_NOT_NULL, NULL, 0),
                          measure, NULL);
}

bool rules_purge(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms - conf_duration_ms("rule.log_keep"))};
    return pace_delete(c,
                       SQL("DELETE FROM \"rule_run\" WHERE \"id\" IN (SELECT \"id\" FROM "
                           "\"rule_run\" WHERE \"at\" < $1 LIMIT $2)"),
                       p, 1);
}
