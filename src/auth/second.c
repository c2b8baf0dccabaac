/* Steps that are asked for, their codes and tries. See second.h. */
#include "auth/second.h"

#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/rate.h"
#include "auth/session.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "db/pace.h"

enum { TRIES = 5, WRONG_PER_HOUR = 10, SKEW = 5 * 60000, HOUR = 3600000, DIGITS = 1000000 };

static bool over(Ctx *c)
{
    return ctx_fail(c, ERR_BAD_CREDENTIALS, "code", "auth.second_over");
}

/* A ticket is kept as its digest, like the token of a session. */
static const char *key_of(Ctx *c, const Second *s)
{
    char hex[65];
    crypt_sha256_hex(s->bound, strlen(s->bound), hex);
    return arena_printf(c->a, "%s:%s", s->kind, hex);
}

/* What is digested of a code. */
static const char *text_of(Ctx *c, const Second *s, const char *code)
{
    return arena_printf(c->a, "%s:%s", key_of(c, s), code);
}

bool second_forget(Ctx *c, int64_t user)
{
    DbVal p[] = {db_of_int(user)};
    return db_exec(c, SQL("DELETE FROM \"second_step\" WHERE \"user_id\" = $1"), p, 1);
}

bool second_begin(Ctx *c, const Second *s, int64_t life_ms)
{
    int64_t now = session_now(c);
    DbVal p[] = {db_of_text(key_of(c, s)), db_of_int(s->user),
                 s->mobile ? db_of_text(s->mobile) : db_null(), db_of_int(now),
                 db_of_int(now + life_ms)};
    return db_exec(
        c,
        SQL("INSERT INTO \"second_step\" (\"key\", \"user_id\", \"mobile\", \"made_at\", "
            "\"expires_at\", \"tries\", \"sendings\") VALUES ($1, $2, $3, $4, $5, 0, 0) ON "
            "CONFLICT (\"key\") DO UPDATE SET \"user_id\" = $2, \"mobile\" = $3, \"made_at\" = $4, "
            "\"expires_at\" = $5, \"code\" = NULL, \"code_until\" = NULL, \"tries\" = 0"),
        p, 5);
}

/* One that seems to be made in the future was made before the clock was set back: over. */
bool second_find(Ctx *c, Second *s)
{
    int64_t now = session_now(c);
    DbVal p[] = {db_of_text(key_of(c, s)), db_of_int(now), db_of_int(now + SKEW)};
    int mark = c->n_err;
    DbRows *r =
        db_query(c,
                 SQL("SELECT s.\"user_id\", coalesce(s.\"mobile\", u.\"factor_mobile\") FROM "
                     "\"second_step\" s JOIN \"user\" u ON u.\"id\" = s.\"user_id\" WHERE "
                     "s.\"key\" = $1 AND s.\"expires_at\" > $2 AND s.\"made_at\" <= $3 AND "
                     "u.\"status\" = 'active' AND u.\"deleted_at\" IS NULL"),
                 p, 3);
    if (!r)
        return false;
    bool there = db_step(r);
    if (there) {
        s->user = db_int(r, 0);
        s->mobile = db_is_null(r, 1) ? NULL : db_text_copy(c->a, r, 1);
    }
    db_done(r);
    if (c->n_err != mark)
        return false;
    return there || over(c);
}

/* ---- sending ---------------------------------------------------------------------------------- */

/* Six digits, each as likely as any other. */
static const char *six_digits(Ctx *c)
{
    uint32_t n;
    do
        crypt_random(&n, sizeof n);
    while (n >= UINT32_MAX / DIGITS * DIGITS);
    return arena_printf(c->a, "%06" PRIu32, n % DIGITS);
}

static bool within(Ctx *c, const char *what, const char *who, const char *setting)
{
    ConfRate r = conf_rate(setting);
    return rate_take(c, arena_printf(c->a, "%s:%s", what, who), (int)r.n, r.per_ms, 1);
}

/*
 * What a stranger could cost: a number that is called again and again, a person, a network. Sign-ins, step-ups and new
 * numbers are counted apart: who has only the password uses up no code of the owner's session, and who claims a
 * colleague's number (little a day) none of those with which its owner signs in.
 */
static bool may_send(Ctx *c, const Second *s, const char *network)
{
    int64_t pause = conf_duration_ms("code.pause");
    char hex[65];
    crypt_sha256_hex(s->mobile, strlen(s->mobile), hex);
    bool enrol = strcmp(s->kind, "enrol") == 0;
    const char *number = arena_printf(c->a, "code.%s.n:%.32s", s->kind, hex);
    const char *person = arena_printf(c->a, "code.%s.p:%s", s->kind, ctx_num(c, s->user));
    return rate_take(c, number, 1, pause, 1) && rate_take(c, person, 1, pause, 1) &&
           within(c, "h", number, "limit.code") && within(c, "h", person, "limit.code") &&
           within(c, "d", number, "limit.code_day") &&
           within(c, "d", person, enrol ? "limit.code_new" : "limit.code_day") &&
           within(c, "code.a", network, "limit.code_address");
}

static const char *letter_of(Ctx *c, const Second *s, int64_t made_at, int64_t sendings)
{
    return arena_printf(c->a, "code:%.40s:%" PRId64 ":%" PRId64, key_of(c, s), made_at, sendings);
}

