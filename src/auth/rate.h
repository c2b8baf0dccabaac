/*
 * Counters behind rate limits and the lockout, in the table rate_hit(key, n, started_at, last_at).
 * rate_take (auth/session.h) is the ordinary limit; these are its parts, for the sign-in.
 */
#ifndef AUTH_RATE_H
#define AUTH_RATE_H

#include "base/ctx.h"

typedef struct RateState {
    int64_t n;          /* hits in the window; 0 where there are none */
    int64_t started_at; /* ms UTC of the first of them */
    int64_t last_at;    /* of the newest */
} RateState;

/* What the counter says now; a window that began window_ms ago or earlier counts as empty. */
bool rate_look(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, RateState *out);
/* Adds amount (a new window where the old is over) and tells the new state. Atomic; inside a write. */
bool rate_add(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, int64_t amount,
              RateState *out);
/* The same outside a write. */
bool rate_note(Ctx *c, const char *key, int64_t window_ms, int64_t now_ms, RateState *out);
bool rate_forget(Ctx *c, const char *key); /* inside a write */
/* Outside a write: one that rate_take took was none after all. Never below none. */
bool rate_give_back(Ctx *c, const char *key);
/*
 * A limit kept in memory, for what happens at every keystroke and is not worth a durable write: at most n per window in
 * this process (several processes allow as many times more). ERR_LIMIT with retry_after. Room for some
 * thousand keys at a time; beyond that the oldest window is forgotten early.
 */
bool rate_take_here(Ctx *c, const char *key, int n, int64_t window_ms);
/* A seat: at most `most` of one key at the same time in this process, 512 in all. ERR_LIMIT where there is none; else *out goes
   to rate_leave. */
bool rate_enter(Ctx *c, const char *key, int most, int *out);
void rate_leave(int seat);
/* Deletes counters untouched for age_ms (upkeep). */
bool rate_sweep(Ctx *c, int64_t age_ms);

#endif
