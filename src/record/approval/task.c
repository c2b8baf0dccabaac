/* The parts of people in a request: made, answered, told. See impl.h. */
#include <string.h>

#include "base/clock.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/notify.h"

enum { HOUR_MS = 3600000 };

bool approval_tell(Ctx *c, int64_t user, int64_t request, const char *title, const char *key)
{
    Notice n = {user, "approval", "change_request", request, title, NULL};
    return notify(c, &n, key);
}

bool approval_tasks(Ctx *c, int64_t request, const char *title, const char *kind, int step,
                    int hours, const int64_t *people, int n)
{
    const Entity *e = model_entity(c->model, "approval_task"),
                 *asked = model_entity(c->model, "change_request");
    SaveOptions o = rec_own(NULL);
    char due[25];
    clock_rfc3339(c->now_ms + (int64_t)hours * HOUR_MS, due);
    for (int i = 0; i < n; i++) {
        json_object *in = rec_input(c);
        int64_t id;
        json_object_object_add(in, "request", json_object_new_int64(request));
        json_object_object_add(in, "owner", json_object_new_int64(people[i]));
        json_object_object_add(in, "title", json_object_new_string(title));
        json_object_object_add(in, "kind", json_object_new_string(kind));
        json_object_object_add(in, "step", json_object_new_int(step));
        if (hours)
            json_object_object_add(in, "due_at", json_object_new_string(due));
        if (!rec_create(c, e, in, &o, &id) || !rec_let_read(c, asked, request, people[i]) ||
            !approval_tell(c, people[i], request, title,
                           strcmp(kind, "execute") == 0 ? "notify.approval_execute"
                                                        : "notify.approval_asked"))
            return false;
    }
    return true;
}

bool approval_task_of(Ctx *c, int64_t request, const char *kind, int64_t user, int64_t *out)
{
    DbVal p[] = {db_of_int(request), db_of_int(user), db_of_text(kind)};
    bool found;
    *out = 0;
    return db_one_int(c,
                      SQL("SELECT \"id\" FROM \"approval_task\" WHERE \"request_id\" = $1 AND "
                          "\"owner_id\" = $2 AND \"kind\" = $3 AND \"state\" = 'waiting' AND "
                          "\"deleted_at\" IS NULL LIMIT 1"),
                      p, 3, out, &found);
}

bool approval_task_end(Ctx *c, int64_t task, const char *state, const char *comment)
{
    const Entity *e = model_entity(c->model, "approval_task");
    const int fields[] = {APPROVAL_TASK_STATE, APPROVAL_TASK_COMMENT, APPROVAL_TASK_DONE_AT};
    const DbVal values[] = {db_of_text(state), db_of_text(comment), db_of_int(c->now_ms)};
    return rec_touch(c, e, task, fields, values, 3);
}

bool approval_tasks_void(Ctx *c, int64_t request)
{
    DbVal p[] = {db_of_int(request), db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("UPDATE \"approval_task\" SET \"state\" = 'void', \"done_at\" = $2 WHERE "
                       "\"request_id\" = $1 AND \"state\" = 'waiting'"),
                   p, 2) &&
           db_change(c, "approval_task", request);
}

bool approval_tasks_waiting(Ctx *c, int64_t request, int64_t *out)
{
    DbVal p[] = {db_of_int(request)};
    return db_one_int(c,
                      SQL("SELECT COUNT(*) FROM \"approval_task\" WHERE \"request_id\" = $1 AND "
                          "\"state\" = 'waiting'"),
                      p, 1, out, NULL);
}

/* ---- upkeep --------------------------------------------------------------------------------------- */

typedef struct Late {
    int64_t task, request, owner, manager;
    const char *title;
} Late;

enum { LATE_BLOCK = 50 };

static bool late_rows(Ctx *c, Late *out, int *n)
{
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(LATE_BLOCK)};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT t.\"id\", t.\"request_id\", t.\"owner_id\", u.\"manager_id\", "
                             "t.\"title\" FROM \"approval_task\" t JOIN \"user\" u ON u.\"id\" = "
                             "t.\"owner_id\" WHERE t.\"state\" = 'waiting' AND t.\"due_at\" <= $1 "
                             "AND coalesce(t.\"told_late\", 0) = 0 LIMIT $2"),
                         p, 2);
    *n = 0;
    if (!r)
        return false;
    while (db_step(r))
        if (*n < LATE_BLOCK)
            out[(*n)++] = (Late){db_int(r, 0), db_int(r, 1), db_int(r, 2), db_int(r, 3),
                                 db_text_copy(c->a, r, 4)};
    db_done(r);
    return c->n_err == mark;
}

