/* The parts of people in a request: made, answered, told. See impl.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "db/sql.h"
#include "record/approval/impl.h"
#include "record/notify.h"

bool approval_tell(Ctx *c, int64_t user, int64_t request, const char *title, const char *key)
{
    Notice n = {user, "approval", "change_request", request, title, NULL};
    return notify(c, &n, key);
}

bool approval_alone(Ctx *c, int64_t request)
{
    return db_alone(c, arena_printf(c->a, "change_request:%" PRId64, request));
}

/* "… waits for you", or for whom else. */
static bool tell_asked(Ctx *c, const ApprovalPart *t, int64_t person, int64_t deputy_for)
{
    const char *key = t->key                            ? t->key
                      : strcmp(t->kind, "execute") == 0 ? "notify.approval_execute"
                                                        : "notify.approval_asked";
    const char *name = NULL;
    DbVal p[] = {db_of_int(deputy_for)};
    if (!deputy_for)
        return approval_tell(c, person, t->request, t->title, key);
    if (!db_one_text(c, SQL("SELECT \"name\" FROM \"user\" WHERE \"id\" = $1"), p, 1, &name, NULL))
        return false;
    Notice n = {person, "approval", "change_request", t->request, t->title, NULL};
    return notify(c, &n, "notify.approval_deputy", name ? name : "");
}

bool approval_task_to(Ctx *c, const ApprovalPart *t, int64_t person, int64_t deputy_for)
{
    const Entity *e = model_entity(c->model, "approval_task"),
                 *asked = model_entity(c->model, "change_request");
    SaveOptions o = rec_own(NULL);
    json_object *in = rec_input(c);
    int64_t id;
    json_object_object_add(in, "request", json_object_new_int64(t->request));
    json_object_object_add(in, "owner", json_object_new_int64(person));
    json_object_object_add(in, "title", json_object_new_string(t->title));
    json_object_object_add(in, "kind", json_object_new_string(t->kind));
    json_object_object_add(in, "step", json_object_new_int(t->step));
    if (deputy_for)
        json_object_object_add(in, "deputy_for", json_object_new_int64(deputy_for));
    if (t->due) {
        char due[25];
        clock_rfc3339(t->due, due);
        json_object_object_add(in, "due_at", json_object_new_string(due));
    }
    return rec_create(c, e, in, &o, &id) && rec_let_read(c, asked, t->request, person) &&
           tell_asked(c, t, person, deputy_for);
}

bool approval_tasks(Ctx *c, const ApprovalPart *t, const int64_t *people, int n, int *n_out)
{
    bool agrees = strcmp(t->kind, "agree") == 0;
    ApprovalAways away = {0};
    int made = 0;
    if (agrees && !approval_aways(c, &away))
        return false;
    /* those who are here first: a deputy who is asked himself answers for himself, and for nobody else where all must */
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < n; i++) {
            int64_t who = people[i], there;
            if (approval_is_away(&away, people[i]) != (round == 1))
                continue;
            if (agrees && !approval_seat(c, &away, t, people[i], &who))
                return false;
            if (!approval_task_of(c, t->request, t->kind, who, &there))
                return false;
            if (there)
                continue;
            if (!approval_task_to(c, t, who, who == people[i] ? 0 : people[i]))
                return false;
            made++;
        }
    if (n_out)
        *n_out = made;
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
    DbVal p[] = {db_of_int(task), db_of_text(state), db_of_text(comment), db_of_int(c->now_ms)};
    if (!db_exec(c,
                 SQL("UPDATE \"approval_task\" SET \"state\" = $2, \"comment\" = $3, \"done_at\" = "
                     "$4 WHERE \"id\" = $1 AND \"state\" = 'waiting'"),
                 p, 4))
        return false;
    if (db_changes(c) != 1)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_state");
    return db_change(c, "approval_task", task);
}

bool approval_task_due(Ctx *c, int64_t task, int64_t *out)
{
    DbVal p[] = {db_of_int(task)};
    *out = 0;
    return db_one_int(
        c, SQL("SELECT coalesce(\"due_at\", 0) FROM \"approval_task\" WHERE \"id\" = $1"), p, 1,
        out, NULL);
}

bool approval_tasks_void(Ctx *c, int64_t request)
{
    DbVal p[] = {db_of_int(request), db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("UPDATE \"approval_task\" SET \"state\" = 'void', \"done_at\" = $2 WHERE "
                       "\"request_id\" = $1 AND \"state\" = 'waiting' AND \"deleted_at\" IS NULL"),
                   p, 2) &&
           db_change(c, "approval_task", request);
}

bool approval_tasks_waiting(Ctx *c, int64_t request, int64_t *out)
{
    DbVal p[] = {db_of_int(request)};
    return db_one_int(c,
                      SQL("SELECT COUNT(*) FROM \"approval_task\" WHERE \"request_id\" = $1 AND "
                          "\"state\" = 'waiting' AND \"deleted_at\" IS NULL"),
                      p, 1, out, NULL);
}
