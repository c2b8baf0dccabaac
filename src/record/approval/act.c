/*
 * What people do with a request. Each is one write that lets only one at a time past (db_alone): two who agree at the same
 * moment make one step, not two. See approval.h.
 */
#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/rate.h"
#include "base/clock.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/notify.h"

enum { REMIND_MS = 3600000, COMMENT_MOST = 1000 };

typedef struct Act {
    int64_t id, to;
    const char *name, *comment, *reason;
    Record r; /* read anew in the write */
    int64_t task;
    int64_t only_task, only_version; /* by a link from a mail: this one, in this state; else 0 */
} Act;

static const char *text_of(Ctx *c, const Record *r, int field)
{
    const DbVal *v = &r->v[field];
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : "";
}

static bool change(Ctx *c, Act *a, const char *state, int step, const char *result, bool over)
{
    const Entity *e = a->r.e;
    SaveOptions o = rec_own(NULL);
    json_object *in = rec_input(c);
    char now[25];
    clock_rfc3339(c->now_ms, now);
    json_object_object_add(in, "state", json_object_new_string(state));
    json_object_object_add(in, "step", json_object_new_int(step));
    if (result)
        json_object_object_add(in, "result", json_object_new_string(result));
    if (over)
        json_object_object_add(in, "finished_at", json_object_new_string(now));
    if (a->reason && *a->reason)
        json_object_object_add(in, "reason", json_object_new_string(a->reason));
    return rec_update(c, e, a->id, in, &o, NULL);
}

static int step_of(const Act *a)
{
    const DbVal *v = &a->r.v[CHANGE_REQUEST_STEP];
    return v->kind == DB_INT ? (int)v->i : 0;
}

static bool tell_requester(Ctx *c, const Act *a, const char *key)
{
    return approval_tell(c, a->r.v[STD_OWNER].i, a->id, text_of(c, &a->r, CHANGE_REQUEST_TITLE),
                         key);
}

static ApprovalPart part_of(Ctx *c, const Act *a, const char *kind, int step, int64_t due)
{
    return (ApprovalPart){.request = a->id,
                          .requester = a->r.v[STD_OWNER].i,
                          .title = text_of(c, &a->r, CHANGE_REQUEST_TITLE),
                          .kind = kind,
                          .step = step,
                          .due = due};
}

/* The tasks of a step, or of a resubmission. */
static bool ask(Ctx *c, Act *a, int step)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    int64_t people[APPROVAL_PEOPLE_MOST];
    int n, n_people;
    if (!approval_steps(c, text_of(c, &a->r, CHANGE_REQUEST_STEPS), true, steps, &n) || step >= n)
        return false;
    ApprovalPart part = part_of(c, a, "agree", step, approval_due(c, &steps[step]));
    return approval_people(c, &steps[step], a->r.v[STD_OWNER].i, people, &n_people) &&
           approval_tasks(c, &part, people, n_people, NULL);
}

static bool finish(Ctx *c, Act *a)
{
    const char *why;
    int64_t admins[APPROVAL_PEOPLE_MOST];
    int n;
    const DbVal *by_admin = &a->r.v[CHANGE_REQUEST_BY_ADMIN];
    bool hold = strcmp(a->name, "execute") != 0 && by_admin->kind == DB_INT && by_admin->i;
    if (hold) {
        ApprovalPart part = part_of(c, a, "execute", step_of(a) + 1, 0);
        return approval_holders(c, "system_admin", a->r.v[STD_OWNER].i, admins, &n) &&
               (n || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody")) &&
               change(c, a, "agreed", step_of(a), NULL, false) &&
               approval_tasks(c, &part, admins, n, NULL) &&
               tell_requester(c, a, "notify.approval_agreed");
    }
    if (!approval_carry_out(c, &a->r, &why))
        return false;
    return change(c, a, why ? "failed" : "done", step_of(a), why, true) &&
           tell_requester(c, a, why ? "notify.approval_failed" : "notify.approval_done");
}

static bool agree(Ctx *c, Act *a)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    int n, at = step_of(a);
    int64_t waiting;
    bool twice;
    if (!approval_agreed(c, a->id, at, c->actor->user, &twice))
        return false;
    if (twice) /* whatever way a second part came to him */
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.approval_twice");
    if (!approval_task_end(c, a->task, "agreed", a->comment) ||
        !approval_steps(c, text_of(c, &a->r, CHANGE_REQUEST_STEPS), true, steps, &n) ||
        !approval_tasks_waiting(c, a->id, &waiting))
        return false;
    if (at < n && steps[at].all && waiting > 0)
        return true; /* the others have not answered */
    if (!approval_tasks_void(c, a->id))
        return false;
    if (at + 1 < n)
        return change(c, a, "waiting", at + 1, NULL, false) && ask(c, a, at + 1);
    return finish(c, a);
}

