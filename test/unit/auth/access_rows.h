/* Rows for the tests of the gate: customers and what hangs on them, each of somebody. */
#ifndef TEST_AUTH_ACCESS_ROWS_H
#define TEST_AUTH_ACCESS_ROWS_H

#include "house.h"

static ZK_UNUSED int64_t dept_of(Ctx *c, int64_t user)
{
    DbVal p[] = {db_of_int(user)};
    int64_t id = 0;
    OK(c, db_one_int(c, SQL("SELECT department_id FROM \"user\" WHERE id = $1"), p, 1, &id, NULL));
    return id;
}

static ZK_UNUSED int64_t customer(Ctx *c, const char *owner)
{
    int64_t user = house_user(c, owner);
    const RowSet set[] = {{"name", db_of_text(owner)},
                          {"phone", db_of_text("13800138000")},
                          {"owner", db_of_int(user)},
                          {"owner_department", db_of_int(dept_of(c, user))},
                          {"number", db_of_text(arena_printf(c->a, "CUS-%s", owner))},
                          {"industry", db_of_text("it")},
                          {"source", db_of_text("website")}};
    return house_insert(c, "customer", set, sizeof set / sizeof set[0]);
}

static ZK_UNUSED int64_t child(Ctx *c, const char *entity, int64_t cust, const char *owner)
{
    int64_t user = house_user(c, owner);
    const RowSet set[] = {{"name", db_of_text("王芳")},
                          {"content", db_of_text("电话")},
                          {"mobile", db_of_text("13900139000")},
                          {"owner", db_of_int(user)},
                          {"owner_department", db_of_int(dept_of(c, user))},
                          {"customer", db_of_int(cust)},
                          {"happened_at", db_of_int(c->now_ms)},
                          {"method", db_of_text("phone")}};
    return house_insert(c, entity, set, sizeof set / sizeof set[0]);
}

#endif
