/* Codes of the second factor by SMS. See factor.h. */
#include "domain/upkeep/factor.h"

#include <string.h>

#include "auth/access.h"
#include "auth/audit.h"
#include "auth/session.h"
#include "base/json_write.h"
#include "base/msg.h"
#include "base/phone.h"
#include "record/outbox.h"

enum { ENROL_MS = 15 * 60000 };

static bool no_way(Ctx *c)
{
    return ctx_fail(c, ERR_CONFLICT, NULL, "err.code_no_channel");
}

static Second mine(Ctx *c, const char *kind)
{
    return (Second){.kind = kind, .bound = ctx_num(c, c->actor->session), .user = c->actor->user};
}

/* Sessions of the page only: a bearer token neither has nor gets a second factor. */
static bool by_session(Ctx *c)
{
    return c->actor->session != 0 || ctx_fail(c, ERR_FORBIDDEN, NULL, "err.step_up_token");
}

/* ---- sending ---------------------------------------------------------------------------------- */

typedef struct Send {
    const Second *s;
    const char *network;
    int64_t channel;
} Send;

static bool send_in_write(Ctx *c, void *arg)
{
    const Send *k = arg;
    const Second *s = k->s;
    const char *code, *letter;
    if (strcmp(s->kind, "sign_in") != 0 && !second_begin(c, s, ENROL_MS))
        return false;
    if (!second_code(c, s, k->network, &code, &letter))
        return false;
    Letter l = {.channel = k->channel,
                .kind = "code",
                .user = s->user,
                .address = s->mobile,
                .subject = msg_text(c->lang, "factor.subject"),
                .text = code,
                .dedupe = letter,
                .secret = true};
    return outbox_add(c, &l, NULL);
}

bool factor_send(Ctx *c, const Second *s, const char *network)
{
    Send k = {.s = s, .network = network};
    bool failing;
    if (!s->mobile)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.factor_none");
    if (!outbox_code_channel(c, &k.channel, &failing))
        return false;
    return k.channel ? db_write(c, send_in_write, &k) : no_way(c);
}

bool factor_sending(Ctx *c, const Second *s, Buf *out)
{
    const char *letter, *state = "none";
    int wait;
    if (!second_sent(c, s, &letter, &wait) || (letter && !outbox_state_of(c, letter, &state)))
        return false;
    bool sent = strcmp(state, "sent") == 0, none = strcmp(state, "none") == 0;
    bool failed =
        strcmp(state, "dead") == 0 || strcmp(state, "dropped") == 0 || strcmp(state, "again") == 0;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "to", s->mobile ? phone_mask(c->a, s->mobile) : NULL);
    jw_kstr(&w, "state", sent || none ? state : failed ? "failed" : "sending");
    jw_kstr(&w, "why", failed ? msg_text(c->lang, "err.code_not_sent") : NULL);
    jw_kint(&w, "wait_s", wait);
    jw_end(&w);
    return true;
}

/* ---- the caller's own ------------------------------------------------------------------------- */

bool factor_due(Ctx *c, bool *out)
{
    int64_t channel;
    bool failing = false;
    *out = false;
    if (!c->actor->factor_due || !c->actor->session)
        return true;
    if (!outbox_code_channel(c, &channel, &failing))
        return false;
    *out = channel && !failing;
    return true;
}

bool factor_json(Ctx *c, Buf *out)
{
    Factor f;
    int64_t channel;
    bool due, failing;
    if (!factor_of(c, c->actor->user, &f) || !outbox_code_channel(c, &channel, &failing) ||
        !factor_due(c, &due))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kbool(&w, "on", f.mobile != NULL);
    jw_kstr(&w, "to", f.mobile ? phone_mask(c->a, f.mobile) : NULL);
    jw_kinstant(&w, "since", f.since);
    jw_kint(&w, "recovery", f.recovery);
    jw_kbool(&w, "required", f.required);
    jw_kbool(&w, "due", due);
    jw_kbool(&w, "ready", channel != 0);
    jw_end(&w);
    return true;
}

