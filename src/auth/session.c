/*
 * Signing in: password, then the second factor where the account has one. What a session is afterwards: session_find.c.
 *
 * A sign-in does the same reads, one password hash and one write whether or not the login exists,
 * so that neither answer nor time tells. Two counters hold guessing back:
 *   of the account  login.max_failures wrong passwords lock it for login.lock. Addresses from which
 *                   the account signed in within 30 days have a counter of their own, so a stranger
 *                   who guesses cannot keep its owner out. Failures while locked do not prolong it.
 *   of the address  beyond login.address_failures in 15 minutes each failure doubles the wait,
 *                   1 s to 60 s, and the answer is 429 without any work.
 */
#include "auth/session.h"

#include <string.h>

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/rate.h"
#include "auth/row.h"
#include "auth/second.h"
#include "auth/session_impl.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/meter.h"
#include "base/utf8.h"

enum { TOKEN_BYTES = 32, MINUTE = 60000, ADDRESS_WINDOW = 15 * MINUTE, TICKET = 15 * MINUTE };
static const int64_t KNOWN_ADDRESS = INT64_C(30) * 86400000;

typedef struct Account {
    int64_t id; /* 0: nobody has this login */
    const char *login, *name, *hash;
    bool active, factor;
} Account;

/* One attempt, as the write behind it needs it. */
typedef struct Attempt {
    Account who;
    const char *ip, *agent;
    const char *account_key, *address_key;
    bool locked;
    int64_t locked_until;
    int64_t now; /* session_now */
    /* of a success */
    const char *token, *new_hash, *ticket;
    const char *method;
    bool setup;
} Attempt;

/* --- looking ----------------------------------------------------------------------------------- */

#define ACCOUNT "SELECT id, login, name, password_hash, status, factor_mobile FROM \"user\" WHERE "

/* By its login as it is folded, or its id. */
static bool find_account(Ctx *c, SqlText statement, DbVal key, Account *out)
{
    *out = (Account){0};
    int mark = c->n_err;
    DbRows *r = db_query(c, statement, &key, 1);
    if (!r)
        return false;
    if (db_step(r)) {
        out->id = db_int(r, 0);
        out->login = arena_str(c->a, db_text(r, 1));
        out->name = arena_str(c->a, db_text(r, 2));
        out->hash = arena_str(c->a, db_text(r, 3));
        out->active = db_text(r, 4) && strcmp(db_text(r, 4), "active") == 0;
        out->factor = !db_is_null(r, 5);
    }
    db_done(r);
    return c->n_err == mark;
}

static bool address_known(Ctx *c, int64_t user, const char *ip, bool *out)
{
    DbVal p[] = {db_of_int(user), db_of_text(ip), db_of_int(c->now_ms - KNOWN_ADDRESS)};
    int64_t one;
    return db_one_int(c,
                      SQL("SELECT 1 FROM \"login_log\" WHERE user_id = $1 AND ip = $2 "
                          "AND result = 'ok' AND at > $3 LIMIT 1"),
                      p, 3, &one, out);
}

static int64_t address_wait_ms(const RateState *s)
{
    int64_t over = s->n - conf_int("login.address_failures");
    if (over < 0)
        return 0;
    return over >= 6 ? MINUTE : INT64_C(1000) << over;
}

/* ERR_LIMIT where the address has to wait. */
static bool address_may_try(Ctx *c, const char *key, int64_t now)
{
    RateState s;
    if (!rate_look(c, key, ADDRESS_WINDOW, now, &s))
        return false;
    int64_t held = address_wait_ms(&s), wait = s.last_at + held - now;
    /* a failure at the same time may be a little newer than this request */
    if (held == 0 || wait <= 0 || s.last_at > now + SESSION_SKEW)
        return true;
    c->retry_after_s = (int)((wait + 999) / 1000);
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s));
}

static bool account_locked(Ctx *c, Attempt *t)
{
    RateState s;
    int64_t lock = conf_duration_ms("login.lock");
    if (!rate_look(c, t->account_key, INT64_C(1) << 50, t->now, &s))
        return false;
    t->locked_until = s.last_at + lock;
    t->locked = s.n >= conf_int("login.max_failures") && t->now < t->locked_until &&
                s.last_at <= t->now + SESSION_SKEW;
    return true;
}

