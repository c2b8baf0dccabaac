/*
 * Signing in and out, sessions, tokens, step-up, passwords. Sessions are opaque 256-bit tokens stored
 * as SHA-256; idle 30 min, absolute 12 h (settings); a disabled user's next request finds none.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "auth/actor.h"
#include "base/buf.h"
#include "base/map.h"

typedef struct SessionOpened {
    const char *token; /* for the cookie, 43 characters base64url */
    const char *csrf;
    int64_t user;
    const char *ticket; /* second factor wanted: then token is NULL, and session_verify opens */
} SessionOpened;

/* Same answer and same work for a wrong login, a wrong password and a locked account (ERR_BAD_CREDENTIALS; ERR_LOCKED_OUT
   only where the password was right; ERR_LIMIT with retry_after for an address that fails too often). */
bool session_open(Ctx *c, const char *login, const char *password, const char *ip,
                  const char *agent, SessionOpened *out);
/* Behind the ticket of session_open: the second factor (auth/second.h). ERR_BAD_CREDENTIALS where ticket or code is wrong or
   over. */
bool session_verify(Ctx *c, const char *ticket, const char *method, const char *code,
                    const char *ip, const char *agent, SessionOpened *out);
/* The actor of a cookie; ERR_NOT_SIGNED_IN. */
bool session_find(Ctx *c, const char *token, const char *ip, const char *agent, Actor **out);
/* What the header of a change must equal for a session with this token. */
const char *session_csrf(Arena *a, const char *token);
bool session_close(Ctx *c, int64_t session);
/* {"data": [{id, created_at, seen_at, ip, device, current}]} of user (0: one's own), newest first; another's with the
   right "sessions" only (ERR_FORBIDDEN). Ends one of them: one's own, with that right anybody's; ERR_NOT_FOUND otherwise;
   never by a bearer token. */
bool session_list(Ctx *c, int64_t user, Buf *out);
bool session_end(Ctx *c, int64_t id);
bool session_close_all(Ctx *c, int64_t user, int64_t but_session);
enum { SESSION_STEP_UP_MS = 5 * 60000 };
/* Step-up: valid 5 minutes for this session. By the second factor where the account has one, else by the password where the
   setting step_up.password allows. Never for a bearer token. */
bool session_step_up(Ctx *c, const char *method, const char *code);
/* Is it the caller's password? ERR_BAD_CREDENTIALS (field), ERR_LIMIT after ten wrong ones in an hour; a wrong one
   is audited as action. */
bool session_password_proof(Ctx *c, const char *field, const char *password, const char *action);
/* The methods open to the caller, for the 403: "sms", "recovery", or "password". */
const char *const *session_step_up_methods(Ctx *c, int *n);

bool password_check_policy(Ctx *c, const char *field, const char *password, const char *login,
                           const char *name);
bool password_hash_text(Ctx *c, const char *password, const char **out);
/* Did the caller sign in by a one-time token? Then password_change asks for no old password. */
bool password_first(Ctx *c, bool *out);
bool password_change(Ctx *c, const char *old_password, const char *new_password);
bool password_set(Ctx *c, int64_t user, const char *password,
                  bool must_change); /* inside or outside a write */

/* Bearer tokens. */
bool token_create(Ctx *c, const char *name, const char *const *scopes, int64_t expires_at_ms,
                  int64_t *out_id, const char **out_token);
bool token_find(Ctx *c, const char *token, const char *ip, const char *agent, Actor **out);
/* One's own (with the right "sessions" anybody's); ERR_NOT_FOUND otherwise. */
bool token_delete(Ctx *c, int64_t id);
/* {"data": [{id, name, scopes, prefix, created_at, expires_at, last_used_at}]}: one's own that are not withdrawn. */
bool token_list(Ctx *c, Buf *out);

/*
 * The clock of sessions and locks, ms UTC: follows the wall clock forwards, never goes back, and moves at least as fast as
 * the monotonic clock, so that setting the clock back prolongs nothing (C45). Per process; a session or lock that seems to
 * begin in the future (made before a restart) is over.
 */
int64_t session_now(const Ctx *c);
void session_clock_reset(void); /* for tests */
/* Does a second verification that ends at `until` (of that clock) still hold? Not one that would end later than any can. */
bool session_step_up_holds(const Ctx *c, int64_t until);

/* Which of these sessions, or bearer tokens (ids, at most 500), still open the door: their ids as decimal text into out. One
   statement; looking prolongs nothing. */
bool session_alive(Ctx *c, const int64_t *sessions, int n, Map *out);
bool token_alive(Ctx *c, const int64_t *tokens, int n, Map *out);

/* Deletes sessions that are over (upkeep). */
bool session_sweep(Ctx *c);

/* Rate limits kept in the database, so that several processes count together: at most n per window.
   ERR_LIMIT with retry_after. key: "reset:12", "login:1.2.3.4" … By session_now. */
bool rate_take(Ctx *c, const char *key, int n, int64_t window_ms, int amount);

#endif
