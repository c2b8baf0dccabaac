/*
 * Links on their way in: an id, {"id": 5}, or a number, name, login or code that means one record.
 * Linking needs a target the caller may read (people, departments, roles: anyone); people must be active.
 */
#ifndef RECORD_LINK_RESOLVE_H
#define RECORD_LINK_RESOLVE_H

#include "record/save.h"

/* The entity a link leads to in this record; NULL where the field that names it is empty, or there is none. */
const Entity *link_target(const Field *f, const DbVal *values);

/* JSON → id. ERR_TYPE, ERR_REF_NOT_FOUND (also where the caller may not read it), ERR_REF_AMBIGUOUS (with the candidates
   in the message) under f->name. trusted: an id is taken as it is, names are sought in all live rows. */
bool link_from_json(Ctx *c, const Field *f, const Entity *to, json_object *in, bool trusted,
                    int64_t *out);

/* Is this row one the caller may do act on? A failure of the database says no, and is in the Ctx. */
bool link_in_scope(Ctx *c, const Entity *to, int64_t id, Action act);

/* *closes: does making `target` the parent of `id` by the self-link f close a circle? false: it could not be found out. */
bool link_closes_circle(Ctx *c, const Field *f, int64_t id, int64_t target, bool *closes);
/* ERR_INVALID where it does. */
bool link_no_cycle(Ctx *c, const Field *f, int64_t id, int64_t target);

/* Fills w->links: one statement that counts the live rows among the links changed. */
void link_prepare_check(Ctx *c, SaveWork *w);
/* In the transaction: they are all still there. ERR_REF_NOT_FOUND otherwise. */
bool link_check(Ctx *c, SaveWork *w);

/* A row of a tree (Entity.tree) by the names down to it, "总部/销售部/华东组"; it may begin anywhere. ERR_REF_NOT_FOUND,
   ERR_REF_AMBIGUOUS under f. */
bool link_by_path(Ctx *c, const Field *f, const Entity *to, const char *text, int64_t *out);

#endif
