/*
 * What belongs to a record: rows of the entities whose Entity.parent leads to it. They go to the recycle
 * bin with it, come back with it, and follow its owner. All in the running write.
 */
#ifndef RECORD_CHILDREN_H
#define RECORD_CHILDREN_H

#include "db/sql.h"
#include "record/record.h"

/* The link field of child that makes it a child of e; NULL where it is none. */
const Field *children_link(const Entity *child, const Entity *e);
/* Where the link of child leads to several entities: " AND" it is e that it means; else nothing. alias of child, or NULL. */
void children_of(Sql *q, const char *alias, const Entity *child, const Field *link,
                 const Entity *e);
/* " FROM child WHERE" its link leads to this record of e. */
void children_where(Sql *q, const Entity *child, const Field *link, const Entity *e, int64_t id);
/* Children of id, and theirs, that are live go with the same stamp. free: flows of approval do not hold them. */
bool children_delete(Ctx *c, const Entity *e, int64_t id, int64_t stamp, bool free);
/* Those that went with that very stamp come back. */
bool children_restore(Ctx *c, const Entity *e, int64_t id, int64_t stamp);
/* Children (and theirs) of the former owner get the new one. */
bool children_follow(Ctx *c, const Entity *e, int64_t id, const DbVal *former, const DbVal *owner,
                     const DbVal *department, const char *action);

#endif
