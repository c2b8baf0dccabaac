/*
 * What a channel must keep to: an address that fits its kind, a secret that is sealed and never comes back, a second
 * verification for every change (what goes out of the house is sensitive). The action test writes a letter like any other.
 */
#include <string.h>

#include "auth/sealing.h"
#include "base/crypt.h"
#include "base/msg.h"
#include "base/outbound.h"
#include "base/secret.h"
#include "base/whole.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/hooks.h"
#include "record/outbox.h"
#include "record/sealed.h"

enum { WEBHOOK_KEY_LEAST = 16 }; /* bytes, as work/post/sign.c wants them */

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

/* Does outbound.private name the host of this http:// address? */
static bool is_listed(Ctx *c, const char *url)
{
    const char *host = url + strlen("http://");
    host = arena_dup(c->a, host, strcspn(host, "/?#"));
    const char *at = strrchr(host, '@');
    char *name = arena_str(c->a, at ? at + 1 : host), *end = strchr(name, ']');
    char *colon = strrchr(end ? end : name, ':');
    int64_t port = 80;
    if (colon && !whole_number(colon + 1, 1, 65535, &port))
        return false;
    if (colon)
        *colon = '\0';
    return outbound_listed(name, (int)port);
}

/*
 * Looked at where they are typed and where the channel is switched on, so that one stored before can still be switched off. Which
 * hosts are of the own network is a matter of each house: a file of configuration may bring them.
 */
static bool is_asked(const Save *s, int field)
{
    const DbVal *on = &s->after[CHANNEL_ENABLED];
    return s->is_new || save_changed(s, field) || save_changed(s, CHANNEL_KIND) ||
           (save_changed(s, CHANNEL_ENABLED) && on->kind == DB_INT && on->i);
}

static void check_url(Ctx *c, const Save *s)
{
    const char *kind = save_text(c, s, CHANNEL_KIND), *url = save_text(c, s, CHANNEL_URL);
    const char *schemes =
        kind && strcmp(kind, "mail") == 0 ? "smtp:// smtps://" : "https:// http://";
    if (!url || !*url || !is_asked(s, CHANNEL_URL))
        return;
    if (!scheme_fits(url, schemes))
        ctx_fail(c, ERR_INVALID, "url", "err.channel_url", schemes);
    else if (strncmp(url, "http://", 7) == 0 && !s->o->trusted && !is_listed(c, url))
        ctx_fail(c, ERR_INVALID, "url", "post.https_only");
}

/* "name@example.com" or "知客 <name@example.com>"; every letter would fail by another. */
static void check_sender(Ctx *c, const Save *s)
{
    const Field *f = &s->e->fields[CHANNEL_SENDER];
    const char *kind = save_text(c, s, CHANNEL_KIND), *text = save_text(c, s, CHANNEL_SENDER);
    if (!kind || strcmp(kind, "mail") != 0 || !text || !*text || !is_asked(s, CHANNEL_SENDER))
        return;
    const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
    const char *address =
        open && close ? arena_dup(c->a, open + 1, (size_t)(close - open - 1)) : text;
    int before = c->n_err;
    DbVal ignored;
    if ((close && close[1]) || !type_ops(FT_EMAIL)->from_text(c, f, address, &ignored)) {
        ctx_errors_back_to(c, before);
        ctx_fail(c, ERR_FORMAT_EMAIL, f->name, "err.channel_sender");
    }
}

/* "whsec_" and base64; or the new one and the old one, a blank between, while the receiver changes. */
static bool is_webhook_key(Ctx *c, const char *secret)
{
    const char *blank = strchr(secret, ' ');
    size_t n = 0;
    if (blank)
        return !strchr(blank + 1, ' ') && is_webhook_key(c, blank + 1) &&
               is_webhook_key(c, arena_dup(c->a, secret, (size_t)(blank - secret)));
    return strncmp(secret, "whsec_", 6) == 0 && crypt_from_base64(c->a, secret + 6, &n) &&
           n >= WEBHOOK_KEY_LEAST;
}

/* What cannot send without a key is refused one, instead of failing letter by letter. */
static void check_secret(Ctx *c, const Save *s)
{
    static const char *const needy[] = {"sms_aliyun",   "sms_tencent", "wecom_app",
                                        "dingtalk_app", "feishu_app",  "webhook"};
    const char *kind = save_text(c, s, CHANNEL_KIND), *secret = save_text(c, s, CHANNEL_SECRET);
    if (!kind)
        return;
    if (secret && *secret) {
        if (strcmp(kind, "webhook") == 0 && !is_webhook_key(c, secret))
            ctx_fail(c, ERR_INVALID, "secret", "err.channel_whsec", ctx_num(c, WEBHOOK_KEY_LEAST));
        return;
    }
    /* a file of configuration carries no keys: they are typed afterwards */
    bool typed = s->is_new && !s->o->trusted && !s->o->keep;
    for (size_t i = 0; i < sizeof needy / sizeof *needy && typed; i++)
        if (strcmp(needy[i], kind) == 0)
            ctx_fail(c, ERR_REQUIRED, "secret", "err.required");
}

static bool channel_before_save(Ctx *c, Save *s)
{
    if (!s->o->trusted && !access_need_step_up(c))
        return false;
    check_url(c, s);
    check_sender(c, s);
    check_secret(c, s);
    /* a kept secret goes to the address it was typed for, and to no other */
    if (!s->is_new && save_changed(s, CHANNEL_URL) &&
        s->after[CHANNEL_SECRET_SEALED].kind == DB_TEXT && !save_changed(s, CHANNEL_SECRET))
        ctx_fail(c, ERR_REQUIRED, "secret", "err.channel_secret");
    const char *secret = save_text(c, s, CHANNEL_SECRET);
    if (save_changed(s, CHANNEL_SECRET) && secret) {
        s->memo = *secret ? arena_str(c->a, secret) : NULL;
        save_set(s, CHANNEL_SECRET_SEALED,
                 *secret ? db_of_text(secret_seal(c->a, "channel", secret)) : db_null());
        save_set(s, CHANNEL_SECRET,
                 db_null()); /* the clear text reaches no row, no history, no digest */
    }
    return c->n_err == 0;
}

/* It was sealed before the write: if its key is leaving since, it is sealed anew, and never stored under one that nobody has. */
static bool channel_after_save(Ctx *c, Save *s)
{
    const DbVal *was = &s->after[CHANNEL_SECRET_SEALED];
    const char *id = was->kind == DB_TEXT ? secret_id_of(c->a, was->s) : NULL, *use;
    Sealing how;
    if (!id || !save_changed(s, CHANNEL_SECRET_SEALED))
        return true;
    if (!sealing_look(c, id, &how, &use))
        return false;
    if (how == SEALING_KEPT)
        return true;
    const char *text = s->memo ? s->memo : secret_open(c->a, "channel", was->s);
    if (!text) /* one that was shut before */
        return true;
    if (how == SEALING_MISSING)
        return ctx_fail(c, ERR_CONFLICT, "secret", "err.key_missing", use);
    SealedText row = {.e = s->e,
                      .column = s->e->fields[CHANNEL_SECRET_SEALED].column,
                      .label = "channel",
                      .id = s->id,
                      .prefix = "",
                      .text = was->s};
    return sealed_put(c, &row, secret_seal(c->a, "channel", text));
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
                                   .after_save = channel_after_save,
                                   .after_commit = channel_after_commit,
                                   .action = channel_action};