/* The update is the claim: of two processes one tells. */
static bool late_in_write(Ctx *c, void *arg)
{
    Late rows[LATE_BLOCK];
    int n;
    (void)arg;
    if (!late_rows(c, rows, &n))
        return false;
    for (int i = 0; i < n; i++) {
        DbVal p[] = {db_of_int(rows[i].task)};
        if (!db_exec(c,
                     SQL("UPDATE \"approval_task\" SET \"told_late\" = 1 WHERE \"id\" = $1 AND "
                         "coalesce(\"told_late\", 0) = 0"),
                     p, 1))
            return false;
        if (db_changes(c) != 1)
            continue;
        if (!approval_tell(c, rows[i].owner, rows[i].request, rows[i].title,
                           "notify.approval_late") ||
            (rows[i].manager && !approval_tell(c, rows[i].manager, rows[i].request, rows[i].title,
                                               "notify.approval_late_manager")))
            return false;
    }
    return true;
}

typedef struct Left {
    int64_t task, request, owner, step, requester;
    const char *title, *kind;
} Left;

/* Whoever stands above the person who left, but never the requester: then somebody of the management. */
static bool successor(Ctx *c, const Left *l, int64_t *out)
{
    const ApprovalStep above = {.who = "manager"};
    int64_t people[APPROVAL_PEOPLE_MOST];
    int n;
    if (strcmp(l->kind, "execute") == 0)
        return approval_holders(c, "system_admin", l->requester, people, &n) &&
               (n > 0 || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody")) &&
               (*out = people[0], true);
    if (!approval_people(c, &above, l->owner, people, &n))
        return false;
    if (people[0] == l->requester &&
        (!approval_holders(c, "management", l->requester, people, &n) ||
         (!n && !approval_holders(c, "system_admin", l->requester, people, &n))))
        return false;
    *out = people[0];
    return n > 0 || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody");
}

static bool hand_on(Ctx *c, void *arg)
{
    const Left *l = arg;
    int64_t to;
    return approval_task_end(c, l->task, "handed_on", NULL) && successor(c, l, &to) &&
           approval_tasks(c, l->request, l->title, l->kind, (int)l->step, 0, &to, 1);
}

/* Tasks of people who are no longer there go on. */
static bool left_in_write(Ctx *c, void *arg)
{
    Left rows[LATE_BLOCK];
    int n = 0, mark = c->n_err;
    (void)arg;
    DbVal p[] = {db_of_int(LATE_BLOCK)};
    DbRows *r = db_query(c,
                         SQL("SELECT t.\"id\", t.\"request_id\", t.\"owner_id\", t.\"step\", "
                             "q.\"owner_id\", t.\"title\", t.\"kind\" FROM \"approval_task\" t "
                             "JOIN \"change_request\" q ON q.\"id\" = t.\"request_id\" JOIN "
                             "\"user\" u ON u.\"id\" = t.\"owner_id\" WHERE t.\"state\" = "
                             "'waiting' AND (u.\"status\" <> 'active' OR u.\"deleted_at\" IS NOT "
                             "NULL) LIMIT $1"),
                         p, 1);
    if (!r)
        return false;
    while (db_step(r))
        if (n < LATE_BLOCK)
            rows[n++] = (Left){db_int(r, 0),
                               db_int(r, 1),
                               db_int(r, 2),
                               db_int(r, 3),
                               db_int(r, 4),
                               db_text_copy(c->a, r, 5),
                               db_text_copy(c->a, r, 6)};
    db_done(r);
    for (int i = 0; i < n && c->n_err == mark; i++) {
        if (db_try(c, hand_on, &rows[i]))
            continue;
        if (err_status(c->err_last->code) >= 500)
            return false;
        ctx_errors_back_to(c, mark); /* nobody is left for this one; the others go on */
    }
    return c->n_err == mark;
}

bool approval_upkeep(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms)};
    int64_t one;
    bool late = false, left = false;
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"approval_task\" WHERE \"state\" = 'waiting' AND "
                        "\"due_at\" <= $1 AND coalesce(\"told_late\", 0) = 0 LIMIT 1"),
                    p, 1, &one, &late) ||
        !db_one_int(c,
                    SQL("SELECT 1 FROM \"approval_task\" t JOIN \"user\" u ON u.\"id\" = "
                        "t.\"owner_id\" WHERE t.\"state\" = 'waiting' AND (u.\"status\" <> "
                        "'active' OR u.\"deleted_at\" IS NOT NULL) LIMIT 1"),
                    NULL, 0, &one, &left))
        return false;
    return (!late || db_write(c, late_in_write, NULL)) &&
           (!left || db_write(c, left_in_write, NULL));
}
