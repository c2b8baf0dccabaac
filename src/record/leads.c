/* Two halves of a table, each by its own index. See leads.h. */
#include "record/leads.h"

static void name(Sql *q, const char *alias, const char *column)
{
    if (alias)
        sql_col(q, alias, column);
    else
        sql_name(q, column);
}

static void one_of(Sql *q, const char *alias, const char *column, const int64_t *ids, int n)
{
    name(q, alias, column);
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, ids, n);
}

void leads_to(Sql *q, const char *alias, const Entity *x, const char *column, const int64_t *ids,
              int n)
{
    if (!x || !x->standard) {
        one_of(q, alias, column, ids, n);
        return;
    }
    sql_add(q, SQL("(("));
    name(q, alias, "deleted_at");
    sql_add(q, SQL(" IS NULL AND "));
    one_of(q, alias, column, ids, n);
    sql_add(q, SQL(") OR ("));
    name(q, alias, "deleted_at");
    sql_add(q, SQL(" IS NOT NULL AND "));
    one_of(q, alias, column, ids, n);
    sql_add(q, SQL("))"));
}
