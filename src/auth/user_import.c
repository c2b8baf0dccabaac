/*
 * zhike user import: departments and users from one JSON document. Three steps: check everything and
 * collect all mistakes; hash the passwords on all cores; write in one transaction.
 *
 * A password that the account has already is left alone, so that the same file can be run twice
 * without ending sessions.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "auth/audit.h"
#include "auth/role.h"
#include "auth/row.h"
#include "auth/session.h"
#include "auth/user.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/msg.h"
#include "base/utf8.h"

enum { MOST_ROWS = 100000, MOST_ROLES = 32, MOST_THREADS = 8 };

typedef struct Dept {
    const char *code, *name, *parent;
    bool has_parent;
    int64_t id; /* 0: new */
} Dept;

typedef struct Person {
    const char *login, *name, *password, *department, *position, *manager, *email, *mobile,
        *staff_no;
    bool has_department, has_position, has_manager, has_roles, has_email, has_mobile, has_staff_no;
    bool must_change, has_must_change;
    int64_t roles[MOST_ROLES];
    int n_roles;
    int64_t id, old_department;
    const char *old_hash;
    bool is_new, new_password;
    char hash[CRYPT_PASSWORD_MAX];
} Person;

typedef struct Import {
    Dept *depts;
    Person *people;
    int n_depts, n_people;
    Map dept_by_code, person_by_login; /* of the file */
    Map roles, role_names;             /* code, name → int64_t * */
    int created, updated;
} Import;

/* --- reading and checking ------------------------------------------------------------------------ */

static const char *place(Ctx *c, const char *list, int i, const char *member)
{
    return arena_printf(c->a, "%s[%d]%s%s", list, i, member ? "." : "", member ? member : "");
}

/* A text member; absent and null give NULL. *out_has: it was there. */
static bool text(Ctx *c, json_object *o, const char *list, int i, const char *key, size_t most,
                 const char **out, bool *out_has)
{
    json_object *v;
    *out = NULL;
    bool has = json_object_object_get_ex(o, key, &v);
    if (out_has)
        *out_has = has;
    if (!has || v == NULL)
        return true;
    if (!json_object_is_type(v, json_type_string))
        return ctx_fail(c, ERR_TYPE, place(c, list, i, key), "err.type",
                        msg_text(c->lang, "user.type_text"));
    const char *s = json_object_get_string(v);
    size_t n = utf8_count(s);
    if (n > most)
        return ctx_fail(c, ERR_TOO_LONG, place(c, list, i, key), "err.too_long",
                        ctx_num(c, (int64_t)most), ctx_num(c, (int64_t)n));
    *out = *s ? s : NULL;
    return true;
}

static bool only_keys(Ctx *c, json_object *o, const char *list, int i, const char *known)
{
    bool ok = true;
    json_object_object_foreach(o, key, value)
    {
        (void)value;
        if (!strstr(known, arena_printf(c->a, " %s ", key)))
            ok = ctx_fail(c, ERR_UNKNOWN_FIELD, place(c, list, i, key), "err.unknown_field", key);
    }
    return ok;
}

static bool needed(Ctx *c, const char *value, const char *list, int i, const char *key)
{
    return value ? true : ctx_fail(c, ERR_REQUIRED, place(c, list, i, key), "err.required");
}

static bool read_dept(Ctx *c, Import *im, json_object *o, int i)
{
    static const char list[] = "departments";
    Dept *d = &im->depts[i];
    bool ok = only_keys(c, o, list, i, " code name parent ");
    ok &= text(c, o, list, i, "code", 50, &d->code, NULL) && needed(c, d->code, list, i, "code");
    ok &= text(c, o, list, i, "name", 100, &d->name, NULL) && needed(c, d->name, list, i, "name");
    ok &= text(c, o, list, i, "parent", 50, &d->parent, &d->has_parent);
    if (d->code && map_put(&im->dept_by_code, row_fold(c, "department", "code", d->code), d))
        ok = ctx_fail(c, ERR_DUP_IN_FILE, place(c, list, i, "code"), "user.twice", d->code);
    return ok;
}

