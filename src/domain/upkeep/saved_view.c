/* What a saved view must keep to: an entity its owner may read, conditions and columns that exist, one default each. */
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/saved_view.h"

static bool saved_view_before_save(Ctx *c, Save *s)
{
    const char *name = save_text(c, s, SAVED_VIEW_ENTITY);
    const Entity *of = name ? model_entity(c->model, name) : NULL;
    if (!name)
        return true; /* required: said by the engine */
    if (!of || !of->routes || !access_may(c, of, ACT_READ))
        return ctx_fail(c, ERR_INVALID, "entity", "err.view_entity", name);
    return view_check(c, of, s->after);
}

/* Whoever makes a view the default takes that from his former one. */
static bool saved_view_after_save(Ctx *c, Save *s)
{
    const Entity *e = s->e;
    const DbVal *v = s->after;
    if (v[SAVED_VIEW_IS_DEFAULT].kind != DB_INT || !v[SAVED_VIEW_IS_DEFAULT].i ||
        !save_changed(s, SAVED_VIEW_IS_DEFAULT) || v[STD_OWNER].kind != DB_INT)
        return true;
    Filter *mine = filter_and(c->a, rec_is(c, e, STD_OWNER, v[STD_OWNER]),
                              rec_is(c, e, SAVED_VIEW_ENTITY, v[SAVED_VIEW_ENTITY]));
    mine = filter_and(c->a, mine, rec_is(c, e, SAVED_VIEW_IS_DEFAULT, db_of_int(1)));
    mine = filter_and(c->a, mine, filter_not(c->a, filter_ids(c->a, &s->id, 1)));
    Record r;
    for (bool found = true; found;) {
        if (!rec_find_one(c, e, mine, NULL, &r, &found))
            return false;
        int field = SAVED_VIEW_IS_DEFAULT;
        DbVal no = db_of_int(0);
        if (found && !rec_touch(c, e, r.id, &field, &no, 1))
            return false;
    }
    return true;
}

extern const RecordHooks saved_view_hooks;
const RecordHooks saved_view_hooks = {.before_save = saved_view_before_save,
                                      .after_save = saved_view_after_save};
