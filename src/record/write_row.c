/*
 * Rows on their way into the database. See write_row.h.
 *
 * The INSERT text of an entity is kept per model version in a table of its own arena; a context that
 * uses a text holds a reference until its arena ends, so a replaced model lets the old texts go.
 */
#include "record/write_row.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "meta/types.h"

typedef struct TextCache {
    char version[sizeof(((Model *)0)->version)];
    Arena *a;
    struct Insert {
        SqlText text; /* text NULL until made */
        int n;        /* its parameters */
    } * insert;       /* by Entity.index */
    int n;
    int refs; /* under the lock; the table itself holds one while it is current */
} TextCache;

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static TextCache *cache_now;

static void cache_unref(TextCache *t)
{
    if (--t->refs == 0)
        arena_free(t->a);
}

static void cache_release(void *p)
{
    pthread_mutex_lock(&cache_lock);
    cache_unref(p);
    pthread_mutex_unlock(&cache_lock);
}

bool write_row_has_fold(const Field *f)
{
    return f->column && f->fold;
}

bool write_row_has_sort(const Field *f)
{
    return f->column && f->sort && f->type == FT_STRING;
}

bool write_row_has_match(const Field *f)
{
    return f->column && f->match != MATCH_NONE;
}

static void companion_name(Arena *a, Sql *q, const Field *f, char kind)
{
    sql_name(q, arena_printf(a, "%s_%c", f->column, kind));
}

/* INSERT INTO "e" (columns, companions) VALUES; → how many they are. */
static int build_head(Arena *a, const Entity *e, Sql *q)
{
    sql_init(q, a);
    sql_add(q, SQL("INSERT INTO "));
    sql_name(q, e->name);
    sql_add(q, SQL(" ("));
    int n = 0;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->column)
            continue;
        if (n++)
            sql_add(q, SQL(", "));
        sql_name(q, f->column);
    }
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (write_row_has_fold(f)) {
            sql_add(q, SQL(", "));
            companion_name(a, q, f, 'f');
            n++;
        }
        if (write_row_has_sort(f)) {
            sql_add(q, SQL(", "));
            companion_name(a, q, f, 's');
            n++;
        }
        if (write_row_has_match(f)) {
            sql_add(q, SQL(", "));
            companion_name(a, q, f, 'k');
            n++;
        }
    }
    sql_add(q, SQL(") VALUES "));
    return n;
}

/* The head with one row of placeholders. */
static void build_insert(Arena *a, const Entity *e, Sql *q)
{
    int n = build_head(a, e, q);
    sql_add(q, SQL("("));
    for (int i = 0; i < n; i++) {
        if (i)
            sql_add(q, SQL(", "));
        sql_bind(q, db_null());
    }
    sql_add(q, SQL(")"));
}

/* The text of e's INSERT, made on first use. */
static struct Insert insert_text(Ctx *c, const Entity *e)
{
    const Model *m = e->model;
    pthread_mutex_lock(&cache_lock);
    TextCache *t = cache_now;
    if (!t || memcmp(t->version, m->version, sizeof t->version) != 0 || t->n != m->n) {
        if (t)
            cache_unref(t);
        Arena *a = arena_new(0);
        t = ARENA_NEW(a, TextCache);
        memcpy(t->version, m->version, sizeof t->version);
        t->a = a;
        t->n = m->n;
        t->insert = ARENA_ARRAY(a, m->n, struct Insert);
        t->refs = 1;
        cache_now = t;
    }
    struct Insert *slot = &t->insert[e->index];
    if (!slot->text.text) {
        Sql q;
        build_insert(t->a, e, &q);
        *slot = (struct Insert){.text = sql_text(&q), .n = q.n};
    }
    t->refs++;
    struct Insert out = *slot;
    pthread_mutex_unlock(&cache_lock);
    arena_defer(c->a, cache_release, t);
    return out;
}

/* The values of a row in the order of build_head. → how many they are. */
static int values_of(Ctx *c, const Entity *e, const DbVal *values, DbVal *out)
{
    int n = 0;
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].column)
            out[n++] = values[i];
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (write_row_has_fold(f))
            out[n++] = type_fold(c->a, f, &values[i]);
        if (write_row_has_sort(f))
            out[n++] = type_sort_key(c->a, f, &values[i]);
        if (write_row_has_match(f))
            out[n++] = type_match_key(c->a, f, &values[i]);
    }
    return n;
}

void write_row_insert(Ctx *c, const Entity *e, const DbVal *values, Sql *out)
{
    struct Insert insert = insert_text(c, e);
    SqlText text = insert.text;
    sql_init(out, c->a);
    out->cap = insert.n;
    out->params = ARENA_ARRAY(c->a, out->cap, DbVal);
    out->n = values_of(c, e, values, out->params);
    /* the kept text is borrowed: nothing is added to it any more */
    out->text = (Buf){.a = c->a, .data = (char *)(uintptr_t)text.text, .len = strlen(text.text)};
}

