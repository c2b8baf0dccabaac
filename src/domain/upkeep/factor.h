/* The second factor as people meet it: codes by SMS, the number of a person, and who takes it away. Used by http. */
#ifndef DOMAIN_UPKEEP_FACTOR_H
#define DOMAIN_UPKEEP_FACTOR_H

#include "auth/second.h"
#include "base/buf.h"

/* Sends a code for the step (s filled by second_find, or for step_up and enrol by the caller: then a row is made). ERR_CONFLICT
   where the house has no way to send one, ERR_LIMIT where enough were sent. */
bool factor_send(Ctx *c, const Second *s, const char *network);
/* {"to": masked, "state": "none" | "sending" | "sent" | "failed", "why", "wait_s"} of the newest sending. */
bool factor_sending(Ctx *c, const Second *s, Buf *out);

/* {"on", "to", "since", "recovery", "required", "due", "ready"} of the caller. */
bool factor_json(Ctx *c, Buf *out);
/* A number is to be the caller's: proof by his password, or by a fresh step-up where he has a factor; then a code goes there. */
bool factor_enrol(Ctx *c, const char *mobile, const char *password, const char *network);
/* The code came back: {"recovery": [ten codes]}, told once. */
bool factor_confirm(Ctx *c, const char *code, Buf *out);
/* New codes on paper; taking the factor away (ERR_CONFLICT where one is required). Both need a step-up. */
bool factor_new_recovery(Ctx *c, Buf *out);
bool factor_leave(Ctx *c);
/* An administrator takes somebody's away (right users, step-up asked by the gate of actions). In or outside a write. */
bool factor_take(Ctx *c, int64_t user);
/* Must the caller register a number before anything else? No where the house cannot send codes just now: nobody is locked out
   by a service that is down. */
bool factor_due(Ctx *c, bool *out);
/* Who requires a factor of others has one himself: ERR_CONFLICT on factor_required. */
bool factor_first(Ctx *c);

#endif
