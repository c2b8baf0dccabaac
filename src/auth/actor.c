/*
 * Actors and their cache. An entry holds everything that rights are made of; requests get a copy of
 * the struct that points into the entry and give the entry back when their arena ends. Whatever
 * could change an actor (topic "access") drops the whole cache: it is rebuilt by five statements a
 * person, and such changes are rare.
 *
 * A load that began before a drop must not be kept, else the old rights would live on: hence the
 * generation, compared when the loaded entry is put in.
 */
#include "auth/actor.h"

#include <pthread.h>
#include <string.h>

#include "auth/role.h"
#include "auth/row.h"
#include "auth/session.h"
#include "base/json_read.h"

enum { SLOTS = 1024, MAX_ENTRIES = 4096 };

typedef struct Entry Entry;
struct Entry {
    Arena *a;
    Actor actor;
    char model[17];
    int refs; /* guarded by lock; the table's own counts as one */
    Entry *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Entry *slots[SLOTS];
static int n_entries;
static uint64_t generation;

static size_t slot_of(int64_t user)
{
    return (size_t)(((uint64_t)user * UINT64_C(0x9E3779B97F4A7C15)) >> 54) % SLOTS;
}

static void entry_drop_locked(Entry *e)
{
    if (--e->refs == 0)
        arena_free(e->a); /* the entry lies in its own arena */
}

static void entry_release(void *p)
{
    pthread_mutex_lock(&lock);
    entry_drop_locked(p);
    pthread_mutex_unlock(&lock);
}

static void clear_locked(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        Entry *next;
        for (Entry *e = slots[i]; e; e = next) {
            next = e->next;
            entry_drop_locked(e);
        }
        slots[i] = NULL;
    }
    n_entries = 0;
}

void actor_cache_clear(void)
{
    pthread_mutex_lock(&lock);
    generation++;
    clear_locked();
    pthread_mutex_unlock(&lock);
}

/* --- loading ---------------------------------------------------------------------------------- */

typedef struct IdList {
    int64_t *ids;
    int n, cap;
} IdList;

static void id_add(Arena *a, IdList *l, int64_t id)
{
    if (l->n == l->cap) {
        int cap = l->cap ? l->cap * 2 : 16;
        int64_t *more = ARENA_ARRAY(a, cap, int64_t);
        if (l->n)
            memcpy(more, l->ids, (size_t)l->n * sizeof *more);
        l->ids = more;
        l->cap = cap;
    }
    l->ids[l->n++] = id;
}

static bool load_user(Ctx *c, Arena *a, int64_t user, Actor *out)
{
    DbVal p[] = {db_of_int(user)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT u.login, u.name, u.department_id, d.path, u.locale, u.timezone, "
                     "u.must_change_password, u.status, CASE WHEN u.factor_mobile IS NULL AND "
                     "(u.factor_required = 1 OR EXISTS (SELECT 1 FROM \"rel_user_roles\" x JOIN "
                     "\"role\" o ON o.id = x.target WHERE x.id = u.id AND o.factor_required = 1 "
                     "AND o.deleted_at IS NULL)) THEN 1 ELSE 0 END FROM \"user\" u "
                     "LEFT JOIN \"department\" d ON d.id = u.department_id "
                     "WHERE u.id = $1 AND u.deleted_at IS NULL"),
                 p, 1);
    if (!r)
        return false;
    int mark = c->n_err;
    bool active = db_step(r) && db_text(r, 7) && strcmp(db_text(r, 7), "active") == 0;
    if (active) {
        out->user = user;
        out->login = arena_str(a, db_text(r, 0));
        out->name = arena_str(a, db_text(r, 1));
        out->department = db_int(r, 2);
        out->department_path = arena_str(a, db_text(r, 3));
        out->locale = arena_str(a, db_is_null(r, 4) ? "zh-CN" : db_text(r, 4));
        out->zone = arena_str(a, db_is_null(r, 5) ? "" : db_text(r, 5)); /* "": the company's */
        out->must_change_password = db_int(r, 6) != 0;
        out->factor_due = db_int(r, 8) != 0;
    }
    db_done(r);
    if (c->n_err > mark)
        return false;
    if (!active)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    return true;
}

