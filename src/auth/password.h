/* Passwords: policy, hashing, and the state of an account's secret. The calls others use are in auth/session.h. */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "auth/session.h"

/*
 * user.password_hash holds an argon2id hash; or "setup:<sha256 hex>" while a one-time sign-up token
 * waits; or "" after that token was used, until a password is set. NULL: the account has none.
 */
typedef enum PasswordAnswer {
    PASSWORD_NO,
    PASSWORD_YES,
    PASSWORD_SETUP,
    PASSWORD_FAILED
} PasswordAnswer;

/* Waits a one-time token instead of a password? */
bool password_is_setup(const char *stored);
/* Compares; the work is the same for every kind of stored text and for none (NULL). PASSWORD_FAILED: too many at once,
   ERR_LIMIT recorded. */
PasswordAnswer password_matches(Ctx *c, const char *stored, const char *password);
/*
 * The same for somebody who is signed in and proves that he is it: counted before it is looked at, so that many at once are ten
 * wrong ones an hour at most, and given back where it was right. key: whose, and for what. ERR_LIMIT recorded: PASSWORD_FAILED.
 */
PasswordAnswer password_proves(Ctx *c, const char *key, const char *stored, const char *password);
/* Inside a write: a hash made before becomes the password, all sessions of the account end, audited as action. The caller
   empties the actor cache behind the commit. */
bool password_store(Ctx *c, int64_t user, const char *hash, const char *action);
/* Is it on the list of common ones or a trivial pattern? */
bool password_is_common(const char *password);
/* A one-time token (22 characters) and the text to store for it. */
void password_setup_token(Arena *a, const char **out_token, const char **out_stored);

#endif
