/*
 * The action "task" of a rule: a task for somebody, about the record (its customer, or the one it hangs on). Made by
 * the owner of the rule through the same save as a person's.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/notify.h"
#include "record/rule/action.h"

enum { TITLE_BYTES = 600, DAYS_MOST = 3650, HOUR = 18 };

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    const Field *priority = &model_entity(c->model, "task")->fields[TASK_PRIORITY],
                *kind = &model_entity(c->model, "task")->fields[TASK_KIND];
    const char *title = json_str(in, "title", ""), *text = json_str(in, "description", "");
    int64_t days = json_int(in, "days", 0);
    if (!*title)
        return ctx_fail(c, ERR_REQUIRED, "actions", "rule.task_title");
    if (strlen(title) > TITLE_BYTES)
        return ctx_fail(c, ERR_TOO_LONG, "actions", "rule.text_long", ctx_num(c, TITLE_BYTES / 3));
    if (days < 0 || days > DAYS_MOST)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.task_days", ctx_num(c, DAYS_MOST));
    if (!field_option(priority, json_str(in, "priority", "normal")) ||
        !field_option(kind, json_str(in, "kind", "follow_up")))
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "actions", "rule.task_option");
    return rule_people_check(c, json_member(in, "for")) && rule_text_check(c, e, title) &&
           rule_text_check(c, e, text);
}

/* The customer the record is, or hangs on; 0 for none. */
static int64_t customer_of(const RuleFire *f)
{
    const Field *link = entity_field(f->e, "customer");
    if (strcmp(f->e->name, "customer") == 0)
        return f->r->id;
    if (!link || link->type != FT_LINK || f->r->v[link->index].kind != DB_INT)
        return 0;
    return f->r->v[link->index].i;
}

/* So many days from now, at six in the evening. */
static const char *due_at(Ctx *c, int64_t days)
{
    char *text = arena_alloc(c->a, 25);
    ClockParts p = clock_parts(c->now_ms + days * INT64_C(86400000), c->zone);
    p.hour = HOUR;
    p.minute = p.second = p.ms = 0;
    int64_t at = clock_from_parts(&p, c->zone);
    clock_rfc3339(at > c->now_ms ? at : at + INT64_C(86400000), text);
    return text;
}

static void put(json_object *in, const char *key, const char *text)
{
    if (text && *text)
        json_object_object_add(in, key, json_object_new_string(text));
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    enum { PEOPLE = 1 };
    const Entity *e = model_entity(c->model, "task");
    int64_t who[PEOPLE], id, customer = customer_of(f);
    int n = rule_people(c, f, json_member(in, "for"), who, PEOPLE);
    if (n < 0)
        return false;
    if (n == 0) {
        rule_say(c, f, "rule.did_task_nobody");
        return true;
    }
    json_object *task = rec_input(c);
    put(task, "title", rule_text(c, f, json_str(in, "title", "")));
    put(task, "description", rule_text(c, f, json_str(in, "description", "")));
    put(task, "kind", json_str(in, "kind", "follow_up"));
    put(task, "priority", json_str(in, "priority", "normal"));
    put(task, "due_at", due_at(c, json_int(in, "days", 0)));
    json_object_object_add(task, "owner", json_object_new_int64(who[0]));
    if (customer)
        json_object_object_add(task, "customer", json_object_new_int64(customer));
    SaveOptions o = {.if_version = -1, .origin = "rule", .dry = f->dry};
    if (!rec_create(c, e, task, &o, &id))
        return false;
    rule_say(c, f, "rule.did_task", rule_user_name(c, f, who[0]));
    const char *title = json_str(task, "title", "");
    Notice note = {who[0], "task_assigned", "task", id, title, NULL};
    return f->dry || rule_tell(c, f, &note, "notify.task_assigned", f->name);
}

extern const RuleActionKind rule_task;
const RuleActionKind rule_task = {
    .name = "task",
    .fields_json =
        "{\"title\":{\"type\":\"template\",\"required\":true},\"for\":{\"type\":\"people\","
        "\"required\":true},\"days\":{\"type\":\"int\"},\"priority\":{\"type\":\"option\","
        "\"options\":[\"high\",\"normal\",\"low\"]},\"description\":{\"type\":\"template\"}}",
    .check = check,
    .run = run,
};
