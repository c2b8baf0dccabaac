/*
 * The enabled rules as they are carried out: read in one statement, their filters parsed with the rights of
 * their owners, kept per process. Made anew when a rule or a right changes (rules_forget), at the midnight of
 * a zone ("today" is another day then), and every minute. What is read inside a write may be undone, so it is not kept.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json_read.h"
#include "base/vec.h"
#include "entity_ids.h"
#include "record/former.h"
#include "record/kept.h"
#include "record/rule/impl.h"
#include "record/value.h"

enum { FRESH_MS = 60000, USABLE_MS = 180000 };

struct RuleSet {
    Model *model; /* NULL: of a model that is none any more */
    Rule *rules;
    int n;
    RuleList *created, *changed; /* by Entity.index */
    int64_t made_at, fresh_until, usable_until;
};

static Kept kept = KEPT_NOTHING; /* RuleSet */

static const char *const events[] = {"created", "updated", "entered", "idle", "due", "scheduled"};
const char rule_default_cron[] = "0 9 * * *";

bool rule_event(const char *name, RuleEvent *out)
{
    for (int i = 0; name && i < RULE_ON__COUNT; i++)
        if (strcmp(name, events[i]) == 0) {
            *out = (RuleEvent)i;
            return true;
        }
    return false;
}

/* ---- one rule ------------------------------------------------------------------------------- */

void rule_become(Ctx *c, const Actor *me, const char *zone, RuleActor *was)
{
    *was = (RuleActor){c->actor, c->lang, c->zone};
    c->actor = me;
    c->lang = me->locale && strncmp(me->locale, "en", 2) == 0 ? "en" : "zh";
    c->zone = zone ? zone : conf_text("company.zone");
}

bool rule_act_as(Ctx *c, int64_t owner, const char *zone, RuleActor *was)
{
    Actor *me;
    *was = (RuleActor){c->actor, c->lang, c->zone};
    if (!actor_of_user(c, owner, CH_JOB, &me))
        return false;
    rule_become(c, me, zone, was);
    return true;
}

void rule_act_back(Ctx *c, const RuleActor *was)
{
    c->actor = was->actor;
    c->lang = was->lang;
    c->zone = was->zone;
}

static const char *text_of(Arena *a, const DbVal *v)
{
    return v->kind == DB_TEXT && v->n ? arena_dup(a, v->s, v->n) : NULL;
}

static bool flag(const DbVal *v)
{
    return v->kind == DB_INT && v->i != 0;
}

