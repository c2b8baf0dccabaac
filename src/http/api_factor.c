/* The second factor: codes for a sign-in and a second verification, and one's own number. See docs/api.md. */
#include <string.h>

#include "auth/session.h"
#include "domain/upkeep/factor.h"
#include "http/api.h"
#include "http/door.h"

static const char *network(Request *rq)
{
    return door_network(rq->c.a, rq->ip);
}

/* A look at a step that is over is no mistake: nothing is under way. */
static bool look(Request *rq, Second *s)
{
    Ctx *c = &rq->c;
    int mark = c->n_err;
    if (second_find(c, s))
        return true;
    bool gone = err_status(c->err_last->code) == 401;
    if (gone)
        ctx_errors_back_to(c, mark);
    return gone;
}

static bool answer_sending(Request *rq, const Second *s)
{
    rq->out.status = 202;
    return factor_sending(&rq->c, s, &rq->out.body);
}

/* {ticket, method: "sms"}: a code; with look: only what became of the newest one. */
bool api_session_code(Request *rq)
{
    static const JsonWant want[] = {{"ticket", json_type_string, true},
                                    {"method", json_type_string, true},
                                    {"look", json_type_boolean, false},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want))
        return false;
    Second s = {.kind = "sign_in", .bound = json_str(in, "ticket", "")};
    const char *method = json_str(in, "method", "");
    if (strcmp(method, "sms") != 0)
        return ctx_fail(&rq->c, ERR_ENUM_UNKNOWN, "method", "err.enum.unknown", method, "sms");
    if (json_flag(in, "look", false))
        return look(rq, &s) && answer_sending(rq, &s);
    return second_find(&rq->c, &s) && factor_send(&rq->c, &s, network(rq)) &&
           answer_sending(rq, &s);
}

bool api_step_up_code(Request *rq)
{
    static const JsonWant want[] = {{"method", json_type_string, true},
                                    {"look", json_type_boolean, false},
                                    {NULL, json_type_null, false}};
    json_object *in;
    Factor f;
    Ctx *c = &rq->c;
    if (!request_json(rq, &in) || !json_want(c, in, want))
        return false;
    const char *method = json_str(in, "method", "");
    if (strcmp(method, "sms") != 0)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "method", "err.enum.unknown", method, "sms");
    if (!c->actor->session)
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.step_up_token");
    if (!factor_of(c, c->actor->user, &f))
        return false;
    Second s = {.kind = "step_up",
                .bound = ctx_num(c, c->actor->session),
                .user = c->actor->user,
                .mobile = f.mobile};
    return (json_flag(in, "look", false) || factor_send(c, &s, network(rq))) &&
           answer_sending(rq, &s);
}

bool api_factor(Request *rq)
{
    return factor_json(&rq->c, &rq->out.body);
}

bool api_factor_enrol(Request *rq)
{
    static const JsonWant want[] = {{"mobile", json_type_string, true},
                                    {"password", json_type_string, false},
                                    {"look", json_type_boolean, false},
                                    {NULL, json_type_null, false}};
    json_object *in;
    Ctx *c = &rq->c;
    if (!request_json(rq, &in) || !json_want(c, in, want))
        return false;
    Second s = {.kind = "enrol", .bound = ctx_num(c, c->actor->session), .user = c->actor->user};
    if (!json_flag(in, "look", false) &&
        !factor_enrol(c, json_str(in, "mobile", ""), json_str(in, "password", NULL), network(rq)))
        return false;
    return look(rq, &s) && answer_sending(rq, &s);
}

bool api_factor_confirm(Request *rq)
{
    static const JsonWant want[] = {{"code", json_type_string, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    return request_json(rq, &in) && json_want(&rq->c, in, want) &&
           factor_confirm(&rq->c, json_str(in, "code", ""), &rq->out.body);
}

bool api_factor_recovery(Request *rq)
{
    return factor_new_recovery(&rq->c, &rq->out.body);
}

bool api_factor_leave(Request *rq)
{
    if (!factor_leave(&rq->c))
        return false;
    respond_nothing(rq);
    return true;
}
