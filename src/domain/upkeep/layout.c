/*
 * What a layout must keep to: an entity with pages, a role that is there, a definition that fits, one of each kind for a
 * role. The actions entities and catalog tell whoever lays fields out which there are, whether or not he may read the records.
 */
#include "record/layout.h"

#include <string.h>

#include "auth/role.h"
#include "base/json_read.h"
#include "entity_ids.h"
#include "record/hooks.h"

static bool layout_before_save(Ctx *c, Save *s)
{
    const char *name = save_text(c, s, LAYOUT_ENTITY), *role = save_text(c, s, LAYOUT_ROLE);
    const Entity *of = name ? model_entity(c->model, name) : NULL;
    int64_t id = 0;
    if (!name)
        return true; /* required: said by the engine */
    if (!of || !of->routes)
        return ctx_fail(c, ERR_INVALID, "entity", "err.layout_entity", name);
    if (role && *role && s->is_new) {
        if (!role_find(c, role, &id))
            return false;
        if (!id)
            ctx_fail(c, ERR_INVALID, "role", "err.layout_role", role);
    }
    return layout_check(c, of, s->after) && c->n_err == 0;
}

/* One of each kind for a role: two would leave it open which one holds. */
static bool layout_after_save(Ctx *c, Save *s)
{
    const DbVal *v = s->after;
    if (!s->is_new)
        return true;
    const Field *role = &s->e->fields[LAYOUT_ROLE];
    Filter *same = filter_and(c->a, rec_is(c, s->e, LAYOUT_ENTITY, v[LAYOUT_ENTITY]),
                              rec_is(c, s->e, LAYOUT_KIND, v[LAYOUT_KIND]));
    bool everybody = v[LAYOUT_ROLE].kind != DB_TEXT || v[LAYOUT_ROLE].n == 0;
    Filter *whose = everybody ? filter_leaf(c->a, role, OP_IS_NULL, NULL, 0)
                              : rec_is(c, s->e, LAYOUT_ROLE, v[LAYOUT_ROLE]);
    int64_t n = 0;
    if (!rec_count(c, s->e, filter_and(c->a, same, whose), &n))
        return false;
    return n <= 1 || ctx_fail(c, ERR_CONFLICT, "kind", "err.layout_there");
}

static void write_entities(Ctx *c, Buf *out)
{
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < c->model->n; i++)
        if (c->model->entities[i].menu && c->model->entities[i].routes)
            describe_entity_short(&w, &c->model->entities[i], NULL);
    jw_end(&w);
    jw_end(&w);
}

static bool layout_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                          json_object *in, Buf *out, bool *handled)
{
    (void)e, (void)r;
    bool all = strcmp(name, "entities") == 0;
    *handled = all || strcmp(name, "catalog") == 0;
    if (all)
        write_entities(c, out);
    if (all || !*handled)
        return true;
    const char *wanted = json_str(in, "entity", "");
    const Entity *of = model_entity(c->model, wanted);
    if (!of || !of->routes)
        return ctx_fail(c, ERR_INVALID, "entity", "err.layout_entity", wanted);
    Jw w;
    jw_init(&w, out);
    describe_entity(&w, of, NULL, NULL);
    return true;
}

extern const RecordHooks layout_hooks;
const RecordHooks layout_hooks = {
    .before_save = layout_before_save, .after_save = layout_after_save, .action = layout_action};
