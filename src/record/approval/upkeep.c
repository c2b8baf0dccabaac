/*
 * What happens to waiting parts of people while time goes by: late ones are told once more, those of people who left go to
 * others, those of people on leave go to their deputies and come back. Each of several processes looks; what one moves, it
 * moves alone and only where it still waits. See approval.h.
 */
#include <string.h>

#include "base/msg.h"
#include "db/sql.h"
#include "record/approval/impl.h"

typedef struct Late {
    int64_t task, request, owner, manager;
    const char *title;
} Late;

enum { LATE_BLOCK = 50, BLOCK = 50, AWAY_MOST = 5000 };

static bool late_rows(Ctx *c, Late *out, int *n)
{
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(LATE_BLOCK)};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT t.\"id\", t.\"request_id\", t.\"owner_id\", u.\"manager_id\", "
                             "t.\"title\" FROM \"approval_task\" t JOIN \"user\" u ON u.\"id\" = "
                             "t.\"owner_id\" WHERE t.\"deleted_at\" IS NULL AND t.\"state\" = "
                             "'waiting' AND t.\"due_at\" <= $1 "
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

/* ---- people who are not there ------------------------------------------------------------------ */

typedef struct Seat {
    int64_t task, request, requester, owner, deputy_for, due;
    int step;
    bool left; /* the owner is no longer active */
    const char *title, *kind;
} Seat;

/* Waiting parts behind *after whose owner left, or who stands for somebody, or is on leave. */
static bool seats(Ctx *c, const ApprovalAways *away, int64_t *after, Seat *out, int *n)
{
    int64_t ids[AWAY_MOST];
    int n_ids = 0, mark = c->n_err;
    for (int i = 0; i < away->n && n_ids < AWAY_MOST; i++)
        ids[n_ids++] = away->all[i].user;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t.\"id\", t.\"request_id\", q.\"owner_id\", t.\"owner_id\", "
                    "coalesce(t.\"deputy_for_id\", 0), coalesce(t.\"due_at\", 0), t.\"step\", "
                    "t.\"title\", t.\"kind\", CASE WHEN u.\"status\" <> 'active' OR "
                    "u.\"deleted_at\" IS NOT NULL THEN 1 ELSE 0 END FROM \"approval_task\" t JOIN "
                    "\"change_request\" q ON q.\"id\" = t.\"request_id\" JOIN \"user\" u ON "
                    "u.\"id\" = t.\"owner_id\" WHERE t.\"deleted_at\" IS NULL AND t.\"state\" = "
                    "'waiting' AND t.\"id\" > "));
    sql_bind(&q, db_of_int(*after));
    sql_add(&q, SQL(" AND (u.\"status\" <> 'active' OR u.\"deleted_at\" IS NOT NULL OR "
                    "(t.\"kind\" = 'agree' AND (t.\"deputy_for_id\" IS NOT NULL OR "
                    "t.\"owner_id\" IN "));
    sql_bind_ids(&q, ids, n_ids);
    sql_add(&q, SQL("))) ORDER BY t.\"id\" LIMIT "));
    sql_number(&q, BLOCK);
    DbRows *r = sql_query(c, &q);
    *n = 0;
    if (!r)
        return false;
    while (*n < BLOCK && db_step(r))
        out[(*n)++] = (Seat){.task = db_int(r, 0),
                             .request = db_int(r, 1),
                             .requester = db_int(r, 2),
                             .owner = db_int(r, 3),
                             .deputy_for = db_int(r, 4),
                             .due = db_int(r, 5),
                             .step = (int)db_int(r, 6),
                             .title = db_text_copy(c->a, r, 7),
                             .kind = db_text_copy(c->a, r, 8),
                             .left = db_int(r, 9) == 1};
    db_done(r);
    if (*n)
        *after = out[*n - 1].task;
    return c->n_err == mark;
}

/* Where a part belongs today. *to = owner: where it is. */
static bool place_of(Ctx *c, const ApprovalAways *away, const Seat *s, int64_t *to)
{
    int64_t person = s->deputy_for ? s->deputy_for : s->owner;
    ApprovalPart part = {.request = s->request, .requester = s->requester, .step = s->step};
    bool here = true;
    *to = s->owner;
    if (strcmp(s->kind, "execute") == 0) { /* every administrator has one */
        int64_t people[APPROVAL_PEOPLE_MOST];
        int n;
        if (!approval_holders(c, "system_admin", s->requester, people, &n))
            return false;
        if (n == 0)
            return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody");
        *to = people[0];
        return true;
    }
    if (!approval_active(c, person, &here))
        return false;
    if (!here)
        return s->deputy_for && !s->left ? true : approval_heir(c, away, &part, person, to);
    return approval_seat(c, away, &part, person, to);
}

typedef struct Move {
    const ApprovalAways *away;
    const Seat *s;
} Move;

static bool move(Ctx *c, void *arg)
{
    const Move *m = arg;
    const Seat *s = m->s;
    int64_t person = s->deputy_for ? s->deputy_for : s->owner, to, still, there;
    if (!approval_alone(c, s->request) ||
        !approval_task_of(c, s->request, s->kind, s->owner, &still))
        return false;
    if (still != s->task)
        return true; /* answered, or moved by somebody else */
    if (!place_of(c, m->away, s, &to))
        return false;
    if (to == s->owner)
        return true;
    bool back = to == s->deputy_for;
    const char *why = msg_text(c->lang, s->left ? "approval.note_left"
                                        : back  ? "approval.note_back"
                                                : "approval.note_away");
    ApprovalPart part = {.request = s->request,
                         .requester = s->requester,
                         .title = s->title,
                         .kind = s->kind,
                         .step = s->step,
                         .due = s->due,
                         .key = back ? "notify.approval_back" : NULL};
    return approval_task_end(c, s->task, "handed_on", why) &&
           approval_task_of(c, s->request, s->kind, to, &there) &&
           (there ||
            approval_task_to(c, &part, to, back || strcmp(s->kind, "agree") != 0 ? 0 : person));
}

static bool move_all(Ctx *c)
{
    ApprovalAways away;
    Seat rows[BLOCK];
    int64_t after = 0;
    int n;
    if (!approval_aways(c, &away))
        return false;
    do {
        if (!seats(c, &away, &after, rows, &n))
            return false;
        for (int i = 0; i < n; i++) {
            int64_t to = 0;
            int mark = c->n_err;
            Move m = {&away, &rows[i]};
            bool ok =
                place_of(c, &away, &rows[i], &to) && (to == rows[i].owner || db_write(c, move, &m));
            if (!ok && (c->n_err == mark || err_status(c->err_last->code) >= 500))
                return false;
            ctx_errors_back_to(c, mark); /* nobody is left for this one; the others go on */
        }
    } while (n == BLOCK);
    return true;
}

bool approval_upkeep(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms)};
    int64_t one;
    bool late = false, any = false;
    /* each second: of the waiting ones alone, by their index, which is one of live rows */
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"approval_task\" WHERE \"deleted_at\" IS NULL AND "
                        "\"state\" = 'waiting' AND "
                        "\"due_at\" <= $1 AND coalesce(\"told_late\", 0) = 0 LIMIT 1"),
                    p, 1, &one, &late) ||
        !db_one_int(c,
                    SQL("SELECT 1 FROM \"approval_task\" WHERE \"deleted_at\" IS NULL AND "
                        "\"state\" = 'waiting' LIMIT 1"),
                    NULL, 0, &one, &any))
        return false;
    return (!any || move_all(c)) && (!late || db_write(c, late_in_write, NULL));
}
