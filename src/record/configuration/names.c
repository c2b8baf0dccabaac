/* Natural keys of rows, found for many at once: a login, the path of a department ("总部/销售部"), the number of a customer. */
#include <inttypes.h>
#include <string.h>

#include "db/sql.h"
#include "record/configuration/impl.h"

typedef struct Slot {
    const Entity *e;
    Map by_id;        /* decimal id → its key; "" while it is wanted, then it is not there */
    Map by_key;       /* key → int64_t *, 0 while it is wanted, -1 for several */
    VEC(int64_t) ids; /* wanted */
    VEC(const char *) keys;
    bool whole; /* read whole already */
} Slot;

struct CfgNames {
    Ctx *c;
    Slot *slots; /* by Entity.index */
    int n;
};

CfgNames *cfg_names_new(Ctx *c)
{
    CfgNames *n = ARENA_NEW(c->a, CfgNames);
    n->c = c;
    n->n = c->model->n;
    n->slots = ARENA_ARRAY(c->a, n->n, Slot);
    return n;
}

static Slot *slot_of(const CfgNames *n, const Entity *e)
{
    Slot *s = &n->slots[e->index];
    if (!s->e) {
        s->e = e;
        map_init(&s->by_id, n->c->a);
        map_init(&s->by_key, n->c->a);
    }
    return s;
}

static const char *id_text(Arena *a, int64_t id)
{
    return arena_printf(a, "%" PRId64, id);
}

static void know(CfgNames *n, Slot *s, int64_t id, const char *key, bool live)
{
    map_put(&s->by_id, id_text(n->c->a, id), (void *)(uintptr_t)arena_str(n->c->a, key));
    int64_t *at = map_get(&s->by_key, key);
    if (!live || (at && *at == id))
        return;
    if (!at) {
        at = ARENA_NEW(n->c->a, int64_t);
        map_put(&s->by_key, key, at);
    }
    *at = *at == 0 ? id : -1;
}

void cfg_names_put(CfgNames *n, const Entity *e, int64_t id, const char *key)
{
    know(n, slot_of(n, e), id, key, true);
}

void cfg_names_want_id(CfgNames *n, const Entity *e, int64_t id)
{
    Slot *s = slot_of(n, e);
    const char *text = id_text(n->c->a, id);
    if (s->whole || map_has(&s->by_id, text))
        return;
    map_put(&s->by_id, text, (void *)(uintptr_t) "");
    vec_push(n->c->a, &s->ids, id);
}

void cfg_names_want_key(CfgNames *n, const Entity *e, const char *key)
{
    Slot *s = slot_of(n, e);
    if (s->whole || map_has(&s->by_key, key))
        return;
    map_put(&s->by_key, key, ARENA_NEW(n->c->a, int64_t));
    vec_push(n->c->a, &s->keys, arena_str(n->c->a, key));
}

/* ---- statements ------------------------------------------------------------------------------ */

static const char *const *key_columns(Ctx *c, const Entity *e)
{
    int n = 0;
    while (e->key && e->key[n])
        n++;
    const char **out = ARENA_ARRAY(c->a, n + 2, const char *);
    for (int i = 0; i < n; i++)
        out[i] = entity_field(e, e->key[i])->column;
    for (int i = 0; !n && i < e->n_builtin; i++)
        if (e->fields[i].type == FT_NUMBER) {
            out[0] = e->fields[i].column;
            break;
        }
    return out;
}

static void select_keys(Ctx *c, const Entity *e, Sql *q)
{
    const char *const *cols = key_columns(c, e);
    const Field *tree = e->tree ? entity_field(e, e->tree) : NULL;
    sql_init(q, c->a);
    sql_add(q, SQL("SELECT t0.\"id\", "));
    if (e->standard)
        sql_add(q, SQL("t0.\"deleted_at\", "));
    else
        sql_add(q, SQL("NULL, "));
    if (tree)
        sql_col(q, "t0", tree->column);
    else
        sql_add(q, SQL("NULL"));
    for (int i = 0; cols[i]; i++) {
        sql_add(q, SQL(", "));
        sql_col(q, "t0", cols[i]);
    }
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0"));
}