bool factor_enrol(Ctx *c, const char *mobile, const char *password, const char *network)
{
    Phone p;
    Factor f;
    Second s = mine(c, "enrol");
    if (!by_session(c) || !factor_of(c, s.user, &f))
        return false;
    PhoneKind kind = phone_parse(c->a, mobile, &p);
    if (kind != PHONE_MOBILE && !(kind == PHONE_FOREIGN && p.e164))
        return ctx_fail(c, ERR_FORMAT_MOBILE, "mobile", "err.format.mobile", mobile);
    if (f.mobile ? !access_need_step_up(c)
                 : !session_password_proof(c, "password", password ? password : "", "factor_on"))
        return false;
    s.mobile = kind == PHONE_MOBILE ? p.display : p.e164;
    return factor_send(c, &s, network);
}

static void write_recovery(Buf *out, const char *const *codes)
{
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "recovery");
    jw_arr(&w);
    for (int i = 0; i < SECOND_RECOVERY; i++)
        jw_str(&w, codes[i]);
    jw_end(&w);
    jw_end(&w);
}

typedef struct Set {
    const Second *s;
    const char *codes[SECOND_RECOVERY];
} Set;

static bool set_in_write(Ctx *c, void *arg)
{
    Set *k = arg;
    return factor_set(c, k->s->user, k->s->mobile, k->codes) &&
           session_close_all(c, k->s->user, c->actor->session);
}

bool factor_confirm(Ctx *c, const char *code, Buf *out)
{
    Second s = mine(c, "enrol");
    Set k = {.s = &s};
    if (!by_session(c) || !second_check(c, &s, "sms", code))
        return false;
    bool ok = db_write(c, set_in_write, &k);
    actor_cache_clear();
    if (ok)
        write_recovery(out, k.codes);
    return ok;
}

static bool recovery_in_write(Ctx *c, void *arg)
{
    Set *k = arg;
    AuditEntry e = {.action = "factor_recovery", .entity = "user", .record = k->s->user};
    return factor_recovery(c, k->s->user, k->codes) && audit_add(c, &e);
}

bool factor_new_recovery(Ctx *c, Buf *out)
{
    Factor f;
    Second s = mine(c, "enrol");
    Set k = {.s = &s};
    if (!by_session(c) || !access_need_step_up(c) || !factor_of(c, s.user, &f))
        return false;
    if (!f.mobile)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.factor_none");
    if (!db_write(c, recovery_in_write, &k))
        return false;
    write_recovery(out, k.codes);
    return true;
}

typedef struct Off {
    int64_t user, but;
    const char *action;
} Off;

static bool off_in_write(Ctx *c, void *arg)
{
    const Off *o = arg;
    return factor_off(c, o->user, o->but, o->action);
}

bool factor_leave(Ctx *c)
{
    Factor f;
    Off o = {.user = c->actor->user, .but = c->actor->session, .action = "factor_off"};
    if (!by_session(c) || !access_need_step_up(c) || !factor_of(c, o.user, &f))
        return false;
    if (f.required)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.factor_required");
    bool ok = db_write(c, off_in_write, &o);
    actor_cache_clear();
    return ok;
}

/* ---- an administrator ------------------------------------------------------------------------- */

bool factor_take(Ctx *c, int64_t user)
{
    Off o = {.user = user, .action = "factor_taken"};
    if (user == c->actor->user)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.factor_self");
    bool ok = db_in_write(c) ? off_in_write(c, &o) : db_write(c, off_in_write, &o);
    actor_cache_clear();
    return ok;
}

bool factor_first(Ctx *c)
{
    Factor f;
    if (c->actor->is_system)
        return true;
    return factor_of(c, c->actor->user, &f) &&
           (f.mobile || ctx_fail(c, ERR_CONFLICT, "factor_required", "err.factor_first"));
}
