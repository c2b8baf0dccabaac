/*
 * Roles: rights are checked word by word, changing them needs a fresh step-up, leaves a row
 * role_change in the audit log and empties the caches of who may what.
 */
#include <string.h>

#include "auth/role.h"
#include "domain/upkeep/factor.h"
#include "entity_ids.h"
#include "record/hooks.h"

/* The two roles that open everything else keep the right to do so, else nobody could give it back. */
static bool keeps_keys(Ctx *c, Save *s, const char *rights)
{
    static const struct {
        const char *role;
        Right right;
    } keys[] = {{"security_admin", RIGHT_ROLES}, {"system_admin", RIGHT_USERS}};
    const char *code = save_text(c, s, ROLE_CODE);
    for (size_t i = 0; code && i < sizeof keys / sizeof *keys; i++) {
        unsigned general = 0;
        if (strcmp(code, keys[i].role) != 0)
            continue;
        EntityRight *ents = ARENA_ARRAY(c->a, c->model->n, EntityRight);
        role_add_rights(c, c->model, code, rights, &general, ents);
        if (!(general & (1u << keys[i].right)))
            return ctx_fail(c, ERR_INVALID, "rights", "err.role_keys", right_name(keys[i].right));
    }
    return true;
}

/* ["task", "contact"]: entities that have a place in the menu. */
static bool menus_check(Ctx *c, const char *text)
{
    json_object *list;
    if (!json_read(c, text, strlen(text), &list))
        return false;
    if (json_object_is_type(list, json_type_null))
        return true;
    if (!json_object_is_type(list, json_type_array))
        return ctx_fail(c, ERR_INVALID, "hidden_menus", "err.list_wanted", "hidden_menus");
    bool ok = true;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *it = json_object_array_get_idx(list, i);
        const char *name =
            json_object_is_type(it, json_type_string) ? json_object_get_string(it) : "?";
        const Entity *e = model_entity(c->model, name);
        if (!e || !e->menu || !e->routes)
            ok = ctx_fail(c, ERR_INVALID, "hidden_menus", "err.menu_unknown", name);
    }
    return ok;
}

static bool role_before_save(Ctx *c, Save *s)
{
    bool changed = s->is_new || save_changed(s, ROLE_RIGHTS);
    if (changed && !s->o->trusted && !access_need_step_up(c))
        return false;
    if (!s->o->trusted && save_changed(s, ROLE_FACTOR_REQUIRED) &&
        (!access_need_step_up(c) || (s->after[ROLE_FACTOR_REQUIRED].kind == DB_INT &&
                                     s->after[ROLE_FACTOR_REQUIRED].i == 1 && !factor_first(c))))
        return false;
    const char *rights = save_text(c, s, ROLE_RIGHTS), *menus = save_text(c, s, ROLE_HIDDEN_MENUS);
    json_object *o;
    if (save_changed(s, ROLE_HIDDEN_MENUS) && menus && !menus_check(c, menus))
        return false;
    if (changed && rights)
        return json_read(c, rights, strlen(rights), &o) && role_rights_check(c, "rights", o) &&
               keeps_keys(c, s, rights);
    return true;
}

static bool role_after_save(Ctx *c, Save *s)
{
    if (save_changed(s, ROLE_RIGHTS) || s->is_new) {
        AuditEntry a = {.action = "role_change",
                        .entity = "role",
                        .record = s->id,
                        .record_name = save_text(c, s, ROLE_CODE),
                        .changes = "{\"fields\":[\"rights\"]}"};
        if (!audit_add(c, &a))
            return false;
    }
    return db_change(c, "access", s->id);
}

static bool role_before_delete(Ctx *c, const Record *r)
{
    const Entity *user = model_entity(c->model, "user");
    int64_t holders = 0;
    if (r->v[ROLE_IS_SYSTEM].kind == DB_INT && r->v[ROLE_IS_SYSTEM].i)
        return ctx_fail(c, ERR_IN_USE, NULL, "err.role_built_in");
    if (!access_need_step_up(c))
        return false;
    if (user) {
        DbVal *id = ARENA_NEW(c->a, DbVal);
        *id = db_of_int(r->id);
        if (!rec_count(c, user, filter_leaf(c->a, &user->fields[USER_ROLES], OP_CONTAINS, id, 1),
                       &holders))
            return false;
    }
    if (holders > 0)
        return ctx_fail(c, ERR_IN_USE, NULL, "err.role_held", ctx_num(c, holders));
    return db_change(c, "access", r->id);
}

static bool role_after_restore(Ctx *c, const Record *r)
{
    return db_change(c, "access", r->id);
}

static void role_after_commit(Ctx *c, Save *s)
{
    (void)c;
    (void)s;
    actor_cache_clear(); /* here at once; elsewhere by topic "access" */
}

/* effective: what holds for the role, its own rows laid over the declared ones, as the page's table shows it. */
static bool role_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in,
                        Buf *out, bool *handled)
{
    (void)e, (void)in;
    if (strcmp(name, "effective") != 0 || !r)
        return true;
    *handled = true;
    const DbVal *own = &r->v[ROLE_RIGHTS], *code = &r->v[ROLE_CODE];
    const char *rights = own->kind == DB_TEXT ? arena_dup(c->a, own->s, own->n) : NULL;
    return role_rights_effective(c, arena_dup(c->a, code->s, code->n), rights, out);
}

extern const RecordHooks role_hooks;
const RecordHooks role_hooks = {.action = role_action,
                                .before_save = role_before_save,
                                .after_save = role_after_save,
                                .after_commit = role_after_commit,
                                .before_delete = role_before_delete,
                                .after_restore = role_after_restore};