/* --- failing ----------------------------------------------------------------------------------- */

static bool log_attempt(Ctx *c, const Attempt *t, const char *result, const char *reason)
{
    const Entity *log = model_entity(c->model, "login_log");
    const RowSet set[] = {
        {"user", t->who.id ? db_of_int(t->who.id) : db_null()},
        {"login", db_of_text(t->who.login)},
        {"at", db_of_int(c->now_ms)},
        {"ip", db_of_text(t->ip)},
        {"device", db_of_text(t->agent)},
        {"method", db_of_text(t->setup    ? "token"
                              : t->method ? t->method
                                          : "password")},
        {"result", db_of_text(result)},
        {"reason", db_of_text(reason)},
    };
    if (!log)
        return ctx_fail_detail(c, ERR_INTERNAL, "no entity login_log", "err.internal");
    return row_insert(c, log, id_new(), set, sizeof set / sizeof set[0]);
}

/* The audit row of an attempt: there is no actor yet, so one is made for its address. */
static bool audit_attempt(Ctx *c, const Attempt *t, const char *result)
{
    static const char *const no_roles[] = {NULL};
    const Actor *before = c->actor;
    Actor me = {.user = t->who.id,
                .login = t->who.login,
                .name = t->who.name,
                .roles = no_roles,
                .channel = CH_WEB,
                .ip = t->ip,
                .agent = t->agent};
    AuditEntry e = {.action = "login",
                    .entity = "user",
                    .record = t->who.id,
                    .result = result,
                    .login = t->who.id ? t->who.login : "?"};
    c->actor = &me;
    bool ok = audit_add(c, &e);
    c->actor = before;
    return ok;
}

static bool write_failure(Ctx *c, void *arg)
{
    Attempt *t = arg;
    RateState s = {0}, address;
    int64_t lock = conf_duration_ms("login.lock"), most = conf_int("login.max_failures");
    if (!t->locked) {
        if (!rate_look(c, t->account_key, INT64_C(1) << 50, t->now, &s))
            return false;
        /* a lock that ran out, or failures of long ago, begin anew */
        if (s.n > 0 && (t->now >= s.last_at + lock || s.last_at > t->now + SESSION_SKEW) &&
            !rate_forget(c, t->account_key))
            return false;
        if (!rate_add(c, t->account_key, INT64_C(1) << 50, t->now, 1, &s))
            return false;
        /* unknown logins run the same statement, on no row */
        DbVal p[] = {db_of_int(s.n), s.n >= most ? db_of_int(t->now + lock) : db_null(),
                     db_of_int(t->who.id)};
        if (!db_exec(c,
                     SQL("UPDATE \"user\" SET failed_logins = $1, locked_until = $2 WHERE id = $3"),
                     p, 3))
            return false;
    }
    return rate_add(c, t->address_key, ADDRESS_WINDOW, t->now, 1, &address) &&
           log_attempt(c, t, t->locked ? "locked" : "denied",
                       t->who.id == 0   ? "unknown"
                       : !t->who.active ? "inactive"
                                        : "password") &&
           audit_attempt(c, t, "denied");
}

/*
 * A locked account says so to a right password and a wrong one alike, else guessing goes on through the
 * lock; logins nobody has are counted and locked in the same way, so it tells nothing about them.
 */
static bool fail(Ctx *c, Attempt *t)
{
    meter_add(t->locked ? METER_SIGN_INS_LOCKED : METER_SIGN_INS_REFUSED, 1);
    if (!db_write_aside(c, write_failure, t))
        return false;
    if (t->locked) {
        int64_t minutes = (t->locked_until - t->now + MINUTE - 1) / MINUTE;
        return ctx_fail(c, ERR_LOCKED_OUT, NULL, "err.locked_out",
                        ctx_num(c, minutes < 1 ? 1 : minutes));
    }
    return ctx_fail(c, ERR_BAD_CREDENTIALS, NULL, "err.bad_credentials");
}

/* --- succeeding -------------------------------------------------------------------------------- */

