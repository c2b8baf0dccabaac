/*
 * What a rule must be to be kept. It is checked with the rights of its owner, for it will work with them; and only
 * the owner switches it on: who may write rules would else act with the rights of anybody he puts down as owner.
 */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/cron.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "record/rule/impl.h"
#include "record/value.h"

enum { ACTIONS_MOST = 10, FIELDS_MOST = 50 };

static const char *text_of(const DbVal *v)
{
    return v->kind == DB_TEXT && v->n ? v->s : NULL;
}

/* A field that is NULL, or the JSON word null. */
static json_object *json_of(Ctx *c, const DbVal *v, const char *field)
{
    json_object *o = NULL;
    if (v->kind != DB_TEXT || v->n == 0)
        return NULL;
    if (!json_read(c, arena_dup(c->a, v->s, v->n), v->n, &o))
        ctx_fail(c, ERR_INVALID, field, "rule.json");
    return o;
}

/* Does a filter look at nothing but the record itself? */
static bool is_local(const Filter *f)
{
    for (int i = 0; i < f->n_kids; i++)
        if (!is_local(f->kids[i]))
            return false;
    if (f->kind == FILTER_LEAF)
        return f->op != OP_UNDER && f->field->column && f->field->type != FT_LINK_MANY;
    return f->kind != FILTER_VIA && f->kind != FILTER_SHARED && f->kind != FILTER_TOLD &&
           f->kind != FILTER_TWIN;
}

static bool check_filter(Ctx *c, const Entity *e, const DbVal *v, const char *field, bool local)
{
    Filter *f = NULL;
    int before = c->n_err;
    json_object *o = json_of(c, v, field);
    if (c->n_err > before)
        return false;
    if (!filter_parse(c, e, o, &access_filter_guard, access_me(c), &f)) {
        const char *why = arena_str(c->a, c->err_last->message);
        ctx_errors_back_to(c, before);
        return ctx_fail(c, ERR_BAD_FILTER, field, "rule.filter", why);
    }
    if (!filter_for_others(c, f, field))
        return false;
    if (!local)
        return true;
    if (!filter_parse(c, e, o, NULL, access_me(c), &f))
        return false;
    if (f->kind == FILTER_TRUE)
        return ctx_fail(c, ERR_REQUIRED, field, "rule.entered_filter");
    return is_local(f) || ctx_fail(c, ERR_INVALID, field, "rule.entered_local");
}

static bool check_actions(Ctx *c, const Entity *e, const DbVal *v)
{
    int before = c->n_err;
    json_object *list = json_of(c, v, "actions");
    if (v->kind == DB_NULL || c->n_err > before)
        return false; /* required: said by the engine */
    size_t n = json_length(list);
    if (n == 0 || n > ACTIONS_MOST)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.actions_count", ctx_num(c, ACTIONS_MOST));
    for (size_t i = 0; i < n; i++) {
        json_object *in = json_object_array_get_idx(list, i);
        bool object = json_object_is_type(in, json_type_object);
        const char *name = object ? json_str(in, "do", "?") : "?";
        const RuleActionKind *k = rule_action_kind(name);
        if (!k || (k->fits && !k->fits(e)))
            ctx_fail(c, ERR_ENUM_UNKNOWN, "actions", "rule.no_action", name);
        else
            k->check(c, e, in);
    }
    return c->n_err == before;
}

static void check_fields(Ctx *c, const Entity *e, const DbVal *v)
{
    int before = c->n_err;
    json_object *list = json_of(c, v, "fields");
    if (!list || c->n_err > before || json_object_is_type(list, json_type_null))
        return;
    if (!json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) > FIELDS_MOST) {
        ctx_fail(c, ERR_INVALID, "fields", "rule.fields_shape");
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *it = json_object_array_get_idx(list, i);
        const char *name =
            json_object_is_type(it, json_type_string) ? json_object_get_string(it) : "?";
        const Field *f = entity_field(e, name);
        if (!f || f->retired || !f->column || access_field(c, f, NULL) == FR_NONE)
            ctx_fail(c, ERR_INVALID, "fields", "err.field_unknown", name,
                     label_in(e->label, c->lang));
    }
}

static void check_times(Ctx *c, const Entity *e, RuleEvent event, const DbVal *v)
{
    const char *date = text_of(&v[RULE_DATE_FIELD]), *cron = text_of(&v[RULE_CRON]),
               *zone = text_of(&v[RULE_ZONE]);
    const Field *f = date ? entity_field(e, date) : NULL;
    int at = 0;
    Cron line;
    if (zone && !clock_zone_known(zone))
        ctx_fail(c, ERR_INVALID, "zone", "rule.zone", zone);
    if (event < RULE_ON_IDLE)
        return;
    if (cron && !cron_parse(cron, &line, &at))
        ctx_fail(c, ERR_INVALID, "cron", at ? "rule.cron_field" : "rule.cron", ctx_num(c, at));
    else if (cron && !cron_next(&line, c->now_ms, zone ? zone : conf_text("company.zone")))
        ctx_fail(c, ERR_INVALID, "cron", "rule.cron_never");
    if (event == RULE_ON_SCHEDULED) {
        if (!cron)
            ctx_fail(c, ERR_REQUIRED, "cron", "err.required");
        return;
    }
    if (date && (!f || f->retired || (f->type != FT_DATE && f->type != FT_DATETIME) || f->hidden ||
                 access_field(c, f, NULL) == FR_NONE))
        ctx_fail(c, ERR_INVALID, "date_field", "rule.date_field", date);
    if (!date && event == RULE_ON_DUE)
        ctx_fail(c, ERR_REQUIRED, "date_field", "err.required");
    if (v[RULE_DAYS].kind != DB_INT || (event == RULE_ON_IDLE && v[RULE_DAYS].i < 1))
        ctx_fail(c, ERR_REQUIRED, "days", "rule.days");
}

