/* Links to set a password, by mail. See reset.h. */
#include "domain/upkeep/reset.h"

#include <string.h>

#include "auth/audit.h"
#include "auth/reset.h"
#include "auth/session.h"
#include "base/conf.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/message_text.h"
#include "record/notify_prefs.h"
#include "record/outbox.h"

enum { PER_ADDRESS = 5, IN_ALL = 200, PER_ACCOUNT = 5, HOUR_MS = 3600000, LOGIN_MAX = 200 };

bool reset_ask(Ctx *c, const char *login, const char *ip)
{
    int64_t job;
    if (strlen(login) > LOGIN_MAX)
        return ctx_fail(c, ERR_TOO_LONG, "login", "err.too_long", ctx_num(c, LOGIN_MAX),
                        ctx_num(c, (int64_t)strlen(login)));
    if (!rate_take(c, arena_printf(c->a, "reset:%s", ip), PER_ADDRESS, HOUR_MS, 1) ||
        !rate_take(c, "reset", IN_ALL, HOUR_MS, 1))
        return false;
    json_object *o = rec_input(c);
    json_object_object_add(o, "login", json_object_new_string(login));
    c->actor = actor_system(c->a, CH_SYSTEM);
    return job_add(c, "password_reset", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                   &job);
}

/* ---- writing it -------------------------------------------------------------------------------- */

typedef struct Link {
    int64_t user, channel, life_ms;
    const char *kind, *base;
    NoticeReader who;
} Link;

static bool link_in_write(Ctx *c, void *arg)
{
    const Link *l = arg;
    const char *token, *subject, *body;
    if (!reset_make(c, l->user, l->kind, l->life_ms, &token))
        return false;
    /* behind the # it stays in the browser: no log of a proxy has it */
    const char *link = arena_printf(c->a, "%s/password#%s", l->base, token);
    const char *lang = l->who.lang ? l->who.lang : c->lang;
    const FillVar vars[] = {{"name", l->who.name},
                            {"link", link},
                            {"company", conf_text("company.name")},
                            {"minutes", ctx_num(c, l->life_ms / 60000)},
                            {NULL, NULL}};
    if (!message_text(c, l->kind, "mail", lang, vars, &subject, &body))
        return false;
    Letter letter = {.channel = l->channel,
                     .kind = l->kind,
                     .user = l->user,
                     .address = l->who.email,
                     .subject = subject,
                     .text = body,
                     .secret = true};
    AuditEntry a = {.action = strcmp(l->kind, "reset") == 0 ? "reset_sent" : "invite_sent",
                    .entity = "user",
                    .record = l->user};
    return outbox_add(c, &letter, NULL) && audit_add(c, &a);
}

static const char *base_url(Ctx *c)
{
    const char *base = conf_text("http.base_url");
    size_t n = strlen(base);
    while (n && base[n - 1] == '/')
        n--;
    return arena_printf(c->a, "%.*s", (int)n, base);
}

/* By login or address; of several with one address, none: nobody could say who is meant. */
static bool find_person(Ctx *c, const char *login, int64_t *out)
{
    const Entity *e = model_entity(c->model, "user");
    Record r;
    bool found = false;
    Filter *f =
        filter_and(c->a, rec_is(c, e, USER_STATUS, db_of_text("active")),
                   rec_is(c, e, strchr(login, '@') ? USER_EMAIL : USER_LOGIN, db_of_text(login)));
    int64_t n = 0;
    *out = 0;
    if (!rec_count(c, e, f, &n))
        return false;
    if (n != 1)
        return true;
    if (!rec_find_one(c, e, f, NULL, &r, &found))
        return false;
    *out = found ? r.id : 0;
    return true;
}

bool reset_job(Ctx *c, Job *job)
{
    const char *login = json_str(job->params, "login", "");
    Link l = {.kind = "reset", .life_ms = conf_duration_ms("reset.life"), .base = base_url(c)};
    bool found = false;
    if (!*login || !*l.base || !find_person(c, login, &l.user) || !l.user)
        return c->n_err == 0;
    if (!notify_reader(c, l.user, &l.who, &found) || !found || !*l.who.email ||
        !outbox_channel_of(c, "mail", &l.channel) || !l.channel)
        return c->n_err == 0;
    /* whoever asks again and again floods nobody's mailbox */
    int mark = c->n_err;
    if (!rate_take(c, arena_printf(c->a, "reset.account:%s", ctx_num(c, l.user)), PER_ACCOUNT,
                   HOUR_MS, 1)) {
        ctx_errors_back_to(c, mark);
        return true;
    }
    return db_write(c, link_in_write, &l);
}

bool reset_invite(Ctx *c, int64_t user)
{
    const Entity *e = model_entity(c->model, "user");
    Link l = {.kind = "invite",
              .user = user,
              .life_ms = conf_duration_ms("invite.life"),
              .base = base_url(c)};
    Record r;
    if (!*l.base)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.invite_base_url");
    if (!outbox_channel_of(c, "mail", &l.channel))
        return false;
    if (!l.channel)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.invite_no_mail");
    if (!rec_load(c, e, user, &r))
        return c->n_err ? false : ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    const DbVal *status = &r.v[USER_STATUS], *email = &r.v[USER_EMAIL], *name = &r.v[USER_NAME];
    bool may = status->kind == DB_TEXT &&
               (strcmp(status->s, "active") == 0 || strcmp(status->s, "pending") == 0);
    if (!may)
        return ctx_fail(c, ERR_CONFLICT, "status", "err.invite_status");
    if (email->kind != DB_TEXT || !email->n)
        return ctx_fail(c, ERR_REQUIRED, "email", "err.invite_email");
    const DbVal *locale = &r.v[USER_LOCALE];
    l.who = (NoticeReader){
        .name = name->kind == DB_TEXT ? name->s : "",
        .email = email->s,
        .lang = locale->kind == DB_TEXT && strncmp(locale->s, "en", 2) == 0 ? "en" : "zh"};
    return db_in_write(c) ? link_in_write(c, &l) : db_write(c, link_in_write, &l);
}
