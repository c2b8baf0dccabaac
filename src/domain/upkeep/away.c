/* See away.h. */
#include "domain/upkeep/away.h"

#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "entity_ids.h"
#include "record/approval/approval.h"
#include "record/notify.h"

enum { UP_MOST = 20 };

static bool has(const Save *s, int field)
{
    return s->after[field].kind != DB_NULL;
}

bool away_check(Ctx *c, Save *s)
{
    bool from = has(s, USER_AWAY_FROM), to = has(s, USER_AWAY_TO), deputy = has(s, USER_DEPUTY);
    char today[11];
    if (!save_changed(s, USER_AWAY_FROM) && !save_changed(s, USER_AWAY_TO) &&
        !save_changed(s, USER_DEPUTY))
        return true;
    if (!from && !to && !deputy)
        return true;
    if (!from || !to || !deputy) {
        ctx_fail(c, ERR_REQUIRED, !from ? "away_from" : !to ? "away_to" : "deputy", "err.away_all");
        return true; /* beside the other mistakes of the form */
    }
    const char *first = save_text(c, s, USER_AWAY_FROM), *last = save_text(c, s, USER_AWAY_TO);
    clock_day_of(c->now_ms, conf_text("company.zone"), today);
    if (strcmp(last, first) < 0)
        ctx_fail(c, ERR_INVALID, "away_to", "err.away_order");
    else if (save_changed(s, USER_AWAY_TO) && strcmp(last, today) < 0)
        ctx_fail(c, ERR_INVALID, "away_to", "err.away_past");
    if (s->after[USER_DEPUTY].i == s->id)
        ctx_fail(c, ERR_INVALID, "deputy", "err.away_self");
    else if (!c->actor->is_system && c->actor->user != s->id &&
             s->after[USER_DEPUTY].i == c->actor->user) /* nobody takes another's vote himself */
        ctx_fail(c, ERR_FORBIDDEN, "deputy", "err.away_named");
    return true;
}

static const char *name_of(Ctx *c, const Entity *e, const DbVal *who)
{
    Record r;
    bool there = who->kind == DB_INT && rec_load(c, e, who->i, &r);
    return there ? notify_name(c, e, r.v) : "";
}

/* The head of his department, or of the nearest above that is headed by somebody else; 0: nobody. */
static bool head_over(Ctx *c, const Save *s, int64_t *out)
{
    const DbVal *home = &s->after[USER_DEPARTMENT];
    const Entity *e = model_entity(c->model, "department");
    int64_t at = home->kind == DB_INT ? home->i : 0;
    *out = 0;
    for (int i = 0; i < UP_MOST && at && !*out; i++) {
        Record d;
        if (!rec_load(c, e, at, &d))
            break;
        const DbVal *head = &d.v[DEPARTMENT_MANAGER], *up = &d.v[DEPARTMENT_PARENT];
        if (head->kind == DB_INT && head->i != s->id)
            *out = head->i;
        at = up->kind == DB_INT ? up->i : 0;
    }
    return c->n_err == 0;
}

/* A vote was given to somebody by somebody else: whoever stands above may know better; where nobody else does, those who
   keep rights. key: who did it, whose, to whom. */
static bool tell_above(Ctx *c, const Save *s, int field, const char *key)
{
    int64_t me = c->actor->user, head;
    const char *to = name_of(c, s->e, &s->after[field]), *who = notify_name(c, s->e, s->after);
    if (!head_over(c, s, &head))
        return false;
    const DbVal *manager = &s->after[USER_MANAGER];
    int64_t above[] = {head, manager->kind == DB_INT && manager->i != head ? manager->i : 0};
    Notice n = {0, "approval", "user", s->id, NULL, NULL};
    bool any = false;
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        n.user = above[i] == me || above[i] == s->id ? 0 : above[i];
        any |= n.user != 0;
        if (!notify(c, &n, key, c->actor->name, who, to))
            return false;
    }
    return any || notify_role(c, &n, "security_admin", s->id, key, c->actor->name, who, to);
}

