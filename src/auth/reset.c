/* Rows of reset_token. See reset.h. */
#include "auth/reset.h"

#include <string.h>

#include "auth/password.h"
#include "base/crypt.h"
#include "db/db.h"
#include "db/pace.h"

enum { TOKEN_BYTES = 16, TOKEN_CHARS = 22 };

typedef struct Found {
    int64_t user;
    const char *login, *name, *kind;
} Found;

bool reset_forget(Ctx *c, int64_t user)
{
    DbVal p[] = {db_of_int(user)};
    return db_exec(c, SQL("DELETE FROM \"reset_token\" WHERE \"user_id\" = $1"), p, 1);
}

bool reset_make(Ctx *c, int64_t user, const char *kind, int64_t life_ms, const char **out_token)
{
    char *token = crypt_token(c->a, TOKEN_BYTES), hash[65];
    crypt_sha256_hex(token, strlen(token), hash);
    DbVal p[] = {db_of_text(hash), db_of_int(user), db_of_text(kind), db_of_int(c->now_ms),
                 db_of_int(c->now_ms + life_ms)};
    *out_token = token;
    return reset_forget(c, user) &&
           db_exec(c,
                   SQL("INSERT INTO \"reset_token\" (\"hash\", \"user_id\", \"kind\", \"made_at\", "
                       "\"expires_at\") VALUES ($1, $2, $3, $4, $5)"),
                   p, 5);
}

/* A token that seems to be made in the future was made before the clock was set back: over. */
static bool find(Ctx *c, const char *token, Found *out)
{
    char hash[65];
    int mark = c->n_err;
    crypt_sha256_hex(token, strlen(token), hash);
    DbVal p[] = {db_of_text(hash), db_of_int(c->now_ms), db_of_int(c->now_ms + 60000)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT t.\"user_id\", t.\"kind\", u.\"login\", u.\"name\" FROM "
                     "\"reset_token\" t JOIN \"user\" u ON u.\"id\" = t.\"user_id\" WHERE "
                     "t.\"hash\" = $1 AND t.\"expires_at\" > $2 AND t.\"made_at\" <= $3 AND "
                     "u.\"deleted_at\" IS NULL AND (u.\"status\" = 'active' OR "
                     "(u.\"status\" = 'pending' AND t.\"kind\" = 'invite'))"),
                 p, 3);
    if (!r)
        return false;
    bool there = db_step(r);
    if (there)
        *out = (Found){db_int(r, 0), db_text_copy(c->a, r, 2), db_text_copy(c->a, r, 3),
                       db_text_copy(c->a, r, 1)};
    db_done(r);
    if (c->n_err != mark)
        return false;
    return there || ctx_fail(c, ERR_NOT_FOUND, "token", "auth.reset_over");
}

bool reset_look(Ctx *c, const char *token, const char **out_login, const char **out_kind)
{
    Found f;
    if (!find(c, token, &f))
        return false;
    *out_login = f.login;
    *out_kind = f.kind;
    return true;
}

typedef struct Use {
    const char *token, *hash;
    int64_t user;
} Use;

/* The deletion is the claim: of two uses at once one finds the row. */
static bool use_in_write(Ctx *c, void *arg)
{
    const Use *u = arg;
    char hash[65];
    crypt_sha256_hex(u->token, strlen(u->token), hash);
    DbVal p[] = {db_of_text(hash)}, who[] = {db_of_int(u->user)};
    if (!db_exec(c, SQL("DELETE FROM \"reset_token\" WHERE \"hash\" = $1"), p, 1))
        return false;
    if (db_changes(c) != 1)
        return ctx_fail(c, ERR_NOT_FOUND, "token", "auth.reset_over");
    return db_exec(c,
                   SQL("UPDATE \"user\" SET \"status\" = 'active' WHERE \"id\" = $1 AND "
                       "\"status\" = 'pending'"),
                   who, 1) &&
           password_store(c, u->user, u->hash, "password_reset");
}

bool reset_use(Ctx *c, const char *token, const char *password)
{
    Found f;
    Use u = {.token = token};
    if (strlen(token) != TOKEN_CHARS)
        return ctx_fail(c, ERR_NOT_FOUND, "token", "auth.reset_over");
    if (!find(c, token, &f) || !password_check_policy(c, "password", password, f.login, f.name) ||
        !password_hash_text(c, password, &u.hash))
        return false;
    u.user = f.user;
    bool ok = db_write(c, use_in_write, &u);
    actor_cache_clear();
    return ok;
}

bool reset_sweep(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms)};
    return pace_delete(c,
                       SQL("DELETE FROM \"reset_token\" WHERE \"hash\" IN (SELECT \"hash\" FROM "
                           "\"reset_token\" WHERE \"expires_at\" < $1 LIMIT $2)"),
                       p, 1);
}
