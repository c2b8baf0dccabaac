/*
 * A session once it is open: what its token is, who comes with one, how it is closed and how it ends by itself. How one is
 * opened is in session.c, the list of them in session_list.c. See session.h.
 */
#include <string.h>

#include "auth/audit.h"
#include "auth/session_impl.h"
#include "base/conf.h"
#include "base/crypt.h"

enum {
    TOKEN_CHARS = 43,
    CSRF_CHARS = 22,
    SEEN_EVERY = 60000 /* a session that is used is written no more often */
};

void session_hash(const char *token, char out[65])
{
    crypt_sha256_hex(token, strlen(token), out);
}

/* Derived, so nothing is stored and nothing can get lost; 22 characters are 132 bits. */
const char *session_csrf(Arena *a, const char *token)
{
    unsigned char mac[32];
    crypt_hmac_sha256(token, strlen(token), "csrf", 4, mac);
    return arena_dup(a, crypt_base64url(a, mac, sizeof mac), CSRF_CHARS);
}

static bool not_signed_in(Ctx *c)
{
    return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
}

typedef struct Found {
    int64_t id, user, created_at, seen_at, step_up_until;
    bool active;
} Found;

static bool read_session(Ctx *c, const char *hash, Found *out)
{
    DbVal p[] = {db_of_text(hash)};
    int mark = c->n_err;
    DbRows *r =
        db_query(c,
                 SQL("SELECT s.id, s.user_id, s.created_at, s.seen_at, s.step_up_until, u.status "
                     "FROM \"session\" s JOIN \"user\" u ON u.id = s.user_id "
                     "WHERE s.hash = $1 AND u.deleted_at IS NULL"),
                 p, 1);
    if (!r)
        return false;
    if (db_step(r)) {
        out->id = db_int(r, 0);
        out->user = db_int(r, 1);
        out->created_at = db_int(r, 2);
        out->seen_at = db_int(r, 3);
        out->step_up_until = db_int(r, 4);
        out->active = db_text(r, 5) && strcmp(db_text(r, 5), "active") == 0;
    }
    db_done(r);
    return c->n_err == mark;
}

typedef struct Touch {
    int64_t id, now;
} Touch;

static bool touch(Ctx *c, void *arg)
{
    const Touch *t = arg;
    DbVal p[] = {db_of_int(t->now), db_of_int(t->id)};
    return db_exec(c, SQL("UPDATE \"session\" SET seen_at = $1 WHERE id = $2 AND seen_at < $1"), p,
                   2);
}

bool session_find(Ctx *c, const char *token, const char *ip, const char *agent, Actor **out)
{
    if (!token || strlen(token) != TOKEN_CHARS)
        return not_signed_in(c);
    char hash[65];
    session_hash(token, hash);
    Found s = {0};
    if (!read_session(c, hash, &s))
        return false;
    int64_t now = session_now(c);
    bool over = now >= s.created_at + conf_duration_ms("session.absolute") ||
                now >= s.seen_at + conf_duration_ms("session.idle") ||
                s.created_at > now + SESSION_SKEW;
    if (s.id == 0 || !s.active || over)
        return not_signed_in(c);
    if (now - s.seen_at >= SEEN_EVERY) {
        /* Reading must go on where nothing can be written (disk full): then it only looks idle. */
        int mark = c->n_err;
        Touch t = {.id = s.id, .now = now};
        if (!db_write_aside(c, touch, &t))
            ctx_errors_forget(c, mark);
    }
    Actor *me;
    if (!actor_of_user(c, s.user, CH_WEB, &me))
        return false;
    me->session = s.id;
    me->ip = ip;
    me->agent = agent;
    me->step_up_until =
        s.step_up_until > now && s.step_up_until <= now + SESSION_STEP_UP_MS + SESSION_SKEW
            ? s.step_up_until
            : 0;
    *out = me;
    return true;
}

static bool close_one(Ctx *c, void *arg)
{
    const int64_t *session = arg;
    DbVal p[] = {db_of_int(*session)};
    AuditEntry e = {.action = "logout", .entity = "session", .record = *session};
    return db_exec(c, SQL("DELETE FROM \"session\" WHERE id = $1"), p, 1) &&
           (db_changes(c) == 0 || audit_add(c, &e));
}

bool session_close(Ctx *c, int64_t session)
{
    return db_write(c, close_one, &session);
}

typedef struct CloseAll {
    int64_t user, but;
} CloseAll;

static bool close_all(Ctx *c, void *arg)
{
    const CloseAll *x = arg;
    DbVal p[] = {db_of_int(x->user), db_of_int(x->but)};
    return db_exec(c, SQL("DELETE FROM \"session\" WHERE user_id = $1 AND id <> $2"), p, 2);
}

bool session_close_all(Ctx *c, int64_t user, int64_t but_session)
{
    CloseAll x = {.user = user, .but = but_session};
    return db_write(c, close_all, &x);
}

static bool sweep(Ctx *c, void *arg)
{
    const int64_t *now = arg;
    DbVal p[] = {db_of_int(*now - conf_duration_ms("session.absolute")),
                 db_of_int(*now - conf_duration_ms("session.idle"))};
    return db_exec(c, SQL("DELETE FROM \"session\" WHERE created_at < $1 OR seen_at < $2"), p, 2);
}

bool session_sweep(Ctx *c)
{
    int64_t now = session_now(c);
    return db_write(c, sweep, &now);
}
