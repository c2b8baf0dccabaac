/*
 * Accounts: the password goes in and only its hash stays, who is disabled loses his sessions, what a
 * person owns follows him into a new department, and the last one who can administer stays.
 */
#include <string.h>

#include "auth/reset.h"
#include "auth/role.h"
#include "auth/second.h"
#include "auth/session.h"
#include "auth/user.h"
#include "domain/upkeep/away.h"
#include "domain/upkeep/factor.h"
#include "domain/upkeep/reset.h"
#include "entity_ids.h"
#include "record/hooks.h"

static bool is_active(const DbVal *v)
{
    return v[USER_STATUS].kind == DB_TEXT && v[USER_STATUS].n == 6 &&
           memcmp(v[USER_STATUS].s, "active", 6) == 0;
}

static bool set_password(Ctx *c, Save *s)
{
    const char *password = save_text(c, s, USER_PASSWORD), *hash;
    save_set(s, USER_PASSWORD, db_null()); /* never stored */
    s->changed[USER_PASSWORD] = 0;
    if (!password)
        return true;
    const char *login = save_text(c, s, USER_LOGIN), *name = save_text(c, s, USER_NAME);
    if (!password_check_policy(c, "password", password, login ? login : "", name ? name : ""))
        return false;
    if (c->n_err || s->o->dry)
        return true; /* hashing is dear: not for a form that is refused anyway */
    if (!password_hash_text(c, password, &hash))
        return false;
    save_set(s, USER_PASSWORD_HASH, db_of_text(hash));
    if (s->is_new && s->o->import_job && !save_changed(s, USER_MUST_CHANGE_PASSWORD))
        save_set(s, USER_MUST_CHANGE_PASSWORD, db_of_int(1)); /* it stood in a file */
    save_set(s, USER_PASSWORD_CHANGED_AT, db_of_int(c->now_ms));
    save_set(s, USER_FAILED_LOGINS, db_of_int(0));
    save_set(s, USER_LOCKED_UNTIL, db_null());
    return true;
}

static bool new_address(const Save *s)
{
    const DbVal *now = &s->after[USER_EMAIL], *was = s->before ? &s->before[USER_EMAIL] : NULL;
    if (!was || !save_changed(s, USER_EMAIL))
        return false;
    return now->kind != was->kind ||
           (now->kind == DB_TEXT && (now->n != was->n || memcmp(now->s, was->s, now->n) != 0));
}

static bool raised(const Save *s, int field)
{
    bool was = s->before && s->before[field].kind == DB_INT && s->before[field].i == 1,
         is = s->after[field].kind == DB_INT && s->after[field].i == 1;
    return save_changed(s, field) && was != is;
}

static bool user_before_save(Ctx *c, Save *s)
{
    int n = 0;
    const int64_t *roles = save_many(s, USER_ROLES, &n);
    /* who keeps accounts does not give himself rights: roles are for those who hold the right "roles" */
    if (roles && !s->o->trusted && (n > 0 || !s->is_new)) {
        if (!actor_has(c->actor, RIGHT_ROLES))
            ctx_fail(c, ERR_PERM_DENIED, "roles", "err.perm.denied");
        else if (!access_need_step_up(c))
            return false;
    }
    /* The ways into somebody's account (a link to set a password goes to the address), so never by a stolen session or
       a bearer token alone. */
    if (!s->is_new && !s->o->trusted && (save_changed(s, USER_PASSWORD) || new_address(s)) &&
        !access_need_step_up(c))
        return false;
    if (!s->o->trusted && raised(s, USER_FACTOR_REQUIRED) &&
        (!access_need_step_up(c) || !factor_first(c)))
        return false;
    if (s->is_new ? !is_active(s->after) : save_changed(s, USER_STATUS))
        save_set(s, USER_DISABLED_AT, is_active(s->after) ? db_null() : db_of_int(c->now_ms));
    return away_check(c, s) && set_password(c, s) && c->n_err == 0;
}

/* Active people who hold a role, but for one (0: nobody left out). */
static bool count_holders(Ctx *c, int64_t role, int64_t but, int64_t *out)
{
    const Entity *e = model_entity(c->model, "user");
    DbVal *id = ARENA_NEW(c->a, DbVal);
    *id = db_of_int(role);
    Filter *f = filter_and(c->a, rec_is(c, e, USER_STATUS, db_of_text("active")),
                           filter_leaf(c->a, &e->fields[USER_ROLES], OP_CONTAINS, id, 1));
    if (but)
        f = filter_and(c->a, f, filter_not(c->a, filter_ids(c->a, &but, 1)));
    return rec_count(c, e, f, out);
}

static bool holds(const int64_t *roles, int n, int64_t role)
{
    for (int i = 0; i < n; i++)
        if (roles[i] == role)
            return true;
    return false;
}

