/* Who answers a step. See impl.h. */
#include <string.h>

#include "auth/role.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/vec.h"
#include "db/sql.h"
#include "record/approval/impl.h"

enum { HOURS_MOST = 24 * 365, DAYS_MOST = 250, UP_MOST = 20, HOUR_MS = 3600000 };

static const char *const whos[] = {"department_head", "manager", "role", "user", NULL};

static bool is_who(const char *word)
{
    for (int i = 0; word && whos[i]; i++)
        if (strcmp(whos[i], word) == 0)
            return true;
    return false;
}

static bool read_step(Ctx *c, json_object *o, bool kept, ApprovalStep *out)
{
    static const JsonWant want[] = {
        {"who", json_type_string, true}, {"role", json_type_string, false},
        {"user", json_type_int, false},  {"mode", json_type_string, false},
        {"hours", json_type_int, false}, {"days", json_type_int, false},
        {NULL, json_type_null, false}};
    if (!json_want(c, o, want))
        return false;
    const char *mode = json_str(o, "mode", "any");
    int64_t hours = json_int(o, "hours", 0), days = json_int(o, "days", 0), role = 0;
    *out = (ApprovalStep){.who = json_str(o, "who", NULL),
                          .role = json_str(o, "role", NULL),
                          .user = json_int(o, "user", 0),
                          .all = strcmp(mode, "all") == 0,
                          .hours = (int)hours,
                          .days = (int)days};
    if (!is_who(out->who))
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "steps", "err.enum.unknown", out->who ? out->who : "?",
                        "department_head, manager, role, user");
    if (!out->all && strcmp(mode, "any") != 0)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "steps", "err.enum.unknown", mode, "any, all");
    if (hours < 0 || hours > HOURS_MOST)
        return ctx_fail(c, ERR_RANGE, "steps", "err.approval_hours", ctx_num(c, HOURS_MOST));
    if (days < 0 || days > DAYS_MOST)
        return ctx_fail(c, ERR_RANGE, "steps", "err.approval_days", ctx_num(c, DAYS_MOST));
    if (days && hours)
        return ctx_fail(c, ERR_INVALID, "steps", "err.approval_limit");
    if (strcmp(out->who, "role") == 0 && !kept) {
        if (out->role && !role_find(c, out->role, &role))
            return false;
        if (!role)
            return ctx_fail(c, ERR_INVALID, "steps", "err.approval_role",
                            out->role ? out->role : "?");
    }
    if (strcmp(out->who, "user") == 0 && !out->user)
        return ctx_fail(c, ERR_REQUIRED, "steps", "err.approval_user");
    return true;
}

bool approval_steps(Ctx *c, const char *steps, bool kept, ApprovalStep *out, int *n)
{
    json_object *list;
    *n = 0;
    if (!json_read(c, steps, strlen(steps), &list))
        return false;
    size_t most = json_length(list);
    size_t limit = kept ? APPROVAL_STEPS_MOST : APPROVAL_FLOW_STEPS_MOST;
    if (most == 0 || most > limit)
        return ctx_fail(c, ERR_INVALID, "steps", "err.approval_steps", ctx_num(c, (int64_t)limit));
    for (size_t i = 0; i < most; i++)
        if (!read_step(c, json_object_array_get_idx(list, i), kept, &out[(*n)++]))
            return false;
    return true;
}

int64_t approval_due(const Ctx *c, const ApprovalStep *step)
{
    const char *zone = conf_text("company.zone");
    char day[11];
    if (step->hours)
        return c->now_ms + (int64_t)step->hours * HOUR_MS;
    if (!step->days)
        return 0;
    clock_day_of(c->now_ms, zone, day);
    int64_t at = clock_day_number(day);
    for (int left = step->days; left > 0;) {
        clock_day_text(++at, day);
        left -= cal_is_workday(NULL, day);
    }
    clock_day_text(at + 1, day);
    return clock_day_start(day, zone) - 1000;
}

/* ---- from words to people ------------------------------------------------------------------------ */

static bool take_ids(Ctx *c, DbRows *r, int64_t *out, int *n)
{
    int mark = c->n_err;
    if (!r)
        return false;
    while (db_step(r))
        if (*n < APPROVAL_PEOPLE_MOST)
            out[(*n)++] = db_int(r, 0);
    db_done(r);
    return c->n_err == mark;
}

bool approval_holders(Ctx *c, const char *role, int64_t but, int64_t *out, int *n)
{
    DbVal p[] = {db_of_text(role), db_of_int(but), db_of_int(APPROVAL_PEOPLE_MOST)};
    *n = 0;
    return take_ids(
        c,
        db_query(c,
                 SQL("SELECT u.\"id\" FROM \"user\" u JOIN \"rel_user_roles\" x ON "
                     "x.\"id\" = u.\"id\" JOIN \"role\" r ON r.\"id\" = x.\"target\" "
                     "WHERE r.\"code\" = $1 AND u.\"id\" <> $2 AND u.\"status\" = "
                     "'active' AND u.\"deleted_at\" IS NULL ORDER BY u.\"id\" LIMIT $3"),
                 p, 3),
        out, n);
}

static bool active(Ctx *c, int64_t user, int64_t *out, int *n)
{
    DbVal p[] = {db_of_int(user)};
    return take_ids(c,
                    db_query(c,
                             SQL("SELECT \"id\" FROM \"user\" WHERE \"id\" = $1 AND \"status\" = "
                                 "'active' AND \"deleted_at\" IS NULL"),
                             p, 1),
                    out, n);
}

bool approval_active(Ctx *c, int64_t user, bool *out)
{
    int64_t who[1];
    int n = 0;
    bool ok = active(c, user, who, &n);
    *out = n > 0;
    return ok;
}

bool approval_upwards(Ctx *c, int64_t person, bool heads, int64_t *out, int *n)
{
    SqlText first = heads ? SQL("SELECT \"department_id\", 0 FROM \"user\" WHERE \"id\" = $1")
                          : SQL("SELECT \"manager_id\", 0 FROM \"user\" WHERE \"id\" = $1"),
            next = heads ? SQL("SELECT \"parent_id\", \"manager_id\" FROM \"department\" WHERE "
                               "\"id\" = $1")
                         : SQL("SELECT \"manager_id\", \"id\" FROM \"user\" WHERE \"id\" = $1");
    int64_t at = person;
    *n = 0;
    for (int i = 0; i < UP_MOST && *n == 0 && at; i++) {
        DbVal p[] = {db_of_int(at)};
        int mark = c->n_err;
        DbRows *r = db_query(c, i == 0 ? first : next, p, 1);
        if (!r)
            return false;
        bool there = db_step(r);
        int64_t up = there ? db_int(r, 0) : 0, who = there ? db_int(r, 1) : 0;
        db_done(r);
        if (c->n_err != mark)
            return false;
        if (who && who != person && !active(c, who, out, n))
            return false;
        at = up;
    }
    return true;
}

bool approval_people(Ctx *c, const ApprovalStep *step, int64_t requester, int64_t *out, int *n)
{
    bool ok;
    *n = 0;
    if (strcmp(step->who, "role") == 0)
        ok = approval_holders(c, step->role, requester, out, n);
    else if (strcmp(step->who, "user") == 0)
        ok = step->user == requester || active(c, step->user, out, n);
    else
        ok = approval_upwards(c, requester, strcmp(step->who, "department_head") == 0, out, n);
    if (ok && *n == 0)
        ok = approval_holders(c, "management", requester, out, n);
    if (ok && *n == 0)
        ok = approval_holders(c, "system_admin", requester, out, n);
    return ok && (*n > 0 || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody"));
}
