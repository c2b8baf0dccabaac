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

static void check_url(Ctx *c, const Save *s)
{
    const char *kind = save_text(c, s, CHANNEL_KIND), *url = save_text(c, s, CHANNEL_URL);
    const char *schemes =
        kind && strcmp(kind, "mail") == 0 ? "smtp:// smtps://" : "https:// http://";
    if (url && *url && !scheme_fits(url, schemes))
        ctx_fail(c, ERR_INVALID, "url", "err.channel_url", schemes);
}

static bool channel_before_save(Ctx *c, Save *s)
{
    if (!s->o->trusted && !access_need_step_up(c))
        return false;
    check_url(c, s);
    /* a kept secret goes to the address it was typed for, and to no other */
    if (!s->is_new && save_changed(s, CHANNEL_URL) &&
        s->after[CHANNEL_SECRET_SEALED].kind == DB_TEXT && !save_changed(s, CHANNEL_SECRET))
        ctx_fail(c, ERR_REQUIRED, "secret", "err.channel_secret");
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
