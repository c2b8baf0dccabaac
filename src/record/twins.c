/* Which rows agree with another. See twins.h. */
#include "record/twins.h"

#include "base/vec.h"
#include "db/sql.h"

enum { MOST = 5000, SOME = 500 };

typedef VEC(const char *) Keys;

static bool is_known(const Filter *f)
{
    return f->kind == FILTER_TWIN && f->kids[0]->kind == FILTER_TRUE;
}

bool twins_in(const Filter *f)
{
    if (is_known(f))
        return true;
    for (int i = 0; i < f->n_kids; i++)
        if (twins_in(f->kids[i]))
            return true;
    return false;
}

/* Of the fields of a rule the one whose equal values tell most: a number or a phone before a name. */
static const char *key_of(Ctx *c, const Entity *e, const DupRule *rule)
{
    const Field *best = entity_field(e, rule->fields[0]);
    for (const char *const *name = rule->fields; *name; name++) {
        const Field *f = entity_field(e, *name);
        if (best->type == FT_STRING && f->type != FT_STRING)
            best = f;
    }
    return arena_printf(c->a, "%s_k", best->column);
}

/* The values that more than one row has: one walk of the index of the match keys. */
static bool values_twice(Ctx *c, const Entity *e, const char *key, Keys *out)
{
    Sql q;
    int mark = c->n_err;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0."));
    sql_name(&q, key);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND t0."));
    sql_name(&q, key);
    sql_add(&q, SQL(" IS NOT NULL GROUP BY t0."));
    sql_name(&q, key);
    sql_add(&q, SQL(" HAVING count(*) > 1 LIMIT "));
    sql_number(&q, MOST + 1);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, out, arena_str(c->a, db_text(r, 0)));
    db_done(r);
    return c->n_err == mark;
}

/* The rows with one of the values for which the rule holds as a whole; the last value is repeated up to SOME, so that
   there is one statement. */
static bool rows_of(Ctx *c, const Entity *e, const char *key, const Filter *twin, const Keys *keys,
                    size_t from, DbIds *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND t0."));
    sql_name(&q, key);
    sql_add(&q, SQL(" IN ("));
    for (size_t i = from; i < from + SOME; i++) {
        if (i > from)
            sql_add(&q, SQL(", "));
        sql_bind(&q, db_of_text(keys->items[i < keys->n ? i : keys->n - 1]));
    }
    sql_add(&q, SQL(") AND "));
    filter_sql_each(c, &q, e, "t0", twin);
    return db_ids(c, sql_query(c, &q), out);
}

/* The rows of a rule; *few false: there are too many to be named. */
static bool rows_that_agree(Ctx *c, const Entity *e, const Filter *twin, DbIds *ids, bool *few)
{
    const char *key = key_of(c, e, twin->dup);
    Keys keys = {0};
    *few = false;
    if (!values_twice(c, e, key, &keys))
        return false;
    if (keys.n > MOST)
        return true;
    for (size_t from = 0; from < keys.n && ids->n <= MOST; from += SOME)
        if (!rows_of(c, e, key, twin, &keys, from, ids))
            return false;
    *few = ids->n <= MOST;
    return true;
}

bool twins_known(Ctx *c, const Entity *e, const Filter *f, Filter **out)
{
    Filter *copy = ARENA_NEW(c->a, Filter);
    *copy = *f;
    *out = copy;
    if (is_known(f)) {
        DbIds ids = {0};
        bool few;
        if (!rows_that_agree(c, e, f, &ids, &few))
            return false;
        if (few)
            *out = ids.n ? filter_ids(c->a, ids.items, (int)ids.n) : filter_false(c->a);
        return true;
    }
    if (f->kind != FILTER_AND && f->kind != FILTER_OR && f->kind != FILTER_NOT)
        return true; /* a link leads to another entity */
    if (f->n_kids)
        copy->kids = ARENA_ARRAY(c->a, f->n_kids, Filter *);
    for (int i = 0; i < f->n_kids; i++)
        if (!twins_known(c, e, f->kids[i], &copy->kids[i]))
            return false;
    return true;
}
