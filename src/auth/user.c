/* Accounts and departments. See user.h; the import is in user_import.c. */
#include "auth/user.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/role.h"
#include "auth/row.h"
#include "base/id.h"
#include "db/sql.h"

/* --- the first administrator -------------------------------------------------------------------- */

typedef struct Admin {
    const char *login, *stored;
    bool token;
} Admin;

static bool create_admin(Ctx *c, void *arg)
{
    static const char *const codes[] = {"system_admin", "security_admin", "management", "auditor"};
    const Admin *a = arg;
    const Entity *e = model_entity(c->model, "user");
    DbVal p[] = {db_of_text(row_fold(c, "user", "login", a->login))};
    int64_t id = 0;
    bool found = false;
    if (!db_one_int(c, SQL("SELECT id FROM \"user\" WHERE login_f = $1"), p, 1, &id, &found))
        return false;
    if (found)
        return ctx_fail(c, ERR_CONFLICT, "login", "auth.login_taken", a->login);
    id = id_new();
    const RowSet set[] = {
        {"login", db_of_text(a->login)},
        {"name", db_of_text("管理员")},
        {"status", db_of_text("active")},
        {"password_hash", db_of_text(a->stored)},
        {"password_changed_at", db_of_int(c->now_ms)},
        {"must_change_password", db_of_int(a->token ? 1 : 0)},
        {"failed_logins", db_of_int(0)},
        {"locale", db_of_text("zh-CN")},
        {"is_key_user", db_of_int(0)},
    };
    AuditEntry log = {.action = "create", .entity = "user", .record = id, .record_name = a->login};
    if (!row_insert(c, e, id, set, sizeof set / sizeof set[0]) || !audit_add(c, &log))
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        int64_t role;
        if (!role_find(c, codes[i], &role))
            return false;
        if (role == 0)
            return ctx_fail_detail(c, ERR_INTERNAL, "role_seed has not run", "err.internal");
        DbVal r[] = {db_of_int(id), db_of_int(role)};
        if (!db_exec(c, SQL("INSERT INTO \"rel_user_roles\" (id, target) VALUES ($1, $2)"), r, 2))
            return false;
    }
    return db_change(c, "access", id);
}

bool user_create_admin(Ctx *c, const char *login, const char *password, const char **out_token)
{
    Admin a = {.login = login, .token = !password};
    const char *token = NULL;
    if (password) {
        if (!password_check_policy(c, "password", password, login, NULL) ||
            !password_hash_text(c, password, &a.stored))
            return false;
    } else {
        password_setup_token(c->a, &token, &a.stored);
    }
    if (!db_write(c, create_admin, &a))
        return false;
    actor_cache_clear();
    if (out_token)
        *out_token = token;
    return true;
}

/* --- the tree of departments ------------------------------------------------------------------- */

typedef struct Node {
    int64_t id, parent;
    const char *old_path, *path;
    bool on_way;
} Node;

static Node *node_of(Node *nodes, int n, int64_t id)
{
    int low = 0, high = n - 1; /* read in order of id */
    while (low <= high) {
        int mid = low + (high - low) / 2;
        if (nodes[mid].id == id)
            return &nodes[mid];
        if (nodes[mid].id < id)
            low = mid + 1;
        else
            high = mid - 1;
    }
    return NULL;
}

/* The path of a node, upwards first; a node met again on its own way up closes a ring. */
static bool work_out(Ctx *c, Node *nodes, int n, Node *x)
{
    if (x->path)
        return true;
    if (x->on_way)
        return ctx_fail(c, ERR_CONFLICT, "parent", "auth.department_ring");
    x->on_way = true;
    Node *up = x->parent ? node_of(nodes, n, x->parent) : NULL;
    if (up && !work_out(c, nodes, n, up))
        return false;
    x->path = arena_printf(c->a, "%s%" PRId64 "/", up ? up->path : "/", x->id);
    x->on_way = false;
    return true;
}

static bool read_nodes(Ctx *c, Node **out, int *out_n)
{
    int64_t count = 0;
    if (!db_one_int(c, SQL("SELECT COUNT(*) FROM \"department\""), NULL, 0, &count, NULL))
        return false;
    Node *nodes = ARENA_ARRAY(c->a, count + 1, Node);
    int n = 0, mark = c->n_err;
    DbRows *r =
        db_query(c, SQL("SELECT id, parent_id, path FROM \"department\" ORDER BY id"), NULL, 0);
    if (!r)
        return false;
    while (n < count && db_step(r)) {
        nodes[n].id = db_int(r, 0);
        nodes[n].parent = db_int(r, 1);
        nodes[n].old_path = arena_str(c->a, db_text(r, 2));
        n++;
    }
    db_done(r);
    *out = nodes;
    *out_n = n;
    return c->n_err == mark;
}

bool user_refresh_paths(Ctx *c)
{
    assert(db_in_write(c));
    const Entity *e = model_entity(c->model, "department");
    Node *nodes;
    int n;
    bool changed = false;
    if (!read_nodes(c, &nodes, &n))
        return false;
    for (int i = 0; i < n; i++) {
        if (!work_out(c, nodes, n, &nodes[i]))
            return false;
        if (nodes[i].old_path && strcmp(nodes[i].old_path, nodes[i].path) == 0)
            continue;
        const RowSet set[] = {{"path", db_of_text(nodes[i].path)}};
        if (!row_touch(c, e, nodes[i].id, set, 1))
            return false;
        changed = true;
    }
    return changed ? db_change(c, "access", 0) : true;
}

bool user_move_rows(Ctx *c, int64_t owner, int64_t department)
{
    assert(db_in_write(c));
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (!e->standard)
            continue;
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("UPDATE "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" SET owner_department_id = "));
        sql_bind(&q, department ? db_of_int(department) : db_null());
        /* the index of owners holds living rows; of the others the bin is gone through, not the table */
        sql_add(&q, SQL(" WHERE (deleted_at IS NULL AND owner_id = "));
        sql_bind(&q, db_of_int(owner));
        sql_add(&q, SQL(") OR (deleted_at IS NOT NULL AND owner_id = "));
        sql_bind(&q, db_of_int(owner));
        sql_add(&q, SQL(")"));
        if (!sql_exec(c, &q))
            return false;
        if (db_changes(c) > 0 && !db_change(c, e->name, 0))
            return false;
    }
    return true;
}

bool user_access_changed(Ctx *c, int64_t user, bool end_sessions)
{
    assert(db_in_write(c));
    int64_t keep = c->actor && c->actor->user == user ? c->actor->session : 0;
    return (!end_sessions || session_close_all(c, user, keep)) && db_change(c, "access", user);
}

bool user_any(Ctx *c, bool *out)
{
    int64_t one;
    *out = false;
    return db_one_int(c, SQL("SELECT \"id\" FROM \"user\" LIMIT 1"), NULL, 0, &one, out);
}