/* The fields of a JSON array of names, by index; NULL where there are none. */
static const unsigned char *watched(Ctx *c, const Entity *e, const char *json)
{
    json_object *list = NULL;
    unsigned char *out = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    bool any = false;
    if (!json || !json_read(c, json, strlen(json), &list) ||
        !json_object_is_type(list, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *it = json_object_array_get_idx(list, i);
        const Field *f = json_object_is_type(it, json_type_string)
                             ? entity_field(e, json_object_get_string(it))
                             : NULL;
        if (f && !f->retired) {
            any = true;
            out[f->index] = 1;
        }
    }
    return any ? out : NULL;
}

/* The filter with the rights of c->actor. */
static bool parse_when(Ctx *c, Rule *r)
{
    Filter *f = filter_true(c->a);
    if (r->filter_json &&
        !filter_parse_text(c, r->e, r->filter_json, &access_filter_guard, access_me(c), &f))
        return false;
    if (r->event == RULE_ON_ENTERED) {
        unsigned char *of = ARENA_ARRAY(c->a, r->e->n_fields, unsigned char);
        filter_fields(f, of);
        r->watched = of;
        r->state = filter_true(c->a);
        if (r->filter_json &&
            !filter_parse_text(c, r->e, r->filter_json, NULL, access_me(c), &r->state))
            return false;
        former_means(c, r->state);
        filter_ready(c->a, r->state);
    }
    r->when = filter_and(c->a, f, access_scope(c, r->e, ACT_READ));
    former_means(c, r->when);
    filter_ready(c->a, r->when);
    return true;
}

static void take_broken(Ctx *c, Rule *r, int before)
{
    const char *why = c->err_last && c->n_err > before ? c->err_last->message : "";
    r->broken = arena_str(c->a, why);
    r->when = filter_false(c->a);
    ctx_errors_back_to(c, before);
}

/* Everything that asks no database; c->actor is who it acts for. */
static void compile(Ctx *c, const DbVal *v, Rule *r)
{
    Arena *a = c->a;
    int before = c->n_err;
    const char *zone = text_of(a, &v[RULE_ZONE]), *date = text_of(a, &v[RULE_DATE_FIELD]);
    r->zone = zone && clock_zone_known(zone) ? zone : arena_str(a, conf_text("company.zone"));
    c->zone = r->zone;
    r->filter_json = text_of(a, &v[RULE_FILTER]);
    r->actions_json = text_of(a, &v[RULE_ACTIONS]);
    r->stop = flag(&v[RULE_STOP]);
    r->in_bulk = flag(&v[RULE_IN_BULK]);
    r->workdays = flag(&v[RULE_WORKDAYS]);
    r->days = v[RULE_DAYS].kind == DB_INT ? (int)v[RULE_DAYS].i : 0;
    r->cron = text_of(a, &v[RULE_CRON]);
    if (!r->cron)
        r->cron = rule_default_cron;
    r->date = date ? entity_field(r->e, date) : NULL;
    if (r->event == RULE_ON_UPDATED)
        r->watched = watched(c, r->e, text_of(a, &v[RULE_FIELDS]));
    if (c->n_err > before || !parse_when(c, r))
        take_broken(c, r, before);
}

static bool head(Ctx *c, const DbVal *v, Rule *r)
{
    const char *entity = text_of(c->a, &v[RULE_ENTITY]), *event = text_of(c->a, &v[RULE_EVENT]);
    *r = (Rule){.id = v[STD_ID].i,
                .owner = v[STD_OWNER].kind == DB_INT ? v[STD_OWNER].i : 0,
                .name = text_of(c->a, &v[RULE_NAME]),
                .e = entity ? model_entity(c->model, entity) : NULL};
    r->name = r->name ? r->name : "";
    return r->e && r->e->standard && rule_event(event, &r->event);
}

bool rule_compile(Ctx *c, const DbVal *v, int64_t who, Rule *out)
{
    RuleActor was = {c->actor, c->lang, c->zone};
    if (!head(c, v, out))
        return ctx_fail(c, ERR_INVALID, "entity", "rule.no_entity");
    /* the caller as he is: his token may name less than he may */
    if ((!c->actor || who != c->actor->user) && !rule_act_as(c, who, NULL, &was))
        return false;
    compile(c, v, out);
    rule_act_back(c, &was);
    return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

void rules_forget(void)
{
    kept_forget(&kept);
}

static int64_t next_midnight(int64_t now, const char *zone)
{
    char day[11];
    clock_day_of(now, zone, day);
    int64_t number = clock_day_number(day);
    clock_day_text(number + 1, day);
    return clock_day_start(day, zone);
}

typedef VEC(DbVal *) RuleRows;

static bool read_rows(Ctx *c, RuleRows *rows)
{
    const Entity *e = model_entity(c->model, "rule");
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM \"rule\" AS t0 WHERE t0.\"enabled\" = 1 AND t0.\"deleted_at\" IS NULL "
                    "ORDER BY t0.\"position\", t0.\"id\""));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        value_read_row(c->a, e, r, 0, v);
        vec_push(c->a, rows, v);
    }
    db_done(r);
    return c->n_err == mark;
}

typedef struct Owner {
    int64_t id;
    const Actor *actor; /* NULL: he may not sign in */
} Owner;

/* The actor of an owner, each looked for once; *ok false where the database fails. */
static const Actor *owner_of(Ctx *c, Owner **all, int *n, int64_t id, bool *ok)
{
    int mark = c->n_err;
    Actor *me = NULL;
    for (int i = 0; i < *n; i++)
        if ((*all)[i].id == id)
            return (*all)[i].actor;
    if (!id || !actor_of_user(c, id, CH_JOB, &me)) {
        *ok = c->n_err == mark || err_status(c->err_last->code) < 500;
        if (*ok)
            ctx_errors_back_to(c, mark);
        me = NULL;
    }
    (*all)[(*n)++] = (Owner){id, me};
    return me;
}