static const char *const keepers[] = {"system_admin", "security_admin"};

/* With the row written: is there still somebody for each of the two roles the house cannot do without? */
static bool somebody_left(Ctx *c, const Save *s)
{
    bool status = save_changed(s, USER_STATUS) && is_active(s->before) && !is_active(s->after);
    int n_old = 0, n_new = 0;
    const int64_t *now = save_many(s, USER_ROLES, &n_new),
                  *old = save_many_before(s, USER_ROLES, &n_old);
    for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++) {
        int64_t role, left, with;
        if (!role_find(c, keepers[i], &role))
            return false;
        bool taken =
            now && is_active(s->before) && holds(old, n_old, role) && !holds(now, n_new, role);
        if (!role || (!status && !taken))
            continue;
        if (!db_alone(c, keepers[i]) || !count_holders(c, role, 0, &left))
            return false;
        if (left > 0)
            continue;
        if (!taken) { /* disabled: did he hold it at all? */
            const Entity *e = model_entity(c->model, "user");
            DbVal *id = ARENA_NEW(c->a, DbVal);
            *id = db_of_int(role);
            Filter *f = filter_and(c->a, filter_ids(c->a, &s->id, 1),
                                   filter_leaf(c->a, &e->fields[USER_ROLES], OP_CONTAINS, id, 1));
            if (!rec_count(c, e, f, &with))
                return false;
            if (with == 0)
                continue;
        }
        return ctx_fail(c, ERR_CONFLICT, taken ? "roles" : "status", "err.last_admin", keepers[i]);
    }
    return true;
}

static bool user_after_save(Ctx *c, Save *s)
{
    int n;
    if (!s->is_new) {
        if (!somebody_left(c, s))
            return false;
        const DbVal *home = &s->after[USER_DEPARTMENT];
        if (save_changed(s, USER_DEPARTMENT) &&
            !user_move_rows(c, s->id, home->kind == DB_INT ? home->i : 0))
            return false;
        bool out = save_changed(s, USER_STATUS) && !is_active(s->after);
        bool rights = save_many(s, USER_ROLES, &n) != NULL,
             password = save_changed(s, USER_PASSWORD_HASH);
        if ((out || password || new_address(s)) &&
            (!reset_forget(c, s->id) || !second_forget(c, s->id)))
            return false; /* a link or a sign-in that is under way opens nothing any more */
        if ((out || rights || password) &&
            !session_close_all(c, s->id, s->id == c->actor->user ? c->actor->session : 0))
            return false;
    }
    if (save_many(s, USER_ROLES, &n)) {
        AuditEntry a = {.action = "role_change",
                        .entity = "user",
                        .record = s->id,
                        .record_name = save_text(c, s, USER_LOGIN),
                        .changes = "{\"fields\":[\"roles\"]}"};
        if (!audit_add(c, &a))
            return false;
    }
    return away_told(c, s) && db_change(c, "access", s->id);
}

static bool user_before_delete(Ctx *c, const Record *r)
{
    if (r->id == c->actor->user)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.delete_self");
    for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++) {
        int64_t role, with, without;
        if (!role_find(c, keepers[i], &role))
            return false;
        if (!role)
            continue;
        if (!db_alone(c, keepers[i]) || !count_holders(c, role, 0, &with) ||
            !count_holders(c, role, r->id, &without))
            return false;
        if (with > 0 && without == 0)
            return ctx_fail(c, ERR_CONFLICT, NULL, "err.last_admin", keepers[i]);
    }
    return session_close_all(c, r->id, 0) && db_change(c, "access", r->id);
}

static bool user_after_restore(Ctx *c, const Record *r)
{
    return db_change(c, "access", r->id);
}

static void user_after_commit(Ctx *c, Save *s)
{
    (void)c;
    (void)s;
    actor_cache_clear();
}

static bool user_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in,
                        Buf *out, bool *handled)
{
    (void)e;
    *handled = r && strcmp(name, "away") == 0;
    if (*handled)
        return away_act(c, r, in, out);
    bool invite = strcmp(name, "invite") == 0;
    if (!r || (!invite && strcmp(name, "factor_off") != 0))
        return true;
    *handled = true;
    if (!access_need_right(c, RIGHT_USERS) ||
        !(invite ? reset_invite(c, r->id) : factor_take(c, r->id)))
        return false;
    buf_puts(out, "{\"ok\":true}");
    return true;
}

extern const RecordHooks user_hooks;
const RecordHooks user_hooks = {.before_save = user_before_save,
                                .after_save = user_after_save,
                                .after_commit = user_after_commit,
                                .before_delete = user_before_delete,
                                .after_restore = user_after_restore,
                                .action = user_action};
