/* Begins and ends background work. See ground.h. */
#include "work/ground.h"

#include "meta/model.h"

void work_ground(Ctx *c, Db *db, Channel ch)
{
    Arena *a = arena_new(0);
    ctx_init(c, a);
    c->db = db;
    Model *m = model_hold();
    c->model = m;
    arena_defer(a, model_release, m);
    c->actor = actor_system(a, ch);
}

void work_ground_end(Ctx *c)
{
    db_release(c);
    arena_free(c->a);
}