static bool read_roles(Ctx *c, Import *im, json_object *o, Person *p, int i)
{
    json_object *list;
    p->has_roles = json_object_object_get_ex(o, "roles", &list);
    if (!p->has_roles)
        return true;
    const char *at = place(c, "users", i, "roles");
    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > MOST_ROLES)
        return ctx_fail(c, ERR_TYPE, at, "err.type", msg_text(c->lang, "user.type_roles"));
    bool ok = true;
    for (size_t k = 0; k < json_object_array_length(list); k++) {
        json_object *item = json_object_array_get_idx(list, k);
        const char *code =
            json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
        const int64_t *id = map_get(&im->roles, code);
        if (!id)
            id = map_get(&im->role_names, code);
        if (!id) {
            ok = ctx_fail(c, ERR_REF_NOT_FOUND, at, "err.ref.not_found", code);
            continue;
        }
        bool again = false;
        for (int j = 0; j < p->n_roles; j++)
            again |= p->roles[j] == *id;
        if (!again)
            p->roles[p->n_roles++] = *id;
    }
    return ok;
}

static bool login_ok(const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        bool word = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
                    (s[i] >= '0' && s[i] <= '9');
        if (!word && (i == 0 || !strchr("._@-", s[i])))
            return false;
    }
    return true;
}

static bool read_person(Ctx *c, Import *im, json_object *o, int i)
{
    static const char list[] = "users";
    Person *p = &im->people[i];
    json_object *must;
    bool ok = only_keys(c, o, list, i,
                        " login name password department position manager roles must_change email "
                        "mobile staff_no ");
    ok &=
        text(c, o, list, i, "login", 50, &p->login, NULL) && needed(c, p->login, list, i, "login");
    ok &= text(c, o, list, i, "name", 100, &p->name, NULL) && needed(c, p->name, list, i, "name");
    ok &= text(c, o, list, i, "password", 1024, &p->password, NULL);
    ok &= text(c, o, list, i, "department", 50, &p->department, &p->has_department);
    ok &= text(c, o, list, i, "position", 100, &p->position, &p->has_position);
    ok &= text(c, o, list, i, "manager", 50, &p->manager, &p->has_manager);
    ok &= text(c, o, list, i, "email", 100, &p->email, &p->has_email);
    ok &= text(c, o, list, i, "mobile", 30, &p->mobile, &p->has_mobile);
    ok &= text(c, o, list, i, "staff_no", 50, &p->staff_no, &p->has_staff_no);
    p->has_must_change = json_object_object_get_ex(o, "must_change", &must) && must;
    if (p->has_must_change) {
        if (!json_object_is_type(must, json_type_boolean))
            ok = ctx_fail(c, ERR_TYPE, place(c, list, i, "must_change"), "err.type",
                          msg_text(c->lang, "user.type_bool"));
        p->must_change = json_object_get_boolean(must);
    }
    ok &= read_roles(c, im, o, p, i);
    if (p->login && !login_ok(p->login))
        ok = ctx_fail(c, ERR_INVALID, place(c, list, i, "login"), "user.bad_login", p->login);
    if (p->login && map_put(&im->person_by_login, row_fold(c, "user", "login", p->login), p))
        ok = ctx_fail(c, ERR_DUP_IN_FILE, place(c, list, i, "login"), "user.twice", p->login);
    if (p->password)
        ok &=
            password_check_policy(c, place(c, list, i, "password"), p->password, p->login, p->name);
    return ok;
}

static bool load_role_ids(Ctx *c, Import *im)
{
    int mark = c->n_err;
    map_init(&im->roles, c->a);
    map_init(&im->role_names, c->a);
    DbRows *r =
        db_query(c, SQL("SELECT code, id, name FROM \"role\" WHERE deleted_at IS NULL ORDER BY id"),
                 NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        int64_t *id = ARENA_NEW(c->a, int64_t);
        *id = db_int(r, 1);
        map_put(&im->roles, arena_str(c->a, db_text(r, 0)), id);
        /* a workbook says 销售专员; a name never stands before a code */
        const char *name = arena_str(c->a, db_text(r, 2));
        if (!map_get(&im->role_names, name))
            map_put(&im->role_names, name, id);
    }
    db_done(r);
    return c->n_err == mark;
}

static bool list_of(Ctx *c, json_object *doc, const char *key, json_object **out, int *out_n)
{
    *out = json_member(doc, key);
    *out_n = 0;
    if (!*out)
        return true;
    if (!json_object_is_type(*out, json_type_array) || json_object_array_length(*out) > MOST_ROWS)
        return ctx_fail(c, ERR_TYPE, key, "err.type", msg_text(c->lang, "user.type_list"));
    *out_n = (int)json_object_array_length(*out);
    return true;
}