static void sort_in(Arena *a, RuleSet *s, Rule *r)
{
    if (r->event > RULE_ON_ENTERED)
        return;
    RuleList *lists[2] = {NULL, NULL};
    if (r->event != RULE_ON_UPDATED)
        lists[0] = &s->created[r->e->index];
    if (r->event != RULE_ON_CREATED)
        lists[1] = &s->changed[r->e->index];
    for (int i = 0; i < 2; i++)
        if (lists[i]) {
            if (!lists[i]->items)
                lists[i]->items = ARENA_ARRAY(a, s->n, Rule *);
            lists[i]->items[lists[i]->n++] = r;
        }
}

static bool fill(Ctx *c, Arena *a, RuleSet *s, const RuleRows *rows)
{
    Arena *mine = c->a;
    Owner *owners = ARENA_ARRAY(c->a, rows->n + 1, Owner);
    int n_owners = 0;
    bool ok = true;
    s->n = (int)rows->n;
    s->rules = ARENA_ARRAY(a, rows->n + 1, Rule);
    s->created = ARENA_ARRAY(a, c->model->n, RuleList);
    s->changed = ARENA_ARRAY(a, c->model->n, RuleList);
    for (size_t i = 0; i < rows->n && ok; i++) {
        Rule *r = &s->rules[i];
        const DbVal *v = rows->items[i];
        const Actor *owner = owner_of(c, &owners, &n_owners, v[STD_OWNER].i, &ok);
        RuleActor was = {c->actor, c->lang, c->zone};
        c->a = a; /* no statement from here on: its cursor would live as long as the rules */
        if (owner && head(c, v, r)) {
            c->actor = owner;
            c->lang = owner->locale && strncmp(owner->locale, "en", 2) == 0 ? "en" : "zh";
            compile(c, v, r);
            sort_in(a, s, r);
            int64_t midnight = next_midnight(c->now_ms, r->zone);
            s->fresh_until = midnight < s->fresh_until ? midnight : s->fresh_until;
            s->usable_until = midnight < s->usable_until ? midnight : s->usable_until;
        }
        rule_act_back(c, &was);
        c->a = mine;
    }
    return ok;
}

static RuleSet *make(Ctx *c, Arena *a)
{
    RuleRows rows = {0};
    if (!read_rows(c, &rows))
        return NULL;
    RuleSet *s = ARENA_NEW(a, RuleSet);
    s->made_at = c->now_ms;
    s->fresh_until = c->now_ms + FRESH_MS;
    s->usable_until = c->now_ms + USABLE_MS;
    if (!fill(c, a, s, &rows))
        return NULL;
    Model *m = model_hold();
    if (m == c->model) {
        s->model = m;
        arena_defer(a, model_release, m);
    } else {
        model_release(m);
    }
    return s;
}

static bool fits(const Ctx *c, const void *data)
{
    const RuleSet *s = data;
    return s->model == c->model &&
           c->now_ms >= s->made_at - FRESH_MS && /* else the clock was set back */
           c->now_ms < (db_in_write(c) ? s->usable_until : s->fresh_until);
}

const RuleSet *rules_hold(Ctx *c)
{
    const RuleSet *found = kept_hold(c, &kept, fits);
    if (found || !model_entity(c->model, "rule"))
        return found;
    KeptSet *set = kept_begin(&kept);
    RuleSet *s = make(c, set->a);
    if (!s) {
        kept_drop(set);
        return NULL;
    }
    set->data = s;
    kept_hold_this(c, set);
    if (!db_in_write(c) && s->model)
        kept_put(&kept, set, s->n);
    else
        kept_drop(set);
    return s;
}

RuleList rules_of(const RuleSet *s, const Entity *e, bool is_new)
{
    return is_new ? s->created[e->index] : s->changed[e->index];
}
