/*
 * What a channel must keep to: an address that fits its kind, a secret that is sealed and never comes back, a second
 * verification for every change (what goes out of the house is sensitive). The action test writes a letter like any other.
 */
#include <string.h>

#include "base/msg.h"
#include "base/secret.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/outbox.h"

/* What each kind needs, as field indexes closed by -1. */
typedef struct Needs {
    const char *kind, *schemes; /* "smtp:// smtps://" */
    int fields[5];
} Needs;

static const Needs needs[] = {
    {"mail", "smtp:// smtps://", {CHANNEL_URL, CHANNEL_SENDER, -1}},
    {"sms_aliyun", "", {CHANNEL_ACCOUNT, CHANNEL_SENDER, CHANNEL_TEMPLATE, -1}},
    {"sms_tencent", "", {CHANNEL_ACCOUNT, CHANNEL_SENDER, CHANNEL_TEMPLATE, -1}},
    {"sms_http", "http:// https://", {CHANNEL_URL, CHANNEL_BODY, -1}},
    {"wecom_app", "", {CHANNEL_ACCOUNT, CHANNEL_SENDER, -1}},
    {"wecom_robot", "http:// https://", {CHANNEL_URL, -1}},
    {"dingtalk_app", "", {CHANNEL_ACCOUNT, CHANNEL_SENDER, -1}},
    {"dingtalk_robot", "http:// https://", {CHANNEL_URL, -1}},
    {"feishu_app", "", {CHANNEL_ACCOUNT, -1}},
    {"feishu_robot", "http:// https://", {CHANNEL_URL, -1}},
    {"webhook", "http:// https://", {CHANNEL_URL, CHANNEL_EVENTS, -1}},
};

static bool scheme_fits(const char *url, const char *schemes)
{
    for (const char *p = schemes; *p;) {
        size_t n = strcspn(p, " ");
        if (strncmp(url, p, n) == 0 && url[n])
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static void check_kind(Ctx *c, const Save *s)
{
    const char *kind = save_text(c, s, CHANNEL_KIND), *url = save_text(c, s, CHANNEL_URL);
    for (size_t i = 0; kind && i < sizeof needs / sizeof *needs; i++) {
        if (strcmp(needs[i].kind, kind) != 0)
            continue;
        for (const int *f = needs[i].fields; *f >= 0; f++) {
            const char *v = save_text(c, s, *f);
            if (!v || !*v)
                ctx_fail(c, ERR_REQUIRED, s->e->fields[*f].name, "err.required");
        }
        const char *schemes = *needs[i].schemes ? needs[i].schemes : "http:// https://";
        if (url && *url && !scheme_fits(url, schemes))
            ctx_fail(c, ERR_INVALID, "url", "err.channel_url", schemes);
    }
}

static bool channel_before_save(Ctx *c, Save *s)
{
    if (!s->o->trusted && !access_need_step_up(c))
        return false;
    check_kind(c, s);
    const char *secret = save_text(c, s, CHANNEL_SECRET);
    if (save_changed(s, CHANNEL_SECRET) && secret) {
        save_set(s, CHANNEL_SECRET_SEALED,
                 *secret ? db_of_text(secret_seal(c->a, "channel", secret)) : db_null());
        save_set(s, CHANNEL_SECRET,
                 db_null()); /* the clear text reaches no row, no history, no digest */
    }
    return c->n_err == 0;
}

static void channel_after_commit(Ctx *c, Save *s)
{
    (void)s;
    outbox_events_load(c);
}

typedef struct Test {
    Letter letter;
    int64_t id;
} Test;

static bool test_in_write(Ctx *c, void *arg)
{
    Test *t = arg;
    return outbox_add(c, &t->letter, &t->id);
}

static bool channel_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                           json_object *in, Buf *out, bool *handled)
{
    (void)e;
    if (!r || strcmp(name, "test") != 0)
        return true;
    *handled = true;
    const char *kind = r->v[CHANNEL_KIND].s, *to = json_str(in, "to", "");
    bool group = strstr(kind, "robot") || strcmp(kind, "webhook") == 0;
    if (!group && !*to)
        return ctx_fail(c, ERR_REQUIRED, "to", "err.required");
    if (r->v[CHANNEL_ENABLED].kind != DB_INT || !r->v[CHANNEL_ENABLED].i)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.channel_off");
    Test t = {.letter = {.channel = r->id,
                         .kind = "test",
                         .address = group ? NULL : to,
                         .subject = msg_text(c->lang, "post.test_subject"),
                         .text = strcmp(kind, "webhook") == 0
                                     ? "{\"test\":true}"
                                     : msg_text(c->lang, "post.test_text")}};
    if (!db_write(c, test_in_write, &t))
        return false;
    buf_printf(out, "{\"delivery\":%lld}", (long long)t.id);
    return true;
}

extern const RecordHooks channel_hooks;
const RecordHooks channel_hooks = {.before_save = channel_before_save,
                                   .after_commit = channel_after_commit,
                                   .action = channel_action};