static const char *joined(Ctx *c, DbRows *r, int from)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = from; i < db_columns(r); i++) {
        if (i > from)
            buf_putc(&b, '/');
        buf_puts(&b, db_is_null(r, i) ? "-" : db_text(r, i));
    }
    return b.len ? b.data : "";
}

typedef struct Node {
    int64_t id, parent;
    bool live;
    const char *name;
} Node;

/* "总部/销售部": from the root down. A circle (there should be none) ends at its first repetition. */
static const char *path_of(Ctx *c, const Map *nodes, const Node *x)
{
    enum { DEEPEST = 64 };
    const char *path = x->name;
    for (int depth = 0; x->parent && depth < DEEPEST; depth++) {
        x = map_get(nodes, id_text(c->a, x->parent));
        if (!x)
            break;
        path = arena_printf(c->a, "%s/%s", x->name, path);
    }
    return path;
}

static bool fetch_tree(CfgNames *n, Slot *s)
{
    Ctx *c = n->c;
    Sql q;
    VEC(Node *) all = {0};
    Map nodes;
    map_init(&nodes, c->a);
    select_keys(c, s->e, &q);
    DbRows *r = sql_query(c, &q);
    while (r && db_step(r)) {
        Node *x = ARENA_NEW(c->a, Node);
        *x = (Node){db_int(r, 0), db_is_null(r, 2) ? 0 : db_int(r, 2), db_is_null(r, 1),
                    joined(c, r, 3)};
        map_put(&nodes, id_text(c->a, x->id), x);
        vec_push(c->a, &all, x);
    }
    if (!r)
        return false;
    db_done(r);
    s->whole = true;
    for (size_t i = 0; i < all.n; i++)
        know(n, s, all.items[i]->id, path_of(c, &nodes, all.items[i]), all.items[i]->live);
    return true;
}

static bool read_keys(CfgNames *n, Slot *s, Sql *q)
{
    DbRows *r = sql_query(n->c, q);
    if (!r)
        return false;
    while (db_step(r))
        know(n, s, db_int(r, 0), joined(n->c, r, 3), db_is_null(r, 1));
    db_done(r);
    return true;
}

static bool fetch_slot(CfgNames *n, Slot *s)
{
    enum { AT_ONCE = 500 };
    Ctx *c = n->c;
    Sql q;
    if (!configuration_named(s->e) || (!s->ids.n && !s->keys.n))
        return true;
    if (s->e->tree)
        return fetch_tree(n, s);
    const char *const *cols = key_columns(c, s->e);
    if (s->ids.n) {
        select_keys(c, s->e, &q);
        sql_add(&q, SQL(" WHERE t0.\"id\""));
        sql_among(c, &q, s->ids.items, (int)s->ids.n);
        if (!read_keys(n, s, &q))
            return false;
    }
    for (size_t i = 0; i < s->keys.n; i += AT_ONCE) {
        select_keys(c, s->e, &q);
        for (size_t k = i; !cols[1] && k < s->keys.n && k < i + AT_ONCE; k++) {
            sql_add(&q, k == i ? SQL(" WHERE t0.") : SQL(", "));
            if (k == i) {
                sql_name(&q, cols[0]);
                sql_add(&q, SQL(" IN ("));
            }
            sql_bind(&q, db_of_text(s->keys.items[k]));
        }
        if (!cols[1])
            sql_add(&q, SQL(")"));
        else
            s->whole = true; /* names of several fields: small tables */
        if (!read_keys(n, s, &q))
            return false;
        if (cols[1])
            break;
    }
    s->ids.n = s->keys.n = 0;
    return true;
}

bool cfg_names_fetch(CfgNames *n)
{
    int before = n->c->n_err;
    for (int i = 0; i < n->n; i++)
        if (n->slots[i].e && !n->slots[i].whole && !fetch_slot(n, &n->slots[i]))
            return false;
    return n->c->n_err == before;
}

const char *cfg_name_of(const CfgNames *n, const Entity *e, int64_t id)
{
    const Slot *s = &n->slots[e->index];
    const char *key = s->e ? map_get(&s->by_id, id_text(n->c->a, id)) : NULL;
    return key && *key ? key : NULL;
}

int64_t cfg_id_of(const CfgNames *n, const Entity *e, const char *key)
{
    const Slot *s = &n->slots[e->index];
    const int64_t *id = s->e ? map_get(&s->by_key, key) : NULL;
    return id ? *id : 0;
}
