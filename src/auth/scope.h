/*
 * From the rights of an actor to filter trees. The pieces behind access_scope; used by access.c and
 * by later scopes (pool, queue) that join here.
 */
#ifndef AUTH_SCOPE_H
#define AUTH_SCOPE_H

#include "auth/actor.h"

/* What "own" means for an action. */
typedef enum OwnKind {
    OWN_STRICT,      /* he is the owner */
    OWN_SHARED_READ, /* or the record is shared with him */
    OWN_SHARED_WRITE /* or it is shared with him for editing */
} OwnKind;
OwnKind scope_own_kind(Action act);

/* The rows of e in the scopes (1u << SCOPE_…). Any scope includes the own rows; 0 gives FALSE. */
Filter *scope_filter(Ctx *c, const Entity *e, unsigned scopes, OwnKind own);

/* The entities a record of e can belong to by Entity.parent: one, or with to_field each entity among the options of that
   field. At most max are written; the number is returned. */
int scope_parents(const Entity *e, const Entity **out, int max);
enum { SCOPE_PARENTS_MAX = 32 };

#endif
