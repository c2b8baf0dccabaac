/*
 * Actions that speak to a channel. "webhook" calls one with which record it is and which rule, not with what stands in the record:
 * who wants more reads it with his own rights. "group" has the robot of a group say a text, its fields as the owner of the rule
 * reads them. Both are letters of the outbox, so they go out after the transaction.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/link_resolve.h"
#include "record/outbox.h"
#include "record/rule/impl.h"

enum { TEXT_BYTES = 1800 };

/* Its name, where it is a webhook (or a robot) and switched on; NULL else. */
static const char *name_of(Ctx *c, int64_t id, bool robot)
{
    DbVal p[] = {db_of_int(id), db_of_text(robot ? "%robot" : "webhook")};
    const char *name = NULL;
    if (!db_one_text(c,
                     SQL("SELECT \"name\" FROM \"channel\" WHERE \"id\" = $1 AND \"kind\" LIKE $2 "
                         "AND \"enabled\" = 1 AND \"deleted_at\" IS NULL"),
                     p, 2, &name, NULL))
        return NULL;
    return name;
}

/* The owner of the rule must be somebody who knows of the channels: an address outside is not for everybody to call. */
static bool check_channel(Ctx *c, json_object *in, bool robot)
{
    int64_t id = json_int(in, "channel", 0);
    if (id && name_of(c, id, robot) &&
        link_in_scope(c, model_entity(c->model, "channel"), id, ACT_EDIT))
        return true;
    return ctx_fail(c, ERR_INVALID, "actions",
                    robot ? "rule.group_channel" : "rule.webhook_channel");
}

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    (void)e;
    return check_channel(c, in, false);
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    int64_t id = json_int(in, "channel", 0);
    const char *name = name_of(c, id, false);
    const char *kind = arena_printf(c->a, "%s.rule", f->e->name);
    if (!name)
        return ctx_fail(c, ERR_INVALID, NULL, "rule.webhook_channel");
    rule_say(c, f, "rule.did_webhook", name);
    Letter l = {.channel = id,
                .kind = kind,
                .subject = kind,
                .text = arena_printf(c->a,
                                     "{\"entity\":\"%s\",\"id\":%" PRId64 ",\"rule\":%" PRId64 "}",
                                     f->e->name, f->r->id, f->rule),
                .entity = f->e->name,
                .record = f->r->id};
    if (!f->dry)
        rule_send_letter(c, f, &l);
    return true;
}

static bool check_group(Ctx *c, const Entity *e, json_object *in)
{
    const char *text = json_str(in, "text", "");
    if (!*text)
        return ctx_fail(c, ERR_REQUIRED, "actions", "rule.group_text");
    if (strlen(text) > TEXT_BYTES)
        return ctx_fail(c, ERR_TOO_LONG, "actions", "rule.text_long", ctx_num(c, TEXT_BYTES / 3));
    return check_channel(c, in, true) && rule_text_check(c, e, text);
}

static bool run_group(Ctx *c, const RuleFire *f, json_object *in)
{
    int64_t id = json_int(in, "channel", 0);
    const char *name = name_of(c, id, true);
    if (!name)
        return ctx_fail(c, ERR_INVALID, NULL, "rule.group_channel");
    rule_say(c, f, "rule.did_group", name);
    Letter l = {.channel = id,
                .kind = arena_printf(c->a, "%s.rule", f->e->name),
                .subject = rule_text(c, f, json_str(in, "text", "")),
                .text = "",
                .link = outbox_link(c, f->e, f->r->id),
                .entity = f->e->name,
                .record = f->r->id};
    if (!f->dry)
        rule_send_letter(c, f, &l);
    return true;
}

static bool add_one(Ctx *c, const Record *r, void *arg)
{
    Jw *w = arg;
    (void)c;
    jw_obj(w);
    jw_kint(w, "id", r->id);
    jw_key(w, "name");
    jw_strn(w, r->v[CHANNEL_NAME].s ? r->v[CHANNEL_NAME].s : "", r->v[CHANNEL_NAME].n);
    jw_end(w);
    return true;
}

static bool add_of(Ctx *c, Jw *w, const char *key, const char *const *kinds)
{
    const Entity *e = model_entity(c->model, "channel");
    Filter *any = filter_false(c->a);
    for (; e && *kinds; kinds++)
        any = filter_or(c->a, any, rec_is(c, e, CHANNEL_KIND, db_of_text(*kinds)));
    jw_key(w, key);
    jw_arr(w);
    bool ok = !e || rec_each(c, e, filter_and(c->a, any, access_scope(c, e, ACT_EDIT)), add_one, w);
    jw_end(w);
    return ok;
}

bool rule_channels(Ctx *c, Jw *w)
{
    static const char *const hooks[] = {"webhook", NULL}, *const robots[] = {"wecom_robot",
                                                                             "dingtalk_robot",
                                                                             "feishu_robot", NULL};
    return add_of(c, w, "webhooks", hooks) && add_of(c, w, "groups", robots);
}

const RuleActionKind rule_webhook = {
    .name = "webhook",
    .fields_json = "{\"channel\":{\"type\":\"webhook\",\"required\":true}}",
    .check = check,
    .run = run,
};

const RuleActionKind rule_group = {
    .name = "group",
    .fields_json = "{\"channel\":{\"type\":\"group\",\"required\":true},\"text\":{\"type\":"
                   "\"template\",\"required\":true}}",
    .check = check_group,
    .run = run_group,
};
