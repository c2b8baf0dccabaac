/*
 * Layouts: how the page arranges the fields of an entity (entity layout), for everybody or for a role. They are laid over
 * the entity file when /schema is asked for; what somebody may see is decided afterwards and elsewhere (auth/access.h).
 */
#ifndef RECORD_LAYOUT_H
#define RECORD_LAYOUT_H

#include "record/record.h"

/* The layouts of e that hold for the caller, one of each kind: of his roles the one with the largest rank, else the one for
   everybody. One statement. out_digest: "" where there is none, else text that changes with them; for ETags. */
bool layout_resolve(Ctx *c, const Entity *e, Layouts *out, const char **out_digest);

/* Does a definition fit its entity? Fields exist, once each; what a form must ask for is not hidden. Mistakes stand under
   "definition". values: of entity layout by Field.index. */
bool layout_check(Ctx *c, const Entity *of, const DbVal *values);

#endif
