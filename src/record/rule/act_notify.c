/*
 * The action "notify": tells people, by a notification. Who may not read the record is told nothing, and the
 * reason of the run says so: a rule is no way around the gate. A timed rule tells a person once for all records of a run.
 */
#include <string.h>

#include "base/json_read.h"
#include "record/notify.h"
#include "record/rule/impl.h"

enum { PEOPLE = 50, TITLE_BYTES = 600 };

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    const char *title = json_str(in, "title", ""), *text = json_str(in, "text", "");
    if (!*title)
        return ctx_fail(c, ERR_REQUIRED, "actions", "rule.notify_title");
    if (strlen(title) > TITLE_BYTES || strlen(text) > TITLE_BYTES)
        return ctx_fail(c, ERR_TOO_LONG, "actions", "rule.text_long", ctx_num(c, TITLE_BYTES / 3));
    return rule_people_check(c, json_member(in, "to")) && rule_text_check(c, e, title) &&
           rule_text_check(c, e, text);
}

/* May this person read the record? *yes; false on failure. */
static bool reads(Ctx *c, const RuleFire *f, int64_t user, bool *yes)
{
    RuleActor was;
    int before = c->n_err;
    *yes = false;
    if (!rule_act_as_known(c, f->known, user, &was)) {
        if (c->n_err > before && err_status(c->err_last->code) >= 500)
            return false;
        ctx_errors_back_to(c, before);
        return true;
    }
    if (access_may(c, f->e, ACT_READ)) {
        Filter *scope = access_scope(c, f->e, ACT_READ);
        FilterKnown k = filter_known(c->a, scope, f->r->v);
        *yes = k == FILTER_UNSURE ? rec_within(c, f->e, f->r->id, scope) : k == FILTER_YES;
    }
    rule_act_back(c, &was);
    return c->n_err == before;
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    int64_t people[PEOPLE];
    int n = rule_people(c, f, json_member(in, "to"), people, PEOPLE);
    const char *title = rule_text(c, f, json_str(in, "title", "")),
               *text = rule_text(c, f, json_str(in, "text", ""));
    if (n < 0)
        return false;
    if (n == 0)
        rule_say(c, f, "rule.did_notify_nobody");
    for (int i = 0; i < n; i++) {
        bool may;
        if (!reads(c, f, people[i], &may))
            return false;
        const char *who = rule_user_name(c, f, people[i]);
        rule_say(c, f, may ? "rule.did_notify" : "rule.did_notify_unseen", who);
        Notice note = {people[i], "rule", f->e->name, f->r->id, *text ? text : f->name, NULL};
        if (may && !f->dry && !rule_remind(c, f, &note, "rule.notice", title))
            return false;
    }
    return c->n_err == 0 || !f->dry;
}

const RuleActionKind rule_notify = {
    .name = "notify",
    .fields_json =
        "{\"to\":{\"type\":\"people\",\"required\":true},\"title\":{\"type\":\"template\","
        "\"required\":true},\"text\":{\"type\":\"template\"}}",
    .check = check,
    .run = run,
};