/* Counts one for each entity that a role leaves out of the menu ("hidden_menus", checked when it was saved). */
static void count_hidden(Ctx *c, const Model *m, const char *text, int *hides)
{
    json_object *list;
    int before = c->n_err;
    if (!text || !json_read(c, text, strlen(text), &list) ||
        !json_object_is_type(list, json_type_array)) {
        ctx_errors_back_to(c, before);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(list, i));
        const Entity *e = name ? model_entity(m, name) : NULL;
        if (e)
            hides[e->index]++;
    }
}

/* Hidden is what every role hides: a role that shows it shows it, as rights are united too. */
static const bool *menus_hidden(Arena *a, const Model *m, const int *hides, int roles)
{
    bool *out = ARENA_ARRAY(a, m->n, bool);
    for (int i = 0; i < m->n; i++)
        out[i] = roles > 0 && hides[i] == roles;
    return out;
}

static bool load_roles(Ctx *c, Arena *a, const Model *m, Actor *out)
{
    enum { MAX_ROLES = 64 };
    const char *codes[MAX_ROLES + 1];
    const char *rights[MAX_ROLES];
    int n = 0, mark = c->n_err;
    int *hides = ARENA_ARRAY(c->a, m->n, int);
    DbVal p[] = {db_of_int(out->user)};
    DbRows *r = db_query(c,
                         SQL("SELECT r.code, r.rights, r.hidden_menus FROM \"rel_user_roles\" x "
                             "JOIN \"role\" r ON r.id = x.target "
                             "WHERE x.id = $1 AND r.deleted_at IS NULL ORDER BY r.code"),
                         p, 1);
    if (!r)
        return false;
    while (n < MAX_ROLES && db_step(r)) {
        codes[n] = arena_str(a, db_text(r, 0));
        rights[n] = arena_str(c->a, db_text(r, 1));
        count_hidden(c, m, arena_str(c->a, db_text(r, 2)), hides);
        n++;
    }
    db_done(r);
    if (c->n_err > mark)
        return false;
    const char **list = ARENA_ARRAY(a, n + 1, const char *);
    EntityRight *ents = ARENA_ARRAY(a, m->n, EntityRight);
    for (int i = 0; i < n; i++) {
        list[i] = codes[i];
        role_add_rights(c, m, codes[i], rights[i], &out->rights, ents);
    }
    role_add_rights(c, m, "*", NULL, &out->rights, ents); /* rows for everybody who is signed in */
    role_finish(ents, m->n);
    out->menu_hidden = menus_hidden(a, m, hides, n);
    out->roles = list;
    out->entities = ents;
    out->n_entities = m->n;
    return true;
}

/* Departments at or under his: one range of the index on path ("/3/" up to "/30", as '0' follows '/'). */
static bool load_below(Ctx *c, Arena *a, Actor *out)
{
    IdList l = {0};
    if (out->department == 0)
        return true;
    const char *path = out->department_path;
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || path[len - 1] != '/') { /* no path kept yet: at least his own */
        id_add(a, &l, out->department);
    } else {
        char *upper = arena_dup(c->a, path, len);
        upper[len - 1] = '0';
        DbVal p[] = {db_of_text(path), db_of_text(upper)};
        int mark = c->n_err;
        DbRows *r = db_query(
            c, SQL("SELECT id FROM \"department\" WHERE path >= $1 AND path < $2 ORDER BY path"), p,
            2);
        if (!r)
            return false;
        while (db_step(r))
            id_add(a, &l, db_int(r, 0));
        db_done(r);
        if (c->n_err > mark)
            return false;
    }
    out->below = l.ids;
    out->n_below = l.n;
    return true;
}

/* UNION, not UNION ALL: a ring of managers ends. */
static bool load_reports(Ctx *c, Arena *a, Actor *out)
{
    IdList l = {0};
    DbVal p[] = {db_of_int(out->user)};
    int mark = c->n_err;
    DbRows *r =
        db_query(c,
                 SQL("WITH RECURSIVE below(id) AS (SELECT id FROM \"user\" WHERE manager_id = $1 "
                     "UNION SELECT u.id FROM \"user\" u JOIN below b ON u.manager_id = b.id) "
                     "SELECT id FROM below WHERE id <> $1 ORDER BY id"),
                 p, 1);
    if (!r)
        return false;
    while (db_step(r))
        id_add(a, &l, db_int(r, 0));
    db_done(r);
    out->reports = l.ids;
    out->n_reports = l.n;
    return c->n_err == mark;
}

