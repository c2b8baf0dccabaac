/*
 * Repeated requests: a create that carries a key is carried out once. The row (key, user, route, digest of
 * the body, id given) is written in the transaction of the create and holds for 24 hours.
 */
#ifndef RECORD_IDEMPOTENCY_H
#define RECORD_IDEMPOTENCY_H

#include "record/save.h"

/* The key of a request that is no create: of this body and route, for a row of the entity. In the write: *answered is what
   was given before (0: nothing, and then idempotency_keep takes the key for id). key NULL: nothing. */
typedef struct IdemKey {
    const char *key, *route;
    json_object *body;
} IdemKey;
bool idempotency_given(Ctx *c, const IdemKey *k, const Entity *e, int64_t *answered);
bool idempotency_keep(Ctx *c, const IdemKey *k, const Entity *e, int64_t id);

/* Before the work: *answered is the id given before (0: none). The same key with another body is ERR_KEY_IN_USE. */
bool idempotency_seen(Ctx *c, SaveWork *w);
/*
 * In the transaction: takes the key. Somebody was quicker with the same request: w->answered is set and nothing
 * else is to be written.
 */
bool idempotency_take(Ctx *c, SaveWork *w);
/* Rows older than 24 hours go; for the scheduler. */
bool idempotency_purge(Ctx *c);

#endif