static bool say_no(Ctx *c, Act *a, const char *task, const char *state, const char *key)
{
    return approval_task_end(c, a->task, task, a->comment) && approval_tasks_void(c, a->id) &&
           change(c, a, state, step_of(a), a->comment, strcmp(state, "refused") == 0) &&
           tell_requester(c, a, key);
}

/* To somebody else (delegate), or to one more (add). */
static bool pass_on(Ctx *c, Act *a)
{
    bool add = strcmp(a->name, "add") == 0;
    int64_t due;
    int made;
    bool agreed;
    if (a->to == a->r.v[STD_OWNER].i)
        return ctx_fail(c, ERR_INVALID, "to", "err.approval_self");
    if (!approval_agreed(c, a->id, step_of(a), a->to, &agreed))
        return false;
    if (agreed)
        return ctx_fail(c, ERR_CONFLICT, "to", "err.approval_there");
    if (!approval_task_due(c, a->task, &due) ||
        (!add && !approval_task_end(c, a->task, "handed_on", a->comment)))
        return false;
    ApprovalPart part = part_of(c, a, "agree", step_of(a), due);
    return approval_tasks(c, &part, &a->to, 1, &made) &&
           (made || ctx_fail(c, ERR_CONFLICT, "to", "err.approval_there"));
}

static bool remind(Ctx *c, Act *a)
{
    DbVal p[] = {db_of_int(a->id)};
    int64_t people[APPROVAL_PEOPLE_MOST];
    int n = 0, mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"owner_id\" FROM \"approval_task\" WHERE \"request_id\" = $1 "
                             "AND \"state\" = 'waiting' AND \"deleted_at\" IS NULL"),
                         p, 1);
    if (!r)
        return false;
    while (db_step(r))
        if (n < APPROVAL_PEOPLE_MOST)
            people[n++] = db_int(r, 0);
    db_done(r);
    for (int i = 0; i < n && c->n_err == mark; i++)
        if (!approval_tell(c, people[i], a->id, text_of(c, &a->r, CHANGE_REQUEST_TITLE),
                           "notify.approval_remind"))
            return false;
    return c->n_err == mark;
}

/* ---- who may what, when ---------------------------------------------------------------------- */

const ApprovalAct approval_rules[] = {
    {"agree", " waiting ", "agree"},      {"refuse", " waiting ", "agree"},
    {"send_back", " waiting ", "agree"},  {"delegate", " waiting ", "agree"},
    {"add", " waiting ", "agree"},        {"execute", " agreed ", "execute"},
    {"submit", " returned ", NULL},       {"withdraw", " waiting returned agreed ", NULL},
    {"remind", " waiting agreed ", NULL}, {NULL, NULL, NULL},
};