bool away_told(Ctx *c, const Save *s)
{
    int64_t me = c->actor->user;
    Notice n = {s->id, "approval", "user", s->id, NULL, NULL};
    bool leave = save_changed(s, USER_AWAY_FROM) || save_changed(s, USER_AWAY_TO) ||
                 save_changed(s, USER_DEPUTY);
    if (s->is_new || !me || me == s->id)
        return true;
    if (leave &&
        (!notify(c, &n, "notify.approval_away", c->actor->name) ||
         (has(s, USER_DEPUTY) && !tell_above(c, s, USER_DEPUTY, "notify.approval_away_of"))))
        return false;
    if (!save_changed(s, USER_HANDOVER_TO) || !has(s, USER_HANDOVER_TO))
        return true;
    return notify(c, &n, "notify.approval_heir", c->actor->name) &&
           tell_above(c, s, USER_HANDOVER_TO, "notify.approval_heir_of");
}

/* Does the caller head his department or one above it? */
static bool heads(Ctx *c, const Record *who, bool *out)
{
    const DbVal *home = &who->v[USER_DEPARTMENT];
    const Entity *e = model_entity(c->model, "department");
    int64_t at = home->kind == DB_INT ? home->i : 0;
    *out = false;
    for (int i = 0; i < UP_MOST && at && !*out; i++) {
        Record d;
        if (!rec_load(c, e, at, &d))
            return c->n_err == 0;
        const DbVal *head = &d.v[DEPARTMENT_MANAGER], *up = &d.v[DEPARTMENT_PARENT];
        bool gone = d.v[STD_DELETED_AT].kind != DB_NULL;
        *out = !gone && head->kind == DB_INT && head->i == c->actor->user;
        at = up->kind == DB_INT ? up->i : 0;
    }
    return true;
}

static bool may(Ctx *c, const Record *who)
{
    bool head = false;
    const Actor *a = c->actor;
    if (a->is_system || a->user == who->id || actor_has(a, RIGHT_USERS))
        return true;
    for (int i = 0; i < a->n_reports; i++)
        if (a->reports[i] == who->id)
            return true;
    return heads(c, who, &head) && (head || ctx_fail(c, ERR_FORBIDDEN, NULL, "err.away_whose"));
}

typedef struct Set {
    const Record *who;
    json_object *in;
} Set;

static bool set_in_write(Ctx *c, void *arg)
{
    const Set *s = arg;
    SaveOptions o = {.if_version = -1, .origin = "web", .trusted = true};
    return rec_update(c, s->who->e, s->who->id, s->in, &o, NULL);
}

/* The members of the action under the names of the fields; the deputy as anybody may name him (active people only). */
static bool take(Ctx *c, json_object *in, json_object *out)
{
    static const char *const names[][2] = {{"from", "away_from"}, {"to", "away_to"}};
    json_object *deputy = in ? json_member(in, "deputy") : NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_object *v = in ? json_member(in, names[i][0]) : NULL;
        json_object_object_add(out, names[i][1], v ? json_object_get(v) : NULL);
    }
    if (!deputy || json_object_is_type(deputy, json_type_null)) {
        json_object_object_add(out, "deputy", NULL);
        return true;
    }
    int64_t id = 0;
    if (json_object_is_type(deputy, json_type_int))
        id = json_object_get_int64(deputy);
    else if (json_object_is_type(deputy, json_type_object))
        id = json_int(deputy, "id", 0);
    Record who;
    bool there = id > 0 && rec_load(c, model_entity(c->model, "user"), id, &who);
    const DbVal *status = there ? &who.v[USER_STATUS] : NULL;
    if (c->n_err)
        return false;
    if (!there || who.v[STD_DELETED_AT].kind != DB_NULL || status->kind != DB_TEXT ||
        status->n != 6 || memcmp(status->s, "active", 6) != 0)
        return ctx_fail(c, ERR_INVALID, "deputy", "err.approval_person");
    json_object_object_add(out, "deputy", json_object_new_int64(id));
    return true;
}

bool away_act(Ctx *c, const Record *who, json_object *in, Buf *out)
{
    Set s = {.who = who, .in = rec_input(c)};
    if (!may(c, who) || !take(c, in, s.in) || !db_write(c, set_in_write, &s))
        return false;
    /* what waits moves now, not in a moment; where it cannot, the keeper tries again */
    int mark = c->n_err;
    if (!approval_upkeep(c))
        ctx_errors_back_to(c, mark);
    buf_puts(out, "{\"ok\":true}");
    return true;
}
