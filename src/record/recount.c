/* Counts kept on records. See recount.h. */
#include "record/recount.h"

#include <string.h>

#include "db/sql.h"

typedef struct Count {
    const char *entity, *field; /* the count */
    const char *of, *link;      /* rows of this entity that lead here by this column */
    SqlText live;               /* and are counted */
} Count;

static const Count counts[] = {
    {"customer", "contact_count", "contact", "customer_id", SQL(" AND t1.\"deleted_at\" IS NULL")},
    {"customer", "follow_up_count", "follow_up", "customer_id",
     SQL(" AND t1.\"deleted_at\" IS NULL")},
    {"customer", "open_task_count", "task", "customer_id",
     SQL(" AND t1.\"deleted_at\" IS NULL AND t1.\"status\" <> 'done' AND t1.\"status\" <> "
         "'cancelled'")},
    {"contact", "follow_up_count", "follow_up", "parent_id",
     SQL(" AND t1.\"deleted_at\" IS NULL AND t1.\"parent_type\" = 'contact'")},
};
enum { N_COUNTS = sizeof counts / sizeof *counts, TOLD = 20 };

/* (SELECT COUNT(*) FROM of AS t1 WHERE t1.link = alias.id AND …) */
static void number(Sql *q, const Count *k)
{
    sql_add(q, SQL("(SELECT COUNT(*) FROM "));
    sql_name(q, k->of);
    sql_add(q, SQL(" AS t1 WHERE "));
    sql_col(q, "t1", k->link);
    sql_add(q, SQL(" = t0.\"id\""));
    sql_add(q, k->live);
    sql_add(q, SQL(")"));
}

static void wrong(Sql *q, const Count *k)
{
    sql_add(q, SQL(" WHERE t0.\"deleted_at\" IS NULL AND COALESCE("));
    sql_col(q, "t0", k->field);
    sql_add(q, SQL(", 0) <> "));
    number(q, k);
}

static bool check_one(Ctx *c, const Count *k,
                      void (*say)(void *arg, const char *entity, int64_t id, const char *field),
                      void *arg)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, k->entity);
    sql_add(&q, SQL(" AS t0"));
    wrong(&q, k);
    sql_add(&q, SQL(" LIMIT "));
    sql_number(&q, TOLD);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        say(arg, k->entity, db_int(r, 0), k->field);
    db_done(r);
    return c->n_err == 0;
}

bool recount_check(Ctx *c,
                   void (*say)(void *arg, const char *entity, int64_t id, const char *field),
                   void *arg)
{
    for (int i = 0; i < N_COUNTS; i++)
        if (!check_one(c, &counts[i], say, arg))
            return false;
    return true;
}

static void anew(Ctx *c, Sql *q, const Count *k)
{
    sql_init(q, c->a);
    sql_add(q, SQL("UPDATE "));
    sql_name(q, k->entity);
    sql_add(q, SQL(" AS t0 SET "));
    sql_name(q, k->field);
    sql_add(q, SQL(" = "));
    number(q, k);
    sql_add(q, SQL(" WHERE t0.\"id\" IN "));
}

bool recount_rows(Ctx *c, const Entity *e, const int64_t *ids, int n)
{
    for (int i = 0; i < N_COUNTS; i++) {
        Sql q;
        if (strcmp(counts[i].entity, e->name) != 0)
            continue;
        anew(c, &q, &counts[i]);
        sql_bind_ids(&q, ids, n);
        if (!sql_exec(c, &q))
            return false;
    }
    return true;
}

bool recount_wholes(Ctx *c, const Entity *e, const int64_t *ids, int n)
{
    for (int i = 0; i < N_COUNTS; i++) {
        Sql q;
        if (strcmp(counts[i].of, e->name) != 0)
            continue;
        anew(c, &q, &counts[i]);
        sql_add(&q, SQL("(SELECT t2."));
        sql_name(&q, counts[i].link);
        sql_add(&q, SQL(" FROM "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" AS t2 WHERE t2.\"id\" IN "));
        sql_bind_ids(&q, ids, n);
        sql_add(&q, SQL(")"));
        if (!sql_exec(c, &q))
            return false;
    }
    return true;
}

static bool mend(Ctx *c, void *arg)
{
    int64_t *mended = arg;
    *mended = 0;
    for (int i = 0; i < N_COUNTS; i++) {
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("UPDATE "));
        sql_name(&q, counts[i].entity);
        sql_add(&q, SQL(" AS t0 SET "));
        sql_name(&q, counts[i].field);
        sql_add(&q, SQL(" = "));
        number(&q, &counts[i]);
        wrong(&q, &counts[i]);
        sql_add(&q, SQL(" RETURNING \"id\""));
        DbRows *r = sql_query(c, &q);
        if (!r)
            return false;
        while (db_step(r))
            ++*mended;
        db_done(r);
    }
    return c->n_err == 0;
}

bool recount_mend(Ctx *c, int64_t *mended)
{
    return db_write(c, mend, mended);
}