static const ApprovalAct *rule_of(const char *name)
{
    for (const ApprovalAct *r = approval_rules; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

static bool may(Ctx *c, Act *a, const ApprovalAct *rule)
{
    const char *state = text_of(c, &a->r, CHANGE_REQUEST_STATE);
    if (rule->task && strcmp(rule->task, "agree") == 0 && a->r.v[STD_OWNER].i == c->actor->user)
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.approval_self");
    if (rule->task) {
        if (!approval_task_of(c, a->id, rule->task, c->actor->user, &a->task))
            return false;
    } else if (a->r.v[STD_OWNER].i == c->actor->user) {
        a->task = -1;
    }
    if (!strstr(rule->states, arena_printf(c->a, " %s ", state)))
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_state");
    return a->task || ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

static bool submit(Ctx *c, Act *a)
{
    return change(c, a, "waiting", 0, NULL, false) && ask(c, a, 0);
}

/* No session stands behind it: the audit log says so. */
static bool by_mail(Ctx *c, const Act *a)
{
    AuditEntry e = {.action = "approval_mail",
                    .entity = "change_request",
                    .record = a->id,
                    .record_name = text_of(c, &a->r, CHANGE_REQUEST_NUMBER)};
    return audit_add(c, &e);
}

static bool act_in_write(Ctx *c, void *arg)
{
    Act *a = arg;
    const char *n = a->name;
    a->task = 0;
    if (!approval_alone(c, a->id))
        return false;
    if (!rec_load(c, model_entity(c->model, "change_request"), a->id, &a->r))
        return c->n_err ? false : ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!may(c, a, rule_of(n)))
        return false;
    if (a->only_task && (a->task != a->only_task || a->r.version != a->only_version))
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_state");
    if (a->only_task && !by_mail(c, a))
        return false;
    if (strcmp(n, "agree") == 0)
        return agree(c, a);
    if (strcmp(n, "refuse") == 0)
        return say_no(c, a, "refused", "refused", "notify.approval_refused");
    if (strcmp(n, "send_back") == 0)
        return say_no(c, a, "sent_back", "returned", "notify.approval_returned");
    if (strcmp(n, "delegate") == 0 || strcmp(n, "add") == 0)
        return pass_on(c, a);
    if (strcmp(n, "withdraw") == 0)
        return approval_tasks_void(c, a->id) && change(c, a, "withdrawn", step_of(a), NULL, true);
    if (strcmp(n, "submit") == 0)
        return submit(c, a);
    if (strcmp(n, "remind") == 0)
        return remind(c, a);
    return approval_task_end(c, a->task, "done", a->comment) && approval_tasks_void(c, a->id) &&
           finish(c, a);
}

static bool person(Ctx *c, json_object *in, int64_t *out)
{
    bool found = false;
    int64_t id = json_int(in, "to", 0);
    DbVal p[] = {db_of_int(id)};
    if (!id)
        return ctx_fail(c, ERR_REQUIRED, "to", "err.required");
    if (!db_one_int(
            c,
            SQL("SELECT \"id\" FROM \"user\" WHERE \"id\" = $1 AND \"status\" = 'active' AND "
                "\"deleted_at\" IS NULL"),
            p, 1, out, &found))
        return false;
    return found || ctx_fail(c, ERR_INVALID, "to", "err.approval_person");
}

static bool comment_fits(Ctx *c, const Act *a)
{
    bool no = strcmp(a->name, "refuse") == 0 || strcmp(a->name, "send_back") == 0;
    if (no && (!a->comment || !*a->comment))
        return ctx_fail(c, ERR_REQUIRED, "comment", "err.required");
    return !a->comment || utf8_count(a->comment) <= COMMENT_MOST ||
           ctx_fail(c, ERR_TOO_LONG, "comment", "err.too_long", ctx_num(c, COMMENT_MOST),
                    ctx_num(c, (int64_t)utf8_count(a->comment)));
}

bool approval_answer(Ctx *c, const Record *request, const char *answer, const char *comment,
                     int64_t task, int64_t version)
{
    Act a = {.id = request->id,
             .name = answer,
             .comment = comment,
             .only_task = task,
             .only_version = version};
    return comment_fits(c, &a) && db_write(c, act_in_write, &a);
}

bool approval_act(Ctx *c, const Record *request, const char *name, json_object *in, Buf *out,
                  bool *handled)
{
    Act a = {
        .id = request ? request->id : 0, .name = name, .comment = json_str(in, "comment", NULL)};
    bool looks = strcmp(name, "look") == 0;
    if (!request || (!looks && !rule_of(name)))
        return true; /* not one of these: the engine goes on */
    *handled = true;
    if (looks)
        return approval_look(c, request, out);
    if (!comment_fits(c, &a))
        return false;
    if (strcmp(name, "submit") == 0)
        a.reason = json_str(in, "reason", NULL);
    if ((strcmp(name, "delegate") == 0 || strcmp(name, "add") == 0) && !person(c, in, &a.to))
        return false;
    if (strcmp(name, "remind") == 0 &&
        !rate_take_here(c, arena_printf(c->a, "approval.remind:%" PRId64, a.id), 1, REMIND_MS))
        return false;
    if (!db_write(c, act_in_write, &a))
        return false;
    buf_puts(out, "{\"ok\":true}");
    return true;
}
