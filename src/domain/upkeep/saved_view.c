/*
 * What a saved view must keep to: an entity its owner may read, conditions and columns that exist, one default each; and who
 * may make one the default of others.
 */
#include <string.h>

#include "auth/role.h"
#include "base/json_read.h"
#include "base/vec.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/saved_view.h"

enum { MAX_ROLES = 50 };

/* ---- whose default it is --------------------------------------------------------------------- */

/* default_for as a list; NULL for none. */
static json_object *codes_of(Ctx *c, const DbVal *v)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (v->kind != DB_TEXT || !v->n)
        return NULL;
    if (json_read(c, v->s, v->n, &o))
        return json_object_is_type(o, json_type_array) && json_object_array_length(o) ? o : NULL;
    ctx_errors_back_to(c, before);
    return NULL;
}

static const char *code_at(json_object *list, size_t i)
{
    json_object *it = json_object_array_get_idx(list, i);
    return json_object_is_type(it, json_type_string) ? json_object_get_string(it) : NULL;
}

static bool names(json_object *list, const char *code)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        const char *has = code_at(list, i);
        if (has && strcmp(has, code) == 0)
            return true;
    }
    return false;
}

static bool check_codes(Ctx *c, const DbVal *v)
{
    json_object *o = NULL;
    if (v->kind != DB_TEXT || (json_read(c, v->s, v->n, &o) && !o))
        return c->n_err == 0;
    if (!json_object_is_type(o, json_type_array) || json_object_array_length(o) > MAX_ROLES)
        return ctx_fail(c, ERR_INVALID, "default_for", "err.view_default_list");
    for (size_t i = 0; i < json_object_array_length(o); i++) {
        const char *code = code_at(o, i);
        int64_t id = 0;
        if (!code)
            return ctx_fail(c, ERR_INVALID, "default_for", "err.view_default_list");
        if (strcmp(code, "*") != 0 && !role_find(c, code, &id))
            return false;
        if (strcmp(code, "*") != 0 && !id)
            ctx_fail(c, ERR_INVALID, "default_for", "err.layout_role", code);
    }
    return c->n_err == 0;
}

/* A list of everybody's is arranged by whom the layouts are arranged by. */
static bool check_default(Ctx *c, Save *s)
{
    const char *shared = save_text(c, s, SAVED_VIEW_SHARED);
    bool everyone = shared && strcmp(shared, "everyone") == 0;
    if (!save_changed(s, SAVED_VIEW_DEFAULT_FOR)) {
        if (!everyone && codes_of(c, &s->after[SAVED_VIEW_DEFAULT_FOR]))
            save_set(s, SAVED_VIEW_DEFAULT_FOR, db_null());
        return true;
    }
    bool none = !codes_of(c, &s->after[SAVED_VIEW_DEFAULT_FOR]) &&
                (s->is_new || !codes_of(c, &s->before[SAVED_VIEW_DEFAULT_FOR]));
    if (!none && !c->actor->is_system && !actor_has(c->actor, RIGHT_FIELDS))
        return ctx_fail(c, ERR_FORBIDDEN, "default_for", "err.view_default_right");
    if (!check_codes(c, &s->after[SAVED_VIEW_DEFAULT_FOR]))
        return false;
    if (!everyone && codes_of(c, &s->after[SAVED_VIEW_DEFAULT_FOR]))
        return ctx_fail(c, ERR_INVALID, "default_for", "err.view_default_shared");
    return true;
}

/* Nothing of the view itself: whoever arranges lists need not read their records for that. */
static bool only_default(const Save *s)
{
    if (s->is_new)
        return false;
    for (int i = 0; i < s->e->n_fields; i++)
        if (s->changed[i] && i != SAVED_VIEW_DEFAULT_FOR && i != STD_VERSION &&
            i != STD_UPDATED_AT && i != STD_UPDATED_BY)
            return false;
    return true;
}

static bool saved_view_before_save(Ctx *c, Save *s)
{
    const char *name = save_text(c, s, SAVED_VIEW_ENTITY);
    const Entity *of = name ? model_entity(c->model, name) : NULL;
    if (!name)
        return true; /* required: said by the engine */
    if (!of || !of->routes || (!only_default(s) && !access_may(c, of, ACT_READ)))
        return ctx_fail(c, ERR_INVALID, "entity", "err.view_entity", name);
    return (only_default(s) || view_check(c, of, s->after)) && check_default(c, s);
}

/* ---- one default each ------------------------------------------------------------------------ */

/* What is left of a list without the codes of another one; NULL for nothing. *same: nothing was taken out. */
static const char *without(Ctx *c, json_object *list, json_object *gone, bool *same)
{
    json_object *left = json_object_new_array();
    *same = true;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *code = code_at(list, i);
        if (code && names(gone, code))
            *same = false;
        else if (code)
            json_object_array_add(left, json_object_new_string(code));
    }
    const char *text =
        json_object_array_length(left)
            ? arena_str(c->a, json_object_to_json_string_ext(left, JSON_C_TO_STRING_PLAIN))
            : NULL;
    json_object_put(left);
    return text;
}

/* Whom this one opens for now, the former one opens for no more. */
static bool take_roles(Ctx *c, Save *s)
{
    const Entity *e = s->e;
    json_object *mine = codes_of(c, &s->after[SAVED_VIEW_DEFAULT_FOR]);
    VEC(int64_t) seen = {0};
    vec_push(c->a, &seen, s->id);
    if (!mine || !save_changed(s, SAVED_VIEW_DEFAULT_FOR))
        return true;
    if (!db_alone(c, "saved_view.default_for"))
        return false;
    for (;;) {
        Filter *others =
            filter_and(c->a, rec_is(c, e, SAVED_VIEW_ENTITY, s->after[SAVED_VIEW_ENTITY]),
                       filter_leaf(c->a, &e->fields[SAVED_VIEW_DEFAULT_FOR], OP_NOT_NULL, NULL, 0));
        others =
            filter_and(c->a, others, filter_not(c->a, filter_ids(c->a, seen.items, (int)seen.n)));
        Record r;
        bool found, same;
        if (!rec_find_one(c, e, others, NULL, &r, &found))
            return false;
        if (!found)
            return true;
        vec_push(c->a, &seen, r.id);
        json_object *list = codes_of(c, &r.v[SAVED_VIEW_DEFAULT_FOR]);
        const char *left = list ? without(c, list, mine, &same) : NULL;
        int field = SAVED_VIEW_DEFAULT_FOR;
        DbVal v = left ? db_of_text(left) : db_null();
        if (list && !same && !rec_touch(c, e, r.id, &field, &v, 1))
            return false;
    }
}

/* Whoever makes a view his default takes that from his former one. */
static bool take_own(Ctx *c, Save *s)
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

static bool saved_view_after_save(Ctx *c, Save *s)
{
    return take_own(c, s) && take_roles(c, s);
}

extern const RecordHooks saved_view_hooks;
const RecordHooks saved_view_hooks = {.before_save = saved_view_before_save,
                                      .after_save = saved_view_after_save};
