/*
 * The second verification of a session before sensitive operations (SECURITY C11): by the second factor where the account has
 * one, else by the password where the house allows that. See session.h.
 */
#include <string.h>

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/second.h"
#include "auth/session.h"
#include "base/conf.h"

const char *const *session_step_up_methods(Ctx *c, int *n)
{
    static const char *const password[] = {"password", NULL}, *const none[] = {NULL};
    const char *const *found = none;
    Factor f;
    int mark = c->n_err;
    if (c->actor && c->actor->session != 0) {
        if (!factor_of(c, c->actor->user, &f))
            ctx_errors_back_to(c, mark); /* it is said beside another mistake */
        else if (f.mobile)
            found = factor_methods;
        else if (conf_bool("step_up.password"))
            found = password;
    }
    for (*n = 0; found[*n]; (*n)++)
        continue;
    return found;
}

bool session_step_up_holds(const Ctx *c, int64_t until)
{
    if (until == 0)
        return false;
    int64_t now = session_now(c);
    return until > now && until <= now + SESSION_STEP_UP_MS;
}

static bool write_step_up(Ctx *c, void *arg)
{
    const int64_t *session = arg;
    DbVal p[] = {db_of_int(session_now(c) + SESSION_STEP_UP_MS), db_of_int(*session)};
    AuditEntry e = {.action = "step_up", .entity = "session", .record = *session};
    return db_exec(c, SQL("UPDATE \"session\" SET step_up_until = $1 WHERE id = $2"), p, 2) &&
           audit_add(c, &e);
}

bool session_password_proof(Ctx *c, const char *field, const char *password, const char *action)
{
    const Actor *me = c->actor;
    const char *stored = NULL;
    bool found;
    DbVal p[] = {db_of_int(me->user)};
    if (!db_one_text(c, SQL("SELECT password_hash FROM \"user\" WHERE id = $1"), p, 1, &stored,
                     &found))
        return false;
    const char *key = arena_printf(c->a, "step_up:%s", ctx_num(c, me->user));
    switch (password_proves(c, key, stored, password)) {
    case PASSWORD_YES: return true;
    case PASSWORD_FAILED: return false;
    default: break;
    }
    AuditEntry e = {
        .action = action, .entity = "session", .record = me->session, .result = "denied"};
    return audit_note(c, &e) && ctx_fail(c, ERR_BAD_CREDENTIALS, field, "auth.code_wrong");
}

/* A code on paper needs no sending before it, so there may be no row to count its tries in. */
static bool begin_paper(Ctx *c, void *arg)
{
    return second_begin(c, arg, SESSION_STEP_UP_MS);
}

bool session_step_up(Ctx *c, const char *method, const char *code)
{
    const Actor *me = c->actor;
    if (!me)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (me->session == 0) /* a bearer token can never step up */
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
    int n;
    bool open = false;
    const char *const *methods = session_step_up_methods(c, &n);
    for (int i = 0; i < n; i++)
        open |= strcmp(methods[i], method) == 0;
    if (!open)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "method",
                        n ? "err.enum.unknown" : "err.step_up_nothing", method,
                        n ? (n == 1 ? methods[0] : "sms, recovery") : "");
    Second s = {.kind = "step_up", .bound = ctx_num(c, me->session), .user = me->user};
    if (strcmp(method, "recovery") == 0 && !db_write(c, begin_paper, &s))
        return false;
    if (strcmp(method, "password") == 0 ? !session_password_proof(c, "code", code, "step_up")
                                        : !second_check(c, &s, method, code))
        return false;
    int64_t session = me->session;
    return db_write(c, write_step_up, &session);
}