static bool load(Ctx *c, int64_t user, Entry **out)
{
    Arena *a = arena_new(0);
    Entry *e = ARENA_NEW(a, Entry);
    e->a = a;
    const Model *m = c->model;
    memcpy(e->model, m->version, sizeof e->model);
    if (!load_user(c, a, user, &e->actor) || !load_roles(c, a, m, &e->actor) ||
        !load_below(c, a, &e->actor) || !load_reports(c, a, &e->actor)) {
        arena_free(a);
        return false;
    }
    *out = e;
    return true;
}

/* --- the cache -------------------------------------------------------------------------------- */

static Entry *find_locked(const Model *m, int64_t user)
{
    for (Entry *e = slots[slot_of(user)]; e; e = e->next)
        if (e->actor.user == user && memcmp(e->model, m->version, sizeof e->model) == 0)
            return e;
    return NULL;
}

static void keep_locked(Entry *e)
{
    if (n_entries >= MAX_ENTRIES)
        clear_locked();
    size_t s = slot_of(e->actor.user);
    e->next = slots[s];
    slots[s] = e;
    e->refs++;
    n_entries++;
}

bool actor_of_user(Ctx *c, int64_t user, Channel ch, Actor **out)
{
    pthread_mutex_lock(&lock);
    uint64_t began = generation;
    Entry *e = find_locked(c->model, user);
    if (e)
        e->refs++;
    pthread_mutex_unlock(&lock);
    if (!e) {
        if (!load(c, user, &e))
            return false;
        e->refs = 1;
        /* Inside a write the rows read may be undone, so what was loaded there is for this work only. */
        if (!db_in_write(c)) {
            pthread_mutex_lock(&lock);
            if (generation == began && !find_locked(c->model, user))
                keep_locked(e);
            pthread_mutex_unlock(&lock);
        }
    }
    arena_defer(c->a, entry_release, e);
    Actor *me = ARENA_NEW(c->a, Actor);
    *me = e->actor;
    me->channel = ch;
    *out = me;
    return true;
}

bool actor_of_login(Ctx *c, const char *login, Channel ch, Actor **out)
{
    DbVal p[] = {db_of_text(row_fold(c, "user", "login", login))};
    int64_t user = 0;
    bool found = false;
    if (!db_one_int(c, SQL("SELECT id FROM \"user\" WHERE login_f = $1 AND deleted_at IS NULL"), p,
                    1, &user, &found))
        return false;
    if (!found)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, "login", "auth.no_login", login);
    return actor_of_user(c, user, ch, out);
}

const Actor *actor_system(Arena *a, Channel ch)
{
    static const char *const no_roles[] = {NULL};
    Actor *me = ARENA_NEW(a, Actor);
    *me = (Actor){.login = "system",
                  .name = "system",
                  .roles = no_roles,
                  .is_system = true,
                  .rights = ~0u,
                  .locale = "zh-CN",
                  .zone = "",
                  .channel = ch};
    return me;
}

bool actor_has(const Actor *a, Right r)
{
    if (!a || r == RIGHT_NONE)
        return false;
    if (a->is_system)
        return true;
    if (!(a->rights & (1u << r)))
        return false;
    if (!a->token_scopes)
        return true;
    /* a token carries a general right only where it says so: "right:audit" */
    for (const char *const *s = a->token_scopes; *s; s++)
        if (strncmp(*s, "right:", 6) == 0 && strcmp(*s + 6, right_name(r)) == 0)
            return true;
    return false;
}

bool actor_stepped_up(const Ctx *c)
{
    const Actor *me = c->actor;
    if (!me)
        return false;
    return me->is_system || me->verified ||
           (me->session != 0 && session_step_up_holds(c, me->step_up_until));
}
