/*
 * The action "set": fields of the record, through the same save as a person's, with the rights of the owner of
 * the rule. Days and instants may be words ("today", "+7d"), people "rule_owner". And "request": the same, asked for
 * instead of done.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "meta/types.h"
#include "record/rule/impl.h"
#include "record/save.h"

enum { FIELDS_MOST = 20, REASON_BYTES = 1500 };

static bool is_time(const Field *f)
{
    return f->type == FT_DATE || f->type == FT_DATETIME;
}

/* A word of time as the value it means now: "+7d" is that day, or its first instant. NULL: no such word. */
static json_object *moment(Ctx *c, const Field *f, const char *word)
{
    int before = c->n_err;
    Filter *x = NULL;
    json_object *leaf = json_object_new_array(), *out = NULL;
    json_object_array_add(leaf, json_object_new_string(f->name));
    json_object_array_add(leaf, json_object_new_string("="));
    json_object_array_add(leaf, json_object_new_string(word));
    if (filter_parse(c, f->entity, leaf, NULL, access_me(c), &x)) {
        while (x->kind == FILTER_AND)
            x = x->kids[0];
        if (x->kind == FILTER_LEAF && x->n_vals && f->type == FT_DATETIME) {
            char text[25];
            clock_rfc3339(x->vals[0].i, text);
            out = json_object_new_string(text);
        } else if (x->kind == FILTER_LEAF && x->n_vals) {
            out = json_object_new_string(x->vals[0].s);
        }
    }
    json_object_put(leaf);
    ctx_errors_back_to(c, before);
    return out;
}

/* The input of a save from the values of the action; NULL where a field is not there any more. */
static json_object *input_of(Ctx *c, const Entity *e, json_object *values)
{
    json_object *in = rec_input(c);
    json_object_object_foreach(values, name, value)
    {
        const Field *f = entity_field(e, name);
        const char *word =
            json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
        json_object *at = f && word && is_time(f) ? moment(c, f, word) : NULL;
        if (at)
            json_object_object_add(in, name, at);
        else if (f && word && f->to && strcmp(f->to, "user") == 0 &&
                 strcmp(word, "rule_owner") == 0)
            json_object_object_add(in, name, json_object_new_int64(c->actor->user));
        else
            json_object_object_add(in, name, value ? json_object_get(value) : NULL);
    }
    return in;
}

static bool check_value(Ctx *c, const Entity *e, const char *name, json_object *value)
{
    const Field *f = entity_field(e, name);
    bool masked;
    if (!f || f->retired || f->hidden || access_field(c, f, &masked) == FR_NONE)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.set_field", name,
                        label_in(e->label, c->lang));
    if (f->readonly || f->create_only || f->standard || f->type == FT_PARTS ||
        access_field(c, f, &masked) != FR_EDIT)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.set_readonly",
                        label_in(f->label, c->lang));
    if (!value || f->type == FT_LINK || f->type == FT_LINK_MANY)
        return true;
    json_object *at = json_object_is_type(value, json_type_string) && is_time(f)
                          ? moment(c, f, json_object_get_string(value))
                          : NULL;
    if (at) {
        json_object_put(at);
        return true;
    }
    DbVal v = db_null();
    int before = c->n_err;
    if (type_ops(f->type)->from_json(c, f, value, &v) &&
        (v.kind == DB_NULL || type_ops(f->type)->check(c, f, &v)))
        return true;
    const char *why = c->n_err > before ? arena_str(c->a, c->err_last->message) : "";
    ctx_errors_back_to(c, before);
    return ctx_fail(c, ERR_INVALID, "actions", "rule.set_value", label_in(f->label, c->lang), why);
}

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    json_object *values = json_member(in, "values");
    int n = values && json_object_is_type(values, json_type_object)
                ? json_object_object_length(values)
                : 0;
    int before = c->n_err;
    if (n == 0 || n > FIELDS_MOST)
        return ctx_fail(c, ERR_REQUIRED, "actions", "rule.set_none", ctx_num(c, FIELDS_MOST));
    json_object_object_foreach(values, name, value) check_value(c, e, name, value);
    return c->n_err == before;
}

/* "等级 → 重要": options by their names, other values as they stand. */
static const char *value_words(Ctx *c, const Field *f, json_object *value)
{
    const char *s = !value ? "—" : json_object_get_string(value);
    const Option *o = value && f->type == FT_OPTION ? field_option(f, s) : NULL;
    return o ? label_in(o->label, c->lang) : s;
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    json_object *values = json_member(in, "values");
    if (!values)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.set_none", ctx_num(c, FIELDS_MOST));
    json_object *input = input_of(c, f->e, values);
    SaveOptions o = {.if_version = -1, .origin = "rule", .dry = f->dry};
    SaveWork *w = save_new(c, f->e, f->r->id, input, &o, NULL);
    w->reason = f->name;
    if (!save_run(c, w))
        return false;
    if (w->nothing) {
        rule_say(c, f, "rule.did_set_nothing");
        return true;
    }
    json_object_object_foreach(input, name, value)
    {
        const Field *fd = entity_field(f->e, name);
        if (fd && !fd->personal)
            rule_say(c, f, "rule.did_set", label_in(fd->label, c->lang), value_words(c, fd, value));
        else if (fd)
            rule_say(c, f, "rule.did_set_personal", label_in(fd->label, c->lang));
    }
    return true;
}

const RuleActionKind rule_set = {
    .name = "set",
    .fields_json = "{\"values\":{\"type\":\"values\",\"required\":true}}",
    .check = check,
    .run = run,
};

/* ---- request ------------------------------------------------------------------------------------ */

static bool check_request(Ctx *c, const Entity *e, json_object *in)
{
    const char *reason = json_str(in, "reason", "");
    if (!*reason)
        return ctx_fail(c, ERR_REQUIRED, "actions", "rule.request_reason");
    if (strlen(reason) > REASON_BYTES)
        return ctx_fail(c, ERR_TOO_LONG, "actions", "rule.text_long", ctx_num(c, REASON_BYTES / 3));
    return rule_text_check(c, e, reason) && check(c, e, in);
}

/* The owner of the rule asks for it: what a flow holds is filed, and people decide (record/approval). */
static bool run_request(Ctx *c, const RuleFire *f, json_object *in)
{
    const Entity *e = model_entity(c->model, "change_request");
    json_object *values = json_member(in, "values"), *request = rec_input(c);
    SaveOptions o = {.if_version = -1, .origin = "rule", .dry = f->dry};
    int64_t id;
    if (!e || !values)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.set_none", ctx_num(c, FIELDS_MOST));
    json_object_object_add(request, "operation", json_object_new_string("edit"));
    json_object_object_add(request, "entity", json_object_new_string(f->e->name));
    json_object_object_add(request, "record", json_object_new_int64(f->r->id));
    json_object_object_add(request, "input", json_object_get(input_of(c, f->e, values)));
    json_object_object_add(request, "reason",
                           json_object_new_string(rule_text(c, f, json_str(in, "reason", ""))));
    if (!rec_create(c, e, request, &o, &id))
        return false;
    rule_say(c, f, "rule.did_request");
    return true;
}

const RuleActionKind rule_request = {
    .name = "request",
    .fields_json = "{\"values\":{\"type\":\"values\",\"required\":true},\"reason\":{\"type\":"
                   "\"template\",\"required\":true}}",
    .check = check_request,
    .run = run_request,
};