/* The oldest beyond session.max go, and with them those that are over. */
static bool trim_sessions(Ctx *c, const Attempt *t)
{
    DbVal p[] = {db_of_int(t->who.id), db_of_int(conf_int("session.max") - 1),
                 db_of_int(t->now - conf_duration_ms("session.absolute"))};
    return db_exec(
        c,
        SQL("DELETE FROM \"session\" WHERE user_id = $1 AND (created_at < $3 OR id NOT IN "
            "(SELECT id FROM \"session\" WHERE user_id = $1 ORDER BY id DESC LIMIT $2))"),
        p, 3);
}

static bool write_success(Ctx *c, void *arg)
{
    const Attempt *t = arg;
    /* Many guesses at once all saw an open account: the counter is asked again where they queue. */
    Attempt now = *t;
    if (!account_locked(c, &now))
        return false;
    if (now.locked)
        return ctx_fail(c, ERR_BAD_CREDENTIALS, NULL, "err.bad_credentials");
    const Entity *e = model_entity(c->model, "session");
    char hash[65];
    session_hash(t->token, hash);
    const RowSet set[] = {
        {"user", db_of_int(t->who.id)},    {"hash", db_of_text(hash)},
        {"created_at", db_of_int(t->now)}, {"seen_at", db_of_int(t->now)},
        {"ip", db_of_text(t->ip)},         {"device", db_of_text(t->agent)},
    };
    if (!e)
        return ctx_fail_detail(c, ERR_INTERNAL, "no entity session", "err.internal");
    if (!trim_sessions(c, t) || !row_insert(c, e, id_new(), set, sizeof set / sizeof set[0]) ||
        !rate_forget(c, t->account_key))
        return false;
    DbVal p[] = {db_of_int(c->now_ms), db_of_text(t->ip), db_of_int(t->who.id)};
    if (!db_exec(
            c,
            SQL("UPDATE \"user\" SET last_login_at = $1, last_login_ip = $2, failed_logins = 0, "
                "locked_until = NULL WHERE id = $3"),
            p, 3))
        return false;
    if (t->new_hash) {
        /* a one-time token is used up (and only once: two at a time meet here), an old hash renewed */
        DbVal h[] = {db_of_text(t->new_hash), db_of_int(t->who.id), db_of_text(t->who.hash)};
        if (!db_exec(
                c,
                SQL("UPDATE \"user\" SET password_hash = $1 WHERE id = $2 AND password_hash = $3"),
                h, 3))
            return false;
        if (t->setup && db_changes(c) != 1)
            return ctx_fail(c, ERR_BAD_CREDENTIALS, NULL, "err.bad_credentials");
    }
    if (t->setup) {
        /* behind the hash: a ticket the same token began elsewhere opens nothing any more */
        DbVal m[] = {db_of_int(t->who.id)};
        if (!db_exec(c, SQL("UPDATE \"user\" SET must_change_password = 1 WHERE id = $1"), m, 1) ||
            !second_forget(c, t->who.id) || !db_change(c, "access", t->who.id))
            return false;
    }
    return log_attempt(c, t, "ok", NULL) && audit_attempt(c, t, "ok");
}

/* The attempt's counters; ERR_LIMIT where the address has to wait. */
static bool begin(Ctx *c, const char *login, Attempt *t)
{
    char key[65];
    bool known;
    session_hash(login,
                 key); /* what was typed as login may be anything: the counters keep its digest */
    if (!address_known(c, t->who.id, t->ip, &known))
        return false;
    t->account_key = arena_printf(c->a, "login:%.32s:%s", key, known ? t->ip : "");
    return account_locked(c, t);
}

static Attempt attempt_of(Ctx *c, const char *ip, const char *agent)
{
    Attempt t = {.ip = utf8_cut(c->a, ip ? ip : "", 45),
                 .agent = utf8_cut(c->a, agent, 200),
                 .now = session_now(c)};
    t.address_key = arena_printf(c->a, "address:%s", t.ip);
    return t;
}