bool write_row_insert_many(Ctx *c, const Entity *e, const DbVal *const *rows, int n,
                           const char *once)
{
    enum { PARAMS = 2000 }; /* of one statement: a text that is long is slow to read, too */
    for (int at = 0; at < n;) {
        Sql q;
        int each = build_head(c->a, e, &q), end = at + (PARAMS / each > 0 ? PARAMS / each : 1);
        DbVal *v = ARENA_ARRAY(c->a, each, DbVal);
        for (int from = at; at < n && at < end; at++) {
            sql_add(&q, at > from ? SQL(", (") : SQL("("));
            values_of(c, e, rows[at], v);
            for (int i = 0; i < each; i++) {
                if (i)
                    sql_add(&q, SQL(", "));
                sql_bind(&q, v[i]);
            }
            sql_add(&q, SQL(")"));
        }
        if (once) {
            sql_add(&q, SQL(" ON CONFLICT ("));
            sql_name(&q, once);
            sql_add(&q, SQL(") DO NOTHING"));
        }
        if (!sql_exec(c, &q))
            return false;
    }
    return true;
}

static void set_field(Ctx *c, Sql *q, const Field *f, DbVal v, bool *first)
{
    if (!f->column)
        return;
    if (!*first)
        sql_add(q, SQL(", "));
    *first = false;
    sql_name(q, f->column);
    sql_add(q, SQL(" = "));
    sql_bind(q, v);
    if (write_row_has_fold(f)) {
        sql_add(q, SQL(", "));
        companion_name(c->a, q, f, 'f');
        sql_add(q, SQL(" = "));
        sql_bind(q, type_fold(c->a, f, &v));
    }
    if (write_row_has_sort(f)) {
        sql_add(q, SQL(", "));
        companion_name(c->a, q, f, 's');
        sql_add(q, SQL(" = "));
        sql_bind(q, type_sort_key(c->a, f, &v));
    }
    if (write_row_has_match(f)) {
        sql_add(q, SQL(", "));
        companion_name(c->a, q, f, 'k');
        sql_add(q, SQL(" = "));
        sql_bind(q, type_match_key(c->a, f, &v));
    }
}

void write_row_set(Ctx *c, const Entity *e, const int *fields, const DbVal *values, int n, Sql *out)
{
    sql_init(out, c->a);
    sql_add(out, SQL("UPDATE "));
    sql_name(out, e->name);
    sql_add(out, SQL(" AS t0 SET "));
    bool first = true;
    for (int i = 0; i < n; i++)
        set_field(c, out, &e->fields[fields[i]], values[i], &first);
}

void write_row_update(Ctx *c, const Entity *e, int64_t id, const DbVal *values,
                      const unsigned char *changed, int64_t old_version, const Filter *scope,
                      Sql *out)
{
    int *fields = ARENA_ARRAY(c->a, e->n_fields, int);
    DbVal *set = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    int n = 0;
    for (int i = 1; i < e->n_fields; i++) {
        if (!changed[i] || !e->fields[i].column)
            continue;
        fields[n] = i;
        set[n++] = values[i];
    }
    if (!n) {
        sql_init(out, c->a);
        return;
    }
    write_row_set(c, e, fields, set, n, out);
    sql_add(out, SQL(" WHERE t0.\"id\" = "));
    sql_bind(out, db_of_int(id));
    if (e->standard) {
        sql_add(out, SQL(" AND t0.\"deleted_at\" IS NULL"));
        if (old_version >= 0) {
            sql_add(out, SQL(" AND t0.\"version\" = "));
            sql_bind(out, db_of_int(old_version));
        }
    }
    if (scope && scope->kind != FILTER_TRUE) {
        sql_add(out, SQL(" AND "));
        filter_sql_each(c, out, e, "t0", scope);
    }
}

static void rel_name(Ctx *c, Sql *q, const Entity *e, const Field *f)
{
    sql_name(q, arena_printf(c->a, "rel_%s_%s", e->name, f->name));
}

static bool has_id(const int64_t *ids, int n, int64_t id)
{
    for (int i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

bool write_row_many(Ctx *c, const Entity *e, const Field *f, int64_t id, const int64_t *old,
                    int n_old, const int64_t *ids, int n)
{
    int64_t *gone = ARENA_ARRAY(c->a, n_old + 1, int64_t);
    int n_gone = 0;
    for (int i = 0; i < n_old; i++)
        if (!has_id(ids, n, old[i]))
            gone[n_gone++] = old[i];
    Sql q;
    if (n_gone) {
        sql_init(&q, c->a);
        sql_add(&q, SQL("DELETE FROM "));
        rel_name(c, &q, e, f);
        sql_add(&q, SQL(" WHERE \"id\" = "));
        sql_bind(&q, db_of_int(id));
        sql_add(&q, SQL(" AND \"target\" IN "));
        sql_bind_ids(&q, gone, n_gone);
        if (!sql_exec(c, &q))
            return false;
    }
    int come = 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    rel_name(c, &q, e, f);
    sql_add(&q, SQL(" (\"id\", \"target\") VALUES "));
    for (int i = 0; i < n; i++) {
        if (has_id(old, n_old, ids[i]))
            continue;
        if (come++)
            sql_add(&q, SQL(", "));
        sql_add(&q, SQL("("));
        sql_bind(&q, db_of_int(id));
        sql_add(&q, SQL(", "));
        sql_bind(&q, db_of_int(ids[i]));
        sql_add(&q, SQL(")"));
    }
    return come == 0 || sql_exec(c, &q);
}

bool write_row_read_many(Ctx *c, const Entity *e, const Field *f, int64_t id, int64_t **out,
                         int *out_n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"target\" FROM "));
    rel_name(c, &q, e, f);
    sql_add(&q, SQL(" WHERE \"id\" = "));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, SQL(" ORDER BY \"target\""));
    DbIds ids = {0};
    bool ok = db_ids(c, sql_query(c, &q), &ids);
    *out = ids.items;
    *out_n = (int)ids.n;
    return ok;
}
