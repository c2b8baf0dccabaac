/*
 * The sign-ins that are open: a person's own, and with the right "sessions" those of another one; each can be ended. What
 * a token (of a device or a program) may do is in token.c. See session.h.
 */
#include "auth/access.h"
#include "auth/audit.h"
#include "auth/session.h"
#include "base/conf.h"
#include "db/list.h"

static bool not_there(Ctx *c)
{
    return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}

static bool write_session(Ctx *c, Jw *w, DbRows *r)
{
    jw_obj(w);
    jw_kint(w, "id", db_int(r, 0));
    jw_kinstant(w, "created_at", db_int(r, 1));
    jw_kinstant(w, "seen_at", db_int(r, 2));
    jw_kstr(w, "ip", db_text(r, 3));
    jw_kstr(w, "device", db_text(r, 4));
    jw_kbool(w, "current", db_int(r, 0) == c->actor->session);
    jw_end(w);
    return true;
}

bool session_list(Ctx *c, int64_t user, Buf *out)
{
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (user == 0)
        user = c->actor->user;
    if (user != c->actor->user && !access_need_right(c, RIGHT_SESSIONS))
        return false;
    int64_t now = session_now(c);
    DbVal p[] = {db_of_int(user), db_of_int(now - conf_duration_ms("session.absolute")),
                 db_of_int(now - conf_duration_ms("session.idle"))};
    DbRows *r = db_query(c,
                         SQL("SELECT id, created_at, seen_at, ip, device FROM \"session\" WHERE "
                             "user_id = $1 AND created_at > $2 AND seen_at > $3 ORDER BY id DESC"),
                         p, 3);
    return db_list_json(c, r, 0, write_session, out);
}

static bool end_row(Ctx *c, void *arg)
{
    const int64_t *id = arg;
    bool any = actor_has(c->actor, RIGHT_SESSIONS);
    DbVal p[] = {db_of_int(*id), db_of_int(c->actor->user), db_of_int(any ? 1 : 0)};
    AuditEntry a = {.action = "session_end", .entity = "session", .record = *id};
    return db_exec(c, SQL("DELETE FROM \"session\" WHERE id = $1 AND (user_id = $2 OR $3 = 1)"), p,
                   3) &&
           (db_changes(c) == 1 || not_there(c)) && audit_add(c, &a);
}

bool session_end(Ctx *c, int64_t id)
{
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (!c->actor->session) /* a stolen token is not to throw its owner out */
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
    return db_write(c, end_row, &id);
}
