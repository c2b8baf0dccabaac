/*
 * What a person keeps for himself on the server: one JSON object on his row (shortcuts, look). Free
 * in content, bounded in size, read by nobody else; the program itself looks at none of it.
 */
#ifndef AUTH_PREFS_H
#define AUTH_PREFS_H

#include "auth/actor.h"
#include "base/json_read.h"

enum { PREFS_MAX = 16384 }; /* bytes of the whole object as JSON */

/* The caller's object as JSON text in the arena; "{}" where there is none. NULL: the reason in c. */
const char *prefs_read(Ctx *c);
/* Lays the members of patch over it, each as a whole; null takes one away. ERR_INVALID past PREFS_MAX. Outside a write. */
bool prefs_merge(Ctx *c, json_object *patch);
/* The same for how he wants to be told (user.notify_prefs; checked by record/notify_prefs.c before). */
bool prefs_merge_notify(Ctx *c, json_object *patch);

#endif