static bool read_all(Ctx *c, json_object *doc, Import *im)
{
    json_object *depts, *users;
    if (!json_object_is_type(doc, json_type_object))
        return ctx_fail(c, ERR_TYPE, NULL, "err.type", msg_text(c->lang, "user.type_object"));
    json_object_object_foreach(doc, key, value)
    {
        (void)value;
        if (strcmp(key, "departments") != 0 && strcmp(key, "users") != 0)
            return ctx_fail(c, ERR_UNKNOWN_FIELD, key, "err.unknown_field", key);
    }
    if (!list_of(c, doc, "departments", &depts, &im->n_depts) ||
        !list_of(c, doc, "users", &users, &im->n_people) || !load_role_ids(c, im))
        return false;
    im->depts = ARENA_ARRAY(c->a, im->n_depts + 1, Dept);
    im->people = ARENA_ARRAY(c->a, im->n_people + 1, Person);
    map_init(&im->dept_by_code, c->a);
    map_init(&im->person_by_login, c->a);
    bool ok = true;
    for (int i = 0; i < im->n_depts; i++) {
        json_object *o = json_object_array_get_idx(depts, (size_t)i);
        if (json_object_is_type(o, json_type_object))
            ok &= read_dept(c, im, o, i);
        else
            ok = ctx_fail(c, ERR_TYPE, place(c, "departments", i, NULL), "err.type",
                          msg_text(c->lang, "user.type_object"));
    }
    for (int i = 0; i < im->n_people; i++) {
        json_object *o = json_object_array_get_idx(users, (size_t)i);
        if (json_object_is_type(o, json_type_object))
            ok &= read_person(c, im, o, i);
        else
            ok = ctx_fail(c, ERR_TYPE, place(c, "users", i, NULL), "err.type",
                          msg_text(c->lang, "user.type_object"));
    }
    return ok;
}

/* --- what is there already ------------------------------------------------------------------------ */

static bool dept_id(Ctx *c, const char *code, int64_t *out)
{
    DbVal p[] = {db_of_text(row_fold(c, "department", "code", code))};
    bool found = false;
    *out = 0;
    return db_one_int(c, SQL("SELECT id FROM \"department\" WHERE code_f = $1"), p, 1, out, &found);
}

static bool user_id(Ctx *c, const char *login, int64_t *out)
{
    DbVal p[] = {db_of_text(row_fold(c, "user", "login", login))};
    bool found = false;
    *out = 0;
    return db_one_int(c, SQL("SELECT id FROM \"user\" WHERE login_f = $1"), p, 1, out, &found);
}

/* A code or login named by a row: in the file (folded) or in the database. */
static bool known(Ctx *c, const Map *in_file, bool (*find)(Ctx *, const char *, int64_t *),
                  const char *name, const char *folded, const char *at)
{
    int64_t id = 0;
    if (!name || map_has(in_file, folded))
        return true;
    if (!find(c, name, &id))
        return false;
    return id ? true : ctx_fail(c, ERR_REF_NOT_FOUND, at, "err.ref.not_found", name);
}

static bool look_up(Ctx *c, Import *im)
{
    bool ok = true;
    for (int i = 0; i < im->n_depts; i++) {
        const char *parent = im->depts[i].parent;
        ok &=
            known(c, &im->dept_by_code, dept_id, parent, row_fold(c, "department", "code", parent),
                  place(c, "departments", i, "parent"));
    }
    for (int i = 0; i < im->n_people; i++) {
        Person *p = &im->people[i];
        ok &= known(c, &im->dept_by_code, dept_id, p->department,
                    row_fold(c, "department", "code", p->department),
                    place(c, "users", i, "department"));
        ok &= known(c, &im->person_by_login, user_id, p->manager,
                    row_fold(c, "user", "login", p->manager), place(c, "users", i, "manager"));
        DbVal v[] = {db_of_text(row_fold(c, "user", "login", p->login))};
        bool found;
        if (p->login &&
            !db_one_text(c, SQL("SELECT password_hash FROM \"user\" WHERE login_f = $1"), v, 1,
                         &p->old_hash, &found))
            return false;
    }
    return ok;
}

