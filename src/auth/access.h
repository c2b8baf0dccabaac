/*
 * The one gate to data. Every way to a row or a field asks here: lists, details, counts, search,
 * export, timelines, files, jobs. Default deny. Scopes are filter trees (meta/filter.h), so they
 * are compiled into the very statement that reads.
 */
#ifndef AUTH_ACCESS_H
#define AUTH_ACCESS_H

#include "auth/actor.h"
#include "meta/describe.h"

/* May the caller do this to the entity at all? (No mistake recorded.) */
bool access_may(const Ctx *c, const Entity *e, Action act);
/* The same with ERR_FORBIDDEN recorded. */
bool access_need(Ctx *c, const Entity *e, Action act);
bool access_need_right(Ctx *c, Right r);
/* ERR_STEP_UP_REQUIRED unless the step-up is fresh. */
bool access_need_step_up(Ctx *c);

/*
 * The rows on which the caller may do act, as a filter on e (never NULL; FALSE where he may nothing).
 * A record with a parent (Entity.parent) is readable with its parent or when own; editing and deleting it ask its own
 * scope or the parent's edit scope. Deleted rows are not considered here.
 */
Filter *access_scope(Ctx *c, const Entity *e, Action act);
/* The rows in which he reads personal fields in clear. */
Filter *access_clear_scope(Ctx *c, const Entity *e);

/* One field. masked: he reads it masked in rows outside access_clear_scope. */
FieldRight access_field(const Ctx *c, const Field *f, bool *out_masked);
/* For meta/filter and meta/describe. */
extern const FilterGuard access_filter_guard;
DescribeRights access_describe(const Ctx *c);
FilterMe access_me(const Ctx *c);

/* 16 hex digits over all that decides what the caller sees of the schema; for ETags. */
const char *access_digest(Ctx *c);

#endif
