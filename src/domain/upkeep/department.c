/*
 * Departments: path ("/3/17/") is kept for scopes "department and below"; a department that moves takes
 * its whole subtree along; one that is in use is not deleted.
 */
#include <inttypes.h>
#include <string.h>

#include "auth/user.h"
#include "entity_ids.h"
#include "record/hooks.h"

static bool department_before_save(Ctx *c, Save *s)
{
    const DbVal *parent = &s->after[DEPARTMENT_PARENT];
    const char *above = "/";
    if (!s->is_new && !save_changed(s, DEPARTMENT_PARENT))
        return true;
    if (parent->kind == DB_INT) {
        Record r;
        if (!rec_load(c, model_entity(c->model, "department"), parent->i, &r))
            return c->n_err == 0 && ctx_fail(c, ERR_REF_NOT_FOUND, "parent", "err.ref.not_found",
                                             ctx_num(c, parent->i));
        if (r.v[DEPARTMENT_PATH].kind == DB_TEXT)
            above = arena_dup(c->a, r.v[DEPARTMENT_PATH].s, r.v[DEPARTMENT_PATH].n);
    }
    const char *path = arena_printf(c->a, "%s%" PRId64 "/", above, s->id);
    if (strlen(path) > 500)
        return ctx_fail(c, ERR_INVALID, "parent", "err.department_deep");
    save_set(s, DEPARTMENT_PATH, db_of_text(path));
    return true;
}

static bool department_after_save(Ctx *c, Save *s)
{
    if (!s->is_new && save_changed(s, DEPARTMENT_PATH) &&
        !user_refresh_paths(c)) /* the subtree below it */
        return false;
    return db_change(c, "access", s->id);
}

static bool department_before_delete(Ctx *c, const Record *r)
{
    const Entity *user = model_entity(c->model, "user");
    int64_t below, people = 0;
    if (!rec_count(c, r->e, rec_is(c, r->e, DEPARTMENT_PARENT, db_of_int(r->id)), &below) ||
        (user && !rec_count(c, user, rec_is(c, user, USER_DEPARTMENT, db_of_int(r->id)), &people)))
        return false;
    if (below > 0 || people > 0)
        return ctx_fail(c, ERR_IN_USE, NULL, "err.department_in_use", ctx_num(c, people),
                        ctx_num(c, below));
    return db_change(c, "access", r->id);
}

static bool department_after_restore(Ctx *c, const Record *r)
{
    return db_change(c, "access", r->id);
}

static void department_after_commit(Ctx *c, Save *s)
{
    (void)c;
    (void)s;
    actor_cache_clear();
}

extern const RecordHooks department_hooks;
const RecordHooks department_hooks = {.before_save = department_before_save,
                                      .after_save = department_after_save,
                                      .after_commit = department_after_commit,
                                      .before_delete = department_before_delete,
                                      .after_restore = department_after_restore};
