/*
 * The gate: roles (auth/role), scopes (auth/scope) and the few rules below decide everything.
 *
 * Order of the answer to "may he": the system may all; a token must name the entity; an entity with
 * a general right (Entity.right) belongs to its holders; the table `rules` opens a little of such
 * entities to others; else the rows of his roles; a child without role rows follows its parent
 * (reading with reading, creating, editing and deleting with editing). What nothing allows is denied.
 */
#include "auth/access.h"

#include <assert.h>
#include <string.h>

#include "auth/scope.h"

#define BIT(x) (1u << (x))
enum { MAX_PARENT_DEPTH = 4 };

/*
 * What people may do with the entities of the house itself beyond the holders of Entity.right and
 * the role rows of the entity file (where "*" is everybody who is signed in: labels of owners,
 * departments and regions must be readable).
 *   also:   these rights read all rows and fields, too
 *   mine:   rows in which this link names the caller are his to read
 *   fields: besides id, version, title and card fields, these are readable without the right
 */
typedef struct AccessRule {
    const char *entity;
    unsigned also; /* BIT(RIGHT_…) */
    const char *mine;
    const char *fields; /* blanks at both ends; "*" for all */
} AccessRule;

static const AccessRule rules[] = {
    {"user", BIT(RIGHT_ROLES) | BIT(RIGHT_AUDIT) | BIT(RIGHT_SESSIONS), NULL, " status "},
    {"department", 0, NULL, "*"},
    {"role", BIT(RIGHT_USERS) | BIT(RIGHT_AUDIT), NULL, " code name_en "},
    {"session", BIT(RIGHT_SESSIONS), "user", NULL},
    {"api_key", BIT(RIGHT_SESSIONS), "user", NULL},
    {"job", BIT(RIGHT_JOBS), "owner", NULL},
    {"notification", 0, "user", NULL},
    {"import_job", BIT(RIGHT_JOBS), "owner", NULL},
};

static const AccessRule *rule_of(const Entity *e)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].entity[0] == e->name[0] && strcmp(rules[i].entity, e->name) == 0)
            return &rules[i];
    return NULL;
}

static bool word_in(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if (p[-1] == ' ' && p[n] == ' ') /* the list begins with a blank, no word does */
            return true;
    return false;
}

/* The link that makes rows the caller's own to read, or NULL. */
static const Field *mine_field(const Entity *e, const AccessRule *r, Action act)
{
    return r && act == ACT_READ ? entity_field(e, r->mine) : NULL;
}

static bool token_allows(const Actor *me, const Entity *e, Action act)
{
    if (!me->token_scopes)
        return true;
    size_t n = strlen(e->name);
    for (const char *const *s = me->token_scopes; *s; s++) {
        if (strncmp(*s, e->name, n) != 0)
            continue;
        if ((*s)[n] == '\0' || ((*s)[n] == ':' && strcmp(*s + n + 1, action_name(act)) == 0))
            return true;
    }
    return false;
}

static bool possible(const Entity *e, Action act)
{
    return !e->readonly || act == ACT_READ || act == ACT_EXPORT;
}

static bool holds_right(const Actor *me, const Entity *e)
{
    Right r;
    return e->right && right_parse(e->right, &r) && (me->rights & BIT(r));
}

static bool reads_also(const Actor *me, const AccessRule *r)
{
    return r && (me->rights & r->also) != 0;
}

/* A child of which no entity file says who may what. */
static bool follows_parent(const Entity *e)
{
    return e->parent && e->n_roles == 0 && !e->right;
}

static bool parent_action(Action act, Action *out)
{
    switch (act) {
    case ACT_READ:
    case ACT_EXPORT:
    case ACT_IMPORT: *out = act; return true;
    case ACT_CREATE:
    case ACT_EDIT:
    case ACT_DELETE: *out = ACT_EDIT; return true;
    default: return false;
    }
}

static const EntityRight *right_of(const Actor *me, const Entity *e)
{
    static const EntityRight none;
    return me->entities && e->index < me->n_entities ? &me->entities[e->index] : &none;
}

/* Assigning roles is no matter of those who keep accounts (CONTRACT 4: users, not roles). */
static bool edits_roles_of_users(const Actor *me, const Entity *e, Action act)
{
    return act == ACT_EDIT && (me->rights & BIT(RIGHT_ROLES)) && strcmp(e->name, "user") == 0;
}

