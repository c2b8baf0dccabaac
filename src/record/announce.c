/* Who an announcement is for, and who has seen it. See announce.h. */
#include "record/announce.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/vec.h"
#include "record/notify.h"

enum { MINE_MAX = 20, RECEIPTS_MAX = 500, PATH_MAX_IDS = 32, ROLES_MAX = 32 };

/* " WHERE …": current announcements (as a) for the caller by department, with those above it, and role. */
static void add_mine(Ctx *c, Sql *q)
{
    const Actor *me = c->actor;
    int64_t path[PATH_MAX_IDS];
    int n = 0;
    for (const char *p = me->department_path ? me->department_path : ""; *p && n < PATH_MAX_IDS;) {
        char *end;
        int64_t id = strtoll(p + (*p == '/'), &end, 10);
        if (id > 0)
            path[n++] = id;
        p = *end == '/' ? end : "";
    }
    if (me->department && n == 0)
        path[n++] = me->department;
    sql_add(q, SQL(" WHERE a.\"deleted_at\" IS NULL AND a.\"archived_at\" IS NULL AND "
                   "(a.\"start_at\" IS NULL OR a.\"start_at\" <= "));
    sql_bind(q, db_of_int(c->now_ms));
    sql_add(q, SQL(") AND (a.\"end_at\" IS NULL OR a.\"end_at\" > "));
    sql_bind(q, db_of_int(c->now_ms));
    sql_add(q, SQL(") AND (a.\"audience\" = 'all' OR (a.\"audience\" = 'departments' AND EXISTS "
                   "(SELECT 1 FROM \"rel_announcement_departments\" x WHERE x.\"id\" = a.\"id\" "
                   "AND x.\"target\" IN "));
    sql_bind_ids(q, path, n);
    sql_add(q, SQL(")) OR (a.\"audience\" = 'roles' AND EXISTS (SELECT 1 FROM "
                   "\"rel_announcement_for_roles\" x JOIN \"role\" o ON o.\"id\" = x.\"target\" "
                   "WHERE x.\"id\" = a.\"id\" AND o.\"code\" IN ('-'"));
    for (int i = 0; me->roles && me->roles[i] && i < ROLES_MAX; i++) {
        sql_add(q, SQL(", "));
        sql_bind(q, db_of_text(me->roles[i]));
    }
    sql_add(q, SQL("))))"));
}

static void add_unacked(Ctx *c, Sql *q)
{
    sql_add(q, SQL(" AND NOT EXISTS (SELECT 1 FROM \"announcement_ack\" k WHERE "
                   "k.\"announcement_id\" = a.\"id\" AND k.\"user_id\" = "));
    sql_bind(q, db_of_int(c->actor->user));
    sql_add(q, SQL(")"));
}

bool announce_mine(Ctx *c, bool all, Buf *out)
{
    Sql q;
    Jw w;
    int mark = c->n_err;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT a.\"id\", a.\"title\", a.\"kind\", a.\"body\", a.\"need_ack\", "
                    "a.\"start_at\", a.\"end_at\", (SELECT k.\"at\" FROM \"announcement_ack\" k "
                    "WHERE k.\"announcement_id\" = a.\"id\" AND k.\"user_id\" = "));
    sql_bind(&q, db_of_int(c->actor->user));
    sql_add(&q, SQL(") FROM \"announcement\" a"));
    add_mine(c, &q);
    if (!all)
        add_unacked(c, &q);
    sql_add(&q, SQL(" ORDER BY a.\"id\" DESC LIMIT "));
    sql_number(&q, MINE_MAX);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    jw_list(&w, out);
    while (db_step(r)) {
        jw_obj(&w);
        jw_kint(&w, "id", db_int(r, 0));
        jw_kstr(&w, "title", db_text(r, 1));
        jw_kstr(&w, "kind", db_text(r, 2));
        jw_kstr(&w, "body", db_text(r, 3));
        jw_kbool(&w, "need_ack", db_int(r, 4) == 1);
        jw_kinstant(&w, "start_at", db_int(r, 5));
        jw_kinstant(&w, "end_at", db_int(r, 6));
        jw_kinstant(&w, "acked_at", db_int(r, 7));
        jw_end(&w);
    }
    db_done(r);
    jw_end(&w);
    jw_end(&w);
    return c->n_err == mark;
}

bool announce_told(Ctx *c, const ToldAsk *ask, bool *out)
{
    Sql q;
    int64_t one;
    *out = false;
    if (ask->ids && !ask->n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT 1 FROM \"announcement\" a"));
    add_mine(c, &q);
    add_unacked(c, &q);
    sql_add(&q, SQL(" AND a.\"id\" IN "));
    rec_told_ids(&q, ask);
    sql_add(&q, SQL(" LIMIT 1"));
    return db_one_int(c, sql_text(&q), q.params, q.n, &one, out);
}

static bool ack_in_write(Ctx *c, void *arg)
{
    const int64_t *id = arg;
    DbVal p[] = {db_of_int(id_new()), db_of_int(*id), db_of_int(c->actor->user),
                 db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("INSERT INTO \"announcement_ack\" (\"id\", \"announcement_id\", "
                       "\"user_id\", \"at\") VALUES ($1, $2, $3, $4) ON CONFLICT "
                       "(\"announcement_id\", \"user_id\") DO NOTHING"),
                   p, 4) &&
           notify_read_of(c, "announcement", *id) && db_change(c, "announcement_ack", *id);
}

bool announce_is_mine(Ctx *c, int64_t id, bool *out)
{
    Sql q;
    int64_t one;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT 1 FROM \"announcement\" a"));
    add_mine(c, &q);
    sql_add(&q, SQL(" AND a.\"id\" = "));
    sql_bind(&q, db_of_int(id));
    return db_one_int(c, sql_text(&q), q.params, q.n, &one, out);
}

