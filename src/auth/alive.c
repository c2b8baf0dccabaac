/*
 * Who is still signed in, of many at once: for connections that stay open (live updates). One
 * statement whatever their number; looking prolongs nothing.
 */
#include "auth/session.h"
#include "base/conf.h"
#include "db/sql.h"

static bool collect(Ctx *c, const Sql *q, Map *out)
{
    int mark = c->n_err;
    DbRows *r = sql_query(c, q);
    if (!r)
        return false;
    while (db_step(r))
        map_put(out, arena_str(c->a, ctx_num(c, db_int(r, 0))), out);
    db_done(r);
    return c->n_err == mark;
}

bool session_alive(Ctx *c, const int64_t *sessions, int n, Map *out)
{
    Sql q;
    int64_t now = session_now(c);
    if (!n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT s.id FROM \"session\" s JOIN \"user\" u ON u.id = s.user_id WHERE "
                    "u.status = 'active' AND u.deleted_at IS NULL AND s.created_at > "));
    sql_bind(&q, db_of_int(now - conf_duration_ms("session.absolute")));
    sql_add(&q, SQL(" AND s.seen_at > "));
    sql_bind(&q, db_of_int(now - conf_duration_ms("session.idle")));
    sql_add(&q, SQL(" AND s.id IN "));
    sql_bind_ids(&q, sessions, n);
    return collect(c, &q, out);
}

bool token_alive(Ctx *c, const int64_t *tokens, int n, Map *out)
{
    Sql q;
    if (!n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT k.id FROM \"api_key\" k JOIN \"user\" u ON u.id = k.user_id WHERE "
                    "u.status = 'active' AND u.deleted_at IS NULL AND k.revoked_at IS NULL AND "
                    "(k.expires_at IS NULL OR k.expires_at > "));
    sql_bind(&q, db_of_int(session_now(c)));
    sql_add(&q, SQL(") AND k.id IN "));
    sql_bind_ids(&q, tokens, n);
    return collect(c, &q, out);
}