static bool may(const Actor *me, const Entity *e, Action act, int depth)
{
    if (!me || !possible(e, act))
        return false;
    if (me->is_system)
        return true;
    if (!token_allows(me, e, act))
        return false;
    if (holds_right(me, e) || edits_roles_of_users(me, e, act))
        return true;
    const AccessRule *r = rule_of(e);
    if (act == ACT_READ && reads_also(me, r))
        return true;
    if (mine_field(e, r, act))
        return true;
    if (e->right && act != ACT_READ)
        return false; /* role rows open such an entity for reading only */
    if (right_of(me, e)->actions & BIT(act))
        return true;
    Action up;
    if (follows_parent(e) && parent_action(act, &up) && depth < MAX_PARENT_DEPTH) {
        const Entity *parents[SCOPE_PARENTS_MAX];
        int n = scope_parents(e, parents, SCOPE_PARENTS_MAX);
        for (int i = 0; i < n; i++)
            if (may(me, parents[i], up, depth + 1))
                return true;
    }
    return false;
}

bool access_may(const Ctx *c, const Entity *e, Action act)
{
    return may(c->actor, e, act, 0);
}

bool access_need(Ctx *c, const Entity *e, Action act)
{
    if (access_may(c, e, act))
        return true;
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

bool access_need_right(Ctx *c, Right r)
{
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (actor_has(c->actor, r))
        return true;
    return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

bool access_need_step_up(Ctx *c)
{
    if (actor_stepped_up(c))
        return true;
    return ctx_fail(c, ERR_STEP_UP_REQUIRED, NULL, "err.step_up_required");
}

/* --- rows ------------------------------------------------------------------------------------ */

static Filter *rows(Ctx *c, const Entity *e, Action act, int depth);

/* Rows whose parent lies in the caller's rows for `up`. */
static Filter *via_parents(Ctx *c, const Entity *e, Action up, int depth)
{
    const Entity *parents[SCOPE_PARENTS_MAX];
    int n = scope_parents(e, parents, SCOPE_PARENTS_MAX);
    Filter *all = filter_false(c->a);
    const Field *link = entity_field(e, e->parent);
    for (int i = 0; i < n && depth < MAX_PARENT_DEPTH; i++)
        all = filter_or(c->a, all,
                        filter_via(c->a, link, parents[i], rows(c, parents[i], up, depth + 1)));
    return all;
}

static Filter *mine(Ctx *c, const Field *f)
{
    DbVal *v = ARENA_NEW(c->a, DbVal);
    *v = db_of_int(c->actor->user);
    return filter_leaf(c->a, f, OP_EQ, v, 1);
}

/* What the entity file opens to every reader: checked at build, so that it parses here. */
static Filter *open_rows(Ctx *c, const Entity *e)
{
    int before = c->n_err;
    Filter *f;
    if (filter_parse_text(c, e, e->open, NULL, access_me(c), &f))
        return f;
    ctx_errors_back_to(c, before); /* deny by default */
    return filter_false(c->a);
}

static Filter *rows(Ctx *c, const Entity *e, Action act, int depth)
{
    const Actor *me = c->actor;
    if (!may(me, e, act, depth))
        return filter_false(c->a);
    if (me->is_system || holds_right(me, e) || edits_roles_of_users(me, e, act))
        return filter_true(c->a);
    const AccessRule *r = rule_of(e);
    if (act == ACT_READ && reads_also(me, r))
        return filter_true(c->a);
    const EntityRight *er = right_of(me, e);
    Filter *f = filter_false(c->a);
    bool granted = er->actions & BIT(act); /* of an entity with a right only reading: see may */
    const Field *his = mine_field(e, r, act);
    if (his)
        f = mine(c, his);
    if (granted)
        f = filter_or(c->a, f, scope_filter(c, e, er->action_scopes[act], scope_own_kind(act)));
    if (granted && act == ACT_READ && e->open)
        f = filter_or(c->a, f, open_rows(c, e));
    if (f->kind == FILTER_TRUE || !e->parent)
        return f;
    Action up;
    if ((granted || follows_parent(e)) && parent_action(act, &up))
        f = filter_or(c->a, f, via_parents(c, e, up, depth));
    return f;
}

Filter *access_scope(Ctx *c, const Entity *e, Action act)
{
    return rows(c, e, act, 0);
}

/* Does he read personal fields in clear in every row of e that he can reach? */
static bool all_clear(const Actor *me, const Entity *e, int depth)
{
    if (me->is_system || holds_right(me, e))
        return true;
    const EntityRight *er = right_of(me, e);
    if (er->clear_scopes & BIT(SCOPE_ALL))
        return true;
    if ((er->actions & BIT(ACT_READ)) && !er->clear)
        return false;
    if (e->parent && depth < MAX_PARENT_DEPTH) {
        const Entity *parents[SCOPE_PARENTS_MAX];
        int n = scope_parents(e, parents, SCOPE_PARENTS_MAX);
        for (int i = 0; i < n; i++)
            if (may(me, parents[i], ACT_READ, 0) && !all_clear(me, parents[i], depth + 1))
                return false;
    }
    return true;
}

static Filter *clear_rows(Ctx *c, const Entity *e, int depth)
{
    const Actor *me = c->actor;
    if (!may(me, e, ACT_READ, 0))
        return filter_false(c->a);
    if (all_clear(me, e, depth))
        return filter_true(c->a);
    if (strcmp(e->name, "user") == 0) /* everybody reads his own number */
        return filter_ids(c->a, &me->user, 1);
    const EntityRight *er = right_of(me, e);
    Filter *f = scope_filter(c, e, er->clear_scopes | BIT(SCOPE_OWN), OWN_SHARED_READ);
    if (!e->parent || depth >= MAX_PARENT_DEPTH)
        return f;
    const Entity *parents[SCOPE_PARENTS_MAX];
    int n = scope_parents(e, parents, SCOPE_PARENTS_MAX);
    const Field *link = entity_field(e, e->parent);
    for (int i = 0; i < n; i++)
        f = filter_or(c->a, f,
                      filter_via(c->a, link, parents[i], clear_rows(c, parents[i], depth + 1)));
    return f;
}

Filter *access_clear_scope(Ctx *c, const Entity *e)
{
    return clear_rows(c, e, 0);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* Entities with a general right: the holder has every field, others the card. */
static FieldRight house_field(const Actor *me, const Field *f, FieldRight most)
{
    const Entity *e = f->entity;
    const AccessRule *r = rule_of(e);
    if (strcmp(e->name, "user") == 0 && strcmp(f->name, "roles") == 0 &&
        (me->rights & BIT(RIGHT_ROLES)))
        return most;
    if (holds_right(me, e)) {
        bool roles = strcmp(e->name, "user") == 0 && strcmp(f->name, "roles") == 0;
        return roles ? FR_READ : most; /* accounts, not roles */
    }
    if (reads_also(me, r))
        return FR_READ;
    bool card = f->in_card || f == e->title || strcmp(f->name, "id") == 0 ||
                strcmp(f->name, "version") == 0;
    bool extra = r && r->fields && (strcmp(r->fields, "*") == 0 || word_in(r->fields, f->name));
    return card || extra ? FR_READ : FR_NONE;
}

FieldRight access_field(const Ctx *c, const Field *f, bool *out_masked)
{
    const Actor *me = c->actor;
    const Entity *e = f->entity;
    if (out_masked)
        *out_masked = false;
    if (!me || f->hidden || f->retired)
        return FR_NONE;
    FieldRight most = FR_READ;
    if (!f->readonly && (access_may(c, e, ACT_EDIT) || access_may(c, e, ACT_CREATE)))
        most = FR_EDIT;
    else if (!access_may(c, e, ACT_READ))
        return FR_NONE;
    if (me->is_system)
        return f->write_only && most == FR_READ ? FR_NONE : most;
    if (e->right)
        most = house_field(me, f, most);
    if (f->write_only && most != FR_EDIT)
        return FR_NONE; /* nothing to read there */
    if (f->personal && most != FR_NONE && out_masked)
        *out_masked = !all_clear(me, e, 0);
    return most;
}

static bool guard_field(Ctx *c, const Field *f, Filter **out_also)
{
    bool masked;
    *out_also = NULL;
    if (f->write_only || access_field(c, f, &masked) == FR_NONE)
        return ctx_fail(c, ERR_BAD_FILTER, NULL, "access.filter_field", f->name);
    if (masked)
        *out_also = access_clear_scope(c, f->entity);
    return true;
}

static bool guard_scope(Ctx *c, const Entity *e, Filter **out)
{
    *out = access_scope(c, e, ACT_READ);
    return true;
}

const FilterGuard access_filter_guard = {.field = guard_field, .scope = guard_scope};

static FieldRight describe_field(const void *arg, const Field *f, bool *out_masked)
{
    return access_field(arg, f, out_masked);
}

static bool describe_can(const void *arg, const Entity *e, const char *action)
{
    Action act;
    return action_parse(action, &act) && access_may(arg, e, act);
}

DescribeRights access_describe(const Ctx *c)
{
    return (DescribeRights){.field = describe_field, .can = describe_can, .arg = c};
}

FilterMe access_me(const Ctx *c)
{
    if (!c->actor)
        return (FilterMe){0};
    return (FilterMe){
        .user = c->actor->user, .department = c->actor->department, .roles = c->actor->roles};
}
