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
/* The record that this one belongs to by its values: its entity and *id; NULL where it belongs to none. */
const Entity *children_whole(const Entity *e, const DbVal *v, int64_t *id);

/* ERR_CONFLICT where that lies in the bin or is gone: it brings its parts back itself, and a part alone would hang in the air. */
bool children_whole_lives(Ctx *c, const Record *r);

/* A look at what goes along, before anything is written: at what is live where the wholes are to be deleted, at what went with
   the very stamp of its whole where they are to come back. */
typedef struct ChildrenWalk {
    bool back; /* they come back */
    const unsigned char
        *way; /* by the place of an entity in its model: is it looked at, and what is below it? */
    bool (*see)(Ctx *c, const Entity *child, const DbIds *ids, void *arg); /* false ends it */
    void *arg;
} ChildrenWalk;
/* way: 1 for the entities to be looked at, and from here on for those that have such a one below them. Is there any below e? */
bool children_leads(const Entity *e, unsigned char *way);
/* All parts of these records of e, and theirs; one statement for each entity below an entity. False where see said so, and
   ERR_CONFLICT where they lie too deep. */
bool children_along(Ctx *c, const Entity *e, const DbIds *wholes, const ChildrenWalk *w);

/* Children of id, and theirs, that are live go with the same stamp. Flows of approval were asked by the caller. */
bool children_delete(Ctx *c, const Entity *e, int64_t id, int64_t stamp);
/* Those that went with that very stamp come back. */
bool children_restore(Ctx *c, const Entity *e, int64_t id, int64_t stamp);
/* Children (and theirs) of the former owner get the new one. */
bool children_follow(Ctx *c, const Entity *e, int64_t id, const DbVal *former, const DbVal *owner,
                     const DbVal *department, const char *action);

#endif
