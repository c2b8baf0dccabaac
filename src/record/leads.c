/* Two halves of a table, each by its own index. See leads.h. */
#include "record/leads.h"

static void name(Sql *q, const char *alias, const char *column)
{
    if (alias)
        sql_col(q, alias, column);
    else
        sql_name(q, column);
}

/* The kind stands in each half: by itself it would lead SQLite to all rows of the kind. */
static void half(Sql *q, const char *alias, const Lead *l, const int64_t *ids, int n,
                 const SqlText *where)
{
    sql_add(q, SQL("("));
    if (where) {
        name(q, alias, "deleted_at");
        sql_add(q, *where);
    }
    if (l->by) {
        name(q, alias, l->by);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(l->kind));
        sql_add(q, SQL(" AND "));
    }
    name(q, alias, l->column);
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, ids, n);
    sql_add(q, SQL(")"));
}

void leads_to(Sql *q, const char *alias, const Lead *l, const int64_t *ids, int n, bool live)
{
    const SqlText lives = SQL(" IS NULL AND "), in_bin = SQL(" IS NOT NULL AND ");
    if (!l->x || !l->x->standard) {
        half(q, alias, l, ids, n, NULL);
        return;
    }
    if (live) {
        half(q, alias, l, ids, n, &lives);
        return;
    }
    sql_add(q, SQL("("));
    half(q, alias, l, ids, n, &lives);
    sql_add(q, SQL(" OR "));
    half(q, alias, l, ids, n, &in_bin);
    sql_add(q, SQL(")"));
}
