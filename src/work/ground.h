/* The context of work that no request asked for: an arena, the database, the model, the program itself as the one who acts. */
#ifndef WORK_GROUND_H
#define WORK_GROUND_H

#include "auth/actor.h"
#include "db/db.h"

/* c->a is the arena; work_ground_end gives connection, model and arena back. */
void work_ground(Ctx *c, Db *db, Channel ch);
void work_ground_end(Ctx *c);

#endif
