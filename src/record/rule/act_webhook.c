/*
 * The action "webhook": a channel of that kind is called with which record it is and which rule, not with what stands in the
 * record: who wants more reads it with his own rights. A letter of the outbox, so it goes out after the transaction.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/link_resolve.h"
#include "record/outbox.h"
#include "record/rule/impl.h"

/* Its name, where it is a webhook and switched on; NULL else. */
static const char *hook_name(Ctx *c, int64_t id)
{
    DbVal p[] = {db_of_int(id)};
    const char *name = NULL;
    if (!db_one_text(c,
                     SQL("SELECT \"name\" FROM \"channel\" WHERE \"id\" = $1 AND \"kind\" = "
                         "'webhook' AND \"enabled\" = 1 AND \"deleted_at\" IS NULL"),
                     p, 1, &name, NULL))
        return NULL;
    return name;
}

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    int64_t id = json_int(in, "channel", 0);
    (void)e;
    /* the owner of the rule must be somebody who knows of the channels: an address outside is not for everybody to call */
    if (id && hook_name(c, id) && link_in_scope(c, model_entity(c->model, "channel"), id, ACT_EDIT))
        return true;
    return ctx_fail(c, ERR_INVALID, "actions", "rule.webhook_channel");
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    int64_t id = json_int(in, "channel", 0);
    const char *name = hook_name(c, id);
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
    return f->dry || outbox_add(c, &l, NULL);
}

static bool add_hook(Ctx *c, const Record *r, void *arg)
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

bool rule_webhooks(Ctx *c, Jw *w)
{
    const Entity *e = model_entity(c->model, "channel");
    jw_key(w, "webhooks");
    jw_arr(w);
    bool ok = !e || rec_each(c, e,
                             filter_and(c->a, rec_is(c, e, CHANNEL_KIND, db_of_text("webhook")),
                                        access_scope(c, e, ACT_EDIT)),
                             add_hook, w);
    jw_end(w);
    return ok;
}

const RuleActionKind rule_webhook = {
    .name = "webhook",
    .fields_json = "{\"channel\":{\"type\":\"webhook\",\"required\":true}}",
    .check = check,
    .run = run,
};
