/* What a person has as second factor. See second.h. */
#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/row.h"
#include "auth/sealing.h"
#include "auth/second.h"
#include "auth/session.h"
#include "base/crypt.h"
#include "base/secret.h"

/* Without the letters and digits that are taken for another one. */
static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";
enum { LETTERS = sizeof alphabet - 1, LENGTH = 10 };

const char *const factor_methods[] = {"sms", "recovery", NULL};

bool factor_of(Ctx *c, int64_t user, Factor *out)
{
    DbVal p[] = {db_of_int(user)};
    int mark = c->n_err;
    DbRows *r = db_query(
        c,
        SQL("SELECT u.\"factor_mobile\", u.\"factor_at\", u.\"factor_required\", (SELECT COUNT(*) "
            "FROM \"recovery_code\" k WHERE k.\"user_id\" = u.\"id\"), (SELECT COUNT(*) FROM "
            "\"rel_user_roles\" x JOIN \"role\" o ON o.\"id\" = x.\"target\" WHERE x.\"id\" = "
            "u.\"id\" AND o.\"factor_required\" = 1 AND o.\"deleted_at\" IS NULL) FROM \"user\" u "
            "WHERE u.\"id\" = $1"),
        p, 1);
    if (!r)
        return false;
    *out = (Factor){0};
    if (db_step(r))
        *out = (Factor){.mobile = db_is_null(r, 0) ? NULL : db_text_copy(c->a, r, 0),
                        .since = db_int(r, 1),
                        .required = db_int(r, 2) == 1 || db_int(r, 4) > 0,
                        .recovery = db_int(r, 3)};
    db_done(r);
    return c->n_err == mark;
}

/* What is digested. Codes on paper are typed with blanks, dashes and capitals. */
static const char *recovery_text(Ctx *c, int64_t user, const char *code)
{
    char *tidy = ARENA_ARRAY(c->a, strlen(code) + 1, char);
    size_t n = 0;
    for (; *code; code++)
        if (*code != ' ' && *code != '-')
            tidy[n++] = *code >= 'A' && *code <= 'Z' ? (char)(*code + 32) : *code;
    return arena_printf(c->a, "%" PRId64 ":%s", user, tidy);
}

/* "abcde-fgh23": 31 letters, 49 bits */
static const char *recovery_code(Ctx *c)
{
    char out[LENGTH + 2];
    for (int i = 0, n = 0; n < LENGTH; n++) {
        unsigned char b;
        do
            crypt_random(&b, 1);
        while (b >= 256 / LETTERS * LETTERS);
        if (n == LENGTH / 2)
            out[i++] = '-';
        out[i++] = alphabet[b % LETTERS];
    }
    return arena_dup(c->a, out, LENGTH + 1);
}

static bool forget_recovery(Ctx *c, int64_t user)
{
    DbVal p[] = {db_of_int(user)};
    return db_exec(c, SQL("DELETE FROM \"recovery_code\" WHERE \"user_id\" = $1"), p, 1);
}

bool factor_recovery(Ctx *c, int64_t user, const char *out[SECOND_RECOVERY])
{
    Sealing sealing; /* also before the first: codes of a key that leaves would end with it */
    const char *use;
    if (!sealing_look(c, secret_current(c->a), &sealing, &use) || !forget_recovery(c, user))
        return false;
    for (int i = 0; i < SECOND_RECOVERY; i++) {
        out[i] = recovery_code(c);
        const char *text = recovery_text(c, user, out[i]);
        DbVal p[] = {db_of_text(secret_digest(c->a, "recovery", text)), db_of_int(user)};
        if (!db_exec(c,
                     SQL("INSERT INTO \"recovery_code\" (\"hash\", \"user_id\") VALUES ($1, $2)"),
                     p, 2))
            return false;
    }
    return true;
}

/* The digest of the person that the code fits, by whichever key of the house it was made; "" where none does. */
static bool find_recovery(Ctx *c, int64_t user, const char *code, const char **out)
{
    DbVal p[] = {db_of_int(user)};
    const char *text = recovery_text(c, user, code);
    int mark = c->n_err;
    *out = "";
    DbRows *r =
        db_query(c, SQL("SELECT \"hash\" FROM \"recovery_code\" WHERE \"user_id\" = $1"), p, 1);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *hash = db_text_copy(c->a, r, 0);
        if (secret_digest_fits(c->a, "recovery", text, hash))
            *out = hash;
    }
    db_done(r);
    return c->n_err == mark;
}

bool factor_use_recovery(Ctx *c, int64_t user, const char *code)
{
    const char *hash;
    if (!find_recovery(c, user, code, &hash))
        return false;
    DbVal p[] = {db_of_text(hash), db_of_int(user)};
    AuditEntry e = {.action = "factor_recovery_used", .entity = "user", .record = user};
    if (!db_exec(c, SQL("DELETE FROM \"recovery_code\" WHERE \"hash\" = $1 AND \"user_id\" = $2"),
                 p, 2))
        return false;
    return db_changes(c) == 1 ? audit_add(c, &e)
                              : ctx_fail(c, ERR_BAD_CREDENTIALS, "code", "auth.code_bad");
}

bool factor_set(Ctx *c, int64_t user, const char *mobile, const char *out_recovery[SECOND_RECOVERY])
{
    DbVal p[] = {db_of_text(mobile), db_of_int(c->now_ms), db_of_int(user)};
    AuditEntry e = {.action = "factor_on", .entity = "user", .record = user};
    return db_exec(
               c,
               SQL("UPDATE \"user\" SET \"factor_mobile\" = $1, \"factor_at\" = $2 WHERE \"id\" = "
                   "$3"),
               p, 3) &&
           factor_recovery(c, user, out_recovery) && second_forget(c, user) && audit_add(c, &e) &&
           db_change(c, "access", user);
}

bool factor_off(Ctx *c, int64_t user, int64_t but_session, const char *action)
{
    DbVal p[] = {db_of_int(user)};
    AuditEntry e = {.action = action, .entity = "user", .record = user};
    if (!db_exec(c,
                 SQL("UPDATE \"user\" SET \"factor_mobile\" = NULL, \"factor_at\" = NULL WHERE "
                     "\"id\" = $1 AND \"factor_mobile\" IS NOT NULL"),
                 p, 1))
        return false;
    if (db_changes(c) != 1)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.factor_none");
    return forget_recovery(c, user) && second_forget(c, user) &&
           session_close_all(c, user, but_session) && audit_add(c, &e) &&
           db_change(c, "access", user);
}

static bool off_in_write(Ctx *c, void *arg)
{
    return factor_off(c, *(int64_t *)arg, 0, "factor_taken");
}

bool factor_off_login(Ctx *c, const char *login)
{
    DbVal p[] = {db_of_text(row_fold(c, "user", "login", login))};
    int64_t user;
    bool found;
    if (!db_one_int(c, SQL("SELECT id FROM \"user\" WHERE login_f = $1 AND deleted_at IS NULL"), p,
                    1, &user, &found))
        return false;
    return found ? db_write(c, off_in_write, &user)
                 : ctx_fail(c, ERR_NOT_FOUND, NULL, "auth.no_login", login);
}