/* --- hashing on all cores -------------------------------------------------------------------------- */

typedef struct Hashing {
    Import *im;
    atomic_int next;
    atomic_bool failed;
} Hashing;

static void *hash_some(void *arg)
{
    Hashing *h = arg;
    int i;
    while (!atomic_load(&h->failed) && (i = atomic_fetch_add(&h->next, 1)) < h->im->n_people) {
        Person *p = &h->im->people[i];
        if (!p->password)
            continue;
        if (p->old_hash && *p->old_hash == '$' &&
            crypt_password_check(CRYPT_KNOWN, p->old_hash, p->password) == CRYPT_YES)
            continue;
        if (crypt_password_hash(CRYPT_KNOWN, p->password, p->hash) != CRYPT_YES)
            atomic_store(&h->failed, true);
        p->new_password = true;
    }
    return NULL;
}

static bool hash_all(Ctx *c, Import *im)
{
    Hashing h = {.im = im};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = cores < 1 ? 1 : cores > MOST_THREADS ? MOST_THREADS : (int)cores;
    pthread_t threads[MOST_THREADS];
    int started = 0;
    while (started < n - 1 && pthread_create(&threads[started], NULL, hash_some, &h) == 0)
        started++;
    hash_some(&h);
    for (int i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    if (!atomic_load(&h.failed))
        return true;
    c->retry_after_s = 1;
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", "1");
}

/* --- writing ---------------------------------------------------------------------------------------- */

static bool log_row(Ctx *c, Import *im, const char *entity, int64_t id, const char *name,
                    bool is_new)
{
    AuditEntry e = {.action = is_new ? "create" : "update",
                    .entity = entity,
                    .record = id,
                    .record_name = name};
    if (is_new)
        im->created++;
    else
        im->updated++;
    return audit_add(c, &e);
}

static bool write_depts(Ctx *c, Import *im)
{
    const Entity *e = model_entity(c->model, "department");
    for (int i = 0; i < im->n_depts; i++) {
        Dept *d = &im->depts[i];
        if (!dept_id(c, d->code, &d->id))
            return false;
        bool is_new = d->id == 0;
        const RowSet set[] = {{"code", db_of_text(d->code)},
                              {"name", db_of_text(d->name)},
                              {"deleted_at", db_null()},
                              {"deleted_by", db_null()},
                              {"sort_order", db_of_int(i)}};
        if (is_new)
            d->id = id_new();
        if (!(is_new ? row_insert : row_update)(c, e, d->id, set, is_new ? 5 : 4) ||
            !log_row(c, im, "department", d->id, d->code, is_new))
            return false;
    }
    for (int i = 0; i < im->n_depts; i++) {
        int64_t parent = 0;
        Dept *d = &im->depts[i];
        if (!d->has_parent)
            continue;
        if (d->parent && !dept_id(c, d->parent, &parent))
            return false;
        DbVal p[] = {parent ? db_of_int(parent) : db_null(), db_of_int(d->id)};
        if (!db_exec(c, SQL("UPDATE \"department\" SET parent_id = $1 WHERE id = $2"), p, 2))
            return false;
    }
    return user_refresh_paths(c);
}

static void add(RowSet *set, size_t *n, bool has, const char *field, DbVal v)
{
    if (has)
        set[(*n)++] = (RowSet){field, v};
}

static bool write_person(Ctx *c, Import *im, Person *p)
{
    const Entity *e = model_entity(c->model, "user");
    int64_t department = 0;
    if ((p->department && !dept_id(c, p->department, &department)) || !user_id(c, p->login, &p->id))
        return false;
    p->is_new = p->id == 0;
    if (p->is_new) {
        p->id = id_new();
    } else {
        DbVal v[] = {db_of_int(p->id)};
        bool found;
        if (!db_one_int(c, SQL("SELECT department_id FROM \"user\" WHERE id = $1"), v, 1,
                        &p->old_department, &found))
            return false;
    }
    RowSet set[20];
    size_t n = 0;
    add(set, &n, true, "login", db_of_text(p->login));
    add(set, &n, true, "name", db_of_text(p->name));
    add(set, &n, p->has_department, "department", department ? db_of_int(department) : db_null());
    add(set, &n, p->has_position, "position", db_of_text(p->position));
    add(set, &n, p->has_email, "email", db_of_text(p->email));
    add(set, &n, p->has_mobile, "mobile", db_of_text(p->mobile));
    add(set, &n, p->has_staff_no, "staff_no", db_of_text(p->staff_no));
    add(set, &n, p->new_password, "password_hash", db_of_text(p->hash));
    add(set, &n, p->new_password, "password_changed_at", db_of_int(c->now_ms));
    add(set, &n, p->is_new || p->has_must_change, "must_change_password",
        db_of_int(p->must_change ? 1 : 0));
    add(set, &n, p->is_new, "status", db_of_text("active"));
    add(set, &n, p->is_new, "failed_logins", db_of_int(0));
    add(set, &n, p->is_new, "locale", db_of_text("zh-CN"));
    add(set, &n, p->is_new, "is_key_user", db_of_int(0));
    add(set, &n, !p->is_new, "deleted_at", db_null());
    add(set, &n, !p->is_new, "deleted_by", db_null());
    if (!(p->is_new ? row_insert : row_update)(c, e, p->id, set, n) ||
        !log_row(c, im, "user", p->id, p->login, p->is_new))
        return false;
    return p->is_new || !p->has_department || department == p->old_department ||
           user_move_rows(c, p->id, department);
}

/* Roles as given; *out_changed where they were others. */
static bool write_roles(Ctx *c, const Person *p, bool *out_changed)
{
    *out_changed = false;
    if (!p->has_roles)
        return true;
    int64_t had = 0, kept = 0;
    DbVal u[] = {db_of_int(p->id)};
    if (!db_one_int(c, SQL("SELECT COUNT(*) FROM \"rel_user_roles\" WHERE id = $1"), u, 1, &had,
                    NULL))
        return false;
    for (int i = 0; i < p->n_roles; i++) {
        DbVal v[] = {db_of_int(p->id), db_of_int(p->roles[i])};
        int64_t there = 0;
        if (!db_one_int(
                c, SQL("SELECT COUNT(*) FROM \"rel_user_roles\" WHERE id = $1 AND target = $2"), v,
                2, &there, NULL))
            return false;
        kept += there;
    }
    if (had == kept && kept == p->n_roles)
        return true;
    *out_changed = true;
    if (!db_exec(c, SQL("DELETE FROM \"rel_user_roles\" WHERE id = $1"), u, 1))
        return false;
    for (int i = 0; i < p->n_roles; i++) {
        DbVal v[] = {db_of_int(p->id), db_of_int(p->roles[i])};
        if (!db_exec(c, SQL("INSERT INTO \"rel_user_roles\" (id, target) VALUES ($1, $2)"), v, 2))
            return false;
    }
    AuditEntry e = {
        .action = "role_change", .entity = "user", .record = p->id, .record_name = p->login};
    return audit_add(c, &e);
}

static bool write_links(Ctx *c, const Person *p)
{
    bool roles_changed;
    if (p->has_manager) {
        int64_t manager = 0;
        if (p->manager && !user_id(c, p->manager, &manager))
            return false;
        DbVal v[] = {manager && manager != p->id ? db_of_int(manager) : db_null(),
                     db_of_int(p->id)};
        if (!db_exec(c, SQL("UPDATE \"user\" SET manager_id = $1 WHERE id = $2"), v, 2))
            return false;
    }
    return write_roles(c, p, &roles_changed) &&
           user_access_changed(c, p->id, !p->is_new && (roles_changed || p->new_password));
}

static bool write_all(Ctx *c, void *arg)
{
    Import *im = arg;
    im->created = im->updated = 0;
    if (!write_depts(c, im))
        return false;
    for (int i = 0; i < im->n_people; i++)
        if (!write_person(c, im, &im->people[i]))
            return false;
    for (int i = 0; i < im->n_people; i++)
        if (!write_links(c, &im->people[i]))
            return false;
    return db_change(c, "user", 0) && db_change(c, "department", 0);
}

bool user_import(Ctx *c, json_object *doc, int *out_created, int *out_updated)
{
    Import im = {0};
    if (!read_all(c, doc, &im) || !look_up(c, &im))
        return false;
    db_release(c);
    if (!hash_all(c, &im) || !db_write(c, write_all, &im))
        return false;
    actor_cache_clear();
    *out_created = im.created;
    *out_updated = im.updated;
    return true;
}