/* The password was right, and a second factor is wanted: nothing is open yet, and no failure forgotten. */
static bool write_ticket(Ctx *c, void *arg)
{
    const Attempt *t = arg;
    Attempt now = *t;
    if (!account_locked(c, &now))
        return false;
    if (now.locked)
        return ctx_fail(c, ERR_BAD_CREDENTIALS, NULL, "err.bad_credentials");
    Second s = {.kind = "sign_in", .bound = t->ticket, .user = t->who.id};
    if (t->new_hash) {
        DbVal h[] = {db_of_text(t->new_hash), db_of_int(t->who.id), db_of_text(t->who.hash)};
        if (!db_exec(
                c,
                SQL("UPDATE \"user\" SET password_hash = $1 WHERE id = $2 AND password_hash = $3"),
                h, 3))
            return false;
        if (t->setup && db_changes(c) != 1)
            return ctx_fail(c, ERR_BAD_CREDENTIALS, NULL, "err.bad_credentials");
    }
    return second_begin(c, &s, TICKET);
}

static bool open_now(Ctx *c, Attempt *t, SessionOpened *out)
{
    t->token = crypt_token(c->a, TOKEN_BYTES);
    if (!db_write(c, write_success, t))
        return false;
    if (t->setup)
        actor_cache_clear();
    meter_add(METER_SIGN_INS, 1);
    *out =
        (SessionOpened){.token = t->token, .csrf = session_csrf(c->a, t->token), .user = t->who.id};
    return true;
}

bool session_open(Ctx *c, const char *login, const char *password, const char *ip,
                  const char *agent, SessionOpened *out)
{
    Attempt t = attempt_of(c, ip, agent);
    const char *folded = row_fold(c, "user", "login", login);
    if (!address_may_try(c, t.address_key, t.now) ||
        !find_account(c, SQL(ACCOUNT "login_f = $1 AND deleted_at IS NULL"), db_of_text(folded),
                      &t.who) ||
        !begin(c, folded, &t))
        return false;
    db_release(c); /* the hash takes a while */
    /* of the few places before argon2id an attacker's address takes some, never all */
    int seat;
    if (!rate_enter(c, t.address_key, (int)conf_int("login.address_parallel"), &seat)) {
        meter_add(METER_HASH_BUSY, 1);
        return false;
    }
    PasswordAnswer answer = password_matches(c, t.who.hash, password);
    rate_leave(seat);
    if (answer == PASSWORD_FAILED)
        return false;
    if (answer == PASSWORD_NO || !t.who.active || t.locked)
        return fail(c, &t);
    t.setup = answer == PASSWORD_SETUP;
    if (t.setup)
        t.new_hash = "";
    else if (crypt_password_is_old(t.who.hash) && !password_hash_text(c, password, &t.new_hash))
        return false;
    if (!t.who.factor)
        return open_now(c, &t, out);
    if (t.setup)
        t.new_hash = t.who.hash; /* used up by the code behind it; no ticket where it is already */
    t.ticket = crypt_token(c->a, TOKEN_BYTES);
    if (!db_write(c, write_ticket, &t))
        return false;
    *out = (SessionOpened){.user = t.who.id, .ticket = t.ticket};
    return true;
}

/* The counters of the account and the address hold wrong codes back as they do wrong passwords. */
bool session_verify(Ctx *c, const char *ticket, const char *method, const char *code,
                    const char *ip, const char *agent, SessionOpened *out)
{
    static const char *const no_roles[] = {NULL};
    Attempt t = attempt_of(c, ip, agent);
    Second s = {.kind = "sign_in", .bound = ticket};
    if (!address_may_try(c, t.address_key, t.now) || !second_find(c, &s) ||
        !find_account(c, SQL(ACCOUNT "id = $1 AND deleted_at IS NULL"), db_of_int(s.user),
                      &t.who) ||
        !begin(c, row_fold(c, "user", "login", t.who.login), &t))
        return false;
    t.method = method;
    const Actor *before = c->actor;
    Actor me = {.user = t.who.id,
                .login = t.who.login,
                .name = t.who.name,
                .roles = no_roles,
                .channel = CH_WEB,
                .ip = t.ip,
                .agent = t.agent};
    c->actor = &me;
    bool ok = second_check(c, &s, method, code);
    c->actor = before;
    if (ok) {
        t.setup = password_is_setup(t.who.hash);
        t.new_hash = t.setup ? "" : NULL;
        return open_now(c, &t, out);
    }
    RateState failures;
    int mark = c->n_err;
    if (err_status(c->err_last->code) == 401 &&
        !rate_note(c, t.address_key, ADDRESS_WINDOW, t.now, &failures))
        ctx_errors_back_to(c, mark);
    return false;
}