bool second_code(Ctx *c, const Second *s, const char *network, const char **out_code,
                 const char **out_letter)
{
    if (!may_send(c, s, network))
        return false;
    int64_t now = session_now(c);
    *out_code = six_digits(c);
    DbVal p[] = {db_of_text(key_of(c, s)),
                 db_of_text(secret_digest(c->a, "second", text_of(c, s, *out_code))),
                 db_of_int(now + SECOND_CODE_MS), db_of_int(now)};
    int64_t made_at = 0, sendings = 0;
    int mark = c->n_err;
    DbRows *r = db_query(
        c,
        SQL("UPDATE \"second_step\" SET \"code\" = $2, \"code_until\" = $3, \"sent_at\" = $4, "
            "\"tries\" = 0, \"sendings\" = \"sendings\" + 1 WHERE \"key\" = $1 RETURNING "
            "\"made_at\", \"sendings\""),
        p, 4);
    if (!r)
        return false;
    bool there = db_step(r);
    if (there) {
        made_at = db_int(r, 0);
        sendings = db_int(r, 1);
    }
    db_done(r);
    *out_letter = letter_of(c, s, made_at, sendings);
    return c->n_err == mark && (there || over(c));
}

bool second_sent(Ctx *c, const Second *s, const char **out_letter, int *out_wait_s)
{
    DbVal p[] = {db_of_text(key_of(c, s))};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"made_at\", \"sendings\", \"sent_at\" FROM \"second_step\" "
                             "WHERE \"key\" = $1 AND \"code\" IS NOT NULL"),
                         p, 1);
    if (!r)
        return false;
    *out_letter = NULL;
    *out_wait_s = 0;
    if (db_step(r)) {
        int64_t left = db_int(r, 2) + conf_duration_ms("code.pause") - session_now(c);
        *out_letter = letter_of(c, s, db_int(r, 0), db_int(r, 1));
        *out_wait_s = left > 0 ? (int)((left + 999) / 1000) : 0;
    }
    db_done(r);
    return c->n_err == mark;
}

/* ---- checking --------------------------------------------------------------------------------- */

/*
 * Who has only the password can use up the tries of signing in; those of an open session are its own, and
 * codes on paper are counted by themselves, so the owner goes on working and gets in.
 */
static const char *wrong_key(Ctx *c, const Second *s, bool paper)
{
    bool signing_in = strcmp(s->kind, "sign_in") == 0;
    return arena_printf(c->a, "second.%s%s:%.40s", s->kind, paper ? ".paper" : "",
                        signing_in ? ctx_num(c, s->user) : s->bound);
}

typedef struct Check {
    const Second *s;
    const char *code;
    const char *stored; /* of the try */
} Check;

/* The try is counted and kept before anything is compared: of a hundred at once five see the code. */
static bool count_try(Ctx *c, void *arg)
{
    Check *k = arg;
    DbVal p[] = {db_of_text(key_of(c, k->s)), db_of_int(session_now(c)), db_of_int(TRIES)};
    int mark = c->n_err;
    DbRows *r =
        db_query(c,
                 SQL("UPDATE \"second_step\" SET \"tries\" = \"tries\" + 1 WHERE \"key\" = $1 AND "
                     "\"code_until\" > $2 AND \"tries\" < $3 AND \"code\" IS NOT NULL RETURNING "
                     "\"code\""),
                 p, 3);
    if (!r)
        return false;
    k->stored = db_step(r) ? db_text_copy(c->a, r, 0) : NULL;
    db_done(r);
    return c->n_err == mark;
}

/* The deletion is the use: of two at once one finds the row. */
static bool use_up(Ctx *c, void *arg)
{
    const Check *k = arg;
    DbVal p[] = {db_of_text(key_of(c, k->s)), db_of_text(k->stored)};
    return db_exec(c, SQL("DELETE FROM \"second_step\" WHERE \"key\" = $1 AND \"code\" = $2"), p,
                   2) &&
           (db_changes(c) == 1 || over(c)) && rate_forget(c, wrong_key(c, k->s, false));
}

static bool use_recovery(Ctx *c, void *arg)
{
    const Check *k = arg;
    DbVal p[] = {db_of_text(key_of(c, k->s))};
    return factor_use_recovery(c, k->s->user, k->code) &&
           rate_forget(c, wrong_key(c, k->s, true)) &&
           db_exec(c, SQL("DELETE FROM \"second_step\" WHERE \"key\" = $1"), p, 1);
}

static bool wrong(Ctx *c, const Second *s)
{
    AuditEntry e = {.action = s->kind, .entity = "user", .record = s->user, .result = "denied"};
    return audit_note(c, &e) && ctx_fail(c, ERR_BAD_CREDENTIALS, "code", "auth.code_bad");
}

bool second_check(Ctx *c, Second *s, const char *method, const char *code)
{
    Check k = {.s = s, .code = code};
    bool paper = strcmp(method, "recovery") == 0 && strcmp(s->kind, "enrol") != 0;
    if (!paper && strcmp(method, "sms") != 0)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "method", "err.enum.unknown", method, "sms, recovery");
    if (!second_find(c, s) || !rate_take(c, wrong_key(c, s, paper), WRONG_PER_HOUR, HOUR, 1))
        return false;
    if (paper) {
        int mark = c->n_err;
        if (db_write(c, use_recovery, &k))
            return true;
        if (err_status(c->err_last->code) != 401)
            return false;
        ctx_errors_back_to(c, mark);
        return wrong(c, s);
    }
    if (!db_write_aside(c, count_try, &k))
        return false;
    if (!k.stored)
        return over(c);
    return secret_digest_fits(c->a, "second", text_of(c, s, code), k.stored)
               ? db_write(c, use_up, &k)
               : wrong(c, s);
}

bool second_sweep(Ctx *c)
{
    DbVal p[] = {db_of_int(session_now(c))};
    return pace_delete(c,
                       SQL("DELETE FROM \"second_step\" WHERE \"key\" IN (SELECT \"key\" FROM "
                           "\"second_step\" WHERE \"expires_at\" < $1 LIMIT $2)"),
                       p, 1);
}
