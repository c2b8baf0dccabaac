/*
 * Reminders of tasks: those whose moment has come (task.remind_at, else due_at less the setting
 * task.remind_before) and that nobody was told of. They are claimed and told in one transaction, so
 * that of several processes one does it, and a crash in between loses nothing. One statement claims
 * them all; what is more than a day late when the program comes up is not told any more.
 */
#include "base/clock.h"
#include "base/conf.h"
#include "base/vec.h"
#include "record/notify.h"

enum { BLOCK = 200, DAY_MS = 86400000 };

/* $1 now, $2 now and the setting, $3 a day ago */
#define DUE                                                                                        \
    "SELECT \"id\" FROM \"task\" WHERE \"reminded_at\" IS NULL AND \"remind_at\" IS NULL AND "     \
    "\"due_at\" <= $2 AND \"due_at\" > $3 AND \"deleted_at\" IS NULL AND \"status\" IN ('open', "  \
    "'doing', 'delayed') UNION ALL SELECT \"id\" FROM \"task\" WHERE \"reminded_at\" IS NULL AND " \
    "\"remind_at\" <= $1 AND \"remind_at\" > $3 AND \"deleted_at\" IS NULL AND \"status\" IN "     \
    "('open', 'doing', 'delayed')"

typedef struct DueTask {
    int64_t id, owner, due_at;
    const char *title, *zone;
} DueTask;

static bool claim(Ctx *c, const DbVal *p, int64_t *ids, int *n)
{
    int mark = c->n_err;
    DbVal v[] = {p[0], p[1], p[2], db_of_int(BLOCK)};
    DbRows *r = db_query(c,
                         SQL("UPDATE \"task\" SET \"reminded_at\" = $1 WHERE \"reminded_at\" IS "
                             "NULL AND \"id\" IN (" DUE " LIMIT $4) RETURNING \"id\""),
                         v, 4);
    *n = 0;
    if (!r)
        return false;
    while (db_step(r))
        if (*n < BLOCK)
            ids[(*n)++] = db_int(r, 0);
    db_done(r);
    return c->n_err == mark;
}

static bool tell(Ctx *c, const DueTask *t)
{
    if (!t->due_at) {
        Notice plain = {t->owner, "task_due", "task", t->id, t->title, NULL};
        return notify(c, &plain, "notify.task_remind");
    }
    ClockParts p =
        clock_parts(t->due_at, t->zone && *t->zone ? t->zone : conf_text("company.zone"));
    const char *when = arena_printf(c->a, "%02d-%02d %02d:%02d", p.month, p.day, p.hour, p.minute);
    Notice n = {t->owner, "task_due", "task", t->id, t->title, NULL};
    return notify(c, &n, t->due_at < c->now_ms ? "notify.task_late" : "notify.task_due", when);
}

static bool remind_in_write(Ctx *c, void *arg)
{
    const DbVal *p = arg;
    int64_t ids[BLOCK];
    VEC(DueTask) all = {0};
    Sql q;
    int n, mark = c->n_err;
    if (!claim(c, p, ids, &n) || n == 0)
        return c->n_err == mark;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t.\"id\", t.\"owner_id\", t.\"due_at\", t.\"title\", u.\"timezone\" "
                    "FROM \"task\" t JOIN \"user\" u ON u.\"id\" = t.\"owner_id\" WHERE "
                    "t.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &all,
                 (DueTask){db_int(r, 0), db_int(r, 1), db_int(r, 2), arena_str(c->a, db_text(r, 3)),
                           arena_str(c->a, db_text(r, 4))});
    db_done(r);
    for (size_t i = 0; i < all.n; i++)
        if (!tell(c, &all.items[i]))
            return false;
    return c->n_err == mark;
}

bool remind_tasks(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms),
                 db_of_int(c->now_ms + conf_duration_ms("task.remind_before")),
                 db_of_int(c->now_ms - DAY_MS)};
    int64_t one;
    bool any;
    /* nearly always there is none: the writer is not asked */
    if (!db_one_int(c, SQL("SELECT 1 FROM (" DUE ") AS d LIMIT 1"), p, 3, &one, &any))
        return false;
    return !any || db_write(c, remind_in_write, p);
}
