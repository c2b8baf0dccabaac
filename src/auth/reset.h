/*
 * Links that set a password: sent when somebody forgot it or is invited. One token of 128 bits, kept as its digest, for one
 * use within its time; a new one ends the former, the use ends all sessions (SECURITY C10).
 */
#ifndef AUTH_RESET_H
#define AUTH_RESET_H

#include "base/ctx.h"

/* In a write. kind "reset" or "invite". *out_token: 22 characters for the link. */
bool reset_make(Ctx *c, int64_t user, const char *kind, int64_t life_ms, const char **out_token);
/* Is there such a token, still good? *out_login and *out_kind of it; ERR_NOT_FOUND otherwise. Outside a write. */
bool reset_look(Ctx *c, const char *token, const char **out_login, const char **out_kind);
/* Sets the password (policy: field "password"); ERR_NOT_FOUND where the token is used up, over or unknown. Outside a write. */
bool reset_use(Ctx *c, const char *token, const char *password);
/* In a write: links of this person that are under way open nothing any more. */
bool reset_forget(Ctx *c, int64_t user);
/* Those that are over go, in short writes. */
bool reset_sweep(Ctx *c);

#endif