static bool check_all(Ctx *c, const Save *s, const Entity *e, RuleEvent event)
{
    const DbVal *v = s->after;
    RuleActor was;
    int before = c->n_err;
    if (!rule_act_as(c, v[STD_OWNER].i, NULL, &was)) {
        if (c->n_err > before && err_status(c->err_last->code) >= 500)
            return false; /* says nothing about him */
        ctx_errors_back_to(c, before);
        return ctx_fail(c, ERR_INVALID, "owner", "rule.owner_gone");
    }
    const char *lang = c->lang;
    c->lang = was.lang; /* mistakes are read by whoever writes it */
    check_filter(c, e, &v[RULE_FILTER], "filter", event == RULE_ON_ENTERED);
    check_filter(c, e, &v[RULE_GOAL], "goal", false);
    check_actions(c, e, &v[RULE_ACTIONS]);
    check_fields(c, e, &v[RULE_FIELDS]);
    check_times(c, e, event, v);
    bool blind = !access_may(c, e, ACT_READ);
    c->lang = lang;
    rule_act_back(c, &was);
    if (blind && v[RULE_ENABLED].i == 1)
        ctx_fail(c, ERR_INVALID, "owner", "rule.owner_blind", label_in(e->label, c->lang));
    return c->n_err == before;
}

/* ---- who switches it on --------------------------------------------------------------------- */

static void switch_off(Ctx *c, Save *s, const char *key, const char *arg)
{
    const char *why = msg_format(c->a, c->lang, key, (const char *const[]){arg ? arg : "", NULL});
    save_set(s, RULE_ENABLED, db_of_int(0));
    save_set(s, RULE_OFF_REASON, db_of_text(why));
}

static bool differs(const Save *s, int field)
{
    return save_changed(s, field) && !value_same(&s->before[field], &s->after[field]);
}

/* Did something change that decides what it does? */
static bool acts_otherwise(const Save *s)
{
    static const int fields[] = {RULE_EVENT,    RULE_FIELDS,  RULE_FILTER,     RULE_ACTIONS,
                                 RULE_STOP,     RULE_IN_BULK, RULE_DATE_FIELD, RULE_DAYS,
                                 RULE_WORKDAYS, RULE_CRON,    RULE_ZONE};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (differs(s, fields[i]))
            return true;
    return false;
}

static bool check_owner(Ctx *c, Save *s)
{
    const DbVal *owner = &s->after[STD_OWNER];
    bool his = c->actor->is_system || (owner->kind == DB_INT && owner->i == c->actor->user);
    bool on = s->after[RULE_ENABLED].i == 1, was = !s->is_new && s->before[RULE_ENABLED].i == 1;
    if (on && was && !s->is_new && differs(s, STD_OWNER)) {
        switch_off(c, s, "rule.off_moved", NULL);
        return true;
    }
    bool by_file = s->o->origin && strcmp(s->o->origin, "import") == 0;
    if (on && !was && !his &&
        by_file) { /* carried from another house: whose it is here looks at it first */
        switch_off(c, s, "rule.off_imported", c->actor->name);
        return true;
    }
    if (on && !was && !his)
        return ctx_fail(c, ERR_PERM_DENIED, "enabled", "rule.only_owner");
    if (on && was && !his && acts_otherwise(s))
        switch_off(c, s, "rule.off_changed", c->actor->name);
    return true;
}

/* What follows from it being on: when it is next due, since when it is on. */
static void derive(Ctx *c, Save *s, RuleEvent event)
{
    const DbVal *v = s->after;
    bool on = v[RULE_ENABLED].i == 1, was = !s->is_new && s->before[RULE_ENABLED].i == 1;
    bool anew =
        on && (!was || differs(s, RULE_CRON) || differs(s, RULE_ZONE) || differs(s, RULE_EVENT));
    const char *cron = text_of(&v[RULE_CRON]), *zone = text_of(&v[RULE_ZONE]);
    if (on && !was) {
        save_set(s, RULE_ENABLED_AT, db_of_int(c->now_ms));
        if (v[RULE_OFF_REASON].kind != DB_NULL)
            save_set(s, RULE_OFF_REASON, db_null());
    }
    if (anew && event >= RULE_ON_IDLE)
        save_set(s, RULE_NEXT_AT,
                 db_of_int(rule_next_at(cron ? cron : rule_default_cron,
                                        zone ? zone : conf_text("company.zone"), c->now_ms)));
    else if ((!on || event < RULE_ON_IDLE) && v[RULE_NEXT_AT].kind != DB_NULL)
        save_set(s, RULE_NEXT_AT, db_null());
}

bool rule_check(Ctx *c, Save *s)
{
    const char *entity = save_text(c, s, RULE_ENTITY), *name = save_text(c, s, RULE_EVENT);
    const Entity *e = entity ? model_entity(c->model, entity) : NULL;
    RuleEvent event;
    int before = c->n_err;
    if (!e || !rule_event(name, &event))
        return true; /* required: said by the engine */
    /* what the program does by itself (switching off a broken rule) must not fail because it is broken */
    if (!s->o->trusted)
        check_all(c, s, e, event);
    check_owner(c, s);
    if (c->n_err == before)
        derive(c, s, event);
    return c->n_err == before;
}
