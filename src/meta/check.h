/*
 * What the parts of entity files mean together: links lead somewhere, defaults are allowed values,
 * columns do not collide, orders have an index, rights are known. Run at build by tools/mkmeta, at
 * start, and for every custom field before it is saved. All mistakes are recorded, each with its line.
 */
#ifndef META_CHECK_H
#define META_CHECK_H

#include "meta/parse.h"

/* sources: for line numbers; may lack the file of an entity. */
bool check_model(Ctx *c, const Model *m, const MetaSource *sources, int n);

/* The words of role rows and rights, NULL-terminated. */
extern const char *const meta_action_names[];
extern const char *const meta_scope_names[];
extern const char *const meta_right_names[];
/* Words of the API's own paths, which no entity with routes may have as its plural. */
bool meta_is_reserved_plural(const char *plural);
/* Tables of the engine itself (meta/plan.c), whose names no entity may take. */
bool meta_is_engine_table(const char *name);

#endif
