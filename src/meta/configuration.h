/*
 * Which entities are configuration (entity file, key "configuration"), in which order their rows are written, and what
 * they may refer to: everything in a file of configuration is named by natural keys, so whatever such a row points to
 * must have one.
 */
#ifndef META_CONFIGURATION_H
#define META_CONFIGURATION_H

#include "meta/parse.h"

/* The entities that are configuration, each behind those its rows refer to or come after. *stuck: one of a circle, where
   there is none such order; else NULL. Returns how many; the list is a's. */
int configuration_entities(Arena *a, const Model *m, const Entity *const **out,
                           const Entity **stuck);
/* Is the field part of what is carried? (not: ids, stamps, what the program writes, what is left out by declaration) */
bool configuration_carries(const Entity *e, const Field *f);
/* The state two actions set, or NULL. */
const ConfState *configuration_state(const Entity *e, const Field *f);
/* Has a row of the entity a name other than its id? Its "key", else its number. */
bool configuration_named(const Entity *e);

#endif
