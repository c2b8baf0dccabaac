/* Starred records. See favorite.h. */
#include "record/favorite.h"

#include <string.h>

#include "base/id.h"

enum { MOST = 200 };

typedef struct Star {
    const Entity *e;
    int64_t id;
    const char *label; /* NULL: not his to see any more */
} Star;

/* The labels of the stars of one entity that are live and in the caller's reading scope. */
static bool fetch_labels(Ctx *c, const Entity *e, Star *stars, int n)
{
    int64_t *ids = ARENA_ARRAY(c->a, n, int64_t);
    int k = 0;
    for (int i = 0; i < n; i++)
        if (stars[i].e == e)
            ids[k++] = stars[i].id;
    Filter *scope = access_scope(c, e, ACT_READ);
    if (!access_may(c, e, ACT_READ) || scope->kind == FILTER_FALSE)
        return true;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", e->title->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" IN "));
    sql_bind_ids(&q, ids, k);
    if (e->standard)
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (scope->kind != FILTER_TRUE) {
        sql_add(&q, SQL(" AND "));
        filter_sql_each(c, &q, e, "t0", scope);
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        int64_t id = db_int(r, 0);
        const char *label = db_text(r, 1);
        for (int i = 0; i < n; i++)
            if (stars[i].e == e && stars[i].id == id)
                stars[i].label = arena_str(c->a, label ? label : "");
    }
    db_done(r);
    return c->n_err == 0;
}

static bool read_stars(Ctx *c, Star *stars, int *n)
{
    DbVal p[] = {db_of_int(c->actor->user), db_of_int(MOST)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"entity\", \"record\" FROM \"favorite\" WHERE \"user_id\" = "
                             "$1 ORDER BY \"id\" DESC LIMIT $2"),
                         p, 2);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *name = db_text(r, 0);
        const Entity *e = name ? model_entity(c->model, name) : NULL;
        if (e && e->routes && e->title->column)
            stars[(*n)++] = (Star){.e = e, .id = db_int(r, 1)};
    }
    db_done(r);
    return c->n_err == 0;
}

bool favorite_list(Ctx *c, Buf *out)
{
    Star *stars = ARENA_ARRAY(c->a, MOST, Star);
    int n = 0;
    if (!read_stars(c, stars, &n))
        return false;
    for (int i = 0; i < n; i++) {
        bool asked = false;
        for (int k = 0; k < i; k++)
            asked = asked || stars[k].e == stars[i].e;
        if (!asked && !fetch_labels(c, stars[i].e, stars, n))
            return false;
    }
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n; i++) {
        if (!stars[i].label)
            continue;
        jw_obj(&w);
        jw_kstr(&w, "entity", stars[i].e->name);
        jw_kint(&w, "id", stars[i].id);
        jw_kstr(&w, "label", stars[i].label);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return true;
}

static bool insert_star(Ctx *c, void *arg)
{
    const Star *s = arg;
    int64_t n = 0;
    DbVal me = db_of_int(c->actor->user);
    if (!db_one_int(c, SQL("SELECT count(*) FROM \"favorite\" WHERE \"user_id\" = $1"), &me, 1, &n,
                    NULL))
        return false;
    if (n >= MOST)
        return ctx_fail(c, ERR_LIMIT, NULL, "err.favorites_full", ctx_num(c, MOST));
    DbVal p[] = {db_of_int(id_new()), me, db_of_text(s->e->name), db_of_int(s->id),
                 db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("INSERT INTO \"favorite\" (\"id\", \"user_id\", \"entity\", \"record\", "
                       "\"created_at\") VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"),
                   p, 5);
}

bool favorite_add(Ctx *c, const char *entity, int64_t id)
{
    const Entity *e = entity ? model_entity(c->model, entity) : NULL;
    Record r;
    if (!e || !e->routes || !access_may(c, e, ACT_READ))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!rec_get(c, e, id, false, &r))
        return false;
    Star s = {.e = e, .id = id};
    return db_write(c, insert_star, &s);
}

static bool delete_star(Ctx *c, void *arg)
{
    return db_exec(c,
                   SQL("DELETE FROM \"favorite\" WHERE \"user_id\" = $1 AND \"entity\" = $2 AND "
                       "\"record\" = $3"),
                   arg, 3);
}

bool favorite_remove(Ctx *c, const char *entity, int64_t id)
{
    DbVal p[] = {db_of_int(c->actor->user), db_of_text(entity), db_of_int(id)};
    return db_write(c, delete_star, p);
}