bool announce_ack(Ctx *c, int64_t id)
{
    bool mine;
    if (!announce_is_mine(c, id, &mine))
        return false;
    if (!mine)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    return db_write(c, ack_in_write, &id);
}

/* ---- for the author --------------------------------------------------------------------------- */

/* FROM … of active people u an announcement a is for, with their receipt k. $1: the announcement. */
#define MEANT                                                                                      \
    " FROM \"announcement\" a JOIN \"user\" u ON u.\"status\" = 'active' AND u.\"deleted_at\" IS " \
    "NULL LEFT JOIN \"department\" d ON d.\"id\" = u.\"department_id\" LEFT JOIN "                 \
    "\"announcement_ack\" k ON k.\"announcement_id\" = a.\"id\" AND k.\"user_id\" = u.\"id\" "     \
    "WHERE a.\"id\" = $1 AND (a.\"audience\" = 'all' OR (a.\"audience\" = 'departments' AND "      \
    "EXISTS (SELECT 1 FROM \"rel_announcement_departments\" x JOIN \"department\" t ON t.\"id\" "  \
    "= x.\"target\" WHERE x.\"id\" = a.\"id\" AND substr(d.\"path\", 1, length(t.\"path\")) = "    \
    "t.\"path\")) OR (a.\"audience\" = 'roles' AND EXISTS (SELECT 1 FROM "                         \
    "\"rel_announcement_for_roles\" x JOIN \"rel_user_roles\" o ON o.\"target\" = x.\"target\" "   \
    "WHERE x.\"id\" = a.\"id\" AND o.\"id\" = u.\"id\")))"

static bool write_receipts(Ctx *c, DbVal *p, Jw *w)
{
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT u.\"id\", u.\"name\", d.\"name\", k.\"at\"" MEANT
                             " ORDER BY k.\"at\" DESC NULLS FIRST, u.\"id\" LIMIT $2"),
                         p, 2);
    if (!r)
        return false;
    jw_key(w, "data");
    jw_arr(w);
    while (db_step(r)) {
        jw_obj(w);
        jw_key(w, "user");
        jw_obj(w);
        jw_kint(w, "id", db_int(r, 0));
        jw_kstr(w, "label", db_text(r, 1));
        jw_end(w);
        jw_kstr(w, "department", db_text(r, 2));
        jw_kinstant(w, "at", db_int(r, 3));
        jw_end(w);
    }
    db_done(r);
    jw_end(w);
    return c->n_err == mark;
}

bool announce_receipts(Ctx *c, int64_t id, Buf *out)
{
    int64_t total, acked;
    DbVal p[] = {db_of_int(id), db_of_int(RECEIPTS_MAX)};
    if (!db_one_int(c, SQL("SELECT COUNT(*)" MEANT), p, 1, &total, NULL) ||
        !db_one_int(c, SQL("SELECT COUNT(k.\"at\")" MEANT), p, 1, &acked, NULL))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "total", total);
    jw_kint(&w, "acked", acked);
    if (!write_receipts(c, p, &w))
        return false;
    jw_end(&w);
    return true;
}

/* ---- telling ---------------------------------------------------------------------------------- */

/* One line: a notification is no place for paragraphs. */
static const char *one_line(Ctx *c, const char *body)
{
    char *s = arena_str(c->a, body ? body : "");
    for (char *p = s; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    return s;
}

bool announce_tell(Ctx *c, int64_t id, const char *title, const char *body)
{
    DbIds users = {0};
    DbVal p[] = {db_of_int(id)};
    Notice n = {0, "announcement", "announcement", id, one_line(c, body), NULL};
    return db_ids(c, db_query(c, SQL("SELECT u.\"id\"" MEANT " ORDER BY u.\"id\""), p, 1),
                  &users) &&
           notify_many(c, &n, title, users.items, (int)users.n);
}

typedef struct Starting {
    int64_t id;
    bool fresh; /* it was current already when it was saved: the save has told it live */
    const char *title, *body;
} Starting;

/* $1 now, $2 a day ago */
#define STARTS                                                                                     \
    "\"told_at\" IS NULL AND \"start_at\" <= $1 AND \"start_at\" > $2 AND (\"end_at\" IS NULL OR " \
    "\"end_at\" > $1) AND \"deleted_at\" IS NULL AND \"archived_at\" IS NULL"

static bool start_in_write(Ctx *c, void *arg)
{
    VEC(Starting) all = {0};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("UPDATE \"announcement\" SET \"told_at\" = $1 WHERE " STARTS
                             " RETURNING \"id\", CASE WHEN \"start_at\" <= \"updated_at\" "
                             "THEN 1 ELSE 0 END, \"title\", \"body\""),
                         arg, 2);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &all,
                 (Starting){db_int(r, 0), db_int(r, 1) == 1, arena_str(c->a, db_text(r, 2)),
                            arena_str(c->a, db_text(r, 3))});
    db_done(r);
    for (size_t i = 0; c->n_err == mark && i < all.n; i++) {
        const Starting *s = &all.items[i];
        if (!announce_tell(c, s->id, s->title, s->body) ||
            (!s->fresh && !db_change(c, "announcement", s->id)))
            return false;
    }
    return c->n_err == mark;
}

bool announce_start(Ctx *c)
{
    enum { DAY_MS = 86400000 };
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(c->now_ms - DAY_MS)};
    int64_t one;
    bool any;
    /* nearly always there is none: the writer is not asked */
    if (!db_one_int(c, SQL("SELECT 1 FROM \"announcement\" WHERE " STARTS " LIMIT 1"), p, 2, &one,
                    &any))
        return false;
    return !any || db_write(c, start_in_write, p);
}
