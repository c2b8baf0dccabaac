/*
 * Telling people: announcements for their readers, how one wants to be told, and the links of mails. Writing
 * announcements, notifications, channels and deliveries are generic records.
 */
#include "auth/reset.h"
#include "auth/session.h"
#include "domain/upkeep/reset.h"
#include "http/api.h"
#include "http/door.h"
#include "record/announce.h"
#include "record/approval/link.h"
#include "record/notify_prefs.h"

bool api_my_announcements(Request *rq)
{
    int64_t all;
    return request_number(rq, "all", 0, 1, 0, &all) &&
           announce_mine(&rq->c, all == 1, &rq->out.body);
}

bool api_announcement_ack(Request *rq)
{
    if (!announce_ack(&rq->c, rq->id))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_me_notify(Request *rq)
{
    return notify_prefs_json(&rq->c, &rq->out.body);
}

bool api_me_notify_set(Request *rq)
{
    json_object *in;
    return request_json(rq, &in) && notify_prefs_set(&rq->c, in) && api_me_notify(rq);
}

/* ---- the link that sets a password ------------------------------------------------------------ */

/* The same for every login, known or not: taken on. */
bool api_reset_ask(Request *rq)
{
    static const JsonWant want[] = {{"login", json_type_string, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) ||
        !reset_ask(&rq->c, json_str(in, "login", ""), door_network(rq->c.a, rq->ip)))
        return false;
    rq->out.status = 202;
    buf_puts(&rq->out.body, "{\"ok\":true}");
    return true;
}

/* Guessing 128 bits is hopeless; the limit spares the work. */
static bool reset_try(Request *rq)
{
    enum { TRIES = 60, HOUR_MS = 3600000 };
    return rate_take(&rq->c, arena_printf(rq->c.a, "reset.try:%s", door_network(rq->c.a, rq->ip)),
                     TRIES, HOUR_MS, 1);
}

bool api_reset_look(Request *rq)
{
    static const JsonWant want[] = {{"token", json_type_string, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    const char *login, *kind;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) || !reset_try(rq) ||
        !reset_look(&rq->c, json_str(in, "token", ""), &login, &kind))
        return false;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "login", login);
    jw_kstr(&w, "kind", kind);
    jw_end(&w);
    return true;
}

bool api_reset_confirm(Request *rq)
{
    static const JsonWant want[] = {{"token", json_type_string, true},
                                    {"password", json_type_string, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) || !reset_try(rq) ||
        !reset_use(&rq->c, json_str(in, "token", ""), json_str(in, "password", "")))
        return false;
    respond_nothing(rq);
    return true;
}

/* ---- the link that answers a request ------------------------------------------------------------ */

/* Nobody guesses a signature; the limit spares the work. */
static bool link_try(Request *rq)
{
    enum { TRIES = 60, HOUR_MS = 3600000 };
    return rate_take(&rq->c,
                     arena_printf(rq->c.a, "approval.link:%s", door_network(rq->c.a, rq->ip)),
                     TRIES, HOUR_MS, 1);
}

/* Whose session the browser has does not matter: the link speaks for its person. */
static void as_nobody(Request *rq)
{
    Actor *nobody = ARENA_NEW(rq->c.a, Actor);
    nobody->ip = rq->ip;
    nobody->agent = request_agent(rq);
    rq->c.actor = nobody;
}

bool api_approval_link_look(Request *rq)
{
    static const JsonWant want[] = {{"token", json_type_string, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) || !link_try(rq))
        return false;
    as_nobody(rq);
    return approval_link_look(&rq->c, json_str(in, "token", ""), &rq->out.body);
}

bool api_approval_link_answer(Request *rq)
{
    static const JsonWant want[] = {{"token", json_type_string, true},
                                    {"answer", json_type_string, true},
                                    {"comment", json_type_string, false},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) || !link_try(rq))
        return false;
    as_nobody(rq);
    if (!approval_link_answer(&rq->c, json_str(in, "token", ""), json_str(in, "answer", ""),
                              json_str(in, "comment", NULL)))
        return false;
    respond_nothing(rq);
    return true;
}
